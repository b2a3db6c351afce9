"""The correlation summary: its numbers, the rows and columns it shows, what it leaves alone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim, relu
from tensorgrok.views import observation, statistics
from tensorgrok.views.correlation import Comparison, LayerCorrelation, correlate

Matrix = npt.NDArray[np.float64]
Rows = tuple[Matrix, Matrix]


def draws(seed: int, *shape: int) -> Matrix:
    return np.random.RandomState(seed).standard_normal(shape)


def rows(seed: int, count: int, width: int = 5, outputs: int = 2) -> Rows:
    """Examples whose target depends on products of their numbers."""
    x = draws(seed, count, width)
    return x, np.stack([x[:, i] * x[:, i + 1] + x[:, 0] for i in range(outputs)], axis=1)


def parameter(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(draws(seed, *shape), requires_grad=True)


def network(hidden: int = 8, outputs: int = 2) -> nn.Sequential:
    generator = tg.Generator(3)
    return nn.Sequential(
        nn.Linear(5, hidden, dtype=float, generator=generator),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(hidden, outputs, dtype=float, generator=generator),
    )


# The numbers -------------------------------------------------------------------------------------


def by_hand(model: nn.Sequential, given: Rows) -> dict[str, Matrix]:
    """Layers, demands and gradients of ``network`` in plain NumPy, of half the squared error."""
    w0, b0, w1, b1 = (p.numpy() for p in model.parameters())
    x, y = given
    hidden = np.maximum(x @ w0 + b0, 0)
    out = hidden @ w1 + b1
    delta_2 = out - y
    delta_1 = delta_2 @ w1.T * (hidden > 0)
    layers = {"l0": x, "l1": hidden, "l2": out, "y": y}
    gradients = {"g0": x.T @ delta_1, "g1": hidden.T @ delta_2}
    return layers | {"d1": delta_1, "d2": delta_2} | gradients


def expected(train: dict[str, Matrix], held: dict[str, Matrix], i: int) -> dict[str, Any]:
    """The row of layer i of three."""
    layer, after = f"l{i}", f"d{i + 1}"
    r2 = statistics.readout(train[layer], train["y"], (held[layer], held["y"]))
    undefined = ["rms", "rank", "open", "left_train", "left_held_out", "agreement"]
    row: dict[str, Any] = dict.fromkeys(undefined) | {
        "node": i,
        "layer": "l" + "₀₁₂"[i],
        "name": f"layer_{i}",
        "width": train[layer].shape[1],
        "r2_train": r2[0],
        "r2_held_out": r2[1],
        "gap": r2[0] - r2[1],  # type: ignore[operator]  # neither is None
        "cka_train": statistics.debiased_cka(train[layer], train["y"]),
        "cka_held_out": statistics.debiased_cka(held[layer], held["y"]),
        "r": statistics.best_correlation(train[layer], train["y"]),
        "cka": statistics.biased_cka(train[layer], train["y"]),
    }
    if i > 0:
        delta = train[f"d{i}"]
        row["rms"] = np.sqrt((delta**2).sum(axis=1).mean())
        values = np.linalg.eigvalsh(delta.T @ delta)
        row["rank"] = values.sum() ** 2 / (values**2).sum()
    if i == 1:
        row["open"] = (train[layer] > 0).mean()
    if i < 2:
        left = statistics.readout(train[layer], train[after], (held[layer], held[after]))
        row["left_train"], row["left_held_out"] = left
        a, b = train[f"g{i}"].ravel(), held[f"g{i}"].ravel()
        row["agreement"] = a @ b / np.sqrt((a @ a) * (b @ b))
    return row


def same(found: LayerCorrelation, wanted: dict[str, Any], rel: float = 1e-9) -> None:
    for field, value in found._asdict().items():
        if isinstance(wanted[field], float):
            assert value == pytest.approx(wanted[field], rel=rel, abs=rel), field
        else:
            assert value == wanted[field], field


def test_every_number_is_that_of_layers_and_demands_by_hand(backend: str) -> None:
    model, train, held_out = network(), rows(1, 60), rows(2, 40)
    found = correlate(model, train, held_out)
    at_hand = by_hand(model, train), by_hand(model, held_out)
    assert len(found.rows) == 3
    for i, row in enumerate(found.rows):
        same(row, expected(*at_hand, i))
    assert found.architecture == "5 → 8 → 2"
    assert found.parameters == model.parameter_count() == 66
    assert (found.train_rows, found.held_out_rows) == (60, 40)
    assert found.bars == {row.node: (row.r2_held_out, row.r2_train) for row in found.rows}
    tensors = [Tensor(part, backend=backend) for part in (*train, *held_out)]
    assert correlate(model, (tensors[0], tensors[1]), (tensors[2], tensors[3])) == found


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, train, held_out = network(), rows(1, 60), rows(2, 40)
    whole = correlate(model, train, held_out)
    monkeypatch.setattr(observation, "BATCH", 17)
    sizes = []

    def watched(x: Tensor) -> Tensor:
        sizes.append(x.shape[0])
        result: Tensor = model.eval()(x)
        return result

    for row, wanted in zip(correlate(watched, train, held_out).rows, whole.rows, strict=True):
        same(row, wanted._asdict())
    assert sizes == 2 * [17, 17, 17, 9] + 2 * [17, 17, 6]
    # A loss that is no sum over rows: its derivative is taken of all rows at once.
    batched = correlate(model.eval(), train, loss=root_of_mean)
    monkeypatch.undo()
    assert batched.rows[1].rms == pytest.approx(
        correlate(model, train, loss=root_of_mean).rows[1].rms
    )


def root_of_mean(prediction: Tensor, target: Tensor) -> Tensor:
    return 1e3 * nn.mse(prediction, target) ** 0.5


def test_labels_are_columns_and_the_loss_is_the_cross_entropy(backend: str) -> None:
    model = network(outputs=3)
    x, labels = draws(1, 50, 5), np.random.RandomState(2).randint(0, 3, 50)
    found = correlate(model, (x, labels))
    hand = by_hand(model, (x, np.eye(3)[labels]))
    shares = np.exp(hand["l2"]) / np.exp(hand["l2"]).sum(axis=1, keepdims=True)
    delta = shares - hand["y"]
    assert found.rows[2].rms == pytest.approx(np.sqrt((delta**2).sum() / 50))
    assert found.rows[2].r2_train == pytest.approx(statistics.readout(hand["l2"], hand["y"])[0])
    assert found.rows[1].left_train == pytest.approx(statistics.readout(hand["l1"], delta)[0])
    as_columns = correlate(model, (x, np.eye(3)[labels]))
    assert as_columns.rows[2].r2_train == found.rows[2].r2_train
    assert as_columns.rows[2].rms != found.rows[2].rms  # numbers: the squared error
    tensors = (Tensor(x), Tensor(labels.astype(np.int32)))
    assert correlate(model, tensors) == found


def test_numbers_may_lack_axes_of_length_one() -> None:
    model = network(outputs=1).eval()
    x, y = rows(1, 30, outputs=1)
    wanted = correlate(model, (x, y))
    assert correlate(model, (x, y[:, 0])) == wanted
    assert correlate(model, (x, y[:, None])) == wanted
    assert correlate(lambda x: model(x).reshape(-1), (x, y)).rows[0] == wanted.rows[0]
    whole = (x, (y[:, 0] > 0).astype(np.int64))  # integers, but there is one output: no labels
    assert correlate(model, whole).rows == correlate(model, (x, whole[1] * 1.0)).rows


def test_another_loss() -> None:
    model, train = network(), rows(1, 40)
    found = correlate(model, train, loss=lambda a, b: nn.l1(a, b, reduction="sum"))
    hand = by_hand(model, train)
    assert found.rows[2].rms == pytest.approx(np.sqrt(2))  # each demand is -1 or 1
    signs = np.sign(hand["d2"])
    assert found.rows[1].left_train == pytest.approx(statistics.readout(hand["l1"], signs)[0])
    tenth = correlate(model, train, loss=lambda a, b: nn.squared_error(a, b) / 10)
    assert tenth.rows[1].rms == pytest.approx(correlate(model, train).rows[1].rms / 10)  # type: ignore[operator]  # not None


def test_a_loss_may_take_a_target_of_another_shape() -> None:
    """Such as the two lengths that the output stands for, given as one number."""

    def apart(prediction: Tensor, target: Tensor) -> Tensor:
        return nn.squared_error(prediction.sum(1), target)

    model, (x, y) = network(), rows(1, 40)
    found = correlate(model, (x, y.sum(axis=1)), loss=apart)
    hand = by_hand(model, (x, y))
    delta = np.tile(hand["d2"].sum(axis=1, keepdims=True), 2)
    assert found.rows[2].rms == pytest.approx(np.sqrt((delta**2).sum() / 40))
    known = statistics.readout(hand["l1"], y.sum(axis=1, keepdims=True))[0]
    assert found.rows[1].r2_train == pytest.approx(known)
    assert correlate(model, (x.tolist(), y.tolist())).rows[0].width == 5


def test_single_precision() -> None:
    """Arrays are cast to the dtype of the parameters, and statistics are of double precision."""
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))
    double = nn.Sequential(nn.Linear(5, 8, dtype=float), nn.Tanh(), nn.Linear(8, 2, dtype=float))
    double.load_state_dict(model.state_dict())
    train, held_out = rows(1, 60), rows(2, 40)
    pairs = zip(
        correlate(model, train, held_out).rows, correlate(double, train, held_out).rows, strict=True
    )
    for found, wanted in pairs:
        same(found, wanted._asdict(), rel=1e-3)


# The seed ----------------------------------------------------------------------------------------

STREETLIGHTS = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 1]])
WALK_VS_STOP = np.array([[1, 1, 0, 0]]).T


class Streetlights(nn.Module):
    """The network of "Grokking Deep Learning", chapter 6, with the book's first weights."""

    def __init__(self) -> None:
        random = np.random.RandomState(1)
        self.weights_0_1 = Tensor(2 * random.random((3, 4)) - 1, requires_grad=True)
        self.weights_1_2 = Tensor(2 * random.random((4, 1)) - 1, requires_grad=True)

    def forward(self, x: Any) -> Tensor:
        return relu(x.dot(self.weights_0_1)).dot(self.weights_1_2)

    def sweep(self, times: int) -> None:
        optimizer = optim.SGD(self.parameters(), lr=0.2)
        for i in list(range(4)) * times:
            self.zero_grad()
            x = Tensor(STREETLIGHTS[i : i + 1], dtype=float)
            nn.squared_error(self(x), WALK_VS_STOP[i : i + 1]).backward()
            optimizer.step()


