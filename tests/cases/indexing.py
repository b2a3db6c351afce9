"""Rows of the cards that read, add and assign by index."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrok as tg
from tests.cases.base import Array, case, draw

KEYS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("integer", 1, (3, 2)),
    ("negative integer", (-1, 0), (3, 2)),
    ("slice", slice(1, None), (3, 2)),
    ("negative step", (slice(None, None, -2), slice(None)), (3, 2)),
    ("new axis", (None, slice(None), None, 0), (3, 2)),
    ("ellipsis", (..., 1), (2, 3, 2)),
    ("empty slice", slice(2, 2), (3, 2)),
    ("integer array", np.array([2, 0]), (3, 2)),
    ("repeated", np.array([[1, 1], [1, 0]]), (3, 2)),
    ("list", [0, 0, 2], (3, 2)),
    ("two arrays", (np.array([0, 2, 2]), np.array([1, 1, 1])), (3, 2)),
    ("array and slice", (np.array([1, 1]), slice(None), np.array([0, 1])), (2, 3, 2)),
    ("ellipsis of no axis between", (slice(None), np.array([1, 0]), ..., 1), (2, 2, 2)),
    ("array beside a slice of one", (np.array([0, 1]), slice(1, 2)), (2, 3)),
    ("mask", np.array([True, False, True]), (3, 2)),
    ("mask of all axes", np.array([[True, False], [False, False], [True, True]]), (3, 2)),
    ("mask of nothing", np.array([False, False, False]), (3, 2)),
    ("empty array", [], (3, 2)),
    ("0-d", (), ()),
    ("size-0", slice(None), (0, 2)),
    ("array and size-0", (slice(None), np.array([1, 1])), (0, 2)),
)


def has_arrays(key: Any) -> bool:
    """Whether there is an array among the parts of an index."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(part, list | np.ndarray) for part in parts)


def set_oracle(table: Array, values: Array, key: Any) -> Array:
    result = table.copy()
    result[key] = values
    return result


def add_oracle(table: Array, values: Array, key: Any) -> Array:
    """Place by place, so that repeated places add up."""
    result = table.copy().ravel()
    places = np.arange(table.size).reshape(table.shape)[key]
    spread = np.broadcast_to(values, places.shape)
    for place, value in zip(np.ravel(places), np.ravel(spread), strict=True):
        result[place] += value
    return result.reshape(table.shape)


for _note, _key, _shape in KEYS:
    _x = draw(_shape, 0)
    _v = draw(_x[_key].shape, 1)
    _card = "getitem_at" if has_arrays(_key) else "getitem_slice"
    case(_card, lambda x, k=_key: x[k], [_x], lambda x, k=_key: x[k], _note)
    case("scatter_set_at", lambda x, v, k=_key: tg.scatter_set(x, k, v), [_x, _v],
         lambda x, v, k=_key: set_oracle(x, v, k), _note)  # fmt: skip
    case("scatter_add_at", lambda x, v, k=_key: tg.scatter_add(x, k, v), [_x, _v],
         lambda x, v, k=_key: add_oracle(x, v, k), _note)  # fmt: skip
for _shape in ((), (1, 2), (2,)):
    case("scatter_set_at", lambda x, v: tg.scatter_set(x, slice(1, None), v),
         [draw((3, 2), 0), draw(_shape, 1)],
         lambda x, v: set_oracle(x, v, slice(1, None)), "broadcast values")  # fmt: skip
    case("scatter_add_at", lambda x, v: tg.scatter_add(x, [1, 1, 2], v),
         [draw((3, 2), 0), draw(_shape, 1)],
         lambda x, v: add_oracle(x, v, np.array([1, 1, 2])), "broadcast values")  # fmt: skip
case("scatter_set_at", lambda x, v: tg.scatter_set(x, 0, v), [draw((3, 2), 0), draw((1, 1, 2), 1)],
     lambda x, v: set_oracle(x, v, 0), "spare leading axes")  # fmt: skip
case("scatter_add_at", lambda x, v: tg.scatter_add(x, [[0, 0], [1, 1]], v),
     [draw((2,), 0), draw((2,), 1)], lambda x, v: add_oracle(x, v, np.array([[0, 0], [1, 1]])),
     "broadcast to 2-d places")  # fmt: skip
case("getitem_slice", lambda x: x[1:], [draw((4, 3), 0).T], lambda x: x[1:], "non-contiguous")
for _value in (0.7, 2, [0.1, 0.7]):
    case("scatter_set_at", lambda x, v=_value: tg.scatter_set(x, [1, 2], v), [draw((3,), 0)],
         lambda x, v=_value: set_oracle(x, np.asarray(v), [1, 2]), "numbers", True)  # fmt: skip
    case("scatter_add_at", lambda x, v=_value: tg.scatter_add(x, [1, 2], v), [draw((3,), 0)],
         lambda x, v=_value: add_oracle(x, np.asarray(v), [1, 2]), "numbers", True)  # fmt: skip
