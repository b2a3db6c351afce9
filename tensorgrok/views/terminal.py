"""Bricks as text: lanes of boxes for terminals and logs.

Each number is one of five glyphs, from strong minus over about zero to strong plus, so a brick
reads without colour; colour adds a background. The layout is that of the drawing: right operands on
top, results in one row, deltas below their layers; a lane that is too wide goes on in a new row
that repeats its last strip.

This module stands on ``stacks``, ``palette`` and ``captions``.
"""

from __future__ import annotations

import functools
import math
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import palette
from .captions import symbol_text
from .stacks import MINUS, TIMES, Block, Brick, Item, Module, Pill, Sample, Stack

#: Longer axes keep both ends: so many rows and columns are shown.
ROWS, COLUMNS = 6, 8

#: Shares of a brick's largest magnitude: below the first is about zero, above the second strong.
FAINT, STRONG = 0.04, 0.5

#: Longer titles are cut, for a box cannot be broken over two lines.
TITLE = 32


class Look(NamedTuple):
    """The characters of a terminal's drawing.

    Attributes:
        glyphs: strong minus, weak minus, about zero, weak plus, strong plus.
        nan, infinite: what is not a finite number.
        gaps: what stands for left-out rows and columns.
        corners: of a box, the upper two and the lower two.
        bars: horizontal and vertical line of a box.
        arrow: the end of an arrow.
        again: before a strip that is repeated in a new row.
        only_ascii: whether texts have to be spelled in ASCII too.
    """

    glyphs: str
    nan: str
    infinite: str
    gaps: tuple[str, str]
    corners: tuple[str, str]
    bars: tuple[str, str]
    arrow: str
    again: str
    only_ascii: bool

    def spelled(self, text: str) -> str:
        """Return a text as it is, or spelled in ASCII."""
        if not self.only_ascii or text.isascii():
            return text
        apart = unicodedata.normalize("NFKD", text.translate(SPELLED))
        letters = (letter for letter in apart if not unicodedata.combining(letter))
        return "".join(letter if letter.isascii() else "?" for letter in letters)


UNICODE = Look("▼▽·△▲", "?", "∞", ("⋮", "⋯"), ("┌┐", "└┘"), ("─", "│"), "▶", "↳", False)
ASCII = Look("=-.+#", "?", "!", (":", "~"), ("++", "++"), ("-", "|"), ">", "\\", True)

#: What ASCII writes in place of signs that come from texts.
SPELLED = str.maketrans(
    {TIMES: "x", MINUS: "-", "⊙": "*", "÷": "/", "√": "sqrt ", "·": ".", "≥": ">=", "≤": "<="}
)

Cell = tuple[str, int | None]  # what one column shows, and its background in 256 colours
Line = list[Cell]


class Column(NamedTuple):
    """One stack as lines: what stands above the lane, what the lane shows, and how it begins."""

    lead: str
    above: list[Line]
    foot: list[Line]
    box: int  # lines of the result, the first ones of the foot


def terminal(
    stacks: Sequence[Stack], width: int = 80, *, colour: bool = False, only_ascii: bool = False
) -> str:
    """Return a lane of stacks as text.

    Args:
        stacks: the lane, from left to right.
        width: columns of the terminal; a wider lane is broken, but two stacks stay together.
        colour: whether numbers have a background (256 colours); the caller knows the terminal, and
            whether ``NO_COLOR`` is set.
        only_ascii: whether nothing else may be written.

    >>> from tensorgrok.views.stacks import Brick, Sample, Stack
    >>> from tensorgrok.views.terminal import terminal
    >>> numbers = Sample(np.array([[1.0, 0.0, -0.2]]), exact=True, low=-0.2, high=1.0)
    >>> print(terminal([Stack(Brick("t0", "l_{0}", "layer_0", "layer", (1, 3), numbers=numbers))]))
    ┌─ l₀ 1×3 ─┐
    │  ▲ · ▽   │
    └──────────┘
    """  # noqa: RUF002  # that is the sign it prints
    look = ASCII if only_ascii else UNICODE
    columns = [_column(stack, place == 0, look) for place, stack in enumerate(stacks)]
    parts, start = [], 0
    while start < len(columns):
        row = columns[start:]
        if start:
            again = _column(Stack(stacks[start - 1].result), True, look)
            row = [again._replace(lead=f"{look.again} "), *row]
        taken = min(2, len(row))
        while taken < len(row) and _width(row[: taken + 1]) <= width:
            taken += 1
        parts.append(_joined(row[:taken], colour))
        start += taken - 1 if start else taken
    return "\n\n".join(parts)


