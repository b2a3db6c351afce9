"""Updates with plain NumPy, for those who have no optimizer: parameters change in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from benchmarks.work import Array

#: From slopes, in the order of the parameters, to nothing.
Update = Callable[[Iterable[Array]], None]


def updating(optimizer: str, parameters: Sequence[Array], rate: float) -> Update:
    """The update by an optimizer, "SGD" or "Adam", of these arrays."""
    return {"SGD": descent, "Adam": adam}[optimizer](parameters, rate)


def descent(parameters: Sequence[Array], rate: float) -> Update:
    """Gradient descent. Slopes are left as they are: some who compute them still hold them."""

    def update(slopes: Iterable[Array]) -> None:
        for w, slope in zip(parameters, slopes, strict=True):
            w -= rate * slope

    return update


def adam(parameters: Sequence[Array], rate: float) -> Update:
    """Adam with the usual betas, 0.9 and 0.999."""
    means = [np.zeros_like(w) for w in parameters]
    squares = [np.zeros_like(w) for w in parameters]
    count = 0

    def update(slopes: Iterable[Array]) -> None:
        nonlocal count
        count += 1
        pace = rate / (1 - 0.9**count)
        shrink = 1 / (1 - 0.999**count) ** 0.5
        for w, mean, square, slope in zip(parameters, means, squares, slopes, strict=True):
            mean *= 0.9
            mean += 0.1 * slope
            square *= 0.999
            square += 0.001 * slope * slope
            w -= pace * mean / (np.sqrt(square) * shrink + 1e-8)

    return update
