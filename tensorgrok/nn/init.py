"""Initial values of parameters, drawn so that signals keep their scale from layer to layer.

Each function returns a fresh tensor that requires gradients: a parameter. It draws from the
generator given, or from the default one, so the same seed gives the same numbers everywhere. Biases
need no function, they start at zeros.

A weight has the shape (inputs, outputs), as in ``Linear``. Axes before those two are the places of
a kernel, (..., inputs, outputs): each output then sums over all places and inputs, so their product
is the fan-in, and places times outputs are the fan-out.

Layers take such a function as ``init``: anything that can be called with a shape and the keywords
``dtype`` and ``generator``. Settings are bound with ``functools.partial``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..context import DType, Mode, no_grad
from ..errors import ArgumentError, DTypeError, ShapeError
from ..ops.arguments import Shape, dtype_or_default, plain_lengths, plain_number, plain_shape
from ..ops.random import Generator, chosen_generator, default_generator
from ..registry import get_backend
from ..tensor import Tensor

__all__ = [
    "Initialiser",
    "fans",
    "gain",
    "he_normal",
    "he_uniform",
    "normal",
    "orthogonal",
    "xavier_normal",
    "xavier_uniform",
]

Initialiser = Callable[..., Tensor]


def fans(shape: Shape) -> tuple[int, int]:
    """How many numbers an output sums over, and how many outputs a number goes into.

    >>> nn.init.fans((64, 10))
    (64, 10)
    >>> nn.init.fans((3, 3, 16, 32))
    (144, 288)
    """
    return _fans("fans", plain_shape("fans", shape))


def _fans(name: str, lengths: tuple[int, ...]) -> tuple[int, int]:
    if len(lengths) < 2:
        raise ShapeError(
            f"{name}: needs a shape (..., inputs, outputs), got {lengths}; a bias starts at zeros"
        )
    *places, inputs, outputs = lengths
    return math.prod(places) * inputs, math.prod(places) * outputs


def gain(activation: Callable[[Any], Any]) -> float:
    """The factor for weights that makes up for what an activation takes off the scale.

    It is ``1 / sqrt(mean of activation(z) ** 2)`` for z of the normal distribution, so that after
    the activation the mean square is 1 again: the argument of He et al. (see ``he_uniform``) for
    any function of each element. Rounded: 1.414 for ``relu`` and ``leaky_relu``, 1.593 for
    ``tanh``, 1.846 for ``sigmoid``, 1.534 for ``gelu``, 1.677 for ``silu``, 1.245 for ``elu``,
    1.487 for ``mish``, and 1 for the identity.

    Raises:
        DTypeError: the activation is no function.
        ShapeError: it changes the shape.
        ArgumentError: its mean square is 0 or not finite.

    >>> round(nn.init.gain(tg.relu), 3)
    1.414
    """
    z = np.linspace(-10.0, 10.0, 4001)
    density = np.exp(-z * z / 2)
    if not callable(activation):
        raise DTypeError(f"gain: give a function such as tg.relu, not {activation!r}")
    with Mode(backend=get_backend("numpy")), no_grad():
        values = activation(Tensor(z))
    if not isinstance(values, Tensor) or values.shape != z.shape:
        raise ShapeError(
            "gain: the activation must map a tensor to one of the same shape, but gave "
            f"{getattr(values, 'shape', type(values).__name__)} for {z.shape}"
        )
    square = float(np.sum(values.numpy() ** 2 * density) / np.sum(density))
    if not 0 < square < math.inf:
        raise ArgumentError(f"gain: the mean square of the activation is {square}")
    return 1 / math.sqrt(square)


def xavier_uniform(
    shape: Shape,
    gain: float = 1.0,
    *,
    dtype: npt.DTypeLike | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Uniform draws with standard deviation ``gain * sqrt(2 / (fan_in + fan_out))``.

    A compromise between keeping the scale of signals forward and that of gradients backward, for
    activations that are near the identity around 0. Source: Glorot and Bengio, "Understanding the
    difficulty of training deep feedforward neural networks", AISTATS 2010.

    Args:
        shape: (..., inputs, outputs).
        gain: a positive factor.
        dtype: a floating-point one; the default dtype if None.
        generator: where numbers are drawn from; the default generator if None.

    Raises:
        ShapeError: less than two axes.
        ArgumentError: a gain that is not positive, a negative length.
        DTypeError: a dtype that is not floating-point; arguments of another type.

    >>> _ = tg.seed(0)
    >>> weight = nn.init.xavier_uniform((64, 10))
    >>> weight.shape, weight.requires_grad
    ((64, 10), True)
    """
    lengths, chosen, draw = _checked("xavier_uniform", shape, dtype, generator)
    fan_in, fan_out = _fans("xavier_uniform", lengths)
    factor = _positive("xavier_uniform", gain)
    return _uniform(draw, lengths, factor * math.sqrt(6 / max(1, fan_in + fan_out)), chosen)


