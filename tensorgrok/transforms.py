"""Derivatives as functions: ``grad``, ``value_and_grad``, ``vjp``, and ``gradients`` of tensors.

Functions given to the transforms may take tensors, arrays or plain numbers, close over tensors, and
contain other transforms. This module stands on ``ops``; ``checking`` tests derivatives.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import autodiff
from .backend import Backend
from .cards import primitive
from .context import enable_grad, get_context
from .engine import make_tensor
from .errors import ArgumentError, BackendMismatch, DTypeError, GraphError, ShapeError
from .graph import Leaf, Node, Output, order
from .tensor import Tensor


@primitive("arrangement", public=False, python="{x}", latex="{x}")
def identity(xp: Any, x: Any) -> Any:
    """The same value as a node of its own, so that one can differentiate with respect to it."""
    return x


@identity.pullback("x")
def identity_pull_x(xp: Any, g: Any) -> Any:
    return g


def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    cotangents: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> Any:
    """Gradients of outputs with respect to any tensors they were computed from.

    No ``.grad`` changes. Inputs may be leaves or intermediate results; one that the outputs do not
    depend on gets zeros.

    Args:
        outputs: a tensor or several; their gradients add up.
        inputs: a tensor or several.
        cotangents: one for each output, of its shape; 1 by default, for one-element outputs.
        retain_graph, create_graph: as for ``Tensor.backward``.

    Returns:
        One tensor for a tensor, a tuple for a sequence, of the shapes and dtypes of the inputs.

    Raises:
        GraphError: an output or input that does not require gradients.

    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> h = x * x
    >>> tg.gradients(h.sum(), h)
    Tensor([1., 1.], shape=(2,), dtype=float32)
    """
    _check_tensors("outputs", outputs, together=True)
    _check_tensors("inputs", inputs)
    ends = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    starts = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    given = cotangents
    if cotangents is None:
        given = (None,) * len(ends)
    elif isinstance(outputs, Tensor):
        given = (cotangents,)
    if len(given) != len(ends):
        raise ArgumentError(f"gradients: {len(ends)} outputs and {len(given)} cotangents")
    seeds = [
        (_node(t, "output"), t._seed("gradients", g)) for t, g in zip(ends, given, strict=True)
    ]
    targets = [_node(t, "input") for t in starts]
    found = _gradients(seeds, targets, starts, create_graph, retain_graph)
    return found[0] if isinstance(inputs, Tensor) else found


def _check_tensors(which: str, given: Any, together: bool = False) -> None:
    tensors = given if isinstance(given, list | tuple) else (given,)
    if not tensors:
        raise ArgumentError(f"gradients: {which} is empty; give at least one tensor")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise DTypeError(f"gradients: {which} must be tensors, not a {type(tensor).__name__}")
        if together and tensor.backend is not tensors[0].backend:
            raise BackendMismatch(
                f"gradients: {which} live on backends {tensors[0].backend.name!r} and "
                f"{tensor.backend.name!r}; bring all to the same one with .to()"
            )


def _node(tensor: Tensor, role: str) -> Node | Output:
    if tensor.node is None or not tensor.requires_grad:
        raise GraphError(
            f"gradients: {role} {tensor._called()} does not require gradients; make it with "
            "requires_grad=True, and compute with recording on"
        )
    return tensor.node


def _gradients(
    seeds: Sequence[tuple[Node | Output, Tensor]],
    targets: Sequence[Node | Output],
    likes: Sequence[Tensor],
    create_graph: bool,
    retain_graph: bool | None,
) -> tuple[Tensor, ...]:
    backend = seeds[0][1].backend
    retain = create_graph if retain_graph is None else retain_graph
    reached, owned, _ = autodiff.run(seeds, backend, set(targets), create_graph, retain)
    found = []
    for target, like in zip(targets, likes, strict=True):
        if target in reached:
            own = target in owned
            found.append(_handed_out(reached[target], like.backend, create_graph, own))
            owned.discard(target)  # asked for twice, it is handed out in two arrays
        else:
            _refuse_moved(like, seeds)
            found.append(_zeros(like))
    return tuple(found)


def _refuse_moved(tensor: Tensor, seeds: Sequence[tuple[Node | Output, Tensor]]) -> None:
    """Refuse zeros for a leaf that the seeds do depend on, by what it was before it moved."""
    if tensor.is_leaf:
        for node in order([source for source, _ in seeds]):
            if isinstance(node, Leaf) and node.handle() is tensor and node is not tensor.node:
                raise BackendMismatch(
                    f"gradients: {tensor._called()} moved or changed its flag after the outputs "
                    "were computed with it; compute them again"
                )


def _handed_out(g: Any, backend: Backend, recorded: bool, own: bool = False) -> Tensor:
    """A gradient as a tensor that nobody else holds, in memory of its own unless ``own``."""
    data = g._data if recorded else g
    if get_context().tracer is None:
        data = backend.own(data, recorded or not own)
    return make_tensor(data, backend, g.node if recorded else None)


def _zeros(like: Tensor) -> Tensor:
    data = like.backend.xp.zeros(like.shape, dtype=like.dtype)
    return make_tensor(data, like.backend)


def _as_argument(value: Any, place: int, transform: str) -> Tensor:
    """A tensor with a node of its own, which still belongs to the graph the value came from."""
    tensor = value if isinstance(value, Tensor) else Tensor(value)
    if tensor.dtype.kind not in "fc":
        raise DTypeError(
            f"{transform}: argument {place} has dtype {tensor.dtype}; only floating-point and "
            "complex arguments have gradients, so pass floats or leave it out of argnums"
        )
    if tensor.requires_grad:
        return identity(tensor)
    fresh = tensor.detach()
    fresh.name = tensor.name
    Leaf(fresh, requires_grad=True)
    return fresh


def _run(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    places: tuple[int, ...],
    transform: str,
) -> tuple[Any, tuple[Tensor, ...]]:
    """Call the function once, recording, with the chosen arguments made differentiable."""
    taken = list(args)
    with enable_grad():
        for place in places:
            taken[place] = _as_argument(args[place], place, transform)
        output = function(*taken, **kwargs)
    return output, tuple(taken[place] for place in places)


def _pull_back(
    output: Tensor, cotangent: Any, starts: tuple[Tensor, ...], transform: str, retain: bool
) -> tuple[Tensor, ...]:
    """Gradients of an output; recorded if anything but ``starts`` could ask for more."""
    seed = output._seed(transform, cotangent)
    if output.node is None or not output.requires_grad:
        return tuple(_zeros(start) for start in starts)
    targets = [start.node for start in starts]
    outer = get_context().recording and (seed.requires_grad or _depends_elsewhere(output, starts))
    found = _gradients([(output.node, seed)], targets, starts, outer, outer or retain)  # type: ignore[arg-type]  # starts have nodes
    return found if outer else tuple(g.detach() for g in found)


def _places(argnums: int | Sequence[int], count: int, transform: str) -> tuple[int, ...]:
    wanted = argnums if isinstance(argnums, tuple | list) else (argnums,)
    for place in wanted:
        if not isinstance(place, int | np.integer) or isinstance(place, bool):
            raise DTypeError(f"{transform}: argnums must be integers, got {place!r}")
        if not -count <= place < count:
            raise ArgumentError(
                f"{transform}: argnums asks for argument {place}, but the function was called with "
                f"{count} positional argument{'' if count == 1 else 's'}"
            )
    normal = tuple(int(place) % count for place in wanted)
    if len(set(normal)) != len(normal) or not normal:
        raise ArgumentError(f"{transform}: argnums must name at least one argument, none twice")
    return normal


def _check_output(output: Any, transform: str) -> Tensor:
    if not isinstance(output, Tensor):
        raise DTypeError(
            f"{transform}: the function returned a {type(output).__name__}; it must return a Tensor"
        )
    return output


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0
) -> Callable[..., tuple[Tensor, Any]]:
    """Return a function that gives the value of ``function`` and its gradient.

    Args:
        function: returns a one-element tensor. It is run once per call.
        argnums: the positional argument, or arguments, to differentiate with respect to. They may
            be tensors, arrays or floats.

    Returns:
        A function of the same arguments returning (value, gradient); for several ``argnums`` the
        gradient is a tuple. An argument the value does not depend on has gradient zero.

    >>> value, slope = tg.value_and_grad(lambda x: x * x)(3.0)
    >>> slope
    Tensor(6., shape=(), dtype=float32)
    """
    if not callable(function):
        raise DTypeError(f"value_and_grad: expected a function, got a {type(function).__name__}")

    @functools.wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> tuple[Tensor, Any]:
        places = _places(argnums, len(args), "grad")
        output, starts = _run(function, args, kwargs, places, "grad")
        value = _check_output(output, "grad")
        if value.size != 1:
            raise ShapeError(
                f"grad: the function returned shape {value.shape}; a gradient is taken of one "
                "element, so reduce it, for example with .sum(), or use vjp"
            )
        found = _pull_back(value, None, starts, "grad", retain=False)
        outer = any(g.requires_grad for g in found)
        result = value if outer or _depends_elsewhere(value, starts) else value.detach()
        return result, found if isinstance(argnums, tuple | list) else found[0]

    return evaluate


def _depends_elsewhere(value: Tensor, starts: tuple[Tensor, ...]) -> bool:
    """Whether a value has a history beyond the arguments of its transform."""
    if not get_context().recording or value.node is None:
        return False
    ours = {start.node for start in starts}
    return any(
        node.__class__ is Leaf and node.requires_grad and node not in ours
        for node in order([value.node])
    )


def grad(function: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the gradient of a function as a function; see ``value_and_grad``.

    >>> tg.grad(tg.grad(lambda x: x * x * x))(2.0)
    Tensor(12., shape=(), dtype=float32)
    """
    evaluate = value_and_grad(function, argnums)

    @functools.wraps(function)
    def slope(*args: Any, **kwargs: Any) -> Any:
        return evaluate(*args, **kwargs)[1]

    return slope


def vjp(
    function: Callable[..., Any], *args: Any
) -> tuple[Tensor, Callable[[Any], tuple[Tensor, ...]]]:
    """Value of a function, and the function that carries a cotangent back to its arguments.

    Args:
        function: returns a tensor of any shape.
        args: tensors, arrays or floats.

    Returns:
        (value, pull): ``pull(cotangent)`` takes a cotangent of the value's shape and gives one
        for each argument. It can be called again and again.

    >>> value, pull = tg.vjp(lambda x: x * x, [1.0, 2.0])
    >>> pull([1.0, 10.0])
    (Tensor([ 2., 40.], shape=(2,), dtype=float32),)
    """
    if not callable(function):
        raise DTypeError(f"vjp: expected a function, got a {type(function).__name__}")
    if not args:
        raise ArgumentError("vjp: give at least one argument to differentiate with respect to")
    output, starts = _run(function, args, {}, tuple(range(len(args))), "vjp")
    value = _check_output(output, "vjp")

    def pull(cotangent: Any) -> tuple[Tensor, ...]:
        return _pull_back(value, cotangent, starts, "vjp", retain=True)

    return (value if _depends_elsewhere(value, starts) else value.detach()), pull
