"""What holds here and now: the modes of ``apply``, the current backend, the default dtype.

Recording and tracing are modes, read from one context object, never guessed from operands: a
parameter that a traced function closes over is traced like everything else. The context lives in a
context variable, so threads and asynchronous tasks do not see each other's ``with`` blocks; a new
thread starts with the defaults (recording, the process-wide backend).

This module stands on ``backend`` and ``errors``; read ``graph`` next.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, overload

import numpy as np

from . import registry
from .backend import Array, Backend, Namespace
from .errors import DTypeError

if TYPE_CHECKING:
    from .tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])
DType = np.dtype[Any]


class Tracer(Protocol):
    """What ``tracing`` needs: a backend's stand-in that notes each array instruction."""

    xp: Namespace

    def lift(self, tensor: Tensor) -> Array:
        """Return the traced value of a tensor's data, whoever made the tensor."""

    def rebound(self, tensor: Tensor) -> None:
        """Note that ``tensor.data`` is about to be rebound, so the new value is an output."""

    def rebound_grad(self, tensor: Tensor) -> None:
        """Note that ``tensor.grad`` is about to be rebound; may raise, then nothing changes."""


class Context:
    """The modes of ``apply`` in force: immutable, one per nesting of ``with`` blocks."""

    __slots__ = ("backend", "eager", "outer", "recording", "tracer")

    def __init__(
        self,
        recording: bool = True,
        tracer: Tracer | None = None,
        backend: Backend | None = None,
        outer: Context | None = None,
    ) -> None:
        self.recording = recording
        self.tracer = tracer
        self.backend = backend
        self.outer = outer
        self.eager = tracer is None


_context: ContextVar[Context] = ContextVar("tensorgrok", default=Context())  # noqa: B039  # immutable
get_context = _context.get


