"""Creation cards: tensors out of nothing but Python values, on the current backend."""

from __future__ import annotations

import numpy.typing as npt

from ..backend import Array, Namespace
from ..cards import primitive
from ..context import get_default_dtype
from .arrangement import Shape, plain_shape


@primitive("creation", python="zeros({shape})", latex="0")
def zeros(xp: Namespace, shape: Shape, *, dtype: npt.DTypeLike | None = None) -> Array:
    """A tensor of zeros, of the default dtype unless one is given.

    >>> tg.zeros((2, 3)).shape
    (2, 3)
    """
    return xp.zeros(plain_shape("zeros", shape), dtype=dtype or get_default_dtype())


@primitive("creation", python="ones({shape})", latex="1")
def ones(xp: Namespace, shape: Shape, *, dtype: npt.DTypeLike | None = None) -> Array:
    """A tensor of ones, of the default dtype unless one is given.

    >>> tg.ones(2)
    Tensor([1., 1.], shape=(2,), dtype=float32)
    """
    return xp.ones(plain_shape("ones", shape), dtype=dtype or get_default_dtype())


@primitive("creation", python="full({shape}, {value})", latex="{value}")
def full(
    xp: Namespace, shape: Shape, value: complex, *, dtype: npt.DTypeLike | None = None
) -> Array:
    """A tensor filled with one number; floats get the default dtype unless one is given.

    >>> tg.full(2, 7.5)
    Tensor([7.5, 7.5], shape=(2,), dtype=float32)
    """
    if dtype is None and isinstance(value, float):
        dtype = get_default_dtype()
    return xp.full(plain_shape("full", shape), value, dtype=dtype)


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
    if dtype is None and any(isinstance(end, float) for end in (start, stop, step)):
        dtype = get_default_dtype()
    begin, end = (0, start) if stop is None else (start, stop)
    return xp.arange(begin, end, step, dtype=dtype)
