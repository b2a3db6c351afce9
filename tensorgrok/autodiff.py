"""Backward: visit the recorded graph from its end and ask each node's rules for cotangents.

One loop serves every purpose. Handed a backend's namespace it computes with arrays at native cost;
handed the operation table it computes with tensors, so gradients are recorded themselves and can be
differentiated again; a tracer or a symbol namespace reads the same rules in its own way. What all
rules share is done here, once: summing over broadcast axes, casting to the input's dtype,
accumulating, skipping inputs that need none.

A gradient follows the convention of JAX for complex numbers: for real L it is
dL/dRe(z) - i dL/dIm(z), so that dL = Re(gradient * dz), and rules of holomorphic functions carry no
conjugation.

This module stands on ``cards``, ``graph`` and ``moving``; read ``tensor`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .backend import Array, Backend, Namespace
from .context import Mode, get_context
from .engine import SCALARS, make_tensor, recorded
from .errors import GraphError, GraphReleased, describe
from .graph import Crossing, Leaf, Literal, Node, Output, Shape, Source, order
from .moving import array_on

if TYPE_CHECKING:
    from .tensor import Tensor

Cotangents = dict[Node | Output, Array]
Found = tuple[Cotangents, set[Any], list[Node], list[tuple["Tensor", Array]]]


def sum_to(xp: Namespace, g: Array, shape: Shape) -> Array:
    """Sum ``g`` over the axes along which ``shape`` was broadcast to reach its shape."""
    lead = g.ndim - len(shape)
    if lead == 1 and g.shape[1:] == shape:  # as for the bias of a layer
        return xp.sum(g, axis=0, keepdims=False)
    axes = (
        *range(lead),
        *(lead + i for i, length in enumerate(shape) if length == 1 and g.shape[lead + i] != 1),
    )
    summed = xp.sum(g, axis=axes, keepdims=False)
    return summed if tuple(summed.shape) == shape else xp.reshape(summed, shape)


def cast_to(xp: Namespace, g: Array, dtype: Any) -> Array:
    """Cast a cotangent to its input's dtype; a real input takes the real part."""
    if g.dtype.kind == "c" and dtype.kind != "c":
        g = xp.real(g)
    return g if g.dtype == dtype else xp.astype(g, dtype)


def pull(
    node: Node,
    g: Any,
    xp: Namespace,
    saved: tuple[Any, ...],
    cotangents: Cotangents,
    owned: set[Any],
    needed: set[Any] | None = None,
) -> None:
    """Read the rules of one node, and add what they give to the cotangents of its inputs.

    Args:
        node: the node whose rules to read.
        g: cotangent of its result; for several results a tuple with None where there is none.
        xp: the namespace to read the rules with.
        saved: the values that the node saved, as ``xp`` takes them.
        cotangents: by node; changed.
        owned: the leaves whose cotangent is an array that nobody else holds; changed.
        needed: inputs to serve, all that require gradients if None.
    """
    plan = node.plan
    inputs = node.inputs
    values = (xp, g, node) + saved + (inputs if plan.grouped is None else plan.group(inputs))
    for rule in plan.rules:
        target: Any = inputs[rule.slot]  # no literal: those have no rules
        if needed is not None and target not in needed:
            continue
        if rule.plain:
            cotangent = found = rule.function(*rule.select(values))
        else:
            cotangent = found = rule.function(*rule.select(values), **rule.keywords(node))
        if cotangent.shape != target.shape:
            if not plan.broadcasts or cotangent.shape != node.shape:
                raise GraphError(
                    f"{rule.name}: gave a cotangent of shape {tuple(cotangent.shape)} for an "
                    f"argument of shape {target.shape}; a pullback must return the argument's shape"
                )
            cotangent = sum_to(xp, cotangent, target.shape)
        if cotangent.dtype is not target.dtype:
            cotangent = cast_to(xp, cotangent, target.dtype)
        if target in cotangents:
            cotangents[target] = cotangents[target] + cotangent
            owned.add(target)
        else:
            cotangents[target] = cotangent
            # A rule may hand on what it was given; then others hold that array too.
            if target.__class__ is Leaf and found is not g:
                for value in saved:
                    if value is found:
                        break
                else:
                    owned.add(target)


