"""The steps with PyTorch, eager, with updates as quick as they get.

Gradient descent is written out, on views of the parameters' memory that are not recorded: for small
nets a step of ``optim.SGD``, ``fused`` or not, takes almost twice as long. Adam is
``optim.Adam(fused=True)``, one pass in C++ over each parameter, which beats the default by two to
one at every size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers.torch_eager import (
    Loss,
    attention_loss,
    dense_loss,
    fetched,
    recurrent_loss,
    tensors,
    torch,
    with_optimizer,
)
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Side


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them."""
    return _side(dense_loss(task), task, rate)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network."""
    return _side(recurrent_loss(task), task, rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention."""
    return _side(attention_loss(task), task, rate)


def _side(loss: Loss, task: Task, rate: float) -> Side:
    parameters = [parameter.requires_grad_() for parameter in tensors(task.parameters())]
    if task.optimizer == "Adam":
        optimizer = torch.optim.Adam(parameters, lr=rate, fused=True)
        return with_optimizer(loss, parameters, optimizer)
    return Side.of_step(_descent(loss, parameters, rate), lambda: parameters, fetched)


def _descent(loss: Loss, parameters: list[Any], rate: float) -> Callable[[], Any]:
    unrecorded = [parameter.detach() for parameter in parameters]

    def step() -> Any:
        value = loss(parameters)
        value.backward()
        for parameter, numbers in zip(parameters, unrecorded, strict=True):
            numbers.sub_(parameter.grad, alpha=rate)
            parameter.grad = None
        return value

    return step
