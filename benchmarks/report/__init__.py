"""What a run has measured, as tables in Markdown, as plots, and beside an earlier run.

``reading`` turns the JSON of a run into rows, ``tables`` writes the document and the table of the
README, ``plots`` draws, and ``comparing`` finds what has become slower. ``python -m
benchmarks.report RESULTS.json`` does each of them.
"""

from __future__ import annotations

from benchmarks.report.comparing import regressions
from benchmarks.report.reading import Results, ResultsError
from benchmarks.report.tables import document, in_readme, readme_table
from benchmarks.report.writing import write

__all__ = [
    "Results",
    "ResultsError",
    "document",
    "in_readme",
    "readme_table",
    "regressions",
    "write",
]
