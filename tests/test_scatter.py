"""Scattering with the NumPy backend: what any key reads is where values go, and fast enough."""

from __future__ import annotations

import timeit
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from tensorgrok_numpy import _scatter

import tensorgrok as tg
from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend

Arrays = npt.NDArray[Any]


@pytest.fixture
def under_test() -> Backend:
    return get_backend("numpy")


def added_one_by_one(table: Arrays, key: Any, values: Arrays) -> Arrays:
    """Oracle: find the flat place of each element that the key reads, and add there in a loop."""
    places = np.arange(table.size).reshape(table.shape)[key]
    result = np.array(table).reshape(-1)
    spread = np.broadcast_to(values, np.shape(places))
    for place, value in zip(np.ravel(places), np.ravel(spread), strict=True):
        result[place] += value
    return result.reshape(table.shape)


def ints(*items: Any) -> Arrays:
    return np.asarray(items, dtype=np.intp)


MASK = np.array([[True, False, True], [False, True, True]])
KEYS: list[tuple[str, tuple[int, ...], Any]] = [
    ("rows", (4, 3), (ints(0, 2, 0, -1),)),
    ("rows, not in a tuple", (4, 3), ints(0, 2, 0)),
    ("a table of rows", (4, 3), (ints([0, 1], [1, -4]),)),
    ("one row by a 0-d array", (4, 3), (np.array(2),)),
    ("no rows", (4, 3), (ints(),)),
    ("rows of nothing", (4, 0), (ints(1, 1),)),
    ("rows of several axes", (3, 2, 2), (ints(2, 2),)),
    ("rows, then all", (4, 3), (ints(1, 1), ...)),
    ("columns", (4, 3), (slice(None), ints(1, 1))),
    ("columns, backwards", (4, 3), (slice(None, None, -1), ints(1, -2))),
    ("a single column, backwards", (2, 1), (slice(None, None, -2), ints(0, 0))),
    ("columns of some rows", (5, 3), (slice(1, 5, 2), ints(0, 0, 2))),
    ("columns of no rows", (5, 3), (slice(3, 3), ints(0, 0))),
    ("in the middle", (2, 4, 3), (slice(None), ints(1, 1), slice(0, 2))),
    ("at the end", (2, 2, 3), (..., ints(1, 1))),
    ("a table in the middle", (2, 4, 3), (slice(None), ints([1, 1], [0, 3]))),
    ("pairs", (4, 3), (ints(1, 1, -1), ints(0, 0, 2))),
    ("pairs that broadcast", (4, 3), (ints([1], [1]), ints(0, 0, 2))),
    ("pairs in the middle", (2, 4, 3, 2), (slice(None), ints(1, 1), ints(0, -3))),
    ("apart", (4, 2, 3), (ints(1, 1), slice(None), ints(0, 0))),
    ("apart, behind a slice", (2, 4, 2, 3), (slice(None), ints(1, 1), slice(None), ints(0, 0))),
    ("an integer beside", (4, 3, 2), (ints(1, 1), 0)),
    ("an integer before", (4, 3, 2), (-1, ints(1, 1))),
    ("an integer apart", (4, 3, 2), (0, slice(None), ints(1, 1))),
    ("an integer after a slice", (4, 3, 2), (slice(1, 3), -1, ints(1, 1))),
    ("a new axis before", (4, 3), (None, ints(1, 1))),
    ("a new axis between", (4, 3), (ints(1, 1), None, ints(0, 0))),
    ("new axes around", (4, 3), (None, slice(None), ints(1, 1), None)),
    ("a mask beside", (3, 4), (np.array([True, False, True]), ints(1, 1))),
    ("a mask of two axes beside", (2, 3, 4), (MASK, ints(1, 1, 0, 1))),
    ("a mask apart", (3, 2, 4), (np.array([True, False, True]), slice(None), ints(1, 1))),
    ("a mask without axes", (4, 3), (np.array(True), ints(1, 1))),
    ("small unsigned", (300, 2), (np.array([255, 255], np.uint8),)),
    ("large unsigned", (3, 2), (np.array([2, 2], np.uint64),)),
    ("small unsigned among others", (2, 300), (slice(None), np.array([255, 255], np.uint8))),
    ("integers of NumPy", (4, 3), (np.int64(1), ints(1, 1))),
    ("places in pieces", (9, 2), (ints(*range(9), 8, 8, 8)[::-2],)),
]
named = pytest.mark.parametrize(("shape", "key"), [k[1:] for k in KEYS], ids=[k[0] for k in KEYS])


