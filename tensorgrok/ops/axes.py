"""What operations over axes share: checking ``axis``, moving reduced axes around, notation.

There are no cards here. ``reductions``, ``statistics``, ``scans`` and ``sorting`` stand on this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import Array, Namespace
from ..errors import DTypeError

Axis = int | Sequence[int] | None

# Checking --------------------------------------------------------------------------------------


def plain_axis(name: str, axis: Axis, ndim: int) -> int | tuple[int, ...] | None:
    """Check the axis of a reduction; make it Python integers.

    Raises:
        IndexError, ValueError: there is no such axis, or it is named twice; the engine adds the
            operation and its operands to the text.
        DTypeError: not an integer, a tuple of integers or None.
    """
    if axis is None or (type(axis) is int and -ndim <= axis < ndim):
        return axis
    axes: list[Any] = list(axis) if isinstance(axis, tuple | list) else [axis]
    if not all(_is_integer(item) for item in axes):
        raise DTypeError(
            f"{name}: axis must be an integer, a tuple of integers or None, got {axis!r}"
        )
    plain = tuple(int(item) for item in axes)
    places = [_inside(item, ndim) for item in plain]
    if len(set(places)) < len(places):
        raise ValueError(f"duplicate axis in {plain}")
    return plain if isinstance(axis, tuple | list) else plain[0]


def one_axis(name: str, axis: Any, ndim: int) -> int:
    """Check an axis that must be a single one; make it a non-negative Python integer."""
    if not _is_integer(axis):
        raise DTypeError(f"{name}: axis must be an integer, got {axis!r}")
    return _inside(int(axis), ndim)


def arg_axis(name: str, axis: Any, ndim: int) -> int | None:
    """Check an axis that is a single one, or None for the flattened tensor."""
    if axis is not None and not _is_integer(axis):
        raise DTypeError(f"{name}: axis must be an integer or None, got {axis!r}")
    return None if axis is None else _inside(int(axis), ndim)


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _inside(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        axes = "1 axis" if ndim == 1 else f"{ndim} axes"
        raise IndexError(f"axis {axis} is out of bounds for a tensor of {axes}")
    return axis % ndim


def real_order(x: Array) -> None:
    """Refuse complex numbers, which have no order."""
    if x.dtype.kind == "c":
        raise TypeError("complex numbers have no order; take .real, .imag or .abs() first")


# Shapes ----------------------------------------------------------------------------------------


def reduced_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes meant by ``axis``, as non-negative integers in rising order."""
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
    axes = reduced_axes(axis, x.ndim)
    order = _rows_order(axes, x.ndim)
    turned = x if order == tuple(range(x.ndim)) else xp.permute_dims(x, order)
    shape = (*reduced_shape(x.shape, axis, False), count(x, axis))
    return turned if turned.shape == shape else xp.reshape(turned, shape)


def from_rows(xp: Namespace, rows: Array, like: Any, axis: Axis) -> Array:
    """Undo ``as_rows``: an array of rows gets the shape of ``like``."""
    order = _rows_order(reduced_axes(axis, like.ndim), like.ndim)
    shape = tuple(like.shape[i] for i in order)
    turned = rows if rows.shape == shape else xp.reshape(rows, shape)
    if order == tuple(range(like.ndim)):
        return turned
    return xp.permute_dims(turned, tuple(order.index(i) for i in range(like.ndim)))


def _rows_order(axes: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    return (*(i for i in range(ndim) if i not in axes), *axes)


def cut(
    x: Array, axis: int, start: int | None, stop: int | None = None, step: int | None = None
) -> Array:
    """``x[start:stop:step]`` along a non-negative axis."""
    return x[(*[slice(None)] * axis, slice(start, stop, step))]


# Notation --------------------------------------------------------------------------------------


def as_method(name: str, **defaults: Any) -> Callable[..., str]:
    """Notation ``x.name(axis=1)``: only what differs from the defaults is printed."""

    def python(x: Any, **settings: Any) -> str:
        return f"{{x:call}}.{name}({', '.join(_changed(settings, defaults))})"

    return python


def as_call(name: str, **defaults: Any) -> Callable[..., str]:
    """Notation ``name(x, axis=1)``, likewise."""

    def python(x: Any, **settings: Any) -> str:
        return f"{name}({', '.join(['{x}', *_changed(settings, defaults)])})"

    return python


def _changed(settings: dict[str, Any], defaults: dict[str, Any]) -> list[str]:
    return [f"{key}={{{key}}}" for key in defaults if settings[key] != defaults[key]]


def as_operator(symbol: str) -> Callable[..., str]:
    """Notation of a reduction in algebra; the axis is a subscript."""

    def latex(x: Any, axis: Any, **settings: Any) -> str:
        return symbol + ("" if axis is None else "_{{{axis}}}") + r" {x:product}"

    return latex


def upright(name: str) -> str:
    """A name for ``as_operator`` to begin with."""
    return rf"\operatorname{{{{{name}}}}}"
