"""`python -m gui`: the app from the command line."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gui.startup import has_display, missing

if TYPE_CHECKING:
    from gui.session import Session
    from gui.window import MainWindow

FIRST = "worked-example"
SIZE = (1280, 800)
WITHOUT = "--screenshot FILE.png takes a picture without one"
Opener = Callable[["Session"], None]


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("fastnn-gui", description="A debugger for neural networks.")
    parser.add_argument(
        "model",
        nargs="?",
        metavar="FILE",
        help="a model, a session .fastnn, or a script .py",
    )
    parser.add_argument("--data", metavar="FILE", help="what the model learns from: .npz, .csv, or pictures")
    parser.add_argument("--batch-size", type=int, metavar="N", help="rows of a batch, for a model of your own")
    parser.add_argument("--preset", metavar="NAME", help=f"a built-in network (default: {FIRST})")
    parser.add_argument("--lesson", metavar="NAME", help="begin a lesson: one of the app's, or a file .txt")
    parser.add_argument("--step", type=int, metavar="N", help="start after N operations of the whole run")
    parser.add_argument("--screenshot", metavar="FILE.png", help="save a picture of the window and quit")
    parser.add_argument("--size", metavar="WxH", default=SIZE, type=size_of, help="size of the window")
    parser.add_argument("--theme", choices=("light", "dark"), help="default: as the desktop")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of weights and order (default: 0)")
    found = parser.parse_args(arguments)
    alone = found.model and (is_session(found.model) or is_script(found.model))
    if found.model and not alone and (known := endings_unlike(found.model)):
        parser.error(f"expected FILE to end in {known}, received {found.model!r}")
    if found.model and not alone and (not found.data or found.preset):
        absent = "" if os.path.exists(found.model) else f"; {found.model!r} does not exist"
        parser.error(f"expected --data FILE and no --preset with a model of your own{absent}")
    return found


def size_of(text: str) -> tuple[int, int]:
    """A size such as 1280x800.

    Example:
        >>> size_of("1280x800")
        (1280, 800)
    """
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"expected a size such as 1280x800, received {text!r}")
    return int(width), int(height)


def opener(options: argparse.Namespace) -> Opener:
    """What loads the network that the command line asks for."""
    if options.model and is_session(options.model):
        return lambda session: _open_session(session, options.model)
    if options.model and is_script(options.model):
        return lambda session: _open_script(session, options)
    if options.model:
        return lambda session: _open_model(session, options)
    name = options.preset or FIRST
    return lambda session: _open_preset(session, name, options)


def _open_preset(session: Session, name: str, options: argparse.Namespace) -> None:
    session.load(name, options.seed, 1 if options.step is None else options.step)
    if options.step is None and name == FIRST:
        session.goto(middle_of_backward(session))


def middle_of_backward(session: Session) -> int:
    """The position after half of the backward steps of the first training step."""
    backward = [i for i, step in enumerate(session.steps) if step.phase == "backward"]
    return backward[len(backward) // 2] + 1 if backward else len(session.steps)


def is_session(path: str) -> bool:
    """Whether a file is a session, by its name."""
    from fastnn.utils.session_file import ENDING

    return path.endswith(ENDING)


def is_script(path: str) -> bool:
    """Whether a file is a Python script, by its name."""
    return path.endswith(".py")


def endings_unlike(path: str) -> str:
    """The endings of files that can be opened, if a file has none of them; empty if it is a saved model."""
    from fastnn.utils.session_file import ENDING
    from gui.opening import MODELS

    return "" if path.lower().endswith(MODELS) else ", ".join((ENDING, ".py", *MODELS))


def _open_script(session: Session, options: argparse.Namespace) -> None:
    from gui.opening import from_script

    session.load(from_script(options.model), options.seed, 1 if options.step is None else options.step)


def _open_session(session: Session, path: str) -> None:
    from gui import storage

    storage.restore(session, path)


def _open_model(session: Session, options: argparse.Namespace) -> None:
    from gui.opening import from_files

    source = from_files(options.model, options.data, options.batch_size)
    session.load(source, options.seed, 1 if options.step is None else options.step)


def open_window(
    load: Opener,
    theme: str = "system",
    then: Callable[[MainWindow], int] | None = None,
    size: tuple[int, int] = (1280, 800),
    lesson: str | None = None,
) -> int:
    """Start Qt, load, show the window, and return the exit code; `then` replaces waiting for its end."""
    from PyQt6.QtWidgets import QApplication

    from gui import theme as themes
    from gui.session import Session
    from gui.window import MainWindow

    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("fastnn")
    settings = None if then else kept_settings()
    themes.apply(app, kept_theme(theme, settings))  # type: ignore[arg-type]
    session = Session()
    load(session)
    window = MainWindow(session, settings)
    if then or settings is None or settings.value("geometry") is None:
        window.resize(*size)
        window.reset_layout()
        window.say("" if then else "New here? The tour in the menu Learn takes one minute.")
    window.show()
    if lesson:
        window.features.learning.begin(lesson)
    window.features.running.offer_what_was_kept()
    gc.freeze()  # modules and window last as long as the app: no collection need look at them again
    usual, sys.excepthook = sys.excepthook, report
    try:
        return then(window) if then else app.exec()
    finally:
        sys.excepthook = usual
        gc.unfreeze()


def kept_settings() -> Any:
    """Where layout and theme are kept between runs."""
    from PyQt6.QtCore import QSettings

    return QSettings("fastnn", "fastnn-gui")


def kept_theme(asked: str, settings: Any) -> str:
    """The theme asked for, else the one chosen last time."""
    return str(settings.value("theme", asked)) if asked == "system" and settings is not None else asked


def report(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Say what went wrong in a slot: in the terminal, and in a box over the window, which stays open."""
    traceback.print_exception(kind, error, trace)
    from PyQt6.QtWidgets import QApplication

    from gui.window import MainWindow

    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()]
    for window in sorted(windows, key=lambda w: not w.isActiveWindow())[:1]:
        window.features.running.report(kind, error, trace)


