"""Update cards: what optimizers do to parameters, as primitives, so that a traced step has them.

An update takes its target first and returns a new value for it; ``adam_clock`` has three targets,
numbers all of them. It works by element, on arrays of one shape beside settings of shape ().
``updating`` applies updates; the optimizers in ``tensorgrok.optim`` say what the settings mean.
"""

from __future__ import annotations

from ..backend import Array, Namespace
from ..cards import primitive
from ..updating import thrifty
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


@thrifty(sgd_update)
def sgd_update_thriftily(xp: Namespace, parameter: Array, gradient: Array, rate: Array) -> Array:
    step = rate * gradient
    return xp.subtract(parameter, step, out=step)


@primitive("update", public=False, constant=("velocity", "gradient", "momentum"))
def velocity_update(xp: Namespace, velocity: Array, gradient: Array, momentum: Array) -> Array:
    """A velocity that keeps some of what it was; ``sgd_update`` then goes along it."""
    return momentum * velocity + gradient


@thrifty(velocity_update)
def velocity_update_thriftily(
    xp: Namespace, velocity: Array, gradient: Array, momentum: Array
) -> Array:
    velocity = xp.multiply(momentum, velocity, out=velocity)
    return xp.add(velocity, gradient, out=velocity)


@primitive(
    "update",
    public=False,
    constant=("parameter", "gradient", "velocity", "rate", "momentum"),
)
def nesterov_update(
    xp: Namespace,
    parameter: Array,
    gradient: Array,
    velocity: Array,
    rate: Array,
    momentum: Array,
) -> Array:
    """A step along the velocity as it will be after the next gradient like this one."""
    return parameter - rate * (gradient + momentum * velocity)


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


@primitive("update", public=False, constant=("mean", "gradient", "beta", "rest"))
def mean_update(xp: Namespace, mean: Array, gradient: Array, beta: Array, rest: Array) -> Array:
    """A running mean of gradients; ``rest`` is ``1 - beta``, which float32 would round."""
    return beta * mean + rest * gradient


@thrifty(mean_update)
def mean_update_thriftily(
    xp: Namespace, mean: Array, gradient: Array, beta: Array, rest: Array
) -> Array:
    mean = xp.multiply(beta, mean, out=mean)
    return xp.add(mean, rest * gradient, out=mean)


@primitive("update", public=False, constant=("square", "gradient", "beta", "rest"))
def square_update(xp: Namespace, square: Array, gradient: Array, beta: Array, rest: Array) -> Array:
    """A running mean of the squares of gradients' sizes, which is real."""
    return beta * square + rest * squared_size(xp, gradient)


@thrifty(square_update)
def square_update_thriftily(
    xp: Namespace, square: Array, gradient: Array, beta: Array, rest: Array
) -> Array:
    part = squared_size(xp, gradient)
    part = xp.multiply(rest, part, out=part)
    square = xp.multiply(beta, square, out=square)
    return xp.add(square, part, out=square)


@primitive(
    "update",
    public=False,
    constant=("parameter", "mean", "square", "rate", "floor"),
)
def adam_update(
    xp: Namespace, parameter: Array, mean: Array, square: Array, rate: Array, floor: Array
) -> Array:
    """A step of Adam: ``parameter - rate * mean / (sqrt(square) + floor)``.

    ``rate`` and ``floor`` have the bias corrections in them (``adam_clock``), as at the end of
    section 2 of Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """
    return parameter - rate * (mean / (xp.sqrt(square) + floor))


@thrifty(adam_update)
def adam_update_thriftily(
    xp: Namespace, parameter: Array, mean: Array, square: Array, rate: Array, floor: Array
) -> Array:
    step = _adam_step(xp, mean, square, rate, floor)
    return xp.subtract(parameter, step, out=step)


def _adam_step(xp: Namespace, mean: Array, square: Array, rate: Array, floor: Array) -> Array:
    root = xp.sqrt(square)
    root = xp.add(root, floor, out=root)
    step = xp.divide(mean, root, out=root) if mean.dtype == root.dtype else mean / root
    return xp.multiply(rate, step, out=step)


@primitive(
    "update",
    public=False,
    constant=("parameter", "mean", "square", "rate", "floor", "lr", "weight_decay"),
)
def adamw_update(
    xp: Namespace,
    parameter: Array,
    mean: Array,
    square: Array,
    rate: Array,
    floor: Array,
    lr: Array,
    weight_decay: Array,
) -> Array:
    """A step of Adam from ``parameter * (1 - lr * weight_decay)``."""
    shrunk = parameter * (1 - lr * weight_decay)
    return shrunk - rate * (mean / (xp.sqrt(square) + floor))


@thrifty(adamw_update)
def adamw_update_thriftily(
    xp: Namespace,
    parameter: Array,
    mean: Array,
    square: Array,
    rate: Array,
    floor: Array,
    lr: Array,
    weight_decay: Array,
) -> Array:
    shrunk = parameter * (1 - lr * weight_decay)
    return xp.subtract(shrunk, _adam_step(xp, mean, square, rate, floor), out=shrunk)
