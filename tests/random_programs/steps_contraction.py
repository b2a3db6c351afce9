"""Steps of products that sum over axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.random_programs.table import (
    Parameters,
    Random,
    Shape,
    Shapes,
    Step,
    any_two,
    both,
    pairs,
)


def multiplies(a: Shape, b: Shape) -> bool:
    """Whether ``a @ b`` is possible."""
    try:
        np.matmul(np.zeros(a), np.zeros(b))
    except ValueError:
        return False
    return True


def dot_fits(a: Shape, b: Shape) -> bool:
    """Whether ``numpy.dot`` is possible."""
    try:
        np.dot(np.zeros(a), np.zeros(b))
    except ValueError:
        return False
    return True


def two_vectors(a: Shape, b: Shape) -> bool:
    """Whether both have one axis."""
    return len(a) == len(b) == 1


def a_shared_axis(random: Random, first: Shape, second: Shape) -> Parameters | None:
    """An axis, counted from the end, along which two operands are equally long."""
    common = range(-min(len(first), len(second)), 0)
    axes = [axis for axis in common if first[axis] == second[axis]]
    return {"axis": random.choice(axes)} if axes else None


def one_to_four(random: Random, shapes: Shapes) -> tuple[str, ...]:
    """One to four values."""
    names = [*shapes]
    return tuple(random.name(names) for _ in range(random.randint(1, 4)))


def subscripts(random: Random, *shapes: Shape) -> Parameters | None:
    """Letters for the axes: one for those of one length, as it comes, and for some of length 1."""
    letters: dict[str, int] = {}
    terms = []
    for shape in shapes:
        term = ""
        for length in shape:
            fitting = [letter for letter, its in letters.items() if its == length]
            if length == 1:  # it broadcasts, though not in a diagonal
                fitting = [letter for letter in letters if letter not in term]
            letter = random.choice([*fitting, "abcdefghijkl"[len(letters)]])
            letters[letter] = max(length, letters.get(letter, length))
            term += letter
        terms.append(term)
        if len(letters) > 7:
            return None
    written = ",".join(terms)
    if random.flag(0.9):
        kept = random.sample([*letters], random.randint(0, min(3, len(letters))))
        written += f"->{''.join(kept)}"
    return {"subscripts": written} if _possible(written, shapes) else None


WITH_DOTS = (
    *("...,...->...", "...i,...i->...", "...i,...j->...ij", "i...,i...->...", "...i,i->..."),
    *("...ij,...jk->...ik", "i...,...i->...", "...i,...", "i...,j...->ij", "...i,...i->i"),
)


def dots(random: Random, *shapes: Shape) -> Parameters | None:
    """Subscripts with ``...`` that are possible for two operands."""
    written = random.choice(WITH_DOTS)
    return {"subscripts": written} if _possible(written, shapes) else None


def _possible(written: str, shapes: Sequence[Shape]) -> bool:
    try:
        np.einsum(written, *(np.zeros(shape) for shape in shapes))
    except ValueError:
        return False
    return True


def a_matrix(random: Random, shape: Shape) -> Parameters | None:
    """No parameters, of a matrix."""
    return {} if len(shape) == 2 else None


def pairs_of_axes(random: Random, first: Shape, second: Shape) -> Parameters | None:
    """Axes of two operands to sum over, pairwise equally long."""
    free = [*range(len(second))]
    ours, theirs = [], []
    for axis in random.sample(range(len(first)), len(first)):
        fitting = [other for other in free if second[other] == first[axis]]
        if fitting and random.flag(0.7):
            other = random.choice(fitting)
            free.remove(other)
            ours.append(axis - random.choice([0, len(first)]))
            theirs.append(other)
    return {"axes": (tuple(ours), tuple(theirs))}


STEPS = [
    Step("matmul", "tg.tanh(x @ y)", operands=pairs(multiplies)),
    Step("matmul of transposed", "x @ x.T", parameters=a_matrix),
    Step("dot", "tg.dot(x, y)", "dot(x, y)", operands=pairs(dot_fits)),
    Step("vecmat", "tg.vecmat(x, y)", "x @ y", operands=pairs(
        lambda a, b: bool(a) and len(b) == 2 and a[-1] == b[0])),
    Step("vecmat_dx", "tg.vecmat_dx(x, y)", "x @ y.T", operands=pairs(
        lambda a, b: bool(a) and len(b) == 2 and a[-1] == b[1])),
    Step("vecmat_dw", "tg.vecmat_dw(x, y)",
         "x.reshape(-1, x.shape[-1]).T @ y.reshape(-1, y.shape[-1])",
         operands=pairs(lambda a, b: bool(a and b) and a[:-1] == b[:-1]), empty=False),
    Step("vecdot", "tg.vecdot(x, y, axis)", "torch.linalg.vecdot(x, y, dim=axis)",
         operands=both, parameters=a_shared_axis),
    Step("outer", "tg.outer(x, y)", operands=pairs(two_vectors)),
    Step("tensordot", "tg.tensordot(x, y, axes)", operands=any_two, parameters=pairs_of_axes),
    Step("einsum", "tg.einsum(subscripts, *xs)", operands=one_to_four,
         parameters=subscripts),
    Step("einsum of further axes", "tg.einsum(subscripts, x, y)", operands=any_two,
         parameters=dots),
    Step("kron", "tg.kron(x, y)", "torch.kron(x.contiguous(), y.contiguous())",
         operands=any_two),
]  # fmt: skip
