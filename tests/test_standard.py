"""The table of operations on the Python array API standard alone, on a device that is not the host.

``standard_exclusions.toml`` lists the rows that cannot pass, with the reason and the error of each.
They have to fail, and with that error; a row that passes has to be taken out of the list.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorgrok as tg
from tensorgrok import registry
from tensorgrok.engine import primitives
from tests.cases import CASES, Case

pytest.importorskip(
    "array_api_strict", "2.5", "array-api-strict 2.5, which has the standard of 2025, is missing"
)

from tests.readers.standard import (
    DEVICE,
    DTYPES,
    FLAGS,
    StandardArray,
    StandardBackend,
    xp,
)

FILE = Path(__file__).with_name("standard_exclusions.toml")


@dataclass(frozen=True)
class Exclusion:
    """Rows that fail for one reason.

    Attributes:
        reason: what the standard lacks.
        error: what ``array_api_strict`` says, as a regular expression.
        values: rows without a value, and so without derivatives.
        derivatives: rows with a value, but without all derivatives to second order.
    """

    reason: str
    error: str
    values: Sequence[str] = ()
    derivatives: Sequence[str] = ()


EXCLUSIONS = [
    Exclusion(**table)
    for tables in tomllib.loads(FILE.read_text(encoding="utf-8")).values()
    for table in tables
]
NO_VALUE = {row: exclusion for exclusion in EXCLUSIONS for row in exclusion.values}
NO_DERIVATIVES = NO_VALUE | {row: excl for excl in EXCLUSIONS for row in excl.derivatives}

DIFFERENTIABLE = [
    case
    for case in CASES
    if primitives[case.name].pullbacks
    and any(array.dtype.kind in "fc" for array in case.inputs)
    and case.note != "to integers"
]


@pytest.fixture(autouse=True)
def standard(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandardBackend]:
    """Run each test on the stand-in, which is registered for as long."""
    monkeypatch.setattr(registry, "_factories", registry._factories.copy())
    monkeypatch.setattr(registry, "_made", registry._made.copy())
    tg.register_backend("standard", StandardBackend)
    with xp.ArrayAPIStrictFlags(**FLAGS), tg.use_backend("standard") as backend:
        assert isinstance(backend, StandardBackend)
        yield backend


def hold_to(exclusions: dict[str, Exclusion], case: Case, check: Callable[[Case], None]) -> None:
    """Check a row; one that is excluded must fail, and as its exclusion says."""
    excluded = exclusions.get(str(case))
    if excluded is None:
        check(case)
        return
    try:
        check(case)
    except Exception as error:
        if not re.search(excluded.error, str(origin(error))):
            raise
    else:
        pytest.fail(f"{case} passes; take it out of {FILE.name}, where it is: {excluded.reason}")
    pytest.xfail(excluded.reason)  # here, where no chain of errors costs time to print


def origin(error: BaseException) -> BaseException:
    """The first error of those that led to this one."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def parts(value: Any) -> tuple[Any, ...]:
    """One result or several, as a tuple."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def results_of(case: Case) -> tuple[tg.Tensor, ...]:
    inputs = [tg.Tensor(array, requires_grad=array.dtype.kind in "fc") for array in case.inputs]
    return parts(case.function(*inputs))


def check_value(case: Case) -> None:
    results = results_of(case)
    expected = parts(case.oracle(*case.inputs))
    assert len(results) == len(expected)
    for result, wanted in zip(results, map(np.asarray, expected), strict=True):
        assert isinstance(result.data, StandardArray)
        assert result.data.device == DEVICE
        assert result.shape == wanted.shape
        assert result.dtype == wanted.dtype
        if case.exact or wanted.dtype.kind not in "fc":
            np.testing.assert_array_equal(result.numpy(), wanted)
        else:
            np.testing.assert_allclose(result.numpy(), wanted, rtol=1e-12, atol=1e-14)


def check_derivatives(case: Case) -> None:
    assert any(out.requires_grad for out in results_of(case))
    assert tg.gradcheck(case.function, case.inputs, order=2)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value_and_dtype_agree_with_the_oracle(case: Case) -> None:
    hold_to(NO_VALUE, case, check_value)


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_derivatives_agree_with_finite_differences_to_second_order(case: Case) -> None:
    hold_to(NO_DERIVATIVES, case, check_derivatives)


# The exclusions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cases", "exclusions"),
    [(CASES, NO_VALUE), (DIFFERENTIABLE, NO_DERIVATIVES)],
    ids=["values", "derivatives"],
)
def test_four_fifths_of_the_table_are_not_excluded(
    cases: list[Case], exclusions: dict[str, Exclusion]
) -> None:
    held = sum(str(case) not in exclusions for case in cases)
    assert held >= 0.8 * len(cases), f"{held} of {len(cases)}"


def test_exclusions_name_rows_of_the_table_and_each_row_once() -> None:
    values = [row for exclusion in EXCLUSIONS for row in exclusion.values]
    derivatives = [row for exclusion in EXCLUSIONS for row in exclusion.derivatives]
    assert set(values) - {str(case) for case in CASES} == set()
    assert set(derivatives) - {str(case) for case in DIFFERENTIABLE} == set()
    listed = values + derivatives
    assert [row for row in listed if listed.count(row) > 1] == []


def test_a_row_that_is_excluded_and_passes_fails_the_run() -> None:
    case = next(case for case in CASES if case.name == "add")
    needless = Exclusion("no sums", "sum", values=[str(case)])
    with pytest.raises(pytest.fail.Exception, match=r"add-.* passes; take it out of .*: no sums"):
        hold_to({str(case): needless}, case, check_value)


# Host and devices ------------------------------------------------------------------------------


def on(device: Any) -> StandardArray:
    return StandardArray(xp.asarray([1.0, 2.0], device=device))


MEETINGS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "+": lambda module, x, other: x + other,
    "swapped +": lambda module, x, other: other + x,
    "==": lambda module, x, other: x == other,
    "@": lambda module, x, other: x @ other,
    "maximum": lambda module, x, other: module.maximum(x, other),
    "where": lambda module, x, other: module.where(x > 0, x, other),
    "concat": lambda module, x, other: module.concat([x, other], axis=0),
    "dot": lambda module, x, other: module.dot(x, other),
    "[]": lambda module, x, other: x[other > 1],
}
every_meeting = pytest.mark.parametrize("meeting", MEETINGS.values(), ids=list(MEETINGS))


@every_meeting
def test_an_array_of_the_host_is_refused(
    meeting: Callable[[Any, Any, Any], Any], standard: StandardBackend
) -> None:
    with pytest.raises(TypeError, match="host and device must not mix"):
        meeting(standard.module, on(DEVICE), np.array([1.0, 2.0]))


@every_meeting
@pytest.mark.parametrize("other", ["CPU_DEVICE", "device2"])
def test_an_array_of_another_device_is_refused(
    meeting: Callable[[Any, Any, Any], Any], other: str, standard: StandardBackend
) -> None:
    with pytest.raises(ValueError, match="device"):
        meeting(standard.module, on(DEVICE), on(xp.Device(other)))


@pytest.mark.parametrize("convert", [np.asarray, np.from_dlpack, np.exp, float, bool, list])
def test_nothing_leaves_the_device_unasked(convert: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, AttributeError)):
        convert(StandardArray(xp.asarray(1.0, device=DEVICE)))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_values_come_back_from_the_device_as_they_went(
    dtype: np.dtype[Any], standard: StandardBackend
) -> None:
    for there in (np.ones((2, 3), dtype), np.zeros((0, 2), dtype), np.asarray(1, dtype)):
        back = standard.to_numpy(standard.asarray(there))
        assert back.dtype == dtype
        np.testing.assert_array_equal(back, there, strict=True)


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda module: module.asarray(np.zeros(2, np.float16)), "float16"),
        (lambda module: module.zeros(2, dtype=np.float16), "float16"),
        (lambda module: module.zeros(2, dtype=np.int64) + module.zeros(2), "int64"),
        (lambda module: module.zeros(2, dtype=np.int64) * 0.5, "Python float scalars"),
        (lambda module: module.sum(module.zeros(2), where=True), "where"),
        (lambda module: module.tile, "vocabulary"),
    ],
)
def test_what_the_standard_refuses_stays_refused(
    use: Callable[[Any], Any], error: str, standard: StandardBackend
) -> None:
    with pytest.raises((TypeError, IndexError, AttributeError), match=error):
        use(standard.module)
