"""Rules as they are compiled for a plan: what users' cards may do, and what they are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor
from tensorgrok.backend import Array, Namespace
from tensorgrok.cards import primitive
from tensorgrok.engine import operations, primitives


@pytest.fixture
def _own_cards() -> Iterator[None]:
    """What is made in a test is gone after it."""
    before = set(primitives)
    yield
    for name in set(primitives) - before:
        del primitives[name]
        operations.pop(name, None)


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


@pytest.mark.usefixtures("_own_cards")
def test_gradients_that_a_rule_hands_on_from_a_tuple_are_copied() -> None:
    @primitive("elementwise", public=False)
    def both(xp, a: Array, b: Array):  # type: ignore[no-untyped-def]  # as users write cards
        return a + b, a - b

    @both.pullback("a", "b")
    def both_pull(xp: Namespace, g: Any) -> Array:
        return g[0]

    @primitive("arrangement", public=False)
    def first(xp: Namespace, xs: Sequence[Array]) -> Array:
        return xs[0]

    @first.pullback("xs")
    def first_pull(xp: Namespace, g: Array, xs: Sequence[Array], position: int) -> Array:
        return xs[position]

    a, b = (Tensor(np.array([1.0, 2.0]), requires_grad=True) for _ in range(2))
    both(a, b)[0].sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert not np.shares_memory(a.grad.data, b.grad.data)
    a.grad = b.grad = None
    first([a, b]).sum().backward()
    assert a.grad is not None
    assert not np.shares_memory(a.grad.data, a.data)


@pytest.mark.usefixtures("_own_cards")
def test_parameters_of_a_card_may_be_called_anything() -> None:
    @primitive("elementwise", public=False)
    def scaled(
        xp: Namespace,
        x: Array,
        RENEW: float = 2.0,  # noqa: N803  # like a word that the text of rules has for others
        *,
        NEW: float = 3.0,  # noqa: N803  # such a word
    ) -> Array:
        return x * (RENEW * NEW)

    @scaled.pullback("x")
    def scaled_pull(
        xp: Namespace,
        g: Array,
        RENEW: float,  # noqa: N803  # as above
        *,
        NEW: float,  # noqa: N803  # as above
    ) -> Array:
        return g * (RENEW * NEW)

    x = leaf(1.0)
    scaled(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [6.0]


@pytest.mark.usefixtures("_own_cards")
def test_a_rule_that_gives_no_array_is_named() -> None:
    @primitive("elementwise", public=False)
    def broken(xp: Namespace, x: Array) -> Array:
        return x + x

    @broken.pullback("x")
    def broken_pull(xp: Namespace, g: Array) -> Any:
        return 1.0

    said = r"^broken_pull: gave the number 1\.0; a pullback must return an array of the argument"
    with pytest.raises(tg.GraphError, match=said):
        broken(leaf(1.0)).sum().backward()


def test_what_a_hook_answers_for_one_of_several_results_stays_its_own() -> None:
    x = Tensor(np.arange(4.0), requires_grad=True)
    own = Tensor(np.array([7.0, 7.0]))
    first, second = tg.split(x, 2)
    first.register_hook(lambda g: own)
    (found,) = tg.gradients((first * 2 + first * 3 + second).sum(), [first])
    assert found.tolist() == [7.0, 7.0]
    assert not np.shares_memory(found.data, own.data)


@pytest.mark.usefixtures("_own_cards")
def test_only_the_rule_of_a_sequence_may_ask_for_the_position() -> None:
    @primitive("arrangement", public=False)
    def joined(xp: Namespace, xs: Sequence[Array], scale: Array) -> Array:
        return xs[0] * scale

    said = r"^joined_pull: a pullback of joined takes xp first and may then read [^;]*; it names"
    with pytest.raises(tg.ArgumentError, match=said) as caught:

        @joined.pullback("scale")
        def joined_pull(xp: Namespace, g: Array, position: int) -> Array:
            return g

    assert "position" not in str(caught.value).partition(";")[0]


@pytest.mark.usefixtures("_own_cards")
def test_an_operand_with_a_dtype_of_its_own_is_recorded_and_typed_as_it_should() -> None:
    @primitive("elementwise", public=False, apart=("w",), closed=True)
    def beside(xp: Namespace, x: Array, w: Array) -> Array:
        return x * w

    @beside.pullback("x", "w")
    def beside_pull(xp: Namespace, g: Array, x: Array, w: Array) -> Array:
        return g

    y = beside(Tensor([1.0], dtype=np.float32), Tensor(np.array([2.0]), requires_grad=True))
    assert y.dtype == y.data.dtype == np.float64
