"""The step by micrograd: a ``Value`` for each scalar, so only for the very smallest networks.

Values hold Python's floats of 64 bits; they become float32 where results are compared. Parameters
are updated one after the other, as in its demo. What is constant is made once, not in every step.
"""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from benchmarks.tasks import Dense
from benchmarks.work import RATE, Absent, Array, Side

Value: Any = importlib.import_module("micrograd.engine").Value

#: Parameters that it is asked for at most; a step takes 4 to 10 µs for each: 29 ms for 64-40-10.
MOST = 100


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them, for one example.

    Raises:
        Absent: there are too many parameters, a batch, or logarithms in the loss.
    """
    arrays = task.parameters()
    size = sum(array.size for array in arrays)
    if size > MOST:
        raise Absent(f"computes scalar by scalar, and {size} parameters are more than {MOST}")
    if task.batch != 1:
        raise Absent("computes scalar by scalar, and so one example, not a batch")
    if task.classifies:
        raise Absent("has no logarithm, and so no cross-entropy")
    x, target = ([Value(number) for number in array[0].tolist()] for array in task.data())
    parameters = [[Value(number) for number in array.ravel().tolist()] for array in arrays]
    flat = [value for values in parameters for value in values]
    layers = _biased(parameters) if task.biases else [(weights, None) for weights in parameters]
    update = {"SGD": _descent, "Adam": _adam}[task.optimizer](flat, rate)

    def step() -> Any:
        layer = _outputs(x, *layers[0])
        for weights, biases in layers[1:]:
            layer = _outputs([value.relu() for value in layer], weights, biases)
        errors = list(map(operator.sub, layer, target))
        loss = _sum(map(operator.mul, errors, errors)) * 0.5
        for value in flat:
            value.grad = 0
        loss.backward()
        update()
        return loss

    def state() -> list[Array]:
        return [
            np.array([value.data for value in values], np.float32).reshape(array.shape)
            for values, array in zip(parameters, arrays, strict=True)
        ]

    return Side.of_step(step, state, _to_numpy)


def _biased(parameters: list[list[Any]]) -> list[tuple[list[Any], Any]]:
    return list(zip(parameters[::2], parameters[1::2], strict=True))


def _outputs(inputs: list[Any], weights: list[Any], biases: list[Any] | None) -> list[Any]:
    """What a layer makes of its inputs; its weights are those of a matrix, row by row."""
    count = len(weights) // len(inputs)
    products = (map(operator.mul, weights[i::count], inputs) for i in range(count))
    if biases is None:
        return [_sum(column) for column in products]
    return [sum(column, bias) for column, bias in zip(products, biases, strict=True)]


def _sum(values: Iterable[Any]) -> Any:
    """A sum without the zero that ``sum`` begins with, which would be one more ``Value``."""
    rest = iter(values)
    return sum(rest, next(rest))


def _to_numpy(result: Any) -> Any:
    return np.float32(result.data) if isinstance(result, Value) else result


def _descent(parameters: list[Any], rate: float) -> Callable[[], None]:
    def update() -> None:
        for value in parameters:
            value.data -= rate * value.grad

    return update


def _adam(parameters: list[Any], rate: float) -> Callable[[], None]:
    means = [0.0] * len(parameters)
    squares = [0.0] * len(parameters)
    count = 0

    def update() -> None:
        nonlocal count
        count += 1
        pace = rate / (1 - 0.9**count)
        shrink = 1 / (1 - 0.999**count) ** 0.5
        for i, value in enumerate(parameters):
            slope = value.grad
            means[i] = mean = 0.9 * means[i] + 0.1 * slope
            squares[i] = square = 0.999 * squares[i] + 0.001 * slope * slope
            value.data -= pace * mean / (square**0.5 * shrink + 1e-8)

    return update
