"""Errors say which operation, which argument by which name, what was seen and what to do.

Each case is a call that must fail: the class, what its text must contain, and afterwards nothing
that the call could reach may have changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import FunctionType
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import errors, nn
from tensorgrok.engine import operations

Error = type[Exception] | tuple[type[Exception], ...]
Case = tuple[str, Error, list[str], Callable[[], Any]]

IMAGE, KERNEL = r"'image' (float32, shape (2, 3))", r"'kernel' (float32, shape (4, 5))"


def shape_cases() -> list[Case]:
    """Operands whose shapes, axes or lengths do not fit."""
    image = tg.Tensor(np.ones((2, 3), np.float32))
    kernel = tg.Tensor(np.ones((4, 5), np.float32), requires_grad=True)
    row = tg.Tensor([1.0, 2.0])
    mask = tg.Tensor([True, False, True])
    array = np.ones((4, 5))
    empty, one, cube = tg.zeros(0), tg.ones(()), tg.ones((2, 2, 3))
    shape, either = tg.ShapeError, (tg.ShapeError, tg.DTypeError)
    return [
        ("+", shape, [f"add: cannot use x1 {IMAGE} and x2 {KERNEL}: ", "aligned from the last "
         "axis", "reshape one of the arguments"], lambda: image + kernel),
        ("+ array", shape, [f"add: cannot use x1 {IMAGE} and x2 'array' (float64, shape (4, 5))"],
         lambda: image + array),
        ("array -", shape, ["subtract: cannot use x1 'array' (float64, shape (4, 5))", IMAGE],
         lambda: array - image),
        ("unnamed", shape, [f"multiply: cannot use x1 {IMAGE} and x2 (float32, shape (2,)): "],
         lambda: image * (row * 1)),
        ("where", shape, ["where: cannot use condition 'mask' (bool, shape (3,)), x1 ", IMAGE],
         lambda: tg.where(mask, image, kernel)),
        ("dot", shape, [f"dot: cannot use x1 {IMAGE} and x2 {KERNEL}", "must be equally long"],
         lambda: image.dot(kernel)),
        ("@", shape, [f"matmul: cannot use x1 {IMAGE} and x2 {KERNEL}", "must be equally long"],
         lambda: image @ kernel),
        ("vecmat", shape, ["vecmat: cannot use x 'row' (float32, shape (2,)) and w 'kernel'"],
         lambda: tg.vecmat(row, kernel)),
        ("@ number", either, [f"matmul: cannot use x1 {IMAGE} and x2 (the number 2.0)"],
         lambda: image @ 2.0),
        ("number @", either, [f"matmul: cannot use x1 (the number 2.0) and x2 {IMAGE}"],
         lambda: 2.0 @ image),
        ("vecmat number", either, ["vecmat: ", "(the number 2.0)", "'kernel'"],
         lambda: tg.vecmat(2.0, kernel)),
        ("vecmat 0-d", shape, ["vecmat: ", "x 'one' (float32, shape ())"],
         lambda: tg.vecmat(one, kernel)),
        ("vecmat of vectors", shape, ["vecmat: ", "w 'row' (float32, shape (2,))"],
         lambda: tg.vecmat(row, row)),
        ("vecmat of a stack", shape, ["vecmat: ", "w 'cube' (float32, shape (2, 2, 3))"],
         lambda: tg.vecmat(row, cube)),
        ("vecmat_dx", shape, ["vecmat_dx: ", "w 'row' (float32, shape (2,))"],
         lambda: tg.vecmat_dx(row, row)),
        ("vecmat_dw", shape, ["vecmat_dw: ", "x 'row' (float32, shape (2,))", "delta 'image'"],
         lambda: tg.vecmat_dw(row, image)),
        ("vecmat_dw of stacks", shape, ["vecmat_dw: ", "(2, 2, 3)", "(1, 4, 3)"],
         lambda: tg.vecmat_dw(cube, cube.reshape(1, 4, 3))),
        ("reshape", shape, [f"reshape: cannot use x {IMAGE} with shape=(4, 2): ", "size 6"],
         lambda: image.reshape(4, 2)),
        ("two -1", shape, ["reshape: ", "shape=(-1, -1)"], lambda: image.reshape(-1, -1)),
        ("permute_dims", shape, ["permute_dims: ", IMAGE, "axes=(0, 0)"],
         lambda: image.permute_dims(0, 0)),
        ("broadcast_to", shape, ["broadcast_to: ", IMAGE, "shape=(2, 2)"],
         lambda: image.broadcast_to((2, 2))),
        ("concat", shape, ["concat: ", f"arrays[0] {IMAGE} and arrays[1] {KERNEL}", "axis=0"],
         lambda: tg.concat([image, kernel])),
        ("concat nothing", shape, ["concat: ", "at least one"], lambda: tg.concat([])),
        ("same axis twice", shape, ["sum: ", "axis=(0, 0)", "an axis is named twice"],
         lambda: image.sum(axis=(0, 0))),
        ("max of nothing", shape, ["max: cannot use x", "shape (0,)", "no identity"],
         lambda: empty.max()),
        ("split", tg.ArgumentError, ["split: cannot cut an axis of length 3 into 2 equal parts; "
         "give their lengths as a tuple"], lambda: image.split(2, axis=1)),
        ("split lengths", tg.ArgumentError, ["split: parts of lengths (1, 1) do not make up an "
         "axis of length 3"], lambda: image.split((1, 1), axis=1)),
        ("split by 0", tg.ArgumentError, ["split: cannot cut", "into 0"], lambda: image.split(0)),
        ("zeros", shape, ["zeros: ", "(2, -1)", "negative"], lambda: tg.zeros((2, -1))),
        ("item", shape, ["item: 'image' has 6 elements (shape (2, 3))", ".numpy()"],
         lambda: image.item()),
        ("mse", shape, [f"mse: prediction {IMAGE} and target {KERNEL} must have equal shapes",
         "reshape one of them"], lambda: nn.mse(image, kernel)),
    ]  # fmt: skip


def index_cases() -> list[Case]:
    """Indices outside their axes, too many, of the wrong type; values that do not fit."""
    image = tg.Tensor(np.ones((2, 3), np.float32))
    x = tg.Tensor([1.0, 2.0], requires_grad=True) * 2
    count = tg.Tensor([1, 2, 3])
    mask = tg.Tensor([True, False, True])
    where_to = np.array([0, 5])
    index, dtype = tg.IndexingError, tg.DTypeError
    return [
        ("outside", index, ["getitem: ", IMAGE, "(5,)", "out of bounds for axis 0 with size 2"],
         lambda: image[5]),
        ("too many", index, ["getitem: ", IMAGE, "(0, 0, 0)", "too many"], lambda: image[0, 0, 0]),
        ("array outside", index, ["getitem: ", IMAGE, "'count' (int64, shape (3,))", "index 2 is"],
         lambda: image[count]),
        ("numpy array outside", index, ["getitem: ", "'where_to' (int64, shape (2,))"],
         lambda: image[:, where_to]),
        ("mask", index, ["getitem: ", IMAGE, "'mask' (bool, shape (3,))", "size of axis is 2"],
         lambda: image[mask]),
        ("float", dtype, ["index: the number 1.5 cannot be an index; use integers, slices"],
         lambda: image[cast("Any", 1.5)]),
        ("text", dtype, ["index: a str cannot be an index"], lambda: image[cast("Any", "a")]),
        ("slice of floats", dtype, ["index: the ends of a slice are integers or None, not 0.5"],
         lambda: image[0.5:]),
        ("float tensor", dtype, ["index: 'x' (float32, shape (2,)) cannot be an index"],
         lambda: image[x]),
        ("axis", index, ["sum: ", IMAGE, "axis=2", "there is no axis 2"],
         lambda: image.sum(axis=2)),
        ("argmax axis", index, ["argmax: ", "axis=-3"], lambda: image.argmax(axis=-3)),
        ("permute_dims", index, ["permute_dims: ", "axes=(0, 2)"],
         lambda: image.permute_dims(0, 2)),
        ("concat axis", index, ["concat: ", "axis=3"], lambda: tg.concat([image, image], axis=3)),
        ("split axis", index, ["split: ", IMAGE, "axis=5"], lambda: image.split(1, axis=5)),
        ("set outside", index, ["setitem: ", "'x' (float32, shape (2,))", "index 7 is out of"],
         lambda: x.__setitem__(7, 1.0)),
        ("set shape", tg.ShapeError, ["setitem: ", "'x'", "values (float32, shape (3,))"],
         lambda: x.__setitem__(slice(0, 2), [1.0, 2.0, 3.0])),
        ("set complex", dtype, ["setitem: ", "'x'", "complex"], lambda: x.__setitem__(0, 1j)),
        ("set text", dtype, ["setitem: argument values: ", "got a str"],
         lambda: x.__setitem__(0, "a")),
        ("scatter_add", index, ["scatter_add: ", "'x'", "'where_to'", "index 5 is out of bounds"],
         lambda: tg.scatter_add(x, where_to, [1.0, 2.0])),
        ("scatter_set", index, ["set", "'x'", "'where_to'", "index 5 is out of bounds"],
         lambda: tg.scatter_set(x, where_to, [1.0, 2.0])),
    ]  # fmt: skip


def type_cases() -> list[Case]:
    """Operands and parameters of a type that the operation cannot take."""
    row = tg.Tensor([1.0, 2.0])
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    count = tg.Tensor([1, 2, 3])
    small = tg.Tensor(np.array([1], np.int8))
    mask = tg.Tensor([True])
    unrelated = 300  # a number that happens to be that of a case must not lend it its name
    nothing: Any = None
    bad: Any = "text"
    dtype = tg.DTypeError
    assert unrelated == 300
    return [
        ("exp", dtype, ["exp: argument x: expected a tensor, an array, a number", "got a str"],
         lambda: tg.exp(bad)),
        ("+", dtype, ["add: argument x2: ", "got a NoneType"], lambda: row + nothing),
        ("concat", dtype, ["concat: argument arrays", "got a str"], lambda: tg.concat([row, bad])),
        ("concat tensor", dtype, ["concat: arrays must be a list or tuple of tensors, not 'row' "
         "(float32, shape (2,))"], lambda: tg.concat(cast("Any", row))),
        ("int8", dtype, ["add: cannot use x1 'small' (int8, shape (1,)) and x2 (the number 300): ",
         "out of bounds for int8"], lambda: small + 300),
        ("negative power", dtype, ["pow: cannot use base 'count' (int64, shape (3,)) and exponent "
         "(the number -1)", "negative integer powers"], lambda: count**-1),
        (">>", dtype, ["bitwise_right_shift: cannot use x1 'row' (float32"], lambda: row >> 1),
        ("-mask", dtype, ["negative: cannot use x 'mask' (bool, shape (1,))"], lambda: -mask),
        ("astype", dtype, ["astype: ", "'nonsense'"], lambda: row.astype("nonsense")),
        ("axis", dtype, ["sum: ", "an axis is an integer, not 1.5"],
         lambda: row.sum(axis=cast("Any", 1.5))),
        ("shape", dtype, ["reshape: a shape is an integer or a tuple of integers, got 'text'"],
         lambda: row.reshape(bad)),
        ("zeros", dtype, ["zeros: a shape is an integer", "'text'"], lambda: tg.zeros(bad)),
        ("arange", dtype, ["arange: ", "'text'"], lambda: tg.arange(bad)),
        ("arange by 0", tg.ArgumentError, ["arange: ", "step"], lambda: tg.arange(0, 3, 0)),
        ("missing", dtype, ["add: missing a required argument: 'x2'; call it as add(x1"],
         lambda: cast("Any", tg.add)(row)),
        ("too many", dtype, ["exp: too many positional arguments; call it as exp(x"],
         lambda: cast("Any", tg.exp)(row, row)),
        ("unknown keyword", dtype, ["sum: got an unexpected keyword argument 'axes'; call it as "],
         lambda: cast("Any", tg.sum)(row, axes=0)),
        ("given twice", dtype, ["sum: multiple values for argument 'axis'"],
         lambda: cast("Any", tg.sum)(row, 0, axis=0)),
        ("assign", dtype, ["assign: ", "got a str"], lambda: row.assign(bad)),
        ("data", dtype, ["data: ", "got a str"], lambda: setattr(row, "data", bad)),
        ("grad", dtype, ["grad: ", "got a str"], lambda: setattr(w, "grad", bad)),
        ("backward", dtype, ["backward: ", "got a str"], lambda: (w * 2).backward(bad)),
        ("hook", dtype, ["register_hook: expected a function, got a str"],
         lambda: w.register_hook(bad)),
    ]  # fmt: skip


def graph_cases() -> list[Case]:
    """Requests that a recorded graph cannot serve."""
    plain = tg.Tensor([1.0, 2.0])
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    result = w * 2
    used = (w * w).sum()
    tg.gradients(used, w)
    with tg.no_grad():
        silent = (w * w).sum()
    graph = tg.GraphError
    return [
        ("backward plain", graph, ["backward: 'plain' does not require gradients", "requires_grad="
         "True", "no_grad"], lambda: plain.backward()),
        ("backward silent", graph, ["backward: 'silent' does not", "no_grad"],
         lambda: silent.backward()),
        ("backward of several", graph, ["backward: 'result' has shape (2,), not one element; ",
         ".sum()", "pass a gradient of that shape"], lambda: result.backward()),
        ("cotangent", tg.ShapeError,
         ["backward: 'result' has shape (2,), "
         "the gradient has shape (3,); they must be equal"],
         lambda: result.backward([1.0, 1.0, 1.0])),
        ("released", tg.GraphReleased, ["backward: ", "earlier backward", "retain_graph=True"],
         lambda: used.backward()),
        ("hook on plain", graph, ["register_hook: 'plain' does not require gradients"],
         lambda: plain.register_hook(print)),
        ("leaf item", graph, ["setitem: 'w' is a leaf that requires gradients", "no_grad"],
         lambda: w.__setitem__(0, 1.0)),
        ("leaf assign", graph, ["assign: 'w' is a leaf that requires gradients", "no_grad"],
         lambda: w.assign([1.0, 2.0])),
        ("data of a result", graph, ["data: 'result' is the result of a recorded operation",
         ".detach()"], lambda: setattr(result, "data", np.zeros(2))),
        ("flag of a result", graph, ["requires_grad: 'result' is the result", ".detach()"],
         lambda: setattr(result, "requires_grad", False)),
    ]  # fmt: skip


ALL = [*shape_cases(), *index_cases(), *type_cases(), *graph_cases()]


def state_of(call: Callable[[], Any]) -> list[Any]:
    """Everything that a call can reach: the tensors and arrays it closes over, and the modes."""
    closure = cast("FunctionType", call).__closure__ or ()
    reached = [cell.cell_contents for cell in closure]
    state: list[Any] = [tg.is_recording(), tg.current_backend(), repr(tg.default_generator())]
    for value in reached:
        if isinstance(value, tg.Tensor):
            grad = None if value.grad is None else value.grad.tolist()
            # A constant gets a leaf at its first use, which changes nothing that can be seen.
            history = value.node if value.requires_grad else None
            state += [value.tolist(), value.dtype, value.requires_grad, value.name, grad, history]
        elif isinstance(value, np.ndarray):
            state.append(value.tolist())
    return state


@pytest.mark.parametrize(
    ("error", "texts", "call"), [case[1:] for case in ALL], ids=[case[0] for case in ALL]
)
def test_the_error_says_what_where_and_what_to_do_and_nothing_changes(
    error: Error, texts: list[str], call: Callable[[], Any]
) -> None:
    before = state_of(call)
    with pytest.raises(errors.TensorgrokError) as caught:
        call()
    assert type(caught.value) in (error if isinstance(error, tuple) else (error,))
    text = str(caught.value)
    place = 0
    for part in texts:  # in this order
        assert part in text[place:], text
        place = text.index(part, place)
    assert state_of(call) == before


@pytest.mark.parametrize(
    "call", [case[3] for case in type_cases()], ids=[case[0] for case in type_cases()]
)
def test_errors_about_types_give_no_advice_about_shapes(call: Callable[[], Any]) -> None:
    with pytest.raises(errors.TensorgrokError) as caught:
        call()
    assert "Shapes are aligned" not in str(caught.value)
    assert "reshape one of the arguments" not in str(caught.value)


# Names -----------------------------------------------------------------------------------------


def test_a_name_given_to_a_tensor_goes_before_the_variable() -> None:
    x = tg.Tensor([1.0, 2.0], name="weights")
    y = tg.zeros(3)
    with pytest.raises(tg.ShapeError, match=r"x1 'weights' \(.* and x2 'y' \("):
        _ = x + y


def test_names_are_those_of_the_function_that_called() -> None:
    outer = tg.zeros(3)

    def layer(signal: tg.Tensor, weight: tg.Tensor) -> tg.Tensor:
        return signal + weight

    with pytest.raises(tg.ShapeError, match=r"x1 'signal' .* and x2 'weight' "):
        layer(outer, tg.zeros(2))


def test_names_are_found_through_modules_and_transforms() -> None:
    class Layer(nn.Module):
        """Adds what does not fit."""

        def forward(self, signal: Any) -> Any:
            offset = tg.zeros(2)
            return signal + offset

    with pytest.raises(tg.ShapeError, match=r"x1 'signal' .* and x2 'offset' "):
        nn.Sequential(Layer())(tg.zeros(3))
    with pytest.raises(tg.ShapeError, match=r"x1 'signal' .* and x2 'offset' "):
        tg.grad(lambda x: Layer()(x))([1.0, 2.0, 3.0])


def test_attributes_of_objects_have_no_name_but_their_dtype_and_shape() -> None:
    class Holder:
        """Holds a tensor that no variable names."""

        weight = tg.zeros(2)

    with pytest.raises(tg.ShapeError, match=r"x1 \(float32, shape \(2,\)\) and x2 \(the|x2 \(f"):
        _ = Holder.weight + tg.zeros(3)


# Errors from below -----------------------------------------------------------------------------


def test_the_librarys_own_error_stays_as_the_cause() -> None:
    with pytest.raises(tg.ShapeError) as caught:
        _ = tg.zeros(2) + tg.zeros(3)
    assert type(caught.value.__cause__) is ValueError
    assert str(caught.value.__cause__).strip() in str(caught.value)


@pytest.mark.parametrize("raised", [MemoryError("no memory left"), KeyboardInterrupt()], ids=repr)
def test_errors_that_say_nothing_about_operands_pass_unchanged(
    raised: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> npt.NDArray[Any]:
        raise raised

    card = cast("Any", operations["tanh"])
    monkeypatch.setattr(card, "forward", fail)
    with pytest.raises(type(raised)) as caught:
        tg.tanh(tg.zeros(2))
    assert caught.value is raised


def test_an_exception_in_a_rule_changes_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = tg.Tensor([1.0], requires_grad=True), tg.Tensor([2.0], requires_grad=True)
    a.grad = tg.Tensor([5.0])
    result = tg.sin(a) * b

    def fail(gradient: tg.Tensor) -> None:
        raise LookupError("in the last rule")

    a.register_hook(fail)
    with pytest.raises(LookupError, match="in the last rule"):
        result.backward()
    assert a.grad is not None
    assert a.grad.tolist() == [5.0]
    assert b.grad is None


# The tree ----------------------------------------------------------------------------------------

TREE: dict[str, tuple[type[Exception], ...]] = {
    "ShapeError": (ValueError,),
    "DTypeError": (TypeError,),
    "IndexingError": (IndexError,),
    "ArgumentError": (ValueError,),
    "GraphError": (RuntimeError,),
    "GraphReleased": (tg.GraphError, RuntimeError),
    "GradcheckFailed": (AssertionError,),
    "BackendError": (RuntimeError,),
    "UnknownBackend": (tg.BackendError,),
    "BackendUnavailable": (tg.BackendError,),
    "BackendMismatch": (tg.BackendError,),
}


@pytest.mark.parametrize(("name", "parents"), TREE.items(), ids=TREE.keys())
def test_each_error_is_also_the_builtin_it_stands_beside(
    name: str, parents: tuple[type[Exception], ...]
) -> None:
    error = getattr(tg, name)
    assert issubclass(error, tg.TensorgrokError)
    for parent in parents:
        assert issubclass(error, parent)
    assert error.__doc__
    assert name in (errors.__doc__ or "")


def test_all_errors_are_public_and_in_the_tree() -> None:
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, tg.TensorgrokError)
    }
    assert found == {*TREE, "TensorgrokError"} == set(errors.__all__) - {"BackendWarning"}
    assert found <= set(tg.__all__)


def test_the_root_catches_them_all() -> None:
    with pytest.raises(tg.TensorgrokError):
        _ = tg.zeros(2) + tg.zeros(3)
    with pytest.raises(ValueError, match="add: cannot use"):
        _ = tg.zeros(2) + tg.zeros(3)


def test_names_are_found_while_other_threads_add_to_the_globals() -> None:
    space: dict[str, Any] = {"__name__": "users", "tg": tg, "found": []}
    code = (
        "left, right = tg.zeros(2), tg.zeros(3)\n"
        "for _ in range(300):\n"
        "    try:\n        left + right\n"
        "    except Exception as error:\n        found.append(error)\n"
    )
    done = threading.Event()

    def adding() -> None:
        while not done.is_set():
            for i in range(200):
                space[f"name_{i}"] = i
            for i in range(200):
                del space[f"name_{i}"]

    thread = threading.Thread(target=adding)
    thread.start()
    exec(code, space)
    done.set()
    thread.join()
    assert {type(error) for error in space["found"]} == {tg.ShapeError}
    assert "x1 'left'" in str(space["found"][0])
