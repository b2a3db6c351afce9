"""Lines put together: the text of a terminal, the drawing of several lines, the page.

Graphs can be huge and pictures must be read, so lines that repeat are shown once and counted, and
beyond a number of them only text is written. What is not shown is not laid out.

This module stands on ``statement`` and ``page``; read ``view`` next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import join_words
from ..lines import LONGEST, Line
from ..repeats import Run, runs
from ..terms import Term
from . import bricks, page
from .gauges import KEY
from .mathematics import parse
from .stacks import MINUS, TIMES, Sample
from .statement import Statement
from .unicode import to_unicode

if TYPE_CHECKING:
    from .view import Part, View

#: So many lines are written in a terminal, and so many drawn.
LINES, LANES = 40, 12


def pictures(lines: Sequence[Statement]) -> str:
    """Return the drawing of lines, one under the other, as a document of its own."""
    shown = [line for line, _ in drawn(lines)]
    label = "; ".join(line.unicode for line in shown[:LANES])
    return bricks.draw_lanes([lane for line in shown for lane in line.lanes], label).standalone


def drawn(lines: Sequence[Statement], most: int = LANES) -> Iterator[tuple[Statement, str]]:
    """The lines to draw, and what to say after each: of what repeats only the first time.

    Ends with what there would be too much of.
    """
    by_line = {statement.line: statement for statement in lines}
    lanes = 0
    for run in runs([statement.line for statement in lines]):
        whole = run.whole
        if whole is not None:
            statement = by_line[run.last]
            yield statement.again(whole, run.times), ""
            lanes += 1
            continue
        for place, line in enumerate(run.lines, 1):
            statement = by_line[line]
            lanes += len(statement.lanes)
            if lanes > most and place > 1:
                return
            ends = run.times > 1 and place == len(run.lines)
            yield statement, _again(run) if ends else ""


def text(view: View, width: int, *, colour: bool, only_ascii: bool) -> str:
    """Return the three views of a graph as text."""
    parts = [view.title]
    for title, part in (("forward", view), ("backward", view.backward)):
        if part.lines:
            parts.append(_columns(title, part, only_ascii, width))
    note = inside_modules(view)
    parts += [note] if note else []
    for line, after in drawn(view.whole.lines):
        parts.append(line.terminal(width, colour=colour, only_ascii=only_ascii))
        parts += [after] if after else []
    found = "\n\n".join(parts)
    return _spelled(found) if only_ascii else found


def _spelled(text: str) -> str:
    """A text in ASCII; letters that it lacks are escaped, so that no two names become one."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def inside_modules(view: View) -> str:
    """Whose gradients no line of the backward pass shows: those of folded modules."""
    folded = {call.name: call.lines for call in view.reading.program.folded.values()}
    counted = [f"{name} ({lines[2]})" for name, lines in folded.items() if len(lines) > 2]
    if not counted:
        return ""
    hidden = len(counted) - FOLDED
    counted = [*counted[:FOLDED], f"{hidden:,} more"] if hidden > 0 else counted
    return f"The gradients inside {join_words(counted, 'and')} are no lines here."


#: So many folded modules are said by name.
FOLDED = 3

_ASCII = str.maketrans({"→": "->", "…": "...", TIMES: "x"})


def _columns(title: str, part: Part, only_ascii: bool, width: int) -> str:
    """Python at the left, algebra at the right, or below where it does not fit."""
    by_line = {statement.line: statement for statement in part.lines}
    said: list[Line | str] = []
    for run in runs([statement.line for statement in part.lines]):
        said += run.lines
        said += [_again(run)] if run.times > 1 else []
    hidden = len(said) - LINES
    if hidden > 0:
        kept = LINES // 2
        said = [*said[:kept], f"… {hidden} more lines …", *said[-kept:]]
    rows = [
        (one, "")
        if isinstance(one, str)
        else (one.python, by_line[one].ascii if only_ascii else by_line[one].unicode)
        for one in said
    ]
    if only_ascii:
        rows = [(_spelled(python), _spelled(spelled)) for python, spelled in rows]
    left = max(len(python) for python, _ in rows)
    right = max(len(spelled) for _, spelled in rows)
    if left + right + 6 <= width:
        body = [f"{python:{left}}    {spelled}".rstrip() for python, spelled in rows]
    else:
        body = [text for python, spelled in rows for text in (python, f"    {spelled}".rstrip())]
    return "\n".join([title, *(f"  {row}" for row in body if row.strip())])


def _again(run: Run) -> str:
    name = run.last.target.name
    if run.is_recurrent:
        return f"… the same step for t = 1 … {run.times}, to {name}"
    return f"… and so on, {run.times} times in all, to {name}"


# The page --------------------------------------------------------------------------------------

EVERYTHING = "Everything side by side"
IN_ONE_LINE = f"{EVERYTHING} — all together in one line"
FORWARD = "Forward, layer by layer"
BACKWARD = "Backward — what a later layer says, times the weights in between"
TOO_DEEP = "One line of this would nest too deeply to read: here is the map, the lines are below."

#: The longest algebra that is written in one line, in characters.
ONE_LINE = 72

#: So many folded modules can be opened on a page.
OPENED = 6

#: So many rows of a section are drawn.
ROWS = 32


def document(view: View) -> str:
    """Return the page of a view as a document."""
    return page.page(view.title, view.subtitle, *content(view))


