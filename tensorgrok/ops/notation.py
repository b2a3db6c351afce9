r"""Notation that many cards share: calls, methods and operators, in Python and in LaTeX.

``python_call`` and its like make functions for the ``python`` or ``latex`` of a card: of the names
of its arguments and parameters they make a template (see ``cards.Primitive``). Settings are printed
where they differ from their defaults; what has no default here is not printed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: A function of arguments and parameters that returns a template.
Notation = Callable[..., str]

#: What reductions print beside their operand.
REDUCTION: dict[str, Any] = {"axis": None, "keepdims": False}


def python_call(name: str, operands: str = "{x}", **defaults: Any) -> Notation:
    """``name(x, axis=1)``."""

    def python(**fields: Any) -> str:
        return f"{name}({', '.join([operands, *_settings(fields, defaults)])})"

    return python


def python_method(name: str, **defaults: Any) -> Notation:
    """``x.name(axis=1)``."""

    def python(**fields: Any) -> str:
        return f"{{x:call}}.{name}({', '.join(_settings(fields, defaults))})"

    return python


def _settings(fields: dict[str, Any], defaults: dict[str, Any]) -> list[str]:
    return [
        f"{key}={{{key}!r}}" if isinstance(fields[key], str) else f"{key}={{{key}}}"
        for key, default in defaults.items()
        if fields[key] != default
    ]


def latex_call(name: str, operands: str = "{x}", **defaults: Any) -> Notation:
    r"""``\operatorname{name}_{1}\left(x\right)``, the settings as subscripts."""

    def latex(**fields: Any) -> str:
        shown = [f"{{{key}}}" for key, default in defaults.items() if fields[key] != default]
        return applied(name, operands, *shown)

    return latex


def latex_operator(symbol: str, axis: int | None = None) -> Notation:
    r"""``\sum_{1} x``; the axis is a subscript unless it is the one given here.

    An axis that is kept with length 1 reads ``\sum_{1 \to 1} x``. To be used with the precedence
    ``"operator"``.
    """

    def latex(**fields: Any) -> str:
        return f"{symbol}{_subscript(fields, axis)} {{x:product}}"

    return latex


#: Other settings that algebra says beside the axis.
_SAID = {
    "correction": "n - {correction}",
    "descending": r"\mathrm{{descending}}",
    "include_initial": r"\mathrm{{initial}}",
}


def _subscript(fields: dict[str, Any], axis: int | None) -> str:
    shown = "" if fields["axis"] == axis else "{axis}"
    if fields.get("keepdims"):
        shown = rf"{shown} \to 1".strip()
    said = [shown] if shown else []
    said += [text for key, text in _SAID.items() if fields.get(key)]
    return f"_{{{{{', '.join(said)}}}}}" if said else ""


def upright(name: str) -> str:
    r"""Template of ``\operatorname{name}``."""
    escaped = name.replace("_", r"\_")
    return rf"\operatorname{{{{{escaped}}}}}"


def applied(name: str, operands: str, *subscripts: str) -> str:
    r"""Template of ``\operatorname{name}_{subscripts}\left(operands\right)``."""
    mark = f"_{{{{{', '.join(subscripts)}}}}}" if subscripts else ""
    return rf"{upright(name)}{mark}\left({operands}\right)"
