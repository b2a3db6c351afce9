"""Losses at kinks, at extremes and masked; smoothing, weights, and how losses print."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn
from tests.readers.symbols import Reader

T = tg.Tensor
P = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
Q = np.array([[1.0, 0.5, -0.5], [0.0, 2.0, 1.0]])
LABELS = np.array([2, 0])
SHARES = np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]])
LOGS = P - np.log(np.exp(P).sum(axis=-1, keepdims=True))


def slopes(loss: Any, *inputs: Any, **settings: Any) -> list[Any]:
    tensors = [T(np.asarray(value), requires_grad=True) for value in inputs]
    loss(*tensors, reduction="sum", **settings).backward()
    return [tensor.grad.numpy() for tensor in tensors if tensor.grad is not None]


def test_the_slope_of_l1_is_0_where_the_two_are_equal(backend: str) -> None:
    p, t = slopes(nn.l1, [1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    assert p.tolist() == [-1, 0, 1]
    assert t.tolist() == [1, 0, -1]


def test_the_slope_of_huber_is_the_clipped_difference(backend: str) -> None:
    d = np.array([-np.inf, -1e30, -2.0, -0.5, 0.0, 0.25, 0.5, 3.0])
    for delta in (0.5, 2):
        p, t = slopes(nn.huber, d, np.zeros(8), delta=delta)
        assert p.tolist() == np.clip(d, -delta, delta).tolist() == (-t).tolist()
    assert nn.huber(T(d[:1]), T([0.0], dtype="f8")).item() == math.inf


def test_binary_cross_entropy_is_accurate_at_both_ends(backend: str) -> None:
    logits = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    small = math.exp(-40.0)
    zeros, ones = np.zeros(5), np.ones(5)
    for weight in (None, 1.0, np.array(1.0)):
        for target, losses, slope in (
            (zeros, [0, small, math.log(2), 40, 1000], [0, small, 0.5, 1, 1]),
            (ones, [1000, 40, math.log(2), small, 0], [-1, -1, -0.5, -small, 0]),
        ):
            found = nn.bce_with_logits(
                T(logits), T(target), positive_weight=weight, reduction="none"
            )
            np.testing.assert_allclose(found.numpy(), losses, rtol=1e-14)
            gradient = slopes(nn.bce_with_logits, logits, target, positive_weight=weight)[0]
            np.testing.assert_allclose(gradient, slope, rtol=1e-14, atol=1e-16)


def test_positives_can_weigh_more(backend: str) -> None:
    weight = np.array([1.0, 2.0, 0.5])
    p = 1 / (1 + np.exp(-P))
    expected = -weight * SHARES * np.log(p) - (1 - SHARES) * np.log(1 - p)
    found = nn.bce_with_logits(T(P), T(SHARES), positive_weight=T(weight), reduction="none")
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
    found = nn.bce_with_logits(T(P), T(SHARES), positive_weight=3, reduction="sum")
    np.testing.assert_allclose(
        found.item(), (-3 * SHARES * np.log(p) - (1 - SHARES) * np.log(1 - p)).sum(), rtol=1e-12
    )
    assert nn.bce_with_logits(tg.zeros(2), tg.zeros(2), positive_weight=2.5).dtype == np.float32


@pytest.mark.parametrize(
    ("weight", "error", "text"),
    [
        (-1, tg.ArgumentError, "positive_weight must be at least 0, got -1"),
        (math.inf, tg.ArgumentError, "positive_weight must be finite, got inf"),
        (
            np.array([1.0, -2.5, 3.0]),
            tg.ArgumentError,
            r"positive_weight must be at least 0, got -2\.5 among others",
        ),
        ("a", tg.DTypeError, "argument positive_weight: expected .* got a str"),
        (
            np.ones(2),
            tg.ShapeError,
            r"positive_weight 'weight' .*\(2,\).* must broadcast to .*2, 3",
        ),
        (np.ones((1, 2, 3)), tg.ShapeError, "must broadcast to the shape"),
        (np.ones((4, 3)), tg.ShapeError, "must broadcast to the shape"),
        (np.ones(3, np.float32), tg.DTypeError, "logits .* float64 and positive_weight .*float32"),
    ],
)
def test_bad_weights_are_refused(weight: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"bce_with_logits: .*{text}"):
        nn.bce_with_logits(T(P), T(SHARES), positive_weight=weight)


def test_a_target_of_0_adds_nothing_to_a_divergence(backend: str) -> None:
    logs = np.array([[-np.inf, 0.0, -np.inf], [math.log(0.5), math.log(0.5), -np.inf]])
    target = np.array([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    assert nn.kl_divergence(T(logs), T(target), reduction="none").tolist() == [0, 0]
    predicted, targeted = slopes(nn.kl_divergence, logs, target)
    assert predicted.tolist() == (-target).tolist()
    np.testing.assert_allclose(targeted, [[0, 1, 0], [1, 1, 0]], atol=1e-15)
    assert nn.kl_divergence(T([-1.0, 0.0]), T([1.0, 0.0])).item() == 1.0
    with pytest.raises(tg.ShapeError, match=r"kl_divergence: log_prediction .* needs a last axis"):
        nn.kl_divergence(T(0.0), T(1.0))


@pytest.mark.parametrize("settings", [{}, {"reduction": "none"}, {"reduction": "sum"}])
def test_masked_classes_have_no_gradient_of_any_order(
    settings: dict[str, Any], backend: str
) -> None:
    logits = np.array([[0.5, -np.inf, 1.0, -np.inf], [-np.inf, -np.inf, -np.inf, 3.0]])
    open_ = logits[:1, [0, 2]]
    x, y = T(logits, requires_grad=True), T(open_, requires_grad=True)
    weights = np.array([[1.0, 2.0, 3.0, 4.0]])
    seconds = []
    for tensor, labels, weight in ((x, [2, 3], weights), (y, [1], weights[:, [0, 2]])):
        loss = nn.cross_entropy(tensor, labels, **settings).sum()
        rows = len(labels) if not settings else 1
        (first,) = tg.gradients([loss * rows], [tensor], create_graph=True)
        (second,) = tg.gradients([(first * T(weight)).sum()], [tensor])
        seconds.append((first.numpy(), second.numpy()))
    (first, second), (plain, curved) = seconds
    np.testing.assert_allclose(first[:1, [0, 2]], plain, rtol=1e-12)
    np.testing.assert_allclose(second[:1, [0, 2]], curved, rtol=1e-12)
    for found in (first, second):
        assert not found[:, 1].any()
        assert not found[1].any()


# Label smoothing, and printing -------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.1, np.float32(0.5)])
def test_smoothing_spreads_a_part_of_the_target(smoothing: Any, backend: str) -> None:
    target = (1 - float(smoothing)) * np.eye(3)[LABELS] + float(smoothing) / 3
    losses = -(target * LOGS).sum(-1)
    x = T(P, requires_grad=True)
    loss = nn.cross_entropy(x, T(LABELS), label_smoothing=smoothing)
    np.testing.assert_allclose(loss.item(), losses.mean(), rtol=1e-12)
    loss.backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), (np.exp(LOGS) - target) / 2, rtol=1e-7, atol=1e-15)


@pytest.mark.parametrize(
    ("smoothing", "error", "text"),
    [
        (1.0, tg.ArgumentError, r"label_smoothing must be from 0 to less than 1, got 1\.0"),
        (-0.1, tg.ArgumentError, r"label_smoothing must be from 0 to less than 1, got -0\.1"),
        ("a", tg.DTypeError, "label_smoothing must be a number, got 'a'"),
        (np.array([0.1, 0.2]), tg.DTypeError, r"label_smoothing must be a number, got array\("),
        (math.nan, tg.ArgumentError, "label_smoothing must be finite, got nan"),
    ],
)
def test_bad_smoothing_is_refused(smoothing: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"cross_entropy: {text}"):
        nn.cross_entropy(T(P), LABELS, label_smoothing=smoothing)


def test_smoothing_over_a_masked_class_is_infinite(backend: str) -> None:
    logits = T([[0.5, -math.inf, 1.0]])
    assert nn.cross_entropy(logits, [0], label_smoothing=0.1).item() == math.inf
    assert math.isfinite(nn.cross_entropy(logits, [0]).item())


@pytest.mark.parametrize("delta", [0, -1.0, math.nan, "1", True])
def test_a_bad_delta_is_refused(delta: Any) -> None:
    with pytest.raises((tg.ArgumentError, tg.DTypeError), match="huber: delta must be"):
        nn.huber(T(P), T(Q), delta=delta)


@pytest.mark.parametrize(
    ("logs", "labels", "error", "text"),
    [
        (
            np.zeros((4, 3)),
            np.zeros(3, int),
            tg.ShapeError,
            r"log_probabilities .* labels of shape",
        ),
        (np.zeros((2, 3)), [0.0, 1.0], tg.DTypeError, "labels are integers"),
        (np.zeros((2, 3), int), [0, 1], tg.DTypeError, "log_probabilities must be floats"),
        (np.zeros((2, 3)), [0, 3], tg.ArgumentError, "from 0 to 3, but there are 3 classes"),
    ],
)
def test_nll_refuses_bad_labels(logs: Any, labels: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"nll: .*{text}"):
        nn.nll(T(logs), labels)


@pytest.mark.parametrize(
    ("loss", "python", "latex", "slope"),
    [
        (lambda p, t: nn.mse(p, t), "mse(p, t)",
         r"\operatorname{mean}\left(p - t\right)^{2}", "(p - t) * (1 / 3)"),
        (lambda p, t: nn.l1(p, t, reduction="sum"), "abs(p - t).sum()",
         r"\sum \left\lvert p - t \right\rvert", None),
        (lambda p, t: nn.huber(p, t, reduction="sum"), "huber(p, t, reduction='none').sum()",
         r"\sum \operatorname{huber}\left(p - t\right)", "minimum(maximum(p - t, -1.0), 1.0)"),
        (lambda p, t: nn.huber(p, t, delta=0.5, reduction="sum"),
         "huber(p, t, delta=0.5, reduction='none').sum()",
         r"\sum \operatorname{huber}_{0.5}\left(p - t\right)", None),
        (lambda p, t: nn.bce_with_logits(p, t, reduction="sum"),
         "bce_with_logits(p, t, reduction='none').sum()",
         r"\sum \operatorname{bce}\left(\sigma\left(p\right), t\right)",
         "exp(minimum(p, 0)) / (exp(minimum(p, 0)) + exp(-maximum(p, 0))) - t"),
        (lambda p, t: nn.kl_divergence(p, t, reduction="sum"),
         "where(t == 0, 0, t * (log(t) - p)).sum(axis=-1).sum()",
         r"\sum \left(\sum_{-1} \left(t \odot \left(\log t - p\right)\right)\right)", None),
    ],
)  # fmt: skip
def test_losses_and_their_slopes_print_as_in_books(
    loss: Any, python: str, latex: str, slope: str | None
) -> None:
    p, t = T(P, requires_grad=True), T(abs(Q) + 0.5)
    end = loss(p, t)
    names = {p: "p", t: "t", end: "L"}
    reader = Reader(end, names, "python")
    assert reader.forward == [f"L = {python}"]
    assert Reader(end, names, "latex").forward == [f"L = {latex}"]
    if slope is not None:
        printed = reader.backward({p: "delta"})[0]
        assert slope in printed
    assert reader.backward({p: "delta"})[0].startswith("delta = ")
