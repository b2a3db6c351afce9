"""Modules find their parameters; linear layers, sequences and dropout compute what they say."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn

T = tg.Tensor


class Block(nn.Module):
    """A parameter, a buffer, and things that are neither; its base is never initialised."""

    def __init__(self, width: int = 2) -> None:
        self.w = T(np.arange(float(width)), requires_grad=True)
        self.seen = T([0.0])
        self.width = width
        self.label = "block"

    def forward(self, x: Any) -> Any:
        return x * self.w


class Nested(nn.Module):
    """Modules and tensors in attributes, lists, tuples and dictionaries."""

    def __init__(self) -> None:
        self.first = Block()
        self.many = [Block(1), (Block(3), T([1.0], requires_grad=True))]
        self.named = {"a": Block(1), "b": {"c": T([2.0], requires_grad=True)}}
        self.again = self.first
        self.shared = self.first.w

    def forward(self, x: Any) -> Any:
        return self.first(x) + self.shared


# Finding parameters ------------------------------------------------------------------------------


def test_parameters_are_found_wherever_they_are_and_each_once() -> None:
    model = Nested()
    names = [name for name, _ in model.named_parameters()]
    rest = {"many.0.w", "many.1.0.w", "many.1.1", "named.a.w", "named.b.c"}
    assert set(names) in (rest | {"shared"}, rest | {"first.w"})
    assert len(names) == 6
    assert len({id(p) for p in model.parameters()}) == 6
    assert model.parameter_count() == 2 + 1 + 3 + 1 + 1 + 1
    assert dict(model.named_parameters())["many.1.1"] is model.many[1][1]  # type: ignore[index]  # tuple


def test_tensors_that_need_no_gradient_are_state_and_no_parameters() -> None:
    block = Block()
    assert [name for name, _ in block.named_tensors()] == ["w", "seen"]
    assert [name for name, _ in block.named_parameters()] == ["w"]
    block.w.requires_grad = False
    assert block.parameters() == []
    block.seen.requires_grad = True
    assert [name for name, _ in block.named_parameters()] == ["seen"]


def test_results_kept_by_a_module_are_no_parameters() -> None:
    block = Block()
    block.last = block(T([1.0, 1.0]))  # type: ignore[attr-defined]  # set on the fly
    assert [name for name, _ in block.named_parameters()] == ["w"]


def test_modules_are_listed_once_with_their_place_and_cycles_end() -> None:
    model = Nested()
    model.first.parent = model  # type: ignore[attr-defined]  # set on the fly
    names = [name for name, _ in model.modules()]
    assert names[0] == ""
    assert set(names[1:]) == {"first", "many.0", "many.1.0", "named.a"}
    assert len(model.parameters()) == 6


def test_names_that_collide_are_refused() -> None:
    class Held(nn.Module):
        def __init__(self) -> None:
            self.a = {"1": nn.Linear(2, 2), 1: nn.Linear(2, 2)}

    for read in (Held().parameters, Held().state_dict, Held().zero_grad):
        with pytest.raises(
            tg.ArgumentError, match=r"Held: two tensors are called 'a\.1\.weight'; give keys and"
        ):
            read()


@pytest.mark.parametrize("kind", ["list", "dictionary", "pair"])
def test_what_contains_itself_is_looked_into_once(kind: str) -> None:
    class Held(nn.Module):
        def __init__(self) -> None:
            self.many: list[Any] = [Block(1)]
            self.named: dict[str, Any] = {"b": Block(1)}
            self.twice = [self.many[0], self.named["b"]]
            if kind == "list":
                self.many.append(self.many)
            elif kind == "dictionary":
                self.named["self"] = self.named
            else:
                self.many.append(self.named)
                self.named["a"] = self.many

    model = Held()
    assert len(model.parameters()) == 2
    assert repr(model).splitlines()[-1].split() == ["total", "4"]


def test_two_models_share_nothing() -> None:
    one, two = nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2))
    assert not {id(p) for p in one.parameters()} & {id(p) for p in two.parameters()}
    assert len(nn.Sequential()) == 0
    assert nn.Sequential().parameters() == []


def test_copies_are_models_of_their_own_and_keep_sharing() -> None:
    model = Nested()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [n for n, _ in twin.named_parameters()] == [n for n, _ in model.named_parameters()]
        assert twin.shared is twin.first.w
        assert not {id(p) for p in twin.parameters()} & {id(p) for p in model.parameters()}
        twin(T([1.0, 1.0])).sum().backward()
    assert model.first.w.grad is None


def test_a_module_without_forward_says_so() -> None:
    class Empty(nn.Module):
        """Nothing."""

    with pytest.raises(NotImplementedError, match="Empty has no forward method"):
        Empty()(1)


# Modes, gradients -----------------------------------------------------------------------------


def test_train_and_eval_reach_all_modules_and_return_the_model() -> None:
    model = Nested()
    assert model.training
    assert model.eval() is model
    assert not any(module.training for _, module in model.modules())
    assert model.train() is model
    assert all(module.training for _, module in model.modules())
    model.train(False)
    assert not model.first.training
    assert Block().training


def test_zero_grad_forgets_gradients_of_frozen_tensors_too() -> None:
    block = Block()
    block(T([1.0, 1.0])).sum().backward()
    block.w.requires_grad = False
    block.seen.grad = T([1.0])
    block.zero_grad()
    assert block.w.grad is None
    assert block.seen.grad is None


def test_zero_grad_forgets_all_gradients() -> None:
    model = Nested()
    (model(T([1.0, 1.0])).sum() + model.many[1][1].sum()).backward()  # type: ignore[index]  # tuple
    assert sum(p.grad is not None for p in model.parameters()) == 2
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


# Linear, Sequential --------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [(), (5,), (2, 3), (0,)])
def test_linear_is_a_product_and_a_sum(lead: tuple[int, ...], backend: str) -> None:
    layer = nn.Linear(3, 4, dtype=np.float64)
    assert layer.bias is not None
    with tg.no_grad():
        layer.bias.assign([1.0, 2.0, 3.0, 4.0])
    x = np.random.default_rng(0).normal(size=(*lead, 3))
    result = layer(x)
    assert (result.shape, result.backend.name) == ((*lead, 4), backend)
    np.testing.assert_allclose(result.numpy(), x @ layer.weight.numpy() + [1, 2, 3, 4], rtol=1e-12)
    result.sum().backward()
    assert layer.bias.grad is not None
    assert layer.bias.grad.tolist() == [float(math.prod(lead))] * 4


def test_linear_begins_with_the_numbers_it_always_had() -> None:
    drawn = tg.Generator(7).uniform((3, 4), low=-math.sqrt(2), high=math.sqrt(2))
    np.testing.assert_array_equal(
        nn.Linear(3, 4, generator=tg.Generator(7)).weight.numpy(), drawn.numpy()
    )


def test_linear_begins_with_the_spread_that_suits_relu() -> None:
    layer = nn.Linear(50, 400)
    weight = layer.weight.numpy()
    assert weight.dtype == np.float32
    assert abs(weight.std() - math.sqrt(2 / 50)) < 0.003
    assert np.abs(weight).max() <= math.sqrt(6 / 50)
    assert layer.bias is not None
    assert layer.bias.tolist() == [0.0] * 400
    assert nn.Linear(2, 3, bias=False).bias is None


def test_linear_draws_from_the_generator_given_or_the_default_one() -> None:
    a, b = (nn.Linear(3, 4, generator=tg.Generator(5)) for _ in range(2))
    assert a.weight.tolist() == b.weight.tolist()
    tg.seed(5)
    assert nn.Linear(3, 4).weight.tolist() == a.weight.tolist()
    assert nn.Linear(3, 4).weight.tolist() != a.weight.tolist()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((0, 3), tg.ArgumentError, "Linear: inputs must be at least 1, got 0"),
        ((3, -1), tg.ArgumentError, "Linear: outputs must be at least 1, got -1"),
        ((2.0, 3), tg.DTypeError, r"Linear: inputs must be an integer, got 2\.0"),
        (("2", 3), tg.DTypeError, "Linear: inputs must be an integer, got '2'"),
        ((True, 3), tg.DTypeError, "Linear: inputs must be an integer, got True"),
    ],
)
def test_linear_refuses_bad_sizes(arguments: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        nn.Linear(*arguments)


@pytest.mark.parametrize("dtype", [int, "nonsense", complex, object])
def test_linear_refuses_dtypes_that_are_no_floats(dtype: Any) -> None:
    with pytest.raises(tg.DTypeError, match=r"float|dtype"):
        nn.Linear(2, 3, dtype=dtype)


def test_linear_refuses_inputs_that_do_not_fit() -> None:
    layer = nn.Linear(3, 4)
    batch = np.ones((5, 2), np.float32)
    with pytest.raises(
        tg.ShapeError, match=r"Linear: x 'batch' \(float32, shape \(5, 2\)\) must have .*length 3"
    ):
        layer(batch)
    with pytest.raises(tg.ShapeError, match=r"Linear: x .*shape \(\)\) must have a last axis"):
        layer(2.0)
    with pytest.raises(
        tg.DTypeError,
        match=r"Linear: x has dtype float64 and the weight has dtype float32; .*astype\('float32'",
    ):
        layer(np.ones(3))
    assert layer(np.ones(3, np.int64)).dtype == np.float32
    assert layer([1.0, 2.0, 3.0]).shape == (4,)


def test_sequential_applies_modules_and_functions_in_order() -> None:
    model = nn.Sequential(Block(), lambda x: x + 1, tg.relu, nn.Sequential(Block()))
    assert model(T([2.0, 3.0])).tolist() == [0.0, 4.0]
    assert (len(model), model[0].width) == (4, 2)
    assert [name for name, _ in model.named_parameters()] == ["0.w", "3.0.w"]
    for bad in (3, None, T([1.0]), "relu"):
        with pytest.raises(tg.DTypeError, match=f"Sequential: layer 1 is a {type(bad).__name__}"):
            nn.Sequential(Block(), bad)
    with pytest.raises(
        tg.DTypeError, match=r"Sequential: layer 1 is the class ReLU; write ReLU\(\)$"
    ):
        nn.Sequential(nn.Linear(2, 2), nn.ReLU)


def test_layers_say_to_type_checkers_that_they_give_tensors() -> None:
    """With a wrong annotation this would not pass ``mypy --strict``."""

    class Half(nn.Layer):
        def forward(self, x: Any, by: float = 2.0) -> tg.Tensor:
            return tg.divide(x, by)

    layer, model, half = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 1), nn.ReLU()), Half()

    def through(x: tg.Tensor) -> tg.Tensor:
        return model(half(layer(x), by=4.0))

    assert through(tg.ones((3, 2))).shape == (3, 1)
    with pytest.raises(NotImplementedError, match="Layer has no forward method"):
        nn.Layer()(1)


# Dropout ---------------------------------------------------------------------------------------


def test_dropout_zeroes_and_scales_while_training(backend: str) -> None:
    x = T(np.ones((100, 100), np.float32), requires_grad=True)
    layer = nn.Dropout(0.25)
    dropped = layer(x)
    assert dropped.dtype == np.float32
    assert dropped.backend.name == backend
    values = dropped.numpy()
    assert set(np.unique(values)) == {np.float32(0), np.float32(4 / 3)}
    assert abs((values == 0).mean() - 0.25) < 0.02
    assert abs(values.mean() - 1) < 0.03
    dropped.sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), values)
    assert (layer(x).numpy() != values).any()


def test_dropout_does_nothing_in_evaluation_or_with_p_0() -> None:
    x = T([1.0, 2.0], requires_grad=True)
    for layer in (nn.Dropout(0.9).eval(), nn.Dropout(0), nn.Dropout(0.0)):
        before = repr(tg.default_generator())
        assert layer(x).tolist() == [1.0, 2.0]
        assert layer(x).requires_grad
        assert repr(tg.default_generator()) == before


def test_dropout_draws_from_the_generator_given() -> None:
    x = tg.ones(100)
    a, b = (nn.Dropout(0.5, generator=tg.Generator(3))(x).tolist() for _ in range(2))
    assert a == b
    tg.seed(3)
    assert nn.Dropout(0.5)(x).tolist() == a


def test_dropout_keeps_infinities_and_nan_out_of_what_it_drops() -> None:
    dropped = nn.Dropout(0.5)(T(np.full(64, np.inf))).numpy()
    assert set(np.unique(dropped)) == {0.0, np.inf}


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, math.nan, math.inf, "0.5", None, True])
def test_dropout_refuses_a_bad_probability(p: Any) -> None:
    with pytest.raises((tg.ArgumentError, tg.DTypeError), match="Dropout: p must be"):
        nn.Dropout(p)


def test_dropout_takes_numbers_of_numpy() -> None:
    assert nn.Dropout(np.float32(0.5)).p == 0.5  # type: ignore[arg-type]  # a number all the same


def test_a_model_runs_on_its_own_backend_whatever_the_current_one() -> None:
    with tg.use_backend("strict"):
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2))
    loss = nn.cross_entropy(model(np.ones((5, 3), np.float32)), [0, 1, 0, 1, 1])
    assert loss.backend.name == "strict"
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
