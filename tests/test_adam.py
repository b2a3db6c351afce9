"""Adam and AdamW: what they compute, in one piece and in blocks, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, optim, updating

Array = npt.NDArray[Any]
BOTH: list[Any] = [optim.Adam, optim.AdamW]


class Oracle:
    """Adam as in the paper's algorithm 1, with decay as a penalty or decoupled, in plain NumPy."""

    def __init__(self, start: Array, decoupled: bool = False, **settings: Any) -> None:
        self.p, self.t = np.array(start), 0
        self.m = np.zeros_like(start)
        self.v = np.zeros(start.shape, start.real.dtype)
        self.decoupled = decoupled
        self.lr = settings.get("lr", 1e-3)
        self.b1, self.b2 = settings.get("betas", (0.9, 0.999))
        self.eps = settings.get("eps", 1e-8)
        self.decay = settings.get("weight_decay", 0.01 if decoupled else 0.0)

    def step(self, g: Array) -> None:
        self.t += 1
        if not self.decoupled:
            g = g + self.decay * self.p
        self.m = self.b1 * self.m + (1 - self.b1) * g
        self.v = self.b2 * self.v + (1 - self.b2) * np.abs(g) ** 2
        mean, square = self.m / (1 - self.b1**self.t), self.v / (1 - self.b2**self.t)
        if self.decoupled:
            self.p = self.p - self.lr * self.decay * self.p
        self.p = self.p - self.lr * mean / (np.sqrt(square) + self.eps)


def slopes(seed: int, shape: tuple[int, ...]) -> list[Array]:
    random = np.random.default_rng(seed)
    return [random.normal(size=shape) * 10.0 ** random.integers(-3, 3) for _ in range(50)]


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("shape", [(3, 4), (), (1,)])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3},
        {"lr": 0.05, "weight_decay": 0.3},
        {"betas": (0.0, 0.0), "weight_decay": 0.1},
    ],
    ids=str,
)
def test_fifty_steps_are_those_of_the_paper(
    make: Any, shape: tuple[int, ...], settings: dict[str, Any], backend: str
) -> None:
    start = np.random.default_rng(1).normal(size=shape)
    w = Tensor(start, requires_grad=True)
    optimizer = make([w], **settings)
    oracle = Oracle(np.asarray(start), make is optim.AdamW, **settings)
    for slope in slopes(0, shape):
        w.grad = Tensor(slope)
        optimizer.step()
        oracle.step(slope)
    np.testing.assert_allclose(w.numpy(), oracle.p, rtol=1e-12)
    assert w.dtype == np.float64
    assert (w.shape, w.backend.name) == (shape, backend)
    assert w.backend.owns(w.data)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_steps_agree_with_pytorch(name: str, decay: float) -> None:
    torch = pytest.importorskip("torch")
    start = np.random.default_rng(2).normal(size=(4, 3))
    ours, theirs = Tensor(start, requires_grad=True), torch.tensor(start, requires_grad=True)
    settings = {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": decay}
    one = getattr(optim, name)([ours], **settings)
    two = getattr(torch.optim, name)([theirs], **settings)
    for slope in slopes(3, start.shape):
        ours.grad, theirs.grad = Tensor(slope), torch.tensor(slope)
        one.step()
        two.step()
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=1e-12)


def test_the_squares_of_complex_parameters_are_real() -> None:
    """Downhill is against the conjugate of a gradient; its size is one number for both parts."""
    z = Tensor(np.array([3.0 + 4.0j, -1.0j]), requires_grad=True)
    optimizer = optim.Adam([z], lr=0.1, weight_decay=0.5)
    oracle = Oracle(z.numpy(), lr=0.1, weight_decay=0.5)
    for _ in range(5):
        optimizer.zero_grad()
        (z * z.conj()).real.sum().backward()
        oracle.step(2 * oracle.p)
        optimizer.step()
    np.testing.assert_allclose(z.numpy(), oracle.p, rtol=1e-12)
    state = optimizer.state_dict()
    assert np.asarray(state["0.square"]).dtype == np.float64
    assert np.asarray(state["0.mean"]).dtype == np.complex128


