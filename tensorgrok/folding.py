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
        self.levels = sorted({self._level(call) for _, call in self._calls})

    def _level(self, call: Call) -> int:
        found = self._known.modules.get(id(call.module()))
        return 0 if found is None else found[1]

    def folded(self, level: int) -> dict[Node, Folded]:
        """The calls of modules at a nesting depth, as far as they can be folded."""
        found: dict[Node, Folded] = {}
        for node, call in self._calls:
            module = call.module()
            if module is not None and self._level(call) == level and self._is_closed(node, call):
                name = self._name(module)
                found[node] = Folded(name, call.inputs, _described(name, module))
        return found

    def _name(self, module: Any) -> str:
        known = self._known.modules.get(id(module))
        return type(module).__name__ if known is None else known[0]

    def _is_closed(self, end: Node, call: Call) -> bool:
        """Whether the call computes something, and nothing within it is needed outside."""
        borders = {_node(source) for source in call.inputs}
        inside: set[Node] = set()
        stack: list[Any] = [end]
        while stack:
            node = stack.pop()
            if node in inside or node in borders or isinstance(node, Literal):
                continue
            inside.add(node)
            stack.extend(_node(source) for source in node.inputs)
        computed = [n for n in inside if n is not end and not isinstance(n, Leaf)]
        leaves_only = not borders and any(
            isinstance(n, Leaf) and not n.requires_grad for n in inside
        )
        if leaves_only or self._ends & set(computed):
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
