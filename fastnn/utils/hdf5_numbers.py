"""Arrays of HDF5 files of unknown origin: numbers that the file itself holds, one behind the other or in chunks.

Chunks are unpacked here, not by the library: its filters crash on bytes made for that, and know no bounds.
"""

from __future__ import annotations

import itertools
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.utils.hdf5_files import Damaged, inner, names_of

GZIP, SHUFFLE = 1, 2  # the filters' numbers
FILTERS = {SHUFFLE: "shuffle", GZIP: "gzip", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
PACKED = ((), (GZIP,), (SHUFFLE,), (SHUFFLE, GZIP))  # the ways in which chunks may be
SMALL = 2**20  # bytes that the chunks of any array may have
LARGEST_PADDING = 16  # how much larger than the array its chunks may be: 2 for every axis of a kernel
INDEX = 8  # bytes that a chunk needs in the file, at least


def numbers_at(group: Any, path: str, file: Path) -> Any:
    """The place of an array that the file itself holds, not read yet.

    Raises:
        ValueError: naming the file, if it is elsewhere, no array of numbers, or packed in another way than by gzip.
    """
    import h5py

    data, place = inner(group, path, file), f"under '{group.name}/{path}' of '{file}'"
    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual or data.dtype.kind not in "fiub":
        raise Damaged(f"Expected numbers {place}. Received: {data!r}")
    if data.shape is None or data.id.get_type() != h5py.h5t.py_create(data.dtype, logical=True):
        raise Damaged(f"Expected numbers {place} of a type of NumPy's. Received: others, or none at all")
    if data.chunks is None:
        return data
    if filters_of(data) not in PACKED:
        names = [FILTERS.get(number, number) for number in filters_of(data)]
        raise Damaged(f"Expected numbers {place} that are plain or packed by gzip, shuffled or not. Received: {names}")
    counts = [-(-length // chunk) for length, chunk in zip(data.shape, data.chunks, strict=True)]
    size = math.prod(data.chunks) * math.prod(counts) * data.dtype.itemsize
    most = max(LARGEST_PADDING * math.prod(data.shape) * data.dtype.itemsize, SMALL)
    if size > most or math.prod(counts) * INDEX > data.file.id.get_filesize():
        raise Damaged(
            f"Expected chunks {place} that an array of shape {data.shape} needs, of no more than {most} bytes, and "
            f"that the file holds. Received: {math.prod(counts)} chunks of shape {data.chunks}, {size} bytes"
        )
    return data


def filters_of(data: Any) -> tuple[int, ...]:
    """The numbers of the filters that an array's chunks went through, in that order."""
    plan = data.id.get_create_plist()
    return tuple(plan.get_filter(k)[0] for k in range(plan.get_nfilters()))


def arrays_of(group: Any, file: Path) -> list[Any]:
    """The arrays that a group names, in that order; not read yet."""
    return [numbers_at(group, name, file) for name in names_of(group, "weight_names", file)]


def numbers_of(data: Any, file: Path) -> NDArray[Any]:
    """The array at a place that `numbers_at` gave.

    Raises:
        ValueError: naming the file, if chunks are missing or damaged.
    """
    found = np.asarray(data) if data.chunks is None or not data.size else from_chunks(data, file)
    return found.view(np.uint8) != 0 if found.dtype.kind == "b" else found  # its bytes may be any in the file


def from_chunks(data: Any, file: Path) -> NDArray[Any]:
    """An array put together from its chunks; those at the edges may stand out."""
    found, filters, count = np.empty(data.shape, data.dtype), filters_of(data), math.prod(data.chunks)
    room = bytearray(count * data.dtype.itemsize * 9 // 8 + 1024)  # for what does not get smaller when packed
    for start in itertools.product(*(range(0, n, c) for n, c in zip(data.shape, data.chunks, strict=True))):
        try:
            passed_over, stored = data.id.read_direct_chunk(start, out=room)
            used = [number for k, number in enumerate(filters) if not passed_over >> k & 1]
            chunk = unpacked(stored, used, count, data.dtype)
        except (ValueError, OSError, RuntimeError, MemoryError, zlib.error) as error:
            raise Damaged(f"Expected whole chunks in '{data.name}' of '{file}'. Received: {error}") from None
        target = found[tuple(slice(a, a + c) for a, c in zip(start, data.chunks, strict=True))]
        target[...] = chunk.reshape(data.chunks)[tuple(slice(n) for n in target.shape)]
    return found


def unpacked(stored: bytes | memoryview, filters: list[int], count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The numbers of a chunk; memory is spent on what it ought to hold, and no more."""
    size = count * dtype.itemsize
    if GZIP in filters:
        packed = zlib.decompressobj()
        stored = packed.decompress(stored, size + 1)
        if not packed.eof:
            raise ValueError("one that ends early, or unpacks to more than its shape holds")
    if len(stored) != size:
        raise ValueError(f"one of {len(stored)} bytes instead of {size}")
    if SHUFFLE in filters:
        stored = np.frombuffer(stored, np.uint8).reshape(dtype.itemsize, count).T.tobytes()
    return np.frombuffer(stored, dtype)
