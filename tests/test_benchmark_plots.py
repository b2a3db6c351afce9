"""Plots of benchmarks, their colours, and the command that writes reports."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report import plots, style, tables
from benchmarks.report.__main__ import main
from benchmarks.report.reading import ResultsError
from tests.benchmark_results import STEPS, entry, grown, hot, results, run, saved, step
from tests.test_palette import DEFICIENCIES, contrast, distance

needs_matplotlib = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None,
    reason="Matplotlib, with which plots are drawn, is not installed",
)


def everything() -> Iterator[dict[str, Any]]:
    yield from STEPS
    for kind in ("vecmat", "step"):
        yield from hot(kind, {"tensorgrok": 2e-4, "NumPy": 1e-4}, 2e5, 1e6)
        yield from hot(kind, {"tensorgrok": 2e-4, "NumPy": 1e-4}, 2e8, 2e6)
    for way, side in itertools.product(("forward", "backward"), ("tensorgrok", "MyGrad")):
        yield entry(f"recording {way}", "add", side, 3e-6)
    yield from grown("depth", "tensorgrok", {10: 1e-5, 100: 1e-4, 1000: 1e-3})
    yield from grown("batch", "NumPy", {1: 1e-5})


@needs_matplotlib
def test_plots_are_pictures_with_text_and_the_same_each_time(tmp_path: Path) -> None:
    found = results(*everything())
    drawn = plots.draw(found, tmp_path / "a")
    names = ("steps", "roofline", "recording", "scaling")
    assert [path.name for path in drawn] == [f"{n}.{k}" for n in names for k in ("svg", "png")]
    texts = {}
    for path in drawn[::2]:
        tree = ET.parse(path)
        texts[path.stem] = [
            "".join(t.itertext()) for t in tree.iter("{http://www.w3.org/2000/svg}text")
        ]
        assert re.search(r"\d{4}-\d\d-\d\d", path.read_text()) is None
    assert {"tensorgrok", "JAX jit", "weights of the net", "10 µs", "10k"} <= {*texts["steps"]}
    assert {"vecmat", "peak 100 GFLOP/s", "ceiling, from cache"} <= {*texts["roofline"]}
    assert {"add", "Forward", "Backward", "MyGrad"} <= {*texts["recording"]}
    assert {"tensorgrok 1.00, 10 to 1,000", "operations in the chain"} <= {*texts["scaling"]}
    for path in drawn[1::2]:
        assert path.read_bytes().startswith(b"\x89PNG")
    again = plots.draw(found, tmp_path / "b")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in drawn]


@needs_matplotlib
def test_what_was_not_measured_is_not_drawn(tmp_path: Path) -> None:
    assert plots.draw(results(*step("SGD 1x3-4-1", tensorgrok=1)), tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_without_matplotlib_plots_say_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ResultsError, match=re.escape("pip install 'tensorgrok[bench]'")):
        plots.draw(results(*STEPS), tmp_path)
    file = tmp_path / "results.json"
    file.write_text(json.dumps(saved(*STEPS)))
    assert main([str(file), "--out", str(tmp_path / "out")]) == 0
    assert "![" not in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "no plots: plots are drawn with Matplotlib" in capsys.readouterr().err


def test_names_behind_lines_are_moved_apart_and_no_further() -> None:
    assert style.spread([0.9, 0.1, 0.1], 0.1) == pytest.approx([0.9, 0.05, 0.15])


@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
def test_colours_of_sides_are_told_apart(deficiency: str | None) -> None:
    sides = {side: look.colour for side, look in style.LOOKS.items() if side != "SciPy BLAS"}
    for first, second in itertools.combinations(sides.values(), 2):
        assert distance(first, second, deficiency) > 0.11, (first, second)
    assert len({look.marker for side, look in style.LOOKS.items() if side in sides}) == len(sides)
    for code in style.LOOKS.values():
        assert contrast(code.colour, "#ffffff") > 2.2


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, readme = (tmp_path / name for name in ("old.json", "new.json", "README.md"))
    old.write_text(json.dumps(saved(*STEPS, *run())))
    new.write_text(json.dumps(saved(*STEPS, *run(1.2))))
    assert main([str(new)]) == 0
    assert capsys.readouterr().out.startswith("# Benchmarks\n")
    assert main([str(new), "--compare", str(new)]) == 0
    assert main([str(new), "--compare", str(old)]) == 1
    assert "1.20x  steps: w" in capsys.readouterr().out
    readme.write_text(f"{tables.BEGIN}\n{tables.END}\n")
    assert main([str(new), "--readme", str(readme)]) == 0
    assert "| SGD 1x3-4-1 | 20 µs |" in readme.read_text(encoding="utf-8")
    assert main([str(tmp_path / "no.json")]) == 2
    assert "no.json: there is no such file" in capsys.readouterr().err
