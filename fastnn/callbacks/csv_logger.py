"""CSVLogger."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.callbacks.base import Callback, Logs
from fastnn.utils.writing import no_formula


class CSVLogger(Callback):
    """Writes the logs of every epoch as a line of a file.

    Args:
        filename: Path of the file.
        separator: One character between columns.
        append: Whether to go on with an existing file.

    Raises:
        ValueError: for a separator that is not one character.
        OSError: from fit, if the file cannot be written.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> logger = CSVLogger(folder + "/logs.csv")
        >>> logger.on_train_begin()
        >>> logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
        >>> logger.on_train_end()
        >>> Path(logger.filename).read_text().split()
        ['epoch,loss,val_loss', '0,0.5,0.75']
    """

    first_process_only = True

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"Expected separator to be one character. Received: separator={separator!r}")
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None
        self._file: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.on_train_end()
        place = Path(self.filename)
        self._headed = self.append and place.exists() and place.stat().st_size > 0
        self._file = open(place, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115  open until training ends
        if self._headed and place.read_bytes()[-1:] != b"\n":
            self._file.write("\n")  # of a line that was being written when the process was killed
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.sep, lineterminator="\n")
        if self.keys is None:
            self.keys = columns(logs)
            if not self._headed:
                writer.writerow(["epoch", *map(cell, self.keys)])
        writer.writerow([epoch, *(cell(logs.get(key, "NA")) for key in self.keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def columns(logs: Logs) -> list[str]:
    """Names in order; room for validation's, too, which may come with a later epoch.

    Example:
        >>> columns({"mae": 1.0, "loss": 2.0})
        ['loss', 'mae', 'val_loss', 'val_mae']
    """
    keys = sorted(logs)
    return keys if any(key.startswith("val_") for key in keys) else keys + [f"val_{key}" for key in keys]


def cell(value: Any) -> Any:
    """A value as one entry of a line."""
    if isinstance(value, str):
        return no_formula(value)
    return f'"[{", ".join(map(str, value))}]"' if np.ndim(value) else value
