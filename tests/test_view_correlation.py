"""Views with the correlations of a network: of this network, and of no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import Tensor, nn

X = Tensor(np.random.default_rng(1).standard_normal((40, 3)), dtype="f4")
Y = X[:, :1] - X[:, 1:2]


def network(hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, hidden), nn.Tanh(), nn.Linear(hidden, 1))


def test_outputs_and_losses_have_bars() -> None:
    model = network(4)
    summary = tg.correlate(model, (X, Y))
    for root in (model(X), nn.mse(model(X), Y)):
        assert len(tg.view(root, correlation=summary).bars) == 3


def test_a_network_of_other_widths_is_another_one() -> None:
    model = network(4)
    summary = tg.correlate(network(5), (X, Y))
    expected = (
        r"view: the correlation is of a network of 3 layers \(3 → 5 → 1\), but this graph has 3 "
        r"\(3 → 4 → 1\); give the correlation of the model that computed it"
    )
    with pytest.raises(tg.ArgumentError, match=expected):
        tg.view(model(X), correlation=summary)


def test_losses_that_are_no_loss_function_have_no_output() -> None:
    model = network(4)
    summary = tg.correlate(model, (X, Y))
    loss = ((model(X) - Y) ** 2).sum()
    with pytest.raises(tg.ArgumentError, match=r"view the model's output itself or a loss of it s"):
        tg.view(loss, correlation=summary)


@pytest.mark.parametrize("correlation", [3, "summary", {}])
def test_no_correlation(correlation: Any) -> None:
    with pytest.raises(tg.ArgumentError, match="view: correlation must be what correlate found of"):
        tg.view(network(4)(X), correlation=correlation)


def test_a_comparison_is_of_several() -> None:
    model = network(4)
    compared = tg.correlate({"one": model, "two": network(4)}, (X, Y))
    expected = r"view: correlation compares several models; .* a name out of 'one', 'two'"
    with pytest.raises(tg.ArgumentError, match=expected):
        tg.view(model(X), correlation=compared)  # type: ignore[arg-type]
    assert tg.view(model(X), correlation=compared["one"]).bars