def test_streetlights_of_four_rows(backend: str) -> None:
    model = Streetlights()
    train = STREETLIGHTS.astype(float), WALK_VS_STOP
    untrained = correlate(model, train)
    model.sweep(60)
    found = correlate(model, train)
    assert [f"{row.r:.2f}" for row in untrained.rows] == ["0.00", "0.51", "0.36"]
    assert [f"{row.cka:.2f}" for row in untrained.rows] == ["0.00", "0.34", "0.13"]
    assert [f"{row.r:.2f}" for row in found.rows] == ["0.00", "0.58", "1.00"]
    assert [f"{row.cka:.2f}" for row in found.rows] == ["0.00", "0.45", "1.00"]
    assert str(found) == (
        "3 → 4 → 1   16 parameters\n"
        "4 rows to learn from, train only: without held-out rows signal and noise look the same\n"
        "\n"
        "               with y\n"
        "layer  width   best |r|   CKA\n"
        "   l₀      3       0.00  0.00\n"
        "   l₁      4       0.58  0.45\n"
        "   l₂      1       1.00  1.00\n"
        "\n"
        "of fewer than 10 rows a readout fits anything; CKA is that of these rows"
    )
    assert found.bars == {}


# Limits ------------------------------------------------------------------------------------------


def test_few_rows_and_wide_layers_have_no_r2() -> None:
    model, (x, y) = network(hidden=12), rows(1, 60)
    held_out = rows(2, 30)
    for count, defined in ((9, []), (10, [0, 2]), (13, [0, 2]), (14, [0, 1, 2])):
        found = correlate(model, (x[:count], y[:count]), held_out)
        assert [row.node for row in found.rows if row.r2_train is not None] == defined
        assert list(found.bars) == defined
        for row in found.rows:
            readable = row.node in defined
            assert (row.r2_held_out is not None) == (row.gap is not None) == readable
            assert (row.left_train is not None) == (readable and row.node < 2)
            assert row.r is not None
            assert row.cka is not None
    ten = correlate(model, (x[:10], y[:10]), held_out)
    assert "best |r|" in str(ten)
    assert str(ten).endswith(
        "\n\nno R² of a layer that has as many units as there are rows to learn from"
    )
    assert "best |r|" not in str(correlate(model, (x, y), held_out))


