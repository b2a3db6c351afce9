"""The products of the CuPy backend: which routine of cuBLAS each becomes, with real CuPy arrays.

Real CuPy runs on host memory with a fake cuBLAS (``tests.fakes_cublas``): shapes, strides, flags
and CuPy's own code are real, and the numbers are those of the routines as their manual has them.
What would launch a kernel, such as a copy or a fill, raises, so it is seen where one is asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.fakes_cublas.host_cupy import HostCupy, in_own_process

Array = npt.NDArray[Any]

cupy = pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
pytestmark = pytest.mark.skipif(cupy.is_available(), reason="a GPU is here: no need of a fake")

DTYPES = ("float32", "float64", "complex64", "complex128")
LEADS = [(), (1,), (5,), (2, 3), (2, 1, 3)]
SIZES = [(4, 3), (1, 3), (4, 1), (1, 1)]


def draw(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Array:
    parts = np.random.default_rng([seed, *shape]).normal(size=(2, *shape))
    values = parts[0] + 1j * parts[1] if dtype.startswith("c") else parts[0]
    return np.asarray(values, dtype=dtype)


def close(found: Array, expected: Array) -> None:
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    tolerance = 1e-5 if found.real.itemsize == 4 else 1e-12
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def outer_sum(x: Array, g: Array) -> Array:
    lead = list(range(x.ndim - 1))
    return np.tensordot(x, g, axes=(lead, lead))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("lead", LEADS)
@in_own_process
def test_vecmat_is_one_call(
    host: HostCupy, lead: tuple[int, ...], sizes: tuple[int, int], dtype: str
) -> None:
    from tensorgrok_cupy import _products

    x, w = draw((*lead, sizes[0]), dtype, 1), draw(sizes, dtype, 2)
    found = _products.vecmat(host.to_device(x), host.to_device(w))
    close(host.to_host(found), np.einsum("...k,km->...m", x, w))
    one = int(np.prod(lead)) == 1
    assert [call.name[1:] for call in host.calls] == ["gemv" if one else "gemm"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("lead", LEADS)
@in_own_process
def test_vecmat_dx_is_one_call(
    host: HostCupy, lead: tuple[int, ...], sizes: tuple[int, int], dtype: str
) -> None:
    from tensorgrok_cupy import _products

    g, w = draw((*lead, sizes[1]), dtype, 1), draw(sizes, dtype, 2)
    found = _products.vecmat_dx(host.to_device(g), host.to_device(w))
    close(host.to_host(found), np.einsum("...m,km->...k", g, w))
    one = int(np.prod(lead)) == 1
    assert [call.name[1:] for call in host.calls] == ["gemv" if one else "gemm"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("lead", [(5,), (2, 3), (2, 1, 3)])
@in_own_process
def test_vecmat_dw_of_several_rows_is_one_call(
    host: HostCupy, lead: tuple[int, ...], sizes: tuple[int, int], dtype: str
) -> None:
    from tensorgrok_cupy import _products

    x, g = draw((*lead, sizes[0]), dtype, 1), draw((*lead, sizes[1]), dtype, 2)
    found = _products.vecmat_dw(host.to_device(x), host.to_device(g))
    close(host.to_host(found), outer_sum(x, g))
    assert [call.name[1:] for call in host.calls] == ["gemm"]


@in_own_process
def test_vecmat_dw_of_one_row_is_a_kernel_and_no_product(host: HostCupy) -> None:
    from tensorgrok_cupy import _products

    x, g = (host.to_device(draw((n,), "float32")) for n in (4, 3))
    with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
        _products.vecmat_dw(x, g)
    assert host.calls == []


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
@in_own_process
def test_matrices_in_either_order_are_not_copied(host: HostCupy, dtype: str, order: Any) -> None:
    from tensorgrok_cupy import _products

    x, w = draw((5, 4), dtype, 1), np.asarray(draw((4, 3), dtype, 2), order=order)
    turned = np.asfortranarray(x)
    for rows in (x, turned):
        found = _products.vecmat(host.to_device(rows), host.to_device(w))
        close(host.to_host(found), x @ w)
        vector = np.ascontiguousarray(rows[0])
        found = _products.vecmat(host.to_device(vector), host.to_device(w))
        close(host.to_host(found), x[0] @ w)
    assert len(host.calls) == 4  # and a copy would have raised


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
@in_own_process
def test_a_result_goes_straight_into_out(host: HostCupy, dtype: str) -> None:
    from tensorgrok_cupy import _products

    x, w, g = draw((2, 3, 4), dtype, 1), draw((4, 5), dtype, 2), draw((2, 3, 5), dtype, 3)
    dx, dw, dg = map(host.to_device, (x, w, g))
    for product, first, second, expected in (
        (_products.vecmat, dx, dw, np.einsum("...k,km->...m", x, w)),
        (_products.vecmat_dx, dg, dw, np.einsum("...m,km->...k", g, w)),
        (_products.vecmat_dw, dx, dg, outer_sum(x, g)),
    ):
        out = host.to_device(np.full(expected.shape, np.nan, dtype=dtype))
        assert product(first, second, out) is out
        close(host.to_host(out), expected)
        assert host.calls[-1]["c"] == out.data.ptr


@pytest.mark.parametrize("strided", ["x", "g"])
@in_own_process
def test_a_vector_with_gaps_is_copied_before_it_is_multiplied(host: HostCupy, strided: str) -> None:
    """``cupy.cublas`` would read the gaps too; the copy needs a device, so it raises here."""
    from tensorgrok_cupy import _products

    block, w = host.to_device(draw((4, 4), "float64")), host.to_device(draw((4, 4), "float64"))
    product = _products.vecmat if strided == "x" else _products.vecmat_dx
    with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
        product(block[:, 1], w)
    with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
        product(block[::-1, 0], w)
    assert host.calls == []
    row = product(block[1], w)  # a row has no gaps
    assert row.shape == (4,)


@in_own_process
def test_a_vector_of_one_element_has_no_gaps_whatever_its_stride(host: HostCupy) -> None:
    from tensorgrok_cupy import _products

    x, w = draw((1, 4), "float64", 1), draw((1, 3), "float64", 2)
    found = _products.vecmat(host.to_device(x)[:, 2], host.to_device(w))
    close(host.to_host(found), x[:, 2] @ w)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("rows", "alpha", "beta", "routine"),
    [
        (1, -0.5, 1.0, "ger"),
        (1, -0.5, 0.25, "gemm"),
        (1, 2.0, 0.0, "gemm"),
        (6, -0.5, 1.0, "gemm"),
        (6, 2.0, 0.0, "gemm"),
        (6, 0.0, 0.5, "gemm"),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
@in_own_process
def test_rank_update_is_one_call_in_place(
    host: HostCupy, order: Any, rows: int, alpha: float, beta: float, routine: str, dtype: str
) -> None:
    from tensorgrok_cupy import _products

    x, g = draw((rows, 4), dtype, 1), draw((rows, 3), dtype, 2)
    w = np.asarray(draw((4, 3), dtype, 3), order=order)
    number = np.dtype(dtype).type
    expected = number(beta) * w + number(alpha) * (x.T @ g)
    if beta == 0:
        w[...] = np.nan  # it is not read
    there = host.to_device(w)
    updated = _products.rank_update(there, host.to_device(x), host.to_device(g), alpha, beta)
    assert updated is there
    close(host.to_host(updated), expected)
    assert len(host.calls) == 1
    assert host.calls[0].name[1:].startswith(routine)


@in_own_process
def test_rank_update_leaves_to_others_what_it_cannot_do_in_place(host: HostCupy) -> None:
    from tensorgrok_cupy import _products

    x, g = host.to_device(draw((6, 4), "float64")), host.to_device(draw((6, 3), "float64"))
    wide = host.to_device(draw((4, 6), "float64"))
    assert _products.rank_update(wide[:, ::2], x, g, 1.0, 1.0) is None  # in pieces
    square = host.to_device(draw((4, 4), "float64"))
    assert _products.rank_update(square, square, wide[:, :4], 1.0, 1.0) is None  # overlaps
    half = host.to_device(np.zeros((4, 3), np.float16))
    assert _products.rank_update(half, x, g, 1.0, 1.0) is None  # not a dtype of cuBLAS
    single = host.to_device(np.zeros((4, 3), np.float32))
    assert _products.rank_update(single, x, g, 1.0, 1.0) is None  # of two dtypes
    assert host.calls == []


@in_own_process
def test_sizes_of_0_never_reach_cublas(host: HostCupy) -> None:
    from tensorgrok_cupy import _products

    def zeros(*shape: int) -> Any:
        return host.to_device(np.zeros(shape))

    assert _products.vecmat(zeros(0, 4), zeros(4, 3)).shape == (0, 3)
    assert _products.vecmat(zeros(2, 4), zeros(4, 0)).shape == (2, 0)
    assert _products.vecmat_dx(zeros(0, 3), zeros(4, 3)).shape == (0, 4)
    assert _products.vecmat_dw(zeros(5, 0), zeros(5, 3)).shape == (0, 3)
    for lead in ((), (2,)):  # a sum of nothing is filled with zeros, which needs a device
        with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
            _products.vecmat(zeros(*lead, 0), zeros(0, 3))
        with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
            _products.vecmat_dx(zeros(*lead, 0), zeros(3, 0))
    with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
        _products.vecmat_dw(zeros(0, 4), zeros(0, 3))
    w = zeros(0, 3)
    assert _products.rank_update(w, zeros(2, 0), zeros(2, 3), 1.0, 1.0) is w
    w = zeros(4, 3)
    assert _products.rank_update(w, zeros(0, 4), zeros(0, 3), 1.0, 1.0) is w
    assert host.calls == []


@in_own_process
def test_an_out_that_overlaps_an_operand_is_not_written_meanwhile(host: HostCupy) -> None:
    """The result goes to memory of its own first; bringing it back needs a device."""
    from tensorgrok_cupy import _products

    x, w = draw((4,), "float64", 1), draw((4, 4), "float64", 2)
    both = host.to_device(x)
    with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
        _products.vecmat(both, host.to_device(w), both)
    assert host.calls[0]["y"] != both.data.ptr
    np.testing.assert_array_equal(host.to_host(both), x)


@in_own_process
def test_shapes_that_do_not_fit_are_refused_before_any_call(host: HostCupy) -> None:
    from tensorgrok_cupy import _products

    x, w, g = (host.to_device(np.zeros(shape)) for shape in ((3,), (4, 2), (5, 2)))
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(4, 2\) not aligned: 3 .* != 4"):
        _products.vecmat(x, w)
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(4, 2\) not aligned: 3 .* != 2"):
        _products.vecmat_dx(x, w)
    with pytest.raises(ValueError, match=r"shapes \(4, 2\) and \(5, 2\) differ before"):
        _products.vecmat_dw(w, g)
    assert host.calls == []


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", ["vecmat", "vecmat_dx", "vecmat_dw"])
@in_own_process
def test_no_operand_is_written_while_it_is_read(host: HostCupy, name: str, place: int) -> None:
    """The result goes to memory of its own first; bringing it back needs a device."""
    from tensorgrok_cupy import _products

    operands = [host.to_device(draw((4, 4), "float64", seed)) for seed in (1, 2)]
    out = operands[place]
    with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
        getattr(_products, name)(*operands, out)
    assert host.calls[0]["c"] != out.data.ptr


@pytest.mark.parametrize("place", [0, 1])
@in_own_process
def test_rank_update_leaves_what_overlaps_either_operand_to_others(
    host: HostCupy, place: int
) -> None:
    from tensorgrok_cupy import _products

    w, other = (host.to_device(draw((4, 4), "float64", seed)) for seed in (1, 2))
    operands = (w, other) if place == 0 else (other, w)
    assert _products.rank_update(w, *operands, 1.0, 1.0) is None
    assert host.calls == []


@pytest.mark.parametrize("kind", ["gaps", "dtype"])
@in_own_process
def test_an_out_that_cublas_cannot_write_is_written_afterwards(host: HostCupy, kind: str) -> None:
    from tensorgrok_cupy import _products

    x, w = host.to_device(draw((5, 4), "float32")), host.to_device(draw((4, 3), "float32"))
    wide = host.to_device(np.zeros((5, 6), np.float32))
    out = wide[:, ::2] if kind == "gaps" else host.to_device(np.zeros((5, 3)))
    with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
        _products.vecmat(x, w, out)
    assert host.calls[0]["c"] != out.data.ptr


@in_own_process
def test_rank_update_copies_rows_with_gaps(host: HostCupy) -> None:
    from tensorgrok_cupy import _products

    block, w = host.to_device(draw((4, 4), "float64")), host.to_device(draw((4, 4), "float64", 1))
    for x, g in ((block[:, 1], block[0]), (block[0], block[:, 1])):
        with pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError):
            _products.rank_update(w, x, g, 1.0, 1.0)
    assert host.calls == []
