"""Work beside the window: training at full speed in a thread, and the clock of play."""

from __future__ import annotations

import math
import sys
import threading
import time
import traceback
from collections.abc import Callable

from PyQt6.QtCore import QObject, QThread, QTimer, pyqtSignal

from fastnn.errors import FastnnError
from gui import grains
from gui.moment import INNER, Moment
from gui.session import Session

FRAME = 0.02  # seconds of training between two looks at how far it is
PICTURES = 0.15  # seconds between two pictures of it, at least
SHARE = 0.06  # of the window's time that pictures may take: drawing them keeps training from the processor
SWITCH = 0.001  # seconds that the thread may keep that lock while the window waits for it
SPEEDS = (1, 2, 5, 10, 20, 50)


class Trainer(QThread):
    """Trains in slices and tells the window after each how far it is, and as often as that costs little what is so.

    A picture is made only when the last one is drawn: none is queued, and the window sees the latest.

    Args:
        session: The session whose stepper it borrows between `begin` and `ended`.
    """

    offered = pyqtSignal()
    ended = pyqtSignal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.error = ""
        self.failure: Exception | None = None
        self.called_off = False
        self.between: Callable[[], object] = lambda: None  # done in the thread, between training steps
        self._pause = threading.Event()
        self._telling, self._drawing = threading.Event(), threading.Event()
        self._latest: Moment | None = None
        self._due = 0.0  # when the next picture is
        self._until: int | None = None
        self.offered.connect(self._publish)
        self.finished.connect(self._hand_back)

    def begin(self, until: int | None = None, watching: bool | None = None) -> None:
        """Train until paused, or until as many training steps of the run are done.

        Args:
            until: Training steps of the whole run; without a limit by default.
            watching: Whether conditions stop it; by default they do unless there is a limit.
        """
        self._pause.clear()
        self._telling.clear()
        self._drawing.clear()
        self._due = 0.0
        self.error, self.failure, self._until, self._latest = "", None, until, None
        self.called_off = False
        self.session.start_training(until is None if watching is None else watching)
        self.start()

    def pause(self, wait: bool = False) -> None:
        """Stop after this slice.

        Args:
            wait: Whether to return only when it has stopped; what was to come after it is called off.
        """
        self._pause.set()
        self.called_off = self.called_off or wait
        if wait and self.wait():
            self.session.stop_training()

    def run(self) -> None:
        """The thread's work."""
        usual = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        try:
            while not self._pause.is_set() and self._left() > 0 and self.session.hit is None:
                self.session.train(FRAME, self._left())
                self._offer()
                self.between()
        except FastnnError as error:
            self.error = str(error)
        except Exception as error:  # an error in a thread must reach the window, not end the process
            traceback.print_exc()
            self.failure = error
        finally:
            sys.setswitchinterval(usual)

    def _left(self) -> int:
        done: int = self.session.stepper.training_step
        return 2**31 if self._until is None else self._until - done

    def _check_loss(self) -> None:
        losses = self.session.losses.array
        if self.session.hit is None and self._until is None and len(losses) and not math.isfinite(losses[-1]):
            self.error = f"loss is {losses[-1]} after training step {len(losses)}: paused"
            self._pause.set()

    def _offer(self) -> None:
        if not self._drawing.is_set() and time.monotonic() >= self._due:
            self._drawing.set()
            self._latest = self.session.snapshot()
            self._check_loss()
        if not self._telling.is_set():
            self._telling.set()
            self.offered.emit()

    def _publish(self) -> None:
        self._telling.clear()
        moment, self._latest = self._latest, None
        if not self.session.training:
            return
        if moment is None:
            self.session.notify("progress")
            return
        begun = time.thread_time()
        self.session.publish(moment)
        QTimer.singleShot(0, lambda: self._drawn(begun))  # after the panels are painted

    def _drawn(self, begun: float) -> None:
        """The picture is there: the next one may come, the later the longer this one took."""
        self._due = time.monotonic() + max(PICTURES, (time.thread_time() - begun) / SHARE)
        self._drawing.clear()

    def _hand_back(self) -> None:
        if not self.isRunning():  # else this is old news: another run has begun since
            self.session.stop_training()
            self.ended.emit()


class Player(QObject):
    """Plays: asks for a move by the session's grain, so many times a second, until a breakpoint.

    Signals `changed()` when it begins, ends or changes speed, and `move(position)`.
    """

    changed = pyqtSignal()
    move = pyqtSignal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.speed = 5
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.stop()
        else:
            self._timer.start(1000 // self.speed)
            self.changed.emit()

    def stop(self) -> None:
        """Pause."""
        if self.playing:
            self._timer.stop()
            self.changed.emit()

    def set_speed(self, speed: int) -> None:
        """So many moves a second."""
        self.speed = speed
        if self.playing:
            self._timer.start(1000 // speed)
        self.changed.emit()

    def change_speed(self, direction: int) -> None:
        """The next speed up (1) or down (-1)."""
        place = SPEEDS.index(self.speed) + direction
        self.set_speed(SPEEDS[min(max(place, 0), len(SPEEDS) - 1)])

    def _tick(self) -> None:
        if self.session.training:  # the last move was a long one and is still under way
            return
        if self.session.grain in INNER:
            grains.move(self.session, self.session.grain, 1)
            return
        position, stopped = self.session.play_target()
        self.move.emit(position)
        if stopped:
            self.stop()
