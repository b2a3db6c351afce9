"""Everything in the catalogue under pytest-benchmark: ``python -m pytest benchmarks``.

What pytest-benchmark times is ours; before each of its rounds the same work runs by hand, so that
both see the same machine. ``extra_info`` has the median by hand and the ratio, the table at the end
has them all. Sizes of 4096 and more need gigabytes and minutes: ``--large`` includes them.
"""

from __future__ import annotations

import functools
import statistics
from typing import Any

import pytest

from benchmarks import catalogue
from benchmarks.work import Figures, Work, runs_in

#: Seconds that a side takes in one round, and in all rounds together.
ROUND, TOTAL = 0.001, 0.1


@pytest.mark.parametrize(
    ("group", "work"),
    [(group, work) for group, works in catalogue().items() for work in works],
    ids=str,
)
def test_benchmark(
    benchmark: Any,
    request: pytest.FixtureRequest,
    figures: dict[str, Figures],
    group: str,
    work: Work,
) -> None:
    if work.large and not request.config.getoption("--large"):
        pytest.skip("takes gigabytes and long; --large includes it")
    pair = work.make()
    pair.check()
    ours, by_hand = pair.timers()
    number = runs_in(ROUND, by_hand)
    rounds = max(5, round(TOTAL / max(by_hand.timeit(number), ROUND)))
    times = []
    benchmark.group = group
    benchmark.pedantic(
        functools.partial(ours.timeit, number),
        setup=lambda: times.append(by_hand.timeit(number)),
        rounds=rounds,
        warmup_rounds=1,
    )
    if benchmark.stats is not None:  # None if benchmarks are only run, not timed
        median = benchmark.stats.stats.median
        found = Figures(median / number * 1e9, statistics.median(times[1:]) / number * 1e9)
        benchmark.extra_info |= {"runs_in_a_round": number, "ratio": found.ratio}
        benchmark.extra_info |= {f"{side}_ns": value for side, value in found._asdict().items()}
        figures[f"{group}: {work.name}"] = found
