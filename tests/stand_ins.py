"""Registers the stand-ins for backends; as a plug-in of pytest (``-p tests.stand_ins``) too."""

from __future__ import annotations

from tensorgrok_boxed import BoxedBackend

import tensorgrok as tg
from tests.plain import PlainBackend
from tests.readers.strict import StrictBackend

if "boxed" not in tg.backend_names():  # else its own distribution has registered it
    tg.register_backend("boxed", BoxedBackend)
tg.register_backend("plain", PlainBackend)
tg.register_backend("strict", StrictBackend)
