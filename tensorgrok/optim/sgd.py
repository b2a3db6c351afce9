"""Stochastic gradient descent, plain or with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy.typing as npt

from ..errors import ArgumentError, DTypeError
from ..ops.updates import nesterov_update, sgd_update, velocity_update
from ..tensor import Tensor
from ..updating import update, update_in_turn
from .optimizer import Flag, Optimizer


class SGD(Optimizer):
    """Gradient descent: each step subtracts ``lr`` times the gradient.

    With momentum there is a velocity per parameter: ``velocity = momentum * velocity + gradient``,
    and a step subtracts ``lr * velocity``, or with Nesterov's look ahead
    ``lr * (gradient + momentum * velocity)``. Source: Sutskever et al., "On the importance of
    initialization and momentum in deep learning", ICML 2013.

    Args:
        parameters: tensors that require gradients.
        lr: the learning rate, at least 0. The attribute ``lr`` can be changed at any time.
        momentum: how much of the velocity is kept, at least 0 and usually 0.9.
        nesterov: look ahead; needs momentum.
        weight_decay: each gradient grows by this number times its parameter, as by a penalty of
            half of it times the squared norm.

    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    Tensor([0., 0.], shape=(2,), dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self._set("momentum", momentum)
        self._set("weight_decay", weight_decay)
        if not isinstance(nesterov, bool):
            raise DTypeError(f"SGD: nesterov must be True or False, got {nesterov!r}")
        if nesterov and self.momentum == 0:
            raise ArgumentError("SGD: nesterov=True needs a momentum above 0, such as 0.9")
        self._settings["nesterov"] = Flag("nesterov", int(nesterov), owner="SGD")
        if self.momentum:
            self._private["velocity"] = [self._zeros(parameter) for parameter in self.parameters]

    @property
    def momentum(self) -> float:
        """How much of the velocity each step keeps."""
        return self._settings["momentum"].value

    @property
    def nesterov(self) -> bool:
        """Whether steps look ahead."""
        return self._settings["nesterov"].value != 0

    def step(self) -> None:
        """Update every parameter that has a gradient; frozen ones are skipped."""
        lr, decays = self._settings["lr"], self._settings["weight_decay"]._value != 0
        if self._private:
            self._step_with_momentum(decays)
            return
        for parameter in self.parameters:
            gradient = parameter._grad
            if gradient is not None and parameter._needs:
                space = parameter._space
                if decays or space.complex:
                    gradient = self._descent(parameter, gradient, decays)
                update(sgd_update, parameter, (gradient, lr.at(space)))

    def _step_with_momentum(self, decays: bool) -> None:
        lr, momentum = self._settings["lr"], self._settings["momentum"]
        nesterov = self.nesterov
        for place, velocity in enumerate(self._private["velocity"]):
            parameter = self.parameters[place]
            gradient = parameter._grad
            if gradient is not None and parameter._needs:
                space = parameter._space
                if velocity._space.backend is not space.backend:
                    self._follow(place)
                if decays or space.complex:
                    gradient = self._descent(parameter, gradient, decays)
                rate, kept = lr.at(space), momentum.at(space)
                first = (velocity_update, velocity, (gradient, kept))
                if nesterov:
                    ahead = (gradient, velocity, rate, kept)
                    update_in_turn((first, (nesterov_update, parameter, ahead)))
                else:
                    update_in_turn((first, (sgd_update, parameter, (velocity, rate))))

    def _check(self, settings: dict[str, float], arrays: dict[str, npt.NDArray[Any]]) -> None:
        momentum = settings["momentum"]
        if (momentum != 0) != bool(self._private):
            raise ArgumentError(
                f"load_state_dict: this SGD has momentum={self.momentum:g} and the state "
                f"momentum={momentum:g}; only with momentum there are velocities, so make an SGD "
                "with that of the state"
            )
        if settings["nesterov"] and not momentum:
            raise ArgumentError("load_state_dict: nesterov=True needs a momentum above 0")
