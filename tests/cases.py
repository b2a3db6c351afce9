"""The table that drives the tests of operations: a row or more for every card.

Adding an operation means adding a row here. The oracle of a row is NumPy written out, or plain
Python; it never calls tensorgrok. Inputs are float64 (or as the row says), away from kinks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import tensorgrok as tg
from tensorgrok.engine import primitives
from tensorgrok.ops.random import Generator
from tensorgrok.transforms import identity

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One application of one card.

    Attributes:
        name: of the card.
        function: applies it, to tensors.
        inputs: arrays for it, in order; floats are differentiated, the rest is passed on.
        oracle: the same computation on the arrays, independent of tensorgrok.
        note: what is special about this row.
        exact: values must agree to the bit, not only to rounding.
    """

    name: str
    function: Callable[..., Any]
    inputs: Sequence[Array]
    oracle: Callable[..., Any]
    note: str = ""
    exact: bool = False

    def __str__(self) -> str:
        shapes = "x".join(str(tuple(a.shape)).replace(" ", "") for a in self.inputs)
        return f"{self.name}-{self.note or 'plain'}-{shapes}"


def draw(shape: tuple[int, ...], seed: int, domain: str = "real") -> Array:
    """Numbers that stay clear of 0, of each other's mirror and of what the domain forbids."""
    random = np.random.default_rng(seed)
    size = random.uniform(0.3, 1.6, shape)
    if domain == "positive":
        return np.asarray(size)
    if domain == "bool":
        return np.asarray(random.uniform(size=shape) < 0.5)
    if domain == "integer":
        return np.asarray(random.integers(1, 9, shape))
    signed = size * random.choice([-1.0, 1.0], shape)
    if domain == "complex":
        return np.asarray(signed + 1j * random.uniform(0.3, 1.6, shape))
    return np.asarray(signed)


CASES: list[Case] = []


def case(
    name: str,
    function: Callable[..., Any],
    inputs: Sequence[Array],
    oracle: Callable[..., Any],
    note: str = "",
    exact: bool = False,
) -> None:
    """Enter a row."""
    CASES.append(Case(name, function, tuple(inputs), oracle, note, exact))


def relu_oracle(x: Array) -> Array:
    return np.where(x > 0, x, np.zeros_like(x))


def sigmoid_oracle(x: Array) -> Array:
    return np.asarray([1 / (1 + math.exp(-v)) for v in x.ravel()]).reshape(x.shape)


# Elementwise cards: name, domains of the arguments, oracle. Each is tried with all shapes below.
ELEMENTWISE: tuple[tuple[str, tuple[str, ...], Callable[..., Any]], ...] = (
    ("add", ("real", "real"), np.add),
    ("subtract", ("real", "real"), np.subtract),
    ("multiply", ("real", "real"), np.multiply),
    ("divide", ("real", "real"), np.divide),
    ("pow", ("positive", "real"), np.power),
    ("maximum", ("real", "real"), np.maximum),
    ("where", ("bool", "real", "real"), np.where),
    ("negative", ("real",), np.negative),
    ("abs", ("real",), np.abs),
    ("exp", ("real",), np.exp),
    ("log", ("positive",), np.log),
    ("sqrt", ("positive",), np.sqrt),
    ("sin", ("real",), np.sin),
    ("cos", ("real",), np.cos),
    ("tanh", ("real",), np.tanh),
    ("sigmoid", ("real",), sigmoid_oracle),
    ("relu", ("real",), relu_oracle),
    ("real", ("real",), np.real),
    ("imag", ("real",), np.imag),
    ("conj", ("real",), np.conj),
    ("equal", ("integer", "integer"), np.equal),
    ("not_equal", ("integer", "integer"), np.not_equal),
    ("less", ("real", "real"), np.less),
    ("less_equal", ("real", "real"), np.less_equal),
    ("greater", ("real", "real"), np.greater),
    ("greater_equal", ("real", "real"), np.greater_equal),
    ("logical_not", ("bool",), np.logical_not),
    ("logical_and", ("bool", "bool"), np.logical_and),
    ("logical_or", ("bool", "bool"), np.logical_or),
    ("bitwise_right_shift", ("integer", "integer"), np.right_shift),
)

# Shapes of up to three arguments: plain, 0-d, size 0, broadcast along size 1 and new axes.
SHAPES: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...] = (
    ("plain", ((2, 3), (2, 3), (2, 3))),
    ("0-d", ((), (), ())),
    ("size-0", ((0, 3), (0, 3), (1, 3))),
    ("broadcast", ((3, 1), (2, 1, 4), (4,))),
    ("0-d with 2-d", ((), (2, 2), ())),
)

