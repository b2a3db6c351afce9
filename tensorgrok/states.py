"""Saved states: the checks before a module, an optimizer or a generator takes one over.

A state is a dictionary of arrays and plain values by name. Whoever loads one checks all of it with
these functions before anything is taken over, so that a state that does not fit changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .engine import Handle
from .errors import ArgumentError, DTypeError, ShapeError, join_words

if TYPE_CHECKING:
    from .tensor import Tensor


def check_names(names: Collection[str], state: Any, owner: str) -> None:
    """Refuse a state that is no mapping, or has other names than ``owner`` does."""
    check_mapping(state)
    missing = [repr(name) for name in names if name not in state]
    unknown = [repr(name) for name in state if name not in names]
    if missing or unknown:
        parts = [f"missing are {join_words(missing)}"] if missing else []
        parts += [f"unknown are {join_words(unknown)}"] if unknown else []
        raise ArgumentError(
            f"load_state_dict: the names do not fit this {owner}: {'; '.join(parts)}"
        )


def check_mapping(state: Any) -> None:
    """Refuse what cannot be a state: those are dictionaries, or what reads like one."""
    if not isinstance(state, Mapping):
        raise DTypeError(
            "load_state_dict: give a dictionary, such as state_dict returns, not something of type "
            f"{type(state).__name__}"
        )


def fitting(name: str, value: Any, tensor: Tensor) -> npt.NDArray[Any]:
    """A value of a state in host memory, of the shape and dtype of the tensor it is for.

    Raises:
        ShapeError: it has another shape.
        DTypeError: the tensor's dtype cannot hold it: complex numbers where it is real, floats
            where it is of integers, a number beyond its range. (Floats are rounded.)
    """
    array = _host_array(name, value, tensor)
    dtype = tensor.dtype
    if array.shape != tensor.shape:
        raise ShapeError(
            f"load_state_dict: {name} has shape {tensor.shape}, the state has {array.shape}"
        )
    if array.dtype.kind not in "biufc" or _rank(array.dtype) > _rank(dtype):
        raise DTypeError(f"load_state_dict: {name} has dtype {dtype}, the state has {array.dtype}")
    if array.dtype == dtype:
        return array
    with np.errstate(all="ignore"):
        cast = array.astype(dtype)
    lost = np.isfinite(array) & ~np.isfinite(cast) if dtype.kind in "fc" else array != cast
    if lost.any():
        raise DTypeError(
            f"load_state_dict: {name} has dtype {dtype}, which cannot hold the {array[lost][0]} of "
            "the state"
        )
    return cast


def _host_array(name: str, value: Any, tensor: Tensor) -> npt.NDArray[Any]:
    try:
        if isinstance(value, Handle):
            return value.numpy()
        return tensor.backend.to_numpy(value) if tensor.backend.owns(value) else np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"load_state_dict: {name}: {error}") from error


def _rank(dtype: np.dtype[Any]) -> int:
    """Integers (and booleans) go into floats, and those into complex numbers, but not back."""
    return {"f": 1, "c": 2}.get(dtype.kind, 0)
