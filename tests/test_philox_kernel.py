"""The arithmetic of the CUDA kernel that draws random bits, compiled for the CPU.

The text of the kernel is C++ but for a few words of CUDA, which are defined here; a loop stands for
the grid of threads. That shows that the words are those of NumPy's Philox, and nothing of how a GPU
runs it: there the backend compares a few words itself before it uses the kernel.
"""

from __future__ import annotations

import ctypes
import importlib
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest

from tests.fakes.cupy import install

pytest.importorskip("array_api_compat", reason="array-api-compat, which the fake needs, is missing")

CUDA_WORDS = """
typedef struct {{ unsigned long long x; }} dim;
static dim blockIdx, blockDim, threadIdx;
#define __global__
static unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{{
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}}
{source}
extern "C" void run(unsigned long long grid, unsigned long long block,
                    const word* key, const word* counter, word* words, word n)
{{
    blockDim.x = block;
    for (blockIdx.x = 0; blockIdx.x < grid; ++blockIdx.x)
        for (threadIdx.x = 0; threadIdx.x < block; ++threadIdx.x)
            {name}(key[0], key[1], counter[0], counter[1], counter[2], counter[3], words, n);
}}
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The kernel as a function of the CPU: of grid, block and the kernel's arguments."""
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler to compile the kernel with")
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        philox = importlib.import_module("tensorgrok_cupy._philox")
        text = CUDA_WORDS.format(source=philox.SOURCE, name=philox.NAME)
    folder = tmp_path_factory.mktemp("philox")
    (folder / "philox.cpp").write_text(text, encoding="utf-8")
    library = folder / "philox.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", f"{library}", f"{folder}/philox.cpp"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    run = ctypes.CDLL(str(library)).run
    words = np.ctypeslib.ndpointer(np.uint64, flags="C")
    run.argtypes = [*[ctypes.c_ulonglong] * 2, words, words, words, ctypes.c_ulonglong]

    def kernel(grid: Any, block: Any, *arguments: Any) -> None:
        *scalars, made, n = arguments
        numbers = np.array([int(scalar) for scalar in scalars], dtype=np.uint64)
        run(grid[0], block[0], numbers[:2], numbers[2:], made, int(n))

    return kernel


@pytest.fixture
def philox(compiled: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module, on a fake of CuPy on which the compiled function stands for the kernel."""
    fake = install(monkeypatch)
    module = importlib.import_module("tensorgrok_cupy._philox")
    fake.kernels[module.NAME] = compiled
    return module


MOST = 2**64 - 1
STREAMS = [
    ((0, 0), (0, 0, 0, 0)),
    ((123, MOST), (7, 0, 1, 0)),
    ((5, 6), (MOST - 1, 3, 0, 0)),
    ((5, 6), (MOST, MOST, 3, 0)),
    ((MOST, 1), (MOST, MOST, MOST, 4)),
    ((MOST, MOST), (MOST, MOST, MOST, MOST)),
]


@pytest.mark.parametrize(("key", "counter"), STREAMS)
@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 1023, 1024, 1025, 10_000])
def test_the_kernel_makes_numpys_words(philox: Any, key: Any, counter: Any, n: int) -> None:
    words = np.array(key, dtype=np.uint64), np.array(counter, dtype=np.uint64)
    expected = np.asarray(np.random.Philox(key=words[0], counter=words[1]).random_raw(n))
    found = philox.random_bits(*words, n).get()
    assert found.dtype == np.uint64
    np.testing.assert_array_equal(found, expected)


def test_a_kernel_that_is_right_is_proven_and_used(philox: Any) -> None:
    assert philox.proven()
    backend = importlib.import_module("tensorgrok_cupy").CuPyBackend()
    assert "device_bits" in backend.features
    key, counter = np.array([1, 2], dtype=np.uint64), np.array([3, 0, 0, 0], dtype=np.uint64)
    expected = np.random.Philox(key=key, counter=counter).random_raw(9)
    np.testing.assert_array_equal(backend.to_numpy(backend.random_bits(key, counter, 9)), expected)


@pytest.mark.parametrize("wrong", [0, 4, 12, 1025, 1029])
def test_a_kernel_that_is_wrong_is_not_used(philox: Any, compiled: Any, wrong: int) -> None:
    def flawed(grid: Any, block: Any, *arguments: Any) -> None:
        compiled(grid, block, *arguments)
        arguments[-2][wrong : wrong + 1] ^= np.uint64(1)

    importlib.import_module("tests.fakes.state").fake.kernels[philox.NAME] = flawed
    assert not philox.proven()
    backend = importlib.import_module("tensorgrok_cupy").CuPyBackend()
    assert "device_bits" not in backend.features
    key, counter = np.array([1, 2], dtype=np.uint64), np.array([3, 0, 0, 0], dtype=np.uint64)
    expected = np.random.Philox(key=key, counter=counter).random_raw(9)
    np.testing.assert_array_equal(backend.to_numpy(backend.random_bits(key, counter, 9)), expected)


def test_a_kernel_that_does_not_run_is_not_used(philox: Any) -> None:
    del importlib.import_module("tests.fakes.state").fake.kernels[philox.NAME]
    assert not philox.proven()


@pytest.mark.parametrize("words", [1, 2, 3, 4])
def test_a_kernel_that_loses_a_carry_is_not_used(philox: Any, compiled: Any, words: int) -> None:
    def flawed(grid: Any, block: Any, *arguments: Any) -> None:
        compiled(grid, block, *arguments)
        if all(int(word) == MOST for word in arguments[2 : 2 + words]):
            arguments[-2][:1] ^= np.uint64(1)

    importlib.import_module("tests.fakes.state").fake.kernels[philox.NAME] = flawed
    assert not philox.proven()
