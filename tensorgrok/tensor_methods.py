"""Methods of ``Tensor`` that call the operation of the same name, first argument first.

They are here so that ``tensor`` can be read in one sitting. Each looks its operation up in the
table, because the operations stand on ``Tensor`` and not the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .engine import operations

if TYPE_CHECKING:
    import numpy.typing as npt

    from .tensor import Tensor

    Axis = int | tuple[int, ...] | None


def _call(name: str, *args: Any, **kwargs: Any) -> Tensor:
    return cast("Tensor", operations[name](*args, **kwargs))


class Methods:
    """Mixin with the methods; it holds no state."""

    __slots__ = ()

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Sum over the axes given, all by default."""
        return _call("sum", self, axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Arithmetic mean over the axes given, all by default."""
        return _call("mean", self, axis, keepdims=keepdims)

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Largest element over the axes given, all by default."""
        return _call("max", self, axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """Index of the first largest element along an axis, or in the flattened tensor."""
        return _call("argmax", self, axis, keepdims=keepdims)

    def logsumexp(self, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
        """Logarithm of the sum of exponentials, without overflow."""
        return _call("logsumexp", self, axis, keepdims=keepdims)

    def exp(self) -> Tensor:
        """Exponential of each element."""
        return _call("exp", self)

    def log(self) -> Tensor:
        """Natural logarithm of each element."""
        return _call("log", self)

    def sqrt(self) -> Tensor:
        """Square root of each element."""
        return _call("sqrt", self)

    def abs(self) -> Tensor:
        """Absolute value of each element."""
        return _call("abs", self)

    def sin(self) -> Tensor:
        """Sine of each element, in radians."""
        return _call("sin", self)

    def cos(self) -> Tensor:
        """Cosine of each element, in radians."""
        return _call("cos", self)

    def tanh(self) -> Tensor:
        """Hyperbolic tangent of each element."""
        return _call("tanh", self)

    def sigmoid(self) -> Tensor:
        """Logistic function of each element."""
        return _call("sigmoid", self)

    def relu(self) -> Tensor:
        """Each element where it is positive, and 0 elsewhere."""
        return _call("relu", self)

    def conj(self) -> Tensor:
        """Complex conjugate of each element."""
        return _call("conj", self)

    @property
    def real(self) -> Tensor:
        """Real part of each element."""
        return _call("real", self)

    @property
    def imag(self) -> Tensor:
        """Imaginary part of each element."""
        return _call("imag", self)

    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
        """The same elements in another shape; one length may be -1. Takes a tuple or integers."""
        return _call("reshape", self, shape[0] if len(shape) == 1 else shape)

    def permute_dims(self, *axes: int | tuple[int, ...]) -> Tensor:
        """The axes in another order. Takes a tuple or integers."""
        return _call("permute_dims", self, axes[0] if len(axes) == 1 else axes)

    def broadcast_to(self, shape: tuple[int, ...]) -> Tensor:
        """The tensor repeated along axes of length 1 and new leading axes."""
        return _call("broadcast_to", self, shape)

    def split(self, sections: int | tuple[int, ...], axis: int = 0) -> tuple[Tensor, ...]:
        """Cut into equal parts (an integer) or parts of the given lengths (a tuple)."""
        return cast("tuple[Tensor, ...]", operations["split"](self, sections, axis))

    def astype(self, dtype: npt.DTypeLike) -> Tensor:
        """The elements cast to another dtype."""
        return _call("astype", self, dtype)

    @property
    def T(self) -> Tensor:  # noqa: N802  # NumPy's name
        """All axes in reverse order."""
        return _call("transpose", self)
