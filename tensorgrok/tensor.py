"""Tensor: the handle that users hold. Its operators and methods apply cards; its graph is history.

Every operation returns a value: a slice is a value too, ``x += y`` is ``x = x + y``, and
``x[i] = v`` gives the handle ``x`` a new value, differentiably. What was recorded before is never
touched, so no gradient can be spoilt by what happens to a handle later.

This module stands on ``autodiff`` and the ones below it; read ``ops`` next. Methods that merely
call an operation of the same name are in ``tensor_methods``.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any, Union, cast

import numpy as np
import numpy.typing as npt

from . import autodiff
from .arrays import as_array
from .backend import Array, Backend, Key, Space, get_backend
from .context import current_backend, get_context
from .engine import binary, handle_class, make_tensor, operations, reflected, unary
from .errors import (
    ArgumentError,
    BackendMismatch,
    DTypeError,
    GraphError,
    ShapeError,
    caller_name,
    describe,
)
from .graph import Hook, Leaf, Node, Output, Watch
from .interop import NumPyProtocol, PythonProtocol
from .tensor_methods import Methods

TensorLike = Union["Tensor", npt.NDArray[Any], complex, list[Any]]

_seeds: dict[Space, Tensor] = {}  # the cotangent 1 that backward starts from


@handle_class
class Tensor(Methods, NumPyProtocol, PythonProtocol):
    """An n-dimensional array that records the operations on it where gradients are wanted.

    Args:
        data: numbers in nested lists, a NumPy array, an array of the backend, or a tensor.
        dtype: NumPy dtype. By default arrays keep theirs and Python floats get the default dtype.
        requires_grad: record operations on this tensor, so that ``backward`` can fill ``.grad``.
        backend: name of the backend to live on; the current one by default.
        copy: False shares the memory of an array of the backend instead of copying it; writing
            into that memory later then changes the tensor, and what it took part in.
        name: shown in errors and views.

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
        elif isinstance(backend, str):
            backend = get_backend(backend)
        self._data = as_array(data, dtype, backend, copy)
        self._space = backend.space(self._data.dtype)
        self._grad = None
        self.node = None
        self._needs = False
        self.name = name
        if requires_grad:
            self.requires_grad = True

    # What it is ------------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The live array. Assigning rebinds it, so what was recorded before stays true.

        Writing into the array itself between forward and backward is the one way around value
        semantics: rules would then read what was written.
        """
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        if self.node is not None and self.node.__class__ is not Leaf:
            raise GraphError(
                f"data: {self._called()} is the result of a recorded operation; assign to the data "
                "of a leaf, or take .detach() of it first"
            )
        self._rebind(self._converted(value, "data"))

    @property
    def grad(self) -> Tensor | None:
        """The gradient that ``backward`` accumulated, or None. Assign None or a tensor to it."""
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        self._grad = (
            None if value is None else make_tensor(self._converted(value, "grad"), self.backend)
        )

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

    # Copies and history ----------------------------------------------------------------------

    def detach(self) -> Tensor:
        """Return the same values without history."""
        return make_tensor(self._value(), self.backend)

    def _value(self) -> Array:
        """The data as operations see it: while tracing that is a traced value."""
        tracer = get_context().tracer
        return self._data if tracer is None else tracer.lift(self)

    def __reduce__(self) -> Any:
        fields = (self._host(), self.requires_grad, self.name, self.backend.name)
        return _rebuild, fields

    def assign(self, value: TensorLike) -> Tensor:
        """Give this tensor a new value of its own shape, cast to its dtype; returns itself.

        What was recorded before keeps the old value. On a leaf that requires gradients this is
        how parameters are changed, under ``no_grad``. Elsewhere it is ``x[...] = value``, so the
        history of ``value`` comes along.

        Raises:
            ShapeError: the shapes differ.
            GraphError: a leaf that requires gradients, outside ``no_grad``.
        """
        if get_context().recording and self.is_leaf and self.requires_grad:
            raise GraphError(
                f"assign: {self._called()} is a leaf that requires gradients; assign to it under "
                "no_grad, where nothing is recorded"
            )
        if isinstance(value, Tensor) and value.requires_grad and get_context().recording:
            if value.shape != self.shape:
                raise self._wrong_shape("assign", value.shape)
            result = value.astype(self.dtype) if value.dtype != self.dtype else value
            self._rebind(result._value())
            self._follow(result)
        else:
            self._rebind(self._converted(value, "assign"))
            if not self.is_leaf:
                self.node, self._needs = None, False
        return self

    def _follow(self, other: Tensor) -> None:
        """Take over the history of another tensor, whose value was just taken over."""
        self.node = other.node
        self._needs = other._needs

    def _rebind(self, data: Array) -> None:
        tracer = get_context().tracer
        if tracer is not None:
            tracer.rebound(self)
        self._data = data

    def _converted(self, value: Any, operation: str) -> Array:
        """``value`` as an array of this tensor's shape, dtype and backend, not shared with it."""
        if isinstance(value, Tensor):
            if value.backend is not self.backend:
                raise BackendMismatch(
                    f"{operation}: {describe(value)} is on backend {value.backend.name!r} and "
                    f"{self._called()} on {self.backend.name!r}; make both on the same one"
                )
            data = value._value()  # arrays behind tensors are never written: sharing is safe
        elif get_context().tracer is not None and hasattr(value, "dtype"):
            data = value
        else:
            data = as_array(value, None, self.backend, copy=True)
        if tuple(data.shape) != self.shape:
            raise self._wrong_shape(operation, data.shape)
        if data.dtype == self.dtype:
            return data
        if data.dtype.kind == "c" and self.dtype.kind != "c":
            raise DTypeError(
                f"{operation}: a complex value does not fit {self._called()} of dtype {self.dtype}"
            )
        tracer = get_context().tracer
        return (tracer or self.backend).xp.astype(data, self.dtype)

    def _wrong_shape(self, operation: str, shape: Any) -> ShapeError:
        return ShapeError(
            f"{operation}: {self._called()} has shape {self.shape}, the new value has shape "
            f"{tuple(shape)}; they must be equal"
        )

    # Gradients -------------------------------------------------------------------------------

    def backward(
        self,
        gradient: TensorLike | None = None,
        *,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Add the gradient of this tensor to ``.grad`` of every leaf it was computed from.

        All gradients are computed before the first ``.grad`` changes, so an exception changes none.

        Args:
            gradient: cotangent of this tensor's shape; 1 by default, for one-element tensors.
            retain_graph: keep the saved values, so that backward can run again. They are released
                by default, unless ``create_graph``.
            create_graph: record the gradients themselves, for derivatives of higher order.

        Raises:
            GraphError: nothing was recorded, or not a one-element tensor and no ``gradient``.
            GraphReleased: an earlier backward released the values.
        """
        node = self.node
        if node is None or not node.requires_grad:
            raise GraphError(
                f"backward: {self._called()} does not require gradients; nothing it was computed "
                "from was made with requires_grad=True, or it was computed under no_grad"
            )
        seed = self._seed("backward", gradient)
        reached, owned, nodes, kept = autodiff.run([(node, seed)], self.backend, None, create_graph)
        found = [
            (handle, _accumulated(handle, g, leaf in owned, create_graph))
            for leaf, g in reached.items()
            if (handle := leaf.handle()) is not None  # type: ignore[union-attr]  # all are leaves
        ]
        found += [(handle, _accumulated(handle, g, False, create_graph)) for handle, g in kept]
        for handle, total in found:
            handle._grad = total
        if not (create_graph if retain_graph is None else retain_graph):
            autodiff.release(nodes)

    def _seed(self, operation: str, gradient: Any) -> Tensor:
        """The cotangent to start from."""
        if gradient is not None:
            given: Tensor = gradient
            if not isinstance(gradient, Tensor):
                given = Tensor(gradient, backend=self.backend, dtype=self.dtype)
            if given.backend is not self.backend:
                raise BackendMismatch(
                    f"{operation}: the gradient is on backend {given.backend.name!r}, "
                    f"{self._called()} on {self.backend.name!r}; make both on the same one"
                )
            if given.shape != self.shape:
                raise ShapeError(
                    f"{operation}: the gradient has shape {given.shape}, {self._called()} has "
                    f"shape {self.shape}; they must be equal"
                )
            return given if given.dtype == self.dtype else given.astype(self.dtype)
        if self.size != 1:
            raise GraphError(
                f"{operation}: {self._called()} has shape {self.shape}, not one element; reduce "
                "it, for example with .sum(), or pass a gradient of that shape"
            )
        one = _seeds.get(self._space)
        if one is None:
            one = _seeds[self._space] = Tensor(1, dtype=self.dtype, backend=self.backend)
        return (
            one
            if self.ndim == 0
            else Tensor(np.ones(self.shape), dtype=self.dtype, backend=self.backend)
        )

    def _watched(self, operation: str) -> Watch:
        node = self.node
        if node is None or not node.requires_grad:
            raise GraphError(f"{operation}: {self._called()} does not require gradients")
        owner, index = (node.node, node.index) if isinstance(node, Output) else (node, 0)
        if owner.watch is None:
            owner.watch = {}
        return owner.watch.setdefault(index, Watch())

    def retain_grad(self) -> None:
        """Keep ``.grad`` of this intermediate result in the backward passes to come."""
        if not self.is_leaf:
            self._watched("retain_grad").keep = weakref.ref(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Hook:
        """Call ``hook(gradient)`` whenever the gradient of this tensor has been computed.

        A tensor that the hook returns, of the same shape and dtype, takes the gradient's place.
        """
        if not callable(hook):
            raise DTypeError(f"register_hook: expected a function, got a {type(hook).__name__}")
        watch = self._watched("register_hook")
        watch.hooks.append(hook)
        return Hook(watch.hooks, hook)

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
    __matmul__ = binary("matmul")
    __rmatmul__ = reflected("matmul")
    __rshift__ = binary("bitwise_right_shift")
    __and__ = binary("logical_and")
    __or__ = binary("logical_or")
    __lt__ = binary("less")
    __le__ = binary("less_equal")
    __gt__ = binary("greater")
    __ge__ = binary("greater_equal")
    __neg__ = unary("negative")
    __abs__ = unary("abs")
    __invert__ = unary("logical_not")
    dot = binary("dot")
    _equal = binary("equal")
    _not_equal = binary("not_equal")

    def __pos__(self) -> Tensor:
        return self

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
        self._rebind(result._data)
        if not (self.is_leaf and self.requires_grad):
            self._follow(result)


def _comparable(other: object) -> bool:
    """Whether ``==`` compares element by element; anything else is not equal to a tensor."""
    return isinstance(
        other, Tensor | np.ndarray | np.generic | complex | float | int | list | tuple
    )


def _accumulated(handle: Tensor, g: Any, own: bool, create_graph: bool) -> Tensor:
    """The new ``.grad`` of a tensor: memory of its own, or with ``create_graph`` a recorded sum."""
    before = handle._grad
    if create_graph:
        return cast("Tensor", g if before is None else before + g)
    backend = handle._space.backend
    tracer = get_context().tracer
    if before is not None:
        g, own = before._value() + g, True
    return make_tensor(g if tracer is not None else backend.own(g, not own), backend)


def _rebuild(
    array: npt.NDArray[Any], requires_grad: bool, name: str | None, backend: str
) -> Tensor:
    """Make the copy that ``copy`` and ``pickle`` asked for: value, flag and name, no history."""
    if array.dtype.kind not in "biufc":
        raise ArgumentError(f"a pickled tensor holds numbers, not {array.dtype}")
    return Tensor(array, requires_grad=requires_grad, name=name, backend=backend)
