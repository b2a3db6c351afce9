"""Physics: motion step by step, energies, mean fields, heat and rotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tensorgrok as tg
from tensorgrok import Tensor
from tests.programs.base import Torch, normal, program

# Motion ------------------------------------------------------------------------------------------


def runge_kutta(slope: Callable[[Any], Any], state: Any, step: float, turns: int) -> Any:
    """The classical fourth-order method; states of either library."""
    for _ in range(turns):
        k1 = slope(state)
        k2 = slope(state + step / 2 * k1)
        k3 = slope(state + step / 2 * k2)
        k4 = slope(state + step * k3)
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


def pendulum(start: Tensor, pull: Tensor, drag: Tensor) -> Tensor:
    def slope(state: Tensor) -> Tensor:
        return tg.stack([state[1], -pull * tg.sin(state[0]) - drag * state[1]])

    angle, speed = tg.unstack(runge_kutta(slope, start, 0.1, 20))
    return tg.cos(angle) + speed**2


def pendulum_torch(torch: Torch, start: Torch, pull: Torch, drag: Torch) -> Torch:
    def slope(state: Torch) -> Torch:
        return torch.stack([state[1], -pull * state[0].sin() - drag * state[1]])

    final = runge_kutta(slope, start, 0.1, 20)
    return final[0].cos() + final[1].square()


program("pendulum", pendulum, pendulum_torch, [1.2, -0.4], 2.5, 0.3)


def predators(start: Tensor, rates: Tensor) -> Tensor:
    """Equations of Lotka and Volterra: each kind grows or shrinks with the other's number."""

    def slope(state: Tensor) -> Tensor:
        return state * (rates[:2] + rates[2:] * tg.flip(state))

    return tg.log(runge_kutta(slope, start, 0.05, 20)).sum() ** 2


def predators_torch(torch: Torch, start: Torch, rates: Torch) -> Torch:
    def slope(state: Torch) -> Torch:
        hares, foxes = state
        a, b, c, d = rates
        return torch.stack([a * hares + c * hares * foxes, b * foxes + d * hares * foxes])

    return runge_kutta(slope, start, 0.05, 20).prod().log() ** 2


program("predators and prey", predators, predators_torch, [1.5, 0.8], [1.1, -0.4, -0.6, 0.3])

# Energies ----------------------------------------------------------------------------------------

ENDS = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]])


def springs(places: Tensor, log_stiffness: Tensor, rest: Tensor) -> Tensor:
    gaps = places[ENDS[:, 0]] - places[ENDS[:, 1]]
    stretch = tg.sqrt((gaps**2).sum(axis=1)) - rest
    return (tg.exp(log_stiffness) * stretch**2).sum() / 2 + 0.5 * places[:, 1].sum()


def springs_torch(torch: Torch, places: Torch, log_stiffness: Torch, rest: Torch) -> Torch:
    total = 0.5 * places[:, 1].sum()
    for (i, j), log_k, length in zip(ENDS.tolist(), log_stiffness, rest, strict=True):
        total = total + log_k.exp() * (torch.dist(places[i], places[j]) - length) ** 2 / 2
    return total


program("springs and masses", springs, springs_torch,
        normal(1, 4, 2), normal(2, 5, scale=0.3), [1.0, 0.8, 1.1, 0.9, 1.4])  # fmt: skip


def planets(places: Tensor, speeds: Tensor, log_masses: Tensor) -> Tensor:
    masses = tg.exp(log_masses)
    gaps = places[:, None] - places
    near = 1 / tg.sqrt((gaps**2).sum(axis=-1) + 0.1)
    pairs = tg.triu(masses[:, None] * masses * near, k=1)
    return (masses * (speeds**2).sum(axis=1)).sum() / 2 - pairs.sum()


def planets_torch(torch: Torch, places: Torch, speeds: Torch, log_masses: Torch) -> Torch:
    one, two = torch.combinations(torch.arange(4)).T
    gaps = (places[one] - places[two]).square().sum(1) + 0.1
    logs = log_masses[one] + log_masses[two]
    moving = torch.einsum("i,ij,ij->", log_masses.exp(), speeds, speeds) / 2
    return moving - (logs.exp() * gaps.rsqrt()).sum()


