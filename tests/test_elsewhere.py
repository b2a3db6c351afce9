"""Names that other libraries use: the error says what to write here."""

from __future__ import annotations

import pytest

import tensorgrok as tg
from tensorgrok import elsewhere


def test_a_name_from_elsewhere_gets_the_name_it_has_here() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'cat'; here that is concat$"):
        _ = tg.cat
    with pytest.raises(AttributeError, match=r"no attribute 'Parameter'; here that is Tensor\("):
        _ = tg.nn.Parameter
    with pytest.raises(AttributeError, match=r"no attribute 'nonsense'$"):
        _ = tg.nonsense


def test_no_name_in_the_tables_exists_and_what_they_advise_does() -> None:
    for table, package in ((elsewhere.FUNCTIONS, tg), (elsewhere.NETWORKS, tg.nn)):
        for name in table:
            assert not hasattr(package, name), name
    for advice in elsewhere.FUNCTIONS.values():
        first = advice.split("(")[0].split(",")[0].split(" ")[0]
        assert hasattr(tg, first), advice
