"""Whether CuPy can be used, and if not, why: each way in which it can fail, on a fake of CuPy."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import tensorgrok as tg
from tensorgrok import cli, registry
from tensorgrok.cli import doctor
from tensorgrok.registry import choose_backend, get_backend
from tests.fakes.cupy import install
from tests.test_cli_process import environment

pytest.importorskip("array_api_compat", reason="array-api-compat, which the fake needs, is missing")

INSTALL = 'pip install "cupy-cuda13x[ctk]>=14,<15" array-api-compat'


@pytest.fixture(autouse=True)
def _fresh_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test asks for backends anew, and hears warnings anew."""
    monkeypatch.setattr(registry, "_made", {"numpy": get_backend("numpy")})
    monkeypatch.setattr(registry, "_warned", set())
    monkeypatch.setattr(registry, "_choices", [])
    monkeypatch.setenv("TENSORGROK_BACKEND", "auto")


def detect() -> Any:
    """The module, made anew for the fake that is installed now."""
    import tensorgrok_cupy

    return tensorgrok_cupy._detect


def refused() -> tg.BackendUnavailable:
    """The error of asking for the backend by name."""
    with pytest.raises(tg.BackendUnavailable) as caught:
        tg.use_backend("cupy")
    return caught.value


# Where it can run ------------------------------------------------------------------------------


def test_a_device_that_computes_is_taken_by_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backend = choose_backend("auto")
    assert backend.name == "cupy"
    assert "FAKE" in backend.device.upper()
    assert tg.zeros(2).backend is backend


