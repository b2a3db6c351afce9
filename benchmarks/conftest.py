"""The option for large sizes, and a table of ratios at the end."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.work import Figures

FIGURES = pytest.StashKey[dict[str, Figures]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--large", action="store_true", help="also time sizes of 4096 and more")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = {}


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> dict[str, Figures]:
    """Where a benchmark leaves its figures for the table, by name."""
    return request.config.stash[FIGURES]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.stash[FIGURES]:
        terminalreporter.section("one run of ours, and of the same by hand")
        for name, found in config.stash[FIGURES].items():
            terminalreporter.write_line(f"{name:36} {found}")
