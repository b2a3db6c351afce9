"""A recorded graph, read: named, cut into lines, forward and backward.

``Reading`` puts the pieces together for whoever shows or compiles a graph: terms, names, lines, the
backward pass in lines, and how much of it is folded into modules.

This module stands on ``folding`` and ``backward``; read ``views.view`` next.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .backward import Backward
from .engine import primitives
from .errors import ArgumentError, GraphError, describe
from .folding import Calls
from .graph import Leaf, Node, Output, order
from .lines import Cut, Line, cut, forward_lines
from .naming import Known, Names
from .repeats import OFTEN, shown_lines
from .roles import is_layer_product, left_operand
from .tensor import Tensor
from .terms import MOVED, Folded, Program, Term, terms_in

#: The most lines that are shown before modules are folded.
MANY = 12


class Reading:
    """One way to read a recorded graph.

    Args:
        tensor: its end.
        known: by which names values are known.
        how: where to cut.
        folded: the module calls of which only the call is wanted.
        style: ``"dot"`` or ``"@"`` to spell all products so; None as they were written.

    Attributes:
        program, names: the terms and who named them.
        kept: the computed terms that stand on lines of their own.
        lines: of the forward pass.
    """

    def __init__(
        self,
        tensor: Tensor,
        known: Known,
        how: Cut,
        folded: Mapping[Node, Folded],
        style: str | None = None,
    ) -> None:
        assert tensor.node is not None
        self.tensor, self.known, self.how, self._style = tensor, known, how, style
        self.program = Program([tensor.node], folded)
        for term in self.program.terms:
            if term.card is MOVED:
                term.parameters["place"] = self.program.homes.get(term, tensor.backend).name
        respell(self.program, style)
        self.names = Names(self.program, known)
        self.kept = cut(self.program.terms, self.program.roots, self.names, how)
        self.names.number(self.program.terms)
        self.lines = forward_lines(self.program.terms, self.kept)

    @property
    def root(self) -> Term:
        """The term of the tensor."""
        root: Term = self.program.roots[0]
        return root

    @property
    def written_names(self) -> list[str]:
        """All expressions that stand for inputs and modules in the printed Python."""
        inputs = [term.name for term in self.program.terms if term.card is None and term.name]
        return inputs + [call.name for call in self.program.folded.values()]

    @property
    def sizes(self) -> list[int]:
        """The widths of the layers, from the input to the output."""
        found: list[int] = []
        depth = self.names.roles.depth
        for term in self.program.terms:
            if is_layer_product(term) and term.shape and depth[term] > len(found) - 1:
                left = left_operand(term)
                if not found and isinstance(left, Term) and left.shape:
                    found.append(left.shape[-1])
                found.append(term.shape[-1])
        return found

    @functools.cached_property
    def backward(self) -> Backward:
        """The backward pass; read when it is first asked for."""
        return Backward(self.program, self.names, self.kept, self.how, len(self.lines) + 1)

    @functools.cached_property
    def in_one(self) -> list[Line]:
        """The forward pass in as few lines as can be, with the same names."""
        kept = cut(self.program.terms, self.program.roots, self.names, "one")
        calls = {term for term in self.program.terms if term.kind == "module"}
        if len(calls) >= OFTEN:  # one after the other, so that they can be counted
            given = {term for call in calls for term in terms_in(call.operands)}
            kept |= calls | {term for term in given if term.card is not None}
        steps = {line.target: line.step for line in self.lines}
        last = len(self.lines)
        lines = forward_lines(self.program.terms, kept)
        return [Line(line.target, kept, "forward", steps.get(line.target, last)) for line in lines]

    def lines_of(self, term: Term) -> tuple[str, ...]:
        """What is said of a folded module call."""
        assert isinstance(term.source, Node)
        return self.program.folded[term.source].lines

    def inside(self, term: Term) -> list[Line]:
        """The lines within a folded module call; what enters and what leaves has its names."""
        node = term.source
        assert isinstance(node, Node)
        program = Program([node], borders=self.program.folded[node].inputs)
        respell(program, self._style)
        names = Names(program, self.known, f"{term.id}x", self.program.of)
        kept = cut(program.terms, program.roots, names, "layers")
        names.number(program.terms)
        return forward_lines(program.terms, kept)


def respell(program: Program, style: str | None) -> None:
    """Spell products with a matrix in one way: ``x.dot(w)`` or ``x @ w``."""
    if style is None:
        return
    card = primitives["matmul" if style == "@" else "dot"]
    for term in program.terms:
        if term.card is not None and term.card.name in ("vecmat", "dot", "matmul"):
            first, second = term.operands
            if first.ndim and second.ndim == 2:
                term.card = card


def read(tensor: Tensor, known: Known, how: Cut, depth: int | None, style: str | None) -> Reading:
    """Read the graph that ends with a tensor.

    Args:
        tensor: what was computed.
        known: by which names values are known.
        how: where to cut.
        depth: how deep modules are opened, 0 shows the outermost as one; None opens them as long as
            there are not too many lines.
        style: as for ``Reading``.

    Raises:
        ArgumentError: no tensor.
        GraphError: nothing was recorded.
    """
    if not isinstance(tensor, Tensor):
        raise ArgumentError(
            f"view: expected a tensor that was computed, such as a loss, not {describe(tensor)}"
        )
    node = tensor.node
    if node is None or isinstance(node, Leaf) or not node.requires_grad:
        raise GraphError(
            f"view: nothing was recorded for {describe(tensor, 'tensor', tensor)}; compute it from "
            "tensors with requires_grad=True, outside of no_grad"
        )
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise ArgumentError(f"view: depth must be a whole number from 0, or None, not {depth!r}")
    reading = _read(tensor, node, known, how, depth, style)
    _let_go(known, node, reading.written_names)
    return reading


def _read(
    tensor: Tensor,
    node: Node | Output,
    known: Known,
    how: Cut,
    depth: int | None,
    style: str | None,
) -> Reading:
    """A tensor's graph, folded as deep as asked for, or until there are few lines."""
    calls = Calls([node], known)
    if depth is not None:
        return Reading(tensor, known, how, calls.folded(depth), style)
    opened = Reading(tensor, known, how, {}, style)
    if how == "ops":
        return opened
    for level in reversed(calls.levels):
        if shown_lines(opened.lines) <= MANY:
            break
        folded = calls.folded(level)
        if folded:
            opened = Reading(tensor, known, how, folded, style)
    return opened


def _let_go(known: Known, end: Node | Output, written: Iterable[str]) -> None:
    """Forget what a scope holds beside this graph, lest a view keep all of it alive.

    The names stay, for those that are given later must not meet them.
    """
    here = set(order([end]))
    roots = {re.split(r"[.\[]", name)[0] for name in written}
    known.scope = {name: held if name in roots else None for name, held in known.scope.items()}
    for noted in (known.own, known.paths, known.variables, known.handles):
        for source in [source for source in noted if _node(source) not in here]:
            del noted[source]


def _node(source: Any) -> Any:
    return source.node if isinstance(source, Output) else source
