"""Notation: terms written as Python or as LaTeX, brackets only where binding needs them.

The words are those of the cards: a template over the names of arguments, in which ``{x:sum}`` asks
that the operand bind at least as tightly as a sum, else it stands in brackets; ``{x:truth}`` puts
a comparison, and nothing else, into square ones. Every sub-expression
carries the id of its value between private-use characters (marked text), so that whoever shows the
text can tell what each part of it is; ``plain`` takes the marks off.

This module stands on ``terms``; read ``lines`` next, which says where an expression is cut.
"""

from __future__ import annotations

import cmath
import functools
import itertools
import math
import re
from collections.abc import Container
from typing import Any, Literal

import numpy as np

from .symbols import symbol_level
from .terms import Term, ordered

Language = Literal["python", "latex"]

#: Marks: ``OPEN id MID text CLOSE`` around what is computed, ``NAME id MID text CLOSE`` around the
#: name of a value. They nest.
OPEN, NAME, MID, CLOSE = "\ue000", "\ue001", "\ue002", "\ue003"

#: How tightly things bind, loosest first. In algebra a minus in front covers a whole product, as do
#: sums over an axis, juxtaposition binds tighter than an elementwise product, and a subscript needs
#: a base that has none: an atom.
LEVELS = {
    "python": ("comparison", "sum", "product", "unary", "power", "call", "atom"),
    "latex": (
        *("comparison", "sum", "unary", "operator", "hadamard"),
        *("product", "power", "call", "atom"),
    ),
}
_RANKS = {
    language: {level: rank for rank, level in enumerate(levels)}
    for language, levels in LEVELS.items()
}
_MARKS = re.compile(f"[{OPEN}{NAME}]([^{MID}]*){MID}|{CLOSE}")
_FIELD = re.compile(r"\{\{|\}\}|\{[^{}]*\}")
_PRODUCT = re.compile(r"\} \{(?=[^{])")
_WORD_FIRST = re.compile(r"\\mathrm\{")
_WORD_LAST = re.compile(r"\\mathrm\{[^{}]*\}(_\{[^{}]*(\{[^{}]*\}[^{}]*)*\})?'*$")


def plain(marked: str) -> str:
    """Return a marked text without its marks."""
    return _MARKS.sub("", marked)


def ids(marked: str) -> list[str]:
    """Return the ids in a marked text, in order, each as often as it occurs."""
    return [found[1] for found in _MARKS.finditer(marked) if found[1] is not None]


class Written:
    """A written operand: what a template formats, and what notation functions look at.

    Attributes:
        literal: the number it is; notation functions look at it, so a term does not have it.
        shape, ndim, dtype: of a term.
    """

    def __init__(self, text: str, level: str, language: Language) -> None:
        self.text, self.level, self.language = text, level, language

    def __format__(self, least: str) -> str:
        ranks = _RANKS[self.language]
        if least == "truth":  # the 1 or 0 that a comparison stands for, in Iverson's brackets
            compared = self.level == "comparison"
            return rf"\left[{self.text}\right]" if compared else format(self, "product")
        if least and ranks[self.level] < ranks[least]:
            return f"({self.text})" if self.language == "python" else _bracketed(self.text)
        return self.text


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)"


class WrittenTerm(Written):
    """A term as an operand of notation."""

    def __init__(self, term: Term, text: str, level: str, language: Language) -> None:
        super().__init__(text, level, language)
        self.shape, self.ndim, self.dtype = term.shape, len(term.shape), term.dtype


class WrittenNumber(Written):
    """A Python number as an operand of notation."""

    shape: tuple[int, ...] = ()
    ndim = 0

    def __init__(self, literal: Any, language: Language) -> None:
        text, level = _number(literal, language)
        super().__init__(text, level, language)
        self.literal = literal


class WrittenSequence(tuple[Written, ...]):
    """The operands of a sequence argument: a list in Python, with commas in algebra."""

    def __format__(self, least: str) -> str:
        text = ", ".join(format(item) for item in self)
        in_python = all(item.language == "python" for item in self)
        return f"[{text}]" if in_python else text