for _name, _domains, _oracle in ELEMENTWISE:
    for _note, _shapes in SHAPES:
        _inputs = [draw(s, i, d) for i, (s, d) in enumerate(zip(_shapes, _domains, strict=False))]
        case(_name, primitives[_name], _inputs, _oracle, _note)
    if len(_domains) == 1:
        _turned = draw((3, 4), 5, _domains[0])[::-1, ::2].T
        case(_name, primitives[_name], [_turned], _oracle, "non-contiguous")

for _name in (
    "negative",
    "exp",
    "sin",
    "cos",
    "tanh",
    "sqrt",
    "log",
    "abs",
    "real",
    "imag",
    "conj",
):
    _function = getattr(np, _name)
    case(_name, primitives[_name], [draw((2, 2), 3, "complex")], _function, "complex")
case("sigmoid", tg.sigmoid, [draw((2, 2), 3, "complex")], lambda x: 1 / (1 + np.exp(-x)), "complex")
for _name in ("add", "subtract", "multiply", "divide"):
    _pair = [draw((2, 2), 3, "complex"), draw((2,), 4, "complex")]
    case(_name, primitives[_name], _pair, getattr(np, _name), "complex")
    _pair = [draw((2, 2), 3, "complex"), draw((2, 1), 4)]
    case(_name, primitives[_name], _pair, getattr(np, _name), "complex with real")
case("pow", lambda x: x**2, [draw((2, 3), 0)], lambda x: x * x, "square")
case("pow", lambda x: x**3, [draw((2, 3), 0)], lambda x: x * x * x, "cube")
case("pow", lambda x: x**0, [draw((3,), 0)], lambda x: np.ones(3), "to the 0")
case("pow", lambda x: 2.0**x, [draw((3,), 0)], lambda x: np.exp(x * math.log(2)), "number as base")
case("maximum", lambda x: tg.maximum(x, 0), [draw((5,), 1)], relu_oracle, "with a number")
case("where", lambda c, x: tg.where(c, x, 0), [draw((5,), 1, "bool"), draw((5,), 2)],
     lambda c, x: np.where(c, x, 0.0), "with a number")  # fmt: skip
case("astype", lambda x: x.astype(np.float64), [draw((2, 3), 0)], lambda x: x)
case("astype", lambda x: x.astype(np.int64), [draw((2, 3), 0)], lambda x: np.trunc(x).astype(int),
     "to integers")  # fmt: skip
case("identity", identity, [draw((2, 3), 0)], lambda x: x)

# Reductions: all axes, one, several, negative, kept, 0-d, size 0, size 1, non-contiguous ---------


