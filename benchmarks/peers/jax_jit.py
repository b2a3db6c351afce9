"""The steps by JAX: loss, gradients and update are one function, compiled by ``jax.jit``.

Parameters and the state of the optimizer go in and come out; their arrays are donated, so that the
new values may take the place of the old. The data are arguments too, as they are where each step
has a batch of its own: were they constants, XLA would compile them in.

It computes on the CPU whatever devices there are. XLA reads how many threads it may use when it is
first used: ``NPROC=1`` in the environment makes it one.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Side

jax: Any = importlib.import_module("jax")
jnp: Any = importlib.import_module("jax.numpy")

jax.config.update("jax_platforms", "cpu")
# Compute where one calls, not in a thread that has to be woken: quicker here in all sizes.
jax.config.update("jax_cpu_enable_async_dispatch", False)

#: From parameters, inputs and targets to the loss.
Loss = Callable[[Any, Any, Any], Any]


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them."""

    def layers(parameters: Any, x: Any) -> Any:
        if not task.biases:
            for w in parameters[:-1]:
                x = jax.nn.relu(x @ w)
            return x @ parameters[-1]
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = jax.nn.relu(x @ w + b)
        return x @ parameters[-2] + parameters[-1]

    def squared(parameters: Any, x: Any, target: Any) -> Any:
        return squared_error(layers(parameters, x), target)

    def cross_entropy(parameters: Any, x: Any, labels: Any) -> Any:
        shares = jax.nn.log_softmax(layers(parameters, x))
        return -jnp.mean(jnp.take_along_axis(shares, labels[:, None], axis=1))

    return _side(task, cross_entropy if task.classifies else squared, rate)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network, unrolled; one product takes the inputs and the state side by side."""

    def loss(parameters: Any, x: Any, target: Any) -> Any:
        w, u, b, v = parameters
        both = jnp.concatenate([w, u])
        state = jnp.tanh(x[:, 0] @ w + b)
        for t in range(1, task.steps):
            state = jnp.tanh(jnp.concatenate([x[:, t], state], axis=1) @ both + b)
        return squared_error(state @ v, target)

    return _side(task, loss, rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention; products with weights take all sequences at once."""

    def loss(parameters: Any, x: Any, target: Any) -> Any:
        w_q, w_k, w_v, w_o = parameters
        rows = x.reshape(-1, task.width)
        q, k, v = ((rows @ w).reshape(x.shape) for w in (w_q, w_k, w_v))
        mixed = jax.nn.softmax(q @ k.mT * task.width**-0.5) @ v
        y = rows + mixed.reshape(rows.shape) @ w_o
        return squared_error(y, target.reshape(rows.shape))

    return _side(task, loss, rate)


def squared_error(y: Any, target: Any) -> Any:
    """Half the sum of squared differences."""
    error = y - target
    return (error * error).sum() / 2


def _side(task: Task, loss: Loss, rate: float) -> Side:
    x, target = (jnp.array(array) for array in task.data())
    parameters = [jnp.array(array) for array in task.parameters()]
    state: Any = (parameters,)
    if task.optimizer == "Adam":
        means, squares = ([jnp.zeros_like(w) for w in parameters] for _ in range(2))
        state = (parameters, means, squares, jnp.zeros((), jnp.float32))
    update = {"SGD": _descent, "Adam": _adam}[task.optimizer]

    def whole_step(state: Any, x: Any, target: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(state[0], x, target)
        return value, update(state, slopes, rate)

    compiled = jax.jit(whole_step, donate_argnums=0)

    def step() -> Any:
        nonlocal state
        value, state = compiled(state, x, target)
        return value

    return Side.of_step(step, lambda: state[0], wait=lambda: jax.block_until_ready(state))


def _descent(state: Any, slopes: Any, rate: float) -> Any:
    (parameters,) = state
    return ([w - rate * slope for w, slope in zip(parameters, slopes, strict=True)],)


def _adam(state: Any, slopes: Any, rate: float) -> Any:
    parameters, means, squares, count = state
    count = count + 1
    # 1 - 0.999**count has few correct digits in float32, for it is a small difference.
    pace = rate / -jnp.expm1(count * math.log(0.9))
    shrink = jax.lax.rsqrt(-jnp.expm1(count * math.log(0.999)))
    means = [0.9 * m + 0.1 * slope for m, slope in zip(means, slopes, strict=True)]
    squares = [0.999 * s + 0.001 * slope * slope for s, slope in zip(squares, slopes, strict=True)]
    parameters = [
        w - pace * m / (jnp.sqrt(s) * shrink + 1e-8)
        for w, m, s in zip(parameters, means, squares, strict=True)
    ]
    return parameters, means, squares, count
