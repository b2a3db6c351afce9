"""What tensorgrok costs beside the work: recording an operation, importing, memory, disk."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.report.markdown import (
    DASH,
    Footnotes,
    code,
    paragraphs,
    quantity,
    table,
    times_as_long,
)
from benchmarks.report.reading import Results, Row, in_order
from benchmarks.report.versus import versus
from benchmarks.work import OURS, REFERENCE, shown

RECORDING = {"recording forward": "Forward", "recording backward": "Backward"}
FOOTPRINT = "footprint"
START = ("import", "first gradient")
PEAK = "peak memory "
EXPLAINED = (
    "Medians of fresh processes: what `import` takes, and what it takes from before the import to "
    "the first gradient of a 3-4-1 net (what compiles to disk finds there what an earlier process "
    "compiled); and the bytes on disk of the package alone, and of all that its installation "
    "brings."
)
MEMORY = (
    "The most that a step holds at any moment, beyond what lives before it such as parameters, "
    "data and running means. By hand is a step written to hold as little as NumPy allows. For "
    "comparison, the arrays that any backward pass has to read, parameters aside."
)


def beyond(results: Results, group: str, work: str, side: str = OURS) -> float | None:
    """Seconds that a side takes longer than NumPy; negative if it is quicker."""
    row, base = results.row(group, work, side), results.row(group, work, REFERENCE)
    return None if row is None or base is None else row.median - base.median


def difference(seconds: float | None) -> str:
    """Seconds with a sign."""
    return DASH if seconds is None else f"{'-' if seconds < 0 else '+'}{shown(abs(seconds))}"


def recording_section(results: Results) -> str:
    """Each operation, forward and backward."""
    said = [
        "One operation on arrays of 4x4, where arithmetic costs next to nothing, so what is beyond "
        "NumPy is the price of recording it. Backward is recording it and then carrying a "
        "cotangent back through it; by hand, the operation and the formulas of its gradients."
    ]
    notes = Footnotes()
    for group, heading in RECORDING.items():
        works = results.works(group)
        if not works:
            continue

        def beyond_numpy(work: str, group: str = group) -> str:
            return difference(beyond(results, group, work))

        extra = {"beyond NumPy": beyond_numpy}
        found = versus(results, group, works, "operation", notes, extra=extra)
        said += [f"### {heading}", _typical(results, group), found]
    return paragraphs([*said, notes.text()])


def _typical(results: Results, group: str) -> str:
    """The median over all operations, of ours beyond NumPy and of the others' ratios."""
    extra = [e for work in results.works(group) if (e := beyond(results, group, work)) is not None]
    said = [f"ours {difference(statistics.median(extra))} beyond NumPy"] if extra else []
    for side in results.sides(group):
        ratios = [r for work in results.works(group) if (r := results.ratio(group, work, side))]
        if side != OURS and ratios:
            said.append(f"{side} {times_as_long(statistics.median(ratios))} as long as ours")
    return f"Median of all operations: {', '.join(said)}." if said else ""


def footprint_section(results: Results) -> str:
    """Start and size of everybody, and peak memory."""
    said = []
    if any(work in START for work in results.works(FOOTPRINT)):
        said.append(_start(results))
    peaks = [work for work in results.works(FOOTPRINT) if work.startswith(PEAK)]
    if peaks:
        said += ["### Peak memory", MEMORY, _memory(results, peaks)]
    return paragraphs(said)


def _start(results: Results) -> str:
    notes = Footnotes()
    named = dict.fromkeys(results.sides(FOOTPRINT))
    for work in START:
        named |= dict.fromkeys(results.reasons(FOOTPRINT, work))
    headings = ["", code("import"), "beyond NumPy", "first gradient", "package"]
    headings.append("with all it requires")
    rows = [[side, *_started(results, side, notes)] for side in in_order(named)]
    return paragraphs([EXPLAINED, table(headings, rows), notes.text()])


def _started(results: Results, side: str, notes: Footnotes) -> list[str]:
    """The cells of a side."""
    facts: dict[str, Any] = {}
    times = []
    for work in START:
        row, reason = results.row(FOOTPRINT, work, side), results.reasons(FOOTPRINT, work).get(side)
        facts |= row.facts if row else {}
        note = notes.mark(f"{side}: {reason}") if reason else ""
        times.append(shown(row.median) if row else DASH + note)
    more = None if side == REFERENCE else beyond(results, FOOTPRINT, START[0], side)
    sizes = (_size(facts.get(key)) for key in ("installed_bytes", "environment_bytes"))
    return [times[0], difference(more), times[1], *sizes]


def _memory(results: Results, works: list[str]) -> str:
    rows = []
    for work in works:
        ours, base = (_peak(results.row(FOOTPRINT, work, side)) for side in (OURS, REFERENCE))
        ratio = times_as_long(base / ours) if base and ours else DASH
        row = results.row(FOOTPRINT, work)
        arrays = total(row.facts.get("arrays")) if row else None
        rows.append([work.removeprefix(PEAK), _size(ours), ratio, _size(arrays)])
    return table(["step", OURS, "NumPy by hand", "arrays that backward reads"], rows)


def _peak(row: Row | None) -> float | None:
    return None if row is None else row.facts.get("peak_bytes")


def total(arrays: Any) -> float | None:
    """Bytes of arrays, which are given as a number or by name; None if they are not known."""
    if isinstance(arrays, Mapping):
        return sum(float(size) for size in arrays.values())
    return float(arrays) if isinstance(arrays, int | float) else None


def _size(number: Any) -> str:
    return quantity(number, "B") if isinstance(number, int | float) else DASH