def cells(text: str, background: int | None = None) -> Line:
    """Return a text as columns: accents join their letter, wide characters take two."""
    line: Line = []
    for character in text:
        if unicodedata.combining(character) and line:
            line[-1] = (line[-1][0] + character, line[-1][1])
            continue
        line.append((character, background))
        if unicodedata.east_asian_width(character) in "WF":
            line.append(("", background))
    return line


def _centred(line: Line, width: int, fill: str = " ") -> Line:
    # As str.center does, so that odd columns fall where they do there.
    spare = max(0, width - len(line))
    left = spare // 2 + (spare & width & 1)
    return cells(fill * left) + line + cells(fill * (spare - left))


def _boxed(rows: list[Line], title: Line, look: Look) -> list[Line]:
    width = max(len(title), *map(len, rows)) + 2
    (upper, lower), (across, down) = look.corners, look.bars
    side = cells(down)
    return [
        cells(upper[0]) + _centred(title, width, across) + cells(upper[1]),
        *(side + _centred(row, width) + side for row in rows),
        cells(lower[0] + across * width + lower[1]),
    ]


def _column(stack: Stack, first: bool, look: Look) -> Column:
    across = look.bars[0]
    lead = "" if first else f"{across * 3}{look.arrow} "
    riders = () if first else stack.riders
    if riders:
        lead = "".join(f"{across}{look.spelled(_capsule(item))}" for item in riders)
        lead += f"{across}{look.arrow} "
    above = []
    for place, item in enumerate(() if riders else stack.items):
        above += _item(item, place == stack.skip, look)
    result = _brick(stack.result, look)
    foot = [*result, *(_brick(stack.delta, look) if stack.delta else [])]
    if stack.bar is not None:
        foot.append(cells(look.spelled(stack.bar_text)))
    return Column(lead, above, foot, len(result))


def _capsule(item: Pill | Module) -> str:
    return f"({item.text})" if isinstance(item, Pill) else f"[{item.lines[0]}]"


def _item(item: Item, skipped: bool, look: Look) -> list[Line]:
    """The lines of one item above the lane, its sign first."""
    if isinstance(item, Pill | Module):
        return [cells(look.spelled(_capsule(item)))]
    if isinstance(item, Block):
        return _brick(item.brick, look)
    symbol = _symbol(item.brick, look)
    if skipped:
        return [cells(f"({look.spelled(item.sign)} {symbol})")]
    sign, _, asked = look.spelled(item.sign).partition(" ")
    # What is asked of the operand stands in the title: there is no room beside the box.
    dot = look.spelled("·")
    title = asked.replace(f"[ {dot}", f"[{symbol}").replace(" ]", "]") if dot in asked else symbol
    return [
        cells(sign if dot in asked or not asked else f"{sign} {asked}"),
        *_brick(item.brick, look, title),
    ]


def _symbol(brick: Brick, look: Look) -> str:
    if brick.symbol is None:
        return look.spelled("·")
    text = symbol_text(brick, look.only_ascii)
    return text if len(text) <= TITLE else text[: TITLE - 1] + ("~" if look.only_ascii else "…")


def _brick(brick: Brick, look: Look, title: str | None = None) -> list[Line]:
    """A box with a brick's numbers, or with the reason why there are none."""
    heading = title or _symbol(brick, look)
    heading = f" {f'{heading} {look.spelled(brick.dimensions)}'.strip()} "
    if brick.numbers is None:
        rows = [cells(look.spelled(brick.why))]
    elif brick.numbers.values.size == 0:
        rows = [cells("empty")]
    else:
        rows = _numbers(brick.numbers, palette.kind_of(brick.role), look)
    return _boxed(rows, cells(heading), look)


