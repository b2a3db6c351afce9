"""The numbers of a view: recorded ones, those that follow from them, or why there are none.

There are never zeros for what was not computed, and never numbers that have become untrue.
"""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tensorgrok.terms import Term
from tensorgrok.views.values import (
    CHANGED,
    CHANGED_OR_OTHER,
    DOUBTFUL,
    GONE,
    HOOKED,
    NOT_COMPUTED,
    OFF,
    RELEASED,
    SEVERAL,
)
from tensorgrok.views.view import View
from tests.viewed import NETWORKS, Viewed, seed_network


def terms(view: View) -> dict[str, Term]:
    """The terms of both directions, by name."""
    backward = view.reading.backward
    found = {t.name: t for t in view.reading.program.terms if t.name is not None}
    for line in backward.lines:
        found |= {t.name: t for t in (line.target, *line.terms) if t.name is not None}
    return found


def number(view: View, name: str) -> Any:
    """The value of a name, on the host; None if there is none."""
    term = terms(view)[name]
    array = view.values.array(term)
    return None if array is None else np.asarray(view.values.home(term).to_numpy(array))


def why(view: View, name: str) -> str:
    return view.values.why(terms(view)[name])


def of(net: Viewed, **options: Any) -> View:
    return tg.view(net.root, names=net.names, **options)


# Before and after backward ------------------------------------------------------------------------


def test_before_backward_deltas_have_no_numbers() -> None:
    net = seed_network()
    view = of(net)
    assert number(view, "loss") == net.root.numpy()
    for line in view.backward.lines:
        assert number(view, str(line.name)) is None
        assert why(view, str(line.name)) == NOT_COMPUTED
        assert NOT_COMPUTED in line.terminal(200)
        assert 'data-pending="true"' in line.bricks or NOT_COMPUTED in line.bricks
    assert "δ" not in view.whole.lines[0].terminal()
    assert "Deltas have no numbers: no gradient has been computed yet" in view.subtitle


@pytest.mark.parametrize("network", [*NETWORKS])
def test_after_backward_deltas_are_the_cotangents(network: str) -> None:
    net = NETWORKS[network]()
    net.root.backward(retain_graph=True)
    for cut in ("layers", "ops"):
        view = of(net, cut=cut)
        gradients = view.reading.backward.gradients
        shown = {leaf.name: view.values.array(term) for leaf, term in gradients.items()}
        assert set(net.parameters) <= set(shown)
        for name, tensor in net.parameters.items():
            assert tensor.grad is not None
            np.testing.assert_allclose(
                np.asarray(shown[name]), tensor.grad.numpy(), rtol=1e-12, atol=1e-13
            )
    if network == "seed_network":
        layer_2_delta = net.names["layer_2"].numpy() - net.names["walk_vs_stop"].numpy()
        view = of(net)
        np.testing.assert_array_equal(number(view, "layer_2_delta"), layer_2_delta)
        assert "δ₂" in view.whole.lines[0].terminal()


def test_what_was_released_says_so_and_living_tensors_stay() -> None:
    net = seed_network()
    layer_2 = net.names["layer_2"].numpy()
    net.root.backward()
    view = of(net)
    np.testing.assert_array_equal(number(view, "layer_2"), layer_2)
    np.testing.assert_array_equal(number(view, "walk_vs_stop"), [[1.0]])
    alone = tg.view(net.root, names={"loss": net.root})
    assert why(alone, "layer_2") == RELEASED
    assert RELEASED in alone.lines[1].terminal(200)
    assert number(alone, "loss") == net.root.numpy()
    assert alone.text()
    assert alone.html()


def test_a_cotangent_that_is_given_gives_numbers_to_deltas() -> None:
    net = seed_network()
    output = net.names["layer_2"]
    view = tg.view(output, names=net.names, gradient=[[2.0]])
    assert view.values.differentiated
    np.testing.assert_array_equal(number(view, "layer_2_delta"), [[2.0]])
    wanted = tg.gradients(output, list(net.parameters.values()), Tensor([[2.0]], dtype="f8"))
    for gradient, name in zip(wanted, ("weight_delta_0_1", "weight_delta_1_2"), strict=True):
        np.testing.assert_array_equal(number(view, name), gradient.numpy())
    with pytest.raises(tg.ShapeError, match=r"view: 'output' has shape \(1, 1\), the gradient"):
        tg.view(output, names=net.names, gradient=[1.0, 2.0])


