"""Where the parts of a picture stand: lanes of stacks, in pixels.

For a product A B = C, A stands at the left, B on top and C where they cross (Falk's scheme). The
columns of B drop straight into those of C, and the right edge of A fans through a pale channel into
the rows of B. One length belongs to a dimension, used for widths and heights alike, so equal
dimensions look equal. The results of all stacks form the lane: their tops are at y = 0, so the rows
of a batch line up across the network; what was applied stands above them, deltas below.

Within a stack everything has its own height, and a stack stands so far to the right that none of
its parts meets one before it. So labels cannot meet, whatever they say.

This module stands on ``parts`` and ``stacks``; read ``bricks`` next,
which paints what is placed here.

Source: Falk, "Ein übersichtliches Schema für die Matrizenmultiplikation", ZAMM 31, 1951.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .labels import text_width
from .parts import (
    BAR_WIDTH,
    DIMENSIONS,
    LABEL_HEIGHT,
    PILL_HEIGHT,
    SIDE_SYMBOL,
    SIGN,
    SYMBOL,
    THICKNESS,
    Anchor,
    Arrow,
    Box,
    Capsule,
    Channel,
    Face,
    Gauge,
    Lane,
    Words,
    capsule_size,
    depth,
    label_size,
    size_of,
)
from .stacks import Block, Brick, Module, Pill, Stack, Strip

#: Between stacks: at least so much, from strip to strip and from part to part.
GAP, CLEARANCE = 48.0, 12.0

#: Below everything.
FAR = 1e6


@dataclass(slots=True)
class _Column:
    """A stack in its place: what later ones are drawn from."""

    stack: Stack
    x: float
    width: float
    height: float
    boxes: list[Box]  # all that may not meet other columns

    @property
    def right(self) -> float:
        """The right edge of the result."""
        return self.x + self.width


class _Builder:
    """Places one lane, stack by stack."""

    def __init__(self, unit: float) -> None:
        self.unit, self.lane = unit, Lane()
        self.columns: list[_Column] = []
        self.open: list[Box] = []  # what a further stack may meet
        self.plus: Box | None = None  # the residual's pill of the stack placed last

    def add(self, stack: Stack, ghost: bool = False) -> None:
        """Place one more stack at the right."""
        before = self.columns[-1] if self.columns else None
        riders = stack.riders if before is not None else ()
        level = self._level(before, stack)
        # Placed alone first: where its parts are, all beside its own left edge.
        trial = _Builder(self.unit)
        alone = trial._column(stack, 0.0, None, riders, level, ghost)
        alone.boxes += trial._way_up(alone)
        x = self._clear(before, alone, riders) if before is not None else 0.0
        column = self._column(stack, x, before, riders, level, ghost)
        column.boxes = [box.moved(x, 0.0) for box in alone.boxes]
        self.columns.append(column)
        self.open = [box for box in self.open if box.right > x] + column.boxes
        if self.plus is not None:
            self._residual(self.plus, column.boxes[-1])

    def _clear(self, before: _Column, alone: _Column, riders: Sequence[Pill | Module]) -> float:
        """The smallest place at which a column meets none of the parts before it."""
        x = before.right + (0.0 if riders else GAP)
        # Nothing reaches back beyond the strip before, so what ends there need not be looked at.
        x = max(x, before.x - min(box.left for box in alone.boxes))
        for box in alone.boxes:
            for other in self.open:
                if box.top < other.bottom + 2 and other.top < box.bottom + 2:
                    x = max(x, other.right + CLEARANCE - box.left)
        return x

    def _column(
        self,
        stack: Stack,
        x: float,
        before: _Column | None,
        riders: Sequence[Pill | Module],
        level: float,
        ghost: bool,
    ) -> _Column:
        width, height = size_of(stack.result, self.unit)
        column = _Column(stack, x, width, height, [])
        self.plus = None
        if riders:
            self._ride(before, column, riders, level)
        elif stack.items:
            self._pile(before, column)
        elif before is not None:
            self._arrow(before, column)
        self._result(column, ghost)
        column.boxes = self.lane.solid if before is None else []
        return column

    def _level(self, before: _Column | None, stack: Stack) -> float:
        """The height of the arrow to a stack."""
        height = size_of(stack.result, self.unit)[1]
        return height / 2 if before is None else min(before.height, height) / 2

    def _arrow(self, before: _Column, column: _Column) -> None:
        y = self._level(before, column.stack)
        start = before.right + depth(before.stack.result) + 4
        self.lane.arrows.append(Arrow(((start, y), (column.x - 4, y))))

    def _ride(
        self, before: _Column | None, column: _Column, riders: Sequence[Pill | Module], y: float
    ) -> None:
        """Place what rides on the arrow, up to its head."""
        if before is not None:
            self._arrow(before, column)
        alone = _Builder(self.unit)
        alone._result(column, ghost=False)
        tallest = max(capsule_size(item)[1] for item in riders) / 2 + 2
        beside = [box for box in alone.lane.solid if box.top < y + tallest]
        end = min(column.x - 8, *(box.left for box in beside)) - 8
        x = end - sum(capsule_size(item)[0] + 8 for item in riders)
        for item in riders:
            width, height = capsule_size(item)
            self._capsule(item, x + width / 2, y - height / 2)
            x += width + 8

    def _pile(self, before: _Column | None, column: _Column) -> None:
        """Place what was applied from the lane upwards, the last item first."""
        y, middle = 0.0, column.x + column.width / 2
        top = y
        for number, item in reversed(list(enumerate(column.stack.items))):
            if number == column.stack.skip:
                top = y = y - PILL_HEIGHT - 8
                self.plus = self._capsule(Pill("+", column.stack.result.id), middle, y)
            elif isinstance(item, Pill | Module):
                top = y = y - capsule_size(item)[1] - 8
                self._capsule(item, middle, y)
            else:
                width, height = size_of(item.brick, self.unit)
                # A label may be higher than the strip that it stands beside.
                spare = max(0.0, (LABEL_HEIGHT - height) / 2) if isinstance(item, Strip) else 0.0
                top = y = y - height - THICKNESS - depth(item.brick) - 7 - spare
                box = Box(middle - width / 2, y, middle + width / 2, y + height)
                if isinstance(item, Block):
                    self._block(before, item.brick, box, column)
                    y -= LABEL_HEIGHT + 4
                else:
                    self._strip(item, box)
                    y -= spare
        left, right = column.x, column.right
        self.lane.channels.insert(0, Channel(((left, top), (right, top), (right, 0), (left, 0))))
        if before is not None and not any(isinstance(item, Block) for item in column.stack.items):
            self._arrow(before, column)

    def _block(self, before: _Column | None, brick: Brick, box: Box, column: _Column) -> None:
        if before is not None:
            edge = before.right
            rows = ((box.left, box.top), (box.left, box.bottom))
            self.lane.channels.append(Channel(((edge, 0.0), *rows, (edge, before.height))))
            self._way_back(before, column, rows)
        self._face(brick, box, "above")
        if brick.shape[0] > 1:
            middle = (box.top + box.bottom) / 2 + 4
            self._words(str(brick.shape[0]), box.left - 6, middle, DIMENSIONS, "end", "dim")

    def _way_back(
        self, before: _Column, column: _Column, rows: tuple[tuple[float, float], ...]
    ) -> None:
        """The block entered by its columns: what comes out at its left is the earlier delta."""
        delta = before.stack.delta
        if delta is None or column.stack.delta is None or before.stack.result.transposed:
            return
        top = self._below(before)
        height = size_of(delta, self.unit)[1]
        edge = before.right + depth(delta)
        self.lane.channels.append(
            Channel(((edge, top), *rows, (edge, top + height)), step=delta.step)
        )

    def _strip(self, item: Strip, box: Box) -> None:
        middle = (box.top + box.bottom) / 2
        self._words(item.sign, box.left - 7, middle + 4.5, SIGN, "end", "sign")
        self._face(item.brick, box, "right")

    def _way_up(self, column: _Column) -> list[Box]:
        """Room at the left of a stack for the path to its plus, if it has one."""
        if self.plus is None:
            return []
        top = self.plus.top
        x = min(box.left for box in column.boxes if box.bottom > top) - 10
        return [Box(x - 6, top, x + 6, FAR)]

    def _residual(self, plus: Box, way_up: Box) -> None:
        """A dashed path from the first strip, round everything between, to the plus."""
        first, bounds = self.columns[0], self.lane.bounds
        out, low = bounds.left - 8, bounds.bottom + 8
        up, y = (way_up.left + way_up.right) / 2, (plus.top + plus.bottom) / 2
        start = first.height / 2
        points = ((first.x - 1, start), (out, start), (out, low), (up, low), (up, y))
        self.lane.arrows.append(Arrow((*points, (plus.left - 2, y)), skip=True))

    def _below(self, column: _Column) -> float:
        """Where a delta starts, below the result and its label."""
        behind = depth(column.stack.result)
        return column.height + THICKNESS + behind + LABEL_HEIGHT + 6

    def _result(self, column: _Column, ghost: bool) -> None:
        stack, x = column.stack, column.x
        box = Box(x, 0.0, x + column.width, column.height)
        self._face(stack.result, box, "below", ghost)
        if ghost:
            middle = min(column.height / 2, 60.0) + 5
            left = min(x, self.lane.labels[-1].left)  # a label may reach over a thin strip
            self._words("↳", left - 6, middle, SYMBOL, "end", "sign")
        y = self._below(column)
        if stack.delta is not None:
            width, height = size_of(stack.delta, self.unit)
            left = x + (column.width - width) / 2
            self._face(stack.delta, Box(left, y, left + width, y + height), "below")
            y += height + THICKNESS + depth(stack.delta) + LABEL_HEIGHT + 6
        if stack.bar is not None:
            left = x + (column.width - BAR_WIDTH) / 2
            self.lane.gauges.append(Gauge(stack, Box(left, y, left + BAR_WIDTH, y + 9)))
            middle = x + column.width / 2
            self._words(stack.bar_text, middle, y + 22, DIMENSIONS, "middle", "dim")

    # Parts -------------------------------------------------------------------------------------

    def _face(
        self, brick: Brick, box: Box, side: Literal["above", "below", "right"], ghost: bool = False
    ) -> None:
        behind = depth(brick)
        middle = (box.left + box.right) / 2
        symbol = dimensions = None
        if side == "right":
            if brick.symbol:
                y = (box.top + box.bottom) / 2 + 5
                x = box.right + behind + 6
                symbol = Words(brick.symbol, x, y, SIDE_SYMBOL, "start", "sym")
                wide = label_size(brick, SIDE_SYMBOL, False)
                self._label(x, y - 13, wide, LABEL_HEIGHT - 1, brick.symbol)
        else:
            y = box.top - 7 if side == "above" else box.bottom + THICKNESS + behind + 15
            wide = label_size(brick, SYMBOL, True)
            text = f"{brick.symbol or ''} {brick.dimensions}"
            self._label(middle - wide / 2, y - 13, wide, LABEL_HEIGHT, text)
            if brick.symbol:
                symbol = Words(brick.symbol, middle, y, SYMBOL, "middle", "sym")
            else:
                dimensions = Words(brick.dimensions, middle, y - 2, DIMENSIONS, "middle", "dim")
        self.lane.faces.append(Face(brick, box, symbol, dimensions, ghost))

    def _capsule(self, item: Pill | Module, middle: float, top: float) -> Box:
        width, height = capsule_size(item)
        box = Box(middle - width / 2, top, middle + width / 2, top + height)
        self.lane.capsules.append(Capsule(item, box))
        text = item.text if isinstance(item, Pill) else item.lines[0]
        self.lane.labels.append(box._replace(text=text))
        return box

    def _words(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        anchor: Anchor,
        style: str,
    ) -> None:
        self.lane.words.append(Words(text, x, y, size, anchor, style))
        width = text_width(text, size)
        start = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width
        self._label(start, y - 0.85 * size, width, 1.1 * size, text)

    def _label(self, x: float, y: float, width: float, height: float, text: str) -> None:
        self.lane.labels.append(Box(x, y, x + width, y + height, text))


def place(stacks: Sequence[Stack], unit: float, continued: bool = False) -> Lane:
    """Return the parts of a lane in their places.

    Args:
        stacks: from left to right.
        unit: pixels of one row or column, of the first eight.
        continued: whether the first stack repeats the last one of a row before.
    """
    builder = _Builder(unit)
    for number, stack in enumerate(stacks):
        builder.add(stack, ghost=continued and number == 0)
    return builder.lane


def fill(
    stacks: Iterable[Stack], unit: float, width: float, continued: bool = False
) -> tuple[Lane, int]:
    """Return a lane of as many stacks as a width holds, two at least, and how many they are."""
    builder = _Builder(unit)
    taken: list[Stack] = []
    for stack in stacks:
        builder.add(stack, ghost=continued and not taken)
        bounds = builder.lane.bounds
        if len(taken) >= 2 and bounds.right - bounds.left > width:
            return place(taken, unit, continued), len(taken)
        taken.append(stack)
    return builder.lane, len(taken)
