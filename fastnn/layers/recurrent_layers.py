"""The recurrent layers that make their cell themselves: SimpleRNN, LSTM and GRU."""

from __future__ import annotations

from typing import Any

from fastnn.layers.recurrent_base import FLAGS, RNN
from fastnn.layers.recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell
from fastnn.utils.registry import serializable


class CellLayer(RNN):
    """Base of the layers that make their cell themselves; the cell's arguments are theirs too."""

    cell_class: type[SimpleRNNCell] = SimpleRNNCell
    cell_name = ""

    def setup(self, options: dict[str, Any], kwargs: dict[str, Any]) -> None:
        """Make the cell and hand the rest to `RNN`."""
        cell_class = self.cell_class
        cell_options = {k: v for k, v in options.items() if k in cell_class.config_names}
        cell_options.update({k: kwargs[k] for k in ("dtype", "trainable") if k in kwargs})
        if "implementation" in kwargs and cell_class is not SimpleRNNCell:
            cell_options["implementation"] = kwargs.pop("implementation")
        layer = {k: v for k, v in options.items() if k in (*FLAGS, "activity_regularizer")}
        RNN.__init__(self, cell_class(**cell_options, name=self.cell_name), **layer, **kwargs)

    def __getattr__(self, name: str) -> Any:
        cell, names = vars(self).get("cell"), (*type(self).cell_class.config_names, *type(self).cell_class.weight_names)
        return super().__getattr__(name) if cell is None or name not in names else getattr(cell, name)

    def get_config(self) -> dict[str, Any]:
        own = {name: self.cell.config_value(name) for name in self.cell_class.config_names}
        config = RNN.get_config(self)
        del config["cell"]
        return {**config, **own, "activity_regularizer": self.config_value("activity_regularizer")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return super(RNN, cls).from_config(config)


@serializable("keras.layers")
class SimpleRNN(CellLayer):
    """The simple recurrent layer: activation(x w + h u + b) at every time step.

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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint of the input's weights.
        recurrent_constraint: Constraint of the state's weights.
        bias_constraint: Constraint of the bias.
        dropout: Share of the inputs dropped in training, the same ones in all steps.
        recurrent_dropout: Share of the state dropped in training, likewise.
        seed: A whole number; drawn by default.
        return_sequences: Whether the output is that of every step, (batch, time, units), not of the last alone.
        return_state: Whether the last states are returned behind the output.
        go_backwards: Whether time runs backwards.
        stateful: Whether a batch begins with the last states of the batch before; needs a fixed batch size.
        unroll: Ignored.
        **kwargs: zero_output_for_mask, see `RNN`; name, dtype, trainable, see `Layer`.

    Raises:
        ValueError: if units is not a positive whole number, a share is not from 0 to 1, or an input does not fit.

    Example:
        >>> import fastnn
        >>> x = fastnn.ops.reshape([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], shape=(1, 3, 2))
        >>> SimpleRNN(4)(x).shape, SimpleRNN(4, return_sequences=True)(x).shape
        ((1, 4), (1, 3, 4))
    """

    cell_class = SimpleRNNCell
    cell_name = "simple_rnn_cell"

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        options = {k: v for k, v in locals().items() if k not in ("self", "kwargs", "__class__")}
        self.setup(options, kwargs)


@serializable("keras.layers")
class LSTM(CellLayer):
    """Long short-term memory: gates i, f, o, candidate g; c = f c + i g, h = o tanh(c); Hochreiter, Schmidhuber, 1997.

    Args:
        units: Length of both states and of the output.
        activation: Of the candidate and the cell state; tanh by default.
        recurrent_activation: Of the gates; sigmoid by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial values of the input's weights, shape (features, 4 units).
        recurrent_initializer: Initial values of the state's weights, shape (units, 4 units).
        bias_initializer: Initial values of the bias.
        unit_forget_bias: Whether the forget gate's bias begins with 1.
        kernel_regularizer: Penalty on the input's weights.
        recurrent_regularizer: Penalty on the state's weights.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint of the input's weights.
        recurrent_constraint: Constraint of the state's weights.
        bias_constraint: Constraint of the bias.
        dropout: Share of the inputs dropped in training, the same ones in all steps.
        recurrent_dropout: Share of the state dropped in training, likewise.
        seed: A whole number; drawn by default.
        return_sequences: Whether the output is that of every step, (batch, time, units), not of the last alone.
        return_state: Whether the last states are returned behind the output.
        go_backwards: Whether time runs backwards.
        stateful: Whether a batch begins with the last states of the batch before; needs a fixed batch size.
        unroll: Ignored.
        use_cudnn: Ignored.
        **kwargs: zero_output_for_mask, see `RNN`; name, dtype, trainable, see `Layer`.

    Raises:
        ValueError: if units is not a positive whole number, a share is not from 0 to 1, or an input does not fit.

    Example:
        >>> import fastnn
        >>> x = fastnn.ops.reshape([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], shape=(1, 3, 2))
        >>> LSTM(4)(x).shape, LSTM(4, return_sequences=True)(x).shape
        ((1, 4), (1, 3, 4))
    """

    cell_class = LSTMCell
    cell_name = "lstm_cell"

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        options = {k: v for k, v in locals().items() if k not in ("self", "kwargs", "__class__")}
        only_words("use_cudnn", use_cudnn)
        self.setup(options, kwargs)


@serializable("keras.layers")
class GRU(CellLayer):
    """The gated recurrent unit: gates z and r, candidate g; h = z h + (1 - z) g; Cho and others, 2014.

    Args:
        units: Length of state and output.
        activation: Of the candidate; tanh by default.
        recurrent_activation: Of the gates; sigmoid by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial values of the input's weights, shape (features, 3 units).
        recurrent_initializer: Initial values of the state's weights, shape (units, 3 units).
        bias_initializer: Initial values of the bias, (2, 3 units), or (3 units,) without reset_after.
        kernel_regularizer: Penalty on the input's weights.
        recurrent_regularizer: Penalty on the state's weights.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint of the input's weights.
        recurrent_constraint: Constraint of the state's weights.
        bias_constraint: Constraint of the bias.
        dropout: Share of the inputs dropped in training, the same ones in all steps.
        recurrent_dropout: Share of the state dropped in training, likewise.
        seed: A whole number; drawn by default.
        return_sequences: Whether the output is that of every step, (batch, time, units), not of the last alone.
        return_state: Whether the last states are returned behind the output.
        go_backwards: Whether time runs backwards.
        stateful: Whether a batch begins with the last states of the batch before; needs a fixed batch size.
        unroll: Ignored.
        reset_after: Whether the reset gate is applied after the state's product rather than before.
        use_cudnn: Ignored.
        **kwargs: zero_output_for_mask, see `RNN`; name, dtype, trainable, see `Layer`.

    Raises:
        ValueError: if units is not a positive whole number, a share is not from 0 to 1, or an input does not fit.

    Example:
        >>> import fastnn
        >>> x = fastnn.ops.reshape([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], shape=(1, 3, 2))
        >>> GRU(4)(x).shape, GRU(4, return_sequences=True)(x).shape
        ((1, 4), (1, 3, 4))
    """

    cell_class = GRUCell
    cell_name = "gru_cell"

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        options = {k: v for k, v in locals().items() if k not in ("self", "kwargs", "__class__")}
        only_words("use_cudnn", use_cudnn)
        self.setup(options, kwargs)


def only_words(name: str, value: Any) -> None:
    """Refuse everything but "auto", True and False."""
    if value not in ("auto", True, False):
        raise ValueError(f"Expected {name} to be 'auto', True or False. Received: {name}={value!r}")
