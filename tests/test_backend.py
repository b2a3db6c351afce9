"""The registry of backends, the choice among them, and what happens where two of them meet."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import registry
from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend
from tests.plain import PlainBackend
from tests.readers.strict import StrictBackend
from tests.stand_ins import without_cupy


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has a registry, made backends and a process default of its own."""
    before = tg.current_backend().name
    monkeypatch.setattr(registry, "_factories", registry._factories | {"plain": PlainBackend})
    monkeypatch.setattr(registry, "_made", dict(registry._made))
    yield
    tg.use_backend(before)


# The registry ----------------------------------------------------------------------------------


def test_names_are_those_of_entry_points_and_of_run_time_registrations() -> None:
    assert {"cupy", "numpy", "plain"} <= set(tg.backend_names())
    assert tg.backend_names() == sorted(tg.backend_names())
    tg.register_backend("another", PlainBackend)
    assert "another" in tg.backend_names()


def test_a_backend_is_made_once_and_at_first_use() -> None:
    made = []

    def factory() -> Backend:
        made.append(1)
        return PlainBackend()

    tg.register_backend("lazy", factory)
    assert made == []
    assert get_backend("lazy") is get_backend("lazy")
    assert made == [1]


def test_registering_a_name_again_replaces_it() -> None:
    first = get_backend("plain")
    tg.register_backend("plain", PlainBackend)
    assert get_backend("plain") is not first


def test_a_run_time_registration_goes_before_an_entry_point() -> None:
    tg.register_backend("cupy", PlainBackend)
    assert type(get_backend("cupy")) is PlainBackend


def test_an_unknown_name_lists_the_registered_ones_and_the_nearest() -> None:
    with pytest.raises(
        tg.UnknownBackend, match=r"no backend 'nunpy'; registered are .*'numpy'.* 'numpy'\?"
    ) as caught:
        tg.use_backend("nunpy")
    assert all(repr(name) in str(caught.value) for name in tg.backend_names())
    with pytest.raises(tg.UnknownBackend, match=r"'cupy', .*'plain'") as caught:
        tg.Tensor(1.0, backend="qqqqq")
    assert "Did you mean" not in str(caught.value)


@without_cupy
def test_an_unavailable_backend_says_why_and_what_to_do() -> None:
    with pytest.raises(tg.BackendUnavailable, match=r"'cupy' .*use 'numpy'"):
        tg.use_backend("cupy")
    assert tg.current_backend().name == "numpy"


def test_auto_takes_the_first_that_can_run() -> None:
    def absent() -> Backend:
        raise tg.BackendUnavailable("there is no such device")

    tg.register_backend("cupy", absent)
    assert registry.choose_backend("auto").name == "numpy"
    tg.register_backend("cupy", PlainBackend)
    assert registry.choose_backend("auto").name == "plain"


@pytest.mark.parametrize("name", [3, None, ["numpy"], {"name": "numpy"}, b"numpy"])
def test_a_name_that_is_no_string_is_refused(name: Any) -> None:
    with pytest.raises(tg.DTypeError, match=f"named by a string, not by a {type(name).__name__}"):
        tg.use_backend(name)


def test_a_tensor_takes_a_backend_by_name_or_as_an_object_and_nothing_else() -> None:
    assert tg.Tensor(1.0, backend="plain").backend is get_backend("plain")
    assert tg.Tensor(1.0, backend=get_backend("plain")).backend is get_backend("plain")
    with pytest.raises(tg.DTypeError, match=r"backend.*int"):
        tg.Tensor(1.0, backend=3)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(("name", "factory"), [("bad", 5), (5, PlainBackend), ("", PlainBackend)])
def test_a_bad_registration_is_refused_when_it_is_made(name: Any, factory: Any) -> None:
    with pytest.raises((tg.DTypeError, tg.ArgumentError), match="register_backend"):
        tg.register_backend(name, factory)


# use_backend -----------------------------------------------------------------------------------


def test_a_call_sets_the_process_default_which_other_threads_see() -> None:
    seen = []
    tg.use_backend("plain")
    thread = threading.Thread(target=lambda: seen.append(tg.current_backend().name))
    thread.start()
    thread.join()
    assert seen == ["plain"]
    assert tg.Tensor([1.0]).backend.name == "plain"
    assert tg.zeros(2).backend.name == "plain"
    tg.use_backend("numpy")
    assert tg.current_backend().name == "numpy"


