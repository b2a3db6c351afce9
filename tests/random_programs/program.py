"""A program as data: leaves, calls of steps, and the weights that make one number of results."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import tensorgrok as tg
from tests.random_programs.steps import STEPS
from tests.random_programs.table import HELPERS, Parameters

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Call:
    """One line: names of results, a step, names of operands, parameters."""

    results: tuple[str, ...]
    step: str
    operands: tuple[str, ...]
    parameters: Parameters


@dataclass(frozen=True)
class Program:
    """Leaves by name, calls in order, and the weights of those values that are summed up.

    Attributes:
        seed: what it was generated from; the directions of derivatives are drawn from it too.
    """

    seed: int
    leaves: dict[str, Array]
    calls: tuple[Call, ...]
    weights: dict[str, Array]

    def __str__(self) -> str:
        """A script that computes the gradients and Hessian-vector products which are checked."""
        lines = ["import numpy as np", "import tensorgrok as tg", ""]
        used = {name for call in self.calls for name in STEPS[call.step].code.co_names}
        for name in sorted(used & set(HELPERS)):
            source = inspect.getsource(HELPERS[name])
            lines += ["", source.replace(": Any", "").replace(" -> Any", ""), ""]
        for name, array in self.leaves.items():
            lines.append(f"{name} = tg.Tensor({_written(array)}, requires_grad=True)")
        for call in self.calls:
            text = STEPS[call.step].written([*call.operands], call.parameters)
            target = ", ".join(call.results)
            if len(call.results) == 1 and STEPS[call.step].several:
                target += ","
            lines.append(f"{target} = {text}")
        terms = [f"({name} * {_written(array)}).sum()" for name, array in self.weights.items()]
        lines.append(f"loss = {' + '.join(terms)}")
        leaves = f"[{', '.join(self.leaves)}]"
        lines.append(f"gradients = tg.gradients(loss, {leaves}, create_graph=True)")
        directions = ", ".join(_written(v) for v in self.directions().values())
        lines.append(f"directions = [{directions}]")
        lines.append("slope = sum((g * v).sum() for g, v in zip(gradients, directions))")
        lines.append("if slope.requires_grad:")
        lines.append(f"    products = tg.gradients(slope, {leaves})")
        return "\n".join(lines)

    def directions(self) -> dict[str, Array]:
        """A random direction for each leaf."""
        random = np.random.default_rng(self.seed)
        return {
            name: np.round(random.normal(size=leaf.shape), 2) for name, leaf in self.leaves.items()
        }

    def run(self, namespace: Any, leaves: dict[str, Any]) -> dict[str, Any]:
        """Compute all values, by name, from leaves that are tensors of ``namespace``."""
        values = dict(leaves)
        for call in self.calls:
            operands = [values[name] for name in call.operands]
            results = STEPS[call.step].run(namespace, operands, call.parameters)
            values |= zip(call.results, results, strict=True)
        return values


def _written(array: Array) -> str:
    return f"np.array({array.tolist()})" if array.size else f"np.zeros({array.shape})"


def total(values: dict[str, Any], weights: dict[str, Any]) -> Any:
    """The sum of weighted values, one number."""
    terms = [(values[name] * weight).sum() for name, weight in weights.items()]
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


def evaluate(program: Program, arrays: dict[str, Array]) -> tuple[tg.Tensor, list[tg.Tensor]]:
    """The number that a program computes and its leaves, as tensors of the current backend."""
    leaves = {name: tg.Tensor(array, requires_grad=True) for name, array in arrays.items()}
    loss = total(program.run(tg, leaves), program.weights)
    return loss, [*leaves.values()]