@named
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.complex128, np.int32])
@pytest.mark.parametrize("block", [1, 4, _scatter.BLOCK])
def test_values_are_added_as_often_as_their_place_is_named(
    under_test: Backend,
    shape: tuple[int, ...],
    key: Any,
    dtype: Any,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_scatter, "BLOCK", block)
    random = np.random.default_rng(0)
    table = random.integers(-4, 5, shape).astype(dtype)
    values = random.integers(-4, 5, np.shape(table[key])).astype(dtype)
    before = table.copy()
    found = under_test.scatter_add(table, key, values)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, added_one_by_one(table, key, values))
    np.testing.assert_array_equal(table, before)


@named
def test_values_that_broadcast_are_added_everywhere(
    under_test: Backend, shape: tuple[int, ...], key: Any
) -> None:
    table = np.zeros(shape)
    read = np.shape(table[key])
    for values in (
        np.asarray(2.0),
        np.full(read[-1:], 3.0),
        np.broadcast_to(np.asarray(2.5), read),
        np.full((1, 1, *read), 4.0),
    ):
        found = under_test.scatter_add(table, key, values)
        plain = values.reshape(read) if values.ndim > len(read) else values
        np.testing.assert_array_equal(found, added_one_by_one(table, key, plain))


@named
def test_tables_in_any_layout_give_the_same(
    under_test: Backend, shape: tuple[int, ...], key: Any
) -> None:
    table = np.random.default_rng(0).integers(0, 9, shape).astype(float)
    values = np.ones(np.shape(table[key]))
    expected = added_one_by_one(table, key, values)
    for other in (np.asfortranarray(table), np.repeat(table, 2, axis=0)[::2], table[::-1][::-1]):
        found = under_test.scatter_add(other, key, values)
        np.testing.assert_array_equal(found, expected)
        assert not np.shares_memory(found, other)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_key_of_numpy_reads_where_values_go(data: st.DataObject) -> None:
    shape = data.draw(npst.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    parts: list[Any] = []
    lengths = iter(shape)
    count = data.draw(st.integers(1, 3))
    for length in lengths:
        kind = data.draw(st.sampled_from(["array", "slice", "integer", "mask", "new", "stop"]))
        if kind == "stop":
            break
        if kind == "array":
            places = st.integers(-length, length - 1)
            parts.append(np.asarray(data.draw(st.lists(places, min_size=count, max_size=count))))
        elif kind == "slice":
            parts.append(data.draw(st.slices(length)))
        elif kind == "integer":
            parts.append(data.draw(st.integers(-length, length - 1)))
        elif kind == "mask":
            parts.append(np.arange(length) == data.draw(st.integers(0, length - 1)))
        else:
            parts += [None, slice(None)]
    key = tuple(parts)
    table = np.arange(np.prod(shape), dtype=float).reshape(shape)
    values = np.arange(1.0, 1.0 + table[key].size).reshape(np.shape(table[key]))
    found = get_backend("numpy").scatter_add(table, key, values)
    np.testing.assert_array_equal(found, added_one_by_one(table, key, values))


def test_sums_of_one_place_are_in_the_order_of_the_key(under_test: Backend) -> None:
    """So results do not change from run to run, nor with the size of the blocks."""
    values = np.array([[1e8], [1.0], [-1e8], [1.0]], np.float32)
    found = under_test.scatter_add(np.zeros((2, 1), np.float32), (ints(1, 1, 1, 1),), values)
    np.testing.assert_array_equal(found, [[0], [1]])


@pytest.mark.parametrize(
    ("key", "match"),
    [
        ((ints(0, 4),), "index 4 is out of bounds for axis 0 with size 4"),
        ((ints(-5, 0),), "index -5 is out of bounds for axis 0 with size 4"),
        ((slice(None), ints(3)), "index 3 is out of bounds for axis 1 with size 3"),
        ((ints(0), ints(-4)), "index -4 is out of bounds for axis 1 with size 3"),
        ((ints(0), ints(0), ints(0)), "too many indices for array"),
        ((np.array([True, False]), ints(0)), "boolean index did not match"),
        ((..., ints(0), ...), "an index can only have a single ellipsis"),
    ],
)
def test_keys_outside_the_table_are_refused(under_test: Backend, key: Any, match: str) -> None:
    table = np.zeros((4, 3))
    with pytest.raises(IndexError, match=match):
        under_test.scatter_add(table, key, np.zeros((2, 3)))
    with pytest.raises(IndexError, match=match):
        under_test.scatter_add(table, key, np.zeros(()))


@pytest.mark.parametrize("far", [np.iinfo(np.int64).min, np.iinfo(np.int64).max, 2**62, -(2**60)])
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 16), (0, 16), (0,)])
def test_indices_far_outside_do_not_wrap_around(
    under_test: Backend, shape: tuple[int, ...], far: int
) -> None:
    """Such as NaN cast to integers, which is the least of them."""
    for key in ((ints(far, 0),), (ints(far, 0), ...), (ints([far], [0]), None)):
        values = np.ones(np.shape(np.zeros((4, *shape[1:]))[(key[0] * 0, *key[1:])]))
        with pytest.raises(IndexError, match=f"index {far} is out of bounds for axis 0 with size"):
            under_test.scatter_add(np.zeros(shape), key, values)


