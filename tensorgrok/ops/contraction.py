"""Contraction cards: products that sum over an axis, built on the vector-matrix hot path.

``vecmat`` and its two gradient products are closed under differentiation: each of the three has
the other two as its rules. ``dot`` comes down to them but for numbers and two vectors, ``matmul``
wherever the second operand is a matrix. ``einsum``, in ``einstein``, does too.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend import Array, Namespace
from ..cards import primitive
from ..plans import sum_to
from .arguments import is_integer
from .arithmetic import conjugate
from .axes import aligned, interleaved, order_with_last, permuted
from .notation import python_call


def _check_ranks(vectors: Array, matrix: Array) -> None:
    if vectors.ndim == 0 or matrix.ndim != 2:
        raise ValueError("the first must be a vector or several, the second a matrix")


@primitive(
    "contraction",
    python="{x:call}.dot({w})",
    latex="{x:product} {w:power}",
    precedence="product",
    closed=True,
    lifted=("x", "w"),
)
def vecmat(xp: Namespace, x: Array, w: Array) -> Array:
    """Vectors times a matrix: ``x`` (..., K) and ``w`` (K, M) give (..., M).

    >>> tg.vecmat(tg.Tensor([1.0, 2.0]), tg.Tensor([[1.0, 0.0], [0.0, 10.0]]))
    Tensor([ 1., 20.], shape=(2,), dtype=float32)
    """
    _check_ranks(x, w)
    return xp.vecmat(x, w)


@vecmat.pullback("x")
def vecmat_pull_x(xp: Namespace, g: Array, w: Array) -> Array:
    return xp.vecmat_dx(g, w)


@vecmat.pullback("w")
def vecmat_pull_w(xp: Namespace, g: Array, x: Array) -> Array:
    return xp.vecmat_dw(x, g)


@primitive(
    "contraction",
    python="{delta:call}.dot({w:call}.T)",
    latex=r"{delta:product} {w:call}^{{\top}}",
    precedence="product",
    closed=True,
    lifted=("delta", "w"),
)
def vecmat_dx(xp: Namespace, delta: Array, w: Array) -> Array:
    """Gradient of ``vecmat`` to its vectors: ``delta`` (..., M) and ``w`` (K, M) give (..., K).

    >>> tg.vecmat_dx(tg.Tensor([1.0]), tg.Tensor([[2.0], [3.0]]))
    Tensor([2., 3.], shape=(2,), dtype=float32)
    """
    _check_ranks(delta, w)
    return xp.vecmat_dx(delta, w)


@vecmat_dx.pullback("delta")
def vecmat_dx_pull_delta(xp: Namespace, g: Array, w: Array) -> Array:
    return xp.vecmat(g, w)


@vecmat_dx.pullback("w")
def vecmat_dx_pull_w(xp: Namespace, g: Array, delta: Array) -> Array:
    return xp.vecmat_dw(g, delta)


def vecmat_dw_python(x: Any, delta: Any) -> str:
    if x.ndim == 1:
        return "{x:call}[:, None] * {delta:unary}"
    if x.ndim == 2:
        return "{x:call}.T.dot({delta})"
    rows, columns = (-1, x.shape[-1]), (-1, delta.shape[-1])
    return f"{{x:call}}.reshape({rows}).T.dot({{delta:call}}.reshape({columns}))"


@primitive(
    "contraction",
    python=vecmat_dw_python,
    latex=r"{x:call}^{{\top}} {delta:power}",
    precedence="product",
    closed=True,
    lifted=("x", "delta"),
)
def vecmat_dw(xp: Namespace, x: Array, delta: Array) -> Array:
    """Gradient of ``vecmat`` to its matrix: ``x`` (..., K) and ``delta`` (..., M) give (K, M).

    The outer product of two vectors, summed over all leading axes.

    >>> tg.vecmat_dw(tg.Tensor([1.0, 2.0]), tg.Tensor([3.0]))
    Tensor([[3.],
            [6.]], shape=(2, 1), dtype=float32)
    """
    if x.ndim == 0 or delta.ndim == 0 or x.shape[:-1] != delta.shape[:-1]:
        raise ValueError("both must be vectors, and equally many: all axes but the last are equal")
    return xp.vecmat_dw(x, delta)


@vecmat_dw.pullback("x")
def vecmat_dw_pull_x(xp: Namespace, g: Array, delta: Array) -> Array:
    return xp.vecmat_dx(delta, g)


@vecmat_dw.pullback("delta")
def vecmat_dw_pull_delta(xp: Namespace, g: Array, x: Array) -> Array:
    return xp.vecmat(x, g)


# dot -------------------------------------------------------------------------------------------


def _as_matrix(xp: Namespace, x: Array) -> Array:
    """``x`` (..., K, M) as one matrix (K, ... M): the axis that ``dot`` sums over comes first."""
    summed = x.ndim - 2
    *batch, length, columns = x.shape
    first = xp.permute_dims(x, (summed, *range(summed), x.ndim - 1))
    return xp.reshape(first, (length, math.prod(batch) * columns))


@primitive(
    "contraction",
    python="{x1:call}.dot({x2})",
    latex="{x1:product} {x2:power}",
    precedence="product",
    closed=True,
    lifted=("x1", "x2"),
)
def dot(xp: Namespace, x1: Array, x2: Array) -> Array:
    """``numpy.dot``: the last axis of ``x1`` is summed with the last but one of ``x2``.

    Vectors (..., K) and a matrix (K, M) give (..., M); two vectors (K,) give a number; a tensor
    (..., K) and a vector (K,) give (...); with a number it is the plain product. A second operand
    (B, K, M) of more axes gives (..., B, M).

    >>> tg.dot(tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0]))
    Tensor(11., shape=(), dtype=float32)
    """
    if x2.ndim == 2 and x1.ndim != 0:
        return xp.vecmat(x1, x2)
    if x1.ndim == 0 or x2.ndim == 0 or x1.ndim == x2.ndim == 1:
        return xp.dot(x1, x2)
    lengths = (x1.shape[-1], x2.shape[max(x2.ndim - 2, 0)])
    if lengths[0] != lengths[1]:  # below, an error would speak of shapes that nobody wrote
        raise ValueError(f"the axes that are summed have lengths {lengths[0]} and {lengths[1]}")
    if x2.ndim == 1:
        *lead, length = x1.shape
        rows = x1 if x1.ndim == 2 else xp.reshape(x1, (math.prod(lead), length))
        products = xp.vecmat_dx(x2, rows)
        return products if x1.ndim == 2 else xp.reshape(products, tuple(lead))
    products = xp.vecmat(x1, _as_matrix(xp, x2))
    return xp.reshape(products, (*x1.shape[:-1], *x2.shape[:-2], x2.shape[-1]))


@dot.pullback("x1")
def dot_pull_x1(xp: Namespace, g: Array, x1_like: Any, x2: Array) -> Array:
    if x2.ndim == 2 and x1_like.shape:
        return xp.vecmat_dx(g, x2)
    if not x1_like.shape:
        return xp.sum(g * x2, axis=None, keepdims=False)
    if x2.ndim == 0:
        return g * x2
    if x2.ndim == 1:
        return g[..., None] * x2
    matrix = _as_matrix(xp, x2)
    return xp.vecmat_dx(xp.reshape(g, (*x1_like.shape[:-1], matrix.shape[1])), matrix)


@dot.pullback("x2")
def dot_pull_x2(xp: Namespace, g: Array, x1: Array, x2_like: Any) -> Array:
    if x1.ndim == 0:
        return g * x1
    if len(x2_like.shape) == 2:
        return xp.vecmat_dw(x1, g)
    if x2_like.ndim == 0:
        return xp.sum(g * x1, axis=None, keepdims=False)
    lead, length = x1.shape[:-1], x1.shape[-1]
    if x2_like.ndim == 1:
        rows = math.prod(lead)
        return xp.vecmat(xp.reshape(g, (rows,)), xp.reshape(x1, (rows, length)))
    *batch, _, columns = x2_like.shape
    gathered = xp.vecmat_dw(x1, xp.reshape(g, (*lead, math.prod(batch) * columns)))
    summed_first = xp.reshape(gathered, (length, *batch, columns))
    axes = (*range(1, len(batch) + 1), 0, len(batch) + 1)
    return xp.permute_dims(summed_first, axes)


# matmul ----------------------------------------------------------------------------------------


@primitive(
    "contraction",
    python="{x1:product} @ {x2:unary}",
    latex="{x1:product} {x2:power}",
    precedence="product",
    closed=True,
    lifted=("x1", "x2"),
)
def matmul(xp: Namespace, x1: Array, x2: Array) -> Array:
    """``x1 @ x2``: matrix products over the last two axes, leading axes broadcast.

    A vector on the left is a row, on the right a column, and that axis is dropped from the result.

    >>> tg.matmul(tg.Tensor([[1.0, 2.0]]), tg.Tensor([[3.0], [4.0]]))
    Tensor([[11.]], shape=(1, 1), dtype=float32)
    """
    if x2.ndim == 2 and x1.ndim != 0:
        return xp.vecmat(x1, x2)
    return xp.matmul(x1, x2)


def _swapped(xp: Namespace, x: Array) -> Array:
    """The last two axes exchanged."""
    return xp.permute_dims(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _full(g: Array, x1_ndim: int, x2_ndim: int) -> Array:
    """The cotangent with the axes that ``matmul`` dropped for vectors."""
    if x2_ndim == 1:
        g = g[..., None]
    return g[..., None, :] if x1_ndim == 1 else g


def _sum_leading(xp: Namespace, g: Array, shape: tuple[int, ...]) -> Array:
    """Sum over the leading axes that were broadcast, then take the shape of the argument."""
    summed = shape if len(shape) > 1 else tuple(g.shape[-2:])
    return xp.reshape(g if tuple(g.shape) == summed else sum_to(xp, g, summed), shape)


@matmul.pullback("x1")
def matmul_pull_x1(xp: Namespace, g: Array, x1_like: Any, x2: Array) -> Array:
    if x2.ndim == 2:
        return xp.vecmat_dx(g, x2)
    right = x2[:, None] if x2.ndim == 1 else x2
    full = _full(g, x1_like.ndim, x2.ndim)
    return _sum_leading(xp, xp.matmul(full, _swapped(xp, right)), x1_like.shape)


@matmul.pullback("x2")
def matmul_pull_x2(xp: Namespace, g: Array, x1: Array, x2_like: Any) -> Array:
    if x2_like.ndim == 2:
        return xp.vecmat_dw(x1, g)
    left = x1[None, :] if x1.ndim == 1 else x1
    full = _full(g, x1.ndim, x2_like.ndim)
    return _sum_leading(xp, xp.matmul(_swapped(xp, left), full), x2_like.shape)


# vecdot, outer, kron ---------------------------------------------------------------------------


def _place(x1: Any, x2: Any, axis: int) -> int:
    """The axis of ``vecdot``, counted from the end, where the two are aligned."""
    if not is_integer(axis):
        raise TypeError(f"an axis is an integer, not {axis!r}")
    if axis >= 0 and x1.ndim != x2.ndim:
        raise ValueError(
            f"axis {axis} is not the same one in tensors of {x1.ndim} and {x2.ndim} axes; count "
            "it from the end, as in axis=-1"
        )
    place: int = int(axis) - x1.ndim if axis >= 0 else int(axis)
    if not -min(x1.ndim, x2.ndim) <= place < 0:
        raise IndexError(f"there is no axis {axis} in both")
    if x1.shape[place] != x2.shape[place]:
        raise ValueError(
            f"along axis {axis} the lengths are {x1.shape[place]} and {x2.shape[place]}; they "
            "must be equal"
        )
    return place


def _moved_last(xp: Namespace, x: Array, place: int) -> Array:
    return permuted(xp, x, order_with_last((x.ndim + place,), x.ndim))


@primitive(
    "contraction",
    python=python_call("vecdot", "{x1}, {x2}", axis=-1),
    latex=r"\left\langle {x1}, {x2} \right\rangle",
    closed=True,
    lifted=("x1", "x2"),
)
def vecdot(xp: Namespace, x1: Array, x2: Array, axis: int = -1) -> Array:
    """Dot products of vectors along one axis; the other axes broadcast.

    Args:
        x1: vectors; complex ones are conjugated.
        x2: vectors of the same length.
        axis: along which the vectors lie, counted from the end; from the front where both have
            equally many axes.

    Raises:
        ShapeError: vectors of two lengths, also where one of them is 1.

    >>> tg.vecdot(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), tg.Tensor([10.0, 1.0]))
    Tensor([12., 34.], shape=(2,), dtype=float32)
    """
    place = _place(x1, x2, axis)
    left, right = _moved_last(xp, x1, place), _moved_last(xp, x2, place)
    return xp.matmul(conjugate(xp, left)[..., None, :], right[..., :, None])[..., 0, 0]


def _with_axis(xp: Namespace, g: Array, place: int) -> Array:
    """A cotangent with the axis that ``vecdot`` summed over, as one of length 1."""
    at = g.ndim + 1 + place
    return xp.reshape(g, (*g.shape[:at], 1, *g.shape[at:]))


@vecdot.pullback("x1")
def vecdot_pull_x1(xp: Namespace, g: Array, x1_like: Any, x2: Array, axis: int) -> Array:
    pulled = _with_axis(xp, g, _place(x1_like, x2, axis)) * x2
    return conjugate(xp, sum_to(xp, pulled, tuple(x1_like.shape)))


@vecdot.pullback("x2")
def vecdot_pull_x2(xp: Namespace, g: Array, x1: Array, x2_like: Any, axis: int) -> Array:
    pulled = _with_axis(xp, g, _place(x1, x2_like, axis)) * conjugate(xp, x1)
    return sum_to(xp, pulled, tuple(x2_like.shape))


@primitive(
    "contraction",
    latex=r"\left({x1:product} {x2:call}^{{\top}}\right)",
    closed=True,
    lifted=("x1", "x2"),
)
def outer(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Outer product of two vectors: ``x1`` (K,) and ``x2`` (M,) give (K, M).

    Raises:
        ShapeError: an argument that is no vector. ``numpy.outer`` flattens such; here
            ``reshape(x, -1)`` says so.

    >>> tg.outer(tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0]))
    Tensor([[3., 4.],
            [6., 8.]], shape=(2, 2), dtype=float32)
    """
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError("both must be vectors, of one axis; flatten others with reshape(-1)")
    return xp.vecmat_dw(x1, x2)


