"""Names and symbols: where they come from, that no two are alike, and that printed names run."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrok as tg
from tensorgrok import Tensor, nn
from tensorgrok.engine import operations
from tensorgrok.naming import identifier
from tensorgrok.symbols import symbol_of
from tensorgrok.terms import Term
from tensorgrok.views.mathematics import parse
from tensorgrok.views.unicode import to_unicode
from tensorgrok.views.view import View


def matrix(*shape: int, needed: bool = True) -> Tensor:
    values = np.random.default_rng(sum(shape)).standard_normal(shape)
    return Tensor(values, requires_grad=needed)


def runs(view: View, root: Tensor) -> None:
    """The printed programs run, forward and backward, and give what was recorded."""
    variables = view.namespace()
    exec(view.python, variables)
    found = eval(str(view.reading.root.name), variables)
    np.testing.assert_array_equal(found.numpy(), root.numpy(), view.python)
    exec(view.backward.python, variables)
    gradients = view.reading.backward.gradients
    leaves: list[Any] = [leaf.source.handle() for leaf in gradients]  # type: ignore[union-attr]
    wanted = tg.gradients(root, leaves, retain_graph=True)
    for term, right in zip(gradients.values(), wanted, strict=True):
        made = eval(str(term.name), variables).numpy()
        np.testing.assert_allclose(made, right.numpy(), rtol=1e-12, err_msg=str(term.name))


def all_terms(view: View) -> list[Term]:
    lines = [line.line for line in (*view.lines, *view.backward.lines)]
    found = dict.fromkeys(t for line in lines for t in (line.target, *line.terms))
    return list(found)


# Symbols ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("layer_0", "l_{0}"),
        ("weights_0_1", "W_{0}"),
        ("weights_10_11", "W_{10}"),
        ("biases_1_2", "b_{1}"),
        ("mask_1", "m_{1}"),
        ("loss", "L"),
        ("x", "x"),
        ("W_hh", r"W_{\mathrm{hh}}"),
        ("b2", "b_{2}"),
        ("x_hat", r"\hat{x}"),
        ("y_bar", r"\bar{y}"),
        ("x_tilde", r"\tilde{x}"),
        ("mu_hat", r"\hat{\mu}"),
        ("theta_1", r"\theta_{1}"),
        ("lam", r"\lambda"),
        ("λ", r"\lambda"),
        ("Ω", r"\Omega"),
        ("W_alpha", r"W_{\alpha}"),
        ("hidden", r"\mathrm{hidden}"),
        ("hidden_2", r"\mathrm{hidden}_{2}"),
        ("hidden2_hat", r"\hat{\mathrm{hidden}}_{2}"),
        ("x_1_2", "x_{1, 2}"),
        ("model.fc1.weight", r"\mathrm{fc}_{1, \mathrm{weight}}"),
        ("hidden[2]", r"\mathrm{hidden}_{2}"),
        ("h['in']", r"h_{\mathrm{in}}"),
        ("h['50 % $x_1 & more']", r"h_{50, x, 1, \mathrm{more}}"),
        ("%", r"\mathrm{value}"),
    ],
)
def test_symbols_follow_names(name: str, symbol: str) -> None:
    assert symbol_of(name) == symbol
    assert "�" not in to_unicode(parse(symbol))


@given(st.text(min_size=1, max_size=12))
def test_any_text_has_a_symbol_that_can_be_read_and_a_name_that_can_be_assigned(text: str) -> None:
    assert not set(symbol_of(text)) & set("%$#&~")
    assert to_unicode(parse(symbol_of(text)))
    name = identifier(text)
    variables: dict[str, int] = {}
    exec(f"{name} = 1", variables)
    assert variables[name] == 1


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("model.fc1.weight", "fc1_weight"),
        ("layers[0]", "layers_0"),
        ("values['hidden']", "hidden"),
        ("hidden layer", "hidden_layer"),
        ("2nd", "value_2nd"),
        ("x²", "x2"),
        ("lambda", "lambda_"),
        ("", "value"),
    ],
)
def test_identifiers(name: str, python: str) -> None:
    assert identifier(name) == python


# What the user says -------------------------------------------------------------------------------


def test_the_users_names_go_before_all_others() -> None:
    w = Tensor(np.ones((2, 2)), requires_grad=True, name="kernel")
    x = matrix(1, 2, needed=False).named("features", tex=r"\mathbf{x}")
    hidden = tg.tanh(x.dot(w)).named("state", r"h_{t}")
    loss = hidden.sum()
    view = tg.view(loss)
    assert view.python == "state = tanh(features.dot(kernel))\nloss = state.sum()"
    assert view.lines[0].latex.startswith(r"h_{t} = ")
    assert r"\mathbf{x} \, \mathrm{kernel}" in view.lines[0].latex
    assert view.backward.lines[-1].latex.startswith(r"\nabla \mathrm{kernel} = ")
    runs(view, loss)


def test_a_name_stays_with_the_value_when_its_handle_is_gone() -> None:
    w = matrix(2, 2)
    loss = tg.tanh(tg.relu(w).named("inner", tex="z")).sum()
    view = tg.view(loss, names={"w": w})
    assert view.python.splitlines()[0] == "inner = relu(w)"
    assert view.lines[0].latex.startswith("z = ")


def test_named_refuses_what_is_no_name() -> None:
    w = matrix(2, 2)
    with pytest.raises(tg.ArgumentError, match=r"named: name must be text, not 3"):
        w.named(3)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(tg.ArgumentError, match=r"named: tex must be text, not 3"):
        w.named("w", tex=3)  # type: ignore[arg-type]
    with pytest.raises(tg.ArgumentError, match=r"named: name is empty; give a name"):
        w.named(" ")


def test_a_path_that_is_only_said_is_not_printed_as_one() -> None:
    w = Tensor(np.ones((2, 2)), requires_grad=True, name="model.fc.weight")
    loss = tg.relu(w).sum()
    view = tg.view(loss, names={})
    assert view.python == "v_1 = relu(fc_weight)\nloss = v_1.sum()"
    runs(view, loss)


# Modules and containers ---------------------------------------------------------------------------


class Heads(nn.Module):
    """Parts in a list, in a dictionary, and within each other."""

    def __init__(self) -> None:
        self.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.heads: dict[Any, Any] = {"a": nn.Linear(4, 1), 2: nn.Linear(4, 1)}
        self.scales = [Tensor([2.0], requires_grad=True)]

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.body(x)
        result: Tensor = self.heads["a"](hidden) + self.heads[2](hidden) * self.scales[0]
        return result


def test_parameters_of_modules_print_as_the_paths_they_are() -> None:
    model, x = Heads(), tg.ones((2, 3))
    loss = (model(x) ** 2).sum()
    view = tg.view(loss, names={"model": model, "x": x}, depth=3)
    for path in ("model.body[0].weight", "model.heads['a'].bias", "model.heads[2].weight"):
        assert path in view.python
    assert "model.scales[0]" in view.python
    found = {term.name: term.symbol for term in view.reading.program.terms}
    assert found["model.body[0].weight"] == "W_{0}"
    assert found["model.body[0].bias"] == "b_{0}"
    assert {found["model.heads['a'].weight"], found["model.heads[2].weight"]} == {"W_{1}", "W_{1}'"}
    variables = view.namespace()
    exec(view.python, variables)
    assert variables["loss"].item() == loss.item()


def test_lists_and_dictionaries_of_tensors() -> None:
    weights = [matrix(3, 3), matrix(3, 3)]
    extra = {"b": matrix(3), 7: matrix(3), ("no", "text"): matrix(3)}
    h = tg.tanh(tg.ones((1, 3), dtype="f8").dot(weights[0]) + extra["b"])
    steps = [h, tg.tanh(h.dot(weights[1]) + extra[7] * extra["no", "text"])]
    loss = steps[1].sum()
    view = tg.view(loss, names={"weights": weights, "extra": extra, "steps": steps})
    assert "weights[0]" in view.python
    assert "extra['b']" in view.python
    assert "extra[7]" in view.python
    assert "('no'" not in view.python
    # What is computed is assigned to a variable, and never into somebody's list.
    assert [line.name for line in view.lines] == ["steps_0", "steps_1", "loss"]
    assert view.lines[0].latex.startswith(r"\mathrm{steps}_{0} = ")
    before = list(steps)
    runs(view, loss)
    assert all(a is b for a, b in zip(steps, before, strict=True))


# Variables ----------------------------------------------------------------------------------------


def test_variables_of_the_caller_and_none_that_are_private() -> None:
    _hidden_from_all = matrix(2, 2)
    first = second = matrix(2, 2)
    loss = (_hidden_from_all * first).sum()
    assert second is first
    assert tg.view(loss).python == "loss = (theta * first).sum()"


def test_a_name_that_was_bound_again_belongs_to_the_last_value_alone() -> None:
    x, w = matrix(1, 2, needed=False), matrix(2, 2)
    for _ in range(3):
        x = tg.relu(x @ w)
    loss = x.sum()
    view = tg.view(loss)
    assert [line.name for line in view.lines] == ["layer_1", "layer_2", "x", "loss"]
    assert view.lines[2].python == "x = relu(layer_2 @ w)"


@pytest.mark.parametrize(
    "names",
    [
        ("relu", "sum", "vjp"),
        ("s_", "float", "abs"),
        ("tanh", "squared_error", "loss"),
        ("lambda", "None", "True"),
        ("größe", "λ", "naïve"),
        ("print", "int", "list"),
        ("x.T", "W[0]", "x.sum()"),
        ("1a", "a b", "a\nb"),
        ("a{b}", "{", "}"),
        ("%", "$", "\\"),
        ("v_1", "layer_0", "layer_1"),
        ("x_delta", "x", "x_delta_delta"),
        ("l_1'", "l_1", "layer_1"),
    ],
)
def test_whatever_values_are_called_the_program_runs(names: tuple[str, str, str]) -> None:
    x, w = matrix(1, 2), matrix(2, 2)
    hidden = tg.relu(x.dot(w))
    loss = (tg.tanh(hidden[:, 1:]) + tg.minimum(abs(hidden), float("inf"))).min()
    for order in itertools.permutations(names):
        scope = dict(zip(order, (x, w, hidden), strict=True))
        view = tg.view(loss, names=scope)
        runs(view, loss)
        terms = all_terms(view)
        assert len({term.name for term in terms}) == len(terms)
        assert len({term.symbol for term in terms}) == len(terms)
        assert view.text()


def test_reductions_may_lend_their_names() -> None:
    x = matrix(4, 3)
    mean, var = x.mean(0), x.var(0)
    loss = ((x - mean) / (var + 1)).sum()
    assert tg.view(loss).python.splitlines()[:2] == ["mean = x.mean(axis=0)", "var = x.var(axis=0)"]


@pytest.mark.parametrize("word", sorted(operations))
def test_a_variable_called_like_an_operation(word: str) -> None:
    x = matrix(2, 2)
    hidden = tg.softmax(tg.relu(x[0:1] @ x))
    loss = nn.squared_error(tg.where(hidden > 0, hidden, 1), tg.zeros((1, 2), dtype="f8"))
    runs(tg.view(loss, names={word: x}), loss)
    runs(tg.view(loss, names={word: hidden}), loss)


def test_a_value_called_like_a_module_does_not_hide_it() -> None:
    model = nn.Linear(2, 2)
    x = Tensor(np.ones((1, 2), dtype="f4"), name="model", requires_grad=True)
    loss = model(x).sum()
    view = tg.view(loss, names={"model": model})
    assert view.python == "loss = (model_.dot(model.weight) + model.bias).sum()"
    runs(view, loss)


# Roles --------------------------------------------------------------------------------------------


def test_roles_follow_from_use() -> None:
    x, y, mask = matrix(4, 3, needed=False), matrix(4, 2, needed=False), tg.ones((4, 5), dtype="f8")
    w, b, v, c = matrix(3, 5), matrix(5), matrix(5, 2), matrix(1, 2)
    hidden = tg.relu(x.dot(w) + b) * mask
    output = hidden.dot(v) + c
    loss = ((output - y) ** 2).sum()
    view = tg.view(loss, names={})
    roles = {term.name: term.role for term in view.reading.program.terms if term.name}
    assert roles == {
        "layer_0": "layer",
        "weights_0_1": "weight",
        "biases_0_1": "bias",
        "mask_1": "mask",
        "layer_1": "layer",
        "weights_1_2": "weight",
        "biases_1_2": "bias",
        "target": "target",
        "loss": "loss",
    } | {name: "layer" for name in roles if name.startswith("v_")}
    backward = {line.name: line.line.target.role for line in view.backward.lines}
    assert backward["weight_delta_0_1"] == backward["bias_delta_1_2"] == "gradient"
    assert backward["layer_1_delta"] == "delta"
    runs(view, loss)


def test_labels_are_the_target_and_a_condition_is_a_mask() -> None:
    logits, labels, keep = matrix(3, 2), Tensor([0, 1, 1]), Tensor([[True, False]] * 3)
    loss = nn.cross_entropy(tg.where(keep, logits, 0), labels)
    roles = {t.name: t.role for t in tg.view(loss).reading.program.terms if t.card is None}
    assert roles == {"logits": "weight", "labels": "target", "keep": "mask"}


def test_targets_and_losses_have_letters_of_their_own() -> None:
    prediction, walk_vs_stop = matrix(1, 2), matrix(1, 2, needed=False)
    total_error = nn.mse(prediction, walk_vs_stop)
    view = tg.view(total_error)
    assert {t.symbol for t in view.reading.program.terms} == {r"\mathrm{prediction}", "y", "L"}
