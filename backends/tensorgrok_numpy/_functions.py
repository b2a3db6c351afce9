"""Functions that NumPy does slowly: on small arrays, or where it branches for each element."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: From this many elements on, masks of bits beat ``numpy.where``.
MANY = 4096

#: Integers as wide as floats of each size.
_INTEGERS = {2: np.int16, 4: np.int32, 8: np.int64}

#: The number 0 of each kind of float; to NumPy an array is cheaper than a Python number.
_ZEROS = {np.dtype(name): np.zeros((), dtype=name) for name in ("f2", "f4", "f8")}

# NumPy's functions under names that are found sooner than attributes of a module.
_array, _where, _maximum, _greater = np.ndarray, np.where, np.maximum, np.greater
_sum: Any = np.add.reduce  # NumPy's annotations want each combination of arguments apart


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """``numpy.where``; with 0, as in the rule of relu, it is 5 to 15 times faster on large arrays.

    A branch for each element is slow where conditions are irregular. An integer of which all bits
    are set or none keeps the bits of the float beside it, or makes them 0.
    """
    if type(x2) is int and x2 == 0 and type(x1) is _array and x1.dtype in _ZEROS:
        if (
            x1.size >= MANY
            and type(condition) is _array
            and condition.dtype == bool
            and condition.shape == x1.shape
            and condition.flags.c_contiguous
            and x1.flags.c_contiguous
        ):
            integer: Any = _INTEGERS[x1.itemsize]
            mask = np.negative(condition.view(np.int8), dtype=integer)
            mask &= x1.view(integer)
            return mask.view(x1.dtype)
        x2 = _ZEROS[x1.dtype]
    return _where(condition, x1, x2)


def maximum(x1: Any, x2: Any) -> Any:
    """``numpy.maximum``; with 0, as in relu, faster on small arrays."""
    if type(x2) is int and x2 == 0 and type(x1) is _array and x1.dtype in _ZEROS:
        x2 = _ZEROS[x1.dtype]
    return _maximum(x1, x2)


def greater(x1: Any, x2: Any) -> Any:
    """``numpy.greater``; with 0, as in the rule of relu, faster on small arrays."""
    if type(x2) is int and x2 == 0 and type(x1) is _array and x1.dtype in _ZEROS:
        x2 = _ZEROS[x1.dtype]
    return _greater(x1, x2)


def astype(x: Any, dtype: npt.DTypeLike, *, copy: bool = True) -> Any:
    """``numpy.astype`` without its checks, which take longer than small casts do."""
    return x.astype(dtype, copy=copy)


def reshape(x: Any, shape: Any, *, copy: bool | None = None) -> Any:
    """``numpy.reshape`` without what it does first, which takes longer than the rest."""
    return x.reshape(shape) if copy is None else x.reshape(shape, copy=copy)


def permute_dims(x: Any, axes: tuple[int, ...]) -> Any:
    """``numpy.permute_dims`` without what it does first."""
    return x.transpose(axes)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``numpy.mean``, which on small arrays takes four times as long."""
    if x.size == 0 or x.dtype.kind not in "fc" or x.dtype.itemsize < 4:  # those are summed as wider
        return np.mean(x, axis=axis, keepdims=keepdims)
    total: Any = _sum(x, axis=axis, keepdims=keepdims)
    return total / (x.size // total.size)
