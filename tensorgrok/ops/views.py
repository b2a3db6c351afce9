"""Other shapes and orders of axes: functions that come down to a few cards of ``arrangement``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..cards import operation
from ..context import Mode, current_backend
from ..errors import ArgumentError, BackendMismatch, ShapeError, describe, join_words
from ..tensor import Tensor
from .arguments import Axes, Axis, as_tensor, checked_axes, checked_axis, plain_integer
from .arrangement import broadcast_to, flip, permute_dims, reshape


@operation
def transpose(x: Any) -> Tensor:
    """All axes in reverse order; a matrix is transposed.

    >>> tg.transpose(tg.Tensor([[1.0, 2.0, 3.0]])).shape
    (3, 1)
    """
    tensor = as_tensor("transpose", x)
    return permute_dims(tensor, tuple(reversed(range(tensor.ndim))))


@operation
def matrix_transpose(x: Any) -> Tensor:
    """The last two axes exchanged: every matrix in a stack of matrices is transposed.

    >>> tg.matrix_transpose(tg.zeros((5, 2, 3))).shape
    (5, 3, 2)
    """
    tensor = as_tensor("matrix_transpose", x)
    if tensor.ndim < 2:
        raise ShapeError(
            f"matrix_transpose: {describe(tensor, 'x', x)} has no two axes; a matrix is needed, or "
            "a stack of matrices"
        )
    return swapaxes(tensor, -2, -1)


@operation
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged.

    >>> tg.swapaxes(tg.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    tensor = as_tensor("swapaxes", x)
    one, two = (checked_axis("swapaxes", axis, tensor.ndim) for axis in (axis1, axis2))
    axes = list(range(tensor.ndim))
    axes[one], axes[two] = two, one
    return permute_dims(tensor, tuple(axes))


@operation
def moveaxis(x: Any, source: Axes, destination: Axes) -> Tensor:
    """Some axes moved to other places; the others stay in order.

    Args:
        x: the tensor.
        source: an axis, or a tuple of axes.
        destination: the place of each in the result.

    >>> tg.moveaxis(tg.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    tensor = as_tensor("moveaxis", x)
    sources = checked_axes("moveaxis", source, tensor.ndim)
    places = checked_axes("moveaxis", destination, tensor.ndim)
    if len(sources) != len(places):
        raise ArgumentError(
            f"moveaxis: source {source!r} and destination {destination!r} must name equally many "
            "axes"
        )
    axes = [axis for axis in range(tensor.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        axes.insert(place, axis)
    return permute_dims(tensor, tuple(axes))


@operation
def flatten(x: Any, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """Adjacent axes made one, in row-major order; by default all, so the result is 1-d.

    >>> tg.flatten(tg.zeros((2, 3, 4))).shape
    (24,)
    >>> tg.flatten(tg.zeros((2, 3, 4)), start_axis=1).shape
    (2, 12)
    """
    tensor = as_tensor("flatten", x)
    ndim = max(tensor.ndim, 1)  # a 0-d tensor becomes one of length 1
    start, end = (checked_axis("flatten", axis, ndim) for axis in (start_axis, end_axis))
    if start > end:
        raise ArgumentError(
            f"flatten: start_axis {start_axis} comes after end_axis {end_axis} in "
            f"{describe(tensor, 'x', x)}; give them in order"
        )
    shape = tensor.shape
    return reshape(tensor, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@operation
def expand_dims(x: Any, axis: Axes) -> Tensor:
    """New axes of length 1.

    Args:
        x: the tensor.
        axis: where the new axis is in the result, or a tuple of such places.

    >>> tg.expand_dims(tg.zeros((2, 3)), 1).shape
    (2, 1, 3)
    """
    tensor = as_tensor("expand_dims", x)
    count = len(axis) if isinstance(axis, tuple | list) else 1
    ndim = tensor.ndim + count
    places = checked_axes("expand_dims", axis, ndim)
    lengths = iter(tensor.shape)
    return reshape(tensor, tuple(1 if i in places else next(lengths) for i in range(ndim)))


@operation
def squeeze(x: Any, axis: Axis = None) -> Tensor:
    """The tensor without axes of length 1.

    Args:
        x: the tensor.
        axis: the axis to leave out, or a tuple of axes; None leaves out all of length 1.

    Raises:
        ShapeError: an axis to leave out has another length than 1.

    >>> tg.squeeze(tg.zeros((1, 3, 1)), axis=0).shape
    (3, 1)
    """
    tensor = as_tensor("squeeze", x)
    shape = tensor.shape
    if axis is None:
        return reshape(tensor, tuple(length for length in shape if length != 1))
    places = checked_axes("squeeze", axis, tensor.ndim)
    for place in places:
        if shape[place] != 1:
            raise ShapeError(
                f"squeeze: axis {place} of {describe(tensor, 'x', x)} has length {shape[place]}; "
                "only axes of length 1 can be left out"
            )
    return reshape(tensor, tuple(n for place, n in enumerate(shape) if place not in places))


@operation
def rot90(x: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """The tensor turned by 90 degrees in the plane of two axes, ``k`` times.

    The first turns are from the first of the axes towards the second: with the default axes, rows
    written from the top, counterclockwise.

    >>> tg.rot90(tg.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[2., 4.],
            [1., 3.]], shape=(2, 2), dtype=float32)
    """
    tensor = as_tensor("rot90", x)
    turns = plain_integer("rot90", "k", k) % 4
    plane = checked_axes("rot90", axes, tensor.ndim)
    if len(plane) != 2:
        raise ArgumentError(f"rot90: axes must be two different axes, got {axes!r}")
    if turns % 2 == 0:
        return flip(tensor, plane if turns else ())
    return flip(swapaxes(tensor, *plane), plane[0 if turns == 1 else 1])


def _tensors(name: str, arrays: Sequence[Any]) -> list[Tensor]:
    """Tensors on one backend; what is none yet joins those that are."""
    given = [array for array in arrays if isinstance(array, Tensor)]
    for other in given[1:]:
        if other.backend is not given[0].backend:
            names = (given[0].backend.name, other.backend.name)
            raise BackendMismatch(
                f"{name}: {describe(given[0])} is on backend {names[0]!r} and {describe(other)} on "
                f"{names[1]!r}; make both on the same one, for example with "
                f"Tensor(t.numpy(), backend={names[0]!r})"
            )
    with Mode(backend=given[0].backend if given else current_backend()):
        return [as_tensor(name, array, f"arrays[{i}]") for i, array in enumerate(arrays)]


@operation
def broadcast_arrays(*arrays: Any) -> tuple[Tensor, ...]:
    """Every tensor broadcast to the shape that they have in common; dtypes stay as they are.

    >>> a, b = tg.broadcast_arrays(tg.zeros((2, 1)), tg.zeros(3))
    >>> a.shape, b.shape
    ((2, 3), (2, 3))
    """
    tensors = _tensors("broadcast_arrays", arrays)
    try:
        shape = np.broadcast_shapes(*(tensor.shape for tensor in tensors))
    except ValueError as error:
        named = [describe(t, f"arrays[{i}]", arrays[i]) for i, t in enumerate(tensors)]
        raise ShapeError(
            f"broadcast_arrays: cannot bring {join_words(named)} to one shape. Shapes are aligned "
            "from the last axis, and there lengths must be equal or 1; reshape one of them."
        ) from error
    return tuple(broadcast_to(tensor, shape) for tensor in tensors)


@operation
def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Coordinates of the points of a grid, one tensor for each vector of coordinates.

    Args:
        arrays: vectors, any number of them.
        indexing: ``"xy"``, where the second vector runs along the first axis of the results and the
            first along the second, as in a plot; ``"ij"``, where every vector has the axis of its
            place.

    >>> x, y = tg.meshgrid(tg.Tensor([1.0, 2.0, 3.0]), tg.Tensor([4.0, 5.0]))
    >>> x.shape
    (2, 3)
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"meshgrid: indexing must be 'xy' or 'ij', not {indexing!r}")
    vectors = _tensors("meshgrid", arrays)
    for place, vector in enumerate(vectors):
        if vector.ndim > 1:
            raise ShapeError(
                f"meshgrid: {describe(vector, f'arrays[{place}]', arrays[place])} must be a vector"
            )
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[:2] = [1, 0]
    lengths = [1] * len(vectors)
    for place, vector in zip(places, vectors, strict=True):
        lengths[place] = vector.size
    return tuple(
        broadcast_to(
            reshape(vector, tuple(-1 if i == place else 1 for i in range(len(vectors)))),
            tuple(lengths),
        )
        for place, vector in zip(places, vectors, strict=True)
    )
