"""Reduction cards: sums, means, maxima over axes.

``axis`` is an integer, a tuple of integers, or None for all axes; negative axes count from the end.
With ``keepdims`` reduced axes stay, with length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array, Namespace
from ..cards import primitive
from ..errors import DTypeError

Axis = int | Sequence[int] | None


def reduced_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes meant by ``axis``, as non-negative integers."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(range(ndim)[i] for i in axes)


def spread(xp: Namespace, g: Array, like: Any, axis: Axis) -> Array:
    """Give a reduced array its reduced axes back, with length 1, so that it broadcasts."""
    axes = reduced_axes(axis, like.ndim)
    kept = tuple(1 if i in axes else length for i, length in enumerate(like.shape))
    return xp.reshape(g, kept)


def count(like: Any, axis: Axis) -> int:
    """How many elements each result was reduced from; at least 1, as it is divided by."""
    axes = reduced_axes(axis, like.ndim)
    return max_of(1, int(np.prod([like.shape[i] for i in axes], dtype=np.int64)))


max_of = max  # the built-in, before the card below takes its name


def plain_axis(name: str, axis: Axis) -> Axis:
    """Check an axis argument; lists become tuples."""
    if axis is None or isinstance(axis, int | np.integer):
        return axis
    if isinstance(axis, tuple | list) and all(isinstance(i, int | np.integer) for i in axis):
        return tuple(axis)
    raise DTypeError(f"{name}: axis must be an integer, a tuple of integers or None, got {axis!r}")


def reduction_python(name: str, axis: Any, keepdims: Any) -> str:
    """Notation of a reduction: only what differs from the defaults is printed."""
    extras = [] if axis is None else ["axis={axis}"]
    extras += ["keepdims=True"] if keepdims else []
    return f"{{x:call}}.{name}({', '.join(extras)})"


def reduction_latex(symbol: str, axis: Any) -> str:
    """Notation of a reduction in algebra; the axis is a subscript."""
    return symbol + ("" if axis is None else "_{{{axis}}}") + r" {x:product}"


def sum_python(x: Any, axis: Any, keepdims: Any) -> str:
    return reduction_python("sum", axis, keepdims)


def sum_latex(x: Any, axis: Any, keepdims: Any) -> str:
    return reduction_latex(r"\sum", axis)


@primitive("reduction", python=sum_python, latex=sum_latex)
def sum(  # noqa: A001  # the standard's name
    xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False
) -> Array:
    """Sum over axes; of booleans it is a count.

    >>> tg.sum(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([4., 6.], shape=(2,), dtype=float32)
    """
    return xp.sum(x, axis=plain_axis("sum", axis), keepdims=keepdims)


@sum.pullback("x")
def sum_pull_x(xp: Namespace, g: Array, x_like: Any, axis: Axis) -> Array:
    return xp.broadcast_to(spread(xp, g, x_like, axis), x_like.shape)


def mean_python(x: Any, axis: Any, keepdims: Any) -> str:
    return reduction_python("mean", axis, keepdims)


def mean_latex(x: Any, axis: Any, keepdims: Any) -> str:
    return reduction_latex(r"\operatorname{{mean}}", axis)


@primitive("reduction", python=mean_python, latex=mean_latex, floating=True)
def mean(xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """Arithmetic mean over axes; of integers too it is a float.

    >>> tg.mean(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([1.5, 3.5], shape=(2,), dtype=float32)
    """
    return xp.mean(x, axis=plain_axis("mean", axis), keepdims=keepdims)


@mean.pullback("x")
def mean_pull_x(xp: Namespace, g: Array, x_like: Any, axis: Axis) -> Array:
    return xp.broadcast_to(spread(xp, g, x_like, axis) / count(x_like, axis), x_like.shape)


def max_python(x: Any, axis: Any, keepdims: Any) -> str:
    return reduction_python("max", axis, keepdims)


def max_latex(x: Any, axis: Any, keepdims: Any) -> str:
    return reduction_latex(r"\max", axis)


@primitive("reduction", python=max_python, latex=max_latex)
def max(  # noqa: A001  # the standard's name
    xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False
) -> Array:
    """Largest element over axes; where several are largest they share the gradient evenly.

    >>> tg.max(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([3., 4.], shape=(2,), dtype=float32)
    """
    return xp.max(x, axis=plain_axis("max", axis), keepdims=keepdims)


@max.pullback("x")
def max_pull_x(xp: Namespace, g: Array, x: Array, y: Array, axis: Axis) -> Array:
    largest = x == spread(xp, y, x, axis)
    # Without the lower bound a NaN in x, which equals nothing, would divide by zero.
    sharing = xp.maximum(xp.sum(largest, axis=plain_axis("max", axis), keepdims=True), 1)
    return xp.where(largest, spread(xp, g, x, axis) / xp.astype(sharing, g.dtype), 0)


@primitive("reduction", constant=("x",))
def argmax(xp: Namespace, x: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """Index of the first largest element along an axis, or in the flattened tensor.

    >>> tg.argmax(tg.Tensor([[1.0, 2.0], [4.0, 3.0]]), axis=1)
    Tensor([1, 0], shape=(2,), dtype=int64)
    """
    return xp.argmax(x, axis=axis, keepdims=keepdims)


def logsumexp_latex(x: Any, axis: Any, keepdims: Any) -> str:
    return reduction_latex(r"\operatorname{{logsumexp}}", axis)


@primitive("reduction", latex=logsumexp_latex, floating=True)
def logsumexp(xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """Logarithm of the sum of exponentials over axes; never overflows.

    >>> tg.logsumexp(tg.Tensor([1000.0, 0.0]))
    Tensor(1000., shape=(), dtype=float32)
    """
    axis = plain_axis("logsumexp", axis)
    top = xp.max(x, axis=axis, keepdims=True)
    top = xp.where(xp.abs(top) == np.inf, 0, top)  # inf - inf would be NaN
    total = xp.sum(xp.exp(x - top), axis=axis, keepdims=keepdims)
    return xp.log(total) + xp.reshape(top, total.shape)


@logsumexp.pullback("x")
def logsumexp_pull_x(xp: Namespace, g: Array, x: Array, y: Array, axis: Axis) -> Array:
    return spread(xp, g, x, axis) * xp.exp(x - spread(xp, y, x, axis))
