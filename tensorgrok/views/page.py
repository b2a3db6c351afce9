"""The page: code, algebra and bricks side by side, as one HTML file that needs nothing else.

One row is one line in all three notations, and every part of it says which value it stands for
(``data-t``): what is pointed at, focused or tapped lights up everywhere. A stepper walks through
the forward and the backward pass. Without JavaScript the final state remains; the network is never
asked for anything. ``page`` makes a document and ``fragment`` the same for notebooks, with all
styles inside of one element, so that several can share a page.

Text of users (names, titles, numbers) is escaped here. MathML and SVG come as markup from
``mathml`` and ``bricks``, which escape what they are given.

This module stands on ``contents``, ``notation`` (for marks), ``tables``, ``escaping`` and
``palette``; what the page looks like is in ``page.css``, what it does in ``page.js``. Read
``presenting`` next, which fills it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ..errors import ArgumentError
from ..notation import CLOSE, MID, NAME, OPEN, plain
from . import palette
from .contents import Fact, Folded, Row, Section, Table
from .escaping import escaped
from .stacks import MINUS
from .svg import attributes
from .tables import to_table

__all__ = ["Fact", "Folded", "Row", "Section", "Table", "fragment", "page", "to_html"]

#: Pixels that the columns have on a page, and in a notebook.
PAGE_WIDTH, FRAGMENT_WIDTH = 1304, 960

#: Pixels of a character of code and of algebra, and of what is left and right of a column.
CODE_CHARACTER, ALGEBRA_CHARACTER, PADDING = 8.2, 9.2, 33

#: The least room for algebra, and what a frame takes away from the room inside of it.
NARROWEST_ALGEBRA, INDENT = 160, 34

#: Longer lines than that, in characters, are broken or scrolled and ask for no more room.
LONGEST = 90

HINT = "Point at, tap or Tab to any brick, symbol or name: it lights up in all three views."

_MARK = re.compile(f"([{OPEN}{NAME}])([^{MID}]*){MID}|{CLOSE}")
_CALLED = re.compile(r"(?<![\w.])[^\W\d][\w.]*(?=\()")
_TAGS = re.compile(r"<annotation.*?</annotation>|<[^>]*>", re.DOTALL)
_SCOPE = ".tg-view"


def page(
    title: str,
    subtitle: str,
    sections: Sequence[Section],
    facts: Iterable[Fact],
    steps: Sequence[str],
) -> str:
    """Return a whole document.

    Args:
        title, subtitle: plain text.
        sections: what stands below each other.
        facts: what the inspector knows; one for each value.
        steps: what each step computes, as plain text; without any there is no stepper.

    Raises:
        ArgumentError: a row with a step that ``steps`` does not have, or a value with two facts.

    Links to the page can name a value and a step: ``#on=layer_1``, ``#step=5``, ``#on=l₁&step=5``.

    >>> from tensorgrok.views.page import Row, Section, page
    >>> row = Row(1, "y = x", "<math><mi>y</mi></math>", "y = x", "", 0, "t1")
    >>> text = page("A copy", "", [Section("Forward", [row])], [], ["y = x"])
    >>> text.startswith("<!doctype html>"), "<h2>Forward</h2>" in text
    (True, True)
    """
    inside = _inside(title, subtitle, sections, facts, steps, PAGE_WIDTH, ("h1", "h2"))
    name = _root_id(inside)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        # The page asks the network for nothing, and browsers see to it that this stays so.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
        f'<link rel="icon" href="data:,"><title>{escaped(title)}</title></head>\n'
        f'<body class="tg-view" id="{name}">{_styles(name)}\n<main>{inside}</main>\n'
        f"{_script(name)}</body></html>\n"
    )


def fragment(
    title: str,
    subtitle: str,
    sections: Sequence[Section],
    facts: Iterable[Fact],
    steps: Sequence[str],
    *,
    width: int = FRAGMENT_WIDTH,
) -> str:
    """Return one element for a notebook or another page, with its styles and its script.

    Args:
        title, subtitle, sections, facts, steps: as for ``page``.
        width: of the element in pixels; it is narrower where there is less room.

    Raises:
        ArgumentError: as for ``page``.

    The id of the element is made from what it shows, so the same view is the same text each time,
    and no two views of one notebook have the same id.

    >>> from tensorgrok.views.page import fragment
    >>> fragment("Nothing", "", [], [], [])[:25]
    '<div class="tg-view" id="'
    """
    inside = _inside(title, subtitle, sections, facts, steps, width - INDENT, ("div", "div"))
    name = _root_id(inside)
    size = f"#{name}{{width:{width}px;max-width:100%}}"
    return (
        f'<div class="tg-view" id="{name}">{_styles(name, size)}\n'
        f"<div>{inside}</div>\n{_script(name)}</div>"
    )


def _root_id(inside: str) -> str:
    digest = hashlib.blake2s(inside.encode("utf-8", "replace"), digest_size=5)
    return f"tg-{digest.hexdigest()}"


# What it says --------------------------------------------------------------------------------


class _Setting(NamedTuple):
    """What holds for the whole page: its headings, how many steps it has, the roles of values."""

    tags: tuple[str, str]
    steps: int
    roles: Mapping[str, str]


def _inside(
    title: str,
    subtitle: str,
    sections: Sequence[Section],
    facts: Iterable[Fact],
    steps: Sequence[str],
    width: int,
    tags: tuple[str, str],
) -> str:
    known = _by_id(facts)
    setting = _Setting(tags, len(steps), {name: fact.role for name, fact in known.items()})
    body = "".join(_section(section, width, setting) for section in sections)
    below = f'<p class="sub">{escaped(subtitle)}</p>' if subtitle else ""
    return (
        f'<header class="top"><div>{_heading(title, tags[0], 1)}{below}</div>{_TOOLS}</header>'
        f"{_bar(len(steps))}{body}"
        f'<div class="inspector" role="status" aria-live="polite">{escaped(HINT)}</div>'
        '<div class="said" role="status" aria-live="polite"></div>'
        f'<script type="application/json">{_data(known, steps)}</script>'
    )


def _by_id(facts: Iterable[Fact]) -> dict[str, Fact]:
    known: dict[str, Fact] = {}
    for fact in facts:
        if fact.id in known:
            raise ArgumentError(f"page: there are two facts on the value {fact.id!r}; give one")
        known[fact.id] = fact
    return known


def _data(facts: Mapping[str, Fact], steps: Sequence[str]) -> str:
    """What the script has to know; no text in it can end the element it stands in."""
    known = {name: fact._asdict() for name, fact in facts.items()}
    text = json.dumps({"facts": known, "steps": list(steps)}, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _heading(text: str, tag: str, level: int) -> str:
    """A heading; a notebook gets no real one, which would get into its table of contents."""
    if not text:
        return ""
    if tag != "div":
        return f"<{tag}>{escaped(text)}</{tag}>"
    return f'<div class="h{level}" role="heading" aria-level="{level + 2}">{escaped(text)}</div>'


def _copy_buttons(what: str) -> str:
    buttons = (
        f'<button type="button"{attributes(data_copy=kind, aria_label=f"copy {kind} of {what}")}>'
        f"{kind}</button>"
        for kind in ("Python", "LaTeX", "SVG")
    )
    word = '<span aria-hidden="true">copy</span>'
    return f'<span class="copies" hidden>{word}{"".join(buttons)}</span>'


_TOOLS = (
    f'<div class="tools">{_copy_buttons("everything")}'
    '<button type="button" class="scheme" aria-pressed="false" hidden>dark</button></div>'
)

_MOVES = (
    ("start", "first", "go to the start"),
    ("◀ back", "-1", "one step back"),
    ("step ▶", "1", "one step on"),
    ("end", "last", "go to the end"),
)


def _bar(count: int) -> str:
    """The stepper, which only JavaScript can move, and what the colours mean."""
    ramps = "".join(
        f'<span>{kind} <span aria-hidden="true">{MINUS}</span><i class="ramp {kind}"></i>'
        '<span aria-hidden="true">+</span></span>'
        for kind in palette.RAMPS
    )
    buttons = "".join(
        f'<button type="button"{attributes(data_go=go, aria_label=label)}>{text}</button>'
        for text, go, label in _MOVES
    )
    stepper = (
        f'<div class="stepper" role="group" aria-label="stepper" hidden>{buttons}'
        f'<input type="range" min="0" max="{count}" value="{count}" step="1" '
        'aria-label="step through the forward and backward pass"><output></output></div>'
    )
    return f'<div class="bar">{stepper if count else ""}<div class="legend">{ramps}</div></div>'


def _section(section: Section, width: int, setting: _Setting) -> str:
    heading = _heading(section.title, setting.tags[1], 2)
    note = f'<p class="sub">{escaped(section.note)}</p>' if section.note else ""
    if section.key:
        marks = "".join(f"<span>{svg} {escaped(text)}</span>" for svg, text in section.key)
        note += f'<div class="key">{marks}</div>'
    rows = "".join(_part(part, width, setting) for part in _parts(section.rows))
    if section.folded:
        summary = f"<summary>{heading or 'more'}</summary>"
        return f'<details class="section">{summary}{note}{rows}</details>'
    return f'<section class="section">{heading}{note}{rows}</section>'


def _part(part: list[Row] | Folded | Table, width: int, setting: _Setting) -> str:
    if isinstance(part, Folded):
        return _folded(part, width, setting)
    return to_table(part) if isinstance(part, Table) else _grid(part, width, setting)


def _parts(rows: Sequence[Row | Folded | Table]) -> list[list[Row] | Folded | Table]:
    """Stretches of rows, which share columns, and what is folded or a table between them."""
    parts: list[list[Row] | Folded | Table] = []
    for row in rows:
        if not isinstance(row, Row):
            parts.append(row)
        elif parts and isinstance(parts[-1], list):
            parts[-1].append(row)
        else:
            parts.append([row])
    return parts


def _folded(module: Folded, width: int, setting: _Setting) -> str:
    inside = "".join(_section(section, width - INDENT, setting) for section in module.sections)
    summary = f"<code>{escaped(module.title)}</code> <span>{escaped(module.summary)}</span>"
    return f'<details class="module"><summary>{summary}</summary><div>{inside}</div></details>'


def _grid(rows: Sequence[Row], width: int, setting: _Setting) -> str:
    """Rows in the layout that their widths ask for; the script looks again at the real room."""
    code = max(min(len(plain(row.python)), LONGEST) for row in rows) * CODE_CHARACTER
    algebra = max(min(len(_TAGS.sub("", row.mathml)), LONGEST) for row in rows) * ALGEBRA_CHARACTER
    drawing = max(row.width for row in rows)
    three = round(code + max(algebra, NARROWEST_ALGEBRA) + drawing + 3 * PADDING)
    stack = round(code + algebra + 2 * PADDING)
    layout = _layout(three, stack, len(rows), width)
    head = "".join(f'<div class="h">{text}</div>' for text in ("Python", "Algebra", "Bricks"))
    lines = "".join(_row(row, setting) for row in rows)
    grid = attributes(class_=f"grid {layout}", data_three=three, data_stack=stack)
    return f"<div{grid}>{head}{lines}</div>"


def _layout(three: int, stack: int, rows: int, width: int) -> str:
    """Three columns; or cards, for several rows; or code and algebra above the bricks, or all."""
    if three <= width:
        return "three"
    if rows > 1:
        return "cards"
    return "stack" if stack <= width else "tall"


def _row(row: Row, setting: _Setting) -> str:
    if not 0 <= row.step <= setting.steps:
        raise ArgumentError(
            f"page: row {row.id!r} has step {row.step}, but there are {setting.steps} steps; "
            "count from 1, or 0 for what no step computes"
        )
    note = f'<span class="note">{escaped(row.note)}</span>' if row.note else ""
    name = plain(row.python).partition(" = ")[0] or row.note or row.id
    told = bool(row.python)
    kind = "row" if told else "row untold" if row.svg else "row ghost"
    start = attributes(
        class_=kind, data_step=row.step, data_latex=row.latex, role="group", aria_label=name
    )
    if kind == "row ghost":
        return f'<div{start}><div class="c n">{note}</div></div>'
    code = f"<code>{to_html(row.python, setting.roles)}</code>" if told else ""
    left = f'<div class="c p">{code}{note}{_copy_buttons(name) if told else ""}</div>'
    middle = f'<div class="c a">{row.mathml}</div>' if told else ""
    return f'<div{start}>{left}{middle}<div class="c b">{row.svg}</div></div>'


def to_html(marked: str, roles: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return marked Python text as HTML: a ``<span data-t>`` around whatever stands for a value.

    Args:
        marked: the text.
        roles: roles of values by id. Names of values get the class ``nm`` and that of their role,
            and can be focused; functions that are called get ``fn``.

    >>> from tensorgrok.notation import CLOSE, MID, NAME
    >>> from tensorgrok.views.page import to_html
    >>> to_html(f"{NAME}t0{MID}x{CLOSE}", {"t0": "layer"})
    '<span class="nm layer" data-t="t0" tabindex="0" role="button">x</span>'
    """
    parts, place, depth = [], 0, 0
    for mark in _MARK.finditer(marked):
        parts.append(_code(marked[place : mark.start()]))
        place = mark.end()
        if mark[1] is None:
            parts.append("</span>" if depth else "")
            depth = max(depth - 1, 0)
            continue
        depth += 1
        if mark[1] == NAME:
            role = roles.get(mark[2])
            style = f"nm {role}" if role in palette.LIGHT and role else "nm"
            start = attributes(class_=style, data_t=mark[2], tabindex=0, role="button")
        else:
            start = attributes(data_t=mark[2])
        parts.append(f"<span{start}>")
    return "".join([*parts, _code(marked[place:]), "</span>" * depth])


