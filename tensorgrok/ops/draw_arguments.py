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
from .arguments import Shape, as_tensor, is_integer, plain_dtype, plain_lengths
from .arithmetic import largest


def draw_shape_and_dtype(
    name: str, shape: Shape, dtype: npt.DTypeLike | None
) -> tuple[tuple[int, ...], DType | None]:
    """Shape and dtype of draws; None for the default dtype."""
    wanted = None if dtype is None else plain_dtype(name, dtype)
    if wanted is not None and wanted.kind != "f":
        raise DTypeError(f"{name}: random draws need a floating-point dtype, got {wanted}")
    return plain_lengths(name, shape), wanted


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


def _number_or_tensor(name: str, argument: str, value: Any, dtype: DType | None) -> float | Tensor:
    """A real number as Python's, all else as a tensor; lists get a dtype if one is given."""
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, int | float):
        return number
    tensor = as_tensor(name, number, argument)
    # Rounded to the default dtype first, a number in a list would not be that number.
    exact = dtype is not None and isinstance(number, list | tuple) and tensor.dtype.kind == "f"
    return Tensor(number, dtype=dtype) if exact else tensor


def distribution_parameter(
    name: str, argument: str, value: Any, lengths: tuple[int, ...], dtype: DType | None
) -> Any:
    """A number as it is; all else as a tensor that fits the draws, of the dtype asked for."""
    tensor = _number_or_tensor(name, argument, value, dtype)
    if not isinstance(tensor, Tensor):
        return tensor
    if tensor.dtype.kind == "c":
        raise DTypeError(f"{name}: {argument} must be real, got {tensor.dtype}")
    fits = len(tensor.shape) <= len(lengths) and all(
        mine in (1, theirs) for mine, theirs in zip(tensor.shape[::-1], lengths[::-1], strict=False)
    )
    if not fits:
        raise ShapeError(
            f"{name}: {describe(tensor, argument, value)} does not broadcast to {lengths}, the "
            "shape of the draws"
        )
    return tensor if dtype is None else tensor.astype(dtype)


def check_bound(name: str, argument: str, bound: Any, dtype: DType) -> None:
    """Refuse a number that is not finite among draws of a dtype."""
    if isinstance(bound, int | float) and not abs(bound) <= largest(dtype):
        raise ArgumentError(f"{name}: {argument} must be finite in {dtype}, got {bound}")


def location_and_scale(
    name: str, mean: Any, std: Any, lengths: tuple[int, ...], dtype: DType | None
) -> tuple[Any, Any]:
    """The parameters of normal distributions."""
    mean = distribution_parameter(name, "mean", mean, lengths, dtype)
    std = distribution_parameter(name, "std", std, lengths, dtype)
    drawn = drawn_dtype(dtype, mean, std)
    check_bound(name, "mean", mean, drawn)
    check_bound(name, "std", std, drawn)
    if isinstance(std, int | float) and std < 0:
        raise ArgumentError(f"{name}: std must be at least 0, got {std}")
    return mean, std


def probability(p: Any) -> Any:
    """A number as it is, all else as a tensor; from 0 to 1, as far as that is seen on the host."""
    tensor = _number_or_tensor("bernoulli", "p", p, np.dtype(np.float64))
    if not isinstance(tensor, Tensor):
        if not 0 <= tensor <= 1:
            raise ArgumentError(f"bernoulli: p must be from 0 to 1, got {tensor}")
        return tensor
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
    with np.errstate(over="ignore"):  # in the default dtype; a list is read again below
        tensor = as_tensor("choice", p, "p")
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
    if isinstance(p, list | tuple):  # which the default dtype may have rounded to 0
        return Tensor(p, dtype=np.float64)
    return tensor.astype(np.float64)


def rows_of(name: str, argument: str, x: Any) -> tuple[int, Tensor | None]:
    """How many there are to order or choose from; with the tensor that they are rows of."""
    if is_integer(x):
        if x < 0:
            raise ArgumentError(f"{name}: expected a length of at least 0, got {x}")
        return int(x), None
    if isinstance(x, np.generic) or not (hasattr(x, "shape") or isinstance(x, list | tuple)):
        raise DTypeError(f"{name}: expected an integer or a tensor, got {x!r}")
    tensor = as_tensor(name, x, argument)
    if tensor.ndim == 0:
        raise ShapeError(f"{name}: {describe(tensor, None, x)} is 0-d and has no rows")
    return tensor.shape[0], tensor
