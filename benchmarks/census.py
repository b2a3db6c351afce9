"""What it costs to have it, as works: importing, the first gradient, memory of a step.

Nothing here can be timed by calling it again and again in one process, so instead of a race each is
a ``Census``, which takes its own figures with ``benchmarks.footprint``.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks import footprint, peers
from benchmarks.lean_steps import lean_step
from benchmarks.tasks import Task
from benchmarks.work import OURS, REFERENCE, Absent

#: Rounds of fresh processes, and in a quick run.
ROUNDS, QUICK_ROUNDS = 9, 3
#: The steps whose memory a quick run looks at.
QUICK = ("SGD 128x784-256-128-10",)


class Taking(NamedTuple):
    """A census that is taken when it is wanted; ``take`` is told whether it should be quick."""

    name: str
    take: Callable[[bool], Census]
    quick: bool = False
    large: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass
class Census:
    """Figures of each side.

    Attributes:
        times: seconds, by side, of each round.
        own: facts of each side.
        absent: who does not take part, and why.
    """

    times: dict[str, list[float]]
    own: dict[str, dict[str, Any]]
    absent: dict[str, str]


def processes(names: Sequence[str], seconds: Callable[[str], float], quick: bool) -> Census:
    """Time what a fresh process does for each side, in turn; the first round does not count."""
    census = Census({}, {}, {})
    for round_ in range((QUICK_ROUNDS if quick else ROUNDS) + 1):
        for name in names:
            if name in census.absent:
                continue
            try:
                found = seconds(name)
            except Absent as error:
                census.absent[name] = str(error)
                continue
            if round_ > 0:
                census.times.setdefault(name, []).append(found)
    for name in census.times:
        try:
            distribution = footprint.DISTRIBUTIONS[name]
            census.own[name] = {
                "installed_bytes": footprint.installed_bytes(distribution),
                "environment_bytes": footprint.environment_bytes(distribution),
            }
        except Absent as error:
            census.own[name] = {"sizes": str(error)}
    return census


def _import(name: str) -> float:
    return footprint.import_seconds(footprint.IMPORTED[name])


def _first_gradient(name: str) -> float:
    return footprint.first_gradient_seconds(name).seconds


def memory(task: Task, quick: bool) -> Census:
    """The peak of a step, ours and by hand, and as its time that of the steps without counting."""
    facts: Mapping[str, dict[str, Any]] = footprint.peak_memory(task)
    steps = {OURS: peers.side(OURS, task).names["step"], REFERENCE: lean_step(task)}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for round_ in range((QUICK_ROUNDS if quick else ROUNDS) + 1):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            if round_ > 0:
                times[name].append(time.perf_counter() - began)
    return Census(times, dict(facts), {})


def works(among: Collection[str]) -> list[Taking]:
    """Everything in this module, to be taken when it is wanted."""
    names = [name for name in footprint.IMPORTED if name in (OURS, REFERENCE) or name in among]
    found = [
        Taking("import", functools.partial(processes, names, _import), quick=True),
        Taking("first gradient", functools.partial(processes, names, _first_gradient)),
    ]
    for task in footprint.PEAK_TASKS:
        take = functools.partial(memory, task)
        found.append(Taking(f"peak memory {task.name}", take, quick=task.name in QUICK))
    return found
