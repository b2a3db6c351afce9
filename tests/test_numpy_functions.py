"""NumPy's functions called with tensors: same values, recorded, or refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import numpy_functions
from tensorgrok.engine import operations

X = np.array([[0.5, 1.5, 2.5], [3.5, 0.25, 1.0]])
NAMES = {"np": np, "X": X, "V": X[0], "I": np.array([1, 0])}

#: Calls on ``a``, which is an array or a tensor.
CALLS = (
    "np.sum(a, 1, None, None, True)",
    "np.var(a, axis=1, ddof=1)",
    "np.std(a, 0)",
    "np.var(a, correction=1)",
    "np.prod(a, 0)",
    "np.min(a)",
    "np.amin(a, 1)",
    "np.amax(a, 1)",
    "np.argmax(a, 1)",
    "np.cumulative_prod(a, axis=0)",
    "np.any(a>1)",
    "np.all(a>0, axis=0)",
    "np.median(a, axis=1)",
    "np.quantile(a, 0.3, axis=1)",
    "np.quantile(a, [0.3, .5])",
    "np.sort(a, 0)",
    "np.sort(a, axis=None)",
    "np.argsort(a)",
    "np.diff(a)",
    "np.diff(a, 2)",
    "np.diff(a, 1, 0)",
    "np.cumsum(a)",
    "np.cumsum(a, 1)",
    "np.cumprod(a, axis=0)",
    "np.cumulative_sum(a, axis=1, include_initial=True)",
    "np.clip(a, 0.4, 2)",
    "np.clip(a, a_min=0.4, a_max=None)",
    "np.clip(a, min=1)",
    "np.round(a)",
    "np.around(a, 0)",
    "np.nan_to_num(a)",
    "np.transpose(a)",
    "np.transpose(a, (1, 0))",
    "np.matrix_transpose(a)",
    "np.broadcast_arrays(a, V)[1]",
    "np.meshgrid(a[0], a[1])[0]",
    "np.expand_dims(a, 0)",
    "np.squeeze(a[None])",
    "np.moveaxis(a, 0, 1)",
    "np.swapaxes(a, 0, 1)",
    "np.flip(a)",
    "np.flip(a, 1)",
    "np.roll(a, 1)",
    "np.roll(a, 1, axis=1)",
    "np.rot90(a)",
    "np.rot90(a, k=2)",
    "np.concat([a, X])",
    "np.concatenate((a, X), 1)",
    "np.concatenate((X, a), axis=1)",
    "np.stack([a, X])",
    "np.stack((a, a), axis=-1)",
    "np.unstack(a)[0]",
    "np.split(a, [1, 2], axis=1)[1]",
    "np.split(a, 3, 1)[1]",
    "np.tile(a, 2)",
    "np.tile(a, reps=(2, 1))",
    "np.repeat(a, 2)",
    "np.repeat(a, 2, axis=1)",
    "np.repeat(a, [1, 2], 0)",
    "np.pad(a, 1)",
    "np.pad(a, ((1, 0), (0, 2)), constant_values=2.0)",
    "np.pad(a, 1, mode='reflect')",
    "np.pad(a, 1, 'edge')",
    "np.tril(a)",
    "np.triu(a, 1)",
    "np.diag(a)",
    "np.diagonal(a)",
    "np.trace(a)",
    "np.take(a, I)",
    "np.take(a, I, axis=1)",
    "np.take_along_axis(a, I[:, None], 1)",
    "np.dot(a, X.T)",
    "np.tensordot(a, X, axes=((0, 1), (0, 1)))",
    "np.tensordot(a, X.T, 1)",
    "np.einsum('ij, kj->ik', a, X)",
    "np.einsum('ij->j', a, optimize=True)",
    "np.kron(a, X)",
    "np.outer(a[0], V)",
    "np.zeros_like(a)",
    "np.full_like(a, 2.0)",
    "np.ones_like(a, dtype='f4')",
    "np.ravel(a)",
    "np.reshape(a, (3, -1))",
    "np.reshape(a, -1)",
    "np.count_nonzero(a>1, axis=0)",
    "np.arctan2(a, X+1)",
    "np.arcsin(a/9)",
    "np.mod(a, 1.1)",
    "np.rint(a)",
    "np.hypot(a, 2.0)",
    "np.logaddexp(a, X)",
    "np.floor_divide(a, 0.7)",
    "np.minimum(a, X.T.reshape(2, 3))",
    "np.max(a, 0, None, True)",
    "np.mean(a=a, axis=0)",
    "np.angle(a)",
    "np.real(a)",
    "np.vecdot(a, X)",
    "np.logical_xor(a>1, a>2)",
    "np.bitwise_xor(a>1, a>2)",
    "np.matmul(a, X.T)",
    "np.argmin(a, 1)",
    "np.isnan(a)",
    "np.square(a)",
    "np.diag(a[0])",
)


def value_of(call: str, a: Any) -> Any:
    return eval(call, NAMES | {"a": a})


@pytest.mark.parametrize("call", CALLS)
def test_a_function_of_numpy_gives_a_tensor_of_the_same_values(call: str) -> None:
    found = value_of(call, tg.Tensor(X, requires_grad=True))
    expected = np.asarray(value_of(call, X))
    assert isinstance(found, tg.Tensor)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_every_function_in_the_table_is_called_above_and_is_an_operation() -> None:
    called = {text.split("(")[0].removeprefix("np.") for text in CALLS}
    called |= {"permute_dims", "broadcast_to", "where", "imag"}  # in test_interop
    assert set(numpy_functions.FUNCTIONS) <= called
    assert set(numpy_functions.FUNCTIONS.values()) <= set(operations)
    for name in (*numpy_functions.FUNCTIONS, *numpy_functions.UFUNCS, *numpy_functions.OPERATORS):
        assert callable(getattr(np, name)), name


@pytest.mark.parametrize(
    ("call", "refused"),
    [
        ("np.sum(a, dtype='f4')", "sum with dtype"),
        ("np.sum(a, out=X)", "sum with out"),
        ("np.round(a, 2)", "round with decimals"),
        ("np.diff(a, append=1.0)", "diff with append"),
        ("np.angle(a, True)", "angle with deg"),
        ("np.quantile(a, 0.5, method='lower')", "quantile with method"),
        ("np.pad(a, 1, mode='linear_ramp', end_values=2)", "pad with end_values"),
        ("np.allclose(a, a)", "allclose"),
        ("np.linalg.norm(a)", "linalg.norm"),
        ("np.fmax(a, a)", "fmax"),
    ],
)
def test_what_tensorgrok_lacks_is_refused_by_name(call: str, refused: str) -> None:
    with pytest.raises(tg.DTypeError, match=rf"^numpy\.{refused}: tensorgrok has no such"):
        value_of(call, tg.Tensor(X))


def test_arguments_that_choose_how_to_compute_are_not_needed() -> None:
    a = tg.Tensor(X)
    assert np.sort(a, kind="stable").tolist() == np.sort(X).tolist()
    assert np.median(a, overwrite_input=True).item() == np.median(X)
    assert a.tolist() == X.tolist()


def test_integers_in_arrays_are_taken_where_numpy_takes_them() -> None:
    a = tg.Tensor(X)
    assert np.tile(a, np.array([2, 1])).shape == (4, 3)
    assert np.transpose(a, np.array([1, 0])).shape == (3, 2)
    assert [part.shape for part in np.split(a, np.array([1, 2]), axis=1)] == [(2, 1)] * 3
    assert np.round(a, np.int64(0)).tolist() == np.round(X).tolist()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        ("np.var(a, ddof=1, correction=1)", tg.DTypeError, "correction is given twice"),
        ("np.clip(a, 0, 1, min=2)", tg.DTypeError, "numpy.clip: min is given twice"),
        ("np.split(a, [2, 1], axis=1)", tg.ArgumentError, r"must rise, got \[2, 1\]"),
        ("np.split(a, [1.5], axis=1)", tg.DTypeError, "split: "),
        ("np.split(a, [1], axis=4)", IndexError, "split: .*4"),
        ("np.cumulative_sum(a)", tg.TensorgrokError, "cumulative_sum: .*axis"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    call: str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        value_of(call, tg.Tensor(X))


def test_gradients_pass_through() -> None:
    x = tg.Tensor(X, requires_grad=True)
    np.cumsum(np.sort(x, axis=None)).sum().backward()
    ranks = np.argsort(np.argsort(X, axis=None)).reshape(X.shape)
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), X.size - ranks)
    x.grad = None
    variance: Any = np.var(x, ddof=1)
    variance.backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 2 * (X - X.mean()) / 5, rtol=1e-12)
