"""Initialisers: spread, shape and dtype of what they draw, and where they draw it from."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn
from tensorgrok.nn import init

T = tg.Tensor

INITIALISERS: dict[str, Any] = {
    "xavier_uniform": init.xavier_uniform,
    "xavier_normal": init.xavier_normal,
    "he_uniform": init.he_uniform,
    "he_normal": init.he_normal,
    "orthogonal": init.orthogonal,
    "normal": init.normal,
}
every_initialiser = pytest.mark.parametrize("name", INITIALISERS)


@every_initialiser
@pytest.mark.parametrize("dtype", [None, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (1, 1), (2, 2, 3, 4), (0, 3), (3, 0)])
def test_a_parameter_comes_out(name: str, dtype: Any, shape: tuple[int, ...], backend: str) -> None:
    weight = INITIALISERS[name](shape, dtype=dtype)
    assert weight.backend.name == backend
    assert (weight.shape, weight.dtype) == (shape, dtype or np.float32)
    assert weight.requires_grad
    assert weight.is_leaf
    assert np.isfinite(weight.numpy()).all()
    (weight * weight).sum().backward()
    assert weight.grad is not None


@every_initialiser
def test_the_same_seed_draws_the_same_numbers_everywhere(name: str) -> None:
    draw = INITIALISERS[name]
    first = draw((6, 4), generator=tg.Generator(3)).numpy()
    for backend in ("numpy", "strict"):
        with tg.use_backend(backend):
            tg.seed(3)
            np.testing.assert_array_equal(draw((6, 4)).numpy(), first)
            assert (draw((6, 4)).numpy() != first).any()


# Of the draws 120,000 numbers, so standard deviations are right to about 0.3 percent.
SPREADS = [
    ("xavier_uniform", {}, math.sqrt(2 / 700), True),
    ("xavier_uniform", {"gain": 2}, 2 * math.sqrt(2 / 700), True),
    ("xavier_normal", {}, math.sqrt(2 / 700), False),
    ("xavier_normal", {"gain": 0.5}, 0.5 * math.sqrt(2 / 700), False),
    ("he_uniform", {}, math.sqrt(2 / 300), True),
    ("he_uniform", {"gain": 1}, math.sqrt(1 / 300), True),
    ("he_normal", {}, math.sqrt(2 / 300), False),
    ("he_normal", {"gain": 3}, 3 / math.sqrt(300), False),
    ("normal", {}, 1.0, False),
    ("normal", {"std": 0.02}, 0.02, False),
]


@pytest.mark.parametrize(("name", "settings", "std", "uniform"), SPREADS)
def test_draws_have_the_spread_they_should(
    name: str, settings: dict[str, float], std: float, uniform: bool
) -> None:
    values = INITIALISERS[name]((300, 400), **settings).numpy().astype(float)
    assert values.std() == pytest.approx(std, rel=0.01)
    assert abs(values.mean()) < 0.01 * std
    largest = np.abs(values).max() / std
    assert (1.73 < largest < math.sqrt(3) + 1e-6) if uniform else (4 < largest < 6)
    within = (np.abs(values) < std).mean()
    assert within == pytest.approx(1 / math.sqrt(3) if uniform else math.erf(0.5**0.5), abs=0.01)


def test_axes_before_the_last_two_are_places_of_a_kernel() -> None:
    assert init.fans((64, 10)) == (64, 10)
    assert init.fans((3, 5, 16, 32)) == (240, 480)
    assert init.fans((4, 0)) == (4, 0)
    tg.seed(1)
    kernel = init.he_normal((3, 3, 32, 128)).numpy()
    assert kernel.std() == pytest.approx(math.sqrt(2 / 288), rel=0.02)
    kernel = init.xavier_uniform((3, 3, 32, 128)).numpy()
    assert kernel.std() == pytest.approx(math.sqrt(2 / (9 * 160)), rel=0.02)


# Orthogonal ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4), (2, 3, 4), (2, 2, 9)])
@pytest.mark.parametrize("gain", [1, 0.5])
def test_the_fewer_of_rows_and_columns_are_orthonormal(
    shape: tuple[int, ...], gain: float, backend: str
) -> None:
    weight = init.orthogonal(shape, gain, dtype=np.float64).numpy().reshape(-1, shape[-1])
    product = weight @ weight.T if weight.shape[0] < weight.shape[1] else weight.T @ weight
    np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=1e-14)


def test_orthogonal_matrices_are_equally_likely() -> None:
    """The trace of such a matrix has mean 0 and variance 1; with LAPACK's signs -0.5 and 0.24."""
    generator = tg.Generator(0)
    draws = [init.orthogonal((3, 3), generator=generator).numpy() for _ in range(2000)]
    traces = np.array([np.trace(draw) for draw in draws])
    assert abs(traces.mean()) < 0.08
    assert traces.var() == pytest.approx(1, abs=0.1)
    determinants = np.array([np.linalg.det(draw) for draw in draws])
    np.testing.assert_allclose(np.abs(determinants), 1, rtol=1e-5)
    assert abs(determinants.mean()) < 0.08
    assert np.abs(np.mean(draws, axis=0)).max() < 0.06


