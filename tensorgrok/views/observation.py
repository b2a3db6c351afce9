"""What a model's layers hold on some rows, and what its weights are asked for.

The graph that the model records tells it: a contraction that has a parameter among its operands is
a weight at work, its other operand is the layer before it, and the cotangent of its result is what
the layers after it ask for, the demand. The model runs twice: first unrecorded, for the slope of
the loss, which may depend on all rows at once; then recorded, batch by batch.

This module stands on ``autodiff``, ``graph`` and ``nn``; read ``correlation`` next.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import autodiff
from ..backend import Array, Backend
from ..context import Mode, current_backend, enable_grad, no_grad
from ..errors import ArgumentError, DTypeError, GraphError, ShapeError, describe
from ..graph import Crossing, Leaf, Node, Output, Source, order
from ..nn.layers import operand
from ..nn.losses import cross_entropy, squared_error
from ..nn.module import Module
from ..ops.joining import concat
from ..tensor import Tensor
from ..transforms import gradients
from .statistics import check_finite

HostArray = npt.NDArray[Any]
Loss = Callable[[Tensor, Tensor], Tensor]

#: More rows than this go through the model in several batches.
BATCH = 4096


class Product(NamedTuple):
    """A contraction of a layer with a weight.

    Attributes:
        node: where the graph has it.
        weights: its operands that are parameters.
        slot: the place of the layer among its operands.
        before: the number of the last product that the layer was computed from; -1 of an input.
    """

    node: Node
    weights: set[Leaf]
    slot: int
    before: int


class LayerSeen(NamedTuple):
    """One layer on all rows, on the host.

    Attributes:
        values: (n, width).
        arriving: what the last weight before it is asked for, (n, ...); None of an input.
        asked: what the weights after it are asked for together, (n, ...); None of the output.
        gradient: of those weights, in one row; None of the output.
    """

    values: HostArray
    arriving: HostArray | None
    asked: HostArray | None
    gradient: HostArray | None


class Observation(NamedTuple):
    """A model on some rows.

    Attributes:
        layers: in the order of the graph, the output last.
        target: as numbers, (n, k); classes are columns of 0 and 1.
        parameters: how many numbers the parameters have that the output depends on.
    """

    layers: list[LayerSeen]
    target: HostArray
    parameters: int


@contextlib.contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Within it a module and all in it are evaluated; after it their flags are as they were."""
    modules = [module for _, module in model.modules()] if isinstance(model, Module) else []
    before = [vars(module).get("training") for module in modules]
    try:
        for module in modules:
            module.training = False
        yield
    finally:
        for module, flag in zip(modules, before, strict=True):
            if flag is not None:
                module.training = flag
            else:  # it had that of its class
                vars(module).pop("training", None)


def observe(model: Any, given: Any, which: str, loss: Loss | None) -> Observation:
    """Run a model on rows, and backward from the loss to every weight; see ``correlate``."""
    x, y = _read(model, given, which)
    rows = x.shape[0]
    batches = [slice(start, start + BATCH) for start in range(0, rows, BATCH)]
    with evaluating(model):
        with no_grad():
            outputs = [_output(model, x[batch], which) for batch in batches]
            prediction = outputs[0] if len(outputs) == 1 else concat(outputs, axis=0)
        check_finite("correlate", prediction.numpy(), f"the model's output on {which}")
        wanted, target = _target(prediction, y, which, loss is not None)
        pull = _slope(prediction, wanted, loss)
        with enable_grad():
            seen = [_seen(model, x[batch], which, pull[batch]) for batch in batches]
    if len({len(layers) for layers, _ in seen}) > 1:
        raise GraphError(
            f"correlate: on {which} the model computes with {min(len(s) for s, _ in seen)} layers "
            f"for some batches of rows and {max(len(s) for s, _ in seen)} for others; give fewer "
            f"than {BATCH:,} rows"
        )
    layers = [_joined([batch[i] for batch, _ in seen]) for i in range(len(seen[0][0]))]
    return Observation(layers, target, seen[0][1])


def _joined(parts: list[LayerSeen]) -> LayerSeen:
    """A layer seen in several batches as seen in one; gradients add up."""
    if len(parts) == 1:
        return parts[0]

    def rows(pieces: list[Any]) -> Any:
        return None if pieces[0] is None else np.concatenate(pieces)

    values, arriving, asked, found = zip(*parts, strict=True)
    total = None if found[0] is None else np.sum(found, axis=0)
    return LayerSeen(rows([*values]), rows([*arriving]), rows([*asked]), total)


