"""The fakes of CuPy's own-kernel classes: they can be made, and run only if the host stands in.

A test registers a host function under the kernel's name in ``fake.kernels``. It is called as
``function(grid, block, *arguments)`` for raw kernels, which get the flat memory of arrays as NumPy
arrays, and as ``function(*arguments)`` for the other classes, which get NumPy arrays as they lie
and whose result becomes a fake array. It stands on ``array``. This is part of a fake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .array import Array, memory, open_, public, wrap
from .state import fake


def _host_function(name: str) -> Callable[..., Any]:
    fake.launch()
    if name not in fake.kernels:
        raise RuntimeError(f"the fake cannot run CUDA code: no host function stands for {name!r}")
    return fake.kernels[name]


def _argument(value: Any) -> Any:
    if isinstance(value, Array):
        return memory(value)
    if isinstance(value, np.ndarray) and value.size != 1:
        raise TypeError(
            f"You are trying to pass a numpy.ndarray of shape {value.shape} to a kernel"
        )
    if not isinstance(value, np.ndarray | np.generic | bool | int | float | complex | None):
        raise TypeError(f"Unsupported type {type(value)}")
    return value


class RawKernel:
    """The fake of ``cupy.RawKernel``."""

    def __init__(
        self,
        code: str | None,
        name: str,
        options: tuple[str, ...] = (),
        backend: str = "nvrtc",
        *,
        translate_cucomplex: bool = False,
        enable_cooperative_groups: bool = False,
        jitify: Any = None,
    ) -> None:
        if not isinstance(options, tuple):
            raise TypeError("Argument 'options' has incorrect type (expected tuple)")
        self.code, self.name, self.options, self.backend = code, name, options, backend
        self.__name__ = name

    def __call__(self, grid: Any, block: Any, args: Any, *, shared_mem: int = 0) -> None:
        if not isinstance(grid, tuple) or not isinstance(block, tuple):
            raise TypeError("Argument 'grid' or 'block' has incorrect type (expected tuple)")
        arguments = [_argument(value) for value in args]
        # As in CuPy, where an empty grid or block is one of size 1.
        grid, block = (tuple(max(1, size) for size in sizes) for sizes in (grid, block))
        _host_function(self.name)(grid, block, *arguments)

    def compile(self, log_stream: Any = None) -> None:
        fake.launch()


class RawModule:
    """The fake of ``cupy.RawModule``."""

    def __init__(
        self,
        *,
        code: str | None = None,
        path: str | None = None,
        options: tuple[str, ...] = (),
        backend: str = "nvrtc",
        translate_cucomplex: bool = False,
        enable_cooperative_groups: bool = False,
        name_expressions: Any = None,
        jitify: Any = None,
    ) -> None:
        if (code is None) == (path is None):
            raise TypeError("Exactly one of `code` and `path` keyword arguments must be given.")
        if not isinstance(options, tuple):
            raise TypeError("Argument 'options' has incorrect type (expected tuple)")
        self.code, self.options, self.backend = code, options, backend
        self.name_expressions = None if name_expressions is None else tuple(name_expressions)

    def get_function(self, name: str) -> RawKernel:
        # As in CuPy: nothing is compiled, and no name looked up, before the first call.
        return RawKernel(self.code, name, self.options, self.backend)

    def compile(self, log_stream: Any = None) -> None:
        fake.launch()


class ElementwiseKernel:
    """The fake of ``cupy.ElementwiseKernel``."""

    def __init__(
        self,
        in_params: str,
        out_params: str,
        operation: str,
        name: str = "kernel",
        reduce_dims: bool = True,
        preamble: str = "",
        no_return: bool = False,
        return_tuple: bool = False,
        **kwargs: Any,
    ) -> None:
        self.name = self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        function = _host_function(self.name)
        return wrap(function(*open_(args), **{k: open_(v) for k, v in kwargs.items()}), *args)


class ReductionKernel(ElementwiseKernel):
    """The fake of ``cupy.ReductionKernel``."""

    def __init__(
        self,
        in_params: str,
        out_params: str,
        map_expr: str,
        reduce_expr: str,
        post_map_expr: str,
        identity: Any,
        name: str = "reduce_kernel",
        reduce_type: str | None = None,
        reduce_dims: bool = True,
        preamble: str = "",
        options: tuple[str, ...] = (),
    ) -> None:
        super().__init__(in_params, out_params, map_expr, name, reduce_dims, preamble)


for _kind in (RawKernel, RawModule, ElementwiseKernel, ReductionKernel):
    public(_kind.__name__)(_kind)
