"""``python -m tensorgrok bench``: where it looks, what it hands on, refuses and writes."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from benchmarks import runner
from benchmarks.machine import ONE_THREAD
from tensorgrok import cli
from tensorgrok.cli import bench

ROOT = Path(__file__).parents[1]


def parsed(*words: str) -> argparse.Namespace:
    return cli.make_parser("bench").parse_args(words)


# The command -------------------------------------------------------------------------------------


def test_without_a_clone_it_says_where_the_benchmarks_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "a" / "b" / "bench.py"))
    assert cli.main(["bench", "--quick"]) == 2
    said = capsys.readouterr().err
    assert said == (
        "tensorgrok: bench: the folder 'benchmarks' is part of the repository and not of the "
        "installed package; run this in a clone, after: pip install -e '.[bench]'\n"
    )


def test_without_pytest_benchmark_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_spec(name: str, *rest: Any) -> Any:
        return None if name == "pytest_benchmark" else object()

    monkeypatch.setattr(util, "find_spec", find_spec)
    assert cli.main(["bench"]) == 2
    said = "tensorgrok: bench needs pytest-benchmark; install it with: pip install '.[bench]'\n"
    assert capsys.readouterr().err == said


def test_the_clone_is_the_current_folder_or_that_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench.clone() == ROOT
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "runner.py").touch()
    assert bench.clone() == ROOT  # somebody else's benchmarks
    (tmp_path / "tensorgrok").mkdir()
    (tmp_path / "tensorgrok" / "plans.py").touch()
    assert bench.clone() == tmp_path


def test_arguments_arrive_in_the_other_process_as_they_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["SGD 1x", "--quick", "--large", "--group", "steps", "--group", "gather"]
    words += ["--peers", "PyTorch,MyGrad", "--out", "here", "--compare", "old.json"]
    given = parsed(*words)
    again = parsed(*bench.spelled(given))
    assert vars(again) == vars(given) | {
        "out": str(tmp_path / "here"),
        "compare": str(tmp_path / "old.json"),
    }
    assert vars(parsed(*bench.spelled(parsed()))) == vars(parsed()) | {
        "out": str(tmp_path / "tensorgrok-bench")
    }


# What it runs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--group", "stairs"], "no group 'stairs'; there are 'recording forward',"),
        (["--compare", "nowhere.json"], "--compare: nowhere.json: "),
        (["--group", "gather", "no such work"], "nothing has one of these words in its name: 'no"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_in_a_line(
    words: list[str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(runner.BadRequest) as caught:
        runner.run(parsed(*words, "--out", str(tmp_path)))
    assert str(caught.value).startswith(said)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--group", "stairs", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_everybody_is_told_to_use_one_thread() -> None:
    assert ONE_THREAD.items() <= runner.environment(None).items()
    assert set(ONE_THREAD.values()) == {"1"}
    assert runner.environment("fresh")["TORCHINDUCTOR_CACHE_DIR"] == "fresh"
    assert "TORCHINDUCTOR_CACHE_DIR" not in runner.environment(None)


def part(group: str, commit: str, ceilings: dict[str, int], quick: bool = False) -> dict[str, Any]:
    return {
        "machine_info": {"benchmarks": {"ceilings": ceilings, "quick": quick}},
        "commit_info": {"id": commit},
        "benchmarks": [{"params": {"group": group}, "extra_info": {}}],
        "version": "5",
    }


def test_results_of_several_processes_become_one() -> None:
    parts = [part("gather", "1", {}), part("hot path", "1", {"read": 1})]
    found = runner.merge([*parts, part("steps", "1", {})])
    assert [e["params"]["group"] for e in found["benchmarks"]] == ["steps", "hot path", "gather"]
    assert found["machine_info"]["benchmarks"]["ceilings"] == {"read": 1}
    assert found["version"] == "5"


def test_groups_that_are_timed_anew_take_the_place_of_the_old(tmp_path: Path) -> None:
    assert runner.untouched(tmp_path, ["steps"], False) == []
    first = [part("steps", "abcdefgh", {}), part("hot path", "abcdefgh", {"read": 1})]
    runner.save(runner.merge(first), tmp_path)
    kept = runner.untouched(tmp_path, ["steps"], False)
    found = runner.merge([part("steps", "12345678", {})], kept)
    said = [(e["params"]["group"], e["extra_info"]["commit"]) for e in found["benchmarks"]]
    assert said == [("steps", "1234567"), ("hot path", "abcdefg")]
    assert found["machine_info"]["benchmarks"]["ceilings"] == {"read": 1}
    assert runner.untouched(tmp_path, ["steps"], True) == []  # a quick run is another thing
    assert runner.untouched(tmp_path, ["steps", "hot path"], False) == []


def test_a_short_run_writes_results_that_can_be_read_and_compared(tmp_path: Path) -> None:
    words = ["-m", "tensorgrok", "bench", "--quick", "--group", "recording forward"]
    words += ["--peers", "", "add", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"TENSORGROK_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "recording forward: add  tensorgrok " in done.stdout
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [(e["group"], e["name"]) for e in found["benchmarks"]] == [
        ("recording forward: add", "tensorgrok"),
        ("recording forward: add", "NumPy"),
    ]
    ours, by_hand = (e["stats"]["median"] for e in found["benchmarks"])
    assert 1e-8 < by_hand < ours < 1e-3
    assert found["benchmarks"][0]["extra_info"]["ratio"] == pytest.approx(ours / by_hand)
    machine = found["machine_info"]
    assert "node" not in machine
    assert machine["benchmarks"]["threads"] == ONE_THREAD
    assert machine["benchmarks"]["command"] == (
        "python -m tensorgrok bench add --quick --group 'recording forward' --peers ''"
    )
    assert set(found["commit_info"]) <= {"id", "time", "author_time", "dirty", "error"}
    assert "## Recording" in (tmp_path / "report.md").read_text(encoding="utf-8")
