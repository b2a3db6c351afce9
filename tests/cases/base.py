"""What a row of the table is, and how to draw its inputs and enter it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tensorgrok.engine import primitives

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


# Shapes of up to three arguments: plain, 0-d, size 0, broadcast along size 1 and new axes.
SHAPES: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...] = (
    ("plain", ((2, 3), (2, 3), (2, 3))),
    ("0-d", ((), (), ())),
    ("size-0", ((0, 3), (0, 3), (1, 3))),
    ("broadcast", ((3, 1), (2, 1, 4), (4,))),
    ("0-d with 2-d", ((), (2, 2), ())),
)


def drawn(shape: tuple[int, ...], seed: int, domain: str) -> Array:
    """``draw`` with domains of its own: within the unit, above it, between steps."""
    if domain == "unit":
        return draw(shape, seed) / 2
    if domain == "above 1":
        return draw(shape, seed, "positive") + 1
    if domain == "above 1.6":  # and so above what "real" draws
        return draw(shape, seed, "positive") + 1.5
    if domain == "between":
        return draw(shape, seed, "integer") - 5 + draw(shape, seed, "positive") / 5 + 0.05
    return draw(shape, seed, domain)


def rows(name: str, oracle: Callable[..., Any], *domains: str) -> None:
    """Enter a card with all shapes, and with a memory layout of its own if it has one argument."""
    for note, shapes in SHAPES:
        inputs = [drawn(s, i, d) for i, (s, d) in enumerate(zip(shapes, domains, strict=False))]
        case(name, primitives[name], inputs, oracle, note)
    if len(domains) == 1:
        turned = drawn((3, 4), 5, domains[0])[::-1, ::2].T
        case(name, primitives[name], [turned], oracle, "non-contiguous")


def pointwise(function: Callable[..., Any], dtype: Any = None) -> Callable[..., Array]:
    """An oracle out of a function of Python numbers, such as those of ``math``."""

    def oracle(*arrays: Array) -> Array:
        wide = np.broadcast_arrays(*arrays)
        items = [function(*numbers) for numbers in zip(*(a.ravel().tolist() for a in wide))]  # noqa: B905  # broadcast to one size
        return np.asarray(items, dtype=dtype or arrays[0].dtype).reshape(wide[0].shape)

    return oracle
