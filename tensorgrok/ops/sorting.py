"""Sorting cards: elements in rising or falling order, and the order itself.

All orders are stable: equal elements stay in the order in which they came, also when it falls. A
NaN counts as larger than all numbers, as in NumPy: it comes last, and first when the order falls.
Complex numbers have no order and are refused. Medians and quantiles are in ``statistics``.
"""

from __future__ import annotations

from typing import Any

from ..backend import Array, Namespace
from ..cards import operation, primitive
from ..errors import ArgumentError
from ..tensor import Tensor
from .arguments import as_tensor, place_of, plain_integer, refuse_complex
from .axes import cut
from .gathering import line_key
from .notation import latex_operator, python_call, upright

FORWARD: dict[str, Any] = {"axis": -1, "descending": False}


def _stable_order(xp: Namespace, x: Array, axis: int, descending: bool) -> Array:
    """Indices that sort ``x`` along a non-negative axis; equal elements keep their order."""
    if not descending:
        return xp.argsort(x, axis=axis, stable=True)
    # Negation would not do: unsigned integers and booleans have none. In reverse the last of
    # equal elements comes first, and reversing the order turns that round again.
    order = xp.argsort(cut(x, axis, None, None, -1), axis=axis, stable=True)
    return x.shape[axis] - 1 - cut(order, axis, None, None, -1)


def places(xp: Namespace, x: Array, axis: int, descending: bool = False) -> Array:
    """For each element its place in the sorted order: the inverse of ``_stable_order``."""
    return xp.argsort(_stable_order(xp, x, axis, descending), axis=axis, stable=True)


@primitive(
    "arrangement",
    python=python_call("sort", **FORWARD),
    latex=latex_operator(upright("sort"), -1),
    precedence="operator",
    closed=True,
)
def sort(
    xp: Namespace, x: Array, axis: int = -1, *, descending: bool = False, stable: bool = True
) -> Array:
    """The elements along an axis in rising order, or in falling order.

    Args:
        x: the tensor, of real numbers or booleans.
        axis: along which to sort.
        descending: the largest first.
        stable: as in the standard; orders are stable either way.

    The gradient of a place goes to the element that moved there. Which of equal elements that is,
    the stable order says. A NaN counts as larger than all numbers.

    >>> tg.sort(tg.Tensor([3.0, 1.0, 2.0]))
    Tensor([1., 2., 3.], shape=(3,), dtype=float32)
    """
    axis = place_of(axis, x.ndim)
    refuse_complex(x)
    rising = xp.sort(x, axis=axis)
    return cut(rising, axis, None, None, -1) if descending else rising


@sort.pullback("x")
def sort_pull_x(xp: Namespace, g: Array, x: Array, axis: int, descending: bool) -> Array:
    along = axis % x.ndim
    return g[line_key(xp, g.shape, places(xp, x, along, descending), along)]


@primitive(
    "arrangement",
    python=python_call("argsort", **FORWARD),
    latex=latex_operator(upright("argsort"), -1),
    precedence="operator",
    constant=("x",),
)
def argsort(
    xp: Namespace, x: Array, axis: int = -1, *, descending: bool = False, stable: bool = True
) -> Array:
    """The indices that sort a tensor along an axis, in rising or in falling order.

    Args:
        x: the tensor, of real numbers or booleans.
        axis: along which to sort.
        descending: the index of the largest first.
        stable: as in the standard; orders are stable either way.

    >>> tg.argsort(tg.Tensor([3.0, 1.0, 3.0]), descending=True)
    Tensor([0, 2, 1], shape=(3,), dtype=int64)
    """
    axis = place_of(axis, x.ndim)
    refuse_complex(x)
    return _stable_order(xp, x, axis, descending)


@primitive(
    "arrangement",
    public=False,
    title="topk",
    python="topk({x}, {k}, axis={axis})[1]",
    constant=("x",),
)
def topk_indices(xp: Namespace, x: Array, k: int, axis: int) -> Array:
    """The card behind the indices of ``topk``."""
    along = place_of(axis, x.ndim)
    refuse_complex(x)
    length = plain_integer("topk", "k", k)
    if not 0 <= length <= x.shape[along]:
        raise ArgumentError(
            f"topk: k must be between 0 and {x.shape[along]}, the length of axis {axis}, got {k}"
        )
    return cut(_stable_order(xp, x, along, True), along, 0, length)


@operation
def topk(x: Any, k: int, axis: int = -1) -> tuple[Tensor, Tensor]:
    """The ``k`` largest elements along an axis, the largest first, and their indices.

    Of equal elements the first are taken. A NaN counts as larger than all numbers.

    Args:
        x: the tensor, of real numbers or booleans.
        k: how many; at most the length of the axis.
        axis: along which to look.

    Returns:
        The values, with the gradient of ``sort``, and their indices along the axis.

    Raises:
        ArgumentError: fewer than none, or more than there are.

    >>> values, indices = tg.topk(tg.Tensor([3.0, 1.0, 4.0]), 2)
    >>> values
    Tensor([4., 3.], shape=(2,), dtype=float32)
    >>> indices
    Tensor([2, 0], shape=(2,), dtype=int64)
    """
    tensor = as_tensor("topk", x)
    indices = topk_indices(tensor, k, axis)
    falling = sort(tensor, axis, descending=True)
    return cut(falling, axis % tensor.ndim, 0, int(k)), indices
