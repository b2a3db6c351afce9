"""Cards and the engine: what one operation is, and ``apply``, which runs and records it.

A card (``Primitive``) holds everything about one operation: the forward function, one named
pullback per argument, notation. Functions on a card are arithmetic on a namespace ``xp``, so the
same text is read by whoever passes one: a backend (values), the operation table (gradients that are
recorded themselves), symbols (Python and LaTeX text), a tracer (a program)::

    @primitive("elementwise", python="tanh({x})", latex=r"\\tanh\\left({x}\\right)")
    def tanh(xp, x):
        return xp.tanh(x)

    @tanh.pullback("x")
    def tanh_pull_x(xp, g, y):
        return g * (1 - y * y)

A pullback names what it reads: ``g`` the cotangent, ``y`` the result, any argument or parameter by
its name, ``x_like`` for the shape and dtype of argument ``x`` alone, ``position`` for the place
within a sequence argument. A node saves just what the rules it may need have named.

Array arguments are those annotated ``Array`` or ``Sequence[Array]`` (or, without annotation, those
without a default); every other argument is a Python-valued parameter.

This module stands on ``graph``, ``context``, ``backend`` and ``errors``. The class of handles announces itself
with ``handle_class``: the engine makes tensors without knowing what methods they have. Read
``autodiff`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast

import numpy as np

from .backend import Array, Backend, Namespace
from .context import Context, DType, common_dtype, current_backend, get_context
from .errors import ArgumentError, BackendMismatch, DTypeError, describe, explain, join_words
from .graph import Leaf, Literal, Node, Output, Source, next_sequence

if TYPE_CHECKING:
    import inspect

    from .tensor import Tensor

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])
SCALARS = (bool, int, float, complex)

#: The operation table: name to public function. ``ops`` fills it on import; operators, methods and
#: recorded gradients look operations up here.
operations: dict[str, Callable[..., Any]] = {}

#: Every card by name, whether or not users call it by that name.
primitives: dict[str, Primitive[...]] = {}

#: The operation table as a namespace for rules: reading a rule with it records what the rule does.
recorded = Namespace(operations)


# Cards -----------------------------------------------------------------------------------------


class Kind:
    """What the operations of one kind share; the engine does it once for all of them.

    Attributes:
        name: such as ``"elementwise"``.
        broadcasts: gradients are summed over the axes along which an argument was broadcast.
        promotes: array arguments meet in one dtype before the forward function runs.
        hint: what to do when the arguments do not fit.
    """

    def __init__(self, name: str, *, broadcasts: bool, promotes: bool, hint: str) -> None:
        self.name = name
        self.broadcasts = broadcasts
        self.promotes = promotes
        self.hint = hint


_ALIGN = (
    "Shapes are aligned from the last axis, and there each pair of lengths must be equal or "
    "contain a 1; reshape one of the arguments."
)
KINDS = {
    kind.name: kind
    for kind in (
        Kind("elementwise", broadcasts=True, promotes=True, hint=_ALIGN),
        Kind("reduction", broadcasts=False, promotes=True, hint="Check the axis."),
        Kind("arrangement", broadcasts=False, promotes=True, hint="Check the shape and the axes."),
        Kind("indexing", broadcasts=False, promotes=False, hint="Check the index and the shape."),
        Kind(
            "contraction",
            broadcasts=False,
            promotes=True,
            hint="The last axis of the first must be as long as the axis of the second that it "
            "is summed with.",
        ),
        Kind("loss", broadcasts=False, promotes=True, hint="Check the shapes."),
        Kind("creation", broadcasts=False, promotes=False, hint="Check the shape."),
        Kind("random", broadcasts=False, promotes=False, hint="Check the shape and the dtype."),
        Kind("update", broadcasts=False, promotes=False, hint="Check the shapes."),
    )
}

Notation = str | Callable[..., str]


class Pullback:
    """One derivative rule: the function, the argument it serves, and the names it reads."""

    def __init__(self, function: Callable[..., Array], argument: int, owner: Primitive[...]) -> None:
        code = function.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        self.function = function
        self.name = function.__name__
        self.argument = argument
        self.parameters = tuple(name for name in names if name in owner.parameters)
        self.reads = tuple(name for name in names[1:] if name not in owner.parameters)
        known = {"g", "y", "y_like", "position", *owner.arguments}
        known |= {f"{argument}_like" for argument in owner.arguments}
        unknown = [name for name in self.reads if name not in known]
        if names[:1] != ("xp",) or unknown:
            raise ArgumentError(
                f"{self.name}: a pullback of {owner.name} takes xp first and may then read "
                f"{join_words(sorted(known | set(owner.parameters)))}; it names "
                f"{join_words([*names])}"
            )


class Rule:
    """A pullback placed in a plan: where among the values of a node its operands are found."""

    __slots__ = ("function", "name", "parameters", "select", "slot", "takes_position")

    def __init__(self, pullback: Pullback, slot: int, places: dict[str, int]) -> None:
        self.function = pullback.function
        self.name = pullback.name
        self.parameters = pullback.parameters
        self.slot = slot
        self.takes_position = "position" in pullback.reads
        reads = [places[name] for name in pullback.reads if name != "position"]
        # With the node's own place as a sentinel, itemgetter always gives a tuple.
        self.select: Callable[[tuple[Any, ...]], tuple[Any, ...]] = itemgetter(0, *reads, 2)


class Plan:
    """What one pattern of needed gradients means for a primitive; made once per pattern.

    The values that rules select from are ``(xp, g, node, *saved, *inputs by argument)``.

    Attributes:
        rules: one per needed input, in the order of inputs.
        save: picks from ``(*operands, result)`` what the rules read, as a tuple.
        sources: for each saved value the index of its argument, or -1 for the result.
        grouped: the place of the sequence argument and the number of its items, or None.
    """

    __slots__ = ("grouped", "primitive", "rules", "save", "sources")

    def __init__(self, primitive: Primitive[...], needs: Sequence[bool]) -> None:
        self.primitive = primitive
        self.grouped: tuple[int, int] | None = None
        owners = list(range(len(primitive.arguments)))
        if primitive.sequence is not None:
            count = len(needs) - len(owners) + 1
            self.grouped = (primitive.sequence, count)
            owners[primitive.sequence : primitive.sequence + 1] = [primitive.sequence] * count
        served = [
            (slot, primitive.pullbacks[primitive.arguments[owner]])
            for slot, owner in enumerate(owners)
            if needs[slot] and primitive.arguments[owner] in primitive.pullbacks
        ]
        read = {name for _, pullback in served for name in pullback.reads}
        names = [*primitive.arguments, "y"]
        self.sources = tuple(
            index if name != "y" else -1 for index, name in enumerate(names) if name in read
        )
        picked = [len(names) - 1 if index == -1 else index for index in self.sources]
        self.save: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None = _picker(picked)
        places = {"g": 1, "y_like": 2}
        places |= {names[index]: 3 + place for place, index in enumerate(picked)}
        first = 3 + len(picked)
        places |= {f"{name}_like": first + i for i, name in enumerate(primitive.arguments)}
        self.rules = tuple(Rule(pullback, slot, places) for slot, pullback in served)

    def group(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give flattened items back their nesting: the sequence argument as one tuple."""
        if self.grouped is None:
            return items
        at, count = self.grouped
        return (*items[:at], items[at : at + count], *items[at + count :])


