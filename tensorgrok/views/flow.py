"""From algebra to pictures: a line as lanes of stacks.

An expression is read along its spine: from the value that flows in at the left, through one
operation after the other, to the result. What each operation takes beside it stands on the stack.
An operand that is itself an expression gets a lane of its own above, as a side calculation would.

This module stands on ``stacks``, ``values`` and ``lines``; read ``bricks`` and ``terminal`` next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..lines import Line
from ..notation import number_text
from ..roles import MASK
from ..terms import ITEM, Term, terms_in
from .mathematics import parse
from .sampling import fold, transpose
from .stacks import MINUS, TIMES, Block, Brick, Item, Module, Pill, Stack, Strip
from .unicode import to_unicode
from .values import OFF, Values

Lane = list[Stack]

#: Elementwise operations of two operands, as the sign between strips.
SIGNS = {
    "add": "+",
    "subtract": MINUS,
    "multiply": "⊙",
    "divide": "÷",
    "pow": "^",
    "maximum": "max",
    "minimum": "min",
}
#: The same where the strip comes first in the expression.
_SWAPPED = {MINUS: "subtract from", "÷": "divide", "^": "power of"}
#: What joins the other arguments of a call, by kind.
_JOINED = {"loss": "vs", "indexing": "at"}

_COMPARISONS = {
    "greater": ">",
    "greater_equal": "≥",
    "less": "<",
    "less_equal": "≤",
    "equal": "=",
    "not_equal": "≠",
}
#: Products whose right operand is a matrix with rows for the left one's columns.
_PRODUCTS = ("vecmat", "vecmat_dx", "vecmat_dw", "dot", "matmul")


#: Of more operands than these a picture shows some, the first ones and the last ones.
OPERANDS, FIRST = 6, 3


class Shown(NamedTuple):
    """What a picture shows beside the expressions.

    Attributes:
        values: the numbers.
        deltas: for terms the cotangent to draw below them.
        bars: for terms the correlations to draw below them.
        steps: for terms the line in which they are computed, by number; 0 for inputs.
        modules: for terms that stand for a whole module call what its brick says.
        detail: ``"letters"`` shows neither numbers nor sizes.
    """

    values: Values
    deltas: Mapping[Term, Term] = {}
    bars: Mapping[Term, tuple[float | None, float]] = {}
    steps: Mapping[Term, int] = {}
    modules: Mapping[Term, tuple[str, ...]] = {}
    detail: str = "numbers"


class Flow:
    """Reads one line.

    Attributes:
        lanes: side calculations first, the line itself last.
    """

    def __init__(self, line: Line, shown: Shown) -> None:
        self._line, self._shown = line, shown
        self.lanes: list[Lane] = []
        self._aside: set[Term] = set()
        self._lane(line.target)

    # Bricks

    def _brick(self, term: Term, transposed: bool = False, **changes: Any) -> Brick:
        values = self._shown.values
        several = term.dtype.__class__ is tuple
        (rows, columns), copies = ((1, 1), 1) if several else fold(term.shape)
        numbers = values.sample(term)
        if numbers is not None and transposed:
            numbers = transpose(numbers)
        fields = {
            "id": term.id,
            "symbol": term.symbol,
            "name": term.name,
            "role": term.role,
            "shape": (columns, rows) if transposed else (rows, columns),
            "copies": copies,
            "transposed": transposed,
            "numbers": numbers,
            "why": "" if values.why(term) == OFF else values.why(term),
            "step": self._shown.steps.get(term, 0),
        }
        if several or self._shown.detail == "letters":
            changes |= {"shape": (1, 1), "copies": 1, "lettered": True, "why": ""}
        return Brick(**(fields | changes))

    def _is_named(self, term: Term) -> bool:
        return term.card is None or term in self._line.named

    def _is_written(self, term: Term) -> bool:
        """Whether a term is written by name here, or as the transpose of a name."""
        return term is not self._line.target and self._is_named(term)

    def _as_brick(self, term: Term) -> Brick:
        """The brick of a name, of a name's transpose, or of a side calculation."""
        inner = _transposed(term)
        if not self._is_written(term) and inner is not None and self._is_written(inner):
            return self._brick(inner, transposed=True)
        if not self._is_written(term) and term not in self._aside:
            self._aside.add(term)
            self._lane(term)
        return self._brick(term)

    # Lanes

    def _lane(self, root: Term) -> None:
        """Draw the expression of a term."""
        spine: list[Term] = []
        term: Any = root
        while term is root or not self._is_written(term):
            inner = _transposed(term)
            if term is not root and inner is not None and self._is_written(inner):
                break
            flowing = self._flowing(term)
            spine.append(term)
            if flowing is None:
                break
            term = flowing
        lane = self._start(spine, term)
        for one in reversed(spine):
            self._push(lane, one)
        self.lanes.append(lane)

    def _start(self, spine: list[Term], term: Term) -> Lane:
        if spine and spine[-1] is term:  # it is made of nothing: zeros, ones, a draw
            spine.pop()
            label = Pill(_call(term), term.id)
            return [Stack(self._brick(term), (label,))]
        if spine and spine[-1].card is not None and spine[-1].card.name == "vecmat_dw":
            return [Stack(self._brick(term, transposed=True))]
        return [Stack(self._as_brick(term), delta=self._delta(term), bar=self._bar(term))]

    def _delta(self, term: Term) -> Brick | None:
        delta = self._shown.deltas.get(term)
        return None if delta is None else self._brick(delta)

    def _bar(self, term: Term) -> tuple[float | None, float] | None:
        return self._shown.bars.get(term)

    def _flowing(self, term: Term) -> Term | None:
        """The operand that flows from the left; None if there is none."""
        operands = list(terms_in(term.operands))
        assert term.card is not None
        if not operands:
            return None
        if term.card.name == "where":
            choices = [o for o in term.operands[1:] if isinstance(o, Term)]
            return choices[0] if choices else operands[0]
        if term.kind == "elementwise" and len(operands) == 2:
            first, second = operands
            if self._is_simple(first) and not self._is_simple(second):
                return second
        return operands[0]

    def _is_simple(self, term: Term) -> bool:
        inner = _transposed(term)
        return self._is_written(term) or (inner is not None and self._is_written(inner))

    def _push(self, lane: Lane, term: Term) -> None:
        """Apply one operation to the lane."""
        items, apart = self._items(term)
        last = lane[-1]
        result = self._brick(term)
        fresh = apart or not last.items or last.result.symbol is not None
        fresh = fresh or (last.result.shape, last.result.copies) != (result.shape, result.copies)
        if fresh:
            stack = Stack(result, tuple(items))
        else:
            stack = Stack(result, (*last.items, *items), skip=last.skip)
        if items and isinstance(items[-1], Strip) and self._is_residual(lane, items[-1], stack):
            stack = Stack(result, stack.items, skip=len(stack.items) - 1)
        if term.name is not None:
            stack = Stack(result, stack.items, self._delta(term), stack.skip, self._bar(term))
        if fresh:
            lane.append(stack)
        else:
            lane[-1] = stack

    def _is_residual(self, lane: Lane, item: Strip, stack: Stack) -> bool:
        first = lane[0].result
        same = item.brick.id == first.id and item.brick.shape == stack.result.shape
        return item.sign == "+" and same and len(lane) > 1 and not first.transposed

    def _items(self, term: Term) -> tuple[list[Item], bool]:
        """What an operation puts on the stack, and whether it needs a stack of its own."""
        assert term.card is not None
        if term in self._shown.modules:
            return [Module(self._shown.modules[term], term.id)], True
        name = term.card.name
        others = self._others(term)
        if name in _PRODUCTS and len(others) == 1 and others[0].ndim and self._flowing_ndim(term):
            return [Block(self._right(term, others[0]))], True
        ends_in_zero = term.operands[-1].__class__ is not Term and term.operands[-1] == 0
        if name == "where" and others and ends_in_zero:
            return [self._gate(others[0])], False
        if len(others) == 1 and name in SIGNS:
            swapped = self._flowing(term) is not term.operands[0]
            sign = SIGNS[name]
            if swapped:
                sign = _SWAPPED.get(sign, sign)
            return [Strip(self._as_brick(others[0]), sign)], False
        sign = _JOINED.get(term.kind, "with")
        hidden = len(others) - OPERANDS
        first, last = (others, []) if hidden <= 0 else (others[:FIRST], others[FIRST + hidden :])
        items: list[Item] = [Strip(self._as_brick(other), sign) for other in first]
        items += [Pill(f"… {hidden:,} more", term.id)] if hidden > 0 else []
        items += [Strip(self._as_brick(other), sign) for other in last]
        return [*items, Pill(_call(term), term.id)], bool(items)

    def _flowing_ndim(self, term: Term) -> int:
        flowing = self._flowing(term)
        return 0 if flowing is None else flowing.ndim

    def _others(self, term: Term) -> list[Term]:
        """The operands beside the one that flows, each place once."""
        rest = list(terms_in(term.operands))
        flowing = self._flowing(term)
        for place, operand in enumerate(rest):
            if operand is flowing:
                del rest[place]
                break
        return rest

    def _right(self, term: Term, other: Term) -> Brick:
        """The right operand of a product, as it stands on the result."""
        assert term.card is not None
        if term.card.name == "vecmat_dx":
            return self._brick_of_transpose(other)
        brick = self._as_brick(other)
        if other.ndim == 1:  # a vector on the right is a column
            numbers = brick.numbers and transpose(brick.numbers)
            column = (brick.shape[1], brick.shape[0])
            return self._brick(other, shape=column, numbers=numbers)
        return brick

    def _brick_of_transpose(self, term: Term) -> Brick:
        if self._is_written(term):
            return self._brick(term, transposed=True)
        self._as_brick(term)
        return self._brick(term, transposed=True)

    def _gate(self, condition: Term) -> Strip:
        """A mask: where it is 0 nothing passes."""
        assert condition is not None
        names = list(terms_in(condition.operands))
        compared = condition.card is not None and condition.card.name in _COMPARISONS
        if self._is_written(condition) or not compared or len(names) != 1:
            return Strip(self._as_brick(condition), "⊙")
        (inner,) = names
        number = next(o for o in condition.operands if not isinstance(o, Term))
        assert condition.card is not None
        sign = f"⊙ [ · {_COMPARISONS[condition.card.name]} {number:g} ]"
        if not self._is_written(inner):
            self._as_brick(inner)
        brick = self._brick(
            condition, role=MASK, symbol=inner.symbol, name=inner.name, label_id=inner.id
        )
        return Strip(brick, sign)


