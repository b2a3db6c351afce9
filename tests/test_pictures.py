"""The pictures of the README are those that the library draws now."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.pictures import FOLDER, PICTURES

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@pytest.mark.parametrize("name", [*PICTURES])
def test_the_committed_picture_is_current(name: str) -> None:
    committed = (FOLDER / name).read_text(encoding="utf-8")
    drawn = PICTURES[name]().whole.bricks
    advice = f"tests/svg/{name} is not what would be drawn now; run: python -m tests.pictures"
    assert NUMBER.sub("#", committed) == NUMBER.sub("#", drawn), advice
    pairs = zip(NUMBER.findall(committed), NUMBER.findall(drawn), strict=True)
    for before, now in pairs:  # the last digit of a number may hang on how products are summed
        assert float(now) == pytest.approx(float(before), rel=2e-3, abs=1e-3), advice


@pytest.mark.parametrize("name", [*PICTURES])
def test_the_committed_picture_is_in_the_readme_and_stands_alone(name: str) -> None:
    readme = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    assert f"tests/svg/{name}" in readme
    text = (FOLDER / name).read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
