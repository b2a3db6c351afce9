"""Detection with the real CuPy and no GPU: no driver, an old one, one without a device, and so on.

A stub of the driver, compiled here, says what a driver says of itself. Each case is a process of
its own, for CUDA looks once.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.test_cli_process import environment

cupy = pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
pytestmark = pytest.mark.skipif(cupy.is_available(), reason="a GPU is here: nothing is amiss")

STUB = """
#include <string.h>
int cuInit(unsigned flags) { return 100; }
int cuDriverGetVersion(int* version) { *version = VERSION; return 0; }
static int without_device(void) { return 100; }
int cuGetProcAddress_v2(const char* name, void** found, int version, unsigned long long flags,
                        int* status)
{
    *found = (void*)without_device;
    if (strcmp(name, "cuInit") == 0) *found = (void*)cuInit;
    if (strcmp(name, "cuDriverGetVersion") == 0) *found = (void*)cuDriverGetVersion;
    if (strncmp(name, "cuGetProcAddress", 16) == 0) *found = (void*)cuGetProcAddress_v2;
    if (status) *status = 0;
    return 0;
}
int cuGetProcAddress(const char* name, void** found, int version, unsigned long long flags)
{
    return cuGetProcAddress_v2(name, found, version, flags, 0);
}
"""

#: The CUDA that this wheel is for: 12 or 13.
MAJOR = cupy.cuda.runtime.runtimeGetVersion() // 1000


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with a ``libcuda.so.1``: one that is new enough, one that is too old."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler to make a stub of the driver with")
    folders = {}
    for name, number in (("new", MAJOR * 1000 + 990), ("old", (MAJOR - 1) * 1000)):
        folder = tmp_path_factory.mktemp(name)
        (folder / "stub.c").write_text(STUB, encoding="utf-8")
        command = [compiler, "-shared", "-fPIC", f"-DVERSION={number}", "-o"]
        files = [f"{folder}/libcuda.so.1", f"{folder}/stub.c"]
        subprocess.run([*command, *files], check=True, capture_output=True, timeout=60)
        folders[name] = folder
    return folders


def run(*words: str, choice: str = "auto", **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env=environment(TENSORGROK_BACKEND=choice, **changes),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def command(*words: str, choice: str = "auto", **changes: str) -> subprocess.CompletedProcess[str]:
    return run("-m", "tensorgrok", *words, choice=choice, **changes)


CASES = {
    "": "CuPy is installed, but no NVIDIA driver is",
    "old": f"the NVIDIA driver serves CUDA {MAJOR - 1}.0, and this CuPy needs CUDA {MAJOR}.",
    "new": "there is an NVIDIA driver, but it shows no device",
}


@pytest.mark.parametrize("driver", CASES)
def test_auto_trains_with_numpy_and_cupy_says_why_not(driver: str, stubs: dict[str, Path]) -> None:
    path = {"LD_LIBRARY_PATH": str(stubs[driver])} if driver else {}
    done = command("--epochs", "1", "--no-report", **path)
    assert done.returncode == 0, done.stderr
    assert "backend:            numpy" in done.stdout
    assert done.stderr.startswith(f"tensorgrok: backend 'cupy' cannot run here: {CASES[driver]}")
    assert done.stderr.count("\n") == 1
    done = command("--epochs", "1", "--no-report", choice="cupy", **path)
    assert (done.returncode, done.stdout) == (2, "")
    assert CASES[driver] in done.stderr
    assert done.stderr.count("\n") == 1
    done = command("doctor", **path)
    assert done.returncode == 0
    assert CASES[driver] in done.stdout
    assert f"cupy {cupy.__version__}" in done.stdout


@pytest.mark.parametrize("choice", ["numpy", "nonsense"])
def test_other_choices_do_not_import_cupy(choice: str) -> None:
    code = (
        "import sys, tensorgrok as tg\n"
        "try:\n    print(tg.zeros(2).backend.name)\n"
        "except tg.UnknownBackend as error:\n    print(error)\n"
        "print('cupy' in sys.modules)"
    )
    done = run("-c", code, choice=choice)
    first, last = done.stdout.splitlines()
    assert last == "False"
    assert first == "numpy" if choice == "numpy" else first.startswith("no backend 'nonsense';")


def test_hidden_devices_are_put_down_to_the_variable(stubs: dict[str, Path]) -> None:
    done = command(
        *("--epochs", "1", "--no-report"),
        choice="cupy",
        LD_LIBRARY_PATH=str(stubs["new"]),
        CUDA_VISIBLE_DEVICES="",
    )
    assert "CUDA shows no device; CUDA_VISIBLE_DEVICES is ''; unset that variable" in done.stderr


def test_a_second_wheel_is_one_too_many(tmp_path: Path) -> None:
    mine = f"cupy-cuda{MAJOR}x"
    assert version(mine)
    other = "cupy-cuda12x" if MAJOR == 13 else "cupy-cuda13x"
    folder = tmp_path / f"{other.replace('-', '_')}-14.0.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {other}\nVersion: 14.0.0\n")
    done = command("--epochs", "1", choice="cupy", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "several distributions of CuPy are installed (cupy-cuda12x, cupy-cuda13x)" in done.stderr
    assert (
        "pip uninstall -y cupy-cuda12x cupy-cuda13x, then install one: pip install" in done.stderr
    )
    done = command("--epochs", "1", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1


def test_missing_libraries_are_said_where_a_device_is_counted() -> None:
    """A count of devices proves nothing: the bare wheel does not bring cuBLAS, so that is tried."""
    code = (
        "import cupy, tensorgrok as tg\n"
        "cupy.cuda.is_available = lambda: True\n"
        "from tensorgrok_cupy import _detect\n"
        "_detect._devices = lambda cupy: iter([])\n"
        "try:\n    tg.use_backend('cupy')\n"
        "except tg.BackendUnavailable as error:\n    print(error.reason)\n    print(error.cure)\n"
    )
    if importlib.util.find_spec("nvidia") is None:
        pytest.skip("the bare wheel: NVRTC is missing too, and is asked for first")
    try:
        importlib.import_module("cupy.cublas")
    except ImportError:
        expected = "cuBLAS cannot be loaded: ImportError: "
        cure = "install CUDA's libraries beside CuPy: pip install"
    else:  # then the first computation finds that there is no device after all
        expected, cure = "a first computation failed: CUDARuntimeError: cudaError", "install CuPy"
    reason, said = run("-c", code).stdout.splitlines()
    assert reason.startswith(f"backend 'cupy' cannot run here: {expected}")
    assert said.startswith(cure)
