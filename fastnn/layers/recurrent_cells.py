"""Cells: what a recurrent layer does in one time step. The known ones can also run a whole sequence at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import activations, constraints, initializers, ops, regularizers
from fastnn.engine import graph
from fastnn.layers.arguments import drawn_seed, share, whole
from fastnn.layers.base import Layer
from fastnn.ops.recurrence import ACTIVATION
from fastnn.utils.registry import serializable


class Cell(Layer):
    """Base of the cells with kernels: weights, dropout, and steps made of a whole-sequence operation of length one."""

    gates = 1
    activation_names: tuple[str, ...] = ("activation",)
    weight_names = ("kernel", "recurrent_kernel", "bias")

    def setup(self, units: Any, options: dict[str, Any]) -> None:
        """Check and keep the arguments that all cells have."""
        self.units = whole("units", units)
        self.use_bias = bool(options["use_bias"])
        for name in self.activation_names:
            setattr(self, name, activations.get(options[name]))
        for kind in ("kernel", "recurrent", "bias"):
            setattr(self, f"{kind}_initializer", initializers.get(options[f"{kind}_initializer"]))
            setattr(self, f"{kind}_regularizer", regularizers.get(options[f"{kind}_regularizer"]))
            setattr(self, f"{kind}_constraint", constraints.get(options[f"{kind}_constraint"]))
        self.dropout = share("dropout", options["dropout"])
        self.recurrent_dropout = share("recurrent_dropout", options["recurrent_dropout"])
        drawn = drawn_seed(options["seed"])
        self.seed = drawn if self.dropout or self.recurrent_dropout else options["seed"]

    @property
    def state_size(self) -> Any:
        """Length of the state, or a list for several."""
        return self.units

    @property
    def output_size(self) -> int:
        """Length of the output."""
        return self.units

    def build(self, input_shape: Any) -> None:
        if not input_shape or input_shape[-1] is None:
            raise ValueError(
                f"Layer '{self.name}': expected an input with a known last axis. Received: shape {input_shape}"
            )
        columns = self.gates * self.units
        self.kernel = self._weight("kernel", "kernel", (input_shape[-1], columns))
        self.recurrent_kernel = self._weight("recurrent_kernel", "recurrent", (self.units, columns))
        self.bias = self._weight("bias", "bias", self.bias_shape()) if self.use_bias else None

    def _weight(self, name: str, kind: str, shape: tuple[int, ...]) -> Any:
        values = self.first_bias if kind == "bias" else getattr(self, f"{kind}_initializer")
        regularizer, constraint = getattr(self, f"{kind}_regularizer"), getattr(self, f"{kind}_constraint")
        return self.add_weight(shape, values, regularizer=regularizer, constraint=constraint, name=name)

    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def first_bias(self, shape: Any, dtype: Any = None) -> Any:
        """Initial values of the bias."""
        return self.bias_initializer(shape, dtype=dtype)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """States of zeros for a batch."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, n), dtype=self.dtype) for n in sizes]

    def words(self) -> dict[str, str] | None:
        """The activations by name, if the whole-sequence operation knows them."""
        found = {name: getattr(getattr(self, name), "__name__", "") for name in self.activation_names}
        return found if all(word in ACTIVATION.words for word in found.values()) else None

    def thinning(self, training: bool, which: int, shape: tuple[int, ...]) -> Any:
        """The pattern of dropout for a whole sequence: 0 for inputs, 1 for states; None without dropout."""
        rate = (self.dropout, self.recurrent_dropout)[which]
        if not training or rate == 0:
            return None
        ones = ops.ones(shape, dtype=self.dtype)
        return ops.dropout(ones, graph.training_step(), rate=rate, seed=(self.seed + which) % 2**31)

    def sequence(self, x: Any, states: Sequence[Any], mask: Any, training: bool) -> list[Any]:
        """All outputs and the last states for a sequence (batch, time, features); None stands for states of zeros."""
        batch, _, features = x.shape
        pattern = self.thinning(training, 0, (batch, 1, features))
        entering = x if pattern is None else x * pattern
        drop = self.thinning(training, 1, (batch, self.units))
        return list(self.run(entering, list(states), drop, mask))

    def run(self, x: Any, states: list[Any], drop: Any, mask: Any) -> Any:
        """The whole-sequence operation."""
        raise NotImplementedError

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """One time step: the output, and the new states as a list."""
        nest = states if isinstance(states, (list, tuple)) else [states]
        if self.words() is None:
            pattern = self.thinning(training, 0, tuple(inputs.shape))
            new = self.step(inputs if pattern is None else inputs * pattern, list(nest))
        else:
            batch, features = inputs.shape
            _, *new = self.sequence(ops.reshape(inputs, shape=(batch, 1, features)), nest, None, training)
        return new[0], new if isinstance(states, (list, tuple)) else new[0]

    def step(self, x: Any, states: list[Any]) -> list[Any]:
        """The new states, composed of elementwise operations, for activations of other names."""
        raise NotImplementedError

    def columns(self, z: Any, gate: int) -> Any:
        """One gate's part of a row."""
        return z[:, gate * self.units : (gate + 1) * self.units]


