"""Random draws: their bits, distributions and state, and what they are differentiable in."""

from __future__ import annotations

import contextvars
import copy
import math
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg

T = tg.Tensor
N = 20_000


def philox(key: tuple[int, int], counter: int, n: int) -> list[int]:
    """Oracle: Philox4x64-10 of Salmon et al. (2011) in Python's integers, n words.

    Like NumPy's, it counts up before each block of four words.
    """
    mask = 2**64 - 1
    words: list[int] = []
    while len(words) < n:
        counter += 1
        c = [(counter >> 64 * i) & mask for i in range(4)]
        k0, k1 = key
        for _ in range(10):
            left, right = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
            c = [
                (right >> 64) ^ c[1] ^ k0,
                right & mask,
                (left >> 64) ^ c[3] ^ k1,
                left & mask,
            ]
            k0, k1 = (k0 + 0x9E3779B97F4A7C15) & mask, (k1 + 0xBB67AE8584CAA73B) & mask
        words += c
    return words[:n]


def words_of(seed: int, n: int, counter: int = 0) -> npt.NDArray[np.uint64]:
    words = philox((seed & (2**64 - 1), seed >> 64), counter, n)
    return np.array(words, dtype=np.uint64)


# Bits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**64 - 1, 2**64, 2**128 - 1])
def test_the_words_are_those_of_philox(seed: int, backend: str) -> None:
    generator = tg.Generator(seed)
    bits = tg.random_bits(generator.key, generator.counter, 11)
    assert bits.backend.name == backend
    np.testing.assert_array_equal(bits.numpy(), words_of(seed, 11))
    key = np.array([seed & (2**64 - 1), seed >> 64], dtype=np.uint64)
    numpys = np.random.Philox(key=key, counter=0).random_raw(11)
    np.testing.assert_array_equal(bits.numpy(), numpys)


@pytest.mark.parametrize(("dtype", "kept"), [("float16", 11), ("float32", 24), ("float64", 53)])
def test_uniform_draws_are_the_leading_bits_of_the_words(
    dtype: str, kept: int, backend: str
) -> None:
    draws = tg.Generator(7).uniform((3, 5), dtype=dtype)
    expected = (words_of(7, 15) >> np.uint64(64 - kept)).astype(np.float64) / 2.0**kept
    assert (draws.dtype.name, draws.backend.name) == (dtype, backend)
    np.testing.assert_array_equal(draws.numpy(), expected.reshape(3, 5).astype(dtype))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_normal_draws_are_box_mullers(dtype: str, backend: str) -> None:
    draws = tg.Generator(7).normal((3, 2), dtype=dtype)
    units = (words_of(7, 12) >> np.uint64(11)).astype(np.float64) / 2.0**53
    expected = np.sqrt(-2 * np.log(1 - units[:6])) * np.cos(2 * math.pi * units[6:])
    assert draws.dtype.name == dtype
    np.testing.assert_allclose(
        draws.numpy(),
        expected.reshape(3, 2),
        rtol={"float16": 1e-3, "float32": 1e-6}.get(dtype, 1e-12),
    )


def test_every_backend_draws_the_same_numbers() -> None:
    drawn = []
    for name in ("numpy", "strict"):
        with tg.use_backend(name):
            tg.seed(3)
            drawn.append([tg.uniform(5).tolist(), tg.normal((2, 2)).tolist()])
    assert drawn[0] == drawn[1]


