"""What the pictures of one view have in common: numbers, deltas, steps, what modules say.

Lines are drawn when somebody looks at them and need all this then. They hold it, and it holds no
lines, so a view that nobody needs any more is freed at once, with the graph.

This module stands on ``reading`` and ``values``; read ``statement`` next.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from ..backward import owners
from ..reading import Reading
from ..tensor import Tensor
from ..terms import Program, Term, ordered
from .flow import Shown
from .values import HOOKED, Values


class Showing:
    """What statements ask for when they are drawn.

    Args:
        reading: the graph.
        wanted: whether to show numbers.
        detail: how much of them, as for ``view``.
        seed: the cotangent that backward starts from, or None.
        bars: for layers the R² of their readout, held out and train.

    Attributes:
        values: the numbers.
    """

    def __init__(
        self,
        reading: Reading,
        wanted: bool,
        detail: str,
        seed: Tensor | None,
        bars: Mapping[Term, tuple[float | None, float]],
    ) -> None:
        self._reading, self._detail, self._bars = reading, detail, bars
        tensor = reading.tensor
        handles = {**reading.known.handles, tensor.node: tensor}
        whole = reading.program
        if whole.folded:
            whole = Program([tensor.node])  # type: ignore[list-item]  # it was recorded
        self.values = Values(whole, handles, wanted, reading.program.homes)
        if seed is not None and reading.backward.seed is not None:
            self.values.give(reading.backward.seed, seed)
        if self.values.hooked and wanted:
            self.values.withhold(self._behind_hooks(), HOOKED)

    def _behind_hooks(self) -> list[Term]:
        """The cotangents that are not what backward gives because a hook may change them."""
        behind = {term.source for term in ordered(self.values.hooked)}
        reading = self._reading
        terms = {term for term in reading.program.terms if term.source in behind}
        if reading.how != "ops":  # there that of a layer is taken before its activation
            owner = owners(reading.program, reading.kept)
            terms |= {owner[term] for term in terms if term in owner}
        return [delta for term, delta in reading.backward.delta_of.items() if term in terms]

    @functools.cached_property
    def steps(self) -> dict[Term, int]:
        """For each term the line in which it is computed."""
        found: dict[Term, int] = {}
        for line in (*self._reading.lines, *self._reading.backward.lines):
            for term in line.inner:
                found.setdefault(term, line.step)
        return found

    @functools.cached_property
    def _modules(self) -> dict[Term, tuple[str, ...]]:
        program = self._reading.program
        return {program.of[node]: call.lines for node, call in program.folded.items()}

    def line(self) -> Shown:
        """What the picture of one line shows."""
        return Shown(self.values, {}, {}, self.steps, self._modules, self._detail)

    def whole(self) -> Shown:
        """What a picture of the whole shows: deltas and correlations as well."""
        deltas = self._reading.backward.delta_of if self.values.differentiated else {}
        layers = {term: delta for term, delta in deltas.items() if term.card is not None}
        return self.line()._replace(deltas=layers, bars=self._bars)

    def inside(self) -> Shown:
        """What a picture of lines within a module call shows: they are no steps."""
        return self.line()._replace(steps={})
