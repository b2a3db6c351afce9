"""Statistics of layers and targets: how much of one matrix a linear map finds in another.

Rows are examples, columns are units or components of the target; everything is centred, so no
statistic but ``root_mean_square`` changes when a constant is added to a column or a whole matrix is
multiplied by one. A statistic that is not defined, such as a correlation with a constant, is None.
Nothing is drawn: the same arrays give the same numbers.

This module stands on NumPy and ``errors`` alone; read ``correlation`` next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError

Matrix = npt.NDArray[np.float64]

#: Strengths of the ridge that a readout chooses from, relative to the variance of the layer.
STRENGTHS = (1e-6, 1e-4, 1e-2, 1.0, 1e2)
FOLDS = 5

#: With fewer rows the share that a readout explains says nothing.
LEAST_ROWS = 10


def enough_rows(rows: int, width: int) -> bool:
    """Whether R² of a readout from so many units means something.

    A linear map of ``width`` units and a constant fits ``width + 1`` rows exactly, whatever they
    are.

    >>> from tensorgrok.views.statistics import enough_rows
    >>> enough_rows(200, 64), enough_rows(200, 784)
    (True, False)
    """
    return rows >= LEAST_ROWS and rows > width + 1


# Readouts --------------------------------------------------------------------------------------


def readout(
    layer: Any, target: Any, held_out: tuple[Any, Any] | None = None
) -> tuple[float | None, float | None]:
    """R² of the best ridge readout from a layer to a target, on the given and on held-out rows.

    ``R² = 1 - |Y - Ŷ|² / |Y - ȳ|²``, all components of the target together and ``ȳ`` their means
    over the given rows: the squared multiple correlation. It is 1 where the target is a linear map
    of the layer, 0 where the mean does as well, and below 0 where the readout misleads.

    The given rows are scored out-of-fold: each fifth of them by the readout fitted to the other
    four, with the strength of ridge that does best so. Held-out rows are scored by the readout
    fitted to all given rows. So the readout's own overfitting is in neither, and where the first
    number is higher, the layer itself has come to know these rows.

    Source: linear probes of layers, Alain and Bengio, "Understanding intermediate layers using
    linear classifier probes", arXiv:1610.01644; theirs are classifiers, these regressions.

    Args:
        layer: (n, d), n at least 2.
        target: (n, k).
        held_out: a layer (m, d) and a target (m, k) of other rows.

    Returns:
        (given, held out); None for each target that does not vary, and without held-out rows.

    Raises:
        ShapeError: no matrices, or they do not fit.
        ArgumentError: NaN or infinite numbers, fewer than 2 rows.

    >>> x = np.arange(12.0)[:, None]
    >>> given, held_out = readout(x, 3 * x + 1, (x + 100, 3 * x + 301))
    >>> round(given, 6), round(held_out, 6)
    (1.0, 1.0)
    """
    x, y = pair("readout", layer, target)
    y, mean, unit = _centred(y)
    around = float((y**2).sum())
    if around == 0:
        return None, None
    missed = np.zeros(len(STRENGTHS))
    for fold in np.array_split(np.random.RandomState(0).permutation(len(x)), min(FOLDS, len(x))):
        rest = np.ones(len(x), dtype=bool)
        rest[fold] = False
        guesses = _predictions(x[rest], y[rest], x[fold], STRENGTHS)
        missed += [((y[fold] - guess) ** 2).sum() for guess in guesses]
    best = int(missed.argmin())
    given = 1 - float(missed[best]) / around
    if held_out is None:
        return given, None
    asked, wanted = pair("readout", *held_out)
    if asked.shape[1] != x.shape[1] or wanted.shape[1] != y.shape[1]:
        raise ShapeError(
            f"readout: the held-out rows have {asked.shape[1]} units and {wanted.shape[1]} "
            f"components of the target, the others {x.shape[1]} and {y.shape[1]}; give rows of "
            "the same layer and target"
        )
    wanted = _less(wanted, mean) / unit
    around = float((wanted**2).sum())
    if around == 0:
        return given, None
    (guess,) = _predictions(x, y, asked, STRENGTHS[best : best + 1])
    return given, 1 - float(((wanted - guess) ** 2).sum()) / around


def _predictions(
    x: Matrix, y: Matrix, asked: Matrix, strengths: tuple[float, ...]
) -> Iterator[Matrix]:
    """What the readouts of some strengths, fitted to ``x`` and ``y``, say of the rows ``asked``.

    They come from one eigendecomposition: of the covariance of the units, or, where there are fewer
    rows than units, of the products of rows (the kernel), which has the same eigenvalues.
    """
    centred, mean, unit = _centred(x)
    varied = (centred != 0).any(axis=0)
    centred, asked = centred[:, varied], (asked[:, varied] - mean[varied]) / unit
    middle = y.mean(axis=0)
    rows, width = centred.shape
    values, vectors = np.linalg.eigh(centred.T @ centred if width <= rows else centred @ centred.T)
    if width <= rows:
        seen, found = asked @ vectors, vectors.T @ (centred.T @ (y - middle))
    else:
        seen, found = asked @ centred.T @ vectors, vectors.T @ (y - middle)
    variance = values.sum() / rows
    for strength in strengths:
        yield seen @ (found / (values + strength * variance)[:, None]) + middle


# Alignment of kernels --------------------------------------------------------------------------


def unbiased_hsic(x: Any, y: Any) -> float:
    """Unbiased estimate of the dependence (HSIC) of two matrices, with linear kernels.

    With ``K = x xᵀ`` and ``L = y yᵀ``, zeros on their diagonals, it is::

        (tr(K L) + 1ᵀK1 · 1ᵀL1 / ((n - 1)(n - 2)) - 2 / (n - 2) · 1ᵀKL1) / (n (n - 3))

    whose mean over samples is 0 for independent rows, however wide the matrices are. Of centred
    ``x`` and ``y`` the rows of the full kernels sum to 0, so all that is left are the norm of
    ``xᵀy`` and the squared lengths of the rows, and no kernel need be made.

    Source: Song, Smola, Gretton, Bedo and Borgwardt, "Feature selection via dependence
    maximization", JMLR 13, 2012.

    Args:
        x, y: (n, d) and (n, k), n at least 4.

    Raises:
        ShapeError, ArgumentError: as for ``readout``; fewer than 4 rows.
    """
    x, y = pair("unbiased_hsic", x, y, least=4)
    (x, _, x_unit), (y, _, y_unit) = _centred(x), _centred(y)
    return _hsic(x, y) * x_unit**2 * y_unit**2


def _hsic(x: Matrix, y: Matrix) -> float:
    """``unbiased_hsic`` of matrices that are centred."""
    n = len(x)
    a, b = (x**2).sum(axis=1), (y**2).sum(axis=1)  # the diagonals of the kernels
    same = _squared_norm_of_product(x, y) - (1 + 2 / (n - 2)) * float(a @ b)
    return (same + float(a.sum() * b.sum()) / ((n - 1) * (n - 2))) / (n * (n - 3))


def debiased_cka(x: Any, y: Any) -> float | None:
    """Centred kernel alignment of a layer and a target, from unbiased estimates.

    ``HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y))``: how much of what varies in ``x`` is arranged as
    ``y`` is. Nothing is fitted. It is 1 for matrices that a rotation and a scale make equal, about
    0 for independent ones, where chance takes it below 0 as well.

    Sources: Kornblith, Norouzi, Lee and Hinton, "Similarity of neural network representations
    revisited", arXiv:1905.00414; the estimate is that of ``unbiased_hsic``.

    Args:
        x, y: (n, d) and (n, k).

    Returns:
        None where one of them does not vary, or of fewer than 4 rows.

    Raises:
        ShapeError, ArgumentError: as for ``readout``.

    >>> x = np.arange(12.0).reshape(6, 2) ** 2
    >>> round(debiased_cka(x, -2 * x[:, ::-1]), 6)
    1.0
    """
    x, y = pair("debiased_cka", x, y)
    if len(x) < 4:
        return None
    x, y = _centred(x)[0], _centred(y)[0]
    # Of a matrix with itself it is a sum of squares; what rounding leaves of 0 is no variance.
    own = [_hsic(z, z) for z in (x, y)]
    least = [1e-12 * float((z**2).sum() / len(z)) ** 2 for z in (x, y)]
    if own[0] <= least[0] or own[1] <= least[1]:
        return None
    return _hsic(x, y) / float(np.sqrt(own[0]) * np.sqrt(own[1]))


def biased_cka(x: Any, y: Any) -> float | None:
    """Centred kernel alignment as it is in these rows, between 0 and 1.

    ``|xᵀy|² / (|xᵀx| |yᵀy|)`` of centred matrices, norms of Frobenius. A wide layer of few rows
    looks aligned with anything by chance, so ``debiased_cka`` is the better estimate; this is a
    description of a handful of rows.

    Source: Kornblith, Norouzi, Lee and Hinton, arXiv:1905.00414.

    Args, result and errors: as for ``debiased_cka``, but 2 rows are enough.

    >>> x = np.array([[1.0], [2.0], [4.0]])
    >>> round(biased_cka(x, x ** 2), 3)
    0.98
    """
    x, y = pair("biased_cka", x, y)
    x, y = _centred(x)[0], _centred(y)[0]
    size = np.sqrt(_squared_norm_of_product(x, x)) * np.sqrt(_squared_norm_of_product(y, y))
    return None if size == 0 else _squared_norm_of_product(x, y) / float(size)


def best_correlation(x: Any, y: Any) -> float | None:
    """The largest ``|r|`` (Pearson's) of one column of ``x`` with one of ``y``; None if none vary.

    Raises:
        ShapeError, ArgumentError: as for ``readout``.

    >>> y = np.array([[6.0], [4.0], [2.0]])
    >>> round(best_correlation(np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 1.0]]), y), 6)
    1.0
    """
    x, y = pair("best_correlation", x, y)
    x, y = _centred(x)[0], _centred(y)[0]
    x, y = (z[:, (z != 0).any(axis=0)] for z in (x, y))
    if not x.size or not y.size:
        return None
    # Each column in units of its largest entry, or the squares of small ones would be 0.
    x, y = (z / np.abs(z).max(axis=0) for z in (x, y))
    x, y = (z / np.sqrt((z**2).sum(axis=0)) for z in (x, y))
    return min(1.0, float(np.abs(x.T @ y).max()))


# Demands and gradients -------------------------------------------------------------------------


def agreement(a: Any, b: Any) -> float | None:
    """Cosine of two gradients of the same shape: does a step along one go down the other too?

    Source: the cosine form of stiffness, Fort, Nowak, Jastrzebski and Narayanan, "Stiffness: a new
    perspective on generalization in neural networks", arXiv:1901.09491; there between examples,
    here between sets of them.

    Returns:
        From -1 to 1, or None where one of them is zero.

    Raises:
        ShapeError: the shapes differ.
        ArgumentError: NaN or infinite numbers.

    >>> agreement(np.array([1.0, 0.0]), np.array([-2.0, 0.0]))
    -1.0
    """
    a, b = (np.asarray(g, dtype=np.float64) for g in (a, b))
    if a.shape != b.shape:
        raise ShapeError(
            f"agreement: the gradients have shapes {a.shape} and {b.shape}; they must be equal"
        )
    check_finite("agreement", a, "the first gradient")
    check_finite("agreement", b, "the second gradient")
    sizes = [float(np.abs(g).max(initial=0)) for g in (a, b)]
    if 0 in sizes:
        return None
    a, b = a.ravel() / sizes[0], b.ravel() / sizes[1]
    return float(np.clip(a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b)), -1, 1))


def root_mean_square(demand: Any) -> float:
    """Root of the mean over rows of the squared length of a row.

    >>> root_mean_square(np.array([[3.0, 4.0], [0.0, 0.0]]))
    3.5355339059327378
    """
    found = matrix("root_mean_square", "demand", demand)
    size = float(np.abs(found).max(initial=0))
    return 0.0 if size == 0 else size * float(np.sqrt(((found / size) ** 2).sum() / len(found)))


def effective_rank(demand: Any) -> float | None:
    """In how many directions rows point: ``tr(C)² / tr(C²)`` with ``C = demandᵀ demand``.

    1 if all are multiples of one, d if d directions get equal shares (the participation ratio of
    the eigenvalues of C); None for zeros. Nothing is centred.

    >>> effective_rank(np.array([[1.0, 0.0], [0.0, 1.0]]))
    2.0
    """
    found = matrix("effective_rank", "demand", demand)
    size = float(np.abs(found).max(initial=0))
    if size == 0:
        return None
    found = found / size
    return float((found**2).sum()) ** 2 / _squared_norm_of_product(found, found)


def spread(target: Any) -> float:
    """Root of the summed variances of the columns: the standard deviation of a target.

    >>> spread(np.array([[1.0], [3.0]]))
    1.0
    """
    centred, _, unit = _centred(matrix("spread", "target", target))
    return unit * root_mean_square(centred)


# What they share -------------------------------------------------------------------------------


def matrix(name: str, argument: str, given: Any, least: int = 1) -> Matrix:
    """An argument as a matrix of double precision, checked."""
    found: Matrix = np.asarray(given, dtype=np.float64)
    if found.ndim != 2:
        raise ShapeError(
            f"{name}: {argument} has shape {found.shape}; give a matrix, one row for each example"
        )
    if len(found) < least:
        raise ArgumentError(f"{name}: {argument} has {len(found)} rows; it takes at least {least}")
    check_finite(name, found, argument)
    return found


def pair(name: str, x: Any, y: Any, least: int = 2) -> tuple[Matrix, Matrix]:
    """Two arguments as matrices of equally many rows."""
    found = matrix(name, "the first matrix", x, least), matrix(name, "the second matrix", y, least)
    if len(found[0]) != len(found[1]):
        raise ShapeError(
            f"{name}: the matrices have {len(found[0])} and {len(found[1])} rows; each example "
            "needs a row in both"
        )
    return found


def check_finite(name: str, values: npt.NDArray[Any], what: str) -> None:
    """Refuse NaN and infinity, which every sum would turn into NaN, and count them."""
    wrong = int(values.size - np.isfinite(values).sum())
    if wrong:
        raise ArgumentError(
            f"{name}: {what} has {wrong:,} of {values.size:,} numbers that are NaN or infinite; "
            "correlations need finite ones"
        )


def _centred(x: Matrix) -> tuple[Matrix, Matrix, float]:
    """Rows less their mean, in units of the largest entry; that mean, and that unit."""
    mean = x.mean(axis=0)
    centred = _less(x, mean)
    unit = float(np.abs(centred).max(initial=0)) or 1.0
    return centred / unit, mean, unit


def _less(x: Matrix, mean: Matrix) -> Matrix:
    """Rows less a mean; columns that differ from it by no more than rounding are exactly 0."""
    left = x - mean
    largest = np.abs(left).max(axis=0, initial=0)
    left[:, largest <= 8 * np.finfo(float).eps * np.abs(x).max(axis=0, initial=0)] = 0
    return left


def _squared_norm_of_product(x: Matrix, y: Matrix) -> float:
    """``|xᵀy|²`` (Frobenius), by way of the products of columns or of rows, whichever are fewer."""
    if x.shape[1] * y.shape[1] <= len(x) ** 2:
        return float(((x.T @ y) ** 2).sum())
    return float(((x @ x.T) * (y @ y.T)).sum())
