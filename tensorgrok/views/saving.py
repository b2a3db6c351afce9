"""Views in files; the ending of the name says in which form.

Files are written under a temporary name and renamed, so nobody reads half of one. This module
stands on nothing else.
"""

from __future__ import annotations

import os
import stat
import textwrap
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ArgumentError, join_words

if TYPE_CHECKING:
    from .view import View

#: Pixels for each unit of the drawing.
ZOOM = 2


def save(view: View, path: Path) -> Path:
    """Write a view to a file; see ``View.save``."""
    make = FORMS.get(path.suffix.lower())
    if make is None:
        allowed = join_words(list(FORMS), "or")
        raise ArgumentError(
            f"save: {path.name!r} does not end with {allowed}; the ending says what to write"
        )
    if not path.parent.is_dir():
        raise ArgumentError(
            f"save: there is no folder {str(path.parent)!r} for {path.name!r}; make it first, or "
            "give another path"
        )
    return write(path, make(view))


def write(path: Path, content: str | bytes) -> Path:
    """Write a file as a whole, or leave what is there, and return its path; text becomes UTF-8."""
    if isinstance(content, str):
        content = content.encode("utf-8")
    made = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    # It has the permissions of the file that is there from the start, or those of new files here.
    before = stat.S_IMODE(path.stat().st_mode) if path.is_file() else None
    number = os.open(made, _NEW, 0o666 if before is None else before)
    with open(number, "wb") as file:
        try:
            file.write(content)
            file.close()
            if before is not None:
                os.chmod(made, before)
            os.replace(made, path)
        except BaseException:
            file.close()
            os.unlink(made)
            raise
    return path


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # that of Windows alone


def _tex(view: View) -> str:
    """An ``align*`` for each direction, to be put into a document with amsmath."""
    parts = []
    for title, part in (("forward", view), ("backward", view.backward)):
        if part.lines:
            rows = " \\\\\n  ".join(line.latex.replace(" = ", " &= ", 1) for line in part.lines)
            parts.append(f"% {title}\n\\begin{{align*}}\n  {rows}\n\\end{{align*}}\n")
    return "\n".join(parts)


def _py(view: View) -> str:
    said = (
        f"Needs {join_words(view.inputs)}, and the functions that are called. "
        "view.namespace() has them: exec(view.python, view.namespace())"
    )
    parts = [
        f"# {view.title}",
        *textwrap.wrap(said, 98, initial_indent="# ", subsequent_indent="# "),
    ]
    parts += ["", "# forward", view.python]
    if view.backward.lines:
        parts += ["", "# backward", view.backward.python]
    return "\n".join([*parts, ""])


def _png(view: View) -> bytes:
    try:
        import resvg_py  # type: ignore[import-not-found,unused-ignore]  # optional
    except ImportError:
        raise ArgumentError(
            "save: a .png needs the package resvg-py; run: pip install tensorgrok[png], or save an "
            ".svg, which every browser shows"
        ) from None
    drawn = resvg_py.svg_to_bytes(svg_string=view.whole.bricks, zoom=ZOOM, background="#ffffff")
    return bytes(drawn)


FORMS: dict[str, Callable[[View], str | bytes]] = {
    ".html": lambda view: view.html(),
    ".svg": lambda view: view.whole.bricks,
    ".png": _png,
    ".tex": _tex,
    ".py": _py,
    ".txt": lambda view: view.text() + "\n",
}
