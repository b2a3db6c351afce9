"""The idea behind cards, proven: other readers than the engine get sense out of the same rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tensorgrok.engine import primitives
from tensorgrok.graph import Leaf, order
from tensorgrok.notation import LEVELS
from tensorgrok.registry import get_backend
from tests.cases import CASES, Case
from tests.readers.recorder import Recorder
from tests.readers.strict import StrictBackend
from tests.readers.symbols import Reader

# The streetlight network -------------------------------------------------------------------------


class Streetlights:
    """The tensors of the book's network, one example."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self.layer_0 = Tensor([[1.0, 0.0, 1.0]])
        self.weights_0_1 = Tensor(2 * random.random((3, 4)) - 1, dtype="f4", requires_grad=True)
        self.weights_1_2 = Tensor(2 * random.random((4, 1)) - 1, dtype="f4", requires_grad=True)
        self.walk_vs_stop = Tensor([[1.0]])
        self.product = self.layer_0.dot(self.weights_0_1)
        self.layer_1 = tg.relu(self.product)
        self.layer_2 = self.layer_1.dot(self.weights_1_2)
        self.loss = nn.squared_error(self.layer_2, self.walk_vs_stop)

    def names(self, python: bool, hidden: bool = True) -> dict[Tensor, str]:
        texts = [
            (self.layer_0, "layer_0", "l_{0}"),
            (self.weights_0_1, "weights_0_1", "W_{0}"),
            (self.layer_1, "layer_1", "l_{1}"),
            (self.weights_1_2, "weights_1_2", "W_{1}"),
            (self.layer_2, "layer_2", "l_{2}"),
            (self.walk_vs_stop, "walk_vs_stop", "y"),
            (self.loss, "loss", "L"),
        ]
        return {
            tensor: code if python else algebra
            for tensor, code, algebra in texts
            if hidden or tensor is not self.layer_1
        }

    def deltas(self, python: bool) -> dict[Tensor, str]:
        texts = [
            (self.layer_2, "layer_2_delta", r"\delta_{2}"),
            (self.product, "layer_1_delta", r"\delta_{1}"),
            (self.weights_1_2, "weight_delta_1_2", r"\nabla W_{1}"),
            (self.weights_0_1, "weight_delta_0_1", r"\nabla W_{0}"),
        ]
        return {tensor: code if python else algebra for tensor, code, algebra in texts}


def test_symbols_print_the_books_line() -> None:
    net = Streetlights()
    python = Reader(net.layer_2, net.names(True, hidden=False), "python")
    assert python.forward == ["layer_2 = relu(layer_0.dot(weights_0_1)).dot(weights_1_2)"]
    latex = Reader(net.layer_2, net.names(False, hidden=False), "latex")
    assert latex.forward == [r"l_{2} = \operatorname{relu}\left(l_{0} W_{0}\right) W_{1}"]


def test_symbols_print_the_forward_pass_layer_by_layer() -> None:
    net = Streetlights()
    assert Reader(net.loss, net.names(True), "python").forward == [
        "layer_1 = relu(layer_0.dot(weights_0_1))",
        "layer_2 = layer_1.dot(weights_1_2)",
        "loss = squared_error(layer_2, walk_vs_stop)",
    ]
    assert Reader(net.loss, net.names(False), "latex").forward == [
        r"l_{1} = \operatorname{relu}\left(l_{0} W_{0}\right)",
        r"l_{2} = l_{1} W_{1}",
        r"L = \tfrac{1}{2}\left\lVert l_{2} - y \right\rVert^{2}",
    ]


def test_symbols_print_the_backward_statements() -> None:
    net = Streetlights()
    assert Reader(net.loss, net.names(True), "python").backward(net.deltas(True)) == [
        "layer_2_delta = layer_2 - walk_vs_stop",
        "weight_delta_1_2 = layer_1.T.dot(layer_2_delta)",
        "layer_1_delta = layer_2_delta.dot(weights_1_2.T) * (layer_1 > 0)",
        "weight_delta_0_1 = layer_0.T.dot(layer_1_delta)",
    ]
    assert Reader(net.loss, net.names(False), "latex").backward(net.deltas(False)) == [
        r"\delta_{2} = l_{2} - y",
        r"\nabla W_{1} = l_{1}^{\top} \delta_{2}",
        r"\delta_{1} = \delta_{2} W_{1}^{\top} \odot \left[l_{1} > 0\right]",
        r"\nabla W_{0} = l_{0}^{\top} \delta_{1}",
    ]


