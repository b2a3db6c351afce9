"""Networks: normalisation, convolution, embeddings, contrast, complex numbers, latent variables."""

from __future__ import annotations

import numpy as np

import tensorgrok as tg
from tensorgrok import Tensor
from tests.programs.base import Torch, normal, program

ROWS = normal(1, 6, 3)
GOALS = normal(2, 6, 2)

# A perceptron with layer normalisation -----------------------------------------------------------


def normalised(w: Tensor, gain: Tensor, shift: Tensor, v: Tensor) -> Tensor:
    hidden = tg.dot(ROWS, w)
    centred = hidden - hidden.mean(axis=1, keepdims=True)
    scaled = centred / tg.sqrt(tg.var(hidden, axis=1, keepdims=True) + 1e-5)
    return ((tg.silu(scaled * gain + shift).dot(v) - GOALS) ** 2).mean()


def normalised_torch(torch: Torch, w: Torch, gain: Torch, shift: Torch, v: Torch) -> Torch:
    hidden = torch.from_numpy(ROWS) @ w
    scaled = torch.nn.functional.layer_norm(hidden, (5,), gain, shift, 1e-5)
    found = torch.nn.functional.silu(scaled) @ v
    return torch.nn.functional.mse_loss(found, torch.from_numpy(GOALS))


program("layer normalisation", normalised, normalised_torch,
        normal(3, 3, 5), normal(4, 5), normal(5, 5), normal(6, 5, 2))  # fmt: skip

# Convolution -------------------------------------------------------------------------------------

SIDE, STEP = np.arange(4), np.arange(3)
DOWN = (SIDE[:, None] + STEP)[:, None, :, None]
ACROSS = (SIDE[:, None] + STEP)[None, :, None, :]


def convolution(image: Tensor, kernels: Tensor, bias: Tensor) -> Tensor:
    """Each patch is read by index, so each pixel is read up to nine times."""
    patches = image[DOWN, ACROSS].reshape((16, 9))
    found = tg.tanh(patches.dot(tg.transpose(kernels.reshape((2, 9)))) + bias)
    return (tg.max(found, axis=0) ** 2).sum() + (found**2).mean()


def convolution_torch(torch: Torch, image: Torch, kernels: Torch, bias: Torch) -> Torch:
    found = torch.nn.functional.conv2d(image[None, None], kernels[:, None], bias).tanh()
    peaks = torch.nn.functional.max_pool2d(found, 4)
    return peaks.square().sum() + found.square().mean()


program("convolution by indexing", convolution, convolution_torch,
        normal(7, 6, 6), normal(8, 2, 3, 3), normal(9, 2))  # fmt: skip

# Embeddings --------------------------------------------------------------------------------------

USERS = np.array([0, 0, 3, 1, 2, 2, 0, 3, 3, 1])
FILMS = np.array([4, 1, 1, 0, 0, 2, 2, 3, 4, 1])
RATINGS = normal(10, 10)


def factorisation(u: Tensor, v: Tensor, user_bias: Tensor, film_bias: Tensor) -> Tensor:
    found = (u[USERS] * v[FILMS]).sum(axis=1) + user_bias[USERS] + film_bias[FILMS]
    return ((found - RATINGS) ** 2).mean() + 0.1 * (tg.mean(u**2) + tg.mean(v**2))


def factorisation_torch(torch: Torch, u: Torch, v: Torch, b: Torch, c: Torch) -> Torch:
    table = u @ v.T + b[:, None] + c
    found = table[torch.from_numpy(USERS), torch.from_numpy(FILMS)]
    loss = torch.nn.functional.mse_loss(found, torch.from_numpy(RATINGS))
    return loss + 0.1 * (u.square().mean() + v.square().mean())


program("matrix factorisation", factorisation, factorisation_torch,
        normal(11, 4, 2), normal(12, 5, 2), normal(13, 4), normal(14, 5))  # fmt: skip

# Contrast ----------------------------------------------------------------------------------------


def contrastive(a: Tensor, b: Tensor, log_heat: Tensor) -> Tensor:
    """Row i of one side belongs to row i of the other, by the cosine of their angle."""
    a, b = (x / tg.sqrt((x * x).sum(axis=1, keepdims=True)) for x in (a, b))
    scores = a @ b.T * tg.exp(-log_heat)
    there, back = (tg.trace(tg.log_softmax(scores, axis=axis)) for axis in (0, 1))
    return -(there + back) / 8


def contrastive_torch(torch: Torch, a: Torch, b: Torch, log_heat: Torch) -> Torch:
    scores = torch.nn.functional.cosine_similarity(a[:, None], b[None], dim=2) / log_heat.exp()
    own = torch.arange(4)
    loss = torch.nn.functional.cross_entropy
    return (loss(scores, own) + loss(scores.T, own)) / 2


program("contrastive loss", contrastive, contrastive_torch,
        normal(15, 4, 3), normal(16, 4, 3), -0.7)  # fmt: skip

# Complex numbers ---------------------------------------------------------------------------------


def waves(real: Tensor, imag: Tensor, phase: Tensor) -> Tensor:
    """Complex weights, a nonlinearity that keeps the angle, and intensities as outputs."""
    z = tg.dot(ROWS + 0.5j, real + 1j * imag)
    z = z * tg.tanh(tg.abs(z)) + tg.exp(1j * phase)
    return (tg.real(z * tg.conj(z)) * np.arange(1.0, 5)).mean() + tg.sin(z).imag.sum()


def waves_torch(torch: Torch, real: Torch, imag: Torch, phase: Torch) -> Torch:
    z = (torch.from_numpy(ROWS) + 0.5j) @ torch.complex(real, imag)
    z = z * z.abs().tanh() + torch.polar(torch.ones_like(phase), phase)
    weights = torch.arange(1.0, 5, dtype=torch.float64)
    return (z.abs().square() * weights).mean() + torch.sin(z).imag.sum()


program("complex network", waves, waves_torch,
        normal(17, 3, 4, scale=0.4), normal(18, 3, 4, scale=0.4), normal(19, 4))  # fmt: skip

# Latent variables --------------------------------------------------------------------------------

PIXELS = (normal(20, 6, 3) > 0).astype(float)
EPSILON = normal(21, 6, 2)


def autoencoder(mean: Tensor, spread: Tensor, back: Tensor) -> Tensor:
    """Negative evidence bound of a variational autoencoder, for noise that is given."""
    centre, logs = tg.dot(PIXELS, mean), tg.dot(PIXELS, spread)
    latent = centre + tg.exp(logs / 2) * EPSILON
    scores = latent.dot(back)
    lost = tg.softplus(scores) - PIXELS * scores
    divergence = (centre**2 + tg.exp(logs) - logs - 1) / 2
    return (lost.sum(axis=1) + divergence.sum(axis=1)).mean()


def autoencoder_torch(torch: Torch, mean: Torch, spread: Torch, back: Torch) -> Torch:
    pixels = torch.from_numpy(PIXELS)
    scale = (pixels @ spread / 2).exp()
    prior, found = torch.distributions.Normal(0.0, 1.0), None
    found = torch.distributions.Normal(pixels @ mean, scale)
    latent = found.mean + scale * torch.from_numpy(EPSILON)
    image = torch.distributions.Bernoulli(logits=latent @ back)
    divergence = torch.distributions.kl_divergence(found, prior).sum()
    return (divergence - image.log_prob(pixels).sum()) / 6


program("variational autoencoder", autoencoder, autoencoder_torch,
        normal(22, 3, 2), normal(23, 3, 2, scale=0.5), normal(24, 2, 3))  # fmt: skip
