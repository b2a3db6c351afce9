"""Rows of the sorts."""

from __future__ import annotations

import numpy as np

import tensorgrok as tg
from tests.cases.base import Array, case, draw


def order(x: Array, axis: int = -1, descending: bool = False) -> Array:
    """Row by row, by Python's stable sort."""

    def of(row: Array) -> Array:
        values = row.tolist()
        return np.array(sorted(range(len(row)), key=values.__getitem__, reverse=descending))

    return np.apply_along_axis(of, axis, x)


def in_order(x: Array, axis: int = -1, descending: bool = False) -> Array:
    return np.take_along_axis(x, order(x, axis, descending), axis)


INPUTS: tuple[tuple[str, Array, int], ...] = (
    ("plain", draw((7,), 1), -1),
    ("rows", draw((2, 4), 2), -1),
    ("columns", draw((4, 2), 3), 0),
    ("middle axis", draw((2, 4, 3), 4), -2),
    ("non-contiguous", draw((5, 3), 5).T[:, ::2], 1),
    ("size-1", draw((1, 1), 1), 0),
    ("unsigned integers", np.array([3, 255, 0, 3], dtype=np.uint8), 0),
    ("integers", np.array([[3, -128, 0, 3]], dtype=np.int8), 1),
    ("booleans", np.array([True, False, True, False]), 0),
)
for _descending in (False, True):
    _end = ", falling" if _descending else ""
    for _note, _x, _axis in INPUTS:
        case("sort", lambda x, a=_axis, d=_descending: tg.sort(x, a, descending=d), [_x],
             lambda x, a=_axis, d=_descending: in_order(x, a, d), _note + _end, True)  # fmt: skip
        case("argsort", lambda x, a=_axis, d=_descending: tg.argsort(x, a, descending=d), [_x],
             lambda x, a=_axis, d=_descending: order(x, a, d), _note + _end, True)  # fmt: skip
    for _shape, _axis in (((0,), 0), ((0, 2), 1), ((2, 0), -1)):
        case("sort", lambda x, a=_axis, d=_descending: tg.sort(x, a, descending=d),
             [np.zeros(_shape)], lambda x: x, "size-0" + _end)  # fmt: skip
        case("argsort", lambda x, a=_axis, d=_descending: tg.argsort(x, a, descending=d),
             [np.zeros(_shape)], lambda x: x.astype(int), "size-0" + _end)  # fmt: skip
case("sort", lambda x: tg.topk(x, 2, axis=0)[0], [draw((4, 2), 6)],
     lambda x: in_order(x, 0, True)[:2], "values of topk")  # fmt: skip
for _note, _x, _axis in INPUTS:
    case("topk_indices", lambda x, a=_axis: tg.topk(x, 1, axis=a)[1], [_x],
         lambda x, a=_axis: np.take(order(x, a, True), [0], axis=a), _note)  # fmt: skip
case("topk_indices", lambda x: tg.topk(x, 0)[1], [draw((2, 3), 1)],
     lambda x: np.zeros((2, 0), dtype=int), "none")  # fmt: skip
