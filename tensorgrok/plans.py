"""Plans: what a node saves and which rules backward reads, for each pattern of needed gradients.

A ``Pullback`` is one rule of a card. A ``Plan`` is made once for each pattern of inputs that need
gradients; it knows what a node must save, and its ``pull`` reads the rules. That function is a
text, compiled for the plan, in which every rule is called with what it names and nothing is looked
up that is known. Plans of the same form share the text and its compiled code.

What all rules share is done here, once: summing over broadcast axes, casting to the input's dtype,
accumulating, skipping inputs that need none. This module stands on ``graph``; read ``cards`` next.
"""

from __future__ import annotations

import functools
import linecache
import operator as builtin
import re
from collections.abc import Callable, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from .backend import Array, Namespace
from .errors import ArgumentError, GraphError, describe, join_words
from .graph import Leaf, Node, Shape

if TYPE_CHECKING:
    from .cards import Primitive

#: The function of a plan: it reads the rules of one node and adds what they give to the cotangents
#: of its inputs. Words in capitals are filled in for each plan.
#:
#: Args:
#:     node: the node whose rules to read.
#:     g: cotangent of its result; for several results a tuple with None where there is none.
#:     xp: the namespace to read the rules with.
#:     saved: the values that the node saved, as ``xp`` takes them.
#:     cotangents: by node; changed.
#:     owned: the leaves whose cotangent is an array that nobody else holds; changed.
#:     needed: inputs to serve, all that require gradients if None.
PULL = """\
def pull(node, g, xp, saved, cotangents, owned, needed=None):
    inputs = node.inputs
"""
ONE = """\
    target = inputs[SLOT]
    if needed is None or target in needed:
SERVED"""
SEVERAL = """\
    for slot in slots:
        target = inputs[slot]
        if needed is not None and target not in needed:
            continue
SERVED"""
SERVED = """\
        cotangent = found = RULE(READS)
        try:
            shape = found.shape
        except AttributeError:
            raise no_array(RULE, found) from None
        if shape != target.shape:
            cotangent = fitted(RULE, broadcasts, xp, cotangent, node, target.shape)
        if cotangent.dtype is not target.dtype:
            cotangent = cast_to(xp, cotangent, target.dtype)
        if target in cotangents:
            cotangents[target] = cotangents[target] + cotangent
            owned.add(target)
        else:
            cotangents[target] = cotangent
            # A rule may hand on what it was given; then others hold that array too.
            if target.__class__ is Leaf and NEW:
                owned.add(target)
"""

#: What is filled in for each rule.
WORDS = re.compile(r"\b(?:SLOT|RULE|READS|NEW)\b")


def sum_to(xp: Namespace, g: Array, shape: Shape) -> Array:
    """Sum ``g`` over the axes along which ``shape`` was broadcast to reach its shape."""
    lead = g.ndim - len(shape)
    if lead == 1 and g.shape[1:] == shape:  # as for the bias of a layer
        return xp.sum(g, axis=0, keepdims=False)
    axes = (
        *range(lead),
        *(lead + i for i, length in enumerate(shape) if length == 1 and g.shape[lead + i] != 1),
    )
    summed = xp.sum(g, axis=axes, keepdims=False)
    return summed if tuple(summed.shape) == shape else xp.reshape(summed, shape)


def cast_to(xp: Namespace, g: Array, dtype: Any) -> Array:
    """Cast a cotangent to its input's dtype; a real input takes the real part."""
    if g.dtype.kind == "c" and dtype.kind != "c":
        g = xp.real(g)
    return g if g.dtype == dtype else xp.astype(g, dtype)


def fitted(
    rule: Callable[..., Any],
    broadcasts: bool,
    xp: Namespace,
    cotangent: Array,
    node: Node,
    shape: Shape,
) -> Array:
    """A cotangent of another shape than its input's, summed to that if the input was broadcast."""
    if not broadcasts or cotangent.shape != node.shape:
        raise GraphError(
            f"{rule.__name__}: gave a cotangent of shape {tuple(cotangent.shape)} for an argument "
            f"of shape {shape}; a pullback must return the argument's shape"
        )
    return sum_to(xp, cotangent, shape)