def test_draws_follow_each_other_in_the_stream_without_overlap() -> None:
    generator = tg.Generator(5)
    used = 0
    for n in (1, 4, 5, 0, 3):
        draw = generator.uniform(n, dtype="float64").numpy()
        expected = (words_of(5, n, used) >> np.uint64(11)).astype(float) / 2.0**53
        np.testing.assert_array_equal(draw, expected)
        used += -(-n // 4)
        assert f"used={used})" in repr(generator)
    assert repr(generator).startswith("Generator(seed=5, ")


# Seeds and state -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_numbers_and_another_one_others() -> None:
    streams = [tg.Generator(seed).uniform(100).tolist() for seed in (1, 1, 2, 3, 2**64 + 1)]
    assert streams[0] == streams[1]
    assert len({tuple(stream) for stream in streams}) == 4
    tg.seed(1)
    assert tg.uniform(100).tolist() == streams[0]
    assert tg.uniform(100).tolist() != streams[0]
    generator = tg.seed(1)
    assert generator is tg.default_generator()
    assert tg.uniform(100).tolist() == streams[0]


def test_streams_of_neighbouring_seeds_are_unrelated() -> None:
    draws = np.array(
        [tg.Generator(seed).normal(2000, dtype="float64").numpy() for seed in range(8)]
    )
    correlations = np.corrcoef(draws)[~np.eye(8, dtype=bool)]
    assert np.abs(correlations).max() < 4 / math.sqrt(2000)


@pytest.mark.parametrize(
    ("seed", "error"),
    [
        (-1, tg.ArgumentError),
        (2**128, tg.ArgumentError),
        (1.0, tg.DTypeError),
        ("1", tg.DTypeError),
        (None, tg.DTypeError),
        (True, tg.DTypeError),
    ],
)
def test_a_bad_seed_is_refused_and_the_old_generator_stays(seed: Any, error: Any) -> None:
    before = tg.default_generator()
    for make in (tg.seed, tg.Generator):
        with pytest.raises(error, match=r"seed: expected an integer.* got"):
            make(seed)
    assert tg.default_generator() is before


def test_seeds_of_numpy_are_integers_too() -> None:
    assert tg.Generator(np.uint64(2**63)).seed == 2**63  # type: ignore[arg-type]  # an integer


def test_state_travels_and_the_stream_goes_on_where_it_was() -> None:
    generator = tg.Generator(11)
    generator.normal((3, 3))
    state = generator.state_dict()
    rest = generator.uniform(10).tolist()
    other = tg.Generator(99)
    other.load_state_dict(state)
    assert other.seed == 11
    assert other.uniform(10).tolist() == rest
    state["counter"][...] = 0  # the state is a copy
    assert other.uniform(3).tolist() == generator.uniform(3).tolist()


WORDS = {"key": np.array([3, 0], dtype=np.uint64), "counter": np.array([1, 0, 0, 0], np.uint64)}


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"key": None}, tg.ArgumentError, "needs 'key'"),
        ({"counter": None}, tg.ArgumentError, "needs 'counter'"),
        ({"counter": np.zeros(3, np.uint64)}, tg.ShapeError, "counter.*\\(4,\\).*\\(3,\\)"),
        ({"key": np.zeros(4, np.uint64)}, tg.ShapeError, "key.*\\(2,\\).*\\(4,\\)"),
        ({"counter": np.zeros(4)}, tg.DTypeError, "counter must be uint64, not float64"),
        ({"key": np.zeros(2, np.int64)}, tg.DTypeError, "key must be uint64, not int64"),
    ],
    ids=str,
)
def test_a_bad_state_is_refused_and_the_generator_stays_as_it_was(
    change: dict[str, Any], error: type[Exception], text: str
) -> None:
    generator = tg.Generator(11)
    before = generator.state_dict()
    state = {name: value for name, value in (WORDS | change).items() if value is not None}
    with pytest.raises(error, match=text):
        generator.load_state_dict(state)
    after = generator.state_dict()
    for name, words in before.items():
        np.testing.assert_array_equal(after[name], words)


