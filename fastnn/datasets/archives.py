"""Arrays out of .npz, .gz and .tar.gz files: nothing in them is run or written, and none grows without measure."""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastnn.datasets import pickles
from fastnn.datasets.download import DatasetError
from fastnn.utils.json_text import json_of

if TYPE_CHECKING:
    import tarfile
    from gzip import GzipFile

LARGEST = 2**28  # bytes of a file when unpacked; the largest public set here has 2**27.5
LONGEST_WORDS = 300  # letters of another error's message that are repeated


@contextmanager
def reading(expected: str) -> Iterator[None]:
    """Say what was expected whatever goes wrong: damaged files make the libraries raise all kinds of errors."""
    try:
        yield
    except DatasetError:
        raise
    except Exception as error:
        received = (str(error) or type(error).__name__)[:LONGEST_WORDS]
        raise DatasetError(f"expected {expected}, received: {received}") from error


def read_npz(path: str | os.PathLike[str], names: Sequence[str], lists: bool = False) -> dict[str, NDArray[Any]]:
    """The named arrays of a .npz file.

    Args:
        path: The file.
        names: Which arrays.
        lists: Whether they may be arrays of lists of whole numbers, which are pickled.

    Raises:
        DatasetError: The file is missing, unreadable, damaged, or lacks one of the names.
    """
    expected = f"expected a .npz file with arrays {', '.join(names)} at {os.fspath(path)}"
    with reading(expected.removeprefix("expected ")), zipfile.ZipFile(path) as archive:
        there = [name.removesuffix(".npy") for name in archive.namelist()]
        if not set(names) <= set(there):
            raise DatasetError(f"{expected}, received one with {', '.join(there)[:LONGEST_WORDS]}.")
        return {name: read_npy(unzipped(archive, f"{name}.npy"), lists) for name in names}


def unzipped(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member, of which never more is read than it declares."""
    refuse_growth(name, archive.getinfo(name).file_size, LARGEST)
    return archive.read(name)


def refuse_growth(name: str, declared: int, largest: int) -> None:
    """Refuse a member that would take too much memory."""
    if declared > largest:
        raise ValueError(f"{name!r}, which would grow to {declared} bytes, more than {largest}")


def read_npy(content: bytes, lists: bool = False) -> NDArray[Any]:
    """The array of a .npy file; the size that it declares must be that of its data.

    Example:
        >>> file = io.BytesIO()
        >>> np.save(file, np.arange(3, dtype=np.uint8))
        >>> read_npy(file.getvalue())
        array([0, 1, 2], dtype=uint8)
    """
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"an array in version {version} of NumPy's format")
    header = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(file)
    data = content[file.tell() :]
    if dtype.hasobject:
        if not lists:
            raise ValueError("an array of pickled objects where one of numbers belongs")
        return np.asarray(pickles.load(data))
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"an array of shape {shape} and type {dtype}, and {len(data)} bytes for it")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C").copy()


def read_gz(path: str | os.PathLike[str], dimensions: int) -> NDArray[np.uint8]:
    """The bytes of a gzipped IDX file: the format of MNIST's first files.

    Args:
        path: The file.
        dimensions: How many dimensions the array has.

    Raises:
        DatasetError: The file is missing, unreadable, damaged, or of other dimensions.
    """
    import gzip

    with reading(f"a gzipped IDX file of bytes in {dimensions} dimensions at {os.fspath(path)}"):
        with gzip.open(path, "rb") as file:
            content = file.read(LARGEST + 1)
        refuse_growth(Path(path).name, len(content), LARGEST)
        start = 4 + 4 * dimensions
        header = np.frombuffer(content[:start], ">u4").tolist()
        if len(header) != 1 + dimensions or header[0] != 0x0800 + dimensions:
            raise ValueError("another kind of file")
        if math.prod(header[1:]) != len(content) - start:
            raise ValueError(f"a shape of {header[1:]} and {len(content) - start} bytes")
        return np.frombuffer(content, np.uint8, offset=start).reshape(header[1:]).copy()


def read_pickles(path: str | os.PathLike[str], names: Sequence[str]) -> dict[str, dict[bytes, Any]]:
    """The named members of a .tar.gz file, each a pickled dict; nothing is written to disk.

    Raises:
        DatasetError: The file is missing, unreadable, damaged, has members that no archive of data has, or lacks one.
    """
    with reading(f"a .tar.gz file with {', '.join(names)} at {os.fspath(path)}"):
        found = dict(members(path, names))
        missing = [name for name in names if name not in found]
        if missing:
            raise ValueError(f"one without {', '.join(missing)}")
        return found


def members(path: str | os.PathLike[str], names: Sequence[str]) -> Iterator[tuple[str, dict[bytes, Any]]]:
    """The named members in the order of the file, each unpickled."""
    import gzip
    import tarfile

    with gzip.open(path, "rb") as packed:
        measured: Any = Measured(packed, LARGEST)
        with tarfile.open(fileobj=measured, mode="r|") as archive:
            for member in archive:
                refuse_elsewhere(member)
                if member.name in names and member.isfile():
                    yield member.name, unpickled(archive, member)
        read_out(measured)


def read_out(file: Any) -> None:
    """Read to the end, where a packed file has the checksum of what came before."""
    while file.read(2**16):
        pass


def unpickled(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[bytes, Any]:
    """The pickled dict that a file in an archive is."""
    refuse_growth(member.name, member.size, LARGEST)
    found = pickles.load(content_of(archive, member))
    if not isinstance(found, dict):
        raise ValueError(f"{member.name!r} with another pickle than a dict")
    return found


def content_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """The bytes of a file in an archive."""
    file = archive.extractfile(member)
    content = b"" if file is None else file.read()
    if len(content) != member.size:
        raise ValueError(f"{member.name!r} cut off after {len(content)} of {member.size} bytes")
    return content


def refuse_elsewhere(member: tarfile.TarInfo) -> None:
    """Refuse what is neither a file nor a folder, and what lies outside of the archive's own folder."""
    if not (member.isfile() or member.isdir()):
        raise ValueError(f"{member.name!r}, a link or a device")
    refuse_outside(member.name)


def refuse_outside(name: str) -> None:
    """Refuse a name that leads out of the folder that an archive is unpacked into.

    Example:
        >>> refuse_outside("a/b.txt")
        >>> refuse_outside("a/../../b.txt")
        Traceback (most recent call last):
        ...
        ValueError: 'a/../../b.txt', a name outside of the archive
    """
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in parts[0]:
        raise ValueError(f"{name!r}, a name outside of the archive")


class Measured:
    """A file to read from until it has given too much.

    Args:
        file: What is read.
        largest: How many bytes it may give.
    """

    def __init__(self, file: GzipFile, largest: int) -> None:
        self.file, self.given, self.largest = file, 0, largest

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            ValueError: There have been too many.
        """
        content = self.file.read(size)
        self.given += len(content)
        refuse_growth("the archive", self.given, self.largest)
        return content


def read_json(path: str | os.PathLike[str]) -> dict[str, int]:
    """The numbers of words, from a .json file.

    Raises:
        DatasetError: The file is missing, unreadable, damaged, or holds something else.
    """
    with reading(f"a .json file with numbers by words at {os.fspath(path)}"):
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
        refuse_growth(Path(path).name, len(content), LARGEST)
        found = json_of(content)
        if not isinstance(found, dict) or not all(type(number) is int for number in found.values()):
            raise ValueError("something else")
        return found
