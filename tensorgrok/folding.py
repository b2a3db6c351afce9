"""Which module calls of a recorded graph can be shown as one.

A call can be folded if nothing within it is needed outside but its result. How deep a module lies
in another is read off the paths of the modules that the caller's variables hold.

This module stands on ``terms`` and ``naming``; read ``views.view`` next, which decides how much to
fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .graph import Call, Leaf, Literal, Node, Output, Source, order
from .naming import Known
from .terms import Folded


class Calls:
    """The module calls of a graph.

    Args:
        sources: the ends of the graph.
        known: by which names modules are known.

    Attributes:
        levels: the nesting depths that occur, sorted; 0 is a module that a variable holds.
    """

    def __init__(self, sources: Sequence[Source], known: Known) -> None:
        self._known = known
        self._nodes = order(sources)
        self._users: dict[Any, list[Node]] = {}
        for node in self._nodes:
            for source in node.inputs:
                self._users.setdefault(_node(source), []).append(node)
        self._ends = {_node(source) for source in sources}
        self._calls = [(node, call) for node in self._nodes for call in _calls_at(node)]
        modules = (call.module() for _, call in self._calls)
        known.adopt(module for module in modules if module is not None)
        self.levels = sorted({self._level(call) for _, call in self._calls})

    def _level(self, call: Call) -> int:
        found = self._known.modules.get(id(call.module()))
        return 0 if found is None else found[1]

    def folded(self, level: int) -> dict[Node, Folded]:
        """The calls of modules at a nesting depth, as far as they can be folded."""
        found: dict[Node, Folded] = {}
        for node, call in self._calls:
            module = call.module()
            if (
                module is not None
                and self._level(call) == level
                and self._is_closed(node, call, module)
            ):
                name = self._known.modules[id(module)][0]
                inputs: tuple[Any, ...] = tuple(source() for source in call.inputs)
                folded = Folded(name, inputs, _described(name, module))
                found.setdefault(node, folded)  # of a module within itself the outer call
        return found

    def _is_closed(self, end: Node, call: Call, module: Any) -> bool:
        """Whether the call computes something, and nothing within it is needed outside."""
        inputs = [source() for source in call.inputs]
        borders = {_node(source) for source in inputs}
        if None in borders or len(borders) < len(inputs):  # gone, or given twice
            return False
        inside: set[Node] = set()
        reached: set[Node] = set()
        stack: list[Any] = [end]
        while stack:
            node = stack.pop()
            if node in borders:
                reached.add(node)
            if node in inside or node in borders or isinstance(node, Literal):
                continue
            inside.add(node)
            stack.extend(_node(source) for source in node.inputs)
        own = {tensor.node for _, tensor in module.named_tensors()}
        if any(isinstance(n, Leaf) and n.requires_grad and n not in own for n in inside):
            return False  # its gradient would be lost
        computed = [n for n in inside if n is not end and not isinstance(n, Leaf)]
        leaves_only = not borders and any(
            isinstance(n, Leaf) and not n.requires_grad for n in inside
        )
        if reached != borders or leaves_only or self._ends & set(computed):
            return False
        return all(user in inside for node in computed for user in self._users[node])


def _node(source: Any) -> Any:
    return source.node if isinstance(source, Output) else source


def _calls_at(node: Node) -> Iterator[Call]:
    """The calls that ended with a node, outermost first."""
    call = getattr(node, "call", None)
    while call is not None:
        yield call
        call = call.inner


def _described(name: str, module: Any) -> tuple[str, ...]:
    """What a picture says of a module: its name, its class, how many parameters it has."""
    count = module.parameter_count()
    kind = type(module).__name__
    return (name, kind, f"{count:,} parameters") if count else (name, kind)
