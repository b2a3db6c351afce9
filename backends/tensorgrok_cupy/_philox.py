"""Random bits on the device: NumPy's Philox4x64-10 as a CUDA kernel.

Block ``b`` of a stream is four words, made of the key and of the counter plus ``b + 1``: NumPy
moves the counter on before it makes a block. Each thread makes one block. Key and counter travel as
arguments of the kernel, so a draw copies nothing to the device.

A kernel that has never been compared with NumPy on a device must not decide what a seed means, so
``proven`` does that before the first use on each machine.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from typing import Any

import cupy  # type: ignore[import-untyped,import-not-found,unused-ignore]  # untyped, and optional
import numpy as np
import numpy.typing as npt

Array = Any
Words = npt.NDArray[np.uint64]

NAME = "tensorgrok_philox4x64"
THREADS = 256

SOURCE = r"""
typedef unsigned long long word;

// The round's two products, and the steps of the key: constants of the published generator.
#define MULTIPLIER_0 0xD2E7470EE14C6C93ULL
#define MULTIPLIER_1 0xCA5A826395121157ULL
#define STEP_0 0x9E3779B97F4A7C15ULL
#define STEP_1 0xBB67AE8584CAA73BULL

extern "C" __global__ void tensorgrok_philox4x64(
    word key_0, word key_1, word c0, word c1, word c2, word c3, word* words, word n)
{
    const word block = (word)blockIdx.x * blockDim.x + threadIdx.x;
    if (4 * block >= n) return;

    // The counter is one number of 256 bits: add block + 1, and carry.
    c0 += block + 1;
    if (c0 < block + 1) {
        c1 += 1;
        if (c1 == 0) {
            c2 += 1;
            if (c2 == 0) c3 += 1;
        }
    }

    for (int round = 0; round < 10; ++round) {
        const word high_0 = __umul64hi(MULTIPLIER_0, c0), low_0 = MULTIPLIER_0 * c0;
        const word high_1 = __umul64hi(MULTIPLIER_1, c2), low_1 = MULTIPLIER_1 * c2;
        c0 = high_1 ^ c1 ^ key_0;
        c1 = low_1;
        c2 = high_0 ^ c3 ^ key_1;
        c3 = low_0;
        key_0 += STEP_0;
        key_1 += STEP_1;
    }

    const word made[4] = {c0, c1, c2, c3};
    for (int i = 0; i < 4 && 4 * block + i < n; ++i) words[4 * block + i] = made[i];
}
"""

#: Compiled when it is first called.
_kernel = cupy.RawKernel(SOURCE, NAME)

_MOST = 2**64 - 1

#: Keys, counters and numbers of words that meet every carry and an incomplete block.
_TRIALS: tuple[tuple[tuple[int, int], tuple[int, int, int, int], int], ...] = (
    ((0, 0), (0, 0, 0, 0), 1),
    ((123, _MOST), (7, 0, 1, 0), 1030),
    ((5, 6), (_MOST - 1, 3, 0, 0), 13),
    ((5, 6), (_MOST, _MOST, _MOST, 4), 6),
    ((_MOST, 1), (_MOST, _MOST, _MOST, _MOST), 5),
)


def random_bits(key: Words, counter: Words, n: int) -> Array:
    """``n`` words of the stream of ``key`` (2 words) from ``counter`` (4 words) on."""
    words = cupy.empty((n,), dtype=np.uint64)
    if n:
        blocks = -(-n // 4)
        arguments = (*key.astype(np.uint64), *counter.astype(np.uint64), words, np.uint64(n))
        _kernel((-(-blocks // THREADS),), (THREADS,), arguments)
    return words


def proven() -> bool:
    """Whether the kernel compiles here and makes the words that NumPy makes."""
    try:
        for key, counter, n in _TRIALS:
            words = (np.array(key, dtype=np.uint64), np.array(counter, dtype=np.uint64))
            made = cupy.asnumpy(random_bits(*words, n))
            expected = np.random.Philox(key=words[0], counter=words[1]).random_raw(n)
            if not np.array_equal(made, np.asarray(expected, dtype=np.uint64)):
                return False
    except Exception:  # of the compiler, or of the driver; the host can draw as well
        return False
    return True
