"""Backward: visit the recorded graph from its end and ask each node's rules for cotangents.

One loop serves every purpose. Handed a backend's namespace it computes with arrays at native cost;
handed the operation table it computes with tensors, so gradients are recorded themselves and can be
differentiated again; a tracer or a symbol namespace reads the same rules in its own way.

A gradient follows the convention of JAX for complex numbers: for real L it is
dL/dRe(z) - i dL/dIm(z), so that dL = Re(gradient * dz), and rules of holomorphic functions carry no
conjugation.

This module stands on ``plans``, ``graph`` and ``moving``; read ``tensor`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .backend import Array, Backend, Namespace
from .context import Mode, get_context
from .engine import SCALARS, make_tensor, recorded
from .errors import GraphError, GraphReleased, describe
from .graph import Crossing, Leaf, Literal, Node, Output, Source, order
from .moving import array_on

if TYPE_CHECKING:
    from .tensor import Tensor

Cotangents = dict[Node | Output, Array]
Found = tuple[Cotangents, set[Any], list[tuple["Tensor", Array]]]


def backpropagate(
    seeds: Sequence[tuple[Node | Output, Any]],
    xp: Namespace,
    backend: Backend,
    lift: Callable[[Node, tuple[Any, ...]], tuple[Any, ...]] | None = None,
    targets: set[Node | Output] | None = None,
    retain: bool = True,
) -> Found:
    """Carry cotangents from the seeds back to the leaves, or to ``targets``.

    Args:
        seeds: pairs of an end of the graph and its cotangent.
        xp: the namespace to read rules with; ``lift`` makes saved arrays into its values.
        backend: where the values live.
        targets: what to stop at; every leaf that requires gradients if None.
        retain: keep what nodes saved. Otherwise each lets go of it as soon as its rules were read,
            and so a step needs no more memory than it must; the structure stays.

    Returns:
        The cotangent of each target reached; the leaves whose cotangent nobody else holds; and
        (tensor, cotangent) of each tensor that asked to retain its gradient.
    """
    nodes = order([seed for seed, _ in seeds])
    needed = None if targets is None else _leading_to(targets, nodes)
    cotangents: Cotangents = {}
    owned: set[Any] = set()
    kept: list[tuple[Tensor, Array]] = []
    reached: Cotangents = {}
    for seed, cotangent in seeds:
        cotangents[seed] = cotangents[seed] + cotangent if seed in cotangents else cotangent
    across: Across | None = None
    for node in reversed(nodes):
        kind = node.__class__
        if kind is Leaf and targets is None and node.watch is None:
            continue  # what is left in the end are the cotangents of leaves
        if node.dtype.__class__ is tuple:
            g = _gather(node, cotangents)
        else:
            g = cotangents.pop(node, None)
        if g is None:
            continue
        if node.watch is not None:
            place = backend if across is None else across.place(node)
            g = _observe(node, g, place, lift is not None, kept, owned)
        if targets is not None:
            _collect(node, g, targets, reached)
        if kind is not Node:
            if not isinstance(node, Crossing):
                reached[node] = g
            elif needed is None or not needed.isdisjoint(node.inputs):
                across = across or Across(backend, lift is not None)
                across.carry(node, g, cotangents, owned)
            continue
        if needed is not None and needed.isdisjoint(node.inputs):
            continue
        saved = node.saved
        if saved is None:
            raise GraphReleased(
                f"backward: the values that {node.primitive.name} saved were released by an "
                "earlier backward over the same graph; call that one with retain_graph=True, or "
                "compute the result again"
            )
        if across is not None:
            across.pull(node, g, xp, saved, cotangents, owned, needed)
        else:
            if lift is not None:
                saved = lift(node, saved)
            node.plan.pull(node, g, xp, saved, cotangents, owned, needed)
        if not retain:
            node.saved = None
            del saved, g  # or they would live until the next node's rules were read
    if targets is None:
        reached.update(cotangents)
    return reached, owned, kept


def _gather(node: Node, cotangents: Cotangents) -> tuple[Any, ...] | None:
    """The cotangents of a node with several results; None if there is none at all."""
    parts = tuple(cotangents.pop(Output(node, i), None) for i in range(len(node.shape)))
    return parts if any(part is not None for part in parts) else None


def _collect(node: Node, g: Any, targets: set[Node | Output], reached: Cotangents) -> None:
    if node in targets:
        reached[node] = g
    elif node.dtype.__class__ is tuple:
        for index, part in enumerate(g):
            address = Output(node, index)
            if part is not None and address in targets:
                reached[address] = part


def _leading_to(targets: set[Node | Output], nodes: list[Node]) -> set[Any]:
    """The nodes and outputs through which a target can be reached, targets included."""
    needed: set[Any] = set(targets)
    for node in nodes:
        if any(source in needed for source in node.inputs if source.requires_grad):
            needed.add(node)
        if node.dtype.__class__ is tuple and node in needed:
            needed.update(Output(node, index) for index in range(len(node.shape)))
    return needed


def _observe(
    node: Node,
    g: Any,
    backend: Backend,
    as_tensors: bool,
    kept: list[tuple[Tensor, Array]],
    owned: set[Any],
) -> Any:
    """Run the hooks of a node on its cotangent, and note where the cotangent is to be kept."""
    several = node.dtype.__class__ is tuple
    parts = list(g) if several else [g]
    assert node.watch is not None
    for index, watch in node.watch.items():
        if parts[index] is None:
            continue
        for hook in tuple(watch.hooks):
            # The array that a hook answers with is the hook's.
            owned.discard(Output(node, index) if several else node)
            shown = parts[index]
            if not as_tensors:  # a copy, for the hook may keep it and write into it
                copy = shown if get_context().tracer else backend.own(shown, shared=True)
                shown = make_tensor(copy, backend)
            answer = hook.function(shown)
            if answer is not None:
                _check_hook(answer, shown)
                parts[index] = answer if as_tensors else answer._value()
        handle = None if watch.keep is None else watch.keep()
        here = Output(node, index) if several else node
        if handle is not None and handle.node == here:  # else the handle has moved on
            kept.append((handle, parts[index]))
    return tuple(parts) if several else parts[0]


def _check_hook(answer: Any, shown: Any) -> None:
    if not isinstance(answer, type(shown)):
        raise GraphError(
            f"register_hook: a hook returns None or a Tensor, not a {type(answer).__name__}"
        )
    given, found = ((t.backend.name, t.dtype, t.shape) for t in (shown, answer))
    if given != found:
        raise GraphError(
            f"register_hook: the hook was given a gradient of {describe(shown)} and returned "
            f"{describe(answer)}"
        )


def lift_saved(backend: Backend) -> Callable[[Node, tuple[Any, ...]], tuple[Any, ...]]:
    """Return the function that gives a node's saved arrays back their place in the graph."""

    def lift_one(value: Any, source: Source) -> Any:
        if value.__class__ in SCALARS:
            return value
        return make_tensor(value, backend, None if isinstance(source, Literal) else source)

    def lift(node: Node, saved: tuple[Any, ...]) -> tuple[Any, ...]:
        plan = node.plan
        groups = plan.group(node.inputs)
        lifted = []
        for value, index in zip(saved, plan.sources, strict=True):
            if index >= 0 and value.__class__ is tuple:
                pairs = zip(value, groups[index], strict=True)
                lifted.append(tuple(lift_one(item, source) for item, source in pairs))
            elif index >= 0:
                lifted.append(lift_one(value, groups[index]))
            elif value.__class__ is tuple:
                lifted.append(tuple(lift_one(v, Output(node, i)) for i, v in enumerate(value)))
            else:
                lifted.append(lift_one(value, node))
        return tuple(lifted)

    return lift


