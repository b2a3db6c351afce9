"""Vectors times matrices with CuPy.

Leading axes are flattened, so that every product is one of vectors and matrices: CuPy copies
operands of three axes, widens half precision among them, and fails on bfloat16. float32, float64
and the complex dtypes go to cuBLAS by ``_blas``, in true float32 whatever ``CUPY_TF32`` says; half
precision and integers go to ``ndarray.dot``, which multiplies float16 on tensor cores and sums in
float32.
"""

from __future__ import annotations

import math
from typing import Any

import cupy  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional

from . import _blas

Array = Any


def vecmat(x: Array, w: Array, out: Array | None = None) -> Array:
    """Vectors times a matrix: ``x`` (..., K) and ``w`` (K, M) give (..., M)."""
    return _rows_times(x, w, out, transposed=False)


def vecmat_dx(g: Array, w: Array, out: Array | None = None) -> Array:
    """Gradient of ``vecmat`` to its vectors: ``g`` (..., M) and ``w`` (K, M) give (..., K)."""
    return _rows_times(g, w, out, transposed=True)


def vecmat_dw(x: Array, g: Array, out: Array | None = None) -> Array:
    """Gradient of ``vecmat`` to its matrix: ``x`` (..., K) and ``g`` (..., M) give (K, M)."""
    rows, columns = flattened(x), flattened(g)
    if rows.shape[0] != columns.shape[0]:
        raise ValueError(f"shapes {x.shape} and {g.shape} differ before their last axes")
    shape = (rows.shape[1], columns.shape[1])
    same = rows.dtype == columns.dtype
    target = out if same and _blas.can_hold(out, shape, rows, columns) else None
    if rows.shape[0] == 1:  # each with each: one kernel, and each product is rounded once
        result = cupy.multiply(rows.T, columns, out=target)
    elif _blas.serves(rows, columns):
        result = cupy.empty(shape, dtype=rows.dtype) if target is None else target
        _blas.add_products(result, rows, columns, 1.0, 0.0)
    else:
        result = rows.T.dot(columns)
    return _written(out, result)


def _rows_times(x: Array, w: Array, out: Array | None, transposed: bool) -> Array:
    """``x`` (..., K) times ``w`` (K, M), or times the transpose of ``w`` (M, K)."""
    inner, outputs = w.shape[::-1] if transposed else w.shape
    if x.shape[-1] != inner:
        raise ValueError(
            f"shapes {x.shape} and {w.shape} not aligned: {x.shape[-1]} (last axis) != {inner}"
        )
    rows = x if x.ndim < 3 else flattened(x)
    shape, full = (*rows.shape[:-1], outputs), (*x.shape[:-1], outputs)
    if not _blas.serves(rows, w):
        return _written(out, rows.dot(w.T if transposed else w).reshape(full))
    if _blas.can_hold(out, full, x, w):
        _blas.times(rows, w, out.reshape(shape), transposed)  # a view, as out lies in one piece
        return out
    result = _blas.times(rows, w, cupy.empty(shape, dtype=w.dtype), transposed)
    return _written(out, result.reshape(full))


def flattened(x: Array) -> Array:
    """A matrix of the same rows; a vector is one row."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _written(out: Array | None, result: Array) -> Array:
    """``out`` with the result in it, where there is one."""
    if out is None or out is result:
        return result
    out[...] = result
    return out


def rank_update(w: Array, x: Array, g: Array, alpha: float, beta: float) -> Array | None:
    """``w`` itself made into ``beta * w + alpha * x.T @ g``; None if it cannot be done in place."""
    if not _blas.serves(w, x, g) or not (w.flags.c_contiguous or w.flags.f_contiguous):
        return None
    if cupy.may_share_memory(w, x) or cupy.may_share_memory(w, g):
        return None
    return _blas.add_products(w, flattened(x), flattened(g), alpha, beta)
