"""BackupAndRestore."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fastnn.callbacks.base import Callback, Logs
from fastnn.callbacks.monitor import BatchCounter, check_save_freq
from fastnn.utils.json_text import json_of

STATE, BEFORE = "training_metadata.json", "training_metadata.json.bkp"


class BackupAndRestore(Callback):
    """Lets training that was interrupted go on where it stopped: the same call of fit, in a new process, resumes.

    Resuming after whole epochs gives the same bits as training without interruption. The order of the rows, dropout
    and the like follow from the seed (`set_random_seed`) and the number of training steps.

    Args:
        backup_dir: Folder for the state of training, used for nothing else.
        save_freq: 'epoch', or every how many batches; the epoch that was interrupted is begun again then, with the
            weights it had. False writes nothing.
        double_checkpoint: Whether to keep the state before the last one, too, for when the last is damaged.
        delete_checkpoint: Whether to delete the files when training is finished.

    Raises:
        ValueError: for an empty backup_dir, or another save_freq.
    """

    first_process_only = True

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir or not os.fspath(backup_dir):
            raise ValueError(f"Expected the path of a folder. Received: backup_dir={backup_dir!r}")
        self.backup_dir = backup_dir
        self.save_freq = check_save_freq(save_freq, ("epoch", False))
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._folder, self._epoch, self._number = Path(backup_dir), 0, 0
        if self.save_freq not in ("epoch", False):
            self._counter = BatchCounter(self.save_freq)
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]  # hooks of batches are costly

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self.model.built:
            raise ValueError(
                f"Expected a model that is built before fit, for BackupAndRestore to restore its weights. Received: "
                f"'{self.model.name}', which is not"
            )
        for name in (STATE, BEFORE):
            place = self._folder / name
            if place.exists():
                try:
                    return self._restore(place)
                except (OSError, ValueError, LookupError, TypeError) as error:
                    if name == BEFORE or not (self._folder / BEFORE).exists():
                        raise ValueError(f"Expected whole files in backup_dir='{self._folder}'. {error}") from error
        return None

    def _restore(self, place: Path) -> None:
        state = json_of(place.read_text(encoding="utf-8"))
        counts = [state["epoch"], state["number"]]
        if not all(type(n) is int and n >= 0 for n in counts):
            raise ValueError(f"Expected whole numbers in '{place}'. Received: {counts}")
        self.model.load_weights(self._folder / Path(state["weights"]).name)
        self._epoch, self._number = counts
        self.model._initial_epoch = self._epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save(0)

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        if self._counter.due():
            self._save(batch + 1)

    def _save(self, batch: int) -> None:
        """Write weights under a new name, then the file that names them, so that both always belong together."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._number += 1
        weights = f"state-{self._number}.weights.h5"
        self.model.save_weights(self._folder / weights, overwrite=True)
        if self.double_checkpoint and (self._folder / STATE).exists():
            os.replace(self._folder / STATE, self._folder / BEFORE)
        state = {"epoch": self._epoch, "batch": batch, "number": self._number, "weights": weights}
        fresh = self._folder / f"{STATE}.new"
        fresh.write_text(json.dumps(state))
        os.replace(fresh, self._folder / STATE)
        kept = {weights, f"state-{self._number - 1}.weights.h5" if self.double_checkpoint else ""}
        for file in self._folder.glob("state-*.weights.h5"):
            if file.name not in kept:
                file.unlink()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if not self.delete_checkpoint or not self._folder.exists():
            return
        for file in [*self._folder.glob("state-*.weights.h5"), self._folder / STATE, self._folder / BEFORE]:
            file.unlink(missing_ok=True)
        if not any(self._folder.iterdir()):
            self._folder.rmdir()
