"""Backward: visit the recorded graph from its end and ask each node's rules for cotangents.

One loop serves every purpose. Handed a backend's namespace it computes with arrays at native cost;
handed the operation table it computes with tensors, so gradients are recorded themselves and can be
differentiated again; a tracer or a symbol namespace reads the same rules in its own way. What all
rules share is done here, once: summing over broadcast axes, casting to the input's dtype,
accumulating, skipping inputs that need none.

A gradient follows the convention of JAX for complex numbers: for real L it is
dL/dRe(z) - i dL/dIm(z), so that dL = Re(gradient * dz), and rules of holomorphic functions carry no
conjugation.

This module stands on ``cards`` and ``graph``; read ``tensor`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .backend import Array, Backend, Namespace
from .cards import SCALARS, Plan, make_tensor, recorded
from .context import Mode, get_context
from .errors import GraphError, GraphReleased
from .graph import Leaf, Literal, Node, Output, Shape, Source, order

if TYPE_CHECKING:
    from .tensor import Tensor

Cotangents = dict[Node | Output, Array]


def sum_to(xp: Namespace, g: Array, shape: Shape) -> Array:
    """Sum ``g`` over the axes along which ``shape`` was broadcast to reach its shape."""
    lead = g.ndim - len(shape)
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
    node: Node, g: Any, xp: Namespace, saved: tuple[Any, ...], needed: set[Any] | None = None
) -> Iterable[tuple[Node | Output, Array, bool]]:
    """Yield (input, its cotangent, whether that array is the rule's own) for one node.

    Args:
        node: the node whose rules to read.
        g: cotangent of its result; for several results a tuple with None where there is none.
        xp: the namespace to read the rules with.
        saved: the values that the node saved, as ``xp`` takes them.
        needed: inputs to serve, all that require gradients if None.
    """
    plan = node.plan
    inputs = node.inputs
    broadcasts = plan.primitive.kind.broadcasts
    values = (xp, g, node, *saved, *plan.group(inputs))
    for rule in plan.rules:
        target = inputs[rule.slot]
        if needed is not None and target not in needed:
            continue
        operands = rule.select(values)[:-1]
        if rule.parameters or rule.takes_position:
            named = {name: node.parameters[name] for name in rule.parameters}
            if rule.takes_position and plan.grouped is not None:
                named["position"] = rule.slot - plan.grouped[0]
            found = rule.function(*operands, **named)
        else:
            found = rule.function(*operands)
        cotangent = found
        if cotangent.shape != target.shape:
            if not broadcasts:
                raise GraphError(
                    f"{rule.name}: gave a cotangent of shape {tuple(cotangent.shape)} for an "
                    f"argument of shape {target.shape}; a pullback must return the argument's shape"
                )
            cotangent = sum_to(xp, cotangent, target.shape)
        if cotangent.dtype != target.dtype:  # type: ignore[union-attr]  # literals have no rules
            cotangent = cast_to(xp, cotangent, target.dtype)  # type: ignore[union-attr]  # the same
        own = cotangent is not found or all(found is not operand for operand in operands)
        yield target, cotangent, own  # type: ignore[misc]  # the same


def backpropagate(
    seeds: Sequence[tuple[Node | Output, Any]],
    xp: Namespace,
    backend: Backend,
    lift: Callable[[Node, tuple[Any, ...]], tuple[Any, ...]] | None = None,
    targets: set[Node | Output] | None = None,
) -> tuple[Cotangents, set[Node | Output], list[Node], list[tuple[Tensor, Array]]]:
    """Carry cotangents from the seeds back to the leaves, or to ``targets``.

    Args:
        seeds: pairs of an end of the graph and its cotangent.
        xp: the namespace to read rules with; ``lift`` makes saved arrays into its values.
        backend: where the values live.
        targets: what to stop at; every leaf that requires gradients if None.

    Returns:
        The cotangent of each target reached; those targets whose array nobody else holds; the
        nodes visited; and (tensor, cotangent) of each tensor that asked to retain its gradient.
    """
    nodes = order([seed for seed, _ in seeds])
    needed = None if targets is None else _leading_to(targets, nodes)
    cotangents: Cotangents = {}
    owned: set[Node | Output] = set()
    kept: list[tuple[Tensor, Array]] = []
    reached: Cotangents = {}
    for seed, cotangent in seeds:
        cotangents[seed] = cotangents[seed] + cotangent if seed in cotangents else cotangent
    for node in reversed(nodes):
        g = _gather(node, cotangents)
        if g is None:
            continue
        if node.watch is not None:
            g = _observe(node, g, backend, lift is not None, kept, owned)
        if targets is not None:
            _collect(node, g, targets, reached)
        if node.__class__ is Leaf:
            if targets is None and node.requires_grad:
                reached[node] = g
            continue
        if needed is not None and needed.isdisjoint(node.inputs):
            continue
        if node.saved is None:
            raise GraphReleased(
                f"backward: the values that {node.primitive.name} saved were released by an "
                "earlier backward over the same graph; call that one with retain_graph=True, or "
                "compute the result again"
            )
        saved = node.saved if lift is None else lift(node, node.saved)
        for target, cotangent, own in pull(node, g, xp, saved, needed):
            if target in cotangents:
                cotangents[target] = cotangents[target] + cotangent
                owned.add(target)
            else:
                cotangents[target] = cotangent
                if own:
                    owned.add(target)
    return reached, owned, nodes, kept


def _gather(node: Node, cotangents: Cotangents) -> Any:
    """The cotangent of a node; of one with several results a tuple of them; None if there is none."""
    if node.dtype.__class__ is not tuple:
        return cotangents.pop(node, None)
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
    owned: set[Node | Output],
) -> Any:
    """Run the hooks of a node on its cotangent, and note where the cotangent is to be kept."""
    several = node.dtype.__class__ is tuple
    parts = list(g) if several else [g]
    assert node.watch is not None
    for index, watch in node.watch.items():
        if parts[index] is None:
            continue
        for hook in tuple(watch.hooks):
            owned.discard(node)  # a hook may keep what it is shown
            shown = parts[index] if as_tensors else make_tensor(parts[index], backend)
            answer = hook(shown)
            if answer is not None:
                _check_hook(answer, shown)
                parts[index] = answer if as_tensors else answer._data
        handle = watch.keep and watch.keep()
        if handle is not None:
            kept.append((handle, parts[index]))
    return tuple(parts) if several else parts[0]


def _check_hook(answer: Any, shown: Any) -> None:
    if not isinstance(answer, type(shown)):
        raise GraphError(
            f"register_hook: a hook returns None or a Tensor, not a {type(answer).__name__}"
        )
    if answer.shape != shown.shape or answer.dtype != shown.dtype:
        raise GraphError(
            f"register_hook: the hook was given a gradient of {shown.dtype} and shape "
            f"{shown.shape} and returned {answer.dtype} and shape {answer.shape}"
        )


def lift_saved(backend: Backend) -> Callable[[Node, tuple[Any, ...]], tuple[Any, ...]]:
    """Return the function that gives a node's saved arrays back their place in the graph."""

    def lift_one(value: Any, source: Source) -> Any:
        if value.__class__ in SCALARS:
            return value
        return make_tensor(value, backend, None if source.__class__ is Literal else source)

    def lift(node: Node, saved: tuple[Any, ...]) -> tuple[Any, ...]:
        plan: Plan = node.plan
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
    seeds: Sequence[tuple[Node | Output, Array]],
    backend: Backend,
    targets: set[Node | Output] | None,
    create_graph: bool,
) -> tuple[dict[Node | Output, Tensor], set[Node | Output], list[Node], list[tuple[Tensor, Tensor]]]:
    """``backpropagate`` in the mode asked for; seeds and results are tensors."""
    if create_graph:
        with Mode(recording=True, backend=backend):
            reached, _, nodes, kept = backpropagate(
                seeds, recorded, backend, lift_saved(backend), targets
            )
        return reached, set(), nodes, kept
    tracer = get_context().tracer
    xp = backend.xp if tracer is None else tracer.xp
    data = [
        (source, seed._data if tracer is None else tracer.lift(seed)) for source, seed in seeds
    ]
    reached, owned, nodes, kept = backpropagate(data, xp, backend, None, targets)
    if tracer is not None:
        owned = set(reached)  # traced values are names, not memory
    wrapped = {target: make_tensor(g, backend) for target, g in reached.items()}
    return wrapped, owned, nodes, [(handle, make_tensor(g, backend)) for handle, g in kept]


def release(nodes: Iterable[Node]) -> None:
    """Let go of the arrays that nodes saved; their structure stays."""
    for node in nodes:
        if node.__class__ is not Leaf:
            node.saved = None
