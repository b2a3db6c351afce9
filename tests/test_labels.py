"""Labels: symbols as SVG text, and how wide they are."""

# ruff: noqa: RUF001  # mathematics is written in these characters

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tensorgrok.views.labels import SCRIPT, label_svg, label_width


@pytest.mark.parametrize(
    ("symbol", "runs"),
    [
        ("y", [("y", "italic", None)]),
        ("W_{0}", [("W", "italic", None), ("0", None, "72%")]),
        (r"\mathrm{hidden}_{1}", [("hidden", None, None), ("1", None, "72%")]),
        (r"W_{\mathrm{hh}}", [("W", "italic", None), ("hh", None, "72%")]),
        (r"\nabla W_{0}", [("∇", None, None), ("W", "italic", None), ("0", None, "72%")]),
        (r"\hat{y}", [("\N{LATIN SMALL LETTER Y WITH CIRCUMFLEX}", "italic", None)]),
        (r"l_{1}'", [("l", "italic", None), ("1", None, "72%"), ("′", None, None)]),
        (r"\lambda", [("λ", "italic", None)]),
    ],
)
def test_labels(symbol: str, runs: list[tuple[str, str | None, str | None]]) -> None:
    text = ElementTree.fromstring(f"<text>{label_svg(symbol)}</text>")
    assert [
        (s.text, s.get("font-style"), s.get("font-size")) for s in text if s.text != "\u200b"
    ] == runs


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("symbol", ["y", "W_{0}", r"l_{1}'", "x^{2}", r"\delta_{Q,1}"])
def test_after_a_label_the_text_goes_on_along_the_line(symbol: str, transposed: bool) -> None:
    text = ElementTree.fromstring(f"<text>{label_svg(symbol, transposed)}</text>")
    moved = [
        float(span.get("dy", "0em").removesuffix("em")) * (SCRIPT if span.get("font-size") else 1)
        for span in text
    ]
    assert sum(moved) == pytest.approx(0, abs=0.01)
    assert ("⊤" in "".join(text.itertext())) == transposed
    if transposed:
        assert min(moved) < -0.3


#: Advances in em that the metrics of Times and Helvetica state.
TIMES = {
    "W": 0.944,
    "m": 0.778,
    "l": 0.278,
    "0": 0.5,
    "h": 0.5,
    "i": 0.278,
    "d": 0.5,
    "e": 0.444,
    "n": 0.5,
}
HELVETICA = {
    "W": 0.944,
    "m": 0.833,
    "l": 0.222,
    "0": 0.556,
    "h": 0.556,
    "i": 0.222,
    "d": 0.556,
    "e": 0.556,
    "n": 0.556,
}


@pytest.mark.parametrize("metrics", [TIMES, HELVETICA])
def test_a_label_is_no_wider_than_it_says(metrics: dict[str, float]) -> None:
    for word in ("W", "m", "l", "hidden", "Wmlhidn"):
        real = sum(metrics[letter] for letter in word)
        assert real <= label_width(rf"\mathrm{{{word}}}", 1) <= 1.6 * real
    real = metrics["W"] + SCRIPT * metrics["0"]
    assert real <= label_width("W_{0}", 1) <= 1.3 * real


def test_widths_follow_size_scripts_and_accents() -> None:
    assert label_width("W_{0}", 30) == pytest.approx(2 * label_width("W_{0}", 15))
    assert (
        label_width("W_{0}", 15, transposed=True) > label_width("W_{0}", 15) > label_width("W", 15)
    )
    assert label_width(r"\hat{y}", 15) == label_width("y", 15)
    assert label_width("", 15) == 0
    assert label_width(r"\mathrm{字}", 15) >= 15
