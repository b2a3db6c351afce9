"""The CuPy backend of tensorgrok: reserved, and not implemented yet.

Asking for it raises ``BackendUnavailable``; the automatic choice passes it over.
"""

from __future__ import annotations

from tensorgrok.backend import Backend
from tensorgrok.errors import BackendUnavailable

__all__ = ["CuPyBackend"]


def CuPyBackend() -> Backend:  # noqa: N802  # stands where the class will
    """Raise ``BackendUnavailable``: this version of tensorgrok has no CuPy backend."""
    raise BackendUnavailable(
        "backend 'cupy' is not part of this version of tensorgrok; use 'numpy' or 'auto'"
    )
