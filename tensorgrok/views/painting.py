"""The parts of a lane as SVG: colours as attributes, the classes of what styles may change.

This module stands on ``parts``, ``studs``, ``gauges``, ``palette`` and ``labels``; read ``bricks``
next, which puts lanes into a picture.
"""

from __future__ import annotations

from dataclasses import replace

from . import palette
from .captions import spoken
from .escaping import escaped
from .gauges import bar_marks
from .labels import SCRIPT, label_svg
from .parts import (
    DIMENSIONS,
    MODULE_LINE,
    MODULE_SHADOW,
    OFFSET,
    PILL_HEIGHT,
    PILL_TEXT,
    SIGN,
    THICKNESS,
    Arrow,
    Box,
    Capsule,
    Channel,
    Face,
    Gauge,
    Lane,
    Words,
    depth,
)
from .stacks import Module, Pill
from .studs import inside
from .svg import attributes, length

MATHEMATICS = "'STIX Two Math','Latin Modern Math','Cambria Math','DejaVu Serif',serif"
PLAIN = "system-ui,'Segoe UI','DejaVu Sans',sans-serif"

#: How round the corners of a residual's path are.
CORNER = 7.0

#: So many rows or columns get marks where the scale is broken.
LONG = 12


def paint(lane: Lane) -> str:
    """Return the SVG of a lane's parts, those behind first."""
    return "".join(
        [
            *map(_channel, lane.channels),
            *map(_arrow, lane.arrows),
            *map(_face, lane.faces),
            *map(_capsule, lane.capsules),
            *map(_gauge, lane.gauges),
            *map(_words, lane.words),
        ]
    )


def _channel(channel: Channel) -> str:
    """A pale area; that of the way back has a head at the delta, where it ends."""
    corners = "L".join(f"{length(x)} {length(y)}" for x, y in channel.points)
    if channel.step is None:
        paint = attributes(class_="chan", d=f"M{corners}Z", fill=palette.PAINT["chan", "fill"])
        return f"<path{paint}/>"
    back, head = palette.PAINT["bk", "fill"], palette.PAINT["bkhead", "fill"]
    area = attributes(
        class_="chan bk", data_s=channel.step, d=f"M{corners}Z", fill=back, fill_opacity=".6"
    )
    (x, upper), (_, lower) = channel.points[0], channel.points[-1]
    tip = f"M{length(x + 4)} {length((upper + lower) / 2)}l9 -5v10z"
    ending = attributes(class_="bk bkhead", data_s=channel.step, d=tip, fill=head)
    return f"<path{area}/><path{ending}/>"