def no_array(rule: Callable[..., Any], found: Any) -> GraphError:
    """The error for a rule that returned no array."""
    return GraphError(
        f"{rule.__name__}: gave {describe(found)}; a pullback must return an array of the "
        "argument's shape"
    )


class Pullback:
    """One derivative rule: the function, the argument it serves, and the names it reads.

    Attributes:
        function: the rule.
        argument: the index of the argument that it serves.
        names: of what the function takes after ``xp``, in order.
        keywords: those that it takes only by name.
        reads: those that are not parameters of the card.
    """

    def __init__(
        self, function: Callable[..., Array], argument: int, owner: Primitive[...]
    ) -> None:
        code = function.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        self.function = function
        self.argument = argument
        self.names = names[1:]
        self.keywords = frozenset(names[code.co_argcount :])
        self.reads = tuple(name for name in names[1:] if name not in owner.parameters)
        known = {"g", "y", "y_like", *owner.arguments}
        known |= {"position"} if argument == owner.sequence else set()
        known |= {f"{argument}_like" for argument in owner.arguments}
        unknown = [name for name in self.reads if name not in known]
        if names[:1] != ("xp",) or unknown:
            raise ArgumentError(
                f"{function.__name__}: a pullback of {owner.name} takes xp first and may then read "
                f"{join_words(sorted(known | set(owner.parameters)))}; it names "
                f"{join_words([*names])}"
            )


class Rule(NamedTuple):
    """A pullback, and the index among the node's inputs that it serves."""

    slot: int
    pullback: Pullback


