"""Handles that change, share and part: each keeps its own value and gets its own gradient."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tensorgrok.cards import primitive
from tensorgrok.engine import operations, primitives


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


@pytest.fixture
def _own_cards() -> Iterator[None]:
    before = set(primitives)
    yield
    for name in set(primitives) - before:
        del primitives[name]
        operations.pop(name, None)


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
