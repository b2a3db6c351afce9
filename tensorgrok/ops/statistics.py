"""Statistics cards: variances and deviations, medians and quantiles over axes.

``axis`` and ``keepdims`` are those of ``reductions``. Of no elements, or of no more than the
``correction`` takes away, a statistic is NaN, as in the standard and without a warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..backend import Array, Namespace
from ..cards import operation, primitive
from ..engine import apply
from ..errors import ArgumentError, DTypeError
from ..operators import frozen
from ..tensor import Tensor
from .arguments import Axis, is_real, real_number, reduced_axis, refuse_complex
from .arithmetic import conjugate, squared_size
from .axes import as_rows, count, from_rows, reduced_axes, reduced_shape, spread
from .notation import REDUCTION, latex_operator, python_call, python_method, upright
from .sorting import places

#: One quantile, or several.
Quantiles = float | Sequence[float] | npt.NDArray[Any]

CORRECTED: dict[str, Any] = {"axis": None, "correction": 0.0, "keepdims": False}

# Variance and standard deviation ---------------------------------------------------------------


def _deviations(xp: Namespace, x: Array, axis: Axis) -> Array:
    """Deviations from the mean.

    The first element is taken off before the mean is: so the deviations of equal elements are 0 to
    the bit, and numbers that differ little beside their size lose no digits.
    """
    axes = reduced_axes(axis, x.ndim)
    first = x[(..., *(slice(0, 1) if i in axes else slice(None) for i in range(x.ndim)))]
    away = x - first
    return away - xp.mean(away, axis=axis, keepdims=True)


def _freedom(name: str, like: Any, axis: Axis, correction: float) -> float:
    """What the sum of squares is divided by; NaN where that would not be positive."""
    freedom = float(count(like, axis) - real_number(name, "correction", correction))
    return freedom if freedom > 0 else math.nan


def _variance(
    xp: Namespace, name: str, x: Array, axis: Axis, correction: float, keepdims: bool
) -> Array:
    axis = reduced_axis(axis, x.ndim, keepdims)
    freedom = _freedom(name, x, axis, correction)
    if 0 in x.shape:  # there is no first element to begin with
        dtype = xp.real(x).dtype
        return xp.full(reduced_shape(x.shape, axis, keepdims), math.nan, dtype=dtype)
    squares = squared_size(xp, _deviations(xp, x, axis))
    # A sum, and the number of its terms, may be too large for float16 where their quotient is not.
    average = xp.mean(squares, axis=axis, keepdims=keepdims)
    return average * (count(x, axis) / freedom) if correction else average


@primitive(
    "reduction",
    python=python_method("var", **CORRECTED),
    latex=latex_operator(upright("var")),
    precedence="operator",
    floating=True,
)
def var(
    xp: Namespace,
    x: Array,
    axis: Axis = None,
    *,
    correction: float = 0.0,
    keepdims: bool = False,
) -> Array:
    """Variance over axes: the mean square of the deviations from the mean, in two passes.

    Numbers so far apart that their difference overflows have the variance NaN, not infinity.

    Args:
        x: the tensor; of complex numbers the squares are those of absolute values.
        axis: an integer, a tuple of integers, or None for all.
        correction: what is taken off the number of elements, by which the sum of squares is
            divided: 0 for all there are, 1 for a sample (Bessel's correction).
        keepdims: whether reduced axes stay, with length 1.

    >>> tg.var(tg.Tensor([1.0, 2.0, 3.0]))
    Tensor(0.6666667, shape=(), dtype=float32)
    >>> tg.var(tg.Tensor([1.0, 2.0, 3.0]), correction=1)
    Tensor(1., shape=(), dtype=float32)
    """
    return _variance(xp, "var", x, axis, correction, keepdims)


@var.pullback("x")
def var_pull_x(xp: Namespace, g: Array, x: Array, axis: Axis, correction: float) -> Array:
    if 0 in x.shape:
        return xp.zeros(x.shape, dtype=x.dtype)
    scale = spread(xp, g, x, axis) * (2 / _freedom("var", x, axis, correction))
    return scale * conjugate(xp, _deviations(xp, x, reduced_axis(axis, x.ndim)))


@primitive(
    "reduction",
    python=python_method("std", **CORRECTED),
    latex=latex_operator(upright("std")),
    precedence="operator",
    floating=True,
)
def std(
    xp: Namespace,
    x: Array,
    axis: Axis = None,
    *,
    correction: float = 0.0,
    keepdims: bool = False,
) -> Array:
    """Standard deviation over axes: the square root of ``var``, with the same arguments.

    Where all elements are equal it is 0, and so are its derivatives.

    >>> tg.std(tg.Tensor([1.0, 3.0]))
    Tensor(1., shape=(), dtype=float32)
    """
    return xp.sqrt(_variance(xp, "std", x, axis, correction, keepdims))


@std.pullback("x")
def std_pull_x(xp: Namespace, g: Array, x: Array, y: Array, axis: Axis, correction: float) -> Array:
    if 0 in x.shape:
        return xp.zeros(x.shape, dtype=x.dtype)
    freedom = _freedom("std", x, axis, correction)
    scale = xp.where(y == 0, 0, g / xp.where(y == 0, 1, y) * (1 / freedom))
    return spread(xp, scale, x, axis) * conjugate(
        xp, _deviations(xp, x, reduced_axis(axis, x.ndim))
    )


# Median and quantiles --------------------------------------------------------------------------


def _between(q: float, number: int) -> list[tuple[int, float]]:
    """Places in the order of ``number`` elements, and their weights, that make up a quantile."""
    position = q * (number - 1)
    low = math.floor(position)
    part = position - low
    return [(low, 1 - part), (low + 1, part)] if part else [(low, 1.0)]


def _sorted_quantiles(xp: Namespace, x: Array, axis: Axis, qs: Sequence[float]) -> list[Array]:
    """Quantiles over axes that are dropped."""
    if not count(x, axis):
        shape = reduced_shape(x.shape, axis, False)
        return [xp.full(shape, math.nan, dtype=x.dtype) for _ in qs]
    rows = xp.sort(as_rows(xp, x, axis), axis=-1)
    last = rows[..., -1]  # NaN if any element is
    found = []
    for q in qs:
        (low, weight), *rest = _between(q, rows.shape[-1])
        value = rows[..., low]
        for high, part in rest:  # two weights may add up to more than equal elements, or to NaN
            above = rows[..., high]
            value = xp.where(value == above, value, value * weight + above * part)
        found.append(xp.where(last == last, value, last))
    return found


def _quantile_pull(
    xp: Namespace, gs: Sequence[Array], x: Array, axis: Axis, qs: Sequence[float]
) -> Array:
    """Hand each quantile's cotangent to the elements that made it up."""
    if 0 in x.shape:
        return xp.zeros(x.shape, dtype=x.dtype)
    rows = as_rows(xp, x, axis)
    found = places(xp, rows, rows.ndim - 1)
    parts = []
    for g, q in zip(gs, qs, strict=True):
        column = xp.reshape(g, (*rows.shape[:-1], 1))
        for place, weight in _between(q, rows.shape[-1]):
            share = column if weight == 1 else column * weight
            parts.append(xp.where(found == place, share, 0))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return from_rows(xp, total, x, axis)


@primitive(
    "reduction",
    python=python_call("median", **REDUCTION),
    latex=latex_operator(upright("median")),
    precedence="operator",
    floating=True,
    closed=True,
)
def median(xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """Median over axes; of an even number of elements the mean of the two in the middle.

    The gradient goes to the element in the middle of the stable order, or half each to the two
    there. Where there is a NaN the result is NaN, and the gradient goes where it would if NaN were
    larger than all numbers.

    >>> tg.median(tg.Tensor([[3.0, 1.0, 2.0, 9.0]]), axis=1)
    Tensor([2.5], shape=(1,), dtype=float32)
    """
    axis = reduced_axis(axis, x.ndim, keepdims)
    refuse_complex(x)
    (result,) = _sorted_quantiles(xp, x, axis, (0.5,))
    return spread(xp, result, x, axis) if keepdims else result


@median.pullback("x")
def median_pull_x(xp: Namespace, g: Array, x: Array, axis: Axis) -> Array:
    return _quantile_pull(xp, (g,), x, axis, (0.5,))


@primitive(
    "reduction",
    public=False,
    title="quantile",
    python=python_call("quantile", q=None, **REDUCTION),
    latex=latex_operator(upright("quantile") + "^{{{q}}}"),
    precedence="operator",
    floating=True,
    closed=True,
)
def quantile_at(
    xp: Namespace, x: Array, q: float | tuple[float, ...], axis: Axis, keepdims: bool
) -> Array:
    """The card behind ``quantile``."""
    axis = reduced_axis(axis, x.ndim, keepdims)
    refuse_complex(x)
    found = _sorted_quantiles(xp, x, axis, q if isinstance(q, tuple) else (q,))
    shape = reduced_shape(x.shape, axis, keepdims)
    if not isinstance(q, tuple):
        return xp.reshape(found[0], shape)
    return xp.concat([xp.reshape(value, (1, *shape)) for value in found], axis=0)


@quantile_at.pullback("x")
def quantile_pull_x(
    xp: Namespace, g: Array, x: Array, q: float | tuple[float, ...], axis: Axis
) -> Array:
    if not isinstance(q, tuple):
        return _quantile_pull(xp, (g,), x, axis, (q,))
    return _quantile_pull(xp, [g[i] for i in range(len(q))], x, axis, q)


def _plain_q(q: Any) -> float | tuple[float, ...]:
    """Check q; make it Python floats."""
    if isinstance(q, np.ndarray) and q.ndim < 2:
        q = q.tolist()
    many = isinstance(q, list | tuple)
    values = list(q) if isinstance(q, list | tuple) else [q]
    for value in values:
        if not is_real(value):
            raise DTypeError(f"quantile: q must be a number or a flat list of numbers, got {q!r}")
        if not 0 <= value <= 1:
            raise ArgumentError(f"quantile: q must be between 0 and 1, got {value!r}")
    if not values:
        raise ArgumentError("quantile: q is empty; give at least one number between 0 and 1")
    plain = tuple(float(value) for value in values)
    return plain if many else plain[0]


@operation
def quantile(x: Any, q: Quantiles, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Quantiles over axes, interpolated linearly between elements, as by NumPy's default method.

    The quantile ``q`` of n sorted elements stands at place ``q * (n - 1)``, counted from 0. Its
    gradient goes to the one or two elements of the stable order there, by their weights. Where
    there is a NaN the result is NaN.

    Args:
        x: the tensor, of real numbers.
        q: a number between 0 and 1, or several: then the result has a leading axis for them. They
            are Python values, not tensors, and have no gradient.
        axis: an integer, a tuple of integers, or None for all.
        keepdims: whether reduced axes stay, with length 1.

    Raises:
        ArgumentError: a q that is not between 0 and 1, or none.

    >>> tg.quantile(tg.Tensor([1.0, 2.0, 4.0]), 0.75)
    Tensor(3., shape=(), dtype=float32)
    >>> tg.quantile(tg.Tensor([1.0, 2.0, 4.0]), [0, 0.5, 1])
    Tensor([1., 2., 4.], shape=(3,), dtype=float32)
    """
    parameters = {"q": _plain_q(q), "axis": frozen(axis), "keepdims": keepdims}
    return cast("Tensor", apply(quantile_at, (x,), parameters))
