"""Diagonal cards: diagonals and triangles of matrices, and of stacks of matrices.

Diagonal number ``k`` has the elements in row ``i`` and column ``i + k``: 0 is the main diagonal,
positive ones lie above it, negative ones below.
"""

from __future__ import annotations

from typing import Any

from ..backend import Array, Namespace
from ..cards import operation, primitive
from ..errors import ShapeError, describe
from ..tensor import Tensor
from .arguments import as_tensor, place_of, plain_integer
from .axes import inverse, near_diagonal, order_with_last, permuted
from .notation import Notation, applied, latex_call, python_call

# Triangles -------------------------------------------------------------------------------------


def _triangle(xp: Namespace, x: Array, k: int, lower: bool) -> Array:
    """The elements on one side of a diagonal and on it, with zeros elsewhere."""
    if x.ndim < 2:
        raise ValueError("a matrix is needed, or a stack of matrices")
    rows, columns = x.shape[-2:]
    diagonals = xp.arange(columns)[None, :] - xp.arange(rows)[:, None]
    k = near_diagonal(k, rows, columns)
    kept = diagonals <= k if lower else diagonals >= k
    return xp.where(kept, x, xp.zeros((), dtype=x.dtype))


@primitive("arrangement", python=python_call("tril", k=0), latex=latex_call("tril", k=0))
def tril(xp: Namespace, x: Array, k: int = 0) -> Array:
    """Lower triangle: the elements on diagonal ``k`` and below it, with zeros above.

    >>> tg.tril(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]], shape=(2, 2), dtype=float32)
    """
    return _triangle(xp, x, plain_integer("tril", "k", k), lower=True)


@tril.pullback("x")
def tril_pull_x(xp: Namespace, g: Array, k: int) -> Array:
    return _triangle(xp, g, int(k), lower=True)


@primitive("arrangement", python=python_call("triu", k=0), latex=latex_call("triu", k=0))
def triu(xp: Namespace, x: Array, k: int = 0) -> Array:
    """Upper triangle: the elements on diagonal ``k`` and above it, with zeros below.

    >>> tg.triu(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 2.],
            [0., 4.]], shape=(2, 2), dtype=float32)
    """
    return _triangle(xp, x, plain_integer("triu", "k", k), lower=False)


@triu.pullback("x")
def triu_pull_x(xp: Namespace, g: Array, k: int) -> Array:
    return _triangle(xp, g, int(k), lower=False)


# Diagonals -------------------------------------------------------------------------------------


def _plane_last(ndim: int, axis1: int, axis2: int) -> tuple[int, ...]:
    """The order of axes in which these two come last."""
    plane = (place_of(axis1, ndim), place_of(axis2, ndim))
    if plane[0] == plane[1]:
        raise ValueError("axis1 and axis2 must be different axes")
    return order_with_last(plane, ndim)


def _diagonal_length(rows: int, columns: int, offset: int) -> int:
    """How many elements a diagonal has."""
    return max(0, min(rows + min(offset, 0), columns - max(offset, 0)))


def _read_diagonal(xp: Namespace, x: Array, offset: int, axis1: int, axis2: int) -> Array:
    """A diagonal of every matrix in the plane of two axes, as the last axis."""
    if x.ndim < 2:
        raise ValueError("a matrix is needed, or a stack of matrices")
    moved = permuted(xp, x, _plane_last(x.ndim, axis1, axis2))
    offset = near_diagonal(offset, *moved.shape[-2:])
    count = _diagonal_length(moved.shape[-2], moved.shape[-1], offset)
    row, column = max(0, -offset), max(0, offset)
    return moved[(..., xp.arange(row, row + count), xp.arange(column, column + count))]


