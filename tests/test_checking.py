"""gradcheck has to catch wrong rules: here are some of every sort, planted and taken out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok.backend import Array, Namespace
from tensorgrok.cards import Primitive, primitive
from tensorgrok.engine import operations, primitives

T = tg.Tensor
A = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
B = np.array([[1.0, 2.0], [-0.5, 0.75], [0.3, -1.2]])
V = np.array([0.7, -0.4, 1.1])
Z = np.array([0.5 + 1.0j, -1.0 + 0.25j])
LARGE = np.linspace(-2.9, 3.0, 40).reshape(5, 8)


@pytest.fixture(autouse=True)
def _take_out_what_was_planted() -> Iterator[None]:
    cards, public = dict(primitives), dict(operations)
    yield
    primitives.clear()
    primitives.update(cards)
    operations.clear()
    operations.update(public)


def planted_cube(rule: Callable[[Any, Any, Any], Any]) -> Primitive[...]:
    """The card of x ** 3 with a rule of the test's choice."""

    @primitive("elementwise", public=False)
    def cube(xp: Namespace, x: Array) -> Array:
        return x * x * x

    @cube.pullback("x")
    def cube_pull_x(xp: Namespace, g: Array, x: Array) -> Array:
        return rule(xp, g, x)

    return cube


WRONG: dict[str, Callable[[Any, Any, Any], Any]] = {
    "sign": lambda xp, g, x: -3 * g * x * x,
    "factor": lambda xp, g, x: 2 * g * x * x,
    "a hundred-thousandth": lambda xp, g, x: (3 + 3e-5) * g * x * x,
    "zero": lambda xp, g, x: 0 * g * x,
    "cotangent forgotten": lambda xp, g, x: 3 * x * x + 0 * g,
    "not linear in the cotangent": lambda xp, g, x: 3 * g * g * x * x,
    "an absolute value too many": lambda xp, g, x: 3 * g * x * xp.abs(x),
    "a wrong place": lambda xp, g, x: 3 * g[..., ::-1] * x * x,
    "a constant too much": lambda xp, g, x: 3 * g * x * x + 0.001,
    "NaN": lambda xp, g, x: xp.where(x > 1, 3 * g * x * x, g * float("nan")),
}


