"""Speaking NumPy and Python: ``np.exp(t)``, ``array + t``, ``np.asarray(t)``, ``float(t)``.

NumPy's own names reach tensorgrok through these protocols alone. An operation that tensorgrok lacks
raises; nothing is silently taken out of the graph or off the device.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from . import numpy_functions as names
from .context import get_context
from .engine import operations
from .errors import DTypeError, ShapeError, describe
from .numpy_functions import parameters_of, translated

if TYPE_CHECKING:
    from .tensor import Tensor


class NumPyProtocol:
    """Mixin with NumPy's protocols; it holds no state."""

    __slots__ = ()

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        tensor = cast("Tensor", self)
        if tensor.requires_grad:
            raise DTypeError(
                f"numpy.asarray: {tensor._called()} requires gradients and a NumPy array cannot "
                "record; use .detach() first, or .numpy() for a copy of the values"
            )
        if tensor.backend.array_type is not np.ndarray:
            raise DTypeError(
                f"numpy.asarray: {tensor._called()} is on backend {tensor.backend.name!r}; "
                "use .numpy() to copy it to the host"
            )
        if copy is False:
            if dtype is not None and np.dtype(dtype) != tensor.dtype:
                raise ValueError(f"cannot cast {tensor.dtype} to {np.dtype(dtype)} without a copy")
            view = cast("npt.NDArray[Any]", tensor._data.view())
            view.flags.writeable = False
            return view
        return tensor._host().astype(dtype or tensor.dtype, copy=False)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = names.UFUNCS.get(ufunc.__name__, ufunc.__name__)
        out = kwargs.pop("out", None)
        known = name in names.OPERATORS
        known = known or (name in operations and ufunc.__name__ not in names.HOMONYMS)
        if method != "__call__" or not known or kwargs:
            how = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            extra = f" with {', '.join(kwargs)}" if kwargs else ""
            raise DTypeError(_no_such(how + extra))
        if name in names.OPERATORS:  # they commute, and NumPy's own operator would lead back here
            first, *rest = sorted(inputs, key=lambda operand: operand is not self)
            result = getattr(first, names.OPERATORS[name])(*rest)
        else:
            result = operations[name](*inputs)
        return result if out is None else _written(f"numpy.{ufunc.__name__}", result, out[0])

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        full = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
        if full in names.QUESTIONS and len(args) == 1 and not kwargs:
            return getattr(args[0], full)
        if full not in names.FUNCTIONS:
            raise DTypeError(_no_such(full))
        ours, positional, named = translated(full, function, args, kwargs)
        extra = [name for name in named if name not in parameters_of(operations[ours])]
        if extra:
            raise DTypeError(_no_such(f"{full} with {', '.join(extra)}"))
        return operations[ours](*positional, **named)


class PythonProtocol:
    """Mixin with the conversions to Python's numbers and sequences; it holds no state."""

    __slots__ = ()

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises:
            ShapeError: the tensor has more or fewer elements than one.
        """
        return _only_element(self, "item")

    def tolist(self) -> Any:
        """Return the values as nested lists of Python numbers."""
        return cast("Tensor", self)._host().tolist()

    def __bool__(self) -> bool:
        return bool(_only_element(self, "bool"))

    def __float__(self) -> float:
        return float(_real_element(self, "float"))

    def __int__(self) -> int:
        return int(_real_element(self, "int"))

    def __complex__(self) -> complex:
        return complex(_only_element(self, "complex"))

    def __index__(self) -> int:
        tensor = cast("Tensor", self)
        if tensor.dtype.kind not in "iu":
            raise DTypeError(
                f"index: {tensor._called()} has dtype {tensor.dtype}, not an integer one"
            )
        return int(_only_element(self, "index"))

    def __format__(self, spec: str) -> str:
        return format(_only_element(self, "format"), spec) if spec else str(self)

    def __len__(self) -> int:
        return _first_length(cast("Tensor", self), "len")

    def __iter__(self) -> Iterator[Tensor]:
        tensor = cast("Tensor", self)
        return (tensor[i] for i in range(_first_length(tensor, "iter")))


def _written(name: str, result: Tensor, target: Any) -> Any:
    """Write a result into the array that NumPy was handed as ``out``, by NumPy's rules."""
    if not isinstance(target, np.ndarray):
        raise DTypeError(
            f"{name}: out must be an array, not a {type(target).__name__}; tensors are values, so "
            "drop 'out' and use the result"
        )
    if result.requires_grad:
        raise DTypeError(
            f"{name}: a result that requires gradients cannot be written into an array; drop "
            "'out', write x = x + t in place of x += t, or use .detach()"
        )
    if get_context().tracer is not None:
        return result._data
    try:
        np.copyto(target, result._host(), casting="same_kind")
    except (TypeError, ValueError) as error:
        kind = DTypeError if isinstance(error, TypeError) else ShapeError
        raise kind(
            f"{name}: {describe(result, 'the result')} does not fit {describe(target, 'out')}"
        ) from error
    return target


def _only_element(tensor: Any, conversion: str) -> Any:
    if tensor.size != 1:
        raise ShapeError(
            f"{conversion}: {tensor._called()} has {tensor.size} elements (shape {tensor.shape}), "
            "and only one-element tensors convert; index it, reduce it, or use .numpy()"
        )
    return tensor._host().item()


def _real_element(tensor: Any, conversion: str) -> Any:
    if tensor.dtype.kind == "c":
        raise DTypeError(
            f"{conversion}: {tensor._called()} is complex and does not become a real number; take "
            ".real or .abs()"
        )
    return _only_element(tensor, conversion)


def _first_length(tensor: Tensor, use: str) -> int:
    if tensor.ndim == 0:
        raise DTypeError(f"{use}: {tensor._called()} is 0-d; it has no first axis")
    return tensor.shape[0]


def _no_such(name: str) -> str:
    return (
        f"numpy.{name}: tensorgrok has no such operation on tensors; compose it from the ones "
        "there are, or leave the graph with .detach().numpy()"
    )
