"""Training steps on an NVIDIA GPU: ours, by hand with CuPy, by PyTorch and by JAX.

All of them are forward, backward and gradient descent of layers with biases and ReLU between them;
the loss is the mean squared error, and products are in true float32.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

import tensorgrok as tg
from tensorgrok import nn, optim

RATE = 1e-6
Step = Callable[[], Any]
Sizes = tuple[int, ...]


def arrays(batch: int, sizes: Sizes) -> tuple[list[Any], Any, Any]:
    """Weights and biases in turn, inputs and targets, as NumPy arrays of float32."""
    random = np.random.default_rng(0)
    parameters = []
    for inputs, outputs in itertools.pairwise(sizes):
        parameters.append(random.uniform(-0.05, 0.05, (inputs, outputs)).astype(np.float32))
        parameters.append(random.uniform(-0.05, 0.05, outputs).astype(np.float32))
    x = random.uniform(0.1, 1, (batch, sizes[0])).astype(np.float32)
    return parameters, x, np.ones((batch, sizes[-1]), np.float32)


def ours(batch: int, sizes: Sizes) -> Step:
    """With tensorgrok on the CuPy backend."""
    numbers, x_data, target_data = arrays(batch, sizes)
    with tg.use_backend("cupy"):
        layers: list[Any] = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        with tg.no_grad():
            for parameter, array in zip(model.parameters(), numbers, strict=True):
                parameter.assign(array)
        optimizer = optim.SGD(model.parameters(), RATE)
        x, target = tg.Tensor(x_data), tg.Tensor(target_data)

    def step() -> Any:
        optimizer.zero_grad()
        loss = nn.mse(model(x), target)
        loss.backward()
        optimizer.step()
        return loss

    return step


def with_cupy(batch: int, sizes: Sizes) -> Step:
    """By hand."""
    cupy: Any = importlib.import_module("cupy")
    numbers, x_data, target_data = arrays(batch, sizes)
    parameters = [cupy.asarray(array) for array in numbers]
    x, target = cupy.asarray(x_data), cupy.asarray(target_data)
    weights, biases = parameters[::2], parameters[1::2]
    rate = np.float32(RATE)

    def step() -> Any:
        layers = [x]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            layers.append(cupy.maximum(layers[-1].dot(w) + b, 0))
        error = layers[-1].dot(weights[-1]) + biases[-1] - target
        loss = (error * error).mean()
        delta = error * np.float32(2 / error.size)
        for i in range(len(weights) - 1, -1, -1):
            slope_w, slope_b = layers[i].T.dot(delta), delta.sum(axis=0)
            if i > 0:
                delta = delta.dot(weights[i].T) * (layers[i] > 0)
            weights[i] -= rate * slope_w
            biases[i] -= rate * slope_b
        return loss

    return step


def torch_eager(batch: int, sizes: Sizes) -> Step:
    """With PyTorch, one operation after the other."""
    return _torch(batch, sizes)[1]


def torch_graph(batch: int, sizes: Sizes) -> Step:
    """With PyTorch, the whole step captured as a CUDA graph and replayed."""
    torch, step = _torch(batch, sizes)
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # what is made at first use cannot be captured
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    replay: Step = graph.replay
    return replay


def _torch(batch: int, sizes: Sizes) -> tuple[Any, Step]:
    torch: Any = importlib.import_module("torch")
    torch.backends.cuda.matmul.allow_tf32 = False
    numbers, x_data, target_data = arrays(batch, sizes)
    parameters = [torch.tensor(a, device="cuda", requires_grad=True) for a in numbers]
    x, target = (torch.tensor(a, device="cuda") for a in (x_data, target_data))
    weights, biases = parameters[::2], parameters[1::2]
    optimizer = torch.optim.SGD(parameters, RATE)

    def step() -> Any:
        layer = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            layer = torch.relu(torch.addmm(b, layer, w))
        y = torch.addmm(biases[-1], layer, weights[-1])
        loss = torch.nn.functional.mse_loss(y, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return torch, step


def with_jax(batch: int, sizes: Sizes) -> Step:
    """With JAX, the whole step compiled; each call waits until the one before it is done."""
    jax: Any = importlib.import_module("jax")
    jnp: Any = importlib.import_module("jax.numpy")
    numbers, x_data, target_data = arrays(batch, sizes)
    device = jax.devices("gpu")[0]
    parameters, x, target = jax.device_put((numbers, x_data, target_data), device)

    def loss_of(parameters: Any, x: Any, target: Any) -> Any:
        weights, biases = parameters[::2], parameters[1::2]
        layer = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            layer = jax.nn.relu(jnp.dot(layer, w, precision="highest") + b)
        y = jnp.dot(layer, weights[-1], precision="highest") + biases[-1]
        return jnp.mean((y - target) ** 2)

    def updated(parameters: Any, x: Any, target: Any) -> Any:
        loss, slopes = jax.value_and_grad(loss_of)(parameters, x, target)
        return loss, [p - RATE * slope for p, slope in zip(parameters, slopes, strict=True)]

    compiled = jax.jit(updated, donate_argnums=0)

    def step() -> Any:
        nonlocal parameters
        loss, parameters = compiled(parameters, x, target)
        return loss.block_until_ready()

    return step


#: By the name that tables show.
SIDES: dict[str, Callable[[int, Sizes], Step]] = {
    "tensorgrok": ours,
    "CuPy by hand": with_cupy,
    "PyTorch eager": torch_eager,
    "PyTorch CUDA graph": torch_graph,
    "JAX jit": with_jax,
}
