"""Adding an outer product, or a sum of them, to a matrix in place: what a training step does most.

``w + alpha * outer(x, g)`` written with NumPy makes two arrays as large as ``w``. BLAS reads and
writes ``w`` once, and NumPy's BLAS has no way to do that; SciPy's has, and is used where SciPy is
installed (the extra ``blas``). Elsewhere NumPy does it block by block, in blocks that stay in the
cache.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from ._products import vecmat_dw

Array = npt.NDArray[Any]

#: Up to this many elements the plain formula takes no longer than finding out how to do better.
SMALL = 1 << 14

#: Elements of a block: 512 KiB of float32. Between 64 Ki and 256 Ki elements the time of an update
#: of 1024 x 1024 differs by less than 8 percent; with 16 Ki it is a third longer.
BLOCK = 1 << 17

#: From this many elements on, the update by one row is faster than a matrix product of one row.
LARGE_ROW = 1 << 18

#: Letter of a dtype to the names of its rank-one update and of its matrix product.
ROUTINES = {
    "f": ("sger", "sgemm"),
    "d": ("dger", "dgemm"),
    "F": ("cgeru", "cgemm"),
    "D": ("zgeru", "zgemm"),
}


@functools.cache
def load_blas() -> Any:
    """SciPy's BLAS, or None without SciPy; it takes 0.3 s to load, so only the first use does."""
    try:
        import scipy.linalg.blas  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional
    except ImportError:
        return None
    return scipy.linalg.blas


def may_update(w: Array, x: Array, g: Array) -> bool:
    """Whether ``w`` can hold the result: in one piece, writable, of one dtype, apart from both."""
    return (
        w.dtype.kind in "fc"
        and w.dtype == x.dtype == g.dtype
        and w.flags.forc
        and w.flags.behaved
        and not np.may_share_memory(w, x)
        and not np.may_share_memory(w, g)
    )


def rank_update(w: Array, x: Array, g: Array, alpha: float, beta: float) -> Array:
    """Make ``w`` into ``beta * w + alpha * x.T.dot(g)`` and return it.

    ``w`` (K, M) must be what ``may_update`` asks for; ``x`` is (rows, K) and ``g`` (rows, M).
    """
    if w.size == 0:
        return w
    if not w.flags.c_contiguous:  # then its transpose is
        return rank_update(w.T, g, x, alpha, beta).T
    if beta == 0:
        return vecmat_dw(x, np.multiply(g, alpha, dtype=w.dtype), out=w)
    blas = load_blas() if w.dtype.char in ROUTINES and alpha != 0 and len(x) > 0 else None
    if blas is None:
        return _in_blocks(w, x, np.multiply(g, alpha, dtype=w.dtype), beta)
    # Fortran's matrices are column-major: what is updated there is the transpose of w, in place.
    update, product = (getattr(blas, name) for name in ROUTINES[w.dtype.char])
    if len(x) == 1 and beta == 1 and w.size >= LARGE_ROW:
        update(alpha, g[0], x[0], a=w.T, overwrite_a=1)
    else:
        product(alpha, g.T, x.T, beta=beta, c=w.T, trans_b=1, overwrite_c=1)
    return w


def _in_blocks(w: Array, x: Array, g: Array, beta: float) -> Array:
    """Make the row-major ``w`` into ``beta * w + x.T.dot(g)``, some rows at a time."""
    inputs, outputs = w.shape
    rows = min(inputs, max(1, BLOCK // outputs))
    buffer = np.empty((rows, outputs), w.dtype)
    for start in range(0, inputs, rows):
        block = w[start : start + rows]
        part = vecmat_dw(x[:, start : start + rows], g, out=buffer[: len(block)])
        if beta != 1:
            np.multiply(block, beta, out=block)
        np.add(block, part, out=block)
    return w
