"""Tables of a page as HTML: cells that are headings say of what, so that they can be heard too.

This module stands on ``contents`` and ``escaping``; read ``page`` next, which puts them in place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .contents import Drawing, Table
from .escaping import escaped
from .svg import attributes

Cell = str | Drawing | None


def to_table(table: Table) -> str:
    """Return a ``<table>``, within an element that scrolls where there is too little room.

    >>> from tensorgrok.views.contents import Table
    >>> from tensorgrok.views.tables import to_table
    >>> to_table(Table([("time", "2 s")]))[39:102]
    '<tbody><tr><th scope="row">time</th><td class="text">2 s</td></'
    """
    starts = _starts(table)
    head = f"<thead>{''.join(_head(table, starts))}</thead>" if table.groups else ""
    # Numbers stand below their headings; where there are none, cells are words.
    style = "" if table.groups else "text"
    rows = "".join(f"<tr>{_cells(row, starts, style)}</tr>" for row in table.rows)
    kind = "" if table.groups else ' class="plain"'
    return f'<div class="wide"><table{kind}>{head}<tbody>{rows}</tbody></table></div>'


def _starts(table: Table) -> set[int]:
    """The columns that groups begin with, but for the first."""
    found, column = set(), 0
    for _, headings in table.groups:
        found.add(column)
        column += len(headings)
    return found - {0}


def _head(table: Table, starts: Collection[int]) -> list[str]:
    """Titles of the groups, if there are any, and below them the headings of the columns."""
    headings = [heading for _, group in table.groups for heading in group]
    below = "".join(
        f"<th{attributes(scope='col', class_='starts' if column in starts else None)}>"
        f"{escaped(heading)}</th>"
        for column, heading in enumerate(headings)
    )
    if not any(title for title, _ in table.groups):
        return [f"<tr>{below}</tr>"]
    above, column = "", 0
    for title, group in table.groups:
        start = attributes(
            colspan=len(group),
            scope="colgroup" if title else None,
            class_="starts" if column in starts else None,
        )
        above += f"<th{start}>{escaped(title)}</th>" if title else f"<td{start}></td>"
        column += len(group)
    return [f"<tr>{above}</tr>", f"<tr>{below}</tr>"]


def _cells(row: Sequence[Cell], starts: Collection[int], style: str) -> str:
    parts = []
    for column, cell in enumerate(row):
        inside = cell.svg if isinstance(cell, Drawing) else escaped(cell or "")
        classes = " ".join(filter(None, ("starts" if column in starts else "", style)))
        if column == 0:
            parts.append(f'<th scope="row">{inside}</th>')
        else:
            parts.append(f"<td{attributes(class_=classes or None)}>{inside}</td>")
    return "".join(parts)
