"""Conversion cards, by element: parts of complex numbers, other dtypes, finite numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Array, Namespace
from ..cards import primitive
from .arguments import plain_dtype, real_number
from .arithmetic import largest
from .notation import applied, python_call


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
    return xp.imag(x) if x.dtype.kind == "c" else xp.zeros(x.shape, dtype=x.dtype)


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
    return xp.atan2(imag.forward(xp, x), xp.real(x))


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


def nan_to_num_latex(x: Any, nan: float, posinf: float | None, neginf: float | None) -> str:
    said = [r"\mathrm{{nan}} \to {nan}"] if nan else []
    said += [] if posinf is None else [r"\infty \to {posinf}"]
    said += [] if neginf is None else [r"-\infty \to {neginf}"]
    return applied("nan_to_num", ", ".join(["{x}", *said]))


@primitive(
    "elementwise",
    python=python_call("nan_to_num", nan=0, posinf=None, neginf=None),
    latex=nan_to_num_latex,
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
    real = x if x.dtype.kind == "f" else xp.real(x)
    most = largest(real.dtype)
    given = {
        "nan": nan,
        "posinf": most if posinf is None else posinf,
        "neginf": -most if neginf is None else neginf,
    }
    fills = [float(real_number("nan_to_num", name, fill)) for name, fill in given.items()]
    if x.dtype.kind == "f":
        return _replaced(xp, x, x, *fills)
    # Times 1j what is infinite would be NaN, so such parts are made of constants.
    imag = xp.imag(x)
    upright = 1j * xp.where(xp.isfinite(imag), imag, 0)
    constants = [complex(0, fill) for fill in fills]
    parts = _replaced(xp, real, real, *fills) + _replaced(xp, imag, upright, *constants)
    return xp.where(xp.isfinite(x), x, xp.astype(parts, x.dtype))  # for 1j may widen a real array


def _replaced(
    xp: Namespace, x: Array, finite: Array, nan: complex, above: complex, below: complex
) -> Array:
    """``finite``, but numbers where the real ``x`` is NaN or infinite."""
    infinite = xp.where(x == np.inf, above, xp.where(x == -np.inf, below, finite))
    return xp.where(xp.isnan(x), nan, infinite)


@nan_to_num.pullback("x")
def nan_to_num_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    if x.dtype.kind == "f":
        return xp.where(xp.isfinite(x), g, 0)
    real = xp.where(xp.isfinite(xp.real(x)), xp.real(g), 0)
    return real + 1j * xp.where(xp.isfinite(xp.imag(x)), xp.imag(g), 0)
