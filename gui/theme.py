"""How the app looks: light and dark colours by role, fonts, colour tables, palette and style sheet."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PyQt6.QtWidgets import QApplication

from gui.colours import TABLE_SIZE

MODES = ("light", "dark", "system")
SMALLEST, LARGEST = 0.8, 2.0  # of type


@dataclass(frozen=True)
class Theme:
    """Colours by role, as #rrggbb, and names of colour tables.

    Args:
        name: "light" or "dark".
        window: Behind everything.
        panel: Panels, cards, lists.
        raised: Buttons, headers, the operation's block.
        line: Borders and rules.
        text: Text.
        muted: Secondary text.
        accent: Selection, links, the current step.
        on_accent: Text on `accent`.
        operand: Outline of the cells that the selected number depends on.
        consumer: Outline of the cells that depend on the hovered number.
        phases: Colour of forward, loss, backward, update.
        good: A check that holds.
        bad: A check that fails, NaN, breakpoints.
        hatch: Lines over NaN and over what is not computed yet.
        signed: Colour table with zero in its middle.
        one_sided: Colour table from zero upwards.
    """

    name: str
    window: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    operand: str
    consumer: str
    phases: dict[str, str]
    good: str
    bad: str
    hatch: str
    signed: str
    one_sided: str = "viridis"

    @property
    def dark(self) -> bool:
        """Whether text is light on dark."""
        return self.name == "dark"

    def colour(self, role: str) -> QColor:
        """The Qt colour of a role, or of a phase: one for all who ask, not to be changed."""
        return self._colours[role]

    @cached_property
    def _colours(self) -> dict[str, QColor]:
        roles = {role: value for role, value in vars(self).items() if str(value).startswith("#")}
        return {role: QColor(value) for role, value in (roles | self.phases).items()}

    def tint(self, role: str, alpha: int) -> QColor:
        """The same, transparent: `alpha` is from 0 to 255."""
        colour = QColor(self.colour(role))
        colour.setAlpha(alpha)
        return colour

    def table(self, signed: bool = True) -> NDArray[np.uint8]:
        """Colour table (255, 3)."""
        return colour_table(self.signed if signed else self.one_sided)


LIGHT = Theme(
    name="light", window="#eceef1", panel="#ffffff", raised="#f5f6f8", line="#cdd2d9", text="#1b1f24", muted="#5b6470",
    accent="#7a2fb5", on_accent="#ffffff", operand="#0b7a53", consumer="#9c5500",
    phases={"forward": "#1b69bb", "loss": "#835c00", "backward": "#b3432b", "update": "#27733f"},
    good="#1b7139", bad="#c0272d", hatch="#8a929c", signed="CET-D1A",
)  # fmt: skip
DARK = Theme(
    name="dark", window="#17191d", panel="#1f2227", raised="#2a2e35", line="#3d434c", text="#e8eaed", muted="#a3acb8",
    accent="#c792ff", on_accent="#17191d", operand="#4ade9b", consumer="#ffb454",
    phases={"forward": "#62a8f5", "loss": "#e0b341", "backward": "#f08a70", "update": "#6cc787"},
    good="#5fd38a", bad="#ff6b6b", hatch="#7a828d", signed="CET-D4",
)  # fmt: skip

_current, _scale, _plain_size = LIGHT, 1.0, 0.0


def current() -> Theme:
    """The theme in use."""
    return _current


def scale() -> float:
    """How large type is: 1 is normal."""
    return _scale


def px(length: float) -> int:
    """A length in pixels that grows with type: heights of lines and the like.

    Example:
        >>> px(21)
        21
    """
    return round(length * _scale)


def dialog_size(width: int, height: int) -> QSize:
    """The size of a dialog at this size of type, no larger than the screen."""
    screen = QApplication.primaryScreen()
    size = QSize(px(width), px(height))
    return size if screen is None else size.boundedTo(screen.availableSize())


def set_scale(app: QApplication, wanted: float) -> float:
    """Make type larger or smaller, between SMALLEST and LARGEST, and return how large it is now."""
    global _scale, _plain_size
    font = QFont(app.font())
    _plain_size = _plain_size or font.pointSizeF()
    _scale = min(max(round(wanted, 2), SMALLEST), LARGEST) if wanted == wanted else 1.0  # not for NaN
    font.setPointSizeF(_plain_size * _scale)
    with _dress():
        app.setFont(font)
    return _scale


def set_motion(moving: bool) -> None:
    """Let menus, lists and tips fade in, or appear at once."""
    for effect in (Qt.UIEffect.UI_AnimateMenu, Qt.UIEffect.UI_AnimateCombo, Qt.UIEffect.UI_AnimateTooltip):
        QApplication.setEffectEnabled(effect, moving)
    for effect in (Qt.UIEffect.UI_FadeMenu, Qt.UIEffect.UI_FadeTooltip):
        QApplication.setEffectEnabled(effect, moving)


_dressing = [False]


@contextmanager
def _dress() -> Iterator[None]:
    """Qt visits all widgets, and what visits may not collect: a widget collected before its turn would be visited."""
    collecting = gc.isenabled()
    gc.disable()
    _dressing[0] = True
    try:
        yield
    finally:
        _dressing[0] = False
        if collecting:
            gc.enable()


def is_dressing() -> bool:
    """Whether widgets are getting another style right now: those that have not got it yet cannot be measured."""
    return _dressing[0]


def apply(app: QApplication, mode: str = "system") -> Theme:
    """Put a theme on the application and return it.

    Args:
        app: The application.
        mode: "light", "dark", or "system" for what the desktop asks for.

    Raises:
        ValueError: for another mode.
    """
    global _current
    if mode not in MODES:
        raise ValueError(f"expected a theme of {MODES}, received {mode!r}.")
    _current = {"light": LIGHT, "dark": DARK}.get(mode) or system(app)
    with _dress():
        app.setStyle("Fusion")
        app.setPalette(palette(_current))
        app.setStyleSheet(style_sheet(_current))
    pg.setConfigOptions(background=_current.panel, foreground=_current.muted, antialias=True)
    return _current


def system(app: QApplication) -> Theme:
    """The theme that the desktop asks for."""
    hints = app.styleHints()
    return DARK if hints is not None and hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT


@lru_cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """A colour table (255, 3) as pyqtgraph ships it."""
    table = pg.colormap.get(name).getLookupTable(nPts=TABLE_SIZE, alpha=False)
    return np.ascontiguousarray(table[:, :3], np.uint8)


def palette(theme: Theme) -> QPalette:
    """The Qt palette of a theme."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.raised,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.bad,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
        role.PlaceholderText: theme.muted,
        role.Mid: theme.line,
    }
    made = QPalette()
    for key, colour in colours.items():
        made.setColor(key, QColor(colour))
    for key in (role.Text, role.ButtonText, role.WindowText):
        made.setColor(QPalette.ColorGroup.Disabled, key, mix(theme.muted, theme.window, 0.45))
    return made


