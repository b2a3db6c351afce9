"""Modules travel as state: what is in it, what is taken over, what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn

T = tg.Tensor


class Block(nn.Module):
    """A parameter in float64, and a buffer in float32."""

    def __init__(self) -> None:
        self.w = T(np.arange(2.0), requires_grad=True)
        self.seen = T([0.0])


def test_state_travels_between_models() -> None:
    tg.seed(1)
    one = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    two = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    state = one.state_dict()
    assert set(state) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert all(type(array) is np.ndarray for array in state.values())
    x = np.ones((5, 3), np.float32)
    places = [id(p) for p in two.parameters()]
    two.load_state_dict(state)
    np.testing.assert_array_equal(one(x).numpy(), two(x).numpy())
    assert [id(p) for p in two.parameters()] == places
    assert all(p.requires_grad and p.is_leaf for p in two.parameters())
    state["0.weight"][...] = 0  # the state is a copy
    np.testing.assert_array_equal(one(x).numpy(), two(x).numpy())


def test_state_has_buffers_and_shared_tensors_once() -> None:
    block = Block()
    block.seen.assign([7.0])
    other = Block()
    other.load_state_dict(block.state_dict())
    assert other.seen.tolist() == [7.0]
    shared = Block()
    shared.again = shared.w  # type: ignore[attr-defined]  # set on the fly
    assert list(shared.state_dict()) == ["w", "seen"]


def test_loading_keeps_the_dtype_and_takes_lists_and_tensors() -> None:
    block = Block()
    block.load_state_dict({"w": [3, 4], "seen": T(np.array([5.0]))})
    assert block.w.tolist() == [3.0, 4.0]
    assert block.w.dtype == np.float64
    assert block.seen.tolist() == [5.0]
    assert block.seen.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"2.bias": None}, tg.ArgumentError, "do not fit this Sequential: missing are '2.bias'"),
        ({"extra": np.ones(1)}, tg.ArgumentError, "unknown are 'extra'"),
        ({"0.bias": None, "0.b": np.ones(4)}, tg.ArgumentError, "missing are '0.bias'; unknown"),
        ({"2.bias": np.ones(3)}, tg.ShapeError, r"2.bias has shape \(2,\), the state has \(3,\)"),
        ({"2.bias": np.ones((2, 1))}, tg.ShapeError, r"2.bias has shape \(2,\)"),
        ({"2.bias": np.array(["a", "b"])}, tg.DTypeError, "2.bias has dtype float32, .*<U1"),
        ({"2.bias": np.array([1j, 2j])}, tg.DTypeError, "2.bias has dtype float32, .*complex128"),
        ({"2.bias": [[1.0], 2.0]}, tg.ShapeError, "2.bias"),
        ({"2.bias": [1e300, 0.0]}, tg.DTypeError, r"2.bias .*cannot hold the 1e\+300 of the state"),
    ],
    ids=str,
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(
    change: dict[str, Any], error: type[Exception], text: str
) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    before = model.state_dict()
    state: dict[str, Any] = {name: array + 1 for name, array in before.items()} | change
    state = {name: value for name, value in state.items() if value is not None}
    with pytest.raises(error, match=f"load_state_dict: .*{text}"):
        model.load_state_dict(state)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("state", [None, 3, "w"])
def test_a_state_is_a_dictionary(state: Any) -> None:
    with pytest.raises(
        tg.DTypeError,
        match="load_state_dict: give a dictionary, such as state_dict returns, not something of "
        f"type {type(state).__name__}",
    ):
        Block().load_state_dict(state)


@pytest.mark.parametrize(
    ("dtype", "value", "wanted"),
    [
        ("i1", 300, r"dtype int8, which cannot hold the 300 of the state"),
        ("u1", np.int64(-1), r"dtype uint8, which cannot hold the -1 of the state"),
        ("i8", np.uint64(2**64 - 1), "dtype int64, which cannot hold the 18446744073709551615 of"),
        ("?", 2, "dtype bool, which cannot hold the 2 of the state"),
        ("i4", 1.0, "dtype int32, the state has float64"),
        ("f2", 70000, "dtype float16, which cannot hold the 70000 of the state"),
        ("c8", 1e300j, "dtype complex64, which cannot hold the 1e"),
        ("i1", np.uint8(7), 7),
        ("u8", 7, 7),
        ("f4", True, 1.0),
        ("f4", math.inf, math.inf),
        ("f4", 1e-300, 0.0),
        ("c8", 2.0, 2.0),
    ],
    ids=str,
)
def test_values_are_taken_over_as_they_are_or_refused(
    dtype: str, value: Any, wanted: Any, backend: str
) -> None:
    class Held(nn.Module):
        def __init__(self) -> None:
            self.first = tg.zeros(())
            self.second = T(np.zeros((), dtype))

    model = Held()
    if isinstance(wanted, str):
        with pytest.raises(tg.DTypeError, match=f"load_state_dict: second has {wanted}"):
            model.load_state_dict({"first": 1.0, "second": value})
        assert (model.first.item(), model.second.item()) == (0, 0)
    else:
        model.load_state_dict({"first": 1.0, "second": value})
        assert (model.first.item(), model.second.item()) == (1, wanted)
        assert model.second.dtype == dtype
