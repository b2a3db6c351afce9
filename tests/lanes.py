"""For tests of pictures: lanes of stacks, known ones and random ones, and what a drawing holds."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from tensorgrok.registry import get_backend
from tensorgrok.views.bricks import Picture
from tensorgrok.views.sampling import fold, sample, transpose
from tensorgrok.views.stacks import Block, Brick, Item, Module, Pill, Stack, Strip

NUMPY = get_backend("numpy")
SVG = "{http://www.w3.org/2000/svg}"

#: The streetlights' network with weights after ten sweeps, for the first example.
LAYER_0 = np.array([[1.0, 0.0, 1.0]])
WEIGHTS_0 = np.array(
    [
        [-0.166, 0.8165, -0.9998, -0.3866],
        [-0.7065, -0.8692, -0.6275, 0.1791],
        [-0.2065, -0.0388, -0.1616, 0.6184],
    ]
)
WEIGHTS_1 = np.array([[-0.5911], [1.0267], [-0.9452], [0.521]])


def brick(
    identity: str,
    symbol: str | None,
    name: str | None,
    role: str | None,
    numbers: object,
    *,
    transposed: bool = False,
    step: int = 0,
    label_id: str | None = None,
) -> Brick:
    """A brick with these numbers, on NumPy."""
    array = np.asarray(numbers, dtype=float)
    shape, copies = fold(array.shape)
    taken = sample(array, NUMPY)
    if transposed:
        shape, taken = shape[::-1], transpose(taken)
    return Brick(identity, symbol, name, role, shape, copies, transposed, taken, "", step, label_id)


def seed_network(backward: bool = False) -> list[Stack]:
    """The lane of ``l_2 = relu(l_0 W_0) W_1``, with deltas if asked for."""
    layer_1 = np.maximum(LAYER_0 @ WEIGHTS_0, 0)
    layer_2 = layer_1 @ WEIGHTS_1
    delta_2 = layer_2 - 1
    delta_1 = (delta_2 @ WEIGHTS_1.T) * (layer_1 > 0)
    deltas = [
        brick("t8", r"\delta_{1}", "layer_1_delta", "delta", delta_1, step=5),
        brick("t7", r"\delta_{2}", "layer_2_delta", "delta", delta_2, step=4),
    ]
    weights_0 = brick("t1", "W_{0}", "weights_0_1", "weight", WEIGHTS_0)
    weights_1 = brick("t4", "W_{1}", "weights_1_2", "weight", WEIGHTS_1)
    return [
        Stack(brick("t0", "l_{0}", "layer_0", "layer", LAYER_0)),
        Stack(
            brick("t3", "l_{1}", "layer_1", "layer", layer_1, step=1),
            (Block(weights_0), Pill("relu", "t3")),
            delta=deltas[0] if backward else None,
        ),
        Stack(
            brick("t5", "l_{2}", "layer_2", "layer", layer_2, step=2),
            (Block(weights_1),),
            delta=deltas[1] if backward else None,
        ),
    ]


def residual_lane() -> list[Stack]:
    """A block with a skip: ``l_2 = relu(l_0 W_0) W_1 + l_0 + b``."""
    rng = np.random.default_rng(3)
    layer_0 = brick("t0", "l_{0}", "layer_0", "layer", rng.normal(size=(2, 6)))
    bias = brick("t7", "b_{1}", "biases_1_2", "bias", rng.normal(size=(1, 6)))
    first = brick("t1", "W_{0}", "weights_0_1", "weight", rng.normal(size=(6, 8)))
    second = brick("t4", "W_{1}", "weights_1_2", "weight", rng.normal(size=(8, 6)))
    return [
        Stack(layer_0),
        Stack(
            brick("t3", "l_{1}", "layer_1", "layer", rng.normal(size=(2, 8))),
            (Block(first), Pill("relu", "t3")),
        ),
        Stack(
            brick("t6", "l_{2}", "layer_2", "layer", rng.normal(size=(2, 6))),
            (Block(second), Strip(layer_0, "+"), Strip(bias, "+")),
            skip=1,
        ),
    ]


DIMENSIONS = st.one_of(st.integers(0, 9), st.sampled_from([10, 12, 13, 47, 64, 100, 784, 50_257]))
SYMBOLS = st.sampled_from(
    [None, "W_{0}", "l_{12}", r"\nabla W_{0}", r"\hat{y}", r"\mathrm{a long name}_{3}", "m'"]
)
ROLES = st.sampled_from([None, "layer", "weight", "bias", "delta", "gradient", "mask", "loss"])
SIGNS = st.sampled_from(["+", "⊙", "vs", "⊙ [ · > 0]", "subtract from"])
TEXTS = st.sampled_from(["relu", "softmax", "÷ √dₖ", "conv2d(stride=2, padding=1)", "<&>"])

BARS: st.SearchStrategy[tuple[float | None, float] | None] = st.sampled_from(
    [None, (0.5, 0.8), (None, 1.2), (-0.5, -0.001)]
)


@st.composite
def bricks(draw: st.DrawFn, rows: int, columns: int, role: str | None = None) -> Brick:
    """A brick of a shape, with or without numbers."""
    identity = f"t{draw(st.integers(0, 99))}"
    numbers = None
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 9)))
        numbers = sample(rng.normal(size=(min(rows, 40), min(columns, 40))), NUMPY)
    copies = draw(st.sampled_from([1, 1, 1, 2, 12]))
    role = role or draw(ROLES)
    return Brick(
        identity, draw(SYMBOLS), "a_name", role, (rows, columns), copies, numbers=numbers, step=3
    )


@st.composite
def lanes(draw: st.DrawFn) -> list[Stack]:
    """A lane of one to six stacks with everything that stacks can have."""
    rows, columns = draw(DIMENSIONS), draw(DIMENSIONS)
    stacks = [Stack(draw(bricks(rows, columns)))]
    with_deltas: bool = draw(st.booleans())
    for _ in range(draw(st.integers(0, 5))):
        items: list[Item] = []
        if draw(st.booleans()):
            inner, columns = columns, draw(DIMENSIONS)
            items.append(Block(draw(bricks(inner, columns))))
        for kind in draw(st.lists(st.sampled_from(["strip", "pill", "module"]), max_size=3)):
            if kind == "strip":
                items.append(
                    Strip(draw(bricks(draw(st.sampled_from([1, rows])), columns)), draw(SIGNS))
                )
            elif kind == "pill":
                items.append(Pill(draw(TEXTS), "t5"))
            else:
                items.append(Module((draw(TEXTS), "10,368 parameters"), "t6"))
        skipped: bool = draw(st.booleans())
        strips = [place for place, item in enumerate(items) if isinstance(item, Strip)]
        stacks.append(
            Stack(
                draw(bricks(rows, columns)),
                tuple(items),
                delta=draw(bricks(rows, columns, "delta")) if with_deltas else None,
                skip=strips[0] if strips and skipped else None,
                bar=draw(BARS),
            )
        )
    return stacks


# Drawings -----------------------------------------------------------------------------------------


def parsed(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(picture.svg)


def classes(element: ElementTree.Element) -> list[str]:
    return element.get("class", "").split()


def of_class(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (element for element in root.iter() if name in classes(element))


def bodies(picture: Picture) -> dict[str, list[tuple[float, float, float, float]]]:
    """Place and size of every brick's body, by the id of its value."""
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    for group in of_class(parsed(picture), "brick"):
        body = next(of_class(group, "body"))
        x, y, width, height = (float(body.get(key, "")) for key in ("x", "y", "width", "height"))
        found.setdefault(group.get("data-t", ""), []).append((x, y, width, height))
    return found


def plain_lane(count: int, width: int = 8) -> list[Stack]:
    """Layers of one width in a row."""
    lane = [Stack(brick("t0", "l_{0}", "layer_0", "layer", np.ones((1, width))))]
    for layer in range(1, count + 1):
        weights = brick(f"w{layer}", f"W_{{{layer}}}", None, "weight", np.ones((width, width)))
        out = brick(f"t{layer}", f"l_{{{layer}}}", f"layer_{layer}", "layer", np.ones((1, width)))
        lane.append(Stack(out, (Block(weights), Pill("relu", f"t{layer}"))))
    return lane


def assert_labels_are_apart(picture: Picture) -> None:
    for box in picture.labels:
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= picture.width
        assert box.bottom <= picture.height
    for first, second in itertools.combinations(picture.labels, 2):
        apart = first.right <= second.left or second.right <= first.left
        assert apart or first.bottom <= second.top or second.bottom <= first.top, (first, second)
