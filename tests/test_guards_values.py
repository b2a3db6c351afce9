"""Values at the edges of fast paths and guards: what a slip there would change unseen."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tensorgrok.backend import Backend
from tensorgrok.cards import primitive
from tensorgrok.operators import single_operator
from tensorgrok.registry import get_backend
from tests.plain import PlainBackend
from tests.readers.recorder import Recorder

Array = npt.NDArray[Any]


# Cards -----------------------------------------------------------------------------------------


def test_an_operator_with_exchanged_operands_is_no_single_one() -> None:
    forward = single_operator(lambda xp, x1, x2: x1 - x2)
    assert forward is not None
    assert forward(1.0, 3.0) == -2.0
    assert single_operator(lambda xp, x1, x2: x2 - x1) is None
    assert single_operator(lambda xp, x1, x2: x1 - x1) is None


@pytest.mark.usefixtures("_own_cards")
def test_a_card_that_exchanges_its_operands_computes_what_it_says(backend: str) -> None:
    @primitive("elementwise", constant=("x1", "x2"))
    def exchanged(xp: Any, x1: Any, x2: Any) -> Any:
        return x2 - x1

    one, three = Tensor([1.0]), Tensor([3.0])
    for _ in range(2):
        assert exchanged(one, three).tolist() == [2.0]
        assert exchanged(three, one).tolist() == [-2.0]


def test_a_cast_to_integers_requires_no_gradients(backend: str) -> None:
    t = Tensor([1.5, 2.5], requires_grad=True)
    for cast in (t.astype(int), tg.astype(t, bool), (t * 2).astype(np.int8)):
        assert not cast.requires_grad
        assert cast.is_leaf
    assert t.astype(np.float64).requires_grad


# Gradients -------------------------------------------------------------------------------------


def test_a_gradient_of_a_sum_of_one_element_is_writable_memory_of_its_own() -> None:
    x = Tensor([1.0], requires_grad=True, backend="numpy")
    x.sum().backward()
    assert x.grad is not None
    array = x.grad.data
    assert array.flags.writeable
    assert array.base is None
    array[0] = 7.0
    assert x.grad.tolist() == [7.0]


def test_impossible_classes_of_a_divergence_neither_warn_nor_give_nan(backend: str) -> None:
    scale = Tensor(np.array(2.0), requires_grad=True)
    target = Tensor(np.array([[0.0, 1.0]]), requires_grad=True)
    log_prediction = Tensor(np.array([[-np.inf, 0.0]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (nn.kl_divergence(log_prediction, target) * 0).backward()
        assert target.grad is not None
        assert target.grad.tolist() == [[0.0, 0.0]]
        scaled = scale * nn.kl_divergence(log_prediction, target)
        (slope,) = tg.gradients([scaled], [target], create_graph=True)
        assert slope.tolist() == [[0.0, 2.0]]
        (mixed,) = tg.gradients([slope.sum()], [scale])
    assert mixed.item() == 1.0


# Clipping --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1e-22] * 2, 2**0.5 * 1e-22), ([3e-21, 4e-21], 5e-21), ([1.1e-21] * 10000, 1.1e-19)],
    ids=["lost", "few digits", "few digits each"],
)
def test_lengths_are_accurate_where_squares_lose_digits(
    values: list[float], expected: float
) -> None:
    w = Tensor(np.ones(len(values), np.float32), requires_grad=True)
    w.grad = Tensor(np.array(values, np.float32))
    np.testing.assert_allclose(optim.clip_grad_norm([w], np.inf).item(), expected, rtol=1e-6)


def test_an_empty_gradient_beside_a_tiny_one_is_no_trouble(backend: str) -> None:
    empty = Tensor(np.ones((0, 2), np.float32), requires_grad=True)
    w = Tensor(np.ones(1, np.float32), requires_grad=True)
    empty.grad = Tensor(np.ones((0, 2), np.float32))
    w.grad = Tensor(np.full(1, 1e-22, np.float32))
    norm = optim.clip_grad_norm([empty, w], 1.0)
    if backend == "numpy":  # elsewhere so small a square is 0
        np.testing.assert_allclose(norm.item(), 1e-22, rtol=1e-6)
    assert empty.grad is not None
    assert empty.grad.shape == (0, 2)
    np.testing.assert_array_equal(w.grad.numpy(), np.full(1, 1e-22, np.float32))


@pytest.mark.parametrize("clip", [optim.clip_grad_norm, optim.clip_grad_value])
def test_a_traced_step_does_not_clip_gradients_from_before_it(clip: Any) -> None:
    w = Tensor([1.0, 1.0], requires_grad=True)
    w.grad = Tensor([3.0, 4.0])
    before = w.grad

    def step(x: Tensor) -> Tensor:
        clip([w], 0.5)
        return x

    with pytest.raises(tg.GraphError, match="a traced step starts without gradients: call zero"):
        Recorder(step, [Tensor([1.0])])
    assert w.grad is before
    assert w.grad.tolist() == [3.0, 4.0]


# Optimizers and schedules ----------------------------------------------------------------------


class Halved(optim.Schedule):
    """A schedule whose first rate is half the base."""

    def rate(self, step: int) -> float:
        return self.base / (step + 2)


def test_a_warm_up_to_less_than_the_base_goes_on_after_a_round_trip() -> None:
    def made(lr: float) -> optim.Schedule:
        optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=lr)
        return optim.WarmUp(Halved(optimizer), 2)

    schedule, other = made(0.5), made(7.0)
    full = [0.25 / 3, 0.5 / 3, 0.25, 0.5 / 3, 0.125]
    np.testing.assert_allclose([schedule(step) for step in range(5)], full, rtol=1e-15)
    schedule.step()
    assert schedule.state_dict() == {"taken": 1, "base": 0.5}
    for loaded in (schedule, other):
        loaded.load_state_dict(schedule.state_dict())
        np.testing.assert_allclose([loaded(step) for step in range(5)], full, rtol=1e-15)
        np.testing.assert_allclose(loaded.optimizer.lr, full[1], rtol=1e-15)


def test_an_eps_that_vanishes_in_the_first_step_of_float16_is_refused(backend: str) -> None:
    w = Tensor(np.ones(2, np.float16), requires_grad=True)
    assert np.float16(5e-7) > 0
    with pytest.raises(tg.ArgumentError, match=r"^Adam: eps=5e-07 is 0 in float16, the dtype of "):
        optim.Adam([w], eps=5e-7)
    assert optim.Adam([w], eps=5e-6).eps == 5e-6


# Backends --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "values"), [((4096,), (1, 4096)), ((1, 4096), (4096,)), ((4096,), (2, 4096))]
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_large_where_with_0_broadcasts(mask: Any, values: Any, dtype: Any) -> None:
    random = np.random.default_rng(0)
    condition, x1 = random.random(mask) > 0.5, random.normal(size=values).astype(dtype)
    expected = np.where(condition, x1, dtype(0))
    found = get_backend("numpy").xp.where(condition, x1, 0)
    np.testing.assert_array_equal(found, expected, strict=True)
    tensor = tg.where(Tensor(condition, backend="numpy"), Tensor(x1, backend="numpy"), 0)
    np.testing.assert_array_equal(tensor.numpy(), expected, strict=True)


@pytest.mark.parametrize("shape", [(4, 3), (200, 100)], ids=["small", "large"])
@pytest.mark.parametrize("made", [lambda: get_backend("numpy"), PlainBackend], ids=["own", "base"])
def test_rank_updates_by_numbers_of_numpy_keep_the_dtype(made: Any, shape: tuple[int, int]) -> None:
    backend: Backend = made()
    x, g = np.ones((2, shape[0]), np.float32), np.ones((2, shape[1]), np.float32)
    for alpha, beta, expected in ((0.1, 1.0, 1.2), (1.0, 0.1, 2.1), (0.1, 0.0, 0.2)):
        w = np.ones(shape, np.float32)
        found = backend.rank_update(w, x, g, np.float64(alpha), np.float64(beta))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, np.full(shape, expected), rtol=1e-6)


# Indices, orders, draws ------------------------------------------------------------------------


def test_an_empty_list_reads_and_adds_no_rows(backend: str) -> None:
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    nothing = x[[]]
    assert nothing.shape == (0, 2)
    assert x[:, []].shape == (2, 0)
    assert tg.scatter_add(x, [], tg.zeros((0, 2))).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    nothing.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_numpys_orders_without_an_axis_flatten(backend: str) -> None:
    values = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
    orders: Any = np.argsort(Tensor(values), axis=None)
    np.testing.assert_array_equal(orders.numpy(), np.argsort(values, axis=None))
    ordered: Any = np.sort(Tensor(values), axis=None)
    np.testing.assert_array_equal(ordered.numpy(), np.sort(values, axis=None))


def test_a_draw_as_large_as_its_probability_is_0(backend: str) -> None:
    count = 1000
    chances = tg.Generator(3).uniform(count, dtype="f8")
    assert tg.Generator(3).bernoulli(chances).tolist() == [0.0] * count
    above = Tensor(np.nextafter(chances.numpy(), 1.0))
    assert tg.Generator(3).bernoulli(above).tolist() == [1.0] * count
