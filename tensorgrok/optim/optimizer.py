"""What optimizers share: their parameters, and numbers that a traced step can see change."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..backend import Space
from ..errors import ArgumentError, DTypeError
from ..tensor import Tensor


class Setting:
    """A number such as the learning rate, as a 0-d tensor for each backend and dtype in use.

    As a tensor it is an input of every update: a traced step reads it anew each time, so a schedule
    works there too. (To NumPy a 0-d array is also cheaper than a Python float.)
    """

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self._tensors: dict[Space, Tensor] = {}
        self.value = value

    def __reduce__(self) -> Any:
        return Setting, (self.name, self._value)  # the tensors are made again when needed

    @property
    def value(self) -> float:
        """The number; assigning changes what later updates use."""
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(value, Tensor | np.ndarray | np.generic) and value.size == 1:
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DTypeError(f"{self.name}: expected a number, got {value!r}")
        if not math.isfinite(value) or value < 0:
            raise ArgumentError(f"{self.name}: expected a finite number of at least 0, got {value}")
        self._value = float(value)
        for tensor in self._tensors.values():
            tensor.assign(self._value)

    def for_parameter(self, parameter: Tensor) -> Tensor:
        """The number as a tensor that the update of this parameter can take."""
        space = parameter._space
        tensor = self._tensors.get(space)
        if tensor is None:
            tensor = Tensor(self._value, dtype=space.dtype, backend=space.backend, name=self.name)
            self._tensors[space] = tensor
        return tensor


class Optimizer:
    """Base class: holds the parameters, and forgets their gradients.

    Args:
        parameters: tensors that require gradients, such as ``model.parameters()``.

    Raises:
        ArgumentError: no parameters, or one given twice.
        DTypeError: something that is not a leaf tensor requiring gradients.
    """

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        name = type(self).__name__
        if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
            given = "tensor" if isinstance(parameters, Tensor) else type(parameters).__name__
            raise DTypeError(f"{name}: give a list of parameters, not a single {given}")
        self.parameters = list(parameters)
        if not self.parameters:
            raise ArgumentError(
                f"{name}: there are no parameters to train; make them with requires_grad=True"
            )
        for place, parameter in enumerate(self.parameters):
            if not isinstance(parameter, Tensor):
                raise DTypeError(
                    f"{name}: parameter {place} is a {type(parameter).__name__}, not a Tensor"
                )
            if not (parameter.is_leaf and parameter.requires_grad):
                raise DTypeError(
                    f"{name}: parameter {place}, {parameter._called()}, must be a leaf that "
                    "requires gradients; make it with requires_grad=True"
                )
        if len({id(parameter) for parameter in self.parameters}) != len(self.parameters):
            raise ArgumentError(f"{name}: a parameter is given more than once")

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters; call it before each ``backward``."""
        for parameter in self.parameters:
            parameter._grad = None

    def step(self) -> None:
        """Change every parameter that has a gradient; each optimizer writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no step method")
