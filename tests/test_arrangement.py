"""Arrangement: gradients counted place by place, results that are values, errors, notation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok.registry import get_backend
from tests.cases.base import Case
from tests.readers.recorder import Recorder
from tests.test_readers import notations

Array = npt.NDArray[Any]
IMAGE = tg.Tensor(np.ones((2, 3), np.float32))
OPS: Any = tg  # for calls with what the annotations forbid


# Every element of the result is one of the operand ---------------------------------------------

Selection = tuple[str, Callable[[Any], Any], Callable[[Any], Any]]


def padding(width: Any, mode: Any) -> Selection:
    def function(x: Any) -> Any:
        return tg.pad(x, width, mode=mode)

    def oracle(x: Any) -> Any:
        return np.pad(x, width, mode=mode)

    return f"pad {mode} {width}", function, oracle


SELECTIONS: list[Selection] = [
    *(
        padding(width, mode)
        for mode in ("edge", "reflect", "wrap")
        for width in (1, (0, 2), ((5, 0), (1, 8)), ((2, 3),), ((0, 0), (11, 13)))
    ),
    ("flip", lambda x: tg.flip(x, 1), lambda x: np.flip(x, 1)),
    ("roll", lambda x: tg.roll(x, 4), lambda x: np.roll(x, 4)),
    ("roll twice", lambda x: tg.roll(x, (1, -5), (1, 0)), lambda x: np.roll(x, (1, -5), (1, 0))),
    ("rot90", tg.rot90, np.rot90),
    ("tile", lambda x: tg.tile(x, (2, 3, 1)), lambda x: np.tile(x, (2, 3, 1))),
    ("repeat", lambda x: tg.repeat(x, 3, 1), lambda x: np.repeat(x, 3, 1)),
    ("repeat by places", lambda x: tg.repeat(x, (2, 1, 0), 0), lambda x: x[[0, 0, 1]]),
    ("diagonal", lambda x: tg.diagonal(x, -1), lambda x: np.diagonal(x, -1)),
    ("diag", lambda x: tg.diag(x, 1), lambda x: np.diag(x, 1)),
    ("stack", lambda x: tg.stack([x, x], -1), lambda x: np.stack([x, x], -1)),
    ("unstack", lambda x: tg.unstack(x, 1)[2], lambda x: x[:, 2]),
    ("concat", lambda x: tg.concat([x, x], 1), lambda x: np.concatenate([x, x], 1)),
    ("split", lambda x: tg.split(x, (1, 3), 1)[1], lambda x: x[:, 1:]),
    ("moveaxis", lambda x: tg.moveaxis(x, 0, 1), lambda x: np.moveaxis(x, 0, 1)),
    ("flatten", tg.flatten, np.ravel),
    ("squeeze", lambda x: tg.squeeze(tg.expand_dims(x, 1)), lambda x: x),
    ("meshgrid", lambda x: tg.meshgrid(x[0], x[1])[0], lambda x: np.meshgrid(x[0], x[1])[0]),
    ("take", lambda x: tg.take(x, [1, 1, 0], 0), lambda x: x[[1, 1, 0]]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "oracle"), [s[1:] for s in SELECTIONS],
                         ids=[s[0] for s in SELECTIONS])  # fmt: skip
def test_an_element_gets_the_cotangents_of_all_the_places_it_went_to(
    function: Any, oracle: Any, backend: str
) -> None:
    x = tg.Tensor(np.random.default_rng(0).normal(size=(3, 4)), requires_grad=True)
    y = function(x)
    source = oracle(np.arange(12).reshape(3, 4))
    np.testing.assert_array_equal(y.numpy(), x.numpy().reshape(12)[source])
    g = np.random.default_rng(1).normal(size=y.shape)
    y.backward(g)
    counted = np.bincount(source.ravel(), g.ravel(), minlength=12).reshape(3, 4)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), counted, rtol=1e-12, atol=1e-14)


def test_padding_with_a_number_hands_back_the_cotangent_of_the_inside_alone(backend: str) -> None:
    x = tg.Tensor(np.ones((2, 2)), requires_grad=True)
    y = tg.pad(x, ((1, 0), (0, 2)), constant_value=float("inf"))
    assert y.tolist() == [[np.inf] * 4, [1, 1, np.inf, np.inf], [1, 1, np.inf, np.inf]]
    y.backward(np.arange(12.0).reshape(3, 4))
    assert x.grad is not None
    assert x.grad.tolist() == [[4, 5], [8, 9]]


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(("function", "kept"), [(tg.tril, np.tri(3)), (tg.triu, np.tri(3).T)])
def test_a_triangle_forgets_what_is_not_finite_on_the_other_side(
    function: Any, kept: Array, value: float, backend: str
) -> None:
    x = tg.Tensor(np.where(kept, 5.0, value), requires_grad=True)
    y = function(x)
    assert y.tolist() == (5 * kept).tolist()
    y.backward(np.where(kept, 1.0, value))
    assert x.grad is not None
    assert x.grad.tolist() == kept.tolist()


def test_the_parts_of_an_axis_without_places_are_none() -> None:
    assert tg.unstack(tg.zeros((2, 0)), axis=1) == ()


def test_parts_that_are_not_used_get_no_cotangent_and_give_zeros(backend: str) -> None:
    x = tg.Tensor(np.ones((2, 3)), requires_grad=True)
    first, _, third = tg.unstack(x, axis=1)
    (first * 2 + third * tg.Tensor(np.array([3.0, 4.0]))).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[2, 0, 3], [2, 0, 4]]


def test_numbers_are_stacked_in_the_dtype_of_the_tensors_beside_them(backend: str) -> None:
    loss = tg.Tensor(2.0, requires_grad=True)
    assert tg.stack([loss, 1]).dtype == np.float32
    assert tg.stack([1, 2]).dtype == np.int64
    assert tg.stack([1, 0.5]).dtype == np.float32


# Results are values ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        tg.squeeze,
        lambda x: tg.rot90(x, 4),
        lambda x: tg.broadcast_arrays(x)[0],
        lambda x: tg.moveaxis(x, 0, 0),
        lambda x: tg.flatten(x, 0, 0),
        lambda x: tg.flip(x, ()),
        lambda x: tg.roll(x, 0),
        lambda x: tg.pad(x, 0),
        lambda x: tg.tile(x, 1),
        lambda x: tg.repeat(x, 1, 0),
        lambda x: tg.split(x, 1)[0],
        lambda x: tg.concat([x]),
    ],
)
def test_a_result_equal_to_its_operand_is_a_value_of_its_own(function: Any, backend: str) -> None:
    x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    y = function(x)
    x[0, 0] = 9.0
    assert y.tolist() == [[1, 2], [3, 4]]
    y[1, 1] = 7.0
    assert x.tolist() == [[9, 2], [3, 4]]


def test_other_orders_of_the_same_elements_are_read_without_a_copy() -> None:
    x = tg.Tensor(np.arange(6.0).reshape(2, 3), backend="numpy")
    for y in (
        tg.flip(x),
        tg.moveaxis(x, 0, 1),
        tg.expand_dims(x, 0),
        tg.rot90(x),
        tg.unstack(x)[1],
    ):
        assert np.shares_memory(y.data, x.data)


def test_numpy_integers_are_axes_shifts_and_counts(backend: str) -> None:
    one, two = np.int64(1), np.int8(2)
    x = tg.Tensor(np.arange(4.0).reshape(2, 2))
    assert OPS.flip(x, one).tolist() == [[1, 0], [3, 2]]
    assert OPS.roll(x, one, (np.int32(0),)).tolist() == [[2, 3], [0, 1]]
    assert OPS.pad(x[0], (one, two)).tolist() == [0, 0, 1, 0, 0]
    assert OPS.repeat(x, two, one).tolist() == [[0, 0, 1, 1], [2, 2, 3, 3]]
    assert OPS.tile(x, (one, two)).tolist() == [[0, 1, 0, 1], [2, 3, 2, 3]]
    assert OPS.expand_dims(x, two).shape == (2, 2, 1)
    assert OPS.rot90(x, two).tolist() == [[3, 2], [1, 0]]
    assert OPS.diagonal(x, one).tolist() == [1]
    assert OPS.triu(x, one).tolist() == [[0, 1], [0, 0]]
    assert OPS.concat([x, x], one).shape == (2, 4)
    assert [part.shape for part in OPS.split(x, two, one)] == [(2, 1), (2, 1)]


def test_a_diagonal_may_lie_as_far_outside_as_one_likes(backend: str) -> None:
    x, far = tg.Tensor(np.ones((2, 3)), requires_grad=True), 2**70
    for k in (far, -far):
        line, total = tg.diagonal(x, k), tg.trace(x, k)
        assert (line.shape, total.item()) == ((0,), 0)
        for found in tg.gradients([line, total], [x], [np.zeros(0), np.ones(())]):
            assert found.tolist() == [[0] * 3] * 2
        assert tg.eye(2, 3, k=k).tolist() == [[0] * 3] * 2
        assert tg.tril(x, k).tolist() == tg.triu(x, -k).tolist() == [[float(k > 0)] * 3] * 2


@pytest.mark.parametrize("function", [tg.meshgrid, tg.broadcast_arrays])
def test_tensors_that_are_to_meet_are_on_one_backend(function: Any) -> None:
    a, b = (tg.Tensor([1.0, 2.0], backend=get_backend(name)) for name in ("numpy", "strict"))
    name = function.__name__
    text = f"{name}: 'a' .* is on backend 'numpy' and 'b' .* on 'strict'; make both on the same one"
    with pytest.raises(tg.BackendMismatch, match=text):
        function(a, [5.0], b)
    assert {found.backend.name for found in function([1.0, 2.0], b, np.ones(2))} == {"strict"}


def test_a_grid_of_no_vectors_has_no_coordinates() -> None:
    assert tg.meshgrid() == ()
    assert tg.meshgrid(indexing="ij") == ()
    assert tg.broadcast_arrays() == ()


def test_a_program_replays_arrangements(backend: str) -> None:
    def function(x: tg.Tensor) -> tg.Tensor:
        wide = tg.pad(tg.roll(x, 1, 0), 1, mode="reflect")
        parts = tg.unstack(tg.triu(wide[:3, :3]), axis=1)
        return tg.stack([tg.flip(part) for part in parts]).sum(0) + tg.trace(tg.tile(x, 2))

    first, second = (tg.Tensor(np.random.default_rng(i).normal(size=(3, 3))) for i in (0, 1))
    program = Recorder(function, [first])
    np.testing.assert_array_equal(
        tg.Tensor(program(second), backend=backend).numpy(), function(second).numpy()
    )


# Errors ----------------------------------------------------------------------------------------


def errors() -> list[tuple[Callable[[], Any], type[Exception], str]]:
    """Calls that must fail, the class of the error, and what its text must say."""
    ops: Any = tg  # so that calls with what the annotations forbid pass type checkers
    image, empty, scalar = tg.Tensor(np.ones((2, 3), np.float32)), tg.zeros((0, 2)), tg.Tensor(1.0)
    small = tg.Tensor(np.array([1], np.uint8))
    seen = r"x 'image' \(float32, shape \(2, 3\)\)"
    no_axis = "there is no axis 2; the tensor has 2 axes, counted from 0 to 1 or from -2 to -1"
    shape, index, argument, dtype = tg.ShapeError, tg.IndexingError, tg.ArgumentError, tg.DTypeError
    return [
        # axes
        (lambda: ops.flip(image, 2), index, f"flip: cannot use {seen} with axis=2: {no_axis}"),
        (lambda: ops.flip(image, (0, -2)), shape, r"flip: .*an axis is named twice in \(0, -2\)"),
        (lambda: ops.roll(image, 1, 2), index, f"roll: cannot use {seen} .*{no_axis}"),
        (lambda: ops.concat([image, image], 2), index, f"concat: cannot use .*{no_axis}"),
        (lambda: ops.stack([image], 3), index,
         "stack: .*there is no axis 3; the tensor has 3 axes"),
        (lambda: ops.split(image, 1, 2), index, f"split: cannot use {seen} .*{no_axis}"),
        (lambda: ops.unstack(image, 2), index, f"unstack: cannot use {seen} .*{no_axis}"),
        (lambda: ops.unstack(scalar), index,
         "unstack: .*there is no axis 0; the tensor has 0 axes"),
        (lambda: ops.diagonal(image, 0, 0, 2), index, f"diagonal: cannot use {seen} .*{no_axis}"),
        (lambda: ops.moveaxis(image, 2, 0), index, f"moveaxis: {no_axis}"),
        (lambda: ops.moveaxis(image, 0, 2), index, f"moveaxis: {no_axis}"),
        (lambda: ops.swapaxes(image, 0, 2), index, f"swapaxes: {no_axis}"),
        (lambda: ops.squeeze(image, 2), index, f"squeeze: {no_axis}"),
        (lambda: ops.flatten(image, 2), index, f"flatten: {no_axis}"),
        (lambda: ops.repeat(image, 1, 2), index, f"repeat: {no_axis}"),
        (lambda: ops.rot90(image, 1, (0, 2)), index, f"rot90: {no_axis}"),
        (lambda: ops.expand_dims(image, 3), index,
         "expand_dims: there is no axis 3; the tensor has 3"),
        (lambda: ops.expand_dims(image, (0, 0)), argument,
         r"expand_dims: an axis is named twice in \(0, 0"),
        (lambda: ops.moveaxis(image, (0, 1), 1), argument,
         r"moveaxis: source \(0, 1\) and destination 1 must name equally many axes"),
        (lambda: ops.rot90(image, 1, (0,)), argument,
         r"rot90: axes must be two different axes, got \(0,\)"),
        (lambda: ops.diagonal(image, 0, 1, -1), shape,
         "diagonal: .*axis1 and axis2 must be different axes"),
        (lambda: ops.flatten(image, 1, 0), argument,
         "flatten: start_axis 1 comes after end_axis 0 in x 'image'"),
        # shapes
        (lambda: ops.squeeze(image, 1), shape,
         f"squeeze: axis 1 of {seen} has length 3; only axes of length 1"),
        (lambda: ops.matrix_transpose(scalar), shape,
         r"matrix_transpose: x 'scalar' \(float32, shape \(\)\) has no"),
        (lambda: ops.tril(image[0]), shape, "tril: .*a matrix is needed, or a stack of matrices"),
        (lambda: ops.trace(image[0]), shape, "trace: .*a matrix is needed, or a stack of matrices"),
        (lambda: ops.diag(scalar), shape,
         "diag: x 'scalar' .*must be a vector or a matrix; .* use diagonal"),
        (lambda: ops.stack([image, empty]), shape,
         r"stack: cannot use arrays\[0\] 'image' .* and arrays\[1\] 'empty' .*the same shape"),
        (lambda: ops.stack([]), shape, "stack: there is nothing to join; give at least one tensor"),
        (lambda: ops.concat([]), shape, "concat: there is nothing to join; give at least one"),
        (lambda: ops.concat([scalar, scalar]), shape, "concat: .*zero-dimensional"),
        (lambda: ops.broadcast_arrays(image, empty), shape,
         r"broadcast_arrays: cannot .*\[0\] 'image' .* and arrays\[1\] 'empty' .*one shape"),
        (lambda: ops.meshgrid(scalar, image), shape,
         r"meshgrid: arrays\[1\] 'image' .* must be a vector"),
        (lambda: ops.roll(image, (1, 2), 0), shape, "roll: .*2 shifts do not go with 1 axes"),
        (lambda: ops.pad(empty, ((1, 0), (0, 0)), "wrap"), shape,
         "pad: .*an axis of length 0 has nothing to fill a margin with in mode 'wrap'"),
        # other arguments
        (lambda: ops.pad(scalar, -3), argument, "pad: pad_width must not be negative, got -3"),
        (lambda: ops.pad(image, tg.Tensor(3)), dtype,
         r"pad: pad_width is an integer, a pair .*, got Tensor\(3"),
        (lambda: ops.pad(image, (tg.Tensor(3), 1)), dtype, "pad: pad_width is an integer, a pair"),
        (lambda: ops.pad(image, (True, 1)), dtype, "pad: pad_width is an integer, a pair"),
        (lambda: ops.pad(image, -1), argument, "pad: pad_width must not be negative, got -1"),
        (lambda: ops.pad(image, (1, 2, 3)), argument,
         r"pad: pad_width \(1, 2, 3\) does not fit a tensor of 2 axes"),
        (lambda: ops.pad(image, 1, "mirror"), argument,
         "pad: mode must be one of 'constant', 'edge', 'reflect', 'wrap', not 'mirror'"),
        (lambda: ops.pad(image, 1, "edge", 2.0), argument,
         "pad: constant_value is for mode 'constant' only, not for 'edge'"),
        (lambda: ops.tile(image, (1, -1)), argument,
         r"tile: repetitions must not be negative, got \(1, -1\)"),
        (lambda: ops.repeat(image, -1), argument, "repeat: repeats must not be negative, got -1"),
        (lambda: ops.repeat(image, (1, 2), 1), argument,
         "repeat: 2 numbers for an axis of length 3; give one for every"),
        (lambda: ops.split(image, 2, 1), argument,
         "split: cannot cut an axis of length 3 into 2 equal parts"),
        (lambda: ops.meshgrid(scalar, indexing="yx"), argument,
         "meshgrid: indexing must be 'xy' or 'ij', not 'yx'"),
        # types
        (lambda: ops.concat([image], None), dtype, "concat: .*flatten the tensors"),
        (lambda: ops.pad(image, 0.5), dtype, "pad: pad_width is an integer, a pair .*, got 0.5"),
        (lambda: ops.pad(image, True), dtype, "pad: pad_width is an integer, a pair .*, got True"),
        (lambda: ops.pad(image, ((1, 2), (1,))), dtype,
         r"pad: pad_width is an integer, a pair .*, got \(\(1, 2\)"),
        (lambda: ops.pad(image, 1, constant_value=image), dtype,
         "pad: expected a number, got Tensor"),
        (lambda: ops.pad(tg.Tensor([1]), 1, constant_value=0.5), dtype,
         "pad: int64 cannot hold 0.5; choose another dtype or number"),
        (lambda: ops.pad(tg.Tensor([1]), 1, constant_value=float("nan")), dtype,
         "pad: int64 cannot hold nan"),
        (lambda: ops.pad(image, 1, constant_value=1j), dtype, "pad: float32 cannot hold 1j"),
        (lambda: ops.pad(tg.Tensor([True]), 1, constant_value=2), dtype, "pad: bool cannot hold 2"),
        (lambda: ops.pad(small, 1, constant_value=300), dtype, "pad: uint8 cannot hold 300"),
        (lambda: ops.tile(image, 1.5), dtype,
         "tile: repetitions is an integer or a tuple of integers, got 1.5"),
        (lambda: ops.repeat(image, 1.5), dtype,
         "repeat: repeats is an integer or a tuple of integers, got 1.5"),
        (lambda: ops.repeat(image, tg.Tensor([1, 2])), dtype,
         r"repeat: .*known beforehand; .* use repeats.tolist\(\)"),
        (lambda: ops.roll(image, 1.5), dtype,
         "roll: a shift is an integer or a tuple of integers, got 1.5"),
        (lambda: ops.rot90(image, 1.5), dtype, "rot90: k must be an integer, got 1.5"),
        (lambda: ops.diagonal(image, 1.5), dtype, "diagonal: offset must be an integer, got 1.5"),
        (lambda: ops.tril(image, None), dtype, "tril: k must be an integer, got None"),
        (lambda: ops.flatten("text"), dtype, "flatten: argument x: expected a tensor.*got a str"),
    ]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "text"), errors())
def test_the_error_says_what_was_seen_and_what_would_do(
    call: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        call()


@pytest.mark.parametrize("axis", [True, np.True_, 1.0, "0", None])
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("flip", lambda a: OPS.flip(IMAGE, (a,))),
        ("roll", lambda a: OPS.roll(IMAGE, 1, (a,))),
        ("concat", lambda a: OPS.concat([IMAGE], a)),
        ("stack", lambda a: OPS.stack([IMAGE], a)),
        ("split", lambda a: OPS.split(IMAGE, 1, a)),
        ("unstack", lambda a: OPS.unstack(IMAGE, a)),
        ("squeeze", lambda a: OPS.squeeze(IMAGE, (a,))),
        ("expand_dims", lambda a: OPS.expand_dims(IMAGE, a)),
        ("moveaxis", lambda a: OPS.moveaxis(IMAGE, a, 0)),
        ("swapaxes", lambda a: OPS.swapaxes(IMAGE, a, 0)),
        ("flatten", lambda a: OPS.flatten(IMAGE, a)),
        ("repeat", lambda a: OPS.repeat(IMAGE, 1, (a,))),
        ("rot90", lambda a: OPS.rot90(IMAGE, 1, (a, 0))),
        ("diagonal", lambda a: OPS.diagonal(IMAGE, 0, a)),
        ("trace", lambda a: OPS.trace(IMAGE, 0, 0, a)),
    ],
)
def test_only_an_integer_is_an_axis(name: str, function: Any, axis: Any) -> None:
    with pytest.raises(tg.DTypeError, match=f"^{name}: .*ax(is|es) is an integer"):
        function(axis)


@pytest.mark.parametrize("function", [tg.reshape, tg.broadcast_to])
def test_a_boolean_is_no_length(function: Any) -> None:
    with pytest.raises(tg.DTypeError, match="a shape is an integer or a tuple of integers, got"):
        function(IMAGE, (True,))


# Notation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "python", "latex"),
    [
        (lambda x: x.T, "v0.T", r"v0^{\top}"),
        (lambda x: tg.expand_dims(x, 0), "v0.reshape((1, 2, 2))", "v0"),
        (tg.flip, "flip(v0)", r"\operatorname{flip}\left(v0\right)"),
        (lambda x: tg.flip(x, 1), "flip(v0, axis=1)", r"\operatorname{flip}_{1}\left(v0\right)"),
        (lambda x: tg.roll(x, 1), "roll(v0, 1)", r"\operatorname{roll}\left(v0, 1\right)"),
        (lambda x: tg.roll(x, 1, (0, 1)), "roll(v0, 1, axis=(0, 1))",
         r"\operatorname{roll}_{(0, 1)}\left(v0, 1\right)"),
        (lambda x: tg.stack([x, x]), "stack([v0, v1])", r"\left[ v0 \;\middle|\; v1 \right]"),
        (lambda x: tg.concat([x, x], 1), "concat([v0, v1], axis=1)", r"\left[ v0 \; v1 \right]"),
        (lambda x: tg.unstack(x, 1), "unstack(v0, axis=1)",
         r"\operatorname{unstack}_{1}\left(v0\right)"),
        (lambda x: tg.tile(x, 2), "tile(v0, 2)", r"\operatorname{tile}\left(v0, 2\right)"),
        (lambda x: tg.repeat(x, 2, 0), "repeat(v0, 2, axis=0)",
         r"\operatorname{repeat}_{0}\left(v0, 2\right)"),
        (lambda x: tg.pad(x, 1), "pad(v0, 1)", r"\operatorname{pad}\left(v0, 1\right)"),
        (lambda x: tg.pad(x, (1, 0), "wrap"), "pad(v0, (1, 0), mode='wrap')",
         r"\operatorname{pad}_{wrap}\left(v0, (1, 0)\right)"),
        (lambda x: tg.pad(x, 1, constant_value=2.5), "pad(v0, 1, constant_value=2.5)",
         r"\operatorname{pad}_{2.5}\left(v0, 1\right)"),
        (tg.tril, "tril(v0)", r"\operatorname{tril}\left(v0\right)"),
        (lambda x: tg.triu(x, -1), "triu(v0, k=-1)", r"\operatorname{triu}_{-1}\left(v0\right)"),
        (lambda x: tg.diagonal(x, 1), "diagonal(v0, offset=1)",
         r"\operatorname{diag}_{1}\left(v0\right)"),
        (tg.trace, "trace(v0)", r"\operatorname{tr}\left(v0\right)"),
        (lambda x: tg.trace(x, 0, 1, 0), "trace(v0, axis1=1, axis2=0)",
         r"\operatorname{tr}_{(1, 0)}\left(v0\right)"),
        (lambda x: tg.take(x, [1], 0), "take(v0, v1, axis=0)",
         r"\operatorname{take}_{0}\left(v0, v1\right)"),
        (lambda x: tg.take_along_axis(x, [[1], [0]]), "take_along_axis(v0, v1)",
         r"\operatorname{take\_along\_axis}\left(v0, v1\right)"),
    ],
)  # fmt: skip
def test_what_differs_from_the_defaults_is_printed(function: Any, python: str, latex: str) -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    case = Case("one", function, (x,), function)
    assert list(notations(case).values()) == [(python, latex)]
    tensor = tg.Tensor(x)
    names = {"v0": tensor, "v1": tensor} | {name: getattr(tg, name) for name in tg.__all__}
    if "take" not in python:
        again, once = eval(python, names), function(tensor)
        pairs = zip(again, once, strict=True) if isinstance(once, tuple) else [(again, once)]
        assert all(one.tolist() == two.tolist() for one, two in pairs)
