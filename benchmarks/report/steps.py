"""Training steps: ours beside everybody's, where others are faster, and what first runs take."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from benchmarks.report.markdown import DASH, Footnotes, paragraphs, table, times_as_long
from benchmarks.report.reading import Results, ResultsError, Row
from benchmarks.report.versus import columns, versus
from benchmarks.work import OURS, REFERENCE, shown

GROUP = "steps"
#: What the README shows: small and large nets, one example and many, every kind of network.
FOR_README = (
    *("SGD 1x3-4-1", "SGD 1x784-100-10", "SGD 1x1024-1024-1024", "SGD 128x784-100-10"),
    *("Adam 32x64-40-10", "Adam 128x784-100-10", "SGD RNN 1x8x32-64-10"),
    "SGD attention 1x16x64",
)


def classes(results: Results) -> dict[tuple[str, int | None], list[str]]:
    """Works by optimizer and batch: optimizers as they come, batches by size."""
    found: dict[tuple[str, int | None], list[str]] = {}
    for row in results.of_group(GROUP):
        key = (str(row.facts.get("optimizer") or ""), row.facts.get("batch"))
        found.setdefault(key, []).append(row.work)
    optimizers = list(dict.fromkeys(optimizer for optimizer, _ in found))
    return dict(sorted(found.items(), key=lambda e: (optimizers.index(e[0][0]), e[0][1] or 0)))


def network(work: str, optimizer: str, batch: int | None) -> str:
    """What is left of a name such as ``SGD RNN 1x8x32-64-10`` when both are known."""
    return work.removeprefix(f"{optimizer} ").replace(f"{batch}x", "", 1)


def section(results: Results) -> str:
    """A table for each optimizer and batch, and the reasons of those who are absent."""
    notes = Footnotes()
    said = []
    for (optimizer, batch), works in classes(results).items():
        labels = {work: network(work, optimizer, batch) for work in works}
        heading = f"{optimizer}, batch {batch}" if optimizer and batch else "other"
        said += [
            f"### {heading}",
            versus(results, GROUP, works, "network", notes, labels.__getitem__),
        ]
    return paragraphs([*said, notes.text()])


def short_table(results: Results) -> str:
    """A row for each of the chosen works that was measured.

    Raises:
        ResultsError: none of them was.
    """
    works = [work for work in FOR_README if results.row(GROUP, work)]
    if not works:
        said = f"{GROUP}: none of {', '.join(FOR_README)} was measured"
        raise ResultsError(f"{said}. Time the steps, without --quick, for the table of the README.")
    notes = Footnotes()
    found = versus(results, GROUP, works, "one training step", notes)
    return paragraphs([found, notes.text()])


class Loss(NamedTuple):
    """A step in which somebody is faster than we are."""

    ours: Row
    theirs: Row

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return self.ours.median / self.theirs.median

    @property
    def even(self) -> float:
        """After how many steps they have made up for a longer first run; 0 if it was shorter."""
        late = (self.theirs.first_run or 0) - (self.ours.first_run or 0)
        return max(0.0, late / (self.ours.median - self.theirs.median))


def losses(results: Results) -> list[Loss]:
    """Every step and side that is faster than ours, the worst first."""
    found = [
        Loss(ours, row)
        for row in results.rows
        if row.group == GROUP
        and (ours := results.row(GROUP, row.work))
        and row.median < ours.median
    ]
    return sorted(found, key=lambda loss: -loss.ratio)


def losses_section(results: Results) -> str:
    """Where frameworks are faster, where NumPy written by hand is, and how often."""
    found = losses(results)
    races = [row for row in results.rows if row.group == GROUP and row.side != OURS]
    said = []
    for named, mine in (
        ("A framework", [loss for loss in found if loss.theirs.side != REFERENCE]),
        ("NumPy written by hand", [loss for loss in found if loss.theirs.side == REFERENCE]),
    ):
        by_hand = named != "A framework"
        among = [row for row in races if (row.side == REFERENCE) == by_hand]
        if among:
            said.append(f"{named} is faster than ours in {len(mine)} of {len(among)} comparisons.")
        if mine:
            said.append(_losses(mine))
    if found:
        said.append(
            "Within noise: the quartiles of both times overlap. Ahead after: so many steps make up "
            "for a first run that is longer than ours."
        )
    return paragraphs(said)


def _losses(found: list[Loss]) -> str:
    rows = []
    for loss in found:
        noise = "within noise" if loss.ours.overlaps(loss.theirs) else ""
        known = None not in (loss.ours.first_run, loss.theirs.first_run)
        cells = [
            loss.ours.work,
            loss.theirs.side,
            shown(loss.theirs.median),
            shown(loss.ours.median),
        ]
        cells += [times_as_long(loss.ratio), f"{loss.even:,.0f} steps" if known else DASH, noise]
        rows.append(cells)
    headings = ["step", "faster", "theirs", "ours", "ours takes", "ahead after", ""]
    return table(headings, rows, left=2)


def first_runs_section(results: Results) -> str:
    """Seconds of each side's first run of each step, and the median of each side."""
    works = [w for w in results.works(GROUP) if _first_runs(results, w)]
    if not works:
        return ""
    sides = [s for s in columns(results, GROUP, works) if any(_first(results, w, s) for w in works)]
    rows = [[w, *(_shown(_first(results, w, side)) for side in sides)] for w in works]
    each = [[s for w in works if (s := _first(results, w, side))] for side in sides]
    rows.append(["median", *(_shown(statistics.median(found)) for found in each)])
    explained = (
        "Seconds until the first result, in which some trace and compile: it is no part of the "
        "times above. Importing a framework is not in it either."
    )
    return f"{explained}\n\n{table(['step', *sides], rows)}"


def _first(results: Results, work: str, side: str) -> float | None:
    row = results.row(GROUP, work, side)
    return None if row is None else row.first_run


def _first_runs(results: Results, work: str) -> bool:
    return any(_first(results, work, side) for side in results.sides(GROUP))


def _shown(seconds: float | None) -> str:
    return shown(seconds) if seconds else DASH
