"""What subscripts mean: reading them, and laying a sum of products out for matrix products.

Everything here is decided from subscripts and shapes alone, and kept for the next call. Terms are
strings with one letter for each axis. This module stands on ``errors``; ``einstein`` has the cards.
"""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError

Ints = tuple[int, ...]

#: From this many operands on all orders of products are too many to compare.
MANY = 8


class Terms(NamedTuple):
    """Subscripts with a letter for every axis: of each operand, and of the result."""

    inputs: tuple[str, ...]
    output: str


class Side(NamedTuple):
    """How to bring one operand into place: sum, then permute, then reshape; None for as it is.

    Attributes:
        term: the letters of its axes; repeated ones are diagonals, taken before all else.
    """

    term: str
    summed: Ints
    axes: Ints | None
    shape: Ints | None


class Pair(NamedTuple):
    """How to multiply two operands and sum: bring both into place, multiply, reshape, permute.

    Attributes:
        product: "multiply", "dot", "vecmat" or "matmul".
        swapped: the second operand comes first in it.
    """

    first: Side
    second: Side
    product: str
    swapped: bool
    shape: Ints | None
    axes: Ints | None


class Step(NamedTuple):
    """One product of a longer one: which of the operands that are left, and their subscripts."""

    places: tuple[int, ...]
    subscripts: str


# Reading ---------------------------------------------------------------------------------------


def explicit(subscripts: str) -> str:
    """Subscripts without spaces, with an arrow and the result's subscripts."""
    plain = subscripts.replace(" ", "")
    if "->" in plain:
        return plain
    letters = plain.replace("...", "").replace(",", "")
    once = sorted(letter for letter in {*letters} if letters.count(letter) == 1)
    return f"{plain}->{'...' if '...' in plain else ''}{''.join(once)}"


@functools.lru_cache(maxsize=1024)
def read(subscripts: str, shapes: tuple[Ints, ...]) -> Terms:
    """Give every axis a letter, and check that shapes and subscripts fit each other."""
    written, _, result = explicit(subscripts).partition("->")
    terms = written.split(",")
    for term in (*terms, result):
        for letter in term.replace("...", "", 1):
            if letter not in string.ascii_letters:
                raise ArgumentError(
                    f"einsum: {letter!r} in {subscripts!r} is no subscript; write letters, commas, "
                    "one '->' and at most one '...' for each operand"
                )
    if len(terms) != len(shapes):
        raise ArgumentError(
            f"einsum: {subscripts!r} has subscripts for {len(terms)} operands, and there are "
            f"{len(shapes)}"
        )
    spare = [letter for letter in string.ascii_letters[::-1] if letter not in subscripts]
    counts = [_dots(place, terms[place], shape, subscripts) for place, shape in enumerate(shapes)]
    most = max(counts)
    if most > len(spare):
        raise ArgumentError(f"einsum: {subscripts!r} needs more than {len(spare)} further letters")
    dots = "".join(reversed(spare[:most]))
    inputs = tuple(
        term.replace("...", dots[most - count :]) for term, count in zip(terms, counts, strict=True)
    )
    if most and "..." not in result:
        raise ArgumentError(
            f"einsum: the '...' in {subscripts!r} stands for {most} axes, and the result has no "
            "place for them; write '...' after the arrow too"
        )
    output = result.replace("...", dots)
    for letter in output:
        if output.count(letter) > 1 or not any(letter in term for term in inputs):
            found = "twice" if output.count(letter) > 1 else "but no operand has it"
            raise ArgumentError(
                f"einsum: the result of {subscripts!r} has the subscript {letter!r} {found}"
            )
    _check_lengths(subscripts, inputs, shapes)
    return Terms(inputs, output)


def _dots(place: int, term: str, shape: Ints, subscripts: str) -> int:
    """How many axes the ellipsis of a term stands for."""
    letters = term.replace("...", "")
    left = len(shape) - len(letters)
    if left < 0 or (left > 0 and letters == term):
        raise ShapeError(
            f"einsum: operand {place} of {subscripts!r} has the subscripts {term!r} and "
            f"{len(shape)} axes, shape {shape}; write one letter for each axis, or '...' for those "
            "without one"
        )
    return left


def _check_lengths(subscripts: str, inputs: Sequence[str], shapes: Sequence[Ints]) -> None:
    """Axes of one letter are equally long; those of different operands may also be of length 1."""
    seen: dict[str, tuple[int, int]] = {}  # the length of each letter so far, and its operand

    def mismatch(letter: str, other: tuple[int, int], length: int, place: int) -> ShapeError:
        name = f"the subscript {letter!r}" if letter in subscripts else "an axis of '...'"
        return ShapeError(
            f"einsum: {name} in {subscripts!r} has length {other[0]} in operand {other[1]} and "
            f"{length} in operand {place}; the shapes are {', '.join(map(str, shapes))}"
        )

    for place, (term, shape) in enumerate(zip(inputs, shapes, strict=True)):
        own: dict[str, int] = {}
        for letter, length in zip(term, shape, strict=True):
            if own.setdefault(letter, length) != length:
                raise mismatch(letter, (own[letter], place), length, place)
            before = seen.get(letter, (1, place))
            if before[0] == 1:
                seen[letter] = (length, place)
            elif length not in (1, before[0]):
                raise mismatch(letter, before, length, place)


