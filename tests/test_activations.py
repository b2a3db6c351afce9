"""Activations and softmax: kinks, extremes, masks, notation, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tests.readers.symbols import Reader

T = tg.Tensor


def approximate_gelu(x: Any) -> tg.Tensor:
    return tg.gelu(x, approximate=True)


#: Function, its limits at minus and plus infinity, the limits of its derivative there.
LIMITS: dict[str, tuple[Callable[..., Any], tuple[float, float], tuple[float, float]]] = {
    "relu": (tg.relu, (0, math.inf), (0, 1)),
    "leaky_relu": (lambda x: tg.leaky_relu(x, 0.5), (-math.inf, math.inf), (0.5, 1)),
    "leaky_relu 0": (lambda x: tg.leaky_relu(x, 0), (0, math.inf), (0, 1)),
    "hardtanh": (tg.hardtanh, (-1, 1), (0, 0)),
    "sigmoid": (tg.sigmoid, (0, 1), (0, 0)),
    "logsigmoid": (tg.logsigmoid, (-math.inf, 0), (1, 0)),
    "softplus": (tg.softplus, (0, math.inf), (0, 1)),
    "silu": (tg.silu, (0, math.inf), (0, 1)),
    "mish": (tg.mish, (0, math.inf), (0, 1)),
    "gelu": (tg.gelu, (0, math.inf), (0, 1)),
    "approximate gelu": (approximate_gelu, (0, math.inf), (0, 1)),
    "elu": (tg.elu, (-1, math.inf), (0, 1)),
    "elu 2": (lambda x: tg.elu(x, 2), (-2, math.inf), (0, 1)),
    "elu 0": (lambda x: tg.elu(x, 0), (0, math.inf), (0, 1)),
}

every_function = pytest.mark.parametrize("name", LIMITS)


def derivatives(function: Any, x: Any, orders: int) -> list[Any]:
    """The value of an elementwise function and its derivatives, as arrays."""
    point = T(x, requires_grad=True)
    result = function(point)
    found = [result.numpy()]
    for _ in range(orders):
        if result.requires_grad:
            ones = T(np.ones(point.shape), dtype=point.dtype)
            (result,) = tg.gradients([result], [point], [ones], create_graph=True)
        else:
            result = tg.zeros(point.shape, dtype=point.dtype)
        found.append(result.numpy())
    return found


# Extremes --------------------------------------------------------------------------------------


@every_function
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [1000, 60000, math.inf])
def test_far_from_0_values_and_derivatives_are_their_limits(
    name: str, dtype: Any, size: float, backend: str
) -> None:
    function, values, slopes = LIMITS[name]
    found = derivatives(function, np.array([-size, size], dtype), 3)
    assert all(array.dtype == dtype for array in found)
    if math.isinf(size):
        np.testing.assert_array_equal(found[0], values)
    else:
        wanted = [(slope or 0) * at for slope, at in zip(slopes, (-size, size), strict=True)]
        finite = [v if math.isfinite(v) else w for v, w in zip(values, wanted, strict=True)]
        np.testing.assert_array_equal(found[0], np.array(finite, dtype))
    np.testing.assert_array_equal(found[1], slopes)
    np.testing.assert_array_equal(found[2:], 0)


@every_function
def test_nan_stays_nan(name: str, backend: str) -> None:
    assert np.isnan(LIMITS[name][0](T([math.nan])).numpy()).all()


def test_small_numbers_keep_their_digits(backend: str) -> None:
    """Naive formulas give 0 here, or a number with no correct digit."""
    tail = math.exp(-30)
    for found, wanted in (
        (derivatives(tg.sigmoid, [-30.0], 1), (tail, tail)),
        (derivatives(tg.softplus, [-30.0], 2), (tail, tail, tail)),
        (derivatives(tg.logsigmoid, [30.0], 1), (-tail, tail)),
        (derivatives(tg.silu, [-30.0], 1), (-30 * tail, -29 * tail)),
        (derivatives(tg.mish, [-30.0], 1), (-30 * tail, -29 * tail)),
    ):
        np.testing.assert_allclose([a.item() for a in found], wanted, rtol=1e-6)


# Kinks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "slope"),
    [
        (tg.relu, 0.0, 0),
        (tg.leaky_relu, 0.0, 0.01),
        (lambda x: tg.leaky_relu(x, 0.25), 0.0, 0.25),
        (lambda x: tg.leaky_relu(x, 0), 0.0, 0),
        (tg.elu, 0.0, 1),
        (lambda x: tg.elu(x, 0.25), 0.0, 0.25),
        (lambda x: tg.elu(x, 3), 0.0, 3),
        (tg.hardtanh, 1.0, 1),
        (tg.hardtanh, -1.0, 1),
        (lambda x: tg.hardtanh(x, 0.1, 0.7), 0.1, 1),
        (lambda x: tg.hardtanh(x, 0.1, 0.7), 0.7, 1),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_derivatives_at_kinks_are_as_documented(
    function: Any, at: float, slope: float, dtype: Any, backend: str
) -> None:
    assert derivatives(function, np.array([at], dtype), 1)[1].item() == dtype(slope)


@pytest.mark.parametrize(("alpha", "second"), [(1, 0.5), (0.25, 0.25), (3, 3), (0, 0)])
def test_the_second_derivative_of_elu_at_0_is_as_documented(
    alpha: float, second: float, backend: str
) -> None:
    assert derivatives(lambda x: tg.elu(x, alpha), np.zeros(1), 2)[2].item() == second


def test_second_derivatives_at_0_are_right_where_the_function_is_smooth(backend: str) -> None:
    zero = np.zeros(1)
    for function, first, second in (
        (tg.sigmoid, 1 / 4, 0),
        (tg.softplus, 1 / 2, 1 / 4),
        (tg.logsigmoid, 1 / 2, -1 / 4),
        (tg.silu, 1 / 2, 1 / 2),
        (tg.mish, 3 / 5, 16 / 25),
        (tg.gelu, 1 / 2, math.sqrt(2 / math.pi)),
        (approximate_gelu, 1 / 2, math.sqrt(2 / math.pi)),
    ):
        found = derivatives(function, zero, 2)
        np.testing.assert_allclose([a.item() for a in found[1:]], [first, second], atol=1e-15)


def test_third_and_fourth_derivative_of_silu_at_0_are_right(backend: str) -> None:
    found = derivatives(tg.silu, np.zeros(1), 4)
    np.testing.assert_allclose([a.item() for a in found[3:]], [0, -0.5], atol=1e-15)


# Softmax ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "far"), [("f2", 6e4), ("f4", 3e38), ("f8", 1.7e308)])
def test_entries_of_softmax_may_differ_by_more_than_the_largest_number(
    dtype: str, far: float, backend: str
) -> None:
    row = np.array([far, -far, far], dtype=dtype)
    warning = "overflow encountered in subtract"
    with pytest.warns(RuntimeWarning, match=warning):
        shares, slope, _ = derivatives(tg.softmax, row, 2)
    with pytest.warns(RuntimeWarning, match=warning):
        logarithms = tg.log_softmax(T(row)).numpy()
    with pytest.warns(RuntimeWarning, match=warning):
        total = tg.logsumexp(T(row)).item()
    np.testing.assert_array_equal(shares, [0.5, 0, 0.5])
    np.testing.assert_array_equal(slope, [0, 0, 0])
    np.testing.assert_allclose(logarithms, [-math.log(2), -np.inf, -math.log(2)], rtol=1e-3)
    assert total == row[0]


def test_rows_of_softmax_sum_to_1_however_large(backend: str) -> None:
    x = T(np.array([[1000, 0, -1000], [-1000, -1000, -1000]], np.float32), requires_grad=True)
    shares = tg.softmax(x)
    np.testing.assert_allclose(shares.numpy(), [[1.0, 0.0, 0.0], [1 / 3] * 3], rtol=1e-6)
    np.testing.assert_array_equal(
        tg.log_softmax(x).numpy()[0], np.array([0, -1000, -2000], np.float32)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_masked_entries_of_softmax_take_no_part(dtype: Any, backend: str) -> None:
    x = np.array([[0.5, -np.inf, -0.4], [-np.inf, 2.0, -np.inf]], dtype)
    free = T(x[0, ::2], requires_grad=True)
    for card, out in ((tg.softmax, 0.0), (tg.log_softmax, -np.inf)):
        full = T(x, requires_grad=True)
        result = card(full)
        assert result.dtype == dtype
        np.testing.assert_array_equal(result.numpy()[:, 1], [out, card(T([2.0])).item()])
        np.testing.assert_array_equal(result.numpy()[0, ::2], card(free).numpy())
        weights = T(np.array([[1, 2, 3], [4, 5, 6]]), dtype=dtype)
        first = tg.gradients([result], [full], [weights], create_graph=True)[0]
        wanted = tg.gradients([card(free)], [free], [weights[0, ::2]])[0]
        if card is tg.softmax:
            np.testing.assert_allclose(first.numpy()[0, ::2], wanted.numpy(), rtol=1e-2)
            assert first.numpy()[0, 1] == 0
            np.testing.assert_array_equal(first.numpy()[1], [0, 0, 0])
        second = tg.gradients([first], [full], [weights])[0].numpy()
        assert np.isfinite(first.numpy()).all()
        assert np.isfinite(second).all()


def test_a_row_of_minus_infinity_alone_has_no_shares(backend: str) -> None:
    x = T([[-math.inf, -math.inf], [0.0, 0.0]], requires_grad=True)
    shares, logs = tg.softmax(x), tg.log_softmax(x)
    np.testing.assert_array_equal(shares.numpy(), [[0, 0], [0.5, 0.5]])
    np.testing.assert_array_equal(logs.numpy()[0], [-math.inf] * 2)
    gradient = tg.gradients([shares], [x], [T([[1.0, 2.0], [1.0, 1.0]])])[0]
    np.testing.assert_array_equal(gradient.numpy(), 0)
    gradient = tg.gradients([logs], [x], [T([[1.0, 2.0], [1.0, 1.0]])])[0]
    np.testing.assert_array_equal(gradient.numpy(), [[1, 2], [0, 0]])


def test_softmax_takes_axes_of_numpy() -> None:
    x = T([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    axis: Any = np.int64(0)
    for card in (tg.softmax, tg.log_softmax):
        result = card(x, axis)
        np.testing.assert_array_equal(result.numpy(), card(x, 0).numpy())
        (gradient,) = tg.gradients([result[0]], [x], [np.ones(2, np.float32)])
        assert gradient.shape == (2, 2)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_refuses_bad_axes(name: str, backend: str) -> None:
    card = getattr(tg, name)
    scores = T([[1.0, 2.0]])
    for axis in (True, None, (0, 1), 1.0, "0"):
        with pytest.raises(tg.DTypeError, match=f"{name}: .*an axis is an integer, not"):
            card(scores, axis)
    with pytest.raises(tg.IndexingError, match=rf"{name}: .*'scores' .*shape \(1, 2\).*axis 2"):
        card(scores, 2)
    with pytest.raises(tg.IndexingError, match=rf"{name}: .*shape \(\).*no axis -1;"):
        card(T(1.0))
    empty = tg.zeros((2, 0))
    with pytest.raises(tg.IndexingError, match=rf"{name}: .*'empty' .*axis -3"):
        card(empty, -3)


# What is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("relu", "leaky_relu", "hardtanh", "logsigmoid", "softplus", "silu", "mish", "gelu"),
        *("elu", "softmax", "log_softmax"),
    ],
)
def test_complex_numbers_are_refused(name: str, backend: str) -> None:
    z = T([1 + 2j])
    with pytest.raises(
        tg.DTypeError, match=rf"{name}: cannot use x 'z' \(complex64, .*for real numbers only"
    ):
        getattr(tg, name)(z)


BAD_NUMBERS = ("1", None, True, 1j, [1.0], np.ones(2))


@pytest.mark.parametrize("value", BAD_NUMBERS, ids=repr)
def test_parameters_that_are_no_numbers_are_refused(value: Any) -> None:
    x = T([1.0])
    calls: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: tg.elu(x, value), "elu: alpha"),
        (lambda: tg.leaky_relu(x, value), "leaky_relu: slope"),
        (lambda: tg.hardtanh(x, value, 1), "hardtanh: min"),
        (lambda: tg.hardtanh(x, -1, max=value), "hardtanh: max"),
    )
    for call, text in calls:
        with pytest.raises(tg.DTypeError, match=f"{text} must be a number, got "):
            call()


def test_parameters_out_of_range_are_refused() -> None:
    x = T([1.0])
    calls: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: tg.elu(x, -0.5), r"elu: alpha must be at least 0, got -0\.5"),
        (lambda: tg.elu(x, math.nan), "elu: alpha must be finite, got nan"),
        (lambda: tg.leaky_relu(x, -0.1), r"leaky_relu: slope must be from 0 to 1, got -0\.1"),
        (lambda: tg.leaky_relu(x, 1.5), r"leaky_relu: slope must be from 0 to 1, got 1\.5"),
        (lambda: tg.hardtanh(x, 1, -1), "hardtanh: min must be less than max, got 1 and -1"),
        (lambda: tg.hardtanh(x, 1, 1.0), "hardtanh: min must be less than max"),
        (lambda: tg.hardtanh(x, max=math.inf), "hardtanh: max must be finite, got inf"),
    )
    for call, text in calls:
        with pytest.raises(tg.ArgumentError, match=text):
            call()


@pytest.mark.parametrize("value", ["tanh", "none", 1, None])
def test_gelu_is_approximated_only_on_a_clear_word(value: Any) -> None:
    with pytest.raises(tg.DTypeError, match="gelu: approximate is True or False, got "):
        tg.gelu(T([1.0]), approximate=value)
    assert tg.gelu(T([1.0]), approximate=np.bool_(True)).item() == pytest.approx(0.841192)  # type: ignore[arg-type]  # NumPy's


def test_parameters_may_be_numbers_of_numpy(backend: str) -> None:
    x = T(np.array([-1.0, 2.0], np.float32), requires_grad=True)
    low: Any = np.int64(-2)
    for one, other in (
        (tg.elu(x, np.float64(0.5)), tg.elu(x, 0.5)),
        (tg.leaky_relu(x, np.float64(0.5)), tg.leaky_relu(x, 0.5)),
        (tg.hardtanh(x, low, np.float64(1)), tg.hardtanh(x, -2, 1)),
    ):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one.numpy(), other.numpy())
        gradients = [tg.gradients([y], [x], [np.ones(2, np.float32)])[0] for y in (one, other)]
        assert gradients[0].dtype == np.float32
        np.testing.assert_array_equal(gradients[0].numpy(), gradients[1].numpy())


def test_integers_are_cast_but_relu_keeps_them(backend: str) -> None:
    x = T([-1, 2])
    assert tg.relu(x).dtype == np.int64
    for name in ("elu", "gelu", "silu", "mish", "softplus", "hardtanh", "leaky_relu", "softmax"):
        assert getattr(tg, name)(x).dtype == np.float32


# Notation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "python", "latex"),
    [
        (tg.leaky_relu, "leaky_relu(x)", r"\operatorname{leaky\_relu}\left(x\right)"),
        (
            lambda x: tg.leaky_relu(x, 0.2),
            "leaky_relu(x, 0.2)",
            r"\operatorname{leaky\_relu}_{0.2}\left(x\right)",
        ),
        (tg.hardtanh, "hardtanh(x)", r"\operatorname{hardtanh}\left(x\right)"),
        (
            lambda x: tg.hardtanh(x, 0, 6),
            "hardtanh(x, 0, 6)",
            r"\operatorname{hardtanh}_{\left[0, 6\right]}\left(x\right)",
        ),
        (tg.gelu, "gelu(x)", r"\operatorname{gelu}\left(x\right)"),
        (
            approximate_gelu,
            "gelu(x, approximate=True)",
            r"\operatorname{gelu}_{\tanh}\left(x\right)",
        ),
        (tg.elu, "elu(x)", r"\operatorname{elu}\left(x\right)"),
        (lambda x: tg.elu(x, 0.5), "elu(x, 0.5)", r"\operatorname{elu}_{0.5}\left(x\right)"),
        (tg.softplus, "softplus(x)", r"\operatorname{softplus}\left(x\right)"),
        (tg.logsigmoid, "logsigmoid(x)", r"\log \sigma\left(x\right)"),
        (tg.softmax, "softmax(x)", r"\operatorname{softmax}\left(x\right)"),
        (
            lambda x: tg.softmax(x, 0),
            "softmax(x, axis=0)",
            r"\operatorname{softmax}_{0}\left(x\right)",
        ),
        (tg.log_softmax, "log_softmax(x)", r"\log \operatorname{softmax}\left(x\right)"),
        (
            lambda x: tg.log_softmax(x, 1),
            "log_softmax(x, axis=1)",
            r"\log \operatorname{softmax}_{1}\left(x\right)",
        ),
    ],
)
def test_notation_prints_only_what_differs_from_the_defaults(
    function: Any, python: str, latex: str
) -> None:
    x = T([[1.0, 2.0]], requires_grad=True)
    y = function(x)
    assert Reader(y, {x: "x", y: "y"}, "python").forward == [f"y = {python}"]
    assert Reader(y, {x: "x", y: "y"}, "latex").forward == [f"y = {latex}"]


def test_derivatives_print() -> None:
    x = T([1.0], requires_grad=True)
    y = tg.softplus(x)
    assert Reader(y, {x: "x", y: "y"}, "python").backward({x: "d_x"}) == ["d_x = -expm1(-y)"]
    y = tg.hardtanh(x)
    assert Reader(y, {x: "x", y: "y"}, "python").backward({x: "d_x"}) == [
        "d_x = ones((1,)) * (x == y)"
    ]
