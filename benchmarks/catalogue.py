"""All that is timed, by group."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from benchmarks import census, gather, hot_path, peers, recording, scaling, steps
from benchmarks.census import Taking
from benchmarks.work import Work

GROUPS = (
    *("recording forward", "recording backward", "steps", "hot path", "gather", "scaling"),
    "footprint",
)


def works(group: str, among: Collection[str] = tuple(peers.MODULES)) -> Sequence[Work | Taking]:
    """The works of a group, to be made when they are wanted, with those of the peers named."""
    match group:
        case "recording forward" | "recording backward":
            return recording.works(group.removeprefix("recording "), among)
        case "steps":
            return steps.works(among)
        case "hot path":
            return hot_path.works()
        case "gather":
            return gather.works()
        case "scaling":
            return scaling.works(among)
        case "footprint":
            return census.works(among)
    raise ValueError(f"no group {group!r}; there are {', '.join(GROUPS)}")