def xavier_normal(
    shape: Shape,
    gain: float = 1.0,
    *,
    dtype: npt.DTypeLike | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Normal draws with standard deviation ``gain * sqrt(2 / (fan_in + fan_out))``.

    Source, arguments and errors as for ``xavier_uniform``.

    >>> _ = tg.seed(0)
    >>> nn.init.xavier_normal((64, 10)).shape
    (64, 10)
    """
    lengths, chosen, draw = _checked("xavier_normal", shape, dtype, generator)
    fan_in, fan_out = _fans("xavier_normal", lengths)
    factor = _positive("xavier_normal", gain)
    return _normal(draw, lengths, factor * math.sqrt(2 / max(1, fan_in + fan_out)), chosen)


def he_uniform(
    shape: Shape,
    gain: float | None = None,
    *,
    dtype: npt.DTypeLike | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Uniform draws with standard deviation ``gain / sqrt(fan_in)``, where ``Linear`` begins.

    Keeps the scale of signals forward through layers with activations. Source: He et al., "Delving
    deep into rectifiers", ICCV 2015.

    Args:
        shape: (..., inputs, outputs).
        gain: a positive factor, that of the activation (see ``gain``); the square root of 2, that
            of ``relu``, if None.
        dtype, generator: as for ``xavier_uniform``, and so are errors.

    >>> _ = tg.seed(0)
    >>> nn.init.he_uniform((64, 10), nn.init.gain(tg.gelu)).shape
    (64, 10)
    """
    lengths, chosen, draw = _checked("he_uniform", shape, dtype, generator)
    fan_in, _ = _fans("he_uniform", lengths)
    return _uniform(draw, lengths, _he_scale("he_uniform", gain, 3 / max(1, fan_in)), chosen)


def he_normal(
    shape: Shape,
    gain: float | None = None,
    *,
    dtype: npt.DTypeLike | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Normal draws with standard deviation ``gain / sqrt(fan_in)``.

    Source, arguments and errors as for ``he_uniform``.

    >>> _ = tg.seed(0)
    >>> nn.init.he_normal((64, 10)).shape
    (64, 10)
    """
    lengths, chosen, draw = _checked("he_normal", shape, dtype, generator)
    fan_in, _ = _fans("he_normal", lengths)
    return _normal(draw, lengths, _he_scale("he_normal", gain, 1 / max(1, fan_in)), chosen)


def _he_scale(name: str, gain: float | None, square: float) -> float:
    """The gain, or that of ``relu``, times a square root."""
    return math.sqrt(2 * square) if gain is None else _positive(name, gain) * math.sqrt(square)


def orthogonal(
    shape: Shape,
    gain: float = 1.0,
    *,
    dtype: npt.DTypeLike | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """A matrix with orthonormal columns, or rows if those are fewer, times ``gain``.

    All axes but the last are taken as one, (inputs, outputs). Every such matrix is equally likely
    (the Haar measure): it is Q of the QR decomposition of normal draws, with the signs that make
    the diagonal of R positive. Source: Saxe et al., "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", ICLR 2014; for the signs Mezzadri, "How to generate
    random matrices from the classical compact groups", Notices of the AMS 54, 2007.

    It is computed on the host and in float64. Arguments and errors as for ``xavier_uniform``.

    >>> _ = tg.seed(0)
    >>> weight = nn.init.orthogonal((5, 3))
    >>> bool(((weight.T @ weight).numpy().round(5) == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]).all())
    True
    """
    lengths, chosen, draw = _checked("orthogonal", shape, dtype, generator)
    _fans("orthogonal", lengths)
    factor = _positive("orthogonal", gain)
    inputs, outputs = math.prod(lengths[:-1]), lengths[-1]
    with Mode(backend=get_backend("numpy")):
        normals = draw.normal((max(inputs, outputs), min(inputs, outputs)), dtype=np.float64)
    q, r = np.linalg.qr(normals.numpy())
    q = q * np.where(np.diagonal(r) < 0, -factor, factor)
    matrix = q if inputs >= outputs else q.T
    return Tensor(matrix.reshape(lengths).astype(chosen), requires_grad=True)


def normal(
    shape: Shape,
    std: float = 1.0,
    *,
    dtype: npt.DTypeLike | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Normal draws with a given standard deviation, whatever the shape; ``Embedding`` uses it.

    Arguments and errors as for ``xavier_uniform``, but for the shape, which may be any.

    >>> _ = tg.seed(0)
    >>> nn.init.normal((100, 8), 0.02).shape
    (100, 8)
    """
    lengths, chosen, draw = _checked("normal", shape, dtype, generator)
    return _normal(draw, lengths, _positive("normal", std, "std"), chosen)


def parameter(
    name: str,
    init: Initialiser,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike | None,
    generator: Generator | None,
) -> Tensor:
    """The parameter that a layer called ``name`` begins with: what ``init`` returns, checked.

    It is a leaf of its own, whatever ``init`` computed it from and whoever else holds that.
    """
    chosen = parameter_dtype(name, dtype)
    generator = chosen_generator(name, generator)
    if not callable(init):
        raise DTypeError(
            f"{name}: init must be a function such as nn.init.he_uniform, not {init!r}"
        )
    drawn: Any = init(shape, dtype=chosen, generator=generator)
    if not isinstance(drawn, Tensor) or drawn.shape != shape or drawn.dtype != chosen:
        is_tensor = isinstance(drawn, Tensor)
        seen = f"{drawn.dtype}, shape {drawn.shape}" if is_tensor else type(drawn).__name__
        error = ShapeError if is_tensor and drawn.dtype == chosen else DTypeError
        raise error(f"{name}: init must return a Tensor ({chosen}, shape {shape}), not ({seen})")
    return Tensor(drawn, requires_grad=True, name=drawn.name)


def parameter_dtype(name: str, dtype: npt.DTypeLike | None) -> DType:
    """The dtype of parameters, a real floating-point one; the default dtype for None."""
    chosen = dtype_or_default(name, dtype)
    if chosen.kind != "f":
        raise DTypeError(f"{name}: parameters need a floating-point dtype, got {chosen}")
    return chosen


def _checked(
    name: str, shape: Shape, dtype: npt.DTypeLike | None, generator: Generator | None
) -> tuple[tuple[int, ...], DType, Generator]:
    lengths = plain_lengths(name, shape)
    draw = chosen_generator(name, generator) or default_generator()
    return lengths, parameter_dtype(name, dtype), draw


def _positive(name: str, value: Any, argument: str = "gain") -> float:
    number = plain_number(name, argument, value)
    if number <= 0:
        raise ArgumentError(f"{name}: {argument} must be positive, got {value!r}")
    return number


def _uniform(draw: Generator, lengths: tuple[int, ...], bound: float, dtype: DType) -> Tensor:
    drawn = draw.uniform(lengths, low=-bound, high=bound, dtype=dtype)
    drawn.requires_grad = True
    return drawn


def _normal(draw: Generator, lengths: tuple[int, ...], std: float, dtype: DType) -> Tensor:
    drawn = draw.normal(lengths, std=std, dtype=dtype)
    drawn.requires_grad = True
    return drawn
