"""Which layers the correlation summary finds in a graph, what it leaves alone and refuses."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, relu
from tensorgrok.backend import Array
from tensorgrok.cards import primitive
from tensorgrok.registry import get_backend
from tensorgrok.views import observation, statistics
from tensorgrok.views.correlation import correlate
from tests.test_correlation import draws, network, parameter, rows, same

# Layers in the graph -----------------------------------------------------------------------------


def widths(model: Any, count: int = 20, inputs: int = 6, outputs: int = 2) -> list[int]:
    found = correlate(model, (draws(1, count, inputs), draws(2, count, outputs)))
    return [row.width for row in found.rows]


def test_products_of_every_kind() -> None:
    a, b = parameter(6, 4, seed=1), parameter(4, 2, seed=2)
    turned_a, turned_b = parameter(4, 6, seed=1), parameter(2, 4, seed=2)
    with tg.no_grad():
        turned_a.assign(a.numpy().T)
        turned_b.assign(b.numpy().T)
    wanted = correlate(lambda x: x.dot(a).tanh().dot(b), (draws(1, 20, 6), draws(2, 20, 2)))
    others: list[Any] = [
        lambda x: tg.vecmat(tg.tanh(x @ a), b),
        lambda x: tg.vecmat_dx(tg.tanh(tg.vecmat_dx(x, turned_a)), turned_b),
        lambda x: tg.einsum("ni,ij->nj", tg.einsum("ij,ni->nj", a, x).tanh(), b),
        lambda x: tg.tensordot(tg.tensordot(x, a, axes=1).tanh(), turned_b, axes=([1], [1])),
        lambda x: tg.matmul(turned_b, tg.matmul(turned_a, x[:, :, None]).tanh())[:, :, 0],
    ]
    for model in others:
        found = correlate(model, (draws(1, 20, 6), draws(2, 20, 2)))
        for row, like in zip(found.rows, wanted.rows, strict=True):
            same(row, like._asdict())


def test_a_layer_that_feeds_two_weights_is_one_row() -> None:
    a, b, c = parameter(6, 3, seed=1), parameter(6, 4, seed=2), parameter(7, 2, seed=3)

    def apart(x: Tensor) -> Tensor:
        return tg.concat([x @ a, x @ b], axis=1).tanh() @ c

    both = Tensor(np.hstack([a.numpy(), b.numpy()]), requires_grad=True)
    train, held_out = (draws(1, 30, 6), draws(2, 30, 2)), (draws(3, 30, 6), draws(4, 30, 2))
    found = correlate(apart, train, held_out).rows
    wanted = correlate(lambda x: (x @ both).tanh() @ c, train, held_out).rows
    assert [row.width for row in found] == [6, 7, 2]
    assert found[0].left_train == pytest.approx(wanted[0].left_train)
    assert found[0].agreement == pytest.approx(wanted[0].agreement)
    assert found[2] == wanted[2]


def test_demands_reach_a_layer_by_the_last_weight_before_it() -> None:
    """A residual block: what is asked of the output of the block passes by it to the input too."""
    a, b = parameter(6, 6, seed=1), parameter(6, 2, seed=2)
    x, y = draws(1, 20, 6), draws(2, 20, 2)
    found = correlate(lambda x: (x + relu(x @ a)) @ b, (x, y)).rows
    hidden = x @ a.numpy()
    delta = ((x + np.maximum(hidden, 0)) @ b.numpy() - y) @ b.numpy().T * (hidden > 0)
    assert [row.width for row in found] == [6, 6, 2]
    assert found[1].rms == pytest.approx(np.sqrt((delta**2).sum() / 20))
    assert found[0].rms is None


def test_further_axes_count_as_one() -> None:
    a, b = parameter(3, 4, seed=1), parameter(4, 2, seed=2)
    x, y = draws(1, 20, 5, 3), draws(2, 20, 5, 2)
    found = correlate(lambda x: relu(x @ a) @ b, (x, y), (x, y)).rows
    assert [row.width for row in found] == [15, 20, 10]
    hidden = np.maximum(x @ a.numpy(), 0)
    delta = hidden @ b.numpy() - y
    assert found[2].rms == pytest.approx(np.sqrt((delta**2).sum() / 20))
    assert found[0].r2_train == pytest.approx(
        statistics.readout(x.reshape(20, 15), y.reshape(20, 10))[0]
    )
    assert found[1].agreement == pytest.approx(1)
    labels = np.random.RandomState(3).randint(0, 2, (20, 5))
    columns = np.eye(2)[labels].reshape(20, 10)
    by_label = correlate(lambda x: relu(x @ a) @ b, (x, labels)).rows
    assert by_label[0].r == pytest.approx(statistics.best_correlation(x.reshape(20, 15), columns))


def test_weights_over_time_and_tables_of_vectors() -> None:
    table = nn.Embedding(7, 3, dtype=float)
    inward, across, out = parameter(3, 4, seed=1), parameter(4, 4, seed=2), parameter(4, 2, seed=3)

    def model(words: Tensor) -> Tensor:
        state = tg.tanh(table(words[:, 0]) @ inward)
        for place in (1, 2):
            state = tg.tanh(table(words[:, place]) @ inward + state @ across)
        return state @ out

    words = np.random.RandomState(1).randint(0, 7, (30, 3))
    found = correlate(model, (words, draws(2, 30, 2)), (words[::-1].copy(), draws(3, 30, 2)))
    # Each product is a layer: three words and two states, then the last state and the output.
    assert sorted(row.width for row in found.rows) == [2, 3, 3, 3, 4, 4, 4]
    assert [row.width for row in found.rows][-2:] == [4, 2]
    assert found.parameters == 7 * 3 + 3 * 4 + 4 * 4 + 4 * 2
    assert [row.name for row in found.rows] == [f"layer_{i}" for i in range(7)]


def test_what_is_no_weight_is_no_layer() -> None:
    """Frozen matrices, products of parameters and of layers make no rows of their own."""
    frozen, a, b = Tensor(draws(0, 6, 6)), parameter(6, 4, seed=1), parameter(4, 2, seed=2)
    left, right = parameter(6, 3, seed=3), parameter(3, 4, seed=4)
    assert widths(lambda x: relu(x @ frozen @ a) @ b) == [6, 4, 2]
    assert widths(lambda x: relu(x @ a + x @ (left @ right)) @ b) == [6, 4, 2]
    as_many = widths(lambda x: relu(x @ a + x @ (left @ right)) @ b, count=6)
    assert as_many == [6, 4, 2]  # though the parameter has as many rows as there are examples
    assert widths(lambda x: tg.einsum("ni,nj->nj", x, (x @ a).tanh()) @ b) == [6, 4, 2]


def test_ten_layers_and_more_have_subscripts_of_two_digits() -> None:
    weights = [parameter(2, 2, seed=i) for i in range(11)]

    def model(x: Tensor) -> Tensor:
        for weight in weights:
            x = (x @ weight).tanh()
        return x

    found = correlate(model, (draws(1, 20, 2), draws(2, 20, 2)))
    assert [row.layer for row in found.rows[9:]] == ["l₉", "l₁₀", "l₁₁"]
    assert found.rows[11].name == "layer_11"


def test_ten_thousand_nodes_and_no_cycles() -> None:
    a, b = parameter(3, 3), parameter(3, 1)

    def model(x: Tensor) -> Tensor:
        hidden = x @ a
        for _ in range(10_000):
            hidden = hidden + 1e-4
        return hidden @ b

    gc.collect()
    gc.disable()
    try:
        found = correlate(model, (draws(1, 20, 3), draws(2, 20, 1)))
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert [row.width for row in found.rows] == [3, 3, 1]


def test_a_network_on_two_backends() -> None:
    model, train, held_out = network(), rows(1, 60), rows(2, 40)
    wanted = correlate(model, train, held_out)
    model.layers[3].to("boxed")

    def crossing(x: Tensor) -> Tensor:
        result: Tensor = model.layers[3](relu(model.layers[0](x)).to("boxed")).to("numpy")
        return result

    for row, like in zip(correlate(crossing, train, held_out).rows, wanted.rows, strict=True):
        same(row, like._asdict())
    model.to("boxed")
    on_another = correlate(model, train, held_out)  # arrays go where the parameters are
    for row, like in zip(on_another.rows, wanted.rows, strict=True):
        same(row, like._asdict())


@pytest.mark.usefixtures("_own_cards")
def test_cards_of_ones_own() -> None:
    @primitive("contraction", public=False)
    def multiplied(xp: Any, parts: Sequence[Array]) -> Array:
        return xp.vecmat(parts[0], parts[1])

    @multiplied.pullback("parts")
    def multiplied_pull(xp: Any, g: Array, parts: Sequence[Array], position: int) -> Array:
        return xp.vecmat_dw(parts[0], g) if position else xp.vecmat_dx(g, parts[1])

    @primitive("elementwise", public=False, constant=("scale",))
    def scaled(xp: Any, x: Array, scale: Array) -> Array:
        return x * scale

    @scaled.pullback("x")
    def scaled_pull_x(xp: Any, g: Array, scale: Array) -> Array:
        return g * scale

    @primitive("contraction", public=False)
    def forgetful(xp: Any, x: Array, w: Array) -> Array:
        return xp.vecmat(x, w)

    @forgetful.pullback("w")
    def forgetful_pull_w(xp: Any, g: Array, w: Array) -> Array:
        return 0 * w

    a, b, c = parameter(5, 4, seed=1), parameter(4, 2, seed=2), parameter(5, 2, seed=3)
    train, held_out = rows(1, 30), rows(2, 20)
    found = correlate(lambda x: multiplied([multiplied([x, a]).tanh(), b]), train, held_out)
    assert found == correlate(lambda x: (x @ a).tanh() @ b, train, held_out)
    # Behind an argument without a derivative nothing is asked for.
    gated = correlate(lambda x: scaled(x.tanh() @ c, (x @ a)[:, :2]), train, held_out)
    assert [row.width for row in gated.rows] == [5, 5, 2]
    first, second, _ = gated.rows
    assert {first.agreement, second.agreement} > {None}
    with pytest.raises(tg.GraphError, match="forgetful is a contraction whose rules do not read"):
        correlate(lambda x: forgetful(x, c), train)


# What is left alone ------------------------------------------------------------------------------


class Recalcitrant(nn.Module):
    """Parts in evaluation and in training, and an output that can be spoilt."""

    def __init__(self, spoilt: bool = False) -> None:
        self.body = network()
        self.body.layers[2].eval()
        self.body.layers[1].train()
        self.spoilt = spoilt

    def forward(self, x: Any) -> Any:
        assert not any(module.training for _, module in self.modules())
        return "nothing" if self.spoilt else self.body(x)


@pytest.mark.parametrize("spoilt", [False, True])
def test_flags_of_training_are_as_they_were(spoilt: bool) -> None:
    model = Recalcitrant(spoilt)
    before = [dict(vars(module)) for _, module in model.modules()]
    assert [module.training for _, module in model.modules()].count(False) == 1
    if spoilt:
        with pytest.raises(tg.DTypeError, match="correlate: the model returned a str; it must"):
            correlate(model, rows(1, 20))
    else:
        correlate(model, rows(1, 20))
    assert [vars(module) for _, module in model.modules()] == before


def test_no_gradient_draw_hook_or_mode_is_touched(backend: str) -> None:
    model = network()
    first, *others = model.parameters()
    kept = Tensor(np.ones(first.shape))
    first.grad = kept
    grad = first.grad
    heard: list[Tensor] = []
    for weight in model.parameters():
        weight.register_hook(heard.append)
    values = [p.numpy() for p in model.parameters()]
    generator = tg.default_generator().state_dict()
    legacy = np.random.get_state()[1].copy()  # type: ignore[index]  # the words of the legacy state
    x = Tensor(draws(1, 30, 5), requires_grad=True)
    with tg.no_grad():
        found = correlate(model, (x, draws(2, 30, 2)), rows(3, 30))
        assert not tg.is_recording()
    assert found == correlate(model, (x.numpy(), draws(2, 30, 2)), rows(3, 30))
    assert tg.current_backend() is get_backend(backend)
    assert first.grad is grad
    assert x.grad is None
    assert [p.grad for p in others] == [None] * 3
    assert heard == []
    for weight, value in zip(model.parameters(), values, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    after = tg.default_generator().state_dict()
    assert all((after[key] == generator[key]).all() for key in generator)
    assert (np.random.get_state()[1] == legacy).all()  # type: ignore[index]


# Refusals ----------------------------------------------------------------------------------------


def test_models_that_cannot_be_measured() -> None:
    train = rows(1, 20)
    with pytest.raises(tg.GraphError, match="correlate: the model multiplies no layer by a para"):
        correlate(lambda x: x[:, :2] * 2, train)
    weight = parameter(5, 2)
    with pytest.raises(tg.GraphError, match="dot, @, vecmat, einsum or tensordot takes as it is"):
        correlate(lambda x: x @ (weight * 2), train)
    with pytest.raises(tg.GraphError, match="multiplies no layer by a parameter"):
        correlate(nn.Sequential(nn.ReLU()), (train[0], train[0]))
    with pytest.raises(
        tg.ShapeError, match=r"of 20 rows of train the model made float64, shape \(2,"
    ):
        correlate(lambda x: (x @ weight).sum(0), train)
    with pytest.raises(
        tg.DTypeError, match="correlate: the model returned a tuple; it must return"
    ):
        correlate(lambda x: (x @ weight, x), train)
    with pytest.raises(tg.DTypeError, match="the model is the number 3; give a module or a func"):
        correlate(3, train)  # type: ignore[call-overload]  # that is what is tested
    with pytest.raises(tg.DTypeError, match=r"model 1 is .*; give a module or a function"):
        correlate([network(), nn.ReLU], train)  # type: ignore[list-item]  # that is what is tested
    with pytest.raises(tg.ArgumentError, match="there is no model; give one, or several in a list"):
        correlate([], train)


def test_rows_that_do_not_belong_together() -> None:
    model, (x, y) = network(), rows(1, 20)
    with pytest.raises(tg.DTypeError, match=r"train must be a pair \(x, y\), not 'x' \(float64"):
        correlate(model, x)  # type: ignore[call-overload]  # that is what is tested
    with pytest.raises(
        tg.ShapeError, match=r"in held_out x has shape \(20, 5\) and y \(19, 2\); e"
    ):
        correlate(model, (x, y), (x, y[1:]))
    with pytest.raises(
        tg.ArgumentError, match="train has 1 rows; a correlation needs two at least"
    ):
        correlate(model, (x[:1], y[:1]))
    with pytest.raises(
        tg.ShapeError, match=r"y of train has shape \(20,\) \(float64\) and the mod"
    ):
        correlate(model, (x, y[:, 0]))
    with pytest.raises(tg.ShapeError, match="correlate: argument x of held_out: "):
        correlate(model, (x, y), ([[1.0, 2.0], [3.0]], y))
    with pytest.raises(tg.DTypeError, match="correlate: argument y of train: "):
        correlate(model, (x, ["stop"] * 20))
    with pytest.raises(tg.ArgumentError, match="the labels of train go from 0 to 2, but the model"):
        correlate(model, (x, np.arange(20) % 3))
    with pytest.raises(tg.DTypeError, match="y of train must be real numbers, not complex128"):
        correlate(model, (x, y + 1j))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none(value: float) -> None:
    model, (x, y) = network(), rows(1, 20)
    spoilt = x.copy()
    spoilt[3, 1] = value
    with pytest.raises(tg.ArgumentError, match="correlate: x of train has 1 of 100 numbers that a"):
        correlate(model, (spoilt, y))
    with pytest.raises(tg.ArgumentError, match="correlate: y of held_out has 1 of 100 numbers th"):
        correlate(nn.Linear(5, 5, dtype=float), (x, x), (x, spoilt))
    with tg.no_grad():
        model.layers[3].bias.assign([value, 0.0])
    text = "the model's output on train has 20 of 40 numbers that are NaN or infinite"
    with pytest.raises(tg.ArgumentError, match=text):
        correlate(model, (x, y))


def test_a_layer_that_is_none_though_the_output_is_a_number() -> None:
    a, b = parameter(5, 2), parameter(3, 2)
    hidden = Tensor(np.full((20, 3), np.nan))

    def model(x: Tensor) -> Tensor:
        return tg.where(tg.isfinite(hidden @ b), hidden @ b, x @ a)

    with pytest.raises(tg.ArgumentError, match="correlate: layer_0 on train has 60 of 60 numbers"):
        correlate(model, rows(1, 20))


def test_complex_layers_are_refused() -> None:
    weight = Tensor(draws(1, 5, 2) + 1j, requires_grad=True)
    x, y = rows(1, 20)
    with pytest.raises(tg.DTypeError, match="layer_0 is complex128; correlations are defined for"):
        correlate(lambda x: (x @ weight).real, (x + 0j, y))
    with pytest.raises(
        tg.ShapeError, match=r"train the model made complex128, shape \(20, 2\); it"
    ):
        correlate(lambda x: x @ weight, (x, y))


def test_losses_that_are_none() -> None:
    model, train = network(), rows(1, 20)
    with pytest.raises(tg.DTypeError, match="correlate: loss must be a function, not a str"):
        correlate(model, train, loss="mse")  # type: ignore[call-overload]  # that is what is tested
    with pytest.raises(tg.DTypeError, match="correlate: loss returned float; it must return one"):
        correlate(model, train, loss=lambda a, b: 1.0)  # type: ignore[arg-type, return-value]
    with pytest.raises(
        tg.DTypeError, match=r"correlate: loss returned .*shape \(20, 2\)\); it must"
    ):
        correlate(model, train, loss=lambda a, b: a - b)


def test_ways_that_depend_on_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = parameter(5, 5), parameter(5, 2)

    def model(x: Tensor) -> Tensor:
        return (x @ a if x.shape[0] > 10 else x) @ b

    with pytest.raises(
        tg.GraphError, match=r"widths \[5, 5, 2, 2\] on train and \[5, 2, 2\] on held"
    ):
        correlate(model, rows(1, 20), rows(1, 9))
    monkeypatch.setattr(observation, "BATCH", 15)
    with pytest.raises(
        tg.GraphError, match="on train the model computes with 2 layers for some ba"
    ):
        correlate(model, rows(1, 20))
