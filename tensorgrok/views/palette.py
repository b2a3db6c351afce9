"""Colours: roles as the bodies of bricks, values as the colours of studs, on light and on dark.

Bodies are pastel, for the studs carry the values: orange for minus, paper for zero, blue for plus;
gradients from green over paper to purple. Between the ends, colours are mixed in OKLab, in which
equal steps look equal. The pairs stay apart for people who see fewer colours, and no picture relies
on colour alone.

The dark scheme is a style sheet. A drawing says its light colours as attributes, so it stands alone
anywhere, also where styles are taken out (a notebook that is not trusted); rules of a style sheet
win over attributes, so ``dark_rules`` turns the same drawing dark by the classes of its parts. A
page puts them under whatever switches it; a saved ``.svg`` carries them under
``prefers-color-scheme``, which browsers honour in images as well.

This module stands on nothing; read ``bricks`` next, which paints with it.

Source: Ottosson, "A perceptual color space for image processing", 2020 (OKLab).
"""

from __future__ import annotations

import functools
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Kind = Literal["value", "gradient"]
Floats = npt.NDArray[np.float64]

#: Steps from zero to either end of a ramp.
STEPS = 20


class RoleColours(NamedTuple):
    """Colours of one role: the brick's body and edge, and the ink of its name in every view."""

    body: str
    edge: str
    ink: str


class Ends(NamedTuple):
    """A ramp: the most negative colour, that of zero, and the most positive one."""

    low: str
    zero: str
    high: str


_LAYER = RoleColours("#f6ecd2", "#a08538", "#7a5c00")
_WEIGHT = RoleColours("#dfe6ef", "#7488a5", "#2f4a73")
_DELTA = RoleColours("#f8e0ea", "#b9708f", "#97265a")
_TARGET = RoleColours("#e3efe2", "#6f9a6e", "#2f6b2f")

_DARK_LAYER = RoleColours("#3a3220", "#b79a4a", "#e3c46f")
_DARK_WEIGHT = RoleColours("#26303f", "#7f97ba", "#a9c3ea")
_DARK_DELTA = RoleColours("#3d2530", "#c47d9b", "#f0a3c3")
_DARK_TARGET = RoleColours("#243426", "#79ab78", "#9fd29c")

#: Role to colours on light paper; None is whatever has no role.
LIGHT: dict[str | None, RoleColours] = {
    "layer": _LAYER,
    "weight": _WEIGHT,
    "bias": _WEIGHT,
    "delta": _DELTA,
    "gradient": _DELTA,
    "target": _TARGET,
    "loss": _TARGET,
    "mask": RoleColours("#ececec", "#8f8f8f", "#555555"),
    None: RoleColours("#f3f3f3", "#8f8f8f", "#555555"),
}

#: The same on dark paper.
DARK: dict[str | None, RoleColours] = {
    "layer": _DARK_LAYER,
    "weight": _DARK_WEIGHT,
    "bias": _DARK_WEIGHT,
    "delta": _DARK_DELTA,
    "gradient": _DARK_DELTA,
    "target": _DARK_TARGET,
    "loss": _DARK_TARGET,
    "mask": RoleColours("#323232", "#9a9a9a", "#c4c4c4"),
    None: RoleColours("#2c2c2c", "#9a9a9a", "#c4c4c4"),
}

#: The paper that pictures are made for.
PAPER, DARK_PAPER = "#ffffff", "#1c1b19"

RAMPS: dict[Kind, Ends] = {
    "value": Ends("#c05600", "#faf8f4", "#0b5cad"),
    "gradient": Ends("#2a9d4f", "#faf8f9", "#6a2c91"),
}
DARK_RAMPS: dict[Kind, Ends] = {
    "value": Ends("#ff9a52", "#2b2926", "#4a9cf0"),
    "gradient": Ends("#7fe8a0", "#2b2929", "#9a58d2"),
}

#: What else there is in a drawing: (the class of a part, its property, on light, on dark).
PARTS = (
    ("chan", "fill", "#ebe7dc", "#35322b"),
    ("bk", "fill", "#f0c3d5", "#6b3a50"),
    ("line", "stroke", "#b3ac9c", "#7d776a"),
    ("skip", "stroke", "#a08538", "#b79a4a"),
    ("head", "fill", "#8f8878", "#a49d8d"),
    ("bkhead", "fill", "#b9708f", "#c47d9b"),
    ("skiphead", "fill", "#a08538", "#b79a4a"),
    ("capsule", "fill", "#ffffff", "#2a2824"),
    ("capsule", "stroke", "#8a8a8a", "#8a8a8a"),
    ("pilltxt", "fill", "#333333", "#dedbd4"),
    ("sign", "fill", "#444444", "#cfcbc2"),
    ("dim", "fill", "#666666", "#a9a59b"),
    ("brk", "fill", "#ffffff", "#1c1b19"),
    ("nan", "stroke", "#7a7a7a", "#b0b0b0"),
    ("strong", "stroke", "#ffffff", "#1c1b19"),
    ("weak-v", "stroke", "#7a3d12", "#f3ddcd"),
    ("weak-g", "stroke", "#14532d", "#d3f0dc"),
    ("track", "fill", "#f1ede3", "#35322b"),
    ("track", "stroke", "#8f8f8f", "#7d776a"),
    ("signal", "fill", "#0b5cad", "#4a9cf0"),
    ("noise", "fill", "#fbe3cf", "#3d2a1b"),
    ("hatch", "stroke", "#c05600", "#ff9a52"),
)

