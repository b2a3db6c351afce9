"""A strict backend: arrays that hide host memory behind a wall, as a device would.

It refuses whatever a GPU would refuse or make slow, and whatever the vocabulary does not declare:
NumPy arrays among its operands, implicit conversion to numbers or arrays, methods, other dtypes
than those that meet by rule, functions without a place in the vocabulary. It counts explicit
read-backs. It is a stand-in, not a GPU.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tensorgrok.backend import Backend
from tensorgrok.vocabulary import STANDARD

SCALARS = (bool, int, float, complex)


class StrictArray:
    """An array that has shape, ndim, dtype, the declared operators and reading by index."""

    __slots__ = ("_hidden",)
    __array_ufunc__ = None  # NumPy's functions and operators refuse it
    __iter__ = None
    __hash__ = None  # type: ignore[assignment]  # unhashable, as arrays are

    def __init__(self, hidden: Any) -> None:
        self._hidden = np.asarray(hidden)

    shape = property(lambda self: self._hidden.shape)
    ndim = property(lambda self: self._hidden.ndim)
    dtype = property(lambda self: self._hidden.dtype)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a strict array is not converted implicitly; use backend.to_numpy or item")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __complex__ = __len__ = _refuse

    def __getitem__(self, key: Any) -> StrictArray:
        parts = key if isinstance(key, tuple) else (key,)
        for part in parts:
            if not isinstance(part, int | slice | StrictArray | None | type(Ellipsis)):
                raise TypeError(f"a strict array is not indexed by a {type(part).__name__}")
        return StrictArray(self._hidden[tuple(_open(part) for part in parts)])

    def __neg__(self) -> StrictArray:
        return StrictArray(-self._hidden)


def _open(value: Any) -> Any:
    """The hidden array of a strict one; other values as they are, but no NumPy arrays."""
    if isinstance(value, StrictArray):
        return value._hidden
    if isinstance(value, np.ndarray | np.generic):
        raise TypeError("a NumPy value met a strict array: host and device must not mix")
    if isinstance(value, tuple | list):
        return type(value)(_open(item) for item in value)
    return value


def _meet(values: tuple[Any, ...]) -> None:
    """Arrays meet in one dtype; a real and a complex one of the same precision may too."""
    dtypes = {np.result_type(v.dtype, 0j) if v.dtype.kind in "fc" else v.dtype for v in values}
    if len(dtypes) > 1:
        raise TypeError(f"dtypes that do not meet by rule: {sorted(map(str, dtypes))}")


def _operator(function: Callable[[Any, Any], Any], swapped: bool) -> Any:
    def apply(self: StrictArray, other: Any) -> StrictArray:
        if not isinstance(other, (StrictArray, *SCALARS)) or isinstance(other, np.generic):
            raise TypeError(f"a strict array does not meet a {type(other).__name__}")
        if isinstance(other, StrictArray):
            _meet((self, other))
        a, b = (_open(other), self._hidden) if swapped else (self._hidden, _open(other))
        return StrictArray(function(a, b))

    return apply


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "rshift"):
    setattr(StrictArray, f"__{_name}__", _operator(getattr(operator, _name), swapped=False))
    setattr(StrictArray, f"__r{_name}__", _operator(getattr(operator, _name), swapped=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(StrictArray, f"__{_name}__", _operator(getattr(operator, _name), swapped=False))


class StrictModule:
    """The array API's functions over strict arrays."""

    def __getattr__(self, name: str) -> Any:
        if name not in (*STANDARD, "asarray"):
            raise AttributeError(f"{name} is not in the vocabulary")
        function = getattr(np, name)

        def call(*args: Any, **kwargs: Any) -> StrictArray:
            if name in ("add", "multiply", "maximum", "dot", "matmul", "concat"):
                flat = args[0] if name == "concat" else args
                _meet(tuple(a for a in flat if isinstance(a, StrictArray)))
            opened = {key: _open(value) for key, value in kwargs.items()}
            return StrictArray(function(*(_open(a) for a in args), **opened))

        return call


class StrictBackend(Backend):
    """Everything from the base class; ``read_backs`` counts what left the device."""

    name = "strict"
    array_type = StrictArray

    def __init__(self) -> None:
        super().__init__(StrictModule())
        self.read_backs = 0

    def asarray(self, value: Any, dtype: Any = None, *, copy: bool | None = None) -> StrictArray:
        if isinstance(value, StrictArray):
            value = value._hidden
        return StrictArray(np.array(value, dtype=dtype, copy=copy))

    def to_numpy(self, array: StrictArray) -> npt.NDArray[Any]:
        self.read_backs += 1
        return np.array(array._hidden)
