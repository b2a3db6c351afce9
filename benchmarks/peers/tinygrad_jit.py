"""The steps by tinygrad: the whole step under ``TinyJit``, with the optimizers of ``tinygrad.nn``.

``TinyJit`` replays the kernels that it recorded; the third call is the first to do so. The data are
tensors that the step reads: replayed kernels read the same memory, where a new batch would be put,
and nothing of it is compiled in. As arguments they would take small steps twice the time.

Kernels are compiled by clang. ``NUM_CPU_THREADS=1`` in the environment has them use one thread, and
``BEAM=2`` has tinygrad search for faster kernels, for a minute a task.
"""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
from collections.abc import Callable
from typing import Any

from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Absent, Side

tinygrad: Any = importlib.import_module("tinygrad")
optim: Any = importlib.import_module("tinygrad.nn.optim")

#: From parameters, inputs and targets to the loss.
Loss = Callable[[list[Any], Any, Any], Any]
#: Multiplications of a forward pass that it is asked for at most. Beyond, it computes some 6e9
#: operations a second on one thread: a step of 128x4096-4096-4096 took 4 to 6 s, by hand 0.6 s.
MOST = 2_000_000_000


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them.

    Raises:
        Absent: no compiler is found, or a step would take seconds.
    """
    if task.batch * sum(a * b for a, b in itertools.pairwise(task.sizes)) > MOST:
        raise Absent("on one thread a step would take seconds, seven times as long as by hand")

    def layers(parameters: list[Any], x: Any) -> Any:
        if not task.biases:
            for w in parameters[:-1]:
                x = (x @ w).relu()
            return x @ parameters[-1]
        for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = (x @ w + b).relu()
        return x @ parameters[-2] + parameters[-1]

    def loss(parameters: list[Any], x: Any, target: Any) -> Any:
        y = layers(parameters, x)
        return y.cross_entropy(target) if task.classifies else squared_error(y, target)

    return _side(task, loss, rate)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network; what it makes of its inputs is computed for all steps at once."""

    def loss(parameters: list[Any], x: Any, target: Any) -> Any:
        w, u, b, v = parameters
        driven = x @ w + b
        state = driven[:, 0].tanh()
        for t in range(1, task.steps):
            state = (driven[:, t] + state @ u).tanh()
        return squared_error(state @ v, target)

    return _side(task, loss, rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention."""

    def loss(parameters: list[Any], x: Any, target: Any) -> Any:
        w_q, w_k, w_v, w_o = parameters
        mixed = (x @ w_q).scaled_dot_product_attention(x @ w_k, x @ w_v)
        return squared_error(x + mixed @ w_o, target)

    return _side(task, loss, rate)


def squared_error(y: Any, target: Any) -> Any:
    """Half the sum of squared differences."""
    return (y - target).square().sum() / 2


def _side(task: Task, loss: Loss, rate: float) -> Side:
    compiler = os.environ.get("CC", "clang")
    if shutil.which(compiler) is None:
        raise Absent(f"its kernels need the compiler {compiler}, which is not found")
    parameters = [_tensor(array) for array in task.parameters()]
    x, target = (_tensor(array) for array in task.data())
    # Joined into one array the parameters take fewer kernels, which pays only where each has state.
    optimizer = (
        optim.Adam(parameters, lr=rate, fused=True)
        if task.optimizer == "Adam"
        else optim.SGD(parameters, lr=rate)
    )

    def step() -> Any:
        with tinygrad.Context(TRAINING=1):
            value = loss(parameters, x, target)
            optimizer.zero_grad()
            value.backward()
            # All at once: after the update, the loss would be that of the new parameters.
            return value.realize(*optimizer.schedule_step())

    wait = tinygrad.Device["CPU"].synchronize
    return Side.of_step(tinygrad.TinyJit(step), lambda: parameters, _to_numpy, wait)


def _tensor(array: Any) -> Any:
    return tinygrad.Tensor(array, device="CPU").realize()


def _to_numpy(tensor: Any) -> Any:
    return tensor.numpy()
