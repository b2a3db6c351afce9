"""The table of steps: all of them by name."""

from __future__ import annotations

from tests.random_programs import (
    steps_arrangement,
    steps_contraction,
    steps_elementwise,
    steps_indexing,
    steps_losses,
    steps_reductions,
)
from tests.random_programs.table import Step

LISTS: tuple[list[Step], ...] = (
    steps_elementwise.STEPS,
    steps_reductions.STEPS,
    steps_arrangement.STEPS,
    steps_indexing.STEPS,
    steps_contraction.STEPS,
    steps_losses.STEPS,
)
STEPS: dict[str, Step] = {step.name: step for steps in LISTS for step in steps}
