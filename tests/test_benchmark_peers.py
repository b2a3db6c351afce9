"""Training steps of the benchmarks: who takes part computes the same, and that is right."""

from __future__ import annotations

import importlib
import itertools
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks import peers, tasks
from benchmarks.peers import by_hand
from benchmarks.tasks import Attention, Dense, Recurrent, Task
from benchmarks.work import OURS, REFERENCE, Absent, Race, Side

Array = npt.NDArray[np.float64]

OPTIMIZERS = ("SGD", "Adam")
TASKS: list[Task] = [
    task
    for optimizer in OPTIMIZERS
    for task in (
        Dense(optimizer, 1, (3, 4, 1)),
        Dense(optimizer, 2, (3, 4, 2)),
        Dense(optimizer, 3, (2, 2)),
        Dense(optimizer, 3, (3, 5, 4, 2)),
        Recurrent(optimizer, 1, 3, (2, 3, 2)),
        Recurrent(optimizer, 3, 4, (2, 3, 1)),
        Attention(optimizer, 1, 3, 4),
        Attention(optimizer, 2, 3, 4),
    )
]
of_tasks = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)

#: Rates so large that an update shows what the gradient was, beside the rounding of a weight.
LARGE = {"SGD": 0.1, "Adam": 0.01}


@pytest.fixture
def large_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights up to 1, so that no gradient is small: attention hardly looks at small ones."""

    def draw(random: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
        return random.uniform(-1, 1, shape).astype(np.float32)

    monkeypatch.setattr(tasks, "draw", draw)


def side(name: str, task: Task, rate: float) -> Side:
    module: Any = importlib.import_module(f"benchmarks.peers.{peers.MODULES[name]}")
    found: Side = getattr(module, peers.KINDS[type(task)])(task, rate)
    return found


def check(name: str, task: Task, rate: float) -> None:
    """Somebody's steps agree with those by hand."""
    Race({each: side(each, task, rate) for each in (name, REFERENCE)}, rtol=1e-5).check()


# Everybody agrees --------------------------------------------------------------------------------


@of_tasks
def test_ours_and_by_hand_agree(task: Task) -> None:
    peers.race(task, among=()).check()


@of_tasks
@pytest.mark.usefixtures("large_weights")
def test_our_large_steps_agree(task: Task) -> None:
    check(OURS, task, LARGE[task.optimizer])


@of_tasks
@pytest.mark.usefixtures("large_weights")
def test_pytorch_agrees(task: Task) -> None:
    pytest.importorskip("torch")
    check("PyTorch", task, LARGE[task.optimizer])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.usefixtures("large_weights")
def test_compiled_pytorch_agrees(optimizer: str) -> None:
    pytest.importorskip("torch")
    try:
        check("torch.compile", Dense(optimizer, 1, (3, 4, 1)), LARGE[optimizer])
    except Absent as error:
        pytest.skip(str(error))


# By hand is right --------------------------------------------------------------------------------


def dense_loss(task: Dense, parameters: Sequence[Array]) -> float:
    x, target = task.data()
    layer = x.astype(np.float64)
    layers = parameters[::2] if task.biases else parameters
    for i, w in enumerate(layers):
        layer = np.einsum("bi,io->bo", layer, w)
        if task.biases:
            layer += parameters[2 * i + 1]
        if i < len(layers) - 1:
            layer = np.where(layer > 0, layer, 0)
    if not task.classifies:
        return float(np.linalg.norm(layer - target) ** 2 / 2)
    chances = np.exp(layer) / np.exp(layer).sum(axis=1, keepdims=True)
    return -float(np.mean([np.log(row[i]) for row, i in zip(chances, target, strict=True)]))


def recurrent_loss(task: Recurrent, parameters: Sequence[Array]) -> float:
    w, u, b, v = parameters
    loss = 0.0
    for sequence, target in zip(*task.data(), strict=True):
        state = np.zeros_like(b)
        for x in sequence.astype(np.float64):
            state = np.tanh(x @ w + state @ u + b)
        loss += float(np.linalg.norm(state @ v - target)) ** 2 / 2
    return loss


def attention_loss(task: Attention, parameters: Sequence[Array]) -> float:
    w_q, w_k, w_v, w_o = parameters
    loss = 0.0
    for sequence, target in zip(*task.data(), strict=True):
        x = sequence.astype(np.float64)
        for token, wanted in zip(x, target, strict=True):
            shares = np.exp((x @ w_k) @ (token @ w_q) / np.sqrt(task.width))
            y = token + shares @ x @ w_v @ w_o / shares.sum()
            loss += float(np.linalg.norm(y - wanted)) ** 2 / 2
    return loss


LOSSES: dict[type, Callable[[Any, Sequence[Array]], float]] = {
    Dense: dense_loss,
    Recurrent: recurrent_loss,
    Attention: attention_loss,
}


