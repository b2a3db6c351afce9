"""Cards that users write: odd results, odd names of parameters, with or without annotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok.cards import primitive

pytestmark = pytest.mark.usefixtures("_own_cards")


def bare(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without annotations, as users often write them."""
    function.__annotations__ = {}
    return function


def test_a_card_of_two_operands_may_return_several_results(backend: str) -> None:
    @primitive("elementwise", constant=("x", "z"))
    @bare
    def both(xp: Any, x: Any, z: Any) -> Any:
        return x + z, x - z

    t = tg.Tensor([1.0, 2.0])
    for operands in ((t, t), (t, 2.0), (2.0, t), (t, np.ones(2, "f4"))):
        results = both(*operands)
        assert isinstance(results, tuple)
        assert [result.shape for result in results] == [(2,), (2,)]


def test_a_card_of_one_operand_may_return_several_results(backend: str) -> None:
    @primitive("elementwise", constant=("x",))
    @bare
    def halves(xp: Any, x: Any) -> Any:
        return x / 2, x / 2

    first, second = halves(tg.Tensor([1.0]))
    assert first.tolist() == second.tolist() == [0.5]


@pytest.mark.parametrize("result", [None, "text"])
def test_what_is_no_array_is_refused(result: Any, backend: str) -> None:
    @primitive("elementwise", constant=("x",))
    def one(xp: Any, x: Any) -> Any:
        return result

    @primitive("elementwise", constant=("x", "z"))
    def two(xp: Any, x: Any, z: Any) -> Any:
        return result

    t = tg.Tensor([1.0])
    calls: list[Callable[[], Any]] = [lambda: one(t), lambda: two(t, t)]
    calls += [lambda: two(t, 1.0), lambda: two(1.0, t)]
    for call in calls:
        with pytest.raises(tg.DTypeError, match=r"^(one|two): "):
            call()


def test_parameters_may_have_any_name() -> None:
    @primitive("elementwise", constant=("x",))
    def odd(
        xp: Any,
        x: Any,
        HELD: int = 2,  # noqa: N803  # whatever a user may choose
        frozen: tuple[int, ...] = (1, 2),
        defaults: int = 3,
        self: int = 4,
    ) -> Any:
        return x * (HELD + sum(frozen) + defaults + self)

    t = tg.Tensor([1.0])
    assert odd(t).tolist() == [12.0]
    assert odd(t, HELD=3, frozen=(5,), defaults=0, self=1).tolist() == [9.0]


def test_only_comparisons_meet_in_double_precision(backend: str) -> None:
    @primitive("elementwise", constant=("x", "z"))
    def product(xp: Any, x: Any, z: Any) -> Any:
        return x * z

    assert product(tg.Tensor([1]), tg.Tensor([1.0])).dtype == np.float32
    assert product(tg.Tensor([1]), 1.5).dtype == np.float32
    large = tg.Tensor([2**24 + 1])
    assert (large == tg.Tensor(np.array([2**24], "c8"))).tolist() == [False]
    assert (large == 2**24 + 0j).tolist() == [False]


def test_conditions_on_shapes_may_choose_between_large_arrays() -> None:
    @primitive("elementwise", constant=("x",))
    def flat_only(xp: Any, x: Any) -> Any:
        return xp.where(x.ndim == 1, x, 0)

    assert flat_only(tg.Tensor(np.ones(5000))).numpy().all()
    assert not flat_only(tg.Tensor(np.ones((50, 100)))).numpy().any()


def test_a_cast_takes_the_standards_keyword() -> None:
    @primitive("elementwise", constant=("x",))
    def single(xp: Any, x: Any) -> Any:
        return xp.astype(x, np.dtype("f4"), copy=False)

    assert single(tg.Tensor([1.5], dtype="f8")).dtype == np.float32
