"""What several panels paint: heat maps, numbers on cells, outlines around cells, hatching, colour bars."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6 import sip
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from gui.colours import Scale
from gui.numbers import format_cell, format_number
from gui.theme import Theme, colour_table, px, tabular

CENTRE = Qt.AlignmentFlag.AlignCenter
WHOLE = CENTRE | Qt.TextFlag.TextDontClip  # digits have no descent: the font may be as high as the cell
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
MIN_CELL = 34.0
MAX_NUMBERS = 400
EVEN = 0.197  # luminance on which white and the dark ink have the same contrast


def heat_image(values: NDArray[np.generic], scale: Scale, theme: Theme, gaps: NDArray[np.bool_] | None) -> QImage:
    """A picture with one pixel per cell, transparent in gaps."""
    rgb = theme.table(scale.signed).astype(np.uint32)
    table = np.uint32(0xFF000000) | (rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]
    pixels = table[scale.positions(values)]
    if gaps is not None and gaps.shape == pixels.shape:
        pixels[gaps] = 0
    rows, columns = pixels.shape
    data = pixels.tobytes()  # QImage does not hold it: it must live until the copy
    return QImage(data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied).copy()


def ink(scale: Scale, theme: Theme) -> NDArray[np.bool_]:
    """For every entry of the colour table whether text on it must be light."""
    return _ink(theme.signed if scale.signed else theme.one_sided)


@lru_cache(maxsize=8)
def _ink(table: str) -> NDArray[np.bool_]:
    parts = colour_table(table) / 255.0
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722] < EVEN)


def draw_numbers(
    painter: QPainter,
    cells: Sequence[tuple[QRectF, float]],
    scale: Scale,
    theme: Theme,
    decimals: tuple[int, int],
    font: QFont,
) -> int:
    """Write values on their cells, light on dark cells and dark on light ones.

    Args:
        painter: Where to.
        cells: Pairs (rectangle, value), the rectangles of one size.
        scale: Limits of the colour bar.
        theme: The theme.
        decimals: Fewest and most decimals.
        font: Its family is used, its size is fitted.

    Returns:
        How many were written: all, or none where they do not fit.
    """
    if not cells:
        return 0
    values = np.array([v for _, v in cells])
    light = ink(scale, theme)[scale.positions(values)]
    room = cells[0][0]
    texts, fitted = fit_texts(values, decimals, room.width() - 10, room.height() - 1, font)
    if max(map(QFontMetricsF(fitted).horizontalAdvance, texts)) > room.width() - 2:
        return 0
    painter.setFont(fitted)
    for pen, wanted in ((QColor("#ffffff"), True), (QColor("#14171a"), False)):
        painter.setPen(pen)
        for (rect, _), text, is_light in zip(cells, texts, light, strict=True):
            if bool(is_light) is wanted:
                painter.drawText(rect, WHOLE, text)
    return len(cells)


def fit_texts(
    values: NDArray[np.generic], decimals: tuple[int, int], width: float, height: float, font: QFont
) -> tuple[list[str], QFont]:
    """Texts and font for cells of that size: the most decimals that a readable font lets in, then the largest font."""
    fewest, most = decimals
    fonts = sized(font.key())
    texts: list[str] = []
    for places in range(most, fewest - 1, -1):
        texts = [format_cell(v, places) for v in values]
        longest = max(texts, key=len)
        for size, (fitted, metrics) in fonts.items():
            if 9 < size <= height and metrics.horizontalAdvance(longest) <= width:
                return texts, fitted
    return texts, fonts[9][0]


@lru_cache(maxsize=8)
def sized(key: str) -> dict[int, tuple[QFont, QFontMetricsF]]:
    """A font, named by its key, in the sizes of numbers on cells, each with its measures."""
    font, found = QFont(), {}
    font.fromString(key)
    for size in (15, 13, 12, 11, 10, 9):
        fitted = tabular(QFont(font))
        fitted.setPixelSize(size)
        found[size] = fitted, QFontMetricsF(fitted)
    return found


def outline(mask: NDArray[np.bool_], origin: QPointF, cell_width: float, cell_height: float) -> Sequence[QLineF]:
    """The border of a set of cells, as few lines as possible."""
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.bool_)
    padded[1:-1, 1:-1] = mask
    flat = runs(padded[1:, 1:-1] != padded[:-1, 1:-1])[:, [1, 0, 2, 0]]
    upright = runs((padded[1:-1, 1:] != padded[1:-1, :-1]).T)[:, [0, 1, 0, 2]]
    ends = np.concatenate([flat, upright]) * [cell_width, cell_height, cell_width, cell_height]
    return lines_of(ends + [origin.x(), origin.y(), origin.x(), origin.y()])


def lines_of(ends: NDArray[np.float64]) -> Sequence[QLineF]:
    """Lines from their ends (lines, 4): x and y of the first point, x and y of the second."""
    sips: Any = sip  # its types are described in part
    lines: Sequence[QLineF] = sips.array(QLineF, len(ends))  # thousands of objects take longer to make than to draw
    if len(ends):
        np.frombuffer(sips.voidptr(lines, ends.nbytes), np.float64)[:] = ends.ravel()
    return lines


def runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Runs of set cells along the rows: row, first, one past the last, as (runs, 3).

    Example:
        >>> import numpy as np
        >>> runs(np.array([[True, True, False], [False, False, True]])).tolist()
        [[0, 0, 2], [1, 2, 3]]
    """
    framed = np.zeros((mask.shape[0], mask.shape[1] + 2), np.bool_)
    framed[:, 1:-1] = mask
    rows, columns = np.nonzero(framed[:, 1:] != framed[:, :-1])  # where runs begin and end, in turns
    return np.stack([rows[::2], columns[::2], columns[1::2]], axis=1)