def test_train_only_has_no_signal_and_no_columns_for_it() -> None:
    found = correlate(network(), rows(1, 60))
    for row in found.rows:
        assert row.r2_train is not None
        held_out = (row.r2_held_out, row.gap, row.cka_held_out, row.left_held_out, row.agreement)
        assert held_out == (None,) * 5
    assert found.held_out_rows is None
    assert found.bars == {row.node: (None, row.r2_train) for row in found.rows}
    lines = str(found).splitlines()
    assert lines[1].startswith("60 rows to learn from, train only: without held-out rows")
    headings = ["layer", "width", "train", "train", "rms", "δ", "rank", "open", "train"]
    assert lines[4].split() == headings


def test_a_network_that_went_out() -> None:
    """All its hidden units are shut on all rows: they are constant, and let no demand through."""
    model = network()
    with tg.no_grad():
        model.layers[0].bias.assign(np.full(8, -1e3))
    first, hidden, output = correlate(model, rows(1, 60), rows(2, 40)).rows
    assert (hidden.open, hidden.rms, hidden.rank) == (0.0, 0.0, None)
    assert (hidden.cka_train, hidden.r, hidden.cka, output.cka_train) == (None, None, None, None)
    assert hidden.r2_train == output.r2_train
    assert -0.2 < (hidden.r2_train or 0) < 0  # it knows the mean, and out-of-fold not even that
    assert (first.left_train, first.agreement) == (None, None)
    assert hidden.agreement is None  # the gradient of a weight after a layer of zeros is zero
    assert hidden.left_train is not None
    assert "nan" not in str(correlate(model, rows(1, 60), rows(2, 40)))


