"""The backend under test, and how arrays come to it and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import tensorgrok as tg
from tensorgrok.backend import Backend
from tensorgrok.errors import BackendError
from tensorgrok.registry import get_backend
from tensorgrok.testing.backend_contract.helpers import Device


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> Device:
    """The backend that ``--backend`` names, or else the one that is current."""
    name = request.config.getoption("--backend", default=None)
    try:
        backend: Backend = tg.current_backend() if name is None else get_backend(name)
    except BackendError as error:
        pytest.exit(str(error), returncode=2)
    return Device(backend, name or backend.name)


@pytest.fixture
def on_device(device: Device) -> Iterator[Device]:
    """The same, while new tensors are made on it, from the seed 0."""
    tg.seed(0)
    with tg.use_backend(device.asked):
        yield device
