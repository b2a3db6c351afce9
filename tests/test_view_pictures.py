"""Pictures of whole networks: labels keep apart, equal dimensions look equal, deltas are below."""

from __future__ import annotations

import itertools
import re

import pytest

import tensorgrok as tg
from tensorgrok.lines import CUTS
from tensorgrok.views.bricks import Picture
from tensorgrok.views.stacks import Block, Strip
from tensorgrok.views.view import View
from tests.viewed import NETWORKS, seed_network

RECT = re.compile(
    r'<rect class="body" x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"'
)


def keep_apart(picture: Picture) -> None:
    """No label meets another, and none sticks out of the picture."""
    for box in picture.labels:
        assert 0 <= box.left <= box.right <= picture.width + 0.01, box
        assert 0 <= box.top <= box.bottom <= picture.height + 0.01, box
    for one, other in itertools.combinations(picture.labels, 2):
        beside = one.right <= other.left or other.right <= one.left
        above = one.bottom <= other.top or other.bottom <= one.top
        assert beside or above, (one, other)


def views(network: str) -> list[View]:
    net = NETWORKS[network]()
    net.root.backward(retain_graph=True)
    return [tg.view(net.root, names=net.names, cut=cut) for cut in CUTS]


@pytest.mark.parametrize("network", [*NETWORKS])
def test_labels_of_networks_keep_apart(network: str) -> None:
    for view in views(network):
        statements = [*view.whole.lines, *view.lines, *view.backward.lines]
        for statement, width in itertools.product(statements, (1100, 420)):
            keep_apart(statement.picture(width=width))


def test_a_block_is_as_tall_as_the_strip_before_it_is_wide() -> None:
    net = seed_network()
    view = tg.view(net.names["layer_2"], names=net.names, cut="one")
    (lane,) = view.lines[0].lanes
    assert [stack.result.shape for stack in lane] == [(1, 3), (1, 4), (1, 1)]
    for before, stack in itertools.pairwise(lane):
        block = stack.items[0]
        assert isinstance(block, Block)
        assert block.brick.shape == (before.result.shape[1], stack.result.shape[1])
    sizes = {float(size) for rect in RECT.findall(view.lines[0].bricks) for size in rect[2:]}
    assert len(sizes) == 3, "3, 4 and 1 have one length each, as width and as height"


def test_deltas_stand_below_their_layers_once_backward_has_run() -> None:
    net = seed_network()
    before = tg.view(net.root, names=net.names).whole.lines[0].lanes[-1]
    assert not any(stack.delta for stack in before)
    net.root.backward(retain_graph=True)
    lane = tg.view(net.root, names=net.names).whole.lines[0].lanes[-1]
    names = [stack.delta.name if stack.delta else None for stack in lane]
    assert names == [None, "layer_1_delta", "layer_2_delta", None]
    assert all(stack.delta is None or stack.delta.numbers is not None for stack in lane)


def test_biases_masks_and_gates_stand_where_they_are_applied() -> None:
    net = NETWORKS["digits"]()
    view = tg.view(net.root, names=net.names)
    lane = view.whole.lines[0].lanes[-1]
    signs = [[i.sign for i in stack.items if isinstance(i, Strip)] for stack in lane]
    assert signs == [[], ["+"], ["⊙"], ["+"], ["vs"]]
    gate = next(line for line in view.backward.lines if line.name == "hidden_delta")
    strips = [i for stack in gate.lanes[-1] for i in stack.items if isinstance(i, Strip)]
    assert "⊙ [ · > 0 ]" in [strip.sign for strip in strips]
    assert " > 0] " in gate.terminal()  # no blank before the bracket


def test_a_residual_is_a_path_from_the_start_of_the_lane() -> None:
    net = NETWORKS["residual"]()
    lanes = tg.view(net.names["layer_2"], names=net.names).whole.lines[-1].lanes
    assert lanes[-1][-1].skip is not None