def test_what_is_left_to_learn_is_undefined_below_a_hundredth_of_the_spread() -> None:
    weight = parameter(3, 1)
    x = draws(1, 30, 3)
    y = x @ weight.numpy()
    spread = y.std()
    for share, defined in ((0.011, True), (0.009, False)):
        noise = np.where(np.arange(30) % 2, share * spread, -share * spread)[:, None]
        (row, output) = correlate(lambda x: x @ weight, (x, y + noise), (x, y + noise)).rows
        assert output.rms == pytest.approx(share * spread)
        assert (row.left_train is not None) == (row.agreement is not None) == defined


def test_a_target_that_does_not_vary() -> None:
    x, _ = rows(1, 40)
    found = correlate(network(), (x, np.full((40, 2), 0.1)), rows(2, 30))
    for row in found.rows:
        assert (row.r2_train, row.r2_held_out, row.cka_train, row.r) == (None, None, None, None)
        assert row.cka_held_out is not None


# Several models ----------------------------------------------------------------------------------


def test_several_models_stand_in_one_table() -> None:
    models = {"wide": network(), "plain": nn.Linear(5, 2, dtype=float)}
    train, held_out = rows(1, 60), rows(2, 40)
    found = correlate(models, train, held_out)
    assert isinstance(found, Comparison)
    assert list(found) == ["wide", "plain"]
    assert found["wide"] == correlate(models["wide"], train, held_out)
    lines = str(found).splitlines()
    assert lines[0] == "60 rows to learn from, 40 held out"
    assert lines[4] == "wide: 5 → 8 → 2   66 parameters"
    assert lines[8] == "plain: 5 → 2   12 parameters"
    assert len(lines) == 11
    alone = str(found["wide"]).splitlines()
    assert alone[:2] == ["5 → 8 → 2   66 parameters", lines[0]]
    assert alone[5].split() == lines[5].split()
    columns = [[m.start() for m in re.finditer(r"\S+(?=\s|$)", line)] for line in lines[5:8]]
    assert all(len(c) == len(columns[0]) for c in columns)
    listed = correlate([models["wide"], models["plain"]], train)
    assert list(listed) == ["model 0", "model 1"]
    assert str(listed["model 1"].architecture) == "5 → 2"


def test_the_table_is_narrow_and_aligned() -> None:
    found = correlate(network(), rows(1, 60), rows(2, 40))
    title, counts, blank, _, *table = str(found).splitlines()
    assert (title, counts, blank) == (
        "5 → 8 → 2   66 parameters",
        "60 rows to learn from, 40 held out",
        "",
    )
    assert {len(line) for line in table} == {len(table[0])}
    assert len(table[0]) < 100
    cells = table[2].split()  # the hidden layer, on which every number is defined
    hidden = found.rows[1]
    shown = [hidden.r2_train, hidden.r2_held_out, hidden.gap, hidden.cka_train, hidden.cka_held_out]
    shown += [hidden.rms, hidden.rank, hidden.open]
    shown += [hidden.left_train, hidden.left_held_out, hidden.agreement]
    assert cells[:2] == ["l₁", "8"]
    assert [float(cell) for cell in cells[2:]] == [pytest.approx(v, abs=0.00501) for v in shown]
    assert table[3].split()[-4:] == ["\N{EN DASH}"] * 4
