"""What backends compute with where they bring nothing better, against Python's own functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tensorgrok import fallbacks
from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend

POINTS = np.concatenate(
    [np.linspace(-7, 7, 20001), [1e-300, 5e-324, -1e-30, 0.46875, 4.0, -4.0, 26.0, 1e300]]
)


@pytest.mark.parametrize(("dtype", "units"), [("f8", 4), ("f4", 6), ("f2", 1)])
def test_error_function_is_right_to_a_few_units_in_the_last_place(
    dtype: str, units: float, backend: str
) -> None:
    with np.errstate(over="ignore", under="ignore"):
        x = POINTS.astype(dtype)
    device = get_backend(backend)
    found = device.to_numpy(device.xp.erf(device.asarray(x)))
    assert found.dtype == x.dtype
    exact = np.array([math.erf(value) for value in x])
    spacing = np.spacing(np.abs(exact).astype(dtype)).astype("f8")
    assert np.max(np.abs(found.astype("f8") - exact) / spacing) <= units


def test_error_function_of_special_values(backend: str) -> None:
    device = get_backend(backend)
    for dtype in ("f2", "f4", "f8"):
        x = np.array([np.inf, -np.inf, 0.0, -0.0, np.nan], dtype=dtype)
        found = device.to_numpy(device.xp.erf(device.asarray(x)))
        np.testing.assert_array_equal(found, np.array([1, -1, 0, -0.0, np.nan], dtype=dtype))
        assert np.signbit(found).tolist()[:4] == [False, True, False, True]


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (2, 3)])
def test_error_function_keeps_the_shape(shape: tuple[int, ...], backend: str) -> None:
    device = get_backend(backend)
    for dtype in ("f4", "f8"):
        found = device.xp.erf(device.asarray(np.full(shape, 0.5, dtype=dtype)))
        assert found.shape == shape


class Plain(Backend):
    """NumPy without any override."""

    name = "plain"
    array_type = np.ndarray


@pytest.mark.parametrize("function", [fallbacks.scatter_add, fallbacks.scatter_set])
def test_scattering_nothing_changes_nothing(function: Any) -> None:
    table = np.arange(3.0)
    nowhere = np.zeros(0, dtype=np.int64)
    np.testing.assert_array_equal(function(np, table, nowhere, np.zeros(0)), table)
    assert Plain(np).xp.scatter_add(table, nowhere, np.zeros(0)) is not table
