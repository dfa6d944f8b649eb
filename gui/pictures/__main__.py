"""Takes the README's pictures of the app, without a display: `python -m gui.pictures [FOLDER]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gui.session import Session
    from gui.window import MainWindow

HERE = Path(__file__).parent
SIZE = (1280, 800)


def worked_example(session: Session) -> None:
    """Backpropagation by hand, in the middle of its backward pass."""
    session.load("worked-example", seed=0, position=0)
    session.goto(12)


def convolution(session: Session) -> None:
    """One number of a convolution that has learnt for a while, and the products that it is the sum of."""
    session.load("digits-cnn", seed=0, position=0)
    session.goto(200 * len(session.steps) + 1)
    session.select("conv1.conv2d", largest(session, "conv1.conv2d"))


def recurrence(session: Session) -> None:
    """The state of an LSTM's cell at one step of time."""
    session.load("ticket-router", seed=0, position=0)
    steps = session.listing.steps
    index = next(i for i, step in enumerate(steps) if step.op.name == "lstm")
    session.goto(200 * len(steps) + index + 1)
    state = str(dict(steps[index].results)["c"])
    session.select(state, largest(session, state))


def largest(session: Session, name: str) -> tuple[int, ...]:
    """The cell of the largest number of the sample shown."""
    values = session.view(name)[session.sample]
    return session.sample, *(int(i) for i in np.unravel_index(np.abs(values).argmax(), values.shape))


def two_runs(session: Session) -> None:
    """Training, and the same once more from a step on with another learning rate."""
    session.load("worked-example", seed=0, position=0)
    steps = len(session.steps)
    session.goto(80 * steps + 3)
    session.pin_run()
    session.goto(40 * steps)
    session.change("learning_rate", 2.0)
    session.goto(80 * steps + 3)
    session.select("output.kernel", (0, 1))


PICTURES: dict[str, tuple[Callable[[Session], None], str]] = {
    "worked-example": (worked_example, "light"),
    "convolution": (convolution, "light"),
    "lstm": (recurrence, "light"),
    "two-runs": (two_runs, "light"),
    "dark": (convolution, "dark"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Take all pictures; returns the exit code."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from gui.__main__ import open_window, photograph, quieten

    parser = argparse.ArgumentParser(prog="python -m gui.pictures", description="Takes the README's pictures.")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE, help="where to put them")
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    quieten()

    def take(name: str) -> Callable[[MainWindow], int]:
        def then(window: MainWindow) -> int:
            window.session.notify("runs")  # a run was pinned before the window was there
            return photograph(str(folder / f"{name}.png"))(window)

        return then

    return max(open_window(load, theme, take(name), SIZE) for name, (load, theme) in PICTURES.items())


if __name__ == "__main__":
    sys.exit(main())
