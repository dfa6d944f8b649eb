"""The text of a card: HTML with pictures that are SVG. Colours come from the theme."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QByteArray, QRectF, Qt, QUrl
from PyQt6.QtGui import QFont, QImage, QPainter, QTextDocument
from PyQt6.QtSvg import QSvgRenderer
from PyQt6.QtWidgets import QWidget

from gui import theme as themes
from gui.cards.writing import Look
from gui.panels import painting
from gui.panels.words import Page, nothing

SHARP = 2  # pixels of a picture for each of the screen's
HATCH = 16  # pixels of the hatched tile


class CardBrowser(Page):
    """Rich text whose pictures are made when it is written.

    Args:
        parent: The widget that holds it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: list[str] = []
        self._written = ""
        self.setOpenLinks(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # one that comes and goes lays out anew
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.setEnabled(False)
            bar.rangeChanged.connect(lambda low, high: bar.setEnabled(high > low))

    def write(self, text: str, font: QFont) -> None:
        """Show HTML in a font; what is shown already is not laid out again."""
        document = self.document()
        if document is None or (text == self._written and font == document.defaultFont() and not self._pictures):
            return
        if font != document.defaultFont():
            document.clear()  # else the old text would be laid out in the new font first
            document.setDefaultFont(font)
        self._written = text
        self.setHtml(text)

    def begin(self) -> None:
        """Forget the pictures of the text before."""
        self._pictures.clear()

    def picture(self, svg: str) -> str:
        """HTML that shows an SVG."""
        self._pictures.append(svg)
        size = QSvgRenderer(QByteArray(svg.encode())).defaultSize()
        scale = themes.scale()
        width, height = round(size.width() * scale), round(size.height() * scale)
        return f'<p><img src="svg:{len(self._pictures) - 1}" width="{width}" height="{height}"></p>'

    def loadResource(self, kind: int, url: QUrl) -> Any:
        """A picture of this text, or the tile that hatches padding."""
        address = url.toString()
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return nothing(kind)
        if address == "hatch.png":
            return hatch_tile()
        place = address.removeprefix("svg:")
        known = place.isdigit() and int(place) < len(self._pictures)
        return drawn(self._pictures[int(place)]) if known else nothing(kind)


def drawn(svg: str) -> QImage:
    """An SVG as pixels."""
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    image = QImage(renderer.defaultSize() * round(SHARP * themes.scale()), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    return image


def hatch_tile() -> QImage:
    """The tile behind cells that lie on padding."""
    image = QImage(HATCH, HATCH, QImage.Format.Format_RGB32)
    image.fill(themes.current().colour("panel"))
    painter = QPainter(image)
    painting.hatch(painter, QRectF(0, 0, HATCH, HATCH), themes.current().colour("line"))
    painter.end()
    return image


def look_of(theme: themes.Theme, browser: CardBrowser) -> Look:
    """Colours of figures in a theme."""
    colours = {r: getattr(theme, r) for r in ("text", "muted", "accent", "good", "bad", "line", "raised")}
    table = theme.table()

    def shade(part: float) -> str:
        place = round((min(max(part, -1.0), 1.0) * 0.55 + 1) / 2 * (len(table) - 1))  # pale enough for text on it
        return "#" + "".join(f"{int(c):02x}" for c in table[place])

    ends = {"negative": theme.phases["forward"], "positive": theme.bad}
    return Look({**colours, **ends}, shade, small=7.5 * themes.scale(), picture=browser.picture)
