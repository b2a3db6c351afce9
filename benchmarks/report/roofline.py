"""The hot path beside what the machine can do: its rates, and the ceiling of each piece of work.

No work takes less than its arithmetic at the processor's peak, and none less than its bytes at the
speed of memory; whichever takes longer is the ceiling (Williams, Waterman & Patterson, "Roofline",
CACM 52(4), 2009). How fast memory is depends on how much is touched: what fits a cache comes from
there. So the speed for a piece of work is that measured with as many bytes, between two measured
sizes along a straight line in the logarithm of the size.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.report.markdown import (
    DASH,
    folded,
    paragraphs,
    percent,
    quantity,
    table,
    times_as_long,
)
from benchmarks.report.reading import BLAS, Ceilings, Results, Row
from benchmarks.work import OURS, REFERENCE, shown

GROUP = "hot path"
#: Kinds that write a whole matrix: their ceiling is the speed of a copy, not that of reading.
WRITING = {"vecmat_dw", "rank_update", "step"}
SIDES = (OURS, REFERENCE, BLAS)
EXPLAINED = (
    "Rates count each array once as read and once as written, whatever a side does, and a product "
    "as two operations for each number of the matrix and vector of the batch. The ceiling is the "
    "lower of two: the processor's peak in that dtype, as a large product reaches it, and the "
    "bytes at the speed of memory for as many bytes, that of reading (`vecmat`, `vecmat_dx`) or of "
    "copying (the others, which write a matrix). Where it is memory, rates are in bytes, else in "
    "operations. All of a step (`step`) reads the matrix twice, so it cannot come near."
)


class Ceiling(NamedTuple):
    """The least seconds that a piece of work can take, and what keeps it from less."""

    seconds: float
    by: Literal["memory", "arithmetic"]


def counted(row: Row) -> bool:
    """Whether it is known how many operations and bytes the work has."""
    return bool(row.facts.get("flops") and row.facts.get("bytes"))


def intensity(row: Row) -> float:
    """Operations for each byte."""
    return float(row.facts["flops"] / row.facts["bytes"])


def speeds(ceilings: Ceilings, kind: str) -> tuple[tuple[float, float], ...]:
    """Bytes and bytes per second of what limits a kind of work: copying or reading."""
    return (kind in WRITING and ceilings.copy) or ceilings.read


def ceiling(ceilings: Ceilings, row: Row) -> Ceiling | None:
    """That of a row; None if its work is not counted, or the ceilings were not measured."""
    measured = speeds(ceilings, str(row.facts.get("kind")))
    peak = ceilings.flops.get(str(row.facts.get("dtype")))
    if not (counted(row) and measured and peak):
        return None
    sizes, found = zip(*measured, strict=True)
    speed = float(np.interp(np.log(row.facts["bytes"]), np.log(sizes), found))
    memory, arithmetic = row.facts["bytes"] / speed, row.facts["flops"] / peak
    return Ceiling(memory, "memory") if memory > arithmetic else Ceiling(arithmetic, "arithmetic")


def section(results: Results) -> str:
    """What each kind reaches in all, and its table, folded."""
    kinds: dict[tuple[str, str], list[Row]] = {}
    for row in results.of_group(GROUP):
        key = (str(row.facts.get("kind") or "other"), str(row.facts.get("dtype") or ""))
        kinds.setdefault(key, []).append(row)
    if not kinds:
        return ""
    headings = ["function", "dtype", "sizes", f"{REFERENCE} takes", f"{BLAS} takes"]
    headings += ["least of either", "most of the ceiling"]
    rows = [[f"`{kind}`", dtype, *_summary(results, mine)] for (kind, dtype), mine in kinds.items()]
    said = [
        "How many times as long as ours the others take, as the median of all sizes and at worst, "
        "and the largest part of the ceiling that ours reaches at any size:",
        table(headings, rows, left=2),
        EXPLAINED,
    ]
    said += [
        folded(f"{kind} {dtype}: every size", _every_size(results, mine))
        for (kind, dtype), mine in kinds.items()
    ]
    return paragraphs(said)


def _summary(results: Results, rows: list[Row]) -> list[str]:
    ratios = {
        side: [r for row in rows if (r := results.ratio(GROUP, row.work, side))]
        for side in (REFERENCE, BLAS)
    }
    cells = [str(len(rows))]
    cells += [times_as_long(statistics.median(r)) if r else DASH for r in ratios.values()]
    least = [min(found) for found in ratios.values() if found]
    cells.append(times_as_long(min(least)) if least else DASH)
    parts = [c.seconds / row.median for row in rows if (c := ceiling(results.ceilings, row))]
    return [*cells, percent(max(parts)) if parts else DASH]


def _every_size(results: Results, rows: list[Row]) -> str:
    sides = [side for side in SIDES if any(results.row(GROUP, row.work, side) for row in rows)]
    headings = ["batch, matrix", OURS, *(f"{side}, rate" for side in sides)]
    headings += ["ceiling", "of the ceiling"]
    return table(headings, [_size(results, row, sides) for row in rows])


def _size(results: Results, row: Row, sides: Iterable[str]) -> list[str]:
    limit = ceiling(results.ceilings, row)
    fact, unit = ("bytes", "B/s") if limit and limit.by == "memory" else ("flops", "FLOP/s")

    def rate(seconds: float) -> str:
        return quantity(row.facts[fact] / seconds, unit) if row.facts.get(fact) else DASH

    found = [results.row(GROUP, row.work, side) for side in sides]
    cells = [row.work.split()[-1], shown(row.median)]
    cells += [DASH if other is None else rate(other.median) for other in found]
    return [*cells, *((rate(limit[0]), percent(limit[0] / row.median)) if limit else (DASH, DASH))]
