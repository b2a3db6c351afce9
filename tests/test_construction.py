"""Making tensors, and copies of them: what is taken, what is refused, what is shared."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg

T = tg.Tensor


def leaf(*values: float, dtype: Any = None, name: str | None = None) -> tg.Tensor:
    return T(list(values), dtype=dtype, requires_grad=True, name=name)


def values_of(tensor: tg.Tensor | None) -> Any:
    assert tensor is not None
    return tensor.tolist()


# Construction ----------------------------------------------------------------------------------

CONSTRUCTED: list[tuple[Any, Any, Any]] = [
    (1.5, "float32", ()),
    (3, "int64", ()),
    (True, "bool", ()),
    (1 + 2j, "complex64", ()),
    ([1.0, 2.0], "float32", (2,)),
    ([1, 2.5], "float32", (2,)),
    ((1.0, 2.0), "float32", (2,)),
    ([[1, 2, 3], [4, 5, 6]], "int64", (2, 3)),
    ([True, False], "bool", (2,)),
    ([1.0, 2j], "complex64", (2,)),
    ([], "float32", (0,)),
    ([[], []], "float32", (2, 0)),
    (range(3), "int64", (3,)),
    ([np.float64(1.0), np.float64(2.0)], "float32", (2,)),
    (np.float64(1.5), "float64", ()),
    (np.int8(3), "int8", ()),
    (np.array(1.5), "float64", ()),
    (np.array([1.0, 2.0], dtype=np.float16), "float16", (2,)),
    (np.array([1.0, 2.0]), "float64", (2,)),
    (np.array([1, 2], dtype=np.uint8), "uint8", (2,)),
    (np.array([1 + 2j]), "complex128", (1,)),
    (np.zeros((2, 0, 3)), "float64", (2, 0, 3)),
    (np.arange(12.0).reshape(3, 4).T[::2], "float64", (2, 3)),
]


@pytest.mark.parametrize(("data", "dtype", "shape"), CONSTRUCTED, ids=repr)
def test_python_floats_get_the_default_dtype_and_arrays_keep_theirs(
    data: Any, dtype: Any, shape: Any, backend: str
) -> None:
    tensor = T(data)
    assert (tensor.dtype, tensor.shape) == (np.dtype(dtype), shape)
    assert (tensor.ndim, tensor.size) == (len(shape), int(np.prod(shape)))
    assert tensor.dtype.isnative
    assert tensor.backend.owns(tensor.data)
    np.testing.assert_array_equal(tensor.numpy(), np.asarray(data, dtype=dtype))
    assert tensor.is_leaf
    assert not tensor.requires_grad
    assert tensor.grad is None


def test_a_list_of_plain_tensors_is_a_tensor_of_them() -> None:
    row = T([T(1.0), T(2.0)])
    assert (row.tolist(), row.dtype.name) == ([1.0, 2.0], "float32")


def test_a_list_of_tensors_with_history_is_refused_and_says_what_to_do() -> None:
    """Taking the values alone would lose the gradients without a word."""
    w = leaf(1.0)
    with pytest.raises(tg.DTypeError, match=r"requires gradients.*\.detach\(\)"):
        T([w[0], w[0] * 2])


@pytest.mark.parametrize("dtype", [np.float16, "float64", complex, "int8", bool, np.dtype("u2")])
def test_a_dtype_given_goes_before_all_else(dtype: Any) -> None:
    for data in ([0, 1], (0.0, 1.0), np.array([0, 1], np.int16), T([0.0, 1.0])):
        tensor = T(data, dtype=dtype)
        assert tensor.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(tensor.numpy(), np.array([0, 1], dtype=dtype))


@pytest.mark.parametrize("kind", ["f4", "f8", "i2", "c8"])
def test_big_endian_arrays_become_native(kind: str) -> None:
    tensor = T(np.array([1, 2, 300], dtype=f">{kind}"))
    assert tensor.dtype == np.dtype(kind).newbyteorder("=")
    assert tensor.tolist() == [1, 2, 300]
    assert T([1.0], dtype=f">{kind}").dtype.isnative


REFUSED: list[tuple[Any, type[Exception], str]] = [
    ("text", tg.DTypeError, "got a str"),
    (b"bytes", tg.DTypeError, "got a bytes"),
    (None, tg.DTypeError, "got a NoneType"),
    ({"a": 1.0}, tg.DTypeError, "got a dict"),
    ({1.0, 2.0}, tg.DTypeError, "got a set"),
    (object(), tg.DTypeError, "expected numbers, got object"),
    (["a", "b"], tg.DTypeError, "expected numbers, got list of dtype <U1"),
    ([1.0, None], tg.DTypeError, "expected numbers, got list of dtype object"),
    (np.array(["a"]), tg.DTypeError, "expected numbers, got ndarray of dtype <U1"),
    (np.array([1, None], dtype=object), tg.DTypeError, "got ndarray of dtype object"),
    (np.array(["2020-01-01"], dtype="M8[D]"), tg.DTypeError, "got ndarray of dtype datetime64"),
    (np.ma.masked_array([1.0, 2.0], [True, False]), tg.DTypeError, "masked array.*fill it first"),
    ([[1.0, 2.0], [3.0]], tg.ShapeError, "nested lists must be of equal lengths"),
    ([[1.0], 2.0], tg.ShapeError, "nested lists must be of equal lengths"),
    ((i for i in range(3)), tg.DTypeError, "expected numbers, got generator"),
]


@pytest.mark.parametrize(("data", "error", "text"), REFUSED, ids=lambda v: type(v).__name__)
def test_what_is_no_array_of_numbers_is_refused(
    data: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        T(data)


@pytest.mark.parametrize("dtype", ["nonsense", object, str, "M8[s]", "V3", 3.5])
def test_a_dtype_that_is_no_number_type_is_refused(dtype: Any) -> None:
    makers: list[Callable[[], tg.Tensor]] = [
        lambda: T([1.0], dtype=dtype),
        lambda: T([1.0]).astype(dtype),
        lambda: tg.zeros(2, dtype=dtype),
        lambda: tg.ones(2, dtype=dtype),
        lambda: tg.full(2, 1.0, dtype=dtype),
        lambda: tg.arange(2, dtype=dtype),
        lambda: tg.zeros_like([1.0], dtype=dtype),
        lambda: tg.ones_like([1.0], dtype=dtype),
        lambda: tg.full_like([1.0], 1.0, dtype=dtype),
        lambda: tg.eye(2, dtype=dtype),
        lambda: tg.linspace(0, 1, 2, dtype=dtype),
    ]
    for make in makers:
        with pytest.raises(tg.DTypeError, match="dtype"):
            make()


@pytest.mark.parametrize("value", [None, "text", [1.0, 2.0], object()])
def test_full_is_filled_with_numbers_only(value: Any) -> None:
    with pytest.raises(tg.DTypeError, match="full: expected a number"):
        tg.full(2, value)
    with pytest.raises(tg.DTypeError, match="full_like: expected a number"):
        tg.full_like([1.0], value)
    with pytest.raises(tg.DTypeError, match="linspace: expected a number"):
        tg.linspace(0, value, 3)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        *(("int64", 2.5), ("int64", np.nan), ("int64", np.inf), ("uint8", 256), ("uint8", -1)),
        *(("float32", 1j), ("int8", 1 + 0j), ("bool", 2), ("bool", 0.5)),
    ],
)
def test_a_number_that_the_dtype_cannot_hold_is_refused(dtype: str, value: Any) -> None:
    like = T([0, 1], dtype=dtype)
    with pytest.raises(tg.DTypeError, match=rf"full: {dtype} cannot hold .*choose another"):
        tg.full(2, value, dtype=dtype)
    with pytest.raises(tg.DTypeError, match=rf"full_like: {dtype} cannot hold"):
        tg.full_like(like, value)


def test_a_number_that_the_dtype_can_hold_is_taken() -> None:
    assert tg.full(1, 3.0, dtype="uint8").tolist() == [3]
    assert tg.full_like(T([0], dtype=bool), 1).tolist() == [True]
    assert tg.full_like(T([0.0]), True).tolist() == [1.0]
    assert tg.full_like(T([1j]), 2.5).tolist() == [2.5]


# Like another, and by rule -----------------------------------------------------------------------


@pytest.mark.parametrize("make", [tg.zeros_like, tg.ones_like, lambda x: tg.full_like(x, 2)])
def test_what_is_made_like_a_tensor_is_on_its_backend_and_has_no_gradient(
    make: Any, backend: str
) -> None:
    x = T([[1.0, 2.0]], dtype=np.float16, requires_grad=True)
    with tg.use_backend("numpy"):
        made = make(x)
    assert (made.shape, made.dtype, made.backend.name) == ((1, 2), np.float16, backend)
    assert not made.requires_grad
    assert tg.gradients((make(x) * x).sum(), x).tolist() == made.tolist()
    assert make([1, 2]).dtype == np.int64
    assert make(3.0).shape == ()


def test_identity_matrices_have_the_default_dtype(backend: str) -> None:
    assert (tg.eye(2).dtype.name, tg.eye(2).backend.name) == ("float32", backend)
    assert tg.eye(2).tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("bad", [True, 2.0, "2", (2,), [2]])
def test_lengths_are_integers_and_truth_values_are_none(bad: Any) -> None:
    makers: list[tuple[str, Callable[[], tg.Tensor]]] = [
        ("n", lambda: tg.eye(bad)),
        ("m", lambda: tg.eye(2, bad)),
        ("k", lambda: tg.eye(2, k=bad)),
        ("num", lambda: tg.linspace(0, 1, bad)),
    ]
    for argument, make in makers:
        with pytest.raises(tg.DTypeError, match=rf"{argument} must be an integer, got"):
            make()


@pytest.mark.parametrize("kind", [np.longdouble, np.clongdouble])
def test_the_widest_numbers_of_numpy_are_numbers_too(kind: Any) -> None:
    made = tg.full(2, kind(1) / 4, dtype=kind)
    assert made.dtype == np.dtype(kind)
    assert made.tolist() == [0.25, 0.25]
    assert tg.full_like(made, kind(0.5)).tolist() == [0.5, 0.5]


def test_lengths_are_not_negative() -> None:
    with pytest.raises(tg.ArgumentError, match="eye: n must be at least 0, got -1"):
        tg.eye(-1)
    with pytest.raises(tg.ArgumentError, match="eye: m must be at least 0, got -2"):
        tg.eye(3, -2)
    with pytest.raises(tg.ArgumentError, match="linspace: num must be at least 0, got -3"):
        tg.linspace(0, 1, -3)
    with pytest.raises(tg.ShapeError, match=r"zeros: .*negative"):
        tg.zeros((2, -1))


def test_a_range_has_real_ends_and_moves() -> None:
    with pytest.raises(tg.DTypeError, match="arange: expected real numbers, got 0, 1j and 1"):
        tg.arange(1j)  # type: ignore[arg-type]  # what this test is about
    with pytest.raises(tg.ArgumentError, match="arange: step must not be 0"):
        tg.arange(0, 1, 0.0)


def test_evenly_spaced_numbers_end_exactly_where_they_should(backend: str) -> None:
    for num in (2, 3, 10, 50, 99):
        points = tg.linspace(0.1, 0.7, num, dtype=np.float64).numpy()
        assert (points[0], points[-1]) == (0.1, 0.7)
        assert (np.diff(points) > 0).all()
    assert tg.linspace(0, 1, 3).dtype == np.float32
    assert tg.linspace(0, 1j, 3).dtype == np.complex64
    assert tg.linspace(0, 1, 3, dtype=np.float16).tolist() == [0.0, 0.5, 1.0]
    with pytest.raises(tg.DTypeError, match="linspace: expected a floating or complex dtype"):
        tg.linspace(0, 10, 3, dtype=int)
    with pytest.raises(tg.DTypeError, match="linspace: float64 cannot hold"):
        tg.linspace(0, 1j, 3, dtype=float)


def test_complex_numbers_do_not_become_real_ones_by_a_cast() -> None:
    z = T([1 + 2j])
    for data in ([1 + 2j], np.array([1j]), z):
        with pytest.raises(tg.DTypeError, match="complex"):
            T(data, dtype=np.float32)
    with pytest.raises(tg.DTypeError, match=r"astype.*complex"):
        z.astype(np.float32)
    assert z.real.tolist() == [1.0]


def test_subclasses_of_arrays_become_plain_ones() -> None:
    class Labelled(np.ndarray[Any, Any]):
        """An array class of somebody else's."""

    tensor = T(np.array([1.0, 2.0]).view(Labelled))
    assert type(tensor.data) is np.ndarray
    assert type(tensor.numpy()) is np.ndarray


