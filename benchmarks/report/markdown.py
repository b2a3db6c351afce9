"""Tables, footnotes and numbers as Markdown that GitHub and package indexes show alike."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

TIMES = "\N{MULTIPLICATION SIGN}"
DASH = "-"


class Footnotes:
    """Remarks, numbered as they come; the same remark has the same number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, remark: str) -> str:
        """What stands behind the thing that the remark is about."""
        number = self._numbers.setdefault(remark, len(self._numbers) + 1)
        return f"<sup>{number}</sup>"

    def text(self) -> str:
        """The remarks, a line each; nothing if there are none."""
        found = (f"<sup>{n}</sup> {html.escape(s, False)}" for s, n in self._numbers.items())
        return "<br>\n".join(found)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A table whose first columns, so many, are aligned to the left and the rest to the right."""
    marks = [":--"] * left + ["--:"] * (len(headings) - left)
    return "\n".join(_line(cells) for cells in (headings, marks, *rows))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def paragraphs(parts: Iterable[str]) -> str:
    """The parts with an empty line between them; empty parts are left out."""
    return "\n\n".join(filter(None, parts))


def bold(text: str) -> str:
    """The text in bold."""
    return f"**{text}**"


def code(text: str) -> str:
    """The text as code."""
    return f"`{text}`"


def folded(summary: str, text: str) -> str:
    """What is shown when one asks for it."""
    return f"<details><summary>{html.escape(summary, False)}</summary>\n\n{text}\n\n</details>"


def times_as_long(ratio: float) -> str:
    """A ratio with the digits that mean something: of 0.031, of 1.04, of 3.4, of 1,681 times."""
    if ratio < 0.0995:
        said = f"{ratio:.2g}"
    elif ratio < 1.995:
        said = f"{ratio:.2f}"
    elif ratio < 9.95:
        said = f"{ratio:.1f}"
    else:
        said = f"{ratio:,.0f}"
    return said + TIMES


def percent(fraction: float) -> str:
    """A fraction as percent, such as ``0.4 %`` or ``83 %``."""
    return f"{fraction * 100:.1f} %" if fraction < 0.0095 else f"{fraction * 100:,.0f} %"


def quantity(value: float, unit: str) -> str:
    """A value with three digits and a decimal prefix, such as ``26.1 GB/s`` or ``1.5 kB``."""
    for prefix, size in (("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9)):
        if abs(value) < 999.5 * size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"{value / 1e12:.3g} T{unit}"


def working_set(size: float) -> str:
    """Bytes of a working set with a binary prefix, such as ``16 KiB``."""
    for prefix, unit in (("B", 0), ("KiB", 10), ("MiB", 20)):
        if size < 1 << (unit + 10):
            return f"{size / (1 << unit):.4g} {prefix}"
    return f"{size / (1 << 30):.3g} GiB"
