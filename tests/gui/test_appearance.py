"""Theme, size of type, presentation: nothing is cut off, everything returns."""

import gc

import pytest
from PyQt6.QtCore import QPoint, QSettings, Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton

from gui import theme
from gui.panels.settings import Settings
from gui.session import Session
from gui.window import MainWindow


@pytest.fixture(autouse=True)
def normal_size(qapp):
    """Type of normal size before and after."""
    theme.set_scale(qapp, 1.0)
    yield
    theme.set_scale(qapp, 1.0)


def cut_off(window):
    """Visible labels and buttons whose text is wider than they are."""
    found = []
    for kind in (QLabel, QPushButton, QToolButton):
        for widget in window.findChildren(kind):
            text = widget.text()
            if not widget.isVisible() or not text or "<" in text or getattr(widget, "wordWrap", lambda: False)():
                continue
            if isinstance(widget, QToolButton) and widget.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly:
                continue
            needed = max(widget.fontMetrics().horizontalAdvance(line) for line in text.split("\n"))
            if needed > widget.width() + 1:
                found.append((text, needed, widget.width()))
    return found


@pytest.mark.parametrize("size", [0.8, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("name", ["worked-example", "digits-cnn"])
def test_no_text_is_cut_off_at_any_size_of_type(open_window, name, size):
    window = open_window(name, position=3, size=(1280, 800))
    window.features.appearance.set_scale(size)
    QApplication.processEvents()
    assert cut_off(window) == []


def test_type_grows_within_limits_and_returns(open_window):
    window = open_window()
    plain = window.font().pointSizeF()
    window.actions_by_name["larger"].trigger()
    assert theme.scale() == 1.1
    window.features.appearance.set_scale(1.9)
    for _ in range(3):
        window.actions_by_name["larger"].trigger()
    assert theme.scale() == 2.0
    assert theme.text_font(10).pointSizeF() == 20
    window.features.appearance.set_scale(0.9)
    for _ in range(3):
        window.actions_by_name["smaller"].trigger()
    assert theme.scale() == 0.8
    window.actions_by_name["normal_size"].trigger()
    assert QApplication.font().pointSizeF() == plain


def test_what_is_chosen_is_kept(qapp, tmp_path):
    kept = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    session = Session()
    session.load("worked-example")
    window = MainWindow(session, kept)
    dialog = Settings(window.features.appearance, window)
    dialog.theme.activated.emit(theme.MODES.index("dark"))
    dialog.type_size.setValue(130)
    dialog.motion.setChecked(True)
    assert theme.current().dark
    assert not QApplication.isEffectEnabled(Qt.UIEffect.UI_AnimateMenu)
    window.close()
    theme.set_scale(qapp, 1.0)
    again = MainWindow(session, kept)
    assert (theme.scale(), again.features.appearance.mode, again.features.appearance.moving) == (1.3, "dark", False)
    again.close()
    theme.apply(qapp, "light")


@pytest.mark.parametrize("damaged", ["huge", "", "nan", "1e9", "-3"])
def test_a_damaged_size_of_type_does_no_harm(tmp_path, damaged):
    kept = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    kept.setValue("type", damaged)
    session = Session()
    session.load("worked-example")
    window = MainWindow(session, kept)
    assert theme.SMALLEST <= theme.scale() <= theme.LARGEST
    window.close()


def test_the_theme_follows_the_desktop_only_when_asked(open_window, monkeypatch):
    window = open_window()
    appearance = window.features.appearance
    monkeypatch.setattr(theme, "system", lambda app: theme.DARK)
    appearance.set_theme("light")
    appearance._desktop_changed()
    assert not theme.current().dark
    appearance.set_theme("system")
    appearance._desktop_changed()
    assert theme.current().dark


def test_a_presentation_shows_stage_and_card_alone_and_returns(open_window, qtbot):
    window = open_window(position=9)
    state = {name: dock.isVisible() for name, dock in window.docks.items()}
    window.actions_by_name["present"].trigger()
    assert theme.scale() == 1.5
    assert window.docks["explain"].isVisible()
    assert not window.docks["listing"].isVisible()
    assert not window.menuBar().isVisible()
    presenting = window.features.presenting
    lit = presenting.light.rects()
    marks = sum(len(cells) > 0 for cells in window.stage.scene.marks.values())
    assert len(lit) >= min(marks, 2)
    before = [(r.x(), r.y()) for r in lit]
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert [(r.x(), r.y()) for r in presenting.light.rects()] != before
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert theme.scale() == 1.0
    assert window.menuBar().isVisible()
    assert {name: dock.isVisible() for name, dock in window.docks.items()} == state


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_field_for_a_number_has_an_edge_in_every_theme(open_window, mode):
    window = open_window()
    window.set_theme(mode)
    QApplication.processEvents()
    field = window.workbench.edit_bar.rate.entry
    image = field.grab().toImage()
    edge, inside = (QColor(image.pixel(8, y)) for y in (0, 5))
    assert theme.contrast(edge, inside) > 1.3
    window.set_theme("light")


def test_the_light_falls_on_every_channel_by_itself(open_window):
    window = open_window("digits-cnn", position=3)
    window.actions_by_name["present"].trigger()
    stage, lit = window.stage, window.features.presenting.light.rects()
    view = next(v for v in stage.views() if v.content.name == "conv1.relu")
    corner = view.mapTo(stage.canvas, QPoint(0, 0))
    patches = [rect.translated(-corner) for rect in lit if view.rect().contains(rect.translated(-corner))]
    assert len(patches) == 16
    assert not any(a.intersects(b) for k, a in enumerate(patches) for b in patches[:k])
    for index in stage.scene.marks["conv1.relu"]:
        assert any(patch.contains(view.index_rect(tuple(index)).center().toPoint()) for patch in patches)
    assert window.focusWidget() is stage  # not a button that the space bar would press
    window.actions_by_name["present"].trigger()


def test_a_presentation_hides_what_is_not_looked_at(open_window):
    window = open_window(position=9)
    bars = (window.menuBar(), window.statusBar(), window.workbench.edit_bar, window.stage.bar)
    assert all(bar.isVisible() for bar in bars)
    window.actions_by_name["present"].trigger()
    assert not any(bar.isVisible() for bar in bars)
    window.actions_by_name["present"].trigger()
    assert all(bar.isVisible() for bar in bars)


def test_icons_titles_and_fields_grow_with_type(open_window):
    window = open_window()
    title = window.docks["network"].titleBarWidget().name

    def sizes():
        return (
            window.transport.iconSize().width(),
            title.font().pointSizeF(),
            window.workbench.edit_bar.rate.entry.width(),
        )

    before = sizes()
    window.features.appearance.set_scale(2.0)
    QApplication.processEvents()
    after = sizes()
    assert after[0] == 2 * before[0]
    assert after[1] == 2 * before[1]
    assert after[2] > 1.5 * before[2]
    icon = window.actions_by_name["reset"].icon()
    assert max(s.width() for s in icon.availableSizes()) >= after[0]


@pytest.mark.parametrize(("width", "words"), [(1400, "operations done"), (700, "done"), (330, "sigmoid")])
def test_the_position_says_what_there_is_room_for(open_window, width, words):
    window = open_window(position=2)
    crumb = window.breadcrumb
    crumb.setParent(None)
    crumb.resize(width, 30)
    crumb.show()
    QApplication.processEvents()
    assert words in crumb.path.text() + crumb.count.text()
    assert crumb.path.sizeHint().width() + crumb.count.sizeHint().width() <= width


def test_nothing_is_collected_while_widgets_get_their_style(qapp, qtbot):
    seen = []

    class Watching(QLabel):
        def changeEvent(self, event):
            seen.append(gc.isenabled())

    label = Watching()
    qtbot.addWidget(label)
    seen.clear()
    theme.apply(qapp, "dark")
    theme.apply(qapp, "light")
    assert seen
    assert not any(seen)
    assert gc.isenabled()
