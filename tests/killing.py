"""Processes that save in a loop and are killed at any moment: `python -m tests.killing KILLS FOLDER KIND…`.

What is left has to be whole: every save writes one number everywhere, so that a mixture of two is seen.
"""

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import fastnn
from fastnn import layers
from fastnn.callbacks import BackupAndRestore, CSVLogger
from fastnn.utils.checkpoints import restore_variables, save_variables
from gui import exporting, storage
from gui.session import Session

WEIGHTS = (".weights.h5", ".safetensors")  # endings of files of weights alone
ROWS = 60_000  # of a text, so that writing takes a while


class Model:
    """A kind of file that a model is saved to."""

    def __init__(self, ending):
        self.ending = ending
        self.model = fastnn.Sequential([layers.Input((200,)), layers.Dense(400), layers.Dense(20)])
        self.model.compile("adam", "mse")

    def save(self, folder, k):
        self.fill(k)
        (self.model.save_weights if self.ending in WEIGHTS else self.model.save)(folder / f"model{self.ending}")

    def fill(self, k):
        for variable in self.model.weights:
            variable.assign(np.full(variable.shape, k, "float32"))

    def check(self, folder):
        path = folder / f"model{self.ending}"
        if self.ending in WEIGHTS:
            self.model.load_weights(path)
            return one_number(self.model.get_weights())
        return one_number(fastnn.models.load_model(path).get_weights())


def one_number(arrays):
    """The number that all arrays hold."""
    found = np.unique(np.concatenate([np.ravel(a) for a in arrays]))
    if len(found) != 1:
        raise ValueError(f"Expected one number everywhere. Received: {found}")
    return int(found[0])


class Backup(Model):
    """The folder of `BackupAndRestore`, as a run uses it that is begun again."""

    def __init__(self):
        super().__init__("")
        self.callback = None

    def save(self, folder, k):
        if self.callback is None:
            self.callback = self.begin(folder)
        self.fill(k)
        self.callback.on_epoch_end(k)

    def begin(self, folder):
        callback = BackupAndRestore(folder / "backup", double_checkpoint=True)
        callback.set_model(self.model)
        callback.on_train_begin()
        return callback

    def check(self, folder):
        epoch = self.begin(folder).model._initial_epoch
        if one_number(self.model.get_weights()) != epoch - 1:
            raise ValueError(f"Expected the weights of epoch {epoch}. Received: others")
        return epoch - 1


class Checkpoint:
    """Variables by name."""

    def __init__(self):
        self.variables = [fastnn.Variable(np.zeros((300, 300), "float32"), name=name) for name in ("a", "b")]

    def save(self, folder, k):
        for variable in self.variables:
            variable.assign(np.full((300, 300), k, "float32"))
        save_variables(self.variables, folder / "x.ckpt")

    def check(self, folder):
        restore_variables(self.variables, folder / "x.ckpt")
        return one_number([v.numpy() for v in self.variables])


class Saved:
    """A session of the app."""

    def __init__(self):
        self.session = Session()
        self.session.load("xor")

    def save(self, folder, k):
        self.session.goto(k % 500)
        storage.save(self.session, folder / "s.fastnn", {"k": [k] * ROWS})

    def check(self, folder):
        fresh = Session()
        window = storage.restore(fresh, folder / "s.fastnn")
        k = one_number([np.array(window["k"])])
        if fresh.moment.position != k % 500:
            raise ValueError(f"Expected position {k % 500}. Received: {fresh.moment.position}")
        return k


class Export:
    """A text that the app exports."""

    def save(self, folder, k):
        exporting.write(folder / "t.csv", f"{k}\n" * ROWS)

    def check(self, folder):
        lines = (folder / "t.csv").read_text().split("\n")
        if len(lines) != ROWS + 1:
            raise ValueError(f"Expected {ROWS} lines. Received: {len(lines) - 1}")
        return one_number([np.array(lines[:-1], int)])


class InPlace(Export):
    """How not to do it: for the test of this test."""

    def save(self, folder, k):
        with open(folder / "t.csv", "w") as file:
            for _ in range(ROWS):
                file.write(f"{k}\n")


class Log:
    """The history of a run, line by line, taken up again by every process."""

    def __init__(self):
        self.logger = None

    def save(self, folder, k):
        if self.logger is None:
            self.logger = CSVLogger(folder / "log.csv", append=True)
            self.logger.on_train_begin()
        self.logger.on_epoch_end(k, {f"m{i:02}": k for i in range(40)})

    def check(self, folder):
        head, *lines = (folder / "log.csv").read_text().splitlines()
        if any(line.count(",") != head.count(",") or len({*line.split(",")} - {"NA"}) != 1 for line in lines):
            raise ValueError("Expected whole lines. Received: others")
        return int(lines[-1].split(",")[0])


class Settings:
    """The app's settings."""

    def save(self, folder, k):
        from PyQt6.QtCore import QSettings

        settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        for name in ("layout", "keys"):
            settings.setValue(name, f"{k} " * 5000)
        settings.sync()

    def check(self, folder):
        from PyQt6.QtCore import QSettings

        settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        values = [np.array(str(settings.value(name)).split(), int) for name in ("layout", "keys")]
        if [len(v) for v in values] != [5000, 5000]:
            raise ValueError(f"Expected whole settings. Received: {values}")
        return one_number(values)


KINDS = {
    "keras": lambda: Model(".keras"),
    "h5": lambda: Model(".h5"),
    "weights": lambda: Model(".weights.h5"),
    "safetensors": lambda: Model(".safetensors"),
    "backup": Backup,
    "checkpoint": Checkpoint,
    "session": Saved,
    "export": Export,
    "log": Log,
    "settings": Settings,
    "in place": InPlace,
}


def saving_without_end(make, folder, first):
    """Save number after number, in a process that somebody else ends."""
    kind = make()
    for k in range(first, first + 10**6):
        kind.save(folder, k)
        (folder / "saved").touch()


def kill_once(make, folder, first, rng):
    """Start a process that saves, kill it some time after its first save, and read what is there."""
    (folder / "saved").unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            saving_without_end(make, folder, first)
        os._exit(1)
    try:
        end = time.monotonic() + 60
        while not (folder / "saved").exists() and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.03))
    finally:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise RuntimeError("the process ended by itself")
    return make().check(folder)


def run(name, kills, folder):
    """Kill often, each time going on from what was left; what was wrong, and how many half files were left."""
    folder.mkdir(parents=True)
    rng, k, wrong, unfinished = random.Random(name), 1, [], set()
    for _ in range(kills):
        try:
            found = kill_once(KINDS[name], folder, k, rng)
            if found < k:
                raise ValueError(f"Expected what was saved last, {k} or later. Received: {found}")
            k = found + 1
        except (ValueError, OSError) as error:
            wrong.append(str(error))
        unfinished |= {p.name for p in folder.rglob(".*.fastnn.part")}
    return {"wrong": wrong, "unfinished": len(unfinished)}


if __name__ == "__main__":
    count, place, *names = sys.argv[1:]
    print(json.dumps({name: run(name, int(count), Path(place) / name) for name in names}))
