"""How plots look: a colour and a marker for each side, and one style for all.

Colours stay apart for people who see fewer of them, and no plot relies on colour alone: lines have
markers and names. Pages are white also where the text around them is light on dark. An SVG keeps
text as text, and says nothing of when and where it was drawn, so the same results give the same
bytes.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.report.reading import BLAS, ResultsError
from benchmarks.work import OURS, REFERENCE

#: Inches: as wide as a README is shown, at 96 pixels to the inch.
WIDTH = 8.6
GRID, INK, FAINT = "#dddddd", "#222222", "#707070"


class Look(NamedTuple):
    """The colour and the marker of a side."""

    colour: str
    marker: str


LOOKS = {
    OURS: Look("#d55e00", "o"),
    REFERENCE: Look("#222222", "s"),
    "PyTorch": Look("#005b6c", "D"),
    "PyTorch tuned": Look("#7b3702", "p"),
    "torch.compile": Look("#10a8ff", "d"),
    "JAX jit": Look("#29847d", "^"),
    "autograd": Look("#e69f00", "v"),
    "MyGrad": Look("#9a4eca", "P"),
    "tinygrad": Look("#52009b", "X"),
    "micrograd": Look("#a0a0a4", "*"),
    BLAS: Look("#0072b2", "^"),
}
#: The line from a name to the point that it names.
LEADER = {"arrowstyle": "-", "linewidth": 0.7, "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 3}
OTHER = Look("#8c6d46", ".")


class End(NamedTuple):
    """The last point of a side's line."""

    side: str
    x: float
    y: float


SETTINGS = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": 96,
    "savefig.dpi": 192,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "tensorgrok",
}


def look(side: str) -> Look:
    """That of a side."""
    return LOOKS.get(side, OTHER)


def line(side: str) -> dict[str, Any]:
    """How a side's line is drawn; ours above the others, and thicker."""
    ours = side == OURS
    drawn: dict[str, Any] = {"color": look(side).colour, "marker": look(side).marker}
    drawn |= {"label": side, "linewidth": 2.6 if ours else 1.3, "markersize": 6.5 if ours else 5}
    return drawn | {"zorder": 5 if ours else 3}


def matplotlib(part: str = "") -> Any:
    """Matplotlib, or a part of it.

    Raises:
        ResultsError: it is not installed.
    """
    try:
        return importlib.import_module(f"matplotlib{'.' * bool(part)}{part}")
    except ImportError as error:
        said = "plots are drawn with Matplotlib, which is not installed"
        raise ResultsError(f"{said}: pip install 'tensorgrok[bench]'") from error


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Within it everything is drawn in this style, whatever the user's own says."""
    plain = matplotlib().rcParamsDefault | SETTINGS
    plain.pop("backend", None)  # no window is opened, so none is chosen
    with matplotlib().rc_context(plain):
        yield


def figure(height: float, rows: int = 1, columns: int = 1, **shared: Any) -> tuple[Any, Any]:
    """A page of this height in inches, and its plots as an array (rows, columns)."""
    page = matplotlib("figure").Figure(figsize=(WIDTH, height), layout="constrained")
    matplotlib("backends.backend_agg").FigureCanvasAgg(page)
    return page, page.subplots(rows, columns, squeeze=False, **shared)


def save(page: Any, folder: Path, name: str) -> list[Path]:
    """The page as SVG and as PNG."""
    found = []
    for kind, metadata in (
        ("svg", {"Date": None, "Creator": None}),
        ("png", {"Software": None}),
    ):
        path = folder / f"{name}.{kind}"
        page.savefig(path, metadata=metadata)
        found.append(path)
    return found


def named_ends(plot: Any, ends: Sequence[End], height: float) -> None:
    """Write each side's name behind the last point of its line, moved so that none overlap.

    Args:
        plot: where; both axes logarithmic, and their limits final.
        ends: of the lines.
        height: of a line of text, as a fraction of the height of the plot.
    """
    for x in dict.fromkeys(end.x for end in ends):
        mine = [end for end in ends if end.x == x]
        places = spread([_fraction(end.y, plot.get_ylim()) for end in mine], height)
        for end, place in zip(mine, places, strict=True):
            plot.annotate(
                end.side,
                (x, end.y),
                xytext=(_fraction(x, plot.get_xlim()) + 0.035, place),
                textcoords="axes fraction",
                va="center",
                color=look(end.side).colour,
                fontweight="bold" if end.side == OURS else "normal",
                arrowprops=LEADER | {"color": look(end.side).colour},
                annotation_clip=False,
            )


def _fraction(value: float, limits: tuple[float, float]) -> float:
    """Where a value lies on a logarithmic axis: 0 at its lower limit, 1 at its upper one."""
    low, high = (math.log(limit) for limit in limits)
    return (math.log(value) - low) / (high - low)


def spread(places: Sequence[float], distance: float) -> list[float]:
    """The places, moved as little as need be until all are at least so far apart."""
    found = dict(enumerate(places))
    order = sorted(found, key=found.__getitem__)
    for _ in range(200):
        for lower, upper in itertools.pairwise(order):
            lack = distance - (found[upper] - found[lower])
            if lack > 0:
                found[lower] -= lack / 2
                found[upper] += lack / 2
    return list(found.values())
