"""Optimizers, which change parameters by their gradients; schedules; clipping of gradients."""

from __future__ import annotations

from .adam import Adam, AdamW
from .clipping import clip_grad_norm, clip_grad_value
from .optimizer import Optimizer
from .schedules import CosineDecay, Schedule, StepDecay, WarmUp
from .sgd import SGD

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "CosineDecay",
    "Optimizer",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "clip_grad_norm",
    "clip_grad_value",
]
