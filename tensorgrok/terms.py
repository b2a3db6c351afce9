"""A recorded graph as terms: what every value is, and nothing about how it is shown.

``read`` turns nodes into terms one for one; ``derivation`` adds those of the backward pass. A term
is an input, or a card applied to terms and numbers, so programs, notation and pictures can all be
made from the same terms and cannot disagree.

This module stands on ``graph`` and ``cards``; read ``derivation`` next.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .backend import Backend
from .cards import KINDS, Kind, Notation, Primitive
from .graph import Crossing, Leaf, Literal, Node, Output, Source, order


class Sign(NamedTuple):
    """What is written like a card and is none: one result of several, a value brought over.

    Attributes: those of a ``Primitive`` that notation reads; ``stands_for`` is the card that
    computes the value, if there is one; ``described`` is the class and the size of a module.
    """

    name: str
    kind: Kind
    arguments: tuple[str, ...]
    python: Notation
    latex: Notation
    precedence: str = "call"
    stands_for: Primitive[...] | None = None
    described: tuple[str, ...] = ()


#: The kind of a module call that stands for all that is recorded in it.
MODULE = Kind("module", False, False, "")

#: One result of a primitive that returns several.
ITEM = Sign("item", KINDS["indexing"], ("x",), "{x:call}[{index}]", "{x:call}_{{{index}}}")

#: A value brought over from another backend.
MOVED = Sign("to", KINDS["arrangement"], ("x",), "{x:call}.to({place!r})", "{x}")


class Term:
    """One value of a program.

    Attributes:
        card: what was applied, a ``Primitive`` or a ``Sign``; None for an input.
        operands: terms, Python numbers, and for a sequence argument a tuple of those.
        parameters: the Python-valued arguments, by name.
        shape, dtype: of the value; for several results, tuples of them.
        source: where it stands in the recorded graph; None for what was derived from it.
        id: how views call it, such as ``"t3"``.
        name: its Python name, or None.
        symbol: its LaTeX symbol, or None.
        role: ``"layer"``, ``"weight"``, ``"bias"``, ``"target"``, ``"loss"``, ``"mask"``,
            ``"delta"``, ``"gradient"``, or None.
    """

    __slots__ = (
        "__weakref__",
        "card",
        "dtype",
        "id",
        "name",
        "operands",
        "parameters",
        "role",
        "shape",
        "source",
        "symbol",
    )

    def __init__(
        self,
        card: Primitive[...] | Sign | None,
        operands: tuple[Any, ...],
        parameters: dict[str, Any],
        shape: Any,
        dtype: Any,
        source: Source | None = None,
    ) -> None:
        self.card = card
        self.operands = operands
        self.parameters = parameters
        self.shape = shape
        self.dtype = dtype
        self.source = source
        self.id = ""
        self.name: str | None = None
        self.symbol: str | None = None
        self.role: str | None = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def kind(self) -> str:
        """The kind of what was applied, such as ``"contraction"``; ``"input"`` for an input."""
        return "input" if self.card is None else self.card.kind.name

    @property
    def requires_grad(self) -> bool:
        """Whether it is a leaf for which gradients are wanted."""
        return isinstance(self.source, Leaf) and self.source.requires_grad

    def __repr__(self) -> str:
        what = "input" if self.card is None else self.card.name
        return f"<Term {self.id} {self.name or what}: {self.shape} {self.dtype}>"


def terms_in(operands: Iterable[Any]) -> Iterator[Term]:
    """The terms among operands, those within tuples too, in order."""
    for operand in operands:
        if isinstance(operand, Term):
            yield operand
        elif isinstance(operand, tuple):
            yield from (item for item in operand if isinstance(item, Term))


class Folded(NamedTuple):
    """A module call that is to be one term.

    Attributes:
        name: the Python expression of the module, such as ``"model.blocks[0]"``.
        inputs: the recorded values that it was called with.
        lines: what a picture says of it, its name first.
    """

    name: str
    inputs: tuple[Source, ...]
    lines: tuple[str, ...]


def pulled_sign(sign: Sign, place: int) -> Sign:
    """What the cotangent of an argument of a folded call is written with."""
    inputs = ", ".join("{" + argument + "}" for argument in sign.arguments)
    which = f", {place}" if len(sign.arguments) > 1 else ""
    word = _last_word(sign.name).replace("_", r"\_")
    return Sign(
        f"vjp of {sign.name}",
        MODULE,
        ("g", *sign.arguments),
        f"vjp({sign.name}, {inputs})[1]({{g}})[{place}]",
        rf"{{g:product}} J_{{{{\mathrm{{{{{word}}}}}{which}}}}}",
        "product",
        None,
        ("vjp", f"{place}", *sign.described),
    )


def _last_word(name: str) -> str:
    """What algebra calls a module: ``blocks.0`` for ``model.blocks[0]``."""
    parts = [part for part in name.replace("]", "").replace("[", ".").split(".") if part]
    return ".".join(parts[1:] if len(parts) > 1 and not parts[1].isdigit() else parts)


def folded_sign(name: str, count: int, described: tuple[str, ...]) -> Sign:
    """What a folded module call is written with."""
    arguments = tuple(f"x{place}" for place in range(count))
    fields = ", ".join("{" + argument + "}" for argument in arguments)
    upright = _last_word(name).replace("_", r"\_")
    latex = rf"\operatorname{{{{{upright}}}}}\left({fields}\right)"
    python = f"{name}({fields})"
    return Sign(name, MODULE, arguments, python, latex, "call", None, described)


class Program:
    """The terms of a recorded graph.

    Args:
        sources: what to read; all that they were computed from comes along.
        folded: nodes that end a module call of which only the call is wanted.
        borders: what is taken as an input, whatever it was computed from.

    Attributes:
        terms: all of them, what each was computed from before it.
        roots: those of the sources asked for, in the order given.
        of: the term of each source.
        homes: the backend each term lives on, where that is not the one of the roots.
        folded: those of the nodes given that are among the terms.
    """

    def __init__(
        self,
        sources: Sequence[Node | Output],
        folded: Mapping[Node, Folded] | None = None,
        borders: Sequence[Any] = (),
    ) -> None:
        self.of: dict[Source, Term] = {}
        self.terms: list[Term] = []
        self.homes: dict[Term, Backend] = {}
        self.folded: Mapping[Node, Folded] = folded or {}
        for source in borders:
            self._enter(source, Term(None, (), {}, source.shape, source.dtype, source))
        nodes = visit(sources, self.folded, borders)
        for node in nodes:
            self._read(node)
        self.folded = {node: call for node, call in self.folded.items() if node in self.of}
        self.roots = [self._operand(source) for source in sources]
        self._place(nodes)

    def _read(self, node: Node) -> None:
        operands: tuple[Any, ...]
        if node in self.folded:
            call = self.folded[node]
            operands = tuple(self._operand(source) for source in call.inputs)
            sign = folded_sign(call.name, len(operands), call.lines[1:])
            term = Term(sign, operands, {}, node.shape, node.dtype, node)
        elif isinstance(node, Leaf):
            term = Term(None, (), {}, node.shape, node.dtype, node)
        elif isinstance(node, Crossing):
            operands = (self._operand(node.inputs[0]),)
            term = Term(MOVED, operands, {"place": ""}, node.shape, node.dtype, node)
        else:
            given = tuple(self._operand(source) for source in node.inputs)
            operands = node.plan.group(given)
            term = Term(node.primitive, operands, node.parameters, node.shape, node.dtype, node)
        self._enter(node, term)

    def _operand(self, source: Source) -> Any:
        if isinstance(source, Literal):
            return source.value
        if source in self.of:
            return self.of[source]
        assert isinstance(source, Output)  # nodes come before what was computed from them
        return self.item(source)

    def item(self, source: Output) -> Term:
        """The term of one result of several."""
        if source not in self.of:
            whole, index = self.of[source.node], {"index": source.index}
            term = Term(ITEM, (whole,), index, source.shape, source.dtype, source)
            self._enter(source, term)
        return self.of[source]

    def _enter(self, source: Source, term: Term) -> None:
        self.of[source] = term
        self.terms.append(term)

    def _place(self, nodes: Sequence[Node]) -> None:
        """Note the backend of what lies behind a crossing."""
        behind: dict[Any, Backend] = {}
        for node in reversed(nodes):
            place = node.origin if isinstance(node, Crossing) else behind.get(node)
            if place is None:
                continue
            for source in node.inputs:
                if not isinstance(source, Literal):
                    behind[source.node if isinstance(source, Output) else source] = place
        for source, term in self.of.items():
            at = source.node if isinstance(source, Output) else source
            if at in behind:
                self.homes[term] = behind[at]


def visit(
    roots: Sequence[Source], folded: Mapping[Node, Folded], borders: Sequence[Source] = ()
) -> list[Node]:
    """``graph.order``, but of a folded call only the arguments are visited, and no border."""
    if not folded and not borders:
        return order(roots)
    found: list[Node] = []
    seen: set[Source] = {s.node if isinstance(s, Output) else s for s in borders}
    stack: list[tuple[Source, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        source, done = stack.pop()
        node = source.node if isinstance(source, Output) else source
        if isinstance(node, Literal):
            continue
        if done:
            found.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            inputs = folded[node].inputs if node in folded else node.inputs
            stack.extend((one, False) for one in reversed(inputs))
    return found


def uses(terms: Iterable[Term]) -> dict[Term, list[Term]]:
    """For each term those that are computed from it, once for each place it stands in."""
    found: dict[Term, list[Term]] = {}
    for term in terms:
        for operand in terms_in(term.operands):
            found.setdefault(operand, []).append(term)
    return found


def ordered(roots: Sequence[Term], stop: Container[Term] = ()) -> list[Term]:
    """Every term that the roots were computed from, roots included, inputs first.

    The walk does not go behind terms in ``stop``, and does not list them unless they are roots.
    """
    seen: set[Term] = set()
    found: list[Term] = []
    stack: list[tuple[Term, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        term, done = stack.pop()
        if done:
            found.append(term)
        elif term not in seen:
            seen.add(term)
            stack.append((term, True))
            inner = [term for term in terms_in(term.operands) if term not in stop]
            stack.extend((term, False) for term in reversed(inner))
    return found
