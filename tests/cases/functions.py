"""Rows of powers, roots, exponentials and logarithms. The oracles are Python's own functions."""

from __future__ import annotations

import cmath
import math

import tensorgrok as tg
from tensorgrok.engine import primitives
from tests.cases.base import case, draw, pointwise, rows

for _name, _real, _domain, _complex in (
    ("square", lambda v: v * v, "real", lambda v: v * v),
    ("reciprocal", lambda v: 1 / v, "real", lambda v: 1 / v),
    ("sqrt", math.sqrt, "positive", cmath.sqrt),
    ("exp", math.exp, "real", cmath.exp),
    ("expm1", math.expm1, "real", lambda v: cmath.exp(v) - 1),
    ("log", math.log, "positive", cmath.log),
    ("log1p", math.log1p, "unit", lambda v: cmath.log(1 + v)),
    ("log2", math.log2, "positive", lambda v: cmath.log(v) / math.log(2)),
    ("log10", math.log10, "positive", cmath.log10),
):
    rows(_name, pointwise(_real), _domain)
    _oracle = pointwise(_complex)
    case(_name, primitives[_name], [draw((2, 2), 3, "complex")], _oracle, "complex")
rows("erf", pointwise(math.erf), "real")
rows("hypot", pointwise(math.hypot), "real", "real")


def logaddexp(one: float, two: float) -> float:
    return math.log(math.exp(one) + math.exp(two))


rows("logaddexp", pointwise(logaddexp), "real", "real")
case("square", tg.square, [draw((4,), 0, "integer")], lambda x: x * x, "integers")
_x = draw((2, 3), 1)
case(
    "hypot", lambda x: tg.hypot(x, 2), [_x], pointwise(lambda v: math.hypot(v, 2)), "with a number"
)
case(
    "hypot", lambda x: tg.hypot(2.0, x), [_x], pointwise(lambda v: math.hypot(v, 2)), "number first"
)
case("logaddexp", lambda x: tg.logaddexp(x, 0), [_x], pointwise(lambda v: logaddexp(v, 0)),
     "with a number")  # fmt: skip
case("logaddexp", lambda x: tg.logaddexp(0.5, x), [_x], pointwise(lambda v: logaddexp(v, 0.5)),
     "number first")  # fmt: skip
case("logaddexp", lambda x: tg.logaddexp(x, x), [_x], lambda x: x + math.log(2), "ties")
