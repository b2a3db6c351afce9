"""Creation cards: tensors out of Python values, or of the shape of another tensor.

What is made of Python values alone is on the current backend; what is made like a tensor is on the
backend of that one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Array, Namespace
from ..cards import primitive
from ..context import DType, common_dtype, get_default_dtype
from ..errors import ArgumentError, DTypeError, join_words
from .arguments import (
    Shape,
    any_number,
    check_holds,
    dtype_or_default,
    plain_dtype,
    plain_integer,
    plain_shape,
)
from .axes import near_diagonal
from .notation import Notation, python_call


def _fitting(name: str, dtype: npt.DTypeLike | None, *numbers: Any) -> DType:
    """The dtype asked for, or the one in which tensors of these numbers would meet."""
    if dtype is None:
        return common_dtype([np.dtype(bool)], numbers, floating=False)
    return plain_dtype(name, dtype)


# Notation --------------------------------------------------------------------------------------


def creation_python(name: str, operands: str) -> Notation:
    """``zeros((2, 3), dtype='float64')``; the default dtype goes without saying."""

    def python(dtype: Any, **fields: Any) -> str:
        plain = dtype is None or np.dtype(dtype) == get_default_dtype()
        told = "" if plain else f", dtype={str(np.dtype(dtype))!r}"
        return f"{name}({operands}{told})"

    return python


def full_python(shape: Any, value: Any, dtype: Any) -> str:
    """``full((2, 3), 7.0)``, with the dtype unless the number alone gives it."""
    wanted = _fitting("full", None, value) if dtype is None else np.dtype(dtype)
    if isinstance(value, int) and wanted == get_default_dtype() and float(value) == value:
        return f"full({{shape}}, {float(value)})"
    told = "" if wanted == _fitting("full", None, value) else f", dtype={str(wanted)!r}"
    return f"full({{shape}}, {{value}}{told})"


def constant_latex(number: str) -> Notation:
    r"""``\mathbf{0}_{2 \times 3}``, a bold number with its shape; a plain one without axes."""

    def latex(shape: Any, dtype: Any) -> str:
        lengths = [shape] if isinstance(shape, int) else [*shape]
        if not lengths:
            return number
        shown = r" \times ".join(map(str, lengths))
        return rf"\mathbf{{{{{number}}}}}_{{{{{shown}}}}}"

    return latex


def full_latex(shape: Any, value: Any, dtype: Any) -> str:
    return "{value}" if shape == () else "{value} " + constant_latex("1")(shape=shape, dtype=dtype)


# Constants -------------------------------------------------------------------------------------


@primitive("creation", python=creation_python("zeros", "{shape}"), latex=constant_latex("0"))
def zeros(xp: Namespace, shape: Shape, *, dtype: npt.DTypeLike | None = None) -> Array:
    """A tensor of zeros, of the default dtype unless one is given.

    >>> tg.zeros((2, 3)).shape
    (2, 3)
    """
    return xp.zeros(plain_shape("zeros", shape), dtype=dtype_or_default("zeros", dtype))


@primitive("creation", python=creation_python("ones", "{shape}"), latex=constant_latex("1"))
def ones(xp: Namespace, shape: Shape, *, dtype: npt.DTypeLike | None = None) -> Array:
    """A tensor of ones, of the default dtype unless one is given.

    >>> tg.ones(2)
    Tensor([1., 1.], shape=(2,), dtype=float32)
    """
    return xp.ones(plain_shape("ones", shape), dtype=dtype_or_default("ones", dtype))


@primitive(
    "creation",
    python=full_python,
    latex=full_latex,
    precedence="hadamard",
)
def full(
    xp: Namespace, shape: Shape, value: complex, *, dtype: npt.DTypeLike | None = None
) -> Array:
    """A tensor filled with one number; floats get the default dtype unless one is given.

    A dtype that would make another number of it is refused: integers for 2.5, for example.

    >>> tg.full(2, 7.5)
    Tensor([7.5, 7.5], shape=(2,), dtype=float32)
    """
    number = any_number("full", value)
    wanted = _fitting("full", dtype, number)
    check_holds("full", wanted, number)
    return xp.full(plain_shape("full", shape), number, dtype=wanted)


@primitive("creation", python="zeros_like({x})", latex="0", constant=("x",))
def zeros_like(xp: Namespace, x: Array, *, dtype: npt.DTypeLike | None = None) -> Array:
    """Zeros of the shape, the backend and, unless one is given, the dtype of another tensor.

    >>> tg.zeros_like(tg.Tensor([1, 2]))
    Tensor([0, 0], shape=(2,), dtype=int64)
    """
    return xp.zeros(x.shape, dtype=x.dtype if dtype is None else plain_dtype("zeros_like", dtype))


@primitive("creation", python="ones_like({x})", latex="1", constant=("x",))
def ones_like(xp: Namespace, x: Array, *, dtype: npt.DTypeLike | None = None) -> Array:
    """Ones of the shape, the backend and, unless one is given, the dtype of another tensor.

    >>> tg.ones_like(tg.Tensor([1.0, 2.0]))
    Tensor([1., 1.], shape=(2,), dtype=float32)
    """
    return xp.ones(x.shape, dtype=x.dtype if dtype is None else plain_dtype("ones_like", dtype))


@primitive("creation", python="full_like({x}, {value})", latex="{value}", constant=("x",))
def full_like(
    xp: Namespace, x: Array, value: complex, *, dtype: npt.DTypeLike | None = None
) -> Array:
    """A number in the shape, the backend and, unless one is given, the dtype of another tensor.

    Raises:
        DTypeError: the dtype would make another number of it, as integers do of 2.5.

    >>> tg.full_like(tg.Tensor([1.0, 2.0]), 5)
    Tensor([5., 5.], shape=(2,), dtype=float32)
    """
    number = any_number("full_like", value)
    wanted = x.dtype if dtype is None else plain_dtype("full_like", dtype)
    check_holds("full_like", wanted, number)
    return xp.full(x.shape, number, dtype=wanted)


def eye_python(n: Any, m: Any, k: Any, dtype: Any) -> str:
    return "eye({n}" + ("" if m is None else ", {m}") + (", k={k}" if k else "") + ")"


def eye_latex(n: Any, m: Any, k: Any, dtype: Any) -> str:
    return "I" if k == 0 else "I^{{({k})}}"


@primitive("creation", python=eye_python, latex=eye_latex)
def eye(
    xp: Namespace,
    n: int,
    m: int | None = None,
    *,
    k: int = 0,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """A matrix with ones on a diagonal and zeros elsewhere.

    Args:
        n: the number of rows.
        m: the number of columns, ``n`` if None.
        k: which diagonal: 0 from the top left corner, 1 the one above it, -1 the one below.
        dtype: the default dtype if None.

    >>> tg.eye(2, 3, k=1)
    Tensor([[0., 1., 0.],
            [0., 0., 1.]], shape=(2, 3), dtype=float32)
    """
    rows = plain_integer("eye", "n", n, least=0)
    columns = rows if m is None else plain_integer("eye", "m", m, least=0)
    wanted, above = dtype_or_default("eye", dtype), plain_integer("eye", "k", k)
    above = near_diagonal(above, rows, columns)
    row, column = xp.arange(rows), xp.arange(columns)
    return xp.astype(row[:, None] + above == column[None, :], wanted)


# Ranges ----------------------------------------------------------------------------------------


@primitive("creation", python="arange({start}, {stop}, {step})")
def arange(
    xp: Namespace,
    start: float,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Evenly spaced numbers from ``start`` up to but without ``stop``; with one number, from 0.

    >>> tg.arange(4)
    Tensor([0, 1, 2, 3], shape=(4,), dtype=int64)
    """
    ends = (0, start, step) if stop is None else (start, stop, step)
    numbers = [any_number("arange", end) for end in ends]
    if any(isinstance(number, complex) for number in numbers):
        raise DTypeError(f"arange: expected real numbers, got {join_words([*map(repr, numbers)])}")
    if step == 0:
        raise ArgumentError("arange: step must not be 0")
    return xp.arange(*numbers, dtype=_fitting("arange", dtype, *numbers))


