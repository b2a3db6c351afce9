"""Array backends: the contract, a generic base class, and the registry that finds them.

A backend hands tensorgrok an array type and ``xp``, the namespace that every forward function and
derivative rule is written against. Its functions are spelled as in the Python array API standard
(``pow``, ``concat``, ``permute_dims`` …), plus the few names that it lacks; ``vocabulary`` lists
them all.

Backends register under the entry-point group ``tensorgrok.backends``: the value is a callable that
returns a ``Backend`` or raises ``BackendUnavailable`` with the reason and the cure. The two shipped
backends come through the same door. The environment variable ``TENSORGROK_BACKEND`` names the one
to start with (``auto``, the default, takes the first of ``AUTO_ORDER`` that can run).

This module stands on ``errors``, ``vocabulary`` and ``fallbacks``; read ``context`` and ``graph``
next.
"""

from __future__ import annotations

import difflib
import math
import os
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from . import fallbacks
from .errors import BackendError, BackendUnavailable, DTypeError, UnknownBackend, join_words
from .vocabulary import CONTRACT, STANDARD

Array = Any  # an array of whichever backend: the core names no array type
Key = Any  # an index as between square brackets: integers, slices, None, ..., arrays

AUTO_ORDER = ("cupy", "numpy")
ENTRY_POINT_GROUP = "tensorgrok.backends"
ENVIRONMENT_VARIABLE = "TENSORGROK_BACKEND"


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
        module: an array namespace with the names of ``STANDARD``.

    Attributes:
        name: the name users say, such as ``"numpy"``.
        array_type: the class of its arrays.
        features: optional abilities: ``"host"`` (reading an element is free), ``"capture"`` …
        xp: the namespace that cards are read with: ``STANDARD`` from ``module``, ``CONTRACT`` from
            the methods here.
    """

    name: str = ""
    array_type: type = object
    features: frozenset[str] = frozenset()

    def __init__(self, module: Any) -> None:
        self.module = module
        self._spaces: dict[np.dtype[Any], Space] = {}
        functions = {name: getattr(module, name) for name in STANDARD}
        functions |= {name: getattr(self, name) for name in CONTRACT}
        functions |= self.overrides()
        self.xp = Namespace(functions)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def overrides(self) -> dict[str, Callable[..., Any]]:
        """Functions to put in ``xp`` in place of the module's, where those are slow."""
        return {}

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


# The registry ----------------------------------------------------------------------------------

_factories: dict[str, Callable[[], Backend]] = {}
_made: dict[str, Backend] = {}
_lock = threading.RLock()

#: The calls of ``use_backend`` that count, the last one most: (weak reference to it, its backend).
_choices: list[tuple[weakref.ref[object], Backend]] = []


def register_backend(name: str, factory: Callable[[], Backend]) -> None:
    """Register a backend at run time, as an entry point of the same name would.

    Args:
        name: what ``use_backend`` will call it; an existing registration of that name is replaced.
        factory: returns the backend, or raises ``BackendUnavailable`` with reason and cure. It is
            called once, at first use.
    """
    if not isinstance(name, str) or not name or not callable(factory):
        raise DTypeError(
            "register_backend: expected a name and a function that returns the backend, got "
            f"{name!r} and {factory!r}"
        )
    with _lock:
        _factories[name] = factory
        _made.pop(name, None)


def _registered() -> dict[str, Callable[[], Any]]:
    """Name to what loads the factory, for entry points and run-time registrations."""
    from importlib.metadata import entry_points  # here: it costs more than the rest of the import

    found: dict[str, Callable[[], Any]] = {
        entry.name: entry.load for entry in entry_points(group=ENTRY_POINT_GROUP)
    }
    return found | {name: (lambda f=factory: f) for name, factory in _factories.items()}


def backend_names() -> list[str]:
    """Names of all registered backends, sorted; being registered does not mean it can run.

    >>> "numpy" in tg.backend_names()
    True
    """
    return sorted(_registered())


def get_backend(name: str) -> Backend:
    """Return the backend called ``name``, made on first use.

    Raises:
        UnknownBackend: no such name; lists the registered names and the nearest match.
        BackendUnavailable: it cannot run here, with the reason and the cure.
    """
    if not isinstance(name, str):
        raise DTypeError(f"a backend is named by a string, not by a {type(name).__name__}")
    with _lock:
        if name not in _made:
            loaders = {name: lambda: _factories[name]} if name in _factories else _registered()
            if name not in loaders:
                raise _unknown(name, sorted(loaders))
            try:
                factory = loaders[name]()
            except ImportError as error:
                raise BackendUnavailable(
                    f"backend {name!r} cannot be loaded: {error}; install what is missing"
                ) from error
            made = factory()
            if not isinstance(made, Backend):
                raise BackendError(f"backend {name!r}: its factory returned {made!r}, no Backend")
            _made[name] = made
        return _made[name]


def _unknown(name: str, known: list[str]) -> UnknownBackend:
    if not known:
        return UnknownBackend(
            f"no backend {name!r}: none is registered at all. tensorgrok seems to run from an "
            "uninstalled copy; install it with: pip install -e ."
        )
    near = difflib.get_close_matches(name, [*known, "auto"], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    names = join_words([repr(candidate) for candidate in known])
    return UnknownBackend(f"no backend {name!r}; registered are {names}.{hint}")


def choose_backend(name: str) -> Backend:
    """Like ``get_backend``, and ``"auto"`` takes the first of ``AUTO_ORDER`` that can run here."""
    if name != "auto":
        return get_backend(name)
    reasons = []
    for candidate in AUTO_ORDER:
        try:
            return get_backend(candidate)
        except (BackendUnavailable, UnknownBackend) as error:
            reasons.append(f"{candidate}: {error}")
    raise BackendUnavailable("no backend can run here. " + " ".join(reasons))


def default_backend() -> Backend:
    """The process-wide default: what ``use_backend`` set, or else ``TENSORGROK_BACKEND``."""
    with _lock:
        if not _choices:
            backend = choose_backend(os.environ.get(ENVIRONMENT_VARIABLE) or "auto")
            _choices.append((weakref.ref(backend), backend))
        return _choices[-1][1]


def choose_default(caller: object, backend: Backend) -> None:
    """Make ``backend`` the process-wide default, on behalf of a ``use_backend``."""
    with _lock:
        # Those that can still be withdrawn stay, and the last of those that cannot.
        settled = [i for i, (owner, _) in enumerate(_choices) if owner() is None]
        for place in reversed(settled[:-1]):
            del _choices[place]
        _choices.append((weakref.ref(caller), backend))


def withdraw_default(caller: object) -> None:
    """Take back what ``choose_default`` did for this caller, if it still counts."""
    with _lock:
        _choices[:] = [choice for choice in _choices if choice[0]() is not caller]
