"""What has become slower since an earlier run, and what quicker.

Two runs see different machines, or the same one at different times. So what is compared is how many
times as long ours takes as NumPy in the same run, which the machine changes little; where there is
no NumPy beside ours it is plain time, and the text says so. Peak memory is compared in bytes.

A ratio beyond the threshold is not yet a regression: it may be noise. The quartiles of a ratio are
estimated from those of the two times, as for noise that is independent: their distances from the
medians are added as squares, in logarithms. Only if the quartile ranges of the old and of the new
ratio have nothing in common is a work called slower or faster; else it is listed as too noisy to
tell. That is strict, for a median of many rounds is surer than its quartiles are narrow. But what
differs from process to process, such as where arrays come to lie, is in none of the quartiles: a
small regression is worth a second run before it is believed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.report.reading import Results, Row
from benchmarks.work import OURS, REFERENCE

Key = tuple[str, str]


class Figure(NamedTuple):
    """What is compared of a work in one run: its value and its quartiles."""

    value: float
    lower: float
    upper: float

    def over(self, other: Figure) -> Figure:
        """The ratio to another figure."""
        below = math.hypot(math.log(self.value / self.lower), math.log(other.upper / other.value))
        above = math.hypot(math.log(self.upper / self.value), math.log(other.value / other.lower))
        value = self.value / other.value
        return Figure(value, value / math.exp(below), value * math.exp(above))


class Change(NamedTuple):
    """A work in both runs.

    Attributes:
        group, work: which.
        old, new: ratios to NumPy, or seconds, or bytes; ``of`` says which of them.
        of: ``"ratio"``, ``"time"`` or ``"bytes"``.
    """

    group: str
    work: str
    old: Figure
    new: Figure
    of: str

    @property
    def ratio(self) -> float:
        """How many times as long it takes as before."""
        return self.new.value / self.old.value

    @property
    def factor(self) -> float:
        """How far it is from what it was, up or down: at least 1."""
        return max(self.ratio, 1 / self.ratio)

    @property
    def clear(self) -> bool:
        """Whether the quartile ranges have nothing in common."""
        return self.new.lower > self.old.upper or self.new.upper < self.old.lower

    def __str__(self) -> str:
        said = {"ratio": "", "time": " (plain times)", "bytes": " (bytes)"}[self.of]
        shown = {"ratio": "{:.3g}", "time": "{:.3g} s", "bytes": "{:,.0f}"}[self.of].format
        values = f"{shown(self.old.value)} to {shown(self.new.value)}"
        return f"{self.ratio:.2f}x  {self.group}: {self.work}  {values}{said}"


@dataclass(frozen=True)
class Comparison:
    """What two runs have to do with each other.

    Attributes:
        regressions, improvements: by how much, the largest first.
        unclear: beyond the threshold, but too noisy to tell.
        alike: how many works are neither.
        only_old, only_new: (group, work) of those that one run has and the other has not.
        warnings: what differs between the runs and may change figures by itself.
        threshold: from which ratio on a work is slower.
    """

    regressions: list[Change]
    improvements: list[Change]
    unclear: list[Change]
    alike: int
    only_old: list[Key]
    only_new: list[Key]
    warnings: list[str]
    threshold: float

    def text(self) -> str:
        """All of it, a line for each work."""
        beyond = f"by more than {self.threshold:g} times"
        lists: Iterable[tuple[str, Iterable[object]]] = (
            ("These differ between the runs, and so may the figures:", self.warnings),
            (f"Slower {beyond}:", self.regressions),
            (f"Faster {beyond}:", self.improvements),
            (f"Other {beyond}, but quartiles overlap, so this may be noise:", self.unclear),
            ("Only in the old results:", (": ".join(key) for key in self.only_old)),
            ("Only in the new results:", (": ".join(key) for key in self.only_new)),
        )
        said = [_listed(title, list(entries)) for title, entries in lists]
        found = len(self.regressions)
        counts = f"{found} slower, {len(self.improvements)} faster, {len(self.unclear)} unclear"
        said.append(
            f"{counts}, {self.alike} alike. Compared is ours over NumPy in the same run, unless it "
            "says otherwise. Processes differ by some percent: run a small regression again."
        )
        return "\n\n".join(filter(None, said)) + "\n"


def _listed(title: str, entries: list[object]) -> str:
    return "\n".join([title, *(f"  {entry}" for entry in entries)]) if entries else ""


def regressions(old: Results, new: Results, threshold: float = 1.1) -> Comparison:
    """Compare ours in two runs.

    Args:
        old: the earlier run.
        new: the later one.
        threshold: how many times as long a work has to take to be called slower.

    Raises:
        ValueError: the threshold is not above 1.
    """
    if not threshold > 1:
        raise ValueError(f"threshold {threshold:g} is not above 1; 1.1 stands for ten percent")
    before, after = _ours(old), _ours(new)
    changes = [
        _change((old, row), (new, after[key])) for key, row in before.items() if key in after
    ]
    beyond = [change for change in changes if change.factor > threshold]
    beyond.sort(key=lambda change: -change.factor)
    return Comparison(
        regressions=[change for change in beyond if change.clear and change.ratio > 1],
        improvements=[change for change in beyond if change.clear and change.ratio < 1],
        unclear=[change for change in beyond if not change.clear],
        alike=len(changes) - len(beyond),
        only_old=[key for key in before if key not in after],
        only_new=[key for key in after if key not in before],
        warnings=differences(old, new),
        threshold=threshold,
    )


def _ours(results: Results) -> dict[Key, Row]:
    return {(row.group, row.work): row for row in results.rows if row.side == OURS}


def _change(before: tuple[Results, Row], after: tuple[Results, Row]) -> Change:
    """What is compared of a work: bytes if both have them, else ratios if both have NumPy."""
    (old, old_row), (new, new_row) = before, after
    key = (new_row.group, new_row.work)
    if "peak_bytes" in old_row.facts and "peak_bytes" in new_row.facts:
        return Change(*key, _bytes(old_row), _bytes(new_row), "bytes")
    old_base, new_base = old.row(*key, REFERENCE), new.row(*key, REFERENCE)
    if old_base is None or new_base is None:
        return Change(*key, _time(old_row), _time(new_row), "time")
    ratios = (_time(old_row).over(_time(old_base)), _time(new_row).over(_time(new_base)))
    return Change(*key, *ratios, "ratio")


def _time(row: Row) -> Figure:
    return Figure(row.median, row.q1, row.q3)


def _bytes(row: Row) -> Figure:
    size = float(row.facts["peak_bytes"])
    return Figure(size, size, size)


def differences(old: Results, new: Results) -> list[str]:
    """What is not the same of two runs, as sentences."""
    facts: list[tuple[str, str | None, str | None]] = [
        ("the processor", old.processor, new.processor),
        ("the system", old.system, new.system),
        *_entries("the", _chosen(old), _chosen(new)),
        *_entries("the environment's", old.threads, new.threads),
        *_entries("the version of", old.versions, new.versions),
    ]
    return [
        f"{what} was {was or 'unknown'}, is {now or 'unknown'}"
        for what, was, now in facts
        if was != now
    ]


def _chosen(results: Results) -> dict[str, str]:
    said = {name: str(results.settings.get(name, "")) for name in ("backend", "device")}
    return said | {"extent": "quick" if results.settings.get("quick") else "full"}


def _entries(
    what: str, old: Mapping[str, str], new: Mapping[str, str]
) -> list[tuple[str, str | None, str | None]]:
    return [(f"{what} {name}", old.get(name), new.get(name)) for name in sorted({*old, *new})]
