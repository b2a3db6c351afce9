"""Integers, choices, orders, coin tosses and truncated normal draws: distributions and edges."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok.registry import get_backend
from tests.readers.recorder import Recorder

T = tg.Tensor
N = 20_000
LIMIT = 1.95 / math.sqrt(N)  # Kolmogorov and Smirnov's distance, passed once in a thousand
Draw = Callable[[Any], Any]  # of a generator

DRAWS: dict[str, Draw] = {
    "integers": lambda g: g.integers(-3, 12, (3, 2)),
    "choice": lambda g: g.choice(10, 7),
    "choice of rows": lambda g: g.choice([[1.0, 2.0], [3.0, 4.0]], (2, 3)),
    "choice without replacement": lambda g: g.choice(10, (2, 3), replace=False),
    "weighted choice": lambda g: g.choice(4, 7, p=[0.1, 0.0, 0.4, 0.5]),
    "weighted choice without replacement": lambda g: g.choice(9, 5, replace=False, p=[*range(9)]),
    "permutation": lambda g: g.permutation(T(np.arange(12.0).reshape(6, 2))),
    "bernoulli": lambda g: g.bernoulli(0.3, (2, 4)),
    "bernoulli of a tensor": lambda g: g.bernoulli(T([0.2, 0.8]), (9, 2)),
    "truncated normal": lambda g: g.truncated_normal((3, 2)),
    "truncated normal in a tail": lambda g: g.truncated_normal(
        5, mean=1.0, std=2.0, low=3.0, high=4.0
    ),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


def chi_squared(found: Counter[Any], expected: dict[Any, float]) -> float:
    """Pearson's sum of squared deviations, of counts from probabilities."""
    total = sum(found.values())
    assert set(found) <= set(expected)
    return sum((found[key] - total * p) ** 2 / (total * p) for key, p in expected.items())


def distance(draws: npt.NDArray[Any], cumulative: Callable[[float], float]) -> float:
    """Kolmogorov and Smirnov's distance of draws from a distribution."""
    ordered = np.sort(draws.ravel())
    n = ordered.size
    expected = np.array([cumulative(float(x)) for x in ordered])
    above, below = np.arange(1, n + 1) / n - expected, expected - np.arange(n) / n
    return float(max(above.max(), below.max()))


# What all share --------------------------------------------------------------------------------


@every_draw
def test_the_same_seed_gives_the_same_draws_on_every_backend(draw: Draw) -> None:
    drawn = []
    for name in ("numpy", "strict"):
        with tg.use_backend(name):
            generator = tg.Generator(3)
            first, second = draw(generator), draw(generator)
            assert first.backend.name == name
            drawn.append([first.tolist(), second.tolist()])
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[0][1]
    assert draw(tg.Generator(4)).tolist() != drawn[0][0]


@every_draw
def test_a_traced_step_draws_anew_at_each_replay(draw: Draw) -> None:
    generator = tg.Generator(3)

    def step(x: T) -> T:
        result: T = draw(generator) * x
        return result

    program = Recorder(step, [T(1.0)])
    assert repr(generator) == "Generator(seed=3, used=0)"  # recording a step is not taking it
    eager = tg.Generator(3)
    for factor in (1.0, 2.0, 3.0):
        expected = (draw(eager) * T(factor)).numpy()
        np.testing.assert_array_equal(program(T(factor)), expected)
    assert repr(generator) == repr(eager)


@every_draw
def test_a_draw_reads_nothing_back_from_the_device(draw: Draw) -> None:
    strict: Any = get_backend("strict")
    with tg.use_backend("strict"):
        before = strict.read_backs
        draw(tg.Generator(3))
        assert strict.read_backs == before


