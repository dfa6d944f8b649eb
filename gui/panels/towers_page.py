"""The towers page: a siamese network's twin columns, which samples' margins are active, and dW = left + right."""

from __future__ import annotations

import html
from typing import Any

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from fastnn.engine.margins import Clip, Margin, clips
from gui import theme as themes
from gui.numbers import format_number
from gui.panels import painting
from gui.panels.card_browser import CardBrowser
from gui.panels.cells import attach
from gui.panels.scrolling import scrolling_grid
from gui.panels.tensor_geometry import ViewPort
from gui.panels.tensor_view import TensorView
from gui.panels.words import Rich, tip_of
from gui.towers import Badge, Parts, Towers, badges, largest_cell, parts_of, tiles, towers_of

ROW, PICTURE = 104, 210  # pixels that a row is high
BOX = 22.0
SIGNS = {Margin.ACTIVE: "●", Margin.CLIPPED: "○", Margin.WEIGHTED_OUT: "○", Margin.OPEN: "?", None: "·"}


class TowersPage(QWidget):
    """A page of the workbench, for networks that use layers several times.

    Signal `asked(action)` when a tensor's menu asks for what others do, such as "export".

    Args:
        session: What is debugged.
    """

    asked = pyqtSignal(str)

    def __init__(self, session: Any) -> None:
        super().__init__()
        self.session = session
        self._known: tuple[Any, Towers | None, tuple[Clip, ...]] = (None, None, ())
        self.badge, self.strip = Rich(parent=self), MarginStrip(self)
        self.strip.chosen.connect(session.set_sample)
        self.parts = CardBrowser(self)
        self.parts.setAccessibleName("Gradients of shared weights: left, right, sum")
        self.parts.anchorClicked.connect(self._follow)
        self.views: list[list[TensorView]] = []
        scroll, self.grid = scrolling_grid(self, themes.px(PICTURE) // 2)
        self.parts.setMinimumHeight(themes.px(ROW) // 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 2)
        column.addWidget(self.badge)
        column.addWidget(self.strip)
        column.addWidget(scroll, 3)
        column.addWidget(self.parts, 1)
        self.setAccessibleName("Towers: the uses of shared layers side by side")

    # ------------------------------------------------------------ showing

    def towers(self) -> Towers | None:
        """The towers; None for networks of another kind."""
        listing = self.session.listing
        if self._known[0] is not listing:
            self._known = listing, towers_of(listing), clips(listing)
        return self._known[1]

    def suits(self) -> bool:
        """Whether a layer with weights is used several times."""
        return self.towers() is not None

    def refresh(self) -> None:
        """Show the sample."""
        towers = self.towers()
        if towers is None:
            return
        rows = tiles(self.session, towers)
        self._provide(len(rows), towers.count)
        for views, contents in zip(self.views, rows, strict=False):
            for view, content in zip(views, contents, strict=False):
                view.set_numbers(self.session.numbers)
                view.show_content(content)
                view.setFixedHeight(themes.px(PICTURE if len(content.shape) > 2 else ROW))
        self._show_margins(self._known[2])
        self.parts.setHtml(self._table(towers, parts_of(self.session, towers)))
        self.refresh_marks()

    def _provide(self, rows: int, columns: int) -> None:
        """As many views as needed; those that are too many are hidden."""
        while len(self.views) < rows:
            self.views.append([])
        for i, views in enumerate(self.views):
            while i < rows and len(views) < columns:
                views.append(self._view(i, len(views)))
            for k, view in enumerate(views):
                view.setVisible(i < rows and k < columns)

    def _view(self, row: int, column: int) -> TensorView:
        view = TensorView(self.grid.parentWidget())
        attach(view, self.session, self.asked.emit)
        view.moved.connect(lambda port, row=row: self._link(row, port))
        self.grid.addWidget(view, row, column)
        return view

    def _show_margins(self, found: tuple[Clip, ...]) -> None:
        self.badge.setVisible(bool(found))
        self.strip.setVisible(bool(found))
        if not found:
            return
        each = badges(self.session, found[0])
        own = each[min(self.session.sample, len(each) - 1)]
        theme = themes.current()
        colour = theme.good if own.margin is Margin.ACTIVE else theme.muted
        self.badge.setFont(themes.text_font(9.5, bold=True))
        sign = f'<span style="color:{colour}">{SIGNS[own.margin]}</span>'
        self.badge.setText(f"{sign} sample {self.session.sample}: {html.escape(own.words)}")
        self.strip.show_badges(each, self.session.sample)

    def _table(self, towers: Towers, parts: list[Parts]) -> str:
        """The norms of each gradient's parts and of their sum."""
        colours = themes.current()
        sides = [towers.side(k) for k in range(towers.count)]
        head = "".join(f'<td align="right">&nbsp;|{side}|</td>' for side in (*sides, "sum"))
        rows = [f'<tr style="color:{colours.muted}"><td>dW = {" + ".join(sides)}</td>{head}</tr>']
        for each in parts:
            cells = "".join(self._cell(*pair) for pair in (*each.parts, each.total))
            rows.append(f"<tr><td>d {html.escape(each.parameter)}</td>{cells}</tr>")
        table = '<table cellspacing="0" cellpadding="2" width="99%">'  # at 100 % rounding makes it a pixel too wide
        return f"{table}{''.join(rows)}</table>"

    def _cell(self, name: str, size: float | None) -> str:
        text = "…" if size is None else html.escape(format_number(size, self.session.digits))
        style = f"color:{themes.current().accent};text-decoration:none"
        linked = text if size is None else f'<a href="value:{html.escape(name)}" style="{style}">{text}</a>'
        return f'<td align="right">&nbsp;{linked}</td>'

    def refresh_marks(self) -> None:
        """Mark the selected cell, and the same cell of the other towers."""
        chosen = self.session.selection
        for views in self.views:
            own = chosen is not None and any(v.content.name == chosen[0] for v in views)
            for view in views:
                view.mark(chosen[1] if own and chosen is not None else None)

    # ------------------------------------------------------------ doing

    def _follow(self, url: QUrl) -> None:
        """Select in a gradient, or in one of its parts, the cell of largest size."""
        name = url.toString().partition(":")[2]
        if name in self.session.listing.values and self.session.computed(name):
            self.session.select(name, largest_cell(self.session, name))

    def _link(self, row: int, port: ViewPort) -> None:
        for view in self.views[row]:
            view.set_view_port(port)


class MarginStrip(QWidget):
    """One box per sample: full where its margin is active. Signal `chosen(sample)` on a click."""

    chosen = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.badges: list[Badge] = []
        self.sample = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_badges(self, each: list[Badge], sample: int) -> None:
        """Show them."""
        self.badges, self.sample = each, sample
        active = sum(b.margin is Margin.ACTIVE for b in each)
        self.setAccessibleName(f"Margins of the batch: {active} of {len(each)} active")
        self.update()

    def sizeHint(self) -> QSize:
        """One line of boxes."""
        return QSize(300, themes.px(BOX) + 4)

    def box(self, sample: int) -> QRectF:
        """Where a sample's box is."""
        width = min(themes.px(BOX), self.width() / max(len(self.badges), 1))
        return QRectF(sample * width, 2, width, themes.px(BOX))

    def sample_at(self, point: QPointF) -> int | None:
        """The sample under a point."""
        return next((k for k in range(len(self.badges)) if self.box(k).contains(point)), None)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the boxes."""
        painter, theme = QPainter(self), themes.current()
        painter.setFont(themes.text_font(9))
        for k, badge in enumerate(self.badges):
            box = self.box(k).adjusted(1, 1, -1, -1)
            active = badge.margin is Margin.ACTIVE
            painter.fillRect(box, theme.colour("accent" if active else "raised"))
            painter.setPen(QPen(theme.colour("text" if k == self.sample else "line"), 2 if k == self.sample else 1))
            painter.drawRect(box)
            painter.setPen(theme.colour("panel" if active else "muted"))
            painter.drawText(box, painting.CENTRE, SIGNS[badge.margin])
        painter.end()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose the sample."""
        sample = None if event is None else self.sample_at(event.position())
        if sample is not None and event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(sample)

    def event(self, event: Any) -> bool:
        """Say what a box means."""
        if isinstance(event, QHelpEvent):
            sample = self.sample_at(QPointF(event.pos()))
            words = "" if sample is None else f"sample {sample}: {self.badges[sample].words}"
            QToolTip.showText(event.globalPos(), tip_of(words), self)
            return True
        return super().event(event)
