"""Which layer of a graph a row of a correlation summary is about.

A summary tells layers by their number only, so it must be of the same network as the graph. This
module stands on ``correlation`` and ``reading``; read ``view`` next.
"""

from __future__ import annotations

import math
from typing import Any, cast

from ..errors import ArgumentError, describe
from ..graph import Node, Source, order
from ..reading import Reading
from ..terms import Term, terms_in
from .correlation import Comparison, Correlation
from .observation import products

#: R² of a layer's readout: held out, and train.
Bar = tuple[float | None, float]


def bars_of(reading: Reading, correlation: Any) -> dict[Term, Bar]:
    """For each layer of a graph its R² in a correlation summary of the same network.

    Raises:
        ArgumentError: no summary of one network, or that of a network with other layers.
    """
    if isinstance(correlation, Comparison):
        names = ", ".join(map(repr, correlation))
        raise ArgumentError(
            f"view: correlation compares several models; give that of the one that computed this, "
            f"comparison[name] with a name out of {names}"
        )
    if not isinstance(correlation, Correlation):
        raise ArgumentError(
            f"view: correlation must be what correlate found of the model, not "
            f"{describe(correlation)}"
        )
    layers = _layers(reading)
    widths = [math.prod(layer.shape[1:]) for layer in layers]
    if widths != [row.width for row in correlation.rows]:
        found = " → ".join(f"{width:,}" for width in widths)
        raise ArgumentError(
            f"view: the correlation is of a network of {len(correlation.rows)} layers "
            f"({correlation.architecture}), but this graph has {len(layers)} ({found}); give the "
            "correlation of the model that computed it, and view the model's output itself or a "
            "loss of it such as mse(output, target)"
        )
    terms = {place: reading.program.of.get(source) for place, source in enumerate(layers)}
    return {
        term: bar for place, bar in correlation.bars.items() if (term := terms[place]) is not None
    }


def _layers(reading: Reading) -> list[Source]:
    """What the weights are multiplied by, and the output last."""
    root = reading.root
    judged = root.kind == "loss"
    output = next(terms_in(root.operands)).source if judged else root.source
    assert output is not None
    rows = output.shape[0] if output.shape else 1
    found, _ = products(order([cast("Node", reading.tensor.node)]), rows)
    return [*dict.fromkeys(product.node.inputs[product.slot] for product in found), output]
