"""A cursor over a plan: next, back, run to, who made this value, why is it what it is.

Stepping is execution: every step runs the kernel that `fit` runs, on the same batches in the same order, so the
weights after N training steps are the same bits. Going back restores what a step overwrote from a copy made at the
start of its training step; going further back restores a keyframe and replays.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.engine.batches import Schedule
from fastnn.engine.explain import Explanation, explain_step, given
from fastnn.engine.graph import Step
from fastnn.engine.plan import Plan
from fastnn.engine.steplist import PHASES, StepList
from fastnn.engine.tensor import Variable
from fastnn.errors import GraphError, ValueNeededError

Array = NDArray[Any]
State = dict[Variable, Array]
KEYFRAME_BYTES = 512 * 2**20


class Stepper:
    """Steps through training, forwards and backwards in time.

    Args:
        model: A compiled model.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        batch_size: Rows of a batch; None is one batch of everything.
        shuffle: Whether every epoch has its own order, as `fit` would shuffle.
        seed: Seed of the order; the global seed by default.
        sample_weight: A weight for every row.
        in_place: Train the model itself; by default a copy of its weights.

    Raises:
        ValueError: for data that does not fit the model, or a batch size below 1.

    Example:
        >>> import fastnn
        >>> model = fastnn.Sequential([fastnn.layers.Input((2,)), fastnn.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> stepper = Stepper(model, [[1.0, 2.0]], [[3.0]])
        >>> step = stepper.next()
        >>> step.op.name, stepper.value(step.outputs[0]).shape
        ('dense', (1, 1))
        >>> stepper.back().op.name, stepper.position
        ('dense', 0)
    """

    def __init__(
        self,
        model: Any,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        shuffle: bool = False,
        seed: int | None = None,
        sample_weight: Any = None,
        in_place: bool = False,
    ) -> None:
        self.model, self.in_place = model, in_place
        if not hasattr(model, "prepare_data"):
            raise GraphError(f"expected a model, received {type(model).__name__}.")
        self.data: Mapping[str, Array] = model.prepare_data(x, y, sample_weight)
        count = len(next(iter(self.data.values())))
        size = count if batch_size is None else batch_size
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(
                f"Expected batch_size to be a positive integer or None. Received: batch_size={batch_size!r}"
            )
        variables = model.variables_of_training()
        self.storage: dict[Variable, Array] = {v: v.value if in_place else v.value.copy() for v in variables}
        self._plans: dict[int, Plan] = {}
        self._listings: dict[int, StepList] = {}
        first = int(self.storage[model.optimizer.iterations])
        order_seed = config.global_seed() if seed is None else config.checked_seed(seed)
        self.schedule = Schedule(count, min(int(size), count), shuffle, order_seed, first)
        self.breakpoints: set[int] = set()
        self._keyframes: dict[int, State] = {}
        self._stride = 1
        self._losses: list[float] = []
        self._rates: dict[int, float] = {}
        self._step, self._done = 0, 0
        self._starts = [0]  # positions at which training steps start, as far as they are known
        self._each_its_own = self._lists_differ()
        self._begin(0)

    def _lists_differ(self) -> bool:
        """Whether every training step has its own list; else all are written now, since the model may change later."""
        try:
            for step in (0, self.schedule.batches - 1):
                self._listing(self.schedule.size(step))
        except ValueNeededError:
            return True
        return bool(getattr(self.model, "decides_on_values", False))

    # ------------------------------------------------------------ where we are

    @property
    def listing(self) -> StepList:
        """The step list of the training step shown."""
        return self._plan.listing

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of one training step."""
        return self.listing.steps

    @property
    def position(self) -> int:
        """Steps done since the start of the run."""
        return self._start(self._step) + self._done

    def _start(self, step: int) -> int:
        return self._starts[step] if self._each_its_own else step * len(self.steps)

    @property
    def training_step(self) -> int:
        """Whole training steps done."""
        return self._step + (self._done == len(self.steps))

    @property
    def index(self) -> int:
        """Index of the next step to run, within its training step."""
        return self._done % len(self.steps)

    @property
    def shown_training_step(self) -> int:
        """The training step whose values are shown: at a boundary the one just finished."""
        return self._step

    @property
    def epoch(self) -> int:
        """Epoch of the training step shown, from 0."""
        return self._step // self.schedule.batches

    @property
    def batch(self) -> int:
        """Batch within its epoch, from 0."""
        return self._step % self.schedule.batches

    @property
    def sample_indices(self) -> NDArray[np.int64]:
        """Row numbers of the batch shown."""
        return self.schedule.rows(self._step)

    @property
    def losses(self) -> list[float]:
        """The loss of every training step finished before the position."""
        return self._losses[: self.training_step]

    # ------------------------------------------------------------ moving

    def next(self) -> Step:
        """Run the next step and return it."""
        if self._done == len(self.steps):
            self._begin(self._step + 1)
        self._run(self._done + 1)
        return self.steps[self._done - 1]

    def back(self) -> Step:
        """Undo the last step and return it.

        Raises:
            GraphError: at the very start.
        """
        if self.position == 0:
            raise GraphError("expected a position after the first step, received the start of the run.")
        undone = self.steps[self._done - 1]
        self.goto(self.position - 1)
        return undone

    def goto(self, position: int) -> None:
        """Move to a position of the run, forwards or backwards; whole training steps run at full speed.

        Raises:
            GraphError: for a position before the start.
        """
        if isinstance(position, bool) or not isinstance(position, (int, np.integer)) or position < 0:
            raise GraphError(f"expected a position of 0 or more, received {position!r}.")
        step, done = self._place(int(position))
        if step != self._step:
            self._travel(step)
        if done < self._done:
            self._undo(done)
        else:
            self._run(done)

    def _place(self, position: int) -> tuple[int, int]:
        """Training step and steps done in it; a boundary belongs to the training step before it."""
        if not self._each_its_own:
            step, done = divmod(position, len(self.steps))
            return (step - 1, len(self.steps)) if done == 0 and step > 0 else (step, done)
        while position > self._starts[-1]:
            self._travel(len(self._starts) - 1)
        step = max(bisect_left(self._starts, position) - 1, 0)
        return step, position - self._starts[step]

    def run_to(self, target: str) -> Step:
        """Run until the next step to run belongs to a phase or layer, or has a breakpoint; at least one step.

        Args:
            target: 'forward', 'loss', 'backward', 'update', 'breakpoint', or the name of a layer.

        Returns:
            The step that is next.

        Raises:
            GraphError: if nothing in a training step fits.
        """
        if self._each_its_own and self._done == len(self.steps):
            self._begin(self._step + 1)
        ahead = [i for i in self._fitting(target) if i > self.index]
        if not ahead:
            self.finish_step()
            if self._each_its_own:
                self._begin(self._step + 1)
            ahead = self._fitting(target)
        self.goto(self._start(self.training_step) + ahead[0])
        return self.steps[self.index]

    def _fitting(self, target: str) -> list[int]:
        fits = [i for i, s in enumerate(self.steps) if self._fits(i, s, target)]
        if not fits:
            layers = list(dict.fromkeys(s.layer for s in self.steps if s.layer))
            raise GraphError(
                f"expected a set 'breakpoint', a phase of {PHASES} or a layer of {layers}, received {target!r}."
            )
        return fits

    def _fits(self, i: int, step: Step, target: str) -> bool:
        return i in self.breakpoints if target == "breakpoint" else target in (step.phase, step.layer)

    def finish_step(self) -> None:
        """Run to the end of the training step."""
        if self._done == len(self.steps):
            self._begin(self._step + 1)
        self._run(len(self.steps))

    def train(self, steps: int | None = None, seconds: float = math.inf) -> int:
        """Run whole training steps at full speed; a step begun is finished first and not counted.

        Args:
            steps: How many; without limit by default.
            seconds: Stop after this time, between training steps.

        Returns:
            How many training steps were run.
        """
        if steps is None and math.isinf(seconds):
            raise ValueError("Expected a number of steps or of seconds. Received: neither")
        if self.index:
            self.finish_step()
        if steps is not None:
            whole("steps", steps)
        done, stop = 0, time.monotonic() + seconds
        while (steps is None or done < steps) and (done == 0 or time.monotonic() < stop):
            if self._done:
                self._begin(self._step + 1)
            self._run(len(self.steps))
            done += 1
        return done

    # ------------------------------------------------------------ values

    def computed(self, name: str) -> bool:
        """Whether a value holds a number at this position."""
        self._check_name(name)
        written = self.listing.written_by.get(name)
        return written is None or written < self._done or self.listing.values[name].role in ("parameter", "state")

    def view(self, name: str) -> Array:
        """A value at this position, read-only and without copying; it changes when the stepper moves.

        Raises:
            GraphError: if no such value exists or it is not computed yet.
        """
        if not self.computed(name):
            made = self.listing.written_by[name]
            raise GraphError(
                f"expected a value computed before step {self._done}, received '{name}': step {made} makes it."
            )
        array = self._plan.array(name).view()
        array.flags.writeable = False
        return array

    def value(self, name: str) -> Array:
        """A copy of a value at this position.

        Raises:
            GraphError: if no such value exists or it is not computed yet.
        """
        return self.view(name).copy()

    def _check_name(self, name: str) -> None:
        if name not in self.listing.values:
            raise GraphError(
                f"expected the name of a value, received {name!r}; there are {sorted(self.listing.values)}."
            )

    def made_by(self, name: str) -> int | None:
        """Index of the step that writes a value; None for inputs and constants."""
        self._check_name(name)
        return self.listing.written_by.get(name)

    def used_by(self, name: str) -> tuple[int, ...]:
        """Indices of the steps that read a value."""
        self._check_name(name)
        return self.listing.read_by[name]

    def gradient_of(self, name: str) -> str | None:
        """Name of the value that holds the loss's derivative with respect to a value, or None."""
        return self.listing.gradient_of(name)

    def explain(self, name: str, index: tuple[int, ...] = (), digits: int = 4) -> Explanation:
        """Why one number is what it is.

        Args:
            name: Name of a value that is computed at this position.
            index: Index of the cell; negative indices count from the end.
            digits: Decimals of the result; operands have two more.

        Raises:
            GraphError: if the value is not computed, or the index is outside of it.
        """
        array = self.view(name)
        cell = self._cell(name, index, array.shape)
        made = self.listing.written_by.get(name)
        value = self.listing.values[name]
        if made is None or made >= self._done:
            return given(name, cell, float(array[cell]), f"{value.role}: no step of this training step computed it")
        step = self.steps[made]
        arrays = {role: self._as_seen_by(made, n, role) for role, n in (*step.operands, *step.results) if n is not None}
        return explain_step(step, name, cell, arrays, float(array[cell]), digits, made)

    def _cell(self, name: str, index: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
        cell = tuple(index) if isinstance(index, (tuple, list)) else (index,)
        fits = len(cell) == len(shape) and all(hasattr(i, "__index__") for i in cell)
        if not fits or any(not -n <= i < n for i, n in zip(cell, shape, strict=True)):
            raise GraphError(f"expected an index into '{name}' of shape {shape}, received {index!r}.")
        return tuple(int(i) % n for i, n in zip(cell, shape, strict=True))

    def _as_seen_by(self, made: int, name: str, role: str) -> Array:
        """A value as step `made` read it, or wrote it: what steps since then have overwritten is looked up."""
        if name not in self._state_names:
            return self._plan.array(name)
        until = made if role in self.steps[made].op.roles(len(self.steps[made].operands)) else made + 1
        writers = [i for i in self._overwriting() if name in self.steps[i].outputs and i < self._done]
        if all(i < until for i in writers):
            return self._plan.array(name)
        if not any(i < until for i in writers):
            return self._before[self.listing.values[name].source]
        return self._state_at(until, name)

    def _overwriting(self) -> list[int]:
        """Indices of the steps that overwrite a state."""
        return [i for i, s in enumerate(self.steps) if any(n in self._state_names for n in s.outputs)]

    def _state_at(self, done: int, name: str) -> Array:
        """A state between two updates of it: they are repeated up to there, and then to here."""
        here = self._done
        self._undo(done)
        found = self._plan.array(name).copy()
        self._run(here)
        return found

    def seen_by(self, index: int, role: str) -> Array:
        """An operand or result of a step, read-only, as it was when that step of this training step ran.

        Args:
            index: Index of a step that has run.
            role: Role of the operand or result, such as 'w' for the weights that an update overwrote.

        Raises:
            GraphError: if the step has not run, or has no such role.
        """
        if not hasattr(index, "__index__") or not 0 <= index < self._done:
            raise GraphError(f"expected a step below {self._done}, received step {index!r}, which has not run.")
        roles = [r for r, n in (*self.steps[index].operands, *self.steps[index].results) if n is not None]
        if role not in roles:
            raise GraphError(f"expected a role of {roles}, received {role!r}.", operation=self.steps[index].op.name)
        array = self._as_seen_by(index, self.steps[index].operand(role), role).view()
        array.flags.writeable = False
        return array

    # ------------------------------------------------------------ running and replaying

    def _begin(self, step: int) -> None:
        """Load a training step's batch; the state must be that of its start."""
        self._plan = self._plan_of(step)
        self._state_names = {
            n for n in self.listing.written_by if self.listing.values[n].role in ("parameter", "state")
        }
        self._step, self._done = step, 0
        if step == len(self._starts) - 1:
            self._starts.append(self._starts[-1] + len(self.steps))
        self._plan.load_rows(self.data, self.schedule.rows(step), 0)
        self._ask_rate(step)
        self._before = self._keyframes.get(step) or self._snapshot()
        if step % self._stride == 0 and step not in self._keyframes:
            self._keyframes[step] = self._before
            self._thin_out()

    def _ask_rate(self, step: int) -> None:
        """Where Python is asked for the learning rate, ask once per training step, so that it can be shown again."""
        optimizer = self.model.optimizer
        if getattr(optimizer, "asks_every_step", False):
            if step not in self._rates:
                self._rates[step] = optimizer.rate_at(int(self.storage[optimizer.iterations]))
            self.storage[optimizer._learning_rate][...] = self._rates[step]

    def _plan_of(self, step: int) -> Plan:
        if self._each_its_own:
            rows = {name: array[self.schedule.rows(step)] for name, array in self.data.items()}
            listing = self.model.step_list_for(rows, storage=self.storage)
            self._take_in(listing)
            return Plan(listing, keep=True, storage=self.storage)
        size = self.schedule.size(step)
        if size not in self._plans:
            self._plans[size] = Plan(self._listing(size), keep=True, storage=self.storage)
        return self._plans[size]

    def _listing(self, size: int) -> StepList:
        if size not in self._listings:
            self._listings[size] = self.model.step_list(size, self.data)
            self._take_in(self._listings[size])
        return self._listings[size]

    def _take_in(self, listing: StepList) -> None:
        """Variables that this training step meets first: they had their initial values all along."""
        for value in listing.values.values():
            variable = value.source
            if isinstance(variable, Variable) and variable not in self.storage:
                self.storage[variable] = variable.value if self.in_place else variable.value.copy()
                for state in self._keyframes.values():
                    state[variable] = variable.value.copy()

    def _snapshot(self) -> State:
        """Copies of all that training changes; of everything where the next list may change something else."""
        changing = {self.listing.values[name].source for name in self._state_names}
        return {v: a.copy() for v, a in self.storage.items() if self._each_its_own or v in changing}

    def _thin_out(self) -> None:
        """Double the distance of keyframes while they take too much memory."""
        size = sum(a.nbytes for a in self._before.values())
        while len(self._keyframes) * size > KEYFRAME_BYTES and len(self._keyframes) > 2:
            self._stride *= 2
            self._keyframes = {k: v for k, v in self._keyframes.items() if k % self._stride == 0}

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
        nearest = max(k for k in self._keyframes if k <= step)
        if not self._step < step or nearest > self._step:
            self._restore(nearest)
        while self._step < step:
            self._run(len(self.steps))
            self._begin(self._step + 1)

    def _restore(self, step: int) -> None:
        self._put_back(self._keyframes[step])
        self._begin(step)

    def _put_back(self, state: State) -> None:
        for variable, array in state.items():
            self.storage[variable][...] = array


def whole(name: str, value: Any) -> int:
    """A whole number, 0 or larger.

    Raises:
        ValueError: naming the argument.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ValueError(f"Expected {name} to be a whole number, 0 or larger. Received: {name}={value!r}")
    return int(value)
