r"""Formulas: LaTeX read into trees, and the trees as MathML and as text of terminals."""

# ruff: noqa: RUF001  # mathematics is written in these characters

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorgrok import Tensor
from tensorgrok.engine import primitives
from tensorgrok.graph import Leaf, order
from tensorgrok.notation import CLOSE, MID, NAME, OPEN, ids, plain
from tensorgrok.views.formulas import Fraction, Marked, Script, Symbol, pieces
from tensorgrok.views.labels import label_svg, label_width
from tensorgrok.views.mathematics import parse
from tensorgrok.views.mathml import to_mathml
from tensorgrok.views.unicode import to_ascii, to_unicode
from tests.cases import CASES

MATHML = "{http://www.w3.org/1998/Math/MathML}"


def named(id: str, symbol: str) -> str:  # noqa: A002  # what it is called everywhere
    return f"{NAME}{id}{MID}{symbol}{CLOSE}"


def computed(id: str, text: str) -> str:  # noqa: A002  # what it is called everywhere
    return f"{OPEN}{id}{MID}{text}{CLOSE}"


def body(latex: str, roles: dict[str, str | None] | None = None) -> ElementTree.Element:
    """The formula proper in the MathML, parsed."""
    math = ElementTree.fromstring(to_mathml(parse(latex), roles or {}))
    assert math.tag == MATHML + "math"
    semantics = math[0]
    assert [child.tag for child in semantics] == [MATHML + "mrow", MATHML + "annotation"]
    return semantics[0]


def outline(element: ElementTree.Element) -> str:
    """An element as ``tag(children)``, leaves as ``tag:text``."""
    tag = element.tag.removeprefix(MATHML)
    if not len(element):
        return f"{tag}:{element.text}" if element.text else tag
    return f"{tag}({' '.join(map(outline, element))})"


