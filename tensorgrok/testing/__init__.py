"""What tests of backends and of training code need: the backend contract, and ``no_sync``.

``backend_contract`` is a suite of tests for pytest that anyone can run on a backend of their own::

    python -m pytest --pyargs tensorgrok.testing.backend_contract --backend NAME

``no_sync`` proves that a block of code, such as a training step, reads nothing back from a device.
"""

from __future__ import annotations

from .synchronization import no_sync

__all__ = ["no_sync"]
