"""Rows of the cards that join, cut and repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrok as tg
from tests.cases.base import case, draw

# Several made one

case("concat", lambda a, b: tg.concat([a, b]), [draw((2, 3), 0), draw((1, 3), 1)],
     lambda a, b: np.concatenate([a, b]))  # fmt: skip
case("concat", lambda a, b, c: tg.concat((a, b, c), axis=-1),
     [draw((2, 1), 0), draw((2, 0), 1), draw((4, 2), 2)[::2]],
     lambda a, b, c: np.concatenate([a, b, c], axis=1), "three, one empty")  # fmt: skip
case("concat", lambda a: tg.concat([a, a]), [draw((2,), 0)], lambda a: np.concatenate([a, a]),
     "the same twice")  # fmt: skip
case("concat", lambda a, b: tg.concat([a, b]), [draw((2,), 0), draw((1,), 1, "complex")],
     lambda a, b: np.concatenate([a, b]), "real and complex")  # fmt: skip
for _axis in (0, 1, -1, -3):
    case("stack", lambda a, b, c, i=_axis: tg.stack([a, b, c], axis=i),
         [draw((2, 3), 0), draw((3, 2), 1).T, draw((2, 3), 2)],
         lambda a, b, c, i=_axis: np.stack([a, b, c], axis=i), f"axis {_axis}")  # fmt: skip
case("stack", lambda a: tg.stack([a, a, 1]), [draw((), 0)], lambda a: np.array([a, a, 1.0]),
     "numbers")  # fmt: skip
case("stack", lambda a: tg.stack([a], axis=1), [draw((2,), 0)], lambda a: a[:, None], "one")
case("stack", lambda a, b: tg.stack([a, b], 1), [draw((0, 2), 0), draw((0, 2), 1)],
     lambda a, b: np.stack([a, b], 1), "size-0")  # fmt: skip
case("stack", lambda a, b: tg.stack([a, b]), [draw((2,), 0), draw((2,), 1, "complex")],
     lambda a, b: np.stack([a, b]), "real and complex")  # fmt: skip
case("stack", lambda a, b: tg.stack([a, b]), [draw((2,), 0), np.array([1, 2])],
     lambda a, b: np.stack([a, b]), "real and integer")  # fmt: skip

# One made several

case("split_parts", lambda x: tg.split(x, 2, axis=1), [draw((2, 4), 0)],
     lambda x: (x[:, :2], x[:, 2:]), "equal parts")  # fmt: skip
case("split_parts", lambda x: tg.split(x, (1, 0, 2), axis=-1), [draw((2, 3), 0)],
     lambda x: (x[:, :1], x[:, 1:1], x[:, 1:]), "given parts")  # fmt: skip
case("split_parts", lambda x: tg.split(x, 3)[1], [draw((3, 2), 0)], lambda x: x[1:2],
     "one part used")  # fmt: skip
case("unstack_parts", tg.unstack, [draw((3, 2), 0)], lambda x: (x[0], x[1], x[2]))
case("unstack_parts", lambda x: tg.unstack(x, -1), [draw((4, 2), 0)[::2]],
     lambda x: (x[:, 0], x[:, 1]), "negative axis")  # fmt: skip
case("unstack_parts", lambda x: tg.unstack(x)[1], [draw((3,), 0)], lambda x: x[1], "one part used")
case("unstack_parts", lambda x: tg.unstack(x, 1), [draw((0, 2), 0)],
     lambda x: (x[:, 0], x[:, 1]), "parts of size-0")  # fmt: skip
case("unstack_parts", lambda x: tg.unstack(x), [draw((2,), 0, "complex")],
     lambda x: (x[0], x[1]), "complex")  # fmt: skip

# One repeated

TILES: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("an integer", 2, (2, 3)),
    ("each axis", (2, 3), (1, 2)),
    ("new axes", (2, 1, 2), (3,)),
    ("fewer than axes", (2,), (2, 1, 2)),
    ("no times", (0, 2), (2, 3)),
    ("nothing", (), (2,)),
    ("0-d", (2, 2), ()),
    ("size-0", (2, 2), (0, 2)),
)
for _note, _counts, _shape in TILES:
    case("tile", lambda x, c=_counts: tg.tile(x, c), [draw(_shape, 0)],
         lambda x, c=_counts: np.tile(x, c), _note)  # fmt: skip
case("tile", lambda x: tg.tile(x, 2), [draw((3, 2), 0).T], lambda x: np.tile(x, 2),
     "non-contiguous")  # fmt: skip
case("tile", lambda x: tg.tile(x, 2), [draw((2,), 0, "complex")], lambda x: x[[0, 1, 0, 1]],
     "complex")  # fmt: skip
REPEATS: tuple[tuple[str, Any, Any, tuple[int, ...]], ...] = (
    ("all elements", 2, None, (2, 3)),
    ("first axis", 3, 0, (2, 3)),
    ("negative axis", 2, -1, (2, 3)),
    ("no times", 0, 1, (2, 3)),
    ("once", 1, 1, (2, 3)),
    ("0-d", 2, None, ()),
    ("size-0", 2, 0, (0, 2)),
)
for _note, _count, _axis, _shape in REPEATS:
    case("repeat_each", lambda x, c=_count, a=_axis: tg.repeat(x, c, a), [draw(_shape, 0)],
         lambda x, c=_count, a=_axis: np.repeat(x, c, a), _note)  # fmt: skip
case("repeat_each", lambda x: tg.repeat(x, 2, 0), [draw((3, 2), 0).T],
     lambda x: np.repeat(x, 2, 0), "non-contiguous")  # fmt: skip
case("take", lambda x: tg.repeat(x, (2, 0, 1), -1), [draw((2, 3), 0)],
     lambda x: np.repeat(x, (2, 0, 1), -1), "repeat by places")  # fmt: skip
case("take", lambda x: tg.repeat(x, np.array([2, 0, 1, 1])), [draw((2, 2), 0)],
     lambda x: np.repeat(x, (2, 0, 1, 1)), "repeat by places of all axes")  # fmt: skip
case("take", lambda x: tg.repeat(x, ()), [draw((0,), 0)], lambda x: x, "repeat by no places")
