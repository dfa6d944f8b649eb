"""The desktop app: steps through forward, loss, backward and update of a network, and explains every number."""

from __future__ import annotations

import threading
from typing import Any

__all__ = ["show"]
WITHOUT = "fastnn.Stepper takes the same steps without one; callbacks.Breakpoint leaves a file to open elsewhere."


def show(model: Any, x: Any, y: Any = None, **options: Any) -> None:
    """Open the app on a compiled model and its data, from a script or a notebook, and return when it is closed.

    The model itself is not changed: the app trains a copy of its weights.

    Args:
        model: A compiled model.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        options: batch_size (default: one batch of everything), shuffle, sample_weight, title, description, digits
            (decimals), test (inputs and targets to test on), seed, theme ("light", "dark" or "system").

    Raises:
        RuntimeError: if there is no display, or in a thread other than the main one.
        ImportError: if PyQt6, pyqtgraph or a system library that Qt needs is missing.
        TypeError: for another option.
        ValueError: for data that does not fit the model.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("expected to be called in the main thread, where windows live, received another one.")
    from gui.startup import has_display, missing

    if not has_display():
        raise RuntimeError(f"expected a display to open a window on, received none. {WITHOUT}")
    reason = missing()
    if reason:
        raise ImportError(reason)
    from gui.__main__ import open_window

    theme = options.pop("theme", "system")
    open_window(lambda session: session.load_model(model, x, y, **options), theme)
