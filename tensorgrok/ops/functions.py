r"""Cards of powers, roots, exponentials and logarithms, element by element.

Where values or derivatives are infinite, as the logarithm of 0 or the derivative of a root at 0,
they are ``inf`` and NumPy warns of a division by zero. Such a derivative times a cotangent of 0 is
NaN, so guard the argument where that may happen: ``where(x > 0, sqrt(where(x > 0, x, 1)), 0)``.

``sin`` and its kin are in ``trigonometry``.
"""

from __future__ import annotations

import math

from ..backend import Array, Namespace
from ..cards import primitive
from .arguments import refuse_complex, refuse_complex_operands
from .arithmetic import limited
from .elementwise import where_above

LOG_2, LOG_10 = math.log(2), math.log(10)
ERF_SLOPE = 2 / math.sqrt(math.pi)

# Powers and roots ------------------------------------------------------------------------------


@primitive("elementwise", latex="{x:call}^{{2}}", precedence="power")
def square(xp: Namespace, x: Array) -> Array:
    """Each element times itself.

    >>> tg.square(tg.Tensor([1.0, -2.0]))
    Tensor([1., 4.], shape=(2,), dtype=float32)
    """
    return xp.square(x)


@square.pullback("x")
def square_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return 2 * g * x


@primitive("elementwise", latex=r"\sqrt{{{x}}}", floating=True, closed=True)
def sqrt(xp: Namespace, x: Array) -> Array:
    """Square root of each element; NaN for negative ones. At 0 its derivative is infinite.

    >>> tg.sqrt(tg.Tensor([4.0, 9.0]))
    Tensor([2., 3.], shape=(2,), dtype=float32)
    """
    return xp.sqrt(x)


@sqrt.pullback("x")
def sqrt_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g / (2 * y)


@primitive(
    "elementwise", latex=r"\frac{{1}}{{{x}}}", precedence="power", floating=True, closed=True
)
def reciprocal(xp: Namespace, x: Array) -> Array:
    """One divided by each element; of integers too it is a float.

    >>> tg.reciprocal(tg.Tensor([2.0, 4.0]))
    Tensor([0.5 , 0.25], shape=(2,), dtype=float32)
    """
    return xp.reciprocal(x)


@reciprocal.pullback("x")
def reciprocal_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return -g * y * y