def logsumexp_oracle(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


for _name, _oracle in (
    *(("sum", np.sum), ("mean", np.mean), ("max", np.max)),
    *(("logsumexp", logsumexp_oracle), ("argmax", np.argmax)),
):
    for _axis in (None, 0, -1, (0, 2), (-1, -2)):
        for _kept in (False, True):
            if _name == "argmax" and isinstance(_axis, tuple):
                continue
            _options = {"axis": _axis, "keepdims": _kept}
            case(
                _name,
                lambda x, f=primitives[_name], o=_options: f(x, **o),
                [draw((2, 3, 2), 1)],
                lambda x, f=_oracle, o=_options: f(x, **o),
                f"axis {_axis}{' kept' if _kept else ''}",
            )
    for _note, _x in (("0-d", draw((), 1)), ("size-1", draw((1, 1), 1))):
        case(_name, primitives[_name], [_x], _oracle, _note)
    case(_name, primitives[_name], [draw((4, 3), 2).T[:, ::2]], _oracle, "non-contiguous")
case("sum", tg.sum, [np.zeros((0, 3))], np.sum, "size-0")
case("sum", lambda x: tg.sum(x, 0), [np.zeros((0, 3))], lambda x: np.zeros(3), "size-0")
case("mean", lambda x: tg.mean(x, 1), [np.zeros((0, 3))], lambda x: np.zeros(0), "size-0")
case("max", lambda x: tg.max(x, 1), [np.zeros((0, 3))], lambda x: np.zeros(0), "size-0")

# Arrangement -------------------------------------------------------------------------------------

case("reshape", lambda x: tg.reshape(x, (3, -1)), [draw((2, 3), 0)], lambda x: x.reshape(3, 2))
case("reshape", lambda x: x.reshape(6), [draw((3, 2), 0).T], lambda x: x.reshape(6),
     "non-contiguous")  # fmt: skip
case("reshape", lambda x: x.reshape(()), [draw((1, 1), 0)], lambda x: x.reshape(()), "to 0-d")
case("reshape", lambda x: x.reshape(3, 0), [np.zeros((0, 2))], lambda x: np.zeros((3, 0)), "size-0")
case("permute_dims", lambda x: tg.permute_dims(x, (2, 0, 1)), [draw((2, 3, 4), 0)],
     lambda x: x.transpose(2, 0, 1))  # fmt: skip
case("permute_dims", lambda x: tg.permute_dims(x, (-1, 0)), [draw((2, 3), 0)],
     lambda x: x.T, "negative axes")  # fmt: skip
case("permute_dims", lambda x: x.T, [draw((2, 3), 0)], lambda x: x.T, "transposed")
case("permute_dims", lambda x: x.T, [draw((), 0)], lambda x: x, "0-d")
case("broadcast_to", lambda x: tg.broadcast_to(x, (4, 2, 3)), [draw((2, 1), 0)],
     lambda x: np.broadcast_to(x, (4, 2, 3)))  # fmt: skip
case("broadcast_to", lambda x: tg.broadcast_to(x, (2, 2)), [draw((), 0)],
     lambda x: np.full((2, 2), x), "0-d")  # fmt: skip
case("broadcast_to", lambda x: tg.broadcast_to(x, (0, 3)), [draw((1, 3), 0)],
     lambda x: np.zeros((0, 3)), "to size-0")  # fmt: skip
case("concat", lambda a, b: tg.concat([a, b]), [draw((2, 3), 0), draw((1, 3), 1)],
     lambda a, b: np.concatenate([a, b]))  # fmt: skip
case("concat", lambda a, b, c: tg.concat((a, b, c), axis=-1),
     [draw((2, 1), 0), draw((2, 0), 1), draw((4, 2), 2)[::2]],
     lambda a, b, c: np.concatenate([a, b, c], axis=1), "three, one empty")  # fmt: skip
case("concat", lambda a: tg.concat([a, a]), [draw((2,), 0)], lambda a: np.concatenate([a, a]),
     "the same twice")  # fmt: skip
case("split_parts", lambda x: tg.split(x, 2, axis=1), [draw((2, 4), 0)],
     lambda x: (x[:, :2], x[:, 2:]), "equal parts")  # fmt: skip
case("split_parts", lambda x: tg.split(x, (1, 0, 2), axis=-1), [draw((2, 3), 0)],
     lambda x: (x[:, :1], x[:, 1:1], x[:, 1:]), "given parts")  # fmt: skip
case("split_parts", lambda x: tg.split(x, 3)[1], [draw((3, 2), 0)], lambda x: x[1:2],
     "one part used")  # fmt: skip

# Indexing ----------------------------------------------------------------------------------------

KEYS: tuple[tuple[str, Any, tuple[int, ...]], ...] = (
    ("integer", 1, (3, 2)),
    ("negative integer", (-1, 0), (3, 2)),
    ("slice", slice(1, None), (3, 2)),
    ("negative step", (slice(None, None, -2), slice(None)), (3, 2)),
    ("new axis", (None, slice(None), None, 0), (3, 2)),
    ("ellipsis", (..., 1), (2, 3, 2)),
    ("empty slice", slice(2, 2), (3, 2)),
    ("integer array", np.array([2, 0]), (3, 2)),
    ("repeated", np.array([[1, 1], [1, 0]]), (3, 2)),
    ("list", [0, 0, 2], (3, 2)),
    ("two arrays", (np.array([0, 2, 2]), np.array([1, 1, 1])), (3, 2)),
    ("array and slice", (np.array([1, 1]), slice(None), np.array([0, 1])), (2, 3, 2)),
    ("mask", np.array([True, False, True]), (3, 2)),
    ("mask of all axes", np.array([[True, False], [False, False], [True, True]]), (3, 2)),
    ("mask of nothing", np.array([False, False, False]), (3, 2)),
    ("empty array", [], (3, 2)),
    ("0-d", (), ()),
    ("size-0", slice(None), (0, 2)),
)


def set_oracle(table: Array, values: Array, key: Any) -> Array:
    result = table.copy()
    result[key] = values
    return result


def add_oracle(table: Array, values: Array, key: Any) -> Array:
    """Place by place, so that repeated places add up."""
    result = table.copy().ravel()
    places = np.arange(table.size).reshape(table.shape)[key]
    spread = np.broadcast_to(values, places.shape)
    for place, value in zip(np.ravel(places), np.ravel(spread), strict=True):
        result[place] += value
    return result.reshape(table.shape)


for _note, _key, _shape in KEYS:
    _x = draw(_shape, 0)
    _v = draw(_x[_key].shape, 1)
    case("getitem_at", lambda x, k=_key: x[k], [_x], lambda x, k=_key: x[k], _note)
    case("scatter_set_at", lambda x, v, k=_key: tg.scatter_set(x, k, v), [_x, _v],
         lambda x, v, k=_key: set_oracle(x, v, k), _note)  # fmt: skip
    case("scatter_add_at", lambda x, v, k=_key: tg.scatter_add(x, k, v), [_x, _v],
         lambda x, v, k=_key: add_oracle(x, v, k), _note)  # fmt: skip
for _shape in ((), (1, 2), (2,)):
    case("scatter_set_at", lambda x, v: tg.scatter_set(x, slice(1, None), v),
         [draw((3, 2), 0), draw(_shape, 1)],
         lambda x, v: set_oracle(x, v, slice(1, None)), "broadcast values")  # fmt: skip
    case("scatter_add_at", lambda x, v: tg.scatter_add(x, [1, 1, 2], v),
         [draw((3, 2), 0), draw(_shape, 1)],
         lambda x, v: add_oracle(x, v, np.array([1, 1, 2])), "broadcast values")  # fmt: skip
case("scatter_set_at", lambda x, v: tg.scatter_set(x, 0, v), [draw((3, 2), 0), draw((1, 1, 2), 1)],
     lambda x, v: set_oracle(x, v, 0), "spare leading axes")  # fmt: skip
case("scatter_add_at", lambda x, v: tg.scatter_add(x, [[0, 0], [1, 1]], v),
     [draw((2,), 0), draw((2,), 1)], lambda x, v: add_oracle(x, v, np.array([[0, 0], [1, 1]])),
     "broadcast to 2-d places")  # fmt: skip
case("getitem_at", lambda x: x[1:], [draw((4, 3), 0).T], lambda x: x[1:], "non-contiguous")

# Contraction -------------------------------------------------------------------------------------


def outer_oracle(x: Array, g: Array) -> Array:
    axes = tuple(range(x.ndim - 1))
    return np.asarray(np.tensordot(x, g, axes=(axes, axes)))


VECMATS: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = (
    ("row", (3,), (3, 2)),
    ("batch", (4, 3), (3, 2)),
    ("leading axes", (2, 4, 3), (3, 2)),
    ("one row", (1, 3), (3, 1)),
    ("no rows", (0, 3), (3, 2)),
    ("nothing summed", (2, 0), (0, 2)),
)
for _note, _a, _b in VECMATS:
    _x, _w = draw(_a, 0), draw(_b, 1)
    _g = draw((*_a[:-1], _b[1]), 2)
    case("vecmat", tg.vecmat, [_x, _w], lambda x, w: np.einsum("...k,km->...m", x, w), _note)
    case("vecmat_dx", tg.vecmat_dx, [_g, _w], lambda g, w: np.einsum("...m,km->...k", g, w), _note)
    case("vecmat_dw", tg.vecmat_dw, [_x, _g], outer_oracle, _note)
case("vecmat", tg.vecmat, [draw((3, 4), 0).T, draw((2, 3), 1).T],
     lambda x, w: np.einsum("nk,km->nm", x, w), "non-contiguous")  # fmt: skip
case("vecmat_dw", tg.vecmat_dw, [draw((3, 4), 0).T, draw((2, 4), 1).T],
     lambda x, g: np.einsum("nk,nm->km", x, g), "non-contiguous")  # fmt: skip
DOTS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((2, 2, 3), (3, 2)),
    ((), (2, 2)), ((2, 2), ()), ((), ()), ((3,), (2, 3, 2)), ((2, 3), (2, 3, 2)),
    ((2, 3), (2, 2, 3, 1)), ((0, 3), (3, 2)), ((3,), (3, 0)), ((2, 1), (1, 2)),
)  # fmt: skip
for _a, _b in DOTS:
    case("dot", tg.dot, [draw(_a, 0), draw(_b, 1)], np.dot)
