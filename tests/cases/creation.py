"""Rows of the cards that make tensors of nothing: there is nothing to differentiate."""

from __future__ import annotations

from typing import cast

import numpy as np

import tensorgrok as tg
from tests.cases.base import case, draw

F8 = np.float64
ONE, TWO, THREE = (cast("int", np.int64(i)) for i in (1, 2, 3))  # integers of NumPy

case("zeros", lambda: tg.zeros((2, 3), dtype=F8), [], lambda: np.zeros((2, 3)), exact=True)
case("ones", lambda: tg.ones(3, dtype=F8), [], lambda: np.ones(3), exact=True)
case("full", lambda: tg.full((2, 0), 7), [], lambda: np.full((2, 0), 7), exact=True)
case("arange", lambda: tg.arange(1, 9, 3), [], lambda: np.arange(1, 9, 3), exact=True)

for shape in ((2, 3), (), (0, 2), (1,)):
    for domain in ("real", "integer", "bool", "complex"):
        x = draw(shape, 1, domain)
        case("zeros_like", tg.zeros_like, [x], np.zeros_like, domain, exact=True)
        case("ones_like", tg.ones_like, [x], np.ones_like, domain, exact=True)
    case("full_like", lambda x: tg.full_like(x, 2.5), [draw(shape, 1)],
         lambda x: np.full(x.shape, 2.5), exact=True)  # fmt: skip
strided = draw((4, 6), 2)[::2, ::-3].T
case("zeros_like", tg.zeros_like, [strided], np.zeros_like, "strided", exact=True)
case("full_like", lambda x: tg.full_like(x, THREE, dtype="int32"), [strided],
     lambda x: np.full(x.shape, 3, np.int32), "another dtype", exact=True)  # fmt: skip
case("full_like", lambda x: tg.full_like(x, 1 - 2j), [draw((2,), 3, "complex")],
     lambda x: np.full(2, 1 - 2j), "complex", exact=True)  # fmt: skip

case("eye", lambda: tg.eye(3, dtype=F8), [], lambda: np.eye(3), exact=True)
for rows, columns, k in ((2, 4, 1), (4, 2, -1), (3, 3, 5), (3, 3, -3), (0, 2, 0), (1, 1, 0)):
    case("eye", lambda n=rows, m=columns, k=k: tg.eye(n, m, k=k, dtype="int16"), [],
         lambda n=rows, m=columns, k=k: np.eye(n, m, k, dtype=np.int16), f"{rows}, {columns}, {k}",
         exact=True)  # fmt: skip
case("eye", lambda: tg.eye(TWO, THREE, k=ONE, dtype=bool), [],
     lambda: np.eye(2, 3, 1, dtype=bool), "integers of NumPy", exact=True)  # fmt: skip

for start, stop, num in (
    (0, 1, 5),
    (-2.5, 7.1, 7),
    (3, -3, 4),
    (1.5, 1.5, 3),
    (2, 9, 1),
    (0, 1, 0),
):
    for endpoint in (True, False):
        case("linspace",
             lambda a=start, b=stop, n=num, e=endpoint: tg.linspace(a, b, n, endpoint=e, dtype=F8),
             [],
             lambda a=start, b=stop, n=num, e=endpoint: np.linspace(a, b, n, endpoint=e),
             f"{start}, {stop}, {num}, {endpoint}", exact=True)  # fmt: skip
case("linspace", lambda: tg.linspace(0, 1 - 1j, 4, dtype=complex), [],
     lambda: np.linspace(0, 1 - 1j, 4), "complex")  # fmt: skip
