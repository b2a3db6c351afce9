"""Tensor as a handle: its flag, data, grad and assignments; comparisons and conversions."""

from __future__ import annotations

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


# requires_grad ---------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [3, True, [1, 2], np.array([1], np.uint8)])
def test_integers_and_booleans_cannot_require_gradients(data: Any) -> None:
    with pytest.raises(tg.DTypeError, match=r"has dtype (int64|bool|uint8), and only floating"):
        T(data, requires_grad=True)
    n = T(data)
    with pytest.raises(tg.DTypeError, match=r"'n' has dtype .*cast it with \.astype\(float\)"):
        n.requires_grad = True
    assert not n.requires_grad


def test_the_flag_can_be_changed_on_leaves_and_what_was_recorded_stays() -> None:
    w = leaf(1.0, 2.0)
    before = (w * 3).sum()
    w.requires_grad = False
    assert not w.requires_grad
    assert not (w * 3).requires_grad
    w.requires_grad = True
    after = (w * 5).sum()
    before.backward()
    assert values_of(w.grad) == [3.0, 3.0]
    after.backward()
    assert values_of(w.grad) == [8.0, 8.0]


def test_the_flag_of_a_result_cannot_be_changed() -> None:
    h = leaf(1.0) * 2
    h.requires_grad = True
    with pytest.raises(tg.GraphError, match=r"'h' is the result of a recorded op.*\.detach\(\)"):
        h.requires_grad = False
    assert h.requires_grad


@pytest.mark.parametrize("bad", [1, "yes", None, 0.0])
def test_the_flag_is_a_truth_value(bad: Any) -> None:
    w = T([1.0])
    with pytest.raises(tg.DTypeError, match="requires_grad: expected True or False"):
        w.requires_grad = bad
    with pytest.raises(tg.DTypeError, match="requires_grad: expected True or False"):
        T([1.0], requires_grad=bad)


# data ------------------------------------------------------------------------------------------


def test_assigning_data_rebinds_and_what_was_recorded_keeps_the_old_value() -> None:
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    old = w.data
    w.data = np.array([10.0, 20.0])
    assert old.tolist() == [1.0, 2.0]
    assert w.dtype == np.float32
    assert w.requires_grad
    loss.backward()
    assert values_of(w.grad) == [2.0, 4.0]
    (w * w).sum().backward()
    assert values_of(w.grad) == [22.0, 44.0]


def test_both_spellings_of_a_step_by_hand_work() -> None:
    a, b = leaf(1.0, 2.0), leaf(1.0, 2.0)
    for w in (a, b):
        (w * w).sum().backward()
        assert w.grad is not None
    assert a.grad is not None
    assert b.grad is not None
    a.data = a.data - 0.5 * a.grad
    b.data -= 0.5 * b.grad.data
    assert a.tolist() == b.tolist() == [0.0, 0.0]
    assert a.dtype == b.dtype == np.float32
    assert isinstance(a.data, np.ndarray)
    b.data -= 0.5 * b.grad
    assert b.tolist() == [-1.0, -2.0]


def test_data_takes_what_has_the_same_shape_only() -> None:
    w = leaf(1.0, 2.0)
    for bad in (5.0, [1.0], [[1.0, 2.0]], np.zeros(3), T([[1.0], [2.0]])):
        with pytest.raises(tg.ShapeError, match=r"data: 'w' has shape \(2,\), the new value has"):
            w.data = bad
    with pytest.raises(tg.DTypeError, match=r"data: a complex value does not fit 'w'"):
        w.data = np.array([1j, 2j])
    with pytest.raises(tg.DTypeError, match="expected a tensor, an array"):
        w.data = "text"
    assert w.tolist() == [1.0, 2.0]


def test_data_is_a_copy_of_what_was_assigned() -> None:
    w, array = leaf(1.0, 2.0, dtype=np.float64), np.array([3.0, 4.0])
    w.data = array
    array[...] = 9
    assert w.tolist() == [3.0, 4.0]


