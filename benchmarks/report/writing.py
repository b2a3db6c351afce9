"""Writes the report of a run into a folder, and says what has become slower."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.report import plots
from benchmarks.report.comparing import regressions
from benchmarks.report.reading import Results, ResultsError
from benchmarks.report.tables import document

NAME = "report.md"


def write(results: Results, folder: str | Path, old: Results | None = None) -> bool:
    """Write ``report.md`` and the plots, and print where they are.

    Without Matplotlib there are no plots, and a line on stderr says so.

    Args:
        results: of the run.
        folder: where to; it is made if need be.
        old: an earlier run; how the two compare is printed.

    Returns:
        Whether something has become slower since the earlier run.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    try:
        drawn = plots.draw(results, place)
    except ResultsError as error:
        print(f"no plots: {error}", file=sys.stderr)
        drawn = []
    pictures = {path.stem: path.name for path in drawn if path.suffix == ".svg"}
    report = place / NAME
    report.write_text(document(results, pictures), encoding="utf-8")
    print(f"wrote {report}" + (f" and {len(drawn)} pictures beside it" if drawn else ""))
    return old is not None and slower(old, results)


def slower(old: Results, new: Results) -> bool:
    """Print how two runs compare; whether something has become slower."""
    comparison = regressions(old, new)
    print(comparison.text(), end="")
    return bool(comparison.regressions)
