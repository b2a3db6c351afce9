"""Products of the fake: ``dot``, ``matmul`` and their kin, and the fake ``cupy.cublas``.

The fake cuBLAS keeps what is dangerous about the real one as CuPy calls it: it takes four dtypes,
it never looks at the strides of vectors, and it fails on operands without elements.
It stands on ``array``. This is part of a fake.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .array import NAMESPACE, Array, Host, memory, open_, public, wrap
from .state import CUBLASError, fake


def _spoiled(result: Any) -> Host:
    """The result, or a wrong one where the switch says so."""
    host = np.asarray(result)
    return host + np.ones((), host.dtype) if fake.wrong_product else host


def _operands(*values: Any) -> None:
    for value in values:
        if not isinstance(value, Array):
            raise TypeError(
                "Argument has incorrect type (expected cupy._core.core._ndarray_base, "
                f"got {type(value).__name__})"
            )


@public("dot")
def dot(a: Any, b: Any, out: Any = None) -> Any:
    _operands(a, b)
    dtype = np.result_type(a.dtype, b.dtype)
    if out is not None:
        _operands(out)
        if out.dtype != dtype:
            raise ValueError("Not supported dtype combination.")
        if not out.flags.c_contiguous:
            raise ValueError("Output array must be C-contiguous")
    if a.ndim == 0 or b.ndim == 0:
        return NAMESPACE["multiply"](a, b, out=out)
    if a.shape[-1] != b.shape[0 if b.ndim == 1 else -2]:
        raise ValueError("Axis dimension mismatch")
    fake.product()
    with np.errstate(all="ignore"):
        result = _spoiled(np.dot(a._hidden.astype(dtype), b._hidden.astype(dtype)))
    if out is None:
        return wrap(np.ascontiguousarray(result).reshape(result.shape))
    if out.size != result.size:
        raise ValueError("Output array has an invalid size")
    out._hidden.reshape(-1)[...] = result.reshape(-1)
    return out


@public("matmul")
def matmul(
    *args: Any,
    axes: Any = None,
    axis: Any = None,
    keepdims: Any = False,
    casting: Any = "same_kind",
    dtype: Any = None,
    signature: Any = None,
    order: Any = "K",
    out: Any = None,
) -> Any:
    if axes is not None or axis is not None or keepdims or signature is not None or order != "K":
        raise NotImplementedError("the fake has no such arguments of matmul")
    a, b = args
    _operands(a, b)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("Scalar operands are not allowed, use '*' instead")
    found = np.dtype(dtype) if dtype is not None else np.result_type(a.dtype, b.dtype)
    if a.ndim <= 2 and b.ndim <= 2 and a.shape[-1] != b.shape[0]:
        raise ValueError("Axis dimension mismatch")
    fake.product()
    with np.errstate(all="ignore"):
        result = _spoiled(np.matmul(a._hidden.astype(found), b._hidden.astype(found)))
    if out is None:
        return wrap(result)
    if not isinstance(out, Array):
        raise TypeError("`out` must be a tuple or `cupy.ndarray`")
    if out.shape != result.shape:
        raise ValueError(f"Output operand 0 has invalid shape {out.shape} expected {result.shape}")
    if not np.can_cast(found, out.dtype, casting):
        raise TypeError(f"Cannot cast out dtype from {found} to {out.dtype}")
    out._hidden[...] = result
    return out


def dot_method(self: Array, b: Array, out: Array | None = None) -> Any:
    return dot(self, b, out)


setattr(Array, "dot", dot_method)  # noqa: B010  # mypy knows no such attribute


@public("tensordot")
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    _operands(a, b)
    fake.product()
    return wrap(_spoiled(np.tensordot(open_(a), open_(b), axes)))


@public("inner")
def inner(a: Any, b: Any) -> Any:
    _operands(a, b)
    fake.product()
    return wrap(_spoiled(np.inner(open_(a), open_(b))))


@public("vdot")
def vdot(a: Any, b: Any) -> Any:
    _operands(a, b)
    fake.product()
    return wrap(_spoiled(np.vdot(open_(a), open_(b))))


@public("einsum")
def einsum(*operands: Any, **kwargs: Any) -> Any:
    if set(kwargs) - {"dtype", "optimize"}:
        raise TypeError(f"Did not understand the following kwargs: {list(kwargs)}")
    fake.product()
    return wrap(_spoiled(np.einsum(*open_(list(operands)), **kwargs)))


# cuBLAS ----------------------------------------------------------------------------------------


def _call(*arrays: Array) -> None:
    """What each call begins with."""
    if arrays[0].dtype.char not in "fdFD":
        raise TypeError("invalid dtype")
    assert all(array.dtype == arrays[0].dtype for array in arrays)
    fake.product()
    if any(array.size == 0 for array in arrays):
        raise CUBLASError("CUBLAS_STATUS_INVALID_VALUE")


def _oriented(array: Array, transposition: Any) -> Host:
    if transposition not in ("N", "T", "H", 0, 1, 2):
        raise TypeError(f"invalid trans (actual: {transposition})")
    if transposition in ("N", 0):
        return array._hidden
    return array._hidden.T if transposition in ("T", 1) else array._hidden.conj().T


def _number(value: Any, dtype: np.dtype[Any]) -> Any:
    host = value._hidden if isinstance(value, Array) else np.asarray(value)
    return host.astype(dtype).reshape(())[()]


def _update(target: Host, result: Any, alpha: Any, beta: Any) -> None:
    """``target = alpha * result + beta * target``; without reading it if ``beta`` is 0."""
    with np.errstate(all="ignore"):
        update = alpha * _spoiled(result)
        target[...] = update if beta == 0 else update + beta * target


def gemv(transa: Any, alpha: Any, a: Any, x: Any, beta: Any, y: Any) -> None:
    """``y = alpha * op(a) @ x + beta * y``."""
    if a.dtype.char not in "fdFD":
        raise TypeError("invalid dtype")
    matrix = _oriented(a, transa)
    assert a.ndim == 2
    assert x.ndim == y.ndim == 1
    assert matrix.shape == (y.shape[0], x.shape[0])
    _call(a, x, y)
    result = matrix @ memory(x)
    _update(memory(y, write=True), result, _number(alpha, a.dtype), _number(beta, a.dtype))


def ger(alpha: Any, x: Any, y: Any, a: Any) -> None:
    """``a += alpha * outer(x, y)``."""
    if a.dtype.char in "FD":
        raise TypeError("Use geru or gerc for complex dtypes")
    if a.dtype.char not in "fd":
        raise TypeError("invalid dtype")
    _add_outer(alpha, x, y, a)


def _add_outer(alpha: Any, x: Any, y: Any, a: Any) -> None:
    assert a.ndim == 2
    assert x.ndim == y.ndim == 1
    assert a.shape == (x.shape[0], y.shape[0])
    _call(a, x, y)
    result = np.outer(memory(x), memory(y))
    _update(a._hidden, result, _number(alpha, a.dtype), a.dtype.type(1))


def geru(alpha: Any, x: Any, y: Any, a: Any) -> None:
    """``a += alpha * outer(x, y)``, for complex numbers too."""
    if a.dtype.char in "fd":
        ger(alpha, x, y, a)
        return
    if a.dtype.char not in "FD":
        raise TypeError("invalid dtype")
    _add_outer(alpha, x, y, a)


def gemm(
    transa: Any, transb: Any, a: Any, b: Any, out: Any = None, alpha: Any = 1.0, beta: Any = 0.0
) -> Any:
    """``out = alpha * op(a) @ op(b) + beta * out``; a new ``out`` is in column-major order."""
    assert a.ndim == b.ndim == 2
    assert a.dtype == b.dtype
    if a.dtype.char not in "fdFD":
        raise TypeError("invalid dtype")
    left, right = _oriented(a, transa), _oriented(b, transb)
    assert left.shape[1] == right.shape[0]
    shape = (left.shape[0], right.shape[1])
    if out is None:
        out, beta = NAMESPACE["empty"](shape, dtype=a.dtype, order="F"), 0.0
    assert out.ndim == 2
    assert out.shape == shape
    _call(a, b, out)
    _update(out._hidden, left @ right, _number(alpha, a.dtype), _number(beta, a.dtype))
    return out


CUBLAS: dict[str, Any] = {"gemm": gemm, "gemv": gemv, "ger": ger, "geru": geru}
