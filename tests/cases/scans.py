"""Rows of the running sums and products and of the differences of neighbours."""

from __future__ import annotations

from itertools import accumulate
from operator import add, mul
from typing import Any

import numpy as np

import tensorgrok as tg
from tensorgrok.engine import primitives
from tests.cases.base import Array, case, draw


def scan(x: Array, axis: int, step: Any, first: list[int]) -> Array:
    def of(row: Array) -> Array:
        return np.array([*accumulate([*first, *row], step)])

    return np.apply_along_axis(of, axis, x)


def sums(x: Array, axis: int = 0, include_initial: bool = False) -> Array:
    return scan(x, axis, add, [0] if include_initial else [])


def products(x: Array, axis: int = 0, include_initial: bool = False) -> Array:
    return scan(x, axis, mul, [1] if include_initial else [])


SCANS: tuple[tuple[str, Any], ...] = (("cumulative_sum", sums), ("cumulative_prod", products))
ZEROS = np.array(
    [[0.5, -2.0, 3.0, 2.0], [4.0, 0.0, -1.5, 3.0], [0.5, 0.0, 2.5, 0.0], [0.0, 0.0, 2.0, 0.0]]
)
for _name, _oracle in SCANS:
    for _initial in (False, True):
        _end = " from the first" if _initial else ""
        for _axis in (0, 1, -1):
            _options: dict[str, Any] = {"axis": _axis, "include_initial": _initial}
            case(_name, lambda x, f=primitives[_name], o=_options: f(x, **o), [draw((2, 3, 2), 1)],
                 lambda x, f=_oracle, o=_options: f(x, **o), f"axis {_axis}{_end}")  # fmt: skip
        for _length in (1, 2, 5):
            case(_name,
                 lambda x, f=primitives[_name], i=_initial: f(x, include_initial=i),
                 [draw((_length,), _length)], lambda x, f=_oracle, i=_initial: f(x, 0, i),
                 f"no axis{_end}")  # fmt: skip
        case(_name, lambda x, f=primitives[_name], i=_initial: f(x, 1, include_initial=i),
             [ZEROS], lambda x, f=_oracle, i=_initial: f(x, 1, i), f"zeros{_end}")  # fmt: skip
        case(_name, lambda x, f=primitives[_name], i=_initial: f(x, 0, include_initial=i),
             [np.zeros((0, 2))], lambda x, i=_initial, n=_name: np.full((int(i), 2),
             float(n == "cumulative_prod")), f"size-0{_end}")  # fmt: skip
    case(_name, lambda x, f=primitives[_name]: f(x, 1), [np.zeros((0, 2))],
         lambda x: np.zeros((0, 2)), "no rows")  # fmt: skip
    case(_name, lambda x, f=primitives[_name]: f(x, 0), [draw((4, 3), 2).T[:, ::2]],
         _oracle, "non-contiguous")  # fmt: skip
    case(_name, lambda x, f=primitives[_name]: f(x, 1), [draw((2, 3), 2, "complex")],
         lambda x, f=_oracle: f(x, 1), "complex")  # fmt: skip
    for _dtype, _wide in ((np.int8, "i8"), (np.uint8, "u8"), (np.bool_, "i8")):
        _whole = np.array([100, 1, 3], dtype=_dtype)
        case(_name, primitives[_name], [_whole], lambda x, f=_oracle, w=_wide: f(x.astype(w)),
             str(_whole.dtype))  # fmt: skip

for _axis, _times in ((-1, 1), (0, 1), (1, 2), (-2, 3), (0, 0), (0, 5)):
    case("diff", lambda x, a=_axis, n=_times: tg.diff(x, axis=a, n=n), [draw((4, 4), 3)],
         lambda x, a=_axis, n=_times: np.diff(x, n, a), f"axis {_axis}, n {_times}")  # fmt: skip
case("diff", tg.diff, [draw((4, 3), 2).T[:, ::2]], np.diff, "non-contiguous")
case("diff", tg.diff, [draw((1,), 2)], np.diff, "size-1")
case("diff", tg.diff, [np.zeros((2, 0))], np.diff, "size-0")
case("diff", tg.diff, [draw((3,), 2, "complex")], np.diff, "complex")
case("diff", tg.diff, [np.array([3, 1, 2], dtype=np.uint8)], np.diff, "unsigned integers")
case("diff", lambda x: tg.diff(x, n=2), [np.array([True, False, False, True])],
     lambda x: np.diff(x, 2), "booleans")  # fmt: skip
