"""The correlation summary: what each layer of a network knows of the answer, and how much is noise.

Weights learn to make layers that correlate with what the next layer is asked for. So, layer by
layer, it is measured how well a linear readout finds the target in it, on the rows that were
learned from and on others: what is there on both is signal, what only the former have is noise that
the weights learned by heart.

This module stands on ``observation``, which runs the model, and ``statistics``, which measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DTypeError, GraphError, describe
from ..nn.module import Module
from . import statistics
from .observation import LayerSeen, Loss, Observation, observe

#: Below this share of the spread of the target nothing worth learning is left.
NOTHING_LEFT = 0.01

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class LayerCorrelation(NamedTuple):
    """What was found of one layer; None where a number is not defined.

    Attributes:
        node: the number i of the layer: 0 for the first that is multiplied by a weight.
        layer: its symbol, such as ``"l₀"``.
        name: the same in Python, ``"layer_0"``.
        width: numbers for each example.
        r2_train: R² of the best ridge readout of the target, out-of-fold on the training rows; None
            of fewer than 10 rows, or of no more rows than the width and 1.
        r2_held_out: R² of that readout on held-out rows: the signal.
        gap: ``r2_train - r2_held_out``: noise, what the layer knows of the training rows alone.
        cka_train, cka_held_out: debiased linear CKA with the target: how much of the layer is
            arranged as the target is.
        r: the largest |correlation| of one unit with one component of the target, training rows.
        cka: linear CKA with the target as it is in the training rows, biased.
        rms: root mean square over training rows of the demand δ on the last weight before it.
        rank: effective rank of that demand.
        open: share of its activations above 0, training rows; hidden layers only.
        left_train, left_held_out: R² of the readout of the demand on the weights after it: what
            they could still learn of it linearly. None once the demand is below 1 % of the spread
            of the target.
        agreement: cosine of the gradients of those weights on training and on held-out rows; None
            as ``left_train``.
    """

    node: int
    layer: str
    name: str
    width: int
    r2_train: float | None
    r2_held_out: float | None
    gap: float | None
    cka_train: float | None
    cka_held_out: float | None
    r: float | None
    cka: float | None
    rms: float | None
    rank: float | None
    open: float | None
    left_train: float | None
    left_held_out: float | None
    agreement: float | None


@dataclass(frozen=True, repr=False)
class Correlation:
    """The correlation summary of one model; printed, it is a table.

    In the table ``train`` and ``held`` are the training and the held-out rows, and ``steps agree``
    is the agreement of gradients; a dash stands for what is not defined.

    Attributes:
        rows: one for each layer, the output last.
        parameters: how many numbers the parameters hold that the output depends on.
        train_rows: on how many rows it was measured.
        held_out_rows: on how many others; None for "train only".
    """

    rows: tuple[LayerCorrelation, ...]
    parameters: int
    train_rows: int
    held_out_rows: int | None

    @property
    def architecture(self) -> str:
        """Widths of the layers, such as ``"64 → 40 → 10"``."""
        return " → ".join(f"{row.width:,}" for row in self.rows)

    @property
    def bars(self) -> dict[int, tuple[float | None, float]]:
        """For a picture: (R² held out, R² train) by number of the layer, where there is one."""
        return {
            row.node: (row.r2_held_out, row.r2_train)
            for row in self.rows
            if row.r2_train is not None
        }

    def __repr__(self) -> str:
        return _text({None: self})


class Comparison(Mapping[str, Correlation]):
    """Correlation summaries of several models by name, on the same rows; printed, one table."""

    def __init__(self, models: dict[str, Correlation]) -> None:
        self._models = models

    def __getitem__(self, name: str) -> Correlation:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def __repr__(self) -> str:
        return _text(self._models)


@overload
def correlate(
    model: Callable[[Any], Any],
    train: tuple[Any, Any],
    held_out: tuple[Any, Any] | None = None,
    *,
    loss: Loss | None = None,
) -> Correlation: ...


@overload
def correlate(
    model: Sequence[Callable[[Any], Any]] | Mapping[str, Callable[[Any], Any]],
    train: tuple[Any, Any],
    held_out: tuple[Any, Any] | None = None,
    *,
    loss: Loss | None = None,
) -> Comparison: ...


def correlate(
    model: Any,
    train: tuple[Any, Any],
    held_out: tuple[Any, Any] | None = None,
    *,
    loss: Loss | None = None,
) -> Correlation | Comparison:
    """Measure how each layer of a model correlates with the target: signal, noise, what is left.

    A layer is what a parameter is multiplied by as it is, in a dot, matrix or other product, where
    it has a row for each example; axes after the first count as one. The output is the last layer.
    Layers have the order in which the model multiplies them; one that feeds several weights is one
    row.

    A readout R² is *linear*: 0 does not mean that a layer lacks the answer, but that no linear map
    finds it. Of the input the two R² must agree, for no weight has learned anything about it: a gap
    there is chance, and so are gaps of that size elsewhere.

    A module is put into evaluation and afterwards back, every part as it was. No ``.grad`` changes
    and nothing is drawn, provided that the model draws nothing itself. The model runs where its
    parameters are, twice, with more than 4,096 rows in batches; its layers come to the host.

    Args:
        model: a module, or a function from a tensor to a tensor of floats with a row for each
            example. Several in a list, tuple or dictionary are put into one table.
        train: (x, y) with equally many rows, tensors or arrays. ``y`` are numbers of the shape of
            the output, axes of length 1 aside, or class labels: integers of the output's shape
            without its last axis. Arrays of floats are cast to the dtype of a module's parameters.
        held_out: (x, y) of rows that the model was not trained on. None means "train only", with
            no signal: rows split off after training would have been learned like all others.
        loss: a function (prediction, target) to a tensor of one element; by default half the
            squared error, for labels the cross-entropy, summed over rows. The demand δ is its
            derivative, so give one that sums over rows: a mean makes δ as many times smaller, and
            soon smaller than what counts as nothing left to learn.

    Returns:
        The summary of the model, or of several models by name; see ``LayerCorrelation``.

    Raises:
        GraphError: no layer is multiplied by a parameter.
        ShapeError, DTypeError, ArgumentError: rows that do not belong together, an output or a
            target that does not fit, NaN or infinite numbers.

    >>> x = tg.normal((40, 3), dtype=float)
    >>> model = nn.Sequential(nn.Linear(3, 4, dtype=float), nn.Tanh(), nn.Linear(4, 1, dtype=float))
    >>> summary = correlate(model, (x, x[:, 0] - x[:, 2]))
    >>> summary.architecture, summary.parameters
    ('3 → 4 → 1', 21)
    >>> round(summary.rows[0].r2_train, 6)
    1.0
    """
    if isinstance(model, Mapping):
        models = {str(name): one for name, one in model.items()}
    elif isinstance(model, list | tuple):
        models = {f"model {place}": one for place, one in enumerate(model)}
    else:
        return _correlation("the model", model, train, held_out, loss)
    if not models:
        raise ArgumentError("correlate: there is no model; give one, or several in a list")
    return Comparison(
        {name: _correlation(name, one, train, held_out, loss) for name, one in models.items()}
    )


def _correlation(
    name: str, model: Any, train: Any, held_out: Any, loss: Loss | None
) -> Correlation:
    if not callable(model) or (isinstance(model, type) and issubclass(model, Module)):
        raise DTypeError(
            f"correlate: {name} is {describe(model)}; give a module or a function from a tensor "
            "to a tensor"
        )
    if loss is not None and not callable(loss):
        raise DTypeError(f"correlate: loss must be a function, not {describe(loss)}")
    learned = observe(model, train, "train", loss)
    other = None if held_out is None else observe(model, held_out, "held_out", loss)
    if other is not None and _widths(learned) != _widths(other):
        raise GraphError(
            f"correlate: {name} has layers of the widths {_widths(learned)} on train and "
            f"{_widths(other)} on held_out; the rows of both must take the same way"
        )
    spread = statistics.spread(learned.target)
    rows = [_row(place, learned, other, spread) for place in range(len(learned.layers))]
    count = None if other is None else len(other.target)
    return Correlation(tuple(rows), learned.parameters, len(learned.target), count)


def _widths(observation: Observation) -> list[int]:
    """Widths of the layers, and of the target last."""
    widths = [seen.values.shape[1] for seen in observation.layers]
    return [*widths, observation.target.shape[1]]


def _values(seen: LayerSeen, place: int, which: str) -> npt.NDArray[np.float64]:
    if seen.values.dtype.kind == "c":
        raise DTypeError(
            f"correlate: layer_{place} is {seen.values.dtype}; correlations are defined for real "
            "numbers only"
        )
    statistics.check_finite("correlate", seen.values, f"layer_{place} on {which}")
    return seen.values.astype(np.float64)


def _row(
    place: int, learned: Observation, other: Observation | None, spread: float
) -> LayerCorrelation:
    """The statistics of one layer; ``spread`` is that of the target."""
    here, y = learned.layers[place], learned.target
    x = _values(here, place, "train")
    readable = statistics.enough_rows(*x.shape)
    held_out = there = None
    if other is not None:
        there = other.layers[place]
        held_out = (_values(there, place, "held_out"), other.target)
    r2 = statistics.readout(x, y, held_out) if readable else (None, None)
    rms = rank = share = None
    if here.arriving is not None:
        rms = statistics.root_mean_square(here.arriving)
        rank = statistics.effective_rank(here.arriving)
    if here.asked is not None and place > 0:
        share = float((x > 0).mean())
    left: tuple[float | None, float | None] = (None, None)
    agreement = None
    if here.asked is not None and statistics.root_mean_square(here.asked) > NOTHING_LEFT * spread:
        if readable:
            wanted = None if held_out is None or there is None else (held_out[0], there.asked)
            left = statistics.readout(x, here.asked, wanted)
        if there is not None:
            agreement = statistics.agreement(here.gradient, there.gradient)
    return LayerCorrelation(
        node=place,
        layer=f"l{place}".translate(_SUBSCRIPTS),
        name=f"layer_{place}",
        width=x.shape[1],
        r2_train=r2[0],
        r2_held_out=r2[1],
        gap=None if r2[0] is None or r2[1] is None else r2[0] - r2[1],
        cka_train=statistics.debiased_cka(x, y),
        cka_held_out=None if held_out is None else statistics.debiased_cka(*held_out),
        r=statistics.best_correlation(x, y),
        cka=statistics.biased_cka(x, y),
        rms=rms,
        rank=rank,
        open=share,
        left_train=left[0],
        left_held_out=left[1],
        agreement=agreement,
    )


# As text -----------------------------------------------------------------------------------------

#: Groups of columns: their heading, and for each column its heading and what it shows.
_GROUPS = (
    ("", (("layer", "layer"), ("width", "width"))),
    ("R² with y", (("train", "r2_train"), ("held", "r2_held_out"), ("gap", "gap"))),
    ("CKA with y", (("train", "cka_train"), ("held", "cka_held_out"))),
    ("one unit", (("best |r|", "r"),)),
    ("what reaches it", (("rms δ", "rms"), ("rank", "rank"), ("open", "open"))),
    ("left to learn", (("train", "left_train"), ("held", "left_held_out"))),
    ("steps", (("agree", "agreement"),)),
)
#: Of a handful of rows.
_FEW = (_GROUPS[0], ("with y", (("best |r|", "r"), ("CKA", "cka"))))
_HELD_OUT = {"r2_held_out", "gap", "cka_held_out", "left_held_out", "agreement"}


def cells(summary: Correlation) -> tuple[list[tuple[str, list[str]]], list[list[str]]]:
    """The table of a summary: groups of columns with their headings, and a row for each layer."""
    groups = _columns({None: summary})
    rows = [[cell for group in _cells(row, groups) for cell in group] for row in summary.rows]
    return [(title, headings) for title, headings, _ in groups], rows


def remarks(summary: Correlation) -> list[str]:
    """What to know of a summary's numbers: of how many rows they are, and why some are missing."""
    return [_counts(summary), *_notes({None: summary})]


