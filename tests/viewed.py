"""Networks to be viewed, and random graphs: what the tests of views go over."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import tensorgrok as tg
from tensorgrok import Tensor, nn

Array = npt.NDArray[Any]


class Viewed(NamedTuple):
    """A recorded result.

    Attributes:
        root: its end.
        names: variables that values are known by.
        parameters: those whose gradients are wanted, by name.
        again: computes the root from arrays for the parameters, with nothing else changed.
    """

    root: Tensor
    names: dict[str, Any]
    parameters: dict[str, Tensor]
    again: Callable[[dict[str, Array]], Tensor]


def viewed(
    compute: Callable[..., dict[str, Tensor]], parameters: dict[str, Array], **data: Any
) -> Viewed:
    """Run a network that returns its values by name, the root last."""
    tensors = {name: Tensor(array, requires_grad=True) for name, array in parameters.items()}
    values = compute(**tensors, **data)

    def again(arrays: dict[str, Array]) -> Tensor:
        given = {name: Tensor(array, requires_grad=True) for name, array in arrays.items()}
        return [*compute(**given, **data).values()][-1]

    named = {name: value for name, value in data.items() if isinstance(value, Tensor)}
    return Viewed([*values.values()][-1], {**tensors, **named, **values}, tensors, again)


def normal(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def seed_network() -> Viewed:
    """The book's streetlights: 3 to 4 to 1."""

    def compute(
        layer_0: Tensor, weights_0_1: Tensor, weights_1_2: Tensor, walk_vs_stop: Tensor
    ) -> dict[str, Tensor]:
        layer_1 = tg.relu(layer_0.dot(weights_0_1))
        layer_2 = layer_1.dot(weights_1_2)
        loss = nn.squared_error(layer_2, walk_vs_stop)
        return {"layer_1": layer_1, "layer_2": layer_2, "loss": loss}

    random = np.random.RandomState(1)
    weights = {
        "weights_0_1": 2 * random.random_sample((3, 4)) - 1,
        "weights_1_2": 2 * random.random_sample((4, 1)) - 1,
    }
    layer_0 = Tensor(np.array([[1.0, 0.0, 1.0]]))
    return viewed(compute, weights, layer_0=layer_0, walk_vs_stop=Tensor(np.array([[1.0]])))


def digits() -> Viewed:
    """784 to 100 to 10, with dropout and softmax cross-entropy, three images."""

    def compute(
        weights_0_1: Tensor,
        biases_0_1: Tensor,
        weights_1_2: Tensor,
        biases_1_2: Tensor,
        layer_0: Tensor,
        mask_1: Tensor,
        labels: Tensor,
    ) -> dict[str, Tensor]:
        hidden = tg.relu(layer_0.dot(weights_0_1) + biases_0_1)
        layer_1 = tg.where(mask_1, hidden, 0) * 2
        layer_2 = layer_1.dot(weights_1_2) + biases_1_2
        loss = nn.cross_entropy(layer_2, labels)
        return {"hidden": hidden, "layer_1": layer_1, "layer_2": layer_2, "loss": loss}

    weights = {
        "weights_0_1": normal(1, 784, 100) * 0.05,
        "biases_0_1": normal(2, 100) * 0.1,
        "weights_1_2": normal(3, 100, 10) * 0.1,
        "biases_1_2": normal(4, 10) * 0.1,
    }
    return viewed(
        compute,
        weights,
        layer_0=Tensor(np.maximum(normal(5, 3, 784), 0)),
        mask_1=Tensor(normal(6, 3, 100) > 0),
        labels=Tensor(np.array([7, 0, 3])),
    )


def residual() -> Viewed:
    """A block whose input is added to what it computes."""

    def compute(layer_0: Tensor, weights_0_1: Tensor, weights_1_2: Tensor) -> dict[str, Tensor]:
        layer_1 = tg.relu(layer_0 @ weights_0_1)
        layer_2 = layer_1 @ weights_1_2 + layer_0
        return {"layer_1": layer_1, "layer_2": layer_2, "loss": (layer_2**2).sum()}

    weights = {"weights_0_1": normal(1, 6, 8) * 0.5, "weights_1_2": normal(2, 8, 6) * 0.5}
    return viewed(compute, {**weights, "layer_0": normal(3, 1, 6)})


def attention() -> Viewed:
    """One head of self-attention over four tokens."""

    def compute(X: Tensor, W_Q: Tensor, W_K: Tensor, W_V: Tensor) -> dict[str, Tensor]:  # noqa: N803  # as in the literature
        queries, keys, values = X @ W_Q, X @ W_K, X @ W_V
        scores = queries @ keys.T / 3**0.5
        weights = tg.softmax(scores)
        output = weights @ values
        found = {"Q": queries, "K": keys, "V": values, "S": scores, "A": weights, "O": output}
        return {**found, "loss": (output * output).mean()}

    matrices = {f"W_{letter}": normal(ord(letter), 6, 3) * 0.6 for letter in "QKV"}
    return viewed(compute, matrices, X=Tensor(normal(1, 4, 6)))


