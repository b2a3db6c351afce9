"""Linear algebra by hand, mixtures, transport, and functions to minimise."""

from __future__ import annotations

import itertools
import math

import numpy as np

import tensorgrok as tg
from tensorgrok import Tensor
from tests.programs.base import Torch, normal, program

# A Gaussian process ------------------------------------------------------------------------------

PLACES, HEIGHTS = np.sort(normal(1, 6)), normal(2, 6)


def gaussian_process(log_length: Tensor, log_height: Tensor, log_noise: Tensor) -> Tensor:
    """Marginal likelihood, with Cholesky's factorisation written out."""
    gaps = (PLACES[:, None] - PLACES) / tg.exp(log_length)
    matrix = tg.exp(2 * log_height - gaps**2 / 2) + tg.exp(2 * log_noise) * np.eye(6)
    factor: list[list[Tensor]] = []
    solved: list[Tensor] = []
    total: Tensor | float = 3 * math.log(2 * math.pi)
    for i in range(6):
        row: list[Tensor] = []
        for j in range(i):
            inner = matrix[i, j]
            for a, b in zip(row, factor[j], strict=False):
                inner = inner - a * b
            row.append(inner / factor[j][j])
        left = matrix[i, i]
        rest = tg.full((), float(HEIGHTS[i]), dtype=np.float64)
        for a, b in zip(row, solved, strict=True):
            left, rest = left - a * a, rest - a * b
        row.append(tg.sqrt(left))
        factor.append(row)
        solved.append(rest / row[i])
        total = total + tg.log(row[i]) + solved[i] ** 2 / 2
    assert isinstance(total, Tensor)
    return total


def gaussian_process_torch(torch: Torch, length: Torch, height: Torch, noise: Torch) -> Torch:
    places, heights = torch.from_numpy(PLACES), torch.from_numpy(HEIGHTS)
    gaps = torch.cdist(places[:, None], places[:, None]) / length.exp()
    matrix = (2 * height).exp() * torch.exp(-gaps.square() / 2)
    matrix = matrix + (2 * noise).exp() * torch.eye(6, dtype=torch.float64)
    found = torch.distributions.MultivariateNormal(torch.zeros(6).double(), matrix)
    return -found.log_prob(heights)


program("Gaussian process", gaussian_process, gaussian_process_torch, -0.2, 0.1, -1.0)

# A mixture ---------------------------------------------------------------------------------------

CLOUD = normal(3, 10, 2)