def test_orthogonal_numbers_do_not_depend_on_the_dtype() -> None:
    wide = init.orthogonal((4, 3), dtype=np.float64, generator=tg.Generator(1)).numpy()
    single = init.orthogonal((4, 3), generator=tg.Generator(1)).numpy()
    np.testing.assert_array_equal(wide.astype(np.float32), single)


# Gains -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "wanted"),
    [
        (lambda z: z, 1),
        (nn.Identity(), 1),
        (tg.relu, math.sqrt(2)),
        (lambda z: tg.leaky_relu(z, 0.2), math.sqrt(2 / (1 + 0.2**2))),
        (tg.abs, 1),
        (lambda z: 3 * z, 1 / 3),
        (tg.cos, 1 / math.sqrt((1 + math.exp(-2)) / 2)),
    ],
)
def test_gain_is_what_can_be_worked_out_by_hand(
    activation: Any, wanted: float, backend: str
) -> None:
    assert init.gain(activation) == pytest.approx(wanted, rel=1e-7)


@pytest.mark.parametrize("function", [tg.relu, tg.tanh, tg.gelu, tg.silu, tg.elu, tg.sigmoid])
def test_with_its_gain_an_activation_keeps_the_scale_through_many_layers(function: Any) -> None:
    signal = np.random.default_rng(0).normal(size=(64, 512)).astype(np.float32)
    rows = T(signal)
    with tg.no_grad():
        for _ in range(8):
            rows = function(rows).dot(init.he_normal((512, 512), init.gain(function)))
    assert (rows.numpy() ** 2).mean() == pytest.approx(1, rel=0.35)


def test_the_table_of_gains_is_right() -> None:
    text = " ".join(str(init.gain.__doc__).split())
    for name in ("relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu", "elu", "mish"):
        assert f"``{name}``" in text
        shown = "1.414 for ``relu`` and" if name == "leaky_relu" else f"for ``{name}``"
        assert shown in text
        wanted = f"{init.gain(getattr(tg, name)):.3f}"
        assert wanted in text.partition(f"``{name}``")[0][-24:]


def test_gain_refuses_what_is_no_activation() -> None:
    with pytest.raises(tg.ShapeError, match=r"gain: .*the same shape, but gave \(\) for \(4001,\)"):
        init.gain(tg.sum)
    with pytest.raises(tg.DTypeError, match=r"gain: give a function such as tg\.relu, not 'relu'"):
        init.gain("relu")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(tg.ShapeError, match=r"gain: .*but gave float for"):
        init.gain(lambda z: 1.0)
    with pytest.raises(tg.ArgumentError, match=r"gain: the mean square of the activation is 0\.0"):
        init.gain(lambda z: z * 0)


# Errors ----------------------------------------------------------------------------------------


