"""Drawings of bricks: markup that stands alone, numbers as studs and pixels, words for tooltips."""

from __future__ import annotations

import base64
import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorgrok.views.bricks import draw
from tensorgrok.views.captions import spoken
from tensorgrok.views.palette import LIGHT, PARTS, ramp
from tensorgrok.views.sampling import sample
from tensorgrok.views.stacks import Brick, Pill, Stack, Strip
from tests.lanes import (
    NUMPY,
    SVG,
    brick,
    classes,
    lanes,
    of_class,
    parsed,
    residual_lane,
    seed_network,
)
from tests.test_png import read

# Markup ------------------------------------------------------------------------------------------


@given(lanes(), st.sampled_from([300, 2000]))
@settings(deadline=None)
def test_markup_is_well_formed_and_stands_alone(lane: list[Stack], width: int) -> None:
    picture = draw(lane, 'a "label" & <more>', width=width)
    root = parsed(picture)
    assert root.tag == f"{SVG}svg"
    assert root.get("aria-label") == 'a "label" & <more>'
    known = {"svg", "g", "path", "rect", "circle", "image", "text", "tspan", "title"}
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in known
        assert element.get("id") is None
        assert element.get("style") is None
        assert "url(" not in "".join(element.attrib.values())
        href = element.get("href", "data:")
        assert href.startswith("data:")
        if element.tag.removeprefix(SVG) in ("path", "rect", "circle"):
            inherited = {"class", "d", "x", "y", "r"}
            assert element.get("fill") is not None, element.attrib.keys() - inherited
        if element.tag == f"{SVG}text":
            assert element.get("fill")
            assert element.get("font-size")
    for group in of_class(root, "brick"):
        assert group.get("role") == "img"
        assert group.get("tabindex") == "0"
        assert group.get("aria-label")
        assert group.get("data-t")
        assert group[0].tag == f"{SVG}title"
    for name in ("pill", "lbl"):
        assert all(group.get("data-t") for group in of_class(root, name))
    assert not [
        number for number in re.findall(r'="([^"]*)"', picture.svg) if "nan" in number.split()
    ]


def test_a_file_of_its_own_turns_dark() -> None:
    picture = draw(seed_network(), "")
    root = ElementTree.fromstring(picture.standalone)
    style = root[0]
    assert style.tag == f"{SVG}style"
    assert (style.text or "").startswith("@media (prefers-color-scheme:dark){.tg-bricks ")
    assert ElementTree.tostring(root[1]) == ElementTree.tostring(parsed(picture)[0])


def test_every_colour_that_the_dark_rules_change_is_one_of_a_class() -> None:
    lane = [*seed_network(True), *residual_lane()[1:]]
    lane[1] = Stack(lane[1].result, lane[1].items, lane[1].delta, bar=(0.3, 0.6))
    root = parsed(draw(lane, ""))
    painted = {(name, key): light for name, key, light, _ in PARTS}
    for element in root.iter():
        for name in classes(element):
            for key in ("fill", "stroke"):
                if (name, key) in painted and not {"bk", "skip"} & set(classes(element)):
                    assert element.get(key) == painted[name, key], name


def test_names_are_escaped() -> None:
    evil = '</title><script>alert("1")</script>\x00&'
    lane = [
        Stack(Brick("t0", rf"\mathrm{{{evil}}}", evil, "layer", (2, 2), why=evil)),
        Stack(
            brick("t1", "y", evil, None, [[1.0, 2.0]]),
            (Strip(brick("t2", "b", evil, None, [[1.0]]), evil), Pill(evil, "t1")),
        ),
    ]
    picture = draw(lane, evil)
    assert "<script" not in picture.svg
    assert parsed(picture).get("aria-label", "").startswith("</title><script>")


# Numbers -----------------------------------------------------------------------------------------


def test_each_stud_says_its_number_and_has_its_colour() -> None:
    root = parsed(draw(seed_network(backward=True), ""))
    weights, delta = (
        next(group for group in of_class(root, "brick") if group.get("data-t") == identity)
        for identity in ("t1", "t7")
    )
    titles = ["".join(stud.itertext()) for stud in of_class(weights, "stud")]
    assert titles[:3] == ["W₀[0,0] = −0.166", "W₀[0,1] = 0.8165", "W₀[0,2] = −0.9998"]  # noqa: RUF001
    fills = [stud.get("fill") for stud in of_class(weights, "stud")]
    assert fills[2] == ramp("value")[0] == "#c05600"
    assert fills[1] == ramp("value")[20 + 16]
    assert [stud.get("fill") for stud in of_class(delta, "stud")] == [ramp("gradient")[0]]


def test_negative_studs_have_a_bar() -> None:
    root = parsed(draw([Stack(brick("t", "x", None, "layer", [[-1.0, -0.1, 0.0, 0.1, 1.0]]))], ""))
    marks = {classes(path)[1]: path.get("d", "") for path in of_class(root, "minus")}
    assert {name: path.count("M") for name, path in marks.items()} == {"strong": 1, "weak-v": 1}


