"""What the bare command shows of the network that it trained: views, correlations, the page."""

from __future__ import annotations

import errno
import io
import os
import re
import time
from pathlib import Path

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import cli
from tensorgrok.cli import showing, training
from tensorgrok.cli.training import Config, Result
from tensorgrok.views.report import SUMMARY, TRAINED
from tensorgrok.views.stacks import TIMES
from tests.html_reader import Reader
from tests.test_cli_process import first_lines, interruptible, run, until_stopped

__all__ = ["interruptible"]  # a fixture

REPORT = "tensorgrok-report.html"
PYTHON = """\
layer_1 = relu(layer_0.dot(weights_0_1) + biases_0_1)
layer_2 = layer_1.dot(weights_1_2) + biases_1_2
loss = cross_entropy(layer_2, digit)
layer_2_delta = softmax(layer_2) - one_hot(digit, 10)
bias_delta_1_2 = layer_2_delta.sum(axis=0)
weight_delta_1_2 = layer_1.T.dot(layer_2_delta)
layer_1_delta = layer_2_delta.dot(weights_1_2.T) * (layer_1 > 0)
bias_delta_0_1 = layer_1_delta.sum(axis=0)
weight_delta_0_1 = layer_0.T.dot(layer_1_delta)""".splitlines()
ALGEBRA = ["l₁ = relu(l₀ W₀ + b₀)", "l₂ = l₁ W₁ + b₁", "∇W₁ = l₁ᵀ δ₂", "∇W₀ = l₀ᵀ δ₁"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are written into the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def result() -> Result:
    return training.train(Config(epochs=2))


@pytest.fixture(scope="module")
def findings(result: Result) -> showing.Findings:
    return showing.look(*result.trained)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


# What is seen ----------------------------------------------------------------------------------


def test_view_is_of_one_held_out_image_and_its_program_computes_its_loss(
    result: Result, findings: showing.Findings
) -> None:
    model, _, held_out = result.trained
    image, label = (tensor.numpy()[0] for tensor in held_out)
    first, first_bias, second, second_bias = (
        parameter.numpy().astype(np.float64) for parameter in model.parameters()
    )
    outputs = np.maximum(image @ first + first_bias, 0) @ second + second_bias
    expected = np.log(np.exp(outputs).sum()) - outputs[label]
    delta = np.exp(outputs) / np.exp(outputs).sum() - np.eye(10)[label]
    assert findings.digit == label
    variables = findings.view.namespace()
    exec(findings.view.python, variables)
    assert variables["loss"].item() == pytest.approx(float(expected), rel=1e-3)
    exec(findings.view.backward.python, variables)
    np.testing.assert_allclose(variables["bias_delta_1_2"].numpy(), delta, rtol=1e-3, atol=1e-6)
    *_, bias = model.parameters()
    assert bias.grad is not None
    np.testing.assert_allclose(bias.grad.numpy(), delta, rtol=1e-3, atol=1e-6)


def test_correlations_are_those_of_the_rows_learned_and_held_out(
    result: Result, findings: showing.Findings
) -> None:
    model, learned, held_out = result.trained
    assert str(findings.correlation) == str(tg.correlate(model, learned, held_out))
    assert findings.correlation is not None
    assert (findings.correlation.train_rows, findings.correlation.held_out_rows) == (1438, 359)
    assert len(findings.view.bars) == 3
    assert not model.training


def test_showing_takes_little_of_the_run(result: Result, tmp_path: Path) -> None:
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        found = showing.look(*result.trained)
        showing.show(found, io.StringIO())
        assert showing.save(tmp_path / "r.html", found, [], "x") == 0
        taken.append(time.perf_counter() - start)
    assert min(taken) < 1.5


# In the terminal -------------------------------------------------------------------------------


def test_command_ends_with_the_views_the_correlations_and_the_report(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["--epochs", "2"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    said = [line.strip() for line in out.splitlines()]
    places = [said.index(line) for line in PYTHON]
    assert places == sorted(places)
    assert set(ALGEBRA) < set(said)
    assert said.index("forward") < places[0] < said.index("backward") < places[3]
    assert "not computed yet" not in out
    labels = ("W₀ 64x40", "W₁ 40x10", "l₀ 1x64", "l₁ 1x40", "δ₂ 1x10", "y 1x1")
    for label in labels:
        assert label.replace("x", TIMES) in out
    (path,) = tmp_path.iterdir()
    assert path.name == REPORT
    assert said[-1] == f"report:             {path}"
    assert said.index(showing.CORRELATION) < len(said) - 9
    rows = [line.split() for line in said[-5:-2]]
    assert [(row[0], row[1]) for row in rows] == [("l₀", "64"), ("l₁", "40"), ("l₂", "10")]
    for layer, width, train, held, *_ in rows:
        assert f"{held} of {train}" in out, (layer, width)
    assert float(rows[1][3]) > float(rows[0][3])  # it has learned something
    assert max(len(line) for line in out.splitlines() if "report:" not in line) <= 99
    assert "\x1b" not in out


def test_colour_is_for_terminals_that_want_it(
    findings: showing.Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal, again, file = Terminal(), Terminal(), io.StringIO()
    showing.show(findings, terminal)
    showing.show(findings, file)
    monkeypatch.setenv("NO_COLOR", "1")
    showing.show(findings, again)
    assert "\x1b[" in terminal.getvalue()
    assert "\x1b" not in again.getvalue()
    assert re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue()) == again.getvalue()
    assert "\x1b" not in file.getvalue()


def test_as_wide_as_the_terminal_is(
    findings: showing.Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide, narrow = Terminal(), Terminal()
    monkeypatch.setenv("COLUMNS", "160")
    showing.show(findings, wide)
    monkeypatch.setenv("COLUMNS", "60")
    showing.show(findings, narrow)
    assert "↳" in narrow.getvalue()
    assert "↳" not in wide.getvalue()
    beside = [line for line in wide.getvalue().splitlines() if PYTHON[1] in line]
    assert [line.split(PYTHON[1])[1].strip() for line in beside] == [ALGEBRA[1]]
    below = narrow.getvalue().splitlines()
    assert below[below.index(f"  {PYTHON[1]}") + 1].strip() == ALGEBRA[1]


def test_terminal_without_these_characters_gets_ascii() -> None:
    done = run("--epochs", "1", "--no-report", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "\\" not in done.stdout.replace("\n\\ |", "\n")  # the sign of a lane that goes on
    lines = done.stdout.splitlines()
    heading = next(line for line in lines if line.startswith("layer  width"))
    (row,) = (line for line in lines if line.split()[:2] == ["l1", "40"])
    assert "rms d" in heading
    assert len(heading) == len(row)  # columns are still columns


# The page --------------------------------------------------------------------------------------


def test_page_says_what_the_terminal_says(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "found.HTML"
    path.parent.mkdir()
    assert cli.main(["--epochs", "2", "--hidden", "12", "--report", str(path)]) == 0
    out = capsys.readouterr().out
    assert [one.name for one in tmp_path.iterdir()] == ["deep"]
    assert [one.name for one in path.parent.iterdir()] == ["found.HTML"]
    reader = Reader(path.read_text(encoding="utf-8"))
    titles = [e.text for e in reader.all("h2")]
    assert (titles[0], titles[-1], len(titles)) == (TRAINED, SUMMARY, 5)
    assert reader.all("h1")[0].text == "64 → 12 → 10 on handwritten digits"
    names = [e.text for e in reader.all("th") if e.attributes["scope"] == "row"]
    values = [e.text for e in reader.all("td", "text")]
    printed = dict(re.split(r": +", line, maxsplit=1) for line in first_lines(out).splitlines())
    assert dict(zip(names, values, strict=False)) == printed
    assert {e.text for e in reader.all("code")} >= set(PYTHON)
    assert len(reader.all("g", "gauge")) == 3


def test_no_report_is_asked_for_and_nothing_is_said_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["--epochs", "1", "--no-report"]) == 0
    out = capsys.readouterr().out
    assert "report" not in out
    assert PYTHON[0] in out
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("blocked", ["missing/a.html", "folder.html"])
def test_report_that_cannot_be_written_costs_nothing_else(
    blocked: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "folder.html").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(["--epochs", "1", "--report", blocked]) == 1
    out, err = capsys.readouterr()
    reason = os.strerror(errno.ENOENT if "missing" in blocked else errno.EISDIR)
    assert err == f"tensorgrok: cannot write the report {blocked!r}: {reason}\n"
    assert "held-out accuracy" in out
    assert PYTHON[-1] in out
    assert "report:" not in out
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--report r.png", "argument --report: expected a path that ends with .html, got 'r.png'"),
        ("--report /dev/null", "argument --report: expected a path that ends with .html, got"),
        ("--report", "argument --report: expected one argument"),
        ("--report a.html --no-report", "argument --no-report: not allowed with argument --report"),
    ],
)
def test_bad_path_is_refused_before_the_training(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"tensorgrok: {message}")
    assert err.count("\n") == 1


def test_reports_are_the_same_but_for_the_time(tmp_path: Path) -> None:
    texts = []
    for name in ("a.html", "b.html"):
        assert cli.main(["--epochs", "1", "--report", name]) == 0
        text = (tmp_path / name).read_text(encoding="utf-8")
        texts.append(re.sub(r"\d+\.\d\d s<|tg-[0-9a-f]{10}", "", text))
    assert texts[0] == texts[1]


# Where the training went otherwise -------------------------------------------------------------


@pytest.mark.usefixtures("interruptible")
def test_interrupted_training_is_shown_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    until_stopped(200, monkeypatch)
    assert cli.main([]) == 130
    out, err = capsys.readouterr()
    assert err == ""
    assert PYTHON[0] in out
    reader = Reader((tmp_path / REPORT).read_text(encoding="utf-8"))
    notes = [e.text for e in reader.all("td", "text") if "Ctrl-C" in e.text]
    assert notes == ["stopped by Ctrl-C after 2 of 60 epochs, at step 200 of 5,400"]


def test_diverged_network_is_shown_without_correlations(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["--lr", "1e30"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert "│ ? ? ? ⋯ ? ? ? ? │" in out
    why = "correlate: the model's output on train has 14,380 of 14,380 numbers that are NaN"
    assert f"\nNo correlation summary: {why}" in out
    reader = Reader((tmp_path / REPORT).read_text(encoding="utf-8"))
    assert SUMMARY not in [e.text for e in reader.all("h2")]
    notes = [e.text for e in reader.all("td", "text")][-2:]
    assert notes[0].startswith("training diverged: the loss is nan")
    assert notes[1].startswith(f"no correlation summary: {why}")


@pytest.mark.parametrize("name", ["boxed", "plain", "strict"])
def test_every_backend_shows_the_same(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for backend in ("numpy", name):
        assert cli.main(["--epochs", "1", "--no-report", "--backend", backend]) == 0
        out = capsys.readouterr().out
        assert first_lines(out).startswith(f"backend:            {backend}\n")
        shown.append([line for line in out.partition("\n\n")[2].splitlines() if "│" not in line])
    assert shown[0] == shown[1]