@outer.pullback("x1")
def outer_pull_x1(xp: Namespace, g: Array, x2: Array) -> Array:
    return xp.vecmat_dx(x2, g)


@outer.pullback("x2")
def outer_pull_x2(xp: Namespace, g: Array, x1: Array) -> Array:
    return xp.vecmat(x1, g)


def _kron_shapes(x1_shape: Any, x2_shape: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes in which the arguments of ``kron`` broadcast: axes of the first, of the second, …"""
    ndim = max(len(x1_shape), len(x2_shape))
    ones = (1,) * ndim
    return interleaved(aligned(x1_shape, ndim), ones), interleaved(ones, aligned(x2_shape, ndim))


@primitive(
    "contraction",
    latex=r"\left({x1:power} \otimes {x2:power}\right)",
    closed=True,
    lifted=("x1", "x2"),
)
def kron(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Kronecker product: every element of ``x1`` times the whole of ``x2``, block by block.

    Each axis of the result is as long as the product of those of the arguments; the one with fewer
    axes gets leading axes of length 1.

    >>> tg.kron(tg.Tensor([1.0, 10.0]), tg.Tensor([1.0, 2.0]))
    Tensor([ 1.,  2., 10., 20.], shape=(4,), dtype=float32)
    """
    first, second = _kron_shapes(x1.shape, x2.shape)
    blocks = xp.reshape(x1, first) * xp.reshape(x2, second)
    lengths = [a * b for a, b in zip(first[::2], second[1::2], strict=True)]
    return xp.reshape(blocks, tuple(lengths))


def _kron_pull(
    xp: Namespace, g: Array, other: Array, mine: tuple[int, ...], others: tuple[int, ...]
) -> Array:
    """The cotangent of one argument of ``kron``, its axes interleaved with those of length 1."""
    lengths = tuple(a * b for a, b in zip(mine, others, strict=True))
    return sum_to(xp, xp.reshape(g, lengths) * xp.reshape(other, others), mine)


@kron.pullback("x1")
def kron_pull_x1(xp: Namespace, g: Array, x1_like: Any, x2: Array) -> Array:
    first, second = _kron_shapes(x1_like.shape, x2.shape)
    return xp.reshape(_kron_pull(xp, g, x2, first, second), x1_like.shape)


@kron.pullback("x2")
def kron_pull_x2(xp: Namespace, g: Array, x1: Array, x2_like: Any) -> Array:
    first, second = _kron_shapes(x1.shape, x2_like.shape)
    return xp.reshape(_kron_pull(xp, g, x1, second, first), x2_like.shape)
