"""Powers where things go wrong: exponents and bases of 0, what is not finite, whole numbers."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor

INF, NAN = math.inf, math.nan


def slope_in_base(base: Any, exponent: Any) -> Any:
    found: Tensor = tg.grad(lambda b: tg.pow(b, exponent).real)(np.array(base))
    return found.item()


def slope_in_exponent(base: Any, exponent: Any) -> float:
    found: Tensor = tg.grad(lambda e: tg.pow(base, e).sum())(np.array(exponent))
    return float(found)


@pytest.mark.parametrize("base", [0.0, 1.5, -2.0, INF, -INF, NAN, 0j, 1 + 2j, complex(INF, 1)])
def test_the_zeroth_power_is_constant(base: Any, backend: str) -> None:
    assert slope_in_base(base, Tensor(np.array(0.0))) == 0
    assert slope_in_base(base, 0) == 0


@pytest.mark.parametrize("base", [0.25, 1.0, 3.0])
def test_derivatives_at_exponent_0_know_how_the_slope_grows(base: float, backend: str) -> None:
    """The derivative of b ** e is e * b ** (e - 1), and that of this to e is 1 / b at e = 0."""

    def slope(b: Tensor, e: Tensor) -> Tensor:
        found: Tensor = tg.grad(tg.pow)(b, e)
        return found

    b, e = Tensor(np.array(base)), Tensor(np.array(0.0))
    np.testing.assert_allclose(float(tg.grad(slope, 1)(b, e)), 1 / base, rtol=1e-15)
    assert float(tg.grad(slope, 0)(b, e)) == 0
    assert tg.gradcheck(tg.pow, [np.array([base, 2.0]), np.array([0.0, 0.0])], order=2)


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 0.5, 2.0])
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # of 0 ** -1 itself
def test_at_base_0_the_derivative_in_the_exponent_is_0(exponent: float, backend: str) -> None:
    assert slope_in_exponent(Tensor(np.array(0.0)), exponent) == 0
    assert slope_in_exponent(0.0, exponent) == 0


def test_second_derivatives_at_base_0_and_exponent_0_are_0(backend: str) -> None:
    zero = np.array(0.0)
    for first in (0, 1):
        for then in (0, 1):
            slope = tg.grad(tg.pow, first)
            assert float(tg.grad(slope, then)(zero, zero)) == 0


@pytest.mark.parametrize(
    ("base", "exponent"),
    [
        (Tensor([2]), Tensor([-1])),
        (2, Tensor([-1])),
        (Tensor([2]), -1),
        (Tensor([2]), np.array([-1, 2])),
        (2, -1),
    ],
    ids=str,
)
def test_whole_numbers_have_no_negative_powers(base: Any, exponent: Any) -> None:
    text = "integers have no negative integer powers; cast the base to a float"
    with pytest.raises(tg.DTypeError, match=f"pow: cannot use base .* and exponent .*: {text}"):
        tg.pow(base, exponent)


def test_powers_of_whole_numbers_that_do_not_fit_are_still_a_question_of_shapes() -> None:
    with pytest.raises(tg.ShapeError, match=re.escape("exponent (int64, shape (3,))")):
        tg.pow(Tensor([2, 3]), Tensor([1, 2, 3]))
    assert (Tensor([2, 3]) ** Tensor([3, 0])).tolist() == [8, 1]
    assert tg.pow(2, 3).item() == 8
    assert (Tensor([2.0, 4.0]) ** Tensor([-1, 2])).tolist() == [0.5, 16.0]
