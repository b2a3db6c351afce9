"""The command line: ``python -m tensorgrok`` trains a small network on handwritten digits.

Four parts can be used and tested apart: ``read_config`` makes a ``Config`` of the words given,
``train`` makes a ``Result`` of that, ``report`` makes text of that, and ``main`` joins them and is
the only one that knows of signals and exit codes:

====  ===========================================================================================
0     trained and reported
1     the loss became infinite or NaN; or memory ran out, or the report could not be written
2     a bad value; one line on stderr says which
130   stopped by Ctrl-C; what was learnt until then is reported
141   whoever read the report went away, as after ``| head -1``
====  ===========================================================================================

This module stands on ``data``, ``nn`` and ``optim``; ``train`` is an example of their use.
"""

from __future__ import annotations

import argparse
import math
import os
import reprlib
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, fields
from typing import Any, NoReturn, TextIO

import numpy as np
from tqdm import tqdm

from . import (
    ArgumentError,
    Backend,
    BackendError,
    Generator,
    Tensor,
    __version__,
    current_backend,
    data,
    nn,
    no_grad,
    optim,
    use_backend,
)
from .backend import ENVIRONMENT_VARIABLE

PROGRAM = "python -m tensorgrok"
PIXELS, CLASSES = 64, 10
HELD_OUT = 0.2
FAILED, BAD_VALUE, STOPPED, READER_GONE = 1, 2, 130, 141

Stop = Callable[[], bool]


class UsageError(ArgumentError):
    """The command line, or the environment, asks for something that cannot be."""


@dataclass(frozen=True)
class Config:
    """What to train, and how. The seed decides split, weights and the order of batches.

    Attributes:
        epochs: passes over the training part.
        hidden: units in the hidden layer.
        seed: of the ``Generator`` that everything random is drawn from.
        batch: images in one step.
        lr: the learning rate of the first epoch; it falls in equal steps towards zero.
        backend: a name, or None for the current backend.
    """

    epochs: int = 60
    hidden: int = 40
    seed: int = 0
    batch: int = 16
    lr: float = 0.5
    backend: str | None = None


@dataclass(frozen=True)
class Result:
    """What a run gave, also one that was stopped early.

    Attributes:
        config: what was asked for.
        backend: name of the backend that it ran on.
        sizes: lengths of the layers, inputs first.
        parameters: how many numbers were trained.
        seconds: time spent on the training steps.
        steps: steps taken.
        steps_in_epoch: steps that make one epoch.
        loss: mean cross-entropy of the final network over the whole training part.
        correct: held-out images that the final network names rightly.
        held_out: held-out images.
        stopped: whether somebody asked for an early end.
    """

    config: Config
    backend: str
    sizes: tuple[int, ...]
    parameters: int
    seconds: float
    steps: int
    steps_in_epoch: int
    loss: float
    correct: int
    held_out: int
    stopped: bool

    @property
    def accuracy(self) -> float:
        """Which part of the held-out images is named rightly."""
        return self.correct / self.held_out

    @property
    def diverged(self) -> bool:
        """Whether the loss is infinite or not a number."""
        return not math.isfinite(self.loss)


# From words to a configuration -----------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """A parser that raises ``UsageError`` instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UsageError(f"{message} (see {PROGRAM} --help)")


def _integer(low: int, high: int, wanted: str) -> Callable[[str], int]:
    def convert(text: str) -> int:
        with suppress(ValueError):
            if low <= (value := int(text)) <= high:
                return value
        raise argparse.ArgumentTypeError(f"expected {wanted}, got {reprlib.repr(text)}")

    return convert


def _rate(text: str) -> float:
    with suppress(ValueError):
        if 0 < (value := float(text)) < math.inf:  # false for NaN
            return value
    raise argparse.ArgumentTypeError(
        f"expected a finite number greater than 0, got {reprlib.repr(text)}"
    )


