"""From what users hand over to an array on a backend: lists, numbers, arrays of either side.

This module stands on ``engine``; ``tensor`` makes tensors of what it returns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import engine
from .backend import Array, Backend
from .context import as_dtype, get_context, get_default_dtype
from .errors import DTypeError, ShapeError


def as_array(value: Any, dtype: npt.DTypeLike | None, backend: Backend, copy: bool) -> Array:
    """Bring whatever a user may hand over onto a backend."""
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, engine.Handle):
        tracer = get_context().tracer
        if tracer is not None:
            traced = value._value()
            return traced if wanted in (None, traced.dtype) else tracer.xp.astype(traced, wanted)
        value = value._data if value.backend is backend else value.numpy()
    if backend.owns(value) and not isinstance(value, np.ndarray):
        return backend.asarray(value, wanted, copy=True if copy else None)
    if isinstance(value, np.ma.MaskedArray):
        raise DTypeError(
            "expected numbers, got a masked array, whose mask would be lost; fill it first"
        )
    if isinstance(value, np.ndarray | np.generic):
        host = np.asarray(value)
    else:
        host = _from_python(value)
        if wanted is None and host.dtype.kind in "fc":
            wanted = (
                get_default_dtype()
                if host.dtype.kind == "f"
                else np.result_type(get_default_dtype(), 1j)
            )
    if host.dtype.kind not in "biufc":
        raise DTypeError(
            f"expected numbers, got {type(value).__name__} of dtype {host.dtype}; convert it to an "
            "array of booleans, integers, floats or complex numbers"
        )
    if wanted is not None and host.dtype.kind == "c" and wanted.kind != "c":
        raise DTypeError(
            f"expected real numbers for dtype {wanted}, got complex ones; take .real or .imag"
        )
    if not host.dtype.isnative:
        host = host.astype(host.dtype.newbyteorder("="))
    return backend.asarray(host, wanted, copy=True if copy else None)


def _from_python(value: Any) -> npt.NDArray[Any]:
    if isinstance(value, str | bytes | dict | set | frozenset) or value is None:
        raise DTypeError(
            f"expected a tensor, an array, a number or nested lists of numbers, got a "
            f"{type(value).__name__}"
        )
    try:
        return np.array(value)
    except ValueError as error:
        if isinstance(value, list | tuple):
            raise ShapeError(
                "nested lists must be of equal lengths along each axis; pad them, or keep them as "
                "several tensors"
            ) from error
        raise
