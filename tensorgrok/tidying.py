"""Spelling derivatives as one would by hand.

What rules say is right but wordy: it multiplies by the cotangent 1 that backward starts from, takes
softmax apart, and has words of its own for products with a transposed matrix. ``applied`` makes a
term of a card like ``noted`` does, but applies a few laws of algebra on the way. Each gives the
same value up to rounding. This module stands on ``inference``; read ``derivation`` next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .cards import KINDS, Primitive
from .engine import SCALARS, primitives
from .inference import inferred
from .ops import elementwise, reductions
from .terms import Sign, Term

Parameters = dict[str, Any]


def noted(card: Primitive[...], operands: tuple[Any, ...], parameters: Parameters) -> Term:
    """Return the term of a card applied to operands, as it is."""
    shape, dtype = inferred(card, operands, parameters)
    return Term(card, operands, parameters, shape, dtype)


def applied(card: Primitive[...], operands: tuple[Any, ...], parameters: Parameters) -> Term:
    """Return a term of the same value, spelled as simply as the laws here allow."""
    plainly = noted(card, operands, parameters)
    law = LAWS.get(card.name)
    found = None if law is None else law(*operands, **parameters)
    return found if found is not None and _alike(found, plainly) else plainly


def _alike(one: Term, other: Term) -> bool:
    """Whether two terms have one shape and one dtype, as a law of algebra does not ask."""
    return bool(one.shape == other.shape and one.dtype == other.dtype)


def unit(shape: Any, dtype: Any) -> Term:
    """Return the term of ones of a shape."""
    return constant(1, shape, dtype)


def constant(value: Any, shape: Any, dtype: Any) -> Term:
    """Return the term of a shape that holds one Python number everywhere."""
    if value == 1:
        return Term(primitives["ones"], (), {"shape": shape, "dtype": dtype}, shape, dtype)
    if value == 0:
        return Term(primitives["zeros"], (), {"shape": shape, "dtype": dtype}, shape, dtype)
    parameters = {"shape": shape, "value": value, "dtype": dtype}
    return Term(primitives["full"], (), parameters, shape, dtype)


def number_in(operand: Any) -> Any:
    """The number that an operand is everywhere, as far as its spelling tells, or None."""
    if operand.__class__ in SCALARS:
        return operand
    if _is(operand, "ones"):
        return 1
    if _is(operand, "zeros"):
        return 0
    return operand.parameters["value"] if _is(operand, "full") else None


def _is(operand: Any, name: str) -> bool:
    """Whether an operand is this card's result, and has no name of its own to go by."""
    if not isinstance(operand, Term) or operand.card is None or operand.name is not None:
        return False
    found: str = operand.card.name
    return found == name


def _make(name: str, *operands: Any, **parameters: Any) -> Term:
    card = primitives[name]
    bound, settings = card.bind(*operands, **parameters)
    return applied(card, bound, settings)


def _like(operand: Term, *others: Any) -> bool:
    """Whether a result with these operands has the shape and dtype of this one."""
    shapes = [other.shape for other in others if isinstance(other, Term)]
    dtypes = [other.dtype for other in others if isinstance(other, Term)]
    keeps_shape = np.broadcast_shapes(operand.shape, *shapes) == operand.shape
    return keeps_shape and bool(np.result_type(operand.dtype, *dtypes) == operand.dtype)


# Numbers ---------------------------------------------------------------------------------------


def _multiply(x1: Any, x2: Any) -> Term | None:
    first, second = number_in(x1), number_in(x2)
    if first is not None and second is not None:
        shape, dtype = inferred(primitives["multiply"], (x1, x2), {})
        return constant(first * second, shape, dtype)
    for number, given, rest in ((first, x1, x2), (second, x2, x1)):
        if number is None or not _like(rest, given):
            continue
        if number == 1:
            return rest  # type: ignore[no-any-return]  # it is a term, for it is no number
        if isinstance(given, Term):
            return noted(primitives["multiply"], (number, rest), {})
    return None


def _negative(x: Term) -> Term | None:
    number = number_in(x)
    if number is not None:
        return constant(-number, x.shape, x.dtype)
    return x.operands[0] if _is(x, "negative") else None


def _pow(base: Any, exponent: Any) -> Term | None:
    return base if exponent.__class__ in SCALARS and exponent == 1 else None


def _divide(x1: Any, x2: Any) -> Term | None:
    if x2.__class__ in SCALARS and x2 == 1:
        return x1  # type: ignore[no-any-return]  # two numbers do not meet in a rule
    return _softmax_of(x1, x2)


# Shapes ----------------------------------------------------------------------------------------


def _reshape(x: Term, shape: Any) -> Term | None:
    if x.shape == tuple(shape):
        return x
    if _is(x, "sum") and not x.parameters["keepdims"]:
        kept = _make("sum", x.operands[0], x.parameters["axis"], keepdims=True)
        return kept if kept.shape == tuple(shape) else None
    number = number_in(x)
    return None if number is None else constant(number, tuple(shape), x.dtype)


def _astype(x: Term, dtype: Any) -> Term | None:
    if x.dtype == np.dtype(dtype):
        return x
    number = number_in(x)
    if number is not None:
        return constant(number, x.shape, np.dtype(dtype))
    if _is(x, "one_hot"):
        return _one_hot(x.operands[0], x.parameters["count"], dtype)
    return None


