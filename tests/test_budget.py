"""What tensorgrok may cost: times the hand-written NumPy of ``benchmarks``, at one thread.

The work is timed in processes of its own, and the median of a few processes counts. A limit is 1.3
times the median that was measured over 15 processes on 2 cores of an AMD EPYC, with Python 3.11 and
NumPy 2.4: what exceeds it is no noise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Name of the work to the measured median of its ratio.
MEASURED = {
    "recording forward: add": 3.56,
    "recording forward: dot": 3.35,
    "recording forward: sum over an axis": 2.82,
    "recording forward: row": 24.6,
    "recording forward: where": 3.83,
    "recording forward: gather": 7.04,
    "steps: SGD 1x3-4-1": 3.05,
    "steps: SGD 1x784-100-10": 2.00,
    "steps: Adam 32x64-40-10": 2.11,
    "steps: SGD RNN 1x8x32-64-10": 4.05,
    "steps: SGD attention 1x16x64": 2.56,
    "gather: 32 of 100x16": 3.91,
    "hot path: vecmat float32 8x1024x1024": 1.00,
    "hot path: step float32 8x256x256": 1.18,
}
PROCESSES = 3

SCRIPT = """
import json, sys
from benchmarks.catalogue import GROUPS, works
from benchmarks.work import measure, ratio

named = {f"{group}: {work.name}": work for group in GROUPS for work in works(group, ())}
print(json.dumps({name: ratio(measure(named[name].make(), rounds=40)) for name in sys.argv[1:]}))
"""


def ratios() -> dict[str, float]:
    """Measure in a fresh process."""
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *MEASURED],
        cwd=ROOT,
        env=os.environ | dict.fromkeys(threads, "1") | {"TENSORGROK_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, float] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def measured() -> dict[str, list[float]]:
    """The ratios of each piece of work, sorted, one from each process."""
    runs = [ratios() for _ in range(PROCESSES)]
    return {name: sorted(run[name] for run in runs) for name in MEASURED}


@pytest.mark.parametrize("name", MEASURED)
def test_work_costs_at_most_its_budget(name: str, measured: dict[str, list[float]]) -> None:
    found, limit = measured[name], 1.3 * MEASURED[name]
    assert found[len(found) // 2] <= limit, (
        f"{name}: {', '.join(f'{ratio:.2f}' for ratio in found)} times the time of hand-written "
        f"NumPy in {len(found)} processes; at most {limit:.2f} is allowed for the median"
    )
