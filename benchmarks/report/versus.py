"""One row for each piece of work: how long ours takes, and how many times as long the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.report.markdown import DASH, Footnotes, bold, table, times_as_long
from benchmarks.report.reading import Results, Row, in_order
from benchmarks.work import OURS, REFERENCE, shown

#: What a reader of these tables has to know.
HOW_TO_READ = (
    f"The column {OURS} has the time of one run; the others say how many times as long they take, "
    "so less than 1 is faster than ours. The fastest of each row is bold."
)
NAMES = {REFERENCE: "NumPy by hand"}


def columns(results: Results, group: str, works: Sequence[str]) -> list[str]:
    """Who has a figure, or a reason for having none, in any of these works; in order."""
    found: dict[str, None] = {}
    for work in works:
        found |= dict.fromkeys(s for s in results.sides(group) if results.row(group, work, s))
        found |= dict.fromkeys(results.reasons(group, work))
    return in_order(found)


def versus(
    results: Results,
    group: str,
    works: Sequence[str],
    heading: str,
    notes: Footnotes,
    label: Callable[[str], str] = str,
    extra: Mapping[str, Callable[[str], str]] | None = None,
) -> str:
    """The table of these works.

    Args:
        results: where the figures are.
        group: of the works.
        works: one row each.
        heading: of the first column.
        notes: where reasons of absence go.
        label: what the first column calls a work.
        extra: more columns behind that of ours, by heading: what they say of a work.
    """
    sides = [side for side in columns(results, group, works) if side != OURS]
    more = extra or {}
    rows = []
    for work in works:
        ours = results.row(group, work)
        found = [row for side in (OURS, *sides) if (row := results.row(group, work, side))]
        fastest = min(found, key=lambda row: row.median).side
        cells = [DASH if ours is None else _strong(shown(ours.median), fastest == OURS)]
        cells += [say(work) for say in more.values()]
        cells += [_cell(results, group, work, side, ours, fastest, notes) for side in sides]
        rows.append([label(work), *cells])
    return table([heading, OURS, *more, *(NAMES.get(side, side) for side in sides)], rows)


def _cell(
    results: Results,
    group: str,
    work: str,
    side: str,
    ours: Row | None,
    fastest: str,
    notes: Footnotes,
) -> str:
    row = results.row(group, work, side)
    if row is None:
        reason = results.reasons(group, work).get(side)
        return DASH + notes.mark(f"{side}: {reason or 'no figure in these results'}")
    said = shown(row.median) if ours is None else times_as_long(row.median / ours.median)
    return _strong(said, side == fastest)


def _strong(text: str, strong: bool) -> str:
    return bold(text) if strong else text
