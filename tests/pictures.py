"""The pictures of the README: ``python -m tests.pictures`` makes them anew.

A test compares them with what would be made now; so they are small nets, whose numbers do not hang
on how a processor rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

import tensorgrok as tg
from tensorgrok import Tensor, nn, optim
from tensorgrok.views.view import View
from tests.viewed import attention

FOLDER = Path(__file__).with_name("svg")


def streetlights() -> View:
    """The book's network after 10 sweeps over four street lights, looking at the first."""
    random = np.random.RandomState(1)
    weights_0_1 = Tensor(2 * random.random_sample((3, 4)) - 1, requires_grad=True)
    weights_1_2 = Tensor(2 * random.random_sample((4, 1)) - 1, requires_grad=True)
    lights = np.array([[1.0, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 1]])
    answers = np.array([[1.0], [1], [0], [0]])
    optimizer = optim.SGD([weights_0_1, weights_1_2], lr=0.2)
    for _ in range(10):
        for row in range(4):
            output = tg.relu(Tensor(lights[row : row + 1]).dot(weights_0_1)).dot(weights_1_2)
            optimizer.zero_grad()
            nn.squared_error(output, Tensor(answers[row : row + 1])).backward()
            optimizer.step()
    layer_0, walk_vs_stop = Tensor(lights[:1]), Tensor(answers[:1])
    layer_1 = tg.relu(layer_0.dot(weights_0_1))
    layer_2 = layer_1.dot(weights_1_2)
    loss = nn.squared_error(layer_2, walk_vs_stop)
    loss.backward(retain_graph=True)
    return tg.view(loss, names=locals())


def self_attention() -> View:
    """One head of self-attention over four tokens."""
    net = attention()
    root = net.names["O"]
    gradient = np.random.default_rng(2).standard_normal(root.shape)
    return tg.view(root, names=net.names, gradient=gradient)


PICTURES: dict[str, Callable[[], View]] = {
    "streetlights.svg": streetlights,
    "attention.svg": self_attention,
}


def main() -> None:
    """Write all pictures."""
    for name, make in PICTURES.items():
        print(make().save(FOLDER / name))


if __name__ == "__main__":
    main()