@primitive("creation", python=python_call("linspace", "{start}, {stop}, {num}", endpoint=True))
def linspace(
    xp: Namespace,
    start: complex,
    stop: complex,
    num: int,
    *,
    endpoint: bool = True,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """``num`` evenly spaced numbers from ``start`` to ``stop``, computed in double precision.

    Args:
        start, stop: numbers, real or complex. The last one is ``stop`` exactly; without
            ``endpoint``, it would come next.
        num: how many, at least 0; a single one is ``start``.
        endpoint: whether ``stop`` is one of them.
        dtype: floating or complex; the default dtype if None, the complex one for complex numbers.

    >>> tg.linspace(0, 1, 5)
    Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ], shape=(5,), dtype=float32)
    """
    first, last = any_number("linspace", start), any_number("linspace", stop)
    count = plain_integer("linspace", "num", num, least=0)
    wanted = _fitting("linspace", dtype, float(0), first, last)
    if wanted.kind not in "fc":
        raise DTypeError(f"linspace: expected a floating or complex dtype, got {wanted}")
    check_holds("linspace", wanted, first + last)
    steps = max(1, count - 1 if endpoint else count)
    place = xp.arange(count, dtype=np.dtype(np.float64))
    points = place * ((last - first) / steps) + first
    if endpoint and count > 1:
        points = xp.where(place == count - 1, last, points)
    return xp.astype(points, wanted)
