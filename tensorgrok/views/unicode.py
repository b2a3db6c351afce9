r"""Formulas for terminals: one line of characters, ``δ₁ = δ₂ W₁ᵀ ⊙ [l₁ > 0]``.

What a page shows by position must be said by characters here: scripts have characters of their own
as far as Unicode goes, and fractions and roots get the brackets that a bar would save them.
``to_ascii`` writes for terminals whose encoding has no such characters.

This module stands on ``formulas``, the trees; ``mathml`` writes the same for pages.
"""

# ruff: noqa: RUF001  # mathematics is written in these characters

from __future__ import annotations

import re
from typing import NamedTuple

from .commands import GREEK, accented
from .formulas import (
    Accent,
    Fenced,
    Formula,
    Fraction,
    Marked,
    Part,
    Piece,
    Root,
    Row,
    Script,
    Space,
    Symbol,
    Table,
    fold,
    pieces,
)

#: How tightly a text hangs together: ``LOOSE`` has a sum or a relation on its outside, and so on.
LOOSE, QUOTIENT, PRODUCT, ROOT, ATOM = range(5)

_PRODUCTS = ("⊙", "·", "×", "∗", "⊗", "∘")
_MINUS = ("\N{MINUS SIGN}", "+", "±")

_LOWER = dict(
    zip(
        "0123456789+−=()aehijklmnoprstuvxβγρϕχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
_UPPER = dict(
    zip(
        "0123456789+−=()⊤abcdefghijklmnoprstuvwxyz",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵀᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ",
        strict=True,
    )
)
_SMALL = {*_LOWER.values(), *_UPPER.values()}

_VULGAR = {
    ("1", "2"): "½", ("1", "3"): "⅓", ("2", "3"): "⅔", ("1", "4"): "¼", ("3", "4"): "¾",
    ("1", "5"): "⅕", ("1", "6"): "⅙", ("1", "8"): "⅛",
}  # fmt: skip

#: Characters as ASCII, where that is not the name of a Greek letter.
_ASCII = {
    "\N{MINUS SIGN}": "-", "⊙": "*", "·": "*", "×": "*", "∗": "*", "⊗": "kron", "⊕": "xor",
    "∘": "o", "÷": "/", "±": "+-", "∧": "and", "∨": "or", "¬": "not ", "≤": "<=", "≥": ">=",
    "≠": "!=", "≈": "~=", "∼": "~", "≫": ">>", "≪": "<<", "→": "->", "←": "<-", "⇒": "=>",
    "∈": "in", "∇": "grad ", "∂": "d", "∑": "sum", "∏": "prod", "∫": "int", "∀": "all ",
    "∃": "any ", "⊤": "T", "∞": "inf", "…": "...", "⋯": "...", "′": "'", "†": "*",
    "‖": "||", "⟨": "<", "⟩": ">", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")",
    **{character: name for name, character in GREEK.items()},
}  # fmt: skip


class Written(NamedTuple):
    """A text and what brackets depend on.

    Attributes:
        text: what is written.
        level: ``LOOSE`` to ``ATOM``.
        plain: whether it is a mere symbol, perhaps with a subscript.
        lowered, raised: whether it ends in a subscript, in a superscript.
    """

    text: str
    level: int = ATOM
    plain: bool = False
    lowered: bool = False
    raised: bool = False

    def within(self, level: int) -> str:
        """The text, in brackets if it is looser than a level."""
        return self.text if self.level >= level else f"({self.text})"


def to_unicode(formula: Formula | Part) -> str:
    r"""Return a formula as one line of Unicode text, without marks.

    Args:
        formula: what ``mathematics.parse`` returned.

    Examples:
        >>> from tensorgrok.views.mathematics import parse
        >>> from tensorgrok.views.unicode import to_unicode
        >>> to_unicode(parse(r"\nabla W_{0} = l_{0}^{\top} \delta_{1}"))
        '∇W₀ = l₀ᵀ δ₁'

    """
    return fold(_body(formula), _Writer(ascii_only=False)).text


def to_ascii(formula: Formula | Part) -> str:
    r"""Return a formula as one line of ASCII, for encodings that have nothing else.

    Args:
        formula: what ``mathematics.parse`` returned.

    Examples:
        >>> from tensorgrok.views.mathematics import parse
        >>> from tensorgrok.views.unicode import to_ascii
        >>> to_ascii(parse(r"\nabla W_{0} = l_{0}^{\top} \delta_{1}"))
        'grad W_0 = l_0^T delta_1'

    """
    text = fold(_body(formula), _Writer(ascii_only=True)).text
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _body(formula: Formula | Part) -> Part:
    return formula.body if isinstance(formula, Formula) else formula


class _Writer:
    """Writes a part, of what it made of that part's parts."""

    def __init__(self, ascii_only: bool) -> None:
        self.ascii = ascii_only

    def __call__(self, part: Part, inner: list[Written]) -> Written:
        match part:
            case Symbol(text):
                return Written(self._shown(text), plain=True)
            case Row(items):
                return self._row(pieces(items), inner)
            case Script():
                return self._script(part, inner)
            case Fenced(left, _, right):
                return Written(self._fenced(left, inner[0].text, right))
            case Fraction():
                return self._fraction(*inner)
            case Root(_, index):
                return self._root(inner[0], index)
            case Accent(name):
                return self._accent(inner[0], name)
            case Table(left, rows, right):
                return Written(self._table(left, [len(row) for row in rows], right, inner))
            case Marked():
                return inner[0]
            case Space():
                return Written("")

    def _shown(self, text: str) -> str:
        return _ASCII.get(text, text) if self.ascii else text

    def _row(self, row: list[Piece], inner: list[Written]) -> Written:
        if len(row) == 1:
            return inner[row[0].place]
        texts: list[str] = []
        for place, piece in enumerate(row):
            before = row[place - 1] if place else None
            factors = [piece.joint, row[place + 1].joint if place + 1 < len(row) else ""]
            neighbours = [row[i] for i in (place - 1, place + 1) if 0 <= i < len(row)]
            tight = any(joint in ("times", "touching", "applied") for joint in factors)
            tight |= any(n.kind == "operator" and not _sums(n) for n in neighbours)
            written = inner[piece.place].within(PRODUCT if tight else LOOSE)
            texts += [self._between(before, piece), written]
        level = min([ATOM, *(_level(piece, inner[piece.place]) for piece in row)])
        last = inner[row[-1].place] if row else Written("")
        return Written("".join(texts), level, lowered=last.lowered, raised=last.raised)

    def _between(self, before: Piece | None, piece: Piece) -> str:
        """What stands between two neighbours in a row."""
        if before is None:
            return ""
        if "operator" in (before.kind, piece.kind) or "relation" in (before.kind, piece.kind):
            return " "
        if before.kind == "punctuation":
            return " "
        if piece.joint == "times":
            return "" if _ones(before) and _ones(piece) and not self.ascii else " "
        if piece.joint == "apart":
            return "  "
        if piece.joint == "touching":
            return " " if self._apart(before) or self._apart(piece) else ""
        loose = piece.kind not in ("punctuation", "closing") and before.kind not in (
            "prefix",
            "opening",
        )
        return " " if piece.width is not None and loose else ""

    def _apart(self, piece: Piece) -> bool:
        """Whether a factor would run together with one that it touches."""
        if self.ascii and isinstance(piece.part, Fraction):
            return True
        core = _core(piece)
        return core.kind == "word" or len(self._shown(core.text)) > len(core.text)

    def _script(self, part: Script, inner: list[Written]) -> Written:
        base, scripts = inner[0], iter(inner[1:])
        text, raised = base.within(ATOM), base.raised
        if part.lower is not None:
            lower = next(scripts).text
            # A second subscript would read as one with the first: x₁[0], and not x₁₀.
            second = base.lowered or base.raised
            text += f"[{lower}]" if second else self._small(lower, "_", _LOWER)
            raised = raised and not second
        text += self._shown("′") * part.primes
        if part.upper is not None:
            if raised:
                text = f"({text})"
            text += self._small(next(scripts).text, "^", _UPPER)
        plain = base.plain and part.upper is None
        return Written(text, ATOM, plain, part.lower is not None, part.upper is not None)

    def _small(self, text: str, mark: str, characters: dict[str, str]) -> str:
        """A script."""
        tight = re.sub(r" ([+−=-]) |, ", _without_spaces, text)
        if text and not self.ascii and all(character in characters for character in tight):
            return "".join(characters[character] for character in tight)
        single = re.fullmatch(r"-?[^\W_]+(\.[0-9]+)?", text) and not _SMALL.intersection(text)
        return mark + text if single else f"{mark}{{{tight}}}"

    def _fenced(self, left: str, body: str, right: str) -> str:
        if self.ascii and (left, right) == ("⌊", "⌉"):
            left, right = "round(", ")"
        return self._shown(left) + body + self._shown(right)

    def _fraction(self, numerator: Written, denominator: Written) -> Written:
        vulgar = _VULGAR.get((numerator.text, denominator.text))
        if vulgar is not None:
            return Written(f"{numerator.text}/{denominator.text}" if self.ascii else vulgar)
        return Written(f"{numerator.within(PRODUCT)} / {denominator.within(ROOT)}", QUOTIENT)

    def _root(self, body: Written, index: str) -> Written:
        simple = body.plain and not body.raised
        if self.ascii:
            return Written(f"sqrt({body.text})" if not index else f"root{index}({body.text})")
        sign = {"": "√", "3": "∛", "4": "∜"}.get(index) or self._small(index, "", _UPPER) + "√"
        return Written(sign + (body.text if simple else f"({body.text})"), ROOT)

    def _accent(self, body: Written, name: str) -> Written:
        if not body.plain:
            return Written(f"{name}({body.text})")
        if self.ascii:
            return Written(f"{body.text}_{'bar' if name == 'overline' else name}", plain=True)
        return body._replace(text=accented(body.text, name))

    def _table(self, left: str, widths: list[int], right: str, cells: list[Written]) -> str:
        texts = iter(cell.text for cell in cells)
        rows = [", ".join(next(texts) for _ in range(width)) for width in widths]
        if not left and not right:
            left, right = "[", "]"
        return self._shown(left) + "; ".join(rows) + self._shown(right)


def _without_spaces(found: re.Match[str]) -> str:
    return found.group().strip()


def _core(piece: Piece) -> Symbol:
    """The symbol under the scripts of a piece."""
    part = piece.part
    while isinstance(part, Script):
        part = part.base
    return part if isinstance(part, Symbol) else Symbol("", "factor")


def _sums(piece: Piece) -> bool:
    return _core(piece).text in _MINUS


def _ones(piece: Piece) -> bool:
    return _core(piece) == Symbol("1", "bold")


def _level(piece: Piece, written: Written) -> int:
    """How tightly a row of several pieces can hang together if it has this one."""
    if piece.kind == "operator":
        return PRODUCT if _core(piece).text in _PRODUCTS else LOOSE
    if piece.kind in ("relation", "punctuation"):
        return LOOSE
    if piece.kind == "prefix":
        return ATOM if _core(piece).text in ("∇", "∂") else PRODUCT
    called = piece.joint == "applied" and piece.width is None and isinstance(piece.part, Fenced)
    return ATOM if (piece.joint == "" and written.level > QUOTIENT) or called else PRODUCT
