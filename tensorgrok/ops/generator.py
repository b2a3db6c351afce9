"""The generator: a key, a counter, and a method for each distribution.

A draw is a card of ``draws`` with key and counter as inputs, and afterwards the counter moves on;
nothing about it is hidden in a device. Key and counter stay on the host, for they are bookkeeping:
a draw then reads nothing back. Read ``random`` next.
"""

from __future__ import annotations

import math
import threading
from typing import Any, cast, overload

import numpy as np
import numpy.typing as npt

from ..cards import Primitive
from ..errors import ArgumentError, DTypeError, ShapeError
from ..registry import get_backend
from ..states import check_mapping
from ..tensor import Tensor
from . import draws
from .arguments import (
    Shape,
    dtype_or_default,
    is_integer,
    plain_dtype,
    plain_integer,
    plain_lengths,
    real_number,
)
from .arithmetic import largest
from .arrangement import reshape
from .comparison import less
from .draw_arguments import (
    check_bound,
    distribution_parameter,
    draw_place,
    draw_shape_and_dtype,
    drawn_dtype,
    location_and_scale,
    probability,
    rows_of,
    weights_for,
)

WORDS_PER_COUNT = 4

#: Held while a place in a stream is read and moved on, so that threads which share a generator draw
#: different numbers. One for all of them, so a generator is copied and pickled as it is.
_reserving = threading.Lock()


