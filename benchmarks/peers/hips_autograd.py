"""The steps by HIPS autograd: gradients of functions written with ``autograd.numpy``.

Losses take each parameter as an argument of its own, for autograd is slower with lists of them. It
has no optimizer that takes single steps, so parameters are updated with plain NumPy, in place,
which is quicker for large ones than making new arrays. ReLU is a product with a mask, which is
quicker here than ``maximum`` and ``where``.

``maximum`` of an axis is not used either: its gradient is float64. What needs it is a primitive of
its own, the logarithm of a sum of exponentials.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.updates import updating
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Array, Side

autograd: Any = importlib.import_module("autograd")
anp: Any = importlib.import_module("autograd.numpy")
extend: Any = importlib.import_module("autograd.extend")


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them."""
    x, target = task.data()

    def layers(parameters: tuple[Any, ...]) -> Any:
        y: Any = x
        if not task.biases:
            for w in parameters[:-1]:
                y = relu(y @ w)
            return y @ parameters[-1]
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            y = relu(y @ w + b)
        return y @ parameters[-2] + parameters[-1]

    if not task.classifies:
        return _side(task, lambda *parameters: squared_error(layers(parameters), target), rate)
    chosen = np.eye(task.sizes[-1], dtype=np.float32)[target]

    def cross_entropy(*parameters: Any) -> Any:
        logits = layers(parameters)
        return -anp.sum((logits - log_sum_exp(logits)) * chosen) / task.batch

    return _side(task, cross_entropy, rate)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network; one product takes the inputs and the state side by side."""
    data, target = task.data()
    first, *others = (np.ascontiguousarray(data[:, t]) for t in range(task.steps))

    def loss(w: Any, u: Any, b: Any, v: Any) -> Any:
        both = anp.concatenate([w, u])
        state = anp.tanh(first @ w + b)
        for x in others:
            state = anp.tanh(anp.concatenate([x, state], axis=1) @ both + b)
        return squared_error(state @ v, target)

    return _side(task, loss, rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention; products with weights take all sequences at once.

    Otherwise autograd would make a gradient of the weights for each sequence, and add them up.
    """
    x, target = task.data()
    shape = x.shape
    x, target = x.reshape(-1, task.width), target.reshape(-1, task.width)
    scale = task.width**-0.5

    def loss(w_q: Any, w_k: Any, w_v: Any, w_o: Any) -> Any:
        q, k, v = (anp.reshape(x @ w, shape) for w in (w_q, w_k, w_v))
        scores = q @ anp.swapaxes(k, 1, 2) * scale
        mixed = anp.exp(scores - log_sum_exp(scores)) @ v
        return squared_error(x + anp.reshape(mixed, x.shape) @ w_o, target)

    return _side(task, loss, rate)


def relu(x: Any) -> Any:
    """What is positive, and zeros for the rest."""
    return x * (x > 0)


def squared_error(y: Any, target: Array) -> Any:
    """Half the sum of squared differences."""
    error = y - target
    return anp.sum(error * error) / 2


@extend.primitive  # type: ignore[untyped-decorator] # autograd has no types
def log_sum_exp(x: Any) -> Any:
    """The logarithm of the sum of exponentials over the last axis, which stays with length 1."""
    largest = x.max(axis=-1, keepdims=True)
    return np.log(np.exp(x - largest).sum(axis=-1, keepdims=True)) + largest


def _log_sum_exp_pullback(y: Any, x: Any) -> Callable[[Any], Any]:
    return lambda g: g * anp.exp(x - y)


extend.defvjp(log_sum_exp, _log_sum_exp_pullback)


def _side(task: Task, loss: Callable[..., Any], rate: float) -> Side:
    parameters = task.parameters()
    value_and_grad = autograd.value_and_grad(loss, argnum=tuple(range(len(parameters))))
    update = updating(task.optimizer, parameters, rate)

    def step() -> Any:
        value, slopes = value_and_grad(*parameters)
        update(slopes)
        return value

    return Side.of_step(step, lambda: parameters)
