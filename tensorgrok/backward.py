r"""The backward pass in lines: ``∇W₁ = l₁ᵀ δ₂``, ``δ₁ = δ₂ W₁ᵀ ⊙ [l₁ > 0]``.

Cotangents get names here. That of a layer is taken before its activation, as books do: where
``layer_1 = relu(layer_0.dot(weights_0_1))``, ``layer_1_delta`` is the cotangent of the product, for
that is what the weights before it are told. The gradient of a parameter is ``weight_delta_0_1``.

This module stands on ``derivation`` and ``lines``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import tidying
from .derivation import Derivation
from .engine import primitives
from .lines import Cut, Line, cut
from .naming import Names, identifier, is_light
from .roles import DELTA, GRADIENT, LAYER
from .symbols import delta_of
from .terms import Program, Term, ordered, terms_in, uses

_PARAMETER = re.compile(r"(weight|bias)(?:e?s)?_(\d+(?:_\d+)?)")


class Backward:
    """The backward pass of a program.

    Args:
        program: the forward pass, named.
        names: who named it.
        kept: the terms that are lines of the forward pass.
        how: where to cut.

    Attributes:
        lines: in the order they are computed.
        seed: the input that stands for the cotangent of a result that is no number; else None.
        delta_of: for each forward term the cotangent that is shown with it: of a layer before its
            activation, of a parameter its gradient.
        gradients: of the parameters, by their term.
    """

    def __init__(
        self, program: Program, names: Names, kept: frozenset[Term], how: Cut, first_step: int
    ) -> None:
        self._names, self._how, self._kept = names, how, kept
        self.delta_of: dict[Term, Term] = {}
        self.gradients: dict[Term, Term] = {}
        self._targets: list[Term] = []
        self._owner = {} if how == "ops" else owners(program, kept)
        root = program.roots[0]
        is_number = root.shape == () and root.dtype.kind == "f"  # of complex ones backward is told
        self.seed = None if is_number else self._given(root)
        Derivation(program, self.seed, how != "ops", self._observe)
        self.lines = self._cut(program, first_step)

    def _given(self, root: Term) -> Term:
        """The cotangent that backward was, or would be, called with."""
        seed = Term(None, (), {}, root.shape, root.dtype)
        self._name(seed, root, DELTA)
        self.delta_of[root] = seed
        return seed

    def _observe(self, term: Term, g: Term) -> Term:
        """Name the cotangent of a term, if it is one to be shown."""
        if term.card is None and term.requires_grad:
            return self._gradient(term, g)
        if self._how == "ops":
            owner: Term | None = term
        else:
            owner = self._owner.get(term)
        if owner is None:
            return g
        if g.name is None and tidying.number_in(g) is None:
            self._name(g, owner, DELTA)
            self._targets.append(g)
        if g.name is not None:
            self.delta_of.setdefault(owner, g)
        return g

    def _gradient(self, term: Term, g: Term) -> Term:
        if g.name is not None:  # it is a delta as well, and stays one
            g = Term(primitives["identity"], (g,), {}, g.shape, g.dtype)
        is_layer = term.role == LAYER
        self._name(g, term, DELTA if is_layer else GRADIENT)
        self._targets.append(g)
        self.gradients[term] = self.delta_of[term] = g
        return g

    def _name(self, g: Term, term: Term, role: str) -> None:
        assert term.name is not None
        assert term.symbol is not None
        g.role = role
        name = identifier(term.name)
        numbered = _PARAMETER.fullmatch(name)
        if role == GRADIENT:
            spelled = f"{numbered[1]}_delta_{numbered[2]}" if numbered else f"{name}_delta"
            self._names.give(g, spelled, rf"\nabla {term.symbol}")
        else:
            self._names.give(g, f"{name}_delta", delta_of(term.symbol))

    def _cut(self, program: Program, first_step: int) -> list[Line]:
        """Lines for what was named, for what is needed twice, and for what would be too long."""
        known = set(program.terms) | ({self.seed} if self.seed else set())
        derived = [term for term in ordered(self._targets, known) if term not in known]
        users = uses(derived)
        if self._how != "ops":
            for term in derived:
                shared = len(users.get(term, ())) > 1 and term.card is not None
                if shared and term.name is None and not is_light(term):
                    self._names.give_number(term)
        kept = self._kept | cut(derived, self._targets, self._names, self._layers())
        again = self._unspoken(program, derived)
        kept |= set(again)
        lines = [Line(term, kept, "forward", first_step + at) for at, term in enumerate(again)]
        done: set[Term] = set(program.terms)
        for target in self._targets:
            for term in ordered([target], done):
                if term in kept and term not in done:
                    lines.append(Line(term, kept, "backward", first_step + len(lines)))
                done.add(term)
        self._names.number(line.target for line in lines if line.direction == "backward")
        for number, term in enumerate(_all_terms(lines, known, self.seed)):
            term.id = f"d{number}"
            term.role = term.role or DELTA
        return lines

    def _unspoken(self, program: Program, derived: Sequence[Term]) -> list[Term]:
        """The named values that backward speaks of and that are on no line of the forward pass."""
        spoken = {operand for term in derived for operand in terms_in(term.operands)}
        read = ordered([term for term in program.terms if term in spoken])
        return [
            term
            for term in read
            if term.card is not None and term.name is not None and term not in self._kept
        ]

    def _layers(self) -> Cut:
        return "ops" if self._how == "ops" else "layers"


def _all_terms(lines: Sequence[Line], known: set[Term], seed: Term | None) -> list[Term]:
    found = dict.fromkeys([seed] if seed else [])
    for line in lines:
        for term in (*line.terms, *line.inner):
            if term not in known:
                found[term] = None
    return [term for term in found if term is not None]


def owners(program: Program, kept: frozenset[Term]) -> dict[Term, Term]:
    """For the term whose cotangent is a layer's delta, that layer."""
    found: dict[Term, Term] = {}
    for term in program.terms:
        if term.card is not None and term.name is not None and term.dtype.__class__ is not tuple:
            found[_before_activation(term, kept)] = term
    return found


def _before_activation(layer: Term, kept: frozenset[Term]) -> Term:
    """The product, or product plus bias, that a layer is the activation of; else the layer."""
    term = layer
    while True:
        if term.kind == "contraction" or _adds_bias(term):
            return term
        computed = [t for t in terms_in(term.operands) if t.card is not None]
        if term.kind != "elementwise" or len(computed) != 1 or computed[0].shape != layer.shape:
            return layer
        term = computed[0]
        if term.name is not None or term in kept:
            return layer


def _adds_bias(term: Term) -> bool:
    if term.card is None or term.card.name != "add":
        return False
    products = [t for t in terms_in(term.operands) if t.kind == "contraction"]
    inputs = [t for t in terms_in(term.operands) if t.card is None]
    return len(products) == len(inputs) == 1
