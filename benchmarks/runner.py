"""Runs the suites, a process for each group, and makes their results into one file and a report.

Each process starts with one thread for everybody, which has to be said before NumPy is imported.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.catalogue import GROUPS, chosen
from benchmarks.machine import ONE_THREAD
from tensorgrok.errors import BackendError
from tensorgrok.registry import get_backend

RESULTS = "results.json"
ROOT = Path(__file__).parents[1]


class BadRequest(ValueError):
    """What was asked for cannot be done; the text says why and what to do."""


def run(arguments: argparse.Namespace) -> int:
    """Time what the arguments ask for, write everything, print tables; the exit code.

    Raises:
        BadRequest: a group that is not there, a file that cannot be read, or nothing to time.
    """
    groups = arguments.group or GROUPS
    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        raise BadRequest(f"no group {unknown[0]!r}; there are {', '.join(map(repr, GROUPS))}")
    old = None
    if arguments.compare is not None:
        try:
            old = report.Results.read(arguments.compare)
        except report.ResultsError as error:
            raise BadRequest(f"--compare: {error}") from error
    folder = Path(arguments.out).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    asked = (arguments.words, arguments.peers, arguments.quick, arguments.large)
    groups = [group for group in groups if chosen(group, *asked)]
    if not groups:
        said = shlex.join(arguments.words)
        raise BadRequest(f"nothing has one of these words in its name: {said}")
    parts, failed = [], []
    kept = [] if arguments.words else untouched(folder, groups, arguments.quick)
    with tempfile.TemporaryDirectory() as temporary:
        for group in groups:
            file = Path(temporary) / RESULTS
            status = subprocess.call(
                command(arguments, group, file),
                cwd=ROOT,
                env=os.environ | environment(None if arguments.quick else temporary),
            )
            if file.exists():
                parts.append(json.loads(file.read_text(encoding="utf-8")))
                file.unlink()
                # After each group, so that what was measured survives whatever happens next.
                save(merge(parts, kept), folder)
            if status != 0:
                failed.append(group)
    if parts and not arguments.words and (figures := gpu(folder)) is not None:
        parts[0]["machine_info"]["benchmarks"]["gpu"] = figures
        save(merge(parts, kept), folder)
    slower = report.write(report.Results(merge(parts, kept)), folder, old) if parts else False
    for group in failed:
        print(f"bench: {group}: some of it failed; its output says why", file=sys.stderr)
    return 1 if failed or slower else 0


def command(arguments: argparse.Namespace, group: str, file: Path) -> list[str]:
    """The command that times one group."""
    words = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"]
    words += ["benchmarks/test_benchmarks.py", "--group", group, "--benchmark-json", str(file)]
    words += ["--benchmark-enable", "--command", said(arguments)]
    words += [f"--word={word}" for word in arguments.words]
    words += ["--quick"] * arguments.quick + ["--large"] * arguments.large
    return words + ([] if arguments.peers is None else ["--peers", arguments.peers])


def said(arguments: argparse.Namespace) -> str:
    """The command line that the results came from, without the places of files."""
    words = ["python", "-m", "tensorgrok", "bench", *arguments.words]
    words += ["--quick"] * arguments.quick + ["--large"] * arguments.large
    for group in arguments.group or ():
        words += ["--group", group]
    return shlex.join(words + ([] if arguments.peers is None else ["--peers", arguments.peers]))


def environment(fresh: str | None) -> dict[str, str]:
    """What the processes that time are told: one thread each.

    With the folder ``fresh`` those who keep on disk what they compiled keep it there, or nowhere:
    otherwise first runs would tell what earlier runs of others left behind.
    """
    found = ONE_THREAD | {"JAX_PLATFORMS": "cpu"}
    if fresh is not None:
        found |= {"CCACHE": "0", "TORCHINDUCTOR_CACHE_DIR": fresh}
    return found


def gpu(folder: Path) -> dict[str, Any] | None:
    """What ``benchmarks.gpu`` measures, where the CuPy backend can run; else None."""
    try:
        get_backend("cupy")
    except BackendError:
        return None
    file = folder / "gpu.json"
    subprocess.call([sys.executable, "-m", "benchmarks.gpu", "--json", str(file)], cwd=ROOT)
    if not file.exists():  # it failed, and has said why
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    return found


def save(results: dict[str, Any], folder: Path) -> None:
    """Write results into a folder."""
    text = json.dumps(results, separators=(",", ":"))
    (folder / RESULTS).write_text(text + "\n", encoding="utf-8")


def untouched(folder: Path, groups: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """Earlier results of the same kind in a folder, without the groups that are timed anew."""
    file = folder / RESULTS
    if not file.exists():
        return []
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if found["machine_info"]["benchmarks"]["quick"] != quick:
        return []
    rest = [entry for entry in found["benchmarks"] if entry["params"]["group"] not in groups]
    return [found | {"benchmarks": rest}] if rest else []


def merge(parts: Sequence[dict[str, Any]], kept: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Results of several processes as those of one, each with the commit that it belongs to.

    Args:
        parts: of this run; the first describes it.
        kept: of an earlier one, which only had other groups.
    """
    first = parts[0]
    machine = first["machine_info"]["benchmarks"]
    entries = []
    for part in (*parts, *kept):
        machine["ceilings"] = machine["ceilings"] or part["machine_info"]["benchmarks"]["ceilings"]
        for entry in part["benchmarks"]:
            entry["extra_info"].setdefault("commit", part["commit_info"].get("id", "")[:7])
            entries.append(entry)
    entries.sort(key=lambda entry: GROUPS.index(entry["params"]["group"]))
    return first | {"benchmarks": entries}
