"""What a row of the table is, and how to draw its inputs and enter it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One application of one card.

    Attributes:
        name: of the card.
        function: applies it, to tensors.
        inputs: arrays for it, in order; floats are differentiated, the rest is passed on.
        oracle: the same computation on the arrays, independent of tensorgrok.
        note: what is special about this row.
        exact: values must agree to the bit, not only to rounding.
    """

    name: str
    function: Callable[..., Any]
    inputs: Sequence[Array]
    oracle: Callable[..., Any]
    note: str = ""
    exact: bool = False

    def __str__(self) -> str:
        shapes = "x".join(str(tuple(a.shape)).replace(" ", "") for a in self.inputs)
        return f"{self.name}-{self.note or 'plain'}-{shapes}"


def draw(shape: tuple[int, ...], seed: int, domain: str = "real") -> Array:
    """Numbers that stay clear of 0, of each other's mirror and of what the domain forbids."""
    random = np.random.default_rng(seed)
    size = random.uniform(0.3, 1.6, shape)
    if domain == "positive":
        return np.asarray(size)
    if domain == "bool":
        return np.asarray(random.uniform(size=shape) < 0.5)
    if domain == "integer":
        return np.asarray(random.integers(1, 9, shape))
    signed = size * random.choice([-1.0, 1.0], shape)
    if domain == "complex":
        return np.asarray(signed + 1j * random.uniform(0.3, 1.6, shape))
    return np.asarray(signed)


CASES: list[Case] = []


def case(
    name: str,
    function: Callable[..., Any],
    inputs: Sequence[Array],
    oracle: Callable[..., Any],
    note: str = "",
    exact: bool = False,
) -> None:
    """Enter a row."""
    CASES.append(Case(name, function, tuple(inputs), oracle, note, exact))
