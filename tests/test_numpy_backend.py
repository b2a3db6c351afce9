"""What the NumPy backend does otherwise than NumPy: the same, but faster."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tensorgrok_numpy._functions import MANY

from tensorgrok.registry import get_backend

where = get_backend("numpy").xp.where
SPECIAL = [np.inf, -np.inf, np.nan, -0.0, 0.0, 1.5, -2.5]


@pytest.mark.parametrize("size", [0, 1, MANY - 1, MANY, 3 * MANY + 1])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "c8", "i4"])
def test_where_keeps_the_bits_of_what_it_keeps(dtype: str, size: int) -> None:
    random = np.random.default_rng(size)
    values = random.choice(np.arange(-3, 4) if dtype == "i4" else SPECIAL, size).astype(dtype)
    condition = random.uniform(size=size) < 0.5
    found, expected = where(condition, values, 0), np.where(condition, values, 0)
    assert found.dtype == expected.dtype
    assert found.tobytes() == expected.tobytes() or dtype == "g"  # those have bytes without meaning
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("condition", "values", "other"),
    [
        (np.arange(MANY) % 3 == 0, np.linspace(-1, 1, 2 * MANY)[::2], 0),
        ((np.arange(2 * MANY) % 3 == 0)[::2], np.linspace(-1, 1, MANY), 0),
        (np.arange(MANY) % 3 == 0, np.linspace(-1, 1, MANY), 0.5),
        (np.arange(MANY) % 3 == 0, np.linspace(-1, 1, MANY), np.ones(MANY)),
        (np.arange(64)[:, None] % 3 == 0, np.ones((64, 64)), 0),
        (np.arange(MANY) % 3, np.linspace(-1, 1, MANY), 0),
        (np.bool_(True), np.linspace(-1, 1, MANY), 0),
    ],
    ids=["strided values", "strided condition", "not 0", "array", "broadcast", "integers", "0-d"],
)
def test_where_of_what_does_not_fit_is_that_of_numpy(
    condition: Any, values: Any, other: Any
) -> None:
    np.testing.assert_array_equal(
        where(condition, values, other), np.where(condition, values, other), strict=True
    )


def test_where_leaves_its_operands_alone() -> None:
    condition, values = np.arange(MANY) % 2 == 0, np.ones(MANY)
    where(condition, values, 0)
    assert values.all()
    assert condition.tolist() == (np.arange(MANY) % 2 == 0).tolist()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "i4", "u1", "?"])
@pytest.mark.parametrize("other", [0, 0.0, -1, 1.5])
def test_maximum_with_a_number_is_that_of_numpy(dtype: str, other: float) -> None:
    maximum = get_backend("numpy").xp.maximum
    x = (
        np.array([-1.5, -0.0, 0.0, 2.5, 1.0]).astype(dtype, casting="unsafe")
        if dtype != "u1"
        else (np.arange(5, dtype="u1"))
    )
    if dtype == "u1" and other == -1:
        return
    found, expected = maximum(x, other), np.maximum(x, other)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(maximum(np.array([np.nan]), other)).all()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "i4", "?"])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), ()])
def test_mean_is_that_of_numpy(dtype: str, axis: Any) -> None:
    mean = get_backend("numpy").xp.mean
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(dtype)
    for keepdims in (False, True):
        found = mean(x, axis=axis, keepdims=keepdims)
        expected = np.mean(x, axis=axis, keepdims=keepdims)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6, strict=True)


def test_mean_of_many_halves_does_not_overflow() -> None:
    halves = np.full(100_000, 60.0, dtype=np.float16)
    assert get_backend("numpy").xp.mean(halves, axis=None, keepdims=False) == 60
