"""Bricks as text: the seed network to the character, elision, wrapping, colour, ASCII."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given

from tensorgrok.views.stacks import Block, Brick, Module, Pill, Stack, Strip
from tensorgrok.views.terminal import cells, terminal
from tests.lanes import brick, lanes, residual_lane, seed_network

SEED = """\
                 ┌─ W₀ 3×4 ─┐     ┌─ W₁ 4×1 ─┐
                 │ ▽ ▲ ▼ ▽  │     │    ▼     │
                 │ ▼ ▼ ▼ △  │     │    ▲     │
                 │ ▽ · ▽ ▲  │     │    ▼     │
                 └──────────┘     │    ▲     │
                    (relu)        └──────────┘
┌─ l₀ 1×3 ─┐     ┌─ l₁ 1×4 ─┐     ┌─ l₂ 1×1 ─┐
│  ▲ · ▲   │───▶ │ · ▲ · △  │───▶ │    ▲     │
└──────────┘     └──────────┘     └──────────┘"""  # noqa: RUF001  # the sign between dimensions

DELTAS = """
                 ┌─ δ₁ 1×4 ─┐     ┌─ δ₂ 1×1 ─┐
                 │ · ▼ · ▼  │     │    ▼     │
                 └──────────┘     └──────────┘"""  # noqa: RUF001  # the sign between dimensions

CONTINUED = """\
                   ┌─ W₁ 4×1 ─┐
                   │    ▼     │
                   │    ▲     │
                   │    ▼     │
                   │    ▲     │
                   └──────────┘
  ┌─ l₁ 1×4 ─┐     ┌─ l₂ 1×1 ─┐
↳ │ · ▲ · △  │───▶ │    ▲     │
  └──────────┘     └──────────┘"""  # noqa: RUF001  # the sign between dimensions

PLAIN = """\
                  +- W_0 3x4 -+     +- W_1 4x1 -+
                  |  - # = -  |     |     =     |
                  |  = = = +  |     |     #     |
                  |  - . - #  |     |     =     |
                  +-----------+     |     #     |
                      (relu)        +-----------+
