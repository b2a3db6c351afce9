"""``no_sync``: within it nothing is read back from a device, and after it all is as before."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import tensorgrok as tg
from tensorgrok.registry import get_backend
from tensorgrok.testing import no_sync


@pytest.mark.parametrize(
    "read",
    [
        lambda t: t.item(),
        lambda t: t.numpy(),
        float,
        bool,
        repr,
        lambda t: t.tolist(),
        lambda t: t.to("boxed"),
        lambda t: t.backend.synchronize(),
        lambda t: t.backend.item(t.data),
    ],
)
def test_whatever_reads_is_refused(read: Any, backend: str) -> None:
    tensor = tg.Tensor([2.0])
    with no_sync(), pytest.raises(tg.BackendError, match=f"backend '{backend}' would wait"):
        read(tensor)
    read(tensor)


def test_the_message_names_the_door_and_the_cure() -> None:
    tensor = tg.Tensor([2.0])
    with pytest.raises(tg.BackendError) as caught, no_sync("numpy"):
        tensor.item()
    assert str(caught.value) == (
        "to_numpy: backend 'numpy' would wait for its device here, within no_sync; move what reads "
        "values out of the block"
    )


def test_another_backend_is_not_watched() -> None:
    here = tg.Tensor([2.0])
    with no_sync("strict") as watched:
        assert watched is get_backend("strict")
        assert here.item() == 2.0


def test_blocks_nest_and_end_after_an_error() -> None:
    strict = get_backend("strict")
    before = dict(vars(strict))
    tensor = tg.Tensor([1.0], backend=strict)
    with no_sync(strict):
        with pytest.raises(ZeroDivisionError), no_sync(strict):
            _ = 1 / 0
        with pytest.raises(tg.BackendError):
            tensor.item()
    assert tensor.item() == 1.0
    assert {name: vars(strict)[name] for name in before} == before | {
        "read_backs": vars(strict)["read_backs"]
    }
    assert set(vars(strict)) == set(before)


def test_blocks_of_two_threads_overlap() -> None:
    strict, tensor = get_backend("strict"), tg.Tensor([1.0], backend="strict")
    before, barrier = set(vars(strict)), threading.Barrier(2)
    refused = []

    def first() -> None:
        with no_sync(strict):
            barrier.wait()  # both are in
            barrier.wait()
        barrier.wait()  # this one is out

    def second() -> None:
        with no_sync(strict):
            for _ in range(3):
                barrier.wait()
            with pytest.raises(tg.BackendError):
                tensor.item()
            refused.append(True)

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [True]
    assert tensor.item() == 1.0
    assert set(vars(strict)) == before


@pytest.mark.parametrize("bad", [3, 2.5, ["numpy"]])
def test_what_is_no_backend_is_refused(bad: Any) -> None:
    with (
        pytest.raises(tg.DTypeError, match="no_sync: expected a backend or its name"),
        no_sync(bad),
    ):
        pass


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(tg.UnknownBackend, match="no backend 'nunpy'"), no_sync("nunpy"):
        pass


def test_the_backend_is_asked_to_refuse_what_its_arrays_do_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from contextlib import contextmanager

    events = []

    @contextmanager
    def refusing() -> Any:
        events.append("on")
        yield
        events.append("off")

    monkeypatch.setattr(get_backend("strict"), "implicit_synchronization_refused", refusing)
    with no_sync("strict"):
        assert events == ["on"]
    assert events == ["on", "off"]