def backpropagate(
    seeds: Sequence[tuple[Node | Output, Any]],
    xp: Namespace,
    backend: Backend,
    lift: Callable[[Node, tuple[Any, ...]], tuple[Any, ...]] | None = None,
    targets: set[Node | Output] | None = None,
) -> Found:
    """Carry cotangents from the seeds back to the leaves, or to ``targets``.

    Args:
        seeds: pairs of an end of the graph and its cotangent.
        xp: the namespace to read rules with; ``lift`` makes saved arrays into its values.
        backend: where the values live.
        targets: what to stop at; every leaf that requires gradients if None.

    Returns:
        The cotangent of each target reached; the leaves whose cotangent nobody else holds; the
        nodes whose rules were read; and (tensor, cotangent) of each tensor that asked to retain its
        gradient.
    """
    nodes = order([seed for seed, _ in seeds])
    needed = None if targets is None else _leading_to(targets, nodes)
    cotangents: Cotangents = {}
    owned: set[Any] = set()
    kept: list[tuple[Tensor, Array]] = []
    reached: Cotangents = {}
    used: list[Node] = []
    for seed, cotangent in seeds:
        cotangents[seed] = cotangents[seed] + cotangent if seed in cotangents else cotangent
    watched = lift is not None
    across: Across | None = None
    for node in reversed(nodes):
        if node.__class__ is Leaf and targets is None and node.watch is None:
            continue  # what is left in the end are the cotangents of leaves
        if node.dtype.__class__ is tuple:
            g = _gather(node, cotangents)
        else:
            g = cotangents.pop(node, None)
        if g is None:
            continue
        if node.watch is not None:
            place = backend if across is None else across.place(node)
            g = _observe(node, g, place, watched, kept, owned)
        if targets is not None:
            _collect(node, g, targets, reached)
        if node.__class__ is Leaf:
            reached[node] = g
            continue
        if needed is not None and needed.isdisjoint(node.inputs):
            continue
        if node.__class__ is Crossing:
            across = across or Across(backend, watched)
            across.carry(node, g, cotangents, owned)
            continue
        saved = node.saved
        if saved is None:
            raise GraphReleased(
                f"backward: the values that {node.primitive.name} saved were released by an "
                "earlier backward over the same graph; call that one with retain_graph=True, or "
                "compute the result again"
            )
        used.append(node)
        if across is not None:
            across.pull(node, g, xp, saved, cotangents, owned, needed)
        elif lift is None:
            pull(node, g, xp, saved, cotangents, owned, needed)
        else:
            pull(node, g, xp, lift(node, saved), cotangents, owned, needed)
    if targets is None:
        reached.update(cotangents)
    return reached, owned, used, kept


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
            owned.discard(node)  # the array that a hook answers with is the hook's
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
) -> Found:
    """``backpropagate`` in the mode asked for: the values found are tensors with ``create_graph``.

    Without it they are arrays, and seeds are unwrapped.
    """
    if create_graph:
        with Mode(recording=True, backend=backend):
            return backpropagate(seeds, recorded, backend, lift_saved(backend), targets)
    tracer = get_context().tracer
    if tracer is None:
        data = [(source, seed._data) for source, seed in seeds]
        return backpropagate(data, backend.xp, backend, None, targets)
    data = [(source, tracer.lift(seed)) for source, seed in seeds]
    return backpropagate(data, tracer.xp, backend, None, targets)


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
                pull(node, g, xp, lift_saved(place)(node, saved), *rest)
            else:
                pull(node, g, place.xp, saved, *rest)


def release(nodes: Iterable[Node]) -> None:
    """Let go of the arrays that nodes saved; their structure stays."""
    for node in nodes:
        if node.__class__ is not Leaf:
            node.saved = None
