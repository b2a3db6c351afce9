"""What CuPy refuses, and with which exception: calls with the module and an array, (2, 3) float32.

The tests run them on the fake. They were read in the source of CuPy 14.2, not seen on a GPU. One is
the fake's own: CuPy's functions call a method of what they are given, so ``cupy.sum`` of a NumPy
array is NumPy's sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

REFUSED: dict[str, tuple[type[Exception], Callable[[Any, Any], Any]]] = {
    "implicit conversion": (TypeError, lambda cp, x: np.asarray(x)),
    "NumPy array on the right": (TypeError, lambda cp, x: x + np.ones(3, np.float32)),
    "NumPy array on the left": (TypeError, lambda cp, x: np.ones(3, np.float32) * x),
    "NumPy array in place": (TypeError, lambda cp, x: x.__iadd__(np.ones(3))),
    "NumPy array compared": (TypeError, lambda cp, x: x < np.ones(3)),
    "NumPy array in a ufunc": (TypeError, lambda cp, x: cp.maximum(x, np.ones(3))),
    "NumPy array in a function": (TypeError, lambda cp, x: cp.sum(np.ones(3))),
    "NumPy array in a product": (TypeError, lambda cp, x: x @ np.ones(3, np.float32)),
    "NumPy array in a method": (TypeError, lambda cp, x: x.dot(np.ones(3))),
    "NumPy array written": (ValueError, lambda cp, x: x.__setitem__(0, np.ones(3))),
    "writing into a NumPy array": (
        TypeError,
        lambda cp, x: np.ones((2, 3)).__setitem__(slice(None), x),
    ),
    "list in an operator": (TypeError, lambda cp, x: x * [1.0, 2.0, 3.0]),
    "list in a ufunc": (TypeError, lambda cp, x: cp.exp([1.0])),
    "list among arrays": (TypeError, lambda cp, x: cp.concatenate([x, [[1.0, 2.0, 3.0]]])),
    "use as an index": (TypeError, lambda cp, x: range(cp.asarray(3))),
    "hash": (TypeError, lambda cp, x: hash(x)),
    "truth of many": (ValueError, lambda cp, x: bool(x)),
    "where= of a ufunc": (TypeError, lambda cp, x: cp.add(x, x, where=x > 0)),
    "out= of another shape": (ValueError, lambda cp, x: cp.add(x, x, out=cp.empty(3))),
    "out= of lower precision": (
        TypeError,
        lambda cp, x: cp.add(x, x, out=cp.empty(x.shape, dtype=np.int32)),
    ),
    "stable= of sort": (TypeError, lambda cp, x: cp.sort(x, stable=True)),
    "another kind of sort": (ValueError, lambda cp, x: cp.sort(x, kind="quicksort")),
    "sorting a scalar": (np.exceptions.AxisError, lambda cp, x: cp.sort(cp.asarray(1.0))),
    "initial= of max": (TypeError, lambda cp, x: cp.max(x, initial=0.0)),
    "where= of sum": (TypeError, lambda cp, x: cp.sum(x, where=x > 0)),
    "device= of zeros": (TypeError, lambda cp, x: cp.zeros(3, device=None)),
    "condition that is no array": (AttributeError, lambda cp, x: cp.where(True, x, 0.0)),
    "copy=False with a cast": (
        ValueError,
        lambda cp, x: cp.asarray(x, dtype=np.float64, copy=False),
    ),
    "objects": (ValueError, lambda cp, x: cp.asarray([None])),
    "long doubles": (ValueError, lambda cp, x: cp.zeros(3, dtype=np.longdouble)),
    "subtracting truth": (TypeError, lambda cp, x: (x > 0) - (x > 1)),
    "negating truth": (TypeError, lambda cp, x: -(x > 0)),
    "logic of complex numbers": (TypeError, lambda cp, x: cp.logical_not(x * 1j)),
    "index by floats": (IndexError, lambda cp, x: x[cp.asarray([0.0])]),
    "index out of range": (IndexError, lambda cp, x: x[2]),
    "dot into another dtype": (
        ValueError,
        lambda cp, x: x.dot(x.T, cp.empty((2, 2), dtype=np.float64)),
    ),
    "dot into columns": (
        ValueError,
        lambda cp, x: x.dot(x.T, cp.empty((2, 2), dtype=np.float32, order="F")),
    ),
    "product of scalars": (ValueError, lambda cp, x: x @ cp.asarray(1.0)),
    "adding complex numbers at places": (
        TypeError,
        lambda cp, x: cp.add.at(x * 1j, cp.asarray([0]), 1.0),
    ),
    "multiplying at places": (NotImplementedError, lambda cp, x: cp.multiply.at(x, 0, 2.0)),
    "setting another dtype": (TypeError, lambda cp, x: x.set(np.ones((2, 3)))),
    "setting columns": (
        RuntimeError,
        lambda cp, x: x[:, 1:].set(np.ones((2, 2), np.float32)),
    ),
}
