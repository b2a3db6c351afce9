"""Updates: what optimizers do to parameters, run on handles and never recorded.

This module stands on ``engine``; ``ops.updates`` has the cards, ``optim`` applies them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .backend import Space
from .context import get_context
from .engine import explained

if TYPE_CHECKING:
    from .cards import Primitive
    from .tensor import Tensor

#: Updates of several tensors run block by block on arrays of more than so many bytes, where the
#: results within them would cost fresh memory: twice the time. Blocks have so many elements.
LARGE_UPDATE, UPDATE_BLOCK = 1 << 22, 1 << 15


def update(primitive: Primitive[...], target: Tensor, operands: tuple[Tensor, ...]) -> None:
    """Give a tensor the value that an update primitive makes of it and the operands.

    It gets a new array, as others may hold its old one. Nothing is recorded, and a tracer sees it.
    """
    space = target._space
    if get_context().eager:
        try:
            out = primitive.forward(space.xp, target._data, *[o._data for o in operands])
        except Exception as error:
            raise explained(error, primitive, (target, *operands), {}) from error
        target._data = out if type(out) is space.array_type else space.backend.asarray(out)
    else:
        update_together(primitive, (target,), operands)


def update_together(
    primitive: Primitive[...], targets: tuple[Tensor, ...], operands: tuple[Tensor, ...]
) -> None:
    """``update`` for a primitive that returns a tuple: a value for each target.

    All targets but the first are the caller's alone: where they are large, their own arrays are
    written, block by block. If something interrupts that (a user's key, a floating-point error that
    NumPy was told to raise), they have new values in some blocks and old ones in others.
    """
    tracer = get_context().tracer
    space = targets[0]._space
    tensors = (*targets, *operands)
    try:
        if tracer is not None:
            out = primitive.forward(tracer.xp, *map(tracer.lift, tensors))
        else:
            out = _in_blocks(primitive, space, tensors, len(targets))
    except Exception as error:
        raise explained(error, primitive, tensors, {}) from error
    for tensor, value in zip(targets, out if type(out) in (tuple, list) else (out,), strict=True):
        if tracer is not None:
            tracer.rebound(tensor)
        elif type(value) is not space.array_type:
            value = space.backend.asarray(value)
        tensor._data = value


def _in_blocks(
    primitive: Primitive[...], space: Space, tensors: tuple[Tensor, ...], targets: int
) -> Any:
    """Run an update of several targets; of large arrays in host memory block by block.

    Updates work by element, on arrays of one shape beside numbers of shape (). So the results
    within them need be no larger than a block, which fits a cache, and no new memory.
    """
    values = [tensor._data for tensor in tensors]
    size = math.prod(values[0].shape)
    if size * space.dtype.itemsize <= LARGE_UPDATE or "host" not in space.backend.features:
        return primitive.forward(space.xp, *values)
    values[1:targets] = [space.backend.own(value, shared=False) for value in values[1:targets]]
    results = [space.xp.zeros(values[0].shape, dtype=space.dtype), *values[1:targets]]
    flat = [space.xp.reshape(value, (size,)) if value.shape else value for value in values]
    into = [space.xp.reshape(results[0], (size,)), *flat[1:targets]]
    for start in range(0, size, UPDATE_BLOCK):
        block = slice(start, start + UPDATE_BLOCK)
        parts = primitive.forward(space.xp, *[v[block] if v.shape else v for v in flat])
        for array, part in zip(into, parts, strict=True):
            array[block] = part
    return results
