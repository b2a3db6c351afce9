"""What happens to arrays and handles between forward and backward never spoils a gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tensorgrok.cards import primitive
from tensorgrok.engine import operations, primitives
from tensorgrok.errors import GraphReleased

Array = np.ndarray[Any, Any]


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def gradient(tensor: Tensor) -> list[float]:
    assert tensor.grad is not None
    found: list[float] = tensor.grad.tolist()
    return found


# Refilled buffers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (lambda w, a: w * a, [1.0, 2.0]),
        (lambda w, a: a * w, [1.0, 2.0]),
        (lambda w, a: w.dot(a), [1.0, 2.0]),
        (lambda w, a: w @ a, [1.0, 2.0]),
        (lambda w, a: tg.maximum(w, a * 0.01) * 2, [2.0, 2.0]),
        (lambda w, a: tg.where(a > 1.5, w, 0.0), [0.0, 1.0]),
        (lambda w, a: np.multiply(w, a), [1.0, 2.0]),
        (lambda w, a: w * Tensor(a), [1.0, 2.0]),
    ],
)
def test_refilling_a_batch_buffer(use: Callable[..., Tensor], expected: list[float]) -> None:
    w = leaf(3.0, 4.0)
    buffer = np.array([1.0, 2.0])
    out = use(w, buffer).sum()
    buffer[:] = 1e6
    out.backward()
    assert gradient(w) == expected


def test_refilling_an_index_array() -> None:
    w = leaf(1.0, 2.0, 3.0)
    index = np.array([0, 2, 2])
    out = (w[index] * np.array([1.0, 10.0, 100.0])).sum()
    index[:] = 1
    out.backward()
    assert gradient(w) == [1.0, 0.0, 110.0]


def test_refilling_a_mask() -> None:
    w = leaf(1.0, 2.0, 3.0)
    mask = np.array([True, False, True])
    out = (w[mask] * 2).sum()
    mask[:] = False
    out.backward()
    assert gradient(w) == [2.0, 0.0, 2.0]


def test_refilling_an_index_that_is_assigned_through() -> None:
    values = leaf(5.0, 6.0)
    table = Tensor(np.zeros(4))
    index = np.array([1, 3])
    table[index] = values
    out = (table * np.array([1.0, 2.0, 3.0, 4.0])).sum()
    index[:] = 0
    out.backward()
    assert gradient(values) == [2.0, 4.0]


def test_refilling_a_label_array() -> None:
    logits = Tensor(np.zeros((2, 3)), requires_grad=True)
    labels = np.array([0, 2])
    loss = nn.cross_entropy(logits, labels)
    labels[:] = 1
    loss.backward()
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad.numpy(), (1 / 3 - np.eye(3)[[0, 2]]) / 2)


def test_refilling_a_cotangent() -> None:
    w = leaf(1.0, 2.0)
    g = np.array([1.0, 10.0])
    (w + 0.0).backward(g)
    g[:] = 0
    assert gradient(w) == [1.0, 10.0]


# Rebound handles ---------------------------------------------------------------------------------


def rebind_by_assign(w: Tensor) -> None:
    with tg.no_grad():
        w.assign([100.0, 100.0])


def rebind_by_item(w: Tensor) -> None:
    with tg.no_grad():
        w[0] = 100.0


def rebind_by_data(w: Tensor) -> None:
    w.data = w.data * 100


def rebind_by_optimizer(w: Tensor) -> None:
    w.grad = Tensor(np.array([1.0, 1.0]))
    optim.SGD([w], lr=1000).step()
    w.grad = None


@pytest.mark.parametrize(
    "rebind", [rebind_by_assign, rebind_by_item, rebind_by_data, rebind_by_optimizer]
)
def test_rebinding_a_parameter_between_forward_and_backward(
    rebind: Callable[[Tensor], None],
) -> None:
    w = leaf(3.0, 4.0)
    loss = (w * w).sum() + tg.exp(w * 0.0).sum()
    rebind(w)
    assert w.tolist() != [3.0, 4.0]
    assert w.requires_grad
    loss.backward()
    assert gradient(w) == [6.0, 8.0]


def test_a_detached_row_stays_what_it_was() -> None:
    w = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
    x = leaf(1.0, 1.0)
    row = w[0].detach()
    loss = (x * row).sum()
    with tg.no_grad():
        w.assign(w * 0)
    w.data = w.data - 7
    loss.backward()
    assert gradient(x) == [1.0, 2.0]
    assert row.tolist() == [1.0, 2.0]


def test_a_slice_is_a_value() -> None:
    x = Tensor([1.0, 2.0, 3.0])
    part = x[1:]
    x[1] = 50.0
    assert part.tolist() == [2.0, 3.0]
    part[0] = 7.0
    assert x.tolist() == [1.0, 50.0, 3.0]


def test_assigning_into_a_tensor_after_it_was_used() -> None:
    source = leaf(1.0, 2.0)
    x = source * 1.0
    before = (x * x).sum()
    x[0] = 10.0
    after = (x * x).sum()
    assert before.item() == 5.0
    assert after.item() == 104.0
    before.backward()
    assert gradient(source) == [2.0, 4.0]
    source.grad = None
    x = source * 1.0
    x[0] = 10.0
    (x * x).sum().backward()
    assert gradient(source) == [0.0, 4.0]


def test_assignment_is_differentiable_in_table_and_values() -> None:
    table, value = leaf(1.0, 2.0, 3.0), leaf(7.0)
    x = table * 2
    x[1] = value[0] * 3
    x[[2, 2]] = Tensor(np.array([0.0, 5.0])) * value[0]
    (x * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert gradient(table) == [2.0, 0.0, 0.0]
    assert gradient(value) == [30.0 + 500.0]


def test_inplace_operators_rebind() -> None:
    w = leaf(1.0, 2.0)
    x = w
    x += 1.0
    x *= w
    assert w.tolist() == [1.0, 2.0]
    x.sum().backward()
    assert gradient(w) == [3.0, 5.0]  # d(w + 1)w


# Gradients are nobody's alias --------------------------------------------------------------------


def own_memory(*tensors: Tensor) -> None:
    """Each gradient is writable, contiguous, and shares memory with nothing else."""
    arrays = []
    for tensor in tensors:
        assert tensor.grad is not None
        array: Array = tensor.grad.data
        assert array.flags.writeable
        assert array.flags.c_contiguous
        assert array.base is None
        arrays += [array, tensor.data]
    for place, one in enumerate(arrays):
        assert not any(np.shares_memory(one, two) for two in arrays[place + 1 :])


def test_one_gradient_array_that_reaches_two_leaves() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    given = Tensor(np.array([1.0, 2.0]))
    (a + b).backward(given)
    own_memory(a, b)
    assert a.grad is not None
    a.grad.data[:] = 99
    assert gradient(b) == [1.0, 2.0]
    assert given.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: (a + b).sum(),
        lambda a, b: tg.concat([a, b]).sum(),
        lambda a, b: (a.reshape(2, 1) + b.reshape(2, 1)).sum(),
        lambda a, b: a.T.sum() + b[::-1].sum(),
        lambda a, b: tg.broadcast_to(a, (3, 2)).sum() + b.sum(),
        lambda a, b: a.dot(b),
        lambda a, b: (a * b).mean(),
        lambda a, b: tg.where([True, False], a, b).sum(),
        lambda a, b: a.max() + b.max(),
        lambda a, b: (a - b)[0],
    ],
)
def test_gradients_have_memory_of_their_own(function: Callable[..., Tensor]) -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    function(a, b).backward()
    own_memory(a, b)
    function(a, b).backward()
    own_memory(a, b)


@pytest.fixture
def _echo() -> Iterator[None]:
    """A card of a user whose rule hands on an array that the node saved."""

    @primitive("elementwise", public=False)
    def echo(xp: Any, x: Any) -> Any:
        return x * x / 2

    @echo.pullback("x")
    def echo_pull_x(xp: Any, g: Any, x: Any) -> Any:
        return x

    yield
    del primitives["echo"]
    operations.pop("echo", None)


@pytest.mark.usefixtures("_echo")
def test_a_rule_that_returns_a_saved_array_is_copied() -> None:
    x = leaf(1.0, 2.0)
    primitives["echo"](x).sum().backward()
    own_memory(x)
    assert gradient(x) == [1.0, 2.0]


def test_a_retained_gradient_is_no_alias() -> None:
    x = leaf(1.0, 2.0)
    hidden = x + 0.0
    hidden.retain_grad()
    hidden.sum().backward()
    own_memory(x, hidden)


# Exceptions --------------------------------------------------------------------------------------


@pytest.fixture
def _failing() -> Iterator[None]:
    """A card of a user whose rule raises."""

    @primitive("elementwise", public=False)
    def failing(xp: Any, x: Any) -> Any:
        return x * 1

    @failing.pullback("x")
    def failing_pull_x(xp: Any, g: Any) -> Any:
        raise RuntimeError("the last rule")

    yield
    del primitives["failing"]


@pytest.mark.usefixtures("_failing")
def test_an_exception_in_the_last_rule_changes_no_gradient() -> None:
    a, b, c = leaf(1.0), leaf(2.0), leaf(3.0)
    b.grad = Tensor(np.array([5.0]))
    hidden = primitives["failing"](a) * b
    hidden.retain_grad()
    loss = (hidden * c).sum()
    released = "released by an earlier backward .* compute the result again"
    for error, said in ((RuntimeError, "the last rule"), (GraphReleased, released)):
        with pytest.raises(error, match=said):
            loss.backward()
        assert a.grad is None
        assert gradient(b) == [5.0]
        assert c.grad is None
        assert hidden.grad is None


def test_an_exception_in_a_hook_changes_no_gradient() -> None:
    a, b = leaf(1.0), leaf(2.0)
    product = a * b

    def hook(g: Tensor) -> None:
        raise KeyError("from a hook")

    a.register_hook(hook)
    with pytest.raises(KeyError):
        (product * b).sum().backward()
    assert a.grad is None
    assert b.grad is None


def test_gradients_accumulate_and_start_anew_after_zero_grad() -> None:
    w = leaf(1.0, 2.0)
    (w * 3).sum().backward()
    first = w.grad
    (w * 3).sum().backward()
    assert gradient(w) == [6.0, 6.0]
    assert first is not None
    assert first.tolist() == [3.0, 3.0]  # the earlier tensor is a value
    optimizer = optim.SGD([w], lr=0.1)
    optimizer.zero_grad()
    assert w.grad is None


# Parameters that change after the call ----------------------------------------------------------


def spoil(held: Any) -> None:
    """Reverse a list or an array where it is, also those in a tuple."""
    for part in held if isinstance(held, tuple) else (held,):
        part[:] = part[::-1].copy() if isinstance(part, np.ndarray) else part[::-1]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("permute_dims", lambda: [1, 2, 0]),
        ("pad", lambda: np.array([2, 0])),
        ("pad", lambda: ([2, 0], [1, 0], [0, 1])),
        ("tensordot", lambda: ([1, 0], [0, 1])),
        ("roll", lambda: np.array(3)[None]),
        ("sum", lambda: [0, 1]),
    ],
)
def test_lists_and_arrays_changed_after_the_call_change_no_gradient(
    name: str, make: Callable[[], Any], backend: str
) -> None:
    data = np.arange(8.0).reshape(2, 2, 2)

    def slope(changed: bool) -> list[float]:
        x, held = Tensor(data, requires_grad=True), make()
        operands = (x, Tensor(data)) if name == "tensordot" else (x,)
        y = operations[name](*operands, held)
        if changed:
            spoil(held)
        (y * Tensor(np.arange(1.0, 1.0 + y.size).reshape(y.shape))).sum().backward()
        return gradient(x)

    assert slope(changed=True) == slope(changed=False)


def test_lists_of_axes_are_copied_by_compositions_too(backend: str) -> None:
    x, axis = Tensor(np.arange(4.0).reshape(2, 2), requires_grad=True), [0]
    y = tg.quantile(x, 0.25, axis)
    axis[0] = 1
    (y * Tensor([1.0, 10.0], dtype="f8")).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [[0.75, 7.5], [0.25, 2.5]])
