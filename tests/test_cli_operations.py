"""``python -m tensorgrok ops``: the table of operations and the cards in full."""

from __future__ import annotations

import pytest

from tensorgrok import cli
from tensorgrok.cards import KINDS, Primitive
from tensorgrok.cli import operations
from tensorgrok.cli.program import UsageError
from tensorgrok.engine import operations as functions
from tensorgrok.engine import primitives
from tests import tested


def test_every_card_has_its_line_and_every_other_operation_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["ops"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heading, *rows = lines[: lines.index("")]
    assert heading.split() == ["operation", "kind", "differentiable", "in", "order", "tested", "on"]
    cards = operations.own_cards()
    assert [row.split()[0] for row in rows] == [card.title for card in cards]
    assert {row.split("  ", 1)[1].split()[0] for row in rows} <= set(KINDS)
    closing = " ".join(lines[lines.index("") :])
    assert f"{len(cards)} cards with" in closing
    listed = {card.name for card in cards} | {card.title for card in cards}
    missing = [name for name in functions if name not in listed and name not in closing]
    assert not [name for name in missing if functions[name].__module__.startswith("tensorgrok.")]


def test_every_rule_was_tested_to_second_order_on_two_backends_or_more() -> None:
    record = operations.tested()
    for card in operations.own_cards():
        found = record[card.name]
        assert {"numpy", "strict"} <= set(found["values"]), card.name
        assert set(found.get("derivatives", {})) == set(card.pullbacks), card.name
        for argument, orders in found.get("derivatives", {}).items():
            assert {"numpy", "strict"} <= set(orders), (card.name, argument)
            assert min(orders.values()) >= 2, (card.name, argument)


def line_of(card: Primitive[...], record: dict[str, operations.Record]) -> list[str]:
    return operations.table([card], record).splitlines()[1].split()


def test_table_says_what_was_not_tested() -> None:
    tanh, argmax = primitives["tanh"], primitives["argmax"]
    assert line_of(tanh, {}) == [*("tanh", "elementwise", "x", "0", "not", "recorded")]
    shown = {"tanh": {"values": ["numpy"], "derivatives": {"x": {"numpy": 2, "other": 1}}}}
    assert line_of(tanh, shown) == ["tanh", "elementwise", "x", "1", "numpy"]
    assert line_of(argmax, {"argmax": {"values": ["numpy"]}}) == [
        *("argmax", "reduction", "-", "-", "numpy")
    ]


def test_card_in_full_shows_functions_and_rules() -> None:
    text = operations.card_text("add")
    assert text.startswith("add: elementwise, differentiable in x1, x2, tested to order 2")
    assert "return x1 + x2" in text
    assert text.count("def add_pull(") == 1, "a rule for two arguments is shown once"
    assert "def split_pull_x(" in operations.card_text("split"), "found by what users call it"
    assert "def transpose(" in operations.card_text("transpose")
    assert "def normal(" in operations.card_text("normal"), "a function that draws"


def test_unknown_operation_gets_the_nearest_name() -> None:
    with pytest.raises(
        UsageError, match=r"ops: there is no operation 'tanhh'; did you mean 'tanh'\?"
    ):
        operations.card_text("tanhh")
    with pytest.raises(UsageError, match=r"no operation 'qqq'; 'ops' alone lists them all"):
        operations.card_text("qqq")


def test_record_keeps_what_it_knows_of_backends_that_took_no_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tested, "values", {("tanh", "numpy")})
    monkeypatch.setattr(tested, "derivatives", {("tanh", "x", "numpy", 2)})
    before: dict[str, operations.Record] = {
        "tanh": {
            "values": ["cupy", "numpy", "strict"],
            "derivatives": {"x": {"cupy": 2, "numpy": 1}, "gone": {"numpy": 2}},
        },
        "gone": {"values": ["cupy"]},
    }
    assert tested.merged(before) == {
        "tanh": {
            "values": ["cupy", "numpy", "strict"],
            "derivatives": {"x": {"cupy": 2, "numpy": 2}},
        }
    }
