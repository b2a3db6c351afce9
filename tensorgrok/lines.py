"""Lines: a program cut where a person would start a new one.

A line is ``target = expression``. How often to cut is a choice: at each value that has a name
(``"layers"``), as seldom as possible (``"one"``), or at every operation (``"ops"``). Whatever is
needed twice is a line of its own in any case, and so is what would make a line too long to read.

This module stands on ``naming`` and ``notation``; read ``backward`` next.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Literal

from .naming import Names
from .notation import Language, name_of, plain, write
from .roles import right_operand
from .terms import Term, ordered, terms_in, uses

Cut = Literal["layers", "one", "ops"]
CUTS: tuple[Cut, ...] = ("layers", "one", "ops")

#: The most operations that one line holds.
LONGEST = 12


class Line:
    """One line: a term and the expression that makes it.

    Attributes:
        target: the term.
        named: the terms that are written by name, in this line and all others of its program.
        direction: ``"forward"`` or ``"backward"``.
        step: its place in the order of computation, from 1.
    """

    def __init__(self, target: Term, named: frozenset[Term], direction: str, step: int) -> None:
        self.target, self.named, self.direction, self.step = target, named, direction, step
        self._expressions: dict[Language, str] = {}

    @functools.cached_property
    def inner(self) -> list[Term]:
        """What is computed in this line, inputs first and the target last."""
        found = ordered([self.target], self.named)
        return [term for term in found if term.card is not None]

    @property
    def size(self) -> int:
        """How many operations the line holds."""
        return len(self.inner)

    @functools.cached_property
    def terms(self) -> list[Term]:
        """The terms written by name in the expression, each once."""
        operands = (operand for term in self.inner for operand in terms_in(term.operands))
        inside = set(self.inner)
        return list(dict.fromkeys(operand for operand in operands if operand not in inside))

    def marked(self, language: Language) -> str:
        """The marked text of the whole line."""
        left = name_of(self.target, language)
        return f"{left} = {self.expression(language)}"

    def expression(self, language: Language) -> str:
        """The marked text of what stands right of the equals sign."""
        if language not in self._expressions:
            self._expressions[language] = write(self.target, language, self.named)
        return self._expressions[language]

    @property
    def python(self) -> str:
        """The line as Python."""
        return plain(self.marked("python"))

    @property
    def latex(self) -> str:
        """The line as LaTeX."""
        return plain(self.marked("latex"))

    def __repr__(self) -> str:
        return f"<Line {self.python}>"


def cut(terms: Sequence[Term], roots: Sequence[Term], names: Names, how: Cut) -> frozenset[Term]:
    """Return the computed terms that stand on lines of their own, and name those without a name.

    Args:
        terms: all terms to be written, inputs first.
        roots: those that must be lines in any case.
        names: who gives names.
        how: where to cut.
    """
    computed = [term for term in terms if term.card is not None]
    if how == "ops":
        kept = set(computed)
    else:
        wanted = [t for t in computed if t.name is not None]
        kept = set(wanted if how == "layers" else _needed(wanted, terms))
        kept |= set(roots)
        kept |= _too_long(computed, kept)
    for term in computed:
        if term in kept and term.name is None:
            names.give_number(term)
    return frozenset(kept)


def _needed(wanted: Iterable[Term], terms: Sequence[Term]) -> set[Term]:
    """Those that cannot be written in place: used twice, or computed right operands."""
    users = uses(terms)
    on_top: set[Term] = set()
    for term in terms:
        right = right_operand(term)
        if right is not None:
            on_top |= {right, *(terms_in(right.operands) if right.name is None else ())}
    return {term for term in wanted if len(users.get(term, ())) > 1 or term in on_top}


def _too_long(computed: Sequence[Term], kept: set[Term]) -> set[Term]:
    """What must be cut off lest a line hold too many operations."""
    size: dict[Term, int] = {}
    more: set[Term] = set()
    for term in computed:
        inside = [t for t in terms_in(term.operands) if t in size]
        total = 1 + sum(0 if t in kept or t in more else size[t] for t in inside)
        open_ones = [t for t in dict.fromkeys(inside) if t not in kept and t not in more]
        for longest in sorted(open_ones, key=size.__getitem__, reverse=True):
            if total <= LONGEST or size[longest] < 2:
                break
            more.add(longest)
            total -= size[longest]
        size[term] = total
    return more


def forward_lines(terms: Sequence[Term], kept: frozenset[Term]) -> list[Line]:
    """Return the lines of a program in the order they are computed."""
    targets = [term for term in terms if term in kept]
    return [Line(t, kept, "forward", step) for step, t in enumerate(targets, 1)]
