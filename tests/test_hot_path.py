"""The vector-matrix hot path of the NumPy backend: right for any memory layout, without copies."""

from __future__ import annotations

import sys
import timeit
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from tensorgrok_numpy import _rank_update

from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend
from tests.plain import PlainBackend

Arrays = npt.NDArray[Any]
K, M = 6, 5


@pytest.fixture
def under_test() -> Backend:
    return get_backend("numpy")


def draw(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> Arrays:
    random = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "iub":
        return random.integers(0, 2 if np.dtype(dtype).kind == "b" else 5, shape).astype(dtype)
    values = random.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * random.normal(size=shape)
    return np.asarray(values, dtype=dtype)


LAYOUTS: dict[str, Callable[[Arrays], Arrays]] = {
    "row-major": np.ascontiguousarray,
    "column-major": np.asfortranarray,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "some columns": lambda a: np.concatenate([a, a], axis=-1)[..., : a.shape[-1]],
    "some rows, column-major": lambda a: np.concatenate([a.T, a.T], axis=-1)[..., : len(a)].T,
    "every other row": lambda a: np.repeat(a, 2, axis=0)[::2],
    "every other column": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "each row backwards": lambda a: a[..., ::-1].copy()[..., ::-1],
    "one row repeated": lambda a: np.broadcast_to(a[:1], a.shape),
    "one column repeated": lambda a: np.broadcast_to(a[..., :1], a.shape),
    "unaligned": lambda a: unaligned(a),
}


def unaligned(array: Arrays) -> Arrays:
    """The same values at an odd address."""
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    memory[...] = array
    return memory


def assert_close(found: Any, expected: Any, dtype: Any) -> None:
    """To the rounding of a dtype."""
    loose = {np.dtype("f2"): 2e-2, np.dtype("f4"): 1e-5, np.dtype("c8"): 1e-5}
    allowed = loose.get(np.dtype(dtype), 1e-12)
    np.testing.assert_allclose(found, expected, rtol=allowed, atol=allowed)


def wide(array: Arrays) -> Arrays:
    """In a dtype in which the oracle computes exactly enough."""
    return array.astype({"b": bool, "i": np.int64, "u": np.uint64, "c": complex}.get(
        array.dtype.kind, float))  # fmt: skip


# Values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.complex128, np.int64])
@pytest.mark.parametrize("layout_w", LAYOUTS)
@pytest.mark.parametrize("layout_x", LAYOUTS)
def test_matrices_may_lie_in_memory_as_they_like(
    under_test: Backend, layout_x: str, layout_w: str, dtype: Any
) -> None:
    x = LAYOUTS[layout_x](draw((4, K), dtype, 1))
    w = LAYOUTS[layout_w](draw((K, M), dtype, 2))
    g = LAYOUTS[layout_x](draw((4, M), dtype, 3))
    for found, expected in [
        (under_test.vecmat(x, w), np.einsum("...k,km->...m", wide(x), wide(w))),
        (under_test.vecmat(x[1], w), np.einsum("k,km->m", wide(x[1]), wide(w))),
        (under_test.vecmat_dx(g, w), np.einsum("...m,km->...k", wide(g), wide(w))),
        (under_test.vecmat_dx(g[:1], w), np.einsum("...m,km->...k", wide(g[:1]), wide(w))),
        (under_test.vecmat_dw(x, g), np.einsum("nk,nm->km", wide(x), wide(g))),
        (under_test.vecmat_dw(x[2], g[2]), np.multiply.outer(x[2], g[2])),
    ]:
        assert found.dtype == dtype
        assert_close(found, expected, dtype)


LEADING: dict[str, Callable[[Arrays], Arrays]] = {
    "row-major": np.ascontiguousarray,
    "axes exchanged": lambda a: np.ascontiguousarray(a.swapaxes(0, 1)).swapaxes(0, 1),
    "vectors standing": lambda a: np.ascontiguousarray(a.swapaxes(1, 2)).swapaxes(1, 2),
    "some of each": lambda a: np.repeat(a, 2, axis=1)[:, : a.shape[1]],
    "some columns": lambda a: np.concatenate([a, a], axis=-1)[..., : a.shape[-1]],
    "repeated": lambda a: np.broadcast_to(a[:1], a.shape),
    "backwards": lambda a: a[::-1, :, ::-1],
    "windows": lambda a: sliding_window_view(a[0, 0], 3)[None],
}


@pytest.mark.parametrize("columns", [0, 1, M, 70])
@pytest.mark.parametrize("layout", LEADING)
@pytest.mark.parametrize("out", [False, True])
def test_batches_of_several_axes_may_too(
    under_test: Backend, layout: str, columns: int, out: bool
) -> None:
    x = LEADING[layout](draw((2, 3, K), float, 1))
    w, g = draw((x.shape[-1], columns), float, 2), draw((*x.shape[:-1], columns), float, 3)
    for product, first, second, expected in [
        (under_test.vecmat, x, w, np.einsum("...k,km->...m", x, w)),
        (under_test.vecmat_dx, x, w.T, np.einsum("...k,km->...m", x, w)),
        (under_test.vecmat_dx, g, w, np.einsum("...m,km->...k", g, w)),
        (under_test.vecmat_dw, x, g, np.einsum("abk,abm->km", x, g)),
    ]:
        target = np.full(expected.shape, np.nan) if out else None
        found = product(first, second, out=target)
        assert target is None or found is target
        assert_close(found, expected, float)


@pytest.mark.parametrize("dtype", [np.float16, np.int32, np.uint8, bool, np.longdouble])
@pytest.mark.parametrize("lead", [(), (1,), (4,), (2, 3)])
def test_dtypes_without_blas_are_right(
    under_test: Backend, lead: tuple[int, ...], dtype: Any
) -> None:
    x, w, g = draw((*lead, K), dtype, 1), draw((K, M), dtype, 2), draw((*lead, M), dtype, 3)
    axes = list(range(len(lead)))
    for found, expected in [
        (under_test.vecmat(x, w), np.einsum("...k,km->...m", wide(x), wide(w))),
        (under_test.vecmat_dx(g, w), np.einsum("...m,km->...k", wide(g), wide(w))),
        (under_test.vecmat_dw(x, g), np.tensordot(wide(x), wide(g), axes=(axes, axes))),
    ]:
        assert found.dtype == dtype
        assert_close(found.astype(expected.dtype), expected, dtype)


def test_denormals_are_kept(under_test: Backend) -> None:
    x, w = np.full((2, 3), 1e-42, np.float32), np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(under_test.vecmat(x, w), x)


def test_an_out_that_is_an_operand_gets_the_right_values(under_test: Backend) -> None:
    x = draw((2, 4, 4), float, 1)
    w = draw((4, 4), float, 2)
    expected = x @ w
    np.testing.assert_allclose(under_test.vecmat(x, w, out=x), expected, rtol=1e-12)
    expected = x[0] @ w
    np.testing.assert_allclose(under_test.vecmat(x[0], w, out=w), expected, rtol=1e-12)


# Copies and speed ------------------------------------------------------------------------------

SIZE = 300
BIG = np.random.default_rng(0).random((2 * SIZE, 2 * SIZE)).astype(np.float32)
OWN = BIG[:SIZE, :SIZE].copy()
READABLE = {
    "its own": OWN,
    "transposed": OWN.T,
    "some rows": BIG[:SIZE].reshape(2 * SIZE, SIZE)[3 : SIZE + 3],
    "some rows and columns": BIG[3 : SIZE + 3, 5 : SIZE + 5],
    "some rows and columns, transposed": BIG[3 : SIZE + 3, 5 : SIZE + 5].T,
    "every other row": BIG[::2, :SIZE],
}
VECTORS = {
    "a vector": BIG[0, :SIZE],
    "a strided vector": BIG[0, ::2],
    "a row": OWN[:1],
    "a batch": OWN[:40],
    "columns of a batch": BIG[:40, 7 : SIZE + 7],
    "several axes": OWN[:40].reshape(2, 20, SIZE),
    "several axes, standing": OWN[:, :40].reshape(2, SIZE // 2, 40)[:1].swapaxes(1, 2),
}


def extra_memory(function: Callable[[], Arrays]) -> int:
    """The bytes that a call has in use at its height, beyond its result."""
    function()
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1] - result.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("matrix", READABLE)
@pytest.mark.parametrize("vectors", VECTORS)
def test_no_matrix_that_blas_can_read_is_copied(
    under_test: Backend, vectors: str, matrix: str
) -> None:
    x, w = VECTORS[vectors], READABLE[matrix]
    w = w[: x.shape[-1]]
    limit = w.nbytes // 2
    assert extra_memory(lambda: under_test.vecmat(x, w)) < limit
    assert extra_memory(lambda: under_test.vecmat_dx(x, w.T)) < limit
    np.testing.assert_allclose(under_test.vecmat(x, w), np.einsum("...k,km->...m", x, w), rtol=1e-4)


@pytest.mark.parametrize("columns", [3, 100])
def test_no_batch_that_blas_can_read_is_copied(under_test: Backend, columns: int) -> None:
    w = OWN[:, :columns].copy()
    standing = w.T.copy()
    for x in (BIG[:, 7 : SIZE + 7], BIG[7 : SIZE + 7].T, BIG[::3, :SIZE], np.asfortranarray(OWN)):
        limit = x.nbytes // 2
        assert extra_memory(lambda x=x: under_test.vecmat(x, w)) < limit  # type: ignore[misc]  # x is an array
        assert extra_memory(lambda x=x: under_test.vecmat_dx(x, standing)) < limit  # type: ignore[misc]  # likewise
    rows = BIG[:, 7 : SIZE + 7].reshape(20, 30, SIZE)
    assert extra_memory(lambda: under_test.vecmat(rows, w)) < rows.nbytes // 2


def test_the_oracle_of_copies_sees_them() -> None:
    x, w = VECTORS["a batch"], READABLE["some rows and columns"]
    assert extra_memory(lambda: x.dot(w)) >= w.nbytes


def test_gradients_of_batches_are_not_copied(under_test: Backend) -> None:
    x, g = BIG[:, 3 : SIZE + 3], BIG[:, 5 : SIZE + 5]
    assert extra_memory(lambda: under_test.vecmat_dw(x, g)) < x.nbytes // 2
    three = np.lib.stride_tricks.as_strided(BIG, (30, 20, 2 * SIZE))
    assert extra_memory(lambda: under_test.vecmat_dw(three, three)) < x.nbytes // 2


def fastest(function: Callable[[], Any]) -> float:
    return min(timeit.repeat(function, number=1, repeat=5))


def test_leading_axes_cost_no_more_than_rows(under_test: Backend) -> None:
    """``numpy.ndarray.dot`` itself takes 50 times as long and more."""
    x, w = OWN[:40], OWN
    three = x.reshape(2, 20, SIZE)
    assert fastest(lambda: under_test.vecmat(three, w)) < 8 * fastest(lambda: x.dot(w)) + 1e-4
    assert fastest(lambda: under_test.vecmat_dx(three, w)) < 8 * fastest(lambda: x.dot(w)) + 1e-4


# Rank updates ----------------------------------------------------------------------------------


@pytest.fixture(params=["SciPy", "NumPy alone"])
def _blas(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run with SciPy's BLAS and without, whether or not it is installed; no size is too small."""
    monkeypatch.setattr(_rank_update, "SMALL", 0)
    if request.param == "SciPy":
        pytest.importorskip("scipy.linalg.blas", reason="the extra 'blas' is not installed")
        assert _rank_update.load_blas() is not None
    else:
        for name in [name for name in sys.modules if name.partition(".")[0] == "scipy"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "scipy", None)  # importing it fails
        _rank_update.load_blas.cache_clear()
        assert _rank_update.load_blas() is None
    yield
    _rank_update.load_blas.cache_clear()


CASES: list[tuple[tuple[int, ...], int, int]] = [
    *(((), 4, 3), ((1,), 4, 3), ((5,), 4, 3), ((2, 3), 4, 3), ((1,), 1, 3), ((5,), 4, 1)),
    *(((), 700, 400), ((1,), 600, 500), ((7,), 600, 500)),  # several blocks, the large update
    *(((0,), 4, 3), ((), 0, 3), ((3,), 4, 0), ((), 0, 0)),
]
FACTORS = [(1.0, 1.0), (-0.5, 1.0), (2.0, 0.25), (0.0, 3.0), (-0.5, 0.0)]


@pytest.mark.usefixtures("_blas")
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128, np.float16])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("alpha", "beta"), FACTORS)
@pytest.mark.parametrize(("lead", "inputs", "outputs"), CASES)
def test_a_rank_update_is_that_of_the_base_class_and_in_place(
    under_test: Backend,
    lead: tuple[int, ...],
    inputs: int,
    outputs: int,
    alpha: float,
    beta: float,
    order: Any,
    dtype: Any,
) -> None:
    x, g = draw((*lead, inputs), dtype, 1), draw((*lead, outputs), dtype, 2)
    w = np.array(draw((inputs, outputs), dtype, 3), order=order)
    kept = [x.copy(), g.copy()]
    expected = PlainBackend().rank_update(w.copy(), x, g, alpha, beta)
    found = under_test.rank_update(w, x, g, alpha, beta)
    assert found.dtype == dtype
    assert found.shape == w.shape
    assert np.shares_memory(found, w) or w.size == 0
    assert_close(found, expected, dtype)
    for array, copy in zip((x, g), kept, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.usefixtures("_blas")
@pytest.mark.parametrize("lead", [(), (3,)])
def test_a_matrix_that_cannot_be_updated_is_left_alone(
    under_test: Backend, lead: tuple[int, ...]
) -> None:
    x, g = draw((*lead, 4), float, 1), draw((*lead, 3), float, 2)
    read_only = draw((4, 3), float, 3)
    read_only.flags.writeable = False
    matrices = [
        read_only,
        np.broadcast_to(draw((3,), float), (4, 3)),
        draw((4, 6), float)[:, ::2],
        draw((8, 3), float)[::-2],
        draw((4, 9), float)[:, 2:5],
        unaligned(draw((4, 3), float)),
        draw((4, 3), np.float32),
        draw((4, 3), np.int64),
    ]
    for w in matrices:
        before = w.copy()
        found = under_test.rank_update(w, x, g, -0.5, 2.0)
        np.testing.assert_allclose(
            found, PlainBackend().rank_update(w, x, g, -0.5, 2.0), rtol=1e-12, strict=True
        )
        np.testing.assert_array_equal(w, before)
        assert not np.shares_memory(found, w)


@pytest.mark.usefixtures("_blas")
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("read", ["x", "g", "both"])
def test_a_matrix_is_not_updated_while_it_is_read(
    under_test: Backend, rows: int, read: str
) -> None:
    w = draw((4, 4), float)
    x = draw((rows, 4), float, 1) if read == "g" else w[:rows]
    g = draw((rows, 4), float, 2) if read == "x" else w[1 : 1 + rows]
    expected = w + np.einsum("nk,nm->km", x, g)
    found = under_test.rank_update(w, x, g)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert not np.shares_memory(found, w)


@pytest.mark.usefixtures("_blas")
@pytest.mark.parametrize("order", ["C", "F"])
def test_with_beta_0_old_values_are_not_read(under_test: Backend, order: Any) -> None:
    for rows, inputs in ((1, 4), (3, 4), (1, 3000)):
        x, g = draw((rows, inputs), float, 1), draw((rows, 1500), float, 2)
        w = np.full((inputs, 1500), np.nan, order=order)
        found = under_test.rank_update(w, x, g, alpha=2.0, beta=0.0)
        assert np.shares_memory(found, w)
        np.testing.assert_allclose(found, 2 * (x.T @ g), rtol=1e-12)


@pytest.mark.usefixtures("_blas")
def test_vectors_in_pieces_update_a_matrix(under_test: Backend) -> None:
    x, g, w = draw((6, 8), float, 1)[::2, ::-2], draw((3, 3), float, 2).T, draw((4, 3), float, 3)
    expected = w + x.T @ g
    found = under_test.rank_update(w, x, g)
    assert found is w
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    expected = w + x[:1].T @ g[:1]
    np.testing.assert_allclose(under_test.rank_update(w, x[0], g[0]), expected, rtol=1e-12)


@pytest.mark.usefixtures("_blas")
@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5), np.asarray(0.5), 1])
def test_factors_do_not_widen_the_dtype(under_test: Backend, number: Any) -> None:
    x, g, w = (draw(shape, np.float32) for shape in ((3, 4), (3, 3), (4, 3)))
    expected = np.float32(number) * w + np.float32(number) * (x.T @ g)
    found = under_test.rank_update(w, x, g, number, number)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_scipy_is_loaded_for_updates_of_some_size_only(
    under_test: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(_rank_update, "load_blas", lambda: calls.append(1))
    small = draw((4, 3), float)
    under_test.rank_update(small, small[:, 0].copy(), small[0].copy())
    assert not calls
    large = np.zeros((200, 100))
    under_test.rank_update(large, np.ones(200), np.ones(100))
    assert calls
