"""Folding: module calls as one term where nothing is lost by it, repetition, and huge graphs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn
from tensorgrok.folding import Calls
from tensorgrok.lines import CUTS, Cut
from tensorgrok.naming import Known
from tensorgrok.repeats import runs
from tensorgrok.views.view import View
from tests.viewed import Block, Mlp, Transformer


def data(*shape: int) -> Tensor:
    values = np.random.default_rng(sum(shape)).standard_normal(shape)
    return Tensor(values.astype("f4"))


def runs_as_recorded(view: View, root: Tensor) -> None:
    """The printed programs give what was recorded, and the gradients they have are right."""
    variables = view.namespace()
    exec(view.python, variables)
    found = eval(str(view.reading.root.name), variables)
    np.testing.assert_array_equal(found.numpy(), root.numpy(), view.python)
    gradient, seed = None, view.reading.backward.seed
    if seed is not None:
        gradient = variables[str(seed.name)] = Tensor(np.ones(root.shape), dtype=root.dtype)
    exec(view.backward.python, variables)
    gradients = view.reading.backward.gradients
    leaves: list[Any] = [leaf.source.handle() for leaf in gradients]  # type: ignore[union-attr]
    wanted = tg.gradients(root, leaves, gradient, retain_graph=True) if leaves else ()
    for term, right in zip(gradients.values(), wanted, strict=True):
        made = eval(str(term.name), variables).numpy()
        np.testing.assert_allclose(made, right.numpy(), rtol=1e-5, atol=1e-6, err_msg=term.name)
    assert view.text()
    for statement in (*view.lines, *view.backward.lines, *view.whole.lines):
        assert statement.mathml
        assert statement.bricks


def python(root: Tensor, names: dict[str, Any], depth: int | None) -> list[str]:
    view = tg.view(root, names=names, depth=depth)
    runs_as_recorded(view, root)
    return view.python.splitlines()


# How deep -----------------------------------------------------------------------------------------


def test_modules_fold_by_depth() -> None:
    first = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.Tanh()), nn.ReLU())
    model = nn.Sequential(first, nn.Sequential(nn.Linear(4, 2)))
    x = data(2, 3)
    y = model(x)
    names = {"model": model, "x": x, "y": y}
    assert python(y, names, 0) == ["y = model(x)"]
    assert python(y, names, 1) == ["v_1 = model[0](x)", "y = model[1](v_1)"]
    assert python(y, names, 2) == [
        "v_1 = model[0][0](x)",
        "layer_1 = relu(v_1)",
        "y = layer_1.dot(model[1][0].weight) + model[1][0].bias",
    ]
    opened = [
        "v_1 = tanh(x.dot(model[0][0][0].weight) + model[0][0][0].bias)",
        "layer_1 = relu(v_1)",
        "y = layer_1.dot(model[1][0].weight) + model[1][0].bias",
    ]
    assert python(y, names, 3) == opened  # layers themselves are always open
    assert python(y, names, None) == opened  # few lines need no folding


def test_folded_calls_in_algebra_and_in_pictures() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    x = data(2, 3)
    x.requires_grad = True
    y = model(x)
    view = tg.view(y, names={"model": model, "x": x, "y": y}, depth=0)
    assert view.latex == r"y = \operatorname{model}\left(x\right)"
    assert view.backward.python == "x_delta = vjp(model, x)[1](y_delta)[0]"
    assert "26 parameters" in view.lines[0].bricks
    assert "[model]" in view.lines[0].terminal()
    runs_as_recorded(view, y)


def test_what_is_many_is_folded_from_the_inside() -> None:
    model = nn.Sequential(
        *(Mlp(3 + place % 2 * 0) for place in range(2)), *map(_widening, range(6))
    )
    x = data(2, 3)
    y = model(x)
    view = tg.view(y, names={"model": model, "x": x, "y": y})
    assert len(view.lines) <= 12
    assert "model" in view.python
    assert "weight" not in view.python
    runs_as_recorded(view, y)


def _widening(place: int) -> nn.Module:
    return nn.Sequential(nn.Linear(3 + place, 5), nn.Tanh(), nn.Linear(5, 4 + place), nn.Tanh())


def test_modules_that_no_variable_holds_have_names_of_their_own() -> None:
    first, second = nn.Sequential(nn.Linear(3, 4), nn.ReLU()), nn.Sequential(nn.Linear(4, 2))
    x = data(2, 3)
    y = second(first(x))
    lines = python(y, {}, 0)
    assert lines[0] == "v_1 = sequential_1(layer_0)"
    assert lines[1] == "layer_2 = sequential_2(v_1)"  # each is a layer
    taken = {"sequential_1": x}
    assert "sequential_2(sequential_1)" in python(y, taken, 0)[0]
    third = nn.Sequential(nn.Sequential(nn.Linear(3, 2)))
    assert "sequential_1[0](" in python(third(x), {}, 1)[0]


# What cannot be folded, and what can --------------------------------------------------------------


class Closed(nn.Module):
    """Uses a tensor that it does not hold."""

    def __init__(self, other: Tensor) -> None:
        self.inner = nn.Linear(3, 3)

        def take() -> Tensor:
            return other

        self.take = take

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.inner(x) * self.take()
        return result


class Leaky(nn.Module):
    """Keeps an inner value."""

    def __init__(self) -> None:
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.kept: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        hidden = tg.tanh(self.first(x))
        self.kept.append(hidden)
        result: Tensor = self.second(hidden)
        return result


class Scaled(nn.Module):
    """Has arguments that are no recorded values."""

    def __init__(self) -> None:
        self.inner = nn.Linear(3, 3)

    def forward(self, x: Tensor, scale: float = 1.0, other: Tensor | None = None) -> Tensor:
        result: Tensor = self.inner(x) * scale
        return result if other is None else result + other


class Pair(nn.Module):
    """Returns two values, or what it was given."""

    def __init__(self) -> None:
        self.a, self.b = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Any:
        return self.a(x), self.b(x)


class Same(nn.Module):
    """Returns what it was given."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Ignoring(nn.Module):
    """Has an argument that it does not look at, and one that it uses twice."""

    def __init__(self) -> None:
        self.inner = nn.Linear(3, 3)

    def forward(self, x: Tensor, unused: Tensor) -> Tensor:
        result: Tensor = self.inner(x) + x
        return result