def test_what_is_not_a_number_is_marked() -> None:
    numbers = [[np.nan, np.inf, -np.inf, 1.0, -0.5]]
    root = parsed(draw([Stack(brick("t", "x", "x", "layer", numbers))], ""))
    titles = ["".join(stud.itertext()) for stud in of_class(root, "stud")]
    assert [title.split(" = ")[1] for title in titles] == ["nan", "inf", "−inf", "1", "−0.5"]  # noqa: RUF001
    steps = [classes(stud)[1] for stud in of_class(root, "stud")]
    assert steps == ["v0", "v20", "v-20", "v20", "v-10"]
    marks = {classes(path)[1]: path.get("d", "").count("M") for path in of_class(root, "minus")}
    assert marks == {"nan": 1, "strong": 3}
    (group,) = of_class(root, "brick")
    assert group.get("aria-label") == "x: 1 by 5, from −0.5 to 1, 3 not finite"  # noqa: RUF001


def test_too_many_numbers_become_pixels() -> None:
    matrix = np.random.default_rng(0).normal(size=(784, 100))
    picture = draw([Stack(brick("t", "W_{0}", "weights", "weight", matrix))], "", unit=11)
    (image,) = of_class(parsed(picture), "heat")
    pixels = read(base64.b64decode(image.get("href", "").partition(",")[2]))
    taken = sample(matrix, NUMPY)
    assert pixels.shape == (*taken.values.shape, 3)
    limit = np.quantile(np.abs(taken.values), 0.98)
    steps = np.rint(np.clip(taken.values / limit, -1, 1) * 20).astype(int) + 20
    codes = np.array([[int(code[k : k + 2], 16) for k in (1, 3, 5)] for code in ramp("value")])
    np.testing.assert_array_equal(pixels, codes[steps])
    (group,) = of_class(parsed(picture), "brick")
    assert "each colour is a mean of 28 × 5" in group.get("aria-label", "")  # noqa: RUF001
    assert len(list(of_class(parsed(picture), "brk"))) == 4


def test_numbers_that_are_too_small_to_be_studs_become_means_of_what_fits() -> None:
    lane = [Stack(brick("t", "x", "x", "layer", np.arange(600.0).reshape(1, 600)))]
    (group,) = of_class(parsed(draw(lane, "", unit=11)), "brick")
    (image,) = of_class(group, "heat")
    pixels = read(base64.b64decode(image.get("href", "").partition(",")[2]))
    wide = float(image.get("width", "")) / pixels.shape[1]
    assert 6 <= wide < 7
    assert f"a mean of 1 × {math.ceil(600 / pixels.shape[1])}" in group.get("aria-label", "")  # noqa: RUF001


def test_bricks_without_numbers_are_dashed_and_say_why() -> None:
    pending = Brick("t0", "l_{1}", "layer_1", "layer", (1, 4), why="not computed yet")
    (group,) = of_class(parsed(draw([Stack(pending)], "")), "brick")
    assert "pending" in classes(group)
    assert next(of_class(group, "body")).get("stroke-dasharray") == "3 3"
    assert not list(of_class(group, "stud"))
    assert not list(of_class(group, "thick"))
    assert group.get("aria-label") == "layer_1: 1 by 4, not computed yet"


def test_the_label_of_another_value_lights_up_with_that_value() -> None:
    mask = brick("t4", "l_{1}", "layer_1", "mask", [[0.0, 1.0]], label_id="t1")
    lane = [
        Stack(brick("t0", "d", None, "delta", [[1.0, 2.0]])),
        Stack(brick("t5", "e", None, "delta", [[0.0, 2.0]]), (Strip(mask, "⊙ [ · > 0]"),)),
    ]
    group = next(
        group for group in of_class(parsed(draw(lane, "")), "brick") if group.get("data-t") == "t4"
    )
    assert next(of_class(group, "lbl")).get("data-t") == "t1"


def test_spoken_labels() -> None:
    weights = brick("t", "W", "weights_0_1", "weight", [[-0.97, 0.81]], transposed=True)
    assert spoken(weights) == "weights_0_1 transposed: 2 by 1, from −0.97 to 0.81"  # noqa: RUF001
    assert (
        spoken(brick("t", None, None, None, np.zeros((0, 3))))
        == "unnamed intermediate: 0 by 3, empty"
    )
    turned = Brick("t", "z", "z", None, (1, 2), numbers=sample(np.array([3 + 4j, 1j]), NUMPY))
    assert spoken(turned) == "z: 1 by 2, magnitudes from 1 to 5"


def test_roles_have_their_bodies() -> None:
    lane = [Stack(brick(f"t{k}", "x", None, role, [[1.0]])) for k, role in enumerate(LIGHT)]
    root = parsed(draw(lane, "", width=9999))
    fills = [next(of_class(group, "body")).get("fill") for group in of_class(root, "brick")]
    assert fills == [colours.body for colours in LIGHT.values()]