def hatch(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    """Diagonal lines over a rectangle."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillRect(rect, QBrush(colour, Qt.BrushStyle.BDiagPattern))
    painter.restore()


def draw_missing(painter: QPainter, rect: QRectF, theme: Theme, text: str = "not computed yet") -> None:
    """A frame for something that has no value at this moment."""
    hatch(painter, rect, theme.tint("hatch", 70))
    painter.setPen(QPen(theme.colour("line"), 1))
    painter.drawRect(rect)
    metrics = QFontMetricsF(painter.font())
    box = metrics.boundingRect(text).adjusted(-8, -3, 8, 3)
    if box.width() > rect.width():
        text, box = "—", QRectF(0, 0, 22, box.height())
    box.moveCenter(rect.center())
    painter.fillRect(box, theme.colour("panel"))
    painter.setPen(theme.colour("muted"))
    painter.drawText(box, CENTRE, text)


@lru_cache
def bar_image(table: str) -> QImage:
    """A colour table as a picture, one pixel high."""
    colours = colour_table(table)
    data = colours.tobytes()
    return QImage(data, len(colours), 1, len(colours) * 3, QImage.Format.Format_RGB888).copy()


def draw_colour_bar(painter: QPainter, rect: QRectF, scale: Scale, theme: Theme, font: QFont) -> None:
    """A colour bar with its limits (and zero) written under it; `rect` is 24 high or more."""
    strip = QRectF(rect.left(), rect.top(), rect.width(), 7)
    painter.drawImage(strip, bar_image(theme.signed if scale.signed else theme.one_sided))
    painter.setPen(QPen(theme.colour("line"), 1))
    painter.drawRect(strip)
    small = QFont(font)
    small.setPixelSize(px(10))
    painter.setFont(small)
    painter.setPen(theme.colour("muted"))
    labels = QRectF(rect.left(), strip.bottom() + 1, rect.width(), px(14))
    if scale.high <= 0:
        painter.drawText(labels, CENTRE, "every cell is 0" if scale.finite else "no finite cell")
        return
    texts = [format_number(int(v) if v == round(v) and abs(v) < 1e6 else v, 3) for v in scale.ticks()]
    places = [LEFT, CENTRE, RIGHT] if scale.signed else [LEFT, RIGHT]
    if scale.signed:
        texts[-1] = f"+{texts[-1]}"
        wide = [painter.fontMetrics().horizontalAdvance(text) + px(6) for text in texts]
        if wide[0] + wide[2] > labels.width():
            texts, places = [f"±{texts[-1][1:]}"], [CENTRE]
        elif sum(wide) > labels.width():
            del texts[1], places[1]  # zero is in the middle anyway
    for text, where in zip(texts, places, strict=True):
        painter.drawText(labels, where, text)
    if scale.log:
        quarter = QRectF(labels.left() + labels.width() / 2, labels.top(), labels.width() / 4, labels.height())
        painter.drawText(quarter, CENTRE, "log")
