"""The parts of a picture: what they are and how large, whatever they stand beside.

All lengths are pixels of the drawing. This module stands on ``stacks``, ``labels`` and ``sampling``
(for lengths); read ``geometry`` next, which puts the parts in their places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .labels import label_width, text_width
from .sampling import scale
from .stacks import Brick, Module, Pill, Stack

#: Sizes of type: symbols with dimensions, symbols beside strips, dimensions, pills, signs.
SYMBOL, SIDE_SYMBOL, DIMENSIONS, PILL_TEXT, SIGN = 16.0, 14.0, 10.5, 11.5, 12.5

#: How thick a brick looks; how far copies behind it stand out, each.
THICKNESS, OFFSET = 3.0, 4.0

#: Height of a pill, and of a line that labels stand in; length of a bar of correlations.
PILL_HEIGHT, LABEL_HEIGHT, BAR_WIDTH = 19.0, 18.0, 78.0

#: Height of a line in a module, and how far the modules behind it stand out.
MODULE_LINE, MODULE_SHADOW = 16.0, 8.0

Anchor = Literal["start", "middle", "end"]


class Box(NamedTuple):
    """A rectangle, and for a label what it says."""

    left: float
    top: float
    right: float
    bottom: float
    text: str = ""

    def moved(self, right: float, down: float) -> Box:
        """Return the same rectangle elsewhere."""
        return Box(
            self.left + right, self.top + down, self.right + right, self.bottom + down, self.text
        )


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; its base line starts, has its middle or ends at a point."""

    text: str
    x: float
    y: float
    size: float
    anchor: Anchor
    style: str


@dataclass(frozen=True, slots=True)
class Face:
    """A brick in its place.

    Attributes:
        brick: what it is.
        box: its body, without the thickness and the copies behind.
        symbol: where the symbol stands; its text is the LaTeX. None if there is none.
        dimensions: where rows and columns are written, if they are and no symbol is.
        ghost: whether it repeats the last strip of the row before.
    """

    brick: Brick
    box: Box
    symbol: Words | None
    dimensions: Words | None
    ghost: bool = False


@dataclass(frozen=True, slots=True)
class Capsule:
    """A pill or a folded module in its place."""

    item: Pill | Module
    box: Box


@dataclass(frozen=True, slots=True)
class Gauge:
    """The bar of correlations under a strip; ``box`` is its track."""

    stack: Stack
    box: Box


@dataclass(frozen=True, slots=True)
class Channel:
    """A pale area between two bricks; ``step`` is that of a delta, for the way back."""

    points: tuple[tuple[float, float], ...]
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line with a head at its last point; a residual's is dashed and has round corners."""

    points: tuple[tuple[float, float], ...]
    skip: bool = False


@dataclass(slots=True)
class Lane:
    """All parts of one lane, in order of painting.

    Attributes:
        channels, arrows: what lies behind.
        faces, capsules, gauges, words: what lies in front.
        labels: the boxes of all labels.
    """

    channels: list[Channel] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    capsules: list[Capsule] = field(default_factory=list)
    gauges: list[Gauge] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    labels: list[Box] = field(default_factory=list)

    @property
    def solid(self) -> list[Box]:
        """Rectangles round all parts in front."""
        boxes = [face_bounds(face) for face in self.faces] + self.labels
        boxes += [capsule.box for capsule in self.capsules]
        return boxes + [gauge.box for gauge in self.gauges]

    @property
    def bounds(self) -> Box:
        """The smallest rectangle round everything."""
        boxes = self.solid
        corners = [point for arrow in self.arrows for point in arrow.points]
        corners += [point for channel in self.channels for point in channel.points]
        boxes += [Box(x - 2, y - 2, x + 2, y + 2) for x, y in corners]
        return Box(
            min(box.left for box in boxes),
            min(box.top for box in boxes),
            max(box.right for box in boxes),
            max(box.bottom for box in boxes),
        )


def depth(brick: Brick) -> float:
    """How far the copies behind a brick stand out."""
    return OFFSET * min(brick.copies - 1, 2) if brick.copies > 1 else 0.0


def face_bounds(face: Face) -> Box:
    """The body with its thickness and the copies behind."""
    behind, box = depth(face.brick), face.box
    return Box(box.left, box.top, box.right + behind, box.bottom + THICKNESS + behind)


def size_of(brick: Brick, unit: float) -> tuple[float, float]:
    """Width and height of a brick's body; what is empty still shows as a line."""
    rows, columns = brick.shape
    return unit * max(scale(columns), 0.3), unit * max(scale(rows), 0.3)


def capsule_size(item: Pill | Module) -> tuple[float, float]:
    """Width and height of a pill, or of a module with the bricks behind it."""
    if isinstance(item, Pill):
        return text_width(item.text, PILL_TEXT) + 16, PILL_HEIGHT
    widest = max(text_width(line, SIGN) for line in item.lines)
    high = MODULE_LINE * len(item.lines) + 12
    return widest + 22 + MODULE_SHADOW, high + MODULE_SHADOW


def label_size(brick: Brick, size: float, with_dimensions: bool) -> float:
    """Width of a brick's label."""
    symbol = label_width(brick.symbol, size, brick.transposed) if brick.symbol else 0.0
    if not with_dimensions:
        return symbol
    return symbol + (6 if symbol else 0) + text_width(brick.dimensions, DIMENSIONS)
