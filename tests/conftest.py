"""What all tests share: the backends they run on, and a fresh start for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import tensorgrok as tg
from tensorgrok.engine import operations, primitives
from tensorgrok.registry import get_backend
from tests.readers.strict import StrictBackend

tg.register_backend("strict", StrictBackend)


def pytest_addoption(parser: pytest.Parser) -> None:
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


def usable_backends() -> list[str]:
    """The backends that every operation is tested on: those here, and the strict stand-in."""
    names = ["numpy", "strict"]
    try:
        get_backend("cupy")
    except tg.BackendUnavailable:
        return names
    return [*names, "cupy"]


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


@pytest.fixture(params=usable_backends())
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test once on each backend."""
    name: str = request.param
    with tg.use_backend(name):
        yield name
