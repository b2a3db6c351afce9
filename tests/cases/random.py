"""Rows of the random draws: words of Philox, made into floats by integer arithmetic."""

from __future__ import annotations

import bisect
import itertools
import math
from statistics import NormalDist

import numpy as np

import tensorgrok as tg
from tensorgrok.ops import draws
from tensorgrok.ops.random import Generator
from tests.cases.base import Array, case


def philox(seed: int, words: int) -> Array:
    bits = np.random.Philox(key=[seed, 0], counter=[0, 0, 0, 0])
    return np.asarray(bits.random_raw(words))


def uniform_oracle(seed: int, n: int) -> Array:
    return np.asarray([(int(word) >> 11) / 2**53 for word in philox(seed, n)])


def normal_oracle(seed: int, n: int) -> Array:
    u = uniform_oracle(seed, 2 * n)
    pairs = zip(u[:n], u[n:], strict=True)
    return np.asarray(
        [math.sqrt(-2 * math.log(1 - a)) * math.cos(2 * math.pi * b) for a, b in pairs]
    )


def words(seed: int, n: int) -> tg.Tensor:
    generator = Generator(seed)
    return tg.random_bits(generator.key, generator.counter, n)


case("random_bits", lambda: words(3, 5), [], lambda: philox(3, 5), exact=True)
case("random_bits", lambda: words(3, 0), [], lambda: philox(3, 0), "none", exact=True)
case("standard_uniform", lambda: Generator(7).uniform((2, 3), dtype=np.float64), [],
     lambda: uniform_oracle(7, 6).reshape(2, 3), exact=True)  # fmt: skip
case("standard_normal", lambda: Generator(7).normal((2, 3), dtype=np.float64), [],
     lambda: normal_oracle(7, 6).reshape(2, 3))  # fmt: skip


def truncated_oracle(seed: int, n: int, low: float, high: float) -> Array:
    normal = NormalDist()
    below, mass = normal.cdf(low), normal.cdf(high) - normal.cdf(low)
    units = [((int(word) >> 12) + 0.5) / 2**52 for word in philox(seed, n)]
    if low + high > 0:
        below, mass = normal.cdf(-high), normal.cdf(-low) - normal.cdf(-high)
        return np.asarray([-normal.inv_cdf(below + u * mass) for u in units])
    return np.asarray([normal.inv_cdf(below + u * mass) for u in units])


for bounds in ((-2.0, 2.0), (-0.5, 0.1), (1.0, 2.5), (3.0, 9.0), (-9.0, -3.0), (-math.inf, 1.0)):
    case("standard_truncated_normal",
         lambda b=bounds: Generator(7).truncated_normal(
             (3, 4), low=b[0], high=b[1], dtype=np.float64), [],
         lambda b=bounds: truncated_oracle(7, 12, *b).reshape(3, 4), str(bounds))  # fmt: skip


def integers_oracle(seed: int, n: int, low: int, high: int) -> list[int]:
    return [low + int(word) % (high - low) for word in philox(seed, n)]


for low, high, dtype in (
    *((0, 10, "int64"), (-7, 12, "int8"), (0, 256, "uint8"), (-5, -4, "int16")),
    *((-(2**63), 2**63, "int64"), (0, 2**64, "uint64"), (-(2**63), 5, "int64")),
    *((2**64 - 3, 2**64, "uint64"), (-(2**31), 2**31, "int32")),
):
    case("random_integers",
         lambda a=low, b=high, d=dtype: Generator(3).integers(a, b, (2, 4), dtype=d), [],
         lambda a=low, b=high, d=dtype: np.array(integers_oracle(3, 8, a, b), d).reshape(2, 4),
         f"{low} to {high}", exact=True)  # fmt: skip

case("random_order", lambda: Generator(4).choice(9, 9, replace=False), [],
     lambda: np.asarray(sorted(range(9), key=[*map(int, philox(4, 9))].__getitem__)),
     exact=True)  # fmt: skip
case("random_order", lambda: Generator(4).choice(0, 0, replace=False), [],
     lambda: np.zeros(0, np.int64), "none", exact=True)  # fmt: skip


def places_oracle(units: Array, weights: Array) -> Array:
    sums = [*itertools.accumulate(weights.tolist())]
    found = [bisect.bisect_right([s / sums[-1] for s in sums], u) for u in units.tolist()]
    return np.asarray(found, dtype=np.int64)


def order_oracle(units: Array, weights: Array) -> Array:
    times = [-math.log1p(-u) / w if w else math.inf for u, w in zip(units, weights, strict=True)]
    return np.asarray(sorted(range(len(times)), key=times.__getitem__), dtype=np.int64)


UNITS = np.random.default_rng(5).uniform(size=40)
for weights in ([1.0], [0.5, 0.25, 0.25], [0.0, 3.0, 0.0, 0.0, 1.0, 0.0], [1e-9, 1e9, 0.1]):
    w = np.asarray(weights)
    case("weighted_places", draws.weighted_places, [UNITS, w], places_oracle, f"{weights}")
    case("weighted_order", draws.weighted_order, [UNITS[: w.size], w], order_oracle, f"{weights}")
case("weighted_places", draws.weighted_places, [UNITS[:0], np.ones(3)], places_oracle, "no draws")
case("weighted_places", draws.weighted_places, [np.array([0.0, 0.25, 0.5, 0.75]), np.ones(4)],
     places_oracle, "draws on the sums")  # fmt: skip
case("weighted_order", draws.weighted_order, [np.zeros(3), np.array([1.0, 0.0, 2.0])],
     order_oracle, "equal times")  # fmt: skip
