"""The CuPy backend on a fake of CuPy: faults that tests once missed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tensorgrok import registry
from tensorgrok.backend import Backend
from tensorgrok.cli import doctor
from tensorgrok.registry import get_backend
from tensorgrok.testing import no_sync
from tests.fakes.cupy import install
from tests.fakes.state import Fake
from tests.test_cupy_detection import SHOW, detect, in_a_process, refused

pytest.importorskip("array_api_compat", reason="array-api-compat, which the fake needs, is missing")


@pytest.fixture(autouse=True)
def _fresh_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_made", {"numpy": get_backend("numpy")})
    monkeypatch.setattr(registry, "_warned", set())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    return install(monkeypatch)


@pytest.fixture
def gpu(fake: Fake) -> Backend:
    return get_backend("cupy")


# Arrays and products -----------------------------------------------------------------------------


def test_own_turns_column_major_memory_into_row_major(gpu: Backend) -> None:
    columns = importlib.import_module("cupy").asfortranarray(gpu.asarray(np.ones((2, 3))))
    assert columns.base is None
    assert gpu.own(columns, shared=False).flags.c_contiguous


def test_after_an_error_within_no_sync_arrays_are_read_again(gpu: Backend) -> None:
    array = gpu.asarray(np.ones(3))
    with pytest.raises(ZeroDivisionError) as caught, no_sync(gpu):
        _ = 1 / 0
    assert float(array[0]) == 1.0
    assert caught.tb is not None  # whose frames are alive until here


def test_the_device_that_it_names_is_the_current_one(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = importlib.import_module("cupy").cuda
    find = cuda.runtime.getDeviceProperties
    asked: list[int] = []

    def properties(number: int) -> Any:
        asked.append(number)
        return find(0)

    monkeypatch.setattr(cuda.runtime, "getDeviceProperties", properties)
    monkeypatch.setattr(cuda, "Device", lambda: SimpleNamespace(id=3))
    get_backend("cupy")
    assert set(asked) == {3}


PRODUCTS: Any = [
    ("vecmat", (4,), (4, 3), (3,)),
    ("vecmat", (5, 4), (4, 3), (5, 3)),
    ("vecmat_dx", (5, 3), (4, 3), (5, 4)),
    ("vecmat_dw", (5, 4), (5, 3), (4, 3)),
]


@pytest.mark.parametrize(("name", "first", "second", "shape"), PRODUCTS)
def test_an_out_with_gaps_gets_the_right_values(
    gpu: Backend, name: str, first: Any, second: Any, shape: Any
) -> None:
    one, two = (np.random.default_rng(i).normal(size=s) for i, s in enumerate((first, second)))
    product, operands = getattr(gpu, name), (gpu.asarray(one), gpu.asarray(two))
    expected = gpu.to_numpy(product(*operands))
    out = gpu.asarray(np.zeros((*shape[:-1], 2 * shape[-1])))[..., ::2]
    assert product(*operands, out) is out
    np.testing.assert_array_equal(gpu.to_numpy(out), expected)


@pytest.mark.parametrize(("name", "first", "second", "shape"), PRODUCTS)
def test_an_out_of_another_dtype_is_cast_to(
    gpu: Backend, name: str, first: Any, second: Any, shape: Any
) -> None:
    one, two = gpu.asarray(np.ones(first, np.float32)), gpu.asarray(np.ones(second, np.float32))
    expected = gpu.to_numpy(getattr(gpu, name)(one, two))
    out = gpu.asarray(np.zeros(shape, np.float64))
    assert getattr(gpu, name)(one, two, out) is out
    np.testing.assert_array_equal(gpu.to_numpy(out), expected)


@pytest.mark.parametrize("turn", [False, True])
def test_an_out_that_is_an_operand_gets_the_right_values(gpu: Backend, turn: bool) -> None:
    x, w = (np.random.default_rng(i).normal(size=(4, 4)) for i in range(2))
    for name, expected in (("vecmat", x @ w), ("vecmat_dx", x @ w.T), ("vecmat_dw", x.T @ w)):
        operands = [gpu.asarray(x), gpu.asarray(w)]
        found = getattr(gpu, name)(*operands, operands[turn])
        np.testing.assert_allclose(gpu.to_numpy(found), expected, err_msg=name)


@pytest.mark.parametrize("lead", [(), (5,), (2, 3)])
def test_operands_of_two_dtypes_are_multiplied_in_the_wider(gpu: Backend, lead: Any) -> None:
    x, w = np.full((*lead, 4), 0.5, np.float32), np.full((4, 3), 0.1)
    for one, two in ((x, w), (x.astype(float), w.astype(np.float32))):
        found = gpu.vecmat(gpu.asarray(one), gpu.asarray(two))
        assert found.dtype == np.float64
        np.testing.assert_allclose(gpu.to_numpy(found), one @ two)


def test_a_rank_update_reads_rows_with_gaps_right(gpu: Backend) -> None:
    block = np.random.default_rng(0).normal(size=(4, 6))
    there = gpu.asarray(block)
    w, x, g = np.ones((4, 4)), block[:, 1], block[:, 4]
    for one, two in (
        (there[:, 1], gpu.asarray(g.copy())),
        (gpu.asarray(x.copy()), there[:, 4]),
    ):
        updated = gpu.rank_update(gpu.asarray(w), one, two, -0.5, 1.0)
        np.testing.assert_allclose(gpu.to_numpy(updated), w - 0.5 * np.outer(x, g))


@pytest.mark.parametrize("which", ["x", "g"])
def test_a_rank_update_of_an_operand_reads_it_before_it_writes(gpu: Backend, which: str) -> None:
    w, other = (np.random.default_rng(i).normal(size=(4, 4)) for i in range(2))
    there = gpu.asarray(w)
    operands = (there, gpu.asarray(other)) if which == "x" else (gpu.asarray(other), there)
    expected = w + (w.T @ other if which == "x" else other.T @ w)
    updated = gpu.rank_update(there, *operands, 1.0, 1.0)
    np.testing.assert_allclose(gpu.to_numpy(updated), expected)


KEYS: list[tuple[tuple[int, ...], Any, tuple[int, ...]]] = [
    ((4, 3), (1, np.array([0, 2])), (1, 2)),
    ((4, 2, 3), (np.array([0, 0]),), (2, 3)),
    ((4,), (slice(1, 3), None), (2, 1)),
    ((4,), (np.array([0, 0]), None), (2, 1)),
]


@pytest.mark.parametrize(("shape", "key", "values"), KEYS)
def test_scattering_takes_keys_of_integers_arrays_and_none(
    gpu: Backend, shape: tuple[int, ...], key: Any, values: tuple[int, ...]
) -> None:
    table, new = np.zeros(shape), np.random.default_rng(0).normal(size=values)
    there = tuple(gpu.asarray(part) if isinstance(part, np.ndarray) else part for part in key)
    expected = table.copy()
    expected[key] = new
    found = gpu.scatter_set(gpu.asarray(table), there, gpu.asarray(new))
    np.testing.assert_array_equal(gpu.to_numpy(found), expected)
    expected = table.copy()
    places = np.arange(table.size).reshape(shape)[key]
    spread = np.broadcast_to(new.reshape(new.shape[-places.ndim :]), places.shape)
    np.add.at(expected.reshape(-1), places.ravel(), spread.ravel())
    found = gpu.scatter_add(gpu.asarray(table), there, gpu.asarray(new))
    np.testing.assert_allclose(gpu.to_numpy(found), expected)


# Detection ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("major", "wheel"), [(11, 12), (12, 12), (13, 13), (14, 13)])
def test_the_wheel_is_that_of_the_driver_as_far_as_there_is_one(major: int, wheel: int) -> None:
    assert f'"cupy-cuda{wheel}x[ctk]' in detect().install(major)


@pytest.mark.parametrize(
    ("driver", "step"),
    [
        (12040, "pip install \"cupy-cuda12x[ctk]>=14,<15\" array-api-compat (for 'cupy')"),
        (0, "none; nothing is known to be missing"),
    ],
)
def test_the_doctor_advises_cupy_where_there_is_a_driver(
    driver: int, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, installed=False)
    monkeypatch.setattr(detect(), "driver_version", lambda: driver)
    text = doctor.diagnosis()
    assert text.endswith(f"next step: {step}")
    advice = "if this machine has an NVIDIA GPU, first install its driver"
    assert (advice in text) == (driver == 0)


def test_a_module_without_a_spec_counts_as_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, installed=False)
    monkeypatch.setitem(sys.modules, "cupy", ModuleType("cupy"))
    assert not refused().installed


def test_what_cupy_warns_of_when_it_is_imported_is_not_heard(tmp_path: Path) -> None:
    (tmp_path / "cupy").mkdir()
    (tmp_path / "cupy" / "__init__.py").write_text(
        "import warnings\nwarnings.warn('no CUDA path')\nraise ImportError('broken')"
    )
    done = in_a_process(SHOW, tmp_path)
    assert done.stdout == "numpy\n"
    assert "cannot be imported: ImportError: broken" in done.stderr
    assert "no CUDA path" not in done.stderr


def test_a_library_that_is_no_driver_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert detect().driver_version() == 0


def test_no_device_among_none_is_said_like_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, available=False, status=100)
    runtime = importlib.import_module("cupy").cuda.runtime
    monkeypatch.setattr(runtime, "getDeviceCount", lambda: 0)
    assert "there is an NVIDIA driver, but it shows no device" in refused().reason


@pytest.mark.parametrize("way", ["gemm", "__matmul__", "__mul__"])
def test_each_way_to_compute_is_tried(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    cupy = importlib.import_module("cupy")
    target = importlib.import_module("cupy.cublas") if way == "gemm" else cupy.ndarray
    monkeypatch.setattr(target, way, lambda *_: cupy.zeros((2, 2), dtype=np.float32))
    assert "a first computation went wrong" in refused().reason


def test_the_name_of_the_device_is_text_where_cuda_gives_bytes(gpu: Backend) -> None:
    assert gpu.device.startswith("Fake of a GPU, compute capability ")


@pytest.mark.parametrize(("name", "first", "second", "shape"), PRODUCTS)
def test_an_out_that_does_not_fit_is_refused(
    gpu: Backend, name: str, first: Any, second: Any, shape: Any
) -> None:
    one, two = gpu.asarray(np.ones(first)), gpu.asarray(np.ones(second))
    with pytest.raises(ValueError, match=r"."):
        getattr(gpu, name)(one, two, gpu.asarray(np.zeros((*shape[:-1], shape[-1] + 1))))


def test_adding_by_a_mask_drops_leading_axes_that_have_no_place(gpu: Backend) -> None:
    mask, values = gpu.asarray(np.array([True, False, True, False])), np.ones((1, 2, 2))
    found = gpu.scatter_add(gpu.asarray(np.zeros((4, 2))), (mask,), gpu.asarray(values))
    assert gpu.to_numpy(found).tolist() == [[1, 1], [0, 0], [1, 1], [0, 0]]
