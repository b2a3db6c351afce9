"""The steps with PyTorch on the CPU as its users write them: eager, on one thread.

Optimizers are those of ``torch.optim`` as they come; ``torch_tuned`` has what beats them. Elsewhere
the quickest spelling was chosen by measuring: ``torch.bmm`` beats ``@`` for products of stacks, and
``torch.addmm`` beats ``nn.RNN``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import RATE, Array, Side

torch: Any = importlib.import_module("torch")
functional: Any = importlib.import_module("torch.nn.functional")
torch.set_num_threads(1)

#: From parameters to a tensor of shape ().
Loss = Callable[[Sequence[Any]], Any]


def dense(task: Dense, rate: float = RATE) -> Side:
    """Layers with ReLU between them."""
    return _side(dense_loss(task), task, rate)


def recurrent(task: Recurrent, rate: float = RATE) -> Side:
    """Elman's network; what it makes of its inputs is computed for all steps at once."""
    return _side(recurrent_loss(task), task, rate)


def attention(task: Attention, rate: float = RATE) -> Side:
    """One head of self-attention."""
    return _side(attention_loss(task), task, rate)


def dense_loss(task: Dense) -> Loss:
    """The loss of a network of layers as a function of its parameters."""
    x, target = tensors(task.data())
    if not task.biases:

        def loss(weights: Sequence[Any]) -> Any:
            layer = x
            for w in weights[:-1]:
                layer = torch.relu(layer @ w)
            return squared_error(layer @ weights[-1], target)

        return loss

    measured = functional.cross_entropy if task.classifies else squared_error

    def loss_with_biases(parameters: Sequence[Any]) -> Any:
        weights, biases = parameters[::2], parameters[1::2]
        layer = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            layer = torch.relu(torch.addmm(b, layer, w))
        return measured(torch.addmm(biases[-1], layer, weights[-1]), target)

    return loss_with_biases


def recurrent_loss(task: Recurrent) -> Loss:
    """The loss of Elman's network as a function of its parameters."""
    x, target = tensors(task.data())

    def loss(parameters: Sequence[Any]) -> Any:
        w, u, b, v = parameters
        first, *later = (x @ w + b).unbind(1)
        state = torch.tanh(first)
        for driven in later:
            state = torch.tanh(torch.addmm(driven, state, u))
        return squared_error(state @ v, target)

    return loss


def attention_loss(task: Attention) -> Loss:
    """The loss of a head of self-attention as a function of its parameters."""
    x, target = tensors(task.data())
    root = task.width**0.5

    def loss(parameters: Sequence[Any]) -> Any:
        w_q, w_k, w_v, w_o = parameters
        q, k, v = x @ w_q, x @ w_k, x @ w_v
        shares = torch.softmax(torch.bmm(q, k.mT) / root, -1)
        return squared_error(x + torch.bmm(shares, v) @ w_o, target)

    return loss


def squared_error(y: Any, target: Any) -> Any:
    """Half the sum of the squares of the differences."""
    return functional.mse_loss(y, target, reduction="sum") / 2


def tensors(arrays: Iterable[Array]) -> list[Any]:
    """Tensors with copies of arrays."""
    return [torch.tensor(array) for array in arrays]


def fetched(tensor: Any) -> Any:
    """The numbers of a tensor as an array that later steps do not change."""
    return tensor.detach().numpy().copy()


def _side(loss: Loss, task: Task, rate: float) -> Side:
    parameters = [parameter.requires_grad_() for parameter in tensors(task.parameters())]
    kinds = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}
    return with_optimizer(loss, parameters, kinds[task.optimizer](parameters, lr=rate))


def with_optimizer(loss: Loss, parameters: list[Any], optimizer: Any) -> Side:
    """A side that takes steps with an optimizer."""

    def step() -> Any:
        value = loss(parameters)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value

    return Side.of_step(step, lambda: parameters, fetched)
