"""``python -m benchmarks.report RESULTS.json``: the report of a run, or how it compares.

Without an option the report is printed, as Markdown without plots.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report.reading import Results, ResultsError
from benchmarks.report.tables import document, in_readme, readme_table
from benchmarks.report.writing import slower, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Returns:
        1 if something is slower than in the results that ``--compare`` names, 2 if a file is not
        what it should be, else 0.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", metavar="RESULTS.json", help="what a run has written")
    parser.add_argument("--out", metavar="FOLDER", help="write report.md and plots there")
    parser.add_argument(
        "--compare", metavar="OLD.json", help="print what is slower than then; if so, exit with 1"
    )
    parser.add_argument("--readme", metavar="FILE", help="replace the table between its markers")
    options = parser.parse_args(arguments)
    try:
        return _run(Results.read(options.results), options)
    except (ResultsError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2


def _run(results: Results, options: argparse.Namespace) -> int:
    old = None if options.compare is None else Results.read(options.compare)
    if options.readme is not None:
        file = Path(options.readme)
        text = in_readme(file.read_text(encoding="utf-8"), readme_table(results))
        file.write_text(text, encoding="utf-8")
        print(f"wrote the table in {file}")
    if options.out is not None:
        return int(write(results, options.out, old))
    if old is not None:
        return int(slower(old, results))
    if options.readme is None:
        print(document(results), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