# Text of terminals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latex", "unicode", "ascii_text"),
    [
        (r"l_{2} = \operatorname{relu}\left(l_{0} W_{0}\right) W_{1}",
         "l₂ = relu(l₀ W₀) W₁", "l_2 = relu(l_0 W_0) W_1"),
        (r"\delta_{1} = \delta_{2} W_{1}^{\top} \odot \left[l_{1} > 0\right]",
         "δ₁ = δ₂ W₁ᵀ ⊙ [l₁ > 0]", "delta_1 = delta_2 W_1^T * [l_1 > 0]"),
        (r"\delta_{2} = l_{2} - y", "δ₂ = l₂ − y", "delta_2 = l_2 - y"),
        (r"\nabla W_{0} = l_{0}^{\top} \delta_{1}",
         "∇W₀ = l₀ᵀ δ₁", "grad W_0 = l_0^T delta_1"),
        (r"L = \tfrac{1}{2}\left\lVert l_{2} - y \right\rVert^{2}",
         "L = ½‖l₂ − y‖²", "L = 1/2 ||l_2 - y||^2"),
        (r"\mathbf{1}^{\top} \delta_{2}", "1ᵀ δ₂", "1^T delta_2"),
        (r"x \mathbf{1} \mathbf{1}^{\top}", "x 11ᵀ", "x 1 1^T"),
        (r"x \mathbf{1}\mathbf{1}^{\top}", "x 11ᵀ", "x 11^T"),
        (r"\frac{a + b}{c d}", "(a + b) / (c d)", "(a + b) / (c d)"),
        (r"\frac{X K^{\top}}{\sqrt{d_{k}}}", "X Kᵀ / √dₖ", "X K^T / sqrt(d_k)"),
        (r"\operatorname{cross\_entropy}\left(x, y\right)",
         "cross_entropy(x, y)", "cross_entropy(x, y)"),
        (r"\hat{y} = \mathrm{hidden} \, W_{\mathrm{out}}",
         "ŷ = hidden Wₒᵤₜ", "y_hat = hidden W_out"),
        (r"\bar{x} + \tilde{z}_{1}", "x̄ + z̃₁", "x_bar + z_tilde_1"),
        (r"W_{Q} \delta_{Q,1} x_{t+1}", "W_Q δ_{Q,1} xₜ₊₁", "W_Q delta_{Q,1} x_{t+1}"),
        (r"x^{n} \odot e^{-x} \odot x^{0.5}", "xⁿ ⊙ e⁻ˣ ⊙ x^0.5", "x^n * e^-x * x^0.5"),
        (r"e^{x_{1}}", "e^{x₁}", "e^{x_1}"),
        (r"l_{1}' + l_{1}''^{\top}", "l₁′ + l₁′′ᵀ", "l_1' + l_1''^T"),
        (r"\log \sigma\left(x\right)", "log σ(x)", "log sigma(x)"),
        (r"\sum_{1} x \odot \left(y - 1\right)", "∑₁ x ⊙ (y − 1)", "sum_1 x * (y - 1)"),
        (r"\max_{(0, 1)} x", "max_{(0,1)} x", "max_{(0,1)} x"),
        (r"\left[ a \; b \;\middle|\; c \right]", "[a  b | c]", "[a  b | c]"),
        (r"\left\lfloor \frac{x}{3} \right\rfloor \bmod 2", "⌊x / 3⌋ mod 2",
         "floor(x / 3) mod 2"),
        (r"\left\lfloor x \right\rceil", "⌊x⌉", "round(x)"),
        (r"\left\langle a, b \right\rangle", "⟨a, b⟩", "<a, b>"),
        (r"2 \odot \frac{a}{b} W", "2 ⊙ (a / b) W", "2 * (a / b) W"),
        (r"\frac{1}{n} \left(a - b\right)", "(1 / n) (a − b)", "(1 / n) (a - b)"),
        (r"-\frac{a}{b} + \frac{2}{3}", "−a / b + ⅔", "-a / b + 2/3"),
        (r"\frac{\frac{a}{b}}{\frac{c}{d}}", "(a / b) / (c / d)", "(a / b) / (c / d)"),
        (r"{\frac{a}{b}}^{2} + \sqrt{x^{2}}", "(a / b)² + √(x²)", "(a / b)^2 + sqrt(x^2)"),
        (r"\sqrt{x}^{2} \sqrt[3]{y}", "(√x)² ∛y", "sqrt(x)^2 root3(y)"),
        (r"\log\left(1 + -x\right)", "log(1 + −x)", "log(1 + -x)"),
        (r"\neg a \wedge b \vee c \oplus d", "¬a ∧ b ∨ c ⊕ d", "not a and b or c xor d"),
        (r"a \leq b \neq c \geq d \gg 1", "a ≤ b ≠ c ≥ d ≫ 1", "a <= b != c >= d >> 1"),
        (r"1e-05 \odot x + 1.7976931348623157e+308", "1e-05 ⊙ x + 1.7976931348623157e+308",
         "1e-05 * x + 1.7976931348623157e+308"),
        (r"x_{..., None}", "x_{…,None}", "x_{...,None}"),
        (r"\mathbf{1}_{y}", "1_y", "1_y"),
        (r"\overline{z} + \overline{a b}", "z̅ + overline(a b)", "z_bar + overline(a b)"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "(a, b; c, d)", "(a, b; c, d)"),
        (r"\begin{array}{cc} a & b \\ \end{array}", "[a, b]", "[a, b]"),
        (r"\lambda \alpha\beta 2x", "λ αβ 2x", "lambda alpha beta 2x"),
        (r"\mathrm{größe}", "größe", r"gr\xf6\xdfe"),
    ],
)  # fmt: skip
def test_one_line_of_characters(latex: str, unicode: str, ascii_text: str) -> None:
    assert to_unicode(parse(latex)) == unicode
    assert to_ascii(parse(latex)) == ascii_text


def test_a_second_subscript_does_not_run_into_the_first() -> None:
    indexed = named("t0", "x_{1}") + "_{0}"
    assert to_unicode(parse(indexed)) == "x₁[0]"
    assert to_unicode(parse(r"x_{1}_{:, None}^{\top}")) == "x₁[:, None]ᵀ"
    assert to_unicode(parse(named("t0", r"\nabla W_{0}") + "_{2}")) == "∇W₀[2]"


def test_a_second_superscript_stands_outside_of_brackets() -> None:
    square = computed("t1", named("t0", "x") + "^{2}")
    assert to_unicode(parse(square + "^{3}")) == "(x²)³"


# MathML ------------------------------------------------------------------------------------------


