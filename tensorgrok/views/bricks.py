"""Bricks as SVG: paints the parts of lanes, and fits them into a width.

A drawing says its colours as attributes and has no ids, so several can share a page, and one stands
alone as a file, in a notebook that takes styles out, and on paper. Every brick, label and pill says
which value it is (``data-t``), every brick in which line it is computed (``data-s``); bricks have
tooltips and spoken labels, studs their numbers. For the dark scheme see ``palette``.

This module stands on ``geometry``, ``painting`` and ``palette``; read ``page`` next.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from . import palette
from .geometry import fill, place
from .painting import MATHEMATICS, paint
from .parts import Box, Lane
from .stacks import Stack
from .svg import attributes, length

#: Bricks shrink to this unit before a lane is broken.
SMALLEST_UNIT = 11

#: Round the picture, and between rows of a broken lane.
MARGIN, ROW_GAP = 8.0, 26.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing.

    Attributes:
        svg: the ``<svg>`` element, for a page; its colours are those of light paper.
        width, height: in pixels.
        labels: the box of every label, and what it says.
        unit: pixels of one row or column, of the first eight.
    """

    svg: str
    width: float
    height: float
    labels: tuple[Box, ...]
    unit: int

    @property
    def standalone(self) -> str:
        """The drawing as a file of its own: it turns dark where its reader prefers that."""
        head, _, rest = self.svg.partition(">")
        rules = palette.dark_rules()
        style = f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>"
        return f"{head}>{style}{rest}\n"


class _Row(NamedTuple):
    """One row of the picture."""

    lane: Lane
    bounds: Box


def draw(
    stacks: Sequence[Stack],
    label: str,
    *,
    unit: int = 28,
    width: float = 1100,
    height: float | None = None,
) -> Picture:
    """Return the drawing of one lane.

    Args:
        stacks: from left to right.
        label: the spoken label of the drawing, say its equation in Unicode.
        unit: pixels of one row or column, of the first eight; less if it has to be.
        width: in pixels. Bricks shrink until the lane fits; if it does not fit at 11 pixels, it is
            broken like a line of text, and each new row repeats the last strip.
        height: likewise, but nothing is broken for it.

    >>> from tensorgrok.views.bricks import draw
    >>> from tensorgrok.views.stacks import Brick, Stack
    >>> picture = draw([Stack(Brick("t0", "l_{0}", "layer_0", "layer", (1, 3)))], "l₀")
    >>> picture.svg[:4], [box.text for box in picture.labels]
    ('<svg', ['l_{0} 1\N{MULTIPLICATION SIGN}3'])
    """
    return draw_lanes([stacks], label, unit=unit, width=width, height=height)


def draw_lanes(
    lanes: Sequence[Sequence[Stack]],
    label: str,
    *,
    unit: int = 28,
    width: float = 1100,
    height: float | None = None,
) -> Picture:
    """Return the drawing of several lanes below each other, all with one unit; see ``draw``."""
    lanes = [stacks for stacks in lanes if stacks]
    smallest = min(unit, SMALLEST_UNIT)
    inner = width - 2 * MARGIN
    rows = [_row(stacks, smallest) for stacks in lanes]
    if any(_width(row) > inner for row in rows):
        unit = smallest
        rows = [row for stacks in lanes for row in _broken(stacks, unit, inner)]
    else:
        for size in range(unit, smallest, -1):
            larger = [_row(stacks, size) for stacks in lanes]
            if _fits(larger, inner, height):
                unit, rows = size, larger
                break
        else:
            unit = smallest
    return _picture(rows, label, unit)


def _row(stacks: Sequence[Stack], unit: int) -> _Row:
    lane = place(stacks, unit)
    return _Row(lane, lane.bounds)


def _width(row: _Row) -> float:
    return row.bounds.right - row.bounds.left


def _height(rows: Sequence[_Row]) -> float:
    high = sum(row.bounds.bottom - row.bounds.top for row in rows)
    return high + ROW_GAP * (len(rows) - 1) + 2 * MARGIN


def _fits(rows: Sequence[_Row], inner: float, height: float | None) -> bool:
    wide = all(_width(row) <= inner for row in rows)
    return wide and (height is None or _height(rows) <= height)


def _broken(stacks: Sequence[Stack], unit: int, inner: float) -> list[_Row]:
    """The rows of a lane; each has one stack at least beside the one that it repeats."""
    lane, done = fill(stacks, unit, inner)
    lanes = [lane]
    while done < len(stacks):
        again = Stack(stacks[done - 1].result)
        rest = (_apart(stacks[number]) for number in range(done, len(stacks)))
        lane, taken = fill(itertools.chain([again], rest), unit, inner, continued=True)
        lanes.append(lane)
        done += taken - 1
    return [_Row(lane, lane.bounds) for lane in lanes]


def _apart(stack: Stack) -> Stack:
    """A stack in a row without the lane's first strip: a residual comes from the side."""
    return stack if stack.skip is None else replace(stack, skip=None)


def _picture(rows: Sequence[_Row], label: str, unit: int) -> Picture:
    width = max((_width(row) for row in rows), default=0.0) + 2 * MARGIN
    height = _height(rows) if rows else 2 * MARGIN
    painted, labels, top = [], [], MARGIN
    for lane, bounds in rows:
        right, down = MARGIN - bounds.left, top - bounds.top
        moved = f"translate({length(right)} {length(down)})"
        painted.append(f'<g transform="{moved}">{paint(lane)}</g>')
        labels += [box.moved(right, down) for box in lane.labels]
        top += bounds.bottom - bounds.top + ROW_GAP
    wide, high = f"{width:.0f}", f"{height:.0f}"
    root = attributes(
        xmlns="http://www.w3.org/2000/svg",
        class_="tg-bricks",
        width=wide,
        height=high,
        viewBox=f"0 0 {wide} {high}",
        role="group",
        aria_label=label,
        font_family=MATHEMATICS,
    )
    return Picture(f"<svg{root}>{''.join(painted)}</svg>", width, height, tuple(labels), unit)
