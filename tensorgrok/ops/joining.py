"""Joining cards: several tensors made one, one made several, and one repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array, Namespace
from ..cards import operation, primitive
from ..errors import ArgumentError, DTypeError, ShapeError, describe
from ..tensor import Tensor
from .arguments import Shape, as_tensor, checked_axis, is_integer, place_of, plain_shape
from .axes import aligned, cut, interleaved, key_along, with_length
from .gathering import take
from .notation import Notation, latex_call, python_call
from .views import flatten

# Several made one ------------------------------------------------------------------------------


def items_python(name: str) -> Notation:
    """``name([a, b], axis=1)``."""

    def python(arrays: Sequence[Any], axis: int) -> str:
        return python_call(name, f"[{_items(arrays, ', ')}]", axis=0)(axis=axis)

    return python


def items_latex(between: str) -> Notation:
    """The tensors in square brackets."""

    def latex(arrays: Sequence[Any], axis: int) -> str:
        return rf"\left[ {_items(arrays, between)} \right]"

    return latex


def _items(arrays: Sequence[Any], between: str) -> str:
    return between.join(f"{{arrays[{place}]}}" for place in range(len(arrays)))


@primitive("arrangement", python=items_python("concat"), latex=items_latex(r" \; "))
def concat(xp: Namespace, arrays: Sequence[Array], axis: int = 0) -> Array:
    """Tensors joined along an axis; all other axes must agree.

    >>> tg.concat([tg.Tensor([1.0]), tg.Tensor([2.0, 3.0])])
    Tensor([1., 2., 3.], shape=(3,), dtype=float32)
    """
    if not arrays:
        raise ShapeError("concat: there is nothing to join; give at least one tensor")
    if axis is None:
        raise TypeError("axis is an integer; flatten the tensors with reshape(-1) to join them all")
    ndim = max((getattr(array, "ndim", 0) for array in arrays), default=0)
    return xp.concat(arrays, axis=place_of(axis, ndim) if ndim else 0)


@concat.pullback("arrays")
def concat_pull(
    xp: Namespace, g: Array, arrays_like: Sequence[Any], position: int, axis: int
) -> Array:
    along = axis % g.ndim
    start = sum(like.shape[along] for like in arrays_like[:position])
    return cut(g, along, start, start + arrays_like[position].shape[along])


def _stacked(xp: Namespace, arrays: Sequence[Array], along: int) -> Array:
    """Arrays of one shape joined along a new axis."""
    return xp.concat([array[key_along(along, None)] for array in arrays], axis=along)


@primitive(
    "arrangement",
    python=items_python("stack"),
    latex=items_latex(r" \;\middle|\; "),
    lifted=("arrays",),
)
def stack(xp: Namespace, arrays: Sequence[Array], axis: int = 0) -> Array:
    """Tensors of one shape joined along a new axis, which is axis ``axis`` of the result.

    >>> tg.stack([tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0])], axis=1)
    Tensor([[1., 3.],
            [2., 4.]], shape=(2, 2), dtype=float32)
    """
    if not arrays:
        raise ShapeError("stack: there is nothing to join; give at least one tensor")
    if any(array.shape != arrays[0].shape for array in arrays):
        raise ValueError("all of them must have the same shape")
    return _stacked(xp, arrays, place_of(axis, arrays[0].ndim + 1))


@stack.pullback("arrays")
def stack_pull(xp: Namespace, g: Array, position: int, axis: int) -> Array:
    return g[key_along(axis % g.ndim, position)]


# One made several ------------------------------------------------------------------------------


def _part_lengths(sections: Shape, length: int) -> list[int]:
    """Lengths of the parts into which ``split`` cuts an axis."""
    lengths = list(plain_shape("split", sections, "sections"))
    if not lengths:
        raise ArgumentError("split: sections must name at least one part, got ()")
    if is_integer(sections):
        count = lengths[0]
        if count < 1 or length % count:
            raise ArgumentError(
                f"split: cannot cut an axis of length {length} into {sections} equal parts; give "
                "their lengths as a tuple"
            )
        return [length // count] * count
    if sum(lengths) != length or any(part < 0 for part in lengths):
        raise ArgumentError(
            f"split: parts of lengths {tuple(lengths)} do not make up an axis of length {length}"
        )
    return lengths


@primitive(
    "arrangement",
    public=False,
    title="split",
    python="split({x}, {sections}, {axis})",
    latex=r"\operatorname{{split}}_{{{axis}}}\left({x}, {sections}\right)",
)
def split_parts(xp: Namespace, x: Array, sections: Shape, axis: int = 0) -> tuple[Array, ...]:
    """The card behind ``split``: one node with a result per part."""
    along = place_of(axis, x.ndim)
    stops = np.cumsum(_part_lengths(sections, x.shape[along])).tolist()
    starts = [0, *stops[:-1]]
    return tuple(cut(x, along, *ends) for ends in zip(starts, stops, strict=True))


@split_parts.pullback("x")
def split_pull_x(
    xp: Namespace, g: Sequence[Array | None], x_like: Any, sections: Shape, axis: int
) -> Array:
    along = axis % x_like.ndim
    parts = []
    for part, length in zip(g, _part_lengths(sections, x_like.shape[along]), strict=True):
        shape = with_length(x_like.shape, along, length)
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


@primitive(
    "arrangement",
    public=False,
    title="unstack",
    python=python_call("unstack", axis=0),
    latex=latex_call("unstack", axis=0),
)
def unstack_parts(xp: Namespace, x: Array, axis: int = 0) -> tuple[Array, ...]:
    """The card behind ``unstack``: one node with a result per place on the axis."""
    along = place_of(axis, x.ndim)
    return tuple(x[key_along(along, place)] for place in range(x.shape[along]))


@unstack_parts.pullback("x")
def unstack_pull_x(xp: Namespace, g: Sequence[Array | None], x_like: Any, axis: int) -> Array:
    along = axis % x_like.ndim
    shape = (*x_like.shape[:along], *x_like.shape[along + 1 :])
    parts = [xp.zeros(shape, dtype=x_like.dtype) if part is None else part for part in g]
    return _stacked(xp, parts, along)


@operation
def unstack(x: Any, axis: int = 0) -> tuple[Tensor, ...]:
    """The tensors that lie side by side along an axis, without that axis: undoes ``stack``.

    >>> a, b = tg.unstack(tg.Tensor([[1.0, 3.0], [2.0, 4.0]]), axis=1)
    >>> b
    Tensor([3., 4.], shape=(2,), dtype=float32)
    """
    parts: Any = unstack_parts(x, axis)
    return tuple(parts)


# One repeated ----------------------------------------------------------------------------------


def _tiling(shape: Sequence[int], repetitions: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Repetitions and lengths of all axes of the result; missing ones are 1."""
    counts = plain_shape("tile", repetitions, "repetitions")
    if any(count < 0 for count in counts):
        raise ArgumentError(f"tile: repetitions must not be negative, got {repetitions!r}")
    ndim = max(len(shape), len(counts))
    return aligned(counts, ndim), aligned(shape, ndim)


