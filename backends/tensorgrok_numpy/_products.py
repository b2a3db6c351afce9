"""Vectors times matrices with NumPy, reading every operand where it lies.

``numpy.ndarray.dot`` is the fastest way to BLAS, with two exceptions: with a first operand of three
or more axes it computes one element after the other, up to 200 times slower than the matrix
product of the same rows; and it copies any matrix that is not in one piece of memory, which
``numpy.matmul`` reads as it lies if its rows or columns are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Up to this many elements an outer product is faster as a matrix product (1.4 times at a million
#: float32 elements), beyond it as a broadcast product (2.2 times at 16 million).
LARGE_OUTER = 1 << 22

#: From this many columns on, copying vectors that are not in one piece pays: one matrix product
#: of them all takes up to half the time of many small ones.
MANY_COLUMNS = 64


def vecmat(x: Array, w: Array, out: Array | None = None) -> Array:
    """Vectors times a matrix: ``x`` (..., K) and ``w`` (K, M) give (..., M)."""
    # A matrix with memory of its own is in one piece; asking that is cheaper than asking flags.
    if x.ndim < 3 and w.base is None and (x.base is None or x.flags.forc):
        return x.dot(w, out)
    return _rows_times(x, w, out)


def vecmat_dx(g: Array, w: Array, out: Array | None = None) -> Array:
    """Gradient of ``vecmat`` to its vectors: ``g`` (..., M) and ``w`` (K, M) give (..., K)."""
    if g.ndim < 3 and w.base is None and (g.base is None or g.flags.forc):
        return g.dot(w.T, out)
    return _rows_times(g, w.T, out)


def vecmat_dw(x: Array, g: Array, out: Array | None = None) -> Array:
    """Gradient of ``vecmat`` to its matrix: ``x`` (..., K) and ``g`` (..., M) give (K, M)."""
    if x.ndim == 1:
        x, g = x[None, :], g[None, :]
    elif x.ndim != 2:
        rows = math.prod(x.shape[:-1])  # NumPy cannot tell what -1 means beside a length of 0
        x, g = x.reshape(rows, x.shape[-1]), g.reshape(rows, g.shape[-1])
    if x.shape[0] == 1:
        if x.size > 1000 and x.size * g.size > LARGE_OUTER:
            return np.multiply(x.T, g, out=out)
        return x.T.dot(g, out)
    return product(x.T, g, out)


def product(a: Array, b: Array, out: Array | None = None) -> Array:
    """A vector or matrix times a matrix, copying neither if BLAS can read them as they lie."""
    if (_in_pieces(a) or _in_pieces(b)) and _readable(a) and _readable(b):
        return np.matmul(a, b, out=out)
    return a.dot(b, out)


def _rows_times(x: Array, w: Array, out: Array | None) -> Array:
    """``vecmat`` with leading axes of any number, or of matrices in several pieces."""
    if x.ndim < 3:
        return product(x, w, out)
    lead, columns = x.shape[:-1], w.shape[1]
    flat = (math.prod(lead), x.shape[-1])
    try:
        rows = np.reshape(x, flat, copy=None if columns >= MANY_COLUMNS else False)
    except ValueError:  # it would have to be copied
        return np.matmul(x, w, out=out)
    if out is None:
        return product(rows, w).reshape(*lead, columns)
    product(rows, w, np.reshape(out, (flat[0], columns), copy=False))
    return out


def _in_pieces(array: Array) -> bool:
    """Whether ``ndarray.dot`` would copy the array."""
    return not array.flags.forc


def _readable(array: Array) -> bool:
    """Whether BLAS can read a vector or matrix as it lies: rows or columns in one piece."""
    if array.dtype.char not in "fdFD":
        return False
    size, steps, shape = array.itemsize, array.strides, array.shape
    if array.flags.forc:
        return True
    if array.ndim == 1:
        return steps[0] > 0 and steps[0] % size == 0
    across, along = (0, 1) if steps[1] == size else (1, 0)
    return (
        steps[along] == size
        and steps[across] % size == 0
        and steps[across] >= shape[along] * size
        and shape[0] > 1 < shape[1]
    )
