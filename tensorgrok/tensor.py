"""Tensor: the handle that users hold. Its operators and methods apply cards; its graph is history.

Every operation returns a value: a slice is a value too, ``x += y`` is ``x = x + y``, and
``x[i] = v`` gives the handle ``x`` a new value, differentiably. What was recorded before is never
touched, so no gradient can be spoilt by what happens to a handle later.

Methods that change a tensor are in ``tensor_state``, those that merely call an operation of the
same name in ``tensor_methods``, conversions in ``interop``. Read ``ops`` next.
"""

from __future__ import annotations

import math
from typing import Any, Union, cast

import numpy as np
import numpy.typing as npt

from . import moving
from .arrays import as_array
from .backend import Array, Backend, Key, Space
from .context import current_backend, get_context
from .engine import handle_class, make_tensor, operations, unary
from .errors import DTypeError, GraphError, caller_name
from .graph import Leaf, Node, Output
from .interop import NumPyProtocol, PythonProtocol
from .operators import binary, reflected, truth
from .registry import choose_backend
from .tensor_methods import Methods
from .tensor_state import State, fitted, follow, rebind

TensorLike = Union["Tensor", npt.NDArray[Any], complex, list[Any]]


@handle_class
class Tensor(Methods, State, NumPyProtocol, PythonProtocol):
    """An n-dimensional array that records the operations on it where gradients are wanted.

    Args:
        data: numbers in nested lists, a NumPy array, an array of the backend, or a tensor.
        dtype: NumPy dtype. By default arrays keep theirs and Python floats get the default dtype.
        requires_grad: record operations on this tensor, so that ``backward`` can fill ``.grad``.
        backend: the backend to live on, its name or ``"auto"``; the current one by default.
        copy: False shares the memory of an array of the backend instead of copying it; writing
            into that memory later then changes the tensor, and what it took part in.
        name: shown in errors.

    Attributes:
        node: history of this value, or None where there is none.
        name: as given.

    Raises:
        DTypeError: data that is no number or array of numbers; integers with ``requires_grad``.
        ShapeError: nested lists of unequal lengths.

    >>> w = tg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    Tensor([[2., 4.],
            [6., 8.]], shape=(2, 2), dtype=float32)
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_needs", "_space", "name", "node")

    _data: Array
    _space: Space
    _grad: Tensor | None
    _needs: bool
    node: Node | Output | None
    name: str | None

    def __init__(
        self,
        data: TensorLike | Any,
        *,
        dtype: npt.DTypeLike | None = None,
        requires_grad: bool = False,
        backend: str | Backend | None = None,
        copy: bool = True,
        name: str | None = None,
    ) -> None:
        if backend is None:
            backend = data.backend if isinstance(data, Tensor) else current_backend()
        elif not isinstance(backend, Backend):
            backend = choose_backend(backend)
        self._data = as_array(data, dtype, backend, copy)
        self._space = backend.space(self._data.dtype)
        self._grad = None
        self.node = None
        self._needs = False
        self.name = name
        if requires_grad is not False:
            self.requires_grad = requires_grad

    # What it is ------------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The live array. Assigning rebinds it, so what was recorded before stays true.

        Writing into the array itself, as ``t.data[0] = 1`` and ``t.data -= 1`` do, is the one way
        around value semantics: what was recorded with it, and what ``detach`` shares it with, then
        read what was written. After ``backward`` it does no harm; ``assign`` never does.
        """
        if get_context().tracer is not None:
            raise GraphError(
                f"data: {self._called()} has no array inside a traced step; use tensor operations, "
                "and assign under no_grad to change a parameter"
            )
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        if not self.is_leaf:
            raise GraphError(
                f"data: {self._called()} is the result of a recorded operation; assign to the data "
                "of a leaf, or take .detach() of it first"
            )
        rebind(self, fitted(self, value, "data"))

    @property
    def grad(self) -> Tensor | None:
        """The gradient that ``backward`` accumulated, or None. Assign None or a tensor to it.

        Only leaves have one, and results that were asked to by ``retain_grad``. Of complex tensors
        it is dL/dRe - i dL/dIm.
        """
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            data = self.backend.own(fitted(self, value, "grad"), shared=True)
            value = make_tensor(data, self.backend)
        self._grad = value

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded. Can be set on leaves."""
        return self._needs

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not isinstance(wanted, bool | np.bool_):
            raise DTypeError(f"requires_grad: expected True or False, got {wanted!r}")
        if wanted == self.requires_grad:
            return
        if not self.is_leaf:
            raise GraphError(
                f"requires_grad: {self._called()} is the result of a recorded operation and always "
                "requires gradients; take .detach() of it"
            )
        if wanted and self.dtype.kind not in "fc":
            raise DTypeError(
                f"requires_grad: {self._called()} has dtype {self.dtype}, and only floating-point "
                "and complex tensors can require gradients; cast it with .astype(float)"
            )
        Leaf(self, bool(wanted))

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        return self.node is None or self.node.__class__ is Leaf

    @property
    def backend(self) -> Backend:
        """The backend that the data lives on."""
        return self._space.backend

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        lengths: tuple[int, ...] = self._data.shape
        return lengths

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of the elements."""
        return self._space.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._data.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self._data.shape)

    def __repr__(self) -> str:
        if get_context().tracer is not None:
            return f"Tensor(<traced>, shape={self.shape}, dtype={self.dtype})"
        body = np.array2string(
            self._host(), separator=", ", prefix="Tensor(", threshold=200, edgeitems=3
        )
        parts = [body, f"shape={self.shape}", f"dtype={self.dtype}"]
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        if self.backend.name != "numpy":
            parts.append(f"backend={self.backend.name!r}")
        if self.requires_grad:
            parts.append("requires_grad=True")
        return f"Tensor({', '.join(parts[1:] if self.size == 0 else parts)})"

    def _called(self) -> str:
        given = self.name or caller_name(self)
        return f"'{given}'" if given else f"this tensor ({self.dtype}, shape {self.shape})"

    # To the host -----------------------------------------------------------------------------

    def _host(self) -> npt.NDArray[Any]:
        if get_context().tracer is not None:
            raise GraphError(
                "a traced value has no number to read yet: inside a traced step use tensor "
                "operations (where, maximum …) in place of Python's if, float() and numpy()"
            )
        return self.backend.to_numpy(self._data)

    def numpy(self) -> npt.NDArray[Any]:
        """Copy the values to a NumPy array; history stays behind."""
        return self._host()

    def to(self, backend: str | Backend) -> Tensor:
        """The same values on another backend; the tensor itself if it is there already.

        It is recorded: a gradient of the result goes back to where this tensor is. Values travel by
        way of the host. A module moves with ``Module.to``, and its optimizer follows.

        Args:
            backend: a backend, its name, or ``"auto"``.

        Raises:
            UnknownBackend, BackendUnavailable: no such backend, or it cannot run here.
            DTypeError: no backend and no name of one.
            GraphError: inside a traced step.

        >>> x = tg.Tensor([1.0, 2.0])
        >>> x.to("numpy") is x
        True
        """
        return moving.brought(self, moving.chosen("to", backend))

    # Copies and history ----------------------------------------------------------------------

    def detach(self) -> Tensor:
        """Return the same values without history; they share the array behind them."""
        return make_tensor(self._value(), self.backend)

    def _value(self) -> Array:
        """The data as operations see it: while tracing that is a traced value."""
        tracer = get_context().tracer
        return self._data if tracer is None else tracer.lift(self)

    def __reduce__(self) -> Any:
        fields = (self._host(), self.requires_grad, self.name, self.backend.name)
        return _rebuild, fields

    # Operators -------------------------------------------------------------------------------

    __add__ = binary("add")
    __radd__ = reflected("add")
    __sub__ = binary("subtract")
    __rsub__ = reflected("subtract")
    __mul__ = binary("multiply")
    __rmul__ = reflected("multiply")
    __truediv__ = binary("divide")
    __rtruediv__ = reflected("divide")
    __pow__ = binary("pow")
    __rpow__ = reflected("pow")
    __floordiv__ = binary("floor_divide")
    __rfloordiv__ = reflected("floor_divide")
    __mod__ = binary("remainder")
    __rmod__ = reflected("remainder")
    __matmul__ = binary("matmul")
    __rmatmul__ = reflected("matmul")
    __rshift__ = binary("bitwise_right_shift")
    __rrshift__ = reflected("bitwise_right_shift")
    __and__ = __rand__ = truth("&", binary("logical_and"))
    __or__ = __ror__ = truth("|", binary("logical_or"))
    __xor__ = __rxor__ = truth("^", binary("logical_xor"))
    __invert__ = truth("~", unary("logical_not"))
    __lt__ = binary("less")
    __le__ = binary("less_equal")
    __gt__ = binary("greater")
    __ge__ = binary("greater_equal")
    __neg__ = unary("negative")
    __abs__ = unary("abs")
    dot = binary("dot")
    _equal = binary("equal")
    _not_equal = binary("not_equal")

    def __pos__(self) -> Tensor:
        return self.reshape(self.shape)  # a value of its own

    def __round__(self, digits: int | None = None) -> Tensor:
        if digits:
            raise DTypeError(f"round: a tensor is rounded to integers, not to {digits} digits")
        return self.round()

    def __eq__(self, other: object) -> Any:
        return self._equal(other) if _comparable(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self._not_equal(other) if _comparable(other) else NotImplemented

    __hash__ = object.__hash__

    def __getitem__(self, key: Key) -> Tensor:
        return cast("Tensor", operations["getitem"](self, key))

    def __setitem__(self, key: Key, value: Any) -> None:
        recording = get_context().recording
        if recording and self.is_leaf and self.requires_grad:
            raise GraphError(
                f"setitem: {self._called()} is a leaf that requires gradients, and what it was "
                "used for would lose its leaf; change it with .assign() under no_grad, or assign "
                "into a value computed from it"
            )
        result = operations["scatter_set"](self, key, value)
        rebind(self, result._data, fresh=True)
        if not (self.is_leaf and self.requires_grad):
            follow(self, result)


def _comparable(other: object) -> bool:
    """Whether ``==`` compares element by element; anything else is not equal to a tensor."""
    return isinstance(
        other, Tensor | np.ndarray | np.generic | complex | float | int | list | tuple
    )


def _rebuild(array: Any, requires_grad: bool, name: str | None, backend: str) -> Tensor:
    """Make the copy that ``copy`` and ``pickle`` asked for: value, flag and name, no history."""
    return Tensor(array, requires_grad=requires_grad, name=name, backend=backend)
