"""What optimizers share: parameters, settings that a traced step can see change, saved state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Space
from ..context import DType, get_context
from ..engine import make_tensor
from ..errors import ArgumentError, DTypeError, GraphError
from ..moving import relocate
from ..ops.arithmetic import largest
from ..states import check_names, fitting
from ..tensor import Tensor

FLOAT64 = np.dtype(np.float64)


class Setting:
    """A number such as the learning rate, as a 0-d tensor for each backend and dtype in use.

    As a tensor it is an input of every update: a traced step reads it anew each time, so a schedule
    works there too. (To NumPy a 0-d array is also cheaper than a Python float.)

    Args:
        name: what it is called.
        value: a number from 0 to less than ``below``.
        owner: whose setting it is, for errors.
        dtype: the real dtype of fewest bits that must hold it.
    """

    def __init__(
        self,
        name: str,
        value: Any,
        below: float = math.inf,
        owner: str = "",
        dtype: DType = FLOAT64,
    ) -> None:
        self.name, self.below, self.owner, self.dtype = name, below, owner, dtype
        self._tensors: dict[Space, Tensor] = {}
        self._value = self.checked(value)

    def __reduce__(self) -> Any:
        # The tensors are made again when needed.
        return type(self), (self.name, self._value, self.below, self.owner, self.dtype)

    def __str__(self) -> str:
        return f"{self._value:g}"

    @property
    def value(self) -> float:
        """The number; assigning changes what later updates use."""
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        number = self.checked(value)
        refuse_tracing(self.called)
        self._value = number
        for tensor in self._tensors.values():
            tensor.assign(number)

    @property
    def called(self) -> str:
        """The name, after that of the owner."""
        return f"{self.owner}: {self.name}" if self.owner else self.name

    def checked(self, value: Any) -> float:
        """``value`` as a float, if this setting can have it."""
        value = unwrapped(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DTypeError(f"{self.called}: expected a number, got {value!r}")
        if not 0 <= value <= largest(FLOAT64):
            seen = "one beyond floats" if 1 < value < math.inf else value
            raise ArgumentError(
                f"{self.called}: expected a finite number of at least 0, got {seen}"
            )
        if value > largest(self.dtype):
            raise ArgumentError(
                f"{self.called}: {self.dtype}, the dtype of a parameter, cannot hold {value}"
            )
        if value >= self.below:
            raise ArgumentError(f"{self.called}: expected less than {self.below}, got {value}")
        return float(value)

    def at(self, space: Space) -> Tensor:
        """The number as a tensor that updates in this space can take; a real one in any case."""
        tensor = self._tensors.get(space)
        if tensor is None:
            dtype = real_dtype(space.dtype)
            tensor = Tensor(self._value, dtype=dtype, backend=space.backend, name=self.name)
            self._tensors[space] = tensor
        return tensor


class Flag(Setting):
    """A setting that is True or False, kept as 1.0 or 0.0."""

    def __str__(self) -> str:
        return str(self._value == 1)

    def checked(self, value: Any) -> float:
        """``value``, if it is 1 or 0."""
        number = super().checked(value)
        if number not in (0, 1):
            raise ArgumentError(f"{self.called}: expected 1 or 0, True or False, got {value}")
        return number


def unwrapped(value: Any) -> Any:
    """The number in an array or tensor of one element; anything else as it is."""
    if isinstance(value, Tensor | np.ndarray | np.generic) and value.size == 1:
        return value.item()
    return value


def refuse_tracing(called: str) -> None:
    """Refuse to change a number of Python in a traced step: its replays would not do so."""
    if get_context().tracer is not None:
        raise GraphError(
            f"{called}: it cannot change inside a traced step, whose replays would not see that; "
            "change it between steps, also where a schedule does"
        )


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
        dtypes = {real_dtype(parameter.dtype) for parameter in self.parameters}
        narrowest = min(dtypes, key=largest)
        self._settings[name] = Setting(name, value, below, type(self).__name__, narrowest)

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
        """Change every parameter that has a gradient; each optimizer writes its own.

        A parameter without a gradient is skipped, and so is a frozen one, whose ``requires_grad``
        was switched off. What interrupts a step (an interrupt from the keyboard, a floating-point
        error that NumPy was told to raise) leaves it half done: go on from a saved state.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step method")

    def __repr__(self) -> str:
        shown = [f"{name}={setting}" for name, setting in self._settings.items()]
        count, size = len(self.parameters), sum(p.size for p in self.parameters)
        held = f"{count} parameter{'s' * (count > 1)} of {size:,} number{'s' * (size != 1)}"
        return f"{type(self).__name__}({', '.join(shown)}; {held})"

    def _follow(self, place: int) -> None:
        """Bring what is kept for a parameter to where the parameter is now."""
        kept = [tensors[place] for tensors in self._private.values()]
        relocate("step", kept, self.parameters[place].backend)

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
            ArgumentError: names missing or unknown; a setting out of its range, or one that this
                optimizer cannot go on with.
            ShapeError, DTypeError: a value that does not fit; no dictionary.
            GraphError: inside a traced step.
        """
        refuse_tracing("load_state_dict")
        mine = self._state()
        owner = f"{type(self).__name__} of {len(self.parameters)} parameters"
        check_names([*self._settings, *mine], state, owner)
        settings = {name: s.checked(state[name]) for name, s in self._settings.items()}
        arrays = {name: fitting(name, state[name], tensor) for name, tensor in mine.items()}
        self._check(settings, arrays)
        self._load(settings, arrays)

    def _check(self, settings: dict[str, float], arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Refuse a state that this optimizer cannot go on with, though each value of it fits."""

    def _load(self, settings: dict[str, float], arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take over what was checked."""
        for name, value in settings.items():
            self._settings[name].value = value
        for name, tensor in self._state().items():
            tensor.assign(arrays[name])
