"""Update cards: what optimizers do to parameters, as primitives, so that a traced step has them."""

from __future__ import annotations

from ..backend import Array, Namespace
from ..cards import primitive


@primitive(
    "update",
    public=False,
    constant=("parameter", "gradient", "rate"),
    python="{parameter:sum} - {rate:product} * {gradient:unary}",
    latex=r"{parameter:sum} - {rate:product} {gradient:product}",
    precedence="sum",
)
def sgd_update(xp: Namespace, parameter: Array, gradient: Array, rate: Array) -> Array:
    """One step of gradient descent: ``parameter - rate * gradient``."""
    return parameter - rate * gradient
