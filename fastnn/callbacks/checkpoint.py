"""ModelCheckpoint."""

from __future__ import annotations

import os
import string
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.callbacks.base import Logs
from fastnn.callbacks.monitor import BatchCounter, Monitoring, check_save_freq

WHOLE, WEIGHTS = (".keras", ".h5", ".hdf5"), (".weights.h5", ".h5", ".hdf5", ".ckpt")


class ModelCheckpoint(Monitoring):
    """Writes the model, or its weights, into a file after every epoch or so many batches.

    A file is written under another name and put in its place when it is whole.

    Args:
        filepath: Path; '{epoch:02d}', '{batch}' and names in logs such as '{val_loss:.2f}' are filled in. It ends in
            '.keras' (or '.h5'), for weights in '.weights.h5'.
        monitor: Name in logs to watch with save_best_only.
        verbose: Whether to say what is done.
        save_best_only: Whether to write only when the value has improved.
        save_weights_only: Whether to write the weights alone.
        mode: 'min', 'max', or 'auto': the direction is known for losses and for most metrics.
        save_freq: 'epoch', or every how many batches.
        initial_value_threshold: Value to improve upon at first.

    Raises:
        ValueError: for another ending, mode, or save_freq.

    Example:
        >>> saved = ModelCheckpoint("{epoch:02d}-{val_loss:.2f}.keras")
        >>> saved.path(0, None, {"val_loss": 0.257})
        '01-0.26.keras'
    """

    first_process_only = True

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq = check_save_freq(save_freq)
        endings = WEIGHTS if save_weights_only else WHOLE
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"Expected filepath to end in {endings[0]!r} with save_weights_only={save_weights_only}. "
                f"Received: filepath={self.filepath!r}"
            )
        self._epoch = 0
        if self.save_freq != "epoch":
            self._counter = BatchCounter(self.save_freq)
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]  # hooks of batches are costly

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        if self._counter.due():
            self._save(self._epoch, batch, logs or {})

    def path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        """The path for a moment of training; epochs and batches are counted from 0 here, from 1 in names.

        Raises:
            KeyError: for names that are not in the logs.
        """
        known = {**({} if batch is None else {"batch": batch + 1}), **logs, "epoch": epoch + 1}
        for _, name, _, _ in string.Formatter().parse(self.filepath):
            if name is not None and name not in known:
                raise KeyError(
                    f"Expected names out of {sorted(known)} in filepath={self.filepath!r}. Received: {name!r}"
                )
        return self.filepath.format(**known)

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self.path(epoch, batch, logs)
        if not self._due(epoch, logs, path):
            return
        if Path(path).is_dir():
            raise IsADirectoryError(f"Expected the path of a file. Received: a folder, filepath={path!r}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path, overwrite=True)
        self._say(epoch, f"finished saving model to {path}")

    def _due(self, epoch: int, logs: Logs, path: str) -> bool:
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            return True
        value = self.watched(logs)
        if value is None or np.ndim(value):
            if value is not None:
                warnings.warn(f"Expected one number for '{self.monitor}'. Received: {value}; saving", stacklevel=4)
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self.improves(value, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return False
        self._say(epoch, f"{self.monitor} improved from {before} to {value:.5f}, saving model to {path}")
        self.best = value
        return True

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: {text}")
