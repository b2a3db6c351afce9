"""From one backend to another: single tensors, whole modules, and the optimizers that follow."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn, optim, registry
from tensorgrok.registry import get_backend
from tests.readers.recorder import Recorder

X = np.array([[0.5, -1.5, 2.0], [-0.25, 1.25, -3.0]])


def there(value: Any, **options: Any) -> tg.Tensor:
    return tg.Tensor(value, backend="strict", **options)


# Single tensors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (2, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int64", "bool"])
def test_values_dtype_and_name_come_along(shape: tuple[int, ...], dtype: str) -> None:
    x = tg.Tensor(np.ones(shape, dtype=dtype), name="x")
    moved = x.to("strict")
    assert moved.backend is get_backend("strict")
    assert moved.dtype == x.dtype
    assert moved.name == "x"
    back = moved.to("numpy")
    assert back.backend.name == "numpy"
    np.testing.assert_array_equal(back.numpy(), x.numpy())


def test_a_tensor_that_is_there_already_is_returned_itself() -> None:
    x = tg.Tensor([1.0], requires_grad=True)
    assert x.to("numpy") is x
    assert x.to(get_backend("numpy")) is x


def test_what_was_brought_over_is_a_copy() -> None:
    x = tg.Tensor([1.0, 2.0])
    plain = x.to("boxed")
    x.data[0] = 9
    assert plain.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("bad", [np.float32, "float32", np.dtype("f4"), 3, None, float])
def test_what_is_no_backend_is_refused(bad: Any) -> None:
    with pytest.raises((tg.DTypeError, tg.UnknownBackend)) as caught:
        tg.Tensor([1.0]).to(bad)
    if not isinstance(bad, str):
        assert "to: expected a backend or its name, such as 'numpy', not" in str(caught.value)
        assert "astype casts to a dtype" in str(caught.value)


def test_a_backend_that_cannot_run_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> Any:
        raise tg.BackendUnavailable("no such hardware", "buy some")

    monkeypatch.setattr(registry, "_factories", registry._factories | {"absent": absent})
    with pytest.raises(tg.BackendUnavailable, match="'absent' cannot run here: no such hardware;"):
        tg.Tensor([1.0]).to("absent")


def test_gradients_find_their_way_back() -> None:
    x = tg.Tensor(X, requires_grad=True)
    h = x * x
    moved = h.to("strict")
    assert not moved.is_leaf
    assert moved.requires_grad
    (moved * there([1.0, 2.0, 3.0], dtype=np.float64)).sum().backward()
    assert x.grad is not None
    assert x.grad.backend.name == "numpy"
    np.testing.assert_allclose(x.grad.numpy(), 2 * X * [1.0, 2.0, 3.0])


def test_a_parameter_used_elsewhere_gets_its_gradient_where_it_is() -> None:
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    w.to("strict").sum().backward()
    w.to("strict").sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2.0, 2.0]


def across(x: tg.Tensor) -> tg.Tensor:
    """There and back, with the same values used on both sides."""
    y = tg.sin(x)
    moved = tg.exp(y.to("strict") * x.to("strict"))
    back = moved.to("numpy") * y
    return (back + (moved * moved).to("boxed").to("numpy")).sum()


def plain(x: tg.Tensor) -> tg.Tensor:
    y = tg.sin(x)
    moved = tg.exp(y * x)
    return (moved * y + moved * moved).sum()


def test_there_and_back_the_gradient_is_that_of_one_backend() -> None:
    found, expected = (tg.Tensor(X, requires_grad=True) for _ in range(2))
    across(found).backward()
    plain(expected).backward()
    assert found.grad is not None
    assert expected.grad is not None
    np.testing.assert_allclose(found.grad.numpy(), expected.grad.numpy(), rtol=1e-12)


def test_derivatives_of_second_order_cross_too() -> None:
    assert tg.gradcheck(across, [X], order=2)
    second = tg.grad(lambda x: (tg.grad(across)(x) ** 2).sum())(X)
    expected = tg.grad(lambda x: (tg.grad(plain)(x) ** 2).sum())(X)
    np.testing.assert_allclose(second.numpy(), expected.numpy(), rtol=1e-10)


def test_gradients_with_respect_to_both_sides() -> None:
    x = tg.Tensor(X, requires_grad=True)
    moved = (x * 2).to("strict")
    end = (moved * moved).sum()
    first = tg.gradients(end, moved, retain_graph=True)
    assert first.backend.name == "strict"
    np.testing.assert_allclose(first.numpy(), 4 * X)
    second = tg.gradients(end, x)
    assert second.backend.name == "numpy"
    np.testing.assert_allclose(second.numpy(), 8 * X)


def test_an_input_that_nothing_depends_on_has_zeros_where_it_is() -> None:
    x, other = tg.Tensor(X, requires_grad=True), tg.Tensor(X, requires_grad=True)
    end = x.to("strict").sum()
    found = tg.gradients(end, [x, other])
    assert [g.backend.name for g in found] == ["numpy", "numpy"]
    assert found[1].numpy().tolist() == np.zeros_like(X).tolist()


def test_hooks_and_retained_gradients_work_on_both_sides() -> None:
    seen = []
    x = tg.Tensor(X, requires_grad=True)
    moved = x.to("strict")
    moved.register_hook(lambda g: seen.append(g.backend.name))
    moved.retain_grad()
    x.register_hook(lambda g: g * 10)
    (moved * 2).sum().backward()
    assert seen == ["strict"]
    assert moved.grad is not None
    np.testing.assert_allclose(moved.grad.numpy(), np.full_like(X, 2))
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), np.full_like(X, 20))


def test_gradients_kept_on_both_ways_add_up() -> None:
    x = tg.Tensor(X, requires_grad=True)
    y = x * 1
    y.retain_grad()
    (y.to("strict").to("numpy") * 3 + y * 2).sum().backward()
    assert y.grad is not None
    np.testing.assert_allclose(y.grad.numpy(), np.full_like(X, 5))


def test_nothing_is_recorded_where_nothing_is_wanted() -> None:
    w = tg.Tensor([1.0], requires_grad=True)
    with tg.no_grad():
        assert not w.to("strict").requires_grad
    assert not w.detach().to("strict").requires_grad
    assert tg.Tensor([1]).to("strict").node is None


def test_a_second_backward_over_a_released_graph_is_refused_on_the_other_side_too() -> None:
    x = tg.Tensor(X, requires_grad=True)
    end = ((x * x).to("strict") * 1.0).sum()
    end.backward(retain_graph=True)
    end.backward()
    with pytest.raises(tg.GraphReleased):
        end.backward()


def test_a_traced_step_does_not_change_backends() -> None:
    x, layer = tg.Tensor(X), nn.Linear(2, 2)
    with pytest.raises(tg.GraphError, match="to: 'x' cannot change its backend inside a traced"):
        Recorder(lambda t: t + x.to("strict"), [tg.Tensor(1.0)])
    with pytest.raises(tg.GraphError, match=r"Linear.to: .* inside a traced step"):
        Recorder(lambda t: t + layer.to("strict").weight, [tg.Tensor(1.0)])


def test_mixing_names_the_cure() -> None:
    x, y = tg.Tensor([1.0]), there([2.0])
    with pytest.raises(
        tg.BackendMismatch, match=r"bring one to the other, for example with \.to\('numpy'\)"
    ):
        _ = x + y
    assert (x + y.to("numpy")).tolist() == [3.0]
    with pytest.raises(tg.BackendMismatch, match=r"bring it there with \.to\('numpy'\)"):
        x.assign(y)


# Modules and their optimizers --------------------------------------------------------------------


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