OPTIONS = (
    "use_bias", "kernel_initializer", "recurrent_initializer", "bias_initializer", "kernel_regularizer",
    "recurrent_regularizer", "bias_regularizer", "kernel_constraint", "recurrent_constraint", "bias_constraint",
    "dropout", "recurrent_dropout", "seed",
)  # fmt: skip


@serializable("keras.layers")
class SimpleRNNCell(Cell):
    """One step of the simple recurrent layer: activation(x w + h u + b).

    Args:
        units: Length of state and output.
        activation: Name or function; tanh by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial values of the input's weights, shape (features, units).
        recurrent_initializer: Initial values of the state's weights, shape (units, units).
        bias_initializer: Initial values of the bias.
        kernel_regularizer: Penalty on the input's weights.
        recurrent_regularizer: Penalty on the state's weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint of the input's weights.
        recurrent_constraint: Constraint of the state's weights.
        bias_constraint: Constraint of the bias.
        dropout: Share of the inputs dropped in training, the same ones in all steps.
        recurrent_dropout: Share of the state dropped in training, likewise.
        seed: A whole number; drawn by default.

    Raises:
        ValueError: if units is not a positive whole number or a share is not from 0 to 1.

    Example:
        >>> cell = SimpleRNNCell(2, kernel_initializer="ones", recurrent_initializer="zeros", activation="linear")
        >>> cell([[1.0, 2.0]], [ops.zeros((1, 2))])[0].numpy()
        array([[3., 3.]], dtype=float32)
    """

    config_names: tuple[str, ...] = ("units", "activation", *OPTIONS)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        options = {k: v for k, v in locals().items() if k in self.config_names}
        super().__init__(**kwargs)
        self.setup(units, options)

    def run(self, x: Any, states: list[Any], drop: Any, mask: Any) -> Any:
        words = self.words() or {}
        return ops.simple_rnn(
            ops.dense(x, self.kernel, self.bias), self.recurrent_kernel, states[0], drop, mask, **words
        )

    def step(self, x: Any, states: list[Any]) -> list[Any]:
        z = ops.dense(x, self.kernel, self.bias) + ops.matmul(states[0], self.recurrent_kernel)
        return [self.activation(z)]

    def config_value(self, key: str) -> Any:
        return activations.serialize(getattr(self, key)) if key in self.activation_names else super().config_value(key)


