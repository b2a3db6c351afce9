"""The report page: its tables and bars, read as HTML, against the numbers that they show."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

import tensorgrok as tg
from tensorgrok import nn
from tensorgrok.views.contents import Drawing, Section, Table
from tensorgrok.views.correlation import Correlation, cells, remarks
from tensorgrok.views.gauges import draw_bar
from tensorgrok.views.page import page
from tensorgrok.views.report import GAP, SUMMARY, TRAINED, report
from tensorgrok.views.tables import to_table
from tensorgrok.views.view import View
from tests.browser import Browser
from tests.browser_pages import fixtures, style
from tests.html_reader import Element, Reader

shared, browser, folder = fixtures

NASTY = "</td><script>\"'&"


@functools.cache
def seen(rows: int = 60, held_out: int = 40) -> tuple[View, Correlation]:
    """The view of a loss, and the correlations, of a network that nobody trained."""
    tg.seed(0)
    x = tg.normal((rows + held_out, 6))
    y = x[:, :1] * x[:, 1:2]
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))
    others = (x[rows:], y[rows:]) if held_out else None
    found = tg.correlate(model, (x[:rows], y[:rows]), others)
    loss = nn.mse(model(x[:1]), y[:1])
    loss.backward(retain_graph=True)
    return tg.view(loss, names={"model": model, "loss": loss}, correlation=found), found


def inside(reader: Reader, of: Element, tag: str) -> list[Element]:
    """The elements of a tag within another, in order."""
    found = []
    for element in reader.all(tag):
        around = element.parent
        while around is not None and around is not of:
            around = around.parent
        found += [element] if around is of else []
    return found


def texts(reader: Reader, table: Element) -> list[list[str]]:
    """The rows of a table as text."""
    return [
        [cell.text for cell in reader.elements if cell.parent is row]
        for row in inside(reader, table, "tr")
    ]


# Tables ----------------------------------------------------------------------------------------


def test_headings_of_columns_stand_over_their_cells() -> None:
    groups = [("", ["layer"]), ("R²", ["train", "held"])]
    reader = Reader(to_table(Table([["l₀", "0.5", None], ["l₁", "0.7", "0.6"]], groups)))
    (table,) = reader.all("table")
    above, below, *rows = texts(reader, table)
    assert above == ["", "R²"]
    assert below == ["layer", "train", "held"]
    assert rows == [["l₀", "0.5", ""], ["l₁", "0.7", "0.6"]]
    first, second = (e for e in reader.elements if "colspan" in e.attributes)
    assert (first.tag, first.attributes["colspan"]) == ("td", "1")
    assert second.attributes == {"colspan": "2", "scope": "colgroup", "class": "starts"}
    scopes = [e.attributes["scope"] for e in reader.all("th")]
    assert scopes == ["colgroup", "col", "col", "col", "row", "row"]
    assert [e.text for e in reader.all(style="starts")] == ["R²", "train", "0.5", "0.7"]


def test_table_of_names_has_no_head_and_its_names_are_headings() -> None:
    reader = Reader(to_table(Table([("time", "2 s"), ("loss", "0.1")])))
    assert not reader.all("thead")
    assert [e.text for e in reader.all("th")] == ["time", "loss"]
    assert {e.attributes["scope"] for e in reader.all("th")} == {"row"}
    assert [e.text for e in reader.all("td", "text")] == ["2 s", "0.1"]


def test_groups_without_titles_have_one_row_of_headings() -> None:
    reader = Reader(to_table(Table([["1", "2"]], [("", ["a", "b"])])))
    assert texts(reader, reader.all("table")[0]) == [["a", "b"], ["1", "2"]]


def test_text_in_tables_and_keys_is_escaped() -> None:
    table = Table([[NASTY, NASTY]], [(NASTY, [NASTY, NASTY])])
    key = [(draw_bar((0.5, 0.5), 20, 9, NASTY), NASTY)]
    reader = Reader(page("x", "", [Section("", [table], key=key)], [], []))
    assert [e.text for e in reader.all("th") + reader.all("td")] == [NASTY] * 5
    assert reader.all(style="key")[0].text.strip() == f"{NASTY} {NASTY}"
    (bar,) = (e for e in reader.all("svg") if e.attributes.get("role") == "img")
    assert bar.attributes["aria-label"] == NASTY


def test_drawing_in_a_cell_is_drawn() -> None:
    reader = Reader(to_table(Table([["l₀", Drawing(draw_bar((0.25, 0.5), 80, 9, "0.25"))]])))
    (drawing,) = reader.all("svg")
    assert drawing.parent is not None
    assert drawing.parent.tag == "td"
    assert drawing.attributes["width"] == "81"


# Bars ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bar", "signal", "noise"),
    [((0.25, 0.75), 20, 60), ((None, 0.5), 0, 40), ((-0.5, 2.0), 0, 80), ((0.9, 0.5), 72, 40)],
)
def test_bar_is_as_long_as_its_numbers(
    bar: tuple[float | None, float], signal: float, noise: float
) -> None:
    reader = Reader(draw_bar(bar, 80, 9))
    wide = {e.classes[0]: float(e.attributes["width"] or "") for e in reader.all("rect")}
    assert wide == {"track": 80, "noise": noise, "signal": signal}
    assert bool(reader.all("path", "hatch")) == (noise > signal)
    assert reader.all("svg")[0].attributes["aria-hidden"] == "true"


# The report ------------------------------------------------------------------------------------


def test_report_has_figures_then_the_view_then_the_correlations() -> None:
    view, correlation = seen()
    figures = [("backend", "numpy"), ("note", "<none>")]
    reader = Reader(report("A title", "A subtitle.", figures, view, correlation))
    titles = [e.text for e in reader.all("h2")]
    own = [e.text for e in Reader(view.html()).all("h2")]
    assert len(own) == 3
    assert titles == [TRAINED, *own, SUMMARY]
    assert reader.all("h1")[0].text == "A title"
    first, last = reader.all("table")
    assert texts(reader, first) == [["backend", "numpy"], ["note", "<none>"]]
    lines = {line.python for line in (*view.lines, *view.backward.lines)}
    assert len(lines) > 6
    assert lines <= {e.text for e in reader.all("code")}
    assert reader.elements.index(first) < reader.elements.index(reader.all("code")[0])
    assert reader.elements.index(reader.all("code")[-1]) < reader.elements.index(last)


def test_table_says_what_the_text_says_and_draws_it() -> None:
    view, correlation = seen()
    reader = Reader(report("", "", [], view, correlation))
    table = reader.all("table")[-1]
    above, below, *rows = texts(reader, table)
    place = below.index("signal and noise")
    assert above == ["", "R² with y", "CKA with y", "what reaches it", "left to learn", "steps"]
    printed = [line.split() for line in str(correlation).splitlines()]
    assert [row[:place] + row[place + 1 :] for row in rows] == printed[-3:]
    assert " ".join([*below[:place], *below[place + 1 :]]).split() == printed[-4]
    bars = inside(reader, table, "svg")
    assert [bar.attributes["aria-label"] for bar in bars] == [
        f"{round(row.r2_held_out or 0, 2) + 0.0:.2f} of {row.r2_train:.2f}".replace("-", "\u2212")
        for row in correlation.rows
    ]
    signals = [e for e in inside(reader, table, "rect") if "signal" in e.classes]
    assert [float(e.attributes["width"] or "") for e in signals] == [
        pytest.approx(78 * max(row.r2_held_out or 0, 0), abs=0.051) for row in correlation.rows
    ]


def test_key_says_what_bars_mean_wherever_they_are() -> None:
    view, correlation = seen()
    reader = Reader(report("", "", [], view, correlation))
    keys = [e.text for e in reader.all(style="key")]
    assert len(keys) == 2
    assert set(keys) == {" signal: R² with the target on held-out rows too on training rows alone"}
    assert len(Reader(view.html()).all(style="key")) == 1
    assert not Reader(tg.view(view.reading.tensor).html()).all(style="key")
    notes = [e.text for e in reader.all("p", "sub")]
    assert notes[-1] == f"60 rows to learn from, 40 held out. {GAP}"


def test_report_without_held_out_rows_claims_no_signal() -> None:
    view, correlation = seen(held_out=0)
    reader = Reader(report("", "", [], view, correlation))
    table = reader.all("table")[-1]
    assert "held" not in texts(reader, table)[1]
    signals = [e for e in inside(reader, table, "rect") if "signal" in e.classes]
    assert [e.attributes["width"] for e in signals] == ["0"] * 3
    assert GAP not in reader.all("p", "sub")[-1].text
    labels = [e.attributes["aria-label"] or "" for e in inside(reader, table, "svg")]
    assert all(label.startswith("train ") for label in labels)


def test_report_on_a_handful_of_rows_has_no_bars() -> None:
    view, correlation = seen(rows=6, held_out=5)
    assert not correlation.bars
    reader = Reader(report("", "", [], view, correlation))
    assert not reader.all(style="key")
    assert texts(reader, reader.all("table")[-1])[1] == ["layer", "width", "best |r|", "CKA"]
    assert "of fewer than 10 rows a readout fits anything" in reader.all("p", "sub")[-1].text


def test_report_without_correlations_has_none() -> None:
    view, _ = seen()
    reader = Reader(report("", "", [("loss", "nan")], view, None))
    assert len(reader.all("table")) == 1
    assert SUMMARY not in [e.text for e in reader.all("h2")]


def test_cells_and_remarks_are_those_of_the_printed_table() -> None:
    _, correlation = seen()
    groups, rows = cells(correlation)
    assert [len(row) for row in rows] == [sum(len(headings) for _, headings in groups)] * 3
    assert rows[1][:2] == ["l₁", "4"]
    assert remarks(correlation) == ["60 rows to learn from, 40 held out"]
    wide = seen(rows=4, held_out=0)[1]
    assert remarks(wide) == [
        "4 rows to learn from, train only: without held-out rows signal and noise look the same",
        "of fewer than 10 rows a readout fits anything; CKA is that of these rows",
    ]


# In a browser ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(folder: Path) -> Path:
    view, correlation = seen()
    path = folder / "report.html"
    figures = [("network", "6 → 4 → 1"), ("note", "a long remark, " * 30)]
    path.write_text(report("A report", "On a line.", figures, view, correlation), encoding="utf-8")
    return path


@pytest.mark.browser
@pytest.mark.parametrize("width", [1400, 700, 420])
def test_tables_fit_or_scroll_by_themselves(browser: Browser, opened: Path, width: int) -> None:
    browser.resize(width, 900)
    browser.open(opened)
    page_width, room = browser.run(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert page_width <= room
    figures, summary = browser.run(
        "return [...document.querySelectorAll('.wide')].map(e => e.scrollWidth - e.clientWidth)"
    )
    assert figures == 0
    assert (summary > 0) == (width < 900)


@pytest.mark.browser
def test_bars_of_the_table_turn_dark_with_the_page(browser: Browser, opened: Path) -> None:
    fills = []
    for scheme in ("light", "dark"):
        browser.emulate(prefers_color_scheme=scheme)
        browser.open(opened)
        fills.append(
            [style(browser, f"{place} .signal", "fill") for place in (".key", "td", ".gauge")]
        )
    light, dark = fills
    assert light == [light[0]] * 3
    assert dark == [dark[0]] * 3
    assert light != dark
