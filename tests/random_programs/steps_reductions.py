"""Steps of reductions, scans and orders."""

from __future__ import annotations

from tests.random_programs.table import Parameters, Random, Shape, Step, alike, an_axis


def some_axes(random: Random, shape: Shape) -> Parameters:
    """All axes, one, or several; kept or not."""
    axis: int | tuple[int, ...] | None = None
    if shape and random.flag(0.8):
        axis = random.axis(shape) if random.flag() else random.axes(shape)
    return {"axis": axis, "keepdims": random.flag()}


def corrected(random: Random, shape: Shape) -> Parameters | None:
    """Likewise, and a correction that leaves something to divide by."""
    drawn = some_axes(random, shape)
    axes = drawn["axis"]
    chosen = range(len(shape)) if axes is None else (axes if isinstance(axes, tuple) else (axes,))
    count = 1
    for axis in chosen:
        count *= shape[axis]
    return drawn | {"correction": random.choice([0, 1])} if count > 1 else None


def an_order(random: Random, shape: Shape) -> Parameters | None:
    """An axis, and whether to sort backwards."""
    return {"axis": random.axis(shape), "descending": random.flag()} if shape else None


def a_scan(random: Random, shape: Shape) -> Parameters | None:
    """An axis, which vectors need not name, and whether to start before the first element."""
    if not shape:
        return None
    axis = None if len(shape) == 1 and random.flag() else random.axis(shape)
    return {"axis": axis, "initial": random.flag()}


def a_quantile(random: Random, shape: Shape) -> Parameters:
    """Axes, and a share or several."""
    q = random.choice([0.25, round(random.uniform(0, 1), 3), (0.0, 0.4), (0.9,)])
    return some_axes(random, shape) | {"q": q}


def a_count(random: Random, shape: Shape) -> Parameters | None:
    """An axis, and how many elements of it."""
    if not shape:
        return None
    axis = random.axis(shape)
    return {"axis": axis, "k": random.randint(0, shape[axis])}


def differences(random: Random, shape: Shape) -> Parameters | None:
    """An axis, and how often to take differences."""
    if not shape:
        return None
    axis = random.axis(shape)
    return {"axis": axis, "n": random.randint(1, 2)} if shape[axis] > 2 else None


REDUCTIONS = [
    Step("sum", "tg.sum(x, axis, keepdims=keepdims)", parameters=some_axes),
    Step("sum method", "x.sum(axis, keepdims=keepdims)", parameters=some_axes),
    Step("mean", "tg.mean(x, axis, keepdims=keepdims)", parameters=some_axes, empty=False),
    Step("prod", "tg.prod(tg.cos(x), axis, keepdims=keepdims)",
         "prod(torch.cos(x), axis, keepdims)", parameters=some_axes),
    Step("var", "tg.var(x, axis, correction=correction, keepdims=keepdims)",
         parameters=corrected, empty=False),
    Step("std", "tg.std(apart(tg, x), axis, correction=correction, keepdims=keepdims)",
         parameters=corrected, empty=False),
    Step("max", "tg.max(x, axis, keepdims=keepdims)",
         "torch.amax(x, dims(x, axis), keepdims)", parameters=some_axes, empty=False),
    Step("min", "tg.min(x, axis, keepdims=keepdims)",
         "torch.amin(x, dims(x, axis), keepdims)", parameters=some_axes, empty=False),
    Step("logsumexp", "tg.logsumexp(x, axis, keepdims=keepdims)",
         "torch.logsumexp(x, dims(x, axis), keepdims)", parameters=some_axes, empty=False),
    Step("any", "tg.where(tg.any(x > 0.5, axis, keepdims=True), x, -2 * x)", parameters=an_axis),
    Step("all", "tg.where(tg.all(x > 0, axis, keepdims=True), x, x * x)", parameters=an_axis),
    Step("count_nonzero", "x * tg.count_nonzero(x > 0, axis, keepdims=True)",
         "x * (x > 0).sum(axis, keepdim=True)", parameters=an_axis),
    Step("softmax", "tg.softmax(x, axis)", parameters=an_axis, empty=False),
    Step("log_softmax", "tg.log_softmax(x, axis)", parameters=an_axis, empty=False),
    Step("median", "tg.median(x, axis, keepdims=keepdims)",
         "quantile(x, 0.5, axis, keepdims)", parameters=some_axes, empty=False),
    Step("quantile", "tg.quantile(x, q, axis, keepdims=keepdims)",
         "quantile(x, q, axis, keepdims)", parameters=a_quantile, empty=False),
]  # fmt: skip

SCANS = [
    Step("cumulative_sum", "tg.cumulative_sum(x, axis, include_initial=initial)",
         "scan(torch.cumsum, x, axis, 0, initial)", parameters=a_scan),
    Step("cumulative_prod", "tg.cumulative_prod(tg.cos(x), axis, include_initial=initial)",
         "scan(torch.cumprod, torch.cos(x), axis, 1, initial)", parameters=a_scan),
    Step("diff", "tg.diff(x, n=n, axis=axis)", "torch.diff(x, n, axis)", parameters=differences),
    Step("sort", "tg.sort(x, axis, descending=descending)",
         "torch.sort(x, dim=axis, descending=descending)[0]", parameters=an_order, empty=False),
    Step("argsort",
         "tg.take_along_axis(x, tg.argsort(y, axis, descending=descending), axis)",
         "torch.take_along_dim("
         "x, torch.argsort(y, dim=axis, descending=descending, stable=True), axis)",
         operands=alike, parameters=lambda random, shape, _: an_order(random, shape), empty=False),
    Step("topk", "tg.topk(x, k, axis)[0]", "torch.topk(x, k, axis)[0]", parameters=a_count,
         empty=False),
    Step("argmin", "x * (tg.argmin(x, axis, keepdims=True) + 1)",
         "x * (torch.argmin(x, axis, keepdim=True) + 1)", parameters=an_axis, empty=False),
    Step("argmax", "x * (tg.argmax(x, axis, keepdims=True) + 1)",
         "x * (torch.argmax(x, axis, keepdim=True) + 1)", parameters=an_axis, empty=False),
]  # fmt: skip

STEPS = [*REDUCTIONS, *SCANS]
