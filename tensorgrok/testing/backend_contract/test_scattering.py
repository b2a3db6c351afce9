"""Reading, adding and replacing at places, with keys of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorgrok.testing.backend_contract.helpers import KEYS, Device, Host, draw

named = pytest.mark.parametrize(("shape", "key"), [k[1:] for k in KEYS], ids=[k[0] for k in KEYS])


def one_by_one(table: Host, key: Any, values: Host, adding: bool) -> Host:
    """Oracle: find the flat place of each element that the key reads, and go there in a loop."""
    places = np.arange(table.size).reshape(table.shape)[key]
    result = table.copy().reshape(-1)
    spread = np.broadcast_to(values, np.shape(places))
    for place, value in zip(np.ravel(places), np.ravel(spread), strict=True):
        result[place] = result[place] + value if adding else value
    return result.reshape(table.shape)


@named
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_reading_by_index_is_numpys(
    device: Device, shape: tuple[int, ...], key: Any, dtype: str
) -> None:
    table = draw(shape, dtype)
    device.compare(device.put(table)[device.put(key)], table[key])


@named
@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "complex128", "int64", "int32", "int8", "uint8"]
)
def test_scattering_adds_and_replaces_at_each_place(
    device: Device, shape: tuple[int, ...], key: Any, dtype: str
) -> None:
    table, values = draw(shape, dtype, 1), draw(np.shape(np.zeros(shape)[key]), dtype, 2)
    there, places, new = device.put((table, key, values))
    backend = device.backend
    device.compare(backend.scatter_add(there, places, new), one_by_one(table, key, values, True))
    device.compare(backend.scatter_set(there, places, new), one_by_one(table, key, values, False))
    np.testing.assert_array_equal(device.host(there), table)


@named
def test_scattering_broadcasts_one_value(device: Device, shape: tuple[int, ...], key: Any) -> None:
    table, value = draw(shape, float), np.asarray(2.5)
    there, places, new = device.put((table, key, value))
    backend = device.backend
    device.compare(backend.scatter_add(there, places, new), one_by_one(table, key, value, True))
    device.compare(backend.scatter_set(there, places, new), one_by_one(table, key, value, False))


@pytest.mark.parametrize("key", [(slice(0, 2),), (np.array([1, 3]),), (np.array([1, 1]),)])
def test_scattering_drops_leading_axes_of_length_1_that_have_no_place(
    device: Device, key: Any
) -> None:
    table, values = np.zeros(4), np.array([[2.0, 3.0]])
    there, places, new = device.put((table, key, values))
    backend = device.backend
    added, replaced = (one_by_one(table, key, values[0], adding) for adding in (True, False))
    device.compare(backend.scatter_add(there, places, new), added)
    device.compare(backend.scatter_set(there, places, new), replaced)


@pytest.mark.parametrize(
    ("shape", "key", "values"),
    [
        ((4, 3), (1, np.array([0, 2])), (1, 2)),
        ((2, 3, 2), (np.array([[True, False, True], [False, True, False]]),), (1, 3, 2)),
        ((4, 2, 3), (np.array([0, 0]),), (2, 3)),
    ],
    ids=["an axis too many", "an axis too many for a mask", "an axis too few"],
)
def test_replacing_broadcasts_values_of_more_or_fewer_axes(
    device: Device, shape: tuple[int, ...], key: Any, values: tuple[int, ...]
) -> None:
    table, new = draw(shape, "float64", 1), draw(values, "float64", 2)
    expected = table.copy()
    expected[key] = new
    there, places, spread = device.put((table, key, new))
    device.compare(device.backend.scatter_set(there, places, spread), expected)


def test_of_many_values_for_one_place_the_last_is_kept(device: Device) -> None:
    places, values = np.zeros(5000, dtype=np.int64), np.arange(5000.0)
    places[::7] = 1
    table, key, new = device.put((np.zeros(3), (places,), values))
    found = device.backend.scatter_set(table, key, new)
    device.compare(found, [4999.0, float(np.flatnonzero(places == 1)[-1]), 0.0])


def test_many_values_for_few_places_add_up(device: Device) -> None:
    random = np.random.default_rng(0)
    places, values = random.integers(0, 7, 3000), random.normal(size=(3000, 2))
    expected = np.stack([np.bincount(places, column, 7) for column in values.T], axis=1)
    table, key, new = device.put((np.zeros((7, 2)), (places,), values))
    device.compare(device.backend.scatter_add(table, key, new), expected)


def test_a_place_outside_of_an_axis_is_an_error_where_it_is_a_python_number(
    device: Device,
) -> None:
    with pytest.raises(IndexError):
        _ = device.put(np.zeros(3))[(5,)]
