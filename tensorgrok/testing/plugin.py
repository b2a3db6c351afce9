"""A plug-in of pytest: the option ``--backend``, where the backend contract is what is asked for.

Other test suites have an option of that name too, so this one is added only if the words on the
command line name ``tensorgrok.testing``.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Add the option before pytest reads the rest of the command line."""
    if any("tensorgrok.testing" in word or "tensorgrok/testing" in word for word in args):
        parser.getgroup("tensorgrok").addoption(
            "--backend",
            metavar="NAME",
            help="the backend to test (default: the one that TENSORGROK_BACKEND chooses)",
        )
