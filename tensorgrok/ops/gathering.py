"""Gathering cards: elements picked by an array of indices along one axis.

Indices are integers; negative ones count from the end, and what lies outside is an error on the
host. ``indexing`` has ``x[key]`` with all that a key may be.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Array, Namespace
from ..cards import primitive
from .arguments import dtype_or_default, is_integer, place_of, plain_integer
from .axes import key_along
from .indexing import blank
from .notation import latex_call, python_call


def _refuse_all_but_integers(indices: Array) -> None:
    """Raise an error unless indices are integers: a mask or a float would mean something else."""
    if not is_integer(indices) and getattr(indices, "dtype", np.dtype(object)).kind not in "iu":
        raise TypeError("indices must be integers")


@primitive(
    "indexing",
    python=python_call("take", "{x}, {indices}", axis=None),
    latex=latex_call("take", "{x}, {indices}", axis=None),
    constant=("indices",),
)
def take(xp: Namespace, x: Array, indices: Array, axis: int | None = None) -> Array:
    """Parts of a tensor by their places on an axis, such as rows of a table.

    Gradients of places that are taken several times add up.

    Args:
        x: the tensor.
        indices: integers of any shape, which takes the place of the axis in the result.
        axis: the axis; None takes elements in row-major order.

    Raises:
        IndexingError: an index outside of the axis.
        DTypeError: indices that are no integers.

    >>> table = tg.Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> tg.take(table, [2, 0], axis=0)
    Tensor([[5., 6.],
            [1., 2.]], shape=(2, 2), dtype=float32)
    """
    _refuse_all_but_integers(indices)
    if axis is None:
        return xp.reshape(x, (math.prod(x.shape),))[(indices,)]
    return x[key_along(place_of(axis, x.ndim), indices)]


@take.pullback("x")
def take_pull_x(xp: Namespace, g: Array, x_like: Any, indices: Array, axis: int | None) -> Array:
    if axis is None:
        flat = blank(xp, (math.prod(x_like.shape),), g.dtype)
        return xp.reshape(xp.scatter_add(flat, (indices,), g), x_like.shape)
    key = key_along(axis % x_like.ndim, indices)
    return xp.scatter_add(blank(xp, x_like.shape, g.dtype), key, g)


def line_key(xp: Namespace, shape: tuple[int, ...], indices: Array, along: int) -> tuple[Any, ...]:
    """The key that reads one place per index: itself along one axis, and all places of the others.

    Those are shaped so that they broadcast against each other and against the indices.
    """
    return tuple(
        indices
        if place == along
        else xp.reshape(xp.arange(length), (length, *[1] * (len(shape) - 1 - place)))
        for place, length in enumerate(shape)
    )


@primitive(
    "indexing",
    python=python_call("take_along_axis", "{x}, {indices}", axis=-1),
    latex=latex_call("take_along_axis", "{x}, {indices}", axis=-1),
    constant=("indices",),
    lifted=("indices",),
)
def take_along_axis(xp: Namespace, x: Array, indices: Array, axis: int = -1) -> Array:
    """One element, or several, from each line along an axis, each with an index of its own.

    It undoes what ``argmax``, ``argmin`` with ``keepdims`` and ``argsort`` ask: where the element
    is. Gradients of places that are taken several times add up.

    Args:
        x: the tensor.
        indices: integers with as many axes as ``x``; its other axes broadcast against those of
            ``x``.
        axis: the axis to take from.

    Raises:
        IndexingError: an index outside of the axis.
        ShapeError: indices that do not fit ``x``.
        DTypeError: indices that are no integers.

    >>> scores = tg.Tensor([[1.0, 2.0], [4.0, 3.0]])
    >>> tg.take_along_axis(scores, [[1], [0]])
    Tensor([[2.],
            [4.]], shape=(2, 1), dtype=float32)
    """
    _refuse_all_but_integers(indices)
    if indices.ndim != x.ndim:
        raise ValueError(f"indices have {indices.ndim} axes and x has {x.ndim}; it must be as many")
    along = place_of(axis, x.ndim)
    for place, (one, two) in enumerate(zip(x.shape, indices.shape, strict=True)):
        if place != along and one != two and 1 not in (one, two):
            raise ValueError(f"axis {place} has length {one} in x and {two} in indices")
    return x[line_key(xp, x.shape, indices, along)]


@take_along_axis.pullback("x")
def take_along_axis_pull_x(
    xp: Namespace, g: Array, x_like: Any, indices: Array, axis: int
) -> Array:
    key = line_key(xp, x_like.shape, indices, axis % x_like.ndim)
    return xp.scatter_add(blank(xp, x_like.shape, g.dtype), key, g)


@primitive(
    "indexing",
    constant=("indices",),
    python="one_hot({indices}, {count})",
    latex=r"\mathbf{{1}}_{{{indices}}}",
)
def one_hot(
    xp: Namespace, indices: Array, count: int, *, dtype: npt.DTypeLike | None = None
) -> Array:
    """Each index as a row of ``count`` numbers: 1 at its place and 0 elsewhere.

    An index outside of 0 … ``count - 1`` becomes a row of zeros, a negative one too: nothing is
    read back from a device to refuse it.

    Args:
        indices: integers of any shape; the result has one more axis, the last one.
        count: how many places there are.
        dtype: of the result, the default dtype unless one is given.

    >>> tg.one_hot([2, 0], 3)
    Tensor([[0., 0., 1.],
            [1., 0., 0.]], shape=(2, 3), dtype=float32)
    """
    _refuse_all_but_integers(indices)
    length = plain_integer("one_hot", "count", count, least=0)
    wanted = dtype_or_default("one_hot", dtype)
    places = xp.arange(length, dtype=np.int64)
    return xp.astype(xp.astype(indices, np.int64)[..., None] == places, wanted)
