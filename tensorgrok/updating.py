"""Updates: what optimizers do to parameters, run on handles and never recorded.

This module stands on ``engine``; ``ops.updates`` has the cards, ``optim`` applies them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .backend import Array, Space
from .context import get_context
from .engine import explained

if TYPE_CHECKING:
    from .cards import Primitive
    from .tensor import Tensor

F = TypeVar("F", bound="Callable[..., Any]")

#: One update: its card, the tensor that it changes, and what it reads beside it.
Update = tuple["Primitive[...]", "Tensor", "tuple[Tensor, ...]"]

#: Several updates of arrays of at least so many bytes run block by block, where the results within
#: them would cost fresh memory: twice the time. Blocks have so many elements.
LARGE_UPDATE, UPDATE_BLOCK = 1 << 23, 1 << 16

#: From so many elements on an update of a matrix is thrifty if it can be: below, the calls cost
#: more, and other parameters than matrices are small.
THRIFTY_UPDATE = 1 << 14


def update(primitive: Primitive[...], target: Tensor, operands: tuple[Tensor, ...]) -> None:
    """Give a tensor the value that an update primitive makes of it and the operands.

    It gets a new array, as others may hold its old one, unless the card writes where it may (see
    ``thrifty``). Nothing is recorded, and a tracer sees it.
    """
    if get_context().eager:
        _update(primitive, target, operands)
    else:
        update_together(primitive, (target,), operands)


def thrifty(card: Primitive[...]) -> Callable[[F], F]:
    """Decorator: the function below gives the same bits as the card, in less memory.

    It takes what the card's forward function takes, and a namespace whose functions take ``out``:
    backends say so with the feature "into". It writes into what it has made itself, and into its
    target only if that is private to the optimizer.
    """

    def register(function: F) -> F:
        card.thrifty = function
        return function

    return register


def _thriftiest(card: Primitive[...], space: Space) -> Callable[..., Any]:
    """The function of a card that takes least memory on this backend."""
    if card.thrifty is None or "into" not in space.backend.features:
        return card.forward
    return card.thrifty


def _update(card: Primitive[...], target: Tensor, operands: tuple[Tensor, ...]) -> None:
    space = target._space
    forward = card.forward
    shape = target._data.shape
    if len(shape) == 2 and shape[0] * shape[1] >= THRIFTY_UPDATE:
        forward = _thriftiest(card, space)
    try:
        out = forward(space.xp, target._data, *[o._data for o in operands])
    except Exception as error:
        raise explained(error, card, (target, *operands), {}) from error
    target._data = out if type(out) is space.array_type else space.backend.asarray(out)


def update_together(
    primitive: Primitive[...], targets: tuple[Tensor, ...], operands: tuple[Tensor, ...]
) -> None:
    """``update`` for a primitive that returns a tuple: a value for each target."""
    tracer = get_context().tracer
    space = targets[0]._space
    tensors = (*targets, *operands)
    try:
        if tracer is not None:
            out = primitive.forward(tracer.xp, *map(tracer.lift, tensors))
        else:
            out = primitive.forward(space.xp, *[tensor._data for tensor in tensors])
    except Exception as error:
        raise explained(error, primitive, tensors, {}) from error
    for tensor, value in zip(targets, out if type(out) is tuple else (out,), strict=True):
        if tracer is not None:
            tracer.rebound(tensor)
        elif type(value) is not tensor._space.array_type:
            value = tensor._space.backend.asarray(value)
        tensor._data = value


def update_in_turn(updates: Sequence[Update]) -> None:
    """Several updates one after the other; each reads what those before it have written.

    All targets but the last are the caller's alone, and of one shape with it: where they are not
    small, their own arrays are written, and where they are large, block by block. If something
    interrupts that (a user's key, a floating-point error that NumPy was told to raise), they have
    new values in some places and old ones in others.
    """
    last = updates[-1][1]
    space = last._space
    if not get_context().eager:
        for card, target, operands in updates:
            update_together(card, (target,), operands)
    elif (
        math.prod(last._data.shape) * space.dtype.itemsize >= LARGE_UPDATE
        and "host" in space.backend.features
    ):
        _in_blocks(updates)
    else:
        for card, target, operands in updates:
            _update(card, target, operands)


def _in_blocks(updates: Sequence[Update]) -> None:
    """Run updates of large arrays in host memory block by block.

    They work by element, on arrays of one shape beside numbers of shape (). So the results within
    them need be no larger than a block, which fits a cache, and no new memory.
    """
    *_, (_, last, _) = updates
    space, shape = last._space, last._data.shape
    size = math.prod(shape)

    def flat(array: Array) -> Array:
        return space.xp.reshape(array, (size,)) if array.shape else array

    read: dict[int, Array] = {}
    written: dict[int, Array] = {}
    result = space.xp.zeros(shape, dtype=space.dtype)
    for _, target, operands in updates:
        if target is not last:
            target._data = space.backend.own(target._data, shared=False)
        read |= {id(tensor): flat(tensor._data) for tensor in (target, *operands)}
        written[id(target)] = flat(result) if target is last else read[id(target)]
    for start in range(0, size, UPDATE_BLOCK):
        block = slice(start, start + UPDATE_BLOCK)
        for card, target, operands in updates:
            given = [read[id(tensor)] for tensor in (target, *operands)]
            values = [array[block] if array.shape else array for array in given]
            forward = _thriftiest(card, space)
            try:
                part = forward(space.xp, *values)
                if part is not values[0]:  # it is not where it belongs yet
                    written[id(target)][block] = part
            except Exception as error:
                raise explained(error, card, (target, *operands), {}) from error
    last._data = result
