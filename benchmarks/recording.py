"""What recording costs: one operation of each kind on arrays of 4x4, where work costs nothing."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import tensorgrok as tg
from benchmarks.work import Pair, Work
from tensorgrok import nn

#: What is done, as a statement for tensors and as one for arrays.
OPERATIONS: dict[str, tuple[str, str]] = {
    "add": ("a + b", "a + b"),
    "multiply": ("a * b", "a * b"),
    "with a number": ("a * 2.0", "a * 2.0"),
    "negative": ("-a", "-a"),
    "exp": ("xp.exp(a)", "xp.exp(a)"),
    "tanh": ("xp.tanh(a)", "xp.tanh(a)"),
    "relu": ("xp.relu(a)", "xp.maximum(a, 0)"),
    "compare": ("a > b", "a > b"),
    "where": ("xp.where(mask, a, 0)", "xp.where(mask, a, 0)"),
    "sum": ("a.sum()", "a.sum()"),
    "sum over an axis": ("a.sum(axis=1)", "a.sum(axis=1)"),
    "max over an axis": ("a.max(axis=1)", "a.max(axis=1)"),
    "reshape": ("a.reshape(16)", "a.reshape(16)"),
    "transpose": ("a.T", "a.T"),
    "concat": ("xp.concat([a, b])", "xp.concat([a, b])"),
    "row": ("a[1]", "a[1]"),
    "slice": ("a[:, 1:3]", "a[:, 1:3]"),
    "gather": ("a[index]", "a[index]"),
    "dot": ("a.dot(b)", "a.dot(b)"),
    "matmul": ("a @ b", "a @ b"),
    "vector dot": ("v.dot(b)", "v.dot(b)"),
    "softmax": ("xp.softmax(a)", "softmax(a)"),
    "cumulative sum": ("xp.cumulative_sum(a, axis=1)", "a.cumsum(axis=1)"),
    "sort": ("xp.sort(a)", "xp.sort(a)"),
    "einsum": ("xp.einsum('ij,jk->ik', a, b)", "xp.einsum('ij,jk->ik', a, b)"),
    "loss": ("nn.mse(a, b)", "((a - b) ** 2).mean()"),
}


def operation(name: str) -> Pair:
    """One operation, recorded and by hand."""
    random = np.random.default_rng(0)
    arrays: dict[str, Any] = {n: random.uniform(0.5, 1, (4, 4)).astype("f4") for n in "ab"}
    arrays |= {"v": arrays["a"][0].copy(), "index": np.array([2, 0, 0])}
    arrays["mask"] = arrays["a"] > 0.7
    tensors: dict[str, Any] = {
        n: tg.Tensor(array, requires_grad=array.dtype.kind == "f") for n, array in arrays.items()
    }
    ours, by_hand = OPERATIONS[name]
    tensors |= {"xp": tg, "nn": nn}
    arrays |= {"xp": np, "softmax": softmax}
    return Pair(name, ours, tensors, arrays, statement_by_hand=by_hand)


def softmax(x: Any) -> Any:
    """The softmax of rows, by hand."""
    small = np.exp(x - x.max(axis=-1, keepdims=True))
    return small / small.sum(axis=-1, keepdims=True)


def works() -> list[Work]:
    """Everything in this module, to be made when it is wanted."""
    return [Work(name, functools.partial(operation, name)) for name in OPERATIONS]
