"""What is timed: the same work by several sides, in turn, after they were found to agree.

A ``Side`` is one way to do a piece of work: a statement and the names that it reads. A ``Race`` is
all sides of the same work, made when it is wanted by a ``Work``. Two of them are always there:
ours, and the reference, NumPy written by hand. ``Rounds`` times every side in each of many short
rounds, so that whatever slows the machine down for a while slows all of them; what means something
is their ratio. Before its turn a side runs as long untimed, for the one before it has taken the
processor's caches. Before anything is timed all sides are found to give equal results, three times
over, and none of them zeros or denormal numbers, which are slow or quick for reasons of their own.

Ours runs on the backend that ``TENSORGROK_BACKEND`` chooses. A side on a device is timed up to the
moment when the device has done all of a round.
"""

from __future__ import annotations

import gc
import statistics
import time
import timeit
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import tensorgrok as tg

Array = npt.NDArray[np.float32]
Clock = Callable[[], float]

OURS, REFERENCE = "tensorgrok", "NumPy"

#: Seconds after which a check is not repeated, and of a round of which there are only a few.
LONG, FEW = 2.0, 3

#: So small that no weight gets anywhere: a net that converges would time zeros and denormals.
RATE = 1e-6


class Absent(Exception):
    """Why somebody does not take part: what is not installed, or what it cannot do."""


def values(tensor: Any) -> Any:
    """The numbers of one of our tensors on the host."""
    return tensor.numpy()


@dataclass(frozen=True)
class Side:
    """One way to do the work.

    Attributes:
        statement: a Python expression, the one that is timed.
        names: what it reads.
        results: an expression for a tuple of all that must be equal; if empty the one value of the
            statement. It runs the statement once.
        fetch: takes one result to a NumPy array.
        wait: returns when everything that was issued is done; None where calls do that.
        collects: whether Python's garbage collector runs, as it does in a user's program.
    """

    statement: str
    names: Mapping[str, Any]
    results: str = ""
    fetch: Callable[[Any], Any] = np.asarray
    wait: Callable[[], None] | None = None
    collects: bool = False

    @classmethod
    def of_step(
        cls,
        step: Callable[[], Any],
        state: Callable[[], Iterable[Any]],
        fetch: Callable[[Any], Any] = np.asarray,
        wait: Callable[[], None] | None = None,
    ) -> Side:
        """A side that calls ``step``, whose results are its value and then those of ``state``."""
        names = {"step": step, "state": state}
        return cls("step()", names, "(step(), *state())", fetch, wait)

    def run(self) -> list[Any]:
        """Do the work once; its results as arrays on the host."""
        found = eval(self.results or f"({self.statement},)", dict(self.names))
        return [np.asarray(self.fetch(result)) for result in found]

    def timer(self) -> timeit.Timer:
        """A timer; like every use of timeit's with the garbage collector off, unless asked for."""
        setup = "gc.enable()" if self.collects else "pass"
        names = dict(self.names) | {"gc": gc}
        return timeit.Timer(self.statement, setup, self.clock(), names)

    def clock(self) -> Clock:
        """A clock that is read when everything that was issued before is done."""
        wait = self.wait
        if wait is None:
            return time.perf_counter

        def clock() -> float:
            wait()
            return time.perf_counter()

        return clock


def our_wait() -> Callable[[], None] | None:
    """What our side has to wait for: a device, if the current backend has one."""
    backend = tg.current_backend()
    return None if "host" in backend.features else backend.synchronize


def our_side(statement: str, names: Mapping[str, Any], results: str = "") -> Side:
    """A side whose results are tensors of ours."""
    return Side(statement, names, results, values, our_wait())


@dataclass(frozen=True)
class Race:
    """All sides of the same work.

    Attributes:
        sides: by name; ours and the reference are among them.
        rtol: how far results may be from those of the reference, relative to the largest of them.
        stray: the share of numbers that may be farther away. Adam divides gradients by their size,
            so where nothing is left of one but what was rounded off, it goes either way.
        absent: who does not take part, by name, and why.
        facts: what else is worth noting, such as ``flops`` and ``bytes`` of one run.
    """

    sides: dict[str, Side]
    rtol: float = 1e-6
    absent: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    stray: float = 0.0

    def check(self) -> dict[str, float]:
        """Seconds of each side's first run, in which some compile.

        Sides run three times over, or only once where that takes long.

        Raises:
            AssertionError: two sides disagree in values or dtype, or results are zeros or denormal.
        """
        first = {}
        started = time.perf_counter()
        for again in range(3):
            found = {}
            for name, side in self.sides.items():
                began = time.perf_counter()
                found[name] = side.run()
                if not again:
                    first[name] = time.perf_counter() - began
            for name, results in found.items():
                self._compare(name, results, found[REFERENCE])
            if time.perf_counter() - started > LONG:
                break
        return first

    def _compare(self, name: str, results: list[Any], expected: list[Any]) -> None:
        assert len(results) == len(expected), f"{name}: {len(results)} results"
        for place, (result, array) in enumerate(zip(results, expected, strict=True)):
            said = f"{name}, result {place}"
            assert result.dtype == array.dtype, f"{said}: {result.dtype}, {array.dtype}"
            assert result.shape == array.shape, f"{said}: {result.shape}, {array.shape}"
            atol = self.rtol * np.abs(array).max(initial=0)
            if np.mean(~np.isclose(result, array, self.rtol, atol)) > self.stray:
                np.testing.assert_allclose(result, array, self.rtol, atol, err_msg=said)
            assert np.any(result), f"{said}: nothing but zeros"
            if result.dtype.kind == "f":
                small = np.abs(result) < np.finfo(result.dtype).tiny
                assert not np.any(small & (result != 0)), f"{said}: denormal numbers"


