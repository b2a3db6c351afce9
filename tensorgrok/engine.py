"""The engine: ``apply`` runs a primitive on tensors and records it where gradients are wanted.

``apply`` takes any number of operands, numbers and arrays among them, parameters, several results,
and the tracing mode. ``unary`` makes the fast path of one operand, ``operators`` that of two.

The class of handles announces itself with ``handle_class``, and cards enter themselves into the
tables here: the engine makes tensors and runs cards without knowing any of them. It stands on
``graph`` and ``context``; read ``operators`` and ``cards`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .backend import Array, Backend, Namespace, Space
from .context import Context, DType, common_dtype, current_backend, get_context
from .errors import BackendMismatch, DTypeError, describe, explain
from .graph import Leaf, Literal, Node, Output

if TYPE_CHECKING:
    from .cards import Primitive
    from .tensor import Tensor

SCALARS = (bool, int, float, complex)
PYTHON: dict[str, Any] = {"b": bool, "i": int, "u": int, "f": float, "c": complex}
NO_PARAMETERS: dict[str, Any] = {}

#: The operation table: name to public function. ``ops`` fills it on import; operators, methods and
#: recorded gradients look operations up here.
operations: dict[str, Callable[..., Any]] = {}

#: Every card by name, whether or not users call it by that name.
primitives: dict[str, Primitive[...]] = {}

#: The operation table as a namespace for rules: reading a rule with it records what the rule does.
recorded = Namespace(operations)

Handle: type[Tensor]
_new = object.__new__


def handle_class(cls: type[Tensor]) -> type[Tensor]:
    """Class decorator: results of ``apply`` are of this class."""
    global Handle
    Handle = cls
    return cls


def make_tensor(data: Array, backend: Backend, node: Node | Output | None = None) -> Tensor:
    """Wrap an array that nobody will write into, without copying or checking it."""
    return wrap(data, backend.space(data.dtype), node)


def wrap(data: Array, space: Space, node: Node | Output | None = None) -> Tensor:
    """``make_tensor`` for an array whose space is known."""
    tensor = _new(Handle)
    tensor._data = data
    tensor._space = space
    tensor.node = node
    tensor._needs = node is not None and node.requires_grad
    tensor._grad = None
    tensor.name = None
    return tensor


def unary(card: Primitive[...] | str) -> Callable[..., Tensor]:
    """Return the function that applies a card to one operand; a name is looked up at first use.

    The function takes the card's parameters as a second argument, a dictionary. The common case
    runs without detours: an eager tensor of a fitting dtype. All else is ``apply``.
    """
    found = None if isinstance(card, str) else card

    def operator(a: Any, parameters: dict[str, Any] = NO_PARAMETERS) -> Tensor:
        nonlocal found
        primitive = found
        if primitive is None:
            primitive = found = primitives[cast("str", card)]
        context = get_context()
        if type(a) is Handle and context.eager:
            space = a._space
            if space.inexact or not primitive.floating:
                x = a._data
                try:
                    if parameters:
                        out = primitive.forward(space.xp, x, **parameters)
                    else:
                        out = primitive.forward(space.xp, x)
                except Exception as error:
                    raise explained(error, primitive, (a,), parameters) from error
                try:
                    shape = out.shape
                except AttributeError:  # several results, or no array
                    return cast("Tensor", apply(primitive, (a,), parameters))
                if not shape and type(out) is not space.array_type:
                    out = space.backend.asarray(out)
                if not primitive.closed:
                    space = space.backend.space(out.dtype)
                result: Tensor = _new(Handle)
                result._data = out
                result._space = space
                result._grad = None
                result.name = None
                if a._needs and context.recording and space.inexact:
                    try:
                        plan = primitive.plans[1]
                    except KeyError:
                        plan = primitive.plan(1, (True,))
                    if plan is not None:
                        node = Node()
                        node.plan = plan
                        node.inputs = (a.node,)  # type: ignore[assignment]  # it has one
                        node.saved = plan.save((x, out)) if plan.save else ()
                        node.parameters = parameters
                        node.shape = shape
                        node.dtype = space.dtype
                        node.watch = None
                        result.node = node
                        result._needs = True
                        return result
                result.node = None
                result._needs = False
                return result
        return cast("Tensor", apply(primitive, (a,), parameters))

    return operator


def apply(primitive: Primitive[...], operands: tuple[Any, ...], parameters: dict[str, Any]) -> Any:
    """Run a primitive on tensors, arrays and numbers, and record it where gradients are wanted.

    Returns:
        A tensor, or a tuple of them where the forward function returns a tuple.

    Raises:
        BackendMismatch: the operands live on two backends.
        ShapeError, DTypeError, IndexingError: the operands do not fit, naming each of them.
    """
    context = get_context()
    owners: Sequence[int] = range(len(operands))
    at = primitive.sequence
    if at is not None:
        items = _items(primitive, at, operands[at])
        owners = [*range(at), *[at] * len(items), *range(at + 1, len(operands))]
        operands = (*operands[:at], *items, *operands[at + 1 :])
    given = operands
    backend, values = _at_hand(primitive, operands, owners) if context.eager else (None, ())
    if backend is None:
        backend = _common_backend(primitive, operands, owners, context)
        operands = tuple(
            _as_operand(primitive, owner, operand, backend)
            for owner, operand in zip(owners, operands, strict=True)
        )
        try:
            xp, values = _values(primitive, operands, owners, backend, context)
        except OverflowError as error:
            raise explained(error, primitive, operands, parameters, given) from error
    else:
        xp = backend.xp
    grouped = values
    if at is not None:
        grouped = (*values[:at], values[at : at + len(items)], *values[at + len(items) :])
    try:
        out = primitive.forward(xp, *grouped, **parameters)
    except Exception as error:
        raise explained(error, primitive, operands, parameters, given) from error
    many = out if out.__class__ is tuple else (out,)
    if context.eager and out.__class__ is not backend.array_type:
        many = tuple(
            o if o.__class__ is backend.array_type else _as_result(primitive, o, backend)
            for o in many
        )
        out = many if out.__class__ is tuple else many[0]
    node = None
    if context.recording and many and many[0].dtype.kind in "fc":
        node = _recorded(primitive, operands, (*grouped, out), parameters)
    if out.__class__ is not tuple:
        if node is not None:
            node.shape, node.dtype = out.shape, out.dtype
        return make_tensor(out, backend, node)
    if node is None:
        return tuple(make_tensor(o, backend) for o in many)
    node.shape, node.dtype = tuple(o.shape for o in many), tuple(o.dtype for o in many)
    return tuple(make_tensor(o, backend, Output(node, i)) for i, o in enumerate(many))


def _as_result(primitive: Primitive[...], out: Any, backend: Backend) -> Array:
    """What a forward function returned, if it is a number rather than an array."""
    array = backend.asarray(out)
    if array.dtype.kind not in "biufc":
        raise DTypeError(
            f"{primitive.title}: the forward function must return an array, or a tuple of them, "
            f"not {describe(out)}"
        )
    return array


def _recorded(
    primitive: Primitive[...],
    operands: tuple[Any, ...],
    values: tuple[Any, ...],
    parameters: dict[str, Any],
) -> Node | None:
    needs = tuple([type(operand) not in SCALARS and operand._needs for operand in operands])
    if True not in needs:
        return None
    try:
        plan = primitive.plans[needs]
    except KeyError:
        plan = primitive.plan(needs, needs)
    if plan is None:
        return None
    node = Node()
    node.plan = plan
    node.inputs = tuple(
        [
            Literal(operand) if operand.__class__ in SCALARS else operand.node or Leaf(operand)
            for operand in operands
        ]
    )
    node.saved = plan.save(values) if plan.save is not None else ()
    node.parameters = parameters
    node.watch = None
    return node


def explained(
    error: Exception,
    primitive: Primitive[...],
    operands: Sequence[Any],
    parameters: dict[str, Any],
    given: Sequence[Any] | None = None,
) -> Exception:
    """The error to raise for one that came out of a forward function.

    ``given`` are the operands as the caller wrote them, by which their names are found.
    """
    arguments = list(primitive.arguments)
    if primitive.sequence is not None:
        at, count = primitive.sequence, len(operands) - len(arguments) + 1
        arguments[at : at + 1] = [f"{arguments[at]}[{i}]" for i in range(count)]
    seen = [
        describe(operand, argument, original)
        for argument, operand, original in zip(arguments, operands, given or operands, strict=True)
    ]
    raised = explain(error, primitive.title, seen, parameters, primitive.kind.hint)
    if raised is error:  # it says enough, and an error is not its own cause
        raise error
    return raised


def _items(primitive: Primitive[...], at: int, given: Any) -> tuple[Any, ...]:
    if isinstance(given, list | tuple):
        return tuple(given)
    raise DTypeError(
        f"{primitive.title}: {primitive.arguments[at]} must be a list or tuple of tensors, "
        f"not {describe(given)}"
    )


def _at_hand(
    primitive: Primitive[...], operands: tuple[Any, ...], owners: Sequence[int]
) -> tuple[Backend | None, tuple[Any, ...]]:
    """Backend and values of operands that meet as they are, or no backend if some do not."""
    backend = meeting = None
    numbers = primitive.floating
    values = []
    for owner, operand in zip(owners, operands, strict=True):
        if type(operand) is Handle:
            space = operand._space
            values.append(operand._data)
            if primitive.promoted[owner]:
                if space is not (meeting or space):
                    return None, ()
                meeting = space
            if space.backend is not (backend or space.backend):
                return None, ()
            backend = space.backend
        elif type(operand) in (float, int) and not primitive.lifted[owner]:
            values.append(operand)
            numbers = True
        else:
            return None, ()
    if primitive.host or (numbers and not (meeting and meeting.inexact)):
        return None, ()
    return backend, tuple(values)


def _common_backend(
    primitive: Primitive[...], operands: tuple[Any, ...], owners: Sequence[int], context: Context
) -> Backend:
    """The one backend of all tensors among the operands, or the current one if there is none."""
    if primitive.host:
        return current_backend()
    first = None
    for owner, operand in zip(owners, operands, strict=True):
        if isinstance(operand, Handle):
            if first is None:
                first = (owner, operand)
            elif operand.backend is not first[1].backend:
                one = describe(first[1], primitive.arguments[first[0]])
                two = describe(operand, primitive.arguments[owner])
                raise BackendMismatch(
                    f"{primitive.title}: {one} is on backend {first[1].backend.name!r} and {two} "
                    f"on {operand.backend.name!r}; bring one to the other, for example with "
                    f".to({first[1].backend.name!r})"
                )
    return current_backend() if first is None else first[1].backend


def _as_operand(primitive: Primitive[...], owner: int, operand: Any, backend: Backend) -> Any:
    """A tensor as it is, a number as a Python number, anything array-like as a new tensor."""
    if isinstance(operand, Handle) or operand.__class__ in SCALARS:
        return operand
    if isinstance(operand, np.generic) and operand.dtype.kind in "biufc":
        number = operand.item()  # which for the widest floats is no Python number yet
        return number if number.__class__ in SCALARS else PYTHON[operand.dtype.kind](number)
    try:
        return Handle(operand, backend=backend)
    except DTypeError as error:
        raise DTypeError(
            f"{primitive.title}: argument {primitive.arguments[owner]}: {error}"
        ) from error


def _values(
    primitive: Primitive[...],
    operands: tuple[Any, ...],
    owners: Sequence[int],
    backend: Backend,
    context: Context,
) -> tuple[Namespace, tuple[Any, ...]]:
    """The operands as values for the forward function, in one dtype where the card says so."""
    tracer = context.tracer
    xp = backend.xp if tracer is None else tracer.xp
    meeting = []
    values: list[Any] = []
    for owner, operand in zip(owners, operands, strict=True):
        number = operand.__class__ in SCALARS
        values.append(operand if number else tracer.lift(operand) if tracer else operand._data)
        if primitive.promoted[owner] and not number:
            meeting.append(values[-1].dtype)
    arrays = any(operand.__class__ not in SCALARS for operand in operands)
    numbers = [operand for operand in operands if operand.__class__ in SCALARS]
    dtype = None
    if meeting:
        dtype = common_dtype(meeting, numbers, primitive.floating)
        if primitive.exact and dtype.kind in "fc" and any(d.kind in "iu" for d in meeting):
            dtype = np.result_type(dtype, np.float64)  # or 2**24 and 2**24 + 1 would be equal
    alone = numbers and not meeting  # no array says in which dtype the numbers are meant
    for place, owner in enumerate(owners):
        value = values[place]
        if value.__class__ in SCALARS:
            if primitive.lifted[owner] or (alone and (primitive.promoted[owner] or not arrays)):
                kind = dtype or _number_dtype(numbers, primitive.floating)
                values[place] = backend.asarray(value, kind)
        elif dtype is not None and primitive.promoted[owner] and value.dtype != dtype:
            values[place] = xp.astype(value, dtype)
    return xp, tuple(values)


def _number_dtype(numbers: Sequence[Any], floating: bool) -> DType:
    """The dtype in which Python numbers meet when there is no array among them."""
    return common_dtype([np.dtype(bool)], numbers, floating)