def make_parser() -> Parser:
    """Make the parser.

    Its default ``run`` is what the bare command does. A subcommand is a subparser with a ``run`` of
    its own, and needs no change here beside the line that adds it.
    """
    parser = Parser(
        prog=PROGRAM,
        allow_abbrev=False,
        description=f"Train a network {PIXELS} -> hidden -> {CLASSES} on 1,797 handwritten digits, "
        "a fifth of them held out, and say how many of those it reads.",
    )
    parser.set_defaults(run=run_training)
    parser.add_argument("--version", action="version", version=f"tensorgrok {__version__}")

    def add(name: str, kind: Callable[[str], Any], metavar: str, text: str) -> None:
        default = getattr(Config, name)
        shown = "" if default is None else " (default: %(default)s)"
        parser.add_argument(
            f"--{name}", type=kind, metavar=metavar, default=default, help=text + shown
        )

    million = _integer(1, 10**6, "an integer from 1 to 1000000")
    units = _integer(1, 10**4, "an integer from 1 to 10000")
    seeds = _integer(0, 2**128 - 1, "an integer from 0 to 2**128 - 1")
    add("epochs", million, "N", "passes over the training images")
    add("hidden", units, "N", "units in the hidden layer")
    add("seed", seeds, "N", "decides the split, the first weights and the order of images")
    add("batch", million, "N", "images in one step")
    add("lr", _rate, "X", "learning rate of the first epoch; it falls linearly towards 0")
    add("backend", str, "NAME", f"array backend (default: what {ENVIRONMENT_VARIABLE} says)")
    return parser


def read_config(arguments: argparse.Namespace) -> Config:
    """Take the configuration of a training run out of parsed arguments."""
    return Config(**{field.name: getattr(arguments, field.name) for field in fields(Config)})


# From a configuration to a result --------------------------------------------------------------


def train(config: Config, stop: Stop = lambda: False) -> Result:
    """Train the network that ``config`` asks for.

    A progress bar is drawn on stderr if that is a terminal. A loss that becomes infinite or NaN
    ends the training; NumPy's warnings about it are not shown, for the result says it.

    Args:
        config: what to train.
        stop: asked before each step; once it says True, the training ends.

    Raises:
        UsageError: the backend is unknown or cannot run here.
    """
    with _on_backend(config.backend) as backend, np.errstate(all="ignore"):
        generator = Generator(config.seed)
        learn, held_out = (
            (Tensor(images), Tensor(labels))
            for images, labels in data.split(data.load_digits(), HELD_OUT, generator)
        )
        model = nn.Sequential(
            nn.Linear(PIXELS, config.hidden, generator=generator),
            nn.ReLU(),
            nn.Linear(config.hidden, CLASSES, generator=generator),
        )
        start = time.perf_counter()
        steps = _descend(model, learn, config, generator, stop)
        backend.synchronize()
        seconds = time.perf_counter() - start
        with no_grad():
            loss = nn.cross_entropy(model(learn[0]), learn[1]).item()
            hits = model(held_out[0]).argmax(axis=-1) == held_out[1]
        in_epoch = math.ceil(learn[0].shape[0] / config.batch)
        return Result(
            config=config,
            backend=backend.name,
            sizes=(PIXELS, config.hidden, CLASSES),
            parameters=model.parameter_count(),
            seconds=seconds,
            steps=steps,
            steps_in_epoch=in_epoch,
            loss=loss,
            correct=int(hits.numpy().sum()),
            held_out=held_out[0].shape[0],
            stopped=stop() and steps < in_epoch * config.epochs,
        )


def _descend(
    model: nn.Sequential,
    learn: tuple[Tensor, Tensor],
    config: Config,
    generator: Generator,
    stop: Stop,
) -> int:
    """Train ``model`` by gradient descent and return the number of steps taken."""
    optimizer = optim.SGD(model.parameters(), config.lr)
    steps = 0
    with _progress(config.epochs) as bar:
        for epoch in range(config.epochs):
            optimizer.lr = config.lr * (1 - epoch / config.epochs)
            losses = []
            for images, labels in data.batches(learn, config.batch, generator):
                if stop():
                    return steps
                optimizer.zero_grad()
                loss = nn.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                steps += 1
            mean = sum(losses) / len(losses)
            if not math.isfinite(mean):
                break
            bar.set_postfix(loss=f"{mean:.3g}", refresh=False)
            bar.update()
    return steps


