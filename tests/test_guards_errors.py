"""Arguments just beyond what is taken, and the slow ways of updates: errors and their edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, optim, updating


def test_negative_lengths_of_parts_are_refused_though_the_sum_fits(backend: str) -> None:
    text = r"^split: parts of lengths \(4, -1\) do not make up an axis of length 3"
    with pytest.raises(tg.ArgumentError, match=text):
        tg.split(Tensor([1.0, 2.0, 3.0]), (4, -1))
    assert [part.tolist() for part in tg.split([1, 2, 3], (3, 0))] == [[1, 2, 3], []]


def test_a_mean_of_more_axes_than_the_draws_is_refused(backend: str) -> None:
    text = r"^normal: .* does not broadcast to \(3,\), the shape of the draws"
    for mean in (tg.zeros((2, 3)), tg.zeros((1, 3))):
        with pytest.raises(tg.ShapeError, match=text):
            tg.normal((3,), mean=mean)
    assert tg.normal((2, 3), mean=tg.zeros(3)).shape == (2, 3)


def test_a_float_is_no_axis_for_numpys_sort_even_where_it_equals_the_default(backend: str) -> None:
    t: Any = Tensor([2.0, 1.0])
    axis: Any
    for axis in (-1.0, np.float64(-1)):
        with pytest.raises(tg.DTypeError, match=r"^sort: .*: an axis is an integer, not .*-1\.0"):
            np.sort(t, axis=axis)
    assert np.sort(t, axis=-1).tolist() == [1.0, 2.0]


def test_numpys_arrays_of_floats_are_no_shifts(backend: str) -> None:
    t: Any = Tensor([1.0, 2.0, 3.0])
    shift: Any
    for shift in (np.array(1.5), np.array(1.0), np.array(True)):
        with pytest.raises(tg.DTypeError, match=r"^roll: a shift is an integer or a tuple of inte"):
            np.roll(t, shift)
    assert np.roll(t, np.array(1)).tolist() == [3.0, 1.0, 2.0]


def test_numpys_arrays_of_booleans_are_no_places_to_cut(backend: str) -> None:
    t: Any = Tensor([1.0, 2.0, 3.0])
    places: Any = np.array([True])
    with pytest.raises(tg.DTypeError, match=r"^split: sections is an integer or a tuple of integ"):
        np.split(t, places)
    assert [part.tolist() for part in np.split(t, np.array([1]))] == [[1.0], [2.0, 3.0]]


@pytest.mark.parametrize("k", [2, 3, 10**30, -2, -(10**30)])
def test_a_diagonal_outside_of_the_matrix_leaves_zeros(k: int, backend: str) -> None:
    assert tg.eye(2, k=k).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_subscripts_need_no_more_letters_than_there_are(backend: str) -> None:
    fits, exceeds = (np.ones((1,) * axes) for axes in (52, 53))
    assert tg.einsum("a...->...a", Tensor(fits)).shape == (1,) * 52
    with pytest.raises(
        tg.ArgumentError, match=r"^einsum: 'a\.\.\.->\.\.\.a' needs more than 51 further letters"
    ):
        tg.einsum("a...->...a", Tensor(exceeds))


def _trained(optimizer: optim.Adam, parameters: list[Tensor]) -> None:
    random = np.random.default_rng(1)
    for _ in range(2):
        for parameter in parameters:
            gradient = random.normal(size=parameter.shape)
            parameter.grad = Tensor(gradient, backend=parameter.backend)
        optimizer.step()


@pytest.mark.parametrize("make", [optim.Adam, optim.AdamW])
def test_updates_off_the_host_are_never_cut_into_blocks(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "LARGE_UPDATE", 8)
    monkeypatch.setattr(updating, "UPDATE_BLOCK", 2)
    shapes = [(5,), (2, 3)]
    parameters = [Tensor(np.ones(s), requires_grad=True, backend="strict") for s in shapes]
    optimizer = make(parameters)
    forward, seen = optimizer._card.forward, []

    def counted(xp: Any, *operands: Any) -> Any:
        seen.append(operands[0].shape)
        return forward(xp, *operands)

    monkeypatch.setattr(optimizer._card, "forward", counted)
    _trained(optimizer, parameters)
    assert seen == shapes * 2


@pytest.mark.parametrize("loaded", [True, False], ids=["loaded", "as it is"])
def test_moments_in_any_memory_layout_are_updated_in_blocks(
    loaded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = np.random.default_rng(0).uniform(0.5, 1.0, (2, 3, 4))

    def trained() -> list[Any]:
        w = Tensor(np.ones((4, 3)), requires_grad=True)
        optimizer = optim.Adam([w], lr=0.1)
        for name, moment in zip(("mean", "square"), moments, strict=True):
            if loaded:
                optimizer.load_state_dict(optimizer.state_dict() | {f"0.{name}": moment.T})
            else:
                optimizer._private[name][0] = Tensor(moment.T.copy("K"), copy=False)
        _trained(optimizer, [w])
        state = optimizer.state_dict()
        return [w.numpy(), *(np.asarray(state[f"0.{name}"]) for name in ("mean", "square"))]

    whole = trained()
    monkeypatch.setattr(updating, "LARGE_UPDATE", 8)
    monkeypatch.setattr(updating, "UPDATE_BLOCK", 5)
    for blocked, expected in zip(trained(), whole, strict=True):
        np.testing.assert_array_equal(blocked, expected)
