"""A stranger's backend at its smallest: it names an array library and overrides nothing."""

from __future__ import annotations

import numpy as np

from tensorgrok.backend import Backend


class PlainBackend(Backend):
    """NumPy again, with every method from the base class."""

    name = "plain"
    array_type = np.ndarray

    def __init__(self) -> None:
        super().__init__(np)
