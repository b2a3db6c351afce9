"""Pages in a real browser: copying, dark and paper, room, network, no scripts, notebooks.

Like ``test_page_browser``, which says when these tests are skipped.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tensorgrok.views.page import fragment
from tests.browser import RIGHT, Browser
from tests.browser_pages import LINES, fixtures, link, said, style
from tests.page_samples import backward, forward, seed_page, texts

pytestmark = pytest.mark.browser

shared, browser, folder = fixtures


# Copying -------------------------------------------------------------------------------------


def copied(browser: Browser, row: str, kind: str) -> str:
    """What is on the clipboard after a copy button said that it is."""
    browser.run("document.querySelector('.said').textContent = ''")
    browser.click(f"{row} [data-copy={kind}]")
    browser.wait(f"document.querySelector('.said').textContent === 'copied {kind}'")
    return browser.pasted()


@pytest.mark.parametrize("refused", [False, True], ids=["clipboard", "selection"])
def test_copy_buttons_of_a_row(browser: Browser, folder: Path, refused: bool) -> None:
    browser.open(folder / "seed.html")
    if refused:
        browser.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    row = '.row[aria-label="layer_1_delta"]'
    assert copied(browser, row, "Python") == texts([LINES[-2]])[0]
    assert copied(browser, row, "LaTeX") == LINES[-2].latex
    browser.click("[data-go=first]")
    drawing = ElementTree.canonicalize(copied(browser, row, "SVG"), rewrite_prefixes=True)
    assert drawing == ElementTree.canonicalize(LINES[-2].svg, rewrite_prefixes=True)
    assert said(browser, f"{row} [data-copy=SVG]") == "copied"
    assert browser.run("return document.querySelectorAll('textarea').length") == 0
    browser.wait(f"document.querySelector({f'{row} [data-copy=SVG]'!r}).textContent === 'SVG'")


def test_copying_that_fails_says_so(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    browser.run(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
        "document.execCommand = () => false"
    )
    browser.click(".row [data-copy=LaTeX]")
    assert said(browser, ".said") == "could not copy: select the text and copy it yourself"
    assert said(browser, ".row [data-copy=LaTeX]") == "failed"


def test_copying_everything_takes_each_line_once(browser: Browser, folder: Path) -> None:
    browser.open(folder / "odd.html")
    expected = [*texts(backward())[:1], *texts(forward()), *texts(backward())[1:]]
    assert copied(browser, ".tools", "Python").splitlines() == expected
    browser.open(folder / "seed.html")
    assert copied(browser, ".tools", "LaTeX").splitlines() == [line.latex for line in LINES]
    root = ElementTree.fromstring(copied(browser, ".tools", "SVG"))
    assert len(root) == len(LINES)
    tops = [float(drawing.attrib["y"]) for drawing in root]
    ends = [float(d.attrib["y"]) + float(d.attrib["height"]) for d in root]
    assert all(end < top for end, top in zip(ends, tops[1:], strict=False))
    assert float(root.attrib["height"]) == ends[-1]


# Light and dark, paper -----------------------------------------------------------------------

COLOURED = {
    "body": "background-color",
    "code .nm.layer": "color",
    "math .nm.delta": "color",
    "svg .brick.weight > .body": "fill",
    "svg .brick.weight .stud": "fill",
    "svg .sym": "fill",
    "svg .chan": "fill",
    ".grid": "background-color",
}


def colours(browser: Browser) -> dict[str, str]:
    return {selector: style(browser, selector, name)[0] for selector, name in COLOURED.items()}


def test_dark_scheme_by_system_and_by_button(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    light = colours(browser)
    assert light["svg .brick.weight > .body"] == "rgb(223, 230, 239)"
    browser.emulate(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    dark = colours(browser)
    assert not {name for name in dark if dark[name] == light[name]}
    assert dark["svg .brick.weight > .body"] == "rgb(38, 48, 63)"
    browser.wait("document.querySelector('.scheme').ariaPressed === 'true'")
    browser.click(".scheme")
    browser.point("h1")
    assert colours(browser) == light
    browser.click(".scheme")
    browser.emulate(prefers_color_scheme="light")
    assert colours(browser) == dark


def test_dark_rings_and_marks_win_over_the_colours_of_bricks(
    browser: Browser, folder: Path
) -> None:
    browser.emulate(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    browser.open(link(folder / "seed.html", "on=layer_1"))
    body = ".brick[data-t=t5] > .body"
    assert style(browser, body, "stroke", "stroke-width") == ["rgb(233, 229, 220)", "2.6px"]
    assert style(browser, ".pill.on .capsule", "fill") == ["rgb(79, 64, 24)"]


@pytest.mark.parametrize("dark", ["light", "dark"])
def test_paper_is_light_and_has_no_controls(browser: Browser, folder: Path, dark: str) -> None:
    browser.emulate(prefers_color_scheme=dark)
    browser.open(folder / "seed.html")
    assert style(browser, ".stepper", "display") == ["flex"]
    browser.emulate("print", prefers_color_scheme=dark)
    for control in (".stepper", ".tools", ".inspector", ".row .copies"):
        assert style(browser, control, "display") == ["none"]
    assert style(browser, "svg .brick.weight > .body", "fill") == ["rgb(223, 230, 239)"]
    assert style(browser, "code", "display") != ["none"]


def test_paper_is_light_for_those_who_chose_dark(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    browser.click(".scheme")
    assert style(browser, "body", "background-color") == ["rgb(28, 27, 25)"]
    browser.emulate("print")
    assert style(browser, "svg .brick.weight > .body", "fill") == ["rgb(223, 230, 239)"]


def test_nothing_moves_for_those_who_want_that(browser: Browser, folder: Path) -> None:
    browser.emulate()
    browser.open(folder / "seed.html")
    assert style(browser, ".brick .body", "transition-duration") == ["0.12s"]
    browser.emulate(prefers_reduced_motion="reduce")
    assert style(browser, ".brick .body", "transition-duration") == ["0s"]


# Room, network, scripts ----------------------------------------------------------------------


def test_page_asks_for_nothing_but_itself(browser: Browser, folder: Path) -> None:
    path = folder / "seed.html"
    browser.open(path)
    browser.click("[data-go=first]")
    assert browser.requests() == [path.absolute().as_uri()]
    browser.run("new Image().src = 'http://127.0.0.1:9/x.png'")
    refused = browser.console()
    assert len(refused) == 1
    assert "Content Security Policy" in refused[0]


@pytest.mark.parametrize("width", [1400, 1000, 760, 500])
def test_nothing_sticks_out(browser: Browser, folder: Path, width: int) -> None:
    for name in ("seed.html", "odd.html"):
        browser.open(folder / name)
        browser.resize(width, 900)
        page_width, window = browser.run(
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert page_width <= window
        cut = browser.run(
            "return [...document.querySelectorAll('.p, .a, .b')].filter(e =>"
            " e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
        )
        assert cut == []


def test_layout_follows_the_window(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    layout = "return [...document.querySelectorAll('.grid')].map(e => e.className)"
    assert browser.run(layout) == ["grid three"] * 3
    browser.resize(760, 900)
    assert browser.run(layout) == ["grid tall", "grid cards", "grid cards"]


@pytest.mark.parametrize("name", ["seed.html", "odd.html"])
def test_without_scripts_everything_is_there(browser: Browser, folder: Path, name: str) -> None:
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(folder / name)
    told = json.loads(
        browser.devtools(
            "Runtime.evaluate",
            expression="JSON.stringify({ready: document.body.dataset.ready ?? null,"
            " rows: [...document.querySelectorAll('.row code')].map(e => e.textContent),"
            " drawn: [...document.querySelectorAll('.three svg')].every(e => e.checkVisibility()),"
            " studs: document.querySelectorAll('.stud').length,"
            " controls: [...document.querySelectorAll('button, input')]"
            "   .filter(e => e.checkVisibility()).length})",
        )["result"]["value"]
    )
    assert told["ready"] is None  # scripts did not run
    assert told["rows"]
    assert told["studs"] > 20
    assert told["drawn"] == (name == "seed.html")  # the other one has something folded
    assert told["controls"] == 0


# Notebooks -----------------------------------------------------------------------------------


def test_two_fragments_leave_each_other_alone(browser: Browser, folder: Path) -> None:
    browser.open(folder / "two.html")
    roots = browser.run("return [...document.querySelectorAll('.tg-view')].map(e => e.id)")
    first, second = (f"#{root}" for root in roots)
    browser.click(f"{first} [data-go=first]")
    values = "return [...document.querySelectorAll('input')].map(e => e.value)"
    assert browser.run(values) == ["0", "6"]
    browser.press(RIGHT)
    assert browser.run(values) == ["1", "6"]
    browser.point(f"{first} code .nm[data-t=t5]")
    lit = "return document.querySelectorAll(arguments[0] + ' .on').length"
    assert browser.run(lit, first) > 0
    assert browser.run(lit, second) == 0
    background = browser.run("return getComputedStyle(document.body).backgroundColor")
    browser.click(f"{second} .scheme")
    assert style(browser, second, "background-color") == ["rgb(28, 27, 25)"]
    assert style(browser, first, "background-color") == ["rgb(255, 253, 249)"]
    assert background == browser.run("return getComputedStyle(document.body).backgroundColor")
    browser.run("document.activeElement.blur()")
    browser.press(RIGHT)  # nobody has the focus, so nobody is meant
    assert browser.run(values) == ["1", "6"]


INSERT = (
    "const box = document.createElement('div'); box.innerHTML = arguments[0];"
    "document.body.append(box);"
    # There is no current script meanwhile.
    "for (const script of box.querySelectorAll('script:not([type])')) (0, eval)(script.text)"
)


def test_fragments_work_when_scripts_are_inserted_again(browser: Browser, folder: Path) -> None:
    browser.open(folder / "blank.html")
    text = fragment(*seed_page())
    before = style(browser, "#outside", "color", "font-size", "background-color", "margin-top")
    browser.run(INSERT, text)
    browser.run(INSERT, text)  # the same output in a second place
    assert browser.run("return document.querySelectorAll('[data-ready]').length") == 2
    for place in (0, 1):
        browser.click("[data-go=first]", place)
        browser.click("[data-go='1']", 1 - place)
    values = "return [...document.querySelectorAll('input')].map(e => e.value)"
    assert browser.run(values) == ["1", "0"]
    after = style(browser, "#outside", "color", "font-size", "background-color", "margin-top")
    assert after == before


@pytest.mark.parametrize(("light", "paper"), [("true", "255, 253, 249"), ("false", "28, 27, 25")])
def test_fragments_follow_the_theme_of_the_notebook(
    browser: Browser, folder: Path, light: str, paper: str
) -> None:
    browser.open(folder / "blank.html")
    browser.run("document.body.dataset.jpThemeLight = arguments[0]", light)
    browser.run(INSERT, fragment(*seed_page()))
    assert style(browser, ".tg-view", "background-color") == [f"rgb({paper})"]


def test_fragments_are_as_wide_as_asked_and_no_wider_than_their_place(
    browser: Browser, folder: Path
) -> None:
    browser.open(folder / "blank.html")
    browser.run(INSERT, fragment(*seed_page(), width=800))
    assert style(browser, ".tg-view", "width") == ["800px"]
    browser.resize(600, 900)
    assert float(style(browser, ".tg-view", "width")[0][:-2]) < 600


def test_screen_readers_get_names_for_everything(browser: Browser, folder: Path) -> None:
    browser.open(folder / "seed.html")
    browser.devtools("Accessibility.enable")
    nodes = browser.devtools("Accessibility.getFullAXTree")["nodes"]
    shown = [node for node in nodes if not node["ignored"]]
    nameless = [
        node["role"]["value"]
        for node in shown
        if node["role"]["value"] in ("button", "slider", "image", "heading", "link")
        and not node.get("name", {}).get("value")
    ]
    assert nameless == []
    names = [node["name"]["value"] for node in shown if node["role"]["value"] == "image"]
    assert any(name.startswith("weights_0_1: 3 by 4, from ") for name in names)
