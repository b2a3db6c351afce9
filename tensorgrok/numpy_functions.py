"""NumPy's names for what tensorgrok has: functions, and their arguments where those differ.

``interop`` reads these tables when a function of NumPy is called with a tensor. A function that is
not listed here is refused. This module stands on ``errors``.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ArgumentError, DTypeError

if TYPE_CHECKING:
    import inspect

#: Ufuncs that go by another name in the array API standard.
UFUNCS = {
    "power": "pow",
    "absolute": "abs",
    "conjugate": "conj",
    "true_divide": "divide",
    "right_shift": "bitwise_right_shift",
    "mod": "remainder",
    "rint": "round",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
}

#: Ufuncs of bits on integers and of truth values on booleans, and the operator of tensors for each.
OPERATORS = {
    "bitwise_and": "__and__",
    "bitwise_or": "__or__",
    "bitwise_xor": "__xor__",
    "invert": "__invert__",
}

#: Ufuncs with the name of an operation here that does something else: numpy.vecmat conjugates.
HOMONYMS = frozenset(("vecmat",))

#: Questions about a tensor, which a property of that name answers.
QUESTIONS = frozenset(("shape", "ndim", "size"))

#: Functions, beside the ufuncs, that mean the same under the same name.
SAME = (
    *("sum", "prod", "mean", "var", "std", "max", "min", "any", "all", "count_nonzero"),
    *("argmax", "argmin", "median", "quantile", "sort", "argsort", "diff"),
    *("cumulative_sum", "cumulative_prod", "where", "clip", "round", "nan_to_num", "angle"),
    *("real", "imag", "reshape", "permute_dims", "transpose", "matrix_transpose", "broadcast_to"),
    *("broadcast_arrays", "meshgrid", "expand_dims", "squeeze", "moveaxis", "swapaxes", "flip"),
    *("roll", "rot90", "concat", "stack", "unstack", "split", "tile", "repeat", "pad"),
    *("tril", "triu", "diag", "diagonal", "trace", "take", "take_along_axis"),
    *("dot", "tensordot", "einsum", "kron", "outer"),
    *("zeros_like", "ones_like", "full_like"),
)

#: Functions, beside the ufuncs, by the name that they have here.
FUNCTIONS = {name: name for name in SAME} | {
    "concatenate": "concat",
    "amax": "max",
    "amin": "min",
    "ravel": "flatten",
    "around": "round",
    "cumsum": "cumulative_sum",
    "cumprod": "cumulative_prod",
}

#: Functions that flatten their argument where no axis is given, and here do not.
FLATTENING = frozenset(("cumsum", "cumprod"))

#: Arguments by the name that they have here.
ARGUMENTS = {
    **dict.fromkeys(("a", "m", "v", "z", "A", "arr", "ary", "array", "val"), "x"),
    "ddof": "correction",
    "a_min": "min",
    "a_max": "max",
    "reps": "repetitions",
    "constant_values": "constant_value",
    "indices_or_sections": "sections",
    "fill_value": "value",
}

#: The same for functions that differ in that from the others.
_TWO = {"a": "x1", "b": "x2"}
ARGUMENTS_OF = {"dot": _TWO, "tensordot": _TWO, "kron": _TWO, "outer": _TWO}
ARGUMENTS_OF["where"] = {"x": "x1", "y": "x2"}

#: Arguments that choose how to compute, not what: they are not needed here.
IGNORED = frozenset(("kind", "optimize", "overwrite_input"))

#: Arguments of integers, which NumPy takes as arrays too.
COUNTS = frozenset(("axis", "axes", "pad_width", "repeats", "repetitions", "sections", "shift"))


@functools.cache
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    import inspect  # here: the module costs milliseconds that an import should not

    try:
        return inspect.signature(function)
    except ValueError:  # some functions written in C say nothing of their arguments
        return None


def parameters_of(function: Callable[..., Any]) -> Collection[str]:
    """Names of the arguments that a function takes."""
    signature = _signature(function)
    assert signature is not None
    return signature.parameters


def translated(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """What a call of a NumPy function is here: a name, arguments in their places and by name."""
    positional, named = _arguments(function, args, kwargs)
    ours = FUNCTIONS[name]
    if ours == "transpose" and "axes" in named:
        ours = "permute_dims"
    if (name in FLATTENING and named.get("axis") is None) or (
        name in ("sort", "argsort") and named.get("axis", -1) is None
    ):
        named |= {"x": named["x"].reshape(-1), "axis": -1}
    if name == "split" and isinstance(named["sections"], list | tuple):
        named["sections"] = _lengths(named["x"], named["sections"], named.get("axis", 0))
    return ours, positional, named


def _arguments(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call under the names that they have here.

    What has NumPy's default is left out. What cannot be named, because the function takes any
    number of it or keeps its names to itself, stays in its place.
    """
    renamed = ARGUMENTS_OF.get(function.__name__, ARGUMENTS)
    signature = _signature(function)
    if signature is None:
        return args, {renamed.get(name, name): value for name, value in kwargs.items()}
    positional: tuple[Any, ...] = ()
    found: list[tuple[str, Any]] = []
    for name, value in signature.bind(*args, **kwargs).arguments.items():
        parameter = signature.parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional = value
        elif parameter.kind is parameter.VAR_KEYWORD:
            found += value.items()
        elif name not in IGNORED and not _is_default(value, parameter.default):
            found.append((name, value))
    named: dict[str, Any] = {}
    for name, value in found:
        ours = renamed.get(name, name)
        if ours in named:
            raise DTypeError(f"numpy.{function.__name__}: {ours} is given twice, also as {name}")
        plain = ours in COUNTS and isinstance(value, np.ndarray) and value.dtype.kind in "iu"
        named[ours] = value.tolist() if plain else value
    return positional, named


def _is_default(value: Any, default: Any) -> bool:
    """Whether an argument says what its default says; only plain values are compared."""
    plain = value.item() if isinstance(value, np.generic) else value
    if type(plain) is type(default) and type(plain) in (bool, int, float, str):
        return bool(plain == default)
    return value is default


def _lengths(x: Any, places: Sequence[Any], axis: Any) -> Any:
    """Lengths of the parts, from the places at which NumPy cuts."""
    try:
        length = x.shape[axis]
        edges = [0, *(slice(0, operator.index(place)).indices(length)[1] for place in places)]
    except (IndexError, TypeError):
        return places  # wrong, as ``split`` will say
    lengths = [stop - start for start, stop in itertools.pairwise([*edges, length])]
    if min(lengths) < 0:
        raise ArgumentError(f"numpy.split: the places at which to cut must rise, got {places}")
    return tuple(lengths)
