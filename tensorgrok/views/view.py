"""``tg.view``: a recorded graph as Python, as algebra and as bricks, forward and backward.

This module stands on ``reading``, ``statement`` and ``page``; read those next.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from .. import ops
from ..engine import make_tensor, primitives
from ..errors import ArgumentError, caller_variables, describe, join_words
from ..lines import CUTS, Cut, Line
from ..naming import Known
from ..nn import losses
from ..reading import Reading, read
from ..tensor import Tensor, TensorLike
from ..terms import Term
from ..transforms import vjp
from . import presenting, saving
from .correlated import Bar, bars_of
from .correlation import Correlation
from .showing import Showing
from .statement import Statement
from .values import Values

#: The functions that losses are printed as.
LOSSES = (
    *("squared_error", "mse", "l1", "huber", "bce_with_logits", "kl_divergence"),
    *("cross_entropy", "nll"),
)

#: So many sizes of layers are in a title.
MOST_SIZES = 8

#: How products are written.
STYLES = (None, "dot", "@")

#: How much of the numbers to show.
DETAILS = ("numbers", "dimensions", "letters")


class Part:
    """Lines in all their notations: those of the forward pass, or those of the backward pass.

    Attributes:
        lines: one ``Statement`` each.
    """

    def __init__(self, lines: Sequence[Statement]) -> None:
        self.lines = list(lines)

    @property
    def python(self) -> str:
        """The lines as a Python program, to be run where the names of its inputs are known."""
        return "\n".join(line.python for line in self.lines)

    @property
    def latex(self) -> str:
        """The lines as LaTeX, one formula each."""
        return "\n".join(line.latex for line in self.lines)

    @property
    def unicode(self) -> str:
        """The lines as plain text algebra."""
        return "\n".join(line.unicode for line in self.lines)

    @property
    def bricks(self) -> str:
        """The lines as bricks, one under the other: SVG."""
        return presenting.pictures(self.lines)

    def _repr_latex_(self) -> str:
        rows = " \\\\\n".join(line.latex.replace(" = ", " &= ", 1) for line in self.lines)
        return f"$\\begin{{aligned}}\n{rows}\n\\end{{aligned}}$"

    def __len__(self) -> int:
        return len(self.lines)

    def __str__(self) -> str:
        return self.python


class View(Part):
    """What ``view`` returns: the forward pass, and ``backward``.

    Attributes:
        title: the name of what is viewed, and the sizes of the layers.
        lines: the forward pass, line by line.
        backward: the backward pass: what each layer is told, and the gradients.
        bars: for layers the R² of their readout, held out and train.
    """

    def __init__(
        self,
        reading: Reading,
        values: bool,
        detail: str,
        seed: Tensor | None,
        bars: Mapping[Term, Bar],
    ) -> None:
        self.reading, self.bars = reading, bars
        self.showing = Showing(reading, values and detail == "numbers", detail, seed, bars)
        self._seed = seed
        super().__init__([Statement(line, self.showing.line) for line in reading.lines])

    @property
    def values(self) -> Values:
        """The numbers."""
        return self.showing.values

    @functools.cached_property
    def backward(self) -> Part:
        """The backward pass, line by line."""
        return Part([Statement(line, self.showing.line) for line in self.reading.backward.lines])

    @functools.cached_property
    def whole(self) -> Part:
        """The forward pass in as few lines as can be, with deltas below the layers."""
        return Part([Statement(line, self.showing.whole) for line in self.reading.in_one])

    def inside(self, line: Line) -> Part | None:
        """What happens within the module call of a line; None if it is not just such a call."""
        if line.target.source not in self.reading.program.folded:
            return None
        lines = self.reading.inside(line.target)
        return Part([Statement(one, self.showing.inside) for one in lines])

    @property
    def title(self) -> str:
        """The name of what is viewed, and the sizes of the layers: ``loss: 3 → 4 → 1``."""
        sizes = [str(size) for size in self.reading.sizes]
        if len(sizes) > MOST_SIZES:
            sizes = [*sizes[: MOST_SIZES // 2], "…", *sizes[-MOST_SIZES // 2 :]]
        name = self.reading.root.name or "view"
        return f"{name}: {' → '.join(sizes)}" if len(sizes) > 1 else name

    @property
    def subtitle(self) -> str:
        """What the pictures mean, in a sentence or two."""
        said = "Strips are vectors, blocks are matrices; a block is as tall as the strip before it "
        said += "is wide, and as wide as the strip after it."
        if not self.values.differentiated:
            said += " Deltas have no numbers: no gradient has been computed yet, or it was cleared."
        return said

    def step_of(self, term: Term) -> int:
        """The line in which a term is computed, counted from 1; 0 for an input."""
        return self.showing.steps.get(term, 0)

    @property
    def inputs(self) -> list[str]:
        """The variables that the printed Python needs: ``model`` for ``model.weight``."""
        written = self.reading.written_names
        seed = self.reading.backward.seed
        given = [] if seed is None else [str(seed.name)]
        roots = (name.partition(".")[0].partition("[")[0] for name in written)
        return list(dict.fromkeys([*roots, *given]))

    def namespace(self) -> dict[str, Any]:
        """Return what the printed Python needs to run: functions, and inputs by their names.

        Inputs have the values that were recorded, as far as these are known, and else their present
        ones. What is written as a path, such as ``model.weight``, is read from its module or list
        and so has its present value in any case. A ``gradient`` that the view was given is there.

        >>> weight = tg.Tensor([[2.0], [3.0]], requires_grad=True)
        >>> result = tg.Tensor([[1.0, 10.0]]).dot(weight)
        >>> shown = tg.view(result, names={"result": result, "weight": weight})
        >>> variables = shown.namespace()
        >>> exec(shown.python, variables)
        >>> variables["result"]
        Tensor([[32.]], shape=(1, 1), dtype=float32)
        """
        found: dict[str, Any] = {**primitives}
        found |= {name: getattr(ops, name) for name in ops.__all__}
        found |= {name: getattr(losses, name) for name in LOSSES} | {"vjp": vjp, "s_": np.s_}
        scope, adopted = self.reading.known.scope, self.reading.known.adopted
        for root in self.inputs:
            if root in scope or root in adopted:
                found[root] = scope[root] if root in scope else adopted[root]
        for term in self.reading.program.terms:
            array = self.values.input(term) if term.card is None else None
            if array is not None and term.name is not None and term.name.isidentifier():
                found[term.name] = make_tensor(array, self.values.home(term))
        seed = self.reading.backward.seed if self._seed is not None else None
        if seed is not None and self._seed is not None:
            found[str(seed.name)] = self._seed
        return found

    def text(self, width: int = 80, *, colour: bool = False, only_ascii: bool = False) -> str:
        """Return all of it as text for a terminal.

        Args:
            width: columns of the terminal.
            colour: whether numbers have a coloured background.
            only_ascii: whether nothing but ASCII may be written.
        """
        return presenting.text(self, width, colour=colour, only_ascii=only_ascii)

    def show(self, file: TextIO | None = None) -> None:
        """Print it: as wide as the terminal is, in colour where that is wanted and possible."""
        out = sys.stdout if file is None else file
        encoding = (getattr(out, "encoding", None) or "ascii").lower().replace("-", "")
        print(
            self.text(
                shutil.get_terminal_size().columns,
                colour=out.isatty() and not os.environ.get("NO_COLOR"),
                only_ascii=not encoding.startswith("utf"),
            ),
            file=out,
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file; the ending says as what.

        Args:
            path: ``.html`` for the page, ``.svg`` for the bricks of the whole, ``.png`` for the
                same as pixels (needs ``tensorgrok[png]``), ``.tex``, ``.py`` or ``.txt`` for text.

        Returns:
            The path.

        Raises:
            ArgumentError: another ending, or PNG without the package that draws it.
        """
        return saving.save(self, Path(path))

    def html(self) -> str:
        """Return the page: one file that needs nothing else."""
        return presenting.document(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": presenting.fragment(self), "text/plain": self.text()}

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        forward, backward = len(self.lines), len(self.reading.backward.lines)
        return f"<View of {self.title}: {forward} lines forward, {backward} backward>"


def view(
    tensor: Tensor,
    shape: Any = None,
    *,
    names: Mapping[str, Any] | None = None,
    cut: Cut = "layers",
    depth: int | None = None,
    style: str | None = None,
    values: bool = True,
    detail: str = "numbers",
    gradient: TensorLike | None = None,
    correlation: Correlation | None = None,
) -> View:
    """Show how a tensor was computed, and its gradients: as Python, as algebra and as bricks.

    Values have the names that the caller's variables give them, found by identity; ``named`` and
    ``Tensor(..., name=)`` go first. What has no name gets ``layer_1``, ``weights_0_1`` and so on.
    ``print`` shows it in a terminal, a notebook shows the page, ``save`` writes files. Deltas have
    numbers once ``backward`` has run with ``retain_graph=True``. All numbers are those of the
    moment in which the view is made; what changes later does not change them.

    Args:
        tensor: a loss or another result that was recorded.
        shape: nothing: this is not PyTorch's ``view``, which is ``reshape`` here.
        names: variables to take names from instead of the caller's, such as ``locals()``.
        cut: where lines are cut: ``"layers"`` at each value with a name, ``"one"`` as seldom as
            possible, ``"ops"`` at each operation.
        depth: how many levels of modules are opened, counted from those that variables hold: 0
            shows ``model(x)``, 1 what the model calls, ``model.first(x)``. Layers such as
            ``nn.Linear`` are always open. By default as many as can be read.
        style: ``"dot"`` or ``"@"`` writes all products so; by default as they were written.
        values: whether to show numbers; without, nothing is computed.
        detail: ``"numbers"``, ``"dimensions"`` for the sizes alone, or ``"letters"``.
        gradient: the cotangent of a tensor that is no number, as for ``backward``; with it deltas
            have numbers, without they have letters.
        correlation: what ``correlate`` found of the same network, drawn as bars below the layers.

    Raises:
        ArgumentError: no tensor, a bad cut, depth, style, values, detail or names, a shape, another
            network's correlation.
        GraphError: nothing was recorded.

    >>> layer_0 = tg.Tensor([[1.0, 0.0, 1.0]])
    >>> weights_0_1 = tg.Tensor(np.ones((3, 4)), requires_grad=True)
    >>> weights_1_2 = tg.Tensor(np.ones((4, 1)), requires_grad=True)
    >>> layer_2 = tg.relu(layer_0.dot(weights_0_1)).dot(weights_1_2)
    >>> shown = tg.view(layer_2, cut="one")
    >>> print(shown.python)
    layer_2 = relu(layer_0.dot(weights_0_1)).dot(weights_1_2)
    >>> print(shown.unicode)
    l₂ = relu(l₀ W₀) W₁
    """
    if shape is not None:
        raise ArgumentError(
            f"view: shows how a tensor was computed and takes no shape, but was given {shape!r}; "
            f"for the same numbers in another shape write x.reshape({shape!r})"
        )
    if cut not in CUTS:
        allowed = join_words([repr(one) for one in CUTS], "or")
        raise ArgumentError(f"view: cut must be {allowed}, not {cut!r}")
    if style not in STYLES:
        raise ArgumentError(f"view: style must be 'dot', '@' or None, not {style!r}")
    if detail not in DETAILS:
        allowed = join_words([repr(one) for one in DETAILS], "or")
        raise ArgumentError(f"view: detail must be {allowed}, not {detail!r}")
    variables = caller_variables() if names is None else names
    if not isinstance(values, bool):
        raise ArgumentError(f"view: values must be True or False, not {values!r}")
    if not isinstance(variables, Mapping) or not all(isinstance(n, str) for n in variables):
        raise ArgumentError(
            f"view: names must be a dictionary from names to values, such as locals(), not "
            f"{describe(variables)}"
        )
    reading = read(tensor, Known(variables), cut, depth, style)
    if gradient is not None and tensor.shape == () and tensor.dtype.kind == "f":
        raise ArgumentError(
            f"view: gradient is for tensors that are no number; {describe(tensor)} is one, and its "
            "backward starts from 1"
        )
    seed = None if gradient is None else tensor._seed("view", gradient, shared=True)
    bars = {} if correlation is None else bars_of(reading, correlation)
    return View(reading, values, detail, seed, bars)
