"""What a view keeps alive: its graph and what its programs name, and nothing once it is gone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn
from tensorgrok.views.view import View


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


LOOKS: list[Callable[[View], Any]] = [
    lambda view: view.python,
    lambda view: view.lines[0].bricks,
    lambda view: view.whole.bricks,
    lambda view: view.namespace(),
    lambda view: view.text(),
    lambda view: view.html(),
]


def trained() -> tuple[nn.Module, Tensor]:
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    loss = model(Tensor(np.ones((1, 3)), dtype="f4")).sum()
    loss.backward(retain_graph=True)
    return model, loss


def looked_at(look: Callable[[View], Any], depth: int | None) -> list[weakref.ref[Any]]:
    """A view, its graph, and an array of it, after somebody looked at it."""
    model, loss = trained()
    view = tg.view(loss, names={"model": model, "loss": loss}, depth=depth)
    look(view)
    return [weakref.ref(view), weakref.ref(loss.node), weakref.ref(loss.data)]


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("depth", [None, 0])
def test_a_view_that_nobody_needs_is_freed_with_its_graph(
    look: Callable[[View], Any], depth: int | None
) -> None:
    assert [one() for one in looked_at(look, depth)] == [None, None, None]


def in_a_scope() -> tuple[View, list[weakref.ref[Any]]]:
    w = Tensor(np.ones(3), requires_grad=True)
    y = (w * 2.0).sum()
    other = (w * 3.0).sum()
    model = nn.Linear(2, 2)
    return tg.view(y), [weakref.ref(one) for one in (other, other.node, model)]


def test_a_view_keeps_no_more_of_a_scope_than_it_names() -> None:
    view, gone = in_a_scope()
    gc.collect()
    assert [one() for one in gone] == [None, None, None]
    assert view.namespace()["w"].shape == (3,)
