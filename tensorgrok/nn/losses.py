"""Losses. They refuse shapes that would broadcast and dtypes that would promote."""

from __future__ import annotations

from typing import Any

from ..context import get_context
from ..errors import ArgumentError, DTypeError, ShapeError, describe
from ..ops import losses as cards
from ..tensor import Tensor
from .layers import check_same_float


def squared_error(prediction: Any, target: Any) -> Tensor:
    """Half the squared norm of ``prediction - target``, whose derivative is just that difference.

    Args:
        prediction, target: of equal shape; a sum over everything, batch included.

    Returns:
        A tensor of shape ().

    Raises:
        ShapeError: the shapes differ, also where they would broadcast.
        DTypeError: two different floating-point dtypes.

    >>> nn.squared_error(tg.Tensor([1.0, 2.0]), tg.Tensor([0.0, 0.0]))
    Tensor(2.5, shape=(), dtype=float32)
    """
    return cards.squared_error(*_matched("squared_error", prediction, target))


def mse(prediction: Any, target: Any) -> Tensor:
    """Mean of the squares of ``prediction - target`` over all elements.

    Args and errors as for ``squared_error``.

    >>> nn.mse(tg.Tensor([1.0, 2.0]), tg.Tensor([0.0, 0.0]))
    Tensor(2.5, shape=(), dtype=float32)
    """
    return cards.mse(*_matched("mse", prediction, target))


def _matched(name: str, prediction: Any, target: Any) -> tuple[Tensor, Tensor]:
    if not isinstance(prediction, Tensor):
        prediction = Tensor(prediction)
    if not isinstance(target, Tensor):
        target = Tensor(target, backend=prediction.backend)
    if prediction.shape != target.shape:
        raise ShapeError(
            f"{name}: {describe(prediction, 'prediction')} and {describe(target, 'target')} must "
            "have equal shapes; a loss does not broadcast, so reshape one of them"
        )
    if prediction._space is not target._space:
        check_same_float(name, prediction, "the prediction", target, "the target")
    return prediction, target


def cross_entropy(logits: Any, labels: Any) -> Tensor:
    """Mean of ``logsumexp(logits) - logits[label]``: minus the log of the softmax at the label.

    Args:
        logits: (..., classes), unnormalised; may be as large as the dtype can hold.
        labels: (...), integers from 0 to classes - 1.

    Returns:
        A tensor of shape ().

    Raises:
        ShapeError: the shape of ``labels`` is not that of ``logits`` without its last axis.
        DTypeError: labels that are not integers, logits that are not floats.
        ArgumentError: a label outside the classes (looked at where that is free: in host memory).

    >>> nn.cross_entropy(tg.Tensor([[1000.0, 0.0]]), tg.Tensor([1]))
    Tensor(1000., shape=(), dtype=float32)
    """
    if not isinstance(logits, Tensor):
        logits = Tensor(logits)
    if not isinstance(labels, Tensor):
        labels = Tensor(labels, backend=logits.backend)
    if logits.ndim == 0 or labels.shape != logits.shape[:-1]:
        raise ShapeError(
            f"cross_entropy: {describe(logits, 'logits')} needs labels of shape "
            f"{logits.shape[:-1]}, one for each row, but got {describe(labels, 'labels')}"
        )
    if labels.dtype.kind not in "iu":
        raise DTypeError(
            f"cross_entropy: labels are integers, the classes themselves, not {labels.dtype}"
        )
    if logits.dtype.kind != "f":
        raise DTypeError(f"cross_entropy: logits must be floats, not {logits.dtype}")
    if "host" in labels.backend.features and get_context().eager and labels.size:
        low, high = int(labels.data.min()), int(labels.data.max())
        if low < 0 or high >= logits.shape[-1]:
            raise ArgumentError(
                f"cross_entropy: labels go from {low} to {high}, but there are "
                f"{logits.shape[-1]} classes, numbered from 0"
            )
    return cards.cross_entropy(logits, labels)
