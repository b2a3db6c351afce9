"""How benchmarks check and time: what they refuse to time, whose turn it is, how long turns are."""

from __future__ import annotations

import gc
import re
import time
import timeit
from typing import Any

import numpy as np
import pytest

from benchmarks.catalogue import GROUPS, chosen, works
from benchmarks.work import (
    OURS,
    REFERENCE,
    Figures,
    Race,
    Rounds,
    Side,
    ratio,
    runs_in,
    shown,
)

ONES = np.ones(1000, np.float32)


def race(ours: Any, by_hand: Any = ONES, **settings: Any) -> Race:
    sides = {OURS: Side("x", {"x": ours}), REFERENCE: Side("x", {"x": by_hand})}
    return Race(sides, **settings)


# What is refused ---------------------------------------------------------------------------------


def changed(count: int, by: float = 0.1) -> Any:
    array = ONES.copy()
    array[:count] += np.float32(by)
    return array


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (changed(1), "Mismatched elements: 1 / 1000"),
        (ONES.astype(np.float64), "tensorgrok, result 0: float64, float32"),
        (ONES[:, None], "tensorgrok, result 0: (1000, 1), (1000,)"),
    ],
)
def test_sides_that_disagree_are_not_timed(ours: Any, said: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(said)):
        race(ours).check()


@pytest.mark.parametrize(("value", "said"), [(0.0, "nothing but zeros"), (1e-40, "denormal")])
def test_zeros_and_denormal_numbers_are_not_timed(value: float, said: str) -> None:
    array = np.full(3, value, np.float32)
    with pytest.raises(AssertionError, match=said):
        race(array, array).check()


def test_a_share_of_numbers_may_be_allowed_to_stray() -> None:
    race(changed(5), stray=0.005).check()
    with pytest.raises(AssertionError, match="Mismatched elements: 6 / 1000"):
        race(changed(6), stray=0.005).check()


def test_a_side_that_changes_from_run_to_run_is_found_out() -> None:
    count = 0

    def step() -> Any:
        nonlocal count
        count += 1
        return changed(int(count == 3))

    sides = {OURS: Side("step()", {"step": step}), REFERENCE: Side("x", {"x": ONES})}
    with pytest.raises(AssertionError, match="Mismatched elements: 1 / 1000"):
        Race(sides).check()


def test_first_runs_are_timed_apart() -> None:
    waits = iter([0.02, 0.0, 0.0])

    def slow() -> Any:
        time.sleep(next(waits))
        return ONES

    sides = {OURS: Side("step()", {"step": slow}), REFERENCE: Side("x", {"x": ONES})}
    first = Race(sides).check()
    assert first[OURS] >= 0.02 > first[REFERENCE]


# Turns -------------------------------------------------------------------------------------------


def test_each_round_begins_with_another_side_and_warms_it_up() -> None:
    seen: list[str] = []
    names = (OURS, REFERENCE, "A", "B")
    sides = {name: Side("see(n)", {"see": seen.append, "n": name}) for name in names}
    rounds = Rounds(Race(sides), seconds=1e-6, total=0.0)
    rounds.runs = dict.fromkeys(names, 2)
    seen.clear()
    for _ in range(3):
        rounds.others()
        rounds.turn(OURS)
    order = [seen[i] for i in range(0, len(seen), 4)]
    assert seen == [name for name in order for _ in range(4)]  # twice untimed and twice timed
    assert order == [
        REFERENCE,
        "A",
        "B",
        OURS,
        "A",
        "B",
        REFERENCE,
        OURS,
        "B",
        REFERENCE,
        "A",
        OURS,
    ]
    assert [len(rounds.times[name]) for name in names] == [3, 3, 3, 3]


def test_the_number_of_runs_is_found_warm() -> None:
    waits = iter([0.05])

    def first_is_slow() -> None:
        time.sleep(next(waits, 0.0005))

    number, once = runs_in(0.005, timeit.Timer("f()", globals={"f": first_is_slow}))
    assert 2 <= number <= 10
    assert 0.0005 <= once < 0.002


def test_what_takes_long_has_few_rounds() -> None:
    slow = Side("wait()", {"wait": lambda: time.sleep(0.002)})
    found = Rounds(Race({OURS: slow, REFERENCE: slow}), seconds=0.001, total=0.0)
    assert (found.count, found.runs[OURS]) == (5, 1)


def test_the_garbage_collector_runs_only_where_it_is_asked_for() -> None:
    seen: list[bool] = []
    names = {"see": lambda: seen.append(gc.isenabled())}
    for collects in (False, True):
        Side("see()", names, collects=collects).timer().timeit(1)
    assert seen == [False, True]
    assert gc.isenabled()


def test_figures_are_of_one_run() -> None:
    found = Figures.of([0.2, 0.4, 0.6], runs=2)
    assert (found.median, found.least, found.rounds, found.runs) == (0.2, 0.1, 3, 2)
    assert found.lower < found.median < found.upper
    assert Figures.of([3.0], runs=1)[:4] == (3.0, 3.0, 3.0, 3.0)
    assert ratio({OURS: found, REFERENCE: Figures.of([0.1], 1)}) == pytest.approx(2)
    assert [shown(s) for s in (2.5e-8, 1.234e-5, 0.0123, 7)] == [
        "25 ns",
        "12.3 µs",
        "12.3 ms",
        "7 s",
    ]


# The catalogue -----------------------------------------------------------------------------------


def test_works_have_names_of_their_own_and_some_are_quick() -> None:
    for group in GROUPS:
        names = [work.name for work in works(group, ())]
        assert len(names) == len(set(names)) > 0
        quick = chosen(group, (), "", quick=True, large=False)
        assert 0 < len(quick) < len(names)
        assert not any(work.large for work in chosen(group, (), "", quick=False, large=False))
    with pytest.raises(ValueError, match="no group 'stairs'; there are recording forward, "):
        works("stairs")


def test_words_choose_by_group_and_name() -> None:
    found = chosen("steps", ("Adam 1x3-4-1", "RNN"), "", quick=False, large=False)
    assert [work.name for work in found][:2] == ["Adam 1x3-4-1", "SGD RNN 1x8x32-64-10"]
    assert len(found) == 7
    assert chosen("gather", ("steps",), "", quick=False, large=False) == []
