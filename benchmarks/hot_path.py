"""The hot path: a vector, or a batch of them, times a matrix; its gradients, and the update.

Matrices from 3x4 to 8192x8192, batches of 1, 8, 32, 128 and 512 vectors, float32 and float64. The
four functions of a backend's hot path are timed on arrays, with nothing recorded, beside NumPy's
own line for each and the routine of BLAS through SciPy where it is installed. ``step`` is all of it
through ``Tensor.dot``, ``backward`` and ``optim.SGD``.

Facts of each piece of work: ``flops``, and ``bytes``, those of all arrays that are read and written
once each, by which one sees how near it comes to the ceilings of the machine.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import tensorgrok as tg
from benchmarks.work import OURS, RATE, REFERENCE, Race, Side, Work, our_wait, values
from tensorgrok import optim

Floats = npt.NDArray[Any]

SHAPES = (
    *((3, 4), (16, 16), (64, 40), (256, 256), (784, 100), (512, 512), (1024, 1024)),
    *((2048, 2048), (4096, 4096), (8192, 8192)),
)
BATCHES = (1, 8, 32, 128, 512)
DTYPES = ("float32", "float64")
BLAS = "SciPy BLAS"
#: Of the many, those that a quick run takes.
QUICK = (((784, 100), 1), ((1024, 1024), 1), ((1024, 1024), 128))
LARGE = 4096


class Start:
    """The arrays of a piece of work: vectors, a matrix, a cotangent, none of them denormal."""

    def __init__(self, rows: int, columns: int, batch: int, dtype: str) -> None:
        random = np.random.default_rng([rows, columns, batch])

        def draw(*shape: int) -> Floats:
            return random.uniform(0.5, 1, shape).astype(dtype)

        self.x, self.g = draw(batch, rows), draw(batch, columns)
        self.w = draw(rows, columns) / np.dtype(dtype).type(rows)
        self.rate = self.w.dtype.type(RATE)
        self.facts = {"dtype": dtype, "batch": batch, "rows": rows, "columns": columns}

    def costs(self, products: int, *touched: Floats) -> dict[str, Any]:
        """The facts, with those of so many products and the arrays that are touched."""
        flops = 2 * products * len(self.x) * self.w.size
        return self.facts | {"flops": flops, "bytes": sum(array.nbytes for array in touched)}


def blas(name: str, *arrays: Floats) -> Any:
    """A routine of BLAS for the dtype of arrays, or None where SciPy is not installed."""
    try:
        library = importlib.import_module("scipy.linalg.blas")
    except ImportError:
        return None
    return library.get_blas_funcs(name, arrays)


def contract(
    start: Start, method: str, ours: str, by_hand: str, routine: str, spelled: str, facts: Any
) -> Race:
    """A race of one function of the backend, given as the statements of each side."""
    names = {"x": start.x, "w": start.w, "g": start.g, "rate": start.rate, "dot": np.dot}
    backend = tg.current_backend()
    mine: dict[str, Any] = {n: backend.asarray(names[n]) for n in "xwg"} | {"rate": RATE}
    mine["run"] = getattr(backend, method)
    wait = our_wait()
    sides = {
        OURS: Side(ours, mine, fetch=backend.to_numpy, wait=wait),
        REFERENCE: Side(by_hand, names),
    }
    found = blas(routine, start.x, start.w)
    if found is not None:
        extra = {"run": found, "x0": start.x[0], "g0": start.g[0]}
        extra |= {f"{n}t": names[n].T for n in "xwg"}
        sides[BLAS] = Side(spelled, names | extra, fetch=_contiguous)
    return Race(sides, 1e-5, facts=facts | {"kind": method})


def _contiguous(array: Any) -> Floats:
    return np.ascontiguousarray(array)


def vecmat(start: Start) -> Race:
    """``x w``."""
    one = len(start.x) == 1
    return contract(
        start,
        "vecmat",
        "run(x, w)",
        "dot(x, w)",
        "gemv" if one else "gemm",
        # BLAS is handed transposes, which are in the order that it was written for.
        "run(1.0, wt, x0)[None]" if one else "run(1.0, wt, xt).T",
        start.costs(1, start.x, start.w, start.g),
    )


def vecmat_dx(start: Start) -> Race:
    """``g wT``: the cotangent of the vectors."""
    one = len(start.x) == 1
    return contract(
        start,
        "vecmat_dx",
        "run(g, w)",
        "dot(g, w.T)",
        "gemv" if one else "gemm",
        "run(1.0, wt, g0, trans=1)[None]" if one else "run(1.0, wt, gt, trans_a=1).T",
        start.costs(1, start.x, start.w, start.g),
    )


def vecmat_dw(start: Start) -> Race:
    """``xT g``: the cotangent of the matrix."""
    return contract(
        start,
        "vecmat_dw",
        "run(x, g)",
        "dot(x.T, g)",
        "gemm",
        "run(1.0, gt, xt, trans_b=1).T",
        start.costs(1, start.x, start.w, start.g),
    )


def rank_update(start: Start) -> Race:
    """``w - rate xT g``, in the matrix's own memory where the side can."""
    x, w, g, rate = start.x, start.w, start.g, start.rate
    backend = tg.current_backend()
    update = backend.rank_update
    x_ours, g_ours = backend.asarray(x), backend.asarray(g)

    def ours(w: Any) -> Any:
        return update(w, x_ours, g_ours, -RATE, 1.0)

    def by_hand(w: Floats) -> Floats:
        w -= rate * x.T.dot(g)
        return w

    sides = {
        OURS: _rebinding(ours, backend.asarray(w.copy()), backend.to_numpy, our_wait()),
        REFERENCE: _rebinding(by_hand, w.copy()),
    }
    routine = blas("ger" if len(x) == 1 else "gemm", x, w)
    if routine is not None:
        x0, g0, xt, gt = x[0], g[0], x.T, g.T

        def one(wt: Floats) -> Any:
            return routine(-rate, g0, x0, a=wt, overwrite_a=1)

        def several(wt: Floats) -> Any:
            return routine(-rate, gt, xt, beta=1.0, c=wt, trans_b=1, overwrite_c=1)

        sides[BLAS] = _rebinding(one if len(x) == 1 else several, w.copy().T, _upright)
    return Race(sides, 1e-5, facts=start.costs(1, x, w, w, g) | {"kind": "rank_update"})


