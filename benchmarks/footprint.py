"""What it costs to have it: seconds until it works, bytes on the disk, memory of a training step.

Importing and the first gradient are timed in fresh processes, as users start them, and those time
themselves. Sizes on the disk are read off what the installer recorded. Peaks of memory are counted
by ``tracemalloc``, to which NumPy reports its arrays: that is no sample but every byte, so the same
step gives the same number again, but for the odd Python object. ``benchmarks.lean_steps`` has the
steps by hand to compare with.
"""

from __future__ import annotations

import functools
import gc
import importlib.metadata
import json
import os
import subprocess
import sys
import time
import tomllib
import tracemalloc
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tensorgrok as tg
from benchmarks import lean_steps, peers
from benchmarks.machine import ONE_THREAD
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import OURS, REFERENCE, Absent

#: What a user of each side imports to compute a gradient, and what was installed for that.
IMPORTED = {
    OURS: "tensorgrok",
    REFERENCE: "numpy",
    "PyTorch": "torch",
    "JAX jit": "jax",
    "autograd": "autograd.numpy",
    "MyGrad": "mygrad",
    "tinygrad": "tinygrad",
    "micrograd": "micrograd.nn",
}
DISTRIBUTIONS = {name: module.split(".")[0] for name, module in IMPORTED.items()}

#: Steps whose peak is measured: weights weigh most in some, activations in others.
PEAK_TASKS: tuple[Task, ...] = (
    Dense("SGD", 1, (784, 100, 10)),
    Dense("SGD", 128, (784, 256, 128, 10)),
    Dense("Adam", 128, (784, 256, 128, 10)),
    Dense("SGD", 128, (784, 1024, 1024, 10)),
    Dense("Adam", 128, (784, 1024, 1024, 10)),
    Dense("SGD", 1, (1024, 1024, 1024)),
    Dense("Adam", 1, (1024, 1024, 1024)),
    Dense("SGD", 2048, (256, 256, 256, 10)),
    Recurrent("SGD", 256, 16, (128, 256, 10)),
    Attention("SGD", 32),
)


# Time --------------------------------------------------------------------------------------------


def import_seconds(module: str | None) -> float:
    """Seconds that importing a module takes in a fresh process, which times itself.

    With None nothing is imported: what the clock takes. The first import after an installation may
    also compile to bytecode, so callers leave that one out.

    Raises:
        Absent: it cannot be imported.
    """
    statement = "pass" if module is None else f"import {module}"
    return float(_output(f"{CLOCK}; {statement}; print(now() - began)"))


class FirstGradient(NamedTuple):
    """How long a program takes that computes one gradient.

    Attributes:
        seconds: from before the import to the gradient on the host.
        process_seconds: of the whole process, from its start to its end.
    """

    seconds: float
    process_seconds: float


