"""Rows of the elementwise cards of arithmetic, choice, comparison and conversion."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

import tensorgrok as tg
from tensorgrok.engine import primitives
from tensorgrok.transforms import identity
from tests.cases.base import Array, case, draw, pointwise, rows


def relu_oracle(x: Array) -> Array:
    return np.where(x > 0, x, np.zeros_like(x))


# Arithmetic and choice -------------------------------------------------------------------------

rows("add", np.add, "real", "real")
rows("subtract", np.subtract, "real", "real")
rows("multiply", np.multiply, "real", "real")
rows("divide", np.divide, "real", "real")
rows("pow", np.power, "positive", "real")
rows("negative", np.negative, "real")
rows("abs", np.abs, "real")
rows("maximum", pointwise(max), "real", "real")
rows("minimum", pointwise(min), "real", "real")
rows("where", np.where, "bool", "real", "real")
for _name in ("add", "subtract", "multiply", "divide"):
    _pair = [draw((2, 2), 3, "complex"), draw((2,), 4, "complex")]
    case(_name, primitives[_name], _pair, getattr(np, _name), "complex")
    _pair = [draw((2, 2), 3, "complex"), draw((2, 1), 4)]
    case(_name, primitives[_name], _pair, getattr(np, _name), "complex with real")
for _name in ("negative", "abs"):
    case(_name, primitives[_name], [draw((2, 2), 3, "complex")], getattr(np, _name), "complex")
case("pow", lambda x: x**2, [draw((2, 3), 0)], lambda x: x * x, "square")
case("pow", lambda x: x**3, [draw((2, 3), 0)], lambda x: x * x * x, "cube")
case("pow", lambda x: x**0, [draw((3,), 0)], lambda x: np.ones(3), "to the 0")
case("pow", primitives["pow"], [draw((4,), 0, "positive"), np.array([0.0, 1.0, 2.0, 0.0])],
     np.power, "whole exponents")  # fmt: skip
case("pow", lambda x: 2.0**x, [draw((3,), 0)], lambda x: np.exp(x * math.log(2)), "number as base")
case("maximum", lambda x: tg.maximum(x, 0), [draw((5,), 1)], relu_oracle, "with a number")
case("minimum", lambda x: tg.minimum(0, x), [draw((5,), 1)], lambda x: -relu_oracle(-x),
     "with a number")  # fmt: skip
case("where", lambda c, x: tg.where(c, x, 0), [draw((5,), 1, "bool"), draw((5,), 2)],
     lambda c, x: np.where(c, x, 0.0), "with a number")  # fmt: skip


def clip_oracle(x: Array, low: Any, high: Any) -> Array:
    return np.where(x < low, low, np.where(x > high, high, x))


rows("clip_between", pointwise(lambda x, low, high: min(max(x, low), high)),
     "real", "real", "real")  # fmt: skip
rows("clip_below", pointwise(max), "real", "real")
rows("clip_above", pointwise(min), "real", "real")
case("clip_between", lambda x: tg.clip(x, -1, 1), [draw((2, 4), 1)],
     lambda x: clip_oracle(x, -1.0, 1.0), "numbers")  # fmt: skip
case("clip_between", lambda x, high: tg.clip(x, -1, high), [draw((2, 4), 1), draw((4,), 2)],
     lambda x, high: np.minimum(np.maximum(x, -1.0), high), "a number and a tensor")  # fmt: skip
case("clip_between", lambda low: tg.clip(0.5, low, 1.0), [draw((4,), 2)],
     lambda low: np.minimum(np.maximum(0.5, low), 1.0), "a number between")  # fmt: skip
case("clip_between", lambda high: tg.clip(0.5, 0, high), [draw((4,), 2)],
     lambda high: np.minimum(0.5, high), "a number below a tensor")  # fmt: skip
case("clip_below", lambda low: tg.clip(0.5, low), [draw((4,), 2)],
     lambda low: np.maximum(0.5, low), "number first")  # fmt: skip
case("clip_above", lambda high: tg.clip(0.5, max=high), [draw((4,), 2)],
     lambda high: np.minimum(0.5, high), "number first")  # fmt: skip
case("clip_between", lambda x: tg.clip(x, 2, 5), [draw((6,), 1, "integer")],
     lambda x: clip_oracle(x, 2, 5), "integers")  # fmt: skip
case("clip_below", lambda x: tg.clip(x, min=-1), [draw((2, 4), 1)],
     lambda x: clip_oracle(x, -1.0, 9.0), "number")  # fmt: skip
case("clip_above", lambda x: tg.clip(x, max=1), [draw((2, 4), 1)],
     lambda x: clip_oracle(x, -9.0, 1.0), "number")  # fmt: skip
case("reshape", lambda x: tg.clip(x), [draw((2, 4), 1)], lambda x: x, "clip without bounds")

# Comparison ------------------------------------------------------------------------------------

rows("equal", np.equal, "integer", "integer")
rows("not_equal", np.not_equal, "integer", "integer")
rows("less", np.less, "real", "real")
rows("less_equal", np.less_equal, "real", "real")
rows("greater", np.greater, "real", "real")
rows("greater_equal", np.greater_equal, "real", "real")
rows("logical_not", np.logical_not, "bool")
rows("logical_and", np.logical_and, "bool", "bool")
rows("logical_or", np.logical_or, "bool", "bool")
rows("logical_xor", np.not_equal, "bool", "bool")
rows("bitwise_right_shift", np.right_shift, "integer", "integer")
SPECIAL = np.array([[np.nan, np.inf, -np.inf], [0.0, -1.5, 1e30]])
for _name in ("isnan", "isinf", "isfinite"):
    rows(_name, pointwise(getattr(math, _name), bool), "real")
    case(_name, primitives[_name], [SPECIAL], pointwise(getattr(math, _name), bool), "special")
    _parts = np.array([1j * np.inf, complex(np.nan, 1), complex(np.nan, np.inf), 1 + 2j])
    case(_name, primitives[_name], [_parts], pointwise(getattr(cmath, _name), bool), "complex")
    case(
        _name, primitives[_name], [np.arange(3)], pointwise(getattr(math, _name), bool), "integers"
    )

# Conversion ------------------------------------------------------------------------------------

rows("real", np.real, "real")
rows("imag", np.imag, "real")
rows("conj", np.conj, "real")
rows("angle", pointwise(cmath.phase), "real")
rows("nan_to_num", lambda x: x, "real")
for _name in ("real", "imag", "conj", "angle"):
    case(_name, primitives[_name], [draw((2, 2), 3, "complex")], getattr(np, _name), "complex")
_largest = float(np.finfo(np.float64).max)
_finite = np.array([[0.0, _largest, -_largest], [0.0, -1.5, 1e30]])
case("nan_to_num", tg.nan_to_num, [SPECIAL[:1]], lambda x: _finite[:1], "special")
case("nan_to_num", lambda x: tg.nan_to_num(x, nan=1, posinf=2.5, neginf=np.float64(-3)),
     [SPECIAL[:1]], lambda x: np.array([[1.0, 2.5, -3.0]]), "numbers of one's own")  # fmt: skip
case("nan_to_num", lambda x: tg.nan_to_num(x, posinf=5), [np.array([complex(np.inf, np.nan), 1j])],
     lambda x: np.array([5 + 0j, 1j]), "complex")  # fmt: skip
case("nan_to_num", tg.nan_to_num, [np.arange(3)], lambda x: x, "integers")
case("astype", lambda x: x.astype(np.float64), [draw((2, 3), 0)], lambda x: x)
case("astype", lambda x: x.astype(np.int64), [draw((2, 3), 0)], lambda x: np.trunc(x).astype(int),
     "to integers")  # fmt: skip
case("identity", identity, [draw((2, 3), 0)], lambda x: x)