@serializable("keras.layers")
class LSTMCell(SimpleRNNCell):
    """One step of long short-term memory: gates i, f, o, candidate g; c = f c + i g, h = o tanh(c).

    Args:
        units: Length of both states and of the output.
        activation: Of the candidate and the cell state; tanh by default.
        recurrent_activation: Of the gates; sigmoid by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial values of the input's weights, shape (features, 4 units), in the order i, f, g, o.
        recurrent_initializer: Initial values of the state's weights, shape (units, 4 units).
        bias_initializer: Initial values of the bias.
        unit_forget_bias: Whether the forget gate's bias begins with 1.
        kernel_regularizer: Penalty on the input's weights.
        recurrent_regularizer: Penalty on the state's weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint of the input's weights.
        recurrent_constraint: Constraint of the state's weights.
        bias_constraint: Constraint of the bias.
        dropout: Share of the inputs dropped in training, the same ones in all steps and for all gates.
        recurrent_dropout: Share of the state dropped in training, likewise.
        seed: A whole number; drawn by default.

    Raises:
        ValueError: if units is not a positive whole number or a share is not from 0 to 1.

    Example:
        >>> h, (_, c) = LSTMCell(3)([[1.0, 2.0]], [ops.zeros((1, 3)), ops.zeros((1, 3))])
        >>> h.shape, c.shape
        ((1, 3), (1, 3))
    """

    gates = 4
    activation_names = ("activation", "recurrent_activation")
    config_names = ("units", "activation", "recurrent_activation", "unit_forget_bias", *OPTIONS)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        options = {k: v for k, v in locals().items() if k in self.config_names}
        Layer.__init__(self, **kwargs)
        self.setup(units, options)
        self.unit_forget_bias, self.implementation = bool(unit_forget_bias), implementation

    @property
    def state_size(self) -> Any:
        """Lengths of the states h and c."""
        return [self.units, self.units]

    def first_bias(self, shape: Any, dtype: Any = None) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer(shape, dtype=dtype)
        parts = [(self.bias_initializer, 1), (initializers.get("ones"), 1), (self.bias_initializer, 2)]
        return ops.concatenate(*(values((n * self.units,), dtype=dtype) for values, n in parts), axis=0)

    def run(self, x: Any, states: list[Any], drop: Any, mask: Any) -> Any:
        words = self.words() or {}
        return ops.lstm(ops.dense(x, self.kernel, self.bias), self.recurrent_kernel, *states, drop, mask, **words)

    def step(self, x: Any, states: list[Any]) -> list[Any]:
        z = ops.dense(x, self.kernel, self.bias) + ops.matmul(states[0], self.recurrent_kernel)
        i, f, o = (self.recurrent_activation(self.columns(z, k)) for k in (0, 1, 3))
        c = f * states[1] + i * self.activation(self.columns(z, 2))
        return [o * self.activation(c), c]


@serializable("keras.layers")
class GRUCell(SimpleRNNCell):
    """One step of the gated recurrent unit: gates z and r, candidate g; h = z h + (1 - z) g.

    Args:
        units: Length of state and output.
        activation: Of the candidate; tanh by default.
        recurrent_activation: Of the gates; sigmoid by default.
        use_bias: Whether there is a bias: shape (2, 3 units), for input and state; (3 units,) without reset_after.
        kernel_initializer: Initial values of the input's weights, shape (features, 3 units), in the order z, r, g.
        recurrent_initializer: Initial values of the state's weights, shape (units, 3 units).
        bias_initializer: Initial values of the bias.
        kernel_regularizer: Penalty on the input's weights.
        recurrent_regularizer: Penalty on the state's weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint of the input's weights.
        recurrent_constraint: Constraint of the state's weights.
        bias_constraint: Constraint of the bias.
        dropout: Share of the inputs dropped in training, the same ones in all steps and for all gates.
        recurrent_dropout: Share of the state dropped in training, likewise.
        reset_after: Whether the reset gate is applied after the state's product rather than before.
        seed: A whole number; drawn by default.

    Raises:
        ValueError: if units is not a positive whole number or a share is not from 0 to 1.

    Example:
        >>> GRUCell(3)([[1.0, 2.0]], [ops.zeros((1, 3))])[0].shape
        (1, 3)
    """

    gates = 3
    activation_names = ("activation", "recurrent_activation")
    config_names = ("units", "activation", "recurrent_activation", "reset_after", *OPTIONS)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        options = {k: v for k, v in locals().items() if k in self.config_names}
        Layer.__init__(self, **kwargs)
        self.setup(units, options)
        self.reset_after, self.implementation = bool(reset_after), implementation

    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def run(self, x: Any, states: list[Any], drop: Any, mask: Any) -> Any:
        inside, outside = (self.bias, None) if self.reset_after else (None, self.bias)
        projected = ops.dense(x, self.kernel, outside)
        words = self.words() or {}
        return ops.gru(
            projected, self.recurrent_kernel, inside, states[0], drop, mask, reset_after=self.reset_after, **words
        )

    def step(self, x: Any, states: list[Any]) -> list[Any]:
        h, outer, inner = states[0], self.bias, None
        if self.bias is not None and self.reset_after:
            outer, inner = self.bias[0], self.bias[1]
        projected, recurrent = ops.dense(x, self.kernel, outer), self.recurrent_kernel
        product = ops.dense(h, recurrent, inner)
        z, r = (self.recurrent_activation(self.columns(projected, k) + self.columns(product, k)) for k in (0, 1))
        part = r * self.columns(product, 2) if self.reset_after else ops.matmul(r * h, recurrent[:, 2 * self.units :])
        g = self.activation(self.columns(projected, 2) + part)
        return [z * h + (1.0 - z) * g]


