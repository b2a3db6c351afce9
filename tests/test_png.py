"""The writer of PNG, read back by a reader of its own."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrok as tg
from tensorgrok.views.png import data_url, png


def read(file: bytes) -> npt.NDArray[np.uint8]:
    """Read a PNG of one chunk of unfiltered RGB rows; checks lengths and checksums."""
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = [], 8
    while place < len(file):
        (length,) = struct.unpack(">I", file[place : place + 4])
        kind, data = file[place + 4 : place + 8], file[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack(">I", file[place + 8 + length : place + 12 + length])
        assert zlib.crc32(kind + data) == checksum
        chunks.append((kind, data))
        place += 12 + length
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    columns, rows, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert rest == [8, 2, 0, 0, 0]  # eight bits of RGB, nothing interlaced
    lines = np.frombuffer(zlib.decompress(chunks[1][1]), np.uint8).reshape(rows, 1 + 3 * columns)
    assert (lines[:, 0] == 0).all()
    return lines[:, 1:].reshape(rows, columns, 3)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_pixels_come_back(rows: int, columns: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read(png(pixels)), pixels)


def test_any_memory_layout() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    for view in (pixels[::2, ::-1], pixels.transpose(1, 0, 2), np.asfortranarray(pixels)):
        np.testing.assert_array_equal(read(png(view)), view)


def test_an_address_that_holds_the_image() -> None:
    pixels = np.full((2, 2, 3), 7, np.uint8)
    head, _, data = data_url(pixels).partition(",")
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(read(base64.b64decode(data)), pixels)


def test_what_is_no_image() -> None:
    with pytest.raises(tg.DTypeError, match=r"png: pixels must be uint8, got float64; scale them"):
        png(np.zeros((2, 2, 3)))  # type: ignore[arg-type]  # that is the mistake
    for shape in ((2, 2), (2, 2, 4), (0, 2, 3)):
        with pytest.raises(tg.ShapeError, match=r"must have shape \(rows, columns, 3\)"):
            png(np.zeros(shape, np.uint8))
