"""The operations, one card each. Importing this package fills the operation table.

To add one: write its card in the module where its kind lives and a row in ``tests/cases.py``.
"""

from __future__ import annotations

from ..operators import bind_operators
from . import (
    arrangement,
    comparison,
    contraction,
    conversion,
    creation,
    elementwise,
    indexing,
    losses,
    random,
    reductions,
    updates,
)

bind_operators()

__all__ = [
    "arrangement",
    "comparison",
    "contraction",
    "conversion",
    "creation",
    "elementwise",
    "indexing",
    "losses",
    "random",
    "reductions",
    "updates",
]
