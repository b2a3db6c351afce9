"""The steps written by hand in NumPy: the reference that everybody is measured by.

Each is what a good programmer writes down without a framework: the forward pass, the backward pass
derived on paper, and an update of the parameters in place. Nothing is computed that nobody needs,
such as the gradient with respect to the inputs; no buffers are kept between steps. Networks of two
layers are spelled out, any others take loops.

The names: ``slope_w`` is the derivative of the loss with respect to ``w``, and a ``delta`` the one
with respect to what a layer computes before its activation function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.peers.updates import Update, adam
from benchmarks.tasks import Attention, Dense, Recurrent
from benchmarks.work import RATE, Array, Side

#: From parameters to the loss and the slopes of all of them.
Gradient = Callable[[Sequence[Array]], tuple[Any, list[Array]]]
#: From outputs to the loss and its derivative with respect to them.
Loss = Callable[[Array], tuple[Any, Array]]


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them."""
    parameters = task.parameters()
    if len(task.sizes) == 3 and not task.biases:
        x, target = task.data()
        w1, w2 = parameters
        return _two_layers_descent(x, target, w1, w2, rate)
    return _updated(task.optimizer, dense_gradient(task), parameters, rate)


def dense_gradient(task: Dense) -> Gradient:
    """The loss of a network of layers and its slopes."""
    x, target = task.data()
    loss = _cross_entropy(target) if task.classifies else _squared_error(target)
    if not task.biases:
        return _layers(x, loss)
    return (_two_layers_with_biases if len(task.sizes) == 3 else _layers_with_biases)(x, loss)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network, time first; products with inputs are computed for all steps at once."""
    x, target = task.data()
    batch, steps, inputs = x.shape
    hidden = task.sizes[1]

    def gradient(parameters: Sequence[Array]) -> tuple[Any, list[Array]]:
        w, u, b, v = parameters
        x_rows = x.swapaxes(0, 1).reshape(-1, inputs)
        driven = (x_rows.dot(w) + b).reshape(steps, batch, hidden)
        states = np.empty_like(driven)
        states[0] = state = np.tanh(driven[0])
        for t in range(1, steps):
            states[t] = state = np.tanh(driven[t] + state.dot(u))
        error = state.dot(v) - target
        loss = (error * error).sum() / 2

        slope_v = state.T.dot(error)
        bent = 1 - states * states
        deltas = np.empty_like(driven)
        deltas[-1] = delta = error.dot(v.T) * bent[-1]
        for t in range(steps - 2, -1, -1):
            deltas[t] = delta = delta.dot(u.T) * bent[t]
        rows = deltas.reshape(-1, hidden)
        slope_w = x_rows.T.dot(rows)
        slope_u = states[:-1].reshape(-1, hidden).T.dot(rows[batch:])
        return loss, [slope_w, slope_u, rows.sum(axis=0), slope_v]

    return _updated(task.optimizer, gradient, task.parameters(), rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention; products with weights take all sequences at once."""
    x, target = task.data()
    shape = x.shape
    x_rows, target_rows = x.reshape(-1, task.width), target.reshape(-1, task.width)
    scale = task.width**-0.5

    def gradient(parameters: Sequence[Array]) -> tuple[Any, list[Array]]:
        w_q, w_k, w_v, w_o = parameters
        q = x_rows.dot(w_q).reshape(shape)
        k = x_rows.dot(w_k).reshape(shape)
        v = x_rows.dot(w_v).reshape(shape)
        scores = q @ k.transpose(0, 2, 1) * scale
        shares = np.exp(scores - scores.max(axis=2, keepdims=True))
        shares /= shares.sum(axis=2, keepdims=True)
        mixed = (shares @ v).reshape(x_rows.shape)
        error = x_rows + mixed.dot(w_o) - target_rows
        loss = (error * error).sum() / 2

        slope_o = mixed.T.dot(error)
        slope_mixed = error.dot(w_o.T).reshape(shape)
        slope_shares = slope_mixed @ v.transpose(0, 2, 1)
        past = (slope_shares * shares).sum(axis=2, keepdims=True)
        slope_scores = shares * (slope_shares - past) * scale
        slopes = (
            slope_scores @ k,
            slope_scores.transpose(0, 2, 1) @ q,
            shares.transpose(0, 2, 1) @ slope_mixed,
        )
        found = [x_rows.T.dot(slope.reshape(x_rows.shape)) for slope in slopes]
        return loss, [*found, slope_o]

    return _updated(task.optimizer, gradient, task.parameters(), rate)


