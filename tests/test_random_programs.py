"""Random programs over all cards: their derivatives agree with finite differences and PyTorch.

``--programs 2000`` compares as many, and says what took part.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import plans
from tensorgrok.backend import Array, Namespace
from tensorgrok.cards import Primitive
from tensorgrok.engine import primitives
from tensorgrok.plans import Pullback
from tests.random_programs.check import Disagreement, Outcome, agree, check
from tests.random_programs.generate import generate
from tests.random_programs.program import Program
from tests.random_programs.shrink import failure
from tests.random_programs.steps import STEPS

#: Cards with a derivative rule that no step has, and why.
WITHOUT_STEP = {
    "identity": "internal to transforms, which put it between a function and its argument",
}
LEAST_SHARE = 0.95
MANY = 1000  # from so many programs on there is a report


@dataclass(frozen=True)
class Survey:
    """What came of the first so many programs, in order; an error in place of an outcome."""

    programs: list[Program]
    outcomes: list[Outcome | Exception]

    def compared(self) -> list[tuple[Program, Outcome]]:
        """The programs of which all was compared."""
        return [
            (program, outcome)
            for program, outcome in zip(self.programs, self.outcomes, strict=True)
            if isinstance(outcome, Outcome) and outcome.status == "compared"
        ]

    def statuses(self) -> Counter[str]:
        """How many programs ended how."""
        return Counter(
            outcome.status if isinstance(outcome, Outcome) else "failed"
            for outcome in self.outcomes
        )

    def cards(self) -> Counter[str]:
        """How often each card took part in programs that were compared."""
        return sum((outcome.cards for _, outcome in self.compared()), Counter())


def outcome_of(program: Program) -> Outcome | Exception:
    try:
        return check(program)
    except Exception as error:
        return error


@pytest.fixture(scope="module")
def survey(request: pytest.FixtureRequest) -> Survey:
    """Make and check the programs, once."""
    with tg.use_backend("numpy"):
        programs = [generate(seed) for seed in range(request.config.getoption("--programs"))]
        return Survey(programs, [outcome_of(program) for program in programs])


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print past pytest, which shows what tests print only when they fail."""

    def show(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    return show


def all_pass(programs: list[Program], judge: Callable[[Program], object]) -> None:
    """Fail with small reproducers of the first few programs that the judge refuses."""

    def refuses(program: Program) -> bool:
        try:
            judge(program)
        except Exception:
            return True
        return False

    failed = [program for program in programs if refuses(program)]
    if failed:
        texts = [str(failure(program, judge)) for program in failed[:3]]
        pytest.fail(f"{len(failed)} programs, such as\n\n" + "\n\n".join(texts), pytrace=False)


def test_gradients_and_hessian_products_agree_with_finite_differences(survey: Survey) -> None:
    failed = [
        program
        for program, outcome in zip(survey.programs, survey.outcomes, strict=True)
        if isinstance(outcome, Exception)
    ]
    all_pass(failed, check)
    assert not failed, "they failed once, and pass now"


def test_nearly_all_programs_are_compared(survey: Survey, report: Callable[[str], None]) -> None:
    share = len(survey.compared()) / len(survey.programs)
    assert share >= LEAST_SHARE, survey.statuses()
    if len(survey.programs) >= MANY:
        cards = ", ".join(f"{name} {count}" for name, count in sorted(survey.cards().items()))
        report(f"{dict(survey.statuses())} of {len(survey.programs)} programs\n{cards}")


def test_every_step_occurs_in_programs_that_are_compared(survey: Survey) -> None:
    used = {call.step for program, _ in survey.compared() for call in program.calls}
    assert len(survey.programs) >= len(STEPS), "each program features one step"
    assert not set(STEPS) - used


def test_every_card_with_a_rule_takes_part(survey: Survey) -> None:
    import tensorgrok.nn
    import tensorgrok.optim  # noqa: F401  # its cards are to be there

    with_rules = {
        name
        for name, card in primitives.items()
        if card.pullbacks and card.__module__.startswith("tensorgrok.")
    }
    missing = with_rules - set(survey.cards()) - set(WITHOUT_STEP)
    assert not missing, f"add a step to tests/random_programs for {sorted(missing)}"
    assert set(WITHOUT_STEP) <= with_rules - set(survey.cards())


def test_programs_agree_with_pytorch(survey: Survey, report: Callable[[str], None]) -> None:
    pytest.importorskip("torch")
    from tests.random_programs import peer

    fitting = [(p, outcome) for p, outcome in survey.compared() if peer.has_peer(p)]
    known = {id(program): outcome for program, outcome in fitting}

    def judge(program: Program) -> None:
        peer.compare(program, known.get(id(program)) or check(program))

    all_pass([program for program, _ in fitting], judge)
    assert len(fitting) >= LEAST_SHARE * len(survey.compared())
    if len(survey.programs) >= MANY:
        report(f"{len(fitting)} programs agree with PyTorch")


def test_programs_agree_on_every_backend(survey: Survey, backend: str) -> None:
    chosen = survey.compared()[: max(50, len(survey.programs) // 6)]
    known = {id(program): outcome for program, outcome in chosen}

    def judge(program: Program) -> None:
        with tg.use_backend("numpy"):
            mine = known.get(id(program)) or check(program)
        theirs = check(program)
        agree(f"of backend {backend}", mine, theirs.value, theirs.gradient, theirs.product)

    all_pass([program for program, _ in chosen], judge)


# The programs themselves -----------------------------------------------------------------------


def test_a_seed_always_gives_the_same_program() -> None:
    for seed in range(20):
        assert str(generate(seed)) == str(generate(seed))


def test_the_printed_program_computes_what_was_checked(survey: Survey) -> None:
    for program, outcome in survey.compared()[:100]:
        names: dict[str, Any] = {}
        exec(compile(str(program), f"<program {program.seed}>", "exec"), names)
        gradient = [np.ravel(g.numpy()) for g in names["gradients"]]
        np.testing.assert_array_equal(np.concatenate(gradient), outcome.gradient)
        if "products" in names:
            product = [np.ravel(p.numpy()) for p in names["products"]]
            np.testing.assert_array_equal(np.concatenate(product), outcome.product)


def test_programs_have_what_breaks_things(survey: Survey) -> None:
    calls = [call for program in survey.programs for call in program.calls]
    leaves = [leaf for program in survey.programs for leaf in program.leaves.values()]
    read = [Counter(n for c in program.calls for n in c.operands) for program in survey.programs]
    assert sum(any(count > 1 for count in names.values()) for names in read) > 50, "reuse"
    assert sum(len({*call.operands}) < len(call.operands) for call in calls) > 10, "x with x"
    assert sum(len(call.results) > 1 for call in calls) > 10, "several results"
    assert sum(0 in leaf.shape for leaf in leaves) > 10, "no elements"
    assert sum(leaf.shape == () for leaf in leaves) > 10, "numbers"
    assert sum(len(program.calls) > 7 for program in survey.programs) > 20, "long ones"


# Planted mistakes ------------------------------------------------------------------------------


def plant(
    monkeypatch: pytest.MonkeyPatch, name: str, argument: str, rule: Callable[..., Array]
) -> None:
    """Give a card a wrong rule for one argument, for the length of a test."""
    card = primitives[name]
    pullback = Pullback(rule, card.arguments.index(argument), card)
    monkeypatch.setitem(card.pullbacks, argument, pullback)
    card.plans.clear()


@pytest.fixture
def _plans_made_anew() -> Iterator[None]:
    """Plans hold rules; those with wrong ones are forgotten after a test."""
    yield
    for card in primitives.values():
        card.plans.clear()


def unsigned(xp: Namespace, g: Array) -> Array:
    """Wrong for the second argument of ``subtract``: the sign is missing."""
    return g


def without_centre(xp: Namespace, g: Array, y: Array) -> Array:
    """Wrong for ``tanh``: 1 - y is no derivative of it."""
    return g * (1 - y)


def without_other_rows(xp: Namespace, g: Array, x: Array, axis: Any) -> Array:
    """Wrong for ``logsumexp``: the division by the sum is forgotten."""
    return xp.exp(x) * xp.reshape(
        g, tuple(1 if i in _axes(axis, x.ndim) else n for i, n in enumerate(x.shape))
    )


def _axes(axis: Any, ndim: int) -> set[int]:
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return {a % ndim for a in axes}


def unrecorded(xp: Namespace, g: Array, x: Array) -> Array:
    """Right for ``sin`` at first order; as a constant of the second it is wrong."""
    cosine = xp.cos(x)
    return g * (cosine.detach() if isinstance(cosine, tg.Tensor) else cosine)


def out_of_order(xp: Namespace, g: Array, x_like: Any) -> Array:
    """Wrong for ``reshape`` of more than two axes: they come back in another order."""
    if x_like.ndim < 3:
        return xp.reshape(g, x_like.shape)
    swapped = xp.reshape(g, x_like.shape[::-1])
    return xp.permute_dims(swapped, tuple(range(x_like.ndim))[::-1])


WRONG: list[tuple[str, str, Callable[..., Array]]] = [
    ("subtract", "x2", unsigned),
    ("tanh", "x", without_centre),
    ("logsumexp", "x", without_other_rows),
    ("reshape", "x", out_of_order),
]


@pytest.mark.usefixtures("_plans_made_anew")
@pytest.mark.parametrize(("card", "argument", "rule"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_rule_is_found(
    monkeypatch: pytest.MonkeyPatch, card: str, argument: str, rule: Callable[..., Array]
) -> None:
    plant(monkeypatch, card, argument, rule)
    text = first_failure()
    assert re.match("Disagreement: (gradient|product): found", text)
    assert text.count("\nx") <= 5, f"the reproducer is not small:\n{text}"


@pytest.mark.usefixtures("_plans_made_anew")
def test_a_rule_that_is_right_at_first_order_only_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, "sin", "x", unrecorded)
    text = first_failure()
    assert text.startswith("Disagreement: product: found")
    assert "tg.sin(" in text


def test_a_missing_sum_over_broadcast_axes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own sum: of several cotangents it takes the first."""
    right = plans.sum_to

    def wrong(xp: Namespace, g: Array, shape: tuple[int, ...]) -> Array:
        if g.ndim > len(shape) and 0 not in g.shape:
            return right(xp, g[0], shape)
        return right(xp, g, shape)

    monkeypatch.setattr(plans, "sum_to", wrong)
    assert first_failure().startswith("Disagreement: gradient: found")


def test_an_error_is_shown_by_a_small_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(xp: Namespace, x: Array) -> Array:
        raise ValueError("out of order")

    monkeypatch.setattr(primitives["expm1"], "forward", broken)
    text = first_failure()
    assert text.startswith("ShapeError: expm1: cannot use x")
    assert text.count("\nx") == 2, text  # the leaf and the step


@pytest.mark.usefixtures("_plans_made_anew")
def test_any_rule_that_is_off_by_a_hundredth_is_found(
    survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rule for every argument of every card, one after the other."""

    def off(pullback: Pullback) -> Pullback:
        changed = copy.copy(pullback)
        changed.function = lambda *args, **kwargs: pullback.function(*args, **kwargs) * 1.01 + 0.01
        return changed

    def noticed(card: Primitive[...], argument: str, users: Iterable[Program]) -> bool:
        for user in users:
            with monkeypatch.context() as patch:
                patch.setitem(card.pullbacks, argument, off(card.pullbacks[argument]))
                card.plans.clear()
                found = isinstance(outcome_of(user), Disagreement)
            card.plans.clear()
            if found:
                return True
        return False

    def more_users(name: str) -> Iterator[Program]:
        """A rare card may need more programs than those of the survey."""
        for seed in range(len(survey.programs), len(survey.programs) + 2000):
            program = generate(seed)
            outcome = outcome_of(program)
            if isinstance(outcome, Outcome) and outcome.cards[name]:
                yield program

    unnoticed = []
    for name in sorted(survey.cards()):
        card = primitives[name]
        users = [program for program, outcome in survey.compared() if outcome.cards[name]]
        unnoticed += [
            (name, argument)
            for argument in card.pullbacks
            if not noticed(card, argument, itertools.chain(users, more_users(name)))
        ]
    assert not unnoticed, "no program differentiates these"


def first_failure(most: int = 250) -> str:
    """The report on the first of so many programs that fails."""
    for seed in range(most):
        program = generate(seed)
        if isinstance(outcome_of(program), Exception):
            return failure(program, check) or ""
    raise AssertionError(f"{most} programs have not found it")