class Work(NamedTuple):
    """A race that is made when it is wanted, for some take much memory or compile for long.

    Attributes:
        name: unique within its group.
        quick: whether it is among the few that ``--quick`` takes.
        large: whether it takes gigabytes or minutes, and so only runs when asked for.
    """

    name: str
    make: Callable[[], Race]
    quick: bool = False
    large: bool = False

    def __str__(self) -> str:
        return self.name


class Figures(NamedTuple):
    """What was measured of one side: seconds for one run, and over how many rounds of runs."""

    median: float
    lower: float  # quartiles
    upper: float
    least: float
    rounds: int
    runs: int

    @classmethod
    def of(cls, times: list[float], runs: int) -> Figures:
        """The figures of seconds per round."""
        each = [seconds / runs for seconds in times]
        lower, median, upper = statistics.quantiles(each * 2 if len(each) < 2 else each, n=4)
        return cls(median, lower, upper, min(each), len(each), runs)


class Rounds:
    """Times all sides of a race in turn.

    Args:
        race: what to time.
        seconds: how long a side's turn takes, about.
        total: how long all turns of all sides take together, about.
        least, most: bounds on how many rounds there are, whatever that takes; but only ``FEW`` are
            needed where one takes more than ``LONG``.
    """

    def __init__(
        self, race: Race, seconds: float, total: float, least: int = 5, most: int = 200
    ) -> None:
        self.timers = {name: side.timer() for name, side in race.sides.items()}
        self.runs: dict[str, int] = {}
        turn = 0.0
        for name, timer in self.timers.items():
            self.runs[name], once = runs_in(seconds, timer)
            turn += self.runs[name] * once
        least = min(least, FEW) if turn > LONG else least
        self.count = min(most, max(least, round(total / turn)))
        self.times: dict[str, list[float]] = {name: [] for name in self.timers}

    def warm_up(self, name: str) -> None:
        """Run a side for as long as a turn: the one before it has taken the processor's caches."""
        if self.runs[name] > 1:
            self.timers[name].timeit(self.runs[name])

    def turn(self, name: str) -> float:
        """Time one side once, and keep its seconds."""
        found = self.timers[name].timeit(self.runs[name])
        self.times[name].append(found)
        return found

    def others(self) -> None:
        """Time everybody but ours once, each round beginning with another one."""
        names = [name for name in self.timers if name != OURS]
        first = len(self.times[names[0]]) % len(names)
        for name in names[first:] + names[:first]:
            self.warm_up(name)
            self.turn(name)
        self.warm_up(OURS)

    def figures(self, warm: int = 1) -> dict[str, Figures]:
        """The figures of each side, without the first rounds."""
        return {
            name: Figures.of(times[warm:] or times, self.runs[name])
            for name, times in self.times.items()
        }


def runs_in(seconds: float, timer: timeit.Timer) -> tuple[int, float]:
    """How often a statement fits a time, at least once, and how long one run takes.

    It runs warm: a first run may take ten times as long as the next.
    """
    number, taken = 1, timer.timeit(1)
    if taken > 100 * seconds:
        return 1, taken
    while (taken := min(timer.repeat(3, number))) < seconds / 10:
        number *= 4
    return max(1, round(number * seconds / taken)), taken / number


def measure(race: Race, rounds: int = 100, seconds: float = 0.001) -> dict[str, Figures]:
    """Check a race, then time all its sides in that many rounds."""
    race.check()
    timing = Rounds(race, seconds, 0.0, least=rounds, most=rounds)
    for _ in range(rounds + 1):
        timing.others()
        timing.turn(OURS)
    return timing.figures()


def ratio(figures: Mapping[str, Figures], name: str = OURS, to: str = REFERENCE) -> float:
    """How many times as long one side takes as another."""
    return figures[name].median / figures[to].median


def shown(seconds: float) -> str:
    """Seconds with three digits and a unit, such as ``26.1 µs``."""
    for unit, size in (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
