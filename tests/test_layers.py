"""Activations as modules, embeddings, and layers that only change the shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import nn
from tensorgrok.graph import Node

T = tg.Tensor

# Activations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "function", "text"),
    [
        (nn.ReLU(), tg.relu, "ReLU()"),
        (nn.LeakyReLU(), tg.leaky_relu, "LeakyReLU(0.01)"),
        (nn.LeakyReLU(0.25), lambda x: tg.leaky_relu(x, 0.25), "LeakyReLU(0.25)"),
        (nn.ELU(), tg.elu, "ELU(1.0)"),
        (nn.ELU(0.5), lambda x: tg.elu(x, 0.5), "ELU(0.5)"),
        (nn.Hardtanh(), tg.hardtanh, "Hardtanh(-1.0, 1.0)"),
        (nn.Hardtanh(0, 2), lambda x: tg.hardtanh(x, 0, 2), "Hardtanh(0, 2)"),
        (nn.Tanh(), tg.tanh, "Tanh()"),
        (nn.Sigmoid(), tg.sigmoid, "Sigmoid()"),
        (nn.LogSigmoid(), tg.logsigmoid, "LogSigmoid()"),
        (nn.Softplus(), tg.softplus, "Softplus()"),
        (nn.SiLU(), tg.silu, "SiLU()"),
        (nn.Mish(), tg.mish, "Mish()"),
        (nn.GELU(), tg.gelu, "GELU()"),
        (
            nn.GELU(approximate=True),
            lambda x: tg.gelu(x, approximate=True),
            "GELU(approximate=True)",
        ),
        (nn.Softmax(), tg.softmax, "Softmax()"),
        (nn.Softmax(0), lambda x: tg.softmax(x, 0), "Softmax(0)"),
        (nn.LogSoftmax(), tg.log_softmax, "LogSoftmax()"),
        (nn.LogSoftmax(axis=0), lambda x: tg.log_softmax(x, 0), "LogSoftmax(0)"),
    ],
    ids=repr,
)
def test_an_activation_module_applies_its_function(
    layer: Any, function: Any, text: str, backend: str
) -> None:
    x = T([[-2.0, 0.0, 0.5], [3.0, -0.1, 1.0]])
    result = layer(x)
    assert result.backend.name == backend
    np.testing.assert_array_equal(result.numpy(), function(x).numpy())
    assert repr(layer) == text
    assert layer.parameters() == []


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.ELU(-1), tg.ArgumentError, "ELU: alpha must be at least 0, got -1"),
        (lambda: nn.ELU("1"), tg.DTypeError, "ELU: alpha must be a number, got '1'"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: nn.LeakyReLU(2), tg.ArgumentError, "LeakyReLU: slope must be from 0 to 1"),
        (lambda: nn.Hardtanh(1, 0), tg.ArgumentError, "Hardtanh: min must be less than max"),
        (lambda: nn.GELU(approximate="tanh"), tg.DTypeError, "GELU: approximate is True or False"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: nn.Softmax(True), tg.DTypeError, "Softmax: axis must be an integer, got True"),
        (lambda: nn.LogSoftmax(None), tg.DTypeError, "LogSoftmax: axis must be an integer"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: nn.Flatten(1.0), tg.DTypeError, r"Flatten: start must be an integer, got 1\.0"),  # type: ignore[arg-type]  # wrong on purpose
    ],
)
def test_settings_are_checked_when_a_module_is_made(
    make: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        make()


# Embedding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [3, [3, 1, 3], [[0, 1], [2, 4]], np.zeros((2, 0), np.int64)])
def test_embedding_reads_rows(rows: Any, backend: str) -> None:
    layer = nn.Embedding(5, 3)
    result = layer(rows)
    assert (result.shape, result.backend.name) == ((*np.shape(rows), 3), backend)
    np.testing.assert_array_equal(result.numpy(), layer.weight.numpy()[np.asarray(rows)])
    result.sum().backward()
    assert layer.weight.grad is not None
    counts = np.bincount(np.ravel(rows), minlength=5)
    np.testing.assert_array_equal(layer.weight.grad.numpy(), np.tile(counts[:, None], (1, 3)))


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint8, np.uint64])
def test_embedding_takes_integers_of_any_kind(dtype: Any) -> None:
    layer = nn.Embedding(5, 3)
    rows = np.array([4, 0], dtype)
    np.testing.assert_array_equal(layer(T(rows)).numpy(), layer.weight.numpy()[[4, 0]])


def test_embedding_does_not_copy_the_index_tensor() -> None:
    layer = nn.Embedding(5, 3)
    rows = T([1, 2])
    node = layer(rows).node
    assert isinstance(node, Node)
    kept: Any = node.saved
    ((saved,),) = kept  # one sequence argument, of one array
    assert saved is rows.data


def test_embedding_begins_with_normal_draws() -> None:
    weight = nn.Embedding(300, 40, generator=tg.Generator(2)).weight
    assert weight.dtype == np.float32
    assert weight.requires_grad
    drawn = tg.Generator(2).normal((300, 40))
    np.testing.assert_array_equal(weight.numpy(), drawn.numpy())
    small = nn.Embedding(300, 40, dtype=np.float64, init=nn.init.xavier_normal)
    assert small.weight.dtype == np.float64
    assert abs(small.weight.numpy().std() - (2 / 340) ** 0.5) < 0.003


def test_embedding_refuses_what_is_not_the_number_of_a_row() -> None:
    layer = nn.Embedding(5, 3)
    for tokens in (T([1.0]), np.array([True]), [[0.5]]):
        with pytest.raises(tg.DTypeError, match=r"Embedding: x .*must be integers, the numbers of"):
            layer(tokens)
    tokens = T([0, 5])
    with pytest.raises(
        tg.IndexingError,
        match=r"Embedding: x 'tokens' \(int64, shape \(2,\)\) goes from 0 to 5, but there are 5 "
        "rows, numbered from 0",
    ):
        layer(tokens)
    with pytest.raises(tg.IndexingError, match="goes from -1 to 2"):
        layer([-1, 2])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((0, 3), tg.ArgumentError, "Embedding: count must be at least 1, got 0"),
        ((3, -1), tg.ArgumentError, "Embedding: size must be at least 1, got -1"),
        ((2.0, 3), tg.DTypeError, r"Embedding: count must be an integer, got 2\.0"),
        ((2, True), tg.DTypeError, "Embedding: size must be an integer, got True"),
    ],
)
def test_embedding_refuses_bad_sizes(arguments: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        nn.Embedding(*arguments)
    with pytest.raises(tg.DTypeError, match="Embedding: generator must be a Generator, not 3"):
        nn.Embedding(2, 3, generator=3)  # type: ignore[arg-type]  # wrong on purpose


def test_no_rows_are_integers_too(backend: str) -> None:
    layer = nn.Embedding(5, 3)
    nothing: list[Any] = [[], [[], []], ()]
    for rows, shape in zip(nothing, [(0, 3), (2, 0, 3), (0, 3)], strict=True):
        assert layer(rows).shape == shape
    with pytest.raises(tg.DTypeError, match=r"Embedding: x .*must be integers"):
        layer(np.zeros(0))


@pytest.mark.parametrize(
    "layer",
    [nn.Linear(2, 2), nn.Embedding(2, 2), nn.Dropout(), nn.Flatten(), nn.Identity()],
    ids=lambda layer: type(layer).__name__,
)
def test_what_is_no_array_is_refused_in_the_name_of_the_layer(layer: Any) -> None:
    name = type(layer).__name__
    with pytest.raises(tg.DTypeError, match=f"{name}: argument x: expected .* got a NoneType"):
        layer(None)
    with pytest.raises(tg.ShapeError, match=f"{name}: argument x: nested lists must be of equal"):
        layer([[1.0], 2.0])


# Shapes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "shape", "wanted"),
    [
        (1, (5, 2, 3), (5, 6)),
        (1, (5, 4), (5, 4)),
        (0, (5, 2, 3), (30,)),
        (2, (5, 2, 3), (5, 2, 3)),
        (-2, (5, 2, 3), (5, 6)),
        (1, (0, 2, 3), (0, 6)),
        (1, (5, 0, 3), (5, 0)),
        (np.int64(1), (5, 2, 3), (5, 6)),
    ],
)
def test_flatten_joins_axes(
    start: int, shape: tuple[int, ...], wanted: tuple[int, ...], backend: str
) -> None:
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    result = nn.Flatten(start)(T(x))
    np.testing.assert_array_equal(result.numpy(), x.reshape(wanted))


def test_flatten_refuses_axes_that_are_not_there() -> None:
    batch = tg.zeros(5)
    with pytest.raises(
        tg.ShapeError, match=r"Flatten: x 'batch' \(.*shape \(5,\)\) has no axis 1 to start from"
    ):
        nn.Flatten()(batch)
    with pytest.raises(tg.ShapeError, match=r"shape \(\)\) has no axis 0"):
        nn.Flatten(0)(2.0)
    assert (repr(nn.Flatten()), repr(nn.Flatten(2))) == ("Flatten()", "Flatten(2)")


def test_identity_returns_what_it_gets() -> None:
    x = T([1.0, 2.0], requires_grad=True)
    assert nn.Identity()(x) is x
    assert nn.Identity()([1.0]).tolist() == [1.0]
    assert repr(nn.Identity()) == "Identity()"