@primitive("arrangement", python="tile({x}, {repetitions})")
def tile(xp: Namespace, x: Array, repetitions: Shape) -> Array:
    """Copies of the whole tensor side by side.

    Args:
        x: the tensor.
        repetitions: how often along each axis, the last number for the last axis; an integer is for
            the last axis alone. With more numbers than axes the result has new leading axes.

    >>> tg.tile(tg.Tensor([1.0, 2.0]), (2, 2))
    Tensor([[1., 2., 1., 2.],
            [1., 2., 1., 2.]], shape=(2, 4), dtype=float32)
    """
    counts, lengths = _tiling(x.shape, repetitions)
    blocks = xp.reshape(x, interleaved([1] * len(counts), lengths))
    spread = xp.broadcast_to(blocks, interleaved(counts, lengths))
    return xp.reshape(spread, tuple(c * n for c, n in zip(counts, lengths, strict=True)))


@tile.pullback("x")
def tile_pull_x(xp: Namespace, g: Array, x_like: Any, repetitions: Shape) -> Array:
    counts, lengths = _tiling(x_like.shape, repetitions)
    blocks = xp.reshape(g, interleaved(counts, lengths))
    return xp.reshape(xp.sum(blocks, axis=tuple(range(0, blocks.ndim, 2))), x_like.shape)


@primitive(
    "arrangement",
    public=False,
    title="repeat",
    python="repeat({x}, {repeats}, axis={axis})",
    latex=r"\operatorname{{repeat}}_{{{axis}}}\left({x}, {repeats}\right)",
)
def repeat_each(xp: Namespace, x: Array, repeats: int, axis: int) -> Array:
    """The card behind ``repeat`` where every element is repeated equally often."""
    before, length, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    column = xp.reshape(x, (*before, length, 1, *after))
    spread = xp.broadcast_to(column, (*before, length, repeats, *after))
    return xp.reshape(spread, (*before, length * repeats, *after))


@repeat_each.pullback("x")
def repeat_pull_x(xp: Namespace, g: Array, x_like: Any, repeats: int, axis: int) -> Array:
    blocks = (*x_like.shape[: axis + 1], repeats, *x_like.shape[axis + 1 :])
    return xp.sum(xp.reshape(g, blocks), axis=axis + 1)


@operation
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Every element several times, the copies next to each other.

    Args:
        x: the tensor.
        repeats: how often; or a tuple or NumPy array with a number for every place on the axis.
        axis: the axis to repeat along; None takes the elements in row-major order.

    Raises:
        ArgumentError: a negative number, or not as many of them as the axis has places.

    >>> tg.repeat(tg.Tensor([1.0, 2.0]), 2)
    Tensor([1., 1., 2., 2.], shape=(4,), dtype=float32)
    >>> tg.repeat(tg.Tensor([1.0, 2.0]), (1, 3))
    Tensor([1., 2., 2., 2.], shape=(4,), dtype=float32)
    """
    tensor = flatten(x) if axis is None else as_tensor("repeat", x)
    along = 0 if axis is None else checked_axis("repeat", axis, tensor.ndim)
    if isinstance(repeats, Tensor):
        raise DTypeError(
            "repeat: repeats decides on the shape of the result, so it must be known beforehand; "
            f"{describe(repeats, 'repeats')} is a tensor: use repeats.tolist()"
        )
    given = repeats.tolist() if isinstance(repeats, np.ndarray) else repeats
    counts = plain_shape("repeat", given, "repeats")
    if any(count < 0 for count in counts):
        raise ArgumentError(f"repeat: repeats must not be negative, got {given!r}")
    if is_integer(given):
        return repeat_each(tensor, counts[0], along)
    length = tensor.shape[along]
    if len(counts) != length:
        raise ArgumentError(
            f"repeat: {len(counts)} numbers for an axis of length {length}; give one for every "
            "place, or a single integer"
        )
    return take(tensor, np.repeat(np.arange(length), counts), along)
