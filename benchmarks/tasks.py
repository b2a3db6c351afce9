"""Training steps that everybody takes: what is computed, its first parameters and its data.

Each step is forward, backward and update; its results are the loss and then the parameters in the
order of ``parameters``. Whoever takes part (``benchmarks.peers``) builds the same step from these
arrays, all of them float32. Updates use the rate ``RATE``; Adam has the usual betas (0.9, 0.999)
and epsilon 1e-8.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.work import Array


@dataclass(frozen=True)
class Dense:
    """Layers with ReLU between them.

    With gradient descent it is the book's network: no biases, and the loss is the squared error
    ``((y - target) ** 2).sum() / 2``. With Adam it is a classifier: layers have biases, and the
    loss is the mean cross-entropy of softmax with integer labels; if there is only one output it is
    the squared error as well.
    """

    optimizer: str  # "SGD" or "Adam"
    batch: int
    sizes: tuple[int, ...]

    @property
    def name(self) -> str:
        """Such as ``SGD 1x3-4-1``."""
        return f"{self.optimizer} {self.batch}x{'-'.join(map(str, self.sizes))}"

    @property
    def biases(self) -> bool:
        """Whether layers have biases."""
        return self.optimizer == "Adam"

    @property
    def classifies(self) -> bool:
        """Whether the loss is cross-entropy."""
        return self.optimizer == "Adam" and self.sizes[-1] > 1

    def parameters(self) -> list[Array]:
        """Weights (inputs, outputs), each followed by its bias (outputs,) if there are biases."""
        random = np.random.default_rng(1)
        found = []
        for inputs, outputs in itertools.pairwise(self.sizes):
            found.append(draw(random, inputs, outputs))
            if self.biases:
                found.append(draw(random, outputs))
        return found

    def data(self) -> tuple[Array, Any]:
        """Inputs (batch, inputs), and targets (batch, outputs) or labels (batch,) of int64."""
        random = np.random.default_rng(2)
        x = random.uniform(0.1, 1, (self.batch, self.sizes[0])).astype(np.float32)
        if self.classifies:
            return x, random.integers(0, self.sizes[-1], self.batch)
        return x, np.ones((self.batch, self.sizes[-1]), np.float32)


@dataclass(frozen=True)
class Recurrent:
    """Elman's network over a sequence: ``h = tanh(x[:, t] W + h U + b)`` from ``h = 0``.

    The output is ``y = h V`` of the last step, the loss the squared error as above.
    """

    optimizer: str
    batch: int
    steps: int = 8
    sizes: tuple[int, int, int] = (32, 64, 10)

    @property
    def name(self) -> str:
        """Such as ``SGD RNN 1x8x32-64-10``."""
        sizes = "-".join(map(str, self.sizes))
        return f"{self.optimizer} RNN {self.batch}x{self.steps}x{sizes}"

    def parameters(self) -> list[Array]:
        """W (inputs, hidden), U (hidden, hidden), b (hidden,), V (hidden, outputs)."""
        random = np.random.default_rng(3)
        inputs, hidden, outputs = self.sizes
        shapes = ((inputs, hidden), (hidden, hidden), (hidden,), (hidden, outputs))
        return [draw(random, *shape) for shape in shapes]

    def data(self) -> tuple[Array, Array]:
        """Inputs (batch, steps, inputs) and targets (batch, outputs)."""
        random = np.random.default_rng(4)
        x = random.uniform(0.1, 1, (self.batch, self.steps, self.sizes[0])).astype(np.float32)
        return x, np.ones((self.batch, self.sizes[-1]), np.float32)


@dataclass(frozen=True)
class Attention:
    """One head of self-attention with a residual connection.

    ``q, k, v = x Wq, x Wk, x Wv``, ``y = x + softmax(q kT / sqrt(width)) v Wo``; the loss is the
    squared error as above.
    """

    optimizer: str
    batch: int
    tokens: int = 16
    width: int = 64

    @property
    def name(self) -> str:
        """Such as ``SGD attention 1x16x64``."""
        return f"{self.optimizer} attention {self.batch}x{self.tokens}x{self.width}"

    def parameters(self) -> list[Array]:
        """Wq, Wk, Wv and Wo, each (width, width)."""
        random = np.random.default_rng(5)
        return [draw(random, self.width, self.width) for _ in range(4)]

    def data(self) -> tuple[Array, Array]:
        """Inputs and targets (batch, tokens, width)."""
        random = np.random.default_rng(6)
        shape = (self.batch, self.tokens, self.width)
        return random.uniform(0.1, 1, shape).astype(np.float32), np.ones(shape, np.float32)


Task = Dense | Recurrent | Attention


def draw(random: np.random.Generator, *shape: int) -> Array:
    """Small weights; the same generator gives the same numbers."""
    return random.uniform(-0.05, 0.05, shape).astype(np.float32)