def lstm() -> Viewed:
    """Two steps of an LSTM written by hand."""

    def compute(
        W: Tensor,  # noqa: N803  # as in the literature
        U: Tensor,  # noqa: N803
        b: Tensor,
        x_1: Tensor,
        x_2: Tensor,
        h_0: Tensor,
        c_0: Tensor,
    ) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        h, c = h_0, c_0
        for step, x in (("1", x_1), ("2", x_2)):
            gates = x @ W + h @ U + b
            i, f = tg.sigmoid(gates[:, :4]), tg.sigmoid(gates[:, 4:8])
            o, g = tg.sigmoid(gates[:, 8:12]), tg.tanh(gates[:, 12:])
            c = f * c + i * g
            h = o * tg.tanh(c)
            found |= {f"gates_{step}": gates, f"i_{step}": i, f"f_{step}": f, f"o_{step}": o}
            found |= {f"g_{step}": g, f"c_{step}": c, f"h_{step}": h}
        return {**found, "loss": (h * h).sum()}

    weights = {"W": normal(1, 3, 16) * 0.5, "U": normal(2, 4, 16) * 0.5, "b": normal(3, 16) * 0.1}
    data = {"x_1": normal(4, 2, 3), "x_2": normal(5, 2, 3)}
    data |= {"h_0": normal(6, 2, 4), "c_0": normal(7, 2, 4)}
    return viewed(compute, weights, **{name: Tensor(array) for name, array in data.items()})


NETWORKS = {
    function.__name__: function for function in (seed_network, digits, residual, attention, lstm)
}


class Mlp(nn.Module):
    """Two layers: what a block does to each token."""

    def __init__(self, width: int) -> None:
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(tg.gelu(self.up(x)))


class Attention(nn.Module):
    """One head."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.q, self.k, self.v = (nn.Linear(width, width, bias=False) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return tg.softmax(self.q(x) @ self.k(x).T / self.width**0.5) @ self.v(x)


class Block(nn.Module):
    """A block of a transformer."""

    def __init__(self, width: int) -> None:
        self.attention, self.mlp = Attention(width), Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x)
        result: Tensor = x + self.mlp(x)
        return result


class Transformer(nn.Module):
    """Tokens to logits through so many blocks."""

    def __init__(self, blocks: int, width: int = 8, tokens: int = 20) -> None:
        self.embedding = nn.Embedding(tokens, width)
        self.blocks = [Block(width) for _ in range(blocks)]
        self.head = nn.Linear(width, tokens)

    def forward(self, x: Tensor) -> Tensor:
        h = self.embedding(x)
        for block in self.blocks:
            h = block(h)
        return self.head(h)


# Random graphs ---------------------------------------------------------------------------------

UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": tg.relu,
    "tanh": tg.tanh,
    "sigmoid": tg.sigmoid,
    "square": tg.square,
    "negative": lambda x: -x,
    "transpose": lambda x: x.T,
    "halve": lambda x: x / 2,
    "scale": lambda x: 1.5 * x,
    "shift": lambda x: x - 0.25,
    "cube": lambda x: x**3 / 8,
    "softmax": lambda x: tg.softmax(x),
    "norm": lambda x: x / (1 + abs(x)),
    "rows": lambda x: x - x.sum(axis=1, keepdims=True) / 4,
    "columns": lambda x: x + x.sum(axis=0) / 8,
    "gate": lambda x: tg.where(x > 0, x, 0),
    "mean": lambda x: x - x.mean(),
}
BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (2 + b * b),
    "maximum": tg.maximum,
}


def random_graph(seed: int) -> tuple[Tensor, dict[str, Tensor], list[Tensor]]:
    """A number computed by a dozen operations on small matrices, names for some, and all values."""
    draw = random.Random(seed)
    pool: list[Tensor] = []
    for place in range(draw.randint(2, 4)):
        shape = (draw.randint(1, 4), draw.randint(1, 4))
        leaf = Tensor(
            normal(1000 * seed + place, *shape), requires_grad=place == 0 or draw.random() < 0.7
        )
        pool.append(leaf)
    for _ in range(draw.randint(3, 14)):
        pool.append(_grown(draw, pool))
    ends = [value for value in pool if value.requires_grad][-2:]
    loss = (ends[0] * ends[0]).sum() + (ends[-1] * ends[-1]).mean()
    names = {f"n{i}": value for i, value in enumerate(pool) if draw.random() < 0.4}
    return loss, {**names, "loss": loss}, pool


def _grown(draw: random.Random, pool: list[Tensor]) -> Tensor:
    """One more value of those there are; none of them grows large."""
    one = draw.choice(pool)
    kind = draw.random()
    if kind < 0.45:
        found = UNARY[draw.choice([*UNARY])](one)
    elif kind < 0.75:
        fitting = [value for value in pool if value.shape == one.shape]
        found = BINARY[draw.choice([*BINARY])](one, draw.choice(fitting))
    else:
        fitting = [value for value in pool if value.shape[0] == one.shape[1]]
        if not fitting:
            return tg.tanh(one)
        other = draw.choice(fitting)
        found = one.dot(other) if draw.random() < 0.5 else one @ other
    return tg.tanh(found) if abs(found).max().item() > 50 else found
