"""Between host and device: what is brought, read back, owned, shared and copied."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend
from tensorgrok.testing.backend_contract.helpers import Device, draw

DTYPES = (
    "bool",
    "uint8",
    "int32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex128",
)


def test_it_is_a_backend_that_goes_by_the_name_it_is_registered_under(device: Device) -> None:
    assert isinstance(device.backend, Backend)
    assert device.backend.name == device.asked
    assert get_backend(device.asked) is device.backend
    assert isinstance(device.backend.features, frozenset)
    assert isinstance(device.backend.device, str)


def test_a_diagnosis_is_text(device: Device) -> None:
    facts, step = device.backend.diagnose()
    assert all(isinstance(word, str) for fact in facts for word in fact)
    assert isinstance(step, str)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,), (2, 0, 3)])
def test_arrays_come_back_as_they_went(device: Device, shape: tuple[int, ...], dtype: str) -> None:
    host = draw(shape, dtype)
    array: Any = device.backend.asarray(host)
    assert device.backend.owns(array)
    assert array.dtype == host.dtype
    assert tuple(array.shape) == shape
    back = device.host(array)
    assert type(back) is np.ndarray
    np.testing.assert_array_equal(back, host)


@pytest.mark.parametrize(
    "host",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(2, 6)[:, ::-2],
        np.broadcast_to(np.arange(3.0), (2, 3)),
    ],
    ids=["transposed", "column-major", "backwards", "broadcast"],
)
def test_arrays_of_any_memory_layout_come_over(device: Device, host: Any) -> None:
    array = device.backend.asarray(host)
    np.testing.assert_array_equal(device.host(array), host)
    owned = device.backend.own(array, shared=True)
    np.testing.assert_array_equal(device.host(owned), host)


def test_numbers_come_over_and_dtypes_can_be_chosen(device: Device) -> None:
    assert tuple(device.backend.asarray(3).shape) == ()
    assert device.backend.asarray(3).dtype == np.int64
    assert device.backend.asarray(2.5).dtype == np.float64
    assert device.backend.asarray(2.5, np.float32).dtype == np.float32
    cast = device.backend.asarray(device.put(np.array([1.5, 2.5])), np.float32)
    assert cast.dtype == np.float32
    np.testing.assert_array_equal(device.host(cast), [1.5, 2.5])


def test_what_was_copied_does_not_follow_its_source(device: Device) -> None:
    host = np.array([1.0, 2.0])
    copied = device.backend.asarray(host, copy=True)
    host[:] = 9
    np.testing.assert_array_equal(device.host(copied), [1, 2])
    again = device.backend.asarray(copied, copy=True)
    assert again is not copied


def test_what_was_read_back_is_a_writable_copy(device: Device) -> None:
    array = device.put(np.broadcast_to(np.arange(3.0), (2, 3)))
    host = device.host(array)
    host[...] = 9
    np.testing.assert_array_equal(device.host(array), [[0, 1, 2], [0, 1, 2]])


@pytest.mark.parametrize("value", [True, 3, 2.5, 1 - 2j])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_item_is_a_python_number(device: Device, shape: tuple[int, ...], value: Any) -> None:
    item = device.backend.item(device.put(np.full(shape, value)))
    assert item == value
    assert type(item) is type(value)


def test_it_owns_its_own_arrays_and_nothing_else(device: Device) -> None:
    assert device.backend.owns(device.put(np.array(1.0)))
    for value in (1.0, [1.0], "1.0", None, np.float64(1.0), object()):
        assert not device.backend.owns(value)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("shape", [(2, 3), (), (0, 2)])
def test_own_keeps_the_values(device: Device, shape: tuple[int, ...], shared: bool) -> None:
    host = draw(shape, float)
    array = device.put(host)
    owned = device.backend.own(array, shared)
    np.testing.assert_array_equal(device.host(owned), host)
    if shared:
        assert owned is not array


def test_waiting_for_the_device_works(device: Device) -> None:
    device.backend.synchronize()


def test_tensors_are_pickled_with_their_backend(on_device: Device) -> None:
    tensor = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    copy = pickle.loads(pickle.dumps(tensor))
    assert copy.backend is on_device.backend
    assert (copy.tolist(), copy.requires_grad, copy.name) == ([1.0, 2.0], True, "w")
