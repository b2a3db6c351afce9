"""CuPy on host memory against NumPy: what ``cupy.cublas`` asks of cuBLAS, and where it errs.

The tests run real CuPy with a fake cuBLAS (``tests.fakes_cublas``), in a process of their own. They
test the fake, and write down what a backend has to know about a module that has no manual.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.fakes_cublas import host_cupy as harness
from tests.fakes_cublas.host_cupy import CUBLASError, HostCupy, UndefinedUse, in_own_process

Array = npt.NDArray[Any]

cupy = pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
pytestmark = pytest.mark.skipif(cupy.is_available(), reason="a GPU is here: no need of a fake")

B, K, M = 3, 5, 4
N, T = 0, 1  # CUBLAS_OP_N, CUBLAS_OP_T
PREFIXES = {"f": "s", "d": "d", "F": "c", "D": "z"}
SCALARS = [(1.0, 0.0), (0.5, 1.0), (-1.5, 0.25), (0.0, 1.0)]


def random(*shape: int, dtype: str = "d", order: Any = "C", seed: int = 0) -> Array:
    """Return random numbers, complex ones for a complex dtype."""
    draw = np.random.default_rng([seed, *shape])
    parts = draw.standard_normal((2, *shape))
    return np.asarray(parts[0] + 1j * parts[1] if dtype in "FD" else parts[0], dtype, order=order)


def op(trans: str, matrix: Array) -> Array:
    return {"N": matrix, "T": matrix.T, "H": matrix.conj().T}[trans]


def operand(trans: str, rows: int, columns: int, dtype: str, order: Any) -> Array:
    """Return a matrix of which ``op`` makes one of the shape (rows, columns)."""
    shape = (rows, columns) if trans == "N" else (columns, rows)
    return random(*shape, dtype=dtype, order=order, seed=1)


def close(seen: Array, wanted: Array) -> None:
    tolerance = 1e-5 if seen.dtype.char in "fF" else 1e-12
    assert seen.dtype == wanted.dtype
    np.testing.assert_allclose(seen, wanted, rtol=tolerance, atol=tolerance)


def asked(host: HostCupy) -> list[tuple[int | str, ...]]:
    """For each call the name of its routine and its integers, in the order of the manual."""
    return [(call.name, *call.integers.values()) for call in host.calls]


def needs_device(host: HostCupy) -> Any:
    """A copy or anything else that only a device can do ends in this error."""
    return pytest.raises(host.cupy.cuda.runtime.CUDARuntimeError)


# Memory -----------------------------------------------------------------------------------------


@in_own_process
def test_arrays_and_views_are_those_of_numpy(host: HostCupy) -> None:
    array, vector = random(4, 6), random(6)
    there, line = host.to_device(array), host.to_device(vector)
    alone = [
        random(2, 3, 4).transpose(2, 0, 1),
        random(6, 8)[::2, ::-3],
        random(0, 4),
        random(3, 0),
    ]
    alone += [np.array(2.5), np.arange(6, dtype=np.int8).reshape(2, 3)]
    pairs = [
        *((host.to_device(own), own) for own in alone),
        (there.T, array.T),
        (there[1:, ::2], array[1:, ::2]),
        (there.reshape(3, -1), array.reshape(3, -1)),
        (host.cupy.permute_dims(there, (1, 0)), array.T),
        (host.cupy.broadcast_to(there, (2, 4, 6)), np.broadcast_to(array, (2, 4, 6))),
        # Both orders at once: each single row, and a single column with nothing beside it.
        (there[:1], array[:1]),
        (there[:1, :2], array[:1, :2]),
        (line[None], vector[None]),
        (line[:, None], vector[:, None]),
        (there[:, :1], array[:, :1]),
        (there[:, :2], array[:, :2]),
        (line[::2][None], vector[::2][None]),
        (there[:0], array[:0]),
    ]
    for seen, wanted in pairs:
        assert (type(seen), seen.dtype) == (host.cupy.ndarray, wanted.dtype)
        np.testing.assert_array_equal(host.to_host(seen), wanted)
        for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS"):
            assert seen.flags[flag] == wanted.flags[flag]
    array[2, 3] = 77.0
    back = host.to_host(there.T)
    assert back[3, 2] == 77.0
    assert not np.shares_memory(back, array)


@in_own_process
def test_what_needs_a_device_raises(host: HostCupy) -> None:
    x = host.to_device(random(3, 4))
    copies = (x.copy, x.get, lambda: x.T.reshape(-1), lambda: host.cupy.asarray(np.ones(3)))
    results = (lambda: x + x, lambda: x @ x.T, lambda: x.dot(x.T, host.cupy.empty((3, 3))))
    for ask_for in (*copies, *results, lambda: float(x[0, 0])):
        with needs_device(host):
            ask_for()


# Products against NumPy ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", PREFIXES)
@pytest.mark.parametrize(("transa", "transb"), list(itertools.product("NTH", repeat=2)))
@in_own_process
def test_gemm_in_all_orders(host: HostCupy, dtype: str, transa: str, transb: str) -> None:
    orders = "F" if "H" in (transa, transb) else "CF"  # H copies matrices in C order
    cases = itertools.product(orders, orders, orders, SCALARS)
    for left, right, to, (alpha, beta) in cases:
        a = operand(transa, B, K, dtype, left)
        b = operand(transb, K, M, dtype, right)
        out = random(B, M, dtype=dtype, order=to)
        wanted = alpha * (op(transa, a) @ op(transb, b)) + beta * out
        a_, b_, out_ = map(host.to_device, (a, b, out))
        assert host.cublas.gemm(transa, transb, a_, b_, out_, alpha, beta) is out_
        close(out, wanted)
    assert [call.name for call in host.calls] == [f"{PREFIXES[dtype]}gemm"] * (4 * len(orders) ** 3)


@pytest.mark.parametrize("dtype", PREFIXES)
@pytest.mark.parametrize("trans", "NTH")
@in_own_process
def test_gemv_in_both_orders(host: HostCupy, dtype: str, trans: str) -> None:
    orders = "F" if trans == "H" else "CF"
    for order, (alpha, beta) in itertools.product(orders, SCALARS):
        a = operand(trans, M, K, dtype, order)
        x, y = random(K, dtype=dtype), random(M, dtype=dtype)
        wanted = alpha * (op(trans, a) @ x) + beta * y
        a_, x_, y_ = map(host.to_device, (a, x, y))
        host.cublas.gemv(trans, alpha, a_, x_, beta, y_)
        close(y, wanted)
    assert [call.name for call in host.calls] == [f"{PREFIXES[dtype]}gemv"] * (4 * len(orders))


@pytest.mark.parametrize(
    ("name", "dtype"), [("ger", "f"), ("ger", "d"), *itertools.product(("geru", "gerc"), "fdFD")]
)
@in_own_process
def test_rank_one_updates_in_both_orders(host: HostCupy, name: str, dtype: str) -> None:
    x, y = random(K, dtype=dtype), random(M, dtype=dtype)
    for order in "CF":
        a = random(K, M, dtype=dtype, order=order)
        wanted = a + 0.5 * np.outer(x, y.conj() if name == "gerc" else y)
        copied = name == "gerc" and dtype in "FD" and order == "C"
        with needs_device(host) if copied else contextlib.nullcontext():
            getattr(host.cublas, name)(0.5, *map(host.to_device, (x, y, a)))
            close(a, wanted)


@in_own_process
def test_dtypes_without_a_routine_are_refused(host: HostCupy) -> None:
    for dtype in "el?":
        a = host.to_device(np.ones((2, 2), dtype))
        with pytest.raises(TypeError, match="invalid dtype"):
            host.cublas.gemm("N", "N", a, a)


# What a linear layer asks of cuBLAS ---------------------------------------------------------------


@in_own_process
def test_a_layer_takes_one_call_without_copies_for_each_product(host: HostCupy) -> None:
    shapes = ((K, M), K, M, (B, K), (B, M))
    w, x, g, rows, slopes = arrays = [random(*np.atleast_1d(shape)) for shape in shapes]
    there, x_, g_, rows_, slopes_ = map(host.to_device, arrays)
    y, dx, ys, dxs = map(host.cupy.empty, (M, K, (B, M), (B, K)))
    before = w.copy()

    host.cublas.gemv("T", 1.0, there, x_, 0.0, y)
    host.cublas.gemv("N", 1.0, there, g_, 0.0, dx)
    host.cublas.gemm("N", "N", rows_, there, out=ys)
    host.cublas.gemm("N", "T", slopes_, there, out=dxs)
    for seen, wanted in ((y, x @ w), (dx, w @ g), (ys, rows @ w), (dxs, slopes @ w.T)):
        close(host.to_host(seen), wanted)

    host.cublas.ger(-0.5, x_, g_, there)
    close(w, before - 0.5 * np.outer(x, g))
    host.cublas.gemm("T", "N", x_[None], g_[None], out=there, alpha=1.0, beta=-2.0)
    close(w, -2.0 * before + 2.0 * np.outer(x, g))
    before = w.copy()
    host.cublas.gemm("T", "N", rows_, slopes_, out=there, alpha=-0.1, beta=0.75)
    close(w, 0.75 * before - 0.1 * (rows.T @ slopes))

    assert asked(host) == [
        ("dgemv", N, M, K, M, 1, 1),  # trans m n lda incx incy
        ("dgemv", T, M, K, M, 1, 1),
        ("dgemm", N, N, M, B, K, M, K, M),  # transa transb m n k lda ldb ldc
        ("dgemm", T, N, K, B, M, M, M, K),
        ("dger", M, K, 1, 1, M),  # m n incx incy lda
        ("dgemm", T, N, M, K, 1, 1, 1, M),
        ("dgemm", N, T, M, K, B, M, K, M),
    ]
    pointers = [call["a"] for call in host.calls[:5]] + [call["c"] for call in host.calls[5:]]
    assert set(pointers) == {w.ctypes.data}
    assert (host.calls[-1]["a"], host.calls[-1]["b"]) == (slopes.ctypes.data, rows.ctypes.data)


@in_own_process
def test_f_order_and_single_rows_and_columns_are_not_copied_either(host: HostCupy) -> None:
    w, x, g, narrow = random(K, M), random(B, K, order="F"), random(B, M, order="F"), random(K, 1)
    wanted = w - 0.1 * (x.T @ g)
    there, x_, g_, narrow_ = map(host.to_device, (w, x, g, narrow))
    outs = y, column, row = [*map(host.cupy.empty, ((B, M), (B, 1), (1, M)))]
    host.cublas.gemm("N", "N", x_, there, out=y)
    host.cublas.gemm("N", "N", x_, narrow_, out=column)
    host.cublas.gemm("T", "N", narrow_, there, out=row)
    own = host.cublas.gemm("N", "N", x_, there)
    assert (own.flags.c_contiguous, own.flags.f_contiguous) == (False, True)
    for seen, product in zip([own, *outs], (x @ w, x @ w, x @ narrow, narrow.T @ w), strict=True):
        close(host.to_host(seen), product)
    host.cublas.gemm("T", "N", x_, g_, out=there, alpha=-0.1, beta=1.0)
    close(w, wanted)
    assert asked(host) == [  # one row or column counts as F order
        ("dgemm", N, T, M, B, K, M, B, M),
        ("dgemm", N, N, B, 1, K, B, K, B),
        ("dgemm", T, T, 1, M, K, K, M, 1),
        ("dgemm", N, T, B, M, K, B, M, B),
        ("dgemm", T, N, M, K, B, B, B, M),
    ]


@in_own_process
def test_columns_of_a_matrix_are_copied_though_a_leading_dimension_would_do(host: HostCupy) -> None:
    whole, w = random(B, K + 2), random(K, M)
    x, there, y = host.to_device(whole)[:, :K], host.to_device(w), host.cupy.empty((B, M))
    with needs_device(host):
        host.cublas.gemm("N", "N", x, there, out=y)
    assert host.calls == []
    # The way out: ask cuBLAS itself, for y^T = w^T x^T in its column order.
    one, zero = np.array(1.0), np.array(0.0)
    left, right = (there.data.ptr, M), (x.data.ptr, x.strides[0] // x.itemsize)
    scalars, out = (one.ctypes.data, zero.ctypes.data), (y.data.ptr, M)
    host.fake.dgemm(harness.HANDLE, N, N, M, B, K, scalars[0], *left, *right, scalars[1], *out)
    close(host.to_host(y), whole[:, :K] @ w)


# Where cupy.cublas errs ---------------------------------------------------------------------------


@in_own_process
def test_vectors_are_read_and_written_past_their_strides(host: HostCupy) -> None:
    whole, w, g = random(K, 3), random(K, M), random(M)
    columns, there, g_ = map(host.to_device, (whole, w, g))
    y = host.cupy.empty(M)
    host.cublas.gemv("T", 1.0, there, columns[:, 0], 0.0, y)
    close(host.to_host(y), whole.ravel()[:K] @ w)
    assert not np.allclose(host.to_host(y), whole[:, 0] @ w)

    before = w.copy()
    host.cublas.ger(1.0, columns[:, 0], g_, there)
    close(w, before + np.outer(whole.ravel()[:K], g))
    assert not np.allclose(w, before + np.outer(whole[:, 0], g))

    wanted = w @ g
    host.cublas.gemv("N", 1.0, there, g_, 0.0, columns[:, 0])
    close(whole.ravel()[:K], wanted)
    backwards = host.to_device(random(K)[::-1])
    with pytest.raises(UndefinedUse, match="is not within one block of device memory"):
        host.cublas.gemv("T", 1.0, there, backwards, 0.0, y)


#: Function, operations, shapes of its arrays, and whether cuBLAS takes the leading dimensions.
EMPTY: dict[str, tuple[Any, ...]] = {
    "y, B = 0": ("gemm", "NN", (0, K), (K, M), (0, M), False),
    "y, K = 0": ("gemm", "NN", (B, 0), (0, M), (B, M), False),
    "y, M = 0": ("gemm", "NN", (B, K), (K, 0), (B, 0), True),
    "dx, B = 0": ("gemm", "NT", (0, M), (K, M), (0, K), False),
    "dx, K = 0": ("gemm", "NT", (B, M), (0, M), (B, 0), False),
    "dx, M = 0": ("gemm", "NT", (B, 0), (K, 0), (B, K), True),
    "dw, B = 0": ("gemm", "TN", (0, K), (0, M), (K, M), False),
    "y of a vector, K = 0": ("gemv", "T", (0, M), (0,), (M,), False),
    "dx of a vector, K = 0": ("gemv", "N", (0, M), (M,), (0,), False),
    "dx of a vector, M = 0": ("gemv", "N", (K, 0), (0,), (K,), True),
    "dw of vectors, K = 0": ("ger", "", (0,), (M,), (0, M), False),
}


@pytest.mark.parametrize("what", EMPTY)
@in_own_process
def test_no_entries_give_leading_dimensions_of_zero(host: HostCupy, what: str) -> None:
    function, trans, *shapes, legal = EMPTY[what]
    arrays = [random(*shape) for shape in shapes]
    before = arrays[2].copy()
    a, b, c = map(host.to_device, arrays)
    with contextlib.nullcontext() if legal else pytest.raises(CUBLASError, match="INVALID_VALUE"):
        if function == "gemm":
            host.cublas.gemm(*trans, a, b, out=c, beta=1.0)
        elif function == "gemv":
            host.cublas.gemv(trans, 1.0, a, b, 0.0, c)
        else:
            host.cublas.ger(1.0, a, b, c)
    np.testing.assert_array_equal(arrays[2], before)  # of gemv too, though its beta is 0
    assert len(host.calls) == 1


# The fake itself ----------------------------------------------------------------------------------


@in_own_process
def test_outputs_are_read_only_if_beta_is_not_zero(host: HostCupy) -> None:
    w, x = host.to_device(random(K, M)), host.to_device(random(K))
    for beta in (0.0, 1.0):
        y, ys = host.cupy.empty(M), host.cupy.empty((1, M))  # all NaN
        host.cublas.gemv("T", 1.0, w, x, beta, y)
        host.cublas.gemm("N", "N", x[None], w, out=ys, beta=beta)
        for out in (y, ys):
            assert (np.isnan(host.to_host(out)) == bool(beta)).all()


@in_own_process
def test_scalars_may_both_be_on_the_device(host: HostCupy) -> None:
    w, x, g = arrays = random(K, M), random(B, K), random(B, M)
    there, x_, g_ = map(host.to_device, arrays)
    wanted = 0.75 * w - 0.1 * (x.T @ g)
    alpha, beta = host.to_device(np.array(-0.1)), host.to_device(np.array(0.75))
    host.cublas.gemm("T", "N", x_, g_, out=there, alpha=alpha, beta=beta)
    close(w, wanted)
    assert (host.calls[0]["alpha"], host.calls[0]["beta"]) == (alpha.data.ptr, beta.data.ptr)
    assert host.fake.getPointerMode(harness.HANDLE) == host.fake.CUBLAS_POINTER_MODE_HOST
    with needs_device(host):  # makes a scalar on the device, each time
        host.cublas.gemm("T", "N", x_, g_, out=there, alpha=alpha, beta=0.75)


def ask(host: HostCupy, handle: int = harness.HANDLE, **changes: int) -> Array:
    """Ask for y += A x, A (M, K), with the arguments of the manual and some changes; return y."""
    a, x, y, one = random(2 * K, M), random(2 * K), np.zeros(3 * M), np.array(1.0)
    there = [host.to_device(array) for array in (a, x, y)]
    arguments = {"trans": N, "m": M, "n": K, "lda": M, "incx": 1, "incy": 1}
    arguments |= {name: array.data.ptr for name, array in zip("axy", there, strict=True)}
    arguments |= {"alpha": one.ctypes.data, "beta": one.ctypes.data} | changes
    host.fake.dgemv(handle, *(arguments[name] for name in harness.ROUTINES["gemv"][1].split()))
    return y


@in_own_process
def test_increments_and_leading_dimensions_are_honoured(host: HostCupy) -> None:
    columns, x = random(2 * K, M), random(2 * K)  # what is a row to NumPy is a column to cuBLAS
    close(ask(host)[:M], x[:K] @ columns[:K])
    close(ask(host, incy=3)[::3], x[:K] @ columns[:K])
    close(ask(host, incx=2)[:M], x[::2] @ columns[:K])
    close(ask(host, incx=-2)[:M], x[8::-2] @ columns[:K])
    close(ask(host, lda=2 * M)[:M], x[:K] @ columns[::2])
    close(ask(host, trans=T, n=2)[:2], columns[:2] @ x[:M])
    assert asked(host)[-1] == ("dgemv", T, M, 2, M, 1, 1)


@in_own_process
def test_arguments_that_cublas_refuses(host: HostCupy) -> None:
    illegal = {"m": -1, "n": -1, "lda": M - 1, "incx": 0, "incy": 0, "trans": 3}
    for name, value in illegal.items():
        with pytest.raises(CUBLASError, match="CUBLAS_STATUS_INVALID_VALUE"):
            ask(host, **{name: value})
    for trans, m, ldc in ((3, 1, 1), (N, -1, 1), (N, 0, 0)):
        with pytest.raises(CUBLASError, match="CUBLAS_STATUS_INVALID_VALUE"):
            host.fake.dgemm(harness.HANDLE, trans, N, m, 1, 1, 0, 0, 1, 0, 1, 0, 0, ldc)
    with pytest.raises(CUBLASError, match="CUBLAS_STATUS_NOT_INITIALIZED"):
        ask(host, handle=1)


@in_own_process
def test_memory_of_the_host_is_not_the_devices(host: HostCupy) -> None:
    array = random(2 * K)
    pointer = array.ctypes.data
    with pytest.raises(UndefinedUse, match=r"float64 of shape \(5,\) and strides \(8,\) at \d+ is"):
        ask(host, x=pointer)
    there = host.to_device(array)
    ask(host, x=there.data.ptr)
    for changes in ({"incx": 3}, {"lda": 3 * M}, {"incy": -4}):
        with pytest.raises(UndefinedUse, match="is not within one block"):
            ask(host, **changes)
    with pytest.raises(UndefinedUse, match="the pointer mode says host"):
        ask(host, alpha=pointer)
    del array, there
    assert not host.memory.holds(pointer, pointer + 1)


@in_own_process
def test_outputs_that_overlap_an_operand_are_refused(host: HostCupy) -> None:
    w, x = host.to_device(random(K, K)), host.to_device(random(K))
    gemm, gemv, ger = host.cublas.gemm, host.cublas.gemv, host.cublas.ger
    vectors = [(gemv, ("T", 1.0, w, x, 0.0, y)) for y in (x, w[0])]
    for function, arguments in (*vectors, (gemm, ("N", "N", w, w, w)), (ger, (1.0, x, w[1], w))):
        with pytest.raises(UndefinedUse, match="the output overlaps an operand"):
            function(*arguments)


# Processes ----------------------------------------------------------------------------------------


def test_the_fake_is_in_the_other_process_only() -> None:
    if harness.CHILD not in os.environ:
        assert not isinstance(sys.modules.get(harness.CUBLAS), harness.FakeCublas)


@in_own_process
def test_leaving_puts_everything_back(host: HostCupy) -> None:
    def state() -> list[Any]:
        modules = [sys.modules[harness.CUBLAS], sys.modules["cupy.cublas"], host.cupy.cublas]
        return [*modules, host.cupy.cuda.get_allocator()]

    before = state()
    assert before == [host.fake, host.cublas, host.cublas, host.memory.allocate]
    with harness.host_cupy() as other:
        assert state() == [other.fake, other.cublas, other.cublas, other.memory.allocate]
        assert other.cublas is not host.cublas
    assert state() == before


def test_what_happens_in_the_other_process_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "test_of_four.py"
    path.write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_one(n): assert n == 1\n"
        "def test_skipped(): pytest.skip('not today')\n"
    )
    found = harness.outcomes(path)
    assert [kind for kind, _ in found.values()] == ["passed", "failure", "skipped"]
    harness.report(found, "test_one[1]")
    with pytest.raises(pytest.fail.Exception, match="assert 2 == 1"):
        harness.report(found, "test_one[2]")
    with pytest.raises(pytest.skip.Exception, match="not today"):
        harness.report(found, "test_skipped")
    with pytest.raises(pytest.fail.Exception, match="the other process did not run test_other"):
        harness.report(found, "test_other")

    path = tmp_path / "test_of_death.py"
    path.write_text("import os\nos._exit(3)")
    with pytest.raises(pytest.fail.Exception, match="exit code 3"):
        harness.report(harness.outcomes(path), "test_any")
