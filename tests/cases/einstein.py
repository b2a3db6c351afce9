"""Rows of sums of products by subscripts; the oracle is NumPy's own loop, which plans nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import tensorgrok as tg
from tests.cases.base import Array, case, draw


def einsum_oracle(*operands: Any, subscripts: str) -> Array:
    return np.asarray(np.einsum(subscripts, *operands, optimize=False))


def einsum_case(
    subscripts: str, *shapes: tuple[int, ...], domain: str = "real", note: str = ""
) -> None:
    """Enter a row for the card that the last step applies."""
    name = "einsum_one" if len(shapes) == 1 else "einsum_two"
    inputs = [draw(shape, seed, domain) for seed, shape in enumerate(shapes)]
    case(name, partial(apply_einsum, subscripts), inputs,
         partial(einsum_oracle, subscripts=subscripts), note or subscripts)  # fmt: skip


def apply_einsum(subscripts: str, *operands: tg.Tensor) -> tg.Tensor:
    return tg.einsum(subscripts, *operands)


# One operand: permuted, summed, diagonals.
for _subscripts, _shape in (
    *(("ij->ji", (2, 3)), ("ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)), ("i", (3,))),
    *(("ii", (3, 3)), ("ii->i", (3, 3)), ("iji->j", (2, 3, 2)), ("iij->ji", (2, 2, 3))),
    *(("iii->i", (2, 2, 2)), ("iijj->ij", (2, 2, 3, 3)), ("ijij->", (2, 3, 2, 3))),
    *(("...i->...", (2, 3, 2)), ("i...", (2, 3)), ("...ii->i...", (3, 2, 2)), ("...", (2, 3))),
    *(("", ()), ("->", ()), ("...->...", ()), ("ii->i", (1, 1)), ("ii", (0, 0)), ("ij->i", (2, 0))),
    *(("ij->j", (0, 2)), ("ii->i", (0, 0)), (" i j -> j i ", (2, 3))),
):
    einsum_case(_subscripts, _shape)
for _domain in ("complex", "integer", "bool"):
    einsum_case("iij->j", (2, 2, 3), domain=_domain, note=f"{_domain} iij->j")
    einsum_case("ij,jk->ik", (2, 3), (3, 2), domain=_domain, note=f"{_domain} ij,jk->ik")
    einsum_case("bij,bjk->b", (2, 2, 3), (2, 3, 2), domain=_domain, note=f"{_domain} batch")
    einsum_case("ij,ij->ij", (2, 3), (2, 3), domain=_domain, note=f"{_domain} ij,ij->ij")

# Two operands: matrix products, batches, outer and elementwise products, broadcasting, numbers.
for _subscripts, _first, _second in (
    *(("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij,jk->ki", (2, 3), (3, 4))),
    *(("ji,kj->ik", (3, 2), (4, 3)), ("i,i", (3,), (3,)), ("ij,j", (2, 3), (3,))),
    *(("i,ij->j", (2,), (2, 3)), ("i,j->ij", (2,), (3,)), ("i,j->ji", (2,), (3,))),
    *(("ij,ij", (2, 3), (2, 3)), ("ij,ji", (2, 3), (3, 2)), ("ij,ij->i", (2, 3), (2, 3))),
    *(("ij,i->ij", (2, 3), (2,)), ("bij,bjk->bik", (2, 2, 3), (2, 3, 2))),
    *(("bqhd,bkhd->bhqk", (2, 2, 1, 3), (2, 2, 1, 3)), ("ibj,jkb->kbi", (2, 2, 3), (3, 2, 2))),
    *(("ijk,kjl->il", (2, 2, 3), (3, 2, 2)), ("...k,km->...m", (2, 2, 3), (3, 2))),
    *(("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2)), ("...i,...i->...", (2, 1, 3), (4, 3))),
    *(("i...,...j->...ij", (2, 3), (3, 2)), ("ii,i->i", (3, 3), (3,))),
    *(("ii,jj->ij", (2, 2), (3, 3)), ("ij,ik->i", (2, 3), (2, 2))),
    *(("ij,kl->il", (2, 3), (2, 3)), ("ij,jk->k", (2, 3), (3, 2)), ("ij,k->", (2, 3), (2,))),
    *(("iij,jj->", (2, 2, 3), (3, 3)), (",", (), ()), ("ij,->ij", (2, 3), ()), (",i->i", (), (2,))),
    *(("ij,jk->ik", (2, 1), (3, 2)), ("ij,jk->ik", (2, 3), (1, 2)), ("ij,ij->ij", (1, 3), (2, 1))),
    *(("ij,ij->", (1, 3), (2, 3)), ("bij,bjk->bik", (1, 2, 3), (3, 3, 2)), ("i,i->i", (1,), (1,))),
    *(("ij,jk->ik", (0, 2), (2, 3)), ("ij,jk->ik", (2, 0), (0, 3)), ("i,i->i", (0,), (1,))),
    *(("ij,jk->ik", (0, 0), (0, 0)), ("bi,bi->b", (0, 2), (0, 2)), ("i,j->ij", (0,), (2,))),
):  # fmt: skip
    einsum_case(_subscripts, _first, _second)

# Several operands, in pairs.
einsum_case("ij,jk,kl->il", (2, 3), (3, 2), (2, 2))
einsum_case("i,i,i->i", (2,), (2,), (2,))
einsum_case("ij,jk,k", (2, 3), (3, 2), (2,))
einsum_case("...i,ij,...j->...", (2, 3), (3, 2), (2, 2))
einsum_case("i,j,k->kji", (2,), (3,), (2,))
einsum_case("ij,ji,ii,->i", (2, 2), (2, 2), (2, 2), ())
einsum_case("i,i,i->", (1,), (3,), (1,), note="three that broadcast")
einsum_case("ij,jk,kl->il", (2, 0), (0, 2), (2, 3), note="three with nothing to sum")
_pair = [draw((3, 2), 0).T, draw((4, 6), 1)[:2, ::2]]
case("einsum_two", partial(apply_einsum, "ij,kj->ik"), _pair,
     partial(einsum_oracle, subscripts="ij,kj->ik"), "non-contiguous")  # fmt: skip
case("einsum_one", partial(apply_einsum, "iji->ij"), [draw((2, 3, 4), 0).T[:2, :, ::-1]],
     partial(einsum_oracle, subscripts="iji->ij"), "non-contiguous")  # fmt: skip


# tensordot -------------------------------------------------------------------------------------

Axes = Any
for _first, _second, _axes in (
    *(((2, 3), (3, 4), 1), ((2, 3), (2, 3), 2), ((2, 3), (4,), 0), ((), (), 0), ((), (2,), 0)),
    *(((2, 3, 4), (3, 4, 2), 2), ((2, 3, 4), (4, 3, 2), ([2, 1], [0, 1]))),
    *(((2, 3), (4, 3), (1, 1)), ((2, 3), (3, 2), ((-1, 0), (0, -1))), ((2, 3, 4), (4,), 1)),
    *(((3,), (3,), 1), ((2, 3), (2, 4), ([0], [0])), ((2, 3), (3, 2), ([], []))),
    *(((2, 0), (0, 3), 1), ((0, 2), (2, 3), 1), ((1, 2), (2, 1), 1)),
):  # fmt: skip
    case("tensordot", lambda x1, x2, axes=_axes: tg.tensordot(x1, x2, axes=axes),
         [draw(_first, 0), draw(_second, 1)],
         lambda x1, x2, axes=_axes: np.tensordot(x1, x2, axes=axes), f"axes {_axes}")  # fmt: skip
for _domain in ("complex", "integer", "bool"):
    case("tensordot", tg.tensordot, [draw((2, 2, 3), 0, _domain), draw((2, 3, 2), 1, _domain)],
         np.tensordot, _domain)  # fmt: skip
_pair = [draw((3, 2, 4), 0).swapaxes(0, 1), draw((4, 3), 1).T]
case("tensordot", tg.tensordot, _pair, np.tensordot, "non-contiguous")
