"""The padding card: a tensor with a margin on each side of its axes.

Axes are padded one after the other. The margin of an axis is made of strips: pieces of the axis
itself, forwards or backwards, or constants. In reverse each strip is added to where it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..backend import Array, Namespace
from ..cards import primitive
from ..errors import ArgumentError, DTypeError
from .arguments import any_number, check_holds, is_integer
from .axes import cut, key_along, with_length
from .notation import latex_call, python_call

PadWidth = int | Sequence[int] | Sequence[Sequence[int]]
MODES = ("constant", "edge", "reflect", "wrap")


class Strip(NamedTuple):
    """``width`` places of an axis in a row, from ``first`` in steps of 1, -1 or 0."""

    first: int
    width: int
    step: int

    def mirrored(self, length: int) -> Strip:
        """The strip on the other side of an axis that is symmetric to this one."""
        last = self.first + self.step * (self.width - 1)
        return Strip(length - 1 - last, self.width, self.step)

    @property
    def places(self) -> slice:
        """What to read of the axis; one place, to be repeated, if the step is 0."""
        if self.step == 0:
            return slice(self.first, self.first + 1)
        stop = self.first + self.step * self.width
        return slice(self.first, None if stop < 0 else stop, self.step)

    def read(self, xp: Namespace, x: Array, axis: int) -> Array:
        """What ``x`` has there."""
        part = x[key_along(axis, self.places)]
        if self.step:
            return part
        return xp.broadcast_to(part, with_length(x.shape, axis, self.width))

    def add(self, xp: Namespace, total: Array, part: Array, axis: int) -> Array:
        """The cotangent of ``x`` with that of what was read."""
        if not self.step:
            part = xp.sum(part, axis=axis, keepdims=True)
        return xp.scatter_add(total, key_along(axis, self.places), part)


def _strips_behind(mode: str, length: int, width: int) -> list[Strip]:
    """What lies behind the end of an axis, in order."""
    if width and not length:
        raise ValueError(f"an axis of length 0 has nothing to fill a margin with in mode {mode!r}")
    strips: list[Strip] = []
    if mode == "edge" or (mode == "reflect" and length == 1):
        return [Strip(length - 1, width, 0)] if width else []
    while width:
        if mode == "wrap":
            strip = Strip(0, min(width, length), 1)
        elif len(strips) % 2 == 0:  # reflected at the end, then at the beginning, and so on
            strip = Strip(length - 2, min(width, length - 1), -1)
        else:
            strip = Strip(1, min(width, length - 1), 1)
        strips.append(strip)
        width -= strip.width
    return strips


def _strips_before(mode: str, length: int, width: int) -> list[Strip]:
    """What lies before the beginning of an axis, in order: the mirror image of what is behind."""
    return [strip.mirrored(length) for strip in reversed(_strips_behind(mode, length, width))]


def _whole(widths: Any) -> bool:
    """Whether there are integers alone in a number, a sequence or a sequence of sequences."""
    return all(map(_whole, widths)) if isinstance(widths, tuple | list) else is_integer(widths)


def _width_pairs(pad_width: Any, ndim: int) -> list[list[int]]:
    """The widths before and after each axis."""
    try:
        widths = np.asarray(pad_width if _whole(pad_width) else None)
    except ValueError:  # nested sequences of different lengths
        widths = np.asarray(None)
    if widths.dtype.kind not in "iu" and widths.size:
        raise DTypeError(
            "pad: pad_width is an integer, a pair (before, after), or a pair for each axis, got "
            f"{pad_width!r}"
        )
    try:
        pairs: list[list[int]] = np.broadcast_to(widths, (ndim, 2)).tolist()
    except ValueError as error:
        raise ArgumentError(
            f"pad: pad_width {pad_width!r} does not fit a tensor of {ndim} axes; give an integer, "
            "a pair (before, after), or a pair for each axis"
        ) from error
    if (widths < 0).any():
        raise ArgumentError(f"pad: pad_width must not be negative, got {pad_width!r}")
    return pairs


@primitive(
    "arrangement",
    python=python_call("pad", "{x}, {pad_width}", mode="constant", constant_value=0),
    latex=latex_call("pad", "{x}, {pad_width}", mode="constant", constant_value=0),
)
def pad(
    xp: Namespace,
    x: Array,
    pad_width: PadWidth,
    mode: str = "constant",
    constant_value: complex = 0.0,
) -> Array:
    """The tensor with a margin around it.

    Args:
        x: the tensor.
        pad_width: how wide the margin is: an integer for all sides, a pair (before, after) for all
            axes, or such a pair for each axis.
        mode: what is in it. ``"constant"``: a number. ``"edge"``: the nearest element.
            ``"reflect"``: the elements mirrored at the outermost, which is not repeated.
            ``"wrap"``: the elements from the opposite side. A margin wider than the axis goes on
            reflecting or wrapping.
        constant_value: the number for mode ``"constant"``; it has no gradient.

    Raises:
        ArgumentError: widths that do not fit, an unknown mode.
        DTypeError: a number that the dtype cannot hold.
        ShapeError: an axis of length 0 with a mode that fills from the axis.

    >>> tg.pad(tg.Tensor([1.0, 2.0, 3.0]), (1, 2))
    Tensor([0., 1., 2., 3., 0., 0.], shape=(6,), dtype=float32)
    >>> tg.pad(tg.Tensor([1.0, 2.0, 3.0]), 2, mode="reflect")
    Tensor([3., 2., 1., 2., 3., 2., 1.], shape=(7,), dtype=float32)
    """
    if mode not in MODES:
        names = ", ".join(map(repr, MODES))
        raise ArgumentError(f"pad: mode must be one of {names}, not {mode!r}")
    value = any_number("pad", constant_value)
    check_holds("pad", x.dtype, value)
    if mode != "constant" and value != 0:
        raise ArgumentError(f"pad: constant_value is for mode 'constant' only, not for {mode!r}")
    for axis, (before, after) in enumerate(_width_pairs(pad_width, x.ndim)):
        if not before and not after:
            continue
        if mode == "constant":
            first, last = (
                xp.full(with_length(x.shape, axis, width), value, dtype=x.dtype)
                for width in (before, after)
            )
            x = xp.concat([first, x, last], axis=axis)
        else:
            length = x.shape[axis]
            behind = [strip.read(xp, x, axis) for strip in _strips_behind(mode, length, after)]
            ahead = [strip.read(xp, x, axis) for strip in _strips_before(mode, length, before)]
            x = xp.concat([*ahead, x, *behind], axis=axis)
    return x


@pad.pullback("x")
def pad_pull_x(xp: Namespace, g: Array, x_like: Any, pad_width: PadWidth, mode: str) -> Array:
    for axis, (before, after) in enumerate(_width_pairs(pad_width, x_like.ndim)):
        length = x_like.shape[axis]
        total = cut(g, axis, before, before + length)
        if mode != "constant":
            margins = (
                (0, _strips_before(mode, length, before)),
                (before + length, _strips_behind(mode, length, after)),
            )
            for start, strips in margins:
                for strip in strips:
                    part = cut(g, axis, start, start + strip.width)
                    total = strip.add(xp, total, part, axis)
                    start += strip.width
        g = total
    return g
