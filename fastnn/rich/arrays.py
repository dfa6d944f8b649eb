"""Arrays in notebooks: a table of few numbers, a heat map of many, and the range that they span."""

from __future__ import annotations

import base64
import struct
import zlib
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.rich.page import LINE, RIGHT, TABLE, note, page

Array = NDArray[Any]
ABOVE, BELOW = (47, 127, 193), (208, 98, 42)  # blue and orange, which hardly anybody confuses
MOST_CELLS, MOST_PIXELS, SIDE = 12, 48, 240


def array_page(title: str, array: Array) -> str:
    """An array for a notebook."""
    facts = note(f"shape {array.shape}, {array.dtype}{extent(array)}")
    if array.dtype.kind not in "fiub" or not array.size:
        return page(title, facts)
    held = shown_part(array.ndim)
    values = np.atleast_2d(array[held])
    picture = heat_table(values) if max(values.shape) <= MOST_CELLS else heat_map(values)
    where = ", ".join(":" if isinstance(k, slice) else str(k) for k in held)
    return page(title, facts, picture, note(f"shown is [{where}]") if array.ndim > 2 else "")


def shown_part(rank: int) -> tuple[Any, ...]:
    """Which part of an array is shown: of a batch of images the first one's first channel.

    Example:
        >>> import numpy as np
        >>> np.zeros((5, 28, 27, 3))[shown_part(4)].shape, np.zeros((2, 3, 4, 7, 8))[shown_part(5)].shape
        ((28, 27), (4, 7))
    """
    every = slice(None)
    return (*(0,) * (rank - 3), every, every, 0) if rank > 3 else (*(0,) * (rank - 2), *(every,) * min(rank, 2))


def extent(array: Array) -> str:
    """The range of numbers, and whether some are not finite."""
    if array.dtype.kind not in "fiu" or not array.size:
        return ""
    finite = array[np.isfinite(array)]
    odd = f", {array.size - finite.size} not finite" if finite.size < array.size else ""
    if not finite.size:
        return odd
    return f", from {finite.min():.4g} to {finite.max():.4g}, mean {finite.mean(dtype=np.float64):.4g}{odd}"


def strengths(values: Array) -> Array:
    """Numbers by the largest magnitude among them, from -1 to 1; 0 for what is not finite."""
    x = np.where(np.isfinite(values), values, 0).astype(np.float64)
    largest = np.abs(x).max()
    return x / largest if largest else x


def heat_table(values: Array) -> str:
    """A table of numbers, on orange below zero and on blue above."""
    rows = []
    for numbers, parts in zip(values, strengths(values), strict=True):
        cells = (
            f'<td style="{RIGHT};border:{LINE};background:rgba'
            f'{(*(BELOW if part < 0 else ABOVE), round(abs(part) * 0.6, 2))}">'
            f"{escape(f'{number:.4g}' if values.dtype.kind == 'f' else str(number))}</td>"
            for number, part in zip(numbers, parts.tolist(), strict=True)
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"{TABLE}{''.join(rows)}</table>"


def heat_map(values: Array) -> str:
    """A picture of many numbers, orange below zero and blue above; of very many, some that are evenly spread."""
    rows, columns = (np.linspace(0, n - 1, min(n, MOST_PIXELS)).round().astype(int) for n in values.shape)
    parts = strengths(values[np.ix_(rows, columns)])
    pixels = np.zeros((*parts.shape, 4), np.uint8)
    pixels[..., :3] = np.where(parts[..., None] < 0, BELOW, ABOVE)
    pixels[..., 3] = np.rint(np.abs(parts) * 255)
    size = max(1, min(12, SIDE // max(parts.shape)))
    words = f"heat map of {len(rows)} x {len(columns)} out of {values.shape[0]} x {values.shape[1]} numbers"
    return (
        f'<img alt="{words}" title="{words}" width="{len(columns) * size}" height="{len(rows) * size}" '
        f'style="image-rendering:pixelated;border:{LINE};margin:.3em 0;display:block" '
        f'src="data:image/png;base64,{base64.b64encode(png(pixels)).decode()}">'
    )


def png(pixels: Array) -> bytes:
    """A picture (rows, columns, red green blue opacity) of bytes as a PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
