r"""Trigonometric and hyperbolic cards and their inverses, element by element, in radians.

All but ``atan2`` take complex numbers too, and then their rules give the complex derivative; the
branch cuts of the inverses are NumPy's. At the ends of the intervals on which ``asin acos acosh
atanh`` are real the derivative is infinite: NumPy warns of a division by zero, and times a
cotangent of 0 it is NaN. Further derivatives there are infinite or NaN.

Source of the derivatives: Abramowitz and Stegun, Handbook of Mathematical Functions, 4.3-4.6.
"""

from __future__ import annotations

from ..backend import Array, Namespace
from ..cards import primitive
from .arguments import refuse_complex_operands
from .functions import part_of

# Trigonometric ---------------------------------------------------------------------------------


@primitive("elementwise", latex=r"\sin\left({x}\right)", floating=True, closed=True)
def sin(xp: Namespace, x: Array) -> Array:
    """Sine of each element, in radians.

    >>> tg.sin(tg.Tensor([0.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """
    return xp.sin(x)


@sin.pullback("x")
def sin_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g * xp.cos(x)


@primitive("elementwise", latex=r"\cos\left({x}\right)", floating=True, closed=True)
def cos(xp: Namespace, x: Array) -> Array:
    """Cosine of each element, in radians.

    >>> tg.cos(tg.Tensor([0.0]))
    Tensor([1.], shape=(1,), dtype=float32)
    """
    return xp.cos(x)


@cos.pullback("x")
def cos_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return -g * xp.sin(x)


@primitive("elementwise", latex=r"\tan\left({x}\right)", floating=True, closed=True)
def tan(xp: Namespace, x: Array) -> Array:
    """Tangent of each element, in radians.

    >>> tg.tan(tg.Tensor([0.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """
    return xp.tan(x)


@tan.pullback("x")
def tan_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g * (1 + y * y)


def _cathetus(xp: Namespace, x: Array) -> Array:
    """Square root of ``1 - x * x``, on that side of a branch cut on which ``x`` is."""
    if x.dtype.kind != "c":
        return xp.sqrt((1 - x) * (1 + x))
    # The side is the sign of a zero, which 1 - x and x + 1 lose.
    return xp.sqrt(-(x - 1)) * xp.sqrt(x - -1)


@primitive("elementwise", latex=r"\arcsin\left({x}\right)", floating=True, closed=True)
def asin(xp: Namespace, x: Array) -> Array:
    """Angle between -pi/2 and pi/2 whose sine each element is; NaN beyond -1 and 1.

    At -1 and 1 the derivative is infinite, and further ones are infinite or NaN.

    >>> tg.asin(tg.Tensor([0.0, 1.0]))
    Tensor([0.       , 1.5707964], shape=(2,), dtype=float32)
    """
    return xp.asin(x)


@asin.pullback("x")
def asin_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g / _cathetus(xp, x)


@primitive("elementwise", latex=r"\arccos\left({x}\right)", floating=True, closed=True)
def acos(xp: Namespace, x: Array) -> Array:
    """Angle between 0 and pi whose cosine each element is; NaN beyond -1 and 1.

    At -1 and 1 the derivative is infinite, and further ones are infinite or NaN.

    >>> tg.acos(tg.Tensor([0.0, 1.0]))
    Tensor([1.5707964, 0.       ], shape=(2,), dtype=float32)
    """
    return xp.acos(x)


@acos.pullback("x")
def acos_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return -g / _cathetus(xp, x)


@primitive("elementwise", latex=r"\arctan\left({x}\right)", floating=True, closed=True)
def atan(xp: Namespace, x: Array) -> Array:
    """Angle between -pi/2 and pi/2 whose tangent each element is.

    >>> tg.atan(tg.Tensor([0.0, 1e30]))
    Tensor([0.       , 1.5707964], shape=(2,), dtype=float32)
    """
    return xp.atan(x)


@atan.pullback("x")
def atan_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    if x.dtype.kind == "c":
        return g / (1 + x * x)
    root = xp.hypot(x, 1)  # the square of a large x would overflow
    return g / root / root


