"""A run of training: batches, plans, and states kept on the way so that any stretch of it can be run again."""

from __future__ import annotations

import math
import time
from array import array
from bisect import bisect_right, insort
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.batches import Schedule
from fastnn.engine.edits import Edit, put_feeds
from fastnn.engine.graph import Step, expanding
from fastnn.engine.plan import Plan
from fastnn.engine.steplist import StepList
from fastnn.engine.tensor import Variable

Array = NDArray[Any]
State = dict[Variable, Array]
KEYFRAME_BYTES = 512 * 2**20
KEYFRAMES = 20_000
LARGE_STATE = 16 * 2**20  # bytes that may be kept with every training step
BURST = 0.004  # seconds of training between two keyframes, where training steps are shorter


class Run:
    """What `Stepper` moves through: the training step shown, what it began from, and keyframes before and after it.

    A keyframe is the state at the start of a training step, before the edits that begin with it. So are the recent
    ones, of the last two training steps begun: the way back over the border between two is one training step at most.
    """

    model: Any
    in_place: bool
    expand: bool
    data: Mapping[str, Array]
    storage: State
    schedule: Schedule
    _plan: Plan
    _before: State  # at the start of the training step shown, its edits made
    _entered: State  # the same before its edits
    _each_its_own: bool

    def _prepare(self) -> None:
        self._plans: dict[int, Plan] = {}
        self._listings: dict[int, StepList] = {}
        self._keyframes: dict[int, State] = {}
        self._marks: list[int] = []  # training steps with a keyframe, in order
        self._stride = 1  # the least distance of keyframes
        self._recent: dict[int, State] = {}  # nobody else has them: the next one may be written over the older one
        self._losses = array("d")  # a list of a million floats would take four times the memory
        self._pace = math.inf  # seconds that the last training steps took each
        self._rates: dict[int, float] = {}
        self._edits: tuple[Edit, ...] = ()
        self._base: State = {}  # edited values that no step changes, as they were
        self._changes: tuple[Any, frozenset[str]] = (None, frozenset())
        self._writers: tuple[Any, list[int]] = (None, [])
        self._step, self._done = 0, 0
        self._starts = [0]  # positions at which training steps start, as far as they are known

    @property
    def listing(self) -> StepList:
        """The step list of the training step shown."""
        return self._plan.listing

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of one training step."""
        return self.listing.steps

    def _overwriting(self) -> list[int]:
        """Indices of the steps that overwrite a state."""
        if self._writers[0] is not self.listing:
            found = [i for i, s in enumerate(self.steps) if any(n in self._state_names for n in s.outputs)]
            self._writers = self.listing, found
        return self._writers[1]

    def _begin(self, step: int) -> None:
        """Load a training step's batch; the state must be that of its start."""
        self._plan = self._plan_of(step)
        self._state_names = self._changing(self._plan.listing)
        self._step, self._done = step, 0
        if step == len(self._starts) - 1:
            self._starts.append(self._starts[-1] + len(self.steps))
        rows = self.schedule.rows(step)
        self._plan.load_rows(self.data, rows, 0)
        self._ask_rate(step)
        kept = step in self._keyframes or step in self._recent
        self._before = self._entered = self._kept(step) if kept else self._remember(step)
        if step not in self._keyframes:
            self._keep_now_and_then(step)
        if self._edits or self._base:
            put_feeds(self._edits, step, rows, {n: self._plan.array(n) for n in self.listing.feeds})
            self._edit_state(step)
            self._before = self._snapshot()

    def _ask_rate(self, step: int) -> None:
        """Where Python is asked for the learning rate, ask once per training step, so that it can be shown again."""
        optimizer = self.model.optimizer
        if getattr(optimizer, "asks_every_step", False):
            if step not in self._rates:
                self._rates[step] = optimizer.rate_at(int(self.storage[optimizer.iterations]))
            self.storage[optimizer._learning_rate][...] = self._rates[step]

    def _changing(self, listing: StepList) -> frozenset[str]:
        """Names of the values that outlive a training step and are overwritten by it."""
        if self._changes[0] is not listing:
            names = (n for n in listing.written_by if listing.values[n].role in ("parameter", "state"))
            self._changes = listing, frozenset(names)
        return self._changes[1]

    def _plan_of(self, step: int) -> Plan:
        if self._each_its_own:
            rows = {name: whole[self.schedule.rows(step)] for name, whole in self.data.items()}
            put_feeds(self._edits, step, self.schedule.rows(step), rows)
            with expanding(self.expand):
                listing = self.model.step_list_for(rows, storage=self.storage)
            self._take_in(listing)
            return Plan(listing, keep=True, storage=self.storage)
        size = self.schedule.size(step)
        if size not in self._plans:
            self._plans[size] = Plan(self._listing(size), keep=True, storage=self.storage)
        return self._plans[size]

    def _listing(self, size: int) -> StepList:
        if size not in self._listings:
            with expanding(self.expand):
                self._listings[size] = self.model.step_list(size, self.data)
            self._take_in(self._listings[size])
        return self._listings[size]

    def _take_in(self, listing: StepList) -> None:
        """Variables that this training step meets first: they had their initial values all along."""
        for value in listing.values.values():
            variable = value.source
            if isinstance(variable, Variable) and variable not in self.storage:
                self.storage[variable] = variable.value if self.in_place else variable.value.copy()
                for state in (*self._keyframes.values(), *self._recent.values()):
                    state[variable] = variable.value.copy()

    def _kept(self, step: int) -> State:
        return self._keyframes[step] if step in self._keyframes else self._recent[step]

    def _remember(self, step: int) -> State:
        """Copy the state at the start of a training step, over the older of two such copies."""
        size = sum(a.nbytes for a in self.storage.values())
        full = len(self._recent) >= (2 if size <= KEYFRAME_BYTES else 1)
        self._recent[step] = self._snapshot(self._recent.pop(next(iter(self._recent))) if full else None)
        return self._recent[step]

    def _snapshot(self, over: State | None = None) -> State:
        """Copies of all that training changes; of everything where the next list may change something else.

        Args:
            over: A snapshot that is needed no more: new memory takes longer to get than to fill.
        """
        changing = {self.listing.values[name].source for name in self._state_names}
        found = {v: a for v, a in self.storage.items() if self._each_its_own or v in changing}
        if over is None or over.keys() != found.keys():
            return {v: a.copy() for v, a in found.items()}
        for variable, now in found.items():
            over[variable][...] = now
        return over

    def _keep_now_and_then(self, step: int) -> None:
        """Keep the start of a training step as a keyframe if it is far enough from the last one."""
        size = sum(a.nbytes for a in self._entered.values())
        if not self._marks or step - self._mark_before(step) >= max(self._stride, size // LARGE_STATE):
            self._keep(step, self._entered)
            self._thin_out()

    def _keep(self, step: int, state: State) -> None:
        """Keep a keyframe."""
        if step not in self._keyframes:
            insort(self._marks, step)
        self._keyframes[step] = state
        self._recent.pop(step, None)

    def _forget_after(self, step: int) -> None:
        """Forget the keyframes after a training step."""
        self._marks = self._marks[: bisect_right(self._marks, step)]
        self._keyframes = {k: self._keyframes[k] for k in self._marks}
        self._recent = {k: state for k, state in self._recent.items() if k <= step}

    def _thin_out(self) -> None:
        """Let every second keyframe go while they take too much memory."""
        size = sum(a.nbytes for a in self._before.values())
        while len(self._marks) > 1 and (len(self._marks) * size > KEYFRAME_BYTES or len(self._marks) > KEYFRAMES):
            self._stride *= 2
            self._marks = self._marks[::2]
            self._keyframes = {k: self._keyframes[k] for k in self._marks}

    def _run(self, done: int) -> None:
        """Run on within the training step, up to `done` steps done."""
        self._plan.run(self._done, done)
        self._done = done
        if done == len(self.steps) and self._step == len(self._losses):
            self._losses.append(float(self._plan.array(self.listing.loss)) if self.listing.loss else math.nan)

    def _undo(self, done: int) -> None:
        """Go back within the training step: the steps that overwrite states are repeated from its start."""
        updates = self._overwriting()
        if any(done <= i < self._done for i in updates):
            self._put_back(self._before)
            if updates[0] < done:
                self._plan.run(updates[0], done)
        self._done = done

    def _travel(self, step: int) -> None:
        """Go to the start of a training step: from here if that is nearer, else from the last keyframe before it."""
        nearest = self.keyframe_before(step)
        if not self._step < step or nearest > self._step:
            self._restore(nearest)
        while self._step < step:
            self._run_many(step - self._step)

    def _run_many(self, most: int, seconds: float = BURST) -> int:
        """Finish this training step and perhaps some more, then begin the next one; returns how many were finished.

        Args:
            most: How many at most.
            seconds: Begin no more after this time; a keyframe is kept that often, at least.
        """
        batch, full = self._step % self.schedule.batches, self.schedule.count // self.schedule.batch_size
        last = min(batch + most, full)
        began = time.perf_counter()
        if self._done or last - batch < 2 or not self._in_one_call():
            self._run(len(self.steps))
            self._begin(self._step + 1)
            self._pace = time.perf_counter() - began
            return 1
        step, losses = self._step, np.empty(last - batch)
        order = self.schedule.order(step // self.schedule.batches)
        ran = self._plan.run_batches(self.data, order, batch, last, seconds, None, losses)
        self._losses.frombytes(losses[max(len(self._losses) - step, 0) : ran].tobytes())
        self._begin(step + ran)
        self._pace = (time.perf_counter() - began) / ran
        return ran

    def _in_one_call(self) -> bool:
        """Whether training steps may run without a look at each: one list, in C, and nothing changes between them."""
        data_edited = any(e.name in self.data or e.step > self._step for e in self._edits)
        asks = getattr(self.model.optimizer, "asks_every_step", False)
        return not self._each_its_own and self._plan.in_c and bool(self.listing.loss) and not data_edited and not asks

    def _restore(self, step: int) -> None:
        self._put_back(self._kept(step))
        self._begin(step)

    def _put_back(self, state: State) -> None:
        for variable, kept in state.items():
            self.storage[variable][...] = kept

    def keyframe_before(self, step: int) -> int:
        """The last training step up to `step` whose start is kept."""
        return max(self._mark_before(step), *(k for k in self._recent if k <= step), 0)

    def _mark_before(self, step: int) -> int:
        return self._marks[bisect_right(self._marks, step) - 1]

    def _keep_base(self) -> None:
        """Remember what edited values were that no step changes: keyframes do not have them."""
        for edit in self._edits:
            variable = self.listing.values[edit.name].source
            if isinstance(variable, Variable) and variable not in self._base and not self._is_kept(variable):
                self._base[variable] = self.storage[variable].copy()

    def _is_kept(self, variable: Variable) -> bool:
        return all(variable in state for state in self._keyframes.values())

    def _edit_state(self, step: int) -> None:
        """Make the edits of parameters and states that begin with a training step, or hold there."""
        self._put_back(self._base)
        for edit in self._edits:
            variable = self.listing.values[edit.name].source if edit.name in self.listing.values else None
            holds = edit.step == step or (edit.step < step and variable in self._base)
            if isinstance(variable, Variable) and holds:
                edit.put(self.storage[variable])
