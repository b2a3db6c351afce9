"""The command line: ``python -m tensorgrok`` trains a small network on handwritten digits.

``python -m tensorgrok view FILE.py NAME`` runs a script and shows a tensor of it, ``ops`` lists the
operations, ``backends`` the backends, ``doctor`` looks for what a GPU needs, and ``bench`` runs the
benchmarks of a clone. Each command has a module; ``main`` is the only one that knows of signals and
exit codes:

====  ===========================================================================================
0     trained and reported, shown, or listed
1     the loss became infinite or NaN, the script to view failed, or a benchmark got slower; or
      memory ran out, or the report or another file could not be written
2     a bad value, or a name that stands for no recorded tensor; one line on stderr says which
130   stopped by Ctrl-C; what was learnt until then is reported
141   whoever read the report went away, as after ``| head -1``
====  ===========================================================================================
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType

from .. import __version__
from . import backends, bench, doctor, operations, training, view
from .program import (
    BAD_VALUE,
    FAILED,
    PROGRAM,
    READER_GONE,
    STOPPED,
    Interrupt,
    Parser,
    UsageError,
    abandon_stdout,
    complain,
)

__all__ = ["COMMANDS", "main", "make_parser"]

#: The commands beside the bare one: each module has ``SUMMARY``, ``add_arguments`` and ``run``.
COMMANDS: dict[str, ModuleType] = {
    "backends": backends,
    "bench": bench,
    "doctor": doctor,
    "ops": operations,
    "view": view,
}


def make_parser(command: str | None = None) -> Parser:
    """Make the parser of a command, or of the bare one: that of a training run."""
    if command is not None:
        module = COMMANDS[command]
        parser = Parser(prog=f"{PROGRAM} {command}", description=module.SUMMARY, allow_abbrev=False)
        module.add_arguments(parser)
        return parser
    others = "; ".join(f"{name}: {module.SUMMARY}" for name, module in COMMANDS.items())
    parser = Parser(
        prog=PROGRAM,
        allow_abbrev=False,
        description=training.SUMMARY,
        epilog=f"Other commands: {others} ({PROGRAM} COMMAND --help).",
    )
    parser.add_argument("--version", action="version", version=f"tensorgrok {__version__}")
    training.add_arguments(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: the words after the program's name; those of this process if None.
    """
    try:
        with Interrupt() as interrupt:
            status = _run(argv, interrupt)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return complain("interrupted", STOPPED)
    except UsageError as error:
        return complain(str(error), BAD_VALUE)
    except MemoryError:
        return complain("not enough memory", FAILED)
    except BrokenPipeError:
        abandon_stdout()
        return READER_GONE
    except OSError as error:
        abandon_stdout()
        return complain(f"failed: {error}", FAILED)
    return status


def _run(argv: Sequence[str] | None, interrupt: Interrupt) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    command = words.pop(0) if words and words[0] in COMMANDS else None
    try:
        arguments = make_parser(command).parse_args(words)
    except SystemExit:  # --help and --version have printed
        return 0
    module = training if command is None else COMMANDS[command]
    status: int = module.run(arguments, interrupt)
    return status
