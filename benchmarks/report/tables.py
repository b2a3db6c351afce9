"""The whole report in Markdown, and the short table that the README shows.

Each section is a module of its own; what a file of results does not have leaves its section out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from benchmarks.report import costs, heading, roofline, scaling, steps
from benchmarks.report.markdown import Footnotes, paragraphs, table
from benchmarks.report.reading import Results, ResultsError
from benchmarks.report.versus import HOW_TO_READ, versus

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


class Section(NamedTuple):
    """A part of the document.

    Attributes:
        heading: what stands above it.
        groups: what it is about; without any of them it is left out.
        text: makes it.
        picture: the name of the plot that goes with it, if any.
    """

    heading: str
    groups: tuple[str, ...]
    text: Callable[[Results], str]
    picture: str = ""


SECTIONS = (
    Section("Training steps", (steps.GROUP,), steps.section, "steps"),
    Section("Where others are faster", (steps.GROUP,), steps.losses_section),
    Section("First runs", (steps.GROUP,), steps.first_runs_section),
    Section("The hot path", (roofline.GROUP,), roofline.section, "roofline"),
    Section("Recording", tuple(costs.RECORDING), costs.recording_section, "recording"),
    Section("Footprint", (costs.FOOTPRINT,), costs.footprint_section),
    Section("Scaling", (scaling.GROUP,), scaling.section, "scaling"),
)


def document(results: Results, pictures: Mapping[str, str] | None = None) -> str:
    """The whole report.

    Args:
        results: what it is about.
        pictures: where plots are, by name, for those that there are.
    """
    said = ["# Benchmarks", heading.section(results)]
    groups = results.groups()
    for section in SECTIONS:
        if any(group in groups for group in section.groups) and (text := section.text(results)):
            said.append(f"## {section.heading}")
            if pictures and section.picture in pictures:
                said.append(f"![{section.heading}]({pictures[section.picture]})")
            said.append(text)
    told = {group for section in SECTIONS for group in section.groups}
    said += [_other(results, group) for group in groups if group not in told]
    said += _gpu(results)
    return paragraphs(said) + "\n"


def _gpu(results: Results) -> list[str]:
    """What was measured on a GPU, if anything was: a table for each measurement."""
    found = results.settings.get("gpu")
    if not isinstance(found, Mapping):
        return []
    said = ["## On the GPU"]
    for title, figures in found.items():
        rows = [[str(name), _figure(value)] for name, value in figures.items()]
        said += [f"### {title}", table(["figure", "value"], rows)]
    return said


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _other(results: Results, group: str) -> str:
    """A group that no section is about."""
    notes = Footnotes()
    found = versus(results, group, results.works(group), "work", notes)
    return paragraphs([f"## {group[:1].upper()}{group[1:]}", found, notes.text()])


def readme_table(results: Results) -> str:
    """Chosen training steps of everybody, and what they were measured on.

    Raises:
        ResultsError: none of these steps was measured.
    """
    named = "Steps are named by optimizer, examples in the batch, and sizes of the layers."
    return f"{steps.short_table(results)}\n\n{HOW_TO_READ} {named} {heading.summary(results)}"


def in_readme(readme_text: str, table: str) -> str:
    """The README with this between its two markers, and all else as it was.

    Raises:
        ResultsError: the markers are not there, once each and in their order.
    """
    before, begin, rest = readme_text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before + after:
        said = f"the README must have the lines {BEGIN!r} and {END!r}, once each and in this order"
        raise ResultsError(f"{said}; put them where the table belongs.")
    return f"{before}{BEGIN}\n\n{table.strip()}\n\n{END}{after}"
