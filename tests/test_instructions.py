"""How many machine instructions small operations take beside NumPy by hand: exact, unlike times.

``instructions.json`` has the counts that were recorded last, and the versions that they belong to.
With those, our ratio to NumPy may not grow by more than a twentieth. Other versions of Python and
NumPy, and other compilers of them, make other instructions of both sides; there it may grow by
three tenths. After a change for the better ``python -m benchmarks.instructions --record`` writes
the counts down anew.
"""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from benchmarks import instructions
from benchmarks.instructions import RECORD, SIDES, Counts
from benchmarks.work import Absent

SAME_VERSIONS, OTHER_VERSIONS = 1.05, 1.3


@pytest.fixture(scope="module")
def counted() -> list[dict[str, Counts]]:
    """The counts of two processes."""
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    with ThreadPoolExecutor(2) as pool:
        return [future.result() for future in [pool.submit(instructions.counts) for _ in range(2)]]


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    """What was written down last."""
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", SIDES)
def test_counting_again_gives_the_same_numbers(name: str, counted: list[dict[str, Counts]]) -> None:
    assert counted[0][name] == counted[1][name]


@pytest.mark.parametrize("name", SIDES)
def test_the_ratio_to_numpy_does_not_grow(
    name: str, counted: list[dict[str, Counts]], recorded: dict[str, Any]
) -> None:
    found, before = counted[0][name], Counts(**recorded["counts"][name])
    same = recorded["versions"] == instructions.versions()
    limit = (SAME_VERSIONS if same else OTHER_VERSIONS) * before.ratio
    assert found.ratio <= limit, (
        f"{name}: {found.ours:,} instructions to {found.by_hand:,} by hand, {found.ratio:.3f} "
        f"times as many; recorded were {before.ours:,} to {before.by_hand:,}, and {limit:.3f} "
        "times as many are allowed"
    )


def test_what_is_recorded_is_what_is_counted(recorded: dict[str, Any]) -> None:
    assert list(recorded["counts"]) == list(SIDES)
    assert set(recorded["versions"]) == set(instructions.versions())


def test_without_valgrind_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Absent, match="valgrind is not installed"):
        instructions.counts()
