"""The functions of the fake ``cupy`` that are no ufuncs, with CuPy's parameters.

Most are a signature in ``SIGNATURES`` and NumPy's function of that name; those that CuPy does in
its own way are written out. All refuse NumPy arrays among their operands, a little more strictly
than CuPy, some of whose functions call the method of whatever they are given.

It stands on ``ufuncs`` and ``creation``. This is part of a fake.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from .array import NAMESPACE, Array, open_, public, wrap
from .creation import array, full
from .state import fake
from .ufuncs import where as where_ufunc

#: CuPy's parameters of functions that do here what NumPy's do.
SIGNATURES = """
all(a, axis=None, out=None, keepdims=False)
allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)
amax(a, axis=None, out=None, keepdims=False)
amin(a, axis=None, out=None, keepdims=False)
any(a, axis=None, out=None, keepdims=False)
argwhere(a)
array_equal(a1, a2, equal_nan=False)
broadcast_to(array, shape)
clip(a, a_min, a_max, out=None)
concat(tup, axis=0, out=None, *, dtype=None, casting='same_kind')
concatenate(tup, axis=0, out=None, *, dtype=None, casting='same_kind')
count_nonzero(a, axis=None)
cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None)
cumprod(a, axis=None, dtype=None, out=None)
cumsum(a, axis=None, dtype=None, out=None)
diag(v, k=0)
diagonal(a, offset=0, axis1=0, axis2=1)
diff(a, n=1, axis=-1, prepend=None, append=None)
expand_dims(a, axis)
flatnonzero(a)
flip(a, axis=None)
hstack(tup, *, dtype=None, casting='same_kind')
isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)
isin(element, test_elements, assume_unique=False, invert=False)
matrix_transpose(x, /)
max(a, axis=None, out=None, keepdims=False)
mean(a, axis=None, dtype=None, out=None, keepdims=False)
min(a, axis=None, out=None, keepdims=False)
moveaxis(a, source, destination)
nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None)
nonzero(a)
outer(a, b, out=None)
pad(array, pad_width, mode='constant', **kwargs)
permute_dims(a, axes=None)
prod(a, axis=None, dtype=None, out=None, keepdims=False)
ravel(a, order='C')
repeat(a, repeats, axis=None)
reshape(a, newshape, order='C', *, copy=None)
roll(a, shift, axis=None)
searchsorted(a, v, side='left', sorter=None)
split(ary, indices_or_sections, axis=0)
squeeze(a, axis=None)
stack(tup, axis=0, out=None, *, dtype=None, casting='same_kind')
std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
sum(a, axis=None, dtype=None, out=None, keepdims=False)
swapaxes(a, axis1, axis2)
tile(A, reps)
trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None)
transpose(a, axes=None)
tril(m, k=0)
triu(m, k=0)
unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, \
equal_nan=True)
var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
vstack(tup, *, dtype=None, casting='same_kind')
"""

#: Functions whose result has a shape that only the device knows: the host has to wait for it.
WAITING = ("argwhere", "flatnonzero", "nonzero", "unique")

#: Functions that are methods of arrays too.
METHODS = (
    *("all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal"),
    *("max", "mean", "min", "nonzero", "prod", "repeat", "round", "searchsorted", "std"),
    *("sum", "take", "trace", "var"),
)


def _parse(line: str) -> tuple[str, inspect.Signature]:
    name, _, parameters = line.partition("(")
    return name, inspect.signature(eval(f"lambda {parameters[:-1]}: None"))


def _check(name: str, value: Any) -> None:
    """The first operand is a fake array, or a list of such."""
    values = value if isinstance(value, list | tuple) else [value]
    for item in values:
        if not isinstance(item, Array):
            raise TypeError(f"cupy.{name}: expected cupy.ndarray, got {type(item)}")


def _define(name: str, signature: inspect.Signature) -> None:
    function = getattr(np, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        operand = next(iter(bound.arguments.values()))
        _check(name, operand)
        if name in ("concat", "concatenate") and any(item.ndim == 0 for item in operand):
            raise TypeError("zero-dimensional arrays cannot be concatenated")
        out = bound.arguments.pop("out", None)
        opened = [open_(value) for value in bound.args]
        named = {key: open_(value) for key, value in bound.kwargs.items()}
        if name in WAITING:
            fake.synchronise()
        with np.errstate(all="ignore"):
            result = function(*opened, **named)
        sources = operand if isinstance(operand, list | tuple) else (operand,)
        wrapped = wrap(result, *sources)
        if not isinstance(wrapped, Array) or wrapped.base is None:
            fake.launch()
        return wrapped if out is None else _into(out, wrapped)

    call.__signature__ = signature  # type: ignore[attr-defined]  # functions have such, not to mypy
    public(name)(call)


def _into(out: Any, result: Array) -> Array:
    if not isinstance(out, Array):
        raise TypeError(f"Argument 'out' has incorrect type (got {type(out).__name__})")
    if out.shape != result.shape:
        raise ValueError("Out shape is mismatched")
    with np.errstate(all="ignore"):
        out._hidden[...] = result._hidden.astype(out.dtype)
    return out


for _line in SIGNATURES.strip().splitlines():
    _define(*_parse(_line))


# Functions that CuPy does in its own way -------------------------------------------------------


@public("where")
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return NAMESPACE["nonzero"](condition)
    if x is None or y is None:
        raise ValueError("Must provide both 'x' and 'y' or neither.")
    return where_ufunc(condition.astype("?", copy=False), x, y)


def _sorting(a: Any, kind: Any) -> None:
    _check("sort", a)
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
    fake.launch()


@public("sort")
def sort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    _sorting(a, kind)
    if a.ndim == 0 and axis is not None:
        raise np.exceptions.AxisError("Sorting arrays with the rank of zero is not supported")
    return wrap(np.sort(open_(a), axis, "stable"))


@public("argsort")
def argsort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    _sorting(a, kind)
    return wrap(np.argsort(np.atleast_1d(open_(a)), axis, "stable"))


def _extreme(name: str) -> None:
    def call(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        _check(name, a)
        fake.launch()
        places = getattr(np, name)(open_(a), axis, keepdims=keepdims)
        result = wrap(np.asarray(places, dtype=dtype or np.int64))
        return result if out is None else _into(out, result)

    public(name)(call)


_extreme("argmax")
_extreme("argmin")


def _cumulative(name: str, scan: str, first: int) -> None:
    def call(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: Any = False,
    ) -> Any:
        if not isinstance(x, Array):
            raise TypeError("`x` should be of type cupy.ndarray")
        if axis is None and x.ndim > 1:
            raise ValueError(
                "For arrays which have more than one dimension ``axis`` argument is required."
            )
        axis = 0 if axis is None else axis
        host = np.atleast_1d(open_(x))
        result = NAMESPACE[scan](wrap(host), axis, dtype)
        if include_initial:
            shape = list(host.shape)
            shape[axis] = 1
            start = full(tuple(shape), first, result.dtype)
            result = NAMESPACE["concatenate"]([start, result], axis)
        return result if out is None else _into(out, result)

    public(name)(call)


_cumulative("cumulative_sum", "cumsum", 0)
_cumulative("cumulative_prod", "cumprod", 1)


@public("round", "around")
def around(a: Any, decimals: Any = 0, out: Any = None) -> Any:
    a = array(a, copy=None)
    fake.launch()
    dtype = np.dtype(np.float16) if a.dtype.kind == "b" else a.dtype
    with np.errstate(all="ignore"):
        result = wrap(np.round(open_(a), decimals).astype(dtype))
    return result if out is None else _into(out, result)


@public("take")
def take(a: Any, indices: Any, axis: Any = None, out: Any = None) -> Any:
    _check("take", a)
    places = open_(indices) if isinstance(indices, Array) else np.asarray(indices, dtype=int)
    if a.size == 0 and places.size:
        raise IndexError("cannot do a non-empty take from an empty axes.")
    fake.launch()
    result = wrap(np.take(open_(a), places, axis, mode="wrap"))
    return result if out is None else _into(out, result)


@public("take_along_axis")
def take_along_axis(a: Any, indices: Any, axis: Any) -> Any:
    _check("take_along_axis", [a, indices])
    fake.launch()
    length = a.size if axis is None else a.shape[axis]
    return wrap(np.take_along_axis(open_(a), open_(indices) % max(length, 1), axis))


@public("may_share_memory")
def may_share_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    if max_work is not None:
        raise NotImplementedError("Only supported for `max_work` is `None`")
    return np.may_share_memory(open_(a), open_(b))


@public("real")
def real(val: Any) -> Any:
    return (val if isinstance(val, Array) else array(val)).real


@public("imag")
def imag(val: Any) -> Any:
    return (val if isinstance(val, Array) else array(val)).imag


for _name in METHODS:
    setattr(Array, _name, NAMESPACE[_name])
