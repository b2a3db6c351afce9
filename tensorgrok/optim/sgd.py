"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..engine import update
from ..ops.updates import sgd_update
from ..tensor import Tensor
from .optimizer import Optimizer, Setting


class SGD(Optimizer):
    """Gradient descent: each step subtracts ``lr`` times the gradient.

    Args:
        parameters: tensors that require gradients.
        lr: the learning rate, at least 0. The attribute ``lr`` can be changed at any time.

    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    Tensor([0., 0.], shape=(2,), dtype=float32, requires_grad=True)
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        super().__init__(parameters)
        self._rate = Setting("lr", lr)

    @property
    def lr(self) -> float:
        """The learning rate."""
        return self._rate.value

    @lr.setter
    def lr(self, value: Any) -> None:
        self._rate.value = value

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for parameter in self.parameters:
            gradient = parameter._grad
            if gradient is not None:
                if parameter._space.complex:  # downhill is against dL/dRe + i dL/dIm
                    gradient = gradient.detach().conj()
                rate = self._rate.for_parameter(parameter)
                update(sgd_update, parameter, (gradient, rate))
