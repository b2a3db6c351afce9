"""Random draws: counter-based, so the same seed gives the same bits on every backend.

A ``Generator`` is a key and a counter. A draw is a primitive with both as inputs, and afterwards
the counter moves on; nothing about it is hidden in a device. Key and counter stay on the host, for
they are bookkeeping: a draw then reads nothing back.

The words are those of NumPy's Philox4x64-10 (Salmon et al., SC 2011), which gives four 64-bit words
for each value of a 256-bit counter.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import Array, Namespace, get_backend
from ..cards import Primitive, primitive
from ..context import DType, get_default_dtype
from ..errors import ArgumentError, DTypeError, ShapeError, describe
from ..tensor import Tensor
from .arrangement import Shape, plain_dtype, plain_shape

WORDS_PER_COUNT = 4


@primitive("random", host=True, constant=("key", "counter"), python="random_bits({n})")
def random_bits(xp: Namespace, key: Array, counter: Array, n: int) -> Array:
    """``n`` random 64-bit words for a key of 2 words and a counter of 4.

    >>> generator = tg.Generator(0)
    >>> tg.random_bits(generator.key, generator.counter, 2).dtype
    dtype('uint64')
    """
    return xp.random_bits(key, counter, n)


def _unit(xp: Namespace, bits: Array, dtype: npt.DTypeLike) -> Array:
    """Words as floats in [0, 1), exactly: as many of their leading bits as the dtype can hold."""
    kept = {"float16": 11, "float32": 24}.get(np.dtype(dtype).name, 53)
    return xp.astype(bits >> (64 - kept), np.dtype(dtype)) * 2.0**-kept


@primitive("random", host=True, constant=("key", "counter"), python="uniform({shape})")
def standard_uniform(
    xp: Namespace, key: Array, counter: Array, shape: Shape, dtype: npt.DTypeLike
) -> Array:
    """Draws from the uniform distribution on [0, 1) for a key and a counter.

    >>> generator = tg.Generator(0)
    >>> tg.standard_uniform(generator.key, generator.counter, (2,), "float32").shape
    (2,)
    """
    lengths = plain_shape("uniform", shape)
    return xp.reshape(_unit(xp, xp.random_bits(key, counter, math.prod(lengths)), dtype), lengths)


@primitive("random", host=True, constant=("key", "counter"), python="normal({shape})")
def standard_normal(
    xp: Namespace, key: Array, counter: Array, shape: Shape, dtype: npt.DTypeLike
) -> Array:
    """Draws from the normal distribution of mean 0 and deviation 1 for a key and a counter.

    Computed in float64 by the transform of Box and Muller (Ann. Math. Stat. 29, 1958), two words a
    draw, then cast.

    >>> generator = tg.Generator(0)
    >>> tg.standard_normal(generator.key, generator.counter, (2,), "float32").shape
    (2,)
    """
    lengths = plain_shape("normal", shape)
    n = math.prod(lengths)
    halves = _unit(xp, xp.random_bits(key, counter, 2 * n), np.float64)
    radius = xp.sqrt(-2.0 * xp.log(1.0 - halves[:n]))  # 1 - u is never 0
    return xp.reshape(
        xp.astype(radius * xp.cos(2.0 * math.pi * halves[n:]), np.dtype(dtype)), lengths
    )


class Generator:
    """A stream of random numbers: a seed, and how much of the stream was used.

    Args:
        seed: an integer from 0 to 2**128 - 1.

    Attributes:
        key: tensor of 2 words (uint64) made from the seed, on the host.
        counter: tensor of 4 words (uint64), the place in the stream, on the host.

    >>> a, b = tg.Generator(3), tg.Generator(3)
    >>> bool((a.uniform(4) == b.uniform(4)).numpy().all())
    True
    """

    def __init__(self, seed: int) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise DTypeError(f"seed: expected an integer, got {seed!r}")
        if not 0 <= seed < 2**128:
            raise ArgumentError(f"seed: expected an integer from 0 to 2**128 - 1, got {seed}")
        words = [int(seed) & (2**64 - 1), int(seed) >> 64]
        self.key = self._host(np.array(words, dtype=np.uint64), "key")
        self.counter = self._host(np.zeros(4, dtype=np.uint64), "counter")

    @staticmethod
    def _host(words: npt.NDArray[np.uint64], name: str) -> Tensor:
        return Tensor(words, backend=get_backend("numpy"), name=name)

    def __repr__(self) -> str:
        return f"Generator(seed={self.seed}, used={int(self.counter.numpy()[0])})"

    @property
    def seed(self) -> int:
        """The seed it was made with."""
        low, high = (int(word) for word in self.key.numpy())
        return low + (high << 64)

    def state_dict(self) -> dict[str, npt.NDArray[np.uint64]]:
        """Key and counter as arrays: all there is to a generator."""
        return {"key": self.key.numpy(), "counter": self.counter.numpy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the key and counter of another generator's ``state_dict``.

        Both are checked first, so after an error nothing has changed.
        """
        mine = {"key": self.key, "counter": self.counter}
        for name, tensor in mine.items():
            if name not in state:
                raise ArgumentError(f"load_state_dict: a generator's state needs {name!r}")
            words = np.asarray(state[name])
            if words.dtype != np.uint64:
                raise DTypeError(f"load_state_dict: {name} must be uint64, not {words.dtype}")
            if words.shape != tensor.shape:
                raise ShapeError(
                    f"load_state_dict: {name} has shape {tensor.shape}, the state has {words.shape}"
                )
        for name, tensor in mine.items():
            tensor.assign(state[name])

    def _take(self, words: int) -> Tensor:
        """Reserve words of the stream: the counter to draw with; the generator moves on."""
        here = self.counter.detach()
        step = np.array([-(-words // WORDS_PER_COUNT), 0, 0, 0], dtype=np.uint64)
        self.counter.assign(self.counter + step)
        return here

    def _draw(
        self, card: Primitive[...], words: int, lengths: tuple[int, ...], dtype: DType | None
    ) -> Tensor:
        counter = self._take(words * math.prod(lengths))
        return card(self.key, counter, lengths, dtype or get_default_dtype())

    def uniform(
        self,
        shape: Shape,
        low: Any = 0.0,
        high: Any = 1.0,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> Tensor:
        """Draw from the uniform distribution on [low, high); ``high`` itself only by rounding.

        ``low`` and ``high`` may be tensors, and the result is differentiable in them.
        """
        lengths, wanted = _checked("uniform", shape, dtype)
        low = _parameter("uniform", "low", low, lengths, wanted)
        high = _parameter("uniform", "high", high, lengths, wanted)
        plain = isinstance(low, int | float) and isinstance(high, int | float)
        if plain and high < low:
            raise ArgumentError(f"uniform: low must not exceed high, got {low} and {high}")
        unit = self._draw(standard_uniform, 1, lengths, wanted)
        return unit if plain and low == 0 and high == 1 else unit * (high - low) + low

    def normal(
        self,
        shape: Shape,
        mean: Any = 0.0,
        std: Any = 1.0,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> Tensor:
        """Draw from the normal distribution of the given mean and standard deviation.

        ``mean`` and ``std`` may be tensors, and the result is differentiable in them.
        """
        lengths, wanted = _checked("normal", shape, dtype)
        mean = _parameter("normal", "mean", mean, lengths, wanted)
        std = _parameter("normal", "std", std, lengths, wanted)
        if isinstance(std, int | float) and std < 0:
            raise ArgumentError(f"normal: std must be at least 0, got {std}")
        unit = self._draw(standard_normal, 2, lengths, wanted)
        plain = isinstance(mean, int | float) and isinstance(std, int | float)
        return unit if plain and mean == 0 and std == 1 else unit * std + mean

    def permutation(self, n: int) -> npt.NDArray[np.int64]:
        """A random order of the integers below ``n``, on the host: the ranks of n random words."""
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise DTypeError(f"permutation: expected an integer, got {n!r}")
        if n < 0:
            raise ArgumentError(f"permutation: expected a length of at least 0, got {n}")
        counter = self._take(int(n))
        words = get_backend("numpy").xp.random_bits(self.key.numpy(), counter.numpy(), n)
        return np.argsort(words, kind="stable")


def _checked(
    name: str, shape: Shape, dtype: npt.DTypeLike | None
) -> tuple[tuple[int, ...], DType | None]:
    """Shape and dtype of draws; None for the default dtype."""
    wanted = None if dtype is None else plain_dtype(name, dtype)
    if wanted is not None and wanted.kind != "f":
        raise DTypeError(f"{name}: random draws need a floating-point dtype, got {wanted}")
    lengths = plain_shape(name, shape)
    if any(length < 0 for length in lengths):
        raise ArgumentError(f"{name}: random draws need lengths of at least 0, got shape {lengths}")
    return lengths, wanted


def _parameter(
    name: str, argument: str, value: Any, lengths: tuple[int, ...], dtype: DType | None
) -> Any:
    """A number as it is; all else as a tensor that fits the draws, of the dtype asked for."""
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, int | float):
        return number
    try:
        tensor = number if isinstance(number, Tensor) else Tensor(number)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"{name}: {argument}: {error}") from error
    fits = len(tensor.shape) <= len(lengths) and all(
        mine in (1, theirs) for mine, theirs in zip(tensor.shape[::-1], lengths[::-1], strict=False)
    )
    if not fits:
        raise ShapeError(
            f"{name}: {describe(tensor, argument, value)} does not broadcast to {lengths}, the "
            "shape of the draws"
        )
    return tensor if dtype is None else tensor.astype(dtype)


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
    shape: Shape, low: Any = 0.0, high: Any = 1.0, *, dtype: npt.DTypeLike | None = None
) -> Tensor:
    """Draw from the uniform distribution on [low, high) with the default generator.

    >>> _ = tg.seed(0)
    >>> tg.uniform((2, 3)).shape
    (2, 3)
    """
    return default_generator().uniform(shape, low, high, dtype=dtype)


def normal(
    shape: Shape, mean: Any = 0.0, std: Any = 1.0, *, dtype: npt.DTypeLike | None = None
) -> Tensor:
    """Draw from the normal distribution with the default generator.

    >>> _ = tg.seed(0)
    >>> tg.normal((2, 3)).shape
    (2, 3)
    """
    return default_generator().normal(shape, mean, std, dtype=dtype)
