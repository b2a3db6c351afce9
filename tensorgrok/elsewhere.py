"""What others call what is here: names of PyTorch and NumPy, and what to write in their place.

tensorgrok has one name for one thing. Another raises ``AttributeError`` as always; for those listed
here the message says what to write. (Not for methods: a class with ``__getattr__`` is slow to use.)
This module stands on nothing.
"""

from __future__ import annotations

#: Names of functions.
FUNCTIONS = {
    "amax": "max(axis=...)",
    "amin": "min(axis=...)",
    "arccos": "acos",
    "arcsin": "asin",
    "arctan": "atan",
    "arctan2": "atan2",
    "array": "Tensor(...)",
    "bmm": "matmul",
    "cat": "concat",
    "clamp": "clip",
    "concatenate": "concat",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "hstack": "concat(..., axis=1), of vectors axis=0",
    "inner": "tensordot, or vecdot",
    "manual_seed": "seed",
    "masked_fill": "where(mask, value, x)",
    "mm": "matmul",
    "norm": "sqrt of the sum of the squares",
    "permute": "permute_dims",
    "power": "pow",
    "rand": "uniform(shape)",
    "randint": "integers(low, high, shape)",
    "randn": "normal(shape)",
    "ravel": "reshape(-1)",
    "unsqueeze": "expand_dims",
    "vstack": "concat, of vectors stack",
}

#: Names of networks elsewhere.
NETWORKS = {
    "BCEWithLogitsLoss": "the function bce_with_logits",
    "CrossEntropyLoss": "the function cross_entropy",
    "HuberLoss": "the function huber",
    "KLDivLoss": "the function kl_divergence",
    "L1Loss": "the function l1",
    "MSELoss": "the function mse",
    "ModuleList": "a list: modules are found within lists and dictionaries",
    "NLLLoss": "the function nll",
    "Parameter": "Tensor(..., requires_grad=True): a module's tensors that require gradients",
}


def hint(name: str, table: dict[str, str]) -> str:
    """The end of a message about an unknown name: what to write, if that is known."""
    return f"; here that is {table[name]}" if name in table else ""
