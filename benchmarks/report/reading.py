"""The results of a run as rows, read from the JSON that the benchmarks write.

The file has the format of pytest-benchmark, with one entry for each side of each piece of work, and
says in ``machine_info`` what it was measured on. Any side but ours may be missing anywhere, and so
may a group: whoever reads asks, and is told None.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers import MODULES
from benchmarks.work import OURS

BLAS = "SciPy BLAS"
#: Sides in the order of tables; others follow as they come.
ORDER = (*MODULES, BLAS)
#: What of ``extra_info`` is not a fact of the work.
KNOWN = {"first_run_s", "ratio", "absent"}
#: What of ``stats`` is read.
QUARTILES = ("median", "q1", "q3", "min")
WRITER = "`python -m tensorgrok bench` writes files of results"


class ResultsError(ValueError):
    """A file that is not there, or is not the results of a run."""


@dataclass(frozen=True)
class Row:
    """What was measured of one side of a piece of work.

    Attributes:
        group, work, side: what it is the result of.
        median, q1, q3, least: seconds of one run: the median of all rounds, the quartiles, and the
            quickest.
        first_run: seconds of the very first run, in which some compile; None if nobody noted it.
        facts: what else is known of the work, such as ``flops``, ``batch`` or ``peak_bytes``.
    """

    group: str
    work: str
    side: str
    median: float
    q1: float
    q3: float
    least: float
    first_run: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spread(self) -> float:
        """The distance of the quartiles, relative to the median."""
        return (self.q3 - self.q1) / self.median

    def overlaps(self, other: Row) -> bool:
        """Whether the times between the quartiles of both have any in common."""
        return self.q1 <= other.q3 and other.q1 <= self.q3


@dataclass(frozen=True)
class Ceilings:
    """What memory and arithmetic reach on the machine.

    Attributes:
        read, copy: pairs of the bytes touched at a time and bytes per second, by rising size.
        flops: floating-point operations per second, by dtype.
    """

    read: tuple[tuple[float, float], ...] = ()
    copy: tuple[tuple[float, float], ...] = ()
    flops: Mapping[str, float] = field(default_factory=dict)


class Results:
    """Everything that a run has measured.

    Args:
        found: what ``json.load`` gives of its file.
        source: what errors call it.

    Attributes:
        rows: in the order of the file.
        missing: why a side does not take part, by (group, work) and then by side.
        machine: what pytest-benchmark says of the machine.
        settings: what the benchmarks say of the run: ``command``, ``threads``, ``backend``,
            ``device``, ``versions``, ``quick``.
        ceilings: of the machine.
        date: when it ran, as ISO 8601 says it.

    Raises:
        ResultsError: that is not what a run writes.
    """

    def __init__(self, found: Any, source: str = "results") -> None:
        if not isinstance(found, dict) or not isinstance(found.get("benchmarks"), list):
            raise ResultsError(f"{source}: has no list named 'benchmarks' on top. {WRITER}.")
        listed = enumerate(found["benchmarks"])
        entries = [_Entry(entry, f"{source}: entry {place}") for place, entry in listed]
        self.rows = tuple(entry.row() for entry in entries)
        self._by_key = {(row.group, row.work, row.side): row for row in self.rows}
        if len(self._by_key) < len(self.rows):
            seen = Counter(f"{row.group}: {row.work}: {row.side}" for row in self.rows)
            said = f"{source}: has {seen.most_common(1)[0][0]!r} more than once"
            raise ResultsError(f"{said}. Write each run to a file of its own.")
        self.missing = {
            (row.group, row.work): reasons
            for row, entry in zip(self.rows, entries, strict=True)
            if (reasons := entry.absent())
        }
        self.machine = _mapping(found.get("machine_info"))
        self.settings = _mapping(self.machine.get("benchmarks"))
        self.ceilings = _ceilings(self.settings.get("ceilings"), source)
        self.date = str(found.get("datetime") or "")

    @classmethod
    def read(cls, path: str | Path) -> Results:
        """The results in a file.

        Raises:
            ResultsError: there is no such file, it is no JSON, or not that of a run.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ResultsError(f"{path}: there is no such file. {WRITER}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ResultsError(f"{path}: cannot be read as text: {error}. {WRITER}.") from error
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            message = f"{path}: is no JSON: {error}. If a run was interrupted, run it again."
            raise ResultsError(message) from error
        return cls(found, str(path))

    def row(self, group: str, work: str, side: str = OURS) -> Row | None:
        """One row, or None if that was not measured."""
        return self._by_key.get((group, work, side))

    def groups(self) -> list[str]:
        """Groups in the order of the file."""
        return list(dict.fromkeys(row.group for row in self.rows))

    def works(self, group: str) -> list[str]:
        """The pieces of work of a group in the order of the file."""
        return list(dict.fromkeys(row.work for row in self.rows if row.group == group))

    def sides(self, group: str) -> list[str]:
        """Who was measured anywhere in a group, in the order of tables."""
        return in_order({row.side: None for row in self.rows if row.group == group})

    def of_group(self, group: str, side: str = OURS) -> list[Row]:
        """The rows of one side of a group."""
        return [row for row in self.rows if (row.group, row.side) == (group, side)]

    def ratio(self, group: str, work: str, side: str, to: str = OURS) -> float | None:
        """How many times as long a side takes as another; None if one was not measured."""
        row, base = self.row(group, work, side), self.row(group, work, to)
        return None if row is None or base is None else row.median / base.median

    def reasons(self, group: str, work: str) -> Mapping[str, str]:
        """Why sides do not take part in a piece of work, by side."""
        return self.missing.get((group, work), {})

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions by distribution, and that of Python."""
        found = {"python": str(self.machine.get("python_version", "?"))}
        return found | {str(k): str(v) for k, v in _mapping(self.settings.get("versions")).items()}

    @property
    def threads(self) -> Mapping[str, str]:
        """What the environment said of threads."""
        return {str(k): str(v) for k, v in _mapping(self.settings.get("threads")).items()}

    @property
    def processor(self) -> str:
        """The processor and how many cores it shows, such as ``AMD EPYC, 2 cores``."""
        cpu = _mapping(self.machine.get("cpu"))
        brand = cpu.get("brand_raw") or self.machine.get("processor") or "unknown processor"
        count = cpu.get("count")
        return f"{brand}, {count} core{'s' * (count != 1)}" if count else str(brand)

    @property
    def system(self) -> str:
        """The operating system and architecture, such as ``Linux 6.1 (x86_64)``."""
        said = [str(self.machine.get(key) or "") for key in ("system", "release")]
        architecture = self.machine.get("machine")
        said += [f"({architecture})"] if architecture else []
        return " ".join(filter(None, said)) or "unknown system"


def in_order(sides: Mapping[str, Any]) -> list[str]:
    """Sides in the order of tables, and then those that it does not know."""
    return [side for side in ORDER if side in sides] + [side for side in sides if side not in ORDER]


class _Entry:
    """One of ``benchmarks``, and where it stands, for messages."""

    def __init__(self, found: Any, place: str) -> None:
        self.found = _mapping(found)
        self.place = f"{place} ({self.found.get('fullname', 'without a name')!r})"
        self.extra = _mapping(self.found.get("extra_info"))

    def row(self) -> Row:
        params = _mapping(self.found.get("params"))
        unsaid = [key for key in ("group", "work", "side") if not params.get(key)]
        if unsaid:
            said = f"{self.place}: 'params' do not say the {' and '.join(unsaid)}"
            raise ResultsError(f"{said}; other runs of pytest-benchmark do not. {WRITER}.")
        group, work, side = (str(params[key]) for key in ("group", "work", "side"))
        stats = _mapping(self.found.get("stats"))
        median, q1, q3, least = (self._positive(stats, key) for key in QUARTILES)
        first = self._positive(self.extra, "first_run_s") if "first_run_s" in self.extra else None
        facts = {key: value for key, value in self.extra.items() if key not in KNOWN}
        return Row(group, work, side, median, q1, q3, least, first, facts)

    def absent(self) -> dict[str, str]:
        reasons = _mapping(self.extra.get("absent"))
        return {str(side): " ".join(str(reason).split()) for side, reason in reasons.items()}

    def _positive(self, said: Mapping[str, Any], key: str) -> float:
        value = said.get(key)
        if not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
            message = f"{self.place}: {key} is {value!r} and must be seconds above 0. {WRITER}."
            raise ResultsError(message)
        return float(value)


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _ceilings(found: Any, source: str) -> Ceilings:
    said = _mapping(found)
    try:
        pairs = [
            tuple(sorted((float(size), float(speed)) for size, speed in said.get(key, ())))
            for key in ("read", "copy")
        ]
        flops = {name: float(speed) for name, speed in _mapping(said.get("flops")).items()}
    except (TypeError, ValueError) as error:
        message = (
            f"{source}: the ceilings of the machine are no pairs of numbers: {error}. {WRITER}."
        )
        raise ResultsError(message) from error
    return Ceilings(pairs[0], pairs[1], flops)
