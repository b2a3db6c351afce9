"""The table that a module prints: its exact text."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

import numpy as np

import tensorgrok as tg
from tensorgrok import nn

T = tg.Tensor


def shows(model: nn.Module, text: str) -> None:
    """Compare with an indented text; nothing may end in spaces."""
    assert repr(model) == textwrap.dedent(text).strip("\n")
    assert not any(line.endswith(" ") for line in repr(model).splitlines())


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(784, 100),
        nn.ReLU(),
        nn.Dropout(0.25),
        nn.Sequential(nn.Linear(100, 10, bias=False), nn.Softmax()),
    )


class Block(nn.Module):
    """A parameter of its own, a layer, and a setting."""

    def __init__(self, width: int = 3) -> None:
        self.scale = T(np.ones(width), requires_grad=True)
        self.layer = nn.Linear(width, width)
        self.width = width

    def forward(self, x: Any) -> Any:
        return self.layer(x) * self.scale

    def describe(self) -> str:
        """The setting."""
        return f"width={self.width}"


def test_a_module_without_others_is_one_line() -> None:
    for model, text in (
        (nn.ReLU(), "ReLU()"),
        (nn.Dropout(0.5), "Dropout(0.5)"),
        (nn.Sequential(), "Sequential()"),
        (nn.Linear(3, 4), "Linear(3, 4)  weight (3, 4), bias (4,)  16 parameters"),
        (nn.Linear(1, 1, bias=False), "Linear(1, 1, bias=False)  weight (1, 1)  1 parameter"),
        (nn.Embedding(1000, 64), "Embedding(1000, 64)  weight (1000, 64)  64,000 parameters"),
    ):
        assert repr(model) == text


def test_modules_are_lines_with_shapes_and_counts() -> None:
    shows(
        network(),
        """
        Sequential()
          0: Linear(784, 100)               weight (784, 100), bias (100,)  78,500
          1: ReLU()
          2: Dropout(0.25)
          3: Sequential()
            0: Linear(100, 10, bias=False)  weight (100, 10)                 1,000
            1: Softmax()
        total                                                               79,500
        """,
    )


def test_without_any_tensor_the_total_is_0() -> None:
    shows(
        nn.Sequential(nn.ReLU(), nn.Tanh()),
        """
        Sequential()
          0: ReLU()
          1: Tanh()
        total           0
        """,
    )


def test_functions_in_a_sequence_are_shown_by_name() -> None:
    class Doubling:
        def __call__(self, x: Any) -> Any:
            return x * 2

    def flat(x: Any) -> Any:
        return x

    shows(
        nn.Sequential(tg.relu, flat, nn.Linear(2, 2), Doubling(), lambda x: x, np.tanh),
        """
        Sequential()
          0: relu
          1: flat
          2: Linear(2, 2)  weight (2, 2), bias (2,)  6
          3: Doubling
          4: <lambda>
          5: tanh
        total                                        6
        """,
    )


def test_own_parameters_and_settings_of_a_module_are_shown() -> None:
    shows(
        nn.Sequential(Block(), Block(10)),
        """
        Sequential()
          0: Block(width=3)        scale (3,)                     3
            layer: Linear(3, 3)    weight (3, 3), bias (3,)      12
          1: Block(width=10)       scale (10,)                   10
            layer: Linear(10, 10)  weight (10, 10), bias (10,)  110
        total                                                   135
        """,
    )


def test_frozen_tensors_are_marked_and_counted_apart() -> None:
    model = network()
    model[0].weight.requires_grad = False
    shows(
        model,
        """
        Sequential()
          0: Linear(784, 100)               weight (784, 100) frozen, bias (100,)  78,500
          1: ReLU()
          2: Dropout(0.25)
          3: Sequential()
            0: Linear(100, 10, bias=False)  weight (100, 10)                        1,000
            1: Softmax()
        trainable                                                                   1,100
        frozen                                                                     78,400
        total                                                                      79,500
        """,
    )
    assert model.parameter_count() == 1100
    layer = nn.Linear(3, 4)
    layer.weight.requires_grad = False
    assert repr(layer) == "Linear(3, 4)  weight (3, 4) frozen, bias (4,)  4 parameters, 12 frozen"


def test_lists_tuples_and_dictionaries_are_looked_into() -> None:
    class Held(nn.Module):
        def __init__(self) -> None:
            self.many = [nn.ReLU(), (Block(2), T([1.0], requires_grad=True))]
            self.named = {"a": nn.Linear(1, 2), "b": {"c": T(2.0, requires_grad=True)}}

    shows(
        Held(),
        """
        Held()                      many.1.1 (1,), named.b.c ()   2
          many.0: ReLU()
          many.1.0: Block(width=2)  scale (2,)                    2
            layer: Linear(2, 2)     weight (2, 2), bias (2,)      6
          named.a: Linear(1, 2)     weight (1, 2), bias (2,)      4
        total                                                    14
        """,
    )


def test_what_is_shared_counts_once_and_cycles_end() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.encoder = nn.Linear(4, 2)
            self.decoder = nn.Linear(4, 2)
            self.decoder.weight = self.encoder.weight
            self.again = self.encoder
            self.top = self.encoder.bias
            self.encoder.owner = self  # type: ignore[attr-defined]  # set on the fly

    model = Tied()
    shows(
        model,
        """
        Tied()                   top (2,)                                              2
          encoder: Linear(4, 2)  weight (4, 2), bias (2,) shared with top              8
            owner: Tied()        same as the first line
          decoder: Linear(4, 2)  weight (4, 2) shared with encoder.weight, bias (2,)   2
          again: Linear(4, 2)    same as encoder
        total                                                                         12
        """,
    )
    assert model.parameter_count() == 12
    assert repr(copy.deepcopy(model)) == repr(model)


def test_results_that_a_module_keeps_are_not_shown() -> None:
    block = Block(2)
    before = repr(block)
    block.last = block(T([1.0, 2.0]))  # type: ignore[attr-defined]  # set on the fly
    assert repr(block) == before


def test_long_lines_are_broken() -> None:
    class Wide(nn.Module):
        def __init__(self) -> None:
            for place in range(3):
                setattr(
                    self,
                    f"one_of_many_parameters_{place}",
                    T(np.zeros((10, 20)), requires_grad=True),
                )
            self.inner = nn.Linear(4, 4)

    class Verbose(Wide):
        def describe(self) -> str:
            return "settings that take much room,\nwith a line break,\nand more"

    shows(
        Wide(),
        """\
