"""The benchmarks' peers beside PyTorch take the same steps as NumPy by hand.

With rates that move parameters far: at that of the benchmarks, which must not lead anywhere, a
wrong update would be lost in the tolerance.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from benchmarks.peers import KINDS, MODULES, by_hand
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import REFERENCE, Absent, Race, Side

#: What each of them needs, by its name.
NEEDS = {
    "JAX jit": "jax",
    "autograd": "autograd",
    "MyGrad": "mygrad",
    "tinygrad": "tinygrad",
    "micrograd": "micrograd",
}
RATES = {"SGD": 0.1, "Adam": 0.01}
#: Adam divides slopes by their size, which makes the rounding of small ones large.
TOLERANCES = {"SGD": 1e-5, "Adam": 1e-4}
SMALLEST: list[Task] = [Dense(optimizer, 1, (3, 4, 1)) for optimizer in RATES]
SMALL: list[Task] = [
    *(Dense(optimizer, 4, (5, 8, 6, 3)) for optimizer in RATES),
    *(Recurrent(optimizer, 3, steps=3, sizes=(4, 5, 2)) for optimizer in RATES),
    *(Attention(optimizer, 2, tokens=5, width=8) for optimizer in RATES),
]


def module_of(name: str) -> Any:
    """The module of somebody who takes part; without what it needs the test is skipped."""
    pytest.importorskip(NEEDS[name])
    return importlib.import_module(f"benchmarks.peers.{MODULES[name]}")


def side_of(module: Any, task: Task) -> Side:
    """What a module does for a task, at a rate that shows."""
    made: Side = getattr(module, KINDS[type(task)])(task, RATES[task.optimizer])
    return made


@pytest.mark.parametrize(
    ("name", "task"),
    [
        (name, task)
        for name in NEEDS
        for task in SMALLEST + SMALL
        if name != "micrograd" or task in SMALLEST
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_takes_the_step_of_the_reference(name: str, task: Task) -> None:
    module = module_of(name)
    try:
        side = side_of(module, task)
    except Absent as error:
        pytest.skip(f"{name}: {error}")
    race = Race({REFERENCE: side_of(by_hand, task), name: side}, TOLERANCES[task.optimizer])
    race.check()


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (Dense("SGD", 1, (64, 40, 10)), "2960 parameters are more than 100"),
        (Dense("SGD", 32, (3, 4, 1)), "not a batch"),
        (Dense("Adam", 1, (3, 4, 2)), "no logarithm"),
    ],
)
def test_micrograd_says_why_it_does_not_take_part(task: Dense, reason: str) -> None:
    with pytest.raises(Absent, match=reason):
        module_of("micrograd").dense(task)


def test_tinygrad_says_that_it_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "a-compiler-that-is-nowhere")
    with pytest.raises(Absent, match="a-compiler-that-is-nowhere"):
        module_of("tinygrad").attention(Attention("SGD", 1))


def test_tinygrad_refuses_what_takes_seconds() -> None:
    with pytest.raises(Absent, match="seconds"):
        module_of("tinygrad").dense(Dense("SGD", 128, (4096, 4096, 4096)))