# Layers ------------------------------------------------------------------------------------------


def _two_layers_descent(x: Array, target: Array, w1: Array, w2: Array, rate: float) -> Side:
    def step() -> Any:
        nonlocal w1, w2
        layer_1 = np.maximum(x.dot(w1), 0)
        layer_2 = layer_1.dot(w2)
        delta_2 = layer_2 - target
        loss = (delta_2 * delta_2).sum() / 2
        slope_2 = layer_1.T.dot(delta_2)
        delta_1 = delta_2.dot(w2.T) * (layer_1 > 0)
        slope_1 = x.T.dot(delta_1)
        slope_1 *= rate
        slope_2 *= rate
        w1 -= slope_1
        w2 -= slope_2
        return loss

    return Side.of_step(step, lambda: (w1, w2))


def _layers(x: Array, loss: Loss) -> Gradient:
    def gradient(weights: Sequence[Array]) -> tuple[Any, list[Array]]:
        layers = [x]
        for w in weights[:-1]:
            layers.append(np.maximum(layers[-1].dot(w), 0))
        value, delta = loss(layers[-1].dot(weights[-1]))
        slopes = [layers[-1].T.dot(delta)]
        for i in range(len(weights) - 1, 0, -1):
            delta = delta.dot(weights[i].T) * (layers[i] > 0)
            slopes.append(layers[i - 1].T.dot(delta))
        return value, slopes[::-1]

    return gradient


def _two_layers_with_biases(x: Array, loss: Loss) -> Gradient:
    def gradient(parameters: Sequence[Array]) -> tuple[Any, list[Array]]:
        w1, b1, w2, b2 = parameters
        layer_1 = np.maximum(x.dot(w1) + b1, 0)
        value, delta_2 = loss(layer_1.dot(w2) + b2)
        delta_1 = delta_2.dot(w2.T) * (layer_1 > 0)
        slopes = [x.T.dot(delta_1), delta_1.sum(axis=0)]
        slopes += [layer_1.T.dot(delta_2), delta_2.sum(axis=0)]
        return value, slopes

    return gradient


def _layers_with_biases(x: Array, loss: Loss) -> Gradient:
    def gradient(parameters: Sequence[Array]) -> tuple[Any, list[Array]]:
        weights, biases = parameters[::2], parameters[1::2]
        layers = [x]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            layers.append(np.maximum(layers[-1].dot(w) + b, 0))
        value, delta = loss(layers[-1].dot(weights[-1]) + biases[-1])
        slopes = [delta.sum(axis=0), layers[-1].T.dot(delta)]
        for i in range(len(weights) - 1, 0, -1):
            delta = delta.dot(weights[i].T) * (layers[i] > 0)
            slopes += [delta.sum(axis=0), layers[i - 1].T.dot(delta)]
        return value, slopes[::-1]

    return gradient


# Losses and updates ------------------------------------------------------------------------------


def _squared_error(target: Array) -> Loss:
    def loss(y: Array) -> tuple[Any, Array]:
        delta = y - target
        return (delta * delta).sum() / 2, delta

    return loss


def _cross_entropy(labels: Any) -> Loss:
    count = len(labels)
    rows = np.arange(count)

    def loss(logits: Array) -> tuple[Any, Array]:
        shifted = logits - logits.max(axis=1, keepdims=True)
        small = np.exp(shifted)
        total = small.sum(axis=1, keepdims=True)
        value = (np.log(total[:, 0]) - shifted[rows, labels]).sum() / count
        delta = small / total
        delta[rows, labels] -= 1
        delta /= count
        return value, delta

    return loss


def _updated(optimizer: str, gradient: Gradient, parameters: list[Array], rate: float) -> Side:
    """A side that takes steps with an optimizer, "SGD" or "Adam"."""
    update = adam(parameters, rate) if optimizer == "Adam" else _descent(parameters, rate)

    def step() -> Any:
        loss, slopes = gradient(parameters)
        update(slopes)
        return loss

    return Side.of_step(step, lambda: parameters)


def _descent(parameters: list[Array], rate: float) -> Update:
    def update(slopes: Iterable[Array]) -> None:
        for w, slope in zip(parameters, slopes, strict=True):
            slope *= rate  # nobody else's, and quicker than a new array
            w -= slope

    return update
