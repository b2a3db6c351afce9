"""Every card: values and dtypes against oracles, derivatives to second order, on every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok.cli.operations import TESTED
from tensorgrok.engine import primitives
from tensorgrok.graph import Leaf, order
from tests import tested
from tests.cases import CASES, Case
from tests.conftest import backends_under_test

#: The cases whose values were found right in this run, on each backend.
ran: set[tuple[int, str]] = set()

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def as_tensors(case: Case, dtype: Any = None) -> list[tg.Tensor]:
    """Tensors of the inputs of a case; floats require gradients."""
    tensors = []
    for array in case.inputs:
        floating = array.dtype.kind in "fc"
        cast = (
            array.astype(np.result_type(dtype, 0j) if array.dtype.kind == "c" else dtype)
            if (floating and dtype is not None)
            else array
        )
        tensors.append(tg.Tensor(cast, requires_grad=floating))
    return tensors


def parts(value: Any) -> tuple[Any, ...]:
    """One result or several, as a tuple."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def floats(outputs: tuple[tg.Tensor, ...]) -> list[tg.Tensor]:
    return [out for out in outputs if out.requires_grad]


@every_case
def test_value_and_dtype_agree_with_the_oracle(case: Case, backend: str) -> None:
    results = parts(case.function(*as_tensors(case)))
    expected = parts(case.oracle(*case.inputs))
    assert len(results) == len(expected)
    for result, wanted in zip(results, expected, strict=True):
        wanted = np.asarray(wanted)
        assert result.backend.name == backend
        assert result.backend.owns(result.data)
        assert result.dtype == result.data.dtype
        assert result.shape == wanted.shape
        assert result.dtype == wanted.dtype
        if case.exact or wanted.dtype.kind not in "fc":
            np.testing.assert_array_equal(result.numpy(), wanted)
        else:
            np.testing.assert_allclose(result.numpy(), wanted, rtol=1e-12, atol=1e-14)
    tested.values.add((case.name, backend))
    ran.add((id(case), backend))


@every_case
def test_derivatives_agree_with_finite_differences_to_second_order(
    case: Case, backend: str
) -> None:
    if not primitives[case.name].pullbacks:
        assert not any(out.requires_grad for out in parts(case.function(*as_tensors(case))))
        return
    if not any(out.requires_grad for out in parts(case.function(*as_tensors(case)))):
        assert (
            not any(array.dtype.kind in "fc" for array in case.inputs) or case.note == "to integers"
        )
        return
    assert tg.gradcheck(case.function, case.inputs, order=2)
    for card, argument in served_by(case):
        if card == case.name:
            tested.derivatives.add((card, argument, backend, 2))


@every_case
def test_float32_stays_float32_in_values_and_gradients(case: Case, backend: str) -> None:
    if not case.inputs or case.name == "astype":
        return
    inputs = as_tensors(case, np.float32)
    results = parts(case.function(*inputs))
    expected = parts(case.oracle(*case.inputs))
    single = {np.dtype("f8"): np.dtype("f4"), np.dtype("c16"): np.dtype("c8")}
    for result, wanted in zip(results, expected, strict=True):
        dtype = np.asarray(wanted).dtype
        assert result.dtype == result.data.dtype == single.get(dtype, dtype)
    ends = floats(results)
    if ends:
        starts = [tensor for tensor in inputs if tensor.requires_grad]
        found = tg.gradients(
            ends, starts, [tg.Tensor(np.ones(e.shape), dtype=e.dtype) for e in ends]
        )
        for start, gradient in zip(starts, found, strict=True):
            assert gradient.dtype == start.dtype
            assert gradient.shape == start.shape


@every_case
def test_inputs_are_left_unchanged(case: Case, backend: str) -> None:
    originals = [array.copy() for array in case.inputs]
    inputs = as_tensors(case)
    ends = floats(parts(case.function(*inputs)))
    if ends:
        starts = [tensor for tensor in inputs if tensor.requires_grad]
        tg.gradients(ends, starts, [tg.Tensor(np.ones(e.shape), dtype=e.dtype) for e in ends])
    for original, array, tensor in zip(originals, case.inputs, inputs, strict=True):
        np.testing.assert_array_equal(array, original)
        np.testing.assert_array_equal(tensor.numpy(), original)


def served_by(case: Case) -> set[tuple[str, str]]:
    """Card and argument of every rule in the graph of a case."""
    found = set()
    for end in floats(parts(case.function(*as_tensors(case)))):
        assert end.node is not None
        for node in order([end.node]):
            if not isinstance(node, Leaf):
                card = node.primitive
                owners = node.plan.group(tuple(range(len(node.inputs))))
                for rule in node.plan.rules:
                    for argument, owner in zip(card.arguments, owners, strict=True):
                        if owner == rule.slot or (isinstance(owner, tuple) and rule.slot in owner):
                            found.add((card.name, argument))
    return found


def test_every_card_and_every_pullback_has_a_case() -> None:
    missing = set(primitives) - {case.name for case in CASES}
    assert not missing, f"add a row to tests/cases for {sorted(missing)}"
    declared = {
        (card.name, argument) for card in primitives.values() for argument in card.pullbacks
    }
    served = set().union(*(served_by(case) for case in CASES))
    assert declared <= served, f"no case differentiates {sorted(declared - served)}"


def test_a_case_of_a_card_applies_that_card() -> None:
    for case in CASES:
        ends = floats(parts(case.function(*as_tensors(case))))
        if ends:
            names = set()
            for end in ends:
                assert end.node is not None
                names |= {n.primitive.name for n in order([end.node]) if not isinstance(n, Leaf)}
            assert case.name in names, f"{case} applies {names}"


