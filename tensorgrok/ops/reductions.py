"""Reduction cards: sums, products, means, extremes and truth over axes.

``axis`` is an integer, a tuple of integers, or None for all axes; negative axes count from the end.
With ``keepdims`` reduced axes stay, with length 1. Over an axis of length 0 a sum is 0, a product
1, ``any`` False, ``all`` True and ``logsumexp`` minus infinity; a mean is NaN, as in the standard
and without a warning; extremes are refused. Variances, medians and quantiles are in ``statistics``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, Namespace
from ..cards import primitive
from ..context import DType
from .arguments import Axis, check_keepdims, place_of, reduced_axis, refuse_complex
from .arithmetic import SINGLE, largest, limited
from .axes import as_rows, count, from_rows, reduced_shape, spread
from .notation import REDUCTION, latex_operator, python_call, python_method, upright

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "sum",
]

# Sums and products -----------------------------------------------------------------------------


def sum_latex(x: Any, axis: Axis, keepdims: bool) -> str:
    r"""Column sums of a matrix are ``1ᵀ x``, row sums that stay a column ``x 1``."""
    if x.ndim == 2 and axis in (0, (0,)):
        return r"\mathbf{{1}}^{{\top}} {x:power}"
    if x.ndim == 2 and keepdims and axis in (1, -1, (1,), (-1,)):
        return r"{x:product} \mathbf{{1}}"
    return latex_operator(r"\sum")(x=x, axis=axis, keepdims=keepdims)


@primitive(
    "reduction",
    python=python_method("sum", **REDUCTION),
    latex=sum_latex,
    precedence="operator",
)
def sum(  # noqa: A001  # the standard's name
    xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False
) -> Array:
    """Sum over axes; of booleans it is a count.

    Sums of small integers are 64-bit integers.

    >>> tg.sum(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([4., 6.], shape=(2,), dtype=float32)
    """
    return xp.sum(x, axis=reduced_axis(axis, x.ndim, keepdims), keepdims=keepdims)


@sum.pullback("x")
def sum_pull_x(xp: Namespace, g: Array, x_like: Any, axis: Axis) -> Array:
    return xp.broadcast_to(spread(xp, g, x_like, axis), x_like.shape)


@primitive(
    "reduction",
    python=python_method("prod", **REDUCTION),
    latex=latex_operator(r"\prod"),
    precedence="operator",
)
def prod(xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """Product over axes; of booleans it is 0 or 1.

    The derivative with respect to a factor is the product of all others, computed without a
    division, so it is right where factors are 0. Products of small integers are 64-bit integers.

    >>> tg.prod(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([3., 8.], shape=(2,), dtype=float32)
    """
    return xp.prod(x, axis=reduced_axis(axis, x.ndim, keepdims), keepdims=keepdims)


@prod.pullback("x")
def prod_pull_x(xp: Namespace, g: Array, x: Array, axis: Axis) -> Array:
    if 0 in x.shape:
        return xp.zeros(x.shape, dtype=g.dtype)
    rows = as_rows(xp, x, axis)
    before = _products_before(xp, rows)
    after = _products_before(xp, rows[..., ::-1])[..., ::-1]
    others = xp.reshape(g, (*rows.shape[:-1], 1)) * (before * after)
    return from_rows(xp, others, x, axis)


def _products_before(xp: Namespace, rows: Array) -> Array:
    """For each element of each row the product of those before it."""
    ones = xp.ones((*rows.shape[:-1], 1), dtype=rows.dtype)
    return xp.concat([ones, xp.cumulative_prod(rows[..., :-1], axis=-1)], axis=-1)


@primitive(
    "reduction",
    python=python_method("mean", **REDUCTION),
    latex=latex_operator(upright("mean")),
    precedence="operator",
    floating=True,
)
def mean(xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """Arithmetic mean over axes; of integers too it is a float, and of no elements it is NaN.

    >>> tg.mean(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    Tensor([1.5, 3.5], shape=(2,), dtype=float32)
    """
    axis = reduced_axis(axis, x.ndim, keepdims)
    if 0 in x.shape and not count(x, axis):
        return xp.full(reduced_shape(x.shape, axis, keepdims), np.nan, dtype=x.dtype)
    return xp.mean(x, axis=axis, keepdims=keepdims)


@mean.pullback("x")
def mean_pull_x(xp: Namespace, g: Array, x_like: Any, axis: Axis) -> Array:
    # A count may be too large for float16, so each share is made first; of none, nobody gets it.
    share = spread(xp, g, x_like, axis) * (1 / (count(x_like, axis) or 1))
    return xp.broadcast_to(share, x_like.shape)


# Extremes --------------------------------------------------------------------------------------


def _comparable(x: Array, axis: Axis, what: str) -> None:
    """Refuse to look for an extreme where there is none."""
    refuse_complex(x)
    if 0 in x.shape and not count(x, axis):
        raise ValueError(f"no elements are reduced, and there is no {what} of none (no identity)")


@primitive(
    "reduction",
    python=python_method("max", **REDUCTION),
    latex=latex_operator(r"\max"),
    precedence="operator",
    closed=True,
)
def max(  # noqa: A001  # the standard's name
    xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False
) -> Array:
    """Largest element over axes; where several are largest they share the gradient evenly.

    Where there is a NaN the result is NaN, and the gradient 0.

    Raises:
        ShapeError: no elements are reduced.

    >>> tg.max(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([3., 4.], shape=(2,), dtype=float32)
    """
    axis = reduced_axis(axis, x.ndim, keepdims)
    _comparable(x, axis, "largest")
    return xp.max(x, axis=axis, keepdims=keepdims)


@primitive(
    "reduction",
    python=python_method("min", **REDUCTION),
    latex=latex_operator(r"\min"),
    precedence="operator",
    closed=True,
)
def min(  # noqa: A001  # the standard's name
    xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False
) -> Array:
    """Smallest element over axes; where several are smallest they share the gradient evenly.

    Where there is a NaN the result is NaN, and the gradient 0.

    Raises:
        ShapeError: no elements are reduced.

    >>> tg.min(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([1., 2.], shape=(2,), dtype=float32)
    """
    axis = reduced_axis(axis, x.ndim, keepdims)
    _comparable(x, axis, "smallest")
    return xp.min(x, axis=axis, keepdims=keepdims)


@max.pullback("x")
@min.pullback("x")
def extreme_pull_x(xp: Namespace, g: Array, x: Array, y: Array, axis: Axis) -> Array:
    chosen = x == spread(xp, y, x, axis)
    return xp.where(chosen, spread(xp, g, x, axis) * _share(xp, chosen, axis, g.dtype), 0)


def _share(xp: Namespace, chosen: Array, axis: Axis, dtype: DType) -> Array:
    """The share of each that is chosen; 1 where none is, as NaN, which equals nothing.

    It is computed in float64 at least, for float16 cannot count beyond 65504.
    """
    ones = xp.astype(chosen, np.int64)  # the standard does not sum booleans
    number = xp.sum(ones, axis=reduced_axis(axis, chosen.ndim), keepdims=True)
    counted = xp.astype(xp.maximum(number, 1), np.result_type(dtype, np.float64))
    return xp.astype(1 / counted, dtype)


@primitive(
    "reduction",
    python=python_method("argmax", **REDUCTION),
    latex=latex_operator(r"\arg\max"),
    precedence="operator",
    constant=("x",),
)
def argmax(xp: Namespace, x: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """Index of the first largest element along an axis, or in the flattened tensor.

    A NaN counts as larger than all numbers.

    >>> tg.argmax(tg.Tensor([[1.0, 2.0], [4.0, 3.0]]), axis=1)
    Tensor([1, 0], shape=(2,), dtype=int64)
    """
    check_keepdims(keepdims)
    axis = None if axis is None else place_of(axis, x.ndim)
    _comparable(x, axis, "largest")
    return xp.argmax(x, axis=axis, keepdims=keepdims)


@primitive(
    "reduction",
    python=python_method("argmin", **REDUCTION),
    latex=latex_operator(r"\arg\min"),
    precedence="operator",
    constant=("x",),
)
def argmin(xp: Namespace, x: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """Index of the first smallest element along an axis, or in the flattened tensor.

    A NaN counts as smaller than all numbers.

    >>> tg.argmin(tg.Tensor([[1.0, 2.0], [4.0, 3.0]]), axis=1)
    Tensor([0, 1], shape=(2,), dtype=int64)
    """
    check_keepdims(keepdims)
    axis = None if axis is None else place_of(axis, x.ndim)
    _comparable(x, axis, "smallest")
    return xp.argmin(x, axis=axis, keepdims=keepdims)


# Truth -----------------------------------------------------------------------------------------


@primitive(
    "reduction",
    python=python_method("any", **REDUCTION),
    latex=latex_operator(r"\exists"),
    precedence="operator",
    constant=("x",),
)
def any(  # noqa: A001  # the standard's name
    xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False
) -> Array:
    """Whether any element over axes is True or not zero; a NaN is not zero.

    >>> tg.any(tg.Tensor([[0.0, 2.0], [0.0, 0.0]]), axis=1)
    Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return xp.any(x, axis=reduced_axis(axis, x.ndim, keepdims), keepdims=keepdims)


@primitive(
    "reduction",
    python=python_method("all", **REDUCTION),
    latex=latex_operator(r"\forall"),
    precedence="operator",
    constant=("x",),
)
def all(  # noqa: A001  # the standard's name
    xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False
) -> Array:
    """Whether all elements over axes are True or not zero; a NaN is not zero.

    >>> tg.all(tg.Tensor([[1.0, 2.0], [0.0, 3.0]]), axis=1)
    Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return xp.all(x, axis=reduced_axis(axis, x.ndim, keepdims), keepdims=keepdims)


@primitive(
    "reduction",
    python=python_call("count_nonzero", **REDUCTION),
    latex=latex_operator(upright("nnz")),
    precedence="operator",
    constant=("x",),
)
def count_nonzero(xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """How many elements over axes are True or not zero; a NaN is not zero.

    >>> tg.count_nonzero(tg.Tensor([[0.0, 2.0], [1.0, 3.0]]), axis=1)
    Tensor([1, 2], shape=(2,), dtype=int64)
    """
    counted = xp.astype(x if x.dtype.kind == "b" else x != 0, np.int64)
    return xp.sum(counted, axis=reduced_axis(axis, x.ndim, keepdims), keepdims=keepdims)


# Logarithms ------------------------------------------------------------------------------------


@primitive(
    "reduction",
    python=python_method("logsumexp", **REDUCTION),
    latex=latex_operator(upright("logsumexp")),
    precedence="operator",
    floating=True,
)
def logsumexp(xp: Namespace, x: Array, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """Logarithm of the sum of exponentials over axes, which themselves never overflow.

    Of minus infinities alone, or of nothing, it is minus infinity, and the gradient 0: a row that
    is masked as a whole trains nothing. With an infinity it is infinity, and grows as that does:
    its derivative is 1 there, or shared evenly, and 0 elsewhere.

    >>> tg.logsumexp(tg.Tensor([1000.0, 0.0]))
    Tensor(1000., shape=(), dtype=float32)
    """
    axis = reduced_axis(axis, x.ndim, keepdims)
    if 0 in x.shape and not count(x, axis):
        return xp.full(reduced_shape(x.shape, axis, keepdims), -np.inf, dtype=x.dtype)
    _, total, top = _exponentials(xp, x, axis)
    logarithm = xp.log(total)
    if x.dtype.itemsize < 4:
        logarithm = xp.astype(logarithm, x.dtype)
    return xp.reshape(logarithm + top, reduced_shape(x.shape, axis, keepdims))


@logsumexp.pullback("x")
def logsumexp_pull_x(xp: Namespace, g: Array, x: Array, axis: Axis) -> Array:
    # exp(x - y) would be as wrong as y is rounded: by a thousandth for float32 near 10,000.
    if 0 in x.shape:
        return xp.zeros(x.shape, dtype=x.dtype)
    small, total, _ = _exponentials(xp, x, axis)
    shares = small / total
    if x.dtype.itemsize < 4:
        shares = xp.astype(shares, x.dtype)
    return spread(xp, g, x, axis) * shares


def _exponentials(xp: Namespace, x: Array, axis: Axis) -> tuple[Array, Array, Array]:
    """Exponentials scaled so that the largest is 1, their sum, and the maximum of ``x``."""
    if x.dtype.kind == "c":
        top = xp.max(xp.real(x), axis=axis, keepdims=True)
        small = xp.exp(x - top)
        return small, xp.sum(small, axis=axis, keepdims=True), top
    top = xp.max(x, axis=axis, keepdims=True)
    most = largest(x.dtype)
    small = xp.exp(xp.minimum(x, most) - limited(xp, top, most))  # inf - inf would be NaN
    if x.dtype.itemsize < 4:
        small = xp.astype(small, SINGLE)
    total = xp.sum(small, axis=axis, keepdims=True)
    return small, xp.maximum(total, 1), top  # 1 at least, unless all are minus infinity
