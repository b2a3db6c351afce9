"""Functions of the fake ``cupy`` that make arrays, or convert them.

It stands on ``array``. This is part of a fake: what nobody wrote is NaN, to be found out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .array import NAMESPACE, Array, garbage, known_dtype, open_, public, wrap
from .state import fake


@public("array")
def array(
    obj: Any,
    dtype: Any = None,
    copy: Any = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    *,
    blocking: bool = False,
) -> Any:
    if subok:
        raise NotImplementedError
    if isinstance(obj, list | tuple) and obj and all(isinstance(item, Array) for item in obj):
        obj = NAMESPACE["stack"](obj)
    if isinstance(obj, Array):
        same = dtype is None or np.dtype(dtype) == obj.dtype
        if copy is False and not same:
            raise ValueError("Unable to avoid copy while creating an array as requested.")
        result = obj.astype(obj.dtype if same else dtype, order=order or "K", copy=copy)
    else:
        host = np.array(obj, dtype=dtype, order=order or "K")
        known_dtype(host.dtype)
        fake.device()
        fake.uploads += 1
        result = wrap(host)
    missing = max(ndmin - result.ndim, 0)
    return result.reshape((1,) * missing + result.shape) if missing else result


@public("asarray")
def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, blocking: bool = False
) -> Any:
    # Of host memory CuPy always makes a copy, and says nothing to ``copy=False``.
    return array(a, dtype, copy, order, blocking=blocking)


@public("asanyarray")
def asanyarray(
    a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, blocking: bool = False
) -> Any:
    return array(a, dtype, copy, order, blocking=blocking)


@public("ascontiguousarray")
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    result = array(a, dtype, None, "C")
    return result.reshape(1) if result.ndim == 0 else result


@public("asfortranarray")
def asfortranarray(a: Any, dtype: Any = None) -> Any:
    return array(a, dtype, None, "F")


@public("asnumpy")
def asnumpy(
    a: Any, stream: Any = None, order: Any = "C", out: Any = None, *, blocking: bool = True
) -> Any:
    if isinstance(a, Array):
        return a.get(stream, order, out, blocking)
    host = np.asarray(a, order=order)
    if out is None:
        return host
    out[...] = host
    return out


@public("astype")
def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    if not isinstance(x, Array):
        raise TypeError(f"Input should be a CuPy array. It is a {type(x)} instead.")
    return x.astype(dtype, copy=copy)


@public("copy")
def copy_of(a: Any, order: Any = "K") -> Any:
    return array(a, None, True, order)


@public("copyto")
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = None) -> None:
    if isinstance(src, np.ndarray):
        if src.size != 1:
            raise ValueError("non-scalar numpy.ndarray cannot be used for copyto")
        src = src.reshape(())[()]
    elif not isinstance(src, Array) and not np.isscalar(src):
        raise AttributeError(f"'{type(src).__name__}' object has no attribute 'dtype'")
    fake.launch()
    chosen = True if where is None else open_(where)
    with np.errstate(all="ignore"):
        np.copyto(dst._hidden, open_(src), casting=casting, where=chosen)


@public("empty")
def empty(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    return wrap(garbage(shape, known_dtype(dtype), order))


def _filled(shape: Any, value: Any, dtype: Any, order: Any) -> Any:
    result = empty(shape, dtype, order)
    copyto(result, value, casting="unsafe")
    return result


@public("zeros")
def zeros(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    return _filled(shape, 0, dtype, order)


@public("ones")
def ones(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    return _filled(shape, 1, dtype, order)


@public("full")
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C") -> Any:
    if dtype is None:
        known = isinstance(fill_value, Array)
        dtype = fill_value.dtype if known else np.array(fill_value).dtype
    return _filled(shape, fill_value, dtype, order)


def _like(value: Any) -> Callable[..., Any]:
    def make(a: Any, dtype: Any, order: Any, shape: Any) -> Any:
        host = np.empty_like(open_(a), dtype, order=order, shape=shape)
        result = empty(host.shape, host.dtype, "F" if host.flags.fnc else "C")
        if value is not None:
            copyto(result, value, casting="unsafe")
        return result

    return make


@public("empty_like")
def empty_like(
    prototype: Any, dtype: Any = None, order: Any = "K", subok: Any = None, shape: Any = None
) -> Any:
    return _like(None)(prototype, dtype, order, shape)


@public("zeros_like")
def zeros_like(
    a: Any, dtype: Any = None, order: Any = "K", subok: Any = None, shape: Any = None
) -> Any:
    return _like(0)(a, dtype, order, shape)


@public("ones_like")
def ones_like(
    a: Any, dtype: Any = None, order: Any = "K", subok: Any = None, shape: Any = None
) -> Any:
    return _like(1)(a, dtype, order, shape)


@public("full_like")
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = None,
    shape: Any = None,
) -> Any:
    return _like(fill_value)(a, dtype, order, shape)


@public("arange")
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    if stop is None:
        start, stop = 0, start
    fake.launch()
    return wrap(np.arange(start, stop, step, dtype=dtype))


@public("linspace")
def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    retstep: Any = False,
    dtype: Any = None,
    axis: Any = 0,
) -> Any:
    fake.launch()
    return wrap(np.linspace(open_(start), open_(stop), num, endpoint, dtype=dtype, axis=axis))


@public("eye")
def eye(N: Any, M: Any = None, k: Any = 0, dtype: Any = float, order: Any = "C") -> Any:  # noqa: N803  # CuPy's
    fake.launch()
    return wrap(np.eye(N, M, k, dtype, order))
