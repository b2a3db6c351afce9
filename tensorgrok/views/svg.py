"""The words of SVG: attributes and lengths as text. This module stands on ``escaping``."""

from __future__ import annotations

from .escaping import escaped


def length(number: float) -> str:
    """Return a length as short as it can be written, to a tenth of a pixel."""
    text = f"{number:.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def attributes(**values: object) -> str:
    """Return attributes of markup: ``data_t`` is written ``data-t``, None is left out.

    >>> from tensorgrok.views.svg import attributes
    >>> attributes(class_="brick", data_t="t3", stroke=None)
    ' class="brick" data-t="t3"'
    """
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(str(value))}"'
        for name, value in values.items()
        if value is not None
    )
