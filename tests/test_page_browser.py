"""Pages in a real browser: what lights up, steps and links.

Without Chromium these tests are skipped with the reason; ``TENSORGROK_REQUIRE_BROWSER=1`` makes
failures of that.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser import ENTER, ESCAPE, LEFT, RIGHT, SHIFT, TAB, Browser
from tests.browser_pages import LAST, LINES, LIT, VALUE_NAMES, fixtures, link, said, state, style

pytestmark = pytest.mark.browser

shared, browser, folder = fixtures


# Lighting up ---------------------------------------------------------------------------------


def lit_in(browser: Browser) -> dict[str, list[str]]:
    """The ids that are lit up, by what kind of part is: code, math, svg."""
    found: dict[str, list[str]] = browser.run(
        "const found = {code: [], math: [], svg: []};"
        "for (const e of document.querySelectorAll('.on'))"
        "  found[e.closest('code, math, svg').localName].push(e.getAttribute('data-t'));"
        "return found"
    )
    return found


@pytest.mark.parametrize(
    "selector",
    [
        "code .nm[data-t=t1]",
        "math .nm[data-t=t1]",
        "svg .brick[data-t=t1] > .body",
        "svg .brick[data-t=t1] .stud",
        "svg .brick[data-t=t1] .lbl tspan",
    ],
)
def test_pointing_lights_up_the_value_in_all_views(
    browser: Browser, folder: Path, selector: str
) -> None:
    browser.open(folder / "seed.html")
    assert browser.run(LIT) == []
    browser.point(selector)
    for lit in lit_in(browser).values():
        assert set(lit) == {"t1"}
    every = browser.run("return document.querySelectorAll('[data-t=t1]').length")
    assert len(browser.run(LIT)) == every
    assert said(browser, ".inspector").startswith("W₀ · weights_0_1 · weight · 3×4 · ")  # noqa: RUF001
    browser.point("h1")
    assert browser.run(LIT) == []


def test_hidden_layer_lights_up_its_expression_where_it_has_no_name(
    browser: Browser, folder: Path
) -> None:
    browser.open(folder / "seed.html")
    browser.point("svg .brick[data-t=t5] > .body")
    shown = browser.run(
        "const row = document.querySelector('.row');"
        "return [...row.querySelectorAll('span.on, mrow.on, .pill.on')].map(e => e.textContent)"
    )
    assert shown[0] == "relu(layer_0.dot(weights_0_1))"
    assert shown[1].replace("\u2062", "").replace("\u2061", "") == "relu(l0W0)"
    assert shown[2] == "relu"


def test_innermost_value_under_the_pointer_is_lit(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    browser.point("code span[data-t=t5] > .fn")
    assert set(browser.run(LIT)) == {"t5"}
    browser.point("code span[data-t=t5] .nm[data-t=t0]")
    assert set(browser.run(LIT)) == {"t0"}


def focused(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = browser.run(
        "const e = document.activeElement;"
        "return {tag: e.localName, id: e.getAttribute('data-t'), go: e.dataset.go ?? null,"
        " name: e.getAttribute('aria-label') ?? e.textContent}"
    )
    return found


def test_tab_goes_through_everything_in_reading_order(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    seen = []
    for _ in range(24):
        browser.press(TAB)
        seen.append(focused(browser))
        value = seen[-1]["id"]
        assert set(browser.run(LIT)) == ({value} if value else set())
    assert [stop["name"] for stop in seen[:9]] == [
        *(f"copy {kind} of everything" for kind in ("Python", "LaTeX", "SVG")),
        *("dark", "go to the start", "one step back", "one step on", "go to the end"),
        "step through the forward and backward pass",
    ]
    first = seen[9:]
    assert [(stop["tag"], stop["id"]) for stop in first if stop["id"]] == [
        *(("span", value) for value in ("t6", "t0", "t1", "t2")),
        *(("mrow", value) for value in ("t6", "t0", "t1", "t2")),
        *(("g", value) for value in re.findall(r'"brick[^>]*data-t="(\w+)"', LINES[0].svg)[:4]),
    ]
    assert [stop["name"] for stop in first if not stop["id"]] == [
        f"copy {kind} of layer_2" for kind in ("Python", "LaTeX", "SVG")
    ]
    browser.hold(SHIFT, TAB)
    assert focused(browser) == seen[-2]


def test_focus_has_a_ring(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    browser.press(*[TAB] * 10)
    assert focused(browser)["tag"] == "span"
    ring = style(browser, ":focus", "outline-style", "outline-width")
    assert ring in (["solid", "2px"], ["solid", "2.6px"])  # some round to whole pixels
    browser.run("document.querySelector('svg .brick').focus({focusVisible: true})")
    ring = style(browser, "svg .brick:focus > .body", "stroke", "stroke-width")
    assert ring == ["rgb(11, 92, 173)", "2.6px"]


def test_touching_keeps_a_value_lit(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    browser.tap("math .nm[data-t=t2]")
    assert all(set(lit) == {"t2"} for lit in lit_in(browser).values())
    browser.tap("svg .brick[data-t=t0] > .body")
    assert set(browser.run(LIT)) == {"t0"}
    browser.tap("[data-go='-1']")
    assert set(browser.run(LIT)) == {"t0"}
    browser.tap("h1")
    assert browser.run(LIT) == []


def test_enter_keeps_a_value_and_escape_lets_go(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    browser.press(*[TAB] * 10, ENTER, TAB, TAB)
    assert set(browser.run(LIT)) == {"t1"}
    browser.run("document.activeElement.blur()")
    assert set(browser.run(LIT)) == {"t6"}
    browser.press(ESCAPE)
    browser.press(*[TAB] * 3, ESCAPE)
    assert "t6" not in browser.run(LIT)


# Steps ---------------------------------------------------------------------------------------


def test_page_opens_with_everything_computed(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    assert state(browser) == {"step": LAST, "future": [], "now": [], "later": [], "current": []}
    assert said(browser, "output") == "6/6  ∇W₀ = l₀ᵀ δ₁"


def test_steps_by_button_key_and_slider(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    browser.click("[data-go=first]")
    assert state(browser)["step"] == 0
    assert said(browser, "output") == "inputs and weights only"
    assert state(browser)["future"] == ["t11", "t12", "t5", "t6", "t7", "t8"]
    browser.click("[data-go='1']")
    assert state(browser) == {
        "step": 1,
        "future": ["t11", "t12", "t6", "t7", "t8"],
        "now": ["t5"],
        "later": sorted(VALUE_NAMES[1:]),
        "current": ["layer_1"],
    }
    browser.press(RIGHT, RIGHT)
    assert state(browser)["step"] == 3
    assert state(browser)["now"] == ["t7"]
    browser.press(LEFT)
    assert state(browser)["step"] == 2
    browser.click("[data-go='-1']")
    assert state(browser)["step"] == 1
    browser.press(*[LEFT] * 3)
    assert state(browser)["step"] == 0
    browser.run("document.querySelector('input').focus()")
    browser.press(RIGHT)
    assert state(browser)["step"] == 1
    assert browser.run("return document.querySelector('input').ariaValueText") == said(
        browser, "output"
    )
    browser.click("[data-go=last]")
    browser.press(RIGHT)
    assert state(browser)["step"] == LAST


def test_what_is_not_computed_yet_is_empty_and_dashed(browser: Browser, folder: Path) -> None:
    browser.open(link(folder / "seed.html", "step=2"))
    future = ".brick[data-t=t7]"
    assert style(browser, f"{future} > .body", "stroke-dasharray") == ["3px, 3px"]
    assert style(browser, f"{future} .stud", "visibility") == ["hidden"]
    assert style(browser, ".bk", "visibility") == ["hidden"]
    assert style(browser, ".brick[data-t=t6] > .body", "stroke-dasharray") == ["none"]
    assert style(browser, ".brick[data-t=t6] > .body", "stroke-width") == ["2.6px"]
    assert style(browser, ".brick[data-t=t6] .stud", "visibility") == ["visible"]
    assert float(style(browser, ".row.later > .a", "opacity")[0]) < 0.5
    browser.press(*[RIGHT] * 4)
    assert style(browser, f"{future} .stud", "visibility") == ["visible"]


@pytest.mark.parametrize(("asked", "step"), [("3", 3), ("0", 0), ("99", 6), ("-4", 0), ("x", 0)])
def test_links_to_steps(browser: Browser, folder: Path, asked: str, step: int) -> None:
    browser.open(link(folder / "seed.html", f"step={asked}"))
    assert state(browser)["step"] == step


def test_links_to_values(browser: Browser, folder: Path) -> None:
    browser.open(link(folder / "seed.html", "on=layer_1"))
    assert set(browser.run(LIT)) == {"t5"}
    assert said(browser, ".inspector").startswith("l₁ · layer_1 · layer · 1×4 · ")  # noqa: RUF001
    assert "l₁ = relu(l₀ W₀)" in said(browser, ".inspector")
    browser.run("location.hash = '#on=' + encodeURIComponent('∇W₁') + '&step=4'")
    browser.wait("document.querySelector('.on')?.getAttribute('data-t') === 't8'")
    assert state(browser)["step"] == 4
    browser.open(link(folder / "seed.html", "on=nobody"))
    assert browser.run(LIT) == []


def test_links_open_what_is_folded(browser: Browser, folder: Path) -> None:
    browser.open(link(folder / "odd.html", "on=weight_delta_1_2"))
    assert set(browser.run(LIT)) == {"t8"}
    assert browser.run("return document.querySelector('details.section').open")
    assert not browser.run("return document.querySelector('details.module').open")
