"""Optimizers: what one step does, to which parameters, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import nn, optim

T = tg.Tensor
Array = npt.NDArray[Any]


def leaf(*values: float, dtype: Any = np.float64, name: str | None = None) -> tg.Tensor:
    return T(np.array(values, dtype=dtype), requires_grad=True, name=name)


def test_a_step_subtracts_the_rate_times_the_gradient(backend: str) -> None:
    w, v = leaf(1.0, -2.0), leaf(3.0)
    optimizer = optim.SGD([w, v], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        ((w * w).sum() + (v**3).sum()).backward()
        optimizer.step()
    expected_w, expected_v = np.array([1.0, -2.0]), np.array([3.0])
    for _ in range(3):
        expected_w, expected_v = expected_w - 0.2 * expected_w, expected_v - 0.3 * expected_v**2
    np.testing.assert_allclose(w.numpy(), expected_w, rtol=1e-12)
    np.testing.assert_allclose(v.numpy(), expected_v, rtol=1e-12)
    assert w.backend.owns(w.data)
    assert w.is_leaf
    assert w.requires_grad


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_parameters_keep_their_dtype_and_shape(dtype: Any, backend: str) -> None:
    parameters = [T(np.ones(shape, dtype), requires_grad=True) for shape in [(), (0,), (2, 3)]]
    optimizer = optim.SGD(parameters, lr=np.float64(0.25))  # a number of NumPy does not widen
    for p in parameters:
        (p * 2).sum().backward()
    optimizer.step()
    for p, shape in zip(parameters, [(), (0,), (2, 3)], strict=True):
        assert (p.dtype, p.shape) == (dtype, shape)
        assert p.backend.owns(p.data)
        np.testing.assert_array_equal(p.numpy(), np.full(shape, 0.5))


def test_the_rate_can_be_changed_between_steps() -> None:
    w = leaf(10.0)
    optimizer = optim.SGD([w], lr=1.0)
    for rate in (1.0, 0.5, 0, np.float32(0.25), T(0.125), np.array(2.0)):
        optimizer.lr = rate
        before = w.item()
        w.grad = T(np.array([2.0]))
        optimizer.step()
        assert w.item() == before - 2.0 * float(rate)
        assert optimizer.lr == float(rate)
        assert type(optimizer.lr) is float


def test_parameters_of_several_dtypes_and_backends_share_one_optimizer() -> None:
    a, b = leaf(1.0), leaf(1.0, dtype=np.float32)
    c = T([1.0], requires_grad=True, backend="strict")
    optimizer = optim.SGD([a, b, c], lr=0.5)
    optimizer.lr = 0.25
    for p in (a, b, c):
        (p * 2).sum().backward()
    optimizer.step()
    assert [p.item() for p in (a, b, c)] == [0.5, 0.5, 0.5]
    optimizer.lr = 1.0
    optimizer.step()
    assert [p.item() for p in (a, b, c)] == [-1.5, -1.5, -1.5]


def test_parameters_without_a_gradient_stay() -> None:
    w, v = leaf(1.0), leaf(1.0)
    array = v.data
    optimizer = optim.SGD([w, v], lr=0.5)
    optimizer.step()
    (w * 2).sum().backward()
    optimizer.step()
    assert (w.item(), v.item()) == (0.0, 1.0)
    assert v.data is array


def test_frozen_parameters_stay_whatever_gradient_they_still_have(backend: str) -> None:
    makers: list[Any] = [
        lambda ps: optim.SGD(ps, lr=0.5),
        lambda ps: optim.SGD(ps, lr=0.5, momentum=0.9),
        lambda ps: optim.Adam(ps, lr=0.5),
        lambda ps: optim.AdamW(ps, lr=0.5),
    ]
    for make in makers:
        w, v = leaf(1.0), leaf(1.0)
        optimizer = make([w, v])
        for p in (w, v):
            p.grad = T(np.array([1.0]))
        w.requires_grad = False
        optimizer.step()
        assert w.item() == 1.0
        assert v.item() < 1.0
        w.requires_grad = True
        optimizer.step()
        assert w.item() < 1.0


def test_a_step_rebinds_and_leaves_the_old_array_alone() -> None:
    w = leaf(1.0, 2.0)
    old, snapshot = w.data, w.detach()
    loss = (w * w).sum()
    optimizer = optim.SGD([w], lr=0.5)
    w.grad = T(np.array([1.0, 1.0]))
    gradient = w.grad.data
    optimizer.step()
    assert old.tolist() == snapshot.tolist() == [1.0, 2.0]
    assert gradient.tolist() == [1.0, 1.0]
    assert w.tolist() == [0.5, 1.5]
    optimizer.zero_grad()
    loss.backward()  # what was recorded before the step stays true
    assert w.grad is not None
    assert w.grad.tolist() == [2.0, 4.0]


def test_a_step_records_nothing_and_can_be_taken_in_any_mode() -> None:
    w = leaf(1.0)
    optimizer = optim.SGD([w], lr=0.5)
    (w * 2).sum().backward(create_graph=True)
    optimizer.step()
    assert w.is_leaf
    assert w.tolist() == [0.0]
    with tg.no_grad():
        optimizer.step()
    assert w.tolist() == [-1.0]


def test_zero_grad_forgets_and_steps_accumulate_without_it() -> None:
    w = leaf(0.0)
    optimizer = optim.SGD([w], lr=1.0)
    for _ in range(2):
        (w * 1).sum().backward()
    optimizer.step()
    assert w.item() == -2.0
    optimizer.zero_grad()
    assert w.grad is None


def test_a_gradient_is_followed_downhill_for_complex_parameters() -> None:
    """A gradient is dL/dRe - i dL/dIm here, so downhill is against its conjugate."""
    z = T(np.array(3.0 + 4.0j), requires_grad=True)
    optimizer = optim.SGD([z], lr=0.25)
    (tg.real(z * tg.conj(z))).backward()
    optimizer.step()
    np.testing.assert_allclose(z.item(), (3 + 4j) - 0.25 * 2 * (3 + 4j))


def test_training_solves_a_linear_regression() -> None:
    random = np.random.default_rng(0)
    x, truth = random.normal(size=(64, 3)), np.array([[1.0], [-2.0], [0.5]])
    y = x @ truth + 3.0
    model = nn.Linear(3, 1, dtype=np.float64)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        nn.mse(model(x), y).backward()
        optimizer.step()
    np.testing.assert_allclose(model.weight.numpy(), truth, atol=1e-6)
    assert model.bias is not None
    np.testing.assert_allclose(model.bias.numpy(), [3.0], atol=1e-6)


@pytest.mark.parametrize(
    ("lr", "error", "text"),
    [
        (-0.1, tg.ArgumentError, r"SGD: lr: expected a finite number of at least 0, got -0\.1"),
        (math.nan, tg.ArgumentError, "lr: expected a finite number of at least 0, got nan"),
        (math.inf, tg.ArgumentError, "lr: expected a finite number of at least 0, got inf"),
        ("0.1", tg.DTypeError, r"lr: expected a number, got '0\.1'"),
        (None, tg.DTypeError, "lr: expected a number, got None"),
        (True, tg.DTypeError, "lr: expected a number, got True"),
        (1j, tg.DTypeError, "lr: expected a number, got 1j"),
        (np.zeros(2), tg.DTypeError, "lr: expected a number, got array"),
        (10**400, tg.ArgumentError, "lr: expected a .* at least 0, got one beyond floats"),
    ],
    ids=str,
)
def test_a_bad_rate_is_refused_and_the_old_one_stays(
    lr: Any, error: type[Exception], text: str
) -> None:
    w = leaf(1.0)
    with pytest.raises(error, match=text):
        optim.SGD([w], lr=lr)
    optimizer = optim.SGD([w], lr=0.5)
    with pytest.raises(error, match=text):
        optimizer.lr = lr
    assert optimizer.lr == 0.5
    w.grad = T(np.array([1.0]))
    optimizer.step()
    assert w.item() == 0.5


def test_bad_parameters_are_refused() -> None:
    w, plain = leaf(1.0, name="w"), T([1.0], name="plain")
    result = w * 2
    cases: list[tuple[Any, type[Exception], str]] = [
        ([], tg.ArgumentError, "SGD: there are no parameters to train"),
        (w, tg.DTypeError, "SGD: give a list of parameters, not a single tensor"),
        ([w, w], tg.ArgumentError, "SGD: a parameter is given more than once"),
        ([w, 3.0], tg.DTypeError, "SGD: parameter 1 is a float, not a Tensor"),
        ([np.ones(1)], tg.DTypeError, "SGD: parameter 0 is a ndarray, not a Tensor"),
        ({"w": w}, tg.DTypeError, "SGD: parameter 0 is a str, not a Tensor"),
        ([plain], tg.DTypeError, "SGD: parameter 0, 'plain', must be a leaf that requires"),
        ([w, result], tg.DTypeError, "SGD: parameter 1, 'result', must be a leaf that requires"),
        (5, tg.DTypeError, "SGD: .*list of parameters.* int"),
        (None, tg.DTypeError, "SGD: .*list of parameters.* NoneType"),
        (nn.Linear(2, 2), tg.DTypeError, "SGD: .*list of parameters.* Linear"),
    ]
    for parameters, error, text in cases:
        with pytest.raises(error, match=text):
            optim.SGD(parameters, lr=0.1)


def test_parameters_may_come_from_a_generator() -> None:
    model = nn.Linear(2, 2)
    optimizer = optim.SGD((p for p in model.parameters()), lr=0.1)
    assert len(optimizer.parameters) == 2


def test_the_base_class_has_no_step() -> None:
    with pytest.raises(NotImplementedError, match="Optimizer has no step method"):
        optim.Optimizer([leaf(1.0)], lr=0.1).step()


# Momentum and decay ------------------------------------------------------------------------------


def velocity_oracle(
    start: Array, slopes: list[Array], momentum: float, nesterov: bool, decay: float
) -> Array:
    """Sutskever's rule as it is usually written, with the rate 0.1."""
    p, velocity = start, np.zeros_like(start)
    for g in slopes:
        g = g + decay * p
        velocity = momentum * velocity + g
        p = p - 0.1 * (g + momentum * velocity if nesterov else velocity)
    return p


