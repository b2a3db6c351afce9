"""What the package says of itself: backends, requirements, licence, commands, wheel."""

from __future__ import annotations

import importlib.util
import re
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import entry_points, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tensorgrok

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BACKENDS = sorted(path.name for path in (ROOT / "backends").iterdir() if path.is_dir())
GROUP = "tensorgrok.backends"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# Backends --------------------------------------------------------------------------------------


def test_every_backend_folder_has_its_entry_point_and_no_other() -> None:
    declared = PROJECT["project"]["entry-points"][GROUP]
    assert BACKENDS == ["tensorgrok_cupy", "tensorgrok_numpy"]
    assert sorted(value.split(":")[0] for value in declared.values()) == BACKENDS
    assert sorted(f"tensorgrok_{name}" for name in declared) == BACKENDS


def test_installed_entry_points_are_those_declared() -> None:
    installed = {entry.name: entry for entry in entry_points(group=GROUP)}
    declared = PROJECT["project"]["entry-points"][GROUP]
    assert {name: entry.value for name, entry in installed.items()} == declared
    assert all(callable(entry.load()) for entry in installed.values())


def test_wheel_is_made_of_the_package_and_its_backends() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(packages) == sorted(["tensorgrok", *(f"backends/{name}" for name in BACKENDS)])
    assert all((ROOT / package / "py.typed").exists() for package in packages)


# Requirements and licence ----------------------------------------------------------------------


def test_requirements_are_numpy_and_a_progress_bar() -> None:
    project = PROJECT["project"]
    assert project["requires-python"] == ">=3.11"
    assert "numpy>=2.2" in project["dependencies"]
    assert sorted(re.split("[<>=]", d)[0] for d in project["dependencies"]) == ["numpy", "tqdm"]


@pytest.mark.parametrize("cuda", ["12", "13"])
def test_an_extra_brings_cupy_with_the_libraries_of_one_cuda(cuda: str) -> None:
    extra = PROJECT["project"]["optional-dependencies"][f"cuda{cuda}"]
    assert extra[0] == f"cupy-cuda{cuda}x[ctk]>=14,<15"
    assert [re.split("[<>=]", wanted)[0] for wanted in extra[1:]] == ["array-api-compat"]


def test_no_extra_for_tests_brings_cupy() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    assert not any("cupy" in wanted for name in ("test", "dev", "blas") for wanted in extras[name])


def test_the_example_of_a_backend_is_short_and_says_who_it_is() -> None:
    folder = ROOT / "tests" / "packages" / "boxed"
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".toml")]
    assert len(files) == 2
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 120
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"][GROUP] == {"boxed": "tensorgrok_boxed:BoxedBackend"}


def test_licence_is_mit() -> None:
    assert PROJECT["project"]["license"] == "MIT"
    assert read("LICENSE").startswith("MIT License\n\nCopyright (c) 2026 the tensorgrok authors")
    for path in PROJECT["project"]["license-files"]:
        assert (ROOT / path).stat().st_size > 100


def test_installed_version_is_that_of_the_code() -> None:
    assert metadata("tensorgrok")["Version"] == tensorgrok.__version__


# Papers ----------------------------------------------------------------------------------------


def test_changelog_has_a_place_for_what_comes() -> None:
    headings = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"


def test_contributing_can_be_read_at_once() -> None:
    assert 10 < len(read("CONTRIBUTING.md").splitlines()) < 60


@pytest.mark.parametrize("ending", ["-m tensorgrok", "-m pytest"])
def test_readme_has_one_command_that_makes_an_environment_and_runs(ending: str) -> None:
    commands = [line.strip() for line in read("README.md").splitlines()]
    found = [c for c in commands if c.startswith("python3 -m venv ") and c.endswith(ending)]
    assert len(found) == 1
    assert " -m pip install " in found[0] or "/pip install " in found[0]


# The wheel check that continuous integration runs ----------------------------------------------


def load_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_wheel", ROOT / ".ci" / "check_wheel.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECK = load_check()
LICENCE = "tensorgrok-0.1.0.dist-info/licenses/LICENSE"


def write_wheel(path: Path, names: Iterable[str], filling: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        for name in names:
            wheel.writestr(name, b"")
        wheel.writestr("tensorgrok/filling", b"0" * filling)
    return path


def test_a_good_wheel_has_no_faults(tmp_path: Path) -> None:
    assert CHECK.faults(write_wheel(tmp_path / "good.whl", [*CHECK.REQUIRED, LICENCE])) == []


@pytest.mark.parametrize(
    ("added", "removed", "filling", "fault"),
    [
        (["tests/test_x.py"], "", 0, "its top-level names are .*'tests'"),
        (["tensorgrok/tensor.pyc"], "", 0, "tensorgrok/tensor.pyc does not belong there"),
        ([], "", 500_000, "bytes; 500,000 are too many"),
        ([], "tensorgrok_numpy/py.typed", 0, "tensorgrok_numpy/py.typed is missing"),
        ([], "tensorgrok/datasets/digits.npz", 0, "digits.npz is missing"),
        ([], LICENCE, 0, "the licence of the package is missing"),
    ],
)
def test_a_bad_wheel_is_found_out(
    tmp_path: Path, added: list[str], removed: str, filling: int, fault: str
) -> None:
    names = [name for name in (*CHECK.REQUIRED, LICENCE, *added) if name != removed]
    found = CHECK.faults(write_wheel(tmp_path / "bad.whl", names, filling))
    assert len(found) == 1
    assert re.search(fault, found[0])
