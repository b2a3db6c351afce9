"""Results of benchmarks as a run writes them, made for tests; no figure of them was measured."""

from __future__ import annotations

import re
from typing import Any

from benchmarks.report.reading import Results

TIMES = "\N{MULTIPLICATION SIGN}"
US = 1e-6
CEILINGS = {
    "read": [[1024, 100e9], [1e6, 10e9]],
    "copy": [[1024, 50e9], [1e6, 5e9]],
    "flops": {"float32": 100e9},
}


def entry(
    group: str, work: str, side: str, median: float, spread: float = 0.02, **extra: Any
) -> dict[str, Any]:
    """One entry as the benchmarks write it; the quartiles are apart by this part of the median."""
    stats = {"median": median, "q1": median * (1 - spread / 2), "q3": median * (1 + spread / 2)}
    return {
        "group": f"{group}: {work}",
        "fullname": f"{group}: {work}: {side}",
        "params": {"group": group, "work": work, "side": side},
        "extra_info": extra,
        "stats": stats | {"min": median * 0.9},
    }


def saved(*entries: dict[str, Any], cpu: str = "Some CPU", numpy: str = "2.4.6") -> dict[str, Any]:
    """What is in a file with these entries."""
    settings = {
        "command": "python -m tensorgrok bench",
        "threads": {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        "backend": "numpy",
        "device": "CPU",
        "versions": {"tensorgrok": "0.1.0", "numpy": numpy},
        "ceilings": CEILINGS,
    }
    machine = {"cpu": {"brand_raw": cpu, "count": 2}, "system": "Linux", "python_version": "3.12.1"}
    return {
        "machine_info": machine | {"benchmarks": settings},
        "benchmarks": list(entries),
        "datetime": "2026-01-02T03:04:05+00:00",
    }


def results(*entries: dict[str, Any], **machine: str) -> Results:
    """The results in such a file."""
    return Results(saved(*entries, **machine))


def step(work: str, absent: dict[str, str] | None = None, **medians: float) -> list[dict[str, Any]]:
    """Entries of a training step: microseconds by side, in which an underscore is a blank."""
    optimizer, rest = work.split(" ", 1)
    batch = re.search(r"\d+", rest)
    assert batch
    facts: dict[str, Any] = {"optimizer": optimizer, "batch": int(batch[0])}
    found = []
    for side, median in medians.items():
        name = side.replace("_", " ")
        more: dict[str, Any] = {"absent": absent} if absent and name == "tensorgrok" else {}
        first = 0.1 if name == "JAX jit" else 1e-3
        found.append(entry("steps", work, name, median * US, first_run_s=first, **facts, **more))
    return found


def hot(kind: str, medians: dict[str, float], flops: float, size: float) -> list[dict[str, Any]]:
    """Entries of the hot path, seconds by side."""
    facts: dict[str, Any] = {"kind": kind, "dtype": "float32", "flops": flops, "bytes": size}
    work = f"{kind} float32 1x{flops:g}x{size:g}"
    return [entry("hot path", work, side, median, **facts) for side, median in medians.items()]


def grown(along: str, side: str, times: dict[int, float]) -> list[dict[str, Any]]:
    """Entries of a side's scaling, seconds by size."""
    return [
        entry("scaling", f"{along} {size}", side, time, along=along, size=size)
        for size, time in times.items()
    ]


def run(factor: float = 1, machine: float = 1, spread: float = 0.02) -> list[dict[str, Any]]:
    """A step beside NumPy: ours by a factor slower, on a machine slower by another."""
    medians = {"tensorgrok": 20e-6 * factor * machine, "NumPy": 10e-6 * machine}
    return [entry("steps", "w", side, median, spread) for side, median in medians.items()]


STEPS = (
    *step("SGD 128x3-4-1", {"micrograd": "takes minutes"}, tensorgrok=40, NumPy=60, PyTorch=400),
    *step("SGD 1x3-4-1", tensorgrok=20, NumPy=10, PyTorch=80, JAX_jit=8.2, micrograd=220),
    *step("SGD 1x784-100-10", {"micrograd": "takes minutes"}, tensorgrok=50, NumPy=51, PyTorch=90),
    *step("Adam attention 1x16x64", {"micrograd": "no\n matrices"}, tensorgrok=100, NumPy=99),
)
