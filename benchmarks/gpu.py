"""``python -m benchmarks.gpu``: what a GPU does with the CuPy backend, and how far from its limit.

It measures and prints, and with ``--json FILE`` writes all of it with the versions of everything:
the speed of a copy on the device, the hot path as a fraction of that, what calls cost on the host,
whole training steps (beside PyTorch's eager ones on the same GPU, where it is installed), and how
CuPy behaves where its manual is silent (capture of graphs, repeatability, sizes of 0). Where a
measurement fails its error is reported, and the others go on.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import itertools
import json
import operator
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tensorgrok as tg
from benchmarks import gpu_steps

SIZES = (512, 1024, 2048, 4096, 8192)
BATCHES = (1, 8, 64, 512)
#: Batch and lengths of the layers of the networks whose steps are timed.
NETWORKS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (1, (3, 4, 1)),
    (32, (64, 40, 10)),
    (100, (784, 100, 10)),
    (1, (1024, 1024, 1024)),
    (128, (784, 1024, 1024, 10)),
    (1, (4096, 4096, 4096)),
    (128, (4096, 4096, 4096)),
)
Figures = dict[str, Any]


class Bench:
    """CuPy, the backend, and clocks of the device and of the host."""

    def __init__(self) -> None:
        self.cupy: Any = importlib.import_module("cupy")
        self.backend = tg.registry.get_backend("cupy")
        self.found: dict[str, Figures] = {}

    def device_time(self, function: Callable[[], Any], rounds: int = 30, runs: int = 20) -> float:
        """Median seconds that the device takes for one run, by its own events."""
        cuda = self.cupy.cuda
        for _ in range(3):
            function()
        times = []
        for _ in range(rounds):
            start, stop = cuda.Event(), cuda.Event()
            start.record()
            for _ in range(runs):
                function()
            stop.record()
            stop.synchronize()
            times.append(float(cuda.get_elapsed_time(start, stop)) / 1e3 / runs)
        return statistics.median(times)

    def step_time(self, function: Callable[[], Any], rounds: int = 30, runs: int = 20) -> float:
        """Median seconds from call to call, with the device idle at both ends of a round."""
        for _ in range(5):
            function()
        times = []
        for _ in range(rounds):
            self.backend.synchronize()
            begin = time.perf_counter()
            for _ in range(runs):
                function()
            self.backend.synchronize()
            times.append((time.perf_counter() - begin) / runs)
        return statistics.median(times)

    def host_time(self, function: Callable[[], Any], runs: int = 100) -> float:
        """Median seconds of the host for one call, while nobody waits for the device."""
        times = []
        for _ in range(20):
            self.backend.synchronize()
            begin = time.perf_counter()
            for _ in range(runs):
                function()
            times.append((time.perf_counter() - begin) / runs)
        return statistics.median(times)

    def run(self, title: str, measurement: Callable[[Bench], Figures]) -> None:
        """Take a measurement, print it, and keep it; an error is kept in its place."""
        print(f"\n{title}", flush=True)
        try:
            figures = measurement(self)
        except Exception as error:  # the others are worth having all the same
            figures = {"error": f"{type(error).__name__}: {error}"}
        self.found[title] = figures
        for name, value in figures.items():
            shown = f"{value:.4g}" if isinstance(value, float) else value
            print(f"  {name:<48} {shown}", flush=True)


def array(bench: Bench, *shape: int, seed: int = 0) -> Any:
    """Numbers of float32 on the device, none of them 0 or denormal."""
    values = np.random.default_rng([seed, *shape]).uniform(0.5, 1, shape)
    return bench.backend.asarray(values.astype(np.float32) / np.float32(shape[-1]))


def versions(bench: Bench) -> Figures:
    """What all of it was measured with."""
    runtime = bench.cupy.cuda.runtime
    found = {
        "device": bench.backend.device,
        "features": ", ".join(sorted(bench.backend.features)),
        "driver serves CUDA": runtime.driverGetVersion(),
        "CUDA runtime": runtime.runtimeGetVersion(),
        "CuPy": bench.cupy.__version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "tensorgrok": tg.__version__,
    }
    device = importlib.import_module("cupy.cuda.device")
    cublas = importlib.import_module("cupy_backends.cuda.libs.cublas")
    found["cuBLAS"] = cublas.getVersion(device.get_cublas_handle())
    return found


def copy_speed(bench: Bench) -> Figures:
    """Bytes read and written by a copy within the device: the ceiling of everything below."""
    source = array(bench, 1 << 28)
    target = bench.cupy.empty_like(source)
    seconds = bench.device_time(lambda: bench.cupy.copyto(target, source))
    return {"copy, GB/s": 2 * source.nbytes / seconds / 1e9}


def hot_path(bench: Bench) -> Figures:
    """Forward, backward and update at batch 1, as fractions of the speed of a copy."""
    ceiling = bench.found["copy on the device"]["copy, GB/s"] * 1e9
    backend, found = bench.backend, {}
    for size in SIZES:
        w, x, g = array(bench, size, size), array(bench, size), array(bench, size, seed=1)
        y, dx, dw = (bench.cupy.empty_like(like) for like in (x, x, w))
        for name, moved, function, arguments in (
            ("vecmat", w.nbytes, backend.vecmat, (x, w, y)),
            ("vecmat_dx", w.nbytes, backend.vecmat_dx, (g, w, dx)),
            ("vecmat_dw", w.nbytes, backend.vecmat_dw, (x, g, dw)),
            ("rank_update", 2 * w.nbytes, backend.rank_update, (w, x, g, 1e-9, 1.0)),
        ):
            seconds = bench.device_time(functools.partial(function, *arguments))
            found[f"{name} 1x{size}x{size}, us"] = seconds * 1e6
            found[f"{name} 1x{size}x{size}, of a copy"] = moved / seconds / ceiling
    return found


def batches(bench: Bench) -> Figures:
    """Products of batches: TFLOP/s, by the backend and by CuPy's ``@``."""
    found = {}
    for size, batch in itertools.product((1024, 4096, 8192), BATCHES):
        w, x, out = array(bench, size, size), array(bench, batch, size), array(bench, batch, size)
        work = 2.0 * batch * size * size / 1e12
        ours = functools.partial(bench.backend.vecmat, x, w, out)
        found[f"vecmat {batch}x{size}"] = work / bench.device_time(ours)
        found[f"@ {batch}x{size}"] = work / bench.device_time(
            functools.partial(operator.matmul, x, w)
        )
    return found


