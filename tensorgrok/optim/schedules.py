"""Schedules: the learning rate as a function of the number of steps taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, join_words
from ..ops.arguments import plain_integer
from ..states import check_mapping
from .optimizer import Optimizer, Setting, unwrapped


class Schedule:
    """Base class: sets the ``lr`` of an optimizer, from step to step or from epoch to epoch.

    A schedule is attached when it is made, and sets the rate of step 0 right then; from there,
    ``step()`` after each step of the optimizer (or after each epoch) sets the next one. Called with
    a number of steps it only says what the rate is then.

    Subclasses write ``rate``. One with settings of its own sets them before it calls
    ``super().__init__(optimizer)``, as that asks for the rate of step 0.

    Args:
        optimizer: whose ``lr``, as it is now, the schedule begins with.

    Raises:
        DTypeError: no optimizer.
        ArgumentError: a rate that is negative or not finite, now or at a later step.
        GraphError: a step inside a traced step: its replays would not see another rate.

    Attributes:
        optimizer: the optimizer.
        base: the rate that it begins with.
        taken: how often ``step`` was called.

    >>> class Inverse(optim.Schedule):
    ...     def rate(self, step):
    ...         return self.base / (step + 1)
    >>> optimizer = optim.SGD([tg.Tensor([1.0], requires_grad=True)], lr=0.5)
    >>> schedule = Inverse(optimizer)
    >>> schedule.step()
    >>> optimizer.lr
    0.25
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise DTypeError(
                f"{type(self).__name__}: give an optimizer, not something of type "
                f"{type(optimizer).__name__}"
            )
        self.optimizer = optimizer
        self.base = optimizer.lr
        self.taken = 0
        optimizer.lr = self(0)

    def rate(self, step: int) -> float:
        """The learning rate after ``step`` steps; every schedule writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no rate method")

    def __call__(self, step: int) -> float:
        if isinstance(step, bool) or not isinstance(step, int | np.integer):
            raise DTypeError(f"{type(self).__name__}: a step is an integer, got {step!r}")
        if step < 0:
            raise ArgumentError(f"{type(self).__name__}: steps count from 0, got {step}")
        try:
            return self.rate(int(step))
        except OverflowError as error:
            raise ArgumentError(
                f"{type(self).__name__}: the rate after {step} steps is too large for a number"
            ) from error

    def step(self) -> None:
        """Count one step, and set the learning rate of the next."""
        if "taken" not in vars(self):
            raise ArgumentError(
                f"{type(self).__name__}: its __init__ must call super().__init__(optimizer)"
            )
        self.optimizer.lr = self(self.taken + 1)
        self.taken += 1

    def state_dict(self) -> dict[str, float]:
        """How many steps were taken, and from which rate."""
        return {"taken": self.taken, "base": self.base}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a ``state_dict``, and set the learning rate of where it stopped.

        Raises:
            ArgumentError, DTypeError: it is not that of a schedule; then nothing has changed.
        """
        check_mapping(state)
        if set(state) != {"taken", "base"}:
            raise ArgumentError(
                "load_state_dict: the state of a schedule has 'taken' and 'base', this has "
                f"{join_words([repr(name) for name in state]) or 'nothing'}"
            )
        before, taken = self.base, unwrapped(state["taken"])
        self._begin(Setting("base", state["base"]).value)
        try:
            self.optimizer.lr = self(taken)  # refuses what is no number of steps, or no rate
        except Exception:
            self._begin(before)
            raise
        self.taken = int(taken)

    def _begin(self, base: float) -> None:
        self.base = base

    def __repr__(self) -> str:
        steps = "1 step" if self.taken == 1 else f"{self.taken} steps"
        now = f"{steps} taken, lr={self.optimizer.lr:g}"
        return f"{type(self).__name__}({self.describe()}; {now})"

    def describe(self) -> str:
        """The settings, as ``repr`` shows them."""
        return f"from {self.base:g}"


