"""What optimizers share: parameters, settings that a traced step can see change, saved state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Space
from ..engine import make_tensor
from ..errors import ArgumentError, DTypeError, ShapeError, join_words
from ..tensor import Tensor


class Setting:
    """A number such as the learning rate, as a 0-d tensor for each backend and dtype in use.

    As a tensor it is an input of every update: a traced step reads it anew each time, so a schedule
    works there too. (To NumPy a 0-d array is also cheaper than a Python float.)
    """

    def __init__(self, name: str, value: Any, below: float = math.inf) -> None:
        self.name = name
        self.below = below
        self._tensors: dict[Space, Tensor] = {}
        self.value = value

    def __reduce__(self) -> Any:
        # The tensors are made again when needed.
        return Setting, (self.name, self._value, self.below)

    @property
    def value(self) -> float:
        """The number; assigning changes what later updates use."""
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        self._value = self.checked(value)
        for tensor in self._tensors.values():
            tensor.assign(np.asarray(self._value))  # a bare number would pass through float32

    def checked(self, value: Any) -> float:
        """``value`` as a float, if this setting can have it."""
        if isinstance(value, Tensor | np.ndarray | np.generic) and value.size == 1:
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DTypeError(f"{self.name}: expected a number, got {value!r}")
        if not math.isfinite(value) or value < 0:
            raise ArgumentError(f"{self.name}: expected a finite number of at least 0, got {value}")
        if value >= self.below:
            raise ArgumentError(f"{self.name}: expected less than {self.below}, got {value}")
        return float(value)

    def at(self, space: Space) -> Tensor:
        """The number as a tensor that updates in this space can take; a real one in any case."""
        tensor = self._tensors.get(space)
        if tensor is None:
            dtype = real_dtype(space.dtype)
            tensor = Tensor(self._value, dtype=dtype, backend=space.backend, name=self.name)
            self._tensors[space] = tensor
        return tensor


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the real part of numbers of this one."""
    return np.empty((), dtype).real.dtype


def checked_parameters(name: str, parameters: Any) -> list[Tensor]:
    """The parameters as a list, if they are leaves that require gradients, each given once."""
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        given = "tensor" if isinstance(parameters, Tensor) else type(parameters).__name__
        raise DTypeError(f"{name}: give a list of parameters, not a single {given}")
    found = list(parameters)
    if not found:
        raise ArgumentError(
            f"{name}: there are no parameters to train; make them with requires_grad=True"
        )
    for place, parameter in enumerate(found):
        if not isinstance(parameter, Tensor):
            raise DTypeError(
                f"{name}: parameter {place} is a {type(parameter).__name__}, not a Tensor"
            )
        if not (parameter.is_leaf and parameter.requires_grad):
            raise DTypeError(
                f"{name}: parameter {place}, {parameter._called()}, must be a leaf that "
                "requires gradients; make it with requires_grad=True"
            )
    if len({id(parameter) for parameter in found}) != len(found):
        raise ArgumentError(f"{name}: a parameter is given more than once")
    return found


