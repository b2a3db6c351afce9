"""Handles that change, share and part: each keeps its own value and gets its own gradient."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tensorgrok.cards import primitive


def leaf(values: Any) -> Tensor:
    return Tensor(np.array(values, dtype=np.float64), requires_grad=True)


def gradient(tensor: Tensor) -> Any:
    assert tensor.grad is not None
    return tensor.grad.tolist()


# Gradients find their handle -------------------------------------------------------------------


def test_a_leaf_that_was_frozen_in_between_gets_the_gradient_of_both_times() -> None:
    w = leaf([1.0, 2.0])
    before = w * 2
    w.requires_grad = False
    frozen = w * 3
    w.requires_grad = True
    after = w * 5
    (before + frozen + after).sum().backward()
    assert gradient(w) == [7.0, 7.0]


def test_a_retained_gradient_is_that_of_the_value_which_the_handle_has_now() -> None:
    w = leaf([1.0, 2.0, 3.0])
    h = w * 2
    h.retain_grad()
    earlier = (h * h).sum()
    h[0] = 5.0
    h.retain_grad()
    ((h * 10).sum() + earlier).backward()
    assert gradient(h) == [10.0, 10.0, 10.0]


def test_a_recorded_gradient_accumulates_with_its_history_under_no_grad() -> None:
    w = leaf(3.0)
    w.grad = Tensor(np.array(1.0))
    loss = w * w
    with tg.no_grad():
        loss.backward(create_graph=True)
    assert gradient(w) == 7.0
    assert w.grad is not None
    assert w.grad.requires_grad


@pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
def test_gradients_are_arrays_that_can_be_written(shape: tuple[int, ...]) -> None:
    w = leaf(np.full(shape, 2.0))
    (w * w).sum().backward()
    assert w.grad is not None
    assert type(w.grad.data) is np.ndarray
    w.grad.data[...] = 0
    found = tg.grad(lambda t: (t * t).sum())(w)
    assert type(found.data) is np.ndarray


def test_assigning_to_all_of_a_single_number_is_differentiable() -> None:
    w = leaf(2.0)
    k = w * 3
    k[...] = w * 7
    (k + w).backward()
    assert gradient(w) == 8.0


def test_a_gradient_that_is_asked_for_twice_comes_in_two_arrays() -> None:
    x = leaf([1.0, 2.0])
    one, two = tg.gradients((x * x).sum(), [x, x])
    one.data[...] = 0
    assert two.tolist() == [2.0, 4.0]


def test_gradients_change_no_grad() -> None:
    x = leaf([1.0, 2.0])
    h = x * 2
    h.retain_grad()
    tg.gradients((h * h).sum(), x)
    assert h.grad is None
    assert x.grad is None


def test_gradients_release_only_what_they_read() -> None:
    w = leaf([1.0, 2.0])
    h = w * w
    (g,) = tg.gradients((h * h).sum(), [h])
    h.backward(g)
    assert gradient(w) == [4.0, 32.0]


def test_a_transform_under_no_grad_leaves_the_callers_graph_alone() -> None:
    w = leaf([1.0, 2.0])
    h = w * w
    with tg.no_grad():
        tg.grad(lambda t: (t * t).sum())(h)
        tg.grad(lambda t: (t * h).sum())(np.ones(2))
    h.sum().backward()
    assert gradient(w) == [2.0, 4.0]


# Values part -----------------------------------------------------------------------------------


def test_assign_copies_so_that_writing_into_one_changes_no_other() -> None:
    online, target = leaf([1.0, 2.0]), leaf([0.0, 0.0])
    with tg.no_grad():
        target.assign(online)
    other = leaf([0.0, 0.0])
    other.data = online.data
    (online * online).sum().backward()
    assert online.grad is not None
    online.data -= 0.1 * online.grad
    np.testing.assert_allclose(online.numpy(), [0.8, 1.6])
    assert target.tolist() == [1.0, 2.0]
    assert other.tolist() == [1.0, 2.0]


# Hooks -----------------------------------------------------------------------------------------


def test_removing_a_hook_twice_takes_off_no_other() -> None:
    x = leaf([1.0])

    def double(g: Tensor) -> Tensor:
        return g * 2

    first = x.register_hook(double)
    x.register_hook(double)
    first.remove()
    first.remove()
    (x * 1.0).sum().backward()
    assert gradient(x) == [2.0]


# Copies of what holds tensors and cards ----------------------------------------------------------


def test_cards_are_pickled_and_copied_as_themselves() -> None:
    assert pickle.loads(pickle.dumps(tg.tanh)) is tg.tanh
    assert copy.deepcopy(tg.relu) is tg.relu
    model = nn.Sequential(nn.Linear(2, 3), tg.relu)
    clone = pickle.loads(pickle.dumps(model))
    assert clone[1] is tg.relu
    np.testing.assert_array_equal(clone[0].weight.numpy(), model[0].weight.numpy())


def test_an_optimizer_is_copied_after_it_was_used() -> None:
    w = leaf([1.0])
    optimizer = optim.SGD([w], lr=0.5)
    (w * w).sum().backward()
    optimizer.step()
    for clone in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        (parameter,) = clone.parameters
        (parameter * 3).sum().backward()
        clone.step()
        assert clone.lr == 0.5
        assert parameter.tolist() == [-1.5]
    assert w.tolist() == [0.0]


# Cards of users --------------------------------------------------------------------------------


@pytest.mark.usefixtures("_own_cards")
def test_mistakes_in_a_card_are_named() -> None:
    with pytest.raises(tg.ArgumentError, match=r"the kind is one of elementwise.*not 'elem'"):
        primitive("elem")
    with pytest.raises(tg.ArgumentError, match="there is a card called 'exp' already"):

        @primitive("elementwise")
        def exp(xp: Any, x: Any) -> Any:
            return x

    @primitive("elementwise", public=False)
    def cube(xp: Any, x: Any) -> Any:
        return x * x * x

    with pytest.raises(tg.ArgumentError, match=r"cube.pullback: name one or more of x, not none"):
        cube.pullback()
    with pytest.raises(tg.ArgumentError, match=r"not 'z'"):
        cube.pullback("z")
    with pytest.raises(tg.ArgumentError, match=r"takes xp first and may then read .*it names g"):

        @cube.pullback("x")
        def wrong(g: Any) -> Any:
            return g

    @cube.pullback("x")
    def cube_pull_x(xp: Any, g: Any) -> Any:
        return g[:1]

    x = leaf([1.0, 2.0])
    with pytest.raises(tg.GraphError, match=r"cube_pull_x: gave a cotangent of shape \(1,\)"):
        cube(x).sum().backward()
    assert x.grad is None


def test_a_generator_is_checked_when_a_layer_is_made() -> None:
    for make in (
        lambda: nn.Linear(2, 3, generator=0),  # type: ignore[arg-type]  # the mistake under test
        lambda: nn.Dropout(0.5, generator=7),  # type: ignore[arg-type]  # the mistake under test
    ):
        with pytest.raises(tg.DTypeError, match=r"generator must be a Generator, not [07]"):
            make()


def test_a_factory_that_makes_no_backend_is_refused() -> None:
    tg.register_backend("nothing", lambda: 3)  # type: ignore[arg-type, return-value]  # the same
    with pytest.raises(tg.BackendError, match=r"'nothing': its factory returned 3, no Backend"):
        tg.use_backend("nothing")


def test_an_error_that_says_enough_is_not_its_own_cause() -> None:
    with pytest.raises(tg.ArgumentError, match="split: cannot cut") as caught:
        tg.split(tg.zeros(4), 3)
    assert caught.value.__cause__ is None


# Several results, and every way to write an operation --------------------------------------------


def test_gradients_with_respect_to_one_of_several_results() -> None:
    x = leaf([1.0, 2.0, 3.0])
    first, second = tg.split(x * x, (1, 2))
    loss = (second * second * first).sum()
    assert tg.gradients(loss, second, retain_graph=True).tolist() == [8.0, 18.0]
    assert tg.gradients(loss, [x, first])[1].tolist() == [97.0]


def test_a_hook_on_a_result_that_was_not_used_is_not_called() -> None:
    x = leaf([1.0, 2.0])
    first, second = tg.split(x, 2)
    first.register_hook(lambda g: pytest.fail("there is no gradient to show"))
    (second * 3).sum().backward()
    assert gradient(x) == [0.0, 3.0]


@pytest.mark.usefixtures("_own_cards")
def test_a_rule_may_read_several_results_to_second_order() -> None:
    @primitive("elementwise", public=False)
    def powers(xp: Any, x: Any) -> Any:
        return x * x, x * x * x

    @powers.pullback("x")
    def powers_pull_x(xp: Any, g: Any, x: Any, y: Any) -> Any:
        two, three = (0 * x if part is None else part for part in g)
        return 2 * two * x + 3 * three * y[0]

    def both(x: Tensor) -> Any:
        square, cube = powers(x)  # its results iterate like a tuple, which they are
        return square * 2.0, cube

    assert tg.gradcheck(both, [np.array([0.5, -1.5])])


def test_methods_are_the_functions_of_the_same_name() -> None:
    x = leaf([[0.5, 1.5], [2.5, 3.5]])
    for name in ("exp", "log", "sqrt", "abs", "sin", "cos", "tanh", "sigmoid", "relu", "conj"):
        np.testing.assert_array_equal(getattr(x, name)().numpy(), getattr(tg, name)(x).numpy())
    for name in ("sum", "mean", "max", "argmax", "logsumexp"):
        method, function = getattr(x, name), getattr(tg, name)
        np.testing.assert_array_equal(method(axis=1).numpy(), function(x, 1).numpy())
    for name in ("real", "imag"):
        np.testing.assert_array_equal(getattr(x, name).numpy(), getattr(tg, name)(x).numpy())
    np.testing.assert_array_equal(x.permute_dims(1, 0).numpy(), tg.transpose(x).numpy())
    np.testing.assert_array_equal(x.reshape(4).numpy(), tg.reshape(x, 4).numpy())
    np.testing.assert_array_equal(
        x.broadcast_to((2, 2, 2)).numpy(), tg.broadcast_to(x, (2, 2, 2)).numpy()
    )
    for one, two in zip(x.split(2), tg.split(x, 2), strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
    assert (+x) is not x


# Errors that nothing else asks for ---------------------------------------------------------------


@pytest.mark.usefixtures("_own_cards")
def test_reserved_names_of_arguments_are_refused() -> None:
    with pytest.raises(tg.ArgumentError, match=r"odd: an array argument cannot be called g;"):

        @primitive("elementwise")
        def odd(xp: Any, g: Any) -> Any:
            return g


def test_joining_along_no_axis_is_refused() -> None:
    with pytest.raises(tg.DTypeError, match=r"concat: .*flatten the tensors with reshape\(-1\)"):
        tg.concat([tg.zeros(2)], axis=None)  # type: ignore[arg-type]  # the mistake under test


def test_an_update_that_does_not_fit_names_its_operands() -> None:
    w = leaf([1.0, 2.0])
    optimizer = optim.SGD([w], lr=0.1)
    w._grad = Tensor(np.ones(3))  # the setter would have refused it
    with pytest.raises(tg.ShapeError, match=r"sgd_update: .*shape \(2,\).*shape \(3,\)"):
        optimizer.step()
    assert w.tolist() == [1.0, 2.0]


def test_a_backend_that_lacks_a_package_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name = "broken"

        def load(self) -> Any:
            raise ImportError("No module named 'nothing'")

    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Entry()])
    with pytest.raises(tg.BackendUnavailable, match="'broken' cannot be loaded: No module"):
        tg.use_backend("broken")


def test_auto_says_why_nothing_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorgrok.registry.AUTO_ORDER", ("cupy", "nobody"))
    with pytest.raises(tg.BackendUnavailable, match=r"no backend can run here. cupy: .* nobody: "):
        tg.use_backend("auto")


def test_arrays_of_a_device_become_tensors_there() -> None:
    with tg.use_backend("strict"):
        array = Tensor([1.0, 2.0]).data
        assert Tensor(array, dtype=np.float64).tolist() == [1.0, 2.0]
        assert Tensor(array, copy=False).backend.name == "strict"


@pytest.mark.parametrize("value", [0.1, [0.1, 0.1]])
def test_numbers_assigned_to_a_tensor_have_its_precision(value: Any, backend: str) -> None:
    x = tg.Tensor(np.zeros(2))
    x[:] = value
    assert x.tolist() == [0.1, 0.1]
    y = tg.Tensor(np.zeros(2))
    y.assign([0.1, 0.1])
    assert y.tolist() == [0.1, 0.1]
    z = tg.Tensor(np.zeros(()))
    z.assign(0.1)
    assert z.item() == 0.1
    assert tg.scatter_add(tg.Tensor(np.zeros(2)), [0, 0], value).tolist() == [0.2, 0.0]


def test_lists_assigned_are_as_precise_as_the_tensor_and_ragged_ones_are_refused(
    backend: str,
) -> None:
    c = tg.Tensor(np.array(0j))
    c.assign(0.1 + 0.1j)
    assert c.item() == 0.1 + 0.1j
    for dtype in ("f4", "i8"):
        x = tg.Tensor(np.zeros(2, dtype))
        with pytest.raises(
            tg.ShapeError, match="assign: the new value: nested lists must be of eq"
        ):
            x.assign([[1.0], [1.0, 2.0]])
