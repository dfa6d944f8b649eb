"""Breakpoint."""

from __future__ import annotations

import math
import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import config
from fastnn.callbacks.base import Callback, Logs
from fastnn.engine.batches import Feeds
from fastnn.engine.breaking import first_hit, run_until
from fastnn.engine.conditions import (
    Accuracy,
    Condition,
    GradientNorm,
    Hit,
    LossJump,
    NonFinite,
    SampleWrong,
    Seen,
    ZeroShare,
)
from fastnn.engine.stepper import Stepper
from fastnn.engine.tensor import Variable
from fastnn.utils.session_file import ENDING, SessionFile


class Breakpoint(Callback):
    """Stops training at a condition and writes a session file, which the app opens at the very operation.

    `python -m gui FILE` shows the batch, the weights before it, and the operation after which the condition held.
    Every value of a training step is kept while it runs, so training takes more memory and some more time.

    Args:
        filepath: File to write; it ends in '.fastnn'.
        non_finite: Stop when an operation has written NaN or infinity.
        gradient_norm_above: Stop when the norm of all weight gradients is larger.
        gradient_norm_below: Stop when the norm of all weight gradients is smaller.
        zero_share_above: Stop when a larger share (0 to 1) of an activation such as relu is 0.
        loss_factor: Stop when the loss of a batch is more than so many times that of the batch before.
        accuracy: Stop when this share (0 to 1) of a batch is predicted right.
        sample_wrong: Stop when this row of x is predicted wrong.
        verbose: Whether to say where it stopped.

    Raises:
        ValueError: for another ending, without any condition, or from fit, if the model lacks what one is about.

    Example:
        >>> import fastnn, tempfile, os
        >>> model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1, name="fc")])
        >>> model.compile(fastnn.optimizers.SGD(1e20), "mse")
        >>> stop = Breakpoint(os.path.join(tempfile.mkdtemp(), "nan.fastnn"), non_finite=True, verbose=0)
        >>> history = model.fit([[1.0]], [[3.0]], epochs=20, verbose=0, callbacks=[stop])
        >>> stop.hit.name, os.path.exists(stop.filepath)
        ('mean_squared_error', True)
    """

    reads_values = True  # fit keeps every value of a training step for it

    def __init__(
        self,
        filepath: Any = "breakpoint.fastnn",
        non_finite: bool = True,
        gradient_norm_above: float | None = None,
        gradient_norm_below: float | None = None,
        zero_share_above: float | None = None,
        loss_factor: float | None = None,
        accuracy: float | None = None,
        sample_wrong: int | None = None,
        verbose: int = 1,
    ) -> None:
        super().__init__()
        self.filepath, self.verbose = os.fspath(filepath), verbose
        if not self.filepath.endswith(ENDING):
            raise ValueError(f"Expected filepath to end in '{ENDING}'. Received: filepath={self.filepath!r}")
        norms = GradientNorm(*(_or(gradient_norm_above, math.inf), _or(gradient_norm_below, 0.0)))
        asked: list[Condition | None] = [
            NonFinite() if non_finite else None,
            norms if (norms.above, norms.below) != (math.inf, 0.0) else None,
            None if zero_share_above is None else ZeroShare(zero_share_above),
            None if loss_factor is None else LossJump(loss_factor),
            None if accuracy is None else Accuracy(accuracy),
            None if sample_wrong is None else SampleWrong(sample_wrong),
        ]
        self.conditions = [c for c in asked if c is not None]
        if not self.conditions:
            raise ValueError("Expected at least one condition. Received: none")
        self.hit: Hit | None = None
        self._before: dict[Variable, Any] = {}
        self._loss = math.nan
        self._checked: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.hit, self._loss, self._checked = None, math.nan, None

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._before = {v: v.value.copy() for v in self.model.variables_of_training()}

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        plan, rows = self.model.ran.plan, self.model.ran.rows
        listing = plan.listing
        if self._checked is None:
            self._check(listing, rows)
        rows = np.zeros(0, np.int64) if rows is None else rows
        found = first_hit(self.conditions, Seen(listing, plan.array, 0, len(listing.steps), rows, before=self._loss))
        self._loss = float(plan.array(listing.loss)) if listing.loss else math.nan
        if found is not None and self.hit is None:
            self._stop(plan, *found)

    def _check(self, listing: Any, rows: Any) -> None:
        """Conditions that could never hold are a mistake."""
        self._checked = listing
        for condition in self.conditions:
            missing = condition.missing(listing)
            if isinstance(condition, SampleWrong) and rows is None:
                missing = "x as an array"
            if missing:
                raise ValueError(f"Expected {missing}, for Breakpoint to watch '{condition.label}'. Received: none")

    def _stop(self, plan: Any, condition: Condition, done: int, message: str) -> None:
        """Run the batch again up to the operation, and write everything down."""
        feeds = Feeds({name: plan.array(name).copy() for name in plan.listing.feeds})
        stepper = Stepper(self.model, feeds, seed=config.global_seed())
        stepper.resume(0, [self._before.get(v, v.value) for v in stepper.storage], [])
        hit = run_until(stepper, [condition], steps=1) if isinstance(condition, NonFinite) else None
        if hit is None:
            stepper.goto(done)
            name = stepper.steps[done - 1].outputs[0]
            hit = Hit(condition, 0, done, f"{condition.label}: {message}", name)
        self.hit = hit
        file = self._file(stepper, hit)
        file.write(self.filepath)
        self.model.stop_training = True
        if self.verbose:
            step = stepper.steps[hit.done - 1]
            print(
                f"\nBreakpoint: {hit.message}\n  behind operation {hit.done}: {step}\n"
                f"  see it in the app: python -m gui {shlex.quote(self.filepath)}"
                + (f"\n  {file.needs}" if file.needs else "")
            )

    def _file(self, stepper: Stepper, hit: Hit) -> SessionFile:
        record = {
            "title": f"{self.model.name}: {hit.message}",
            "preset": "",
            "seed": stepper.schedule.seed,
            "batch_size": None,
            "shuffle": False,
            **stepper.to_json(),
            "message": hit.message,
            "selection": [hit.name, list(hit.index)] if hit.name else None,
            "conditions": [c.to_json() for c in self.conditions],
        }
        state = stepper.checkpoint()
        arrays = {f"data/{name}": array for name, array in stepper.data.items()}
        arrays |= {f"state/{i}": a for i, a in enumerate(state)} | {f"start/{i}": a for i, a in enumerate(state)}
        return SessionFile(record, {**arrays, "losses": np.zeros(0)}, model_bytes(self.model))


def model_bytes(model: Any) -> bytes:
    """A model as a `.keras` file holds it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def _or(value: float | None, default: float) -> float:
    return default if value is None else float(value)
