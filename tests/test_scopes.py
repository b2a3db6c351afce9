"""What names are found in: containers, objects, things that are strange, and who goes first."""

from __future__ import annotations

import weakref
from typing import Any, NoReturn

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn
from tensorgrok.scopes import MOST, is_module, is_tensor, parts, values_in
from tests.test_naming import matrix, runs


class Plain:
    """An object of somebody's own, with whatever attributes it is given."""

    computed = 0

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    @property
    def weight(self) -> NoReturn:
        raise AssertionError("a property was computed")


class Scale(nn.Module):
    """A module with one parameter."""

    def __init__(self) -> None:
        self.weight = Tensor(np.full((2, 2), 0.5), requires_grad=True)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = tg.tanh(x @ self.weight)
        return result


# Where names are found ----------------------------------------------------------------------------


def test_attributes_of_objects_and_what_containers_hold() -> None:
    w, b, c, d = (matrix(2, 2) for _ in range(4))
    scope: dict[str, Any] = {
        "layer": Plain(w=w, _private=d),
        "weights": {"in": {"b": b}, "out": [c]},
        "deep": [[d]],
    }
    loss = tg.tanh(w * b * c * d).sum()
    view = tg.view(loss, names=scope)
    inputs = [term.name for term in view.reading.program.terms if term.card is None]
    assert inputs == ["layer.w", "weights['in']['b']", "weights['out'][0]", "theta"]
    assert r"\mathrm{layer}_{w}" in view.lines[0].latex
    runs(view, loss)


def test_modules_in_objects_and_lists_have_paths() -> None:
    trainer, stages = Plain(model=Scale()), [Scale()]
    x = matrix(1, 2, needed=False)
    loss = stages[0](trainer.model(x)).sum()  # type: ignore[attr-defined]  # it was given one
    view = tg.view(loss, names={"trainer": trainer, "stages": stages, "x": x}, depth=3)
    assert "tanh(x @ trainer.model.weight)" in view.python
    assert "@ stages[0].weight" in view.python
    runs(view, loss)
    folded = tg.view(loss, names={"trainer": trainer, "stages": stages, "x": x}, depth=0)
    assert "trainer.model(x)" in folded.python
    assert "stages[0](" in folded.python


def test_what_is_assigned_has_the_same_name_in_python_and_in_algebra() -> None:
    w = matrix(2, 2)
    result = Plain(out=tg.tanh(w))
    loss = (result.out * 2).sum()  # type: ignore[attr-defined]  # it was given one
    view = tg.view(loss, names={"result": result, "w": w})
    assert view.lines[0].python == "out = tanh(w)"
    assert view.lines[0].latex == r"\mathrm{out} = \tanh\left(w\right)"


def test_long_lists_are_data() -> None:
    assert parts([0] * MOST)[-1] == (f"[{MOST - 1}]", 0)
    assert parts([0] * (MOST + 1)) == []
    assert parts(dict.fromkeys(range(MOST + 1))) == []
    assert parts({"a": 1, ("b",): 2, 3: 4}) == [("['a']", 1), ("[3]", 4)]
    assert parts(np.zeros(3)) == parts("text") == parts(tg.ones(2)) == parts(Scale()) == []


# Functions and variables of one name --------------------------------------------------------------


@pytest.mark.parametrize("depth", [0, 3])
def test_modules_and_dictionaries_called_like_functions(depth: int) -> None:
    scale, held = Scale(), {"w": matrix(1, 2)}
    x = matrix(1, 2, needed=False)
    loss = (tg.exp(scale(x)) * held["w"]).sum()
    scope = {"tanh": scale, "exp": held, "x": x, "exp_": 3}
    view = tg.view(loss, names=scope, depth=depth)
    assert ("tanh_(x)" if depth == 0 else "tanh(x @ tanh_.weight)") in view.python
    assert "exp__['w']" in view.python
    variables = view.namespace()
    exec(view.python, variables)
    assert variables["loss"].item() == loss.item()
    assert variables["exp"] is tg.exp
    assert (variables["tanh_"], variables["exp__"]) == (scale, held)
    exec(view.backward.python, variables)


# Strange things -----------------------------------------------------------------------------------


class Liar:
    """It raises whatever it is asked."""

    named_tensors = 3

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise RuntimeError("no class")

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


class Metaclass(type):
    """Its classes raise when they are asked what they are."""

    @property
    def __mro__(cls) -> Any:
        raise RuntimeError("no order")


class Headless(metaclass=Metaclass):
    """Neither its module nor its attributes are what they seem."""

    __module__: Any = property(lambda self: 1 / 0)


class Unreadable(dict[str, Any]):
    """A dictionary that does not want to be iterated over."""

    def items(self) -> NoReturn:
        raise RuntimeError("no items")

    __iter__ = __len__ = items


class Ambiguous(nn.Module):
    """Two tensors have one path."""

    def __init__(self) -> None:
        self.scales = {1: tg.ones(1), "1": tg.ones(1)}


def test_nothing_strange_in_a_scope_breaks_a_view() -> None:
    w = matrix(2, 2)
    gone = Plain()
    scope: dict[str, Any] = {
        "proxy": weakref.proxy(gone),
        "liar": Liar(),
        "headless": Headless(),
        "unreadable": Unreadable(w=w),
        "ambiguous": Ambiguous(),
        "classes": [Liar, Metaclass, Headless],
    }
    del gone
    loss = tg.tanh(w).sum()
    view = tg.view(loss, names=scope)
    assert view.python.startswith("v_1 = tanh(unreadable['w'])")
    runs(view, loss)


def test_types_alone_say_what_a_value_is() -> None:
    assert is_tensor(tg.ones(1))
    assert is_module(Scale())
    for value in (Liar(), Headless(), Plain(named_tensors=list), 3, nn.Module, Tensor):
        assert not is_tensor(value)
        assert not is_module(value)
    assert [name for name, _ in values_in([("o", Plain(a=[1, {}]))])] == [
        *("o", "o.a", "o.a[0]", "o.a[1]"),
    ]


# Who goes first -----------------------------------------------------------------------------------


def test_what_the_user_says_goes_before_what_was_found() -> None:
    first, second = matrix(2, 2), matrix(2, 2)
    hidden = tg.tanh(first).named("kernel", tex="K")
    loss = (hidden * second).sum()
    view = tg.view(loss, names={"kernel": first, "K": second})
    found = {term.source: (term.name, term.symbol) for term in view.reading.program.terms}
    assert found[hidden.node] == ("kernel", "K")
    assert found[first.node] == ("kernel_2", r"\mathrm{kernel}")
    assert found[second.node] == ("K", "K'")
    runs(view, loss)
