"""What public names and cards promise: documentation, signatures, rules with names."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tensorgrok
from tensorgrok import engine
from tensorgrok.cards import Primitive
from tensorgrok.vocabulary import VOCABULARY

PACKAGE = Path(tensorgrok.__file__).parent
PACKAGES = ("tensorgrok", "tensorgrok.nn", "tensorgrok.optim", "tensorgrok.data")

#: Names whose docstring has no example, and why.
WITHOUT_EXAMPLE = {
    "Backend": "a contract: the shipped backends are its examples",
    "Optimizer": "a base class: the optimizers are its examples",
    "register_backend": "its effect would outlast the example",
    "set_default_dtype": "its effect would outlast the example",
}

#: Callables with ``*args``, and why. Nothing public takes ``**kwargs`` but ``Module.forward``.
VARIADIC = {
    "vjp": "passes them on to the function it differentiates",
    "einsum": "operands, one after the other, as in NumPy",
    "broadcast_arrays": "tensors, one after the other, as in the standard",
    "meshgrid": "vectors, one after the other, as in the standard",
    "Sequential": "layers, one after the other",
    "Tensor.reshape": "lengths may come as a tuple or one by one, as in NumPy",
    "Tensor.permute_dims": "axes may come as a tuple or one by one, as in NumPy",
    "Module.forward": "every subclass has its own signature",
}


def submodules(package: ModuleType) -> list[str]:
    return [info.name for info in pkgutil.iter_modules(package.__path__)]


def all_modules() -> list[ModuleType]:
    """Every module but the one that runs the program."""
    found = pkgutil.walk_packages(tensorgrok.__path__, "tensorgrok.")
    return [importlib.import_module(i.name) for i in found if not i.name.endswith("__main__")]


MODULES = all_modules()


def public_names() -> list[Any]:
    """Public functions, classes and cards, as parameters of a test."""
    return [
        pytest.param(name, getattr(package, name), id=name)
        for package in map(importlib.import_module, PACKAGES)
        for name in package.__all__
        if callable(getattr(package, name))
    ]


def own_cards() -> list[Primitive[...]]:
    """The cards of the package itself: tests make some of their own."""
    cards = engine.primitives.values()
    return [card for card in cards if card.__module__.startswith("tensorgrok.")]


# Public names ----------------------------------------------------------------------------------


def in_order(name: str) -> tuple[bool, bool, str]:
    """Sort key: capitals, then classes, then the rest, as linters sort ``__all__``."""
    words = [part.zfill(3) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
    return not name.isupper(), not name[0].isupper(), "".join(words)


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_sorted_and_exist(name: str) -> None:
    package = importlib.import_module(name)
    # Linters take log10 for larger than log2; Python, which sorts some lists, does not.
    names = set(package.__all__)
    assert package.__all__ in (sorted(names), sorted(names, key=in_order))
    assert not [public for public in package.__all__ if not hasattr(package, public)]


def test_public_names_are_listed_by_dir() -> None:
    assert set(tensorgrok.__all__) <= set(dir(tensorgrok))


@pytest.mark.parametrize(("name", "value"), public_names())
def test_public_name_has_a_docstring_with_an_example(name: str, value: Any) -> None:
    text = value.__doc__
    assert text, f"{name} has no docstring"
    if name in WITHOUT_EXAMPLE or (isinstance(value, type) and issubclass(value, Exception)):
        assert ">>>" not in text, f"{name} has an example after all: take it off the list"
    else:
        assert ">>>" in text, f"{name} has no example in its docstring"


def variadic(name: str, value: Any) -> Iterator[str]:
    """Which of a callable and its public methods take ``*args`` or ``**kwargs``."""
    stars = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(p.kind in stars for p in inspect.signature(value).parameters.values()):
        yield name
    if isinstance(value, type):
        for method, function in inspect.getmembers(value, inspect.isfunction):
            if not method.startswith("_"):
                yield from variadic(f"{name}.{method}", function)


def test_signatures_are_real() -> None:
    exceptions = [name for name in tensorgrok.__all__ if name in vars(tensorgrok.errors)]
    found = {
        owner
        for name, value in (parameter.values for parameter in public_names())
        if name not in exceptions
        for owner in variadic(str(name), value)
    }
    assert found == set(VARIADIC)


def test_signature_of_a_card_is_that_of_its_function_without_the_namespace() -> None:
    assert list(inspect.signature(tensorgrok.sum).parameters) == ["x", "axis", "keepdims"]


def test_no_public_function_shares_the_name_of_a_submodule() -> None:
    packages = [module for module in (tensorgrok, *MODULES) if hasattr(module, "__path__")]
    assert len(packages) >= 4
    shared = [
        f"{package.__name__}.{name}"
        for package in packages
        for name in submodules(package)
        if not isinstance(getattr(package, name, package), ModuleType)
    ]
    assert not shared


# Cards -----------------------------------------------------------------------------------------


def test_no_card_hides_another_of_its_name() -> None:
    written = sorted(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(d).startswith("primitive(") for d in node.decorator_list)
    )
    assert len(written) > 30
    assert written == sorted(card.name for card in own_cards())


def test_every_rule_has_a_name_of_its_own() -> None:
    rules = defaultdict(set)
    for card in own_cards():
        for pullback in card.pullbacks.values():
            rules[pullback.function.__name__].add(pullback.function)
    assert len(rules) > 40
    assert "<lambda>" not in rules
    assert not [name for name, functions in rules.items() if len(functions) > 1]


def test_every_argument_has_a_rule_or_is_constant() -> None:
    assert own_cards()
    for card in own_cards():
        assert set(card.constant) <= set(card.arguments), f"{card.name}: unknown constants"
        assert sorted([*card.pullbacks, *card.constant]) == sorted(card.arguments), (
            f"{card.name}: its arguments are {card.arguments}, with rules for "
            f"{[*card.pullbacks]}, and {card.constant} declared constant"
        )


# The vocabulary --------------------------------------------------------------------------------


def test_every_word_of_the_vocabulary_is_an_operation() -> None:
    assert len(set(VOCABULARY)) == len(VOCABULARY)
    assert not [name for name in VOCABULARY if not callable(engine.operations.get(name))]


def words_used(text: str) -> set[str]:
    """Attributes read off ``xp``, also where it is an attribute itself, as in ``backend.xp``."""
    return {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1] == "xp"
    }


def test_rules_use_words_of_the_vocabulary_only() -> None:
    assert words_used("xp.exp(a.xp.log(b)); (a or b).xp.sin(x); a.xp") == {"exp", "log", "sin"}
    used = {
        word: path.name
        for path in PACKAGE.rglob("*.py")
        for word in words_used(path.read_text(encoding="utf-8"))
    }
    assert len(used) > 30
    assert not {word: file for word, file in used.items() if word not in VOCABULARY}