def test_the_first_step_is_accurate_in_single_precision(backend: str) -> None:
    """1 - 0.999 in float32 would be off by 5 in 100,000."""
    w = Tensor(np.zeros(3, np.float32), requires_grad=True)
    w.grad = Tensor(np.array([1e-3, 1.0, -1e3], np.float32))
    optimizer = optim.Adam([w], lr=0.25)
    optimizer.step()
    np.testing.assert_allclose(w.numpy(), [-0.25 / (1 + 1e-5), -0.25, 0.25], rtol=5e-7)
    np.testing.assert_allclose(optimizer.state_dict()["0.square"], [1e-9, 1e-3, 1e3], rtol=2e-7)


def test_a_parameter_without_a_gradient_is_skipped_and_its_count_stays(backend: str) -> None:
    starts = [np.array([1.0, 2.0]), np.array([3.0]), np.zeros((0, 2)), np.array(0.5)]
    parameters = [Tensor(start, requires_grad=True) for start in starts]
    optimizer = optim.Adam(parameters, lr=0.1)
    oracles = [Oracle(start, lr=0.1) for start in starts]
    turns = [(0, 1, 2, 3), (0, 3), (1,), (), (0, 1, 2, 3), (3,), (0, 1), (0, 1, 2, 3)]
    for turn, active in enumerate(turns):
        optimizer.zero_grad()
        for place in active:
            slope = np.full(starts[place].shape, turn - 2.5)
            parameters[place].grad = Tensor(slope)
            oracles[place].step(slope)
        optimizer.step()
    state = optimizer.state_dict()
    for place, (parameter, oracle) in enumerate(zip(parameters, oracles, strict=True)):
        np.testing.assert_allclose(parameter.numpy(), oracle.p, rtol=1e-12)
        assert state[f"{place}.count"] == oracle.t
    assert [oracle.t for oracle in oracles] == [5, 5, 3, 5]


def test_parameters_of_several_dtypes_and_backends_share_one_optimizer() -> None:
    a = Tensor(np.array([1.0]), requires_grad=True)
    b = Tensor(np.array([1.0], np.float32), requires_grad=True)
    c = Tensor([1.0], requires_grad=True, backend="strict")
    optimizer = optim.AdamW([a, b, c], lr=0.5)
    for rate in (0.5, 0.25):
        optimizer.lr = rate
        for p in (a, b, c):
            p.grad = Tensor(np.ones(1), dtype=p.dtype, backend=p.backend)
        optimizer.step()
    oracle = Oracle(np.ones(1), True, lr=0.5)
    oracle.step(np.ones(1))
    oracle.lr = 0.25
    oracle.step(np.ones(1))
    for p in (a, b, c):
        np.testing.assert_allclose(p.item(), oracle.p[0], rtol=1e-6)
    assert [p.dtype for p in (a, b, c)] == [np.float64, np.float32, np.float32]
    assert c.backend.name == "strict"


def test_a_step_leaves_arrays_that_others_may_hold_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = updating.LARGE_UPDATE, updating.THRIFTY_UPDATE
    for limits in (usual, (usual[0], 1), (8, 1), (8, usual[1])):
        for name, limit in zip(("LARGE_UPDATE", "THRIFTY_UPDATE"), limits, strict=True):
            monkeypatch.setattr(updating, name, limit)
        w = Tensor(np.array([[1.0, 2.0]]), requires_grad=True)
        optimizer = optim.Adam([w], lr=0.5)
        w.grad = Tensor(np.array([[1.0, -1.0]]))
        array, gradient, saved = w.data, w.grad.data, optimizer.state_dict()
        optimizer.step()
        assert array.tolist() == [[1.0, 2.0]]
        assert gradient.tolist() == [[1.0, -1.0]]
        assert np.asarray(saved["0.mean"]).tolist() == [[0.0, 0.0]]
        np.testing.assert_allclose(w.numpy(), [[0.5, 2.5]])


# Blocks ------------------------------------------------------------------------------------------


