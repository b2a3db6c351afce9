"""What a program is: a function of its parameters, written twice, and where to differentiate it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import tensorgrok as tg

Array = npt.NDArray[Any]
Torch = Any  # the module, or a tensor of it: it may not be installed


@dataclass(frozen=True)
class Program:
    """One number computed from parameters.

    Attributes:
        name: what it computes.
        ours: in tensorgrok.
        theirs: the same in PyTorch, which it gets as its first argument.
        parameters: float64 arrays, away from kinks.
    """

    name: str
    ours: Callable[..., tg.Tensor]
    theirs: Callable[..., Torch]
    parameters: tuple[Array, ...]

    def __str__(self) -> str:
        return self.name


PROGRAMS: list[Program] = []


def program(
    name: str,
    ours: Callable[..., tg.Tensor],
    theirs: Callable[..., Torch],
    *parameters: npt.ArrayLike,
) -> None:
    """Enter a program."""
    arrays = tuple(np.asarray(p, dtype=np.float64) for p in parameters)
    PROGRAMS.append(Program(name, ours, theirs, arrays))


def normal(seed: int, *shape: int, scale: float = 1.0) -> Array:
    """Numbers of the normal distribution, always the same for a seed."""
    return np.asarray(np.random.default_rng(seed).normal(scale=scale, size=shape))
