"""What changes a tensor: new values for its handle, gradients, hooks on them.

``Tensor`` has these as methods; they are here so that ``tensor`` can be read in one sitting. This
module stands on ``autodiff`` and ``arrays``.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import autodiff, engine
from .arrays import as_array
from .backend import Array, Space
from .context import Mode, Tracer, enable_grad, get_context
from .engine import make_tensor, wrap
from .errors import (
    ArgumentError,
    BackendMismatch,
    DTypeError,
    GraphError,
    ShapeError,
    describe,
)
from .graph import Leaf, Output

if TYPE_CHECKING:
    from .tensor import Tensor, TensorLike

_seeds: dict[Space, Tensor] = {}  # the cotangent 1 that backward starts from


class Watch:
    """What a user said of one node: hooks on its gradient, whether to keep it, what it is called.

    Attributes:
        hooks: functions that see the gradient.
        keep: the tensor that retains the gradient, or None.
        label: the name and the LaTeX symbol that ``named`` gave, or None.
    """

    __slots__ = ("hooks", "keep", "label")

    def __init__(self) -> None:
        self.hooks: list[Hook] = []
        self.keep: weakref.ref[Tensor] | None = None
        self.label: tuple[str, str | None] | None = None


class Hook:
    """A registered gradient hook; ``remove`` takes it off again."""

    def __init__(self, hooks: list[Hook], function: Callable[[Tensor], Tensor | None]) -> None:
        self._hooks = hooks
        self.function = function
        hooks.append(self)

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        if self in self._hooks:
            self._hooks.remove(self)


class State:
    """Mixin with the methods; the attributes they change are those of ``Tensor``."""

    __slots__ = ()

    name: str | None

    def backward(
        self: Any,
        gradient: TensorLike | None = None,
        *,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Add the gradient of this tensor to ``.grad`` of every leaf it was computed from.

        All gradients are computed before the first ``.grad`` changes, so an exception changes none.
        What an operation saved is released as soon as its rules were read, to take as little memory
        as can be; after an exception, compute the result again.

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
        seed = self._seed("backward", gradient, shared=not create_graph)
        retain = create_graph if retain_graph is None else retain_graph
        reached, owned, kept = autodiff.run(
            [(node, seed)], self.backend, None, create_graph, retain
        )
        tracer = get_context().tracer
        plain = tracer is None and not create_graph
        totals: dict[Tensor, Tensor] = {}
        others: dict[Tensor, tuple[Any, bool]] = {}
        for leaf, g in reached.items():
            handle: Any = leaf.handle()  # type: ignore[union-attr]  # all of them are leaves
            if handle is None:
                continue
            if plain and handle.node is leaf and handle._grad is None:  # nearly always
                space = handle._space
                totals[handle] = wrap(space.backend.own(g, leaf not in owned), space)
                continue
            if handle.node is not leaf and tracer is None:
                _check_home(handle, g)
            if handle in others:  # its flag was changed in between, so it has two leaves
                with Mode(recording=create_graph):
                    others[handle] = (others[handle][0] + g, True)
            else:
                others[handle] = (g, leaf in owned)
        for handle, (g, own) in others.items():
            if handle in totals:  # that of its other leaf
                g, own = totals[handle]._data + g, True
            totals[handle] = _accumulated(handle, g, own, create_graph, tracer)
        found = [*totals.items()]
        for handle, g in kept:
            found.append((handle, _accumulated(handle, g, False, create_graph, tracer)))
        if tracer is not None:
            for handle, _ in found:
                tracer.rebound_grad(handle)
        for handle, total in found:
            handle._grad = total

    def named(self: Any, name: str, tex: str | None = None) -> Any:
        r"""Call this tensor something, in errors and in all views; returns itself.

        The name belongs to the recorded value and stays with it when this handle is gone.

        Args:
            name: a Python name, such as ``"hidden"``.
            tex: its symbol as LaTeX, such as ``r"h_{1}"``; follows from the name if None.

        Raises:
            ArgumentError: a name that is no text, or an empty one.

        >>> tg.Tensor([1.0]).named("rate", tex=r"\\eta").name
        'rate'
        """
        for key, text in (("name", name), ("tex", tex)):
            if not isinstance(text, str) and (key == "name" or text is not None):
                raise ArgumentError(f"named: {key} must be text, not {text!r}")
            if text is not None and not text.strip():
                raise ArgumentError(f"named: {key} is empty; give a name, such as 'hidden'")
        self.name = name
        if self.node is None:
            Leaf(self)
        self._watch().label = (name, tex)
        return self

    def _watched(self: Any, operation: str) -> Watch:
        node = self.node
        if node is None or not node.requires_grad:
            raise GraphError(f"{operation}: {self._called()} does not require gradients")
        return cast("Watch", self._watch())

    def _watch(self: Any) -> Watch:
        """What was said of this tensor's node, made when it is first needed."""
        node = self.node
        owner, index = (node.node, node.index) if isinstance(node, Output) else (node, 0)
        if owner.watch is None:
            owner.watch = {}
        return owner.watch.setdefault(index, Watch())

    def retain_grad(self: Any) -> None:
        """Keep ``.grad`` of this intermediate result in the backward passes to come."""
        if not self.is_leaf:
            self._watched("retain_grad").keep = weakref.ref(self)

    def register_hook(self: Any, hook: Callable[[Tensor], Tensor | None]) -> Hook:
        """Call ``hook(gradient)`` whenever the gradient of this tensor has been computed.

        A tensor that the hook returns, of the same shape and dtype, takes the gradient's place.
        The result's ``remove`` takes the hook off again. A hook runs in the middle of a backward
        pass, which by then has released what it had read, unless it retains the graph.
        """
        if not callable(hook):
            raise DTypeError(f"register_hook: expected a function, got a {type(hook).__name__}")
        return Hook(self._watched("register_hook").hooks, hook)

    def _seed(self: Any, operation: str, gradient: Any, shared: bool = False) -> Tensor:
        """The cotangent to start from: what the user gave, or 1 for one element.

        With ``shared`` the caller promises that nobody else gets to see it.
        """
        if gradient is None and shared and not self._data.shape:
            one = _seeds.get(self._space)
            if one is not None:  # nearly always: of a loss
                return one
        if gradient is not None:
            data = fitted(self, gradient, operation, "gradient")
            if not getattr(gradient, "requires_grad", False):
                return make_tensor(data, self.backend)
            return cast(
                "Tensor", gradient if gradient.dtype == self.dtype else gradient.astype(self.dtype)
            )
        if self.size != 1 or self.dtype.kind == "c":
            number = "not one element" if self.size != 1 else "a complex number"
            raise GraphError(
                f"{operation}: {self._called()} has shape {self.shape}, {number}; reduce it to a "
                "real one, for example with .sum() or .real, or pass a gradient of that shape"
            )
        one = _seeds.get(self._space) if shared else None
        if one is None:
            data = self.backend.asarray(np.ones((), self.dtype))
            one = make_tensor(data, self.backend)
            if shared:
                _seeds[self._space] = one
        return one if self.ndim == 0 else one.reshape(self.shape)

    def assign(self: Any, value: TensorLike) -> Any:
        """Give this tensor a new value of its own shape, cast to its dtype; returns itself.

        What was recorded before keeps the old value. On a leaf that requires gradients this is
        how parameters are changed, under ``no_grad``. Elsewhere it is ``x[...] = value``, so the
        history of ``value`` comes along.

        Raises:
            ShapeError: the shapes differ.
            GraphError: a leaf that requires gradients, outside ``no_grad``.
        """
        recording = get_context().recording
        if recording and self.is_leaf and self.requires_grad:
            raise GraphError(
                f"assign: {self._called()} is a leaf that requires gradients; assign to it under "
                "no_grad, where nothing is recorded"
            )
        data = fitted(self, value, "assign")
        if recording and isinstance(value, engine.Handle) and value.requires_grad:
            recorded = value.astype(self.dtype)
            rebind(self, recorded._value(), fresh=True)
            follow(self, recorded)
        else:
            rebind(self, data)
            if not self.is_leaf:
                follow(self, None)
        return self


