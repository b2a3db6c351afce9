"""Whole programs: values, gradients and Hessian-vector products against PyTorch and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tests.programs import PROGRAMS, Program
from tests.programs.base import Array

every_program = pytest.mark.parametrize("program", PROGRAMS, ids=str)


class Found:
    """Value, gradient of every parameter, and the product of the Hessian with a direction."""

    def __init__(self, value: Any, gradients: list[Array], products: list[Array]) -> None:
        self.value, self.gradients, self.products = float(value), gradients, products


def directions(program: Program) -> list[Array]:
    random = np.random.default_rng(0)
    return [random.uniform(0.5, 1.5, p.shape) for p in program.parameters]


def with_tensorgrok(program: Program) -> Found:
    parameters = [tg.Tensor(p, requires_grad=True) for p in program.parameters]
    value = program.ours(*parameters)
    slopes = tg.gradients(value, parameters, create_graph=True)
    along = [(g * d).sum() for g, d in zip(slopes, directions(program), strict=True)]
    products = tg.gradients(tg.stack(along).sum(), parameters)
    return Found(value.item(), [g.numpy() for g in slopes], [h.numpy() for h in products])


def with_torch(program: Program) -> Found:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
    parameters = [torch.tensor(p, requires_grad=True) for p in program.parameters]
    value = program.theirs(torch, *parameters)
    slopes = torch.autograd.grad(value, parameters, create_graph=True)
    along = sum(
        (g * torch.from_numpy(d)).sum() for g, d in zip(slopes, directions(program), strict=True)
    )
    products = torch.autograd.grad(along, parameters)
    return Found(value.item(), [g.detach().numpy() for g in slopes], [h.numpy() for h in products])


def assert_agree(found: Found, expected: Found, tolerance: float) -> None:
    """Compare each number with the size of the array it stands in."""
    np.testing.assert_allclose(found.value, expected.value, rtol=tolerance)
    for ours, theirs in (
        *zip(found.gradients, expected.gradients, strict=True),
        *zip(found.products, expected.products, strict=True),
    ):
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale)


def test_there_are_thirty_programs_of_different_names() -> None:
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS) >= 30


@every_program
def test_a_program_agrees_with_pytorch(program: Program) -> None:
    assert_agree(with_tensorgrok(program), with_torch(program), 1e-9)


@every_program
def test_a_program_has_derivatives_to_speak_of(program: Program) -> None:
    """Agreement of zeros, or of numbers that are not finite, would show nothing."""
    found = with_tensorgrok(program)
    assert np.isfinite(found.value)
    assert found.value != 0
    for arrays in (found.gradients, found.products):
        for array in arrays:
            assert np.isfinite(array).all()
            assert np.abs(array).max() > 1e-6 * max(1, abs(found.value))


@every_program
def test_derivatives_of_a_program_agree_with_finite_differences(program: Program) -> None:
    assert tg.gradcheck(program.ours, program.parameters, order=2)


@every_program
def test_a_program_runs_on_a_device_as_on_the_host(program: Program) -> None:
    expected = with_tensorgrok(program)
    with tg.use_backend("strict"):
        assert_agree(with_tensorgrok(program), expected, 1e-10)


@every_program
def test_gradients_of_a_program_have_the_dtype_of_its_parameters(program: Program) -> None:
    double = with_tensorgrok(program)
    parameters = [tg.Tensor(p, dtype=np.float32, requires_grad=True) for p in program.parameters]
    value = program.ours(*parameters)
    assert np.isclose(value.item(), double.value, rtol=1e-3, atol=1e-4)
    for gradient, exact in zip(tg.gradients(value, parameters), double.gradients, strict=True):
        assert gradient.dtype == np.float32
        assert gradient.shape == exact.shape
