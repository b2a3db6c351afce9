"""Pairs of the same work on the same float32 arrays: by tensorgrok, and by NumPy written by hand.

Each pair is one statement with two sets of names. ``test_pairs`` times both sides with
pytest-benchmark; ``measure`` times them in turn, in many short rounds, so that whatever slows the
machine down for a while slows both. To print the ratios, with one thread::

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.pairs

Ratios differ between processes by some percent, now and then by ten; compare several.
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import tensorgrok as tg
from tensorgrok import nn, optim

Array = npt.NDArray[np.float32]

#: So small that no weight gets anywhere: a net that converges would time zeros and denormals.
RATE = 1e-6


class Pair(NamedTuple):
    """The same statement with the names of either side.

    Attributes:
        name: what is done.
        statement: a Python expression, the one that is timed.
        results: another one, for all that must be equal on both sides.
        ours, by_hand: the names that they read, as tensors and as arrays.
        number: how often the statement runs in one round, about a millisecond in all.
    """

    name: str
    statement: str
    results: str
    ours: dict[str, Any]
    by_hand: dict[str, Any]
    number: int

    def check(self) -> None:
        """Raise AssertionError unless both sides give the same values, three times over."""
        for _ in range(3):
            found, expected = (eval(self.results, names) for names in (self.ours, self.by_hand))
            for tensor, array in zip(found, expected, strict=True):
                assert tensor.dtype == array.dtype, f"{self.name}: {tensor.dtype}, {array.dtype}"
                np.testing.assert_allclose(
                    tensor.numpy(), array, rtol=1e-6, err_msg=self.name, strict=True
                )
                assert np.any(array), f"{self.name}: a result of nothing but zeros"


class Weights(NamedTuple):
    """What a step starts from: one example, its target, two layers."""

    x: Array
    target: Array
    w1: Array
    w2: Array


def start(inputs: int, hidden: int, outputs: int) -> Weights:
    """Draw an example and small weights; the same sizes give the same numbers."""
    random = np.random.default_rng(1)

    def draw(*shape: int) -> Array:
        return random.uniform(-0.05, 0.05, shape).astype(np.float32)

    x = random.random((1, inputs)).astype(np.float32)
    return Weights(
        x, np.ones((1, outputs), np.float32), draw(inputs, hidden), draw(hidden, outputs)
    )


def step_by_hand(weights: Weights) -> dict[str, Callable[[], Any]]:
    """Forward, backward and update as one would write them with NumPy."""
    x, target, w1, w2 = weights
    slope_1, slope_2 = np.zeros_like(w1), np.zeros_like(w2)

    def step() -> Any:
        nonlocal w1, w2, slope_1, slope_2
        layer_1 = np.maximum(x.dot(w1), 0)
        layer_2 = layer_1.dot(w2)
        delta_2 = layer_2 - target
        loss = (delta_2 * delta_2).sum() / 2
        slope_2 = layer_1.T.dot(delta_2)
        delta_1 = delta_2.dot(w2.T) * (layer_1 > 0)
        slope_1 = x.T.dot(delta_1)
        w1 = w1 - RATE * slope_1
        w2 = w2 - RATE * slope_2
        return loss

    return {"step": step, "state": lambda: (slope_1, slope_2, w1, w2)}


def step_of_ours(weights: Weights) -> dict[str, Callable[[], Any]]:
    """The same step with tensors, a loss and an optimizer."""
    x, target = tg.Tensor(weights.x), tg.Tensor(weights.target)
    w1 = tg.Tensor(weights.w1, requires_grad=True)
    w2 = tg.Tensor(weights.w2, requires_grad=True)
    optimizer = optim.SGD([w1, w2], lr=RATE)

    def step() -> Any:
        layer_1 = tg.relu(x.dot(w1))
        layer_2 = layer_1.dot(w2)
        loss = nn.squared_error(layer_2, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return {"step": step, "state": lambda: (w1.grad, w2.grad, w1, w2)}


def step_pair(inputs: int, hidden: int, outputs: int, number: int) -> Pair:
    """A whole training step of a two-layer net with a batch of one."""
    ours = step_of_ours(start(inputs, hidden, outputs))
    by_hand = step_by_hand(start(inputs, hidden, outputs))
    name = f"step 1x{inputs}-{hidden}-{outputs}"
    return Pair(name, "step()", "(step(), *state())", ours, by_hand, number)


def make_pairs() -> list[Pair]:
    """The pairs, freshly made and found to give equal results."""
    random = np.random.default_rng(0)
    a, b = (random.random((4, 4)).astype(np.float32) for _ in range(2))
    arrays = {"a": a, "b": b}
    tensors = {name: tg.Tensor(array, requires_grad=True) for name, array in arrays.items()}
    pairs = [
        Pair("add 4x4", "a + b", "(a + b,)", tensors, arrays, 1000),
        Pair("dot 4x4", "a.dot(b)", "(a.dot(b),)", tensors, arrays, 1000),
        step_pair(3, 4, 1, 50),
        step_pair(784, 100, 10, 20),
    ]
    for pair in pairs:
        pair.check()
    return pairs


def measure(rounds: int = 100) -> dict[str, dict[str, float]]:
    """Time every pair in this process, both sides in turn.

    Returns:
        For each pair ``ours`` and ``by_hand``, the medians of the rounds in nanoseconds, and
        ``ratio``, the first by the second.
    """
    found = {}
    for pair in make_pairs():
        # Like every use of timeit's, with the garbage collector off.
        timers = [timeit.Timer(pair.statement, globals=n) for n in (pair.ours, pair.by_hand)]
        times = [[timer.timeit(pair.number) for timer in timers] for _ in range(rounds + 1)]
        ours, by_hand = (
            statistics.median(column) / pair.number * 1e9
            for column in zip(*times[1:], strict=True)  # the first round warms up
        )
        found[pair.name] = {"ours": ours, "by_hand": by_hand, "ratio": ours / by_hand}
    return found


if __name__ == "__main__":
    for name, found in measure().items():
        ours, by_hand, ratio = (found[key] for key in ("ours", "by_hand", "ratio"))
        print(f"{name:20} {ours:8.0f} ns, by hand {by_hand:8.0f} ns: {ratio:.2f} times")