def test_data_of_a_recorded_result_cannot_be_assigned() -> None:
    h = leaf(1.0) * 2
    with pytest.raises(tg.GraphError, match=r"data: 'h' is the result of a recorded operation"):
        h.data = np.array([1.0])


# grad ------------------------------------------------------------------------------------------


def test_grad_accumulates_until_it_is_set_to_none() -> None:
    w = leaf(1.0, 2.0)
    for total in (3.0, 6.0):
        (w * 3).sum().backward()
        assert values_of(w.grad) == [total, total]
    w.grad = None
    assert w.grad is None
    (w * 3).sum().backward()
    assert values_of(w.grad) == [3.0, 3.0]


def test_a_grad_that_was_set_is_added_to() -> None:
    w = leaf(1.0, 2.0)
    value: Any
    for value in ([10.0, 20.0], np.array([10.0, 20.0]), T([10, 20]), leaf(10.0, 20.0) * 1):
        w.grad = value
        assert isinstance(w.grad, T)
        assert (w.grad.dtype.name, w.grad.requires_grad) == ("float32", False)
        (w * 3).sum().backward()
        assert values_of(w.grad) == [13.0, 23.0]


def test_a_bad_grad_is_refused_and_the_old_one_stays() -> None:
    w = leaf(1.0, 2.0)
    w.grad = T([5.0, 6.0])
    bad: Any
    for bad in (1.0, np.zeros(3), T([[1.0, 2.0]])):
        with pytest.raises(tg.ShapeError, match=r"grad: 'w' has shape \(2,\), the new value has"):
            w.grad = bad
    with pytest.raises(tg.DTypeError, match="grad: a complex value does not fit"):
        w.grad = np.array([1j, 2j])
    assert values_of(w.grad) == [5.0, 6.0]


def test_a_grad_is_memory_of_its_own() -> None:
    given = T([1.0, 2.0])
    a, b = leaf(0.0, 0.0), leaf(0.0, 0.0)
    a.grad = given
    b.grad = given
    assert a.grad is not None
    a.grad.data *= 10.0  # scaling gradients where they are, as in clipping
    assert values_of(a.grad) == [10.0, 20.0]
    assert values_of(b.grad) == [1.0, 2.0]
    assert given.tolist() == [1.0, 2.0]


# assign, +=, item assignment -------------------------------------------------------------------


def test_assign_gives_a_new_value_of_the_same_shape_and_dtype() -> None:
    x = T([1.0, 2.0], name="x")
    assert x.assign([3, 4]) is x
    assert (x.tolist(), x.dtype.name, x.name) == ([3.0, 4.0], "float32", "x")
    assert x.assign(np.array([5.0, 6.0])).dtype == np.float32
    with pytest.raises(tg.ShapeError, match=r"assign: 'x' has shape \(2,\), .*\(3,\)"):
        x.assign([1.0, 2.0, 3.0])
    with pytest.raises(tg.DTypeError, match="assign: a complex value does not fit 'x'"):
        x.assign([1j, 2j])
    assert x.tolist() == [5.0, 6.0]


def test_assign_to_a_parameter_needs_no_grad_and_keeps_it_a_leaf() -> None:
    w = leaf(1.0, 2.0)
    with pytest.raises(tg.GraphError, match=r"assign: 'w' is a leaf that requires.*no_grad"):
        w.assign([3.0, 4.0])
    assert w.tolist() == [1.0, 2.0]
    loss = (w * w).sum()
    with tg.no_grad():
        w.assign(w - 1.0)
    assert w.is_leaf
    assert w.requires_grad
    assert w.tolist() == [0.0, 1.0]
    loss.backward()
    assert values_of(w.grad) == [2.0, 4.0]


def test_assign_of_a_recorded_value_brings_its_history() -> None:
    w, x = leaf(1.0, 2.0), T([0.0, 0.0])
    x.assign(w * 3)
    assert x.requires_grad
    (x * x).sum().backward()
    assert values_of(w.grad) == [18.0, 36.0]
    x.assign([1.0, 1.0])
    assert not x.requires_grad


