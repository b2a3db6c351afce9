"""Rows of the cards of diagonals and triangles."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrok as tg
from tests.cases.base import Array, case, draw


def kept(x: Array, k: int, sign: int) -> Array:
    """Oracle of triangles, element by element: those with sign * (column - row - k) >= 0."""
    result = x.copy()
    for place in np.ndindex(*x.shape):
        if sign * (place[-1] - place[-2] - k) < 0:
            result[place] = 0
    return result


for _name, _function, _sign in (("tril", tg.tril, -1), ("triu", tg.triu, 1)):
    for _k in (0, 1, -1, 5, -5):
        for _shape in ((3, 4), (4, 2)):
            case(_name, lambda x, f=_function, k=_k: f(x, k), [draw(_shape, 0)],
                 lambda x, k=_k, s=_sign: kept(x, k, s), f"diagonal {_k}", exact=True)  # fmt: skip
    for _note, _x in (
        ("stack", draw((2, 3, 3), 0)),
        ("size-1", draw((1, 1), 0)),
        ("size-0", draw((2, 0, 3), 0)),
        ("non-contiguous", draw((4, 3), 0).T),
        ("complex", draw((2, 2), 0, "complex")),
        ("integer", draw((2, 2), 0, "integer")),
        ("bool", draw((3, 3), 0, "bool")),
    ):
        case(_name, _function, [_x], lambda x, s=_sign: kept(x, 0, s), _note,
             exact=True)  # fmt: skip

PLANES: tuple[tuple[str, Any, Any], ...] = (
    ("diagonal", tg.diagonal, np.diagonal),
    ("trace", tg.trace, np.trace),
)
for _name, _read, _oracle in PLANES:
    for _offset in (0, 1, -2, 4, -4):
        for _shape in ((3, 4), (4, 3)):
            case(_name, lambda x, f=_read, k=_offset: f(x, k), [draw(_shape, 0)],
                 lambda x, f=_oracle, k=_offset: f(x, k), f"offset {_offset}")  # fmt: skip
    for _axes in ((1, 0), (-1, 0), (0, 2), (2, 1), (-2, -1)):
        case(_name, lambda x, f=_read, a=_axes: f(x, 1, *a), [draw((2, 3, 4), 0)],
             lambda x, f=_oracle, a=_axes: f(x, 1, *a), f"axes {_axes}")  # fmt: skip
    for _note, _x in (
        ("size-1", draw((1, 1), 0)),
        ("size-0", draw((0, 3), 0)),
        ("stack of size-0", draw((2, 2, 0), 0)),
        ("non-contiguous", draw((4, 3), 0).T[:, ::2]),
        ("complex", draw((2, 2), 0, "complex")),
        ("integer", draw((2, 2), 0, "integer")),
        ("bool", draw((3, 3), 0, "bool")),
    ):
        case(_name, _read, [_x], _oracle, _note)

for _k in (0, 1, -2):
    case("diag_matrix", lambda x, k=_k: tg.diag(x, k), [draw((3,), 0)],
         lambda x, k=_k: np.diag(x, k), f"diagonal {_k}", exact=True)  # fmt: skip
    case("diagonal", lambda x, k=_k: tg.diag(x, k), [draw((3, 2), 0)],
         lambda x, k=_k: np.diag(x, k), f"diag {_k} of a matrix", exact=True)  # fmt: skip
for _note, _x in (
    ("size-0", draw((0,), 0)),
    ("size-1", draw((1,), 0)),
    ("non-contiguous", draw((5,), 0)[::-2]),
    ("complex", draw((2,), 0, "complex")),
    ("integer", draw((2,), 0, "integer")),
    ("bool", np.array([True, False, True])),
):
    case("diag_matrix", tg.diag, [_x], np.diag, _note, exact=True)