class Mode:
    """A ``with`` block that changes some fields of the context, and a decorator that does so.

    Entering chains a new context to the one before and leaving takes it off again, so one object
    can be entered many times, nested and from several threads. A decorated generator runs each
    step in the mode and leaves it at each ``yield``. (A ``with`` block inside the body of a
    generator stays in force while the generator is suspended: decorate the generator instead.)
    """

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    def __enter__(self) -> Any:
        now = get_context()
        fields = {"recording": now.recording, "tracer": now.tracer, "backend": now.backend}
        _context.set(Context(**(fields | self._changes), outer=now))
        return self

    def __exit__(self, *exception: object) -> None:
        outer = get_context().outer
        assert outer is not None
        _context.set(outer)

    def __call__(self, function: F) -> F:
        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if not callable(function) or flags & _CO_ASYNC_GENERATOR:
            what = "an asynchronous generator" if flags else f"a {type(function).__name__}"
            raise DTypeError(
                f"no_grad, enable_grad, use_backend: cannot decorate {what}; decorate a function, "
                "or use 'with' inside it"
            )

        async def awaiting(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        def stepping(*args: Any, **kwargs: Any) -> Any:
            return _stepwise(self, function(*args, **kwargs))

        def calling(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        kinds = {_CO_GENERATOR: stepping, _CO_COROUTINE: awaiting}
        kind = kinds.get(flags & (_CO_GENERATOR | _CO_COROUTINE), calling)
        return cast("F", functools.wraps(function)(kind))


_CO_GENERATOR, _CO_COROUTINE, _CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200  # as in inspect


def _stepwise(mode: Mode, generator: Any) -> Any:
    """Run a generator with the mode in force during its steps, and only then."""
    step, sent = generator.send, None
    while True:
        try:
            with mode:
                item = step(sent)
        except StopIteration as stop:
            return stop.value
        try:
            step, sent = generator.send, (yield item)
        except GeneratorExit:
            with mode:
                generator.close()
            raise
        except BaseException as error:
            step, sent = generator.throw, error


@overload
def no_grad(function: F) -> F: ...


@overload
def no_grad(function: None = None) -> Mode: ...


def no_grad(function: Any = None) -> Any:
    """Turn recording off, by ``with no_grad():``, ``@no_grad()`` or ``@no_grad``.

    Results computed inside do not require gradients. Context-local: other threads are not touched.

    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     (w * 2).requires_grad
    False
    """
    mode = Mode(recording=False)
    return mode if function is None else mode(function)


@overload
def enable_grad(function: F) -> F: ...


@overload
def enable_grad(function: None = None) -> Mode: ...


def enable_grad(function: Any = None) -> Any:
    """Turn recording on, also inside ``no_grad``; used like ``no_grad``.

    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad(), tg.enable_grad():
    ...     (w * 2).requires_grad
    True
    """
    mode = Mode(recording=True)
    return mode if function is None else mode(function)


def is_recording() -> bool:
    """Tell whether operations are being recorded: True unless inside ``no_grad``.

    >>> tg.is_recording()
    True
    """
    return get_context().recording


def tracing(tracer: Tracer) -> Mode:
    """Within ``with tracing(tracer):`` every primitive runs on the tracer's values and namespace.

    That holds for backward, optimizer updates, draws and parts under ``no_grad`` alike.
    """
    return Mode(tracer=tracer)


def current_backend() -> Backend:
    """Return the backend on which new tensors are made here and now.

    >>> tg.current_backend().name
    'numpy'
    """
    return get_context().backend or registry.default_backend()


class use_backend(Mode):  # noqa: N801  # it is called like the function it reads as
    """Choose the backend for new tensors, for the process or for a ``with`` block.

    ``use_backend("numpy")`` sets the default of the whole process. ``with use_backend("numpy"):``
    sets it inside the block, in this context alone, and leaves the process as it was (but for the
    moment between the call and the block, in which other threads may see it). Tensors keep the
    backend they were made on; ``Tensor.to`` and ``Module.to`` bring them elsewhere.

    Args:
        name: a registered name, or ``"auto"``.

    Raises:
        UnknownBackend: no such name.
        BackendUnavailable: it cannot run here; the message says why and what to do.

    >>> with tg.use_backend("numpy") as backend:
    ...     backend.name
    'numpy'
    """

    def __init__(self, name: str) -> None:
        chosen = registry.choose_backend(name)
        super().__init__(backend=chosen)
        registry.choose_default(self, chosen)

    # A call cannot know what follows it, so a block and a decorator take the default back.

    def __enter__(self) -> Backend:
        registry.withdraw_default(self)
        super().__enter__()
        return cast("Backend", self._changes["backend"])

    def __call__(self, function: F) -> F:
        registry.withdraw_default(self)
        return super().__call__(function)


# Dtypes ----------------------------------------------------------------------------------------

_default_dtype: DType = np.dtype(np.float32)


def as_dtype(dtype: Any, kinds: str = "biufc") -> DType:
    """Return a NumPy dtype of one of the kinds, in native byte order, or raise ``DTypeError``."""
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise DTypeError(f"dtype: {dtype!r} is not a NumPy dtype") from error
    if dtype is None or found.kind not in kinds:
        wanted = "a floating-point" if kinds == "f" else "a boolean, integer, float or complex"
        raise DTypeError(f"dtype: expected {wanted} dtype, got {found if dtype else dtype!r}")
    native: DType = found.newbyteorder("=")
    return native


def get_default_dtype() -> DType:
    """Return the dtype of floats that bring none of their own: float32 unless it was changed.

    >>> tg.get_default_dtype()
    dtype('float32')
    """
    return _default_dtype


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype given to Python floats and lists of them, for the whole process.

    Raises:
        DTypeError: not a floating-point dtype.
    """
    global _default_dtype
    try:
        _default_dtype = as_dtype(dtype, "f")
    except DTypeError as error:
        raise DTypeError(
            f"set_default_dtype: expected a floating-point dtype, got {dtype!r}"
        ) from error


def common_dtype(dtypes: Sequence[DType], scalars: Sequence[Any], floating: bool) -> DType:
    """Return the dtype in which operands meet.

    A float keeps its dtype against integers and booleans, two floats promote, Python numbers are
    weak, and where a float is needed and nothing says which it is the default dtype.
    """
    inexact = [dtype for dtype in dtypes if dtype.kind in "fc"]
    result = np.result_type(*(inexact or dtypes))
    if result.kind not in "fc" and (floating or any(isinstance(s, float) for s in scalars)):
        result = _default_dtype
    if any(isinstance(s, complex) for s in scalars):
        result = np.result_type(result if result.kind in "fc" else _default_dtype, 1j)
    elif result.kind == "b" and any(type(s) is int for s in scalars):
        result = np.dtype(np.int64)
    return result
