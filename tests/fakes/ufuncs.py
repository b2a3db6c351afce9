"""The fake ufuncs: CuPy's tables of dtypes, and how it picks a row of them.

The tables say which dtypes a function takes and gives; a test compares them with the real ones.
It stands on ``indexing``; read ``operators`` next. This is part of a fake.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .array import NAMESPACE, Array, Host, known_dtype, wrap
from .indexing import index
from .state import fake

INTEGERS = "bBhHiIlLqQ"
REALS = INTEGERS + "efd"
NUMBERS = REALS + "FD"
EVERYTHING = "?" + NUMBERS
FLOATS = "efdFD"
_KINDS = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
_SCALARS = (bool, int, float, complex)


def _rows(count: int, characters: str, result: str = "") -> tuple[str, ...]:
    return tuple(f"{char * count}->{result or char}" for char in characters)


_COMPARED = tuple(f"{pair}->?" for pair in ["??", "qq", "QQ", "qQ", "Qq", "ee", "ff", "dd"])
_DIVIDED = tuple(f"{pair}->d" for pair in ["qq", "qQ", "Qq", "QQ"]) + _rows(2, FLOATS)

#: For each name the rows "dtypes of operands -> dtype of the result", the first that fits first.
TYPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("add", "subtract", "multiply", "maximum", "minimum"), _rows(2, EVERYTHING)),
    **dict.fromkeys(("fmax", "fmin"), _rows(2, EVERYTHING)),
    **dict.fromkeys(("floor_divide", "remainder", "fmod"), _rows(2, REALS)),
    "power": ("??->b", *_rows(2, NUMBERS)),
    "divide": _DIVIDED,
    **dict.fromkeys(("arctan2", "hypot", "copysign"), _rows(2, FLOATS)),
    "logaddexp": _rows(2, "efd"),
    **dict.fromkeys(("equal", "not_equal"), (*_COMPARED, *_rows(2, "FD", "?"))),
    **dict.fromkeys(("less", "less_equal"), (*_COMPARED, *_rows(2, "FD", "?"))),
    **dict.fromkeys(("greater", "greater_equal"), (*_COMPARED, *_rows(2, "FD", "?"))),
    **dict.fromkeys(("logical_and", "logical_or"), _COMPARED),
    "logical_xor": _rows(2, "?" + REALS, "?"),
    "logical_not": _rows(1, "?" + REALS, "?"),
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), _rows(2, "?" + INTEGERS)),
    **dict.fromkeys(("left_shift", "right_shift"), _rows(2, INTEGERS)),
    "invert": _rows(1, "?" + INTEGERS),
    **dict.fromkeys(("negative", "positive"), _rows(1, EVERYTHING)),
    **dict.fromkeys(("sign", "square", "reciprocal", "conjugate"), _rows(1, NUMBERS)),
    "absolute": (*_rows(1, "?" + REALS), "F->f", "D->d"),
    **dict.fromkeys(("floor", "ceil", "trunc"), _rows(1, "?" + REALS)),
    **dict.fromkeys(("isnan", "isinf", "isfinite"), _rows(1, FLOATS, "?")),
    "signbit": _rows(1, "efd", "?"),
    **dict.fromkeys(("deg2rad", "rad2deg"), _rows(1, "efd")),
    **dict.fromkeys(("exp", "exp2", "expm1", "log", "log1p", "log2", "log10"), _rows(1, FLOATS)),
    **dict.fromkeys(("sqrt", "rint", "sin", "cos", "tan", "sinh", "cosh"), _rows(1, FLOATS)),
    **dict.fromkeys(("arcsin", "arccos", "arctan", "tanh"), _rows(1, FLOATS)),
    **dict.fromkeys(("arcsinh", "arccosh", "arctanh"), _rows(1, FLOATS)),
}

#: Other names of the same functions.
ALIASES = {
    "abs": "absolute",
    "pow": "power",
    "mod": "remainder",
    "true_divide": "divide",
    "conj": "conjugate",
    "bitwise_not": "invert",
    "bitwise_invert": "invert",
    "bitwise_left_shift": "left_shift",
    "bitwise_right_shift": "right_shift",
    "acos": "arccos",
    "asin": "arcsin",
    "atan": "arctan",
    "atan2": "arctan2",
    "acosh": "arccosh",
    "asinh": "arcsinh",
    "atanh": "arctanh",
}

#: Dtypes whose elements ``at`` can change at places given by integers; masks take any dtype.
_AT = {"add": "iIlLqQefd", "subtract": "iI", "maximum": "iIlLqQfd", "minimum": "iIlLqQfd"}

_NO_BOOLS = {
    "subtract": "cupy boolean subtract, the `-` operator, is deprecated, use the bitwise_xor, "
    "the `^` operator, or the logical_xor function instead.",
    "negative": "The cupy boolean negative, the `-` operator, is not supported, use the `~` "
    "operator or the logical_not function instead.",
}


def _integer_power(x1: Host, x2: Host) -> Host:
    """Powers of integers; negative ones give what is left of a fraction, and no error."""
    with np.errstate(all="ignore"):
        positive = np.power(x1, np.where(x2 < 0, 0, x2).astype(x1.dtype))
    left = np.where(x1 == 1, 1, np.where(x1 == -1, np.where(x2 % 2 == 0, 1, -1), 0))
    return np.where(x2 < 0, left, positive)


class Ufunc:
    """The fake of ``cupy.ufunc``."""

    def __init__(self, name: str, types: tuple[str, ...], function: Callable[..., Any]) -> None:
        self.name = self.__name__ = f"cupy_{name}"
        self.types = list(types)
        self.nin, self.nout = types[0].index("->"), 1
        self.nargs = self.nin + self.nout
        self._numpy_name, self._function = name, function

    def __repr__(self) -> str:
        return f"<ufunc '{self.name}' (fake)>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        out, dtype = kwargs.pop("out", None), kwargs.pop("dtype", None)
        where, casting = kwargs.pop("_where", None), kwargs.pop("casting", "same_kind")
        if kwargs:
            raise TypeError(f"Wrong arguments {kwargs}")
        if not self.nin <= len(args) <= self.nargs:
            raise TypeError(
                f"Wrong number of arguments for {self.name!r}. It must be either {self.nin} or "
                f"{self.nargs} (with outputs), but given {len(args)}."
            )
        if len(args) > self.nin:
            if out is not None:
                raise ValueError("Cannot specify 'out' as both a positional and keyword argument")
            out = args[self.nin]
        if isinstance(out, tuple):
            (out,) = out
        operands = args[: self.nin]
        for value in operands:
            if not isinstance(value, Array | np.generic) and type(value) not in _SCALARS:
                raise TypeError(f"Unsupported type {type(value)}")
        takes, gives = self._row(operands, None if dtype is None else known_dtype(dtype))
        fake.launch()
        result = self._compute(operands, takes, gives)
        if out is None:
            return wrap(result)
        if not isinstance(out, Array):
            raise TypeError("Output arguments type must be cupy.ndarray")
        if np.broadcast_shapes(result.shape, out.shape) != out.shape:
            raise ValueError("Out shape is mismatched")
        if not np.can_cast(gives, out.dtype, casting):
            raise TypeError(
                f"Cannot cast output operand from dtype('{gives}') to dtype('{out.dtype}') with "
                f"casting rule '{casting}'"
            )
        with np.errstate(all="ignore"):
            chosen = True if where is None else where._hidden
            np.copyto(out._hidden, result, casting="unsafe", where=chosen)
        return out

    def _compute(
        self, operands: tuple[Any, ...], takes: list[np.dtype[Any]], gives: np.dtype[Any]
    ) -> Host:
        with np.errstate(all="ignore"):
            hosts = [
                value._hidden.astype(dtype, copy=False)
                if isinstance(value, Array)
                else np.array(value, dtype=dtype)
                for value, dtype in zip(operands, takes, strict=True)
            ]
            return np.asarray(self._function(*hosts)).astype(gives)

    def _row(
        self, operands: tuple[Any, ...], dtype: np.dtype[Any] | None
    ) -> tuple[list[np.dtype[Any]], np.dtype[Any]]:
        """The row of the table that takes these operands, or gives this dtype."""
        if dtype is not None:
            rows = [row for row in self.types if np.dtype(row[-1]) == dtype]
            if self._numpy_name == "divide":
                rows = [row for row in rows if row[0] in FLOATS]
        else:
            rows = self._fitting(operands)
        if not rows:
            seen = dtype or tuple(getattr(value, "dtype", type(value)) for value in operands)
            raise TypeError(f"Wrong type ({seen}) of arguments for {self.name}")
        if rows[0][0] == "?" and self._numpy_name in _NO_BOOLS:
            raise TypeError(_NO_BOOLS[self._numpy_name])
        return [np.dtype(char) for char in rows[0][: self.nin]], np.dtype(rows[0][-1])

    def _fitting(self, operands: tuple[Any, ...]) -> list[str]:
        strong: list[np.dtype[Any]] = []
        weak: list[type | None] = []
        for value in operands:
            kind = type(value)
            is_weak = kind in (int, float, complex)
            dtype = np.asarray(value).dtype if kind in _SCALARS else value.dtype
            strong.append(dtype)
            weak.append(kind if is_weak else None)
        of_arrays = [_KINDS[d.kind] for d, w in zip(strong, weak, strict=True) if w is None]
        of_scalars = [_KINDS[d.kind] for d, w in zip(strong, weak, strict=True) if w is not None]
        # A scalar of a higher kind than the arrays counts as a strong one: float32 with 1j gives
        # complex128 here, and complex64 in NumPy.
        if not of_arrays or not of_scalars or max(of_arrays) < max(of_scalars):
            weak = [None] * len(weak)
        if self.types[: len(_COMPARED)] == list(_COMPARED):
            # Compared with an integer array, a Python integer may be out of its range.
            for place, other in ((0, 1), (1, 0)):
                if weak[place] is int and strong[other].kind in "iu":
                    weak[place] = None
        return [
            row
            for row in self.types
            if all(
                _fits(dtype, kind, np.dtype(char))
                for dtype, kind, char in zip(strong, weak, row[: self.nin], strict=True)
            )
        ]

    # Methods ---------------------------------------------------------------------------------

    def at(self, a: Any, indices: Any, b: Any = None) -> None:
        if self._numpy_name not in _AT:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if not isinstance(a, Array):
            raise AttributeError(f"'{type(a).__name__}' object has no attribute '_scatter_op'")
        key, gathers = index(a, indices)
        if not gathers:
            view = wrap(a._hidden[key], a)
            self(view, b, view)
            return
        masked = any(isinstance(part, np.ndarray) and part.dtype.kind == "b" for part in key)
        if not masked and a.dtype.char not in _AT[self._numpy_name]:
            raise TypeError(f"cupy.{self._numpy_name}.at does not support {a.dtype} as data type")
        fake.launch()
        values = b._hidden if isinstance(b, Array) else np.asarray(b)
        with np.errstate(all="ignore"):
            # Spread here, as NumPy goes astray where it has to spread them over several axes.
            spread = np.broadcast_to(values.astype(a.dtype), a._hidden[key].shape).copy()
            getattr(np, self._numpy_name).at(a._hidden, key, spread)

    def outer(self, A: Any, B: Any, **kwargs: Any) -> Any:  # noqa: N803  # CuPy's names
        a, b = NAMESPACE["array"](A), NAMESPACE["array"](B)
        rows = a.reshape(a.shape + (1,) * b.ndim)
        return self(rows, b.reshape((1,) * a.ndim + b.shape), **kwargs)

    def reduce(
        self, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        name = {"add": "sum", "multiply": "prod"}.get(self._numpy_name)
        if name is None:
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        return NAMESPACE[name](array, axis, dtype, out, keepdims)


def _fits(dtype: np.dtype[Any], weak: type | None, target: np.dtype[Any]) -> bool:
    if np.can_cast(dtype, target):
        return True
    if weak is None:
        return False
    try:
        return bool(np.result_type(weak(0), target) == target)
    except TypeError:
        return False


def _function_of(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(np, name)
    if name != "power":
        return function
    return lambda a, b: _integer_power(a, b) if a.dtype.kind in "biu" else np.power(a, b)


Ufunc.__name__ = Ufunc.__qualname__ = "ufunc"
NAMESPACE["ufunc"] = Ufunc
for _name, _types in TYPES.items():
    NAMESPACE[_name] = Ufunc(_name, _types, _function_of(_name))
for _alias, _name in ALIASES.items():
    NAMESPACE[_alias] = NAMESPACE[_name]

#: ``cupyx.scipy.special.erf``; half precision becomes double.
erf = Ufunc("erf", ("e->d", "f->f", "d->d"), np.vectorize(math.erf, otypes=[float]))

#: ``cupy.where`` with three operands is a ufunc within CuPy.
where = Ufunc("where", tuple(f"?{char * 2}->{char}" for char in EVERYTHING), np.where)
