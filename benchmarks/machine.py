"""What the figures were measured on: versions, threads, and the ceilings of the processor.

Nothing that multiplies a vector by a matrix can be quicker than memory delivers the matrix, and
nothing that multiplies matrices quicker than the processor multiplies and adds. Both ceilings are
measured in the run that they are compared with, by NumPy's own products: a dot product of two
vectors reads its operands once and writes nothing, and a product of two large square matrices is
the most arithmetic that this BLAS does in a second. The former depends on how much is read, for
what fits a cache comes from there.
"""

from __future__ import annotations

import os
import sys
import timeit
from importlib import metadata
from typing import Any

import numpy as np

import tensorgrok as tg
from benchmarks.work import runs_in

#: Who is asked to use one thread: the libraries of NumPy's products, and those of the peers.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",  # XLA, and so JAX
    "NUM_CPU_THREADS": "1",  # tinygrad
}
#: Bytes that are read at a time to find the ceilings of memory, from cache to far beyond it.
WORKING_SETS = tuple(1 << power for power in range(14, 30))
FLOATS = ("float32", "float64")
DISTRIBUTIONS = (
    *("numpy", "scipy", "torch", "jax", "jaxlib", "autograd", "mygrad", "tinygrad", "micrograd"),
    *("cupy-cuda12x", "cupy-cuda13x"),
)


def versions() -> dict[str, str]:
    """The versions of ourselves and of everybody who is installed, by distribution."""
    found = {"tensorgrok": tg.__version__, "python": sys.version.split()[0]}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def threads() -> dict[str, str]:
    """What the environment says of threads."""
    return {name: os.environ[name] for name in ONE_THREAD if name in os.environ}


def description(command: str, quick: bool, roofs: bool) -> dict[str, Any]:
    """All of it as it goes into the results, with the ceilings if they are wanted."""
    backend = tg.current_backend()
    return {
        "command": command,
        "threads": threads(),
        "backend": backend.name,
        "device": backend.device,
        "versions": versions(),
        "quick": quick,
        "ceilings": ceilings(quick) if roofs else {},
    }


def ceilings(quick: bool = False) -> dict[str, Any]:
    """What memory and arithmetic reach here.

    Returns:
        ``read`` and ``copy``: pairs of the bytes touched at a time and bytes per second, of a dot
        product and of a copy (which reads and writes each byte); ``flops``: by dtype, operations
        per second of the largest product.
    """
    sets = WORKING_SETS[::3] if quick else WORKING_SETS
    return {
        "read": [[size, _read_speed(size)] for size in sets],
        "copy": [[size, _copy_speed(size)] for size in sets],
        "flops": {name: _product_speed(name, 512 if quick else 2048) for name in FLOATS},
    }


def _least(statement: str, names: dict[str, Any]) -> float:
    """Seconds of the quickest of some runs: a ceiling is what can be reached."""
    timer = timeit.Timer(statement, globals=names)
    number, _ = runs_in(0.002, timer)
    return min(timer.repeat(7, number)) / number


def _read_speed(size: int) -> float:
    x, y = (np.full(size // 8, 0.5, np.float32) for _ in range(2))
    return size / _least("x.dot(y)", {"x": x, "y": y})


def _copy_speed(size: int) -> float:
    x, y = (np.full(size // 8, 0.5, np.float32) for _ in range(2))
    return size / _least("copy(x, y)", {"x": x, "y": y, "copy": np.copyto})


def _product_speed(dtype: str, size: int) -> float:
    x, y = (np.full((size, size), 0.5, dtype) for _ in range(2))
    return 2 * size**3 / _least("dot(x, y, out)", {"x": x, "y": y, "dot": np.dot, "out": x * 1})
