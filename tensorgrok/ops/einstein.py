"""Sums of products by subscripts: ``einsum`` and ``tensordot``.

Any product of several operands is a sequence of steps: one card for a single operand (diagonals,
sums, another order of the axes), one for two. The latter permutes and reshapes until one matrix
product is left, so the vector-matrix hot path does the work; its rules are such steps again. What
to permute, and the order of steps, is planned in ``subscripts`` from shapes alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from ..backend import Array, Namespace
from ..cards import operation, primitive
from ..engine import SCALARS, apply
from ..errors import ArgumentError, DTypeError, describe
from ..tensor import Tensor
from .arguments import as_tensor, is_integer, places_of
from .axes import permuted
from .notation import python_call
from .subscripts import Pair, Side, distinct, lay_out, order_of_products, plan_pair, read

SummedAxes = int | Sequence[int | Sequence[int]]

# One operand -----------------------------------------------------------------------------------


def _diagonals(xp: Namespace, x: Array, term: str) -> Array:
    """Take the diagonal of axes with one letter; the axes of ``distinct(term)`` are left."""
    for letter in distinct(term):
        count = term.count(letter)
        if count > 1:
            rest = [axis for axis, other in enumerate(term) if other != letter]
            same = [axis for axis, other in enumerate(term) if other == letter]
            length = x.shape[same[0]]
            ordered = xp.permute_dims(x, (*rest, *same))
            flat = xp.reshape(ordered, (*ordered.shape[: len(rest)], length**count))
            step = sum(length**power for power in range(count))
            x = flat[(..., slice(None, None, step))]
            term = "".join(term[axis] for axis in rest) + letter
    return x


def _in_place(xp: Namespace, x: Array, side: Side) -> Array:
    """Sum, permute and reshape an operand as planned."""
    if len(side.term) != len({*side.term}):
        x = _diagonals(xp, x, side.term)
    if side.summed:
        total = xp.sum(x, axis=side.summed, keepdims=False)
        x = total if total.dtype == x.dtype else xp.astype(total, x.dtype)
    if side.axes is not None:
        x = xp.permute_dims(x, side.axes)
    return x if side.shape is None else xp.reshape(x, side.shape)


def _spread(xp: Namespace, g: Array, term: str, like: str, shape: Sequence[int]) -> Array:
    """The inverse of ``_in_place`` for a cotangent whose axes ``term`` are among those of ``like``.

    It is repeated along summed axes, and zero beside diagonals.
    """
    wanted = [letter for letter in dict.fromkeys(like) if letter in term]
    g = permuted(xp, g, [term.index(letter) for letter in wanted])
    first = [like.index(letter) == axis for axis, letter in enumerate(like)]
    lengths = iter(g.shape)
    kept = tuple(
        next(lengths) if own and letter in term else 1
        for own, letter in zip(first, like, strict=True)
    )
    if kept != tuple(g.shape):
        g = xp.reshape(g, kept)
    for axis, letter in enumerate(like):
        if not first[axis]:
            along, across = (
                xp.reshape(
                    xp.arange(shape[axis]),
                    tuple(shape[axis] if i == at else 1 for i in range(len(like))),
                )
                for at in (like.index(letter), axis)
            )
            g = xp.where(along == across, g, 0)
    return g if tuple(g.shape) == tuple(shape) else xp.broadcast_to(g, tuple(shape))


def einsum_python(subscripts: str, **operands: Any) -> str:
    return f"einsum({subscripts!r}, {', '.join(f'{{{name}}}' for name in operands)})"


def einsum_latex(subscripts: str, **operands: Any) -> str:
    """A sum of products with indices."""
    written, _, result = subscripts.partition("->")
    summed = "".join(dict.fromkeys(a for a in written if a.isalpha() and a not in result))
    factors = [
        f"{{{operand}:power}}_{{{{{term}}}}}" if term else f"{{{operand}:power}}"
        for operand, term in zip(operands, written.split(","), strict=True)
    ]
    total = rf"\sum_{{{{{summed}}}}} " if summed else ""
    outside = f"_{{{{{result}}}}}" if result else ""
    text = rf"\left({total}{' '.join(factors)}\right){outside}"
    return text.replace("...", r"\ldots ")


@primitive(
    "contraction",
    public=False,
    title="einsum",
    python=einsum_python,
    latex=einsum_latex,
    closed=True,
)
def einsum_one(xp: Namespace, x: Array, subscripts: str) -> Array:
    """The card behind ``einsum`` of one operand: diagonals, sums, axes in another order."""
    (term,), output = read(subscripts, (tuple(x.shape),))
    letters = distinct(term)
    gone = tuple(axis for axis, letter in enumerate(letters) if letter not in output)
    left = [letter for letter in letters if letter in output]
    axes = tuple(left.index(letter) for letter in output)
    same = axes == tuple(range(len(axes)))
    return _in_place(xp, x, Side(term, gone, None if same else axes, None))


@einsum_one.pullback("x")
def einsum_one_pull_x(xp: Namespace, g: Array, x_like: Any, subscripts: str) -> Array:
    shape = tuple(x_like.shape)
    (term,), output = read(subscripts, (shape,))
    return _spread(xp, g, output, term, shape)


# Two operands ----------------------------------------------------------------------------------


def _multiplied(xp: Namespace, x1: Array, x2: Array, plan: Pair) -> Array:
    """The product of two operands as planned."""
    a, b = _in_place(xp, x1, plan.first), _in_place(xp, x2, plan.second)
    if plan.swapped:
        a, b = b, a
    if plan.product == "vecmat":
        found = xp.vecmat(a, b)
    elif plan.product == "matmul":
        found = xp.matmul(a, b)
    elif plan.product == "dot":
        found = xp.dot(a, b)
    else:
        found = a * b
    if plan.shape is not None:
        found = xp.reshape(found, plan.shape)
    return found if plan.axes is None else xp.permute_dims(found, plan.axes)


def _pulled(
    xp: Namespace, g: Array, output: str, other: Array, others: str, term: str, like: Any
) -> Array:
    """The cotangent of one of two operands: the product of ``g`` with the other, spread out."""
    shape, seen = tuple(like.shape), tuple(other.shape)
    lengths: dict[str, int] = {}
    for letter, length in zip(output + others, (*g.shape, *seen), strict=True):
        if lengths.get(letter, 1) == 1:
            lengths[letter] = length
    # Where an axis of length 1 was broadcast its cotangent is the sum along it.
    wanted = "".join(
        letter
        for letter, length in dict(zip(term, shape, strict=True)).items()
        if letter in lengths and (length != 1 or lengths[letter] == 1)
    )
    plan = lay_out(output, others, wanted, tuple(g.shape), seen)
    return _spread(xp, _multiplied(xp, g, other, plan), wanted, term, shape)


@primitive(
    "contraction",
    public=False,
    title="einsum",
    python=einsum_python,
    latex=einsum_latex,
    closed=True,
    lifted=("x1", "x2"),
)
def einsum_two(xp: Namespace, x1: Array, x2: Array, subscripts: str) -> Array:
    """The card behind ``einsum`` of two operands, and of each step of a longer one."""
    plan = plan_pair(subscripts, tuple(x1.shape), tuple(x2.shape))
    return _multiplied(xp, x1, x2, plan)


@einsum_two.pullback("x1")
def einsum_two_pull_x1(xp: Namespace, g: Array, x1_like: Any, x2: Array, subscripts: str) -> Array:
    (first, second), output = read(subscripts, (tuple(x1_like.shape), tuple(x2.shape)))
    return _pulled(xp, g, output, x2, second, first, x1_like)


@einsum_two.pullback("x2")
def einsum_two_pull_x2(xp: Namespace, g: Array, x1: Array, x2_like: Any, subscripts: str) -> Array:
    (first, second), output = read(subscripts, (tuple(x1.shape), tuple(x2_like.shape)))
    return _pulled(xp, g, output, x1, first, second, x2_like)


def _shape(place: int, operand: Any) -> tuple[int, ...]:
    """The shape of an operand, which may be a number or a list."""
    if isinstance(operand, SCALARS):
        return ()
    if hasattr(operand, "shape"):
        return tuple(operand.shape)
    return as_tensor("einsum", operand, f"operands[{place}]").shape


@operation
def einsum(subscripts: str, *operands: Any) -> Tensor:
    """Einstein summation: products of any number of operands, summed as subscripts say.

    Each axis of each operand has a letter; axes of one letter are run through together. Letters
    after ``->`` are the axes of the result, all others are summed over. Without an arrow the result
    has, in alphabetical order, the letters that occur once. A letter that an operand has twice
    takes its diagonal. ``...`` stands for any further axes, which broadcast; axes of length 1 do
    too.

    Several operands are multiplied in pairs, in the cheapest order (for eight and more in one that
    is found step by step); each pair is one operation of the graph.

    Args:
        subscripts: such as ``"ij,jk->ik"``; spaces do not matter.
        operands: one tensor, array or number for each group of letters.

    Raises:
        ArgumentError: subscripts that cannot be read, or not for so many operands.
        ShapeError: a shape that does not fit its letters, or two lengths for one letter.

    >>> a, b = tg.Tensor([[1.0, 2.0], [3.0, 4.0]]), tg.Tensor([1.0, 10.0])
    >>> tg.einsum("ij,j->i", a, b)
    Tensor([21., 43.], shape=(2,), dtype=float32)
    >>> tg.einsum("ii", a)
    Tensor(5., shape=(), dtype=float32)
    """
    if not isinstance(subscripts, str):
        raise DTypeError(
            "einsum: the first argument is a string of subscripts such as 'ij,jk->ik', not "
            f"{describe(subscripts)}"
        )
    if not operands:
        raise ArgumentError(f"einsum: there are no operands for {subscripts!r}")
    shapes = tuple(_shape(place, operand) for place, operand in enumerate(operands))
    left: list[Any] = [*operands]
    for places, written in order_of_products(subscripts, shapes):
        card = einsum_one if len(places) == 1 else einsum_two
        chosen = tuple(left[place] for place in places)
        found = apply(card, chosen, {"subscripts": written})
        left = [item for place, item in enumerate(left) if place not in places] + [found]
    return cast("Tensor", left[0])


# tensordot -------------------------------------------------------------------------------------


def _summed_axes(x1: Any, x2: Any, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes that ``tensordot`` sums over, non-negative, for each argument."""
    if is_integer(axes):
        if not 0 <= axes <= min(x1.ndim, x2.ndim):
            raise ValueError(f"axes={axes} is not a number of axes that both have")
        return tuple(range(x1.ndim - axes, x1.ndim)), tuple(range(axes))
    pair = list(axes) if isinstance(axes, tuple | list) else []
    if len(pair) != 2:
        raise TypeError(f"axes is an integer or two sequences of axes, not {axes!r}")
    return places_of(pair[0], x1.ndim), places_of(pair[1], x2.ndim)