def rebind(tensor: Any, data: Array, fresh: bool = False) -> None:
    """Give a handle another array; what was recorded with the old one keeps that.

    Unless it is ``fresh`` the array is copied: users may write into what is behind one handle, and
    no other handle may change by it.
    """
    tracer = get_context().tracer
    if tracer is not None:
        tracer.rebound(tensor)
        tensor._data = data
    else:
        tensor._data = tensor.backend.own(data, shared=not fresh)


def follow(tensor: Any, other: Any) -> None:
    """Give a handle the history of another one, or with None no history at all."""
    tensor.node = None if other is None else other.node
    tensor._needs = other is not None and other._needs


def _is_complex(value: Any) -> bool:
    try:
        return bool(np.iscomplexobj(value))
    except ValueError:  # lists of unequal lengths, of which the error comes later
        return False


def fitted(tensor: Any, value: Any, operation: str, what: str = "new value") -> Array:
    """``value`` as an array of the shape, dtype and backend of ``tensor``, to be read only."""
    tracer = get_context().tracer
    if isinstance(value, engine.Handle):
        if value.backend is not tensor.backend:
            raise BackendMismatch(
                f"{operation}: {describe(value)} is on backend {value.backend.name!r} and "
                f"{tensor._called()} on {tensor.backend.name!r}; bring it there with "
                f".to({tensor.backend.name!r})"
            )
        data = value._value()
    else:
        try:
            # Python's floats have the precision of the tensor, not that of the default dtype.
            plain = not hasattr(value, "dtype") and tensor.dtype.kind in "fc"
            fits = tensor.dtype.kind == "c" or not _is_complex(value)
            wanted = tensor.dtype if plain and fits else None
            data = as_array(value, wanted, tensor.backend, copy=True)
        except (DTypeError, ShapeError) as error:
            raise type(error)(f"{operation}: the {what}: {error}") from error
        if tracer is not None:  # to a traced step it is a constant
            data = tracer.lift(make_tensor(data, tensor.backend))
    if tuple(data.shape) != tensor.shape:
        raise ShapeError(
            f"{operation}: {tensor._called()} has shape {tensor.shape}, the {what} has shape "
            f"{tuple(data.shape)}; they must be equal"
        )
    if data.dtype == tensor.dtype:
        return data
    if data.dtype.kind == "c" and tensor.dtype.kind != "c":
        raise DTypeError(
            f"{operation}: a complex value does not fit {tensor._called()} of dtype {tensor.dtype}"
        )
    return (tracer or tensor.backend).xp.astype(data, tensor.dtype)


def _check_home(handle: Tensor, g: Any) -> None:
    """Refuse a gradient for a tensor that was moved to another backend in the meantime."""
    there = g.backend is handle.backend if isinstance(g, engine.Handle) else None
    if not (handle.backend.owns(g) if there is None else there):
        raise BackendMismatch(
            f"backward: {handle._called()} moved to backend {handle.backend.name!r} after this was "
            "computed with it elsewhere; compute it again"
        )


def _accumulated(
    handle: Tensor, g: Any, own: bool, create_graph: bool, tracer: Tracer | None
) -> Tensor:
    """The new ``.grad`` of a tensor: memory of its own, recorded with ``create_graph``."""
    before, space, node = handle._grad, handle._space, None
    if create_graph:
        with enable_grad():
            total = g if before is None else before + g
        g, own, node = total._value(), False, total.node
    elif before is not None:
        g, own = before._value() + g, True
    return wrap(g if tracer is not None else space.backend.own(g, not own), space, node)
