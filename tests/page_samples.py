"""Pages for tests: the network of three streetlights, written down by hand, as rows of a page.

The numbers are those of one forward and one backward pass, computed here with NumPy alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tensorgrok.notation import CLOSE, MID, NAME, OPEN, plain
from tensorgrok.views import bricks
from tensorgrok.views.contents import Fact, Folded, Row, Section
from tensorgrok.views.mathematics import parse
from tensorgrok.views.mathml import to_mathml
from tensorgrok.views.stacks import Block, Brick, Item, Pill, Sample, Stack, Strip
from tensorgrok.views.unicode import to_unicode

Floats = npt.NDArray[np.float64]

TITLE = "The seed network: 3 → 4 → 1"
SUBTITLE = "Streetlights: walk or stop. Strips are vectors, blocks are matrices."

#: id: (name, symbol, role, the step that computes it).
VALUES: dict[str, tuple[str, str, str, int]] = {
    "t0": ("layer_0", "l_{0}", "layer", 0),
    "t1": ("weights_0_1", "W_{0}", "weight", 0),
    "t2": ("weights_1_2", "W_{1}", "weight", 0),
    "t3": ("walk_vs_stop", "y", "target", 0),
    "t5": ("layer_1", "l_{1}", "layer", 1),
    "t6": ("layer_2", "l_{2}", "layer", 2),
    "t7": ("layer_2_delta", r"\delta_{2}", "delta", 3),
    "t8": ("weight_delta_1_2", r"\nabla W_{1}", "gradient", 4),
    "t11": ("layer_1_delta", r"\delta_{1}", "delta", 5),
    "t12": ("weight_delta_0_1", r"\nabla W_{0}", "gradient", 6),
}


def arrays() -> dict[str, Floats]:
    """Every value that has a name, by id."""
    random = np.random.default_rng(1)
    layer_0, target = np.array([[1.0, 0.0, 1.0]]), np.array([[1.0]])
    weights_0, weights_1 = random.uniform(-1, 1, (3, 4)), random.uniform(-1, 1, (4, 1))
    layer_1 = np.maximum(layer_0 @ weights_0, 0)
    layer_2 = layer_1 @ weights_1
    delta_2 = layer_2 - target
    delta_1 = delta_2 @ weights_1.T * (layer_1 > 0)
    gradient_1, gradient_0 = layer_1.T @ delta_2, layer_0.T @ delta_1
    found = (
        *(layer_0, weights_0, weights_1, target, layer_1, layer_2),
        *(delta_2, gradient_1, delta_1, gradient_0),
    )
    return dict(zip(VALUES, found, strict=True))


ARRAYS = arrays()


class Notation:
    """Marked text of one language."""

    def __init__(self, place: int) -> None:
        self._place = place

    def name(self, value: str) -> str:
        """The name or the symbol of a value."""
        return f"{NAME}{value}{MID}{VALUES[value][self._place]}{CLOSE}"

    def computed(self, value: str, text: str) -> str:
        """A computed sub-expression."""
        return f"{OPEN}{value}{MID}{text}{CLOSE}"


PYTHON, LATEX = Notation(0), Notation(1)


def brick(value: str, transposed: bool = False) -> Brick:
    """The brick of a value."""
    name, symbol, role, step = VALUES[value]
    array = ARRAYS[value].T if transposed else ARRAYS[value]
    numbers = Sample(array, True, float(array.min()), float(array.max()))
    rows, columns = array.shape
    return Brick(
        value,
        symbol,
        name,
        role,
        (rows, columns),
        transposed=transposed,
        numbers=numbers,
        step=step,
    )


def row(value: str, lines: Sequence[str], stacks: Sequence[Stack], unit: int = 22) -> Row:
    """A row from the marked expressions of a line, in Python and in LaTeX."""
    python, latex = lines
    step, roles = VALUES[value][3], {name: known[2] for name, known in VALUES.items()}
    formula = parse(f"{LATEX.name(value)} = {latex}")
    drawn = bricks.draw(stacks, to_unicode(formula), unit=unit)
    code = f"{PYTHON.name(value)} = {python}"
    mathml = to_mathml(formula, roles)
    return Row(step, code, mathml, formula.latex, drawn.svg, drawn.width, value)


def _product(left: str, right: str, of: Notation, value: str) -> str:
    joined = f"{left}.dot({right})" if of is PYTHON else f"{left} {right}"
    return of.computed(value, joined)


def _hidden(of: Notation) -> str:
    inner = _product(of.name("t0"), of.name("t1"), of, "t4")
    wrapped = f"relu({inner})" if of is PYTHON else rf"\operatorname{{relu}}\left({inner}\right)"
    return of.computed("t5", wrapped)


def _transposed(of: Notation, value: str) -> str:
    return of.name(value) + (".T" if of is PYTHON else r"^{\top}")


def _stack(value: str, *items: Item, delta: str | None = None) -> Stack:
    return Stack(brick(value), items, brick(delta) if delta else None)


def one_line() -> Row:
    """Everything in one line, with deltas under the layers."""
    lines = [_product(_hidden(of), of.name("t2"), of, "t6") for of in (PYTHON, LATEX)]
    stacks = [
        _stack("t0"),
        _stack("t5", Block(brick("t1")), Pill("relu", "t5"), delta="t11"),
        _stack("t6", Block(brick("t2")), delta="t7"),
    ]
    return row("t6", lines, stacks, unit=28)


def forward() -> list[Row]:
    """The forward pass, layer by layer."""
    second = [_product(of.name("t5"), of.name("t2"), of, "t6") for of in (PYTHON, LATEX)]
    relu = [_stack("t0"), _stack("t5", Block(brick("t1")), Pill("relu", "t5"))]
    product = [_stack("t5"), _stack("t6", Block(brick("t2")))]
    return [row("t5", [_hidden(PYTHON), _hidden(LATEX)], relu), row("t6", second, product)]


def backward() -> list[Row]:
    """The backward pass."""
    both = (PYTHON, LATEX)
    loss = [of.computed("t7", f"{of.name('t6')} - {of.name('t3')}") for of in both]
    last = [_product(_transposed(of, "t5"), of.name("t7"), of, "t8") for of in both]
    told = [_product(of.name("t7"), _transposed(of, "t2"), of, "t9") for of in both]
    open_units = (f"({PYTHON.name('t5')} > 0)", rf"\left[{LATEX.name('t5')} > 0\right]")
    mask = [of.computed("t10", text) for of, text in zip(both, open_units, strict=True)]
    signs = (" * ", r" \odot ")
    delta = [
        of.computed("t11", product + sign + units)
        for of, product, sign, units in zip(both, told, signs, mask, strict=True)
    ]
    start = [_product(_transposed(of, "t0"), of.name("t11"), of, "t12") for of in both]
    column = Stack(brick("t5", transposed=True))
    first_column = Stack(brick("t0", transposed=True))
    weights = Block(brick("t2", transposed=True))
    return [
        row("t7", loss, [_stack("t6"), _stack("t7", Strip(brick("t3"), "−"))]),  # noqa: RUF001
        row("t8", last, [column, _stack("t8", Block(brick("t7")))]),
        row("t11", delta, [_stack("t7"), _stack("t11", weights, Strip(brick("t5"), "⊙ [ · > 0]"))]),
        row("t12", start, [first_column, _stack("t12", Block(brick("t11")))]),
    ]


def facts(rows: Sequence[Row] = ()) -> list[Fact]:
    """What is known of every value, equations from the rows."""
    equations = {line.id: to_unicode(parse(line.latex)) for line in rows}
    found = []
    for value, (name, symbol, role, _) in VALUES.items():
        array = ARRAYS[value]
        shape = "×".join(map(str, array.shape))  # noqa: RUF001
        spread = f"{array.min():.3g} … {array.max():.3g}"
        numbers = np.array2string(array, precision=3, separator=", ").replace("\n", "")
        unicode = to_unicode(parse(symbol))
        found.append(
            Fact(value, name, unicode, role, shape, spread, equations.get(value, ""), numbers)
        )
    return found


def steps() -> list[str]:
    """What each step computes."""
    return [to_unicode(parse(line.latex)) for line in (*forward(), *backward())]


def seed_page() -> tuple[str, str, list[Section], list[Fact], list[str]]:
    """The arguments of ``page`` for all of it."""
    lines = [*forward(), *backward()]
    sections = [
        Section("Everything side by side — all together in one line", [one_line()]),
        Section("Forward, layer by layer", forward()),
        Section("Backward — what a later layer says, times the weights in between", backward()),
    ]
    return TITLE, SUBTITLE, sections, facts(lines), steps()


def odd_page() -> tuple[str, str, list[Section], list[Fact], list[str]]:
    """A page with the rest: what is folded, notes, ghosts, no drawings, no numbers."""
    pending = Stack(Brick("t12", r"\nabla W_{0}", None, "gradient", (3, 4), why="not computed yet"))
    plain_row = forward()[0]
    inside = Section("", [forward()[0]], note="What is inside.")
    sections = [
        Section(
            "Notes", [backward()[0]._replace(note="the last line"), plain_row._replace(svg="")]
        ),
        Section("Untold", [one_line()._replace(python="", mathml="", note="too deep to read")]),
        Section("Again", [plain_row, Row(0, "", "", "", "", 0, "t5", "and so on, 12 times")]),
        Section(
            "A module",
            [forward()[1], Folded("model.blocks", "12 of Block, 10,368 parameters", [inside])],
        ),
        Section("Folded", backward(), folded=True),
        Section("No numbers", [backward()[3]._replace(svg=bricks.draw([pending], "W").svg)]),
    ]
    return "Odds and ends", "", sections, facts(), steps()


def texts(rows: Sequence[Row]) -> list[str]:
    """The Python of rows."""
    return [plain(line.python) for line in rows]
