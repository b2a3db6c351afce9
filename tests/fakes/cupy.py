"""A FAKE of CuPy, made of NumPy arrays: Python code written for CuPy runs on it without a GPU.

It says nothing about CUDA. It shows that such code runs at all, that it hands to CuPy nothing that
CuPy refuses (NumPy arrays, lists, keyword arguments and dtypes that it lacks), and that it uses
no names that CuPy lacks. Written after CuPy 14.2.

``install`` puts it where ``import cupy`` looks, for the length of a test. Read ``array`` next.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from . import cuda, functions, kernels, operators, products, ufuncs
from .array import NAMESPACE, Array
from .state import CUDARuntimeError, DeviceSynchronized, Fake, fake

__all__ = ["CUDARuntimeError", "Fake", "fake", "install"]

#: They are imported to fill NAMESPACE and to give Array its methods.
_FILLING = (functions, kernels, operators)

_PACKAGES = ("cupy", "cupyx", "cupy_backends", "array_api_compat.cupy")

#: NumPy's names that CuPy has too.
_SHARED = (
    *("bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "intp"),
    *("float16", "float32", "float64", "complex64", "complex128", "generic", "number", "integer"),
    *("signedinteger", "unsignedinteger", "inexact", "floating", "complexfloating", "dtype"),
    *("pi", "e", "inf", "nan", "newaxis", "euler_gamma", "finfo", "iinfo", "can_cast"),
    *("promote_types", "isscalar", "issubdtype", "broadcast_shapes", "ndindex"),
)


def _bare(value: Any) -> Any:
    return value.dtype if isinstance(value, Array) else value


def _result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    return np.result_type(*(_bare(value) for value in arrays_and_dtypes))


def _isdtype(dtype: Any, kind: Any) -> bool:
    return np.isdtype(dtype, kind)


def _get_array_module(*args: Any) -> Any:
    return sys.modules["cupy"] if any(isinstance(value, Array) for value in args) else np


def _deprecated_scatter_add(a: Any, slices: Any, value: Any) -> None:
    warnings.warn("scatter_add is deprecated; use cupy.add.at", DeprecationWarning, stacklevel=2)
    NAMESPACE["add"].at(a, slices, value)


def _empty_pinned(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.ndarray(shape, dtype, cuda.alloc_pinned_memory(size), order=order)


def _zeros_pinned(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    array = _empty_pinned(shape, dtype, order)
    array[...] = 0
    return array


@contextlib.contextmanager
def _allow_synchronize(allow: bool) -> Iterator[None]:
    warnings.warn("cupyx.allow_synchronize will be removed in future releases", stacklevel=3)
    before, fake.allowed = fake.allowed, allow
    try:
        yield
    finally:
        fake.allowed = before


def _cupy() -> dict[str, Any]:
    if fake.import_error is not None:
        raise fake.import_error
    names = {name: getattr(np, name) for name in _SHARED} | NAMESPACE
    names |= {"bool": np.bool_, "result_type": _result_type, "isdtype": _isdtype}
    names |= {"get_array_module": _get_array_module, "is_available": cuda.is_available}
    names["get_default_memory_pool"] = cuda.get_default_memory_pool
    names["get_default_pinned_memory_pool"] = cuda.get_default_pinned_memory_pool
    for part in ("cuda", "linalg", "fft", "exceptions"):
        names[part] = importlib.import_module(f"cupy.{part}")
    return names | {"__version__": "14.2.0"}


def _cuda() -> dict[str, Any]:
    parts = ("runtime", "device", "stream", "memory", "pinned_memory", "compiler")
    return cuda.CUDA | {name: importlib.import_module(f"cupy.cuda.{name}") for name in parts}


def _cublas() -> dict[str, Any]:
    if fake.cublas_error is not None:
        raise fake.cublas_error
    return products.CUBLAS


def _linalg() -> dict[str, Any]:
    # All the names that array_api_compat asks for; what they do in CuPy is not faked.
    return {
        "LinAlgError": np.linalg.LinAlgError,
        "lstsq": _lstsq,
        "matmul": products.matmul,
        "matrix_transpose": NAMESPACE["matrix_transpose"],
    }


def _lstsq(a: Any, b: Any, rcond: Any = "warn") -> Any:
    raise NotImplementedError("the fake solves no equations")


#: What makes the names of each module; only packages have modules within.
TABLES: dict[str, Callable[[], dict[str, Any]]] = {
    "cupy": _cupy,
    "cupy.cublas": _cublas,
    "cupy.cuda": _cuda,
    "cupy.cuda.compiler": lambda: {"CompileException": cuda.CompileException},
    "cupy.cuda.device": lambda: {"Device": cuda.Device},
    "cupy.cuda.memory": lambda: {
        "MemoryPointer": cuda.MemoryPointer,
        "MemoryPool": cuda.MemoryPool,
        "OutOfMemoryError": cuda.OutOfMemoryError,
    },
    "cupy.cuda.pinned_memory": lambda: {"is_memory_pinned": cuda.is_memory_pinned},
    "cupy.cuda.runtime": lambda: cuda.RUNTIME,
    "cupy.cuda.stream": lambda: {
        "Event": cuda.Event,
        "Stream": cuda.Stream,
        "get_current_stream": cuda.get_current_stream,
    },
    "cupy.exceptions": lambda: {"AxisError": np.exceptions.AxisError},
    "cupy.fft": dict,
    "cupy.linalg": _linalg,
    "cupy_backends": dict,
    "cupy_backends.cuda": dict,
    "cupy_backends.cuda.libs": dict,
    "cupy_backends.cuda.libs.nvrtc": lambda: {"getVersion": cuda.compiler_version},
    "cupyx": lambda: {
        "DeviceSynchronized": DeviceSynchronized,
        "allow_synchronize": _allow_synchronize,
        "empty_pinned": _empty_pinned,
        "scatter_add": _deprecated_scatter_add,
        "zeros_pinned": _zeros_pinned,
    },
    "cupyx.scipy": dict,
    "cupyx.scipy.special": lambda: {"erf": ufuncs.erf},
}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of the fake; hides the rest of the real packages."""

    def __init__(self, installed: bool, compat: bool) -> None:
        self._installed, self._compat = installed, compat

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname in TABLES and self._installed:
            package = any(name.startswith(f"{fullname}.") for name in TABLES)
            return importlib.machinery.ModuleSpec(
                fullname, self, origin="a fake of CuPy", is_package=package
            )
        if _belongs(fullname) and not (self._compat and fullname.startswith("array_api_compat")):
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Let Python make the module."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(TABLES[module.__name__]())


