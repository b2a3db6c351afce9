"""Symbols: reads a recorded graph, forward and backward, as Python or as LaTeX.

A symbol is a text, how tightly it binds, and the array it stands for; the texts come from the
notation on the cards. The backward statements are the pullbacks themselves, called with symbols.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from tensorgrok import Tensor
from tensorgrok.autodiff import pull
from tensorgrok.backend import Namespace
from tensorgrok.cards import Primitive
from tensorgrok.engine import primitives
from tensorgrok.graph import Leaf, Literal, Node, order
from tensorgrok.ops.indexing import join, take_apart
from tensorgrok.vocabulary import VOCABULARY

LEVELS = ("comparison", "sum", "product", "unary", "power", "call")


class Number:
    """A number among symbols; cards look at ``literal`` where the number matters to notation."""

    def __init__(self, literal: complex) -> None:
        self.literal = literal

    def __format__(self, level: str) -> str:
        return str(self.literal)


class Symbol:
    """A text with a value; formatted with a level, it stands in brackets if it binds less."""

    def __init__(self, reader: Reader, text: str, level: str, value: Any) -> None:
        self.reader, self.text, self.level, self.value = reader, text, level, value
        self.shape, self.ndim, self.dtype = value.shape, value.ndim, value.dtype

    def __format__(self, level: str) -> str:
        if level and LEVELS.index(self.level) < LEVELS.index(level):
            return f"({self.text})" if self.reader.python else rf"\left({self.text}\right)"
        return self.text

    def __getitem__(self, key: Any) -> Symbol:
        pattern, arrays = take_apart(key)
        value = self.value[join(pattern, [value_of(array) for array in arrays])]
        card = primitives["getitem_at"]
        return self.reader.apply(card, value, (self, arrays), {"pattern": pattern})

    def __neg__(self) -> Symbol:
        return self.reader.apply(primitives["negative"], -self.value, (self,), {})


def _operator(name: str, function: Callable[[Any, Any], Any], swapped: bool) -> Any:
    def apply(self: Symbol, other: Any) -> Symbol:
        operands = (other, self) if swapped else (self, other)
        value = function(*map(value_of, operands))
        if name == "multiply":  # the cotangent that backward starts from is 1
            for one, rest in (operands, operands[::-1]):
                unit = isinstance(one, Symbol) and one.text == "1"
                if unit and isinstance(rest, Symbol) and rest.shape == value.shape:
                    return rest
        return self.reader.apply(primitives[name], value, operands, {})

    return apply


for _name, _short in (
    *(("add", "add"), ("subtract", "sub"), ("multiply", "mul"), ("divide", "truediv")),
    *(("pow", "pow"), ("matmul", "matmul"), ("bitwise_right_shift", "rshift")),
):
    _function = getattr(operator, _short)
    setattr(Symbol, f"__{_short}__", _operator(_name, _function, swapped=False))
    setattr(Symbol, f"__r{_short}__", _operator(_name, _function, swapped=True))
for _name, _short in (
    *(("equal", "eq"), ("not_equal", "ne"), ("less", "lt"), ("less_equal", "le")),
    *(("greater", "gt"), ("greater_equal", "ge")),
):
    setattr(Symbol, f"__{_short}__", _operator(_name, getattr(operator, _short), swapped=False))


def value_of(operand: Any) -> Any:
    """The array that a symbol stands for, also within tuples and lists; anything else as it is."""
    if isinstance(operand, tuple | list):
        return type(operand)(map(value_of, operand))
    return operand.value if isinstance(operand, Symbol) else operand


def shown(operand: Any) -> Any:
    """What notation is handed for an operand: numbers say that they are numbers."""
    if isinstance(operand, tuple | list):
        return tuple(map(shown, operand))
    return operand if isinstance(operand, Symbol) else Number(operand)


class Reader:
    """Reads one graph in one language. ``names`` maps tensors to their text."""

    def __init__(self, result: Tensor, names: dict[Tensor, str], language: str) -> None:
        self.python = language == "python"
        self.real = result.backend.xp
        self.nodes = order([result.node])  # type: ignore[list-item]  # the result was recorded
        self.names = {tensor.node: (name, tensor.data) for tensor, name in names.items()}
        self.xp = Namespace({name: self._function(name) for name in VOCABULARY})
        self.symbols: dict[Any, Symbol] = {}
        self.forward = [line for node in self.nodes if (line := self._line(node))]

    def _function(self, name: str) -> Callable[..., Symbol]:
        def call(*args: Any, **kwargs: Any) -> Symbol:
            value = getattr(self.real, name)(*value_of(args), **kwargs)
            if name.startswith("scatter"):
                table, key, values = args
                pattern, arrays = take_apart(key)
                operands = (table, arrays, values)
                return self.apply(primitives[f"{name}_at"], value, operands, {"pattern": pattern})
            return self.apply(primitives[name], value, *primitives[name].bind(*args, **kwargs))

        return call

    def apply(
        self, card: Primitive[...], value: Any, operands: Any, parameters: dict[str, Any]
    ) -> Symbol:
        """What a card says of its operands, with the value that it has."""
        fields = dict(zip(card.arguments, map(shown, operands), strict=True)) | parameters
        notation = card.python if self.python else card.latex
        template = notation if isinstance(notation, str) else notation(**fields)
        return Symbol(self, template.format(**fields), card.precedence, value)

    def _line(self, node: Node) -> str | None:
        """Give a node its symbol; the statement that makes it, if it has a name."""
        name, data = self.names.get(node, (None, None))
        if isinstance(node, Leaf):
            assert name is not None, f"a leaf needs a name: {node}"
            self.symbols[node] = Symbol(self, name, "call", data)
            return None
        inputs = [i.value if isinstance(i, Literal) else self.symbols[i] for i in node.inputs]
        card = node.primitive
        value = card.forward(self.real, *map(value_of, inputs), **node.parameters)
        made = self.apply(card, value, inputs, node.parameters)
        self.symbols[node] = made if name is None else Symbol(self, name, "call", made.value)
        return None if name is None else f"{name} = {made}"

    def backward(self, deltas: dict[Tensor, str]) -> list[str]:
        """The backward statements; ``deltas`` names the cotangents of tensors."""
        named = {tensor.node: text for tensor, text in deltas.items()}
        one = self.symbols[self.nodes[-1]].value * 0 + 1
        cotangents: dict[Any, Any] = {self.nodes[-1]: Symbol(self, "1", "call", one)}
        lines = []
        for node in reversed(self.nodes):
            g = cotangents.pop(node, None)
            if g is None:
                continue
            if node in named:
                lines.append(f"{named[node]} = {g}")
                g = Symbol(self, named[node], "call", g.value)
            if not isinstance(node, Leaf):
                inputs = node.plan.group(node.inputs)
                sources = [node if i < 0 else inputs[i] for i in node.plan.sources]
                saved = tuple(
                    s.value if isinstance(s, Literal) else self.symbols[s] for s in sources
                )
                pull(node, g, self.xp, saved, cotangents, set())
        return lines
