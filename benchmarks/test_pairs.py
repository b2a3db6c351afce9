"""The pairs under pytest-benchmark: ``python -m pytest benchmarks``.

Times here include the call of a function around each statement, on both sides.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.pairs import Pair, make_pairs


@pytest.mark.parametrize("side", ["ours", "by_hand"])
@pytest.mark.parametrize("pair", make_pairs(), ids=lambda pair: pair.name)
def test_pair(benchmark: Any, pair: Pair, side: str) -> None:
    benchmark.group = pair.name
    statement = eval(f"lambda: {pair.statement}", getattr(pair, side))
    benchmark.pedantic(statement, rounds=200, iterations=pair.number, warmup_rounds=2)
