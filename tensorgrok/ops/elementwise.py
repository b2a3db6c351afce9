"""Elementwise cards: arithmetic and choice.

Operands are broadcast against each other as in NumPy and meet in one dtype; the engine sums
gradients over broadcast axes, so rules here never think about shapes. More elementwise cards are in
``functions``, ``trigonometry``, ``rounding``, ``activations``, ``comparison`` and ``conversion``.
"""

from __future__ import annotations

from typing import Any

from ..backend import Array, Namespace
from ..cards import operation, primitive
from ..engine import SCALARS
from ..tensor import Tensor
from .arguments import as_tensor, refuse_complex
from .arrangement import reshape

# Arithmetic ------------------------------------------------------------------------------------


@primitive(
    "elementwise",
    python="{x1:sum} + {x2:product}",
    latex="{x1:sum} + {x2:operator}",
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
    latex="{x1:sum} - {x2:operator}",
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


def _is_number(value: Any) -> bool:
    return getattr(value, "ndim", 0) == 0


def multiply_latex(x1: Any, x2: Any) -> str:
    r"""An elementwise product; a number stands before what it scales, or after a ``\cdot``."""
    if _is_number(x1):
        return "{x1:product} {x2:power}"
    return (
        r"{x1:product} \cdot {x2:power}" if _is_number(x2) else r"{x1:hadamard} \odot {x2:product}"
    )


@primitive(
    "elementwise",
    python="{x1:product} * {x2:unary}",
    latex=multiply_latex,
    precedence="hadamard",
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
    precedence="power",
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

    The derivative of ``x ** 0`` is 0, also at base 0 and where the base is not finite; where the
    exponent is a tensor, not at bases so near to 0 that ``1 / base`` overflows (NaN). Where the
    base or the power is 0 the derivative with respect to the exponent is 0: its limit for positive
    exponents at base 0, and for negative ones at an infinite base.

    Raises:
        DTypeError: negative powers of integers.

    >>> tg.pow(tg.Tensor([1.0, 2.0, 3.0]), 2)
    Tensor([1., 4., 9.], shape=(3,), dtype=float32)
    """
    whole = base.dtype.kind in "iu"
    try:
        if not (whole and isinstance(exponent, int) and exponent < 0):
            return base**exponent
    except ValueError as error:
        if not whole or "power" not in str(error):  # then it is about shapes
            raise
    raise TypeError("integers have no negative integer powers; cast the base to a float")


@pow.pullback("base")
def pow_pull_base(xp: Namespace, g: Array, base: Array, exponent: Array) -> Array:
    if isinstance(exponent, SCALARS):
        if exponent == 0:
            return xp.zeros(g.shape, dtype=g.dtype)
        return g * exponent * (base if exponent == 2 else base ** (exponent - 1))
    # Where the exponent is 0, base ** -1 may not be finite; the product has to be 0 all the same.
    extreme = xp.logical_or(base == 0, xp.logical_not(xp.isfinite(base)))
    constant = xp.logical_and(exponent == 0, extreme)
    return g * xp.where(constant, 0, exponent) * xp.where(constant, 1, base) ** (exponent - 1)


@pow.pullback("exponent")
def pow_pull_exponent(xp: Namespace, g: Array, y: Array, base: Array) -> Array:
    zero = xp.logical_or(base == 0, y == 0)
    return g * xp.where(zero, 0, y) * xp.log(xp.where(zero, 1, base))


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


# Choice ----------------------------------------------------------------------------------------


@primitive("elementwise", latex=r"\max\left({x1}, {x2}\right)")
def maximum(xp: Namespace, x1: Array, x2: Array) -> Array:
    """The larger of two tensors, element by element; at ties the gradient is shared evenly.

    Where one of them is NaN so is the result, and the gradient is 0. Real numbers only.

    >>> tg.maximum(tg.Tensor([-1.0, 2.0]), 0)
    Tensor([0., 2.], shape=(2,), dtype=float32)
    """
    y = xp.maximum(x1, x2)
    refuse_complex(y)
    return y


@primitive("elementwise", latex=r"\min\left({x1}, {x2}\right)")
def minimum(xp: Namespace, x1: Array, x2: Array) -> Array:
    """The smaller of two tensors, element by element; at ties the gradient is shared evenly.

    Where one of them is NaN so is the result, and the gradient is 0. Real numbers only.

    >>> tg.minimum(tg.Tensor([-1.0, 2.0]), 0)
    Tensor([-1.,  0.], shape=(2,), dtype=float32)
    """
    y = xp.minimum(x1, x2)
    refuse_complex(y)
    return y


def where_above(xp: Namespace, g: Array, x: Array, other: Array) -> Array:
    """``g`` where ``x`` is above the other, half of it where they tie, and 0 elsewhere."""
    return xp.where(x > other, g, xp.where(x == other, g / 2, 0))


@maximum.pullback("x1")
@minimum.pullback("x2")
def above_pull(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    return where_above(xp, g, x1, x2)


@maximum.pullback("x2")
@minimum.pullback("x1")
def below_pull(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    return where_above(xp, g, x2, x1)


@operation
def clip(x: Any, min: Any = None, max: Any = None) -> Tensor:  # noqa: A002  # the standard's names
    """The elements kept between two bounds: those below ``min`` become ``min``, and so on.

    The gradient is that of ``x`` between the bounds and on them, and elsewhere that of the bound
    which took its place. Where ``min`` is above ``max`` the result is ``max``. NaN stays NaN, with
    gradient 0. Bounds of integers must fit the dtype of the tensor: -1 is no bound for uint8.

    Args:
        x: the tensor, of real numbers.
        min: lower bound, a number or a tensor that is broadcast against ``x``; None for none.
        max: upper bound, likewise.

    >>> tg.clip(tg.Tensor([-3.0, 0.5, 3.0]), -1, 1)
    Tensor([-1. ,  0.5,  1. ], shape=(3,), dtype=float32)
    """
    if min is not None and max is not None:
        return clip_between(x, min, max)
    if min is not None:
        return clip_below(x, min)
    if max is not None:
        return clip_above(x, max)
    tensor = as_tensor("clip", x)
    return reshape(tensor, tensor.shape)


@primitive(
    "elementwise",
    public=False,
    title="clip",
    python="clip({x}, {lower}, {upper})",
    latex=r"\operatorname{{clip}}\left({x}, {lower}, {upper}\right)",
    lifted=("x",),
)
def clip_between(xp: Namespace, x: Array, lower: Array, upper: Array) -> Array:
    """The card behind ``clip`` with both bounds."""
    y = xp.minimum(xp.maximum(x, lower), upper)
    refuse_complex(y)
    return y


@clip_between.pullback("x")
def clip_between_pull_x(xp: Namespace, g: Array, x: Array, lower: Array, upper: Array) -> Array:
    return xp.where(xp.logical_and(x >= lower, x <= upper), g, 0)


@clip_between.pullback("lower")
def clip_between_pull_lower(xp: Namespace, g: Array, x: Array, lower: Array, upper: Array) -> Array:
    return xp.where(xp.logical_and(x < lower, lower <= upper), g, 0)


@clip_between.pullback("upper")
def clip_between_pull_upper(xp: Namespace, g: Array, x: Array, lower: Array, upper: Array) -> Array:
    return xp.where(xp.maximum(x, lower) > upper, g, 0)


@primitive(
    "elementwise",
    public=False,
    title="clip",
    python="clip({x}, min={lower})",
    latex=r"\max\left({x}, {lower}\right)",
    lifted=("x",),
)
def clip_below(xp: Namespace, x: Array, lower: Array) -> Array:
    """The card behind ``clip`` without an upper bound; its gradient at ties is that of ``x``."""
    y = xp.maximum(x, lower)
    refuse_complex(y)
    return y


@clip_below.pullback("x")
def clip_below_pull_x(xp: Namespace, g: Array, x: Array, lower: Array) -> Array:
    return xp.where(x >= lower, g, 0)


@clip_below.pullback("lower")
def clip_below_pull_lower(xp: Namespace, g: Array, x: Array, lower: Array) -> Array:
    return xp.where(x < lower, g, 0)


@primitive(
    "elementwise",
    public=False,
    title="clip",
    python="clip({x}, max={upper})",
    latex=r"\min\left({x}, {upper}\right)",
    lifted=("x",),
)
def clip_above(xp: Namespace, x: Array, upper: Array) -> Array:
    """The card behind ``clip`` without a lower bound; its gradient at ties is that of ``x``."""
    y = xp.minimum(x, upper)
    refuse_complex(y)
    return y


@clip_above.pullback("x")
def clip_above_pull_x(xp: Namespace, g: Array, x: Array, upper: Array) -> Array:
    return xp.where(x <= upper, g, 0)


@clip_above.pullback("upper")
def clip_above_pull_upper(xp: Namespace, g: Array, x: Array, upper: Array) -> Array:
    return xp.where(x > upper, g, 0)


def _is_zero(value: Any) -> bool:
    literal = getattr(value, "literal", value)
    return isinstance(literal, int | float) and literal == 0


def where_latex(condition: Any, x1: Any, x2: Any) -> str:
    if _is_zero(x2):
        return r"{x1:hadamard} \odot {condition:truth}"
    return r"\operatorname{{where}}\left({condition}, {x1}, {x2}\right)"


@primitive(
    "elementwise",
    python="where({condition}, {x1}, {x2})",  # a product would make nan of inf and 0
    latex=where_latex,
    precedence="hadamard",
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
