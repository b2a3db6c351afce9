"""Building blocks of networks: modules, layers, losses."""

from __future__ import annotations

from typing import NoReturn

from ..elsewhere import NETWORKS, hint
from . import init
from .activations import (
    ELU,
    GELU,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .layers import Dropout, Embedding, Flatten, Identity, Linear
from .losses import (
    bce_with_logits,
    cross_entropy,
    huber,
    kl_divergence,
    l1,
    mse,
    nll,
    squared_error,
)
from .module import Layer, Module, Sequential

__all__ = [
    "ELU",
    "GELU",
    "Dropout",
    "Embedding",
    "Flatten",
    "Hardtanh",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "Module",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "bce_with_logits",
    "cross_entropy",
    "huber",
    "init",
    "kl_divergence",
    "l1",
    "mse",
    "nll",
    "squared_error",
]


def __getattr__(name: str) -> NoReturn:
    meant = hint(name, NETWORKS)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{meant}")
