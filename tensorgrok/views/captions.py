"""What a brick is called and what it holds, in words: tooltips, spoken labels, titles of boxes.

This module stands on ``stacks`` and ``unicode``; read ``bricks`` and ``terminal`` next.
"""

from __future__ import annotations

import math

from .mathematics import parse
from .stacks import MINUS, TIMES, Brick, Sample
from .unicode import to_ascii, to_unicode


def symbol_text(brick: Brick, only_ascii: bool = False) -> str:
    """Return the symbol of a brick as text, with its transpose; a dot if it has none.

    >>> from tensorgrok.views.captions import symbol_text
    >>> from tensorgrok.views.stacks import Brick
    >>> symbol_text(Brick("t1", "W_{0}", "weights_0_1", "weight", (4, 3), transposed=True))
    'W₀ᵀ'
    """
    if brick.symbol is None:
        return "." if only_ascii else "·"
    formula = parse(brick.symbol + r"^{\top}" * brick.transposed)
    return to_ascii(formula) if only_ascii else to_unicode(formula)


def number_text(number: float, digits: int = 3) -> str:
    """Return a number as people read it, with so many digits and a proper minus."""
    return f"{number + 0.0:.{digits}g}".replace("-", MINUS)


def spoken(brick: Brick, shown: Sample | None = None) -> str:
    """Return the label of a brick for those who do not see it, and for a tooltip.

    Args:
        brick: what it is about.
        shown: what its studs or pixels show, where that is not ``brick.numbers``.

    >>> from tensorgrok.views.captions import spoken
    >>> from tensorgrok.views.stacks import Brick
    >>> spoken(Brick("t1", "l_{1}", "layer_1", "layer", (1, 4), why="not computed yet"))
    'layer_1: 1 by 4, not computed yet'
    """
    parts = [] if brick.lettered else [f"{brick.shape[0]} by {brick.shape[1]}"]
    if brick.copies != 1:
        parts.append(f"{brick.copies} of them, the first is shown")
    name = (brick.name or "unnamed intermediate") + " transposed" * brick.transposed
    taken = shown or brick.numbers
    if taken is None:
        parts.append(brick.why or "no numbers")
    elif taken.values.size == 0:
        parts.append("empty")
    else:
        parts += _range(taken)
    return f"{name}: {', '.join(parts)}"


def _range(taken: Sample) -> list[str]:
    parts = []
    if math.isfinite(taken.low):
        part = "magnitudes " if taken.part else ""
        parts.append(f"{part}from {number_text(taken.low)} to {number_text(taken.high)}")
    if taken.strange:
        parts.append(f"{taken.strange} not finite")
    if not taken.exact:
        parts.append(f"each colour is a mean of {taken.block[0]} {TIMES} {taken.block[1]}")
    return parts