case("dot", tg.dot, [draw((3, 2), 0).T, draw((4, 6), 1)[:3, ::2]], np.dot, "non-contiguous")
MATMULS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 2)),
    ((5, 2, 3), (5, 3, 2)), ((1, 2, 3), (4, 3, 2)), ((2, 3), (4, 3, 2)), ((3,), (4, 3, 2)),
    ((4, 2, 3), (3,)), ((2, 1, 2, 3), (3, 3, 1)), ((0, 2, 3), (3, 2)), ((0, 2, 3), (1, 3, 2)),
)  # fmt: skip
for _a, _b in MATMULS:
    case("matmul", tg.matmul, [draw(_a, 0), draw(_b, 1)], np.matmul)
_pair = [draw((2, 3, 2), 0).transpose(0, 2, 1), draw((2, 2, 3), 1).transpose(0, 2, 1)]
case("matmul", tg.matmul, _pair, np.matmul, "non-contiguous")
case("matmul", tg.matmul, [draw((2, 2), 0, "complex"), draw((2, 2), 1, "complex")], np.matmul,
     "complex")  # fmt: skip

# Creation: nothing to differentiate --------------------------------------------------------------

case("zeros", lambda: tg.zeros((2, 3), dtype=np.float64), [], lambda: np.zeros((2, 3)), exact=True)
case("ones", lambda: tg.ones(3, dtype=np.float64), [], lambda: np.ones(3), exact=True)
case("full", lambda: tg.full((2, 0), 7), [], lambda: np.full((2, 0), 7), exact=True)
case("arange", lambda: tg.arange(1, 9, 3), [], lambda: np.arange(1, 9, 3), exact=True)