def _scaled(unit: Tensor, scale: Any, start: Any) -> Tensor:
    """``unit * scale + start``; draws as they are if that changes nothing."""
    numbers = isinstance(scale, int | float) and isinstance(start, int | float)
    return unit if numbers and scale == 1 and start == 0 else unit * scale + start


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
        if not is_integer(seed):
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
        check_mapping(state)
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
        with _reserving:
            for name, tensor in mine.items():
                tensor.assign(state[name])

    def _take(self, words: int) -> Tensor:
        """Reserve words of the stream: the counter to draw with; the generator moves on."""
        step = np.array([-(-words // WORDS_PER_COUNT), 0, 0, 0], dtype=np.uint64)
        with _reserving:
            here = self.counter.detach()
            self.counter.assign(self.counter + step)
        return here

    def _draw(
        self, card: Primitive[...], words: int, lengths: tuple[int, ...], *rest: Any
    ) -> Tensor:
        return card(self.key, self._take(words * math.prod(lengths)), lengths, *rest)

    def uniform(
        self,
        shape: Shape,
        *,
        low: Any = 0.0,
        high: Any = 1.0,
        dtype: npt.DTypeLike | None = None,
    ) -> Tensor:
        """Draw from the uniform distribution on [low, high); ``high`` itself only by rounding.

        ``low`` and ``high`` may be tensors, and the result is differentiable in them. Numbers must
        be finite in the dtype of the draws; where one of the two is a tensor their difference must
        be so too, which is not looked at.
        """
        lengths, wanted = draw_shape_and_dtype("uniform", shape, dtype)
        with draw_place(low, high):
            low = distribution_parameter("uniform", "low", low, lengths, wanted)
            high = distribution_parameter("uniform", "high", high, lengths, wanted)
            drawn = drawn_dtype(wanted, low, high)
            check_bound("uniform", "low", low, drawn)
            check_bound("uniform", "high", high, drawn)
            numbers = isinstance(low, int | float) and isinstance(high, int | float)
            if numbers and high < low:
                raise ArgumentError(f"uniform: low must not exceed high, got {low} and {high}")
            unit = self._draw(draws.standard_uniform, 1, lengths, drawn)
            if numbers and high - low > largest(drawn):
                return cast("Tensor", unit * high + (1 - unit) * low)
            return _scaled(unit, high - low, low)

    def normal(
        self,
        shape: Shape,
        *,
        mean: Any = 0.0,
        std: Any = 1.0,
        dtype: npt.DTypeLike | None = None,
    ) -> Tensor:
        """Draw from the normal distribution of the given mean and standard deviation.

        ``mean`` and ``std`` may be tensors, and the result is differentiable in them.
        """
        lengths, wanted = draw_shape_and_dtype("normal", shape, dtype)
        with draw_place(mean, std):
            mean, std = location_and_scale("normal", mean, std, lengths, wanted)
            unit = self._draw(draws.standard_normal, 2, lengths, drawn_dtype(wanted, mean, std))
            return _scaled(unit, std, mean)

    def truncated_normal(
        self,
        shape: Shape,
        *,
        mean: Any = 0.0,
        std: Any = 1.0,
        low: float = -2.0,
        high: float = 2.0,
        dtype: npt.DTypeLike | None = None,
    ) -> Tensor:
        """Draw from the normal distribution cut off at ``low`` and ``high`` standard deviations.

        So draws lie from ``mean + low * std`` to ``mean + high * std``, but for rounding. ``mean``
        and ``std`` may be tensors, and the result is differentiable in them. ``low`` and ``high``
        are numbers, infinite ones too; if they are equal, so are all draws.

        Raises:
            ArgumentError: ``low`` exceeds ``high``, or what is between them is so far out that
                its probability is 0 in float64 (beyond 38 standard deviations).
        """
        name = "truncated_normal"
        lengths, wanted = draw_shape_and_dtype(name, shape, dtype)
        ends = (float(real_number(name, "low", low)), float(real_number(name, "high", high)))
        if not ends[0] <= ends[1]:
            raise ArgumentError(f"{name}: low must not exceed high, got {ends[0]} and {ends[1]}")
        if ends[0] < ends[1] and draws.normal_mass(*ends)[1] == 0:
            raise ArgumentError(
                f"{name}: the probability from {ends[0]} to {ends[1]} standard deviations is too "
                "small for float64; bring low and high nearer to 0 or apart"
            )
        with draw_place(mean, std):
            mean, std = location_and_scale(name, mean, std, lengths, wanted)
            card, drawn = draws.standard_truncated_normal, drawn_dtype(wanted, mean, std)
            return _scaled(self._draw(card, 1, lengths, *ends, drawn), std, mean)

    def bernoulli(
        self, p: Any, shape: Shape | None = None, *, dtype: npt.DTypeLike | None = None
    ) -> Tensor:
        """Draw 1 with probability ``p`` and else 0, as floats, the numbers that masks are made of.

        ``p`` may be a tensor, which broadcasts to ``shape`` and gives the shape if there is none;
        its values are checked where they are on the host, in a list or a NumPy array. Booleans and
        integers are drawn with a ``dtype`` of theirs. There is no gradient: draws jump.
        """
        wanted = dtype_or_default("bernoulli", dtype)
        if wanted.kind == "c":
            raise DTypeError(f"bernoulli: expected a real dtype, got {wanted}")
        chance = probability(p)
        lengths = (
            getattr(chance, "shape", ()) if shape is None else plain_lengths("bernoulli", shape)
        )
        chance = distribution_parameter("bernoulli", "p", chance, lengths, None)
        with draw_place(chance):
            return less(self.uniform(lengths, dtype=np.float64), chance).astype(wanted)

    def integers(
        self,
        low: int,
        high: int | None = None,
        shape: Shape = (),
        *,
        dtype: npt.DTypeLike = np.int64,
    ) -> Tensor:
        """Draw integers from ``low`` up to but without ``high``; with one number, from 0.

        Each is a random 64-bit word modulo the length of the range, so the probabilities of two
        integers differ by at most one part in 2**64 divided by that length.
        """
        start, stop = (0, low) if high is None else (low, high)
        start = plain_integer("integers", "low", start)
        stop = plain_integer("integers", "high", stop)
        wanted = plain_dtype("integers", dtype)
        if wanted.kind not in "iu":
            raise DTypeError(f"integers: expected an integer dtype, got {wanted}")
        if start >= stop:
            raise ArgumentError(f"integers: low must be less than high, got {start} and {stop}")
        limits = np.iinfo(wanted)
        if start < limits.min or stop > limits.max + 1:
            raise ArgumentError(
                f"integers: {wanted} holds integers from {limits.min} to {limits.max}, not all "
                f"from {start} to {stop - 1}; choose another dtype"
            )
        lengths = plain_lengths("integers", shape)
        return self._draw(draws.random_integers, 1, lengths, start, stop, wanted)

    @overload
    def permutation(self, n: int) -> npt.NDArray[np.int64]: ...

    @overload
    def permutation(self, n: Any) -> Any: ...

    def permutation(self, n: Any) -> Any:
        """Put rows in a random order: that of as many random words, sorted by size.

        Of an integer it is an order of the integers below it, in a NumPy array on the host, where
        batches are planned. Of a tensor it is a tensor with its rows in that same order, drawn
        where the tensor is, and differentiable in it.
        """
        rows, tensor = rows_of("permutation", "n", n)
        if tensor is not None:
            with draw_place(tensor):
                return tensor[draws.random_order(self.key, self._take(rows), rows)]
        counter = self._take(rows)
        words = get_backend("numpy").xp.random_bits(self.key.numpy(), counter.numpy(), rows)
        return np.argsort(words, kind="stable")

    def choice(self, x: Any, shape: Shape = (), *, replace: bool = True, p: Any = None) -> Tensor:
        """Choose among the integers below ``x``, or among the rows of a tensor ``x``.

        Args:
            x: an integer, or a tensor of at least one axis; the result is differentiable in it.
            shape: how many to choose; chosen rows keep their own axes behind these.
            replace: whether the same one may be chosen again. Without, the chosen ones come in
                random order.
            p: a weight for each; they are divided by their sum. All are equal if it is None. The
                values of a list or NumPy array are checked; those of a tensor are not read.

        Raises:
            ArgumentError: more are wanted than there are, or weights that make no sense.
            ShapeError: another number of weights than there is to choose from.
        """
        rows, tensor = rows_of("choice", "x", x)
        lengths = plain_lengths("choice", shape)
        count = math.prod(lengths)
        if count > (rows if not replace or rows == 0 else count):
            again = "" if replace else " without replacement"
            raise ArgumentError(f"choice: cannot choose {count} from {rows}{again}")
        with draw_place(tensor, p):
            needed = min(rows, 1) if replace else count
            weights = None if p is None else weights_for(p, rows, needed)
            places = self._places(rows, count, replace, weights)
        places = reshape(places, lengths)
        return places if tensor is None else tensor[places]

    def _places(self, rows: int, count: int, replace: bool, weights: Any) -> Tensor:
        """Draw ``count`` of the integers below ``rows``."""
        if weights is None and replace:
            return self.integers(0, max(rows, 1), count)
        if weights is None:
            return draws.random_order(self.key, self._take(rows), rows)[:count]
        units = self.uniform(count if replace else rows, dtype=np.float64)
        card = draws.weighted_places if replace else draws.weighted_order
        return card(units, weights)[:count]
