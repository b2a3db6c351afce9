"""Softmax cards: entries along an axis as shares of one whole, and the logarithms of those.

Entries of -inf are masked: they get the share 0 and the gradient 0, without NaN in derivatives of
any order. No exponential overflows. Where two entries lie further apart than the largest number of
their dtype NumPy warns of their difference; values and derivatives are right all the same.
"""

from __future__ import annotations

from typing import Any

from ..backend import Array, Namespace
from ..cards import primitive
from .arguments import place_of, refuse_complex
from .arithmetic import SINGLE, largest
from .notation import latex_call, python_call


def _shifted(xp: Namespace, x: Array, axis: int) -> Array:
    """``x`` minus its maximum along an axis; a row of -inf alone stays what it is."""
    return x - xp.maximum(xp.max(x, axis=axis, keepdims=True), -largest(x.dtype))


def _total(xp: Namespace, small: Array, axis: int) -> Array:
    """The sum along an axis of exponentials, the largest of them 1; at least 1 with no entry."""
    return xp.maximum(xp.sum(small, axis=axis, keepdims=True), 1)


@primitive(
    "reduction",
    floating=True,
    closed=True,
    python=python_call("softmax", axis=-1),
    latex=latex_call("softmax", axis=-1),
)
def softmax(xp: Namespace, x: Array, axis: int = -1) -> Array:
    """Exponentials along an axis, divided by their sum; the exponentials never overflow.

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
    refuse_complex(x)
    axis = place_of(axis, x.ndim)
    if 0 in x.shape:
        return xp.exp(x)
    small = xp.exp(_shifted(xp, x, axis))
    if x.dtype.itemsize < 4:
        small = xp.astype(small, SINGLE)
        return xp.astype(small / _total(xp, small, axis), x.dtype)
    return small / _total(xp, small, axis)


@softmax.pullback("x")
def softmax_pull_x(xp: Namespace, g: Array, y: Array, axis: int) -> Array:
    return y * (g - xp.sum(g * y, axis=int(axis), keepdims=True))


def log_softmax_latex(**fields: Any) -> str:
    return r"\log " + latex_call("softmax", axis=-1)(**fields)


@primitive(
    "reduction",
    floating=True,
    closed=True,
    python=python_call("log_softmax", axis=-1),
    latex=log_softmax_latex,
)
def log_softmax(xp: Namespace, x: Array, axis: int = -1) -> Array:
    """Logarithm of the softmax along an axis, without the underflow of ``log(softmax(x))``.

    Entries of -inf stay -inf and take no part; where a whole row is -inf it stays so. A row with
    +inf or NaN is NaN. Arguments and errors as for ``softmax``.

    >>> tg.log_softmax(tg.Tensor([0.0, 1000.0]))
    Tensor([-1000.,     0.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    axis = place_of(axis, x.ndim)
    if 0 in x.shape:
        return xp.exp(x)
    shifted = _shifted(xp, x, axis)
    if x.dtype.itemsize < 4:
        total = _total(xp, xp.exp(xp.astype(shifted, SINGLE)), axis)
        return shifted - xp.astype(xp.log(total), x.dtype)
    return shifted - xp.log(_total(xp, xp.exp(shifted), axis))


@log_softmax.pullback("x")
def log_softmax_pull_x(xp: Namespace, g: Array, y: Array, axis: int) -> Array:
    if y.dtype.itemsize < 4:
        total = xp.sum(xp.astype(g, SINGLE), axis=int(axis), keepdims=True)
        return g - xp.astype(xp.exp(xp.astype(y, SINGLE)) * total, y.dtype)
    return g - xp.exp(y) * xp.sum(g, axis=int(axis), keepdims=True)
