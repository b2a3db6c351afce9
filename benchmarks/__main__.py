"""``python -m benchmarks [WORD ...]``: times everything whose name has one of the words.

Without words it times all but the largest sizes. One thread says most about the framework::

    OPENBLAS_NUM_THREADS=1 python -m benchmarks step add

Ratios differ between processes by some percent, now and then by ten; compare several.
"""

from __future__ import annotations

import argparse
import json

import tensorgrok as tg
from benchmarks import catalogue
from benchmarks.work import measure


def main() -> None:
    """Print a line for each piece of work, and at the end the whole as JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", help="time what has one of these words in its name")
    parser.add_argument("--rounds", type=int, default=50, help="rounds a piece of work")
    parser.add_argument("--json", metavar="FILE", help="write the medians in nanoseconds as well")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {options.rounds}")
    backend = tg.current_backend()
    print(f"ours on {backend.name!r} ({backend.device}), by hand NumPy on the CPU")
    found: dict[str, dict[str, float]] = {}
    for group, works in catalogue().items():
        chosen = [
            work
            for work in works
            if any(word in f"{group} {work.name}" for word in options.words)
            or (not options.words and not work.large)
        ]
        if chosen:
            print(group)
        for work in chosen:
            figures = measure(work.make(), options.rounds)
            print(f"  {work.name:28} {figures}", flush=True)
            found[f"{group}: {work.name}"] = figures._asdict()
    if not found:
        parser.error(f"nothing has one of these words in its name: {' '.join(options.words)}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()
