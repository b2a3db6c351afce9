"""Loss cards: one number that says how far predictions are from targets.

They are primitives because their derivatives are the statements that books print: the derivative
of the squared error is ``prediction - target``, that of the cross-entropy ``softmax - target``.
The functions that check their arguments are in ``tensorgrok.nn``.
"""

from __future__ import annotations

import math

from ..backend import Array, Namespace
from ..cards import primitive


@primitive(
    "loss",
    public=False,
    floating=True,
    latex=r"\tfrac{{1}}{{2}}\left\lVert {prediction:sum} - {target:product} \right\rVert^{{2}}",
)
def squared_error(xp: Namespace, prediction: Array, target: Array) -> Array:
    """Half the squared norm of ``prediction - target``; shapes are equal."""
    difference = prediction - target
    return xp.sum(difference * difference, axis=None, keepdims=False) / 2


@squared_error.pullback("prediction")
def squared_error_pull_prediction(
    xp: Namespace, g: Array, prediction: Array, target: Array
) -> Array:
    return g * (prediction - target)


@squared_error.pullback("target")
def squared_error_pull_target(xp: Namespace, g: Array, prediction: Array, target: Array) -> Array:
    return g * (target - prediction)


@primitive(
    "loss",
    public=False,
    floating=True,
    latex=r"\operatorname{{mean}}\left({prediction:sum} - {target:product}\right)^{{2}}",
)
def mse(xp: Namespace, prediction: Array, target: Array) -> Array:
    """Mean of the squares of ``prediction - target``; shapes are equal."""
    difference = prediction - target
    return xp.mean(difference * difference, axis=None, keepdims=False)


@mse.pullback("prediction")
def mse_pull_prediction(xp: Namespace, g: Array, prediction: Array, target: Array) -> Array:
    return g * (prediction - target) * (2 / max(1, math.prod(prediction.shape)))


@mse.pullback("target")
def mse_pull_target(xp: Namespace, g: Array, prediction: Array, target: Array) -> Array:
    return g * (target - prediction) * (2 / max(1, math.prod(prediction.shape)))


def _hits(xp: Namespace, labels: Array, classes: int) -> Array:
    """Where the label of each row is, as booleans (..., classes)."""
    numbers = xp.arange(classes)
    same = labels if labels.dtype == numbers.dtype else xp.astype(labels, numbers.dtype)
    return same[..., None] == numbers


@primitive(
    "loss",
    public=False,
    constant=("labels",),
    apart=("labels",),
    latex=r"\operatorname{{cross\_entropy}}\left({logits}, {labels}\right)",
)
def cross_entropy(xp: Namespace, logits: Array, labels: Array) -> Array:
    """Mean of ``logsumexp(logits) - logits[label]``; logits (..., C), labels (...)."""
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    total = xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=False))
    hits = _hits(xp, labels, logits.shape[-1])
    chosen = xp.sum(xp.where(hits, shifted, 0), axis=-1, keepdims=False)
    return xp.mean(total - chosen, axis=None, keepdims=False)


@cross_entropy.pullback("logits")
def cross_entropy_pull_logits(xp: Namespace, g: Array, logits: Array, labels: Array) -> Array:
    small = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    softmax = small / xp.sum(small, axis=-1, keepdims=True)
    hits = _hits(xp, labels, logits.shape[-1])
    examples = max(1, math.prod(logits.shape[:-1]))
    return (softmax - xp.astype(hits, logits.dtype)) * (g / examples)
