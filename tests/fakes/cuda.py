"""The fake ``cupy.cuda``: devices, streams, events, memory pools, the runtime's questions.

Everything is done when a call returns, so waiting is only counted. This is part of a fake.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from .state import CUDARuntimeError, fake


class Device:
    """Stands for ``cupy.cuda.Device``; with a number it can be made without any device."""

    def __init__(self, device: Any = None) -> None:
        if device is None:
            fake.device()
        self.id = 0 if device is None else int(device)

    def __enter__(self) -> Device:
        fake.device()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self) -> int:
        return self.id

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id} (fake)>"

    def use(self) -> None:
        fake.device()

    def synchronize(self) -> None:
        fake.synchronise()

    @property
    def compute_capability(self) -> str:
        fake.device()
        return "90"

    @property
    def mem_info(self) -> tuple[int, int]:
        return memory_info()


class Event:
    """Stands for ``cupy.cuda.Event``."""

    def __init__(
        self, block: bool = False, disable_timing: bool = False, interprocess: bool = False
    ) -> None:
        fake.device()

    done = property(lambda self: True)

    def record(self, stream: Any = None) -> None:
        fake.device()

    def synchronize(self) -> None:
        fake.synchronise(noticed=False)


class Stream:
    """Stands for ``cupy.cuda.Stream``; it has no capture."""

    null: Stream

    def __init__(
        self,
        null: bool = False,
        non_blocking: bool = False,
        ptds: bool = False,
        priority: int | None = None,
    ) -> None:
        if not null:
            fake.device()

    done = property(lambda self: True)

    def __enter__(self) -> Stream:
        _streams.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _streams.pop()

    def use(self) -> Stream:
        _streams[-1] = self
        return self

    def synchronize(self) -> None:
        fake.synchronise(noticed=False)

    def record(self, event: Event | None = None) -> Event:
        return event or Event()

    def wait_event(self, event: Event) -> None:
        fake.device()


Stream.null = Stream(null=True)
_streams = [Stream.null]


def get_current_stream(device_id: int = -1) -> Stream:
    fake.device()
    return _streams[-1]


class MemoryPointer:
    """Stands for ``cupy.cuda.MemoryPointer``: where an array begins, in host memory."""

    device_id = 0
    device = property(lambda self: Device(0))

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.mem = array
        self.ptr = array.ctypes.data if array.size else 0


class MemoryPool:
    """Stands for ``cupy.cuda.MemoryPool``; the fake's arrays take host memory and no pool's."""

    def __init__(self, allocator: Callable[[int], Any] | None = None) -> None:
        self._limit = 0

    def malloc(self, size: int) -> MemoryPointer:
        fake.device()
        return MemoryPointer(np.empty(size, dtype=np.uint8))

    def used_bytes(self) -> int:
        fake.device()
        return 0

    total_bytes = free_bytes = n_free_blocks = used_bytes

    def free_all_blocks(self, stream: Stream | None = None) -> None:
        fake.device()

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        fake.device()
        self._limit = size or 0

    def get_limit(self) -> int:
        fake.device()
        return self._limit


class PinnedMemoryPointer(bytearray):
    """Stands for ``cupy.cuda.PinnedMemoryPointer``."""


class PinnedMemoryPool:
    """Stands for ``cupy.cuda.PinnedMemoryPool``."""

    def malloc(self, size: int) -> PinnedMemoryPointer:
        fake.device()
        memory = PinnedMemoryPointer(size)
        start = np.frombuffer(memory, dtype=np.uint8).ctypes.data
        _pinned.append((start, start + size))
        return memory

    def n_free_blocks(self) -> int:
        return 0

    def free_all_blocks(self) -> None:
        pass


_pool, _pinned_pool = MemoryPool(), PinnedMemoryPool()
_pinned: list[tuple[int, int]] = []  # first and last address of all that ever was pinned


def is_memory_pinned(data: int) -> bool:
    """Whether an address is in pinned memory, as ``cupy.cuda.pinned_memory`` says."""
    return any(start <= data < stop for start, stop in _pinned)


_allocators: list[Callable[[int], Any] | None] = [_pool.malloc]


def get_default_memory_pool() -> MemoryPool:
    return _pool


def get_default_pinned_memory_pool() -> PinnedMemoryPool:
    return _pinned_pool


def get_allocator() -> Callable[[int], Any] | None:
    return _allocators[-1]


def set_allocator(allocator: Callable[[int], Any] | None = None) -> None:
    _allocators[-1] = allocator


@contextlib.contextmanager
def using_allocator(allocator: Callable[[int], Any] | None = None) -> Iterator[None]:
    _allocators.append(allocator)
    try:
        yield
    finally:
        _allocators.pop()


def alloc_pinned_memory(size: int) -> PinnedMemoryPointer:
    return _pinned_pool.malloc(size)


def is_available() -> bool:
    return fake.available


def compiler_version() -> tuple[int, int]:
    """The version of NVRTC, where it can be loaded."""
    if fake.compiler_error is not None:
        raise fake.compiler_error
    return 13, 0


class CompileException(Exception):  # the name of CuPy's class
    """Stands for ``cupy.cuda.compiler.CompileException``."""


class OutOfMemoryError(MemoryError):
    """Stands for ``cupy.cuda.memory.OutOfMemoryError``."""


# The runtime -----------------------------------------------------------------------------------


def device_count() -> int:
    fake.device()
    return 1


def device_properties(device: int) -> dict[str, Any]:
    fake.device()
    if device != 0:
        raise CUDARuntimeError(101)
    return {
        "name": b"Fake of a GPU",
        "major": 9,
        "minor": 0,
        "totalGlobalMem": 1 << 30,
        "multiProcessorCount": 132,
        "maxThreadsPerBlock": 1024,
        "warpSize": 32,
    }


def memory_info() -> tuple[int, int]:
    fake.device()
    return 1 << 29, 1 << 30


def _current_device() -> int:
    fake.device()
    return 0


def _use_device(device: int) -> None:
    fake.device()


RUNTIME: dict[str, Any] = {
    "CUDARuntimeError": CUDARuntimeError,
    "getDeviceCount": device_count,
    "getDeviceProperties": device_properties,
    "getDevice": _current_device,
    "setDevice": _use_device,
    "deviceSynchronize": fake.synchronise,
    "driverGetVersion": lambda: fake.driver,
    "runtimeGetVersion": lambda: 13000,
    "memGetInfo": memory_info,
    "is_hip": False,
}

CUDA: dict[str, Any] = {
    "Device": Device,
    "Event": Event,
    "Stream": Stream,
    "MemoryPointer": MemoryPointer,
    "MemoryPool": MemoryPool,
    "PinnedMemoryPointer": PinnedMemoryPointer,
    "PinnedMemoryPool": PinnedMemoryPool,
    "alloc_pinned_memory": alloc_pinned_memory,
    "get_allocator": get_allocator,
    "get_current_stream": get_current_stream,
    "is_available": is_available,
    "set_allocator": set_allocator,
    "using_allocator": using_allocator,
}
