"""Arguments near the ends of what numbers can hold, and beyond: right results, or clear errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor as T
from tensorgrok import nn, optim

BEYOND = 10**400

# Weights of choices ----------------------------------------------------------------------------


def test_weights_whose_sum_overflows_are_still_equal(backend: str) -> None:
    chosen = tg.choice(2, 1000, p=[1e308, 1e308]).numpy()
    assert 400 < np.count_nonzero(chosen) < 600


def test_the_least_weight_is_chosen_before_those_of_0(backend: str) -> None:
    for _ in range(20):
        assert tg.choice(2, 1, replace=False, p=[0, 1e-320]).tolist() == [1]
        assert tg.choice(2, 1, p=[0, 1e-320]).tolist() == [1]
        assert tg.choice(3, 2, replace=False, p=[0, 1e-320, 1e308]).tolist() == [2, 1]


def test_weights_that_are_all_0_in_a_tensor_do_not_warn_without_replacement(backend: str) -> None:
    assert tg.choice(3, 3, replace=False, p=T(np.zeros(3))).tolist() == [0, 1, 2]


def test_nothing_is_chosen_of_nothing(backend: str) -> None:
    assert tg.choice(0, 0, p=np.zeros(0)).shape == (0,)
    assert tg.choice(0, 0, replace=False, p=np.zeros(0)).shape == (0,)


# Powers ----------------------------------------------------------------------------------------


def test_a_power_that_is_0_does_not_depend_on_its_exponent(backend: str) -> None:
    exponent = T(np.array([-1.0, -0.5, 2.0]), requires_grad=True)
    tg.pow(np.array([math.inf, math.inf, 0.0]), exponent).sum().backward()
    assert exponent.grad is not None
    assert exponent.grad.tolist() == [0, 0, 0]


# Arguments that are refused --------------------------------------------------------------------

REFUSED: list[tuple[Callable[[tg.Generator], Any], type[Exception], str]] = [
    (lambda g: g.uniform(3, low=1j), tg.DTypeError, "uniform: low must be real, got complex64"),
    (lambda g: g.uniform(3, high=T(1j)), tg.DTypeError, "uniform: high must be real, got complex"),
    (lambda g: g.normal(3, mean=1j), tg.DTypeError, "normal: mean must be real, got complex64"),
    (lambda g: g.normal(3, std=[1j]), tg.DTypeError, "normal: std must be real, got complex64"),
    (lambda g: g.normal(3, mean=BEYOND), tg.ArgumentError, "normal: mean must be finite in float3"),
    (lambda g: g.normal(3, std=1e39), tg.ArgumentError, r"std must be finite in float32, got 1e\+"),
    (
        lambda g: g.truncated_normal(3, mean=math.inf, dtype="float16"),
        tg.ArgumentError,
        "truncated_normal: mean must be finite in float16, got inf",
    ),
    (lambda g: g.truncated_normal(3, high=BEYOND), tg.ArgumentError, "normal: high must fit a flo"),
    (lambda g: g.load_state_dict(5), tg.DTypeError, "give a dictionary, .* not .* type int"),  # type: ignore[arg-type]  # on purpose
    (lambda g: g.load_state_dict(None), tg.DTypeError, "give a dictionary, .* type NoneType"),  # type: ignore[arg-type]  # on purpose
    (
        lambda g: nn.huber([1.0], [2.0], delta=BEYOND),
        tg.ArgumentError,
        "huber: delta must fit a float, got an integer of 1329 bits",
    ),
    (lambda g: tg.elu(T([1.0]), -BEYOND), tg.ArgumentError, "elu: alpha must fit a float, got an "),
    (
        lambda g: nn.init.xavier_normal((2, 3), BEYOND, generator=g),
        tg.ArgumentError,
        "xavier_normal: gain must fit a float",
    ),
    (
        lambda g: nn.init.he_uniform((2, 3), 1e200, generator=g),
        tg.ArgumentError,
        r"uniform: low must be finite in float32, got -1\.",
    ),
    (lambda g: tg.split(tg.zeros((0,)), ()), tg.ArgumentError, "split: sections must name at leas"),
    (lambda g: nn.ReLU().train("x"), tg.DTypeError, "train: mode is True or False, got 'x'"),  # type: ignore[arg-type]  # on purpose
    (lambda g: nn.ReLU().train(None), tg.DTypeError, "train: mode is True or False, got None"),  # type: ignore[arg-type]  # on purpose
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED, ids=[row[2][:40] for row in REFUSED])
def test_what_cannot_be_is_refused_by_name_and_draws_nothing(
    call: Callable[[tg.Generator], Any], error: type[Exception], text: str
) -> None:
    generator = tg.Generator(1)
    with pytest.raises(error, match=text):
        call(generator)
    assert repr(generator) == "Generator(seed=1, used=0)"


def test_a_gain_whose_square_overflows_is_one_all_the_same() -> None:
    for init in (nn.init.he_uniform, nn.init.he_normal):
        weight = init((3, 4), 1e200, dtype="float64").numpy()
        assert 1e199 < np.abs(weight).max() < 1e201


# Settings of optimizers ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lr", "weight_decay", "momentum"])
def test_a_setting_that_a_parameter_cannot_hold_is_refused(name: str) -> None:
    wide = T(np.array([1.0]), requires_grad=True)
    half = T(np.array([1.0], np.float16), requires_grad=True)
    settings: dict[str, Any] = {"lr": 0.1, name: 1e5}
    assert optim.SGD([wide], **settings).state_dict()[name] == 1e5
    with pytest.raises(tg.ArgumentError, match=rf"SGD: {name}: float16, .* cannot hold 100000\.0"):
        optim.SGD([wide, half], **settings)


def test_a_refused_rate_leaves_the_tensors_of_the_old_one() -> None:
    w = T([1.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    for lr in (0.5, 1e39):  # before the second one, the rate has been a tensor
        w.grad = T([1.0])
        if lr == 1e39:
            with pytest.raises(tg.ArgumentError, match="float32, the dtype of a parameter"):
                optimizer.lr = lr
        optimizer.step()
    assert (optimizer.lr, w.item()) == (0.5, 0.0)


# Where a layer is ------------------------------------------------------------------------------


def test_a_bias_is_where_the_weight_is() -> None:
    def elsewhere(shape: tuple[int, ...], **_: Any) -> tg.Tensor:
        return T(np.ones(shape, np.float32), backend="strict")

    layer = nn.Linear(2, 3, init=elsewhere)
    assert layer.bias is not None
    assert layer.bias.backend is layer.weight.backend
    assert layer(T(np.ones((1, 2), np.float32), backend="strict")).tolist() == [[2, 2, 2]]


def test_train_and_eval_keep_the_type_of_a_module() -> None:
    layer: nn.Linear = nn.Linear(2, 3).eval().train()
    assert layer.training
