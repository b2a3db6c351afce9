"""The bare command: trains a small network on handwritten digits.

Its parts can be used and tested apart: ``read_config`` makes a ``Config`` of the words given,
``train`` makes a ``Result`` of that, and ``report`` makes text of that. This module stands on
``data``, ``nn`` and ``optim``; ``train`` is an example of their use. Read ``showing`` next, which
shows the network that was trained.
"""

from __future__ import annotations

import argparse
import math
import reprlib
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from tqdm import tqdm

from .. import (
    ArgumentError,
    Backend,
    BackendError,
    Generator,
    Tensor,
    current_backend,
    data,
    nn,
    no_grad,
    optim,
    use_backend,
)
from ..registry import ENVIRONMENT_VARIABLE
from . import showing
from .program import (
    FAILED,
    STOPPED,
    Interrupt,
    UsageError,
    complain,
    quiet_warnings,
    write,
)

PIXELS, CLASSES = 64, 10
HELD_OUT = 0.2
RATES = {"sgd": 0.5, "adam": 0.003}
SUMMARY = (
    f"Train a network {PIXELS} -> hidden -> {CLASSES} on 1,797 handwritten digits, a fifth of them "
    "held out, say how many of those it reads, and show the network: as Python, as algebra and as "
    "bricks, forward and backward, and what each layer knows of the digit."
)
REPORT = "tensorgrok-report.html"

Stop = Callable[[], bool]


@dataclass(frozen=True)
class Config:
    """What to train, and how. The seed decides split, weights and the order of batches.

    Attributes:
        epochs: passes over the training part.
        hidden: units in the hidden layer.
        seed: of the ``Generator`` that everything random is drawn from.
        batch: images in one step.
        optimizer: ``"sgd"`` or ``"adam"``.
        lr: the learning rate of the first epoch, or None for one that suits the optimizer; it falls
            in equal steps towards zero.
        backend: a name, or None for the current backend.
    """

    epochs: int = 60
    hidden: int = 40
    seed: int = 0
    batch: int = 16
    optimizer: str = "sgd"
    lr: float | None = None
    backend: str | None = None

    @property
    def rate(self) -> float:
        """The learning rate of the first epoch."""
        return RATES[self.optimizer] if self.lr is None else self.lr


class Trained(NamedTuple):
    """A network, and the images and labels that it was trained on and tried on."""

    model: nn.Sequential
    learned: tuple[Tensor, Tensor]
    held_out: tuple[Tensor, Tensor]


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
        trained: the final network, and its data.
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
    trained: Trained = field(repr=False, compare=False)

    @property
    def accuracy(self) -> float:
        """Which part of the held-out images is named rightly."""
        return self.correct / self.held_out

    @property
    def diverged(self) -> bool:
        """Whether the loss is infinite or not a number."""
        return not math.isfinite(self.loss)


# From words to a configuration -----------------------------------------------------------------


def _integer(low: int, high: int, wanted: str) -> Callable[[str], int]:
    def convert(text: str) -> int:
        with suppress(ValueError):
            if low <= (value := int(text)) <= high:
                return value
        raise argparse.ArgumentTypeError(f"expected {wanted}, got {reprlib.repr(text)}")

    return convert


def _optimizer(text: str) -> str:
    if text in RATES:
        return text
    raise argparse.ArgumentTypeError(f"expected sgd or adam, got {reprlib.repr(text)}")


def _rate(text: str) -> float:
    with suppress(ValueError):
        if 0 < (value := float(text)) < math.inf:  # false for NaN
            return value
    raise argparse.ArgumentTypeError(
        f"expected a finite number greater than 0, got {reprlib.repr(text)}"
    )