def test_a_parameter_from_outside_keeps_its_gradient() -> None:
    other = data(3)
    other.requires_grad = True
    module, x = Closed(other), data(2, 3)
    y = module(x)
    names = {"module": module, "x": x, "other": other, "y": y}
    view = tg.view(y, names=names, depth=0)
    assert "other_delta" in view.backward.python
    runs_as_recorded(view, y)


def test_an_inner_value_that_is_needed_outside_keeps_a_call_open() -> None:
    module, x = Leaky(), data(2, 3)
    y = module(x)
    loss = (y * module.kept[0]).sum()
    lines = python(loss, {"module": module, "x": x, "loss": loss}, 0)
    assert not any("module(x)" in line for line in lines)
    module.kept.clear()
    y = module(x)
    assert python(y, {"module": module, "x": x, "y": y}, 0) == ["y = module(x)"]


@pytest.mark.parametrize(
    "call",
    [
        lambda module, x, other: module(x, 3.0),
        lambda module, x, other: module(x, scale=3.0),
        lambda module, x, other: module(x, other=other),
        lambda module, x, other: module(x=x),
        lambda module, x, other: module(x.numpy()),
    ],
)
def test_calls_with_other_arguments_stay_open(call: Callable[..., Tensor]) -> None:
    module, x, other = Scaled(), data(2, 3), data(2, 3)
    y = call(module, x, other)
    lines = python(y, {"module": module, "x": x, "other": other, "y": y}, 0)
    assert "module(" not in lines[0]


def test_results_that_are_no_single_new_value_stay_open() -> None:
    pair, same, x = Pair(), Same(), data(2, 3)
    x.requires_grad = True
    one, two = pair(x)
    y = same(one * two)
    lines = python(y, {"pair": pair, "same": same, "x": x, "y": y}, 0)
    assert lines[-1] == "y = v_1 * v_2" or "pair.a" in lines[-1]
    assert "same(" not in "".join(lines)


def test_arguments_that_are_not_used() -> None:
    module, x = Ignoring(), data(2, 3)
    for unused in (data(3), (data(2, 3) * 1.0), Tensor(np.ones(3), requires_grad=True)):
        y = module(x, unused)
        view = tg.view(y, names={"module": module, "x": x, "unused": unused, "y": y}, depth=0)
        runs_as_recorded(view, y)


def test_a_module_that_is_called_often() -> None:
    cell, h = nn.Sequential(nn.Linear(3, 3)), data(2, 3)
    for _ in range(4):
        h = tg.tanh(cell(h))
    view = tg.view(h, names={"cell": cell, "h": h}, depth=0)
    assert view.python.count("cell(") == 4
    runs_as_recorded(view, h)
    (run,) = [run for run in runs([line.line for line in view.lines]) if run.times > 1]
    assert run.times >= 3


def test_a_folded_call_that_ends_with_several_operands() -> None:
    model, x = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5)), data(2, 3)
    y = model(x)
    view = tg.view(y, names={"model": model, "x": x, "y": y}, depth=0)
    assert view.python == "y = model(x)"  # drawn again when it is run again
    assert view.text()
    model.eval()
    y = model(x)
    assert "model" in python(y, {"model": model, "x": x, "y": y}, 0)[0]


def test_random_networks_of_modules_agree_at_all_depths() -> None:
    for seed in range(30):
        tg.seed(seed)
        draw = random.Random(seed)
        model, x = nn.Sequential(nn.Linear(3, 3), _grown(draw, 3)), data(2, 3)
        x.requires_grad = seed % 2 == 0
        y = model(x)
        names = {"model": model, "x": x, "y": y} if seed % 3 else {"x": x}
        for depth in (0, 1, 2, 3, None):
            try:
                runs_as_recorded(tg.view(y, names=names, depth=depth), y)
            except Exception as error:
                error.add_note(f"seed {seed}, depth {depth}, {model!r}")
                raise


