"""What repeats is shown once and counted, what looks alike is not; how products are spelled."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn
from tensorgrok.repeats import Run, runs
from tensorgrok.views.view import View


def data(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).standard_normal(shape), requires_grad=True)


def repeated(view: View) -> list[Run]:
    return [run for run in runs([line.line for line in view.lines]) if run.times > 1]


class Squash(nn.Module):
    """A module of one's own without parameters."""

    def forward(self, x: Tensor) -> Tensor:
        return tg.tanh(x) * 2.0


class Halve(nn.Module):
    """Another."""

    def forward(self, x: Tensor) -> Tensor:
        return tg.sigmoid(x) / 2.0


# Repeats ---------------------------------------------------------------------------------------


def test_one_step_again_and_again_is_counted_in_time() -> None:
    w, h = data(3, 3), data(1, 3)
    for _ in range(6):
        h = tg.tanh(h.dot(w))
    view = tg.view(h, names={"w": w, "h": h})
    (run,) = repeated(view)
    assert run.is_recurrent
    assert run.times in (5, 6)
    assert f"… the same step for t = 1 … {run.times}, to h" in view.text()


def test_steps_with_weights_of_their_own_are_no_recurrence() -> None:
    weights, shared, h = [data(3, 3) for _ in range(6)], data(3, 3), data(1, 3) * 1.0
    for w in weights:
        a = h.dot(w).named("a")
        h = tg.tanh(a.dot(shared)).named("h")
    view = tg.view(h, names={})
    (run,) = repeated(view)
    assert not run.is_recurrent
    assert "times in all" in view.text()
    assert "t = 1" not in view.text()


def test_different_modules_are_no_repetition() -> None:
    model = nn.Sequential(Squash(), Halve(), Squash(), Halve(), Halve(), Squash())
    x = data(1, 3)
    view = tg.view(model(x), names={"model": model, "x": x}, depth=1)
    assert view.python.count("model[") == 6
    assert repeated(view) == []


def test_calls_side_by_side_are_no_chain() -> None:
    modules, x = [Squash() for _ in range(4)], data(1, 3)
    joined = tg.concat([module(x) for module in modules])
    view = tg.view(joined, names={"modules": modules, "x": x, "joined": joined}, depth=0)
    (run,) = repeated(view)
    assert run.times == 4
    assert run.whole is None
    assert "4 × Squash" not in view.text()  # noqa: RUF001  # times


def test_a_chain_of_calls_is_one_line_that_says_first_and_last() -> None:
    modules, h = [Squash() for _ in range(4)], data(1, 3)
    x = h
    for module in modules:
        h = module(h)
    view = tg.view(h, names={"modules": modules, "x": x, "h": h}, depth=0)
    (run,) = repeated(view)
    assert run.whole is not None
    assert run.whole.python == "h = modules[3](… modules[1](v_1))"  # the first takes an input
    assert "3 × Squash" in view.text()  # noqa: RUF001  # times


# What is noted of calls --------------------------------------------------------------------------


def test_a_note_of_a_call_keeps_nothing_alive() -> None:
    class Cut(nn.Module):
        """Goes on from a value, not from its history."""

        def forward(self, x: Tensor) -> Tensor:
            return tg.tanh(x.detach() * weight)

    weight, cut = data(3), Cut()
    given = data(3) * 1.0
    node = weakref.ref(given.node)
    result = cut(given)
    del given
    assert result.node is not None
    assert node() is None


def test_a_result_that_is_kept_and_returned_again_is_noted_once() -> None:
    class Kept(nn.Module):
        """Always the same result."""

        def __init__(self) -> None:
            self.result = data(2) * 2.0

        def forward(self, x: Tensor) -> Tensor:
            return self.result

    kept, x = Kept(), data(2)
    for _ in range(50):
        result = kept(x)
    node: Any = result.node
    assert node.call.module() is kept
    assert node.call.inner is None


def test_elementary_layers_are_shown_by_what_they_compute() -> None:
    layer, x = nn.Linear(3, 2), Tensor([[1.0, 2.0, 3.0]])
    y = layer(x)
    assert not hasattr(y.node, "call")
    view = tg.view(y, names={"layer": layer, "x": x, "y": y}, depth=0)
    assert view.python == "y = x.dot(layer.weight) + layer.bias"


# Spelling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "forward", "backward"),
    [
        (None, "y = x.dot(w) @ u", "w_delta = x.T.dot(layer_1_delta)"),
        ("dot", "y = x.dot(w).dot(u)", "w_delta = x.T.dot(layer_1_delta)"),
        ("@", "y = x @ w @ u", "w_delta = x.T @ layer_1_delta"),
    ],
)
def test_products_are_spelled_as_written_or_in_one_way(
    style: str | None, forward: str, backward: str
) -> None:
    x, w, u = Tensor(np.ones((2, 3))), data(3, 4), data(4, 2)
    y = x.dot(w) @ u
    names = {"x": x, "w": w, "u": u, "y": y}
    view = tg.view(y, names=names, cut="one", style=style)
    assert view.python == forward
    assert backward in view.backward.python
    variables = view.namespace()
    exec(view.python, variables)
    assert np.array_equal(variables["y"].numpy(), y.numpy())


def test_another_spelling_is_refused() -> None:
    x = data(2)
    with pytest.raises(tg.ArgumentError, match="view: style must be 'dot', '@' or None, not 'x'"):
        tg.view((x * 2).sum(), style="x")
