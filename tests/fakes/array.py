"""The fake ``cupy.ndarray``: a NumPy array behind a wall, with the attributes that CuPy's has.

It stands on ``state`` and ``cuda``. ``indexing``, ``operators`` and ``functions`` give it the rest.
This is part of a fake: where CuPy would copy silently or leave something undefined, it may refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .cuda import Device, MemoryPointer
from .state import DeviceSynchronized, fake

Host = npt.NDArray[Any]

#: The dtypes that CuPy has.
CHARACTERS = "?bhilqBHILQefdFD"

#: The functions of the fake ``cupy`` by name, filled by the other modules.
NAMESPACE: dict[str, Any] = {}


def public(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function into the fake ``cupy`` under these names."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__name__ = names[0]
        NAMESPACE.update(dict.fromkeys(names, function))
        return function

    return register


def known_dtype(dtype: Any) -> np.dtype[Any]:
    """The NumPy dtype, or ValueError where CuPy has no such."""
    result: np.dtype[Any] = np.dtype(dtype)
    if result.char not in CHARACTERS:
        raise ValueError(f"Unsupported dtype {result}")
    return result


class Flags:
    """Stands for CuPy's flags: these five and no others."""

    def __init__(self, c_contiguous: bool, f_contiguous: bool, owndata: bool) -> None:
        self.c_contiguous, self.f_contiguous, self.owndata = c_contiguous, f_contiguous, owndata
        self.forc = c_contiguous or f_contiguous
        self.fnc = f_contiguous and not c_contiguous

    def __getitem__(self, name: str) -> bool:
        if name not in ("C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA"):
            raise KeyError(f"{name} is not defined for cupy.ndarray.flags")
        return bool(getattr(self, name.lower()))


class Array:
    """The fake of ``cupy.ndarray``."""

    __slots__ = ("__weakref__", "_hidden", "base")
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]  # unhashable, as CuPy's are

    _hidden: Host
    base: Array | None

    def __init__(
        self,
        shape: Any,
        dtype: Any = float,
        memptr: Any = None,
        strides: Any = None,
        order: Any = "C",
    ) -> None:
        if memptr is not None or strides is not None:
            raise NotImplementedError("the fake makes no arrays over given memory")
        fake.device()
        self._hidden = garbage(shape, known_dtype(dtype), order)
        self.base = None

    # Attributes ------------------------------------------------------------------------------

    shape = property(
        lambda self: self._hidden.shape, lambda self, shape: self._reshape_in_place(shape)
    )
    ndim = property(lambda self: self._hidden.ndim)
    dtype = property(lambda self: self._hidden.dtype)
    size = property(lambda self: self._hidden.size)
    itemsize = property(lambda self: self._hidden.itemsize)
    nbytes = property(lambda self: self._hidden.nbytes)
    strides = property(lambda self: self._hidden.strides)
    data = property(lambda self: MemoryPointer(self._hidden))
    device = property(lambda self: Device(0))

    @property
    def flags(self) -> Flags:
        flags = self._hidden.flags
        return Flags(flags.c_contiguous, flags.f_contiguous, self.base is None)

    @property
    def T(self) -> Any:  # noqa: N802  # the name in NumPy and CuPy
        return self if self.ndim < 2 else wrap(self._hidden.T, self)

    @property
    def mT(self) -> Any:  # noqa: N802  # the name in NumPy and CuPy
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return wrap(self._hidden.mT, self)

    @property
    def real(self) -> Any:
        return wrap(self._hidden.real, self) if self.dtype.kind == "c" else self

    @property
    def imag(self) -> Any:
        if self.dtype.kind == "c":
            return wrap(self._hidden.imag, self)
        return wrap(np.zeros(self.shape, self.dtype))

    def _reshape_in_place(self, shape: Any) -> None:
        view = self._hidden.reshape(shape)
        if self.size and not np.may_share_memory(view, self._hidden):
            raise AttributeError("incompatible shape")
        self._hidden = view

    # Crossings to the host -------------------------------------------------------------------

    def __array__(self, dtype: Any = None) -> Host:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def get(
        self, stream: Any = None, order: str = "C", out: Host | None = None, blocking: bool = True
    ) -> Host:
        if out is None:
            out = np.empty(self.shape, self.dtype, order="F" if order == "F" else "C")
        elif not isinstance(out, np.ndarray):
            raise TypeError("Only numpy.ndarray can be obtained from cupy.ndarray")
        if out.dtype != self.dtype:
            raise TypeError(f"{out.dtype} array cannot be obtained from {self.dtype} array")
        if out.shape != self.shape:
            raise ValueError(
                f"Shape mismatch. Expected shape: {self.shape}, actual shape: {out.shape}"
            )
        if not out.flags.forc:
            raise RuntimeError("`out` cannot be specified when copying to non-contiguous ndarray")
        if blocking:
            fake.synchronise()
        elif not fake.allowed:
            raise DeviceSynchronized
        out[...] = self._hidden
        return out

    def set(self, arr: Host, stream: Any = None) -> None:
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        if not self._hidden.flags.forc:
            raise RuntimeError("Cannot set to non-contiguous array")
        fake.device()
        fake.uploads += 1
        self._hidden[...] = arr

    def item(self) -> Any:
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self) -> Any:
        return self.get().tolist()

    def __bool__(self) -> bool:
        if self.size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        return bool(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __float__(self) -> float:
        return float(self.get())

    def __complex__(self) -> complex:
        return complex(self.get())

    def __repr__(self) -> str:
        return repr(self.get())

    def __str__(self) -> str:
        return str(self.get())

    def __format__(self, spec: str) -> str:
        return format(self.get(), spec)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: Any = None,
        copy: Any = None,
    ) -> Any:
        if dl_device != (1, 0):
            raise BufferError("the fake has no device memory to share; ask for a host copy")
        return self.get().__dlpack__(max_version=max_version)

    # Containers ------------------------------------------------------------------------------

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of unsized object")
        return int(self.shape[0])

    def __iter__(self: Any) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    # Copies and views ------------------------------------------------------------------------

    def astype(
        self, dtype: Any, order: Any = "K", casting: Any = None, subok: Any = None, copy: Any = True
    ) -> Any:
        if casting is not None:
            raise TypeError("casting is not supported yet")
        if subok is not None:
            raise TypeError("subok is not supported yet")
        dtype = known_dtype(dtype)
        with np.errstate(all="ignore"):
            result = self._hidden.astype(dtype, order=order or "K", copy=bool(copy))
        if result is self._hidden:
            return self
        fake.launch()
        return wrap(result)

    def copy(self, order: Any = "C") -> Any:
        return self.astype(self.dtype, order=order)

    def view(self, dtype: Any = None, type: Any = None) -> Any:  # noqa: A002  # CuPy's name
        return wrap(self._hidden.view() if dtype is None else self._hidden.view(dtype), self)

    def fill(self, value: Any) -> None:
        host = open_(value) if isinstance(value, Array) else np.asarray(value, dtype=self.dtype)
        if host.shape != ():
            library = "cupy" if isinstance(value, Array) else "numpy"
            raise ValueError(f"non-scalar {library}.ndarray cannot be used for fill")
        fake.launch()
        self._hidden[...] = host

    def reshape(self, *shape: Any, order: Any = "C", copy: Any = None) -> Any:
        if len(shape) == 1 and not isinstance(shape[0], int | np.integer):
            shape = tuple(shape[0])
        return wrap(np.reshape(self._hidden, shape, order=order, copy=copy), self)

    def ravel(self, order: Any = "C") -> Any:
        return wrap(self._hidden.ravel(order), self)

    def flatten(self, order: Any = "C") -> Any:
        fake.launch()
        return wrap(self._hidden.flatten(order))

    def transpose(self, *axes: Any) -> Any:
        return wrap(self._hidden.transpose(*axes), self)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return wrap(self._hidden.swapaxes(axis1, axis2), self)

    def squeeze(self, axis: Any = None) -> Any:
        return wrap(self._hidden.squeeze(axis), self)


