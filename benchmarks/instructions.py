"""Machine instructions of one small operation or step, ours and by hand: a measure without noise.

Valgrind's ``callgrind`` runs this module in an emulated processor that counts what it executes.
Each statement runs ``RUNS`` times and then twice as often, so that the difference leaves out all
that happens once; the first runs, in which Python adapts its bytecode to what it meets, do not
count. Valgrind puts everything at the same addresses each time; with hashes, threads and the
garbage collector held still as well, and all modules compiled before, the same programs give the
same numbers each time, to the last instruction. Where anything lies elsewhere, as after a change
to some other module, sets of objects are filled differently, which can make half a percent::

    python -m benchmarks.instructions            a table
    python -m benchmarks.instructions --record   and write it down, for tests/test_instructions.py

A number tells how much is done, and not how long that takes: a product that waits for memory has
few instructions. For small arrays, where the work is Python's, both go together.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tensorgrok as tg
from benchmarks import peers
from benchmarks.machine import ONE_THREAD
from benchmarks.tasks import Dense
from benchmarks.work import OURS, REFERENCE, Absent, Side, our_side
from tensorgrok import nn

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "tests" / "instructions.json"

#: Runs before anything is counted, and runs that are counted, once and then twice as many.
WARM_UP, RUNS = 100, 50

#: A function of the C library that nothing else calls meanwhile: where it is entered, callgrind
#: writes down its count and begins anew.
MARK = "getppid"


def _operation(statement: str) -> dict[str, Side]:
    """One operation on matrices of 4x4; ours is recorded."""
    random = np.random.default_rng(0)
    arrays: dict[str, Any] = {n: random.uniform(0.5, 1, (4, 4)).astype(np.float32) for n in "ab"}
    tensors = {name: tg.Tensor(array, requires_grad=True) for name, array in arrays.items()}
    return {OURS: our_side(statement, tensors), REFERENCE: Side(statement, arrays)}


def _step() -> dict[str, Side]:
    """One step of gradient descent of the smallest net."""
    task = Dense("SGD", 1, (3, 4, 1))
    return {name: peers.side(name, task) for name in (OURS, REFERENCE)}


def _part(backward: bool) -> dict[str, Side]:
    """The first part of that step: forward and the loss; with ``backward`` the gradients too."""
    task = Dense("SGD", 1, (3, 4, 1))
    x, target = task.data()
    w1, w2 = task.parameters()
    tensors = [tg.Tensor(array) for array in (x, target)]
    weights = [tg.Tensor(array, requires_grad=True) for array in (w1, w2)]

    def ours() -> Any:
        (inputs, wanted), (first, second) = tensors, weights
        layer_1 = tg.relu(inputs.dot(first))
        loss = nn.squared_error(layer_1.dot(second), wanted)
        if backward:
            first.grad = second.grad = None
            loss.backward()
        return loss

    def by_hand() -> Any:
        layer_1 = np.maximum(x.dot(w1), 0)
        delta_2 = layer_1.dot(w2) - target
        loss = (delta_2 * delta_2).sum() / 2
        if backward:
            slope_2 = layer_1.T.dot(delta_2)
            delta_1 = delta_2.dot(w2.T) * (layer_1 > 0)
            return loss, x.T.dot(delta_1), slope_2
        return loss

    return {OURS: our_side("run()", {"run": ours}), REFERENCE: Side("run()", {"run": by_hand})}


#: What is counted, by name, to be made when it is wanted.
SIDES: dict[str, Callable[[], dict[str, Side]]] = {
    "add": lambda: _operation("a + b"),
    "dot": lambda: _operation("a.dot(b)"),
    "SGD 1x3-4-1": _step,
    "3-4-1, forward": lambda: _part(backward=False),
    "3-4-1, and backward": lambda: _part(backward=True),
}


class Counts(NamedTuple):
    """Instructions of one run."""

    ours: int
    by_hand: int

    @property
    def ratio(self) -> float:
        """How many times as many as by hand."""
        return self.ours / self.by_hand


def count(name: str) -> Counts:
    """Count one statement of ``SIDES``; all of them (``counts``) take no longer."""
    return counts()[name]


def counts() -> dict[str, Counts]:
    """Count all of ``SIDES``, in a process of its own.

    Raises:
        Absent: valgrind is not installed, or does not work here.
    """
    program = [sys.executable, "-c", "from benchmarks.instructions import run; run()"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "counts"
        words = [*_valgrind(file), *program]
        subprocess.run(program, cwd=ROOT, env=_environment(), check=True)  # compiles all modules
        done = subprocess.run(
            words, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Absent(f"valgrind failed: {done.stderr.strip()[-1000:]}")
        totals = [
            int(line.split()[1])
            for line in file.read_text(encoding="utf-8").splitlines()
            if line.startswith("totals:")
        ]
    return _by_name(totals)


def _valgrind(file: Path) -> list[str]:
    """The command that counts what the words after it run, and writes all counts to a file."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise Absent("valgrind is not installed; on Linux a package of that name has it")
    options = [f"--callgrind-out-file={file}", "--combine-dumps=yes", f"--dump-before={MARK}"]
    return [valgrind, "-q", "--tool=callgrind", *options]


def _environment() -> dict[str, str]:
    """No variables but those needed: some change what runs, and all of them take space."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    still = {"PYTHONHASHSEED": "0", "TENSORGROK_BACKEND": "numpy"}
    if platform.machine() == "x86_64":
        still["OPENBLAS_CORETYPE"] = "Haswell"  # the same routines on every processor
    return kept | ONE_THREAD | still


def run() -> None:
    """Run every statement between marks; to be called in the emulated processor."""
    sides = [side for make in SIDES.values() for side in make().values()]
    gc.collect()
    gc.disable()
    for side in sides:
        # To timeit the mark is its clock, which it reads before and after the runs.
        timer: Any = timeit.Timer(side.statement, timer=getattr(os, MARK), globals=dict(side.names))
        for runs in (WARM_UP, RUNS, 2 * RUNS):
            timer.timeit(runs)


def _by_name(totals: list[int]) -> dict[str, Counts]:
    """Counts of one run from those between marks."""
    # For each side three times a mark, runs, a mark and what lies between; last is the end.
    sides = 2 * len(SIDES)
    if len(totals) != 6 * sides + 1:
        raise Absent(f"valgrind counted {len(totals)} parts and not {6 * sides + 1}")
    once, twice = totals[3::6], totals[5::6]
    each = [round((two - one) / RUNS) for one, two in zip(once, twice, strict=True)]
    pairs = zip(each[::2], each[1::2], strict=True)
    return {name: Counts(*pair) for name, pair in zip(SIDES, pairs, strict=True)}


def versions() -> dict[str, str]:
    """What the counts depend on beside our own code."""
    python = f"{platform.python_version()}, {platform.python_compiler()}"
    return {"python": python, "numpy": np.__version__, "machine": platform.machine()}


def main() -> None:
    """Print a table, and write it down if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.instructions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.relative_to(ROOT)}")
    record = parser.parse_args().record
    try:
        found = counts()
    except Absent as error:
        sys.exit(f"instructions: {error}")
    print(f"{'instructions of one':20} {OURS:>12} {REFERENCE:>12} {'ratio':>8}")
    for name, counted in found.items():
        print(f"{name:20} {counted.ours:12,} {counted.by_hand:12,} {counted.ratio:8.3f}")
    if record:
        shown = {name: counted._asdict() for name, counted in found.items()}
        text = json.dumps({"versions": versions(), "counts": shown}, indent=2)
        RECORD.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
