"""Samples: the numbers of an array that a picture can show, taken where the array lives.

Small arrays are shown number by number. Of large ones the means of blocks are computed on their own
device, and only those come to the host, all in one copy: a picture of a weight with a million
numbers must not move a million numbers.

This module stands on ``backend`` and ``stacks``; read ``bricks`` next, which draws what it finds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import ArgumentError
from .stacks import Sample

#: So many numbers come to the host at most, beside the extremes.
NUMBERS = 600

#: Up to so many rows or columns a length grows by one unit each, then by the logarithm.
LINEAR = 8

#: Block means for each unit of length, where the number of all of them allows it.
MEANS_PER_UNIT = 3.0


def scale(count: int) -> float:
    """Length of so many rows or columns, in units: exact up to 8, then logarithmic.

    It grows strictly, so different dimensions never look equal.

    >>> from tensorgrok.views.sampling import scale
    >>> scale(4), scale(8), round(scale(784), 2)
    (4.0, 8.0, 17.0)
    """
    if count <= LINEAR:
        return float(count)
    return LINEAR * (1 + 0.17 * math.log2(count / LINEAR))


def fold(shape: tuple[int, ...]) -> tuple[tuple[int, int], int]:
    """Return rows and columns of an array as drawn, and how many copies its leading axes hold.

    A vector is one row; a number is one row and one column.

    >>> from tensorgrok.views.sampling import fold
    >>> fold((5,)), fold((2, 3, 4, 5))
    (((1, 5), 1), ((4, 5), 6))
    """
    rows, columns = (1, 1, *shape)[-2:]
    return (rows, columns), math.prod(shape[:-2])


def sample(
    array: Array,
    backend: Backend,
    rows_limit: int | None = None,
    columns_limit: int | None = None,
) -> Sample:
    """Return what a picture shows of an array: its numbers, or the means of so many blocks.

    Of an array with more than two axes the first matrix is shown; the extremes are those of all.
    Of complex numbers the magnitude is shown. A block that holds NaN or an infinity has a mean that
    says so, and no other has.

    Args:
        array: an array of ``backend``, of any shape; floats, complex numbers, integers or bools.
        backend: where it lives.
        rows_limit: more rows than this become that many means; None chooses what fits a picture.
        columns_limit: likewise.

    Raises:
        ArgumentError: a limit is not positive, or the two allow more than 600 numbers.

    >>> from tensorgrok.views.sampling import sample
    >>> image = np.arange(1000.0).reshape(20, 50)
    >>> taken = sample(image, tg.Tensor(image).backend, 2, 5)
    >>> taken.values.shape, taken.exact, taken.block, taken.low, taken.high
    ((2, 5), False, (10, 10), 0.0, 999.0)
    """
    (rows, columns), _ = fold(array.shape)
    xp = backend.xp
    part = "magnitude" if array.dtype.kind == "c" else ""
    if math.prod(array.shape) == 0:
        empty = np.zeros((rows if rows * columns == 0 else 0, columns))
        return Sample(empty, exact=True, low=math.nan, high=math.nan, part=part)
    limits = _limits(rows, columns, rows_limit, columns_limit)
    with np.errstate(all="ignore"):  # infinities may meet, and that is theirs to show
        real = _real(array, xp)
        first = (0,) * (array.ndim - 2) + (slice(None),) * min(array.ndim, 2)
        shown = xp.reshape(real[first] if array.ndim > 2 else real, (rows, columns))
        for axis, limit in enumerate(limits):
            shown = _means(shown, axis, limit, xp)
        extremes = [xp.reshape(best(real, axis=None), (1,)) for best in (xp.min, xp.max)]
        flat = xp.concat([xp.reshape(shown, (-1,)), *extremes], axis=0)
        numbers = backend.to_numpy(flat).astype(np.float64)
    values, (low, high) = numbers[:-2].reshape(limits), numbers[-2:]
    strange = 0
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high, strange = _finite_extremes(real, backend)
    exact = limits == (rows, columns)
    block = _largest_block((rows, columns), limits)
    return Sample(values, exact, float(low), float(high), block, strange, part)


def coarsen(taken: Sample, rows: int, columns: int) -> Sample:
    """Return a sample with so many rows and columns at most: means of an exact one's numbers.

    Means stay as they are, for the blocks behind them are not known any more.
    """
    if not taken.exact or 0 in taken.values.shape:
        return taken
    limits = (min(rows, taken.values.shape[0]), min(columns, taken.values.shape[1]))
    if limits == taken.values.shape:
        return taken
    means = taken.values
    with np.errstate(all="ignore"):
        for axis, limit in enumerate(limits):
            means = _means(means, axis, limit, np)
    block = _largest_block(taken.values.shape, limits)
    return Sample(means, False, taken.low, taken.high, block, taken.strange, taken.part)


def transpose(taken: Sample) -> Sample:
    """Return the sample of the transpose."""
    return Sample(
        taken.values.T,
        taken.exact,
        taken.low,
        taken.high,
        (taken.block[1], taken.block[0]),
        taken.strange,
        taken.part,
    )


def _limits(
    rows: int, columns: int, rows_limit: int | None, columns_limit: int | None
) -> tuple[int, int]:
    """How many rows and columns of numbers to take."""
    for name, limit in (("rows_limit", rows_limit), ("columns_limit", columns_limit)):
        if limit is not None and limit < 1:
            raise ArgumentError(f"sample: {name} must be at least 1, got {limit}")
    if rows_limit is None and columns_limit is None:
        if rows * columns <= NUMBERS:
            return rows, columns
        density = min(MEANS_PER_UNIT, math.sqrt(NUMBERS / (scale(rows) * scale(columns))))
        rows_limit = max(1, int(scale(rows) * density))
        columns_limit = max(1, int(scale(columns) * density))
    if rows_limit is None:
        rows_limit = max(1, NUMBERS // min(columns, columns_limit or columns))
    elif columns_limit is None:
        columns_limit = max(1, NUMBERS // min(rows, rows_limit))
    taken_rows, taken_columns = min(rows, rows_limit), min(columns, columns_limit or columns)
    if taken_rows * taken_columns > NUMBERS:
        raise ArgumentError(
            f"sample: rows_limit={rows_limit} and columns_limit={columns_limit} allow "
            f"{taken_rows * taken_columns} numbers; at most {NUMBERS} come to the host: lower one"
        )
    return taken_rows, taken_columns


def _real(array: Array, xp: Any) -> Array:
    """Floats that say what an array holds: magnitudes of complex numbers, 0 and 1 of bools."""
    kind = array.dtype.kind
    if kind == "c":
        return xp.abs(array)
    return array if kind == "f" else xp.astype(array, np.dtype(np.float64))


def _means(matrix: Array, axis: int, limit: int, xp: Any) -> Array:
    """Means along an axis of so many blocks, whose lengths differ by one at most.

    They are means of slices, not differences of running sums: what is NaN stays in its block.
    """
    count = matrix.shape[axis]
    if count <= limit:
        return matrix
    length, longer = divmod(count, limit)
    cut = longer * (length + 1)
    parts = []
    for start, stop, each in ((0, cut, length + 1), (cut, count, length)):
        if stop > start:
            piece = matrix[start:stop, :] if axis == 0 else matrix[:, start:stop]
            inner = ((stop - start) // each, each)
            shape = (*inner, matrix.shape[1]) if axis == 0 else (matrix.shape[0], *inner)
            parts.append(xp.mean(xp.reshape(piece, shape), axis=axis + 1))
    return parts[0] if len(parts) == 1 else xp.concat(parts, axis=axis)


def _largest_block(shape: tuple[int, ...], limits: tuple[int, int]) -> tuple[int, int]:
    return -(-shape[0] // limits[0]), -(-shape[1] // limits[1])


def _finite_extremes(real: Array, backend: Backend) -> tuple[float, float, int]:
    """The extremes of an array's finite numbers, and how many others it has."""
    xp = backend.xp
    finite = xp.isfinite(real)
    found = [
        xp.min(xp.where(finite, real, math.inf), axis=None),
        xp.max(xp.where(finite, real, -math.inf), axis=None),
        xp.sum(xp.astype(finite, np.dtype(np.int64)), axis=None),
    ]
    low, high, regular = (float(backend.item(number)) for number in found)
    strange = math.prod(real.shape) - int(regular)
    return (low, high, strange) if regular else (math.nan, math.nan, strange)
