"""The hot path: a vector, or a batch of them, times a matrix; forward, backward, and the update.

Sizes from 4 to 8192 and batches of 1, 8, 32 and 128 vectors of float32. By hand each product is the
one line of NumPy for it; ours goes through ``Tensor.dot``, ``backward`` and ``optim.SGD``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import tensorgrok as tg
from benchmarks.work import RATE, Array, Pair, Work
from tensorgrok import optim

SIZES = (4, 16, 64, 256, 512, 1024, 2048, 4096, 8192)
BATCHES = (1, 8, 32, 128)


def start(size: int, batch: int) -> tuple[Array, Array, Array]:
    """Vectors, a square matrix and the cotangent of their product; none of them denormal."""
    random = np.random.default_rng(size + batch)
    x, g = (random.uniform(0.5, 1, (batch, size)).astype(np.float32) for _ in range(2))
    w = random.uniform(0.5, 1, (size, size)).astype(np.float32) / np.float32(size)
    return x, w, g


def forward(size: int, batch: int) -> Pair:
    """``x.dot(w)``, recorded and by hand."""
    x, w, _ = start(size, batch)
    ours = {"x": tg.Tensor(x), "w": tg.Tensor(w, requires_grad=True)}
    name = f"forward {batch}x{size}"
    return Pair(name, "x.dot(w)", ours, {"x": x, "w": w}, rtol=1e-5)


def contract(size: int, batch: int) -> Pair:
    """``backend.vecmat`` beside ``numpy.dot``: both are arrays, and nothing is recorded."""
    x, w, _ = start(size, batch)
    backend = tg.current_backend()
    ours: dict[str, Any] = {"x": backend.asarray(x), "w": backend.asarray(w), "wrap": tg.Tensor}
    by_hand: dict[str, Any] = {"x": x, "w": w, "wrap": np.asarray}
    ours["dot"], by_hand["dot"] = backend.vecmat, np.dot
    name = f"backend.vecmat {batch}x{size}"
    return Pair(name, "dot(x, w)", ours, by_hand, "(wrap(dot(x, w)),)", rtol=1e-5)


def backward(size: int, batch: int, update: bool) -> Pair:
    """Forward and backward, and with ``update`` a step of gradient descent on the matrix."""
    x, w, g = start(size, batch)
    name = f"{'update' if update else 'backward'} {batch}x{size}"
    ours, by_hand = _ours(x, w, g, update), _by_hand(x, w, g, update)
    return Pair(name, "step()", ours, by_hand, "(step(), *state())", rtol=1e-5)


def _ours(x_data: Array, w_data: Array, g_data: Array, update: bool) -> dict[str, Any]:
    x, w = tg.Tensor(x_data, requires_grad=True), tg.Tensor(w_data, requires_grad=True)
    g = tg.Tensor(g_data)
    optimizer = optim.SGD([w], lr=RATE)

    def step() -> Any:
        x.grad = w.grad = None
        y = x.dot(w)
        y.backward(g)
        if update:
            optimizer.step()
        return y

    return {"step": step, "state": lambda: (x.grad, w.grad, w)}


def _by_hand(x: Array, w: Array, g: Array, update: bool) -> dict[str, Any]:
    dx, dw = np.zeros_like(x), np.zeros_like(w)

    def step() -> Any:
        nonlocal w, dx, dw
        y = x.dot(w)
        dx, dw = g.dot(w.T), x.T.dot(g)
        if update:
            w = w - np.float32(RATE) * dw
        return y

    return {"step": step, "state": lambda: (dx, dw, w)}


#: The kinds of work, by name.
KINDS: dict[str, Callable[[int, int], Pair]] = {
    "backend.vecmat": contract,
    "forward": forward,
    "backward": functools.partial(backward, update=False),
    "update": functools.partial(backward, update=True),
}


def works(kind: str) -> list[Work]:
    """One kind of work in all sizes and batches, to be made when it is wanted."""
    return [
        Work(f"{batch}x{size}", functools.partial(KINDS[kind], size, batch), large=size >= 4096)
        for size in SIZES
        for batch in BATCHES
    ]
