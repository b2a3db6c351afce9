"""Building blocks of networks: modules, layers, losses."""

from __future__ import annotations

from .layers import Dropout, Linear, ReLU, Sigmoid, Tanh
from .losses import cross_entropy, mse, squared_error
from .module import Module, Sequential

__all__ = [
    "Dropout",
    "Linear",
    "Module",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "cross_entropy",
    "mse",
    "squared_error",
]
