"""Power laws: how time grows with size, and over which sizes one such law holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: How far from a law a time may be that it still describes.
TOLERANCE = 0.1
#: Fewer points than this say nothing about a law: two always lie on one.
FEWEST = 3


class PowerLaw(NamedTuple):
    """``time = factor * size ** exponent``, by least squares in the logarithms of both.

    Attributes:
        factor, exponent: of the law.
        least, most: the sizes that it was fitted to lie between these.
        deviation: the largest distance of a time from the law, as a fraction: 0.1 if one is
            1.1 times as long or as short as the law says.
    """

    factor: float
    exponent: float
    least: float
    most: float
    deviation: float

    def at(self, size: float) -> float:
        """Seconds at a size."""
        return float(self.factor * size**self.exponent)


def fit(sizes: Sequence[float], times: Sequence[float]) -> PowerLaw | None:
    """The law of these times; None for fewer than two different sizes."""
    if len(set(sizes)) < 2:
        return None
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(times, float))
    centred = x - x.mean()
    exponent = float(centred @ y / (centred @ centred))
    constant = float(y.mean() - exponent * x.mean())
    deviation = math.expm1(float(np.abs(y - constant - exponent * x).max()))
    return PowerLaw(math.exp(constant), exponent, min(sizes), max(sizes), deviation)


def longest(sizes: Sequence[float], times: Sequence[float]) -> PowerLaw | None:
    """The law of the most consecutive sizes that one describes within the tolerance.

    Of equally many it is those of the largest sizes; None if no three sizes in a row follow a law.
    """
    pairs = sorted(zip(sizes, times, strict=True))
    for count in range(len(pairs), FEWEST - 1, -1):
        for start in range(len(pairs) - count, -1, -1):
            chosen = pairs[start : start + count]
            law = fit([size for size, _ in chosen], [time for _, time in chosen])
            if law is not None and law.deviation <= TOLERANCE:
                return law
    return None
