"""Everything that tensorgrok raises, as one tree.

::

    TensorgrokError
    ├── ShapeError          (ValueError)    shapes that do not fit an operation
    ├── DTypeError          (TypeError)     types that an operation or argument cannot take
    ├── IndexingError       (IndexError)    an index outside its axis, or too many of them
    ├── ArgumentError       (ValueError)    any other bad argument
    ├── GraphError          (RuntimeError)  a request that the recorded graph cannot serve
    │   └── GraphReleased                   backward over values that were already released
    ├── GradcheckFailed     (AssertionError) a derivative rule disagrees with finite differences
    └── BackendError        (RuntimeError)
        ├── UnknownBackend                  no backend of that name is registered
        ├── BackendUnavailable              registered, but it cannot run here
        └── BackendMismatch                 operands live on two backends

``BackendWarning`` (a UserWarning) says that an installed backend was passed over.

Each class is also the built-in it stands beside, so ``except ValueError`` keeps working.

This module stands on nothing. ``explain`` turns what an array library says into a message with the
operation, its arguments (by the caller's own variable names where they can be found), the shapes
and dtypes seen, and what to do; the engine calls it once, at its border.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

__all__ = [
    "ArgumentError",
    "BackendError",
    "BackendMismatch",
    "BackendUnavailable",
    "BackendWarning",
    "DTypeError",
    "GradcheckFailed",
    "GraphError",
    "GraphReleased",
    "IndexingError",
    "ShapeError",
    "TensorgrokError",
    "UnknownBackend",
]


class TensorgrokError(Exception):
    """The root of every error that tensorgrok raises on purpose."""


class ShapeError(TensorgrokError, ValueError):
    """Shapes that do not fit the operation or each other."""


class DTypeError(TensorgrokError, TypeError):
    """A type or dtype that the operation or argument cannot take."""


class IndexingError(TensorgrokError, IndexError):
    """An index outside its axis, too many indices, or a mask of the wrong shape."""


class ArgumentError(TensorgrokError, ValueError):
    """An argument with a value that makes no sense where it was given."""


class GraphError(TensorgrokError, RuntimeError):
    """A request that the recorded graph cannot serve."""


class GraphReleased(GraphError):
    """A second backward over a graph whose saved values the first one released."""


class GradcheckFailed(TensorgrokError, AssertionError):
    """A derivative rule disagrees with finite differences."""


class BackendError(TensorgrokError, RuntimeError):
    """Anything wrong with an array backend."""


class UnknownBackend(BackendError):
    """No backend of that name is registered."""


class BackendUnavailable(BackendError):
    """The backend is registered but cannot run on this machine.

    Args:
        reason: what is missing or broken.
        cure: what to do about it.
        installed: whether somebody seems to want this backend here, so that the automatic choice
            should say why it takes another one.
    """

    def __init__(self, reason: str, cure: str = "", *, installed: bool = False) -> None:
        super().__init__(f"{reason}; {cure}" if cure else reason)
        self.reason, self.cure, self.installed = reason, cure, installed

    def __reduce__(self) -> Any:
        return _unavailable, (self.reason, self.cure, self.installed)


def _unavailable(reason: str, cure: str, installed: bool) -> BackendUnavailable:
    return BackendUnavailable(reason, cure, installed=installed)


class BackendWarning(UserWarning):
    """The automatic choice passed over a backend that is installed but cannot run."""


class BackendMismatch(BackendError):
    """The operands of one operation live on different backends."""


_PACKAGE = __name__.partition(".")[0]


def outside_level() -> int:
    """The ``stacklevel`` by which a warning points at the nearest caller outside tensorgrok."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _inside(frame):
        level, frame = level + 1, frame.f_back
    return level


def _inside(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == _PACKAGE


def caller_name(value: object) -> str | None:
    """Return the name that the nearest caller outside tensorgrok gives to ``value``.

    Names are found by identity in that frame's local variables; None if there is none.
    """
    frame = _caller()
    # A copy, for those of a module are its globals, to which other threads may add.
    for name, held in dict(frame.f_locals).items() if frame else ():
        if held is value and not name.startswith("_"):
            return name
    return None


def caller_variables() -> dict[str, Any]:
    """Return the variables of the nearest caller outside tensorgrok, local ones first."""
    frame = _caller()
    if frame is None:
        return {}
    local = dict(frame.f_locals)
    return local | {name: held for name, held in dict(frame.f_globals).items() if name not in local}


def _caller() -> FrameType | None:
    """The nearest frame outside tensorgrok."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _inside(frame):
        frame = frame.f_back
    return frame


def describe(value: Any, argument: str | None = None, original: Any = None) -> str:
    """Describe one operand: argument name, the caller's variable name, dtype and shape.

    ``original`` is what the caller wrote, where ``value`` was made from it.
    """
    known = value if original is None else original
    given = getattr(value, "name", None)
    if given is None and not isinstance(known, bool | int | float | complex | str | None):
        given = caller_name(known)  # numbers are not looked up: any variable may hold the same one
    label = " ".join(
        part for part in (argument, f"'{given}'" if isinstance(given, str) else None) if part
    )
    shaped = hasattr(value, "shape") and hasattr(value, "dtype")
    if shaped:
        seen = f"{value.dtype}, shape {tuple(value.shape)}"
    elif isinstance(value, bool | int | float | complex):
        seen = f"the number {value!r}"
    else:
        seen = f"a {type(value).__name__}"
    return f"{label} ({seen})" if label else f"an array ({seen})" if shaped else seen


def join_words(words: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does: ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def explain(
    error: Exception,
    operation: str,
    operands: Sequence[str],
    parameters: dict[str, Any],
    hint: str,
) -> Exception:
    """Return the error to raise in place of what the array library raised for ``operation``.

    ``operands`` are their descriptions, ``hint`` says what to do. An error of a kind
    that says nothing about the operands, such as running out of memory, is returned as it is.
    """
    kinds: tuple[tuple[type[Exception], type[TensorgrokError]], ...] = (
        (IndexError, IndexingError),
        (TypeError, DTypeError),
        (OverflowError, DTypeError),
        (ValueError, ShapeError),
    )
    if isinstance(error, TensorgrokError):
        return error
    for raised, ours in kinds:
        if isinstance(error, raised):
            seen = join_words(operands) or "this"
            settings = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
            place = f" with {settings}" if settings else ""
            text = str(error).strip().rstrip(".")
            advice = "" if ours is DTypeError else f" {hint}"  # hints are about shapes
            return ours(f"{operation}: cannot use {seen}{place}: {text}.{advice}")
    return error