SETTINGS = [(0.9, False, 0.0), (0.9, True, 0.0), (0.5, True, 0.2), (0.5, False, 0.2), (0, False, 3)]


@pytest.mark.parametrize(("momentum", "nesterov", "decay"), SETTINGS)
@pytest.mark.parametrize("shape", [(2, 3), (), (0,)])
@pytest.mark.parametrize("domain", ["real", "complex"])
def test_fifty_steps_with_momentum_and_decay(
    momentum: float, nesterov: bool, decay: float, shape: Any, domain: str, backend: str
) -> None:
    random = np.random.default_rng(0)
    start, *slopes = (np.asarray(random.normal(size=shape)) for _ in range(51))
    if domain == "complex":
        start, slopes = start * (1 + 2j), [slope * (2 - 1j) for slope in slopes]
    w = T(start, requires_grad=True)
    settings: Any = {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    optimizer = optim.SGD([w], 0.1, **settings)
    for slope in slopes:
        w.grad = T(np.conj(slope))  # gradients here are dL/dRe - i dL/dIm
        optimizer.step()
    expected = velocity_oracle(start, slopes, momentum, nesterov, decay)
    np.testing.assert_allclose(w.numpy(), expected, rtol=1e-12)
    assert (w.dtype, w.shape) == (start.dtype, shape)


@pytest.mark.parametrize(("momentum", "nesterov", "decay"), SETTINGS)
def test_steps_agree_with_pytorch(momentum: float, nesterov: bool, decay: float) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    start, *slopes = (random.normal(size=(3, 2)) for _ in range(51))
    settings: Any = {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    ours, theirs = T(start, requires_grad=True), torch.tensor(start, requires_grad=True)
    one, two = optim.SGD([ours], 0.1, **settings), torch.optim.SGD([theirs], 0.1, **settings)
    for slope in slopes:
        ours.grad, theirs.grad = T(slope), torch.tensor(slope)
        one.step()
        two.step()
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=1e-12)


def test_the_velocity_of_a_parameter_without_a_gradient_stays() -> None:
    w, v = leaf(1.0), leaf(1.0)
    optimizer = optim.SGD([w, v], lr=0.5, momentum=0.5)
    v.grad = T(np.array([1.0]))
    optimizer.step()
    v.grad, w.grad = None, T(np.array([1.0]))
    optimizer.step()
    assert (w.item(), v.item()) == (0.5, 0.5)
    v.grad = T(np.array([0.0]))
    optimizer.step()
    assert v.item() == 0.25


def test_a_rate_keeps_its_precision_when_it_is_changed() -> None:
    w = leaf(0.0)
    optimizer = optim.SGD([w], lr=1.0)
    for rate in (0.1, 0.3):
        optimizer.lr = rate
        w.data = np.zeros(1)
        w.grad = T(np.ones(1))
        optimizer.step()
        assert w.item() == -rate


def test_a_run_goes_on_bit_for_bit_after_loading(backend: str) -> None:
    def fresh() -> tuple[list[tg.Tensor], optim.SGD]:
        parameters = [T(np.ones(n), requires_grad=True) for n in (3, 2)]
        return parameters, optim.SGD(parameters, 0.1, momentum=0.9, nesterov=True)

    def advance(parameters: list[tg.Tensor], optimizer: optim.SGD) -> None:
        for turn in range(3):
            for p in parameters:
                p.grad = (p * (turn + 1)).detach()
            optimizer.step()

    parameters, optimizer = fresh()
    advance(parameters, optimizer)
    optimizer.lr = 0.05
    state, arrays = optimizer.state_dict(), [p.numpy() for p in parameters]
    advance(parameters, optimizer)
    others, second = fresh()
    with tg.no_grad():
        for p, array in zip(others, arrays, strict=True):
            p.assign(array)
    second.load_state_dict(state)
    advance(others, second)
    for one, two in zip(parameters, others, strict=True):
        np.testing.assert_array_equal(two.numpy(), one.numpy())
    settings = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.0, "nesterov": 1.0}
    assert {name: state[name] for name in settings} == settings
    assert np.asarray(state["1.velocity"]).shape == (2,)