def _columns(models: Mapping[Any, Correlation]) -> list[tuple[str, list[str], list[str]]]:
    """Groups of columns: their title, the headings, and the fields of rows to show below these."""
    first = next(iter(models.values()))
    wide = _wide(models)
    groups = []
    for title, columns in _FEW if _few(first) else _GROUPS:
        shown = [c for c in columns if first.held_out_rows is not None or c[1] not in _HELD_OUT]
        if shown and (title != "one unit" or wide):
            groups.append((title, [heading for heading, _ in shown], [field for _, field in shown]))
    return groups


def _few(summary: Correlation) -> bool:
    return summary.train_rows < statistics.LEAST_ROWS


def _wide(models: Mapping[Any, Correlation]) -> bool:
    """Whether a layer has too many units for the number of rows."""
    rows = next(iter(models.values())).train_rows
    layers = (row for summary in models.values() for row in summary.rows)
    return any(not statistics.enough_rows(rows, layer.width) for layer in layers)


def _cells(
    row: LayerCorrelation, groups: Sequence[tuple[str, list[str], list[str]]]
) -> list[list[str]]:
    return [[_shown(getattr(row, field)) for field in fields] for _, _, fields in groups]


def _text(models: Mapping[Any, Correlation]) -> str:
    """The table of one model, named None, or of several, each with a line of its own."""
    first = next(iter(models.values()))
    groups = _columns(models)
    lines: list[str | list[list[str]]] = []
    lines.append([headings for _, headings, _ in groups])
    for name, summary in models.items():
        if name is not None:
            lines.append(_title(summary, name))
        lines += [_cells(row, groups) for row in summary.rows]
    top = [_title(first)] if None in models else []
    top += [_counts(first), ""]
    below = ["", *notes] if (notes := _notes(models)) else []
    return "\n".join([*top, *_aligned([title for title, _, _ in groups], lines), *below])


