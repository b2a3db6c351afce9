"""The recorded graph as data: nodes, and the one order in which everybody visits them.

A ``Tensor`` is a handle that its owner may rebind; a ``Node`` is history and keeps what it was born
with. Nodes point at their inputs only, and at arrays, never at handles (a leaf knows its handle
weakly), so there are no reference cycles and a graph is freed as soon as nobody holds its end.

This module stands on ``backend``, for a name alone; read ``engine`` next, which makes the nodes.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from .backend import Array

if TYPE_CHECKING:
    from .backend import Backend
    from .cards import Primitive
    from .plans import Plan
    from .tensor import Tensor
    from .tensor_state import Watch

Shape = tuple[int, ...]


class Call(NamedTuple):
    """A call of a module, noted at the node it ended with; it keeps no module and no array alive.

    Attributes:
        module: weak reference to what was called.
        inputs: weak references to what it was called with.
        inner: the call within it that ended with the same node, or None.
    """

    module: weakref.ref[Any]
    inputs: Sequence[weakref.ref[Any]]
    inner: Call | None


class Node:
    """One recorded application of a primitive.

    Attributes:
        plan: which inputs need gradients, which rules serve them and what those rules read.
        inputs: the nodes of its array arguments, sequence arguments flattened.
        saved: the arrays that its rules read; None once they were released.
        parameters: the Python-valued arguments, by name.
        shape, dtype: of the result; for several results, tuples of them.
        watch: hooks and ``retain_grad`` by index of the result, or None.
        call: of the last node of a module's ``forward``: which module, what it was called with, and
            the call within that ended here too; unset for others.
    """

    __slots__ = (
        "__weakref__",
        "call",
        "dtype",
        "inputs",
        "parameters",
        "plan",
        "saved",
        "shape",
        "watch",
    )

    plan: Plan
    inputs: tuple[Source, ...]
    saved: tuple[Array, ...] | None
    parameters: dict[str, Any]
    shape: Shape
    dtype: Any  # a dtype, or a tuple of them
    watch: dict[int, Watch] | None
    call: Call

    requires_grad = True

    @property
    def primitive(self) -> Primitive[...]:
        """The card that was applied."""
        return self.plan.primitive

    @property
    def ndim(self) -> int:
        """Number of axes of the result."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<Node {self.primitive.name}: {self.shape} {self.dtype}>"

    def __reduce__(self) -> Any:
        raise TypeError("a recorded node cannot be copied or pickled; copy the tensor instead")


class Leaf(Node):
    """A tensor that no recorded operation made: a parameter, a batch, a constant.

    Attributes:
        handle: weak reference to the tensor; its ``.grad`` receives the gradient.
        requires_grad: whether gradients are wanted; changing the flag on the tensor gives the
            tensor a new leaf, and what was recorded before keeps this one.
    """

    __slots__ = ("handle", "requires_grad")

    handle: weakref.ref[Tensor]
    requires_grad: bool

    def __init__(self, tensor: Tensor, requires_grad: bool = False) -> None:
        data = tensor._data
        self.handle = weakref.ref(tensor)
        self.requires_grad = requires_grad
        self.inputs = ()
        self.saved = ()
        self.parameters = {}
        self.shape = tuple(data.shape)
        self.dtype = data.dtype
        self.watch = None
        tensor.node = self
        tensor._needs = requires_grad

    def __repr__(self) -> str:
        return f"<Leaf: {self.shape} {self.dtype}>"


class Crossing(Node):
    """A tensor that was brought over from another backend; its one input is what it was there.

    Attributes:
        origin: the backend it came from, where everything behind it lives.
    """

    __slots__ = ("origin",)

    origin: Backend

    def __init__(self, tensor: Tensor, source: Node | Output, origin: Backend) -> None:
        self.origin = origin
        self.inputs = (source,)
        self.saved = ()
        self.parameters = {}
        self.shape = source.shape
        self.dtype = source.dtype
        self.watch = None
        tensor.node = self
        tensor._needs = True

    def __repr__(self) -> str:
        return f"<Crossing from {self.origin.name!r}: {self.shape} {self.dtype}>"


class Literal:
    """A Python number among the inputs of a node. Weak: it has no dtype of its own."""

    __slots__ = ("value",)

    requires_grad = False
    inputs: tuple[Source, ...] = ()
    shape: Shape = ()
    ndim = 0

    def __init__(self, value: complex) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<Literal {self.value!r}>"


class Output:
    """The address (node, index) of one result of a primitive that returns several."""

    __slots__ = ("__weakref__", "index", "node")

    requires_grad = True
    inputs: tuple[Source, ...] = ()

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index

    @property
    def shape(self) -> Shape:
        """Shape of this result."""
        return self.node.shape[self.index]  # type: ignore[return-value]  # a tuple of shapes here

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of this result."""
        return cast("np.dtype[Any]", self.node.dtype[self.index])

    @property
    def ndim(self) -> int:
        """Number of axes of this result."""
        return len(self.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Output) and self.node is other.node and self.index == other.index

    def __hash__(self) -> int:
        return hash((id(self.node), self.index))

    def __repr__(self) -> str:
        return f"<Output {self.index} of {self.node!r}>"


Source = Node | Literal | Output


def order(roots: Iterable[Source]) -> list[Node]:
    """Return every node that the roots were computed from, roots included, inputs first.

    Whoever visits a graph, backward and others, does so in this order or its reverse. First inputs
    come before second ones, so a chain of layers stands in the order it was written. Literals are
    not listed, and an ``Output`` stands for its node. The walk is a loop, so depth is no limit, and
    it looks at each edge once, so its cost is linear.
    """
    ordered: list[Node] = []
    seen: set[Source] = set()
    stack: list[Any] = list(roots)[::-1]
    while stack:
        source = stack.pop()
        if source is None:  # everything that the node below was computed from is listed
            ordered.append(stack.pop())
            continue
        if source in seen:
            continue
        seen.add(source)
        inputs = source.inputs
        if inputs:
            stack.append(source)
            stack.append(None)
            stack.extend(inputs[::-1])
        elif source.__class__ is Leaf:
            ordered.append(source)
        elif source.__class__ is Output:
            stack.append(source.node)
    return ordered
