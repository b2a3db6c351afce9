"""Samples of arrays: numbers, block means, extremes, and what is not a finite number."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrok as tg
from tensorgrok.registry import get_backend
from tensorgrok.views.sampling import NUMBERS, coarsen, fold, sample, scale, transpose
from tensorgrok.views.stacks import Sample

NUMPY = get_backend("numpy")


def block_means(matrix: npt.NDArray[Any], rows: int, columns: int) -> npt.NDArray[Any]:
    """The oracle: one mean at a time, over NumPy's own split into equal parts."""
    means: npt.NDArray[Any] = np.array(
        [
            [block.mean(dtype=np.float64) for block in np.array_split(band, columns, axis=1)]
            for band in np.array_split(matrix, rows, axis=0)
        ]
    )
    return means


def taken_on(backend: str, numbers: npt.NDArray[Any], *limits: int | None) -> Sample:
    """The sample of an array on a backend by name."""
    found = get_backend(backend)
    return sample(found.asarray(numbers), found, *limits)


class Counting:
    """NumPy's backend, with a count of the numbers that are brought to the host."""

    def __init__(self) -> None:
        self.xp, self.counted = NUMPY.xp, 0

    def to_numpy(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        self.counted += array.size
        return NUMPY.to_numpy(array)

    def item(self, array: npt.NDArray[Any]) -> Any:
        self.counted += array.size
        return NUMPY.item(array)


def test_small_arrays_are_shown_number_by_number(backend: str) -> None:
    matrix = np.arange(12.0).reshape(3, 4) - 5
    taken = taken_on(backend, matrix)
    assert taken.exact
    assert taken.values.dtype == np.float64
    assert taken.values.tolist() == matrix.tolist()
    assert (taken.low, taken.high, taken.block, taken.strange) == (-5.0, 6.0, (1, 1), 0)


def test_large_arrays_become_means_of_blocks(backend: str) -> None:
    matrix = np.random.default_rng(0).normal(size=(301, 47))
    taken = taken_on(backend, matrix, 20, 10)
    assert not taken.exact
    np.testing.assert_allclose(taken.values, block_means(matrix, 20, 10), rtol=1e-12)
    assert (taken.low, taken.high) == (matrix.min(), matrix.max())
    assert taken.block == (16, 5)  # the largest of those with 15 or 16 rows and 4 or 5 columns


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(1, 24),
    st.integers(1, 24),
)
def test_blocks_cover_the_array_evenly(rows: int, columns: int, high: int, wide: int) -> None:
    matrix = np.random.default_rng(rows).normal(size=(rows, columns))
    taken = sample(matrix, NUMPY, high, wide)
    assert taken.values.shape == (min(rows, high), min(columns, wide))
    np.testing.assert_allclose(taken.values, block_means(matrix, *taken.values.shape), atol=1e-12)


@pytest.mark.parametrize("shape", [(784, 100), (1, 10_000), (10_000, 1), (3, 200_000), (601, 1)])
def test_few_numbers_come_to_the_host(shape: tuple[int, int]) -> None:
    counting = Counting()
    taken = sample(np.ones(shape), counting)  # type: ignore[arg-type]  # all that it uses
    assert taken.values.size <= NUMBERS
    assert counting.counted == taken.values.size + 2
    assert (taken.values == 1).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "int64", "uint8", "bool"])
def test_every_real_dtype_is_shown_as_float64(backend: str, dtype: str) -> None:
    matrix = (np.arange(1500).reshape(30, 50) % 3 != 0).astype(dtype)
    for limits in ((None, None), (5, 7)):
        taken = taken_on(backend, matrix, *limits)
        assert taken.values.dtype == np.float64
        expected = block_means(matrix, *taken.values.shape)
        np.testing.assert_allclose(taken.values, expected, rtol=2e-3)  # a half has 11 bits
        assert (taken.low, taken.high, taken.part) == (0.0, 1.0, "")


def test_means_of_halves_do_not_overflow() -> None:
    taken = sample(np.full((600, 600), 60_000, np.float16), NUMPY)
    assert not taken.exact
    np.testing.assert_allclose(taken.values, 60_000, rtol=1e-3)


def test_complex_numbers_show_their_magnitude(backend: str) -> None:
    taken = taken_on(backend, np.array([[3 + 4j, -2j]]))
    assert taken.values.tolist() == [[5.0, 2.0]]
    assert (taken.low, taken.high, taken.part) == (2.0, 5.0, "magnitude")


