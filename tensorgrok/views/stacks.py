"""What stands between algebra and pictures: stacks of bricks, from left to right.

A line of algebra such as ``l₂ = relu(l₀ W₀) W₁`` becomes a list of stacks, a *lane*. Each stack has
the strip that comes out at its foot, and on it what was applied to the stack before: the right
operand of a product as a block, operands of elementwise operations as strips, other operations as
pills. The first stack of a lane has no items: it is what flows in.

Everything here is data and knows neither graphs nor drawing. This module stands on nothing; read
``bricks`` next, which draws stacks as SVG, and ``terminal``, which draws them as text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Between rows and columns, and before a number of copies.
TIMES = "\N{MULTIPLICATION SIGN}"

#: Before negative numbers in text.
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The numbers of a brick, or so many means of blocks of them as a picture can show.

    Attributes:
        values: shape (rows, columns), float64, on the host. NaN and infinities stay what they are.
        exact: whether these are the numbers themselves and not means.
        low, high: the smallest and the largest finite number of the whole array; NaN if there is
            none.
        block: rows and columns of the largest block that a mean was taken of; (1, 1) if exact.
        strange: how many of the array's numbers are NaN or infinite.
        part: what is shown of numbers that are not real: ``"magnitude"``; else empty.
    """

    values: npt.NDArray[np.float64]
    exact: bool
    low: float
    high: float
    block: tuple[int, int] = (1, 1)
    strange: int = 0
    part: str = ""


@dataclass(frozen=True, slots=True)
class Brick:
    """One value as a rectangle of studs.

    Attributes:
        id: of the value; what lights up together in all views shares it.
        symbol: LaTeX such as ``W_{0}``, without the transpose; None leaves the brick unlabelled.
        name: Python name, for people who cannot see the picture.
        role: ``"layer"``, ``"weight"``, ``"bias"``, ``"target"``, ``"loss"``, ``"mask"``,
            ``"delta"``, ``"gradient"`` or None: the colour of its body.
        shape: rows and columns as drawn, so after transposing. A vector is one row, a number
            one row and one column.
        copies: how many matrices the leading axes hold; 1 for a matrix.
        transposed: whether the label says that this is the symbol's transpose.
        numbers: what its studs show, as drawn (after transposing); None if nothing can be shown.
        why: why there are no numbers: ``"not computed yet"``, ``"released"`` ...
        step: when it is computed, counted in lines; 0 for what is there from the start.
        label_id: the value that the label names, where that is not the brick's own: the ``l_{1}``
            beside a mask ``[l₁ > 0]``.
        lettered: whether it is one cell that stands for a value of any size.
    """

    id: str
    symbol: str | None
    name: str | None
    role: str | None
    shape: tuple[int, int]
    copies: int = 1
    transposed: bool = False
    numbers: Sample | None = None
    why: str = ""
    step: int = 0
    label_id: str | None = None
    lettered: bool = False

    @property
    def dimensions(self) -> str:
        """Rows and columns as people write them, 3 by 4, and then how many copies there are."""
        if self.lettered:
            return ""
        text = f"{self.shape[0]}{TIMES}{self.shape[1]}"
        return text if self.copies == 1 else f"{text} {TIMES}{self.copies}"


@dataclass(frozen=True, slots=True)
class Block:
    """The right operand of a product: it stands on the result, and its columns drop into it."""

    brick: Brick


@dataclass(frozen=True, slots=True)
class Strip:
    """The other operand of an elementwise operation, or a further argument of a call.

    Attributes:
        brick: the operand.
        sign: what joins it: ``+``, ``⊙``, ``vs`` ... What is asked of the operand first follows
            in brackets, with a dot in its place: ``⊙ [ · > 0]``.
    """

    brick: Brick
    sign: str


@dataclass(frozen=True, slots=True)
class Pill:
    """An operation with no operand of its own: ``relu``, ``÷ √dₖ``.

    Attributes:
        text: what it says.
        id: of the value that it computes.
    """

    text: str
    id: str


@dataclass(frozen=True, slots=True)
class Module:
    """A folded module call as one brick.

    Attributes:
        lines: its name first, then what is inside, such as ``"10,368 parameters"``.
        id: of the value that it computes.
    """

    lines: tuple[str, ...]
    id: str


Item = Block | Strip | Pill | Module


@dataclass(frozen=True, slots=True)
class Stack:
    """One column of a lane: a result, and what was applied to get it.

    Attributes:
        result: the strip at the foot.
        items: what stands on it, in order of application: the last one sits nearest the result.
        delta: the cotangent of the result (before its activation), drawn below it.
        skip: the place in ``items`` of a strip that adds what the lane starts with, a residual: it
            is drawn as a ``+`` pill with a dashed path from the first strip.
        bar: squared correlations with the target, (held out, train): drawn below. Without held-out
            data the first one is None.
    """

    result: Brick
    items: tuple[Item, ...] = ()
    delta: Brick | None = None
    skip: int | None = None
    bar: tuple[float | None, float] | None = None

    @property
    def riders(self) -> tuple[Pill | Module, ...]:
        """What rides on the arrow to the result: all items, if none of them has an operand."""
        alone = tuple(item for item in self.items if isinstance(item, Pill | Module))
        return alone if len(alone) == len(self.items) else ()

    @property
    def bar_text(self) -> str:
        """What the bar says, or nothing."""
        return "" if self.bar is None else bar_text(self.bar)


def bar_text(bar: tuple[float | None, float]) -> str:
    """Return what a bar says: ``0.54 of 0.86``, or ``train 0.86`` without held-out data."""
    held_out, train = bar
    if held_out is None:
        return f"train {_two_digits(train)}"
    return f"{_two_digits(held_out)} of {_two_digits(train)}"


def _two_digits(number: float) -> str:
    text = f"{number:.2f}".replace("-", MINUS)
    return "0.00" if text == f"{MINUS}0.00" else text
