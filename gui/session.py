"""All state of the app: what is debugged, where it stands, what is selected. No Qt.

Panels read the session and call its methods; they hear of changes by `subscribe`. While a training run is under way
the stepper belongs to the worker, and the session answers from a `Moment` with copies: so panels use `view`,
`computed`, `explanation` and `listing` of the session, never those of the stepper.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastnn
from fastnn.engine.explain import Explanation
from fastnn.engine.graph import Step, Value
from fastnn.engine.steplist import StepList
from fastnn.errors import FastnnError
from gui import moment as moments
from gui.losses import Losses
from gui.moment import GRAINS, Moment
from gui.source import Source, from_model, from_preset

Index = tuple[int, ...]
Selection = tuple[str, Index]
TOPICS = ("loaded", "position", "selection", "hover", "view", "breakpoints", "training")
SHOWS = ("values", "gradients")


class Session:
    """The state of one window.

    Topics that callbacks hear: `loaded` (another network: everything changed), `position` (other numbers, other
    step), `selection`, `hover`, `view` (show, numbers, sample, channel), `breakpoints`, `training` (begun or ended).

    Example:
        >>> session = Session()
        >>> session.load("worked-example")
        >>> session.next()
        >>> session.shown_step().phase
        'forward'
    """

    def __init__(self) -> None:
        self.source: Source | None = None
        self.model: Any = None
        self.seed = 0
        self.stepper: Any = None
        self.training = False
        self.selection: Selection | None = None
        self.hovered: Selection | None = None
        self.sample, self.channel = 0, 0
        self.show, self.numbers, self.grain = "values", True, "op"
        self.losses = Losses()
        self._looked: int | None = None
        self._past: list[tuple[Selection, int | None]] = []
        self._future: list[tuple[Selection, int | None]] = []
        self._callbacks: list[Callable[[str], None]] = []
        self._moment: Moment | None = None
        self._explained: tuple[Any, Explanation | None] = ((), None)
        self._wanted: set[str] = set()
        self._copied: frozenset[str] = frozenset()

    # ------------------------------------------------------------ telling

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call `callback(topic)` after every change; returns a function that ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def notify(self, topic: str) -> None:
        """Tell everybody that something has changed."""
        for callback in list(self._callbacks):
            callback(topic)

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
        self._open(found, self.seed if seed is None else seed)
        self.stepper.goto(position)
        self._after_loading()

    def load_model(self, model: Any, x: Any, y: Any = None, position: int = 1, seed: int = 0, **options: Any) -> None:
        """Debug a user's compiled model on a user's data; options are fields of `Source`, such as batch_size."""
        self.load(from_model(model, x, y, **options), seed, position)

    def _open(self, source: Source, seed: int) -> None:
        model = source.build(seed)
        stepper = fastnn.Stepper(
            model, source.x, source.y, source.batch_size, source.shuffle, seed, source.sample_weight
        )
        self.source, self.model, self.stepper, self.seed = source, model, stepper, seed

    def _after_loading(self) -> None:
        self.selection = self.hovered = self._looked = None
        self.sample = self.channel = 0
        self._past, self._future = [], []
        self.losses = Losses()
        self._moved(None)
        self.notify("loaded")

    def reset(self, new_seed: bool = False) -> None:
        """Back to the start: the same weights and the same order, or those of the next seed."""
        self.require_idle()
        if self.source is None:
            return
        kept = set(self.stepper.breakpoints)
        self._open(self.source, self.seed + 1 if new_seed else self.seed)
        self.stepper.breakpoints.update(i for i in kept if i < len(self.stepper.steps))
        self.losses = Losses()
        self._past, self._future = [], []
        self._moved(self.shown_index() if self._moment else None)
        self.notify("loaded")

    @property
    def title(self) -> str:
        """What is debugged, for the window's title."""
        return self.source.title if self.source else ""

    @property
    def digits(self) -> int:
        """Decimals worth printing."""
        return self.source.digits if self.source else 4

    # ------------------------------------------------------------ where we are

    @property
    def moment(self) -> Moment:
        """Where the run stands."""
        if self._moment is None:
            self._moment = self._live()
        return self._moment

    def _live(self, arrays: Any = None, explanation: Explanation | None = None) -> Moment:
        s = self.stepper
        rows, batches = s.sample_indices, s.schedule.batches
        return Moment(
            s.listing, s.position, s.shown_training_step, s.epoch, s.batch, batches, rows, arrays, explanation
        )

    @property
    def listing(self) -> StepList:
        """The step list of the training step shown."""
        return self.moment.listing

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of one training step."""
        return self.moment.steps

    @property
    def done(self) -> int:
        """Steps done of the training step shown: the cursor stands before `steps[done]`."""
        return self.moment.done

    def current_step(self) -> Step:
        """The step that runs next."""
        return self.steps[self.done % len(self.steps)]

    def shown_index(self) -> int:
        """Index of the step that the stage shows: the one looked at, else the last one run, else the first."""
        if self._looked is not None:
            return self._looked
        return max(self.done - 1, 0)

    def shown_step(self) -> Step:
        """The step that the stage shows."""
        return self.steps[self.shown_index()]

    @property
    def looked(self) -> int | None:
        """Index of a step that is looked at without moving, or None."""
        return self._looked

    def look(self, index: int | None) -> None:
        """Show another step on the stage without moving; None shows the last one run again."""
        self._looked = None if index is None or index == max(self.done - 1, 0) else index
        self._select_on_stage(self.shown_step())
        self.notify("selection")

    @property
    def breakpoints(self) -> set[int]:
        """Indices of steps before which a run stops."""
        found: set[int] = self.stepper.breakpoints
        return found

    def toggle_breakpoint(self, index: int) -> None:
        """Set or clear the breakpoint of a step."""
        self.breakpoints.symmetric_difference_update({index})
        self.notify("breakpoints")

    # ------------------------------------------------------------ values

    def value_info(self, name: str) -> Value:
        """Shape, type, role and layer of a value."""
        return self.listing.values[name]

    def gradient_of(self, name: str) -> str | None:
        """Name of the gradient of a value, or None."""
        return self.listing.gradient_of(name)

    def computed(self, name: str) -> bool:
        """Whether a value can be seen at this position."""
        self._wanted.add(name)
        arrays = self.moment.arrays
        return bool(self.stepper.computed(name)) if arrays is None else name in arrays

    def view(self, name: str) -> NDArray[Any]:
        """A value at this position, for display: read-only, and valid until the next move.

        Raises:
            GraphError: if it is not computed yet.
        """
        self._wanted.add(name)
        arrays = self.moment.arrays
        if arrays is None:
            found: NDArray[Any] = self.stepper.view(name)
            return found
        if name not in arrays:
            raise fastnn.errors.GraphError(f"expected a value on display while training, received '{name}'.")
        return arrays[name]

    def number_at(self, name: str, index: Index) -> Any:
        """One number (a NumPy scalar), or None if it is not computed or outside of the value."""
        if name not in self.listing.values or not self.computed(name):
            return None
        array = self.view(name)
        inside = len(index) == array.ndim and all(0 <= i < n for i, n in zip(index, array.shape, strict=True))
        return array[index] if inside else None

    def explanation(self) -> Explanation | None:
        """Why the selected number is what it is; None with nothing selected or nothing computed."""
        if self.moment.arrays is not None:
            given = self.moment.explanation
            return given if given and (given.name, given.index) == self.selection else None
        key = (self.selection, self.moment.position)
        if key != self._explained[0]:
            self._explained = (key, self._explain())
        return self._explained[1]

    def _explain(self) -> Explanation | None:
        selected = self.selection
        if selected is None:
            return None
        name, index = selected
        if name not in self.stepper.listing.values or not self.stepper.computed(name):
            return None
        if any(i >= n for i, n in zip(index, self.stepper.listing.values[name].shape, strict=True)):
            return None
        found: Explanation = self.stepper.explain(name, index, self.digits)
        return found

    # ------------------------------------------------------------ selecting

    def select(self, name: str, index: Index) -> None:
        """Select a cell; if the stage does not show it, look at the step that made it."""
        cell = (name, tuple(int(i) for i in index))
        if cell == self.selection:
            return
        self._remember()
        self._future.clear()
        self.selection = cell
        self._look_for(name)
        self.notify("selection")

    def _remember(self) -> None:
        if self.selection is not None:
            self._past.append((self.selection, self._looked))

    def _look_for(self, name: str) -> None:
        step = self.shown_step()
        if name in step.inputs or name in step.outputs:
            return
        made = self.listing.written_by.get(name)
        readers = self.listing.read_by.get(name, ())
        index = made if made is not None and made < self.done else next(iter(readers), None)
        if index is not None and index != max(self.done - 1, 0):
            self._looked = index
        else:
            self._looked = None

    def select_shown(self) -> None:
        """Select a cell of the last step's result: what has just been computed."""
        self._looked = None
        output = self.shown_step().outputs[0]
        self._remember()
        self.selection = (output, self._fit((), output))
        self.notify("selection")

    @property
    def can_go_back(self) -> bool:
        """Whether there was a selection before this one."""
        return bool(self._past)

    @property
    def can_go_forward(self) -> bool:
        """Whether a selection has been left by going back."""
        return bool(self._future)

    def history_back(self) -> None:
        """Return to the selection before."""
        self._travel(self._past, self._future)

    def history_forward(self) -> None:
        """Return to the selection that `history_back` left."""
        self._travel(self._future, self._past)

    def _travel(self, source: list[Any], target: list[Any]) -> None:
        if not source:
            return
        target.append((self.selection, self._looked))
        self.selection, self._looked = source.pop()
        self.notify("selection")

    def hover(self, name: str | None, index: Index | None = None) -> None:
        """The cell under the pointer; None when it leaves."""
        cell = None if name is None or index is None else (name, tuple(int(i) for i in index))
        if cell != self.hovered:
            self.hovered = cell
            self.notify("hover")

    # ------------------------------------------------------------ what is shown

    def toggle_show(self) -> None:
        """Values or gradients."""
        self.show = SHOWS[1 - SHOWS.index(self.show)]
        self.notify("view")

    def toggle_numbers(self) -> None:
        """Numbers on cells, or not."""
        self.numbers = not self.numbers
        self.notify("view")

    def set_sample(self, sample: int) -> None:
        """The row of the batch that the stage shows; kept within the batch."""
        self.sample = min(max(int(sample), 0), len(self.moment.rows) - 1)
        self.notify("view")

    def set_channel(self, channel: int) -> None:
        """The channel in focus; not below 0."""
        self.channel = max(int(channel), 0)
        self.notify("view")

    # ------------------------------------------------------------ moving

    def require_idle(self) -> None:
        """Raise FastnnError while a training run owns the stepper."""
        if self.training:
            raise FastnnError("expected a paused run, received a move while training.")

    def goto(self, position: int) -> None:
        """Move to a position of the whole run."""
        self.require_idle()
        before = self.shown_index()
        self.stepper.goto(max(int(position), 0))
        self._moved(before)
        self.notify("position")

    def forward(self, grain: str = "op") -> None:
        """Move forward to the end of this op, layer, phase, batch or epoch."""
        self.goto(moments.ahead(self.moment, grain))

    def backward(self, grain: str = "op") -> None:
        """Move back to the start of this op, layer, phase, batch or epoch."""
        self.goto(moments.behind(self.moment, grain))

    def next(self) -> None:
        """Run one step."""
        self.forward("op")

    def back(self) -> None:
        """Undo one step."""
        self.backward("op")

    def to_start(self) -> None:
        """Go to the start of the training step."""
        self.backward("batch")

    def to_end(self) -> None:
        """Go to the end of the training step."""
        self.forward("batch")

    def run_to_index(self, index: int) -> None:
        """Run, or go back, until the cursor stands behind a step of the training step shown."""
        self.goto(self.moment.shown * len(self.steps) + index + 1)

    def run_to_breakpoint(self) -> bool:
        """Run until the next step has a breakpoint; False if none is set."""
        self.require_idle()
        if not self.breakpoints:
            return False
        length, base = len(self.steps), self.moment.position
        self.goto(base + min((b - base) % length or length for b in self.breakpoints))
        return True

    def play_target(self) -> tuple[int, bool]:
        """The position that playing moves to next, by the chosen grain, and whether a breakpoint stops it there."""
        now, length = self.moment.position, len(self.steps)
        target = moments.ahead(self.moment, self.grain)
        nearest = min((now + ((b - now) % length or length) for b in self.breakpoints), default=target + 1)
        return min(target, nearest), nearest <= target

    def goto_layer(self, layer: str) -> None:
        """Show a layer: its last step run if there is one, else run until one has been."""
        mine = [i for i, step in enumerate(self.steps) if step.layer == layer]
        run = [i for i in mine if i < self.done]
        if run:
            self.look(run[-1])
        elif mine and not self.training:
            self.run_to_index(mine[0])

    def set_grain(self, grain: str) -> None:
        """What back, forward and play move by."""
        if grain not in GRAINS:
            raise ValueError(f"expected a grain of {GRAINS}, received {grain!r}.")
        self.grain = grain
        self.notify("view")

    def _moved(self, before: int | None) -> None:
        """Bring everything in line with the stepper's position; the selection moves on with the step shown."""
        old = self.steps[before] if before is not None and self._moment is not None else None
        self._moment, self._looked, self._wanted = self._live(), None, set()
        self.losses.follow(self.stepper.losses)
        self.sample = min(self.sample, len(self.moment.rows) - 1)
        self._select_on_stage(old)

    def _select_on_stage(self, old: Step | None) -> None:
        """Keep the selected cell where it can be seen: the new step's result if it was the old one's."""
        step = self.shown_step()
        name, index = self.selection or ("", ())
        followed = old is not None and name in old.outputs
        if name in step.inputs + step.outputs and not (followed and step is not old):
            self.selection = (name, self._fit(index, name))
            return
        role = next((r for r, n in (old.results if old else ()) if n == name), "")
        output = next((n for r, n in step.results if r == role and n), step.outputs[0])
        self.selection = (output, self._fit(index, output))

    def _fit(self, index: Index, name: str) -> Index:
        """The cell of a value nearest to an index; where ranks differ, the one most worth a look."""
        shape = self.listing.values[name].shape
        if len(index) == len(shape):
            return tuple(min(i, max(n - 1, 0)) for i, n in zip(index, shape, strict=True))
        return self._striking(name, shape)

    def _striking(self, name: str, shape: Index) -> Index:
        """The first cell of the sample; of an image the largest, since corners are mostly empty."""
        sample = self.sample if shape and shape[0] == len(self.moment.rows) else 0
        if len(shape) != 4 or 0 in shape or not self.computed(name):
            return (sample, *([0] * (len(shape) - 1))) if shape else ()
        image = self.view(name)[sample]
        return (sample, *(int(i) for i in np.unravel_index(np.abs(image).argmax(), image.shape)))

    # ------------------------------------------------------------ training at full speed

    def start_training(self) -> None:
        """Hand the stepper over to a worker."""
        self.require_idle()
        self.training, self._looked = True, None
        self._copied = frozenset(self._wanted)
        self.notify("training")

    def train(self, seconds: float, steps: int | None = None) -> None:
        """Train for a while; called by the worker, with the stepper its own.

        Args:
            seconds: Stop after this time, between training steps.
            steps: Stop after as many training steps; one begun by stepping is finished and counts.
        """
        if self.stepper.index:
            self.stepper.finish_step()
            steps = None if steps is None else steps - 1
        if steps != 0:
            self.stepper.train(steps=steps, seconds=seconds)

    def snapshot(self) -> Moment:
        """Where the run stands, with copies of what the window shows; called by the worker between training steps."""
        s = self.stepper
        self.losses.follow(s.losses)
        names = [n for n in self._copied | self._wanted if n in s.listing.values and s.computed(n)]
        return self._live({n: s.value(n) for n in names}, self._explain())

    def publish(self, moment: Moment) -> None:
        """Show a moment of a training run; called where the window lives."""
        self._moment, self._wanted = moment, set()
        self.notify("position")
        self._copied = frozenset(self._wanted)

    def stop_training(self) -> None:
        """Take the stepper back from the worker."""
        if not self.training:
            return
        self.training = False
        self._moved(None)
        self.notify("training")
