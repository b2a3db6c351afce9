"""The steps by MyGrad: tensors, ``backward``, and updates of ``tensor.data`` with plain NumPy.

MyGrad has no optimizers; its manual updates the arrays of parameters in place, as it is done here.
It guards the memory of arrays that its graph still needs, which takes over a third of a small
step; whoever does not write to them may turn that off, and so it is here.

Python's numbers would make its results float64; numbers are therefore constants of float32.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.updates import updating
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Side

mygrad: Any = importlib.import_module("mygrad")
nnet: Any = importlib.import_module("mygrad.nnet")


def constant(value: Any) -> Any:
    """A tensor without gradient of an array or a NumPy scalar."""
    return mygrad.tensor(value, constant=True)


HALF = constant(np.float32(0.5))


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them."""
    data, target = task.data()
    x = constant(data)
    weights = parameters = [mygrad.tensor(array) for array in task.parameters()]
    if task.biases:
        weights, biases = parameters[::2], parameters[1::2]

    def without_biases() -> Any:
        y = x
        for w in weights[:-1]:
            y = nnet.relu(y @ w)
        return squared_error(y @ weights[-1], target)

    def with_biases() -> Any:
        y = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            y = nnet.relu(y @ w + b)
        return measured(y @ weights[-1] + biases[-1], target)

    measured = nnet.softmax_crossentropy if task.classifies else squared_error
    return _side(task, with_biases if task.biases else without_biases, parameters, rate)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network; what it makes of its inputs is computed for all steps at once."""
    data, target = task.data()
    x = constant(np.swapaxes(data, 0, 1).reshape(-1, task.sizes[0]))  # one step after the other
    parameters = [mygrad.tensor(array) for array in task.parameters()]
    w, u, b, v = parameters

    def loss() -> Any:
        driven = x @ w + b
        state = mygrad.tanh(driven[: task.batch])
        for row in range(task.batch, len(driven), task.batch):
            state = mygrad.tanh(driven[row : row + task.batch] + state @ u)
        return squared_error(state @ v, target)

    return _side(task, loss, parameters, rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention."""
    data, target = task.data()
    x = constant(data)
    parameters = [mygrad.tensor(array) for array in task.parameters()]
    w_q, w_k, w_v, w_o = parameters
    scale = constant(np.float32(task.width**-0.5))

    def loss() -> Any:
        scores = (x @ w_q) @ mygrad.swapaxes(x @ w_k, 1, 2) * scale
        return squared_error(x + nnet.softmax(scores) @ (x @ w_v) @ w_o, target)

    return _side(task, loss, parameters, rate)


def squared_error(y: Any, target: Any) -> Any:
    """Half the sum of squared differences."""
    error = y - target
    return (error * error).sum() * HALF


def _side(task: Task, loss: Callable[[], Any], parameters: list[Any], rate: float) -> Side:
    update = updating(task.optimizer, [w.data for w in parameters], rate)

    def step() -> Any:
        with mygrad.mem_guard_off:
            value = loss()
            value.backward()
        update([w.grad for w in parameters])
        return value

    return Side.of_step(step, lambda: parameters)
