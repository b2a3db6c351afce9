"""Axes and shapes: the arithmetic on them that cards of several modules share.

Axes are non-negative here, but for ``axis``: that is the argument of a reduction, an integer, a
tuple of integers or None for all. There are no cards here; ``arguments`` has the checks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..backend import Array, Namespace
from .arguments import Axis

# Keys and shapes -------------------------------------------------------------------------------


def key_along(axis: int, place: Any) -> tuple[Any, ...]:
    """The key that reads ``place``, an index or a slice, of one axis and all of the others."""
    return (*[slice(None)] * axis, place)


def cut(
    x: Array, axis: int, start: int | None, stop: int | None = None, step: int | None = None
) -> Array:
    """``x[start:stop:step]`` along one axis."""
    return x[key_along(axis, slice(start, stop, step))]


def with_length(shape: Sequence[int], axis: int, length: int) -> tuple[int, ...]:
    """A shape with another length of one axis."""
    return (*shape[:axis], length, *shape[axis + 1 :])


def near_diagonal(number: int, rows: int, columns: int) -> int:
    """The number of a diagonal, or of the nearest of those just outside of the matrix."""
    return max(-rows, min(number, columns))


def aligned(shape: Sequence[int], ndim: int) -> tuple[int, ...]:
    """A shape with leading axes of length 1, so that there are ``ndim``."""
    return (*(1,) * (ndim - len(shape)), *shape)


def interleaved(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    """One length of the first, one of the second, and so on."""
    return tuple(length for pair in zip(first, second, strict=True) for length in pair)


# Orders of axes --------------------------------------------------------------------------------


def order_with_last(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """The order of axes in which these come last."""
    return (*(i for i in range(ndim) if i not in axes), *axes)


def inverse(order: Sequence[int]) -> tuple[int, ...]:
    """The order that undoes another one."""
    return tuple(order.index(i) for i in range(len(order)))


def permuted(xp: Namespace, x: Array, order: Sequence[int]) -> Array:
    """``x`` with its axes in this order; as it is if they are."""
    return x if tuple(order) == tuple(range(x.ndim)) else xp.permute_dims(x, tuple(order))


# Reduced axes ----------------------------------------------------------------------------------


def reduced_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes meant by ``axis``, in rising order."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(sorted(range(ndim)[i] for i in axes))


def reduced_shape(shape: Sequence[int], axis: Axis, keepdims: bool) -> tuple[int, ...]:
    """The shape of a reduction's result."""
    axes = reduced_axes(axis, len(shape))
    kept = (1 if i in axes else length for i, length in enumerate(shape))
    return tuple(length for i, length in enumerate(kept) if keepdims or i not in axes)


def count(like: Any, axis: Axis) -> int:
    """How many elements each result is reduced from."""
    return math.prod(like.shape[i] for i in reduced_axes(axis, like.ndim))


def spread(xp: Namespace, g: Array, like: Any, axis: Axis) -> Array:
    """Give a reduced array its reduced axes back, with length 1, so that it broadcasts."""
    return xp.reshape(g, reduced_shape(like.shape, axis, True))


def as_rows(xp: Namespace, x: Array, axis: Axis) -> Array:
    """Flatten the reduced axes, in row-major order, into one that comes last."""
    turned = permuted(xp, x, order_with_last(reduced_axes(axis, x.ndim), x.ndim))
    shape = (*reduced_shape(x.shape, axis, False), count(x, axis))
    return turned if turned.shape == shape else xp.reshape(turned, shape)


def from_rows(xp: Namespace, rows: Array, like: Any, axis: Axis) -> Array:
    """Undo ``as_rows``: an array of rows gets the shape of ``like``."""
    order = order_with_last(reduced_axes(axis, like.ndim), like.ndim)
    shape = tuple(like.shape[i] for i in order)
    turned = rows if rows.shape == shape else xp.reshape(rows, shape)
    return permuted(xp, turned, inverse(order))
