"""Losses. They refuse shapes that would broadcast and dtypes that would promote.

Each gives a number for every element, or for every row of classes, and says how they are summed up:
``reduction`` is ``"mean"``, the default, ``"sum"`` or ``"none"``. The mean of no losses is 0.

Integers and booleans are cast to the dtype of the other operand, two of them to the default dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import common_dtype
from ..errors import ArgumentError, DTypeError, ShapeError, describe
from ..ops import losses as cards
from ..ops.arguments import plain_number
from ..tensor import Tensor
from .layers import check_same_float, known_range, operand

# Of numbers ------------------------------------------------------------------------------------


def squared_error(prediction: Any, target: Any) -> Tensor:
    """Half the squared norm of ``prediction - target``, whose derivative is just that difference.

    Args:
        prediction, target: of equal shape, real; a sum over everything, batch included.

    Returns:
        A tensor of shape ().

    Raises:
        ShapeError: the shapes differ, also where they would broadcast.
        DTypeError: two different floating-point dtypes, complex numbers.

    >>> nn.squared_error(tg.Tensor([1.0, 2.0]), tg.Tensor([0.0, 0.0]))
    Tensor(2.5, shape=(), dtype=float32)
    """
    prediction, target = _matched("squared_error", prediction, target)
    if prediction._space.complex:
        raise _real_only("squared_error")
    return cards.squared_error(prediction, target)


def mse(prediction: Any, target: Any, *, reduction: str = "mean") -> Tensor:
    """Squares of ``prediction - target``, and their mean over all elements.

    Args:
        prediction, target: of equal shape, real.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A tensor of shape (), or with ``"none"`` of the shape of the prediction.

    Raises:
        ShapeError: the shapes differ, also where they would broadcast.
        DTypeError: two different floating-point dtypes, complex numbers.
        ArgumentError: another reduction.

    >>> nn.mse(tg.Tensor([1.0, 2.0]), tg.Tensor([0.0, 0.0]))
    Tensor(2.5, shape=(), dtype=float32)
    """
    prediction, target = _matched("mse", prediction, target)
    if prediction._space.complex:
        raise _real_only("mse")
    if reduction == "mean":
        return cards.mse(prediction, target)
    return _reduced("mse", (prediction - target) ** 2, reduction)


def l1(prediction: Any, target: Any, *, reduction: str = "mean") -> Tensor:
    """Absolute values of ``prediction - target``, and their mean; where they are equal, slope 0.

    Args, result and errors as for ``mse``, but complex numbers have absolute values too.

    >>> nn.l1(tg.Tensor([1.0, -2.0]), tg.Tensor([0.0, 0.0]))
    Tensor(1.5, shape=(), dtype=float32)
    """
    prediction, target = _matched("l1", prediction, target)
    return _reduced("l1", abs(prediction - target), reduction)


def huber(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Tensor:
    """Half the square of a difference up to ``delta`` in size, beyond it a line of slope ``delta``.

    The derivative is ``prediction - target``, clipped to ``delta``: outliers pull no harder than
    that. Source: Huber, "Robust estimation of a location parameter", Ann. Math. Stat. 35, 1964.

    Args:
        prediction, target: of equal shape, real.
        delta: where the line begins, above 0.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A tensor of shape (), or with ``"none"`` of the shape of the prediction.

    Raises:
        ShapeError, DTypeError, ArgumentError: as for ``mse``; a ``delta`` that is not above 0.

    >>> nn.huber(tg.Tensor([0.5, 3.0]), tg.Tensor([0.0, 0.0]), reduction="none")
    Tensor([0.125, 2.5  ], shape=(2,), dtype=float32)
    """
    delta = plain_number("huber", "delta", delta)
    if delta <= 0:
        raise ArgumentError(f"huber: delta must be above 0, got {delta}")
    prediction, target = _matched("huber", prediction, target)
    return _reduced("huber", cards.huber(prediction, target, delta=delta), reduction)


# Of probabilities ------------------------------------------------------------------------------


def bce_with_logits(
    logits: Any, target: Any, *, positive_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """Binary cross-entropy, of logits: ``-target * log(p) - (1 - target) * log(1 - p)``.

    ``p`` is the sigmoid of the logit, and the derivative is ``p - target``. Nothing overflows, and
    small losses are accurate, however large finite logits are.

    Args:
        logits: real numbers, of any shape.
        target: of equal shape, numbers from 0 to 1: 0 and 1, or probabilities. (They are not looked
            at; others give a loss without a meaning.)
        positive_weight: multiplies the first term, to make rare positives count: a number of at
            least 0, or a tensor that broadcasts to the shape of the logits.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A tensor of shape (), or with ``"none"`` of the shape of the logits.

    Raises:
        ShapeError: the shapes differ; a weight that does not broadcast to them.
        DTypeError: two different floating-point dtypes, complex numbers.
        ArgumentError: another reduction; a negative weight (in a tensor looked at where that is
            free: in host memory).

    >>> nn.bce_with_logits(tg.Tensor([1000.0, 0.0]), tg.Tensor([1.0, 1.0]), reduction="none")
    Tensor([0.       , 0.6931472], shape=(2,), dtype=float32)
    """
    name = "bce_with_logits"
    logits, target = _matched(name, logits, target, "logits")
    if positive_weight is None:
        losses = cards.bce_with_logits(logits, target)
    else:
        weight = _weight(name, positive_weight, logits)
        losses = cards.weighted_bce_with_logits(logits, target, weight)
    return _reduced(name, losses, reduction)


def _weight(name: str, value: Any, logits: Tensor) -> Tensor | float:
    if isinstance(value, int | float | np.generic):
        number = plain_number(name, "positive_weight", value)
        if number < 0:
            raise ArgumentError(f"{name}: positive_weight must be at least 0, got {number}")
        return number
    weight = operand(name, "positive_weight", value, logits.backend)
    lead = logits.ndim - weight.ndim
    pairs = zip(weight.shape, logits.shape[max(0, lead) :], strict=False)
    if lead < 0 or any(mine not in (1, length) for mine, length in pairs):
        raise ShapeError(
            f"{name}: {describe(weight, 'positive_weight', value)} must broadcast to the shape of "
            f"{describe(logits, 'logits')}"
        )
    check_same_float(name, logits, "the logits", weight, "positive_weight")
    if not weight._space.complex and known_range(weight)[0] < 0:
        raise ArgumentError(
            f"{name}: positive_weight must be at least 0, got {known_range(weight)[0]} among others"
        )
    return weight


def kl_divergence(log_prediction: Any, target: Any, *, reduction: str = "mean") -> Tensor:
    """Kullback-Leibler divergence of predicted distributions from target distributions.

    ``sum(target * (log(target) - log_prediction))`` over the last axis, at least 0, and 0 where the
    two are the same. Where the target is 0 the term is 0, whatever the prediction, and so is the
    derivative with respect to the target. Elsewhere a prediction of -inf makes it infinite.

    Args:
        log_prediction: (..., classes), logarithms of probabilities, such as ``log_softmax`` gives.
        target: of equal shape, probabilities.
        reduction: ``"mean"`` over the distributions (not over the classes), ``"sum"``, ``"none"``.

    Returns:
        A tensor of shape (), or with ``"none"`` (...).

    Raises:
        ShapeError: the shapes differ, or have no axis.
        DTypeError, ArgumentError: as for ``mse``; complex numbers.

    >>> nn.kl_divergence(tg.log(tg.Tensor([[0.5, 0.5]])), tg.Tensor([[0.0, 1.0]]))
    Tensor(0.6931472, shape=(), dtype=float32)
    """
    name = "kl_divergence"
    log_prediction, target = _matched(name, log_prediction, target, "log_prediction")
    if log_prediction.ndim == 0:
        raise ShapeError(
            f"{name}: {describe(log_prediction, 'log_prediction')} needs a last axis, the classes"
        )
    return _reduced(name, cards.relative_entropy(log_prediction, target).sum(-1), reduction)


# Of classes ------------------------------------------------------------------------------------


def cross_entropy(
    logits: Any, labels: Any, *, label_smoothing: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """Mean of ``logsumexp(logits) - logits[label]``: minus the log of the softmax at the label.

    The derivative is ``softmax - target``, for each row.

    Args:
        logits: (..., classes), unnormalised; may be as large as the dtype can hold. With -inf a
            class is masked: its probability and its gradient are 0.
        labels: (...), integers from 0 to classes - 1.
        label_smoothing: the part of the target, from 0 to less than 1, that is spread evenly over
            all classes, masked ones too: the loss is then infinite. Source: Szegedy et al.,
            "Rethinking the Inception architecture", CVPR 2016.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A tensor of shape (), or with ``"none"`` (...).

    Raises:
        ShapeError: the shape of ``labels`` is not that of ``logits`` without its last axis.
        DTypeError: labels that are not integers, logits that are not floats.
        ArgumentError: a label outside the classes (looked at where that is free: in host memory);
            another reduction; smoothing out of its range.

    >>> nn.cross_entropy(tg.Tensor([[1000.0, 0.0]]), tg.Tensor([1]))
    Tensor(1000., shape=(), dtype=float32)
    """
    logits, labels = _labelled("cross_entropy", logits, "logits", labels)
    if reduction == "mean" and label_smoothing.__class__ is float and label_smoothing == 0:
        return cards.cross_entropy(logits, labels)
    smoothing = plain_number("cross_entropy", "label_smoothing", label_smoothing)
    if not 0 <= smoothing < 1:
        raise ArgumentError(
            f"cross_entropy: label_smoothing must be from 0 to less than 1, got {smoothing}"
        )
    losses = cards.cross_entropies(logits, labels, smoothing=smoothing)
    return _reduced("cross_entropy", losses, reduction)


def nll(log_probabilities: Any, labels: Any, *, reduction: str = "mean") -> Tensor:
    """Negative log-likelihood: minus the logarithm of the probability at the label, and the mean.

    ``nll(log_softmax(logits), labels)`` is ``cross_entropy(logits, labels)``.

    Args:
        log_probabilities: (..., classes), such as ``log_softmax`` gives.
        labels: (...), integers from 0 to classes - 1.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns, raises: as ``cross_entropy``.

    >>> nn.nll(tg.log(tg.Tensor([[0.5, 0.5]])), tg.Tensor([1]))
    Tensor(0.6931472, shape=(), dtype=float32)
    """
    rows, labels = _labelled("nll", log_probabilities, "log_probabilities", labels)
    return _reduced("nll", cards.nll(rows, labels), reduction)


# What they share -------------------------------------------------------------------------------


def _reduced(name: str, losses: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return losses.sum() if 0 in losses.shape else losses.mean()
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":
        return losses
    raise ArgumentError(f"{name}: reduction is 'mean', 'sum' or 'none', not {reduction!r}")


def _matched(
    name: str, prediction: Any, target: Any, called: str = "prediction"
) -> tuple[Tensor, Tensor]:
    if not isinstance(prediction, Tensor):
        prediction = operand(name, called, prediction, getattr(target, "backend", None))
    if not isinstance(target, Tensor):
        target = operand(name, "target", target, prediction.backend)
    if prediction._data.shape != target._data.shape:
        raise ShapeError(
            f"{name}: {describe(prediction, called)} and {describe(target, 'target')} must "
            "have equal shapes; a loss does not broadcast, so reshape one of them"
        )
    if prediction._space is not target._space or not prediction._space.inexact:
        check_same_float(name, prediction, f"the {called}", target, "the target")
        dtype = common_dtype((prediction.dtype, target.dtype), (), floating=True)
        prediction, target = (
            x if x.dtype == dtype else x.astype(dtype) for x in (prediction, target)
        )
    return prediction, target


def _real_only(name: str) -> DTypeError:
    return DTypeError(
        f"{name}: it is defined for real numbers only; of complex ones give abs(prediction - "
        "target) and zeros"
    )


def _labelled(name: str, rows: Any, called: str, labels: Any) -> tuple[Tensor, Tensor]:
    rows = operand(name, called, rows)
    labels = operand(name, "labels", labels, rows.backend, integers=True)
    shape = rows._data.shape
    if not shape or labels._data.shape != shape[:-1]:
        raise ShapeError(
            f"{name}: {describe(rows, called)} needs labels of shape {rows.shape[:-1]}, one for "
            f"each row, but got {describe(labels, 'labels')}"
        )
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"{name}: labels are integers, the classes themselves, not {labels.dtype}")
    if rows.dtype.kind != "f":
        raise DTypeError(f"{name}: {called} must be floats, not {rows.dtype}")
    low, high = known_range(labels)
    if labels.size and (low < 0 or high >= shape[-1]):
        raise ArgumentError(
            f"{name}: labels go from {low} to {high}, but there are {rows.shape[-1]} classes, "
            "numbered from 0"
        )
    return rows, labels
