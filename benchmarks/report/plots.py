"""Plots of the results, as SVG and PNG: training steps, the roofline, recording, and scaling.

Matplotlib is imported when something is drawn, and opens no window.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.report import costs, roofline, scaling, steps, style
from benchmarks.report.markdown import quantity
from benchmarks.report.reading import BLAS, Results, Row, in_order
from benchmarks.work import OURS, REFERENCE, shown

#: The steps that are drawn over the number of weights.
STEP = re.compile(r"SGD 1x(\d+(?:-\d+)+)")
#: The dtype whose roofline is drawn.
DTYPE = "float32"
#: What grows, by the name that results have for it.
AXES = {
    "depth": "operations in the chain",
    "width": "inputs and outputs of each layer",
    "batch": "examples in the batch",
}


def draw(results: Results, folder: str | Path) -> list[Path]:
    """Draw everything that was measured.

    Args:
        results: what to draw.
        folder: where ``steps``, ``roofline``, ``recording`` and ``scaling`` are written, each as
            ``.svg`` and ``.png``; it is made if need be. What was not measured is left out.

    Raises:
        ResultsError: Matplotlib is not installed.
    """
    place = Path(folder)
    found = []
    with style.styled():
        for name, make in (
            ("steps", step_times),
            ("roofline", rooflines),
            ("recording", recording),
            ("scaling", scalings),
        ):
            page = make(results)
            if page is not None:
                place.mkdir(parents=True, exist_ok=True)
                found += style.save(page, place, name)
    return found


def weights(work: str) -> int | None:
    """How many weights the net of such a step has; None of other steps."""
    match = STEP.fullmatch(work)
    if match is None:
        return None
    sizes = [int(size) for size in match[1].split("-")]
    return sum(inputs * outputs for inputs, outputs in itertools.pairwise(sizes))


def step_times(results: Results) -> Any:
    """Seconds of a step of gradient descent on one example, over the weights of the net."""
    counts = {work: n for work in results.works(steps.GROUP) if (n := weights(work))}
    if len(counts) < 2:
        return None
    page, ((plot,),) = style.figure(4.6)
    ends = []
    for side in reversed(results.sides(steps.GROUP)):
        rows = [row for work in counts if (row := results.row(steps.GROUP, work, side))]
        points = sorted((counts[row.work], row.median) for row in rows)
        if points:
            plot.plot(*zip(*points, strict=True), **style.line(side))
            ends.append(style.End(side, *points[-1]))
    logarithmic(plot, number, shown)
    plot.set_xlabel("weights of the net")
    plot.set_ylabel("time of one step")
    plot.set_title("Forward, backward and SGD of a net on one example")
    style.named_ends(plot, ends, 0.052)
    return page


def logarithmic(plot: Any, x: Callable[[float], str], y: Callable[[float], str]) -> None:
    """Make both axes logarithmic, with ticks that are written in these ways."""
    ticker = style.matplotlib("ticker")
    plot.set_xscale("log")
    plot.set_yscale("log")
    for axis, written in ((plot.xaxis, x), (plot.yaxis, y)):
        axis.set_major_formatter(ticker.FuncFormatter(functools.partial(_tick, written)))
        axis.set_minor_formatter(ticker.NullFormatter())


def _tick(written: Callable[[float], str], value: float, _: int) -> str:
    return written(value)


def number(value: float) -> str:
    """A number with a decimal prefix, such as ``0.01``, ``10`` or ``100k``."""
    return quantity(value, "").replace(" ", "")


def rooflines(results: Results) -> Any:
    """Each function of the hot path: operations a second over operations for each byte."""
    kinds: dict[str, list[Row]] = {}
    for row in results.rows:
        if (
            row.group == roofline.GROUP
            and roofline.counted(row)
            and row.facts.get("dtype") == DTYPE
        ):
            kinds.setdefault(str(row.facts.get("kind")), []).append(row)
    if not kinds:
        return None
    height = math.ceil((len(kinds) + 1) / 3)
    page, plots = style.figure(0.4 + 2.9 * height, height, 3, sharex=True, sharey=True)
    places = list(plots.flat)
    for plot, (kind, rows) in zip(places, kinds.items(), strict=False):
        plot.set_title(kind)
        logarithmic(plot, number, number)
        _points(plot, rows)
        _roof(plot, results, kind, rows)
    for plot in places[len(kinds) :]:
        plot.set_axis_off()
    names = _handles(places)
    places[len(kinds)].legend(names.values(), names, loc="center left", borderaxespad=0)
    page.supxlabel("operations for each byte (larger markers: more bytes)", fontsize=9.5)
    page.supylabel(f"GFLOP/s, {DTYPE}", fontsize=9.5)
    return page


def _points(plot: Any, rows: list[Row]) -> None:
    for side in (REFERENCE, BLAS, OURS):
        mine = [row for row in rows if row.side == side]
        if not mine:
            continue
        ours = side == OURS
        colour, marker = style.look(side)
        plot.scatter(
            [roofline.intensity(row) for row in mine],
            [row.facts["flops"] / row.median / 1e9 for row in mine],
            [6 + 4 * math.log10(row.facts["bytes"]) for row in mine],
            marker=marker,
            facecolors=colour if ours else "none",
            edgecolors="white" if ours else colour,
            linewidths=0.5 if ours else 1,
            label=side,
            zorder=4 if ours else 3,
        )


def _roof(plot: Any, results: Results, kind: str, rows: list[Row]) -> None:
    """The peak of arithmetic, and the slopes of memory and of cache below it."""
    peak = results.ceilings.flops.get(DTYPE)
    measured = roofline.speeds(results.ceilings, kind)
    if not (peak and measured):
        return
    least = min(roofline.intensity(row) for row in rows) / 1.6
    most = max(roofline.intensity(row) for row in rows) * 1.6
    memory, cache = measured[-1][1], max(speed for _, speed in measured)
    for name, speed, colour in (("memory", memory, style.INK), ("cache", cache, style.FAINT)):
        ridge = peak / speed
        slope = {"color": colour, "linestyle": "-" if name == "memory" else "--"}
        plot.plot(
            [least, ridge, max(most, ridge)],
            [least * speed / 1e9, peak / 1e9, peak / 1e9],
            **slope,
            linewidth=1.4,
            label=f"ceiling, from {name}",
            zorder=2,
        )
    doing = "copying" if measured is results.ceilings.copy else "reading"
    said = [f"peak {quantity(peak, 'FLOP/s')}", f"{doing} from"]
    said += [f"memory {quantity(memory, 'B/s')}", f"cache {quantity(cache, 'B/s')}"]
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    place = {"transform": plot.transAxes, "ha": "right", "fontsize": 8, "bbox": paper}
    plot.text(0.98, 0.03, "\n".join(said), **place)


def recording(results: Results) -> Any:
    """One operation on 4x4, forward and backward: ours as bars, everybody else as markers."""
    groups = {g: h for g, h in costs.RECORDING.items() if results.of_group(g)}
    if not groups:
        return None
    works = {row.work: row.median for g in reversed(groups) for row in results.of_group(g)}
    order = sorted(works, key=works.__getitem__, reverse=True)
    page, plots = style.figure(1.2 + 0.24 * len(order), 1, len(groups), sharey=True)
    for plot, (group, heading) in zip(plots.flat, groups.items(), strict=True):
        for side in results.sides(group):
            rows = [row for work in order if (row := results.row(group, work, side))]
            places, times = [order.index(r.work) for r in rows], [r.median * 1e6 for r in rows]
            colour, marker = style.look(side)
            if side == OURS:
                plot.barh(places, times, 0.7, color=colour, label=side, zorder=2)
            else:
                drawn = {"color": colour, "marker": marker, "label": side, "zorder": 3}
                plot.scatter(times, places, 34, edgecolors="white", linewidths=0.5, **drawn)
        plot.set_yticks(range(len(order)), order)
        plot.set_ylim(-0.6, len(order) - 0.4)
        plot.set_xlim(left=0)
        plot.grid(visible=False, axis="y")
        plot.set_title(heading)
        plot.set_xlabel("µs for one operation on arrays of 4x4")
    names = _handles(plots.flat)
    page.legend(names.values(), names, loc="outside lower center", ncols=len(names))
    return page


def _handles(plots: Iterable[Any]) -> dict[str, Any]:
    """What stands for each side in a legend, in the order of tables, and then all else."""
    found = {
        label: handle
        for plot in plots
        for handle, label in zip(*plot.get_legend_handles_labels(), strict=True)
    }
    return {label: found[label] for label in in_order(found)}


def scalings(results: Results) -> Any:
    """Times over depth, width and batch, and the power laws that they follow."""
    axes: dict[str, list[scaling.Curve]] = {}
    for curve in scaling.curves(results):
        axes.setdefault(curve.along, []).append(curve)
    if not axes:
        return None
    page, plots = style.figure(4.4, 1, len(axes))
    for plot, (along, curves) in zip(plots.flat, axes.items(), strict=True):
        for curve in reversed(curves):
            drawn = style.line(curve.side) | {"linewidth": 0.7, "linestyle": ":"}
            law = curve.holds
            drawn["label"] = curve.side
            if law:
                drawn["label"] += f" {law.exponent:.2f}, {law.least:,.0f} to {law.most:,.0f}"
            plot.plot(curve.sizes, curve.times, **drawn)
            if law:
                sizes = [law.least, law.most]
                solid = style.line(curve.side) | {"marker": "", "label": None}
                plot.plot(sizes, [law.at(size) for size in sizes], **solid)
        logarithmic(plot, number, shown)
        plot.set_title(along)
        plot.set_xlabel(AXES.get(along, along))
        handles, labels = plot.get_legend_handles_labels()
        title = "exponent, and where it holds"
        plot.legend(
            handles[::-1],
            labels[::-1],
            title=title,
            title_fontsize=8,
            fontsize=8,
            loc="upper left",
            bbox_to_anchor=(-0.05, -0.19),
            borderaxespad=0,
        )
    plots.flat[0].set_ylabel("time of forward, backward and update")
    return page
