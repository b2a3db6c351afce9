"""CuPy on host memory: the emulated cuBLAS, the memory, and tests in a process of their own.

Conventions of cuBLAS, from its manual (https://docs.nvidia.com/cuda/cublas): matrices lie column by
column, ``ld`` entries apart; ``inc`` entries lie between those of a vector; ``alpha`` and ``beta``
are pointers, to host or device memory as the pointer mode says; with ``beta == 0`` the output is
not read.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import importlib
import inspect
import operator
import os
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest

Array = npt.NDArray[Any]

CUBLAS = "cupy_backends.cuda.libs.cublas"
HANDLE = 4242
ROOT = Path(__file__).parents[2]
#: The environment variable that tells the tests of a file that they have a process of their own.
CHILD = "TENSORGROK_HOST_CUPY"
POINTERS = frozenset(("a", "b", "c", "x", "y", "alpha", "beta"))
#: For each prefix of a routine's name the dtype that it computes in.
DTYPES = {"s": np.float32, "d": np.float64, "c": np.complex64, "z": np.complex128}
#: What ``op`` does to a matrix: CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C.
OPERATIONS: dict[int, Callable[[Array], Array]] = {
    0: lambda matrix: matrix,
    1: lambda matrix: matrix.T,
    2: lambda matrix: matrix.T.conj(),
}
#: The routines that are emulated: the prefixes they exist for and, in order, their arguments.
ROUTINES = {
    "gemm": ("sdcz", "transa transb m n k alpha a lda b ldb beta c ldc"),
    "gemv": ("sdcz", "trans m n alpha a lda x incx beta y incy"),
    "ger": ("sd", "m n alpha x incx y incy a lda"),
    "geru": ("cz", "m n alpha x incx y incy a lda"),
    "gerc": ("cz", "m n alpha x incx y incy a lda"),
}


class CUBLASError(RuntimeError):
    """What cuBLAS reports itself; stands for the exception of the same name in CuPy."""

    def __init__(self, status: str) -> None:
        super().__init__(status)


class UndefinedUse(AssertionError):
    """A use of memory that cuBLAS does not check, with a result that nobody can rely on."""


@dataclass(frozen=True)
class Call:
    """One call of a routine: its name and, by the names of the manual, all its arguments."""

    name: str
    arguments: dict[str, int]

    @property
    def integers(self) -> dict[str, int]:
        """Sizes, leading dimensions, increments and operations: all but the pointers."""
        return {name: n for name, n in self.arguments.items() if name not in POINTERS}

    def __getitem__(self, name: str) -> int:
        return self.arguments[name]


class HostMemory:
    """Host memory in the part of device memory; knows which addresses belong to it."""

    def __init__(self) -> None:
        self._blocks: weakref.WeakValueDictionary[int, Array] = weakref.WeakValueDictionary()

    def pointer(self, block: Array) -> Any:
        """Return CuPy's pointer to ``block``, whose memory is the device's while it lives."""
        cuda = importlib.import_module("cupy").cuda
        low, high = _bounds(block)
        self._blocks[id(block)] = block
        memory = cuda.UnownedMemory(low, high - low, block, device_id=0)
        return cuda.MemoryPointer(memory, block.ctypes.data - low)

    def allocate(self, size: int) -> Any:
        """Return a pointer to new memory, as CuPy's allocators do; as floats it is all NaN."""
        return self.pointer(np.full(max(size, 1), 0xFF, np.uint8))

    def holds(self, low: int, high: int) -> bool:
        """Whether one block has all bytes from ``low`` up to ``high``."""
        bounds = map(_bounds, list(self._blocks.values()))
        return any(first <= low and high <= end for first, end in bounds)

    def view(
        self, pointer: int, shape: tuple[int, ...], strides: tuple[int, ...], dtype: npt.DTypeLike
    ) -> Array:
        """Return the array at ``pointer``, its first entry, without a copy."""
        dtype = np.dtype(dtype)
        if 0 in shape:
            return np.empty(shape, dtype)
        steps = [(n - 1) * stride for n, stride in zip(shape, strides, strict=True)]
        low = pointer + sum(min(step, 0) for step in steps)
        high = pointer + sum(max(step, 0) for step in steps) + dtype.itemsize
        if not self.holds(low, high):
            raise UndefinedUse(
                f"{dtype} of shape {shape} and strides {strides} at {pointer} is not within one "
                "block of device memory"
            )
        return np.ndarray(shape, dtype, _memory(low, high - low), pointer - low, strides)


