"""Arrangement cards: the same elements in another shape or order. Nearly all of them are views.

``joining`` puts tensors together and takes them apart, ``padding`` surrounds them, ``diagonals``
reads and writes diagonals and triangles, ``views`` has what comes down to the cards here. What all
modules of operations need to check shapes and axes is here too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autodiff import sum_to
from ..backend import Array, Namespace
from ..cards import primitive
from ..context import DType, as_dtype
from ..errors import ArgumentError, DTypeError, IndexingError
from ..tensor import Tensor

Shape = int | Sequence[int]
Axes = int | Sequence[int]

# Checks of arguments ---------------------------------------------------------------------------


def is_integer(value: Any) -> bool:
    """Whether a value is a Python or NumPy integer; a boolean is not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def plain_shape(name: str, shape: Shape, what: str = "a shape") -> tuple[int, ...]:
    """Check a shape argument and make it a tuple of Python integers."""
    lengths = shape if isinstance(shape, tuple | list) else (shape,)
    if not all(is_integer(length) for length in lengths):
        raise DTypeError(f"{name}: {what} is an integer or a tuple of integers, got {shape!r}")
    return tuple(int(length) for length in lengths)


def plain_integer(name: str, value: Any, argument: str) -> int:
    """Check an integer argument and make it a Python integer."""
    if not is_integer(value):
        raise DTypeError(f"{name}: {argument} must be an integer, got {value!r}")
    return int(value)


def plain_dtype(name: str, dtype: Any) -> DType:
    """Check a dtype argument and make it a NumPy dtype in native byte order."""
    try:
        return as_dtype(dtype)
    except DTypeError as error:
        raise DTypeError(f"{name}: {error}") from error


def place_of(axis: Any, ndim: int) -> int:
    """The axis that is meant, counted from 0.

    The errors are the built-in ones: this is for forward functions, whose errors the engine
    completes. ``checked_axis`` is for functions that prepare the arguments of cards.
    """
    if not is_integer(axis):
        raise TypeError(f"an axis is an integer, not {axis!r}")
    if not -ndim <= axis < ndim:
        known = f", counted from 0 to {ndim - 1} or from {-ndim} to -1" if ndim else ""
        raise IndexError(f"there is no axis {axis}; the tensor has {ndim} axes{known}")
    return int(axis) % ndim


def places_of(axes: Any, ndim: int) -> tuple[int, ...]:
    """``place_of`` for one axis or a tuple of different ones."""
    given = axes if isinstance(axes, tuple | list) else (axes,)
    places = tuple(place_of(axis, ndim) for axis in given)
    if len(set(places)) < len(places):
        raise ValueError(f"an axis is named twice in {tuple(given)}")
    return places


def checked_axes(name: str, axes: Any, ndim: int) -> tuple[int, ...]:
    """``places_of`` with errors that name the operation."""
    try:
        return places_of(axes, ndim)
    except TypeError as error:
        raise DTypeError(f"{name}: {error}") from error
    except IndexError as error:
        raise IndexingError(f"{name}: {error}") from error
    except ValueError as error:
        raise ArgumentError(f"{name}: {error}") from error


def checked_axis(name: str, axis: Any, ndim: int) -> int:
    """``place_of`` with errors that name the operation."""
    if not is_integer(axis):
        raise DTypeError(f"{name}: an axis is an integer, not {axis!r}")
    return checked_axes(name, axis, ndim)[0]


def as_tensor(name: str, x: Any) -> Tensor:
    """A tensor as it is, anything array-like as a new one."""
    if isinstance(x, Tensor):
        return x
    try:
        return Tensor(x)
    except DTypeError as error:
        raise DTypeError(f"{name}: argument x: {error}") from error


def element_count(shape: Sequence[int]) -> int:
    """Number of elements of a shape."""
    return math.prod(shape)


def call_python(name: str, operands: str, **settings: tuple[Any, Any]) -> str:
    """Notation of a call; ``settings`` are pairs of a value and the default that is not printed."""
    shown = [
        f"{key}={{{key}!r}}" if isinstance(value, str) else f"{key}={{{key}}}"
        for key, (value, default) in settings.items()
        if value != default
    ]
    return f"{name}({', '.join([operands, *shown])})"


def call_latex(name: str, operands: str, *settings: tuple[Any, Any]) -> str:
    """The same in algebra; values that differ from their defaults are a subscript."""
    shown = ", ".join(str(value) for value, default in settings if value != default)
    subscript = f"_{{{{{shown}}}}}" if shown else ""
    upright = name.replace("_", r"\_")
    return rf"\operatorname{{{{{upright}}}}}{subscript}\left({operands}\right)"


