"""What part each value of a program plays: layer, weight, bias, target, loss, mask.

Roles follow from how a value is used, not from what it is called: a parameter that is added and
broadcast is a bias, data that a loss compares with is the target. This module stands on ``terms``;
read ``naming`` next.
"""

from __future__ import annotations

from .terms import Program, Term, terms_in, uses

LAYER, WEIGHT, BIAS, TARGET = "layer", "weight", "bias", "target"
LOSS, MASK, DELTA, GRADIENT = "loss", "mask", "delta", "gradient"

#: What cards call the argument that says how it should have been.
_WANTED = ("target", "labels")


class Roles:
    """The roles in one program.

    Attributes:
        users: for each term those computed from it.
        depth: for each term how many weights, and folded modules, lie before it on the longest way.
    """

    def __init__(self, program: Program) -> None:
        self.users = uses(program.terms)
        self.roots = set(program.roots)
        self.depth: dict[Term, int] = {}
        for term in program.terms:
            before = max((self.depth[operand] for operand in terms_in(term.operands)), default=0)
            self.depth[term] = before + (is_layer_product(term) or term.kind == "module")

    def of(self, term: Term) -> str | None:
        """The role of a term."""
        if term.card is not None:
            is_number = term.shape == () and (term in self.roots or term.kind == "loss")
            return LOSS if is_number and term.kind != "input" else LAYER
        users = self.users.get(term, [])
        if term.requires_grad:
            added = any(_adds_broadcast(user, term) for user in users)
            return BIAS if added else WEIGHT
        if any(_argument(user, term) in _WANTED for user in users):
            return TARGET
        if any(self._compared(user, term) for user in users):
            return TARGET
        if any(self._masks(user, term) for user in users):
            return MASK
        return LAYER if term.dtype.kind in "fc" else None

    def _compared(self, user: Term, term: Term) -> bool:
        """Whether data is subtracted from what was computed with weights, shape for shape."""
        if user.card is None or user.card.name != "subtract" or user.shape != term.shape:
            return False
        return any(self.depth[other] > 0 for other in terms_in(user.operands) if other is not term)

    def _masks(self, user: Term, term: Term) -> bool:
        assert user.card is not None
        if user.card.name == "where":
            return user.operands[0] is term
        others = [other for other in terms_in(user.operands) if other is not term]
        deep = any(self.depth[other] > 0 for other in others)
        return user.card.name == "multiply" and deep and user.shape == term.shape


def is_layer_product(term: Term) -> bool:
    """Whether a term is a product with a parameter: one layer further."""
    if term.kind != "contraction":
        return False
    return any(operand.requires_grad for operand in terms_in(term.operands))


def right_operand(term: Term) -> Term | None:
    """The right operand of a product of two terms, or None."""
    if term.kind != "contraction" or len(term.operands) != 2:
        return None
    right = term.operands[1]
    return right if isinstance(right, Term) else None


def left_operand(term: Term) -> Term | None:
    """The left operand of a product of two terms, or None."""
    return None if right_operand(term) is None else term.operands[0]


def _adds_broadcast(user: Term, term: Term) -> bool:
    """Whether a term is added to something larger, row by row."""
    if user.card is None or user.card.name not in ("add", "subtract"):
        return False
    wide = [axis for axis in term.shape if axis != 1]
    return user.operands[-1] is term and len(wide) <= 1 and term.shape != user.shape


def _argument(user: Term, term: Term) -> str | None:
    """The name of the argument as which a term is used."""
    assert user.card is not None
    for name, operand in zip(user.card.arguments, user.operands, strict=True):
        if operand is term:
            return str(name)
    return None
