r"""Reads formulas: the LaTeX that cards print, marks included, becomes a tree.

The LaTeX of cards is a small language: groups, scripts, brackets that grow, fractions, roots, names
of functions, and the marks that say which value a part stands for (see ``notation``). What is not
known comes through as it stands, for users write cards of their own, and nothing is an error.

This module stands on ``formulas``, the trees, on ``commands``, the tables of what commands mean,
and on ``notation``, for the marks; read ``mathml``, ``unicode`` and ``labels`` next, which write
the trees.
"""

from __future__ import annotations

import re
from typing import Any

from ..notation import CLOSE, MID, NAME, OPEN
from .commands import (
    ACCENTS,
    CHARACTERS,
    DELIMITERS,
    ENVIRONMENTS,
    GREEK,
    PYTHON_WORDS,
    SPACES,
    STYLES,
    SYMBOLS,
)
from .formulas import (
    Accent,
    Fenced,
    Formula,
    Fraction,
    Marked,
    Part,
    Root,
    Row,
    Space,
    Symbol,
    Table,
    primed,
    scripted,
)

_MARK = f"[{OPEN}{NAME}][^{OPEN}{NAME}{MID}{CLOSE}]*{MID}"
_MARKS = re.compile(f"{_MARK}|[{OPEN}{NAME}{MID}{CLOSE}]")
_TOKEN = re.compile(
    rf"{_MARK}|\\[A-Za-z]+\*?|\\[^{OPEN}{NAME}{MID}{CLOSE}]|\s+|\.\.\."
    r"|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:j(?![A-Za-z]))?"
    r"|[^\W\d_]{2,}[0-9]+|[^\W\d_]+|.",
    re.DOTALL,
)
_BRACED = re.compile(r"\s*\{((?:\\.|[^\\{}])*)\}", re.DOTALL)
_INDEX = re.compile(r"\s*\[([^\[\]{}]*)\]")
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
#: A run of so many letters is a word that some parameter left, and no product of letters.
_WORD = 5


def parse(latex: str) -> Formula:
    r"""Read a formula, with marks or without them; never fails.

    What is not closed is closed at the end, what closes nothing is dropped, and commands that are
    not known stand as words.

    Args:
        latex: what cards print, or users: the part of LaTeX that formulas of one line need.

    Examples:
        >>> from tensorgrok.views.mathematics import parse
        >>> parse(r"\frac{a}{2}").body.items[0].denominator
        Symbol(text='2', kind='number')

    """
    return _Reader(latex).read()


class _Frame:
    """Something begun and not yet ended: a row of items, or a command that waits for arguments.

    Attributes:
        kind: ``"row"``, ``"fence"``, ``"mark"``, ``"table"``, or ``"arguments"``.
        command: what waits for arguments.
        detail: what else is known at the beginning: a delimiter, the base of a script.
        count: how many arguments are waited for.
        items: what there is so far; ``rows``: the cells of a table that are complete.
    """

    __slots__ = ("command", "count", "detail", "items", "kind", "rows")

    def __init__(self, kind: str, detail: Any = None, command: str = "", count: int = 0) -> None:
        self.kind, self.detail, self.command, self.count = kind, detail, command, count
        self.items: list[Part] = []
        self.rows: list[list[Row]] = [[]]

    def built(self) -> Part:
        """The part that this has become."""
        row = Row(tuple(self.items))
        if self.kind == "mark":
            return Marked(self.detail[1:-1], row, named=self.detail[0] == NAME)
        if self.kind == "fence":
            return Fenced(self.detail[0], row, self.detail[1])
        if self.kind == "table":
            lines = [*self.rows[:-1], [*self.rows[-1], row]]
            empty = all(isinstance(item, Space) for cell in lines[-1] for item in cell.items)
            whole = lines[:-1] if empty else lines
            return Table(self.detail[0], tuple(map(tuple, whole)), self.detail[1])
        if self.kind == "arguments":
            return self._command()
        return self.items[0] if len(row.items) == 1 and _stands_alone(row.items[0]) else row

    def _command(self) -> Part:
        first, last = (self.items or [Row()])[0], (self.items or [Row()])[-1]
        if self.command in ("^", "_"):
            return scripted(self.detail, first, upper=self.command == "^")
        if self.command == "sqrt":
            return Root(first, self.detail)
        if self.command in ACCENTS:
            return Accent(self.command.removeprefix("wide"), first)
        return Fraction(first, last, small=self.command == "tfrac")


