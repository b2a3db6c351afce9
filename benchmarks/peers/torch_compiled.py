"""The steps with PyTorch's compiler: a whole step, update included, is one compiled function.

Of what ``torch.compile`` offers this was the fastest: gradients by ``torch.func`` inside, updates
in place, calls from C++ (``cpp_wrapper``), and no checks on each call of whether what was compiled
still applies, for here nothing ever changes. With default options a step of a small net takes half
as long again, and several times as long when only the loss is compiled. Other modes and
``max_autotune`` gained nothing beyond that.

What was compiled is kept on disk: only the first process on a machine compiles for long.
"""

from __future__ import annotations

import importlib
import inspect
import os
import shutil
import sys
import sysconfig
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers import torch_eager
from benchmarks.peers.torch_eager import Loss, fetched, tensors, torch
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Absent, Side

with warnings.catch_warnings():  # the compiler imports this, which says that it itself is outdated
    warnings.filterwarnings("ignore", r".*torch\.jit\.script_method", DeprecationWarning)
    importlib.import_module("torch.utils.mkldnn")


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them."""
    return _side(torch_eager.dense_loss(task), task, rate)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network, its steps unrolled."""
    return _side(torch_eager.recurrent_loss(task), task, rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention."""
    return _side(torch_eager.attention_loss(task), task, rate)


def _side(loss: Loss, task: Task, rate: float) -> Side:
    _check()
    parameters = tensors(task.parameters())
    make = {"SGD": _descent, "Adam": _adam}[task.optimizer]
    step = torch.compile(
        make(loss, parameters, rate),
        fullgraph=True,
        dynamic=False,
        isolate_recompiles=True,  # else all tasks share one list of what was compiled
        options={
            "cpp_wrapper": True,
            "guard_filter_fn": torch.compiler.skip_all_guards_unsafe,
        },
    )
    return Side.of_step(step, lambda: parameters, fetched)


def _descent(loss: Loss, parameters: list[Any], rate: float) -> Callable[[], Any]:
    def step() -> Any:
        slopes, value = torch.func.grad_and_value(loss)(parameters)
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter.sub_(slope, alpha=rate)
        return value

    return step


def _adam(loss: Loss, parameters: list[Any], rate: float) -> Callable[[], Any]:
    means = [torch.zeros_like(parameter) for parameter in parameters]
    squares = [torch.zeros_like(parameter) for parameter in parameters]
    # Of shape (1,): what compiled code writes to a tensor of float64 and shape () is lost.
    count = torch.zeros(1, dtype=torch.float64)

    def step() -> Any:
        slopes, value = torch.func.grad_and_value(loss)(parameters)
        count.add_(1)
        pace = (rate / (1 - 0.9**count)).float()
        root = (1 - 0.999**count).sqrt().float()
        for parameter, mean, square, slope in zip(parameters, means, squares, slopes, strict=True):
            mean.lerp_(slope, 0.1)
            square.mul_(0.999).addcmul_(slope, slope, value=0.001)
            parameter.sub_(pace * mean / (square.sqrt() / root + 1e-8))
        return value

    return step


def _check() -> None:
    if "isolate_recompiles" not in inspect.signature(torch.compile).parameters:
        raise Absent(f"needs a newer PyTorch than {torch.__version__}")
    usual = {"darwin": "clang++", "win32": "cl"}
    compiler = os.environ.get("CXX", usual.get(sys.platform, "g++"))
    if shutil.which(compiler) is None:
        raise Absent(f"needs a C++ compiler, and there is no {compiler}")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        raise Absent("needs Python's headers, and there is no Python.h")