def photograph(path: str) -> Callable[[MainWindow], int]:
    """Saves a picture of the window once it is drawn, and closes it."""

    def take(window: MainWindow) -> int:
        settle()
        saved = window.grab().save(path)
        window.close()
        if not saved:
            print(f"fastnn-gui: cannot write {path}", file=sys.stderr)
        return 0 if saved else 1

    return take


def settle() -> None:
    """Let the window draw itself."""
    from PyQt6.QtWidgets import QApplication

    for _ in range(5):
        QApplication.processEvents()


def quieten() -> None:
    """Without a display Qt remarks that size hints have nowhere to go; keep that from the terminal."""
    from PyQt6.QtCore import qInstallMessageHandler

    def show(kind: Any, context: Any, message: str | None) -> None:
        if "propagateSizeHints" not in (message or ""):
            print(message, file=sys.stderr)

    qInstallMessageHandler(show)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the app; returns the exit code."""
    options = parse(arguments)
    if options.screenshot:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif not has_display():
        return walk(options)
    reason = missing()
    if reason:
        print(f"fastnn-gui: {reason}", file=sys.stderr)
        return 1
    from fastnn.errors import FastnnError

    try:
        return start(options)
    except (FastnnError, ValueError, OSError) as error:
        print(f"fastnn-gui: {error}", file=sys.stderr)
        return 2


def start(options: argparse.Namespace) -> int:
    """Open the window, or take its picture."""
    if options.screenshot:
        quieten()
        return open_window(
            opener(options), options.theme or "light", photograph(options.screenshot), options.size, options.lesson
        )
    return open_window(opener(options), options.theme or "system", None, options.size, options.lesson)


def walk(options: argparse.Namespace) -> int:
    """Without a display: print the training step instead."""
    from fastnn.__main__ import main as command

    if options.model:
        print(f"fastnn-gui: expected a display to open {options.model} on, received none; {WITHOUT}", file=sys.stderr)
        return 1
    print("fastnn-gui: no display found; continuing as python -m fastnn walkthrough", file=sys.stderr)
    return int(command(["walkthrough", options.preset or FIRST]) or 0)


if __name__ == "__main__":
    sys.exit(main())
