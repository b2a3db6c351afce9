"""Rows of the variances, deviations, medians and quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrok as tg
from tensorgrok.engine import primitives
from tests.cases.base import case, draw

STATISTICS: tuple[tuple[str, Any], ...] = (("var", np.var), ("std", np.std), ("median", np.median))
AXES: tuple[Any, ...] = (None, 0, -1, (0, 2), (-1, -2))
for _axis in AXES:
    for _kept in (False, True):
        _options = {"axis": _axis, "keepdims": _kept}
        _note = f"axis {_axis}{' kept' if _kept else ''}"
        for _name, _oracle in STATISTICS:
            case(_name, lambda x, f=primitives[_name], o=_options: f(x, **o), [draw((2, 3, 2), 1)],
                 lambda x, f=_oracle, o=_options: f(x, **o), _note)  # fmt: skip
        for _q in (0.3, [0, 0.25, 0.9, 1.0]):
            case("quantile_at", lambda x, q=_q, o=_options: tg.quantile(x, q, **o),
                 [draw((2, 3, 2), 1)], lambda x, q=_q, o=_options: np.quantile(x, q, **o),
                 f"{_q} {_note}")  # fmt: skip
for _name, _oracle in STATISTICS[:2]:
    for _correction in (1, 0.5):
        case(_name, lambda x, f=primitives[_name], c=_correction: f(x, 1, correction=c),
             [draw((2, 4), 2)], lambda x, f=_oracle, c=_correction: f(x, axis=1, ddof=c),
             f"correction {_correction}")  # fmt: skip
    case(_name, lambda x, f=primitives[_name]: f(x, 0, keepdims=True), [draw((3, 2), 3, "complex")],
         lambda x, f=_oracle: f(x, axis=0, keepdims=True), "complex")  # fmt: skip
    case(_name, lambda x, f=primitives[_name]: f(x, 0), [draw((3, 2), 3) + 1e5],
         lambda x, f=_oracle: f(x - 1e5, axis=0), "far from 0")  # fmt: skip
    case(_name, primitives[_name], [draw((4, 3), 2).T[:, ::2]], _oracle, "non-contiguous")
case("var", tg.var, [draw((1, 1), 1)], np.var, "size-1")
case("var", tg.var, [draw((), 1)], np.var, "0-d")
case("var", tg.var, [np.full(3, 0.1)], np.var, "equal elements")
for _name, _oracle in STATISTICS:
    case(_name, lambda x, f=primitives[_name]: f(x, 0), [np.zeros((0, 2))],
         lambda x: np.full(2, np.nan), "of nothing")  # fmt: skip
    case(_name, lambda x, f=primitives[_name]: f(x, 1), [np.zeros((0, 2))],
         lambda x: np.zeros(0), "no rows")  # fmt: skip
    for _dtype in (np.uint8, np.int64, np.bool_):
        _whole = np.array([[1, 1, 3, 3], [0, 5, 5, 0]], dtype=_dtype)
        case(_name, lambda x, f=primitives[_name]: f(x, 1), [_whole],
             lambda x, f=_oracle: f(x.astype(np.float32), axis=1),
             str(_whole.dtype))  # fmt: skip

case("median", tg.median, [draw((), 1)], np.median, "0-d")
case("median", tg.median, [draw((1, 1), 1)], np.median, "size-1")
case("median", tg.median, [draw((5, 3), 2).T[:, ::2]], np.median, "odd, non-contiguous")
case("quantile_at", lambda x: tg.quantile(x, (0.1, 0.5)), [draw((), 1)],
     lambda x: np.array([x, x]), "0-d")  # fmt: skip
case("quantile_at", lambda x: tg.quantile(x, 0.7), [draw((5, 3), 2).T[:, ::2]],
     lambda x: np.quantile(x, 0.7), "non-contiguous")  # fmt: skip
case("quantile_at", lambda x: tg.quantile(x, [0.2, 1]), [np.zeros((0, 2))],
     lambda x: np.full(2, np.nan), "of nothing")  # fmt: skip
case("quantile_at", lambda x: tg.quantile(x, 0.2, 1), [np.zeros((0, 2))],
     lambda x: np.zeros(0), "no rows")  # fmt: skip
case("quantile_at", lambda x: tg.quantile(x, np.linspace(0, 1, 3), 0),
     [np.array([4, 1, 3, 3], dtype=np.uint8)],
     lambda x: np.array([1, 3, 4], dtype=np.float32), "unsigned integers")  # fmt: skip