def test_a_state_of_another_optimizer_is_refused() -> None:
    w = leaf(1.0, 2.0)
    plain, heavy = optim.SGD([w], lr=0.1), optim.SGD([w], lr=0.1, momentum=0.9)
    with pytest.raises(
        tg.ArgumentError,
        match=r"load_state_dict: the names do not fit this SGD of 1 parameters: unknown are "
        r"'0\.velocity'",
    ):
        plain.load_state_dict(heavy.state_dict())
    with pytest.raises(tg.ArgumentError, match=r"missing are 'lr'.*; unknown are 'rate'"):
        plain.load_state_dict({"rate": 1.0})
    assert (plain.lr, plain.momentum, heavy.momentum) == (0.1, 0.0, 0.9)


@pytest.mark.parametrize(
    ("made", "change", "error", "text"),
    [
        (
            {},
            {"momentum": 0.5},
            tg.ArgumentError,
            r"load_state_dict: this SGD has momentum=0 and the state momentum=0\.5; only with",
        ),
        (
            {"momentum": 0.5},
            {"momentum": 0},
            tg.ArgumentError,
            r"this SGD has momentum=0\.5 and the state momentum=0; only with momentum",
        ),
        (
            {"momentum": 0.5},
            {"nesterov": 0.5},
            tg.ArgumentError,
            r"SGD: nesterov: expected 1 or 0, True or False, got 0\.5",
        ),
        ({}, {"nesterov": 1}, tg.ArgumentError, "load_state_dict: nesterov=True needs a momentum"),
    ],
)
def test_a_state_of_another_form_is_refused(
    made: Any, change: dict[str, Any], error: type[Exception], text: str
) -> None:
    optimizer = optim.SGD([leaf(1.0)], 0.1, **made)
    before = optimizer.state_dict()
    with pytest.raises(error, match=text):
        optimizer.load_state_dict(before | {"lr": 0.7} | change)
    assert optimizer.state_dict() == before