def test_the_printed_statements_compute_what_backward_computes() -> None:
    net = Streetlights()
    lines = Reader(net.loss, net.names(True), "python").backward(net.deltas(True))
    values: dict[str, Any] = {name: t.numpy() for t, name in net.names(True).items()}
    exec("\n".join(lines), values)
    net.loss.backward()
    for weights, name in (
        (net.weights_0_1, "weight_delta_0_1"),
        (net.weights_1_2, "weight_delta_1_2"),
    ):
        assert weights.grad is not None
        np.testing.assert_array_equal(weights.grad.numpy(), values[name])


def test_symbols_read_a_softmax_network_with_dropout() -> None:
    classifier = Classifier(0)
    x, labels = batch(0)
    loss = classifier.loss(x, labels)
    first, second = classifier.layers
    assert first.bias is not None
    assert second.bias is not None
    names = {x: "x", labels: "labels", loss: "loss", first.weight: "W", first.bias: "b"}
    names |= {second.weight: "V", second.bias: "c", classifier.mask: "mask"}
    reader = Reader(loss, names, "python")
    assert reader.forward == [
        "loss = cross_entropy((where(mask, relu(x.dot(W) + b), 0) * 1.25).dot(V) + c, labels)"
    ]
    deltas = {first.weight: "dW", first.bias: "db", second.weight: "dV", second.bias: "dc"}
    texts = dict(line.split(" = ", 1) for line in reader.backward(deltas))
    loss.backward()
    assert set(texts) == {"dW", "db", "dV", "dc"}
    share = "1 / 6"  # of each row in the mean
    logits = "(where(mask, relu(x.dot(W) + b), 0) * 1.25).dot(V) + c"
    assert texts["dc"] == f"({share} * (softmax({logits}) - one_hot(labels, 3))).sum(axis=0)"
    assert "* mask" in texts["dW"]


# A softmax cross-entropy network with dropout, closed over by its step ---------------------------


class Classifier:
    """Parameters, a generator for the masks and an optimizer, closed over by ``step``."""

    def __init__(self, seed: int) -> None:
        tg.seed(seed)
        self.layers = (nn.Linear(5, 8), nn.Linear(8, 3))
        self.generator = tg.Generator(seed)
        self.dropout = nn.Dropout(0.2, generator=self.generator)
        parameters = [p for layer in self.layers for p in layer.parameters()]
        self.optimizer = optim.SGD(parameters, lr=0.1)
        self.mask: Tensor

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        hidden = tg.relu(self.layers[0](x))
        kept = self.generator.uniform(hidden.shape) >= 0.2
        self.mask = kept
        logits = self.layers[1](tg.where(kept, hidden, 0) * 1.25)
        return nn.cross_entropy(logits, labels)

    def step(self, x: Tensor, labels: Tensor) -> Tensor:
        hidden = self.dropout(tg.relu(self.layers[0](x)))
        loss = nn.cross_entropy(self.layers[1](hidden), labels)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss

    def parameters(self) -> list[np.ndarray[Any, Any]]:
        return [p.numpy() for p in self.optimizer.parameters]


def batch(seed: int, rows: int = 6) -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(seed)
    x = Tensor(random.standard_normal((rows, 5)), dtype="f4")
    return x, Tensor(random.integers(0, 3, rows))


def test_a_recorded_step_replays_on_new_batches_as_eager_computes() -> None:
    eager, recorded = Classifier(3), Classifier(3)
    program = Recorder(recorded.step, batch(0))
    for before, after in zip(eager.parameters(), recorded.parameters(), strict=True):
        np.testing.assert_array_equal(before, after)  # recording a step is not taking it
    for turn in range(1, 6):
        x, labels = batch(turn)
        eager.optimizer.lr = recorded.optimizer.lr = 0.1 / turn  # a schedule reaches both
        expected = eager.step(x, labels)
        found = program(x, labels)
        np.testing.assert_array_equal(np.asarray(found), expected.numpy())
        for one, two in zip(eager.parameters(), recorded.parameters(), strict=True):
            np.testing.assert_array_equal(two, one)
    assert repr(eager.generator) == repr(recorded.generator)  # the masks moved on alike