def mixture(logits: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
    scaled = (CLOUD[:, None] - means) / tg.exp(log_scales)
    logs = -(scaled**2 / 2 + log_scales + math.log(2 * math.pi) / 2).sum(axis=2)
    return -tg.logsumexp(logs + tg.log_softmax(logits), axis=1).mean()


def mixture_torch(torch: Torch, logits: Torch, means: Torch, log_scales: Torch) -> Torch:
    parts = torch.distributions.Independent(torch.distributions.Normal(means, log_scales.exp()), 1)
    which = torch.distributions.Categorical(logits=logits)
    family = torch.distributions.MixtureSameFamily(which, parts)
    return -family.log_prob(torch.from_numpy(CLOUD)).mean()


program("mixture of Gaussians", mixture, mixture_torch,
        normal(4, 3), normal(5, 3, 2), normal(6, 3, 2, scale=0.3))  # fmt: skip

# Principal components ----------------------------------------------------------------------------


def components(data: Tensor, start: Tensor) -> Tensor:
    """What the first component does not explain, found by two steps of power iteration."""
    centred = data - data.mean(axis=0)
    axis = start
    for _ in range(2):
        axis = tg.vecmat(centred @ axis, centred)
        axis = axis / tg.sqrt(axis @ axis)
    return ((centred - (centred @ axis)[:, None] * axis) ** 2).sum()


def components_torch(torch: Torch, data: Torch, start: Torch) -> Torch:
    centred = data - data.mean(0)
    spread = centred.T @ centred
    axis = torch.nn.functional.normalize(torch.linalg.matrix_power(spread, 2) @ start, dim=0)
    return spread.trace() - axis @ spread @ axis


program("principal component", components, components_torch, normal(7, 8, 4), normal(8, 4))

# Transport ---------------------------------------------------------------------------------------


def transport(one: Tensor, two: Tensor) -> Tensor:
    """Smooth cost of moving one cloud onto another: 15 rounds of Sinkhorn's in logarithms."""
    costs = ((one[:, None] - two) ** 2).sum(axis=2)
    logs = -costs / 0.7
    left = tg.zeros(4, dtype=np.float64)
    for _ in range(15):
        right = -math.log(5) - tg.logsumexp(logs + left[:, None], axis=0)
        left = -math.log(4) - tg.logsumexp(logs + right, axis=1)
    return (tg.exp(logs + left[:, None] + right) * costs).sum()


def transport_torch(torch: Torch, one: Torch, two: Torch) -> Torch:
    """The same by factors."""
    costs = (one[:, None] - two).square().sum(2)
    kernel = (-costs / 0.7).exp()
    left = torch.ones(4, dtype=torch.float64)
    for _ in range(15):
        right = 0.2 / (kernel.T @ left)
        left = 0.25 / (kernel @ right)
    return torch.einsum("i,ij,j,ij->", left, kernel, right, costs)


program("optimal transport", transport, transport_torch, normal(9, 4, 2), normal(10, 5, 2))

# A network of tensors ----------------------------------------------------------------------------


def tensors(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    ring = tg.einsum("iab,jbc,kca->ijk", a, b, c)
    return tg.einsum("ijk,il,ljk->", ring, d, ring) + tg.einsum("iab,jbc,kca,ij->", a, b, c, d)


def tensors_torch(torch: Torch, a: Torch, b: Torch, c: Torch, d: Torch) -> Torch:
    pair = torch.tensordot(a, b, dims=([2], [1]))  # i, a, j, c
    ring = torch.tensordot(pair, c, dims=([1, 3], [2, 1]))
    turned = torch.tensordot(d, ring, dims=([1], [0]))
    return (ring * turned).sum() + (ring.sum(2) * d).sum()


CORES = (normal(11, 2, 3, 2), normal(12, 2, 2, 4), normal(13, 3, 4, 3), normal(14, 2, 2))
program("network of tensors", tensors, tensors_torch, *CORES)

# Functions to minimise ---------------------------------------------------------------------------


def rosenbrock(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_torch(torch: Torch, x: Torch) -> Torch:
    total = torch.zeros((), dtype=torch.float64)
    for here, after in itertools.pairwise(x):
        total = total + 100 * (after - here.square()).square() + (1 - here).square()
    return total


program("valley of Rosenbrock", rosenbrock, rosenbrock_torch, normal(15, 6))


def himmelblau(x: Tensor, y: Tensor) -> Tensor:
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


def himmelblau_torch(torch: Torch, x: Torch, y: Torch) -> Torch:
    return torch.stack([x.square() + y - 11, x + y.square() - 7]).square().sum()


program("function of Himmelblau", himmelblau, himmelblau_torch, 1.3, -2.1)

# A curve -----------------------------------------------------------------------------------------


def bezier(points: Tensor) -> Tensor:
    """Length of a cubic Bezier curve: its speed is a quadratic Bezier curve of the differences."""
    t = tg.linspace(0, 1, 33, dtype=np.float64)[:, None]
    one, two, three = tg.unstack(3 * tg.diff(points, axis=0))
    velocity = (1 - t) ** 2 * one + 2 * t * (1 - t) * two + t**2 * three
    speed = tg.sqrt((velocity**2).sum(axis=1))
    return (speed.sum() - (speed[0] + speed[-1]) / 2) / 32


def bezier_torch(torch: Torch, points: Torch) -> Torch:
    t = torch.linspace(0, 1, 33, dtype=torch.float64)
    bernstein = torch.stack([(1 - t) ** 2, 2 * t * (1 - t), t**2], dim=1)
    speed = torch.linalg.vector_norm(bernstein @ (3 * points.diff(dim=0)), dim=1)
    return torch.trapezoid(speed, t)


program("length of a curve", bezier, bezier_torch, [[0.0, 0.0], [1.0, 2.0], [3.0, 2.5], [4.0, 0.5]])