def number_text(value: Any, language: Language) -> str:
    """Return a Python number as it is written."""
    return _number(value, language)[0]


def _number(value: Any, language: Language) -> tuple[str, str]:
    """Text of a number, and how tightly it binds."""
    python = language == "python"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, complex):
        return _complex_number(value, python)
    if isinstance(value, float) and not math.isfinite(value):
        if python:
            return f"float('{value}')", "call"
        infinite = r"\infty" if value > 0 else r"-\infty"
        return (r"\mathrm{nan}", "call") if math.isnan(value) else (infinite, _sign_level(value))
    if isinstance(value, bool) and not python:
        return str(int(value)), "call"
    text = repr(value)
    if len(text) > _LONG and isinstance(value, float):
        found = _closed_form(value)
        if found is not None:
            return found[0 if python else 1], found[2]
    if python:
        return text, "unary" if text.startswith("-") else "call"
    if text.endswith(".0"):
        text = text[:-2]
    digits, _, exponent = text.partition("e")
    if exponent:
        return rf"{digits} \cdot 10^{{{int(exponent)}}}", "sum" if value < 0 else "hadamard"
    return text, _sign_level(value)


def _complex_number(value: complex, python: bool) -> tuple[str, str]:
    text = repr(value).strip("()")
    if python and not cmath.isfinite(value):
        return f"complex('{text}')", "call"
    if python:
        return text, "sum"
    text = text.replace("inf", r"\infty ").replace("nan", r"\mathrm{nan}")
    return text.replace("j", r" \mathrm{i}"), "sum"


_LONG = 8  # characters that a number may take before a shorter way to say it is looked for
_ROOTS = 1 << 20


def _closed_form(value: float) -> tuple[str, str, str] | None:
    """A fraction or a root that is this number to the last bit, in Python and in LaTeX."""
    if not 1 / _ROOTS < abs(value) < _ROOTS:
        return None
    for numerator in (1, 2):
        denominator = round(numerator / value) if abs(value) < numerator else 0
        if 0 < denominator < _ROOTS and numerator / denominator == value:
            text = f"{numerator} / {denominator}"
            return text, rf"\tfrac{{{numerator}}}{{{denominator}}}", "product"
    square = round(value * value)
    if 0 < square < _ROOTS and value == square**0.5:
        return f"{square} ** 0.5", rf"\sqrt{{{square}}}", "power"
    square = round(1 / (value * value))
    if 0 < square < _ROOTS and value == 1 / square**0.5:
        return f"1 / {square} ** 0.5", rf"\tfrac{{1}}{{\sqrt{{{square}}}}}", "product"
    return None


def _sign_level(value: float) -> str:
    return "sum" if value < 0 else "call"  # a negative factor stands in brackets


@functools.lru_cache(maxsize=4096)
def python_level(template: str) -> str:
    """How tightly Python binds what a template says, read off the operators outside brackets."""
    bare = _FIELD.sub("x", template)
    outside, depth = [], 0
    for character in bare:
        depth -= character in ")]"
        if depth == 0:
            outside.append(character)
        depth += character in "(["
    text = "".join(outside)
    if any(f" {sign} " in text for sign in ("==", "!=", "<=", ">=", "<", ">", ">>", "&", "|", "^")):
        return "comparison"
    if " + " in text or " - " in text:
        return "sum"
    if any(f" {sign} " in text for sign in ("*", "/", "//", "@", "%")):
        return "product"
    if " ** " in text:
        return "power"
    return "unary" if text.startswith("-") else "call"


def _template(term: Term, fields: dict[str, Any], language: Language) -> tuple[str, str]:
    """The template of a card for these operands, and how tightly the result binds."""
    assert term.card is not None
    notation = getattr(term.card, language)
    template = notation if isinstance(notation, str) else notation(**fields)
    if language == "python":
        return template, python_level(template)
    return template, term.card.precedence