@serializable("keras.layers")
class StackedRNNCells(Layer):
    """Cells on top of each other, to be run by one recurrent layer.

    Args:
        cells: The cells, the lowest first.

    Raises:
        ValueError: for something without `call` or `state_size`.

    Example:
        >>> StackedRNNCells([LSTMCell(3), GRUCell(2)]).state_size
        [[3, 3], 2]
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            check_cell(cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """Lengths of the cells' states."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """Length of the last cell's output."""
        return output_size(self.cells[-1])

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The cells' initial states."""
        return [first_states(cell, batch_size, self.dtype) for cell in self.cells]

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        new = []
        for cell, state in zip(self.cells, states, strict=True):
            nest = list(state) if isinstance(state, (list, tuple)) else [state]
            inputs, found = call_cell(cell, inputs, nest, training)
            new.append(found)
        return inputs, new

    def get_config(self) -> dict[str, Any]:
        from fastnn.utils.registry import serialize_object

        return {**super().get_config(), "cells": [serialize_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        from fastnn.utils.registry import deserialize

        return cls(**{**config, "cells": [deserialize(entry) for entry in config["cells"]]})


# ---------------------------------------------------------------- any cell


def check_cell(cell: Any) -> None:
    """Refuse what is no cell."""
    if not callable(getattr(cell, "call", None)):
        raise ValueError(f"Expected a cell with a `call` method. Received: cell={cell!r}")
    size = getattr(cell, "state_size", None)
    if not isinstance(size, (int, list, tuple)):
        raise ValueError(
            f"Expected a cell with a `state_size`, a whole number or a list of them. Received: cell={cell!r}, "
            f"state_size={size!r}"
        )


def output_size(cell: Any) -> Any:
    """Length of a cell's output: what it says, else that of its first state."""
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    return cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size


def first_states(cell: Any, batch: Any, dtype: str) -> list[Any]:
    """A cell's initial states as a list."""
    if callable(getattr(cell, "get_initial_state", None)):
        found = cell.get_initial_state(batch_size=batch)
        return list(found) if isinstance(found, (list, tuple)) else [found]
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    return [ops.zeros((batch, n), dtype=dtype) for n in sizes]


def call_cell(cell: Any, x: Any, states: Any, training: bool) -> tuple[Any, list[Any]]:
    """One step of any cell: its output, and its new states as a list."""
    given = {"training": training} if "training" in _parameters(cell) else {}
    output, new = (cell if callable(cell) else cell.call)(x, states, **given)
    return output, list(new) if isinstance(new, (list, tuple)) else [new]


def _parameters(cell: Any) -> tuple[str, ...]:
    from fastnn.layers.masks import parameters

    return parameters(type(cell).call)


def runs_whole_sequences(cell: Any) -> bool:
    """Whether a cell, or every cell of a stack, has an operation for whole sequences."""
    if type(cell) is StackedRNNCells:
        return all(runs_whole_sequences(c) for c in cell.cells)
    return type(cell) in (SimpleRNNCell, LSTMCell, GRUCell) and cell.words() is not None


def whole_sequence(cell: Any, x: Any, states: Any, mask: Any, training: bool) -> tuple[Any, list[Any]]:
    """Outputs (batch, time, units) and last states of such a cell; None stands for states of zeros."""
    if isinstance(cell, StackedRNNCells):
        new = []
        for k, one in enumerate(cell.cells):
            x, found = whole_sequence(one, x, None if states is None else states[k], mask, training)
            new.append(found if isinstance(one.state_size, list) else found[0])
        return x, new
    nest = states if isinstance(states, (list, tuple)) else [states] * (2 if isinstance(cell, LSTMCell) else 1)
    y, *last = cell.sequence(x, nest, mask, training)
    return y, last
