"""A plug-in of pytest (``-p tests.fake_gpu``): the whole run sees the fake CuPy.

So the code of the CuPy backend runs on a machine without a GPU. What passes here has run on a fake
and is no evidence of what a GPU does.
"""

from __future__ import annotations

import pytest

from tests.fakes.cupy import install

install(pytest.MonkeyPatch())
