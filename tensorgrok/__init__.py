"""tensorgrok: an autograd micro-framework you can see through.

A tour in five lines:

>>> import tensorgrok as tg
>>> w = tg.Tensor([[1.0], [2.0]], requires_grad=True)
>>> loss = ((tg.Tensor([[3.0, 4.0]]).dot(w) - 10.0) ** 2).sum()
>>> loss.backward()
>>> w.grad.tolist()
[[6.0], [8.0]]

Operations are recorded where gradients are wanted (``Tensor``), cards say what each of them is
(``tensorgrok.ops``), ``grad`` and its kin differentiate functions, ``nn`` and ``optim`` train
networks, ``use_backend`` chooses whose arrays are used, ``view`` shows a network as Python, algebra
and bricks, and ``correlate`` what its layers have found.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import ops
from .backend import Backend
from .checking import gradcheck
from .context import (
    current_backend,
    enable_grad,
    get_default_dtype,
    is_recording,
    no_grad,
    set_default_dtype,
    use_backend,
)
from .elsewhere import FUNCTIONS, hint
from .errors import (
    ArgumentError,
    BackendError,
    BackendMismatch,
    BackendUnavailable,
    BackendWarning,
    DTypeError,
    GradcheckFailed,
    GraphError,
    GraphReleased,
    IndexingError,
    ShapeError,
    TensorgrokError,
    UnknownBackend,
)
from .ops import *  # noqa: F403  # all operations are public, and that file lists them
from .registry import backend_names, register_backend
from .tensor import Tensor
from .transforms import grad, gradients, value_and_grad, vjp

if TYPE_CHECKING:
    from . import data, nn, optim
    from .views.correlation import correlate
    from .views.view import view

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "Backend",
    "BackendError",
    "BackendMismatch",
    "BackendUnavailable",
    "BackendWarning",
    "DTypeError",
    "GradcheckFailed",
    "GraphError",
    "GraphReleased",
    "IndexingError",
    "ShapeError",
    "Tensor",
    "TensorgrokError",
    "UnknownBackend",
    "__version__",
    "backend_names",
    "correlate",
    "current_backend",
    "data",
    "enable_grad",
    "get_default_dtype",
    "grad",
    "gradcheck",
    "gradients",
    "is_recording",
    "nn",
    "no_grad",
    "optim",
    "register_backend",
    "set_default_dtype",
    "use_backend",
    "value_and_grad",
    "view",
    "vjp",
]
__all__ += ops.__all__
__all__.sort()

_LAZY = ("data", "nn", "optim")
_LAZY_FUNCTIONS = {"correlate": "views.correlation", "view": "views.view"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return import_module(f"{__name__}.{name}")
    if name in _LAZY_FUNCTIONS:
        return getattr(import_module(f"{__name__}.{_LAZY_FUNCTIONS[name]}"), name)
    meant = hint(name, FUNCTIONS)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{meant}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
