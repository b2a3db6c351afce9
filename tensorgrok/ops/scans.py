"""Scan cards: running sums and products along an axis, and differences of neighbours.

Running sums and products are those of the array API standard: ``axis`` is one axis, and may be left
out where there is only one; ``include_initial`` puts the sum or product of nothing, 0 or 1, in
front. Those of small integers are 64-bit integers.
"""

from __future__ import annotations

from typing import Any

from ..backend import Array, Namespace
from ..cards import primitive
from .arguments import place_of, plain_integer
from .axes import cut, with_length
from .notation import latex_operator, python_call, upright

SCAN: dict[str, Any] = {"axis": None, "include_initial": False}


def _scan_axis(axis: int | None, ndim: int) -> int:
    """The axis of a scan, non-negative."""
    if ndim == 0:
        raise ValueError("there is no axis to run along; reshape it to (1,)")
    if axis is None and ndim > 1:
        raise ValueError(f"which of its {ndim} axes to run along is not said; give axis=")
    return place_of(0 if axis is None else axis, ndim)


def _with_initial(xp: Namespace, scanned: Array, axis: int, initial: int) -> Array:
    """Put a number in front."""
    first = xp.full(with_length(scanned.shape, axis, 1), initial, dtype=scanned.dtype)
    return xp.concat([first, scanned], axis=axis)


@primitive(
    "reduction",
    python=python_call("cumulative_sum", **SCAN),
    latex=latex_operator(upright("cumsum")),
    precedence="operator",
)
def cumulative_sum(
    xp: Namespace, x: Array, axis: int | None = None, *, include_initial: bool = False
) -> Array:
    """Running sum along an axis: each element plus all before it.

    Args:
        x: the tensor, of one axis or more.
        axis: along which to run; it may be left out where there is only one.
        include_initial: begin with 0, the sum of nothing; the result is one longer.

    >>> tg.cumulative_sum(tg.Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3., 6.], shape=(3,), dtype=float32)
    """
    along = _scan_axis(axis, x.ndim)
    result = xp.cumulative_sum(x, axis=along)
    return _with_initial(xp, result, along, 0) if include_initial else result


@cumulative_sum.pullback("x")
def cumulative_sum_pull_x(
    xp: Namespace, g: Array, x_like: Any, axis: int | None, include_initial: bool
) -> Array:
    along = _scan_axis(axis, x_like.ndim)
    backwards = cut(g, along, None, 0 if include_initial else None, -1)
    return cut(xp.cumulative_sum(backwards, axis=along), along, None, None, -1)


@primitive(
    "reduction",
    python=python_call("cumulative_prod", **SCAN),
    latex=latex_operator(upright("cumprod")),
    precedence="operator",
)
def cumulative_prod(
    xp: Namespace, x: Array, axis: int | None = None, *, include_initial: bool = False
) -> Array:
    """Running product along an axis: each element times all before it.

    Derivatives are computed without a division, so they are right where factors are 0.

    Args:
        x: the tensor, of one axis or more.
        axis: along which to run; it may be left out where there is only one.
        include_initial: begin with 1, the product of nothing; the result is one longer.

    >>> tg.cumulative_prod(tg.Tensor([1.0, 2.0, 3.0]), include_initial=True)
    Tensor([1., 1., 2., 6.], shape=(4,), dtype=float32)
    """
    along = _scan_axis(axis, x.ndim)
    result = xp.cumulative_prod(x, axis=along)
    return _with_initial(xp, result, along, 1) if include_initial else result


@cumulative_prod.pullback("x")
def cumulative_prod_pull_x(
    xp: Namespace, g: Array, x: Array, y: Array, axis: int | None, include_initial: bool
) -> Array:
    # With p[i] the product of what is before x[i], the derivative is p[i] * s[i], where
    # s[i] = g[i] + x[i + 1] * s[i + 1] collects what comes back from behind.
    along = _scan_axis(axis, x.ndim)
    if 0 in x.shape:
        return xp.zeros(x.shape, dtype=g.dtype)
    before = cut(y, along, None, -1)
    if include_initial:
        g = cut(g, along, 1)
    else:
        before = _with_initial(xp, before, along, 1)
    return before * _backward_recurrence(xp, cut(x, along, 1), g, along)


def _backward_recurrence(xp: Namespace, factors: Array, terms: Array, axis: int) -> Array:
    """Solve ``s[i] = terms[i] + factors[i] * s[i + 1]`` along an axis; ``factors`` is one shorter.

    Each step doubles the reach of every place, so log2(n) whole-array steps do.

    Source: Kogge and Stone, "A parallel algorithm for the efficient solution of a general class of
    recurrence equations", IEEE Transactions on Computers C-22, 1973.
    """
    length, reach = terms.shape[axis], 1
    while reach < length:
        left = length - reach
        head = cut(terms, axis, 0, left) + factors * cut(terms, axis, reach)
        terms = xp.concat([head, cut(terms, axis, left)], axis=axis)
        if 2 * reach < length:
            factors = cut(factors, axis, 0, left - reach) * cut(factors, axis, reach)
        reach *= 2
    return terms


def diff_latex(x: Any, axis: int, n: int) -> str:
    return (
        r"\Delta"
        + ("" if n == 1 else "^{{{n}}}")
        + ("" if axis == -1 else "_{{{axis}}}")
        + " {x:product}"
    )


@primitive(
    "reduction",
    python=python_call("diff", axis=-1, n=1),
    latex=diff_latex,
    precedence="operator",
    closed=True,
)
def diff(xp: Namespace, x: Array, *, axis: int = -1, n: int = 1) -> Array:
    """Differences of neighbours along an axis: each element minus the one before it.

    Args:
        x: the tensor, of one axis or more; of booleans it says where neighbours differ.
        axis: along which to subtract; it becomes one shorter each time.
        n: how many times to do so.

    Raises:
        ArgumentError: a negative number of times.

    >>> tg.diff(tg.Tensor([1.0, 4.0, 9.0]))
    Tensor([3., 5.], shape=(2,), dtype=float32)
    """
    along = place_of(axis, x.ndim)
    times = plain_integer("diff", "n", n, least=0)
    for _ in range(min(times, x.shape[along])):
        after, before = cut(x, along, 1), cut(x, along, None, -1)
        x = after != before if x.dtype.kind == "b" else after - before
    return x


@diff.pullback("x")
def diff_pull_x(xp: Namespace, g: Array, x_like: Any, axis: int, n: int) -> Array:
    along = axis % x_like.ndim
    if n >= x_like.shape[along]:
        return xp.zeros(x_like.shape, dtype=g.dtype)
    edge = xp.zeros(with_length(g.shape, along, 1), dtype=g.dtype)
    for _ in range(n):
        g = xp.concat([edge, g], axis=along) - xp.concat([g, edge], axis=along)
    return g