class FakeCublas(ModuleType):
    """Stands for the module ``cupy_backends.cuda.libs.cublas``; keeps a list of ``calls``."""

    CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C = 0, 1, 2
    CUBLAS_POINTER_MODE_HOST, CUBLAS_POINTER_MODE_DEVICE = 0, 1
    CUBLASError = CUBLASError

    def __init__(self, memory: HostMemory) -> None:
        super().__init__(CUBLAS)
        self.calls: list[Call] = []
        self._memory = memory
        self._mode = self.CUBLAS_POINTER_MODE_HOST
        for routine, (prefixes, _) in ROUTINES.items():
            for prefix in prefixes:
                setattr(self, prefix + routine, functools.partial(self._run, prefix, routine))

    def getPointerMode(self, handle: int) -> int:  # noqa: N802  # CuPy's name
        """Return whether scalars are read from host or device memory."""
        _require_handle(handle)
        return self._mode

    def setPointerMode(self, handle: int, mode: int) -> None:  # noqa: N802  # CuPy's name
        """Choose whether scalars are read from host or device memory."""
        _require_handle(handle)
        _require(mode in (0, 1))
        self._mode = mode

    def _run(self, prefix: str, routine: str, handle: int, *values: int) -> None:
        names = ROUTINES[routine][1].split()
        whole = map(operator.index, values)
        call = Call(prefix + routine, dict(zip(names, whole, strict=True)))
        self.calls.append(call)
        _require_handle(handle)
        dtype = np.dtype(DTYPES[prefix])
        with np.errstate(all="ignore"):
            getattr(self, f"_{routine}")(SimpleNamespace(**call.arguments, dtype=dtype))

    # Operands -------------------------------------------------------------------------------

    def _matrix(self, pointer: int, rows: int, columns: int, ld: int, dtype: Any) -> Array:
        strides = (dtype.itemsize, ld * dtype.itemsize)
        return self._memory.view(pointer, (rows, columns), strides, dtype)

    def _vector(self, pointer: int, n: int, inc: int, dtype: Any) -> Array:
        # With a negative increment BLAS begins at the other end of the same memory.
        first = pointer if inc > 0 else pointer + (1 - n) * inc * dtype.itemsize
        return self._memory.view(first, (n,), (inc * dtype.itemsize,), dtype)

    def _scalar(self, pointer: int, dtype: Any) -> Array:
        """Return the number at ``pointer`` as an array of no dimensions."""
        if self._mode == self.CUBLAS_POINTER_MODE_DEVICE:
            return self._memory.view(pointer, (), (), dtype)
        if self._memory.holds(pointer, pointer + dtype.itemsize):
            raise UndefinedUse("the scalar is in device memory, but the pointer mode says host")
        return np.ndarray((), dtype, _memory(pointer, dtype.itemsize))

    def _store(self, out: Array, alpha: int, product: Array, beta: int) -> None:
        scaled, factor = self._scalar(alpha, out.dtype) * product, self._scalar(beta, out.dtype)
        out[...] = scaled if factor == 0 else scaled + factor * out

    # Routines: ``p`` has the arguments and the dtype ------------------------------------------

    def _gemm(self, p: SimpleNamespace) -> None:
        """Compute ``C = alpha * op(A) @ op(B) + beta * C``; op(A) is (m, k), op(B) is (k, n)."""
        _require(p.transa in OPERATIONS and p.transb in OPERATIONS)
        shape_a = (p.m, p.k) if p.transa == self.CUBLAS_OP_N else (p.k, p.m)
        shape_b = (p.k, p.n) if p.transb == self.CUBLAS_OP_N else (p.n, p.k)
        _require(min(p.m, p.n, p.k) >= 0 and p.ldc >= max(1, p.m))
        _require(p.lda >= max(1, shape_a[0]) and p.ldb >= max(1, shape_b[0]))
        if 0 in (p.m, p.n):
            return
        left = self._matrix(p.a, *shape_a, p.lda, p.dtype)
        right = self._matrix(p.b, *shape_b, p.ldb, p.dtype)
        out = self._matrix(p.c, p.m, p.n, p.ldc, p.dtype)
        _require_apart(out, left, right)
        product = OPERATIONS[p.transa](left) @ OPERATIONS[p.transb](right)
        self._store(out, p.alpha, product, p.beta)

    def _gemv(self, p: SimpleNamespace) -> None:
        """Compute ``y = alpha * op(A) @ x + beta * y``; A itself is (m, n)."""
        _require(p.trans in OPERATIONS and min(p.m, p.n) >= 0)
        _require(p.lda >= max(1, p.m) and 0 not in (p.incx, p.incy))
        if 0 in (p.m, p.n):
            return  # as in the reference BLAS: y stays as it is, whatever beta
        matrix = self._matrix(p.a, p.m, p.n, p.lda, p.dtype)
        length_x, length_y = (p.n, p.m) if p.trans == self.CUBLAS_OP_N else (p.m, p.n)
        vector = self._vector(p.x, length_x, p.incx, p.dtype)
        out = self._vector(p.y, length_y, p.incy, p.dtype)
        _require_apart(out, matrix, vector)
        self._store(out, p.alpha, OPERATIONS[p.trans](matrix) @ vector, p.beta)

    def _ger(self, p: SimpleNamespace, conjugate: bool = False) -> None:
        """Compute ``A += alpha * x @ y.T``; A is (m, n)."""
        _require(min(p.m, p.n) >= 0)
        _require(p.lda >= max(1, p.m) and 0 not in (p.incx, p.incy))
        if 0 in (p.m, p.n):
            return
        column = self._vector(p.x, p.m, p.incx, p.dtype)
        row = self._vector(p.y, p.n, p.incy, p.dtype)
        out = self._matrix(p.a, p.m, p.n, p.lda, p.dtype)
        _require_apart(out, column, row)
        out += self._scalar(p.alpha, p.dtype) * np.outer(column, row.conj() if conjugate else row)

    _geru = _ger
    _gerc = functools.partialmethod(_ger, conjugate=True)


