"""The CuPy backend on a GPU: products at all sizes, dtypes, training, memory, streams.

The operation table runs there too (``test_operations`` on the backend ``cupy``). Without a GPU
these tests are skipped with the reason; ``TENSORGROK_REQUIRE_GPU=1`` makes failures of that.
"""

from __future__ import annotations

import gc
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import data, nn, optim
from tensorgrok.backend import Backend
from tensorgrok.registry import get_backend
from tensorgrok.testing import no_sync
from tests.test_backend_contract import KIT, run_contract
from tests.test_cli_process import environment

pytestmark = pytest.mark.gpu

Host = npt.NDArray[Any]
SIZES = (64, 1000, 4096, 8192)
BATCHES = (1, 8, 64, 512)


@pytest.fixture
def gpu() -> Backend:
    return get_backend("cupy")


@pytest.fixture
def cupy() -> Any:
    return importlib.import_module("cupy")


def draw(shape: tuple[int, ...], dtype: Any = np.float32, seed: int = 0) -> Host:
    random = np.random.default_rng([seed, *shape])
    values = random.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * random.normal(size=shape)
    return np.asarray(values, dtype=dtype)


def far(found: Host, expected: Host) -> float:
    """The largest difference, in units of the root mean square of what was expected."""
    scale = float(np.sqrt((np.abs(expected) ** 2).mean()))
    return float(np.abs(found - expected).max()) / scale


# The contract, the probe, the bits ---------------------------------------------------------------


def test_it_keeps_the_contract() -> None:
    done = run_contract(KIT, "--backend", "cupy")
    assert done.returncode == 0, done.stdout[-5000:]


def test_random_bits_are_made_on_the_device(gpu: Backend) -> None:
    assert "device_bits" in gpu.features, "the kernel does not make NumPy's words on this GPU"
    key, counter = np.array([1, 2], dtype=np.uint64), np.array([2**64 - 5, 1, 0, 0], np.uint64)
    n = 1_000_003
    expected = np.asarray(np.random.Philox(key=key, counter=counter).random_raw(n))
    np.testing.assert_array_equal(gpu.to_numpy(gpu.random_bits(key, counter, n)), expected)