def test_a_block_is_seen_by_its_own_thread_only_and_leaves_the_process_as_it_was() -> None:
    seen = []
    with tg.use_backend("plain") as chosen:
        assert chosen is get_backend("plain")
        assert tg.current_backend() is chosen
        thread = threading.Thread(target=lambda: seen.append(tg.current_backend().name))
        thread.start()
        thread.join()
    assert seen == ["numpy"]
    assert tg.current_backend().name == "numpy"


def test_blocks_nest_reenter_and_survive_exceptions() -> None:
    block = tg.use_backend("plain")
    with tg.use_backend("numpy"):
        with block:
            with tg.use_backend("strict"):
                assert tg.current_backend().name == "strict"
                with block:
                    assert tg.current_backend().name == "plain"
                assert tg.current_backend().name == "strict"
            assert tg.current_backend().name == "plain"
        with pytest.raises(ZeroDivisionError), block:
            _ = 1 / 0
        assert tg.current_backend().name == "numpy"


def test_a_block_after_a_call_restores_what_the_call_set() -> None:
    tg.use_backend("plain")
    with tg.use_backend("strict"):
        assert tg.current_backend().name == "strict"
    assert tg.current_backend().name == "plain"


def test_a_call_within_a_block_sets_the_process_default_but_not_the_block() -> None:
    with tg.use_backend("strict"):
        tg.use_backend("plain")
        assert tg.current_backend().name == "strict"
    assert tg.current_backend().name == "plain"


def test_blocks_begun_at_once_in_two_threads_leave_the_process_default() -> None:
    """Each call comes before either block begins; afterwards the default is what it was."""
    barrier = threading.Barrier(2)

    def first() -> None:
        block = tg.use_backend("plain")
        barrier.wait()  # the other thread calls now
        barrier.wait()
        with block:
            assert tg.current_backend().name == "plain"
        barrier.wait()

    def second() -> None:
        barrier.wait()
        block = tg.use_backend("strict")
        barrier.wait()  # the other thread's block begins and ends now
        barrier.wait()
        with block:
            assert tg.current_backend().name == "strict"

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tg.current_backend().name == "numpy"


def test_as_a_decorator_it_holds_while_the_function_runs_and_only_then() -> None:
    @tg.use_backend("plain")
    def made() -> str:
        return tg.zeros(1).backend.name

    assert tg.current_backend().name == "numpy"
    assert made() == "plain"
    assert tg.current_backend().name == "numpy"
    assert made() == "plain"


def test_tensors_keep_their_backend_and_operations_follow_it() -> None:
    with tg.use_backend("plain"):
        w = tg.Tensor([1.0, 2.0], requires_grad=True)
    result = (w * np.float32(2) + np.ones(2, np.float32)).sum()
    assert result.backend.name == "plain"
    result.backward()
    assert w.grad is not None
    assert w.grad.backend.name == "plain"
    assert tg.grad(lambda x: (x * x).sum())(w).backend.name == "plain"
    assert tg.Tensor(w).backend.name == "plain"
    assert tg.Tensor(w, backend="numpy").backend.name == "numpy"


# Mixing ----------------------------------------------------------------------------------------


def test_mixing_two_backends_names_both_and_both_operands() -> None:
    here, there = tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0], backend="strict")
    with pytest.raises(
        tg.BackendMismatch,
        match=r"add: x1 'here' \(float32, shape \(2,\)\) is on backend 'numpy' and "
        r"x2 'there' \(float32, shape \(2,\)\) on 'strict'; bring one to the other, for example "
        r"with \.to\('numpy'\)",
    ):
        _ = here + there
    for bad in (
        lambda: there.dot(here),
        lambda: tg.concat([here, there]),
        lambda: tg.where(here > 0, there, 0),
        lambda: tg.scatter_add(here, [0, 0], there),
        lambda: np.add(here, there),
        lambda: here[tg.Tensor([0], backend="strict")],
    ):
        with pytest.raises(tg.BackendMismatch, match=r"'(numpy|strict)'.*'(numpy|strict)'"):
            bad()


