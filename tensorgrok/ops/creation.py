"""Creation cards: tensors out of nothing but Python values, on the current backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Array, Namespace
from ..cards import primitive
from ..context import DType, common_dtype, get_default_dtype
from ..engine import SCALARS
from ..errors import ArgumentError, DTypeError
from .arrangement import Shape, plain_dtype, plain_shape


def plain_number(name: str, value: Any) -> Any:
    """Check a number argument and make it a Python number."""
    number = value.item() if isinstance(value, np.generic) else value
    if not isinstance(number, SCALARS):
        raise DTypeError(f"{name}: expected a number, got {value!r}")
    return number


def _filled(name: str, dtype: npt.DTypeLike | None) -> DType:
    return get_default_dtype() if dtype is None else plain_dtype(name, dtype)


def _fitting(name: str, dtype: npt.DTypeLike | None, *numbers: Any) -> DType:
    """The dtype asked for, or the one in which tensors of these numbers would meet."""
    if dtype is None:
        return common_dtype([np.dtype(bool)], numbers, floating=False)
    return plain_dtype(name, dtype)


@primitive("creation", python="zeros({shape})", latex="0")
def zeros(xp: Namespace, shape: Shape, *, dtype: npt.DTypeLike | None = None) -> Array:
    """A tensor of zeros, of the default dtype unless one is given.

    >>> tg.zeros((2, 3)).shape
    (2, 3)
    """
    return xp.zeros(plain_shape("zeros", shape), dtype=_filled("zeros", dtype))


@primitive("creation", python="ones({shape})", latex="1")
def ones(xp: Namespace, shape: Shape, *, dtype: npt.DTypeLike | None = None) -> Array:
    """A tensor of ones, of the default dtype unless one is given.

    >>> tg.ones(2)
    Tensor([1., 1.], shape=(2,), dtype=float32)
    """
    return xp.ones(plain_shape("ones", shape), dtype=_filled("ones", dtype))


@primitive("creation", python="full({shape}, {value})", latex="{value}")
def full(
    xp: Namespace, shape: Shape, value: complex, *, dtype: npt.DTypeLike | None = None
) -> Array:
    """A tensor filled with one number; floats get the default dtype unless one is given.

    >>> tg.full(2, 7.5)
    Tensor([7.5, 7.5], shape=(2,), dtype=float32)
    """
    number = plain_number("full", value)
    return xp.full(plain_shape("full", shape), number, dtype=_fitting("full", dtype, number))


@primitive("creation", python="arange({start}, {stop}, {step})")
def arange(
    xp: Namespace,
    start: float,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Evenly spaced numbers from ``start`` up to but without ``stop``; with one number, from 0.

    >>> tg.arange(4)
    Tensor([0, 1, 2, 3], shape=(4,), dtype=int64)
    """
    ends = (0, start, step) if stop is None else (start, stop, step)
    numbers = [plain_number("arange", end) for end in ends]
    if step == 0:
        raise ArgumentError("arange: step must not be 0")
    return xp.arange(*numbers, dtype=_fitting("arange", dtype, *numbers))
