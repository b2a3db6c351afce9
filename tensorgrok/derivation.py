"""The backward pass as terms: what the pullbacks say when they are read with symbols.

Nobody writes derivatives down: ``Derivation`` walks the graph as backward does and calls the same
rules, but the values it hands them are formal ones, which note what is done to them. Where the
result is meant for people, a few rewritings (``tidy``) spell it as one would by hand.

This module stands on ``terms`` and ``plans``; read ``naming`` next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import tidying
from .backend import Namespace
from .engine import SCALARS, primitives
from .graph import Crossing, Leaf, Node, Output
from .inference import picked
from .ops.indexing import take_apart
from .terms import MOVED, Program, Sign, Term, ordered, pulled_sign
from .vocabulary import VOCABULARY


class Formal:
    """A value that is a term: operators and functions on it make further terms."""

    __slots__ = ("dtype", "ndim", "reader", "shape", "term")

    def __init__(self, term: Term, reader: Reader) -> None:
        self.term, self.reader = term, reader
        self.shape, self.ndim, self.dtype = term.shape, len(term.shape), term.dtype

    def __getitem__(self, key: Any) -> Formal:
        pattern, arrays = take_apart(key)
        card = "getitem_at" if arrays else "getitem_slice"
        operands = (self, tuple(arrays)) if arrays else (self,)
        return self.reader.apply(card, operands, {"pattern": pattern})

    def __neg__(self) -> Formal:
        return self.reader.apply("negative", (self,), {})


def _binary(name: str, swapped: bool) -> Callable[[Formal, Any], Formal]:
    def apply(self: Formal, other: Any) -> Formal:
        operands = (other, self) if swapped else (self, other)
        return self.reader.apply(name, operands, {})

    return apply


for _name, _short in (
    *(("add", "add"), ("subtract", "sub"), ("multiply", "mul"), ("divide", "truediv")),
    *(("pow", "pow"), ("matmul", "matmul"), ("bitwise_right_shift", "rshift")),
):
    setattr(Formal, f"__{_short}__", _binary(_name, swapped=False))
    setattr(Formal, f"__r{_short}__", _binary(_name, swapped=True))
for _name, _short in (
    *(("equal", "eq"), ("not_equal", "ne"), ("less", "lt"), ("less_equal", "le")),
    *(("greater", "gt"), ("greater_equal", "ge")),
):
    setattr(Formal, f"__{_short}__", _binary(_name, swapped=False))
Formal.__hash__ = object.__hash__  # type: ignore[method-assign]  # == makes a term


class Reader:
    """The namespace that rules are read with.

    Args:
        tidy: spell what was read as one would by hand; without it every step stands as it is done.

    Attributes:
        product: the card that products are spelled with, as in the forward pass.
        term: the value whose rules are being read.
    """

    term: Term

    def __init__(self, tidy: bool) -> None:
        self.tidy = tidy
        self.product = "dot"
        self.xp = Namespace({name: self._function(name) for name in VOCABULARY})

    def _function(self, name: str) -> Callable[..., Formal]:
        def call(*args: Any, **kwargs: Any) -> Formal:
            if name.startswith("scatter"):
                table, key, values = args
                pattern, arrays = take_apart(key)
                operands = (table, tuple(arrays), values)
                return self.apply(f"{name}_at", operands, {"pattern": pattern})
            operands, parameters = primitives[name].bind(*args, **kwargs)
            return self.apply(name, operands, parameters)

        return call

    def apply(self, name: str, operands: tuple[Any, ...], parameters: dict[str, Any]) -> Formal:
        """Note that a card was applied."""
        card = primitives[name]
        terms = tuple(map(_term_of, operands))
        if name == "getitem_at" and any(array.dtype.kind == "b" for array in terms[1]):
            values = self.term.operands[-1]  # what is picked by a mask here was put there by it
            shape = picked(terms[0], terms[1], parameters["pattern"], getattr(values, "shape", ()))
            return Formal(Term(card, terms, parameters, shape, terms[0].dtype), self)
        if name == "where" and all(choice.__class__ in SCALARS for choice in terms[1:]):
            # Numbers alone would meet in the default dtype, which may know less digits.
            typed = tidying.constant(terms[1], (), self.term.dtype)
            terms = (terms[0], typed, terms[2])
        if not self.tidy:
            return Formal(tidying.noted(card, terms, parameters), self)
        found = tidying.product(name, terms, self.product)
        return Formal(found or tidying.applied(card, terms, parameters), self)


def _term_of(operand: Any) -> Any:
    if isinstance(operand, tuple | list):
        return tuple(map(_term_of, operand))
    return operand.term if isinstance(operand, Formal) else operand


class Derivation:
    """The cotangents of a program, as terms.

    Args:
        program: what to differentiate; its first root is where backward starts.
        seed: the cotangent of the root; None for the 1 that ``backward`` starts from.
        tidy: as for ``Reader``.
        observe: called with each term of the program and its cotangent, last term first; what it
            returns stands for the cotangent from there on.
    """

    def __init__(
        self,
        program: Program,
        seed: Term | None,
        tidy: bool,
        observe: Callable[[Term, Term], Term],
    ) -> None:
        self.program, self.observe = program, observe
        self.reader = Reader(tidy)
        root = program.roots[0]
        start = tidying.unit(root.shape, root.dtype) if seed is None else seed
        self._run(root, start)
        vars(self.reader).clear()  # its functions hold it: without them it is freed at once

    def _run(self, root: Term, start: Term) -> None:
        found: dict[Any, Any] = {root.source: Formal(start, self.reader)}
        nodes = [t.source for t in self.program.terms if isinstance(t.source, Node)]
        for node in reversed(nodes):
            if node.dtype.__class__ is tuple:
                self._pull_several(node, found)
                continue
            g = found.pop(node, None)
            if g is None:
                continue
            term = self.program.of[node]
            g = self._observed(term, g)
            if isinstance(node, Leaf):
                continue
            if node in self.program.folded:
                self._pull_folded(term, g, found)
            elif isinstance(node, Crossing):
                self._carry(node, g, found)
            else:
                self._pull(node, g, found)

    def _pull_several(self, node: Node, found: dict[Any, Any]) -> None:
        parts: list[Formal | None] = []
        for index in range(len(node.shape)):
            address = Output(node, index)
            part = found.pop(address, None)
            parts.append(part and self._observed(self.program.item(address), part))
        if any(part is not None for part in parts):
            self._pull(node, tuple(parts), found)

    def _observed(self, term: Term, g: Formal) -> Formal:
        return Formal(self.observe(term, g.term), self.reader)

    def _pull(self, node: Node, g: Any, found: dict[Any, Any]) -> None:
        """Read the rules of a node with formal values."""
        term = self.program.of[node]
        assert term.card is not None
        self.reader.term = term
        self.reader.product = "matmul" if term.card.name == "matmul" else "dot"
        saved = []
        for index in node.plan.sources:
            saved.append(self._formal(self._result(term) if index < 0 else term.operands[index]))
        node.plan.pull(node, g, self.reader.xp, tuple(saved), found, set())
        self._place(node, found)

    def _place(self, node: Node, found: dict[Any, Any]) -> None:
        """Note the backend of cotangents behind a crossing."""
        homes = self.program.homes
        home = homes.get(self.program.of[node])
        if home is not None:
            made = [found[source].term for source in node.inputs if source in found]
            homes.update(dict.fromkeys(ordered([t for t in made if t not in homes], homes), home))

    def _pull_folded(self, term: Term, g: Formal, found: dict[Any, Any]) -> None:
        """The cotangents of a folded call's arguments; what happens within stays there."""
        assert isinstance(term.card, Sign)
        for place, operand in enumerate(term.operands):
            source = operand.source
            if not source.requires_grad or operand.dtype.kind not in "fc":
                continue
            sign = pulled_sign(term.card, place)
            whole = {"end": term.source, "place": place}
            made = Term(sign, (g.term, *term.operands), whole, operand.shape, operand.dtype)
            pulled = Formal(made, self.reader)
            found[source] = found[source] + pulled if source in found else pulled

    def _result(self, term: Term) -> Any:
        if term.dtype.__class__ is not tuple:
            return term
        node = term.source
        assert isinstance(node, Node)
        return tuple(self.program.item(Output(node, i)) for i in range(len(term.shape)))

    def _formal(self, operand: Any) -> Any:
        if isinstance(operand, tuple):
            return tuple(map(self._formal, operand))
        return Formal(operand, self.reader) if isinstance(operand, Term) else operand

    def _carry(self, node: Crossing, g: Any, found: dict[Any, Any]) -> None:
        """Bring a cotangent back over a crossing."""
        source = node.inputs[0]
        place = {"place": node.origin.name}
        brought = Formal(Term(MOVED, (g.term,), place, g.shape, g.dtype), self.reader)
        self.program.homes[brought.term] = node.origin
        found[source] = found[source] + brought if source in found else brought
