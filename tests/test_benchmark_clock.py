"""Benchmarks on a device: a round ends when the device has done all that was issued."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from benchmarks.work import OURS, REFERENCE, Race, Side, measure, our_side, our_wait
from tensorgrok.registry import get_backend


def test_on_the_host_the_clock_is_pythons() -> None:
    with tg.use_backend("numpy"):
        assert our_wait() is None
    assert Side("1", {}).clock() is time.perf_counter


def test_on_a_device_both_ends_of_a_round_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    strict = get_backend("strict")
    monkeypatch.setattr(strict, "synchronize", lambda: events.append("wait"))
    with tg.use_backend("strict"):
        ours = our_side("work()", {"work": lambda: events.append("work")})
    ours.timer().timeit(3)
    assert events == ["wait", "work", "work", "work", "wait"]
    Side("work()", {"work": lambda: None}).timer().timeit(3)
    assert len(events) == 5


def test_what_the_device_does_late_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = get_backend("strict")
    issued: list[float] = []

    def wait() -> None:
        while issued:
            time.sleep(issued.pop())

    monkeypatch.setattr(strict, "synchronize", wait)
    x = np.ones(2, dtype=np.float32)
    with tg.use_backend("strict"):
        tensor = tg.Tensor(x)

        def slow() -> Any:
            issued.append(0.002)
            return tensor + tensor

        ours = our_side("work()", {"work": slow})
    race = Race({OURS: ours, REFERENCE: Side("x + x", {"x": x})})
    assert measure(race, rounds=3, seconds=1e-5)[OURS].median > 1e-3
