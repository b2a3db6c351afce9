"""The digits that are shipped, and the helpers that split and shuffle rows."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tensorgrok as tg
from tensorgrok import data

FOLDER = Path(data.__file__).with_name("datasets")

# Of the values in the order of the original, one byte each: 1797 x 64 pixels from 0 to 16, then
# 1797 labels. Computed from digits.csv.gz as scikit-learn 1.9.1 ships it.
PIXELS_SHA256 = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
LABELS_SHA256 = "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0"


def sha256(array: npt.NDArray[Any]) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def philox_order(seed: int, counter: int, n: int) -> npt.NDArray[np.int64]:
    """The order that a generator of this seed gives n rows, by NumPy alone."""
    words = np.random.Philox(key=[seed, 0], counter=[counter, 0, 0, 0]).random_raw(n)
    return np.argsort(words, kind="stable")


# The digits ------------------------------------------------------------------------------------


def test_digits_have_shape_and_range() -> None:
    images, labels = data.load_digits()
    assert images.shape == (1797, 64)
    assert images.dtype == np.float32
    assert images.min() == 0
    assert images.max() == 1
    assert labels.shape == (1797,)
    assert labels.dtype == np.int64
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(labels).tolist() == counts


def test_digits_are_those_of_the_original() -> None:
    images, labels = data.load_digits()
    sixteenths = images * 16
    pixels = sixteenths.astype(np.uint8)
    assert np.array_equal(pixels, sixteenths), "scaling lost something"
    assert sha256(pixels) == PIXELS_SHA256
    assert sha256(labels.astype(np.uint8)) == LABELS_SHA256


def test_rows_of_pixels_run_from_top_to_bottom() -> None:
    images, labels = data.load_digits()
    drawn = ["".join(".#"[int(v > 0.4)] for v in row) for row in images[0].reshape(8, 8)]
    assert labels[0] == 0
    assert drawn == [
        *("...##...", "..####..", "..#..##.", "..#..##."),
        *("..#..##.", "..#..##.", "..#.##..", "...##..."),
    ]


def test_each_load_gives_arrays_of_its_own() -> None:
    images, labels = data.load_digits()
    images[:], labels[:] = 7, 7
    again, names = data.load_digits()
    assert again.max() == 1
    assert names[0] == 0


def test_stored_file_is_small_and_needs_no_pickle() -> None:
    path = FOLDER / "digits.npz"
    assert path.stat().st_size < 50_000
    with np.load(path, allow_pickle=False) as stored:
        assert sorted(stored) == ["images", "labels"]
        assert stored["images"].dtype == stored["labels"].dtype == np.uint8
        assert stored["images"].shape == (1797, 8, 8)


def test_licence_of_the_digits_is_beside_them() -> None:
    text = (FOLDER / "LICENSE").read_text(encoding="utf-8")
    for word in (
        *("digits.npz", "E. Alpaydin", "C. Kaynak", "10.24432/C50P49"),
        *("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/", "re-encoded"),
    ):
        assert word in text


# Splitting -------------------------------------------------------------------------------------


def test_split_holds_out_the_first_rows_of_the_generators_order() -> None:
    rows = np.arange(1797) * 10
    learn, held_out = data.split((rows,), 0.2, tg.Generator(5))
    order = philox_order(5, 0, 1797)
    assert np.array_equal(held_out[0], order[:359] * 10)
    assert np.array_equal(learn[0], order[359:] * 10)


def test_split_keeps_rows_together_and_loses_none() -> None:
    names = np.arange(50)
    values = np.stack([names * 2, names * 3], axis=1)
    for part in data.split((names, values), 0.3, tg.Generator(1)):
        assert np.array_equal(part[1], np.stack([part[0] * 2, part[0] * 3], axis=1))
    learn, held_out = data.split((names, values), 0.3, tg.Generator(1))
    assert held_out[0].shape == (15,)
    assert sorted([*learn[0], *held_out[0]]) == list(range(50))


def test_split_gives_copies() -> None:
    rows = np.arange(10.0)
    learn, _ = data.split((rows,), 0.5, tg.Generator(0))
    learn[0][:] = -1
    assert rows.min() == 0


def test_split_draws_from_the_default_generator_unless_given_one() -> None:
    tg.seed(3)
    first = data.split((np.arange(40),), 0.5)[1][0]
    again = data.split((np.arange(40),), 0.5)[1][0]
    assert first.tolist() == philox_order(3, 0, 40)[:20].tolist()
    assert again.tolist() == philox_order(3, 10, 40)[:20].tolist()


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 1.5, float("nan"), float("inf")])
def test_split_refuses_a_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(tg.ArgumentError, match="fraction must be more than 0 and less than 1, got"):
        data.split((np.arange(5),), fraction)


@pytest.mark.parametrize(("rows", "fraction"), [(3, 0.1), (3, 0.9), (1, 0.5), (0, 0.5)])
def test_split_refuses_to_leave_a_part_empty(rows: int, fraction: float) -> None:
    with pytest.raises(tg.ArgumentError, match=f"{fraction} of {rows} rows would leave one part"):
        data.split((np.arange(rows),), fraction)


@pytest.mark.parametrize("fraction", ["0.2", None, True])
def test_split_refuses_a_fraction_that_is_no_number(fraction: Any) -> None:
    with pytest.raises(tg.DTypeError, match="split: fraction must be a number, got"):
        data.split((np.arange(5),), fraction)


# Batches ---------------------------------------------------------------------------------------


def test_batches_follow_the_generators_order_and_the_last_may_be_smaller() -> None:
    rows = np.arange(10) * 7
    found = [x.tolist() for (x,) in data.batches((rows,), 4, tg.Generator(11))]
    order = (philox_order(11, 0, 10) * 7).tolist()
    assert found == [order[:4], order[4:8], order[8:]]


def test_one_generator_gives_each_epoch_another_order_and_one_seed_the_same_epochs() -> None:
    def epochs(seed: int) -> list[list[int]]:
        generator = tg.Generator(seed)
        return [
            [int(i) for (x,) in data.batches((np.arange(30),), 7, generator) for i in x]
            for _ in range(3)
        ]

    first, second, third = epochs(2)
    assert sorted(first) == sorted(second) == list(range(30))
    assert first != second != third != first
    assert epochs(2) == [first, second, third]
    assert epochs(3) != [first, second, third]


def test_batches_draw_from_the_default_generator_unless_given_one() -> None:
    tg.seed(8)
    ((found,),) = data.batches((np.arange(6),), 6)
    assert found.tolist() == philox_order(8, 0, 6).tolist()


def test_order_is_drawn_when_batches_is_called() -> None:
    generator = tg.Generator(4)
    later = data.batches((np.arange(9),), 9, generator)
    sooner = data.batches((np.arange(9),), 9, generator)
    assert next(sooner)[0].tolist() == philox_order(4, 3, 9).tolist()
    assert next(later)[0].tolist() == philox_order(4, 0, 9).tolist()


def test_without_shuffling_rows_keep_their_order_and_nothing_is_drawn() -> None:
    generator = tg.Generator(0)
    found = [x.tolist() for (x,) in data.batches((np.arange(5),), 3, generator, shuffle=False)]
    assert found == [[0, 1, 2], [3, 4]]
    assert repr(generator) == "Generator(seed=0, used=0)"


def test_drop_last_leaves_out_only_a_batch_that_is_smaller() -> None:
    def lengths(rows: int, size: int) -> list[int]:
        made = data.batches((np.arange(rows),), size, shuffle=False, drop_last=True)
        return [len(x) for (x,) in made]

    assert lengths(10, 4) == [4, 4]
    assert lengths(8, 4) == [4, 4]
    assert lengths(3, 4) == []


def test_batch_larger_than_the_data_is_all_of_it() -> None:
    ((found,),) = data.batches((np.arange(3),), 10**30, shuffle=False)
    assert found.tolist() == [0, 1, 2]


@given(st.integers(0, 60), st.integers(1, 70), st.integers(0, 2**32), st.booleans())
@settings(max_examples=60, deadline=None)
def test_batches_hand_out_every_row_once_with_its_partner(
    rows: int, size: int, seed: int, drop_last: bool
) -> None:
    names = np.arange(rows)
    seen: list[int] = []
    for a, b in data.batches((names, names + 0.5), size, tg.Generator(seed), drop_last=drop_last):
        assert 0 < len(a) <= size
        assert np.array_equal(a + 0.5, b)
        seen += a.tolist()
    assert len(set(seen)) == len(seen) == (rows - rows % size if drop_last else rows)


def test_tensors_are_split_and_batched_as_tensors_in_the_same_order(backend: str) -> None:
    rows = np.arange(12.0).reshape(6, 2)
    tensor = tg.Tensor(rows)
    learn, held_out = data.split((tensor,), 1 / 3, tg.Generator(9))
    order = philox_order(9, 0, 6)
    assert np.array_equal(held_out[0].numpy(), rows[order[:2]])
    assert learn[0].backend.name == backend
    found = [x.numpy() for (x,) in data.batches((tensor,), 4, tg.Generator(9))]
    assert np.array_equal(np.concatenate(found), rows[order])


def test_gradients_pass_through_batches() -> None:
    table = tg.Tensor(np.zeros((5, 2)), requires_grad=True)
    for part, weight in data.batches((table, np.arange(5.0)), 2, tg.Generator(0)):
        (part * weight[:, None]).sum().backward()
    assert table.grad is not None
    assert table.grad.tolist() == [[float(i), float(i)] for i in range(5)]


@pytest.mark.parametrize("size", [0, -1, np.int64(0)])
def test_batches_refuses_a_size_below_one_at_once(size: int) -> None:
    with pytest.raises(tg.ArgumentError, match="batches: size must be at least 1, got"):
        data.batches((np.arange(5),), size)


@pytest.mark.parametrize("size", [2.0, "2", None, True])
def test_batches_refuses_a_size_that_is_no_integer_at_once(size: Any) -> None:
    with pytest.raises(tg.DTypeError, match="batches: size must be an integer, got"):
        data.batches((np.arange(5),), size)


# What both refuse ------------------------------------------------------------------------------


def test_unequal_lengths_are_refused_with_names_and_shapes() -> None:
    images, labels = np.zeros((4, 2), np.float32), np.zeros(5, np.int64)
    seen = r"'images' \(float32, shape \(4, 2\)\), 'labels' \(int64, shape \(5,\)\)"
    with pytest.raises(tg.ShapeError, match="batches: the arrays must have equally .*" + seen):
        data.batches((images, labels), 2)
    with pytest.raises(tg.ShapeError, match="split: the arrays must have equally .*" + seen):
        data.split((images, labels), 0.5)


def test_arrays_without_rows_are_refused() -> None:
    with pytest.raises(tg.ShapeError, match=r"batches: .*0-d and has no rows"):
        data.batches((np.float32(1.0),), 2)


def test_lists_in_place_of_arrays_are_refused() -> None:
    with pytest.raises(tg.DTypeError, match=r"item 1 is a list, not an array.*numpy\.asarray"):
        data.batches((np.arange(2), [1, 2]), 2)


@pytest.mark.parametrize("arrays", [np.arange(4), [np.arange(4)], tg.Tensor([1.0])])
def test_arrays_outside_a_tuple_are_refused(arrays: Any) -> None:
    with pytest.raises(tg.DTypeError, match=r"give a tuple of arrays, such as \(images, labels\)"):
        data.batches(arrays, 2)


def test_empty_tuple_is_refused() -> None:
    with pytest.raises(tg.DTypeError, match=r"give a tuple of arrays, .* not an empty one"):
        data.split((), 0.2)


@pytest.mark.parametrize("generator", [5, np.random.default_rng(0)])
def test_generators_of_others_are_refused(generator: Any) -> None:
    with pytest.raises(tg.DTypeError, match=r"generator must be .* tensorgrok\.Generator\(seed\)"):
        data.batches((np.arange(4),), 2, generator)