Wide()                 one_of_many_parameters_0 (10, 20), one_of_many_parameters_1 (10, 20),  600
                       one_of_many_parameters_2 (10, 20)
  inner: Linear(4, 4)  weight (4, 4), bias (4,)                                                20
total                                                                                         620
""",
    )
    shows(
        Verbose(),
        """\
Verbose(settings that take much room, with a line break, and more)
                       one_of_many_parameters_0 (10, 20), one_of_many_parameters_1 (10, 20),  600
                       one_of_many_parameters_2 (10, 20)
  inner: Linear(4, 4)  weight (4, 4), bias (4,)                                                20
total                                                                                         620
""",
    )


def test_nesting_may_be_deep() -> None:
    model: nn.Module = nn.Linear(2, 2)
    for _ in range(3000):
        model = nn.Sequential(model)
    lines = repr(model).splitlines()
    assert lines[:3] == ["Sequential()", "  0: Sequential()", "    0: Sequential()"]
    assert lines[3000] == " " * 6000 + "0: Linear(2, 2)"
    assert lines[3001].split() == ["weight", "(2,", "2),", "bias", "(2,)", "6"]
    assert lines[3002].split() == ["total", "6"]


def test_printing_reads_no_values_and_changes_nothing() -> None:
    with tg.use_backend("strict"):
        model = network()
    strict: Any = model[0].weight.backend
    before = strict.read_backs
    assert "78,500" in repr(model)
    assert strict.read_backs == before
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "3.0.weight"]
