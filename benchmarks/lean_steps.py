"""The steps by hand once more, in as little memory as NumPy takes: the yardstick of peak memory.

``forward`` keeps by name exactly the arrays that ``backward`` reads, and ``backward`` lets go of
each when it has read it. All slopes are there before the first parameter changes, as with an
optimizer, and stay until the step is over. A parameter takes a new array, and its old one is freed
at once; running means are nobody else's and change where they are.

``benchmarks.peers.by_hand`` has the same steps as one writes them without a thought of memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Array, Side

Kept = dict[str, Any]


class Lean(NamedTuple):
    """A task in two halves.

    Attributes:
        parameters: as the task has them; an update puts new arrays into the list.
        forward: takes the parameters; the loss, and what backward reads beside them, by name.
        backward: takes the parameters and what forward kept, which it empties; all slopes.
    """

    parameters: list[Array]
    forward: Callable[[list[Array]], tuple[Any, Kept]]
    backward: Callable[[list[Array], Kept], list[Array]]


def halves(task: Task) -> Lean:
    """Forward and backward of a task."""
    if isinstance(task, Dense):
        return _dense(task)
    return _recurrent(task) if isinstance(task, Recurrent) else _attention(task)


def side(task: Task, rate: float = RATE) -> Side:
    """The whole step, as ``benchmarks.peers`` has it of others."""
    lean = halves(task)
    step = (_descent if task.optimizer == "SGD" else _adam)(lean, rate)
    return Side.of_step(step, lambda: lean.parameters)


def lean_step(task: Task) -> Callable[[], Any]:
    """The step alone, which returns the loss."""
    step: Callable[[], Any] = side(task).names["step"]
    return step


def arrays_read(task: Task) -> dict[str, int]:
    """Bytes of each array that backward reads, parameters aside."""
    lean = halves(task)
    _, kept = lean.forward(lean.parameters)
    return {name: array.nbytes for name, array in kept.items()}


# Updates -----------------------------------------------------------------------------------------


def _descent(lean: Lean, rate: float) -> Callable[[], Any]:
    parameters, forward, backward = lean

    def step() -> Any:
        loss, kept = forward(parameters)
        slopes = backward(parameters, kept)
        for i, slope in enumerate(slopes):
            parameters[i] = parameters[i] - rate * slope
        return loss

    return step


def _adam(lean: Lean, rate: float) -> Callable[[], Any]:
    parameters, forward, backward = lean
    means = [np.zeros_like(w) for w in parameters]
    squares = [np.zeros_like(w) for w in parameters]
    count = 0

    def step() -> Any:
        nonlocal count
        loss, kept = forward(parameters)
        slopes = backward(parameters, kept)
        count += 1
        root = (1 - 0.999**count) ** 0.5
        pace, floor = rate * root / (1 - 0.9**count), 1e-8 * root
        for i, slope in enumerate(slopes):
            means[i] = 0.9 * means[i] + 0.1 * slope
            squares[i] = 0.999 * squares[i] + 0.001 * slope * slope
            parameters[i] = parameters[i] - pace * (means[i] / (np.sqrt(squares[i]) + floor))
        return loss

    return step


# Tasks -------------------------------------------------------------------------------------------


def _dense(task: Dense) -> Lean:
    x, target = task.data()
    stride = 2 if task.biases else 1
    last = len(task.sizes) - 2

    def forward(parameters: list[Array]) -> tuple[Any, Kept]:
        layer, kept = x, {}
        for i, w in enumerate(parameters[::stride]):
            kept[f"layer_{i}"] = layer
            layer = layer.dot(w)
            if task.biases:
                layer = layer + parameters[2 * i + 1]
            if i < last:
                layer = np.maximum(layer, 0)
        loss, kept["delta"] = (_cross_entropy if task.classifies else _squared)(layer, target)
        return loss, kept

    def backward(parameters: list[Array], kept: Kept) -> list[Array]:
        delta, slopes = kept.pop("delta"), []
        for i in range(last, -1, -1):
            if task.biases:
                slopes.append(delta.sum(axis=0))
            layer = kept.pop(f"layer_{i}")
            slopes.append(layer.T.dot(delta))
            if i > 0:
                delta = delta.dot(parameters[stride * i].T) * (layer > 0)
        return slopes[::-1]

    return Lean(task.parameters(), forward, backward)


def _squared(output: Array, target: Array) -> tuple[Any, Array]:
    """The loss, and the slope of the output."""
    delta = output - target
    return (delta * delta).sum() / 2, delta


def _cross_entropy(logits: Array, labels: Any) -> tuple[Any, Array]:
    """The loss, and the slope of the logits."""
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    small = np.exp(shifted)
    total = small.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - shifted[rows, labels])
    delta = small / total
    delta[rows, labels] -= 1
    return loss, delta / len(labels)


def _recurrent(task: Recurrent) -> Lean:
    x, target = task.data()
    batch, steps, inputs = x.shape
    x_rows = x.reshape(-1, inputs)
    hidden = task.sizes[1]

    def forward(parameters: list[Array]) -> tuple[Any, Kept]:
        w, u, b, v = parameters
        driven = (x_rows.dot(w) + b).reshape(batch, steps, hidden)
        kept = {"state_0": np.tanh(driven[:, 0])}
        for t in range(1, steps):
            kept[f"state_{t}"] = np.tanh(driven[:, t] + kept[f"state_{t - 1}"].dot(u))
        loss, kept["delta"] = _squared(kept[f"state_{steps - 1}"].dot(v), target)
        return loss, kept

    def backward(parameters: list[Array], kept: Kept) -> list[Array]:
        _, u, _, v = parameters
        delta, state = kept.pop("delta"), kept.pop(f"state_{steps - 1}")
        slope_u, slope_v = np.zeros_like(u), state.T.dot(delta)
        delta = delta.dot(v.T) * (1 - state * state)
        deltas = np.empty((batch, steps, hidden), np.float32)
        deltas[:, -1] = delta
        for t in range(steps - 2, -1, -1):
            state = kept.pop(f"state_{t}")
            slope_u += state.T.dot(delta)
            deltas[:, t] = delta = delta.dot(u.T) * (1 - state * state)
        rows = deltas.reshape(-1, hidden)
        return [x_rows.T.dot(rows), slope_u, rows.sum(axis=0), slope_v]

    return Lean(task.parameters(), forward, backward)


def _attention(task: Attention) -> Lean:
    x, target = task.data()
    shape = x.shape
    x_rows, target_rows = x.reshape(-1, task.width), target.reshape(-1, task.width)
    scale = task.width**-0.5

    def forward(parameters: list[Array]) -> tuple[Any, Kept]:
        w_q, w_k, w_v, w_o = parameters
        q, k, v = (x_rows.dot(w).reshape(shape) for w in (w_q, w_k, w_v))
        shares = _softmax(q @ k.transpose(0, 2, 1) * scale)
        mixed = (shares @ v).reshape(x_rows.shape)
        loss, delta = _squared(x_rows + mixed.dot(w_o), target_rows)
        return loss, {"q": q, "k": k, "v": v, "shares": shares, "mixed": mixed, "delta": delta}

    def backward(parameters: list[Array], kept: Kept) -> list[Array]:
        delta = kept.pop("delta")
        slope_o = kept.pop("mixed").T.dot(delta)
        slope_mixed = delta.dot(parameters[3].T).reshape(shape)
        shares = kept.pop("shares")
        slope_v = _weights(x_rows, shares.transpose(0, 2, 1) @ slope_mixed)
        delta = slope_mixed @ kept.pop("v").transpose(0, 2, 1)
        del slope_mixed
        delta = shares * (delta - (delta * shares).sum(axis=2, keepdims=True)) * scale
        del shares
        slope_q = _weights(x_rows, delta @ kept.pop("k"))
        slope_k = _weights(x_rows, delta.transpose(0, 2, 1) @ kept.pop("q"))
        return [slope_q, slope_k, slope_v, slope_o]

    return Lean(task.parameters(), forward, backward)


def _weights(x_rows: Array, slope: Any) -> Any:
    """The slope of the weights that made rows of ``x`` into what has that slope."""
    return x_rows.T.dot(slope.reshape(x_rows.shape))


def _softmax(scores: Any) -> Any:
    small = np.exp(scores - scores.max(axis=2, keepdims=True))
    return small / small.sum(axis=2, keepdims=True)
