"""Regressions: what they predict is a class, a count, a quantile or a time to an event."""

from __future__ import annotations

import numpy as np

import tensorgrok as tg
from tensorgrok import Tensor
from tests.programs.base import Torch, normal, program

FEATURES = normal(1, 12, 3)
NOISE = normal(2, 12)
TRUTH = np.array([1.0, -0.7, 0.4])
SIDES = (FEATURES @ TRUTH + NOISE > 0).astype(float)
CLASSES = np.random.default_rng(3).integers(0, 4, 12)
COUNTS = np.random.default_rng(4).poisson(np.exp(FEATURES @ TRUTH))
TARGETS = FEATURES @ TRUTH + NOISE
WEIGHTS, BIAS = normal(5, 3, scale=0.4), 0.3

# Logistic regression -----------------------------------------------------------------------------


def logistic(w: Tensor, b: Tensor) -> Tensor:
    scores = tg.dot(FEATURES, w) + b
    loss: Tensor = (tg.softplus(scores) - SIDES * scores).mean() + 0.05 * (w * w).sum()
    return loss


def logistic_torch(torch: Torch, w: Torch, b: Torch) -> Torch:
    scores = torch.from_numpy(FEATURES) @ w + b
    loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, torch.from_numpy(SIDES))
    return loss + 0.05 * w.square().sum()


program("logistic regression", logistic, logistic_torch, WEIGHTS, BIAS)

# Softmax regression ------------------------------------------------------------------------------


def multinomial(w: Tensor, b: Tensor) -> Tensor:
    logs = tg.log_softmax(tg.dot(FEATURES, w) + b, axis=1)
    return -logs[np.arange(12), CLASSES].mean() + 0.02 * (w**2).sum()


def multinomial_torch(torch: Torch, w: Torch, b: Torch) -> Torch:
    scores = torch.from_numpy(FEATURES) @ w + b
    loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(CLASSES))
    return loss + 0.02 * torch.linalg.matrix_norm(w) ** 2


program("softmax regression with weight decay", multinomial, multinomial_torch,
        normal(6, 3, 4), normal(7, 4))  # fmt: skip

# Poisson regression ------------------------------------------------------------------------------


def poisson(w: Tensor, b: Tensor) -> Tensor:
    logs = tg.dot(FEATURES, w) + b
    loss: Tensor = (tg.exp(logs) - COUNTS * logs).mean()
    return loss


def poisson_torch(torch: Torch, w: Torch, b: Torch) -> Torch:
    logs = torch.from_numpy(FEATURES) @ w + b
    return torch.nn.functional.poisson_nll_loss(logs, torch.from_numpy(COUNTS).double())


program("Poisson regression", poisson, poisson_torch, WEIGHTS, BIAS)

# Negative binomial regression --------------------------------------------------------------------


def negative_binomial(w: Tensor, b: Tensor, log_size: Tensor) -> Tensor:
    """``log(gamma(y + r) / gamma(r))`` is the sum of ``log(r + k)`` over the integers k below y."""
    mean, size = tg.exp(tg.dot(FEATURES, w) + b), tg.exp(log_size)
    steps = np.arange(COUNTS.max())
    rising = tg.where(steps < COUNTS[:, None], tg.log(size + steps), 0).sum(axis=1)
    share = mean / (size + mean)
    loss: Tensor = -(rising + size * tg.log1p(-share) + COUNTS * tg.log(share)).mean()
    return loss


def negative_binomial_torch(torch: Torch, w: Torch, b: Torch, log_size: Torch) -> Torch:
    """Row by row: PyTorch's own distribution has a trigamma function right to 6e-10 only."""
    means = torch.exp(torch.from_numpy(FEATURES) @ w + b)
    size, total = log_size.exp(), 0.0
    for mean, count in zip(means, COUNTS.tolist(), strict=True):
        rising = torch.prod(size + torch.arange(count, dtype=torch.float64))
        odds = (mean / size) ** count
        total = total - torch.log(rising * odds / (1 + mean / size) ** (size + count))
    return total / len(COUNTS)


program("negative binomial regression", negative_binomial, negative_binomial_torch,
        WEIGHTS, BIAS, 0.7)  # fmt: skip

# Quantile regression -----------------------------------------------------------------------------


def pinball(w: Tensor, b: Tensor) -> Tensor:
    """Pinball loss at 0.8, the median of the errors, and a penalty on the largest half of them."""
    errors = TARGETS - (tg.dot(FEATURES, w) + b)
    loss = tg.maximum(0.8 * errors, -0.2 * errors).mean()
    return loss + tg.median(errors) ** 2 + (tg.sort(errors)[6:] ** 2).sum()


def pinball_torch(torch: Torch, w: Torch, b: Torch) -> Torch:
    errors = torch.from_numpy(TARGETS) - torch.from_numpy(FEATURES) @ w - b
    loss = torch.where(errors > 0, 0.8 * errors, -0.2 * errors).mean()
    return loss + errors.quantile(0.5) ** 2 + errors.topk(6).values.square().sum()


program("quantile regression", pinball, pinball_torch, normal(4, 3, scale=0.4), BIAS)

# Survival ----------------------------------------------------------------------------------------

EVENTS = np.random.default_rng(8).uniform(size=12) < 0.7  # rows in descending order of time


def cox(w: Tensor) -> Tensor:
    """Partial likelihood of Cox: those still at risk at an event are the rows up to it."""
    hazards = tg.dot(FEATURES, w)
    at_risk = tg.log(tg.cumulative_sum(tg.exp(hazards)))
    return -tg.where(EVENTS, hazards - at_risk, 0).sum()


def cox_torch(torch: Torch, w: Torch) -> Torch:
    hazards = torch.from_numpy(FEATURES) @ w
    parts = hazards - torch.logcumsumexp(hazards, 0)
    return -parts[torch.from_numpy(EVENTS)].sum()


program("Cox partial likelihood", cox, cox_torch, WEIGHTS)

# Fourier features --------------------------------------------------------------------------------


def fourier(frequencies: Tensor, phases: Tensor, w: Tensor) -> Tensor:
    waves: Tensor = tg.cos(NOISE[:, None] * frequencies + phases)
    loss: Tensor = ((waves.dot(w) - TARGETS) ** 2).mean()
    return loss


def fourier_torch(torch: Torch, frequencies: Torch, phases: Torch, w: Torch) -> Torch:
    waves = torch.cos(torch.outer(torch.from_numpy(NOISE), frequencies) + phases)
    return torch.nn.functional.mse_loss(waves.mv(w), torch.from_numpy(TARGETS))


program("Fourier features", fourier, fourier_torch, normal(9, 4), normal(10, 4), normal(11, 4))
