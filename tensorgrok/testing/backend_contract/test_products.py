"""The vector-matrix hot path: products, their gradients, and rank updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tensorgrok.testing.backend_contract.helpers import Device, Host, draw

DTYPES = ("float16", "float32", "float64", "complex64", "complex128", "int64")
LEADS = [(), (1,), (5,), (2, 3), (2, 1, 3)]
SIZES = [(4, 3), (1, 3), (4, 1), (1, 1)]


def times(x: Host, w: Host) -> Host:
    return np.asarray(np.einsum("...k,km->...m", x, w))


def times_transposed(g: Host, w: Host) -> Host:
    return np.asarray(np.einsum("...m,km->...k", g, w))


def outer_sum(x: Host, g: Host) -> Host:
    """The outer product, summed over all leading axes."""
    lead = list(range(x.ndim - 1))
    return np.tensordot(x, g, axes=(lead, lead))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("lead", LEADS)
def test_the_three_products_are_sums_over_one_axis(
    device: Device, lead: tuple[int, ...], sizes: tuple[int, int], dtype: str
) -> None:
    x, w, g = (
        draw((*lead, sizes[0]), dtype, 1),
        draw(sizes, dtype, 2),
        draw((*lead, sizes[1]), dtype),
    )
    backend, (dx, dw, dg) = device.backend, device.put((x, w, g))
    device.compare(backend.vecmat(dx, dw), times(x, w))
    device.compare(backend.vecmat_dx(dg, dw), times_transposed(g, w))
    device.compare(backend.vecmat_dw(dx, dg), outer_sum(x, g))
    for array, host in ((dx, x), (dw, w), (dg, g)):
        np.testing.assert_array_equal(device.host(array), host)


@pytest.mark.parametrize("inputs", [0, 2])
@pytest.mark.parametrize("outputs", [0, 3])
@pytest.mark.parametrize("lead", [(), (0,), (1,), (4,), (2, 0), (2, 3)])
def test_the_three_products_take_axes_of_length_0(
    device: Device, lead: tuple[int, ...], inputs: int, outputs: int
) -> None:
    x, w, g = np.ones((*lead, inputs)), np.ones((inputs, outputs)), np.ones((*lead, outputs))
    backend, (dx, dw, dg) = device.backend, device.put((x, w, g))
    device.compare(backend.vecmat(dx, dw), np.full(g.shape, float(inputs)))
    device.compare(backend.vecmat_dx(dg, dw), np.full(x.shape, float(outputs)))
    device.compare(backend.vecmat_dw(dx, dg), np.full(w.shape, float(np.prod(lead))))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lead", [(), (6,), (2, 3)])
def test_the_three_products_read_operands_in_any_memory_layout(
    device: Device, lead: tuple[int, ...], dtype: str
) -> None:
    x, w, g = draw((*lead, 8), dtype, 1), draw((3, 4), dtype, 2), draw((3, *lead[::-1]), dtype, 3)
    backend, axes = device.backend, tuple(reversed(range(g.ndim)))
    strided = device.put(x)[(..., slice(None, None, -2))]
    turned = backend.module.permute_dims(device.put(w), (1, 0))
    mirrored = backend.module.permute_dims(device.put(g), axes)
    device.compare(backend.vecmat(strided, turned), times(x[..., ::-2], w.T))
    device.compare(backend.vecmat_dx(mirrored, turned), times_transposed(g.T, w.T))
    device.compare(backend.vecmat_dw(strided, mirrored), outer_sum(x[..., ::-2], g.T))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vectors_of_every_stride_are_read_where_they_lie(device: Device, dtype: str) -> None:
    block, w = draw((6, 5), dtype, 1), draw((6, 4), dtype, 2)
    column = device.put(block)[(slice(None), 2)]
    device.compare(device.backend.vecmat(column, device.put(w)), block[:, 2] @ w)
    device.compare(device.backend.vecmat_dw(column, column), np.outer(block[:, 2], block[:, 2]))
    part = device.put(w)[(slice(None), slice(1, 3))]
    device.compare(device.backend.vecmat(column, part), block[:, 2] @ w[:, 1:3])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lead", [(), (1,), (6,), (2, 3)])
def test_the_three_products_write_into_out_and_return_it(
    device: Device, lead: tuple[int, ...], dtype: str
) -> None:
    if "out" not in device.backend.features:
        pytest.skip("this backend has no feature 'out'")
    x, w, g = draw((*lead, 4), dtype, 1), draw((4, 3), dtype, 2), draw((*lead, 3), dtype, 3)
    backend, (dx, dw, dg) = device.backend, device.put((x, w, g))
    calls: list[tuple[Callable[..., Any], Any, Any]] = [
        (backend.vecmat, dx, dw),
        (backend.vecmat_dx, dg, dw),
        (backend.vecmat_dw, dx, dg),
    ]
    for product, first, second in calls:
        expected = device.host(product(first, second))
        out = device.put(np.full(expected.shape, 7, dtype=expected.dtype))
        assert product(first, second, out) is out
        np.testing.assert_array_equal(device.host(out), expected)


@pytest.mark.parametrize("dtype", DTYPES[:-1])
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "sqrt"])
def test_functions_write_into_out_and_return_it(device: Device, name: str, dtype: str) -> None:
    if "into" not in device.backend.features:
        pytest.skip("this backend has no feature 'into'")
    function = getattr(device.backend.xp, name)
    arrays = [(draw((3, 4), dtype, seed) ** 2 + 1).astype(dtype) for seed in (1, 2)]
    operands = device.put(arrays[: 1 if name == "sqrt" else 2])
    first = operands[0]
    expected = device.host(function(*operands))
    for out in (device.backend.own(device.put(expected * 0), shared=True), first):
        assert function(*operands, out=out) is out
        np.testing.assert_array_equal(device.host(out), expected)


def test_an_out_that_overlaps_an_operand_gets_the_right_values(device: Device) -> None:
    if "out" not in device.backend.features:
        pytest.skip("this backend has no feature 'out'")
    x, w = draw((4,), "float64", 1), draw((4, 4), "float64", 2)
    both = device.backend.own(device.put(x), shared=True)
    device.compare(device.backend.vecmat(both, device.put(w), both), x @ w)


def test_shapes_that_do_not_fit_raise_a_value_error(device: Device) -> None:
    x, w, g = device.put((np.ones(3), np.ones((4, 2)), np.ones((5, 2))))
    with pytest.raises(ValueError, match=r"."):
        device.backend.vecmat(x, w)
    with pytest.raises(ValueError, match=r"."):
        device.backend.vecmat_dx(x, w)
    with pytest.raises(ValueError, match=r"."):
        device.backend.vecmat_dw(w, g)


def test_a_large_outer_product_is_that_of_numpy(device: Device) -> None:
    x, g = draw((2100,), "float32", 1), draw((2100,), "float32", 2)
    device.compare(device.backend.vecmat_dw(*device.put((x, g))), np.multiply.outer(x, g))


@pytest.mark.parametrize("dtype", DTYPES[:-1])
@pytest.mark.parametrize("lead", [(), (0,), (1,), (5,), (2, 3)])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (-0.5, 1.0), (2.0, 0.25), (0.0, 3.0)])
def test_rank_update_scales_and_adds_an_outer_product(
    device: Device, lead: tuple[int, ...], alpha: float, beta: float, dtype: str
) -> None:
    x, g, w = draw((*lead, 4), dtype, 1), draw((*lead, 3), dtype, 2), draw((4, 3), dtype, 3)
    number = np.dtype(dtype).type
    expected = number(beta) * w + number(alpha) * outer_sum(x, g)
    old, dx, dg = device.put((w, x, g))
    dw = device.backend.own(old, shared=True)
    device.compare(device.backend.rank_update(dw, dx, dg, alpha, beta), expected)


@pytest.mark.parametrize("lead", [(), (1,), (5,)])
def test_rank_update_with_beta_0_does_not_read_the_old_values(
    device: Device, lead: tuple[int, ...]
) -> None:
    x, g = draw((*lead, 4), float, 1), draw((*lead, 3), float, 2)
    old, dx, dg = device.put((np.full((4, 3), np.nan), x, g))
    found = device.backend.rank_update(old, dx, dg, alpha=2.0, beta=0.0)
    device.compare(found, 2 * outer_sum(x, g))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_rank_update_takes_a_matrix_without_elements(
    device: Device, shape: tuple[int, int]
) -> None:
    w, x, g = device.put((np.ones(shape), np.ones((2, shape[0])), np.ones((2, shape[1]))))
    device.compare(device.backend.rank_update(w, x, g, 1.0, 1.0), np.ones(shape))


def test_rank_update_takes_a_matrix_that_is_turned_or_in_pieces(device: Device) -> None:
    x, g, w = draw((5, 4), float, 1), draw((5, 3), float, 2), draw((3, 8), float, 3)
    expected = w[:, ::2].T - 0.5 * (x.T @ g)
    dx, dg = device.put((x, g))
    piece = device.put(w)[(slice(None), slice(None, None, 2))]
    for source in (device.put(np.ascontiguousarray(w[:, ::2])), piece):
        turned = device.backend.module.permute_dims(source, (1, 0))
        device.compare(device.backend.rank_update(turned, dx, dg, -0.5, 1.0), expected)


def test_rank_update_of_an_operand_of_its_own_reads_the_old_values(device: Device) -> None:
    w = draw((3, 3), float, 1)
    both = device.backend.own(device.put(w), shared=True)
    device.compare(device.backend.rank_update(both, both, both, 0.5, 1.0), w + 0.5 * (w.T @ w))
