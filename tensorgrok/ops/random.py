"""Random draws: counter-based, so the same seed gives the same numbers on every backend.

Functions that draw with the default generator of the context, and that generator. What they draw
is said in full by the methods of the same names of ``Generator``.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from ..errors import DTypeError
from ..tensor import Tensor
from .arguments import Shape
from .generator import Generator

__all__ = [
    "Generator",
    "bernoulli",
    "choice",
    "chosen_generator",
    "default_generator",
    "integers",
    "normal",
    "permutation",
    "seed",
    "truncated_normal",
    "uniform",
]

_generator: ContextVar[Generator | None] = ContextVar("tensorgrok_generator", default=None)


def default_generator() -> Generator:
    """The generator of this context; one that was never seeded starts from seed 0.

    >>> _ = tg.seed(3)
    >>> tg.default_generator()
    Generator(seed=3, used=0)
    """
    generator = _generator.get()
    if generator is None:
        generator = Generator(0)
        _generator.set(generator)
    return generator


def chosen_generator(user: str, generator: Generator | None) -> Generator | None:
    """Check an argument that names a generator, or with None leaves it to the default one."""
    if generator is not None and not isinstance(generator, Generator):
        raise DTypeError(
            f"{user}: generator must be a Generator, not {generator!r}; make one of a seed with "
            "Generator(seed)"
        )
    return generator


def seed(value: int) -> Generator:
    """Start the default generator of this context anew and return it; threads have their own.

    >>> tg.seed(7)
    Generator(seed=7, used=0)
    """
    generator = Generator(value)
    _generator.set(generator)
    return generator


def uniform(
    shape: Shape, *, low: Any = 0.0, high: Any = 1.0, dtype: npt.DTypeLike | None = None
) -> Tensor:
    """Draw from the uniform distribution on [low, high) with the default generator.

    >>> _ = tg.seed(0)
    >>> tg.uniform((2, 3)).shape
    (2, 3)
    """
    return default_generator().uniform(shape, low=low, high=high, dtype=dtype)


def normal(
    shape: Shape, *, mean: Any = 0.0, std: Any = 1.0, dtype: npt.DTypeLike | None = None
) -> Tensor:
    """Draw from the normal distribution with the default generator.

    >>> _ = tg.seed(0)
    >>> tg.normal((2, 3)).shape
    (2, 3)
    """
    return default_generator().normal(shape, mean=mean, std=std, dtype=dtype)


def truncated_normal(
    shape: Shape,
    *,
    mean: Any = 0.0,
    std: Any = 1.0,
    low: float = -2.0,
    high: float = 2.0,
    dtype: npt.DTypeLike | None = None,
) -> Tensor:
    """Draw from the normal distribution cut off at ``low`` and ``high`` standard deviations.

    See ``Generator.truncated_normal``; this draws with the default generator.

    >>> _ = tg.seed(0)
    >>> float(tg.truncated_normal(1000, mean=5.0, std=0.1).max()) <= 5.2
    True
    """
    return default_generator().truncated_normal(
        shape, mean=mean, std=std, low=low, high=high, dtype=dtype
    )


def bernoulli(p: Any, shape: Shape | None = None, *, dtype: npt.DTypeLike | None = None) -> Tensor:
    """Draw 1 with probability ``p`` and else 0, as floats, with the default generator.

    See ``Generator.bernoulli``.

    >>> _ = tg.seed(0)
    >>> tg.bernoulli([0.0, 1.0, 1.0])
    Tensor([0., 1., 1.], shape=(3,), dtype=float32)
    """
    return default_generator().bernoulli(p, shape, dtype=dtype)


def integers(
    low: int, high: int | None = None, shape: Shape = (), *, dtype: npt.DTypeLike = np.int64
) -> Tensor:
    """Draw integers from ``low`` up to but without ``high``, with the default generator.

    See ``Generator.integers``.

    >>> _ = tg.seed(0)
    >>> tg.integers(5, 6, shape=3)
    Tensor([5, 5, 5], shape=(3,), dtype=int64)
    """
    return default_generator().integers(low, high, shape, dtype=dtype)


@overload
def permutation(n: int) -> npt.NDArray[np.int64]: ...


@overload
def permutation(n: Any) -> Any: ...


def permutation(n: Any) -> Any:
    """Put the rows of a tensor in a random order, or the integers below ``n``, on the host.

    See ``Generator.permutation``; this draws with the default generator.

    >>> _ = tg.seed(0)
    >>> sorted(tg.permutation(tg.Tensor([3, 1, 2])).tolist())
    [1, 2, 3]
    """
    return default_generator().permutation(n)


def choice(x: Any, shape: Shape = (), *, replace: bool = True, p: Any = None) -> Tensor:
    """Choose among the integers below ``x``, or among the rows of a tensor ``x``.

    See ``Generator.choice``; this draws with the default generator.

    >>> _ = tg.seed(0)
    >>> tg.choice(3, 4, p=[0.0, 1.0, 0.0])
    Tensor([1, 1, 1, 1], shape=(4,), dtype=int64)
    """
    return default_generator().choice(x, shape, replace=replace, p=p)
