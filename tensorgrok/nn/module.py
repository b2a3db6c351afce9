"""Modules: objects that hold parameters and map tensors to tensors.

A parameter is a tensor attribute that requires gradients; any other tensor attribute is state that
is saved along. Modules are found in attributes too, also within lists, tuples and dictionaries, so
nothing has to be registered and no ``super().__init__()`` can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self
from weakref import ref

import numpy.typing as npt

from .. import moving
from ..backend import Backend
from ..context import no_grad
from ..errors import ArgumentError, DTypeError
from ..graph import Call, Node
from ..ops.arguments import plain_flag
from ..states import check_names, fitting
from ..tensor import Tensor
from .summary import Row, table

_new_call = tuple.__new__  # a named tuple made by its name takes three times as long


_last = 0  # the id of the node noted last: what a module around that one returns as well


def _note(module: Module, node: Node, args: tuple[Any, ...]) -> None:
    """Note at a node that it is the result of a call, for views, which can write it as one.

    They can if all arguments are recorded values. Every step runs this, so it takes short cuts.
    """
    global _last
    inputs = []
    for value in args:
        if value.__class__ is not Tensor or value.node is None or value.node is node:
            return
        inputs.append(ref(value.node))
    inner = getattr(node, "call", None) if id(node) == _last else None
    while inner is not None and inner.module() is module:  # it returned the same result again
        inner = inner.inner
    node.call = _new_call(Call, (ref(module), inputs, inner))
    _last = id(node)


class Module:
    """Base class of layers and models: subclass it, set attributes, write ``forward``.

    Attributes:
        training: True while training; dropout and its like behave otherwise under ``eval()``.

    >>> class Double(nn.Module):
    ...     def forward(self, x):
    ...         return x * 2
    >>> Double()(tg.Tensor([1.0]))
    Tensor([2.], shape=(1,), dtype=float32)
    """

    training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Map inputs to outputs; every subclass writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward method")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.forward(*args, **kwargs)
        if result.__class__ is Tensor and result.node.__class__ is Node and not kwargs:
            _note(self, result.node, args)
        return result

    def children(self) -> Iterator[tuple[str, Module]]:
        """Names and modules held directly, such as ``("layers.0", ...)``."""
        for name, value in _entries(vars(self)):
            if isinstance(value, Module):
                yield name, value

    def modules(self) -> Iterator[tuple[str, Module]]:
        """Dotted names and modules, this one first with the empty name; each module once."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [("", self)]
        while stack:
            name, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield name, module
            prefix = f"{name}." if name else ""
            inner = [(prefix + child, found) for child, found in module.children()]
            stack.extend(reversed(inner))

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Dotted names and all tensors held; a tensor held twice comes once.

        Raises:
            ArgumentError: two tensors have one name, from dictionaries with keys like 1 and "1".
        """
        seen: set[int] = set()
        names: set[str] = set()
        for name, module in self.modules():
            prefix = f"{name}." if name else ""
            for attribute, value in _entries(vars(module)):
                if isinstance(value, Tensor) and id(value) not in seen:
                    seen.add(id(value))
                    full = prefix + attribute
                    if full in names:
                        raise ArgumentError(
                            f"{type(self).__name__}: two tensors are called {full!r}; give keys "
                            "and attributes names that differ as text"
                        )
                    names.add(full)
                    yield full, value

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Dotted names and parameters: the tensors that require gradients."""
        for name, tensor in self.named_tensors():
            if tensor.requires_grad and tensor.is_leaf:
                yield name, tensor

    def parameters(self) -> list[Tensor]:
        """All parameters, each once."""
        return [tensor for _, tensor in self.named_parameters()]

    def parameter_count(self) -> int:
        """How many numbers the parameters hold."""
        return sum(tensor.size for tensor in self.parameters())

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all within it to training, or with False to evaluation."""
        training = plain_flag("train", "mode", mode)
        for _, module in self.modules():
            module.training = training
        return self

    def eval(self) -> Self:
        """Switch this module and all within it to evaluation."""
        return self.train(False)

    def to(self, backend: str | Backend) -> Self:
        """Move all tensors to another backend, with their gradients, in place; returns itself.

        All of them move, or after an error none. An optimizer of the parameters takes what it keeps
        for them along in its next step.

        Args:
            backend: a backend, its name, or ``"auto"``.

        Raises:
            UnknownBackend, BackendUnavailable: no such backend, or it cannot run here.
            GraphError: a tensor with a history; inside a traced step.

        >>> model = nn.Linear(3, 2).to("numpy")
        >>> model.weight.backend.name
        'numpy'
        """
        place = moving.chosen(f"{type(self).__name__}.to", backend)
        tensors = [tensor for _, tensor in self.named_tensors()]
        moving.relocate(f"{type(self).__name__}.to", tensors, place)
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all tensors, frozen ones too."""
        for _, tensor in self.named_tensors():
            tensor.grad = None

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of all tensors as NumPy arrays, by dotted name."""
        return {name: tensor.numpy() for name, tensor in self.named_tensors()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the values of a ``state_dict``.

        Everything is checked first, so after an error nothing has changed.

        Raises:
            ArgumentError: names missing or unknown.
            ShapeError: a value of another shape.
            DTypeError: no dictionary; a value that the tensor's dtype cannot hold.
        """
        mine = dict(self.named_tensors())
        check_names(mine, state, type(self).__name__)
        arrays = {name: fitting(name, state[name], tensor) for name, tensor in mine.items()}
        with no_grad():
            for name, tensor in mine.items():
                tensor.assign(arrays[name])

    def __repr__(self) -> str:
        """A table: a line for each module, its own tensors with shapes, counts, and a total."""
        rows: list[Row] = []
        frozen = 0
        modules: dict[int, str] = {}
        tensors: dict[int, str] = {}
        stack: list[tuple[str, str, int, Any]] = [("", "", 0, self)]
        while stack:
            path, name, depth, part = stack.pop()
            label = f"{name}: " if name else ""
            if not isinstance(part, Module):
                rows.append(Row(depth, label + _function_name(part), (), None))
                continue
            label += f"{type(part).__name__}({part.describe()})".replace("\n", " ")
            if id(part) in modules:
                same = modules[id(part)] or "the first line"
                rows.append(Row(depth, label, [f"same as {same}"], None))
                continue
            modules[id(part)] = path
            prefix = f"{path}." if path else ""
            remarks, count = [], None
            for attribute, value in _entries(vars(part)):
                if not isinstance(value, Tensor) or not value.is_leaf:
                    continue
                remark = f"{attribute} {value.shape}"
                if id(value) in tensors:
                    remark += f" shared with {tensors[id(value)]}"
                else:
                    tensors[id(value)] = prefix + attribute
                    count = (count or 0) + value.size
                    frozen += 0 if value.requires_grad else value.size
                remarks.append(remark if value.requires_grad else f"{remark} frozen")
            rows.append(Row(depth, label, remarks, count))
            inner = [(prefix + child, child, depth + 1, found) for child, found in part._parts()]
            stack.extend(reversed(inner))
        return table(rows, frozen)

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """What ``repr`` shows below this module: names and modules, or functions."""
        return self.children()

    def describe(self) -> str:
        """The settings of this module as its ``repr`` shows them."""
        return ""


