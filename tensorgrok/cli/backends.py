"""``python -m tensorgrok backends``: the registered backends, and whether each can run here."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib import util
from typing import NamedTuple

from ..errors import BackendError
from ..registry import (
    AUTO_ORDER,
    ENVIRONMENT_VARIABLE,
    choose_backend,
    get_backend,
    registrations,
)
from .program import Interrupt, UsageError, quiet_warnings, write

SUMMARY = "list the backends, and say of each whether it can run here, and on what"
CONTRACT = "tensorgrok.testing.backend_contract"


class Row(NamedTuple):
    """What there is to say of one backend.

    Attributes:
        name: as it is registered.
        origin: the distribution that registers it, with its version.
        usable: whether it can run here.
        text: what it lives on and its features; or why it cannot run, and what to do.
    """

    name: str
    origin: str
    usable: bool
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name of a backend to check to a parser."""
    parser.add_argument(
        "--check", metavar="NAME", help="run the backend contract on this backend (needs pytest)"
    )


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Print the backends, or check one."""
    if arguments.check is not None:
        return check(arguments.check)
    write(table(rows()), sys.stdout)
    return 0


def rows() -> list[Row]:
    """One row for each registered backend, sorted by name."""
    found = []
    for name, (_, origins) in sorted(registrations().items()):
        origin = " and ".join(origins) or "registered at run time"
        try:
            backend = get_backend(name)
        except BackendError as error:
            found.append(Row(name, origin, False, str(error)))
            continue
        features = ", ".join(sorted(backend.features))
        text = "; ".join(part for part in (backend.device, features) if part)
        found.append(Row(name, origin, True, text or "no device and no features named"))
    return found


def table(found: list[Row]) -> str:
    """The rows as text, and which backend would be taken."""
    lines = []
    for row in found:
        lines.append(
            f"{row.name}  ({row.origin})  {'available' if row.usable else 'not available'}"
        )
        lines.append(f"    {row.text}")
    return "\n".join([*lines, "", taken()])


def taken() -> str:
    """Which backend this environment chooses, as a sentence."""
    asked = os.environ.get(ENVIRONMENT_VARIABLE)
    said = f"{ENVIRONMENT_VARIABLE}={asked}" if asked else f"{ENVIRONMENT_VARIABLE} is not set"
    order = ", then ".join(AUTO_ORDER)
    try:
        with quiet_warnings():  # the rows above say the same
            chosen = choose_backend(asked or "auto").name
    except BackendError as error:
        return f"{said}: {error}"
    how = f" ('auto' tries {order})" if asked in (None, "", "auto") else ""
    return f"{said}: {chosen!r} is taken{how}"


def check(name: str) -> int:
    """Run the backend contract on a backend, and return the exit code of pytest.

    Raises:
        UsageError: there is no such backend, it cannot run here, or pytest is not installed.
    """
    try:
        get_backend(name)
    except BackendError as error:
        raise UsageError(f"backends --check: {error}") from error
    if util.find_spec("pytest") is None:
        raise UsageError("backends --check needs pytest; install it with: pip install pytest")
    found = util.find_spec(CONTRACT)
    assert found is not None
    # In a process of its own, and without the settings of the project that this folder belongs to.
    words = ["-q", "-c", os.devnull, "-p", "no:cacheprovider", "--pyargs", CONTRACT]
    command = [sys.executable, "-m", "pytest", *words, "--backend", name]
    return subprocess.call(command, cwd=(found.submodule_search_locations or ["."])[0])
