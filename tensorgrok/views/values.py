"""The values of a recorded graph: those it still holds, and those that follow from them.

A graph keeps only what backward reads, so most values are computed again, with the same cards on
the same backend and so to the same bits. Nothing is made up: where a value was released, where a
parameter may have changed since, or where backward has not run, there is a reason instead. What a
leaf holds now counts as what it held when the graph was recorded only if what follows from it is
what was recorded.

This module stands on ``terms``; read ``flow`` next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..autodiff import run
from ..backend import Array, Backend
from ..context import Mode
from ..engine import apply, make_tensor
from ..errors import GraphReleased
from ..graph import Crossing, Leaf, Node, Output
from ..tensor import Tensor
from ..terms import ITEM, MOVED, Program, Sign, Term, ordered, terms_in
from .sampling import sample
from .stacks import Sample

NOT_COMPUTED = "not computed yet"
RELEASED = "released by backward; retain_graph=True keeps it"
GONE = "not kept: the tensor is gone, and no rule reads it"
CHANGED = "changed since it was recorded"
CHANGED_OR_OTHER = "this or another input changed since it was recorded"
DOUBTFUL = "cannot tell whether it changed since it was recorded"
HOOKED = "changed by a hook, which is not run again"
SEVERAL = "several results"
OFF = "not shown"


class Values:
    """What is known of the values of terms.

    Args:
        program: the forward pass.
        handles: tensors by the node they are handles of; that of the root is among them.
        wanted: False knows nothing, so that nothing is computed or copied.
        homes: the backends of terms of the backward pass, where they are not that of the root.

    Attributes:
        differentiated: whether the numbers of deltas are wanted: a leaf has a gradient, of this
            graph or of an earlier one, or a cotangent was given.
        hooked: the terms whose gradient a hook sees, and may change.
    """

    def __init__(
        self,
        program: Program,
        handles: Mapping[Any, Tensor],
        wanted: bool,
        homes: Mapping[Term, Backend],
    ) -> None:
        self._program, self._wanted, self._homes = program, wanted, homes
        self.backend: Backend = handles[program.roots[0].source].backend
        self._found: dict[Term, Any] = {}
        self._why: dict[Term, str] = {}
        self._samples: dict[Term, Sample | None] = {}
        self._settled = False
        self.differentiated = any(_has_gradient(term) for term in program.terms)
        self.hooked = [term for term in program.terms if _has_hooks(term.source)]
        # All of it is gathered now; what is computed from it can wait until somebody looks.
        self._released = {term for term in program.terms if _is_released(term.source)}
        self._held = dict(_held(program, handles))
        self._present = dict(self._leaves())

    def give(self, seed: Term, gradient: Tensor) -> None:
        """Say what the cotangent is that backward starts from."""
        self._held[seed] = gradient._data
        self.differentiated = True

    def withhold(self, terms: Iterable[Term], why: str) -> None:
        """Say why there are no numbers for terms of the backward pass."""
        self._why.update(dict.fromkeys(terms, why))

    def input(self, term: Term) -> Array | None:
        """The array of an input, of all that can be known of it: at the worst the present one."""
        found = self.array(term)
        own = self._own(term)
        return found if found is not None else self._held.get(own, self._present.get(own))

    def home(self, term: Term) -> Backend:
        """The backend that a term's value lives on."""
        homes = self._homes if term.source is None else self._program.homes
        return homes.get(self._own(term), self.backend)

    def array(self, term: Term) -> Array | None:
        """The array that a term stands for, or None; ``why`` says why."""
        term = self._own(term)
        if not self._wanted or term.dtype.__class__ is tuple:
            return None
        self._settle()
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
        if term.dtype.__class__ is tuple:
            return SEVERAL
        term = self._own(term)
        return "" if self.array(term) is not None else self._why.get(term, NOT_COMPUTED)

    def _own(self, term: Term) -> Term:
        """The same value among the terms of the whole program, where it is one of them."""
        return term if term.source is None else self._program.of[term.source]

    def _leaves(self) -> Iterator[tuple[Term, Array]]:
        """What leaves hold at present; why not, where it cannot be what they held."""
        for term in self._program.terms:
            if term.card is not None or term in self._held:
                continue
            handle = term.source.handle() if isinstance(term.source, Leaf) else None
            if handle is None:
                self._why[term] = GONE
                continue
            data = handle._data
            same = (tuple(data.shape), data.dtype) == (term.shape, term.dtype)
            if same and handle.backend is self.home(term):
                yield term, data
            else:
                self._why[term] = CHANGED

    def _settle(self) -> None:
        """Compute the forward pass from what is held, and from leaves as far as they are right."""
        if self._settled:
            return
        self._settled = True
        held = {term: self._typed(term, array) for term, array in self._held.items()}
        self._found = held | self._present
        if self._present and not self._confirmed(held):
            trusted = {t: data for t, data in self._present.items() if t not in self._why}
            self._found = held | trusted
        for term in self._released - held.keys():
            self._found.pop(term, None)
        for term in self._program.terms:
            if term not in self._found and term not in self._why:
                self._compute(term)

    def _typed(self, term: Term, array: Any) -> Any:
        """An array in the dtype of its term: a rule may have saved a mask as numbers."""
        same = array.__class__ is tuple or array.dtype == term.dtype
        return array if same else self.home(term).xp.astype(array, term.dtype)

    def _confirmed(self, held: Mapping[Term, Any]) -> bool:
        """Whether what follows from all the leaves is what was recorded; else why not, for each.

        What was released is computed too, for the end of the graph is there to compare with.
        """
        doubtful: set[Term] = set(self._present)
        agreed, refuted = [], []
        for term in self._program.terms:
            inner = list(terms_in(term.operands))
            follows = not doubtful.isdisjoint(inner)
            given = term.card is None or (term in held and not follows)
            if given or any(one not in self._found for one in inner):
                continue
            again = self._evaluate(term)
            if term not in held:
                self._found[term] = again
                doubtful |= {term} if follows else set()
            elif _same(again, held[term], self.home(term)):
                agreed.append(term)
            else:
                refuted.append(term)
        right = set(ordered(agreed, held))
        wrong = self._present.keys() & ordered(refuted, held)
        for term in self._present:
            if term in wrong:
                self._why[term] = CHANGED if len(wrong) == 1 else CHANGED_OR_OTHER
            elif term not in right:
                self._why[term] = DOUBTFUL
        return not any(term in self._why for term in self._present)

    def _compute(self, root: Term) -> None:
        """Compute a term and whatever it needs, or note why that cannot be done."""
        for term in ordered([root], _Settled(self._found, self._why)):
            missing = [t for t in map(self._own, terms_in(term.operands)) if t not in self._found]
            if term.source is None and not (self.differentiated and term.card is not None):
                self._why[term] = NOT_COMPUTED
            elif term in self._released:
                self._why[term] = RELEASED
            elif missing:
                self._why[term] = self._why[missing[0]]
            elif "end" in term.parameters:
                self._pull(term)
            else:
                self._found[term] = self._evaluate(term)

    def _evaluate(self, term: Term) -> Any:
        """Apply a term's card to the values of its operands."""
        assert term.card is not None
        with Mode(recording=False, tracer=None, backend=self.home(term)):
            if term.card is ITEM:
                return self._found[self._own(term.operands[0])][term.parameters["index"]]
            operands = self._tensors(term.operands)
            if term.card is MOVED:
                place = term.parameters["place"] or self.home(term)
                return operands[0].to(place)._data
            card = term.card.stands_for if isinstance(term.card, Sign) else term.card
            assert card is not None
            result = apply(card, operands, term.parameters)
        if isinstance(result, tuple):
            return tuple(part._data for part in result)
        return result._data

    def _tensors(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Operands, with tensors in place of terms."""
        found: list[Any] = []
        for operand in operands:
            if isinstance(operand, tuple):
                found.append(self._tensors(operand))
            elif isinstance(operand, Term):
                array = self._found[self._own(operand)]
                found.append(make_tensor(array, self.home(operand)))
            else:
                found.append(operand)
        return tuple(found)

    def _pull(self, term: Term) -> None:
        """The cotangent of an argument of a folded call, from the recorded graph itself."""
        if self.hooked:  # they would be run
            self._why[term] = HOOKED
            return
        g = make_tensor(self._found[term.operands[0]], self.home(term))
        target = term.operands[1 + term.parameters["place"]].source
        seeds = [(term.parameters["end"], g)]
        try:
            with Mode(recording=False, tracer=None, backend=self.home(term)):
                found = run(seeds, self.home(term), {target}, create_graph=False)[0]
        except GraphReleased:
            self._why[term] = RELEASED
        else:
            self._found[term] = found[target]


class _Settled:
    """The terms that need not be computed: recorded ones, and those that were tried before."""

    def __init__(self, *settled: Mapping[Term, Any]) -> None:
        self._settled = settled

    def __contains__(self, term: object) -> bool:
        assert isinstance(term, Term)
        return term.source is not None or any(term in known for known in self._settled)


def _held(program: Program, handles: Mapping[Any, Tensor]) -> Iterator[tuple[Term, Any]]:
    """Values as they were when the graph was recorded."""
    for term in program.terms:
        node = term.source
        handle = handles.get(node)
        # A handle that was given another history since, or none, does not hold this value.
        if handle is not None and not isinstance(node, Leaf) and handle.node == node:
            yield term, handle._data
        if not isinstance(node, Node) or isinstance(node, Leaf | Crossing) or not node.saved:
            continue
        for index, saved in zip(node.plan.sources, node.saved, strict=True):
            told = term if index < 0 else term.operands[index]
            pairs = zip(told, saved, strict=True) if isinstance(told, tuple) else [(told, saved)]
            for one, array in pairs:
                if isinstance(one, Term) and _is_all_of(one, array):
                    yield one, array


def _is_all_of(term: Term, array: Any) -> bool:
    """Whether an array that a rule saved tells the value of a term to the last bit."""
    dtype = getattr(array, "dtype", None)
    if dtype == term.dtype:
        return True
    if dtype is None or term.dtype.__class__ is tuple or tuple(array.shape) != term.shape:
        return False
    # Then casting back loses nothing; back from complex numbers nobody casts.
    return dtype.kind != "c" and np.can_cast(term.dtype, dtype, "safe")


def _node(source: Any) -> Any:
    return source.node if isinstance(source, Output) else source


def _is_released(source: Any) -> bool:
    node = _node(source)
    return isinstance(node, Node) and node.saved is None


def _has_hooks(source: Any) -> bool:
    node, index = (source.node, source.index) if isinstance(source, Output) else (source, 0)
    watch = node.watch.get(index) if isinstance(node, Node) and node.watch else None
    return watch is not None and bool(watch.hooks)


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
