"""The command line within this process: what it trains, reports and refuses."""

from __future__ import annotations

import dataclasses
import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import tensorgrok as tg
from tensorgrok import cli, nn, registry
from tensorgrok.cli import program, training
from tensorgrok.cli.training import Config, Result, Trained

NUMBERS = re.compile(
    r"training loss: +(\S+)\nheld-out accuracy: +(0\.\d{4}) \((\d+) of 359 digits\)"
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are written into the current folder."""
    monkeypatch.chdir(tmp_path)


def learnt(text: str) -> tuple[str, str]:
    """Loss and accuracy as printed."""
    match = NUMBERS.search(text)
    assert match, text
    assert match[2] == f"{int(match[3]) / 359:.4f}"
    return match[1], match[2]


def example(**changes: Any) -> Result:
    """A result that no training made."""
    nothing = tg.Tensor([]), tg.Tensor([])
    usual = Result(
        config=Config(epochs=60, hidden=40),
        backend="numpy",
        sizes=(64, 40, 10),
        parameters=3010,
        seconds=1.234,
        steps=5400,
        steps_in_epoch=90,
        loss=0.012345,
        correct=350,
        held_out=359,
        stopped=False,
        trained=Trained(nn.Sequential(), nothing, nothing),
    )
    return dataclasses.replace(usual, **changes)


# What it learns --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_defaults_read_most_held_out_digits_from_any_seed(seed: int) -> None:
    result = training.train(Config(seed=seed))
    assert result.accuracy >= 0.955
    assert result.steps == 60 * 90
    assert result.held_out == round(1797 * 0.2)


def test_adam_reads_most_held_out_digits_too() -> None:
    found = [training.train(Config(seed=seed, optimizer="adam")).accuracy for seed in (0, 1, 2)]
    assert min(found) >= 0.955
    assert sum(found) / 3 >= 0.97


def test_results_are_the_same_whatever_was_drawn_before() -> None:
    first = training.train(Config(epochs=1))
    tg.seed(99)
    tg.uniform(5)
    second = training.train(Config(epochs=1))
    assert (first.loss, first.correct) == (second.loss, second.correct)


def test_options_reach_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--epochs=2", "--hidden=7", "--seed=5", "--batch=100", "--lr=0.25", "--backend=numpy"]
    words.append("--optimizer=adam")
    config = training.read_config(cli.make_parser().parse_args(words))
    assert config == Config(2, 7, 5, 100, "adam", 0.25, "numpy")
    result = training.train(config)
    assert result.sizes == (64, 7, 10)
    assert result.parameters == 64 * 7 + 7 + 7 * 10 + 10
    assert (result.steps, result.steps_in_epoch) == (30, 15)  # 14 batches of 100 and one of 38
    assert cli.main(words) == 0
    out, err = capsys.readouterr()
    assert learnt(out)[1] == f"{result.accuracy:.4f}"
    assert "64 → 7 → 10" in out
    assert err == ""


@pytest.mark.parametrize(
    "change", [{"lr": 0.1}, {"optimizer": "adam"}, {"hidden": 20}, {"batch": 32}, {"epochs": 2}]
)
def test_every_option_matters(change: dict[str, Any]) -> None:
    changed = training.train(Config(**({"epochs": 1} | change)))
    assert changed.loss != training.train(Config(epochs=1)).loss


def test_no_option_means_the_defaults_that_the_configuration_states() -> None:
    assert training.read_config(cli.make_parser().parse_args([])) == Config()


def test_learning_rate_falls_linearly(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []
    step = tg.optim.SGD.step

    def noting(self: tg.optim.SGD) -> None:
        rates.append(self.lr)
        step(self)

    monkeypatch.setattr(tg.optim.SGD, "step", noting)
    training.train(Config(epochs=4, batch=2000, lr=0.8))
    assert rates == pytest.approx([0.8, 0.6, 0.4, 0.2])


def test_chosen_backend_is_the_one_used() -> None:
    config = Config(epochs=1, batch=100, backend="strict")  # registered by these tests
    before = tg.current_backend()
    strict = training.train(config)
    plain = training.train(dataclasses.replace(config, backend=None))
    assert (strict.backend, plain.backend) == ("strict", "numpy")
    assert strict.correct == plain.correct
    assert tg.current_backend() is before


def test_current_backend_is_used_unless_the_option_names_another() -> None:
    with tg.use_backend("strict"):
        assert training.train(Config(epochs=1, batch=2000)).backend == "strict"
        assert training.train(Config(epochs=1, batch=2000, backend="numpy")).backend == "numpy"


# What it refuses -------------------------------------------------------------------------------

MANY = "expected an integer from 1 to 1000000, got"
RATE = "argument --lr: expected a finite number greater than 0, got"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--epochs 0", f"argument --epochs: {MANY} '0'"),
        ("--epochs many", f"argument --epochs: {MANY} 'many'"),
        ("--epochs 1.5", f"argument --epochs: {MANY} '1.5'"),
        ("--hidden 0", "argument --hidden: expected an integer from 1 to 10000, got '0'"),
        ("--hidden -3", "argument --hidden: expected an integer from 1 to 10000, got '-3'"),
        ("--hidden 10001", "argument --hidden: expected an integer from 1 to 10000, got '10001'"),
        ("--batch 0", f"argument --batch: {MANY} '0'"),
        ("--batch nan", f"argument --batch: {MANY} 'nan'"),
        ("--seed -1", "argument --seed: expected an integer from 0 to 2**128 - 1, got '-1'"),
        (f"--seed {2**128}", "argument --seed: expected an integer from 0 to 2**128 - 1, got"),
        ("--optimizer adagrad", "argument --optimizer: expected sgd or adam, got 'adagrad'"),
        ("--lr -0.1", f"{RATE} '-0.1'"),
        ("--lr=-1e-3", f"{RATE} '-1e-3'"),
        ("--lr 0", f"{RATE} '0'"),
        ("--lr nan", f"{RATE} 'nan'"),
        ("--lr inf", f"{RATE} 'inf'"),
        ("--lr fast", f"{RATE} 'fast'"),
        ("--lr 1e308", "argument --lr: SGD: lr: float32, the dtype of a parameter, cannot hold"),
        ("--lr", "argument --lr: expected one argument"),
        ("--backend nunpy", "argument --backend: no backend 'nunpy'; registered are"),
        ("--backend=", "argument --backend: no backend ''"),
        ("--fast", "unrecognized arguments: --fast"),
        ("--ep 3", "unrecognized arguments: --ep 3"),
        ("learn", "unrecognized arguments: learn"),
        ("--epochs a\nb", rf"argument --epochs: {MANY} 'a\nb'"),
        (f"--epochs {'9' * 5000}", f"argument --epochs: {MANY} '999"),
    ],
    ids=lambda text: text[:30],
)
def test_bad_value_gets_one_clear_line(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words.split(" ")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"tensorgrok: {message}")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert len(err) < 200


def test_new_line_in_an_unknown_word_stays_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["a\nb"]) == 2
    assert capsys.readouterr().err.startswith("tensorgrok: unrecognized arguments: a b (see")


@pytest.mark.parametrize("error", [tg.BackendUnavailable, ImportError])
def test_backend_that_cannot_run_here_gets_its_reason_on_one_line(
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def factory() -> tg.Backend:
        raise error("no device answers;\n  plug one in")

    monkeypatch.setitem(registry._factories, "nodevice", factory)
    assert cli.main(["--backend", "nodevice"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(
        "tensorgrok: argument --backend: backend 'nodevice' cannot run here: no device answers; "
        "plug one in"
    )
    assert err.count("\n") == 1


def test_too_little_memory_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(config: Config, stop: object) -> Result:
        raise MemoryError

    monkeypatch.setattr(training, "train", train)
    assert cli.main([]) == 1
    assert "not enough memory; try a smaller --hidden or --batch" in capsys.readouterr().err


# Help and version ------------------------------------------------------------------------------


def test_help_names_every_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.isascii()
    for option, default in dataclasses.asdict(Config()).items():
        said = {
            "backend": "what TENSORGROK_BACKEND says",
            "lr": r"0\.5 with sgd,\s+0\.003 with adam",
        }.get(option, str(default))
        assert re.search(rf"--{option} \w+\s[^-]*\(default:\s+{said}\)", out), option


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"tensorgrok {tg.__version__}\n"


def test_first_word_names_a_command_and_the_rest_is_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["ops", "tanh"]) == 0
    assert "return g * (1 - y * y)" in capsys.readouterr().out
    assert cli.main(["--epochs", "1", "ops"]) == 2
    assert "unrecognized arguments: ops" in capsys.readouterr().err
    assert cli.main(["ops", "--epochs", "1"]) == 2
    assert "(see python -m tensorgrok ops --help)" in capsys.readouterr().err
    assert training.read_config(cli.make_parser().parse_args(["--epochs", "3"])) == Config(epochs=3)


# Training that fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("lr", ["1e30", "1e38"])
def test_diverging_run_says_so_and_shows_no_warning(
    lr: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--lr", lr]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert learnt(out)[0] == "nan"
    note = "the loss is nan after 1 of 60 epochs; try a smaller --lr than"
    assert f"note:               training diverged: {note} {float(lr):g}\n" in out


def test_run_that_learns_nothing_says_so() -> None:
    text = training.report(example(loss=2.3026, config=Config(lr=10)))
    assert text.endswith(
        "note:               nothing was learnt: guessing alone has a loss of 2.303; "
        "try another --lr than 10"
    )
    assert "note" not in training.report(example(loss=2.3025))
    assert training.train(Config(epochs=1, lr=100)).loss > math.log(10)


# Streams ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_arrow_falls_back_where_the_encoding_has_none(encoding: str) -> None:
    assert program.printable("64 → 40", encoding) == "64 -> 40"
    assert program.printable("64 → 40", "utf-8") == "64 → 40"
    assert program.printable("64 → Ж", encoding) == r"64 -> \u0416"


def test_closed_streams_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["--epochs", "1"]) == 0
    assert cli.main(["--epochs", "0"]) == 2


def test_report_has_the_same_lines_in_every_case() -> None:
    assert training.report(example()) == (
        "backend:            numpy\n"
        "network:            64 → 40 → 10\n"
        "parameters:         3,010\n"
        "time:               1.23 s\n"
        "training loss:      0.01235\n"
        "held-out accuracy:  0.9749 (350 of 359 digits)"
    )
    stopped = training.report(example(stopped=True, steps=91))
    assert stopped.startswith(training.report(example()))
    assert stopped.endswith(
        "note:               stopped by Ctrl-C after 1 of 60 epochs, at step 91 of 5,400"
    )
    assert "training diverged: the loss is inf" in training.report(example(loss=math.inf))
