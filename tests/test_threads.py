"""Threads: each has its own modes, seed and graph, and training in parallel changes no bit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import nn, optim, registry
from tests.readers.strict import StrictBackend

THREADS = 8
STEPS = 40


def in_threads(work: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """Run ``work(i)`` in ``count`` threads that start together; errors come out here."""
    barrier = threading.Barrier(count)

    def run(i: int) -> Any:
        barrier.wait()
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def train(seed: int) -> list[npt.NDArray[Any]]:
    """A small classifier with dropout, drawn, shuffled and trained from one seed."""
    tg.seed(seed)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    inputs = tg.normal((12, 6))
    labels = tg.default_generator().permutation(12) % 3
    losses = []
    for step in range(STEPS):
        rows = tg.default_generator().permutation(12)[:5]
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(inputs[rows]), labels[rows])
        if step % 3 == 0:  # a part that is not recorded, in the middle of a step
            with tg.no_grad():
                losses.append(nn.cross_entropy(model(inputs), labels).item())
        loss.backward()
        optimizer.step()
    return [np.array(losses), *(p.numpy() for p in model.parameters())]


def test_eight_threads_train_bit_for_bit_as_if_alone() -> None:
    alone = [train(seed) for seed in range(THREADS)]
    together = in_threads(train)
    for one, other in zip(alone, together, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert len({one[0].tobytes() for one in alone}) == THREADS
    assert all(one[0][-5:].mean() < one[0][:5].mean() for one in alone)


def test_no_grad_in_one_thread_does_not_leak_into_another() -> None:
    inside, looked = threading.Event(), threading.Event()
    seen = []

    def other() -> None:
        inside.wait(10)
        seen.append(tg.is_recording())
        w = tg.Tensor([1.0], requires_grad=True)
        seen.append((w * 2).requires_grad)
        looked.set()

    thread = threading.Thread(target=other)
    thread.start()
    with tg.no_grad():
        inside.set()
        assert looked.wait(10)
        assert not tg.is_recording()
    thread.join()
    assert seen == [True, True]


def test_a_thread_begins_with_the_defaults_and_leaves_nothing_behind() -> None:
    seen = []

    def work() -> None:
        seen.append((tg.is_recording(), tg.current_backend().name, tg.default_generator().seed))
        tg.seed(99)
        tg.no_grad().__enter__()

    tg.seed(5)
    with tg.no_grad(), tg.use_backend("strict"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [(True, "numpy", 0)]
    assert tg.is_recording()
    assert tg.default_generator().seed == 5


def test_one_mode_object_can_be_open_in_many_threads() -> None:
    mode = tg.no_grad()

    def work(i: int) -> bool:
        for _ in range(200):
            with mode:
                if tg.is_recording():
                    return False
            if not tg.is_recording():
                return False
        return True

    assert all(in_threads(work))


def test_threads_can_share_a_parameter_for_reading() -> None:
    """Separate graphs over the same leaf and the same plain batch, functional gradients."""
    w = tg.Tensor(np.arange(1.0, 5.0), requires_grad=True)
    batch = tg.Tensor(np.arange(4.0))

    def work(i: int) -> list[npt.NDArray[Any]]:
        found = []
        for turn in range(30):
            loss = (w * w * batch).sum() * (i + turn)
            found.append(tg.gradients(loss, w).numpy())
        return found

    for i, found in enumerate(in_threads(work)):
        for turn, gradient in enumerate(found):
            expected = 2 * np.arange(1.0, 5.0) * np.arange(4.0) * (i + turn)
            np.testing.assert_array_equal(gradient, expected)
    assert w.grad is None


def test_first_uses_of_an_operation_may_coincide() -> None:
    """Plans are made at first use; threads that make one at the same time agree."""
    card = tg.tanh
    card.plans.clear()

    def work(i: int) -> float:
        x = tg.Tensor(np.float64(0.5 + i), requires_grad=True)
        tg.tanh(x).backward()
        assert x.grad is not None
        return float(x.grad)

    for i, slope in enumerate(in_threads(work)):
        np.testing.assert_allclose(slope, 1 - np.tanh(0.5 + i) ** 2, rtol=1e-12)


def test_a_backend_is_made_once_however_many_threads_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def factory() -> StrictBackend:
        made.append(1)
        time.sleep(0.05)  # the others ask meanwhile
        return StrictBackend()

    monkeypatch.setattr(registry, "_factories", registry._factories | {"shared": factory})
    monkeypatch.setattr(registry, "_made", dict(registry._made))
    backends = in_threads(lambda i: tg.Tensor([1.0], backend="shared").backend)
    assert len(made) == 1
    assert len({id(backend) for backend in backends}) == 1