# What has changed since ---------------------------------------------------------------------------


def test_after_a_step_nothing_that_is_shown_is_untrue() -> None:
    net = seed_network()
    before = {name: tensor.numpy().copy() for name, tensor in net.names.items()}
    net.root.backward(retain_graph=True)
    gradients = {name: p.grad.numpy() for name, p in net.parameters.items() if p.grad is not None}
    optim.SGD(list(net.parameters.values()), lr=0.1).step()
    view = of(net)
    shown = {name: number(view, name) for name in before}
    for name, value in shown.items():
        assert value is None or np.array_equal(value, before[name]), name
        assert value is not None or why(view, name) == CHANGED
    np.testing.assert_array_equal(shown["weights_1_2"], before["weights_1_2"])  # a rule reads it
    assert shown["weights_0_1"] is None
    np.testing.assert_array_equal(number(view, "weight_delta_0_1"), gradients["weights_0_1"])


def test_data_of_another_shape_is_another_value() -> None:
    w = Tensor(np.ones((2, 2)), requires_grad=True)
    y = (w + 1).sum()
    with tg.no_grad():
        w.data = np.zeros((2, 2))
    view = tg.view(y, names={"w": w, "y": y})
    assert number(view, "y") == 8
    assert number(view, "w") is None
    assert why(view, "w") == CHANGED


def test_a_constant_that_is_gone() -> None:
    w = Tensor(np.ones(3), requires_grad=True)
    y = w + Tensor(np.arange(3.0))
    gc.collect()
    view = tg.view(y, names={"w": w, "y": y})
    constant = next(t.name for t in view.reading.program.terms if t.card is None and t.name != "w")
    assert why(view, str(constant)) == GONE
    np.testing.assert_array_equal(number(view, "y"), [1, 2, 3])
    assert number(view, "w") is None  # nothing is left that it could be compared with
    assert why(view, "w") == DOUBTFUL


def test_after_a_release_leaves_have_the_numbers_that_the_result_confirms() -> None:
    net = seed_network()
    before = {name: tensor.numpy().copy() for name, tensor in net.parameters.items()}
    net.root.backward()
    alone = {"loss": net.root, **net.parameters}
    view = tg.view(net.root, names=alone)
    for name, value in before.items():
        np.testing.assert_array_equal(number(view, name), value)
    optim.SGD(list(net.parameters.values()), lr=0.1).step()
    again = tg.view(net.root, names=alone)
    for name in before:
        assert number(again, name) is None
        assert why(again, name) == CHANGED_OR_OTHER
    for name, value in before.items():  # those of the first view are of its time
        np.testing.assert_array_equal(number(view, name), value)


def test_biases_are_confirmed_by_what_was_added_to_them() -> None:
    x, b = Tensor(np.ones((1, 2))), Tensor(np.ones(2), requires_grad=True)
    w = Tensor(np.ones((2, 2)), requires_grad=True)
    y = tg.relu(tg.tanh(x).dot(w) + b)
    loss = (y * y).sum()  # both operands of the product are kept, but not the product
    names = {"x": x, "w": w, "b": b, "y": y, "loss": loss}
    np.testing.assert_array_equal(number(tg.view(loss, names=names), "b"), np.ones(2))
    with tg.no_grad():
        b.assign(np.zeros(2))
    assert number(tg.view(loss, names=names), "b") is None


def test_only_one_input_can_have_changed() -> None:
    w = Tensor(np.ones(3), requires_grad=True)
    y = (w * 2.0).sum()
    y.backward()
    with tg.no_grad():
        w.assign(np.zeros(3))
    assert why(tg.view(y, names={"w": w, "y": y}), "w") == CHANGED


def test_tensors_that_were_given_other_values() -> None:
    w = Tensor(np.ones(3), requires_grad=True)
    h = w * 2.0
    y = h.sum()
    view = tg.view(y, names={"w": w, "h": h, "y": y})
    with tg.no_grad():
        h.assign(np.zeros(3))
        w.assign(np.zeros(3))
    y.backward()
    np.testing.assert_array_equal(number(view, "h"), [2, 2, 2])
    np.testing.assert_array_equal(number(view, "w"), [1, 1, 1])
    assert number(view, "y") == 6


