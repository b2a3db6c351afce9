"""Steps of losses."""

from __future__ import annotations

from tests.random_programs.steps_indexing import a_class
from tests.random_programs.table import Parameters, Random, Shape, Step, alike, pairs


def a_reduction(random: Random, *shapes: Shape) -> Parameters:
    """How the losses of single elements are reduced."""
    return {"reduction": random.choice(["mean", "sum", "none"])}


def a_delta(random: Random, *shapes: Shape) -> Parameters:
    """A reduction, and where the loss goes on as a line."""
    return a_reduction(random) | {"delta": random.choice([1.0, 0.4])}


def weights(random: Random, *shapes: Shape) -> Parameters:
    """A reduction, and a weight for positive targets."""
    return a_reduction(random) | {"weight": random.choice([0.5, 2.0])}


def labels(random: Random, shape: Shape) -> Parameters | None:
    """A reduction, and labels for all but the last axis."""
    drawn = a_class(random, shape)
    return None if drawn is None else drawn | a_reduction(random)


def smoothed_labels(random: Random, shape: Shape) -> Parameters | None:
    """Likewise, and how much of the target is spread over all classes."""
    drawn = labels(random, shape)
    return None if drawn is None else drawn | {"smoothing": random.choice([0.0, 0.1])}


distributions = pairs(lambda a, b: a == b != ())

STEPS = [
    Step("squared_error", "tg.nn.squared_error(x, y)", "((x - y) ** 2).sum() / 2", operands=alike),
    Step("mse", "tg.nn.mse(x, y, reduction=reduction)", "F.mse_loss(x, y, reduction=reduction)",
         operands=alike, parameters=a_reduction, empty=False),
    Step("l1", "tg.nn.l1(x, y, reduction=reduction)", "F.l1_loss(x, y, reduction=reduction)",
         operands=alike, parameters=a_reduction, empty=False),
    Step("huber", "tg.nn.huber(x, y, delta=delta, reduction=reduction)",
         "F.huber_loss(x, y, delta=delta, reduction=reduction)",
         operands=alike, parameters=a_delta, empty=False),
    Step("bce_with_logits", "tg.nn.bce_with_logits(x, tg.sigmoid(y), reduction=reduction)",
         "F.binary_cross_entropy_with_logits(x, torch.sigmoid(y), reduction=reduction)",
         operands=alike, parameters=a_reduction, empty=False),
    Step("weighted_bce_with_logits",
         "tg.nn.bce_with_logits("
         "x, tg.sigmoid(y), positive_weight=weight * tg.exp(tg.sin(x)), reduction=reduction)",
         "reduced(weight * torch.exp(torch.sin(x)) * torch.sigmoid(y) * F.softplus(-x) "
         "+ torch.sigmoid(-y) * F.softplus(x), reduction)",
         operands=alike, parameters=weights, empty=False),
    Step("kl_divergence",
         "tg.nn.kl_divergence(tg.log_softmax(x), tg.softmax(y), reduction=reduction)",
         "reduced((torch.softmax(y, -1) * "
         "(torch.log_softmax(y, -1) - torch.log_softmax(x, -1))).sum(-1), reduction)",
         operands=distributions, parameters=a_reduction, empty=False),
    Step("cross_entropy",
         "tg.nn.cross_entropy("
         "x, tg.Tensor(labels), label_smoothing=smoothing, reduction=reduction)",
         "reduced(F.cross_entropy(x.reshape(-1, classes), torch.tensor(labels).reshape(-1), "
         "label_smoothing=smoothing, reduction='none').reshape(x.shape[:-1]), reduction)",
         parameters=smoothed_labels),
    Step("cross_entropy of means", "tg.nn.cross_entropy(x, tg.Tensor(labels))",
         "F.cross_entropy(x.reshape(-1, classes), torch.tensor(labels).reshape(-1))",
         parameters=a_class),
    Step("nll", "tg.nn.nll(tg.log_softmax(x), tg.Tensor(labels), reduction=reduction)",
         "reduced(F.nll_loss(torch.log_softmax(x, -1).reshape(-1, classes), "
         "torch.tensor(labels).reshape(-1), reduction='none').reshape(x.shape[:-1]), reduction)",
         parameters=labels),
]  # fmt: skip
