"""``python -m tensorgrok view FILE.py NAME``: runs a script and shows tensors that it computed.

The script runs as ``python FILE.py`` would run it, with its own folder first among those that
modules are imported from; what it names is looked up among its variables afterwards. This module
stands on ``views.view``.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import reprlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import Tensor
from ..errors import TensorgrokError, join_words
from ..lines import CUTS
from ..views.saving import FORMS
from ..views.view import DETAILS, View, view
from .program import FAILED, Interrupt, UsageError, complain, write

SUMMARY = "run a script and show tensors that it computed, as Python, as algebra and as bricks"

#: So many names are listed where one is not known.
LISTED = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the script, the names and the options to a parser."""
    parser.add_argument("file", metavar="FILE.py", type=Path, help="the script to run")
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="+",
        help="a variable of the script, such as loss; or losses[-1], or result.loss",
    )
    parser.add_argument(
        "--save",
        metavar="PATH",
        type=_path,
        help=f"write a file instead, as its ending says: {join_words([*FORMS], 'or')}",
    )
    parser.add_argument(
        "--cut",
        choices=CUTS,
        default="layers",
        help="where lines are cut: at each value with a name, as seldom as possible, or at each "
        "operation (default: %(default)s)",
    )
    parser.add_argument(
        "--depth",
        metavar="N",
        type=_depth,
        help="how deep modules are opened (default: as deep as can be read)",
    )
    parser.add_argument(
        "--detail",
        choices=DETAILS,
        default="numbers",
        help="how much of the numbers is shown (default: %(default)s)",
    )


def _path(text: str) -> Path:
    if Path(text).suffix.lower() in FORMS:
        return Path(text)
    allowed = join_words([*FORMS], "or")
    raise argparse.ArgumentTypeError(
        f"expected a path that ends with {allowed}, got {reprlib.repr(text)}"
    )


