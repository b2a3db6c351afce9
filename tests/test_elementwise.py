"""Elementwise cards where things go wrong: kinks, ties, infinities, NaN, borders, refusals."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor
from tensorgrok.engine import primitives

INF, NAN = math.inf, math.nan


def slopes(function: Callable[..., Tensor], *values: float) -> tuple[float, ...]:
    """Derivatives of a function of a few numbers, in float64."""
    inputs = [Tensor(np.array(value), requires_grad=True) for value in values]
    return tuple(float(found) for found in tg.gradients([function(*inputs)], inputs))


def bend(function: Callable[[Tensor], Tensor], value: float) -> float:
    """Second derivative of a function of one number."""
    return float(tg.grad(tg.grad(function))(np.array(value)))


# Steps, kinks and ties -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round", "sign"])
@pytest.mark.parametrize("value", [-1.0, -0.5, 0.0, 0.3, 0.5, 2.0, INF])
def test_what_is_piecewise_constant_has_derivative_0(name: str, value: float, backend: str) -> None:
    assert slopes(primitives[name], value) == (0,)
    assert bend(primitives[name], value) == 0


def test_the_derivative_of_a_step_is_0_whatever_comes_after_it(backend: str) -> None:
    x = Tensor([0.5, 1.5], requires_grad=True)
    (found,) = tg.gradients([tg.floor(x)], [x], [[INF, NAN]])
    assert found.tolist() == [0, 0]


def test_halves_are_rounded_to_even(backend: str) -> None:
    rounded = tg.round(Tensor([-1.5, -0.5, 0.5, 1.5, 2.5]))
    assert rounded.tolist() == [-2, 0, 0, 2, 2]


def test_a_remainder_has_the_sign_of_the_divisor_and_these_derivatives(backend: str) -> None:
    for one, two in ((5.5, 3.0), (-5.5, 3.0), (5.5, -3.0), (-5.5, -3.0)):
        assert float(tg.remainder(Tensor(one), two)) == one % two
        assert slopes(tg.remainder, one, two) == (1, -math.floor(one / two))
        assert slopes(tg.floor_divide, one, two) == (0, 0)
    assert slopes(tg.remainder, 6.0, 3.0) == (1, -2)  # at a jump
    assert 1.0 / 0.1 == 10  # a rounded quotient, of which 0.1 is left over 9 times and not 10
    assert slopes(tg.remainder, 1.0, 0.1) == (1, -9)
    assert slopes(lambda divisor: tg.remainder(-1.0, divisor), 0.1) == (10,)


def test_ties_share_the_gradient_evenly(backend: str) -> None:
    for card in (tg.maximum, tg.minimum):
        assert slopes(card, 2.0, 2.0) == (0.5, 0.5)
        assert slopes(lambda x, card=card: card(x, x), 2.0) == (1,)
        assert slopes(lambda x, card=card: card(x, 2), 2.0) == (0.5,)
        assert slopes(card, INF, INF) == (0.5, 0.5)
    assert slopes(tg.minimum, 1.0, 2.0) == (1, 0)
    assert slopes(tg.minimum, INF, -INF) == (0, 1)


def test_nan_propagates_and_gets_no_gradient(backend: str) -> None:
    bounded: Callable[..., Tensor] = lambda x, y: tg.clip(x, y, 5)  # noqa: E731  # it needs a type
    for card in (tg.maximum, tg.minimum, tg.clip, bounded):
        for pair in ((NAN, 1.0), (1.0, NAN), (NAN, NAN)):
            assert math.isnan(float(card(Tensor(pair[0]), Tensor(pair[1]))))
            assert slopes(card, *pair) == (0, 0)


def test_zero_to_the_power_of_zero(backend: str) -> None:
    assert float(tg.pow(Tensor(0.0), Tensor(0.0))) == 1
    assert slopes(tg.pow, 0.0, 0.0) == (0, 0)


def test_only_whole_numbers_have_bits_to_shift(backend: str) -> None:
    half, four = Tensor([0.5]), Tensor([4, 5])
    for pair in ((half, 2), (four, 2.5), (2.5, four), (four, half), (2.5, 1)):
        with pytest.raises(tg.DTypeError, match=r"shift: .*: only integers have bits"):
            tg.bitwise_right_shift(*pair)
    assert tg.bitwise_right_shift(four, Tensor([True, False])).tolist() == [2, 5]
    assert tg.bitwise_right_shift(9, four).tolist() == [0, 0]


# Clipping --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "low", "high", "value", "expected"),
    [
        (0.0, -1.0, 1.0, 0.0, (1, 0, 0)),
        (-1.0, -1.0, 1.0, -1.0, (1, 0, 0)),
        (1.0, -1.0, 1.0, 1.0, (1, 0, 0)),
        (-2.0, -1.0, 1.0, -1.0, (0, 1, 0)),
        (2.0, -1.0, 1.0, 1.0, (0, 0, 1)),
        (3.0, 3.0, 3.0, 3.0, (1, 0, 0)),
        (2.0, 3.0, 3.0, 3.0, (0, 1, 0)),
        (0.0, 1.0, -1.0, -1.0, (0, 0, 1)),
        (-5.0, 1.0, -1.0, -1.0, (0, 0, 1)),
        (5.0, 1.0, -1.0, -1.0, (0, 0, 1)),
        (INF, -1.0, INF, INF, (1, 0, 0)),
        (-INF, -1.0, INF, -1.0, (0, 1, 0)),
    ],
)
def test_the_gradient_of_clip_goes_to_what_the_result_is(
    x: float, low: float, high: float, value: float, expected: tuple[int, ...], backend: str
) -> None:
    assert float(tg.clip(Tensor(x), Tensor(low), Tensor(high))) == value
    assert slopes(tg.clip, x, low, high) == expected
    assert slopes(lambda t: tg.clip(t, low, high), x) == expected[:1]


def test_clip_with_one_bound_or_none(backend: str) -> None:
    assert slopes(lambda x, low: tg.clip(x, low), 1.0, 1.0) == (1, 0)
    assert slopes(lambda x, low: tg.clip(x, min=low), 0.0, 1.0) == (0, 1)
    assert slopes(lambda x, high: tg.clip(x, None, high), 1.0, 1.0) == (1, 0)
    assert slopes(lambda x, high: tg.clip(x, max=high), 2.0, 1.0) == (0, 1)
    x = Tensor([1.0, 2.0])
    same = tg.clip(x)
    same[0] = 5.0
    assert x.tolist() == [1, 2]
    assert tg.clip([3, 4]).tolist() == [3, 4]
    assert slopes(tg.clip, 1.0) == (1,)


def test_clip_keeps_the_dtype_and_broadcasts_its_bounds(backend: str) -> None:
    assert tg.clip(Tensor([1, 5, 9]), 2, 6).tolist() == [2, 5, 6]
    assert tg.clip(Tensor([1, 5, 9]), 2, 6).dtype == np.int64
    assert tg.clip(Tensor([1, 5, 9]), 1.5).dtype == np.float32
    low = Tensor([[0.0], [1.0]], requires_grad=True)
    clipped = tg.clip(Tensor([0.5, 2.0, -3.0]), low, np.array([1.5, 1.5, 1.5], dtype=np.float32))
    np.testing.assert_array_equal(clipped.numpy(), [[0.5, 1.5, 0], [1, 1.5, 1]])
    clipped.sum().backward()
    assert low.grad is not None
    assert low.grad.tolist() == [[1], [2]]


def test_clip_explains_bounds_that_do_not_fit() -> None:
    signal = Tensor([1.0, 2.0, 3.0])
    with pytest.raises(
        tg.ShapeError, match=r"clip: cannot use x 'signal' \(float32, shape \(3,\)\) and lower"
    ):
        tg.clip(signal, Tensor([1.0, 2.0]))
    with pytest.raises(tg.DTypeError, match=r"clip: argument lower: .*str"):
        tg.clip(signal, "low")


# Infinities and extreme values -----------------------------------------------------------------


def test_hypot_and_atan2_have_derivative_0_at_the_origin(backend: str) -> None:
    for card in (tg.hypot, tg.atan2):
        assert slopes(card, 0.0, 0.0) == (0, 0)
    assert bend(lambda x: tg.hypot(x, 0.0 * x), 0.0) == 0
    assert bend(lambda x: tg.atan2(x, 0.0 * x), 0.0) == 0
    assert slopes(lambda x: tg.hypot(x, 0), 0.0) == (0,)


def test_hypot_and_atan2_have_the_limits_of_their_derivatives_at_infinity(backend: str) -> None:
    assert slopes(tg.hypot, INF, 1.0) == (1, 0)
    assert slopes(tg.hypot, 1.0, -INF) == (0, -1)
    assert slopes(tg.hypot, -INF, INF) == (-1, 1)
    for pair in ((INF, 1.0), (1.0, INF), (-1.0, -INF), (INF, -INF)):
        assert slopes(tg.atan2, *pair) == (0, 0)


def test_hypot_and_atan2_do_not_overflow(backend: str) -> None:
    np.testing.assert_allclose(slopes(tg.hypot, 3e300, 4e300), (0.6, 0.8), rtol=1e-14)
    np.testing.assert_allclose(slopes(tg.atan2, 3e300, 4e300), (0.16e-300, -0.12e-300), rtol=1e-14)
    np.testing.assert_allclose(slopes(tg.hypot, 3e-300, 4e-300), (0.6, 0.8), rtol=1e-14)
    np.testing.assert_allclose(slopes(tg.atan2, 3e-300, 4e-300), (0.16e300, -0.12e300), rtol=1e-14)


def test_atan2_knows_all_quadrants(backend: str) -> None:
    for one, two in ((0.0, -1.0), (1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0), (1.0, 0.0)):
        angle = float(tg.atan2(Tensor(np.array(one)), two))
        np.testing.assert_allclose(angle, math.atan2(one, two), rtol=1e-15)
        square = one * one + two * two
        np.testing.assert_allclose(slopes(tg.atan2, one, two), (two / square, -one / square))


@pytest.mark.parametrize(
    ("pair", "value", "expected"),
    [
        ((-INF, -INF), -INF, (0.5, 0.5)),
        ((INF, INF), INF, (0.5, 0.5)),
        ((INF, 1.0), INF, (1, 0)),
        ((1.0, INF), INF, (0, 1)),
        ((-INF, INF), INF, (0, 1)),
        ((-INF, 1.0), 1.0, (0, 1)),
        ((1e308, 1e308), 1e308, (0.5, 0.5)),
        ((1000.0, -1000.0), 1000.0, (1, 0)),
    ],
)
def test_logaddexp_at_infinity_and_far_out(
    pair: tuple[float, float], value: float, expected: tuple[float, ...], backend: str
) -> None:
    assert float(tg.logaddexp(Tensor(np.array(pair[0])), np.array(pair[1]))) == value
    np.testing.assert_allclose(slopes(tg.logaddexp, *pair), expected, rtol=1e-15)


def test_logaddexp_bends_at_ties_as_elsewhere(backend: str) -> None:
    np.testing.assert_allclose(bend(lambda x: tg.logaddexp(x, 0), 0.0), 0.25, rtol=1e-15)
    with np.errstate(invalid="ignore"):  # NumPy's logaddexp warns of NaN
        assert all(math.isnan(slope) for slope in slopes(tg.logaddexp, NAN, 1.0))
    large = Tensor([1e8], requires_grad=True)  # where the logarithm of 2 is lost in the sum
    (found,) = tg.gradients([tg.logaddexp(large, 1e8)], [large])
    assert found.tolist() == [0.5]


@pytest.mark.parametrize(
    ("name", "value", "result", "slope"),
    [
        ("atan", 1e200, math.pi / 2, 0.0),
        ("atan", -INF, -math.pi / 2, 0.0),
        ("atan", 1e8, math.atan(1e8), 1e-16),
        ("asinh", -1e200, -math.asinh(1e200), 1e-200),
        ("asinh", INF, INF, 0.0),
        ("acosh", 1e200, math.acosh(1e200), 1e-200),
        ("acosh", INF, INF, 0.0),
        ("tanh", 1e200, 1.0, 0.0),
        ("erf", 1e200, 1.0, 0.0),
        ("erf", -INF, -1.0, 0.0),
        ("erf", 5.0, math.erf(5), 2 / math.sqrt(math.pi) * math.exp(-25)),
        ("expm1", -INF, -1.0, 0.0),
        ("expm1", -50.0, -1.0, math.exp(-50)),
        ("expm1", 1e-300, 1e-300, 1.0),
        ("log1p", 1e-300, 1e-300, 1.0),
        ("log1p", INF, INF, 0.0),
        ("exp", -INF, 0.0, 0.0),
        ("log", INF, INF, 0.0),
        ("log2", 2.0**1000, 1000.0, 2.0**-1000 / math.log(2)),
        ("sqrt", INF, INF, 0.0),
        ("reciprocal", -INF, 0.0, 0.0),
        ("square", 1e-200, 0.0, 2e-200),
        ("asin", 1 - 2**-53, math.asin(1 - 2**-53), 1 / math.sqrt(2**-53 * (2 - 2**-53))),
        ("atanh", 1 - 2**-53, math.atanh(1 - 2**-53), 1 / (2**-53 * (2 - 2**-53))),
    ],
)
def test_extreme_values_neither_overflow_nor_warn(
    name: str, value: float, result: float, slope: float, backend: str
) -> None:
    x = Tensor(np.array(value), requires_grad=True)
    np.testing.assert_allclose(float(primitives[name](x)), result, rtol=1e-14)
    np.testing.assert_allclose(slopes(primitives[name], value), [slope], rtol=1e-13)


def test_erf_bends_rightly_at_0(backend: str) -> None:
    third = tg.grad(tg.grad(tg.grad(tg.erf)))
    np.testing.assert_allclose(float(third(np.array(0.0))), -4 / math.sqrt(math.pi), rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "value", "result", "slope"),
    [
        ("sqrt", 0.0, 0.0, INF),
        ("log", 0.0, -INF, INF),
        ("log2", 0.0, -INF, INF),
        ("log10", 0.0, -INF, INF),
        ("log1p", -1.0, -INF, INF),
        ("reciprocal", 0.0, INF, -INF),
        ("asin", 1.0, math.pi / 2, INF),
        ("asin", -1.0, -math.pi / 2, INF),
        ("acos", 1.0, 0.0, -INF),
        ("acosh", 1.0, 0.0, INF),
        ("atanh", 1.0, INF, INF),
        ("atanh", -1.0, -INF, INF),
    ],
)
def test_what_is_infinite_is_inf_and_numpy_warns(
    name: str, value: float, result: float, slope: float
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        x = Tensor(np.array(value), requires_grad=True)
        y = primitives[name](x)
        (found,) = tg.gradients([y], [x])
    np.testing.assert_allclose(float(y), result, rtol=1e-15)
    assert float(found) == slope
    assert caught
    assert all("divide by zero" in str(warning.message) for warning in caught)


def test_a_guarded_root_has_no_nan_in_its_gradient(backend: str) -> None:
    x = Tensor([0.0, 4.0], requires_grad=True)
    tg.where(x > 0, tg.sqrt(tg.where(x > 0, x, 1)), 0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0.25]


# Numbers in place of NaN -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_to_num_agrees_with_numpy_in_each_dtype(dtype: Any, backend: str) -> None:
    values = np.array([NAN, INF, -INF, 1.5, -0.0], dtype=dtype)
    x = Tensor(values, requires_grad=True)
    found = tg.nan_to_num(x)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.numpy(), np.nan_to_num(values))
    (gradient,) = tg.gradients([found], [x], [np.full(5, 2, dtype=dtype)])
    assert gradient.tolist() == [0, 0, 0, 2, 2]


def test_nan_to_num_treats_the_parts_of_complex_numbers_apart(backend: str) -> None:
    values = np.array([complex(NAN, 2), complex(3, INF), complex(-INF, NAN), 1 + 1j])
    z = Tensor(values, requires_grad=True)
    found = tg.nan_to_num(z, nan=7, posinf=8, neginf=9)
    np.testing.assert_array_equal(found.numpy(), [7 + 2j, 3 + 8j, 9 + 7j, 1 + 1j])
    (gradient,) = tg.gradients([found], [z], [np.full(4, 5 + 6j)])
    np.testing.assert_array_equal(gradient.numpy(), [6j, 5, 0, 5 + 6j])


def test_nan_to_num_leaves_finite_complex_numbers_to_the_bit(backend: str) -> None:
    values = np.array([complex(a, b) for a in (0.0, -0.0, 2.0) for b in (0.0, -0.0, -3.0)])
    found = tg.nan_to_num(Tensor(values)).numpy()
    assert found.tobytes() == values.tobytes()


def test_nan_to_num_keeps_infinite_parts_of_complex_numbers_where_asked(backend: str) -> None:
    values = np.array([complex(1, INF), complex(-INF, 2), complex(NAN, -INF), complex(NAN, INF)])
    found = tg.nan_to_num(Tensor(values), nan=7, posinf=INF, neginf=-INF).numpy()
    expected = [complex(1, INF), complex(-INF, 2), complex(7, -INF), complex(7, INF)]
    np.testing.assert_array_equal(found, expected)


def test_nan_to_num_wants_numbers() -> None:
    x = Tensor([NAN])
    with pytest.raises(tg.DTypeError, match="nan_to_num: posinf must be a number, got '9'"):
        tg.nan_to_num(x, posinf="9")  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(tg.DTypeError, match="nan_to_num: nan must be a number, got True"):
        tg.nan_to_num(x, nan=True)


# Complex numbers -------------------------------------------------------------------------------

REAL_ONLY: dict[str, Callable[[Any], Any]] = {
    "floor": tg.floor,
    "ceil": tg.ceil,
    "trunc": tg.trunc,
    "erf": tg.erf,
    "maximum": lambda z: tg.maximum(z, 0),
    "minimum": lambda z: tg.minimum(0.5, z),
    "remainder": lambda z: tg.remainder(z, 2),
    "floor_divide": lambda z: tg.floor_divide(2, z),
    "hypot": lambda z: tg.hypot(z, 1.0),
    "atan2": lambda z: tg.atan2(1.0, z),
    "logaddexp": lambda z: tg.logaddexp(z, z),
    "clip": lambda z: tg.clip(z, 0, 1),
}


@pytest.mark.parametrize("name", REAL_ONLY)
def test_complex_numbers_are_refused_where_they_have_no_meaning(name: str, backend: str) -> None:
    with pytest.raises(
        tg.DTypeError,
        match=rf"^{name}: cannot use .*\(complex128, shape \(1,\)\).*defined for real "
        r"numbers only; take \.real, \.imag or \.abs\(\) of complex ones first",
    ):
        REAL_ONLY[name](Tensor(np.array([1 + 1j])))


@pytest.mark.parametrize("bounds", [(0,), (None, 1)])
def test_clip_refuses_complex_numbers_with_one_bound_too(bounds: tuple[Any, ...]) -> None:
    with pytest.raises(tg.DTypeError, match=r"^clip: .*defined for real numbers only"):
        tg.clip(Tensor([1j]), *bounds)


def test_signs_and_angles_of_complex_numbers_at_0(backend: str) -> None:
    z = Tensor(np.array([0j, 3 + 4j]), requires_grad=True)
    assert tg.sign(z).tolist() == [0, 0.6 + 0.8j]
    for result in (tg.sign(z), tg.angle(z)):
        (found,) = tg.gradients([result], [z], [np.ones(2, dtype=result.dtype)])
        assert complex(found[0]) == 0
        assert abs(complex(found[1])) > 0


def test_angles_of_real_numbers_have_no_gradient(backend: str) -> None:
    assert tg.angle(Tensor([1.0, -2.0, 0.0])).tolist() == pytest.approx([0, math.pi, 0])
    assert slopes(tg.angle, -2.0) == (0,)


# Dtypes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["atan2", "hypot", "logaddexp", "remainder", "floor_divide", "minimum", "clip_below"]
)
def test_float32_stays_float32_against_numbers(name: str, backend: str) -> None:
    x = Tensor([1.5, 2.5], requires_grad=True)
    for other in (2, 2.5, np.float64(2.5), np.int64(2), True, np.array([1, 2]), Tensor([1, 2])):
        for result in (primitives[name](x, other), primitives[name](other, x)):
            assert result.dtype == np.float32
            (found,) = tg.gradients([result], [x], [np.ones(2, dtype=np.float32)])
            assert found.dtype == np.float32


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round", "sign", "square"])
def test_integers_stay_integers(name: str, backend: str) -> None:
    for dtype in (np.int8, np.uint8, np.int64):
        result = primitives[name](Tensor(np.array([0, 2, 7], dtype=dtype)))
        assert result.dtype == dtype
        expected = {"sign": [0, 1, 1], "square": [0, 4, 49]}.get(name, [0, 2, 7])
        assert result.tolist() == expected


@pytest.mark.parametrize(
    "name",
    [
        *("expm1", "log1p", "log2", "log10", "reciprocal", "erf", "tan", "atan", "asinh", "angle"),
        *("atan2", "hypot", "logaddexp"),
    ],
)
def test_integers_become_the_default_float_where_results_are_none(name: str, backend: str) -> None:
    card = primitives[name]
    values = [np.array([1, 2])] * len(card.arguments)
    integers = card(*(Tensor(value) for value in values))
    assert integers.dtype == np.float32
    floats = card(*(Tensor(value.astype(np.float32)) for value in values))
    np.testing.assert_array_equal(integers.numpy(), floats.numpy())


def test_booleans_are_whole_numbers_already(backend: str) -> None:
    for card in (tg.floor, tg.ceil, tg.trunc, tg.round):
        assert card(Tensor([True, False])).dtype == np.bool_


def test_quotients_of_large_integers_are_exact(backend: str) -> None:
    pairs = [(2**62 + 1, 3), (-(2**62) - 1, 3), (2**62 + 1, -7), (2**53 + 1, 1), (5, 2**62)]
    ones, twos = (np.array(column) for column in zip(*pairs, strict=True))
    found = tg.floor_divide(Tensor(ones), Tensor(twos))
    assert found.tolist() == [one // two for one, two in pairs]
    assert tg.remainder(Tensor(ones), Tensor(twos)).tolist() == [a % b for a, b in pairs]
