"""Programs that fail, made as small as they get: fewer steps, fewer leaves, rounder numbers.

A step is taken out by making its results leaves, of the values that they had; so any step can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

import tensorgrok as tg
from tests.random_programs.program import Array, Call, Program

Fails = Callable[[Program], bool]


def failure(program: Program, judge: Callable[[Program], object]) -> str | None:
    """Judge a program; None if that goes well, else the error and a small program that shows it."""

    def sort_of_error(candidate: Program) -> tuple[type, str] | None:
        try:
            judge(candidate)
        except Exception as error:
            return type(error), getattr(error, "kind", "")
        return None

    wanted = sort_of_error(program)
    if wanted is None:
        return None
    small = shrink(program, lambda candidate: sort_of_error(candidate) == wanted)
    try:
        judge(small)
    except Exception as error:
        return f"{type(error).__name__}: {error}\nin program {program.seed}, made smaller:\n{small}"
    raise AssertionError(f"program {program.seed} fails at times only, at first with {wanted}")


def shrink(program: Program, fails: Fails, most: int = 400) -> Program:
    """Take away from a program what it can do without and still fail.

    Args:
        program: one that fails.
        fails: whether a program fails in the same way.
        most: how many programs to try.
    """
    tried = 0
    found = True
    while found:
        found = False
        for smaller in _smaller(program):
            tried += 1
            if tried > most:
                return program
            if fails(smaller):
                program, found = smaller, True
                break
    return program


def _smaller(program: Program) -> Iterator[Program]:
    """Programs that are simpler in one respect, the largest simplifications first."""
    values = _values(program)
    if len(program.weights) > 1 or len(program.calls) > 1:
        for name in (name for call in program.calls for name in call.results):
            if name in values and [*program.weights] != [name]:
                weights = {name: program.weights.get(name, np.ones(values[name].shape))}
                yield _needed(replace(program, weights=weights))
    for call in program.calls:
        if len(program.calls) > 1 and all(name in values for name in call.results):
            leaves = program.leaves | {name: values[name] for name in call.results}
            calls = tuple(other for other in program.calls if other is not call)
            yield _needed(replace(program, leaves=leaves, calls=calls))
    for digits in (1, 2):
        for name, leaf in program.leaves.items():
            rounder = np.round(leaf, digits)
            # Zeros would move it onto kinks, where it fails for another reason.
            if not np.array_equal(rounder, leaf) and np.all(rounder != 0):
                yield replace(program, leaves=program.leaves | {name: rounder})
    for name, weight in program.weights.items():
        if not np.all(weight == 1):
            yield replace(program, weights=program.weights | {name: np.ones(weight.shape)})


def _values(program: Program) -> dict[str, Array]:
    """All values that can be computed before something raises an error."""
    values = {name: tg.Tensor(leaf) for name, leaf in program.leaves.items()}
    known = dict(program.leaves)
    for call in program.calls:
        try:
            one = Program(0, known, (call,), {}).run(tg, values)
        except Exception:  # the step that the program fails in
            break
        values = one
        known |= {name: one[name].numpy() for name in call.results}
    return known


def _needed(program: Program) -> Program:
    """Without the calls and leaves that nothing reads."""
    wanted = set(program.weights)
    calls: list[Call] = []
    for call in reversed(program.calls):
        if wanted & {*call.results}:
            calls.insert(0, call)
            wanted |= {*call.operands}
    leaves = {name: leaf for name, leaf in program.leaves.items() if name in wanted}
    return replace(program, leaves=leaves, calls=tuple(calls))
