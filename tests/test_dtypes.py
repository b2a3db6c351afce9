"""Dtypes that meet: weak numbers, floats against integers, two floats, complex, booleans."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg

T = tg.Tensor
FLOATS: list[Any] = [np.float16, np.float32, np.float64]


WEAK: list[Any] = [True, 2, 2.0, np.bool_(True), np.int64(2), np.float32(2), np.float64(2)]
WEAK += [np.float16(2), np.uint8(2)]
OPERATORS: dict[str, tuple[Callable[..., Any], Any]] = {
    "+": (operator.add, np.add),
    "-": (operator.sub, np.subtract),
    "*": (operator.mul, np.multiply),
    "/": (operator.truediv, np.divide),
    "**": (operator.pow, np.power),
    "maximum": (tg.maximum, np.maximum),
}
every_operator = pytest.mark.parametrize(
    ("operate", "oracle"), OPERATORS.values(), ids=OPERATORS.keys()
)


@every_operator
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("number", WEAK, ids=lambda n: type(n).__name__)
def test_numbers_of_python_and_numpy_do_not_widen_a_float_tensor(
    operate: Any, oracle: Any, dtype: Any, number: Any, backend: str
) -> None:
    array = np.array([1.0, 2.0])
    t = T(array, dtype=dtype)
    for found, expected in (
        (operate(t, number), oracle(array, float(number))),
        (operate(number, t), oracle(float(number), array)),
    ):
        assert found.dtype == dtype
        assert found.backend.name == backend
        np.testing.assert_allclose(found.numpy(), expected, rtol=2e-3)


@every_operator
@pytest.mark.parametrize("other", [[1, 2], [True, True], np.array([1, 2], np.uint8)], ids=str)
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_float_tensor_keeps_its_dtype_against_integers_and_booleans(
    operate: Any, oracle: Any, dtype: Any, other: Any, backend: str
) -> None:
    array = np.array([1.0, 2.0])
    t = T(array, dtype=dtype)
    expected = oracle(array, np.asarray(other, dtype=float))
    for result in (operate(t, T(other)), operate(t, np.asarray(other))):
        assert result.dtype == dtype
        np.testing.assert_allclose(result.numpy(), expected, rtol=2e-3)
    assert operate(T(other), t).dtype == dtype
    assert operate(np.asarray(other), t).dtype == dtype


MEETINGS: list[tuple[Any, Any, str]] = [
    (T([1, 2]), 2.0, "float32"),
    (T([1, 2]), np.float64(2.0), "float32"),
    (T([True, False]), 2.0, "float32"),
    (T([True, False]), 2, "int64"),
    (T(np.array([1], np.int8)), 2, "int8"),
    (T(np.array([1], np.int8)), True, "int8"),
    (T(np.array([1], np.int8)), T(np.array([1], np.int16)), "int16"),
    (T([1, 2]), T([True, False]), "int64"),
    (T([1.0]), T(np.array([1.0])), "float64"),
    (T([1.0]), np.array([1.0]), "float64"),
    (T(np.array([1.0], np.float16)), T([1.0]), "float32"),
    (T([1.0]), 1j, "complex64"),
    (T(np.array([1.0])), 1j, "complex128"),
    (T([1]), 1j, "complex64"),
    (T([1j]), 2.0, "complex64"),
    (T([1j]), T([1.0]), "complex64"),
    (T([1j]), T(np.array([1.0])), "complex128"),
    (T([1j]), np.float64(2.0), "complex64"),
]


@pytest.mark.parametrize(("a", "b", "dtype"), MEETINGS, ids=lambda v: getattr(v, "dtype", v))
def test_dtypes_meet_by_rule(a: Any, b: Any, dtype: str) -> None:
    for result in (a + b, b + a, a * b, tg.multiply(b, a)):
        assert isinstance(result, T)
        assert result.dtype == np.dtype(dtype)
    expected = np.asarray(a) + np.asarray(b)
    np.testing.assert_allclose((a + b).numpy(), expected)


@pytest.mark.parametrize("number", WEAK, ids=lambda n: type(n).__name__)
def test_dot_with_a_number_is_the_plain_product_and_keeps_the_dtype(
    number: Any, backend: str
) -> None:
    for array in (np.array([1.0, 2.0], np.float32), np.ones((2, 3), np.float32)):
        for result in (tg.dot(T(array), number), tg.dot(number, T(array))):
            assert result.dtype == np.float32
            np.testing.assert_array_equal(result.numpy(), array * float(number))


def test_the_quotient_of_integers_is_a_float() -> None:
    assert (T([1, 2]) / T([2, 4])).dtype == np.float32
    assert (T([1, 2]) / 2).tolist() == [0.5, 1.0]
    assert (2 / T([1, 2])).dtype == np.float32
    assert (T([True]) / 2).dtype == np.float32
    assert T([1, 2]).mean().dtype == np.float32
    assert tg.exp(T([1, 2])).dtype == np.float32
    assert tg.sqrt(4).dtype == np.float32


def test_a_gradient_has_the_dtype_of_its_input() -> None:
    a, b = T([1.0, 2.0], requires_grad=True), T(np.array([3.0, 4.0]), requires_grad=True)
    c = T([1j, 2j], requires_grad=True)
    tg.real(a * b * c * c).sum().backward()
    for tensor, expected in ((a, [-3.0, -16.0]), (b, [-1.0, -8.0]), (c, [6j, 32j])):
        assert tensor.grad is not None
        assert tensor.grad.dtype == tensor.dtype
        np.testing.assert_allclose(tensor.grad.numpy(), expected)


@pytest.mark.parametrize("number", [np.longdouble(2.0), np.clongdouble(2.0)])
def test_numpys_widest_numbers_are_weak_too(number: Any) -> None:
    result: Any = T([1.0]) + number
    assert result.dtype in (np.float32, np.complex64)
    assert result.tolist() == [3.0]


@pytest.mark.parametrize("bad", [np.datetime64("2020-01-01"), np.str_("a"), np.bytes_(b"a")])
def test_numpy_scalars_that_are_no_numbers_are_refused(bad: Any) -> None:
    with pytest.raises(tg.DTypeError, match=r"add: .*x2"):
        tg.add(T([1.0]), bad)


def test_operators_on_booleans_and_bits_take_numbers_and_arrays_on_both_sides() -> None:
    mask: Any = T([True, False])
    other = np.array([True, True])
    assert (mask & other).tolist() == (other & mask).tolist() == [True, False]
    assert (mask | other).tolist() == (other | mask).tolist() == [True, True]
    assert (mask & True).tolist() == (True & mask).tolist() == [True, False]
    assert (mask | True).tolist() == (True | mask).tolist() == [True, True]
    bits: Any = T([1, 2])
    assert (8 >> bits).tolist() == [4, 2]
    assert (np.array([8, 8]) >> bits).tolist() == [4, 2]
    assert (~mask).tolist() == [False, True]


def test_bit_operators_on_integers_are_not_silently_logical() -> None:
    """NumPy's ``6 & 3`` is 2; True would be a wrong number without a word."""
    six, three = T([6]), T([3])
    results = []
    cases: list[tuple[Callable[[], tg.Tensor], list[int]]] = [
        (lambda: six & three, [2]),
        (lambda: six | three, [7]),
        (lambda: ~six, [-7]),
    ]
    for operate, expected in cases:
        with contextlib.suppress(tg.DTypeError):  # refusing is as good
            results.append(operate().tolist() == expected)
    assert all(results)


