"""Modules that move from one backend to another, and the optimizers that follow."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn, optim
from tensorgrok.registry import get_backend
from tests.test_moving import X, there


class Net(nn.Module):
    """Two layers, a table, and a tensor that is no parameter."""

    def __init__(self) -> None:
        self.first = nn.Linear(3, 4, dtype=np.float64)
        self.second = nn.Linear(4, 2, dtype=np.float64)
        self.scale = tg.Tensor(np.array(0.5))
        self.extra = {"shared": self.first.weight}

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        hidden: tg.Tensor = tg.tanh(self.first(x))
        result: tg.Tensor = self.second(hidden) * self.scale
        return result


@pytest.fixture
def net() -> Net:
    tg.seed(3)
    return Net()


def step(net: Net, optimizer: optim.Optimizer, backend: str) -> float:
    optimizer.zero_grad()
    loss = (net(tg.Tensor(X, backend=backend)) ** 2).sum()
    loss.backward()
    optimizer.step()
    return float(loss)


def test_a_module_moves_in_place_with_all_its_tensors_and_gradients(net: Net) -> None:
    handles = dict(net.named_tensors())
    (net(tg.Tensor(X)) ** 2).sum().backward()
    gradients = {n: p.grad.numpy() for n, p in net.named_parameters() if p.grad is not None}
    assert net.to("strict") is net
    for name, tensor in net.named_tensors():
        assert tensor is handles[name]
        assert tensor.backend.name == "strict"
        assert tensor.is_leaf
    assert [n for n, _ in net.named_parameters()] == list(gradients)
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.backend.name == "strict"
        np.testing.assert_array_equal(parameter.grad.numpy(), gradients[name])
    assert not net.scale.requires_grad
    assert net.extra["shared"] is net.first.weight
    assert net(there(X)).backend.name == "strict"


MAKERS: dict[str, Callable[[list[tg.Tensor]], optim.Optimizer]] = {
    "sgd": lambda p: optim.SGD(p, 0.1),
    "momentum": lambda p: optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, 0.05),
    "adamw": lambda p: optim.AdamW(p, 0.05),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_an_optimizer_follows_and_goes_on_as_if_nothing_had_moved(kind: str) -> None:
    def trained(places: list[str]) -> list[Any]:
        tg.seed(3)
        net = Net()
        optimizer = MAKERS[kind](net.parameters())
        losses = [step(net.to(place), optimizer, place) for place in places]
        state = optimizer.state_dict()
        return [*losses, *(net.state_dict()[n] for n in sorted(net.state_dict())), *state.values()]

    still = trained(["numpy"] * 6)
    moving = trained(["numpy", "strict", "strict", "boxed", "numpy", "numpy"])
    for one, two in zip(still, moving, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-15)


def test_parts_of_a_model_on_two_backends_are_trained_together() -> None:
    def trained(split: bool) -> list[Any]:
        tg.seed(3)
        net = Net()
        optimizer = optim.Adam(net.parameters(), 0.05)
        losses = []
        for turn in range(5):
            place = "strict" if split and turn >= 2 else "numpy"
            net.second.to(place)
            optimizer.zero_grad()
            hidden = tg.tanh(net.first(tg.Tensor(X))).to(place)
            loss = (net.second(hidden) ** 2).sum()
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
        return [*losses, *(p.numpy() for p in net.parameters())]

    for one, two in zip(trained(False), trained(True), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)


def test_what_was_computed_before_a_move_cannot_reach_the_parameters_after_it(net: Net) -> None:
    loss = (net(tg.Tensor(X)) ** 2).sum()
    net.to("strict")
    with pytest.raises(
        tg.BackendMismatch, match="moved to backend 'strict' after this was computed"
    ):
        loss.backward()
    assert all(parameter.grad is None for parameter in net.parameters())
    loss = (net.to("numpy")(tg.Tensor(X)) ** 2).sum()
    net.to("strict")
    with pytest.raises(tg.BackendMismatch, match=r"gradients: .* moved or changed its flag after"):
        tg.gradients(loss, net.first.weight)
    net.to("numpy")  # back where the graph is
    loss.backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_a_tensor_with_a_history_stays_and_so_does_the_whole_module(net: Net) -> None:
    net.scale = net.first.weight.sum()
    with pytest.raises(tg.GraphError, match=r"Net.to: .* is the result of a recorded operation"):
        net.to("strict")
    assert {tensor.backend.name for _, tensor in net.named_tensors()} == {"numpy"}


def test_a_value_that_the_other_backend_cannot_hold_leaves_all_where_it_was(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = get_backend("strict")
    bring = strict.asarray
    calls = []

    def failing(value: Any, dtype: Any = None, *, copy: bool | None = None) -> Any:
        calls.append(1)
        if len(calls) > 3:
            raise tg.DTypeError("no such dtype there")
        return bring(value, dtype, copy=copy)

    monkeypatch.setattr(strict, "asarray", failing)
    with pytest.raises(tg.DTypeError, match="no such dtype there"):
        net.to("strict")
    assert {tensor.backend.name for _, tensor in net.named_tensors()} == {"numpy"}


def test_frozen_parameters_move_and_stay_frozen(net: Net) -> None:
    net.first.weight.requires_grad = False
    net.to("strict")
    assert not net.first.weight.requires_grad
    assert net.second.weight.requires_grad


def test_state_moves_between_backends_by_way_of_the_host(net: Net) -> None:
    other = Net().to("strict")
    other.load_state_dict(net.state_dict())
    np.testing.assert_array_equal(other.first.weight.numpy(), net.first.weight.numpy())
    assert other.first.weight.backend.name == "strict"
    assert copy.deepcopy(other).first.weight.backend.name == "strict"


def test_an_optimizer_is_loaded_after_a_move_before_any_step(net: Net) -> None:
    optimizer = optim.Adam(net.parameters(), 0.05)
    step(net, optimizer, "numpy")
    state = optimizer.state_dict()
    fresh = optim.Adam(net.to("strict").parameters(), 0.05)
    fresh.load_state_dict(state)
    optimizer.load_state_dict(state)  # whose own tensors have not followed yet
    step(net, optimizer, "strict")
    assert optimizer.state_dict()["0.count"] == 2.0


def test_hooks_of_parameters_move_along(net: Net) -> None:
    seen = []
    net.first.weight.register_hook(lambda g: seen.append(g.backend.name))
    net.to("strict")
    (net(there(X)) ** 2).sum().backward()
    assert seen == ["strict"]


@pytest.mark.parametrize("kind", ["momentum", "adam"])
def test_an_optimizer_is_pickled_after_a_move_before_it_has_followed(kind: str, net: Net) -> None:
    optimizer = MAKERS[kind](net.parameters())
    step(net, optimizer, "numpy")
    net.to("strict")
    loaded_net, loaded = pickle.loads(pickle.dumps((net, optimizer)))
    step(loaded_net, loaded, "strict")
    step(net, optimizer, "strict")
    for one, two in zip(net.parameters(), loaded_net.parameters(), strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


@pytest.mark.parametrize("kind", ["momentum", "adam"])
@pytest.mark.parametrize("failing", range(6))
def test_an_optimizer_that_could_not_follow_does_so_in_the_next_step(
    kind: str, failing: int, net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    optimizer = MAKERS[kind](net.parameters())
    step(net, optimizer, "numpy")
    net.to("strict")
    (net(there(X)) ** 2).sum().backward()
    strict, calls = get_backend("strict"), []
    bring = strict.asarray

    def full(value: Any, dtype: Any = None, *, copy: bool | None = None) -> Any:
        calls.append(1)
        if len(calls) == failing + 1:
            raise MemoryError("device full")
        return bring(value, dtype, copy=copy)

    before = [p.numpy() for p in net.parameters()]
    with monkeypatch.context() as patch:
        patch.setattr(strict, "asarray", full)
        try:
            optimizer.step()
        except MemoryError:
            for parameter, value in zip(net.parameters(), before, strict=True):
                if kind == "adam":  # which follows with all before it changes any
                    np.testing.assert_array_equal(parameter.numpy(), value)
                parameter.data = strict.asarray(value)
    if len(calls) <= failing:
        pytest.skip("as many transfers are not needed")
    optimizer.step()
    assert {tensor.backend.name for tensor in optimizer._state().values()} == {"strict"}
