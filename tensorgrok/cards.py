r"""Cards: what one operation is.

A card (``Primitive``) holds everything about one operation: the forward function, one named
pullback per argument, notation. Functions on a card are arithmetic on a namespace ``xp``, so the
same text is read by whoever passes one: a backend (values), the operation table (gradients that are
recorded themselves), symbols (Python and LaTeX text), a tracer (a program)::

    @primitive("elementwise", python="tanh({x})", latex=r"\tanh\left({x}\right)")
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

This module stands on ``engine``, which applies cards, and ``plans``; read ``autodiff`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar, cast

from .engine import apply, operations, primitives, unary
from .errors import ArgumentError, DTypeError, join_words
from .operators import HELD, compile_binary, compile_bind, frozen, single_operator
from .plans import Plan, Pullback

if TYPE_CHECKING:
    import inspect

    from .tensor import Tensor

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


class Kind(NamedTuple):
    """What the operations of one kind share; the engine does it once for all of them.

    Attributes:
        name: such as ``"elementwise"``.
        broadcasts: gradients are summed over the axes along which an argument was broadcast.
        promotes: array arguments meet in one dtype before the forward function runs.
        hint: what to do when the arguments do not fit.
    """

    name: str
    broadcasts: bool
    promotes: bool
    hint: str


_ALIGN = (
    "Shapes are aligned from the last axis, and there each pair of lengths must be equal or "
    "contain a 1; reshape one of the arguments."
)
_SUMMED = "Axes that are summed with each other must be equally long."
_SHAPE = "Check the shape."
KINDS = {
    kind.name: kind
    for kind in (
        Kind("elementwise", True, True, _ALIGN),
        Kind("reduction", False, True, "Check the axis."),
        Kind("arrangement", False, True, "Check the shape and the axes."),
        Kind("indexing", False, False, "Check the index and the shape."),
        Kind("contraction", False, True, _SUMMED),
        Kind("loss", False, True, _SHAPE),
        Kind("creation", False, False, _SHAPE),
        Kind("random", False, False, _SHAPE),
        Kind("update", False, False, _SHAPE),
    )
}

Notation = str | Callable[..., str]


class Primitive(Generic[P]):
    """The card of one operation; calling it applies it to tensors, arrays and numbers.

    Args:
        forward: the function ``(xp, *arrays, **parameters) -> array or tuple of arrays``.
        kind: what it shares with others.
        python, latex: notation as a template over the names of arguments and parameters,
            ``"{x1:sum} + {x2:product}"``: after the colon stands how tightly an operand must bind
            to go without brackets. Or a function of the same names that returns such a template.
            ``notation`` has the levels of both languages.
        precedence: how tightly the algebra binds: ``"call"``, ``"power"``, ``"product"`` (side by
            side), ``"hadamard"`` (element by element), ``"operator"`` (a sum over an axis),
            ``"unary"``, ``"sum"``, ``"comparison"``. That of Python is read off its template.
        constant: arguments that have no derivative by nature (conditions, indices, labels).
        floating: integers are cast to the default dtype first.
        closed: the result has the dtype that the operands meet in, whichever that is.
        exact: integers meet floats in double precision, which tells nearly all of them apart.
        apart: arguments that keep a dtype of their own where the others meet in one.
        lifted: arguments that the forward function needs as arrays even where a number is given.
        host: array arguments are host bookkeeping and the result goes to the current backend.
        title: what errors call it, where users know it by another name.

    Attributes:
        arguments: names of the array arguments, in order.
        parameters: names of the Python-valued ones, in order; ``defaults`` has their defaults.
        positional, keywords: names of what can be given by position, and only by name, in order.
        bind: function of the card's signature that returns the operands and the parameters.
        operator: the built-in operator that ``forward`` comes down to, or None.
        sequence: index of the argument that is a sequence of arrays, or None.
        pullbacks: argument name to ``Pullback``.
        thrifty: of some updates, another way to the same bits for large arrays; see ``updating``.
        plans: what patterns of needed gradients mean, by pattern.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        kind: Kind,
        *,
        python: Notation | None = None,
        latex: Notation | None = None,
        precedence: str = "call",
        constant: tuple[str, ...] = (),
        floating: bool = False,
        closed: bool = False,
        exact: bool = False,
        apart: tuple[str, ...] = (),
        lifted: tuple[str, ...] = (),
        host: bool = False,
        title: str | None = None,
    ) -> None:
        self._read_signature(forward)
        self.forward, self.kind, self.name = forward, kind, forward.__name__
        fields = ", ".join("{" + name + "}" for name in self.arguments + self.parameters)
        upright = self.name.replace("_", r"\_")
        self.python = python or f"{self.name}({fields})"
        self.latex = latex or rf"\operatorname{{{{{upright}}}}}\left({fields}\right)"
        self.precedence, self.constant, self.title = precedence, constant, title or self.name
        self.floating, self.closed, self.exact, self.host = floating, closed, exact, host
        self.promoted = tuple(kind.promotes and name not in apart for name in self.arguments)
        self.lifted = tuple(n in lifted or len(self.arguments) == 1 for n in self.arguments)
        self.operator = single_operator(forward)
        self.pullbacks: dict[str, Pullback] = {}
        self.thrifty: Callable[..., Any] | None = None
        self.plans: dict[Any, Plan | None] = {}
        # Cards of one operand, and of two without parameters, have a fast path to one result.
        several = str(forward.__annotations__.get("return")).startswith("tuple")
        count = -1 if several or host or self.sequence is not None else len(self.arguments)
        self._single = unary(self) if count == 1 else None
        self._plain: Callable[..., Tensor] = self._single or self._compile
        self.bind: Callable[..., tuple[tuple[Any, ...], dict[str, Any]]] = self._compile_bind
        self._plain_count = count if count in (1, 2) and not self.parameters else -1
        self.__name__ = self.__qualname__ = self.name
        self.__module__, self.__doc__, self.__wrapped__ = (
            forward.__module__,
            forward.__doc__,
            forward,
        )

    def _compile(self, a: Any, b: Any) -> Tensor:
        """The fast path of two operands, the first time."""
        self._plain = compile_binary(self)
        return self._plain(a, b)

    def _read_signature(self, forward: Any) -> None:
        """Read array arguments, parameters, defaults and the sequence argument off a function."""
        code = forward.__code__
        self.positional: tuple[str, ...] = code.co_varnames[1 : code.co_argcount]
        last = code.co_argcount + code.co_kwonlyargcount
        self.keywords: tuple[str, ...] = code.co_varnames[code.co_argcount : last]
        values = forward.__defaults__ or ()
        named = zip(self.positional[len(self.positional) - len(values) :], values, strict=True)
        self.defaults: dict[str, Any] = dict(named) | (forward.__kwdefaults__ or {})
        said = {name: str(forward.__annotations__.get(name)) for name in self.positional}
        self.arguments = tuple(
            name
            for name in self.positional
            if said[name] in ("Array", "Any", "typing.Any", "Sequence[Array]")
            or (said[name] == "None" and name not in self.defaults)
        )
        sequences = [i for i, n in enumerate(self.arguments) if said[n] == "Sequence[Array]"]
        self.sequence: int | None = sequences[0] if sequences else None
        taken = {"g", "y", "xp", "position"} & set(self.arguments)
        if taken:
            raise ArgumentError(
                f"{forward.__name__}: an array argument cannot be called "
                f"{join_words(sorted(taken))}; rules use that name for something else"
            )
        names = self.positional + self.keywords
        self.parameters = tuple(name for name in names if name not in self.arguments)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __get__(self, owner: Any, kind: Any = None) -> Primitive[P]:
        return self  # as functions have this method, ``help`` shows a card like one

    @property
    def __signature__(self) -> inspect.Signature:
        import inspect  # here: the module costs milliseconds that an import should not

        signature = inspect.signature(self.forward)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def pullback(self, *arguments: str) -> Callable[[F], F]:
        """Decorator: the function below gives the cotangent of each of these arguments."""
        if not arguments or not set(arguments) <= set(self.arguments):
            raise ArgumentError(
                f"{self.name}.pullback: name one or more of {join_words(self.arguments)}, "
                f"not {join_words([repr(argument) for argument in arguments]) or 'none'}"
            )

        def register(function: F) -> F:
            for argument in arguments:
                index = self.arguments.index(argument)
                self.pullbacks[argument] = Pullback(function, index, self)
            self.plans.clear()
            return function

        return register

    def plan(self, key: Any, needs: Sequence[bool]) -> Plan | None:
        """Make the plan for a pattern of needed inputs; None if no rule would be read."""
        plan = Plan(self, needs)
        self.plans[key] = plan if plan.rules else None
        return self.plans[key]

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        if len(args) == self._plain_count and not kwargs:
            return self._plain(*args)
        try:
            operands, parameters = self.bind(*args, **kwargs)
        except TypeError:  # only the arguments can be wrong, for nothing else happens there
            raise self._misfit(args, kwargs) from None
        for name, value in parameters.items():
            if value.__class__ in HELD:  # it could change before a rule reads it
                parameters[name] = frozen(value)
        if self._single is not None:
            return self._single(operands[0], parameters)
        return cast("Tensor", apply(self, operands, parameters))

    def __reduce__(self) -> str:
        return self.name  # a card is pickled and copied as what its module calls it

    def _compile_bind(self, /, *args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """``bind``, the first time."""
        self.bind = compile_bind(self)
        return self.bind(*args, **kwargs)

    def _misfit(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> DTypeError:
        """The error for arguments that do not fit the signature."""
        said = ""
        try:
            self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            said = f"{error}; "
        signature = self.__signature__
        plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        spelled = signature.replace(parameters=plain, return_annotation=signature.empty)
        return DTypeError(f"{self.name}: {said}call it as {self.name}{spelled}")


def primitive(
    kind: str, *, public: bool = True, **options: Any
) -> Callable[[Callable[Concatenate[Any, P], Any]], Primitive[P]]:
    """Decorator: make the forward function below into a card and enter it into the tables.

    Args:
        kind: one of ``KINDS``.
        public: whether the card itself goes into the operation table under its name.
        options: see ``Primitive``.
    """
    if kind not in KINDS:
        raise ArgumentError(f"primitive: the kind is one of {join_words([*KINDS])}, not {kind!r}")

    def make(forward: Callable[Concatenate[Any, P], Any]) -> Primitive[P]:
        if forward.__name__ in primitives:
            raise ArgumentError(
                f"primitive: there is a card called {forward.__name__!r} already; choose another "
                "name"
            )
        card: Primitive[P] = Primitive(forward, KINDS[kind], **options)
        primitives[card.name] = card
        if public:
            operations[card.name] = card
        return card

    return make


def operation(function: F) -> F:
    """Decorator: enter a plain public function, one that prepares a card's arguments."""
    operations[function.__name__] = function
    return function
