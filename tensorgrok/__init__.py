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
networks, and ``use_backend`` chooses whose arrays are used.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from .backend import Backend, backend_names, register_backend
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
from .errors import (
    ArgumentError,
    BackendError,
    BackendMismatch,
    BackendUnavailable,
    DTypeError,
    GradcheckFailed,
    GraphError,
    GraphReleased,
    IndexingError,
    ShapeError,
    TensorgrokError,
    UnknownBackend,
)
from .ops.arrangement import broadcast_to, concat, permute_dims, reshape, split, transpose
from .ops.comparison import (
    bitwise_right_shift,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
)
from .ops.contraction import dot, matmul, vecmat, vecmat_dw, vecmat_dx
from .ops.conversion import astype, conj, imag, real
from .ops.creation import arange, full, ones, zeros
from .ops.elementwise import (
    abs,
    add,
    cos,
    divide,
    exp,
    log,
    maximum,
    multiply,
    negative,
    pow,
    relu,
    sigmoid,
    sin,
    sqrt,
    subtract,
    tanh,
    where,
)
from .ops.indexing import getitem, scatter_add, scatter_set
from .ops.random import (
    Generator,
    default_generator,
    normal,
    random_bits,
    seed,
    standard_normal,
    standard_uniform,
    uniform,
)
from .ops.reductions import argmax, logsumexp, max, mean, sum
from .tensor import Tensor
from .transforms import grad, gradients, value_and_grad, vjp

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "Backend",
    "BackendError",
    "BackendMismatch",
    "BackendUnavailable",
    "DTypeError",
    "Generator",
    "GradcheckFailed",
    "GraphError",
    "GraphReleased",
    "IndexingError",
    "ShapeError",
    "Tensor",
    "TensorgrokError",
    "UnknownBackend",
    "__version__",
    "abs",
    "add",
    "arange",
    "argmax",
    "astype",
    "backend_names",
    "bitwise_right_shift",
    "broadcast_to",
    "concat",
    "conj",
    "cos",
    "current_backend",
    "data",
    "default_generator",
    "divide",
    "dot",
    "enable_grad",
    "equal",
    "exp",
    "full",
    "get_default_dtype",
    "getitem",
    "grad",
    "gradcheck",
    "gradients",
    "greater",
    "greater_equal",
    "imag",
    "is_recording",
    "less",
    "less_equal",
    "log",
    "logical_and",
    "logical_not",
    "logical_or",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "multiply",
    "negative",
    "nn",
    "no_grad",
    "normal",
    "not_equal",
    "ones",
    "optim",
    "permute_dims",
    "pow",
    "random_bits",
    "real",
    "register_backend",
    "relu",
    "reshape",
    "scatter_add",
    "scatter_set",
    "seed",
    "set_default_dtype",
    "sigmoid",
    "sin",
    "split",
    "sqrt",
    "standard_normal",
    "standard_uniform",
    "subtract",
    "sum",
    "tanh",
    "transpose",
    "uniform",
    "use_backend",
    "value_and_grad",
    "vecmat",
    "vecmat_dw",
    "vecmat_dx",
    "vjp",
    "where",
    "zeros",
]

_LAZY = ("data", "nn", "optim")


def __getattr__(name: str) -> ModuleType:
    if name in _LAZY:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
