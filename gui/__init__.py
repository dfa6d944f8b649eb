"""The desktop app: steps through forward, loss, backward and update of a network, and explains every number."""

from __future__ import annotations

from typing import Any

__all__ = ["show"]


def show(model: Any, x: Any, y: Any = None, **options: Any) -> None:
    """Open the app on a compiled model and its data, and return when the window is closed.

    The model itself is not changed: the app trains a copy of its weights.

    Args:
        model: A compiled model.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        options: batch_size (default: one batch of everything), shuffle, sample_weight, title, seed, theme
            ("light", "dark" or "system").

    Raises:
        RuntimeError: if there is no display.
        ImportError: if PyQt6, pyqtgraph or a system library that Qt needs is missing.
        ValueError: for data that does not fit the model.
    """
    from gui.startup import has_display, missing

    if not has_display():
        raise RuntimeError("expected a display to open a window on, received none.")
    reason = missing()
    if reason:
        raise ImportError(reason)
    from gui.__main__ import open_window

    theme = options.pop("theme", "system")
    open_window(lambda session: session.load_model(model, x, y, **options), theme)
