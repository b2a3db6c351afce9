"""Products: what they refuse, how they print, and how ``einsum`` plans them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok.graph import Leaf, order
from tensorgrok.notation import Language
from tensorgrok.ops.subscripts import explicit, lay_out, order_of_products
from tests.readers.symbols import Reader


def ones(*shape: int) -> tg.Tensor:
    return tg.Tensor(np.ones(shape), requires_grad=True)


def cards_of(result: tg.Tensor) -> list[str]:
    """Names of the cards in the graph of a result, in the order they were applied."""
    assert result.node is not None
    return [n.primitive.name for n in order([result.node]) if not isinstance(n, Leaf)]


def printed(result: tg.Tensor, language: Language = "python", **names: tg.Tensor) -> str:
    reader = Reader(
        result, {result: "y"} | {t: name for name, t in names.items()}, language=language
    )
    return reader.forward[-1]


# What is refused -------------------------------------------------------------------------------


def test_outer_takes_vectors_only(backend: str) -> None:
    matrix, vector = ones(2, 2), ones(2)
    with pytest.raises(tg.ShapeError, match=r"outer: .*both must be vectors.*reshape\(-1\)"):
        tg.outer(matrix, vector)
    with pytest.raises(tg.ShapeError, match=r"outer: .*the number 2.0.*both must be vectors"):
        tg.outer(vector, 2.0)


@pytest.mark.parametrize(
    ("shapes", "axis", "error", "match"),
    [
        (((2, 3), (4,)), -1, tg.ShapeError, "along axis -1 the lengths are 3 and 4"),
        (((2, 1), (2, 3)), -1, tg.ShapeError, "the lengths are 1 and 3; they must be equal"),
        (((2, 3), (3,)), 1, tg.ShapeError, "axis 1 is not the same one in tensors of 2 and 1 axes"),
        (((2, 3), (2, 3)), 2, tg.IndexingError, "vecdot: .*there is no axis 2 in both"),
        (((2, 3), (3,)), -2, tg.IndexingError, "there is no axis -2 in both"),
        (((), ()), -1, tg.IndexingError, "there is no axis -1 in both"),
        (((3,), (3,)), True, tg.DTypeError, "an axis is an integer, not True"),
        (((3,), (3,)), 0.0, tg.DTypeError, "axis is an integer, not 0.0"),
        (((3,), (3,)), (0,), tg.DTypeError, r"axis is an integer, not \(0,\)"),
    ],
)
def test_vecdot_refuses_vectors_that_do_not_meet(
    backend: str, shapes: Any, axis: Any, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        tg.vecdot(ones(*shapes[0]), ones(*shapes[1]), axis=axis)


def test_vecdot_takes_integers_of_numpy_as_an_axis(backend: str) -> None:
    result = tg.vecdot(ones(2, 3), ones(2, 3), axis=np.int64(0))  # type: ignore[arg-type]  # not an int to mypy
    assert result.shape == (3,)


def test_vecdot_conjugates_its_first_argument(backend: str) -> None:
    x1, x2 = np.array([1 + 2j, 3j]), np.array([2 - 1j, 1 + 1j])
    np.testing.assert_allclose(complex(tg.vecdot(x1, x2)), np.vdot(x1, x2), rtol=1e-15)


@pytest.mark.parametrize(
    ("axes", "error", "match"),
    [
        (3, tg.ShapeError, "tensordot: .*axes=3 is not a number of axes that both have"),
        (-1, tg.ShapeError, "axes=-1 is not a number of axes"),
        (True, tg.DTypeError, "axes is an integer or two sequences of axes, not True"),
        (1.0, tg.DTypeError, "axes is an integer or two sequences of axes, not 1.0"),
        (([0],), tg.DTypeError, "axes is an integer or two sequences"),
        (([0], [True]), tg.DTypeError, "an axis is an integer, not True"),
        (([0], [2]), tg.IndexingError, "there is no axis 2; the tensor has 2 axes"),
        (([0, -2], [0, 1]), tg.ShapeError, r"an axis is named twice in \(0, -2\)"),
        (1, tg.ShapeError, r"\(1,\) of x1 have lengths \(3,\) and the axes \(0,\) of x2 \(2,\)"),
        (([0, 1], [0]), tg.ShapeError, r"lengths \(2, 3\) and the axes \(0,\) of x2 \(2,\)"),
    ],
)  # fmt: skip
def test_tensordot_refuses_axes_that_do_not_meet(
    backend: str, axes: Any, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        tg.tensordot(ones(2, 3), ones(2, 3), axes=axes)


def test_tensordot_takes_integers_of_numpy(backend: str) -> None:
    a, b = ones(2, 3), ones(3, 4)
    axes: Any = np.int64(1)
    assert tg.tensordot(a, b, axes=axes).shape == (2, 4)
    assert tg.tensordot(a, b, axes=([axes], [axes - 1])).shape == (2, 4)


@pytest.mark.parametrize(
    ("subscripts", "shapes", "error", "match"),
    [
        ("ij,jk", ((2, 3),), tg.ArgumentError, "has subscripts for 2 operands, and there are 1"),
        ("ij", ((2, 3), (3,)), tg.ArgumentError, "has subscripts for 1 operands, and there are 2"),
        ("i1->i", ((2, 3),), tg.ArgumentError, "einsum: '1' in 'i1->i' is no subscript"),
        ("i..->i", ((2, 3),), tg.ArgumentError, r"einsum: '\.' in 'i\.\.->i' is no subscript"),
        ("...i...->i", ((2, 3),), tg.ArgumentError, "at most one '...' for each operand"),
        ("i->i->i", ((2,),), tg.ArgumentError, "one '->'"),
        ("ij->k", ((2, 3),), tg.ArgumentError, "subscript 'k' but no operand has it"),
        ("ij->ii", ((2, 3),), tg.ArgumentError, "has the subscript 'i' twice"),
        ("...i->i", ((2, 3),), tg.ArgumentError, "stands for 1 axes, and the result has no place"),
        ("i->i", ((2, 3),), tg.ShapeError, r"operand 0 of .* has the subscripts 'i' and 2 axes"),
        ("ij,j", ((2, 3), ()), tg.ShapeError, r"operand 1 .* and 0 axes, shape \(\)"),
        ("i...j", ((2,),), tg.ShapeError, r"has the subscripts 'i...j' and 1 axes"),
        ("ij,jk", ((2, 3), (4, 2)), tg.ShapeError,
         r"the subscript 'j' in 'ij,jk' has length 3 in operand 0 and 4 in operand 1; the shapes"),
        ("i,i,i", ((1,), (3,), (2,)), tg.ShapeError, "length 3 in operand 1 and 2 in operand 2"),
        ("ii", ((1, 3),), tg.ShapeError, "has length 1 in operand 0 and 3 in operand 0"),
        ("...i,...i", ((2, 3), (4, 3)), tg.ShapeError, r"axis of '\.\.\.' .* 2 in operand 0 and 4"),
    ],
)  # fmt: skip
def test_einsum_refuses_what_does_not_fit(
    backend: str, subscripts: str, shapes: Any, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        tg.einsum(subscripts, *(ones(*shape) for shape in shapes))


def test_einsum_wants_subscripts_and_operands(backend: str) -> None:
    x: Any = ones(2, 2)
    with pytest.raises(
        tg.DTypeError, match=r"the first argument is a string.*float64, shape \(2, 2\)"
    ):
        tg.einsum(x, "ij")
    with pytest.raises(tg.ArgumentError, match="einsum: there are no operands for 'ij'"):
        tg.einsum("ij")
    with pytest.raises(
        tg.ShapeError, match=r"einsum: argument operands\[1\]: nested lists must be"
    ):
        tg.einsum("ij,jk", x, [[1, 2], [3]])
    with pytest.raises(tg.DTypeError, match=r"einsum: argument operands\[0\]: expected a tensor"):
        tg.einsum("i", None)


# How products print ----------------------------------------------------------------------------


def test_a_product_of_one_step_is_one_node_and_prints_as_it_was_written() -> None:
    a, b = ones(2, 3), ones(3, 2)
    for written in ("ij,jk->ik", "ij,jk->ki", "...j,jk->...k", "ij,jk->"):
        result = tg.einsum(written, a, b)
        assert cards_of(result) == ["einsum_two"]
        assert printed(result, a=a, b=b) == f"y = einsum('{written}', a, b)"
    assert printed(tg.einsum(" ij, jk", a, b), a=a, b=b) == "y = einsum('ij,jk->ik', a, b)"
    assert printed(tg.einsum("ji", a), a=a) == "y = einsum('ji->ij', a)"


def test_products_print_as_algebra() -> None:
    a, b, u, v = ones(2, 3), ones(3, 2), ones(3), ones(3)
    for result, names, text in [
        (tg.einsum("ij,jk->ik", a, b), {"a": a, "b": b},
         r"\left(\sum_{j} a_{ij} b_{jk}\right)_{ik}"),
        (tg.einsum("ij->ji", a), {"a": a}, r"\left(a_{ij}\right)_{ji}"),
        (tg.einsum("...,i", u, v), {"u": u, "v": v}, r"\left(u_{\ldots } v_{i}\right)_{\ldots i}"),
        (tg.tensordot(a, b, axes=1), {"a": a, "b": b},
         r"\operatorname{tensordot}_{1}\left(a, b\right)"),
        (tg.outer(u, v), {"u": u, "v": v}, r"\left(u v^{\top}\right)"),
        (tg.kron(u, v), {"u": u, "v": v}, r"\left(u \otimes v\right)"),
        (tg.vecdot(u, v), {"u": u, "v": v}, r"\left\langle u, v \right\rangle"),
    ]:  # fmt: skip
        assert printed(result, "latex", **names) == f"y = {text}"


def test_products_print_what_differs_from_the_defaults() -> None:
    a, b = ones(2, 3), ones(2, 3)
    for result, text in [
        (tg.tensordot(a, b), "tensordot(a, b)"),
        (tg.tensordot(a, b, axes=([1], [1])), "tensordot(a, b, axes=((1,), (1,)))"),
        (tg.vecdot(a, b), "vecdot(a, b)"),
        (tg.vecdot(a, b, axis=0), "vecdot(a, b, axis=0)"),
        (tg.kron(a, b), "kron(a, b)"),
    ]:
        assert printed(result, a=a, b=b) == f"y = {text}"


# How einsum plans ------------------------------------------------------------------------------


def test_several_operands_are_multiplied_in_the_cheapest_order() -> None:
    shapes = ((2, 50), (50, 50), (50, 1))
    steps = order_of_products("ij,jk,kl->il", shapes)
    assert [step.places for step in steps] == [(1, 2), (0, 1)]
    other = order_of_products("ij,jk,kl->il", ((1, 50), (50, 50), (50, 2)))
    assert [step.places for step in other] == [(0, 1), (0, 1)]
    result = tg.einsum("ij,jk,kl->il", *(ones(*shape) for shape in shapes))
    assert cards_of(result) == ["einsum_two", "einsum_two"]
    np.testing.assert_array_equal(result.numpy(), np.full((2, 1), 2500.0))


def test_many_operands_are_planned_quickly() -> None:
    letters = "abcdefghijklm"
    subscripts = ",".join(letters[i : i + 2] for i in range(12)) + "->am"
    matrices = [np.full((2, 2), 0.5) for _ in range(12)]
    np.testing.assert_allclose(tg.einsum(subscripts, *matrices).numpy(), np.full((2, 2), 0.5))


def test_subscripts_without_an_arrow_name_what_occurs_once() -> None:
    assert explicit("b a, a c") == "ba,ac->bc"
    assert explicit("...i,j...") == "...i,j...->...ij"
    assert explicit("ii") == "ii->"
    assert explicit("ij -> ji") == "ij->ji"


@pytest.mark.parametrize(
    ("written", "shapes", "product", "swapped"),
    [
        ("abk,km->abm", ((2, 3, 4), (4, 5)), "vecmat", False),
        ("km,abk->abm", ((4, 5), (2, 3, 4)), "vecmat", True),
        ("ak,k->a", ((2, 4), (4,)), "vecmat", True),
        ("k,k->", ((4,), (4,)), "dot", False),
        ("ik,jk->ij", ((2, 4), (3, 4)), "vecmat", False),
        ("bik,bkj->bij", ((2, 3, 4), (2, 4, 5)), "matmul", False),
        ("i,j->ij", ((2,), (3,)), "multiply", False),
    ],
)
def test_products_are_laid_out_without_reshaping_more_than_needed(
    written: str, shapes: Any, product: str, swapped: bool
) -> None:
    terms, output = written.split("->")
    plan = lay_out(*terms.split(","), output, *shapes)
    assert (plan.product, plan.swapped) == (product, swapped)
    assert plan.shape is None
    assert plan.axes is None
    if product in ("vecmat", "dot"):
        assert (plan.first.shape, plan.second.shape) == (None, None)


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.float16, bool])
def test_einsum_keeps_the_dtype_of_its_operands(dtype: Any, backend: str) -> None:
    x = np.ones((2, 3), dtype=dtype)
    for subscripts, operands in (("ij->i", (x,)), ("ij,kj->ik", (x, x)), ("ij,k->k", (x, x[0]))):
        found, expected = tg.einsum(subscripts, *operands), np.einsum(subscripts, *operands)
        assert found.dtype == expected.dtype == dtype
        np.testing.assert_array_equal(found.numpy(), expected)


def test_tensors_of_many_axes_are_multiplied(backend: str) -> None:
    """More axes in all than the alphabet has letters, small and capital."""
    shape = (2, *(1,) * 29)
    x = tg.Tensor(np.array([3.0, 4.0]).reshape(shape), requires_grad=True)
    product = tg.tensordot(x, tg.ones(shape) * 2, axes=0)
    assert product.shape == shape + shape
    assert product.numpy().ravel().tolist() == [6, 6, 8, 8]
    product.sum().backward()
    assert x.grad is not None
    assert x.grad.numpy().ravel().tolist() == [4, 4]


def test_einsum_takes_numbers_lists_and_arrays(backend: str) -> None:
    x = tg.Tensor([1.0, 2.0])
    result = tg.einsum("i,,i->i", x, 2.0, [3.0, np.float32(4.0)])
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result.numpy(), [6, 16])


# dot -------------------------------------------------------------------------------------------


def test_dot_names_the_shapes_that_do_not_fit(backend: str) -> None:
    for first, second in [((2, 3), (2,)), ((2, 2, 3), (2,)), ((2, 3), (5, 2, 4)), ((3,), (2,))]:
        a, b = ones(*first), ones(*second)
        with pytest.raises(tg.ShapeError, match=r"dot: cannot use x1 'a' .* and x2 'b' ") as caught:
            a.dot(b)
        assert f"shape {first}" in str(caught.value)
        assert f"shape {second}" in str(caught.value)


def test_dot_tells_of_no_shapes_but_those_it_was_given(backend: str) -> None:
    for second in ((3,), (6, 3, 4)):
        with pytest.raises(tg.ShapeError) as caught:
            ones(5, 2).dot(ones(*second))
        text = str(caught.value)
        assert ": the axes that are summed have lengths 2 and 3. Axes that" in text
        assert re.findall(r"\(\d.*?\)", text) == [str((5, 2)), str(second)]