def test_the_right_rule_passes() -> None:
    cube = planted_cube(lambda xp, g, x: 3 * g * x * x)
    assert tg.gradcheck(cube, [A]) is True
    assert tg.gradcheck(cube, [LARGE]) is True
    assert tg.gradcheck(lambda x: cube(x).sum(), [T(A)]) is True


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("data", [A, LARGE], ids=["whole Jacobian", "random directions"])
@pytest.mark.parametrize("rule", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_rule_is_caught(rule: Any, data: Any, order: int) -> None:
    cube = planted_cube(rule)
    with pytest.raises(tg.GradcheckFailed, match=r"gradcheck: (the )?(gradient|second derivative)"):
        tg.gradcheck(cube, [data], order=order)


def test_the_message_says_where_and_shows_both_numbers() -> None:
    cube = planted_cube(WRONG["sign"])
    with pytest.raises(
        tg.GradcheckFailed,
        match=r"gradient is wrong at entry \(output, input\) \(0, 0\): the rule gives "
        r"-12, finite differences give (12|12\.0+\d*|11\.9+\d*) \(1 of 1 differ\)",
    ):
        tg.gradcheck(cube, [np.array([2.0])])


def test_one_wrong_number_among_many_is_caught() -> None:
    def off_by_one_place(xp: Any, g: Any, x: Any) -> Any:
        right = 3 * g * x * x
        return xp.scatter_add(right, (0, 1), (g * x)[0, 1] * 0.01)

    with pytest.raises(tg.GradcheckFailed, match="random direction 0"):
        tg.gradcheck(planted_cube(off_by_one_place), [LARGE], order=1)


def test_a_transpose_too_many_is_caught() -> None:
    @primitive("contraction", public=False)
    def times(xp: Namespace, x: Array, w: Array) -> Array:
        return xp.matmul(x, w)

    @times.pullback("x")
    def times_pull_x(xp: Namespace, g: Array, w: Array) -> Array:
        return xp.matmul(g, w)

    @times.pullback("w")
    def times_pull_w(xp: Namespace, g: Array, x: Array) -> Array:
        return xp.matmul(xp.permute_dims(x, (1, 0)), g)

    square = np.array([[1.0, 2.0], [-0.5, 0.75]])
    with pytest.raises(tg.GradcheckFailed, match="the gradient is wrong"):
        tg.gradcheck(times, [square + 1, square])


@pytest.mark.parametrize("data", [V, LARGE[0]], ids=["small", "large"])
def test_a_missing_sum_over_a_broadcast_axis_is_caught(data: Any) -> None:
    @primitive("arrangement", public=False)
    def stretched(xp: Namespace, x: Array) -> Array:
        return xp.broadcast_to(x, (4, *x.shape))

    @stretched.pullback("x")
    def stretched_pull_x(xp: Namespace, g: Array) -> Array:
        return g[0]

    with pytest.raises(tg.GradcheckFailed, match="the gradient is wrong"):
        tg.gradcheck(stretched, [data])


def test_a_cotangent_of_the_wrong_shape_names_its_rule() -> None:
    @primitive("arrangement", public=False)
    def stretched(xp: Namespace, x: Array) -> Array:
        return xp.broadcast_to(x, (4, *x.shape))

    @stretched.pullback("x")
    def stretched_pull_x(xp: Namespace, g: Array) -> Array:
        return g

    with pytest.raises(
        tg.GraphError,
        match=r"stretched_pull_x: gave a cotangent of shape \(4, 3\) for an argument of shape "
        r"\(3,\); a pullback must return",
    ):
        tg.gradcheck(stretched, [V])


def test_a_missing_conjugation_is_caught() -> None:
    @primitive("elementwise", public=False)
    def mirrored(xp: Namespace, x: Array) -> Array:
        return xp.conj(x)

    @mirrored.pullback("x")
    def mirrored_pull_x(xp: Namespace, g: Array) -> Array:
        return g

    with pytest.raises(tg.GradcheckFailed, match="the gradient is wrong"):
        tg.gradcheck(mirrored, [Z])
    assert tg.gradcheck(tg.conj, [Z])


def test_a_rule_right_in_value_but_wrong_in_its_own_derivative_is_caught() -> None:
    """The rule takes x out of the graph, so second derivatives miss a part."""

    def frozen(xp: Any, g: Any, x: Any) -> Any:
        still = x.detach() if isinstance(x, T) else x
        return 3 * g * still * still

    cube = planted_cube(frozen)
    assert tg.gradcheck(cube, [A], order=1)
    for data in (A, LARGE):
        with pytest.raises(tg.GradcheckFailed, match="the second derivative is wrong"):
            tg.gradcheck(cube, [data])


def test_a_rule_that_reads_differently_with_arrays_and_with_tensors_is_caught() -> None:
    def two_faced(xp: Any, g: Any, x: Any) -> Any:
        return 3 * g * x * x * (1.0 + 1e-9 if isinstance(x, T) else 1.0)

    with pytest.raises(tg.GradcheckFailed, match="gradient, read with arrays and with tensors"):
        tg.gradcheck(planted_cube(two_faced), [A], order=1)


def test_an_argument_without_a_rule_is_refused() -> None:
    @primitive("elementwise", public=False)
    def scaled(xp: Namespace, x: Array, w: Array) -> Array:
        return x * w

    @scaled.pullback("x")
    def scaled_pull_x(xp: Namespace, g: Array, w: Array) -> Array:
        return g * w

    with pytest.raises(tg.GraphError, match=r"scaled: argument w requires .*no derivative rule"):
        tg.gradcheck(scaled, [A, A + 1])
    assert scaled(tg.Tensor(A, requires_grad=True), A).requires_grad


def test_one_wrong_rule_of_two_is_caught() -> None:
    @primitive("elementwise", public=False)
    def ratio(xp: Namespace, x: Array, w: Array) -> Array:
        return x / w

    @ratio.pullback("x")
    def ratio_pull_x(xp: Namespace, g: Array, w: Array) -> Array:
        return g / w

    @ratio.pullback("w")
    def ratio_pull_w(xp: Namespace, g: Array, x: Array, w: Array) -> Array:
        return g * x / (w * w)

    with pytest.raises(tg.GradcheckFailed, match="the gradient is wrong"):
        tg.gradcheck(ratio, [A, B.T])
    assert tg.gradcheck(lambda x: ratio(x, B.T), [A])


def test_one_wrong_result_of_several_is_caught() -> None:
    @primitive("arrangement", public=False)
    def halves(xp: Namespace, x: Array) -> tuple[Array, ...]:
        return x[:1], x[1:]

    @halves.pullback("x")
    def halves_pull_x(xp: Namespace, g: Any, x_like: Any) -> Array:
        first, second = (
            xp.zeros((1 + i, *x_like.shape[1:]), dtype=x_like.dtype) if part is None else part
            for i, part in enumerate(g)
        )
        return xp.concat([first, second * 1.5], axis=0)

    outputs: Any = halves
    with pytest.raises(tg.GradcheckFailed, match="the gradient is wrong"):
        tg.gradcheck(outputs, [B])
    assert tg.gradcheck(lambda x: outputs(x)[0], [B])


def test_history_lost_on_the_way_is_caught() -> None:
    with pytest.raises(tg.GradcheckFailed, match="the gradient is wrong"):
        tg.gradcheck(lambda x: T(x.detach()) * x, [A])
    with pytest.raises(tg.GradcheckFailed, match="the gradient is wrong"):
        tg.gradcheck(lambda x: T(np.exp(x.numpy())), [A])


# What passes -------------------------------------------------------------------------------------


def test_right_functions_of_every_sort_pass() -> None:
    assert tg.gradcheck(lambda x, w: tg.tanh(x.dot(w)), [A, B])
    assert tg.gradcheck(lambda x: (x * x, x.sum(axis=0)), [A])
    assert tg.gradcheck(lambda x: [x[0], x[1] * 2], [A])
    assert tg.gradcheck(lambda x, i: x[i], [A, np.array([0, 0, 1])])
    assert tg.gradcheck(lambda z: tg.exp(z) * tg.conj(z), [Z])
    assert tg.gradcheck(lambda z, x: tg.abs(z) * x, [Z, np.array([0.3, 0.4])])
    assert tg.gradcheck(tg.sin, [np.array(0.5)])
    assert tg.gradcheck(tg.sin, [np.zeros((0, 3))])
    assert tg.gradcheck(lambda x: T(np.array([1.0, 2.0])), [A])
    assert tg.gradcheck(lambda x: (x * x, x > 0), [A])


def test_gradients_inside_the_function_are_checked_too() -> None:
    assert tg.gradcheck(lambda x: tg.grad(lambda t: (t**3).sum())(x), [V])


def test_nothing_is_changed_and_no_grad_does_not_disturb() -> None:
    w = T(A, requires_grad=True)
    closed_over = T(A, requires_grad=True)
    with tg.no_grad():
        assert tg.gradcheck(lambda x: x * closed_over, [w])
    assert w.grad is None
    assert closed_over.grad is None
    np.testing.assert_array_equal(w.numpy(), A)


def test_the_same_seed_takes_the_same_directions() -> None:
    cube = planted_cube(WRONG["factor"])
    texts = []
    for seed in (1, 1, 2):
        with pytest.raises(tg.GradcheckFailed) as caught:
            tg.gradcheck(cube, [LARGE], seed=seed)
        texts.append(str(caught.value))
    assert texts[0] == texts[1] != texts[2]


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64])
def test_less_than_double_precision_is_refused(dtype: Any) -> None:
    with pytest.raises(
        tg.DTypeError, match=f"gradcheck: input 1 is {np.dtype(dtype)}; .*float64 or complex128"
    ):
        tg.gradcheck(lambda a, b: a * b, [A, A.astype(dtype)])


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(tg.DTypeError, match="none of the inputs is a float"):
        tg.gradcheck(lambda n: n, [np.array([1, 2])])
    with pytest.raises(tg.ArgumentError, match="order must be 1 or 2, got 3"):
        tg.gradcheck(tg.sin, [A], order=3)
    with pytest.raises(tg.ArgumentError, match="at least 4 directions are needed, got 2"):
        tg.gradcheck(tg.sin, [A], directions=2)
    with pytest.raises(tg.DTypeError, match="the function returned a float, no Tensor"):
        tg.gradcheck(lambda x: 3.0, [A])


@pytest.mark.parametrize("single", [A, T(A), 0.5], ids=["array", "tensor", "number"])
def test_inputs_that_are_no_list_are_refused(single: Any) -> None:
    with pytest.raises(tg.DTypeError, match="gradcheck: inputs"):
        tg.gradcheck(tg.sin, single)