def _title(summary: Correlation, name: str | None = None) -> str:
    """The architecture in one line."""
    count = f"{summary.parameters:,} parameter{'' if summary.parameters == 1 else 's'}"
    return f"{'' if name is None else f'{name}: '}{summary.architecture}   {count}"


def _counts(summary: Correlation) -> str:
    rows = f"{summary.train_rows:,} rows to learn from"
    if summary.held_out_rows is None:
        return f"{rows}, train only: without held-out rows signal and noise look the same"
    return f"{rows}, {summary.held_out_rows:,} held out"


def _notes(models: Mapping[Any, Correlation]) -> list[str]:
    """What to know of numbers that are missing."""
    least = statistics.LEAST_ROWS
    if _few(next(iter(models.values()))):
        return [f"of fewer than {least} rows a readout fits anything; CKA is that of these rows"]
    if _wide(models):
        return ["no R² of a layer that has as many units as there are rows to learn from"]
    return []


def _shown(value: Any) -> str:
    if value is None:
        return "\N{EN DASH}"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value + 0.0:.3g}" if abs(value) >= 1000 else f"{round(value, 2) + 0.0:.2f}"


def _aligned(titles: list[str], lines: list[str | list[list[str]]]) -> list[str]:
    """Cells in columns, columns in groups below their titles; lines that are text stay whole."""
    tables = [line for line in lines if not isinstance(line, str)]
    widths = [
        [max(len(line[g][c]) for line in tables) for c in range(len(tables[0][g]))]
        for g in range(len(titles))
    ]
    # A title longer than its columns widens the first of them.
    for title, columns in zip(titles, widths, strict=True):
        columns[0] += max(0, len(title) - sum(columns) - 2 * (len(columns) - 1))
    whole = [sum(columns) + 2 * (len(columns) - 1) for columns in widths]
    found = ["   ".join(f"{title:<{w}}" for title, w in zip(titles, whole, strict=True))]
    for line in lines:
        if isinstance(line, str):
            found.append(line)
            continue
        cells = [
            "  ".join(f"{cell:>{w}}" for cell, w in zip(group, columns, strict=True))
            for group, columns in zip(line, widths, strict=True)
        ]
        found.append("   ".join(cells))
    return [line.rstrip() for line in found]
