"""Steps that read, add and assign by index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.random_programs.table import (
    Parameters,
    Random,
    Shape,
    Step,
    any_two,
    broadcastable,
)


def a_key(random: Random, shape: Shape) -> Parameters | None:
    """An index of NumPy's, of any sort: integers, slices, None, ..., lists, masks."""
    if not shape or random.flag(0.05):
        return {"key": random.choice([(..., None), (None, ...), (...,)])}
    if random.flag(0.1):
        return {"key": (random.nested(shape, random.flag),)} if 0 not in shape else None
    together = random.choice([(1,), (2,), (3,), (2, 2), (0,)])
    key: list[Any] = []
    for length in shape:
        key.append(_part(random, length, together))
        if random.flag(0.1):
            key.append(None)
        if random.flag(0.15):
            break
    if random.flag(0.1) and ... not in key:
        key.append(...)
    try:
        np.zeros(shape)[tuple(key)]
    except IndexError:
        return None
    return {"key": tuple(key)}


def a_mixed_key(random: Random, shape: Shape) -> Parameters | None:
    """An index with integers along one axis, in a list, and slices or integers along others."""
    if len(shape) < 2 or 0 in shape:
        return None
    key = [_part(random, length, (1,), ["integer", "slice", "slice"]) for length in shape]
    along = random.randrange(len(shape))
    key[along] = random.nested((random.randint(1, 3),), lambda: random.index(shape[along]))
    return {"key": tuple(key)}


PARTS = ["integer", "slice", "slice", "list", "list", "all", "mask"]


def _part(random: Random, length: int, together: Shape, sorts: Sequence[str] = PARTS) -> Any:
    """The part of an index for one axis; lists have the shape ``together``."""
    sort = random.choice(sorts) if length else "all"
    if sort == "integer":
        return random.index(length)
    if sort == "slice":
        start = random.randint(-length, length)
        forwards = slice(start, start + random.randint(1, length), random.choice([None, 2]))
        return forwards if random.flag(0.7) else slice(None, None, -1)
    if sort == "list":
        return random.nested(together, lambda: random.index(length))
    if sort == "mask":
        return random.nested((length,), random.flag)
    return slice(None)


def a_key_for_values(random: Random, shape: Shape, values: Shape) -> Parameters | None:
    """An index of the first to which the second broadcasts."""
    drawn = a_mixed_key(random, shape) if random.flag(0.3) else a_key(random, shape)
    if drawn is None:
        return None
    target = np.zeros(shape)[drawn["key"]].shape
    return drawn if broadcastable(values, target) and _reaches(values, target) else None


def _reaches(shape: Shape, target: Shape) -> bool:
    return np.broadcast_shapes(shape, target) == target


def indices(random: Random, shape: Shape) -> Parameters | None:
    """An axis and places along it, some of them twice."""
    if not shape:
        return None
    axis = random.axis(shape)
    if not shape[axis]:
        return None
    count = random.randint(1, 4)
    return {"index": [random.index(shape[axis]) for _ in range(count)], "axis": axis}


def flat_indices(random: Random, shape: Shape) -> Parameters | None:
    """Places in the flattened tensor, as nested lists."""
    size = math.prod(shape)
    return {"index": random.nested((2, 2), lambda: random.index(size))} if size else None


def rows(random: Random, shape: Shape) -> Parameters | None:
    """Places along the first axis, as nested lists: a batch of sequences of words."""
    if not shape or not shape[0]:
        return None
    return {"index": random.nested((2, 3), lambda: random.randrange(shape[0]))}


def indices_along(random: Random, shape: Shape) -> Parameters | None:
    """An axis, and for each other place several along it."""
    if not shape:
        return None
    axis = random.axis(shape)
    if 0 in shape:
        return None
    lengths = [*shape]
    lengths[axis] = random.randint(1, 3)
    index = random.nested(tuple(lengths), lambda: random.randrange(shape[axis]))
    return {"index": index, "axis": axis}


def a_class(random: Random, shape: Shape) -> Parameters | None:
    """Labels for all but the last axis."""
    if not shape or 0 in shape:
        return None
    classes = shape[-1]
    return {
        "labels": random.nested(shape[:-1], lambda: random.randrange(classes)),
        "classes": classes,
    }


STEPS = [
    Step("getitem", "x[key]", "x.reshape(-1)[places(x, key)]", parameters=a_key),
    Step("getitem by lists and slices", "x[key]", "x.reshape(-1)[places(x, key)]",
         parameters=a_mixed_key),
    Step("getitem by tensor", "x[tg.Tensor(index)]", "x[torch.tensor(index)]", parameters=rows),
    Step("view of view", "x[..., ::-1][None, ..., :2]", "torch.flip(x, (-1,))[None, ..., :2]",
         parameters=lambda random, shape: {} if shape else None),
    Step("assign", "assigned(x, key, y)", "placed(x, key, y)", operands=any_two,
         parameters=a_key_for_values),
    Step("assign number", "assigned(x, key, 0.7)",
         "placed(x, key, torch.tensor(0.7, dtype=x.dtype))", parameters=a_key),
    Step("scatter_set", "tg.scatter_set(x, key, y)", "placed(x, key, y)", operands=any_two,
         parameters=a_key_for_values),
    Step("scatter_add", "tg.scatter_add(x, key, y)", "added(x, key, y)", operands=any_two,
         parameters=a_key_for_values),
    Step("take", "tg.take(x, index, axis)",
         "torch.index_select(x, axis, torch.tensor(index) % x.shape[axis])", parameters=indices),
    Step("take of flattened", "tg.take(x, tg.Tensor(index))", "torch.take(x, torch.tensor(index))",
         parameters=flat_indices),
    Step("take rows", "tg.take(x, tg.Tensor(index), 0)", "x[torch.tensor(index)]", parameters=rows),
    Step("take_along_axis", "tg.take_along_axis(x, tg.Tensor(index), axis)",
         "torch.take_along_dim(x, torch.tensor(index), axis)", parameters=indices_along),
    Step("one_hot", "x * tg.one_hot(tg.Tensor(labels), classes)",
         "x * F.one_hot(torch.tensor(labels), classes)", parameters=a_class),
]  # fmt: skip