class _Reader:
    """Reads one formula from left to right, with what is open on a stack."""

    def __init__(self, latex: str) -> None:
        self.latex, self.place = latex, 0
        self.frames = [_Frame("row")]

    def read(self) -> Formula:
        while self.place < len(self.latex):
            self._take(self._next())
        while len(self.frames) > 1:
            self._end()
        return Formula(Row(tuple(self.frames[0].items)), _MARKS.sub("", self.latex))

    def _next(self) -> str:
        found = _TOKEN.match(self.latex, self.place)
        assert found is not None  # the last alternative takes any character
        self.place = found.end()
        return found.group()

    def _take(self, token: str) -> None:
        """Do what one token says."""
        first = token[0]
        if first == "\\":
            self._command(token[1:].rstrip("*") or token[1:])
        elif first in (OPEN, NAME) and len(token) > 1:
            self.frames.append(_Frame("mark", token))
        elif first in (OPEN, NAME, MID):
            pass  # a mark that was cut short
        elif first == "{":
            self.frames.append(_Frame("row"))
        elif first == "}":
            self._end_last("row")
        elif first == CLOSE:
            self._end_last("mark")
        elif first in "^_":
            self.frames.append(_Frame("arguments", self._base(), first, 1))
        elif first == "'":
            self._prime()
        elif first == "&" and self.frames[-1].kind == "table":
            self._end_cell()
        elif token.isspace() or first == "~":
            self._space(0)
        else:
            if self.frames[-1].kind == "arguments":  # without braces, an argument is one character
                self.place -= len(token) - 1
                token = first
            self._letters(token)

    def _command(self, name: str) -> None:
        """Do what a command says, which is given without its backslash."""
        if name in STYLES:
            text = self._text()
            if text is not None:
                self._deliver(Symbol(text, STYLES[name]))
        elif name in ("frac", "dfrac", "tfrac"):
            self.frames.append(_Frame("arguments", None, name, 2))
        elif name in ACCENTS:
            self.frames.append(_Frame("arguments", None, name, 1))
        elif name == "sqrt":
            index = _INDEX.match(self.latex, self.place)
            self.place = index.end() if index else self.place
            self.frames.append(_Frame("arguments", index[1] if index else "", name, 1))
        elif name == "left":
            self.frames.append(_Frame("fence", (self._delimiter(), "")))
        elif name == "right":
            self._right(self._delimiter())
        elif name == "middle":
            self._deliver(Symbol(self._delimiter(), "relation"))
        elif name == "begin":
            environment = self._text() or ""
            if environment == "array":
                self._text()  # how columns are aligned
            self.frames.append(_Frame("table", ENVIRONMENTS.get(environment, ("", ""))))
        elif name == "end":
            self._text()
            self._end_last("table")
        elif name == "\\":
            if self.frames[-1].kind == "table":
                self._end_cell()
                self.frames[-1].rows.append([])
        elif name in SPACES or name.isspace():
            self._space(SPACES.get(name, 0))
        else:
            self._deliver(_named(name))

    def _text(self) -> str | None:
        """The text in the braces that follow, which are read past; None if it is no mere text."""
        found = _BRACED.match(self.latex, self.place)
        if found is None or _MARKS.search(found[1]):
            return None
        self.place = found.end()
        return _COMMAND.sub(_character, found[1])

    def _delimiter(self) -> str:
        """The delimiter that follows, which is read past."""
        while self.latex[self.place : self.place + 1].isspace():
            self.place += 1
        if _MARKS.match(self.latex, self.place) or self.place == len(self.latex):
            return ""
        token = self._next()
        if token[0] != "\\":
            self.place -= len(token) - 1
        elif token != r"\|":
            return DELIMITERS.get(token[1:], token[1:])
        return DELIMITERS.get(token, DELIMITERS.get(token[0], token[0]))

    def _right(self, delimiter: str) -> None:
        fences = [frame for frame in self.frames if frame.kind == "fence"]
        if fences:
            fences[-1].detail = (fences[-1].detail[0], delimiter)
            self._end_last("fence")
        elif delimiter:
            self._deliver(Symbol(delimiter, "closing"))

    def _base(self) -> Part:
        """What a script is put to: the last item, or nothing where there is none."""
        items = self.frames[-1].items
        if self.frames[-1].kind == "arguments":
            return Row()
        while items and isinstance(items[-1], Space):
            items.pop()
        return items.pop() if items else Row()

    def _prime(self) -> None:
        """A prime, if there is something to prime; else a quotation mark that a parameter left."""
        items = self.frames[-1].items
        last = items[-1] if items else Space(0)
        bare = isinstance(last, Symbol) and not _stands_alone(last)
        if bare or isinstance(last, Space):
            self._deliver(Symbol("\N{PRIME}", "opening"))
        else:
            self._deliver(primed(self._base()))

    def _space(self, width: float) -> None:
        if self.frames[-1].kind != "arguments":
            self.frames[-1].items.append(Space(width))

    def _letters(self, run: str) -> None:
        """A word, a number or a sign, or letters one by one, of which scripts take the last."""
        if not run[0].isalpha():
            self._deliver(_leaf(run))
        elif run in PYTHON_WORDS or len(run) >= _WORD or run[-1].isdigit():
            self._deliver(Symbol(run, "word"))
        else:
            for letter in run:
                self._deliver(Symbol(letter, "letter"))

    def _end(self) -> None:
        """End what was begun last; arguments that did not come are empty."""
        frame = self.frames.pop()
        frame.items += [Row()] * (frame.count - len(frame.items))
        self._deliver(frame.built())

    def _end_last(self, kind: str) -> None:
        """End the last frame of a kind, and all that was begun since; nothing if there is none."""
        place = len(self.frames) - 1
        while place and self.frames[place].kind != kind:
            place -= 1
        while 0 < place < len(self.frames):
            self._end()

    def _end_cell(self) -> None:
        frame = self.frames[-1]
        frame.rows[-1].append(Row(tuple(frame.items)))
        frame.items = []

    def _deliver(self, part: Part) -> None:
        """Put a part where it belongs; it may be the last argument that commands waited for."""
        self.frames[-1].items.append(part)
        while self.frames[-1].kind == "arguments":
            if len(self.frames[-1].items) < self.frames[-1].count:
                break
            part = self.frames.pop().built()
            self.frames[-1].items.append(part)


def _stands_alone(part: Part) -> bool:
    """Whether a group of a part is that part: ``{x}`` is, but ``{=}`` is no relation."""
    plain = ("letter", "word", "bold", "number")
    return part.kind in plain if isinstance(part, Symbol) else not isinstance(part, Space)


def _leaf(token: str) -> Symbol:
    """The symbol of a number or of one character."""
    if token in CHARACTERS:
        return Symbol(*CHARACTERS[token])
    return Symbol(token, "number" if token[0].isdigit() or token[1:] else "sign")


def _named(name: str) -> Symbol:
    """The symbol of a command."""
    if name in GREEK:
        return Symbol(GREEK[name], "letter")
    return Symbol(*SYMBOLS.get(name, (name, "word" if name.isalpha() else "sign")))


def _character(command: re.Match[str]) -> str:
    """What a command within a text stands for."""
    name = command[1]
    return GREEK.get(name) or SYMBOLS.get(name, (" " if name in SPACES else name, ""))[0]