def host_costs(bench: Bench) -> Figures:
    """Microseconds of the host for one call on small arrays."""
    cupy, backend = bench.cupy, bench.backend
    cublas = importlib.import_module("cupy.cublas")
    w, x, g = array(bench, 64, 64), array(bench, 64), array(bench, 64)
    y = cupy.empty_like(x)
    wide = x[None, :]
    t, v = (tg.Tensor(a, requires_grad=True, backend="cupy") for a in (x, w))
    calls: dict[str, Callable[[], Any]] = {
        "x + g": lambda: x + g,
        "x @ w": lambda: x @ w,
        "x.dot(w, y)": lambda: x.dot(w, y),
        "cublas.gemv": lambda: cublas.gemv("T", 1.0, w, x, 0.0, y),
        "cublas.ger": lambda: cublas.ger(1e-9, x, g, w),
        "cublas.gemm": lambda: cublas.gemm("N", "N", wide, w, out=y[None, :]),
        "backend.vecmat": lambda: backend.vecmat(x, w),
        "backend.rank_update": lambda: backend.rank_update(w, x, g, 1e-9, 1.0),
        "recorded t.dot(v)": lambda: t.dot(v),
        "recorded t + t": lambda: t + t,
    }
    return {f"{name}, us": bench.host_time(call) * 1e6 for name, call in calls.items()}


def steps(bench: Bench) -> Figures:
    """Whole training steps of everybody who is installed, microseconds."""
    found: Figures = {}
    for batch, sizes in NETWORKS:
        name = f"{batch}x{'-'.join(map(str, sizes))}"
        for side, make in gpu_steps.SIDES.items():
            try:
                found[f"{name} {side}"] = bench.step_time(make(batch, sizes)) * 1e6
            except Exception as error:  # not installed, or without this device: the others count
                found[f"{name} {side}"] = f"{type(error).__name__}: {error}".partition("\n")[0]
    return found


def behaviour(bench: Bench) -> Figures:
    """What CuPy does where its manual is silent."""
    cupy = bench.cupy
    cublas = importlib.import_module("cupy.cublas")
    w, x = array(bench, 256, 256), array(bench, 256)

    def outcome(function: Callable[[], Any]) -> str:
        try:
            return f"works: {function()}"
        except Exception as error:  # which one it is, is the question
            return f"{type(error).__name__}: {error}".partition("\n")[0][:100]

    def captured() -> str:
        stream = cupy.cuda.Stream(non_blocking=True)
        with stream:
            stream.begin_capture()
            try:
                cupy.matmul(w, w)
            finally:
                with contextlib.suppress(Exception):  # that of the product says more
                    stream.end_capture()
        return "captured"

    def after_a_failed_capture() -> float:
        with contextlib.suppress(NotImplementedError):
            captured()
        with cupy.cuda.Stream(non_blocking=True):
            return float((w @ w).sum())

    def repeats(function: Callable[[], Any]) -> bool:
        first = cupy.asnumpy(function())
        return all(np.array_equal(cupy.asnumpy(function()), first) for _ in range(20))

    places = cupy.asarray(np.random.default_rng(0).integers(0, 50, 100_000))
    values = array(bench, 100_000)
    empty = cupy.empty((0, 256), dtype=np.float32)
    return {
        "matmul while capturing": outcome(captured),
        "the stream after that": outcome(after_a_failed_capture),
        "cublas.gemm of no rows": outcome(lambda: cublas.gemm("N", "N", empty, w).shape),
        "CuPy + NumPy array": outcome(lambda: x + np.ones(256, np.float32)),
        "x @ w repeats to the bit": repeats(lambda: x @ w),
        "sum repeats to the bit": repeats(lambda: values.sum()),
        "scatter_add repeats to the bit": repeats(
            lambda: bench.backend.scatter_add(cupy.zeros(50, np.float32), (places,), values)
        ),
    }


def main() -> None:
    """Take all measurements, in an order in which later ones may use earlier ones."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the figures as well")
    options = parser.parse_args()
    began = time.perf_counter()
    bench = Bench()
    first = {"seconds from nothing to a backend that computes": time.perf_counter() - began}
    bench.run("first use", lambda _: first)
    bench.run("versions", versions)
    bench.run("copy on the device", copy_speed)
    bench.run("hot path, batch 1", hot_path)
    bench.run("products of batches, TFLOP/s", batches)
    bench.run("host costs", host_costs)
    bench.run("training steps, us", steps)
    bench.run("behaviour", behaviour)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(bench.found, file, indent=1, default=str)


if __name__ == "__main__":
    main()
