"""Every word that forward functions and rules may use, compared with NumPy."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tensorgrok.testing.backend_contract.helpers import Device, draw
from tensorgrok.vocabulary import CONTRACT, STANDARD, VOCABULARY

X = np.array([[0.5, -1.5, 2.0], [-0.25, 1.25, -3.0]])
Y = np.array([[1.5, 0.75, -2.0], [0.5, -1.25, 4.0]])
UNIT = np.array([[0.5, -0.5, 0.25], [0.125, -0.75, 0.9]])
POSITIVE = np.abs(X) + 0.5
TRUTH, OTHER = X > 0, Y > 0
ODD = np.array([0.0, -1.0, np.inf, -np.inf, np.nan])

#: Arguments of each function of one argument; all take floats.
DOMAINS = {
    **dict.fromkeys(("negative", "abs", "sign", "square", "reciprocal", "exp", "expm1"), X),
    **dict.fromkeys(("floor", "ceil", "trunc", "round", "sin", "cos", "tan", "atan"), X),
    **dict.fromkeys(("sinh", "cosh", "tanh", "asinh", "real", "conj"), X),
    "imag": X + 1j * Y,
    **dict.fromkeys(("sqrt", "log", "log1p", "log2", "log10"), POSITIVE),
    **dict.fromkeys(("asin", "acos", "atanh"), UNIT),
    "acosh": POSITIVE + 1,
    **dict.fromkeys(("isnan", "isinf", "isfinite"), ODD),
}
PAIRS = (
    *("add", "subtract", "multiply", "divide", "floor_divide", "remainder"),
    *("maximum", "minimum", "logaddexp", "hypot", "atan2"),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
)
Call = tuple[tuple[Any, ...], dict[str, Any]]


def call(*args: Any, **kwargs: Any) -> Call:
    return args, kwargs


#: Calls of all other functions, as rules write them.
CALLS: dict[str, list[Call]] = {
    "pow": [call(POSITIVE, Y), call(X, np.full((2, 3), 2.0))],
    "where": [call(TRUTH, X, Y), call(TRUTH, X, 0), call(TRUTH, 0.5, X)],
    "logical_not": [call(TRUTH)],
    **{name: [call(TRUTH, OTHER)] for name in ("logical_and", "logical_or", "logical_xor")},
    "bitwise_right_shift": [call(np.array([256, 7]), np.array([3, 1]))],
    **{
        name: [
            call(X, axis=None, keepdims=False),
            call(X, axis=0, keepdims=True),
            call(X, axis=(0, 1), keepdims=False),
            call(X, axis=(), keepdims=False),
        ]
        for name in ("sum", "prod", "mean", "max", "min")
    },
    **{
        name: [call(TRUTH, axis=None, keepdims=False), call(TRUTH, axis=1, keepdims=True)]
        for name in ("any", "all")
    },
    **{
        name: [call(X, axis=None, keepdims=False), call(X, axis=1, keepdims=True)]
        for name in ("argmax", "argmin")
    },
    **{
        name: [call(X, axis=0), call(X, axis=1)]
        for name in ("cumulative_sum", "cumulative_prod", "sort")
    },
    "argsort": [call(X, axis=1, stable=True), call(np.array([2, 1, 2, 1]), axis=0, stable=True)],
    "reshape": [call(X, (3, 2)), call(X, (6,)), call(np.zeros(()), (1, 1))],
    "permute_dims": [call(X, (1, 0)), call(X[None], (2, 0, 1))],
    "broadcast_to": [call(X, (4, 2, 3)), call(np.array(1.0), (2, 2))],
    "concat": [call([X, Y], axis=0), call([X, Y, X], axis=1)],
    "astype": [call(X, np.dtype("float32")), call(X, np.dtype("int64")), call(X, np.dtype(bool))],
    "zeros": [call((2, 3), dtype=np.dtype("float32")), call((), dtype=np.dtype("int64"))],
    "ones": [call((2, 0), dtype=np.dtype("float64"))],
    "full": [call((2,), 3, dtype=np.dtype("float32")), call((), 2.5, dtype=np.dtype("float64"))],
    "arange": [call(5), call(0)],
    "dot": [call(X[0], Y[0]), call(X, Y.T), call(X[None], Y.T), call(X[0], Y.T)],
    "matmul": [call(X, Y.T), call(np.stack([X, Y]), Y.T), call(X[0], Y[0])],
}
CALLS |= {name: [call(x)] for name, x in DOMAINS.items()}
CALLS |= {name: [call(X, Y), call(X, Y[0]), call(X, Y[:, :1])] for name in PAIRS}
CALLS["maximum"] += [call(ODD, ODD[::-1])]
CALLS["minimum"] += [call(ODD, ODD[::-1])]
CALLS["logaddexp"] += [call(np.array([1000.0, -1000.0]), np.array([999.0, -1001.0]))]


def single(value: Any) -> Any:
    """Floats in single precision."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    return [single(item) for item in value] if isinstance(value, list) else value


