r"""Cards that round: signs, whole parts, quotients and remainders of divisions, by element.

What is piecewise constant has derivative 0, which is right almost everywhere; at the steps, where
there is none, it is taken to be 0 too. Integers are whole already: they keep their dtype. But for
``sign`` and ``round``, complex numbers are refused.
"""

from __future__ import annotations

from ..backend import Array, Namespace
from ..cards import primitive
from .arguments import refuse_complex, refuse_complex_operands


@primitive("elementwise", latex=r"\left\lfloor {x} \right\rfloor", closed=True)
def floor(xp: Namespace, x: Array) -> Array:
    """Largest whole number that is not above each element; its derivative is 0.

    >>> tg.floor(tg.Tensor([1.5, -1.5]))
    Tensor([ 1., -2.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    return xp.floor(x) if x.dtype.kind == "f" else x


@primitive("elementwise", latex=r"\left\lceil {x} \right\rceil", closed=True)
def ceil(xp: Namespace, x: Array) -> Array:
    """Smallest whole number that is not below each element; its derivative is 0.

    >>> tg.ceil(tg.Tensor([1.5, -1.5]))
    Tensor([ 2., -1.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    return xp.ceil(x) if x.dtype.kind == "f" else x


@primitive("elementwise", closed=True)
def trunc(xp: Namespace, x: Array) -> Array:
    """Each element without its fraction, so rounded towards 0; its derivative is 0.

    >>> tg.trunc(tg.Tensor([1.5, -1.5]))
    Tensor([ 1., -1.], shape=(2,), dtype=float32)
    """
    refuse_complex(x)
    return xp.trunc(x) if x.dtype.kind == "f" else x


@primitive("elementwise", latex=r"\left\lfloor {x} \right\rceil", closed=True)
def round(xp: Namespace, x: Array) -> Array:  # noqa: A001  # the standard's name
    """Nearest whole number of each element; its derivative is 0.

    Halves go to the even neighbour. Of complex numbers both parts are rounded.

    >>> tg.round(tg.Tensor([0.5, 1.5, 2.6]))
    Tensor([0., 2., 3.], shape=(3,), dtype=float32)
    """
    return xp.round(x) if x.dtype.kind in "fc" else x


@primitive("elementwise", closed=True)
def sign(xp: Namespace, x: Array) -> Array:
    """-1, 0 or 1 by the sign of each element; its derivative is 0, also at 0.

    Of complex numbers it is the number of size 1 in the same direction, whose derivative at 0 is
    taken to be 0.

    >>> tg.sign(tg.Tensor([-3.0, 0.0, 2.0]))
    Tensor([-1.,  0.,  1.], shape=(3,), dtype=float32)
    """
    if x.dtype.kind == "b":
        raise TypeError("truth values have no sign; cast with astype(int)")
    return xp.sign(x)


@sign.pullback("x")
def sign_pull_x(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    if x.dtype.kind != "c":
        return xp.zeros(g.shape, dtype=g.dtype)
    # Only the angle counts: y = exp(i angle), and the derivative of the angle is -i / x.
    return 1j * xp.imag(g * y) / xp.where(x == 0, 1, x)


@primitive(
    "elementwise",
    python="{x1:product} % {x2:unary}",
    latex=r"{x1:product} \bmod {x2:power}",
    precedence="hadamard",
)
def remainder(xp: Namespace, x1: Array, x2: Array) -> Array:
    """What the division of ``x1`` by ``x2``, rounded down, leaves over; it has the sign of ``x2``.

    The derivatives are 1 with respect to ``x1`` and ``-(x1 // x2)`` with respect to ``x2``, also
    where the remainder jumps. Source: y = x1 - x2 * (x1 // x2).

    >>> tg.remainder(tg.Tensor([5.0, -5.0]), 3)
    Tensor([2., 1.], shape=(2,), dtype=float32)
    """
    refuse_complex_operands(x1, x2)
    return xp.remainder(x1, x2)


@remainder.pullback("x1")
def remainder_pull_x1(xp: Namespace, g: Array) -> Array:
    return g


@remainder.pullback("x2")
def remainder_pull_x2(xp: Namespace, g: Array, x1: Array, x2: Array) -> Array:
    return -g * xp.floor_divide(x1, x2)  # floor(x1 / x2) is another one where x1 / x2 is rounded


@primitive(
    "elementwise",
    python="{x1:product} // {x2:unary}",
    latex=r"\left\lfloor \frac{{{x1}}}{{{x2}}} \right\rfloor",
    precedence="product",
)
def floor_divide(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Quotient rounded down, of integers an integer; its derivatives are 0.

    It fits ``remainder``: ``floor_divide(x1, x2) * x2 + remainder(x1, x2)`` is ``x1``.

    >>> tg.floor_divide(tg.Tensor([5, -5]), 3)
    Tensor([ 1, -2], shape=(2,), dtype=int64)
    """
    refuse_complex_operands(x1, x2)
    return xp.floor_divide(x1, x2)


@floor.pullback("x")
@ceil.pullback("x")
@trunc.pullback("x")
@round.pullback("x")
@floor_divide.pullback("x1", "x2")
def step_pull(xp: Namespace, g: Array) -> Array:
    """What is piecewise constant changes with none of its arguments."""
    return xp.zeros(g.shape, dtype=g.dtype)