def test_what_is_not_finite_is_shown_and_does_not_count_as_an_extreme(backend: str) -> None:
    matrix = np.array([[1.0, math.nan, -3.0], [math.inf, 2.0, -math.inf]])
    taken = taken_on(backend, matrix)
    np.testing.assert_array_equal(taken.values, matrix)
    assert (taken.low, taken.high, taken.strange) == (-3.0, 2.0, 3)


def test_a_nan_stays_in_its_block(backend: str) -> None:
    matrix = np.ones((40, 40))
    matrix[0, 0], matrix[39, 39], matrix[20, 20:22] = math.nan, math.inf, (math.inf, -math.inf)
    taken = taken_on(backend, matrix, 4, 4)
    expected = np.ones((4, 4))
    expected[0, 0], expected[3, 3], expected[2, 2] = math.nan, math.inf, math.nan
    np.testing.assert_array_equal(taken.values, expected)
    assert (taken.low, taken.high, taken.strange) == (1.0, 1.0, 4)


def test_nothing_finite_has_no_extremes() -> None:
    taken = sample(np.full((2, 2), math.nan), NUMPY)
    assert math.isnan(taken.low)
    assert math.isnan(taken.high)
    assert taken.strange == 4


@pytest.mark.parametrize(
    ("shape", "drawn", "copies"),
    [
        ((), (1, 1), 1),
        ((5,), (1, 5), 1),
        ((2, 3), (2, 3), 1),
        ((4, 2, 3), (2, 3), 4),
        ((2, 3, 4, 5), (4, 5), 6),
    ],
)
def test_any_number_of_axes(
    backend: str, shape: tuple[int, ...], drawn: tuple[int, int], copies: int
) -> None:
    numbers = np.arange(math.prod(shape), dtype=float).reshape(shape)
    assert fold(shape) == (drawn, copies)
    taken = taken_on(backend, numbers)
    assert taken.values.tolist() == numbers.reshape(-1, *drawn)[0].tolist()  # the first matrix
    assert (taken.low, taken.high) == (0.0, numbers.size - 1)  # of all of them


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0), (0, 2, 3), (3, 0, 5)])
def test_nothing_to_show(shape: tuple[int, ...]) -> None:
    taken = sample(np.zeros(shape), NUMPY)
    assert taken.values.size == 0
    assert taken.values.ndim == 2
    assert math.isnan(taken.low)
    assert coarsen(taken, 1, 1) is taken


def test_coarsening_takes_means_of_numbers_and_leaves_means() -> None:
    matrix = np.random.default_rng(2).normal(size=(20, 30))
    exact = sample(matrix, NUMPY)
    coarse = coarsen(exact, 6, 7)
    np.testing.assert_allclose(coarse.values, block_means(matrix, 6, 7))
    assert (coarse.exact, coarse.block) == (False, (4, 5))
    assert coarsen(coarse, 2, 2) is coarse
    assert coarsen(exact, 99, 99) is exact


def test_the_transpose_of_a_sample() -> None:
    taken = sample(np.arange(6000.0).reshape(60, 100), NUMPY, 10, 20)
    turned = transpose(taken)
    assert turned.values.tolist() == taken.values.T.tolist()
    assert (taken.block, turned.block) == ((6, 5), (5, 6))


def test_lengths_are_exact_up_to_eight_and_always_grow() -> None:
    lengths = [scale(count) for count in range(3000)]
    assert lengths[:9] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert all(first < second for first, second in itertools.pairwise(lengths))
    assert scale(16) == pytest.approx(8 * 1.17)


def test_limits_that_make_no_sense() -> None:
    with pytest.raises(tg.ArgumentError, match="sample: rows_limit must be at least 1, got 0"):
        sample(np.ones((2, 2)), NUMPY, 0, 1)
    with pytest.raises(tg.ArgumentError, match=r"allow 900 numbers; at most 600 come to the host"):
        sample(np.ones((50, 50)), NUMPY, 30, 30)


def test_one_limit_leaves_the_other_axis_what_is_left() -> None:
    assert sample(np.ones((500, 500)), NUMPY, 5).values.shape == (5, 120)
    assert sample(np.ones((500, 500)), NUMPY, None, 300).values.shape == (2, 300)


def test_samples_are_compared_by_identity() -> None:
    first: Sample = sample(np.ones((2, 2)), NUMPY)
    assert first == first
    assert first != sample(np.ones((2, 2)), NUMPY)
