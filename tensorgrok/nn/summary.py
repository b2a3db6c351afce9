"""The table that the ``repr`` of a module is: a line for each module, tensors, counts, a total.

It is text alone and knows no modules: ``module`` walks over them and gives their rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: What lines are kept to where possible, and what of that the first column may take; a longer label
#: has its line to itself.
WIDTH, FIRST = 100, 48


class Row(NamedTuple):
    """One module, as the table shows it.

    Attributes:
        depth: how deeply it is nested.
        label: its name and what it is.
        remarks: its own tensors, or what else is to be said.
        size: how many numbers its own tensors hold, None if it has none.
    """

    depth: int
    label: str
    remarks: Sequence[str]
    size: int | None


def table(rows: Sequence[Row], frozen: int) -> str:
    """Set the rows in columns, and sums below them; of the numbers so many are ``frozen``.

    A single row stands alone, with its sum at the end.
    """
    total = sum(row.size or 0 for row in rows)
    if len(rows) == 1:
        return single(rows[0], total - frozen, frozen)
    footer = [("trainable", total - frozen), ("frozen", frozen)] if frozen else []
    footer.append(("total", total))
    cells = [("  " * row.depth + row.label, row.remarks, row.size) for row in rows]
    cells += [(label, (), count) for label, count in footer]
    first = max(len(label) for label, _, _ in cells if len(label) <= FIRST)
    last = max(len(f"{count:,}") for _, _, count in cells if count is not None)
    room = WIDTH - first - last - 4
    wrapped = [wrap(remarks, room) for _, remarks, _ in cells]
    middle = max(len(line) for lines in wrapped for line in lines)
    found = []
    for (label, _, count), lines in zip(cells, wrapped, strict=True):
        start, number = label, "" if count is None else f"{count:,}"
        if len(label) > first and (lines[0] or number):
            found.append(label)
            start = ""
        for line in lines:
            found.append(f"{start:{first}}  {line:{middle}}  {number:>{last}}".rstrip())
            start = number = ""
    return "\n".join(found)


def single(row: Row, trainable: int, frozen: int) -> str:
    """The line of a module that has no others in it."""
    columns = [row.label, *([", ".join(row.remarks)] if row.remarks else [])]
    if row.size is not None:
        sums = f"{trainable:,} {'parameter' if trainable == 1 else 'parameters'}"
        columns.append(f"{sums}, {frozen:,} frozen" if frozen else sums)
    return "  ".join(columns)


def wrap(words: Sequence[str], room: int) -> list[str]:
    """Lines of words, each up to ``room`` long where possible; at least one line."""
    lines = [""]
    for place, word in enumerate(words):
        piece = word + ("," if place < len(words) - 1 else "")
        if lines[-1] and len(lines[-1]) + 1 + len(piece) > room:
            lines.append(piece)
        else:
            lines[-1] = f"{lines[-1]} {piece}".lstrip()
    return lines
