"""Compile CUDA kernels with NVRTC, CUDA's compiler of source text; that needs no GPU and no driver.

It shows that a source is valid for an architecture and has the kernel that it should, not that the
kernel computes the right thing. The library comes with ``pip install nvidia-cuda-nvrtc`` or a CUDA
toolkit; CuPy finds it by itself. No folder with headers is given, so a source must include none.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any


class CompileError(Exception):
    """A source does not compile; the message is the compiler's."""


@functools.cache
def nvrtc() -> Any:
    """Return CuPy's module for NVRTC; raises ImportError where CuPy or the library is missing."""
    module = importlib.import_module("cupy_backends.cuda.libs.nvrtc")
    try:
        module.getVersion()
    except RuntimeError as error:  # the library is looked for at the first call
        raise ImportError(f"NVRTC cannot be loaded: {error}") from error
    return module


def architectures() -> list[str]:
    """Return the architectures that this NVRTC compiles for, such as 'sm_90'."""
    return [f"sm_{number}" for number in nvrtc().getSupportedArchs()]


def compile_for(source: str, name: str, arch: str = "sm_90") -> bytes:
    """Return the binary (an ELF file) of CUDA C++ with a kernel ``extern "C" ... name(...)``.

    The options are those of ``cupy.RawKernel``. Raises ``CompileError`` with the compiler's log if
    the source has an error or there is no such architecture, and if there is no such kernel.
    """
    compiler = nvrtc()
    program = compiler.createProgram(source, f"{name}.cu", (), ())
    try:
        compiler.compileProgram(program, (f"-arch={arch}", "-ftz=true"))
        binary: bytes = compiler.getCUBIN(program)
    except compiler.NVRTCError as error:
        raise CompileError(f"{error}\n{compiler.getProgramLog(program)}") from error
    finally:
        compiler.destroyProgram(program)
    # Every kernel has a section of its own, which is called after it.
    if f".text.{name}\0".encode() not in binary:
        raise CompileError(f'the source compiles, but has no kernel {name!r}; is it extern "C"?')
    return binary