# What goes in and comes out ----------------------------------------------------------------------


def _read(model: Any, given: Any, which: str) -> tuple[Tensor, HostArray]:
    """The rows and their targets; arrays go where the parameters are, in the dtype of those."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise DTypeError(f"correlate: {which} must be a pair (x, y), not {describe(given)}")
    first = next(iter(model.parameters()), None) if isinstance(model, Module) else None
    place = current_backend() if first is None else first.backend
    x = operand("correlate", f"x of {which}", given[0], place).detach()
    if isinstance(given[0], np.ndarray):  # what is elsewhere is looked at as the first layer
        check_finite("correlate", given[0], f"x of {which}")
    if first is not None and not isinstance(given[0], Tensor) and x.dtype.kind == "f":
        x = x.astype(first.dtype)
    y = operand("correlate", f"y of {which}", given[1], place, integers=True).numpy()
    if x.ndim == 0 or y.ndim == 0 or x.shape[0] != y.shape[0]:
        raise ShapeError(
            f"correlate: in {which} x has shape {x.shape} and y {y.shape}; each example needs a "
            "row in both"
        )
    if x.shape[0] < 2:
        raise ArgumentError(
            f"correlate: {which} has {x.shape[0]} rows; a correlation needs two at least"
        )
    if y.dtype.kind not in "biuf":
        raise DTypeError(f"correlate: y of {which} must be real numbers, not {y.dtype}")
    check_finite("correlate", y, f"y of {which}")
    return x, y


def _output(model: Any, x: Tensor, which: str) -> Tensor:
    """What a model makes of some rows, checked."""
    found = model(x)
    if not isinstance(found, Tensor):
        raise DTypeError(
            f"correlate: the model returned a {type(found).__name__}; it must return one Tensor"
        )
    if found.shape[:1] != x.shape[:1] or 0 in found.shape or found.dtype.kind != "f":
        raise ShapeError(
            f"correlate: of {x.shape[0]} rows of {which} the model made {found.dtype}, shape "
            f"{found.shape}; it must return floats with a row for each"
        )
    return found


def _target(
    prediction: Tensor, y: HostArray, which: str, any_shape: bool
) -> tuple[Tensor, HostArray]:
    """The target as the loss takes it, and as numbers (n, k)."""
    shape, place = prediction.shape, prediction.backend
    if y.dtype.kind in "iu" and y.shape == shape[:-1] and shape[-1] > 1:
        classes = shape[-1]
        if y.min() < 0 or y.max() >= classes:
            raise ArgumentError(
                f"correlate: the labels of {which} go from {y.min()} to {y.max()}, but the model "
                f"has {classes} outputs, numbered from 0"
            )
        hits = (y[..., None] == np.arange(classes)).reshape(len(y), -1)
        return Tensor(y, backend=place), hits.astype(np.float64)
    numbers = y.reshape(len(y), -1).astype(np.float64)
    if _long(y.shape) == _long(shape):
        y = y.reshape(shape)
    elif not any_shape:
        raise ShapeError(
            f"correlate: y of {which} has shape {y.shape} ({y.dtype}) and the model's output "
            f"{shape}; give numbers of the output's shape, or integers from 0 to "
            f"{shape[-1] - 1} of shape {shape[:-1]}, the labels of classes"
        )
    return Tensor(y.astype(prediction.dtype), backend=place), numbers


def _long(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Rows, and the lengths of the other axes but for those of length 1."""
    return shape[:1] + tuple(length for length in shape[1:] if length != 1)


def _slope(prediction: Tensor, target: Tensor, loss: Loss | None) -> Tensor:
    """The derivative of the loss of all rows with respect to the output."""
    prediction = prediction.detach()
    prediction.requires_grad = True
    with enable_grad():
        if loss is not None:
            found = loss(prediction, target)
            if not isinstance(found, Tensor) or found.size != 1 or not found.requires_grad:
                seen = describe(found) if isinstance(found, Tensor) else type(found).__name__
                raise DTypeError(
                    f"correlate: loss returned {seen}; it must return one number, a Tensor "
                    "computed from the prediction"
                )
        elif target.dtype.kind in "iu":
            found = cross_entropy(prediction, target, reduction="sum")
        else:
            found = squared_error(prediction, target)
        slope: Tensor = gradients(found, prediction)
    return slope


# The recorded graph ------------------------------------------------------------------------------