def _belongs(name: str, packages: Sequence[str] = _PACKAGES) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def install(
    monkeypatch: pytest.MonkeyPatch,
    *,
    installed: bool = True,
    compat: bool = True,
    forget: Sequence[str] = ("tensorgrok_cupy",),
    available: bool = True,
    status: int = 35,
    driver: int | None = None,
    compiler_error: Exception | None = None,
    kernel_error: Exception | None = None,
    product_error: Exception | None = None,
    wrong_product: bool = False,
    import_error: Exception | None = None,
    cublas_error: Exception | None = None,
) -> Fake:
    """Put the fake where ``import cupy`` finds it, until ``monkeypatch`` is undone.

    Modules of the real CuPy and ``array_api_compat.cupy`` are forgotten for so long.

    Args:
        monkeypatch: pytest's fixture.
        installed: False: ``import cupy`` and ``find_spec`` find nothing.
        compat: False: there is no ``array_api_compat.cupy``.
        forget: packages whose modules hold on to CuPy, to be imported anew.
        available: False: there is no device; whatever needs one raises ``CUDARuntimeError``.
        status: that error's status: 35 without a driver (or with one too old), 100 without a GPU.
        driver: what the driver's version is said to be; 0 is none.
        compiler_error: what asking NVRTC for its version raises.
        kernel_error: what every kernel raises, as where NVRTC cannot be loaded.
        product_error: what a product raises, as where cuBLAS cannot be loaded.
        wrong_product: products give wrong numbers.
        import_error: what ``import cupy`` raises, as a broken installation does.
        cublas_error: what ``import cupy.cublas`` raises.

    Returns:
        The fake's counters and switches; a test may change the switches at any time.
    """
    fake.reset(
        available=available,
        status=status,
        driver=driver,
        compiler_error=compiler_error,
        kernel_error=kernel_error,
        product_error=product_error,
        wrong_product=wrong_product,
        import_error=import_error,
        cublas_error=cublas_error,
    )
    known = [name for name in sys.modules if _belongs(name, (*_PACKAGES, *forget))]
    for name in {*known, *TABLES, *_compat_modules()}:
        # Set and deleted: whatever is there in the end, monkeypatch puts back what was before.
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        del sys.modules[name]
    with contextlib.suppress(ImportError):
        compatibility = importlib.import_module("array_api_compat")
        monkeypatch.setitem(vars(compatibility), "cupy", None)
        del vars(compatibility)["cupy"]
        _forget(importlib.import_module("array_api_compat.common._helpers"))
    monkeypatch.setattr(sys, "meta_path", [_Finder(installed, compat), *sys.meta_path])
    return fake


def _compat_modules() -> list[str]:
    parts = ("", "._aliases", "._info", "._typing", ".fft", ".linalg")
    return [f"array_api_compat.cupy{part}" for part in parts]


def _forget(module: ModuleType) -> None:
    """Clear what array_api_compat remembers about classes and namespaces."""
    for value in vars(module).values():
        clear = getattr(value, "cache_clear", None)
        if clear is not None:
            clear()
