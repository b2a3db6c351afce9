"""Comparisons, logic, questions about NaN and infinity, shifts of bits: elementwise cards.

They are piecewise constant and their results are no floats, so none has a rule. Operands are
broadcast and meet in one dtype as those of ``elementwise`` do.
"""

from __future__ import annotations

from ..backend import Array, Namespace
from ..cards import primitive
from ..engine import SCALARS

BOTH = ("x1", "x2")


@primitive(
    "elementwise",
    python="{x1:sum} == {x2:sum}",
    latex="{x1:sum} = {x2:sum}",
    precedence="comparison",
    constant=BOTH,
    exact=True,
)
def equal(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether the elements are equal.

    >>> tg.equal(tg.Tensor([1.0, 2.0]), 2)
    Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return x1 == x2


@primitive(
    "elementwise",
    python="{x1:sum} != {x2:sum}",
    latex=r"{x1:sum} \neq {x2:sum}",
    precedence="comparison",
    constant=BOTH,
    exact=True,
)
def not_equal(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether the elements differ.

    >>> tg.not_equal(tg.Tensor([1.0, 2.0]), 2)
    Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return x1 != x2


@primitive(
    "elementwise",
    python="{x1:sum} < {x2:sum}",
    latex="{x1:sum} < {x2:sum}",
    precedence="comparison",
    constant=BOTH,
    exact=True,
)
def less(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether the first element is smaller.

    >>> tg.less(tg.Tensor([1.0, 2.0]), 2)
    Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return x1 < x2


@primitive(
    "elementwise",
    python="{x1:sum} <= {x2:sum}",
    latex=r"{x1:sum} \leq {x2:sum}",
    precedence="comparison",
    constant=BOTH,
    exact=True,
)
def less_equal(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether the first element is smaller or equal.

    >>> tg.less_equal(tg.Tensor([1.0, 3.0]), 2)
    Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return x1 <= x2


@primitive(
    "elementwise",
    python="{x1:sum} > {x2:sum}",
    latex="{x1:sum} > {x2:sum}",
    precedence="comparison",
    constant=BOTH,
    exact=True,
)
def greater(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether the first element is larger.

    >>> tg.greater(tg.Tensor([1.0, 3.0]), 2)
    Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return x1 > x2


@primitive(
    "elementwise",
    python="{x1:sum} >= {x2:sum}",
    latex=r"{x1:sum} \geq {x2:sum}",
    precedence="comparison",
    constant=BOTH,
    exact=True,
)
def greater_equal(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether the first element is larger or equal.

    >>> tg.greater_equal(tg.Tensor([1.0, 2.0]), 2)
    Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return x1 >= x2


@primitive("elementwise", latex=r"\neg {x:power}", precedence="unary", constant=("x",))
def logical_not(xp: Namespace, x: Array) -> Array:
    """Whether the element is False or zero.

    >>> tg.logical_not(tg.Tensor([True, False]))
    Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return xp.logical_not(x)


@primitive("elementwise", latex=r"{x1:sum} \wedge {x2:sum}", precedence="comparison", constant=BOTH)
def logical_and(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether both elements are True or nonzero.

    >>> tg.logical_and(tg.Tensor([True, False]), True)
    Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return xp.logical_and(x1, x2)


@primitive("elementwise", latex=r"{x1:sum} \vee {x2:sum}", precedence="comparison", constant=BOTH)
def logical_or(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether at least one element is True or nonzero.

    >>> tg.logical_or(tg.Tensor([True, False]), False)
    Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return xp.logical_or(x1, x2)


@primitive("elementwise", latex=r"{x1:sum} \oplus {x2:sum}", precedence="comparison", constant=BOTH)
def logical_xor(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Whether just one element of the two is True or nonzero.

    >>> tg.logical_xor(tg.Tensor([True, False]), True)
    Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return xp.logical_xor(x1, x2)


@primitive("elementwise", constant=("x",))
def isnan(xp: Namespace, x: Array) -> Array:
    """Whether the element is not a number; of a complex one, whether a part of it is not.

    >>> tg.isnan(tg.Tensor([1.0, float("nan")]))
    Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return xp.isnan(x)


@primitive("elementwise", constant=("x",))
def isinf(xp: Namespace, x: Array) -> Array:
    """Whether the element is infinite; of a complex one, whether a part of it is.

    >>> tg.isinf(tg.Tensor([1.0, -float("inf")]))
    Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return xp.isinf(x)


@primitive("elementwise", constant=("x",))
def isfinite(xp: Namespace, x: Array) -> Array:
    """Whether the element is neither infinite nor NaN, in both parts of a complex one.

    >>> tg.isfinite(tg.Tensor([1.0, float("nan")]))
    Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return xp.isfinite(x)


@primitive(
    "elementwise",
    python="{x1:sum} >> {x2:sum}",
    latex=r"{x1:sum} \gg {x2:sum}",
    precedence="comparison",
    constant=BOTH,
    exact=True,
)
def bitwise_right_shift(xp: Namespace, x1: Array, x2: Array) -> Array:
    """Bits of an integer shifted to the right, so divided by a power of two and rounded down.

    >>> tg.bitwise_right_shift(tg.Tensor([8, 9]), 2)
    Tensor([2, 2], shape=(2,), dtype=int64)
    """
    for operand in (x1, x2):
        if operand.__class__ not in SCALARS and operand.dtype.kind not in "iub":
            raise TypeError("only integers have bits to shift; cast with astype(int)")
    return x1 >> x2
