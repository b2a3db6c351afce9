"""Rows of the functions that come down to a few cards of arrangement, under the last of these."""

from __future__ import annotations

import numpy as np

import tensorgrok as tg
from tests.cases.base import case, draw

# Axes exchanged and moved

case("permute_dims", tg.matrix_transpose, [draw((2, 3, 4), 0)],
     lambda x: np.swapaxes(x, 1, 2), "matrix_transpose")  # fmt: skip
case("permute_dims", tg.matrix_transpose, [draw((0, 3), 0)], lambda x: x.T,
     "matrix_transpose of size-0")  # fmt: skip
case("permute_dims", lambda x: tg.swapaxes(x, 0, -1), [draw((2, 3, 4), 0)],
     lambda x: np.swapaxes(x, 0, 2), "swapaxes")  # fmt: skip
case("permute_dims", lambda x: tg.moveaxis(x, 0, -1), [draw((2, 3, 4), 0)],
     lambda x: np.moveaxis(x, 0, -1), "moveaxis")  # fmt: skip
case("permute_dims", lambda x: tg.moveaxis(x, (3, 0), (0, -2)), [draw((2, 3, 1, 2), 0)],
     lambda x: np.moveaxis(x, (3, 0), (0, -2)), "moveaxis of two")  # fmt: skip
case("permute_dims", lambda x: tg.moveaxis(x, (), ()), [draw((), 0)], lambda x: x,
     "moveaxis of none")  # fmt: skip

# Axes joined, added and left out

case("reshape", tg.flatten, [draw((2, 3), 0)], np.ravel, "flatten")
case("reshape", tg.flatten, [draw((), 0)], np.ravel, "flatten 0-d")
case("reshape", tg.flatten, [draw((2, 0), 0)], np.ravel, "flatten size-0")
case("reshape", lambda x: tg.flatten(x, 1), [draw((2, 3, 2), 0).T],
     lambda x: x.reshape(2, 6), "flatten from an axis on")  # fmt: skip
case("reshape", lambda x: tg.flatten(x, -3, 1), [draw((2, 3, 0), 0)],
     lambda x: x.reshape(6, 0), "flatten up to an axis")  # fmt: skip
case("reshape", lambda x: tg.expand_dims(x, 0), [draw((), 0)], lambda x: x[None],
     "expand_dims 0-d")  # fmt: skip
case("reshape", lambda x: tg.expand_dims(x, -1), [draw((2, 3), 0)], lambda x: x[..., None],
     "expand_dims at the end")  # fmt: skip
case("reshape", lambda x: tg.expand_dims(x, (0, -2)), [draw((2, 3), 0)],
     lambda x: x[None, :, None, :], "expand_dims twice")  # fmt: skip
case("reshape", tg.squeeze, [draw((1, 2, 1), 0)], lambda x: x[0, :, 0], "squeeze all")
case("reshape", tg.squeeze, [draw((2,), 0)], lambda x: x, "squeeze nothing")
case("reshape", lambda x: tg.squeeze(x, -1), [draw((1, 2, 1), 0)], lambda x: x[..., 0],
     "squeeze one")  # fmt: skip
case("reshape", lambda x: tg.squeeze(x, (0, 2)), [draw((1, 0, 1), 0)], lambda x: x[0, :, 0],
     "squeeze two")  # fmt: skip

# Turned

for _k in (-1, 0, 1, 2, 7):
    case("flip", lambda x, k=_k: tg.rot90(x, k), [draw((2, 3), 0)],
         lambda x, k=_k: np.rot90(x, k), f"rot90 {_k}", exact=True)  # fmt: skip
    case("flip", lambda x, k=_k: tg.rot90(x, k, (-1, 0)), [draw((2, 1, 3), 0)],
         lambda x, k=_k: np.rot90(x, k, (2, 0)), f"rot90 {_k}", exact=True)  # fmt: skip

# Broadcast against each other

case("broadcast_to", lambda a, b: tg.broadcast_arrays(a, b), [draw((2, 1), 0), draw((3,), 1)],
     lambda a, b: np.broadcast_arrays(a, b), "broadcast_arrays")  # fmt: skip
case("broadcast_to", lambda a, b: tg.broadcast_arrays(a, b, 1), [draw((), 0), np.arange(2)],
     lambda a, b: (np.full(2, a), b, np.ones(2, int)), "broadcast_arrays, mixed")  # fmt: skip
case("broadcast_to", lambda a, b: tg.meshgrid(a, b), [draw((3,), 0), draw((2,), 1)],
     lambda a, b: tuple(np.meshgrid(a, b)), "meshgrid")  # fmt: skip
case("broadcast_to", lambda a, b, c: tg.meshgrid(a, b, c, indexing="ij"),
     [draw((3,), 0), draw((), 1), draw((2,), 2)],
     lambda a, b, c: tuple(np.meshgrid(a, b, c, indexing="ij")), "meshgrid ij")  # fmt: skip
case("broadcast_to", lambda a, b, c: tg.meshgrid(a, b, c), [draw((3,), 0), draw((0,), 1),
     draw((2,), 2)], lambda a, b, c: tuple(np.meshgrid(a, b, c)), "meshgrid size-0")  # fmt: skip
