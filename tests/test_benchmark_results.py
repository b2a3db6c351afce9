"""The committed results: the README and the report show them, and what is claimed of them holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.report import Results, document, in_readme, readme_table
from benchmarks.report.fitting import fit
from benchmarks.work import OURS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "results" / "cpu"
PICTURES = {name: f"{name}.svg" for name in ("recording", "roofline", "scaling", "steps")}


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(FOLDER / "results.json")


def test_the_readme_shows_the_table_of_the_results(results: Results) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert in_readme(text, readme_table(results)) == text, (
        "python -m benchmarks.report benchmarks/results/cpu/results.json --readme README.md"
    )


def test_the_report_is_that_of_the_results(results: Results) -> None:
    assert (FOLDER / "report.md").read_text(encoding="utf-8") == document(results, PICTURES), (
        "python -m benchmarks.report benchmarks/results/cpu/results.json --out "
        "benchmarks/results/cpu"
    )
    assert all((FOLDER / name).stat().st_size > 1000 for name in PICTURES.values())


def test_the_results_are_a_full_run_of_everybody_by_a_commit() -> None:
    text = (FOLDER / "results.json").read_text(encoding="utf-8")
    found = json.loads(text)
    settings = found["machine_info"]["benchmarks"]
    assert settings["command"].startswith("python -m tensorgrok bench --large")
    assert not settings["quick"]
    assert found["commit_info"]["dirty"] is False
    peers = {"torch", "jax", "autograd", "mygrad", "tinygrad", "micrograd", "scipy"}
    assert peers <= set(settings["versions"])
    assert not re.search(r"/(home|root|tmp|work)/", text)


# What the README claims --------------------------------------------------------------------------


def slower(results: Results, side: str) -> dict[str, float]:
    """How many times as long as ours somebody takes, by step."""
    found = {}
    for work in results.works("steps"):
        ours, theirs = (results.row("steps", work, name) for name in (OURS, side))
        if ours is not None and theirs is not None:
            found[work] = theirs.median / ours.median
    return found


def test_small_steps_are_ahead_of_pytorch(results: Results) -> None:
    ratios = slower(results, "PyTorch")
    small = ("3-4-1", "64-40-10", "784-100-10")
    assert all(ratios[f"{kind} 1x{net}"] > 1 for kind in ("SGD", "Adam") for net in small)
    assert ratios["SGD 1x3-4-1"] >= 3


def test_every_step_is_ahead_of_autograd(results: Results) -> None:
    ratios = slower(results, "autograd")
    assert len(ratios) == len(results.works("steps"))
    assert min(ratios.values()) > 1


def test_no_step_is_behind_mygrad_beyond_what_rounds_differ_by(results: Results) -> None:
    ratios = slower(results, "MyGrad")
    assert len(ratios) == len(results.works("steps"))
    level = [work for work, ratio in ratios.items() if ratio < 1]
    assert len(level) == 10  # as the README says
    assert not any(" 1x" in work for work in level)
    for work in level:
        ours, theirs = (results.row("steps", work, side) for side in (OURS, "MyGrad"))
        assert ours is not None
        assert theirs is not None
        assert ours.overlaps(theirs), work


def test_cost_is_linear_in_depth(results: Results) -> None:
    points = []
    for work in results.works("scaling"):
        row = results.row("scaling", work)
        if row is not None and row.facts["along"] == "depth":
            points.append((row.facts["size"], row.median))
    sizes, times = zip(*points, strict=True)
    assert sizes == (10, 100, 1_000, 10_000, 100_000)
    law = fit(sizes, times)
    assert law is not None
    assert law.exponent == pytest.approx(1, abs=0.05)
