"""The transport bar: moving, playing, training, resetting, choosing a network; and where the cursor stands."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QAction, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolBar, QToolButton, QWidget

from gui import theme
from gui.moment import GRAINS
from gui.panels.icons import SIZE, icon
from gui.panels.picker import PresetPicker
from gui.panels.words import Rich, rich_tip
from gui.session import Session
from gui.shortcuts import find
from gui.worker import SPEEDS, Player

BUSY = 3.0  # pixels: height of the bar that shows how far a long way is
MOVES = ("to_start", "back_grain", "play", "forward_grain", "to_end")
STYLE = {"train": "Train", "reset": "Reset", "new_seed": "New seed", "conditions": "Stop at…"}


class Transport(QToolBar):
    """Buttons and choices of the bar.

    Args:
        session: What it controls.
        player: Plays step by step.
        actions: The window's actions by name.
        choose: Called with the name of the preset chosen.
    """

    def __init__(
        self, session: Session, player: Player, actions: Mapping[str, QAction], choose: Callable[[str], None]
    ) -> None:
        super().__init__("Transport")
        self.setObjectName("transport")
        self.setMovable(False)
        self.session, self.player, self.window_actions = session, player, actions
        for name in MOVES:
            self._button(name)
        self.grain = self._choice("Grain", [g.capitalize() for g in GRAINS], self._choose_grain)
        self.grain.setToolTip("What back, play and forward move by")
        self.speed = self._choice("Speed", [f"{s} / s" for s in SPEEDS], self._choose_speed)
        self.speed.setToolTip("Moves a second while playing  (+, −)")
        self.addSeparator()
        for name in STYLE:
            self._button(name).setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._spacer()
        self.picker = PresetPicker(session, choose)
        self.addWidget(self.picker)
        self.restyle()

    def _button(self, name: str) -> QToolButton:
        button = QToolButton()
        self.window_actions[name].setIconText(STYLE.get(name, find(name).text))
        button.setDefaultAction(self.window_actions[name])
        button.setAutoRepeat(find(name).repeats)
        button.setAccessibleName(find(name).text)
        button.setObjectName(f"button_{name}")
        self.addWidget(button)
        return button

    def _choice(self, name: str, words: list[str], chosen: Callable[[int], None]) -> QComboBox:
        box = QComboBox()
        box.addItems(words)
        box.setAccessibleName(name)
        box.activated.connect(chosen)
        self.addWidget(box)
        return box

    def _spacer(self) -> None:
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)

    def _choose_grain(self, place: int) -> None:
        self.session.set_grain(GRAINS[place])

    def _choose_speed(self, place: int) -> None:
        self.player.set_speed(SPEEDS[place])

    def restyle(self) -> None:
        """Draw the icons in the theme's colours, as large as type is."""
        self.setIconSize(QSize(theme.px(SIZE), theme.px(SIZE)))
        for name in (*MOVES, *STYLE):
            if name not in ("play", "train"):
                self.window_actions[name].setIcon(icon(name))
        self._state: tuple[bool, bool] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Bring buttons and choices in line with the session."""
        self.grain.setCurrentIndex(GRAINS.index(self.session.grain))
        self.speed.setCurrentIndex(SPEEDS.index(self.player.speed))
        self.picker.refresh()
        count = len(self.session.conditions)
        self.window_actions["conditions"].setIconText(f"Stop at {count}" if count else STYLE["conditions"])
        state = (self.player.playing, self.session.training)
        if state != self._state:
            self._state = state
            self._show_state(*state)

    def _show_state(self, playing: bool, training: bool) -> None:
        self.window_actions["play"].setIcon(icon("pause" if playing or training else "play"))
        train = self.window_actions["train"]
        train.setChecked(training)
        train.setIcon(icon("pause" if training else "train"))
        train.setIconText("Pause" if training else "Train")
        for name in ("to_start", "to_end", "back_grain", "forward_grain", "reset", "conditions"):
            self.window_actions[name].setEnabled(not training)
        reseeds = self.session.source is not None and self.session.source.reseeds
        self.window_actions["new_seed"].setEnabled(reseeds and not training)


class Breadcrumb(QWidget):
    """Where the cursor stands: `epoch.batch.sample > phase > layer > operation`."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.path, self.count = Rich(), Rich()
        self.path.setAccessibleName("Position")
        self.count.setAccessibleName("Step")
        self.path.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 4)
        row.addWidget(self.path, 1)
        row.addWidget(self.count)
        self._forms = [("", "")]
        self._busy: float | None = None

    def refresh(self) -> None:
        """Show the session's position."""
        s, t = self.session, theme.current()
        step, m = s.shown_step(), s.moment
        place = f"epoch <b>{m.epoch + 1}</b> · batch <b>{m.batch + 1}</b>/{m.batches} · sample <b>{s.sample}</b>"
        phase = f"<b style='color:{t.phases[step.phase]}'>{step.phase}</b>"
        op = f"<b>{'∂' if step.backward else ''}{html.escape(step.op.name)}</b>"
        short = f"<b>{m.epoch + 1}</b>.<b>{m.batch + 1}</b>.<b>{s.sample}</b>"
        parts = [phase, *([html.escape(step.layer)] if step.layer else []), op]
        arrow = f"&nbsp;<span style='color:{t.muted}'>›</span>&nbsp;"
        self._forms = [(arrow.join([place, *parts]), self._count()), (arrow.join([place, *parts]), self._count(True))]
        self._forms += [(arrow.join([short, *parts]), self._count(True)), (arrow.join([short, phase, op]), "")]
        self._choose_form()
        busy = self.busy()
        if busy != self._busy:
            self._busy = busy
            self.update()

    def busy(self) -> float | None:
        """How much of a long way is done, 0 to 1; 1 while training without an end; None when nothing goes on."""
        s = self.session
        if s.bound_for is None:
            return 1.0 if s.training else None
        done, way = (s.reached, s.moment.step_at(s.bound_for)) if s.training else (s.done, s.bound_for - s.moment.start)
        return min(done / max(way, 1), 1.0)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """A thin bar below while the window is busy; everything else stays in sight."""
        super().paintEvent(event)
        if self._busy is not None:
            painter = QPainter(self)
            bar = QRectF(0, self.height() - BUSY, self.width() * self._busy, BUSY)
            painter.fillRect(bar, theme.current().colour("accent"))
            painter.end()

    def _choose_form(self) -> None:
        """The longest form that there is room for."""
        for path, count in self._forms:
            self.path.setText(path)
            self.count.setText(count)
            if self.path.sizeHint().width() + self.count.sizeHint().width() + 28 <= self.width():
                break
        self.setToolTip(rich_tip(" &nbsp; ".join(self._forms[0])))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Say more or less."""
        super().resizeEvent(event)
        self._choose_form()

    def _count(self, short: bool = False) -> str:
        s = self.session
        done = f"{s.done} of {len(s.steps)} operations done · training step {s.moment.shown + 1:,}"
        if short:
            done = f"{s.done}/{len(s.steps)} done · step {s.moment.shown + 1:,}"
        if s.hit is not None:
            return f"<b style='color:{theme.current().bad}'>stopped: {html.escape(s.hit.message)}</b>"
        if s.training and s.bound_for is not None:
            return (
                f"on the way to training step {s.moment.step_at(s.bound_for) + 1:,} · {s.reached:,} done · Space stops"
            )
        if s.bound_for is not None and not s.training:
            return f"on the way to operation {s.bound_for - s.moment.start} · {s.done} done · Space stops"
        if s.training:
            return f"training… · {s.reached:,} steps"
        return f"looking at operation {s.shown_index() + 1} · {done}" if s.looked is not None else done
