"""Session files: a run of training at one position, in one file that holds nothing but numbers and text.

A session file is a zip archive, nothing in it packed: `session.json`, arrays in NumPy's format below `arrays/`, and
perhaps `model.keras`. Nothing in it is executed.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fastnn._version import __version__
from fastnn.utils import archives
from fastnn.utils.json_text import json_of
from fastnn.utils.registry import custom_names
from fastnn.utils.writing import write_aside

FORMAT = 1
ENDING = ".fastnn"
RECORD, MODEL, ARRAYS = "session.json", "model.keras", "arrays/"


@dataclass(frozen=True)
class SessionFile:
    """What a session file holds.

    Args:
        record: Settings, positions and names, as JSON has them.
        arrays: Arrays by name.
        model: A `.keras` file; None for a network that the record names.
    """

    record: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(repr=False)
    model: bytes | None = field(default=None, repr=False)

    def numbered(self, prefix: str) -> list[NDArray[Any]]:
        """The arrays `prefix/0`, `prefix/1`, … as far as they go."""
        count = next(i for i in range(len(self.arrays) + 1) if f"{prefix}/{i}" not in self.arrays)
        return [self.arrays[f"{prefix}/{i}"] for i in range(count)]

    def below(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays whose name begins with `prefix/`, by the rest of it, in the order written."""
        return {n.removeprefix(f"{prefix}/"): a for n, a in self.arrays.items() if n.startswith(f"{prefix}/")}

    @property
    def needs(self) -> str:
        """What has to be there to open the file besides this program, in a sentence; mostly nothing.

        A file holds names of a user's own classes and functions, and never their code.
        """
        if self.model is None:
            return ""
        with zipfile.ZipFile(io.BytesIO(self.model)) as archive:
            named = dict(custom_names(json_of(archive.read("config.json"))))
        unknown = [name for name, registered in named.items() if not registered]
        if unknown:
            return (
                f"It cannot be opened again as it is, for it names your {_quoted(unknown)} without the code. Put "
                "@fastnn.saving.register_keras_serializable() before each and save again."
            )
        if named:
            return (
                f"To open it again, first open the script that registers your {_quoted(named)}; no code is in a file."
            )
        return ""

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the file aside, and put it in its place when it is whole.

        Raises:
            OSError: if it cannot be written; what was there before stays.
        """
        write_aside(path, self._write)

    def _write(self, file: IO[bytes]) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            record = {"format": FORMAT, "version": __version__, **self.record}
            archive.writestr(RECORD, json.dumps(record, allow_nan=False))
            for name, array in self.arrays.items():
                with archive.open(f"{ARRAYS}{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.asarray(array, order="C"), allow_pickle=False)
            if self.model is not None:
                archive.writestr(MODEL, self.model)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def read(path: str | os.PathLike[str]) -> SessionFile:
    """Read a session file.

    Raises:
        ValueError: naming the file and what is wrong with it.
        OSError: if it cannot be opened.
    """
    try:
        with open(path, "rb") as file, archives.opened(file) as archive:
            return _read(archive)
    except ValueError as error:
        raise ValueError(f"Expected a whole session file. Received: '{os.fspath(path)}': {error}") from None


def _refuse(word: str) -> Any:
    """NaN and infinity are no JSON; nothing writes them."""
    raise ValueError(f"{RECORD} holds {word}")


def _read(archive: zipfile.ZipFile) -> SessionFile:
    for info in archive.infolist():
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise ValueError(f"'{info.filename}' is packed")
    record = json_of(archives.part(archive, RECORD), parse_constant=_refuse)
    if not isinstance(record, dict) or type(record.get("format")) is not int or record["format"] < 1:
        raise ValueError("its record names no format")
    if record["format"] > FORMAT:
        raise ValueError(f"it is of format {record['format']}; this version reads up to {FORMAT}")
    arrays = {
        name.removeprefix(ARRAYS).removesuffix(".npy"): archives.array(archives.part(archive, name), name)
        for name in archive.namelist()
        if name.startswith(ARRAYS)
    }
    return SessionFile(record, arrays, archives.part(archive, MODEL) if MODEL in archive.namelist() else None)
