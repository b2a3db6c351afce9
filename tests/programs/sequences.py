"""Sequences: recurrent networks by hand, attention, filters and alignments."""

from __future__ import annotations

import numpy as np

import tensorgrok as tg
from tensorgrok import Tensor
from tests.programs.base import Torch, normal, program

INPUTS = normal(1, 5, 2, 3)  # time, batch, features
GOALS = normal(2, 2, 4)

# Recurrent networks ------------------------------------------------------------------------------


def rnn(w: Tensor, u: Tensor, b: Tensor) -> Tensor:
    state = tg.zeros((2, 4), dtype=np.float64)
    for x in INPUTS:
        state = tg.tanh(tg.dot(x, w) + state.dot(u) + b)
    return ((state - GOALS) ** 2).mean()


def rnn_torch(torch: Torch, w: Torch, u: Torch, b: Torch) -> Torch:
    cell = torch.nn.RNN(3, 4).double()
    weights = {"weight_ih_l0": w.T, "weight_hh_l0": u.T, "bias_ih_l0": b}
    weights["bias_hh_l0"] = torch.zeros_like(b)
    _, state = torch.func.functional_call(cell, weights, torch.from_numpy(INPUTS))
    return torch.nn.functional.mse_loss(state[0], torch.from_numpy(GOALS))


RECURRENT = (normal(3, 3, 4, scale=0.6), normal(4, 4, 4, scale=0.6), normal(5, 4, scale=0.6))
program("recurrent network", rnn, rnn_torch, *RECURRENT)


def lstm(w: Tensor, u: Tensor, b: Tensor) -> Tensor:
    hidden = cell = tg.zeros((2, 4), dtype=np.float64)
    for x in INPUTS:
        write, forget, value, read = tg.split(tg.dot(x, w) + hidden.dot(u) + b, 4, axis=1)
        cell = tg.sigmoid(forget) * cell + tg.sigmoid(write) * tg.tanh(value)
        hidden = tg.sigmoid(read) * tg.tanh(cell)
    return ((hidden - GOALS) ** 2).sum() + (cell * cell).mean()


def lstm_torch(torch: Torch, w: Torch, u: Torch, b: Torch) -> Torch:
    hidden, cell = (torch.zeros(2, 4, dtype=torch.float64) for _ in range(2))
    for x in torch.from_numpy(INPUTS):
        gates = torch.addmm(b, torch.cat([x, hidden], 1), torch.cat([w, u], 0))
        write, forget, value, read = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + write.sigmoid() * value.tanh()
        hidden = read.sigmoid() * cell.tanh()
    return (hidden - torch.from_numpy(GOALS)).square().sum() + cell.square().mean()


GATED = (normal(6, 3, 16, scale=0.5), normal(7, 4, 16, scale=0.5), normal(8, 16, scale=0.5))
program("long short-term memory", lstm, lstm_torch, *GATED)


def gru(w: Tensor, u: Tensor, b: Tensor) -> Tensor:
    state = tg.zeros((2, 4), dtype=np.float64)
    for x in INPUTS:
        seen, kept = tg.dot(x, w) + b, state.dot(u)
        reset = tg.sigmoid(seen[:, :4] + kept[:, :4])
        update = tg.sigmoid(seen[:, 4:8] + kept[:, 4:8])
        fresh = tg.tanh(seen[:, 8:] + reset * kept[:, 8:])
        state = fresh + update * (state - fresh)
    return ((state - GOALS) ** 2).sum()


def gru_torch(torch: Torch, w: Torch, u: Torch, b: Torch) -> Torch:
    state = torch.zeros(2, 4, dtype=torch.float64)
    for x in torch.from_numpy(INPUTS):
        parts = torch.addmm(b, x, w).split(4, 1)
        memory = torch.mm(state, u).split(4, 1)
        reset, update = ((s + m).sigmoid() for s, m in zip(parts[:2], memory[:2], strict=True))
        fresh = torch.addcmul(parts[2], reset, memory[2]).tanh()
        state = torch.lerp(fresh, state, update)
    return torch.dist(state, torch.from_numpy(GOALS)) ** 2


program("gated recurrent unit", gru, gru_torch, *(p[..., :12] for p in GATED))

# Attention ---------------------------------------------------------------------------------------

