"""What a run of the tests has shown of each card; ``python -m tensorgrok ops`` prints it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from tensorgrok.cli.operations import TESTED

Record = dict[str, Any]

#: Card, and backend on which a value agreed with its oracle.
values: set[tuple[str, str]] = set()

#: Card, argument, backend, and order to which derivatives agreed with finite differences.
derivatives: set[tuple[str, str, str, int]] = set()


def backends() -> set[str]:
    """The backends that took part in this run."""
    return {backend for _, backend in values}


def merged(committed: dict[str, Record]) -> dict[str, Record]:
    """The record of this run; what it says of backends that took no part in it is kept."""
    found: dict[str, Record] = {}
    for card in sorted({card for card, _ in values}):
        old = committed.get(card, {})
        names = {backend for name, backend in values if name == card}
        names |= set(old.get("values", ())) - backends()
        orders: dict[str, dict[str, int]] = defaultdict(dict)
        for argument, known in old.get("derivatives", {}).items():
            orders[argument] |= {b: n for b, n in known.items() if b not in backends()}
        for name, argument, backend, order in sorted(derivatives):
            if name == card:
                orders[argument][backend] = order
        kept = {name: dict(sorted(known.items())) for name, known in orders.items() if known}
        found[card] = {"values": sorted(names)}
        if kept:
            found[card]["derivatives"] = dict(sorted(kept.items()))
    return found


def text(record: dict[str, Record]) -> str:
    """The record as it is committed: a line for each card."""
    lines = [f"  {json.dumps(card)}: {json.dumps(found)}" for card, found in record.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def committed() -> dict[str, Record]:
    """The record as it stands in the package."""
    found: dict[str, Record] = json.loads(TESTED.read_text(encoding="utf-8"))
    return found