def _depth(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(
        f"expected an integer that is not negative, got {reprlib.repr(text)}"
    )


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Run the script, show what was asked for, and return the exit code."""
    names = dict.fromkeys(arguments.names)
    expressions = {name: _expression(name) for name in names}
    path: Path | None = arguments.save
    if path is not None and len(names) > 1:
        raise UsageError(f"view: --save writes one tensor, but {len(names)} are named")
    source = _source(arguments.file)
    interrupt.release()  # Ctrl-C stops a script as it does without us
    try:
        variables = run_script(arguments.file, source)
    except ScriptError as error:
        return complain(f"view: {arguments.file} {error}", FAILED)
    views = [
        _view(name, look_up(name, expression, variables), variables, arguments)
        for name, expression in expressions.items()
    ]
    return _show(views) if path is None else _save(views[0], path)


def _show(views: list[View]) -> int:
    for place, shown in enumerate(views):
        if sys.stdout is not None:  # None: it was closed before Python started
            sys.stdout.write("\n" * bool(place))
            shown.show()
    return 0


def _save(shown: View, path: Path) -> int:
    try:
        shown.save(path)
    except TensorgrokError as error:  # a package is missing
        raise UsageError(str(error)) from error
    except OSError as error:
        return complain(f"view: cannot write {str(path)!r}: {error.strerror or error}", FAILED)
    write(f"saved: {path.absolute()}", sys.stdout)
    return 0


# The script ------------------------------------------------------------------------------------


class ScriptError(Exception):
    """How a script failed; the text follows its name in a sentence."""


def _source(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"view: cannot read {str(file)!r}: {error.strerror or error}") from error


def run_script(file: Path, source: bytes) -> dict[str, Any]:
    """Run a script as the main program, and return its variables.

    A script may end by ``sys.exit()``: what it computed until then is there.

    Raises:
        ScriptError: it failed; its traceback is printed already.
        KeyboardInterrupt, BrokenPipeError: as the script raised them.
    """
    main = ModuleType("__main__")
    main.__file__ = str(file.absolute())
    code = None
    with _as_program(main, file):
        try:
            code = compile(source, main.__file__, "exec", dont_inherit=True)
            exec(code, main.__dict__)
        except (KeyboardInterrupt, BrokenPipeError):
            raise
        except SystemExit as error:
            if error.code not in (None, 0):
                raise ScriptError(f"ended with sys.exit({error.code!r})") from error
        except BaseException as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_frame.f_code is not code:
                trace = trace.tb_next
            sys.excepthook(type(error), error.with_traceback(trace), trace)
            raise ScriptError(f"raised {type(error).__name__}") from error
    return main.__dict__


@contextmanager
def _as_program(main: ModuleType, file: Path) -> Iterator[None]:
    """What a script sees of its process, while it runs."""
    argv, path, module = sys.argv, sys.path, sys.modules.get("__main__")
    sys.argv, sys.modules["__main__"] = [str(file)], main
    if not sys.flags.safe_path:
        sys.path = [str(file.resolve().parent), *path]
    try:
        yield
    finally:
        sys.argv, sys.path = argv, path
        if module is not None:
            sys.modules["__main__"] = module


# Names in it -----------------------------------------------------------------------------------

_ALLOWED = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.UnaryOp, ast.USub, ast.Load)


def _expression(name: str) -> ast.Expression:
    """Parse a variable with attributes and indices; nothing is called in looking it up."""
    try:
        found = ast.parse(name.strip(), mode="eval")
    except (SyntaxError, ValueError):
        found = None
    if found is None or not all(isinstance(node, _ALLOWED) for node in ast.walk(found.body)):
        raise UsageError(
            f"view: {reprlib.repr(name)} is no variable; give one, or one with attributes and "
            "indices, such as losses[-1] or result.loss"
        )
    return found


def look_up(name: str, expression: ast.Expression, variables: Mapping[str, Any]) -> Tensor:
    """Find a recorded tensor among the variables of a script.

    Raises:
        UsageError: there is none of that name; the message says which there are.
    """
    roots = [node.id for node in ast.walk(expression) if isinstance(node, ast.Name)]
    for root in roots:
        if root not in variables:
            near = difflib.get_close_matches(root, recorded(variables), 1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; {_recorded(variables)}"
            raise UsageError(f"view: the script has no {root!r}{meant}")
    try:
        value = eval(compile(expression, "<name>", "eval"), dict(variables))
    except Exception as error:  # whatever the script's objects raise
        raise UsageError(f"view: {name}: {type(error).__name__}: {error}") from error
    if not isinstance(value, Tensor):
        kind = type(value).__name__
        last = value[-1] if isinstance(value, list | tuple) and value else None
        if isinstance(last, Tensor):
            raise UsageError(
                f"view: {name} is a {kind} of tensors; name one of them, such as {name}[-1]"
            )
        raise UsageError(f"view: {name} is of type {kind}, no tensor; {_recorded(variables)}")
    if value.is_leaf:
        raise UsageError(f"view: nothing was recorded for {name}; {_recorded(variables)}")
    return value


def recorded(variables: Mapping[str, Any]) -> list[str]:
    """The variables that are tensors and were recorded, the last first."""
    return [
        name
        for name, value in reversed(list(variables.items()))
        if isinstance(value, Tensor) and not value.is_leaf and not name.startswith("_")
    ]


def _recorded(variables: Mapping[str, Any]) -> str:
    names = recorded(variables)
    if not names:
        return (
            "none of its variables is a tensor that was recorded; compute one from tensors with "
            "requires_grad=True, outside of no_grad"
        )
    if len(names) > LISTED:
        names = [*names[: LISTED - 1], f"{len(names) - LISTED + 1} more"]
    return f"recorded are {join_words(names)}"


def _view(
    name: str, tensor: Tensor, variables: Mapping[str, Any], arguments: argparse.Namespace
) -> View:
    how = {"cut": arguments.cut, "depth": arguments.depth, "detail": arguments.detail}
    try:
        # What no variable holds, such as an attribute, has the name it was asked for by.
        return view(tensor, names={**variables, name: tensor}, **how)
    except TensorgrokError as error:
        raise UsageError(str(error)) from error
