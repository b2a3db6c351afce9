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
from collections.abc import Iterable, Iterator, Mapping
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
from .tensor import Tensor
from .terms import Program, Term, terms_in

GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "mu"),
    *("nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
)
LETTERS = {name: rf"\{name}" for name in GREEK} | {"lam": r"\lambda", "lmbda": r"\lambda"}
_GREEK_THEMSELVES = "αβγδεζηθικμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"  # names may be such letters
LETTERS |= {letter: rf"\{name}" for letter, name in zip(_GREEK_THEMSELVES, GREEK, strict=True)}
LETTERS["λ"] = r"\lambda"
ACCENTS = ("hat", "bar", "tilde", "dot", "vec")

_NUMBERED = re.compile(r"(layer|weight|weights|bias|biases|mask)_(\d+)(?:_\d+)?")
_INITIALS = {"layer": "l", "weight": "W", "weights": "W", "bias": "b", "biases": "b", "mask": "m"}
_LETTERS_OF = {"loss": "L", "constant": "c", "indices": "i"}
_ROLE_LETTERS = {TARGET: "y", LOSS: "L"}


def symbol_of(name: str, role: str | None = None) -> str:
    r"""Return the LaTeX symbol of a Python name.

    The names of a numbered chain come first: ``layer_2``, ``weights_0_1``, ``biases_0_1``. Else one
    letter is italic and words are upright, trailing digits and what follows an underscore are a
    subscript, ``_hat``, ``_bar``, ``_tilde`` are accents, Greek letters go by their names. A target
    or a loss that is called by a word is ``y`` or ``L``.

    >>> from tensorgrok.naming import symbol_of
    >>> symbol_of("weights_0_1"), symbol_of("W_hh"), symbol_of("x_hat"), symbol_of("lam")
    ('W_{0}', 'W_{\\mathrm{hh}}', '\\hat{x}', '\\lambda')
    """
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return f"{_INITIALS[numbered[1]]}_{{{numbered[2]}}}"
    if name in _LETTERS_OF:
        return _LETTERS_OF[name]
    base, subscripts = _split(name)
    accent = ""
    if subscripts and subscripts[-1] in ACCENTS:
        accent = subscripts.pop()
    is_word = len(base) > 1 and base not in LETTERS
    if is_word and role in _ROLE_LETTERS:
        return _ROLE_LETTERS[role]
    letter = LETTERS.get(base) or (rf"\mathrm{{{base}}}" if len(base) > 1 else base)
    if accent:
        letter = rf"\{accent}{{{letter}}}"
    if not subscripts:
        return letter
    return f"{letter}_{{{', '.join(map(_subscript, subscripts))}}}"


def _split(name: str) -> tuple[str, list[str]]:
    """The base of a name and its subscripts."""
    last = [part for part in re.split(r"[.\[\]'\"]+", name) if part][-2:]
    words = [word for part in last for word in re.split(r"[\W_]+", part) if word]
    base, *rest = words or ["value"]
    digits = re.fullmatch(r"(.*?[^\d])(\d+)", base)
    if digits:
        base, rest = digits[1], [digits[2], *rest]
    return base, rest


def _subscript(part: str) -> str:
    if part in LETTERS:
        return LETTERS[part]
    return part if part.isdigit() or len(part) == 1 else rf"\mathrm{{{part}}}"


def delta_of(symbol: str) -> str:
    r"""Return the symbol of the cotangent of a layer: ``\delta_{2}`` for ``l_{2}``."""
    numbered = re.fullmatch(r"l_\{(\d+)\}('*)", symbol)
    if numbered:
        return rf"\delta_{{{numbered[1]}}}{numbered[2]}"
    return rf"\delta_{{{symbol}}}"


# Python names ----------------------------------------------------------------------------------

_MOST = 1000  # a longer list is data, not a list of weights


class Known:
    """The Python expressions by which recorded values are known to somebody.

    Tensors, modules, and lists, tuples and dictionaries of tensors among the variables are looked
    into. The first binding wins, and names that begin with an underscore are nobody's. A tensor's
    own name goes before the path of a parameter in a module, and that before a variable.

    Args:
        variables: the variables of a scope, by name.

    Attributes:
        handles: tensors by what is recorded of them.
        modules: for modules, by id, the expression and how deep in others they lie.
        adopted: modules that no variable holds, by the name they have here.
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
        visible = [(name, value) for name, value in variables.items() if not name.startswith("_")]
        for name, value in visible:
            if hasattr(type(value), "named_tensors"):
                for path, tensor in value.named_tensors():
                    self._note(self.paths, tensor, _expression(value, name, path))
                self._note_modules(value, name)
            else:
                self._note(self.variables, value, name)
        for name, value in visible:
            if isinstance(value, list | tuple) and len(value) <= _MOST:
                for index, item in enumerate(value):
                    self._note(self.variables, item, f"{name}[{index}]")
            elif isinstance(value, dict) and len(value) <= _MOST:
                for key, item in list(value.items()):
                    if isinstance(key, str | int):
                        self._note(self.variables, item, f"{name}[{key!r}]")

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

    def _note(self, names: dict[Any, str], value: Any, name: str) -> None:
        if isinstance(value, Tensor) and value.node is not None:
            names.setdefault(value.node, name)
            self.handles.setdefault(value.node, value)
            if value.name is not None:
                self.own.setdefault(value.node, value.name)

    def name_of(self, source: Any) -> str | None:
        """The name of a recorded value, or None."""
        label = label_of(source)
        if label is not None:
            return label[0]
        handle = source.handle() if isinstance(source, Leaf) else None
        if handle is not None and handle.name is not None:
            return str(handle.name)
        for names in (self.own, self.paths, self.variables):
            if source in names:
                return names[source]
        return None


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


def _spoken(known: Known) -> set[str]:
    """What printed programs call by its name; a value that is called so would hide it."""
    paths = (*known.paths.values(), *known.variables.values(), *dict(known.modules.values()))
    roots = {re.split(r"[.\[]", path)[0] for path in paths if path not in known.scope}
    modules = {name for name, _ in known.modules.values()} & set(known.scope)
    functions = {*primitives, *operations, "vjp", "s_", "float"} - _METHODS
    return functions | roots | modules


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
        self._numbered: list[Term] = []
        self._read = set(_read_by_backward(program))
        for number, term in enumerate(program.terms):
            term.id = f"{prefix}{number}"
            term.role = self.roles.of(term)
            if given and term.source in given:
                self._take_over(term, given[term.source])
        for term in program.terms:
            if term.name is not None:
                continue
            name = known.name_of(term.source)
            if name is not None:
                self._give_known(term, name, known)
        for term in program.terms:
            if term.name is None:
                self._give_canonical(term)

    def give(self, term: Term, name: str, symbol: str | None = None) -> Term:
        """Name a term; a name that is taken gets a number, a symbol that is taken gets primes."""
        symbol = symbol_of(name, term.role) if symbol is None else symbol
        name = f"{name}_" if name in self._spoken else name
        unique, count = name, 1
        while unique in self._taken:
            count += 1
            unique = f"{name}_{count}"
        while symbol in self._symbols:
            symbol += "'"
        self._taken.add(unique)
        self._symbols.add(symbol)
        term.name, term.symbol = unique, symbol
        return term

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
            symbol = symbol_of(name, term.role) if symbol is None else symbol
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