def weak_operands() -> list[tuple[str, Any]]:
    return [
        ("int", 2),
        ("float", 2.5),
        ("bool", True),
        ("numpy float64", np.float64(2.5)),
        ("numpy int64", np.int64(2)),
        ("integer array", np.array([1, 2, 3])),
        ("boolean array", np.array([True, True, True])),
        ("integer tensor", "tensor"),
    ]


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "pow", "maximum"])
@pytest.mark.parametrize(
    ("kind", "other"), weak_operands(), ids=lambda v: v if isinstance(v, str) else ""
)
def test_float32_keeps_its_dtype_against_what_is_not_a_float(
    name: str, kind: str, other: Any, backend: str
) -> None:
    x = tg.Tensor(np.array([1.5, 2.5, 3.5], dtype=np.float32), requires_grad=True)
    operand = tg.Tensor([1, 2, 3]) if isinstance(other, str) else other
    for result in (primitives[name](x, operand), primitives[name](operand, x)):
        assert result.dtype == np.float32
        (gradient,) = tg.gradients([result], [x], [np.ones(3, dtype=np.float32)])
        assert gradient.dtype == np.float32


@pytest.mark.parametrize("ties", [[2.0, 2.0, 1.0], [0.5, 0.5, 0.5]])
def test_ties_of_max_share_the_gradient_evenly(ties: list[float], backend: str) -> None:
    x = tg.Tensor(ties, requires_grad=True)
    x.max().backward()
    shares = [value == max(ties) for value in ties]
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), np.array(shares) / sum(shares), rtol=1e-6)


def slope(function: Any, value: float) -> float:
    """Derivative of a function of one number."""
    return float(tg.grad(function)(value))


def test_derivatives_at_kinks_are_as_documented(backend: str) -> None:
    assert slope(tg.relu, 0.0) == 0
    assert slope(tg.abs, 0.0) == 0
    assert slope(lambda x: tg.maximum(x, x), 3.0) == 1
    assert slope(lambda x: tg.maximum(x, 3.0), 3.0) == 0.5
    assert slope(lambda x: x**0, 0.0) == 0
    assert slope(lambda x: tg.pow(x, tg.Tensor(0.0)), 0.0) == 0
    assert slope(lambda p: tg.pow(tg.Tensor(0.0), p), 2.0) == 0


def test_rules_are_safe_at_infinity(backend: str) -> None:
    x = tg.Tensor([-np.inf, np.inf, 1.0], requires_grad=True)
    tg.relu(x).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [0, 1, 1])
    gradient = tg.gradients([tg.relu(x)], [x], [[np.inf, 1.0, 1.0]])[0]
    np.testing.assert_array_equal(gradient.numpy(), [0, 1, 1])


def test_extreme_values_do_not_overflow(backend: str) -> None:
    x = tg.Tensor([-1000.0, 0.0, 1000.0], requires_grad=True)
    np.testing.assert_array_equal(tg.sigmoid(x).numpy(), [0, 0.5, 1])
    assert float(tg.logsumexp(x)) == 1000
    row = tg.Tensor([-np.inf, 0.0], requires_grad=True)
    tg.logsumexp(row).backward()
    assert row.grad is not None
    np.testing.assert_array_equal(row.grad.numpy(), [0, 1])


def complex_gradient(function: Any, value: complex) -> complex:
    return complex(tg.grad(function)(np.asarray(value)))


def test_complex_gradients_follow_the_stated_convention(backend: str) -> None:
    """For real L the gradient is dL/dRe(z) - i dL/dIm(z)."""
    z = 1.5 - 0.5j
    assert complex_gradient(lambda t: t.real, z) == 1
    assert complex_gradient(lambda t: t.imag, z) == -1j
    np.testing.assert_allclose(complex_gradient(tg.abs, z), np.conj(z) / abs(z), rtol=1e-15)
    np.testing.assert_allclose(complex_gradient(lambda t: (t * t.conj()).real, z), 2 * np.conj(z))
    # A holomorphic function has its complex derivative, without conjugation.
    pulled = tg.vjp(lambda t: t * t, np.asarray(z))[1](np.asarray(1 + 0j))[0]
    np.testing.assert_allclose(complex(pulled), 2 * z)


def test_the_table_covers_the_shapes_that_break_things() -> None:
    for card in {case.name for case in CASES if case.inputs}:
        rows = [case for case in CASES if case.name == card]
        shapes = [array.shape for case in rows for array in case.inputs]
        if (
            primitives[card].kind.name in ("elementwise", "contraction", "indexing")
            and len(rows) > 3
        ):
            assert any(0 in shape for shape in shapes), f"{card}: no size-0 case"


def test_the_record_of_tested_operations_is_that_of_this_run(
    request: pytest.FixtureRequest,
) -> None:
    backends = backends_under_test(request.config)
    if ran != {(id(case), backend) for case in CASES for backend in backends}:
        pytest.skip("only part of the table ran, so there is nothing to compare the record with")
    if request.session.testsfailed:
        pytest.skip("tests failed in this run, so what it has shown is not worth writing down")
    committed = tested.committed() if TESTED.exists() else {}
    recording = request.config.getoption("--record")
    if not recording and not set(backends) <= {b for r in committed.values() for b in r["values"]}:
        pytest.skip(f"one of {backends} has no record yet; --record writes it down")
    found = tested.text(tested.merged(committed))
    if recording:
        TESTED.write_text(found, encoding="utf-8")
    assert TESTED.read_text(encoding="utf-8") == found, (
        "what 'python -m tensorgrok ops' prints is not what this run has shown; if the run is "
        "right, write it down: python -m pytest tests/test_operations.py --record"
    )
