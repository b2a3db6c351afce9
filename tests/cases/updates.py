"""Rows of the updates that optimizers apply."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tensorgrok.engine import primitives
from tests.cases.base import Array, case, draw

SHAPES: tuple[tuple[int, ...], ...] = ((2, 3), (), (1,), (0, 3))


def frozen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Updates are not recorded: hand them values."""
    return lambda *args: function(*(arg.detach() for arg in args))


def number(value: float) -> Array:
    return np.asarray(value)


def squared(g: Array) -> Array:
    return np.asarray(g.real**2 + g.imag**2)


def momentum_oracle(p: Array, v: Array, g: Array, r: Array, m: Array) -> Any:
    return p - r * (m * v + g), m * v + g


def nesterov_oracle(p: Array, v: Array, g: Array, r: Array, m: Array) -> Any:
    return p - r * (g + m * (m * v + g)), m * v + g


def adam_oracle(
    p: Array, mean: Array, square: Array, g: Array, r: Array, floor: Array, *betas: Array
) -> Any:
    b1, c1, b2, c2 = betas
    mean, square = b1 * mean + c1 * g, b2 * square + c2 * squared(g)
    return p - r * mean / (square**0.5 + floor), mean, square


def adamw_oracle(p: Array, *rest: Array) -> Any:
    *taken, lr, decay = rest
    return adam_oracle(p - lr * decay * p, *taken)


def clock_oracle(
    count: Array, rate: Array, floor: Array, lr: Array, b1: Array, b2: Array, eps: Array
) -> Any:
    steps = int(count) + 1
    root = math.sqrt(1 - float(b2) ** steps)
    corrected = float(lr) * root / (1 - float(b1) ** steps)
    return np.asarray(float(steps)), np.asarray(corrected), np.asarray(float(eps) * root)


_rate, _momentum = number(0.1), number(0.9)
_betas = [number(beta) for beta in (0.9, 0.1, 0.99, 0.01)]
for _shape in SHAPES:
    for _domain in ("real", "complex"):
        _p, _m, _g = (draw(_shape, seed, _domain) for seed in range(3))
        _square = draw(_shape, 3, "positive")
        _note = "" if _domain == "real" else _domain
        _adam = [_p, _m, _square, _g, _rate, number(1e-3), *_betas]
        case("sgd_update", frozen(primitives["sgd_update"]), [_p, _g, _rate],
             lambda p, g, r: p - r * g, _note)  # fmt: skip
        for _name, _oracle in (("momentum", momentum_oracle), ("nesterov", nesterov_oracle)):
            _card = frozen(primitives[f"{_name}_update"])
            case(f"{_name}_update", _card, [_p, _m, _g, _rate, _momentum], _oracle, _note)
        case("adam_update", frozen(primitives["adam_update"]), _adam, adam_oracle, _note)
        case("adamw_update", frozen(primitives["adamw_update"]),
             [*_adam, _rate, number(0.5)], adamw_oracle, _note)  # fmt: skip
for _count in (0, 1, 10_000):
    _state = [number(float(_count)), number(0.0), number(0.0)]
    _settings = [number(value) for value in (1e-3, 0.9, 0.999, 1e-8)]
    case("adam_clock", frozen(primitives["adam_clock"]), [*_state, *_settings],
         clock_oracle, f"{_count} steps")  # fmt: skip
