"""Elementwise cards: arithmetic, functions of one variable, choice.

Operands are broadcast against each other as in NumPy and meet in one dtype; the engine sums
gradients over broadcast axes, so rules here never think about shapes. Comparisons and logic are in
``comparison``.
"""

from __future__ import annotations

from typing import Any

from ..backend import Array, Namespace
from ..cards import primitive
from ..engine import SCALARS

# Arithmetic ------------------------------------------------------------------------------------


@primitive(
    "elementwise",
    python="{x1:sum} + {x2:product}",
    latex="{x1:sum} + {x2:product}",
    precedence="sum",
    closed=True,
)
def add(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Sum of two tensors, element by element.

    >>> tg.add(tg.Tensor([1.0, 2.0]), 3)
    Tensor([4., 5.], shape=(2,), dtype=float32)
    """
    return x1 + x2


@add.pullback("x1", "x2")
def add_pull(xp: Namespace, g: Array) -> Array:
    return g


@primitive(
    "elementwise",
    python="{x1:sum} - {x2:product}",
    latex="{x1:sum} - {x2:product}",
    precedence="sum",
    closed=True,
)
def subtract(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Difference of two tensors, element by element.

    >>> tg.subtract(tg.Tensor([1.0, 2.0]), 3)
    Tensor([-2., -1.], shape=(2,), dtype=float32)
    """
    return x1 - x2


@subtract.pullback("x1")
def subtract_pull_x1(xp: Namespace, g: Array) -> Array:
    return g


@subtract.pullback("x2")
def subtract_pull_x2(xp: Namespace, g: Array) -> Array:
    return -g


@primitive(
    "elementwise",
    python="{x1:product} * {x2:unary}",
    latex=r"{x1:product} \odot {x2:unary}",
    precedence="product",
    closed=True,
)
def multiply(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Product of two tensors, element by element.

    >>> tg.multiply(tg.Tensor([1.0, 2.0]), 3)
    Tensor([3., 6.], shape=(2,), dtype=float32)
    """
    return x1 * x2


@multiply.pullback("x1")
def multiply_pull_x1(xp: Namespace, g: Array, x2: Array) -> Array:
    return g * x2


@multiply.pullback("x2")
def multiply_pull_x2(xp: Namespace, g: Array, x1: Array) -> Array:
    return g * x1


@primitive(
    "elementwise",
    python="{x1:product} / {x2:unary}",
    latex=r"\frac{{{x1}}}{{{x2}}}",
    precedence="product",
    floating=True,
    closed=True,
)
def divide(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Quotient of two tensors, element by element; of integers too it is a float.

    >>> tg.divide(tg.Tensor([1.0, 2.0]), 4)
    Tensor([0.25, 0.5 ], shape=(2,), dtype=float32)
    """
    return x1 / x2


@divide.pullback("x1")
def divide_pull_x1(xp: Namespace, g: Array, x2: Array) -> Array:
    return g / x2


@divide.pullback("x2")
def divide_pull_x2(xp: Namespace, g: Array, y: Array, x2: Array) -> Array:
    return -g * y / x2


@primitive(
    "elementwise",
    python="{base:call} ** {exponent:power}",
    latex="{base:call}^{{{exponent}}}",
    precedence="power",
    lifted=("base",),
)
def pow(xp: Namespace, base: Array, exponent: Array) -> Array:  # noqa: A001  # the standard's name
    """``base`` to the power ``exponent``, element by element.

    The derivative of ``x ** 0`` is 0 everywhere, and at base 0 the derivative with respect to the
    exponent is 0 (its limit from above for positive exponents).

    >>> tg.pow(tg.Tensor([1.0, 2.0, 3.0]), 2)
    Tensor([1., 4., 9.], shape=(3,), dtype=float32)
    """
    if isinstance(exponent, int) and exponent < 0 and base.dtype.kind in "iu":
        raise TypeError("integers have no negative integer powers; cast the base to a float")
    return base**exponent


@pow.pullback("base")
def pow_pull_base(xp: Namespace, g: Array, base: Array, exponent: Array) -> Array:
    if isinstance(exponent, SCALARS):
        if exponent == 0:
            return xp.zeros(g.shape, dtype=g.dtype)
        return g * exponent * (base if exponent == 2 else base ** (exponent - 1))
    # Where the exponent is 0, base ** -1 may be infinite; the product has to be 0 all the same.
    reduced = xp.where(exponent == 0, 1, exponent - 1)
    return g * exponent * base**reduced


@pow.pullback("exponent")
def pow_pull_exponent(xp: Namespace, g: Array, y: Array, base: Array) -> Array:
    return g * y * xp.log(xp.where(base == 0, 1, base))


@primitive("elementwise", python="-{x:unary}", latex="-{x:unary}", precedence="unary", closed=True)
def negative(xp: Namespace, x: Array) -> Array:
    """Each element with the opposite sign.

    >>> tg.negative(tg.Tensor([1.0, -2.0]))
    Tensor([-1.,  2.], shape=(2,), dtype=float32)
    """
    return -x


@negative.pullback("x")
def negative_pull_x(xp: Namespace, g: Array) -> Array:
    return -g


@primitive("elementwise", latex=r"\left\lvert {x} \right\rvert")
def abs(xp: Namespace, x: Array) -> Array:  # noqa: A001  # the standard's name
    """Absolute value of each element, real also for complex ones; its derivative at 0 is 0.

    >>> tg.abs(tg.Tensor([1.0, -2.0, 3 + 4j]))
    Tensor([1., 2., 5.], shape=(3,), dtype=float32)
    """
    return xp.abs(x)


@abs.pullback("x")
def abs_pull_x(xp: Namespace, g: Array, x: Array, y: Array) -> Array:
    if x.dtype.kind == "c":
        return xp.where(y == 0, 0, g * xp.conj(x) / xp.where(y == 0, 1, y))
    return xp.where(x > 0, g, xp.where(x < 0, -g, 0))


# Functions of one variable ---------------------------------------------------------------------


@primitive("elementwise", latex=r"\exp\left({x}\right)", floating=True, closed=True)
def exp(xp: Namespace, x: Array) -> Array:
    """Exponential of each element.

    >>> tg.exp(tg.Tensor([0.0, -1000.0]))
    Tensor([1., 0.], shape=(2,), dtype=float32)
    """
    return xp.exp(x)


@exp.pullback("x")
def exp_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g * y


@primitive("elementwise", latex=r"\log\left({x}\right)", floating=True, closed=True)
def log(xp: Namespace, x: Array) -> Array:
    """Natural logarithm of each element.

    >>> tg.log(tg.Tensor([1.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """
    return xp.log(x)


@log.pullback("x")
def log_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g / x


@primitive("elementwise", latex=r"\sqrt{{{x}}}", floating=True, closed=True)
def sqrt(xp: Namespace, x: Array) -> Array:
    """Square root of each element.

    >>> tg.sqrt(tg.Tensor([4.0, 9.0]))
    Tensor([2., 3.], shape=(2,), dtype=float32)
    """
    return xp.sqrt(x)


@sqrt.pullback("x")
def sqrt_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g / (2 * y)


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


@primitive("elementwise", latex=r"\sigma\left({x}\right)", floating=True, closed=True)
def sigmoid(xp: Namespace, x: Array) -> Array:
    """Logistic function 1 / (1 + exp(-x)) of each element; never overflows for real ones.

    >>> tg.sigmoid(tg.Tensor([-1000.0, 0.0, 1000.0]))
    Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float32)
    """
    if x.dtype.kind == "c":
        return 1 / (1 + xp.exp(-x))
    small = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1, small) / (1 + small)


@sigmoid.pullback("x")
def sigmoid_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g * (y * (1 - y))


@primitive("elementwise")
def relu(xp: Namespace, x: Array) -> Array:
    """Rectified linear unit: x where it is positive and 0 elsewhere; its derivative at 0 is 0.

    >>> tg.relu(tg.Tensor([-1.0, 2.0]))
    Tensor([0., 2.], shape=(2,), dtype=float32)
    """
    return xp.maximum(x, 0)


@relu.pullback("x")
def relu_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return xp.where(y > 0, g, 0)


# Choice ----------------------------------------------------------------------------------------


@primitive("elementwise", latex=r"\max\left({x1}, {x2}\right)")
def maximum(xp: Namespace, x1: Array, x2: Array) -> Array:
    """The larger of two tensors, element by element; at ties the gradient is shared evenly.

    >>> tg.maximum(tg.Tensor([-1.0, 2.0]), 0)
    Tensor([0., 2.], shape=(2,), dtype=float32)
    """
    return xp.maximum(x1, x2)


@maximum.pullback("x1")
def maximum_pull_x1(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    return xp.where(x1 > x2, g, xp.where(x1 == x2, g / 2, 0))


@maximum.pullback("x2")
def maximum_pull_x2(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    return xp.where(x2 > x1, g, xp.where(x1 == x2, g / 2, 0))


def _is_zero(value: Any) -> bool:
    literal = getattr(value, "literal", value)
    return isinstance(literal, int | float) and literal == 0


def where_python(condition: Any, x1: Any, x2: Any) -> str:
    if _is_zero(x2):
        return "{x1:product} * {condition:unary}"
    return "where({condition}, {x1}, {x2})"


def where_latex(condition: Any, x1: Any, x2: Any) -> str:
    if _is_zero(x2):
        return r"{x1:product} \odot \left[{condition}\right]"
    return r"\operatorname{{where}}\left({condition}, {x1}, {x2}\right)"


@primitive(
    "elementwise",
    python=where_python,
    latex=where_latex,
    precedence="product",
    constant=("condition",),
    apart=("condition",),
)
def where(xp: Namespace, condition: Array, x1: Array, x2: Array) -> Array:
    """``x1`` where the condition holds and ``x2`` elsewhere.

    >>> tg.where(tg.Tensor([True, False]), tg.Tensor([1.0, 2.0]), 0)
    Tensor([1., 0.], shape=(2,), dtype=float32)
    """
    return xp.where(condition, x1, x2)


@where.pullback("x1")
def where_pull_x1(xp: Namespace, g: Array, condition: Array) -> Array:
    return xp.where(condition, g, 0)


@where.pullback("x2")
def where_pull_x2(xp: Namespace, g: Array, condition: Array) -> Array:
    return xp.where(condition, 0, g)
