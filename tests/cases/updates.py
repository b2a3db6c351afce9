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


def nesterov_oracle(p: Array, g: Array, v: Array, r: Array, m: Array) -> Any:
    return p - r * (g + m * v)


def adam_oracle(p: Array, mean: Array, square: Array, r: Array, floor: Array) -> Any:
    return p - r * mean / (square**0.5 + floor)


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
_beta, _rest = number(0.9), number(0.1)
for _shape in SHAPES:
    for _domain in ("real", "complex"):
        _p, _m, _g = (draw(_shape, seed, _domain) for seed in range(3))
        _square = draw(_shape, 3, "positive")
        _note = "" if _domain == "real" else _domain
        _adam = [_p, _m, _square, _rate, number(1e-3)]
        case("sgd_update", frozen(primitives["sgd_update"]), [_p, _g, _rate],
             lambda p, g, r: p - r * g, _note)  # fmt: skip
        case("velocity_update", frozen(primitives["velocity_update"]), [_m, _g, _momentum],
             lambda v, g, m: m * v + g, _note)  # fmt: skip
        case("nesterov_update", frozen(primitives["nesterov_update"]),
             [_p, _g, _m, _rate, _momentum], nesterov_oracle, _note)  # fmt: skip
        case("mean_update", frozen(primitives["mean_update"]), [_m, _g, _beta, _rest],
             lambda m, g, b, c: b * m + c * g, _note)  # fmt: skip
        case("square_update", frozen(primitives["square_update"]), [_square, _g, _beta, _rest],
             lambda s, g, b, c: b * s + c * squared(g), _note)  # fmt: skip
        case("adam_update", frozen(primitives["adam_update"]), _adam, adam_oracle, _note)
        case("adamw_update", frozen(primitives["adamw_update"]),
             [*_adam, _rate, number(0.5)], adamw_oracle, _note)  # fmt: skip
for _count in (0, 1, 10_000):
    _state = [number(float(_count)), number(0.0), number(0.0)]
    _settings = [number(value) for value in (1e-3, 0.9, 0.999, 1e-8)]
    case("adam_clock", frozen(primitives["adam_clock"]), [*_state, *_settings],
         clock_oracle, f"{_count} steps")  # fmt: skip
