"""The agreement of the views: what is printed computes what was recorded, in every notation.

Each line of each graph is executed as Python and compared with what was recorded, and its LaTeX is
evaluated by a reader that shares nothing with the library. All notations speak of the same values,
and gradients are those of finite differences.
"""

from __future__ import annotations

import re
from typing import Any, cast

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor
from tensorgrok.graph import Leaf
from tensorgrok.lines import CUTS
from tensorgrok.notation import ids
from tensorgrok.views.statement import Statement
from tensorgrok.views.view import View
from tests.readers.evaluator import evaluate
from tests.viewed import NETWORKS, Array, Viewed, normal, random_graph

TIDY = 1e-12  # of rewritten lines and of algebra, relative to the largest number


def gradient_for(root: Tensor) -> Tensor:
    return Tensor(normal(9, *root.shape))


def recorded(view: View) -> dict[Any, Array]:
    """The values of those tensors that are still there, by term."""
    handles = view.reading.known.handles
    of = view.reading.program.of
    return {of[node]: tensor.numpy() for node, tensor in handles.items() if node in of}


def near(found: Array, wanted: Array, where: str) -> None:
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    if found.shape != wanted.shape and found.size == wanted.size:
        found = found.reshape(wanted.shape)  # algebra has no vectors with one axis
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    np.testing.assert_allclose(
        np.broadcast_to(found, wanted.shape), wanted, rtol=0, atol=TIDY * scale, err_msg=where
    )


def run(view: View, gradients: dict[str, Array], root_gradient: Tensor | None) -> None:
    """Execute both programs, and evaluate their algebra."""
    variables = view.namespace()
    symbols: dict[str, Any] = {}
    seed = view.reading.backward.seed
    if seed is not None:
        assert root_gradient is not None
        variables[str(seed.name)] = root_gradient
        symbols[str(seed.symbol)] = root_gradient.numpy()
    for term in view.reading.program.terms:
        if term.card is None:
            value = eval(str(term.name), variables)
            assert isinstance(value, Tensor)
            symbols[str(term.symbol)] = value.numpy()
    known = recorded(view)
    exact = view.reading.how == "ops"
    for statement in (*view.lines, *view.backward.lines):
        line = statement.line
        exec(statement.python, variables)
        found = eval(str(line.target.name), variables).numpy()
        assert (found.dtype, found.shape) == (line.target.dtype, line.target.shape)
        forward = line.direction == "forward"
        if forward and line.target in known:
            assert found.dtype == known[line.target].dtype, statement.python
            assert np.array_equal(found, known[line.target]), statement.python
        if line.target.name in gradients:
            wanted = gradients[line.target.name]
            assert found.dtype == wanted.dtype, statement.python
            if exact:
                assert np.array_equal(found, wanted), statement.python
            near(found, wanted, statement.python)
        symbols[str(line.target.symbol)] = found
        near(evaluate(statement.latex.partition(" = ")[2], symbols), found, statement.latex)


def gradients_by_name(view: View, root: Tensor, seed: Tensor | None) -> dict[str, Array]:
    """What backward gives, by the name of the line that says so."""
    found = view.reading.backward.gradients
    leaves: list[Any] = [cast("Leaf", term.source).handle() for term in found]
    given = tg.gradients(root, leaves, seed, retain_graph=True) if leaves else ()
    pairs = zip(found.values(), given, strict=True)
    return {term.name: g.numpy() for term, g in pairs if term.name is not None}


def speak_of_the_same(statement: Statement) -> None:
    """All notations of a line hold the same ids, and every name in it has its brick."""
    line = statement.line
    python, latex = set(ids(line.marked("python"))), set(ids(line.marked("latex")))
    assert python == latex, (statement.python, statement.latex)
    mathml = set(re.findall(r'data-t="(\w+)"', statement.mathml))
    assert mathml == python, statement.mathml
    bricks = set(re.findall(r'data-t="(\w+)"', statement.bricks))
    assert {line.target.id, *(term.id for term in line.terms)} <= bricks, statement.python
    for term in line.inner:
        assert term.id in python


@pytest.mark.parametrize("cut", ["layers", "one", "ops"])
@pytest.mark.parametrize("network", [*NETWORKS])
@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
def test_what_is_printed_computes_what_was_recorded(network: str, cut: Any, named: bool) -> None:
    net = NETWORKS[network]()
    view = tg.view(net.root, names=net.names if named else {}, cut=cut)
    assert view.lines
    assert view.backward.lines
    gradients = gradients_by_name(view, net.root, None)
    assert len(gradients) == len(net.parameters)
    run(view, gradients, None)


@pytest.mark.parametrize("network", [*NETWORKS])
def test_all_notations_of_a_line_speak_of_the_same_values(network: str) -> None:
    net = NETWORKS[network]()
    net.root.backward(retain_graph=True)
    for cut in CUTS:
        view = tg.view(net.root, names=net.names, cut=cut)
        for statement in (*view.whole.lines, *view.lines, *view.backward.lines):
            speak_of_the_same(statement)


@pytest.mark.parametrize("network", [*NETWORKS])
def test_printed_gradients_are_those_of_finite_differences(network: str) -> None:
    net = NETWORKS[network]()
    view = tg.view(net.root, names=net.names)
    variables = view.namespace()
    exec(view.python, variables)
    exec(view.backward.python, variables)
    backward = view.reading.backward
    for name, tensor in net.parameters.items():
        of: dict[Any, Any] = {**view.reading.program.of}
        gradient = variables[str(backward.gradients[of[tensor.node]].name)]
        compare_with_differences(net, name, gradient.numpy())


def compare_with_differences(net: Viewed, name: str, gradient: Array) -> None:
    arrays = {key: tensor.numpy() for key, tensor in net.parameters.items()}
    places = [*np.ndindex(*gradient.shape)]
    step = 1e-6
    for place in [places[i] for i in np.random.default_rng(0).permutation(len(places))[:8]]:
        ends = []
        for sign in (1, -1):
            moved = arrays[name].copy()
            moved[place] += sign * step
            ends.append(net.again({**arrays, name: moved}).item())
        slope = (ends[0] - ends[1]) / (2 * step)
        assert slope == pytest.approx(gradient[place], rel=1e-5, abs=1e-7), (name, place)


@pytest.mark.parametrize("batch", range(20))
def test_random_graphs_agree(batch: int) -> None:
    for seed in range(50 * batch, 50 * batch + 50):
        root, names, pool = random_graph(seed)
        cut = CUTS[seed % 3]
        view = tg.view(root, names=names, cut=cut)
        try:
            run(view, gradients_by_name(view, root, None), None)
            if seed % 10 == 0:
                for statement in (*view.whole.lines, *view.lines, *view.backward.lines):
                    speak_of_the_same(statement)
            assert pool
        except Exception as error:
            error.add_note(f"graph {seed}, cut {cut!r}:\n{view.python}\n{view.backward.python}")
            raise
