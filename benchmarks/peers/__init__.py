"""Who takes part in the training steps of ``benchmarks.tasks``, one module for each.

A module has a function for each kind of task that it can do: ``dense``, ``recurrent``,
``attention``. It takes the task and returns a ``Side``. What a module needs it imports at its top,
so modules are imported only when they are wanted.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from typing import Any

from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import OURS, REFERENCE, Absent, Race, Side

#: By the name that tables show, in their order.
MODULES = {
    OURS: "ours",
    REFERENCE: "by_hand",
    "PyTorch": "torch_eager",
    "PyTorch tuned": "torch_tuned",
    "torch.compile": "torch_compiled",
    "JAX jit": "jax_jit",
    "autograd": "hips_autograd",
    "MyGrad": "mygrad_eager",
    "tinygrad": "tinygrad_jit",
    "micrograd": "micrograd_scalars",
}
#: See ``Race``.
STRAY = 0.005
KINDS = {Dense: "dense", Recurrent: "recurrent", Attention: "attention"}


def side(name: str, task: Task) -> Side:
    """What somebody does for a task.

    Raises:
        Absent: it is not installed, or cannot do that.
    """
    try:
        module: Any = importlib.import_module(f"benchmarks.peers.{MODULES[name]}")
    except ImportError as error:
        raise Absent(f"not installed: {error}") from error
    make = getattr(module, KINDS[type(task)], None)
    if make is None:
        raise Absent(f"does not do {KINDS[type(task)]} networks here")
    found: Side = make(task)
    return found


def race(task: Task, among: Collection[str] = tuple(MODULES), rtol: float = 1e-5) -> Race:
    """Everybody who can do a task; ours and the reference must."""
    sides, absent = {}, {}
    for name in MODULES:
        if name in (OURS, REFERENCE):
            sides[name] = side(name, task)
        elif name in among:
            try:
                sides[name] = side(name, task)
            except Absent as error:
                absent[name] = str(error)
    stray = STRAY if task.optimizer == "Adam" else 0.0
    facts = {"optimizer": task.optimizer, "batch": task.batch}
    return Race(sides, rtol, absent, facts, stray)