def _tensordot_terms(x1: Any, x2: Any, axes: SummedAxes) -> tuple[str, str, str]:
    """``tensordot`` in subscripts: those of its arguments and of its result."""
    one, two = _summed_axes(x1, x2, axes)
    lengths = [tuple(x.shape[a] for a in found) for x, found in ((x1, one), (x2, two))]
    if lengths[0] != lengths[1]:
        raise ValueError(
            f"the axes {one} of x1 have lengths {lengths[0]} and the axes {two} of x2 "
            f"{lengths[1]}; they must be equal"
        )
    letters = "".join(map(chr, range(ord("a"), ord("a") + x1.ndim + x2.ndim)))  # and what follows z
    first = letters[: x1.ndim]
    spare = iter(letters[x1.ndim :])
    second = "".join(first[one[two.index(a)]] if a in two else next(spare) for a in range(x2.ndim))
    summed = {first[a] for a in one}
    return first, second, "".join(a for a in first + second if a not in summed)


@primitive(
    "contraction",
    python=python_call("tensordot", "{x1}, {x2}", axes=2),
    latex=r"\operatorname{{tensordot}}_{{{axes}}}\left({x1}, {x2}\right)",
    closed=True,
    lifted=("x1", "x2"),
)
def tensordot(xp: Namespace, x1: Array, x2: Array, axes: SummedAxes = 2) -> Array:
    """Sum of products over several axes; the result has the other axes of ``x1``, then of ``x2``.

    Args:
        x1: the first tensor.
        x2: the second tensor.
        axes: a number of axes: the last ones of ``x1`` are summed with the first ones of ``x2``;
            or two sequences, the axes of ``x1`` and, in the same order, those of ``x2``.

    Raises:
        ShapeError: axes of different lengths, or too many of them.

    >>> a, b = tg.ones((2, 3)), tg.ones((3, 4))
    >>> tg.tensordot(a, b, axes=1).shape
    (2, 4)
    >>> tg.tensordot(a, b, axes=([1], [0])).shape
    (2, 4)
    """
    terms = _tensordot_terms(x1, x2, axes)
    return _multiplied(xp, x1, x2, lay_out(*terms, tuple(x1.shape), tuple(x2.shape)))


@tensordot.pullback("x1")
def tensordot_pull_x1(xp: Namespace, g: Array, x1_like: Any, x2: Array, axes: SummedAxes) -> Array:
    first, second, output = _tensordot_terms(x1_like, x2, axes)
    return _pulled(xp, g, output, x2, second, first, x1_like)


@tensordot.pullback("x2")
def tensordot_pull_x2(xp: Namespace, g: Array, x1: Array, x2_like: Any, axes: SummedAxes) -> Array:
    first, second, output = _tensordot_terms(x1, x2_like, axes)
    return _pulled(xp, g, output, x1, first, second, x2_like)
