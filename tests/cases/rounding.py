"""Rows of the cards that round, with inputs between the steps. Oracles are Python's own."""

from __future__ import annotations

import math

import numpy as np

import tensorgrok as tg
from tensorgrok.engine import primitives
from tests.cases.base import case, draw, pointwise, rows

for _name, _function in (
    ("floor", math.floor),
    ("ceil", math.ceil),
    ("trunc", math.trunc),
    ("round", round),
    ("sign", lambda v: (v > 0) - (v < 0)),
):
    rows(_name, pointwise(_function), "between")
    _integers = np.array([-3, 0, 2])
    case(_name, primitives[_name], [_integers], pointwise(_function), "integers")
case("round", tg.round, [draw((2, 2), 3, "complex") * 3],
     pointwise(lambda v: complex(round(v.real), round(v.imag))), "complex")  # fmt: skip
case("sign", tg.sign, [draw((2, 2), 3, "complex")], pointwise(lambda v: v / abs(v)), "complex")
for _name, _divided in (("remainder", lambda a, b: a % b), ("floor_divide", lambda a, b: a // b)):
    rows(_name, pointwise(_divided), "real", "above 1.6")
    _three = pointwise(lambda v, function=_divided: function(v, 0.4))
    case(_name, lambda x, card=primitives[_name]: card(x, 0.4), [draw((2, 3), 1)], _three,
         "with a number")  # fmt: skip
    _seven = pointwise(lambda v, function=_divided: function(-7, v))
    case(_name, lambda x, card=primitives[_name]: card(-7, x), [draw((2, 3), 1)], _seven,
         "number first")  # fmt: skip
    _steps = [np.array([7.3, -7.3, 7.3, -7.3]), np.array([2.0, 2.0, -2.0, -2.0])]
    case(_name, primitives[_name], _steps, pointwise(_divided), "signs and steps")
    _signed = [np.array([7, -7, 7, -7, 6, 0]), np.array([3, 3, -3, -3, 3, -3])]
    case(_name, primitives[_name], _signed, pointwise(_divided), "integers")
