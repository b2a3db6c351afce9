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


def chosen(
    group: str, words: Sequence[str], named: str | None, quick: bool, large: bool
) -> list[Work | Taking]:
    """The works of a group that somebody asks for.

    Args:
        group: one of ``GROUPS``.
        words: one of them is in ``group: name`` of each; without words all fit.
        named: who takes part, with commas between; everybody if None.
        quick: only the few that are quick, and without those who compile for long.
        large: also those that take gigabytes or minutes.
    """
    among = list(peers.MODULES) if named is None else named.split(",")
    if quick and named is None:
        among.remove("torch.compile")
    return [
        work
        for work in works(group, among)
        if (work.quick or not quick)
        and (large or not work.large)
        and (not words or any(word in f"{group}: {work.name}" for word in words))
    ]