Array.__name__ = Array.__qualname__ = "ndarray"
Array.__module__ = "cupy"
NAMESPACE["ndarray"] = Array


def garbage(shape: Any, dtype: np.dtype[Any], order: Any) -> Host:
    """Memory that nobody wrote: NaN, or integers of which all bits are set."""
    array = np.empty(shape, dtype, order=order)
    if dtype.kind in "fc":
        array[...] = np.nan
    else:
        array[...] = True if dtype.kind == "b" else np.array(-1).astype(dtype)
    return array


def root(array: Host) -> Host:
    """The NumPy array that owns the memory of ``array``."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def wrap(hidden: Any, *sources: Any) -> Any:
    """Hide a result of NumPy; it is a view where it lies in the memory of one of ``sources``."""
    if isinstance(hidden, tuple | list):
        return type(hidden)(wrap(item, *sources) for item in hidden)
    fake.device()
    result = Array.__new__(Array)
    result._hidden = np.asarray(hidden)
    result.base = None
    for source in sources:
        if isinstance(source, Array) and root(source._hidden) is root(result._hidden):
            result.base = source if source.base is None else source.base
    return result


def open_(value: Any) -> Any:
    """The hidden NumPy array of a fake one, also within lists and tuples; no NumPy arrays."""
    if isinstance(value, Array):
        return value._hidden
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, tuple | list):
        return type(value)(open_(item) for item in value)
    return value


def memory(array: Array, write: bool = False) -> Host:
    """What a kernel sees of an array: ``size`` items from its first on, whatever its strides.

    Beyond the end of the memory it reads NaN (or integers of which all bits are set).
    """
    hidden = array._hidden
    if hidden.flags.c_contiguous:
        return hidden.reshape(-1)
    _, end = np.lib.array_utils.byte_bounds(root(hidden))
    held = min(hidden.size, (end - hidden.ctypes.data) // hidden.itemsize)
    seen = np.lib.stride_tricks.as_strided(hidden, (held,), (hidden.itemsize,))
    if held == hidden.size:
        return seen
    if write:
        raise RuntimeError("the fake cannot write beyond the memory of a strided array")
    missing = garbage(hidden.size - held, hidden.dtype, "C")
    return np.concatenate([seen, missing])
