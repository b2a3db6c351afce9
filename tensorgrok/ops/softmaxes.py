"""Softmax cards: entries along an axis as shares of one whole, and the logarithms of those.

Entries of -inf are masked: they get the share 0 and the gradient 0, without NaN in derivatives of
any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, Namespace
from ..cards import primitive
from .axes import one_axis, real_order

#: The least finite number of each size of float.
_LEAST = {size: float(np.finfo(f"f{size}").min) for size in (2, 4, 8)}


def softmax_python(x: Any, axis: int) -> str:
    return "softmax({x})" if axis == -1 else "softmax({x}, axis={axis})"


def softmax_latex(x: Any, axis: int) -> str:
    mark = "" if axis == -1 else "_{{{axis}}}"
    return r"\operatorname{{softmax}}" + mark + r"\left({x}\right)"


def log_softmax_python(x: Any, axis: int) -> str:
    return "log_" + softmax_python(x, axis)


def log_softmax_latex(x: Any, axis: int) -> str:
    return r"\log " + softmax_latex(x, axis)


def _shifted(xp: Namespace, x: Array, axis: int) -> Array:
    """``x`` minus its maximum along an axis; a row of -inf alone stays what it is."""
    least = _LEAST.get(x.dtype.itemsize, _LEAST[8])
    return x - xp.maximum(xp.max(x, axis=axis, keepdims=True), least)


def _total(xp: Namespace, small: Array, axis: int) -> Array:
    """The sum along an axis of exponentials, the largest of them 1; at least 1 with no entry."""
    return xp.maximum(xp.sum(small, axis=axis, keepdims=True), 1)


@primitive("reduction", floating=True, closed=True, python=softmax_python, latex=softmax_latex)
def softmax(xp: Namespace, x: Array, axis: int = -1) -> Array:
    """Exponentials along an axis, divided by their sum; never overflows.

    Entries of -inf have weight 0 and gradient 0, so that they mask. Where a whole row is -inf there
    is nothing to share out, and all its weights are 0. A row with +inf or NaN is NaN.

    Args:
        x: real numbers.
        axis: the axis whose entries share a sum of 1.

    Raises:
        IndexingError: no such axis.
        DTypeError: complex numbers, an axis that is no integer.

    >>> tg.softmax(tg.Tensor([1000.0, 1000.0, float("-inf")]))
    Tensor([0.5, 0.5, 0. ], shape=(3,), dtype=float32)
    """
    real_order(x)
    axis = one_axis("softmax", axis, x.ndim)
    if 0 in x.shape:
        return xp.exp(x)
    small = xp.exp(_shifted(xp, x, axis))
    return small / _total(xp, small, axis)


@softmax.pullback("x")
def softmax_pull_x(xp: Namespace, g: Array, y: Array, axis: int) -> Array:
    return y * (g - xp.sum(g * y, axis=int(axis), keepdims=True))


@primitive(
    "reduction", floating=True, closed=True, python=log_softmax_python, latex=log_softmax_latex
)
def log_softmax(xp: Namespace, x: Array, axis: int = -1) -> Array:
    """Logarithm of the softmax along an axis, without the underflow of ``log(softmax(x))``.

    Entries of -inf stay -inf and take no part; where a whole row is -inf it stays so. A row with
    +inf or NaN is NaN. Arguments and errors as for ``softmax``.

    >>> tg.log_softmax(tg.Tensor([0.0, 1000.0]))
    Tensor([-1000.,     0.], shape=(2,), dtype=float32)
    """
    real_order(x)
    axis = one_axis("log_softmax", axis, x.ndim)
    if 0 in x.shape:
        return xp.exp(x)
    shifted = _shifted(xp, x, axis)
    return shifted - xp.log(_total(xp, xp.exp(shifted), axis))


@log_softmax.pullback("x")
def log_softmax_pull_x(xp: Namespace, g: Array, y: Array, axis: int) -> Array:
    return g - xp.exp(y) * xp.sum(g, axis=int(axis), keepdims=True)
