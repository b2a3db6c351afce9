"""What is timed: the same work on the same arrays, by tensorgrok and by NumPy written by hand.

Ours runs on the backend that ``TENSORGROK_BACKEND`` chooses. On a device each round is timed up to
the moment when the device has done all of it; by hand it is NumPy on the CPU in any case.
A ``Pair`` is a statement for either side, each with its names. ``measure`` runs both sides in
turn, in many short rounds, so that whatever slows the machine down for a while slows both; what
means something is their ratio. Before anything is timed both sides are found to give equal
results, and none of them are zeros.
"""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import tensorgrok as tg

Array = npt.NDArray[np.float32]

#: So small that no weight gets anywhere: a net that converges would time zeros and denormals.
RATE = 1e-6


class Pair(NamedTuple):
    """The same work, spelled for either side.

    Attributes:
        name: what is done.
        statement: a Python expression, the one that is timed.
        ours, by_hand: the names that it reads, as tensors and as arrays.
        results: an expression for all that must be equal on both sides; the statement if empty.
        statement_by_hand: how the statement is spelled by hand, if that differs.
        rtol: how far results may be from each other, relative to the largest of them.
    """

    name: str
    statement: str
    ours: dict[str, Any]
    by_hand: dict[str, Any]
    results: str = ""
    statement_by_hand: str = ""
    rtol: float = 1e-6

    @property
    def sides(self) -> tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]:
        """Statement and names of ours, and those by hand."""
        return (
            (self.statement, self.ours),
            (self.statement_by_hand or self.statement, self.by_hand),
        )

    def check(self) -> None:
        """Raise AssertionError unless both sides give the same values, three times over."""
        for _ in range(3):
            found, expected = (
                eval(self.results or f"({text},)", names) for text, names in self.sides
            )
            for tensor, array in zip(found, expected, strict=True):
                array = np.asarray(array)
                assert tensor.dtype == array.dtype, f"{self.name}: {tensor.dtype}, {array.dtype}"
                np.testing.assert_allclose(
                    tensor.numpy(),
                    array,
                    rtol=self.rtol,
                    atol=self.rtol * np.abs(array).max(initial=0),
                    err_msg=self.name,
                    strict=True,
                )
                assert np.any(array), f"{self.name}: a result of nothing but zeros"

    def timers(self) -> tuple[timeit.Timer, timeit.Timer]:
        """A timer for each side; like every use of timeit's, with the garbage collector off."""
        (ours, names), (by_hand, their_names) = self.sides
        clock = waiting_clock(tg.current_backend())
        return timeit.Timer(ours, timer=clock, globals=names), timeit.Timer(
            by_hand, globals=their_names
        )


def waiting_clock(backend: tg.Backend) -> Callable[[], float]:
    """A clock that is read when the device has done everything that was issued before."""
    if "host" in backend.features:
        return time.perf_counter

    def clock() -> float:
        backend.synchronize()
        return time.perf_counter()

    return clock


class Work(NamedTuple):
    """A pair that is made when it is wanted, for some take much memory."""

    name: str
    make: Callable[[], Pair]
    large: bool = False  # takes gigabytes and long

    def __str__(self) -> str:
        return self.name


class Figures(NamedTuple):
    """Medians over rounds, in nanoseconds for one run of the statement, and their ratio."""

    ours: float
    by_hand: float

    @property
    def ratio(self) -> float:
        """How many times as long as by hand it takes."""
        return self.ours / self.by_hand

    def __str__(self) -> str:
        def shown(nanoseconds: float) -> str:
            for unit, size in (("ns", 1e3), ("µs", 1e6), ("ms", 1e9)):
                if nanoseconds < size:
                    return f"{nanoseconds / size * 1e3:8.3g} {unit}"
            return f"{nanoseconds / 1e9:8.3g} s "

        return f"{shown(self.ours)}   by hand {shown(self.by_hand)}   {self.ratio:6.2f} times"


def runs_in(seconds: float, timer: timeit.Timer) -> int:
    """How often a statement fits a time, at least once; it runs a few times to find out."""
    number = 1
    while (taken := timer.timeit(number)) < seconds / 10:
        number *= 4
    return max(1, round(number * seconds / taken))


def measure(pair: Pair, rounds: int = 100, seconds: float = 0.001) -> Figures:
    """Time both sides of a pair in turn, in rounds of about ``seconds`` a side."""
    pair.check()
    ours, by_hand = pair.timers()
    number = runs_in(seconds, by_hand)
    times = [(ours.timeit(number), by_hand.timeit(number)) for _ in range(rounds + 1)]
    medians = (statistics.median(column) / number * 1e9 for column in zip(*times[1:], strict=True))
    return Figures(*medians)