def test_threads_that_share_a_generator_draw_different_numbers() -> None:
    generator, each, threads = tg.Generator(5), 200, 8
    ready = threading.Barrier(threads)

    def draw(_: int) -> list[float]:
        ready.wait()
        return [generator.uniform((), dtype="float64").item() for _ in range(each)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            drawn = [number for found in pool.map(draw, range(threads)) for number in found]
    finally:
        sys.setswitchinterval(interval)
    assert len({*drawn}) == threads * each
    alone = tg.Generator(5)
    assert sorted(drawn) == sorted(
        alone.uniform((), dtype="float64").item() for _ in range(threads * each)
    )
    assert repr(generator) == repr(alone)


@pytest.mark.parametrize("how", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_a_copy_of_a_generator_goes_on_where_it_was(how: Any) -> None:
    generator = tg.Generator(5)
    generator.uniform(3)
    other = how(generator)
    assert repr(other) == repr(generator)
    assert other.uniform(3).tolist() == generator.uniform(3).tolist()


def test_each_context_has_a_default_generator_of_its_own() -> None:
    tg.seed(5)
    expected = tg.uniform(3).tolist()
    tg.seed(5)

    def elsewhere() -> int:
        tg.seed(77)
        tg.uniform(100)
        return tg.default_generator().seed

    assert contextvars.copy_context().run(elsewhere) == 77
    assert contextvars.Context().run(tg.default_generator).seed == 0
    assert tg.uniform(3).tolist() == expected


# Shapes and dtypes -----------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [tg.uniform, tg.normal])
@pytest.mark.parametrize(
    "shape", [(), 0, (0,), (2, 0, 3), 1, 5, (2, 3), [2, 3], np.int64(4)], ids=str
)
def test_draws_have_any_shape(draw: Any, shape: Any, backend: str) -> None:
    result = draw(shape)
    expected = tuple(shape) if isinstance(shape, tuple | list) else (int(shape),)
    assert result.shape == expected
    assert (result.dtype, result.backend.name) == (np.float32, backend)
    assert not result.requires_grad
    assert result.backend.owns(result.data)
    assert draw(shape, dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("draw", [tg.uniform, tg.normal])
@pytest.mark.parametrize("dtype", [int, bool, complex, "nonsense", object, str])
def test_draws_are_floats(draw: Any, dtype: Any) -> None:
    before = repr(tg.default_generator())
    with pytest.raises(tg.DTypeError, match=r"float|dtype"):
        draw(3, dtype=dtype)
    assert repr(tg.default_generator()) == before


@pytest.mark.parametrize("draw", [tg.uniform, tg.normal])
def test_bad_shapes_are_refused_and_nothing_is_used_up(draw: Any) -> None:
    before = repr(tg.default_generator())
    with pytest.raises(tg.ArgumentError, match=r"at least 0, got shape \(2, -1\)"):
        draw((2, -1))
    for bad in (2.5, "3", (2, None), None):
        with pytest.raises(tg.DTypeError, match="a shape is an integer or a tuple of integers"):
            draw(bad)
    assert repr(tg.default_generator()) == before


def test_bad_parameters_are_refused_and_nothing_is_used_up() -> None:
    before = repr(tg.default_generator())
    with pytest.raises(tg.ArgumentError, match="uniform: low must not exceed high, got 2 and 1"):
        tg.uniform(3, low=2, high=1)
    with pytest.raises(tg.ArgumentError, match="normal: std must be at least 0, got -1"):
        tg.normal(3, std=-1)
    with pytest.raises(tg.DTypeError, match="uniform"):
        tg.uniform(3, low="low")
    with pytest.raises(tg.DTypeError, match="normal"):
        tg.normal(3, std=None)
    with pytest.raises(tg.ShapeError, match=r"uniform|multiply|add"):
        tg.uniform(3, low=np.zeros(2, np.float32))
    for bad in (math.inf, -math.inf, math.nan, 1e39, 10**400):
        with pytest.raises(tg.ArgumentError, match="uniform: high must be finite in float32, got"):
            tg.uniform(3, high=bad)
    with pytest.raises(
        tg.ArgumentError, match="uniform: low must be finite in float16, got -70000"
    ):
        tg.uniform(3, low=-7e4, dtype="float16")
    assert repr(tg.default_generator()) == before


@pytest.mark.parametrize("place", [tg, tg.Generator(1)], ids=["function", "method"])
def test_numbers_in_the_order_of_numpy_are_refused(place: Any) -> None:
    """There the shape comes last, so (0, 1, 3) would be no shape of draws but an empty one."""
    for name in ("uniform", "normal", "truncated_normal"):
        with pytest.raises(TypeError, match=f"{name}.* positional argument"):
            getattr(place, name)(0, 1, 3)


# Distributions -----------------------------------------------------------------------------------


def distance(draws: npt.NDArray[Any], cumulative: Any) -> float:
    """Kolmogorov and Smirnov's distance of draws from a distribution."""
    ordered = np.sort(draws.ravel())
    n = ordered.size
    expected = np.array([cumulative(x) for x in ordered])
    above, below = np.arange(1, n + 1) / n - expected, expected - np.arange(n) / n
    return float(max(above.max(), below.max()))


LIMIT = 1.95 / math.sqrt(N)  # passed by chance once in a thousand


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_uniform_draws_are_uniform(seed: int, dtype: str) -> None:
    unit = tg.Generator(seed).uniform(N, dtype=dtype).numpy()
    assert 0 <= unit.min() < unit.max() < 1
    assert abs(unit.mean(dtype=float) - 0.5) < 4 * math.sqrt(1 / 12 / N)
    assert abs(unit.std(dtype=float) - math.sqrt(1 / 12)) < 0.005
    assert distance(unit, lambda x: x) < LIMIT
    wide = tg.Generator(seed).uniform(N, low=-3.0, high=5.0, dtype=dtype).numpy()
    np.testing.assert_allclose(wide, unit * 8.0 - 3.0, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_normal_draws_are_normal(seed: int, dtype: str) -> None:
    unit = tg.Generator(seed).normal(N, dtype=dtype).numpy()
    assert abs(unit.mean(dtype=float)) < 4 / math.sqrt(N)
    assert abs(unit.std(dtype=float) - 1) < 4 / math.sqrt(2 * N)
    assert abs((unit.astype(float) ** 3).mean()) < 4 * math.sqrt(15 / N)
    assert distance(unit, lambda x: (1 + math.erf(x / math.sqrt(2))) / 2) < LIMIT
    assert abs(np.corrcoef(unit[:-1], unit[1:])[0, 1]) < 4 / math.sqrt(N)
    wide = tg.Generator(seed).normal(N, mean=2.0, std=0.5, dtype=dtype).numpy()
    np.testing.assert_allclose(wide, unit * 0.5 + 2.0, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "bound"), [("float16", 6e4), ("float32", 3e38), ("float64", 1.7e308)]
)
def test_uniform_draws_span_what_their_dtype_can_hold(dtype: str, bound: float) -> None:
    draws = tg.Generator(1).uniform(N, low=-bound, high=bound, dtype=dtype).numpy()
    assert draws.dtype == dtype
    unit = tg.Generator(1).uniform(N, dtype=dtype).numpy()
    np.testing.assert_allclose(draws.astype("f8") / bound, 2 * unit.astype("f8") - 1, atol=2e-3)
    assert -1 <= draws.min() / bound < -0.998
    assert 0.998 < draws.max() / bound <= 1


def test_numbers_in_lists_keep_the_digits_that_were_asked_for() -> None:
    assert tg.normal(1, mean=[0.1], std=0.0, dtype="float64").item() == 0.1
    assert tg.normal(1, mean=(0.1,), std=0.0, dtype="float64").item() == 0.1
    assert tg.normal(1, mean=[0.1], std=0.0).dtype == np.float32
    assert len({*tg.choice(3, 50, p=[1e-50, 1e-50, 2e-50]).tolist()}) == 3
    assert {*tg.choice(3, 50, p=(1e-50, 0.0, 2e-50)).tolist()} == {0, 2}
    assert sorted(tg.choice(3, 3, replace=False, p=[1e-50, 1e-50, 2e-50]).tolist()) == [0, 1, 2]


def test_degenerate_parameters_give_constants() -> None:
    assert tg.uniform(4, low=2.0, high=2.0).tolist() == [2.0] * 4
    assert tg.normal(4, mean=3.0, std=0.0).tolist() == [3.0] * 4


@pytest.mark.parametrize("n", [0, 1, 2, 10, 1000])
def test_a_permutation_is_one(n: int) -> None:
    order = tg.Generator(4).permutation(n)
    assert isinstance(order, np.ndarray)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(n))
    assert order.tolist() == tg.Generator(4).permutation(n).tolist()
    if n > 5:
        assert order.tolist() != list(range(n))
        assert order.tolist() != tg.Generator(5).permutation(n).tolist()


def test_all_permutations_are_about_equally_frequent() -> None:
    generator = tg.Generator(0)
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(1200):
        order = tuple(generator.permutation(3).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 20.5  # chi-squared, 0.1 %


@pytest.mark.parametrize(
    ("n", "error"),
    [(-1, tg.ArgumentError), ("a", tg.DTypeError), (2.5, tg.DTypeError), (None, tg.DTypeError)],
)
def test_a_permutation_of_a_bad_length_is_refused(n: Any, error: type[Exception]) -> None:
    generator = tg.Generator(4)
    with pytest.raises(error, match="permutation: expected"):
        generator.permutation(n)
    assert repr(generator) == repr(tg.Generator(4))


# Derivatives -------------------------------------------------------------------------------------


def test_uniform_is_differentiable_in_its_bounds() -> None:
    low, high = (T(np.float64(v), requires_grad=True) for v in (-1.0, 3.0))
    unit = tg.Generator(2).uniform(6, dtype="float64").numpy()
    draws = tg.Generator(2).uniform(6, low=low, high=high, dtype="float64")
    np.testing.assert_allclose(draws.numpy(), -1 + 4 * unit, rtol=1e-12)
    draws.sum().backward()
    assert low.grad is not None
    assert high.grad is not None
    np.testing.assert_allclose(low.grad.numpy(), (1 - unit).sum(), rtol=1e-12)
    np.testing.assert_allclose(high.grad.numpy(), unit.sum(), rtol=1e-12)


def test_normal_is_differentiable_in_mean_and_deviation() -> None:
    mean, std = T(np.zeros(3), requires_grad=True), T(np.ones((2, 1)), requires_grad=True)
    unit = tg.Generator(2).normal((2, 3), dtype="float64").numpy()
    tg.Generator(2).normal((2, 3), mean=mean, std=std, dtype="float64").sum().backward()
    assert mean.grad is not None
    assert std.grad is not None
    np.testing.assert_allclose(mean.grad.numpy(), [2.0, 2.0, 2.0])
    np.testing.assert_allclose(std.grad.numpy(), unit.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    "bound", [np.zeros(3), [0.0, 0.0, 0.0], np.float64(0.0), T([0.0])], ids=str
)
def test_the_dtype_asked_for_goes_before_that_of_the_parameters(bound: Any) -> None:
    assert tg.uniform(3, low=bound, high=2.0, dtype="float32").dtype == np.float32
    assert tg.normal(3, mean=bound, std=2.0, dtype="float32").dtype == np.float32
    assert tg.normal(3, mean=1.0, std=bound, dtype="float16").dtype == np.float16