# Copies ----------------------------------------------------------------------------------------


def test_construction_copies_and_copy_false_shares() -> None:
    array = np.array([1.0, 2.0])
    copied, shared = T(array), T(array, copy=False)
    array[0] = 9.0
    assert copied.tolist() == [1.0, 2.0]
    assert shared.tolist() == [9.0, 2.0]
    assert np.shares_memory(T(shared, copy=False).data, array)
    assert not np.shares_memory(T(shared).data, array)
    assert not np.shares_memory(T(array, copy=False, dtype=np.float32).data, array)


def test_a_tensor_of_a_tensor_has_its_value_and_no_history() -> None:
    w = leaf(1.0, 2.0, name="w")
    again = T(w * 2)
    assert again.tolist() == [2.0, 4.0]
    assert again.is_leaf
    assert not again.requires_grad
    assert T(w, requires_grad=True).requires_grad


def test_what_leaves_a_tensor_is_a_copy() -> None:
    w = leaf(1.0, 2.0)
    w.numpy()[...] = 7
    np.array(w.detach())[...] = 7
    np.asarray(w.detach())[...] = 7
    w.tolist()[0] = 7
    assert w.tolist() == [1.0, 2.0]


def test_detach_has_the_value_and_is_not_moved_by_what_comes_after() -> None:
    w = leaf(1.0, 2.0)
    row = (w * 1.0).detach()
    before = w.detach()
    assert not before.requires_grad
    assert before.is_leaf
    with tg.no_grad():
        w.assign([5.0, 6.0])
    assert before.tolist() == [1.0, 2.0]
    before[0] = 9.0
    assert w.tolist() == [5.0, 6.0]
    assert row.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_copies_keep_value_name_flag_and_backend_but_no_history(how: Any, backend: str) -> None:
    w = T([1.0, 2.0], dtype=np.float16, requires_grad=True, name="w")
    w.grad = T([3.0, 4.0])
    for original in (w, w * 1, w.detach(), T([1, 2], name="n")):
        twin = how(original)
        assert twin is not original
        assert twin.tolist() == original.tolist()
        assert (twin.dtype, twin.name) == (original.dtype, original.name)
        assert twin.requires_grad == original.requires_grad
        assert twin.is_leaf
        assert twin.backend.name == backend
    (how(w) * 2).sum().backward()
    assert values_of(w.grad) == [3.0, 4.0]


def test_deepcopy_and_pickle_of_ten_thousand_steps_of_history() -> None:
    w = leaf(1.0)
    x = w
    for _ in range(10_000):
        x = x + 1.0
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.tolist() == [10_001.0]
        assert twin.is_leaf
    assert len(pickle.dumps(x)) < 1000
    x.sum().backward()
    assert values_of(w.grad) == [1.0]


def test_deepcopy_of_a_structure_keeps_what_was_shared_shared() -> None:
    w = leaf(1.0)
    twins: Any = copy.deepcopy({"a": w, "b": [w]})
    assert twins["a"] is twins["b"][0]
    assert twins["a"] is not w