def _on_diagonal(
    xp: Namespace, values: Array, shape: tuple[int, ...], offset: int, axis1: int, axis2: int
) -> Array:
    """Zeros of a shape with values on a diagonal: the inverse of ``_read_diagonal``."""
    order = _plane_last(len(shape), axis1, axis2)
    moved = tuple(shape[axis] for axis in order)
    rows, columns = moved[-2:]
    offset = near_diagonal(offset, rows, columns)
    count = _diagonal_length(rows, columns, offset)
    start = max(0, -offset) * columns + max(0, offset)
    places = slice(start, start + count * (columns + 1) - columns, columns + 1)
    flat = xp.zeros((*moved[:-2], rows * columns), dtype=values.dtype)
    if count:
        flat = xp.scatter_add(flat, (..., places), values)
    return permuted(xp, xp.reshape(flat, moved), inverse(order))


def diagonal_latex(name: str) -> Notation:
    """Notation with the number of the diagonal and both axes as subscripts."""

    def latex(x: Any, offset: int, axis1: int, axis2: int) -> str:
        shown = ["{offset}"] if offset else []
        shown += ["({axis1}, {axis2})"] if (axis1, axis2) != (0, 1) else []
        return applied(name, "{x}", *shown)

    return latex


DIAGONAL: dict[str, Any] = {"offset": 0, "axis1": 0, "axis2": 1}


@primitive("arrangement", python=python_call("diagonal", **DIAGONAL), latex=diagonal_latex("diag"))
def diagonal(xp: Namespace, x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """A diagonal of a matrix, or of each matrix in a stack; it is the last axis of the result.

    Args:
        x: the tensor.
        offset: which diagonal, 0 for the main one; of one outside of the matrix the length is 0.
        axis1, axis2: the axes of rows and of columns.

    >>> tg.diagonal(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 4.], shape=(2,), dtype=float32)
    """
    return _read_diagonal(xp, x, plain_integer("diagonal", "offset", offset), axis1, axis2)


@diagonal.pullback("x")
def diagonal_pull_x(
    xp: Namespace, g: Array, x_like: Any, offset: int, axis1: int, axis2: int
) -> Array:
    return _on_diagonal(xp, g, x_like.shape, int(offset), axis1, axis2)


@primitive("arrangement", python=python_call("trace", **DIAGONAL), latex=diagonal_latex("tr"))
def trace(xp: Namespace, x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """Sum of a diagonal of a matrix, or of each matrix in a stack; see ``diagonal``.

    >>> tg.trace(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor(5., shape=(), dtype=float32)
    """
    read = _read_diagonal(xp, x, plain_integer("trace", "offset", offset), axis1, axis2)
    return xp.sum(read, axis=-1)


@trace.pullback("x")
def trace_pull_x(
    xp: Namespace, g: Array, x_like: Any, offset: int, axis1: int, axis2: int
) -> Array:
    # Every element of the diagonal has the cotangent of its sum.
    return _on_diagonal(xp, g[..., None], x_like.shape, int(offset), axis1, axis2)


@primitive(
    "arrangement",
    public=False,
    title="diag",
    python=python_call("diag", k=0),
    latex=latex_call("diag", k=0),
)
def diag_matrix(xp: Namespace, x: Array, k: int = 0) -> Array:
    """The card behind ``diag`` of a vector."""
    size = x.shape[0] + abs(k)
    return _on_diagonal(xp, x, (size, size), k, 0, 1)


@diag_matrix.pullback("x")
def diag_matrix_pull_x(xp: Namespace, g: Array, k: int) -> Array:
    return _read_diagonal(xp, g, k, 0, 1)


@operation
def diag(x: Any, k: int = 0) -> Tensor:
    """Of a vector, the matrix with it on diagonal ``k``; of a matrix, its diagonal ``k``.

    For the diagonals of a stack of matrices there is ``diagonal``.

    >>> tg.diag(tg.Tensor([1.0, 2.0]))
    Tensor([[1., 0.],
            [0., 2.]], shape=(2, 2), dtype=float32)
    """
    tensor = as_tensor("diag", x)
    number = plain_integer("diag", "k", k)
    if tensor.ndim not in (1, 2):
        raise ShapeError(
            f"diag: {describe(tensor, 'x', x)} must be a vector or a matrix; for stacks of "
            "matrices use diagonal"
        )
    return diag_matrix(tensor, number) if tensor.ndim == 1 else diagonal(tensor, number)
