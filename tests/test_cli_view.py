"""``python -m tensorgrok view``: runs a script and shows what it names."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import tensorgrok as tg
from tensorgrok import cli
from tensorgrok.cli.view import LISTED
from tensorgrok.views.saving import FORMS
from tensorgrok.views.stacks import MINUS, TIMES
from tests.test_cli_process import COMMAND, environment, interruptible, run

__all__ = ["interruptible"]  # a fixture

NETWORK = '''\
"""A network, as somebody writes one."""

import sys
from types import SimpleNamespace

import tensorgrok as tg
from tensorgrok import nn

tg.seed(1)
layer_0 = tg.Tensor([[1.0, 0.0, 1.0]])
weights_0_1 = tg.Tensor(tg.normal((3, 4)), requires_grad=True)
weights_1_2 = tg.Tensor(tg.normal((4, 1)), requires_grad=True)
losses = []
if __name__ == "__main__":
    for _ in range(3):
        hidden = tg.relu(layer_0.dot(weights_0_1))
        layer_2 = hidden.dot(weights_1_2)
        loss = nn.squared_error(layer_2, tg.Tensor([[1.0]]))
        losses.append(loss)
    loss.backward(retain_graph=True)
    both = SimpleNamespace(output=hidden * 2)
    number, quiet = 3, layer_2.detach()
    print("told", sys.argv)
'''

ALGEBRA = f"L = ½‖l₂ {MINUS} y‖²"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def script(text: str = NETWORK, name: str = "net.py") -> str:
    """Write a script into the current folder."""
    Path(name).write_text(text, encoding="utf-8")
    return name


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    """The one line on stderr with which a command ends."""
    assert cli.main(["view", *words]) == code
    err = capsys.readouterr().err
    assert err.startswith("tensorgrok: ")
    assert err.count("\n") == 1
    return err.removeprefix("tensorgrok: ").rstrip("\n")


# What it shows ---------------------------------------------------------------------------------


def test_tensor_has_the_names_of_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["view", script(), "loss"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    first, title, *rest = out.splitlines()
    assert first == "told ['net.py']"
    assert title == "loss: 3 → 4 → 1"
    said = [line.strip() for line in rest]
    assert "hidden = relu(layer_0.dot(weights_0_1))    hidden = relu(l₀ W₀)" in said
    assert "weight_delta_1_2 = hidden.T.dot(layer_2_delta)" in said
    assert "not computed yet" not in out
    assert "\x1b" not in out


def test_several_names_are_shown_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["view", script(), "layer_2", "hidden", "layer_2"]) == 0
    out = capsys.readouterr().out
    assert out.count("told") == 1
    titles = [line for line in out.splitlines() if "→" in line]
    assert titles == ["layer_2: 3 → 4 → 1", "hidden: 3 → 4"]
    assert "\n\nhidden: 3 → 4\n" in out


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("losses[-1]", ALGEBRA),
        ("losses[0]", "losses_0 = squared_error("),
        ("both.output", "relu(layer_0.dot(weights_0_1))"),
        (" loss ", "loss = squared_error(layer_2, target)"),
    ],
)
def test_attributes_and_indices_are_looked_up(
    name: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["view", script(), name]) == 0
    assert line in capsys.readouterr().out


def test_options_are_those_of_view(capsys: pytest.CaptureFixture[str]) -> None:
    model = (
        "import tensorgrok as tg\nfrom tensorgrok import nn\n"
        "model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))\n"
        "output = model(tg.ones((1, 3)))\n"
    )

    def shown(*words: str) -> str:
        assert cli.main(["view", *words]) == 0
        return capsys.readouterr().out

    net = script()
    assert "  layer_2 = relu(layer_0.dot(weights_0_1)).dot(weights_1_2)" in shown(
        net, "layer_2", "--cut", "one"
    )
    assert "▲" in shown(net, "loss")
    dimensions = shown(net, "loss", "--detail", "dimensions")
    assert f"W₀ 3{TIMES}4" in dimensions
    assert "▲" not in dimensions
    assert f"W₀ 3{TIMES}4" not in shown(net, "loss", "--detail", "letters")
    deep = script(model, "model.py")
    assert "  output = model(" in shown(deep, "output", "--depth", "0")
    assert "model[0].weight" in shown(deep, "output")


@pytest.mark.parametrize("ending", [ending for ending in FORMS if ending != ".png"])
def test_file_is_what_the_view_itself_writes(
    ending: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    variables: dict[str, Any] = {"__name__": "__main__"}
    exec(NETWORK, variables)
    expected = tg.view(variables["loss"], names=variables).save(tmp_path / f"expected{ending}")
    capsys.readouterr()
    path = tmp_path / f"seen{ending}"
    assert cli.main(["view", script(), "loss", "--save", path.name]) == 0
    assert capsys.readouterr().out == f"told ['net.py']\nsaved: {path}\n"
    assert path.read_bytes() == expected.read_bytes()


# The script runs as it does without us ---------------------------------------------------------


def test_script_sees_what_python_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "import sys, os, beside, __main__\n"
        "import tensorgrok as tg\n"
        "def make() -> 'nothing of that name':\n    return __main__.weight * 2\n"
        "weight = tg.Tensor([1.0], requires_grad=True)\n"
        "result = make()\n"
        "print(__name__, os.path.isabs(__file__), sys.argv, beside.ANSWER)\n"
        "print(make.__annotations__['return'], __doc__, sys.path[0] == os.path.dirname(__file__))\n"
    )
    Path("folder").mkdir()
    script("ANSWER = 42\n", "folder/beside.py")
    before = sys.argv, [*sys.path], sys.modules["__main__"]
    try:
        assert cli.main(["view", script(text, "folder/s.py"), "result"]) == 0
    finally:
        sys.modules.pop("beside", None)
    assert (sys.argv, sys.path, sys.modules["__main__"]) == before
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"__main__ True ['{Path('folder/s.py')}'] 42"
    assert said[1] == "nothing of that name None True"
    assert "result = weight * 2" in "\n".join(said)


@pytest.mark.parametrize("code", ["", "0", "None"])
def test_script_may_leave_by_exit(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["view", script(f"{NETWORK}    sys.exit({code})\n"), "loss"]) == 0
    assert ALGEBRA in capsys.readouterr().out


@pytest.mark.parametrize(("code", "said"), [("3", "3"), ("'gone'", "'gone'")])
def test_script_that_leaves_with_an_error_failed(
    code: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    err = refused(capsys, script(f"{NETWORK}    sys.exit({code})\n"), "loss", code=1)
    assert err == f"view: net.py ended with sys.exit({said})"


def test_script_that_raises_shows_its_own_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    name = script("def f():\n    return 1 / 0\n\nf()\n")
    assert cli.main(["view", name, "loss"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    first, *trace, error, last = err.splitlines()
    assert first == "Traceback (most recent call last):"
    assert trace[0] == f'  File "{Path(name).absolute()}", line 4, in <module>'
    assert sum(line.startswith("  File") for line in trace) == 2
    assert error == "ZeroDivisionError: division by zero"
    assert last == "tensorgrok: view: net.py raised ZeroDivisionError"


@pytest.mark.parametrize(
    ("text", "error"), [("x = = 1\n", "SyntaxError"), ("def f():\nreturn\n", "IndentationError")]
)
def test_script_that_is_no_python_says_where(
    text: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["view", script(text), "loss"]) == 1
    err = capsys.readouterr().err
    assert f'  File "{Path("net.py").absolute()}", line ' in err
    assert "cli" not in err
    assert err.endswith(f"tensorgrok: view: net.py raised {error}\n")


@pytest.mark.parametrize("error", ["MemoryError", "OSError('no')", "GeneratorExit"])
def test_whatever_a_script_raises_is_its_own(
    error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["view", script(f"raise {error}\n"), "loss"]) == 1
    name = error.partition("(")[0]
    assert capsys.readouterr().err.endswith(f"tensorgrok: view: net.py raised {name}\n")


def test_ctrl_c_stops_a_script_at_once() -> None:
    text = "import time\nprint('go', flush=True)\ntime.sleep(60)\n"
    process = subprocess.Popen(
        [*COMMAND, "view", script(text), "loss"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert time.monotonic() - start < 20
    assert (process.returncode, err) == (130, "tensorgrok: interrupted\n")


@pytest.mark.usefixtures("interruptible")
def test_interrupt_handler_of_a_script_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "import signal\n"
        "heard = []\n"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
        "before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))\n"
        "signal.raise_signal(signal.SIGINT)\n"
        "print(heard)\n"
    )
    assert "has no 'loss'" in _last(capsys, cli.main(["view", script(text), "loss"]))


def _last(capsys: pytest.CaptureFixture[str], code: int) -> str:
    out, err = capsys.readouterr()
    assert (code, out) == (2, "True\n[1]\n")
    return err


def test_reader_that_goes_away_is_no_error_of_the_script() -> None:
    text = "import sys\nfor _ in range(100_000):\n    print('x' * 100)\n"
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run("view", script(text), "loss", stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_as_a_process_a_script_imports_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    script("RATE = 2\n", "there/settings.py")
    name = script(f"from settings import RATE\n{NETWORK}    scaled = loss * RATE\n", "there/net.py")
    done = run("view", name, "scaled", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    assert "scaled = loss * 2" in done.stdout


# What it refuses -------------------------------------------------------------------------------

RECORDED = "recorded are loss, layer_2 and hidden"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lost", "the script has no 'lost'; did you mean 'loss'?"),
        ("accuracy", f"the script has no 'accuracy'; {RECORDED}"),
        ("number", f"number is of type int, no tensor; {RECORDED}"),
        ("nn.Linear", f"nn.Linear is of type type, no tensor; {RECORDED}"),
        ("losses", "losses is a list of tensors; name one of them, such as losses[-1]"),
        ("weights_0_1", f"nothing was recorded for weights_0_1; {RECORDED}"),
        ("quiet", f"nothing was recorded for quiet; {RECORDED}"),
        ("losses[7]", "losses[7]: IndexError: list index out of range"),
        (
            "both.input",
            "both.input: AttributeError: 'types.SimpleNamespace' object has no attribute 'input'",
        ),
    ],
)
def test_name_of_no_recorded_tensor_says_which_there_are(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, script(), name) == f"view: {said}"


def test_script_that_records_nothing_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    name = script("import tensorgrok as tg\nx = tg.ones(3)\ny = x * 2\n")
    cure = "compute one from tensors with requires_grad=True, outside of no_grad"
    none = f"none of its variables is a tensor that was recorded; {cure}"
    assert refused(capsys, name, "y") == f"view: nothing was recorded for y; {none}"
    assert refused(capsys, name, "z") == f"view: the script has no 'z'; {none}"


def test_many_names_are_not_all_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"step_{number} = x * {number}" for number in range(30)]
    text = "\n".join(
        [
            "import tensorgrok as tg",
            "x = tg.Tensor([1.0], requires_grad=True)",
            *lines,
            "_hidden = x * 2",
        ]
    )
    said = refused(capsys, script(text), "unheard")
    listed = said.partition("recorded are ")[2].split(", ")
    assert listed[0] == "step_29"
    assert len(listed) == LISTED - 1
    assert listed[-1] == f"step_{30 - LISTED + 1} and {30 - LISTED + 1} more"


@pytest.mark.parametrize("name", ["loss + 1", "f()", "[loss]", "", "loss.", "losses[f()]", "a b"])
def test_only_names_are_looked_up_and_nothing_is_called(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, script("raise AssertionError\n"), name)  # it does not get that far
    assert said == (
        f"view: {name!r} is no variable; give one, or one with attributes and indices, such as "
        "losses[-1] or result.loss"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("missing.py loss", "view: cannot read 'missing.py': No such file or directory"),
        (". loss", "view: cannot read '.': Is a directory"),
        ("net.py", "the following arguments are required: NAME (see python -m tensorgrok view"),
        ("net.py loss hidden --save a.svg", "view: --save writes one tensor, but 2 are named"),
        (
            "net.py loss --save a.doc",
            "argument --save: expected a path that ends with .html, .svg, .png, .tex, .py or .txt, "
            "got 'a.doc'",
        ),
        ("net.py loss --cut all", "argument --cut: invalid choice: 'all' (choose from "),
        ("net.py loss --detail all", "argument --detail: invalid choice: 'all' (choose from "),
        (
            "net.py loss --depth -1",
            "argument --depth: expected an integer that is not negative, got '-1'",
        ),
        ("net.py loss --names", "unrecognized arguments: --names"),
    ],
)
def test_bad_word_is_refused_before_the_script_runs(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script("raise AssertionError\n")
    assert refused(capsys, *words.split()).startswith(said)


def test_file_that_cannot_be_written_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    words = (script(), "loss", "--save", "missing/a.svg")
    said = refused(capsys, *words, code=2)
    assert said.startswith("save: there is no folder 'missing' for 'a.svg'; make it first")


def test_picture_without_its_package_names_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    said = refused(capsys, script(), "loss", "--save", "a.png")
    assert "pip install tensorgrok[png]" in said
    assert not Path("a.png").exists()


def test_closed_stdout_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    name = script()
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["view", name, "loss"]) == 0


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert cli.main(["view", script(), "loss"]) == 0
    assert "\x1b[" in terminal.getvalue()
