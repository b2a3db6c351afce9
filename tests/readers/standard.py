"""A backend of nothing but the Python array API standard, on a device that is not the host.

``array_api_strict`` is the standard and no more. It has devices that are fakes, in host memory too,
whose arrays it refuses to mix with the host's and with each other's. Every result is computed by
it, and what it refuses stays refused. It is a stand-in, not a GPU.

Its dtypes are a class of its own, so ``StandardArray`` wraps its arrays: NumPy's dtypes outside,
the standard's inside. Source: https://data-apis.org/array-api/latest/
"""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tensorgrok.backend import Backend
from tensorgrok.vocabulary import STANDARD

xp: Any = importlib.import_module("array_api_strict")  # which type checkers need not have

HOST = xp.Device("CPU_DEVICE")
DEVICE = xp.Device("device1")

#: What ``array_api_strict`` can be told: the newest version, no option off, no extensions.
FLAGS: dict[str, Any] = {
    "api_version": "2025.12",
    "boolean_indexing": True,
    "data_dependent_shapes": True,
    "enabled_extensions": (),
}

#: The standard's dtypes by those of NumPy. It has no half precision.
DTYPES: dict[np.dtype[Any], Any] = {
    np.dtype(name): getattr(xp, name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64", "complex64", "complex128"),
    )
}
NUMPY_DTYPES = {standard: dtype for dtype, standard in DTYPES.items()}

CREATION = ("arange", "full", "ones", "zeros")


class StandardArray:
    """An array that has shape, ndim, dtype, device, the declared operators and reading by index."""

    __slots__ = ("_inner",)
    __array_ufunc__ = None  # NumPy's functions and operators refuse it
    __iter__ = None
    __hash__ = None  # type: ignore[assignment]  # unhashable, as arrays are

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    shape = property(lambda self: self._inner.shape)
    ndim = property(lambda self: self._inner.ndim)
    dtype = property(lambda self: NUMPY_DTYPES[self._inner.dtype])
    device = property(lambda self: self._inner.device)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("an array on a device is not converted implicitly; use to_numpy or item")

    # The standard has some of these, and ``array_api_strict`` lets them read its fake devices.
    __array__ = __bool__ = __float__ = __int__ = __index__ = __complex__ = __len__ = _refuse

    def __repr__(self) -> str:
        return f"StandardArray({self._inner!r})"

    def __neg__(self) -> StandardArray:
        return StandardArray(-self._inner)

    def __getitem__(self, key: Any) -> StandardArray:
        return StandardArray(self._inner[_completed(_open(key))])


def _completed(key: Any) -> tuple[Any, ...]:
    """A key that names every axis: the standard wants the axes that NumPy leaves out written."""
    parts = key if isinstance(key, tuple) else (key,)
    plain = all(isinstance(part, int | slice | None | type(Ellipsis)) for part in parts)
    return (*parts, ...) if plain and Ellipsis not in parts else parts


def _open(value: Any) -> Any:
    """What ``array_api_strict`` is handed in place of a value."""
    if isinstance(value, StandardArray):
        return value._inner
    if isinstance(value, np.ndarray | np.generic):
        raise TypeError("a NumPy value met an array on a device: host and device must not mix")
    if isinstance(value, np.dtype | type):
        return _open_dtype(value)
    if isinstance(value, tuple | list):
        return type(value)(_open(item) for item in value)
    return value


def _open_dtype(dtype: npt.DTypeLike) -> Any:
    if np.dtype(dtype) not in DTYPES:
        raise TypeError(f"the standard has no {np.dtype(dtype)}")
    return DTYPES[np.dtype(dtype)]


def _operator(function: Callable[[Any, Any], Any], swapped: bool) -> Any:
    def apply(self: StandardArray, other: Any) -> StandardArray:
        pair = (_open(other), self._inner) if swapped else (self._inner, _open(other))
        return StandardArray(function(*pair))

    return apply


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "rshift"):
    setattr(StandardArray, f"__{_name}__", _operator(getattr(operator, _name), swapped=False))
    setattr(StandardArray, f"__r{_name}__", _operator(getattr(operator, _name), swapped=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(StandardArray, f"__{_name}__", _operator(getattr(operator, _name), swapped=False))


class StandardModule:
    """The functions of the vocabulary, computed by ``array_api_strict`` on the device."""

    def __getattr__(self, name: str) -> Any:
        if name not in STANDARD:
            raise AttributeError(f"{name} is not in the vocabulary")
        function = getattr(xp, name)
        place = {"device": DEVICE} if name in CREATION else {}

        def call(*args: Any, **kwargs: Any) -> StandardArray:
            opened = {key: _open(value) for key, value in kwargs.items()}
            return StandardArray(function(*(_open(arg) for arg in args), **opened, **place))

        return call

    def asarray(self, value: Any, dtype: Any = None, copy: bool | None = None) -> StandardArray:
        """Bring a NumPy array or a number onto the device: the one way there, and always a copy."""
        wanted = None if dtype is None else _open_dtype(dtype)
        if isinstance(value, StandardArray):
            return StandardArray(xp.asarray(value._inner, dtype=wanted, copy=copy))
        return StandardArray(xp.asarray(value, dtype=wanted, device=DEVICE, copy=True))

    def dot(self, x1: StandardArray, x2: StandardArray) -> StandardArray:
        """Sum over the last axis and the last but one, as in NumPy; the standard has no such."""
        a, b = _open(x1), _open(x2)
        if 0 in (a.ndim, b.ndim):
            return StandardArray(xp.multiply(a, b))
        return StandardArray(xp.tensordot(a, b, axes=((-1,), (max(b.ndim - 2, 0),))))


class StandardBackend(Backend):
    """Everything from the base class."""

    name = "standard"
    array_type = StandardArray

    def __init__(self) -> None:
        super().__init__(StandardModule())

    def to_numpy(self, array: StandardArray) -> npt.NDArray[Any]:
        return np.array(np.from_dlpack(array._inner.to_device(HOST)))
