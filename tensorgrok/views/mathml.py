r"""Formulas for pages: MathML, in which every part says which value it stands for.

What is written is MathML Core, which browsers show without any help and screen readers read. A part
that stands for a value is an ``<mrow data-t="id">``, so that a page can light it up; the formula as
LaTeX goes with it as an annotation.

This module stands on ``formulas``, the trees; ``unicode`` writes the same for terminals, and
``page`` shows it.
"""

# ruff: noqa: RUF001  # mathematics is written in these characters

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .escaping import escaped
from .formulas import (
    Accent,
    Fenced,
    Formula,
    Fraction,
    Marked,
    Part,
    Piece,
    Root,
    Row,
    Script,
    Space,
    Symbol,
    Table,
    fold,
    pieces,
)

#: A product without a sign, and a function and what it is applied to, for those who listen.
TIMES = '<mo lspace="0" rspace="0">&#x2062;</mo>'
APPLIED = "<mo>&#x2061;</mo>"
#: Space between factors, and after a function that is applied without brackets, in em.
THIN = 0.14

#: What stands over a letter. Browsers stretch a line over all of it, and hats over a word.
_ACCENTS = {
    "hat": "^", "bar": "¯", "tilde": "~", "dot": "˙", "ddot": "¨", "vec": "→", "check": "ˇ",
    "breve": "˘", "acute": "´", "grave": "`", "overline": "‾",
}  # fmt: skip


class Written(NamedTuple):
    """Elements, whether brackets around them grow, and whether it is one element."""

    text: str
    tall: bool = False
    single: bool = True

    @property
    def element(self) -> str:
        """One element, for where MathML counts them."""
        return self.text if self.single else f"<mrow>{self.text}</mrow>"


def to_mathml(formula: Formula, roles: Mapping[str, str | None]) -> str:
    r"""Return a formula as one ``<math>`` element.

    Args:
        formula: what ``mathematics.parse`` returned.
        roles: the roles of values by id; the symbol of a value carries its role as a class.

    Examples:
        >>> from tensorgrok.views.mathematics import parse
        >>> from tensorgrok.views.mathml import to_mathml
        >>> "<mi>y</mi>" in to_mathml(parse("y"), {})
        True

    """
    body = fold(formula.body, _Writer(roles)).text
    return (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><semantics>'
        f'<mrow>{body}</mrow><annotation encoding="application/x-tex">{escaped(formula.latex)}'
        "</annotation></semantics></math>"
    )


class _Writer:
    """Writes a part, of what it made of that part's parts; rows come without an element."""

    def __init__(self, roles: Mapping[str, str | None]) -> None:
        self.roles = roles

    def __call__(self, part: Part, inner: list[Written]) -> Written:
        tall = any(written.tall for written in inner)
        elements = [written.element for written in inner]
        match part:
            case Symbol():
                return Written(_symbol(part))
            case Space(width):
                return Written(_space(width), single=False)
            case Row(items):
                row = pieces(items)
                return Written(_row(row, inner), tall, len(row) == 1 and inner[row[0].place].single)
            case Script():
                return Written(_script(part, elements), inner[0].tall)
            case Fenced(left, _, right):
                return Written(_fenced(left, inner[0].text, right, tall), tall)
            case Fraction(_, _, small):
                style = ' displaystyle="false"' if small else ""
                return Written(f"<mfrac{style}>{''.join(elements)}</mfrac>", not small)
            case Root(_, ""):
                return Written(f"<msqrt>{inner[0].text}</msqrt>", tall)
            case Root(_, index):
                return Written(f"<mroot>{elements[0]}<mn>{escaped(index)}</mn></mroot>", tall)
            case Accent(name):
                over = f'<mo stretchy="{str(name == "overline").lower()}">{_ACCENTS[name]}</mo>'
                return Written(f'<mover accent="true">{elements[0]}{over}</mover>', tall)
            case Marked():
                return Written(f"<mrow{self._mark(part)}>{inner[0].text}</mrow>", tall)
            case Table(left, rows, right):
                return Written(_table(left, [len(row) for row in rows], right, inner), tall=True)

    def _mark(self, part: Marked) -> str:
        """The attributes of a part that stands for a value."""
        identity = f' data-t="{escaped(part.id)}"'
        if not part.named:
            return identity
        role = self.roles.get(part.id)
        return f' class="{escaped(f"nm {role}" if role else "nm")}"{identity}'


