"""A cursor over a plan: next, back, run to, who made this value, why is it what it is.

Stepping is execution: every step runs the kernel that `fit` runs, on the same batches in the same order, so the
weights after N training steps are the same bits. Going back restores what a step overwrote from a copy made at the
start of its training step; going further back restores a keyframe and replays.
"""

from __future__ import annotations

import copy
import math
import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config
from fastnn.engine.batches import Feeds, Schedule
from fastnn.engine.edits import Edit, checked, first_difference
from fastnn.engine.graph import Step
from fastnn.engine.looking import Looking
from fastnn.engine.run import BURST, Array, Run
from fastnn.engine.steplist import FED, PHASES
from fastnn.engine.tensor import Variable
from fastnn.errors import GraphError, ValueNeededError
from fastnn.utils.fitting import fitted


class Stepper(Looking, Run):
    """Steps through training, forwards and backwards in time.

    Args:
        model: A compiled model.
        x: Inputs, as for `fit`; or the `data` of another stepper, as `Feeds`.
        y: Targets, as for `fit`.
        batch_size: Rows of a batch; None is one batch of everything.
        shuffle: Whether every epoch has its own order, as `fit` would shuffle.
        seed: Seed of the order; the global seed by default.
        sample_weight: A weight for every row.
        in_place: Train the model itself; by default a copy of its weights.
        expand: Show a convolution as what it can be computed by: its patches as rows (im2col), one product of matrices,
            and the rows put together as images. The numbers are those of `fit` up to rounding, no longer bit by bit.

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
        expand: bool = False,
    ) -> None:
        self.model, self.in_place, self.expand = model, in_place, expand
        if not hasattr(model, "prepare_data"):
            raise GraphError(f"expected a model, received {type(model).__name__}.")
        self.data: Mapping[str, Array] = x if isinstance(x, Feeds) else model.prepare_data(x, y, sample_weight)
        count = len(next(iter(self.data.values())))
        size = count if batch_size is None else batch_size
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(
                f"Expected batch_size to be a positive integer or None. Received: batch_size={batch_size!r}"
            )
        variables = model.variables_of_training()
        self.storage: dict[Variable, Array] = {v: v.value if in_place else v.value.copy() for v in variables}
        self._prepare()
        first = int(self.storage[model.optimizer.iterations])
        order_seed = config.global_seed() if seed is None else config.checked_seed(seed)
        self.schedule = Schedule(count, min(int(size), count), shuffle, order_seed, first)
        self.breakpoints: set[int] = set()
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
    def position(self) -> int:
        """Steps done since the start of the run."""
        return self._start(self._step) + self._done

    def _start(self, step: int) -> int:
        return self._starts[step] if self._each_its_own else step * len(self.steps)

    @property
    def each_its_own(self) -> bool:
        """Whether training steps have lists of their own, which are known once they have been reached."""
        return self._each_its_own

    def start_of(self, step: int) -> int:
        """The position at which a training step starts; where lists differ, the last start known up to it."""
        return self._starts[min(step, len(self._starts) - 1)] if self._each_its_own else step * len(self.steps)

    def step_at(self, position: int) -> int:
        """The training step that begins at a position, or lies around it; where lists differ, as far as is known."""
        return bisect_right(self._starts, position) - 1 if self._each_its_own else position // len(self.steps)

    @property
    def training_step(self) -> int:
        """Whole training steps done."""
        return self._step + (self._done == len(self.steps))

    @property
    def index(self) -> int:
        """Index of the next step to run, within its training step."""
        return self._done % len(self.steps)

    @property
    def done(self) -> int:
        """Steps done of the training step shown, from 0 to all of them."""
        return self._done

    @property
    def at_end(self) -> bool:
        """Whether the training step shown is finished."""
        return self._done == len(self.steps)

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
    def loss_before(self) -> float:
        """The loss of the training step before the one shown; NaN in the first."""
        return self._losses[self._step - 1] if self._step else math.nan

    @property
    def losses(self) -> list[float]:
        """The loss of every training step finished before the position."""
        return self._losses[: self.training_step].tolist()

    def losses_from(self, first: int) -> list[float]:
        """The losses of the training steps from `first` on, counted from 0: a long run is not copied to see its end."""
        return self._losses[first : self.training_step].tolist()

    # ------------------------------------------------------------ moving

    def next(self) -> Step:
        """Run the next step and return it."""
        self.begin_next()
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

    def rewind(self, step: int) -> None:
        """Show the last training step up to `step` whose start is kept, before its first step; nothing is run."""
        self._restore(self.keyframe_before(step))

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

    def begin_next(self) -> None:
        """Show the training step after a finished one, before its first step; the position is the same."""
        if self.at_end:
            self._begin(self._step + 1)

    def run_on(self, done: int) -> None:
        """Run on within the training step shown, until so many of its steps are done."""
        self._run(max(self._done, min(done, len(self.steps))))

    def finish_step(self) -> None:
        """Run to the end of the training step."""
        self.begin_next()
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
            self.begin_next()
            more = 2**31 if steps is None else steps - done
            done += self._run_many(more - 1, min(BURST, seconds)) if more > 1 else 0
            self._run(len(self.steps))
            done += 1
        return done

    def distance(self, position: int) -> int:
        """How many training steps going to a position would run: few may be waited for."""
        if self._each_its_own and position > self._starts[-1]:
            return len(self._starts) - 1 - self._step
        step, _ = self._place(position)
        if step == self._step:
            return 0
        nearest = self.keyframe_before(step)
        return step - (self._step if nearest <= self._step < step else nearest)

    def seconds_to(self, position: int) -> float:
        """How long going to a position will take, roughly: infinite where it is not known how long a step takes."""
        steps = self.distance(position)
        return steps * self._pace if steps else 0.0

    # ------------------------------------------------------------ changing the run

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The changes made by `change`, in order of time; every replay makes them again."""
        return self._edits

    def change(self, name: str, value: Any, index: tuple[int, ...] = ()) -> None:
        """Change a parameter, the learning rate, an input or a target, from the start of the training step shown on.

        What this training step has computed so far is computed anew; what was known of later ones is forgotten, later
        changes too. At the end of a training step a parameter changes for the next one, which begins. `set_edits` with
        the `edits` of before undoes it.

        Args:
            name: Name of a value whose role is parameter, state, input, target or weight.
            value: A number, or an array that fits.
            index: The cells to change; of inputs and targets it begins with the row of the whole data.

        Raises:
            GraphError: for another value, an index outside of it, or a shape that does not fit.

        Example:
            >>> import fastnn
            >>> model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1, name="fc")])
            >>> model.compile("sgd", "mse")
            >>> stepper = Stepper(model, [[1.0]], [[3.0]])
            >>> stepper.change("fc.kernel", 2.0, (0, 0))
            >>> stepper.next().layer, stepper.value("fc.dense")
            ('fc', array([[2.]], dtype=float32))
        """
        edit = checked(Edit(self._step, name, tuple(index), value), self.listing, self.schedule.count)
        if self._done == len(self.steps) and self.listing.values[name].role not in FED:
            self._begin(self._step + 1)
            edit = replace(edit, step=self._step)
        self.set_edits((*(e for e in self._edits if e.step <= self._step), edit))

    def set_edits(self, edits: Sequence[Edit]) -> None:
        """Replace all changes of the run by others, such as earlier `edits`; the position stays."""
        first = first_difference(self._edits, edits)
        self._edits = tuple(edits)
        if first is None:
            return
        self._keep_base()
        step, done, position = self._step, self._done, self.position
        self._forget_after(first)
        self._losses = self._losses[:first]
        if first > step:
            return
        self._starts = self._starts[: first + 1]
        self._restore(self.keyframe_before(first))
        if self._each_its_own and first < step:
            self.goto(position)
        else:
            self._travel(step)
            self._run(min(done, len(self.steps)))

    def fork(self) -> Stepper:
        """A second cursor at the same position that goes its own way; the past is shared, not copied."""
        twin = copy.copy(self)
        twin.in_place, twin.storage = False, {v: a.copy() for v, a in self.storage.items()}
        twin._plans, twin._listings = {}, dict(self._listings)
        twin._keyframes, twin._losses, twin._starts = dict(self._keyframes), self._losses[:], list(self._starts)
        twin._marks, twin._recent = list(self._marks), {}
        twin.breakpoints, twin._base = set(self.breakpoints), dict(self._base)
        twin._put_back(self._entered)
        twin._begin(self._step)
        twin._run(self._done)
        return twin

    # ------------------------------------------------------------ keeping a run in a file

    def to_json(self) -> dict[str, Any]:
        """Where the run stands, for a file; `checkpoint` gives the arrays that belong to it."""
        return {
            "step": self._step,
            "done": self._done,
            "names": list(self.listing.values),
            "starts": list(self._starts) if self._each_its_own else [],
            "edits": [{"step": e.step, "name": e.name, "index": list(e.index)} for e in self._edits],
            "breakpoints": sorted(self.breakpoints),
        }

    def checkpoint(self, step: int | None = None) -> list[Array]:
        """The state at the start of a training step (of the one shown by default): what `resume` goes on from.

        Args:
            step: A training step; the last keyframe up to it is meant, see `keyframe_before`.
        """
        nearest = self._step if step is None else self.keyframe_before(step)
        state = self._entered if step is None else self._kept(nearest)
        self._recent.pop(nearest, None)  # it is the caller's now
        return [state.get(v, self._base.get(v, a)) for v, a in self.storage.items()]

    def resume(
        self,
        step: int,
        state: Sequence[Array],
        losses: Sequence[float],
        edits: Sequence[Edit] = (),
        starts: Sequence[int] = (),
    ) -> None:
        """Go on at the start of a training step of a run that another stepper began.

        Args:
            step: The training step.
            state: What `checkpoint` gave there.
            losses: The losses of all training steps before it, or more.
            edits: The changes of that run.
            starts: Positions at which training steps start, for models whose steps have different lists.

        Raises:
            GraphError: if the state is not that of such a model.
            ValueError: naming a variable whose type does not have the state's numbers.
        """
        variables = list(self.storage)
        fits = [np.shape(a) == self.storage[v].shape for v, a in zip(variables, state, strict=False)]
        if len(state) != len(variables) or not all(fits) or len(losses) < step:
            raise GraphError(
                f"expected the state of {len(variables)} variables and {step} losses, received {len(state)} variables "
                f"({fits.count(False)} of another shape) and {len(losses)} losses."
            )
        whole_state = [fitted(v, a, "the state") for v, a in zip(variables, state, strict=True)]
        self._edits = tuple(checked(e, self.listing, self.schedule.count) for e in edits)
        self._keep_base()
        for variable, kept in zip(variables, whole_state, strict=True):
            self._base.get(variable, self.storage[variable])[...] = kept
        self._losses = array("d", losses)
        self._starts = list(starts) if self._each_its_own and starts else self._starts
        self._keyframes.pop(step, None)
        self._recent.clear()
        self._marks = sorted(self._keyframes)
        self._begin(step)
        self._keep(step, self._entered)


def whole(name: str, value: Any) -> int:
    """A whole number, 0 or larger.

    Raises:
        ValueError: naming the argument.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ValueError(f"Expected {name} to be a whole number, 0 or larger. Received: {name}={value!r}")
    return int(value)
