"""Saving and opening sessions, and keeping one aside in case the program ends unexpectedly."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QLockFile, QObject, QStandardPaths, QTimer, pyqtSignal
from PyQt6.QtWidgets import QFileDialog

from fastnn.errors import FastnnError
from fastnn.utils.session_file import ENDING, SessionFile
from gui import storage
from gui.session import Session

EVERY = 60.0  # seconds between two copies kept aside
LARGEST = 200 * 2**20  # bytes of state that are kept aside unasked
MOST_WINDOWS = 16
UNKEPT = "No copy of this session is kept in case the program ends unexpectedly"
ASK = "Save it yourself when it matters: menu File."
FILTER = f"Sessions (*{ENDING})"
FAILURES = (FastnnError, ValueError, OSError, TypeError)


class Aside:
    """A file for the copy kept aside: each window that is open has its own.

    Args:
        folder: Where such files are; the place for data of this program by default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        usual = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)
        place = folder or Path(usual)
        place.mkdir(parents=True, exist_ok=True)
        for number in range(MOST_WINDOWS):
            self.path = place / f"session-{number}{ENDING}"
            self.lock = QLockFile(str(place / f"session-{number}.lock"))
            if self.lock.tryLock(0):
                break


class Keeper(QObject):
    """Writes sessions into files and takes them up again.

    Signal `unkept(str)` says once for every network why no copy of its session is kept aside, or what opening it takes.

    Args:
        window: The window, which has session, trainer, player and say.
        aside: The place for the copy kept aside; None keeps none.
    """

    unkept = pyqtSignal(str)

    def __init__(self, window: Any, aside: Aside | None) -> None:
        super().__init__(window)
        self.window, self.path = window, ""
        self._told: Any = None  # the sources that something has been said about
        self._warned: Any = None
        self.unkept.connect(window.say)
        self._place, self.aside = aside, aside.path if aside is not None else None
        self._saved: Any = None
        self._last = time.monotonic()
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        if aside is not None:
            self._timer.start(int(EVERY * 1000))
            window.trainer.between = self.keep_in_time

    @property
    def session(self) -> Session:
        """The window's session."""
        session: Session = self.window.session
        return session

    # ------------------------------------------------------------ asked for

    def save(self) -> bool:
        """Save under the name known, or ask for one."""
        return self.write(self.path) if self.path else self.save_as()

    def save_as(self) -> bool:
        """Ask for a name, and save."""
        start = self.path or f"{self.session.source.name if self.session.source else ''}{ENDING}"
        path, _ = QFileDialog.getSaveFileName(self.window, "Save the session", start, FILTER)
        return bool(path) and self.write(path if path.endswith(ENDING) else path + ENDING)

    def write(self, path: str) -> bool:
        """Save; whether it went well."""
        self.window.player.stop()
        self.window.trainer.pause(wait=True)
        try:
            needs = storage.save(self.session, path, self.window.kept_layout())
        except FAILURES as error:
            self.window.complain("The session was not saved", str(error))
            return False
        self.path = path
        self.window.say(f"saved {path}")
        if needs and self._warned is not self.session.source:
            self._warned = self.session.source
            self.window.complain("The session was saved, but …", needs)
        return True

    def open(self) -> bool:
        """Ask for a file, and take it up."""
        path, _ = QFileDialog.getOpenFileName(self.window, "Open a session", self.path, FILTER)
        return bool(path) and self.read(path)

    def read(self, path: str) -> bool:
        """Take a file up; whether it went well."""
        self.window.player.stop()
        self.window.trainer.pause(wait=True)
        try:
            layout = storage.restore(self.session, path)
        except FAILURES as error:
            self.window.complain("The session was not opened", str(error))
            return False
        self.window.restore_kept_layout(layout)
        self.path = path if self.aside is None or Path(path) != self.aside else ""
        self.window.say(f"opened {path}")
        return True

    # ------------------------------------------------------------ kept aside

    def _tick(self) -> None:
        if not self.session.training:
            self.keep()

    def keep_in_time(self) -> None:
        """Keep a copy if it is time to; called by the worker between training steps."""
        if time.monotonic() - self._last > EVERY:
            self.keep()

    def keep(self, wait: bool = False) -> bool:
        """Keep a copy aside, unless nothing has changed since the last one; whether there is one that is up to date.

        Args:
            wait: Whether to return only when it is written.
        """
        self._last = time.monotonic()
        stepper = self.session.stepper
        if self.aside is None or stepper is None:
            return False
        now = (weakref.ref(stepper), stepper.position, stepper.edits)
        if now == self._saved and self.aside.exists():
            return True
        size = sum(a.nbytes for a in stepper.storage.values())
        if size > LARGEST:
            return self._tell(f"{UNKEPT}: {size / 2**20:,.0f} MB are much to write every minute. {ASK}")
        if self._busy():
            return False
        try:
            file = storage.file_of(self.session)
        except FAILURES as error:
            return self._tell(f"{UNKEPT}: {error}")
        if file.needs:
            self._tell(f"A copy of this session is kept. {file.needs}")
        self._saved = now
        self._thread = threading.Thread(target=write_quietly, args=(file, self.aside))
        self._thread.start()
        if wait:
            self._thread.join()
        return not wait or self.aside.exists()

    def _tell(self, what: str) -> bool:
        """Say once for a network what is wrong with its copy, from whatever thread; always False."""
        source = self.session.source
        if self._told is not source:
            self._told = source
            self.unkept.emit(what)
        return False

    def _busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """The program ends as it should: the copy is not needed."""
        self._timer.stop()
        if self._thread is not None:
            self._thread.join()
        if self.aside is not None:
            self.aside.unlink(missing_ok=True)
        if self._place is not None:
            self._place.lock.unlock()


def write_quietly(file: SessionFile, path: Path) -> None:
    """Write a copy that nobody has asked for: a full disk is no reason to interrupt."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        file.write(path)