def test_assign_of_a_parameter_gives_its_value_and_history_and_not_its_place() -> None:
    """The receiver is a value computed from the parameter; it can be assigned to again."""
    w, x = leaf(1.0, 2.0), T([0.0, 0.0])
    x.assign(w)
    (x * 3).sum().backward()
    assert values_of(w.grad) == [3.0, 3.0]
    assert x.grad is None
    assert not x.is_leaf
    x.assign([5.0, 6.0])
    assert x.tolist() == [5.0, 6.0]
    assert w.tolist() == [1.0, 2.0]


def test_assign_of_a_recorded_complex_value_to_a_real_tensor_is_refused() -> None:
    z, x = T([1j, 2j], requires_grad=True), T([0.0, 0.0])
    with pytest.raises(tg.DTypeError, match="assign: a complex value does not fit 'x'"):
        x.assign(z * 2)
    assert x.tolist() == [0.0, 0.0]
    assert not x.requires_grad


def test_augmented_assignment_makes_a_new_value() -> None:
    x = y = T([1.0, 2.0])
    x += 1
    x *= 2
    x -= T([1.0, 1.0])
    x /= 2
    x **= 2
    assert x.tolist() == [2.25, 6.25]
    assert y.tolist() == [1.0, 2.0]
    m = T([[0.0, 1.0], [1.0, 0.0]])
    x @= m
    assert x.tolist() == [6.25, 2.25]


def test_item_assignment_rebinds_this_handle_alone() -> None:
    x = T([1.0, 2.0, 3.0])
    alias, row = x.detach(), x[1:]
    x[0] = 9
    x[1:] = [7.0, 8.0]
    assert x.tolist() == [9.0, 7.0, 8.0]
    assert alias.tolist() == [1.0, 2.0, 3.0]
    assert row.tolist() == [2.0, 3.0]
    assert x.dtype == np.float32


def test_item_assignment_is_differentiable_in_the_value_and_in_what_remains() -> None:
    w, v = leaf(1.0, 2.0, 3.0), leaf(5.0)
    x = w * 2
    used = (x * x).sum()  # what was recorded before keeps its value
    x[1] = v[0] * 10
    ((x * T([1.0, 2.0, 3.0])).sum() + used).backward()
    assert values_of(w.grad) == [2 + 8.0, 16.0, 6 + 24.0]
    assert values_of(v.grad) == [20.0]


def test_item_assignment_to_a_parameter_is_refused_while_recording() -> None:
    w = leaf(1.0, 2.0)
    with pytest.raises(tg.GraphError, match=r"setitem: 'w' is a leaf .*\.assign\(\) under no_grad"):
        w[0] = 5.0
    assert w.tolist() == [1.0, 2.0]
    with tg.no_grad():
        w[0] = 5.0
    assert w.tolist() == [5.0, 2.0]
    assert w.is_leaf
    assert w.requires_grad


# Comparison, hash, conversions -----------------------------------------------------------------


def test_equality_is_elementwise_and_hash_is_identity() -> None:
    a: Any = T([1.0, 2.0])
    b, two = T([1.0, 5.0]), 2
    assert (a == b).tolist() == [True, False]
    assert (a != b).tolist() == [False, True]
    assert (a == 2).tolist() == [False, True]
    assert (two == a).tolist() == [False, True]
    assert (a == np.array([1.0, 2.0])).tolist() == [True, True]
    assert len({a, b, a}) == 2
    assert {a: 1}[a] == 1
    assert hash(a) != hash(T([1.0, 2.0]))


def test_comparison_with_none_is_a_plain_truth_value() -> None:
    a, nothing = T([1.0, 2.0]), None
    assert (a == None) is False  # the spelling under test  # noqa: E711
    assert (a != None) is True  # the spelling under test  # noqa: E711
    assert (nothing == a) is False
    assert a not in [None]


