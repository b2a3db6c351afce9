"""Clipping: gradients made smaller, between ``backward`` and the step of an optimizer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..context import get_context
from ..errors import ArgumentError, DTypeError
from ..ops.arguments import plain_number
from ..ops.elementwise import clip, maximum
from ..ops.functions import sqrt
from ..tensor import Tensor
from .optimizer import checked_parameters


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients by one factor, so that together they are no longer than ``max_norm``.

    The length is that of all gradients as one long vector: the root of the sum of all squares.
    Gradients that are short enough stay as they are, to the bit. Nothing is read back from a
    device, and the clipping can be part of a traced step. Source: Pascanu et al., "On the
    difficulty of training recurrent neural networks", ICML 2013.

    A length of NaN makes all gradients NaN; an infinite one makes infinite gradients NaN and all
    others 0. The result tells: check it where that may happen.

    Args:
        parameters: tensors that require gradients; those without a gradient do not count.
        max_norm: above 0.

    Returns:
        The length before, a tensor of shape (); 0 if there is no gradient.

    Raises:
        BackendMismatch: parameters on several backends; clip them apart.
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
    first, *others = (_square(gradient) for _, gradient in clipped)
    norm = sqrt(sum(others, first))
    factor = limit / maximum(norm, limit)
    for parameter, gradient in clipped:
        _put(parameter, gradient * _like(factor, gradient))
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
    clipped = _with_gradients("clip_grad_value", parameters)
    for parameter, _ in clipped:
        if parameter._space.complex:
            raise DTypeError(
                f"clip_grad_value: {parameter._called()} is complex, and complex numbers have no "
                "order; use clip_grad_norm"
            )
    for parameter, gradient in clipped:
        _put(parameter, clip(gradient, -bound, bound))


def _limit(name: str, argument: str, value: Any) -> float:
    number = plain_number(name, argument, value)
    if number <= 0:
        raise ArgumentError(f"{name}: {argument} must be above 0, got {value!r}")
    return number


def _with_gradients(name: str, parameters: Any) -> list[tuple[Tensor, Tensor]]:
    """Parameters that have a gradient, each with the values of it."""
    found = checked_parameters(name, parameters)
    return [(p, p._grad.detach()) for p in found if p._grad is not None]


def _square(gradient: Tensor) -> Tensor:
    """The squared length of one gradient, in float32 at least: float16 soon overflows."""
    if gradient.dtype == np.float16:
        gradient = gradient.astype(np.float32)
    if gradient._space.complex:
        return (gradient * gradient.conj()).real.sum()
    flat: Tensor = gradient.reshape((gradient.size,))
    return flat.dot(flat)


def _like(factor: Tensor, gradient: Tensor) -> Tensor:
    """The factor in the real dtype of a gradient, so that the product keeps the gradient's."""
    dtype = np.empty((), gradient.dtype).real.dtype
    return factor if factor.dtype == dtype else factor.astype(dtype)


def _put(parameter: Tensor, gradient: Tensor) -> None:
    """Make a fresh array the gradient; whoever holds the old one keeps it as it is."""
    tracer = get_context().tracer
    if tracer is not None:
        tracer.rebound_grad(parameter)
    parameter._grad = gradient
