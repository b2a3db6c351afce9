"""From one backend to another: tensors that are brought over, and tensors that move in place.

``Tensor.to`` brings a value over; it is recorded, so gradients find their way back.
``Module.to`` moves its tensors in place: whoever holds a handle, such as an optimizer, finds it on
the other backend. This module stands on ``engine``, ``graph`` and ``registry``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .backend import Array, Backend
from .context import get_context
from .engine import make_tensor
from .errors import DTypeError, GraphError
from .graph import Crossing, Leaf
from .registry import choose_backend

if TYPE_CHECKING:
    from .tensor import Tensor


def chosen(operation: str, backend: Any) -> Backend:
    """The backend that an argument names, or is."""
    if isinstance(backend, Backend):
        return backend
    if isinstance(backend, str):
        return choose_backend(backend)
    raise DTypeError(
        f"{operation}: expected a backend or its name, such as 'numpy', not {backend!r}; astype "
        "casts to a dtype"
    )


def brought(tensor: Tensor, backend: Backend) -> Tensor:
    """The same values on another backend, with their history."""
    if tensor.backend is backend:
        return tensor
    _refuse_tracing("to", tensor)
    result = make_tensor(array_on(tensor._data, tensor.backend, backend), backend)
    result.name = tensor.name
    if get_context().recording and tensor.node is not None and tensor.requires_grad:
        Crossing(result, tensor.node, tensor.backend)
    return result


def relocate(operation: str, tensors: Sequence[Tensor], backend: Backend) -> None:
    """Move tensors and their gradients to another backend, in place: all of them, or none.

    What was recorded with them before stays where it was, and cannot reach them any more.
    """
    moving = [tensor for tensor in tensors if tensor.backend is not backend]
    for tensor in moving:
        _refuse_tracing(operation, tensor)
        if not tensor.is_leaf:
            raise GraphError(
                f"{operation}: {tensor._called()} is the result of a recorded operation, and its "
                "history cannot move; keep .detach() of it, or move it with its own .to()"
            )
    arrays = [array_on(tensor._data, tensor.backend, backend) for tensor in moving]
    gradients = [None if t._grad is None else brought(t._grad.detach(), backend) for t in moving]
    for tensor, array, gradient in zip(moving, arrays, gradients, strict=True):
        tensor._data, tensor._space = array, backend.space(array.dtype)
        tensor._grad = gradient
        if tensor.node is not None:
            hooks = tensor.node.watch if isinstance(tensor.node, Leaf) else None
            Leaf(tensor, tensor.requires_grad).watch = hooks


def array_on(array: Array, here: Backend, there: Backend) -> Array:
    """The same values on another backend, in memory of their own, by way of the host."""
    brought = there.own(there.asarray(here.to_numpy(array)), shared=False)
    if brought.dtype != array.dtype:
        raise DTypeError(
            f"backend {there.name!r} made {brought.dtype} of {array.dtype}; cast with astype first"
        )
    return brought


def _refuse_tracing(operation: str, tensor: Tensor) -> None:
    if get_context().tracer is not None:
        raise GraphError(
            f"{operation}: {tensor._called()} cannot change its backend inside a traced step; move "
            "it before the step"
        )
