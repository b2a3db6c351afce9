"""The operations, one card each. Importing this package fills the operation table.

To add one: write its card in the module where its kind lives and a row in ``tests/cases.py``.
"""

from __future__ import annotations

from . import (
    arrangement,
    comparison,
    contraction,
    creation,
    elementwise,
    indexing,
    losses,
    random,
    reductions,
    updates,
)

__all__ = [
    "arrangement",
    "comparison",
    "contraction",
    "creation",
    "elementwise",
    "indexing",
    "losses",
    "random",
    "reductions",
    "updates",
]
