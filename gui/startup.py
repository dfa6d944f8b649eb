"""What must be there before Qt starts: a display, PyQt6, and the system libraries that Qt loads. No Qt."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sys
from pathlib import Path

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}


def has_display(environment: dict[str, str] | None = None, platform: str = sys.platform) -> bool:
    """Whether a window can appear: outside Linux always, there with a display server or a chosen Qt platform.

    Example:
        >>> has_display({}, "linux"), has_display({"DISPLAY": ":0"}, "linux"), has_display({}, "darwin")
        (False, True, True)
    """
    given = dict(os.environ) if environment is None else environment
    if not platform.startswith("linux"):
        return True
    return any(given.get(key) for key in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def missing() -> str:
    """What keeps Qt from starting, in one line with its remedy; empty if nothing does."""
    absent = [name for name in ("PyQt6", "pyqtgraph") if importlib.util.find_spec(name) is None]
    if absent:
        return f"the app needs {' and '.join(absent)}: pip install 'fastnn[gui]'"
    return next((text for text in map(unloadable, libraries()) if text), "")


def libraries() -> list[Path]:
    """The files that Qt will load on Linux: loading them here first names what is missing, where Qt would abort."""
    spec = importlib.util.find_spec("PyQt6")
    if not sys.platform.startswith("linux") or spec is None:
        return []
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    widgets = [file for folder in folders for file in folder.glob("QtWidgets*.so")]
    plugins = [folder / "Qt6" / "plugins" / "platforms" / f"libq{platform()}.so" for folder in folders]
    return [*widgets, *(plugin for plugin in plugins if plugin.exists())]


def platform() -> str:
    """The platform plugin that Qt will choose on Linux, as far as it can be known."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    return chosen or ("xcb" if os.environ.get("DISPLAY") else "minimal")


def unloadable(library: Path) -> str:
    """What a library lacks, with its remedy; empty if it can be loaded."""
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        return remedy(str(error))
    return ""


def remedy(message: str) -> str:
    """Names the library in a loader's message, and the Debian package that has it.

    Example:
        >>> remedy("libEGL.so.1: cannot open shared object file: No such file or directory")
        'the app needs the system library libEGL.so.1 (on Debian and Ubuntu: apt install libegl1)'
    """
    found = re.search(r"\blib[\w.+-]+\.so[.\d]*", message)
    if found is None:
        return f"Qt cannot start: {message}"
    library = found.group()
    hint = f" (on Debian and Ubuntu: apt install {PACKAGES[library]})" if library in PACKAGES else ""
    return f"the app needs the system library {library}{hint}"