def _function_name(function: Any) -> str:
    """What to call a layer that is no module: by its name, or that of its class."""
    return str(getattr(function, "__name__", type(function).__name__))


def _entries(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Attributes, and the items of those that are lists, tuples or dictionaries.

    One that contains itself is not opened again within itself.
    """
    stack: list[tuple[str, Any, tuple[int, ...]]] = [
        (name, value, ()) for name, value in reversed(list(attributes.items()))
    ]
    while stack:
        name, value, within = stack.pop()
        if isinstance(value, list | tuple):
            items: list[tuple[Any, Any]] = list(enumerate(value))
        elif isinstance(value, dict):
            items = list(value.items())
        else:
            yield name, value
            continue
        if id(value) not in within:
            inside = (*within, id(value))
            stack.extend((f"{name}.{key}", item, inside) for key, item in reversed(items))


class Layer(Module):
    """Base class of modules from one tensor to one tensor, which say so to type checkers.

    >>> class Double(nn.Layer):
    ...     def forward(self, x):
    ...         return x * 2
    >>> def doubled_twice(x: tg.Tensor) -> tg.Tensor:
    ...     double = Double()
    ...     return double(double(x))
    >>> doubled_twice(tg.Tensor([1.0]))
    Tensor([4.], shape=(1,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Map a tensor to a tensor; every subclass writes its own."""
        result: Tensor = super().forward(x)
        return result

    if TYPE_CHECKING:

        def __call__(self, *args: Any, **kwargs: Any) -> Tensor: ...


class Elementary(Layer):
    """Base class of layers of one operation or two: views show these, not the call as one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.forward(*args, **kwargs)


class Sequential(Layer):
    """Modules, or functions of one tensor, applied one after the other.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> model(tg.zeros((2, 3))).shape
    (2, 1)
    """

    def __init__(self, *layers: Any) -> None:
        for place, layer in enumerate(layers):
            if not callable(layer):
                raise DTypeError(
                    f"Sequential: layer {place} is a {type(layer).__name__}, which cannot be called"
                )
            if isinstance(layer, type) and issubclass(layer, Module):
                raise DTypeError(
                    f"Sequential: layer {place} is the class {layer.__name__}; write "
                    f"{layer.__name__}()"
                )
        self.layers = list(layers)

    def children(self) -> Iterator[tuple[str, Module]]:
        """Names and modules; the layers go by their number alone."""
        for name, child in super().children():
            yield name.removeprefix("layers."), child

    def _parts(self) -> Iterator[tuple[str, Any]]:
        for name, value in _entries(vars(self)):
            if isinstance(value, Module) or (name.startswith("layers.") and callable(value)):
                yield name.removeprefix("layers."), value

    def forward(self, x: Any) -> Any:
        """Apply the layers in order."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, place: int) -> Any:
        return self.layers[place]
