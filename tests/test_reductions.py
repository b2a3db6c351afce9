"""Reductions, statistics and scans where rules tend to break: ties, zeros, nothing, infinities."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok.engine import primitives

Values = npt.NDArray[Any]


def slopes(function: Callable[[tg.Tensor], tg.Tensor], values: Any) -> Values:
    """Gradient of the sum of all results, in float64."""
    x = tg.Tensor(np.asarray(values, dtype=np.float64), requires_grad=True)
    y = function(x)
    found: Values = tg.gradients([y], [x], [np.ones(y.shape)])[0].numpy()
    return found


def as_they_are(function: Callable[[tg.Tensor], tg.Tensor], values: Values) -> Values:
    """Gradient of one result, in the dtype of the values."""
    x = tg.Tensor(values, requires_grad=True)
    found: Values = tg.gradients([function(x)], [x])[0].numpy()
    assert found.dtype == values.dtype
    return found


def second(function: Callable[[tg.Tensor], tg.Tensor], values: Any) -> Values:
    """Second derivatives of one result, in float64."""
    x = tg.Tensor(np.asarray(values, dtype=np.float64), requires_grad=True)
    (g,) = tg.gradients([function(x)], [x], create_graph=True)
    if not g.requires_grad:  # it does not depend on x
        return np.zeros((x.size, x.size))
    units = np.eye(x.size).reshape(x.size, *x.shape)
    rows = [tg.gradients([g], [x], [unit], retain_graph=True)[0].numpy() for unit in units]
    return np.stack(rows).reshape(x.size, x.size)


# Ties and NaN ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [tg.max, tg.min])
def test_ties_of_extremes_share_the_gradient_evenly(
    function: Callable[..., tg.Tensor], backend: str
) -> None:
    rows = np.array([[2.0, 2.0, 2.0, 5.0], [1.0, 1.0, 0.0, 0.0]])
    rows = rows if function is tg.min else -rows
    expected = np.array([[1 / 3, 1 / 3, 1 / 3, 0], [0, 0, 0.5, 0.5]])
    np.testing.assert_allclose(slopes(lambda x: function(x, axis=1), rows), expected)
    whole = slopes(lambda x: function(x, axis=(0, 1), keepdims=True), rows)
    np.testing.assert_allclose(whole, np.array([[0, 0, 0, 0], [0, 0, 0.5, 0.5]]))
    assert not second(function, rows[0]).any()


@pytest.mark.parametrize("function", [tg.max, tg.min])
def test_a_nan_among_extremes_gives_nan_and_no_gradient(
    function: Callable[..., tg.Tensor], backend: str
) -> None:
    values = [[1.0, np.nan], [1.0, 2.0]]
    assert np.isnan(function(tg.Tensor(values), axis=1).numpy()).tolist() == [True, False]
    assert slopes(lambda x: function(x, axis=1), values)[0].tolist() == [0, 0]


def test_the_first_of_equals_and_the_first_nan_is_the_extreme(backend: str) -> None:
    x = tg.Tensor([[1.0, 3.0, 3.0], [1.0, 1.0, 3.0], [1.0, np.nan, 9.0]])
    assert tg.argmax(x, axis=1).tolist() == [1, 2, 1]
    assert tg.argmin(x, axis=1).tolist() == [0, 0, 1]
    assert tg.argmin(x).item() == 7


def test_a_nan_is_true(backend: str) -> None:
    x = tg.Tensor([0.0, np.nan])
    assert tg.any(x).item() is True
    assert tg.all(x).item() is False
    assert tg.count_nonzero(x).item() == 1


# Products --------------------------------------------------------------------------------------


def others(row: Values, skipped: set[int]) -> float:
    """The product of the elements that are not skipped, one by one."""
    result = 1.0
    for i, value in enumerate(row.tolist()):
        result *= 1.0 if i in skipped else value
    return result


ROWS = [[0.5, -2.0, 3.0, 4.0], [0.5, 0.0, 3.0, 4.0], [0.0, 2.0, 0.0, 4.0], [0.0, 0.0, 0.0, 4.0]]


@pytest.mark.parametrize("row", ROWS)
def test_derivatives_of_a_product_are_exact_with_zeros(row: list[float], backend: str) -> None:
    values = np.array(row)
    size = len(row)
    assert slopes(tg.prod, values).tolist() == [others(values, {i}) for i in range(size)]
    expected = [[others(values, {i, j}) * (i != j) for j in range(size)] for i in range(size)]
    assert second(tg.prod, values).tolist() == expected
    pair = slopes(lambda x: tg.prod(x, axis=(0, 1)), values.reshape(2, 2))
    assert pair.ravel().tolist() == [others(values, {i}) for i in range(size)]


def last_product(x: tg.Tensor) -> tg.Tensor:
    return tg.cumulative_prod(x)[-1]


@pytest.mark.parametrize("row", ROWS)
def test_derivatives_of_running_products_are_exact_with_zeros(
    row: list[float], backend: str
) -> None:
    values, size = np.array(row), len(row)
    expected = [
        sum(others(values[: k + 1], {i}) for k in range(i, size)) for i in range(size)
    ]  # the sum of all running products, by each factor
    assert slopes(tg.cumulative_prod, values).tolist() == expected
    with_first = slopes(lambda x: tg.cumulative_prod(x, include_initial=True), values)
    assert with_first.tolist() == expected
    np.testing.assert_array_equal(second(last_product, values), second(tg.prod, values))
    assert tg.gradcheck(lambda x: tg.grad(lambda a: tg.cumulative_prod(a).sum())(x), [values],
                        order=2)  # fmt: skip


# Nothing ---------------------------------------------------------------------------------------


def test_reductions_of_nothing(backend: str) -> None:
    empty = tg.zeros((2, 0))
    assert tg.sum(empty, axis=1).tolist() == [0, 0]
    assert tg.prod(empty, axis=1).tolist() == [1, 1]
    assert tg.any(empty, axis=1).tolist() == [False, False]
    assert tg.all(empty, axis=1).tolist() == [True, True]
    assert tg.logsumexp(empty, axis=1, keepdims=True).tolist() == [[-np.inf], [-np.inf]]
    for function in (tg.mean, tg.var, tg.std, tg.median):
        assert np.isnan(function(empty, axis=1).numpy()).tolist() == [True, True]
        assert np.isnan(function(empty).numpy()).item()
        assert function(empty, axis=0).shape == (0,)
        assert slopes(partial(function, axis=1), np.zeros((2, 0))).shape == (2, 0)


@pytest.mark.parametrize(
    ("function", "word"), [(tg.max, "largest"), (tg.argmin, "smallest"), (tg.min, "smallest")]
)
def test_extremes_of_nothing_are_refused(
    function: Callable[..., tg.Tensor], word: str, backend: str
) -> None:
    empty = tg.zeros((2, 0))
    with pytest.raises(
        tg.ShapeError, match=rf"'empty' \(float32, shape \(2, 0\)\).*axis=1.*there is no {word}"
    ):
        function(empty, axis=1)


def test_a_statistic_corrected_to_nothing_is_nan(backend: str) -> None:
    values = np.array([[1.0, 2.0], [3.0, 5.0]])
    for function in (tg.var, tg.std):
        for correction in (2, 2.5):
            result = function(tg.Tensor(values), axis=1, correction=correction)
            assert np.isnan(result.numpy()).tolist() == [True, True]
        found = slopes(partial(function, axis=1, correction=2), values)
        assert np.isnan(found).tolist() == [[True, True], [True, True]]


# Deviations ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 0.1, 1e8 / 3])
def test_the_deviation_of_equal_elements_is_0_and_so_are_its_derivatives(
    value: float, backend: str
) -> None:
    values = np.full((2, 3), value)
    assert tg.std(tg.Tensor(values), axis=1).tolist() == [0, 0]
    assert tg.std(tg.Tensor(values, dtype=np.float32)).item() == 0
    assert not slopes(lambda x: tg.std(x, axis=1), values).any()
    assert not second(tg.std, values[0]).any()
    assert not slopes(tg.std, value).any()


def test_rows_of_equal_elements_leave_other_rows_alone(backend: str) -> None:
    rows = np.array([[0.1, 0.1], [1.0, 3.0]])
    np.testing.assert_array_equal(slopes(lambda x: tg.std(x, axis=1), rows), [[0, 0], [-0.5, 0.5]])


def test_a_variance_far_from_0_keeps_its_digits(backend: str) -> None:
    near = np.array([0.0, 1.0, 0.0, 3.0, 1.0, 1.0], dtype=np.float32)
    assert tg.var(tg.Tensor(near + np.float32(2**23))).item() == tg.var(tg.Tensor(near)).item()


@pytest.mark.parametrize("name", ["var", "std"])
def test_derivatives_far_from_0_keep_their_digits(name: str, backend: str) -> None:
    """Float32 numbers near 10,000 lie a thousandth apart, and so would a mean be off."""
    near = np.array([0.0, 1.0, 0.0, 3.0, 1.0, 1.0], dtype=np.float32) / 512
    far = near + np.float32(10_000)
    found, expected = (as_they_are(getattr(tg, name), values) for values in (far, near))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert abs(found.sum()) < 1e-6


def test_float16_counts_beyond_its_largest_number(backend: str) -> None:
    n = 100_000
    halves = np.tile(np.array([0.0, 0.5], dtype=np.float16), n // 2)
    ones = np.ones(n, dtype=np.float16)
    signs = np.where(halves == 0, -1, 1)
    assert tg.var(tg.Tensor(halves)).item() == 0.0625
    assert tg.var(tg.Tensor(halves), correction=1).item() == 0.0625
    assert tg.std(tg.Tensor(halves)).item() == 0.25
    for function, values, expected in (
        (tg.mean, ones, np.full(n, 1 / n)),
        (tg.max, ones, np.full(n, 1 / n)),
        (tg.min, ones, np.full(n, 1 / n)),
        (tg.var, halves, 0.5 / n * signs),
        (tg.std, halves, 1 / n * signs),
    ):
        found = as_they_are(function, values)
        # The spacing of numbers this small, and the rounding of two factors.
        np.testing.assert_allclose(found.astype(float), expected, rtol=0.01, atol=2**-24)


# Logarithms of sums ----------------------------------------------------------------------------

INFINITE = np.array([[-np.inf, 0.5], [1000.0, 0.0], [-np.inf, -np.inf], [np.inf, 1000.0]])


def test_logsumexp_of_infinities_has_value_and_gradient_without_warning(backend: str) -> None:
    found = tg.logsumexp(tg.Tensor(INFINITE), axis=1)
    assert found.tolist() == [0.5, 1000, -np.inf, np.inf]
    expected = [[0, 1], [1, 0], [0, 0], [1, 0]]
    assert slopes(lambda x: tg.logsumexp(x, axis=1), INFINITE).tolist() == expected
    for row in INFINITE:
        assert not second(tg.logsumexp, row).any()
    assert np.isnan(slopes(tg.logsumexp, [1.0, np.nan])).tolist() == [True, True]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_logsumexp_of_infinities_in_other_dtypes(dtype: Any, backend: str) -> None:
    x = tg.Tensor(INFINITE.astype(dtype), requires_grad=True)
    y = tg.logsumexp(x, axis=1)
    assert y.dtype == dtype
    assert y.tolist() == [0.5, 1000, -np.inf, np.inf]
    (found,) = tg.gradients([y], [x], [np.ones(4, dtype=dtype)])
    assert found.numpy().astype(np.float32).tolist() == [[0, 1], [1, 0], [0, 0], [1, 0]]


def test_derivatives_of_logsumexp_of_dominated_and_single_elements(backend: str) -> None:
    for values in ([0.5], [30.0, -2.0, 0.0], [-np.inf, 0.25, 0.5]):
        x = np.array(values)
        shares = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
        np.testing.assert_allclose(slopes(tg.logsumexp, x), shares, rtol=1e-13)
        expected = np.diag(shares) - np.outer(shares, shares)
        np.testing.assert_allclose(second(tg.logsumexp, x), expected, rtol=1e-9, atol=1e-15)


def test_gradient_of_logsumexp_of_large_numbers_is_exact_to_rounding(backend: str) -> None:
    x = tg.Tensor(np.array([1e4, 1e4 - 1, 1e4 - 2], dtype=np.float32), requires_grad=True)
    tg.logsumexp(x).backward()
    shares = np.exp([0.0, -1.0, -2.0]) / np.exp([0.0, -1.0, -2.0]).sum()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), shares, rtol=1e-6)
    np.testing.assert_array_equal(slopes(tg.logsumexp, [np.inf, 0.0, np.inf]), [0.5, 0, 0.5])


# Arguments -------------------------------------------------------------------------------------


def test_axes_may_be_numpy_integers_and_lists(backend: str) -> None:
    values = np.arange(6.0).reshape(1, 2, 3)
    one: Any = np.int64(-1)
    many = [np.int32(0), 2]
    for name in ("sum", "prod", "mean", "max", "min", "var", "std", "median"):
        function, oracle = getattr(tg, name), getattr(np, name)
        np.testing.assert_allclose(function(tg.Tensor(values), axis=one).numpy(),
                                   oracle(values, axis=-1))  # fmt: skip
        np.testing.assert_allclose(function(tg.Tensor(values), axis=many).numpy(),
                                   oracle(values, axis=(0, 2)))  # fmt: skip
        assert slopes(partial(function, axis=many), values).shape == values.shape
        assert slopes(partial(function, axis=one), values).shape == values.shape
    assert tg.argmax(tg.Tensor(values), axis=one).tolist() == [[2, 2]]
    assert tg.cumulative_sum(tg.Tensor(values), axis=one)[0, 1].tolist() == [3, 7, 12]


REDUCTIONS = ("sum", "prod", "mean", "max", "min", "logsumexp", "any", "all", "count_nonzero")


@pytest.mark.parametrize("name", [*REDUCTIONS, "var", "std", "median"])
def test_a_bad_axis_of_a_reduction_is_explained(name: str, backend: str) -> None:
    function: Any = getattr(tg, name)
    image, number = tg.ones((2, 3)), tg.Tensor(1.0)
    for bad in (True, 1.0, "0", (0, False), (0, None)):
        with pytest.raises(
            tg.DTypeError, match=rf"^{name}: cannot use x 'image' .*an axis is an integer, not"
        ):
            function(image, axis=bad)
    with pytest.raises(
        tg.IndexingError, match=rf"^{name}: .*'image'.*there is no axis 2; the tensor has 2 axes"
    ):
        function(image, axis=(0, 2))
    with pytest.raises(tg.IndexingError, match="there is no axis 0; the tensor has 0 axes"):
        function(number, axis=0)
    with pytest.raises(
        tg.ShapeError, match=rf"^{name}: .*shape \(2, 3\).*an axis is named twice in \(0, -2\)"
    ):
        function(image, axis=(0, -2))


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_a_bad_axis_of_argmax_is_explained(name: str, backend: str) -> None:
    function: Any = getattr(tg, name)
    row = tg.ones(2)
    for bad in (True, 1.0, (0,)):
        with pytest.raises(tg.DTypeError, match=f"^{name}: .*an axis is an integer, not"):
            function(row, axis=bad)
    with pytest.raises(
        tg.IndexingError, match=f"^{name}: .*'row'.*no axis -2; the tensor has 1 axis, number 0 or"
    ):
        function(row, axis=-2)


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin", "median"])
def test_complex_numbers_have_no_order(name: str, backend: str) -> None:
    z = tg.Tensor([1j, 2.0])
    with pytest.raises(
        tg.DTypeError,
        match=rf"^{name}: .*'z' \(complex64.*for real numbers only; take \.real, \.imag or",
    ):
        getattr(tg, name)(z)


@pytest.mark.parametrize("kept", ["no", 1, 0, None, np.True_], ids=repr)
@pytest.mark.parametrize(
    "name",
    [
        *("sum", "prod", "mean", "max", "min", "argmax", "argmin", "any", "all", "count_nonzero"),
        *("logsumexp", "var", "std", "median", "quantile"),
    ],
)
def test_axes_are_kept_only_on_a_clear_word(name: str, kept: Any, backend: str) -> None:
    function = partial(tg.quantile, q=0.5) if name == "quantile" else getattr(tg, name)
    x = tg.Tensor([[1.0, 2.0]])
    with pytest.raises(tg.DTypeError, match=f"{name}: .*keepdims is True or False, not "):
        function(x, axis=0, keepdims=kept)
    assert function(x, axis=0, keepdims=True).shape == (1, 2)


def test_bad_arguments_of_variance_and_scans_are_explained(backend: str) -> None:
    image, row, number = tg.ones((2, 3)), tg.ones(3), tg.Tensor(1.0)
    bad: Any
    for bad in (True, "1", None):
        with pytest.raises(tg.DTypeError, match=r"^var: correction must be a number, got"):
            tg.var(row, correction=bad)
    for scan in (tg.cumulative_sum, tg.cumulative_prod):
        name = scan.name
        with pytest.raises(
            tg.ShapeError, match=f"^{name}: .*'image'.*which of its 2 axes to run along is not said"
        ):
            scan(image)
        with pytest.raises(tg.ShapeError, match=f"^{name}: .*no axis to run along; reshape it to"):
            scan(number)
        with pytest.raises(tg.IndexingError, match=f"^{name}: .*there is no axis 2;"):
            scan(image, axis=2)
        for bad in (False, 1.0, (0,)):
            with pytest.raises(tg.DTypeError, match=f"^{name}: .*an axis is an integer, not"):
                scan(image, axis=bad)
    for bad in (True, 1.0):
        with pytest.raises(tg.DTypeError, match=r"^diff: n must be an integer, got"):
            tg.diff(row, n=bad)
    with pytest.raises(tg.ArgumentError, match=r"^diff: n must be at least 0, got -1"):
        tg.diff(row, n=-1)
    with pytest.raises(tg.DTypeError, match=r"call it as diff\(x, \*, axis=-1, n=1\)"):
        tg.diff(row, 2)  # type: ignore[call-arg]  # NumPy's second argument is another one
    with pytest.raises(tg.IndexingError, match=r"^diff: .*no axis -1; the tensor has 0 axes"):
        tg.diff(number)


# Speed -----------------------------------------------------------------------------------------


def test_gradients_of_long_scans_take_no_loop_over_elements() -> None:
    values = np.random.default_rng(0).uniform(0.9, 1.1, 100_000)
    values[[7, 70_000]] = 0
    start = time.perf_counter()
    found = slopes(tg.cumulative_prod, values)
    slopes(tg.prod, values)
    slopes(tg.cumulative_sum, values)
    assert time.perf_counter() - start < 1
    assert not found[70_001:].any()  # from the first 0 on, every product has it as a factor
    np.testing.assert_allclose(found[8], 0)
    np.testing.assert_allclose(found[7], np.cumprod(values[:7])[-1]
                               * (1 + np.cumprod(values[8:70_001]).sum()), rtol=1e-10)  # fmt: skip


# Notation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "python", "latex"),
    [
        ("prod", {}, "x.prod()", r"\prod x"),
        ("var", {"axis": 1, "correction": 1}, "x.var(axis=1, correction=1)",
         r"\operatorname{var}_{1, n - 1} x"),
        ("median", {"axis": (0, 1), "keepdims": True}, "median(x, axis=(0, 1), keepdims=True)",
         r"\operatorname{median}_{(0, 1) \to 1} x"),
        ("quantile_at", {"q": (0.5, 1.0), "axis": None, "keepdims": False},
         "quantile(x, q=(0.5, 1.0))", r"\operatorname{quantile}^{(0.5, 1.0)} x"),
        ("cumulative_sum", {"include_initial": True}, "cumulative_sum(x, include_initial=True)",
         r"\operatorname{cumsum}_{\mathrm{initial}} x"),
        ("diff", {"n": 2}, "diff(x, n=2)", r"\Delta^{2} x"),
        ("sort", {"axis": 0, "descending": True}, "sort(x, axis=0, descending=True)",
         r"\operatorname{sort}_{0, \mathrm{descending}} x"),
    ],
)  # fmt: skip
def test_only_what_differs_from_the_defaults_is_printed(
    name: str, settings: dict[str, Any], python: str, latex: str
) -> None:
    class Letter:
        def __format__(self, level: str) -> str:
            return "x"

    card: Any = primitives[name]
    fields = card.defaults | settings | {"x": Letter()}
    assert card.python(**fields).format(**fields) == python
    assert card.latex(**fields).format(**fields) == latex