def test_the_forward_line_of_the_streetlights() -> None:
    product = computed("t2", named("t0", "l_{0}") + " " + named("t1", "W_{0}"))
    line = (
        named("t3", "l_{1}")
        + " = "
        + computed("t3", rf"\operatorname{{relu}}\left({product}\right)")
    )
    roles: dict[str, str | None] = {"t0": "layer", "t1": "weight", "t3": "layer"}
    found = body(line, roles)
    assert outline(found) == (
        "mrow(mrow(msub(mi:l mn:1)) mo:= mrow(mi:relu mo:\N{FUNCTION APPLICATION} mrow(mo:( "
        "mrow(mrow(msub(mi:l mn:0)) mo:\N{INVISIBLE TIMES} mspace mrow(msub(mi:W mn:0))) mo:))))"
    )
    marks = [(e.get("data-t"), e.get("class")) for e in found.iter() if e.get("data-t")]
    assert marks == [
        ("t3", "nm layer"),
        ("t3", None),
        ("t2", None),
        ("t0", "nm layer"),
        ("t1", "nm weight"),
    ]


def test_a_symbol_without_a_role_has_no_word_for_it() -> None:
    found = body(named("a", "x") + named("b", "y"), {"a": None})
    assert [e.get("class") for e in found][::2] == ["nm", "nm"]


def test_a_transposed_symbol_is_one_element_that_stands_for_the_value() -> None:
    found = body(computed("t9", named("t1", "l_{1}") + r"^{\top}"), {"t1": "layer"})
    assert outline(found) == "mrow(mrow(mrow(msubsup(mi:l mn:1 mo:⊤))))"
    assert found[0][0].attrib == {"class": "nm layer", "data-t": "t1"}
    gradient = body(named("t1", r"\nabla W_{0}") + r"^{\top}")
    assert outline(gradient) == "mrow(mrow(mo:∇ msubsup(mi:W mn:0 mo:⊤)))"


def test_a_computed_exponent_stays_outside_of_the_symbol_under_it() -> None:
    found = body(named("t1", "x_{0}") + "^{" + named("t2", "n") + "}")
    assert outline(found) == "mrow(msup(mrow(msub(mi:x mn:0)) mrow(mi:n)))"


@pytest.mark.parametrize(
    ("latex", "stretchy"),
    [
        (r"\left(x\right)", "false"),
        (r"\left(x_{1}^{2}\right)", "false"),
        (r"\left(\tfrac{1}{2} x\right)", "false"),
        (r"\left(\frac{1}{x}\right)", "true"),
        (r"\left\lVert a + \sqrt{\frac{1}{x}} \right\rVert", "true"),
        (r"\left[\begin{matrix} a & b \end{matrix}\right]", "true"),
    ],
)
def test_brackets_grow_round_what_is_tall_and_nothing_else(latex: str, stretchy: str) -> None:
    fences = [e for e in body(latex).iter() if e.get("fence")]
    assert {e.get("form") for e in fences[:1] + fences[-1:]} == {"prefix", "postfix"}
    assert {fences[0].get("stretchy"), fences[-1].get("stretchy")} == {stretchy}


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\frac{a}{b} + \sqrt{x y}",
         "mfrac(mi:a mi:b) mo:+ msqrt(mi:x mo:\u2062 mspace mi:y)"),
        (r"\sum_{1} x", "munder(mo:∑ mn:1) mo:\u2061 mspace mi:x"),
        (r"\max_{1} x", "msub(mi:max mn:1) mo:\u2061 mspace mi:x"),
        (r"\hat{y}^{\top}", "msup(mover(mi:y mo:^) mo:⊤)"),
        (r"l_{1}'", "msubsup(mi:l mn:1 mrow(mo:′))"),
        (r"x^{2}'", "msup(mi:x mrow(mo:′ mn:2))"),
        (r"x'^{2}", "msup(mi:x mrow(mo:′ mn:2))"),
        (r"x^2_1", "msubsup(mi:x mn:1 mn:2)"),
        (r"x^23", "msup(mi:x mn:2) mo:\u2062 mn:3"),
        (r"{}^{2}", "msup(mrow mn:2)"),
        (r"W_{\mathrm{hh}}", "msub(mi:W mi:hh)"),
        (r"\mathbf{1}^{\top} x", "msup(mn:1 mo:⊤) mo:\u2062 mspace mi:x"),
        (r"a - -b", "mi:a mo:− mo:− mi:b"),
        (r"\left. x \right|", "mrow(mi:x mo:|)"),
        (r"\sqrt[3]{x}", "mroot(mi:x mn:3)"),
        (r"a < b", "mi:a mo:< mi:b"),
    ],
)  # fmt: skip
def test_elements(latex: str, expected: str) -> None:
    assert outline(body(latex)) == f"mrow({expected})"


