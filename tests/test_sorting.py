"""Sorts, medians and quantiles: who gets the gradient of equals, NaN, bad arguments."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg

WEIGHTS = np.array([1.0, 10.0, 100.0, 1000.0])
Values = npt.NDArray[Any]


def slopes(function: Callable[[tg.Tensor], tg.Tensor], values: Any, cotangent: Any) -> Any:
    """What arrives at the input of a cotangent of the result."""
    x = tg.Tensor(np.asarray(values, dtype=np.float64), requires_grad=True)
    return tg.gradients([function(x)], [x], [np.asarray(cotangent)])[0].tolist()


# Order -----------------------------------------------------------------------------------------


def test_orders_are_stable_in_both_directions(backend: str) -> None:
    for dtype in (np.float64, np.int8, np.uint8, np.bool_):
        x = tg.Tensor(np.array([1, 0, 1, 0, 1], dtype=dtype))
        assert tg.argsort(x).tolist() == [1, 3, 0, 2, 4]
        assert tg.argsort(x, descending=True).tolist() == [0, 2, 4, 1, 3]
        assert tg.argsort(x, stable=False).tolist() == [1, 3, 0, 2, 4]
        assert tg.sort(x, descending=True).tolist() == [1, 1, 1, 0, 0]
        assert tg.sort(x).dtype == dtype


def test_a_long_order_is_stable(backend: str) -> None:
    x = np.random.default_rng(0).integers(0, 3, 1000)
    expected = sorted(range(1000), key=x.tolist().__getitem__, reverse=True)
    assert tg.argsort(tg.Tensor(x), descending=True).tolist() == expected


def test_nan_is_larger_than_all_numbers(backend: str) -> None:
    x = tg.Tensor([np.nan, np.inf, 2.0, np.nan, -np.inf])
    assert tg.argsort(x).tolist() == [4, 2, 1, 0, 3]
    assert tg.argsort(x, descending=True).tolist() == [0, 3, 1, 2, 4]
    np.testing.assert_array_equal(tg.sort(x).numpy(), [-np.inf, 2, np.inf, np.nan, np.nan])
    values, indices = tg.topk(x, 3)
    np.testing.assert_array_equal(values.numpy(), [np.nan, np.nan, np.inf])
    assert indices.tolist() == [0, 3, 1]


def test_equal_elements_get_the_gradient_of_the_place_they_went_to(backend: str) -> None:
    values = [2.0, 1.0, 2.0, 1.0]
    assert slopes(tg.sort, values, WEIGHTS) == [100, 1, 1000, 10]
    falling = slopes(lambda x: tg.sort(x, descending=True), values, WEIGHTS)
    assert falling == [1, 100, 10, 1000]
    rows = slopes(lambda x: tg.sort(x, axis=0), np.array([values] * 2).T, np.array([WEIGHTS] * 2).T)
    assert rows == np.array([[100, 1, 1000, 10]] * 2).T.tolist()
    best = slopes(lambda x: tg.topk(x, 3)[0], values, WEIGHTS[:3])
    assert best == [1, 100, 10, 0]
    assert slopes(tg.sort, [np.nan, 1.0, np.nan, 0.0], WEIGHTS) == [100, 10, 1000, 1]


def test_a_gradient_of_sort_can_be_differentiated(backend: str) -> None:
    x = tg.Tensor([3.0, 1.0, 2.0], requires_grad=True)
    (g,) = tg.gradients([(tg.sort(x) ** 3 * tg.Tensor([1.0, 10.0, 100.0])).sum()], [x],
                        create_graph=True)  # fmt: skip
    assert g.tolist() == [2700, 3, 120]
    assert tg.gradients([g], [x], [np.ones(3, dtype="f4")])[0].tolist() == [1800, 6, 120]


# Medians and quantiles -------------------------------------------------------------------------


def test_the_middle_of_the_stable_order_gets_the_gradient_of_a_median(backend: str) -> None:
    assert slopes(tg.median, [3.0, 1.0, 2.0], 1.0) == [0, 0, 1]
    assert slopes(tg.median, [2.0, 2.0, 2.0], 1.0) == [0, 1, 0]
    assert slopes(tg.median, [4.0, 1.0, 2.0, 3.0], 1.0) == [0, 0, 0.5, 0.5]
    assert slopes(tg.median, [2.0, 2.0, 2.0, 2.0], 1.0) == [0, 0.5, 0.5, 0]
    both = slopes(lambda x: tg.median(x, axis=(1, 0)), [[3.0, 3.0], [3.0, 0.0]], 1.0)
    assert both == [[0.5, 0.5], [0, 0]]


def test_a_quantile_hands_its_gradient_on_by_its_weights(backend: str) -> None:
    values = [4.0, 0.0, 2.0, 0.0, 3.0]
    assert slopes(lambda x: tg.quantile(x, 0.0), values, 1.0) == [0, 1, 0, 0, 0]
    assert slopes(lambda x: tg.quantile(x, 0.25), values, 1.0) == [0, 0, 0, 1, 0]
    assert slopes(lambda x: tg.quantile(x, 1), values, 1.0) == [1, 0, 0, 0, 0]
    np.testing.assert_allclose(slopes(lambda x: tg.quantile(x, 0.65), values, 1.0),
                               [0, 0, 0.4, 0, 0.6])  # fmt: skip
    several = slopes(lambda x: tg.quantile(x, [0, 0.65, 0.75]), values, [1.0, 10.0, 100.0])
    np.testing.assert_allclose(several, [0, 1, 4, 0, 106])


def test_nan_reaches_the_medians_and_quantiles_of_its_row_alone(backend: str) -> None:
    rows = tg.Tensor([[1.0, np.nan, 2.0], [3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(tg.median(rows, axis=1).numpy(), [np.nan, 2])
    np.testing.assert_array_equal(tg.quantile(rows, [0, 1], axis=1).numpy(),
                                  [[np.nan, 1], [np.nan, 3]])  # fmt: skip


def test_infinities_among_middle_elements_do_not_cancel(backend: str) -> None:
    rows = tg.Tensor([[np.inf, 1.0], [np.inf, np.inf], [-np.inf, -np.inf], [0.0, -np.inf]])
    expected = [np.inf, np.inf, -np.inf, -np.inf]
    assert tg.median(rows, axis=1).tolist() == expected
    assert tg.quantile(rows, 0.3, axis=1).tolist() == expected


def test_a_quantile_of_equal_elements_is_that_element_to_the_bit(backend: str) -> None:
    x = tg.Tensor(np.full(3, 0.1))
    assert tg.quantile(x, 0.1).item() == 0.1
    assert tg.quantile(x, np.linspace(0, 1, 11)).tolist() == [0.1] * 11


@pytest.mark.parametrize("q", [0, 0.35, np.float32(0.5), [0.1, 1], (0.5,), np.array([0.2, 0.4])])
def test_quantiles_take_numbers_and_flat_sequences(q: Any, backend: str) -> None:
    values = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in (None, 1, (0, -1)):
        for kept in (False, True):
            found = tg.quantile(tg.Tensor(values), q, axis, keepdims=kept)
            expected = np.quantile(values, q, axis, keepdims=kept)
            assert found.shape == expected.shape
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)


# Arguments -------------------------------------------------------------------------------------


def test_a_bad_q_is_explained(backend: str) -> None:
    x = tg.ones(3)
    bad: Any
    for bad in (1.5, -0.1, float("nan"), [0.5, 2]):
        with pytest.raises(tg.ArgumentError, match=r"^quantile: q must be between 0 and 1, got"):
            tg.quantile(x, bad)
    for bad in (True, "0.5", None, [[0.5]], tg.Tensor(0.5), np.array([[0.5]])):
        with pytest.raises(
            tg.DTypeError, match=r"^quantile: q must be a number or a flat list of numbers, got"
        ):
            tg.quantile(x, bad)
    with pytest.raises(tg.ArgumentError, match=r"^quantile: q is empty; give at least one"):
        tg.quantile(x, [])
    with pytest.raises(
        tg.IndexingError, match=r"^quantile: .*'x'.*there is no axis 1; the tensor has 1"
    ):
        tg.quantile(x, 0.5, axis=1)
    with pytest.raises(tg.DTypeError, match=r"^quantile: .*an axis is an integer, not True"):
        tg.quantile(x, 0.5, axis=True)


@pytest.mark.parametrize("name", ["sort", "argsort", "topk"])
def test_a_bad_axis_of_a_sort_is_explained(name: str, backend: str) -> None:
    image, number, z = tg.ones((2, 3)), tg.Tensor(1.0), tg.Tensor([1j, 2.0])
    arguments = {"k": 1} if name == "topk" else {}
    function: Any = getattr(tg, name)
    for bad in (None, True, 1.0, (0,)):
        with pytest.raises(tg.DTypeError, match=f"^{name}: .*an axis is an integer, not"):
            function(image, axis=bad, **arguments)
    with pytest.raises(
        tg.IndexingError, match=rf"^{name}: .*'image'.*there is no axis -3; the tensor has 2 axes"
    ):
        function(image, axis=-3, **arguments)
    with pytest.raises(tg.IndexingError, match="there is no axis -1; the tensor has 0 axes"):
        function(number, **arguments)
    with pytest.raises(tg.DTypeError, match=f"^{name}: .*'z'.*defined for real numbers only"):
        function(z, **arguments)


def test_a_bad_k_is_explained(backend: str) -> None:
    x = tg.ones((2, 3))
    for k in (4, -1):
        with pytest.raises(
            tg.ArgumentError,
            match=f"^topk: k must be between 0 and 3, the length of axis 1, got {k}",
        ):
            tg.topk(x, k, axis=1)
    bad: Any
    for bad in (True, 1.0, None):
        with pytest.raises(tg.DTypeError, match=r"^topk: k must be an integer, got"):
            tg.topk(x, bad)
    three: Any = np.int64(3)
    values, indices = tg.topk(x, three, axis=three - 2)
    assert values.shape == indices.shape == (2, 3)


# Speed -----------------------------------------------------------------------------------------


def test_gradients_of_long_sorts_take_no_loop_over_elements() -> None:
    values = np.random.default_rng(0).normal(size=100_000)
    weights = np.arange(100_000.0)
    start = time.perf_counter()
    found = slopes(tg.sort, values, weights)
    slopes(tg.median, values, 1.0)
    assert time.perf_counter() - start < 1
    assert found == np.argsort(np.argsort(values)).tolist()
