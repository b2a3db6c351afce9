"""Conversion cards, by element: parts of complex numbers, other dtypes, finite numbers."""

from __future__ import annotations

import sys
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


@primitive("elementwise", latex=r"\arg\left({x}\right)", floating=True)
def angle(xp: Namespace, x: Array) -> Array:
    """Angle of each complex number with the positive real axis, between -pi and pi.

    Of real numbers it is 0 or pi. At 0, where there is no derivative, it is taken to be 0.

    >>> tg.angle(tg.Tensor([1j, 2.0]))
    Tensor([1.5707964, 0.       ], shape=(2,), dtype=float32)
    """
    return xp.atan2(xp.imag(x), xp.real(x))


@angle.pullback("x")
def angle_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    # It is the imaginary part of the logarithm; the engine takes the real part for a real x.
    zero = x == 0
    return xp.where(zero, 0, g * -1j / xp.where(zero, 1, x))


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


def nan_to_num_python(x: Any, nan: Any, posinf: Any, neginf: Any) -> str:
    extras = [f", nan={nan}"] if nan else []
    extras += [f", posinf={posinf}"] if posinf is not None else []
    extras += [f", neginf={neginf}"] if neginf is not None else []
    return f"nan_to_num({{x}}{''.join(extras)})"


@primitive(
    "elementwise",
    python=nan_to_num_python,
    latex=r"\operatorname{{nan\_to\_num}}\left({x}\right)",
    closed=True,
)
def nan_to_num(
    xp: Namespace,
    x: Array,
    nan: float = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Array:
    """The elements with numbers in place of NaN and infinities, whose gradient is 0.

    Of complex numbers each part is treated so; integers stay as they are.

    Args:
        x: the tensor.
        nan: the number in place of NaN.
        posinf: the number in place of inf; None for the largest number of the dtype.
        neginf: the number in place of -inf; None for the smallest.

    >>> tg.nan_to_num(tg.Tensor([float("nan"), float("inf"), 1.0]), posinf=9)
    Tensor([0., 9., 1.], shape=(3,), dtype=float32)
    """
    if x.dtype.kind not in "fc":
        return x
    # Python has no larger number than this one, though the widest floats do.
    largest = min(float(np.finfo(x.dtype).max), sys.float_info.max)
    fills = (
        plain_fill("nan", nan),
        largest if posinf is None else plain_fill("posinf", posinf),
        -largest if neginf is None else plain_fill("neginf", neginf),
    )
    if x.dtype.kind == "f":
        return finite(xp, x, *fills)
    return finite(xp, xp.real(x), *fills) + 1j * finite(xp, xp.imag(x), *fills)


def plain_fill(name: str, fill: Any) -> float:
    """Check a number that is put in place of others, and make it a Python float."""
    if isinstance(fill, bool) or not isinstance(fill, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a real number, not {fill!r}")
    return float(fill)


def finite(xp: Namespace, x: Array, nan: float, above: float, below: float) -> Array:
    """Real numbers, with those that are not finite replaced."""
    infinite = xp.where(x == np.inf, above, xp.where(x == -np.inf, below, x))
    return xp.where(xp.isnan(x), nan, infinite)


@nan_to_num.pullback("x")
def nan_to_num_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    if x.dtype.kind == "f":
        return xp.where(xp.isfinite(x), g, 0)
    real = xp.where(xp.isfinite(xp.real(x)), xp.real(g), 0)
    return real + 1j * xp.where(xp.isfinite(xp.imag(x)), xp.imag(g), 0)
