"""The registry: backends by name, and which one is used where nobody says.

Backends register under the entry-point group ``tensorgrok.backends``: the value is a callable,
usually the class, that returns a ``Backend`` or raises ``BackendUnavailable`` with the reason and
the cure. The two shipped backends come through the same door. The environment variable
``TENSORGROK_BACKEND`` names the one to start with; ``auto``, the default, takes the first of
``AUTO_ORDER`` that can run, and says so with a ``BackendWarning`` if one that is installed cannot.

This module stands on ``backend`` and ``errors``; read ``context`` next.
"""

from __future__ import annotations

import difflib
import os
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from .backend import Backend
from .errors import (
    BackendError,
    BackendUnavailable,
    BackendWarning,
    DTypeError,
    UnknownBackend,
    join_words,
    outside_level,
)

AUTO_ORDER = ("cupy", "numpy")
ENTRY_POINT_GROUP = "tensorgrok.backends"
ENVIRONMENT_VARIABLE = "TENSORGROK_BACKEND"

_factories: dict[str, Callable[[], Backend]] = {}
_made: dict[str, Backend] = {}
_lock = threading.RLock()
_warned: set[str] = set()

#: The calls of ``use_backend`` that count, the last one most: (weak reference to it, its backend).
_choices: list[tuple[weakref.ref[object], Backend]] = []


def register_backend(name: str, factory: Callable[[], Backend]) -> None:
    """Register a backend at run time, as an entry point of the same name would.

    Args:
        name: what ``use_backend`` will call it; an existing registration of that name is replaced.
        factory: returns the backend, or raises ``BackendUnavailable`` with reason and cure. It is
            called once, at first use.
    """
    if not isinstance(name, str) or not name or not callable(factory):
        raise DTypeError(
            "register_backend: expected a name and a function that returns the backend, got "
            f"{name!r} and {factory!r}"
        )
    with _lock:
        _factories[name] = factory
        _made.pop(name, None)


class Registration(NamedTuple):
    """Where a backend comes from.

    Attributes:
        load: returns its factory; may import the package that has it.
        origins: the distributions that register this name, such as ``"tensorgrok 0.1.0"``; none
            for a registration at run time, and more than one is a mistake.
    """

    load: Callable[[], Callable[[], Backend]]
    origins: tuple[str, ...]


def registrations() -> dict[str, Registration]:
    """All registered backends by name: those of entry points, and over them those of run time."""
    from importlib.metadata import entry_points  # here: it costs more than the rest of the import

    found: dict[str, dict[str, Any]] = {}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        owner = getattr(entry, "dist", None)
        origin = "an unknown distribution" if owner is None else f"{owner.name} {owner.version}"
        found.setdefault(entry.name, {})[origin] = entry.load
    known = {
        name: Registration(next(iter(loaders.values())), tuple(loaders))
        for name, loaders in found.items()
    }
    return known | {n: Registration(lambda f=f: f, ()) for n, f in _factories.items()}  # type: ignore[misc]  # a default binds f


def backend_names() -> list[str]:
    """Names of all registered backends, sorted; being registered does not mean it can run.

    >>> "numpy" in tg.backend_names()
    True
    """
    return sorted(registrations())


def get_backend(name: str) -> Backend:
    """Return the backend called ``name``, made on first use.

    Raises:
        UnknownBackend: no such name; lists the registered names and the nearest match.
        BackendUnavailable: it cannot run here, with the reason and the cure.
        BackendError: two distributions register that name, or what they register is no backend.
    """
    if not isinstance(name, str):
        raise DTypeError(f"a backend is named by a string, not by a {type(name).__name__}")
    with _lock:
        if name not in _made:
            _made[name] = _make(name)
        return _made[name]


