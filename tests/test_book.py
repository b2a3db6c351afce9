"""The street lights of "Grokking Deep Learning" (Andrew Trask, Manning 2019), chapter 6.

The line that says what the network computes runs as it is written, and the training around it
reproduces the errors that the book's notebook has stored.
"""

from __future__ import annotations

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn, optim, relu

STREETLIGHTS = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 1]])
WALK_VS_STOP = np.array([[1, 1, 0, 0]]).T
ALPHA, ITERATIONS, HIDDEN = 0.2, 60, 4
STORED = (0.634, 0.358, 0.083, 0.00647, 3.29e-04, 1.5056e-05)
DIGITS = (3, 3, 3, 5, 6, 9)  # decimals that were stored


def starting_weights() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(1)
    return 2 * random.random((3, HIDDEN)) - 1, 2 * random.random((HIDDEN, 1)) - 1


def by_hand() -> list[float]:
    """The book's loop in plain NumPy: errors of every tenth iteration."""
    w0, w1 = starting_weights()
    errors = []
    for iteration in range(ITERATIONS):
        error = 0.0
        for i in range(len(STREETLIGHTS)):
            x, target = STREETLIGHTS[i : i + 1], WALK_VS_STOP[i : i + 1]
            hidden = np.maximum(x.dot(w0), 0)
            out = hidden.dot(w1)
            error += float(np.sum((out - target) ** 2))
            out_delta = out - target
            hidden_delta = out_delta.dot(w1.T) * (hidden > 0)
            w1 = w1 - ALPHA * hidden.T.dot(out_delta)
            w0 = w0 - ALPHA * x.T.dot(hidden_delta)
        if iteration % 10 == 9:
            errors.append(error)
    return errors


def train(rows_as_vectors: bool) -> list[float]:
    start = starting_weights()
    weights_0_1, weights_1_2 = (tg.Tensor(w, requires_grad=True) for w in start)
    optimizer = optim.SGD([weights_0_1, weights_1_2], lr=ALPHA)
    errors = []
    for iteration in range(ITERATIONS):
        error = 0.0
        for i in range(len(STREETLIGHTS)):
            place = i if rows_as_vectors else slice(i, i + 1)
            layer_0 = tg.Tensor(STREETLIGHTS[place], dtype=np.float64)
            target = tg.Tensor(WALK_VS_STOP[place], dtype=np.float64)
            layer_2 = relu(layer_0.dot(weights_0_1)).dot(weights_1_2)
            loss = nn.squared_error(layer_2, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            error += 2 * loss.item()
        if iteration % 10 == 9:
            errors.append(error)
    return errors


@pytest.mark.parametrize("rows_as_vectors", [False, True], ids=["matrices of one row", "vectors"])
def test_the_books_line_reproduces_its_errors(rows_as_vectors: bool, backend: str) -> None:
    found, oracle = train(rows_as_vectors), by_hand()
    np.testing.assert_allclose(found, oracle, rtol=1e-12)
    assert [f"{e:.{d}f}" for e, d in zip(found, DIGITS, strict=True)] == [
        f"{e:.{d}f}" for e, d in zip(STORED, DIGITS, strict=True)
    ]


def test_one_step_of_the_book_is_one_vector_matrix_step() -> None:
    """The delta that the book writes down is the gradient that backward finds."""
    w0, w1 = starting_weights()
    weights_0_1, weights_1_2 = (tg.Tensor(w, requires_grad=True) for w in (w0, w1))
    layer_0, target = tg.Tensor(STREETLIGHTS[0:1], dtype=float), np.array([[1.0]])
    layer_1 = relu(layer_0.dot(weights_0_1))
    layer_2 = layer_1.dot(weights_1_2)
    layer_1.retain_grad()
    layer_2.retain_grad()
    nn.squared_error(layer_2, target).backward()
    hidden = np.maximum(STREETLIGHTS[0:1].dot(w0), 0)
    delta_2 = hidden.dot(w1) - target
    delta_1 = delta_2.dot(w1.T) * (hidden > 0)
    for tensor, expected in (
        (layer_2, delta_2),
        (layer_1, delta_2.dot(w1.T)),
        (weights_1_2, hidden.T.dot(delta_2)),
        (weights_0_1, STREETLIGHTS[0:1].T.dot(delta_1)),
    ):
        assert tensor.grad is not None
        np.testing.assert_allclose(tensor.grad.numpy(), expected, rtol=1e-12, atol=1e-15)
