"""Indexing cards: reading by index, and new values with some places added to or replaced.

An index is taken apart into a pattern of Python values and the arrays in it, so that the arrays are
inputs of the node like any other: a recorder must not bake one batch of labels into a program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from ..backend import Array, Key, Namespace
from ..cards import operation, primitive
from ..engine import SCALARS, apply, unary
from ..errors import DTypeError, describe
from ..plans import sum_to
from ..tensor import Tensor
from .arguments import is_integer
from .notation import Notation, applied

Pattern = tuple[Any, ...]


class _Place:
    """Stands in a pattern where the next array of the index goes."""

    def __repr__(self) -> str:
        return "array"


PLACE = _Place()


def take_apart(key: Key) -> tuple[Pattern, list[Any]]:
    """Split an index into its pattern and its arrays."""
    parts = key if isinstance(key, tuple) else (key,)
    pattern: list[Any] = []
    arrays: list[Any] = []
    for part in parts:
        if part is None or part is Ellipsis:
            pattern.append(part)
        elif isinstance(part, slice):
            ends = (_end(end) for end in (part.start, part.stop, part.step))
            pattern.append(slice(*ends))
        elif is_integer(part):
            pattern.append(int(part))
        else:
            arrays.append(_index_array(part))
            pattern.append(PLACE)
    return tuple(pattern), arrays


def _end(end: Any) -> int | None:
    if end is None:
        return None
    try:
        return int(end.__index__())
    except AttributeError:
        raise DTypeError(f"index: the ends of a slice are integers or None, not {end!r}") from None


def _index_array(part: Any) -> Any:
    if isinstance(part, list | tuple) and len(part) == 0:
        return np.zeros(0, dtype=np.int64)
    try:
        array = part if hasattr(part, "dtype") else np.asarray(part)
    except ValueError:
        raise DTypeError(
            f"index: a list of lists is an index if all of them are equally long, not {part!r}"
        ) from None
    if array.dtype.kind not in "iub":
        raise DTypeError(
            f"index: {describe(part)} cannot be an index; use integers, slices, None, ..., "
            "or arrays of integers or booleans"
        )
    return array


def join(pattern: Pattern, arrays: Sequence[Array]) -> Key:
    """Put the arrays back into the pattern: the inverse of ``take_apart``."""
    rest = iter(arrays)
    return tuple(next(rest) if part is PLACE else part for part in pattern)


def _key_text(pattern: Pattern, arrays: Sequence[Any]) -> str:
    """Notation of an index, with the arrays as format fields ``{arrays[i]}``."""
    texts, place = [], 0
    for part in pattern:
        if part is PLACE:
            texts.append(f"{{arrays[{place}]}}")
            place += 1
        elif isinstance(part, slice):
            ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
            ends += [] if part.step is None else [str(part.step)]
            texts.append(":".join(ends))
        else:
            texts.append("..." if part is Ellipsis else str(part))
    return ", ".join(texts) or "()"


#: From so many elements on, zeros to scatter into are broadcast from one: backends copy what they
#: are handed, and of such zeros they see that there is nothing to copy.
LARGE = 1 << 16


def blank(xp: Namespace, shape: tuple[int, ...], dtype: Any) -> Array:
    """Zeros to scatter a cotangent into."""
    if math.prod(shape) < LARGE:
        return xp.zeros(shape, dtype=dtype)
    return xp.broadcast_to(xp.zeros((), dtype=dtype), shape)


def getitem_python(x: Any, pattern: Pattern, arrays: Any = ()) -> str:
    return f"{{x:call}}[{_key_text(pattern, arrays)}]"


def getitem_latex(x: Any, pattern: Pattern, arrays: Any = ()) -> str:
    return f"{{x:atom}}_{{{{{_key_text(pattern, arrays)}}}}}"


@primitive(
    "indexing",
    public=False,
    title="getitem",
    python=getitem_python,
    latex=getitem_latex,
    constant=("arrays",),
)
def getitem_at(xp: Namespace, x: Array, arrays: Sequence[Array], pattern: Pattern) -> Array:
    """The card behind ``x[key]``."""
    return x[join(pattern, arrays)]


@getitem_at.pullback("x")
def getitem_pull_x(
    xp: Namespace, g: Array, x_like: Any, arrays: Sequence[Array], pattern: Pattern
) -> Array:
    return xp.scatter_add(blank(xp, x_like.shape, g.dtype), join(pattern, arrays), g)


@primitive(
    "indexing",
    public=False,
    title="getitem",
    python=getitem_python,
    latex=getitem_latex,
    closed=True,
)
def getitem_slice(xp: Namespace, x: Array, pattern: Pattern) -> Array:
    """The card behind ``x[key]`` for a key without arrays, which is the commonest by far."""
    return x[pattern]


@getitem_slice.pullback("x")
def getitem_slice_pull_x(xp: Namespace, g: Array, x_like: Any, pattern: Pattern) -> Array:
    return xp.scatter_add(blank(xp, x_like.shape, g.dtype), pattern, g)


_read_slice = unary(getitem_slice)


@operation
def getitem(x: Any, key: Key) -> Tensor:
    """``x[key]``: NumPy's indexing to the letter, as a value and not a view.

    Args:
        x: the tensor.
        key: integers, slices, None, ``...``, lists, arrays or tensors of integers, boolean masks,
            alone or in a tuple. Gradients of places that are read several times add up.

    Raises:
        IndexingError: an index outside its axis, too many of them, a mask of the wrong shape.
        DTypeError: an index that is neither integer nor boolean.

    >>> x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x[:, 0]
    Tensor([1., 3.], shape=(2,), dtype=float32)
    >>> x[x > 2]
    Tensor([3., 4.], shape=(2,), dtype=float32)
    """
    pattern, arrays = take_apart(key)
    if not arrays:
        return _read_slice(x, {"pattern": pattern})
    return cast("Tensor", apply(getitem_at, (x, arrays), {"pattern": pattern}))


def scatter_python(name: str) -> Notation:
    """A call; ``s_`` is NumPy's way to write an index outside of brackets."""

    def python(pattern: Pattern, arrays: Any, **operands: Any) -> str:
        return f"{name}({{table}}, s_[{_key_text(pattern, arrays)}], {{values}})"

    return python