def test_functions_draw_with_the_default_generator() -> None:
    calls: list[tuple[Callable[[], Any], Draw]] = [
        (lambda: tg.integers(2, 9, 5, dtype="int8"), lambda g: g.integers(2, 9, 5, dtype="int8")),
        (lambda: tg.choice(9, 3, replace=False), lambda g: g.choice(9, 3, replace=False)),
        (lambda: tg.choice(2, 9, p=[1, 9]), lambda g: g.choice(2, 9, p=[1, 9])),
        (lambda: tg.permutation(7), lambda g: g.permutation(7)),
        (lambda: tg.bernoulli(0.5, 9, dtype=bool), lambda g: g.bernoulli(0.5, 9, dtype=bool)),
        (
            lambda: tg.truncated_normal(3, mean=1.0, std=2.0, low=-1.0, high=1.5, dtype="float64"),
            lambda g: g.truncated_normal(3, mean=1.0, std=2.0, low=-1.0, high=1.5, dtype="float64"),
        ),
    ]
    generator = tg.Generator(8)
    tg.seed(8)
    for function, method in calls:
        one, two = function(), method(generator)
        assert one.dtype == two.dtype
        assert one.tolist() == two.tolist()
    assert repr(tg.default_generator()) == repr(generator)


@pytest.mark.parametrize("shape", [(), 0, (2, 0, 3), 3, (2, 3), [2, 3], np.int64(4)], ids=str)
def test_draws_have_any_shape_and_use_a_word_each(shape: Any, backend: str) -> None:
    expected = tuple(shape) if isinstance(shape, tuple | list) else (int(shape),)
    words = math.prod(expected)
    single: list[Draw] = [
        lambda g: g.integers(5, shape=shape),
        lambda g: g.choice(5, shape),
        lambda g: g.choice(2, shape, p=[0.5, 0.5]),
        lambda g: g.bernoulli(0.5, shape),
        lambda g: g.truncated_normal(shape),
    ]
    for draw in single:
        generator = tg.Generator(1)
        result = draw(generator)
        assert (result.shape, result.backend.name) == (expected, backend)
        assert result.backend.owns(result.data)
        assert generator.counter.tolist() == [-(-words // 4), 0, 0, 0]


REFUSED: list[tuple[Draw, type[Exception], str]] = [
    (lambda g: g.integers(0), tg.ArgumentError, "integers: low must be less than high, got 0 and"),
    (lambda g: g.integers(5, 5, 0), tg.ArgumentError, "low must be less than high, got 5 and 5"),
    (lambda g: g.integers(2.5), tg.DTypeError, "integers: high must be an integer, got 2.5"),
    (lambda g: g.integers(True, 5), tg.DTypeError, "integers: low must be an integer, got True"),
    (lambda g: g.integers("a", 5), tg.DTypeError, "integers: low must be an integer, got 'a'"),
    (lambda g: g.integers(0, T(5)), tg.DTypeError, "integers: high must be an integer"),
    (lambda g: g.integers(5, dtype=float), tg.DTypeError, "expected an integer dtype, got float64"),
    (lambda g: g.integers(5, dtype=bool), tg.DTypeError, "expected an integer dtype, got bool"),
    (lambda g: g.integers(5, dtype="x"), tg.DTypeError, "integers: dtype: 'x' is not a NumPy"),
    (lambda g: g.integers(257, dtype="u1"), tg.ArgumentError, "from 0 to 255, not all from 0 to"),
    (lambda g: g.integers(-1, 5, dtype="u8"), tg.ArgumentError, "not all from -1 to 4; choose"),
    (lambda g: g.integers(5, shape=-1), tg.ArgumentError, r"at least 0, got shape \(-1,\)"),
    (lambda g: g.integers(5, shape=2.5), tg.DTypeError, "integers: a shape is an integer or"),
    (lambda g: g.choice(0), tg.ArgumentError, "choice: cannot choose 1 from 0$"),
    (lambda g: g.choice(-1), tg.ArgumentError, "choice: expected a length of at least 0, got -1"),
    (lambda g: g.choice(2.5), tg.DTypeError, "choice: expected an integer or a tensor, got 2.5"),
    (lambda g: g.choice("ab"), tg.DTypeError, "choice: expected an integer or a tensor, got 'ab'"),
    (lambda g: g.choice(["a"]), tg.DTypeError, "choice: .*expected numbers, got list"),
    (lambda g: g.choice(T(2.5)), tg.ShapeError, "choice: .* is 0-d and has no rows"),
    (lambda g: g.choice(3, 4, replace=False), tg.ArgumentError, "choose 4 from 3 without replacem"),
    (lambda g: g.choice(3, -2), tg.ArgumentError, r"at least 0, got shape \(-2,\)"),
    (lambda g: g.choice(3, p=[1, 2]), tg.ShapeError, r"choice: p .*each of 3, so the shape \(3,\)"),
    (lambda g: g.choice(2, p=[[1, 2]]), tg.ShapeError, "choice: p .*one weight for each of 2"),
    (lambda g: g.choice(2, p=T([1.0])), tg.ShapeError, "choice: p .*one weight for each of 2"),
    (lambda g: g.choice(2, p=[1, -1]), tg.ArgumentError, "weights must be finite.*got -1.0"),
    (lambda g: g.choice(2, p=[1, math.inf]), tg.ArgumentError, "weights must be finite.*got inf"),
    (lambda g: g.choice(2, p=[1, math.nan]), tg.ArgumentError, "weights must be finite.*got nan"),
    (lambda g: g.choice(2, p=[0, 0]), tg.ArgumentError, "1 of the weights must be more than 0"),
    (
        lambda g: g.choice(3, 2, replace=False, p=np.array([0, 0, 1])),
        tg.ArgumentError,
        "2 of the weights must be more than 0, and 1 are",
    ),
    (lambda g: g.choice(2, p=[1j, 1]), tg.DTypeError, "choice: p must be real, got complex64"),
    (lambda g: g.choice(2, p="no"), tg.DTypeError, "choice: argument p: .*got a str"),
    (lambda g: g.permutation(T(1.0)), tg.ShapeError, "permutation: .* is 0-d and has no rows"),
    (lambda g: g.permutation(True), tg.DTypeError, "permutation: expected an integer or a tensor"),
    (lambda g: g.bernoulli(1.5), tg.ArgumentError, "bernoulli: p must be from 0 to 1, got 1.5"),
    (lambda g: g.bernoulli(math.nan), tg.ArgumentError, "p must be from 0 to 1, got nan"),
    (lambda g: g.bernoulli([0.5, -0.5]), tg.ArgumentError, "from 0 to 1, got -0.5 among others"),
    (lambda g: g.bernoulli(np.array([2])), tg.ArgumentError, "from 0 to 1, got 2.0 among others"),
    (lambda g: g.bernoulli("p"), tg.DTypeError, "bernoulli: argument p: .*got a str"),
    (lambda g: g.bernoulli([0.5j]), tg.DTypeError, "bernoulli: p must be real, got complex64"),
    (lambda g: g.bernoulli(0.5, dtype=complex), tg.DTypeError, "a real dtype, got complex128"),
    (lambda g: g.bernoulli([0.5, 0.5], 3), tg.ShapeError, r"does not broadcast to \(3,\)"),
    (lambda g: g.bernoulli(0.5, (2, -1)), tg.ArgumentError, r"at least 0, got shape \(2, -1\)"),
    (
        lambda g: g.truncated_normal(3, low=2, high=1),
        tg.ArgumentError,
        "low must not exceed high, got 2.0 and 1.0",
    ),
    (lambda g: g.truncated_normal(3, low=math.nan), tg.ArgumentError, "low must not exceed high"),
    (lambda g: g.truncated_normal(3, low=T(1.0)), tg.DTypeError, "low must be a number, got Tens"),
    (lambda g: g.truncated_normal(3, high=None), tg.DTypeError, "high must be a number, got None"),
    (lambda g: g.truncated_normal(3, high=True), tg.DTypeError, "high must be a number, got True"),
    (lambda g: g.truncated_normal(3, low=39, high=50), tg.ArgumentError, "too small for float64"),
    (lambda g: g.truncated_normal(3, std=-1), tg.ArgumentError, "std must be at least 0, got -1"),
    (lambda g: g.truncated_normal(3, mean="m"), tg.DTypeError, "normal: argument mean: "),
    (lambda g: g.truncated_normal(3, dtype=int), tg.DTypeError, "need a floating-point dtype"),
    (
        lambda g: g.truncated_normal(3, mean=[0.0, 1.0]),
        tg.ShapeError,
        r"does not broadcast to \(3,\)",
    ),
]


@pytest.mark.parametrize(("draw", "error", "text"), REFUSED, ids=[row[2][:40] for row in REFUSED])
def test_bad_arguments_are_refused_and_nothing_is_used_up(
    draw: Draw, error: type[Exception], text: str
) -> None:
    generator = tg.Generator(1)
    with pytest.raises(error, match=text):
        draw(generator)
    assert repr(generator) == "Generator(seed=1, used=0)"


# Integers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_integers_are_equally_likely(dtype: str) -> None:
    draws = tg.Generator(2).integers(3, 14, N, dtype=dtype)
    assert draws.dtype.name == dtype
    counts = Counter(draws.tolist())
    assert chi_squared(counts, dict.fromkeys(range(3, 14), 1 / 11)) < 29.6  # 10 degrees, 0.1 %


def test_integers_of_a_wide_range_fill_it() -> None:
    draws = tg.Generator(2).integers(-(2**63), 2**63, N).numpy() / 2**64
    assert distance(draws, lambda x: x + 0.5) < LIMIT
    assert tg.Generator(0).integers(np.int8(5), np.uint64(6)).tolist() == 5  # type: ignore[arg-type]  # integers too


# Choice ----------------------------------------------------------------------------------------


def test_choices_are_equally_likely_or_as_weighted(backend: str) -> None:
    even = Counter(tg.Generator(1).choice(6, N).tolist())
    assert chi_squared(even, dict.fromkeys(range(6), 1 / 6)) < 20.5  # 5 degrees, 0.1 %
    weights = [2.0, 0.0, 1.0, 5.0, 0.0]
    for p in (weights, np.array(weights) / 8, T(weights), tuple(weights)):
        found = Counter(tg.Generator(1).choice(5, (N // 2, 2), p=p).reshape(N).tolist())
        assert chi_squared(found, {0: 0.25, 2: 0.125, 3: 0.625}) < 13.8  # 2 degrees, 0.1 %


def test_choices_without_replacement_are_different_and_in_random_order() -> None:
    generator = tg.Generator(5)
    triples = Counter(tuple(generator.choice(4, 3, replace=False).tolist()) for _ in range(2400))
    orders = itertools.permutations(range(4), 3)
    assert chi_squared(triples, dict.fromkeys(orders, 1 / 24)) < 49.7  # 23 degrees, 0.1 %
    assert sorted(generator.choice(50, (5, 10), replace=False).reshape(50).tolist()) == [*range(50)]


def test_weighted_choices_without_replacement_are_made_one_after_the_other() -> None:
    """The second is chosen by the weights of those that are left."""
    weights = {0: 0.5, 1: 0.3, 3: 0.2}
    generator = tg.Generator(6)
    p = [0.5, 0.3, 0.0, 0.2]
    pairs = Counter(tuple(generator.choice(4, 2, replace=False, p=p).tolist()) for _ in range(4000))
    expected = {
        (i, j): weights[i] * weights[j] / (1 - weights[i])
        for i, j in itertools.permutations(weights, 2)
    }
    assert chi_squared(pairs, expected) < 20.5  # 5 degrees, 0.1 %


def test_rows_are_chosen_with_their_gradients(backend: str) -> None:
    table = T(np.arange(8.0).reshape(4, 2), requires_grad=True)
    places = tg.Generator(9).choice(4, (3, 5))
    rows = tg.Generator(9).choice(table, (3, 5))
    assert (rows.shape, rows.dtype) == ((3, 5, 2), np.dtype("f8"))
    np.testing.assert_array_equal(rows.numpy(), table.numpy()[places.numpy()])
    rows.sum().backward()
    times = np.bincount(places.numpy().ravel(), minlength=4)
    assert table.grad is not None
    np.testing.assert_array_equal(table.grad.numpy(), np.stack([times, times], axis=1))
    assert tg.choice([7], 2).tolist() == [7, 7]
    assert tg.choice(table).shape == (2,)
    assert tg.choice(T(np.zeros((0, 3))), 0).shape == (0, 3)
    assert tg.choice(1, 3, p=[5]).tolist() == [0, 0, 0]
    assert tg.choice(0, 0, p=[]).shape == (0,)
    assert tg.choice(3, 0, replace=False, p=[0, 0, 0]).shape == (0,)


def test_draws_are_made_where_their_tensor_is() -> None:
    table = T([1.0, 2.0, 3.0], backend=get_backend("strict"))
    for made in (
        *(tg.choice(table, 2), tg.choice(3, 2, p=table), tg.choice(table, 2, replace=False)),
        *(
            tg.permutation(table),
            tg.bernoulli(table / 3),
            tg.uniform(3, low=table, high=[3.0, 4.0, 5.0]),
        ),
        *(tg.normal(3, std=table), tg.truncated_normal((2, 3), mean=table)),
    ):
        assert made.backend.name == "strict"
    assert tg.choice(3, 2).backend.name == "numpy"
    with pytest.raises(tg.BackendMismatch, match=r"'strict'.*'numpy'"):
        tg.choice(T([1.0, 2.0, 3.0]), 2, p=table)


# Orders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(9,), (5, 2), (1, 3), (0, 2)], ids=str)
def test_rows_of_a_tensor_get_the_order_that_integers_get(
    shape: tuple[int, ...], backend: str
) -> None:
    rows = np.arange(math.prod(shape)).reshape(shape) + 0.5
    order = tg.Generator(3).permutation(shape[0])
    assert type(order) is np.ndarray
    shuffled = tg.Generator(3).permutation(T(rows))
    assert isinstance(shuffled, T)
    np.testing.assert_array_equal(shuffled.numpy(), rows[order])
    assert tg.Generator(3).permutation(rows.tolist()).shape[0] == shape[0]
    if rows.size:
        assert tg.gradcheck(lambda x: tg.Generator(3).permutation(x), [rows])


# Coin tosses -----------------------------------------------------------------------------------


def test_coins_fall_as_often_as_their_probability_says(backend: str) -> None:
    chances = np.array([0.0, 1e-3, 0.25, 0.5, 0.9, 1.0])
    for p in (chances, T(chances), chances.tolist(), T(chances, dtype="float32")):
        tosses = tg.Generator(4).bernoulli(p, (N, 6))
        assert tosses.dtype == np.float32
        assert set(np.unique(tosses.numpy()).tolist()) == {0.0, 1.0}
        means = tosses.numpy().mean(axis=0, dtype=float)
        assert (np.abs(means - chances) <= 4 * np.sqrt(chances * (1 - chances) / N)).all()
    assert tg.bernoulli(np.float32(1), 100).numpy().all()
    for number in (0, 0.0, False):
        assert not tg.bernoulli(number, 1000).numpy().any()
    for number in (1, 1.0, True):
        assert tg.bernoulli(number, 1000).numpy().all()


def test_a_small_probability_is_not_rounded_to_the_resolution_of_float32() -> None:
    """The units below 2**-24 are 0 in float32: a draw at that precision would be too often 1."""
    units = tg.Generator(11).uniform(200_000, dtype="float64").numpy()
    chance = float(np.sort(units)[1])
    tosses = tg.Generator(11).bernoulli(np.float32(chance), 200_000).numpy()
    assert tosses.sum() == (units < np.float32(chance)).sum()


def test_coins_take_the_shape_of_their_probabilities_and_any_real_dtype(backend: str) -> None:
    p = T([[0.5], [1.0]], requires_grad=True)
    assert tg.bernoulli(p).shape == (2, 1)
    assert tg.bernoulli(p, (2, 3)).tolist()[1] == [1.0, 1.0, 1.0]
    assert not tg.bernoulli(p).requires_grad
    assert tg.bernoulli(0.5).shape == ()
    for dtype in (bool, "int8", "float16", "float64"):
        assert tg.bernoulli(p, dtype=dtype).dtype == np.dtype(dtype)
    assert tg.bernoulli([True, False]).tolist() == [1.0, 0.0]
    tg.set_default_dtype("float64")
    assert tg.bernoulli(0.5).dtype == np.float64


@pytest.mark.parametrize("draw", [tg.uniform, tg.normal, tg.truncated_normal])
def test_draws_are_as_fine_as_their_parameters(draw: Any) -> None:
    """Draws of float32 would fall on a grid of 24 bits, and be cast to float64 afterwards."""
    one, two = ("low", "high") if draw is tg.uniform else ("mean", "std")
    for dtype in ("float16", "float32", "float64"):
        made = draw(200, **{one: T([0.0], dtype=dtype)})
        assert made.dtype == np.dtype(dtype)
        tg.seed(1)
        found = draw(200, **{one: np.zeros(1, dtype=dtype), two: np.ones(1, dtype=dtype)}).tolist()
        tg.seed(1)
        assert found == draw(200, dtype=dtype).tolist()
    assert draw(3, **{one: T([0]), two: T([1])}).dtype == np.float32
    mixed = {one: T([0.0], dtype="float64"), two: T([1.0], dtype="float16")}
    assert draw(3, **mixed).dtype == np.float64


# Truncated normal ------------------------------------------------------------------------------

BOUNDS = [(-2.0, 2.0), (-0.5, 0.25), (0.5, 3.0), (2.0, math.inf), (-math.inf, 1.0), (-6.0, -5.0)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [*BOUNDS, (-math.inf, math.inf), (7.0, 9.0)])
def test_truncated_draws_are_those_of_the_normal_distribution_between_the_bounds(
    low: float, high: float, dtype: Any
) -> None:
    draws = tg.Generator(5).truncated_normal(N, low=low, high=high, dtype=dtype).numpy()
    assert low <= draws.min() < draws.max() <= high

    def below(x: float) -> float:
        """The distribution function in whichever tail is nearer, where it has its digits."""
        sign = -1 if low > 0 else 1
        ends = [math.erfc(-sign * v / math.sqrt(2)) for v in (low, x, high)]
        return (ends[1] - ends[0]) / (ends[2] - ends[0])

    assert distance(draws, below) < LIMIT
    normal = NormalDist()
    if abs(low) <= 3 and abs(high) <= 3:
        mass = normal.cdf(high) - normal.cdf(low)
        mean = (normal.pdf(low) - normal.pdf(high)) / mass
        edges = (low * normal.pdf(low) - high * normal.pdf(high)) / mass
        deviation = math.sqrt(1 + edges - mean**2)
        assert abs(draws.mean(dtype=float) - mean) < 4 * deviation / math.sqrt(N)
        assert abs(draws.std(dtype=float) - deviation) < 4 * deviation / math.sqrt(N)


def test_bounds_are_in_standard_deviations_from_the_mean(backend: str) -> None:
    unit = tg.Generator(2).truncated_normal((3, 4), dtype="float64").numpy()
    moved = tg.Generator(2).truncated_normal((3, 4), mean=10.0, std=0.5, dtype="float64").numpy()
    np.testing.assert_allclose(moved, unit * 0.5 + 10, rtol=1e-15)
    wide = tg.Generator(2).truncated_normal(N, mean=10.0, std=0.5).numpy()
    assert 9.0 <= wide.min() < 9.01
    assert 10.99 < wide.max() <= 11.0


def test_equal_bounds_give_constants(backend: str) -> None:
    for bound in (0.0, 1.5, -50.0, 50.0):
        draws = tg.truncated_normal(4, mean=1.0, std=2.0, low=bound, high=bound, dtype="float64")
        assert draws.tolist() == [1 + 2 * bound] * 4
    assert tg.truncated_normal(3, mean=5.0, std=0.0).tolist() == [5.0, 5.0, 5.0]


def test_truncated_draws_are_differentiable_in_mean_and_deviation(backend: str) -> None:
    mean, std = np.zeros(3), np.ones((2, 1))

    def draw(mean: T, std: T) -> T:
        return tg.Generator(2).truncated_normal((2, 3), mean=mean, std=std, dtype="float64")

    assert tg.gradcheck(draw, [mean, std])
    unit = tg.Generator(2).truncated_normal((2, 3), dtype="float64").numpy()
    slopes = tg.grad(lambda m, s: draw(m, s).sum(), (0, 1))(mean, std)
    np.testing.assert_allclose(slopes[0].numpy(), [2.0, 2.0, 2.0])
    np.testing.assert_allclose(slopes[1].numpy(), unit.sum(axis=1, keepdims=True))
    assert tg.truncated_normal(3, mean=T([0.0]), std=2.0, dtype="float16").dtype == np.float16
