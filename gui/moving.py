"""Moving through a run: by grains, to a place, to breakpoints, until a condition holds. No Qt."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from fastnn.engine.breaking import run_until
from fastnn.engine.conditions import Condition, Hit
from fastnn.errors import FastnnError
from gui import moment as moments
from gui.moment import GRAINS
from gui.state import State


class Moving(State):
    """The part of a session that moves."""

    def require_idle(self) -> None:
        """Raise FastnnError while a training run owns the stepper."""
        if self.training:
            raise FastnnError("expected a paused run, received a move while training.")

    def goto(self, position: int) -> None:
        """Move to a position of the whole run."""
        self.require_idle()
        self.bound_for = None
        before = self.shown_index()
        self._test_on_the_way(int(position))
        self.stepper.goto(max(int(position), 0))
        self._moved(before)
        self.notify("position")

    def _test_on_the_way(self, position: int) -> None:
        """Run to the tests that lie between what is known and a position ahead, and take them."""
        if self.held.data is None or self.stepper.each_its_own:
            return
        step = max(self.stepper.training_step, len(self.losses))
        while (step := self.held.ahead(self.stepper, step)) * len(self.steps) < position:
            self.stepper.goto(step * len(self.steps))
            self.held.test(self.stepper, self.history)

    def approach(self, position: int, seconds: float) -> bool:
        """Move on within the training step for a while, and show what has been reached.

        Args:
            position: The position to come to.
            seconds: Stop after this time, between operations.

        Returns:
            Whether it has been reached.
        """
        self.require_idle()
        self.bound_for = None
        before, stop, stride = self.shown_index(), time.monotonic() + seconds, 1
        while self.stepper.position < position and time.monotonic() < stop:
            began = time.monotonic()
            self.stepper.goto(min(self.stepper.position + stride, position))
            stride = min(stride * 2, 64) if time.monotonic() - began < seconds / 8 else max(stride // 2, 1)
        arrived = bool(self.stepper.position >= position)
        self.bound_for = None if arrived else position
        self._moved(before)
        self.notify("position")
        return arrived

    def stay(self) -> None:
        """Go no further on the way of `approach`."""
        if self.bound_for is not None and not self.training:
            self.bound_for = None
            self.notify("view")

    def place(self, text: str) -> int:
        """The position behind the first operation of a training step named in words.

        Args:
            text: A training step such as '137', epoch and batch such as '3.12', or 'epoch 3', all counted from 1.

        Raises:
            ValueError: for anything else.
        """
        batches = self.moment.batches
        words = text.strip().lower().replace(",", "").replace(" ", "")
        found = re.fullmatch(r"(\d{1,9})|(?:epoch)?(\d{1,7})(?:\.(\d{1,7}))?", words)
        step, epoch, batch = (int(n or 1) for n in found.groups()) if found else (0, 0, 0)
        if not step or not epoch or not 1 <= batch <= batches:
            raise ValueError(
                f"expected a training step, or epoch.batch with up to {batches} batches, received {text!r}."
            )
        return self.moment.start_of((epoch - 1) * batches + batch - 1 + step - 1) + 1

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
        self.goto(self.moment.start + index + 1)

    def run_to_breakpoint(self) -> bool:
        """Run until the next step has a breakpoint, or a condition holds before; False if no breakpoint is set."""
        self.require_idle()
        if not self.breakpoints:
            return False
        self.run_to(self._next_breakpoint())
        return True

    def _next_breakpoint(self) -> int:
        """The position of the next breakpoint; where training steps differ, at most the next one's first operation."""
        moment, length = self.moment, len(self.steps)
        here = [b for b in self.breakpoints if moment.done < b < length]
        if here:
            return moment.start + min(here)
        if not moment.alike:
            return moment.start + length if moment.done < length else moment.position + 1
        nearest = min((b - moment.done) % length or length for b in self.breakpoints)
        return moment.position + nearest

    def run_to(self, position: int) -> None:
        """Move to a position ahead, unless a condition holds on the way: then stop there."""
        self.require_idle()
        if not self.conditions or position <= self.moment.position:
            return self.goto(position)
        before = self.shown_index()
        hit = run_until(self.stepper, self.conditions, position=position)
        self._moved(before)
        self._show_hit(hit)
        return self.notify("position")

    def play_target(self) -> tuple[int, bool]:
        """The position that playing moves to next, by the chosen grain, and whether a breakpoint stops it there."""
        target = moments.ahead(self.moment, self.grain)
        nearest = self._next_breakpoint() if self.breakpoints else target + 1
        return min(target, nearest), nearest <= target and self._has_breakpoint(nearest)

    def _has_breakpoint(self, position: int) -> bool:
        """Whether the step at a position has a breakpoint."""
        return (position - self.moment.start) % len(self.steps) in self.breakpoints

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
        self._looked, self._wanted, self.hit = None, set(), None
        self._read_position()
        self._select_on_stage(old)

    def _show_hit(self, hit: Hit | None) -> None:
        """Point at what made a condition hold."""
        self.hit = hit
        if hit is not None and hit.name in self.listing.values:
            self.selection = (hit.name, self._fit(hit.index, hit.name))

    def rewind(self, position: int) -> None:
        """Restore the last state kept before a position, without telling anybody: the way there is run by a worker."""
        self.require_idle()
        if position < self.moment.position:
            step = self.moment.step_at(max(position - 1, 0))
            self.stepper.rewind(step)
            self._moment = self._live()

    # ------------------------------------------------------------ conditions

    def set_conditions(self, conditions: Sequence[Condition]) -> None:
        """What runs stop at.

        Raises:
            ValueError: if the network lacks what a condition is about.
        """
        self.require_idle()
        for condition in conditions:
            missing = condition.missing(self.listing)
            if missing:
                raise ValueError(f"expected {missing}, for '{condition.label}' to be watched, received none.")
        self.conditions = list(conditions)
        self.notify("breakpoints")
