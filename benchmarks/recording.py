"""What recording costs: one operation of each kind on arrays of 4x4, where work costs nothing.

``forward`` records it, ``backward`` records it and then carries a cotangent back through it. By
hand that is the operation, and after it the formulas of its gradients. PyTorch and MyGrad do the
same where they have the operation.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

import tensorgrok as tg
from benchmarks.work import OURS, REFERENCE, Race, Side, Work, our_side, our_wait, values
from tensorgrok import nn

AMONG = ("PyTorch", "MyGrad")


class Operation(NamedTuple):
    """One operation, spelled for everybody; ``xp`` is each one's own namespace.

    Attributes:
        ours: for tensors.
        by_hand: for arrays.
        gradients: by the argument, formulas of y, of its cotangent g and of the arguments.
        torch, mygrad: as ``ours`` if None, absent if empty.
    """

    ours: str
    by_hand: str
    gradients: Mapping[str, str]
    torch: str | None = None
    mygrad: str | None = None


OPERATIONS: dict[str, Operation] = {
    "add": Operation("a + b", "a + b", {"a": "g", "b": "g"}),
    "multiply": Operation("a * b", "a * b", {"a": "g * b", "b": "g * a"}),
    "with a number": Operation("a * 2.0", "a * 2.0", {"a": "g * 2.0"}, mygrad="a * two"),
    "negative": Operation("-a", "-a", {"a": "-g"}),
    "exp": Operation("xp.exp(a)", "xp.exp(a)", {"a": "g * y"}),
    "tanh": Operation("xp.tanh(a)", "xp.tanh(a)", {"a": "g * (1 - y * y)"}),
    "relu": Operation(
        "xp.relu(a)", "xp.maximum(a, 0)", {"a": "g * (y > 0)"}, mygrad="relu(a, constant=False)"
    ),
    "compare": Operation("a > b", "a > b", {}, mygrad=""),
    "where": Operation(
        "xp.where(mask, a, 0)", "xp.where(mask, a, 0)", {"a": "g * mask"}, mygrad=""
    ),
    "sum": Operation("a.sum()", "a.sum()", {"a": "ones * g"}),
    "sum over an axis": Operation("a.sum(axis=1)", "a.sum(axis=1)", {"a": "ones * g[:, None]"}),
    "max over an axis": Operation(
        "a.max(axis=1)",
        "a.max(axis=1)",
        {"a": "g[:, None] * (a == y[:, None])"},
        torch="a.amax(axis=1)",
    ),
    "reshape": Operation("a.reshape(16)", "a.reshape(16)", {"a": "g.reshape(4, 4)"}),
    "transpose": Operation("a.T", "a.T", {"a": "g.T"}),
    "concat": Operation(
        "xp.concat([a, b])", "xp.concat([a, b])", {"a": "g[:4]", "b": "g[4:]"}, mygrad="join(a, b)"
    ),
    "row": Operation("a[1]", "a[1]", {"a": "placed(1, g)"}),
    "slice": Operation("a[:, 1:3]", "a[:, 1:3]", {"a": "placed(columns, g)"}),
    "gather": Operation("a[index]", "a[index]", {"a": "added(index, g)"}),
    "dot": Operation(
        "a.dot(b)",
        "a.dot(b)",
        {"a": "g.dot(b.T)", "b": "a.T.dot(g)"},
        torch="a.mm(b)",
        mygrad="a @ b",
    ),
    "matmul": Operation("a @ b", "a @ b", {"a": "g @ b.T", "b": "a.T @ g"}),
    "vector dot": Operation(
        "v.dot(b)",
        "v.dot(b)",
        {"v": "g.dot(b.T)", "b": "v[:, None] * g"},
        torch="v @ b",
        mygrad="v @ b",
    ),
    "softmax": Operation(
        "xp.softmax(a)",
        "softmax(a)",
        {"a": "y * (g - (g * y).sum(axis=-1, keepdims=True))"},
        torch="a.softmax(-1)",
        mygrad="softmax(a)",
    ),
    "cumulative sum": Operation(
        "xp.cumulative_sum(a, axis=1)",
        "a.cumsum(axis=1)",
        {"a": "g[:, ::-1].cumsum(axis=1)[:, ::-1]"},
        torch="a.cumsum(1)",
        mygrad="xp.cumsum(a, axis=1)",
    ),
    "sort": Operation(
        "xp.sort(a)",
        "xp.sort(a)",
        {"a": "back(a.argsort(axis=-1), g)"},
        torch="a.sort(-1).values",
        mygrad="",
    ),
    "einsum": Operation(
        "xp.einsum('ij,jk->ik', a, b)",
        "xp.einsum('ij,jk->ik', a, b)",
        {"a": "xp.einsum('ik,jk->ij', g, b)", "b": "xp.einsum('ij,ik->jk', a, g)"},
    ),
    "loss": Operation(
        "nn.mse(a, b)",
        "((a - b) ** 2).mean()",
        {"a": "(a - b) * (2 * g / 16)", "b": "(b - a) * (2 * g / 16)"},
        torch="mse(a, b)",
        mygrad="((a - b) ** 2).mean()",
    ),
}


# What everybody reads ----------------------------------------------------------------------------


def arrays() -> dict[str, Any]:
    """The operands, by the names that statements have for them."""
    random = np.random.default_rng(0)
    found: dict[str, Any] = {n: random.uniform(0.5, 1, (4, 4)).astype("f4") for n in "ab"}
    found |= {"v": found["a"][0].copy(), "index": np.array([2, 0, 0]), "mask": found["a"] > 0.7}
    return found


def softmax(x: Any) -> Any:
    """The softmax of rows, by hand."""
    small = np.exp(x - x.max(axis=-1, keepdims=True))
    return small / small.sum(axis=-1, keepdims=True)


def placed(key: Any, g: Any) -> Any:
    """Zeros of 4x4 with a cotangent in its place."""
    found = np.zeros((4, 4), np.float32)
    found[key] = g
    return found


def added(index: Any, g: Any) -> Any:
    """Zeros of 4x4 with rows added where an index says, however often."""
    found = np.zeros((4, 4), np.float32)
    np.add.at(found, index, g)
    return found


def back(order: Any, g: Any) -> Any:
    """The cotangent of rows before they were sorted."""
    found = np.empty_like(g)
    np.put_along_axis(found, order, g, axis=-1)
    return found


BY_HAND = {
    "xp": np,
    "softmax": softmax,
    "placed": placed,
    "added": added,
    "back": back,
    "columns": (slice(None), slice(1, 3)),
    "ones": np.ones((4, 4), np.float32),
}


# The sides ---------------------------------------------------------------------------------------


def forward(name: str, among: Collection[str]) -> Race:
    """One operation, recorded and by hand."""
    operation, operands = OPERATIONS[name], arrays()
    sides = {
        OURS: our_side(operation.ours, _our_names(operands)),
        REFERENCE: Side(operation.by_hand, operands | BY_HAND),
    }
    peers, absent = _peers(operation, operands, among)
    for peer, statement, names, fetch in peers:
        sides[peer] = Side(statement, names, fetch=fetch)
    return Race(sides, absent=absent)


def backward(name: str, among: Collection[str]) -> Race:
    """One operation, and a cotangent back through it to each of its float arguments."""
    operation, operands = OPERATIONS[name], arrays()
    y = eval(operation.by_hand, operands | BY_HAND)
    g = np.random.default_rng(1).uniform(0.5, 1, np.shape(y)).astype(np.float32)
    formulas = "".join(f"{formula}, " for formula in operation.gradients.values())
    leaves = list(operation.gradients)
    by_hand = _function(
        f"y = {operation.by_hand}; return y, {formulas}", operands | BY_HAND | {"g": g}
    )
    ours = _our_names(operands) | {"g": tg.Tensor(g)}
    sides = {
        OURS: Side("step()", *_carried(operation.ours, ours, leaves), values, our_wait()),
        REFERENCE: Side("step()", {"step": by_hand}, "step()"),
    }
    peers, absent = _peers(operation, operands, among)
    for peer, statement, names, fetch in peers:
        mine = names | {"g": names["cotangent"](g)}
        sides[peer] = Side("step()", *_carried(statement, mine, leaves), fetch)
    return Race(sides, absent=absent)


def _our_names(operands: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tg.Tensor(array, requires_grad=array.dtype.kind == "f")
        for name, array in operands.items()
    } | {"xp": tg, "nn": nn}


def _function(body: str, names: dict[str, Any]) -> Callable[[], Any]:
    space = dict(names)
    exec(f"def step(): {body}", space)
    found: Callable[[], Any] = space["step"]
    return found


def _carried(
    statement: str, names: dict[str, Any], leaves: list[str]
) -> tuple[dict[str, Any], str]:
    """The names and the results of a step that forgets gradients, records, and carries back."""
    forget = names.get("forget", " = ".join(f"{leaf}.grad" for leaf in leaves) + " = None")
    step = _function(f"{forget}; y = {statement}; y.backward(g); return y", names)
    gradients = "".join(f"{leaf}.grad, " for leaf in leaves)
    return names | {"step": step}, f"(step(), {gradients})"


Peer = tuple[str, str, dict[str, Any], Callable[[Any], Any]]


def _peers(
    operation: Operation, operands: Mapping[str, Any], among: Collection[str]
) -> tuple[list[Peer], dict[str, str]]:
    """Name, statement, names and ``fetch`` of those who can, and why the others cannot."""
    found: list[Peer] = []
    absent: dict[str, str] = {}
    for peer, spelled, make in (
        ("PyTorch", operation.torch, _torch_names),
        ("MyGrad", operation.mygrad, _mygrad_names),
    ):
        if peer not in among:
            continue
        if spelled == "":
            absent[peer] = "has no such operation that records"
            continue
        try:
            names = make(operands)
        except ImportError as error:
            absent[peer] = f"not installed: {error}"
            continue
        found.append((peer, spelled or operation.ours, names, names["fetch"]))
    return found, absent


def _torch_names(operands: Mapping[str, Any]) -> dict[str, Any]:
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(1)

    def fetch(tensor: Any) -> Any:
        return tensor.detach().numpy()

    names = {
        name: torch.tensor(array, requires_grad=array.dtype.kind == "f")
        for name, array in operands.items()
    }
    return names | {
        "xp": torch,
        "mse": torch.nn.functional.mse_loss,
        "cotangent": torch.tensor,
        "fetch": fetch,
    }


def _mygrad_names(operands: Mapping[str, Any]) -> dict[str, Any]:
    mygrad: Any = importlib.import_module("mygrad")
    activations: Any = importlib.import_module("mygrad.nnet.activations")

    def fetch(tensor: Any) -> Any:
        return np.asarray(tensor.data if hasattr(tensor, "creator") else tensor)

    def join(*tensors: Any) -> Any:
        return mygrad.concatenate(tensors)

    names: dict[str, Any] = {
        name: mygrad.tensor(array) if array.dtype.kind == "f" else array
        for name, array in operands.items()
    }
    return names | {
        "xp": mygrad,
        "relu": activations.relu,
        "softmax": activations.softmax,
        "join": join,
        "two": np.float32(2),
        "forget": "pass",  # a tensor forgets its gradient when it is used again
        "cotangent": np.asarray,
        "fetch": fetch,
    }


QUICK = ("add", "dot", "relu", "sum over an axis", "softmax")


def works(way: str, among: Collection[str] = AMONG) -> list[Work]:
    """Everything in this module, ``"forward"`` or ``"backward"``, made when it is wanted."""
    make = forward if way == "forward" else backward
    return [
        Work(name, functools.partial(make, name, among), quick=name in QUICK)
        for name, operation in OPERATIONS.items()
        if way == "forward" or operation.gradients
    ]
