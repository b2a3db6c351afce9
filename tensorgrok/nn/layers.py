"""Layers: linear maps, tables of vectors, dropout, and what only changes the shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Backend
from ..context import Mode, get_context
from ..errors import ArgumentError, DTypeError, IndexingError, ShapeError, describe
from ..ops import elementwise
from ..ops.arguments import plain_integer
from ..ops.random import Generator, chosen_generator, default_generator
from ..tensor import Tensor
from .init import Initialiser, he_uniform, normal, parameter
from .module import Elementary


class Linear(Elementary):
    """``x.dot(weight) + bias``: vectors (..., inputs) become vectors (..., outputs).

    Weights begin as ``nn.init.he_uniform`` draws them, with standard deviation ``sqrt(2 /
    inputs)``, which keeps the scale of activations through ReLU layers. Biases start at zero.

    Args:
        inputs, outputs: lengths of the last axis before and after.
        bias: whether to add one.
        dtype: of the parameters; the default dtype if None.
        init: a function from ``nn.init``, or any that is called as those are.
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
        init: Initialiser = he_uniform,
        generator: Generator | None = None,
    ) -> None:
        shape = (
            plain_integer("Linear", "inputs", inputs, least=1),
            plain_integer("Linear", "outputs", outputs, least=1),
        )
        self.weight = parameter("Linear", init, shape, dtype, generator)
        self.bias: Tensor | None = None
        if bias:
            zeros = np.zeros(shape[1], dtype=self.weight.dtype)
            self.bias = Tensor(zeros, requires_grad=True, backend=self.weight.backend)

    def forward(self, x: Any) -> Tensor:
        """Multiply by the weight, add the bias.

        Raises:
            ShapeError: the last axis of ``x`` is not ``inputs`` long.
            DTypeError: ``x`` has another floating-point dtype than the weight.
        """
        weight, bias = self.weight, self.bias
        batch = x if isinstance(x, Tensor) else operand("Linear", "x", x, weight.backend)
        shape = batch._data.shape
        if not shape or shape[-1] != weight._data.shape[0]:
            raise ShapeError(
                f"Linear: {describe(batch, 'x', x)} must have a last axis of length "
                f"{weight.shape[0]}, the number of inputs"
            )
        if batch._space is not weight._space:
            check_same_float("Linear", batch, "x", weight, "the weight")
        product = batch.dot(weight)
        return product if bias is None else product + bias

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


def operand(
    name: str, argument: str, value: Any, backend: Backend | None = None, integers: bool = False
) -> Tensor:
    """A tensor as it is, anything array-like as a new one; an empty list as ``integers``."""
    if isinstance(value, Tensor):
        return value
    try:
        made = Tensor(value, backend=backend)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"{name}: argument {argument}: {error}") from error
    if integers and made.size == 0 and isinstance(value, list | tuple):
        return Tensor(made, dtype=np.int64)
    return made


def known_range(tensor: Tensor) -> tuple[float, float]:
    """The smallest and the largest number where looking is free, in host memory; else 0 and 0."""
    if "host" not in tensor.backend.features or not get_context().eager or tensor.size == 0:
        return 0, 0
    xp, item = tensor.backend.xp, tensor.backend.item
    return item(xp.min(tensor._data, axis=None)), item(xp.max(tensor._data, axis=None))


class Embedding(Elementary):
    """A table of vectors: integers (...) become the rows (..., size) that they number.

    Args:
        count: how many rows; integers go from 0 to ``count - 1``.
        size: how long the rows are.
        dtype: of the parameter; the default dtype if None.
        init: a function from ``nn.init``; by default draws have the standard deviation 1.
        generator: where the rows are drawn from; the default generator if None.

    >>> nn.Embedding(100, 8)(tg.Tensor([[3, 1], [99, 3]])).shape
    (2, 2, 8)
    """

    def __init__(
        self,
        count: int,
        size: int,
        *,
        dtype: npt.DTypeLike | None = None,
        init: Initialiser = normal,
        generator: Generator | None = None,
    ) -> None:
        shape = (
            plain_integer("Embedding", "count", count, least=1),
            plain_integer("Embedding", "size", size, least=1),
        )
        self.weight = parameter("Embedding", init, shape, dtype, generator)

    def forward(self, x: Any) -> Tensor:
        """Read the rows.

        Raises:
            DTypeError: ``x`` is not of integers. (An empty list is.)
            IndexingError: an integer below 0 or beyond the table (looked at where that is free: in
                host memory).
        """
        rows = operand("Embedding", "x", x, self.weight.backend, integers=True)
        if rows.dtype.kind not in "iu":
            raise DTypeError(
                f"Embedding: {describe(rows, 'x', x)} must be integers, the numbers of rows"
            )
        count = self.weight.shape[0]
        low, high = known_range(rows)
        if low < 0 or high >= count:
            raise IndexingError(
                f"Embedding: {describe(rows, 'x', x)} goes from {low} to {high}, but there are "
                f"{count} rows, numbered from 0"
            )
        return self.weight[rows]

    def describe(self) -> str:
        """Rows and their length."""
        count, size = self.weight.shape
        return f"{count}, {size}"


class Dropout(Elementary):
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
        values = operand("Dropout", "x", x)
        if not self.training or self.p == 0:
            return values
        draw = self.generator or default_generator()
        with Mode(backend=values.backend):
            kept = draw.uniform(values.shape, dtype=np.float32) >= self.p
        return elementwise.where(kept, values, 0) * (1 / (1 - self.p))

    def describe(self) -> str:
        """The probability of zero."""
        return str(self.p)


class Flatten(Elementary):
    """The axes from ``start`` on as one: by default all but the first, that of the batch.

    >>> nn.Flatten()(tg.zeros((5, 8, 8))).shape
    (5, 64)
    """

    def __init__(self, start: int = 1) -> None:
        self.start = plain_integer("Flatten", "start", start)

    def forward(self, x: Any) -> Tensor:
        """Reshape.

        Raises:
            ShapeError: there is no such axis.
        """
        values = operand("Flatten", "x", x)
        if not -values.ndim <= self.start < values.ndim:
            raise ShapeError(
                f"Flatten: {describe(values, 'x', x)} has no axis {self.start} to start from"
            )
        kept = values.shape[: self.start % values.ndim]
        return values.reshape((*kept, math.prod(values.shape[len(kept) :])))

    def describe(self) -> str:
        """The first axis, if it is not 1."""
        return "" if self.start == 1 else str(self.start)


class Identity(Elementary):
    """What goes in comes out: a place to put another layer in.

    >>> nn.Identity()(tg.Tensor([1.0]))
    Tensor([1.], shape=(1,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Return ``x``; what is no tensor becomes one."""
        return operand("Identity", "x", x)
