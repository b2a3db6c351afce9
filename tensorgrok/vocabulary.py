"""The words that forward functions and derivative rules may use, in one place.

Beside these functions they may use the attributes ``shape ndim dtype``, the operators ``+ - * / **
@ >> < <= == != >= >``, unary ``-``, and ``[]`` for reading. Python scalars are weak: they never
change an array's dtype. Every word is an operation of tensorgrok too, so a rule that is read with
tensors is recorded. This module stands on nothing; read ``backend`` next.
"""

from __future__ import annotations

#: Functions in the spelling of the array API standard, or of NumPy where the standard has none.
STANDARD = (
    # arithmetic
    *("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "pow", "negative"),
    *("abs", "sign"),
    *("square", "reciprocal", "sqrt", "floor", "ceil", "trunc", "round", "maximum", "minimum"),
    # exponentials, logarithms, trigonometry
    *("exp", "expm1", "log", "log1p", "log2", "log10", "logaddexp", "hypot"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    # choice, comparison, logic, bits
    *("where", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("isnan", "isinf", "isfinite", "logical_not", "logical_and", "logical_or", "logical_xor"),
    "bitwise_right_shift",
    # reductions, scans, order
    *("sum", "prod", "mean", "max", "min", "any", "all", "argmax", "argmin"),
    *("cumulative_sum", "cumulative_prod", "sort", "argsort"),
    # arrangement, conversion, creation
    *("reshape", "permute_dims", "broadcast_to", "concat", "astype", "real", "imag", "conj"),
    *("zeros", "ones", "full", "arange"),
    # products
    *("dot", "matmul"),
)

#: What every backend adds to the standard; see the methods of the same names on ``Backend``.
CONTRACT = ("vecmat", "vecmat_dx", "vecmat_dw", "scatter_add", "scatter_set", "erf", "random_bits")

#: Every function that a forward function or a derivative rule may call.
VOCABULARY = STANDARD + CONTRACT
