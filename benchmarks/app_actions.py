"""What users do in the app, each timed until all panels are repainted."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.app_scenes import NARROW, Scene
from benchmarks.report import Result

OURS, TARGET = "fastnn", "target"
POINTS = 1_000_000


def result(name: str, detail: str, target: float, seconds: Sequence[float]) -> Result:
    """A row: the times, and the promised one in seconds."""
    return Result(name, detail, {OURS: list(seconds), TARGET: [target]})


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


def adding(scene: Scene, detail: str, count: int) -> Iterator[Result]:
    """Cells that are sums of 10,000 terms, of values and of gradients."""
    session, (rows, units) = scene.session, NARROW
    narrow = [n for n in session.listing.written_by if session.listing.values[n].shape == NARROW]
    upstream = [n for n in narrow if n.endswith(".grad")]  # of the hidden layer's values, the last one's input first
    for kind, name in (("explain a value", narrow[0]), ("explain a gradient", upstream[0])):

        def select(k: int, name: str = name) -> None:
            session.select(name, (k % rows, k // rows % units))

        yield result(kind, detail, 0.1, scene.time(select, min(count, rows * units - 3)))


def editing(scene: Scene, detail: str, count: int) -> Iterator[Result]:
    """A weight of the first layer, at the end of a training step: everything after it is computed anew."""
    session = scene.session
    kernel = next(n for n, v in session.listing.values.items() if v.role == "parameter" and len(v.shape) == 4)
    session.goto(2 * len(session.steps) - 1)
    first = (0,) * len(session.listing.values[kernel].shape)
    session.select(kernel, first)
    seconds = scene.time(lambda k: session.change(kernel, 0.01 * (k + 1), first), count)
    yield result("edit a weight", detail, 0.1, seconds)


def dragging(scene: Scene, detail: str, steps: int, count: int) -> Iterator[Result]:
    """The cursor of the loss curve, over training steps that have keyframes."""
    session, chart = scene.session, scene.window.chart
    session.goto(steps * len(session.steps))
    scene.settle(0.1)

    def drag(k: int) -> None:
        chart.here.setValue(steps - 1 - k % (steps - 2))
        chart.here.sigDragged.emit(chart.here)
        scene.app.processEvents()  # the window goes there once it has caught up

    seconds = scene.time(drag, count)
    if chart.here.value() != (there := session.moment.step_at(session.moment.position)):
        raise RuntimeError(f"expected to be at training step {chart.here.value()}, received {there}.")
    yield result("drag the time cursor", detail, 0.016, seconds)


def charting(scene: Scene, count: int) -> Iterator[Result]:
    """A loss curve of a million points: one more point, and another part of it."""
    session, chart = scene.session, scene.window.chart
    session.losses.add(np.random.default_rng(0).random(POINTS).tolist())
    chart.refresh()
    scene.settle(0.1)
    box, detail = chart.plot.getPlotItem().vb, f"{POINTS:,} points"

    def pan(k: int) -> None:
        box.setXRange(1000.0 * (k % 10), POINTS - 1000.0 * (k % 7), padding=0)

    def lengthen(k: int) -> None:
        session.losses.add([0.5])
        chart.refresh()

    yield result("draw another part", detail, 0.016, scene.time(pan, count))
    yield result("draw one more point", detail, 0.016, scene.time(lengthen, count))


def opening(app: Any, source: Any, detail: str, steps: int, count: int) -> Iterator[Result]:
    """A saved session in a new window."""
    with tempfile.TemporaryDirectory() as folder:
        path, seconds = Path(folder) / "saved.fastnn", []
        scene = Scene(app, source)
        scene.session.goto(steps * len(scene.session.steps) + 3)
        scene.window.features.running.keeper.write(str(path))
        scene.close()
        for _ in range(count + 1):
            begun = time.perf_counter()
            scene = Scene(app, path)
            seconds.append(time.perf_counter() - begun)
            scene.close()
    yield result("open a saved session", detail, 1.0, seconds[1:])


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
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gui", "--screenshot", os.path.join(folder, "first.png")]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            seconds.append(time.perf_counter() - begun)
    yield result("start", "command to first window", 2.0, seconds[1:])  # the first one has compiled the source