# Random draws: words of Philox, made into floats by integer arithmetic ---------------------------


def philox(seed: int, words: int) -> Array:
    bits = np.random.Philox(key=[seed, 0], counter=[0, 0, 0, 0])
    return np.asarray(bits.random_raw(words))


def uniform_oracle(seed: int, n: int) -> Array:
    return np.asarray([(int(word) >> 11) / 2**53 for word in philox(seed, n)])


def normal_oracle(seed: int, n: int) -> Array:
    u = uniform_oracle(seed, 2 * n)
    pairs = zip(u[:n], u[n:], strict=True)
    return np.asarray(
        [math.sqrt(-2 * math.log(1 - a)) * math.cos(2 * math.pi * b) for a, b in pairs]
    )


def words(seed: int, n: int) -> tg.Tensor:
    generator = Generator(seed)
    return tg.random_bits(generator.key, generator.counter, n)


case("random_bits", lambda: words(3, 5), [], lambda: philox(3, 5), exact=True)
case("random_bits", lambda: words(3, 0), [], lambda: philox(3, 0), "none", exact=True)
case("standard_uniform", lambda: Generator(7).uniform((2, 3), dtype=np.float64), [],
     lambda: uniform_oracle(7, 6).reshape(2, 3), exact=True)  # fmt: skip
case("standard_normal", lambda: Generator(7).normal((2, 3), dtype=np.float64), [],
     lambda: normal_oracle(7, 6).reshape(2, 3))  # fmt: skip

# Updates and losses ------------------------------------------------------------------------------


def cross_entropy_oracle(logits: Array, labels: Array) -> Any:
    rows = logits.reshape(-1, logits.shape[-1])
    losses = [
        math.log(sum(math.exp(v) for v in row)) - row[label]
        for row, label in zip(rows, np.ravel(labels), strict=True)
    ]
    return np.asarray(sum(losses) / len(losses))


def frozen(function: Callable[..., Any]) -> Callable[..., Any]:
    """Updates are not recorded: hand them values."""
    return lambda *args: function(*(arg.detach() for arg in args))


case("sgd_update", frozen(primitives["sgd_update"]),
     [draw((2, 3), 0), draw((2, 3), 1), draw((), 2, "positive")],
     lambda p, g, r: p - r * g)  # fmt: skip


def squared_error_oracle(prediction: Array, target: Array) -> Array:
    pairs = zip(prediction.ravel(), target.ravel(), strict=True)
    return np.asarray(0.5 * sum((p - t) ** 2 for p, t in pairs))


for _shape in ((2, 3), (), (1, 1), (0, 3)):
    _pair = [draw(_shape, 0), draw(_shape, 1)]
    case("squared_error", primitives["squared_error"], _pair, squared_error_oracle)
    if math.prod(_shape):
        case("mse", primitives["mse"], _pair, lambda p, t: np.sum((p - t) ** 2) / p.size)
for _shape in ((3, 4), (4,), (2, 3, 4), (2, 1)):
    _labels = np.random.default_rng(1).integers(0, _shape[-1], _shape[:-1])
    case("cross_entropy", primitives["cross_entropy"], [draw(_shape, 0), np.asarray(_labels)],
         cross_entropy_oracle)  # fmt: skip
case("cross_entropy", primitives["cross_entropy"], [draw((8, 3), 0).T, np.array([7, 0, 1])],
     cross_entropy_oracle, "non-contiguous")  # fmt: skip
