"""The card that explains the selected number; every operand leads to its own card."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QEvent, Qt, QUrl
from PyQt6.QtGui import QGuiApplication, QPalette
from PyQt6.QtWidgets import QSizePolicy, QTabBar, QToolButton, QVBoxLayout, QWidget

from fastnn.engine.explain import Explanation
from gui import cards
from gui import theme as themes
from gui.card_text import CardText, formula_for, legend, step_text
from gui.cards.sums import SHOWN
from gui.cards.writing import FOCUS, FigureWriter, target_of
from gui.content import differentiated, is_backward, label_letters
from gui.numbers import cell_label, format_number
from gui.panels.card_browser import CardBrowser, look_of
from gui.panels.flow import Flow
from gui.panels.predict_bar import PredictBar
from gui.panels.words import Plain, tip_of

Index = tuple[int, ...]
BREAKS = re.compile(r"([.\[,_])")  # where a long name may go on in the next line


class ExplainCard(QWidget):
    """Why the selected number is what it is.

    Args:
        session: What is selected; links select in it.
        parent: The widget that holds it.
    """

    def __init__(self, session: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.explanation: Explanation | None = None
        self._text: CardText | None = None
        self.unfolded = False  # a formula's lines
        self.predict_bar: PredictBar | None = None
        self.title = Plain(parent=self)
        self.title.setWordWrap(True)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.back = self._button("←", "Back to the number selected before (Alt+Left)", self._back)
        self.sort = self._button("⇅", "Terms of the sum by size, or by index", self._toggle_order)
        self.copy = self._button("Copy", "Copy formula, numbers and exact result", self.copy_text)
        self.tabs = QTabBar(self)
        self.tabs.setAccessibleName("Forward value or backward gradient")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setUsesScrollButtons(False)  # where there is no room, words are cut: neither tab goes out of sight
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        for text in ("Forward", "Backward"):
            self.tabs.addTab(text)
        self.tabs.tabBarClicked.connect(self._choose)
        self.body = CardBrowser(self)
        self.body.setAccessibleName("Explanation")
        self.body.anchorClicked.connect(self._follow)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._lay_out()
        self.setMinimumWidth(240)

    def _button(self, text: str, tip: str, action: Any) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip_of(tip))
        button.setAccessibleName(tip)
        button.clicked.connect(action)
        return button

    def _lay_out(self) -> None:
        top = Flow(self)
        top.add(self.tabs)
        row = top.add_group()
        for button in (self.sort, self.back, self.copy):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(top)
        layout.addWidget(self.title)
        layout.addWidget(self.body, 1)
        if self.session.predictor is not None:
            self.predict_bar = PredictBar(self.session.predictor, self)
            layout.addWidget(self.predict_bar)

    # ------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Explain the session's selection."""
        selection = self.session.selection if self.session.stepper is not None else None
        self.explanation = self.session.explanation() if selection else None
        self.back.setEnabled(bool(self.session.can_go_back))
        if self.predict_bar is not None:
            self.predict_bar.refresh()
        self.copy.setEnabled(self.explanation is not None)
        self.sort.setEnabled(self.explanation is not None and self.explanation.total_terms > SHOWN)
        if selection is None:
            self.title.setText("")
            self.body.write("<p>Click a number to see why it is what it is.</p>", themes.text_font(9))
            return
        self._show_tabs(*selection)
        self.title.setText(BREAKS.sub("\\1\u200b", self._label(*selection)))
        self.title.setFont(themes.text_font(9.5, bold=True))
        self.body.write(self._body(*selection), themes.text_font(9))
        if self.session.term is not None:
            self.body.scrollToAnchor(FOCUS)

    def _show_tabs(self, name: str, index: Index) -> None:
        gradient = is_backward(self.session.listing, name)
        self.tabs.setCurrentIndex(int(gradient))
        for tab in (0, 1):
            other = self._counterpart(name, tab)
            self.tabs.setTabEnabled(tab, tab == int(gradient) or other is not None)
            self.tabs.setTabToolTip(tab, tip_of(other or "not computed at this position"))

    def _counterpart(self, name: str, tab: int) -> str | None:
        """The value (tab 0) or gradient (tab 1) that belongs to a value and can be explained now."""
        listing = self.session.listing
        base = differentiated(listing, name)
        found = listing.gradient_of(base) if tab else base
        if found not in listing.values or is_backward(listing, found) != bool(tab):
            return None
        return found if self.session.computed(found) else None

    def _label(self, name: str, index: Index) -> str:
        return cell_label(name, index, label_letters(self.session.listing, name))

    def _body(self, name: str, index: Index) -> str:
        if self.explanation is None:
            self._text = None
            return self._uncomputed(name)
        theme = themes.current()
        colours = {role: getattr(theme, role) for role in ("text", "muted", "accent", "good", "bad", "line")}
        self._text = CardText(self.explanation, self.session.digits, colours, self._label)
        made = self.explanation.step
        if self.session.hides(name, index) and made is not None:
            return self._text.question(formula_for(self.session.steps[made], name))
        if made is None:
            return self._text.html() + self._given(name) + self._links(name, made)
        step = self.session.steps[made]
        sight = cards.sight_of(self.session, self.session.order, self.unfolded)
        figures = "" if sight is None else self._writer().html(cards.figures(sight))
        tabled = frozenset() if sight is None else sight.tabled
        return self._text.html(formula_for(step, name), legend(step), figures, tabled) + self._links(name, made)

    def _given(self, name: str) -> str:
        return self._writer().html(cards.given_figures(self.session, name))

    def _writer(self) -> FigureWriter:
        self.body.begin()
        return FigureWriter(self.session.digits, look_of(themes.current(), self.body))

    def _uncomputed(self, name: str) -> str:
        made = self.session.listing.written_by.get(name)
        if self.session.training:
            return "<p>Training runs; pause to explain this number.</p>"
        if made is None:
            return "<p>No such number in this step.</p>"
        return f"<p>Not computed yet.</p>{self._step_links('It will be computed in', [made])}"

    def _links(self, name: str, made: int | None) -> str:
        readers = [i for i in self.session.listing.read_by.get(name, ()) if i != made]
        parts = [self._step_links("Computed in", [made])] if made is not None else []
        return "".join([*parts, self._step_links("Used in", readers)])

    def _step_links(self, head: str, indices: list[int]) -> str:
        steps, theme = self.session.steps, themes.current()
        style = f"color:{theme.accent};text-decoration:none"
        links = [
            f'<a href="step:{i}" style="{style}">{html.escape(step_text(steps[i], i, len(steps)))}</a>'
            for i in indices[:6]
        ]
        more = [f"{len(indices) - 6} more steps"] if len(indices) > 6 else []
        if not links:
            return ""
        return f'<p style="margin:6px 0;color:{theme.muted}">{head} {"; ".join([*links, *more])}</p>'

    # ------------------------------------------------------------ acting

    def _follow(self, url: QUrl) -> None:
        kind, _, place = url.toString().partition(":")
        if kind == "step":
            self.session.look(int(place))
        elif kind == "cell":
            self.follow_operand(int(place))
        elif kind == "term":
            self.session.set_term(int(place))
        elif kind == "fold":
            self.unfolded = not self.unfolded
            self._keep_place(self.refresh)
        elif kind == "value":
            self.session.select(*target_of(url.toString()))

    def _keep_place(self, change: Callable[[], None]) -> None:
        """Change the text without scrolling it."""
        bar = self.body.verticalScrollBar()
        place = bar.value() if bar is not None else 0
        change()
        if bar is not None:
            bar.setValue(place)

    def follow_operand(self, place: int) -> None:
        """Select an operand of the explanation shown."""
        if self.explanation is not None and place < len(self.explanation.operands):
            operand = self.explanation.operands[place]
            self.session.select(operand.name, operand.index)

    def _choose(self, tab: int) -> None:
        selection = self.session.selection
        if selection is None or tab < 0 or tab == int(is_backward(self.session.listing, selection[0])):
            return
        other = self._counterpart(selection[0], tab)
        if other is not None:
            self.session.select(other, selection[1])

    def _toggle_order(self) -> None:
        self.session.toggle_order()

    def _back(self) -> None:
        self.session.history_back()

    def plain_text(self) -> str:
        """The explanation as text: formula, numbers, exact result."""
        hidden = self.session.selection is not None and self.session.hides(*self.session.selection)
        return self._text.plain() if self._text is not None and not hidden else ""

    def copy_text(self) -> None:
        """Put the explanation on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and self.plain_text():
            clipboard.setText(self.plain_text())

    def summary(self) -> str:
        """The selected number in one line, for the status bar."""
        selection = self.session.selection
        value = self.session.number_at(*selection) if selection else None
        hidden = selection is not None and self.session.hides(*selection)
        return (
            ""
            if selection is None or value is None or hidden
            else f"{self._label(*selection)} = {format_number(value)}"
        )

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self.refresh()
        super().changeEvent(event)
