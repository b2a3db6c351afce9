"""Whether CuPy can be used here, and if not, why and what to do.

CuPy imports on machines without a GPU, and counts devices on machines without CUDA's libraries, so
neither proves anything. ``examine`` goes through everything that a computation needs, one fact
after the other, and ends with a computation. ``usable_cupy`` is that without the facts;
``diagnose`` keeps them for a person to read.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from tensorgrok.errors import BackendUnavailable

#: Distributions that contain the module ``cupy``. Only one of them can be installed at a time.
WHEELS = (
    *("cupy", "cupy-cuda10x", "cupy-cuda11x", "cupy-cuda12x", "cupy-cuda13x"),
    *("cupy-rocm-4-3", "cupy-rocm-5-0", "cupy-rocm-7-0"),
)

#: The release of CuPy that this backend is written against: it uses ``cupy.cublas``, which is not
#: documented and may change with the next.
MAJOR = 14

# Numbers of CUDA's errors, which unlike their texts are stable.
INSUFFICIENT_DRIVER, NO_DEVICE = 35, 100

Fact = tuple[str, str]


def usable_cupy() -> Any:
    """The module ``cupy``, after everything that a computation needs was found to work.

    Raises:
        BackendUnavailable: with the reason and the cure.
    """
    for _ in examine():
        pass
    return sys.modules["cupy"]  # which is not imported here, as its import may fail


def diagnose() -> tuple[list[Fact], str]:
    """What there is of CuPy and CUDA here, up to the first problem, and what to do about that."""
    driver = driver_version()
    facts = [("driver", f"CUDA {_dotted(driver)}" if driver else "no NVIDIA driver is installed")]
    try:
        for fact in examine():
            facts.append(fact)
    except BackendUnavailable as error:
        facts.append(("problem", error.reason))
        if error.installed:
            return facts, error.cure
        if driver:
            return facts, install(driver // 1000)
        facts.append(("advice", "if this machine has an NVIDIA GPU, first install its driver"))
    return facts, ""


def examine() -> Iterator[Fact]:
    """Yield what there is, one fact after the other; raise at the first that makes CuPy useless."""
    yield from _distribution()
    cupy = _import()
    yield "module", f"cupy {cupy.__version__}"
    yield from _devices(cupy)
    yield from _libraries()
    yield "computation", _probe(cupy)


def install(major: int | None = None) -> str:
    """The command that installs CuPy with the libraries it needs, for a driver of some CUDA."""
    command = 'pip install "cupy-cuda{}x[ctk]>=14,<15" array-api-compat'
    if major is None:
        other = "cupy-cuda12x for a driver of CUDA 12"
        return f"{command.format(13)} (or {other})"
    return command.format(min(max(major, 12), 13))


def _unusable(reason: str, cure: str) -> BackendUnavailable:
    return BackendUnavailable(reason, cure, installed=True)


# What is installed -----------------------------------------------------------------------------


def _distribution() -> Iterator[Fact]:
    found = {name: known for name in WHEELS if (known := _version(name))}
    yield "wheel", ", ".join(f"{name} {known}" for name, known in found.items()) or "none"
    if len(found) > 1:
        names = " ".join(found)
        raise _unusable(
            f"several distributions of CuPy are installed ({', '.join(found)}), whose files "
            "overwrite each other",
            f"pip uninstall -y {names}, then install one: {install()}",
        )
    try:
        spec = importlib.util.find_spec("cupy")
    except (ImportError, ValueError):  # somebody has put something else in its place
        spec = None
    if spec is None:
        raise BackendUnavailable("CuPy is not installed", f"{install()}, or use 'numpy'")
    if spec.loader is None or spec.origin is None:
        where = ", ".join(spec.submodule_search_locations or ())
        raise BackendUnavailable(
            f"CuPy is not installed; there is only a folder of its name without a module, {where}",
            f"remove that folder, then {install()}, or use 'numpy'",
        )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _import() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it warns about is examined here
            import cupy  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional
    except Exception as error:  # a broken extension module may raise anything
        raise _unusable(
            f"CuPy is installed but cannot be imported: {_first_line(error)}",
            "reinstall it: pip install --force-reinstall " + install().removeprefix("pip install "),
        ) from error
    found = str(cupy.__version__)
    if found.partition(".")[0] != str(MAJOR):
        raise _unusable(f"CuPy {found} is installed, and CuPy {MAJOR} is needed", install())
    if cupy.cuda.runtime.is_hip:
        raise _unusable("this CuPy is built for AMD's ROCm, and only CUDA is served", "use 'numpy'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import array_api_compat.cupy  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: F401  # untyped, and optional; only whether it is there is asked
    except ImportError as error:
        raise _unusable(
            f"array-api-compat is missing: {_first_line(error)}", "pip install array-api-compat"
        ) from error
    return cupy


# The driver, the device, and CUDA's libraries --------------------------------------------------


def driver_version() -> int:
    """The newest CUDA that the driver serves, such as 13000 for 13.0; 0 if there is no driver."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        found = ctypes.c_int(0)
        driver.cuDriverGetVersion(ctypes.byref(found))
    except (OSError, AttributeError):
        return 0
    return found.value


