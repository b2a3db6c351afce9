"""The same programs in PyTorch, in double precision: values and derivatives to second order.

Where PyTorch has no operation of that name and meaning, a step says it in PyTorch's words, or in
those of the helpers here.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from tests.random_programs.check import Outcome, agree, flat
from tests.random_programs.program import Array, Program, total
from tests.random_programs.steps import STEPS
from tests.random_programs.table import HELPERS, Shape

torch: Any = importlib.import_module("torch")  # which type checkers need not have
F = torch.nn.functional


class Peer:
    """PyTorch under the name ``tg``: its functions wherever they live."""

    Tensor = staticmethod(torch.tensor)

    def __getattr__(self, name: str) -> Any:
        for module in (torch, F, torch.special):
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(f"PyTorch has no {name}; give the step a text for it")


def dims(x: Any, axis: int | tuple[int, ...] | None) -> Any:
    """All axes for None, which some functions do not take."""
    return tuple(range(x.ndim)) if axis is None else axis


def prod(x: Any, axis: int | tuple[int, ...] | None, keepdims: bool) -> Any:
    """The product over several axes, one after the other."""
    axes = (axis,) if isinstance(axis, int) else dims(x, axis)
    for one in axes:
        x = torch.prod(x, one, keepdim=True)
    return x if keepdims or not axes else torch.squeeze(x, axes)


def quantile(x: Any, q: Any, axis: int | tuple[int, ...] | None, keepdims: bool) -> Any:
    """The quantile over several axes: they are moved to the end and made one."""
    axes = [a % x.ndim for a in ((axis,) if isinstance(axis, int) else dims(x, axis))]
    others = [a for a in range(x.ndim) if a not in axes]
    last = torch.permute(x, (*others, *axes)).flatten(len(others)) if axes else x[..., None]
    shares = torch.tensor(q, dtype=x.dtype)
    result = torch.quantile(last, shares, -1)
    kept = tuple(1 if a in axes else length for a, length in enumerate(x.shape))
    return result.reshape((*shares.shape, *kept)) if keepdims else result


def scan(function: Any, x: Any, axis: int | None, start: int, initial: bool) -> Any:
    """A cumulative sum or product, with what is before the first element if asked for."""
    axis = 0 if axis is None else axis
    first = torch.full_like(torch.sum(x, axis, keepdim=True), start)
    return function(torch.cat([first, x], axis) if initial else x, axis)


def reduced(x: Any, reduction: str) -> Any:
    """What a loss makes of the losses of single rows."""
    return {"mean": x.mean, "sum": x.sum, "none": x.clone}[reduction]()


def dot(x: Any, y: Any) -> Any:
    """``numpy.dot`` of more than two axes."""
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    return torch.tensordot(x, y, dims=([x.ndim - 1], [max(0, y.ndim - 2)]))


def places(x: Any, key: Any) -> Any:
    """The places in flattened ``x`` that NumPy reads with an index."""
    return torch.tensor(_positions(tuple(x.shape), key))


def _positions(shape: Shape, key: Any) -> Array:
    return np.array(np.arange(math.prod(shape)).reshape(shape)[key])


def placed(x: Any, key: Any, values: Any) -> Any:
    """``x`` with ``x[key]`` replaced; of several values for one place the last."""
    shape = tuple(x.shape)
    positions = _positions(shape, key)
    source = np.full(shape, -1)
    source[key] = np.arange(positions.size).reshape(positions.shape)
    if not positions.size:
        return x * 1.0
    spread = values.broadcast_to(positions.shape).reshape(-1)
    return torch.where(torch.tensor(source >= 0), spread[torch.tensor(np.maximum(source, 0))], x)


def added(x: Any, key: Any, values: Any) -> Any:
    """``x`` with values added at ``x[key]``; those for one place are summed."""
    positions = places(x, key)
    spread = values.broadcast_to(positions.shape).reshape(-1)
    zeros = torch.zeros(x.numel(), dtype=x.dtype)
    return x + zeros.index_add(0, positions.reshape(-1), spread).reshape(x.shape)


def padded(x: Any, width: Any, mode: str, value: float = 0.0) -> Any:
    """``numpy.pad`` as reading by index, axis by axis."""
    for axis, (before, after) in enumerate(width):
        length = x.shape[axis]
        inner = np.arange(length)
        if mode == "constant":
            lengths = [*x.shape]
            ends = []
            for count in (before, after):
                lengths[axis] = count
                ends.append(torch.full(lengths, value, dtype=x.dtype))
            x = torch.cat([ends[0], x, ends[1]], axis)
        else:
            index = np.pad(inner, (before, after), mode)  # type: ignore[call-overload]  # any mode
            x = torch.index_select(x, axis, torch.tensor(index))
    return x


NAMES = HELPERS | {
    "F": F, "torch": torch, "tg": Peer(), "dims": dims, "prod": prod, "quantile": quantile,
    "scan": scan, "reduced": reduced, "dot": dot, "places": places, "placed": placed,
    "added": added, "padded": padded,
}  # fmt: skip


def has_peer(program: Program) -> bool:
    """Whether PyTorch has all steps of a program."""
    return all(STEPS[call.step].torch is not None for call in program.calls)


def compare(program: Program, mine: Outcome) -> None:
    """Compare what tensorgrok computed with PyTorch's value, gradient and Hessian-vector product.

    Raises:
        Disagreement: they differ.
    """
    leaves = {n: torch.tensor(a, requires_grad=True) for n, a in program.leaves.items()}
    values = dict(leaves)
    for call in program.calls:
        step = STEPS[call.step]
        operands = [values[name] for name in call.operands]
        results = eval(step.torch or step.text, NAMES | step.bind(operands, call.parameters))
        many = tuple(results) if isinstance(results, tuple | list) else (results,)
        values |= zip(call.results, many, strict=True)
    loss = total(values, {name: torch.tensor(w) for name, w in program.weights.items()})
    starts = [*leaves.values()]
    gradient = _gradient(loss, starts)
    directions = program.directions().values()
    slope = sum(
        ((g * torch.tensor(v)).sum() for g, v in zip(gradient, directions, strict=True)),
        torch.zeros((), dtype=torch.float64),
    )
    product = _gradient(slope, starts)
    agree("of PyTorch", mine, loss.item(), _flat(gradient), _flat(product))


def _gradient(loss: Any, leaves: list[Any]) -> list[Any]:
    if not loss.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = torch.autograd.grad(
        loss, leaves, create_graph=True, allow_unused=True, materialize_grads=True
    )
    return [*found]


def _flat(tensors: list[Any]) -> Array:
    # PyTorch may hand out zeros that have no memory to read; adding to others gives them some.
    return flat((torch.zeros(t.shape, dtype=t.dtype) + t.detach()).numpy() for t in tensors)
