"""The operators of the fake array, and what happens when NumPy's functions meet one.

An operator hands what is no fake array to NumPy's ufunc, as CuPy's does, and NumPy hands it back to
``__array_ufunc__``. It stands on ``ufuncs``. This is part of a fake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .array import NAMESPACE, Array, wrap

_SCALARS = (bool, int, float, complex)
_COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")


def _defers(other: Any) -> bool:
    """Whether the operator of ``other`` has its turn."""
    missing = object()
    there = getattr(other, "__array_ufunc__", missing)
    if there is not missing:
        return there is None
    return bool(getattr(other, "__array_priority__", 0) > Array.__array_priority__)


def _forward(name: str) -> Callable[[Array, Any], Any]:
    def apply(self: Array, other: Any) -> Any:
        if isinstance(other, Array):
            return NAMESPACE[name](self, other)
        return NotImplemented if _defers(other) else getattr(np, name)(self, other)

    return apply


def _reflected(name: str) -> Callable[[Array, Any], Any]:
    def apply(self: Array, other: Any) -> Any:
        return NotImplemented if _defers(other) else getattr(np, name)(other, self)

    return apply


def _in_place(name: str) -> Callable[[Array, Any], Any]:
    return lambda self, other: NAMESPACE[name](self, other, self)


def _unary(name: str) -> Callable[[Array], Any]:
    return lambda self: NAMESPACE[name](self)


def _compared(name: str) -> Callable[[Array, Any], Any]:
    def apply(self: Array, other: Any) -> Any:
        equality: Any = type(other).__eq__
        plain = other is None or equality is object.__eq__
        if plain and name in ("equal", "not_equal"):
            return wrap(np.full(self.shape, name == "not_equal"))
        return _forward(name)(self, other)

    return apply


def _power(self: Array, other: Any, modulo: Any = None) -> Any:
    # CuPy's short cuts, which Python numbers take and arrays of one number do not.
    short = {2: "square", 0.5: "sqrt", -1.0: "reciprocal"}
    if (type(other) is int and other == 2) or (type(other) is float and other in short):
        exact = "ifc" if type(other) is int else "fc"
        dtype = None if self.dtype.kind in exact else np.result_type(self.dtype, other)
        return NAMESPACE[short[other]](self, dtype=dtype)
    return _forward("power")(self, other)


def _array_ufunc(self: Array, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """A ufunc of NumPy goes to the one of the same name here, if there is one."""
    present = inputs
    if "out" in kwargs:
        (kwargs["out"],) = kwargs["out"]
        present += (kwargs["out"],)
    function = NAMESPACE.get(ufunc.__name__)
    if method != "__call__":
        function = getattr(function, method, None)
    if function is None:
        return NotImplemented
    for value in present:
        known = isinstance(value, Array | np.ndarray | np.generic) or type(value) in _SCALARS
        if not known:
            return NotImplemented
    if ufunc.__name__ in _COMPARISONS:
        inputs = tuple(
            value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
            for value in inputs
        )
    return function(*inputs, **kwargs)


def _array_function(self: Array, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """A function of NumPy goes to the one of the same name here."""
    if func.__module__ != "numpy" or func.__name__ not in NAMESPACE:
        return NotImplemented
    if not all(issubclass(kind, Array | np.ndarray) for kind in types):
        return NotImplemented
    return NAMESPACE[func.__name__](*args, **kwargs)


def _methods() -> dict[str, Callable[..., Any]]:
    binary = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide"}
    binary |= {"floordiv": "floor_divide", "mod": "remainder", "pow": "power"}
    binary |= {"lshift": "left_shift", "rshift": "right_shift"}
    binary |= {"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor"}
    found: dict[str, Callable[..., Any]] = {}
    for short, name in binary.items():
        found[f"__{short}__"] = _forward(name)
        found[f"__r{short}__"] = _reflected(name)
        found[f"__i{short}__"] = _in_place(name)
    found["__pow__"] = _power
    found["__matmul__"], found["__rmatmul__"] = _forward("matmul"), _reflected("matmul")
    unary = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}
    found |= {f"__{short}__": _unary(name) for short, name in unary.items()}
    for short, name in zip(("eq", "ne", "lt", "le", "gt", "ge"), _COMPARISONS, strict=True):
        found[f"__{short}__"] = _compared(name)
    found["conj"] = found["conjugate"] = _unary("conjugate")
    return found | {"__array_ufunc__": _array_ufunc, "__array_function__": _array_function}


for _name, _method in _methods().items():
    setattr(Array, _name, _method)
