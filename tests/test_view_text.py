"""The seed network in text, to the character: forward, backward, in a terminal, with any names."""

# ruff: noqa: RUF001  # mathematics is written in these characters

from __future__ import annotations

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn
from tests.lanes import LAYER_0, WEIGHTS_0, WEIGHTS_1
from tests.test_terminal import DELTAS
from tests.test_terminal import SEED as DRAWN
from tests.viewed import seed_network

FORWARD = [
    (
        "layer_1 = relu(layer_0.dot(weights_0_1))",
        r"l_{1} = \operatorname{relu}\left(l_{0} W_{0}\right)",
        "l₁ = relu(l₀ W₀)",
    ),
    ("layer_2 = layer_1.dot(weights_1_2)", "l_{2} = l_{1} W_{1}", "l₂ = l₁ W₁"),
    (
        "loss = squared_error(layer_2, walk_vs_stop)",
        r"L = \tfrac{1}{2}\left\lVert l_{2} - y \right\rVert^{2}",
        "L = ½‖l₂ − y‖²",
    ),
]
BACKWARD = [
    ("layer_2_delta = layer_2 - walk_vs_stop", r"\delta_{2} = l_{2} - y", "δ₂ = l₂ − y"),
    (
        "weight_delta_1_2 = layer_1.T.dot(layer_2_delta)",
        r"\nabla W_{1} = l_{1}^{\top} \delta_{2}",
        "∇W₁ = l₁ᵀ δ₂",
    ),
    (
        "layer_1_delta = layer_2_delta.dot(weights_1_2.T) * (layer_1 > 0)",
        r"\delta_{1} = \delta_{2} W_{1}^{\top} \odot \left[l_{1} > 0\right]",
        "δ₁ = δ₂ W₁ᵀ ⊙ [l₁ > 0]",
    ),
    (
        "weight_delta_0_1 = layer_0.T.dot(layer_1_delta)",
        r"\nabla W_{0} = l_{0}^{\top} \delta_{1}",
        "∇W₀ = l₀ᵀ δ₁",
    ),
]
IN_A_TERMINAL = """\
loss: 3 → 4 → 1

forward
  layer_1 = relu(layer_0.dot(weights_0_1))       l₁ = relu(l₀ W₀)
  layer_2 = layer_1.dot(weights_1_2)             l₂ = l₁ W₁
  loss = squared_error(layer_2, walk_vs_stop)    L = ½‖l₂ − y‖²

backward
  layer_2_delta = layer_2 - walk_vs_stop                              δ₂ = l₂ − y
  weight_delta_1_2 = layer_1.T.dot(layer_2_delta)                     ∇W₁ = l₁ᵀ δ₂
  layer_1_delta = layer_2_delta.dot(weights_1_2.T) * (layer_1 > 0)    δ₁ = δ₂ W₁ᵀ ⊙ [l₁ > 0]
  weight_delta_0_1 = layer_0.T.dot(layer_1_delta)                     ∇W₀ = l₀ᵀ δ₁
"""


def nameless() -> Tensor:
    """The output of the seed network; nothing of it is in any variable."""
    net = seed_network()
    first, second = net.parameters.values()
    return tg.relu(net.names["layer_0"].dot(first)).dot(second)


def test_all_together_in_one_line_without_any_name() -> None:
    (line,) = tg.view(nameless(), names={}, cut="one").lines
    assert line.python == "layer_2 = relu(layer_0.dot(weights_0_1)).dot(weights_1_2)"
    assert line.latex == r"l_{2} = \operatorname{relu}\left(l_{0} W_{0}\right) W_{1}"
    assert line.unicode == "l₂ = relu(l₀ W₀) W₁"
    assert line.ascii == "l_2 = relu(l_0 W_0) W_1"


def test_layer_by_layer_without_any_name() -> None:
    view = tg.view(nameless(), names={})
    assert view.python == "\n".join(python for python, _, _ in FORWARD[:2])
    assert view.backward.unicode.splitlines() == [unicode for _, _, unicode in BACKWARD[1:]]


@pytest.mark.parametrize("seconds", [False, True], ids=["before backward", "after backward"])
def test_the_books_names_forward_and_backward(seconds: bool) -> None:
    net = seed_network()
    if seconds:
        net.root.backward(retain_graph=True)
    view = tg.view(net.root, names=net.names)
    assert [(s.python, s.latex, s.unicode) for s in view.lines] == FORWARD
    assert [(s.python, s.latex, s.unicode) for s in view.backward.lines] == BACKWARD
    assert view.latex == "\n".join(latex for _, latex, _ in FORWARD)


