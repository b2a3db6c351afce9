"""Programs as users write them, each once with tensorgrok and once with PyTorch alone.

The two versions share their data and nothing else. ``test_programs`` compares values, gradients and
Hessian-vector products of both, and those of ours with finite differences.
"""

from __future__ import annotations

from tests.programs import algebra, finance, networks, physics, regression, sequences
from tests.programs.base import PROGRAMS, Program

__all__ = [
    "PROGRAMS",
    "Program",
    "algebra",
    "finance",
    "networks",
    "physics",
    "regression",
    "sequences",
]