def test_a_minus_in_front_is_no_difference() -> None:
    kinds = [piece.kind for piece in pieces(parse("a - -b + \\left(-c\\right)").body.items)]
    assert kinds == ["factor", "operator", "prefix", "factor", "operator", "factor"]
    signs = [e for e in body("a - -b").iter() if e.text == "−"]
    assert [sign.get("form") for sign in signs] == [None, "prefix"]


@pytest.mark.parametrize(
    ("latex", "joint"),
    [
        (r"f\left(x\right)", "applied"),
        (r"f \left(x\right)", "times"),
        (r"W_{0} \left(x\right)", "times"),
        (r"2\left(x\right)", "touching"),
        (r"\log x", "applied"),
        (r"\log_{2}\left(x\right)", "applied"),
        (r"a \; b", "apart"),
        (r"a \, b", "times"),
        (r"a = b", ""),
    ],
)
def test_what_juxtaposition_means(latex: str, joint: str) -> None:
    assert pieces(parse(latex).body.items)[1].joint == joint


def test_the_annotation_is_the_latex_without_marks() -> None:
    latex = computed("t1", r"\frac{" + named("t0", "a_{1}") + r"}{b} < \text{a & b}")
    math = ElementTree.fromstring(to_mathml(parse(latex), {}))
    annotation = math[0][1]
    assert annotation.get("encoding") == "application/x-tex"
    assert annotation.text == r"\frac{a_{1}}{b} < \text{a & b}" == plain(latex)


def test_names_cannot_break_out_of_the_markup() -> None:
    symbol = r'\mathrm{a<b>&"c"</math>' + "\x00}"
    formula = parse(named("t0", symbol))
    math = ElementTree.fromstring(to_mathml(formula, {"t0": 'x" onload="y'}))
    word = math[0][0][0]
    assert word.get("class") == 'nm x" onload="y'
    assert word[0].text == 'a<b>&"c"</math>\N{REPLACEMENT CHARACTER}'
    text = ElementTree.fromstring(f"<text>{label_svg(symbol)}</text>")
    assert "".join(text.itertext()) == 'a<b>&"c"</math>\N{REPLACEMENT CHARACTER}'


# What cards print --------------------------------------------------------------------------------


class Operand:
    """An operand that prints as a marked symbol, as terms do."""

    shape, ndim, dtype = (2, 3), 2, "float64"

    def __init__(self, place: int) -> None:
        self.place = place

    def __format__(self, level: str) -> str:
        return named(f"t{self.place}", f"x_{{{self.place}}}")


def printed() -> list[tuple[str, str]]:
    """Name and marked LaTeX of each card in the tables, with each set of parameters recorded."""
    found: dict[tuple[str, str], None] = {}
    reached: set[str] = set()
    for case in CASES:
        inputs = [Tensor(a, requires_grad=a.dtype.kind in "fc") for a in case.inputs]
        result = case.function(*inputs)
        results = result if isinstance(result, tuple | list) else (result,)
        nodes = order([r.node for r in results if isinstance(r, Tensor) and r.node is not None])
        for node in nodes:
            if isinstance(node, Leaf):
                continue
            grouped = node.plan.group(tuple(range(len(node.inputs))))
            operands = [
                tuple(map(Operand, g)) if isinstance(g, tuple) else Operand(g) for g in grouped
            ]
            card = node.primitive
            found[card.name, latex_of(card, operands, node.parameters)] = None
            reached.add(card.name)
    for name, card in primitives.items():
        if name not in reached:
            operands = [Operand(place) for place in range(len(card.arguments))]
            parameters = {p: card.defaults.get(p, 1) for p in card.parameters}
            found[name, latex_of(card, operands, parameters)] = None
    return list(found)


def latex_of(card: Any, operands: list[Any], parameters: dict[str, Any]) -> str:
    fields = dict(zip(card.arguments, operands, strict=True)) | parameters
    template = card.latex if isinstance(card.latex, str) else card.latex(**fields)
    return computed("t99", str(template.format(**fields)))


def test_all_that_cards_print_is_well_formed_and_keeps_its_ids() -> None:
    cards = printed()
    assert {name for name, _ in cards} >= set(primitives)
    for name, latex in cards:
        found = body(latex)
        marks = [e.get("data-t") for e in found.iter() if e.get("data-t")]
        assert marks == ids(latex), name
        for text in (to_unicode(parse(latex)), to_ascii(parse(latex)), parse(latex).latex):
            assert not re.search("[\ue000-\ue003]", text)
            assert "\\" not in text or text == plain(latex), name
        assert to_ascii(parse(latex)).isascii()


