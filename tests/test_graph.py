"""The recorded graph: order, memory, release, hooks; deep, wide and shared graphs."""

from __future__ import annotations

import copy
import gc
import pickle
import time
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tensorgrok.graph import Leaf, Node, order


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def gradient(tensor: Tensor) -> list[float]:
    assert tensor.grad is not None
    found: list[float] = tensor.grad.tolist()
    return found


# Shapes of graphs --------------------------------------------------------------------------------


def test_order_lists_inputs_first_and_each_node_once() -> None:
    x, w = leaf(1.0), leaf(2.0)
    hidden = x * w
    out = (hidden + x) * (hidden - w)
    nodes = order([out.node])  # type: ignore[list-item]  # it was recorded
    assert len(nodes) == len(set(nodes)) == 6
    assert nodes[-1] is out.node
    for place, node in enumerate(nodes):
        assert all(source in nodes[:place] for source in node.inputs)
    assert [n.primitive.name for n in nodes if not isinstance(n, Leaf)] == [
        "multiply",
        "add",
        "subtract",
        "multiply",
    ]


def test_a_diamond_adds_up_its_paths() -> None:
    x = leaf(3.0)
    left, right = x * 2, x * x
    (left * right).sum().backward()
    assert gradient(x) == [6 * 3.0**2]  # d(2x^3)


def test_a_tensor_used_five_times() -> None:
    x = leaf(2.0)
    (x * x * x * x * x).sum().backward()
    assert gradient(x) == [5 * 2.0**4]
    y = leaf(1.5)
    (y + y + y + y + y).sum().backward()
    assert gradient(y) == [5.0]


def test_thirty_reused_doublings_take_thirty_steps() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(30):
        y = y + y
    started = time.perf_counter()
    y.sum().backward()
    assert gradient(x) == [2.0**30]
    assert time.perf_counter() - started < 1  # 2**30 paths would take hours


def chain(length: int) -> tuple[Tensor, Tensor]:
    x = leaf(1.0)
    y = x
    for _ in range(length):
        y = y + x
    return x, y


def test_a_chain_of_a_hundred_thousand_additions_in_linear_time() -> None:
    def seconds(length: int) -> float:
        best = float("inf")
        for _ in range(3):
            x, y = chain(length)
            started = time.perf_counter()
            y.sum().backward()
            best = min(best, time.perf_counter() - started)
            assert gradient(x) == [length + 1.0]
            del y
        return best

    gc.disable()
    try:
        short, long = seconds(10_000), seconds(100_000)
    finally:
        gc.enable()
    assert long < 10 * short * 2, f"10 times the length took {long / short:.1f} times as long"


def test_a_long_chain_is_differentiable_twice_without_recursion() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(5_000):
        y = y * 1.0 + x * 0.0
    (first,) = tg.gradients([(y * y).sum()], [x], create_graph=True)
    (second,) = tg.gradients([first.sum()], [x])
    assert second.tolist() == [2.0]


def test_a_million_nodes_are_freed_without_recursion() -> None:
    y = leaf(1.0)
    for _ in range(1_000_000):
        y = -y
    del y


def test_islands_without_recording() -> None:
    x = leaf(2.0)
    a = x * 3
    with tg.no_grad():
        b = a * a
        with tg.enable_grad():
            c = a * 5
        d = c * 7
    assert not b.requires_grad
    assert c.requires_grad
    assert not d.requires_grad
    (a * b + c * d).sum().backward()
    assert gradient(x) == [3 * 36.0 + 15 * 210.0]  # b and d count as constants


def test_a_graph_without_gradients_records_nothing() -> None:
    x = Tensor([1.0])
    for _ in range(10):
        x = x * 2 + 1
    assert x.node is None


def test_several_results_of_one_node() -> None:
    x = leaf(1.0, 2.0, 3.0)
    first, _, third = tg.split(x, 3)
    assert isinstance(first.node, tg.graph.Output)
    assert first.node.node is third.node.node  # type: ignore[union-attr]  # the same kind
    (first * third).sum().backward()  # no cotangent for the second
    assert gradient(x) == [3.0, 0.0, 1.0]


# Memory ------------------------------------------------------------------------------------------


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
def test_graphs_are_freed_by_counting_references() -> None:
    x = leaf(1.0)
    y = x * 2
    watched = weakref.ref(y)
    z = y * y
    del y
    assert watched() is None  # a node keeps arrays, not handles
    z.sum().backward()
    watched = weakref.ref(z)
    del z
    assert watched() is None


@pytest.mark.usefixtures("_no_collector")
def test_a_thousand_steps_leave_nothing_behind() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    x, labels = tg.uniform((3, 4)), Tensor([0, 1, 1])

    def step() -> weakref.ref[Tensor]:
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return weakref.ref(loss)

    def alive() -> int:
        return sum(isinstance(o, Node | Tensor | np.ndarray) for o in gc.get_objects())

    for _ in range(5):
        step()
    before = alive()
    for turn in range(1_000):
        assert step()() is None
        if turn % 100 == 0:
            assert alive() == before
    assert alive() == before
    assert gc.collect() < 50  # what the collector finds afterwards is not ours


@pytest.mark.usefixtures("_no_collector")
def test_second_order_graphs_are_freed_too() -> None:
    x = leaf(1.0, 2.0)
    ((x * x * x).sum()).backward(create_graph=True)
    assert x.grad is not None
    watched = weakref.ref(x.grad)
    x.grad = None
    assert watched() is None


