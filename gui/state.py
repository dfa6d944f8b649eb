"""What a session shows: where it stands, its values, the selection, the options of view. No Qt."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.conditions import Condition, Hit
from fastnn.engine.explain import Explanation
from fastnn.engine.graph import Step
from fastnn.engine.steplist import StepList
from fastnn.errors import GraphError
from gui.editing import Version
from gui.history import HeldOut, History, measured
from gui.losses import Losses
from gui.moment import Moment
from gui.runs import Pin
from gui.scaling import Scaling
from gui.source import Source

Index = tuple[int, ...]
Selection = tuple[str, Index]
SHOWS = ("values", "gradients")


class State:
    """The part of a session that panels read and point at; moving and training are added by `Session`."""

    def __init__(self) -> None:
        self.source: Source | None = None
        self.model: Any = None
        self.seed = 0
        self.stepper: Any = None
        self.training = False
        self.reached = 0  # training steps done, as the worker goes on
        self.selection: Selection | None = None
        self.hovered: Selection | None = None
        self.sample, self.channel = 0, 0
        self.show, self.numbers, self.grain = "values", True, "op"
        self.batch_mean = False  # whether the stage shows means over the batch instead of one sample
        self.scaling = Scaling()
        self.losses, self.history = Losses(), History()
        self.conditions: list[Condition] = []
        self.hit: Hit | None = None
        self.held = HeldOut()
        self.watching = False
        self.bound_for: int | None = None  # the position that a long move is on its way to
        self.pin: Pin | None = None
        self._undo: list[Version] = []
        self._redo: list[Version] = []
        self.order = "size"  # of the terms of a long sum: by size or by index
        self.predictor: Any = None  # a `Predictor` while numbers are to be predicted
        self.pinned: list[Selection] = []  # the watch list, see `Watching`
        self._seen: dict[Selection, tuple[Any, Any, Any]] = {}
        self._tries: tuple[Any, ...] = ()  # values put in by hand, see `Trying`
        self._what_if: tuple[Any, Any] | None = None
        self._term: tuple[Any, int] | None = None
        self._looked: int | None = None
        self._past: list[tuple[Selection, int | None]] = []
        self._future: list[tuple[Selection, int | None]] = []
        self._callbacks: list[Callable[[str], None]] = []
        self._moment: Moment | None = None
        self._explained: tuple[Any, Explanation | None] = ((), None)
        self._wanted: set[str] = set()
        self.spread: tuple[Any, tuple[Any, ...]] = ((), ())  # how a parameter's numbers are spread, for cards

    # ------------------------------------------------------------ telling

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call `callback(topic)` after every change; returns a function that ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def notify(self, topic: str) -> None:
        """Tell everybody that something has changed."""
        for callback in list(self._callbacks):
            callback(topic)

    # ------------------------------------------------------------ where we are

    @property
    def title(self) -> str:
        """What is debugged, for the window's title."""
        return self.source.title if self.source else ""

    @property
    def digits(self) -> int:
        """Decimals worth printing."""
        return self.source.digits if self.source else 4

    @property
    def moment(self) -> Moment:
        """Where the run stands."""
        if self._moment is None:
            self._moment = self._live()
        return self._moment

    def _live(self, arrays: Any = None, explanation: Explanation | None = None) -> Moment:
        s = self.stepper
        return Moment(
            s.listing, s.position, s.shown_training_step, s.epoch, s.batch, s.schedule.batches, s.sample_indices,
            s.position - s.done, s.start_of, s.step_at, not s.each_its_own, arrays, explanation,
        )  # fmt: skip

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

    def clear_breakpoints(self) -> None:
        """Clear the breakpoints of all steps."""
        self.breakpoints.clear()
        self.notify("breakpoints")

    def _read_position(self) -> None:
        self._moment = self._live()
        self._measure()
        self.sample = min(self.sample, len(self.moment.rows) - 1)

    def _measure(self) -> None:
        """Take over the losses, and measure what charts show if a training step has just been finished."""
        self.losses.add(self.stepper.losses_from(len(self.losses)))
        if self.stepper.at_end:
            self.history.note(self.stepper.training_step, measured(self.stepper))
            self.held.test(self.stepper, self.history)

    # ------------------------------------------------------------ values

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
            raise GraphError(f"expected a value on display while training, received '{name}'.")
        return arrays[name]

    def number_at(self, name: str, index: Index) -> Any:
        """One number (a NumPy scalar), or None if it is not computed, outside of the value, or to be predicted."""
        if name not in self.listing.values or not self.computed(name) or self.hides(name, index):
            return None
        array = self.view(name)
        inside = len(index) == array.ndim and all(0 <= i < n for i, n in zip(index, array.shape, strict=True))
        return array[index] if inside else None

    def explanation(self) -> Explanation | None:
        """Why the selected number is what it is; None with nothing selected or nothing computed."""
        if self.moment.arrays is not None:
            given = self.moment.explanation
            return given if given and (given.name, given.index) == self.selection else None
        key = (weakref.ref(self.stepper), self.selection, self.moment.position)
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

    @property
    def term(self) -> int | None:
        """The move inside the selected number that is in focus, or None."""
        kept = self._term
        return kept[1] if kept is not None and kept[0] == (self.selection, self.moment.position) else None

    def set_term(self, place: int | None) -> None:
        """Put a move inside the selected number into focus, or none."""
        self._term = None if place is None else ((self.selection, self.moment.position), int(place))
        self.notify("selection")

    def toggle_order(self) -> None:
        """Terms of long sums by size, or by index."""
        self.order = "index" if self.order == "size" else "size"
        self.notify("selection")

    def hides(self, name: str, index: Index) -> bool:
        """Whether a number must not be shown, since it is to be predicted."""
        return self.predictor is not None and bool(self.predictor.hides(name, index))

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

    # ------------------------------------------------------------ what is shown

    def toggle_show(self) -> None:
        """Values or gradients."""
        self.show = SHOWS[1 - SHOWS.index(self.show)]
        self.notify("view")

    def toggle_numbers(self) -> None:
        """Numbers on cells, or not."""
        self.numbers = not self.numbers
        self.notify("view")

    def toggle_batch_mean(self) -> None:
        """One sample on the stage, or the mean over the batch."""
        self.batch_mean = not self.batch_mean
        self.notify("view")

    def set_scope(self, scope: str) -> None:
        """Limits of colour bars: of each tensor, of the layer, or held while stepping."""
        self.scaling.choose(scope)
        self.notify("view")

    def toggle_log(self) -> None:
        """Gradients by their logarithms, or straight."""
        self.scaling.log = not self.scaling.log
        self.notify("view")

    def set_sample(self, sample: int) -> None:
        """The row of the batch that the stage shows; kept within the batch."""
        self.sample = min(max(int(sample), 0), len(self.moment.rows) - 1)
        self.notify("view")

    def set_channel(self, channel: int) -> None:
        """The channel in focus; not below 0."""
        self.channel = max(int(channel), 0)
        self.notify("view")