@pytest.mark.parametrize("place", ["layer_1", "weights_0_1"])
def test_what_hooks_may_change_has_no_numbers(place: str) -> None:
    net = seed_network()
    seen: list[Tensor] = []

    def double(g: Tensor) -> Tensor:
        seen.append(g)
        return g * 2.0

    hook = net.names[place].register_hook(double)
    net.root.backward(retain_graph=True)
    view = of(net)
    ways(view)
    assert len(seen) == 1  # of backward
    assert number(view, "layer_2_delta") is not None
    assert number(view, "weight_delta_1_2") is not None
    behind = ["layer_1_delta", "weight_delta_0_1"] if place == "layer_1" else ["weight_delta_0_1"]
    for name in behind:
        assert number(view, name) is None
        assert why(view, name) == HOOKED
    hook.remove()
    assert number(of(net), "weight_delta_0_1") is not None


def test_hooks_within_folded_modules_are_not_run() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    x = Tensor(np.ones((1, 2)), dtype="f4", requires_grad=True)
    y = model(x)
    seen: list[Tensor] = []
    model[0].weight.register_hook(seen.append)
    gradient = Tensor(np.ones((1, 2)), dtype="f4")
    view = tg.view(y, names={"model": model, "x": x, "y": y}, depth=0, gradient=gradient)
    assert why(view, "x_delta") == HOOKED
    assert seen == []


def test_masks_that_were_saved_as_numbers() -> None:
    x = Tensor(np.array([1.0, -2.0]), requires_grad=True)
    keep = Tensor(np.array([True, False]))
    y = (x * keep).sum()
    view = tg.view(y, names={"x": x, "y": y, "keep": keep})
    keep.assign([False, False])
    np.testing.assert_array_equal(number(view, "keep"), [True, False])


def test_namespaces_hold_all_that_programs_need() -> None:
    net = seed_network()
    output = net.names["layer_2"]
    view = tg.view(output, names=net.names, gradient=[[2.0]], values=False)
    variables = view.namespace()
    exec(view.python, variables)
    exec(view.backward.python, variables)
    np.testing.assert_array_equal(variables["layer_2"].numpy(), output.numpy())
    (wanted,) = tg.gradients(output, [net.names["weights_0_1"]], Tensor([[2.0]], dtype="f8"))
    np.testing.assert_array_equal(variables["weight_delta_0_1"].numpy(), wanted.numpy())


def test_without_values_nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    net = seed_network()
    net.root.backward(retain_graph=True)

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("something was computed")

    monkeypatch.setattr("tensorgrok.views.values.apply", forbidden)
    monkeypatch.setattr("tensorgrok.views.values.run", forbidden)
    monkeypatch.setattr("tensorgrok.views.values.sample", forbidden)
    for options in ({"values": False}, {"detail": "dimensions"}, {"detail": "letters"}):
        view = of(net, **options)
        assert view.text()
        assert view.html()
        assert view.whole.bricks
        assert {view.values.why(term) for term in terms(view).values()} == {OFF}
        assert OFF not in view.text()


# Kinds of numbers ---------------------------------------------------------------------------------


def ways(view: View) -> None:
    """Everything that shows numbers."""
    assert view.text(only_ascii=True).isascii()
    assert "<svg" in view.html()
    assert view.whole.bricks


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (0, 3), (2, 3), (2, 1, 3), (2, 2, 2, 2)])
def test_dtypes_and_shapes(dtype: str, shape: tuple[int, ...], backend: str) -> None:
    x = Tensor(np.ones(shape), dtype=dtype, requires_grad=True)
    y = tg.exp(x) * x
    number_alone = shape == () and "complex" not in dtype  # there backward starts from 1
    gradient = None if number_alone else Tensor(np.ones(shape), dtype=dtype)
    if number_alone:
        y.backward(retain_graph=True)
    view = tg.view(y, names={"x": x, "y": y}, gradient=gradient)
    np.testing.assert_array_equal(number(view, "y"), y.numpy())
    (wanted,) = tg.gradients(y, [x], gradient, retain_graph=True)
    found = number(view, "x_delta")
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-3 if dtype == "float16" else 1e-6)
    assert view.values.home(terms(view)["x"]).name == backend
    ways(view)


