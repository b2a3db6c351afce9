"""The NumPy backend of tensorgrok: the CPU, and the reference for every other backend.

It overrides the vector-matrix hot path and what costs much on small arrays or when scattered;
everything else comes from the base class. It
registers under the entry-point group ``tensorgrok.backends`` like anybody's backend.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tensorgrok.backend import Array, Backend, Key

__all__ = ["NumPyBackend"]


#: Up to this many elements an outer product is faster as a matrix product (1.8 times at a million
#: float32 elements), beyond it as a broadcast product (2.4 times at 16 million).
LARGE_OUTER = 1 << 22


class NumPyBackend(Backend):
    """NumPy arrays in host memory."""

    name = "numpy"
    array_type = np.ndarray
    features = frozenset({"host", "out"})

    def __init__(self) -> None:
        super().__init__(np)

    def overrides(self) -> dict[str, Callable[..., Any]]:
        # On small arrays the reductions cost half of what numpy.sum and numpy.max do.
        return {"sum": np.add.reduce, "max": np.maximum.reduce}

    def to_numpy(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.array(array)

    def own(self, array: npt.NDArray[Any], shared: bool) -> npt.NDArray[Any]:
        plain = type(array) is np.ndarray  # small results of NumPy may be scalars
        if plain and not shared and array.base is None and array.flags.c_contiguous:
            return array
        return np.array(array, order="C", copy=True)

    # numpy.ndarray.dot is one call into C, with or without leading axes and ``out``.
    vecmat = staticmethod(np.ndarray.dot)  # type: ignore[assignment]  # NumPy annotates 'out' as None

    def vecmat_dx(
        self, g: npt.NDArray[Any], w: npt.NDArray[Any], out: npt.NDArray[Any] | None = None
    ) -> Array:
        return g.dot(w.T) if out is None else g.dot(w.T, out)

    def vecmat_dw(
        self, x: npt.NDArray[Any], g: npt.NDArray[Any], out: npt.NDArray[Any] | None = None
    ) -> Array:
        if x.ndim == 1:
            x, g = x[None, :], g[None, :]
        elif x.ndim != 2:
            rows = math.prod(x.shape[:-1])  # NumPy cannot tell what -1 means beside a length of 0
            x, g = x.reshape(rows, x.shape[-1]), g.reshape(rows, g.shape[-1])
        if x.size > 1000 and x.shape[0] == 1 and x.size * g.size > LARGE_OUTER:
            return np.multiply(x.T, g, out=out)
        return x.T.dot(g) if out is None else x.T.dot(g, out)

    def scatter_add(self, table: npt.NDArray[Any], key: Key, values: Any) -> npt.NDArray[Any]:
        result = np.array(table)
        if _repeats(key):
            shape = result[key].shape
            if values.shape[:1] == (1,):  # unlike assignment, add.at keeps axes without a place
                values = values.reshape(values.shape[max(0, values.ndim - len(shape)) :])
            # add.at itself reads past the end of values that broadcast (NumPy 2.4.6).
            np.add.at(result, key, np.broadcast_to(values, shape))
        else:
            result[key] = result[key] + values
        return result

    def scatter_set(self, table: npt.NDArray[Any], key: Key, values: Any) -> npt.NDArray[Any]:
        result = np.array(table)
        result[key] = values
        return result


def _repeats(key: Key) -> bool:
    """Tell whether a key may name one place twice: only integer arrays can."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(part, np.ndarray) and part.dtype.kind in "iu" for part in parts)
