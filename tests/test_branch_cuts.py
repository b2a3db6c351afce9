"""Inverse functions of complex numbers on their branch cuts: derivatives belong to the values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg

Function = Callable[[Any], Any]

#: NumPy's functions, the squares of their derivatives, and whether the cuts are on the real axis.
INVERSES: dict[str, tuple[Function, Function, bool]] = {
    "asin": (np.arcsin, lambda z: 1 / (1 - z * z), True),
    "acos": (np.arccos, lambda z: 1 / (1 - z * z), True),
    "acosh": (np.arccosh, lambda z: 1 / (z * z - 1), True),
    "asinh": (np.arcsinh, lambda z: 1 / (z * z + 1), False),
    "atanh": (np.arctanh, lambda z: 1 / (1 - z * z) ** 2, True),
    "atan": (np.arctan, lambda z: 1 / (1 + z * z) ** 2, False),
}


def on_one_side(name: str, along: float, side: float) -> complex:
    """A point of an axis, on the side of it that the sign of a zero says."""
    return complex(along, side) if INVERSES[name][2] else complex(side, along)


@pytest.mark.parametrize("name", INVERSES)
@pytest.mark.parametrize("along", [2.0, -2.0, 0.5, -0.5])
@pytest.mark.parametrize("side", [0.0, -0.0])
def test_on_a_cut_the_derivative_is_that_of_the_side_on_which_the_value_is(
    name: str, along: float, side: float, backend: str
) -> None:
    inverse, squared, _ = INVERSES[name]
    z = on_one_side(name, along, side)
    away = on_one_side(name, along, np.copysign(1e-6, side))
    value, pull = tg.vjp(getattr(tg, name), np.array(z))
    assert value.item() == inverse(z)
    (slope,) = pull(np.array(1 + 0j))
    expected = (inverse(2 * away - z) - inverse(away)) / (away - z)
    np.testing.assert_allclose(slope.item(), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(slope.item() ** 2, squared(z), rtol=1e-14, atol=1e-15)
