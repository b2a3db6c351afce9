r"""Labels: symbols such as ``W_{0}`` within pictures, as SVG text, and how wide they are.

SVG has no formulas, so a symbol becomes runs of text that are raised, lowered and slanted. A
picture must know how wide its labels are before any font is there to ask; the widths here are those
of the widest of common fonts, so that what fits by these numbers fits.

This module stands on ``mathematics``, which reads symbols; read ``bricks`` next, which places them.
"""

# ruff: noqa: RUF001  # mathematics is written in these characters

from __future__ import annotations

import functools
import unicodedata
from typing import NamedTuple

from .commands import accented
from .escaping import escaped
from .formulas import (
    Accent,
    Fenced,
    Fraction,
    Part,
    Root,
    Row,
    Script,
    Space,
    Symbol,
    fold,
    pieces,
)
from .mathematics import parse

#: Size of scripts, and how far they are lowered or raised, in em of the text around them.
SCRIPT, LOWERED, RAISED = 0.72, 0.24, -0.34

#: Advances in em, upright or slanted whichever is wider, rounded up to 0.05; the widest of DejaVu
#: Serif, DejaVu Sans, Liberation Serif and Liberation Sans, which match Times and Arial.
_ADVANCES = {
    0.3: "'′", 0.35: " ,./:;\\ijl|·", 0.4: "()-I[]fι²", 0.45: "!tᵀ", 0.5: '"*J`rℓ',
    0.55: "szεζ∂", 0.6: "?_cvxyγξ", 0.65: "$0123456789abdeghknopqu{}βδϵηθλμνρτυχ",
    0.7: "FLPSTZακπσϕφΓ∇", 0.75: "ABEKVXYΔΛΞΣΥ", 0.8: "CGRψ", 0.85: "#+<=>DOQU^~ωΘΦΩ×−∞⊙",
    0.9: "&HNwΠΨ", 0.95: "%⊤", 1.0: "m…", 1.05: "@MW",
}  # fmt: skip
_WIDTHS = {character: width for width, group in _ADVANCES.items() for character in group}
#: Of a character that is not in the table.
_UNKNOWN = 1.15

TRANSPOSE = "\N{DOWN TACK}"


class Run(NamedTuple):
    """A stretch of text in one style; ``level`` is 0 on the line, -1 below it and 1 above it."""

    text: str
    slanted: bool
    level: int


@functools.lru_cache(maxsize=4096)
def label_svg(symbol: str, transposed: bool = False) -> str:
    r"""Return the content of an SVG ``<text>`` that shows a symbol.

    Single letters are slanted, words upright; scripts have 72 % of the size. What follows in the
    same ``<text>`` stands on the line again.

    Args:
        symbol: LaTeX of a symbol, such as ``W_{0}`` or ``\nabla W_{0}``.
        transposed: whether to put a transpose to it.

    Examples:
        >>> from tensorgrok.views.labels import label_svg
        >>> label_svg("y")
        '<tspan font-style="italic">y</tspan>'

    """
    pieces_of_text, now = [], 0.0
    for text, slanted, level in _runs(symbol, transposed):
        target = {0: 0.0, -1: LOWERED, 1: RAISED}[level]
        size = SCRIPT if level else 1.0
        # dy is in em of the run's own size.
        moved = f' dy="{(target - now) / size:.3g}em"' if target != now else ""
        small = f' font-size="{SCRIPT:.0%}"' if level else ""
        slant = ' font-style="italic"' if slanted else ""
        pieces_of_text.append(f"<tspan{moved}{small}{slant}>{escaped(text)}</tspan>")
        now = target
    if now:  # dy needs a character to move; this one has no width
        pieces_of_text.append(f'<tspan dy="{-now:.3g}em">\N{ZERO WIDTH SPACE}</tspan>')
    return "".join(pieces_of_text)


@functools.lru_cache(maxsize=4096)
def label_width(symbol: str, size: float, transposed: bool = False) -> float:
    """Return how wide a label is at most, in the unit of ``size``.

    Args:
        symbol: LaTeX of a symbol.
        size: of the font, say in pixels.
        transposed: whether it has a transpose.

    Examples:
        >>> from tensorgrok.views.labels import label_width
        >>> label_width("W_{0}", 10) < label_width("W_{0}", 10, transposed=True)
        True

    """
    em = sum(
        text_width(text, SCRIPT if level else 1.0) for text, _, level in _runs(symbol, transposed)
    )
    return size * em


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """Return how wide plain text is at most, in the unit of ``size``."""
    return size * sum(map(_advance, unicodedata.normalize("NFD", text)))


def _advance(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    return _WIDTHS.get(character, _UNKNOWN)


def _runs(symbol: str, transposed: bool) -> list[Run]:
    """The runs of a symbol, neighbours of one style together."""
    runs = fold(parse(symbol).body, _flat)
    if transposed:
        runs = [*runs, Run(TRANSPOSE, False, 1)]
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1][1:] == run[1:]:
            run = run._replace(text=joined.pop().text + run.text)
        joined.append(run)
    return [run for run in joined if run.text]


def _flat(part: Part, inner: list[list[Run]]) -> list[Run]:
    """The runs of a part, of those of what it is made of."""
    match part:
        case Symbol(text, kind):
            return [Run(text, kind == "letter" and len(text) == 1, 0)]
        case Space():
            return []
        case Row(items):
            runs: list[Run] = []
            for piece in pieces(items):
                spaced = piece.joint in ("times", "apart")
                runs += [Run(" ", False, 0)] * spaced + inner[piece.place]
            return runs
        case Script():
            base, *scripts = inner
            levels = [-1] * (part.lower is not None) + [1] * (part.upper is not None)
            for runs, level in zip(scripts, levels, strict=True):
                base = base + [Run(run.text, run.slanted, level) for run in runs]
            return base + [Run("\N{PRIME}" * part.primes, False, 0)] * (part.primes > 0)
        case Accent(name):
            return _accented(inner[0], name)
        case Fenced(left, _, right):
            return [Run(left, False, 0), *inner[0], Run(right, False, 0)]
        case Fraction():
            return [*inner[0], Run("/", False, 0), *inner[1]]
        case Root():
            return [Run("√", False, 0), *inner[0]]
        case _:
            return [run for runs in inner for run in runs]


def _accented(runs: list[Run], accent: str) -> list[Run]:
    """The runs with an accent on the first one."""
    first, *rest = runs or [Run("", False, 0)]
    return [first._replace(text=accented(first.text, accent)), *rest]
