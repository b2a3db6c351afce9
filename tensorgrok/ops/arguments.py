"""Arguments of operations: what is taken, made plain, and what is refused.

Plain values are Python's own: an integer of NumPy becomes an ``int``, a list of lengths a tuple.
Errors begin with the name of the operation. ``place_of``, ``places_of``, ``reduced_axis`` and what
refuses complex numbers are for forward functions: their errors are built-in ones, to which the
engine adds the operation and its operands. There are no cards here.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array
from ..context import DType, as_dtype, get_default_dtype
from ..engine import PYTHON, SCALARS
from ..errors import ArgumentError, DTypeError, IndexingError, ShapeError
from ..tensor import Tensor

Shape = int | Sequence[int]
Axes = int | Sequence[int]
Axis = Axes | None

INTEGERS = frozenset((int,))

# Numbers ---------------------------------------------------------------------------------------


def is_integer(value: Any) -> bool:
    """Whether a value is an integer of Python or NumPy; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_real(value: Any) -> bool:
    """Whether a value is a real number of Python or NumPy; True and False are none."""
    return is_integer(value) or isinstance(value, float | np.floating)


def plain_integer(name: str, argument: str, value: Any, least: int | None = None) -> int:
    """An integer, of at least ``least``."""
    if not is_integer(value):
        raise DTypeError(f"{name}: {argument} must be an integer, got {value!r}")
    if least is not None and value < least:
        raise ArgumentError(f"{name}: {argument} must be at least {least}, got {value}")
    return int(value)


def real_number(name: str, argument: str, value: Any) -> float:
    """A real number, infinite ones and NaN among them; integers stay integers."""
    if not is_real(value):
        raise DTypeError(f"{name}: {argument} must be a number, got {value!r}")
    if not is_integer(value):
        return float(value)
    if abs(int(value)) > sys.float_info.max:
        bits = int(value).bit_length()
        raise ArgumentError(f"{name}: {argument} must fit a float, got an integer of {bits} bits")
    return int(value)


def plain_number(name: str, argument: str, value: Any) -> float:
    """A finite real number; integers stay integers."""
    number = real_number(name, argument, value)
    if not math.isfinite(number):
        raise ArgumentError(f"{name}: {argument} must be finite, got {value!r}")
    return number


def any_number(name: str, value: Any) -> Any:
    """A number of any kind, also a complex one, True or False."""
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, np.inexact):  # the widest floats are no Python numbers yet
        number = PYTHON[number.dtype.kind](number)
    if not isinstance(number, SCALARS):
        raise DTypeError(f"{name}: expected a number, got {value!r}")
    return number


def plain_flag(name: str, argument: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise DTypeError(f"{name}: {argument} is True or False, got {value!r}")
    return bool(value)


# Dtypes ----------------------------------------------------------------------------------------


def plain_dtype(name: str, dtype: Any) -> DType:
    """A NumPy dtype in native byte order."""
    try:
        return as_dtype(dtype)
    except DTypeError as error:
        raise DTypeError(f"{name}: {error}") from error


def dtype_or_default(name: str, dtype: Any) -> DType:
    """``plain_dtype``, and the default dtype for None."""
    return get_default_dtype() if dtype is None else plain_dtype(name, dtype)


def check_holds(name: str, dtype: DType, number: Any) -> None:
    """Refuse a number that a dtype would change into another one: 2.5 is no integer."""
    lost = isinstance(number, complex) and dtype.kind != "c"
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        lost = lost or not (number == number // 1 and limits.min <= number <= limits.max)
    elif dtype.kind == "b":
        lost = lost or number not in (0, 1)
    if lost:
        raise DTypeError(f"{name}: {dtype} cannot hold {number!r}; choose another dtype or number")


def refuse_complex(x: Array) -> None:
    """Refuse complex numbers, for which an operation has no meaning."""
    if x.dtype.kind == "c":
        raise TypeError(
            "it is defined for real numbers only; take .real, .imag or .abs() of complex ones first"
        )


def refuse_complex_operands(*operands: Any) -> None:
    """``refuse_complex`` for several operands, numbers among them."""
    for operand in operands:
        if operand.__class__ not in SCALARS:
            refuse_complex(operand)


# Shapes and axes -------------------------------------------------------------------------------


def plain_shape(name: str, shape: Any, what: str = "a shape") -> tuple[int, ...]:
    """A tuple of integers; of a single one, a tuple of one."""
    if type(shape) is tuple and INTEGERS.issuperset(map(type, shape)):  # nearly always
        return shape
    lengths = shape if isinstance(shape, tuple | list) else (shape,)
    if not all(is_integer(length) for length in lengths):
        raise DTypeError(f"{name}: {what} is an integer or a tuple of integers, got {shape!r}")
    return tuple(int(length) for length in lengths)


def plain_lengths(name: str, shape: Any) -> tuple[int, ...]:
    """``plain_shape`` without negative lengths."""
    lengths = plain_shape(name, shape)
    if any(length < 0 for length in lengths):
        raise ArgumentError(f"{name}: lengths must be at least 0, got shape {lengths}")
    return lengths


def place_of(axis: Any, ndim: int) -> int:
    """The axis that is meant, counted from 0."""
    if not is_integer(axis):
        raise TypeError(f"an axis is an integer, not {axis!r}")
    if not -ndim <= axis < ndim:
        few = ("0 axes", "1 axis, number 0 or -1")
        many = f"{ndim} axes, counted from 0 to {ndim - 1} or from {-ndim} to -1"
        raise IndexError(
            f"there is no axis {axis}; the tensor has {few[ndim] if ndim < 2 else many}"
        )
    return int(axis) % ndim


def places_of(axes: Any, ndim: int) -> tuple[int, ...]:
    """``place_of`` for one axis or a tuple of different ones."""
    given = axes if isinstance(axes, tuple | list) else (axes,)
    places = tuple(place_of(axis, ndim) for axis in given)
    if len(set(places)) < len(places):
        raise ValueError(f"an axis is named twice in {tuple(given)}")
    return places


def reduced_axis(axis: Axis, ndim: int, keepdims: bool = False) -> int | tuple[int, ...] | None:
    """The axis of a reduction: one, a tuple of different ones, or None for all.

    ``keepdims``, which comes with it, is checked on the way.
    """
    if keepdims is not False:
        check_keepdims(keepdims)
    if axis is None or (type(axis) is int and -ndim <= axis < ndim):
        return axis
    return places_of(axis, ndim) if isinstance(axis, tuple | list) else place_of(axis, ndim)


def check_keepdims(keepdims: Any) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(keepdims, bool):
        raise TypeError(f"keepdims is True or False, not {keepdims!r}")


def checked_axes(name: str, axes: Any, ndim: int) -> tuple[int, ...]:
    """``places_of`` for functions that prepare the arguments of cards: errors name them."""
    try:
        return places_of(axes, ndim)
    except TypeError as error:
        raise DTypeError(f"{name}: {error}") from error
    except IndexError as error:
        raise IndexingError(f"{name}: {error}") from error
    except ValueError as error:
        raise ArgumentError(f"{name}: {error}") from error


def checked_axis(name: str, axis: Any, ndim: int) -> int:
    """``checked_axes`` for a single one."""
    return checked_axes(name, (axis,), ndim)[0]


# Tensors ---------------------------------------------------------------------------------------


def as_tensor(name: str, x: Any, argument: str = "x") -> Tensor:
    """A tensor as it is, anything array-like as a new one."""
    if isinstance(x, Tensor):
        return x
    try:
        return Tensor(x)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"{name}: argument {argument}: {error}") from error
