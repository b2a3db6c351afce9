"""Losses: values and derivatives against NumPy formulas, and the targets that they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn

T = tg.Tensor
P = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
Q = np.array([[1.0, 0.5, -0.5], [0.0, 2.0, 1.0]])
PAIRS: list[Any] = [nn.squared_error, nn.mse, nn.l1, nn.huber]


def test_squared_error_is_half_the_squared_norm_and_its_derivative_the_difference(
    backend: str,
) -> None:
    p, q = T(P, requires_grad=True), T(Q, requires_grad=True)
    loss = nn.squared_error(p, q)
    np.testing.assert_allclose(loss.item(), ((P - Q) ** 2).sum() / 2, rtol=1e-12)
    (loss * 3).backward()
    assert p.grad is not None
    assert q.grad is not None
    np.testing.assert_allclose(p.grad.numpy(), 3 * (P - Q), rtol=1e-12)
    np.testing.assert_allclose(q.grad.numpy(), 3 * (Q - P), rtol=1e-12)


def test_mse_is_the_mean_of_squares(backend: str) -> None:
    p, q = T(P, requires_grad=True), T(Q, requires_grad=True)
    loss = nn.mse(p, q)
    np.testing.assert_allclose(loss.item(), ((P - Q) ** 2).mean(), rtol=1e-12)
    loss.backward()
    assert p.grad is not None
    assert q.grad is not None
    np.testing.assert_allclose(p.grad.numpy(), 2 * (P - Q) / 6, rtol=1e-12)
    np.testing.assert_allclose(q.grad.numpy(), 2 * (Q - P) / 6, rtol=1e-12)


@pytest.mark.parametrize("loss", PAIRS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "shapes", [((4, 1), (4,)), ((4,), (4, 1)), ((4,), ()), ((2, 3), (3,)), ((1,), (2,))], ids=str
)
def test_losses_refuse_shapes_that_would_broadcast(loss: Any, shapes: Any) -> None:
    guess, truth = tg.zeros(shapes[0]), tg.zeros(shapes[1])
    with pytest.raises(
        tg.ShapeError,
        match=rf"{loss.__name__}: prediction 'guess' .* and target 'truth' .*equal shapes",
    ) as caught:
        loss(guess, truth)
    assert all(str(shape) in str(caught.value) for shape in shapes)


@pytest.mark.parametrize("loss", PAIRS, ids=lambda f: f.__name__)
def test_losses_refuse_two_different_floats_and_name_both(loss: Any) -> None:
    with pytest.raises(
        tg.DTypeError, match=rf"{loss.__name__}: .*float32 and the target has dtype float64"
    ):
        loss(tg.zeros(3), T(np.zeros(3)))
    assert loss(tg.zeros(3), np.ones(3, np.int64)).dtype == np.float32
    assert loss(tg.zeros(3), [1.0, 1.0, 1.0]).dtype == np.float32


@pytest.mark.parametrize("loss", PAIRS, ids=lambda f: f.__name__)
def test_losses_of_integers_have_the_default_dtype(loss: Any) -> None:
    result = loss(T([1, 2]), T([0, 0]))
    assert result.item() == {nn.l1: 1.5, nn.huber: 1.0}.get(loss, 2.5)
    assert result.dtype == np.float32


def test_losses_keep_single_precision() -> None:
    for loss in PAIRS:
        assert loss(tg.zeros(3), tg.ones(3)).dtype == np.float32
    assert nn.cross_entropy(tg.zeros((2, 3)), [0, 1]).dtype == np.float32


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("lead", [(), (1,), (5,), (2, 3)])
@pytest.mark.parametrize("labels_dtype", [np.int64, np.int32, np.uint8])
def test_cross_entropy_is_minus_the_mean_log_probability(
    lead: tuple[int, ...], labels_dtype: Any, backend: str
) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(*lead, 4)) * 3
    labels = random.integers(0, 4, size=lead).astype(labels_dtype)
    x = T(logits, requires_grad=True)
    loss = nn.cross_entropy(x, T(labels))
    hits = np.eye(4)[labels.astype(int)]
    expected = -(np.log(softmax(logits)) * hits).sum(-1).mean()
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-12)
    (loss * 2).backward()
    assert x.grad is not None
    rows = max(1, math.prod(lead))
    np.testing.assert_allclose(
        x.grad.numpy(), 2 * (softmax(logits) - hits) / rows, rtol=1e-12, atol=1e-15
    )


def test_cross_entropy_is_stable_at_large_logits() -> None:
    x = T([[1000.0, 0.0, -1000.0], [-1000.0, 1000.0, 999.0]], requires_grad=True)
    loss = nn.cross_entropy(x, [2, 1])
    np.testing.assert_allclose(loss.item(), (2000 + math.log1p(math.exp(-1))) / 2, rtol=1e-6)
    loss.backward()
    assert x.grad is not None
    small = 1 / (1 + math.e)
    np.testing.assert_allclose(
        x.grad.numpy(), [[0.5, 0, -0.5], [0, -small / 2, small / 2]], rtol=1e-5, atol=1e-7
    )


def test_cross_entropy_of_impossible_classes_is_finite_elsewhere() -> None:
    x = T([[0.0, -math.inf, 0.0]], requires_grad=True)
    loss = nn.cross_entropy(x, [0])
    np.testing.assert_allclose(loss.item(), math.log(2), rtol=1e-6)
    loss.backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), [[-0.5, 0.0, 0.5]], rtol=1e-6)


@pytest.mark.parametrize(
    ("logits", "labels", "error", "text"),
    [
        (np.zeros((4, 3)), np.zeros((4, 1), int), tg.ShapeError, r"needs labels of shape \(4,\)"),
        (np.zeros((4, 3)), np.zeros(3, int), tg.ShapeError, r"labels of shape \(4,\).*\(3,\)"),
        (np.zeros((4, 3)), 1, tg.ShapeError, r"needs labels of shape \(4,\)"),
        (np.zeros(()), 0, tg.ShapeError, "needs labels"),
        (np.zeros((2, 3)), [0.0, 1.0], tg.DTypeError, "labels are integers.* not float32"),
        (np.zeros((2, 3)), [True, False], tg.DTypeError, "labels are integers.* not bool"),
        (np.zeros((2, 3), int), [0, 1], tg.DTypeError, "logits must be floats, not int64"),
        (np.zeros((2, 3)), [0, 3], tg.ArgumentError, "from 0 to 3, but there are 3 classes"),
        (np.zeros((2, 3)), [-1, 2], tg.ArgumentError, "from -1 to 2, but there are 3 classes"),
    ],
)
def test_cross_entropy_refuses_bad_labels(
    logits: Any, labels: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=f"cross_entropy: .*{text}"):
        nn.cross_entropy(T(logits), labels)


def test_derivatives_of_losses_pass_gradcheck() -> None:
    for loss in PAIRS:
        assert tg.gradcheck(loss, [P, Q])
    assert tg.gradcheck(nn.cross_entropy, [P, np.array([2, 0])])


# Reductions --------------------------------------------------------------------------------------

LABELS = np.array([2, 0])
SHARES = np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]])


def log_sum_exp(rows: Any) -> Any:
    return np.log(np.exp(rows).sum(axis=-1, keepdims=True))


def huber_oracle(d: Any) -> Any:
    return np.where(abs(d) <= 1, d**2 / 2, abs(d) - 0.5)


LOGS = P - log_sum_exp(P)
REDUCED: list[tuple[Any, Any, Any, Any]] = [
    (nn.mse, P, Q, (P - Q) ** 2),
    (nn.l1, P, Q, abs(P - Q)),
    (nn.huber, P, Q, huber_oracle(P - Q)),
    (nn.bce_with_logits, P, SHARES, np.log1p(np.exp(P)) - P * SHARES),
    (nn.cross_entropy, P, LABELS, -LOGS[[0, 1], LABELS]),
    (nn.nll, LOGS, LABELS, -LOGS[[0, 1], LABELS]),
    (
        nn.kl_divergence,
        LOGS,
        SHARES,
        np.array([math.log(0.2) * 0.2 + math.log(0.5) * 0.5 + math.log(0.3) * 0.3, 0.0])
        - (SHARES * LOGS).sum(-1),
    ),
]
reduced = pytest.mark.parametrize(
    ("loss", "prediction", "target", "losses"), REDUCED, ids=[row[0].__name__ for row in REDUCED]
)


@reduced
def test_losses_are_averaged_summed_or_left(
    loss: Any, prediction: Any, target: Any, losses: Any, backend: str
) -> None:
    expected = {"mean": losses.mean(), "sum": losses.sum(), "none": losses}
    for reduction, wanted in expected.items():
        found = loss(T(prediction), T(target), reduction=reduction)
        assert found.shape == np.shape(wanted)
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-12)
    averaged = loss(T(prediction), T(target), reduction="mean")
    assert loss(T(prediction), T(target)).item() == averaged.item()
    with pytest.raises(
        tg.ArgumentError, match=rf"{loss.__name__}: reduction is 'mean', .* not 'average'"
    ):
        loss(T(prediction), T(target), reduction="average")


@reduced
def test_reduced_losses_pass_gradcheck_to_second_order(
    loss: Any, prediction: Any, target: Any, losses: Any
) -> None:
    away = target if target.dtype.kind == "i" else 0.9 * target + 0.05  # from 0, a kink of some
    for reduction in ("mean", "sum", "none"):
        assert tg.gradcheck(
            lambda p, t, how=reduction: loss(p, t, reduction=how), [prediction, away], order=2
        )


@pytest.mark.parametrize("loss", [nn.bce_with_logits, nn.kl_divergence, nn.mse, nn.huber])
def test_losses_of_pairs_refuse_what_does_not_fit(loss: Any) -> None:
    with pytest.raises(tg.ShapeError, match=rf"{loss.__name__}: .* must have equal shapes"):
        loss(tg.zeros((4, 1)), tg.zeros(4))
    with pytest.raises(tg.DTypeError, match=rf"{loss.__name__}: .*float32 and the target .*64"):
        loss(tg.zeros(3), T(np.zeros(3)))
    assert loss(tg.zeros(3), T([0, 1, 0])).dtype == np.float32


@pytest.mark.parametrize(
    ("loss", "shown"),
    [(nn.huber, "huber"), (nn.bce_with_logits, "bce_with_logits"),
     (nn.kl_divergence, "relative_entropy")],
)  # fmt: skip
def test_losses_of_real_numbers_refuse_complex_ones(loss: Any, shown: str) -> None:
    with pytest.raises(tg.DTypeError, match=rf"{shown}: .*defined for real numbers only"):
        loss(T([1j]), T([1j]))
    assert nn.l1(T([3 + 4j]), T([0j])).item() == 5.0


def test_losses_of_nothing(backend: str) -> None:
    nothing = tg.zeros((0, 3))
    assert nn.squared_error(nothing, nothing).item() == nn.mse(nothing, nothing).item() == 0
    assert nn.cross_entropy(tg.zeros((0, 3)), tg.zeros(0, dtype=np.int64)).item() == 0
    losses: list[Any] = [nn.mse, nn.l1, nn.huber, nn.bce_with_logits, nn.kl_divergence]
    for loss in losses:
        for reduction in ("mean", "sum"):
            x = T(nothing, requires_grad=True)
            result = loss(x, nothing, reduction=reduction)
            assert (result.item(), result.shape, result.dtype) == (0, (), np.float32)
            result.backward()
            assert x.grad is not None
            assert x.grad.shape == (0, 3)
    settings: dict[str, Any]
    for loss, settings in (
        (nn.nll, {}),
        (nn.cross_entropy, {"label_smoothing": 0.1}),
        (nn.cross_entropy, {"label_smoothing": 0}),
        (nn.cross_entropy, {}),
    ):
        assert loss(nothing, [], **settings).item() == 0
        assert loss(tg.zeros((0, 2, 3)), np.zeros((0, 2), int), **settings).item() == 0
    assert nn.bce_with_logits(nothing, nothing, positive_weight=2.0).item() == 0


@pytest.mark.parametrize("dtype", ["u1", "i1", "u8", "?"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_narrow_integers_and_booleans_become_floats(
    dtype: str, reduction: str, backend: str
) -> None:
    low, high = np.array([0, 1, 0], dtype), np.array([1, 0, 1], dtype)
    if dtype != "?":
        low, high = low + np.array(1, dtype), high * np.array(99, dtype)
    difference = low.astype(float) - high.astype(float)
    for loss, losses in ((nn.l1, abs(difference)), (nn.mse, difference**2)):
        wanted = {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]
        for target, dtype_then in ((high, np.float32), (high.astype(np.float64), np.float64)):
            found = loss(T(low), T(target), reduction=reduction)
            np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-6)
            assert found.dtype == dtype_then


def test_squares_of_complex_numbers_are_refused() -> None:
    for loss in (nn.mse, nn.squared_error):
        with pytest.raises(
            tg.DTypeError,
            match=rf"{loss.__name__}: it is defined for real numbers only; of complex ones give "
            r"abs\(prediction - target\) and zeros",
        ):
            loss(T([1j]), T([0j]))
    assert nn.mse(abs(T([1j]) - T([0j])), tg.zeros(1)).item() == 1


@pytest.mark.parametrize("loss", [*PAIRS, nn.bce_with_logits, nn.kl_divergence])
def test_losses_name_the_argument_that_is_no_array(loss: Any) -> None:
    called = {nn.bce_with_logits: "logits", nn.kl_divergence: "log_prediction"}
    first = called.get(loss, "prediction")
    name = loss.__name__
    with pytest.raises(tg.DTypeError, match=f"{name}: argument {first}: expected .* NoneType"):
        loss(None, tg.zeros(2))
    with pytest.raises(tg.DTypeError, match=f"{name}: argument target: expected .* got a str"):
        loss(tg.zeros(2), "a")
    with pytest.raises(tg.ShapeError, match=f"{name}: argument target: nested lists must be"):
        loss(tg.zeros(2), [[1.0], 2.0])


def test_losses_of_classes_name_the_argument_that_is_no_array() -> None:
    for loss, called in ((nn.cross_entropy, "logits"), (nn.nll, "log_probabilities")):
        name = loss.__name__
        with pytest.raises(tg.DTypeError, match=f"{name}: argument {called}: expected .* NoneType"):
            loss(None, [1])
        with pytest.raises(tg.DTypeError, match=f"{name}: argument labels: expected .* NoneType"):
            loss(tg.zeros((2, 3)), None)
        with pytest.raises(tg.DTypeError, match=f"{name}: labels are integers.* not float32"):
            loss(tg.zeros((0, 3)), tg.zeros(0))


def test_the_mean_of_large_squares_does_not_overflow_in_half_precision(backend: str) -> None:
    p = T(np.full(100, 100.0, np.float16))
    assert nn.mse(p, p * 0).item() == 10000