# The default dtype -----------------------------------------------------------------------------


def test_the_default_dtype_is_what_floats_without_one_get() -> None:
    assert tg.get_default_dtype() == np.float32
    tg.set_default_dtype("float64")
    assert tg.get_default_dtype() == np.dtype(np.float64)
    for made in (
        tg.Tensor(1.0),
        tg.Tensor([1.0, 2.0]),
        tg.zeros(2),
        tg.full(2, 0.5),
        tg.uniform(2),
    ):
        assert made.dtype == np.float64
    assert tg.Tensor(1j).dtype == np.complex128
    assert (tg.Tensor([1, 2]) * 0.5).dtype == np.float64
    assert (tg.Tensor([1, 2]) / 2).dtype == np.float64
    assert tg.Tensor(np.float32(1.0)).dtype == np.float32


@pytest.mark.parametrize("bad", [int, bool, complex, str, object, "nonsense", None, 3.5])
def test_a_default_dtype_that_is_no_float_is_refused(bad: Any) -> None:
    with pytest.raises(tg.DTypeError, match=r"set_default_dtype: .*dtype"):
        tg.set_default_dtype(bad)
    assert tg.get_default_dtype() == np.float32


def test_the_default_dtype_has_native_byte_order() -> None:
    tg.set_default_dtype(np.dtype(np.float64).newbyteorder())
    assert tg.Tensor([1.0]).dtype.isnative
    assert tg.zeros(1).dtype.isnative


def test_integers_are_compared_with_floats_exactly(backend: str) -> None:
    large = tg.Tensor(np.arange(2**24, 2**24 + 3))
    assert (large > float(2**24)).tolist() == [False, True, True]
    assert (large == tg.Tensor(np.float32(2**24))).tolist() == [True, False, False]
    assert (large + 0.0).dtype == np.float32


def test_a_plus_sign_gives_a_value_of_its_own(backend: str) -> None:
    x = tg.Tensor([1.0, 2.0])
    y = +x
    y[0] = 5.0
    assert x.tolist() == [1.0, 2.0]
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    (+w).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [1.0, 1.0]


def test_the_builtin_round_rounds_to_integers(backend: str) -> None:
    assert round(tg.Tensor([0.5, 1.5, -2.4])).tolist() == [0.0, 2.0, -2.0]
    with pytest.raises(tg.DTypeError, match="rounded to integers, not to 2 digits"):
        round(tg.Tensor([0.5]), 2)


def test_a_number_that_no_integer_dtype_holds_is_refused(backend: str) -> None:
    with pytest.raises(tg.DTypeError, match=r"^add: cannot use .* and x2 \(the number 11805"):
        tg.Tensor([1]) + 2**70
    with pytest.raises(tg.DTypeError, match=r"^add: cannot use x1 \(the number 92233"):
        tg.add(2**63, 1)
