"""Adding at repeated places of an array: the gradient of a gather, as of an embedding.

``numpy.add.at`` with flat positions and flat values takes a fast loop; with a key of its own shape
it takes another, some five times slower. So a key is turned into flat positions: those of the
integer arrays in it (``lead``), and to each of them those of all other axes (``inner``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Positions = npt.NDArray[np.intp]

#: Up to so many values the slower loop is the quicker way: it needs no positions.
FEW = 500

#: Positions that are made at a time; 512 KiB of them stay in the cache.
BLOCK = 1 << 16


_least, _greatest = np.minimum.reduce, np.maximum.reduce


class Places(NamedTuple):
    """The places that a key reads in an array in row-major order.

    Attributes:
        lead: flat positions by the arrays and integers of the key, in the shape they broadcast to.
        inner: what to add to them for each place along the other axes, in those axes' shape.
        axis: where the axes of ``lead`` stand among those of ``inner`` in what the key reads.
    """

    lead: Positions
    inner: Positions
    axis: int


def fresh(table: Array) -> Array:
    """A copy of ``table`` in row-major order.

    Where that is nothing but zeros broadcast, its memory is not touched: zeros are free.
    """
    if table.size > 1 and not any(table.strides):
        first = table[(0,) * table.ndim]
        if first.tobytes() == bytes(table.itemsize):
            return np.zeros(table.shape, table.dtype)
    return np.array(table, order="C")


def repeats(key: Any) -> bool:
    """Tell whether a key may name one place twice: only integer arrays can."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(part, np.ndarray) and part.dtype.kind in "iu" for part in parts)


def add_at(array: Array, key: Any, values: Array) -> None:
    """Add ``values`` at ``array[key]``, as often as each place is named; ``array`` is row-major."""
    if not isinstance(key, tuple):
        key = (key,)
    flat = array.reshape(array.size)
    if len(key) == 1 and values.shape == (*key[0].shape, *array.shape[1:]) and values.size > 0:
        if values.size <= FEW:
            np.add.at(array, key[0], values)
            return
        rows = key[0].astype(np.intp, copy=False).reshape(-1)  # the common case: whole rows
        width = values.size // rows.size
        length = array.shape[0]
        # Flat positions of rows far outside would wrap around; single ones add.at checks itself.
        if width > 1 and not (-length <= _least(rows) and _greatest(rows) < length):
            array[key]  # raises an error that speaks of the key and not of flat positions
        _add_flat(flat, rows * width, np.arange(width), values)
        return
    places = find_places(array, key)
    if places is None:  # nothing that is often done, or not in the array
        shape = array[key].shape
        # add.at itself reads past the end of values that broadcast (NumPy 2.4.6).
        np.add.at(array, key, np.broadcast_to(without_extra_axes(values, len(shape)), shape))
        return
    lead, inner, axis = places
    shape = (*inner.shape[:axis], *lead.shape, *inner.shape[axis:])
    values = np.broadcast_to(without_extra_axes(values, len(shape)), shape)
    if axis > 0:
        first = range(axis, axis + lead.ndim)
        values = values.transpose(*first, *(i for i in range(len(shape)) if i not in first))
    _add_flat(flat, lead.reshape(-1), inner.reshape(-1), values)


def _add_flat(flat: Array, lead: Positions, inner: Positions, values: Array) -> None:
    """Add values of shape ``(*lead.shape, *inner.shape)``, some positions of ``lead`` at a time."""
    if values.size == 0:
        return
    table = values.reshape(lead.size, inner.size)
    count = max(1, BLOCK // inner.size)
    alone = inner.size == 1 and inner[0] == 0
    for start in range(0, lead.size, count):
        part = lead[start : start + count]
        positions = part if alone else (part[:, None] + inner).reshape(-1)
        np.add.at(flat, positions, table[start : start + count].reshape(-1))


def without_extra_axes(values: Array, ndim: int) -> Array:
    """Drop leading axes of length 1 that have no place to go, as assignment does."""
    extra = values.ndim - ndim
    if extra > 0 and values.shape[:extra] == (1,) * extra:
        return values.reshape(values.shape[extra:])
    return values


def find_places(array: Array, key: tuple[Any, ...]) -> Places | None:
    """The places that ``array[key]`` reads; None for keys of other parts, or outside the array.

    The parts may be integers, slices, None, ``...``, and arrays of integers or booleans.
    """
    parts = _complete(array.ndim, key)
    if parts is None:
        return None
    strides = [step // array.itemsize for step in array.strides]
    used = 0  # axes of the array so far
    lead: Any = np.zeros((), np.intp)
    axes: list[int] = []  # where arrays and integers stand among what the parts read
    along: list[Positions] = []  # positions along each of the other axes
    for part in parts:
        place = len(axes) + len(along)
        if part is None:
            along.append(np.zeros(1, np.intp))
        elif isinstance(part, slice):
            chosen = range(*part.indices(array.shape[used]))
            along.append(np.arange(chosen.start, chosen.stop, chosen.step) * strides[used])
            used += 1
        else:
            mask = isinstance(part, np.ndarray) and part.dtype.kind == "b"
            if mask and part.shape != array.shape[used : used + part.ndim]:
                return None
            for nth, found in enumerate(part.nonzero() if mask else (part,)):
                length = array.shape[used]
                found = np.asarray(found).astype(np.intp, copy=False)
                low = found.min(initial=0)
                if low < -length or found.max(initial=-1) >= length:
                    return None
                if low < 0:
                    found = np.where(found < 0, found + length, found)
                lead = lead + found * strides[used]
                axes.append(place + nth)
                used += 1
    inner: Any = np.zeros((1,) * len(along), np.intp)
    for place, steps in enumerate(along):
        inner = inner + steps.reshape(-1, *(1,) * (len(along) - place - 1))
    # For NumPy an ellipsis stands between its neighbours even where it stands for no axis.
    kinds = (int, np.integer, np.ndarray)
    at = [i for i, part in enumerate(key) if isinstance(part, kinds)]
    together = at == [*range(at[0], at[0] + len(at))]
    return Places(lead, inner, axes[0] if together else 0)


def _complete(ndim: int, key: tuple[Any, ...]) -> list[Any] | None:
    """The parts with ``...`` written out; None if there is one that is not known here."""
    used = 0
    for part in key:
        kind = part.dtype.kind if isinstance(part, np.ndarray) else ""
        if kind == "b" and part.ndim > 0:
            used += part.ndim
        elif kind in ("i", "u") or (
            isinstance(part, slice | int | np.integer) and not isinstance(part, bool)
        ):
            used += 1
        elif part is not None and part is not Ellipsis:
            return None
    parts = [*key]
    dots = [place for place, part in enumerate(parts) if part is Ellipsis] or [len(parts)]
    if len(dots) > 1 or used > ndim:
        return None
    parts[dots[0] : dots[0] + 1] = [slice(None)] * (ndim - used)
    return parts
