"""Which module calls of a recorded graph can be shown as one.

A call can be folded if nothing within it is needed outside but its result. How deep a module lies
in another is read off the paths of the modules that the caller's variables hold.

This module stands on ``terms`` and ``naming``; read ``views.view`` next, which decides how much to
fold.
"""

from __future__ import annotations

import heapq
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
        self._places = {node: place for place, node in enumerate(self._nodes)}
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
        """Whether the call computes something, and nothing within it is needed outside.

        The walk goes from the end back, and users of a node are seen before it, so it stops at once
        where something is needed outside, or where a module goes on from an earlier call of it.
        """
        inputs = [source() for source in call.inputs]
        borders = {_node(source) for source in inputs}
        if None in borders or len(borders) < len(inputs):  # gone, or given twice
            return False
        own = {tensor.node for _, tensor in module.named_tensors()}
        inside: set[Node] = set()
        reached: set[Node] = set()
        constants = False
        waiting, seen = [-self._places[end]], {end}
        while waiting:
            node = self._nodes[-heapq.heappop(waiting)]
            if node in borders:
                reached.add(node)
                continue
            if isinstance(node, Leaf):
                if node.requires_grad and node not in own:
                    return False  # its gradient would be lost
                constants |= not node.requires_grad
                continue
            if node is not end and not self._is_within(node, inside, module):
                return False
            inside.add(node)
            for source in node.inputs:
                given = _node(source)
                if given not in seen and not isinstance(given, Literal):
                    seen.add(given)
                    heapq.heappush(waiting, -self._places[given])
        return reached == borders and (bool(borders) or not constants)

    def _is_within(self, node: Node, inside: set[Node], module: Any) -> bool:
        """Whether a node is needed by what is inside alone, and ended no call of the module."""
        if node in self._ends or any(user not in inside for user in self._users[node]):
            return False
        return all(call.module() is not module for call in _calls_at(node))


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