def test_momentum_of_the_same_form_is_taken_over() -> None:
    optimizer = optim.SGD([leaf(1.0)], 0.1, momentum=0.5)
    optimizer.load_state_dict(optimizer.state_dict() | {"momentum": 0.9, "nesterov": 1.0})
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)


def test_bad_settings_are_refused() -> None:
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"momentum": -0.1}, tg.ArgumentError, r"momentum: expected .* at least 0, got -0\.1"),
        ({"momentum": "high"}, tg.DTypeError, "momentum: expected a number, got 'high'"),
        ({"weight_decay": math.nan}, tg.ArgumentError, "weight_decay: expected a finite number"),
        ({"nesterov": 1}, tg.DTypeError, "SGD: nesterov must be True or False, got 1"),
        ({"nesterov": True}, tg.ArgumentError, "SGD: nesterov=True needs a momentum above 0"),
    ]
    for settings, error, text in cases:
        with pytest.raises(error, match=text):
            optim.SGD([leaf(1.0)], 0.1, **settings)


def test_it_says_what_it_is() -> None:
    optimizer = optim.SGD([leaf(1.0, 2.0), leaf(3.0)], 0.1, momentum=0.9, nesterov=True)
    assert repr(optimizer) == (
        "SGD(lr=0.1, momentum=0.9, weight_decay=0, nesterov=True; 2 parameters of 3 numbers)"
    )
    assert "nesterov=False" in repr(optim.SGD([leaf(1.0)], 0.1))
    assert optimizer.nesterov is True
    assert (optimizer.momentum, optimizer.weight_decay) == (0.9, 0.0)
