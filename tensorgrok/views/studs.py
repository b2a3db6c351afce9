"""Numbers inside a brick: studs while there is room for them, else pixels.

This module stands on ``palette``, ``png``, ``sampling`` and ``svg``; read ``painting`` next.
"""

from __future__ import annotations

import math

import numpy as np

from . import palette
from .captions import number_text, symbol_text
from .escaping import escaped
from .parts import Box
from .png import data_url
from .sampling import coarsen
from .stacks import Brick, Sample
from .svg import attributes, length

#: The smallest cell with a stud in it, in pixels, and the most studs of a brick.
SMALLEST_CELL, MOST_STUDS = 6.9, 420

#: Radius of a stud, as a share of its cell; from which radius on it has a minus bar.
STUD, SMALLEST_MINUS = 0.37, 3.0

#: Pixels of the drawing for one pixel of a heat map, and the frame round it.
PIXEL, FRAME = 6.0, 3.0

#: The share of means that the colours of a heat map span; the rest has the colours of the ends.
SPANNED = 0.98

#: The pixel of a mean that is not a number.
_NO_NUMBER = (136, 136, 136)


def inside(brick: Brick, box: Box) -> tuple[str, Sample | None]:
    """Return the SVG of a brick's numbers, and the sample that it shows."""
    taken = brick.numbers
    if taken is None or taken.values.size == 0:
        return "", taken
    rows, columns = taken.values.shape
    cell = min((box.right - box.left) / columns, (box.bottom - box.top) / rows)
    if taken.exact and cell >= SMALLEST_CELL and rows * columns <= MOST_STUDS:
        return _studs(brick, taken, box), taken
    wide, high = box.right - box.left - 2 * FRAME, box.bottom - box.top - 2 * FRAME
    shown = coarsen(taken, max(1, int(high // PIXEL)), max(1, int(wide // PIXEL)))
    return _heat_map(brick, shown, box), shown


def _largest(taken: Sample, share: float = 1.0) -> float:
    """The magnitude that has the colour of an end: such a share of all is not above it."""
    magnitudes = np.abs(taken.values[np.isfinite(taken.values)])
    if magnitudes.size == 0:
        return 0.0
    return float(np.quantile(magnitudes, share)) or float(magnitudes.max())


def _studs(brick: Brick, taken: Sample, box: Box) -> str:
    """One stud for each number; those of negative numbers have a bar, as on grey paper."""
    kind = palette.kind_of(brick.role)
    _, edge, _ = palette.LIGHT.get(brick.role, palette.LIGHT[None])
    rows, columns = taken.values.shape
    wide, high = (box.right - box.left) / columns, (box.bottom - box.top) / rows
    radius = STUD * min(wide, high)
    steps = palette.levels(taken.values, _largest(taken))
    colours = palette.ramp(kind)
    symbol = symbol_text(brick) if brick.symbol else ""
    studs: list[str] = []
    bars: dict[str, list[str]] = {}
    for (row, column), value in np.ndenumerate(taken.values):
        step = int(steps[row, column])
        x, y = box.left + (column + 0.5) * wide, box.top + (row + 0.5) * high
        stud = attributes(
            class_=f"stud {palette.stud_class(kind, step)}",
            cx=length(x),
            cy=length(y),
            r=length(radius),
            fill=colours[step + palette.STEPS],
        )
        title = f"{symbol}[{row},{column}] = {number_text(value, 4)}"
        studs.append(f"<circle{stud}><title>{escaped(title)}</title></circle>")
        style, mark = _mark(value, step, kind, x, y, radius)
        if mark:
            bars.setdefault(style, []).append(mark)
    group = attributes(class_="studs", stroke=edge, stroke_width=".8")
    marks = "".join(_marks(style, paths) for style, paths in bars.items())
    return f"<g{group}>{''.join(studs)}</g>{marks}"


def _mark(
    value: float, step: int, kind: palette.Kind, x: float, y: float, radius: float
) -> tuple[str, str]:
    """The class of a stud's mark and its path: a minus, a cross for NaN, a lying eight."""
    half = 0.42 * radius
    if math.isnan(value):
        cross = f"l{length(2 * half)} {length(2 * half)}m0 {length(-2 * half)}"
        start = f"M{length(x - half)} {length(y - half)}"
        return "nan", f"{start}{cross}l{length(-2 * half)} {length(2 * half)}"
    if math.isinf(value):
        arc = f"a{length(half / 2)} {length(half / 2)} 0 1 "
        ring = f"{arc}1 {length(half)} 0{arc}1 {length(-half)} 0"
        return "strong", f"M{length(x - half)} {length(y)}{ring}m{length(half)} 0{ring}"
    if radius < SMALLEST_MINUS or value >= 0:
        return "", ""
    style = "strong" if step < -0.45 * palette.STEPS else f"weak-{kind[0]}"
    return style, f"M{length(x - half)} {length(y)}h{length(2 * half)}"


def _marks(style: str, paths: list[str]) -> str:
    marks = attributes(
        class_=f"minus {style}",
        d="".join(paths),
        fill="none",
        stroke=palette.PAINT[style, "stroke"],
        stroke_width="1.3",
        pointer_events="none",
    )
    return f"<path{marks}/>"


def _heat_map(brick: Brick, shown: Sample, box: Box) -> str:
    """A picture of few large pixels."""
    kind = palette.kind_of(brick.role)
    steps = palette.levels(shown.values, _largest(shown, SPANNED))
    pixels = palette.pixels(kind)[steps + palette.STEPS]
    pixels[np.isnan(shown.values)] = _NO_NUMBER
    wide, high = box.right - box.left, box.bottom - box.top
    frame = min(FRAME, wide / 4, high / 4)
    image = attributes(
        class_="stud heat",
        x=length(box.left + frame),
        y=length(box.top + frame),
        width=length(wide - 2 * frame),
        height=length(high - 2 * frame),
        preserveAspectRatio="none",
        image_rendering="pixelated",
        href=data_url(pixels),
    )
    return f"<image{image}/>"
