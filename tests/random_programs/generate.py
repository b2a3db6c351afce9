"""Programs from seeds: a few leaves, then steps that fit, then weights for what came out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tensorgrok as tg
from tests.random_programs.program import Array, Call, Program
from tests.random_programs.steps import LISTS, STEPS
from tests.random_programs.table import Random, Shape, Step

MOST_ELEMENTS = 150
LARGEST = 1e3
TRIES = 12


def generate(seed: int) -> Program:
    """Make the program of a seed.

    Each features one step of the table in turn, so that as many programs as there are steps have
    used them all.
    """
    with tg.use_backend("numpy"):
        return _Builder(seed).build()


class _Builder:
    """Grows a program, computing its values on the way, which say what may come next."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.values: dict[str, Array] = {}
        self.leaves: dict[str, Array] = {}
        self.calls: list[Call] = []
        self.weights: dict[str, Array] = {}
        self.broken = False

    def build(self) -> Program:
        base = self._shape()
        for _ in range(self.random.randint(1, 3)):
            self._leaf(self._broadcastable_with(base) if self.random.flag(0.6) else self._shape())
        featured = [*STEPS.values()][self.seed % len(STEPS)]
        length = self.random.randint(2, 10)
        turn = self.random.randrange(length)
        for i in range(length):
            if i == turn:
                self._feature(featured)
            else:
                self._grow(self._step())
        self._weigh()
        return Program(self.seed, self.leaves, tuple(self.calls), self.weights)

    def _step(self) -> Step:
        """Any step, or one of any list, in which the long ones do not outweigh the others."""
        among = self.random.choice(LISTS) if self.random.flag() else [*STEPS.values()]
        return self.random.choice(among)

    def _shape(self) -> Shape:
        count = self.random.choice([0, 1, 1, 2, 2, 2, 3])
        lengths = [0, 1, 2, 3] if self.random.flag(0.08) else [1, 2, 2, 3, 3, 4]
        return tuple(self.random.choice(lengths) for _ in range(count))

    def _broadcastable_with(self, shape: Shape) -> Shape:
        kept = shape[self.random.randint(0, len(shape)) :] if self.random.flag() else shape
        return tuple(1 if self.random.flag(0.25) else length for length in kept)

    def _leaf(self, shape: Shape) -> None:
        # Few digits, to be read by people; no zeros, where many functions have a kink.
        drawn = self.random.nested(shape, lambda: round(self.random.gauss(0, 1), 4) or 0.5)
        name = f"x{len(self.values)}"
        self.leaves[name] = self.values[name] = np.array(drawn, dtype=float).reshape(shape)

    def _feature(self, step: Step) -> None:
        """Call a step that the program must have; where nothing fits, add leaves."""
        for _ in range(20):
            if self.broken or self._grow(step):
                return
            self._leaf(self._shape())
            self._leaf(self.values[self.random.choice([*self.values])].shape)

    def _grow(self, step: Step) -> bool:
        """Call a step if operands and parameters are found that fit, and the result is small."""
        shapes = {
            name: value.shape for name, value in self.values.items() if value.size or step.empty
        }
        for _ in range(TRIES if shapes and not self.broken else 0):
            operands = step.operands(self.random, shapes)
            if operands is None:
                continue
            parameters = step.parameters(self.random, *(shapes[name] for name in operands))
            if parameters is not None and self._call(step, operands, parameters):
                return True
        return False

    def _call(self, step: Step, operands: tuple[str, ...], parameters: dict[str, Any]) -> bool:
        arrays = [tg.Tensor(self.values[name]) for name in operands]
        try:
            results = [result.numpy() for result in step.run(tg, arrays, parameters)]
        except Exception:
            # The program ends here; whoever runs it will see the error.
            self.broken = True
            name = f"x{len(self.values)}"
            self.calls.append(Call((name,), step.name, operands, parameters))
            return True
        if any(_too_much(result) for result in results):
            return False
        names = tuple(f"x{len(self.values) + i}" for i in range(len(results)))
        self.values |= zip(names, results, strict=True)
        self.calls.append(Call(names, step.name, operands, parameters))
        return True

    def _weigh(self) -> None:
        """Weigh what nothing else reads, and some of what something does."""
        if self.broken:
            self.weights[self.calls[-1].results[0]] = np.ones(())
            return
        read = {name for call in self.calls for name in call.operands}
        for name, value in self.values.items():
            if name not in read or self.random.flag(0.2):
                drawn = self.random.nested(
                    value.shape, lambda: round(self.random.uniform(0.3, 1.3), 2)
                )
                self.weights[name] = np.array(drawn, dtype=float).reshape(value.shape)


def _too_much(array: Array) -> bool:
    """Whether a value is too large to go on with; infinite and NaN are kept, and found out."""
    size = math.prod(array.shape)
    largest = np.max(np.abs(array)) if size else 0.0
    return bool(size > MOST_ELEMENTS or (np.isfinite(largest) and largest > LARGEST))