def _transposed(term: Term) -> Term | None:
    """The matrix that a term is the transpose of, or None."""
    if term.card is None or term.card.name != "permute_dims" or term.ndim != 2:
        return None
    inner = term.operands[0]
    return inner if tuple(term.parameters["axes"]) == (1, 0) else None


def _call(term: Term) -> str:
    """What a pill says: the name of the operation and its numbers."""
    assert term.card is not None
    name = term.card.name
    numbers = [o for o in term.operands if not isinstance(o, Term | tuple)]
    if name in SIGNS and len(numbers) == 1:
        text = _number_text(numbers[0])
        sign = TIMES if name == "multiply" else SIGNS[name]
        before = numbers[0] is term.operands[0] and name not in ("add", "multiply")
        return f"{text} {sign} ·" if before else f"{sign} {text}"
    if term.card is ITEM:
        return f"part {term.parameters['index']}"
    shown = [f"{value}" for key, value in term.parameters.items() if key == "axis" and value != -1]
    if name == "sum" and term.parameters.get("axis") in (0, (0,)):
        return "sum rows"
    return " ".join([_PILLS.get(name, name), *shown]).replace(" None", "")


_PILLS = {"permute_dims": "transpose", "getitem_slice": "part", "getitem_at": "gather"}


def _number_text(value: Any) -> str:
    return to_unicode(parse(number_text(value, "latex")))


def lanes(line: Line, shown: Shown) -> Sequence[Lane]:
    """Return the lanes of a line: side calculations first, the line itself last."""
    return Flow(line, shown).lanes