def _picker(places: list[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
    if not places:
        return None
    if len(places) == 1:
        return itemgetter(slice(places[0], places[0] + 1))
    return itemgetter(*places)


class Primitive(Generic[P]):
    """The card of one operation; calling it applies it to tensors, arrays and numbers.

    Attributes:
        name, kind: as given to the decorator.
        forward: the function ``(xp, *arrays, **parameters) -> array or tuple of arrays``.
        arguments: names of the array arguments, in order.
        parameters: names of the Python-valued ones, in order; ``defaults`` has their defaults.
        positional: names of what can be given by position, in order.
        sequence: index of the argument that is a sequence of arrays, or None.
        pullbacks: argument name to ``Pullback``.
        constant: arguments that have no derivative by nature (conditions, indices, labels).
        python, latex: notation, see ``primitive``; ``precedence`` says how tightly it binds.
    """

    def __init__(
        self, forward: Callable[..., Any], kind: Kind, options: dict[str, Any], names: Any
    ) -> None:
        self.forward = forward
        self.kind = kind
        self.name: str = forward.__name__
        self.arguments, self.parameters, self.defaults, self.sequence, self.positional = names
        self.pullbacks: dict[str, Pullback] = {}
        self.constant: tuple[str, ...] = options["constant"]
        self.python: Notation = options["python"]
        self.latex: Notation = options["latex"]
        self.precedence: str = options["precedence"]
        self.floating: bool = options["floating"]
        self.host: bool = options["host"]
        self.promoted = tuple(
            kind.promotes and name not in options["apart"] for name in self.arguments
        )
        self.lifted = tuple(
            name in options["lifted"] or len(self.arguments) == 1 for name in self.arguments
        )
        self.plans: dict[Any, Plan | None] = {}
        self.__name__ = self.__qualname__ = self.name
        self.__module__ = forward.__module__
        self.__doc__ = forward.__doc__
        self.__wrapped__ = forward

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    @property
    def __signature__(self) -> inspect.Signature:
        import inspect  # here: the module costs milliseconds that an import should not

        signature = inspect.signature(self.forward)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def pullback(self, *arguments: str) -> Callable[[F], F]:
        """Decorator: the function below gives the cotangent of each of these arguments."""

        def register(function: F) -> F:
            for argument in arguments:
                if argument not in self.arguments:
                    raise ArgumentError(
                        f"{self.name}: no array argument {argument!r}; it has "
                        f"{join_words(self.arguments)}"
                    )
                index = self.arguments.index(argument)
                self.pullbacks[argument] = Pullback(function, index, self)
            self.plans.clear()
            return function

        return register

    def plan(self, key: Any, needs: Sequence[bool]) -> Plan | None:
        """Return the plan for a pattern of needed inputs; None if no rule would be read."""
        plan = Plan(self, needs)
        self.plans[key] = plan if plan.rules else None
        return self.plans[key]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        if not self.parameters and not kwargs and self.sequence is None:
            if len(args) == 1 == len(self.arguments):
                return apply1(self, args[0])
            if len(args) == 2 == len(self.arguments):
                return apply2(self, args[0], args[1])
        return cast("Tensor", apply(self, *self.bind(args, kwargs)))

    def bind(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Sort the arguments of a call into operands and parameters."""
        given = self.defaults | dict(zip(self.positional, args, strict=False)) | kwargs
        expected = len(self.arguments) + len(self.parameters)
        twice = any(name in kwargs for name in self.positional[: len(args)])
        if len(given) != expected or len(args) > len(self.positional) or twice:
            try:
                self.__signature__.bind(*args, **kwargs)
            except TypeError as error:
                raise DTypeError(
                    f"{self.name}: {error}; call it as {self.name}{self.__signature__}"
                ) from error
        return (
            tuple(given[name] for name in self.arguments),
            {name: given[name] for name in self.parameters},
        )


def primitive(
    kind: str,
    *,
    python: Notation | None = None,
    latex: Notation | None = None,
    precedence: str = "call",
    constant: tuple[str, ...] = (),
    floating: bool = False,
    apart: tuple[str, ...] = (),
    lifted: tuple[str, ...] = (),
    host: bool = False,
    public: bool = True,
) -> Callable[[Callable[Concatenate[Any, P], Any]], Primitive[P]]:
    """Decorator: make the forward function below into a card and enter it into the tables.

    Args:
        kind: one of ``KINDS``.
        python, latex: notation as a template over the names of arguments and parameters,
            ``"{x1:sum} + {x2:product}"``: after the colon stands how tightly an operand must bind
            to go without brackets. Or a function of the same names that returns such a template.
        precedence: how tightly the notation itself binds: ``"call"``, ``"power"``, ``"unary"``,
            ``"product"``, ``"sum"``, ``"comparison"``.
        constant: arguments without a derivative.
        floating: integers are cast to the default dtype first.
        apart: arguments that keep a dtype of their own where the others meet in one.
        lifted: arguments that the forward function needs as arrays even where a number is given.
        host: array arguments are host bookkeeping and the result goes to the current backend.
        public: whether the card itself goes into the operation table under its name.
    """

    def make(forward: Callable[Concatenate[Any, P], Any]) -> Primitive[P]:
        names = _signature(forward)
        call = f"{forward.__name__}({', '.join('{' + name + '}' for name in names[0] + names[1])})"
        upright = call.replace(
            forward.__name__, r"\operatorname{{" + forward.__name__.replace("_", r"\_") + "}}", 1
        )
        options = {
            "python": call if python is None else python,
            "latex": upright if latex is None else latex,
            "precedence": precedence,
            "constant": constant,
            "floating": floating,
            "apart": apart,
            "lifted": lifted,
            "host": host,
        }
        card: Primitive[P] = Primitive(forward, KINDS[kind], options, names)
        primitives[card.name] = card
        if public:
            operations[card.name] = card
        return card

    return make


def operation(function: F) -> F:
    """Decorator: enter a plain public function, one that prepares a card's arguments."""
    operations[function.__name__] = function
    return function


def _signature(forward: Any) -> Any:
    """Read array arguments, parameters, defaults and the sequence argument off a function."""
    code = forward.__code__
    positional = code.co_varnames[1 : code.co_argcount]
    keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    values = forward.__defaults__ or ()
    defaults = dict(zip(positional[len(positional) - len(values) :], values, strict=True))
    defaults |= forward.__kwdefaults__ or {}
    annotations = {name: str(a) for name, a in forward.__annotations__.items()}
    arguments, sequence = [], None
    for name in positional:
        said = annotations.get(name)
        if said == "Sequence[Array]":
            sequence = len(arguments)
        if said in ("Array", "Any", "typing.Any", "Sequence[Array]") or (
            said is None and name not in defaults
        ):
            arguments.append(name)
    taken = {"g", "y", "xp", "position"} & set(arguments)
    if taken:
        raise ArgumentError(
            f"{forward.__name__}: an array argument cannot be called {join_words(sorted(taken))}; "
            "rules use that name for something else"
        )
    parameters = tuple(name for name in (*positional, *keywords) if name not in arguments)
    return tuple(arguments), parameters, defaults, sequence, positional


# Applying --------------------------------------------------------------------------------------

Handle: type[Tensor]
_new = object.__new__


def handle_class(cls: type[Tensor]) -> type[Tensor]:
    """Class decorator: results of ``apply`` are of this class."""
    global Handle
    Handle = cls
    return cls


def make_tensor(data: Array, backend: Backend, node: Source | None = None) -> Tensor:
    """Wrap an array that nobody will write into, without copying or checking it."""
    tensor = _new(Handle)
    tensor._data = data
    tensor._backend = backend
    tensor.node = node  # type: ignore[assignment]  # never a Literal: those are not tensors
    tensor._grad = None
    tensor.name = None
    return tensor


def apply1(primitive: Primitive[...], a: Any) -> Tensor:
    """``apply`` for one operand and no parameters; the common case runs without detours."""
    context = get_context()
    if a.__class__ is Handle and context.eager:
        x = a._data
        backend = a._backend
        if not (primitive.floating and x.dtype.kind in "iub"):
            try:
                out = primitive.forward(backend.xp, x)
            except Exception as error:
                raise _explained(error, primitive, (a,), {})
            if out.__class__ is not backend.array_type:
                out = backend.asarray(out)
            result = _new(Handle)
            result._data = out
            result._backend = backend
            result._grad = None
            result.name = None
            source = a.node
            if context.recording and source is not None and source.requires_grad:
                try:
                    plan = primitive.plans[1]
                except KeyError:
                    plan = primitive.plan(1, (True,))
                if plan is not None:
                    result.node = node = _new(Node)
                    node.plan = plan
                    node.inputs = (source,)
                    node.saved = plan.save((x, out)) if plan.save is not None else ()
                    node.parameters = primitive.defaults
                    node.shape = out.shape
                    node.dtype = out.dtype
                    node.sequence = next_sequence()
                    node.watch = None
                    return result
            result.node = None
            return result
    return cast("Tensor", apply(primitive, (a,), primitive.defaults))


def apply2(primitive: Primitive[...], a: Any, b: Any) -> Tensor:
    """``apply`` for two operands and no parameters; the common case runs without detours."""
    context = get_context()
    if b.__class__ is Handle and a.__class__ is Handle and context.eager:
        x1 = a._data
        x2 = b._data
        backend = a._backend
        dtype = x1.dtype
        if (
            backend is b._backend
            and dtype is x2.dtype
            and not (primitive.floating and dtype.kind in "iub")
        ):
            try:
                out = primitive.forward(backend.xp, x1, x2)
            except Exception as error:
                raise _explained(error, primitive, (a, b), {})
            if out.__class__ is not backend.array_type:
                out = backend.asarray(out)
            result = _new(Handle)
            result._data = out
            result._backend = backend
            result._grad = None
            result.name = None
            if context.recording:
                first = a.node
                second = b.node
                needed = first is not None and first.requires_grad
                if second is not None and second.requires_grad:
                    needed += 2
                if needed:
                    try:
                        plan = primitive.plans[needed]
                    except KeyError:
                        plan = primitive.plan(needed, (bool(needed & 1), needed > 1))
                    if plan is not None:
                        result.node = node = _new(Node)
                        node.plan = plan
                        node.inputs = (first or Leaf(a), second or Leaf(b))
                        node.saved = plan.save((x1, x2, out)) if plan.save is not None else ()
                        node.parameters = primitive.defaults
                        node.shape = out.shape
                        node.dtype = out.dtype
                        node.sequence = next_sequence()
                        node.watch = None
                        return result
            result.node = None
            return result
    return cast("Tensor", apply(primitive, (a, b), primitive.defaults))


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
    backend = _common_backend(primitive, operands, owners, context)
    operands = tuple(
        _as_operand(primitive, owner, operand, backend)
        for owner, operand in zip(owners, operands, strict=True)
    )
    xp, values = _values(primitive, operands, owners, backend, context)
    grouped = values
    if at is not None:
        grouped = (*values[:at], values[at : at + len(items)], *values[at + len(items) :])
    try:
        out = primitive.forward(xp, *grouped, **parameters)
    except Exception as error:
        raise _explained(error, primitive, operands, parameters)
    many = out if out.__class__ is tuple else (out,)
    if context.eager:
        many = tuple(o if o.__class__ is backend.array_type else backend.asarray(o) for o in many)
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
    node.shape, node.dtype = tuple(o.shape for o in many), tuple(o.dtype for o in many)  # type: ignore[assignment]  # see Output
    return tuple(make_tensor(o, backend, Output(node, i)) for i, o in enumerate(many))


def update(primitive: Primitive[...], target: Tensor, operands: tuple[Tensor, ...]) -> None:
    """Rebind ``target.data`` to what an update primitive makes of it and the operands.

    Nothing is recorded, arrays that others hold are not written, and a tracer sees it all.
    """
    tracer = get_context().tracer
    if tracer is None:
        xp = target._backend.xp
        values = [operand._data for operand in operands]
        data = target._data
    else:
        xp = tracer.xp
        values = [tracer.lift(operand) for operand in operands]
        data = tracer.lift(target)
    try:
        out = primitive.forward(xp, data, *values)
    except Exception as error:
        raise _explained(error, primitive, (target, *operands), {})
    if tracer is not None:
        tracer.rebound(target)
    elif out.__class__ is not target._backend.array_type:
        out = target._backend.asarray(out)
    target._data = out


def _recorded(
    primitive: Primitive[...],
    operands: tuple[Any, ...],
    values: tuple[Any, ...],
    parameters: dict[str, Any],
) -> Node | None:
    needs = tuple(
        operand.__class__ not in SCALARS
        and operand.node is not None
        and operand.node.requires_grad
        for operand in operands
    )
    if True not in needs:
        return None
    try:
        plan = primitive.plans[needs]
    except KeyError:
        plan = primitive.plan(needs, needs)
    if plan is None:
        return None
    node = _new(Node)
    node.plan = plan
    node.inputs = tuple(
        Literal(operand) if operand.__class__ in SCALARS else operand.node or Leaf(operand)
        for operand in operands
    )
    node.saved = plan.save(values) if plan.save is not None else ()
    node.parameters = parameters
    node.sequence = next_sequence()
    node.watch = None
    return node


def _explained(
    error: Exception, primitive: Primitive[...], operands: Sequence[Any], parameters: dict[str, Any]
) -> Exception:
    arguments = list(primitive.arguments)
    if primitive.sequence is not None:
        at, count = primitive.sequence, len(operands) - len(arguments) + 1
        arguments[at : at + 1] = [f"{arguments[at]}[{i}]" for i in range(count)]
    pairs = zip(arguments, operands, strict=True)
    raised = explain(error, primitive.name, pairs, parameters, primitive.kind.hint)
    if raised is not error:
        raised.__cause__ = error
    return raised


def _items(primitive: Primitive[...], at: int, given: Any) -> tuple[Any, ...]:
    if isinstance(given, list | tuple):
        return tuple(given)
    raise DTypeError(
        f"{primitive.name}: {primitive.arguments[at]} must be a list or tuple of tensors, "
        f"not {describe(given)}"
    )


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
            elif operand._backend is not first[1]._backend:
                one = describe(first[1], primitive.arguments[first[0]])
                two = describe(operand, primitive.arguments[owner])
                raise BackendMismatch(
                    f"{primitive.name}: {one} is on backend {first[1]._backend.name!r} and {two} "
                    f"on {operand._backend.name!r}; make both on the same one, for example with "
                    f"Tensor(t.numpy(), backend={first[1]._backend.name!r})"
                )
    return current_backend() if first is None else first[1]._backend


def _as_operand(primitive: Primitive[...], owner: int, operand: Any, backend: Backend) -> Any:
    """A tensor as it is, a number as a Python number, anything array-like as a new tensor."""
    if isinstance(operand, Handle) or operand.__class__ in SCALARS:
        return operand
    if isinstance(operand, np.generic):
        return operand.item()
    try:
        return Handle(operand, backend=backend)
    except DTypeError as error:
        raise DTypeError(f"{primitive.name}: argument {primitive.arguments[owner]}: {error}") from error


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
    for place, owner in enumerate(owners):
        value = values[place]
        if value.__class__ in SCALARS:
            if primitive.lifted[owner] or not arrays:
                kind = dtype or _number_dtype(numbers, primitive.floating)
                values[place] = backend.asarray(value, kind)
        elif dtype is not None and primitive.promoted[owner] and value.dtype != dtype:
            values[place] = xp.astype(value, dtype)
    return xp, tuple(values)


def _number_dtype(numbers: Sequence[Any], floating: bool) -> DType:
    """The dtype in which Python numbers meet when there is no array among them."""
    return common_dtype([np.dtype(bool)], numbers, floating)
