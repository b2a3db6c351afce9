"""What the tests share: arrays to and from the device, and comparison with NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tensorgrok.backend import Array, Backend

Host = npt.NDArray[Any]

#: Tolerances of results by the size of their real part in bytes, relative and absolute.
TOLERANCE = {2: 2e-3, 4: 1e-5, 8: 1e-12}


class Device(NamedTuple):
    """A backend under test, and the name by which it was asked for."""

    backend: Backend
    asked: str

    def put(self, value: Any) -> Any:
        """Copies of NumPy arrays, also in tuples and lists, on the device; all else as it is."""
        if isinstance(value, np.ndarray):
            return self.backend.asarray(value, copy=True)
        if isinstance(value, tuple | list):
            return type(value)(self.put(item) for item in value)
        return value

    def host(self, array: Array) -> Host:
        """A result on the host, after a look at whether it was on the device."""
        if isinstance(array, np.generic):  # NumPy's reductions give these; they become arrays
            array = self.backend.asarray(array)
        assert self.backend.owns(array), f"{type(array).__name__} is no array of this backend"
        return self.backend.to_numpy(array)

    def compare(self, found: Array, expected: Any) -> None:
        """Assert that a result has the dtype, shape and values of NumPy's."""
        wanted = np.asarray(expected)
        assert isinstance(found.dtype, np.dtype), "dtypes are NumPy's dtype objects"
        assert found.dtype == wanted.dtype
        assert tuple(found.shape) == wanted.shape
        assert found.ndim == wanted.ndim
        result = self.host(found)
        assert result.dtype == wanted.dtype
        if wanted.dtype.kind in "fc":
            close = TOLERANCE[wanted.real.dtype.itemsize]
            np.testing.assert_allclose(result, wanted, rtol=close, atol=close)
        else:
            np.testing.assert_array_equal(result, wanted)


def draw(shape: Sequence[int], dtype: Any, seed: int = 0) -> Host:
    """Numbers of both signs; integers and booleans too."""
    random = np.random.default_rng(seed)
    values: Host = random.normal(size=tuple(shape))
    kind = np.dtype(dtype).kind
    if kind == "c":
        values = values + 1j * random.normal(size=tuple(shape))
    if kind in "iu":
        values = np.abs(np.round(values * 8)) if kind == "u" else np.round(values * 8)
    if kind == "b":
        values = values > 0
    return np.asarray(values, dtype=dtype)


#: Keys: what is special, the shape of the table, the key with NumPy arrays in it.
KEYS: list[tuple[str, tuple[int, ...], tuple[Any, ...]]] = [
    ("an integer", (4,), (2,)),
    ("a negative integer", (4, 3), (-1,)),
    ("integers for every axis", (4, 3), (1, 2)),
    ("a slice", (6,), (slice(1, 5, 2),)),
    ("a slice backwards", (6,), (slice(None, None, -1),)),
    ("an empty slice", (6,), (slice(3, 3),)),
    ("None", (4,), (None, slice(1, 3))),
    ("an ellipsis", (2, 3, 4), (..., 1)),
    ("an ellipsis alone", (2, 3), (...,)),
    ("nothing", (2, 3), ()),
    ("integers of a 0-d table", (), (...,)),
    ("different places", (5,), (np.array([3, 0, 4]),)),
    ("repeated places", (5,), (np.array([1, 1, 3, 1]),)),
    ("repeated negative places", (5,), (np.array([-1, 4, -1]),)),
    ("a table of places", (5, 2), (np.array([[0, 1], [1, 1]]),)),
    ("pairs of places", (4, 3), (np.array([0, 0, 3]), np.array([1, 1, 2]))),
    ("places and a slice", (4, 3), (slice(None), np.array([2, 2]))),
    ("places around a slice", (3, 4, 2), (np.array([0, 0]), slice(1, 3), np.array([1, 1]))),
    ("an integer and places around a slice", (2, 3, 4), (0, slice(None), np.array([1, 2]))),
    ("places and an integer", (4, 3), (np.array([0, 2]), 0)),
    ("an ellipsis of no axis between", (2, 2, 2), (slice(None), np.array([1, 0]), ..., 1)),
    ("no places", (5,), (np.array([], dtype=np.int64),)),
    ("small unsigned places", (5,), (np.array([2, 2], dtype=np.uint8),)),
    ("small places on a long axis", (300,), (np.array([-1, 5, 5], dtype=np.int8),)),
    ("a mask", (5,), (np.array([True, False, True, False, False]),)),
    ("a mask of rows", (3, 2), (np.array([True, False, True]),)),
    ("a mask of everything", (2, 2), (np.array([[True, False], [True, True]]),)),
    ("a mask of nothing", (3,), (np.zeros(3, dtype=bool),)),
    ("a table without elements", (0, 3), (slice(None), 1)),
]
