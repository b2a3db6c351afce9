"""Colours: told apart by everybody, read on light and on dark, and the style sheet that says so."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from tensorgrok.views.palette import (
    DARK,
    DARK_PAPER,
    DARK_RAMPS,
    LIGHT,
    PAPER,
    PARTS,
    RAMPS,
    STEPS,
    Floats,
    Kind,
    dark_rules,
    from_oklab,
    gamma,
    kind_of,
    levels,
    linear,
    pixels,
    ramp,
    stud_class,
    to_hex,
    to_oklab,
    to_rgb,
)

#: Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color vision
#: deficiency", IEEE TVCG 15, 2009: linear sRGB as it is seen, at full severity.
DEFICIENCIES = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
KINDS: tuple[Kind, ...] = ("value", "gradient")


def seen(code: str, deficiency: str | None) -> Floats:
    """OKLab coordinates of a colour as it is seen."""
    rgb = to_rgb(code)
    if deficiency is not None:
        rgb = gamma(np.array(DEFICIENCIES[deficiency]) @ linear(rgb))
    return to_oklab(rgb)


def distance(first: str, second: str, deficiency: str | None = None) -> float:
    return float(np.linalg.norm(seen(first, deficiency) - seen(second, deficiency)))


def luminance(code: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(to_rgb(code)))


def contrast(first: str, second: str) -> float:
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("value", (0.31, 0.24, 0.30, 0.29)), ("gradient", (0.36, 0.33, 0.27, 0.25))],
)
def test_the_ends_of_a_ramp_are_far_apart_for_everybody(
    kind: Kind, expected: tuple[float, ...]
) -> None:
    low, _, high = RAMPS[kind]
    found = [distance(low, high, deficiency) for deficiency in (None, *DEFICIENCIES)]
    np.testing.assert_allclose(found, expected, atol=0.005)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
def test_so_are_those_of_the_dark_ramps_and_each_end_from_zero(
    kind: Kind, deficiency: str | None
) -> None:
    low, zero, high = DARK_RAMPS[kind]
    assert distance(low, high, deficiency) > 0.23
    assert min(distance(low, zero, deficiency), distance(high, zero, deficiency)) > 0.23


@pytest.mark.parametrize("role", LIGHT)
def test_inks_are_read_on_either_paper(role: str | None) -> None:
    assert contrast(LIGHT[role].ink, PAPER) >= 6.2
    assert contrast(DARK[role].ink, DARK_PAPER) >= 4.5
    assert contrast(DARK[role].edge, DARK_PAPER) >= 3  # parts of a picture, says WCAG
    assert contrast(LIGHT[role].edge, LIGHT[role].body) >= 2.4


def test_words_are_read_on_either_paper() -> None:
    words = [part for part in PARTS if part[0] in ("dim", "sign", "pilltxt")]
    assert len(words) == 3
    for _, _, light, dark in words:
        assert contrast(light, PAPER) >= 4.5
        assert contrast(dark, DARK_PAPER) >= 4.5
    background = {name: (light, dark) for name, _, light, dark in PARTS if name in ("chan", "bk")}
    dim = next(part for part in PARTS if part[0] == "dim")
    for light, dark in background.values():  # row counts stand on channels
        assert contrast(dim[2], light) >= 3.5
        assert contrast(dim[3], dark) >= 3.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dark", [False, True])
def test_a_ramp_goes_in_equal_steps_from_end_to_end(kind: Kind, dark: bool) -> None:
    colours = ramp(kind, dark)
    ends = (DARK_RAMPS if dark else RAMPS)[kind]
    assert (colours[0], colours[STEPS], colours[-1]) == ends
    assert len(colours) == len(set(colours)) == 2 * STEPS + 1
    steps = [distance(first, second) for first, second in itertools.pairwise(colours)]
    for side in (steps[:STEPS], steps[STEPS:]):
        assert max(side) < 1.5 * min(side)  # to the rounding of colours to bytes


def test_colours_go_to_oklab_and_back() -> None:
    np.testing.assert_allclose(to_oklab(np.ones(3)), [1, 0, 0], atol=1e-4)
    for code in ("#000000", "#ffffff", "#c05600", "#123456"):
        assert to_hex(from_oklab(to_oklab(to_rgb(code)))) == code
    # sRGB's red, as the author of OKLab gives it.
    np.testing.assert_allclose(to_oklab(to_rgb("#ff0000")), [0.628, 0.2249, 0.1258], atol=1e-3)


def test_levels() -> None:
    values = np.array([[-2.0, -1.0, -0.5, 0.0, 0.024, 0.026, 1.0, np.inf, -np.inf, np.nan]])
    assert levels(values, 1.0).tolist() == [[-20, -20, -10, 0, 0, 1, 20, 20, -20, 0]]
    assert levels(np.zeros((1, 2)), 0.0).tolist() == [[0, 0]]
    assert levels(np.array([1e308, -1e308, 1.0]), 1e-300).tolist() == [20, -20, 20]


def test_pixels_are_the_ramp() -> None:
    for kind in KINDS:
        table = pixels(kind)
        assert table.shape == (2 * STEPS + 1, 3)
        assert [to_hex(row / 255) for row in table] == list(ramp(kind))


def test_deltas_and_gradients_have_the_ramp_of_gradients() -> None:
    assert {role: kind_of(role) for role in LIGHT if kind_of(role) == "gradient"} == {
        "delta": "gradient",
        "gradient": "gradient",
    }


def test_the_dark_style_sheet_covers_every_role_part_and_step() -> None:
    rules = dark_rules(".night").splitlines()
    assert all(re.fullmatch(r"[^{}]+\{[^{}]+\}", rule) for rule in rules)
    for rule in rules:
        assert all(part.startswith(".night .tg-bricks .") for part in rule.split("{")[0].split(","))
    text = "\n".join(rules)
    for role, (body, edge, ink) in DARK.items():
        assert f"{body}" in text
        assert f".ink-{role or 'none'}{{fill:{ink}}}" in text
        assert edge in text
    for name, property_, _, dark in PARTS:
        assert f".tg-bricks .{name}{{{property_}:{dark}}}" in text
    for kind in KINDS:
        for step, colour in zip(range(-STEPS, STEPS + 1), ramp(kind, dark=True), strict=True):
            assert f".{stud_class(kind, step)}{{fill:{colour}}}" in text
    assert dark_rules().startswith(".tg-bricks ")
