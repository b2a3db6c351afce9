"""``python -m tensorgrok bench``: times everything, beside hand-written NumPy and the peers.

What is timed lies in the folder ``benchmarks`` of the repository and not in the package, for it is
of use to nobody who only computes. This command finds the folder and runs it, in a process whose
libraries use one thread.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import util
from pathlib import Path

from .program import Interrupt, UsageError

SUMMARY = "time the hot path, recording and whole steps beside NumPy by hand and installed peers"
FOLDER = "benchmarks"
#: What it needs beside the package, as one imports it.
NEEDED = ("pytest", "pytest_benchmark")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is timed, how long, and where results go."""
    add = parser.add_argument
    add("words", nargs="*", help="time only what has one of these words in its name")
    add("--quick", action="store_true", help="few works and rounds, in less than two minutes")
    add("--large", action="store_true", help="also sizes of 4096 and more, which take gigabytes")
    add("--group", action="append", metavar="NAME", help="time only this group; may be repeated")
    add("--peers", metavar="NAMES", help="who takes part, with commas between")
    add("--out", metavar="FOLDER", default="tensorgrok-bench", help="for results (%(default)s)")
    add("--compare", metavar="FILE", help="earlier results; exit code 1 if anything got slower")


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Time what was asked for, write results, print tables; the exit code.

    Raises:
        UsageError: there are no benchmarks here, or pytest-benchmark is not installed.
    """
    root = clone()
    if root is None:
        raise UsageError(
            f"bench: the folder {FOLDER!r} is part of the repository and not of the installed "
            "package; run this in a clone, after: pip install -e '.[bench]'"
        )
    if any(util.find_spec(name) is None for name in NEEDED):
        raise UsageError("bench needs pytest-benchmark; install it with: pip install '.[bench]'")
    interrupt.release()  # Ctrl-C stops the other process, and then this one
    status = subprocess.call([sys.executable, "-m", FOLDER, *spelled(arguments)], cwd=root)
    return status if status >= 0 else 128 - status  # as shells say that a signal stopped it


def clone() -> Path | None:
    """The root of the repository: the current folder, or where an editable install comes from."""
    for root in (Path.cwd(), Path(__file__).parents[2]):
        if all((root / part).is_file() for part in (f"{FOLDER}/runner.py", "tensorgrok/plans.py")):
            return root
    return None


def spelled(arguments: argparse.Namespace) -> list[str]:
    """The arguments as words again, with files where the other process finds them."""
    words = ["--out", str(Path(arguments.out).absolute())]
    words += ["--quick"] * arguments.quick + ["--large"] * arguments.large
    for group in arguments.group or ():
        words += ["--group", group]
    if arguments.peers is not None:
        words += ["--peers", arguments.peers]
    if arguments.compare is not None:
        words += ["--compare", str(Path(arguments.compare).absolute())]
    return [*words, "--", *arguments.words]
