r"""An evaluator of printed formulas: LaTeX in, NumPy values out.

It is the second opinion on what the library prints, so it shares nothing with the library: it reads
``L = \tfrac{1}{2}\left\lVert l_{2} - y \right\rVert^{2}`` as a mathematician would who is told what
the symbols stand for. Juxtaposition is a matrix product, or scales if a factor is a number; a
minus in front covers a product, and so does an operator such as ``\sum``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .meanings import (
    ELEMENTWISE,
    OPERATORS,
    SETTLED,
    EvaluationError,
    Indexed,
    OneHot,
    Ones,
    Value,
    changed,
    met,
    multiplied,
    padded,
    transposed,
)

_SPACE = re.compile(r"(?:\s|\\,)+")
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")
_NAME = re.compile(r"\\operatorname\{((?:\\_|[^{}\\])*)\}|\\([A-Za-z]+)")
_INDICES = re.compile(r"(?:[A-Za-z]|\\ldots\s*)+")
_WORD = re.compile(r"(?:None|True|False)\b")
_COMPARISONS = {
    "=": np.equal, r"\neq": np.not_equal, "<": np.less, ">": np.greater,
    r"\leq": np.less_equal, r"\geq": np.greater_equal, r"\wedge": np.logical_and,
    r"\vee": np.logical_or, r"\oplus": np.logical_xor, r"\gg": np.right_shift,
}  # fmt: skip
_DELIMITERS = {
    "(": ")", "[": "]", r"\lvert": r"\rvert", r"\lVert": r"\rVert", r"\lfloor": r"\rfloor",
    r"\lceil": r"\rceil", r"\langle": r"\rangle",
}  # fmt: skip
#: What ends a product.
_ENDS = (*"+-=<>,)]}:|", r"\right", r"\middle", r"\;", r"\to")
_SIGNS = (*_COMPARISONS, r"\odot", r"\cdot", r"\bmod", r"\otimes")
_PLAIN = ("log", "exp", "arg", "sin", "cos", "tan", "tanh")


def evaluate(latex_expression: str, values: Mapping[str, Any]) -> Any:
    r"""Return the value of a printed expression, without its ``target =``.

    Args:
        latex_expression: LaTeX without marks.
        values: by symbol, such as ``W_{0}``, ``\hat{y}``, ``\nabla W_{0}``: arrays and numbers.

    Raises:
        EvaluationError: something in the expression is not known; the message says what and where.
    """
    reader = _Evaluator(latex_expression, values)
    value = reader.expression()
    reader.skip()
    if reader.place != len(latex_expression):
        raise reader.lost("an operator or the end")
    return reader.settled(value)


class _Evaluator:
    """Reads from left to right, loosest operations first."""

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        self.text, self.place, self.values = text, 0, values
        self.symbols = sorted(values, key=len, reverse=True)

    # Text ----------------------------------------------------------------------------------------

    def lost(self, wanted: str) -> EvaluationError:
        seen = self.text[self.place : self.place + 30] or "the end"
        return EvaluationError(f"{self.text!r}: wanted {wanted}, saw {seen!r}")

    def skip(self) -> bool:
        """Go past blanks; whether there were any."""
        found = _SPACE.match(self.text, self.place)
        self.place = found.end() if found else self.place
        return found is not None

    def sees(self, token: str) -> bool:
        """Whether a token comes next, blanks aside."""
        self.skip()
        after = self.place + len(token)
        whole = not (
            token[0] == "\\" and token[-1].isalpha() and self.text[after : after + 1].isalpha()
        )
        return self.text.startswith(token, self.place) and whole

    def eat(self, token: str) -> bool:
        seen = self.sees(token)
        self.place += len(token) * seen
        return seen

    def need(self, token: str) -> None:
        if not self.eat(token):
            raise self.lost(repr(token))

    def raw(self) -> str:
        """The text of a group in braces."""
        self.need("{")
        start, depth = self.place, 1
        while depth:
            if self.place == len(self.text):
                raise self.lost("'}'")
            escaped = self.text[self.place - 1] == "\\"
            depth += {"{": 1, "}": -1}.get(self.text[self.place], 0) * (not escaped)
            self.place += 1
        return self.text[start : self.place - 1]

    def inner(self, text: str) -> Value:
        return evaluate(text, self.values)

    # Operations ----------------------------------------------------------------------------------

    def expression(self) -> Value:
        value = self.sum()
        while True:
            sign = next((sign for sign in _COMPARISONS if self.eat(sign)), None)
            if sign is None:
                return value
            value = _COMPARISONS[sign](*met(value, self.sum()))

    def sum(self) -> Value:
        value = self.unary()
        while True:
            if self.eat("+"):
                a, b = met(value, self.unary())
                value = np.add(a, b)
            elif self.eat("-"):
                a, b = met(value, self.unary())
                value = np.subtract(a, b)
            else:
                return value

    def unary(self) -> Value:
        if self.eat("-"):
            return np.negative(self.settled(self.unary()))
        if self.eat(r"\neg"):
            return np.logical_not(self.power()[0])
        return self.elementwise()

    def elementwise(self) -> Value:
        value = self.product()
        while True:
            if self.eat(r"\odot") or self.eat(r"\cdot"):
                value = np.multiply(*met(value, self.product()))
            elif self.eat(r"\bmod"):
                value = np.remainder(value, self.product())
            elif self.eat(r"\otimes"):
                value = np.kron(value, self.product())
            else:
                return value

    def product(self) -> Value:
        """Factors side by side, which may begin with operators."""
        factors = [self.power()]
        while self.factor_follows():
            factors.append(self.power())
        if len(factors) > 1 and any(isinstance(value, Indexed) for value, _ in factors):
            every = [v.factors if isinstance(v, Indexed) else [(v, "")] for v, _ in factors]
            return Indexed([one for several in every for one in several])
        return multiplied(factors)

    def factor_follows(self) -> bool:
        self.skip()
        ended = self.place == len(self.text) or self.text.startswith(_ENDS, self.place)
        return not ended and not any(self.sees(sign) for sign in _SIGNS)

    def power(self) -> tuple[Value, bool]:
        """A factor with what is put to it, and whether it is a transposed vector."""
        value, lying = self.atom(), False
        while True:
            if self.sees("^"):
                self.place += 1
                script = self.raw()
                if script.strip() == r"\top":
                    value, lying = transposed(value), not lying
                else:
                    value = np.power(np.asarray(self.settled(value)) * 1.0, self.inner(script))
            elif self.sees("_"):
                self.place += 1
                value = self.indexed(value, self.raw())
            else:
                return value, lying and np.ndim(value) == 1

    def indexed(self, value: Value, script: str) -> Value:
        if isinstance(value, Indexed):
            return value.result(script.replace(r"\ldots", "...").replace(" ", ""))
        if _INDICES.fullmatch(script) and script not in self.values and script != "None":
            return Indexed([(value, script.replace(r"\ldots", "...").replace(" ", ""))])
        return np.asarray(value)[self.key(script)]

    def key(self, script: str) -> tuple[Any, ...]:
        """A subscript as an index of NumPy."""
        parts = [part.strip() for part in _split(script)]
        return tuple(self.index(part) for part in parts if part)

    def index(self, part: str) -> Any:
        if part == "...":
            return Ellipsis
        if part == "None":
            return None
        if ":" in part:
            return slice(*(int(end) if end.strip() else None for end in part.split(":")))
        found = self.inner(part)
        return int(found) if np.ndim(found) == 0 else np.asarray(found)

    # Factors -------------------------------------------------------------------------------------

    def atom(self) -> Value:
        symbol = self.symbol()
        if symbol is not None:
            return self.values[symbol]
        found = _NUMBER.match(self.text, self.place)
        if found:
            self.place = found.end()
            return float(found.group()) if re.search("[.eE]", found.group()) else int(found.group())
        word = _WORD.match(self.text, self.place)
        if word:
            self.place = word.end()
            return ast.literal_eval(word.group())
        if self.eat(r"\left"):
            return self.bracket()
        if self.sees("{"):
            return self.inner(self.raw())
        if self.eat("("):
            return self.bare_tuple()
        if self.sees("e^"):
            self.place += 2
            return np.exp(self.inner(self.raw()))
        return self.command()

    def symbol(self) -> str | None:
        """The longest symbol that stands here."""
        self.skip()
        for symbol in self.symbols:
            after = self.text[self.place + len(symbol) :]
            cut = symbol[-1].isalpha() and after[:1].isalpha()
            called = symbol.startswith("\\") and after.startswith(r"\left(")
            if self.text.startswith(symbol, self.place) and not cut and not called:
                self.place += len(symbol)
                return symbol
        return None

    def bare_tuple(self) -> tuple[Value, ...]:
        items = []
        while not self.eat(")"):
            items.append(self.expression())
            self.eat(",")
        return tuple(items)

    def bracket(self) -> Value:
        r"""What follows ``\left``."""
        left = next((one for one in _DELIMITERS if self.eat(one)), None)
        if left is None:
            raise self.lost("a delimiter")
        if left == "[":
            return self.square()
        values = self.arguments(_DELIMITERS[left])
        if left == r"\langle":
            return np.sum(np.conj(values[0]) * values[1], axis=-1)
        if len(values) != 1:
            raise self.lost("one expression in brackets")
        if left == "(":
            return (
                values[0]
                if self.sees("_") or isinstance(values[0], OneHot)
                else self.settled(values[0])
            )
        value = self.settled(values[0])
        if left == r"\lVert":
            return np.sqrt(np.sum(np.abs(value) ** 2))
        return {r"\lvert": np.abs, r"\lceil": np.ceil}[left](value) if left != r"\lfloor" else value

    def arguments(self, right: str) -> list[Value]:
        r"""Expressions between commas, up to ``\right`` and its delimiter."""
        values = [self.expression()]
        while self.eat(","):
            values.append(self.expression())
        self.need(r"\right")
        if right == r"\rfloor":
            if self.eat(r"\rceil"):
                return [np.round(self.settled(values[0]))]
            values = [np.floor(self.settled(values[0]))]
        self.need(right)
        return values

    def square(self) -> Value:
        """A condition as 0 or 1, bounds, or arrays joined along their first axis."""
        values, between = [self.expression()], ""
        while not self.sees(r"\right"):
            joints = (r"\;\middle|\;", r"\;", ",")
            found = next((joint for joint in joints if self.eat(joint)), None)
            if found is None or between not in ("", found):
                raise self.lost("what separates things in square brackets")
            between = found
            values.append(self.expression())
        self.need(r"\right")
        self.need("]")
        if between == ",":
            return tuple(values)
        if between or np.asarray(values[0]).dtype != bool:
            return np.stack(values) if "|" in between else np.concatenate(values)
        return np.asarray(values[0]) * 1.0

    def command(self) -> Value:
        found = _NAME.match(self.text, self.place)
        if found is None:
            raise self.lost("a symbol, a number or a function")
        self.place = found.end()
        name = (found[1] or found[2]).replace(r"\_", "_")
        if name in ("frac", "tfrac"):
            return np.divide(self.inner(self.raw()), self.inner(self.raw()))
        if name in ("sqrt", "overline"):
            return {"sqrt": np.sqrt, "overline": np.conj}[name](self.inner(self.raw()))
        if name == "infty":
            return np.inf
        if name == "mathrm":
            return self.constant(self.raw())
        if name == "mathbf":
            return self.ones(self.raw())
        if name == "arg" and (self.eat(r"\max") or self.eat(r"\min")):
            name += self.text[self.place - 3 : self.place]
        return self.function(name)

    def constant(self, word: str) -> Value:
        if word not in ("nan", "i"):
            raise self.lost(f"a value for the symbol \\mathrm{{{word}}}")
        return np.nan if word == "nan" else 1j

    def ones(self, text: str) -> Value:
        if text not in ("0", "1"):
            raise self.lost(f"a value for the symbol \\mathbf{{{text}}}")
        if self.eat("_"):
            subscript = self.raw()
            if re.fullmatch(r"[\d\s]+(\\times[\d\s]+)*", subscript):
                return np.full([int(n) for n in subscript.split(r"\times")], float(text))
            return OneHot(self.inner(subscript))
        return Ones(lying=False)

    def function(self, name: str) -> Value:
        start = self.place
        scripts: dict[str, str] = {}
        while self.text.startswith(("_", "^"), self.place):
            kind = self.text[self.place]
            self.place += 1
            scripts[kind] = self.raw()
        called = self.text.startswith(r"\left(", self.place)
        pair = name in ("max", "min") and called and self.pair_follows()
        if name in OPERATORS and not pair:
            return self.operator(name, scripts.get("_", ""), called)
        if name == "quantile":
            axis, keep = self.axis(scripts.get("_", ""))
            quantile = self.inner(scripts["^"])
            return np.quantile(self.product(), quantile, axis=axis, keepdims=keep)
        if name == "Delta":
            axis, _ = self.axis(scripts.get("_", "-1"))
            return np.diff(self.product(), int(scripts.get("^", 1)), axis)
        if not called and name in _PLAIN:
            return ELEMENTWISE[name](self.power()[0])
        if not called:
            self.place = start
            raise self.lost(f"the argument of {name}, or a value for it")
        return self.call(name, scripts.get("_"))

    def pair_follows(self) -> bool:
        """Whether the bracket that follows has more than one argument."""
        start = self.place
        self.need(r"\left")
        self.need("(")
        count = len(self.arguments(")"))
        self.place = start
        return count > 1

    def operator(self, name: str, script: str, called: bool) -> Value:
        """An operator and its operand: what follows as a product, or a bracket right behind it."""
        operand = self.power()[0] if called else self.product()
        if isinstance(operand, Indexed):
            return Indexed(operand.factors, script)
        axis, keep = self.axis(script)
        return OPERATORS[name](self.settled(operand), axis, keep)

    def axis(self, script: str) -> tuple[Any, bool]:
        r"""The axes in a subscript, and whether they are kept: ``1 \to 1``."""
        shown, arrow, _ = script.partition(r"\to")
        return (ast.literal_eval(shown.strip()) if shown.strip() else None), bool(arrow)

    def call(self, name: str, script: str | None) -> Value:
        self.need(r"\left")
        self.need("(")
        arguments = [self.settled(value) for value in self.arguments(")")]
        if name in ("max", "min"):
            return {"max": np.maximum, "min": np.minimum}[name](*arguments)
        if name == "log" and script is not None:
            return np.log(arguments[0]) / np.log(float(script))
        if name == "gelu" and script == r"\tanh":
            return ELEMENTWISE[name](*arguments, script)
        if name in ("add", "set") and script is not None:
            return changed(name, *arguments, key=self.key(script))
        if name == "pad":
            return padded(*arguments, *_split(script or ""))
        settings = [] if script is None else [self.inner(part) for part in _split(script)]
        if name == "bce" and settings:
            return ELEMENTWISE[name](*arguments, weight=settings[0])
        function = ELEMENTWISE.get(name) or SETTLED.get(name)
        if function is None:
            raise EvaluationError(f"{self.text!r}: no meaning is known for the function {name!r}")
        return function(*arguments, *settings)

    def settled(self, value: Value) -> Value:
        """A value that is one; what waits for more than comes is an error."""
        if isinstance(value, Indexed):
            return value.result("")
        if isinstance(value, OneHot | Ones):
            raise EvaluationError(f"{self.text!r}: nothing says how long a vector of ones is")
        return value


def _split(text: str) -> list[str]:
    """The parts of a text between commas outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts
