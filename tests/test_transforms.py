"""Derivatives as functions: grad and value_and_grad, their arguments, errors and nestings."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg

T = tg.Tensor


@pytest.fixture
def double() -> None:
    """Floats are float64, so that derivatives can be compared closely."""
    tg.set_default_dtype(np.float64)


def close(found: Any, expected: Any, rtol: float = 1e-12) -> None:
    assert isinstance(found, T)
    np.testing.assert_allclose(found.numpy(), expected, rtol=rtol, atol=1e-12)


# grad and value_and_grad -------------------------------------------------------------------------


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("x", [0.7, np.float64(0.7), np.array(0.7), T(np.float64(0.7))], ids=repr)
def test_numbers_arrays_and_tensors_are_taken_alike(x: Any) -> None:
    value, slope = tg.value_and_grad(lambda t: tg.sin(t) * t)(x)
    close(value, math.sin(0.7) * 0.7)
    close(slope, math.cos(0.7) * 0.7 + math.sin(0.7))
    assert slope.shape == ()
    assert not slope.requires_grad
    assert not value.requires_grad


def test_lists_are_taken_and_results_have_the_shape_and_dtype_of_the_argument(backend: str) -> None:
    for x, dtype in (
        ([1.0, 2.0], "float32"),
        (np.array([1.0, 2.0]), "float64"),
        (np.array([1.0, 2.0], np.float16), "float16"),
    ):
        slope = tg.grad(lambda t: (t * t).sum())(x)
        assert (slope.dtype.name, slope.shape, slope.backend.name) == (dtype, (2,), backend)
        assert slope.tolist() == [2.0, 4.0]


def product(a: Any, b: Any, c: Any = 1.0, *, power: int = 1) -> Any:
    return (a * a * b * c) ** power


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 2 * 2 * 3 * 5),
        (1, 2 * 2 * 5),
        (2, 2 * 2 * 3),
        (-1, 2 * 2 * 3),
        (-3, 2 * 2 * 3 * 5),
        ((0,), (2 * 2 * 3 * 5,)),
        ((0, 2), (2 * 2 * 3 * 5, 2 * 2 * 3)),
        ((2, 0), (2 * 2 * 3, 2 * 2 * 3 * 5)),
        ((-1, 1), (2 * 2 * 3, 2 * 2 * 5)),
        ([0, 1], (2 * 2 * 3 * 5, 2 * 2 * 5)),
        (np.int64(1), 2 * 2 * 5),
    ],
    ids=repr,
)
def test_argnums_choose_the_arguments(argnums: Any, expected: Any) -> None:
    slopes = tg.grad(product, argnums)(2.0, 3.0, 5.0)
    if isinstance(expected, tuple):
        assert isinstance(slopes, tuple)
        assert [s.item() for s in slopes] == list(expected)
    else:
        assert slopes.item() == expected


@pytest.mark.parametrize(
    ("argnums", "error", "text"),
    [
        (3, tg.ArgumentError, "argument 3, but the function was called with 3 positional"),
        (-4, tg.ArgumentError, "argument -4, but the function was called with 3 positional"),
        ((0, 0), tg.ArgumentError, "at least one argument, none twice"),
        ((0, -3), tg.ArgumentError, "at least one argument, none twice"),
        ((), tg.ArgumentError, "at least one argument, none twice"),
        (True, tg.DTypeError, "argnums must be integers, got True"),
        ((0, 1.5), tg.DTypeError, "argnums must be integers, got 1.5"),
        ("a", tg.DTypeError, "argnums must be integers, got 'a'"),
        (1.5, tg.DTypeError, "argnums must be integers, got 1.5"),
        (None, tg.DTypeError, "argnums must be integers, got None"),
    ],
    ids=repr,
)
def test_bad_argnums_are_refused_without_running_the_function(
    argnums: Any, error: type[Exception], text: str
) -> None:
    runs = []

    def function(a: Any, b: Any, c: Any) -> Any:
        runs.append(1)
        return a * b * c

    with pytest.raises(error, match=text):
        tg.grad(function, argnums)(1.0, 2.0, 3.0)
    assert runs == []


@pytest.mark.usefixtures("double")
def test_keywords_are_passed_on_and_not_differentiated() -> None:
    w = T(5.0, requires_grad=True)
    slope = tg.grad(product)(2.0, 3.0, c=w, power=2)
    close(slope, 4 * 2**3 * 3**2 * 5**2)
    assert w.grad is None


def test_the_function_runs_once() -> None:
    runs = []

    def function(x: Any) -> Any:
        runs.append(tg.is_recording())
        return (x * x).sum()

    tg.value_and_grad(function)([1.0, 2.0])
    assert runs == [True]
    tg.grad(function)([1.0, 2.0])
    assert runs == [True] * 2
    with tg.no_grad():
        tg.vjp(function, [1.0, 2.0])
    assert runs == [True] * 3


def test_arguments_that_are_not_asked_for_are_handed_on_as_they_are() -> None:
    given: list[Any] = []

    def function(x: Any, labels: Any, text: str) -> Any:
        given.extend([labels, text])
        return x * 2

    labels = [1, 2, 3]
    tg.grad(function)(1.0, labels, "text")
    assert given[0] is labels
    assert given[1] == "text"


def test_an_argument_without_influence_has_zeros() -> None:
    a, b = tg.grad(lambda x, y: (x * 2).sum(), (0, 1))([1.0, 2.0], np.ones((2, 2)))
    assert a.tolist() == [2.0, 2.0]
    assert b.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert (a.dtype.name, b.dtype.name) == ("float32", "float64")
    constant = tg.grad(lambda x: T(3.0))([1.0, 2.0])
    assert constant.tolist() == [0.0, 0.0]
    detached = tg.grad(lambda x: x.detach() * 3)(1.0)
    assert detached.item() == 0.0
    compared = tg.grad(lambda x: tg.where(x > 0, 1.0, 2.0))(1.0)
    assert compared.item() == 0.0


def test_the_argument_itself_has_gradient_one() -> None:
    assert tg.grad(lambda x: x)(3.0).item() == 1.0
    assert tg.grad(tg.grad(lambda x: x))(3.0).item() == 0.0


def test_one_array_as_two_arguments_counts_as_two() -> None:
    x = T(3.0)
    a, b = tg.grad(lambda u, v: u * u * v, (0, 1))(x, x)
    assert (a.item(), b.item()) == (18.0, 9.0)


@pytest.mark.usefixtures("double")
def test_under_no_grad_gradients_are_the_same_and_not_recorded() -> None:
    w = T(2.0, requires_grad=True)
    with tg.no_grad():
        value, slope = tg.value_and_grad(lambda x: w * x * x)(3.0)
        assert not tg.is_recording()
        pulled = tg.vjp(lambda x: w * x * x, 3.0)[1](1.0)[0]
    close(value, 18.0)
    close(slope, 12.0)
    close(pulled, 12.0)
    assert not any(t.requires_grad for t in (value, slope, pulled))


def test_no_grad_inside_the_function_holds() -> None:
    def function(x: Any) -> Any:
        with tg.no_grad():
            frozen = x * 10
        return frozen * x

    assert tg.grad(function)(3.0).item() == 30.0


def test_arguments_and_grads_are_left_alone() -> None:
    w = T([1.0, 2.0], requires_grad=True, name="w")
    array = np.array([1.0, 2.0])
    tg.grad(lambda a, b: (a * b).sum(), (0, 1))(w, array)
    assert w.grad is None
    assert w.is_leaf
    assert array.tolist() == [1.0, 2.0]


# Errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", [tg.grad, tg.value_and_grad, tg.vjp])
def test_only_functions_are_differentiated(transform: Any) -> None:
    with pytest.raises(tg.DTypeError, match="expected a function, got a Tensor"):
        transform(T(1.0), 1.0)


def test_a_gradient_is_taken_of_one_element() -> None:
    with pytest.raises(
        tg.ShapeError, match=r"grad: the function returned shape \(2,\).*\.sum\(\), or use vjp"
    ):
        tg.grad(lambda x: x * 2)([1.0, 2.0])
    assert tg.grad(lambda x: x * 2)([3.0]).tolist() == [2.0]
    assert tg.grad(lambda x: x * 2)([[3.0]]).tolist() == [[2.0]]


def test_a_gradient_is_taken_of_a_real_number() -> None:
    """Which derivative of a complex number is meant has to be said, by a cotangent."""
    with pytest.raises((tg.GraphError, tg.DTypeError), match="complex"):
        tg.grad(lambda x: x * 1j)(1.0)
    with pytest.raises((tg.GraphError, tg.DTypeError), match=r"backward: .*complex"):
        (T(1.0, requires_grad=True) * 1j).backward()
    assert tg.vjp(lambda z: z * z, 1j)[1](1.0)[0].item() == 2j


@pytest.mark.parametrize("output", [None, 3.0, np.ones(1), (T(1.0), T(2.0))], ids=repr)
def test_a_function_must_return_a_tensor(output: Any) -> None:
    kind = type(output).__name__
    with pytest.raises(tg.DTypeError, match=f"grad: the function returned a {kind}; it must"):
        tg.grad(lambda x: output)(1.0)
    with pytest.raises(tg.DTypeError, match=f"vjp: the function returned a {kind}; it must"):
        tg.vjp(lambda x: output, 1.0)


@pytest.mark.parametrize("bad", [3, [1, 2], True, np.array([1])])
def test_integers_have_no_gradient(bad: Any) -> None:
    with pytest.raises(
        tg.DTypeError, match=r"grad: argument 1 has dtype (int64|bool); .*leave it out of argnums"
    ):
        tg.grad(lambda x, n: x * n, (0, 1))(1.0, bad)
    assert tg.grad(lambda x, n: (x * n).sum())(1.0, T(bad)).shape == ()


def test_errors_of_the_function_pass_through() -> None:
    def broken(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        tg.grad(broken)(1.0)
    assert tg.is_recording()


def test_a_transformed_function_keeps_its_name_and_signature() -> None:
    def energy(x: Any, *, scale: float = 1.0) -> Any:
        """Energy of x."""
        return x * x * scale

    for wrapped in (tg.grad(energy), tg.value_and_grad(energy)):
        assert wrapped.__name__ == "energy"
        assert wrapped.__doc__ == "Energy of x."
        assert list(inspect.signature(wrapped).parameters) == ["x", "scale"]


# Nesting and closures --------------------------------------------------------------------------


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("x", [0.3, -1.2, 2.0])
def test_nesting_gives_derivatives_up_to_the_fifth(x: float) -> None:
    function: Any = lambda t: tg.sin(t) * tg.exp(t)  # a formula  # noqa: E731
    root = 2**0.5
    for order in range(6):
        expected = root**order * math.exp(x) * math.sin(x + order * math.pi / 4)
        close(function(T(x)), expected, rtol=1e-9)
        function = tg.grad(function)


@pytest.mark.usefixtures("double")
def test_inner_and_outer_derivatives_are_not_confused() -> None:
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(1.0).item() == 1.0
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y)(2.0))(3.0).item() == 6.0
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y * y)(x))(3.0).item() == 6.0 * 9
    assert tg.grad(lambda x: tg.grad(lambda y: y * y * y)(x * x))(2.0).item() == 12 * 2.0**3
    assert tg.grad(lambda x: tg.grad(lambda y: x.detach() * y)(1.0) * x)(3.0).item() == 3.0


@pytest.mark.usefixtures("double")
def test_mixed_second_derivatives_agree_in_both_orders() -> None:
    def function(x: Any, y: Any) -> Any:
        return tg.sin(x * y) + x**3 * y**2

    xy = tg.grad(lambda x, y: tg.grad(function, 0)(x, y), 1)(0.7, 1.3)
    yx = tg.grad(lambda x, y: tg.grad(function, 1)(x, y), 0)(0.7, 1.3)
    expected = math.cos(0.91) - 0.91 * math.sin(0.91) + 6 * 0.7**2 * 1.3
    close(xy, expected)
    close(yx, expected)


@pytest.mark.usefixtures("double")
def test_a_hessian_vector_product_by_nesting() -> None:
    a = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 1.0]])
    x, v = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, -1.0])

    def energy(t: Any) -> Any:
        return t.dot(T(a)).dot(t) / 2 + (t**4).sum()

    hvp = tg.grad(lambda t: (tg.grad(energy)(t) * v).sum())(x)
    close(hvp, (a + np.diag(12 * x**2)) @ v)
    rows = [tg.grad(lambda t, i=i: tg.grad(energy)(t)[i])(x).numpy() for i in range(3)]
    np.testing.assert_allclose(rows, a + np.diag(12 * x**2), rtol=1e-12)


@pytest.mark.usefixtures("double")
def test_functions_close_over_parameters_whose_gradients_flow() -> None:
    """A gradient penalty: the slope is part of a loss that trains w."""
    w = T([1.0, 2.0], requires_grad=True)
    value, slope = tg.value_and_grad(lambda x: (w * x * x).sum())([3.0, 4.0])
    assert value.requires_grad
    assert slope.requires_grad
    assert w.grad is None
    (value + (slope * slope).sum()).backward()
    x, weights = np.array([3.0, 4.0]), np.array([1.0, 2.0])
    assert w.grad is not None
    close(w.grad, x**2 + 8 * weights * x**2)


@pytest.mark.usefixtures("double")
def test_a_plain_tensor_closed_over_is_a_constant() -> None:
    c = T([1.0, 2.0])
    value, slope = tg.value_and_grad(lambda x: (c * x).sum())([3.0, 4.0])
    assert not value.requires_grad
    assert not slope.requires_grad
    assert c.grad is None
    assert slope.tolist() == [1.0, 2.0]


@pytest.mark.usefixtures("double")
def test_gradients_of_a_recorded_argument_stay_in_its_graph() -> None:
    w = T(3.0, requires_grad=True)
    slope = tg.grad(lambda x: x**3)(w * 2)
    close(slope, 3 * 36.0)
    slope.backward()
    assert w.grad is not None
    close(w.grad, 6 * 6 * 2)


@pytest.mark.usefixtures("double")
def test_a_training_step_inside_a_derivative() -> None:
    """The derivative of loss(w - lr dloss/dw) by lr, as in learning to learn."""

    def loss(w: Any) -> Any:
        return (w - 1.0) ** 2 / 2

    slope = tg.grad(lambda lr: loss(T(5.0) - lr * tg.grad(loss)(T(5.0))))(0.1)
    close(slope, -(5.0 - 1.0) * ((5.0 - 0.1 * 4.0) - 1.0))
