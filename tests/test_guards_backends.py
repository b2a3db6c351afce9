"""Backends, what moves between them, and commands about them: faults that tests once missed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import cli, moving, nn, optim, registry
from tensorgrok.backend import Backend
from tensorgrok.cli import backends, doctor
from tensorgrok.moving import relocate
from tensorgrok.registry import get_backend
from tensorgrok.testing import no_sync
from tests.plain import PlainBackend
from tests.readers.recorder import Recorder
from tests.readers.strict import StrictBackend
from tests.test_cli_backends import Diagnosing
from tests.test_moving import X, there
from tests.test_moving_modules import Net, step


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = tg.current_backend().name
    monkeypatch.setattr(registry, "_factories", registry._factories | {"plain": PlainBackend})
    monkeypatch.setattr(registry, "_made", dict(registry._made))
    yield
    tg.use_backend(before)


@pytest.fixture
def net() -> Net:
    tg.seed(3)
    return Net()


# The registry ------------------------------------------------------------------------------------


def test_the_environment_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_choices", [])
    monkeypatch.setenv("TENSORGROK_BACKEND", "numpy")
    assert tg.current_backend().name == "numpy"
    monkeypatch.setenv("TENSORGROK_BACKEND", "plain")
    assert tg.current_backend().name == "numpy"


def test_calls_that_nobody_can_take_back_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_choices", [])
    for _ in range(20):
        tg.use_backend("plain")
    assert len(registry._choices) <= 2


def test_a_block_takes_back_its_own_call_and_no_later_one() -> None:
    block = tg.use_backend("plain")
    tg.use_backend("strict")
    with block:
        assert tg.current_backend().name == "plain"
    assert tg.current_backend().name == "strict"


def test_registrations_at_run_time_load_their_own_factory() -> None:
    tg.register_backend("one", PlainBackend)
    tg.register_backend("two", StrictBackend)
    known = registry.registrations()
    assert (known["one"].load(), known["two"].load()) == (PlainBackend, StrictBackend)


def test_a_factory_that_lacks_a_module_is_unavailable_and_installed() -> None:
    def factory() -> Backend:
        raise ImportError("No module named 'torchlight'")

    tg.register_backend("lacking", factory)
    with pytest.raises(tg.BackendUnavailable, match="run here: No module named 'torchl") as caught:
        get_backend("lacking")
    assert caught.value.installed
    assert caught.value.cure == "install what is missing"
    registry._factories.pop("lacking")


def test_an_error_that_a_factory_words_itself_is_handed_on() -> None:
    def factory() -> Backend:
        raise tg.BackendError("two of me")

    tg.register_backend("worded", factory)
    with pytest.raises(tg.BackendError) as caught:
        get_backend("worded")
    assert str(caught.value) == "two of me"
    registry._factories.pop("worded")


def test_auto_is_among_the_names_that_may_be_meant() -> None:
    with pytest.raises(tg.UnknownBackend, match=r"Did you mean 'auto'\?"):
        tg.use_backend("auot")


# What moves --------------------------------------------------------------------------------------


def test_a_gradient_that_cannot_move_leaves_all_where_it_was(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    (net(tg.Tensor(X)) ** 2).sum().backward()
    bring, calls = moving.array_on, []

    def failing(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 9:
            raise MemoryError("device full")
        return bring(*arguments)

    monkeypatch.setattr(moving, "array_on", failing)
    with pytest.raises(MemoryError):
        net.to("strict")
    assert {tensor.backend.name for _, tensor in net.named_tensors()} == {"numpy"}


def test_a_gradient_moves_without_its_history() -> None:
    layer = nn.Linear(3, 2, dtype=np.float64)
    (layer(tg.Tensor(X)) ** 2).sum().backward(create_graph=True)
    assert layer.weight.grad is not None
    assert layer.weight.grad.requires_grad
    layer.to("strict")
    assert layer.weight.grad is not None
    assert not layer.weight.grad.requires_grad


def test_moving_to_where_all_is_already_changes_nothing(net: Net) -> None:
    loss = (net(tg.Tensor(X)) ** 2).sum()
    nodes = [tensor.node for _, tensor in net.named_tensors()]
    net.to("numpy")
    assert all(t.node is n for (_, t), n in zip(net.named_tensors(), nodes, strict=True))
    loss.backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_column_major_memory_is_row_major_on_the_other_side() -> None:
    moved = tg.Tensor(np.asfortranarray(X)).to("plain")
    assert moved.data.flags.c_contiguous


def test_one_of_several_results_crosses() -> None:
    x = tg.Tensor(X, requires_grad=True)
    first, second = tg.unstack(x * 1)
    (first.to("strict") * 2 + second.to("strict") * 3).to("numpy").sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[2.0] * 3, [3.0] * 3]


def test_results_that_cross_among_several_behind_two_crossings() -> None:
    x = tg.Tensor(X, requires_grad=True)
    first, second = tg.unstack(x.to("strict") * 1)
    end = (first.to("numpy") * second.to("numpy")).sum()
    end.backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), X[::-1])


def test_a_traced_backward_does_not_cross() -> None:
    x = tg.Tensor(X, requires_grad=True)
    end = (x.to("strict") * 1.0).sum()

    def traced(t: tg.Tensor) -> tg.Tensor:
        end.backward()
        return t

    with pytest.raises(tg.GraphError, match="a traced step cannot cross from one backend to an"):
        Recorder(traced, [there(1.0)])


def test_rules_that_make_values_make_them_where_their_node_lives() -> None:
    x = tg.Tensor(X, requires_grad=True)
    end = (x[0].to("strict") ** 3).sum()
    slope = tg.gradients(end, x, create_graph=True)
    assert slope.backend.name == "numpy"
    np.testing.assert_allclose(tg.gradients(slope.sum(), x).numpy()[0], 6 * X[0])


def test_gradients_visit_nothing_that_no_target_is_behind() -> None:
    seen: list[int] = []
    x, y = (tg.Tensor(X, requires_grad=True) for _ in range(2))
    other = y * 1
    other.register_hook(lambda g: seen.append(1))
    end = ((x * 1) * other).to("strict").sum()
    np.testing.assert_allclose(tg.gradients(end, x).numpy(), X)
    assert seen == []


@pytest.mark.parametrize("failing", range(5))
def test_an_optimizer_of_one_parameter_follows_in_the_next_step_too(
    failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.Adam([w], 0.05)
    (w * w).sum().backward()
    optimizer.step()
    strict = get_backend("strict")
    relocate("to", [w], strict)
    bring, calls = strict.asarray, []

    def full(value: Any, dtype: Any = None, *, copy: bool | None = None) -> Any:
        calls.append(1)
        if len(calls) == failing + 1:
            raise MemoryError("device full")
        return bring(value, dtype, copy=copy)

    with monkeypatch.context() as patch:
        patch.setattr(strict, "asarray", full)
        with pytest.raises(MemoryError):
            optimizer.step()
    optimizer.step()
    assert {tensor.backend.name for tensor in optimizer._state().values()} == {"strict"}


def test_parameters_that_moved_together_share_a_clock(net: Net) -> None:
    optimizer = optim.Adam(net.parameters(), 0.05)
    step(net, optimizer, "numpy")
    net.to("strict")
    step(net, optimizer, "strict")
    assert len(set(optimizer._clocks)) == 1
    net.second.to("numpy")
    (net.second(tg.Tensor(np.ones(4))).sum()).backward()
    for p in net.first.parameters():
        p.grad = tg.zeros(p.shape, dtype=p.dtype).to("strict")
    optimizer.step()
    assert len(set(optimizer._clocks)) == 2


def test_an_input_without_a_derivative_has_zeros() -> None:
    w, x = (tg.Tensor(X, requires_grad=True) for _ in range(2))
    end = tg.where(x, w, 0.0).sum()
    assert tg.gradients(end, x).tolist() == np.zeros_like(X).tolist()


def test_a_tensor_that_has_become_another_gets_zeros_of_what_came_before() -> None:
    w, x = tg.Tensor([1.0, 2.0], requires_grad=True), tg.Tensor([3.0, 4.0])
    before = (w * x).sum()
    x[0] = w[0]
    assert tg.gradients(before, x).tolist() == [0.0, 0.0]


# no_sync -----------------------------------------------------------------------------------------


class Doors(PlainBackend):
    """A backend with a door of its own."""

    name = "doors"

    def item(self, array: Any) -> Any:
        return array.item()


def test_a_door_of_a_backends_own_is_closed_too() -> None:
    backend = Doors()
    array = backend.asarray([1.0])
    with no_sync(backend), pytest.raises(tg.BackendError, match="item: backend 'doors' would"):
        backend.item(array)
    assert backend.item(array) == 1.0


def test_doors_of_the_object_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Doors()
    backend.item = lambda array: 5  # type: ignore[method-assign]
    with no_sync(backend):
        pass
    assert backend.item(None) == 5


def test_no_sync_takes_auto() -> None:
    with no_sync("auto") as watched:
        assert watched is registry.choose_backend("auto")


def test_a_backend_that_cannot_refuse_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Doors()

    def failing() -> Any:
        raise RuntimeError("no such switch")

    backend.implicit_synchronization_refused = failing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="no such switch"), no_sync(backend):
        pass
    assert backend.item(np.ones(1)) == 1.0


# The commands ------------------------------------------------------------------------------------


def test_the_check_is_handed_the_name_and_its_exit_code_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands: list[tuple[list[str], Any]] = []

    def call(command: list[str], cwd: Any = None) -> int:
        commands.append((command, cwd))
        return 1

    monkeypatch.setattr(subprocess, "call", call)
    assert cli.main(["backends", "--check", "strict"]) == 1
    ((command, cwd),) = commands
    assert command[-2:] == ["--backend", "strict"]
    assert command[command.index("-c") + 1] == os.devnull
    assert "no:cacheprovider" in command
    assert Path(cwd).name == "backend_contract"


def test_an_empty_choice_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENSORGROK_BACKEND", "")
    assert re.fullmatch(
        r"TENSORGROK_BACKEND is not set: '\w+' is taken \('auto' tries cupy, then numpy\)",
        backends.taken(),
    )


def test_a_backend_with_nothing_to_say_has_no_section_and_no_step() -> None:
    tg.register_backend("silent", PlainBackend)
    assert not re.search(r"^silent$", doctor.diagnosis(), re.MULTILINE)


def test_what_has_no_cure_is_its_own_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name, dist = "broken", None

        def load(self) -> Any:
            raise RuntimeError("libfoo is too old")

    monkeypatch.setattr(registry, "_factories", {})
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Entry()])
    last = doctor.diagnosis().splitlines()[-1]
    assert last == (
        "next step: backend 'broken' is broken: RuntimeError: libfoo is too old (for 'broken')"
    )


def test_what_cannot_be_loaded_has_its_cure_as_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name, dist = "broken", None

        def load(self) -> Any:
            raise ImportError("No module named 'nothing'")

    monkeypatch.setattr(registry, "_factories", {})
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Entry()])
    last = doctor.diagnosis().splitlines()[-1]
    assert last == "next step: install what is missing (for 'broken')"


def test_sections_stand_in_the_order_of_names() -> None:
    tg.register_backend("zebra", Diagnosing)
    tg.register_backend("alpha", Diagnosing)
    text = doctor.diagnosis()
    assert text.index("\nalpha\n") < text.index("\ncupy\n") < text.index("\nzebra\n")


def test_a_factory_that_is_a_function_has_nothing_to_say() -> None:
    tg.register_backend("made", lambda: PlainBackend())
    text = doctor.diagnosis()
    assert not re.search(r"^made$", text, re.MULTILINE)
    assert "diagnosis failed" not in text
