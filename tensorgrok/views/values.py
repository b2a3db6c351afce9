"""The values of a recorded graph: those it still holds, and those that follow from them.

A graph keeps only what backward reads, so most values are computed again, with the same cards on
the same backend and so to the same bits. Nothing is made up: where a value was released, where a
parameter has changed since, or where backward has not run, there is a reason instead.

This module stands on ``terms``; read ``flow`` next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..autodiff import run
from ..backend import Array, Backend
from ..context import Mode
from ..engine import apply, make_tensor
from ..graph import Crossing, Leaf, Node, Output
from ..tensor import Tensor
from ..terms import ITEM, MOVED, Program, Sign, Term, ordered, terms_in
from .sampling import sample
from .stacks import Sample

NOT_COMPUTED = "not computed yet"
RELEASED = "released by backward; retain_graph=True keeps it"
GONE = "not kept: the tensor is gone, and no rule reads it"
CHANGED = "changed since it was recorded"
OFF = "not shown"


class Values:
    """What is known of the values of terms.

    Args:
        program: the forward pass.
        handles: tensors by the node they are handles of; that of the root is among them.
        wanted: False knows nothing, so that nothing is computed or copied.
        homes: the backends of terms of the backward pass, where they are not that of the root.

    Attributes:
        differentiated: whether backward has run.
    """

    def __init__(
        self,
        program: Program,
        handles: Mapping[Any, Tensor],
        wanted: bool,
        homes: Mapping[Term, Backend],
    ) -> None:
        self._program, self._handles, self._wanted = program, handles, wanted
        self._homes = homes
        self.backend: Backend = handles[program.roots[0].source].backend
        self._found: dict[Term, Any] = {}
        self._why: dict[Term, str] = {}
        self._samples: dict[Term, Sample | None] = {}
        self.differentiated = any(_has_gradient(term) for term in program.terms)
        if wanted:
            self._recorded()

    def give(self, seed: Term, gradient: Tensor) -> None:
        """Say what the cotangent is that backward starts from."""
        if self._wanted:
            self._found[seed] = gradient._data
            self.differentiated = True

    def home(self, term: Term) -> Backend:
        """The backend that a term's value lives on."""
        homes = self._homes if term.source is None else self._program.homes
        return homes.get(self._own(term), self.backend)

    def array(self, term: Term) -> Array | None:
        """The array that a term stands for, or None; ``why`` says why."""
        term = self._own(term)
        if not self._wanted or term.dtype.__class__ is tuple:
            return None
        if term not in self._found and term not in self._why:
            self._compute(term)
        return self._found.get(term)

    def sample(self, term: Term) -> Sample | None:
        """What a picture shows of a term's numbers, or None if there are none."""
        term = self._own(term)
        if term not in self._samples:
            array = self.array(term)
            taken = None if array is None else sample(array, self.home(term))
            self._samples[term] = taken
        return self._samples[term]

    def why(self, term: Term) -> str:
        """Why there is no value, in words; empty if there is one."""
        if not self._wanted:
            return OFF
        term = self._own(term)
        return "" if self.array(term) is not None else self._why.get(term, NOT_COMPUTED)

    def _own(self, term: Term) -> Term:
        """The same value among the terms of the whole program, where it is one of them."""
        return term if term.source is None else self._program.of[term.source]

    def _recorded(self) -> None:
        """Gather what the graph and living tensors hold, and fill the gaps in the forward pass."""
        certain = dict(self._certain())
        self._found.update(certain)
        assumed = [
            term
            for term in self._program.terms
            if term.card is None and term not in certain and self._assume(term)
        ]
        if assumed and not self._agrees(certain, assumed):
            for term in assumed:
                del self._found[term]
                self._why[term] = CHANGED
            self._why = {t: why for t, why in self._why.items() if t.card is None}
            self._found = {t: a for t, a in self._found.items() if t in certain}
        for term in self._program.terms:
            if term not in self._found and term not in self._why:
                self._compute(term)

    def _certain(self) -> Iterator[tuple[Term, Any]]:
        """Values as they were when the graph was recorded."""
        for term in self._program.terms:
            node = term.source
            handle = self._handles.get(node)
            if handle is not None and not isinstance(node, Leaf):
                yield term, handle._data
            if not isinstance(node, Node) or isinstance(node, Leaf | Crossing) or not node.saved:
                continue
            for index, saved in zip(node.plan.sources, node.saved, strict=True):
                told = term if index < 0 else term.operands[index]
                pairs = (
                    zip(told, saved, strict=True) if isinstance(told, tuple) else [(told, saved)]
                )
                for one, array in pairs:
                    if isinstance(one, Term) and getattr(array, "dtype", None) == one.dtype:
                        yield one, array

    def _assume(self, term: Term) -> bool:
        """Take the present value of a leaf for the one it had; say why where that cannot be."""
        handle = term.source.handle() if isinstance(term.source, Leaf) else None
        if handle is None:
            self._why[term] = GONE
            return False
        data = handle._data
        if tuple(data.shape) != term.shape or data.dtype != term.dtype:
            self._why[term] = CHANGED
            return False
        self._found[term] = data
        return True

    def _agrees(self, certain: Mapping[Term, Any], assumed: Iterable[Term]) -> bool:
        """Whether what follows from the assumed values is what was recorded."""
        doubtful = set(assumed)
        for term in self._program.terms:
            if term.card is None or doubtful.isdisjoint(terms_in(term.operands)):
                continue
            if self._released(term) or any(t not in self._found for t in terms_in(term.operands)):
                continue
            again = self._evaluate(term)
            if term not in certain:
                self._found[term] = again
                doubtful.add(term)
            elif not _same(again, certain[term], self.home(term)):
                return False
        return True

    def _released(self, term: Term) -> bool:
        node = term.source.node if isinstance(term.source, Output) else term.source
        return isinstance(node, Node) and node.saved is None

    def _compute(self, root: Term) -> None:
        """Compute a term and whatever it needs, or note why that cannot be done."""
        for term in ordered([root], _Settled(self._found, self._why)):
            missing = [t for t in map(self._own, terms_in(term.operands)) if t not in self._found]
            if term.source is None and not (self.differentiated and term.card is not None):
                self._why[term] = NOT_COMPUTED
            elif self._released(term):
                self._why[term] = RELEASED
            elif missing:
                self._why[term] = self._why[missing[0]]
            else:
                self._found[term] = self._evaluate(term)

    def _evaluate(self, term: Term) -> Any:
        """Apply a term's card to the values of its operands."""
        assert term.card is not None

        def tensor(operand: Any) -> Any:
            if isinstance(operand, tuple):
                return tuple(map(tensor, operand))
            if not isinstance(operand, Term):
                return operand
            return make_tensor(self._found[self._own(operand)], self.home(operand))

        with Mode(recording=False, tracer=None, backend=self.home(term)):
            if term.card is ITEM:
                return self._found[self._own(term.operands[0])][term.parameters["index"]]
            operands = tuple(map(tensor, term.operands))
            if term.card is MOVED:
                place = term.parameters["place"] or self.home(term)
                return operands[0].to(place)._data
            if "end" in term.parameters:
                return self._pulled(term)
            card = term.card.stands_for if isinstance(term.card, Sign) else term.card
            assert card is not None
            result = apply(card, operands, term.parameters)
        if isinstance(result, tuple):
            return tuple(part._data for part in result)
        return result._data

    def _pulled(self, term: Term) -> Any:
        """The cotangent of an argument of a folded call, from the recorded graph itself."""
        g = make_tensor(self._found[term.operands[0]], self.home(term))
        target = term.operands[1 + term.parameters["place"]].source
        seeds = [(term.parameters["end"], g)]
        return run(seeds, self.home(term), {target}, create_graph=False)[0][target]


class _Settled:
    """The terms that need not be computed: recorded ones, and those that were tried before."""

    def __init__(self, *settled: Mapping[Term, Any]) -> None:
        self._settled = settled

    def __contains__(self, term: object) -> bool:
        assert isinstance(term, Term)
        return term.source is not None or any(term in known for known in self._settled)


def _has_gradient(term: Term) -> bool:
    handle = term.source.handle() if isinstance(term.source, Leaf) else None
    return handle is not None and term.requires_grad and handle._grad is not None


def _same(one: Any, other: Any, backend: Backend) -> bool:
    """Whether two arrays hold the same numbers, NaN counting as itself."""
    if isinstance(one, tuple):
        return all(_same(a, b, backend) for a, b in zip(one, other, strict=True))
    xp = backend.xp
    equal = one == other
    if one.dtype.kind in "fc":
        equal = xp.logical_or(equal, xp.logical_and(one != one, other != other))
    return bool(backend.item(xp.all(equal, axis=None)))
