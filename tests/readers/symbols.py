"""Symbols: reads a recorded graph, forward and backward, as Python or as LaTeX.

The words are those of the cards; the backward statements are the pullbacks themselves, called with
symbols. Unlike the views, names and cuts are what a test says they are.
"""

from __future__ import annotations

from typing import Any

from tensorgrok import Tensor
from tensorgrok.derivation import Derivation
from tensorgrok.notation import Language, name_of, plain, write
from tensorgrok.terms import Program, Term


class Reader:
    """Reads one graph in one language. ``names`` maps tensors to their text."""

    def __init__(self, result: Tensor, names: dict[Tensor, str], language: Language) -> None:
        self.language = language
        self.program = Program([result.node])  # type: ignore[list-item]  # it was recorded
        known: dict[Any, Term] = {**self.program.of}
        self.texts = {known[t.node]: text for t, text in names.items() if t.node in known}
        for term, text in self.texts.items():
            term.name = term.symbol = text
        for term in self.program.terms:
            assert term.card is not None or term.name, f"a leaf needs a name: {term}"
        self.forward = [
            self._line(term)
            for term in self.program.terms
            if term in self.texts and term.card is not None
        ]

    def _line(self, term: Term) -> str:
        left = plain(name_of(term, self.language))
        return f"{left} = {plain(write(term, self.language, self.texts))}"

    def backward(self, deltas: dict[Tensor, str], tidy: bool = True) -> list[str]:
        """The backward statements; ``deltas`` names the cotangents of tensors."""
        known: dict[Any, Term] = {**self.program.of}
        wanted = {known[tensor.node]: text for tensor, text in deltas.items()}
        lines = []

        def observe(term: Term, g: Term) -> Term:
            text = wanted.get(term)
            if text is None:
                return g
            if g.name is not None:  # another name for the same value
                lines.append(f"{text} = {g.name}")
                return g
            g.name = g.symbol = text
            self.texts[g] = text
            lines.append(self._line(g))
            return g

        Derivation(self.program, None, tidy, observe)
        return lines