@pytest.mark.parametrize("history", [False, True])
def test_a_value_from_another_backend_is_refused_wherever_a_tensor_takes_one(history: bool) -> None:
    x = tg.Tensor([1.0, 2.0])
    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    foreign = tg.Tensor([3.0, 4.0], backend="strict", requires_grad=history)
    loss = (w * w).sum()
    for bad in (
        lambda: x.assign(foreign),
        lambda: setattr(x, "data", foreign),
        lambda: setattr(w, "grad", foreign),
        lambda: (w * 2).backward(foreign),
        lambda: tg.gradients(w * 2, w, foreign),
        lambda: tg.vjp(lambda t: t * 2, w)[1](foreign),
        lambda: tg.gradients([loss, (foreign * 1).sum()], w),
    ):
        with pytest.raises(tg.BackendError, match=r"'?strict'?"):
            bad()
    assert x.tolist() == [1.0, 2.0]
    assert x.backend.owns(x.data)
    assert w.grad is None


def test_moving_a_tensor_is_said_in_words() -> None:
    there = tg.Tensor([3.0, 4.0], backend="strict")
    assert isinstance(there.backend, StrictBackend)
    assert tg.Tensor(there.numpy()).tolist() == [3.0, 4.0]
    assert tg.Tensor(there, backend="numpy").backend.name == "numpy"
    with pytest.raises(tg.DTypeError, match=r"is on backend 'strict'; use \.numpy\(\)"):
        np.asarray(there)


# The environment variable, in processes of their own -------------------------------------------


def in_a_process(code: str, choice: str | None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "TENSORGROK_BACKEND"}
    if choice is not None:
        environment["TENSORGROK_BACKEND"] = choice
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SHOW = "import tensorgrok as tg; print(tg.current_backend().name)"


@without_cupy
@pytest.mark.parametrize("choice", [None, "", "auto", "numpy"])
def test_the_environment_chooses_the_backend_to_start_with(choice: str | None) -> None:
    done = in_a_process(SHOW, choice)
    assert (done.stdout, done.stderr, done.returncode) == ("numpy\n", "", 0)


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        pytest.param(
            *("cupy", "BackendUnavailable: backend 'cupy' cannot run here: CuPy is not installed;"),
            marks=without_cupy,
        ),
        ("nonsense", "UnknownBackend: no backend 'nonsense'; registered are 'cupy'"),
        ("nunpy", "Did you mean 'numpy'?"),
    ],
)
def test_a_bad_choice_speaks_at_first_use_and_not_at_import(choice: str, text: str) -> None:
    silent = in_a_process("import tensorgrok; print('imported')", choice)
    assert (silent.stdout, silent.stderr, silent.returncode) == ("imported\n", "", 0)
    done = in_a_process(SHOW, choice)
    assert done.returncode == 1
    assert text in done.stderr.splitlines()[-1]


def test_a_bad_choice_can_be_overruled_before_first_use() -> None:
    code = (
        "import tensorgrok as tg\n"
        "tg.use_backend('numpy')\n"
        "print(tg.current_backend().name, (tg.Tensor([1.0]) + 1).tolist())"
    )
    done = in_a_process(code, "nonsense")
    assert (done.stdout, done.returncode) == ("numpy [2.0]\n", 0)


def test_importing_prints_nothing_and_chooses_nothing() -> None:
    code = "import tensorgrok.registry as r; assert not r._made"
    done = in_a_process(code, None)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_an_empty_registry_says_to_install() -> None:
    code = (
        "import importlib.metadata\n"
        "importlib.metadata.entry_points = lambda **_: []\n"
        "import tensorgrok as tg\n"
        "print(tg.backend_names())\n"
        "for use in (tg.current_backend, lambda: tg.use_backend('numpy'), lambda: tg.zeros(2)):\n"
        "    try:\n"
        "        use()\n"
        "    except tg.BackendError as error:\n"
        "        print(error)\n"
    )
    done = in_a_process(code, None)
    assert (done.stderr, done.returncode) == ("", 0)
    names, *messages = done.stdout.splitlines()
    assert names == "[]"
    assert len(messages) == 3
    for message in messages:
        assert "none is registered at all" in message
        assert "install it with: pip install -e ." in message
