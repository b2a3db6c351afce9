"""The report on a trained network: its figures, its three views and its correlation summary.

One page like that of a view, so everything on it lights up and steps as there. This module stands
on ``presenting`` for the view's part and on ``correlation`` for the table; the command line, which
trains a network on digits, ends with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .contents import Drawing, Section, Table
from .correlation import Correlation, LayerCorrelation, cells, remarks
from .gauges import KEY, draw_bar
from .page import page
from .presenting import content
from .stacks import bar_text
from .view import View

TRAINED = "What was trained"
SUMMARY = "Correlation summary — signal and noise, layer by layer"
GAP = (
    "Where R² is higher on training rows, the weights learned noise by heart. Of the input both R² "
    "must agree, for no weight has learned anything about it: a gap there is chance, and so are "
    "gaps of that size elsewhere."
)


def report(
    title: str,
    subtitle: str,
    figures: Sequence[tuple[str, str]],
    view: View,
    correlation: Correlation | None,
) -> str:
    """Return a page on a network that was trained.

    Args:
        title, subtitle: plain text.
        figures: what to say of the training, each with a name.
        view: of a loss of the network; with ``correlation`` it has bars below its layers.
        correlation: what ``correlate`` found of the network, or None.

    >>> x = tg.normal((40, 3))
    >>> model = nn.Linear(3, 1)
    >>> loss = nn.mse(model(x), x[:, :1])
    >>> shown = tg.view(loss, correlation=(found := tg.correlate(model, (x, x[:, :1]))))
    >>> text = report("A line", "", [("loss", f"{loss.item():.2f}")], shown, found)
    >>> text.startswith("<!doctype html>"), "Correlation summary" in text
    (True, True)
    """
    sections, facts, steps = content(view)
    sections = [Section(TRAINED, [Table(figures)]), *sections]
    if correlation is not None:
        sections.append(_summary(correlation))
    return page(title, subtitle, sections, facts, steps)


def _summary(correlation: Correlation) -> Section:
    """A section with the table, and the bars of the picture again."""
    groups, rows = cells(correlation)
    note = ". ".join([*remarks(correlation), ""]).rstrip()
    if not correlation.bars:
        return Section(SUMMARY, [Table(rows, groups)], note=note)
    (title, first), *others = groups
    place = len(first)
    drawn = [
        [*row[:place], _bar(layer), *row[place:]]
        for layer, row in zip(correlation.rows, rows, strict=True)
    ]
    table = Table(drawn, [(title, [*first, "signal and noise"]), *others])
    told = f"{note} {GAP}" if correlation.held_out_rows is not None else note
    return Section(SUMMARY, [table], note=told, key=KEY)


def _bar(layer: LayerCorrelation) -> Drawing | None:
    if layer.r2_train is None:
        return None
    bar = (layer.r2_held_out, layer.r2_train)
    return Drawing(draw_bar(bar, 78, 9, bar_text(bar)))