class Optimizer:
    """Base class: holds the parameters, forgets their gradients, saves and loads its state.

    Args:
        parameters: tensors that require gradients, such as ``model.parameters()``.
        lr: the learning rate, at least 0. The attribute ``lr`` can be changed at any time.

    Raises:
        ArgumentError: no parameters, or one given twice; a setting out of its range.
        DTypeError: something that is not a leaf tensor requiring gradients; no number.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        self.parameters = checked_parameters(type(self).__name__, parameters)
        self._settings: dict[str, Setting] = {}
        #: What is kept for each parameter, by what it is: only updates change it.
        self._private: dict[str, list[Tensor]] = {}
        self._set("lr", lr)

    def _set(self, name: str, value: Any, below: float = math.inf) -> None:
        self._settings[name] = Setting(name, value, below)

    @property
    def lr(self) -> float:
        """The learning rate."""
        return self._settings["lr"].value

    @lr.setter
    def lr(self, value: Any) -> None:
        self._settings["lr"].value = value

    @property
    def weight_decay(self) -> float:
        """How much parameters are pulled towards 0."""
        return self._settings["weight_decay"].value

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters; call it before each ``backward``."""
        for parameter in self.parameters:
            parameter._grad = None

    def step(self) -> None:
        """Change every parameter that has a gradient; each optimizer writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no step method")

    def __repr__(self) -> str:
        shown = [f"{name}={setting.value:g}" for name, setting in self._settings.items()]
        count, size = len(self.parameters), sum(p.size for p in self.parameters)
        held = f"{count} parameter{'s' * (count > 1)} of {size:,} number{'s' * (size != 1)}"
        return f"{type(self).__name__}({', '.join(shown)}; {held})"

    # For subclasses ----------------------------------------------------------------------------

    def _zeros(self, parameter: Tensor, real: bool = False) -> Tensor:
        """A private tensor of the shape and dtype of a parameter, or of its real part."""
        space = parameter._space
        dtype = real_dtype(space.dtype) if real else space.dtype
        return make_tensor(space.xp.zeros(parameter.shape, dtype=dtype), space.backend)

    def _descent(self, parameter: Tensor, gradient: Tensor, decays: bool) -> Tensor:
        """The direction to descend against: of complex gradients the conjugate, and with decay."""
        gradient = gradient.detach()
        if parameter._space.complex:  # downhill is against dL/dRe + i dL/dIm
            gradient = gradient.conj()
        if decays:
            decay = self._settings["weight_decay"].at(parameter._space)
            gradient = gradient + decay * parameter.detach()
        return gradient

    # State -------------------------------------------------------------------------------------

    def _state(self) -> dict[str, Tensor]:
        """The private tensors by name, such as ``"0.velocity"``."""
        return {
            f"{place}.{name}": tensor
            for name, tensors in self._private.items()
            for place, tensor in enumerate(tensors)
        }

    def state_dict(self) -> dict[str, float | npt.NDArray[Any]]:
        """Settings by name, and copies of what is kept for each parameter, by its place.

        >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> optim.SGD([w], lr=0.5, momentum=0.9).state_dict()["0.velocity"]
        array([0., 0.], dtype=float32)
        """
        settings = {name: setting.value for name, setting in self._settings.items()}
        return settings | {name: tensor.numpy() for name, tensor in self._state().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a ``state_dict``; the run then goes on as it would have, bit for bit.

        Everything is checked first, so after an error nothing has changed. Parameters are not part
        of the state: the model saves them.

        Raises:
            ArgumentError: names missing or unknown; a setting out of its range.
            ShapeError, DTypeError: a value that does not fit.
        """
        mine = self._state()
        names = [*self._settings, *mine]
        missing = [repr(name) for name in names if name not in state]
        unknown = [repr(name) for name in state if name not in names]
        if missing or unknown:
            parts = [f"missing are {join_words(missing)}"] if missing else []
            parts += [f"unknown are {join_words(unknown)}"] if unknown else []
            raise ArgumentError(
                f"load_state_dict: the names do not fit this {type(self).__name__} of "
                f"{len(self.parameters)} parameters: {'; '.join(parts)}"
            )
        settings = {name: s.checked(state[name]) for name, s in self._settings.items()}
        arrays = {name: _fitting(name, state[name], tensor) for name, tensor in mine.items()}
        self._load(settings, arrays)

    def _load(self, settings: dict[str, float], arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take over what was checked."""
        for name, value in settings.items():
            self._settings[name].value = value
        for name, tensor in self._state().items():
            tensor.assign(arrays[name])


def _fitting(name: str, value: Any, tensor: Tensor) -> npt.NDArray[Any]:
    """A value of a state as an array for the host, if it fits a private tensor."""
    array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    if array.shape != tensor.shape:
        raise ShapeError(
            f"load_state_dict: {name} has shape {tensor.shape}, the state has {array.shape}"
        )
    if array.dtype.kind not in "fiu" and array.dtype.kind != tensor.dtype.kind:
        raise DTypeError(
            f"load_state_dict: {name} has dtype {tensor.dtype}, the state has {array.dtype}"
        )
    return array
