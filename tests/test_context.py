"""Modes: recording on and off, as blocks and decorators, on generators and coroutines."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
import pytest

import tensorgrok as tg


@pytest.fixture
def w() -> tg.Tensor:
    return tg.Tensor([1.0, 2.0], requires_grad=True)


# Blocks ----------------------------------------------------------------------------------------


def test_recording_is_on_until_a_block_turns_it_off(w: tg.Tensor) -> None:
    assert tg.is_recording()
    with tg.no_grad():
        assert not tg.is_recording()
        silent = w * 2
    assert tg.is_recording()
    assert not silent.requires_grad
    assert silent.is_leaf
    assert (w * 2).requires_grad


def test_blocks_nest_in_any_order(w: tg.Tensor) -> None:
    seen = []
    with tg.no_grad():
        seen.append(tg.is_recording())
        with tg.enable_grad():
            seen.append(tg.is_recording())
            with tg.no_grad(), tg.no_grad():
                seen.append(tg.is_recording())
            seen.append(tg.is_recording())
        seen.append(tg.is_recording())
    seen.append(tg.is_recording())
    assert seen == [False, True, False, True, False, True]


def test_one_object_can_be_entered_again_while_it_is_open() -> None:
    off, on = tg.no_grad(), tg.enable_grad()
    with off, on, off:
        assert not tg.is_recording()
        with on:
            assert tg.is_recording()
        assert not tg.is_recording()
    assert tg.is_recording()
    with off:
        assert not tg.is_recording()
    assert tg.is_recording()


def test_an_exception_passes_through_and_the_mode_ends() -> None:
    with pytest.raises(KeyError, match="mine"), tg.no_grad():
        raise KeyError("mine")
    assert tg.is_recording()


def test_a_mode_says_nothing_about_tensors_made_inside() -> None:
    with tg.no_grad():
        made = tg.Tensor([1.0], requires_grad=True)
    assert made.requires_grad
    assert (made * 2).requires_grad


def test_turning_recording_off_keeps_the_chosen_backend_and_the_other_way_round() -> None:
    with tg.use_backend("strict"), tg.no_grad():
        assert tg.current_backend().name == "strict"
        with tg.use_backend("numpy"):
            assert not tg.is_recording()


# Decorators ------------------------------------------------------------------------------------

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """What ``no_grad`` and ``no_grad()`` both are: the function that comes out is as it went in."""

    def __call__(self, function: F, /) -> F: ...


bare: Decorator = tg.no_grad
called: Decorator = tg.no_grad()
enabling: Decorator = tg.enable_grad()
with_and_without_brackets = pytest.mark.parametrize(
    "no_grad", [bare, called], ids=["bare", "called"]
)


@with_and_without_brackets
def test_a_decorated_function_runs_in_the_mode(no_grad: Decorator) -> None:
    @no_grad
    def twice(x: int, *, plus: int = 0) -> tuple[int, bool]:
        """Twice x."""
        return 2 * x + plus, tg.is_recording()

    assert twice(3, plus=1) == (7, False)
    assert twice(x=4) == (8, False)
    assert tg.is_recording()
    assert twice.__name__ == "twice"
    assert twice.__doc__ == "Twice x."
    assert list(inspect.signature(twice).parameters) == ["x", "plus"]


@with_and_without_brackets
def test_a_decorated_function_can_call_itself_and_raise(no_grad: Decorator) -> None:
    @no_grad
    def down(n: int) -> None:
        assert not tg.is_recording()
        if n == 0:
            raise ValueError("bottom")
        down(n - 1)

    with pytest.raises(ValueError, match="bottom"):
        down(5)
    assert tg.is_recording()


def test_decorators_stack_and_the_inner_one_wins() -> None:
    @bare
    @enabling
    def inner_on() -> bool:
        return tg.is_recording()

    @enabling
    @called
    def inner_off() -> bool:
        return tg.is_recording()

    assert inner_on()
    assert not inner_off()


class Model:
    """Methods of every kind under a decorator."""

    factor = 3

    @bare
    def method(self, x: int) -> tuple[int, bool]:
        return self.factor * x, tg.is_recording()

    @classmethod
    @called
    def of_class(cls, x: int) -> tuple[int, bool]:
        return cls.factor * x, tg.is_recording()

    @staticmethod
    @bare
    def static(x: int) -> tuple[int, bool]:
        return x, tg.is_recording()

    @called
    def steps(self, n: int) -> Iterator[tuple[int, bool]]:
        for i in range(n):
            yield self.factor * i, tg.is_recording()

    @bare
    async def wait(self, x: int) -> tuple[int, bool]:
        await asyncio.sleep(0)
        return self.factor * x, tg.is_recording()


def test_decorated_methods_are_bound_to_their_object() -> None:
    model = Model()
    assert model.method(2) == (6, False)
    assert Model.of_class(2) == (6, False)
    assert model.static(2) == (2, False)
    assert list(model.steps(3)) == [(0, False), (3, False), (6, False)]
    assert asyncio.run(model.wait(2)) == (6, False)
    assert tg.is_recording()


# Generators ------------------------------------------------------------------------------------


@with_and_without_brackets
def test_each_step_of_a_generator_runs_in_the_mode_and_its_consumer_does_not(
    no_grad: Decorator,
) -> None:
    @no_grad
    def steps() -> Iterator[bool]:
        for _ in range(3):
            yield tg.is_recording()

    outside = []
    for inside in steps():
        assert not inside
        outside.append(tg.is_recording())
    assert outside == [True] * 3


def test_a_generator_abandoned_between_steps_leaves_recording_on() -> None:
    @bare
    def steps() -> Iterator[int]:
        yield 1
        yield 2

    running = iter(steps())
    assert next(running) == 1
    assert tg.is_recording()
    del running
    assert tg.is_recording()


def test_two_generators_interleave_each_in_its_own_mode() -> None:
    @bare
    def off() -> Iterator[bool]:
        while True:
            yield tg.is_recording()

    @enabling
    def on() -> Iterator[bool]:
        while True:
            yield tg.is_recording()

    one, two = off(), on()
    with tg.no_grad():
        assert [next(one), next(two), next(one), next(two)] == [False, True, False, True]
        assert not tg.is_recording()


def test_a_generator_receives_what_is_sent_and_returns_its_value() -> None:
    seen = []

    @bare
    def echo() -> Generator[int, int, str]:
        total = 0
        for _ in range(3):
            received = yield total
            seen.append(tg.is_recording())
            total += received
        return f"total {total}"

    running = echo()
    assert next(running) == 0
    assert running.send(5) == 5
    assert running.send(7) == 12
    with pytest.raises(StopIteration) as stop:
        running.send(1)
    assert stop.value.value == "total 13"
    assert seen == [False] * 3
    assert tg.is_recording()


def test_a_generator_can_handle_what_is_thrown_into_it() -> None:
    @bare
    def stubborn() -> Iterator[tuple[str, bool]]:
        try:
            yield "started", tg.is_recording()
        except KeyError as error:
            yield f"handled {error}", tg.is_recording()
        raise LookupError("the end")

    running: Any = stubborn()
    assert next(running) == ("started", False)
    assert running.throw(KeyError("thrown")) == ("handled 'thrown'", False)
    assert tg.is_recording()
    with pytest.raises(LookupError, match="the end"):
        next(running)
    assert tg.is_recording()
    with pytest.raises(StopIteration):
        next(running)


def test_what_a_generator_does_not_handle_comes_out_of_throw() -> None:
    @bare
    def plain() -> Iterator[int]:
        yield 1

    running: Any = plain()
    next(running)
    with pytest.raises(ZeroDivisionError, match="thrown"):
        running.throw(ZeroDivisionError("thrown"))
    assert tg.is_recording()


def test_closing_a_generator_runs_its_cleanup_in_the_mode() -> None:
    seen = []

    @bare
    def careful() -> Iterator[int]:
        try:
            yield 1
        finally:
            seen.append(tg.is_recording())

    running: Any = careful()
    next(running)
    running.close()
    assert seen == [False]
    assert tg.is_recording()
    with pytest.raises(StopIteration):
        next(running)


def test_a_generator_that_was_never_started_can_be_closed() -> None:
    ran = []

    @bare
    def idle() -> Iterator[int]:
        ran.append(1)
        yield 1

    running: Any = idle()
    running.close()
    assert ran == []
    assert tg.is_recording()


def test_tensors_from_a_decorated_generator_have_no_history(w: tg.Tensor) -> None:
    @bare
    def batches() -> Iterator[tg.Tensor]:
        for i in range(3):
            yield w * i

    total = tg.zeros(2)
    for batch in batches():
        assert not batch.requires_grad
        total = total + batch * w
    total.sum().backward()
    assert w.grad is not None
    np.testing.assert_array_equal(w.grad.numpy(), [3.0, 6.0])


# Coroutines, tasks, contexts -------------------------------------------------------------------


def test_a_decorated_coroutine_runs_in_the_mode_across_its_awaits() -> None:
    @bare
    async def work() -> list[bool]:
        seen = [tg.is_recording()]
        await asyncio.sleep(0)
        seen.append(tg.is_recording())
        return seen

    async def main() -> tuple[list[bool], bool]:
        return await work(), tg.is_recording()

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(main()) == ([False, False], True)


def test_tasks_do_not_see_each_others_blocks() -> None:
    async def task(mode: Callable[[], Any], expected: bool) -> list[bool]:
        seen = []
        with mode(), tg.use_backend("numpy" if expected else "strict"):
            for _ in range(5):
                await asyncio.sleep(0)
                seen.append(tg.is_recording() is expected)
                seen.append(tg.current_backend().name == ("numpy" if expected else "strict"))
        return seen

    async def main() -> list[list[bool]]:
        return await asyncio.gather(
            *(task(tg.no_grad, False) for _ in range(3)),
            *(task(tg.enable_grad, True) for _ in range(3)),
        )

    assert all(all(seen) for seen in asyncio.run(main()))
    assert tg.is_recording()


def test_a_task_begins_with_the_mode_it_was_started_in() -> None:
    async def look() -> bool:
        return tg.is_recording()

    async def main() -> bool:
        with tg.no_grad():
            task = asyncio.create_task(look())
        return await task

    assert asyncio.run(main()) is False


def test_a_copied_context_goes_its_own_way() -> None:
    def change() -> bool:
        tg.no_grad().__enter__()
        return tg.is_recording()

    assert contextvars.copy_context().run(change) is False
    assert tg.is_recording()


# Bad uses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [tg.no_grad, tg.enable_grad])
@pytest.mark.parametrize("value", [5, "name", [1.0], np.zeros(2)])
def test_decorating_what_is_no_function_is_refused(mode: Any, value: Any) -> None:
    kind = type(value).__name__
    for decorate in (mode, mode()):
        with pytest.raises(tg.DTypeError, match=rf"decorate.* {kind}"):
            decorate(value)
    assert tg.is_recording()


def test_decorating_an_asynchronous_generator_is_refused() -> None:
    async def stream() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(tg.DTypeError, match=r"decorate an asynchronous generator.*'with'"):
        tg.no_grad(stream)


def test_a_block_without_brackets_is_an_error_and_changes_nothing() -> None:
    forgot: Any = tg.no_grad
    with pytest.raises(TypeError, match="context manager"), forgot:
        pass
    assert tg.is_recording()


def test_decorating_a_bad_value_with_a_backend_names_use_backend() -> None:
    bad: Any = 5
    with pytest.raises(tg.DTypeError, match="use_backend"):
        tg.use_backend("numpy")(bad)
