"""The fast path of two operands, and the operators of tensors that take it.

It is a text, compiled for each card, with the card's own operator or forward function in it, so
that a small operation looks nothing up that is known. This module stands on ``engine``, whose
``apply`` does whatever is not the common case; read ``cards`` next.
"""

from __future__ import annotations

import linecache
import operator as builtin
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import engine
from .context import get_context
from .engine import NO_PARAMETERS, apply, explained, make_tensor, primitives
from .errors import DTypeError
from .graph import Leaf, Literal, Node

if TYPE_CHECKING:
    from .cards import Primitive
    from .tensor import Tensor

NUMBERS = (float, int)
HELD = frozenset((list, tuple, np.ndarray))
SYMBOLS: dict[Any, str] = {
    builtin.add: "+",
    builtin.sub: "-",
    builtin.mul: "*",
    builtin.truediv: "/",
    builtin.pow: "**",
    builtin.lt: "<",
    builtin.le: "<=",
    builtin.gt: ">",
    builtin.ge: ">=",
}

#: The common case: eager tensors that meet as they are. Words in capitals are each card's own.
BINARY = """\
def NAME(a, b):
    context = get_context()
    if type(b) is Handle and type(a) is Handle and context.eager:
        space = a._space
        if MEETFITS:
            x1 = a._data
            x2 = b._data
            try:
                out = COMPUTED
            except Exception as error:
                raise explained(error, card, (a, b), NO_PARAMETERS) from error
            try:
                shape = out.shape
            except AttributeError:  # several results, or no array
                return apply(card, (a, b), NO_PARAMETERS)
            if not shape and type(out) is not space.array_type:
                out = space.backend.asarray(out)
            ELSEWHERE
            result = new(Handle)
            result._data = out
            result._space = space
            result._grad = result.name = None
            needed = (3 if b._needs else 1) if a._needs else (2 if b._needs else 0)
            if needed and context.recording:
                try:
                    plan = plans[needed]
                except KeyError:
                    plan = card.plan(needed, (a._needs, b._needs))
                if plan is not None:
                    node = Node()
                    node.plan = plan
                    node.inputs = (a.node or Leaf(a), b.node or Leaf(b))
                    if plan.saves_both:
                        node.saved = (x1, x2)
                    else:
                        node.saved = plan.save((x1, x2, out)) if plan.save else ()
                    node.parameters = NO_PARAMETERS
                    node.shape = shape
                    node.dtype = space.dtype
                    node.watch = None
                    result.node = node
                    result._needs = True
                    return result
            result.node = None
            result._needs = False
            return result
    if context.eager and (type(a) in NUMBERS or type(b) in NUMBERS):
        return _with_number(card, a, b, context.recording)
    return apply(card, (a, b), NO_PARAMETERS)
"""


def _answering(function: Callable[..., Any]) -> Callable[[Any, Any], tuple[Any, Any, Any]]:
    def operator(self: Any, other: Any) -> tuple[Any, Any, Any]:
        return function, self, other

    return operator


class _Probe:
    """An operand that answers each operator with that operator's built-in function."""

    __add__ = _answering(builtin.add)
    __sub__ = _answering(builtin.sub)
    __mul__ = _answering(builtin.mul)
    __truediv__ = _answering(builtin.truediv)
    __pow__ = _answering(builtin.pow)
    __lt__ = _answering(builtin.lt)
    __le__ = _answering(builtin.le)
    __gt__ = _answering(builtin.gt)
    __ge__ = _answering(builtin.ge)


def single_operator(forward: Callable[..., Any]) -> Callable[[Any, Any], Any] | None:
    """The operator that a forward function of two operands comes down to, or None.

    Found by reading it with probes. The engine then calls the built-in itself, which saves a call
    of a Python function, a fifth of what a small addition costs.
    """
    one, two = _Probe(), _Probe()
    try:
        function, *operands = forward(None, one, two)
    except Exception:  # it does more than that, with whatever error the probes led to
        return None
    return cast("Callable[[Any, Any], Any]", function) if operands == [one, two] else None


def compile_binary(card: Primitive[...]) -> Callable[[Any, Any], Tensor]:
    """Return the function that applies a card to two operands."""
    symbol = SYMBOLS.get(card.operator)
    # Where only the first operand has a dtype to meet in, as beside labels, that is its own.
    alone = card.promoted == (True, False) and card.arguments[1] in card.constant
    meet = "space.backend is b._space.backend" if alone else "space is b._space"
    elsewhere = "            space = space.backend.space(out.dtype)\n"
    source = (
        BINARY.replace("NAME", card.name)
        .replace("MEET", meet)
        .replace("FITS", " and space.inexact" if card.floating else "")
        .replace("COMPUTED", f"x1 {symbol} x2" if symbol else "forward(space.xp, x1, x2)")
        .replace("            ELSEWHERE\n", "" if card.closed and not alone else elsewhere)
    )
    names = globals() | {"card": card, "forward": card.forward, "plans": card.plans}
    names |= {"Handle": engine.Handle, "new": object.__new__, "get_context": get_context}
    names |= {"Leaf": Leaf, "apply": apply}
    file = f"<tensorgrok: two operands of {card.name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), names)
    function = cast("Callable[[Any, Any], Tensor]", names[card.name])
    function.__doc__ = card.__doc__
    return function