def test_the_doctor_finds_nothing_to_do_there(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    text = doctor.diagnosis()
    for word in ("driver", "wheel", "module", "runtime", "devices", "libraries", "computation"):
        assert f"    {word} " in text
    assert "an elementwise operation and products are right" in text
    assert "'cupy' is taken ('auto' tries cupy, then numpy)" in text
    assert text.endswith("next step: none; nothing is known to be missing")


# Where it cannot ---------------------------------------------------------------------------------

#: What is wrong, how the fake shows it, the reason, and the cure.
FAILURES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no driver": (
        {"available": False},
        "CuPy is installed, but no NVIDIA driver is",
        "install the driver of the GPU; on a machine without one use 'numpy'",
    ),
    "an old driver": (
        {"available": False, "driver": 12040},
        "the NVIDIA driver serves CUDA 12.4, and this CuPy needs CUDA 13",
        'pip install "cupy-cuda12x[ctk]>=14,<15" array-api-compat',
    ),
    "no device": (
        {"available": False, "status": 100},
        "there is an NVIDIA driver, but it shows no device",
        "look at what nvidia-smi says, or use 'numpy'",
    ),
    "another status": (
        {"available": False, "status": 2},
        "CUDA cannot be started: CUDARuntimeError: cudaErrorMemoryAllocation: out of memory",
        "look at what nvidia-smi says, or use 'numpy'",
    ),
    "no compiler": (
        {"compiler_error": RuntimeError("Failure finding libnvrtc.so\n  somewhere")},
        "NVRTC, the compiler of kernels, cannot be loaded: RuntimeError: Failure finding libnvrtc",
        f"install CUDA's libraries beside CuPy: {INSTALL}",
    ),
    "no cuBLAS": (
        {"cublas_error": ImportError("Failure finding libcublas.so")},
        "cuBLAS cannot be loaded: ImportError: Failure finding libcublas.so",
        f"install CUDA's libraries beside CuPy: {INSTALL}",
    ),
    "kernels that fail": (
        {"kernel_error": RuntimeError("NVRTC_ERROR_COMPILATION")},
        "a first computation failed: RuntimeError: NVRTC_ERROR_COMPILATION",
        f"install CuPy anew with CUDA's libraries: {INSTALL}",
    ),
    "products that fail": (
        {"product_error": RuntimeError("CUBLAS_STATUS_NOT_INITIALIZED")},
        "a first computation failed: RuntimeError: CUBLAS_STATUS_NOT_INITIALIZED",
        f"install CuPy anew with CUDA's libraries: {INSTALL}",
    ),
    "wrong numbers": (
        {"wrong_product": True},
        "a first computation went wrong: [[[3.0, 5.0], [7.0, 9.0]], ",
        "check the GPU and its driver; until then use 'numpy'",
    ),
    "a broken module": (
        {"import_error": ImportError("\n====\nFailed to import CuPy.\n====")},
        "CuPy is installed but cannot be imported: ImportError: Failed to import CuPy.",
        'reinstall it: pip install --force-reinstall "cupy-cuda13x[ctk]>=14,<15"',
    ),
    "another exception": (
        {"import_error": OSError("undefined symbol")},
        "CuPy is installed but cannot be imported: OSError: undefined symbol",
        "reinstall it",
    ),
    "no array-api-compat": (
        {"compat": False},
        "array-api-compat is missing: ModuleNotFoundError",
        "pip install array-api-compat",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_asking_by_name_says_the_reason_and_the_cure(
    failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switches, reason, cure = FAILURES[failure]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    install(monkeypatch, **switches)
    error = refused()
    assert error.installed
    assert error.reason.startswith(f"backend 'cupy' cannot run here: {reason}")
    assert cure in error.cure
    assert str(error) == f"{error.reason}; {error.cure}"


@pytest.mark.parametrize("failure", FAILURES)
def test_auto_takes_numpy_and_warns_once_with_the_reason(
    failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switches, reason, _ = FAILURES[failure]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    install(monkeypatch, **switches)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert tg.current_backend().name == "numpy"
        assert choose_backend("auto").name == "numpy"
        assert tg.zeros(2).backend.name == "numpy"
    assert [warning.category for warning in caught] == [tg.BackendWarning]
    assert reason in str(caught[0].message)
    assert str(caught[0].message).endswith("Taking 'numpy'; ask for it by name to hear no more")
    assert caught[0].filename == __file__  # where the user's own code first needed a backend


@pytest.mark.parametrize("failure", FAILURES)
def test_the_doctor_names_the_problem_and_ends_with_the_cure(
    failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switches, reason, cure = FAILURES[failure]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    install(monkeypatch, **switches)
    lines = doctor.diagnosis().splitlines()
    assert any(line.strip().startswith("problem") and reason in line for line in lines)
    assert lines[-1].startswith("next step: ")
    assert cure in lines[-1]
    assert "'numpy' is taken" in lines[-2]


def test_the_command_line_warns_on_one_line_and_trains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, available=False)
    assert cli.main(["--epochs", "1", "--no-report"]) == 0
    out, err = capsys.readouterr()
    assert "backend:            numpy" in out
    assert err == (
        "tensorgrok: backend 'cupy' cannot run here: CuPy is installed, but no NVIDIA driver is; "
        "install the driver of the GPU; on a machine without one use 'numpy'. Taking 'numpy'; ask "
        "for it by name to hear no more\n"
    )


def test_a_hidden_device_is_put_down_to_the_variable_that_hides_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    install(monkeypatch, available=False, status=100)
    error = refused()
    assert "CUDA shows no device; CUDA_VISIBLE_DEVICES is ''" in error.reason
    assert error.cure == "unset that variable before Python starts, or use 'numpy'"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("__version__", "13.6.0", "CuPy 13.6.0 is installed, and CuPy 14 is needed"),
        ("__version__", "15.0.0a1", "CuPy 15.0.0a1 is installed, and CuPy 14 is needed"),
    ],
)
def test_another_release_of_cupy_is_not_used(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    monkeypatch.setattr(importlib.import_module("cupy"), name, value)
    error = refused()
    assert reason in error.reason
    assert error.cure.startswith(INSTALL)


def test_a_build_for_rocm_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    monkeypatch.setattr(importlib.import_module("cupy.cuda.runtime"), "is_hip", True)
    assert "built for AMD's ROCm, and only CUDA is served" in refused().reason


def test_two_wheels_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    versions = {"cupy-cuda12x": "14.1.0", "cupy-cuda13x": "14.2.0"}
    monkeypatch.setattr(detect(), "_version", versions.get)
    error = refused()
    assert "several distributions of CuPy are installed (cupy-cuda12x, cupy-cuda13x)" in str(error)
    assert error.cure.startswith("pip uninstall -y cupy-cuda12x cupy-cuda13x, then install one: ")


# Where it is not installed ---------------------------------------------------------------------


def test_without_cupy_auto_takes_numpy_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, installed=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose_backend("auto").name == "numpy"
    error = refused()
    assert not error.installed
    assert error.reason == "backend 'cupy' cannot run here: CuPy is not installed"
    assert error.cure.startswith(INSTALL)
    assert error.cure.endswith("or use 'numpy'")


def test_a_module_that_was_ruled_out_counts_as_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, installed=False)
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert not refused().installed


def in_a_process(code: str, folder: Path, choice: str = "auto") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"],
        env=environment(TENSORGROK_BACKEND=choice),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SHOW = "import tensorgrok as tg; print(tg.current_backend().name)"


def test_a_folder_left_by_an_uninstallation_is_no_cupy(tmp_path: Path) -> None:
    if detect()._version("cupy-cuda13x") or detect()._version("cupy-cuda12x"):
        pytest.skip("CuPy itself is installed here")
    (tmp_path / "cupy" / "core").mkdir(parents=True)
    done = in_a_process(SHOW, tmp_path)
    assert (done.stdout, done.stderr) == ("numpy\n", "")
    done = in_a_process(SHOW, tmp_path, "cupy")
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert "there is only a folder of its name without a module, " in said
    assert str(tmp_path / "cupy") in said
    assert "remove that folder, then pip install" in said


@pytest.mark.parametrize(
    "use", ["tg.zeros(2).sum()", "tg.backend_names()", "tg.use_backend('numpy')"]
)
def test_who_asks_for_numpy_never_imports_cupy(use: str, tmp_path: Path) -> None:
    (tmp_path / "cupy").mkdir()
    (tmp_path / "cupy" / "__init__.py").write_text("raise SystemExit('cupy was imported')")
    code = f"import tensorgrok as tg\n{use}\nprint('cupy' in sys.modules)"
    done = in_a_process(code, tmp_path, "numpy")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_importing_tensorgrok_never_imports_cupy(tmp_path: Path) -> None:
    (tmp_path / "cupy").mkdir()
    (tmp_path / "cupy" / "__init__.py").write_text("raise SystemExit('cupy was imported')")
    done = in_a_process("import tensorgrok, tensorgrok_cupy", tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


# The command line for each word of the environment ----------------------------------------------


@pytest.mark.parametrize(
    ("choice", "code", "said"),
    [
        ("numpy", 0, "backend:            numpy"),
        ("auto", 0, "backend:            numpy"),
        ("", 0, "backend:            numpy"),
        ("cupy", 2, "tensorgrok: TENSORGROK_BACKEND: backend 'cupy' cannot run here: CuPy is not"),
        (
            "nonsense",
            2,
            "tensorgrok: TENSORGROK_BACKEND: no backend 'nonsense'; registered are",
        ),
        ("cuppy", 2, "Did you mean 'cupy'?"),
    ],
)
def test_the_bare_command_without_cupy(
    choice: str,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install(monkeypatch, installed=False)
    monkeypatch.setenv("TENSORGROK_BACKEND", choice)
    assert cli.main(["--epochs", "1", "--no-report"]) == code
    out, err = capsys.readouterr()
    assert said in (err if code else out)
    assert (err if code == 0 else out) == ""
    assert err.count("\n") == (1 if code else 0)
