"""What tests in a browser share: the session, the pages that it opens, and what is to be seen.

A test module takes the fixtures over by assignment: ``shared, browser, folder = fixtures``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tensorgrok.views.page import fragment, page
from tests.browser import REQUIRED, Browser, why_no_browser
from tests.page_samples import backward, forward, odd_page, one_line, seed_page, texts

#: The lines of the sample page, and how many steps it has.
LINES = [one_line(), *forward(), *backward()]
LAST = len(backward()) + len(forward())
VALUE_NAMES = [line.split(" = ")[0] for line in texts([*forward(), *backward()])]

#: Script: the ids of what is lit up.
LIT = "return [...document.querySelectorAll('.on')].map(e => e.getAttribute('data-t'))"


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    reason = why_no_browser()
    if reason is not None and REQUIRED:
        pytest.fail(f"TENSORGROK_REQUIRE_BROWSER is set, and {reason}", pytrace=False)
    if reason is not None:
        pytest.skip(f"no browser: {reason}")
    with Browser() as session:
        yield session


@pytest.fixture
def browser(shared: Browser) -> Iterator[Browser]:
    """A browser as it was started; after the test, nothing may have gone wrong in it."""
    shared.emulate(prefers_reduced_motion="reduce")
    yield shared
    shared.emulate()
    shared.devtools("Emulation.setScriptExecutionDisabled", value=False)
    shared.resize(1400, 1000)
    assert shared.console() == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("pages")
    (found / "seed.html").write_text(page(*seed_page()), encoding="utf-8")
    (found / "odd.html").write_text(page(*odd_page()), encoding="utf-8")
    blank = "<!doctype html><meta charset=utf-8><title>n</title><link rel=icon href=data:,>"
    (found / "blank.html").write_text(blank + "<body><p id=outside>x", encoding="utf-8")
    both = fragment(*seed_page()) + fragment(*odd_page())
    (found / "two.html").write_text(f"{blank}<body><p>before</p>{both}", encoding="utf-8")
    return found


def link(path: Path, anchor: str) -> str:
    return f"{path.absolute().as_uri()}#{anchor}"


def style(browser: Browser, selector: str, *properties: str) -> list[str]:
    """Computed style of the first element that a selector finds."""
    script = (
        "const s = getComputedStyle(document.querySelector(arguments[0]));"
        "return arguments[1].map(p => s.getPropertyValue(p))"
    )
    found: list[str] = browser.run(script, selector, list(properties))
    return found


def said(browser: Browser, selector: str) -> str:
    text: str = browser.run("return document.querySelector(arguments[0]).textContent", selector)
    return text


def state(browser: Browser) -> dict[str, Any]:
    """Where the stepper is: the values not computed yet, the current ones, rows dimmed and not."""
    found: dict[str, Any] = browser.run(
        "const at = (s, a) => [...new Set([...document.querySelectorAll(s)]"
        "  .map(e => e.getAttribute(a)))].sort();"
        "return {step: Number(document.querySelector('input').value),"
        " future: at('.brick.future', 'data-t'), now: at('.brick.now', 'data-t'),"
        " later: at('.row.later', 'aria-label'), current: at('.row.current', 'aria-label')}"
    )
    return found


fixtures = shared, browser, folder
