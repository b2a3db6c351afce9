"""Steps that put the same elements into another shape, order or company."""

from __future__ import annotations

import math

from tests.random_programs.table import (
    Parameters,
    Random,
    Shape,
    Step,
    an_axis,
    both,
    pairs,
    several,
)


def another_shape(random: Random, shape: Shape) -> Parameters:
    """A shape of as many elements, perhaps with a -1 in it."""
    count = math.prod(shape)
    lengths = [n for n in (1, 2, 3, 4, 6) if count % n == 0] if count else [0]
    first = random.choice(lengths)
    rest = count // first if first else 1
    found = random.choice([[count], [first, rest], [rest, 1, first]])
    if count and random.flag():
        found[random.randrange(len(found))] = -1
    return {"shape": tuple(found)}


def an_order_of_axes(random: Random, shape: Shape) -> Parameters:
    """All axes in some order."""
    return {"axes": random.axes(shape, least=len(shape))}


def a_larger_shape(random: Random, shape: Shape) -> Parameters:
    """A shape to which it broadcasts."""
    stretched = tuple(random.randint(2, 3) if n == 1 and random.flag() else n for n in shape)
    return {"shape": (*[2] * random.randrange(2), *stretched)}


def parts(random: Random, shape: Shape) -> Parameters | None:
    """An axis, and lengths of parts that make it up."""
    if not shape:
        return None
    axis = random.axis(shape)
    cut = random.randint(0, shape[axis])
    return {"sections": (cut, shape[axis] - cut), "axis": axis}


def equal_parts(random: Random, shape: Shape) -> Parameters | None:
    """An axis, and a number of parts into which it can be cut."""
    if not shape or 0 in shape:
        return None
    axis = random.axis(shape)
    return {"sections": random.choice([shape[axis], 1]), "axis": axis}


def joinable(a: Shape, b: Shape) -> bool:
    """Whether two shapes differ along one axis at most."""
    return len(a) == len(b) > 0 and sum(m != n for m, n in zip(a, b, strict=True)) <= 1


