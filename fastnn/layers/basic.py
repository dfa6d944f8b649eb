"""Input, Dense, Activation and Lambda."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastnn import activations, constraints, initializers, ops, regularizers
from fastnn.config import dtype_name
from fastnn.engine.graph import Node, SymbolicTensor
from fastnn.layers.arguments import lengths, only, whole
from fastnn.layers.base import Layer
from fastnn.utils.registry import deserialize, serializable, serialize


@serializable("keras.layers")
class InputLayer(Layer):
    """The place where data enters a graph; `Input` makes one and returns its tensor.

    Args:
        shape: Shape of one sample, None for open axes.
        batch_size: Length of the batch axis; open by default.
        dtype: Type of the data; the default floating type.
        batch_shape: Shape with the batch axis, instead of `shape`.
        name: Name of the input.

    Raises:
        ValueError: if neither or both shapes are given, or one that is no shape.
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        for key, value in (
            ("sparse", sparse),
            ("ragged", ragged),
            ("input_tensor", input_tensor),
            ("optional", optional),
        ):
            only(key, value or None, None)
        if (shape is None) == (batch_shape is None):
            raise ValueError(f"Expected shape or batch_shape. Received: shape={shape}, batch_shape={batch_shape}")
        if isinstance(shape, int):
            raise ValueError(f"Expected shape to be a tuple, such as ({shape},). Received: shape={shape}")
        if batch_shape is None:
            rows = None if batch_size is None else whole("batch_size", batch_size)
            self.batch_shape = (rows, *lengths("shape", shape))
        else:
            self.batch_shape = lengths("batch_shape", batch_shape)
        self.dtype = dtype_name(dtype)
        self.built = True
        tensor = SymbolicTensor(self.batch_shape, self.dtype, self.name)
        tensor.node = Node(self, (), {}, [tensor])
        self._book.calls.append((tensor, tensor))

    def call(self, x: Any) -> Any:
        return x

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": list(self.batch_shape),
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": False,
        }


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: Any = None,
) -> SymbolicTensor:
    """A symbolic tensor at which data enters a model.

    Args:
        shape: Shape of one sample, without the batch axis; None for open axes.
        batch_size: Length of the batch axis; open by default.
        dtype: Type of the data; the default floating type.
        sparse: Not available: None or False.
        batch_shape: Shape with the batch axis, instead of `shape`.
        name: Name of the input.
        tensor: Not available: None.

    Raises:
        ValueError: if neither or both shapes are given, or one that is no shape.

    Example:
        >>> Input((28, 28, 1)).shape
        (None, 28, 28, 1)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse=sparse, batch_shape=batch_shape, input_tensor=tensor, name=name)
    return layer.output


@serializable("keras.layers")
class Dense(Layer):
    """A fully connected layer: activation(x w + b), along the last axis.

    Args:
        units: Length of the output's last axis.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Initial values of the weights, shape (inputs, units).
        bias_initializer: Initial values of the bias, shape (units,).
        kernel_regularizer: Penalty on the weights.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: What the kernel is put back to after every update.
        bias_constraint: What the bias is put back to after every update.

    Raises:
        ValueError: if units is not a positive whole number.

    Example:
        >>> layer = Dense(2, kernel_initializer="ones")
        >>> layer([[1.0, 2.0, 3.0]]).numpy()
        array([[6., 6.]], dtype=float32)
    """

    config_names = (
        "units", "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer",
        "bias_regularizer", "kernel_constraint", "bias_constraint",
    )  # fmt: skip
    weight_names = ("kernel", "bias")
    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = whole("units", units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        if not input_shape or input_shape[-1] is None:
            raise ValueError(
                f"Layer '{self.name}': expected an input with a known last axis. Received: shape {input_shape}"
            )
        self.kernel = self.add_weight(
            (input_shape[-1], self.units), self.kernel_initializer, regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint, name="kernel",
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,), self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint, name="bias",
            )  # fmt: skip

    def call(self, x: Any) -> Any:
        return self.activation(ops.dense(x, self.kernel, self.bias))

    def config_value(self, key: str) -> Any:
        return activations.serialize(self.activation) if key == "activation" else super().config_value(key)


@serializable("keras.layers")
class Activation(Layer):
    """An activation function as a layer of its own.

    Args:
        activation: Name or function.

    Example:
        >>> Activation("relu")([-1.0, 2.0]).numpy()
        array([0., 2.], dtype=float32)
    """

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.built = True

    def call(self, x: Any) -> Any:
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


@serializable("keras.layers")
class Identity(Layer):
    """The input as it is.

    Example:
        >>> Identity()([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    supports_masking = True

    def call(self, x: Any) -> Any:
        return x


@serializable("keras.layers")
class Lambda(Layer):
    """Your own function of operations as a layer; a file names the function, and does not hold its code.

    Args:
        function: Function of the input, composed of operations and operators.
        output_shape: Ignored: the shape is found by running the function.
        mask: The mask of the output, or a function of (inputs, mask) that gives it.
        arguments: Further keyword arguments of the function.

    Example:
        >>> Lambda(lambda x: x * 2)([1.0]).numpy()
        array([2.], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mask, self.supports_masking = mask, mask is not None
        self.function, self.output_shape, self.arguments = function, output_shape, arguments or {}
        self.built = True

    def call(self, x: Any) -> Any:
        return self.function(x, **self.arguments)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask that was given, or what the function makes of inputs and their mask."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal layer; the function by its name.

        Raises:
            ValueError: if the function has no name.
        """
        if getattr(self.function, "__name__", "<lambda>") == "<lambda>":
            raise ValueError(
                f"Layer '{self.name}': expected layers that a file can hold. Received: a Lambda of a function without "
                "a name. Give it one, with def; or write a Layer class, or use save_weights"
            )
        named = {"function": serialize(self.function), "mask": serialize(self.mask), "arguments": self.arguments}
        shape = None if callable(self.output_shape) else serialize(self.output_shape)
        return {**Layer.base_config(self), **named, "output_shape": shape}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that a configuration describes; its function has to be known."""
        given = {key: deserialize(config.get(key)) for key in ("function", "mask")}
        if isinstance(given["function"], str):
            given["function"] = deserialize({"class_name": "function", "config": given["function"]})
        return super().from_config({**config, **given})
