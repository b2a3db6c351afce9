"""How the time of a step grows with depth, width and batch, as power laws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.report.fitting import TOLERANCE, PowerLaw, fit, longest
from benchmarks.report.markdown import DASH, Footnotes, paragraphs, percent, table
from benchmarks.report.reading import Results
from benchmarks.report.versus import versus

GROUP = "scaling"
EXPLAINED = (
    "The exponent p of time = c · sizeᵖ, by least squares in the logarithms of both; the deviation "
    "is the largest of any size from that line. One line seldom holds everywhere: what is small "
    "costs a constant, what is large falls out of caches. So the second exponent is that of the "
    "most consecutive sizes (three at least) whose own line is within "
    f"{percent(TOLERANCE)} of every time, and the last one that between the two largest sizes."
)


class Curve(NamedTuple):
    """The times of one side along one axis, by rising size."""

    along: str
    side: str
    sizes: tuple[float, ...]
    times: tuple[float, ...]

    @property
    def law(self) -> PowerLaw | None:
        """The law of all sizes; None of fewer than two."""
        return fit(self.sizes, self.times)

    @property
    def holds(self) -> PowerLaw | None:
        """The law of the most consecutive sizes that follow one; None if no three do."""
        return longest(self.sizes, self.times)

    @property
    def last(self) -> PowerLaw | None:
        """The law of the two largest sizes; None of fewer."""
        return fit(self.sizes[-2:], self.times[-2:])


def works(results: Results) -> dict[str, list[str]]:
    """Works along each axis, by rising size."""
    found: dict[str, dict[str, float]] = {}
    for row in results.rows:
        if row.group == GROUP and "along" in row.facts and "size" in row.facts:
            found.setdefault(str(row.facts["along"]), {})[row.work] = float(row.facts["size"])
    return {along: sorted(sizes, key=sizes.__getitem__) for along, sizes in found.items()}


def curves(results: Results) -> Iterator[Curve]:
    """Every side along every axis."""
    for along, mine in works(results).items():
        for side in results.sides(GROUP):
            rows = [row for work in mine if (row := results.row(GROUP, work, side))]
            if rows:
                sizes = tuple(_size(results, row.work) for row in rows)
                yield Curve(along, side, sizes, tuple(row.median for row in rows))


def _size(results: Results, work: str) -> float:
    return next(
        float(row.facts["size"])
        for row in results.rows
        if (row.group, row.work) == (GROUP, work) and "size" in row.facts
    )


def section(results: Results) -> str:
    """The exponents, and the times they were fitted to."""
    if not works(results):
        return ""
    headings = ["along", "", "exponent, all sizes", "deviation", "exponent", "within 10 % on"]
    headings.append("exponent at the end")
    found = table(headings, [_fitted(curve) for curve in curves(results)], left=2)
    said = [EXPLAINED, found]
    notes = Footnotes()
    for along, mine in works(results).items():
        said.append(versus(results, GROUP, mine, along, notes, _without_axis))
    return paragraphs([*said, notes.text()])


def _without_axis(work: str) -> str:
    return work.split()[-1]


def _fitted(curve: Curve) -> list[str]:
    law, holds, last = curve.law, curve.holds, curve.last
    cells = [f"{law.exponent:.2f}", percent(law.deviation)] if law else [DASH, DASH]
    if holds:
        cells += [f"{holds.exponent:.2f}", f"{holds.least:,.0f} to {holds.most:,.0f}"]
    else:
        cells += [DASH, DASH]
    return [curve.along, curve.side, *cells, f"{last.exponent:.2f}" if last else DASH]