def fragment(view: View) -> str:
    """Return the page of a view as an element for notebooks."""
    return page.fragment(view.title, view.subtitle, *content(view))


def content(view: View) -> tuple[list[page.Section], list[page.Fact], list[str]]:
    """Sections, facts and steps of a page."""
    sections = []
    parts: list[tuple[str, Part, int]] = []
    whole = view.whole.lines
    if [line.python for line in whole] != [line.python for line in view.lines]:
        parts.append((IN_ONE_LINE if len(whole) == 1 else EVERYTHING, view.whole, 1100))
    parts += [(FORWARD, view, 700), (BACKWARD, view.backward, 700)]
    found = [(title, part, width, list(drawn(part.lines, ROWS))) for title, part, width in parts]
    layers = [pairs for _, part, _, pairs in found if part is not view.whole]
    one_by_one = [line for pairs in layers for line, _ in pairs]
    places = {line.step: place for place, line in enumerate(one_by_one, 1)}
    shown = [line for _, _, _, pairs in found for line, _ in pairs]
    opened = 0
    for title, part, width, pairs in found:
        if part.lines:
            rows: list[page.Row | page.Folded] = []
            for line, after in pairs:
                rows.append(_row(line.renumbered(places), after, width, part is view.whole))
                if part is view and opened < OPENED:
                    inside = _opened(view, line)
                    opened += bool(inside)
                    shown += [inner for inner, _ in inside]
                    rows += _folded(view, line, inside, width)
            key = KEY if view.bars and part is view.whole else ()
            told = [_left_out(part, pairs), inside_modules(view) if part is view.backward else ""]
            note = " ".join(filter(None, told))
            sections.append(page.Section(title, rows, note=note, key=key))
    steps = {line.step: line.unicode for line in one_by_one}
    return sections, list(_facts(view, shown, steps)), list(steps.values())


def _opened(view: View, statement: Statement) -> list[tuple[Statement, str]]:
    """What there is to draw within a folded module call."""
    inside = view.inside(statement.line)
    return [] if inside is None else list(drawn(inside.lines, ROWS))


def _folded(
    view: View, statement: Statement, inside: list[tuple[Statement, str]], width: int
) -> list[page.Folded]:
    """A module to be opened on the page, below the line that calls it; none without an inside."""
    if not inside:
        return []
    name, *summary = view.reading.lines_of(statement.line.target)
    rows = [_row(line, after, width)._replace(step=0) for line, after in inside]
    return [page.Folded(name, ", ".join(summary), [page.Section("", rows)])]


def _left_out(part: Part, pairs: Sequence[tuple[Statement, str]]) -> str:
    last = pairs[-1][0].step if pairs else 0
    rest = [line for line in part.lines if line.step > last]
    return f"{len(rest)} more lines are not drawn." if rest and not pairs[-1][1] else ""


def _row(statement: Statement, after: str, width: int, whole: bool = False) -> page.Row:
    picture = statement.picture(width=width, height=380 if width > 1000 else 300)
    note = after or None
    python = statement.line.marked("python")
    mathml = statement.mathml
    if whole and (statement.line.size > LONGEST or len(statement.unicode) > ONE_LINE):
        python, mathml, note = "", "", TOO_DEEP
    return page.Row(
        statement.step,
        python,
        mathml,
        statement.latex,
        picture.svg,
        picture.width,
        statement.id,
        note,
    )


def _facts(view: View, shown: Sequence[Statement], steps: Mapping[int, str]) -> Iterator[page.Fact]:
    """What the inspector says of every value in the rows."""
    seen: set[str] = set()
    for statement in shown:
        for term in (statement.line.target, *statement.line.terms, *statement.line.inner):
            if term.id in seen:
                continue
            seen.add(term.id)
            yield _fact(view, term, steps)
    for delta in view.showing.whole().deltas.values():
        if delta.id not in seen:
            seen.add(delta.id)
            yield _fact(view, delta, steps)


def _fact(view: View, term: Term, steps: Mapping[int, str]) -> page.Fact:
    sample = view.values.sample(term)
    place = view.step_of(term)
    symbol = to_unicode(parse(term.symbol)) if term.symbol else ""
    name = term.card.name if term.card is not None else "input"
    several = term.dtype.__class__ is tuple
    return page.Fact(
        term.id,
        term.name,
        symbol or name,
        term.role or name,
        "several results" if several else _times(term.shape),
        _range(sample, view.values.why(term)),
        steps.get(place, "") if term.name else "",
        _numbers(sample),
    )


def _times(shape: tuple[int, ...]) -> str:
    return TIMES.join(map(str, shape)) or "a number"


def _range(sample: Sample | None, why: str) -> str:
    if sample is None:
        return why
    if sample.low != sample.low:  # NaN: there is none
        return "no finite numbers"
    strange = f", {sample.strange} not finite" if sample.strange else ""
    return f"{sample.low:.3g} … {sample.high:.3g}{strange}".replace("-", MINUS)


def _numbers(sample: Sample | None) -> str | None:
    if sample is None or not sample.exact or not 0 < sample.values.size <= FEW:
        return None
    rows = ("  ".join(f"{number:.4g}" for number in row) for row in sample.values)
    return "; ".join(rows).replace("-", MINUS)


FEW = 12  # so many numbers are said one by one
