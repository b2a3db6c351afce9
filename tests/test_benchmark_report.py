"""The report of benchmarks: what it reads and refuses, its tables, and what got slower."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report import comparing, fitting, roofline, scaling, steps, tables
from benchmarks.report.markdown import times_as_long
from benchmarks.report.reading import Results, ResultsError
from tests.benchmark_results import STEPS, TIMES, US, entry, grown, hot, results, run, saved, step

# Reading -----------------------------------------------------------------------------------------


def test_rows_and_ratios_are_looked_up_by_group_work_and_side() -> None:
    found = results(*STEPS, entry("gather", "4 of 8x2", "tensorgrok", 1e-3))
    row = found.row("steps", "SGD 1x3-4-1", "PyTorch")
    assert row is not None
    assert (row.median, row.first_run) == (80 * US, 1e-3)
    assert row.least == pytest.approx(72 * US)
    assert row.facts == {"optimizer": "SGD", "batch": 1}
    assert row.spread == pytest.approx(0.02)
    assert found.ratio("steps", "SGD 1x3-4-1", "PyTorch") == pytest.approx(4)
    assert found.ratio("steps", "SGD 1x3-4-1", "PyTorch", to="NumPy") == pytest.approx(8)
    assert found.ratio("steps", "SGD 1x3-4-1", "MyGrad") is None
    assert found.row("gather", "4 of 8x2", "NumPy") is None
    assert found.groups() == ["steps", "gather"]
    assert found.sides("steps") == ["tensorgrok", "NumPy", "PyTorch", "JAX jit", "micrograd"]
    assert found.reasons("steps", "Adam attention 1x16x64") == {"micrograd": "no matrices"}
    assert found.reasons("steps", "SGD 1x3-4-1") == {}


def test_the_machine_is_described_as_far_as_it_is_known() -> None:
    found = results()
    assert (found.processor, found.system) == ("Some CPU, 2 cores", "Linux")
    assert found.versions == {"python": "3.12.1", "tensorgrok": "0.1.0", "numpy": "2.4.6"}
    bare = Results({"benchmarks": []})
    assert (bare.processor, bare.system) == ("unknown processor", "unknown system")
    assert tables.document(bare).startswith("# Benchmarks\n")


def broken(**changes: Any) -> dict[str, Any]:
    return saved(entry("steps", "w", "NumPy", 1.0) | changes)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "f.json: has no list named 'benchmarks' on top. `python -m tensorgrok bench` writes"),
        ({"benchmarks": {}}, "f.json: has no list named 'benchmarks'"),
        (
            broken(params=None),
            "f.json: entry 0 ('steps: w: NumPy'): 'params' do not say the group and work and side; "
            "other runs of pytest-benchmark do not",
        ),
        (broken(params={"group": "g", "work": "w"}), "'params' do not say the side;"),
        (broken(stats={}), "entry 0 ('steps: w: NumPy'): median is None and must be seconds"),
        (broken(stats={"median": 0.0}), "median is 0.0 and must be seconds above 0"),
        (broken(stats={"median": 1, "q1": float("nan")}), "q1 is nan and must be"),
        (broken(extra_info={"first_run_s": "long"}), "first_run_s is 'long' and must be"),
        (
            saved(*[entry("steps", "w", "NumPy", 1.0)] * 2),
            "f.json: has 'steps: w: NumPy' more than once. Write each run to a file of its own.",
        ),
        (
            {"benchmarks": [], "machine_info": {"benchmarks": {"ceilings": {"read": [1]}}}},
            "f.json: the ceilings of the machine are no pairs of numbers",
        ),
    ],
)
def test_what_is_not_results_is_refused(found: Any, said: str) -> None:
    with pytest.raises(ResultsError, match=re.escape(said)):
        Results(found, "f.json")


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    with pytest.raises(ResultsError, match=r"old\.json: there is no such file\. `python -m tensor"):
        Results.read(file)
    file.write_text('{"benchmarks": [')
    with pytest.raises(ResultsError, match=r"old\.json: is no JSON: .*run it again"):
        Results.read(file)
    file.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ResultsError, match=r"old\.json: cannot be read as text"):
        Results.read(file)
    file.write_text(json.dumps(saved(*STEPS)))
    assert len(Results.read(file).rows) == len(STEPS)


# Tables ------------------------------------------------------------------------------------------


def test_steps_show_the_time_of_ours_and_ratios_with_the_fastest_in_bold() -> None:
    said = steps.section(results(*STEPS))
    assert re.findall("### (.*)", said) == ["SGD, batch 1", "SGD, batch 128", "Adam, batch 1"]
    lines = said.splitlines()
    assert "| network | tensorgrok | NumPy by hand | PyTorch | JAX jit | micrograd |" in lines
    assert f"| 3-4-1 | 20 µs | 0.50{TIMES} | 4.0{TIMES} | **0.41{TIMES}** | 11{TIMES} |" in lines
    assert f"| 3-4-1 | **40 µs** | 1.50{TIMES} | 10{TIMES} | -<sup>2</sup> |" in lines
    assert f"| attention 16x64 | 100 µs | **0.99{TIMES}** | -<sup>3</sup> |" in lines
    notes = said[said.index("\n<sup>1") :].strip().split("<br>\n")
    assert notes == [
        "<sup>1</sup> JAX jit: no figure in these results",
        "<sup>2</sup> micrograd: takes minutes",
        "<sup>3</sup> micrograd: no matrices",
    ]


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.0312, "0.031"),
        (0.4, "0.40"),
        (1.043, "1.04"),
        (3.44, "3.4"),
        (11.6, "12"),
        (2e4, "20,000"),
    ],
)
def test_ratios_have_the_digits_that_mean_something(ratio: float, said: str) -> None:
    assert times_as_long(ratio) == said + TIMES


def test_what_is_faster_than_ours_is_listed_the_worst_first() -> None:
    found = results(*STEPS)
    assert [(loss.ours.work, loss.theirs.side) for loss in steps.losses(found)] == [
        ("SGD 1x3-4-1", "JAX jit"),
        ("SGD 1x3-4-1", "NumPy"),
        ("Adam attention 1x16x64", "NumPy"),
    ]
    said = steps.losses_section(found)
    assert "A framework is faster than ours in 1 of 5 comparisons." in said
    assert "NumPy written by hand is faster than ours in 2 of 4 comparisons." in said
    # A first run of 100 ms beside 1 ms is made up for by 99 ms / 11.8 µs = 8390 steps.
    row = f"| SGD 1x3-4-1 | JAX jit | 8.2 µs | 20 µs | 2.4{TIMES} | 8,390 steps |  |"
    assert row in said.splitlines()
    assert re.search(r"Adam attention 1x16x64 \| NumPy .* \| within noise \|", said)


def test_first_runs_have_a_table_of_their_own() -> None:
    said = steps.first_runs_section(results(*STEPS)).splitlines()
    assert "| SGD 1x3-4-1 | 1 ms | 1 ms | 1 ms | 100 ms | 1 ms |" in said
    assert "| median | 1 ms | 1 ms | 1 ms | 100 ms | 1 ms |" in said


def test_the_hot_path_is_seen_beside_the_ceiling_that_holds_for_it() -> None:
    slow = {"tensorgrok": 200 * US, "NumPy": 100 * US}
    found = results(
        *hot("vecmat", slow | {"SciPy BLAS": 400 * US}, 2e5, 1e6),  # 100 µs of 10 GB/s
        *hot("rank_update", {"tensorgrok": 400 * US}, 2e5, 1e6),  # 200 µs, for it copies
        *hot("vecmat_dx", {"tensorgrok": 40 * US}, 2e6, 1e3),  # 20 µs of 100 GFLOP/s
    )
    said = roofline.section(found)
    cells = "| 200 µs | 5 GB/s | 10 GB/s | 2.5 GB/s | 10 GB/s | 50 % |"
    assert f"| 1x200000x1e+06 {cells}" in said
    assert "| 1x200000x1e+06 | 400 µs | 2.5 GB/s | 5 GB/s | 50 % |" in said
    assert "| 1x2e+06x1000 | 40 µs | 50 GFLOP/s | 100 GFLOP/s | 50 % |" in said
    assert f"| `vecmat` | float32 | 1 | 0.50{TIMES} | 2.0{TIMES} | 0.50{TIMES} | 50 % |" in said
    between = roofline.ceiling(found.ceilings, results(*hot("vecmat", slow, 1, 32_000)).rows[0])
    assert between is not None
    assert between.by == "memory"
    assert between.seconds == pytest.approx(32_000 / 55e9)  # half-way in the logarithm of bytes
    assert "| - | - | - |" in roofline.section(results(entry("hot path", "w", "tensorgrok", 1.0)))


def test_recording_is_what_is_beyond_numpy() -> None:
    found = results(
        *(
            entry("recording forward", "add", s, t * US)
            for s, t in (("tensorgrok", 3), ("NumPy", 1))
        ),
        entry("recording forward", "sort", "tensorgrok", 2 * US),
    )
    said = tables.document(found)
    assert f"| add | 3 µs | +2 µs | **0.33{TIMES}** |" in said
    assert "| sort | **2 µs** | - | -<sup>1</sup> |" in said
    assert "ours +2 µs beyond NumPy" in said
    assert "### Backward" not in said


def test_the_footprint_has_everybody_once_and_memory_beside_its_arrays() -> None:
    sizes = {"installed_bytes": 4.5e5, "environment_bytes": 6.2e7}
    peak = "peak memory SGD 128x784-10"
    found = results(
        entry("footprint", "import", "tensorgrok", 0.1, absent={"PyTorch": "too large"}, **sizes),
        entry("footprint", "first gradient", "tensorgrok", 0.11),
        entry("footprint", "import", "NumPy", 0.08),
        entry("footprint", peak, "tensorgrok", 1.0, peak_bytes=3e6, arrays={"x": 5e5, "w": 1.5e6}),
        entry("footprint", peak, "NumPy", 1.0, peak_bytes=2.4e6),
        entry("footprint", "peak memory SGD 1x3-4-1", "tensorgrok", 1.0, peak_bytes=4096),
    )
    said = tables.document(found)
    assert "| tensorgrok | 100 ms | +20 ms | 110 ms | 450 kB | 62 MB |" in said
    assert "| NumPy | 80 ms | - | - | - | - |" in said
    assert "| PyTorch | -<sup>1</sup> | - | - | - | - |" in said
    assert "<sup>1</sup> PyTorch: too large" in said
    assert f"| SGD 128x784-10 | 3 MB | 0.80{TIMES} | 2 MB |" in said
    assert "| SGD 1x3-4-1 | 4.1 kB | - | - |" in said


def test_exponents_of_exact_power_laws() -> None:
    sizes = (10, 100, 1_000, 10_000)
    law = fitting.fit(sizes, [3e-6 * size**1.5 for size in sizes])
    assert law is not None
    assert law == pytest.approx((3e-6, 1.5, 10, 10_000, 0), abs=1e-9)
    assert law.at(400) == pytest.approx(3e-6 * 8000)
    assert fitting.fit([10, 10], [1, 2]) is None
    assert fitting.longest(sizes[:2], [1, 2]) is None
    # Constant up to 100, then linear: of two ranges with three sizes each the larger sizes.
    mixed = {1: 1.0, 10: 1.0, 100: 1.0, 1_000: 10.0, 10_000: 100.0}
    holds = fitting.longest(list(mixed), list(mixed.values()))
    assert holds is not None
    assert holds[1:] == pytest.approx((1, 100, 10_000, 0), abs=1e-9)


def test_scaling_says_where_an_exponent_holds_and_how_far_it_is_off() -> None:
    mixed = {1: 1e-3, 10: 1e-3, 100: 1e-3, 1_000: 1e-2, 10_000: 1e-1}
    found = results(*grown("width", "tensorgrok", mixed), *grown("width", "NumPy", {1: 2, 10: 4}))
    said = scaling.section(found).splitlines()
    # Least squares: y = 0, 0, 0, 1, 2 over x = 0 to 4 has slope 0.5 and residuals up to 0.6:
    # 10 ** 0.6 is 3.98.
    assert "| width | tensorgrok | 0.50 | 298 % | 1.00 | 100 to 10,000 | 1.00 |" in said
    assert "| width | NumPy | 0.30 | 0.0 % | - | - | 0.30 |" in said
    assert f"| 10 | **1 ms** | 4,000{TIMES} |" in said


def test_the_document_has_what_was_measured_and_nothing_else() -> None:
    other = entry("gather", "4 of 8x2", "tensorgrok", 1e-3, spread=0.25)
    said = tables.document(results(*STEPS, other), {"steps": "steps.svg", "scaling": "no.svg"})
    headings = ["Training steps", "Where others are faster", "First runs", "Gather"]
    assert re.findall("^## (.*)", said, re.MULTILINE) == headings
    assert "## Training steps\n\n![Training steps](steps.svg)\n\n" in said
    assert "no.svg" not in said
    assert "| 4 of 8x2 | **1 ms** |" in said
    assert "| processor | Some CPU, 2 cores |" in said
    assert "`OMP_NUM_THREADS=1`" in said
    assert "by 25 % at worst (gather: 4 of 8x2: tensorgrok)" in said
    assert "| 1 KiB | 100 GB/s | 50 GB/s |" in said
    assert "\n\n\n" not in said


def test_the_table_of_the_readme_replaces_the_one_before() -> None:
    table = tables.readme_table(results(*STEPS))
    assert f"| SGD 1x784-100-10 | **50 µs** | 1.02{TIMES} | 1.80{TIMES} |" in table
    assert "Adam attention" not in table
    assert "Some CPU, 2 cores, 1 thread, Python 3.12.1, numpy 2.4.6; 2026-01-02." in table
    readme = f"# A\n\n{tables.BEGIN}\nold\n{tables.END}\n\nB\n"
    once = tables.in_readme(readme, table)
    assert once == f"# A\n\n{tables.BEGIN}\n\n{table}\n\n{tables.END}\n\nB\n"
    assert tables.in_readme(once, table) == once
    for wrong in ("", tables.BEGIN, tables.END + tables.BEGIN, once + tables.END, once + once):
        with pytest.raises(ResultsError, match="must have the lines '<!-- benchmarks: begin -->'"):
            tables.in_readme(wrong, table)
    with pytest.raises(ResultsError, match=r"none of SGD 1x3-4-1, .* without --quick"):
        tables.readme_table(results(*step("SGD 1x9-9", tensorgrok=1)))


# Comparing ---------------------------------------------------------------------------------------


def test_a_planted_regression_is_found_whatever_the_machine() -> None:
    found = comparing.regressions(results(*run()), results(*run(1.2, machine=3)))
    (change,) = found.regressions
    assert (change.work, change.of) == ("w", "ratio")
    assert change.ratio == pytest.approx(1.2)
    assert "Slower by more than 1.1 times:\n  1.20x  steps: w  2 to 2.4\n" in found.text()
    assert "1 slower, 0 faster, 0 unclear, 0 alike" in found.text()
    back = comparing.regressions(results(*run(1.2)), results(*run()))
    assert [change.work for change in back.improvements] == ["w"]
    assert not back.regressions


def test_small_changes_and_noise_are_not_regressions() -> None:
    small = comparing.regressions(results(*run()), results(*run(1.02)))
    assert (small.alike, small.regressions, small.unclear) == (1, [], [])
    noisy = comparing.regressions(results(*run(spread=0.2)), results(*run(1.2, spread=0.2)))
    assert not noisy.regressions
    assert [change.ratio for change in noisy.unclear] == [pytest.approx(1.2)]
    assert "may be noise:\n  1.20x" in noisy.text()
    assert comparing.regressions(results(*run()), results(*run(1.02)), 1.01).unclear
    with pytest.raises(ValueError, match=r"threshold 0\.9 is not above 1"):
        comparing.regressions(results(), results(), 0.9)


def test_quartiles_of_a_ratio_add_as_squares() -> None:
    ratio = comparing.Figure(2, 2 / 1.1, 2 * 1.2).over(comparing.Figure(1, 1 / 1.1, 1.2))
    assert ratio == pytest.approx((2, 2 / 1.22842, 2 * 1.22842), rel=1e-4)


def test_without_numpy_plain_times_are_compared_and_memory_in_bytes() -> None:
    def alone(seconds: float, peak: float) -> Results:
        memory = entry("footprint", "peak", "tensorgrok", 1.0, peak_bytes=peak)
        return results(entry("steps", "w", "tensorgrok", seconds), memory)

    found = comparing.regressions(alone(1.0, 1000), alone(1.3, 1500))
    assert [str(change) for change in found.regressions] == [
        "1.50x  footprint: peak  1,000 to 1,500 (bytes)",
        "1.30x  steps: w  1 s to 1.3 s (plain times)",
    ]


def test_what_differs_between_runs_is_said() -> None:
    old = results(*run(), entry("steps", "gone", "tensorgrok", 1.0))
    new = results(*run(), entry("steps", "new", "tensorgrok", 1.0), cpu="Other", numpy="2.5.0")
    found = comparing.regressions(old, new)
    assert (found.only_old, found.only_new) == ([("steps", "gone")], [("steps", "new")])
    assert found.warnings == [
        "the processor was Some CPU, 2 cores, is Other, 2 cores",
        "the version of numpy was 2.4.6, is 2.5.0",
    ]
    assert "so may the figures:\n  the processor was" in found.text()
    assert "Only in the old results:\n  steps: gone\n" in found.text()
    assert comparing.differences(old, old) == []
