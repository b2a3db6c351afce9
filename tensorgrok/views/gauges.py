"""Bars of correlations: solid is what is there on held-out rows too, hatched what is not.

A bar is a pair of squared correlations, (held out, train), drawn on a track as long as 1; what is
below 0 or above 1 is drawn as 0 or 1. Without held-out rows the first is None.

This module stands on ``parts`` (for boxes), ``palette`` and ``svg``; ``painting`` puts bars under
the layers of a picture, ``report`` into a table.
"""

from __future__ import annotations

from . import palette
from .escaping import escaped
from .parts import Box
from .svg import attributes, length

Bar = tuple[float | None, float]

#: How far apart the hatching's lines are.
HATCHING = 5


def draw_bar(bar: Bar, width: float, height: float, caption: str = "") -> str:
    """Return a bar as an ``<svg>`` of its own; without a caption it is decoration.

    >>> from tensorgrok.views.gauges import draw_bar
    >>> draw_bar((0.25, 0.5), 20, 9)[:49]
    '<svg class="tg-bricks" width="21" height="10" vie'
    """
    box = Box(0.5, 0.5, width + 0.5, height + 0.5)
    size = {"width": length(width + 1), "height": length(height + 1)}
    start = attributes(
        class_="tg-bricks",
        **size,
        viewBox=f"0 0 {size['width']} {size['height']}",
        role="img" if caption else None,
        aria_label=caption or None,
        aria_hidden=None if caption else "true",
    )
    title = f"<title>{escaped(caption)}</title>" if caption else ""
    return f"<svg{start}>{title}{bar_marks(bar, box)}</svg>"


def bar_marks(bar: Bar, box: Box) -> str:
    """Return the parts of a bar; ``box`` is its track."""
    held_out, train = bar
    left, top, right, bottom, _ = box
    full, high = right - left, bottom - top
    noise = full * min(max(train, 0.0), 1.0)
    signal = full * min(max(held_out or 0.0, 0.0), 1.0)
    parts = [_filled("track", box, full, stroke=True), _filled("noise", box, noise)]
    hatch = attributes(
        class_="hatch",
        d="".join(_hatching(left, top, signal, noise, high)),
        fill="none",
        stroke=palette.PAINT["hatch", "stroke"],
        stroke_width="1.6",
    )
    parts += [f"<path{hatch}/>" if noise > signal else "", _filled("signal", box, signal)]
    return "".join(parts)


def _filled(style: str, box: Box, wide: float, stroke: bool = False) -> str:
    line = palette.PAINT[style, "stroke"] if stroke else None
    bar = attributes(
        class_=style,
        x=length(box.left),
        y=length(box.top),
        width=length(wide),
        height=length(box.bottom - box.top),
        rx=2,
        fill=palette.PAINT[style, "fill"],
        stroke=line,
        stroke_width=".7" if stroke else None,
    )
    return f"<rect{bar}/>"


def _hatching(x: float, y: float, start: float, end: float, high: float) -> list[str]:
    """Diagonal lines between two places of a bar: patterns would need an id."""
    lines, foot = [], start - high
    while foot < end:
        first, last = max(foot, start), min(foot + high, end)
        if last > first:
            lower, upper = y + high - (first - foot), y + high - (last - foot)
            lines.append(f"M{length(x + first)} {length(lower)}L{length(x + last)} {length(upper)}")
        foot += HATCHING
    return lines


#: What the parts of a bar mean, for the key of a page: drawings and text.
KEY = (
    (draw_bar((1.0, 1.0), 22, 9), "signal: R² with the target on held-out rows too"),
    (draw_bar((0.0, 1.0), 22, 9), "on training rows alone"),
)
