"""What recording may cost: times the hand-written NumPy of ``benchmarks.pairs``, at one thread.

The pairs are timed in processes of their own, and the median of a few processes counts. A limit is
1.3 times the median that was measured over 15 processes on 2 cores of an AMD EPYC, with Python 3.11
and NumPy 2.4 (3.59, 3.09, 3.28, 1.59): what exceeds it is no noise.
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
    "add 4x4": 4.67,
    "dot 4x4": 4.02,
    "step 1x3-4-1": 4.26,
    "step 1x784-100-10": 2.07,
}
PROCESSES = 3


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
    """The ratios of each pair, sorted, one from each process."""
    runs = [ratios() for _ in range(PROCESSES)]
    return {name: sorted(run[name] for run in runs) for name in BUDGET}


@pytest.mark.parametrize("name", BUDGET)
def test_recorded_work_costs_at_most_its_budget(
    name: str, measured: dict[str, list[float]]
) -> None:
    found = measured[name]
    assert found[len(found) // 2] <= BUDGET[name], (
        f"{name}: {', '.join(f'{ratio:.2f}' for ratio in found)} times the time of hand-written "
        f"NumPy in {len(found)} processes; at most {BUDGET[name]} is allowed for the median"
    )
