"""HDF5 files of unknown origin: what is read of them is text and numbers that the file itself holds."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.utils.json_text import json_of
from fastnn.utils.naming import printable

MARK = b"\x89HDF\r\n\x1a\n"  # how every HDF5 file begins
TEXTS = re.compile(rb"GCOL\x01(...)", re.DOTALL)  # how a heap of texts begins
NAMES = re.compile(rb"HEAP\0(...)", re.DOTALL)  # how a heap of names begins
UNUSED = b"\0\0\0"  # the three bytes behind, which the library passes over; else it may be a number
NO_MORE = 1  # where the list of free places of such a heap ends
LONGEST_NAMES = 2**26  # letters of all lists of names
LONGEST_WORDS = 1000  # letters of an error
DAMAGE = (
    OSError, LookupError, RuntimeError, TypeError, AttributeError, ArithmeticError, MemoryError, AssertionError
)  # what damaged files lead to, besides ValueError  # fmt: skip


_texts: ContextVar[list[int]] = ContextVar("texts")  # of the file: the longest one, and what names may still take


class Damaged(ValueError):
    """A file that cannot be read: truncated, of another kind, or with parts missing."""


@contextmanager
def opened(content: bytes, path: Path) -> Iterator[Any]:
    """An HDF5 file's content, to be read; errors of a damaged one name the file."""
    import h5py  # here, for it is slow to import and seldom needed

    before = _texts.set([check_heaps(content, path), LONGEST_NAMES])
    try:
        with naming(path, "whole weights", "damaged ones"), h5py.File(io.BytesIO(content), "r") as h5:
            yield h5
    finally:
        _texts.reset(before)


@contextmanager
def naming(path: Path, expected: str, received: str) -> Iterator[None]:
    """Errors name the file that was read; they repeat no more of it than can be read, and steer no terminal."""
    try:
        yield
    except DAMAGE as error:
        raise Damaged(f"Expected {expected} in '{path}'. Received: {received}: {shortened(repr(error))}") from None
    except ValueError as error:
        said = shortened(printable(str(error)))
        if said == str(error) and f"'{path}'" in said:
            raise
        kind = Damaged if isinstance(error, Damaged) else ValueError
        raise kind(said if f"'{path}'" in said else f"{said} (in '{path}')") from None


def shortened(words: str) -> str:
    """The beginning of words that a file may have made long."""
    return words if len(words) <= LONGEST_WORDS else f"{words[:LONGEST_WORDS]}… and {len(words) - LONGEST_WORDS} more"


def check_heaps(content: bytes, file: Path) -> int:
    """Check the heaps in an HDF5 file's bytes: the library never ends on some that are damaged.

    Returns:
        The length of the longest text.

    Raises:
        ValueError: naming the file.
    """
    place = 13 if content[8:9] < b"\2" else 9  # of the sizes of offsets and lengths, by the version
    if content.startswith(MARK) and content[place : place + 2] != b"\x08\x08":
        raise Damaged(f"Expected offsets and lengths of 8 bytes in '{file}'. Received: other ones")
    for found in NAMES.finditer(content):
        check_names(content, found.end(), file, sure=found[1] == UNUSED)
    heaps = TEXTS.finditer(content)
    return max((check_texts(content, found.start(), file, sure=found[1] == UNUSED) for found in heaps), default=0)


def check_texts(content: bytes, at: int, file: Path, sure: bool) -> int:
    """Check that the objects of a heap lie one behind the other, within it; the length of the longest."""
    size = int.from_bytes(content[at + 8 : at + 16], "little")
    if not sure and not 16 <= size <= len(content) - at:
        return 0  # neither would the library take it
    if not 16 <= size <= len(content) - at:
        raise Damaged(f"Expected a whole file '{file}'. Received: a heap of {size} bytes")
    end, at, longest = at + size, at + 16, 0
    while at + 16 <= end:
        number, length = (int.from_bytes(content[at + a : at + b], "little") for a, b in ((0, 2), (8, 16)))
        step = 16 + -(-length // 8) * 8 if number else length
        if not 16 <= step <= end - at:
            raise Damaged(f"Expected a whole file '{file}'. Received: a heap with an object of {length} bytes")
        at, longest = at + step, max(longest, length)
    return longest


def check_names(content: bytes, at: int, file: Path, sure: bool) -> None:
    """Check that the list of a heap's free places comes to an end."""
    size, free, start = (int.from_bytes(content[at + k : at + k + 8], "little") for k in (0, 8, 16))
    if not sure and start + size > len(content):
        return
    seen: set[int] = set()
    while free != NO_MORE and free + 16 <= size:
        if free in seen:
            raise Damaged(f"Expected a whole file '{file}'. Received: a heap whose free places go round in a circle")
        seen.add(free)
        free = int.from_bytes(content[start + free : start + free + 8], "little")


def words_of(group: Any, name: str, file: Path) -> Any:
    """An attribute that is text, or an array of texts; of any other type it may crash the library that reads it.

    Raises:
        ValueError: naming the file.
    """
    import h5py

    kept = group.attrs.get_id(name)
    if kept.shape and 0 in kept.shape:
        return []
    kind = h5py.check_string_dtype(kept.dtype)
    if kind is None:
        raise Damaged(f"Expected text as '{name}' of '{file}'. Received: {kept.dtype}")
    count, longest = math.prod(kept.shape), _texts.get()[0]
    if kind.length is None and count > 1 and count * longest > LONGEST_NAMES:  # all may stand for the same one
        raise Damaged(
            f"Expected no more than {LONGEST_NAMES} letters as '{name}' of '{file}', or texts of one length. "
            f"Received: {count} texts in a file that has one of {longest}"
        )
    return group.attrs[name]


def text_of(h5: Any, name: str, file: Path) -> Any:
    """JSON of an attribute, None if it is not there."""
    if name not in h5.attrs:
        return None
    raw = words_of(h5, name, file)
    try:
        return json_of(raw if isinstance(raw, (bytes, str)) else bytes(raw))
    except ValueError as error:
        raise Damaged(f"Expected JSON as '{name}' of '{file}'. Received: {error}") from None


def names_of(group: Any, name: str, file: Path) -> list[str]:
    """A list of names, in one attribute or several."""
    found: list[str] = []
    parts = [name] if name in group.attrs else [f"{name}{k}" for k in range(len(group.attrs))]
    for part in parts:
        if part not in group.attrs:
            break
        found += [n.decode() if isinstance(n, bytes) else str(n) for n in np.ravel(words_of(group, part, file))]
    _texts.get()[1] -= sum(map(len, found))
    if _texts.get()[1] < 0:
        raise Damaged(f"Expected lists of names in '{file}' of {LONGEST_NAMES} letters in all. Received: longer ones")
    return found


def inner(group: Any, path: str, file: Path) -> Any:
    """What lies under a path; links out of the file are refused on every step.

    Raises:
        ValueError: naming the file, if nothing is there, or a link.
    """
    found = inner_or_none(group, path, file)
    if found is None:
        raise Damaged(f"Expected '{group.name.rstrip('/')}/{path}' in '{file}'. Received: a file without it")
    return found


def inner_or_none(group: Any, path: str, file: Path) -> Any:
    """The same; None if nothing is there."""
    import h5py

    top = group.name.rstrip("/")
    for part in path.split("/"):
        link = group.get(part, getlink=True) if part not in ("", ".", "..") and hasattr(group, "get") else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise Damaged(f"Expected '{top}/{path}' in '{file}' itself. Received: {link}")
        group = group[part]
    return group