def test_replaying_does_not_use_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier(3)
    program = Recorder(classifier.step, batch(0))

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("a replay went through the engine")

    monkeypatch.setattr("tensorgrok.engine.apply", forbidden)
    monkeypatch.setattr("tensorgrok.autodiff.backpropagate", forbidden)
    program(*batch(1))


def test_a_recorded_streetlight_step_replays() -> None:
    def network() -> tuple[Any, list[Tensor]]:
        random = np.random.default_rng(1)
        weights = [
            Tensor(2 * random.random(shape) - 1, requires_grad=True) for shape in ((3, 4), (4, 1))
        ]
        optimizer = optim.SGD(weights, lr=0.2)

        def step(layer_0: Tensor, walk_vs_stop: Tensor) -> Tensor:
            optimizer.zero_grad()
            layer_2 = tg.relu(layer_0.dot(weights[0])).dot(weights[1])
            loss = nn.squared_error(layer_2, walk_vs_stop)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

        return step, weights

    lights = np.array([[1.0, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 1]])
    walk = np.array([[1.0], [1], [0], [0]])
    eager, eager_weights = network()
    recorded, recorded_weights = network()
    program = Recorder(recorded, [Tensor(lights[:1]), Tensor(walk[:1])])
    for row in (0, 1, 2, 3, 0, 1):
        example = Tensor(lights[row : row + 1]), Tensor(walk[row : row + 1])
        np.testing.assert_array_equal(np.asarray(program(*example)), eager(*example).numpy())
    for one, two in zip(eager_weights, recorded_weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_a_traced_value_has_no_number() -> None:
    def step(x: Tensor) -> Tensor:
        return x if float(x.sum()) > 0 else -x

    with pytest.raises(tg.GraphError, match=r"a traced value has no number to read yet.*where"):
        Recorder(step, [Tensor([1.0])])


def test_a_traced_step_takes_over_no_stale_array() -> None:
    w = Tensor([1.0], requires_grad=True)

    def reads(x: Tensor) -> Tensor:
        return tg.multiply(x, w.data)

    with pytest.raises(tg.GraphError, match=r"data: 'w' has no array inside a traced step.*assign"):
        Recorder(reads, [Tensor([1.0])])

    def accumulates(x: Tensor) -> Tensor:
        loss = (x * w).sum()
        loss.backward()
        return loss

    w.grad = Tensor([1.0])
    with pytest.raises(tg.GraphError, match="starts without gradients"):
        Recorder(accumulates, [Tensor([1.0])])
    assert w.grad.tolist() == [1.0]
    w.grad = None
    Recorder(accumulates, [Tensor([1.0])])
    assert w.grad is None


def test_casts_and_assigned_arrays_are_traced() -> None:
    w = Tensor([1.0, 2.0])

    def step(x: Tensor) -> Tensor:
        w.assign(w + Tensor(x, dtype=np.float32))
        table = w * 1.0
        table[0] = np.array(5.0, dtype=np.float32)
        return table.sum()

    program = Recorder(step, [Tensor([1, 1])])
    assert float(program(Tensor([2, 3]))) == 10.0
    assert float(program(Tensor([2, 3]))) == 13.0
    assert w.tolist() == [5.0, 8.0]
    assert w.dtype == np.float32


def test_an_array_assigned_in_a_traced_step_is_a_constant_of_the_program() -> None:
    w, rate = Tensor([1.0, 2.0], requires_grad=True), Tensor(0.5)
    optimizer = optim.SGD([w], lr=1.0)

    def step(x: Tensor) -> Tensor:
        rate.assign(np.array(0.25))
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        with tg.no_grad():
            w.assign(w * rate)
        return loss

    program = Recorder(step, [Tensor([4.0, 4.0])])
    assert rate.item() == 0.5
    assert float(program(Tensor([1.0, 2.0]))) == 5.0
    assert rate.item() == 0.25
    assert w.tolist() == [0.0, 0.0]


# Notation ----------------------------------------------------------------------------------------


class Word:
    """An operand that prints as its name, whatever binds around it."""

    ndim = 2

    def __init__(self, name: str) -> None:
        self.name = name

    def __format__(self, level: str) -> str:
        assert level in ("", "truth", *LEVELS["python"], *LEVELS["latex"])
        return self.name


def notations(case: Case) -> dict[str, tuple[str, str]]:
    """Python and LaTeX of every card in the graph of a case, by name."""
    found = {}
    inputs = [Tensor(a, requires_grad=a.dtype.kind in "fc") for a in case.inputs]
    result = case.function(*inputs)
    for end in result if isinstance(result, tuple) else [result]:
        for node in order([end.node] if end.requires_grad else []):
            if isinstance(node, Leaf):
                continue
            card = node.primitive
            words = node.plan.group(tuple(Word(f"v{i}") for i in range(len(node.inputs))))
            fields = dict(zip(card.arguments, words, strict=True)) | node.parameters
            texts = []
            for notation in (card.python, card.latex):
                template = notation if isinstance(notation, str) else notation(**fields)
                texts.append(template.format(**fields))
            found[card.name] = (texts[0], texts[1])
    return found


def test_every_recorded_card_prints_in_python_and_latex() -> None:
    printed: dict[str, tuple[str, str]] = {}
    for case in CASES:
        printed |= notations(case)
    assert {name for name, card in primitives.items() if card.pullbacks} <= set(printed)
    for name, (python, latex) in printed.items():
        assert "v0" in python, name
        assert "object at" not in python + latex, name
        compile(python, name, "eval")
        assert latex.count("{") == latex.count("}"), f"{name}: {latex}"


@pytest.mark.parametrize(
    ("function", "python", "latex"),
    [
        (lambda x: x[1, ..., None], "v0[1, ..., None]", "v0_{1, ..., None}"),
        (lambda x: x[::-1, :1], "v0[::-1, :1]", "v0_{::-1, :1}"),
        (lambda x: x[[1, 0]], "v0[v1]", "v0_{v1}"),
        (lambda x: tg.concat([x, x]), "concat([v0, v1])", r"\left[ v0 \; v1 \right]"),
        (
            lambda x: tg.scatter_add(x, [1, 0], 1.0),
            "scatter_add(v0, s_[v1], v2)",
            r"\operatorname{add}_{v1}\left(v0, v2\right)",
        ),
        (
            lambda x: tg.scatter_set(x, (0, slice(1, None)), 1.0),
            "scatter_set(v0, s_[0, 1:], v1)",
            r"\operatorname{set}_{0, 1:}\left(v0, v1\right)",
        ),
        (lambda x: x.sum(), "v0.sum()", r"\sum v0"),
        (lambda x: x.mean(1), "v0.mean(axis=1)", r"\operatorname{mean}_{1} v0"),
        (lambda x: x.max(0, keepdims=True), "v0.max(axis=0, keepdims=True)", r"\max_{0 \to 1} v0"),
    ],
)
def test_indices_and_axes_are_printed(function: Any, python: str, latex: str) -> None:
    case = Case("one", function, (np.ones((2, 3)),), function)
    assert list(notations(case).values()) == [(python, latex)]


def test_a_training_step_on_the_strict_backend_reads_nothing_back() -> None:
    strict = get_backend("strict")
    assert isinstance(strict, StrictBackend)
    with tg.use_backend("strict"):
        classifier = Classifier(3)
        x, labels = batch(0)
        before = strict.read_backs
        losses = [classifier.step(x, labels) for _ in range(3)]
        assert strict.read_backs == before
        values = [float(loss) for loss in losses]
    assert strict.read_backs == before + 3
    eager = Classifier(3)
    x, labels = batch(0)
    np.testing.assert_allclose(values, [float(eager.step(x, labels)) for _ in range(3)], rtol=1e-5)


def test_the_strict_backend_refuses_what_a_device_would() -> None:
    with tg.use_backend("strict"):
        data = Tensor([1.0, 2.0]).data
    host = np.ones(2)
    for use in (
        lambda: data + host,
        lambda: host + data,
        lambda: np.exp(data),
        lambda: np.asarray(data),
        lambda: float(data[0]),
        lambda: bool(data[0] > 0),
        lambda: data[host > 0],
        lambda: len(data),
        lambda: data + np.float32(1),
    ):
        with pytest.raises(TypeError):
            use()
    with pytest.raises(AttributeError, match="vocabulary"):
        get_backend("strict").xp.cumsum(data)
    with pytest.raises(AttributeError):
        data.sum()