@every_initialiser
def test_bad_arguments_are_refused(name: str) -> None:
    draw = INITIALISERS[name]
    for arguments, error, text in (
        ({"shape": (2, -3)}, tg.ArgumentError, r"lengths must be at least 0, got shape \(2, -3\)"),
        ({"shape": (2.0, 3)}, tg.DTypeError, "shape"),
        ({"dtype": int}, tg.DTypeError, "parameters need a floating-point dtype, got int64"),
        ({"dtype": complex}, tg.DTypeError, "parameters need a floating-point dtype, got complex"),
        ({"dtype": "x"}, tg.DTypeError, ""),
        ({"generator": 3}, tg.DTypeError, "generator must be a Generator, not 3"),
    ):
        with pytest.raises(error, match=f"{name}: .*{text}"):
            draw(**({"shape": (2, 3)} | arguments))
    argument = "std" if name == "normal" else "gain"
    for value, error, text in (
        (0, tg.ArgumentError, "must be positive, got 0"),
        (-1.5, tg.ArgumentError, r"must be positive, got -1\.5"),
        (math.inf, tg.ArgumentError, "must be finite, got inf"),
        ("relu", tg.DTypeError, "must be a number, got 'relu'"),
        (True, tg.DTypeError, "must be a number, got True"),
    ):
        with pytest.raises(error, match=f"{name}: {argument} {text}"):
            draw((2, 3), **{argument: value})
    if name != "normal":
        with pytest.raises(
            tg.ShapeError,
            match=rf"{name}: needs a shape \(\.\.\., inputs, outputs\), got \(3,\); a bias starts",
        ):
            draw(3)


def test_fans_need_two_axes() -> None:
    with pytest.raises(tg.ShapeError, match=r"fans: needs a shape .*, got \(\)"):
        init.fans(())


# In layers -------------------------------------------------------------------------------------


def test_layers_take_an_initialiser() -> None:
    generator = tg.Generator(4)
    drawn = init.orthogonal((6, 4), 0.5, dtype=np.float64, generator=tg.Generator(4))
    layer = nn.Linear(
        6,
        4,
        dtype=np.float64,
        init=functools.partial(init.orthogonal, gain=0.5),
        generator=generator,
    )
    np.testing.assert_array_equal(layer.weight.numpy(), drawn.numpy())
    assert layer.weight.requires_grad
    constant = nn.Linear(2, 3, init=lambda shape, dtype, generator: tg.ones(shape, dtype=dtype))
    assert constant.weight.requires_grad
    assert constant.weight.tolist() == [[1.0] * 3] * 2


def test_an_initialiser_may_compute_with_what_another_returns(backend: str) -> None:
    def small(shape: Any, **settings: Any) -> tg.Tensor:
        return init.he_uniform(shape, **settings) * 0.1

    layer = nn.Linear(3, 2, init=small, generator=tg.Generator(1))
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    drawn = init.he_uniform((3, 2), generator=tg.Generator(1)).numpy()
    np.testing.assert_array_equal(layer.weight.numpy(), drawn * np.float32(0.1))
    layer(tg.ones(3)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[1.0, 1.0]] * 3


def test_layers_share_nothing_that_an_initialiser_returns_twice() -> None:
    made = tg.Tensor([[1.0, 1.0], [1.0, 1.0]], requires_grad=True)
    one, two = (nn.Linear(2, 2, init=lambda *_, **__: made) for _ in range(2))
    assert one.weight is not two.weight
    one.weight.data[...] = 5
    assert two.weight.tolist() == made.tolist() == [[1.0, 1.0]] * 2


def test_layers_check_what_an_initialiser_returns() -> None:
    for returned, error, text in (
        (tg.ones((3, 2)), tg.ShapeError, r"not \(float32, shape \(3, 2\)\)"),
        (tg.ones((2, 3), dtype=np.float64), tg.DTypeError, r"not \(float64, shape \(2, 3\)\)"),
        (np.ones((2, 3), np.float32), tg.DTypeError, r"not \(ndarray\)"),
    ):
        with pytest.raises(
            error, match=rf"Linear: init must return a Tensor \(float32, shape \(2, 3\)\), {text}"
        ):
            nn.Linear(2, 3, init=lambda *_, made=returned, **__: made)
    with pytest.raises(tg.DTypeError, match=r"Embedding: init must be a function .*, not 'he'"):
        nn.Embedding(2, 3, init="he")  # type: ignore[arg-type]  # wrong on purpose
