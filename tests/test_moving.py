"""Tensors that are brought from one backend to another, and gradients that find their way back."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn, registry
from tensorgrok.graph import Crossing, order
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


def test_a_backend_that_changes_the_dtype_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = get_backend("strict")
    bring = strict.asarray
    monkeypatch.setattr(strict, "asarray", lambda value, **options: bring(value, np.float32))
    x = tg.Tensor(np.zeros(2))
    with pytest.raises(tg.DTypeError, match="'strict' made float32 of float64; cast with astype"):
        x.to("strict")


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


def test_what_is_used_on_both_sides_is_visited_once() -> None:
    seen: list[Any] = []
    x = tg.Tensor(X, requires_grad=True)
    y = x * 1
    y.register_hook(lambda g: seen.append(g.numpy()))
    (y.to("strict").to("numpy") * 3 + y * 2).sum().backward()
    assert len(seen) == 1
    np.testing.assert_allclose(seen[0], np.full_like(X, 5))


def test_backward_over_three_backends_takes_time_in_proportion_to_its_length() -> None:
    def visits(layers: int) -> int:
        count = []
        x = tg.Tensor([1.0], requires_grad=True)
        h = x * 1
        for _ in range(layers):
            h.register_hook(lambda g: count.append(1))
            h = h.to("strict").to("numpy") * 0.5 + h.to("boxed").to("numpy") * 0.5
        h.sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [1.0]
        return len(count)

    assert visits(25) == 25


def test_the_recorded_graph_goes_on_behind_a_crossing() -> None:
    x = tg.Tensor(X, requires_grad=True)
    end = (x * 2).to("strict").sum()
    assert end.node is not None
    kinds = [type(node).__name__ for node in order([end.node])]
    assert kinds == ["Leaf", "Node", "Crossing", "Node"]
    crossing = next(node for node in order([end.node]) if isinstance(node, Crossing))
    assert repr(crossing) == "<Crossing from 'numpy': (2, 3) float64>"
    assert crossing.origin is get_backend("numpy")
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        copy.deepcopy(crossing)


def test_gradients_leave_what_is_behind_their_targets_alone() -> None:
    seen: list[int] = []
    x = tg.Tensor([2.0], requires_grad=True)
    b = x.to("strict") * x.to("strict")
    b.register_hook(lambda g: seen.append(1))
    c = b.to("numpy") * 3.0
    d = (c * c).sum()
    assert tg.gradients(d, c).tolist() == [24.0]
    assert seen == []
    b.sum().backward()  # nothing of it was released
    assert x.grad is not None
    assert x.grad.tolist() == [4.0]


def test_gradients_with_respect_to_tensors_on_two_backends_at_once() -> None:
    here, away = tg.Tensor(X, requires_grad=True), there(X, requires_grad=True)
    end = (here.to("strict") * away).sum()
    first, second = tg.gradients(end, [here, away])
    assert (first.backend.name, second.backend.name) == ("numpy", "strict")
    np.testing.assert_allclose(first.numpy(), X)
    np.testing.assert_allclose(second.numpy(), X)
    with pytest.raises(
        tg.BackendMismatch, match="outputs live on backends 'strict' and 'numpy'; b"
    ):
        tg.gradients([end, here.sum()], here)


def test_recorded_gradients_stay_recorded_under_no_grad() -> None:
    x = tg.Tensor(np.array([2.0]), requires_grad=True)
    y = (x.to("strict") ** 3).to("numpy").sum() + (x**3).sum()
    with tg.no_grad():
        first = tg.gradients(y, x, create_graph=True)
    assert tg.gradients(first, x).tolist() == [24.0]
    with tg.no_grad():
        y.backward(create_graph=True)
    assert x.grad is not None
    assert x.grad.requires_grad


def test_a_transform_of_a_function_that_crosses_hands_out_plain_values() -> None:
    def function(x: tg.Tensor) -> tg.Tensor:
        return (x.to("strict") ** 2).sum()

    value, slope = tg.value_and_grad(function)(tg.Tensor(X))
    assert not value.requires_grad
    assert not slope.requires_grad


def test_gradcheck_follows_its_inputs() -> None:
    assert tg.gradcheck(lambda x: x * x, [there(X)], order=2)
    assert tg.gradcheck(lambda x: (x.to("numpy") ** 3).to("boxed"), [there(X)], order=2)


def test_lists_go_where_the_tensors_beside_them_are() -> None:
    assert tg.choice(there([1.0, 2.0, 3.0]), (4,), p=[0.0, 1.0, 0.0]).tolist() == [2.0] * 4
    assert nn.mse([1.0, 0.0], there([1.0, 2.0])).item() == 2.0
    assert nn.mse(there([1.0, 2.0]), [1.0, 0.0]).item() == 2.0


def test_auto_is_a_name_wherever_a_backend_is_named() -> None:
    assert tg.Tensor([1.0], backend="auto").backend is tg.Tensor([1.0]).to("auto").backend


def test_a_frozen_tensor_is_brought_over_without_a_history() -> None:
    w = tg.Tensor([1.0], requires_grad=True)
    w.requires_grad = False
    assert not w.to("strict").requires_grad
