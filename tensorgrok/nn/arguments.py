"""Arguments that layers and initialisers share: lengths, axes, dtypes of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..context import DType, get_default_dtype
from ..errors import ArgumentError, DTypeError
from ..ops.arrangement import plain_dtype


def plain_integer(name: str, argument: str, value: Any) -> int:
    """Check an argument that is an integer; those of NumPy become Python's."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise DTypeError(f"{name}: {argument} must be an integer, got {value!r}")
    return int(value)


def plain_length(name: str, argument: str, value: Any) -> int:
    """Check an argument that is the length of an axis of a parameter."""
    length = plain_integer(name, argument, value)
    if length < 1:
        raise ArgumentError(f"{name}: {argument} must be at least 1, got {length}")
    return length


def parameter_dtype(name: str, dtype: npt.DTypeLike | None) -> DType:
    """Check the dtype of parameters, a real floating-point one; the default dtype for None."""
    chosen = get_default_dtype() if dtype is None else plain_dtype(name, dtype)
    if chosen.kind != "f":
        raise DTypeError(f"{name}: parameters need a floating-point dtype, got {chosen}")
    return chosen
