"""Drawings of bricks: structure, lengths, labels that never meet, wrapping."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrok.views.bricks import SMALLEST_UNIT, draw, draw_lanes
from tensorgrok.views.geometry import place
from tensorgrok.views.parts import Lane
from tensorgrok.views.sampling import scale
from tensorgrok.views.stacks import Block, Module, Pill, Stack, Strip
from tests.lanes import (
    assert_labels_are_apart,
    bodies,
    brick,
    classes,
    lanes,
    of_class,
    parsed,
    plain_lane,
    residual_lane,
    seed_network,
)

# Structure ---------------------------------------------------------------------------------------


def test_the_seed_network_has_its_bricks_in_order() -> None:
    root = parsed(draw(seed_network(backward=True), "l₂ = relu(l₀ W₀) W₁"))
    groups = list(of_class(root, "brick"))
    assert [group.get("data-t") for group in groups] == ["t0", "t1", "t3", "t8", "t4", "t5", "t7"]
    assert [group.get("data-s") for group in groups] == ["0", "0", "1", "5", "0", "2", "4"]
    assert [len(list(of_class(group, "stud"))) for group in groups] == [3, 12, 4, 4, 4, 1, 1]
    assert [classes(group) for group in groups[:3]] == [
        ["brick", "layer"],
        ["brick", "weight"],
        ["brick", "layer"],
    ]
    pills = list(of_class(root, "pill"))
    assert [(pill.get("data-t"), "".join(pill.itertext())) for pill in pills] == [("t3", "relu")]
    assert root.get("aria-label") == "l₂ = relu(l₀ W₀) W₁"


def test_columns_drop_straight_and_equal_dimensions_are_equally_long() -> None:
    picture = draw(seed_network(backward=True), "")
    place_of = {identity: boxes[0] for identity, boxes in bodies(picture).items()}
    l0, w0, l1, w1, l2 = (place_of[name] for name in ("t0", "t1", "t3", "t4", "t5"))
    assert (w0[0], w0[2]) == (l1[0], l1[2])  # on the same columns
    assert (w1[0], w1[2]) == (l2[0], l2[2])
    assert w0[3] == l0[2] == 3 * picture.unit  # as tall as the strip before is wide
    assert w1[3] == l1[2] == 4 * picture.unit
    assert l0[1] == l1[1] == l2[1]  # the tops of the lane
    assert place_of["t8"][0] == l1[0]
    assert place_of["t8"][1] > l1[1] + l1[3]
    assert w0[1] + w0[3] < l1[1]


@given(lanes())
@settings(max_examples=60)
def test_one_length_belongs_to_one_dimension(lane: list[Stack]) -> None:
    placed = place(lane, 20)
    for face in placed.faces:
        rows, columns = face.brick.shape
        assert face.box.right - face.box.left == pytest.approx(20 * max(scale(columns), 0.3))
        assert face.box.bottom - face.box.top == pytest.approx(20 * max(scale(rows), 0.3))
    results = {id(stack.result) for stack in lane}
    tops = [face.box.top for face in placed.faces if id(face.brick) in results]
    assert tops == [0.0] * len(lane)


def test_what_was_applied_last_sits_nearest_the_result() -> None:
    ones = np.ones((1, 3))
    items = (
        Block(brick("w", "W", None, "weight", np.ones((2, 3)))),
        Strip(brick("b", "b", None, "bias", ones), "+"),
        Pill("relu", "r"),
        Strip(brick("m", "m", None, "mask", ones), "⊙"),
    )
    lane = [
        Stack(brick("x", "x", None, "layer", np.ones((1, 2)))),
        Stack(brick("y", "y", None, "layer", ones), items),
    ]
    placed = place(lane, 28)
    height = {face.brick.id: face.box for face in placed.faces}
    pill = placed.capsules[0].box
    order = [height["w"], height["b"], pill, height["m"], height["y"]]
    assert all(upper.bottom < lower.top for upper, lower in itertools.pairwise(order))


def test_the_way_back_enters_the_block_from_the_later_delta() -> None:
    root = parsed(draw(seed_network(backward=True), ""))
    channels = [path for path in of_class(root, "chan") if "bk" in classes(path)]
    # Into W_1 only: l_0 has no delta.
    assert [path.get("data-s") for path in channels] == ["5"]
    assert len(list(of_class(root, "bkhead"))) == 1
    assert not list(of_class(parsed(draw(seed_network(), "")), "bk"))


def test_there_is_no_way_back_to_a_transpose() -> None:
    delta = brick("d", r"\delta", None, "delta", [[1.0]])
    turned = brick("t0", "l_{1}", None, "layer", [[1.0]], transposed=True)
    weights = brick("t1", "W", None, "weight", [[1.0]])
    last = brick("t2", "l_{2}", None, "layer", [[1.0]])
    lane = [Stack(turned, delta=delta), Stack(last, (Block(weights),), delta=delta)]
    assert not [channel for channel in place(lane, 20).channels if channel.step is not None]
    lane[0] = Stack(last, delta=delta)
    assert [channel for channel in place(lane, 20).channels if channel.step is not None]


def assert_path_is_free(placed: Lane) -> None:
    """No residual's path runs over a label or a brick, from the first strip's side on."""
    for arrow in placed.arrows:
        for (x0, y0), (x1, y1) in itertools.pairwise(arrow.points[1:] if arrow.skip else ()):
            for box in (*placed.labels, *(face.box for face in placed.faces)):
                apart = max(x0, x1) < box.left or min(x0, x1) > box.right
                assert apart or max(y0, y1) < box.top or min(y0, y1) > box.bottom, box


@given(lanes())
@settings(deadline=None)
def test_no_residual_runs_over_anything(lane: list[Stack]) -> None:
    assert_path_is_free(place(lane, 14))


def test_a_residual_goes_round_everything_to_a_plus() -> None:
    placed = place(residual_lane(), 20)
    (path,) = (arrow for arrow in placed.arrows if arrow.skip)
    plus = next(capsule.box for capsule in placed.capsules if capsule.item == Pill("+", "t6"))
    (first, *_) = placed.faces
    assert path.points[0] == (first.box.left - 1, (first.box.top + first.box.bottom) / 2)
    assert path.points[-1] == (plus.left - 2, (plus.top + plus.bottom) / 2)
    assert_path_is_free(placed)
    assert [face.brick.id for face in placed.faces].count("t0") == 1  # no strip of its own


def test_a_residual_from_another_row_is_a_strip_with_its_name() -> None:
    lane = residual_lane()
    lane[1:1] = plain_lane(12, 6)[1:]
    picture = draw(lane, "", width=500)
    root = parsed(picture)
    assert not list(of_class(root, "skip"))
    assert len(bodies(picture)["t0"]) == 2
    signs = ["".join(text.itertext()) for text in of_class(root, "sign")]
    assert signs.count("+") == 2


def test_operations_on_one_value_ride_on_the_arrow() -> None:
    ones = np.ones((3, 3))
    items = (Pill("÷ 2", "t1"), Pill("softmax", "t2"))
    lane = [
        Stack(brick("t0", "S", None, None, ones)),
        Stack(brick("t2", "A", None, None, ones), items),
    ]
    placed = place(lane, 20)
    left, right = (face.box for face in placed.faces)
    first, second = (capsule.box for capsule in placed.capsules)
    assert left.right < first.left < first.right < second.left < second.right < right.left
    (arrow,) = placed.arrows
    assert {y for _, y in arrow.points} == {(first.top + first.bottom) / 2} == {30.0}
    assert not placed.channels


def test_more_than_two_axes_show_copies_behind() -> None:
    root = parsed(draw([Stack(brick("t0", "X", "X", "layer", np.ones((8, 2, 3))))], ""))
    assert len(list(of_class(root, "behind"))) == 2
    assert "2×3 ×8" in "".join(root.itertext())  # noqa: RUF001  # times
    (group,) = of_class(root, "brick")
    assert "8 of them, the first is shown" in group.get("aria-label", "")


def test_modules_are_bricks_with_their_lines() -> None:
    folded = Module(("blocks: 12 × Block", "10,368 parameters"), "t1")  # noqa: RUF001  # times
    ones = np.ones((2, 2))
    lane = [
        Stack(brick("t0", "x", None, None, ones)),
        Stack(brick("t1", "y", None, None, ones), (folded,)),
    ]
    (group,) = of_class(parsed(draw(lane, "")), "module")
    assert (group.get("data-t"), group.get("role")) == ("t1", "img")
    assert group.get("aria-label") == ", ".join(folded.lines)


def test_bars_of_correlation() -> None:
    def bar(value: tuple[float | None, float]) -> dict[str, float]:
        (group,) = of_class(
            parsed(draw([Stack(brick("t", "l", None, None, [[1.0]]), bar=value)], "")), "gauge"
        )
        wide = {name: next(of_class(group, name)) for name in ("track", "noise", "signal")}
        return {name: float(element.get("width", "")) for name, element in wide.items()}

    assert bar((0.5, 0.75)) == {"track": 78, "noise": 58.5, "signal": 39}
    assert bar((None, 0.5)) == {"track": 78, "noise": 39, "signal": 0}
    assert bar((-0.2, 1.7)) == {"track": 78, "noise": 78, "signal": 0}


def test_hatching_stays_between_signal_and_noise() -> None:
    picture = draw([Stack(brick("t", "l", None, None, [[1.0]]), bar=(0.31, 0.77))], "")
    root = parsed(picture)
    track = next(of_class(root, "track"))
    left, top = float(track.get("x", "")), float(track.get("y", ""))
    lines = re.findall(r"[ML]([-\d.]+) ([-\d.]+)", next(of_class(root, "hatch")).get("d", ""))
    assert len(lines) >= 8
    for x, y in lines:
        assert left + 78 * 0.31 - 0.1 <= float(x) <= left + 78 * 0.77 + 0.1
        assert top - 0.1 <= float(y) <= top + 9.1


# Labels ------------------------------------------------------------------------------------------


@given(lanes(), st.sampled_from([11, 17, 28]), st.sampled_from([240, 700, 5000]))
@settings(deadline=None)
def test_labels_never_meet_and_never_stick_out(lane: list[Stack], unit: int, width: int) -> None:
    picture = draw(lane, "random", unit=unit, width=width)
    assert_labels_are_apart(picture)
    assert len(picture.labels) >= len(lane)


@given(lanes())
@settings(deadline=None)
def test_labels_never_lie_on_another_brick(lane: list[Stack]) -> None:
    placed = place(lane, 14)
    for label in placed.labels:
        for face in placed.faces:
            box = face.box
            apart = label.right <= box.left or box.right <= label.left
            assert apart or label.bottom <= box.top or box.bottom <= label.top, (label, face)


@pytest.mark.parametrize("lane", [seed_network(True), residual_lane(), plain_lane(30)])
def test_labels_of_known_lanes(lane: list[Stack]) -> None:
    assert_labels_are_apart(draw(lane, ""))


# Fitting -----------------------------------------------------------------------------------------


def test_a_lane_shrinks_until_it_fits() -> None:
    roomy, tight = draw(plain_lane(4), "", width=5000), draw(plain_lane(4), "", width=700)
    assert roomy.unit == 28
    assert SMALLEST_UNIT < tight.unit < 28
    assert tight.width <= 700 < draw(plain_lane(4), "", width=10_000, unit=tight.unit + 1).width
    low = draw(plain_lane(4), "", width=5000, height=200)
    assert low.height <= 200
    assert low.unit < 28


def test_then_it_is_broken_and_repeats_its_last_strip() -> None:
    picture = draw(plain_lane(20), "", width=600)
    assert picture.unit == SMALLEST_UNIT
    assert picture.width <= 600
    root = parsed(picture)
    ghosts = list(of_class(root, "ghost"))
    rows = list(root)
    assert len(rows) == len(ghosts) + 1 >= 3
    for before, after in itertools.pairwise(rows):
        strips = list(of_class(before, "layer"))
        repeated = next(of_class(after, "layer"))
        assert "ghost" in classes(repeated)
        assert repeated.get("data-t") == strips[-1].get("data-t")
    found = [
        group.get("data-t") for group in of_class(root, "layer") if "ghost" not in classes(group)
    ]
    assert found == [f"t{number}" for number in range(21)]
    assert sum("↳" in "".join(text.itertext()) for text in of_class(root, "sign")) == len(ghosts)


def test_a_stack_that_is_wider_than_the_page_has_a_row_to_itself() -> None:
    picture = draw(plain_lane(3, 784), "", width=100)
    assert len(list(parsed(picture))) == 3
    assert_labels_are_apart(picture)


def test_several_lanes_stand_below_each_other_with_one_unit() -> None:
    picture = draw_lanes([plain_lane(2, 6), seed_network()], "two", width=500)
    rows = list(parsed(picture))
    assert len(rows) == 2
    (_, _, width, _), *_ = bodies(picture)["w1"]
    assert width == 6 * picture.unit
    assert_labels_are_apart(picture)
    alone = [
        draw(lane, "", width=500, unit=picture.unit) for lane in (plain_lane(2, 6), seed_network())
    ]
    assert picture.height == pytest.approx(sum(one.height for one in alone) - 16 + 26)


def test_thousands_of_stacks() -> None:
    picture = draw(plain_lane(2000, 3), "", width=1100)
    assert len(bodies(picture)) == 4001
    assert len(list(parsed(picture))) > 100


def test_no_stacks() -> None:
    assert parsed(draw([], "nothing")).get("aria-label") == "nothing"
