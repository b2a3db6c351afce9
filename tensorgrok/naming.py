r"""Names of values, in Python and in algebra.

A name is found in this order: what the user gave (``Tensor(..., name=)``, ``named``), the path of
a parameter in a module, the caller's variables by identity (no source is read and nothing runs
twice), and last canonical letters: ``layer_i``, ``weights_i_j``, ``biases_i_j``, numbered by how
many weights lie before. Symbols follow names: ``weights_0_1`` is $W_0$, ``x_hat`` is $\hat{x}$.

This module stands on ``terms``; read ``lines`` next.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .engine import operations, primitives
from .graph import Crossing, Leaf, Node, Output
from .roles import (
    BIAS,
    LAYER,
    LOSS,
    MASK,
    TARGET,
    WEIGHT,
    Roles,
    is_layer_product,
    left_operand,
    right_operand,
)
from .scopes import is_module, is_tensor, parts, values_in
from .symbols import symbol_of, told_apart
from .tensor import Tensor
from .terms import Program, Term, terms_in

# Python names ----------------------------------------------------------------------------------


class Known:
    """The Python expressions by which recorded values are known to somebody.

    Tensors and modules among the variables, and in lists, tuples, dictionaries and plain objects
    there (see ``scopes``). The first binding wins, and names that begin with an underscore are
    nobody's. A tensor's own name goes before the path of a parameter in a module, and that before a
    variable.

    Args:
        variables: the variables of a scope, by name.

    Attributes:
        handles: tensors by what is recorded of them.
        modules: for modules, by id, the expression and how deep in others they lie.
        adopted: what printed programs call otherwise than the caller does, or what no variable
            holds, by the name it has here.
        scope: the variables.
    """

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.scope = variables
        self.own: dict[Any, str] = {}
        self.paths: dict[Any, str] = {}
        self.variables: dict[Any, str] = {}
        self.handles: dict[Any, Tensor] = {}
        self.modules: dict[int, tuple[str, int]] = {}
        self.adopted: dict[str, Any] = {}
        self._functions = functions()
        visible = [
            (self._root(name, value), value)
            for name, value in variables.items()
            if not name.startswith("_")
        ]
        for name, value in values_in(visible):
            if is_tensor(value):
                self._note(self.variables, value, name)
            elif is_module(value) and id(value) not in self.modules:
                self._note_module(value, name)

    def _root(self, name: str, value: Any) -> str:
        """What printed programs call a variable: not what they call a function."""
        if (
            name not in self._functions
            or is_tensor(value)
            or not (is_module(value) or parts(value))
        ):
            return name
        while name in (self.scope.keys() | self.adopted.keys() | self._functions):
            name += "_"
        self.adopted[name] = value
        return name

    def _note_module(self, module: Any, name: str) -> None:
        """Note what a module holds; one that cannot say it has no say."""
        try:
            for path, tensor in module.named_tensors():
                self._note(self.paths, tensor, _expression(module, name, path))
            self._note_modules(module, name)
        except Exception:  # two tensors of one path, somebody's own method: no reason not to view
            return

    def adopt(self, modules: Iterable[Any]) -> None:
        """Name modules that no variable holds, and what is in them: ``block_1``, ``block_2``."""
        unknown = {id(module): module for module in modules if id(module) not in self.modules}
        inner = {
            id(part) for one in unknown.values() for _, part in one.modules() if part is not one
        }
        for key, module in unknown.items():
            if key not in inner and key not in self.modules:
                kind, count = type(module).__name__.lower(), 1
                while f"{kind}_{count}" in (self.scope.keys() | self.adopted.keys()):
                    count += 1
                self.adopted[f"{kind}_{count}"] = module
                self._note_modules(module, f"{kind}_{count}")

    def _note_modules(self, root: Any, name: str) -> None:
        """Note by which expression each module within one is known, and how deep it lies."""
        depths: dict[str, int] = {}
        for path, module in root.modules():
            above = path
            while above not in depths and above:
                above = above.rpartition(".")[0]
            depths[path] = depths[above] + 1 if path else 0
            self.modules.setdefault(id(module), (_expression(root, name, path), depths[path]))

    def _note(self, names: dict[Any, str], value: Tensor, name: str) -> None:
        if value.node is not None:
            names.setdefault(value.node, name)
            self.handles.setdefault(value.node, value)
            if value.name is not None:
                self.own.setdefault(value.node, value.name)

    def given_name(self, source: Any) -> str | None:
        """The name that somebody gave a recorded value in so many words, or None."""
        label = label_of(source)
        if label is not None:
            return label[0]
        handle = source.handle() if isinstance(source, Leaf) else None
        if handle is not None and handle.name is not None:
            return str(handle.name)
        return self.own.get(source)

    def found_name(self, source: Any) -> str | None:
        """The expression by which a recorded value was found, or None."""
        return self.paths.get(source, self.variables.get(source))


def _expression(root: Any, name: str, path: str) -> str:
    """The Python expression of what a module holds: ``model.layers[0].weight``."""
    held, text = root, name
    for part in path.split(".") if path else []:
        if isinstance(held, dict):
            key = next((key for key in held if str(key) == part), part)
            held, text = held.get(key), f"{text}[{key!r}]"
        elif part.isdigit():
            held, text = held[int(part)], f"{text}[{part}]"
        else:
            held, text = getattr(held, part, None), f"{text}.{part}"
    return text


def label_of(source: Any) -> tuple[str, str | None] | None:
    """The name and symbol that ``named`` gave a recorded value, or None."""
    node, index = (source.node, source.index) if isinstance(source, Output) else (source, 0)
    watch = None if node.watch is None else node.watch.get(index)
    return None if watch is None else watch.label


def identifier(name: str) -> str:
    """Return a name that can be assigned to: ``fc1_weight`` for ``model.fc1.weight``."""
    words = [word for word in re.split(r"\W+", unicodedata.normalize("NFKC", name)) if word]
    if _PATH.fullmatch(name) and len(words) > 1 and not words[1].isdigit():
        words = words[1:]
    text = "_".join(words)
    if not text.isidentifier():
        text = f"value_{text}" if text and f"value_{text}".isidentifier() else "value"
    return f"{text}_" if keyword.iskeyword(text) else text


_PATH = re.compile(r"\w+(\.\w+|\[[^\[\]]*\])+")

#: Reductions are written as methods, and values are often called like them.
_METHODS = {"all", "any", "argmax", "argmin", "max", "mean", "min", "prod", "std", "sum", "var"}


def functions() -> set[str]:
    """The functions that printed programs call."""
    return {*primitives, *operations, "vjp", "s_", "float", "complex"} - _METHODS


def _spoken(known: Known) -> set[str]:
    """What printed programs call by its name; a value that is called so would hide it."""
    paths = (*known.paths.values(), *known.variables.values(), *dict(known.modules.values()))
    roots = {re.split(r"[.\[]", path)[0] for path in paths if path not in known.scope}
    modules = {name for name, _ in known.modules.values()} & set(known.scope)
    return functions() | roots | modules


def _numbered(name: str, count: int) -> str:
    return f"{name}_{count}"


class Names:
    """Gives terms Python names and symbols; no two are alike.

    Args:
        program: the terms; those that have no name yet and need one by what they are get one.
        known: names by recorded value.
        prefix: of the ids.
        given: terms of another program that some of these are, by what was recorded.
    """

    def __init__(
        self,
        program: Program,
        known: Known,
        prefix: str = "t",
        given: Mapping[Any, Term] | None = None,
    ) -> None:
        self.program = program
        self.roles = Roles(program)
        self._spoken = _spoken(known)
        self._taken: set[str] = set()
        self._symbols: set[str] = set()
        self._counts: dict[str, int] = {}
        self._numbered: list[Term] = []
        self._read = set(_read_by_backward(program))
        for number, term in enumerate(program.terms):
            term.id = f"{prefix}{number}"
            term.role = self.roles.of(term)
            if given and term.source in given:
                self._take_over(term, given[term.source])
        for name_of in (known.given_name, known.found_name):
            for term in program.terms:
                name = None if term.name is not None else name_of(term.source)
                if name is not None:
                    self._give_known(term, name, known)
        for term in program.terms:
            if term.name is None:
                self._give_canonical(term)

    def give(self, term: Term, name: str, symbol: str | None = None) -> Term:
        """Name a term; a name that is taken gets a number, a symbol that is taken gets primes."""
        symbol = symbol_of(name, term.role) if symbol is None else symbol
        name = f"{name}_" if name in self._spoken else name
        term.name = self._apart(name, self._taken, _numbered)
        term.symbol = self._apart(symbol, self._symbols, told_apart)
        return term

    def _apart(self, text: str, taken: set[str], variant: Callable[[str, int], str]) -> str:
        """A text, or the first of its variants that is not taken; from now on it is."""
        found = text
        while found in taken:
            self._counts[text] = count = self._counts.get(text, 1) + 1
            found = variant(text, count)
        taken.add(found)
        return found

    def _take_over(self, term: Term, other: Term) -> None:
        """Call a term as it is called elsewhere."""
        term.id, term.role = other.id, other.role
        if other.name is not None:
            self.give(term, other.name, other.symbol)

    def _give_known(self, term: Term, name: str, known: Known) -> None:
        """Give a name that others chose; a parameter of a module has a symbol by its kind."""
        label = label_of(term.source)
        symbol = label[1] if label else None
        if term.source in known.paths and known.paths[term.source] == name:
            symbol = symbol_of(self._input_name(term))
        path = name in (known.paths.get(term.source), known.variables.get(term.source))
        if term.card is None and path and name not in known.scope:
            self.give(term, name, symbol)
        else:
            said = identifier(name) if _PATH.fullmatch(name) else name
            symbol = symbol_of(said, term.role) if symbol is None else symbol
            self.give(term, identifier(name), symbol)

    def give_number(self, term: Term) -> Term:
        """Name a term that just needs some name: ``v_1``, ``v_2``, ... see ``number``."""
        self._numbered.append(term)
        return self.give(term, f"v_{len(self._numbered)}")

    def number(self, terms: Iterable[Term]) -> None:
        """Number those of the terms that have a number for a name again, in the order given."""
        given = set(self._numbered)
        again = [term for term in terms if term in given]
        for term in again:
            assert term.name is not None
            assert term.symbol is not None
            self._taken.discard(term.name)
            self._symbols.discard(term.symbol)
        count = 0
        for term in again:
            count += 1
            while f"v_{count}" in self._taken:
                count += 1
            self.give(term, f"v_{count}")

    def _give_canonical(self, term: Term) -> None:
        if term.card is None:
            self.give(term, self._input_name(term))
        elif term in self.roles.roots:
            root = "loss" if term.role == LOSS else f"layer_{self.roles.depth[term]}"
            self.give(term, root)
        elif self.roles.depth[term] and self._is_layer(term):
            name = f"layer_{self.roles.depth[term]}"
            self.give_number(term) if name in self._taken else self.give(term, name)
        elif self._needed_again(term) and not is_light(term):
            self.give_number(term)

    def _is_layer(self, term: Term) -> bool:
        """Whether a value enters the next layer, or is what a loss judges."""
        return any(
            user.kind == "loss" or (is_layer_product(user) and left_operand(user) is term)
            for user in self.roles.users.get(term, ())
        )

    def _needed_again(self, term: Term) -> bool:
        """Whether a value is used twice, or read by backward, or the right operand of a product."""
        users = self.roles.users.get(term, ())
        called = term.kind == "module" or any(user.kind == "module" for user in users)
        if called or len(users) > 1 or term in self._read:
            return True
        return any(right_operand(user) is term for user in users)

    def _input_name(self, term: Term) -> str:
        users = self.roles.users.get(term, [])
        before = 0
        for user in users:
            others = [o for o in terms_in(user.operands) if o is not term]
            before = max((self.roles.depth[other] for other in others), default=0)
            break
        if term.role == WEIGHT:
            if any(right_operand(user) is term for user in users):
                return f"weights_{before}_{before + 1}"
            return "E" if any(user.kind == "indexing" for user in users) else "theta"
        if term.role == BIAS:
            return f"biases_{max(before - 1, 0)}_{max(before, 1)}"
        if term.role == MASK:
            return f"mask_{before}"
        if term.role == TARGET:
            return "target"
        if term.role == LAYER:
            enters = any(is_layer_product(u) and left_operand(u) is term for u in users)
            return "layer_0" if enters or "layer_0" not in self._taken else "constant"
        return "indices" if term.dtype.kind in "iu" else "constant"


#: What is so little work on names that it may be written in two places: ``K.T``, ``l₁ > 0``.
_LIGHT_KINDS = ("arrangement", "creation")
_LIGHT_CARDS = (
    *("add", "subtract", "negative", "one_hot"),
    *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"),
)


def is_light(term: Term) -> bool:
    """Whether a value is so little work on named values that it may be written in two places."""
    if term.card is None or (term.kind not in _LIGHT_KINDS and term.card.name not in _LIGHT_CARDS):
        return False
    return all(operand.name is not None for operand in terms_in(term.operands))


def _read_by_backward(program: Program) -> Iterator[Term]:
    """The computed values that rules of the backward pass read."""
    for term in program.terms:
        node = term.source
        if term.card is None or term.kind == "module":
            continue
        if not isinstance(node, Node) or isinstance(node, Crossing):
            continue
        for index in node.plan.sources:
            read = (term,) if index < 0 else (term.operands[index],)
            yield from (found for found in terms_in(read) if found.card is not None)
