"""What is shown of a network that was trained: its three views, its correlations, the report.

``look`` runs one held-out image through the network and measures what the layers know, ``show``
writes both into the terminal, and ``save`` writes the page. This module stands on ``views``; the
bare command, ``training``, ends with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from .. import Tensor, correlate, nn, view
from ..errors import TensorgrokError
from ..views.correlation import Correlation
from ..views.report import report
from ..views.saving import write as write_file
from ..views.view import View
from .program import FAILED, complain, write

CORRELATION = "What each layer knows of the digit (in the picture: held-out R² of training R²):"

Digits = tuple[Tensor, Tensor]


class Findings(NamedTuple):
    """What was seen of a trained network.

    Attributes:
        view: of the loss of one held-out image, after backward.
        digit: what that image shows.
        correlation: the correlation summary; None where there is none.
        why: why there is none, or empty.
    """

    view: View
    digit: int
    correlation: Correlation | None
    why: str = ""


def look(model: nn.Module, learned: Digits, held_out: Digits) -> Findings:
    """Look at a trained network, one that diverged too.

    Args:
        model: the network; it is left in evaluation, and with the gradients of one image.
        learned: images and labels that it was trained on.
        held_out: images and labels that it was not trained on.
    """
    model.eval()
    correlation, why = None, ""
    try:
        correlation = correlate(model, learned, held_out)
    except TensorgrokError as error:  # such as infinite numbers in a layer
        why = str(error)
    layer_0, digit = (rows[:1] for rows in held_out)
    layer_2 = model(layer_0)
    loss = nn.cross_entropy(layer_2, digit)
    model.zero_grad()
    loss.backward(retain_graph=True)  # the graph is kept for its numbers
    names = {"layer_0": layer_0, "layer_2": layer_2, "digit": digit, "loss": loss}
    shown = view(loss, names=names, correlation=correlation)
    return Findings(shown, int(digit.item()), correlation, why)


def show(findings: Findings, stream: TextIO | None) -> None:
    """Write the three views and the correlation summary: as wide as the terminal is."""
    if stream is None:  # it was closed before Python started
        return
    write(f"\n{_what(findings)}:\n", stream)
    findings.view.show(stream)
    if findings.correlation is None:
        write(f"\nNo correlation summary: {findings.why}", stream)
        return
    write(f"\n{CORRELATION}\n\n{findings.correlation}", stream)


def _what(findings: Findings) -> str:
    return f"One held-out image, of the digit {findings.digit}, in the trained network"


def save(path: Path, findings: Findings, figures: Sequence[tuple[str, str]], title: str) -> int:
    """Write the report as a page, and return the exit code.

    Args:
        path: where to.
        findings: what to show.
        figures: what to say of the training, each with a name.
        title: of the page.
    """
    subtitle = f"{_what(findings)}. {findings.view.subtitle}"
    if findings.why:
        figures = [*figures, ("note", f"no correlation summary: {findings.why}")]
    text = report(title, subtitle, figures, findings.view, findings.correlation)
    try:
        write_file(path, text)
    except OSError as error:
        reason = error.strerror or str(error)
        return complain(f"cannot write the report {str(path)!r}: {reason}", FAILED)
    return 0