def mix(first: str, second: str, part: float) -> QColor:
    """The colour between two, `part` of the way to the second."""
    a, b = QColor(first), QColor(second)
    ends = zip(a.getRgb()[:3], b.getRgb()[:3], strict=True)
    return QColor(*(round((x or 0) + ((y or 0) - (x or 0)) * part) for x, y in ends))


def style_sheet(theme: Theme) -> str:
    """What Fusion and the palette leave to be said."""
    t = theme
    chosen = mix(t.accent, t.window, 0.86).name()
    return f"""
    QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; padding: 3px; }}
    QMainWindow::separator {{ background: {t.window}; width: 6px; height: 6px; }}
    QMainWindow::separator:hover {{ background: {t.line}; }}
    QToolBar {{ background: {t.window}; border: 0; spacing: 3px; padding: 3px; }}
    QStatusBar {{ background: {t.window}; color: {t.text}; }}
    QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: 3px 6px; }}
    QToolButton#qt_toolbar_ext_button {{ padding: 0; }}
    QToolButton:hover {{ background: {t.raised}; border-color: {t.line}; }}
    QToolButton:checked {{ background: {chosen}; color: {t.accent}; border-color: {t.accent}; }}
    QToolButton:focus, QPushButton:focus, QComboBox:focus {{ border: 1px solid {t.accent}; }}
    QPushButton, QComboBox {{
        background: {t.raised}; border: 1px solid {t.line}; border-radius: 4px; padding: 3px 8px; color: {t.text};
    }}
    QPushButton:hover, QComboBox:hover {{ border-color: {t.accent}; }}
    QPushButton:disabled, QComboBox:disabled {{ color: {mix(t.muted, t.window, 0.45).name()}; }}
    QComboBox::drop-down {{ border: 0; width: 18px; }}
    QComboBox::down-arrow {{
        width: 0; height: 0; margin-right: 8px;
        border-left: 4px solid {t.raised}; border-right: 4px solid {t.raised}; border-top: 5px solid {t.muted};
    }}
    QDialog > QLineEdit, LessonBar QLineEdit, NumberField QLineEdit, QKeySequenceEdit > QLineEdit {{
        background: {t.panel}; border: 1px solid {t.line}; border-radius: 4px; padding: 2px 6px;
    }}
    QCheckBox::indicator {{ width: 12px; height: 12px; border: 1px solid {t.muted}; border-radius: 3px; }}
    QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; }}
    QTextBrowser, QListView, QTableView, QScrollArea {{ background: {t.panel}; border: 0; }}
    QTabBar::tab {{
        background: transparent; color: {t.muted}; padding: 4px 10px; border: 0; border-bottom: 2px solid transparent;
    }}
    QTabBar::tab:selected {{ color: {t.text}; border-bottom-color: {t.accent}; }}
    QTabBar::tab:disabled {{ color: {mix(t.muted, t.window, 0.55).name()}; }}
    QAbstractScrollArea::corner {{ background: transparent; border: 0; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; }}
    QScrollBar::handle {{ background: {t.line}; border-radius: 4px; min-width: 24px; min-height: 24px; margin: 1px; }}
    QScrollBar::handle:disabled {{ background: transparent; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    """


def text_font(size: float = 9.5, bold: bool = False) -> QFont:
    """The interface's font in points, digits of equal width."""
    return QFont(_text_font(size * _scale, bold, QApplication.font().family()))


@lru_cache(maxsize=64)
def _text_font(size: float, bold: bool, family: str) -> QFont:
    font = QFont(QApplication.font())
    font.setPointSizeF(size)
    font.setBold(bold)
    return tabular(font)


def fixed_font(size: float = 9.5, bold: bool = False) -> QFont:
    """The interface's font at its normal size, for pictures that are zoomed as a whole."""
    return _text_font(size, bold, QApplication.font().family())


def formula_font(size: float = 9.5) -> QFont:
    """The fixed-width font of formulas."""
    return QFont(_formula_font(size * _scale))


@lru_cache(maxsize=16)
def _formula_font(size: float) -> QFont:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(size)
    return font


def tabular(font: QFont) -> QFont:
    """The font with digits of equal width, where Qt can ask for them (6.7 and later)."""
    if hasattr(QFont, "Tag") and hasattr(font, "setFeature"):
        font.setFeature(QFont.Tag(b"tnum"), 1)
    return font


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2, section 1.4.3)."""

    def luminance(colour: QColor) -> float:
        parts = np.array([colour.redF(), colour.greenF(), colour.blueF()])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