@pytest.mark.parametrize("choice", ["auto", "cupy"])
def test_the_command_line_uses_it(choice: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tensorgrok", "--epochs", "2", "--no-report"],
        env=environment(TENSORGROK_BACKEND=choice),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "backend:            cupy" in done.stdout
    assert done.stderr == ""


def test_the_doctor_finds_nothing_to_do() -> None:
    from tensorgrok.cli import doctor

    text = doctor.diagnosis()
    assert "an elementwise operation and products are right" in text
    assert text.endswith("next step: none; nothing is known to be missing")


# Products ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("size", SIZES)
def test_products_of_any_size_are_those_of_double_precision(
    gpu: Backend, size: int, batch: int
) -> None:
    x, w, g = draw((batch, size)), draw((size, size), seed=1), draw((batch, size), seed=2)
    dx, dw, dg = map(gpu.asarray, (x, w, g))
    some = np.unique(np.linspace(0, size - 1, 37).astype(int))  # all would take the CPU minutes
    wide = [array.astype(np.float64) for array in (x, g)]
    found = gpu.to_numpy(gpu.vecmat(dx, dw))
    assert far(found[:, some], wide[0] @ w[:, some].astype(np.float64)) < 1e-4
    found = gpu.to_numpy(gpu.vecmat_dx(dg, dw))
    assert far(found[:, some], wide[1] @ w[some].T.astype(np.float64)) < 1e-4
    found = gpu.to_numpy(gpu.vecmat_dw(dx, dg))
    assert far(found[some], wide[0][:, some].T @ wide[1]) < 1e-4
    found = gpu.to_numpy(gpu.rank_update(gpu.own(dw, shared=True), dx, dg, -0.5, 1.0))
    assert far(found[some], w[some] - 0.5 * (wide[0][:, some].T @ wide[1])) < 1e-4
    vector = gpu.to_numpy(gpu.vecmat(dx[0], dw))
    assert far(vector[some], wide[0][0] @ w[:, some].astype(np.float64)) < 1e-4


@pytest.mark.parametrize(
    ("dtype", "limit"),
    [("float16", 5e-3), ("float32", 1e-5), ("float64", 1e-13), ("complex64", 1e-5)],
)
@pytest.mark.parametrize("lead", [(), (1,), (64,), (4, 8)])
def test_products_of_any_dtype_keep_their_precision(
    gpu: Backend, lead: tuple[int, ...], dtype: str, limit: float
) -> None:
    x, w, g = draw((*lead, 96), dtype), draw((96, 40), dtype, 1), draw((*lead, 40), dtype, 2)
    dx, dw, dg = map(gpu.asarray, (x, w, g))
    wide = np.complex128 if dtype.startswith("c") else np.float64
    x, w, g = x.astype(wide), w.astype(wide), g.astype(wide)
    flat = list(range(len(lead)))
    for found, expected in (
        (gpu.vecmat(dx, dw), x @ w),
        (gpu.vecmat_dx(dg, dw), g @ w.T),
        (gpu.vecmat_dw(dx, dg), np.tensordot(x, g, axes=(flat, flat))),
    ):
        assert found.dtype == dtype
        assert far(gpu.to_numpy(found).astype(wide), expected) < limit


def test_float32_stays_float32_even_where_tf32_is_asked_for() -> None:
    code = (
        "import json, numpy as np; from tensorgrok.registry import get_backend\n"
        "gpu = get_backend('cupy'); random = np.random.default_rng(0)\n"
        "x, w = (random.normal(size=s).astype('f4') for s in ((64, 2048), (2048, 512)))\n"
        "y = gpu.to_numpy(gpu.vecmat(gpu.asarray(x), gpu.asarray(w)))\n"
        "e = x.astype('f8') @ w.astype('f8')\n"
        "print(json.dumps(float(abs(y - e).max() / np.sqrt((e ** 2).mean()))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(CUPY_TF32="1"),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert json.loads(done.stdout) < 2e-5  # TF32 has 10 bits, and would be off by 1e-3


def test_results_repeat_to_the_bit(gpu: Backend) -> None:
    x, w = gpu.asarray(draw((64, 1000))), gpu.asarray(draw((1000, 1000), seed=1))
    first = gpu.to_numpy(gpu.vecmat(x, w))
    for _ in range(10):
        np.testing.assert_array_equal(gpu.to_numpy(gpu.vecmat(x, w)), first)


# Scattering --------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 64])
def test_many_repeated_places_add_up(gpu: Backend, width: int) -> None:
    random = np.random.default_rng(0)
    places, values = random.integers(-1000, 1000, 100_000), random.normal(size=(100_000, width))
    table = gpu.asarray(np.zeros((1000, width)))
    found = gpu.scatter_add(table, (gpu.asarray(places),), gpu.asarray(values))
    expected = np.stack([np.bincount(places % 1000, v, 1000) for v in values.T], axis=1)
    np.testing.assert_allclose(gpu.to_numpy(found), expected, rtol=1e-9, atol=1e-9)


def test_of_many_values_for_one_place_the_last_is_kept(gpu: Backend) -> None:
    places, values = np.random.default_rng(0).integers(0, 10, 100_000), np.arange(100_000.0)
    found = gpu.scatter_set(gpu.asarray(np.zeros(10)), (gpu.asarray(places),), gpu.asarray(values))
    expected = [np.flatnonzero(places == place)[-1] for place in range(10)]
    np.testing.assert_array_equal(gpu.to_numpy(found), expected)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_is_sorted_to_the_end_whatever_its_sign(dtype: str) -> None:
    x = np.array([1.0, np.copysign(np.nan, -1), 2.0, np.nan, -1.0], dtype=dtype)
    with tg.use_backend("cupy"):
        t = tg.Tensor(x)
        np.testing.assert_array_equal(tg.sort(t).numpy(), np.sort(x))
        np.testing.assert_array_equal(tg.argsort(t).numpy(), np.argsort(x, kind="stable"))
        assert np.isnan(tg.median(t).item())


# Training ----------------------------------------------------------------------------------------


def loss_curve(backend: str, epochs: int = 3) -> list[float]:
    """Losses of all steps of a 64-40-10 classifier of digits, in float32, from the seed 0."""
    tg.seed(0)
    with tg.use_backend(backend):
        (images, labels), _ = data.split(data.load_digits(), 0.2)
        learn = tg.Tensor(images), tg.Tensor(labels)
        model = nn.Sequential(nn.Linear(64, 40), nn.ReLU(), nn.Dropout(0.1), nn.Linear(40, 10))
        optimizer = optim.Adam(model.parameters(), lr=0.003)
        losses = []
        for _ in range(epochs):
            for batch, names in data.batches(learn, 32):
                optimizer.zero_grad()
                loss = nn.cross_entropy(model(batch), names)
                loss.backward()
                optimizer.step()
                losses.append(loss)
        return [float(loss) for loss in losses]


def test_digits_are_learnt_on_numpys_loss_curve() -> None:
    found, expected = np.array(loss_curve("cupy")), np.array(loss_curve("numpy"))
    assert len(found) == 3 * 45
    np.testing.assert_allclose(found[:45], expected[:45], rtol=1e-4)
    np.testing.assert_allclose(found, expected, rtol=2e-2)  # differences grow from step to step
    assert found[-10:].mean() < found[:10].mean() / 3


def test_a_large_training_step_waits_for_nothing(gpu: Backend) -> None:
    with tg.use_backend("cupy"):
        model = nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10))
        optimizer = optim.SGD(model.parameters(), 0.01, momentum=0.9)
        x, labels = tg.Tensor(draw((128, 1024))), tg.Tensor(np.arange(128) % 10)

        def step() -> tg.Tensor:
            optimizer.zero_grad()
            loss = nn.cross_entropy(model(x), labels)
            loss.backward()
            optim.clip_grad_norm(model.parameters(), 1.0)
            optimizer.step()
            return loss

        step()
        with no_sync(gpu):
            losses = [step() for _ in range(5)]
        assert losses[-1].item() < losses[0].item()


