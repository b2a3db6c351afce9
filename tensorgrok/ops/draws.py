"""Cards of random draws: what a key and a counter are made into, without any state.

Each card takes a key of 2 words and a counter of 4 as inputs, both on the host, and puts its draws
on the current backend. The words are those of NumPy's Philox4x64-10 (Salmon et al., SC 2011) and
all else is arithmetic on them, so the same key and counter give the same draws on every backend.

``generator`` supplies keys and counters, ``random`` has the functions for users.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..backend import Array, Namespace
from ..cards import primitive
from .arguments import Shape, plain_shape
from .arithmetic import largest

STREAM = ("key", "counter")


@primitive("random", host=True, constant=STREAM, python="random_bits({n})")
def random_bits(xp: Namespace, key: Array, counter: Array, n: int) -> Array:
    """``n`` random 64-bit words for a key of 2 words and a counter of 4.

    >>> generator = tg.Generator(0)
    >>> tg.random_bits(generator.key, generator.counter, 2).dtype
    dtype('uint64')
    """
    return xp.random_bits(key, counter, n)


# Floats ----------------------------------------------------------------------------------------


def _unit(xp: Namespace, bits: Array, dtype: npt.DTypeLike) -> Array:
    """Words as floats in [0, 1), exactly: as many of their leading bits as the dtype can hold."""
    kept = {"float16": 11, "float32": 24}.get(np.dtype(dtype).name, 53)
    return xp.astype(bits >> (64 - kept), np.dtype(dtype)) * 2.0**-kept


@primitive("random", host=True, constant=STREAM, python="uniform({shape})")
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


@primitive("random", host=True, constant=STREAM, python="normal({shape})")
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


def normal_mass(low: float, high: float) -> tuple[float, float]:
    """What the standard normal distribution has below and within the bounds.

    Bounds that lie more above 0 than below it are mirrored first: in the tail below, probabilities
    are small numbers and keep all their digits.
    """
    ends = (-high, -low) if low + high > 0 else (low, high)
    below, up_to = (math.erfc(-x / math.sqrt(2.0)) / 2.0 for x in ends)
    return below, up_to - below


@primitive(
    "random",
    host=True,
    constant=STREAM,
    python="truncated_normal({shape}, low={low}, high={high})",
)
def standard_truncated_normal(
    xp: Namespace,
    key: Array,
    counter: Array,
    shape: Shape,
    low: float,
    high: float,
    dtype: npt.DTypeLike,
) -> Array:
    """Draws from the standard normal distribution between two bounds, for a key and a counter.

    Computed in float64 by inverting the distribution function, one word a draw, then cast.

    >>> generator = tg.Generator(0)
    >>> tg.standard_truncated_normal(
    ...     generator.key, generator.counter, (2,), -2.0, 2.0, "float32"
    ... ).shape
    (2,)
    """
    lengths = plain_shape("truncated_normal", shape)
    words = xp.random_bits(key, counter, math.prod(lengths))
    # In (0, 1), both ends excluded.
    units = (xp.astype(words >> 12, np.dtype(np.float64)) + 0.5) * 2.0**-52
    mirrored = low + high > 0
    below, mass = normal_mass(low, high)
    inside = xp.minimum(xp.maximum(below + units * mass, 2.0**-1022), 1 - 2.0**-53)
    draws = _normal_quantile(xp, inside)
    within = xp.minimum(xp.maximum(-draws if mirrored else draws, low), high)
    return xp.reshape(xp.astype(within, np.dtype(dtype)), lengths)


# Ratios of polynomials for the quantile around the median, in the tails, and far out there, the
# coefficients of the lowest power first; source: AS 241, see ``_normal_quantile``.
_CENTRE = (
    (
        *(3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3),
        *(1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4),
        *(3.3430575583588128105e4, 2.5090809287301226727e3),
    ),
    (
        *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3),
        *(2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4),
        5.2264952788528545610e3,
    ),
)
_TAIL = (
    (
        *(1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0),
        *(3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1),
        *(2.27238449892691845833e-2, 7.74545014278341407640e-4),
    ),
    (
        *(1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1),
        *(1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4),
        1.05075007164441684324e-9,
    ),
)
_FAR = (
    (
        *(6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0),
        *(2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3),
        *(2.71155556874348757815e-5, 2.01033439929228813265e-7),
    ),
    (
        *(1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2),
        *(7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7),
        2.04426310338993978564e-15,
    ),
)


def _normal_quantile(xp: Namespace, p: Array) -> Array:
    """Where the standard normal distribution function is ``p``, for float64 in (0, 1).

    Source: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution",
    Applied Statistics 37, 1988, routine PPND16; right to about 1 part in 10**16.
    """
    offset = p - 0.5
    centre = offset * _ratio(_CENTRE, xp.maximum(0.180625 - offset * offset, 0))
    depth = xp.sqrt(-xp.log(xp.minimum(p, 1 - p)))
    tail = _ratio(_TAIL, xp.minimum(xp.maximum(depth, 1.6), 5) - 1.6)
    far = _ratio(_FAR, xp.maximum(depth, 5) - 5)
    outer = xp.where(depth <= 5, tail, far)
    outer = xp.where(offset < 0, -outer, outer)
    return xp.where(xp.abs(offset) <= 0.425, centre, outer)


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    """The quotient of two polynomials, by Horner's scheme."""
    values = []
    for polynomial in coefficients:
        total = x * 0 + polynomial[-1]
        for coefficient in polynomial[-2::-1]:
            total = total * x + coefficient
        values.append(total)
    return values[0] / values[1]


