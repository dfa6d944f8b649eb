"""Layers around layers: both directions of time, and the same layer at every time step."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.layers.base import Layer
from fastnn.layers.masks import parameters
from fastnn.utils.registry import deserialize, serializable, serialize_object

MERGES = ("concat", "sum", "mul", "ave", None)
COMMON = ("stateful", "return_sequences", "return_state")


def renamed(layer: Layer, prefix: str, **changes: Any) -> Any:
    """A new layer of the same configuration but for some arguments."""
    entry = serialize_object(layer)
    name = f"{prefix}_{layer.name.removeprefix(prefix + '_')}"
    return deserialize({**entry, "config": {**entry["config"], **changes, "name": name}})


@serializable("keras.layers")
class Wrapper(Layer):
    """Base of layers around one other layer.

    Args:
        layer: The layer.
        **kwargs: See `Layer`.

    Raises:
        ValueError: for something that is no layer.

    Example:
        >>> from fastnn.layers import Dense
        >>> class Doubled(Wrapper):
        ...     def call(self, x):
        ...         return self.layer(x) * 2.0
        >>> Doubled(Dense(1, kernel_initializer="ones"))([[1.0, 2.0]]).numpy()
        array([[6.]], dtype=float32)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise ValueError(f"Expected layer to be a layer. Received: layer={layer!r}")
        self.layer = layer

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that a configuration describes."""
        return cls(**{**config, "layer": deserialize(config["layer"])})


@serializable("keras.layers")
class Bidirectional(Layer):
    """A recurrent layer that runs forwards, beside one that runs backwards; Schuster and Paliwal, 1997.

    Args:
        layer: A recurrent layer.
        merge_mode: How both outputs become one: 'concat', 'sum', 'mul', 'ave', or None to return both.
        weights: Initial weights of both layers.
        backward_layer: The layer that runs backwards; by default one like `layer`.

    Raises:
        ValueError: for something that is no layer, another merge mode, or layers that do not fit each other.

    Example:
        >>> import fastnn
        >>> from fastnn.layers import LSTM
        >>> Bidirectional(LSTM(3))(fastnn.ops.reshape([1.0, 2.0, 3.0, 4.0], shape=(1, 2, 2))).shape
        (1, 6)
    """

    supports_masking = True

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, given in (("layer", layer), ("backward_layer", backward_layer)):
            if not isinstance(given, Layer) and not (given is None and name == "backward_layer"):
                raise ValueError(f"Expected {name} to be a layer. Received: {name}={given!r}")
        if merge_mode not in MERGES:
            raise ValueError(f"Expected merge_mode to be one of {MERGES}. Received: merge_mode={merge_mode!r}")
        if not hasattr(layer, "go_backwards"):
            raise ValueError(f"Expected layer to be a recurrent layer. Received: layer={layer!r}")
        self.forward_layer = renamed(layer, "forward")
        self.backward_layer = backward_layer or self._reversed(layer)
        self._check_pair()
        self.merge_mode = merge_mode
        self.stateful, self.return_sequences, self.return_state = (getattr(layer, name) for name in COMMON)
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = self.return_sequences
        self._first_weights = weights

    @staticmethod
    def _reversed(layer: Any) -> Any:
        """A layer that runs the other way, with a pattern of dropout of its own."""
        drops = getattr(layer, "dropout", 0) or getattr(layer, "recurrent_dropout", 0)
        seed = {"seed": (layer.seed + 2) % 2**31} if drops else {}
        return renamed(layer, "backward", go_backwards=not layer.go_backwards, **seed)

    def _check_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == getattr(backward, "go_backwards", None):
            raise ValueError(
                f"Expected layers of which one runs backwards. Received: go_backwards={forward.go_backwards} for both"
            )
        for name in COMMON:
            if getattr(forward, name) != getattr(backward, name):
                raise ValueError(
                    f"Expected layers with the same {name}. Received: {getattr(forward, name)} and "
                    f"{getattr(backward, name)}"
                )

    def build(self, sequences_shape: Any) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
                if layer.stateful and layer.states is None:
                    layer._make_states(sequences_shape[0])
                for variable in layer.weights:
                    variable.path = f"{self.name}/{variable.path}"
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def _ensure_built(self, args: Any, kwargs: Any) -> None:
        if not self.built:
            given = args[0] if args else kwargs["sequences"]
            batch = given.shape[0] if self.stateful else None
            self.build((batch, *given.shape[1:]))

    @property
    def states(self) -> Any:
        """The states of both layers, if they are stateful."""
        both = self.forward_layer.states, self.backward_layer.states
        return None if both[0] is None or both[1] is None else tuple(both[0] + both[1])

    def reset_state(self) -> None:
        """Set the states of stateful layers back to zeros.

        Raises:
            AttributeError: if the layers are not stateful.
        """
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        half = len(initial_state) // 2 if initial_state is not None else 0
        forward, backward = (initial_state[:half], initial_state[half:]) if half else (None, None)
        options = {"mask": mask, "training": training}
        y = self.forward_layer(sequences, initial_state=forward, **options)
        y_back = self.backward_layer(sequences, initial_state=backward, **options)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*y[1:], *y_back[1:])
            y, y_back = y[0], y_back[0]
        if self.return_sequences:
            y_back = ops.flip(y_back, axis=1)
        merged = self._merge(y, y_back)
        if not self.return_state:
            return merged
        return (*merged, *states) if self.merge_mode is None else (merged, *states)

    def _merge(self, y: Any, y_back: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate(y, y_back, axis=-1)
        if self.merge_mode == "mul":
            return y * y_back
        if self.merge_mode is None:
            return (y, y_back)
        return y + y_back if self.merge_mode == "sum" else (y + y_back) / 2.0

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the sequence, if sequences are returned."""
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        mask = mask if self.return_sequences else None
        return (mask, mask) if self.merge_mode is None else (mask,) if self.return_state else mask

    def get_config(self) -> dict[str, Any]:
        own = {"layer": serialize_object(self.forward_layer), "backward_layer": serialize_object(self.backward_layer)}
        return {**Layer.get_config(self), "merge_mode": self.merge_mode, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        layers = {k: deserialize(config[k]) for k in ("layer", "backward_layer") if config.get(k) is not None}
        return cls(**{**config, **layers})


@serializable("keras.layers")
class TimeDistributed(Wrapper):
    """A layer applied to every time step by itself, with the same weights.

    Args:
        layer: The layer; it sees (batch, ...) where the input is (batch, time, ...).

    Raises:
        ValueError: for something that is no layer, an input without time axis, or a mask that does not fit.

    Example:
        >>> import fastnn
        >>> from fastnn.layers import Dense
        >>> TimeDistributed(Dense(4))(fastnn.ops.reshape([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], shape=(1, 3, 2))).shape
        (1, 3, 4)
    """

    supports_masking = True

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 3:
            raise ValueError(
                f"Layer '{self.name}': expected an input of shape (batch, time, ...), with at least three axes. "
                f"Received: shape {tuple(input_shape)}"
            )
        if not self.layer.built:
            self.layer.build((input_shape[0], *input_shape[2:]))
            for variable in self.layer.weights:
                variable.path = f"{self.name}/{variable.path}"

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        batch, steps, *rest = inputs.shape
        if mask is not None and tuple(mask.shape[:2]) != (batch, steps):
            raise ValueError(
                f"Layer '{self.name}': expected a mask whose shape begins with {(batch, steps)}. "
                f"Received: shape {tuple(mask.shape)}"
            )
        options = {}
        if mask is not None and len(mask.shape) > 2 and "mask" in parameters(type(self.layer).call):
            options["mask"] = ops.reshape(mask, shape=(batch * steps, *mask.shape[2:]))
        if "training" in parameters(type(self.layer).call):
            options["training"] = training
        if training and self.layer.non_trainable_weights:  # moving statistics are of one time step after the other
            if "mask" in options:
                options["mask"] = mask
            return self._step_by_step(inputs, options)
        y = self.layer(ops.reshape(inputs, shape=(batch * steps, *rest)), **options)
        return ops.reshape(y, shape=(batch, steps, *y.shape[1:]))

    def _step_by_step(self, inputs: Any, options: dict[str, Any]) -> Any:
        found = []
        for t in range(inputs.shape[1]):
            own = {k: v[:, t] if k == "mask" else v for k, v in options.items()}
            found.append(self.layer(inputs[:, t], **own))
        return ops.stack(found, axis=1)
