"""Adding and replacing at places of a CuPy array, where places may repeat.

``cupy.add.at`` adds by atomic operations, so the order of additions, and with it the last digits of
a float's sum, may differ from run to run. Of several values for one place CuPy keeps any one; here
the last is found first.
"""

from __future__ import annotations

import math
from typing import Any

import cupy  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional
import numpy as np

from tensorgrok.backend import Key

Array = Any

#: What ``cupy.add.at`` adds to by atomic operations.
ATOMIC = ("float16", "float32", "float64", "int32", "uint32", "uint64")


def added(table: Array, key: Key, values: Array) -> Array:
    """``table`` with ``values`` added at ``table[key]``; repeated places add up."""
    key = _wide(key)
    result = _fresh(table)
    values = _fitted(values, table.ndim, key)
    if not _repeats(key):
        result[key] = result[key] + values
        return result
    kind = table.dtype.kind
    if kind == "c":
        parts = [added(table.real, key, values.real), added(table.imag, key, values.imag)]
        return (parts[0] + 1j * parts[1]).astype(table.dtype, copy=False)
    if table.dtype.name in ATOMIC:
        cupy.add.at(result, key, values)
        return result
    # Sums modulo 2**64 are the same for numbers with a sign; a boolean is whether there is any.
    words = result.astype(np.int64).view(np.uint64)
    cupy.add.at(words, key, values.astype(np.int64).view(np.uint64))
    return words.view(np.int64).astype(table.dtype)


def replaced(table: Array, key: Key, values: Array) -> Array:
    """``table`` with ``table[key]`` replaced by ``values``; of repeated places the last wins."""
    key = _wide(key)
    result = _fresh(table)
    values = _fitted(values, table.ndim, key)
    if not _repeats(key):
        result[key] = values
        return result
    places = cupy.arange(math.prod(table.shape)).reshape(table.shape)[key]
    if places.size == 0:
        return result
    spread = cupy.broadcast_to(values, places.shape).reshape(-1)
    last = cupy.zeros((math.prod(table.shape),), dtype=np.uint64)  # counted from 1; 0 for none
    turns = cupy.arange(1, places.size + 1, dtype=np.uint64)
    cupy.maximum.at(last, places.reshape(-1), turns)
    turn = last.astype(np.int64).reshape(table.shape)
    return cupy.where(turn > 0, spread[cupy.maximum(turn - 1, 0)], result)


def _fresh(table: Array) -> Array:
    """A copy to write into, in row-major memory."""
    return cupy.array(table, copy=True, order="C")


def _wide(key: Key) -> tuple[Any, ...]:
    """The parts of a key, with integers of 64 bits: CuPy counts in the dtype of an index."""
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(
        part.astype(np.int64, copy=False)
        if isinstance(part, cupy.ndarray) and part.dtype.kind in "iu"
        else part
        for part in parts
    )


def _repeats(key: tuple[Any, ...]) -> bool:
    """Whether a key may name a place twice: if there are integer arrays in it."""
    return any(isinstance(part, cupy.ndarray) and part.dtype.kind == "i" for part in key)


def _fitted(values: Array, ndim: int, key: tuple[Any, ...]) -> Array:
    """The values without leading axes of length 1 that have no place to go."""
    arrays = [part for part in key if isinstance(part, cupy.ndarray)]
    masks = [part for part in arrays if part.dtype.kind == "b"]
    used = sum(isinstance(part, int) for part in key)
    used += len(arrays) - len(masks) + sum(mask.ndim for mask in masks)
    read = max((1 if part.dtype.kind == "b" else part.ndim for part in arrays), default=0)
    extra = values.ndim - (ndim - used + sum(part is None for part in key) + read)
    return values.reshape(values.shape[extra:]) if extra > 0 else values