@primitive(
    "elementwise",
    latex=r"\operatorname{{atan2}}\left({x1}, {x2}\right)",
    floating=True,
    closed=True,
    lifted=("x1", "x2"),
)
def atan2(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Angle between -pi and pi of the point at height ``x1`` and abscissa ``x2``.

    At the origin, where there is no derivative, it is taken to be 0. Real numbers only; ``angle``
    is that of complex ones.

    >>> tg.atan2(tg.Tensor([0.0, 1.0]), tg.Tensor([1.0, 0.0]))
    Tensor([0.       , 1.5707964], shape=(2,), dtype=float32)
    """
    refuse_complex_operands(x1, x2)
    return xp.atan2(x1, x2)


@atan2.pullback("x1")
def atan2_pull_x1(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    root = xp.hypot(x1, x2)
    return g * part_of(xp, x2, root) / xp.where(root == 0, 1, root)


@atan2.pullback("x2")
def atan2_pull_x2(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    root = xp.hypot(x1, x2)
    return -g * part_of(xp, x1, root) / xp.where(root == 0, 1, root)


# Hyperbolic ------------------------------------------------------------------------------------


@primitive("elementwise", latex=r"\sinh\left({x}\right)", floating=True, closed=True)
def sinh(xp: Namespace, x: Array) -> Array:
    """Hyperbolic sine of each element.

    >>> tg.sinh(tg.Tensor([0.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """
    return xp.sinh(x)


@sinh.pullback("x")
def sinh_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g * xp.cosh(x)


@primitive("elementwise", latex=r"\cosh\left({x}\right)", floating=True, closed=True)
def cosh(xp: Namespace, x: Array) -> Array:
    """Hyperbolic cosine of each element.

    >>> tg.cosh(tg.Tensor([0.0]))
    Tensor([1.], shape=(1,), dtype=float32)
    """
    return xp.cosh(x)


@cosh.pullback("x")
def cosh_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g * xp.sinh(x)


@primitive("elementwise", latex=r"\tanh\left({x}\right)", floating=True, closed=True)
def tanh(xp: Namespace, x: Array) -> Array:
    """Hyperbolic tangent of each element.

    >>> tg.tanh(tg.Tensor([0.0, 1000.0]))
    Tensor([0., 1.], shape=(2,), dtype=float32)
    """
    return xp.tanh(x)


@tanh.pullback("x")
def tanh_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g * (1 - y * y)


@primitive(
    "elementwise", latex=r"\operatorname{{arsinh}}\left({x}\right)", floating=True, closed=True
)
def asinh(xp: Namespace, x: Array) -> Array:
    """Inverse hyperbolic sine of each element.

    >>> tg.asinh(tg.Tensor([0.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """
    return xp.asinh(x)


@asinh.pullback("x")
def asinh_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    if x.dtype.kind != "c":
        return g / xp.hypot(x, 1)
    return g / xp.cosh(xp.asinh(x))  # a root of 1 + x * x would not know the side of a branch cut


@primitive(
    "elementwise", latex=r"\operatorname{{arcosh}}\left({x}\right)", floating=True, closed=True
)
def acosh(xp: Namespace, x: Array) -> Array:
    """Inverse hyperbolic cosine of each element; NaN below 1, where its derivative is infinite.

    >>> tg.acosh(tg.Tensor([1.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """
    return xp.acosh(x)


@acosh.pullback("x")
def acosh_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    # Two roots rather than one: no overflow, and the right branch for complex numbers. There a
    # zero has its sign, which x + 1 loses.
    other = x - -1 if x.dtype.kind == "c" else x + 1
    return g / (xp.sqrt(x - 1) * xp.sqrt(other))


@primitive(
    "elementwise", latex=r"\operatorname{{artanh}}\left({x}\right)", floating=True, closed=True
)
def atanh(xp: Namespace, x: Array) -> Array:
    """Inverse hyperbolic tangent of each element; NaN beyond -1 and 1.

    At -1 and 1 value and derivative are infinite, and further derivatives infinite or NaN.

    >>> tg.atanh(tg.Tensor([0.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """
    return xp.atanh(x)


@atanh.pullback("x")
def atanh_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g / ((1 - x) * (1 + x))
