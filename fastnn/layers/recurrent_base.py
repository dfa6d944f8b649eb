"""Recurrent layers: a cell run along the time axis of sequences (batch, time, features)."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.engine.nested import flatten, map_structure
from fastnn.engine.tensor import Tensor, Variable
from fastnn.layers.base import Layer
from fastnn.layers.recurrent_cells import (
    StackedRNNCells,
    call_cell,
    check_cell,
    first_states,
    runs_whole_sequences,
    whole_sequence,
)
from fastnn.utils.registry import deserialize, serializable, serialize_object

FLAGS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")


@serializable("keras.layers")
class RNN(Layer):
    """A cell run along the time axis.

    The known cells run whole sequences in one operation; any other cell is called once for every time step.

    Args:
        cell: A cell: `call(x, states)` gives the output and the new states, `state_size` is the length of the state
            or a list of lengths. A list of cells is a stack.
        return_sequences: Whether the output is that of every step, (batch, time, units), not of the last alone.
        return_state: Whether the last states are returned behind the output.
        go_backwards: Whether time runs backwards; outputs come in the order in which they are made.
        stateful: Whether a batch begins with the last states of the batch before; needs a fixed batch size.
        unroll: Ignored: there is nothing to be gained by it.
        zero_output_for_mask: Whether the output of a masked step is 0 rather than that of the step before.

    Raises:
        ValueError: for something that is no cell.

    Example:
        >>> from fastnn.layers import SimpleRNNCell
        >>> x = ops.reshape([1.0, 2.0, 3.0], shape=(1, 3, 1))
        >>> cell = SimpleRNNCell(1, activation="linear", kernel_initializer="ones", recurrent_initializer="ones")
        >>> RNN(cell, return_sequences=True)(x).numpy().ravel()
        array([1., 3., 6.], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(cell)
        self.cell = cell
        self.return_sequences, self.return_state = bool(return_sequences), bool(return_state)
        self.go_backwards, self.stateful, self.unroll = bool(go_backwards), bool(stateful), bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)

    @property
    def states(self) -> Any:
        """The states that a stateful layer has kept, or None; they are no weights, as in Keras."""
        return self._book.states

    @states.setter
    def states(self, value: Any) -> None:
        self._book.states = value

    @property
    def state_size(self) -> list[Any]:
        """Lengths of the states."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def build(self, sequences_shape: Any) -> None:
        if len(sequences_shape) < 3:
            raise ValueError(
                f"Layer '{self.name}': expected a sequence of shape (batch, time, features). "
                f"Received: shape {sequences_shape}"
            )
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
            for variable in self.cell.weights:
                variable.path = f"{self.name}/{variable.path}"

    def _ensure_built(self, args: Any, kwargs: Any) -> None:
        super()._ensure_built(args, kwargs)
        if self.stateful and self.states is None:
            given = args[0] if args else kwargs["sequences"]
            self._make_states(given.shape[0])

    def _make_states(self, batch: int | None) -> None:
        if batch is None:
            raise ValueError(
                f"Layer '{self.name}': expected a fixed batch size, Input(batch_shape=...), since stateful=True. "
                "Received: an open one"
            )
        values = first_states(self.cell, batch, self.dtype)
        self.states = map_structure(lambda v: Variable(v, trainable=False, name="rnn_state"), values)
        for k, state in enumerate(flatten(self.states)):
            state.path = f"{self.name}/rnn_state" + (f"_{k}" if k else "")

    def reset_state(self) -> None:
        """Set the states of a stateful layer back to zeros."""
        for state in flatten(self.states) if self.states is not None else []:
            state.assign(state.numpy() * 0)

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The states that a sequence begins with."""
        return first_states(self.cell, batch_size, self.dtype)

    # ------------------------------------------------------------ running

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        self._check_sequences(sequences)
        mask = self._checked_mask(mask, sequences)
        states = self._states_before(initial_state, sequences)
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        if runs_whole_sequences(self.cell):
            y, last = whole_sequence(self.cell, sequences, states, mask, training)
            y = self._as_masked(y, mask, states)
        else:
            y, last = self._step_by_step(sequences, states, mask, training)
        if self.stateful:
            for variable, value in zip(flatten(self.states), flatten(last), strict=True):
                variable.assign(value)
        if not self.return_sequences:
            whole = mask is None and runs_whole_sequences(self.cell)
            y = last_output(self.cell, last) if whole else y[:, -1]
        return (y, *last) if self.return_state else y

    def _check_sequences(self, sequences: Any) -> None:
        if len(sequences.shape) < 3:
            raise ValueError(
                f"Layer '{self.name}': expected a sequence of shape (batch, time, features). "
                f"Received: shape {tuple(sequences.shape)}"
            )
        batch = flatten(self.states)[0].shape[0] if self.stateful else None
        if batch is not None and sequences.shape[0] != batch:
            raise ValueError(
                f"Layer '{self.name}': expected batches of {batch} samples, since stateful=True. "
                f"Received: {sequences.shape[0]} samples"
            )

    def _checked_mask(self, mask: Any, sequences: Any) -> Any:
        mask = flatten(mask)[0] if isinstance(mask, (list, tuple)) and mask else mask
        if mask is None:
            return None
        mask = mask if hasattr(mask, "shape") else Tensor(mask)
        if tuple(mask.shape) != tuple(sequences.shape[:2]):
            raise ValueError(
                f"Layer '{self.name}': expected a mask of shape {tuple(sequences.shape[:2])}, (batch, time). "
                f"Received: shape {tuple(mask.shape)}"
            )
        return ops.cast(mask, dtype="bool")

    def _states_before(self, initial_state: Any, sequences: Any) -> Any:
        """The states to begin with; None where the operation's zeros do."""
        if initial_state is None:
            if self.stateful:
                return self.states
            return None if runs_whole_sequences(self.cell) else self.get_initial_state(sequences.shape[0])
        given = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
        sizes, batch = self.state_size, sequences.shape[0]
        if len(given) != len(sizes):
            raise ValueError(
                f"Layer '{self.name}': expected initial_state to be {len(sizes)} state(s) of lengths {sizes}. "
                f"Received: {len(given)}"
            )
        for state, size in zip(flatten(given), flatten(sizes), strict=True):
            if isinstance(size, int) and tuple(state.shape) != (batch, size):
                raise ValueError(
                    f"Layer '{self.name}': expected initial_state of shape {(batch, size)}. "
                    f"Received: shape {tuple(state.shape)}"
                )
        return given

    def _as_masked(self, y: Any, mask: Any, states: Any) -> Any:
        """The outputs as they are seen: masked steps repeat the last output or give 0, 0 stands before the first."""
        if mask is None or (states is None and not self.zero_output_for_mask):
            return y
        if not self.zero_output_for_mask:
            mask = seen(mask, y.dtype)
        return ops.where(ops.expand_dims(mask, axis=-1), y, 0.0)

    def _step_by_step(self, sequences: Any, states: Any, mask: Any, training: bool) -> tuple[Any, list[Any]]:
        """Call the cell once for every time step."""
        outputs: list[Any] = []
        for t in range(sequences.shape[1]):
            y, new = call_cell(self.cell, sequences[:, t], states, training)
            if mask is not None:
                counts = mask[:, t : t + 1]
                old = 0.0 if self.zero_output_for_mask or not outputs else outputs[-1]
                y = ops.where(counts, y, old)
                kept = zip(flatten(new), flatten(states), strict=True)
                new = refilled(new, [ops.where(counts, one, other) for one, other in kept])
            outputs.append(y)
            states = new
        return ops.concatenate(*(ops.expand_dims(y, axis=1) for y in outputs), axis=1), list(states)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the sequence, if a sequence is returned."""
        mask = flatten(previous_mask)[0] if previous_mask is not None else None
        mask = mask if self.return_sequences else None
        return [mask, *(None for _ in self.state_size)] if self.return_state else mask

    # ------------------------------------------------------------ saving

    def get_config(self) -> dict[str, Any]:
        flags = {name: getattr(self, name) for name in FLAGS}
        return {**Layer.get_config(self), **flags, "cell": serialize_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**{**config, "cell": deserialize(config["cell"])})


def refilled(structure: Any, leaves: list[Any]) -> Any:
    """The same nest with other leaves."""
    rest = iter(leaves)
    return map_structure(lambda _: next(rest), structure)


def last_output(cell: Any, states: Any) -> Any:
    """The last output of the known cells: the first state, of the last cell of a stack."""
    if not isinstance(cell, StackedRNNCells):
        return states[0]
    return states[-1][0] if isinstance(states[-1], list) else states[-1]


def seen(mask: Any, dtype: str) -> Any:
    """Whether a step that counts has come by then."""
    ones = ops.expand_dims(ops.cast(mask, dtype=dtype), axis=-1)
    held, _ = ops.simple_rnn(ones, [[0.0]], None, None, mask, activation="linear")
    return ops.cast(ops.squeeze(held, axis=-1), dtype="bool")
