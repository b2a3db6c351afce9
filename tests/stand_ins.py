"""Registers the stand-ins for backends; as a plug-in of pytest (``-p tests.stand_ins``) too."""

from __future__ import annotations

import importlib.util

import pytest
from tensorgrok_boxed import BoxedBackend

import tensorgrok as tg
from tests.plain import PlainBackend
from tests.readers.strict import StrictBackend

#: Marks tests of what happens where CuPy is not installed.
without_cupy = pytest.mark.skipif(
    importlib.util.find_spec("cupy") is not None,
    reason="CuPy is installed; test_cupy_wheel and test_gpu are for that",
)

if "boxed" not in tg.backend_names():  # else its own distribution has registered it
    tg.register_backend("boxed", BoxedBackend)
tg.register_backend("plain", PlainBackend)
tg.register_backend("strict", StrictBackend)