@dataclass(frozen=True)
class HostCupy:
    """What a test gets: CuPy, its module ``cupy.cublas``, and the fakes under them."""

    cupy: ModuleType
    cublas: ModuleType
    fake: FakeCublas
    memory: HostMemory

    @property
    def calls(self) -> list[Call]:
        """The calls of cuBLAS so far, the oldest first."""
        return self.fake.calls

    def to_device(self, array: Array) -> Any:
        """Return a ``cupy.ndarray`` with the memory, shape, strides and dtype of ``array``."""
        pointer = self.memory.pointer(array)
        return self.cupy.ndarray(array.shape, array.dtype, pointer, strides=array.strides)

    def to_host(self, array: Any) -> Array:
        """Return a copy of a ``cupy.ndarray``; its own ``get`` would ask for a device."""
        view = self.memory.view(array.data.ptr, array.shape, array.strides, array.dtype)
        return view.copy(order="K")


@contextlib.contextmanager
def host_cupy() -> Iterator[HostCupy]:
    """Put CuPy on host memory; for a process in which nothing else uses CuPy.

    Afterwards the allocator and the modules are as before, but modules that were first imported
    meanwhile may hold on to the fakes. Raises RuntimeError where a GPU answers.
    """
    cupy = importlib.import_module("cupy")
    if cupy.is_available():
        raise RuntimeError("a GPU is here, and CuPy on host memory would mix with its arrays")
    libs = importlib.import_module("cupy_backends.cuda.libs")
    memory = HostMemory()
    fake = FakeCublas(memory)
    before = cupy.cuda.get_allocator()
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "cupy.cublas", raising=False)
        patch.delitem(vars(cupy), "cublas", raising=False)
        patch.setitem(sys.modules, CUBLAS, fake)
        # Not setattr, which would ask for the old value and so load the library.
        patch.setitem(vars(libs), "cublas", fake)
        cublas = importlib.import_module("cupy.cublas")
        patch.setattr(cublas, "device", SimpleNamespace(get_cublas_handle=lambda: HANDLE))
        cupy.cuda.set_allocator(memory.allocate)
        try:
            yield HostCupy(cupy, cublas, fake, memory)
        finally:
            cupy.cuda.set_allocator(before)
            del sys.modules["cupy.cublas"], vars(cupy)["cublas"]