def first_gradient_seconds(name: str) -> FirstGradient:
    """Time the gradient of a 3-4-1 net with squared error in a fresh process.

    What compiles to disk (tinygrad does) finds there what an earlier process compiled.

    Args:
        name: of a side, one of ``GRADIENTS``.

    Raises:
        Absent: it is not installed, or cannot do that here.
        AssertionError: the gradient is wrong.
    """
    program = "\n".join([NET, CLOCK, GRADIENTS[name], REPORT])
    began = time.perf_counter()
    printed = _output(program)
    whole = time.perf_counter() - began
    seconds, *gradients = json.loads(printed)
    for found, expected in zip(gradients, _expected_gradients(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, err_msg=name)
    return FirstGradient(seconds, whole)


def _output(program: str) -> str:
    """What a program prints that runs in a process of its own.

    The process is isolated: neither the current folder nor ``PYTHONPATH`` says what is imported,
    but only what is installed, be it as a link to a checkout.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        env=os.environ | ONE_THREAD | {"TENSORGROK_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Absent(done.stderr.strip().splitlines()[-1])
    return done.stdout


CLOCK = "from time import perf_counter as now; began = now()"

NET = """\
X = [[0.1, 0.2, 0.3]]
TARGET = [[1.0]]
W1 = [[0.1, -0.2, 0.3, 0.4], [0.5, 0.6, -0.7, 0.8], [0.9, -1.0, 1.1, 1.2]]
W2 = [[0.1], [0.2], [0.3], [-0.4]]
"""

#: Programs that leave the gradients of W1 and W2 as arrays or lists; all of them in float32, but
#: for micrograd, which has Python's floats.
GRADIENTS = {
    OURS: """\
import tensorgrok as tg
from tensorgrok import nn
w1, w2 = (tg.Tensor(w, requires_grad=True) for w in (W1, W2))
loss = nn.squared_error(tg.relu(tg.Tensor(X).dot(w1)).dot(w2), tg.Tensor(TARGET))
loss.backward()
gradients = w1.grad.numpy(), w2.grad.numpy()
""",
    REFERENCE: """\
import numpy as np
x, target, w1, w2 = (np.array(array, np.float32) for array in (X, TARGET, W1, W2))
layer_1 = np.maximum(x.dot(w1), 0)
delta_2 = layer_1.dot(w2) - target
delta_1 = delta_2.dot(w2.T) * (layer_1 > 0)
gradients = x.T.dot(delta_1), layer_1.T.dot(delta_2)
""",
    "PyTorch": """\
import torch
w1, w2 = (torch.tensor(w, requires_grad=True) for w in (W1, W2))
loss = (torch.relu(torch.tensor(X) @ w1) @ w2 - torch.tensor(TARGET)).square().sum() / 2
loss.backward()
gradients = w1.grad.numpy(), w2.grad.numpy()
""",
    "JAX jit": """\
import jax
import jax.numpy as jnp
import numpy as np
def loss(weights, x, target):
    w1, w2 = weights
    return ((jax.nn.relu(x @ w1) @ w2 - target) ** 2).sum() / 2
x, target, w1, w2 = (jnp.array(array) for array in (X, TARGET, W1, W2))
gradients = [np.asarray(g) for g in jax.jit(jax.grad(loss))((w1, w2), x, target)]
""",
    "autograd": """\
import autograd.numpy as np
from autograd import grad
def loss(weights, x, target):
    w1, w2 = weights
    layer_1 = np.maximum(np.dot(x, w1), 0)
    return np.sum((np.dot(layer_1, w2) - target) ** 2) / 2
x, target, w1, w2 = (np.array(array, np.float32) for array in (X, TARGET, W1, W2))
gradients = grad(loss)((w1, w2), x, target)
""",
    "MyGrad": """\
import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu
x, target = (np.array(array, np.float32) for array in (X, TARGET))
w1, w2 = (mg.tensor(w, dtype=np.float32) for w in (W1, W2))
loss = ((mg.matmul(relu(mg.matmul(x, w1)), w2) - target) ** 2).sum() / 2
loss.backward()
gradients = w1.grad, w2.grad
""",
    "tinygrad": """\
from tinygrad import Tensor
w1, w2 = Tensor(W1), Tensor(W2)
loss = ((Tensor(X) @ w1).relu() @ w2 - Tensor(TARGET)).square().sum() / 2
loss.backward()
gradients = w1.grad.numpy(), w2.grad.numpy()
""",
    "micrograd": """\
from micrograd.nn import MLP
net = MLP(3, [4, 1])
for layer, weights in zip(net.layers, (W1, W2)):
    for j, neuron in enumerate(layer.neurons):
        for i, w in enumerate(neuron.w):
            w.data = weights[i][j]
loss = (net(X[0]) - TARGET[0][0]) ** 2 / 2
loss.backward()
gradients = [
    [[neuron.w[i].grad for neuron in layer.neurons] for i in range(len(weights))]
    for layer, weights in zip(net.layers, (W1, W2))
]
""",
}

REPORT = """\
ended = now()
import json
lists = [g if isinstance(g, list) else g.tolist() for g in gradients]
print(json.dumps([ended - began, *lists]))
"""


@functools.cache
def _expected_gradients() -> tuple[Any, Any]:
    names: dict[str, Any] = {}
    exec(NET + GRADIENTS[REFERENCE], names)
    found: tuple[Any, Any] = names["gradients"]
    return found


# Space -------------------------------------------------------------------------------------------


def installed_bytes(distribution: str) -> int:
    """Bytes of the files that an installed distribution consists of.

    They are those that its RECORD names and that are there, without compiled bytecode, which some
    installers record and Python writes sooner or later in any case. An editable installation, which
    only links to a checkout, counts as what a wheel of it would hold: the package folders that
    ``pyproject.toml`` lists for Hatchling, or else one called like the distribution.

    Raises:
        Absent: it is not installed, or nothing was recorded.
    """
    found = _distribution(distribution)
    if found.files is None:
        raise Absent(f"{distribution}: its installer recorded no files")
    files = [Path(str(file.locate())) for file in found.files]
    files += _linked_files(found)
    return sum(file.stat().st_size for file in files if file.suffix != ".pyc" and file.is_file())


def _distribution(name: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise Absent(f"{name} is not installed") from error


def _linked_files(distribution: importlib.metadata.Distribution) -> Iterable[Path]:
    """The files of the packages that an editable installation links to; none for any other."""
    said = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not said.get("dir_info", {}).get("editable", False):
        return []
    root = Path(urllib.request.url2pathname(urllib.parse.urlparse(said["url"]).path))
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for key in ("tool", "hatch", "build", "targets", "wheel"):
        table = table.get(key, {})
    folders = table.get("packages", [distribution.name.replace("-", "_")])
    return [file for folder in folders for file in (root / folder).rglob("*")]


def environment_bytes(distribution: str) -> int:
    """``installed_bytes`` of a distribution and of everything that it requires to be installed.

    Markers are honoured, and extras count where a requirement names them. What a distribution uses
    without requiring it, as tinygrad does NumPy and a compiler, is not known here.

    Raises:
        Absent: something required is not installed; the package ``packaging`` is missing.
    """
    return sum(map(installed_bytes, required_by(distribution)))


def required_by(distribution: str) -> list[str]:
    """The names, sorted, of a distribution and of everything that it requires, near and far."""
    try:
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name
    except ImportError as error:
        raise Absent(f"requirements are read with the package packaging: {error}") from error
    wanted: set[tuple[str, str]] = set()  # a name, and one of the extras asked for, or ""
    ahead = [(str(canonicalize_name(distribution)), "")]
    while ahead:
        name, extra = ahead.pop()
        if (name, extra) in wanted:
            continue
        wanted.add((name, extra))
        for text in _distribution(name).requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                ahead += [(str(canonicalize_name(needed.name)), e) for e in ("", *needed.extras)]
    return sorted({name for name, _ in wanted})


# Memory ------------------------------------------------------------------------------------------


def peak_bytes(make: Callable[[], Callable[[], object]], warm_up: int = 3) -> int:
    """The most memory that a step holds at any moment, beyond what lives before the first step.

    The first steps do not count, in which one-time things are made. What one step leaves behind for
    the next, such as old gradients, does count. Python's objects count as arrays do; what libraries
    below NumPy take for themselves does not.

    Args:
        make: makes a step along with all that lives as long as it, such as parameters, data and
            running means.
        warm_up: how many steps to take first.
    """
    make()()  # imports and caches of the process
    gc.collect()
    collecting, tracing = gc.isenabled(), tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        gc.disable()
        step = make()
        held, _ = tracemalloc.get_traced_memory()
        for _ in range(warm_up):
            step()
        gc.collect()
        tracemalloc.reset_peak()
        step()
        _, peak = tracemalloc.get_traced_memory()
        return peak - held
    finally:
        if not tracing:
            tracemalloc.stop()
        if collecting:
            gc.enable()


def peak_memory(task: Task) -> dict[str, dict[str, Any]]:
    """Facts of a training step, ours and by hand, in host memory.

    Returns:
        For each side ``peak_bytes``, and ``arrays``: the bytes of each array that a backward pass
        has to read, parameters aside, by the name that it has in the step by hand.
    """
    arrays = lean_steps.arrays_read(task)
    return {
        name: {"peak_bytes": peak_bytes(functools.partial(_step, name, task)), "arrays": arrays}
        for name in (OURS, REFERENCE)
    }


def _step(name: str, task: Task) -> Callable[[], object]:
    if name == REFERENCE:
        return lean_steps.lean_step(task)
    with tg.use_backend("numpy"):
        step: Callable[[], object] = peers.side(name, task).names["step"]
    return step