@primitive(
    "elementwise",
    latex=r"\sqrt{{{x1:call}^{{2}} + {x2:call}^{{2}}}}",
    floating=True,
    closed=True,
    lifted=("x1", "x2"),
)
def hypot(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Root of the sum of two squares, element by element; it overflows only where the result does.

    At the origin, where there is no derivative, it is taken to be 0. Real numbers only.

    >>> tg.hypot(tg.Tensor([3.0, 1e30]), tg.Tensor([4.0, 0.0]))
    Tensor([5.e+00, 1.e+30], shape=(2,), dtype=float32)
    """
    refuse_complex_operands(x1, x2)
    return xp.hypot(x1, x2)


def part_of(xp: Namespace, x: Array, y: Array) -> Array:
    """``x / y`` for ``y = hypot(x, ...)``: 0 where y is 0, and 1 or -1 where x is infinite."""
    infinite = xp.isinf(x)
    part = xp.where(infinite, xp.sign(x), xp.where(y == 0, 0, x))
    return part / xp.where(xp.logical_or(infinite, y == 0), 1, y)


@hypot.pullback("x1")
def hypot_pull_x1(xp: Namespace, g: Array, y: Array, x1: Array) -> Array:
    return g * part_of(xp, x1, y)


@hypot.pullback("x2")
def hypot_pull_x2(xp: Namespace, g: Array, y: Array, x2: Array) -> Array:
    return g * part_of(xp, x2, y)


# Exponentials ----------------------------------------------------------------------------------


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


@primitive("elementwise", floating=True, closed=True)
def expm1(xp: Namespace, x: Array) -> Array:
    """Exponential of each element minus 1, exact also near 0.

    >>> tg.expm1(tg.Tensor([0.0, 1e-20]))
    Tensor([0.e+00, 1.e-20], shape=(2,), dtype=float32)
    """
    return xp.expm1(x)


@expm1.pullback("x")
def expm1_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g * xp.exp(x)  # y + 1 would have lost it where it is small


@primitive("elementwise", floating=True, closed=True)
def erf(xp: Namespace, x: Array) -> Array:
    """Error function of each element: the chance that a draw from N(0, 1/2) lies within -x and x.

    Real numbers only. Source: Abramowitz and Stegun, 7.1.1.

    >>> tg.erf(tg.Tensor([0.0, 10.0]))
    Tensor([0., 1.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    return xp.erf(x)


@erf.pullback("x")
def erf_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    near = limited(xp, x, 30)  # squares of larger ones might overflow
    return g * (ERF_SLOPE * xp.exp(-xp.square(near)))


# Logarithms ------------------------------------------------------------------------------------


@primitive("elementwise", latex=r"\log\left({x}\right)", floating=True, closed=True)
def log(xp: Namespace, x: Array) -> Array:
    """Natural logarithm of each element; -inf for 0, NaN for negative ones.

    >>> tg.log(tg.Tensor([1.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """
    return xp.log(x)


@log.pullback("x")
def log_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g / x


@primitive("elementwise", latex=r"\log\left(1 + {x:sum}\right)", floating=True, closed=True)
def log1p(xp: Namespace, x: Array) -> Array:
    """Natural logarithm of 1 plus each element, exact also near 0.

    >>> tg.log1p(tg.Tensor([0.0, 1e-20]))
    Tensor([0.e+00, 1.e-20], shape=(2,), dtype=float32)
    """
    return xp.log1p(x)


@log1p.pullback("x")
def log1p_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g / (1 + x)


@primitive("elementwise", latex=r"\log_{{2}}\left({x}\right)", floating=True, closed=True)
def log2(xp: Namespace, x: Array) -> Array:
    """Logarithm to base 2 of each element.

    >>> tg.log2(tg.Tensor([1.0, 8.0]))
    Tensor([0., 3.], shape=(2,), dtype=float32)
    """
    return xp.log2(x)


@log2.pullback("x")
def log2_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g / (x * LOG_2)


@primitive("elementwise", latex=r"\log_{{10}}\left({x}\right)", floating=True, closed=True)
def log10(xp: Namespace, x: Array) -> Array:
    """Logarithm to base 10 of each element.

    >>> tg.log10(tg.Tensor([1.0, 10.0]))
    Tensor([0., 1.], shape=(2,), dtype=float32)
    """
    return xp.log10(x)


@log10.pullback("x")
def log10_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
    return g / (x * LOG_10)


@primitive(
    "elementwise",
    latex=r"\log\left(e^{{{x1}}} + e^{{{x2}}}\right)",
    floating=True,
    closed=True,
    lifted=("x1", "x2"),
)
def logaddexp(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Logarithm of the sum of two exponentials, element by element, which never overflow.

    Infinite results are those of ``maximum``, and so are their gradients: of two that are both
    -inf, or both inf, each has half. Real numbers only.

    >>> tg.logaddexp(tg.Tensor([1000.0, 5.0]), tg.Tensor([1.0, -float("inf")]))
    Tensor([1000.,    5.], shape=(2,), dtype=float32)
    """
    refuse_complex_operands(x1, x2)
    return xp.logaddexp(x1, x2)


def _share_of(xp: Namespace, g: Array, x: Array, other: Array) -> Array:
    """What of ``g`` belongs to ``x``: as much as its exponential has in the sum of both."""
    infinite = xp.isinf(xp.maximum(x, other))
    one, two = xp.where(infinite, 0, x), xp.where(infinite, 0, other)
    top = xp.maximum(one, two)  # rather than y, which is rounded where the sum is large
    one, two = xp.exp(one - top), xp.exp(two - top)
    return xp.where(infinite, where_above(xp, g, x, other), g * one / (one + two))


@logaddexp.pullback("x1")
def logaddexp_pull_x1(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    return _share_of(xp, g, x1, x2)


@logaddexp.pullback("x2")
def logaddexp_pull_x2(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    return _share_of(xp, g, x2, x1)