def _numbers(taken: Sample, kind: palette.Kind, look: Look) -> list[Line]:
    """Rows of glyphs; long axes keep both ends and leave out the middle."""
    values = taken.values
    largest = _largest(values)
    steps = palette.levels(values, largest)
    rows, columns = _ends(values.shape[0], ROWS), _ends(values.shape[1], COLUMNS)
    lines = []
    for row in rows:
        line: Line = []
        for column in columns:
            if line:
                line.append((" ", None))
            if row is None:
                line.append((look.gaps[0] if column is not None else " ", None))
            elif column is None:
                line.append((look.gaps[1], None))
            else:
                background = _background(kind, int(steps[row, column]))
                line.append((_glyph(values[row, column], largest, look), background))
        lines.append(line)
    return lines


def _largest(values: npt.NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max()) if finite.size else 0.0


def _ends(count: int, limit: int) -> list[int | None]:
    """Places along an axis that are shown; None is where the middle was left out."""
    if count <= limit:
        return list(range(count))
    last = limit // 2
    return [*range(limit - last - 1), None, *range(count - last, count)]


def _glyph(value: float, largest: float, look: Look) -> str:
    if not math.isfinite(value):
        return look.nan if math.isnan(value) else look.infinite
    share = value / (largest or 1.0)
    strength = 0 if abs(share) <= FAINT else 1 if abs(share) <= STRONG else 2
    return look.glyphs[2 + (strength if share > 0 else -strength)]


@functools.cache
def _background(kind: palette.Kind, step: int) -> int:
    """The nearest of the 216 colours that terminals have in common."""
    rgb = palette.to_rgb(palette.ramp(kind)[step + palette.STEPS])
    steps = np.array([0, 95, 135, 175, 215, 255]) / 255
    red, green, blue = (int(np.abs(steps - part).argmin()) for part in rgb)
    return 16 + 36 * red + 6 * green + blue


def _foreground(background: int) -> int:
    """Black on light backgrounds, white on dark ones."""
    red, green, blue = (background - 16) // 36, (background - 16) // 6 % 6, (background - 16) % 6
    return 16 if 3 * red + 6 * green + blue > 24 else 231


def _column_width(column: Column) -> int:
    return max(map(len, column.above + column.foot))


def _width(columns: Sequence[Column]) -> int:
    return sum(len(cells(column.lead)) + _column_width(column) for column in columns)


def _joined(columns: Sequence[Column], colour: bool) -> str:
    """Columns side by side, their results in one row."""
    high = max(len(column.above) for column in columns)
    low = max(len(column.foot) for column in columns)
    rows: list[Line] = [[] for _ in range(high + low)]
    for column in columns:
        width, lead = _column_width(column), cells(column.lead)
        blank: Line = []
        body = [blank] * (high - len(column.above)) + column.above + column.foot
        body += [blank] * (high + low - len(body))
        for place, (row, line) in enumerate(zip(rows, body, strict=True)):
            centred = _centred(line, width)
            if place == high + column.box // 2:
                row[:], centred = _reaching(row, lead, centred)
            else:
                row += cells(" " * len(lead))
            row += centred
    lines = (_painted(row) if colour else "".join(cell for cell, _ in row) for row in rows)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _reaching(row: Line, lead: Line, line: Line) -> tuple[Line, Line]:
    """A row and its arrow, which reaches from box to box over the blanks beside them."""
    if not row:
        return lead, line
    filled = len("".join(cell or "x" for cell, _ in row).rstrip())
    blanks = next(place for place, (cell, _) in enumerate(line) if cell != " ")
    across = lead[:1]
    return row[:filled] + across * (len(row) - filled + blanks) + lead, line[blanks:]


def _painted(row: Line) -> str:
    return "".join(
        cell
        if background is None
        else f"\x1b[38;5;{_foreground(background)};48;5;{background}m{cell}\x1b[0m"
        for cell, background in row
    )
