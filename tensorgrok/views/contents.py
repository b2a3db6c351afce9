"""What a page shows: rows and tables in sections, what is folded between them, facts on values.

Everything here is data that ``page`` turns into HTML. This module stands on nothing; read ``page``
next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One line in all three notations.

    Attributes:
        step: its place in the order of computation, from 1; 0 for what no step computes.
        python: marked text; empty if a note takes its place.
        mathml: the ``<math>`` element.
        latex: plain LaTeX, for copying.
        svg: the ``<svg>`` element; empty if nothing is drawn.
        width: of the drawing, in pixels.
        id: of the value that it computes.
        note: a remark below the line, or in its place if there is no code; None for none.
    """

    step: int
    python: str
    mathml: str
    latex: str
    svg: str
    width: float
    id: str
    note: str | None = None


class Section(NamedTuple):
    """Rows under a title.

    Attributes:
        title: plain text; empty for rows without a title.
        rows: lines, folded modules where they are called, and tables.
        folded: whether the reader has to open it.
        note: a sentence under the title, or empty.
        key: what marks in it mean: for each an ``<svg>`` element and plain text.
    """

    title: str
    rows: Sequence[Row | Folded | Table]
    folded: bool = False
    note: str = ""
    key: Sequence[tuple[str, str]] = ()


class Folded(NamedTuple):
    """A module that is opened in place.

    Attributes:
        title: its name, such as ``"model.blocks"``.
        summary: what is inside, such as ``"12 of Block, 10,368 parameters"``.
        sections: what it shows when it is opened.
    """

    title: str
    summary: str
    sections: Sequence[Section]


class Table(NamedTuple):
    """Cells in rows; the first cell of a row is its heading.

    Attributes:
        rows: plain text, or drawings; None for a cell that is empty.
        groups: headings of the columns, grouped: for each group its title, which may be empty, and
            the headings below it. Without any the columns have no headings.
    """

    rows: Sequence[Sequence[str | Drawing | None]]
    groups: Sequence[tuple[str, Sequence[str]]] = ()


class Drawing(NamedTuple):
    """The ``<svg>`` element of a cell, which says itself what it shows."""

    svg: str


class Fact(NamedTuple):
    """What the inspector says of one value.

    Attributes:
        id: of the value.
        name: its Python name, or None.
        unicode: its symbol as plain text, or the name of what computes it.
        role: such as ``"layer"``.
        shape: rows by columns, as text.
        range: the smallest and the largest number as text, or why there are no numbers.
        equation: the line that defines it as plain text, or empty.
        numbers: all its numbers, if they are few; else None.
    """

    id: str
    name: str | None
    unicode: str
    role: str
    shape: str
    range: str
    equation: str
    numbers: str | None = None