def _grown(draw: random.Random, deep: int) -> nn.Module:
    kind = draw.randrange(5) if deep else draw.randrange(2)
    if kind == 0:
        return nn.Linear(3, 3)
    if kind == 1:
        return draw.choice([nn.Tanh(), nn.ReLU()])
    if kind == 2:
        return Block(3)
    return nn.Sequential(
        nn.Linear(3, 3), *(_grown(draw, deep - 1) for _ in range(draw.randint(1, 3)))
    )


class Counter(nn.Module):
    """Goes on from where its last call ended."""

    def __init__(self) -> None:
        self.inner = nn.Linear(3, 3)
        self.state = data(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        self.state = tg.tanh(self.inner(x) + self.state)
        return self.state


def test_modules_with_a_state_stay_open_at_once() -> None:
    cell, x = Counter(), data(2, 3)
    for _ in range(2_000):
        h = cell(x)
    calls = Calls([h.node], Known({"cell": cell, "x": x}))
    folded = timed(1, lambda: calls.folded(0))
    assert len(folded) <= 1  # the first state is no result of a call
    view = tg.view(h, names={"cell": cell, "x": x, "h": h}, depth=0)
    assert "cell(" not in view.lines[-1].python


def test_what_is_inside_of_modules_is_said() -> None:
    first, second = nn.Sequential(nn.Linear(3, 4)), nn.Sequential(nn.Linear(4, 2))
    x = data(2, 3)
    y = second(first(x))
    names = {"first": first, "second": second, "x": x, "y": y}
    said = (
        "The gradients inside first (16 parameters) and second (10 parameters) are no lines here."
    )
    folded = tg.view(y, names=names, depth=0)
    assert said in folded.text()
    assert said in folded.html()
    opened = tg.view(y, names=names, depth=1)
    assert "gradients inside" not in opened.text() + opened.html()


# Huge graphs --------------------------------------------------------------------------------------


def timed(most: float, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    found = work()
    assert time.perf_counter() - start < most
    return found


def chain(count: int) -> Tensor:
    h = Tensor(np.full((2, 3), 0.1), requires_grad=True)
    for place in range(count):
        h = tg.tanh(h) if place % 2 else h * 1.01
    return h


def tangle(count: int) -> Tensor:
    draw = random.Random(1)
    pool = [Tensor(np.full((2, 2), 0.1), requires_grad=True)]
    for place in range(count):
        one, two = draw.choice(pool[-50:]), draw.choice(pool[-50:])
        made = [lambda: tg.tanh(one), lambda: one + two, lambda: (one @ two) * 0.5]  # noqa: B023
        pool.append(made[place % 3]())
    return pool[-1].sum()


def everything(view: View) -> None:
    assert view.python
    assert view.backward.python
    assert len(view.text()) < 60_000
    assert len(view.html()) < 1_500_000


@pytest.mark.parametrize("names", [True, False], ids=["named", "nameless"])
def test_a_transformer_of_twelve_blocks_is_read_at_once(names: bool) -> None:
    model, tokens = Transformer(12), Tensor(np.arange(6))
    loss = nn.cross_entropy(model(tokens), tokens)
    scope = {"model": model, "tokens": tokens, "loss": loss} if names else {}
    view: View = timed(5, lambda: tg.view(loss, names=scope))
    timed(10, lambda: everything(view))
    assert "12 times in all" in view.text()
    runs_as_recorded(tg.view(loss, names=scope, depth=1), loss)
    folded = tg.view(loss, names=scope, depth=1)
    assert folded.python.count(".blocks[") == 12
    assert "12 × Block" in folded.text()  # noqa: RUF001  # times


@pytest.mark.parametrize("grown", [chain, tangle])
@pytest.mark.parametrize("cut", CUTS)
def test_thousands_of_operations(grown: Callable[[int], Tensor], cut: Cut) -> None:
    root = grown(1000)
    timed(10, lambda: everything(tg.view(root, names={}, cut=cut)))
    root = grown(10_000)
    timed(60, lambda: everything(tg.view(root, names={}, cut=cut)))


def test_of_many_operands_a_picture_shows_some() -> None:
    items = [Tensor(np.full(2, float(place)), requires_grad=True) for place in range(3_000)]
    y = tg.concat(items)
    view = tg.view(y, names={"items": items[:2], "y": y})
    timed(5, lambda: view.lines[0].bricks)
    assert "… 2,993 more" in view.lines[0].bricks
    assert view.lines[0].terminal().count("with") <= 6
    wide = tg.concat([tg.tanh(item * 2.0 + 1.0) for item in items])
    view = timed(10, lambda: tg.view(wide, names={}))
    assert len(view.lines) >= 2_990


def test_few_operands_are_all_shown() -> None:
    items = [Tensor(np.full(2, float(place)), requires_grad=True) for place in range(7)]
    y = tg.concat(items)
    assert "more" not in tg.view(y, names={"y": y}).lines[0].bricks
