"""What the figures were measured on, and how."""

from __future__ import annotations

import statistics

from benchmarks.report.markdown import DASH, code, paragraphs, percent, quantity, table, working_set
from benchmarks.report.reading import Results
from benchmarks.report.versus import HOW_TO_READ

METHOD = """\
What is timed is one run of a piece of work, such as a whole training step: forward, backward and
update. Before that all sides are found to give equal results, three times over. Then they take
turns in short rounds, so that whatever slows the machine down slows all of them; before its turn a
side runs as long untimed, for the one before it has taken the processor's caches. The garbage
collector is off meanwhile (but on where graphs grow deep, under Scaling), and the first round is
left out. A figure is the median of all rounds. What a side does only once, importing, tracing and
compiling, is not in it; first runs have a table of their own. Learning rates are so small that
nothing converges, since zeros and denormal numbers are quick or slow for reasons of their own."""


def section(results: Results) -> str:
    """The machine and the run as a table, how things are timed, and how far rounds differ."""
    said = [_run(results), METHOD, HOW_TO_READ, _noise(results)]
    if results.settings.get("quick"):
        said.append("**A quick run: few rounds and few sizes. These figures are rough.**")
    found = _ceilings(results)
    return paragraphs([*said, found])


def summary(results: Results) -> str:
    """The machine and the run in a sentence."""
    wanted = ("numpy", "torch", "jax", "autograd", "mygrad", "tinygrad", "micrograd")
    said = [f"{name} {results.versions[name]}" for name in wanted if name in results.versions]
    threads = _threads(results)
    where = [
        results.processor,
        *([threads] if threads else []),
        f"Python {_python(results)}",
        *said,
    ]
    return f"{', '.join(where)}; {results.date[:10] or 'undated'}."


def _python(results: Results) -> str:
    return results.versions["python"]


def _threads(results: Results) -> str:
    """Such as ``1 thread``, if everything that was asked was asked for as many."""
    counts = set(results.threads.values())
    if len(counts) != 1:
        return ", ".join(f"{name}={count}" for name, count in results.threads.items())
    (count,) = counts
    return f"{count} thread{'s' * (count != '1')}"


def _run(results: Results) -> str:
    settings = results.settings
    backend, device = str(settings.get("backend") or ""), str(settings.get("device") or "")
    implementation = str(results.machine.get("python_implementation") or "Python")
    versions = {k: v for k, v in results.versions.items() if k != "python"}
    rows = [
        ("processor", results.processor),
        ("system", results.system),
        ("threads", ", ".join(f"`{k}={v}`" for k, v in results.threads.items()) or "not limited"),
        ("backend of tensorgrok", f"{code(backend)} ({device})" if backend else DASH),
        ("Python", f"{implementation} {_python(results)}"),
        ("versions", ", ".join(f"{k} {v}" for k, v in versions.items()) or DASH),
        ("date", results.date or DASH),
        ("command", code(str(settings["command"])) if settings.get("command") else DASH),
    ]
    return table(["", ""], rows, left=2)


def _noise(results: Results) -> str:
    spreads = [row.spread for row in results.rows]
    if not spreads:
        return ""
    most = max(results.rows, key=lambda row: row.spread)
    return (
        "Noise: the quartiles of a figure's rounds are apart by "
        f"{percent(statistics.median(spreads))} of it, as the median of all {len(spreads):,} "
        f"figures, and by {percent(most.spread)} at worst "
        f"({most.group}: {most.work}: {most.side})."
    )


def _ceilings(results: Results) -> str:
    found = results.ceilings
    sizes = sorted({size for size, _ in (*found.read, *found.copy)})
    read, copy = dict(found.read), dict(found.copy)
    said = []
    if found.flops:
        peaks = (f"{quantity(speed, 'FLOP/s')} in {dtype}" for dtype, speed in found.flops.items())
        said.append(f"The most arithmetic, in a product of large matrices: {', '.join(peaks)}.")
    if sizes:
        rows = [
            [working_set(size), _speed(read.get(size)), _speed(copy.get(size))] for size in sizes
        ]
        said += ["The speed of memory, by the bytes touched at a time:"]
        said.append(table(["bytes touched", "reading", "copying (read and written)"], rows))
    return paragraphs(said)


def _speed(value: float | None) -> str:
    return DASH if value is None else quantity(value, "B/s")
