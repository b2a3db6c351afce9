"""The smallest writer of PNG: pixels to a file's bytes, with nothing but ``zlib``.

Heat maps of large bricks are small pictures inside the drawing. This module stands on nothing; read
``bricks`` next, which puts them there.

Source: "Portable Network Graphics (PNG) Specification", W3C, ISO/IEC 15948.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

from ..errors import DTypeError, ShapeError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BITS, _RGB = 8, 2


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    r"""Return a PNG file of an image.

    Args:
        pixels: red, green and blue of each pixel, shape (rows, columns, 3), uint8.

    Raises:
        DTypeError: the pixels are not uint8.
        ShapeError: another shape, or an empty image, which PNG does not have.

    >>> from tensorgrok.views.png import png
    >>> png(np.zeros((2, 3, 3), np.uint8))[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    if pixels.dtype != np.uint8:
        raise DTypeError(f"png: pixels must be uint8, got {pixels.dtype}; scale them to 0 ... 255")
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise ShapeError(
            f"png: pixels must have shape (rows, columns, 3) and not be empty, got {pixels.shape}"
        )
    rows, columns, _ = pixels.shape
    # Each row starts with the number of its filter; 0 is none.
    lines = np.zeros((rows, 1 + 3 * columns), np.uint8)
    lines[:, 1:] = pixels.reshape(rows, -1)
    header = struct.pack(">IIBBBBB", columns, rows, _EIGHT_BITS, _RGB, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def data_url(pixels: npt.NDArray[np.uint8]) -> str:
    """Return the PNG of an image as an address that holds it all: ``data:image/png;base64,...``."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
