"""What all modules of the fake CuPy share: counters, switches, and the errors of its runtime.

This is part of a fake: nothing here talks to a GPU. Read ``array`` next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_ERRORS = {
    2: "cudaErrorMemoryAllocation: out of memory",
    35: "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version",
    100: "cudaErrorNoDevice: no CUDA-capable device is detected",
}


class CUDARuntimeError(RuntimeError):
    """Stands for ``cupy.cuda.runtime.CUDARuntimeError``: it has the ``status`` of a call."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(_ERRORS.get(status, f"cudaError: the fake's status {status}"))


class CUBLASError(RuntimeError):
    """Stands for CuPy's error of a cuBLAS call."""


class DeviceSynchronized(RuntimeError):
    """Stands for ``cupyx.DeviceSynchronized``."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or "Device synchronization was detected while disallowed.")


class Fake:
    """Counters and switches of the fake CuPy; ``install`` resets them.

    Attributes:
        kernels: host functions that stand for CUDA kernels, by the kernels' names.
        synchronisations: how often the host waited: read-backs, masks, ``synchronize``.
        launches: how many elementwise functions, reductions, products and copies were issued.
        uploads: how often host memory was copied to the fake device.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(
        self,
        *,
        available: bool = True,
        status: int = 35,
        driver: int | None = None,
        compiler_error: Exception | None = None,
        kernel_error: Exception | None = None,
        product_error: Exception | None = None,
        wrong_product: bool = False,
        import_error: Exception | None = None,
        cublas_error: Exception | None = None,
    ) -> None:
        """Set the counters to 0 and the switches as given; ``install`` says what they mean."""
        self.kernels: dict[str, Callable[..., Any]] = {}
        self.synchronisations = self.launches = self.uploads = 0
        self.available, self.status = available, status
        without = not available and status == 35
        self.driver = (0 if without else 13000) if driver is None else driver
        self.compiler_error = compiler_error
        self.allowed = True  # to wait for the device, as cupyx.allow_synchronize says
        self.kernel_error, self.product_error = kernel_error, product_error
        self.wrong_product = wrong_product
        self.import_error, self.cublas_error = import_error, cublas_error

    def device(self) -> None:
        """What every call does that needs a device."""
        if not self.available:
            raise CUDARuntimeError(self.status)

    def launch(self) -> None:
        """Issue work to the fake device."""
        self.device()
        if self.kernel_error is not None:
            raise self.kernel_error
        self.launches += 1

    def product(self) -> None:
        """Issue a call of the fake cuBLAS."""
        self.launch()
        if self.product_error is not None:
            raise self.product_error

    def synchronise(self, noticed: bool = True) -> None:
        """Wait for the fake device; ``cupyx.allow_synchronize`` does not notice all of it."""
        self.device()
        if noticed and not self.allowed:
            raise DeviceSynchronized
        self.synchronisations += 1


#: The one state: CuPy's own is global too.
fake = Fake()