def a_common_axis(random: Random, *shapes: Shape) -> Parameters | None:
    """An axis along which shapes may be joined, as they agree in all others."""
    ndim = len(shapes[0])
    fitting = [
        axis
        for axis in range(ndim)
        if len({(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}) == 1
    ]
    return {"axis": random.choice(fitting) - random.choice([0, ndim])} if fitting else None


def a_new_axis(random: Random, *shapes: Shape) -> Parameters:
    """A place for a new axis."""
    return {"axis": random.randrange(-len(shapes[0]) - 1, len(shapes[0]) + 1)}


def a_move(random: Random, shape: Shape) -> Parameters | None:
    """An axis, and where it goes."""
    return {"source": random.axis(shape), "to": random.axis(shape)} if shape else None


def axes_of_length_one(random: Random, shape: Shape) -> Parameters | None:
    """One axis of length 1."""
    fitting = [i for i, length in enumerate(shape) if length == 1]
    return {"axis": random.choice(fitting) - random.choice([0, len(shape)])} if fitting else None


def some_or_all_axes(random: Random, shape: Shape) -> Parameters:
    """Several axes, or None for all of them."""
    return {"axis": random.axes(shape) if shape and random.flag(0.7) else None}


def a_range_of_axes(random: Random, shape: Shape) -> Parameters | None:
    """The first and the last of some neighbouring axes."""
    if not shape:
        return None
    start, end = sorted(random.randrange(len(shape)) for _ in range(2))
    return {"start": start, "end": end - random.choice([0, len(shape)])}


def a_number_of_places(random: Random, shape: Shape) -> Parameters:
    """How far to roll."""
    return {"shift": random.randint(-5, 5)}


def a_vector_or_matrix(random: Random, shape: Shape) -> Parameters | None:
    """Which diagonal, of what has one or two axes."""
    return {"k": random.randint(-2, 2)} if len(shape) in (1, 2) else None


def a_shift(random: Random, shape: Shape) -> Parameters | None:
    """How far to roll, and along which axes."""
    if not shape:
        return None
    axes = random.axes(shape)
    return {"shift": tuple(random.randint(-4, 4) for _ in axes), "axis": axes}


def a_quarter_turn(random: Random, shape: Shape) -> Parameters | None:
    """How many quarter turns, in the plane of which two axes."""
    if len(shape) < 2:
        return None
    return {"k": random.randint(-1, 4), "axes": random.axes(shape, least=len(shape))[:2]}


def repetitions(random: Random, shape: Shape) -> Parameters:
    """How often along each axis, and along new ones."""
    return {"counts": tuple(random.randint(1, 2) for _ in range(len(shape) + random.randrange(2)))}


def a_count(random: Random, shape: Shape) -> Parameters | None:
    """How often each element, along one axis."""
    return {"count": random.randint(0, 3), "axis": random.axis(shape)} if shape else None


def counts(random: Random, shape: Shape) -> Parameters | None:
    """How often each element along an axis, for each of its own."""
    if not shape:
        return None
    axis = random.axis(shape)
    return {"counts": [random.randint(0, 2) for _ in range(shape[axis])], "axis": axis}


def constant_widths(random: Random, shape: Shape) -> Parameters | None:
    """Widths before and after each axis, and what to fill them with."""
    if not shape:
        return None
    return {
        "width": tuple((random.randint(0, 2), random.randint(0, 2)) for _ in shape),
        "value": random.choice([0.0, 1.5]),
    }


def edge_widths(random: Random, shape: Shape) -> Parameters | None:
    """Widths, and a mode that repeats what is inside."""
    mode = random.choice(["edge", "reflect", "wrap"])
    most = [min(2, length - 1 if mode == "reflect" else length) for length in shape]
    if not shape or min(most) < 0:
        return None
    width = tuple((random.randint(0, n), random.randint(0, n)) for n in most)
    return {"width": width, "mode": mode}


def a_diagonal(random: Random, shape: Shape) -> Parameters | None:
    """Which diagonal of the last two axes."""
    return {"k": random.randint(-2, 2)} if len(shape) >= 2 else None


def a_diagonal_of_axes(random: Random, shape: Shape) -> Parameters | None:
    """Which diagonal of which two axes."""
    if len(shape) < 2:
        return None
    axis1, axis2 = random.axes(shape, least=len(shape))[:2]
    return {"k": random.randint(-1, 1), "axis1": axis1, "axis2": axis2}


SHAPES = [
    Step("reshape", "tg.reshape(x, shape)", parameters=another_shape),
    Step("flatten", "tg.flatten(x)"),
    Step("flatten some", "tg.flatten(x, start, end)", parameters=a_range_of_axes),
    Step("expand_dims", "tg.expand_dims(x, axis)", "torch.unsqueeze(x, axis)",
         parameters=a_new_axis),
    Step("squeeze", "tg.squeeze(x, axis)", parameters=axes_of_length_one),
    Step("broadcast_to", "tg.broadcast_to(x, shape)", parameters=a_larger_shape),
    Step("broadcast_arrays", "tg.broadcast_arrays(x, y)", "torch.broadcast_tensors(x, y)",
         operands=both),
]  # fmt: skip

ORDERS = [
    Step("permute_dims", "tg.permute_dims(x, axes)", "torch.permute(x, axes)",
         parameters=an_order_of_axes),
    Step("transpose", "x.T", "torch.permute(x, tuple(range(x.ndim))[::-1])"),
    Step("matrix_transpose", "tg.matrix_transpose(x)", "torch.transpose(x, -1, -2)",
         parameters=lambda random, shape: {} if len(shape) > 1 else None),
    Step("swapaxes", "tg.swapaxes(x, source, to)", parameters=a_move),
    Step("moveaxis", "tg.moveaxis(x, source, to)", parameters=a_move),
    Step("flip", "tg.flip(x, axis)", "torch.flip(x, dims(x, axis))", parameters=some_or_all_axes),
    Step("roll", "tg.roll(x, shift, axis)", parameters=a_shift),
    Step("roll flattened", "tg.roll(x, shift)", parameters=a_number_of_places),
    Step("rot90", "tg.rot90(x, k, axes)", parameters=a_quarter_turn),
]  # fmt: skip

COMPANY = [
    Step("meshgrid", "tg.meshgrid(x, y, indexing='ij')", operands=pairs(
        lambda a, b: len(a) == len(b) == 1)),
    Step("concat", "tg.concat(xs, axis)", operands=several(joinable), parameters=a_common_axis),
    Step("stack", "tg.stack(xs, axis)", operands=several(lambda a, b: a == b),
         parameters=a_new_axis),
    Step("split", "tg.split(x, sections, axis)", parameters=parts, several=True),
    Step("split equally", "tg.split(x, sections, axis)[-1]",
         "torch.split(x, x.shape[axis] // sections, axis)[-1]", parameters=equal_parts),
    Step("unstack", "tg.unstack(x, axis=axis)", "torch.unbind(x, axis)",
         parameters=lambda r, shape: an_axis(r, shape) if shape and 0 not in shape else None,
         several=True),
    Step("tile", "tg.tile(x, counts)", parameters=repetitions),
    Step("repeat", "tg.repeat(x, count, axis=axis)",
         "torch.repeat_interleave(x, count, dim=axis)", parameters=a_count),
    Step("repeat flattened", "tg.repeat(x, 2)", "torch.repeat_interleave(x, 2)"),
    Step("repeat each", "tg.repeat(x, counts, axis=axis)",
         "torch.repeat_interleave(x, torch.tensor(counts, dtype=torch.int64), dim=axis)",
         parameters=counts),
    Step("pad constant", "tg.pad(x, width, constant_value=value)",
         "padded(x, width, 'constant', value)", parameters=constant_widths),
    Step("pad", "tg.pad(x, width, mode=mode)", "padded(x, width, mode)",
         parameters=edge_widths, empty=False),
]  # fmt: skip

DIAGONALS = [
    Step("diag", "tg.diag(x, k)", parameters=a_vector_or_matrix),
    Step("tril", "tg.tril(x, k=k)", "torch.tril(x, k)", parameters=a_diagonal),
    Step("triu", "tg.triu(x, k=k)", "torch.triu(x, k)", parameters=a_diagonal),
    Step("diagonal", "tg.diagonal(x, k, axis1, axis2)", parameters=a_diagonal_of_axes),
    Step("trace", "tg.trace(x, k, axis1, axis2)",
         "torch.diagonal(x, k, axis1, axis2).sum(-1)", parameters=a_diagonal_of_axes),
]  # fmt: skip

STEPS = [*SHAPES, *ORDERS, *COMPANY, *DIAGONALS]