def _arrow(arrow: Arrow) -> str:
    line, head = ("line skip", "skiphead") if arrow.skip else ("line", "head")
    points = arrow.points
    path = [f"M{length(points[0][0])} {length(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        near, far = (_towards(corner, other, CORNER) for other in (before, after))
        path.append(f"L{near}Q{length(corner[0])} {length(corner[1])} {far}")
    x, y = points[-1]
    path.append(f"L{length(x - 6)} {length(y)}")
    stroke = attributes(
        class_=line,
        d="".join(path),
        fill="none",
        stroke=palette.PAINT["skip" if arrow.skip else "line", "stroke"],
        stroke_width=2,
        stroke_dasharray="5 3" if arrow.skip else None,
    )
    tip = f"M{length(x)} {length(y)}l-9 -4.5v9z"
    fill = attributes(class_=head, d=tip, fill=palette.PAINT[head, "fill"])
    return f"<path{stroke}/><path{fill}/>"


def _towards(start: tuple[float, float], end: tuple[float, float], distance: float) -> str:
    """The point so far from a start on the way to an end, half the way at most."""
    (x0, y0), (x1, y1) = start, end
    whole = max(abs(x1 - x0), abs(y1 - y0)) or 1.0
    share = min(distance / whole, 0.5)
    return f"{length(x0 + share * (x1 - x0))} {length(y0 + share * (y1 - y0))}"


def _face(face: Face) -> str:
    """A brick: the copies behind it, its body, its studs or pixels, and its label."""
    brick, box = face.brick, face.box
    body, edge, ink = palette.LIGHT.get(brick.role, palette.LIGHT[None])
    studs, shown = inside(brick, box)
    pending = brick.numbers is None
    caption = spoken(brick, shown)
    words = ["brick", brick.role or "", "pending" * pending, "ghost" * face.ghost]
    group = attributes(
        class_=" ".join(filter(None, words)),
        data_t=brick.id,
        data_s=brick.step,
        tabindex=0,
        role="img",
        aria_label=caption,
        opacity=".55" if face.ghost else None,
    )
    behind = range(int(depth(brick) // OFFSET), 0, -1)
    plates = [_plate(box, "behind", body, edge, OFFSET * number) for number in behind]
    if not pending:
        plates.append(_plate(box, "thick", edge, None, 0, THICKNESS))
    plates.append(_plate(box, "body", body, edge, 0, pending=pending))
    label = attributes(class_="lbl", data_t=brick.label_id or brick.id)
    return (
        f"<g{group}><title>{escaped(caption)}</title>{''.join(plates)}{studs}{_breaks(face, edge)}"
        f"<g{label}>{_label(face, ink)}</g></g>"
    )


def _plate(
    box: Box,
    style: str,
    fill: str,
    stroke: str | None,
    offset: float,
    down: float = 0.0,
    pending: bool = False,
) -> str:
    left, top, right, bottom, _ = box
    plate = attributes(
        class_=style,
        x=length(left + offset),
        y=length(top + offset + down),
        width=length(right - left),
        height=length(bottom - top),
        rx=4,
        fill=fill,
        fill_opacity=".25" if pending else None,
        stroke=stroke,
        stroke_width="1.2" if stroke else None,
        stroke_dasharray="3 3" if pending else None,
    )
    return f"<rect{plate}/>"


def _breaks(face: Face, edge: str) -> str:
    """Marks on the long edges where the scale is not that of single rows or columns."""
    rows, columns = face.brick.shape
    left, top, right, bottom, _ = face.box
    x, y = (left + right) / 2, (top + bottom) / 2
    marks = []
    if columns > LONG:
        marks += [f"M{length(x - 4)} {length(end + 3.5)}l5 -7h3l-5 7z" for end in (top, bottom)]
    if rows > LONG:
        marks += [f"M{length(end - 3.5)} {length(y - 4)}l7 5v3l-7 -5z" for end in (left, right)]
    fill = palette.PAINT["brk", "fill"]
    paint = {"class_": "brk", "fill": fill, "stroke": edge, "stroke_width": ".9"}
    return "".join(f"<path{attributes(d=mark, **paint)}/>" for mark in marks)


def _label(face: Face, ink: str) -> str:
    brick = face.brick
    if face.symbol is None:
        return _words(face.dimensions) if face.dimensions is not None else ""
    words = face.symbol
    dimensions = ""
    if words.anchor == "middle":
        type_ = attributes(
            class_="dim",
            dx=6,
            font_size=DIMENSIONS,
            font_family=PLAIN,
            fill=palette.PAINT["dim", "fill"],
        )
        dimensions = f"<tspan{type_}>{brick.dimensions}</tspan>"
    text = attributes(
        class_=f"sym ink-{brick.role or 'none'}",
        x=length(words.x),
        y=length(words.y),
        font_size=words.size,
        text_anchor=words.anchor,
        fill=ink,
    )
    # Some renderers take a share of the picture's size where that of the type is meant.
    small = f'"{length(SCRIPT * words.size)}"'
    symbol = label_svg(words.text, brick.transposed).replace(f'"{SCRIPT:.0%}"', small)
    return f"<text{text}>{symbol}{dimensions}</text>"


def _words(words: Words, fill: str | None = None, weight: str | None = None) -> str:
    text = attributes(
        class_=words.style,
        x=length(words.x),
        y=length(words.y),
        font_size=words.size,
        font_family=PLAIN,
        font_weight=weight,
        text_anchor=words.anchor,
        fill=fill or palette.PAINT[words.style, "fill"],
    )
    return f"<text{text}>{escaped(words.text)}</text>"


def _capsule(capsule: Capsule) -> str:
    return (
        _pill(capsule.item, capsule.box)
        if isinstance(capsule.item, Pill)
        else _module(capsule.item, capsule.box)
    )


def _pill(pill: Pill, box: Box) -> str:
    plate = attributes(
        class_="capsule",
        x=length(box.left),
        y=length(box.top),
        width=length(box.right - box.left),
        height=PILL_HEIGHT,
        rx=PILL_HEIGHT / 2,
        fill=palette.PAINT["capsule", "fill"],
        stroke=palette.PAINT["capsule", "stroke"],
    )
    middle = (box.left + box.right) / 2
    words = Words(pill.text, middle, box.top + 13.5, PILL_TEXT, "middle", "pilltxt")
    group = attributes(class_="pill", data_t=pill.id, tabindex=0, role="img", aria_label=pill.text)
    return f"<g{group}><rect{plate}/>{_words(words)}</g>"


def _module(module: Module, box: Box) -> str:
    """A folded module: a brick with others behind it, and its lines."""
    body, edge, ink = palette.LIGHT["weight"]
    group = attributes(
        class_="brick weight module",
        data_t=module.id,
        tabindex=0,
        role="img",
        aria_label=", ".join(module.lines),
    )
    front = Box(box.left, box.top, box.right - MODULE_SHADOW, box.bottom - MODULE_SHADOW)
    plates = [_plate(front, "behind", body, edge, offset) for offset in (8, 4)]
    plates.append(_plate(front, "body", body, edge, 0))
    middle = (front.left + front.right) / 2
    lines = [
        Words(line, middle, front.top + 18 + MODULE_LINE * number, SIGN, "middle", "pilltxt")
        for number, line in enumerate(module.lines)
    ]
    head = _words(replace(lines[0], style="ink-weight"), ink, "600") if lines else ""
    rest = "".join(_words(replace(line, size=11.0)) for line in lines[1:])
    title = escaped(", ".join(module.lines))
    return f"<g{group}><title>{title}</title>{''.join(plates)}{head}{rest}</g>"


def _gauge(gauge: Gauge) -> str:
    """Squared correlations below a layer."""
    if gauge.stack.bar is None:
        return ""
    caption = f"R squared with the target: {gauge.stack.bar_text}"
    group = attributes(class_="gauge", role="img", aria_label=caption)
    marks = bar_marks(gauge.stack.bar, gauge.box)
    return f"<g{group}><title>{escaped(caption)}</title>{marks}</g>"