def test_names_are_found_in_the_callers_variables() -> None:
    layer_0, walk_vs_stop = Tensor([[1.0, 0.0, 1.0]]), Tensor([[1.0]])
    weights_0_1 = Tensor(np.ones((3, 4), dtype="f4"), requires_grad=True)
    weights_1_2 = Tensor(np.ones((4, 1), dtype="f4"), requires_grad=True)
    layer_1 = tg.relu(layer_0.dot(weights_0_1))
    layer_2 = layer_1.dot(weights_1_2)
    loss = nn.squared_error(layer_2, walk_vs_stop)
    view = tg.view(loss)
    assert [(s.python, s.latex, s.unicode) for s in view.lines] == FORWARD
    assert [(s.python, s.latex, s.unicode) for s in view.backward.lines] == BACKWARD
    inner = tg.view(layer_2)
    assert [s.python for s in inner.lines] == [python for python, _, _ in FORWARD[:2]]


def test_other_names_in_scope() -> None:
    x = Tensor([[1.0, 0.0, 1.0]])
    W_in, W_out = map(Tensor, ([[0.5] * 4] * 3, [[1.0]] * 4))  # noqa: N806
    W_in.requires_grad = W_out.requires_grad = True
    hidden = tg.relu(x @ W_in)
    y_hat = hidden @ W_out
    view = tg.view(y_hat)
    assert view.python == "hidden = relu(x @ W_in)\ny_hat = hidden @ W_out"
    assert [line.latex for line in view.lines] == [
        r"\mathrm{hidden} = \operatorname{relu}\left(x W_{\mathrm{in}}\right)",
        r"\hat{y} = \mathrm{hidden} \, W_{\mathrm{out}}",
    ]
    assert [line.unicode for line in view.lines] == ["hidden = relu(x Wᵢₙ)", "ŷ = hidden Wₒᵤₜ"]
    assert view.backward.python == (
        "W_out_delta = hidden.T @ y_hat_delta\n"
        "hidden_delta = y_hat_delta @ W_out.T * (hidden > 0)\n"
        "W_in_delta = x.T @ hidden_delta"
    )


def test_products_are_spelled_as_written_or_as_asked() -> None:
    net = seed_network()
    output = tg.relu(net.names["layer_0"] @ net.parameters["weights_0_1"]).dot(
        net.parameters["weights_1_2"]
    )
    python = "layer_2 = relu(layer_0 @ weights_0_1).dot(weights_1_2)"
    assert tg.view(output, names={}, cut="one").python == python


def test_a_loss_written_out_says_what_it_is() -> None:
    net = seed_network()
    layer_2, y = net.names["layer_2"], net.names["walk_vs_stop"]
    loss = ((layer_2 - y) ** 2).sum()
    view = tg.view(loss, names={**net.names, "loss": loss})
    assert view.lines[-1].python == "loss = ((layer_2 - walk_vs_stop) ** 2).sum()"
    assert view.backward.lines[0].python == "layer_2_delta = 2 * (layer_2 - walk_vs_stop)"
    assert view.backward.lines[0].unicode == "δ₂ = 2 (l₂ − y)"


# In a terminal ------------------------------------------------------------------------------------


@pytest.mark.parametrize("backward", [False, True])
def test_the_drawing_of_the_seed_network(backward: bool) -> None:
    layer_0 = Tensor(LAYER_0)
    weights = [Tensor(array, requires_grad=True) for array in (WEIGHTS_0, WEIGHTS_1)]
    layer_2 = tg.relu(layer_0.dot(weights[0])).dot(weights[1])
    if backward:
        layer_2.backward(layer_2 - 1, retain_graph=True)
    gradient = (layer_2 - 1).detach() if backward else None
    view = tg.view(layer_2, names={}, gradient=gradient)
    (line,) = view.whole.lines
    assert line.python == "layer_2 = relu(layer_0.dot(weights_0_1)).dot(weights_1_2)"
    assert line.terminal() == (DRAWN + DELTAS if backward else DRAWN)


def test_text_of_everything() -> None:
    net = seed_network()
    text = tg.view(net.root, names=net.names).text(100)
    assert text.startswith(IN_A_TERMINAL)
    assert text.count("l₁ 1×4") == 1
    narrow = tg.view(net.root, names=net.names).text(50)
    assert "  layer_1 = relu(layer_0.dot(weights_0_1))\n      l₁ = relu(l₀ W₀)\n" in narrow
    plain = tg.view(net.root, names=net.names).text(only_ascii=True)
    assert plain.isascii()
    assert "  weight_delta_0_1 = layer_0.T.dot(layer_1_delta)" in plain
