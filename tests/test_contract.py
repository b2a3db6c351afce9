"""The backend contract, on the shipped backend and on a bare subclass of the base class."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import registry
from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend
from tensorgrok.vocabulary import CONTRACT, STANDARD, VOCABULARY
from tests.plain import PlainBackend

DTYPES = [np.float32, np.float64, np.complex128]
Arrays = npt.NDArray[Any]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bare subclass is registered for the length of a test."""
    monkeypatch.setattr(registry, "_factories", registry._factories | {"plain": PlainBackend})
    monkeypatch.setattr(registry, "_made", dict(registry._made))


@pytest.fixture(params=["numpy", "plain"])
def under_test(request: pytest.FixtureRequest, _plain: None) -> Backend:
    return get_backend(request.param)


def draw(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Arrays:
    random = np.random.default_rng(seed)
    values = random.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * random.normal(size=shape)
    if np.dtype(dtype).kind == "i":
        values = np.round(values * 8)
    return np.asarray(values, dtype=dtype)


def outer_sum(x: Arrays, g: Arrays) -> Arrays:
    """Oracle of ``vecmat_dw``: the outer product, summed over all leading axes."""
    lead = list(range(x.ndim - 1))
    return np.tensordot(x, g, axes=(lead, lead))


def tolerance(dtype: Any) -> float:
    return 1e-5 if np.dtype(dtype).itemsize == 4 else 1e-12


# The contract: vector-matrix products ----------------------------------------------------------

LEADS = [(), (1,), (5,), (2, 3), (2, 1, 3)]
SIZES = [(4, 3), (1, 3), (4, 1), (1, 1)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("lead", LEADS)
def test_the_three_products_are_sums_over_one_axis(
    under_test: Backend, lead: tuple[int, ...], sizes: tuple[int, int], dtype: Any
) -> None:
    inputs, outputs = sizes
    x, w = draw((*lead, inputs), dtype, 1), draw(sizes, dtype, 2)
    g = draw((*lead, outputs), dtype, 3)
    cases = [
        (under_test.vecmat(x, w), np.einsum("...k,km->...m", x, w)),
        (under_test.vecmat_dx(g, w), np.einsum("...m,km->...k", g, w)),
        (under_test.vecmat_dw(x, g), outer_sum(x, g)),
    ]
    for found, expected in cases:
        assert under_test.owns(found)
        assert found.dtype == dtype
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=tolerance(dtype), atol=tolerance(dtype))


@pytest.mark.parametrize("inputs", [0, 2])
@pytest.mark.parametrize("outputs", [0, 3])
@pytest.mark.parametrize("lead", [(), (0,), (4,), (2, 0), (2, 3)])
def test_the_three_products_take_axes_of_length_0(
    under_test: Backend, lead: tuple[int, ...], inputs: int, outputs: int
) -> None:
    x, w, g = np.ones((*lead, inputs)), np.ones((inputs, outputs)), np.ones((*lead, outputs))
    np.testing.assert_array_equal(under_test.vecmat(x, w), np.full(g.shape, float(inputs)))
    np.testing.assert_array_equal(under_test.vecmat_dx(g, w), np.full(x.shape, float(outputs)))
    rows = float(np.prod(lead))
    np.testing.assert_array_equal(under_test.vecmat_dw(x, g), np.full(w.shape, rows))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lead", [(), (6,), (2, 3)])
def test_the_three_products_read_operands_in_any_memory_layout(
    under_test: Backend, lead: tuple[int, ...], dtype: Any
) -> None:
    x = draw((*lead, 8), dtype, 1)[..., ::-2]
    w = draw((3, 4), dtype, 2).T
    g = draw((3, *lead[::-1]), dtype, 3).T
    assert not w.flags.c_contiguous
    np.testing.assert_allclose(
        under_test.vecmat(x, w), np.einsum("...k,km->...m", x, w), rtol=tolerance(dtype) * 10
    )
    np.testing.assert_allclose(
        under_test.vecmat_dx(g, w), np.einsum("...m,km->...k", g, w), rtol=tolerance(dtype) * 10
    )
    np.testing.assert_allclose(
        under_test.vecmat_dw(x, g), outer_sum(x, g), rtol=tolerance(dtype) * 10
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lead", [(), (1,), (6,), (2, 3)])
def test_the_three_products_write_into_out_and_return_it(
    under_test: Backend, lead: tuple[int, ...], dtype: Any
) -> None:
    x, w, g = draw((*lead, 4), dtype, 1), draw((4, 3), dtype, 2), draw((*lead, 3), dtype, 3)
    before = [x.copy(), w.copy(), g.copy()]
    calls: list[tuple[Any, Arrays, Arrays]] = [
        (under_test.vecmat, x, w),
        (under_test.vecmat_dx, g, w),
        (under_test.vecmat_dw, x, g),
    ]
    for product, first, second in calls:
        expected = product(first, second)
        out = np.full(expected.shape, np.nan, dtype=dtype)
        assert product(first, second, out=out) is out
        np.testing.assert_array_equal(out, expected)
    for array, copy in zip((x, w, g), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_a_large_outer_product_is_that_of_numpy(under_test: Backend) -> None:
    x, g = draw((2100,), np.float32, 1), draw((2100,), np.float32, 2)
    expected = np.multiply.outer(x, g)
    np.testing.assert_array_equal(under_test.vecmat_dw(x, g), expected)
    out = np.empty_like(expected)
    assert under_test.vecmat_dw(x[None, :], g[None, :], out=out) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("lead", [(), (5,), (2, 3)])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (-0.5, 1.0), (2.0, 0.25), (0.0, 3.0)])
def test_rank_update_scales_and_adds_an_outer_product(
    under_test: Backend, lead: tuple[int, ...], alpha: float, beta: float
) -> None:
    x, g, w = draw((*lead, 4), float, 1), draw((*lead, 3), float, 2), draw((4, 3), float, 3)
    expected = beta * w + alpha * outer_sum(x, g)
    found = under_test.rank_update(w.copy(), x, g, alpha, beta)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_rank_update_with_beta_0_does_not_read_the_old_values(under_test: Backend) -> None:
    x, g = draw((4,), float, 1), draw((3,), float, 2)
    found = under_test.rank_update(np.full((4, 3), np.nan), x, g, alpha=2.0, beta=0.0)
    np.testing.assert_allclose(found, 2 * np.multiply.outer(x, g), rtol=1e-12)


def test_rank_update_keeps_the_dtype(under_test: Backend) -> None:
    x, g, w = (draw(shape, np.float32) for shape in ((4,), (3,), (4, 3)))
    assert under_test.rank_update(w, x, g, alpha=-0.1).dtype == np.float32


# The contract: scattering ----------------------------------------------------------------------

KEYS: list[tuple[str, tuple[int, ...], Any]] = [
    ("an integer", (4,), (2,)),
    ("a negative integer", (4, 3), (-1,)),
    ("integers for every axis", (4, 3), (1, 2)),
    ("a slice", (6,), (slice(1, 5, 2),)),
    ("a slice backwards", (6,), (slice(None, None, -1),)),
    ("an empty slice", (6,), (slice(3, 3),)),
    ("None", (4,), (None, slice(1, 3))),
    ("an ellipsis", (2, 3, 4), (..., 1)),
    ("an ellipsis alone", (2, 3), (...,)),
    ("nothing", (2, 3), ()),
    ("integers of a 0-d table", (), (...,)),
    ("different places", (5,), (np.array([3, 0, 4]),)),
    ("repeated places", (5,), (np.array([1, 1, 3, 1]),)),
    ("repeated negative places", (5,), (np.array([-1, 4, -1]),)),
    ("a table of places", (5, 2), (np.array([[0, 1], [1, 1]]),)),
    ("pairs of places", (4, 3), (np.array([0, 0, 3]), np.array([1, 1, 2]))),
    ("places and a slice", (4, 3), (slice(None), np.array([2, 2]))),
    ("places around a slice", (3, 4, 2), (np.array([0, 0]), slice(1, 3), np.array([1, 1]))),
    ("no places", (5,), (np.array([], dtype=np.int64),)),
    ("small unsigned places", (5,), (np.array([2, 2], dtype=np.uint8),)),
    ("a mask", (5,), (np.array([True, False, True, False, False]),)),
    ("a mask of rows", (3, 2), (np.array([True, False, True]),)),
    ("a mask of everything", (2, 2), (np.array([[True, False], [True, True]]),)),
    ("a mask of nothing", (3,), (np.zeros(3, dtype=bool),)),
    ("a table without elements", (0, 3), (slice(None), 1)),
]
named = pytest.mark.parametrize(("shape", "key"), [k[1:] for k in KEYS], ids=[k[0] for k in KEYS])


def added_one_by_one(table: Arrays, key: Any, values: Arrays) -> Arrays:
    """Oracle: find the flat place of each element that the key reads, and add there in a loop."""
    places = np.arange(table.size).reshape(table.shape)[key]
    result = table.copy().reshape(-1)
    for place, value in zip(
        np.ravel(places), np.ravel(np.broadcast_to(values, np.shape(places))), strict=True
    ):
        result[place] += value
    return result.reshape(table.shape)


def replaced_one_by_one(table: Arrays, key: Any, values: Arrays) -> Arrays:
    """Oracle: likewise, and the last value for a place stays."""
    places = np.arange(table.size).reshape(table.shape)[key]
    result = table.copy().reshape(-1)
    for place, value in zip(
        np.ravel(places), np.ravel(np.broadcast_to(values, np.shape(places))), strict=True
    ):
        result[place] = value
    return result.reshape(table.shape)


@named
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.int64])
def test_scattering_adds_and_replaces_at_each_place(
    under_test: Backend, shape: tuple[int, ...], key: Any, dtype: Any
) -> None:
    table, values = draw(shape, dtype, 1), draw(np.shape(np.zeros(shape)[key]), dtype, 2)
    before = table.copy()
    for scatter, oracle in (
        (under_test.scatter_add, added_one_by_one),
        (under_test.scatter_set, replaced_one_by_one),
    ):
        found = scatter(table, key, values)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, oracle(table, key, values), rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(table, before)
        assert not np.shares_memory(found, table)


