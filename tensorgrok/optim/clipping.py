"""Clipping: gradients made smaller, between ``backward`` and the step of an optimizer."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..context import DType, get_context
from ..errors import ArgumentError, BackendMismatch, DTypeError, join_words
from ..ops.arguments import is_integer, real_number
from ..ops.elementwise import clip, maximum
from ..ops.functions import sqrt
from ..tensor import Tensor
from .optimizer import checked_parameters, real_dtype


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients by one factor, so that together they are no longer than ``max_norm``.

    The length is that of all gradients as one long vector: the root of the sum of all squares.
    Gradients that are short enough stay as they are, to the bit. Nothing is read back from a
    device, and the clipping can be part of a traced step. Source: Pascanu et al., "On the
    difficulty of training recurrent neural networks", ICML 2013.

    A length of NaN makes all gradients NaN; an infinite one makes infinite gradients NaN and all
    others 0, without a warning. The result tells: check it where that may happen. In host memory
    it is infinite, or 0, only where it does not fit its dtype; elsewhere, and in traced steps,
    where its square does not: in float32 it is infinite from 1.8e19 on, and 0 below 2e-23, which
    clips nothing.

    Args:
        parameters: tensors that require gradients; those without a gradient do not count.
        max_norm: above 0; ``math.inf`` only measures.

    Returns:
        The length before, a tensor of shape () in the widest dtype of the gradients, float32 at
        least; 0 if there is no gradient.

    Raises:
        BackendMismatch: gradients on several backends; clip them apart.
        ArgumentError, DTypeError: ``max_norm`` is no number above 0; as for optimizers.

    >>> w = tg.Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tg.Tensor([30.0, 40.0])
    >>> optim.clip_grad_norm([w], 5)
    Tensor(50., shape=(), dtype=float32)
    >>> w.grad
    Tensor([3., 4.], shape=(2,), dtype=float32)
    """
    limit = _limit("clip_grad_norm", "max_norm", max_norm)
    clipped = _with_gradients("clip_grad_norm", parameters)
    if not clipped:
        return Tensor(0.0)
    names = sorted({gradient.backend.name for _, gradient in clipped})
    if len(names) > 1:
        raise BackendMismatch(
            f"clip_grad_norm: there are gradients on the backends {join_words(names)}; clip those "
            "of each backend by themselves"
        )
    wide = _wide([gradient for _, gradient in clipped])
    with np.errstate(over="ignore", invalid="ignore"):  # what is infinite does as documented
        norm = _length(wide)
        if limit == math.inf:
            return norm
        least, _, most = _limits(norm.dtype)
        bound = min(max(limit, least), most)
        factor = bound / maximum(norm, bound)
        for (parameter, gradient), values in zip(clipped, wide, strict=True):
            scaled = values * _like(factor, values)
            _put(parameter, scaled if values is gradient else scaled.astype(gradient.dtype))
    return norm


def clip_grad_value(parameters: Iterable[Tensor], limit: float) -> None:
    """Keep every number in every gradient between ``-limit`` and ``limit``; NaN stays NaN.

    Args:
        parameters: tensors that require gradients, real ones.
        limit: above 0.

    Raises:
        ArgumentError, DTypeError: ``limit`` is no number above 0; a complex gradient; as for
            optimizers.

    >>> w = tg.Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tg.Tensor([30.0, -0.5])
    >>> optim.clip_grad_value([w], 1)
    >>> w.grad
    Tensor([ 1. , -0.5], shape=(2,), dtype=float32)
    """
    bound = _limit("clip_grad_value", "limit", limit)
    if bound == math.inf:
        raise ArgumentError("clip_grad_value: limit must be finite, got inf")
    clipped = _with_gradients("clip_grad_value", parameters)
    for parameter, _ in clipped:
        if parameter._space.complex:
            raise DTypeError(
                f"clip_grad_value: {parameter._called()} is complex, and complex numbers have no "
                "order; use clip_grad_norm"
            )
    for parameter, gradient in clipped:
        within = min(bound, _limits(gradient.dtype)[2])
        _put(parameter, clip(gradient, -within, within))


def _limit(name: str, argument: str, value: Any) -> float:
    finite = is_integer(value) and value > 0  # then beyond floats it is as good as the largest
    number = real_number(name, argument, min(value, sys.float_info.max) if finite else value)
    if not number > 0:
        raise ArgumentError(f"{name}: {argument} must be above 0, got {value!r}")
    return number


def _with_gradients(name: str, parameters: Any) -> list[tuple[Tensor, Tensor]]:
    """Parameters that have a gradient, each with the values of it."""
    found = checked_parameters(name, parameters)
    return [(p, p._grad.detach()) for p in found if p._grad is not None]


def _wide(gradients: list[Tensor]) -> list[Tensor]:
    """Gradients in their widest precision, float32 at least: squares of float16 soon overflow."""
    dtypes = {g.dtype for g in gradients}
    if len(dtypes) == 1 and gradients[0].dtype.itemsize >= 4:
        return gradients
    precision = np.result_type(np.float32, *map(real_dtype, dtypes))
    return [
        g if real_dtype(g.dtype) == precision else g.astype(np.result_type(g.dtype, precision))
        for g in gradients
    ]


def _length(gradients: Sequence[Tensor]) -> Tensor:
    """The root of the sum of all squares."""
    first, *others = map(_square, gradients)
    norm = sqrt(sum(others, first))
    if "host" not in norm.backend.features or not get_context().eager:
        return norm
    # Here looking costs nothing: if squares overflow, or vanish, measure in units of the largest.
    if _limits(norm.dtype)[1] < norm.item() < math.inf:
        return norm
    peaks = [abs(gradient).max() for gradient in gradients if gradient.size]
    peak = max((peak.item() for peak in peaks), default=0.0)
    if not 0 < peak < math.inf:
        return norm
    first, *others = (_square(gradient / peak) for gradient in gradients)
    return sqrt(sum(others, first)) * peak


@functools.cache
def _limits(dtype: DType) -> tuple[float, float, float]:
    """The least number above 0, the least with an accurate square, and the largest number."""
    found = np.finfo(dtype)
    least = float(found.tiny)
    return least, (least / float(found.eps)) ** 0.5, float(found.max)


def _square(gradient: Tensor) -> Tensor:
    """The squared length of one gradient."""
    if gradient._space.complex:
        return (gradient * gradient.conj()).real.sum()
    flat: Tensor = gradient.reshape((gradient.size,))
    return flat.dot(flat)


def _like(factor: Tensor, gradient: Tensor) -> Tensor:
    """The factor in the real dtype of a gradient, so that the product keeps the gradient's."""
    if factor._space is gradient._space:
        return factor
    dtype = real_dtype(gradient.dtype)
    return factor if factor.dtype == dtype else factor.astype(dtype)


def _put(parameter: Tensor, gradient: Tensor) -> None:
    """Make a fresh array the gradient; whoever holds the old one keeps it as it is."""
    tracer = get_context().tracer
    if tracer is not None:
        tracer.rebound_grad(parameter)
    parameter._grad = gradient
