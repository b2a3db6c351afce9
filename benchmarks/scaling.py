"""How the cost of a step grows: with the depth of a graph, the width of layers, the batch.

Depth is a chain of 10 to 100,000 multiplications and additions of vectors of 4, forward and
backward, with Python's garbage collector running as it does in a user's program; by hand it keeps
the operands of the multiplications in a list. Width and batch are steps of gradient descent as in
``steps``.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

import tensorgrok as tg
from benchmarks import peers
from benchmarks.tasks import Dense
from benchmarks.work import OURS, REFERENCE, Array, Race, Side, Work, our_wait, values

DEPTHS = (10, 100, 1_000, 10_000, 100_000)
WIDTHS = (4, 16, 64, 256, 1024, 2048)
BATCHES = (1, 4, 16, 64, 256, 1024, 4096)
AMONG = ("PyTorch", "JAX jit", "autograd", "MyGrad")
#: Of the many, those that a quick run takes.
QUICK = ("depth 10", "depth 100", "depth 10000")


def depth(count: int, among: Collection[str] = AMONG) -> Race:
    """``y = y * scale`` and ``y = y + shift`` in turn, ``count`` of them, and their gradients."""
    random = np.random.default_rng(7)
    # So near to 1 that a hundred thousand of them neither vanish nor overflow.
    scale, shift = (np.empty(4, np.float32) for _ in range(2))
    scale[:] = random.uniform(0.99999, 1.00001, 4)
    shift[:] = random.uniform(0.0005, 0.001, 4)
    makers: dict[str, Callable[[Array, Array, int], Side]] = {OURS: _ours, REFERENCE: _by_hand}
    makers |= {"PyTorch": _torch, "autograd": _autograd, "MyGrad": _mygrad}
    sides, absent = {}, {}
    for name, make in makers.items():
        if name in (OURS, REFERENCE, *among):
            try:
                side = make(scale, shift, count // 2)
            except ImportError as error:
                absent[name] = f"not installed: {error}"
                continue
            sides[name] = dataclasses.replace(side, collects=True)
    # Sums of so many terms, in whatever order, differ in what float32 rounds off.
    rtol = 1e-5 if count <= 1_000 else 1e-3
    return Race(sides, rtol, absent, {"along": "depth", "size": count})


def _by_hand(scale: Array, shift: Array, pairs: int) -> Side:
    start = np.ones(4, np.float32)

    def step() -> Any:
        y = start
        kept = []
        for _ in range(pairs):
            kept.append(y)
            y = y * scale
            y = y + shift
        loss = y.sum()
        g = np.ones_like(y)
        slope_scale, slope_shift = np.zeros_like(scale), np.zeros_like(shift)
        while kept:
            slope_shift = slope_shift + g
            slope_scale = slope_scale + g * kept.pop()
            g = g * scale
        return loss, slope_scale, slope_shift

    return Side("step()", {"step": step}, "step()")


def _ours(scale_data: Array, shift_data: Array, pairs: int) -> Side:
    scale, shift = (tg.Tensor(array, requires_grad=True) for array in (scale_data, shift_data))
    start = tg.Tensor(np.ones(4, np.float32))

    def step() -> Any:
        y = start
        for _ in range(pairs):
            y = y * scale
            y = y + shift
        loss = y.sum()
        scale.grad = shift.grad = None
        loss.backward()
        return loss

    return Side.of_step(step, lambda: (scale.grad, shift.grad), values, our_wait())


def _torch(scale_data: Array, shift_data: Array, pairs: int) -> Side:
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(1)
    scale, shift = (torch.tensor(a, requires_grad=True) for a in (scale_data, shift_data))
    start = torch.ones(4)

    def step() -> Any:
        y = start
        for _ in range(pairs):
            y = y * scale
            y = y + shift
        loss = y.sum()
        scale.grad = shift.grad = None
        loss.backward()
        return loss

    def fetch(tensor: Any) -> Any:
        return tensor.detach().numpy()

    return Side.of_step(step, lambda: (scale.grad, shift.grad), fetch)


def _autograd(scale: Array, shift: Array, pairs: int) -> Side:
    autograd: Any = importlib.import_module("autograd")
    start = np.ones(4, np.float32)

    def chain(scale: Any, shift: Any) -> Any:
        y = start
        for _ in range(pairs):
            y = y * scale
            y = y + shift
        return autograd.numpy.sum(y)

    run = autograd.value_and_grad(chain, argnum=(0, 1))

    def step() -> Any:
        loss, slopes = run(scale, shift)
        return loss, *slopes

    return Side("step()", {"step": step}, "step()")


def _mygrad(scale_data: Array, shift_data: Array, pairs: int) -> Side:
    mygrad: Any = importlib.import_module("mygrad")
    scale, shift = mygrad.tensor(scale_data), mygrad.tensor(shift_data)
    start = np.ones(4, np.float32)

    def step() -> Any:
        y = start
        for _ in range(pairs):
            y = y * scale
            y = y + shift
        loss = y.sum()
        loss.backward()
        return loss.data

    return Side.of_step(step, lambda: (scale.grad, shift.grad))


def grown(along: str, size: int, among: Collection[str] = AMONG) -> Race:
    """A step of the book's network with layers, or a batch, of that size."""
    if along == "width":
        task = Dense("SGD", 1, (size, size, size))
    else:
        task = Dense("SGD", size, (784, 100, 10))
    found = peers.race(task, [name for name in AMONG if name in among])
    return dataclasses.replace(found, facts={"along": along, "size": size})


def works(among: Collection[str] = AMONG) -> list[Work]:
    """Everything in this module, to be made when it is wanted."""
    found = [
        Work(f"depth {count}", functools.partial(depth, count, among), quick=True)
        for count in DEPTHS
    ]
    for along, sizes in (("width", WIDTHS), ("batch", BATCHES)):
        found += [Work(f"{along} {n}", functools.partial(grown, along, n, among)) for n in sizes]
    return [work._replace(quick=work.name in QUICK) for work in found]