def _dotted(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _devices(cupy: Any) -> Iterator[Fact]:
    runtime = cupy.cuda.runtime
    wheel = runtime.runtimeGetVersion()
    yield "runtime", f"CUDA {_dotted(wheel)}"
    if not cupy.cuda.is_available():
        raise _no_device(runtime, wheel)
    device = cupy.cuda.Device()
    yield "devices", f"{runtime.getDeviceCount()}; in use: {device_text(cupy, device.id)}"


def device_text(cupy: Any, number: int) -> str:
    """Name, compute capability and memory of a device."""
    found = cupy.cuda.runtime.getDeviceProperties(number)
    name = found["name"]
    named = name.decode() if isinstance(name, bytes) else str(name)
    memory = found["totalGlobalMem"] / 2**30
    capability = f"{found['major']}.{found['minor']}"
    return f"{named}, compute capability {capability}, {memory:.1f} GiB"


def _no_device(runtime: Any, wheel: int) -> BackendUnavailable:
    """Why no device can be used."""
    status, text = 0, ""
    try:
        runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        status, text = error.status, _first_line(error)
    served = runtime.driverGetVersion()
    if status == INSUFFICIENT_DRIVER and served == 0:
        return _unusable(
            "CuPy is installed, but no NVIDIA driver is",
            "install the driver of the GPU; on a machine without one use 'numpy'",
        )
    if status == INSUFFICIENT_DRIVER:
        return _unusable(
            f"the NVIDIA driver serves CUDA {_dotted(served)}, and this CuPy needs "
            f"CUDA {_dotted(wheel)}",
            f"update the driver, or install the CuPy that fits it: {install(served // 1000)}",
        )
    if status in (0, NO_DEVICE):
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is not None:
            return _unusable(
                f"CUDA shows no device; CUDA_VISIBLE_DEVICES is {visible!r}",
                "unset that variable before Python starts, or use 'numpy'",
            )
        return _unusable(
            "there is an NVIDIA driver, but it shows no device",
            "look at what nvidia-smi says, or use 'numpy'",
        )
    return _unusable(
        f"CUDA cannot be started: {text}", "look at what nvidia-smi says, or use 'numpy'"
    )


def _libraries() -> Iterator[Fact]:
    """The compiler and the linear algebra of CUDA, which the bare wheel does not bring."""
    try:
        from cupy_backends.cuda.libs import nvrtc  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional

        major, minor = nvrtc.getVersion()
    except Exception as error:  # each of CuPy's loaders raises an error of its own
        raise _missing("NVRTC, the compiler of kernels,", error) from error
    try:
        import cupy.cublas  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: F401  # untyped, and optional; only whether it is there is asked
    except Exception as error:
        raise _missing("cuBLAS", error) from error
    yield "libraries", f"NVRTC {major}.{minor}, cuBLAS"


def _missing(library: str, error: Exception) -> BackendUnavailable:
    return _unusable(
        f"{library} cannot be loaded: {_first_line(error)}",
        f"install CUDA's libraries beside CuPy: {install()}",
    )


# A computation ---------------------------------------------------------------------------------


def _probe(cupy: Any) -> str:
    """One elementwise operation and one product by each way to cuBLAS, compared with NumPy's."""
    host = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
    expected = [host * 2 + 1, host @ host, host @ host]
    try:
        device = cupy.asarray(host)
        from cupy import cublas  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional

        results = [device * 2 + 1, device @ device, cublas.gemm("N", "N", device, device)]
        found = [cupy.asnumpy(result) for result in results]
    except Exception as error:  # errors of the driver, of the compiler and of libraries
        raise _unusable(
            f"a first computation failed: {_first_line(error)}",
            f"install CuPy anew with CUDA's libraries: {install()}",
        ) from error
    if not all(np.array_equal(one, two) for one, two in zip(found, expected, strict=True)):
        raise _unusable(
            f"a first computation went wrong: {[array.tolist() for array in found]} in place of "
            f"{[array.tolist() for array in expected]}",
            "check the GPU and its driver; until then use 'numpy'",
        )
    return "an elementwise operation and products are right"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" =-")]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
