"""What a cursor over a plan answers about the values at its position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from fastnn.engine.explain import Explanation, explain_step, expression_of, given, number_in
from fastnn.engine.inside import Inside
from fastnn.errors import GraphError

if TYPE_CHECKING:
    from fastnn.engine.graph import Step
    from fastnn.engine.plan import Plan
    from fastnn.engine.steplist import StepList
    from fastnn.engine.tensor import Variable

Array = NDArray[Any]


class Looking:
    """Mixin of `Stepper`: values, who made and who uses them, and why they are what they are."""

    _plan: Plan
    _done: int
    storage: dict[Variable, Array]
    _before: dict[Variable, Array]
    _state_names: frozenset[str]

    if TYPE_CHECKING:

        @property
        def listing(self) -> StepList: ...
        @property
        def steps(self) -> tuple[Step, ...]: ...
        def _undo(self, done: int) -> None: ...
        def _run(self, done: int) -> None: ...
        def _overwriting(self) -> list[int]: ...

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
        made = self._origin(name)
        if made is None:
            role = self.listing.values[name].role
            return given(name, cell, number_in(array, cell), f"{role}: no step of this training step computed it")
        return explain_step(
            self.steps[made], name, cell, self._arrays_of(made), number_in(array, cell), digits, made
        )  # fmt: skip

    def inside(self, name: str, index: tuple[int, ...] = (), digits: int = 4) -> Inside | None:
        """The moves by which one number comes about: addends one by one, or a formula's inner values.

        Args:
            name: Name of a value that is computed at this position.
            index: Index of the cell; negative indices count from the end.
            digits: Decimals of results; operands have two more.

        Returns:
            None for a number that no step computed.

        Raises:
            GraphError: if the value is not computed, or the index is outside of it.
        """
        cell = self._cell(name, index, self.view(name).shape)
        made = self._origin(name)
        if made is None:
            return None
        step = self.steps[made]
        names = dict((*step.operands, *step.results))
        return Inside(expression_of(step, name, cell), names, self._arrays_of(made), digits)

    def at_start(self) -> dict[Variable, Array]:
        """Parameters and states as they were at the start of the training step shown; not to be written to."""
        return {v: self._before.get(v, a) for v, a in self.storage.items()}

    def _origin(self, name: str) -> int | None:
        """The step of this training step that computed a value, if it has run."""
        made = self.listing.written_by.get(name)
        return made if made is not None and made < self._done else None

    def _arrays_of(self, made: int) -> dict[str, Array]:
        """Operands and results of a step by role, as they were when it ran."""
        step = self.steps[made]
        return {role: self._as_seen_by(made, n, role) for role, n in (*step.operands, *step.results) if n is not None}

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