def load_factory(name: str) -> Callable[[], Backend]:
    """What makes the backend called ``name``; loading it may import a package, but runs nothing.

    Raises:
        UnknownBackend, BackendUnavailable, BackendError: as ``get_backend``.
    """
    known = registrations() if name not in _factories else {}
    if name in _factories:
        return _factories[name]
    if name not in known:
        raise _unknown(name, sorted(known))
    load, origins = known[name]
    if len(origins) > 1:
        raise BackendError(
            f"backend {name!r} is registered by {join_words(origins)}; uninstall all but one"
        )
    try:
        return load()
    except ImportError as error:
        raise BackendUnavailable(
            f"backend {name!r} cannot be loaded: {error}", "install what is missing", installed=True
        ) from error
    except Exception as error:  # of a stranger's package
        raise _broken(name, error) from error


def _make(name: str) -> Backend:
    factory = load_factory(name)
    try:
        made = factory()
    except BackendUnavailable as error:
        reason = f"backend {name!r} cannot run here: {error.reason}"
        raise BackendUnavailable(reason, error.cure, installed=error.installed) from error
    except ImportError as error:
        raise BackendUnavailable(
            f"backend {name!r} cannot run here: {error}", "install what is missing", installed=True
        ) from error
    except BackendError:
        raise
    except Exception as error:  # of a stranger's code
        raise _broken(name, error) from error
    if not isinstance(made, Backend):
        raise BackendError(f"backend {name!r}: its factory returned {made!r}, no Backend")
    return made


def _broken(name: str, error: Exception) -> BackendError:
    return BackendError(f"backend {name!r} is broken: {type(error).__name__}: {error}")


def _unknown(name: str, known: list[str]) -> UnknownBackend:
    if not known:
        return UnknownBackend(
            f"no backend {name!r}: none is registered at all. tensorgrok seems to run from an "
            "uninstalled copy; install it with: pip install -e ."
        )
    near = difflib.get_close_matches(name, [*known, "auto"], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    names = join_words([repr(candidate) for candidate in known])
    return UnknownBackend(f"no backend {name!r}; registered are {names}.{hint}")


def choose_backend(name: str) -> Backend:
    """Like ``get_backend``, and ``"auto"`` takes the first of ``AUTO_ORDER`` that can run here.

    If one of those before it is installed and cannot run, a ``BackendWarning`` says why, once.
    """
    if name != "auto":
        return get_backend(name)
    errors: list[BackendUnavailable | UnknownBackend] = []
    for candidate in AUTO_ORDER:
        try:
            chosen = get_backend(candidate)
        except (BackendUnavailable, UnknownBackend) as error:
            errors.append(error)
            continue
        for passed in errors:
            if getattr(passed, "installed", False):
                _warn_once(f"{passed}. Taking {candidate!r}; ask for it by name to hear no more")
        return chosen
    tried = zip(AUTO_ORDER, errors, strict=True)
    reasons = " ".join(f"{candidate}: {error}." for candidate, error in tried)
    raise BackendUnavailable(f"no backend can run here. {reasons}")


def _warn_once(text: str) -> None:
    if text not in _warned:
        _warned.add(text)
        warnings.warn(text, BackendWarning, stacklevel=outside_level())


def default_backend() -> Backend:
    """The process-wide default: what ``use_backend`` set, or else ``TENSORGROK_BACKEND``."""
    with _lock:
        if not _choices:
            backend = choose_backend(os.environ.get(ENVIRONMENT_VARIABLE) or "auto")
            _choices.append((weakref.ref(backend), backend))
        return _choices[-1][1]


def choose_default(caller: object, backend: Backend) -> None:
    """Make ``backend`` the process-wide default, on behalf of a ``use_backend``."""
    with _lock:
        # Those that can still be withdrawn stay, and the last of those that cannot.
        settled = [i for i, (owner, _) in enumerate(_choices) if owner() is None]
        for place in reversed(settled[:-1]):
            del _choices[place]
        _choices.append((weakref.ref(caller), backend))


def withdraw_default(caller: object) -> None:
    """Take back what ``choose_default`` did for this caller, if it still counts."""
    with _lock:
        _choices[:] = [choice for choice in _choices if choice[0]() is not caller]
