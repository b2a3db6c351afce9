"""Tensors on the backend: draws, derivatives, training, and nothing read back meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import data, nn, optim
from tensorgrok.testing import no_sync
from tensorgrok.testing.backend_contract.helpers import Device, draw

Host = np.ndarray[Any, Any]


def on_numpy(function: Callable[[], list[Host]]) -> list[Host]:
    """What a function of seed 0 gives on the NumPy backend."""
    tg.seed(0)
    with tg.use_backend("numpy"):
        return function()


def draws() -> list[Host]:
    """Draws that consist of bits and exact arithmetic, so that they are equal to the last one."""
    tensors = [
        tg.uniform((5, 3)),
        tg.uniform((4,), dtype=np.float64),
        tg.bernoulli(0.3, (50,)),
        tg.integers(0, 1000, (20,)),
        tg.integers(-7, 12, (20,)),
        nn.Dropout(0.5)(tg.ones((6, 7))),
        nn.Linear(5, 4).weight,
        tg.permutation(tg.Tensor(np.arange(10.0))),
    ]
    order = [batch[0].numpy() for batch in data.batches((tg.Tensor(np.arange(9.0)),), 4)]
    return [*(tensor.numpy() for tensor in tensors), *order, tg.permutation(10)]


def test_one_seed_draws_the_same_on_every_backend(on_device: Device) -> None:
    for found, expected in zip(draws(), on_numpy(draws), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_normal_draws_are_the_same_but_for_rounding(on_device: Device) -> None:
    found = tg.normal((1000,), dtype=np.float64).numpy()
    expected = on_numpy(lambda: [tg.normal((1000,), dtype=np.float64).numpy()])[0]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


FUNCTIONS: dict[str, tuple[Callable[..., tg.Tensor], list[Host]]] = {
    "a network": (
        lambda x, w, v: tg.tanh(x.dot(w)).dot(v),
        [draw((2, 3), float, 1), draw((3, 4), float, 2), draw((4, 1), float, 3)],
    ),
    "vectors": (lambda x, w: x.dot(w), [draw((3,), float, 1), draw((3, 2), float, 2)]),
    "gathering": (lambda x: x[[0, 2, 0]] ** 2, [draw((3, 2), float, 1)]),
    "a class": (lambda x: nn.cross_entropy(x, [0, 2]), [draw((2, 3), float, 1)]),
    "sorting": (lambda x: tg.sort(x) * tg.Tensor(np.arange(4.0)), [draw((2, 4), float, 1)]),
    "scans": (lambda x: tg.cumulative_prod(x, axis=1), [draw((2, 3), float, 1)]),
    "einsum": (
        lambda a, b: tg.einsum("bij,bjk->bik", a, b),
        [draw((2, 2, 3), float, 1), draw((2, 3, 2), float, 2)],
    ),
    "complex numbers": (lambda z: tg.abs(z * z), [draw((3,), complex, 1)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_agree_with_finite_differences_to_second_order(
    on_device: Device, name: str
) -> None:
    function, inputs = FUNCTIONS[name]
    assert tg.gradcheck(function, inputs, order=2)


def learning(kind: str) -> list[Host]:
    """Parameters after a few steps of a small network, and the losses on the way."""
    tg.seed(0)
    generator = np.random.default_rng(0)
    x = tg.Tensor(generator.normal(size=(6, 3)))
    labels = tg.Tensor(generator.integers(0, 2, 6))
    model = nn.Sequential(
        nn.Linear(3, 5, dtype=np.float64), nn.ReLU(), nn.Linear(5, 2, dtype=np.float64)
    )
    optimizer: optim.Optimizer = optim.Adam(model.parameters(), 0.05)
    if kind != "adam":
        momentum = 0.9 if kind == "momentum" else 0.0
        optimizer = optim.SGD(model.parameters(), 0.1, momentum=momentum, weight_decay=0.01)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        optim.clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss)
    return [tensor.numpy() for tensor in (*model.parameters(), *losses)]


@pytest.mark.parametrize("kind", ["sgd", "momentum", "adam"])
def test_a_network_learns_as_it_does_with_numpy(on_device: Device, kind: str) -> None:
    for found, expected in zip(learning(kind), on_numpy(lambda: learning(kind)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def step_maker(kind: str) -> Callable[[], tg.Tensor]:
    """A training step with what usual steps have: an embedding, dropout, clipping, a schedule."""
    model = nn.Sequential(
        nn.Embedding(7, 4), nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3)
    )
    optimizer: optim.Optimizer = optim.Adam(model.parameters(), 0.01)
    if kind == "sgd":
        optimizer = optim.SGD(model.parameters(), 0.1, momentum=0.9)
    schedule = optim.CosineDecay(optimizer, steps=10)
    words, labels = tg.Tensor([1, 2, 1, 6]), tg.Tensor([0, 2, 1, 1])

    def step() -> tg.Tensor:
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(words), labels)
        loss.backward()
        optim.clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        return loss

    return step


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_a_training_step_reads_nothing_back(on_device: Device, kind: str) -> None:
    if "host" in on_device.backend.features:
        pytest.skip("this backend says that reading an element is free, so it may be read")
    step = step_maker(kind)
    step()
    with no_sync(on_device.backend):
        loss = step()
    assert np.isfinite(loss.item())