def test_backward_releases_saved_arrays_and_keeps_the_structure() -> None:
    x = leaf(1.0, 2.0)
    hidden = tg.exp(x)
    saved = weakref.ref(hidden)
    loss = (hidden * hidden).sum()
    loss.backward()
    del hidden
    assert saved() is None
    assert loss.node is not None
    nodes = order([loss.node])
    assert [n.primitive.name for n in nodes if not isinstance(n, Leaf)] == [
        "exp",
        "multiply",
        "sum",
    ]
    assert all(n.saved is None for n in nodes if not isinstance(n, Leaf))


def test_a_second_backward_says_what_to_do() -> None:
    x = leaf(1.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(tg.GraphReleased, match=r"sum saved were released.*retain_graph=True"):
        y.backward()
    assert gradient(x) == [2.0]


def test_retain_graph_allows_a_second_backward() -> None:
    x = leaf(1.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert gradient(x) == [4.0]


def test_copies_of_a_tensor_with_a_long_history() -> None:
    _, y = chain(100_000)
    y.name = "end"
    for clone in (copy.deepcopy(y), copy.copy(y), pickle.loads(pickle.dumps(y))):
        assert clone.tolist() == y.tolist()
        assert clone.name == "end"
        assert clone.requires_grad
        assert clone.is_leaf


def test_nodes_refuse_to_be_copied() -> None:
    with pytest.raises(TypeError, match="copy the tensor instead"):
        copy.deepcopy(leaf(1.0).node)


# Hooks, intermediate gradients -------------------------------------------------------------------


def test_retain_grad_keeps_the_gradient_of_an_intermediate_result() -> None:
    x = leaf(1.0, 2.0)
    hidden = x * 3
    hidden.retain_grad()
    (hidden * hidden).sum().backward()
    assert gradient(hidden) == [6.0, 12.0]
    assert gradient(x) == [18.0, 36.0]


def test_retain_grad_of_one_of_several_results() -> None:
    x = leaf(1.0, 2.0)
    first, second = tg.split(x, 2)
    second.retain_grad()
    (first + second * second).sum().backward()
    assert gradient(second) == [4.0]
    assert first.grad is None


def test_hooks_see_and_replace_gradients() -> None:
    x = leaf(1.0, 2.0)
    hidden = x * 3
    seen: list[list[float]] = []
    hidden.register_hook(lambda g: seen.append(g.tolist()))
    hidden.register_hook(lambda g: g * 10)
    removed = hidden.register_hook(lambda g: g * 1000)
    removed.remove()
    removed.remove()
    x.register_hook(lambda g: -g)
    (hidden * hidden).sum().backward()
    assert seen == [[6.0, 12.0]]
    assert gradient(x) == [-180.0, -360.0]


def test_hooks_run_once_on_the_whole_gradient() -> None:
    x = leaf(1.0)
    hidden = x * 2
    seen: list[float] = []
    hidden.register_hook(lambda g: seen.append(float(g)))
    (hidden + hidden * hidden).sum().backward()
    assert seen == [5.0]


def test_what_a_hook_keeps_is_not_changed_later() -> None:
    x = leaf(1.0)
    kept: list[Tensor] = []
    x.register_hook(kept.append)
    (x * 2).sum().backward()
    assert x.grad is not None
    x.grad.data[...] = 7
    assert kept[0].tolist() == [2.0]


def test_what_a_hook_writes_into_is_its_own() -> None:
    def overwrite(g: Tensor) -> None:
        g.data[...] = 7

    for _ in range(2):  # the second time shows whether the first left something behind
        x = leaf(1.0)
        shifted = x.sum() + 0.0
        shifted.register_hook(overwrite)
        shifted.backward()
        assert gradient(x) == [1.0]


def test_backward_from_one_of_several_results() -> None:
    x = leaf(1.0, 2.0, 3.0)
    first, second = tg.split(x * x, (1, 2))
    second.backward([1.0, 10.0], retain_graph=True)
    assert gradient(x) == [0.0, 4.0, 60.0]
    first.backward()
    assert gradient(x) == [2.0, 4.0, 60.0]


def test_hooks_with_create_graph_are_differentiable() -> None:
    x = leaf(3.0)
    x.register_hook(lambda g: g * g)
    (x * x).sum().backward(create_graph=True)
    assert gradient(x) == [36.0]
    assert x.grad is not None
    (second,) = tg.gradients([x.grad.sum()], [x])
    assert second.tolist() == [24.0**2]  # d(4x^2), and the hook again


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (lambda g: 1.0, "returns None or a Tensor, not a float"),
        (
            lambda g: g[:1],
            r"gradient of .*float64, shape \(2,\).* and returned .*float64, shape \(1,\)",
        ),
        (lambda g: g.astype("f4"), "returned .*float32"),
    ],
)
def test_hooks_that_return_the_wrong_thing(hook: object, message: str) -> None:
    x = leaf(1.0, 2.0)
    hidden = x * 2
    hidden.register_hook(hook)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(tg.GraphError, match=message):
        hidden.sum().backward()
    assert x.grad is None


def test_hooks_and_retain_grad_need_a_gradient() -> None:
    plain = Tensor([1.0])
    with pytest.raises(tg.GraphError, match=r"register_hook: 'plain' does not require gradients"):
        plain.register_hook(lambda g: None)
    with pytest.raises(tg.DTypeError, match="expected a function, got a int"):
        leaf(1.0).register_hook(3)  # type: ignore[arg-type]  # wrong on purpose
