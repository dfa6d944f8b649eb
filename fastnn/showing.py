"""Opens the app on a model, if the app is installed; found by entry point, so that this package never imports it."""

from __future__ import annotations

from typing import Any


def show(model: Any, x: Any, y: Any = None, **options: Any) -> Any:
    """Open the desktop app on a compiled model and its data, and step through its training there.

    Args:
        model: A compiled model; the app works on a copy of its weights.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        **options: Passed on, such as `batch_size`, `shuffle`, `seed`.

    Raises:
        ImportError: if the app's packages are not installed.
    """
    from importlib.metadata import entry_points  # here: seldom needed, and slow to import

    found = list(entry_points(group="fastnn.show"))
    if not found:
        raise ImportError('Expected the app to be installed. Install it with: pip install "fastnn[gui]"')
    try:
        opener = found[0].load()
    except ImportError as error:
        raise ImportError(f'The app needs packages of the extra "gui" ({error}): pip install "fastnn[gui]"') from error
    return opener(model, x, y, **options)
