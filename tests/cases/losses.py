"""Rows of the losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tensorgrok.engine import primitives
from tests.cases.base import Array, case, draw, pointwise

# Of numbers --------------------------------------------------------------------------------------


def squared_error_oracle(prediction: Array, target: Array) -> Array:
    pairs = zip(prediction.ravel(), target.ravel(), strict=True)
    return np.asarray(0.5 * sum((p - t) ** 2 for p, t in pairs))


def huber_oracle(delta: float) -> Callable[[Array, Array], Array]:
    def one(prediction: float, target: float) -> float:
        size = abs(prediction - target)
        return size**2 / 2 if size <= delta else delta * (size - delta / 2)

    return pointwise(one)


SHAPES: tuple[tuple[int, ...], ...] = ((2, 3), (), (1, 1), (0, 3))
_shape: tuple[int, ...]
for _shape in SHAPES:
    _pair = [draw(_shape, 0), draw(_shape, 1)]
    case("squared_error", primitives["squared_error"], _pair, squared_error_oracle)
    case("mse", primitives["mse"], _pair, lambda p, t: np.sum((p - t) ** 2) / max(1, p.size))
    for _delta in (1.0, 0.25):
        case("huber", lambda p, t, delta=_delta: primitives["huber"](p, t, delta=delta), _pair,
             huber_oracle(_delta), f"delta {_delta}")  # fmt: skip

# Of probabilities --------------------------------------------------------------------------------


def bce(logit: float, target: float, weight: float = 1.0) -> float:
    p = 1 / (1 + math.exp(-logit))
    return -weight * target * math.log(p) - (1 - target) * math.log(1 - p)


def relative_entropy(log_prediction: float, target: float) -> float:
    return target * (math.log(target) - log_prediction)


for _shape in SHAPES:
    _logits = draw(_shape, 0)
    _share = draw(_shape, 1, "positive") / 2
    case("bce_with_logits", primitives["bce_with_logits"], [_logits, _share], pointwise(bce))
    case("relative_entropy", primitives["relative_entropy"], [_logits, _share],
         pointwise(relative_entropy))  # fmt: skip
    case("weighted_bce_with_logits", primitives["weighted_bce_with_logits"],
         [_logits, _share, draw(_shape[-1:], 2, "positive")], pointwise(bce))  # fmt: skip
_wide = [draw((8, 3), 0).T, draw((8, 3), 1, "positive").T / 2]
case("bce_with_logits", primitives["bce_with_logits"], _wide, pointwise(bce), "non-contiguous")
case("huber", primitives["huber"], _wide, huber_oracle(1.0), "non-contiguous")
case("relative_entropy", primitives["relative_entropy"], _wide, pointwise(relative_entropy),
     "non-contiguous")  # fmt: skip

# Of classes --------------------------------------------------------------------------------------


def rows(function: Callable[[list[float], int], float]) -> Callable[[Array, Array], Array]:
    """An oracle that goes through rows and their labels."""

    def oracle(values: Array, labels: Array) -> Array:
        flat = values.reshape(labels.size, values.shape[-1])
        pairs = zip(flat.tolist(), np.ravel(labels).tolist(), strict=True)
        return np.array([function(*pair) for pair in pairs]).reshape(labels.shape)

    return oracle


def cross_entropy(smoothing: float) -> Callable[[Array, Array], Array]:
    def one(row: list[float], label: int) -> float:
        total = math.log(sum(math.exp(v) for v in row))
        shares = [smoothing / len(row) + (1 - smoothing) * (i == label) for i in range(len(row))]
        return total - sum(share * v for share, v in zip(shares, row, strict=True))

    return rows(one)


def cross_entropy_oracle(logits: Array, labels: Array) -> Array:
    losses = cross_entropy(0.0)(logits, labels)
    return np.asarray(losses.sum() / max(1, losses.size))


def smoothed(smoothing: float) -> Callable[..., Any]:
    return lambda x, labels: primitives["cross_entropies"](x, labels, smoothing=smoothing)


def enter(logits: Array, labels: Array, note: str = "") -> None:
    """Rows of everything with labels."""
    labelled = [logits, labels]
    case("cross_entropy", primitives["cross_entropy"], labelled, cross_entropy_oracle, note)
    case("nll", primitives["nll"], labelled, rows(lambda row, label: -row[label]), note)
    for smoothing in (0.0, 0.25):
        case("cross_entropies", smoothed(smoothing), labelled,
             cross_entropy(smoothing), f"{note} smoothing {smoothing}".strip())  # fmt: skip


for _shape in ((3, 4), (4,), (2, 3, 4), (2, 1), (0, 3), (2, 0, 3)):
    _labels = np.random.default_rng(1).integers(0, _shape[-1], _shape[:-1])
    enter(draw(_shape, 0), np.asarray(_labels))
enter(draw((8, 3), 0).T, np.array([7, 0, 1]), "non-contiguous")
enter(draw((3, 4), 0), np.array([3, 0, 1], dtype=np.uint8), "small labels")
