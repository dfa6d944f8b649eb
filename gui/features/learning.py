"""Teaching: lessons and the tour, metrics and worst samples, presentation."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QPoint, QRect, Qt, QTimer
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QDockWidget, QWidget

from fastnn.errors import FastnnError
from gui import lesson as lessons
from gui import theme
from gui.handlers import Handler
from gui.lesson import Lesson, Stage
from gui.panels.actions import Repeater
from gui.panels.chooser import LessonChooser
from gui.panels.lesson_bar import LessonBar
from gui.panels.metrics import MetricsPanel
from gui.panels.spotlight import Spotlight
from gui.shortcuts import ACTIONS

DIMMED = 120  # of 255, what the tour does not talk about
PRESENTED = 1.5  # size of type in a presentation
HIDDEN = ("network", "listing", "training", "metrics")  # docks that a presentation does without
FAILURES = (FastnnError, ValueError, OSError)


class Learning(QObject):
    """Lessons, metrics and presentation of one window.

    Args:
        window: The window.
        repeater: What actions run through; a lesson locks some there.
    """

    def __init__(self, window: Any, repeater: Repeater) -> None:
        super().__init__(window)
        self.window, self.session, self.repeater = window, window.session, repeater
        self.lesson: Lesson | None = None
        self.place = 0
        self.presenting = False
        self._row: int | None = None
        self._before: tuple[Any, float, bool] | None = None
        self._off: list[QWidget] = []

    def handlers(self) -> dict[str, Handler]:
        """What its actions do."""
        return {
            "lessons": self.choose,
            "lesson_next": lambda: self.move(1),
            "lesson_back": lambda: self.move(-1),
            "lesson_end": self.end,
            "tour": lambda: self.begin(lessons.TOUR),
            "metrics": self.toggle_metrics,
            "present": self.toggle_presentation,
        }

    def compose(self) -> None:
        """Put the panels into the window."""
        self.bar, self.metrics = LessonBar(), MetricsPanel(self.session)
        self.bar.moved.connect(self.move)
        self.bar.answered.connect(self.answer)
        self.bar.ended.connect(self.end)
        self.metrics.chosen.connect(self.show_row)
        self.dock = self._dock("Lesson", "lesson", self.bar, Qt.DockWidgetArea.TopDockWidgetArea)
        self.metrics_dock = self._dock("Metrics", "metrics", self.metrics, Qt.DockWidgetArea.RightDockWidgetArea)
        self.dock.setTitleBarWidget(QWidget())  # the words need the room
        self.metrics_dock.visibilityChanged.connect(self._metrics_seen)
        self.frame = Spotlight(self.window)
        self.light = Spotlight(self.window.stage.canvas)
        self.leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.window, self.toggle_presentation)
        self.leave.setEnabled(False)
        self._unsubscribe = self.session.subscribe(self._changed)
        self.window.trainer.ended.connect(lambda: QTimer.singleShot(0, self._trained))
        self._show_actions()

    def _dock(self, title: str, name: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self.window)
        dock.setObjectName(name)
        dock.setWidget(panel)
        self.window.addDockWidget(area, dock)
        self.window.docks[name] = dock
        dock.hide()
        return dock

    def close(self) -> None:
        """Hear no more of the session."""
        self._unsubscribe()

    def _changed(self, topic: str) -> None:
        if topic in ("loaded", "position", "training"):
            self.metrics.refresh()
            self._select_row()
        if topic == "loaded" and self.lesson is not None and self.session.source is not self._source:
            self.end()
        if self.presenting:
            self.light.follow()

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
            self.session.load(self._source, int(found.keys.get("seed", 0)))
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
            if lessons.destination(self.session, stage) == self.session.moment.position:
                self._arrive()

    def _fail(self, stage: Stage, error: Exception) -> None:
        assert self.lesson is not None
        self.bar.show_step(self.lesson, stage, f"<p>{error}</p>")
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
        return QRect(widget.mapTo(self.window, QPoint(0, 0)), widget.size())

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

    # ------------------------------------------------------------ metrics

    def toggle_metrics(self) -> None:
        """Show or hide the metrics."""
        hidden = self.metrics_dock.isHidden()
        self.metrics_dock.setVisible(hidden)
        if hidden:
            self.window.tabifyDockWidget(self.window.docks["explain"], self.metrics_dock)
            self.metrics_dock.raise_()

    def _metrics_seen(self, seen: bool) -> None:
        self.window.actions_by_name["metrics"].setChecked(not self.metrics_dock.isHidden())

    def show_row(self, row: int) -> None:
        """Bring a sample onto the stage: in this batch, or in the one of this epoch that it is in."""
        session, schedule = self.session, self.session.stepper.schedule
        if session.training:
            self.window.say("pause the training to see a sample")
            return
        self._row = row
        if row not in session.moment.rows:
            first = session.moment.epoch * schedule.batches
            step = next(s for s in range(first, first + schedule.batches) if row in schedule.rows(s))
            self.window.travel(step * len(session.steps) + min(max(session.done, 1), len(session.steps)))
        self._select_row()

    def _select_row(self) -> None:
        """Show the sample that was asked for, once its batch is there."""
        session = self.session
        if self._row is None or session.training or self._row not in session.moment.rows:
            return
        row, self._row = self._row, None
        session.set_sample(int((session.moment.rows == row).argmax()))
        self.window.say(f"row {row} is sample {session.sample} of training step {session.moment.shown + 1}")

    # ------------------------------------------------------------ presentation

    def toggle_presentation(self) -> None:
        """Large type, nothing but stage and explanation, a light on what the selected number is made of; or back."""
        self.presenting = not self.presenting
        self.leave.setEnabled(self.presenting)
        self.window.actions_by_name["present"].setChecked(self.presenting)
        if self.presenting:
            self._present()
        else:
            self._return()

    def _present(self) -> None:
        window = self.window
        self._before = (window.saveState(), theme.scale(), window.isFullScreen())
        for name in HIDDEN:
            window.docks[name].hide()
        self._chrome(False)
        window.features.appearance.set_scale(max(theme.scale(), PRESENTED))
        window.showFullScreen()
        window.resizeDocks([window.docks["explain"]], [int(window.width() * 0.34)], Qt.Orientation.Horizontal)
        self.light.show_on(self.operands, DIMMED // 2)

    def _return(self) -> None:
        state, size, full = self._before or (None, 1.0, False)
        self.light.clear()
        self._chrome(True)
        if not full:
            self.window.showNormal()
        self.window.features.appearance.set_scale(size)
        if state is not None:
            self.window.restoreState(state)
        self._before = None

    def _chrome(self, visible: bool) -> None:
        for part in (self.window.menuBar(), self.window.statusBar()):
            if part is not None:
                part.setVisible(visible)

    def operands(self) -> list[QRect]:
        """Where the cells are that the selected number is made of, and the number itself, on the stage."""
        stage = self.window.stage
        if stage.scene is None:
            return []
        chosen = self.session.selection
        found = []
        for view in stage.views():
            cells = [tuple(int(i) for i in index) for index in stage.scene.marks.get(view.content.name, ())]
            if chosen is not None and view.content.name == chosen[0]:
                cells.append(chosen[1])
            rects = [rect for index in cells if (rect := view.index_rect(index)) is not None]
            if rects:
                whole = rects[0]
                for rect in rects[1:]:
                    whole = whole.united(rect)
                inside = whole.toAlignedRect().intersected(view.rect())
                found.append(inside.translated(view.mapTo(stage.canvas, QPoint(0, 0))))
        return found
