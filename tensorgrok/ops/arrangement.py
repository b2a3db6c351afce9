"""Arrangement cards: the same elements in another shape, order or company."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autodiff import sum_to
from ..backend import Array, Namespace
from ..cards import operation, primitive
from ..context import DType, as_dtype
from ..errors import ArgumentError, DTypeError
from ..tensor import Tensor

Shape = int | Sequence[int]


def plain_shape(name: str, shape: Shape) -> tuple[int, ...]:
    """Check a shape argument and make it a tuple of Python integers."""
    lengths = shape if isinstance(shape, tuple | list) else (shape,)
    if not all(isinstance(length, int | np.integer) for length in lengths):
        raise DTypeError(f"{name}: a shape is an integer or a tuple of integers, got {shape!r}")
    return tuple(int(length) for length in lengths)


def plain_dtype(name: str, dtype: Any) -> DType:
    """Check a dtype argument and make it a NumPy dtype in native byte order."""
    try:
        return as_dtype(dtype)
    except DTypeError as error:
        raise DTypeError(f"{name}: {error}") from error


@primitive("arrangement", python="{x:call}.reshape({shape})", latex="{x}")
def reshape(xp: Namespace, x: Array, shape: Shape) -> Array:
    """The same elements, in row-major order, in another shape; one length may be -1.

    >>> tg.reshape(tg.Tensor([1.0, 2.0, 3.0, 4.0]), (2, -1))
    Tensor([[1., 2.],
            [3., 4.]], shape=(2, 2), dtype=float32)
    """
    return xp.reshape(x, plain_shape("reshape", shape))


@reshape.pullback("x")
def reshape_pull_x(xp: Namespace, g: Array, x_like: Any) -> Array:
    return xp.reshape(g, x_like.shape)


@primitive("arrangement", python="{x:call}.permute_dims({axes})", latex=r"{x:power}^{{\top}}")
def permute_dims(xp: Namespace, x: Array, axes: Sequence[int]) -> Array:
    """The axes in another order: axis ``i`` of the result is axis ``axes[i]`` of ``x``.

    >>> tg.permute_dims(tg.Tensor([[1.0, 2.0, 3.0]]), (1, 0)).shape
    (3, 1)
    """
    return xp.permute_dims(x, plain_shape("permute_dims", axes))


@permute_dims.pullback("x")
def permute_dims_pull_x(xp: Namespace, g: Array, x_like: Any, axes: Sequence[int]) -> Array:
    places = [axis % x_like.ndim for axis in axes]
    return xp.permute_dims(g, tuple(places.index(axis) for axis in range(x_like.ndim)))


@operation
def transpose(x: Any) -> Tensor:
    """All axes in reverse order; a matrix is transposed.

    >>> tg.transpose(tg.Tensor([[1.0, 2.0, 3.0]])).shape
    (3, 1)
    """
    tensor = x if isinstance(x, Tensor) else Tensor(x)
    return permute_dims(tensor, tuple(reversed(range(tensor.ndim))))


@primitive("arrangement", python="broadcast_to({x}, {shape})", latex="{x}")
def broadcast_to(xp: Namespace, x: Array, shape: Shape) -> Array:
    """The tensor repeated along axes of length 1 and along new leading axes.

    >>> tg.broadcast_to(tg.Tensor([1.0, 2.0]), (2, 2))
    Tensor([[1., 2.],
            [1., 2.]], shape=(2, 2), dtype=float32)
    """
    return xp.broadcast_to(x, plain_shape("broadcast_to", shape))


@broadcast_to.pullback("x")
def broadcast_to_pull_x(xp: Namespace, g: Array, x_like: Any) -> Array:
    return sum_to(xp, g, x_like.shape)


def concat_python(arrays: Sequence[Any], axis: int) -> str:
    items = ", ".join(f"{{arrays[{place}]}}" for place in range(len(arrays)))
    return f"concat([{items}]{', axis={axis}' if axis else ''})"


def concat_latex(arrays: Sequence[Any], axis: int) -> str:
    items = r" \; ".join(f"{{arrays[{place}]}}" for place in range(len(arrays)))
    return rf"\left[ {items} \right]"


@primitive("arrangement", python=concat_python, latex=concat_latex)
def concat(xp: Namespace, arrays: Sequence[Array], axis: int = 0) -> Array:
    """Tensors joined along an axis; all other axes must agree.

    >>> tg.concat([tg.Tensor([1.0]), tg.Tensor([2.0, 3.0])])
    Tensor([1., 2., 3.], shape=(3,), dtype=float32)
    """
    if axis is None:
        raise TypeError("axis is an integer; flatten the tensors with reshape(-1) to join them all")
    return xp.concat(arrays, axis=axis)


@concat.pullback("arrays")
def concat_pull(
    xp: Namespace, g: Array, arrays_like: Sequence[Any], position: int, axis: int
) -> Array:
    along = axis % g.ndim
    start = sum_of(like.shape[along] for like in arrays_like[:position])
    stop = start + arrays_like[position].shape[along]
    return g[(*[slice(None)] * along, slice(start, stop))]


sum_of = sum


def part_lengths(sections: Shape, length: int) -> list[int]:
    """Lengths of the parts into which ``split`` cuts an axis."""
    if isinstance(sections, int | np.integer):
        if sections < 1 or length % sections:
            raise ArgumentError(
                f"split: cannot cut an axis of length {length} into {sections} equal parts; give "
                "their lengths as a tuple"
            )
        return [length // int(sections)] * int(sections)
    lengths = list(plain_shape("split", sections))
    if sum_of(lengths) != length or any(part < 0 for part in lengths):
        raise ArgumentError(
            f"split: parts of lengths {tuple(lengths)} do not make up an axis of length {length}"
        )
    return lengths


@primitive("arrangement", public=False, title="split", python="split({x}, {sections}, {axis})")
def split_parts(xp: Namespace, x: Array, sections: Shape, axis: int = 0) -> tuple[Array, ...]:
    """The card behind ``split``: one node with a result per part."""
    if not -x.ndim <= axis < x.ndim:
        raise IndexError(f"there is no axis {axis} in a tensor of {x.ndim} axes")
    along = axis % x.ndim
    stops = np.cumsum(part_lengths(sections, x.shape[along])).tolist()
    starts = [0, *stops[:-1]]
    before = [slice(None)] * along
    return tuple(x[(*before, slice(a, b))] for a, b in zip(starts, stops, strict=True))


@split_parts.pullback("x")
def split_pull_x(
    xp: Namespace, g: Sequence[Array | None], x_like: Any, sections: Shape, axis: int
) -> Array:
    along = axis % x_like.ndim
    parts = []
    for part, length in zip(g, part_lengths(sections, x_like.shape[along]), strict=True):
        shape = (*x_like.shape[:along], length, *x_like.shape[along + 1 :])
        parts.append(xp.zeros(shape, dtype=x_like.dtype) if part is None else part)
    return xp.concat(parts, axis=along)


@operation
def split(x: Any, sections: Shape, axis: int = 0) -> tuple[Tensor, ...]:
    """Cut a tensor along an axis.

    Args:
        x: the tensor.
        sections: an integer, the number of equal parts; or a tuple with the length of each part.
        axis: the axis to cut.

    Raises:
        ArgumentError: the parts do not make up the axis.

    >>> a, b = tg.split(tg.Tensor([1.0, 2.0, 3.0]), (1, 2))
    >>> b
    Tensor([2., 3.], shape=(2,), dtype=float32)
    """
    parts: Any = split_parts(x, sections, axis)
    return tuple(parts)


def element_count(shape: Sequence[int]) -> int:
    """Number of elements of a shape."""
    return math.prod(shape)
