"""float16, whose largest number is 65504: more terms than that must not overflow a sum of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn

MANY = 70_000
HALF = np.float16


def zeros(*shape: int) -> tg.Tensor:
    return tg.Tensor(np.zeros(shape, HALF), requires_grad=True)


def gradient(x: tg.Tensor) -> Any:
    assert x.grad is not None
    assert x.grad.dtype == HALF
    return x.grad.numpy()


@pytest.mark.parametrize(
    ("function", "value"),
    [(tg.softmax, 1 / MANY), (tg.log_softmax, -math.log(MANY)), (tg.logsumexp, math.log(MANY))],
    ids=["softmax", "log_softmax", "logsumexp"],
)
def test_exponentials_of_more_entries_than_float16_counts_add_up(
    backend: str, function: Any, value: float
) -> None:
    result = function(zeros(MANY))
    assert result.dtype == HALF
    np.testing.assert_allclose(result.numpy(), HALF(value))


def test_logsumexp_shares_its_gradient_among_many_entries(backend: str) -> None:
    x = zeros(MANY)
    tg.logsumexp(x).backward()
    np.testing.assert_allclose(gradient(x), HALF(1 / MANY))


def test_log_softmax_takes_gradients_of_many_entries(backend: str) -> None:
    x = zeros(MANY)
    tg.log_softmax(x).backward(np.ones(MANY, HALF))
    np.testing.assert_allclose(gradient(x), 0, atol=2e-3)  # 1 - MANY * (1 / MANY), rounded


def test_softmax_takes_gradients_of_many_entries(backend: str) -> None:
    x = zeros(MANY)
    tg.softmax(x).backward(np.arange(MANY) == 0)
    np.testing.assert_allclose(gradient(x)[:2], [1 / MANY, 0], rtol=0.01, atol=1e-7)


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_cross_entropy_chooses_among_many_classes(
    backend: str, reduction: Any, smoothing: float
) -> None:
    logits = zeros(1, MANY)
    loss = nn.cross_entropy(logits, [3], reduction=reduction, label_smoothing=smoothing)
    np.testing.assert_allclose(loss.numpy().reshape(()), HALF(math.log(MANY)))
    loss.sum().backward()
    np.testing.assert_allclose(gradient(logits)[0, 3], smoothing - 1, atol=1e-3)
    other = (1 - smoothing) / MANY
    np.testing.assert_allclose(gradient(logits)[0, 4], other, rtol=0.02)


def test_cross_entropy_trains_more_rows_than_float16_counts(backend: str) -> None:
    logits = zeros(100_000, 2)
    loss = nn.cross_entropy(logits, np.zeros(100_000, np.int64))
    np.testing.assert_allclose(loss.numpy(), HALF(math.log(2)))
    loss.backward()
    np.testing.assert_allclose(gradient(logits)[7], [-5e-6, 5e-6], rtol=0.02)
