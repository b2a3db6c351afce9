r"""Formulas as trees, and what their parts mean side by side.

Every view that shows algebra writes one of these trees; ``mathematics`` reads them from LaTeX.
Where formulas say something by juxtaposition, as in ``l_{0} W_{0}`` or ``\log x``, ``pieces`` says
what is meant: a product, or a function and what it is applied to. Nothing here recurses, so
formulas may nest as deeply as they like.

This module stands on nothing; read ``mathematics`` next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A leaf: its text in Unicode, and what kind of a thing it is.

    Kinds: ``"letter"`` (slanted), ``"word"`` (upright), ``"bold"``, ``"number"``; ``"function"``
    and ``"sum"`` (a large operator), which are applied to what follows; ``"prefix"``,
    ``"operator"``, ``"relation"``; ``"punctuation"``, ``"opening"``, ``"closing"``, and ``"sign"``
    for what stands as it is.
    """

    text: str
    kind: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """No parts: a leaf."""
        return ()


@dataclass(frozen=True, slots=True)
class Space:
    """Space in a row; ``width`` in em is 0 for a blank, which says only that it is there."""

    width: float

    @property
    def parts(self) -> tuple[Part, ...]:
        """No parts: a leaf."""
        return ()


@dataclass(frozen=True, slots=True)
class Row:
    """Things side by side, in the order of writing."""

    items: tuple[Part, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The items."""
        return self.items


@dataclass(frozen=True, slots=True)
class Script:
    """A base with a subscript, a superscript and primes; what is missing is None or 0."""

    base: Part
    lower: Part | None = None
    upper: Part | None = None
    primes: int = 0

    @property
    def parts(self) -> tuple[Part, ...]:
        """The base and the scripts that are there."""
        return tuple(part for part in (self.base, self.lower, self.upper) if part is not None)


@dataclass(frozen=True, slots=True)
class Fenced:
    """Something between two delimiters, which may be the empty text."""

    left: str
    body: Row
    right: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """The body."""
        return (self.body,)


@dataclass(frozen=True, slots=True)
class Fraction:
    """A numerator over a denominator, ``small`` where it is to be set like text."""

    numerator: Part
    denominator: Part
    small: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """The numerator and the denominator."""
        return (self.numerator, self.denominator)


@dataclass(frozen=True, slots=True)
class Root:
    """A root; ``index`` is the text of its degree, empty for a square root."""

    body: Part
    index: str = ""

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the root is taken of."""
        return (self.body,)


@dataclass(frozen=True, slots=True)
class Accent:
    """An accent over a body: ``"hat"``, ``"bar"``, ``"tilde"``, ``"overline"`` and the like."""

    name: str
    body: Part

    @property
    def parts(self) -> tuple[Part, ...]:
        """The body."""
        return (self.body,)


@dataclass(frozen=True, slots=True)
class Marked:
    """A part that stands for the value with an id; ``named`` if it is the symbol of that value."""

    id: str
    body: Row
    named: bool

    @property
    def parts(self) -> tuple[Part, ...]:
        """The body."""
        return (self.body,)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells between two delimiters: a matrix, or cases."""

    left: str
    rows: tuple[tuple[Row, ...], ...]
    right: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """The cells, row by row."""
        return tuple(cell for row in self.rows for cell in row)


Part = Symbol | Space | Row | Script | Fenced | Fraction | Root | Accent | Marked | Table


class Formula(NamedTuple):
    """The tree of a formula, and the LaTeX it was read from, without marks."""

    body: Row
    latex: str


def fold(root: Part, combine: Callable[[Part, list[Result]], Result]) -> Result:
    """Return what ``combine`` makes of a part and of what it made of that part's ``parts``."""
    results: list[Result] = []
    waiting: list[tuple[Part, bool]] = [(root, False)]
    while waiting:
        part, ready = waiting.pop()
        count = len(part.parts)
        if ready or not count:
            found = results[len(results) - count :]
            del results[len(results) - count :]
            results.append(combine(part, found))
        else:
            waiting.append((part, True))
            waiting.extend((inner, False) for inner in reversed(part.parts))
    return results.pop()


# Scripts -----------------------------------------------------------------------------------------


def scripted(base: Part, script: Part, upper: bool) -> Part:
    """Put a script to a base, beside a script that it has.

    A superscript goes inside a named symbol, so that the symbol of a transposed value stands for it
    as a whole, unless the superscript has marks of its own.
    """
    if isinstance(base, Script) and (base.upper if upper else base.lower) is None:
        return replace(base, upper=script) if upper else replace(base, lower=script)
    if isinstance(base, Marked) and base.named and upper and base.body.items and unmarked(script):
        *before, last = base.body.items
        if isinstance(last, Symbol | Accent) or (isinstance(last, Script) and last.upper is None):
            return replace(base, body=Row((*before, scripted(last, script, upper))))
    return Script(base, upper=script) if upper else Script(base, lower=script)


def primed(base: Part) -> Part:
    """Put a prime to a base."""
    return (
        replace(base, primes=base.primes + 1)
        if isinstance(base, Script)
        else Script(base, primes=1)
    )


def unmarked(root: Part) -> bool:
    """Whether no part stands for a value."""
    return fold(root, _free_of_marks)


def _free_of_marks(part: Part, inner: list[bool]) -> bool:
    return not isinstance(part, Marked) and all(inner)


# Side by side ------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """A part of a row in its surroundings.

    Attributes:
        part: what stands there.
        place: its index among the items of the row.
        kind: as of symbols, with ``"factor"`` for all that can be multiplied; a sign in front of
            what it belongs to is a ``"prefix"``.
        joint: what it has to do with the piece before it: ``"times"`` and ``"touching"`` (factors
            with a blank between them and without), ``"applied"`` (the piece before is a function),
            ``"apart"`` (wide space was asked for), or ``""``.
        width: of the space before it in em, None if not even a blank stands there.
    """

    part: Part
    place: int
    kind: str
    joint: str
    width: float | None


_NAMES = ("letter", "word")
_FACTORS = (*_NAMES, "bold", "number")
_OPERANDS = ("factor", "function", "sum", "opening")
_SIGNS_IN_FRONT = ("\N{MINUS SIGN}", "+", "\N{PLUS-MINUS SIGN}")
_BEFORE_SIGNS = ("function", "sum", "prefix", "operator", "relation", "punctuation", "opening")
#: From so many em on, space keeps things apart that are not factors.
_WIDE = 0.25


def pieces(items: tuple[Part, ...]) -> list[Piece]:
    """Return what stands side by side, spaces apart, and how it hangs together."""
    if len(items) == 1 and not isinstance(items[0], Space):
        return [Piece(items[0], 0, "factor", "", None)]
    found: list[Piece] = []
    width: float | None = None
    for place, part in enumerate(items):
        if isinstance(part, Space):
            width = max(width or 0, part.width)
            continue
        symbol = _symbol(part)
        kind = "factor" if symbol.kind in _FACTORS else symbol.kind
        before = found[-1].kind if found else "opening"
        if kind == "operator" and before in _BEFORE_SIGNS and symbol.text in _SIGNS_IN_FRONT:
            kind = "prefix"
        joint = _joint(found[-1], part, kind, width) if found else ""
        found.append(Piece(part, place, kind, joint, width))
        width = None
    return found


def _joint(before: Piece, part: Part, kind: str, width: float | None) -> str:
    if width is not None and width > _WIDE:
        return "apart"
    if before.kind in ("function", "sum"):
        return "applied" if kind in _OPERANDS or kind == "prefix" else ""
    if before.kind not in ("factor", "closing") or kind not in _OPERANDS:
        return ""
    if width is not None:
        return "times"
    called = isinstance(part, Fenced) and part.left == "(" and _symbol(before.part).kind in _NAMES
    return "applied" if called else "touching"


def _core(part: Part) -> Part:
    """What carries the scripts and accents, within a row or a mark of one item."""
    while True:
        if isinstance(part, Script):
            part = part.base
        elif isinstance(part, Accent | Marked) or (isinstance(part, Row) and len(part.items) == 1):
            body = part.body if not isinstance(part, Row) else part.items[0]
            if isinstance(body, Row) and len(body.items) != 1:
                return part
            part = body
        else:
            return part


def _symbol(part: Part) -> Symbol:
    """The symbol that carries the scripts; one of the kind ``"factor"`` if that is no symbol."""
    core = _core(part)
    return core if isinstance(core, Symbol) else Symbol("", "factor")