# Anything at all ---------------------------------------------------------------------------------


def test_what_is_not_known_comes_through() -> None:
    formula = parse(r"\frobnicate{x} + \spam y")
    assert to_unicode(formula) == "frobnicate x + spam y"
    assert outline(body(r"\frobnicate")) == "mrow(mi:frobnicate)"
    junk = parse(r"\operatorname{f}\left(None, 'reflect', float64, Ellipsis, 1+2j\right)")
    assert to_unicode(junk) == "f(None, ′reflect′, float64, Ellipsis, 1 + 2j)"


@pytest.mark.parametrize(
    "latex",
    ["{", "}", "^", "_", "'", r"\frac", r"\frac{a", r"\left", r"\left(", r"\right)", r"\sqrt[", "&",
     r"\begin", r"\begin{cases} a &", r"\end{cases}", r"\mathrm{", r"\hat", "\\", r"a \\ b", "",
     OPEN, NAME + "t1", MID, CLOSE, OPEN + "t1" + MID, CLOSE + "}", r"\left(" + CLOSE,
     r"\right" + CLOSE, "\x00\ud800"],
)  # fmt: skip
def test_unbalanced_text_is_no_error(latex: str) -> None:
    body(latex)
    to_unicode(parse(latex))
    assert to_ascii(parse(latex)).isascii()


def test_marks_survive_what_is_not_balanced() -> None:
    latex = computed("t1", r"\frac{" + named("t2", "a") + r"}{\left(b") + " + " + named("t3", "c")
    assert [e.get("data-t") for e in body(latex).iter() if e.get("data-t")] == ["t1", "t2", "t3"]


@pytest.mark.parametrize(
    ("before", "after"),
    [("{", "}"), (r"\left(", r"\right)"), (r"\frac{1}{", "}"), ("x^{", "}"), (r"\sqrt{", "}"),
     (OPEN + "t1" + MID, CLOSE), (OPEN + "t1" + MID + r"f\left(", r"\right)" + CLOSE)],
)  # fmt: skip
@pytest.mark.parametrize("depth", [200, 1500])
def test_deep_nesting(before: str, after: str, depth: int) -> None:
    formula = parse(before * depth + "q" + after * depth)
    roots = depth if before == r"\sqrt{" else 0  # sqrt has a q of its own
    assert to_unicode(formula).count("q") == to_ascii(formula).count("q") - roots == 1
    assert to_mathml(formula, {}).count("<mi>q</mi>") == 1
    assert "q" in label_svg(before * depth + "q" + after * depth)


TOKENS = st.sampled_from(
    ["{", "}", "^", "_", "'", "&", "x", "12", "1e-05", "None", " ", "-", "=", ",", "<", "[", "|",
     "é", "\x00", "\\", r"\left(", r"\right)", r"\left", r"\right", r"\middle|", r"\frac", r"\sqrt",
     r"\hat", r"\mathrm{a b}", r"\mathrm", r"\operatorname{f}", r"\text{", r"\top", r"\sum", r"\\",
     r"\begin{cases}", r"\end{cases}", r"\begin", r"\,", r"\;", r"\mathbf{1}", r"\odot", r"\nabla",
     r"\unknown", OPEN + "t1" + MID, NAME + "t2" + MID, CLOSE, OPEN, NAME, MID]
)  # fmt: skip


@given(st.lists(TOKENS, max_size=20).map("".join) | st.text(max_size=30))
def test_anything_is_read_and_written(latex: str) -> None:
    formula = parse(latex)
    body(latex)
    assert not re.search("[\ue000-\ue003]", to_unicode(formula) + formula.latex)
    assert to_ascii(formula).isascii()
    ElementTree.fromstring(f"<text>{label_svg(latex)}</text>")
    assert label_width(latex, 10) >= 0


def test_the_tree() -> None:
    (fraction,) = parse(r"\frac{a}{2}").body.items
    assert fraction == Fraction(Symbol("a", "letter"), Symbol("2", "number"))
    (transposed,) = parse(named("t1", "W_{0}") + r"^{\top}").body.items
    assert isinstance(transposed, Marked)
    assert transposed.named
    zero, top = Symbol("0", "number"), transposed.body.items[0].parts[2]
    assert transposed.body.items == (Script(Symbol("W", "letter"), zero, top),)
