"""Lessons and the tour."""

from __future__ import annotations

import contextlib
import html
from typing import Any

from PyQt6.QtCore import QObject, QPoint, QRect, Qt, QTimer
from PyQt6.QtWidgets import QWidget

from fastnn.errors import FastnnError
from gui import lesson as lessons
from gui.handlers import Handler
from gui.lesson import Lesson, Stage
from gui.panels.actions import Repeater
from gui.panels.chooser import LessonChooser
from gui.panels.lesson_bar import LessonBar
from gui.panels.spotlight import Spotlight
from gui.shortcuts import ACTIONS

DIMMED = 120  # of 255, what the tour does not talk about
FAILURES = (FastnnError, ValueError, OSError)


class Learning(QObject):
    """The lessons of one window.

    Args:
        window: The window.
        repeater: What actions run through; a lesson locks some there.
    """

    def __init__(self, window: Any, repeater: Repeater) -> None:
        super().__init__(window)
        self.window, self.session, self.repeater = window, window.session, repeater
        self.lesson: Lesson | None = None
        self.place = 0
        self._off: list[QWidget] = []

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {
            "lessons": self.choose,
            "lesson_next": lambda: self.move(1),
            "lesson_back": lambda: self.move(-1),
            "lesson_end": self.end,
            "tour": lambda: self.begin(lessons.TOUR),
        }

    def compose(self) -> None:
        """Put the bar into the window, out of sight."""
        self.bar = LessonBar()
        self.bar.moved.connect(self.move)
        self.bar.answered.connect(self.answer)
        self.bar.ended.connect(self.end)
        self.dock = self.window.add_panel("Lesson", "lesson", self.bar, Qt.DockWidgetArea.TopDockWidgetArea)
        self.dock.setTitleBarWidget(QWidget())  # the words need the room
        self.frame = Spotlight(self.window)
        self._unsubscribe = self.session.subscribe(self._changed)
        self.window.trainer.ended.connect(lambda: QTimer.singleShot(0, self._trained))
        self._show_actions()

    def close(self) -> None:
        """Hear no more of the session."""
        self._unsubscribe()

    def _changed(self, topic: str) -> None:
        if topic == "loaded" and self.lesson is not None and self.session.source is not self._source:
            self.end()

    # ------------------------------------------------------------ lessons

    def choose(self) -> None:
        """Ask for a lesson and begin it."""
        chooser = LessonChooser([lessons.find(name) for name in lessons.names()], self.window)
        if chooser.exec() and chooser.chosen:
            self.begin(chooser.chosen)
        chooser.deleteLater()

    def begin(self, name: str) -> bool:
        """Begin a lesson: of that name, or in that file; whether it could be read and its network loaded."""
        self.end()
        self.window.player.stop()
        self.window.trainer.pause(wait=True)
        try:
            found = lessons.find(name)
            self._source = found.source()
            self.session.load(self._source, found.number("seed"))
        except FAILURES as error:
            self.window.features.files.complain("Cannot begin this lesson", str(error))
            return False
        self.lesson = found
        self.dock.show()
        self.go(0)
        return True

    def move(self, by: int) -> None:
        """The next step of the lesson (1) or the one before (-1); after the last one it ends."""
        if self.lesson is None:
            return
        if self.place + by >= len(self.lesson.stages):
            self.end()
        elif self.place + by >= 0:
            self.go(self.place + by)

    def go(self, place: int) -> None:
        """Show a step of the lesson, wherever the user has been in between."""
        assert self.lesson is not None
        self.place, stage = place, self.lesson.stages[place]
        self.window.player.stop()
        self.window.trainer.pause(wait=True)
        self._lock(())
        try:
            where = lessons.destination(self.session, stage)
        except FAILURES as error:
            self._fail(stage, error)
            return
        self.window.travel(where)
        if self.session.training:  # far ahead: the worker goes there
            self.bar.show_step(self.lesson, stage, "<p>On the way …</p>")
        else:
            self._arrive()

    def _arrive(self) -> None:
        """Show the lesson's step, now that the run is there."""
        if self.lesson is None or self.session.training:
            return
        stage = self.lesson.stages[self.place]
        try:
            lessons.dress(self.session, stage)
            self.bar.show_step(self.lesson, stage, lessons.as_html(self.session, stage.text))
            self._lock(stage.list("lock"))
            self._point(stage)
        except FAILURES as error:
            self._fail(stage, error)
        self._show_actions()

    def _trained(self) -> None:
        """After a run: if it was on the way to the lesson's step, show that."""
        if self.lesson is not None and not self.session.training:
            stage = self.lesson.stages[self.place]
            with contextlib.suppress(*FAILURES):  # a place that is none has been told of
                if lessons.destination(self.session, stage) == self.session.moment.position:
                    self._arrive()

    def _fail(self, stage: Stage, error: Exception) -> None:
        assert self.lesson is not None
        self.bar.show_step(self.lesson, stage, f"<p>{html.escape(str(error))}</p>")
        self.window.say(f"lesson {self.lesson.name}, step {stage.number}: {error}")

    def _point(self, stage: Stage) -> None:
        targets = [self.target(name) for name in stage.list("target")]
        for widget in targets:
            dock = next((d for d in self.window.docks.values() if d.isAncestorOf(widget)), None)
            if dock is not None:
                dock.show()
                dock.raise_()
        if targets:
            darkness = DIMMED if self.lesson_name == lessons.TOUR else 0
            self.frame.show_on(lambda: [self._place(w) for w in targets], darkness, lambda: [self._place(self.bar)])
        else:
            self.frame.clear()

    @property
    def lesson_name(self) -> str:
        """Name of the lesson that is going on; empty without one."""
        return self.lesson.name if self.lesson is not None else ""

    def _place(self, widget: QWidget) -> QRect:
        if not widget.isVisibleTo(self.window):
            return QRect()
        seen, room = QRect(widget.mapTo(self.window, QPoint(0, 0)), widget.size()), widget.parentWidget()
        while room is not None and room is not self.window:  # without what is scrolled out of sight
            seen &= QRect(room.mapTo(self.window, QPoint(0, 0)), room.size())
            room = room.parentWidget()
        return seen

    def target(self, name: str) -> QWidget:
        """The widget that a lesson calls by this name: a panel's, or an object's name.

        Raises:
            ValueError: for an unknown one.
        """
        panels = {
            "stage": self.window.stage,
            "picker": self.window.transport.picker,
            "transport": self.window.transport,
            "position": self.window.breadcrumb,
            "status": self.window.statusBar(),
            "tape": self.window.tape,
            "chart": self.window.chart,
            "menu": self.window.menuBar(),
            **{dock_name: dock.widget() for dock_name, dock in self.window.docks.items()},
        }
        found = panels.get(name) or self.window.findChild(QWidget, name)
        if not isinstance(found, QWidget):
            raise ValueError(f"expected a target of {sorted(panels)}, received {name!r}.")
        return found

    def _lock(self, names: Any) -> None:
        """Lock actions, whole groups of them, or panels; what was locked before is free again."""
        for widget in self._off:
            widget.setEnabled(True)
        self._off, actions = [], set()
        for name in names:
            of_group = {a.name for a in ACTIONS if name in (a.name, a.group)}
            actions |= of_group
            if not of_group:
                self._off.append(self.target(name))
        for widget in self._off:
            widget.setEnabled(False)
        self.repeater.locked = frozenset(actions)

    def answer(self, text: str) -> None:
        """Judge the answer to the step's question."""
        if self.lesson is None:
            return
        stage = self.lesson.stages[self.place]
        try:
            right = lessons.answer(self.session, stage)
        except FAILURES as error:
            self.bar.judge(str(error), False)
            return
        if lessons.judge(text, right):
            self.bar.judge("Right.", True)
        else:
            self.bar.judge(f"Not yet: {stage.keys['ask']} Three digits or more, please.", False)

    def end(self) -> None:
        """End the lesson; the network stays."""
        if self.lesson is None:
            return
        self.lesson = None
        self._lock(())
        self.frame.clear()
        self.dock.hide()
        self._show_actions()

    def _show_actions(self) -> None:
        for name in ("lesson_next", "lesson_back", "lesson_end"):
            self.window.actions_by_name[name].setEnabled(self.lesson is not None)
