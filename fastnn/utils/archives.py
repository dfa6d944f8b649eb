"""Zip archives of unknown origin: parts are taken by their names, into memory, and in bounds."""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from numpy.typing import NDArray

from fastnn.datasets.archives import LONGEST_WORDS, read_npy

SMALL = 2**26  # bytes that may be unpacked from any file
LARGEST_GROWTH = 20  # how much larger than in the file a part that is not small may be
NUMBERS = "fiub"  # kinds of types of arrays
BAD_HEADER = (tokenize.TokenError, SyntaxError, TypeError, MemoryError, RecursionError, OverflowError)
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, RuntimeError, ArithmeticError, TypeError)


@contextmanager
def opened(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """An archive whose parts are different and lie beside each other.

    Raises:
        ValueError: for an archive that is damaged or made to harm.
        OSError: if it cannot be read.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            check(archive, file.seek(0, io.SEEK_END))
            yield archive
    except DAMAGE as error:
        raise ValueError(f"a damaged archive: {error}") from None


def check(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse an archive in which a name or a place is used twice, or that is not simply packed."""
    seen: set[str] = set()
    for info in archive.infolist():
        if info.filename in seen:
            raise ValueError(f"'{info.filename}' is there twice")
        if info.flag_bits & 1:
            raise ValueError(f"'{info.filename}' is encrypted")
        if info.compress_type not in PACKED:
            raise ValueError(f"'{info.filename}' is packed in way {info.compress_type}")
        seen.add(info.filename)
    if sum(info.compress_size for info in archive.infolist()) > size:
        raise ValueError("its parts lie over each other")


def part(archive: zipfile.ZipFile, name: str, growth: int = LARGEST_GROWTH) -> bytes:
    """One part; one that is large only when unpacked is refused before memory is spent on it.

    Raises:
        ValueError: if it is not there, or too large.
    """
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"it has no {name}") from None
    if info.file_size > max(growth * info.compress_size, SMALL):
        raise ValueError(f"'{name}' would grow from {info.compress_size} to {info.file_size} bytes")
    content = archive.read(info)
    if len(content) != info.file_size or (
        info.compress_type == zipfile.ZIP_STORED and len(content) != info.compress_size
    ):
        raise ValueError(f"'{name}' has another size than it says")
    return content


def held(archive: zipfile.ZipFile, name: str) -> int:
    """Bytes that a part takes in the archive."""
    return archive.getinfo(name).compress_size


def array(content: bytes, name: str, kinds: str = NUMBERS) -> NDArray[Any]:
    """An array from NumPy's format, never one of objects; its header must agree with the bytes that follow.

    Args:
        content: The bytes.
        name: For errors.
        kinds: Letters of the kinds of types that are wanted.

    Raises:
        ValueError: naming the array and what is wrong with it.
    """
    try:
        found = read_npy(content)
    except (ValueError, *BAD_HEADER) as error:
        raise ValueError(f"'{name}': {str(error)[:LONGEST_WORDS]}") from None
    if found.dtype.kind not in kinds:
        raise ValueError(f"'{name}' of type {found.dtype}, shape {found.shape}")
    return found
