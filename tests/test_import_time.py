"""``import tensorgrok`` may take 30 ms longer than ``import numpy``.

Also a script, so that it can be run against an installed copy by any Python: it prints the
milliseconds and fails if they are too many.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

LIMIT = 30.0  # milliseconds
REPETITIONS = 10
ROUNDS = 3


def import_time(module: str) -> float:
    """Milliseconds that importing a module takes in a fresh process, which it times itself."""
    script = (
        "from time import perf_counter as now\n"
        f"start = now(); import {module}; print((now() - start) * 1000)"
    )
    # Isolated, so that neither the current folder nor the environment has a say.
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def extra_time() -> float:
    """Median milliseconds of ``import tensorgrok`` beyond those of ``import numpy``, in turn."""
    alone: list[float] = []
    both: list[float] = []
    for _ in range(REPETITIONS):
        alone.append(import_time("numpy"))
        both.append(import_time("tensorgrok"))
    return statistics.median(both) - statistics.median(alone)


def least_extra_time() -> list[float]:
    """``extra_time``, again while a busy machine makes it too long, ``ROUNDS`` times at most."""
    import_time("tensorgrok")  # compiles what was never compiled
    found: list[float] = []
    while len(found) < ROUNDS and (not found or min(found) > LIMIT):
        found.append(extra_time())
    return found


def test_import_takes_little_longer_than_that_of_numpy() -> None:
    found = least_extra_time()
    assert min(found) <= LIMIT, f"import tensorgrok takes {found} ms longer than import numpy"


if __name__ == "__main__":
    extra = least_extra_time()
    print(f"import tensorgrok: {min(extra):.1f} ms beyond import numpy, {LIMIT:.0f} ms allowed")
    sys.exit(min(extra) > LIMIT)
