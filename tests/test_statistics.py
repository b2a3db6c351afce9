"""The statistics behind the correlation summary, against formulas written out and worked cases."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tensorgrok as tg
from tensorgrok.views import statistics
from tensorgrok.views.statistics import (
    STRENGTHS,
    agreement,
    best_correlation,
    biased_cka,
    debiased_cka,
    effective_rank,
    enough_rows,
    readout,
    root_mean_square,
    spread,
    unbiased_hsic,
)

Matrix = npt.NDArray[np.float64]


def draws(seed: int, *shape: int) -> Matrix:
    return np.random.RandomState(seed).standard_normal(shape)


def related(seed: int, rows: int, width: int, noise: float) -> tuple[Matrix, Matrix]:
    """A layer, and a target of two columns that is linear in it but for noise."""
    x = draws(seed, rows, width) * np.arange(1, width + 1) + 5
    weights = draws(seed + 1, width, 2)
    return x, x @ weights + noise * draws(seed + 2, rows, 2) - 3


# Readouts ----------------------------------------------------------------------------------------


def ridge(x: Matrix, y: Matrix, strength: float, asked: Matrix) -> Matrix:
    """A ridge regression with intercept, by the normal equations."""
    mean_x, mean_y = x.mean(0), y.mean(0)
    xc, yc = x - mean_x, y - mean_y
    penalty = strength * (xc**2).sum() / len(x) * np.eye(x.shape[1])
    weights: Matrix = np.linalg.solve(xc.T @ xc + penalty, xc.T @ yc)
    guess: Matrix = (asked - mean_x) @ weights + mean_y
    return guess


def r2(y: Matrix, guess: Matrix, mean: Matrix) -> float:
    return float(1 - ((y - guess) ** 2).sum() / ((y - mean) ** 2).sum())


def oracle(x: Matrix, y: Matrix, xh: Matrix, yh: Matrix) -> tuple[float, float]:
    """Five folds, each strength tried in turn."""
    folds = np.array_split(np.random.RandomState(0).permutation(len(x)), 5)
    scores = []
    for strength in STRENGTHS:
        guess = np.empty_like(y)
        for fold in folds:
            rest = np.setdiff1d(np.arange(len(x)), fold)
            guess[fold] = ridge(x[rest], y[rest], strength, x[fold])
        scores.append(r2(y, guess, y.mean(0)))
    best = STRENGTHS[int(np.argmax(scores))]
    return max(scores), r2(yh, ridge(x, y, best, xh), y.mean(0))


@pytest.mark.parametrize("noise", [0.1, 10.0, 100.0])
@pytest.mark.parametrize(("rows", "width"), [(40, 3), (60, 50), (30, 30), (20, 70)])
def test_readout_is_ridge_regression_by_folds(rows: int, width: int, noise: float) -> None:
    x, y = related(1, rows + 25, width, noise)
    x, xh, y, yh = x[:rows], x[rows:], y[:rows], y[rows:]
    assert readout(x, y, (xh, yh)) == pytest.approx(oracle(x, y, xh, yh), rel=1e-7, abs=1e-9)


def test_the_kernel_form_gives_what_the_other_gives() -> None:
    """Columns of zeros take a layer from more rows than units to fewer, and change nothing."""
    x, y = related(3, 30, 10, 5.0)
    found = list(statistics._predictions(x, y, x, STRENGTHS))
    turned = np.linalg.qr(draws(4, 90, 90))[0][:10]  # the same rows in a wider space
    wide = list(statistics._predictions(x @ turned, y, x @ turned, STRENGTHS))
    for narrow_form, kernel_form in zip(found, wide, strict=True):
        np.testing.assert_allclose(kernel_form, narrow_form, rtol=1e-7, atol=1e-7)


def test_readout_of_a_linear_target_is_perfect_and_of_noise_none() -> None:
    x, y = related(1, 200, 8, 0.0)
    assert readout(x[:100], y[:100], (x[100:], y[100:])) == pytest.approx((1, 1), abs=1e-4)
    given, held_out = readout(x[:100], draws(9, 100, 1), (x[100:], draws(10, 100, 1)))
    assert given is not None
    assert held_out is not None
    assert -0.15 < given < 0.05
    assert -0.15 < held_out < 0.05


def test_out_of_fold_a_wide_readout_does_not_praise_itself() -> None:
    """In-sample 80 units explain any 60 rows exactly; out-of-fold they explain nothing of noise."""
    x, y = draws(1, 60, 80), draws(2, 60, 1)
    fitted = r2(y, ridge(x, y, 1e-9, x), y.mean(0))
    assert fitted > 0.999
    given, _ = readout(x, y)
    assert given is not None
    assert given < 0.1


@pytest.mark.parametrize("factor", [1e-150, 1e-9, 1e9, 1e150])
def test_units_do_not_matter(factor: float) -> None:
    x, y = related(1, 50, 6, 3.0)
    plain = readout(x[:30], y[:30], (x[30:], y[30:]))
    x, y = x * factor, y / factor
    assert readout(x[:30], y[:30], (x[30:], y[30:])) == pytest.approx(plain, rel=1e-6)
    x, y = related(1, 50, 6, 3.0)
    for measure in (debiased_cka, biased_cka, best_correlation):
        assert measure(x * factor, y / factor) == pytest.approx(measure(x, y), rel=1e-9)
    assert effective_rank(x * factor) == pytest.approx(effective_rank(x), rel=1e-9)
    assert root_mean_square(x * factor) == pytest.approx(factor * root_mean_square(x), rel=1e-9)
    assert spread(x * factor) == pytest.approx(factor * spread(x), rel=1e-9)
    assert agreement(x * factor, -x) == pytest.approx(-1)


def test_a_constant_target_has_no_r2() -> None:
    x = draws(1, 20, 3)
    constant = np.full((20, 2), 0.1)  # 0.1 has no exact mean: rounding is no variance
    assert readout(x, constant, (x, draws(2, 20, 2))) == (None, None)
    given, held_out = readout(x, draws(2, 20, 2) + 0.1, (x, np.tile(0.7, (20, 2))))
    assert given is not None
    assert held_out is not None  # the held-out rows are constant, but not at the known mean
    y = np.array([[0.1], [0.3]] * 10)
    assert readout(x, y, (x, np.full((20, 1), 0.2)))[1] is None


def test_a_constant_column_and_a_constant_layer() -> None:
    x, y = related(1, 60, 4, 1.0)
    beside = np.hstack([x, np.full((60, 3), 0.1)])
    assert readout(beside[:40], y[:40], (beside[40:], y[40:])) == pytest.approx(
        readout(x[:40], y[:40], (x[40:], y[40:])), rel=1e-9
    )
    assert debiased_cka(beside, y) == pytest.approx(debiased_cka(x, y))
    flat = np.full((60, 4), 0.1)
    given, held_out = readout(flat[:40], y[:40], (flat[40:], y[40:]))
    folds = np.array_split(np.random.RandomState(0).permutation(40), 5)
    guess = np.empty((40, 2))
    for fold in folds:  # all it can say is the mean, and that of four fifths is a little off
        guess[fold] = y[np.setdiff1d(np.arange(40), fold)].mean(0)
    assert given == pytest.approx(r2(y[:40], guess, y[:40].mean(0)))
    mean = y[:40].mean(0)
    assert held_out == pytest.approx(r2(y[40:], np.tile(mean, (20, 1)), mean)) == 0
    assert debiased_cka(flat, y) is biased_cka(flat, y) is best_correlation(flat, y) is None


def test_enough_rows_is_ten_and_more_than_the_width_and_one() -> None:
    assert [n for n in range(8, 13) if enough_rows(n, 1)] == [10, 11, 12]
    assert [n for n in range(60, 70) if enough_rows(n, 64)] == [66, 67, 68, 69]


def test_the_same_arrays_give_the_same_numbers_and_draw_nothing() -> None:
    x, y = related(1, 50, 6, 3.0)
    np.random.seed(7)
    before = np.random.get_state()[1].copy()  # type: ignore[index]  # the words of the legacy state
    assert readout(x, y) == readout(x.copy(), y.copy())
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]


# Alignment ---------------------------------------------------------------------------------------


def hsic_by_kernels(x: Matrix, y: Matrix) -> float:
    """The unbiased estimate of Song et al. (2012), term by term."""
    n, ones = len(x), np.ones(len(x))
    k, kk = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0)
    np.fill_diagonal(kk, 0)
    found = np.trace(k @ kk)
    found += (ones @ k @ ones) * (ones @ kk @ ones) / ((n - 1) * (n - 2))
    found -= 2 / (n - 2) * (ones @ k @ kk @ ones)
    return float(found / (n * (n - 3)))


def hsic_by_quadruples(x: Matrix, y: Matrix) -> float:
    """What it estimates: the mean of k(a, b) (l(a, b) + l(c, d) - 2 l(a, c)) over any four rows."""
    k, kk = x @ x.T, y @ y.T
    terms = [
        k[a, b] * (kk[a, b] + kk[c, d] - 2 * kk[a, c])
        for a, b, c, d in itertools.permutations(range(len(x)), 4)
    ]
    return float(np.mean(terms))


@pytest.mark.parametrize(("rows", "width"), [(4, 1), (9, 3), (30, 5), (12, 40)])
def test_hsic_without_kernels_is_the_published_formula(rows: int, width: int) -> None:
    x, y = draws(1, rows, width) + 7, draws(2, rows, 2) - 1
    assert unbiased_hsic(x, y) == pytest.approx(hsic_by_kernels(x, y), rel=1e-8, abs=1e-9)
    assert unbiased_hsic(x, x) == pytest.approx(hsic_by_kernels(x, x), rel=1e-8)


def test_hsic_is_the_mean_over_four_rows() -> None:
    x, y = draws(1, 7, 3), draws(2, 7, 2)
    assert unbiased_hsic(x, y) == pytest.approx(hsic_by_quadruples(x, y), rel=1e-9)


def test_hsic_of_independent_rows_is_zero_on_average_where_biased_cka_is_not() -> None:
    pairs = [(draws(2 * i, 20, 50), draws(2 * i + 1, 20, 3)) for i in range(300)]
    found = [debiased_cka(x, y) for x, y in pairs]
    assert None not in found
    values = np.array(found, dtype=float)
    assert abs(values.mean()) < 4 * values.std() / np.sqrt(len(values))
    assert np.mean([biased_cka(x, y) for x, y in pairs]) > 0.3


def test_cka_knows_no_rotation_scale_or_shift() -> None:
    x, y = related(1, 40, 5, 2.0)
    turned = 3 * x @ np.linalg.qr(draws(5, 5, 5))[0] - 8
    for measure in (debiased_cka, biased_cka):
        assert measure(turned, y) == pytest.approx(measure(x, y))
        assert measure(turned, x) == pytest.approx(1)
        assert measure(x, y) == pytest.approx(measure(y, x))


def test_cka_of_both_kinds_by_hand() -> None:
    x, y = np.array([[1.0], [-1.0], [1.0], [-1.0]]), np.array([[1.0], [1.0], [-1.0], [-1.0]])
    assert biased_cka(x, y) == 0  # x and y are orthogonal
    assert best_correlation(x, y) == 0
    # With n = 4: tr(KL) = 0 - 4, 1'K1 = 1'L1 = -4, 1'KL1 = 4, so (-4 + 16/6 - 4) / 4.
    assert unbiased_hsic(x, y) == pytest.approx((-4 + 16 / 6 - 4) / 4)
    assert biased_cka(np.hstack([x, y]), y) == pytest.approx(1 / np.sqrt(2))


def test_one_row_apart_from_all_others_has_no_unbiased_estimate() -> None:
    """It varies, but no two rows are alike in a way that the others are not."""
    for seed in range(20):  # what rounding leaves of 0 may be above it or below
        x, y = np.zeros((7, 2)), draws(seed, 7, 3)
        x[2] = draws(seed + 1, 2)
        assert hsic_by_kernels(x, x) == 0
        assert debiased_cka(x, y) is debiased_cka(y, x) is None
        assert biased_cka(x, y) is not None


def test_three_rows_have_no_unbiased_estimate() -> None:
    x = draws(1, 3, 2)
    assert debiased_cka(x, x) is None
    assert biased_cka(x, x) == pytest.approx(1)


@pytest.mark.parametrize(("x_width", "y_width"), [(3, 2), (50, 2), (50, 60), (1, 100)])
def test_norms_of_products_by_columns_and_by_rows(x_width: int, y_width: int) -> None:
    x, y = draws(1, 9, x_width), draws(2, 9, y_width)
    oracle = np.linalg.norm(x.T @ y) ** 2
    assert statistics._squared_norm_of_product(x, y) == pytest.approx(oracle)


def test_best_correlation_is_the_largest_of_pearsons() -> None:
    x, y = related(1, 15, 4, 20.0)
    pairs = [np.corrcoef(x[:, i], y[:, j])[0, 1] for i in range(4) for j in range(2)]
    assert best_correlation(x, y) == pytest.approx(max(abs(r) for r in pairs))
    small = x * [1e-170, 1, 1, 1]  # one unit in other units: its squares would be 0
    assert best_correlation(small, y) == pytest.approx(best_correlation(x, y))


# Demands -----------------------------------------------------------------------------------------


def test_agreement_is_the_cosine() -> None:
    a, b = draws(1, 3, 4), draws(2, 3, 4)
    by_hand = (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
    assert agreement(a, b) == pytest.approx(by_hand)
    assert agreement(a, a) == 1
    assert agreement(a, 0 * a) is None
    with pytest.raises(tg.ShapeError, match=r"agreement: the gradients have shapes \(3, 4\) and"):
        agreement(a, b.T)


def test_effective_rank_counts_directions() -> None:
    assert effective_rank(np.eye(5)) == pytest.approx(5)
    assert effective_rank(np.outer(draws(1, 6), draws(2, 9))) == pytest.approx(1)
    assert effective_rank(np.diag([1.0, 2.0])) == pytest.approx((1 + 4) ** 2 / (1 + 16))
    assert effective_rank(np.zeros((3, 2))) is None
    x = draws(1, 20, 4)
    values = np.linalg.eigvalsh(x.T @ x / 20)
    assert effective_rank(x) == pytest.approx(values.sum() ** 2 / (values**2).sum())


def test_sizes_by_hand() -> None:
    assert root_mean_square(np.array([[3.0, 4.0], [0, 0], [0, 5], [5, 0]])) == pytest.approx(
        np.sqrt(75 / 4)
    )
    assert root_mean_square(np.zeros((2, 2))) == 0
    assert spread(np.array([[1.0, 7.0], [3.0, 7.0]])) == 1
    assert spread(np.full((5, 2), 0.1)) == 0


# Refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("measure", [readout, debiased_cka, biased_cka, best_correlation])
def test_nan_and_infinity_are_refused_and_counted(measure: Any, value: float) -> None:
    x, y = draws(1, 10, 2), draws(2, 10, 1)
    x[3, 1] = value
    text = f"{measure.__name__}: the first matrix has 1 of 20 numbers that are NaN or infinite"
    with pytest.raises(tg.ArgumentError, match=text):
        measure(x, y)
    with pytest.raises(tg.ArgumentError, match="the second matrix has 1 of 20"):
        measure(y, x)
    with pytest.raises(tg.ArgumentError, match="agreement: the second gradient has 1 of 20"):
        agreement(np.ones_like(x), x)


def test_shapes_that_do_not_fit_are_refused() -> None:
    x, y = draws(1, 10, 2), draws(2, 9, 1)
    with pytest.raises(tg.ShapeError, match="readout: the matrices have 10 and 9 rows; each"):
        readout(x, y)
    with pytest.raises(tg.ShapeError, match=r"has shape \(10,\); give a matrix, one row for each"):
        biased_cka(x[:, 0], x)
    with pytest.raises(tg.ArgumentError, match="the first matrix has 1 rows; it takes at least 2"):
        readout(x[:1], x[:1])
    with pytest.raises(
        tg.ArgumentError, match=r"unbiased_hsic: .* has 3 rows; it takes at least 4"
    ):
        unbiased_hsic(x[:3], x[:3])
    with pytest.raises(tg.ShapeError, match="the held-out rows have 1 units and 2 components of"):
        readout(x, x, (x[:, :1], x))