def run(
    seeds: Sequence[tuple[Node | Output, Tensor]],
    backend: Backend,
    targets: set[Node | Output] | None,
    create_graph: bool,
    retain: bool = True,
) -> Found:
    """``backpropagate`` in the mode asked for: the values found are tensors with ``create_graph``.

    Without it they are arrays, and seeds are unwrapped.
    """
    if create_graph:
        with Mode(recording=True, backend=backend):
            return backpropagate(seeds, recorded, backend, lift_saved(backend), targets, retain)
    tracer = get_context().tracer
    if tracer is None:
        data = [(source, seed._data) for source, seed in seeds]
        return backpropagate(data, backend.xp, backend, None, targets, retain)
    data = [(source, tracer.lift(seed)) for source, seed in seeds]
    return backpropagate(data, tracer.xp, backend, None, targets, retain)


class Across:
    """A backward pass over several backends, from the first crossing on that it meets.

    Args:
        home: the backend of the seeds, and so of everything that is not behind a crossing.
        as_tensors: whether cotangents are tensors, and crossings of theirs recorded.
    """

    def __init__(self, home: Backend, as_tensors: bool) -> None:
        if get_context().tracer is not None:
            raise GraphError("backward: a traced step cannot cross from one backend to another")
        self.home, self.as_tensors = home, as_tensors
        self.homes: dict[Any, Backend] = {}

    def place(self, node: Node) -> Backend:
        """The backend that a node lives on."""
        return self.homes.get(node, self.home)

    def _note(self, source: Source, place: Backend) -> None:
        self.homes[source.node if isinstance(source, Output) else source] = place

    def carry(self, node: Crossing, g: Any, cotangents: Cotangents, owned: set[Any]) -> None:
        """Bring a cotangent back to where its tensor was brought over from."""
        source: Any = node.inputs[0]
        self._note(source, node.origin)
        if self.as_tensors:
            brought = g.to(node.origin)
        else:
            brought = array_on(g, self.place(node), node.origin)
            owned.add(source)
        cotangents[source] = cotangents[source] + brought if source in cotangents else brought

    def pull(self, node: Node, g: Any, xp: Namespace, saved: Any, *rest: Any) -> None:
        """``pull`` with the namespace of the backend that the node lives on."""
        place = self.place(node)
        for source in node.inputs:
            self._note(source, place)
        with Mode(backend=place):
            if self.as_tensors:
                node.plan.pull(node, g, xp, lift_saved(place)(node, saved), *rest)
            else:
                node.plan.pull(node, g, place.xp, saved, *rest)
