"""Checking derivative rules against finite differences.

The numerical derivative is the four-point central difference, whose error falls with the fourth
power of the step; source: Abramowitz and Stegun, Handbook of Mathematical Functions, 25.3.6.

This module stands on ``transforms``; nothing stands on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .context import enable_grad, no_grad
from .errors import ArgumentError, DTypeError, GradcheckFailed
from .tensor import Tensor
from .transforms import gradients

WHOLE_JACOBIAN = 16
STEP = 1e-3

Vector = npt.NDArray[Any]


def gradcheck(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    order: int = 2,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    directions: int = 4,
    seed: int = 0,
) -> bool:
    """Check the derivatives of a function against finite differences; raise if they disagree.

    Up to 16 numbers in and 16 out the whole Jacobian is compared, beyond that its products with
    random vectors on both sides. Each rule is read twice, with arrays and with tensors, and both
    readings must agree.

    Args:
        function: takes as many tensors as there are inputs; returns a tensor or a tuple of them.
        inputs: float64 or complex128 tensors or arrays, away from kinks by more than 0.002 times
            their size. Integers and booleans are passed on and not differentiated.
        order: 1, or 2 to check the derivatives of the gradient as well.
        rtol, atol: how far a derivative may be from the numerical one.
        directions: number of random directions for large inputs, at least 4.
        seed: of the random directions.

    Returns:
        True, so that a test can assert it.

    Raises:
        GradcheckFailed: they disagree; says where, and both numbers.
        DTypeError: inputs of less than double precision, or none to differentiate.

    >>> import numpy as np
    >>> tg.gradcheck(lambda x: tg.tanh(x).sum(), [np.array([0.5, -1.0])])
    True
    """
    if order not in (1, 2):
        raise ArgumentError(f"gradcheck: order must be 1 or 2, got {order!r}")
    if directions < 4:
        raise ArgumentError(f"gradcheck: at least 4 directions are needed, got {directions}")
    if not isinstance(inputs, list | tuple):
        raise DTypeError(
            f"gradcheck: inputs must be a list or tuple of them, not a {type(inputs).__name__}"
        )
    points = [Tensor(x.detach() if isinstance(x, Tensor) else x) for x in inputs]
    places = [i for i, point in enumerate(points) if point.dtype.kind in "fc"]
    for i in places:
        if points[i].dtype not in (np.float64, np.complex128):
            raise DTypeError(
                f"gradcheck: input {i} is {points[i].dtype}; finite differences need float64 or "
                "complex128"
            )
    if not places:
        raise DTypeError("gradcheck: none of the inputs is a float, so there is nothing to check")
    random = np.random.default_rng(seed)
    check = _Check(rtol, atol, directions, random)
    check.first_order(function, points, places, "gradient")
    if order == 2:
        starts = _recorded(points, places)
        outputs = _outputs(function, starts)
        cotangents = [
            Tensor(_random(random, out.shape, out.dtype), backend=out.backend) for out in outputs
        ]

        def gradient(*args: Tensor) -> tuple[Tensor, ...]:
            given, weights = list(args[: len(points)]), args[len(points) :]
            for i in places:  # while values are probed nothing asks for gradients but this
                if not given[i].requires_grad:
                    given[i] = _recorded([given[i]], [0])[0]
            outs = _outputs(function, given)
            pairs = [(o, w) for o, w in zip(outs, weights, strict=True) if o.requires_grad]
            wanted = [given[i] for i in places]
            if not pairs:
                return tuple(x * 0 for x in wanted)
            ends, seeds = zip(*pairs, strict=True)
            return tuple(gradients(ends, wanted, seeds, create_graph=True))

        everything = [*points, *cotangents]
        wide = [*places, *range(len(points), len(everything))]
        check.first_order(gradient, everything, wide, "second derivative")
    return True


def _recorded(points: Sequence[Tensor], places: Sequence[int]) -> list[Tensor]:
    starts = [point.detach() for point in points]
    for i in places:
        starts[i].requires_grad = True
    return starts


def _outputs(function: Callable[..., Any], args: Sequence[Tensor]) -> list[Tensor]:
    with enable_grad():
        output = function(*args)
    outputs = list(output) if isinstance(output, tuple | list) else [output]
    for out in outputs:
        if not isinstance(out, Tensor):
            raise DTypeError(f"gradcheck: the function returned a {type(out).__name__}, no Tensor")
    return [out for out in outputs if out.dtype.kind in "fc"]


def _random(random: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Vector:
    draw = random.uniform(0.5, 1.5, shape) * random.choice([-1.0, 1.0], shape)
    if np.dtype(dtype).kind == "c":
        return np.asarray(draw + 1j * random.uniform(0.5, 1.5, shape), dtype=dtype)
    return np.asarray(draw, dtype=dtype)


def _pack(arrays: Sequence[Vector]) -> Vector:
    """Arrays as one real vector; a complex number is two of its elements."""
    flat = [np.ascontiguousarray(a).reshape(-1) for a in arrays]
    parts = [a.view(a.real.dtype) if a.dtype.kind == "c" else a for a in flat]
    return np.concatenate(parts) if parts else np.zeros(0)


def _unpack(vector: Vector, likes: Sequence[Tensor]) -> list[Vector]:
    """The inverse of ``_pack``, for arrays of the shapes and dtypes of ``likes``."""
    arrays, start = [], 0
    for like in likes:
        width = 2 if like.dtype.kind == "c" else 1
        part = np.ascontiguousarray(vector[start : start + like.size * width])
        arrays.append(part.view(like.dtype).reshape(like.shape))
        start += like.size * width
    return arrays


class _Check:
    """One run of ``gradcheck``: tolerances and random numbers."""

    def __init__(
        self, rtol: float, atol: float, directions: int, random: np.random.Generator
    ) -> None:
        self.rtol = rtol
        self.atol = atol
        self.directions = directions
        self.random = random

    def first_order(
        self,
        function: Callable[..., Any],
        points: list[Tensor],
        places: list[int],
        what: str,
    ) -> None:
        """Compare the gradient of ``function`` with finite differences of its values."""
        starts = _recorded(points, places)
        outputs = _outputs(function, starts)
        wanted = [starts[i] for i in places]
        base = _pack([start.numpy() for start in wanted])
        size_out = _pack([out.numpy() for out in outputs]).size

        def value(vector: Vector) -> Vector:
            moved = list(points)
            for i, array in zip(places, _unpack(vector, wanted), strict=True):
                moved[i] = Tensor(array, backend=starts[i].backend)
            with no_grad():
                out = function(*moved)
            outs = list(out) if isinstance(out, tuple | list) else [out]
            return _pack([o.numpy() for o in outs if o.dtype.kind in "fc"])

        def slope(direction: Vector) -> Vector:
            near = value(base + STEP * direction) - value(base - STEP * direction)
            far = value(base + 2 * STEP * direction) - value(base - 2 * STEP * direction)
            return np.asarray((8 * near - far) / (12 * STEP))

        def analytic(weights: Vector) -> Vector:
            return self._analytic(outputs, wanted, weights, what)

        if base.size <= WHOLE_JACOBIAN and size_out <= WHOLE_JACOBIAN:
            # Cotangents of -2, so that a rule that is not linear in them does not pass for right.
            axes, rows = np.eye(base.size), -2 * np.eye(size_out)
            numeric = np.array([slope(axis) for axis in axes]).reshape(base.size, size_out).T
            found = np.array([analytic(row) for row in rows]).reshape(size_out, base.size) / -2
            self._compare(found, numeric, what, "entry (output, input)")
            return
        for turn in range(self.directions):
            direction = _random(self.random, base.shape, base.dtype)
            weights = _random(self.random, (size_out,), base.dtype)
            self._compare(
                np.array([analytic(weights) @ direction]),
                np.array([weights @ slope(direction)]),
                what,
                f"random direction {turn}, place",
            )

    def _analytic(
        self, outputs: list[Tensor], wanted: list[Tensor], weights: Vector, what: str
    ) -> Vector:
        # L = Re(sum(w * y)) for complex y, so w enters with the opposite imaginary part; and
        # dL = Re(g * dz), so does g on its way back into pairs of real numbers.
        seeds = [np.conj(w) for w in _unpack(weights, outputs)]
        pairs = [
            (o, Tensor(s, backend=o.backend))
            for o, s in zip(outputs, seeds, strict=True)
            if o.requires_grad
        ]
        if not pairs:
            return np.zeros(_pack([w.numpy() for w in wanted]).size)
        ends, given = zip(*pairs, strict=True)
        plain = gradients(ends, wanted, given, retain_graph=True)
        recorded = gradients(ends, wanted, given, create_graph=True)
        one = _pack([np.conj(g.numpy()) for g in plain])
        two = _pack([np.conj(g.numpy()) for g in recorded])
        self._compare(one, two, f"{what}, read with arrays and with tensors:", "entry", 1e-12)
        return one

    def _compare(
        self, found: Vector, expected: Vector, what: str, place: str, tight: float | None = None
    ) -> None:
        rtol, atol = (self.rtol, self.atol) if tight is None else (tight, tight)
        scale = np.abs(expected).max(initial=1.0)
        wrong = ~(np.abs(found - expected) <= atol * scale + rtol * np.abs(expected))
        if wrong.any():
            where = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise GradcheckFailed(
                f"gradcheck: the {what} is wrong at {place} {where}: the rule gives "
                f"{found[where]:.9g}, finite differences give {expected[where]:.9g} "
                f"({int(wrong.sum())} of {wrong.size} differ)"
                if tight is None
                else f"gradcheck: {what} {found[where]:.17g} and {expected[where]:.17g} at "
                f"{place} {where} ({int(wrong.sum())} of {wrong.size} differ)"
            )
