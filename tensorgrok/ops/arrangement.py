"""Arrangement cards: the same elements in another shape or order. Nearly all of them are views.

``joining`` puts tensors together and takes them apart, ``padding`` surrounds them, ``diagonals``
reads and writes diagonals and triangles, ``views`` has what comes down to the cards here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..backend import Array, Namespace
from ..cards import primitive
from ..plans import sum_to
from .arguments import Axis, Shape, place_of, places_of, plain_shape
from .axes import cut, inverse
from .notation import applied, latex_call, python_call


@primitive("arrangement", python="{x:call}.reshape({shape})", latex="{x}", closed=True)
def reshape(xp: Namespace, x: Array, shape: Shape) -> Array:
    """The same elements, in row-major order, in another shape; one length may be -1.

    >>> tg.reshape(tg.Tensor([1.0, 2.0, 3.0, 4.0]), (2, -1))
    Tensor([[1., 2.],
            [3., 4.]], shape=(2, 2), dtype=float32)
    """
    return xp.reshape(x, plain_shape("reshape", shape))


@reshape.pullback("x")
def reshape_pull_x(xp: Namespace, g: Array, x_like: Any) -> Array:
    return xp.reshape(g, x_like.shape)


def permute_dims_latex(x: Any, axes: Sequence[int]) -> str:
    if is_transpose(axes):
        return r"{x:call}^{{\top}}"
    return applied("permute", "{x}", str(tuple(axes)))


def permute_dims_python(x: Any, axes: Sequence[int]) -> str:
    if is_transpose(axes):
        return "{x:call}.T" if len(axes) == 2 else "{x:call}.mT"
    return "{x:call}.permute_dims({axes})"


def is_transpose(axes: Sequence[int]) -> bool:
    """Whether the last two axes are exchanged and nothing else."""
    count = len(axes)
    return count > 1 and tuple(axes) == (*range(count - 2), count - 1, count - 2)


@primitive(
    "arrangement",
    python=permute_dims_python,
    latex=permute_dims_latex,
    precedence="power",
    closed=True,
)
def permute_dims(xp: Namespace, x: Array, axes: Sequence[int]) -> Array:
    """The axes in another order: axis ``i`` of the result is axis ``axes[i]`` of ``x``.

    >>> tg.permute_dims(tg.Tensor([[1.0, 2.0, 3.0]]), (1, 0)).shape
    (3, 1)
    """
    return xp.permute_dims(x, plain_shape("permute_dims", axes))


@permute_dims.pullback("x")
def permute_dims_pull_x(xp: Namespace, g: Array, x_like: Any, axes: Sequence[int]) -> Array:
    return xp.permute_dims(g, inverse([axis % x_like.ndim for axis in axes]))


@primitive("arrangement", python="broadcast_to({x}, {shape})", latex="{x}")
def broadcast_to(xp: Namespace, x: Array, shape: Shape) -> Array:
    """The tensor repeated along axes of length 1 and along new leading axes.

    >>> tg.broadcast_to(tg.Tensor([1.0, 2.0]), (2, 2))
    Tensor([[1., 2.],
            [1., 2.]], shape=(2, 2), dtype=float32)
    """
    return xp.broadcast_to(x, plain_shape("broadcast_to", shape))


@broadcast_to.pullback("x")
def broadcast_to_pull_x(xp: Namespace, g: Array, x_like: Any) -> Array:
    return sum_to(xp, g, x_like.shape)


def _reversed_along(x: Array, axis: Axis) -> Array:
    """``x`` read backwards along some axes, or along all."""
    places = range(x.ndim) if axis is None else places_of(axis, x.ndim)
    return x[tuple(slice(None, None, -1 if i in places else None) for i in range(x.ndim))]


@primitive(
    "arrangement", python=python_call("flip", axis=None), latex=latex_call("flip", axis=None)
)
def flip(xp: Namespace, x: Array, axis: Axis = None) -> Array:
    """The elements in reverse order along an axis, a tuple of axes, or all axes.

    >>> tg.flip(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([[2., 1.],
            [4., 3.]], shape=(2, 2), dtype=float32)
    """
    return _reversed_along(x, axis)


@flip.pullback("x")
def flip_pull_x(xp: Namespace, g: Array, axis: Axis) -> Array:
    return _reversed_along(g, axis)


def _rolled(xp: Namespace, x: Array, shift: Shape, axis: Axis, sign: int = 1) -> Array:
    """``x`` rolled by ``sign * shift``; without axes, in row-major order."""
    shifts = plain_shape("roll", shift, "a shift")
    if axis is None:
        flat = xp.reshape(x, (math.prod(x.shape),))
        return xp.reshape(_rolled(xp, flat, sum(shifts), 0, sign), x.shape)
    places = [place_of(i, x.ndim) for i in (axis if isinstance(axis, tuple | list) else (axis,))]
    if len(shifts) == 1:
        shifts *= len(places)
    if len(shifts) != len(places):
        raise ValueError(f"{len(shifts)} shifts do not go with {len(places)} axes")
    for place, step in zip(places, shifts, strict=True):
        length = x.shape[place]
        start = -sign * step % length if length else 0
        if start:
            x = xp.concat([cut(x, place, start), cut(x, place, 0, start)], axis=place)
    return x


@primitive(
    "arrangement",
    python=python_call("roll", "{x}, {shift}", axis=None),
    latex=latex_call("roll", "{x}, {shift}", axis=None),
)
def roll(xp: Namespace, x: Array, shift: Shape, axis: Axis = None) -> Array:
    """The elements moved along an axis; those that leave it at one end come in at the other.

    Args:
        x: the tensor.
        shift: how many places to move on, negative to move back; a tuple has one for each axis.
        axis: an axis, or a tuple of axes; None rolls in row-major order over all elements.

    >>> tg.roll(tg.Tensor([1.0, 2.0, 3.0, 4.0]), 1)
    Tensor([4., 1., 2., 3.], shape=(4,), dtype=float32)
    """
    return _rolled(xp, x, shift, axis)


@roll.pullback("x")
def roll_pull_x(xp: Namespace, g: Array, shift: Shape, axis: Axis) -> Array:
    return _rolled(xp, g, shift, axis, sign=-1)
