"""A recorder: notes every array instruction of a function, and replays them without the engine.

It reads cards and rules with a namespace whose functions compute with a real backend and write down
what they did. What it makes is a flat program: inputs, instructions, new values of whatever handle
was rebound on the way (parameters, the counter of a random generator).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import tensorgrok as tg
from tensorgrok import Tensor
from tensorgrok.backend import Backend, Namespace
from tensorgrok.context import tracing
from tensorgrok.engine import make_tensor
from tensorgrok.vocabulary import VOCABULARY


class Traced:
    """A value in a program: a slot, and the array that was in it while recording."""

    __array_ufunc__ = None  # an array on the left leaves operators to this class
    __hash__ = object.__hash__

    def __init__(self, recorder: Recorder, value: Any) -> None:
        self.recorder = recorder
        self.value = value
        self.slot = recorder.slots
        recorder.slots += 1

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    dtype = property(lambda self: self.value.dtype)

    def __getitem__(self, key: Any) -> Traced:
        return self.recorder.emit(operator.getitem, (self, key), {})

    def __neg__(self) -> Traced:
        return self.recorder.emit(operator.neg, (self,), {})


def _operator(function: Callable[[Any, Any], Any], swapped: bool) -> Any:
    def apply(self: Traced, other: Any) -> Traced:
        return self.recorder.emit(function, (other, self) if swapped else (self, other), {})

    return apply


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "rshift"):
    setattr(Traced, f"__{_name}__", _operator(getattr(operator, _name), swapped=False))
    setattr(Traced, f"__r{_name}__", _operator(getattr(operator, _name), swapped=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Traced, f"__{_name}__", _operator(getattr(operator, _name), swapped=False))


def replace(value: Any, look: Callable[[Traced], Any]) -> Any:
    """Replace traced values within nested arguments."""
    if isinstance(value, Traced):
        return look(value)
    if isinstance(value, tuple | list):
        return type(value)(replace(item, look) for item in value)
    return value


class Recorder:
    """A tracer: hand it a function and example inputs, then call it like a program."""

    def __init__(self, function: Callable[..., Tensor], inputs: Sequence[Tensor]) -> None:
        self.backend: Backend = inputs[0].backend
        self.slots = 0
        self.program: list[tuple[Callable[..., Any], Any, Any, int]] = []
        self.read: dict[int, tuple[Tensor, Traced]] = {}
        self.written: dict[int, Tensor] = {}
        self.graded: dict[int, Tensor] = {}
        self.xp = Namespace({name: self._noting(name) for name in VOCABULARY})
        self.inputs = [Traced(self, tensor.data) for tensor in inputs]
        with tracing(self):
            result = function(*(make_tensor(traced, self.backend) for traced in self.inputs))
        self.result = result._data.slot
        for tensor in self.graded.values():
            tensor.grad = None
        self.outputs = []
        for tensor in self.written.values():  # recording a step is not taking it
            self.outputs.append((tensor, tensor._data.slot))
            tensor._data = self.read[id(tensor)][1].value

    def _noting(self, name: str) -> Callable[..., Traced]:
        function = getattr(self.backend.xp, name)
        return lambda *args, **kwargs: self.emit(function, args, kwargs)

    def emit(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Traced:
        value = function(
            *replace(args, lambda traced: traced.value),
            **{key: replace(item, lambda traced: traced.value) for key, item in kwargs.items()},
        )
        out = Traced(self, value)
        self.program.append((function, args, kwargs, out.slot))
        return out

    def lift(self, tensor: Tensor) -> Any:
        if isinstance(tensor._data, Traced):
            return tensor._data
        if id(tensor) not in self.read:
            self.read[id(tensor)] = (tensor, Traced(self, tensor._data))
        return self.read[id(tensor)][1]

    def rebound(self, tensor: Tensor) -> None:
        if not isinstance(tensor._data, Traced):
            self.lift(tensor)
            self.written[id(tensor)] = tensor

    def rebound_grad(self, tensor: Tensor) -> None:
        if tensor._grad is not None and id(tensor) not in self.graded:
            raise tg.GraphError("a traced step starts without gradients: call zero_grad before it")
        self.graded[id(tensor)] = tensor

    def __call__(self, *inputs: Tensor) -> Any:
        """Replay: no tensors, no graph, only the instructions."""
        slots: dict[int, Any] = {
            tensor.slot: new.data for tensor, new in zip(self.inputs, inputs, strict=True)
        }
        slots |= {traced.slot: tensor.data for tensor, traced in self.read.values()}
        for function, args, kwargs, slot in self.program:
            found = replace(args, lambda traced: slots[traced.slot])
            slots[slot] = function(*found, **kwargs)
        for tensor, slot in self.outputs:
            tensor.data = slots[slot]
        return slots[self.result]