def test_integers_booleans_and_what_is_not_finite() -> None:
    x = Tensor(np.array([[np.nan, np.inf], [-np.inf, 1.0]]), requires_grad=True)
    places, keep = Tensor([1, 0]), Tensor(np.array([[True, False], [True, True]]))
    y = tg.where(keep, x[places], 2.0)
    view = tg.view(y, names={"x": x, "places": places, "keep": keep, "y": y})
    np.testing.assert_array_equal(number(view, "y"), [[-np.inf, 2.0], [np.nan, np.inf]])
    np.testing.assert_array_equal(number(view, "places"), [1, 0])
    assert "∞" in view.text()
    ways(view)


def test_nan_is_no_sign_of_change() -> None:
    x = Tensor(np.array([np.nan, 1.0]), requires_grad=True)
    y = x * x + 1
    view = tg.view(y, names={"x": x, "y": y})
    np.testing.assert_array_equal(number(view, "x"), [np.nan, 1.0])


def test_several_results() -> None:
    x = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    first, second, third = tg.unstack(x)
    one, two = tg.split(first * second, [1, 1])
    y = (one * two).sum() + third.sum()
    y.backward(retain_graph=True)
    for cut in ("layers", "one", "ops"):
        view = tg.view(y, names={"x": x, "first": first, "two": two, "y": y}, cut=cut)
        np.testing.assert_array_equal(number(view, "two"), two.numpy())
        assert x.grad is not None
        np.testing.assert_array_equal(number(view, "x_delta"), x.grad.numpy())
        whole = next(t for t in view.reading.program.terms if t.dtype.__class__ is tuple)
        assert view.values.why(whole) == SEVERAL
        ways(view)


# Where and when -----------------------------------------------------------------------------------


def test_values_live_where_they_were_recorded() -> None:
    w = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    moved = (w * 2).to("strict")
    y = (moved * moved).sum()
    y.backward(retain_graph=True)
    assert w.grad is not None
    view = tg.view(y, names={"w": w, "moved": moved, "y": y})
    homes = {name: view.values.home(term).name for name, term in terms(view).items()}
    assert homes["w"] == homes["w_delta"] == "numpy"
    assert homes["moved"] == homes["y"] == "strict"
    np.testing.assert_array_equal(number(view, "moved"), [2.0, 4.0])
    np.testing.assert_array_equal(number(view, "w_delta"), w.grad.numpy())
    variables = view.namespace()
    exec(view.python, variables)
    exec(view.backward.python, variables)
    assert variables["y"].item() == 20
    np.testing.assert_array_equal(variables["w_delta"].numpy(), w.grad.numpy())
    ways(view)


def test_a_view_does_not_mind_where_it_is_made() -> None:
    net = seed_network()
    net.root.backward(retain_graph=True)
    wanted = of(net).text()
    with tg.no_grad():
        assert of(net).text() == wanted
    with tg.use_backend("strict"):
        assert of(net).text() == wanted
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(of(net).text()))
    thread.start()
    thread.join()
    assert found == [wanted]


def test_a_view_leaves_everything_as_it_was() -> None:
    net = seed_network()
    net.root.backward(retain_graph=True)
    before = {name: p.grad for name, p in net.parameters.items()}
    state = repr(tg.default_generator())
    view = of(net)
    ways(view)
    assert all(p.grad is before[name] for name, p in net.parameters.items())
    assert repr(tg.default_generator()) == state
    net.root.backward()  # the graph is still there


def test_numbers_of_a_folded_module_are_those_that_were_recorded() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))
    x = tg.ones((2, 3))
    y = model(x)
    loss = (y * y).sum()
    loss.backward(retain_graph=True)
    view = tg.view(loss, names={"model": model, "x": x, "y": y, "loss": loss}, depth=0)
    assert view.python == "y = model(x)\nloss = (y * y).sum()"
    np.testing.assert_array_equal(number(view, "y"), y.numpy())
    np.testing.assert_array_equal(number(view, "y_delta"), 2 * y.numpy())
    ways(view)


def test_a_number_takes_no_gradient() -> None:
    net = seed_network()
    with pytest.raises(tg.ArgumentError, match=r"view: gradient is for .* backward starts from 1"):
        of(net, gradient=2.0)
