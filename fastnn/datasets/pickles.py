"""Lists and arrays out of pickles, of which nothing is run.

IMDB, Reuters and CIFAR are published as pickles, and a pickle is a program that may call anything. Here it may name
NumPy's `ndarray`, `dtype` and `_reconstruct` and nothing else, and in their place it gets classes that only note what
they are given; arrays are made from the notes, once all of them are checked. Before it runs at all, its operations are
looked through: some would take memory without measure, or overflow the stack of C.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from typing import Any

import numpy as np

RUN = 10_000  # operations that one look takes in
LONGEST = 2**23  # operations of a pickle; IMDB has 6 million
MOST_RARE = 1000  # operations that real files have a dozen of
COMMON = re.compile(  # integers, lists, references below 2**20
    rb"(?:K.|M..|J....|[\]ae(N\x88\x89\x94]|q.|h.|[rj]..[\x00-\x0f]\x00|I0[01]\n){1,%d}" % RUN, re.DOTALL
)
RARE = re.compile(rb"[t)\x85-\x87}suRb\x93]|\x80.|\x95.{8}|c[\w.]+\n\w+\n", re.DOTALL)  # tuples, dicts, calls, names
SIZES = {
    b"U": 1,
    b"\x8c": 1,
    b"C": 1,
    b"\x8a": 1,
    b"T": 4,
    b"X": 4,
    b"B": 4,
}  # bytes of the length of the text that follows
PLAIN = re.compile("[<>|=]?[biuf][1248]")


def load(content: bytes) -> Any:
    """What a pickle holds: an array, or a dict with arrays, of numbers or of lists of whole numbers.

    Args:
        content: The pickle, of any protocol from 2; texts of Python 2 become bytes.

    Raises:
        ValueError: It needs more than such data need, or is damaged.

    Example:
        >>> load(pickle.dumps({"labels": [1, 2], "data": np.eye(2, dtype="u1")}, protocol=4))
        {'labels': [1, 2], 'data': array([[1, 0], [0, 1]], dtype=uint8)}
        >>> load(pickle.dumps(print))
        Traceback (most recent call last):
        ...
        ValueError: a pickle that calls builtins.print
    """
    look_through(content)
    try:
        found = Unpickler(io.BytesIO(content), encoding="bytes").load()
    except ValueError:
        raise
    except Exception as error:  # of nearly any type, by what is damaged
        raise ValueError(f"a damaged pickle ({error})") from error
    if isinstance(found, dict):
        return {key: made(value) for key, value in found.items()}
    return made(found)


def look_through(content: bytes) -> None:
    """Refuse operations that arrays of numbers and lists do not need, too many of them, and lengths that lie.

    Raises:
        ValueError: naming the operation.
    """
    place = total = rare = 0
    while content[place : place + 1] != b".":
        if found := COMMON.match(content, place):
            total += min(found.end() - place, RUN)
            place = found.end()
        else:
            total += 1
            rare += content[place : place + 1] not in SIZES
            place = after_rare(content, place)
        if total > LONGEST or rare > MOST_RARE:
            raise ValueError(f"a pickle of more than {LONGEST} operations, or {MOST_RARE} calls, tuples and dicts")


def after_rare(content: bytes, place: int) -> int:
    """Where the operation ends that is no common one."""
    code = content[place : place + 1]
    if code in SIZES:
        start = place + 1 + SIZES[code]
        place = start + int.from_bytes(content[place + 1 : start], "little")
    elif found := RARE.match(content, place):
        place = found.end()
    elif code:
        raise ValueError(f"a pickle with the operation {code!r}, which no data set needs, at byte {place}")
    if place >= len(content):
        raise ValueError("a pickle that is cut off")
    return place


class Kind:
    """Notes what a dtype is made of."""

    def __init__(self, code: Any, align: Any = None, copy: Any = None) -> None:
        self.code, self.order = text(code), ""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = text(state[1])


class Array:
    """Notes what an array is made of."""

    def __init__(self, *empty: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


NAMES = {
    "numpy.ndarray": Array, "numpy.dtype": Kind,
    "numpy.core.multiarray._reconstruct": Array, "numpy._core.multiarray._reconstruct": Array,
}  # fmt: skip


class Unpickler(pickle.Unpickler):
    """Finds the stand-ins and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in NAMES:
            raise ValueError(f"a pickle that calls {module}.{name}")
        return NAMES[f"{module}.{name}"]


def text(value: Any) -> str:
    """A text of Python 3 or 2."""
    return value.decode("ascii") if isinstance(value, bytes) else str(value)


def made(value: Any) -> Any:
    """The array that was noted; numbers, texts and lists stay what they are.

    Raises:
        ValueError: The notes make no array.
    """
    if not isinstance(value, Array):
        return value
    try:
        _, shape, kind, fortran, data = value.state
        code = kind.order + kind.code
        count = math.prod(shape)
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"a pickle with an array that is none ({error})") from error
    if kind.code in ("O", "O8", "O4"):
        return lists(shape, data)
    if not PLAIN.fullmatch(code) or not isinstance(data, bytes) or len(data) != count * np.dtype(code).itemsize:
        raise ValueError(f"a pickle with an array of shape {shape} and type {code!r}, and {size(data)} data for it")
    return np.frombuffer(data, code).reshape(shape, order="F" if fortran else "C").copy()


def lists(shape: tuple[int, ...], rows: Any) -> np.ndarray:
    """The array of lists of whole numbers."""
    if not isinstance(rows, list) or shape != (len(rows),):
        raise ValueError(f"a pickle with an array of shape {shape} and {size(rows)} objects for it")
    if not all(type(row) is list and set(map(type, row)) <= {int} for row in rows):
        raise ValueError("a pickle with an array of other objects than lists of whole numbers")
    found = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        found[place] = row
    return found


def size(data: Any) -> str:
    """How much there is of what should be bytes or a list."""
    return f"{len(data)}" if isinstance(data, (bytes, list)) else "no"