# Integers and orders ---------------------------------------------------------------------------


@primitive(
    "random",
    public=False,
    host=True,
    constant=STREAM,
    title="integers",
    python="integers({low}, {high}, {shape})",
)
def random_integers(
    xp: Namespace,
    key: Array,
    counter: Array,
    shape: Shape,
    low: int,
    high: int,
    dtype: npt.DTypeLike,
) -> Array:
    """The card behind ``integers``: words modulo the length of the range, plus its start."""
    lengths = plain_shape("integers", shape)
    words = xp.random_bits(key, counter, math.prod(lengths))
    if high - low < 2**64:
        words = xp.remainder(words, high - low)
    # A negative start is added as its two's complement: words wrap around, and so does the cast.
    return xp.reshape(xp.astype(words + low % 2**64, np.dtype(dtype)), lengths)


@primitive(
    "random",
    public=False,
    host=True,
    constant=STREAM,
    title="permutation",
    python="permutation({n})",
)
def random_order(xp: Namespace, key: Array, counter: Array, n: int) -> Array:
    """The card behind ``permutation``: the places of ``n`` words in their order of size."""
    return xp.argsort(xp.random_bits(key, counter, n), stable=True)


def _shares(xp: Namespace, p: Array) -> Array:
    """Weights in units of the largest, so that their sum fits; as they are if all are 0."""
    if 0 in p.shape:
        return p
    most = xp.max(p, axis=None, keepdims=False)
    return p / xp.where(most > 0, most, 1)


@primitive("random", public=False, constant=("units", "p"), title="choice")
def weighted_places(xp: Namespace, units: Array, p: Array) -> Array:
    """The card behind ``choice`` with weights: each place as often as its part in their sum.

    The place of a uniform draw is the number of cumulative sums that do not exceed it, found by
    bisection: in steps of halving length, past every sum that is small enough.
    """
    count = p.shape[0]
    sums = xp.cumulative_sum(_shares(xp, p))
    sums = sums / sums[-1:]  # the last is 1, which no draw reaches
    places = xp.zeros(units.shape, dtype=np.dtype(np.int64))
    for power in reversed(range((count - 1).bit_length() if count else 0)):
        ahead = places + 2**power
        places = xp.where(sums[xp.minimum(ahead, count) - 1] <= units, ahead, places)
    return places


@primitive("random", public=False, constant=("units", "p"), title="choice")
def weighted_order(xp: Namespace, units: Array, p: Array) -> Array:
    """The card behind ``choice`` with weights and without replacement: places in drawn order.

    Each place waits for an exponential time with its weight as rate, and they come in turn; source:
    Efraimidis and Spirakis, "Weighted random sampling with a reservoir", Inf. Proc. Letters 97,
    2006. A place of weight 0 comes last.
    """
    # No rate is so small that its time, at most 37 / rate, would be infinite too.
    rates = xp.maximum(_shares(xp, p), 64 / largest(p.dtype))
    times = -xp.log1p(-units) / rates
    return xp.argsort(xp.where(p > 0, times, math.inf), stable=True)