+- l_0 1x3 -+     +- l_1 1x4 -+     +- l_2 1x1 -+
|   # . #   |---> |  . # . +  |---> |     #     |
+-----------+     +-----------+     +-----------+"""

ESCAPES = re.compile("\x1b\\[[0-9;]*m")


def show(numbers: object, role: str | None = "layer", only_ascii: bool = False) -> list[str]:
    """The rows inside of one box."""
    text = terminal([Stack(brick("t0", "x", "x", role, numbers))], only_ascii=only_ascii)
    return [line.strip("│|").strip() for line in text.splitlines()[1:-1]]


def test_the_seed_network_to_the_character() -> None:
    assert terminal(seed_network()) == SEED


def test_deltas_stand_below_their_layers() -> None:
    assert terminal(seed_network(backward=True)) == SEED + DELTAS


def test_without_unicode() -> None:
    text = terminal(seed_network(), only_ascii=True)
    assert text == PLAIN
    assert terminal(seed_network(backward=True), only_ascii=True).isascii()


def test_colour_adds_backgrounds_and_changes_nothing_else() -> None:
    painted = terminal(seed_network(), colour=True)
    assert ESCAPES.sub("", painted) == SEED
    strong_plus = "\x1b[38;5;231;48;5;25m▲\x1b[0m"  # white on the blue that is nearest to the end
    assert painted.count(strong_plus) == 5
    assert painted.count("\x1b[0m") == 3 + 12 + 4 + 4 + 1


def test_gradients_have_colours_of_their_own() -> None:
    layer = terminal([Stack(brick("t0", "x", "x", "layer", [[1.0]]))], colour=True)
    delta = terminal([Stack(brick("t0", "x", "x", "delta", [[1.0]]))], colour=True)
    assert ESCAPES.findall(layer) != ESCAPES.findall(delta)


def test_the_limits_between_glyphs() -> None:
    assert show([[1.0, 0.51, 0.5, 0.041, 0.04, -0.04, -0.5, -0.51]]) == ["▲ ▲ △ △ · · ▽ ▼"]
    assert show([[-1.0, -0.51, -0.5, -0.041]]) == ["▼ ▼ ▽ ▽"]
    assert show([[0.0, 0.0]]) == ["· ·"]


def test_what_is_not_a_number_does_not_break_the_scale() -> None:
    numbers = [[np.nan, np.inf, -np.inf, 1.0, 0.3]]
    assert show(numbers) == ["? ∞ ∞ ▲ △"]
    assert show(numbers, only_ascii=True) == ["? ! ! # +"]
    assert show([[np.nan]]) == ["?"]
    assert show([[1e308, -1e308, 5e-324]]) == ["▲ ▼ ·"]


def test_long_axes_keep_both_ends() -> None:
    numbers = np.zeros((7, 9))
    numbers[0, :] = numbers[:, -1] = 1.0
    assert show(numbers) == [
        "▲ ▲ ▲ ⋯ ▲ ▲ ▲ ▲",
        "· · · ⋯ · · · ▲",
        "⋮ ⋮ ⋮   ⋮ ⋮ ⋮ ⋮",
        *["· · · ⋯ · · · ▲"] * 3,
    ]
    assert len(show(np.zeros((6, 8)))) == 6
    assert show(np.zeros((1, 8))) == ["· · · · · · · ·"]


def test_a_wide_lane_goes_on_below_and_repeats_its_last_strip() -> None:
    rows = terminal(seed_network(), width=40).split("\n\n")
    assert len(rows) == 2
    assert rows[1] == CONTINUED


@given(lanes())
def test_rows_fit_or_hold_one_stack(lane: list[Stack]) -> None:
    for only_ascii in (False, True):
        for row in terminal(lane, width=60, only_ascii=only_ascii).split("\n\n"):
            wide = max(len(cells(line)) for line in row.splitlines()) > 60
            assert not wide or row.count("-> " if only_ascii else "▶ ") <= 1
            assert not only_ascii or row.isascii()


def test_operations_on_one_value_ride_on_the_arrow() -> None:
    first = brick("t0", "S", "S", "layer", np.eye(2))
    last = brick("t1", "A", "A", "layer", np.eye(2))
    folded = Module(("blocks: 12 × Block", "attention"), "t2")  # noqa: RUF001  # times
    lines = terminal([Stack(first), Stack(last, (Pill("softmax", "t1"), folded))]).splitlines()
    assert lines[2].split("│")[2] == "─(softmax)─[blocks: 12 × Block]─▶ "  # noqa: RUF001  # times


def test_strips_have_their_sign_above() -> None:
    first = brick("t0", r"\delta_{2}", "d", "delta", [[1.0]])
    mask = brick("t4", "l_{1}", "layer_1", "mask", [[0.0, 1.0]], label_id="t1")
    bias = brick("t5", "b_{0}", "b", "bias", [[1.0, -1.0]])
    last = brick("t2", r"\delta_{1}", "e", "delta", [[0.0, 1.0]])
    items = (Strip(mask, "⊙ [ · > 0]"), Strip(bias, "subtract from"))
    lines = [line.strip() for line in terminal([Stack(first), Stack(last, items)]).splitlines()]
    assert lines[0] == "⊙"
    assert lines[1] == "┌─ [l₁ > 0] 1×2 ─┐"  # noqa: RUF001  # the sign between dimensions
    assert lines[4] == "subtract from"


def test_a_residual_is_a_pill_with_the_name_of_its_source() -> None:
    lines = terminal(residual_lane(), width=200).splitlines()
    assert sum("(+ l₀)" in line for line in lines) == 1


def test_arrows_reach_the_box_below_a_wider_one() -> None:
    first = brick("t0", "x", "x", "layer", [[1.0]])
    wide = brick("t1", r"\mathrm{weights}_{0}", "w", "weight", np.ones((1, 2)))
    last = brick("t2", "y", "y", "layer", np.ones((1, 2)))
    text = terminal([Stack(first), Stack(last, (Block(wide),))])
    assert re.search("│─{4,}▶ │", text)


def test_bricks_without_numbers_say_why() -> None:
    pending = Brick("t0", "l_{1}", "layer_1", "layer", (1, 4), why="not computed yet")
    assert terminal([Stack(pending)]).splitlines()[1] == "│ not computed yet │"
    assert show(np.zeros((0, 4))) == ["empty"]


def test_copies_and_bars() -> None:
    lane = [Stack(brick("t0", "X", "X", "layer", np.ones((8, 2, 3))), bar=(0.54, 0.86))]
    lines = terminal(lane).splitlines()
    assert "X 2×3 ×8" in lines[0]  # noqa: RUF001  # times
    assert lines[-1].strip() == "0.54 of 0.86"
    assert Stack(lane[0].result, bar=(None, -0.031)).bar_text == "train −0.03"  # noqa: RUF001
    assert Stack(lane[0].result, bar=(-0.001, 1.0)).bar_text == "0.00 of 1.00"


def test_accents_and_wide_characters_take_their_columns() -> None:
    assert len(cells("ŷ₁".replace("ŷ", "y\u0302"))) == 2
    assert len(cells("層")) == 2
    lines = terminal([Stack(brick("t0", r"\hat{y}", "y_hat", "layer", [[1.0]]))]).splitlines()
    assert {len(cells(line)) for line in lines} == {len(cells(lines[0]))}


@pytest.mark.parametrize("only_ascii", [False, True])
def test_long_titles_are_cut(only_ascii: bool) -> None:
    long = brick("t0", r"\mathrm{" + "a" * 90 + "}", "a", "layer", [[1.0]])
    title = terminal([Stack(long)], only_ascii=only_ascii).splitlines()[0]
    assert len(title) < 50
    assert ("~" if only_ascii else "…") in title


def test_no_stacks() -> None:
    assert terminal([]) == ""
