"""cuBLAS through ``cupy.cublas``, behind the guards that it lacks.

``cupy.cublas`` takes matrices in row-major or column-major memory as they lie, adds to its result
in place, and costs less on the host than ``cupy.matmul``. But it is not documented; it ignores the
strides of vectors and then computes wrong numbers; it hands sizes of 0 to cuBLAS, which refuses
them; it checks shapes by ``assert``; and it never looks whether a result overlaps an operand. No
other module of this backend calls it.

Every function here takes vectors and matrices of one dtype for which ``serves`` is true and of
fitting shapes, and an ``out`` for which ``can_hold`` is true.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import cupy  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional
from cupy import cublas

Array = Any

#: float32, float64, complex64, complex128: what cuBLAS's plain routines know.
LETTERS = "fdFD"


def serves(*arrays: Array) -> bool:
    """Whether all arrays have one dtype, and one that cuBLAS's plain routines know."""
    letter = arrays[0].dtype.char
    return letter in LETTERS and all(array.dtype.char == letter for array in arrays)


def can_hold(out: Array | None, shape: tuple[int, ...], *operands: Array) -> TypeGuard[Array]:
    """Whether there is an ``out`` into which a product of these operands may go straight."""
    return (
        out is not None
        and out.shape == shape
        and out.dtype == operands[0].dtype
        and out.flags.c_contiguous
        and not any(cupy.may_share_memory(out, operand) for operand in operands)
    )


def times(x: Array, w: Array, out: Array, transposed: bool = False) -> Array:
    """``x`` (K,) or (rows, K) times ``w`` (K, M), or times the transpose of ``w`` (M, K)."""
    if out.size == 0:
        return out
    if x.shape[-1] == 0:
        out.fill(0)
    elif x.ndim == 1 or x.shape[0] == 1:
        cublas.gemv("N" if transposed else "T", 1.0, w, _packed(x), 0.0, out.reshape(-1))
    else:
        cublas.gemm("N", "T" if transposed else "N", x, w, out=out)
    return out


def add_products(w: Array, x: Array, g: Array, alpha: float, beta: float) -> Array:
    """Make ``w`` (K, M) into ``beta * w + alpha * x.T @ g``; ``x`` is (rows, K), ``g`` (rows, M).

    ``w`` lies in one piece, row-major or column-major, apart from both. With ``beta == 0`` it is
    not read.
    """
    if w.size == 0:
        return w
    rows = x.shape[0]
    if rows == 0:
        if beta == 0:
            w.fill(0)
        elif beta != 1:
            w *= beta
    elif rows == 1 and beta == 1:
        cublas.geru(alpha, _packed(x), _packed(g), w)
    else:
        cublas.gemm("T", "N", x, g, out=w, alpha=alpha, beta=beta)
    return w


def _packed(row: Array) -> Array:
    """A vector, or a matrix of one row, as a vector without gaps."""
    vector = row.reshape(-1)
    return vector if vector.flags.c_contiguous else cupy.ascontiguousarray(vector)
