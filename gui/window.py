"""The main window: puts the panels together and keeps them in line with the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PyQt6.QtCore import QByteArray, QSettings, Qt
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import (
    QApplication,
    QDockWidget,
    QInputDialog,
    QMainWindow,
    QSizePolicy,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from fastnn.errors import FastnnError
from gui import theme
from gui.content import label_letters, mean_at
from gui.features import Features
from gui.handlers import handlers
from gui.numbers import cell_label, exact, format_number
from gui.panels.actions import make_actions
from gui.panels.chart import TrainingChart
from gui.panels.children import Children
from gui.panels.dock_title import DockTitle
from gui.panels.explain_card import ExplainCard
from gui.panels.layout_seal import sealed, secret_of, unsealed
from gui.panels.listing import ListingView
from gui.panels.network_map import NetworkMap
from gui.panels.scrolling import scrolled
from gui.panels.stage import StageView
from gui.panels.tape import Tape
from gui.panels.transport import Breadcrumb, Transport
from gui.panels.walker import Walker
from gui.panels.words import Plain
from gui.session import Selection, Session
from gui.shortcuts import ACTIONS, GROUPS
from gui.source import Source
from gui.worker import Player, Trainer

LAYOUT_VERSION = 1
WIDE = 1600  # pixels of a window in which the map has room for more than a column
AT_ONCE = 0.03  # seconds of training that a move may take before the window answers
SCROLLING = ("network", "explain", "listing", "lesson", "profile")  # docks that need no scroll bars around them
LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
BOTTOM, TOP = Qt.DockWidgetArea.BottomDockWidgetArea, Qt.ToolBarArea.TopToolBarArea


class MainWindow(QMainWindow):
    """The app's window.

    Args:
        session: A session with a network loaded.
        settings: Where layout and theme are kept; None keeps nothing.
    """

    def __init__(self, session: Session, settings: QSettings | None = None) -> None:
        super().__init__()
        self.session, self.settings = session, settings
        self.trainer, self.player = Trainer(session, self), Player(session, self)
        self.walker = Walker(session, self.attempt, self)
        self.features = Features(self)
        self.bound = handlers(self)
        self.actions_by_name = make_actions(self, self.bound, self.features.keymap, self.features.repeater)
        self.transport = Transport(session, self.player, self.actions_by_name, self.load)
        self.breadcrumb, self.chart = Breadcrumb(session), TrainingChart(session, self.travel)
        self.tape = Tape(session, self.chart.axis_of, self.travel)
        self.chart.ruled.connect(self.tape.update)
        self.tape.zoomed.connect(self.chart.zoom)
        self.stage, self.map, self.card = StageView(session), NetworkMap(session), ExplainCard(session)
        self.listing, self.workbench = ListingView(session), self.features.changing.bench()
        Children(self, self.stage)
        self._destination: int | None = None
        self._closed = False
        self._compose()
        self.features.compose()
        self._connect()
        self._restore_layout()
        self.refresh("loaded")
        self.listing.setFocus()

    # ------------------------------------------------------------ composing

    def _compose(self) -> None:
        self.resize(1280, 800)
        self._fill_menus()
        self.addToolBar(TOP, self.transport)
        self.addToolBarBreak(TOP)
        self.addToolBar(TOP, self._path_bar())
        self.setCentralWidget(self.workbench)
        self.setDockNestingEnabled(True)
        self.docks = {
            "network": self._dock("Network", "network", self.map, LEFT),
            "explain": self._dock("Explain", "explain", self.card, RIGHT),
            "listing": self._dock("Step list", "listing", self.listing, BOTTOM),
            "training": self._dock("Training", "training", self._training_panel(), BOTTOM),
        }
        self.setCorner(Qt.Corner.BottomLeftCorner, BOTTOM)
        self.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
        self._default_layout()
        self.cell = Plain()
        self.cell.setAccessibleName("Cell under the pointer")
        self.cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        bar = self.statusBar()
        if bar is not None:
            bar.setContentsMargins(6, 0, 6, 0)
            bar.addWidget(self.cell, 1)
            bar.messageChanged.connect(lambda text: self.cell.setVisible(not text))
            bar.setSizeGripEnabled(False)

    def _path_bar(self) -> QToolBar:
        bar = QToolBar("Position")
        bar.setObjectName("position")
        bar.setMovable(False)
        bar.addWidget(self.breadcrumb)
        return bar

    def _training_panel(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tape)
        column.addWidget(self.chart, 1)
        return panel

    def _dock(self, title: str, name: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setTitleBarWidget(DockTitle(dock))
        dock.setWidget(widget if name in SCROLLING else scrolled(widget))
        self.addDockWidget(area, dock)
        return dock

    def add_panel(self, title: str, name: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        """A dock more, out of sight until it is asked for."""
        self.docks[name] = self._dock(title, name, widget, area)
        self.docks[name].hide()
        return self.docks[name]

    def _default_layout(self) -> None:
        for name, area in (("network", LEFT), ("explain", RIGHT), ("listing", BOTTOM), ("training", BOTTOM)):
            dock = self.docks[name]
            dock.setFloating(False)
            self.addDockWidget(area, dock)
            dock.show()
        self.splitDockWidget(self.docks["listing"], self.docks["training"], Qt.Orientation.Horizontal)
        width, height = self.width(), self.height()
        side, map_width = Qt.Orientation.Horizontal, int(width * (0.16 if width < WIDE else 0.21))
        self.resizeDocks(
            [self.docks["network"], self.docks["explain"]],
            [map_width, int(width * 0.27)],
            side,
        )
        self.resizeDocks([self.docks["listing"], self.docks["training"]], [int(width * 0.40), int(width * 0.33)], side)
        self.resizeDocks([self.docks["listing"]], [int(height * 0.28)], Qt.Orientation.Vertical)

    def _fill_menus(self) -> None:
        bar = self.menuBar()
        if bar is None:
            return
        for group in GROUPS:
            menu = bar.addMenu(f"&{group}")
            if menu is not None:
                menu.addActions([self.actions_by_name[a.name] for a in ACTIONS if a.group == group])

    def _connect(self) -> None:
        self._unsubscribe = self.session.subscribe(self.features.frames.timed(self.refresh))
        self.player.changed.connect(self.transport.refresh)
        self.player.move.connect(self.play)
        self.trainer.ended.connect(self._training_ended)

    # ------------------------------------------------------------ keeping in line

    def refresh(self, topic: str) -> None:
        """Bring the panels in line after a change."""
        if topic == "loaded":
            self.setWindowTitle(f"{self.session.title} — fastnn")
        if topic == "hover":
            self.workbench.refresh_marks()
        else:
            for panel in self._panels(topic):
                panel.refresh()
        if topic != "progress":
            self._refresh_status()

    def _panels(self, topic: str) -> list[Any]:
        if topic == "breakpoints":
            return [self.listing, self.tape, self.transport]
        if topic in ("runs", "watches"):
            return [self.chart] if topic == "runs" else []
        picture = [self.workbench, self.map, self.card]
        if topic == "progress":
            return [self.breadcrumb]
        if topic == "position" and self.session.training:
            return [self.breadcrumb, self.chart, *picture]
        if topic == "view":
            return [*picture, self.transport, self.breadcrumb]
        return [*picture, self.listing, self.tape, self.chart, self.breadcrumb, self.transport]

    def _refresh_status(self) -> None:
        for name, on in (("numbers", self.session.numbers), ("batch_mean", self.session.batch_mean)):
            self.actions_by_name[name].setChecked(on)
        for name, on in (
            ("history_back", self.session.can_go_back),
            ("history_forward", self.session.can_go_forward),
            ("undo", self.session.can_undo),
            ("redo", self.session.can_redo),
        ):
            self.actions_by_name[name].setEnabled(on)
        self.cell.setText(self.describe(self.session.hovered or self.session.selection))

    def describe(self, cell: Selection | None) -> str:
        """A cell, its number and its gradient, in one line."""
        if cell is None or cell[0] not in self.session.listing.values:
            return ""
        name, index = cell
        value = self.session.number_at(name, index)
        label = cell_label(name, index, label_letters(self.session.listing, name))
        digits = self.session.digits
        if self.session.hides(name, index):
            return f"{label} = ?"
        text = f"{label} = {format_number(value, digits)}" if value is not None else f"{label}: not computed yet"
        mean = mean_at(self.session, name, index)
        text = text if mean is None else f"{text}    mean over the batch = {format_number(mean, digits)}"
        gradient = self.session.gradient_of(name)
        slope = self.session.number_at(gradient, index) if gradient else None
        return text if slope is None else f"{text}    grad = {format_number(slope, digits)}"

    def say(self, text: str) -> None:
        """Show a message for a while."""
        bar = self.statusBar()
        if bar is not None:
            bar.showMessage(text, 8000)
            self.cell.hide()  # it does so itself, but not after it has been out of sight

    # ------------------------------------------------------------ doing

    def load(self, name: str | Source) -> None:
        """Debug another preset, or a source of one's own."""
        self.player.stop()
        self.walker.stay()
        self.trainer.pause(wait=True)
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        self.attempt(lambda: self.session.load(name))
        QApplication.restoreOverrideCursor()

    def attempt(self, move: Callable[[], object]) -> None:
        """Do something; an error becomes a message."""
        try:
            move()
        except (FastnnError, ValueError) as error:
            self.say(str(error))

    @property
    def travelling(self) -> bool:
        """Whether training is only the way to a far position."""
        return self._destination is not None

    def travel(self, position: int) -> None:
        """Go to a position; far away in the worker, so that the window stays alive. The latest request wins."""
        session = self.session
        self.walker.stay()
        if session.training:
            if self._destination is not None:
                self._destination = position
                self.trainer.pause()
            return
        if self._is_long(position):
            session.rewind(position)
            session.bound_for = position
            self._destination = position
            self.trainer.begin(session.moment.step_at(position))
        elif self.walker.leads_to(position):
            self.walker.begin(position)
        else:
            self.attempt(lambda: session.goto(position))

    def _is_long(self, position: int) -> bool:
        """Whether the way to a position is for the worker."""
        stepper = self.session.stepper
        return bool(stepper.distance(position) > 2 and stepper.seconds_to(position) > AT_ONCE)

    def play(self, position: int) -> None:
        """Move on while playing: conditions stop it, too."""
        session = self.session
        if not session.conditions:
            self.travel(position)
        elif self._is_long(position):
            self._destination = position
            self.trainer.begin(session.moment.step_at(position), watching=True)
        else:
            self.attempt(lambda: session.run_to(position))
            self.say_hit()

    def say_hit(self) -> None:
        """Say which condition has stopped the run, if one has."""
        if self.session.hit is not None:
            self.player.stop()
            self.say(self.session.hit.message)

    def toggle_training(self) -> None:
        """Train at full speed, or pause."""
        self.player.stop()
        self.walker.stay()
        self._destination = None
        if self.session.training:
            self.trainer.pause()
        else:
            self.trainer.begin()

    def _training_ended(self) -> None:
        destination, self._destination = self._destination, None
        failure = self.trainer.failure
        if failure is not None:
            self.features.running.report(type(failure), failure, failure.__traceback__)
        elif self.trainer.error:
            self.say(self.trainer.error)
        elif destination is not None and self.session.hit is None and not self.trainer.called_off:
            self.travel(destination)
        self.say_hit()

    def ask_for_training_step(self) -> None:
        """Ask where to go."""
        now = f"{self.session.moment.shown + 1}"
        text, sure = QInputDialog.getText(self, "Go to", "Training step (137), or epoch and batch (3.12)", text=now)
        if sure:
            self.attempt(lambda: self.travel(self.session.place(text)))

    def copy_number(self) -> None:
        """Put the selected number on the clipboard, in full."""
        board, cell = QApplication.clipboard(), self.session.selection
        value = self.session.number_at(*cell) if cell else None
        if cell is not None and self.session.hides(*cell):
            self.say("predict this number first")
        elif board is not None and value is not None:
            board.setText(exact(value))
            self.say(f"copied {exact(value)}")

    def set_theme(self, mode: str) -> None:
        """Put on a theme, and repaint everything in it."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, mode)
        for panel in self.findChildren(QWidget):
            if hasattr(panel, "restyle"):
                panel.restyle()
        self.refresh("position")

    def complain(self, what: str, why: str) -> None:
        """Say what failed and why, in a box that does not block."""
        self.features.files.complain(what, why)

    def kept_layout(self) -> dict[str, str]:
        """Where the panels are, for a session's file."""
        return sealed(bytes(self.saveState(LAYOUT_VERSION).data()), secret_of(self.settings))

    def restore_kept_layout(self, kept: Mapping[str, Any]) -> None:
        """Put the panels where a session's file of this user says; what somebody else says leaves them as they are."""
        layout = unsealed(kept, secret_of(self.settings))
        if layout is not None:
            self.restoreState(QByteArray(layout), LAYOUT_VERSION)

    def reset_layout(self) -> None:
        """Put every panel back in its place."""
        self._default_layout()

    # ------------------------------------------------------------ beginning and ending

    def _restore_layout(self) -> None:
        if self.settings is None:
            return
        geometry, state = self.settings.value("geometry"), self.settings.value("layout")
        if geometry is not None:
            self.restoreGeometry(geometry)
        if state is not None:
            self.restoreState(state, LAYOUT_VERSION)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Stop the worker, keep the layout."""
        if not self._closed:
            self._closed = True
            self._end()
        super().closeEvent(event)

    def _end(self) -> None:
        self.player.stop()
        self.walker.stay()
        self.trainer.pause(wait=True)
        self._unsubscribe()
        self.features.close()
        if self.settings is not None:
            self.settings.setValue("geometry", self.saveGeometry())
            self.settings.setValue("layout", self.saveState(LAYOUT_VERSION))
