"""Schedules: the rate after each number of steps, against formulas in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import optim


def sgd(lr: float = 0.4) -> optim.SGD:
    return optim.SGD([tg.Tensor([1.0], requires_grad=True)], lr=lr)


def cosine(base: float, final: float, steps: int, step: int) -> float:
    if step >= steps:
        return final
    return final + (base - final) * (1 + math.cos(math.pi * step / steps)) / 2


INTEGER: Any = np.int64(2)
CASES: list[tuple[Any, Callable[[int], float]]] = [
    (lambda o: optim.StepDecay(o, 3), lambda t: 0.4 * 0.1 ** (t // 3)),
    (lambda o: optim.StepDecay(o, every=1, factor=0.5), lambda t: 0.4 * 0.5**t),
    (lambda o: optim.StepDecay(o, INTEGER, factor=2), lambda t: 0.4 * 2.0 ** (t // 2)),
    (lambda o: optim.CosineDecay(o, 7), lambda t: cosine(0.4, 0.0, 7, t)),
    (lambda o: optim.CosineDecay(o, steps=10, final=0.05), lambda t: cosine(0.4, 0.05, 10, t)),
    (lambda o: optim.CosineDecay(o, 1), lambda t: 0.4 if t == 0 else 0.0),
    (
        lambda o: optim.WarmUp(optim.CosineDecay(o, 5), 4),
        lambda t: 0.4 * (t + 1) / 5 if t < 4 else cosine(0.4, 0.0, 5, t - 4),
    ),
    (
        lambda o: optim.WarmUp(optim.StepDecay(o, 2, 0.5), steps=1),
        lambda t: 0.2 if t == 0 else 0.4 * 0.5 ** ((t - 1) // 2),
    ),
]


@pytest.mark.parametrize(("make", "formula"), CASES)
def test_the_rate_follows_the_formula(make: Any, formula: Callable[[int], float]) -> None:
    optimizer = sgd()
    schedule = make(optimizer)
    assert [schedule(step) for step in range(15)] == [formula(step) for step in range(15)]
    assert type(schedule(np.int32(3))) is float
    seen = []
    for _ in range(15):
        seen.append(optimizer.lr)
        schedule.step()
    assert seen == [formula(step) for step in range(15)]
    assert schedule.taken == 15


def test_asking_for_a_rate_changes_nothing() -> None:
    optimizer = sgd()
    schedule = optim.CosineDecay(optimizer, 4)
    schedule.step()
    before = optimizer.lr
    assert schedule(4) == 0.0
    assert (optimizer.lr, schedule.taken) == (before, 1)


def test_warming_up_is_continuous_and_monotone() -> None:
    schedule = optim.WarmUp(optim.CosineDecay(sgd(1.0), 50), 9)
    rates = [schedule(step) for step in range(60)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 10, rtol=1e-15)
    assert rates[9] == 1.0
    assert rates[9:] == sorted(rates[9:], reverse=True)


def test_a_schedule_reaches_the_step_of_its_optimizer() -> None:
    w = tg.Tensor(np.array([1.0]), requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    schedule = optim.StepDecay(optimizer, every=1, factor=0.1)
    expected = 1.0
    for step in range(4):
        w.grad = tg.Tensor(np.array([1.0]))
        optimizer.step()
        schedule.step()
        expected -= 0.5 * 0.1**step
        np.testing.assert_allclose(w.item(), expected, rtol=1e-15)


@pytest.mark.parametrize(("make", "formula"), CASES)
def test_a_schedule_goes_on_after_loading(make: Any, formula: Callable[[int], float]) -> None:
    schedule = make(sgd())
    for _ in range(3):
        schedule.step()
    other = make(sgd(lr=7.0))
    other.load_state_dict(schedule.state_dict())
    assert other.optimizer.lr == schedule.optimizer.lr == formula(3)
    assert schedule.state_dict() == {"taken": 3, "base": 0.4}
    other.step()
    assert other.optimizer.lr == formula(4)


def test_bad_arguments_are_refused() -> None:
    make = optim.CosineDecay(sgd(), 2)
    cases: list[tuple[Callable[[], Any], type[Exception], str]] = [
        (lambda: optim.StepDecay(sgd(), 0), tg.ArgumentError, "StepDecay: every must be at least"),
        (lambda: optim.StepDecay(sgd(), 2.0), tg.DTypeError, r"StepDecay: every .*, got 2\.0"),  # type: ignore[arg-type]  # on purpose
        (lambda: optim.StepDecay(sgd(), True), tg.DTypeError, "StepDecay: every .*, got True"),
        (lambda: optim.StepDecay(sgd(), 1, -0.5), tg.ArgumentError, "StepDecay: factor: .*-0.5"),
        (lambda: optim.CosineDecay(sgd(), -3), tg.ArgumentError, "CosineDecay: steps .* got -3"),
        (lambda: optim.CosineDecay(sgd(), 3, math.inf), tg.ArgumentError, "CosineDecay: final: "),
        (lambda: optim.WarmUp(make, 0), tg.ArgumentError, "WarmUp: steps must be at least 1"),
        (lambda: optim.WarmUp(sgd(), 3), tg.DTypeError, "WarmUp: give a schedule .* not a SGD"),  # type: ignore[arg-type]  # on purpose
        (lambda: optim.StepDecay(0.1, 3), tg.DTypeError, "StepDecay: give an optimizer, not a flo"),  # type: ignore[arg-type]  # on purpose
        (lambda: make(-1), tg.ArgumentError, "CosineDecay: steps count from 0, got -1"),
        (lambda: make(1.0), tg.DTypeError, r"CosineDecay: a step is an integer, got 1\.0"),  # type: ignore[arg-type]  # on purpose
        (lambda: make(True), tg.DTypeError, "CosineDecay: a step is an integer, got True"),
    ]
    for attempt, error, text in cases:
        with pytest.raises(error, match=text):
            attempt()
    with pytest.raises(NotImplementedError, match="Schedule has no rate method"):
        optim.Schedule(sgd())(0)


@pytest.mark.parametrize(
    ("state", "error", "text"),
    [
        ({}, tg.ArgumentError, "has 'taken' and 'base', this has nothing"),
        ({"taken": 1, "lr": 2.0}, tg.ArgumentError, "this has 'taken' and 'lr'"),
        ({"taken": -1, "base": 1.0}, tg.ArgumentError, "steps count from 0, got -1"),
        ({"taken": 1.5, "base": 1.0}, tg.DTypeError, r"a step is an integer, got 1\.5"),
        ({"taken": 1, "base": -1.0}, tg.ArgumentError, "base: expected .* at least 0, got -1"),
    ],
    ids=str,
)
def test_a_bad_state_changes_nothing(
    state: dict[str, Any], error: type[Exception], text: str
) -> None:
    schedule = optim.WarmUp(optim.StepDecay(sgd(), 2), 3)
    schedule.step()
    with pytest.raises(error, match=text):
        schedule.load_state_dict(state)
    assert schedule.state_dict() == {"taken": 1, "base": 0.4}
    assert schedule.optimizer.lr == schedule(1)


def test_they_say_what_they_are() -> None:
    schedule = optim.WarmUp(optim.StepDecay(sgd(), 2, 0.5), 3)
    schedule.step()
    assert repr(schedule) == (
        "WarmUp(3, then StepDecay(from 0.4, times 0.5 every 2); 1 step taken, lr=0.2)"
    )
    assert repr(optim.CosineDecay(sgd(), 5)) == (
        "CosineDecay(from 0.4 to 0 in 5; 0 steps taken, lr=0.4)"
    )
