"""What all tests share: the backends they run on, and a fresh start for each."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator

import pytest

# Whatever this machine has: tests that want another backend than NumPy ask for it.
os.environ["TENSORGROK_BACKEND"] = "numpy"

import tensorgrok as tg
import tests.stand_ins  # noqa: F401  # it registers them
from tensorgrok.engine import operations, primitives
from tensorgrok.registry import get_backend

#: Set where a GPU has to be there: what would be skipped without one fails.
GPU_REQUIRED = os.environ.get("TENSORGROK_REQUIRE_GPU", "") not in ("", "0")
FAKE_GPU = "tests.fake_gpu" in sys.modules


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
    here = why_no_gpu() is None or GPU_REQUIRED
    return ["numpy", "strict", "cupy"] if here else ["numpy", "strict"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        names = backends_under_test(metafunc.config)
        on_gpu = {"cupy": [] if FAKE_GPU else [pytest.mark.gpu]}
        values = [pytest.param(name, marks=on_gpu.get(name, [])) for name in names]
        metafunc.parametrize("backend", values, indirect=True)


@functools.cache
def why_no_gpu() -> str | None:
    """Why tests that are marked ``gpu`` cannot run here; None if they can."""
    if FAKE_GPU:
        return "the CuPy of this run is a fake, on which nothing counts as run on a GPU"
    try:
        get_backend("cupy")
    except tg.BackendUnavailable as error:
        return str(error)
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") is not None:
        reason = why_no_gpu()
        if reason is not None and GPU_REQUIRED:
            pytest.fail(f"TENSORGROK_REQUIRE_GPU is set, and {reason}", pytrace=False)
        if reason is not None:
            pytest.skip(f"no GPU: {reason}")


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
