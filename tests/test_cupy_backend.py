"""The CuPy backend on a fake of CuPy: what crosses, what waits, what is refused.

A fake is no evidence of what a GPU does; ``test_gpu`` is for that.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn, optim, registry
from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend
from tensorgrok.testing import no_sync
from tests.fakes.cupy import install
from tests.fakes.state import Fake

pytest.importorskip("array_api_compat", reason="array-api-compat, which the fake needs, is missing")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    monkeypatch.setattr(registry, "_made", {"numpy": get_backend("numpy")})
    return install(monkeypatch)


@pytest.fixture
def gpu(fake: Fake) -> Backend:
    return get_backend("cupy")


def test_bringing_an_array_over_waits_for_nothing(gpu: Backend, fake: Fake) -> None:
    before = fake.uploads, fake.synchronisations
    gpu.asarray(np.ones(3))
    assert (fake.uploads, fake.synchronisations) == (before[0] + 1, before[1])


@pytest.mark.parametrize("view", [lambda a: a, lambda a: a[::2], lambda a: a.reshape(2, 4).T])
def test_a_pinned_array_is_waited_for_since_it_is_read_where_it_lies(
    gpu: Backend, fake: Fake, view: Any
) -> None:
    pinned = importlib.import_module("cupyx").empty_pinned((8,), dtype=np.float32)
    before = fake.synchronisations
    gpu.asarray(view(pinned))
    assert fake.synchronisations == before + 1


def test_reading_back_waits_once(gpu: Backend, fake: Fake) -> None:
    array = gpu.asarray(np.ones(3))
    before = fake.synchronisations
    gpu.to_numpy(array)
    gpu.item(array[:1])
    gpu.synchronize()
    assert fake.synchronisations == before + 3


@pytest.mark.parametrize("dtype", ["longdouble", "clongdouble", "U3", "M8[s]", "O"])
def test_dtypes_that_cupy_lacks_are_refused_by_name(gpu: Backend, dtype: str) -> None:
    with pytest.raises(tg.DTypeError, match=r"CuPy has no dtype .*; cast to float64, complex128"):
        gpu.asarray(np.zeros(2, dtype=dtype))


def test_a_step_with_all_that_usual_steps_have_waits_for_nothing(gpu: Backend, fake: Fake) -> None:
    with tg.use_backend("cupy"):
        model = nn.Sequential(
            nn.Embedding(7, 4), nn.Linear(4, 6), nn.GELU(), nn.Dropout(0.5), nn.Linear(6, 3)
        )
        optimizer = optim.Adam(model.parameters(), 0.01)
        words, labels = tg.Tensor([1, 2, 1, 6]), tg.Tensor([0, 2, 1, 1])

        def step() -> tg.Tensor:
            optimizer.zero_grad()
            loss = nn.cross_entropy(model(words), labels) + tg.sign(model[1].weight).sum() * 0
            loss.backward()
            optim.clip_grad_norm(model.parameters(), 1.0)
            optimizer.step()
            return loss

        step()
        before = fake.synchronisations
        with no_sync(gpu):
            loss = step()
        assert fake.synchronisations == before
        assert np.isfinite(loss.item())


def test_what_arrays_do_unasked_is_refused_within_no_sync(gpu: Backend) -> None:
    array = gpu.asarray(np.ones(3))
    with no_sync(gpu), pytest.raises(RuntimeError, match="synchronization was detected"):
        float(array[0])
    assert float(array[0]) == 1.0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_error_function_keeps_the_dtype(gpu: Backend, dtype: Any) -> None:
    found = gpu.erf(gpu.asarray(np.array([0.5], dtype=dtype)))
    assert found.dtype == dtype


def test_logic_takes_complex_numbers_as_numpy_does(gpu: Backend) -> None:
    z, w = np.array([0, 1j, 2], dtype=np.complex64), np.array([1, 0, 3], dtype=np.complex64)
    with tg.use_backend("cupy"):
        x, y = tg.Tensor(z), tg.Tensor(w)
        assert tg.logical_not(x).tolist() == np.logical_not(z).tolist()
        for name in ("logical_and", "logical_or", "logical_xor"):
            assert getattr(tg, name)(x, y).tolist() == getattr(np, name)(z, w).tolist()


def test_dtypes_are_those_that_the_arrays_have(gpu: Backend) -> None:
    with tg.use_backend("cupy"):
        z = tg.Tensor(np.array([1 + 1j, np.nan], dtype=np.complex64))
        found = tg.nan_to_num(z)
        assert found.dtype == found.data.dtype == np.complex64
        with pytest.raises(tg.DTypeError, match="truth values have no sign; cast with astype"):
            tg.sign(tg.Tensor([True]))


def test_own_copies_only_what_somebody_else_may_hold(gpu: Backend) -> None:
    array = gpu.asarray(np.arange(6.0).reshape(2, 3))
    assert gpu.own(array, shared=False) is array
    assert gpu.own(array, shared=True) is not array
    for view in (array.T, array[:, ::2], array[0]):
        owned = gpu.own(view, shared=False)
        assert owned.flags.c_contiguous
        assert owned is not view
        np.testing.assert_array_equal(gpu.to_numpy(owned), gpu.to_numpy(view))


def test_a_large_update_is_made_in_place(gpu: Backend) -> None:
    w, x, g = (gpu.asarray(np.ones(shape, np.float32)) for shape in ((40, 30), (5, 40), (5, 30)))
    assert gpu.rank_update(w, x, g, -0.5, 1.0) is w
    np.testing.assert_array_equal(gpu.to_numpy(w), np.full((40, 30), -1.5, np.float32))


def test_it_says_what_it_is(gpu: Backend) -> None:
    assert gpu.name == "cupy"
    assert "compute capability" in gpu.device
    assert repr(gpu) == "<CuPyBackend 'cupy'>"
    assert {"host"}.isdisjoint(gpu.features)
    assert "out" in gpu.features
