"""How long things take: the same work by tensorgrok and by hand-written NumPy, side by side."""

from __future__ import annotations

from benchmarks import gather, hot_path, recording, steps
from benchmarks.work import Work

__all__ = ["catalogue"]


def catalogue() -> dict[str, list[Work]]:
    """All that is timed, by group."""
    return {
        "recording": recording.works(),
        "steps": steps.works(),
        "gather": gather.works(),
    } | {kind: hot_path.works(kind) for kind in hot_path.KINDS}