def _page(text: str) -> Path:
    if Path(text).suffix.lower() in (".html", ".htm"):
        return Path(text)
    raise argparse.ArgumentTypeError(
        f"expected a path that ends with .html, got {reprlib.repr(text)}"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a training run to a parser."""

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
    add("optimizer", _optimizer, "NAME", "sgd or adam")
    rates = ", ".join(f"{rate:g} with {name}" for name, rate in RATES.items())
    text = "learning rate of the first epoch; it falls linearly towards 0"
    add("lr", _rate, "X", f"{text} (default: {rates})")
    add("backend", str, "NAME", f"array backend (default: what {ENVIRONMENT_VARIABLE} says)")
    reports = parser.add_mutually_exclusive_group()
    text = "where to write the report, a page with all that was found (default: %(default)s)"
    reports.add_argument("--report", type=_page, metavar="PATH", default=REPORT, help=text)
    text = "write no report"
    reports.add_argument("--no-report", dest="report", action="store_const", const=None, help=text)


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
            trained=Trained(model, learn, held_out),
        )


def _descend(
    model: nn.Sequential,
    learn: tuple[Tensor, Tensor],
    config: Config,
    generator: Generator,
    stop: Stop,
) -> int:
    """Train ``model`` by gradient descent and return the number of steps taken."""
    kind = optim.Adam if config.optimizer == "adam" else optim.SGD
    try:
        optimizer = kind(model.parameters(), config.rate)
    except ArgumentError as error:  # a rate that the dtype of the weights cannot hold
        raise UsageError(f"argument --lr: {error}") from error
    steps = 0
    with _progress(config.epochs) as bar:
        for epoch in range(config.epochs):
            optimizer.lr = config.rate * (1 - epoch / config.epochs)
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
        with quiet_warnings() as warned:
            chosen = nullcontext(current_backend()) if name is None else use_backend(name)
    except (BackendError, ImportError) as error:
        raise UsageError(f"{source}: {error}") from error
    for text in warned:
        complain(text, 0)
    return chosen


# From a result to text -------------------------------------------------------------------------


def report(result: Result) -> str:
    """Say in a few lines what a run gave."""
    return "\n".join(_figure(name, value) for name, value in figures(result))


def _figure(name: str, value: str) -> str:
    return f"{name + ':':<20}{value}"


def figures(result: Result) -> list[tuple[str, str]]:
    """What a run gave: for each figure its name and what it is."""
    return [
        ("backend", result.backend),
        ("network", _sizes(result)),
        ("parameters", f"{result.parameters:,}"),
        ("time", f"{result.seconds:.2f} s"),
        ("training loss", f"{result.loss:.4g}"),
        (
            "held-out accuracy",
            f"{result.accuracy:.4f} ({result.correct} of {result.held_out} digits)",
        ),
        *(("note", text) for text in _notes(result)),
    ]


def _sizes(result: Result) -> str:
    return " → ".join(map(str, result.sizes))


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
            f"try a smaller --lr than {result.config.rate:g}"
        )
    elif result.loss >= math.log(CLASSES) and not result.stopped:
        notes.append(
            f"nothing was learnt: guessing alone has a loss of {math.log(CLASSES):.3f}; "
            f"try another --lr than {result.config.rate:g}"
        )
    return notes


def run(arguments: argparse.Namespace, interrupt: Interrupt) -> int:
    """Train, report, show, and return the exit code: what the bare command does."""
    try:
        result = train(read_config(arguments), lambda: interrupt.requested)
        write(report(result), sys.stdout)
        status = _show(result, arguments.report)
    except MemoryError:
        return complain("not enough memory; try a smaller --hidden or --batch", FAILED)
    if interrupt.requested:
        return STOPPED
    return FAILED if result.diverged else status


def _show(result: Result, path: Path | None) -> int:
    """Show the network, and write the report if there is a path; return the exit code."""
    with use_backend(result.backend), np.errstate(all="ignore"):
        findings = showing.look(*result.trained)
        showing.show(findings, sys.stdout)
        if path is None:
            return 0
        title = f"{_sizes(result)} on handwritten digits"
        status = showing.save(path, findings, figures(result), title)
    if status == 0:
        write(f"\n{_figure('report', str(path.absolute()))}", sys.stdout)
    return status
