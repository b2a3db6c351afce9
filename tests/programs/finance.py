"""Prices of options, whose derivatives are what traders call Greeks."""

from __future__ import annotations

import numpy as np

import tensorgrok as tg
from tensorgrok import Tensor
from tests.programs.base import Torch, normal, program

STRIKES = np.array([80.0, 95.0, 100.0, 110.0, 130.0])


def calls(spot: Tensor, rate: Tensor, volatility: Tensor, years: Tensor) -> Tensor:
    """Formula of Black and Scholes for calls at five strikes."""
    spread = volatility * tg.sqrt(years)
    upper = (tg.log(spot / STRIKES) + (rate + volatility**2 / 2) * years) / spread
    shares, exercised = ((1 + tg.erf(d / 2**0.5)) / 2 for d in (upper, upper - spread))
    return (spot * shares - STRIKES * tg.exp(-rate * years) * exercised).sum()


def calls_torch(torch: Torch, spot: Torch, rate: Torch, volatility: Torch, years: Torch) -> Torch:
    strikes = torch.from_numpy(STRIKES) * torch.exp(-rate * years)
    spread = volatility * years.sqrt()
    middle = torch.log(spot / strikes) / spread
    cumulative = torch.distributions.Normal(0.0, 1.0).cdf
    return (
        spot * cumulative(middle + spread / 2) - strikes * cumulative(middle - spread / 2)
    ).sum()


program("options by Black and Scholes", calls, calls_torch, 103.0, 0.03, 0.25, 0.8)

RETURNS = normal(1, 20, scale=0.1)


def volatile(log_base: Tensor, shock: Tensor, memory: Tensor) -> Tensor:
    """Likelihood of returns whose variance follows the last shock and itself (GARCH(1, 1))."""
    base, shock, memory = tg.exp(log_base), tg.sigmoid(shock), tg.sigmoid(memory)
    variance, total = base * 1.0, tg.zeros((), dtype=np.float64)
    for value in RETURNS.tolist():
        total = total + tg.log(variance) + value**2 / variance
        variance = base + shock * (1 - memory) * value**2 + memory * variance
    return total / 2


def volatile_torch(torch: Torch, log_base: Torch, shock: Torch, memory: Torch) -> Torch:
    """The recursion unrolled: weights of past shocks fall geometrically."""
    base, shock, memory = log_base.exp(), shock.sigmoid(), memory.sigmoid()
    squares = torch.from_numpy(RETURNS**2)
    n = len(squares)
    powers = memory ** torch.arange(n + 1, dtype=torch.float64)
    variances = []
    for i in range(n):
        past = (powers[:i].flip(0) * squares[:i]).sum()
        variances.append(base * powers[: i + 1].sum() + shock * (1 - memory) * past)
    variance = torch.stack(variances)
    return (variance.log() + squares / variance).sum() / 2


program("volatility that remembers", volatile, volatile_torch, -4.5, -0.3, 1.1)
