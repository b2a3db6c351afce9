"""Update cards: what optimizers do to parameters, as primitives, so that a traced step has them.

An update takes its targets first and returns a new value for each of them. It works by element, on
arrays of one shape beside settings of shape (). ``updating.update`` and ``update_together``
apply it; the optimizers in ``tensorgrok.optim`` say what the settings mean.
"""

from __future__ import annotations

from ..backend import Array, Namespace
from ..cards import primitive
from .arithmetic import squared_size


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


@primitive(
    "update",
    public=False,
    constant=("parameter", "velocity", "gradient", "rate", "momentum"),
)
def momentum_update(
    xp: Namespace,
    parameter: Array,
    velocity: Array,
    gradient: Array,
    rate: Array,
    momentum: Array,
) -> tuple[Array, Array]:
    """A step along the velocity; new values of parameter and velocity."""
    velocity = momentum * velocity + gradient
    return parameter - rate * velocity, velocity


@primitive(
    "update",
    public=False,
    constant=("parameter", "velocity", "gradient", "rate", "momentum"),
)
def nesterov_update(
    xp: Namespace,
    parameter: Array,
    velocity: Array,
    gradient: Array,
    rate: Array,
    momentum: Array,
) -> tuple[Array, Array]:
    """A step along the velocity as it will be; new values of parameter and velocity."""
    velocity = momentum * velocity + gradient
    return parameter - rate * (gradient + momentum * velocity), velocity


@primitive(
    "update",
    public=False,
    constant=("count", "rate", "floor", "lr", "beta1", "beta2", "eps"),
)
def adam_clock(
    xp: Namespace,
    count: Array,
    rate: Array,
    floor: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    eps: Array,
) -> tuple[Array, Array, Array]:
    """The number of the next step, and the settings of Adam with that step's bias corrections.

    All are of shape (). ``rate`` and ``floor`` have the dtype of the parameters, the rest is
    float64; the new values are those that ``adam_update`` takes::

        rate = lr * sqrt(1 - beta2**count) / (1 - beta1**count)
        floor = eps * sqrt(1 - beta2**count)
    """
    count = count + 1
    root = xp.sqrt(1 - beta2**count)
    rate_now = lr * root / (1 - beta1**count)
    return count, xp.astype(rate_now, rate.dtype), xp.astype(eps * root, floor.dtype)


def _moments(
    xp: Namespace,
    mean: Array,
    square: Array,
    gradient: Array,
    beta1: Array,
    rest1: Array,
    beta2: Array,
    rest2: Array,
) -> tuple[Array, Array]:
    """New running means of the gradient and of its square, which is real."""
    return (
        beta1 * mean + rest1 * gradient,
        beta2 * square + rest2 * squared_size(xp, gradient),
    )


@primitive(
    "update",
    public=False,
    constant=(
        *("parameter", "mean", "square", "gradient", "rate", "floor"),
        *("beta1", "rest1", "beta2", "rest2"),
    ),
)
def adam_update(
    xp: Namespace,
    parameter: Array,
    mean: Array,
    square: Array,
    gradient: Array,
    rate: Array,
    floor: Array,
    beta1: Array,
    rest1: Array,
    beta2: Array,
    rest2: Array,
) -> tuple[Array, Array, Array]:
    """A step of Adam: ``parameter - rate * mean / (sqrt(square) + floor)``, and the new means.

    ``rate`` and ``floor`` have the bias corrections in them (``adam_clock``), as at the end of
    section 2 of Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015. ``rest1``
    is ``1 - beta1`` and ``rest2`` is ``1 - beta2``: computed in float32, they would be off.
    """
    mean, square = _moments(xp, mean, square, gradient, beta1, rest1, beta2, rest2)
    return parameter - rate * (mean / (xp.sqrt(square) + floor)), mean, square


@primitive(
    "update",
    public=False,
    constant=(
        *("parameter", "mean", "square", "gradient", "rate", "floor"),
        *("beta1", "rest1", "beta2", "rest2", "lr", "weight_decay"),
    ),
)
def adamw_update(
    xp: Namespace,
    parameter: Array,
    mean: Array,
    square: Array,
    gradient: Array,
    rate: Array,
    floor: Array,
    beta1: Array,
    rest1: Array,
    beta2: Array,
    rest2: Array,
    lr: Array,
    weight_decay: Array,
) -> tuple[Array, Array, Array]:
    """A step of Adam from ``parameter * (1 - lr * weight_decay)``, and the new means."""
    mean, square = _moments(xp, mean, square, gradient, beta1, rest1, beta2, rest2)
    shrunk = parameter * (1 - lr * weight_decay)
    return shrunk - rate * (mean / (xp.sqrt(square) + floor)), mean, square
