"""Every card in every view: what is printed runs and gives what was recorded, and all is drawn.

The table that drives the tests of operations drives these too, so a new card is a new test. Cards
of users, whatever notation they have, are shown as calls at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn
from tensorgrok.backend import Array
from tensorgrok.cards import primitive
from tensorgrok.engine import primitives
from tensorgrok.lines import CUTS, Cut
from tensorgrok.views.statement import Statement
from tensorgrok.views.values import GONE
from tensorgrok.views.view import View
from tests.cases import CASES, Case

ROUNDING = 1e-12  # of lines that are spelled as one would by hand, relative


def ends_of(case: Case) -> tuple[dict[str, Tensor], list[Tensor]]:
    """The inputs of a case by name, and the results that were recorded."""
    inputs = [Tensor(a, requires_grad=a.dtype.kind in "fc") for a in case.inputs]
    result = case.function(*inputs)
    ends = result if isinstance(result, tuple) else (result,)
    names = {f"x{place}": tensor for place, tensor in enumerate(inputs)}
    return names, [end for end in ends if end.requires_grad]


def agree(view: View, end: Tensor, exact: bool) -> None:
    """Run the printed programs; they give what was recorded, and what backward gives."""
    if any(view.values.why(t) == GONE for t in view.reading.program.terms if t.card is None):
        return  # an index or a constant that nobody holds any more: there is nothing to run with
    variables = view.namespace()
    exec(view.python, variables)
    found = eval(str(view.reading.root.name), variables)
    assert found.dtype == end.dtype
    np.testing.assert_array_equal(found.numpy(), end.numpy(), view.python)
    gradient, seed = None, view.reading.backward.seed
    if seed is not None:
        drawn = np.random.default_rng(3).standard_normal(end.shape)
        gradient = variables[str(seed.name)] = Tensor(np.asarray(drawn, dtype=end.dtype))
    exec(view.backward.python, variables)
    terms = view.reading.backward.gradients
    leaves: list[Any] = [leaf.source.handle() for leaf in terms]  # type: ignore[union-attr]
    wanted = tg.gradients(end, leaves, gradient, retain_graph=True)
    for term, right in zip(terms.values(), wanted, strict=True):
        made = eval(str(term.name), variables)
        assert (made.dtype, made.shape) == (right.dtype, right.shape) == (term.dtype, term.shape)
        loose = 0 if exact else ROUNDING if end.dtype.itemsize > 4 else 1e-6
        a, b = made.numpy(), right.numpy()
        np.testing.assert_allclose(a, b, rtol=loose, atol=loose, err_msg=view.backward.python)


def draw(statement: Statement) -> None:
    """Write and draw a line in all ways; what is XML is well-formed."""
    for text in (statement.latex, statement.unicode):
        assert " = " in text
    assert statement.ascii.isascii()
    assert statement.terminal(60, only_ascii=True).isascii()
    ElementTree.fromstring(statement.mathml)
    ElementTree.fromstring(statement.bricks)


@pytest.mark.parametrize("cut", ["layers", "ops"])
@pytest.mark.parametrize("case", [c for c in CASES if primitives[c.name].pullbacks], ids=str)
def test_every_card_is_shown_and_runs(case: Case, cut: Cut) -> None:
    names, ends = ends_of(case)
    for end in ends:
        view = tg.view(end, names=names, cut=cut)
        agree(view, end, exact=cut == "ops")
        if cut == "layers":
            for statement in (*view.lines, *view.backward.lines, *view.whole.lines):
                draw(statement)
            assert view.title in view.text()


def test_the_table_has_every_card_that_can_be_viewed() -> None:
    there = {case.name for case in CASES}
    assert {name for name, card in primitives.items() if card.pullbacks} <= there


# What a line says of numbers and settings ---------------------------------------------------------


def shown(end: Tensor, **tensors: Tensor) -> View:
    return tg.view(end, names={**tensors, "y": end})


@pytest.mark.parametrize("number", [1e300, 1.2345678901e300, -1.2345678e-310, 2.0**0.5, 1 / 3])
def test_numbers_of_all_sizes_are_printed_to_the_last_bit(number: float) -> None:
    x = Tensor(np.ones(2), requires_grad=True)
    view = shown(x * number, x=x)
    variables = view.namespace()
    exec(view.python, variables)
    assert variables["y"].tolist() == [number, number]
    draw(view.lines[0])


@pytest.mark.parametrize(
    ("function", "latex"),
    [
        (lambda x: x.var(1, correction=1), r"\operatorname{var}_{1, n - 1} x"),
        (lambda x: x.std(correction=1), r"\operatorname{std}_{n - 1} x"),
        (lambda x: x.var(1), r"\operatorname{var}_{1} x"),
        (lambda x: tg.sort(x, descending=True), r"\operatorname{sort}_{\mathrm{descending}} x"),
        (
            lambda x: tg.cumulative_sum(x, axis=0, include_initial=True),
            r"\operatorname{cumsum}_{0, \mathrm{initial}} x",
        ),
        (lambda x: tg.nan_to_num(x), r"\operatorname{nan\_to\_num}\left(x\right)"),
        (
            lambda x: tg.nan_to_num(x, nan=3, neginf=-1),
            r"\operatorname{nan\_to\_num}\left(x, \mathrm{nan} \to 3, -\infty \to -1\right)",
        ),
        (lambda x: tg.split(x, 2)[1], r"\operatorname{split}_{0}\left(x, 2\right)_{1}"),
    ],
)
def test_algebra_says_settings_too(function: Any, latex: str) -> None:
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    (line,) = shown(function(x), x=x).lines
    assert line.latex == f"y = {latex}"
    draw(line)


def test_an_empty_index_is_written() -> None:
    x = Tensor(np.array(2.0), requires_grad=True)
    assert shown(x[()], x=x).python == "y = x[()]"


@pytest.mark.parametrize("base", [0.1, 3.3])
def test_numbers_keep_their_digits_where_only_numbers_meet(base: float) -> None:
    x = Tensor(np.array([0.3, 0.7, 1.9]), requires_grad=True)
    for y in (base**x, tg.logaddexp(x, base), tg.atan2(x, base)):
        agree(shown(y, x=x), y, exact=False)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_losses_element_by_element_are_not_averaged_twice(reduction: str) -> None:
    x = Tensor(np.array([[0.5, 3.0]]), requires_grad=True)
    t = Tensor(np.array([[0.25, 0.5]]))
    for y in (
        nn.huber(x, t, delta=0.5, reduction=reduction),
        nn.bce_with_logits(x, t, reduction=reduction),
        nn.bce_with_logits(x, t, positive_weight=2.0, reduction=reduction),
    ):
        view = shown(y, x=x, t=t)
        assert "reduction='none'" in view.python
        agree(view, y, exact=False)


def test_a_term_of_a_divergence_is_0_where_the_target_is() -> None:
    x, t = Tensor(np.log([[0.5, 0.5]]), requires_grad=True), Tensor(np.array([[0.0, 1.0]]))
    y = nn.kl_divergence(x, t)
    with np.errstate(all="ignore"):  # of the logarithm of 0, which is not chosen
        agree(shown(y, x=x, t=t), y, exact=False)


@pytest.mark.parametrize("shape", [(), (2,), (1, 2), (2, 2)])
def test_values_put_into_the_places_of_a_mask(shape: tuple[int, ...]) -> None:
    x, mask = Tensor(np.ones((3, 2)), requires_grad=True), Tensor(np.array([True, False, True]))
    v = Tensor(np.full(shape, 2.0), requires_grad=True)
    for function in (tg.scatter_set, tg.scatter_add):
        y = function(x, mask, v)
        agree(shown(y, x=x, v=v, mask=mask), y, exact=False)


def test_a_complex_number_has_no_cotangent_of_its_own() -> None:
    x = Tensor(np.array([1 + 1j, 2j]), requires_grad=True)
    y = x.sum()
    view = shown(y, x=x)
    assert view.backward.python == "x_delta = broadcast_to(y_delta.reshape((1,)), (2,))"
    agree(view, y, exact=True)


def test_parts_of_unequal_shapes_are_drawn() -> None:
    x = Tensor(np.ones((5, 2)), requires_grad=True)
    first, second = tg.split(x, [2, 3], axis=0)
    for cut in CUTS:
        y = (first.sum() + second.sum()) * 2
        view = tg.view(y, names={"x": x}, cut=cut)
        for statement in view.lines:
            draw(statement)
        agree(view, y, exact=True)


# Cards of users -----------------------------------------------------------------------------------


@pytest.fixture
def _cards() -> None:
    """A few cards as users write them."""

    @primitive("elementwise")
    def plainly(xp: Any, x: Array, power: int = 2) -> Array:
        return x**power

    @plainly.pullback("x")
    def plainly_pull_x(xp: Any, g: Array, x: Array, power: int) -> Array:
        return xp.where(xp.isfinite(x), g * power * x ** (power - 1), xp.zeros((), dtype=g.dtype))

    @primitive("elementwise", latex=r"\mystery{{{x}}}\begin{{odd}} % & # \undefined")
    def oddly(xp: Any, x: Array) -> Array:
        return -x

    @oddly.pullback("x")
    def oddly_pull_x(xp: Any, g: Array) -> Array:
        return -g

    @primitive("elementwise")
    def all_of(xp: Any, parts: Sequence[Array]) -> Array:
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    @all_of.pullback("parts")
    def all_of_pull_parts(xp: Any, g: Array, position: int) -> Array:
        return g * 1.0


@pytest.mark.usefixtures("_own_cards", "_cards")
@pytest.mark.parametrize("cut", ["layers", "one", "ops"])
def test_cards_of_users_are_shown_as_calls(cut: Cut) -> None:
    x, z = (Tensor(np.array([1.0, 2.0]), requires_grad=True) for _ in range(2))
    for y, call in (
        (primitives["plainly"](x, 3), "plainly(x, 3)"),
        (primitives["oddly"](x), "oddly(x)"),
        (primitives["all_of"]([x, z, x]), "all_of("),
    ):
        view = tg.view(y, names={"x": x, "z": z, "y": y}, cut=cut)
        assert view.python.startswith(f"y = {call}")
        for statement in (*view.lines, *view.backward.lines, *view.whole.lines):
            draw(statement)
        assert view.title in view.text()
        assert "<svg" in view.html()
        agree(view, y, exact=cut == "ops")


@pytest.mark.usefixtures("_own_cards", "_cards")
def test_a_value_called_like_a_users_card_does_not_hide_it() -> None:
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    y = primitives["plainly"](x)
    view = tg.view(y, names={"plainly": x, "y": y})
    assert view.python == "y = plainly(plainly_, 2)"
    agree(view, y, exact=False)