@named
def test_scattering_broadcasts_one_value(
    under_test: Backend, shape: tuple[int, ...], key: Any
) -> None:
    table, value = draw(shape, float), np.asarray(2.5)
    np.testing.assert_allclose(
        under_test.scatter_add(table, key, value), added_one_by_one(table, key, value)
    )
    np.testing.assert_array_equal(
        under_test.scatter_set(table, key, value), replaced_one_by_one(table, key, value)
    )


@pytest.mark.parametrize("key", [(slice(0, 2),), (np.array([1, 3]),), (np.array([1, 1]),)])
def test_scattering_drops_leading_axes_of_length_1_that_have_no_place(
    under_test: Backend, key: Any
) -> None:
    table, values = np.zeros(4), np.array([[2.0, 3.0]])
    np.testing.assert_array_equal(
        under_test.scatter_add(table, key, values), added_one_by_one(table, key, values[0])
    )
    np.testing.assert_array_equal(
        under_test.scatter_set(table, key, values), replaced_one_by_one(table, key, values[0])
    )


# The contract: random bits and crossings -------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 1000])
def test_random_bits_are_the_words_of_numpys_philox(under_test: Backend, n: int) -> None:
    key = np.array([123, 2**64 - 1], dtype=np.uint64)
    counter = np.array([7, 0, 1, 0], dtype=np.uint64)
    words = under_test.random_bits(key, counter, n)
    assert words.dtype == np.uint64
    assert words.shape == (n,)
    expected = np.random.Philox(key=key, counter=counter).random_raw(n)
    np.testing.assert_array_equal(under_test.to_numpy(words), expected)
    assert key.tolist() == [123, 2**64 - 1]
    assert counter.tolist() == [7, 0, 1, 0]


