"""Rows of the reductions: all axes, one, several, negative, kept, 0-d, size 0, size 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tensorgrok as tg
from tensorgrok.engine import primitives
from tests.cases.base import Array, case, draw


def logsumexp_oracle(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


REDUCTIONS: tuple[tuple[str, Any], ...] = (
    *(("sum", np.sum), ("prod", np.prod), ("mean", np.mean), ("max", np.max), ("min", np.min)),
    *(("logsumexp", logsumexp_oracle), ("any", np.any), ("all", np.all)),
    *(("argmax", np.argmax), ("argmin", np.argmin), ("count_nonzero", np.count_nonzero)),
)
for _name, _oracle in REDUCTIONS:
    for _axis in (None, 0, -1, (0, 2), (-1, -2)):
        for _kept in (False, True):
            if _name in ("argmax", "argmin") and isinstance(_axis, tuple):
                continue
            _options = {"axis": _axis, "keepdims": _kept}
            case(
                _name,
                lambda x, f=primitives[_name], o=_options: f(x, **o),
                [draw((2, 3, 2), 1)],
                lambda x, f=_oracle, o=_options: f(x, **o),
                f"axis {_axis}{' kept' if _kept else ''}",
            )
    for _note, _x in (("0-d", draw((), 1)), ("size-1", draw((1, 1), 1))):
        case(_name, primitives[_name], [_x], _oracle, _note)
    case(_name, primitives[_name], [draw((4, 3), 2).T[:, ::2]], _oracle, "non-contiguous")
    _shape = (3, 0) if _name.startswith("arg") else (0, 3)
    _along = int(_name.startswith("arg") is False)
    case(_name, lambda x, f=primitives[_name], a=_along: f(x, a), [np.zeros(_shape)],
         lambda x, f=_oracle, a=_along: f(x, a), "no rows")  # fmt: skip
for _name, _oracle in REDUCTIONS[:2] + REDUCTIONS[6:8] + REDUCTIONS[10:]:
    case(_name, primitives[_name], [np.zeros((0, 3))], _oracle, "of nothing")
    case(_name, lambda x, f=primitives[_name]: f(x, 0, keepdims=True), [np.zeros((0, 3))],
         lambda x, f=_oracle: f(x, axis=0, keepdims=True), "of nothing, kept")  # fmt: skip
case("mean", lambda x: tg.mean(x, 0), [np.zeros((0, 2))], lambda x: np.full(2, np.nan),
     "of nothing")  # fmt: skip
case("logsumexp", lambda x: tg.logsumexp(x, 0), [np.zeros((0, 2))], lambda x: np.full(2, -np.inf),
     "of nothing")  # fmt: skip

# Zeros among the factors of a product: none, one, two in a row; and what else is special.
FACTORS = np.array([[0.5, -2.0, 3.0], [4.0, 0.0, -1.5], [0.0, 2.5, 0.0], [0.0, 0.0, 0.0]])


def product(row: Array) -> Any:
    return math.prod(row.ravel().tolist())


case("prod", lambda x: tg.prod(x, axis=-1), [FACTORS],
     lambda x: np.array([product(row) for row in x]), "zeros")  # fmt: skip
case("prod", lambda x: tg.prod(x, axis=(0, 2)), [np.stack([FACTORS, FACTORS[::-1]])],
     lambda x: np.array([product(x[:, i]) for i in range(4)]), "zeros over two axes")  # fmt: skip
case("prod", lambda x: tg.prod(x, axis=(2, -3), keepdims=True), [draw((2, 3, 2), 4)],
     lambda x: np.array([product(x[:, i]) for i in range(3)]).reshape(1, 3, 1),
     "axes in falling order")  # fmt: skip
case("prod", lambda x: tg.prod(x, axis=()), [draw((2, 2), 4)], lambda x: x, "no axes")
for _name, _oracle in (*REDUCTIONS[:3], *REDUCTIONS[5:8], *REDUCTIONS[10:]):
    case(_name, lambda x, f=primitives[_name]: f(x, 1), [draw((2, 3), 3, "complex")],
         lambda x, f=_oracle: f(x, axis=1), "complex")  # fmt: skip

# Integers and booleans follow NumPy, but for a mean, which is a float.
for _dtype in (np.int8, np.uint8, np.int64, np.bool_):
    _whole = np.array([[1, 0, 3], [0, 5, 3]], dtype=_dtype)
    for _name, _oracle in REDUCTIONS:
        if _name not in ("mean", "logsumexp"):
            case(_name, lambda x, f=primitives[_name]: f(x, axis=0), [_whole],
                 lambda x, f=_oracle: f(x, axis=0), str(_whole.dtype))  # fmt: skip
    case("mean", lambda x: tg.mean(x, axis=0), [_whole],
         lambda x: np.mean(x, axis=0, dtype=np.float32), str(_whole.dtype))  # fmt: skip
