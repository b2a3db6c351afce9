"""Array backends: the contract, and a generic base class.

A backend hands tensorgrok an array type and ``xp``, the namespace that every forward function and
derivative rule is written against. Its functions are spelled as in the Python array API standard
(``pow``, ``concat``, ``permute_dims`` …), plus the few names that it lacks; ``vocabulary`` lists
them all.

This module stands on ``errors``, ``vocabulary`` and ``fallbacks``; read ``registry`` next, which
finds backends by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from . import fallbacks
from .errors import BackendError, join_words
from .vocabulary import CONTRACT, STANDARD

Array = Any  # an array of whichever backend: the core names no array type
Key = Any  # an index as between square brackets: integers, slices, None, ..., arrays


class Namespace:
    """The functions that a card may call, and no others.

    Args:
        functions: name to function. It is used as it is, not copied: a table that grows later
            (tensorgrok's own operations) is seen to grow.
    """

    def __init__(self, functions: dict[str, Callable[..., Any]]) -> None:
        self.__dict__ = functions

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(
            f"xp.{name} is not in the vocabulary of forward functions and rules; "
            "tensorgrok.vocabulary lists what is"
        )


class Space:
    """A backend and a dtype: where two arrays are, they can meet as they are.

    Each backend has one for each dtype, so tensors are compared by the identity of their spaces.
    """

    __slots__ = ("array_type", "backend", "complex", "dtype", "inexact", "xp")

    def __init__(self, backend: Backend, dtype: np.dtype[Any]) -> None:
        self.backend = backend
        self.dtype = dtype
        self.xp = backend.xp
        self.array_type = backend.array_type
        self.inexact = dtype.kind in "fc"
        self.complex = dtype.kind == "c"

    def __repr__(self) -> str:
        return f"<Space {self.dtype} on {self.backend.name}>"


class Backend:
    """An array library as tensorgrok sees it; subclass it, name it, and override what is slow.

    Everything below is built from the array namespace ``module`` alone, so a new backend needs a
    name, an array type, and the three crossings between host and device. Arrays are values:
    no method writes into its operands unless it is handed an ``out``.

    Args:
        module: an array namespace with the names of ``STANDARD``, and ``asarray``.

    Raises:
        BackendError: names are missing.

    Attributes:
        name: the name users say, such as ``"numpy"``.
        array_type: the class of its arrays.
        device: what its arrays live on, in words for people, such as ``"CPU"``.
        features: optional abilities: ``"host"`` (reading an element is free), ``"out"`` (products
            write into an ``out`` without a temporary), ``"into"`` (so do ``add``, ``subtract``,
            ``multiply``, ``divide`` and ``sqrt`` of ``xp``, given ``out=``), ``"device_bits"``
            (random bits are made on the device), ``"capture"`` …
        xp: the namespace that cards are read with: ``STANDARD`` from ``module``, ``CONTRACT`` from
            the methods here.
    """

    name: str = ""
    array_type: type = object
    device: str = ""
    features: frozenset[str] = frozenset()

    def __init__(self, module: Any) -> None:
        self.module = module
        self._spaces: dict[np.dtype[Any], Space] = {}
        missing = [name for name in STANDARD if not hasattr(module, name)]
        if missing:
            raise BackendError(
                f"backend {self.name!r}: its namespace lacks {join_words(missing)}; "
                "tensorgrok.vocabulary.STANDARD lists what is needed"
            )
        functions = {name: getattr(module, name) for name in STANDARD}
        functions |= {name: getattr(self, name) for name in CONTRACT}
        functions |= self.overrides()
        self.xp = Namespace(functions)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def overrides(self) -> dict[str, Callable[..., Any]]:
        """Functions to put in ``xp`` in place of the module's, where those are slow."""
        return {}

    @classmethod
    def diagnose(cls) -> tuple[list[tuple[str, str]], str]:
        """Optional: names and findings of what this backend needs here, and what to do next.

        For people to read, also where the backend cannot run. Nothing to do is an empty text.
        """
        return [], ""

    def space(self, dtype: np.dtype[Any]) -> Space:
        """The space of arrays of one dtype on this backend."""
        space = self._spaces.get(dtype)
        if space is None:
            space = self._spaces.setdefault(dtype, Space(self, dtype))
        return space

    # Crossings -------------------------------------------------------------------------------

    def owns(self, value: object) -> bool:
        """Tell whether ``value`` is an array of this backend."""
        return isinstance(value, self.array_type)

    def asarray(
        self, value: Any, dtype: npt.DTypeLike | None = None, *, copy: bool | None = None
    ) -> Array:
        """Bring a NumPy array, number or array of this backend onto the device.

        ``copy=True`` always copies, ``None`` only where it must.
        """
        return self.module.asarray(value, dtype=dtype, copy=copy)

    def to_numpy(self, array: Array) -> npt.NDArray[Any]:
        """Copy an array to host memory; waits for the device."""
        return np.array(array)

    def item(self, array: Array) -> Any:
        """Return the one element of ``array`` as a Python number; waits for the device."""
        return self.to_numpy(array).item()

    def synchronize(self) -> None:
        """Wait until everything that was issued has run."""

    def implicit_synchronization_refused(self) -> AbstractContextManager[None]:
        """Optional: a block in which arrays refuse what would wait for the device unasked."""
        return nullcontext()

    def own(self, array: Array, shared: bool) -> Array:
        """Return an array of the same values in writable, row-major memory of its own.

        With ``shared`` false nobody else holds ``array``, and it may be returned as it is.
        """
        flat = self.asarray(self.module.reshape(array, (math.prod(array.shape),)), copy=True)
        return self.module.reshape(flat, array.shape)

    # The vector-matrix hot path --------------------------------------------------------------

    def vecmat(self, x: Array, w: Array, out: Array | None = None) -> Array:
        """Vectors times a matrix: ``x`` (..., K) and ``w`` (K, M) give (..., M)."""
        result = self.module.matmul(fallbacks.rows(self.module, x) if x.ndim > 2 else x, w)
        if x.ndim > 2:
            result = self.module.reshape(result, (*x.shape[:-1], w.shape[1]))
        return fallbacks.into(out, result)

    def vecmat_dx(self, g: Array, w: Array, out: Array | None = None) -> Array:
        """Gradient of ``vecmat`` to its vectors: ``g`` (..., M) and ``w`` (K, M) give (..., K)."""
        return self.vecmat(g, self.module.permute_dims(w, (1, 0)), out)

    def vecmat_dw(self, x: Array, g: Array, out: Array | None = None) -> Array:
        """Gradient of ``vecmat`` to its matrix: ``x`` (..., K) and ``g`` (..., M) give (K, M)."""
        if x.ndim == 1:
            column, row = x[:, None], g[None, :]
            return fallbacks.into(out, column * row)
        rows = fallbacks.rows(self.module, x)
        columns = self.module.permute_dims(rows, (1, 0))
        return fallbacks.into(out, self.module.matmul(columns, fallbacks.rows(self.module, g)))

    def rank_update(
        self, w: Array, x: Array, g: Array, alpha: float = 1.0, beta: float = 1.0
    ) -> Array:
        """Return ``beta * w + alpha * vecmat_dw(x, g)``; ``w`` itself may be that array, updated.

        With ``beta == 0`` the old ``w`` is not read, so NaN in it does not spread.
        """
        # Plain numbers: those of NumPy would change the dtype of the arrays.
        update = float(alpha) * self.vecmat_dw(x, g)
        return update if beta == 0 else float(beta) * w + update

    # Scattering, special functions and random bits ----------------------------------------

    def scatter_add(self, table: Array, key: Key, values: Array) -> Array:
        """Return ``table`` with ``values`` added at ``table[key]``; repeated places add up."""
        return fallbacks.scatter_add(self.module, table, key, values)

    def scatter_set(self, table: Array, key: Key, values: Array) -> Array:
        """Return ``table`` with ``table[key]`` replaced by ``values``; the last of repeats wins."""
        return fallbacks.scatter_set(self.module, table, key, values)

    def erf(self, x: Array) -> Array:
        """Error function of real floats, to a few units in the last place."""
        return fallbacks.erf(self.module, x)

    def random_bits(
        self, key: npt.NDArray[np.uint64], counter: npt.NDArray[np.uint64], n: int
    ) -> Array:
        """Return ``n`` random 64-bit words, shape (n,), uint64.

        The words are those of NumPy's Philox4x64-10 with this ``key`` (2 words) and ``counter``
        (4 words), both of them host arrays: the two are bookkeeping, not data, and a draw must not
        read anything back from a device.

        Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
        """
        words = np.random.Philox(key=key, counter=counter).random_raw(n)
        return self.asarray(np.asarray(words, dtype=np.uint64))

    def capture(self, step: Callable[[], None], arrays: Mapping[str, Array]) -> Any:
        """Optional: capture ``step`` for replay. None means that this backend has no such thing."""
        return None