# Cards -----------------------------------------------------------------------------------------


@primitive("arrangement", python="{x:call}.reshape({shape})", latex="{x}")
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
    if len(axes) == 2:
        return r"{x:power}^{{\top}}"
    return call_latex("permute", "{x}", (tuple(axes), None))


@primitive("arrangement", python="{x:call}.permute_dims({axes})", latex=permute_dims_latex)
def permute_dims(xp: Namespace, x: Array, axes: Sequence[int]) -> Array:
    """The axes in another order: axis ``i`` of the result is axis ``axes[i]`` of ``x``.

    >>> tg.permute_dims(tg.Tensor([[1.0, 2.0, 3.0]]), (1, 0)).shape
    (3, 1)
    """
    return xp.permute_dims(x, plain_shape("permute_dims", axes))


@permute_dims.pullback("x")
def permute_dims_pull_x(xp: Namespace, g: Array, x_like: Any, axes: Sequence[int]) -> Array:
    places = [axis % x_like.ndim for axis in axes]
    return xp.permute_dims(g, tuple(places.index(axis) for axis in range(x_like.ndim)))


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


def reversed_along(x: Array, axis: Axes | None) -> Array:
    """``x`` read backwards along some axes, or along all."""
    places = range(x.ndim) if axis is None else places_of(axis, x.ndim)
    return x[tuple(slice(None, None, -1 if i in places else None) for i in range(x.ndim))]


def flip_python(x: Any, axis: Axes | None) -> str:
    return call_python("flip", "{x}", axis=(axis, None))


def flip_latex(x: Any, axis: Axes | None) -> str:
    return call_latex("flip", "{x}", (axis, None))


@primitive("arrangement", python=flip_python, latex=flip_latex)
def flip(xp: Namespace, x: Array, axis: Axes | None = None) -> Array:
    """The elements in reverse order along an axis, a tuple of axes, or all axes.

    >>> tg.flip(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([[2., 1.],
            [4., 3.]], shape=(2, 2), dtype=float32)
    """
    return reversed_along(x, axis)


@flip.pullback("x")
def flip_pull_x(xp: Namespace, g: Array, axis: Axes | None) -> Array:
    return reversed_along(g, axis)


def rolled(xp: Namespace, x: Array, shift: Shape, axis: Axes | None, sign: int = 1) -> Array:
    """``x`` rolled by ``sign * shift``; without axes, in row-major order."""
    shifts = plain_shape("roll", shift, "a shift")
    if axis is None:
        flat = xp.reshape(x, (element_count(x.shape),))
        return xp.reshape(rolled(xp, flat, sum(shifts), 0, sign), x.shape)
    places = [place_of(i, x.ndim) for i in (axis if isinstance(axis, tuple | list) else (axis,))]
    if len(shifts) == 1:
        shifts *= len(places)
    if len(shifts) != len(places):
        raise ValueError(f"{len(shifts)} shifts do not go with {len(places)} axes")
    for place, step in zip(places, shifts, strict=True):
        length = x.shape[place]
        cut = -sign * step % length if length else 0
        if cut:
            before = (slice(None),) * place
            x = xp.concat([x[(*before, slice(cut, None))], x[(*before, slice(cut))]], axis=place)
    return x


def roll_python(x: Any, shift: Shape, axis: Axes | None) -> str:
    return call_python("roll", "{x}, {shift}", axis=(axis, None))


def roll_latex(x: Any, shift: Shape, axis: Axes | None) -> str:
    return call_latex("roll", "{x}, {shift}", (axis, None))


@primitive("arrangement", python=roll_python, latex=roll_latex)
def roll(xp: Namespace, x: Array, shift: Shape, axis: Axes | None = None) -> Array:
    """The elements moved along an axis; those that leave it at one end come in at the other.

    Args:
        x: the tensor.
        shift: how many places to move on, negative to move back; a tuple has one for each axis.
        axis: an axis, or a tuple of axes; None rolls in row-major order over all elements.

    >>> tg.roll(tg.Tensor([1.0, 2.0, 3.0, 4.0]), 1)
    Tensor([4., 1., 2., 3.], shape=(4,), dtype=float32)
    """
    return rolled(xp, x, shift, axis)


@roll.pullback("x")
def roll_pull_x(xp: Namespace, g: Array, shift: Shape, axis: Axes | None) -> Array:
    return rolled(xp, g, shift, axis, sign=-1)
