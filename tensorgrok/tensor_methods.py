"""Methods of ``Tensor`` that call the operation of the same name, first argument first.

They are here so that ``tensor`` can be read in one sitting; the operations say more about each.
Each looks its operation up in the table, because the operations stand on ``Tensor`` and not the
other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .engine import operations

if TYPE_CHECKING:
    import numpy.typing as npt

    from .tensor import Tensor

    Axes = int | tuple[int, ...]
    Axis = Axes | None


def _call(name: str, *args: Any, **kwargs: Any) -> Tensor:
    return cast("Tensor", operations[name](*args, **kwargs))


class Methods:
    """Mixin with the methods; it holds no state."""

    __slots__ = ()

    # Reductions -----------------------------------------------------------------------------------

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Sum over the axes given, all by default."""
        return _call("sum", self, axis, keepdims=keepdims)

    def prod(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Product over the axes given, all by default."""
        return _call("prod", self, axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Arithmetic mean over the axes given, all by default."""
        return _call("mean", self, axis, keepdims=keepdims)

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Largest element over the axes given, all by default."""
        return _call("max", self, axis, keepdims=keepdims)

    def min(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Smallest element over the axes given, all by default."""
        return _call("min", self, axis, keepdims=keepdims)

    def any(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Whether any element over the axes given, all by default, is True or nonzero."""
        return _call("any", self, axis, keepdims=keepdims)

    def all(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Whether all elements over the axes given, all by default, are True or nonzero."""
        return _call("all", self, axis, keepdims=keepdims)

    def var(self, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
        """Variance over the axes given, all by default."""
        return _call("var", self, axis, correction=correction, keepdims=keepdims)

    def std(self, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
        """Standard deviation over the axes given, all by default."""
        return _call("std", self, axis, correction=correction, keepdims=keepdims)

    def median(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Median over the axes given, all by default."""
        return _call("median", self, axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """Index of the first largest element along an axis, or in the flattened tensor."""
        return _call("argmax", self, axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """Index of the first smallest element along an axis, or in the flattened tensor."""
        return _call("argmin", self, axis, keepdims=keepdims)

    def logsumexp(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Logarithm of the sum of exponentials, without overflow."""
        return _call("logsumexp", self, axis, keepdims=keepdims)

    # Along an axis --------------------------------------------------------------------------------

    def softmax(self, axis: int = -1) -> Tensor:
        """Exponentials divided by their sum along an axis."""
        return _call("softmax", self, axis)

    def log_softmax(self, axis: int = -1) -> Tensor:
        """Logarithm of ``softmax``, without overflow."""
        return _call("log_softmax", self, axis)

    def cumulative_sum(self, axis: int | None = None) -> Tensor:
        """Sums of all elements up to each, along an axis."""
        return _call("cumulative_sum", self, axis)

    def cumulative_prod(self, axis: int | None = None) -> Tensor:
        """Products of all elements up to each, along an axis."""
        return _call("cumulative_prod", self, axis)

    def sort(self, axis: int = -1, *, descending: bool = False) -> Tensor:
        """The elements in order along an axis."""
        return _call("sort", self, axis, descending=descending)

    def argsort(self, axis: int = -1, *, descending: bool = False) -> Tensor:
        """Where the elements in order come from, along an axis."""
        return _call("argsort", self, axis, descending=descending)

    def take(self, indices: Any, axis: int | None = None) -> Tensor:
        """The slices with these numbers along an axis, or of the flattened tensor."""
        return _call("take", self, indices, axis)

    # Element by element ---------------------------------------------------------------------------

    def exp(self) -> Tensor:
        """Exponential of each element."""
        return _call("exp", self)

    def expm1(self) -> Tensor:
        """exp(x) - 1 of each element, exact also near 0."""
        return _call("expm1", self)

    def log(self) -> Tensor:
        """Natural logarithm of each element."""
        return _call("log", self)

    def log1p(self) -> Tensor:
        """log(1 + x) of each element, exact also near 0."""
        return _call("log1p", self)

    def log2(self) -> Tensor:
        """Logarithm to base 2 of each element."""
        return _call("log2", self)

    def log10(self) -> Tensor:
        """Logarithm to base 10 of each element."""
        return _call("log10", self)

    def sqrt(self) -> Tensor:
        """Square root of each element."""
        return _call("sqrt", self)

    def square(self) -> Tensor:
        """Square of each element."""
        return _call("square", self)

    def reciprocal(self) -> Tensor:
        """1 / x of each element."""
        return _call("reciprocal", self)

    def abs(self) -> Tensor:
        """Absolute value of each element."""
        return _call("abs", self)

    def sign(self) -> Tensor:
        """Sign of each element."""
        return _call("sign", self)

    def floor(self) -> Tensor:
        """Each element rounded down."""
        return _call("floor", self)

    def ceil(self) -> Tensor:
        """Each element rounded up."""
        return _call("ceil", self)

    def trunc(self) -> Tensor:
        """Each element rounded towards 0."""
        return _call("trunc", self)

    def round(self) -> Tensor:
        """Each element rounded to the nearest integer, halves to the even one."""
        return _call("round", self)

    def sin(self) -> Tensor:
        """Sine of each element, in radians."""
        return _call("sin", self)

    def cos(self) -> Tensor:
        """Cosine of each element, in radians."""
        return _call("cos", self)

    def tan(self) -> Tensor:
        """Tangent of each element, in radians."""
        return _call("tan", self)

    def asin(self) -> Tensor:
        """Angle in radians with this sine."""
        return _call("asin", self)

    def acos(self) -> Tensor:
        """Angle in radians with this cosine."""
        return _call("acos", self)

    def atan(self) -> Tensor:
        """Angle in radians with this tangent."""
        return _call("atan", self)

    def sinh(self) -> Tensor:
        """Hyperbolic sine of each element."""
        return _call("sinh", self)

    def cosh(self) -> Tensor:
        """Hyperbolic cosine of each element."""
        return _call("cosh", self)

    def tanh(self) -> Tensor:
        """Hyperbolic tangent of each element."""
        return _call("tanh", self)

    def asinh(self) -> Tensor:
        """Inverse hyperbolic sine of each element."""
        return _call("asinh", self)

    def acosh(self) -> Tensor:
        """Inverse hyperbolic cosine of each element."""
        return _call("acosh", self)

    def atanh(self) -> Tensor:
        """Inverse hyperbolic tangent of each element."""
        return _call("atanh", self)

    def erf(self) -> Tensor:
        """Error function of each element."""
        return _call("erf", self)

    def sigmoid(self) -> Tensor:
        """Logistic function of each element."""
        return _call("sigmoid", self)

    def relu(self) -> Tensor:
        """Each element where it is positive, and 0 elsewhere."""
        return _call("relu", self)

    def isnan(self) -> Tensor:
        """Whether each element is NaN."""
        return _call("isnan", self)

    def isinf(self) -> Tensor:
        """Whether each element is infinite."""
        return _call("isinf", self)

    def isfinite(self) -> Tensor:
        """Whether each element is neither infinite nor NaN."""
        return _call("isfinite", self)

    def conj(self) -> Tensor:
        """Complex conjugate of each element."""
        return _call("conj", self)

    def clip(
        self,
        min: Any = None,  # noqa: A002  # the standard's name
        max: Any = None,  # noqa: A002  # the standard's name
    ) -> Tensor:
        """Each element within bounds: numbers, tensors, or None for no bound."""
        return _call("clip", self, min, max)

    def astype(self, dtype: npt.DTypeLike) -> Tensor:
        """The elements cast to another dtype."""
        return _call("astype", self, dtype)

    @property
    def real(self) -> Tensor:
        """Real part of each element."""
        return _call("real", self)

    @property
    def imag(self) -> Tensor:
        """Imaginary part of each element."""
        return _call("imag", self)

    # Arrangement ----------------------------------------------------------------------------------

    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
        """The same elements in another shape; one length may be -1. Takes a tuple or integers."""
        return _call("reshape", self, shape[0] if len(shape) == 1 else shape)

    def flatten(self, start_axis: int = 0, end_axis: int = -1) -> Tensor:
        """The axes from the first to the last given, all by default, made one."""
        return _call("flatten", self, start_axis, end_axis)

    def permute_dims(self, *axes: int | tuple[int, ...]) -> Tensor:
        """The axes in another order. Takes a tuple or integers."""
        return _call("permute_dims", self, axes[0] if len(axes) == 1 else axes)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Two axes exchanged."""
        return _call("swapaxes", self, axis1, axis2)

    def moveaxis(self, source: Axes, destination: Axes) -> Tensor:
        """Axes moved to other places."""
        return _call("moveaxis", self, source, destination)

    def expand_dims(self, axis: Axes) -> Tensor:
        """New axes of length 1."""
        return _call("expand_dims", self, axis)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """Without axes of length 1: those given, or all."""
        return _call("squeeze", self, axis)

    def broadcast_to(self, shape: tuple[int, ...]) -> Tensor:
        """The tensor repeated along axes of length 1 and new leading axes."""
        return _call("broadcast_to", self, shape)

    def flip(self, axis: Axis = None) -> Tensor:
        """In reverse order along the axes given, all by default."""
        return _call("flip", self, axis)

    def roll(self, shift: int | tuple[int, ...], axis: Axis = None) -> Tensor:
        """Moved along axes; what leaves at the end comes in at the start."""
        return _call("roll", self, shift, axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        """Each element several times, along an axis or of the flattened tensor."""
        return _call("repeat", self, repeats, axis)

    def split(self, sections: int | tuple[int, ...], axis: int = 0) -> tuple[Tensor, ...]:
        """Cut into equal parts (an integer) or parts of the given lengths (a tuple)."""
        return cast("tuple[Tensor, ...]", operations["split"](self, sections, axis))

    def unstack(self, axis: int = 0) -> tuple[Tensor, ...]:
        """The slices along an axis, one tensor for each."""
        return cast("tuple[Tensor, ...]", operations["unstack"](self, axis))

    def tril(self, k: int = 0) -> Tensor:
        """The lower triangle, with zeros above diagonal ``k``."""
        return _call("tril", self, k)

    def triu(self, k: int = 0) -> Tensor:
        """The upper triangle, with zeros below diagonal ``k``."""
        return _call("triu", self, k)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The diagonal of each matrix."""
        return _call("diagonal", self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The sum along the diagonal of each matrix."""
        return _call("trace", self, offset, axis1, axis2)

    @property
    def T(self) -> Tensor:  # noqa: N802  # NumPy's name
        """All axes in reverse order."""
        return _call("transpose", self)

    @property
    def mT(self) -> Tensor:  # noqa: N802  # the standard's name
        """The last two axes exchanged: each matrix transposed."""
        return _call("matrix_transpose", self)