class Plan:
    """What one pattern of needed gradients means for a primitive; made once per pattern.

    Attributes:
        primitive: the card.
        rules: one per needed input, in the order of inputs.
        pull: reads them; see ``PULL``.
        save: picks from ``(*operands, result)`` what the rules read, as a tuple; None for nothing.
        saves_both: whether that is both of two operands, and nothing else.
        sources: for each saved value the index of its argument, or -1 for the result.
        grouped: the place of the sequence argument and the number of its items, or None.
    """

    __slots__ = ("grouped", "primitive", "pull", "rules", "save", "saves_both", "sources")

    def __init__(self, primitive: Primitive[...], needs: Sequence[bool]) -> None:
        self.primitive = primitive
        self.grouped: tuple[int, int] | None = None
        owners = list(range(len(primitive.arguments)))
        if primitive.sequence is not None:
            count = len(needs) - len(owners) + 1
            self.grouped = (primitive.sequence, count)
            owners[primitive.sequence : primitive.sequence + 1] = [primitive.sequence] * count
        rules = []
        for slot, owner in enumerate(owners):
            argument = primitive.arguments[owner]
            if needs[slot] and argument in primitive.pullbacks:
                rules.append(Rule(slot, primitive.pullbacks[argument]))
            elif needs[slot] and argument not in primitive.constant:
                raise GraphError(
                    f"{primitive.title}: argument {argument} requires gradients and has no "
                    f"derivative rule; write one under "
                    f"@{primitive.name}.pullback({argument!r}), or name the argument in "
                    "constant=(...) if it has none"
                )
        self.rules = tuple(rules)
        read = {name for rule in rules for name in rule.pullback.reads}
        names = [*primitive.arguments, "y"]
        self.sources = tuple(
            index if name != "y" else -1 for index, name in enumerate(names) if name in read
        )
        picked = [len(names) - 1 if index == -1 else index for index in self.sources]
        self.save = _picker(picked) if picked else None
        self.saves_both = picked == [0, 1] and len(names) == 3  # the commonest of two operands
        self.pull: Callable[..., None] = self._compile

    def _compile(self, *arguments: Any) -> None:
        """``pull``, the first time."""
        self.pull = compile_pull(self)
        self.pull(*arguments)

    def group(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give flattened items back their nesting: the sequence argument as one tuple."""
        if self.grouped is None:
            return items
        at, count = self.grouped
        return (*items[:at], items[at : at + count], *items[at + count :])


def _picker(places: list[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """A function that picks items by place, always as a tuple."""
    if len(places) == 1:
        return builtin.itemgetter(slice(places[0], places[0] + 1))
    return builtin.itemgetter(*places)


# The text ----------------------------------------------------------------------------------------


def compile_pull(plan: Plan) -> Callable[..., None]:
    """Return the function ``PULL`` for a plan."""
    card = plan.primitive
    spelled = _spelled(plan)
    names: dict[str, Any] = {"fitted": fitted, "cast_to": cast_to, "no_array": no_array}
    names["Leaf"] = Leaf
    names["broadcasts"] = card.kind.broadcasts
    new = _new(plan)
    source = PULL
    slots: list[int] = []
    for rule in plan.rules:
        sequence = rule.pullback.argument == card.sequence
        if sequence and slots:  # the loop is there
            slots.append(rule.slot)
            continue
        name = f"rule_{rule.pullback.argument}"
        names[name] = rule.pullback.function
        if sequence:
            slots.append(rule.slot)
        words = {
            "SLOT": spelled[f"slot {rule.pullback.argument}"],
            "RULE": name,
            "READS": _reads(rule.pullback, card, spelled),
            "NEW": new,
        }
        text = (SEVERAL if sequence else ONE).replace("SERVED", SERVED)
        source += _filled(text, words)
    names["slots"] = tuple(slots)
    if plan.grouped is not None:
        names["first"], names["last"] = plan.grouped[0], sum(plan.grouped)
    exec(_code(source), names)
    found: Callable[..., None] = names["pull"]
    return found


def _filled(text: str, words: dict[str, str]) -> str:
    """A text with its words replaced, all at once: what is filled in may contain them."""

    def word(found: re.Match[str]) -> str:
        return words[found[0]]

    return WORDS.sub(word, text)


def _new(plan: Plan) -> str:
    """The condition that nobody else holds what a rule has returned."""
    if plan.primitive.sequence in plan.sources:
        return "False"  # it may be one of the items
    saved = [f"found is not saved[{place}]" for place in range(len(plan.sources))]
    # Of several results g is a tuple, and what is found may be one of its items.
    return " and ".join(["found is not g", *saved, "node.dtype.__class__ is not tuple"])


def _spelled(plan: Plan) -> dict[str, str]:
    """How the text spells what rules name, and by ``slot 0`` where each argument's input is."""
    card = plan.primitive
    found = {"g": "g", "y_like": "node", "position": "slot - first"}
    names = [*card.arguments, "y"]
    for place, index in enumerate(plan.sources):
        found[names[index]] = f"saved[{place}]"
    for index, name in enumerate(card.arguments):
        if index == card.sequence:
            slot = "first:last"
        elif card.sequence is not None and index > card.sequence:
            slot = str(index - len(card.arguments))  # from the end, for any number of items
        else:
            slot = str(index)
        found[f"slot {index}"] = slot
        found[f"{name}_like"] = f"inputs[{slot}]"
    return found


def _reads(pullback: Pullback, card: Primitive[...], spelled: dict[str, str]) -> str:
    """What the text hands a rule."""
    words = ["xp"]
    for name in pullback.names:
        parameter = name in card.parameters
        value = f"node.parameters[{name!r}]" if parameter else spelled[name]
        words.append(f"{name}={value}" if name in pullback.keywords else value)
    return ", ".join(words)


@functools.cache
def _code(source: str) -> CodeType:
    """The text as code, with its lines where tracebacks look for them."""
    file = f"<tensorgrok: rules, form {_code.cache_info().misses}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return compile(source, file, "exec")
