"""Conversion cards: real and imaginary parts, conjugates, casts to another dtype, by element."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Array, Namespace
from ..cards import primitive
from .arrangement import plain_dtype


@primitive("elementwise", latex=r"\operatorname{{Re}}\left({x}\right)")
def real(xp: Namespace, x: Array) -> Array:
    """Real part of each element.

    >>> tg.real(tg.Tensor([1 + 2j]))
    Tensor([1.], shape=(1,), dtype=float32)
    """
    return xp.real(x)


@real.pullback("x")
def real_pull_x(xp: Namespace, g: Array) -> Array:
    return g


@primitive("elementwise", latex=r"\operatorname{{Im}}\left({x}\right)")
def imag(xp: Namespace, x: Array) -> Array:
    """Imaginary part of each element.

    >>> tg.imag(tg.Tensor([1 + 2j]))
    Tensor([2.], shape=(1,), dtype=float32)
    """
    return xp.imag(x)


@imag.pullback("x")
def imag_pull_x(xp: Namespace, g: Array) -> Array:
    return g * -1j


@primitive("elementwise", latex=r"\overline{{{x}}}", closed=True)
def conj(xp: Namespace, x: Array) -> Array:
    """Complex conjugate of each element.

    >>> tg.conj(tg.Tensor([1 + 2j]))
    Tensor([1.-2.j], shape=(1,), dtype=complex64)
    """
    return xp.conj(x) if x.dtype.kind == "c" else x


@conj.pullback("x")
def conj_pull_x(xp: Namespace, g: Array) -> Array:
    return xp.conj(g)


def astype_python(x: Any, dtype: Any) -> str:
    return f"{{x:call}}.astype({np.dtype(dtype).name!r})"


@primitive("elementwise", python=astype_python, latex="{x}")
def astype(xp: Namespace, x: Array, dtype: npt.DTypeLike) -> Array:
    """The elements cast to another dtype; complex ones stay complex, so take ``real`` or ``abs``.

    >>> tg.astype(tg.Tensor([1.5, 2.5]), int)
    Tensor([1, 2], shape=(2,), dtype=int64)
    """
    wanted = plain_dtype("astype", dtype)
    if x.dtype.kind == "c" and wanted.kind != "c":
        raise TypeError(
            "a complex number does not become a real one by a cast; take .real or .abs()"
        )
    return xp.astype(x, wanted)


@astype.pullback("x")
def astype_pull_x(xp: Namespace, g: Array) -> Array:
    return g
