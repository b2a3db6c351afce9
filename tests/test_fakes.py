"""The fake CuPy: it refuses what CuPy refuses, lacks what CuPy lacks, and keeps its quirks.

Where the real CuPy can be imported, which takes no GPU, the fake's names, parameters and tables of
dtypes are compared with it. No test here says anything about a GPU.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import operator
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tensorgrok.vocabulary import STANDARD
from tests.fakes.array import Array
from tests.fakes.cupy import TABLES, Fake, install
from tests.fakes.refusals import REFUSED

ABSENT = ("vecdot", "vecmat", "matvec", "unstack", "errstate", "block", "insert", "emath", "cublas")


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Fake:
    return install(monkeypatch)


@pytest.fixture
def cp(handle: Fake) -> ModuleType:
    return importlib.import_module("cupy")


@pytest.fixture
def cublas(handle: Fake) -> ModuleType:
    return importlib.import_module("cupy.cublas")


@pytest.fixture(scope="module")
def real() -> Any:
    """The real CuPy, imported before the fake hides it."""
    module = pytest.importorskip("cupy", exc_type=ImportError)
    if not hasattr(module, "ndarray"):
        pytest.skip("what is installed as cupy is not CuPy")
    return module


def floats(cp: Any, *shape: int, dtype: str = "float32") -> Any:
    count = int(np.prod(shape))
    return cp.asarray((np.arange(count) - 2).reshape(shape).astype(dtype))


# Installing ------------------------------------------------------------------------------------


def test_it_is_found_as_an_installed_package_is(handle: Fake) -> None:
    spec = importlib.util.find_spec("cupy")
    assert spec is not None
    assert spec.origin == "a fake of CuPy"
    for name in TABLES:
        assert importlib.import_module(name).__name__ == name


def test_it_is_gone_after_the_test_and_what_was_there_is_back() -> None:
    before = {name: sys.modules.get(name) for name in ("cupy", "array_api_compat.cupy")}
    path = list(sys.meta_path)
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        importlib.import_module("cupy.cublas")
        assert hasattr(sys.modules["cupy"], "cublas")
    assert {name: sys.modules.get(name) for name in before} == before
    assert sys.meta_path == path


@pytest.mark.parametrize(
    ("module", "switches", "text"),
    [
        ("cupy", {"installed": False}, "No module named 'cupy'"),
        ("cupy", {"import_error": ImportError("broken")}, "broken"),
        ("cupy.cublas", {"cublas_error": ImportError("libcublas.so.13")}, "libcublas"),
        ("array_api_compat.cupy", {"compat": False}, "No module named"),
    ],
)
def test_modules_can_be_missing_or_broken(
    monkeypatch: pytest.MonkeyPatch, module: str, switches: dict[str, Any], text: str
) -> None:
    handle = install(monkeypatch, **switches)
    with pytest.raises(ImportError, match=text):
        importlib.import_module(module)
    if handle.import_error:
        assert importlib.util.find_spec("cupy") is not None


def test_without_a_device_whatever_needs_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = install(monkeypatch, available=False, status=35)
    cp = importlib.import_module("cupy")
    runtime = cp.cuda.runtime
    assert cp.cuda.is_available() is False
    assert runtime.driverGetVersion() == 0
    cp.cuda.Device(0)
    for call in (
        runtime.getDeviceCount,
        cp.cuda.Device,
        cp.cuda.get_current_stream,
        cp.get_default_memory_pool().used_bytes,
        lambda: cp.zeros(2),
        lambda: cp.asarray(np.zeros(2)),
        lambda: importlib.import_module("cupyx").empty_pinned(2),
    ):
        with pytest.raises(runtime.CUDARuntimeError, match="cudaErrorInsufficient") as caught:
            call()
        assert caught.value.status == handle.status == 35


def test_kernels_and_products_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = install(monkeypatch, kernel_error=RuntimeError("no NVRTC"))
    cp = importlib.import_module("cupy")
    x = cp.asarray(np.ones((2, 2)))  # a copy needs no kernel
    with pytest.raises(RuntimeError, match="no NVRTC"):
        operator.add(x, x)
    handle.kernel_error, handle.product_error = None, ImportError("no cuBLAS")
    operator.add(x, x)
    with pytest.raises(ImportError, match="no cuBLAS"):
        operator.matmul(x, x)
    handle.product_error, handle.wrong_product = None, True
    assert (x @ x).get().tolist() == [[3.0, 3.0], [3.0, 3.0]]


# Names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ABSENT)
def test_names_that_cupy_lacks_are_absent(cp: ModuleType, name: str) -> None:
    assert not hasattr(cp, name)


def test_array_api_compat_makes_the_vocabulary_of_it(handle: Fake) -> None:
    pytest.importorskip("array_api_compat")
    xp: Any = importlib.import_module("array_api_compat.cupy")
    assert [name for name in STANDARD if not hasattr(xp, name)] == []
    x = xp.asarray(np.asarray([[3.0, -1.0], [2.0, 0.5]]))
    for result, wanted in (
        (xp.sum(x, axis=0, keepdims=True), [[5.0, -0.5]]),
        (xp.astype(x, xp.int32), [[3, -1], [2, 0]]),
        (xp.sort(x, axis=-1, stable=True, descending=True), [[3.0, -1.0], [2.0, 0.5]]),
        (xp.argsort(x, axis=-1), [[1, 0], [1, 0]]),
        (xp.cumulative_sum(x, axis=1, include_initial=True), [[0.0, 3.0, 2.0], [0.0, 2.0, 2.5]]),
        (xp.reshape(x, (4,)), [3.0, -1.0, 2.0, 0.5]),
        (xp.permute_dims(x, (1, 0)), [[3.0, 2.0], [-1.0, 0.5]]),
        (xp.concat([x, x], axis=1)[0], [3.0, -1.0, 3.0, -1.0]),
        (xp.where(x > 1, x, 0.0), [[3.0, 0.0], [2.0, 0.0]]),
        (xp.matmul(x, x), [[7.0, -3.5], [7.0, -1.75]]),
        (xp.sign(x), [[1.0, -1.0], [1.0, 1.0]]),
        (xp.full((2,), 3), [3, 3]),
    ):
        assert isinstance(result, Array)
        np.testing.assert_array_equal(result.get(), wanted)


def _public(module: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if not name.startswith("_")}


def _parameters(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


# The real ``cupy.cublas`` cannot be imported without the CUDA libraries.
@pytest.mark.parametrize("module", [name for name in TABLES if "cublas" not in name])
def test_every_name_is_one_of_the_real_cupy(real: Any, module: str) -> None:
    there = importlib.import_module(module)
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        here = _public(importlib.import_module(module))
    assert [name for name in here if not hasattr(there, name)] == []


def test_every_attribute_of_the_array_is_one_of_the_real_array(real: Any) -> None:
    ours = {"_hidden", "_reshape_in_place", "__annotations__", "__weakref__", "__dict__"}
    assert set(vars(Array)) - ours - set(dir(real.ndarray)) == set()
    for name in ("__index__", "__contains__", "__array_namespace__", "to_device", "__imatmul__"):
        assert not hasattr(Array, name)
        assert not hasattr(real.ndarray, name)


def test_functions_have_the_parameters_of_the_real_ones(real: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        here = _public(importlib.import_module("cupy"))
    compared = 0
    for name, function in here.items():
        there = getattr(real, name)
        if not inspect.isfunction(function) or not inspect.isfunction(there):
            continue
        wanted = [(p.name, p.kind) for p in _parameters(there)]
        assert [(p.name, p.kind) for p in _parameters(function)] == wanted, name
        compared += 1
    assert compared > 60


def test_ufuncs_take_and_give_the_dtypes_of_the_real_ones(real: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        module = importlib.import_module("cupy")
    ufuncs = {n: f for n, f in _public(module).items() if isinstance(f, module.ufunc)}
    for name, function in ufuncs.items():
        wanted = [row for row in getattr(real, name).types if "V" not in row and "E" not in row]
        assert function.types == wanted, name
    assert len(ufuncs) > 80


# Refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", REFUSED)
def test_what_cupy_refuses_is_refused(cp: ModuleType, case: str) -> None:
    error, call = REFUSED[case]
    with pytest.raises(error):
        call(cp, floats(cp, 2, 3))


# Values, dtypes, memory ------------------------------------------------------------------------


def test_reductions_give_arrays_and_no_numbers(cp: ModuleType) -> None:
    x = floats(cp, 2, 3)
    for result in (x.sum(), cp.max(x), cp.mean(x), x[0, 0], cp.argmax(x), x.any(), x == 2.0):
        assert isinstance(result, Array)
    assert cp.argmax(x, axis=1, keepdims=True).shape == (2, 1)


def test_python_numbers_are_weak_and_numpy_numbers_are_not(cp: ModuleType) -> None:
    x = floats(cp, 3)
    assert (x * 2.5).dtype == (3 - x).dtype == cp.maximum(x, 0).dtype == np.float32
    assert (x * np.float64(2.5)).dtype == np.float64
    assert (x**2).dtype == (x**0.5).dtype == np.float32
    assert (cp.asarray([1, 2]) / 2).dtype == np.float64
    assert cp.where(x > 0, x, 0.0).dtype == np.float32
    assert cp.where(x > 0, 1.0, 0.0).dtype == np.float64


def test_a_complex_python_number_counts_as_double_precision(cp: ModuleType) -> None:
    # NumPy gives complex64. CuPy holds a scalar of a higher kind for no weak one.
    assert (floats(cp, 3) * 1j).dtype == np.complex128


def test_operators_and_functions_agree_with_numpy(cp: ModuleType) -> None:
    x, host = floats(cp, 2, 3), np.asarray([[-2, -1, 0], [1, 2, 3]], np.float32)
    functions: tuple[Callable[[Any, Any], Any], ...] = (
        lambda a, xp: a + a * 2.0 - a / 4.0,
        lambda a, xp: -(abs(a) ** 2.0),
        lambda a, xp: a @ a.T,
        lambda a, xp: xp.exp(a)[..., None, ::2],
        lambda a, xp: xp.concatenate([a, a[:, :1]], axis=1),
        lambda a, xp: xp.cumsum(a, axis=0),
        lambda a, xp: a[:, xp.asarray([2, 0])],
        lambda a, xp: a[a > 0],
        lambda a, xp: xp.broadcast_to(a[0], (4, 3)),
        lambda a, xp: xp.tensordot(a, a, axes=([0], [0])),
        lambda a, xp: xp.einsum("ij,kj->ik", a, a),
        lambda a, xp: 2.0**a // 1.0 % 3.0,
        lambda a, xp: (a >= 1.0) & ~(a == 2.0),
    )
    for function in functions:
        found, wanted = function(x, cp), function(host, np)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found.get(), wanted)


def test_numpys_functions_are_handed_over(cp: ModuleType) -> None:
    x = floats(cp, 2, 3)
    assert isinstance(np.exp(x), Array)
    assert isinstance(np.sum(x, axis=0), Array)
    with pytest.raises(TypeError):
        np.vecdot(x, x)


def test_indices_in_arrays_wrap_around(cp: ModuleType) -> None:
    x = floats(cp, 3)
    assert x[cp.asarray([3, -4])].get().tolist() == [-2.0, 0.0]


def test_of_repeated_places_the_last_is_not_the_one_that_stays(cp: ModuleType) -> None:
    x = cp.zeros(3)
    x[cp.asarray([1, 1])] = cp.asarray([5.0, 7.0])
    assert x.get().tolist() == [0.0, 5.0, 0.0]


def test_adding_at_repeated_places_adds_up(cp: ModuleType) -> None:
    x = cp.zeros((2, 2))
    cp.add.at(x, (cp.asarray([0, 0]), slice(None)), cp.ones((2, 2)))
    assert x.get().tolist() == [[2.0, 2.0], [0.0, 0.0]]
    cp.add.at(x, 1, 3.0)
    assert x.get().tolist() == [[2.0, 2.0], [3.0, 3.0]]


def test_fresh_memory_holds_no_zeros(cp: ModuleType) -> None:
    assert np.isnan(cp.empty(2).get()).all()
    assert cp.empty(2, dtype=np.uint8).get().tolist() == [255, 255]


def test_views_know_their_base_and_share_memory(cp: ModuleType) -> None:
    x = cp.zeros((2, 3))
    for view in (x[0], x.T, x.reshape(6), x[:, None], x.view(), cp.ravel(x), cp.permute_dims(x)):
        assert view.base is x
        assert not view.flags.owndata
    assert (x + 1).base is None
    assert cp.asarray(x) is x
    assert cp.array(x) is not x
    x[0][:] = 2.0
    assert x.get().tolist() == [[2.0] * 3, [0.0] * 3]
    assert x[1].data.ptr == x.data.ptr + 3 * 8
    assert x.T.flags.f_contiguous
    assert not x[:, :2].flags.forc


def test_waiting_is_counted(cp: ModuleType, handle: Fake) -> None:
    x = floats(cp, 3)
    assert handle.synchronisations == 0
    assert handle.uploads == 1
    for call in (
        x.get,
        x[0].item,
        lambda: float(x[0]),
        lambda: bool(x[0]),
        lambda: repr(x),
        lambda: x[x > 0],
        lambda: cp.nonzero(x),
        lambda: cp.asnumpy(x),
        cp.cuda.get_current_stream().synchronize,
        cp.cuda.Device().synchronize,
    ):
        before = handle.synchronisations
        call()
        assert handle.synchronisations == before + 1
    before = handle.synchronisations
    cp.exp(x * 2.0 + x.sum())[1:].reshape(2, 1)
    assert handle.synchronisations == before


def test_a_read_back_may_go_into_given_memory(cp: ModuleType, handle: Fake) -> None:
    out = importlib.import_module("cupyx").empty_pinned((2, 3), np.float32)
    before = handle.synchronisations
    assert floats(cp, 2, 3).get(out=out, blocking=False) is out
    assert handle.synchronisations == before
    assert out.ravel().tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]


# cuBLAS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
def test_gemv_ger_and_gemm_update_in_place(cp: Any, cublas: Any, order: str) -> None:
    host = np.arange(6.0).reshape(2, 3)
    w = cp.asarray(host, order=order)
    x, g = cp.asarray([1.0, -1.0]), cp.asarray([2.0, 0.5, 1.0])
    y = cp.empty(3)
    cublas.gemv("T", 1.0, w, x, 0.0, y)
    np.testing.assert_array_equal(y.get(), x.get() @ host)
    cublas.gemv("N", 2.0, w, g, 1.0, x)
    np.testing.assert_array_equal(x.get(), [1.0, -1.0] + 2 * (host @ g.get()))
    cublas.ger(0.5, x, g, w)
    np.testing.assert_array_equal(w.get(), host + 0.5 * np.outer(x.get(), g.get()))
    before, rows = w.get(), cp.asarray(np.arange(8.0).reshape(4, 2))
    columns = cp.asarray(np.arange(12.0).reshape(4, 3))
    assert cublas.gemm("T", "N", rows, columns, out=w, alpha=-1.0, beta=1.0) is w
    np.testing.assert_array_equal(w.get(), before - rows.get().T @ columns.get())
    assert cublas.gemm("N", "N", rows, w).flags.f_contiguous
    cublas.geru(cp.asarray(2.0), x, g, cp.zeros((2, 3)))  # the number may lie on the device


def test_cublas_never_looks_at_the_strides_of_vectors(cp: Any, cublas: Any) -> None:
    columns, w = cp.asarray([[1.0, 2.0], [3.0, 4.0]]), cp.zeros((2, 2))
    cublas.ger(1.0, columns[:, 0], cp.ones(2), w)
    assert w.get().tolist() == [[1.0, 1.0], [2.0, 2.0]]  # a wrong answer: column 0 is 1, 3
    cublas.ger(1.0, columns[:, 1], cp.ones(2), w)
    assert w.get().tolist() == [[3.0, 3.0], [5.0, 5.0]]  # and column 1 is 2, 4


def test_cublas_reads_beyond_the_memory_of_a_strided_vector(cp: Any, cublas: Any) -> None:
    w = cp.zeros((3, 1))
    cublas.ger(1.0, cp.ones((3, 3))[:, 2], cp.ones(1), w)
    cublas.ger(1.0, cp.ones(5)[::2], cp.ones(1), w)
    assert w.get().ravel().tolist() == [2.0, 2.0, 2.0]
    cublas.ger(1.0, cp.ones((2, 3)).T[:, 1][1:], cp.ones(1), w[:2])
    with pytest.raises(RuntimeError, match="beyond the memory"):
        cublas.gemv("N", 1.0, cp.ones((2, 2)), cp.ones(2), 0.0, cp.ones((2, 2))[:, 1][::-1])


def test_cublas_takes_four_dtypes_and_some_elements(cp: Any, cublas: Any) -> None:
    half, none = cp.ones((2, 2), dtype=np.float16), cp.ones((0, 2))
    with pytest.raises(TypeError, match="invalid dtype"):
        cublas.gemm("N", "N", half, half)
    with pytest.raises(TypeError, match="geru or gerc"):
        cublas.ger(1.0, cp.ones(2, "D"), cp.ones(2, "D"), cp.ones((2, 2), "D"))
    with pytest.raises(RuntimeError, match="CUBLAS_STATUS_INVALID_VALUE"):
        cublas.gemm("N", "N", none, cp.ones((2, 2)))
    with pytest.raises(AssertionError):
        cublas.gemm("N", "N", cp.ones((2, 2)), cp.ones((2, 2), dtype=np.float32))
    with pytest.raises(TypeError, match="invalid trans"):
        cublas.gemm("n", "N", cp.ones((2, 2)), cp.ones((2, 2)))


def test_cublas_has_the_parameters_of_the_real_one(real: Any, cublas: Any) -> None:
    text = Path(real.__file__).with_name("cublas.py").read_text(encoding="utf-8")
    for name, function in _public(cublas).items():
        bare = [p.replace(annotation=inspect.Parameter.empty) for p in _parameters(function)]
        assert f"def {name}{inspect.Signature(bare)}:" in text


# Kernels ---------------------------------------------------------------------------------------


def test_own_kernels_need_a_host_function(cp: Any, handle: Fake) -> None:
    kernel = cp.RawModule(code="...", options=("--std=c++17",)).get_function("scale")
    x = floats(cp, 3)
    with pytest.raises(RuntimeError, match="the fake cannot run CUDA code"):
        kernel((1,), (32,), (x, np.float32(2.0)))

    def scale(grid: Any, block: Any, memory: Any, factor: Any) -> None:
        assert (grid, block) == ((1,), (32,))
        memory *= factor

    handle.kernels["scale"] = scale
    kernel((0,), (32,), (x, np.float32(2.0)))  # an empty grid is one of size 1, as in CuPy
    assert x.get().tolist() == [-4.0, -2.0, 0.0]
    with pytest.raises(TypeError, match=r"numpy\.ndarray of shape \(3,\)"):
        kernel((1,), (32,), (x.get(), np.float32(2.0)))


def test_raw_kernels_never_look_at_strides(cp: Any, handle: Fake) -> None:
    seen: list[Any] = []
    handle.kernels["look"] = lambda grid, block, memory: seen.extend(memory.tolist())
    cp.RawKernel("...", "look")((1,), (1,), (cp.asarray([[1.0, 2.0], [3.0, 4.0]]).T[0],))
    assert seen == [1.0, 2.0]


def test_elementwise_kernels_give_fake_arrays(cp: Any, handle: Fake) -> None:
    kernel = cp.ElementwiseKernel("T x", "T y", "y = x + T(1)", "plus_one")
    handle.kernels["plus_one"] = lambda x: x + 1
    result = kernel(floats(cp, 3))
    assert isinstance(result, Array)
    assert result.get().tolist() == [-1.0, 0.0, 1.0]