EVERY: list[Callable[..., Any]] = [
    *BOTH,
    lambda p: optim.SGD(p, 0.1),
    lambda p: optim.SGD(p, 0.1, momentum=0.9),
    lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("make", EVERY)
def test_large_arrays_are_updated_block_by_block_to_the_same_bits(
    make: Callable[..., Any], dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained() -> tuple[Tensor, dict[str, Any]]:
        random = np.random.default_rng(0)
        w = Tensor(random.normal(size=(7, 5)).astype(dtype), requires_grad=True)
        optimizer = make([w])
        for _ in range(4):
            w.grad = Tensor(random.normal(size=(5, 7)).astype(dtype).T)
            optimizer.step()
        return w, optimizer.state_dict()

    whole, state = trained()
    monkeypatch.setattr(updating, "THRIFTY_UPDATE", 1)
    thrifty = trained()
    monkeypatch.setattr(updating, "LARGE_UPDATE", 100)
    monkeypatch.setattr(updating, "UPDATE_BLOCK", 8)
    for other, others in (thrifty, trained()):
        assert other.numpy().tobytes() == whole.numpy().tobytes()
        assert other.data.flags.c_contiguous
        assert state.keys() == others.keys()
        for name, value in state.items():
            np.testing.assert_array_equal(others[name], value)


def test_large_moments_are_written_in_their_own_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "LARGE_UPDATE", 8)
    w = Tensor(np.ones(4), requires_grad=True)
    optimizer = optim.Adam([w])
    moments = [optimizer._private[name][0] for name in ("mean", "square")]
    arrays = [moment.data for moment in moments]
    w.grad = Tensor(np.ones(4))
    before = w.data
    optimizer.step()
    assert all(moment.data is array for moment, array in zip(moments, arrays, strict=True))
    assert all(array.any() for array in arrays)
    assert w.data is not before


def test_a_parameter_in_any_memory_layout_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (updating.LARGE_UPDATE, 8):
        monkeypatch.setattr(updating, "LARGE_UPDATE", limit)
        start = np.random.default_rng(0).normal(size=(3, 4))
        w = Tensor(start.T, copy=False, requires_grad=True)
        optimizer = optim.Adam([w], lr=0.1, weight_decay=0.1)
        oracle = Oracle(start.T.copy(), lr=0.1, weight_decay=0.1)
        for slope in slopes(1, (4, 3))[:3]:
            w.grad = Tensor(slope)
            optimizer.step()
            oracle.step(slope)
        np.testing.assert_allclose(w.numpy(), oracle.p, rtol=1e-12)


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("make", BOTH)
def test_bad_settings_are_refused(make: Any) -> None:
    w, name = Tensor([1.0], requires_grad=True), make.__name__
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"lr": -1}, tg.ArgumentError, "lr: expected a finite number of at least 0, got -1"),
        ({"betas": 0.9}, tg.DTypeError, rf"{name}: betas must be two numbers, got 0\.9"),
        ({"betas": (0.9,)}, tg.DTypeError, rf"{name}: betas must be two numbers, got \(0\.9,\)"),
        ({"betas": (1.0, 0.9)}, tg.ArgumentError, r"beta1: expected less than 1, got 1\.0"),
        ({"betas": (0.9, -0.5)}, tg.ArgumentError, "beta2: expected .* at least 0, got -0.5"),
        ({"betas": ("a", 0.5)}, tg.DTypeError, "beta1: expected a number, got 'a'"),
        ({"eps": -1e-8}, tg.ArgumentError, "eps: expected .* at least 0, got -1e-08"),
        ({"weight_decay": math.inf}, tg.ArgumentError, "weight_decay: expected a finite number"),
    ]
    for settings, error, text in cases:
        with pytest.raises(error, match=text):
            make([w], **settings)
    with pytest.raises(tg.ArgumentError, match=f"{name}: there are no parameters to train"):
        make([])


def test_an_eps_that_float16_cannot_tell_from_0_is_refused() -> None:
    w = Tensor(np.ones(2, np.float32), requires_grad=True)
    half = Tensor(np.ones(2, np.float16), requires_grad=True)
    with pytest.raises(
        tg.ArgumentError, match=r"Adam: eps=1e-08 is 0 in float16, the dtype of parameter 1; choose"
    ):
        optim.Adam([w, half])
    optimizer = optim.Adam([w, half], lr=0.25, eps=1e-4)
    for slope in ([0.0, 1.0], [0.0, 0.0]):
        half.grad = Tensor(np.array(slope, np.float16))
        optimizer.step()
    assert half.dtype == np.float16
    assert half.numpy()[0] == 1
    assert abs(half.numpy()[1] - 0.57) < 0.02
    assert optim.Adam([w], eps=0).eps == 0


def test_it_says_what_it_is() -> None:
    w = Tensor(np.ones((2, 3)), requires_grad=True)
    assert repr(optim.Adam([w])) == (
        "Adam(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0; 1 parameter of 6 "
        "numbers)"
    )
    assert optim.AdamW([w]).weight_decay == 0.01
    assert optim.Adam([w], betas=(0.5, 0.25)).betas == (0.5, 0.25)
