r"""Activation cards: the functions between the layers of networks.

All but ``sigmoid`` are for real numbers. None overflows: at infinities, too, values are limits, and
derivatives are free of NaN. Exponentials are therefore taken of numbers up to 0 alone: with
``a = exp(min(x, 0))`` and ``b = exp(-max(x, 0))``, of which the larger is 1, ``exp(x)`` is
``a / b`` and the sigmoid ``a / (a + b)``, exact to rounding at both ends. Derivatives of that text
at 0 are right as well: there both extrema have the derivative 1/2, so that a and b vary as
``exp(x / 2)`` and ``exp(-x / 2)``, and their quotient as it should.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend import Array, Namespace
from ..cards import primitive
from ..errors import ArgumentError
from .arguments import plain_flag, plain_number, refuse_complex
from .arithmetic import limited
from .notation import applied, latex_call, python_call

#: That far from 0 exponentials have become 0 in every dtype, and float16 still has room for it. It
#: stands for infinity where an infinite factor would meet such a 0.
FAR = 20000.0

#: The same for the normal density, where room is needed for the square, and for what approximates
#: it, where room is needed for the cube.
NEAR, ROUGHLY_NEAR = 200.0, 10.0


def exponentials(xp: Namespace, x: Array) -> tuple[Array, Array]:
    """``a`` and ``b`` with ``a / b == exp(x)``, both from 0 to 1, as the module docstring says."""
    return xp.exp(xp.minimum(x, 0)), xp.exp(-xp.maximum(x, 0))


# Rectifiers ------------------------------------------------------------------------------------


@primitive("elementwise")
def relu(xp: Namespace, x: Array) -> Array:
    """Rectified linear unit: x where it is positive and 0 elsewhere; its derivative at 0 is 0.

    >>> tg.relu(tg.Tensor([-1.0, 2.0]))
    Tensor([0., 2.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    return xp.maximum(x, 0)


@relu.pullback("x")
def relu_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return xp.where(xp.greater(y, 0), g, 0)


def leaky_relu_python(x: Any, slope: float) -> str:
    return "leaky_relu({x})" if slope == 0.01 else "leaky_relu({x}, {slope})"


def plain_slope(name: str, value: Any) -> float:
    """Check the slope of a leaky rectifier."""
    slope = plain_number(name, "slope", value)
    if not 0 <= slope <= 1:
        raise ArgumentError(f"{name}: slope must be from 0 to 1, got {value!r}")
    return slope


@primitive(
    "elementwise",
    floating=True,
    closed=True,
    python=leaky_relu_python,
    latex=latex_call("leaky_relu", slope=0.01),
)
def leaky_relu(xp: Namespace, x: Array, slope: float = 0.01) -> Array:
    """Each element where it is positive, and ``slope`` times it elsewhere.

    The derivative at 0 is ``slope``, that from below. Source: Maas et al., "Rectifier
    nonlinearities improve neural network acoustic models", ICML 2013.

    Args:
        x: real numbers.
        slope: a number from 0 to 1.

    Raises:
        ArgumentError: a slope outside that range.
        DTypeError: complex numbers, a slope that is no number.

    >>> tg.leaky_relu(tg.Tensor([-1.0, 2.0]), 0.5)
    Tensor([-0.5,  2. ], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    slope = plain_slope("leaky_relu", slope)
    return xp.maximum(x, slope * x if slope else 0)


@leaky_relu.pullback("x")
def leaky_relu_pull_x(xp: Namespace, g: Array, y: Array, slope: float) -> Array:
    return xp.where(y > 0, g, float(slope) * g)


def hardtanh_python(x: Any, min: float, max: float) -> str:  # noqa: A002  # the card's names
    return "hardtanh({x})" if (min, max) == (-1, 1) else "hardtanh({x}, {min}, {max})"


def hardtanh_latex(x: Any, min: float, max: float) -> str:  # noqa: A002  # the card's names
    shown = [] if (min, max) == (-1, 1) else [r"\left[{min}, {max}\right]"]
    return applied("hardtanh", "{x}", *shown)


def plain_bounds(name: str, low: Any, high: Any) -> tuple[float, float]:
    """Check two bounds."""
    least, most = plain_number(name, "min", low), plain_number(name, "max", high)
    if least >= most:
        raise ArgumentError(f"{name}: min must be less than max, got {low!r} and {high!r}")
    return least, most


@primitive("elementwise", floating=True, closed=True, python=hardtanh_python, latex=hardtanh_latex)
def hardtanh(
    xp: Namespace,
    x: Array,
    min: float = -1.0,  # noqa: A002  # as in clip
    max: float = 1.0,  # noqa: A002  # as in clip
) -> Array:
    """Each element, but held between two bounds, on which the derivative is 1, as within them.

    Args:
        x: real numbers.
        min, max: numbers, the first less than the second.

    Raises:
        ArgumentError: bounds in the wrong order.
        DTypeError: complex numbers, bounds that are no numbers.

    >>> tg.hardtanh(tg.Tensor([-3.0, 0.5, 3.0]))
    Tensor([-1. ,  0.5,  1. ], shape=(3,), dtype=float32)
    """
    refuse_complex(x)
    least, most = plain_bounds("hardtanh", min, max)
    return xp.minimum(xp.maximum(x, least), most)


@hardtanh.pullback("x")
def hardtanh_pull_x(xp: Namespace, g: Array, x: Array, y: Array) -> Array:
    return xp.where(x == y, g, 0)


# The sigmoid and its like ----------------------------------------------------------------------


@primitive("elementwise", latex=r"\sigma\left({x}\right)", floating=True, closed=True)
def sigmoid(xp: Namespace, x: Array) -> Array:
    """Logistic function 1 / (1 + exp(-x)) of each element; never overflows for real ones.

    >>> tg.sigmoid(tg.Tensor([-1000.0, 0.0, 1000.0]))
    Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float32)
    """
    if x.dtype.kind == "c":
        return 1 / (1 + xp.exp(-x))
    a, b = exponentials(xp, x)
    return a / (a + b)


@sigmoid.pullback("x")
def sigmoid_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g * (y * (1 - y))


@primitive(
    "elementwise",
    latex=r"\log \sigma\left({x}\right)",
    precedence="operator",
    floating=True,
    closed=True,
)
def logsigmoid(xp: Namespace, x: Array) -> Array:
    """Logarithm of the sigmoid of real numbers, without the underflow of ``log(sigmoid(x))``.

    >>> tg.logsigmoid(tg.Tensor([-1000.0, 1000.0]))
    Tensor([-1000.,     0.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))


@logsigmoid.pullback("x")
def logsigmoid_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g * -xp.expm1(y)  # 1 - sigmoid(x)


def softplus_of(xp: Namespace, x: Array) -> Array:
    """``log(1 + exp(x))``, without overflow and exact to rounding on both sides."""
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


@primitive("elementwise", floating=True, closed=True)
def softplus(xp: Namespace, x: Array) -> Array:
    """``log(1 + exp(x))`` of real numbers, a smooth ``relu``; its derivative is the sigmoid.

    >>> tg.softplus(tg.Tensor([-1000.0, 1000.0]))
    Tensor([   0., 1000.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    return softplus_of(xp, x)


@softplus.pullback("x")
def softplus_pull_x(xp: Namespace, g: Array, y: Array) -> Array:
    return g * -xp.expm1(-y)  # 1 - 1 / (1 + exp(x))


# Gated by themselves: x times something from 0 to 1 --------------------------------------------


@primitive("elementwise", floating=True, closed=True)
def silu(xp: Namespace, x: Array) -> Array:
    """``x * sigmoid(x)`` of real numbers, the sigmoid linear unit, also called swish.

    Source: Elfwing et al., "Sigmoid-weighted linear units", Neural Networks 107, 2018.

    >>> tg.silu(tg.Tensor([-1000.0, 0.0, 1000.0]))
    Tensor([  -0.,    0., 1000.], shape=(3,), dtype=float32)
    """
    refuse_complex(x)
    x = xp.maximum(x, -FAR)
    a, b = exponentials(xp, x)
    return x * (a / (a + b))


@silu.pullback("x")
def silu_pull_x(xp: Namespace, g: Array, x: Array, y: Array) -> Array:
    # s + x s (1 - s) with s = a / (a + b) and x s = y
    a, b = exponentials(xp, x)
    return g * ((a + xp.minimum(y, FAR) * b) / (a + b))


@primitive("elementwise", floating=True, closed=True)
def mish(xp: Namespace, x: Array) -> Array:
    """``x * tanh(softplus(x))`` of real numbers.

    Source: Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.

    >>> tg.mish(tg.Tensor([-1000.0, 0.0, 1000.0]))
    Tensor([  -0.,    0., 1000.], shape=(3,), dtype=float32)
    """
    refuse_complex(x)
    x = xp.maximum(x, -FAR)
    a, b = exponentials(xp, x)
    gate = a * (a + 2 * b)  # tanh(log(1 + a / b)) is gate / (gate + 2 b b)
    return x * (gate / (gate + 2 * b * b))


@mish.pullback("x")
def mish_pull_x(xp: Namespace, g: Array, x: Array, y: Array) -> Array:
    # The gate w = m / (m + n) has the derivative 2 m n (a + b) / ((m + n)^2 (a + 2 b)); x w = y.
    a, b = exponentials(xp, x)
    wide = a + 2 * b
    m, n = a * wide, 2 * b * b
    return g * ((m + xp.minimum(y, FAR) * (2 * n * (a + b) / wide)) / (m + n))


def gelu_latex(x: Any, approximate: bool) -> str:
    return applied("gelu", "{x}", *([r"\tanh"] if approximate else []))


_CUBE, _ROOT, _HALF = 0.044715, math.sqrt(2 / math.pi), math.sqrt(1 / 2)


@primitive(
    "elementwise",
    floating=True,
    closed=True,
    python=python_call("gelu", approximate=False),
    latex=gelu_latex,
)
def gelu(xp: Namespace, x: Array, *, approximate: bool = False) -> Array:
    """Gaussian error linear unit: x times the normal distribution function of x.

    Source: Hendrycks and Gimpel, "Gaussian error linear units", arXiv:1606.08415, 2016.

    Args:
        x: real numbers.
        approximate: use the paper's approximation by tanh, off by up to 5e-4, for models that were
            trained with it.

    Raises:
        DTypeError: complex numbers, ``approximate`` that is neither True nor False.

    >>> tg.gelu(tg.Tensor([-1000.0, 0.0, 1000.0]))
    Tensor([  -0.,    0., 1000.], shape=(3,), dtype=float32)
    """
    refuse_complex(x)
    rough = plain_flag("gelu", "approximate", approximate)
    near = limited(xp, x, ROUGHLY_NEAR if rough else NEAR)
    gate = xp.tanh(_ROOT * near * (1 + _CUBE * near * near)) if rough else xp.erf(_HALF * near)
    return xp.maximum(x, -NEAR) * (0.5 + 0.5 * gate)


@gelu.pullback("x")
def gelu_pull_x(xp: Namespace, g: Array, x: Array, approximate: bool) -> Array:
    near = limited(xp, x, ROUGHLY_NEAR if approximate else NEAR)
    square = near * near
    if approximate:
        gate = xp.tanh(_ROOT * near * (1 + _CUBE * square))
        density = (1 - gate * gate) * (0.5 * _ROOT * (1 + 3 * _CUBE * square))
    else:
        gate = xp.erf(_HALF * near)
        density = xp.exp(-0.5 * square) * (0.5 * _ROOT)
    return g * (0.5 + 0.5 * gate + near * density)


# Exponential below 0 ---------------------------------------------------------------------------


def elu_python(x: Any, alpha: float) -> str:
    return "elu({x})" if alpha == 1 else "elu({x}, {alpha})"


def plain_alpha(name: str, value: Any) -> float:
    """Check the scale of an exponential linear unit."""
    alpha = plain_number(name, "alpha", value)
    if alpha < 0:
        raise ArgumentError(f"{name}: alpha must be at least 0, got {value!r}")
    return alpha


@primitive(
    "elementwise",
    floating=True,
    closed=True,
    python=elu_python,
    latex=latex_call("elu", alpha=1),
)
def elu(xp: Namespace, x: Array, alpha: float = 1.0) -> Array:
    """Each element where it is positive and ``alpha * (exp(x) - 1)`` elsewhere.

    The derivative at 0 is ``alpha``, that from below. Further ones there are from below too, unless
    ``alpha`` is 1: then the second, which jumps from 1 to 0, is 1/2. Source: Clevert et al., "Fast
    and accurate deep network learning by exponential linear units", ICLR 2016.

    Args:
        x: real numbers.
        alpha: a number of at least 0.

    Raises:
        ArgumentError: a negative ``alpha``.
        DTypeError: complex numbers, ``alpha`` that is no number.

    >>> tg.elu(tg.Tensor([-1000.0, 2.0]))
    Tensor([-1.,  2.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    below = plain_alpha("elu", alpha) * xp.expm1(xp.minimum(x, 0))
    return xp.maximum(x, 0) + below


@elu.pullback("x")
def elu_pull_x(xp: Namespace, g: Array, y: Array, alpha: float) -> Array:
    if alpha == 1:  # the same without a choice, which costs more than all else here
        return g * (xp.minimum(y, 0) + 1)
    return g * xp.where(y > 0, 1, y + float(alpha))
