"""Lines that repeat: twelve blocks are one block, twelve times.

Two lines are alike if they apply the same cards to values of the same shapes which lie equally far
back. A run is a stretch of lines after which the same stretch comes again, and again.

This module stands on ``lines``; read ``reading`` next.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from .lines import Line
from .roles import BIAS, WEIGHT
from .terms import Sign, Term, terms_in

#: The longest stretch that is looked for, and how often it has to come to be shown once.
LONGEST, OFTEN = 48, 3


class Run(NamedTuple):
    """Lines that are shown, and how often they come.

    Attributes:
        lines: of the first time.
        times: how often they come in all.
        every: all lines, those of the first time too.
    """

    lines: list[Line]
    times: int
    every: list[Line]

    @property
    def last(self) -> Line:
        """The last line of the last time."""
        return self.every[-1]

    @property
    def is_recurrent(self) -> bool:
        """Whether it is one and the same step each time: with the same parameters."""
        told = [_parameters(line) for line in self.every]
        period = len(self.lines)
        same = all(told[place] == told[place % period] for place in range(len(told)))
        return self.times > 1 and same and any(told)

    @property
    def whole(self) -> Line | None:
        """All of it as one line, where what repeats is one module call after the other."""
        first, last = self.lines[0].target, self.last.target
        if self.times == 1 or len(self.lines) > 1 or first.kind != "module" or first.parameters:
            return None
        chained = all(
            list(terms_in(line.target.operands)) == [before.target]
            for before, line in itertools.pairwise(self.every)
        )
        if not chained or len(first.operands) != 1:
            return None
        made = Term(_chained(first.card, last.card), first.operands, {}, last.shape, last.dtype)
        made.id, made.name, made.symbol, made.role = last.id, last.name, last.symbol, last.role
        made.source = last.source
        return Line(made, self.last.named | {made}, self.last.direction, self.last.step)


def _parameters(line: Line) -> list[Any]:
    """The parameters of a line, and the modules that keep theirs to themselves."""
    modules = [term.card.name for term in line.inner if term.card and term.kind == "module"]
    return [*modules, *(term for term in line.terms if term.role in (WEIGHT, BIAS))]


def _chained(first: Any, last: Any) -> Sign:
    """What calls of one module after the other are written with: the first and the last of them."""
    (field,) = first.arguments
    whole = {
        "python": last.python.replace(f"{{{field}}}", f"… {first.python}"),
        "latex": last.latex.replace(f"{{{field}}}", rf"\cdots {first.latex}"),
    }
    return Sign(last.name, first.kind, first.arguments, **whole)


def shown_lines(lines: Sequence[Line]) -> int:
    """How many lines are left to read when repetitions are shown once."""
    return sum(len(run.lines) for run in runs(lines))


def runs(lines: Sequence[Line]) -> list[Run]:
    """Return the lines as runs, in order; a line that does not repeat is in a run of its own."""
    places = {line.target: place for place, line in enumerate(lines)}
    likes = _numbered([_likeness(line, places) for line in lines])
    found: list[Run] = []
    start = 0
    single: list[Line] = []
    while start < len(lines):
        period, count = _repetition(likes, start)
        if count < OFTEN:
            single.append(lines[start])
            start += 1
            continue
        if single:
            found.append(Run(single, 1, single))
            single = []
        stop = start + period * count
        found.append(Run(list(lines[start : start + period]), count, list(lines[start:stop])))
        start = stop
    if single:
        found.append(Run(single, 1, single))
    return found


def _repetition(likes: Sequence[int], start: int) -> tuple[int, int]:
    """The shortest stretch from a place on that comes often, and how often; else (1, 1)."""
    for period in range(1, min(LONGEST, (len(likes) - start) // OFTEN) + 1):
        stretch = likes[start : start + period]
        if likes[start + period : start + 2 * period] != stretch:
            continue
        count = 2
        while likes[start + count * period : start + (count + 1) * period] == stretch:
            count += 1
        if count >= OFTEN:
            return period, count
    return 1, 1


def _numbered(likenesses: list[Any]) -> list[int]:
    numbers: dict[Any, int] = {}
    return [numbers.setdefault(likeness, len(numbers)) for likeness in likenesses]


def _likeness(line: Line, places: dict[Term, int]) -> Any:
    """What lines that are alike have in common."""
    here = places[line.target]
    inner = {term: place for place, term in enumerate(line.inner)}
    # A folded call is like another of a module of the same class and size, whatever it is called.
    return tuple(
        (
            getattr(term.card, "described", ()) if term.kind == "module" else term.card.name,
            tuple(_operand(operand, inner, here, places) for operand in term.operands),
            repr(sorted(term.parameters.items())) if term.kind != "module" else "",
            term.shape,
        )
        for term in line.inner
        if term.card is not None
    )


def _operand(operand: Any, inner: dict[Term, int], here: int, places: dict[Term, int]) -> Any:
    """What operands that are alike have in common."""
    if isinstance(operand, tuple):
        return tuple(_operand(item, inner, here, places) for item in operand)
    if not isinstance(operand, Term):
        return type(operand), operand
    if operand in inner:
        return "inner", inner[operand]
    back = here - places[operand] if operand in places else operand.role
    return back, operand.shape, str(operand.dtype)