def slopes(task: Task, parameters: Sequence[Array], reach: float = 1e-5) -> list[Array]:
    """Central differences of the loss, for each number of each parameter."""
    loss = LOSSES[type(task)]
    found = []
    for parameter in parameters:
        slope = np.zeros_like(parameter)
        for place in itertools.product(*map(range, parameter.shape)):
            kept = parameter[place]
            parameter[place] = kept + reach
            above = loss(task, parameters)
            parameter[place] = kept - reach
            below = loss(task, parameters)
            parameter[place] = kept
            slope[place] = (above - below) / (2 * reach)
        found.append(slope)
    return found


def assert_close(found: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize(
    "task", [task for task in TASKS if task.optimizer == "SGD"], ids=lambda task: task.name
)
@pytest.mark.usefixtures("large_weights")
def test_descent_by_hand_goes_along_the_gradient(task: Task) -> None:
    before = [parameter.astype(np.float64) for parameter in task.parameters()]
    loss, *after = side(REFERENCE, task, LARGE["SGD"]).run()
    assert_close(loss, LOSSES[type(task)](task, before), 1e-6)
    for start, end, slope in zip(before, after, slopes(task, before), strict=True):
        assert_close((start - end) / LARGE["SGD"], slope, 1e-4)


@pytest.mark.parametrize(
    "task", [task for task in TASKS if task.optimizer == "Adam"], ids=lambda task: task.name
)
@pytest.mark.usefixtures("large_weights")
def test_adam_by_hand_is_that_of_its_paper(task: Task) -> None:
    rate = LARGE["Adam"]
    parameters = [parameter.astype(np.float64) for parameter in task.parameters()]
    means = [np.zeros_like(parameter) for parameter in parameters]
    squares = [np.zeros_like(parameter) for parameter in parameters]
    taken = side(REFERENCE, task, rate)
    for t in range(1, 4):
        expected = LOSSES[type(task)](task, parameters)
        for i, slope in enumerate(slopes(task, parameters)):
            means[i] += (1 - 0.9) * (slope - means[i])
            squares[i] += (1 - 0.999) * (slope**2 - squares[i])
            mean, square = means[i] / (1 - 0.9**t), squares[i] / (1 - 0.999**t)
            parameters[i] -= rate * mean / (np.sqrt(square) + 1e-8)
        loss, *found = taken.run()
        assert_close(loss, expected, 1e-5)
        for parameter, array in zip(parameters, found, strict=True):
            np.testing.assert_allclose(array, parameter, rtol=0, atol=1e-4 * rate)


@pytest.mark.parametrize(
    "task", [task for task in TASKS if isinstance(task, Dense)], ids=lambda task: task.name
)
@pytest.mark.usefixtures("large_weights")
def test_slopes_of_layers_by_hand_have_the_right_size(task: Dense) -> None:
    """What Adam's steps do not show."""
    _, found = by_hand.dense_gradient(task)(task.parameters())
    parameters = [parameter.astype(np.float64) for parameter in task.parameters()]
    for slope, expected in zip(found, slopes(task, parameters), strict=True):
        assert_close(slope, expected, 1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_spelled_out_for_two_layers_is_what_loops_do(optimizer: str) -> None:
    task = Dense(optimizer, 4, (3, 5, 2))
    x, target = task.data()
    gradient = by_hand.dense_gradient(task)
    if task.biases:
        gradient = by_hand._layers_with_biases(x, by_hand._cross_entropy(target))
    rate = LARGE[optimizer]
    loops = by_hand._updated(optimizer, gradient, task.parameters(), rate)
    Race({"loops": loops, REFERENCE: side(REFERENCE, task, rate)}).check()


# Who does not take part says why -----------------------------------------------------------------


def test_who_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(peers.MODULES, "Nobody", "no_such_module")
    race = peers.race(TASKS[0], among=("Nobody",))
    assert set(race.sides) == {OURS, REFERENCE}
    assert race.absent == {
        "Nobody": "not installed: No module named 'benchmarks.peers.no_such_module'"
    }


def test_who_does_not_do_such_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    def dense(task: Dense) -> Side:
        if task.batch > 1:
            raise Absent("takes one sample at a time")
        return by_hand.dense(task)

    module = types.ModuleType("benchmarks.peers.few")
    vars(module)["dense"] = dense
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(peers.MODULES, "Few", "few")
    said: dict[Task, str | None] = {
        Dense("SGD", 1, (3, 4, 1)): None,
        Dense("SGD", 2, (3, 4, 1)): "takes one sample at a time",
        Recurrent("SGD", 1): "does not do recurrent networks here",
        Attention("SGD", 1): "does not do attention networks here",
    }
    for task, reason in said.items():
        race = peers.race(task, among=("Few",))
        assert race.absent.get("Few") == reason
        assert ("Few" in race.sides) == (reason is None)
