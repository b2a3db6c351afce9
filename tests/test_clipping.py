"""Clipping of gradients: lengths, limits, what is left alone and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, optim
from tensorgrok.registry import get_backend
from tests.readers.recorder import Recorder
from tests.readers.strict import StrictBackend

SHAPES: list[tuple[int, ...]] = [(2, 3), (), (0, 4), (5,)]


def with_gradients(scale: float = 1.0, dtype: Any = np.float64) -> list[Tensor]:
    random = np.random.default_rng(0)
    parameters = []
    for shape in SHAPES:
        parameter = Tensor(np.ones(shape, dtype), requires_grad=True)
        parameter.grad = Tensor((random.normal(size=shape) * scale).astype(dtype))
        parameters.append(parameter)
    return parameters


def gradients(parameters: list[Tensor]) -> list[Any]:
    return [None if p.grad is None else p.grad.numpy() for p in parameters]


def length(arrays: list[Any]) -> float:
    return math.sqrt(sum(abs(v) ** 2 for a in arrays if a is not None for v in a.ravel().tolist()))


@pytest.mark.parametrize("max_norm", [0.5, 1, np.float32(2.0)])
def test_all_gradients_shrink_by_one_factor(max_norm: Any, backend: str) -> None:
    parameters = with_gradients(3.0)
    before = gradients(parameters)
    norm = optim.clip_grad_norm(parameters, max_norm)
    assert norm.shape == ()
    np.testing.assert_allclose(norm.item(), length(before), rtol=1e-14)
    for after, old in zip(gradients(parameters), before, strict=True):
        np.testing.assert_allclose(after, old * float(max_norm) / length(before), rtol=1e-14)
    np.testing.assert_allclose(length(gradients(parameters)), float(max_norm), rtol=1e-14)


def test_short_gradients_stay_to_the_bit(backend: str) -> None:
    parameters = with_gradients()
    before = gradients(parameters)
    norm = length(before)
    for limit in (norm * 1.001, 1e30):
        optim.clip_grad_norm(parameters, limit)
        for after, old in zip(gradients(parameters), before, strict=True):
            np.testing.assert_array_equal(after, old)


def test_zeros_and_missing_gradients_are_no_trouble(backend: str) -> None:
    w, v = Tensor(np.ones(2), requires_grad=True), Tensor(np.ones(2), requires_grad=True)
    assert optim.clip_grad_norm([w, v], 1.0).item() == 0
    w.grad = Tensor(np.zeros(2))
    assert optim.clip_grad_norm([w, v], 1.0).item() == 0
    optim.clip_grad_value([w, v], 1.0)
    assert gradients([w])[0].tolist() == [0, 0]
    assert v.grad is None


def test_arrays_that_others_hold_are_left_alone() -> None:
    parameters = with_gradients(3.0)
    held = [p.grad for p in parameters]
    before = gradients(parameters)
    optim.clip_grad_norm(parameters, 0.1)
    optim.clip_grad_value(parameters, 0.001)
    for tensor, old in zip(held, before, strict=True):
        assert tensor is not None
        np.testing.assert_array_equal(tensor.numpy(), old)


def test_gradients_keep_their_dtype(backend: str) -> None:
    a, b = Tensor([3.0], requires_grad=True), Tensor(np.array([4.0]), requires_grad=True)
    z = Tensor(np.array([12.0j], np.complex64), requires_grad=True)
    a.grad, b.grad = Tensor([3.0]), Tensor(np.array([4.0]))
    z.grad = Tensor(np.array([12.0j], np.complex64))
    norm = optim.clip_grad_norm([a, b, z], 1.3)
    assert norm.item() == 13.0
    assert norm.dtype == np.float64
    found = [p.grad for p in (a, b, z)]
    assert [g.dtype for g in found if g is not None] == [np.float32, np.float64, np.complex64]
    np.testing.assert_allclose(np.concatenate(gradients([a, b, z])), [0.3, 0.4, 1.2j], rtol=1e-6)


def test_half_precision_is_measured_in_single(backend: str) -> None:
    w = Tensor(np.ones(4, np.float16), requires_grad=True)
    w.grad = Tensor(np.full(4, 500.0, np.float16))
    assert optim.clip_grad_norm([w], 10.0).item() == 1000.0
    np.testing.assert_array_equal(gradients([w])[0], np.full(4, 5.0, np.float16))


def test_lengths_that_are_not_finite_do_as_documented(backend: str) -> None:
    w = Tensor(np.ones(2), requires_grad=True)
    w.grad = Tensor(np.array([math.nan, 1.0]))
    assert math.isnan(optim.clip_grad_norm([w], 1.0).item())
    assert np.isnan(gradients([w])[0]).all()
    w.grad = Tensor(np.array([math.inf, 1.0]))
    assert optim.clip_grad_norm([w], 1.0).item() == math.inf
    np.testing.assert_array_equal(gradients([w])[0], [math.nan, 0.0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_limits_beyond_the_dtype_clip_nothing(dtype: Any, backend: str) -> None:
    w = Tensor(np.ones(2, dtype), requires_grad=True)
    for limit in (math.inf, 1e300, 1e6, 10**400):
        w.grad = Tensor(np.array([3.0, 4.0], dtype))
        assert optim.clip_grad_norm([w], limit).item() == 5.0
        assert gradients([w])[0].tolist() == [3.0, 4.0]
        if dtype is not np.complex64 and limit < math.inf:
            optim.clip_grad_value([w], limit)
            assert gradients([w])[0].tolist() == [3.0, 4.0]
    w.grad = Tensor(np.zeros(2, dtype))
    assert optim.clip_grad_norm([w], 1e-300).item() == 0
    assert gradients([w])[0].tolist() == [0, 0]


def test_measuring_leaves_gradients_as_they_are(backend: str) -> None:
    w = Tensor(np.ones(2), requires_grad=True)
    w.grad = Tensor(np.array([math.inf, 1.0]))
    before = w.grad
    assert optim.clip_grad_norm([w], math.inf).item() == math.inf
    assert w.grad is before


def test_lengths_are_right_where_squares_are_not() -> None:
    a, b = (Tensor(np.ones(1), dtype=t, requires_grad=True) for t in ("f4", "f8"))
    z = Tensor(np.ones(1), dtype="c8", requires_grad=True)
    for size in (1e30, 1e-30, 1e37):
        a.grad = Tensor([3 * size])
        z.grad = Tensor(np.array([4j * size]), dtype="c8")
        norm = optim.clip_grad_norm([a, z], 2 * size)
        assert norm.dtype == np.float32
        np.testing.assert_allclose(norm.item(), 5 * size, rtol=1e-6)
        found = np.concatenate(gradients([a, z]))
        np.testing.assert_allclose(found, [1.2 * size, 1.6j * size], rtol=1e-6)
    for size in (1e200, 1e-200):
        a.grad, b.grad = Tensor([0.0]), Tensor(np.array([2 * size]))
        np.testing.assert_allclose(optim.clip_grad_norm([a, b], size).item(), 2 * size, rtol=1e-15)
        np.testing.assert_allclose(np.concatenate(gradients([a, b])), [0, size], rtol=1e-15)


def test_lengths_beyond_the_dtype_do_as_documented() -> None:
    w = Tensor(np.ones(4, np.float32), requires_grad=True)
    w.grad = Tensor(np.full(4, 3e38, np.float32))
    assert optim.clip_grad_norm([w], 1.0).item() == math.inf
    assert gradients([w])[0].tolist() == [0.0] * 4

    def step(x: Tensor) -> Tensor:
        (w * x).sum().backward()
        return optim.clip_grad_norm([w], 1.0)

    w.grad = None
    program = Recorder(step, [Tensor(np.ones(4, np.float32))])
    assert program(Tensor(np.full(4, 1.0, np.float32))) == 2.0
    with np.errstate(over="ignore"):
        assert program(Tensor(np.full(4, 1e30, np.float32))) == math.inf


def test_half_precision_is_scaled_in_single(backend: str) -> None:
    w = Tensor(np.ones(10000, np.float16), requires_grad=True)
    w.grad = Tensor(np.full(10000, 6e4, np.float16))
    optim.clip_grad_norm([w], 100.0)
    np.testing.assert_array_equal(gradients([w])[0], np.ones(10000, np.float16))


@pytest.mark.parametrize("limit", [0.5, 1, np.float64(2.0)])
def test_values_are_kept_between_limits(limit: Any, backend: str) -> None:
    parameters = with_gradients(3.0, np.float32)
    before = gradients(parameters)
    optim.clip_grad_value(parameters, limit)
    for after, old in zip(gradients(parameters), before, strict=True):
        np.testing.assert_array_equal(after, np.clip(old, -float(limit), float(limit)))
        assert after.dtype == np.float32
    parameters[0].grad = Tensor(np.full((2, 3), np.nan, np.float32))
    optim.clip_grad_value(parameters[:1], limit)
    assert np.isnan(gradients(parameters)[0]).all()


def test_clipping_reads_nothing_back_and_forgets_history() -> None:
    strict = get_backend("strict")
    assert isinstance(strict, StrictBackend)
    w = Tensor([3.0, 4.0], requires_grad=True, backend="strict")
    (w * w).sum().backward(create_graph=True)
    before = strict.read_backs
    optim.clip_grad_norm([w], 1.0)
    optim.clip_grad_value([w], 0.7)
    assert strict.read_backs == before
    assert w.grad is not None
    assert not w.grad.requires_grad
    np.testing.assert_allclose(w.grad.numpy(), [0.6, 0.7], rtol=1e-6)


def test_clipping_is_part_of_a_traced_step() -> None:
    w = Tensor([1.0, 1.0], requires_grad=True)

    def step(x: Tensor) -> Tensor:
        (w * x).sum().backward()
        norm = optim.clip_grad_norm([w], 1.0)
        optim.clip_grad_value([w], 0.7)
        assert w.grad is not None
        return norm + w.grad.sum()

    program = Recorder(step, [Tensor([1.0, 1.0])])
    assert w.grad is None
    np.testing.assert_allclose(program(Tensor([3.0, 4.0])), 5 + 0.6 + 0.7, rtol=1e-6)
    np.testing.assert_allclose(program(Tensor([0.0, 0.5])), 0.5 + 0.5, rtol=1e-6)


def test_bad_arguments_are_refused() -> None:
    w = Tensor([1.0], requires_grad=True, name="w")
    w.grad = Tensor([1.0])
    z = Tensor([1j], requires_grad=True, name="z")
    z.grad = Tensor([1j])
    other = Tensor([1.0], requires_grad=True, backend="strict")
    other.grad = Tensor([1.0], backend="strict")
    cases: list[tuple[Any, Any, Any, type[Exception], str]] = [
        (optim.clip_grad_norm, [w], 0, tg.ArgumentError, "clip_grad_norm: max_norm must be above"),
        (optim.clip_grad_norm, [w], -1.0, tg.ArgumentError, "max_norm must be above 0, got -1"),
        (
            optim.clip_grad_norm,
            [w],
            math.nan,
            tg.ArgumentError,
            "max_norm must be above 0, got nan",
        ),
        (optim.clip_grad_norm, [w], "1", tg.DTypeError, "max_norm must be a number, got '1'"),
        (optim.clip_grad_norm, w, 1.0, tg.DTypeError, "clip_grad_norm: give a list of parameters"),
        (optim.clip_grad_norm, [], 1.0, tg.ArgumentError, "clip_grad_norm: there are no param"),
        (
            *(optim.clip_grad_norm, [w, other], 1.0, tg.BackendMismatch),
            "clip_grad_norm: there are gradients on the backends numpy and strict; clip those of",
        ),
        (optim.clip_grad_value, [w], math.inf, tg.ArgumentError, "limit must be finite, got inf"),
        (optim.clip_grad_value, [w], math.nan, tg.ArgumentError, "limit must be above 0, got nan"),
        (optim.clip_grad_value, [w], 0, tg.ArgumentError, "clip_grad_value: limit must be above 0"),
        (optim.clip_grad_value, [w], True, tg.DTypeError, "limit must be a number, got True"),
        (optim.clip_grad_value, [w, z], 0.5, tg.DTypeError, "clip_grad_value: 'z' is complex"),
    ]
    for clip, parameters, limit, error, text in cases:
        with pytest.raises(error, match=text):
            clip(parameters, limit)
    assert gradients([w])[0].tolist() == [1.0]


@pytest.mark.parametrize(
    ("first", "second", "limit", "length", "clipped"),
    [
        (np.array([1e-23], np.float32), np.array([1e-30]), 1e-25, 1e-23, (1e-25, 1e-32)),
        (np.array([3e38 + 3e38j], np.complex64), np.array([1.0]), math.inf, 18**0.5 * 1e38, None),
        (np.array([3e38], np.float32), np.array([1e150]), 1e140, 1e150, (3e28, 1e140)),
        (np.array([6e4], np.float16), np.array([1e-40]), 1.0, 6e4, (1.0, 1e-40 / 6e4)),
    ],
    ids=["small", "large", "apart", "half"],
)
def test_gradients_of_several_precisions_are_measured_in_the_widest(
    first: Any, second: Any, limit: float, length: float, clipped: Any, backend: str
) -> None:
    v, w = (Tensor(np.zeros_like(x), requires_grad=True) for x in (first, second))
    v.grad, w.grad = Tensor(first), Tensor(second)
    norm = optim.clip_grad_norm([v, w], limit)
    assert norm.dtype == np.float64
    np.testing.assert_allclose(norm.item(), length, rtol=1e-3)
    if clipped is not None:
        np.testing.assert_allclose([x.item() for x in gradients([v, w])], clipped, rtol=1e-3)
        assert v.grad.dtype == first.dtype