def test_asarray_copies_when_told_to_and_only_then(under_test: Backend) -> None:
    host = np.array([1.0, 2.0], dtype=np.float32)
    copied = under_test.asarray(host, copy=True)
    assert under_test.owns(copied)
    assert not np.shares_memory(copied, host)
    assert np.shares_memory(under_test.asarray(host), host)
    cast = under_test.asarray(host, np.float64)
    assert cast.dtype == np.float64
    assert under_test.asarray(3).shape == ()


def test_to_numpy_is_a_writable_copy(under_test: Backend) -> None:
    array = under_test.asarray(np.broadcast_to(np.arange(3.0), (2, 3)))
    host = under_test.to_numpy(array)
    host[...] = 9
    np.testing.assert_array_equal(array, [[0, 1, 2], [0, 1, 2]])


@pytest.mark.parametrize("value", [True, 3, 2.5, 1 - 2j])
def test_item_is_a_python_number(under_test: Backend, value: Any) -> None:
    for shape in [(), (1,), (1, 1)]:
        item = under_test.item(under_test.asarray(np.full(shape, value)))
        assert item == value
        assert type(item) is type(value)


def test_owns_its_own_arrays_only(under_test: Backend) -> None:
    assert under_test.owns(under_test.asarray(1.0))
    for value in (1.0, [1.0], "1.0", None, get_backend("strict").asarray(1.0)):
        assert not under_test.owns(value)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(2, 6)[:, ::2],
        np.broadcast_to(np.arange(3.0), (2, 3)),
        np.array(1.0),
        np.zeros((0, 2)),
    ],
    ids=["row-major", "transposed", "column-major", "strided", "broadcast", "0-d", "empty"],
)
def test_own_gives_writable_row_major_memory(
    under_test: Backend, array: Arrays, shared: bool
) -> None:
    owned = under_test.own(array, shared)
    np.testing.assert_array_equal(owned, array)
    assert owned.flags.c_contiguous
    assert owned.flags.writeable
    if shared and array.size:
        assert not np.shares_memory(owned, array)


