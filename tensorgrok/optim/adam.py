"""Adam, and AdamW with decoupled weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..backend import Array, Backend, Space
from ..cards import Primitive
from ..errors import ArgumentError, DTypeError, GraphError
from ..moving import relocate
from ..ops.updates import adam_clock, adam_update, adamw_update, mean_update, square_update
from ..tensor import Tensor
from ..updating import update_in_turn, update_together
from .optimizer import Optimizer, Setting, real_dtype

#: The settings that the corrections of bias take.
CLOCKED = ("lr", "beta1", "beta2", "eps")


class Clock:
    """How many steps some parameters of one space have taken, as a tensor, and what follows.

    Parameters share a clock as long as they step together: the corrections of bias are then
    computed once for all of them.

    Attributes:
        count: number of steps taken, in float64.
        rate, floor: what the update of a step takes, in the dtype of the parameters.
    """

    def __init__(self, space: Space, count: Array = 0.0) -> None:
        def number(value: Array, dtype: np.dtype[Any]) -> Tensor:
            return Tensor(value, dtype=dtype, backend=space.backend)

        dtype = real_dtype(space.dtype)
        self.count = number(count, np.dtype(np.float64))
        self.rate, self.floor = number(0.0, dtype), number(0.0, dtype)

    def relocate(self, backend: Backend) -> None:
        """Move to another backend, as the parameters did."""
        relocate("step", [self.count, self.rate, self.floor], backend)

    def copy(self) -> Clock:
        """A clock that shows the same and goes its own way."""
        backend = self.count.backend
        if not backend.owns(self.count._data):
            raise GraphError(
                "step: within one traced step, a later one leaves out parameters that the first "
                "one changed; trace them one by one"
            )
        return Clock(self.rate._space, self.count._data)


class Adam(Optimizer):
    """Adam: steps of about ``lr`` for each number, whatever the size of its gradients.

    It keeps running means of the gradient and of its square, corrected for their start at 0, and
    subtracts ``lr * mean / (sqrt(square) + eps)``. Of complex parameters the square is that of the
    absolute value. Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    A parameter that is skipped, without a gradient or frozen, keeps its count of steps.

    Args:
        parameters: tensors that require gradients.
        lr: the learning rate, at least 0. The attribute ``lr`` can be changed at any time.
        betas: how much of the two means each step keeps, from 0 to less than 1.
        eps: added to the root, at least 0. In float16 the default is 0, and refused: choose 1e-4.
            With 0 a number whose gradient has always been 0 becomes NaN.
        weight_decay: each gradient grows by this number times its parameter, before the means.

    Raises:
        ArgumentError, DTypeError: as ``Optimizer``; an ``eps`` that a parameter's dtype cannot
            tell from 0.

    >>> w = tg.Tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = optim.Adam([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    Tensor([ 0.5, -1.5], shape=(2,), dtype=float32, requires_grad=True)
    """

    _card: Primitive[...] = adam_update
    _decoupled = False

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        *,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        name = type(self).__name__
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise DTypeError(f"{name}: betas must be two numbers, got {betas!r}")
        self._set("beta1", betas[0], below=1)
        self._set("beta2", betas[1], below=1)
        self._set("eps", eps)
        self._set("weight_decay", weight_decay)
        self._check_eps(self.eps, self.betas[1])
        self._private["mean"] = [self._zeros(p) for p in self.parameters]
        self._private["square"] = [self._zeros(p, real=True) for p in self.parameters]
        clocks = {p._space: Clock(p._space) for p in self.parameters}
        self._clocks = [clocks[p._space] for p in self.parameters]
        beta1, beta2 = self._settings["beta1"], self._settings["beta2"]
        rest1, rest2 = (Setting(f"1 - {b.name}", 1 - b.value) for b in (beta1, beta2))
        self._taken = [beta1, rest1, beta2, rest2]  # by each update, beside those of the clock

    def _check_eps(self, eps: float, beta2: float) -> None:
        smallest = eps * math.sqrt(1 - beta2)  # what the first step takes
        for place, parameter in enumerate(self.parameters):
            if eps and not real_dtype(parameter.dtype).type(smallest):
                raise ArgumentError(
                    f"{type(self).__name__}: eps={eps} is 0 in {parameter.dtype}, the dtype of "
                    f"parameter {place}; choose one like 1e-4, or train in float32"
                )

    @property
    def betas(self) -> tuple[float, float]:
        """How much of the two means each step keeps."""
        return self._settings["beta1"].value, self._settings["beta2"].value

    @property
    def eps(self) -> float:
        """What is added to the root."""
        return self._settings["eps"].value

    def step(self) -> None:
        """Update every parameter that has a gradient; frozen ones are skipped."""
        active = [i for i, p in enumerate(self.parameters) if p._grad is not None and p._needs]
        means, squares = self._private["mean"], self._private["square"]
        for i in active:
            if means[i]._space.backend is not self.parameters[i]._space.backend:
                self._follow(i)
        if len(active) < len(self.parameters):
            self._part(set(active))
        decays = not self._decoupled and self.weight_decay != 0
        advanced: dict[Clock, tuple[Any, ...]] = {}
        for i in active:
            parameter, clock = self.parameters[i], self._clocks[i]
            if clock not in advanced:
                advanced[clock] = self._advance(clock, parameter._space)
            gradient = cast("Tensor", parameter._grad)
            if decays or parameter._space.complex:
                gradient = self._descent(parameter, gradient, decays)
            beta1, rest1, beta2, rest2, rest = advanced[clock]
            mean, square = means[i], squares[i]
            update_in_turn(
                (
                    (mean_update, mean, (gradient, beta1, rest1)),
                    (square_update, square, (gradient, beta2, rest2)),
                    (self._card, parameter, (mean, square, *rest)),
                )
            )

    def _advance(self, clock: Clock, space: Space) -> tuple[Any, ...]:
        """Count a step, and return what the updates of it take."""
        settings, double = self._settings, clock.count._space
        taken = tuple([settings[name].at(double) for name in CLOCKED])
        update_together(adam_clock, (clock.count, clock.rate, clock.floor), taken)
        beta1, rest1, beta2, rest2, *others = [setting.at(space) for setting in self._taken]
        return beta1, rest1, beta2, rest2, (clock.rate, clock.floor, *others)

    def _part(self, active: set[int]) -> None:
        """Give parameters that step now another clock than those that do not."""
        idle = {clock for i, clock in enumerate(self._clocks) if i not in active}
        for clock in dict.fromkeys(self._clocks[i] for i in sorted(active)):
            if clock in idle:
                self._move(clock, [i for i in active if self._clocks[i] is clock])

    def _move(self, clock: Clock, places: list[int]) -> None:
        apart = clock.copy()
        for i in places:
            self._clocks[i] = apart

    def _follow(self, place: int) -> None:
        clock, backend = self._clocks[place], self.parameters[place].backend
        if clock.count.backend is not backend:
            sharing = [i for i, other in enumerate(self._clocks) if other is clock]
            here = [i for i in sharing if self.parameters[i].backend is backend]
            if len(here) < len(sharing):  # they stepped together, and no longer live together
                self._move(clock, here)
            self._clocks[place].relocate(backend)
        super()._follow(place)  # last, for where the means are tells whether to follow

    def _state(self) -> dict[str, Tensor]:
        counts = {f"{i}.count": clock.count for i, clock in enumerate(self._clocks)}
        return super()._state() | counts

    def _check(self, settings: dict[str, float], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self._check_eps(settings["eps"], settings["beta2"])
        for i in range(len(self.parameters)):
            count = float(arrays[f"{i}.count"])
            if not (count >= 0 and count.is_integer()):
                raise ArgumentError(f"load_state_dict: {i}.count is {count}, not a number of steps")

    def _load(self, settings: dict[str, float], arrays: dict[str, npt.NDArray[Any]]) -> None:
        counts = [float(arrays[f"{i}.count"]) for i in range(len(self.parameters))]
        for clock in dict.fromkeys(self._clocks):
            mine = [i for i, other in enumerate(self._clocks) if other is clock]
            for count in {counts[i] for i in mine} - {counts[mine[0]]}:
                self._move(clock, [i for i in mine if counts[i] == count])
        super()._load(settings, arrays)
        self._taken[1].value, self._taken[3].value = (1 - beta for beta in self.betas)


class AdamW(Adam):
    """Adam with decoupled weight decay: a step first shrinks parameters by ``lr * weight_decay``.

    That is a part of the parameter itself, so decay is not divided by the root of the running mean
    of squares. Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Args, attributes and errors are those of ``Adam``; ``weight_decay`` is 0.01 by default.

    >>> w = tg.Tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = optim.AdamW([w], lr=0.5, weight_decay=0.1)
    >>> w.grad = tg.zeros(2)
    >>> optimizer.step()
    >>> w
    Tensor([ 0.95, -1.9 ], shape=(2,), dtype=float32, requires_grad=True)
    """

    _card = adamw_update
    _decoupled = True

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        *,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay)
        self._taken += [self._settings["lr"], self._settings["weight_decay"]]