def _progress(epochs: int) -> tqdm[NoReturn]:
    # Left to itself, tqdm draws nothing in a terminal that does not tell its size.
    size = shutil.get_terminal_size()
    return tqdm(
        desc="training",
        total=epochs,
        unit="epoch",
        leave=False,
        ncols=min(size.columns, 80),
        nrows=size.lines,
        disable=sys.stderr is None or not sys.stderr.isatty(),
    )


def _on_backend(name: str | None) -> AbstractContextManager[Backend]:
    source = ENVIRONMENT_VARIABLE if name is None else "argument --backend"
    try:
        return nullcontext(current_backend()) if name is None else use_backend(name)
    except (BackendError, ImportError) as error:
        raise UsageError(f"{source}: {error}") from error


# From a result to text -------------------------------------------------------------------------


def report(result: Result) -> str:
    """Say in a few lines what a run gave."""
    lines = [
        ("backend", result.backend),
        ("network", " → ".join(map(str, result.sizes))),
        ("parameters", f"{result.parameters:,}"),
        ("time", f"{result.seconds:.2f} s"),
        ("training loss", f"{result.loss:.4g}"),
        (
            "held-out accuracy",
            f"{result.accuracy:.4f} ({result.correct} of {result.held_out} digits)",
        ),
        *(("note", text) for text in _notes(result)),
    ]
    return "\n".join(f"{name + ':':<20}{value}" for name, value in lines)


def _notes(result: Result) -> list[str]:
    notes = []
    epochs, asked = result.steps // result.steps_in_epoch, result.config.epochs
    if result.stopped:
        notes.append(
            f"stopped by Ctrl-C after {epochs} of {asked} epochs, at step {result.steps:,} of "
            f"{result.steps_in_epoch * asked:,}"
        )
    if result.diverged:
        notes.append(
            f"training diverged: the loss is {result.loss} after {epochs} of {asked} epochs; "
            f"try a smaller --lr than {result.config.lr:g}"
        )
    elif result.loss >= math.log(CLASSES) and not result.stopped:
        notes.append(
            f"nothing was learnt: guessing alone has a loss of {math.log(CLASSES):.3f}; "
            f"try another --lr than {result.config.lr:g}"
        )
    return notes


def printable(text: str, encoding: str) -> str:
    """Put ``text`` into characters that ``encoding`` has; an arrow may become ``->``.

    >>> from tensorgrok.cli import printable
    >>> printable("64 → 40", "utf-8"), printable("64 → 40", "ascii")
    ('64 → 40', '64 -> 40')
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.replace("→", "->")
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    return text


def _write(text: str, stream: TextIO | None) -> None:
    if stream is not None:  # None: the stream was closed before Python started
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(printable(text, encoding) + "\n")
        stream.flush()


# The program -----------------------------------------------------------------------------------


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

    def __exit__(self, *exception: object) -> None:
        if self._handling:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: object) -> None:
        self.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


def run_training(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Train, report, and return the exit code: what the bare command does."""
    result = train(read_config(arguments), lambda: interrupt.requested)
    _write(report(result), sys.stdout)
    if interrupt.requested:
        return STOPPED
    return FAILED if result.diverged else 0


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
        return complain("not enough memory; try a smaller --hidden or --batch", FAILED)
    except BrokenPipeError:
        _abandon_stdout()
        return READER_GONE
    except OSError as error:
        _abandon_stdout()
        return complain(f"failed: {error}", FAILED)
    return status


def _run(argv: Sequence[str] | None, interrupt: Interrupt) -> int:
    try:
        arguments = make_parser().parse_args(argv)
    except SystemExit:  # --help and --version have printed
        return 0
    status: int = arguments.run(arguments, interrupt)
    return status


def complain(message: str, status: int) -> int:
    """Write one line to stderr and return ``status``."""
    with suppress(OSError):  # nobody is left to tell
        _write(f"tensorgrok: {' '.join(message.split())}", sys.stderr)
    return status


def _abandon_stdout() -> None:
    """Let what stdout still holds go nowhere, or Python would complain about it as it ends."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
