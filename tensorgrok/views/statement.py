"""One line as everybody reads it: Python, LaTeX, Unicode, MathML and bricks.

This module stands on ``lines`` and the renderers; read ``view`` next.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from ..lines import Line
from . import bricks, flow, terminal
from .mathematics import parse
from .mathml import to_mathml
from .stacks import TIMES
from .unicode import to_ascii, to_unicode


class Statement:
    """A line of a program in all its notations; all of them are made from the same terms.

    Attributes:
        line: the terms.
        id: of the value that it computes.
        name: Python name of that value.
        step: its place in the order of computation, from 1.
    """

    def __init__(self, line: Line, shown: Callable[[], flow.Shown]) -> None:
        self.line, self._shown = line, shown
        self.id, self.name, self.step = line.target.id, line.target.name, line.step

    def again(self, whole: Line, count: int) -> Statement:
        """The statement for a module call that stands for so many, this one the last."""

        def shown() -> flow.Shown:
            now = self._shown()
            name, *rest = now.modules[self.line.target]
            each = [f"each {text}" for text in rest[1:]]
            lines = (f"{count} {TIMES} {rest[0]}", f"… {name}", *each)
            return now._replace(modules={**now.modules, whole.target: lines})

        return Statement(whole, shown)

    def renumbered(self, places: Mapping[int, int]) -> Statement:
        """The statement on a page that shows some of the lines, with their places for steps."""

        def shown() -> flow.Shown:
            now = self._shown()
            steps = {term: places.get(step, 0) for term, step in now.steps.items()}
            return now._replace(steps=steps)

        again = Statement(self.line, shown)
        again.step = places.get(self.step, 0)
        return again

    @property
    def python(self) -> str:
        """The line as Python, such as ``layer_2 = layer_1.dot(weights_1_2)``."""
        return self.line.python

    @property
    def latex(self) -> str:
        """The line as LaTeX, without dollar signs."""
        return self.line.latex

    @property
    def unicode(self) -> str:
        """The line as plain text algebra, such as ``l₂ = l₁ W₁``."""
        return to_unicode(parse(self.latex))

    @property
    def ascii(self) -> str:
        """The same for terminals that know nothing but ASCII."""
        return to_ascii(parse(self.latex))

    @property
    def mathml(self) -> str:
        """The line as MathML, every sub-expression with the id of its value."""
        roles = {term.id: term.role for term in (self.line.target, *self.line.terms)}
        return to_mathml(parse(self.line.marked("latex")), roles)

    @functools.cached_property
    def lanes(self) -> list[flow.Lane]:
        """The stacks of bricks of the line; side calculations first."""
        return list(flow.lanes(self.line, self._shown()))

    def picture(self, width: float = 1100, height: float | None = None) -> bricks.Picture:
        """The bricks of the line, drawn; see ``bricks.draw``."""
        return bricks.draw_lanes(self.lanes, self.unicode, width=width, height=height)

    @property
    def bricks(self) -> str:
        """The bricks of the line as SVG."""
        return self.picture().svg

    def terminal(self, width: int = 80, *, colour: bool = False, only_ascii: bool = False) -> str:
        """The bricks of the line as text."""
        drawn = (
            terminal.terminal(lane, width, colour=colour, only_ascii=only_ascii)
            for lane in self.lanes
        )
        return "\n\n".join(drawn)

    def __str__(self) -> str:
        return self.python

    def __repr__(self) -> str:
        return f"<Statement {self.python}>"