def test_a_model_moves_there_and_back_in_the_middle_of_its_training() -> None:
    def trained(places: list[str]) -> list[Host]:
        tg.seed(1)
        model = nn.Sequential(
            nn.Linear(5, 7, dtype=np.float64), nn.Tanh(), nn.Linear(7, 2, dtype=np.float64)
        )
        optimizer = optim.Adam(model.parameters(), 0.01)
        for place in places:
            model.to(place)
            optimizer.zero_grad()
            (model(tg.Tensor(draw((4, 5), np.float64), backend=place)) ** 2).mean().backward()
            optimizer.step()
        return [parameter.numpy() for parameter in model.parameters()]

    still, moved = trained(["numpy"] * 6), trained(["numpy", *["cupy"] * 3, "numpy", "cupy"])
    for one, two in zip(still, moved, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9)


# Memory, streams, refusals -----------------------------------------------------------------------


def test_memory_returns_to_the_pool(cupy: Any) -> None:
    pool = cupy.get_default_memory_pool()

    def work() -> None:
        loss_curve("cupy", epochs=1)
        with tg.use_backend("cupy"):
            w = tg.Tensor(draw((512, 512)), requires_grad=True)
            for _ in range(20):
                ((w.dot(w) * 0.001) ** 2).sum().backward()

    work()
    gc.collect()
    before = pool.used_bytes()
    work()
    gc.collect()
    assert pool.used_bytes() <= before


def test_a_chain_of_operations_frees_what_it_does_not_save(cupy: Any) -> None:
    pool = cupy.get_default_memory_pool()
    with tg.use_backend("cupy"):
        x = tg.Tensor(draw((1 << 20,)), requires_grad=True)
        before = pool.used_bytes()
        y = x
        for _ in range(50):
            y = y + 1.0  # whose rule reads nothing
        assert pool.used_bytes() - before < 10 * x.data.nbytes


def test_work_on_a_stream_of_the_users_own_is_read_back_in_order(cupy: Any) -> None:
    with cupy.cuda.Stream(non_blocking=True), tg.use_backend("cupy"):
        x = tg.Tensor(draw((1000, 1000)), requires_grad=True)
        y = x
        for _ in range(20):
            y = tg.tanh(y.dot(x) * 0.01)
        total = y.sum()
        total.backward()
        assert x.grad is not None
        assert np.isfinite(x.grad.numpy()).all()


def test_a_pinned_buffer_may_be_filled_again_at_once(cupy: Any) -> None:
    cupyx = importlib.import_module("cupyx")
    buffer = cupyx.empty_pinned((1 << 24,), dtype=np.float32)
    buffer[:] = 1
    tensor = tg.Tensor(buffer, backend="cupy")
    buffer[:] = 2
    assert float(tensor.min()) == float(tensor.max()) == 1.0


REFUSED: dict[str, tuple[Callable[[tg.Tensor], Any], type[Exception], str]] = {
    "mixing": (lambda x: x + tg.Tensor([1.0, 2.0], backend="numpy"), tg.BackendMismatch, "'cupy'"),
    "numpy.asarray": (np.asarray, tg.DTypeError, r"on backend 'cupy'; use \.numpy\(\)"),
    "shapes": (lambda x: x.dot(x.reshape((1, 2))), tg.ShapeError, "dot: cannot use x1"),
    "broadcasting": (lambda x: x + tg.ones((3,)), tg.ShapeError, "add: cannot use x1"),
    "an index": (lambda x: x[5], tg.IndexingError, "getitem: cannot use"),
    "longdouble": (lambda x: tg.Tensor(np.zeros(2, np.longdouble)), tg.DTypeError, "CuPy has no"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_is_refused_by_name(what: str) -> None:
    use, error, text = REFUSED[what]
    with tg.use_backend("cupy"):
        x = tg.Tensor([1.0, 2.0])
        with pytest.raises(error, match=text):
            use(x)
        assert x.tolist() == [1.0, 2.0]
