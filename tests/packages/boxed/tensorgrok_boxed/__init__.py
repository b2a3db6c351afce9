"""A backend by somebody else: arrays in boxes, which can be read and never written to.

It stands for any array library whose arrays are of a type of their own: what a box cannot do,
tensorgrok must not need. NumPy does the arithmetic inside the boxes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tensorgrok.backend import Backend

__all__ = ["Box", "BoxedBackend"]


class Box:
    """An array that can be read by index and met by operators, and nothing else."""

    __slots__ = ("_content",)
    __array_ufunc__ = None  # so that NumPy leaves operators to this class
    __hash__ = None  # type: ignore[assignment]  # arrays are compared element by element

    def __init__(self, content: Any) -> None:
        self._content: npt.NDArray[Any] = np.asarray(content)
        self._content.flags.writeable = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self._content.shape

    @property
    def ndim(self) -> int:
        return self._content.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._content.dtype

    def __getitem__(self, key: Any) -> Box:
        return Box(self._content[unboxed(key)])

    def __neg__(self) -> Box:
        return Box(-self._content)


def unboxed(value: Any) -> Any:
    """The arrays inside boxes, also within tuples and lists; all else as it is."""
    if isinstance(value, Box):
        return value._content
    if isinstance(value, tuple | list):
        return type(value)(unboxed(item) for item in value)
    if isinstance(value, np.ndarray):
        raise TypeError("a NumPy array is not in a box; bring it over by asarray")
    return value


def boxing(function: Callable[..., Any]) -> Callable[..., Box]:
    """A function of NumPy as one of boxes."""

    def call(*args: Any, **kwargs: Any) -> Box:
        named = {name: unboxed(value) for name, value in kwargs.items()}
        return Box(function(*map(unboxed, args), **named))

    return call


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "rshift"):
    _function = boxing(getattr(operator, _name))
    setattr(Box, f"__{_name}__", _function)
    setattr(Box, f"__r{_name}__", lambda self, other, f=_function: f(other, self))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Box, f"__{_name}__", boxing(getattr(operator, _name)))


class BoxedModule:
    """The functions of the array API standard, on boxes."""

    def __getattr__(self, name: str) -> Callable[..., Box]:
        return boxing(getattr(np, name))


class BoxedBackend(Backend):
    """Arrays in boxes; everything but the crossings comes from the base class."""

    name = "boxed"
    array_type = Box
    device = "a box in memory"

    def __init__(self) -> None:
        super().__init__(BoxedModule())

    def asarray(
        self, value: Any, dtype: npt.DTypeLike | None = None, *, copy: bool | None = None
    ) -> Box:
        return Box(np.array(value._content if isinstance(value, Box) else value, dtype=dtype))

    def to_numpy(self, array: Any) -> npt.NDArray[Any]:
        return np.array(array._content)
