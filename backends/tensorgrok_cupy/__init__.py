"""The CuPy backend of tensorgrok: arrays on an NVIDIA GPU.

It needs CuPy 14, a driver, a device and CUDA's libraries; ``_detect`` finds out whether they are
there, when the backend is first asked for. Nothing here imports CuPy before that. It overrides the
vector-matrix hot path (``_products``, by way of ``_blas``), scattering (``_scatter``), random bits
(``_philox``), the error function and what ``_functions`` lists; everything else is CuPy under the
names of the array API standard, as array-api-compat gives them.

Nothing waits for the device but ``to_numpy``, ``item`` and ``synchronize``, and what cannot be
done without knowing values: a boolean mask as an index, whose result is as long as it has truths.
Indices outside of an axis are not noticed on a device: CuPy lets them wrap around.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from tensorgrok.backend import Array, Backend, Key
from tensorgrok.errors import DTypeError

from . import _detect

__all__ = ["CuPyBackend"]

#: Letters of the dtypes that CuPy has of those that tensors can have.
LETTERS = "?bhilqBHILQefdFD"


class CuPyBackend(Backend):
    """CuPy arrays on the current device of the process.

    Raises:
        BackendUnavailable: CuPy is not installed or cannot compute here, with the cure.
    """

    name = "cupy"

    def __init__(self) -> None:
        self._cupy = _detect.usable_cupy()
        # Only now, for CuPy was found usable.
        import array_api_compat.cupy as namespace  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional

        from . import _functions, _philox, _products, _scatter

        self.array_type = self._cupy.ndarray
        self.device = _detect.device_text(self._cupy, self._cupy.cuda.Device().id)
        self._functions, self._products, self._scatter = _functions, _products, _scatter
        self._draw_bits = _philox.random_bits if _philox.proven() else super().random_bits
        self.features = frozenset({"out"})
        if self._draw_bits is _philox.random_bits:
            self.features |= {"device_bits"}
        super().__init__(namespace)

    @classmethod
    def diagnose(cls) -> tuple[list[tuple[str, str]], str]:
        return _detect.diagnose()

    def overrides(self) -> dict[str, Callable[..., Any]]:
        return self._functions.OVERRIDES

    # Crossings -------------------------------------------------------------------------------

    def asarray(
        self, value: Any, dtype: npt.DTypeLike | None = None, *, copy: bool | None = None
    ) -> Array:
        cupy = self._cupy
        if isinstance(value, cupy.ndarray):
            if copy:
                return cupy.array(value, dtype=dtype, copy=True)
            return value if dtype is None else value.astype(dtype, copy=False)
        host = np.asarray(value, dtype=dtype)
        if host.dtype.char not in LETTERS:
            raise DTypeError(
                f"CuPy has no dtype {host.dtype}; cast to float64, complex128 or another it has"
            )
        array = cupy.array(host, copy=True) if copy else cupy.asarray(host)
        # CuPy copies by way of pinned memory of its own and does not wait for the device. But what
        # is pinned already, by whomever, it reads where it lies, some time later.
        if cupy.cuda.pinned_memory.is_memory_pinned(host.ctypes.data):
            cupy.cuda.get_current_stream().synchronize()
        return array

    def to_numpy(self, array: Array) -> npt.NDArray[Any]:
        return np.asarray(array.get())

    def synchronize(self) -> None:
        self._cupy.cuda.Device().synchronize()

    def own(self, array: Array, shared: bool) -> Array:
        if not shared and array.base is None and array.flags.c_contiguous:
            return array
        return self._cupy.array(array, copy=True, order="C")

    @contextmanager
    def implicit_synchronization_refused(self) -> Iterator[None]:
        import cupyx  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional

        with warnings.catch_warnings():  # it is deprecated as it cannot see everything
            warnings.simplefilter("ignore")
            guard = cupyx.allow_synchronize(False)
            guard.__enter__()
        try:
            yield
        finally:
            guard.__exit__(None, None, None)

    # The vector-matrix hot path --------------------------------------------------------------

    def vecmat(self, x: Array, w: Array, out: Array | None = None) -> Array:
        return self._products.vecmat(x, w, out)

    def vecmat_dx(self, g: Array, w: Array, out: Array | None = None) -> Array:
        return self._products.vecmat_dx(g, w, out)

    def vecmat_dw(self, x: Array, g: Array, out: Array | None = None) -> Array:
        return self._products.vecmat_dw(x, g, out)

    def rank_update(
        self, w: Array, x: Array, g: Array, alpha: float = 1.0, beta: float = 1.0
    ) -> Array:
        updated = self._products.rank_update(w, x, g, float(alpha), float(beta))
        return super().rank_update(w, x, g, alpha, beta) if updated is None else updated

    # Scattering, special functions and random bits -------------------------------------------

    def scatter_add(self, table: Array, key: Key, values: Array) -> Array:
        return self._scatter.added(table, key, values)

    def scatter_set(self, table: Array, key: Key, values: Array) -> Array:
        return self._scatter.replaced(table, key, values)

    def erf(self, x: Array) -> Array:
        # Here, for few networks need it.
        from cupyx.scipy.special import erf  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional

        return erf(x).astype(x.dtype, copy=False)

    def random_bits(
        self, key: npt.NDArray[np.uint64], counter: npt.NDArray[np.uint64], n: int
    ) -> Array:
        return self._draw_bits(key, counter, n)
