"""Files fetched once, checked by their SHA-256 and kept; and .npz files read without trust."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.errors import FastnnError


class DatasetError(FastnnError, OSError):
    """A data set's file cannot be fetched or read, or is not what it should be."""


def cache_folder() -> Path:
    """Where downloads are kept: `datasets` in fastnn's folder."""
    return config.home() / "datasets"


def fetch(url: str, sha256: str, name: str) -> Path:
    """The cached file `name`, downloaded from `url` unless a copy with the right hash is already there.

    Args:
        url: Where the file is.
        sha256: Its hash, 64 hexadecimal digits.
        name: Its name in `cache_folder()`.

    Raises:
        DatasetError: The download fails, has another hash, or cannot be written. Nothing half-written is left.
    """
    import pooch

    folder = cache_folder()
    try:
        return Path(pooch.retrieve(url, f"sha256:{sha256}", name, folder))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"expected {name} from {url} with SHA-256 {sha256} in {folder}, received: {error}"
        ) from error


def read_npz(path: str | os.PathLike[str], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The named arrays of a .npz file; nothing in it is executed.

    Raises:
        DatasetError: The file is missing, unreadable, damaged, or lacks one of the names.
    """
    expected = f"expected a .npz file with arrays {', '.join(names)} at {os.fspath(path)}"
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in names}
    except KeyError as error:
        raise DatasetError(f"{expected}, received one with {', '.join(archive.files)}.") from error
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise DatasetError(f"{expected}, received: {error or type(error).__name__}") from error