TOKENS = normal(9, 2, 5, 4)
PAST = np.tril(np.ones((5, 5), dtype=bool))


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scaled dot products; what is yet to come is minus infinity, which the softmax makes 0."""
    queries, keys, values = (tg.matmul(TOKENS, w) for w in (q, k, v))
    scores = tg.matmul(queries, tg.matrix_transpose(keys)) / 4**0.5
    shares = tg.softmax(tg.where(PAST, scores, -np.inf), axis=-1)
    return (tg.matmul(shares, values) ** 2).mean()


def attention_torch(torch: Torch, q: Torch, k: Torch, v: Torch) -> Torch:
    tokens = torch.from_numpy(TOKENS)
    scores = torch.einsum("bsd,de,bte,fe->bst", tokens, q, tokens @ k, torch.eye(4).double()) / 2
    shares = scores.masked_fill(~torch.from_numpy(PAST), -torch.inf).softmax(-1)
    return torch.bmm(shares, tokens @ v).square().mean()


program("causal attention", attention, attention_torch,
        *(normal(seed, 4, 4, scale=0.7) for seed in (10, 11, 12)))  # fmt: skip

# Filters -----------------------------------------------------------------------------------------

SIGNS = [0, 2, 1, 3, 3, 0, 1, 2, 0]


def markov(start: Tensor, move: Tensor, emit: Tensor) -> Tensor:
    """Likelihood of observed signs under a hidden Markov model, forward in logarithms."""
    start, move = tg.log_softmax(start), tg.log_softmax(move, axis=1)
    emit = tg.log_softmax(emit, axis=1)
    state = start + emit[:, SIGNS[0]]
    for sign in SIGNS[1:]:
        state = tg.logsumexp(state[:, None] + move, axis=0) + emit[:, sign]
    return -tg.logsumexp(state)


def markov_torch(torch: Torch, start: Torch, move: Torch, emit: Torch) -> Torch:
    """In probabilities, scaled to a sum of 1 at each step."""
    start, move, emit = start.softmax(0), move.softmax(1), emit.softmax(1)
    state, total = start * emit[:, SIGNS[0]], torch.zeros((), dtype=torch.float64)
    for sign in SIGNS[1:]:
        total = total + state.sum().log()
        state = ((state / state.sum()) @ move) * emit[:, sign]
    return -(total + state.sum().log())


program("hidden Markov model", markov, markov_torch,
        normal(13, 3), normal(14, 3, 3), normal(15, 3, 4))  # fmt: skip

TRACK = np.cumsum(normal(16, 7))


def kalman(log_process: Tensor, log_measure: Tensor, decay: Tensor) -> Tensor:
    """Likelihood of positions of something with a velocity that decays, by Kalman's filter."""
    one = tg.ones((), dtype=np.float64)
    move = tg.stack([one, one, 0 * one, decay]).reshape((2, 2))
    noise = tg.exp(log_process) * np.array([[0.3, 0.1], [0.1, 0.5]])
    state, spread = tg.zeros(2, dtype=np.float64), tg.eye(2, dtype=np.float64)
    total = tg.zeros((), dtype=np.float64)
    for seen in TRACK:
        state, spread = move @ state, move @ spread @ move.T + noise
        error, scale = seen - state[0], spread[0, 0] + tg.exp(log_measure)
        total = total + tg.log(scale) + error * error / scale
        gain = spread[:, 0] / scale
        state = state + gain * error
        spread = spread - gain[:, None] * spread[0]
    return total / 2


def kalman_torch(torch: Torch, log_process: Torch, log_measure: Torch, decay: Torch) -> Torch:
    """The same likelihood, all at once: the positions are jointly normal."""
    n = len(TRACK)
    one, nought = torch.ones_like(decay), torch.zeros_like(decay)
    move = torch.stack([torch.stack([one, one]), torch.stack([nought, decay])])
    noise = log_process.exp() * torch.tensor([[0.3, 0.1], [0.1, 0.5]], dtype=torch.float64)
    spreads = [torch.eye(2, dtype=torch.float64)]
    for _ in range(n):
        spreads.append(move @ spreads[-1] @ move.T + noise)
    rows = []
    for i in range(1, n + 1):
        powers = [torch.linalg.matrix_power(move, abs(i - j)) for j in range(1, n + 1)]
        rows.append(
            torch.stack(
                [
                    (powers[j - 1] @ spreads[j])[0, 0] if j <= i
                    else (spreads[i] @ powers[j - 1].T)[0, 0]
                    for j in range(1, n + 1)
                ]
            )
        )  # fmt: skip
    joint = torch.stack(rows) + log_measure.exp() * torch.eye(n, dtype=torch.float64)
    seen = torch.from_numpy(TRACK)
    return (torch.logdet(joint) + seen @ torch.linalg.solve(joint, seen)) / 2


program("Kalman filter", kalman, kalman_torch, -0.5, -1.0, 0.8)

# Alignment ---------------------------------------------------------------------------------------


def soft_dtw(a: Tensor, b: Tensor, log_gamma: Tensor) -> Tensor:
    """Soft dynamic time warping (Cuturi and Blondel, 2017): the smooth cost of all alignments."""
    gamma = tg.exp(log_gamma)
    costs = ((a[:, None] - b) ** 2).sum(axis=2)
    n, m = costs.shape
    best: dict[tuple[int, int], Tensor] = {(0, 0): costs[0, 0]}
    for i in range(n):
        for j in range(m):
            before = [best[p] for p in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if p in best]
            if before:
                soft = -gamma * tg.logsumexp(-tg.stack(before) / gamma)
                best[i, j] = costs[i, j] + soft
    return best[n - 1, m - 1]


def soft_dtw_torch(torch: Torch, a: Torch, b: Torch, log_gamma: Torch) -> Torch:
    """Row by row, with a border of infinite costs."""
    gamma = log_gamma.exp()
    costs = (a.square().sum(1)[:, None] - 2 * a @ b.T) + b.square().sum(1)
    far = torch.full((), 1e10, dtype=torch.float64)
    above = [torch.zeros_like(far)] + [far] * len(b)
    for row in costs:
        here = [far]
        for j, cost in enumerate(row):
            steps = torch.stack([above[j], above[j + 1], here[j]])
            here.append(cost - gamma * torch.logsumexp(-steps / gamma, 0))
        above = here
    return above[-1]


program("soft time warping", soft_dtw, soft_dtw_torch, normal(17, 4, 2), normal(18, 5, 2), -0.2)
