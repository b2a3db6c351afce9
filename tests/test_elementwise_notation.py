"""What elementwise cards print: programs that run on NumPy, and algebra with the right brackets."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor
from tensorgrok.engine import primitives
from tensorgrok.registry import get_backend
from tests.cases import CASES, Case
from tests.readers.symbols import Reader

MODULES = ("elementwise", "functions", "trigonometry", "rounding", "comparison", "conversion")
PRINTED = [
    case
    for case in CASES
    if primitives[case.name].__module__.rpartition(".")[2] in MODULES
    and case.note in ("plain", "with a number", "number first", "numbers", "special")
    and any(array.dtype.kind == "f" for array in case.inputs)
    and primitives[case.name].pullbacks
]


@pytest.mark.parametrize("case", PRINTED, ids=str)
def test_the_printed_python_runs_on_numpy_and_computes_the_same(case: Case) -> None:
    inputs = [Tensor(array, requires_grad=array.dtype.kind == "f") for array in case.inputs]
    starts = [tensor for tensor in inputs if tensor.requires_grad]
    result = case.function(*inputs)
    names = {tensor: f"x{place}" for place, tensor in enumerate(inputs)} | {result: "result"}
    reader = Reader(result, names, "python")
    lines = reader.forward + reader.backward({start: f"{names[start]}_delta" for start in starts})
    values: dict[str, Any] = {name: getattr(np, name) for name in np.__all__}
    values |= {"erf": get_backend("numpy").erf}
    values |= {names[tensor]: tensor.numpy() for tensor in inputs}
    exec("\n".join(lines), values)
    np.testing.assert_allclose(values["result"], result.numpy(), rtol=1e-14)
    found = tg.gradients([result], starts, [np.ones(result.shape)])
    for start, gradient in zip(starts, found, strict=True):
        printed = np.broadcast_to(values[f"{names[start]}_delta"], gradient.shape)
        np.testing.assert_allclose(printed, gradient.numpy(), rtol=1e-13, atol=1e-15)


def test_there_is_a_printed_row_for_each_card_with_rules() -> None:
    cards = {n for n, c in primitives.items() if c.__module__.rpartition(".")[2] in MODULES}
    cards = {name for name in cards if primitives[name].pullbacks} - {"astype"}
    assert cards == {case.name for case in PRINTED}


@pytest.mark.parametrize(
    ("function", "python", "latex"),
    [
        (lambda x: tg.clip(x, 0, 1), "clip(x, 0, 1)", r"\operatorname{clip}\left(x, 0, 1\right)"),
        (lambda x: tg.clip(x, min=0), "clip(x, min=0)", r"\max\left(x, 0\right)"),
        (lambda x: tg.square(x + 1), "square(x + 1)", r"\left(x + 1\right)^{2}"),
        (lambda x: tg.square(x) ** 3, "square(x) ** 3", r"\left(x^{2}\right)^{3}"),
        (lambda x: 2 * tg.reciprocal(x), "2 * reciprocal(x)", r"2 \frac{1}{x}"),
        (lambda x: tg.floor(x / 2), "floor(x / 2)", r"\left\lfloor \frac{x}{2} \right\rfloor"),
        (lambda x: tg.remainder(x, 3) + 1, "x % 3 + 1", r"x \bmod 3 + 1"),
        (lambda x: -tg.floor_divide(x, 3), "-(x // 3)",
         r"-\left\lfloor \frac{x}{3} \right\rfloor"),
        (lambda x: tg.log2(x), "log2(x)", r"\log_{2}\left(x\right)"),
        (lambda x: tg.log1p(-x), "log1p(-x)", r"\log\left(1 + -x\right)"),
        (lambda x: tg.nan_to_num(x, neginf=-1), "nan_to_num(x, neginf=-1)",
         r"\operatorname{nan\_to\_num}\left(x, -\infty \to -1\right)"),
        (lambda x: tg.hypot(x, 1), "hypot(x, 1)", r"\sqrt{x^{2} + 1^{2}}"),
    ],
)  # fmt: skip
def test_notation_in_company(function: Any, python: str, latex: str) -> None:
    x = Tensor([0.25, 0.5], requires_grad=True)
    result = function(x)
    assert Reader(result, {x: "x", result: "y"}, "python").forward == [f"y = {python}"]
    assert Reader(result, {x: "x", result: "y"}, "latex").forward == [f"y = {latex}"]
    assert not re.search(r"\^\{[^{}]*\}\^", latex)