def _sum(x: Term, axis: Any, keepdims: bool) -> Term | None:
    if axis == ():
        return x
    if not isinstance(axis, tuple) or len(axis) > 1:
        return None
    return _make(
        "sum", x, axis[0] - x.ndim if axis[0] == x.ndim - 1 else axis[0], keepdims=keepdims
    )


def _permute_dims(x: Term, axes: Any) -> Term | None:
    if x.ndim != 2 or tuple(axes) != (1, 0):
        return x if tuple(axes) == tuple(range(x.ndim)) else None
    if _is(x, "permute_dims"):
        return x.operands[0]  # type: ignore[no-any-return]  # a card's operand
    if _is(x, "multiply") or _is(x, "divide"):
        first, second = x.operands
        if second.__class__ in SCALARS:
            return _make(x.card.name, transposed(first), second)  # type: ignore[union-attr]
        if first.__class__ in SCALARS and _is(x, "multiply"):
            return _make("multiply", first, transposed(second))
    for name in ("vecmat", "dot", "matmul"):
        if _is(x, name) and x.operands[0].ndim == x.operands[1].ndim == 2:
            first, second = x.operands
            return _make(name, transposed(second), transposed(first))
    return None


def transposed(x: Term) -> Term:
    """Return the transpose of a matrix, pushed down to names where that is possible."""
    return _make("permute_dims", x, (1, 0))


def product(name: str, operands: tuple[Any, ...], spelled: str) -> Term | None:
    """A product that backward takes with a transposed matrix, by a card of forward's spelling."""
    if name not in ("vecmat_dx", "vecmat_dw"):
        return None
    first, second = operands
    if name == "vecmat_dx":
        found = _make(spelled, first, transposed(second))
    elif first.ndim == second.ndim == 2:
        found = _make(spelled, transposed(first), second)
    else:
        return None
    return found if _alike(found, noted(primitives[name], operands, {})) else None


# Functions -------------------------------------------------------------------------------------

#: Row sums that are spread over the row again, as subtracting them from it does.
ROW_SUMS = Sign(
    "sum",
    KINDS["reduction"],
    ("x",),
    "{x:call}.sum(axis=-1, keepdims=True)",
    r"{x:product} \mathbf{{1}} \mathbf{{1}}^{{\top}}",
    "operator",
    reductions.sum,
)


def _subtract(x1: Any, x2: Any) -> Term | None:
    if not (_is(x2, "sum") and isinstance(x1, Term) and x1.ndim == 2):
        return None
    inner = x2.operands[0]
    if x2.parameters != {"axis": -1, "keepdims": True} or inner.shape != x1.shape:
        return None
    spread = Term(ROW_SUMS, x2.operands, x2.parameters, x2.shape, x2.dtype)
    return noted(primitives["subtract"], (x1, spread), {})


def _softmax_of(x1: Any, x2: Any) -> Term | None:
    """``exp(z - max(z)) / sum(exp(z - max(z)))`` along the last axis."""
    if not (_is(x2, "sum") and x2.operands[0] is x1 and _is(x1, "exp")):
        return None
    shifted = x1.operands[0]
    if not (_is(shifted, "subtract") and _is(shifted.operands[1], "max")):
        return None
    z, largest = shifted.operands
    settings = (x2.parameters, largest.parameters)
    along_rows = all(s["axis"] == -1 and s["keepdims"] for s in settings)
    return _make("softmax", z, -1) if along_rows and largest.operands[0] is z else None


#: A cotangent that passes where a condition holds: the gate of ``relu``, the mask of dropout.
GATED = Sign(
    "where",
    KINDS["elementwise"],
    ("condition", "x1", "x2"),
    "{x1:product} * {condition:unary}",
    elementwise.where_latex,
    "hadamard",
    elementwise.where,
)


def _where(condition: Any, x1: Any, x2: Any) -> Term | None:
    zero = x2.__class__ in SCALARS and x2 == 0
    if not (zero and isinstance(x1, Term) and condition.dtype == np.bool_):
        return None
    shape, dtype = inferred(primitives["where"], (condition, x1, x2), {})
    return Term(GATED, (condition, x1, x2), {}, shape, dtype)


def _equal(x1: Any, x2: Any) -> Term | None:
    """``labels[..., None] == arange(count)``, the places of the labels."""
    if not (_is(x1, "getitem_slice") and _is(x2, "arange")):
        return None
    start, stop = x2.parameters["start"], x2.parameters["stop"]
    plain = x1.parameters["pattern"] == (..., None) and x2.parameters["step"] == 1
    return _one_hot(x1.operands[0], start, np.bool_) if plain and stop is None else None


def _one_hot(labels: Term, count: int, dtype: Any) -> Term:
    parameters = {"count": count, "dtype": np.dtype(dtype)}
    shape = (*labels.shape, count)
    return Term(primitives["one_hot"], (labels,), parameters, shape, np.dtype(dtype))


#: By card: what to spell its result as, or None to leave it.
LAWS: dict[str, Callable[..., Term | None]] = {
    "multiply": _multiply,
    "negative": _negative,
    "pow": _pow,
    "divide": _divide,
    "reshape": _reshape,
    "broadcast_to": _reshape,
    "astype": _astype,
    "sum": _sum,
    "permute_dims": _permute_dims,
    "subtract": _subtract,
    "equal": _equal,
    "where": _where,
}
