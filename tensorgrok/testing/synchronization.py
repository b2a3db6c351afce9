"""Proof that nothing waits for the device: a read-back raises where it happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from ..backend import Backend
from ..context import current_backend
from ..errors import BackendError, DTypeError
from ..registry import choose_backend

#: The doors from the device to the host, and what waits without reading.
DOORS = ("to_numpy", "item", "synchronize")


@contextmanager
def no_sync(backend: str | Backend | None = None) -> Iterator[Backend]:
    """Within this block, reading anything back from a backend's device raises ``BackendError``.

    It watches ``to_numpy``, ``item`` and ``synchronize``, through which all of tensorgrok goes, and
    asks the backend to refuse what its arrays would do unasked, such as ``float(array)``; how much
    of that an array library can tell is up to it. All threads are affected.

    Args:
        backend: the backend, or its name; the current one by default.

    >>> from tensorgrok.testing import no_sync
    >>> loss = tg.Tensor([1.0, 2.0]).sum()
    >>> with no_sync():
    ...     loss.item()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tensorgrok.errors.BackendError: to_numpy: backend 'numpy' would wait for its device here, ...
    """
    if backend is None:
        watched = current_backend()
    elif isinstance(backend, Backend):
        watched = backend
    elif isinstance(backend, str):
        watched = choose_backend(backend)
    else:
        raise DTypeError(f"no_sync: expected a backend or its name, not {backend!r}")
    _close(watched)
    try:
        with watched.implicit_synchronization_refused():
            yield watched
    finally:
        _open(watched)


#: For each watched backend how many blocks watch it, and what its doors were before the first.
_watching: dict[Backend, tuple[int, dict[str, Any]]] = {}
_lock = threading.Lock()


def _close(backend: Backend) -> None:
    with _lock:
        count, before = _watching.get(backend, (0, {}))
        if count == 0:
            before = {door: vars(backend)[door] for door in DOORS if door in vars(backend)}
            vars(backend).update({door: _closed(door, backend.name) for door in DOORS})
        _watching[backend] = count + 1, before


def _open(backend: Backend) -> None:
    """Open the doors again, if this was the last block that watched."""
    with _lock:
        count, before = _watching.pop(backend)
        if count > 1:
            _watching[backend] = count - 1, before
            return
        for door in DOORS:
            del vars(backend)[door]
        vars(backend).update(before)


def _closed(door: str, name: str) -> Any:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise BackendError(
            f"{door}: backend {name!r} would wait for its device here, within no_sync; move what "
            "reads values out of the block"
        )

    return refuse
