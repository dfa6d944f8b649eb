"""Files are written aside and renamed: a crash or a full disk leaves the old one whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_aside(path: str | os.PathLike[str], write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under another name beside its place, and put it there when it is whole; links stay links.

    Args:
        path: The file.
        write: Gets the open file and writes into it.

    Raises:
        OSError: naming the file, if it cannot be written; what was there before stays.
    """
    place = Path(os.path.realpath(path))
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:100]}.")
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, place)
    except BaseException as error:
        os.unlink(name)
        if isinstance(error, OSError) and error.errno:
            raise type(error)(error.errno, error.strerror, str(path)) from None
        raise