# Tests in a process of their own ---------------------------------------------------------------


def in_own_process(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test on a ``host: HostCupy`` in another process, and report here what happened there.

    The allocator belongs to a whole process, modules imported on the way keep what they imported,
    compiled modules cannot be imported again, and a wrong pointer can end the process: so no other
    test shares it. All tests of a file share one, which runs the file with pytest. What uses
    ``cupy.cublas`` is to be imported in the tests, which is when the fake is there. To debug them,
    set ``TENSORGROK_HOST_CUPY=1`` and run the file: its tests then run right there.
    """
    signature = inspect.signature(test)

    @functools.wraps(test)
    def run(**arguments: Any) -> None:
        if CHILD in os.environ:
            host = _host_of_process()
            host.calls.clear()
            test(host=host, **arguments)
        else:
            # "tests/test_file.py::test_name[parameters] (call)"
            name = os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].removesuffix(" (call)")
            report(outcomes(Path(inspect.getfile(test))), name)

    # pytest takes arguments from here: what remains are parameters and fixtures.
    own = [p for name, p in signature.parameters.items() if name != "host"]
    vars(run)["__signature__"] = signature.replace(parameters=own)
    return run


@functools.cache
def outcomes(path: Path) -> dict[str, tuple[str, str]]:
    """Run a file of tests in a process of its own: for each test what happened, and the text."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.xml")
        options = ["-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, f"--junitxml={results}", str(path)],
            cwd=ROOT,
            env=kept | {CHILD: "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        cases = list(ElementTree.parse(results).iter("testcase")) if results.exists() else []
    if not cases:
        return {"": ("error", f"exit code {done.returncode}\n{done.stdout}")}
    return {case.attrib["name"]: _outcome(case) for case in cases}


def _outcome(case: ElementTree.Element) -> tuple[str, str]:
    for kind in ("error", "failure", "skipped"):
        found = case.find(kind)
        if found is not None:
            return kind, (found.text or "") if kind != "skipped" else found.attrib["message"]
    return "passed", ""


def report(found: dict[str, tuple[str, str]], name: str) -> None:
    """Pass, fail or skip as the test ``name`` did in the other process."""
    missing = found.get("", ("error", f"the other process did not run {name}"))
    kind, text = found.get(name, missing)
    if kind == "skipped":
        pytest.skip(text)
    if kind != "passed":
        pytest.fail(text, pytrace=False)


@functools.cache
def _host_of_process() -> HostCupy:
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(host_cupy())


# Small things ----------------------------------------------------------------------------------


def _bounds(array: Array) -> tuple[int, int]:
    """Addresses of the first byte of an array and of the one after its last."""
    if array.size == 0:
        return array.ctypes.data, array.ctypes.data
    low, high = np.lib.array_utils.byte_bounds(array)
    return int(low), int(high)


def _memory(address: int, length: int) -> memoryview:
    return memoryview((ctypes.c_char * length).from_address(address))


def _require(condition: bool) -> None:
    if not condition:
        raise CUBLASError("CUBLAS_STATUS_INVALID_VALUE")


def _require_handle(handle: int) -> None:
    if handle != HANDLE:
        raise CUBLASError("CUBLAS_STATUS_NOT_INITIALIZED")


def _require_apart(out: Array, *operands: Array) -> None:
    if any(np.shares_memory(out, operand) for operand in operands):
        raise UndefinedUse("the output overlaps an operand")
