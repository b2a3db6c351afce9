"""Loss cards: how far predictions are from targets.

They are primitives because their derivatives are the statements that books print: the derivative
of the squared error is ``prediction - target``, that of the cross-entropy ``softmax - target``.
The functions that users call are in ``tensorgrok.nn``: they check the arguments and sum up.
"""

from __future__ import annotations

import math

from ..backend import Array, Namespace
from ..cards import primitive
from .activations import exponentials, softplus_of
from .arguments import refuse_complex
from .arithmetic import SINGLE, limited
from .notation import latex_call


def _average(xp: Namespace, x: Array) -> Array:
    """Mean of all elements; of none it is 0."""
    if x.dtype.itemsize < 4 and 0 not in x.shape:  # a sum of float16 soon overflows
        return xp.mean(x, axis=None, keepdims=False)
    return xp.sum(x, axis=None, keepdims=False) / max(1, math.prod(x.shape))


# Of numbers ------------------------------------------------------------------------------------


@primitive(
    "loss",
    public=False,
    floating=True,
    latex=r"\tfrac{{1}}{{2}}\left\lVert {prediction:sum} - {target:operator} \right\rVert^{{2}}",
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
    latex=r"\operatorname{{mean}}\left({prediction:sum} - {target:operator}\right)^{{2}}",
)
def mse(xp: Namespace, prediction: Array, target: Array) -> Array:
    """Mean of the squares of ``prediction - target``; shapes are equal."""
    difference = prediction - target
    return _average(xp, difference * difference)


@mse.pullback("prediction")
def mse_pull_prediction(xp: Namespace, g: Array, prediction: Array, target: Array) -> Array:
    return g * (prediction - target) * (2 / max(1, math.prod(prediction.shape)))


@mse.pullback("target")
def mse_pull_target(xp: Namespace, g: Array, prediction: Array, target: Array) -> Array:
    return g * (target - prediction) * (2 / max(1, math.prod(prediction.shape)))


def huber_python(prediction: object, target: object, delta: float) -> str:
    extra = ", delta={delta}" if delta != 1 else ""
    return "huber({prediction}, {target}" + extra + ", reduction='none')"


@primitive(
    "elementwise",
    public=False,
    floating=True,
    python=huber_python,
    latex=latex_call("huber", "{prediction:sum} - {target:operator}", delta=1),
)
def huber(xp: Namespace, prediction: Array, target: Array, *, delta: float = 1.0) -> Array:
    """Half the square of each difference up to ``delta``, from there on a straight line."""
    difference = prediction - target
    refuse_complex(difference)
    size = xp.abs(difference)
    near = xp.minimum(size, delta)
    return near * (size - near / 2)


@huber.pullback("prediction")
def huber_pull_prediction(
    xp: Namespace, g: Array, prediction: Array, target: Array, delta: float
) -> Array:
    return g * limited(xp, prediction - target, delta)


@huber.pullback("target")
def huber_pull_target(
    xp: Namespace, g: Array, prediction: Array, target: Array, delta: float
) -> Array:
    return g * limited(xp, target - prediction, delta)


# Of probabilities ------------------------------------------------------------------------------


def _sigmoids(xp: Namespace, x: Array) -> tuple[Array, Array]:
    """The sigmoid, and 1 minus it, both to full precision."""
    a, b = exponentials(xp, x)
    return a / (a + b), b / (a + b)


@primitive(
    "elementwise",
    public=False,
    floating=True,
    python="bce_with_logits({logits}, {target}, reduction='none')",
    latex=r"\operatorname{{bce}}\left(\sigma\left({logits}\right), {target}\right)",
)
def bce_with_logits(xp: Namespace, logits: Array, target: Array) -> Array:
    """``-target * log(p) - (1 - target) * log(1 - p)``, p the sigmoid of the logit."""
    refuse_complex(logits)
    return xp.maximum(logits, 0) - logits * target + xp.log1p(xp.exp(-xp.abs(logits)))


@bce_with_logits.pullback("logits")
def bce_with_logits_pull_logits(xp: Namespace, g: Array, logits: Array, target: Array) -> Array:
    return g * (_sigmoids(xp, logits)[0] - target)


@bce_with_logits.pullback("target")
def bce_with_logits_pull_target(xp: Namespace, g: Array, logits: Array) -> Array:
    return -g * logits


@primitive(
    "elementwise",
    public=False,
    floating=True,
    python="bce_with_logits({logits}, {target}, positive_weight={weight}, reduction='none')",
    latex=r"\operatorname{{bce}}_{{{weight}}}\left(\sigma\left({logits}\right), {target}\right)",
)
def weighted_bce_with_logits(xp: Namespace, logits: Array, target: Array, weight: Array) -> Array:
    """``-weight * target * log(p) - (1 - target) * log(1 - p)``, p the sigmoid of the logit."""
    refuse_complex(logits)
    return weight * target * softplus_of(xp, -logits) + (1 - target) * softplus_of(xp, logits)


@weighted_bce_with_logits.pullback("logits")
def weighted_bce_with_logits_pull_logits(
    xp: Namespace, g: Array, logits: Array, target: Array, weight: Array
) -> Array:
    positive, negative = _sigmoids(xp, logits)
    return g * ((1 - target) * positive - weight * target * negative)


@weighted_bce_with_logits.pullback("target")
def weighted_bce_with_logits_pull_target(
    xp: Namespace, g: Array, logits: Array, weight: Array
) -> Array:
    return g * (weight * softplus_of(xp, -logits) - softplus_of(xp, logits))


@weighted_bce_with_logits.pullback("weight")
def weighted_bce_with_logits_pull_weight(
    xp: Namespace, g: Array, logits: Array, target: Array
) -> Array:
    return g * target * softplus_of(xp, -logits)


