"""The steps with tensorgrok, as its user writes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import tensorgrok as tg
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Array, Side, our_wait, values
from tensorgrok import nn, optim


def dense(task: Dense, rate: float = RATE) -> Side:
    """Products with weights as in the book; with biases and Adam a module."""
    x, target = (tg.Tensor(array) for array in task.data())
    if task.biases:
        model = _module(task)
        measured = nn.cross_entropy if task.classifies else nn.squared_error
        return _side(lambda: measured(model(x), target), task, model.parameters(), rate)

    weights = _parameters(task.parameters())
    *hidden, last = weights

    def loss() -> tg.Tensor:
        layer = x
        for w in hidden:
            layer = tg.relu(layer.dot(w))
        return nn.squared_error(layer.dot(last), target)

    return _side(loss, task, weights, rate)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network; what it makes of its inputs is computed for all steps at once."""
    x, target = (tg.Tensor(array) for array in task.data())
    parameters = _parameters(task.parameters())
    w, u, b, v = parameters

    def loss() -> tg.Tensor:
        first, *later = (x.dot(w) + b).unstack(axis=1)
        state = tg.tanh(first)
        for driven in later:
            state = tg.tanh(driven + state.dot(u))
        return nn.squared_error(state.dot(v), target)

    return _side(loss, task, parameters, rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention."""
    x, target = (tg.Tensor(array) for array in task.data())
    parameters = _parameters(task.parameters())
    w_q, w_k, w_v, w_o = parameters
    root = task.width**0.5

    def loss() -> tg.Tensor:
        q, k, v = x.dot(w_q), x.dot(w_k), x.dot(w_v)
        shares = tg.softmax(q @ k.mT / root)
        return nn.squared_error(x + (shares @ v).dot(w_o), target)

    return _side(loss, task, parameters, rate)


def _parameters(arrays: Iterable[Array]) -> list[tg.Tensor]:
    return [tg.Tensor(array, requires_grad=True) for array in arrays]


def _module(task: Dense) -> nn.Sequential:
    """A module that starts from the parameters of the task."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(task.sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    with tg.no_grad():
        for parameter, array in zip(model.parameters(), task.parameters(), strict=True):
            parameter.assign(array)
    return model


def _side(
    loss: Callable[[], tg.Tensor],
    task: Task,
    parameters: list[tg.Tensor],
    rate: float,
) -> Side:
    kinds = {"SGD": optim.SGD, "Adam": optim.Adam}
    optimizer = kinds[task.optimizer](parameters, lr=rate)

    def step() -> tg.Tensor:
        value = loss()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value

    return Side.of_step(step, lambda: parameters, values, our_wait())
