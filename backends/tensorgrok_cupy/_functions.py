"""What ``xp`` has in place of array-api-compat's functions: without waiting, or more like NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cupy  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional

Array = Any


def sort(x: Array, /, *, axis: int = -1) -> Array:
    """Sorted elements with NaN at the end, as in NumPy."""
    return cupy.sort(_positive_nan(x), axis=axis)


def argsort(x: Array, /, *, axis: int = -1, stable: bool = True) -> Array:
    """The order that sorts, with the places of NaN at the end; CuPy's sort is stable anyway."""
    return cupy.argsort(_positive_nan(x), axis=axis, kind="stable")


def _positive_nan(x: Array) -> Array:
    """Vectors of floats are sorted by their bits, which puts a NaN with the sign bit first."""
    if x.ndim == 1 and x.dtype.kind == "f":
        return cupy.where(x == x, x, cupy.full((), cupy.nan, dtype=x.dtype))
    return x


def logical_not(x: Array, /) -> Array:
    """Of complex numbers too, which CuPy's own lacks; likewise those below."""
    return cupy.logical_not(_truth(x))


def logical_and(x1: Array, x2: Array, /) -> Array:
    return cupy.logical_and(_truth(x1), _truth(x2))


def logical_or(x1: Array, x2: Array, /) -> Array:
    return cupy.logical_or(_truth(x1), _truth(x2))


def logical_xor(x1: Array, x2: Array, /) -> Array:
    return cupy.logical_xor(_truth(x1), _truth(x2))


def _truth(x: Any) -> Any:
    return x != 0 if isinstance(x, cupy.ndarray) and x.dtype.kind == "c" else x


#: The functions by the names that they take over.
OVERRIDES: dict[str, Callable[..., Any]] = {
    # That of the namespace waits for the device, to put NaN where NaN was; CuPy's own does so too.
    "sign": cupy.sign,
    "sort": sort,
    "argsort": argsort,
    "logical_not": logical_not,
    "logical_and": logical_and,
    "logical_or": logical_or,
    "logical_xor": logical_xor,
}
