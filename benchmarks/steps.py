"""Whole training steps: forward, backward and update, by everybody who is installed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection

from benchmarks import peers
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import Work

OPTIMIZERS = ("SGD", "Adam")
BATCHES = (1, 32, 128)
SIZES = (
    *((3, 4, 1), (64, 40, 10), (784, 100, 10), (784, 256, 128, 10), (784, 1024, 1024, 10)),
    *((1024, 1024, 1024), (4096, 4096, 4096)),
)
#: Of the many, those that a quick run takes.
QUICK = {
    *("SGD 1x3-4-1", "SGD 1x784-100-10", "SGD 128x784-100-10", "Adam 32x64-40-10"),
    *("SGD RNN 1x8x32-64-10", "SGD attention 1x16x64"),
}


def tasks() -> list[Task]:
    """All of them, the smallest first."""
    kinds: list[Callable[[str, int], Task]] = [
        *(functools.partial(Dense, sizes=sizes) for sizes in SIZES),
        Recurrent,
        Attention,
    ]
    return [
        kind(optimizer, batch) for kind in kinds for optimizer in OPTIMIZERS for batch in BATCHES
    ]


def works(among: Collection[str] = tuple(peers.MODULES)) -> list[Work]:
    """Every step, to be made when it is wanted, with those of the peers that are named."""
    return [
        Work(
            task.name,
            functools.partial(peers.race, task, among),
            quick=task.name in QUICK,
            large=isinstance(task, Dense) and max(task.sizes) >= 4096,
        )
        for task in tasks()
    ]
