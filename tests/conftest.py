"""What all tests share: the backends they run on, and a fresh start for each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Whatever this machine has: tests that want another backend than NumPy ask for it.
os.environ["TENSORGROK_BACKEND"] = "numpy"

import tensorgrok as tg
import tests.stand_ins  # noqa: F401  # it registers them
from tensorgrok.engine import operations, primitives
from tensorgrok.registry import get_backend


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backends",
        metavar="NAMES",
        help="the backends on which every operation is tested, with commas between them (default: "
        "numpy, strict, and cupy where it can run)",
    )
    parser.addoption(
        "--record",
        action="store_true",
        help="write down what the tests of operations have shown, for 'python -m tensorgrok ops'",
    )
    parser.addoption(
        "--programs",
        type=int,
        default=400,
        help="how many random programs to compare with finite differences and with PyTorch",
    )


def backends_under_test(config: pytest.Config) -> list[str]:
    """The backends that every operation is tested on."""
    asked: str | None = config.getoption("--backends")
    if asked is not None:
        return asked.split(",")
    try:
        get_backend("cupy")
    except tg.BackendUnavailable:
        return ["numpy", "strict"]
    return ["numpy", "strict", "cupy"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", backends_under_test(metafunc.config), indirect=True)


@pytest.fixture(autouse=True)
def _fresh_start() -> Iterator[None]:
    """Every test begins with the seed 0 and leaves the process-wide settings as they were."""
    tg.seed(0)
    dtype = tg.get_default_dtype()
    yield
    tg.set_default_dtype(dtype)


@pytest.fixture
def _own_cards() -> Iterator[None]:
    """Cards that a test writes are gone after it."""
    before = set(primitives)
    yield
    for name in set(primitives) - before:
        del primitives[name]
        operations.pop(name, None)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test once on each backend."""
    name: str = request.param
    with tg.use_backend(name):
        yield name