#: (class, property) to its colour on light.
PAINT = {(name, property_): light for name, property_, light, _ in PARTS}

# Linear sRGB to the responses of cones, and those to lightness and two opponent colours.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OPPONENT = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def to_rgb(code: str) -> Floats:
    """Return red, green and blue of ``#rrggbb``, each from 0 to 1."""
    return np.array([int(code[place : place + 2], 16) / 255 for place in (1, 3, 5)])


def to_hex(rgb: Floats) -> str:
    """Return ``#rrggbb`` of red, green and blue from 0 to 1; what is outside is cut off."""
    return "#" + "".join(f"{round(float(part) * 255):02x}" for part in np.clip(rgb, 0, 1))


def linear(rgb: Floats) -> Floats:
    """Undo the gamma of sRGB."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def gamma(light: Floats) -> Floats:
    """Apply the gamma of sRGB to linear light, cut off outside of 0 to 1."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def to_oklab(rgb: Floats) -> Floats:
    """Return the OKLab coordinates of an sRGB colour: lightness and two opponent colours."""
    lab: Floats = _OPPONENT @ np.cbrt(_CONES @ linear(rgb))
    return lab


def from_oklab(lab: Floats) -> Floats:
    """Return the sRGB colour of OKLab coordinates."""
    return gamma(np.linalg.solve(_CONES, np.linalg.solve(_OPPONENT, lab) ** 3))


def kind_of(role: str | None) -> Kind:
    """Which ramp a role's studs are painted with."""
    return "gradient" if role in ("delta", "gradient") else "value"


@functools.cache
def ramp(kind: Kind, dark: bool = False) -> tuple[str, ...]:
    """Return the colours from the most negative to the most positive, ``2 * STEPS + 1`` of them.

    >>> from tensorgrok.views.palette import ramp
    >>> colours = ramp("value")
    >>> colours[0], colours[20], colours[40]
    ('#c05600', '#faf8f4', '#0b5cad')
    """
    ends = (DARK_RAMPS if dark else RAMPS)[kind]
    low, zero, high = (to_oklab(to_rgb(code)) for code in ends)
    mixed = [
        zero + abs(step) / STEPS * ((high if step > 0 else low) - zero)
        for step in range(-STEPS, STEPS + 1)
    ]
    return tuple(to_hex(from_oklab(lab)) for lab in mixed)


def levels(values: Floats, limit: float) -> npt.NDArray[np.int64]:
    """Return the step on a ramp, from ``-STEPS`` to ``STEPS``, of each value as a share of a limit.

    What is not a number has step 0; infinities stand at the ends. A limit of 0 means that all is 0.
    """
    limit = limit or 1.0
    bounded = np.clip(np.nan_to_num(values, nan=0.0, posinf=limit, neginf=-limit), -limit, limit)
    return np.rint(bounded / limit * STEPS).astype(np.int64)


@functools.cache
def pixels(kind: Kind) -> npt.NDArray[np.uint8]:
    """Return the light ramp as pixels, shape (2 * STEPS + 1, 3)."""
    table: Floats = np.array([to_rgb(code) for code in ramp(kind)])
    return np.rint(table * 255).astype(np.uint8)


def stud_class(kind: Kind, step: int) -> str:
    """Return the class that says a stud's colour: ``v12``, ``v-3``, ``g0``."""
    return f"{kind[0]}{step}"


@functools.cache
def dark_rules(scope: str = "") -> str:
    """Return the style sheet that turns drawings dark, each rule inside of ``scope``.

    Args:
        scope: a selector that all rules are put behind, such as ``".dark"``; "" for none.

    >>> from tensorgrok.views.palette import dark_rules
    >>> dark_rules(".dark").splitlines()[0]
    '.dark .tg-bricks .brick .thick{fill:#9a9a9a}'
    """
    inside = f"{scope} .tg-bricks " if scope else ".tg-bricks "
    rules = []
    for role in (None, *(role for role in DARK if role)):
        body, edge, ink = DARK[role]
        brick = f"{inside}.brick.{role}" if role else f"{inside}.brick"
        rules += [
            f"{brick} .thick{{fill:{edge}}}",
            f"{brick} .body,{brick} .behind{{fill:{body};stroke:{edge}}}",
            f"{brick} .studs,{brick} .brk{{stroke:{edge}}}",
            f"{inside}.ink-{role or 'none'}{{fill:{ink}}}",
        ]
    for name, property_, _, dark in PARTS:
        rules.append(f"{inside}.{name}{{{property_}:{dark}}}")
    for kind in DARK_RAMPS:
        rules += [
            f"{inside}.{stud_class(kind, step)}{{fill:{colour}}}"
            for step, colour in zip(range(-STEPS, STEPS + 1), ramp(kind, dark=True), strict=True)
        ]
    # Lightness turned round while hues stay: paper becomes dark, and so do small means.
    rules.append(f"{inside}.heat{{filter:invert(1) hue-rotate(180deg)}}")
    return "\n".join(rules)