def test_one_element_converts_to_python_numbers() -> None:
    for shape in [(), (1,), (1, 1)]:
        t = T(np.full(shape, 2.75))
        assert (float(t), int(t), bool(t), complex(t)) == (2.75, 2, True, 2.75 + 0j)
        assert t.item() == 2.75
        assert not T(np.zeros(shape))
    assert [10, 20, 30][T(1)] == 20
    assert list(range(T(np.int8(3)))) == [0, 1, 2]
    assert type(T(3).item()) is int
    assert type(T(True).item()) is bool
    assert T(1 + 2j).item() == 1 + 2j
    assert float(leaf(2.5)) == 2.5


@pytest.mark.parametrize("convert", [bool, float, int, complex, lambda t: t.item()])
@pytest.mark.parametrize("data", [[1.0, 2.0], [], [[1.0], [2.0]]])
def test_other_sizes_do_not_convert(convert: Any, data: Any) -> None:
    t = T(data)
    with pytest.raises(tg.ShapeError, match=rf"'t' has {t.size} elements \(shape \("):
        convert(t)


def test_only_integers_are_an_index() -> None:
    half = T(1.5)
    with pytest.raises(tg.DTypeError, match="index: 'half' has dtype float32, not an integer one"):
        _ = [1, 2][half]
    with pytest.raises(tg.DTypeError, match=r"float: .*complex"):
        float(T(1j))


def test_length_and_iteration_go_over_the_first_axis() -> None:
    x = T([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    assert len(x) == 3
    first, *_, last = x
    (first * last).sum().backward()
    assert values_of(x.grad) == [[5.0, 6.0], [0.0, 0.0], [1.0, 2.0]]
    assert [t.tolist() for t in reversed(x)] == [[5.0, 6.0], [3.0, 4.0], [1.0, 2.0]]
    assert list(T(np.zeros((0, 2)))) == []
    row: Any = T([1.0, 2.0])
    assert 2.0 in row
    assert 3.0 not in row


def test_0d_has_no_length_and_is_not_iterable() -> None:
    scalar = T(1.0)
    with pytest.raises(tg.DTypeError, match="len: 'scalar' is 0-d"):
        len(scalar)
    with pytest.raises(tg.DTypeError, match="iter: 'scalar' is 0-d"):
        iter(scalar)
    with pytest.raises(tg.IndexingError, match="getitem"):
        _ = scalar[0]


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (T(1.5), "Tensor(1.5, shape=(), dtype=float32)"),
        (T([1, 2]), "Tensor([1, 2], shape=(2,), dtype=int64)"),
        (T(np.zeros((0, 3))), "Tensor(shape=(0, 3), dtype=float64)"),
        (T([True], name="mask"), "Tensor([ True], shape=(1,), dtype=bool, name='mask')"),
        (leaf(1.0), "Tensor([1.], shape=(1,), dtype=float32, requires_grad=True)"),
        (leaf(1.0) * 2, "Tensor([2.], shape=(1,), dtype=float32, requires_grad=True)"),
        (T([1.0], backend="strict"), "Tensor([1.], shape=(1,), dtype=float32, backend='strict')"),
        (T([[1.0], [2.0]]), "Tensor([[1.],\n        [2.]], shape=(2, 1), dtype=float32)"),
    ],
    ids=str,
)
def test_repr_shows_values_shape_dtype_and_what_is_special(tensor: tg.Tensor, text: str) -> None:
    assert repr(tensor) == str(tensor) == text


def test_repr_of_a_large_tensor_is_short() -> None:
    assert len(repr(T(np.zeros((1000, 1000))))) < 600


def test_one_element_can_be_formatted_like_a_number() -> None:
    loss = leaf(0.123456).sum()
    assert f"{loss:.3f}" == "0.123"
    assert f"{T(7):03d}" == "007"
    assert f"{loss}" == str(loss)
    pair = T([1.0, 2.0])
    with pytest.raises(tg.ShapeError, match=r"format: 'pair' has 2 elements"):
        _ = f"{pair:.3f}"


def test_attributes_that_do_not_exist_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        T([1.0]).gard = None  # type: ignore[attr-defined]  # the mistake under test
