"""Layers: linear maps, activations, dropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..context import Mode, get_default_dtype
from ..errors import ArgumentError, DTypeError, ShapeError, describe
from ..ops import elementwise
from ..ops.arrangement import plain_dtype
from ..ops.random import Generator, chosen_generator, default_generator
from ..tensor import Tensor
from .module import Module


class Linear(Module):
    """``x.dot(weight) + bias``: vectors (..., inputs) become vectors (..., outputs).

    Weights are drawn uniformly with standard deviation ``sqrt(2 / inputs)``, which keeps the scale
    of activations through ReLU layers; source: He et al., "Delving deep into rectifiers", ICCV
    2015. Biases start at zero.

    Args:
        inputs, outputs: lengths of the last axis before and after.
        bias: whether to add one.
        dtype: of the parameters; the default dtype if None.
        generator: where the weights are drawn from; the default generator if None.

    >>> nn.Linear(3, 4)(tg.zeros((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        dtype: npt.DTypeLike | None = None,
        generator: Generator | None = None,
    ) -> None:
        for name, length in (("inputs", inputs), ("outputs", outputs)):
            if isinstance(length, bool) or not isinstance(length, int | np.integer):
                raise DTypeError(f"Linear: {name} must be an integer, got {length!r}")
            if length < 1:
                raise ArgumentError(f"Linear: {name} must be at least 1, got {length}")
        chosen = get_default_dtype() if dtype is None else plain_dtype("Linear", dtype)
        draw = chosen_generator("Linear", generator) or default_generator()
        bound = math.sqrt(6 / inputs)
        self.weight = draw.uniform((inputs, outputs), -bound, bound, dtype=chosen)
        self.weight.requires_grad = True
        self.bias: Tensor | None = None
        if bias:
            self.bias = Tensor(np.zeros(outputs, dtype=chosen), requires_grad=True)

    def forward(self, x: Any) -> Tensor:
        """Multiply by the weight, add the bias.

        Raises:
            ShapeError: the last axis of ``x`` is not ``inputs`` long.
            DTypeError: ``x`` has another floating-point dtype than the weight.
        """
        batch: Tensor = x if isinstance(x, Tensor) else Tensor(x, backend=self.weight.backend)
        if batch.ndim == 0 or batch.shape[-1] != self.weight.shape[0]:
            raise ShapeError(
                f"Linear: {describe(batch, 'x', x)} must have a last axis of length "
                f"{self.weight.shape[0]}, the number of inputs"
            )
        check_same_float("Linear", batch, "x", self.weight, "the weight")
        product = batch.dot(self.weight)
        return product if self.bias is None else product + self.bias

    def describe(self) -> str:
        """Inputs and outputs, and the bias if there is none."""
        inputs, outputs = self.weight.shape
        return f"{inputs}, {outputs}{'' if self.bias is not None else ', bias=False'}"


def check_same_float(operation: str, a: Tensor, a_name: str, b: Tensor, b_name: str) -> None:
    """Refuse two different floating-point dtypes: in a network that is a mistake."""
    if a.dtype != b.dtype and a.dtype.kind in "fc" and b.dtype.kind in "fc":
        raise DTypeError(
            f"{operation}: {a_name} has dtype {a.dtype} and {b_name} has dtype {b.dtype}; cast one "
            f"of them, for example with .astype('{b.dtype}')"
        )


class ReLU(Module):
    """Each element where it is positive, and 0 elsewhere.

    >>> nn.ReLU()(tg.Tensor([-1.0, 2.0]))
    Tensor([0., 2.], shape=(2,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``relu``."""
        return elementwise.relu(x)


class Tanh(Module):
    """Hyperbolic tangent of each element.

    >>> nn.Tanh()(tg.Tensor([0.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``tanh``."""
        return elementwise.tanh(x)


class Sigmoid(Module):
    """Logistic function of each element.

    >>> nn.Sigmoid()(tg.Tensor([0.0]))
    Tensor([0.5], shape=(1,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``sigmoid``."""
        return elementwise.sigmoid(x)


class Dropout(Module):
    """While training, zero each element with probability ``p`` and scale the rest by 1 / (1 - p).

    Source: Srivastava et al., "Dropout", JMLR 15, 2014, with the scaling done while training.

    Args:
        p: probability of zero, from 0 to less than 1.
        generator: where masks are drawn from; the default generator if None.

    >>> nn.Dropout(0.5).eval()(tg.Tensor([1.0, 2.0]))
    Tensor([1., 2.], shape=(2,), dtype=float32)
    """

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        number = p.item() if isinstance(p, np.generic) else p
        if not isinstance(number, int | float) or not 0 <= number < 1:
            raise ArgumentError(f"Dropout: p must be from 0 to less than 1, got {p!r}")
        self.p = number
        self.generator = chosen_generator("Dropout", generator)

    def forward(self, x: Any) -> Tensor:
        """Draw a mask and apply it; under ``eval()`` return ``x`` as it is."""
        values: Tensor = x if isinstance(x, Tensor) else Tensor(x)
        if not self.training or self.p == 0:
            return values
        draw = self.generator or default_generator()
        with Mode(backend=values.backend):
            kept = draw.uniform(values.shape, dtype=np.float32) >= self.p
        return elementwise.where(kept, values, 0) * (1 / (1 - self.p))

    def describe(self) -> str:
        """The probability of zero."""
        return str(self.p)
