"""Files are written aside and renamed: a crash or a full disk leaves the old one whole. Tables hold no formulas."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

ASIDE = ".fastnn.part"  # how names of files end that are not whole yet
LEFT = re.compile(rf"\..+\.[a-z0-9_]{{8}}{re.escape(ASIDE)}", re.DOTALL)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how cells begin that spreadsheets compute
STALE = 60  # seconds after the last byte, when nobody writes on


def write_aside(path: str | os.PathLike[str], write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under another name beside its place, and put it there when it is whole; links stay links.

    Args:
        path: The file.
        write: Gets the open file and writes into it.

    Raises:
        OSError: naming the file, if it cannot be written; what was there before stays.
    """
    place = Path(os.path.realpath(path))
    remove_stale(place.parent)
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:100]}.", suffix=ASIDE)
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


def remove_stale(folder: Path) -> None:
    """Remove what processes that were killed have left in a folder."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if LEFT.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > STALE:
                os.unlink(entry)


def no_formula(text: str) -> str:
    """A cell of a CSV file; what a spreadsheet would compute is marked as text, numbers stay.

    Example:
        >>> no_formula("=1+1"), no_formula("-0,5"), no_formula("loss")
        ("'=1+1", '-0,5', 'loss')
    """
    with contextlib.suppress(ValueError):
        float(text.replace(",", "."))
        return text
    return f"'{text}" if text.startswith(FORMULA) else text
