"""Pages without a browser: well-formed, escaped, self-contained, readable in light and dark."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tensorgrok.views
from tensorgrok.errors import ArgumentError
from tensorgrok.notation import CLOSE, MID, NAME, OPEN
from tensorgrok.views import palette
from tensorgrok.views.contents import Fact, Folded, Row, Section
from tensorgrok.views.page import fragment, page, to_html
from tests.html_reader import Element, Reader
from tests.page_samples import (
    VALUES,
    backward,
    facts,
    forward,
    odd_page,
    one_line,
    seed_page,
    steps,
    texts,
)

HERE = Path(tensorgrok.views.__file__).parent
NASTY = "</script ><!--<script></script><b onclick='x'>\"&amp;' <!-- \u2028"


def data_of(text: str) -> Any:
    scripts = [e for e in Reader(text).all("script") if "type" in e.attributes]
    (script,) = scripts
    assert script.attributes["type"] == "application/json"
    assert not set(script.text) & set("<>&")  # nothing that ends the element, in any browser
    return json.loads(script.text)


SEED, ODD = page(*seed_page()), page(*odd_page())
PAGES = pytest.mark.parametrize(
    "text",
    [SEED, ODD, fragment(*seed_page()), fragment(*odd_page())],
    ids=["seed", "odd", "f", "g"],
)


# Structure -----------------------------------------------------------------------------------


@PAGES
def test_page_is_well_formed_and_has_one_id(text: str) -> None:
    elements = Reader(text).elements
    ids = [e.attributes["id"] for e in elements if "id" in e.attributes]
    assert len(ids) == 1
    assert re.fullmatch(r"tg-[0-9a-f]{10}", ids[0] or "")
    assert not any(name.startswith("on") for e in elements for name in e.attributes)


@PAGES
def test_page_needs_nothing_from_elsewhere(text: str) -> None:
    reader = Reader(text)
    named = {"src", "href", "action", "data", "poster", "srcset", "xlink:href"}
    asked = [e.attributes[n] for e in reader.elements for n in named & set(e.attributes)]
    assert [url for url in asked if not (url or "").startswith("data:")] == []
    spaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert set(re.findall(r"https?://[^\s\"'<)]+", text)) <= spaces
    styles = "".join(e.text for e in reader.all("style"))
    assert "@import" not in styles
    assert "url(" not in styles


def test_document_forbids_the_network_itself() -> None:
    (policy,) = (
        e.attributes["content"]
        for e in Reader(SEED).all("meta")
        if e.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")


def test_each_row_is_one_line_in_three_views() -> None:
    reader = Reader(SEED)
    rows = reader.all(style="row")
    lines = [one_line(), *forward(), *backward()]
    assert [e.attributes["data-step"] for e in rows] == [str(line.step) for line in lines]
    assert [e.attributes["data-latex"] for e in rows] == [line.latex for line in lines]
    assert [e.text for e in reader.all("code")] == texts(lines)
    assert [len(reader.all(t)) for t in ("code", "math", "svg")] == [len(lines)] * 3


def ids_within(reader: Reader, tag: str) -> list[set[str]]:
    """For each element of a tag the ids of values inside of it."""
    found: dict[int, set[str]] = {id(e): set() for e in reader.all(tag)}
    for element in reader.elements:
        value = element.attributes.get("data-t")
        around = element.parent
        while value is not None and around is not None:
            if id(around) in found:
                found[id(around)].add(value)
            around = around.parent
    return list(found.values())


def test_code_and_algebra_know_the_same_values_and_each_name_has_its_brick() -> None:
    reader = Reader(SEED)
    code, algebra, bricks = (ids_within(reader, tag) for tag in ("code", "math", "svg"))
    assert code == algebra
    assert code[0] == {"t0", "t1", "t2", "t4", "t5", "t6"}
    for known, drawn in zip(code, bricks, strict=True):
        assert known & set(VALUES) <= drawn


def test_steps_are_those_of_bricks() -> None:
    known = {
        e.attributes["data-t"]: e.attributes["data-s"] for e in Reader(SEED).all(style="brick")
    }
    assert known == {value: str(step) for value, (_, _, _, step) in VALUES.items()}


def test_folded_modules_and_sections_open_in_place() -> None:
    reader = Reader(ODD)
    module, section = reader.all("details")
    assert module.classes == ["module"]
    assert section.classes == ["section"]
    assert [e.text for e in reader.all("summary")] == [
        "model.blocks 12 of Block, 10,368 parameters",
        "Folded",
    ]
    inner = [e for e in reader.all(style="row") if module in ancestors(e)]
    assert [e.attributes["aria-label"] for e in inner] == ["layer_1"]


def ancestors(element: Element) -> list[Element]:
    found = []
    while element.parent is not None:
        element = element.parent
        found.append(element)
    return found


def test_rows_without_code_say_why() -> None:
    reader = Reader(ODD)
    (untold,), (ghost,) = reader.all(style="untold"), reader.all(style="ghost")
    assert untold.attributes["aria-label"] == "too deep to read"
    assert untold.text.startswith("too deep to read")
    assert ghost.text == "and so on, 12 times"
    assert [
        e for e in reader.elements if "data-copy" in e.attributes and ghost in ancestors(e)
    ] == []


def test_what_is_not_computed_is_a_dashed_empty_brick() -> None:
    (pending,) = Reader(ODD).all(style="pending")
    assert pending.attributes["aria-label"] == "unnamed intermediate: 3 by 4, not computed yet"
    inside = [e for e in Reader(ODD).elements if e.parent and e.parent.classes == pending.classes]
    (body,) = (e for e in inside if e.classes == ["body"])
    assert body.attributes["stroke-dasharray"]
    assert not [e for e in inside if "studs" in e.classes]


def test_page_without_steps_has_no_stepper() -> None:
    line = forward()[0]._replace(step=0)
    assert not Reader(page("x", "", [Section("", [line])], [], [])).all(style="stepper")
    assert Reader(SEED).one("input").attributes["max"] == str(len(steps()))


def test_empty_page() -> None:
    reader = Reader(page("", "", [], [], []))
    assert not reader.all(style="row")
    assert reader.one(style="inspector").text.startswith("Point at, tap or Tab")


# Layouts -------------------------------------------------------------------------------------


def layouts(text: str) -> list[str]:
    return [e.classes[1] for e in Reader(text).all(style="grid")]


LONG_ALGEBRA = f"<math><mi>{'y' * 80}</mi></math>"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([one_line()], "three"),
        ([one_line()._replace(width=700)], "stack"),
        ([one_line()._replace(width=700, python="x" * 89, mathml=LONG_ALGEBRA)], "tall"),
        ([one_line()._replace(width=900), forward()[0]], "cards"),
    ],
)
def test_layout_follows_widths(rows: list[Row], expected: str) -> None:
    assert layouts(page("x", "", [Section("", rows)], [], steps())) == [expected]


def test_narrow_fragments_get_other_layouts_than_pages() -> None:
    assert layouts(SEED) == ["three", "three", "three"]
    assert layouts(fragment(*seed_page())) == ["stack", "three", "cards"]
    assert layouts(fragment(*seed_page(), width=1400)) == ["three", "three", "three"]


# Text of users -------------------------------------------------------------------------------


def test_every_text_is_escaped() -> None:
    marked = f"{NAME}t5{MID}a<b{CLOSE} = {OPEN}t5{MID}relu({NAME}t0{MID}{NASTY}{CLOSE}){CLOSE}"
    row = Row(1, marked, "<math></math>", NASTY, "", 0, "t5", NASTY)
    folded = Folded(NASTY, NASTY, [Section(NASTY, [row], note=NASTY)])
    known = Fact("t5", NASTY, NASTY, NASTY, NASTY, NASTY, NASTY, NASTY)
    sections = [Section(NASTY, [row, folded], note=NASTY), Section(NASTY, [row], folded=True)]
    for make in (page, fragment):
        text = make(NASTY, NASTY, sections, [known], [NASTY])
        reader = Reader(text)
        assert not reader.all("b")
        assert len(reader.all("script")) == 2
        assert reader.all("code")[0].text == f"a<b = relu({NASTY})"
        assert reader.all(style="row")[0].attributes["data-latex"] == NASTY
        assert reader.all(style="sub")[0].text == NASTY
        assert {e.text for e in reader.all(style="note")} == {NASTY}
        data = data_of(text)
        assert data["steps"] == [NASTY]
        assert data["facts"]["t5"] == known._asdict()


def test_marks_become_nested_elements() -> None:
    product = f"{OPEN}t2{MID}{NAME}t0{MID}x{CLOSE}.dot(w){CLOSE}"
    marked = f"{NAME}t1{MID}h{CLOSE} = {OPEN}t1{MID}tg.relu({product}){CLOSE}"
    name = '<span class="nm{}" data-t="{}" tabindex="0" role="button">{}</span>'.format
    assert to_html(marked, {"t1": "layer"}) == (
        name(" layer", "t1", "h") + ' = <span data-t="t1"><span class="fn">tg.relu</span>'
        '(<span data-t="t2">' + name("", "t0", "x") + ".dot(w)</span>)</span>"
    )


def test_marks_out_of_order_still_give_well_formed_html() -> None:
    Reader(to_html(f"{CLOSE}a{OPEN}t1{MID}b"))
    assert to_html(f"{CLOSE}a{OPEN}t1{MID}b") == 'a<span data-t="t1">b</span>'


def test_roles_that_are_none_are_no_classes() -> None:
    name = f"{NAME}t1{MID}h{CLOSE}"
    assert 'class="nm"' in to_html(name, {"t1": "matmul"})
    assert 'class="nm"' in to_html(name)
    assert 'class="nm gradient"' in to_html(name, {"t1": "gradient"})


def test_copied_algebra_is_plain_latex() -> None:
    for row in (one_line(), *forward(), *backward()):
        assert not set(row.latex) & {OPEN, NAME, MID, CLOSE}


# Fragments -----------------------------------------------------------------------------------


def test_fragment_keeps_its_styles_to_itself() -> None:
    text = fragment(*seed_page())
    assert text.startswith("<div ")
    reader = Reader(text)
    scope = f"#{reader.elements[0].attributes['id']}"
    for style in reader.all("style"):
        bare = re.sub(r"/\*.*?\*/", "", style.text, flags=re.DOTALL)
        selectors = re.findall(r"([^{}]+)\{", bare)
        rules = [s.strip() for s in selectors if not s.strip().startswith("@")]
        assert len(rules) > 20 or "dark" in style.classes
        outside = [
            r
            for r in rules
            for one in split(r)
            if not one.startswith((scope, f"body{scope}", f"div{scope}"))
        ]
        assert outside == []


def split(selectors: str) -> list[str]:
    """The selectors of a list; commas within brackets separate nothing."""
    return [one.strip() for one in re.split(r",(?![^(]*\))", selectors)]


def test_fragments_have_no_headings_but_say_what_their_titles_are() -> None:
    reader = Reader(fragment(*seed_page()))
    assert not [e for e in reader.elements if re.fullmatch("h[1-6]", e.tag)]
    levels = [
        e.attributes["aria-level"] for e in reader.elements if e.attributes.get("role") == "heading"
    ]
    assert levels == ["3", "4", "4", "4"]
    assert [e.tag for e in Reader(SEED).elements if re.fullmatch("h[1-6]", e.tag)] == [
        "h1",
        *["h2"] * 3,
    ]


def test_ids_follow_from_what_is_shown() -> None:
    def root(text: str) -> str | None:
        return Reader(text).elements[0].attributes["id"]

    assert root(fragment(*seed_page())) == root(fragment(*seed_page()))
    assert root(fragment(*seed_page())) != root(fragment(*odd_page()))
    assert fragment(*seed_page()) == fragment(*seed_page())


# People --------------------------------------------------------------------------------------


@PAGES
def test_every_control_has_a_name(text: str) -> None:
    reader = Reader(text)
    controls = reader.all("button") + reader.all("input") + reader.all("summary")
    assert len(controls) > 10
    for control in controls:
        assert (control.attributes.get("aria-label") or control.text).strip()
    for control in reader.all("button"):
        assert control.attributes["type"] == "button"
    focusable = [e for e in reader.elements if "tabindex" in e.attributes]
    assert {e.attributes["tabindex"] for e in focusable} == {"0"}  # the order is that of reading
    for element in focusable:
        assert element.attributes.get("aria-label") or element.text
        assert element.attributes.get("role") in ("img", "button")


@PAGES
def test_what_needs_scripts_is_hidden_until_they_run(text: str) -> None:
    reader = Reader(text)
    needy = reader.all("button") + reader.all("input")
    assert needy
    for control in needy:
        assert any("hidden" in e.attributes for e in (control, *ancestors(control)))


def luminance(code: str) -> float:
    linear = palette.linear(palette.to_rgb(code))
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def variables(dark: bool) -> dict[str, str]:
    """The colours of the page, as #rrggbb."""
    light_text, dark_text = (HERE / "page.css").read_text("utf-8").split("/* dark */")
    found = re.findall(r"--(\w+): (#[0-9a-f]{3,6})\b", dark_text if dark else light_text)
    return {n: c if len(c) == 7 else "#" + "".join(d * 2 for d in c[1:]) for n, c in found}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(dark: bool) -> None:
    colours = variables(dark)
    inks = {found.ink for found in (palette.DARK if dark else palette.LIGHT).values()}
    papers = [colours[name] for name in ("bg", "card", "now", "hl")]
    inks |= {colours["fg"], colours["call"]}
    worst = min((contrast(ink, paper), ink, paper) for ink in inks for paper in papers)
    assert worst[0] >= 4.5, worst
    for paper in ("bg", "card", "head", "button", "now"):
        assert contrast(colours["mut"], colours[paper]) >= 4.5, paper
    assert contrast(colours["fg"], colours["over"]) >= 4.5
    for paper in ("bg", "card", "now"):  # of a focus ring, WCAG asks for 3
        assert contrast(colours["accent"], colours[paper]) >= 3


def test_light_and_dark_say_the_same_colours() -> None:
    assert variables(False).keys() == variables(True).keys()


# Errors and sizes ----------------------------------------------------------------------------


def test_steps_beyond_the_last_one_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"page: row 't7' has step 3, but there are 2 steps"):
        page("x", "", [Section("", backward())], [], ["one", "two"])


def test_two_facts_on_one_value_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"page: there are two facts on the value 't0'"):
        fragment("x", "", [], [*facts(), facts()[0]], [])


def test_page_is_small() -> None:
    assert len(page("", "", [], [], []).encode()) < 50_000
    assert len(SEED.encode()) < 120_000


def test_drawings_stand_alone() -> None:
    for row in (one_line(), *forward(), *backward()):
        ElementTree.fromstring(row.svg)
        ElementTree.fromstring(row.mathml)
    assert max(Counter(re.findall(r'\sid="([^"]*)"', SEED)).values()) == 1
