"""Rows of the activation and softmax cards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import tensorgrok as tg
from tests.cases.base import Array, case, draw, pointwise


def sigmoid(v: float) -> float:
    return 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))


def softplus(v: float) -> float:
    return max(v, 0) + math.log1p(math.exp(-abs(v)))


def rough_gelu(v: float) -> float:
    return 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))


# Card, what is called, oracle, note.
SMOOTH: tuple[tuple[str, Callable[..., Any], Callable[[Array], Array], str], ...] = (
    ("sigmoid", tg.sigmoid, pointwise(sigmoid), ""),
    ("logsigmoid", tg.logsigmoid, pointwise(lambda v: -softplus(-v)), ""),
    ("softplus", tg.softplus, pointwise(softplus), ""),
    ("silu", tg.silu, pointwise(lambda v: v * sigmoid(v)), ""),
    ("mish", tg.mish, pointwise(lambda v: v * math.tanh(softplus(v))), ""),
    ("gelu", tg.gelu, pointwise(lambda v: 0.5 * v * math.erfc(-v / math.sqrt(2))), ""),
    ("gelu", lambda x: tg.gelu(x, approximate=True), pointwise(rough_gelu), "approximate"),
)
KINKED: tuple[tuple[str, Callable[..., Any], Callable[[Array], Array], str], ...] = (
    ("relu", tg.relu, pointwise(lambda v: max(v, 0)), ""),
    ("leaky_relu", tg.leaky_relu, pointwise(lambda v: v if v > 0 else v * 0.01), ""),
    ("leaky_relu", lambda x: tg.leaky_relu(x, 0), pointwise(lambda v: max(v, 0)), "slope 0"),
    ("leaky_relu", lambda x: tg.leaky_relu(x, slope=1), lambda x: x, "slope 1"),
    ("hardtanh", tg.hardtanh, lambda x: np.clip(x, -1, 1), ""),
    ("hardtanh", lambda x: tg.hardtanh(x, 0.1, 2), lambda x: np.clip(x, 0.1, 2), "bounds"),
    ("elu", tg.elu, pointwise(lambda v: v if v > 0 else math.expm1(v)), ""),
    (
        "elu",
        lambda x: tg.elu(x, alpha=0.5),
        pointwise(lambda v: v if v > 0 else math.expm1(v) / 2),
        "alpha",
    ),
    ("elu", lambda x: tg.elu(x, 0), pointwise(lambda v: max(v, 0)), "alpha 0"),
)

for _name, _function, _oracle, _note in SMOOTH + KINKED:
    for _shape in ((2, 3), (), (0, 3), (1,)):
        case(_name, _function, [draw(_shape, 0)], _oracle, _note)
    _turned = draw((3, 4), 5)[::-1, ::2].T
    case(_name, _function, [_turned], _oracle, f"{_note} non-contiguous".strip())
    case(_name, _function, [np.array([-9.0, -4.0, 3.0, 6.0])], _oracle, f"{_note} wide".strip())

# At 0 rules that are written with a choice are easily wrong in the second derivative.
for _name, _function, _oracle, _note in SMOOTH:
    case(_name, _function, [np.zeros(1)], _oracle, f"{_note} at 0".strip())

case("sigmoid", tg.sigmoid, [draw((2, 2), 3, "complex")], lambda x: 1 / (1 + np.exp(-x)), "complex")


def softmax_oracle(x: Array, axis: int = -1) -> Array:
    return np.asarray(np.exp(x) / np.exp(x).sum(axis, keepdims=True))


def log_softmax_oracle(x: Array, axis: int = -1) -> Array:
    return np.asarray(np.log(softmax_oracle(x, axis)))


AXIS_SHAPES: tuple[tuple[int, ...], ...] = (
    *((4,), (2, 3), (1,), (3, 1)),
    *((2, 0), (0, 3), (2, 1, 3)),
)
_TURNED = draw((3, 4), 5)[::-1, ::2].T
for _name, _card, _shares in (
    ("softmax", tg.softmax, softmax_oracle),
    ("log_softmax", tg.log_softmax, log_softmax_oracle),
):
    for _lengths in AXIS_SHAPES:
        case(_name, _card, [draw(_lengths, 0)], _shares)
    for _axis in (0, 1, -2):
        case(
            _name,
            lambda x, card=_card, axis=_axis: card(x, axis),
            [draw((3, 2, 2), 1)],
            lambda x, shares=_shares, axis=_axis: shares(x, axis),
            f"axis {_axis}",
        )
    case(_name, _card, [_TURNED], _shares, "non-contiguous")
    case(_name, lambda x, card=_card: card(x + 1000), [draw((2, 3), 2)], _shares, "far")
_MASKED = np.array([[0.5, -np.inf, -0.4], [-np.inf, 0.0, -np.inf]])
case("softmax", tg.softmax, [_MASKED], softmax_oracle, "masked")