def _rebinding(
    update: Callable[[Any], Any],
    w: Any,
    fetch: Callable[[Any], Any] = np.asarray,
    wait: Callable[[], None] | None = None,
) -> Side:
    """A side whose update may return its argument, changed, or another array."""

    def step() -> Any:
        nonlocal w
        w = update(w)
        return w

    return Side("step()", {"step": step}, fetch=fetch, wait=wait)


def _upright(array: Any) -> Floats:
    return np.ascontiguousarray(array.T)


def step(start: Start) -> Race:
    """Forward, both gradients and an update of the matrix, through tensors."""
    costs = start.costs(3, start.x, start.w, start.w, start.g)
    sides = {OURS: _our_step(start), REFERENCE: _step_by_hand(start)}
    return Race(sides, 1e-5, facts=costs | {"kind": "step"})


def _our_step(start: Start) -> Side:
    x, w = (tg.Tensor(array, requires_grad=True) for array in (start.x, start.w))
    g = tg.Tensor(start.g)
    optimizer = optim.SGD([w], lr=RATE)

    def run() -> Any:
        x.grad = w.grad = None
        y = x.dot(w)
        y.backward(g)
        optimizer.step()
        return y

    return Side.of_step(run, lambda: (x.grad, w.grad, w), values, our_wait())


def _step_by_hand(start: Start) -> Side:
    x, w, g, rate = start.x, start.w, start.g, start.rate
    dx, dw = np.zeros_like(x), np.zeros_like(w)

    def run() -> Any:
        nonlocal w, dx, dw
        y = x.dot(w)
        dx, dw = g.dot(w.T), x.T.dot(g)
        w -= rate * dw
        return y

    return Side.of_step(run, lambda: (dx, dw, w))


KINDS: dict[str, Callable[[Start], Race]] = {
    function.__name__: function for function in (vecmat, vecmat_dx, vecmat_dw, rank_update, step)
}


def make(kind: str, dtype: str, batch: int, rows: int, columns: int) -> Race:
    """One piece of work."""
    return KINDS[kind](Start(rows, columns, batch, dtype))


def works() -> list[Work]:
    """Everything in this module, to be made when it is wanted."""
    return [
        Work(
            f"{kind} {dtype} {batch}x{rows}x{columns}",
            functools.partial(make, kind, dtype, batch, rows, columns),
            quick=dtype == "float32" and ((rows, columns), batch) in QUICK,
            large=rows >= LARGE,
        )
        for kind in KINDS
        for dtype in DTYPES
        for rows, columns in SHAPES
        for batch in BATCHES
    ]
