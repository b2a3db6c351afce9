"""Schedules: the rate after each number of steps, against formulas in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
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


def test_a_state_may_come_from_a_file(tmp_path: Path) -> None:
    schedule = optim.WarmUp(optim.StepDecay(sgd(), 2), 3)
    schedule.step()
    np.savez(tmp_path / "state.npz", **schedule.state_dict())  # type: ignore[arg-type]  # its stub takes no numbers
    other = optim.WarmUp(optim.StepDecay(sgd(7.0), 2), 3)
    with np.load(tmp_path / "state.npz") as file:
        other.load_state_dict(file)
    assert other.state_dict() == schedule.state_dict() == {"taken": 1, "base": 0.4}
    assert type(other.taken) is int
    other.load_state_dict({"taken": tg.Tensor([2]), "base": tg.Tensor(0.5, dtype="f8")})
    assert other.state_dict() == {"taken": 2, "base": 0.5}


class Rising(optim.Schedule):
    """A schedule whose first rate is not the base."""

    def __init__(self, optimizer: optim.Optimizer, parts: int) -> None:
        self.parts = parts
        super().__init__(optimizer)

    def rate(self, step: int) -> float:
        return self.base * (step + 1) / self.parts


def test_the_rate_of_step_0_is_set_when_a_schedule_is_made() -> None:
    optimizer = sgd(0.5)
    assert Rising(optimizer, 10).base == 0.5
    assert optimizer.lr == 0.05
    optim.WarmUp(optim.CosineDecay(optimizer, 3), 4)
    assert optimizer.lr == 0.01


def test_a_rate_that_no_number_can_hold_is_refused_and_changes_nothing() -> None:
    wide = tg.Tensor(np.array([1.0]), requires_grad=True)
    schedule = optim.StepDecay(optim.SGD([wide], 0.1), 1, 10.0)
    state = {"taken": 308, "base": 0.4}
    schedule.load_state_dict(state)
    with pytest.raises(
        tg.ArgumentError, match="StepDecay: the rate after 309 steps is too large for a number"
    ):
        schedule.step()
    with pytest.raises(tg.ArgumentError, match=r"SGD: lr: expected a finite .* got inf"):
        schedule.load_state_dict({"taken": 308, "base": 40.0})
    assert schedule.state_dict() == state
    assert schedule.optimizer.lr == schedule(308)


def test_a_schedule_that_was_never_attached_says_so() -> None:
    class Loose(optim.Schedule):
        def __init__(self) -> None:
            """Forget the base class."""

    with pytest.raises(
        tg.ArgumentError, match=r"Loose: its __init__ must call super\(\).__init__\(optimizer\)"
    ):
        Loose().step()


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
        (lambda: optim.WarmUp(sgd(), 3), tg.DTypeError, "give a schedule to follow, .* type SGD"),  # type: ignore[arg-type]  # on purpose
        (lambda: optim.StepDecay(0.1, 3), tg.DTypeError, "StepDecay: give an optimizer, .* float"),  # type: ignore[arg-type]  # on purpose
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
        ({"taken": np.array(1.5), "base": 1.0}, tg.DTypeError, r"a step is an integer, got 1\.5"),
        ({"taken": np.ones(2, int), "base": 1.0}, tg.DTypeError, "a step is an integer, got arr"),
        (None, tg.DTypeError, "load_state_dict: give a dictionary, .* of type NoneType"),
    ],
    ids=str,
)
def test_a_bad_state_changes_nothing(state: Any, error: type[Exception], text: str) -> None:
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
