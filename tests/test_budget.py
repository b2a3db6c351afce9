"""What recording may cost: times the hand-written NumPy of ``benchmarks.pairs``, at one thread.

The pairs are timed in a process of their own. Ratios differ a little between processes, and more on
a busy machine, so the best of a few processes counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Name of the pair to the ratio that it must not exceed.
BUDGET = {
    "add 4x4": 3.5,
    "dot 4x4": 3.5,
    "step 1x3-4-1": 3.5,
    "step 1x784-100-10": 1.7,
}
PROCESSES = 5


def ratios() -> dict[str, float]:
    """Measure all pairs in a fresh process."""
    script = "import json; from benchmarks.pairs import measure; print(json.dumps(measure()))"
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | dict.fromkeys(threads, "1") | {"TENSORGROK_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: found["ratio"] for name, found in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def measured() -> dict[str, list[float]]:
    """All ratios found by pair, from as many processes as it takes, ``PROCESSES`` at most."""
    found: dict[str, list[float]] = {name: [] for name in BUDGET}
    for _ in range(PROCESSES):
        for name, ratio in ratios().items():
            found[name].append(ratio)
        if all(min(found[name]) <= limit for name, limit in BUDGET.items()):
            break
    return found


@pytest.mark.parametrize("name", BUDGET)
def test_recorded_work_costs_at_most_its_budget(
    name: str, measured: dict[str, list[float]]
) -> None:
    seen = ", ".join(f"{ratio:.2f}" for ratio in measured[name])
    assert min(measured[name]) <= BUDGET[name], (
        f"{name}: {seen} times the time of hand-written NumPy in {len(measured[name])} processes; "
        f"at most {BUDGET[name]} is allowed"
    )
