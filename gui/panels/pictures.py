"""Panels as pictures: PNG, SVG, and a stretch of steps as a GIF that moves."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QSize
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtWidgets import QWidget

from gui import theme
from gui.exporting import write

SHARP = 2  # pixels of a PNG for each of the screen's
FRAME = 600  # milliseconds of a picture in a GIF


def picture_of(widget: QWidget, factor: int = SHARP) -> QImage:
    """A widget as it looks now, in more pixels than the screen has."""
    image = QImage(widget.size() * factor, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(factor)
    image.fill(theme.current().colour("panel"))
    painter = QPainter(image)
    widget.render(painter, QPoint(0, 0))
    painter.end()
    return image


def png(widget: QWidget) -> bytes:
    """A widget as a PNG file."""
    return image_bytes(picture_of(widget))


def image_bytes(image: QImage, kind: str = "PNG") -> bytes:
    """A picture as a file of some kind."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, kind)
    buffer.close()
    return bytes(content.data())


def svg(widget: QWidget, title: str = "") -> bytes:
    """A widget as an SVG file: lines and letters stay sharp at any size."""
    from PyQt6.QtSvg import QSvgGenerator

    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(widget.width(), widget.height()))
    generator.setViewBox(widget.rect())
    generator.setTitle(title)
    painter = QPainter(generator)
    painter.fillRect(widget.rect(), theme.current().colour("panel"))
    widget.render(painter, QPoint(0, 0))
    painter.end()
    buffer.close()
    return bytes(content.data())


def gif(pictures: Iterable[QImage], milliseconds: int = FRAME) -> bytes:
    """Pictures one after the other.

    Raises:
        ImportError: if pillow is not installed.
        ValueError: for no pictures.
    """
    from fastnn.utils.images import pillow

    library = pillow()
    frames = [library.open(io.BytesIO(image_bytes(picture))).convert("P", palette=1) for picture in pictures]
    if not frames:
        raise ValueError("expected at least one picture, received none.")
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, disposal=1)
    return file.getvalue()


def write_picture(path: str | Path, widget: QWidget, title: str = "") -> None:
    """Write a widget's picture in the format that the file's name asks for.

    Raises:
        ValueError: for another ending than .png or .svg.
        OSError: if it cannot be written.
    """
    ending = Path(path).suffix.lower()
    if ending not in (".png", ".svg"):
        raise ValueError(f"expected a name that ends in .png or .svg, received {Path(path).name!r}.")
    write(path, png(widget) if ending == ".png" else svg(widget, title))
