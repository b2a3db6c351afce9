"""What a step is: an expression over operands and parameters, and how to draw what fits.

The expression is text, over the operation table ``tg``, the operands ``x``, ``y``, ``z`` (or the
list ``xs``) and the parameters. Text is what a table reads best as; it can be printed with names
and numbers put in, and most of it means the same with PyTorch in place of ``tg``.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Shapes = dict[str, Shape]
Parameters = dict[str, Any]
OPERANDS = ("x", "y", "z")


class Random(random.Random):
    """A seeded source of choices, with those that parameters are made of."""

    def flag(self, chance: float = 0.5) -> bool:
        return self.random() < chance

    def axis(self, shape: Shape) -> int:
        """One axis, counted from either end."""
        return self.randrange(-len(shape), len(shape))

    def axes(self, shape: Shape, least: int = 1) -> tuple[int, ...]:
        """Several different axes in any order, each counted from either end."""
        chosen = self.sample(range(len(shape)), self.randint(least, len(shape)))
        return tuple(axis - len(shape) if self.flag() else axis for axis in chosen)

    def index(self, length: int) -> int:
        """One place along an axis, counted from either end."""
        return self.randrange(-length, length)

    def name(self, names: list[str]) -> str:
        """A value, one of the last three in half of the cases, so that chains become long."""
        return self.choice(names[-3:] if self.flag() else names)

    def nested(self, shape: Shape, draw: Callable[[], Any]) -> Any:
        """Nested lists of that shape, of drawn elements."""
        if not shape:
            return draw()
        return [self.nested(shape[1:], draw) for _ in range(shape[0])]


Picker = Callable[[Random, Shapes], tuple[str, ...] | None]
Drawer = Callable[..., Parameters | None]


# Operands --------------------------------------------------------------------------------------


def one(random: Random, shapes: Shapes) -> tuple[str, ...] | None:
    """Any value."""
    return (random.name([*shapes]),)


def pairs(fits: Callable[[Shape, Shape], bool]) -> Picker:
    """Any value, and another or the same again that fits it."""

    def pick(random: Random, shapes: Shapes) -> tuple[str, ...] | None:
        first = random.name([*shapes])
        fitting = [name for name in shapes if fits(shapes[first], shapes[name])]
        return (first, random.name(fitting)) if fitting else None

    return pick


def broadcastable(*shapes: Shape) -> bool:
    """Whether NumPy would broadcast shapes against each other."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


both = pairs(broadcastable)
alike = pairs(lambda a, b: a == b)
any_two = pairs(lambda a, b: True)


def three(random: Random, shapes: Shapes) -> tuple[str, ...] | None:
    """Three values that broadcast against each other."""
    chosen = both(random, shapes) or ()
    fitting = [n for n, s in shapes.items() if broadcastable(s, *(shapes[c] for c in chosen))]
    return (*chosen, random.name(fitting)) if fitting else None


def several(fits: Callable[[Shape, Shape], bool]) -> Picker:
    """One to four values, all of which fit the first."""

    def pick(random: Random, shapes: Shapes) -> tuple[str, ...] | None:
        first = random.name([*shapes])
        fitting = [name for name in shapes if fits(shapes[first], shapes[name])] or [first]
        return (first, *(random.name(fitting) for _ in range(random.randrange(4))))

    return pick


# Parameters ------------------------------------------------------------------------------------


def nothing(random: Random, *shapes: Shape) -> Parameters:
    """No parameters."""
    return {}


def an_axis(random: Random, shape: Shape, *_: Shape) -> Parameters | None:
    """One axis; not of a number."""
    return {"axis": random.axis(shape)} if shape else None


# The step --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One entry of the table.

    Attributes:
        name: of its own, mostly that of the operation.
        text: the expression.
        torch: the same in PyTorch, over ``torch`` and ``F``; by default ``text`` with ``tg``
            standing for PyTorch; None where it has no such operation.
        operands: picks them among the values there are; None where nothing fits.
        parameters: draws them for the shapes of the operands; None where there are none that fit.
        empty: whether operands without elements are fit.
        several: whether the result is a tuple, of one item too.
    """

    name: str
    text: str
    torch: str | None = ""
    operands: Picker = one
    parameters: Drawer = nothing
    empty: bool = True
    several: bool = False
    code: CodeType = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", compile(self.text, f"<step {self.name}>", "eval"))

    def bind(self, operands: list[Any], parameters: Parameters) -> Parameters:
        """The operands by the names that the text has for them, and the parameters."""
        if "xs" in self.code.co_names:
            return {"xs": operands} | parameters
        return dict(zip(OPERANDS, operands, strict=False)) | parameters

    def run(self, tg: Any, operands: list[Any], parameters: Parameters) -> tuple[Any, ...]:
        """Evaluate the text; one result or several, as a tuple."""
        names = HELPERS | {"tg": tg} | self.bind(operands, parameters)
        result = eval(self.code, names)
        return tuple(result) if isinstance(result, tuple | list) else (result,)

    def written(self, operands: list[str], parameters: Parameters) -> str:
        """The text with the names of operands and the values of parameters put in."""
        texts = {key: repr(value) for key, value in self.bind([], parameters).items()}
        if "xs" in self.code.co_names:
            texts["xs"] = f"[{', '.join(operands)}]"
        else:
            texts |= dict(zip(OPERANDS, operands, strict=False))
        return ast.unparse(_PutIn(texts).visit(ast.parse(self.text, mode="eval")))


class _PutIn(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.trees = {name: ast.parse(text, mode="eval").body for name, text in texts.items()}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.trees.get(node.id, node)


def assigned(table: Any, key: Any, values: Any) -> Any:
    """A fresh value with some places assigned to."""
    fresh = table * 1.0
    fresh[key] = values
    return fresh


def apart(tg: Any, x: Any) -> Any:
    """``x`` with a fixed pattern added, so that no two elements are equal by construction."""
    pattern = np.cos(1.7 * np.arange(np.prod(x.shape)))
    return x + tg.Tensor(pattern.reshape(x.shape))


#: Functions that the text of a step may call beside the operations.
HELPERS: dict[str, Callable[..., Any]] = {"assigned": assigned, "apart": apart}
