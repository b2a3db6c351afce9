"""Speaking NumPy: ufuncs, functions, operators with arrays on the left, conversions to arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg

T = tg.Tensor
Arrays = npt.NDArray[Any]
X = np.array([[0.5, 1.5, 2.5], [3.5, 0.25, 1.0]])
Y = np.array([[1.0, 2.0, 0.5], [0.75, 4.0, 1.0]])


def gradient_of(function: Any, x: Arrays) -> Arrays:
    """Gradient of the sum of ``function`` at x, by central differences."""
    slope, step = np.zeros_like(x), 1e-6
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        slope[place] = (np.sum(function(up)) - np.sum(function(down))) / (2 * step)
    return slope


# Functions of NumPy that tensorgrok has -----------------------------------------------------------

UFUNCS: list[Any] = [np.exp, np.log, np.sqrt, np.sin, np.cos, np.tanh, np.abs, np.absolute]
UFUNCS += [np.negative, np.conj, np.conjugate]


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_ufuncs_of_one_operand_give_recorded_tensors(ufunc: Any) -> None:
    x = T(X, requires_grad=True)
    result = ufunc(x)
    assert isinstance(result, T)
    np.testing.assert_allclose(result.numpy(), ufunc(X), rtol=1e-12)
    result.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), gradient_of(ufunc, X), rtol=1e-6)


BINARY: list[Any] = [np.add, np.subtract, np.multiply, np.divide, np.true_divide, np.power]
BINARY += [np.maximum, np.pow]


@pytest.mark.parametrize("ufunc", BINARY, ids=lambda f: f.__name__)
def test_ufuncs_of_two_operands_take_a_tensor_on_either_side(ufunc: Any) -> None:
    expected = ufunc(X, Y)
    for a, b in ((T(X), T(Y)), (T(X), Y), (X, T(Y)), (T(X), Y.tolist()), (X.tolist(), T(Y))):
        result = ufunc(a, b)
        assert isinstance(result, T)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)
    x, y = T(X, requires_grad=True), T(Y, requires_grad=True)
    ufunc(x, y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), gradient_of(lambda v: ufunc(v, Y), X), rtol=1e-6)
    np.testing.assert_allclose(y.grad.numpy(), gradient_of(lambda v: ufunc(X, v), Y), rtol=1e-6)


COMPARISONS: list[Any] = [np.equal, np.not_equal, np.less, np.less_equal, np.greater]
COMPARISONS += [np.greater_equal, np.logical_and, np.logical_or]


@pytest.mark.parametrize("ufunc", COMPARISONS, ids=lambda f: f.__name__)
def test_comparisons_and_logic_give_boolean_tensors(ufunc: Any) -> None:
    for a, b in ((T(X), T(Y)), (X, T(Y)), (T(X), Y), (T(X), 1.0), (1.0, T(X))):
        result = ufunc(a, b)
        assert isinstance(result, T)
        assert result.dtype == bool
        plain_a = a.numpy() if isinstance(a, T) else a
        plain_b = b.numpy() if isinstance(b, T) else b
        np.testing.assert_array_equal(result.numpy(), ufunc(plain_a, plain_b))


FUNCTIONS: list[tuple[str, Any]] = [
    ("sum", lambda a: np.sum(a)),
    ("sum over an axis", lambda a: np.sum(a, axis=1, keepdims=True)),
    ("sum by position", lambda a: np.sum(a, 0)),
    ("mean", lambda a: np.mean(a, axis=-1)),
    ("max", lambda a: np.max(a, axis=0)),
    ("amax", lambda a: np.amax(a)),
    ("reshape", lambda a: np.reshape(a, (3, -1))),
    ("broadcast_to", lambda a: np.broadcast_to(a, (2, 2, 3))),
    ("where", lambda a: np.where(X > 1, a, 0.0)),
    ("where, other side", lambda a: np.where(X > 1, Y, a)),
    ("dot", lambda a: np.dot(a, Y.T)),
    ("dot, other side", lambda a: np.dot(Y.T, a)),
    ("matmul", lambda a: np.matmul(a, Y.T)),
    ("concat", lambda a: np.concat([a, Y])),
    ("concatenate", lambda a: np.concatenate((Y, a, a), axis=1)),
    ("transpose", lambda a: np.transpose(a)),
    ("transpose with axes", lambda a: np.transpose(a, (1, 0))),
    ("permute_dims", lambda a: np.permute_dims(a, axes=(1, 0))),
    ("real", lambda a: np.real(a)),
    ("imag", lambda a: np.imag(a)),
]


@pytest.mark.parametrize("function", [f for _, f in FUNCTIONS], ids=[n for n, _ in FUNCTIONS])
def test_functions_give_recorded_tensors(function: Any) -> None:
    x = T(X, requires_grad=True)
    result = function(x)
    assert isinstance(result, T)
    assert result.requires_grad
    np.testing.assert_allclose(result.numpy(), function(X), rtol=1e-12)
    result.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), gradient_of(function, X), rtol=1e-6, atol=1e-8)


def test_argmax_gives_integers() -> None:
    assert np.argmax(T(X)).tolist() == int(np.argmax(X))
    assert np.argmax(T(X), axis=1).tolist() == np.argmax(X, axis=1).tolist()


def test_shape_questions_are_answered() -> None:
    x = T(X, requires_grad=True)
    assert np.shape(x) == (2, 3)
    assert np.ndim(x) == 2
    assert np.size(x) == 6


def test_functions_work_on_any_backend(backend: str) -> None:
    x = T(X)
    for result in (np.exp(x), np.add(Y, x), np.sum(x, axis=0), np.concatenate([x, Y])):
        assert isinstance(result, T)
        assert result.backend.name == backend


# Operators with arrays and NumPy numbers on the left ---------------------------------------------

OPERATORS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "==": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("operate", OPERATORS.values(), ids=OPERATORS.keys())
@pytest.mark.parametrize(
    "other", [X, np.float32(2), np.float64(2), np.int64(2), 2, 2.0, np.array(2.0)], ids=repr
)
def test_operators_take_arrays_and_numbers_on_both_sides(operate: Any, other: Any) -> None:
    y = T(Y)
    left, right = operate(other, y), operate(y, other)
    assert isinstance(left, T)
    assert isinstance(right, T)
    np.testing.assert_allclose(left.numpy(), operate(other, Y), rtol=1e-12)
    np.testing.assert_allclose(right.numpy(), operate(Y, other), rtol=1e-12)
    assert left.dtype == operate(np.asarray(other, dtype=float), Y).dtype


def test_matrix_products_take_arrays_on_both_sides() -> None:
    x: Any = T(X, requires_grad=True)
    np.testing.assert_allclose((Y.T @ x).numpy(), Y.T @ X)
    np.testing.assert_allclose((x @ Y.T).numpy(), X @ Y.T)
    np.testing.assert_allclose(x.dot(Y.T).numpy(), X.dot(Y.T))
    (Y.T @ x).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), np.broadcast_to(Y.sum(1)[:, None], (2, 3)))


def test_numpy_numbers_stay_weak_on_the_left() -> None:
    t = T([1.0, 2.0], requires_grad=True)
    for result in (np.float64(2) * t, np.float32(2) + t, np.int64(2) - t, np.float64(2) ** t):
        assert isinstance(result, T)
        assert result.dtype == np.float32
        assert result.requires_grad
    assert isinstance(np.multiply(np.float64(2), t), T)
    assert np.multiply(np.float64(2), t).dtype == np.float32


# Writing into arrays ----------------------------------------------------------------------------


def test_results_are_written_into_arrays_given_as_out() -> None:
    out = np.full((2, 3), np.nan)
    assert np.add(T(X), Y, out=out) is out
    np.testing.assert_array_equal(out, X + Y)
    array = X.copy()
    kept = array
    array += T(Y)
    array *= T(Y)
    assert array is kept
    np.testing.assert_allclose(array, (X + Y) * Y)


def test_a_recorded_result_is_not_written_into_an_array() -> None:
    array, w = X.copy(), T(Y, requires_grad=True)
    with pytest.raises(
        tg.DTypeError, match=r"numpy\.add: .*requires gradients.*write x = x \+ t in place of x \+="
    ):
        array += w
    with pytest.raises(tg.DTypeError, match=r"numpy\.exp: .*drop 'out'"):
        np.exp(w, out=array)
    np.testing.assert_array_equal(array, X)


def test_writing_into_an_array_never_truncates() -> None:
    """NumPy refuses to cast floats into integers here, and so must a tensor."""
    whole = np.array([1, 2])
    with pytest.raises(TypeError, match=r"add.*float.*int64"):
        whole += T([0.5, 0.5])
    assert whole.tolist() == [1, 2]
    real = np.array([1.0, 2.0])
    with pytest.raises(TypeError, match=r"add.*complex.*float64"):
        real += T([1j, 1j])
    assert real.tolist() == [1.0, 2.0]
    single = np.array([1.0, 2.0], dtype=np.float32)
    single += T(np.array([0.5, 0.5]))  # narrower floats are fine, as in NumPy
    assert single.tolist() == [1.5, 2.5]


def test_an_out_that_does_not_fit_is_refused() -> None:
    small = np.zeros(3)
    with pytest.raises(tg.ShapeError, match=r"numpy\.add: .*\(2, 3\).*\(3,\)"):
        np.add(T(X), 1.0, out=small)
    assert small.tolist() == [0.0] * 3
    target = T([0.0, 0.0])
    with pytest.raises(tg.DTypeError, match=r"numpy\.add: .*out.* Tensor"):
        np.add(np.ones(2), np.ones(2), out=target)  # type: ignore[call-overload]  # the mistake
    assert target.tolist() == [0.0, 0.0]


# What is refused ---------------------------------------------------------------------------------

REFUSED: list[tuple[str, Any]] = [
    ("cbrt", lambda t: np.cbrt(t)),
    ("fmod", lambda t: np.fmod(t, 1.0)),
    ("add.reduce", lambda t: np.add.reduce(t)),
    ("add.outer", lambda t: np.add.outer(t, t)),
    ("exp with where", lambda t: np.exp(t, where=[True, False])),
    ("exp with dtype", lambda t: np.exp(t, dtype=np.float64)),
    ("linalg.norm", lambda t: np.linalg.norm(t)),
    ("percentile", lambda t: np.percentile(t, 50)),
    ("array_split", lambda t: np.array_split(t, 2)),
    ("empty_like", lambda t: np.empty_like(t)),
    ("allclose", lambda t: np.allclose(t, t)),
    ("mean", lambda t: np.mean(t, dtype=np.float64)),
    ("max", lambda t: np.max(t, initial=0.0)),
    ("sum", lambda t: np.sum(t, where=[True, False])),
    ("where", lambda t: np.where(t)),
]


@pytest.mark.parametrize(("name", "use"), REFUSED, ids=[name for name, _ in REFUSED])
@pytest.mark.parametrize("flag", [False, True])
def test_what_tensorgrok_lacks_raises_and_never_leaves_the_graph(
    name: str, use: Any, flag: bool
) -> None:
    t = T([1.0, 2.0], requires_grad=flag)
    with pytest.raises(tg.DTypeError, match=name.partition(" ")[0].partition(".")[0]):
        use(t)


def test_a_refusal_says_what_to_do() -> None:
    with pytest.raises(
        tg.DTypeError,
        match=r"numpy\.cbrt: tensorgrok has no such operation on tensors; compose it from the "
        r"ones there are, or leave the graph with \.detach\(\)\.numpy\(\)",
    ):
        np.cbrt(T([1.0]))
    with pytest.raises(tg.DTypeError, match=r"numpy\.exp with where: "):
        np.exp(T([1.0]), where=[True])


def test_numpys_own_names_keep_numpys_meaning() -> None:
    """numpy.vecmat conjugates its vector and broadcasts; ours does neither."""
    vector, matrix = np.array([1 + 1j, 2 - 1j]), np.array([[1.0, 2j], [0.5, 1.0]])
    expected = np.vecmat(vector, matrix)
    try:
        found = np.vecmat(T(vector), matrix)
    except tg.DTypeError:
        found = T(expected)  # refused, so there is nothing to be wrong
    np.testing.assert_allclose(found.numpy(), expected)


# Becoming an array -------------------------------------------------------------------------------


def test_asarray_of_a_plain_tensor_is_a_copy() -> None:
    t = T([1.0, 2.0])
    for array in (np.asarray(t), np.array(t), np.array(t, copy=True)):
        assert type(array) is np.ndarray
        assert array.dtype == np.float32
        array[0] = 9.0
    assert t.tolist() == [1.0, 2.0]
    assert np.asarray(t, dtype=np.float64).dtype == np.float64
    assert np.asarray(T(3)).shape == ()


def test_an_array_without_a_copy_is_read_only() -> None:
    t = T([1.0, 2.0])
    view = np.array(t, copy=False)
    assert np.shares_memory(view, t.data)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 9.0
    with pytest.raises(ValueError, match="without a copy"):
        np.array(t, copy=False, dtype=np.float64)


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.asanyarray, np.ascontiguousarray])
def test_a_tensor_that_requires_gradients_does_not_become_an_array(convert: Any) -> None:
    w = T([1.0, 2.0], requires_grad=True, name="weights")
    with pytest.raises(
        tg.DTypeError, match=r"asarray: 'weights' requires gradients.*\.detach\(\).*\.numpy\(\)"
    ):
        convert(w)
    with pytest.raises(tg.DTypeError, match=r"\.detach\(\)"):
        convert(w * 2)
    assert convert(w.detach()).tolist() == [1.0, 2.0]
    with tg.no_grad():
        assert convert(w * 2).tolist() == [2.0, 4.0]


def test_numpys_assertions_and_plain_functions_read_plain_tensors() -> None:
    np.testing.assert_allclose(T(X), X)
    np.testing.assert_array_equal(T(X), X)
    assert np.isfinite(np.asarray(T(X))).all()
    array = np.zeros((2, 3))
    array[...] = T(X)
    np.testing.assert_array_equal(array, X)


def test_numpy_leaves_the_order_of_mixed_operands_alone() -> None:
    """An array of objects must not be made of a tensor's rows."""
    result = np.ones((2, 1)) * T([1.0, 2.0, 3.0])
    assert isinstance(result, T)
    assert result.shape == (2, 3)
