"""What ``Backend`` computes with where a backend brings nothing better: plain array functions.

Each function takes the array namespace to compute with as its first argument. This module stands on
nothing; ``backend`` makes methods of what is here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any


def into(out: Array | None, result: Array) -> Array:
    """Write a result into ``out`` where there is one."""
    if out is None:
        return result
    out[...] = result
    return out


def rows(module: Any, x: Array) -> Array:
    """Flatten all leading axes, so that the product is one matrix product."""
    if x.ndim == 2:
        return x
    return module.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


# Scattering ------------------------------------------------------------------------------------


def scatter_add(module: Any, table: Array, key: Any, values: Array) -> Array:
    """``table`` with ``values`` added at ``table[key]``, by comparing all places with all others.

    That takes time and memory in the product of their numbers; backends should know better.
    """
    places, spread, flat = _scattered(module, table, key, values)
    hits = places[:, None] == module.arange(flat.shape[0])[None, :]
    zero = module.zeros((), dtype=table.dtype)
    added = module.where(hits, spread[:, None], zero)
    added = module.sum(added, axis=0, dtype=table.dtype)
    return module.reshape(flat + added, table.shape)


def scatter_set(module: Any, table: Array, key: Any, values: Array) -> Array:
    """``table`` with ``table[key]`` replaced by ``values``, likewise."""
    places, spread, flat = _scattered(module, table, key, values)
    if places.shape[0] == 0:
        return module.asarray(table, copy=True)
    turn = module.arange(places.shape[0])[:, None]
    hits = places[:, None] == module.arange(flat.shape[0])[None, :]
    last = module.max(module.where(hits, turn, turn * 0 - 1), axis=0)
    chosen = spread[module.where(last < 0, last * 0, last)]
    return module.reshape(module.where(last < 0, flat, chosen), table.shape)


def _scattered(module: Any, table: Array, key: Any, values: Array) -> tuple[Array, Array, Array]:
    """Flat positions that ``key`` reads, the value for each, and ``table`` flattened."""
    size = math.prod(table.shape)
    positions = module.reshape(module.arange(size), table.shape)[key]
    # NumPy drops leading axes of length 1 that have no place to go.
    lengths = values.shape[max(0, values.ndim - positions.ndim) :]
    values = module.reshape(module.astype(values, table.dtype), lengths)
    spread = module.broadcast_to(values, positions.shape)
    return (
        module.reshape(positions, (math.prod(positions.shape),)),
        module.reshape(spread, (math.prod(positions.shape),)),
        module.reshape(table, (size,)),
    )


# The error function ----------------------------------------------------------------------------

# Rational approximations with errors below 1e-16, for |x| up to 0.46875, up to 4, and beyond;
# source: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23,
# 1969. Coefficients of the highest power first.
_SMALL = (
    (
        *(1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2),
        *(3.77485237685302021e2, 3.20937758913846947e3),
    ),
    (
        *(1.0, 2.36012909523441209e1, 2.44024637934444173e2),
        *(1.28261652607737228e3, 2.84423683343917062e3),
    ),
)
_MIDDLE = (
    (
        *(2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0),
        *(6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2),
        *(1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    ),
    (
        *(1.0, 1.57449261107098347e1, 1.17693950891312499e2),
        *(5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3),
        *(4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
    ),
)
_LARGE = (
    (
        *(1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1),
        *(1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    ),
    (
        *(1.0, 2.56852019228982242e0, 1.87295284992346725e0),
        *(5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3),
    ),
)


# For float32 one rational function of x * x does up to |x| = 4. Its relative error was fitted to be
# the same all over; it is 2e-9 at most.
_SINGLE = (
    (
        *(-1.32022111348668e-8, 4.684774702295303e-6, 3.796086600265252e-4),
        *(3.849607135987707e-3, 5.4316895865473815e-2, 0.18520312028197264, 1.1283791693762166),
    ),
    (
        *(6.3110550404438e-5, 1.3075686957004884e-3, 1.5462080208220949e-2),
        *(0.11395837242058336, 0.4974654057107976, 1.0),
    ),
)


def erf(module: Any, x: Array) -> Array:
    """The error function of real floats, to a few units in the last place."""
    if x.dtype.itemsize <= 4:
        result = _single_erf(module, module.astype(x, np.float32))
        return result if x.dtype == result.dtype else module.astype(result, x.dtype)
    size = module.abs(x)
    small = size <= 0.46875
    near = module.where(small, x, 0)
    square = near * near
    inner = near * (_polynomial(_SMALL[0], square) / _polynomial(_SMALL[1], square))
    middle = module.where(small, 1, module.minimum(size, 4))
    tail = _polynomial(_MIDDLE[0], middle) / _polynomial(_MIDDLE[1], middle)
    far = module.where(size > 4, module.minimum(size, 30), 4)
    inverse = 1 / (far * far)
    ratio = inverse * (_polynomial(_LARGE[0], inverse) / _polynomial(_LARGE[1], inverse))
    beyond = (1 / math.sqrt(math.pi) - ratio) / far
    rest = module.exp(-middle * middle) * tail
    rest = module.where(size > 4, module.exp(-far * far) * beyond, rest)
    outer = module.where(x < 0, rest - 1, 1 - rest)
    result = module.where(small, inner, module.where(size == size, outer, x))
    return module.astype(result, x.dtype)


def _single_erf(module: Any, x: Array) -> Array:
    near = module.maximum(module.minimum(x, 4), -4)
    square = near * near
    result = near * (_polynomial(_SINGLE[0], square) / _polynomial(_SINGLE[1], square))
    result = module.maximum(module.minimum(result, 1), -1)
    return module.where(module.abs(x) < 3.95, result, module.sign(x))  # there it rounds to 1


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """Horner's scheme, the highest power first."""
    total = x * coefficients[0] + coefficients[1]
    for coefficient in coefficients[2:]:
        total = total * x + coefficient
    return total
