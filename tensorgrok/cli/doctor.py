"""``python -m tensorgrok doctor``: what the backends find here, and one step to take next."""

from __future__ import annotations

import argparse
import platform
import sys

import numpy as np

from .. import __version__
from ..errors import BackendError
from ..registry import AUTO_ORDER, load_factory, registrations
from .backends import taken
from .program import Interrupt, write

SUMMARY = "examine what each backend needs (for CuPy: wheels, driver, libraries, device)"

Fact = tuple[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The doctor takes no arguments."""


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Print the findings and the next step."""
    write(diagnosis(), sys.stdout)
    return 0


def diagnosis() -> str:
    """All findings as text, with the next step on the last line."""
    sections: list[tuple[str, list[Fact]]] = [("here", _here())]
    steps: dict[str, str] = {}
    for name in sorted(registrations()):
        facts, step = _examined(name)
        if facts:
            sections.append((name, facts))
        if step:
            steps[name] = step
    width = max(len(word) for _, facts in sections for word, _ in facts)
    lines = []
    for title, facts in sections:
        lines.append(title)
        lines += [f"    {word:<{width}}  {text}" for word, text in facts]
    return "\n".join([*lines, "", taken(), f"next step: {next_step(steps)}"])


def next_step(steps: dict[str, str]) -> str:
    """The first thing to do: what a backend that 'auto' prefers says goes before all others."""
    for name in (*AUTO_ORDER, *steps):
        if name in steps:
            return f"{steps[name]} (for {name!r})"
    return "none; nothing is known to be missing"


def _here() -> list[Fact]:
    return [
        ("tensorgrok", __version__),
        ("Python", f"{platform.python_version()} at {sys.executable}"),
        ("NumPy", np.__version__),
        ("system", f"{platform.system()} {platform.machine()}"),
    ]


def _examined(name: str) -> tuple[list[Fact], str]:
    """What a backend finds, and the step that it proposes."""
    try:
        factory = load_factory(name)
    except BackendError as error:
        return [("problem", str(error))], getattr(error, "cure", "") or str(error)
    diagnose = getattr(factory, "diagnose", None)
    if diagnose is None:
        return [], ""
    try:
        facts, step = diagnose()
    except Exception as error:  # somebody else's code, which should not raise, but may
        return [("problem", f"its diagnosis failed: {type(error).__name__}: {error}")], ""
    return list(facts), step