def _spaced(template: str, fields: dict[str, Any]) -> str:
    """A template in which a word as a factor stands off by a thin space."""
    names = [found[1:-1].split(":")[0] for found in _FIELD.findall(template)]
    for left, right in itertools.pairwise(names):
        first, second = (str(plain(getattr(fields.get(n), "text", ""))) for n in (left, right))
        if _WORD_LAST.search(first) or _WORD_FIRST.match(second):
            return _PRODUCT.sub(r"} \\, {", template)
    return template


def write(target: Term, language: Language, by_name: Container[Term]) -> str:
    """Return the marked text of the expression that makes a term.

    Args:
        target: the term whose expression to write.
        language: ``"python"`` or ``"latex"``.
        by_name: the terms that are written by name; inputs are in any case.
    """
    written: dict[Term, Written] = {}
    for term in ordered([target], by_name):
        if term.card is None:
            continue
        fields = _fields(term, written, language)
        try:
            text, level = _spelled(term, fields, language)
        except Exception:  # the notation of somebody's card does not work: it is shown as a call
            text, level = _plain_call(term, fields, language), "call"
        marked = f"{OPEN}{term.id}{MID}{text}{CLOSE}"
        written[term] = WrittenTerm(term, marked, level, language)
    return written[target].text if target in written else name_of(target, language)


def _spelled(term: Term, fields: dict[str, Any], language: Language) -> tuple[str, str]:
    """What the card of a term says of its operands, and how tightly that binds."""
    template, level = _template(term, fields, language)
    if language == "latex" and " " in template:
        template = _spaced(template, fields)
    alone = fields.get(template[1:-1].split(":")[0])
    if _FIELD.fullmatch(template) and isinstance(alone, Written):
        level = alone.level  # it says no more than its operand
    shown = {name: _setting(value, language) for name, value in fields.items()}
    return template.format(**shown), level if level in _RANKS[language] else "comparison"


def _plain_call(term: Term, fields: dict[str, Any], language: Language) -> str:
    """``name(x, [y, z])``, whatever the card says."""
    assert term.card is not None
    shown = []
    for argument in term.card.arguments:
        value = fields[argument]
        several = isinstance(value, tuple)
        shown.append(f"[{', '.join(f'{one}' for one in value)}]" if several else f"{value}")
    name = term.card.name
    if language == "python":
        return f"{name}({', '.join(shown)})"
    upright = name.replace("_", r"\_")
    return rf"\operatorname{{{upright}}}\left({', '.join(shown)}\right)"


def name_of(term: Term, language: Language) -> str:
    """Return the marked name of a term in Python, or its symbol in LaTeX."""
    text = term.name if language == "python" else term.symbol
    return f"{NAME}{term.id}{MID}{text}{CLOSE}"


def _fields(term: Term, written: dict[Term, Written], language: Language) -> dict[str, Any]:
    """Operands and parameters of a term, as templates take them."""
    assert term.card is not None
    settings = {name: _plain_value(value) for name, value in term.parameters.items()}
    operands = [_operand(operand, written, language) for operand in term.operands]
    return dict(zip(term.card.arguments, operands, strict=True)) | settings


def _operand(operand: Any, written: dict[Term, Written], language: Language) -> Any:
    """An operand as templates take it."""
    if isinstance(operand, tuple):
        return WrittenSequence(_operand(one, written, language) for one in operand)
    if not isinstance(operand, Term):
        return WrittenNumber(operand, language)
    if operand in written:
        return written[operand]
    level = "atom" if language == "python" else symbol_level(operand.symbol or "_")
    return WrittenTerm(operand, name_of(operand, language), level, language)


def _plain_value(value: Any) -> Any:
    """A setting without NumPy's scalars, which print as calls of NumPy."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(_plain_value, value)) if type(value) is tuple else value


class _Setting(str):
    """Text that stands in a template, and in a tuple, as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _setting(value: Any, language: Language) -> Any:
    """A setting as templates print it: of numbers that have no literal, what makes them."""
    if isinstance(value, float | complex) and not cmath.isfinite(value):
        return _Setting(number_text(value, language))
    if type(value) is tuple and value:
        return tuple(_setting(item, language) for item in value)
    return value
