"""Everything in the catalogue under pytest-benchmark: ``python -m pytest benchmarks``.

What pytest-benchmark times is ours; before each of its rounds every other side runs, so that all
see the same machine. ``--quick`` takes a few of the works, ``--word WORD`` those with a word in
their names, ``--large`` those of 4096 and more as well, which need gigabytes and minutes.
``python -m tensorgrok bench`` runs all of it and makes tables and plots.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest

from benchmarks.census import Taking
from benchmarks.conftest import Found
from benchmarks.work import OURS, Rounds, Work

#: Seconds of a side's turn in a round, and of all turns together (more in steps, where many take
#: part); those of a quick run.
ROUND, TOTAL, STEPS_TOTAL = 0.002, 0.4, 1.2
QUICK_ROUND, QUICK_TOTAL = 0.0005, 0.2


def test_benchmark(
    benchmark: Any,
    request: pytest.FixtureRequest,
    found: dict[str, Found],
    group: str,
    work: Work | Taking,
) -> None:
    benchmark.group = group
    quick = request.config.getoption("--quick")
    if isinstance(work, Taking):
        census = benchmark.pedantic(functools.partial(work.take, quick), rounds=1)
        found[request.node.nodeid] = Found.of_census(group, work.name, census)
        return
    race = work.make()
    first = race.check()
    if not benchmark.enabled:
        benchmark(race.sides[OURS].run)
        return
    whole = STEPS_TOTAL if group == "steps" else TOTAL
    seconds, total = (QUICK_ROUND, QUICK_TOTAL) if quick else (ROUND, whole)
    rounds = Rounds(race, seconds, total)
    benchmark.pedantic(
        functools.partial(rounds.turn, OURS),
        setup=rounds.others,
        rounds=rounds.count,
        warmup_rounds=1,
    )
    found[request.node.nodeid] = Found.of_race(group, work.name, race, rounds, first)
