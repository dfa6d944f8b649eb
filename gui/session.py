"""All state of the app: what is debugged, where it stands, what is selected. No Qt.

Panels read the session and call its methods; they hear of changes by `subscribe`. While a training run is under way
the stepper belongs to the worker, and the session answers from a `Moment` with copies: so panels use `view`,
`computed`, `explanation` and `listing` of the session, never those of the stepper.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from fastnn.engine.batches import Feeds
from fastnn.engine.breaking import run_until
from fastnn.errors import FastnnError
from gui.editing import Version
from gui.history import HeldOut, History
from gui.losses import Losses
from gui.moment import Moment
from gui.runs import Difference, Pin, changes, difference
from gui.source import Source, from_model, from_preset, holding_out
from gui.state import Index, Selection
from gui.watching import Watching

__all__ = ["TOPICS", "Index", "Selection", "Session"]
TOPICS = (
    "loaded", "position", "selection", "hover", "view", "breakpoints", "training", "progress", "runs", "watches",
)  # fmt: skip


class Session(Watching):
    """The state of one window.

    Topics that callbacks hear: `loaded` (another network: everything changed), `position` (other numbers, other
    step), `selection`, `hover`, `view` (show, numbers, sample, channel), `breakpoints` (and conditions), `training`
    (begun or ended), `progress` (training goes on: nothing but `reached` has changed), `runs` (another run is
    compared with, or none), `watches` (the watch list).

    Example:
        >>> session = Session()
        >>> session.load("worked-example")
        >>> session.next()
        >>> session.shown_step().phase
        'forward'
    """

    # ------------------------------------------------------------ loading

    def load(self, source: Source | str, seed: int | None = None, position: int = 1) -> None:
        """Debug another network.

        Args:
            source: A source, or the name of a preset.
            seed: Seed of weights and order.
            position: Where to start, in steps of the whole run.

        Raises:
            ValueError: for an unknown preset, or data that does not fit.
        """
        self.require_idle()
        found = from_preset(source) if isinstance(source, str) else source
        self._open(found, self.seed if seed is None else seed, position)
        self._after_loading()

    def load_model(self, model: Any, x: Any, y: Any = None, position: int = 1, seed: int = 0, **options: Any) -> None:
        """Debug a user's compiled model on a user's data; options are fields of `Source`, such as batch_size."""
        self.load(from_model(model, x, y, **options), seed, position)

    def _open(self, source: Source, seed: int, position: int = 0) -> None:
        """Take a source over, once everything about it has gone well."""
        model = source.build(seed)
        stepper = source.stepper(model, seed)
        stepper.goto(position)
        self.source, self.model, self.stepper, self.seed = source, model, stepper, seed
        self._take_test_data()

    def _take_test_data(self) -> None:
        assert self.source is not None
        x, y = self.source.test or (None, None)
        self.held = HeldOut(None if x is None else x if isinstance(x, Feeds) else self.model.prepare_data(x, y, None))

    def hold_out(self, share: float) -> None:
        """Begin anew with a part of the data, and test on the rest once an epoch.

        Raises:
            ValueError: for a share that is not between 0 and 1.
        """
        self.require_idle()
        assert self.source is not None
        self.load(holding_out(self.source, Feeds(self.stepper.data), share, self.seed))

    def take(self, source: Source, stepper: Any, seed: int, kept: Mapping[str, Any]) -> None:
        """Go on with a run that was kept: `kept` are fields of the session."""
        self.require_idle()
        self.source, self.model, self.stepper, self.seed = source, stepper.model, stepper, seed
        self._moment = None
        self._take_test_data()
        self._after_loading(kept)

    def _after_loading(self, kept: Mapping[str, Any] | None = None) -> None:
        self.selection = self.hovered = self._looked = self.bound_for = None
        self.sample = self.channel = 0
        self.pinned, self._seen = [], {}
        self._past, self._future = [], []
        self._undo, self._redo, self._tries, self._what_if = [], [], (), None
        self.losses, self.history, self.pin = Losses(), History(), None
        self._moved(None)
        for name, value in (kept or {}).items():
            setattr(self, name, value)
        self.conditions = [c for c in self.conditions if not c.missing(self.listing)]
        if self.selection is not None:
            self.selection = (self.selection[0], self._fit(self.selection[1], self.selection[0]))
        self.notify("loaded")

    def reset(self, new_seed: bool = False) -> None:
        """Back to the start: the same weights and the same order, or those of the next seed."""
        self.require_idle()
        if self.source is None:
            return
        self.bound_for, kept = None, set(self.stepper.breakpoints)
        self._open(self.source, self.seed + 1 if new_seed else self.seed)
        self.stepper.breakpoints.update(i for i in kept if i < len(self.stepper.steps))
        self.losses, self.history = Losses(), History()
        self._undo, self._redo, self._tries, self._what_if = [], [], (), None
        self._past, self._future = [], []
        self._moved(self.shown_index() if self._moment else None)
        self.notify("loaded")

    # ------------------------------------------------------------ training at full speed

    def start_training(self, watching: bool = True) -> None:
        """Hand the stepper over to a worker.

        Args:
            watching: Whether conditions stop it; not on the way to a chosen step.
        """
        self.require_idle()
        self.hit, self.watching = None, watching and bool(self.conditions)
        self._looked = self.shown_index()
        self._moment, self.training = self.snapshot(), True
        self.reached = self.stepper.training_step
        self.notify("training")

    def train(self, seconds: float, steps: int | None = None) -> None:
        """Train for a while; called by the worker, with the stepper its own.

        Args:
            seconds: Stop after this time, between training steps.
            steps: Stop after as many training steps; one begun by stepping is finished and counts.
        """
        if self.watching:
            self.hit = run_until(self.stepper, self.conditions, steps, seconds)
        else:
            self._train(seconds, steps)
        self.reached = self.stepper.training_step

    def _train(self, seconds: float, steps: int | None) -> None:
        if self.stepper.index:
            self.stepper.finish_step()
            steps = None if steps is None else steps - 1
        left, stop = 2**31 if steps is None else steps, time.monotonic() + seconds
        while left > 0:
            ahead = self.held.ahead(self.stepper, self.stepper.training_step) - self.stepper.training_step
            left -= self.stepper.train(min(left, ahead), max(stop - time.monotonic(), 0.0))
            self.held.test(self.stepper, self.history)
            if time.monotonic() >= stop:
                return

    def snapshot(self) -> Moment:
        """Where the run stands, with copies of what the window shows; called by the worker between training steps."""
        s = self.stepper
        self._measure()
        names = [n for n in set(self._wanted) if n in s.listing.values and s.computed(n)]
        return self._live({n: s.value(n) for n in names}, self._explain())

    def publish(self, moment: Moment) -> None:
        """Show a moment of a training run; called where the window lives."""
        self._moment = moment
        self.sample = min(self.sample, len(moment.rows) - 1)  # the last batch of an epoch may be smaller
        self.notify("position")

    def stop_training(self) -> None:
        """Take the stepper back from the worker; the step that was watched stays on the stage."""
        if not self.training:
            return
        self.training, self.bound_for = False, None
        self._read_position()
        if self.hit is not None:
            self._looked = None
        self._select_on_stage(self.shown_step())
        self._show_hit(self.hit)
        self.notify("training")

    # ------------------------------------------------------------ changing the run, and comparing two

    def change(self, name: str, value: Any, index: Index = (), again: bool = False) -> None:
        """Change a parameter, the learning rate, an input or a target from this training step on; see `Stepper.change`.

        Args:
            name: Name of the value.
            value: A number, or an array that fits.
            index: The cells to change; of inputs and targets it begins with the row of the whole data.
            again: Whether it replaces the last change, as a drag does: one undo takes back both.

        Raises:
            GraphError: for what cannot be changed, or a value that does not fit.
        """
        self.require_idle()
        before, shown = self._version(), self.shown_index()
        if again and self._undo:
            self.stepper.set_edits(self._undo[-1].edits)
        else:
            self._undo.append(before)
        try:
            self.stepper.change(name, value, index)
            if self.stepper.position and not self.stepper.done:  # a weight changed between two training steps:
                self.stepper.next()  # the next one begins with it
        except FastnnError:
            self.stepper.set_edits(before.edits)
            self._undo = self._undo if again else self._undo[:-1]
            raise
        self._redo.clear()
        self._changed(shown)

    def replace_source(self, source: Source) -> None:
        """Go on with other data, or as many rows of it: a new run that begins with the weights of now.

        Raises:
            ValueError: for data that does not fit the model.
        """
        self.require_idle()
        before, index = self._version(), self.shown_index()
        model = source.build(self.seed)
        stepper = source.stepper(model, self.seed)
        stepper.resume(0, [array.copy() for array in self.stepper.storage.values()], ())
        stepper.breakpoints.update(self.breakpoints)
        learning = next((i for i, step in enumerate(stepper.steps) if step.phase == "update"), len(stepper.steps))
        stepper.goto(min(self.done, learning))
        self._undo.append(before)
        self._redo.clear()
        self.source, self.model, self.stepper = source, model, stepper
        self.losses, self.history, self._tries = Losses(), History(), ()
        self._changed(min(index, len(stepper.steps) - 1), "loaded")

    def _version(self) -> Version:
        s = self.stepper
        return Version(self.source, self.model, s, s.edits, s.position, self.losses, self.history, self._tries)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone change to make again."""
        return bool(self._redo)

    def undo(self) -> None:
        """Undo the last change, and return to where it was made."""
        self._swap_versions(self._undo, self._redo)

    def redo(self) -> None:
        """Make the change again that `undo` undid."""
        self._swap_versions(self._redo, self._undo)

    def _swap_versions(self, source: list[Version], target: list[Version]) -> None:
        self.require_idle()
        if not source:
            return
        shown, found = self.shown_index(), source.pop()
        target.append(self._version())
        other = found.stepper is not self.stepper
        if other:
            self.source, self.model, self.stepper = found.source, found.model, found.stepper
            self.losses, self.history = found.losses, found.history
        self._tries = found.tries
        self.stepper.set_edits(found.edits)
        self.stepper.goto(found.position)
        self._changed(min(shown, len(self.stepper.steps) - 1), "loaded" if other else "position")

    def _changed(self, shown: int, topic: str = "position") -> None:
        """Forget what is no longer so, and show the rest."""
        known = len(self.stepper.losses)
        self.held.forget(known, self.stepper.schedule.batches)
        self.losses.forget(known)
        self.history.forget(known if not self.stepper.at_end else known - 1)
        self._explained = ((), None)
        looked = self._looked
        self._moved(shown if topic == "position" else None)
        self._looked = looked if topic == "position" else None
        self.notify(topic)

    def pin_run(self) -> None:
        """Keep the run as it is now to compare with; the session goes on with a copy."""
        self.require_idle()
        assert self.source is not None
        self.pin = Pin(self.source, self.seed, self.losses.array.copy(), self.history.copy(), self.stepper.fork())
        self.notify("runs")

    @property
    def changes(self) -> str:
        """What this run does otherwise than the pinned one, in words."""
        return changes(self.pin, self) if self.pin is not None else ""

    def unpin(self) -> None:
        """Compare no more."""
        self.pin = None
        self.notify("runs")

    def difference(self, name: str) -> Difference | None:
        """How a value differs from the pinned run's at the same position; None if it cannot be said."""
        if self.pin is None or self.training or not self.stepper.computed(name):
            return None
        other = self.pin.stepper
        place = list(self.listing.values).index(name)
        if not self.pin.follow(self.moment.position) or place >= len(other.listing.values):
            return None
        twin = list(other.listing.values)[place]
        if other.listing.values[twin].shape != self.listing.values[name].shape or not other.computed(twin):
            return None
        return difference(other.view(twin), self.stepper.view(name), name)
