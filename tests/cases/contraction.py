"""Rows of the products."""

from __future__ import annotations

import numpy as np

import tensorgrok as tg
from tests.cases.base import Array, case, draw


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
case("dot", tg.dot, [draw((2, 3, 4), 0), draw((4,), 1)], np.dot)
case("dot", tg.dot, [draw((2, 3, 4), 0), draw((2, 4, 3), 1)], np.dot)
case("dot", tg.dot, [draw((2, 0, 4), 0), draw((4,), 1)], np.dot)
case("dot", tg.dot, [draw((2, 3), 0), draw((0, 3, 2), 1)], np.dot)
case("dot", tg.dot, [draw((2, 3), 0, "integer"), draw((3, 2), 1, "integer")], np.dot, "integers")
case("vecmat", tg.vecmat, [draw((2, 3, 4), 0).swapaxes(0, 1), draw((4, 2), 1)],
     lambda x, w: np.einsum("...k,km->...m", x, w), "leading axes exchanged")  # fmt: skip
case("vecmat", tg.vecmat, [draw((2, 4, 3), 0).swapaxes(1, 2), draw((6, 6), 1)[1:5, 2:4]],
     lambda x, w: np.einsum("...k,km->...m", x, w), "a matrix in pieces")  # fmt: skip


# vecdot, outer, kron ---------------------------------------------------------------------------

VECDOTS: tuple[tuple[tuple[int, ...], tuple[int, ...], int], ...] = (
    ((3,), (3,), -1), ((2, 3), (3,), -1), ((2, 3), (2, 3), -1), ((2, 3), (2, 3), -2),
    ((2, 3), (2, 3), 0), ((2, 3), (2, 3), 1), ((4, 1, 3), (2, 3), -1), ((3, 2, 1), (2, 4), -2),
    ((1,), (1,), -1), ((0,), (0,), -1), ((0, 3), (3,), -1), ((2, 0), (2, 0), -1),
)  # fmt: skip


def vecdot_oracle(x1: Array, x2: Array, axis: int) -> Array:
    moved = np.moveaxis(np.conj(x1), axis, -1), np.moveaxis(x2, axis, -1)
    return np.asarray(np.sum(moved[0] * moved[1], axis=-1, dtype=x1.dtype))


for _a, _b, _axis in VECDOTS:
    case("vecdot", lambda x1, x2, axis=_axis: tg.vecdot(x1, x2, axis=axis),
         [draw(_a, 0), draw(_b, 1)],
         lambda x1, x2, axis=_axis: vecdot_oracle(x1, x2, axis), f"axis {_axis}")  # fmt: skip
for _domain in ("complex", "integer", "bool"):
    _pair = [draw((2, 3), 0, _domain), draw((3,), 1, _domain)]
    case("vecdot", tg.vecdot, _pair, lambda x1, x2: vecdot_oracle(x1, x2, -1), _domain)
    _pair = [draw((3,), 0, _domain), draw((2,), 1, _domain)]
    case("outer", tg.outer, _pair, lambda x1, x2: x1[:, None] * x2, _domain)
    case("kron", tg.kron, _pair, np.kron, _domain)
case("vecdot", tg.vecdot, [draw((3, 2), 0).T, draw((4, 6), 1)[:2, ::2]],
     lambda x1, x2: np.sum(x1 * x2, axis=-1), "non-contiguous")  # fmt: skip
OUTERS: tuple[tuple[int, int], ...] = ((3, 2), (1, 4), (1, 1), (0, 3), (2, 0), (0, 0))
for _n, _m in OUTERS:
    case("outer", tg.outer, [draw((_n,), 0), draw((_m,), 1)], lambda x1, x2: x1[:, None] * x2)
case("outer", tg.outer, [draw((6,), 0)[::-2], draw((2, 3), 1)[:, 1]],
     lambda x1, x2: x1[:, None] * x2, "non-contiguous")  # fmt: skip
KRONS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((2,), (3,)), ((2, 2), (3, 1)), ((2,), (2, 3)), ((2, 3), (2,)), ((1, 2, 2), (2, 1, 2)),
    ((), (2, 2)), ((3,), ()), ((), ()), ((0, 2), (2, 2)), ((2,), (0,)), ((1,), (1,)),
)  # fmt: skip
for _a, _b in KRONS:
    case("kron", tg.kron, [draw(_a, 0), draw(_b, 1)], np.kron)
case("kron", tg.kron, [draw((3, 2), 0).T, draw((4, 4), 1)[::2, ::-2]], np.kron, "non-contiguous")