def _symbol(symbol: Symbol) -> str:
    """The element of a symbol."""
    text, kind = escaped(symbol.text), symbol.kind
    if kind == "number":
        return f"<mn>{text}</mn>"
    if kind == "bold":
        name = "mn" if text.isdigit() else "mi"
        return f'<{name} class="bold" style="font-weight:bold">{text}</{name}>'
    if kind in ("letter", "word", "function"):
        upright = ' mathvariant="normal"' if kind != "letter" and len(symbol.text) == 1 else ""
        return f"<mi{upright}>{text}</mi>"
    if kind == "prefix":
        return f'<mo form="prefix" lspace="0" rspace="0">{text}</mo>'
    if kind in ("opening", "closing"):
        form = "prefix" if kind == "opening" else "postfix"
        return f'<mo form="{form}" stretchy="false">{text}</mo>'
    if kind == "sign":
        return f'<mo lspace="0" rspace="0" stretchy="false">{text}</mo>'
    return f"<mo>{text}</mo>"


def _row(row: list[Piece], inner: list[Written]) -> str:
    """Elements side by side, with what is meant between them."""
    texts = []
    for piece in row:
        text = inner[piece.place].text
        if piece.kind == "prefix" and isinstance(piece.part, Symbol):
            text = _symbol(Symbol(piece.part.text, "prefix"))
        texts += [_joint(piece), text]
    return "".join(texts)


def _joint(piece: Piece) -> str:
    """What stands before a piece."""
    if piece.joint == "times":
        return TIMES + _space(max(piece.width or 0, THIN))
    if piece.joint == "touching":
        return TIMES
    if piece.joint == "applied":
        return APPLIED + (_space(max(piece.width, THIN)) if piece.width is not None else "")
    return _space(piece.width or 0)


def _space(width: float) -> str:
    return f'<mspace width="{width:g}em"/>' if width else ""


def _script(part: Script, elements: list[str]) -> str:
    """A base with what stands below and above it; primes stand before what else stands above."""
    base, *scripts = elements
    lower = [scripts.pop(0)] if part.lower is not None else []
    primes = f'<mo lspace="0" rspace="0">{"′" * part.primes}</mo>'
    upper = [f"<mrow>{primes}{''.join(scripts)}</mrow>"] if part.primes else scripts
    limits = isinstance(part.base, Symbol) and part.base.kind == "sum"
    below, above, both = (
        ("munder", "mover", "munderover") if limits else ("msub", "msup", "msubsup")
    )
    tag = both if lower and upper else below if lower else above
    return f"<{tag}>{''.join([base, *lower, *upper])}</{tag}>"


def _fenced(left: str, body: str, right: str, tall: bool) -> str:
    stretchy = str(tall).lower()
    before, after = (
        f'<mo form="{form}" fence="true" stretchy="{stretchy}">{escaped(text)}</mo>' if text else ""
        for form, text in (("prefix", left), ("postfix", right))
    )
    return f"<mrow>{before}{body}{after}</mrow>"


def _table(left: str, widths: list[int], right: str, cells: list[Written]) -> str:
    texts = iter(f"<mtd>{cell.text}</mtd>" for cell in cells)
    rows = ["<mtr>" + "".join(next(texts) for _ in range(width)) + "</mtr>" for width in widths]
    return _fenced(left, f"<mtable>{''.join(rows)}</mtable>", right, tall=True)
