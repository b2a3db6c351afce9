"""Reading and writing the fake array by index.

It stands on ``array``. This is part of a fake.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .array import Array, open_, wrap
from .state import fake


def index(array: Array, slices: Any) -> tuple[tuple[Any, ...], bool]:
    """A key for the hidden array, and whether it gathers by arrays.

    Lists and NumPy arrays are copied to the device, as CuPy does. Indices in arrays wrap around
    where they are out of bounds; a mask makes the host wait for the count of what is true.
    """
    parts = list(slices) if isinstance(slices, tuple) else [slices]
    gathers = False
    for place, part in enumerate(parts):
        if part is None or part is Ellipsis or isinstance(part, slice):
            continue
        if np.isscalar(part) and not isinstance(part, bool | np.bool_):
            continue
        host = part._hidden if isinstance(part, Array) else np.asarray(part)
        if not isinstance(part, Array):
            fake.uploads += 1
            if isinstance(part, list | tuple) and host.size == 0:
                host = host.astype(np.int32)
        if host.dtype.kind not in "biu":
            raise IndexError(
                "arrays used as indices must be of integer or boolean type. "
                f"(actual: {host.dtype.type})"
            )
        if host.dtype.kind == "b":
            fake.synchronise()
        parts[place] = host
        gathers = True
    taken = [_axes_of(part) for part in parts]
    missing = array.ndim - sum(taken)
    if missing < 0:
        raise IndexError(
            f"too many indices for array: array is {array.ndim}-dimensional, "
            f"but {sum(taken)} were indexed"
        )
    axis = 0
    for place, part in enumerate(parts):
        if isinstance(part, np.ndarray) and part.dtype.kind != "b":
            length = array.shape[axis]
            if length == 0 and part.size:
                raise IndexError("cannot do a non-empty take from an empty axes.")
            parts[place] = part.astype(np.int64) % max(length, 1)
        axis += missing if part is Ellipsis else taken[place]
    return tuple(parts), gathers


def _axes_of(part: Any) -> int:
    """How many axes a part of a key takes."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1


def _getitem(self: Array, slices: Any) -> Any:
    key, gathers = index(self, slices)
    if not gathers:
        return wrap(self._hidden[key], self)
    fake.launch()
    return wrap(self._hidden[key])


def _setitem(self: Array, slices: Any, value: Any) -> None:
    key, gathers = index(self, slices)
    fake.launch()
    if not gathers and not isinstance(value, Array):
        wrap(self._hidden[key]).fill(value)
        return
    values = open_(value) if isinstance(value, Array) else np.asarray(value, self.dtype)
    with np.errstate(all="ignore"):
        values = values.astype(self.dtype)
    if not gathers:
        self._hidden[key] = values
        return
    # Which of repeated places wins is undefined in CuPy. In the fake the first does, so that
    # code that counts on the last is found.
    places = np.arange(self.size).reshape(self.shape)[key]
    self._hidden.flat[places.ravel()[::-1]] = np.broadcast_to(values, places.shape).ravel()[::-1]


for _name, _method in {"__getitem__": _getitem, "__setitem__": _setitem}.items():
    setattr(Array, _name, _method)
