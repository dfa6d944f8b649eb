"""Embedding, Masking and RepeatVector: where sequences come from."""

from __future__ import annotations

from typing import Any

from fastnn import constraints, initializers, ops, regularizers
from fastnn.layers.arguments import only, whole
from fastnn.layers.base import Layer
from fastnn.layers.masks import set_mask
from fastnn.utils.registry import serializable


@serializable("keras.layers")
class Embedding(Layer):
    """A row of a table of weights for every whole number.

    Args:
        input_dim: How many numbers there are: 0 to input_dim - 1.
        output_dim: Length of a row.
        embeddings_initializer: Initial values of the table, shape (input_dim, output_dim).
        embeddings_regularizer: Penalty on the table.
        embeddings_constraint: Constraint of the table.
        mask_zero: Whether the number 0 is padding: time steps with it are masked in the layers behind.
        weights: The table as an array, or a list with it.
        lora_rank: Not available: None.
        lora_alpha: Not available: None.
        **kwargs: name, dtype, trainable, input_shape: see `Layer`; input_length is passed over.

    Raises:
        ValueError: if a length is not a positive whole number, or the weights do not fit.
        KernelError: for a number that the table has no row for.

    Example:
        >>> layer = Embedding(3, 2, weights=[[[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]])
        >>> layer([[2, 1]]).numpy()
        array([[[3., 4.],
                [1., 2.]]], dtype=float32)
    """

    config_names = (
        "input_dim", "output_dim", "embeddings_initializer", "embeddings_regularizer", "embeddings_constraint",
        "mask_zero",
    )  # fmt: skip
    weight_names = ("embeddings",)

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        length = kwargs.pop("input_length", None)
        if length is not None and not {"input_shape", "batch_input_shape"} & set(kwargs):
            kwargs["input_shape"] = tuple(length) if isinstance(length, (list, tuple)) else (length,)
        super().__init__(**kwargs)
        only("lora_rank", lora_rank, None)
        only("lora_alpha", lora_alpha, None)
        self.input_dim, self.output_dim = whole("input_dim", input_dim), whole("output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = self.supports_masking = bool(mask_zero)
        self.autocast = False
        if weights is not None:
            self.build(None)
            self.set_weights(weights if isinstance(weights, (list, tuple)) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim), self.embeddings_initializer, regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint, name="embeddings",
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        if str(inputs.dtype) != "int32":
            inputs = ops.cast(inputs, dtype="int32")
        return ops.embedding(inputs, self.embeddings)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Which numbers are not 0, with mask_zero."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None


@serializable("keras.layers")
class Masking(Layer):
    """Masks the time steps in which every feature has one value, and sets them to 0.

    Args:
        mask_value: The value.

    Example:
        >>> y = Masking()([[[1.0, 0.0], [0.0, 0.0]]])
        >>> y._keras_mask.numpy()
        array([[ True, False]])
    """

    config_names = ("mask_value",)

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(mask_value, bool) or not isinstance(mask_value, (int, float)):
            raise ValueError(f"Expected mask_value to be a number. Received: mask_value={mask_value!r}")
        self.mask_value = mask_value
        self.built = True

    def call(self, inputs: Any) -> Any:
        counts = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return set_mask(ops.where(counts, inputs, 0.0), ops.squeeze(counts, axis=-1))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Which time steps have a feature of another value."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)


@serializable("keras.layers")
class RepeatVector(Layer):
    """The same vector at every time step: (batch, features) becomes (batch, n, features).

    Args:
        n: How many time steps.

    Raises:
        ValueError: if n is not a positive whole number, or the input has other axes.

    Example:
        >>> RepeatVector(3)([[1.0, 2.0]]).shape
        (1, 3, 2)
    """

    config_names = ("n",)

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = whole("n", n)
        self.built = True

    def call(self, inputs: Any) -> Any:
        if len(inputs.shape) != 2:
            raise ValueError(
                f"Layer '{self.name}': expected an input of shape (batch, features). Received: {tuple(inputs.shape)}"
            )
        batch, features = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, axis=1), shape=(batch, self.n, features))