@primitive(
    "elementwise",
    public=False,
    floating=True,
    python="where({target} == 0, 0, {target:product} * (log({target}) - {log_prediction:product}))",
    latex=r"{target:hadamard} \odot \left(\log {target:power} - {log_prediction:operator}\right)",
    precedence="hadamard",
)
def relative_entropy(xp: Namespace, log_prediction: Array, target: Array) -> Array:
    """``target * (log(target) - log_prediction)``, and 0 where the target is 0."""
    refuse_complex(log_prediction)
    possible = target > 0
    logarithm = xp.log(xp.where(possible, target, 1))
    return target * (logarithm - xp.where(possible, log_prediction, 0))


@relative_entropy.pullback("log_prediction")
def relative_entropy_pull_log_prediction(xp: Namespace, g: Array, target: Array) -> Array:
    return -g * target


@relative_entropy.pullback("target")
def relative_entropy_pull_target(
    xp: Namespace, g: Array, log_prediction: Array, target: Array
) -> Array:
    possible = target > 0
    logarithm = xp.log(xp.where(possible, target, 1))
    return xp.where(possible, g * (logarithm + 1 - xp.where(possible, log_prediction, 0)), 0)


# Of classes ------------------------------------------------------------------------------------


def _hits(xp: Namespace, labels: Array, classes: int) -> Array:
    """Where the label of each row is, as booleans (..., classes)."""
    numbers = xp.arange(classes)
    same = labels if labels.dtype == numbers.dtype else xp.astype(labels, numbers.dtype)
    return same[..., None] == numbers


def _chosen(xp: Namespace, rows: Array, labels: Array) -> Array:
    """The entry of each row (..., classes) at its label."""
    if rows.ndim == 2:
        return rows[xp.arange(rows.shape[0]), labels]
    count = math.prod(labels.shape)
    flat = xp.reshape(rows, (count, rows.shape[-1]))
    return xp.reshape(flat[xp.arange(count), xp.reshape(labels, (count,))], labels.shape)


def _shifted(xp: Namespace, logits: Array) -> tuple[Array, Array]:
    """Logits minus the largest of their row, and the ``logsumexp`` of each such row."""
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    if logits.dtype.itemsize < 4:
        total = xp.sum(xp.exp(xp.astype(shifted, SINGLE)), axis=-1, keepdims=False)
        return shifted, xp.astype(xp.log(total), logits.dtype)
    return shifted, xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=False))


def _softmax(xp: Namespace, logits: Array) -> Array:
    if logits.dtype.itemsize < 4:
        return xp.astype(_softmax(xp, xp.astype(logits, SINGLE)), logits.dtype)
    small = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    return small / xp.sum(small, axis=-1, keepdims=True)


@primitive(
    "loss",
    public=False,
    constant=("labels",),
    apart=("labels",),
    latex=r"\operatorname{{cross\_entropy}}\left({logits}, {labels}\right)",
)
def cross_entropy(xp: Namespace, logits: Array, labels: Array) -> Array:
    """Mean of ``logsumexp(logits) - logits[label]``; logits (..., C), labels (...)."""
    shifted, total = _shifted(xp, logits)
    return _average(xp, total - _chosen(xp, shifted, labels))


@cross_entropy.pullback("logits")
def cross_entropy_pull_logits(xp: Namespace, g: Array, logits: Array, labels: Array) -> Array:
    hits = xp.astype(_hits(xp, labels, logits.shape[-1]), logits.dtype)
    return (_softmax(xp, logits) - hits) * (g * (1 / max(1, math.prod(logits.shape[:-1]))))


def cross_entropies_python(logits: object, labels: object, smoothing: float) -> str:
    extra = ", label_smoothing={smoothing}" if smoothing else ""
    return "cross_entropy({logits}, {labels}" + extra + ", reduction='none')"


@primitive(
    "loss",
    public=False,
    constant=("labels",),
    apart=("labels",),
    python=cross_entropies_python,
    latex=latex_call("cross_entropy", "{logits}, {labels}", smoothing=0),
)
def cross_entropies(
    xp: Namespace, logits: Array, labels: Array, *, smoothing: float = 0.0
) -> Array:
    """``logsumexp(logits) - sum(p * logits)`` of each row, p mostly at the label."""
    shifted, total = _shifted(xp, logits)
    chosen = _chosen(xp, shifted, labels)
    if smoothing:
        spread = xp.mean(shifted, axis=-1, keepdims=False)
        chosen = (1 - smoothing) * chosen + smoothing * spread
    return total - chosen


@cross_entropies.pullback("logits")
def cross_entropies_pull_logits(
    xp: Namespace, g: Array, logits: Array, labels: Array, smoothing: float
) -> Array:
    classes = logits.shape[-1]
    target = xp.astype(_hits(xp, labels, classes), logits.dtype)
    if smoothing:
        target = (1 - smoothing) * target + smoothing / classes
    return g[..., None] * (_softmax(xp, logits) - target)


@primitive(
    "loss",
    public=False,
    constant=("labels",),
    apart=("labels",),
    python="nll({log_probabilities}, {labels}, reduction='none')",
    latex=r"-{log_probabilities:atom}_{{{labels}}}",
    precedence="unary",
)
def nll(xp: Namespace, log_probabilities: Array, labels: Array) -> Array:
    """Minus the entry of each row (..., C) at its label."""
    return -_chosen(xp, log_probabilities, labels)


@nll.pullback("log_probabilities")
def nll_pull_log_probabilities(
    xp: Namespace, g: Array, log_probabilities_like: Array, labels: Array
) -> Array:
    return xp.where(_hits(xp, labels, log_probabilities_like.shape[-1]), -g[..., None], 0)
