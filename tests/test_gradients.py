"""Gradients of tensors with respect to tensors: vjp, gradients, and who owns what they return."""

from __future__ import annotations

from collections.abc import Callable
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


# vjp -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("double")
def test_vjp_pulls_cotangents_back_again_and_again() -> None:
    x, w = np.array([1.0, 2.0]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    value, pull = tg.vjp(lambda a, b: tg.tanh(a.dot(b)), x, w)
    expected = np.tanh(x @ w)
    close(value, expected)
    assert not value.requires_grad
    for cotangent in ([1.0, 0.0, 0.0], [0.0, 1.0, 2.0], [1.0, 0.0, 0.0]):
        dx, dw = pull(cotangent)
        inner = np.array(cotangent) * (1 - expected**2)
        close(dx, w @ inner)
        close(dw, np.outer(x, inner))


def test_vjp_refuses_a_cotangent_of_another_shape() -> None:
    _, pull = tg.vjp(lambda x: x * 2, [1.0, 2.0])
    for bad in (1.0, [1.0], [[1.0, 2.0]]):
        with pytest.raises(tg.ShapeError, match=r"vjp: .*\(2,\), the gradient has shape \("):
            pull(bad)
    assert pull([1.0, 2.0])[0].tolist() == [2.0, 4.0]
    _, constant = tg.vjp(lambda x: T([1.0, 2.0]), [1.0, 2.0])
    assert constant([1.0, 1.0])[0].tolist() == [0.0, 0.0]
    with pytest.raises(tg.ShapeError, match=r"vjp: .*\(2,\), the gradient has shape \("):
        constant([1.0])


def test_vjp_needs_an_argument() -> None:
    with pytest.raises(tg.ArgumentError, match="vjp: give at least one argument"):
        tg.vjp(lambda: T(1.0))


@pytest.mark.usefixtures("double")
def test_vjp_is_differentiable_in_its_cotangent_and_its_argument() -> None:
    def pulled(x: Any, g: Any) -> Any:
        return tg.vjp(lambda t: t**3, x)[1](g)[0]

    dx, dg = tg.grad(lambda x, g: pulled(x, g) ** 2, (0, 1))(2.0, 5.0)
    close(dx, 2 * (5 * 12) * 5 * 12)
    close(dg, 2 * (5 * 12) * 12)


# gradients -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("double")
def test_gradients_with_respect_to_intermediate_results() -> None:
    x = T([1.0, 2.0], requires_grad=True)
    h = x * 3
    y = (h * h).sum()
    dh, dx = tg.gradients(y, [h, x], retain_graph=True)
    close(dh, [6.0, 12.0])
    close(dx, [18.0, 36.0])
    assert tg.gradients(y, y, retain_graph=True).item() == 1.0
    assert x.grad is None
    assert h.grad is None
    only = tg.gradients(y, (h,))
    assert isinstance(only, tuple)
    close(only[0], [6.0, 12.0])


@pytest.mark.usefixtures("double")
def test_gradients_of_several_outputs_add_up() -> None:
    x = T([1.0, 2.0], requires_grad=True)
    a, b = x * x, x.sum()
    close(tg.gradients([a, b], x, [[1.0, 10.0], 5.0]), [2.0 + 5, 40.0 + 5])
    c, d = (x * 2).sum(), (x * x).sum()
    close(tg.gradients((c, d), x, retain_graph=True), [4.0, 6.0])
    close(tg.gradients((c, c), x), [4.0, 4.0])
    parts = tg.split(x * x, 2)
    close(tg.gradients(parts[1], x), [0.0, 4.0])


def test_gradients_of_what_does_not_matter_are_zeros() -> None:
    x, other = T([1.0, 2.0], requires_grad=True), T([[1.0]], requires_grad=True)
    dx, do = tg.gradients((x * 2).sum(), [x, other])
    assert dx.tolist() == [2.0, 2.0]
    assert do.tolist() == [[0.0]]


def test_a_graph_is_released_unless_it_is_retained() -> None:
    x = T([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    tg.gradients(y, x, retain_graph=True)
    tg.gradients(y, x)
    with pytest.raises(
        tg.GraphReleased, match=r"were released by an earlier backward.*retain_graph=True"
    ):
        tg.gradients(y, x)
    with pytest.raises(tg.GraphReleased, match="retain_graph=True"):
        y.backward()
    assert x.grad is None


@pytest.mark.usefixtures("double")
def test_create_graph_records_gradients_of_any_order() -> None:
    x = T(1.5, requires_grad=True)
    y = x**4
    for order, expected in enumerate((4 * 1.5**3, 12 * 1.5**2, 24 * 1.5, 24.0)):
        y = tg.gradients(y, x, create_graph=order < 3)
        close(y, expected)
        assert y.requires_grad == (order < 3)
    assert x.grad is None


def test_gradients_says_what_is_wrong() -> None:
    x, plain = T([1.0, 2.0], requires_grad=True), T([1.0, 2.0])
    y = x * 2
    bad_input: Any = [1.0]
    cases: list[tuple[Callable[[], Any], type[Exception], str]] = [
        (lambda: tg.gradients(y, x), tg.GraphError, r"'y' has shape \(2,\), not one element"),
        (lambda: tg.gradients(plain.sum(), x), tg.GraphError, "output .*does not require grad"),
        (lambda: tg.gradients(y.sum(), plain), tg.GraphError, "input 'plain' does not require"),
        (lambda: tg.gradients([], x), tg.ArgumentError, "outputs is empty"),
        (lambda: tg.gradients(y, []), tg.ArgumentError, "inputs is empty"),
        (lambda: tg.gradients(y, bad_input), tg.DTypeError, "inputs must be tensors, not a float"),
        (lambda: tg.gradients([y], x, [1.0, 2.0]), tg.ArgumentError, "1 outputs and 2 cotangents"),
        (
            lambda: tg.gradients(y, x, [1.0]),
            tg.ShapeError,
            r"'y' has shape .*gradient has shape \(1,\)",
        ),
    ]
    for call, error, text in cases:
        with pytest.raises(error, match=f"gradients: .*{text}"):
            call()
    assert tg.gradients(y, x, [1.0, 1.0]).tolist() == [2.0, 2.0]


@pytest.mark.usefixtures("double")
def test_complex_arguments_follow_the_convention() -> None:
    """For real L the gradient is dL/dRe - i dL/dIm."""
    z = 1.5 - 0.5j
    close(tg.grad(lambda t: tg.real(t * tg.conj(t)))(z), 2 * np.conj(z))
    close(tg.grad(lambda t: tg.real(t**3))(z), 3 * z**2)
    close(tg.grad(lambda t: tg.imag(t**3))(z), -1j * 3 * z**2)
    close(tg.grad(tg.abs)(z), np.conj(z) / abs(z))


# Ownership ---------------------------------------------------------------------------------------


@pytest.fixture
def _own_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is cached to start backward from is this test's own."""
    monkeypatch.setattr("tensorgrok.tensor._seeds", {}, raising=False)


@pytest.mark.usefixtures("_own_seeds")
def test_results_do_not_share_memory_with_anything_that_lasts() -> None:
    """Overwriting a gradient in place must not change the gradients to come."""
    transforms: list[Callable[[], tg.Tensor]] = [
        lambda: tg.grad(lambda x: x + 1.0)(2.0),
        lambda: tg.vjp(lambda x: x + 1.0, 2.0)[1](1.0)[0],
        lambda: tg.value_and_grad(lambda x: x + 1.0)(2.0)[1],
    ]
    for transform in transforms:
        transform().data[...] = 7.0
        assert transform().item() == 1.0
    x = T(2.0, requires_grad=True)
    tg.gradients(x + 1.0, x).data[...] = 7.0
    assert tg.gradients(x + 1.0, x).item() == 1.0


@pytest.mark.usefixtures("_own_seeds")
def test_recorded_gradients_belong_to_their_leaf_alone() -> None:
    a, b = T(2.0, requires_grad=True), T(3.0, requires_grad=True)
    (a + b).backward(create_graph=True)
    assert a.grad is not None
    assert b.grad is not None
    assert a.grad is not b.grad
    a.grad.assign(5.0)
    assert b.grad.item() == 1.0
    c = T(2.0, requires_grad=True)
    (c + 1.0).backward()
    assert c.grad is not None
    assert c.grad.item() == 1.0
