"""What optimizers keep: traced steps go on with it, it is saved and loaded, copied and pickled."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tests.readers.recorder import Recorder

BOTH: list[Any] = [optim.Adam, optim.AdamW]

# Traced steps ------------------------------------------------------------------------------------


class Net:
    """A small classifier that clips its gradients, closed over by ``step``."""

    def __init__(self, make: Callable[..., optim.Optimizer]) -> None:
        tg.seed(3)
        self.model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
        self.idle = Tensor(np.ones(2, np.float32), requires_grad=True)
        self.parameters = [*self.model.parameters(), self.idle]
        self.optimizer = make(self.parameters)

    def step(self, x: Tensor, labels: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = nn.cross_entropy(self.model(x), labels, label_smoothing=0.1)
        loss.backward()
        optim.clip_grad_norm(self.parameters, 0.5)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss


def batch(seed: int) -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(seed)
    x = Tensor(random.standard_normal((6, 5)), dtype="f4")
    return x, Tensor(random.integers(0, 3, 6))


@pytest.mark.parametrize(
    "make",
    [
        lambda p: optim.Adam(p, 0.1),
        lambda p: optim.Adam(p, 0.1, weight_decay=0.1),
        lambda p: optim.AdamW(p, 0.1),
        lambda p: optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
        lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
    ],
    ids=["Adam", "Adam with decay", "AdamW", "momentum", "Nesterov"],
)
@pytest.mark.parametrize("steps_before", [0, 2])
def test_a_recorded_step_replays_with_rate_and_count_moving_on(
    make: Callable[..., optim.Optimizer], steps_before: int
) -> None:
    eager, recorded = Net(make), Net(make)
    for turn in range(steps_before):
        for net in (eager, recorded):
            net.step(*batch(turn))
    program = Recorder(recorded.step, batch(0))
    before, after = eager.optimizer.state_dict(), recorded.optimizer.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    for turn in range(6):
        eager.optimizer.lr = recorded.optimizer.lr = 0.1 / (turn + 1)
        expected = eager.step(*batch(turn))
        np.testing.assert_array_equal(np.asarray(program(*batch(turn))), expected.numpy())
    for one, two in zip(eager.parameters, recorded.parameters, strict=True):
        np.testing.assert_array_equal(two.numpy(), one.numpy())
    before, after = eager.optimizer.state_dict(), recorded.optimizer.state_dict()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
    counts = [value for name, value in after.items() if name.endswith("count")]
    assert counts in ([], [steps_before + 6] * 4 + [0])


def test_a_traced_step_that_parts_what_it_changed_together_is_refused() -> None:
    a, b = (Tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.Adam([a, b])

    def steps(x: Tensor) -> Tensor:
        loss = (x * a * b).sum()
        loss.backward()
        optimizer.step()
        b.grad = None
        optimizer.step()
        return loss

    with pytest.raises(tg.GraphError, match="step: within one traced step, a later one leaves out"):
        Recorder(steps, [Tensor([1.0])])


# State -------------------------------------------------------------------------------------------


def advance(parameters: list[Tensor], optimizer: optim.Optimizer, turns: range) -> None:
    for turn in turns:
        optimizer.zero_grad()
        for place, parameter in enumerate(parameters):
            if turn != place:  # the counts go apart
                parameter.grad = Tensor(np.sin(turn + np.arange(parameter.size)), dtype="f4")
        optimizer.step()


def fresh(make: Any) -> tuple[list[Tensor], Any]:
    parameters = [Tensor(np.ones(n, np.float32), requires_grad=True) for n in (3, 2)]
    return parameters, make(parameters, lr=0.05)


@pytest.mark.parametrize("make", BOTH)
def test_a_run_goes_on_bit_for_bit_after_loading(make: Any) -> None:
    parameters, optimizer = fresh(make)
    advance(parameters, optimizer, range(3))
    optimizer.lr = 0.02
    state, arrays = optimizer.state_dict(), [p.numpy() for p in parameters]
    advance(parameters, optimizer, range(3, 7))
    others, second = fresh(make)
    for parameter, array in zip(others, arrays, strict=True):
        parameter.data = array
    second.load_state_dict(state)
    assert second.lr == 0.02
    advance(others, second, range(3, 7))
    for one, two in zip(parameters, others, strict=True):
        np.testing.assert_array_equal(two.numpy(), one.numpy())
    found = second.state_dict()
    for name, value in optimizer.state_dict().items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    assert [found["0.count"], found["1.count"]] == [6, 6]
    assert [state["0.count"], state["1.count"]] == [2, 2]


def test_counts_that_differ_are_loaded_apart() -> None:
    parameters, optimizer = fresh(optim.Adam)
    state = optimizer.state_dict() | {"0.count": np.array(7.0), "beta2": 0.5}
    optimizer.load_state_dict(state)
    advance(parameters, optimizer, range(5, 6))
    found = optimizer.state_dict()
    assert [found["0.count"], found["1.count"], optimizer.betas] == [8, 1, (0.9, 0.5)]
    np.testing.assert_allclose(found["1.square"], 0.5 * np.sin(5 + np.arange(2)) ** 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"0.count": -1.0}, tg.ArgumentError, r"0\.count is -1\.0, not a number of steps"),
        ({"0.count": 1.5}, tg.ArgumentError, r"0\.count is 1\.5, not a number of steps"),
        ({"0.count": math.nan}, tg.ArgumentError, r"0\.count is nan, not a number of steps"),
        ({"1.mean": np.zeros(3)}, tg.ShapeError, r"1\.mean has shape \(2,\), .* \(3,\)"),
        ({"1.square": np.zeros(2, complex)}, tg.DTypeError, r"1\.square has dtype float32, .*comp"),
        ({"beta1": 1.0}, tg.ArgumentError, r"beta1: expected less than 1, got 1\.0"),
        ({"lr": -1.0}, tg.ArgumentError, "lr: expected a finite number of at least 0, got -1"),
        ({"2.mean": 0.0}, tg.ArgumentError, r"this Adam of 2 parameters: unknown are '2\.mean'"),
        ({"1.mean": None}, tg.ArgumentError, r"of 2 parameters: missing are '1\.mean'"),
        (
            {"1.square": [1e300, 2.0], "lr": 0.7, "0.mean": np.ones(3)},
            tg.DTypeError,
            r"1\.square has dtype float32, which cannot hold the 1e\+300 of the state",
        ),
        ({"1.mean": [[1.0], 2.0]}, tg.ShapeError, r"load_state_dict: 1\.mean: .*inhomogeneous"),
        ({"1.mean": ["a", "b"]}, tg.DTypeError, r"1\.mean has dtype float32, the state has <U1"),
    ],
    ids=str,
)
def test_a_state_that_does_not_fit_changes_nothing(
    change: dict[str, Any], error: type[Exception], text: str
) -> None:
    parameters, optimizer = fresh(optim.Adam)
    advance(parameters, optimizer, range(3))
    before = optimizer.state_dict()
    state = fresh(optim.Adam)[1].state_dict() | change
    with pytest.raises(error, match=f"{text}"):
        optimizer.load_state_dict({k: v for k, v in state.items() if v is not None})
    after = optimizer.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("state", [None, 3, [("lr", 0.1)], "lr"])
def test_a_state_is_a_dictionary(state: Any) -> None:
    for optimizer in (fresh(optim.Adam)[1], fresh(optim.SGD)[1]):
        with pytest.raises(
            tg.DTypeError,
            match=f"load_state_dict: give a dictionary, .* of type {type(state).__name__}",
        ):
            optimizer.load_state_dict(state)


def test_an_eps_that_float16_cannot_tell_from_0_is_not_loaded_either() -> None:
    half = Tensor(np.ones(2, np.float16), requires_grad=True)
    optimizer = optim.Adam([half], eps=1e-4)
    state = optim.Adam([Tensor(np.ones(2, np.float32), requires_grad=True)], lr=0.7).state_dict()
    before = optimizer.state_dict()
    with pytest.raises(tg.ArgumentError, match="Adam: eps=1e-08 is 0 in float16, the dtype of par"):
        optimizer.load_state_dict(state)
    after = optimizer.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    optimizer.load_state_dict(state | {"eps": 1e-3})
    assert (optimizer.eps, optimizer.lr) == (1e-3, 0.7)


def test_a_state_may_come_from_a_file(tmp_path: Path) -> None:
    parameters, optimizer = fresh(optim.Adam)
    advance(parameters, optimizer, range(3))
    np.savez(tmp_path / "state.npz", **optimizer.state_dict())
    other = fresh(optim.Adam)[1]
    with np.load(tmp_path / "state.npz") as file:
        other.load_state_dict(file)
    before, after = optimizer.state_dict(), other.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("make", [*BOTH, optim.SGD])
def test_settings_do_not_change_inside_a_traced_step(make: Any) -> None:
    w = Tensor([1.0], requires_grad=True)
    optimizer = make([w], lr=0.5)
    schedule = optim.StepDecay(optimizer, 1, 0.5)
    state = optimizer.state_dict() | {"lr": 0.25}

    def attempt(change: Callable[[], None], text: str) -> None:
        def step(x: Tensor) -> Tensor:
            loss = (w * x).sum()
            loss.backward()
            optimizer.step()
            with pytest.raises(
                tg.GraphError, match=f"{text}: it cannot change inside a traced step, whose"
            ):
                change()
            return loss

        Recorder(step, [Tensor([1.0])])
        w.grad = None
        assert (optimizer.lr, schedule.taken) == (0.5, 0)

    name = make.__name__
    attempt(lambda: setattr(optimizer, "lr", 0.25), f"{name}: lr")
    attempt(schedule.step, f"{name}: lr")
    attempt(lambda: schedule.load_state_dict({"taken": 2, "base": 0.3}), f"{name}: lr")
    assert schedule.base == 0.5
    attempt(lambda: optimizer.load_state_dict(state), "load_state_dict")


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))]
)
@pytest.mark.parametrize("make", BOTH)
def test_a_copy_together_with_its_model_trains_that_model(make: Any, duplicate: Any) -> None:
    model = nn.Linear(3, 2)
    optimizer = make(model.parameters(), lr=0.1)
    x = np.ones((4, 3), np.float32)

    def train(model: nn.Linear, optimizer: optim.Optimizer) -> None:
        optimizer.zero_grad()
        (model(x) ** 2).sum().backward()
        optimizer.step()

    train(model, optimizer)
    before = model.weight.numpy()
    second, copied = duplicate((model, optimizer))
    copied.lr = 0.05
    train(second, copied)
    np.testing.assert_array_equal(model.weight.numpy(), before)
    optimizer.lr = 0.05
    train(model, optimizer)
    np.testing.assert_array_equal(second.weight.numpy(), model.weight.numpy())
    assert optimizer.state_dict()["0.count"] == copied.state_dict()["0.count"] == 2
