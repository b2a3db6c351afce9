"""Arguments of random draws: what is taken, and what is refused before anything is drawn.

Values are checked where they are on the host already, in numbers, lists and NumPy arrays; those of
tensors are not read, for that would wait for a device. ``generator`` uses what is here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..context import DType, Mode, current_backend, get_default_dtype
from ..errors import ArgumentError, DTypeError, ShapeError, describe
from ..tensor import Tensor
from .arrangement import Shape, plain_dtype, plain_shape


def draw_lengths(name: str, shape: Shape) -> tuple[int, ...]:
    lengths = plain_shape(name, shape)
    if any(length < 0 for length in lengths):
        raise ArgumentError(f"{name}: random draws need lengths of at least 0, got shape {lengths}")
    return lengths


def draw_shape_and_dtype(
    name: str, shape: Shape, dtype: npt.DTypeLike | None
) -> tuple[tuple[int, ...], DType | None]:
    """Shape and dtype of draws; None for the default dtype."""
    wanted = None if dtype is None else plain_dtype(name, dtype)
    if wanted is not None and wanted.kind != "f":
        raise DTypeError(f"{name}: random draws need a floating-point dtype, got {wanted}")
    return draw_lengths(name, shape), wanted


def draw_place(*values: Any) -> Mode:
    """Draw on the backend of the first tensor among the values, or else on the current one."""
    homes = [value.backend for value in values if isinstance(value, Tensor)]
    return Mode(backend=homes[0] if homes else current_backend())


def drawn_dtype(wanted: DType | None, *values: Any) -> DType:
    """The dtype asked for, or that of the floats among the parameters, or the default one.

    Draws of fewer bits than the parameters have would be cast up, and fall on a coarse grid.
    """
    if wanted is not None:
        return wanted
    floats = [v.dtype for v in values if isinstance(v, Tensor) and v.dtype.kind == "f"]
    return np.result_type(*floats) if floats else get_default_dtype()


def distribution_parameter(
    name: str, argument: str, value: Any, lengths: tuple[int, ...], dtype: DType | None
) -> Any:
    """A number as it is; all else as a tensor that fits the draws, of the dtype asked for."""
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, int | float):
        return number
    try:
        tensor = number if isinstance(number, Tensor) else Tensor(number)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"{name}: {argument}: {error}") from error
    fits = len(tensor.shape) <= len(lengths) and all(
        mine in (1, theirs) for mine, theirs in zip(tensor.shape[::-1], lengths[::-1], strict=False)
    )
    if not fits:
        raise ShapeError(
            f"{name}: {describe(tensor, argument, value)} does not broadcast to {lengths}, the "
            "shape of the draws"
        )
    return tensor if dtype is None else tensor.astype(dtype)


def real_number(name: str, argument: str, value: Any) -> float:
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise DTypeError(f"{name}: {argument} must be a number, got {value!r}")
    return float(number)


def whole_number(name: str, argument: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise DTypeError(f"{name}: {argument} must be an integer, got {value!r}")
    return int(value)


def probability(p: Any) -> Any:
    """A number as it is, all else as a tensor; from 0 to 1, as far as that is seen on the host."""
    number = p.item() if isinstance(p, np.generic) else p
    if isinstance(number, int | float):
        if not 0 <= number <= 1:
            raise ArgumentError(f"bernoulli: p must be from 0 to 1, got {number}")
        return number
    try:
        tensor = p if isinstance(p, Tensor) else Tensor(p)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"bernoulli: p: {error}") from error
    if tensor.dtype.kind == "c":
        raise DTypeError(f"bernoulli: p must be real, got {tensor.dtype}")
    if isinstance(p, list | tuple | np.ndarray):
        values = np.asarray(p, dtype=np.float64)
        wrong = values[~((values >= 0) & (values <= 1))]
        if wrong.size:
            raise ArgumentError(f"bernoulli: p must be from 0 to 1, got {wrong[0]} among others")
    return tensor


def weights_for(p: Any, rows: int, needed: int) -> Tensor:
    """Weights for ``choice``, of which ``needed`` must be positive, as far as the host sees."""
    try:
        tensor = p if isinstance(p, Tensor) else Tensor(p)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"choice: p: {error}") from error
    if tensor.dtype.kind == "c":
        raise DTypeError(f"choice: p must be real, got {tensor.dtype}")
    if tensor.shape != (rows,):
        raise ShapeError(
            f"choice: {describe(tensor, 'p', p)} must have one weight for each of {rows}, so the "
            f"shape {(rows,)}"
        )
    if isinstance(p, list | tuple | np.ndarray):
        values = np.asarray(p, dtype=np.float64)
        wrong = values[~((values >= 0) & (values < math.inf))]
        if wrong.size:
            raise ArgumentError(f"choice: weights must be finite and at least 0, got {wrong[0]}")
        positive = np.count_nonzero(values)
        if positive < needed:
            raise ArgumentError(
                f"choice: {needed} of the weights must be more than 0, and {positive} are"
            )
    return tensor.astype(np.float64)


def rows_of(name: str, x: Any) -> tuple[int, Tensor | None]:
    """How many there are to order or choose from; with the tensor that they are rows of."""
    if isinstance(x, int | np.integer) and not isinstance(x, bool):
        if x < 0:
            raise ArgumentError(f"{name}: expected a length of at least 0, got {x}")
        return int(x), None
    if isinstance(x, np.generic) or not (hasattr(x, "shape") or isinstance(x, list | tuple)):
        raise DTypeError(f"{name}: expected an integer or a tensor, got {x!r}")
    try:
        tensor = x if isinstance(x, Tensor) else Tensor(x)
    except (DTypeError, ShapeError) as error:
        raise type(error)(f"{name}: {error}") from error
    if tensor.ndim == 0:
        raise ShapeError(f"{name}: {describe(tensor, None, x)} is 0-d and has no rows")
    return tensor.shape[0], tensor
