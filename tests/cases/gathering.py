"""Rows of the cards that pick elements by an array of indices along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrok as tg
from tests.cases.base import case, draw

TAKES: tuple[tuple[str, Any, Any, tuple[int, ...]], ...] = (
    ("rows", np.array([2, 0]), 0, (3, 2)),
    ("repeated and negative", np.array([1, -1, 1, 0, 1]), 0, (3, 2)),
    ("columns", np.array([1, 1, 0]), -1, (3, 2)),
    ("indices of two axes", np.array([[0, 2], [2, 2]]), 1, (2, 3, 2)),
    ("row-major", np.array([[0, 5], [-1, 5]]), None, (3, 2)),
    ("0-d index", np.array(1), 1, (3, 2)),
    ("number", -1, 0, (3, 2)),
    ("number, row-major", 3, None, (3, 2)),
    ("list", [0, 0], 0, (3, 2)),
    ("0-d", np.array([0, 0]), None, ()),
    ("size-0", np.array([1]), 1, (0, 2)),
    ("size-1", np.array([0, 0]), 0, (1,)),
    ("no indices", np.zeros((0,), int), 0, (3, 2)),
    ("small integers", np.array([2, -1], np.int8), 0, (3, 2)),
    ("unsigned", np.array([2, 1], np.uint64), 0, (3, 2)),
)
for _note, _indices, _axis, _shape in TAKES:
    case("take", lambda x, i=_indices, a=_axis: tg.take(x, i, a), [draw(_shape, 0)],
         lambda x, i=_indices, a=_axis: np.take(x, i, a), _note, exact=True)  # fmt: skip
case("take", lambda x, i: tg.take(x, i, axis=0), [draw((2, 4), 0).T, np.array([1, 1, 3])],
     lambda x, i: x[i], "non-contiguous")  # fmt: skip
case("take", lambda x, i: tg.take(x, i), [draw((4,), 0, "complex"), np.array([1, 1, 3])],
     lambda x, i: x[i], "complex")  # fmt: skip
case("take", lambda x, i: tg.take(x, i), [draw((4,), 0, "bool"), np.array([1, 1, 3])],
     lambda x, i: x[i], "bool")  # fmt: skip

ALONG: tuple[tuple[str, Any, int, tuple[int, ...]], ...] = (
    ("one of each row", [[2], [0]], -1, (2, 3)),
    ("repeated and negative", [[1, -2, 1, 0], [-1, -1, 2, 0]], 1, (2, 3)),
    ("columns", [[1, 0, 1]], 0, (2, 3)),
    ("middle axis", [[[1, 0], [1, 1], [0, 0]]], 1, (1, 2, 2)),
    ("indices broadcast", [[[1], [0]]], -2, (3, 2, 4)),
    ("tensor broadcasts", [[1], [0], [1]], 1, (1, 2)),
    ("1-d", [2, 2, 0], 0, (3,)),
    ("size-1", [0, 0], 0, (1,)),
)
for _note, _along, _place, _shape in ALONG:
    case("take_along_axis", lambda x, i, a=_place: tg.take_along_axis(x, i, a),
         [draw(_shape, 0), np.array(_along)],
         lambda x, i, a=_place: np.take_along_axis(x, i, a), _note, exact=True)  # fmt: skip
case("take_along_axis", tg.take_along_axis, [draw((0, 2), 0), np.zeros((0, 1), int)],
     lambda x, i: np.zeros((0, 1)), "size-0")  # fmt: skip
case("take_along_axis", tg.take_along_axis, [draw((2, 0), 0), np.zeros((2, 0), int)],
     lambda x, i: np.zeros((2, 0)), "nothing to take from")  # fmt: skip
case("take_along_axis", tg.take_along_axis, [draw((3, 2), 0).T, np.array([[1], [2]], np.int8)],
     lambda x, i: np.array([[x[0, 1]], [x[1, 2]]]), "non-contiguous")  # fmt: skip
case("take_along_axis", tg.take_along_axis, [draw((2, 2), 0, "complex"), np.array([[1], [0]])],
     lambda x, i: np.array([[x[0, 1]], [x[1, 0]]]), "complex")  # fmt: skip
case("take_along_axis", tg.take_along_axis, [draw((1, 130), 0), np.array([[-1, 5]], np.int8)],
     lambda x, i: x[:, [129, 5]], "an axis longer than int8 counts")  # fmt: skip

case("one_hot", lambda i: tg.one_hot(i, 3), [np.array([2, 0])],
     lambda i: np.eye(3, dtype=np.float32)[i])  # fmt: skip
case("one_hot", lambda i: tg.one_hot(i, 3), [np.array([[2, 0], [1, 1]])],
     lambda i: np.eye(3, dtype=np.float32)[i], "two axes")  # fmt: skip
case("one_hot", lambda i: tg.one_hot(i, 2, dtype=bool), [np.array(1, np.uint8)],
     lambda i: np.array([False, True]), "0-d")  # fmt: skip
case("one_hot", lambda i: tg.one_hot(i, 2, dtype=int), [np.array([-1, 2, 1])],
     lambda i: np.array([[0, 0], [0, 0], [0, 1]]), "outside")  # fmt: skip
case("one_hot", lambda i: tg.one_hot(i, 3), [np.zeros((0,), int)],
     lambda i: np.zeros((0, 3), np.float32), "size-0")  # fmt: skip
case("one_hot", lambda i: tg.one_hot(i, 0), [np.array([1])],
     lambda i: np.zeros((1, 0), np.float32), "no places")  # fmt: skip
