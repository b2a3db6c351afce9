"""The NumPy backend of tensorgrok: the CPU, and the reference for every other backend.

It overrides the vector-matrix hot path (``_products``), rank updates (``_rank_update``), scattering
(``_scatter``) and what costs much on small arrays; everything else comes from the base class. It
registers under the entry-point group ``tensorgrok.backends`` like anybody's backend.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tensorgrok.backend import Backend, Key

from . import _functions, _products, _rank_update, _scatter

__all__ = ["NumPyBackend"]


class NumPyBackend(Backend):
    """NumPy arrays in host memory."""

    name = "numpy"
    array_type = np.ndarray
    device = "CPU"
    features = frozenset({"host", "into", "out"})

    def __init__(self) -> None:
        super().__init__(np)

    def overrides(self) -> dict[str, Callable[..., Any]]:
        # On small arrays these reductions cost half of what numpy.sum and its like do.
        faster: dict[str, Callable[..., Any]] = {"sum": np.add.reduce, "max": np.maximum.reduce}
        faster |= {"prod": np.multiply.reduce, "min": np.minimum.reduce, "mean": _functions.mean}
        faster |= {"where": _functions.where, "maximum": _functions.maximum}
        faster |= {"greater": _functions.greater}
        faster |= {"reshape": _functions.reshape, "permute_dims": _functions.permute_dims}
        return faster | {"astype": _functions.astype}

    def to_numpy(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.array(array)

    def item(self, array: npt.NDArray[Any]) -> Any:
        return array.item()

    def own(self, array: npt.NDArray[Any], shared: bool) -> npt.NDArray[Any]:
        plain = type(array) is np.ndarray  # small results of NumPy may be scalars
        if plain and not shared and array.base is None and array.flags.c_contiguous:
            return array
        return np.array(array, order="C", copy=True)

    vecmat = staticmethod(_products.vecmat)
    vecmat_dx = staticmethod(_products.vecmat_dx)
    vecmat_dw = staticmethod(_products.vecmat_dw)

    def rank_update(
        self,
        w: npt.NDArray[Any],
        x: npt.NDArray[Any],
        g: npt.NDArray[Any],
        alpha: float = 1.0,
        beta: float = 1.0,
    ) -> npt.NDArray[Any]:
        alpha, beta = float(alpha), float(beta)  # NumPy's numbers would widen a float32 array
        if w.size < _rank_update.SMALL or not _rank_update.may_update(w, x, g):
            updated: npt.NDArray[Any] = super().rank_update(w, x, g, alpha, beta)
            return updated
        rows = math.prod(x.shape[:-1])
        x, g = x.reshape(rows, x.shape[-1]), g.reshape(rows, g.shape[-1])
        return _rank_update.rank_update(w, x, g, alpha, beta)

    def scatter_add(self, table: npt.NDArray[Any], key: Key, values: Any) -> npt.NDArray[Any]:
        result = _scatter.fresh(table)
        if _scatter.repeats(key):
            _scatter.add_at(result, key, values)
        else:
            result[key] = result[key] + values
        return result

    def scatter_set(self, table: npt.NDArray[Any], key: Key, values: Any) -> npt.NDArray[Any]:
        result = _scatter.fresh(table)
        result[key] = values
        return result
