"""The table that drives the tests of operations: a row or more for every card.

Adding an operation means adding a row here, in the module of its kind. The oracle of a row is NumPy
written out, or plain Python; it never calls tensorgrok. Inputs are float64 (or as the row says),
away from kinks.
"""

from __future__ import annotations

from tests.cases import (
    activations,
    arrangement,
    contraction,
    creation,
    diagonals,
    einstein,
    elementwise,
    functions,
    gathering,
    indexing,
    joining,
    losses,
    padding,
    random,
    reductions,
    rounding,
    scans,
    sorting,
    statistics,
    trigonometry,
    updates,
    views,
)
from tests.cases.base import CASES, Case

__all__ = [
    "CASES",
    "Case",
    "activations",
    "arrangement",
    "contraction",
    "creation",
    "diagonals",
    "einstein",
    "elementwise",
    "functions",
    "gathering",
    "indexing",
    "joining",
    "losses",
    "padding",
    "random",
    "reductions",
    "rounding",
    "scans",
    "sorting",
    "statistics",
    "trigonometry",
    "updates",
    "views",
]