class StepDecay(Schedule):
    """The rate falls by a factor, every so many steps: ``base * factor ** (step // every)``.

    Args:
        optimizer: whose ``lr`` the schedule begins with, and sets.
        every: number of steps at one rate, at least 1.
        factor: at least 0.

    Raises:
        ArgumentError, DTypeError: a setting out of its range; no optimizer.

    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> schedule = optim.StepDecay(optim.SGD([w], lr=0.4), every=2, factor=0.5)
    >>> [schedule(step) for step in range(5)]
    [0.4, 0.4, 0.2, 0.2, 0.1]
    """

    def __init__(self, optimizer: Optimizer, every: int, factor: float = 0.1) -> None:
        self.every = plain_integer("StepDecay", "every", every, least=1)
        self.factor = Setting("factor", factor, owner="StepDecay").value
        super().__init__(optimizer)

    def rate(self, step: int) -> float:
        """The learning rate after ``step`` steps."""
        return self.base * self.factor ** (step // self.every)

    def describe(self) -> str:
        """Where it begins, and how it falls."""
        return f"from {self.base:g}, times {self.factor:g} every {self.every}"


class CosineDecay(Schedule):
    """The rate falls along half a cosine, slowly at both ends, and stays at ``final``.

    After ``step`` steps it is ``final + (base - final) * (1 + cos(pi * step / steps)) / 2``.
    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017, without restarts.

    Args:
        optimizer: whose ``lr`` the schedule begins with, and sets.
        steps: number of steps until ``final``, at least 1.
        final: the last rate, at least 0.

    Raises:
        ArgumentError, DTypeError: a setting out of its range; no optimizer.

    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> schedule = optim.CosineDecay(optim.SGD([w], lr=0.5), steps=4)
    >>> [round(schedule(step), 3) for step in range(6)]
    [0.5, 0.427, 0.25, 0.073, 0.0, 0.0]
    """

    def __init__(self, optimizer: Optimizer, steps: int, final: float = 0.0) -> None:
        self.steps = plain_integer("CosineDecay", "steps", steps, least=1)
        self.final = Setting("final", final, owner="CosineDecay").value
        super().__init__(optimizer)

    def rate(self, step: int) -> float:
        """The learning rate after ``step`` steps."""
        if step >= self.steps:
            return self.final
        share = (1 + math.cos(math.pi * step / self.steps)) / 2
        return self.final + (self.base - self.final) * share

    def describe(self) -> str:
        """Where it begins, and where it ends."""
        return f"from {self.base:g} to {self.final:g} in {self.steps}"


class WarmUp(Schedule):
    """The rate first rises in equal parts, then follows another schedule.

    After ``step`` steps it is ``after(0) * (step + 1) / (steps + 1)`` while ``step < steps``, and
    from there on ``after(step - steps)``. Source: Goyal et al., "Accurate, large minibatch SGD",
    2017, section 2.2.

    Args:
        after: the schedule to follow, which knows the optimizer. Only this schedule's ``step`` is
            called from now on.
        steps: number of steps below the full rate, at least 1.

    Raises:
        ArgumentError, DTypeError: ``after`` is no schedule; ``steps`` is not at least 1.

    >>> w = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.5)
    >>> schedule = optim.WarmUp(optim.StepDecay(optimizer, every=1, factor=0.5), steps=4)
    >>> [round(schedule(step), 3) for step in range(7)]
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.25, 0.125]
    >>> optimizer.lr
    0.1
    """

    def __init__(self, after: Schedule, steps: int) -> None:
        if not isinstance(after, Schedule):
            raise DTypeError(
                f"WarmUp: give a schedule to follow, not something of type {type(after).__name__}"
            )
        self.after = after
        self.steps = plain_integer("WarmUp", "steps", steps, least=1)
        super().__init__(after.optimizer)
        self.base = after.base

    def rate(self, step: int) -> float:
        """The learning rate after ``step`` steps."""
        if step < self.steps:
            return self.after(0) * (step + 1) / (self.steps + 1)
        return self.after(step - self.steps)

    def _begin(self, base: float) -> None:
        self.base = base
        self.after._begin(base)

    def describe(self) -> str:
        """How long it takes, and what follows."""
        return f"{self.steps}, then {type(self.after).__name__}({self.after.describe()})"