def test_xp_has_the_declared_vocabulary_and_no_more(device: Device) -> None:
    for name in VOCABULARY:
        assert callable(getattr(device.backend.xp, name))
    assert set(vars(device.backend.xp)) == {*STANDARD, *CONTRACT}
    foreign = "arctan2"
    with pytest.raises(AttributeError, match=rf"xp\.{foreign} is not in the vocabulary"):
        getattr(device.backend.xp, foreign)


def test_every_word_of_the_standard_is_called_here() -> None:
    assert set(CALLS) == set(STANDARD)


@pytest.mark.parametrize("name", STANDARD)
@pytest.mark.parametrize("cast", [lambda value: value, single], ids=["float64", "float32"])
def test_each_function_computes_what_numpy_does(device: Device, name: str, cast: Any) -> None:
    with np.errstate(all="ignore"):
        for args, kwargs in CALLS[name]:
            given = tuple(cast(value) for value in args)
            expected = getattr(np, name)(*given, **kwargs)
            device.compare(getattr(device.backend.xp, name)(*device.put(given), **kwargs), expected)


OPERATORS: list[Callable[[Any, Any], Any]] = [
    *(operator.add, operator.sub, operator.mul, operator.truediv),
    *(operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge),
]


@pytest.mark.parametrize("function", OPERATORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int64"])
def test_operators_work_on_arrays_and_python_numbers_are_weak(
    device: Device, function: Callable[[Any, Any], Any], dtype: str
) -> None:
    x, y = draw((2, 3), dtype, 1), draw((3,), dtype, 2) + np.dtype(dtype).type(20)
    if dtype == "complex64" and function.__name__ in ("lt", "le", "gt", "ge"):
        pytest.skip("complex numbers have no order")
    dx, dy = device.put((x, y))
    device.compare(function(dx, dy), function(x, y))
    device.compare(function(dx, 2), function(x, 2))
    if function not in OPERATORS[4:]:  # those are the same the other way round
        device.compare(function(2, dy), function(2, y))
    if dtype != "int64":
        device.compare(function(dx, 0.5), function(x, 0.5))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_products_and_signs_by_operators(device: Device, dtype: str) -> None:
    x, w = draw((2, 3), dtype, 1), draw((3, 2), dtype, 2)
    dx, dw = device.put((x, w))
    device.compare(dx @ dw, x @ w)
    device.compare(-dx, -x)
    device.compare(dx**2, x**2)
    device.compare(2**dx, 2**x)


def test_words_are_shifted_by_a_python_number(device: Device) -> None:
    words = np.array([2**64 - 1, 2**11], dtype=np.uint64)
    device.compare(device.put(words) >> 11, words >> 11)


@pytest.mark.parametrize("name", ["maximum", "minimum", "add", "multiply"])
def test_functions_of_two_take_a_python_number_as_the_second(device: Device, name: str) -> None:
    x = X.astype(np.float32)
    device.compare(getattr(device.backend.xp, name)(device.put(x), 0), getattr(np, name)(x, 0))


def test_results_of_reductions_are_arrays(device: Device) -> None:
    for name in ("sum", "max", "mean", "argmax", "any"):
        found = getattr(device.backend.xp, name)(device.put(X), axis=None, keepdims=False)
        assert tuple(device.backend.asarray(found).shape) == ()


def test_the_error_function_is_right_to_a_few_units(device: Device) -> None:
    for dtype, tolerance in ((np.float32, 1e-6), (np.float64, 2e-15)):
        x = np.concatenate([np.linspace(-6, 6, 101), [0.0, np.inf, -np.inf, 1e-30]]).astype(dtype)
        found = device.host(device.backend.erf(device.put(x)))
        assert found.dtype == dtype
        expected = [math.erf(value) for value in x.tolist()]
        np.testing.assert_allclose(found, expected, rtol=tolerance)


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 1000, 100_003])
@pytest.mark.parametrize(
    ("key", "counter"),
    [
        ((123, 2**64 - 1), (7, 0, 1, 0)),
        ((0, 0), (2**64 - 3, 2**64 - 1, 5, 0)),
        ((1, 2), (2**64 - 1, 2**64 - 1, 2**64 - 1, 2**64 - 1)),
    ],
    ids=["plain", "a carry", "around"],
)
def test_random_bits_are_the_words_of_numpys_philox(
    device: Device, key: tuple[int, ...], counter: tuple[int, ...], n: int
) -> None:
    words = np.array(key, dtype=np.uint64), np.array(counter, dtype=np.uint64)
    expected = np.asarray(np.random.Philox(key=words[0], counter=words[1]).random_raw(n))
    device.compare(device.backend.random_bits(*words, n), expected.astype(np.uint64))
    assert (words[0].tolist(), words[1].tolist()) == ([*key], [*counter])


def test_shapes_that_do_not_broadcast_raise_an_error_that_says_so(device: Device) -> None:
    x, y = device.put((np.zeros(2), np.zeros(3)))
    with pytest.raises((ValueError, TypeError), match=r"."):
        _ = x + y
