"""Whole training steps: forward, backward and update, ours and written by hand in NumPy."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import tensorgrok as tg
from benchmarks.work import RATE, Array, Pair, Work
from tensorgrok import nn, optim


def draw(random: np.random.Generator, *shape: int) -> Array:
    """Small weights; the same generator gives the same numbers."""
    return random.uniform(-0.05, 0.05, shape).astype(np.float32)


# Two layers of weights, squared error, gradient descent ------------------------------------------


def descent(batch: int, inputs: int, hidden: int, outputs: int) -> Pair:
    """A step of the book's network: two layers without biases, squared error, plain descent."""
    random = np.random.default_rng(1)
    w1, w2 = draw(random, inputs, hidden), draw(random, hidden, outputs)
    x = random.random((batch, inputs)).astype(np.float32)
    target = np.ones((batch, outputs), np.float32)
    return Pair(
        f"SGD {batch}x{inputs}-{hidden}-{outputs}",
        "step()",
        _descent_of_ours(x, target, w1, w2),
        _descent_by_hand(x, target, w1, w2),
        "(step(), *state())",
        rtol=1e-5 if inputs > 500 else 1e-6,
    )


def _descent_by_hand(x: Array, target: Array, w1: Array, w2: Array) -> dict[str, Any]:
    slope_1, slope_2 = np.zeros_like(w1), np.zeros_like(w2)

    def step() -> Any:
        nonlocal w1, w2, slope_1, slope_2
        layer_1 = np.maximum(x.dot(w1), 0)
        layer_2 = layer_1.dot(w2)
        delta_2 = layer_2 - target
        loss = (delta_2 * delta_2).sum() / 2
        slope_2 = layer_1.T.dot(delta_2)
        delta_1 = delta_2.dot(w2.T) * (layer_1 > 0)
        slope_1 = x.T.dot(delta_1)
        w1 = w1 - RATE * slope_1
        w2 = w2 - RATE * slope_2
        return loss

    return {"step": step, "state": lambda: (slope_1, slope_2, w1, w2)}


def _descent_of_ours(
    x_data: Array, target_data: Array, w1_data: Array, w2_data: Array
) -> dict[str, Any]:
    x, target = tg.Tensor(x_data), tg.Tensor(target_data)
    w1 = tg.Tensor(w1_data, requires_grad=True)
    w2 = tg.Tensor(w2_data, requires_grad=True)
    optimizer = optim.SGD([w1, w2], lr=RATE)

    def step() -> Any:
        layer_1 = tg.relu(x.dot(w1))
        layer_2 = layer_1.dot(w2)
        loss = nn.squared_error(layer_2, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return {"step": step, "state": lambda: (w1.grad, w2.grad, w1, w2)}


# Two layers with biases, softmax cross-entropy, Adam ---------------------------------------------


def adam(batch: int, inputs: int, hidden: int, outputs: int) -> Pair:
    """A step of a classifier: ``nn.Linear`` layers, cross-entropy, Adam."""
    random = np.random.default_rng(2)
    weights = [draw(random, inputs, hidden), draw(random, hidden)]
    weights += [draw(random, hidden, outputs), draw(random, outputs)]
    x = random.random((batch, inputs)).astype(np.float32)
    labels = random.integers(0, outputs, batch)
    return Pair(
        f"Adam {batch}x{inputs}-{hidden}-{outputs}",
        "step()",
        _adam_of_ours(x, labels, weights),
        _adam_by_hand(x, labels, weights),
        "(step(), *state())",
        rtol=1e-5,
    )


def _adam_by_hand(x: Array, labels: Any, weights: list[Array]) -> dict[str, Any]:
    parameters = list(weights)
    means = [np.zeros_like(w) for w in weights]
    squares = [np.zeros_like(w) for w in weights]
    rows = np.arange(len(labels))
    count = 0

    def step() -> Any:
        nonlocal count
        w1, b1, w2, b2 = parameters
        layer_1 = np.maximum(x.dot(w1) + b1, 0)
        logits = layer_1.dot(w2) + b2
        shifted = logits - logits.max(axis=1, keepdims=True)
        small = np.exp(shifted)
        total = small.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total[:, 0]) - shifted[rows, labels])
        delta_2 = small / total
        delta_2[rows, labels] -= 1
        delta_2 /= len(labels)
        delta_1 = delta_2.dot(w2.T) * (layer_1 > 0)
        slopes = [x.T.dot(delta_1), delta_1.sum(axis=0)]
        slopes += [layer_1.T.dot(delta_2), delta_2.sum(axis=0)]
        count += 1
        rate = RATE / (1 - 0.9**count)
        shrink = 1 / (1 - 0.999**count) ** 0.5
        for i, slope in enumerate(slopes):
            means[i] = 0.9 * means[i] + 0.1 * slope
            squares[i] = 0.999 * squares[i] + 0.001 * slope * slope
            root = np.sqrt(squares[i]) * shrink + 1e-8
            parameters[i] = parameters[i] - rate * means[i] / root
        return loss

    return {"step": step, "state": lambda: parameters}


def _adam_of_ours(x_data: Array, label_data: Any, weights: list[Array]) -> dict[str, Any]:
    inputs, hidden = weights[0].shape
    model = nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, weights[2].shape[1])
    )
    parameters = model.parameters()
    with tg.no_grad():
        for parameter, array in zip(parameters, weights, strict=True):
            parameter.assign(array)
    optimizer = optim.Adam(parameters, lr=RATE)
    x, labels = tg.Tensor(x_data), tg.Tensor(label_data)

    def step() -> Any:
        loss = nn.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return {"step": step, "state": lambda: parameters}


def works() -> list[Work]:
    """Everything in this module, to be made when it is wanted."""
    kinds = {"SGD": descent, "Adam": adam}
    sizes = (
        *(("SGD", 1, 3, 4, 1), ("SGD", 1, 784, 100, 10), ("SGD", 100, 784, 100, 10)),
        *(("SGD", 1, 1024, 1024, 1024), ("Adam", 32, 64, 40, 10), ("Adam", 100, 784, 100, 10)),
        ("Adam", 1, 1024, 1024, 1024),
    )
    return [
        Work(
            f"{kind} {batch}x{'-'.join(map(str, layers))}",
            functools.partial(kinds[kind], batch, *layers),
        )
        for kind, batch, *layers in sizes
    ]
