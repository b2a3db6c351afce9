"""``python -m tensorgrok`` as a process: exit codes, Ctrl-C, terminals, pipes."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tensorgrok as tg
from tensorgrok import cli, data
from tests.stand_ins import without_cupy
from tests.test_cli import learnt

COMMAND = [sys.executable, "-m", "tensorgrok"]


def environment(**changes: str) -> dict[str, str]:
    """The environment of this process, without what changes streams, and on NumPy."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONUNBUFFERED", "PYTHONUTF8")}
    usual = {"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    return kept | usual | {"TENSORGROK_BACKEND": "numpy"} | changes


def run(
    *words: str, command: list[str] = COMMAND, stdout: Any = subprocess.PIPE, **changes: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [*command, *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(**changes),
        timeout=60,
        check=False,
    )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are written into the current folder."""
    monkeypatch.chdir(tmp_path)


def first_lines(text: str) -> str:
    """What is printed before the views."""
    return text.partition("\n\n")[0]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as at a terminal, also where the tests themselves run with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# What it prints ----------------------------------------------------------------------------------


def test_bare_command_trains_and_reports() -> None:
    done = run()
    assert done.returncode == 0
    assert done.stderr == ""
    first = first_lines(done.stdout)
    lines = dict(re.split(r": +", line, maxsplit=1) for line in first.splitlines())
    assert list(lines) == [
        *("backend", "network", "parameters"),
        *("time", "training loss", "held-out accuracy"),
    ]
    assert lines["backend"] == "numpy"
    assert lines["network"] == "64 → 40 → 10"
    assert lines["parameters"] == f"{64 * 40 + 40 + 40 * 10 + 10:,}"
    assert float(lines["time"].removesuffix(" s")) < 20
    loss, accuracy = learnt(done.stdout)
    assert float(loss) < 0.01
    assert float(accuracy) >= 0.955


def test_one_seed_prints_the_same_and_another_does_not() -> None:
    first, again, other = (run("--epochs", "1", "--seed", seed).stdout for seed in "778")
    assert learnt(first) == learnt(again)
    assert learnt(first) != learnt(other)


def test_option_overrules_a_bad_backend_in_the_environment() -> None:
    done = run("--epochs", "1", "--backend", "numpy", TENSORGROK_BACKEND="nosuch")
    assert done.returncode == 0
    assert "backend:            numpy" in done.stdout


def test_bad_value_ends_the_process_with_code_2() -> None:
    done = run("--hidden", "0", "--lr", "0.1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "tensorgrok: argument --hidden: expected an integer from 1 to 10000, got '0' "
        "(see python -m tensorgrok --help)\n"
    )


def test_bad_backend_in_the_environment_is_blamed_on_the_environment() -> None:
    done = run("--epochs", "1", TENSORGROK_BACKEND="nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tensorgrok: TENSORGROK_BACKEND: no backend 'nosuch';")
    assert done.stderr.count("\n") == 1


@without_cupy
@pytest.mark.parametrize(
    ("choice", "code", "said"),
    [
        ("numpy", 0, "backend:            numpy"),
        ("auto", 0, "backend:            numpy"),
        ("cupy", 2, "tensorgrok: TENSORGROK_BACKEND: backend 'cupy' cannot run here: CuPy is not"),
        ("nonsense", 2, "tensorgrok: TENSORGROK_BACKEND: no backend 'nonsense'; registered are"),
    ],
)
def test_each_choice_of_a_backend_without_cupy(choice: str, code: int, said: str) -> None:
    done = run("--epochs", "1", TENSORGROK_BACKEND=choice)
    assert done.returncode == code
    assert said in (done.stderr if code else done.stdout)
    assert (done.stdout if code else done.stderr) == ""


# Ctrl-C ----------------------------------------------------------------------------------------


def until_stopped(steps: int, monkeypatch: pytest.MonkeyPatch, signals: int = 1) -> None:
    """Send SIGINT to this process in the middle of a step of training."""
    taken = 0
    loss = tg.nn.cross_entropy

    def interrupting(logits: Any, labels: Any) -> tg.Tensor:
        nonlocal taken
        taken += 1
        if taken == steps:
            for _ in range(signals):
                signal.raise_signal(signal.SIGINT)
        return loss(logits, labels)

    monkeypatch.setattr(tg.nn, "cross_entropy", interrupting)


@pytest.mark.usefixtures("interruptible")
def test_interrupted_training_reports_what_was_learnt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    until_stopped(200, monkeypatch)
    assert cli.main([]) == 130
    out, err = capsys.readouterr()
    assert err == ""
    loss, accuracy = learnt(out)
    assert 0 < float(loss) < 1
    assert float(accuracy) > 0.5
    note = "stopped by Ctrl-C after 2 of 60 epochs, at step 200 of 5,400"
    assert first_lines(out).endswith(f"note:               {note}")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
def test_interrupt_before_the_first_step_reports_the_untrained_network(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load = data.load_digits

    def interrupting() -> Any:
        signal.raise_signal(signal.SIGINT)
        return load()

    monkeypatch.setattr(data, "load_digits", interrupting)
    assert cli.main([]) == 130
    out, err = capsys.readouterr()
    assert err == ""
    assert float(learnt(out)[0]) > 1.5
    note = "stopped by Ctrl-C after 0 of 60 epochs, at step 0 of 5,400"
    assert first_lines(out).endswith(note)


@pytest.mark.usefixtures("interruptible")
def test_second_interrupt_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    until_stopped(3, monkeypatch, signals=2)
    assert cli.main([]) == 130
    assert capsys.readouterr() == ("", "tensorgrok: interrupted\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ignored_interrupts_stay_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        until_stopped(3, monkeypatch)
        assert cli.main(["--epochs", "1"]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_command_runs_outside_the_main_thread(capsys: pytest.CaptureFixture[str]) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(cli.main(["--epochs", "1"])))
    thread.start()
    thread.join()
    assert codes == [0]
    assert "held-out accuracy" in capsys.readouterr().out


@pytest.mark.usefixtures("interruptible")
def test_interrupt_while_the_command_line_is_imported_ends_without_a_traceback() -> None:
    script = """
import runpy, signal, sys, tensorgrok
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "tensorgrok.cli":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
runpy.run_module("tensorgrok", run_name="__main__")
"""
    done = run(command=[sys.executable, "-c", script])
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "tensorgrok: interrupted\n"


@pytest.mark.usefixtures("interruptible")
def test_at_a_terminal_a_bar_shows_progress_and_ctrl_c_ends_it() -> None:
    openpty = getattr(os, "openpty", None)
    if openpty is None:
        pytest.skip("this system has no pseudo-terminals")
    ours, theirs = openpty()
    process = subprocess.Popen(
        [*COMMAND, "--epochs", "1000000"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        encoding="utf-8",
        env=environment(),
    )
    os.close(theirs)
    seen, deadline = b"", time.monotonic() + 20
    try:
        while b"loss=" not in seen and time.monotonic() < deadline and process.poll() is None:
            if select.select([ours], [], [], 0.1)[0]:
                seen += os.read(ours, 1000)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert process.returncode == 130
    assert seen.lstrip(b"\r").startswith(b"training:   0%|")
    assert b"epoch/s, loss=" in seen
    assert b"Traceback" not in seen
    learnt(out)
    assert re.search(
        r"stopped by Ctrl-C after \d+ of 1000000 epochs, at step [\d,]+ of 90,000", out
    )


# Streams -----------------------------------------------------------------------------------------


def test_output_survives_an_ascii_terminal() -> None:
    done = run("--epochs", "1", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "network:            64 -> 40 -> 10\n" in done.stdout


@pytest.mark.parametrize("option", ["--epochs=1", "--help"])
def test_reader_that_goes_away_is_no_error_worth_a_traceback(option: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(option, stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_report_that_cannot_be_written_is_said_on_one_line() -> None:
    with open("/dev/full", "wb") as full:
        done = run("--epochs=1", stdout=full)
    assert done.returncode == 1
    assert re.fullmatch(r"tensorgrok: failed: .*No space left on device\n", done.stderr)
