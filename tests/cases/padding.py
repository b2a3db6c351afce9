"""Rows of the card that pads."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrok as tg
from tests.cases.base import case, draw

WIDTHS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("all sides", 1, (2, 3)),
    ("before and after", (1, 2), (3, 4)),
    ("each axis", ((0, 2), (1, 0)), (3, 2)),
    ("one axis of three", ((0, 0), (2, 1), (0, 0)), (2, 3, 1)),
    ("wider than the axis", ((3, 5),), (3,)),
    ("much wider than the axis", (7, 12), (2,)),
    ("size-1", (2, 3), (1,)),
    ("no margin", 0, (2, 3)),
    ("0-d", 1, ()),
    ("size-0 beside it", ((0, 0), (1, 1)), (0, 2)),
)
for _note, _width, _shape in WIDTHS:
    for _mode in ("constant", "edge", "reflect", "wrap"):
        case("pad", lambda x, w=_width, m=_mode: tg.pad(x, w, m), [draw(_shape, 0)],
             lambda x, w=_width, m=_mode: np.pad(x, w, m), f"{_mode}: {_note}",
             exact=True)  # fmt: skip
for _mode in ("edge", "reflect", "wrap"):
    case("pad", lambda x, m=_mode: tg.pad(x, 2, m), [draw((4, 3), 0).T[:, ::-1]],
         lambda x, m=_mode: np.pad(x, 2, m), f"{_mode}: non-contiguous", exact=True)  # fmt: skip
    case("pad", lambda x, m=_mode: tg.pad(x, 2, m), [draw((3,), 0, "complex")],
         lambda x, m=_mode: np.pad(x, 2, m), f"{_mode}: complex", exact=True)  # fmt: skip
case("pad", lambda x: tg.pad(x, ((1, 2), (0, 3)), constant_value=-1.5), [draw((2, 2), 0)],
     lambda x: np.pad(x, ((1, 2), (0, 3)), constant_values=-1.5), "another number")  # fmt: skip
case("pad", lambda x: tg.pad(x, 1, constant_value=1j), [draw((2,), 0, "complex")],
     lambda x: np.pad(x, 1, constant_values=1j), "complex number")  # fmt: skip
case("pad", lambda x: tg.pad(x, 1), [draw((0, 2), 0)], lambda x: np.zeros((2, 4)), "size-0")
case("pad", lambda x: tg.pad(x, 1, constant_value=7.0), [draw((2,), 0, "integer")],
     lambda x: np.array([7, x[0], x[1], 7]), "integer")  # fmt: skip
case("pad", lambda x: tg.pad(x, 1, constant_value=True), [draw((2,), 0, "bool")],
     lambda x: np.array([True, x[0], x[1], True]), "bool")  # fmt: skip