def compile_bind(
    card: Primitive[...],
) -> Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return a function of a card's signature that sorts its arguments.

    It gives the operands as a tuple and the parameters as a dictionary. Python itself binds the
    arguments of its call, many times faster than anything written in Python could.
    """

    def declared(name: str) -> str:
        return f"{name}=defaults[{name!r}]" if name in card.defaults else name

    heads = [declared(name) for name in card.positional]
    heads += ["*"] * bool(card.keywords) + [declared(name) for name in card.keywords]
    operands = "".join(f"{name}, " for name in card.arguments)
    parameters = ", ".join(f"{name!r}: {name}" for name in card.parameters)
    source = f"lambda {', '.join(heads)}: (({operands}), {{{parameters}}})"
    return cast("Callable[..., Any]", eval(source, {"defaults": card.defaults}))


def frozen(value: Any) -> Any:
    """Lists and arrays as tuples, also within each other; anything else as it is."""
    if type(value) is tuple and HELD.isdisjoint(map(type, value)):
        return value
    items = value.tolist() if isinstance(value, np.ndarray) else value
    return tuple(map(frozen, items)) if isinstance(items, list | tuple) else items


def binary(name: str) -> Callable[[Any, Any], Tensor]:
    """An operator that applies the card of that name.

    The first use compiles the card's fast path and gives it to tensors in place of this function:
    compiling all operators on import would make a third of its time.
    """
    found: Callable[[Any, Any], Tensor] | None = None

    def operator(a: Any, b: Any) -> Tensor:
        nonlocal found
        if found is not None:  # this function was kept by somebody
            return found(a, b)
        card = primitives[name]
        result = card._plain(a, b)
        found = card._plain
        for attribute, function in list(vars(engine.Handle).items()):
            if function is operator:
                setattr(engine.Handle, attribute, found)
        return result

    return operator


def _with_number(primitive: Primitive[...], a: Any, b: Any, recording: bool) -> Tensor:
    """A float tensor with a Python number on one side: the number is weak, so nothing is cast."""
    first = type(a) is engine.Handle
    tensor = a if first else b
    plain = not primitive.lifted[1 if first else 0] and primitive.promoted[0 if first else 1]
    if type(tensor) is not engine.Handle or not plain:
        return cast("Tensor", apply(primitive, (a, b), NO_PARAMETERS))
    space = tensor._space
    if not space.inexact:
        return cast("Tensor", apply(primitive, (a, b), NO_PARAMETERS))
    x1, x2 = (a._data, b) if first else (a, b._data)
    try:
        out = primitive.forward(space.xp, x1, x2)
    except Exception as error:
        raise explained(error, primitive, (a, b), NO_PARAMETERS) from error
    if type(out) is not space.array_type:
        if not hasattr(out, "shape"):  # several results, or no array
            return cast("Tensor", apply(primitive, (a, b), NO_PARAMETERS))
        out = space.backend.asarray(out)
    node = None
    if tensor._needs and recording:
        needed = 1 if first else 2
        try:
            plan = primitive.plans[needed]
        except KeyError:
            plan = primitive.plan(needed, (first, not first))
        if plan is not None:
            node = Node()
            node.plan = plan
            node.inputs = (a.node, Literal(b)) if first else (Literal(a), b.node)
            node.saved = plan.save((x1, x2, out)) if plan.save else ()
            node.parameters = NO_PARAMETERS
            node.shape = out.shape
            node.dtype = out.dtype
            node.watch = None
    return make_tensor(out, space.backend, node)


def reflected(name: str) -> Callable[[Any, Any], Tensor]:
    """``binary`` with its operands exchanged."""

    def operator(a: Any, b: Any) -> Tensor:
        return primitives[name]._plain(b, a)

    return operator


def truth(symbol: str, operate: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """An operator that Python shares between truth values and bits; here only the former."""

    def operator(*operands: Any) -> Tensor:
        for operand in operands:
            dtype = operand.dtype if hasattr(operand, "dtype") else np.asarray(operand).dtype
            if dtype.kind != "b":
                raise DTypeError(
                    f"{symbol}: works on booleans, not on {dtype}; compare first, as in (x > 0), "
                    "or use logical_and, logical_or, logical_not"
                )
        return operate(*operands)

    return operator
