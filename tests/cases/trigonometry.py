"""Rows of the trigonometric and hyperbolic cards. The oracles are Python's own functions."""

from __future__ import annotations

import cmath
import math

import tensorgrok as tg
from tensorgrok.engine import primitives
from tests.cases.base import case, draw, pointwise, rows

for _name, _domain in (
    ("sin", "real"),
    ("cos", "real"),
    ("tan", "unit"),
    ("asin", "unit"),
    ("acos", "unit"),
    ("atan", "real"),
    ("sinh", "real"),
    ("cosh", "real"),
    ("tanh", "real"),
    ("asinh", "real"),
    ("acosh", "above 1"),
    ("atanh", "unit"),
):
    rows(_name, pointwise(getattr(math, _name)), _domain)
    _oracle = pointwise(getattr(cmath, _name))
    case(_name, primitives[_name], [draw((2, 2), 3, "complex")], _oracle, "complex")
rows("atan2", pointwise(math.atan2), "real", "real")
_x = draw((2, 3), 1)
case(
    "atan2",
    lambda x: tg.atan2(x, -1),
    [_x],
    pointwise(lambda v: math.atan2(v, -1)),
    "with a number",
)
case(
    "atan2",
    lambda x: tg.atan2(2.5, x),
    [_x],
    pointwise(lambda v: math.atan2(2.5, v)),
    "number first",
)
