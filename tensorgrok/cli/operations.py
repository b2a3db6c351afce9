"""``python -m tensorgrok ops``: the operations, and what the tests have shown of each.

The table comes from the cards themselves and from ``ops/tested.json``, which the tests write: for
each card the backends on which its values agreed with an oracle, and for each argument the order up
to which its derivatives agreed with finite differences.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from .. import ops
from ..cards import KINDS, Primitive
from ..engine import operations, primitives
from .program import Interrupt, UsageError, write

SUMMARY = (
    "list the operations, the arguments in which each can be differentiated, and up to which order "
    "and on which backends that was tested; with names, show those cards in full"
)
TESTED = Path(ops.__file__).with_name("tested.json")
WIDTH = 96

Record = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the names to show to a parser."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="show these cards in full")


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Print the table, or the cards asked for."""
    texts = [card_text(name) for name in arguments.names]
    write("\n\n".join(texts) if texts else table(own_cards(), tested()), sys.stdout)
    return 0


def tested() -> dict[str, Record]:
    """What the last run of the tests has shown, by the name of the card."""
    found: dict[str, Record] = json.loads(TESTED.read_text(encoding="utf-8"))
    return found


def own_cards() -> list[Primitive[...]]:
    """The cards of tensorgrok itself, by kind and name."""
    cards = [card for card in primitives.values() if card.__module__.startswith("tensorgrok.")]
    kinds = list(KINDS)
    return sorted(cards, key=lambda card: (kinds.index(card.kind.name), card.name))


def table(cards: Sequence[Primitive[...]], record: dict[str, Record]) -> str:
    """The cards as a text, one line for each, and the operations composed of them."""
    heading = ("operation", "kind", "differentiable in", "order", "tested on")
    titles = Counter(card.title for card in cards)
    shared = [title for title, count in titles.items() if count > 1]
    rows = [heading, *(_row(card, record.get(card.name, {}), shared) for card in cards)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heading) - 1)]
    form = "  ".join([*(f"{{:<{width}}}" for width in widths), "{}"])
    lines = [form.format(*row) for row in rows]
    rules = sum(len(card.pullbacks) for card in cards)
    closing = (
        f"{len(cards)} cards with {rules} derivative rules. The order is that up to which every "
        "rule agreed with finite differences on each of the backends; '-' where there is no rule. "
        "Where several cards serve one operation, their names stand in brackets. These are "
        f"composed of cards: {', '.join(composed(cards))}."
    )
    return "\n".join([*lines, "", *textwrap.wrap(closing, WIDTH)])


def composed(cards: Sequence[Primitive[...]]) -> list[str]:
    """Names of the public functions that are no cards."""
    functions = {name for name in ops.__all__ if not isinstance(getattr(ops, name), type)}
    return sorted(({*operations} | functions) - {*primitives} - {card.title for card in cards})


def _row(
    card: Primitive[...], record: Record, shared: Collection[str] = ()
) -> tuple[str, str, str, str, str]:
    """One line: what the card declares, and beside it what was tested."""
    served = [argument for argument in card.arguments if argument in card.pullbacks]
    known = record.get("derivatives", {})
    orders = [order for argument in served for order in known.get(argument, {"": 0}).values()]
    return (
        f"{card.title} ({card.name})" if card.title in shared else card.title,
        card.kind.name,
        ", ".join(served) or "-",
        str(min(orders)) if orders else "-",
        ", ".join(record.get("values", [])) or "not recorded",
    )


def card_text(name: str) -> str:
    """A card in full: what it is, how it is written, and the functions on it.

    Raises:
        UsageError: there is no operation of that name.
    """
    cards = [card for card in own_cards() if name in (card.name, card.title)]
    if cards:
        return "\n\n".join(_full(card) for card in cards)
    function = operations.get(name) or (getattr(ops, name) if name in ops.__all__ else None)
    if function is not None:
        return inspect.getsource(function).strip()
    known = sorted({*operations, *ops.__all__, *(card.title for card in own_cards())})
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(f"ops: there is no operation {name!r}; {hint}'ops' alone lists them all")


def _full(card: Primitive[...]) -> str:
    functions = {card.forward: None} | {p.function: None for p in card.pullbacks.values()}
    return "\n\n".join([*_facts(card), *(inspect.getsource(f).strip() for f in functions)])


def _facts(card: Primitive[...]) -> Iterator[str]:
    record = tested().get(card.name, {})
    _, kind, differentiable, order, backends = _row(card, record)
    yield (
        f"{card.title}: {kind}, differentiable in {differentiable}, tested to order {order} on "
        f"{backends}"
    )