program("gravity", planets, planets_torch,
        normal(3, 4, 3), normal(4, 4, 3), normal(5, 4, scale=0.3))  # fmt: skip

# Spins -------------------------------------------------------------------------------------------


def spins(couplings: Tensor, field: Tensor, heat: Tensor) -> Tensor:
    """Free energy of Ising's model in the mean field that 15 steps of iteration find."""
    pairs = (couplings + couplings.T) / 2
    mean = tg.zeros_like(field)
    for _ in range(15):
        mean = tg.tanh((pairs @ mean + field) / heat)
    energy = -(mean * (pairs @ mean)).sum() / 2 - (field * mean).sum()
    up, down = (1 + mean) / 2, (1 - mean) / 2
    return energy + heat * (up * tg.log(up) + down * tg.log(down)).sum()


def spins_torch(torch: Torch, couplings: Torch, field: Torch, heat: Torch) -> Torch:
    pairs = (couplings + couplings.T) / 2
    mean = torch.zeros_like(field)
    for _ in range(15):
        mean = torch.tanh(torch.addmv(field, pairs, mean) / heat)
    entropy = torch.distributions.Bernoulli((1 + mean) / 2).entropy().sum()
    return -mean @ pairs @ mean / 2 - field @ mean - heat * entropy


program("Ising model in its mean field", spins, spins_torch,
        normal(6, 5, 5, scale=0.3), normal(7, 5, scale=0.5), 1.4)  # fmt: skip

# Heat --------------------------------------------------------------------------------------------


def heat(conductance: Tensor, warmth: Tensor) -> Tensor:
    """Three implicit steps of the heat equation, each a tridiagonal system by Thomas' algorithm."""
    flow = 0.5 * tg.exp(conductance)
    padded = tg.pad(flow, 1)
    diagonal = tg.unstack(1 + padded[1:] + padded[:-1])
    beside = tg.unstack(-flow)
    for _ in range(3):
        known = tg.unstack(warmth)
        pivots, sums = [diagonal[0]], [known[0]]
        for i in range(1, len(known)):
            factor = beside[i - 1] / pivots[-1]
            pivots.append(diagonal[i] - factor * beside[i - 1])
            sums.append(known[i] - factor * sums[-1])
        found = [sums[-1] / pivots[-1]]
        for i in reversed(range(len(known) - 1)):
            found.append((sums[i] - beside[i] * found[-1]) / pivots[i])
        warmth = tg.stack(found[::-1])
    return (warmth * np.arange(1.0, 7)).sum() ** 2


def heat_torch(torch: Torch, conductance: Torch, warmth: Torch) -> Torch:
    flow = 0.5 * conductance.exp()
    rise = torch.eye(6, dtype=torch.float64).diff(dim=0)
    matrix = torch.eye(6, dtype=torch.float64) + rise.T @ torch.diag(flow) @ rise
    for _ in range(3):
        warmth = torch.linalg.solve(matrix, warmth)
    return warmth.dot(torch.arange(1.0, 7, dtype=torch.float64)) ** 2


program("implicit heat equation", heat, heat_torch, normal(8, 5, scale=0.5), normal(9, 6))

# Rotations ---------------------------------------------------------------------------------------

POINTS, SEEN = normal(10, 6, 3), normal(11, 6, 3)


def rotation(quaternion: Tensor, shift: Tensor) -> Tensor:
    w, x, y, z = tg.unstack(quaternion / tg.sqrt((quaternion**2).sum()))
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    turn = tg.stack([tg.stack(row) for row in rows])
    return ((tg.dot(POINTS, turn.T) + shift - SEEN) ** 2).mean()


def rotation_torch(torch: Torch, quaternion: Torch, shift: Torch) -> Torch:
    """By vector products: ``v + 2 u x (u x v + w v)``."""
    unit = torch.nn.functional.normalize(quaternion, dim=0)
    points = torch.from_numpy(POINTS)
    axis = unit[1:].expand(6, 3)
    inner = torch.linalg.cross(axis, points) + unit[0] * points
    moved = points + 2 * torch.linalg.cross(axis, inner) + shift
    return torch.nn.functional.mse_loss(moved, torch.from_numpy(SEEN))


program("fitting a rotation", rotation, rotation_torch, [0.9, -0.4, 0.3, 0.6], normal(12, 3))