# The order of several products -----------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def order_of_products(subscripts: str, shapes: tuple[Ints, ...]) -> tuple[Step, ...]:
    """The cheapest order of pairwise products, as NumPy's planner finds it."""
    inputs, output = read(subscripts, shapes)
    if len(inputs) <= 2:
        return (Step(tuple(range(len(inputs))), explicit(subscripts)),)
    # The planner sees lengths only, and divides by some of them.
    stubs = [np.broadcast_to(0.0, tuple(max(1, length) for length in shape)) for shape in shapes]
    how = "optimal" if len(inputs) < MANY else "greedy"
    path: Any = np.einsum_path(f"{','.join(inputs)}->{output}", *stubs, optimize=how)[0]
    left, steps = list(inputs), []
    for places in path[1:]:
        while len(places) > 1:  # the planner leaves products without a sum in one piece
            one, two = sorted(places[:2])
            first, second = left[one], left[two]
            rest = [term for place, term in enumerate(left) if place not in (one, two)]
            needed = "".join(rest) + output
            merged = "".join(dict.fromkeys(first + second)) if rest else output
            kept = "".join(letter for letter in merged if letter in needed)
            steps.append(Step((one, two), f"{first},{second}->{kept}"))
            left = [*rest, kept]
            moved = [p - (p > one) - (p > two) for p in places[2:]]
            places = (len(rest), *moved) if moved else ()
    return tuple(steps)


# Laying out one product ------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def lay_out(first: str, second: str, output: str, shape1: Ints, shape2: Ints) -> Pair:
    """Plan the product of two operands so that BLAS can do it, with as few copies as may be."""
    one, two = dict(zip(first, shape1, strict=True)), dict(zip(second, shape2, strict=True))
    # An axis of length 1 that broadcasts is left out, and one that is nowhere else is summed.
    here = {a for a in one if one[a] != 1 or two.get(a, 1) == 1}
    there = {a for a in two if two[a] != 1 or one.get(a, 1) == 1}
    left = [a for a in one if a in here and (a in there or a in output)]
    right = [a for a in two if a in there and (a in here or a in output)]
    shared = [
        a
        for a in (left if math.prod(shape1) > math.prod(shape2) else right)
        if a in left and a in right
    ]  # in the order of the larger one, which costs more to copy
    batch = [a for a in output if a in shared]
    summed = [a for a in shared if a not in output]
    rows, columns = ([a for a in side if a not in shared] for side in (left, right))
    lengths = two | {a: one[a] for a in left}

    def size(letters: Sequence[str]) -> int:
        return math.prod(lengths[a] for a in letters)

    def shape(letters: Sequence[str]) -> Ints:
        return tuple(lengths[a] for a in letters)

    if not summed:
        sides = [
            _side(
                term,
                own,
                [a for a in output if a in kept],
                tuple(own[a] if a in kept else 1 for a in output),
            )
            for term, own, kept in ((first, one, left), (second, two, right))
        ]
        return Pair(sides[0], sides[1], "multiply", False, None, None)
    swapped = False
    if batch:
        product, made = "matmul", [*batch, *rows, *columns]
        side1 = [*batch, *rows, *summed], (*shape(batch), size(rows), size(summed))
        side2 = [*batch, *summed, *columns], (*shape(batch), size(summed), size(columns))
        given: Ints = (*shape(batch), size(rows), size(columns))
    elif not rows and not columns:
        product, made, given = "dot", [], ()
        side1 = side2 = summed, (size(summed),)
    else:
        product = "vecmat"
        # The vectors come first in the result. A matrix of one column would be a waste.
        swapped = not columns or (bool(rows) and [*columns, *rows] == [*output])
        vectors, others = (columns, rows) if swapped else (rows, columns)
        side1 = [*vectors, *summed], (*shape(vectors), size(summed))
        side2 = [*summed, *others], (size(summed), size(others))
        if swapped:
            side1, side2 = side2, side1
        made, given = [*vectors, *others], (*shape(vectors), size(others))
    axes = tuple(made.index(a) for a in output)
    return Pair(
        _side(first, one, *side1),
        _side(second, two, *side2),
        product,
        swapped,
        None if given == shape(made) else shape(made),
        None if axes == tuple(range(len(axes))) else axes,
    )


@functools.lru_cache(maxsize=4096)
def plan_pair(subscripts: str, shape1: Ints, shape2: Ints) -> Pair:
    """``lay_out`` for subscripts as they are written."""
    (first, second), output = read(subscripts, (shape1, shape2))
    return lay_out(first, second, output, shape1, shape2)


def _side(term: str, lengths: dict[str, int], wanted: Sequence[str], shape: Ints) -> Side:
    """The plan for an operand whose axes ``wanted`` are to come in that order and shape."""
    letters = distinct(term)
    # What is not wanted is summed, unless its length of 1 lets a reshape drop it.
    gone = [a for a in letters if a not in wanted and lengths[a] != 1]
    left = [a for a in letters if a not in gone]
    order = [*(a for a in left if a not in wanted), *wanted]
    axes = tuple(left.index(a) for a in order)
    return Side(
        term,
        tuple(letters.index(a) for a in gone),
        None if axes == tuple(range(len(axes))) else axes,
        None if tuple(lengths[a] for a in order) == shape else shape,
    )


def distinct(term: str) -> str:
    """The letters that are left when diagonals are taken: repeated ones go to the end."""
    alone = [a for a in term if term.count(a) == 1]
    return "".join([*alone, *(a for a in dict.fromkeys(term) if term.count(a) > 1)])
