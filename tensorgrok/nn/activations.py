"""Activations as modules: they hold settings and no parameters. The functions are in ``ops``."""

from __future__ import annotations

from typing import Any

from ..ops import activations, softmaxes, trigonometry
from ..ops.activations import plain_alpha, plain_bounds, plain_slope
from ..ops.arguments import plain_flag, plain_integer
from ..tensor import Tensor
from .module import Elementary


class ReLU(Elementary):
    """Each element where it is positive, and 0 elsewhere.

    >>> nn.ReLU()(tg.Tensor([-1.0, 2.0]))
    Tensor([0., 2.], shape=(2,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``relu``."""
        return activations.relu(x)


class LeakyReLU(Elementary):
    """Each element where it is positive, and ``slope`` times it elsewhere.

    >>> nn.LeakyReLU(0.5)(tg.Tensor([-1.0, 2.0]))
    Tensor([-0.5,  2. ], shape=(2,), dtype=float32)
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = plain_slope("LeakyReLU", slope)

    def forward(self, x: Any) -> Tensor:
        """Apply ``leaky_relu``."""
        return activations.leaky_relu(x, self.slope)

    def describe(self) -> str:
        """The slope."""
        return str(self.slope)


class ELU(Elementary):
    """Each element where it is positive, and ``alpha * (exp(x) - 1)`` elsewhere.

    >>> nn.ELU(2.0)(tg.Tensor([-1000.0, 2.0]))
    Tensor([-2.,  2.], shape=(2,), dtype=float32)
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = plain_alpha("ELU", alpha)

    def forward(self, x: Any) -> Tensor:
        """Apply ``elu``."""
        return activations.elu(x, self.alpha)

    def describe(self) -> str:
        """The scale."""
        return str(self.alpha)


class Hardtanh(Elementary):
    """Each element, but held between two bounds.

    >>> nn.Hardtanh(0, 6)(tg.Tensor([-3.0, 0.5, 9.0]))
    Tensor([0. , 0.5, 6. ], shape=(3,), dtype=float32)
    """

    def __init__(
        self,
        min: float = -1.0,  # noqa: A002  # as in the function
        max: float = 1.0,  # noqa: A002  # as in the function
    ) -> None:
        self.min, self.max = plain_bounds("Hardtanh", min, max)

    def forward(self, x: Any) -> Tensor:
        """Apply ``hardtanh``."""
        return activations.hardtanh(x, self.min, self.max)

    def describe(self) -> str:
        """The bounds."""
        return f"{self.min}, {self.max}"


class Tanh(Elementary):
    """Hyperbolic tangent of each element.

    >>> nn.Tanh()(tg.Tensor([0.0]))
    Tensor([0.], shape=(1,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``tanh``."""
        return trigonometry.tanh(x)


class Sigmoid(Elementary):
    """Logistic function of each element.

    >>> nn.Sigmoid()(tg.Tensor([0.0]))
    Tensor([0.5], shape=(1,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``sigmoid``."""
        return activations.sigmoid(x)


class LogSigmoid(Elementary):
    """Logarithm of the logistic function of each element.

    >>> nn.LogSigmoid()(tg.Tensor([-1000.0]))
    Tensor([-1000.], shape=(1,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``logsigmoid``."""
        return activations.logsigmoid(x)


class Softplus(Elementary):
    """``log(1 + exp(x))`` of each element.

    >>> nn.Softplus()(tg.Tensor([1000.0]))
    Tensor([1000.], shape=(1,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``softplus``."""
        return activations.softplus(x)


class SiLU(Elementary):
    """``x * sigmoid(x)`` of each element, also called swish.

    >>> nn.SiLU()(tg.Tensor([0.0, 1000.0]))
    Tensor([   0., 1000.], shape=(2,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``silu``."""
        return activations.silu(x)


class Mish(Elementary):
    """``x * tanh(softplus(x))`` of each element.

    >>> nn.Mish()(tg.Tensor([0.0, 1000.0]))
    Tensor([   0., 1000.], shape=(2,), dtype=float32)
    """

    def forward(self, x: Any) -> Tensor:
        """Apply ``mish``."""
        return activations.mish(x)


class GELU(Elementary):
    """Each element times the normal distribution function of it, or the approximation by tanh.

    >>> nn.GELU()(tg.Tensor([0.0, 1000.0]))
    Tensor([   0., 1000.], shape=(2,), dtype=float32)
    """

    def __init__(self, *, approximate: bool = False) -> None:
        self.approximate = plain_flag("GELU", "approximate", approximate)

    def forward(self, x: Any) -> Tensor:
        """Apply ``gelu``."""
        return activations.gelu(x, approximate=self.approximate)

    def describe(self) -> str:
        """Whether it is the approximation."""
        return "approximate=True" if self.approximate else ""


class Softmax(Elementary):
    """Exponentials along an axis, divided by their sum. Losses take what comes before it.

    >>> nn.Softmax()(tg.Tensor([3.0, 3.0]))
    Tensor([0.5, 0.5], shape=(2,), dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = plain_integer("Softmax", "axis", axis)

    def forward(self, x: Any) -> Tensor:
        """Apply ``softmax``."""
        return softmaxes.softmax(x, self.axis)

    def describe(self) -> str:
        """The axis, if it is not the last."""
        return "" if self.axis == -1 else str(self.axis)


class LogSoftmax(Elementary):
    """Logarithm of the softmax along an axis.

    >>> nn.LogSoftmax()(tg.Tensor([1000.0, 0.0]))
    Tensor([    0., -1000.], shape=(2,), dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = plain_integer("LogSoftmax", "axis", axis)

    def forward(self, x: Any) -> Tensor:
        """Apply ``log_softmax``."""
        return softmaxes.log_softmax(x, self.axis)

    def describe(self) -> str:
        """The axis, if it is not the last."""
        return "" if self.axis == -1 else str(self.axis)