def _seen(model: Any, x: Tensor, which: str, slope: Tensor) -> tuple[list[LayerSeen], int]:
    """The layers on one batch, and the number of parameters; ``slope`` is what the loss asks."""
    rows = x.shape[0]
    output = _output(model, x, which)
    end = output.node
    nodes = [] if end is None or not output.requires_grad else order([end])
    found, last = products(nodes, rows)
    if end is None or not found:
        raise GraphError(
            "correlate: the model multiplies no layer by a parameter; a weight is a tensor with "
            "requires_grad=True that dot, @, vecmat, einsum or tensordot takes as it is, together "
            "with a layer that has a row for each example"
        )
    homes = _homes(nodes, end, output.backend)
    targets: set[Node | Output] = {product.node for product in found}
    demands = autodiff.run([(end, slope)], output.backend, targets, False)[0]
    for node in targets - demands.keys():  # behind an argument without a derivative
        demands[node] = homes[node].xp.zeros(node.shape, dtype=node.dtype)
    asked = [_host(homes[p.node], demands[p.node], rows) for p in found]
    after: dict[Source, list[int]] = {}  # a layer may feed several weights
    for place, product in enumerate(found):
        after.setdefault(product.node.inputs[product.slot], []).append(place)
    layers = []
    for places in after.values():
        first = found[places[0]]
        layers.append(
            LayerSeen(
                _host(homes[first.node], _operand(first.node, first.slot), rows),
                asked[first.before] if first.before >= 0 else None,
                np.concatenate([asked[place] for place in places], axis=1),
                np.concatenate([_gradient(found[i], demands, homes) for i in places]),
            )
        )
    values = _host(output.backend, output._data, rows)
    layers.append(LayerSeen(values, asked[last[_node(end)]], None, None))
    leaves = [n for n in nodes if isinstance(n, Leaf) and n.requires_grad]
    return layers, sum(math.prod(leaf.shape) for leaf in leaves)


def products(nodes: list[Node], rows: int) -> tuple[list[Product], dict[Source, int]]:
    """The products of layers with weights, and for each node the last that it was made of.

    Args:
        nodes: a graph in the order of ``graph.order``.
        rows: the length of the first axis of layers.
    """
    found: list[Product] = []
    last: dict[Source, int] = {}
    for node in nodes:
        before = max((last.get(_node(source), -1) for source in node.inputs), default=-1)
        last[node] = before
        if node.__class__ is not Node or node.primitive.kind.name != "contraction":
            continue
        weights = {s for s in node.inputs if isinstance(s, Leaf) and s.requires_grad}
        for slot, source in enumerate(node.inputs):
            if weights and source not in weights and source.shape[:1] == (rows,):
                last[node] = len(found)
                found.append(Product(node, weights, slot, before))
                break
    return found, last


def _node(source: Source) -> Source:
    return source.node if isinstance(source, Output) else source


def _homes(nodes: list[Node], end: Source, backend: Backend) -> dict[Source, Backend]:
    """The backend that each node lives on, where ``end`` lives on ``backend``."""
    homes = {_node(end): backend}
    for node in reversed(nodes):
        place = node.origin if isinstance(node, Crossing) else homes[node]
        for source in node.inputs:
            homes[_node(source)] = place
    return homes


def _operand(node: Node, slot: int) -> Array:
    """An operand as the node saved it for the rule of the other one."""
    assert node.saved is not None
    slots = node.plan.group(tuple(range(len(node.inputs))))
    for value, argument in zip(node.saved, node.plan.sources, strict=True):
        if argument >= 0 and slots[argument] == slot:
            return value
        if argument >= 0 and isinstance(value, tuple) and slot in slots[argument]:
            return value[slots[argument].index(slot)]
    raise GraphError(
        f"correlate: {node.primitive.name} is a contraction whose rules do not read the layer, so "
        "the graph does not have it; write a pullback of the weight that does"
    )


def _gradient(
    product: Product, demands: autodiff.Cotangents, homes: dict[Source, Backend]
) -> HostArray:
    """The gradient of the weights of one product, from that product alone, in one row."""
    node, home = product.node, homes[product.node]
    assert node.saved is not None
    found: autodiff.Cotangents = {}
    with Mode(backend=home):
        weights: set[Any] = {*product.weights}
        node.plan.pull(node, demands[node], home.xp, node.saved, found, set(), weights)
    return np.concatenate([home.to_numpy(gradient).ravel() for gradient in found.values()])


def _host(backend: Backend, values: Array, rows: int) -> HostArray:
    """Values on the host, one row for each example."""
    return backend.to_numpy(values).reshape(rows, -1)
