"""The comparison of a program with finite differences, and of the ways to read its rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

import tensorgrok as tg
from tensorgrok.graph import Leaf, order
from tests.random_programs.program import Array, Program, evaluate

STEP = 1e-4
LARGEST = 1e6
EPSILON = float(np.finfo(float).eps)
Point = tuple[Array, Array]


class Disagreement(AssertionError):
    """A program whose value or derivatives are not what they should be.

    Attributes:
        kind: of what they are: "value", "gradient", "product", "reading" …
    """

    def __init__(self, kind: str, found: object, wanted: object) -> None:
        super().__init__(f"{kind}: found {found}, wanted {wanted}")
        self.kind = kind


@dataclass(frozen=True)
class Outcome:
    """What the check of a program came to.

    Attributes:
        status: "compared", or why not: "large" values, a "kink" nearby.
        value, gradient, product: what tensorgrok computed, derivatives flattened over all leaves.
        cards: how often each card took part.
    """

    status: str
    value: float
    gradient: Array
    product: Array
    cards: Counter[str] = field(default_factory=Counter)


def flat(arrays: Iterable[Array]) -> Array:
    """All elements of arrays, in one."""
    return np.concatenate([np.zeros(0), *(np.ravel(array) for array in arrays)])


def gradient_of(loss: tg.Tensor, leaves: list[tg.Tensor], recorded: bool) -> list[tg.Tensor]:
    """Gradients of one number, read with arrays or with tensors; zeros where it is constant."""
    if not loss.requires_grad:
        return [tg.zeros(leaf.shape, dtype=leaf.dtype) for leaf in leaves]
    return [*tg.gradients(loss, leaves, create_graph=recorded, retain_graph=True)]


def derivatives(program: Program) -> tuple[tg.Tensor, Array, Array]:
    """The number, its gradient and the product of its Hessian with the program's directions."""
    loss, leaves = evaluate(program, program.leaves)
    plain = flat(g.numpy() for g in gradient_of(loss, leaves, recorded=False))
    recorded = gradient_of(loss, leaves, recorded=True)
    again = flat(g.numpy() for g in recorded)
    close("reading", again, plain, 1e-12 * largest(plain) + EPSILON)
    slope = tg.zeros((), dtype=np.float64)
    for g, direction in zip(recorded, program.directions().values(), strict=True):
        slope = slope + (g * direction).sum()
    return loss, plain, flat(g.numpy() for g in gradient_of(slope, leaves, recorded=False))


def check(program: Program) -> Outcome:
    """Compare gradient and Hessian-vector product with finite differences of value and gradient.

    Near a kink differences over two lengths of step are not the same, and mean nothing.

    Raises:
        Disagreement: they differ by more than rounding and the length of the step explain.
    """
    loss, gradient, product = derivatives(program)
    value = np.asarray(loss.item())
    for kind, found in (("value", value), ("gradient", gradient), ("product", product)):
        if not np.all(np.isfinite(found)):
            raise Disagreement(kind, found, "finite numbers")

    def outcome(status: str) -> Outcome:
        return Outcome(status, float(value), gradient, product, cards_of(loss))

    if max(largest(value), largest(gradient)) > LARGEST:
        return outcome("large")
    points = {i: moved(program, i * STEP) for i in (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)}
    coarse, fine = differences(points, 1.0), differences(points, 0.5)

    # What the number and its derivatives are sums of; rounding is relative to that.
    direction = flat(program.directions().values())
    slopes = largest(np.abs(gradient) @ np.abs(direction))
    terms = 1 + largest(value) + sum(float(np.sum(w)) for w in program.weights.values())
    noise = 100 * EPSILON / STEP
    for kind, found, one, two, scale, floor in (
        ("gradient", gradient @ direction, coarse[0], fine[0], slopes, noise * terms),
        ("product", product, coarse[1], fine[1], 0.0, noise * (1 + largest(gradient))),
    ):
        scale = max(scale, largest(found), largest(two))
        if not largest(one - two) <= 1e-5 * scale + floor:
            return outcome("kink")
        close(kind, found, two, 1e-6 * scale + floor)
    return outcome("compared")


def differences(points: dict[float, Point], k: float) -> Point:
    """Derivatives of value and gradient by the central formula of four points, k steps apart."""
    (far, far_g), (near, near_g) = points[2 * k], points[k]
    (before, before_g), (far_before, far_before_g) = points[-k], points[-2 * k]
    length = 12 * k * STEP
    return (
        (8 * (near - before) - (far - far_before)) / length,
        (8 * (near_g - before_g) - (far_g - far_before_g)) / length,
    )


def moved(program: Program, by: float) -> Point:
    """Value and gradient some way along the directions."""
    directions = program.directions()
    arrays = {name: leaf + by * directions[name] for name, leaf in program.leaves.items()}
    loss, leaves = evaluate(program, arrays)
    return np.asarray(loss.item()), flat(
        g.numpy() for g in gradient_of(loss, leaves, recorded=False)
    )


def largest(found: Array) -> float:
    """The largest absolute value of an array, 0 of an empty one."""
    return float(np.max(np.abs(found), initial=0.0))


def close(kind: str, found: Array, wanted: Array, tolerance: float) -> None:
    """Raise unless two arrays agree to an absolute tolerance."""
    if not largest(found - wanted) <= tolerance:
        raise Disagreement(kind, found, wanted)


def cards_of(loss: tg.Tensor) -> Counter[str]:
    """How often each card is in the graph of a number."""
    if loss.node is None:
        return Counter()
    return Counter(n.primitive.name for n in order([loss.node]) if not isinstance(n, Leaf))


def agree(kind: str, mine: Outcome, value: float, gradient: Array, product: Array) -> None:
    """Compare an outcome with what somebody else computed, to a relative 1e-9 and 1e-7.

    Raises:
        Disagreement: they differ by more.
    """
    for what, found, wanted, tolerance in (
        ("value", np.asarray(mine.value), np.asarray(value), 1e-9),
        ("gradient", mine.gradient, gradient, 1e-7),
        ("product", mine.product, product, 1e-7),
    ):
        close(f"{what} {kind}", found, wanted, tolerance * largest(wanted) + 1e-9)
