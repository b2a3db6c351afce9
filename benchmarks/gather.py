"""Reading rows of a table by number, as an embedding does, and adding up their gradient.

By hand the gradient is one ``numpy.bincount`` over flat positions, as one adds at repeated places
with NumPy when ``numpy.add.at`` is too slow.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import tensorgrok as tg
from benchmarks.work import OURS, REFERENCE, Race, Side, Work, our_side

#: Rows of the table, their length, how many are read.
SIZES = ((100, 16, 32), (1_000, 64, 4_096), (10_000, 64, 4_096), (100_000, 64, 4_096))


def gather(rows: int, length: int, read: int) -> Race:
    """Forward and backward of ``table[index]``, with numbers that repeat."""
    random = np.random.default_rng(0)
    table = random.uniform(0.5, 1, (rows, length)).astype(np.float32)
    index = random.integers(0, rows, read)
    g = random.uniform(0.5, 1, (read, length)).astype(np.float32)
    names: dict[str, Any] = {"table": tg.Tensor(table, requires_grad=True), "g": tg.Tensor(g)}
    names["index"] = tg.Tensor(index)

    def ours() -> Any:
        names["table"].grad = None
        names["table"][names["index"]].backward(names["g"])
        return names["table"].grad

    def by_hand() -> Any:
        _ = table[index]
        places = (index[:, None] * length + np.arange(length)).ravel()
        added = np.bincount(places, weights=g.ravel(), minlength=rows * length)
        return added.reshape(rows, length).astype(np.float32)

    sides = {
        OURS: our_side("step()", {"step": ours}),
        REFERENCE: Side("step()", {"step": by_hand}),
    }
    return Race(sides, rtol=1e-5)


def works() -> list[Work]:
    """Everything in this module, to be made when it is wanted."""
    return [
        Work(
            f"{read} of {rows}x{length}",
            functools.partial(gather, rows, length, read),
            quick=rows == 1_000,
        )
        for rows, length, read in SIZES
    ]
