"""What somebody's variables hold, looked at without running any of their code.

A scope may hold anything: proxies of what is gone, objects that raise when they are asked for their
class. So only types are asked here, and attributes are read from where they are stored.

This module stands on ``tensor``; read ``naming`` next.
"""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

from .tensor import Tensor

#: A longer list is data, not a list of weights.
MOST = 1000
#: So many values are looked at in what is held by others.
MOST_WITHIN = 10_000

_OURS = ("tensorgrok", "numpy", "__future__", *sys.stdlib_module_names)
_classes_of = type.__dict__["__mro__"].__get__  # a metaclass may have a ``__mro__`` of its own
_said = type.__getattribute__


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor; ``isinstance`` would ask the value for its class."""
    return issubclass(type(value), Tensor)


def is_module(value: Any) -> bool:
    """Whether a value is a ``nn.Module``, which this module does not import."""
    return any(
        _said(one, "__module__") == "tensorgrok.nn.module" and _said(one, "__name__") == "Module"
        for one in _classes_of(type(value))
    )


def values_in(variables: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Values by the expression that gives them: variables, what they hold, what that holds.

    Lists, tuples, dictionaries and the attributes of plain objects are looked into, but what a list
    holds is not looked into any further: there may be much of it.
    """
    outer, deeper = list(variables), []
    yield from outer
    for name, value in outer:
        found = [(f"{name}{place}", item) for place, item in parts(value)]
        yield from found
        deeper += [] if issubclass(type(value), list | tuple) else found
    within = ((f"{name}{place}", item) for name, value in deeper for place, item in parts(value))
    yield from itertools.islice(within, MOST_WITHIN)


def parts(value: Any) -> list[tuple[str, Any]]:
    """What a value holds, each with what is written after the value to get it."""
    kind = type(value)
    if issubclass(kind, list | tuple):
        base: Any = list if issubclass(kind, list) else tuple
        if base.__len__(value) > MOST:
            return []
        return [(f"[{place}]", item) for place, item in enumerate(base.__iter__(value))]
    if issubclass(kind, dict):
        if dict.__len__(value) > MOST:
            return []
        pairs = list(dict.items(value))
        return [(f"[{key!r}]", item) for key, item in pairs if type(key) in (str, int)]
    stored = _stored(value) if is_plain_object(value) else {}
    return [
        (f".{key}", item)
        for key, item in list(stored.items())
        if type(key) is str and key.isidentifier() and not key.startswith("_")
    ]


def is_plain_object(value: Any) -> bool:
    """Whether a value is an object of somebody's own class: no tensor, no module, no library's."""
    home = _said(type(value), "__module__")
    if type(home) is not str or home.partition(".")[0] in _OURS:
        return False
    return not is_tensor(value) and not is_module(value)


def _stored(value: Any) -> dict[str, Any]:
    """The attributes of an object, none of them computed."""
    for one in _classes_of(type(value)):
        found = _said(one, "__dict__").get("__dict__")
        if type(found) is types.GetSetDescriptorType:
            stored: dict[str, Any] = found.__get__(value)
            return stored
    return {}
