"""Arithmetic that cards of several modules share."""

from __future__ import annotations

import numpy as np

from ..backend import Array, Namespace
from ..context import DType

_LARGEST = {size: float(np.finfo(f"f{size}").max) for size in (2, 4, 8)}

#: Numbers of fewer bytes than 4, float16, are added up in this dtype: more than 65504 ones overflow
#: in their own.
SINGLE = np.dtype(np.float32)


def largest(dtype: DType) -> float:
    """The largest finite number of a real dtype, or Python's if the dtype is wider."""
    return _LARGEST.get(dtype.itemsize, _LARGEST[8])


def limited(xp: Namespace, x: Array, bound: float) -> Array:
    """``x``, but no further from 0 than ``bound``."""
    return xp.minimum(xp.maximum(x, -bound), bound)


def conjugate(xp: Namespace, x: Array) -> Array:
    """``x`` as it is if it is real: gradients record no operation that does nothing."""
    return xp.conj(x) if x.dtype.kind == "c" else x


def squared_size(xp: Namespace, x: Array) -> Array:
    """Squares of absolute values, which are real."""
    return xp.real(x * xp.conj(x)) if x.dtype.kind == "c" else x * x
