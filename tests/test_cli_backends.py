"""``python -m tensorgrok backends`` and ``doctor``: what they list, check, find and advise."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import util
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import tensorgrok as tg
from tensorgrok import cli, registry
from tensorgrok.cli import backends, doctor
from tensorgrok.registry import get_backend
from tests.plain import PlainBackend
from tests.test_cli_process import environment


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_factories", registry._factories.copy())
    monkeypatch.setattr(registry, "_made", registry._made.copy())


def absent() -> tg.Backend:
    raise tg.BackendUnavailable("there is no such device", "plug one in", installed=True)


# backends --------------------------------------------------------------------------------------


def test_each_backend_is_listed_with_its_distribution_and_what_it_lives_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["backends"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        f"numpy  (tensorgrok {version('tensorgrok')})  available\n    CPU; host, into, out\n" in out
    )
    assert "strict  (registered at run time)  available\n    no device and no features named" in out
    assert out.endswith("\nTENSORGROK_BACKEND=numpy: 'numpy' is taken\n")
    names = re.findall(r"^(\w+)  \(", out, re.MULTILINE)
    assert names == tg.backend_names()


def test_one_that_cannot_run_is_listed_with_reason_and_cure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tg.register_backend("absent", absent)
    assert cli.main(["backends"]) == 0
    assert (
        "absent  (registered at run time)  not available\n"
        "    backend 'absent' cannot run here: there is no such device; plug one in\n"
    ) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (None, r"TENSORGROK_BACKEND is not set: '\w+' is taken \('auto' tries cupy, then numpy\)"),
        ("auto", r"TENSORGROK_BACKEND=auto: '\w+' is taken \('auto' tries cupy, then numpy\)"),
        ("numpy", "TENSORGROK_BACKEND=numpy: 'numpy' is taken"),
        ("nonsense", "TENSORGROK_BACKEND=nonsense: no backend 'nonsense'; registered are .*"),
    ],
)
def test_what_the_environment_chooses_is_said(
    asked: str | None, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENSORGROK_BACKEND")
    if asked is not None:
        monkeypatch.setenv("TENSORGROK_BACKEND", asked)
    assert re.fullmatch(sentence, backends.taken())


def test_a_name_registered_twice_is_a_mistake_of_the_installation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Entry:
        def __init__(self, owner: str) -> None:
            self.name = "twin"
            self.dist = type("Distribution", (), {"name": owner, "version": "1.0"})

        def load(self) -> Any:
            return PlainBackend

    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Entry("a"), Entry("b")])
    with pytest.raises(tg.BackendError, match=r"'twin' is registered by a 1.0 and b 1.0;"):
        get_backend("twin")
    assert cli.main(["backends"]) == 0
    assert "twin  (a 1.0 and b 1.0)  not available" in capsys.readouterr().out
    assert "uninstall all but one" in doctor.diagnosis()


@pytest.mark.parametrize("error", [RuntimeError("libfoo is too old"), AttributeError("no Backend")])
def test_a_strangers_backend_that_is_broken_breaks_nothing_else(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def factory() -> tg.Backend:
        raise error

    text = f"backend 'broken' is broken: {type(error).__name__}: {error}"
    tg.register_backend("broken", factory)
    with pytest.raises(tg.BackendError, match=text):
        get_backend("broken")
    assert cli.main(["backends"]) == 0
    assert text in capsys.readouterr().out
    assert cli.main(["backends", "--check", "broken"]) == 2
    assert text in capsys.readouterr().err

    class Entry:
        name, dist = "broken", None

        def load(self) -> Any:
            raise error

    monkeypatch.setattr(registry, "_factories", {})
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Entry()])
    assert text in doctor.diagnosis()


# --check ---------------------------------------------------------------------------------------


def test_a_backend_is_checked_by_name() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tensorgrok", "backends", "--check", "numpy"],
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d{3} passed", done.stdout)


@pytest.mark.parametrize("name", ["nunpy", "absent"])
def test_one_that_is_not_there_cannot_be_checked(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tg.register_backend("absent", absent)
    assert cli.main(["backends", "--check", name]) == 2
    err = capsys.readouterr().err
    assert err.startswith("tensorgrok: backends --check: ")
    assert ("Did you mean 'numpy'?" if name == "nunpy" else "plug one in") in err
    assert err.count("\n") == 1


def test_checking_needs_pytest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert cli.main(["backends", "--check", "numpy"]) == 2
    assert capsys.readouterr().err == (
        "tensorgrok: backends --check needs pytest; install it with: pip install pytest\n"
    )


# doctor ----------------------------------------------------------------------------------------


def test_the_doctor_says_what_is_here_and_ends_with_a_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert f"    tensorgrok  {tg.__version__}\n" in out
    assert re.search(rf"^    Python +\S+ at {re.escape(sys.executable)}$", out, re.MULTILINE)
    assert re.search(r"^    driver ", out, re.MULTILINE)
    assert out.splitlines()[-1].startswith("next step: ")


class Diagnosing(PlainBackend):
    """A backend that says what it finds."""

    @classmethod
    def diagnose(cls) -> tuple[list[tuple[str, str]], str]:
        return [("cable", "loose")], "push it in"


class Failing(PlainBackend):
    """A backend whose diagnosis raises."""

    @classmethod
    def diagnose(cls) -> tuple[list[tuple[str, str]], str]:
        raise ZeroDivisionError("oops")


def test_a_strangers_backend_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    tg.register_backend("cupy", PlainBackend)  # which has nothing to say
    tg.register_backend("diagnosing", Diagnosing)
    tg.register_backend("failing", Failing)
    text = doctor.diagnosis()
    assert re.search(r"^diagnosing\n    cable +loose$", text, re.MULTILINE)
    assert "its diagnosis failed: ZeroDivisionError: oops" in text
    assert text.endswith("\nnext step: push it in (for 'diagnosing')")


def test_what_auto_prefers_comes_first() -> None:
    assert doctor.next_step({"b": "second", "cupy": "first"}) == "first (for 'cupy')"
    assert doctor.next_step({"b": "second"}) == "second (for 'b')"
    assert doctor.next_step({}) == "none; nothing is known to be missing"


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for module, name in ((backends, "backends"), (doctor, "doctor")):
        assert f"{name}: {module.SUMMARY}" in out
    for command in ("backends", "doctor"):
        assert cli.main([command, "--help"]) == 0


def test_words_that_a_command_does_not_know_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["doctor", "now"]) == 2
    assert "unrecognized arguments: now (see python -m tensorgrok doctor --help)" in (
        capsys.readouterr().err
    )


def test_the_package_has_the_kit() -> None:
    found = util.find_spec(backends.CONTRACT)
    assert found is not None
    assert found.origin is not None
    names = {path.name for path in Path(found.origin).parent.glob("test_*.py")}
    assert len(names) >= 5