def scatter_latex(name: str) -> Notation:
    """A call with the index as subscript."""

    def latex(pattern: Pattern, arrays: Any, **operands: Any) -> str:
        return applied(name, "{table}, {values}", _key_text(pattern, arrays))

    return latex


def _as_values(xp: Namespace, values: Any, table: Array) -> Array:
    """The values in the dtype of the table; a number becomes an array of shape ()."""
    number = isinstance(values, SCALARS)
    if table.dtype.kind != "c" and (
        isinstance(values, complex) if number else values.dtype.kind == "c"
    ):
        raise TypeError(f"complex values do not fit a table of dtype {table.dtype}")
    if number:
        return xp.full((), values, dtype=table.dtype)
    return values if values.dtype == table.dtype else xp.astype(values, table.dtype)


def _in_lists(values: Any, table: Any) -> Any:
    """Python's floats in lists get the precision of the table, not that of the default dtype."""
    if isinstance(values, list | tuple) and isinstance(table, Tensor) and table.dtype.kind in "fc":
        return Tensor(values, dtype=table.dtype, backend=table.backend)
    return values


def _to_values(xp: Namespace, g: Array, values_like: Any) -> Array:
    """Sum a cotangent over the axes along which the values were broadcast into their places."""
    shape = tuple(values_like.shape)
    extra = len(shape) - g.ndim  # NumPy drops leading axes of length 1 that have no place to go
    summed = sum_to(xp, g, shape[extra:] if extra > 0 else shape)
    return xp.reshape(summed, shape) if extra > 0 else summed


@primitive(
    "indexing",
    public=False,
    title="scatter_add",
    python=scatter_python("scatter_add"),
    latex=scatter_latex("add"),
    constant=("arrays",),
)
def scatter_add_at(
    xp: Namespace, table: Array, arrays: Sequence[Array], values: Array, pattern: Pattern
) -> Array:
    """The card behind ``scatter_add``."""
    values = _as_values(xp, values, table)
    return xp.scatter_add(table, join(pattern, arrays), values)


@scatter_add_at.pullback("table")
def scatter_add_pull_table(xp: Namespace, g: Array) -> Array:
    return g


@scatter_add_at.pullback("values")
def scatter_add_pull_values(
    xp: Namespace, g: Array, arrays: Sequence[Array], values_like: Any, pattern: Pattern
) -> Array:
    return _to_values(xp, g[join(pattern, arrays)], values_like)


@operation
def scatter_add(table: Any, key: Key, values: Any) -> Tensor:
    """``table`` with ``values`` added at ``table[key]``; repeated places add up.

    >>> tg.scatter_add(tg.zeros(3), [0, 2, 2], tg.Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 0., 5.], shape=(3,), dtype=float32)
    """
    pattern, arrays = take_apart(key)
    values = _in_lists(values, table)
    return cast("Tensor", apply(scatter_add_at, (table, arrays, values), {"pattern": pattern}))


@primitive(
    "indexing",
    public=False,
    title="setitem",
    python=scatter_python("scatter_set"),
    latex=scatter_latex("set"),
    constant=("arrays",),
)
def scatter_set_at(
    xp: Namespace, table: Array, arrays: Sequence[Array], values: Array, pattern: Pattern
) -> Array:
    """The card behind ``scatter_set`` and ``x[key] = values``."""
    values = _as_values(xp, values, table)
    return xp.scatter_set(table, join(pattern, arrays), values)


@scatter_set_at.pullback("table")
def scatter_set_pull_table(
    xp: Namespace, g: Array, arrays: Sequence[Array], pattern: Pattern
) -> Array:
    return xp.scatter_set(g, join(pattern, arrays), xp.zeros((), dtype=g.dtype))


@scatter_set_at.pullback("values")
def scatter_set_pull_values(
    xp: Namespace,
    g: Array,
    arrays: Sequence[Array],
    table_like: Any,
    values_like: Any,
    pattern: Pattern,
) -> Array:
    key = join(pattern, arrays)
    taken = g[key]
    if any(array.dtype.kind in "iu" for array in arrays):
        # Integers may name a place twice. It keeps the last value, so only that has a gradient.
        turns = xp.reshape(xp.arange(math.prod(taken.shape)), taken.shape)
        last = xp.scatter_set(xp.zeros(table_like.shape, dtype=turns.dtype), key, turns)
        taken = xp.where(last[key] == turns, taken, 0)
    return _to_values(xp, taken, values_like)


@operation
def scatter_set(table: Any, key: Key, values: Any) -> Tensor:
    """``table`` with ``table[key]`` replaced by ``values``: what ``x[key] = values`` makes of x.

    Of values for one place the last is kept. Values are cast to the dtype of the table.

    >>> tg.scatter_set(tg.zeros(3), slice(1, None), 5)
    Tensor([0., 5., 5.], shape=(3,), dtype=float32)
    """
    pattern, arrays = take_apart(key)
    values = _in_lists(values, table)
    return cast("Tensor", apply(scatter_set_at, (table, arrays, values), {"pattern": pattern}))
