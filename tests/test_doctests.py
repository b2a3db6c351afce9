"""Every example in a docstring or in the README runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import tensorgrok as tg
from tensorgrok import nn, optim

NAMES: dict[str, Any] = {"tg": tg, "nn": nn, "optim": optim}
README = Path(__file__).parents[1] / "README.md"


def found() -> list[doctest.DocTest]:
    """All examples: those of the README, and those of every module but the one that runs it."""
    tests = []
    if README.exists():
        text = README.read_text(encoding="utf-8")
        tests.append(doctest.DocTestParser().get_doctest(text, {}, "README", str(README), 0))
    for info in pkgutil.walk_packages(tg.__path__, "tensorgrok."):
        if not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            tests += doctest.DocTestFinder().find(module, extraglobs=NAMES)
    tests += doctest.DocTestFinder().find(tg, extraglobs=NAMES)
    return [test for test in tests if test.examples]


@pytest.mark.usefixtures("_own_cards")
@pytest.mark.parametrize("test", found(), ids=lambda test: test.name)
def test_example_runs(test: doctest.DocTest) -> None:
    output: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=output.append)
    assert results.attempted > 0
    assert results.failed == 0, "".join(output)


def test_examples_of_primitives_are_found() -> None:
    names = [test.name for test in found()]
    assert "tensorgrok.ops.trigonometry.tanh" in names
    assert len(names) > 60
