r"""Symbols of many values, and symbols that are no letters: ``W_{0, 17}``, ``a + b``."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor
from tensorgrok.inference import inferred
from tensorgrok.ops import reshape
from tensorgrok.symbols import delta_of, symbol_level, told_apart
from tensorgrok.terms import Term
from tensorgrok.tidying import applied
from tensorgrok.views.mathematics import parse
from tensorgrok.views.unicode import to_unicode
from tests.readers.evaluator import evaluate
from tests.test_naming import runs


@pytest.mark.parametrize(
    ("symbol", "level"),
    [
        *(("x", "atom"), (r"\hat{x}", "atom"), (r"\mathbf{W}", "atom"), (r"\lambda", "atom")),
        *((r"\left(a + b\right)", "atom"), ("(a - b)", "atom"), (r"\hat{a + b}", "atom")),
        *(("W_{0}", "call"), ("x'", "call"), ("f(t + 1)", "call"), (r"\nabla W_{0}", "call")),
        *((r"\operatorname{f}\left(x\right)", "call"), (r"h_{t - 1}", "call")),
        *(("x^2", "power"), ("h^{(1)}", "power"), (r"\frac{a}{b}", "power")),
        *(("a b", "product"), (r"U \, V", "product"), ("2x", "product"), (r"U\Sigma", "product")),
        *((r"a \odot b", "hadamard"), ("a/b", "hadamard"), (r"\sum_{i} x", "operator")),
        *(("-x", "unary"), ("+x", "unary"), ("-x_{0} y", "unary")),
        *(("a+b", "sum"), ("a - b", "sum"), ("-a + b", "sum"), (r"a \pm b", "sum")),
        *(("a = b", "comparison"), ("a, b", "comparison"), (r"x \leq 1", "comparison")),
        *((r"\left(a", "atom"), ("{", "atom"), ("x_", "call")),
    ],
)
def test_how_tightly_a_symbol_binds(symbol: str, level: str) -> None:
    assert symbol_level(symbol) == level


H = np.array([[0.5, 2.0], [1.5, 0.25]])


@pytest.mark.parametrize(
    ("tex", "letters"),
    [
        ("a+b", {"a": H / 4, "b": 3 * H / 4}),
        ("-x", {"x": -H}),
        ("x^{2}", {"x": np.sqrt(H)}),
        ("u v", {"u": H, "v": np.eye(2)}),
        (r"\frac{u}{v}", {"u": 2 * H, "v": np.full((2, 2), 2.0)}),
        ("u / v", {"u / v": H}),
        ("h^{(1)}", {"h^{(1)}": H}),
        ("z", {"z": H}),
    ],
)
def test_a_symbol_of_the_user_is_one_value_wherever_it_stands(
    tex: str, letters: dict[str, Any]
) -> None:
    w = Tensor(np.log(H), requires_grad=True)
    h = tg.exp(w).named("h", tex=tex)
    y = 3 * h**2 - h @ (h.T - h) * h
    view = tg.view(y, names={"w": w, "y": y})
    values = dict(letters)
    for line in view.lines[1:]:
        symbol, _, expression = line.latex.partition(" = ")
        values[symbol] = evaluate(expression, values)
    np.testing.assert_allclose(values["y"], y.numpy(), rtol=1e-12)
    assert (rf"\left({tex}\right)^{{2}}" in view.latex) == (tex != "z")


@pytest.mark.parametrize(
    ("symbol", "later"),
    [
        ("W_{0}", ("W_{0}'", "W_{0}'''", "W_{0, 5}")),
        ("x", ("x'", "x'''", "x_{5}")),
        ("x_2", ("x_2'", "x_2'''", "x_{2, 5}")),
        (r"\hat{x}", (r"\hat{x}'", r"\hat{x}'''", r"\hat{x}_{5}")),
        (r"W_{\mathrm{hh}}", (r"W_{\mathrm{hh}}'", r"W_{\mathrm{hh}}'''", r"W_{\mathrm{hh}, 5}")),
        ("a+b", (r"\left(a+b\right)'", r"\left(a+b\right)'''", r"\left(a+b\right)_{5}")),
    ],
)
def test_primes_and_then_numbers(symbol: str, later: tuple[str, str, str]) -> None:
    assert tuple(told_apart(symbol, count) for count in (2, 4, 5)) == later
    for text in later:
        assert "�" not in to_unicode(parse(rf"{text}^{{\top}} x"))


def test_deltas_of_numbered_layers() -> None:
    assert delta_of("l_{2, 5}'") == r"\delta_{2, 5}'"


def added(count: int) -> tuple[Tensor, list[Tensor]]:
    weights = [Tensor(np.full((1, 2), float(n)), requires_grad=True) for n in range(count)]
    total = weights[0]
    for weight in weights[1:]:
        total = total + weight
    return total, weights


def test_many_values_of_one_kind_are_told_apart() -> None:
    total, weights = added(40)
    view = tg.view(total, names={})
    terms = view.reading.program.terms
    symbols = [term.symbol for term in terms if term.card is None]
    assert symbols[:5] == [r"\theta", r"\theta'", r"\theta''", r"\theta'''", r"\theta_{5}"]
    assert len(set(symbols)) == len(weights)
    assert "θ₄₀" in view.lines[-1].unicode
    loss = total.sum()
    runs(tg.view(loss, names={}), loss)


def test_naming_many_values_takes_time_and_text_as_they_grow() -> None:
    total, weights = added(10_000)
    start = time.process_time()
    view = tg.view(total, names={}, values=False)
    assert len(view.latex) < 30 * len(weights)
    assert time.process_time() - start < 6  # it took a hundred when each looked at all before it


# Numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("factor", [-1, 2, 0.5])
def test_a_gradient_of_equal_numbers_has_its_dtype(dtype: str, factor: float) -> None:
    x = Tensor(np.ones(3, dtype=dtype), requires_grad=True)
    loss = (-x).sum() if factor == -1 else (x * factor).sum()
    view = tg.view(loss, names={"x": x})
    said = "" if dtype == "f4" else ", dtype='float64'"
    spelled = f"{float(factor)}" if dtype == "f4" else f"{factor}"
    assert view.backward.python == f"x_delta = full((3,), {spelled}{said})"
    variables = view.namespace()
    exec(view.backward.python, variables)
    assert variables["x_delta"].dtype == x.dtype
    assert variables["x_delta"].tolist() == [factor] * 3


def test_a_gate_is_no_product_where_numbers_are_infinite() -> None:
    x = Tensor(np.array([1.0, np.inf, -np.inf]), requires_grad=True)
    keep = Tensor(np.array([True, False, True]))
    y = tg.where(keep, x, 0)
    for cut in ("layers", "one", "ops"):
        view = tg.view(y, names={"x": x, "keep": keep, "y": y}, cut=cut)
        assert view.python == "y = where(keep, x, 0)"
        assert view.latex == r"y = x \odot \mathrm{keep}"
        variables = view.namespace()
        exec(view.python, variables)
        assert variables["y"].tolist() == [1.0, 0.0, -np.inf]
        told = "where(keep, y_delta, 0)" if cut == "ops" else "y_delta * keep"
        assert view.backward.python == f"x_delta = {told}"


def test_settings_that_are_numbers_of_numpy_or_have_no_literal() -> None:
    x = Tensor(np.ones((3, 4)), requires_grad=True)
    sizes: Any = (np.int64(2), np.int64(6))
    for y, python in (
        (reshape(x, sizes), "y = x.reshape((2, 6))"),
        (x * complex(np.nan, 1), "y = x * complex('nan+1j')"),
        (tg.nan_to_num(x, nan=np.inf), "y = nan_to_num(x, nan=float('inf'))"),
    ):
        view = tg.view(y, names={"x": x, "y": y})
        assert view.python == python
        variables = view.namespace()
        exec(view.python, variables)
        np.testing.assert_array_equal(variables["y"].numpy(), y.numpy())


# Shapes and dtypes of what was never computed -----------------------------------------------------


def term(*shape: int, dtype: str = "f8") -> Term:
    return Term(None, (), {}, shape, np.dtype(dtype))


def test_what_is_inferred_is_kept_apart_by_all_that_it_depends_on() -> None:
    card: Any = tg.engine.primitives["multiply"]
    integers = term(2, dtype="i8")
    assert inferred(card, (integers, 1), {})[1] == np.int64
    assert inferred(card, (integers, 1.0), {})[1] == np.float32
    tg.set_default_dtype("float64")
    try:
        assert inferred(card, (integers, 1.0), {})[1] == np.float64
    finally:
        tg.set_default_dtype("float32")
    assert inferred(card, (integers, 1.0), {})[1] == np.float32
    assert inferred(card, (term(2, dtype="?"), True), {})[1] == np.bool_


def test_no_law_changes_a_shape_or_a_dtype() -> None:
    cards = tg.engine.primitives
    integers = term(2, dtype="i8")
    for name, operands in (
        ("pow", (integers, 1.0)),
        ("divide", (integers, 1)),
        ("multiply", (1.0, integers)),
    ):
        found = applied(cards[name], operands, {})
        assert found is not integers
        assert (found.shape, found.dtype) == inferred(cards[name], operands, {})
    assert applied(cards["divide"], (term(2), 1), {}).card is None