def _code(text: str) -> str:
    parts, place = [], 0
    for called in _CALLED.finditer(text):
        parts += [escaped(text[place : called.start()]), f'<span class="fn">{called[0]}</span>']
        place = called.end()
    return "".join([*parts, escaped(text[place:])])


# What it looks like --------------------------------------------------------------------------


@functools.cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _styles(name: str, more: str = "") -> str:
    """The style sheets, for the inside of one element: the page's, and what dark turns round.

    The dark one is used where the system prefers that; the script changes its ``media``. Paper is
    never dark. Rules for bricks are in a layer, so what lights them up needs no heavier selectors.
    """
    scope = f"#{name}"
    light = f"{scope}{{{_variables(palette.LIGHT, dark=False)}}}"
    dark = f"{scope}{{color-scheme:dark;{_variables(palette.DARK, dark=True)}}}"
    bricks = f"@layer bricks{{{palette.dark_rules(scope)}}}"
    own, dark_own = _asset("page.css").split("/* dark */")
    return (
        f"<style>{light}{own.replace(_SCOPE, scope)}{more}</style>"
        f'<style class="dark" media="screen and (prefers-color-scheme:dark)">'
        f"{dark}{dark_own.replace(_SCOPE, scope)}{bricks}</style>"
    )


def _variables(colours: dict[str | None, palette.RoleColours], dark: bool) -> str:
    """Inks and ramps as variables of CSS, so that ``palette`` alone says what colours there are."""
    inks = [f"--ink-{role}:{found.ink}" for role, found in colours.items() if role]
    inks.append(f"--ink-none:{colours[None].ink}")
    for kind in palette.RAMPS:
        stops = ",".join(palette.ramp(kind, dark)[:: palette.STEPS // 2])
        inks.append(f"--ramp-{kind}:linear-gradient(90deg,{stops})")
    return ";".join(inks)


def _script(name: str) -> str:
    return f'<script>(()=>{{"use strict";\n{_asset("page.js")}\nstart("{name}");\n}})()</script>'
