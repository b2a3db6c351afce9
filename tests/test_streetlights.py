"""What the correlation summary says of noisy street lights: signal and noise told apart.

The answer is light 0 xor light 1; eighteen more lights mean nothing, and one label in ten is
flipped, so nobody can explain more than 0.64 of the variance. No linear map finds the answer in the
lights: whatever correlates with it the network made. Left alone it learns 200 rows by heart;
with dropout and weight decay it finds the rule; and of shuffled labels there is nothing to find.

The five seeds of all trainings take less than ten seconds together. Nothing here hangs on the
last bits: weights that are changed by 1e-12 of themselves give the same R² to four digits.
"""

from __future__ import annotations

import functools
import statistics

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok import nn, optim
from tensorgrok.views.correlation import Correlation, correlate

Matrix = npt.NDArray[np.float64]
Rows = tuple[Matrix, Matrix]

SEEDS = range(5)
LIGHTS, HIDDEN, FLIPPED = 20, 64, 0.10
EPOCHS, BATCH, RATE, MOMENTUM = 300, 32, 0.05, 0.9


def street(rows: int, seed: int) -> Rows:
    """Lights and labels, both -1 or 1."""
    random = np.random.RandomState(seed)
    lights = random.randint(0, 2, (rows, LIGHTS))
    walk = lights[:, :1] != lights[:, 1:2]
    walk ^= random.rand(rows, 1) < FLIPPED
    return np.where(lights, 1.0, -1.0), np.where(walk, 1.0, -1.0)


def shuffled(rows: Rows, seed: int) -> Rows:
    return rows[0], np.random.RandomState(seed).permutation(rows[1])


def network(seed: int, dropout: float) -> nn.Sequential:
    generator = tg.Generator(seed)

    def layer(inputs: int, outputs: int) -> nn.Linear:
        return nn.Linear(inputs, outputs, dtype=float, generator=generator)

    def hidden(inputs: int) -> list[nn.Module]:
        return [layer(inputs, HIDDEN), nn.ReLU(), nn.Dropout(dropout, generator=generator)]

    return nn.Sequential(*hidden(LIGHTS), *hidden(HIDDEN), layer(HIDDEN, 1))


def train(rows: Rows, seed: int, dropout: float, decay: float) -> nn.Sequential:
    model = network(seed, dropout)
    weights = [p for p in model.parameters() if p.ndim == 2]
    biases = [p for p in model.parameters() if p.ndim == 1]
    optimizers = [
        optim.SGD(weights, lr=RATE, momentum=MOMENTUM, weight_decay=decay),
        optim.SGD(biases, lr=RATE, momentum=MOMENTUM),
    ]
    random = np.random.RandomState(seed)
    for _ in range(EPOCHS):
        for batch in np.array_split(random.permutation(len(rows[0])), len(rows[0]) // BATCH):
            model.zero_grad()
            prediction = model(tg.Tensor(rows[0][batch]))
            (nn.squared_error(prediction, rows[1][batch]) / len(batch)).backward()
            for optimizer in optimizers:
                optimizer.step()
    return model


@functools.cache
def summaries(training: str) -> list[Correlation]:
    """The summary of each seed, 200 rows to learn from and 2,000 held out."""
    found = []
    for seed in SEEDS:
        learn, held_out = street(200, 2 * seed + 1), street(2000, 2 * seed + 2)
        if training == "shuffled":
            learn, held_out = shuffled(learn, 100 + seed), shuffled(held_out, 200 + seed)
        settings = (0.5, 0.03) if training == "checked" else (0.0, 0.0)
        model = train(learn, seed, *settings) if training != "untrained" else network(seed, 0.0)
        found.append(correlate(model, learn, held_out))
    return found


def median(training: str, layer: int, field: str) -> float:
    """Over the seeds; where a network went out, and its layers are constant, some have none."""
    each = [getattr(found.rows[layer], field) for found in summaries(training)]
    defined: list[float] = [value for value in each if value is not None]
    assert len(defined) >= len(SEEDS) - 1
    return statistics.median(defined)


def test_the_lights_alone_say_nothing_to_a_linear_readout() -> None:
    for training in ("untrained", "unchecked", "checked", "shuffled"):
        assert abs(median(training, 0, "r2_held_out")) < 0.02
        assert abs(median(training, 0, "gap")) < 0.05
        assert all(abs(found.rows[0].gap or 0) < 0.1 for found in summaries(training))


def test_before_training_no_layer_knows_the_answer() -> None:
    for layer in range(4):
        assert abs(median("untrained", layer, "r2_train")) < 0.1
        assert abs(median("untrained", layer, "r2_held_out")) < 0.1


def test_left_alone_the_network_learns_noise_by_heart() -> None:
    assert median("unchecked", 2, "r2_train") > 0.95
    assert median("unchecked", 2, "r2_held_out") < 0.2
    assert median("unchecked", 2, "gap") > 0.7


def test_dropout_and_weight_decay_make_it_find_the_signal() -> None:
    assert median("checked", 2, "r2_held_out") > 0.45
    assert median("checked", 2, "gap") < median("unchecked", 2, "gap") / 2
    assert median("checked", 2, "cka_held_out") > median("unchecked", 2, "cka_held_out") + 0.2


def test_of_shuffled_labels_there_is_only_noise() -> None:
    assert median("shuffled", 2, "r2_train") > 0.95
    assert median("shuffled", 2, "r2_held_out") < 0.05
    assert abs(median("shuffled", 3, "cka_held_out")) < 0.02


def test_what_was_learned_by_heart_leaves_nothing_to_ask_for() -> None:
    """The demand is a vanishing part of the target, and what could be said of it means nothing."""
    for found in summaries("unchecked"):
        for row in found.rows[1:]:
            assert row.rms is not None
            assert row.rms < 0.01
        assert [row.agreement for row in found.rows] == [None] * 4
        assert [row.left_train for row in found.rows] == [None] * 4


def test_untrained_every_weight_can_still_take_a_step_that_helps() -> None:
    for layer in range(3):
        assert median("untrained", layer, "agreement") > 0.6


@pytest.mark.parametrize("training", ["unchecked", "checked"])
def test_the_picture_shows_signal_within_what_training_rows_know(training: str) -> None:
    for found in summaries(training):
        assert list(found.bars) == [0, 1, 2, 3]
        assert found.bars[2] == (found.rows[2].r2_held_out, found.rows[2].r2_train)
        assert found.architecture == "20 → 64 → 64 → 1"
        assert found.parameters == 21 * 64 + 65 * 64 + 65


if __name__ == "__main__":
    for training in ("untrained", "unchecked", "checked", "shuffled"):
        print(training, summaries(training)[0], sep="\n")
        for layer in range(4):
            for field in ("r2_train", "r2_held_out", "gap"):
                each = [f"{getattr(s.rows[layer], field):5.2f}" for s in summaries(training)]
                print(f"l{layer} {field:12} median {median(training, layer, field):5.2f} of", *each)
