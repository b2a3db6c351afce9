"""What every command of the command line shares: bad words, Ctrl-C, writing, exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, TextIO

from .. import ArgumentError

PROGRAM = "python -m tensorgrok"
FAILED, BAD_VALUE, STOPPED, READER_GONE = 1, 2, 130, 141


class UsageError(ArgumentError):
    """The command line, or the environment, asks for something that cannot be."""


class Parser(argparse.ArgumentParser):
    """A parser that raises ``UsageError`` instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UsageError(f"{message} (see {self.prog} --help)")


#: What stands for characters of tables where the encoding lacks them: one for one, so that columns
#: stay columns, but for the arrow.
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉²δ\N{EN DASH}", "01234567892d-") | {ord("→"): "->"}


def printable(text: str, encoding: str) -> str:
    """Put ``text`` into characters that ``encoding`` has; an arrow may become ``->``.

    >>> from tensorgrok.cli.program import printable
    >>> printable("64 → 40", "utf-8"), printable("64 → 40", "ascii")
    ('64 → 40', '64 -> 40')
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate(_PLAIN)
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    return text


def write(text: str, stream: TextIO | None) -> None:
    if stream is not None:  # None: the stream was closed before Python started
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(printable(text, encoding) + "\n")
        stream.flush()


@contextmanager
def quiet_warnings() -> Iterator[list[str]]:
    """Within this block warnings are not printed; their texts are in the list that it gives."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
        texts += [str(warning.message) for warning in caught]


class Interrupt:
    """Within ``with``, the first Ctrl-C sets ``requested``; a second one raises as usual.

    So a step of training is never cut in two. Where SIGINT is ignored or somebody else handles it,
    or outside the main thread, nothing is changed.
    """

    def __init__(self) -> None:
        self.requested = False
        self._handling = False

    def __enter__(self) -> Interrupt:
        main_thread = threading.current_thread() is threading.main_thread()
        if main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._handling = True
            signal.signal(signal.SIGINT, self._note)
        return self

    def release(self) -> None:
        """Leave Ctrl-C to Python again, where somebody else's program is to run."""
        self.__exit__()
        self._handling = False
        if self.requested:
            raise KeyboardInterrupt

    def __exit__(self, *exception: object) -> None:
        if self._handling:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: object) -> None:
        self.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


def complain(message: str, status: int) -> int:
    """Write one line to stderr and return ``status``."""
    with suppress(OSError):  # nobody is left to tell
        write(f"tensorgrok: {' '.join(message.split())}", sys.stderr)
    return status


def abandon_stdout() -> None:
    """Let what stdout still holds go nowhere, or Python would complain about it as it ends."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
