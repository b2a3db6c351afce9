"""Rows of the cards that give the same elements another shape or order."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrok as tg
from tests.cases.base import case, draw

case("reshape", lambda x: tg.reshape(x, (3, -1)), [draw((2, 3), 0)], lambda x: x.reshape(3, 2))
case("reshape", lambda x: x.reshape(6), [draw((3, 2), 0).T], lambda x: x.reshape(6),
     "non-contiguous")  # fmt: skip
case("reshape", lambda x: x.reshape(()), [draw((1, 1), 0)], lambda x: x.reshape(()), "to 0-d")
case("reshape", lambda x: x.reshape(3, 0), [np.zeros((0, 2))], lambda x: np.zeros((3, 0)), "size-0")
case("reshape", lambda x: x.reshape(4), [draw((2, 2), 0, "complex")], lambda x: x.reshape(4),
     "complex")  # fmt: skip
case("permute_dims", lambda x: tg.permute_dims(x, (2, 0, 1)), [draw((2, 3, 4), 0)],
     lambda x: x.transpose(2, 0, 1))  # fmt: skip
case("permute_dims", lambda x: tg.permute_dims(x, (-1, 0)), [draw((2, 3), 0)],
     lambda x: x.T, "negative axes")  # fmt: skip
case("permute_dims", lambda x: x.T, [draw((2, 3), 0)], lambda x: x.T, "transposed")
case("permute_dims", lambda x: x.T, [draw((), 0)], lambda x: x, "0-d")
case("permute_dims", lambda x: tg.permute_dims(x, (1, 2, 0)), [draw((2, 0, 3), 0)],
     lambda x: x.transpose(1, 2, 0), "size-0")  # fmt: skip
case("broadcast_to", lambda x: tg.broadcast_to(x, (4, 2, 3)), [draw((2, 1), 0)],
     lambda x: np.broadcast_to(x, (4, 2, 3)))  # fmt: skip
case("broadcast_to", lambda x: tg.broadcast_to(x, (2, 2)), [draw((), 0)],
     lambda x: np.full((2, 2), x), "0-d")  # fmt: skip
case("broadcast_to", lambda x: tg.broadcast_to(x, (0, 3)), [draw((1, 3), 0)],
     lambda x: np.zeros((0, 3)), "to size-0")  # fmt: skip

# Reversed and rolled

FLIPS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("all axes", None, (2, 3)),
    ("one axis", 1, (2, 3)),
    ("negative axis", -2, (2, 3)),
    ("two axes", (0, -1), (2, 2, 3)),
    ("no axis", (), (2, 3)),
    ("0-d", None, ()),
    ("size-0", 0, (0, 2)),
    ("size-1", 0, (1, 2)),
)
for _note, _axis, _shape in FLIPS:
    case("flip", lambda x, a=_axis: tg.flip(x, a), [draw(_shape, 0)],
         lambda x, a=_axis: np.flip(x, a), _note, exact=True)  # fmt: skip
case("flip", lambda x: tg.flip(x, [0]), [draw((3, 2), 0).T], lambda x: x[::-1], "non-contiguous")
case("flip", tg.flip, [draw((3,), 0, "complex")], lambda x: x[::-1], "complex")
case("flip", tg.flip, [draw((3,), 0, "bool")], lambda x: x[::-1], "bool")

ROLLS: tuple[tuple[str, Any, Any, tuple[int, ...]], ...] = (
    ("all elements", 2, None, (2, 3)),
    ("backwards", -1, 1, (2, 3)),
    ("farther than the axis", 8, -1, (2, 3)),
    ("two axes", (1, -1), (0, 1), (2, 3)),
    ("one shift for two axes", 1, (0, -1), (2, 3)),
    ("an axis twice", (1, 1), (1, 1), (2, 3)),
    ("by nothing", 0, 0, (2, 3)),
    ("0-d", 1, None, ()),
    ("size-0", 1, 0, (0, 2)),
    ("size-1", 1, 0, (1, 2)),
)
for _note, _shift, _axis, _shape in ROLLS:
    case("roll", lambda x, s=_shift, a=_axis: tg.roll(x, s, a), [draw(_shape, 0)],
         lambda x, s=_shift, a=_axis: np.roll(x, s, a), _note, exact=True)  # fmt: skip
case("roll", lambda x: tg.roll(x, 1), [draw((3, 2), 0).T], lambda x: np.roll(x, 1),
     "non-contiguous")  # fmt: skip
case("roll", lambda x: tg.roll(x, 1), [draw((3,), 0, "complex")], lambda x: x[[2, 0, 1]], "complex")
case("roll", lambda x: tg.roll(x, 1), [draw((3,), 0, "integer")], lambda x: x[[2, 0, 1]], "integer")