def test_values_that_do_not_fit_are_refused(under_test: Backend) -> None:
    with pytest.raises(ValueError, match="could not be broadcast together"):
        under_test.scatter_add(np.zeros((4, 3)), (ints(0, 1),), np.zeros((3, 3)))


@pytest.mark.parametrize("value", [0.0, -0.0, 2.0, np.nan])
def test_a_table_of_one_number_needs_no_memory(under_test: Backend, value: float) -> None:
    table = np.broadcast_to(np.float32(value), (3, 2))
    for scatter in (under_test.scatter_add, under_test.scatter_set):
        found = scatter(table, (ints(1, 1),), np.ones((2, 2), np.float32))
        expected = scatter(np.array(table), (ints(1, 1),), np.ones((2, 2), np.float32))
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))
        assert found.dtype == np.float32
        assert found.flags.writeable


def test_gradient_of_an_embedding_adds_up(backend: str) -> None:
    table = tg.Tensor(np.ones((5, 2)), requires_grad=True)
    table[np.array([[1, 1], [4, -4]])].sum().backward()
    assert table.grad is not None
    np.testing.assert_array_equal(table.grad.numpy()[:, 0], [0, 3, 0, 0, 1])


@pytest.mark.parametrize("width", [1, 16, 64])
def test_gradient_of_an_embedding_costs_no_more_than_counting(
    under_test: Backend, width: int
) -> None:
    """``numpy.add.at`` on rows takes three to four times as long as this limit's reference."""
    random = np.random.default_rng(0)
    places = random.integers(0, 1000, 20_000)
    values = random.random((20_000, width)).astype(np.float32)

    def count() -> Arrays:
        flat = (places[:, None] * width + np.arange(width)).reshape(-1)
        total = np.bincount(flat, weights=values.reshape(-1), minlength=1000 * width)
        return total.reshape(1000, width).astype(np.float32)

    def scatter() -> Arrays:
        found: Arrays = under_test.scatter_add(
            np.zeros((1000, width), np.float32), (places,), values
        )
        return found

    np.testing.assert_allclose(scatter(), count(), rtol=1e-4)
    ratios = []
    for _ in range(5):
        one, two = (min(timeit.repeat(f, number=1, repeat=3)) for f in (scatter, count))
        ratios.append(one / two)
    assert min(ratios) < 3
