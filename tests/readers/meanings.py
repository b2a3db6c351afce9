r"""What the functions in printed formulas mean, in NumPy and nothing else.

The evaluator next door calls these; neither knows the library that printed the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Value = Any


class EvaluationError(Exception):
    """The formula says something that the evaluator does not know."""


class OneHot:
    """Rows with a 1 at a label, which are as wide as what they meet."""

    def __init__(self, labels: Value) -> None:
        self.labels = np.asarray(labels)

    def wide(self, classes: int) -> Value:
        return np.eye(classes)[self.labels]


def met(a: Value, b: Value) -> tuple[Value, Value]:
    """Two operands, of which the one may say how wide the other is."""
    if isinstance(a, OneHot) and not isinstance(b, OneHot):
        a = a.wide(np.shape(b)[-1])
    if isinstance(b, OneHot) and not isinstance(a, OneHot):
        b = b.wide(np.shape(a)[-1])
    if isinstance(a, OneHot | Ones) or isinstance(b, Ones):
        raise EvaluationError("nothing says how long a vector of ones is")
    return a, b


# Products -----------------------------------------------------------------------------------------


class Ones:
    """The vector of ones, or its transpose, as long as it has to be."""

    def __init__(self, lying: bool) -> None:
        self.lying = lying


class Indexed:
    """Factors with letters as indices, and the letters that are summed over."""

    def __init__(self, factors: list[tuple[Value, str]], summed: str = "") -> None:
        self.factors, self.summed = factors, summed

    def result(self, letters: str) -> Value:
        written = ",".join(one for _, one in self.factors) + "->" + letters
        left = set(written.split("->")[0]) - set(letters) - set(".,")
        if left != set(self.summed):
            raise EvaluationError(f"sum over {self.summed!r}, but {sorted(left)} are left over")
        return np.einsum(written, *(value for value, _ in self.factors))


def _lying(value: Value) -> bool | None:
    return value.lying if isinstance(value, Ones) else None


def transposed(value: Value) -> Value:
    if isinstance(value, Ones):
        return Ones(not value.lying)
    if isinstance(value, OneHot):
        raise EvaluationError("nothing says how long a transposed one-hot matrix is")
    return value if np.ndim(value) < 2 else np.swapaxes(value, -1, -2)


def multiplied(factors: list[tuple[Value, bool]]) -> Value:
    """The product of factors from left to right."""
    if len(factors) > 2 and [_lying(value) for value, _ in factors[-2:]] == [False, True]:
        whole = multiplied(factors[:-2])
        return np.broadcast_to(np.sum(whole, axis=-1, keepdims=True), np.shape(whole))
    (value, lying), *rest = factors
    for factor, turned in rest:
        value, lying = _times(value, factor, lying, turned), False
    return value


def _times(a: Value, b: Value, lying: bool, turned: bool) -> Value:
    if isinstance(a, Ones) and a.lying and not isinstance(b, Ones):
        return np.sum(b, axis=0)
    if isinstance(b, Ones) and not b.lying and not isinstance(a, Ones):
        return np.sum(a, axis=-1, keepdims=True)
    if isinstance(a, Ones) or isinstance(b, Ones):
        raise EvaluationError("nothing says how long a vector of ones is")
    if isinstance(a, OneHot):
        a = a.wide(np.shape(b)[-2] if np.ndim(b) > 1 else np.size(b))
    if isinstance(b, OneHot):
        raise EvaluationError("nothing says how wide a one-hot matrix on the right is")
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(a) == np.ndim(b) == 1 and (lying or turned):
        return np.outer(a, b)
    return np.matmul(a, b)


# Elementwise -------------------------------------------------------------------------------------


def sigmoid(x: Value) -> Value:
    return np.exp(-np.logaddexp(0, -np.asarray(x, float)))


def softplus(x: Value) -> Value:
    return np.logaddexp(0, x)


def erf(x: Value) -> Value:
    return np.vectorize(math.erf, otypes=[float])(x)


def leaky_relu(x: Value, slope: Value = 0.01) -> Value:
    return np.where(np.asarray(x) > 0, x, np.multiply(slope, x))


def hardtanh(x: Value, bounds: Value = (-1, 1)) -> Value:
    return np.clip(x, *bounds)


def elu(x: Value, alpha: Value = 1) -> Value:
    return np.where(np.asarray(x) > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def gelu(x: Value, how: str = "") -> Value:
    x = np.asarray(x, float)
    if how:
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + erf(x / math.sqrt(2)))


def huber(difference: Value, delta: Value = 1) -> Value:
    size = np.abs(difference)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))


def binary_cross_entropy(p: Value, target: Value, *, weight: Value = 1) -> Value:
    return -weight * target * np.log(p) - (1 - target) * np.log1p(-p)


ELEMENTWISE: dict[str, Callable[..., Value]] = {
    "relu": lambda x: np.maximum(x, 0),
    "softplus": softplus,
    "sigma": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "leaky_relu": leaky_relu, "hardtanh": hardtanh, "elu": elu, "gelu": gelu, "huber": huber,
    "erf": erf, "expm1": np.expm1, "exp": np.exp, "log": np.log,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "arcsin": np.arcsin, "arccos": np.arccos,
    "arctan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "arsinh": np.arcsinh,
    "arcosh": np.arccosh, "artanh": np.arctanh, "atan2": np.arctan2,
    "trunc": np.trunc, "sign": np.sign, "arg": np.angle, "Re": np.real, "Im": np.imag,
    "isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite, "nan_to_num": np.nan_to_num,
    "where": lambda condition, a, b: np.where(np.asarray(condition) != 0, a, b),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "bce": binary_cross_entropy,
}  # fmt: skip


# Along axes --------------------------------------------------------------------------------------


def log_sum_exp(x: Value, axis: Value = None, keepdims: bool = False) -> Value:
    most = np.max(x, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - most), axis=axis, keepdims=True)) + most
    return total if keepdims else np.squeeze(total, axis=axis)


def softmax(x: Value, axis: Value = -1) -> Value:
    return np.exp(x - log_sum_exp(x, axis, keepdims=True))


def _flat(function: Callable[..., Value], x: Value, axis: Value) -> Value:
    return function(x, axis=axis) if axis is not None else function(np.ravel(x), axis=0)


#: What is written as an operator in front of its operand: ``(x, axis, keepdims) -> value``; an axis
#: of None is what stands there when no axis is written.
OPERATORS: dict[str, Callable[[Value, Value, bool], Value]] = {
    "sum": lambda x, axis, keep: np.sum(x, axis=axis, keepdims=keep),
    "prod": lambda x, axis, keep: np.prod(x, axis=axis, keepdims=keep),
    "mean": lambda x, axis, keep: np.mean(x, axis=axis, keepdims=keep),
    "max": lambda x, axis, keep: np.max(x, axis=axis, keepdims=keep),
    "min": lambda x, axis, keep: np.min(x, axis=axis, keepdims=keep),
    "var": lambda x, axis, keep: np.var(x, axis=axis, keepdims=keep),
    "std": lambda x, axis, keep: np.std(x, axis=axis, keepdims=keep),
    "median": lambda x, axis, keep: np.median(x, axis=axis, keepdims=keep),
    "nnz": lambda x, axis, keep: np.count_nonzero(x, axis=axis, keepdims=keep),
    "exists": lambda x, axis, keep: np.any(x, axis=axis, keepdims=keep),
    "forall": lambda x, axis, keep: np.all(x, axis=axis, keepdims=keep),
    "argmax": lambda x, axis, keep: np.argmax(x, axis=axis, keepdims=keep),
    "argmin": lambda x, axis, keep: np.argmin(x, axis=axis, keepdims=keep),
    "logsumexp": log_sum_exp,
    "cumsum": lambda x, axis, keep: _flat(np.cumsum, x, axis),
    "cumprod": lambda x, axis, keep: _flat(np.cumprod, x, axis),
    "sort": lambda x, axis, keep: np.sort(x, axis=-1 if axis is None else axis),
    "argsort": lambda x, axis, keep: np.argsort(x, -1 if axis is None else axis, kind="stable"),
}  # fmt: skip


# Calls with settings as subscripts ---------------------------------------------------------------


def cross_entropy(logits: Value, labels: Value, smoothing: Value = None) -> Value:
    """The mean over rows; where smoothing is written, the loss of each row."""
    logits, classes = np.asarray(logits, float), np.shape(logits)[-1]
    target = OneHot(labels).wide(classes)
    if smoothing is not None:
        target = (1 - smoothing) * target + smoothing / classes
    rows = -np.sum(target * (logits - log_sum_exp(logits, -1, keepdims=True)), axis=-1)
    return np.mean(rows) if smoothing is None else rows


def roll(x: Value, shift: Value, axis: Value = None) -> Value:
    return np.roll(x, shift, axis)


def diagonal(x: Value, *settings: Value) -> Value:
    """Of a vector the matrix with that diagonal, of more the diagonal."""
    if np.ndim(x) == 1:
        return np.diag(x, *settings)
    return np.diagonal(x, **_diagonal_settings(settings))


def _diagonal_settings(settings: tuple[Value, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for setting in settings:
        if isinstance(setting, tuple):
            found |= {"axis1": setting[0], "axis2": setting[1]}
        else:
            found["offset"] = setting
    return found


def changed(name: str, table: Value, values: Value, *, key: Value) -> Value:
    """A table with values added to, or set at, some of its places."""
    result = np.array(table)
    if name == "set":
        result[key] = values
    else:
        np.add.at(result, key, values)
    return result


def padded(x: Value, width: Value, *settings: str) -> Value:
    """Padding: with a number, or as a mode says."""
    modes = [setting.strip() for setting in settings if setting.strip().isalpha()]
    numbers = [float(setting) for setting in settings if setting and not setting.strip().isalpha()]
    if modes:
        mode: Any = modes[0]  # one of many literals
        return np.pad(x, width, mode)
    return np.pad(x, width, constant_values=numbers[0] if numbers else 0)


def arange(start: Value, stop: Value, step: Value, dtype: Value) -> Value:
    start, stop = (0, start) if stop is None else (start, stop)
    return start + step * np.arange(max(0, math.ceil((stop - start) / step)), dtype=dtype)


#: Calls whose subscripts come after their arguments.
SETTLED: Mapping[str, Callable[..., Value]] = {
    "softmax": softmax,
    "cross_entropy": cross_entropy,
    "roll": roll,
    "flip": lambda x, axis=None: np.flip(x, axis),
    "permute": lambda x, axes: np.transpose(x, axes),
    "take": lambda x, indices, axis=None: np.take(x, indices, axis),
    "take_along_axis": lambda x, indices, axis=-1: np.take_along_axis(x, indices, axis),
    "repeat": lambda x, repeats, axis=None: np.repeat(x, repeats, axis),
    "tile": lambda x, repetitions: np.tile(x, repetitions),
    "tril": lambda x, k=0: np.tril(x, k),
    "triu": lambda x, k=0: np.triu(x, k),
    "diag": diagonal,
    "tr": lambda x, *settings: np.trace(np.asarray(x), **_diagonal_settings(settings)),
    "tensordot": lambda a, b, axes: np.tensordot(a, b, axes),
    "arange": arange,
}  # fmt: skip
