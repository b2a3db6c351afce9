"""Gathering: indices are inputs like any other, places taken twice add up, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tests.readers.recorder import Recorder


def test_places_taken_several_times_add_up(backend: str) -> None:
    x = tg.Tensor(np.zeros((4, 3)), requires_grad=True)
    indices = np.array([[3, 1], [3, 3]])
    g = np.random.default_rng(0).normal(size=(2, 2, 3))
    tg.take(x, indices, axis=0).backward(g)
    expected = np.zeros((4, 3))
    for place in np.ndindex(2, 2):
        expected[indices[place]] += g[place]
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-14)


def test_a_large_table_has_zeros_where_nothing_was_taken(backend: str) -> None:
    """Tables from some size on go another way to the zeros that cotangents are added to."""
    size = (1 << 12, 32) if backend == "numpy" else (1 << 16, 1)
    x = tg.Tensor(np.ones(size, np.float32), requires_grad=True)
    assert x.size >= 1 << 16
    (x[[3, 3]].sum() + tg.take(x, [3], 0).sum() + x[3:5].sum()).backward()
    assert x.grad is not None
    expected = np.zeros(size)
    expected[3], expected[4] = 4, 1
    np.testing.assert_array_equal(x.grad.numpy(), expected)
    x.grad[0] = 1.0  # the gradient is an array of its own, not a number broadcast


def test_take_along_axis_undoes_argmax_and_sorting(backend: str) -> None:
    x = tg.Tensor(np.random.default_rng(0).permutation(24).reshape(2, 3, 4) / 7)
    for axis in (0, 1, -1):
        largest = tg.take_along_axis(x, tg.argmax(x, axis, keepdims=True), axis)
        np.testing.assert_array_equal(largest.numpy(), x.numpy().max(axis, keepdims=True))
        order = np.argsort(x.numpy(), axis)
        found = tg.take_along_axis(x, order, axis)
        np.testing.assert_array_equal(found.numpy(), np.sort(x.numpy(), axis))


def test_indices_are_no_part_of_a_program_but_an_input_of_it(backend: str) -> None:
    def function(x: tg.Tensor, indices: tg.Tensor) -> tg.Tensor:
        rows = tg.take(x, indices, axis=0)
        picked = tg.take_along_axis(rows, tg.expand_dims(indices, 1) * 0 + 1)
        return tg.one_hot(indices, 3, dtype=float) @ rows + picked

    x = tg.Tensor(np.random.default_rng(0).normal(size=(3, 3)))
    program = Recorder(function, [x, tg.Tensor([0, 1, 1])])
    others = tg.Tensor([2, 2, 0])
    found = tg.Tensor(program(x, others), backend=backend)
    np.testing.assert_array_equal(found.numpy(), function(x, others).numpy())


def test_indices_are_read_when_they_are_used_and_not_later(backend: str) -> None:
    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    indices = np.array([0, 0])
    y = tg.take(x, indices)
    indices[:] = 2
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 0, 0]


def test_one_hot_needs_no_look_at_the_values(backend: str) -> None:
    assert tg.one_hot([-1, 3, 1], 3).tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert tg.one_hot(2, 3).tolist() == [0, 0, 1]
    assert tg.one_hot([0], 1, dtype=np.float64).dtype == np.float64
    tg.set_default_dtype(np.float64)
    assert tg.one_hot([0], 1).dtype == np.float64


def test_indices_have_no_gradient(backend: str) -> None:
    x = tg.Tensor(np.array([1.0, 2.0]), requires_grad=True)
    assert tg.gradcheck(lambda t: tg.take(t, tg.argmax(t)), [x.numpy()])
    assert not tg.one_hot(tg.argmax(x), 2).requires_grad


def errors() -> list[tuple[Callable[[], Any], type[Exception], str]]:
    """Calls that must fail, the class of the error, and what its text must say."""
    ops: Any = tg  # so that calls with what the annotations forbid pass type checkers
    table = tg.Tensor(np.arange(6.0).reshape(3, 2))
    shape, index, argument, dtype = tg.ShapeError, tg.IndexingError, tg.ArgumentError, tg.DTypeError
    no_axis = "there is no axis 2; the tensor has 2 axes, counted from 0 to 1 or from -2 to -1"
    return [
        (lambda: ops.take(table, [3], 0), index,
         r"take: cannot use x 'table' \(float64, shape \(3, 2\)\) .* with axis=0: index 3 is out"),
        (lambda: table[[[0], [1, 2]]], dtype,
         r"index: a list of lists is an index if all .* equally long, not \[\[0\], \[1, 2\]\]"),
        (lambda: ops.scatter_add(table, ([[0], [1, 2]], 0), 1.0), dtype, "index: a list of lists"),
        (lambda: ops.take(table, [6]), index, "take: .*index 6 is out of bounds"),
        (lambda: ops.take(table, 3, 0), index, r"take: .*indices \(the number 3\)"),
        (lambda: ops.take(table, [0], 2), index, f"take: .*{no_axis}"),
        (lambda: ops.take(table, [0], True), dtype,
         "take: .*an axis is an integer, not True"),
        (lambda: ops.take(table, [0.0]), dtype,
         r"take: .*indices \(float32, shape \(1,\)\).*: indices must be integers"),
        (lambda: ops.take(table, 0.0), dtype, "take: .*indices must be integers"),
        (lambda: ops.take(table, True), dtype, "take: .*indices must be integers"),
        (lambda: ops.take(table, [True, False, True], 0), dtype,
         "take: .*indices must be integers"),
        (lambda: ops.take_along_axis(table, [[2]]), index,
         "take_along_axis: .*index 2 is out of bounds"),
        (lambda: ops.take_along_axis(table, [[0]], 2), index,
         f"take_along_axis: .*{no_axis}"),
        (lambda: ops.take_along_axis(table, [0]), shape,
         "take_along_axis: .*indices have 1 axes and x has 2"),
        (lambda: ops.take_along_axis(table, 0), shape,
         "take_along_axis: .*indices have 0 axes and x has 2"),
        (lambda: ops.take_along_axis(table, [[0], [1]]), shape,
         "take_along_axis: .*axis 0 has length 3 in x and 2 in indices"),
        (lambda: ops.take_along_axis(table, [[0.0]]), dtype,
         "take_along_axis: .*indices must be integers"),
        (lambda: ops.one_hot([0.0], 2), dtype, "one_hot: .*indices must be integers"),
        (lambda: ops.one_hot(True, 2), dtype, "one_hot: .*indices must be integers"),
        (lambda: ops.one_hot([0], -1), argument, "one_hot: count must be at least 0, got -1"),
        (lambda: ops.one_hot([0], 2.0), dtype,
         "one_hot: count must be an integer, got 2.0"),
        (lambda: ops.one_hot([0], 2, dtype="nonsense"), dtype, "one_hot: .*'nonsense'"),
    ]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "text"), errors())
def test_the_error_says_what_was_seen_and_what_would_do(
    call: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        call()
