"""Every CUDA kernel of the backends compiles, for each generation of GPUs; no GPU is needed."""

from __future__ import annotations

import importlib.util

import pytest

from tests.compile_kernels import CompileError, architectures, compile_for, nvrtc

pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
try:
    nvrtc()
except ImportError as error:
    pytest.skip(f"no compiler: {error}".partition("\n")[0], allow_module_level=True)

#: Modules with a kernel: its text in ``SOURCE``, its name in ``NAME``.
KERNELS = ["tensorgrok_cupy._philox"]
#: Turing, Ampere, Hopper and Blackwell, as far as this compiler knows them.
ARCHITECTURES = [arch for arch in ("sm_75", "sm_80", "sm_90", "sm_100") if arch in architectures()]

TWICE = """
extern "C" __global__ void twice(float* x, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] *= 2.0f;
}
"""


def test_compiler_knows_some_architecture() -> None:
    assert "sm_90" in ARCHITECTURES


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_kernel_compiles_to_a_binary(arch: str) -> None:
    assert compile_for(TWICE, "twice", arch).startswith(b"\x7fELF")


def test_a_broken_kernel_is_refused_with_the_compilers_log() -> None:
    with pytest.raises(CompileError, match=r'twice\.cu\(4\): error: identifier "y" is undefined'):
        compile_for(TWICE.replace("x[i]", "y[i]"), "twice")


def test_a_kernel_of_another_name_is_refused() -> None:
    for source, name in (
        (TWICE, "thrice"),
        (TWICE, "twic"),
        (TWICE.replace('"C"', '"C++"'), "twice"),
    ):
        with pytest.raises(CompileError, match=f"has no kernel '{name}'"):
            compile_for(source, name)


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(CompileError, match="invalid value for --gpu-architecture"):
        compile_for(TWICE, "twice", "sm_10")


def test_a_source_that_needs_headers_is_refused() -> None:
    with pytest.raises(CompileError, match=r'could not open source file "cuda_fp16\.h"'):
        compile_for("#include <cuda_fp16.h>\n" + TWICE, "twice")


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("module", KERNELS)
def test_the_kernels_of_the_backends_compile(module: str, arch: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not here")
    kernel = importlib.import_module(module)
    assert compile_for(kernel.SOURCE, kernel.NAME, arch)
