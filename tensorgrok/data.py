"""Data: the handwritten digits that are shipped along, and helpers that split and shuffle rows.

Everything here takes its random order from a ``Generator``, on the host, so one seed gives one
order on every backend. The helpers take NumPy arrays and tensors alike and hand out the same kind.

>>> from tensorgrok import Generator, data
>>> generator = Generator(0)
>>> learn, held_out = data.split(data.load_digits(), 0.2, generator)
>>> for images, labels in data.batches(learn, 500, generator):
...     print(images.shape, labels.shape)
(500, 64) (500,)
(500, 64) (500,)
(438, 64) (438,)

This module stands on ``ops.random`` and ``errors``.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from .errors import ArgumentError, DTypeError, ShapeError, describe
from .ops.random import Generator, default_generator

__all__ = ["batches", "load_digits", "split"]

Arrays = TypeVar("Arrays", bound=tuple[Any, ...])
Order = npt.NDArray[np.int64]


def load_digits() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Load 1,797 images of handwritten digits, 8 by 8 pixels, and the digits they show.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, doi 10.24432/C50P49, its test part; licence CC BY 4.0.

    Returns:
        images: float32, shape (1797, 64), rows of pixels one after the other; 0 is blank paper
        and 1 is ink, in sixteenths.
        labels: int64, shape (1797,), from 0 to 9.

    >>> from tensorgrok import data
    >>> images, labels = data.load_digits()
    >>> images.shape, labels[:4].tolist()
    ((1797, 64), [0, 1, 2, 3])
    """
    place = resources.files(__package__).joinpath("datasets", "digits.npz")
    with place.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        pixels, digits = stored["images"], stored["labels"]
    images = pixels.reshape(len(pixels), -1).astype(np.float32) / np.float32(16)
    return images, digits.astype(np.int64)


def split(
    arrays: Arrays, fraction: float, generator: Generator | None = None
) -> tuple[Arrays, Arrays]:
    """Split rows at random into those to learn from and those held out.

    Args:
        arrays: a tuple of arrays or tensors with equally many rows; row i of each belongs together.
        fraction: how much to hold out, more than 0 and less than 1; the number of rows is rounded.
        generator: where the order is drawn from; the default generator if None.

    Returns:
        Two tuples like ``arrays``: the rows to learn from, and the rows held out.

    Raises:
        ShapeError: different numbers of rows, or a 0-d array.
        DTypeError: anything but a tuple of arrays, a number and a Generator.
        ArgumentError: a fraction out of range, or one that leaves either part without a row.

    >>> import numpy as np
    >>> from tensorgrok import Generator, data
    >>> learn, held_out = data.split((np.arange(10), np.arange(10.0)), 0.2, Generator(0))
    >>> [array.shape for array in learn], [array.shape for array in held_out]
    ([(8,), (8,)], [(2,), (2,)])
    """
    rows = _rows("split", arrays)
    if isinstance(fraction, bool) or not isinstance(fraction, int | float | np.number):
        raise DTypeError(f"split: fraction must be a number, got {fraction!r}")
    if not 0 < fraction < 1:
        raise ArgumentError(f"split: fraction must be more than 0 and less than 1, got {fraction}")
    held = round(float(fraction) * rows)
    if not 0 < held < rows:
        raise ArgumentError(
            f"split: holding out {fraction} of {rows} rows would leave one part empty "
            f"({rows - held} and {held} rows)"
        )
    order = _generator("split", generator).permutation(rows)
    return _pick(arrays, order[held:]), _pick(arrays, order[:held])


def batches(
    arrays: Arrays,
    size: int,
    generator: Generator | None = None,
    *,
    shuffle: bool = True,
    drop_last: bool = False,
) -> Iterator[Arrays]:
    """Iterate once over all rows in batches, in a random order.

    The order is drawn when this is called, so call it anew for each epoch.

    Args:
        arrays: a tuple of arrays or tensors with equally many rows; row i of each belongs together.
        size: rows in a batch, at least 1; the last batch has what is left over.
        generator: where the order is drawn from; the default generator if None.
        shuffle: False keeps the rows in their order and draws nothing.
        drop_last: True leaves the last batch out if it is smaller than ``size``.

    Returns:
        An iterator over tuples like ``arrays``.

    Raises:
        ShapeError: different numbers of rows, or a 0-d array.
        DTypeError: anything but a tuple of arrays, an integer and a Generator.
        ArgumentError: a size below 1.

    >>> import numpy as np
    >>> from tensorgrok import data
    >>> [x.tolist() for x, in data.batches((np.arange(5),), 2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    """
    rows = _rows("batches", arrays)
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise DTypeError(f"batches: size must be an integer, got {size!r}")
    if size < 1:
        raise ArgumentError(f"batches: size must be at least 1, got {size}")
    source = _generator("batches", generator)
    order = source.permutation(rows) if shuffle else np.arange(rows)
    end = rows - rows % int(size) if drop_last else rows
    # A generator function would check its arguments, and draw, only when the loop begins.
    return (_pick(arrays, order[i : min(i + int(size), end)]) for i in range(0, end, int(size)))


def _pick(arrays: Arrays, places: Order) -> Arrays:
    return cast("Arrays", tuple(array[places] for array in arrays))


def _generator(operation: str, generator: Generator | None) -> Generator:
    if generator is None:
        return default_generator()
    if not isinstance(generator, Generator):
        raise DTypeError(
            f"{operation}: generator must be a tensorgrok Generator, not {generator!r}; make one "
            "from a seed with tensorgrok.Generator(seed)"
        )
    return generator


def _rows(operation: str, arrays: tuple[Any, ...]) -> int:
    """The number of rows that the arrays share."""
    if not isinstance(arrays, tuple) or not arrays:
        raise DTypeError(
            f"{operation}: give a tuple of arrays, such as (images, labels) or (images,), not "
            f"{'an empty one' if isinstance(arrays, tuple) else describe(arrays)}"
        )
    for place, array in enumerate(arrays):
        if not hasattr(array, "shape") or not hasattr(array, "dtype"):
            raise DTypeError(
                f"{operation}: item {place} is {describe(array)}, not an array or tensor; make "
                "one with numpy.asarray"
            )
        if len(array.shape) == 0:
            raise ShapeError(f"{operation}: {describe(array)} is 0-d and has no rows")
    lengths = {int(array.shape[0]) for array in arrays}
    if len(lengths) > 1:
        seen = ", ".join(describe(array) for array in arrays)
        raise ShapeError(f"{operation}: the arrays must have equally many rows, got {seen}")
    return lengths.pop()