def test_xp_has_the_declared_vocabulary_and_no_more(under_test: Backend) -> None:
    for name in VOCABULARY:
        assert callable(getattr(under_test.xp, name))
    assert set(vars(under_test.xp)) == {*STANDARD, *CONTRACT}
    with pytest.raises(AttributeError, match=r"xp\.arctan2 is not in the vocabulary .*vocabulary"):
        _ = under_test.xp.arctan2


def test_optional_parts_have_harmless_defaults() -> None:
    plain = PlainBackend()
    plain.synchronize()
    assert plain.capture(lambda: None, {}) is None
    assert plain.overrides() == {}
    assert "plain" in repr(plain)


def test_a_bare_subclass_trains_like_the_shipped_backend() -> None:
    def trained(name: str) -> list[Arrays]:
        random = np.random.default_rng(0)
        with tg.use_backend(name):
            x = tg.Tensor(random.normal(size=(6, 3)))
            w = tg.Tensor(random.normal(size=(3, 4)), requires_grad=True)
            v = tg.Tensor(random.normal(size=(4, 2)), requires_grad=True)
            for _ in range(5):
                hidden = tg.relu(x.dot(w))
                loss = ((hidden.dot(v) - 1.0) ** 2).mean() + hidden[[0, 0], 1].sum()
                loss.backward()
                for p in (w, v):
                    assert p.grad is not None
                    p.data = p.data - 0.1 * p.grad.data
                    p.grad = None
            return [w.numpy(), v.numpy()]

    for one, two in zip(trained("numpy"), trained("plain"), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)
