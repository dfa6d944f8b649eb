"""How fast the app answers: what a user feels, on reference scenes, against what was promised.

Every action is timed until all panels are repainted. Windows are drawn into memory where there is no display.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.report import Report, Result

OURS, TARGET = "fastnn", "target"
PERCENTILE = 95
LARGE = """Input((28, 28))
Flatten()
Dense(512, activation="relu")
Dense(256, activation="relu")
Dense(10, activation="softmax")
compile(Adam(0.001), "sparse_categorical_crossentropy")"""
Action = Callable[[int], object]


class Scene:
    """One window with a network at some place of its run."""

    def __init__(self, app: Any, source: Any, position: int, size: tuple[int, int] = (1280, 800)) -> None:
        from gui.session import Session
        from gui.window import MainWindow

        self.app, self.session = app, Session()
        self.session.load(source, 0, position)
        self.window = MainWindow(self.session)
        self.window.resize(*size)
        self.window.reset_layout()
        self.window.show()
        self.settle()

    def settle(self, seconds: float = 0.0) -> None:
        """Let everything be drawn, and wait as the app does: asleep between events."""
        from PyQt6.QtCore import QEventLoop, QTimer

        self.app.processEvents()
        if seconds:
            loop = QEventLoop()
            QTimer.singleShot(round(1000 * seconds), loop.quit)
            loop.exec()

    def time(self, action: Action, count: int, warm: int = 3) -> list[float]:
        """Seconds of an action, from its begin until it is seen; the first ones are not counted."""
        seconds = []
        for k in range(count + warm):
            begun = time.perf_counter()
            action(k)
            self.app.processEvents()
            seconds.append(time.perf_counter() - begun)
        return seconds[warm:]

    def close(self) -> None:
        """Close the window."""
        from PyQt6.QtCore import QEvent

        self.window.close()
        self.window.deleteLater()
        self.app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def result(name: str, detail: str, target: float, seconds: Sequence[float]) -> Result:
    """A row: the times, and the promised one in seconds."""
    return Result(name, detail, {OURS: list(seconds), TARGET: [target]})


# ---------------------------------------------------------------- what is timed


def stepping(scene: Scene, detail: str, target: float, count: int) -> Iterator[Result]:
    """One operation forward, and one back."""
    yield result("step forward", detail, target, scene.time(lambda k: scene.session.next(), count))
    yield result("step back", detail, target, scene.time(lambda k: scene.session.back(), count))


def pointing(scene: Scene, detail: str, count: int) -> Iterator[Result]:
    """The pointer over the cells of the largest view, and the wheel."""
    from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
    from PyQt6.QtGui import QMouseEvent, QWheelEvent

    view = max(scene.window.stage.views(), key=lambda v: math.prod(v.content.shape))
    none, still = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    cells = list(np.ndindex(*view.content.shape))
    shown = [
        rect.center() for cell in cells[:: max(len(cells) // 500, 1)] if (rect := view.index_rect(cell)) is not None
    ]
    places = [shown[37 * k % len(shown)] for k in range(len(shown))]

    def move(k: int) -> None:
        at = places[k % len(places)]
        event = QMouseEvent(QEvent.Type.MouseMove, at, QPointF(view.mapToGlobal(at.toPoint())), none, none, still)
        scene.app.sendEvent(view, event)

    def wheel(k: int) -> None:
        at, turn = places[k % len(places)], QPoint(0, 120 if k % 8 < 4 else -120)
        place = QPointF(view.mapToGlobal(at.toPoint()))
        phase = Qt.ScrollPhase.NoScrollPhase
        scene.app.sendEvent(view, QWheelEvent(at, place, QPoint(), turn, none, still, phase, False))

    yield result("hover", detail, 0.016, scene.time(move, count))
    yield result("zoom", detail, 0.016, scene.time(wheel, count))


def explaining(scene: Scene, detail: str, count: int) -> Iterator[Result]:
    """Cells at random, of values and of gradients."""
    numbers, session = np.random.default_rng(0), scene.session
    for kind, ending in (("explain a value", ""), ("explain a gradient", ".grad")):
        names = [n for n in session.listing.written_by if n.endswith(".grad") == bool(ending) and session.computed(n)]
        names = [n for n in names if session.listing.values[n].shape]

        def select(k: int, names: list[str] = names) -> None:
            name = names[k % len(names)]
            session.select(name, tuple(int(numbers.integers(n)) for n in session.listing.values[name].shape))

        yield result(kind, detail, 0.1, scene.time(select, count))


def travelling(scene: Scene, detail: str, target: float, steps: int, count: int) -> Iterator[Result]:
    """Jumps to any of the last training steps."""
    numbers, length = np.random.default_rng(0), len(scene.session.steps)
    scene.session.goto(steps * length)
    scene.settle()
    last = [int(s) for s in numbers.integers(max(steps - 1000, 0), steps, count + 3)]
    seconds = scene.time(lambda k: scene.session.goto(last[k] * length + 3), count)
    yield result("jump in time", f"{detail}, last {min(steps, 1000):,} steps", target, seconds)


def headless(source: Any, batches: int, seconds: float) -> float:
    """Seconds of a training step of `model.fit`, with no window to be seen."""
    model = source.build(0)

    def fit(epochs: int) -> float:
        begun = time.perf_counter()
        model.fit(source.x, source.y, source.batch_size or len(source.x), epochs, shuffle=source.shuffle, verbose=0)
        return time.perf_counter() - begun

    fit(1)
    epochs = max(round(seconds / fit(1)), 1)
    return fit(epochs) / (epochs * batches)


def training(scene: Scene, detail: str, seconds: float) -> Iterator[Result]:
    """Frames while training at full speed, and what training loses by being watched."""
    session, beats = scene.session, [time.perf_counter()]
    alone = 1 / headless(session.source, session.moment.batches, seconds)
    scene.window.toggle_training()
    scene.settle(0.3)
    before, begun = session.reached, time.perf_counter()
    unsubscribe = session.subscribe(lambda topic: beats.append(time.perf_counter()))
    scene.settle(seconds)
    watched = (session.reached - before) / (time.perf_counter() - begun)
    unsubscribe()
    scene.window.toggle_training()
    while session.training:
        scene.settle(0.01)
    yield result("frame while training", detail, 1 / 30, np.diff(beats[1:]).tolist())
    yield result(
        "a watched training step", f"{detail}; model.fit {1e3 / alone:.3f} ms / 0.9", 1 / (0.9 * alone), [1 / watched]
    )


def resting(scene: Scene, seconds: float) -> Iterator[Result]:
    """Processor time of a window that nobody touches."""
    scene.settle(0.5)
    begun = time.process_time()
    scene.settle(seconds)
    yield result("idle", f"processor time of {seconds:g} s", 0.01 * seconds, [time.process_time() - begun])


def starting(rounds: int) -> Iterator[Result]:
    """From the command to the first picture, with the byte code that an installation has."""
    import tempfile

    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gui", "--screenshot", os.path.join(folder, "first.png")]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            seconds.append(time.perf_counter() - begun)
    yield result("start", "command to first window", 2.0, seconds[1:])  # the first one has compiled the source


def large_source() -> Any:
    """A dense network of 536,000 weights on 28x28 digits."""
    from fastnn import presets
    from gui import blueprint
    from gui.source import Source

    x, y = presets.get("softmax-regression").data()
    return Source("784-512-256-10", lambda seed: blueprint.build(LARGE, seed), x, y, batch_size=50)


def measure(app: Any, quick: bool) -> Iterator[Result]:
    """All rows."""
    count, seconds = (10, 0.5) if quick else (60, 3.0)
    for name, position, target in (("worked-example", 4, 0.016), ("digits-mlp", 4, 0.016), ("digits-cnn", 4, 0.05)):
        scene = Scene(app, name, position)
        scene.session.goto(2 * len(scene.session.steps))
        yield from stepping(scene, name, target, count)
        scene.session.goto(2 * len(scene.session.steps) + 1)  # the first layer: its pictures have many cells
        yield from pointing(scene, name, count)
        scene.session.goto(3 * len(scene.session.steps))
        yield from explaining(scene, name, count)
        scene.close()
    for source, detail, target, steps in (("xor", "xor", 0.1, 1500), (large_source(), "536,000 weights", 1.0, 60)):
        scene = Scene(app, source, 4)
        yield from travelling(scene, detail, target, steps // (10 if quick else 1), max(count // 3, 5))
        scene.close()
    scene = Scene(app, "digits-cnn", 4)
    yield from training(scene, "digits-cnn", seconds)
    yield from resting(scene, 1.0)
    scene.close()
    yield from starting(1 if quick else 5)


def run(quick: bool, threads: int) -> Report:
    """Measure everything."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        import PyQt6.QtCore as Qt
        import pyqtgraph
        from PyQt6.QtWidgets import QApplication
    except ImportError as error:
        raise ValueError(f"expected PyQt6 and pyqtgraph to time the app: {error}") from None
    from gui import theme
    from gui.__main__ import quieten

    quieten()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    theme.apply(app, "light")  # type: ignore[arg-type]
    described = machine.describe(threads)
    versions = {"Qt": Qt.QT_VERSION_STR, "pyqtgraph": pyqtgraph.__version__}
    return Report("app", described, {"quick": quick}, list(measure(app, quick)), versions)


def table(report: Report) -> str:
    """The rows as text: median, 95th percentile, worst, what was promised, and whether it is kept."""
    head = f"{'action':24} {'scene':44} {'median':>9} {'95 %':>9} {'worst':>9} {'promised':>9}"
    lines = [head, "-" * len(head)]
    late = 0
    for row in report.results:
        times, target = np.array(row.times[OURS]) * 1e3, row.times[TARGET][0] * 1e3
        reached = float(np.percentile(times, PERCENTILE))
        late += reached > target
        cells = (float(np.median(times)), reached, float(times.max()), target)
        lines.append(
            f"{row.name:24} {row.detail:44} " + " ".join(f"{c:9.2f}" for c in cells) + " late" * (reached > target)
        )
    return "\n".join([*lines, "", f"milliseconds; {len(report.results) - late} of {len(report.results)} promises kept"])
