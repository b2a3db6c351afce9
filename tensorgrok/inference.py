"""Shapes and dtypes of terms that were never computed.

Where a shape follows from a formula it is computed by it; otherwise the card's own forward function
is run on stand-ins that hold one number, and whatever comes out has the shape. This module stands
on ``terms``; read ``derivation`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .cards import Primitive
from .context import Mode, get_default_dtype
from .engine import SCALARS, apply, make_tensor
from .graph import Shape
from .ops.indexing import join
from .registry import choose_backend
from .terms import Term

Known = tuple[Shape, np.dtype[Any]]


class _StandIn:
    """Shape and dtype of an operand, hashable."""

    def __init__(self, shape: Shape, dtype: Any) -> None:
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _StandIn) and (self.shape, self.dtype) == (
            other.shape,
            other.dtype,
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))


def inferred(card: Primitive[...], operands: tuple[Any, ...], parameters: dict[str, Any]) -> Known:
    """Return shape and dtype of what a card gives; one result only."""
    stand_ins = tuple(map(_stand_in, operands))
    settings = tuple((name, _frozen(parameters[name])) for name in sorted(parameters))
    key = (card, get_default_dtype(), _frozen(stand_ins), settings)
    try:
        cached = _CACHE.get(key)
    except TypeError:  # a setting of somebody's card that cannot be told from another
        return _infer(card, stand_ins, parameters)
    if cached is None:
        cached = _infer(card, stand_ins, parameters)
        if len(_CACHE) >= 4096:
            _CACHE.clear()
        _CACHE[key] = cached
    return cached


_CACHE: dict[Any, Known] = {}


def _frozen(value: Any) -> Any:
    """A hashable value, equal only for what cards cannot tell apart: 1 is not 1.0."""
    kind = type(value)
    if kind in (tuple, list):
        return (kind, *map(_frozen, value))
    if kind is slice:
        return (kind, value.start, value.stop, value.step)
    if kind is np.ndarray:
        return (kind, value.shape, value.dtype, value.tobytes())
    return kind, value


def _stand_in(operand: Any) -> Any:
    if isinstance(operand, tuple):
        return tuple(map(_stand_in, operand))
    if isinstance(operand, Term):
        return _StandIn(operand.shape, operand.dtype)
    if operand.__class__ in SCALARS:
        return operand
    array = np.asarray(operand)
    return _StandIn(array.shape, array.dtype)


def _infer(card: Primitive[...], operands: tuple[Any, ...], parameters: dict[str, Any]) -> Known:
    arrays = [operand for operand in operands if isinstance(operand, _StandIn)]
    shape = None
    if card.kind.name == "elementwise":
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
    elif card.name in _FORMULAE:
        shape = _FORMULAE[card.name](*(array.shape for array in arrays))
    if shape is None:
        return _run(card, operands, parameters)
    ones = tuple(
        _StandIn((1,) * len(o.shape), o.dtype) if isinstance(o, _StandIn) else o for o in operands
    )
    if card.name.startswith("scatter"):
        return shape, arrays[0].dtype
    return shape, _run(card, ones, parameters)[1]


def picked(table: Any, arrays: tuple[Any, ...], pattern: Any, wanted: Shape) -> Shape:
    """Return the shape of ``table[key]`` for a key with masks: one that ``wanted`` broadcasts to.

    How many places a mask picks is not known from its shape. Values that were put into these places
    tell; where they do not, they are the same for all places, and any number above 1 will do.
    """
    source = np.broadcast_to(np.zeros(()), table.shape)
    others = [length for array in arrays if array.dtype.kind != "b" for length in array.shape]
    for count in (2, *wanted, *others):
        key = join(pattern, [_hits(array, count) for array in arrays])
        try:
            shape = source[key].shape
            if np.broadcast_shapes(shape, wanted) == shape:
                return shape
        except (IndexError, ValueError):
            continue
    return wanted


def _hits(array: Any, count: int) -> Any:
    """A mask with so many places, or zeros for the integers of an index."""
    if array.dtype.kind != "b":
        return np.zeros(array.shape, dtype=np.intp)
    size = math.prod(array.shape)
    return (np.arange(size) < count).reshape(array.shape)


def _run(card: Primitive[...], operands: tuple[Any, ...], parameters: dict[str, Any]) -> Known:
    """Apply the card to arrays that hold one number, read as often as their shape says."""
    backend = choose_backend("numpy")

    def array(operand: Any) -> Any:
        if isinstance(operand, tuple):
            return tuple(map(array, operand))
        if not isinstance(operand, _StandIn):
            return operand
        one = np.zeros if operand.dtype.kind in "iub" else np.ones  # index 0 is in most axes
        return make_tensor(np.broadcast_to(one((), operand.dtype), operand.shape), backend)

    with Mode(recording=False, tracer=None, backend=backend), np.errstate(all="ignore"):
        result = apply(card, tuple(map(array, operands)), parameters)
    return result.shape, result.dtype


def _product(x: Shape, w: Shape) -> Shape:
    return (*x[:-1], w[-1])


def _back_to_vectors(delta: Shape, w: Shape) -> Shape:
    return (*delta[:-1], w[0])


def _back_to_matrix(x: Shape, delta: Shape) -> Shape:
    return (x[-1], delta[-1])


def _matmul(x1: Shape, x2: Shape) -> Shape | None:
    if len(x1) < 2 or len(x2) < 2:
        return None
    return (*np.broadcast_shapes(x1[:-2], x2[:-2]), x1[-2], x2[-1])


def _table(table: Shape, *_: Shape) -> Shape:
    return table


#: Shapes that are known without work, for cards whose work could be much.
_FORMULAE: dict[str, Callable[..., Shape | None]] = {
    "vecmat": _product,
    "vecmat_dx": _back_to_vectors,
    "vecmat_dw": _back_to_matrix,
    "matmul": _matmul,
    "scatter_add_at": _table,
    "scatter_set_at": _table,
}
