r"""The evaluator of printed formulas, by values computed by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.readers import evaluator, meanings
from tests.readers.evaluator import evaluate
from tests.readers.meanings import EvaluationError

A = np.array([[1.0, 2.0], [3.0, 4.0]])
B = np.array([[0.0, 1.0], [1.0, 0.0]])
V = np.array([1.0, -2.0])
W = np.array([3.0, 5.0, 7.0])
Y = np.array([1, 0])
VALUES: dict[str, Any] = {
    "A": A, "B": B, "v": V, "w": W, "y": Y, "n": 4.0, "W_{0}": 2 * A, r"\hat{y}": 3 * V,
    r"\delta_{2}": 10 * A, r"\nabla W_{0}": A - 1, r"\mathrm{hidden}": A + 1, "l_{1}": V + 1,
    "l_{1}'": V + 2, r"W_{\mathrm{hh}}": A + 5, r"\lambda": 0.5, "r": np.array([[1.0, 2.0, 3.0]]),
    "c": np.array([[1.0], [2.0]]), "t": np.arange(8.0).reshape(2, 2, 2),
}  # fmt: skip


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        # products
        ("A B", [[2, 1], [4, 3]]),
        ("2 A B", [[4, 2], [8, 6]]),
        ("A v", [-3, -5]),
        ("v A B", [-6, -5]),
        ("n v", [4, -8]),
        (r"v \cdot 2", [2, -4]),
        (r"A \odot B", [[0, 2], [3, 0]]),
        (r"A B \odot B A", [[2 * 3, 1 * 4], [4 * 1, 3 * 2]]),
        (r"A^{\top} B", [[3, 1], [4, 2]]),
        (r"v^{\top}", [1, -2]),
        (r"v^{\top} w", [[3, 5, 7], [-6, -10, -14]]),
        (r"\left(v w^{\top}\right)", [[3, 5, 7], [-6, -10, -14]]),
        (r"r^{\top} r", [[1, 2, 3], [2, 4, 6], [3, 6, 9]]),
        (r"c r", [[1, 2, 3], [2, 4, 6]]),
        (r"t^{\top}", [[[0, 2], [1, 3]], [[4, 6], [5, 7]]]),
        (r"\left\langle v, 3 v \right\rangle", 15),
        (r"v \otimes w", [3, 5, 7, -6, -10, -14]),
        # vectors of ones
        (r"\mathbf{1}^{\top} A", [4, 6]),
        (r"A \mathbf{1}", [[3], [7]]),
        (r"A \mathbf{1} \mathbf{1}^{\top}", [[3, 3], [7, 7]]),
        (r"2 A \mathbf{1} \mathbf{1}^{\top} \odot B", [[0, 6], [14, 0]]),
        (r"A - \mathbf{1}_{y}", [[1, 1], [2, 4]]),
        (r"\tfrac{1}{2} \left(A - \mathbf{1}_{y}\right)", [[0.5, 0.5], [1, 2]]),
        (r"\mathbf{1}_{y} A", [[3, 4], [1, 2]]),
        # sums, signs, numbers
        ("A + v", [[2, 0], [4, 2]]),
        ("1 - v - v", [-1, 5]),
        ("-A B", [[-2, -1], [-4, -3]]),
        ("-2^{2}", -4),
        (r"\frac{v}{2} + \tfrac{1}{4}", [0.75, -0.75]),
        (r"1.5 \cdot 10^{-3} \cdot v", [0.0015, -0.003]),
        ("1e-05 v", [1e-5, -2e-5]),
        (r"\max\left(v, -\infty\right)", [1, -2]),
        (r"v \bmod 3", [1, 1]),
        (r"v^{2} + v^{-1}", [2, 3.5]),
        (r"w^{v - v}", None),
        (r"n^{v}", [4, 1 / 16]),
        (r"\left(v + 1\right)^{2}", [4, 1]),
        (r"\sqrt{n} + \left\lvert v \right\rvert", [3, 4]),
        # conditions
        (r"\left[v > 0\right]", [1, 0]),
        (r"A \odot \left[A \leq 2\right]", [[1, 2], [0, 0]]),
        (r"\left[\left(v > 0\right) \vee \left(v = -2\right)\right]", [1, 1]),
        (r"\neg \left(v > 0\right)", [False, True]),
        (r"v \neq 1", [False, True]),
        (r"\operatorname{where}\left(v > 0, v, 9\right)", [1, 9]),
        (r"y \gg 1", [0, 0]),
        # symbols
        ("W_{0} - A", A), (r"\hat{y}", [3, -6]), (r"\nabla W_{0}", [[0, 1], [2, 3]]),
        (r"\nabla W_{0}^{\top}", [[0, 2], [1, 3]]), (r"\mathrm{hidden} \, B", [[3, 2], [5, 4]]),
        ("l_{1}' - l_{1}", [1, 1]), (r"W_{\mathrm{hh}} - A", [[5, 5], [5, 5]]),
        (r"\lambda \delta_{2}", [[5, 10], [15, 20]]),
        # indices
        ("A_{0}", [1, 2]), ("A_{:, 1}", [2, 4]), ("w_{..., 0:2}", [3, 5]), ("w_{::-1}", [7, 5, 3]),
        ("v_{:, None}", [[1], [-2]]), ("A_{y}", [[3, 4], [1, 2]]), ("W_{0}_{0, 1}", 4),
        (r"\left(\sum_{j} A_{ij} B_{jk}\right)_{ik}", [[2, 1], [4, 3]]),
        (r"2 \left(\sum_{i} v_{i} v_{i}\right)", 10),
        (r"\left(A_{ij}\right)_{ji}", [[1, 3], [2, 4]]),
        (r"\operatorname{add}_{y}\left(v, 1\right)", [2, -1]),
        (r"\operatorname{set}_{0:2}\left(w, 0\right)", [0, 0, 7]),
    ],
)  # fmt: skip
def test_what_formulas_say(latex: str, expected: Any) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="broadcast"):
            evaluate(latex, VALUES)
    else:
        np.testing.assert_allclose(evaluate(latex, VALUES), expected, rtol=1e-15)
        assert np.shape(evaluate(latex, VALUES)) == np.shape(expected)


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\sum A", 10), (r"\sum_{0} A", [4, 6]), (r"\sum_{1 \to 1} A", [[3], [7]]),
        (r"\sum_{\to 1} A", [[10]]), (r"\sum_{(0, 1)} A", 10), (r"\sum_{-1} A B", [3, 7]),
        (r"1 - \sum v", 2), (r"\sum \left(A + A\right)", 20), (r"\prod_{0} A", [3, 8]),
        (r"\operatorname{mean} A", 2.5), (r"\operatorname{mean}_{0} A", [2, 3]),
        (r"\operatorname{mean}\left(v - 1\right)^{2}", 4.5),
        (r"\max A", 4), (r"\max_{1} A", [2, 4]), (r"\min_{0} A", [1, 2]),
        (r"\max\left(v, 0\right)", [1, 0]), (r"\min\left(v, 0\right)", [0, -2]),
        (r"\arg\max_{1} A", [1, 1]), (r"\arg\min v", 1), (r"\operatorname{var} v", 2.25),
        (r"\operatorname{std} v", 1.5), (r"\operatorname{median} w", 5),
        (r"\operatorname{quantile}^{0.25} w", 4), (r"\operatorname{nnz} B", 2),
        (r"\exists B", True), (r"\forall_{0} B", [False, False]),
        (r"\operatorname{cumsum}_{0} w", [3, 8, 15]), (r"\operatorname{cumprod} w", [3, 15, 105]),
        (r"\operatorname{sort} v", [-2, 1]), (r"\operatorname{argsort} v", [1, 0]),
        (r"\Delta w", [2, 2]), (r"\Delta^{2}_{0} w", [0]),
        (r"\operatorname{logsumexp}_{0} \left(v - v\right)", math.log(2)),
        (r"\operatorname{softmax}\left(\log\left(A\right)\right)",
         [[1 / 3, 2 / 3], [3 / 7, 4 / 7]]),
        (r"\operatorname{softmax}_{0}\left(\log\left(A\right)\right)",
         [[1 / 4, 1 / 3], [3 / 4, 2 / 3]]),
        (r"\log \operatorname{softmax}\left(v - v\right)", [-math.log(2)] * 2),
    ],
)  # fmt: skip
def test_what_goes_along_axes(latex: str, expected: Any) -> None:
    np.testing.assert_allclose(evaluate(latex, VALUES), expected, rtol=1e-14)
    assert np.shape(evaluate(latex, VALUES)) == np.shape(expected)


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\operatorname{relu}\left(v\right)", [1, 0]),
        (r"\operatorname{leaky\_relu}\left(v\right)", [1, -0.02]),
        (r"\operatorname{leaky\_relu}_{0.5}\left(v\right)", [1, -1]),
        (r"\operatorname{hardtanh}\left(v\right)", [1, -1]),
        (r"\operatorname{hardtanh}_{\left[-3, 0.5\right]}\left(v\right)", [0.5, -2]),
        (r"\operatorname{elu}\left(v\right)", [1, math.exp(-2) - 1]),
        (r"\operatorname{elu}_{2}\left(v\right)", [1, 2 * math.exp(-2) - 2]),
        (r"\operatorname{gelu}\left(v\right)",
         [0.841344746068542948, -0.0455002638963584144]),
        (r"\operatorname{gelu}_{\tanh}\left(v\right)",
         [0.5 + 0.5 * math.tanh(math.sqrt(2 / math.pi) * 1.044715),
          -1 + math.tanh(math.sqrt(2 / math.pi) * 2.35772)]),
        (r"\sigma\left(v\right)", [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(2))]),
        (r"\log \sigma\left(v\right)", [-math.log1p(math.exp(-1)), -math.log1p(math.exp(2))]),
        (r"\operatorname{softplus}\left(v\right)", [math.log1p(math.e), math.log1p(math.exp(-2))]),
        (r"\operatorname{silu}\left(v\right)", [1 / (1 + math.exp(-1)), -2 / (1 + math.exp(2))]),
        (r"\tanh\left(v\right)", [math.tanh(1), math.tanh(-2)]),
        (r"\exp\left(v\right) - e^{v}", [0, 0]),
        (r"\log\left(1 + w\right)", [math.log(4), math.log(6), math.log(8)]),
        (r"\log_{2}\left(n\right) + \log_{10}\left(100\right)", 4),
        (r"\operatorname{erf}\left(v\right)", [math.erf(1), math.erf(-2)]),
        (r"\sin\left(v\right) + \arctan\left(v\right)",
         [math.sin(1) + math.atan(1), math.sin(-2) + math.atan(-2)]),
        (r"\operatorname{arsinh}\left(v\right)", [math.asinh(1), math.asinh(-2)]),
        (r"\operatorname{atan2}\left(v, 1\right)", [math.pi / 4, math.atan2(-2, 1)]),
        (r"\left\lfloor \frac{v}{2} \right\rfloor", [0, -1]),
        (r"\left\lceil \frac{v}{4} \right\rceil", [1, 0]),
        (r"\left\lfloor \frac{w}{2} \right\rceil", [2, 2, 4]),
        (r"\operatorname{clip}\left(w, 4, 6\right)", [4, 5, 6]),
        (r"\operatorname{sign}\left(v\right)", [1, -1]),
        (r"\overline{v}", [1, -2]),
        (r"\tfrac{1}{2}\left\lVert v - 3 \right\rVert^{2}", 14.5),
        (r"\operatorname{huber}\left(v - 3\right)", [1.5, 4.5]),
        (r"\operatorname{huber}_{4}\left(v - 3\right)", [2, 12]),
        (r"\operatorname{cross\_entropy}\left(\log\left(A\right), y\right)",
         (math.log(3 / 2) + math.log(7 / 3)) / 2),
        (r"\operatorname{cross\_entropy}_{0.5}\left(v - v, 1\right)", math.log(2)),
        (r"\operatorname{bce}\left(\sigma\left(v\right), y\right)",
         [math.log1p(math.exp(-1)), math.log1p(math.exp(-2))]),
        (r"\operatorname{flip}\left(w\right)", [7, 5, 3]),
        (r"\operatorname{roll}_{0}\left(w, 1\right)", [7, 3, 5]),
        (r"\operatorname{permute}_{(1, 0)}\left(A\right)", [[1, 3], [2, 4]]),
        (r"\operatorname{take}_{1}\left(A, y\right)", [[2, 1], [4, 3]]),
        (r"\operatorname{tril}\left(A\right) + \operatorname{triu}_{1}\left(A\right)", A),
        (r"\operatorname{diag}\left(A\right)", [1, 4]), (r"\operatorname{tr}\left(A\right)", 5),
        (r"\operatorname{diag}\left(v\right)", [[1, 0], [0, -2]]),
        (r"\operatorname{pad}\left(v, 1\right)", [0, 1, -2, 0]),
        (r"\operatorname{pad}_{edge}\left(v, (0, 1)\right)", [1, -2, -2]),
        (r"\operatorname{arange}\left(3, None, 1, None\right)", [0, 1, 2]),
        (r"\left[ v \; w \right]", [1, -2, 3, 5, 7]),
        (r"\left[ v \;\middle|\; v \right]", [[1, -2], [1, -2]]),
    ],
)  # fmt: skip
def test_functions(latex: str, expected: Any) -> None:
    np.testing.assert_allclose(evaluate(latex, VALUES), expected, rtol=1e-13, atol=1e-15)
    assert np.shape(evaluate(latex, VALUES)) == np.shape(expected)


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("q + 1", "wanted a symbol, a number or a function, saw 'q + 1'"),
        ("v +", "saw 'the end'"),
        (r"\left(v", "wanted '\\\\right', saw 'the end'"),
        (r"v \star w", "the argument of star"),
        (
            r"\operatorname{frobnicate}\left(v\right)",
            "no meaning is known for the function 'frobni",
        ),
        (r"\operatorname{relu} v", "the argument of relu"),
        (r"\mathbf{1}^{\top}", "how long a vector of ones is"),
        (r"\mathbf{1}_{y}", "how long a vector of ones is"),
        (r"\mathrm{speed}", "a value for the symbol"),
        ("v )", "an operator or the end"),
        ("v^{2", "wanted '}'"),
        (r"\left(A_{ij} B_{jk}\right)_{ik}", "sum over '', but ['j'] are left over"),
        (r"\left[ v \; w, v \right]", "what separates things"),
    ],
)
def test_what_it_does_not_know_it_says(latex: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=re.escape(message)):
        evaluate(latex, VALUES)


def test_the_longest_symbol_wins() -> None:
    assert evaluate("W_{0}", {"W": np.array([5.0]), "W_{0}": 1.0}) == 1
    assert evaluate("W_{0}", {"W": np.array([5.0])}) == 5
    assert evaluate(r"\sigma\left(0\right)", {r"\sigma": 3.0}) == 0.5
    assert evaluate(r"\sigma \left(2\right)", {r"\sigma": 3.0}) == 6


def test_it_is_independent_of_the_library() -> None:
    for module in (evaluator, meanings):
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) tensorgrok", source, re.MULTILINE)
