"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine import graph
from fastnn.engine.graph import SymbolicTensor, flatten
from fastnn.layers import InputLayer, Layer, masks
from fastnn.models.model import Model
from fastnn.models.network import Network, layer_entry, make_layer
from fastnn.utils.registry import custom_object_scope, serializable


@serializable("keras")
class Sequential(Model):
    """A stack of layers, each with one input and one output.

    Args:
        layers: The layers in order; an `Input` first, or `input_shape` in the first layer, makes the weights at once,
            otherwise the first call or `fit` does.
        trainable: Whether optimizers change the weights.
        name: Name of the model.

    Raises:
        ValueError: for something that is not a layer, or a name used twice.

    Example:
        >>> from fastnn import layers
        >>> model = Sequential([layers.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1)])
        >>> model.count_params()
        19
    """

    def __init__(
        self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        self._layers: list[Layer] = []
        self._start: InputLayer | None = None
        self._tail: SymbolicTensor | None = None
        self._settled: Network | None = None
        for layer in layers or []:
            self.add(layer)

    @property
    def network(self) -> Network | None:
        if self._start is None or self._tail is None or not self._layers:
            return None
        if self._settled is None or self._settled.outputs[0] is not self._tail:
            self._settled = Network(self._start.output, self._tail)
        return self._settled

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the input."""
        return list(self._layers)

    def sublayers(self) -> list[Layer]:
        return self.layers

    def add(self, layer: Any) -> None:
        """Append a layer, or an `Input` as the first.

        Raises:
            ValueError: for something else, or a name used before.
        """
        if isinstance(layer, SymbolicTensor) and layer.node is not None:
            layer = layer.node.callable
        if isinstance(layer, type):
            layer = layer()
        if not isinstance(layer, Layer):
            raise ValueError(f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer!r}")
        if isinstance(layer, InputLayer):
            self._begin(layer)
            return
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(
                f"All layers added to a Sequential model should have unique names. Received: '{layer.name}' again"
            )
        if self._start is None and not self._layers:
            shape = layer.batch_input_shape or known_input_shape(layer)
            if shape is not None:
                self._begin(InputLayer(batch_shape=shape, dtype=layer.dtype))
        self._layers.append(layer)
        if self._tail is not None:
            self._append(layer)

    def _begin(self, start: InputLayer) -> None:
        if self._start is not None or self._layers:
            raise ValueError(f"Expected an Input before all other layers, and only one. Received: '{start.name}' later")
        self._start, self._tail = start, start.output
        self.dtype = start.dtype if start.dtype.startswith("float") else self.dtype

    def _append(self, layer: Layer) -> None:
        assert self._start is not None
        outputs = flatten(layer(self._tail))
        if len(outputs) != 1:
            raise ValueError(f"Expected a layer with one output. Received: '{layer.name}' with {len(outputs)}")
        self._tail = outputs[0]
        self._book.build_shape = self._start.batch_shape
        self.built = True

    def pop(self) -> Layer:
        """Take the last layer away and return it.

        Raises:
            ValueError: if there is none.
        """
        if not self._layers:
            raise ValueError("Expected at least one layer. Received: an empty Sequential model")
        layer = self._layers.pop()
        if self._tail is not None:
            self._tail = layer.input
            self.built = bool(self._layers)
        return layer

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for a shape of the input with its batch axis."""
        if self._start is None and input_shape:
            layers, self._layers = self._layers, []
            first = layers[0].dtype if layers else self.dtype
            self._begin(InputLayer(batch_shape=tuple(input_shape), dtype=first))
            with graph.outside_traces():
                for layer in layers:
                    self.add(layer)
        if not self._layers:
            raise ValueError(
                f"Sequential model '{self.name}' cannot be built because it has no layers. Call `model.add(layer)`."
            )
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        network = self._graph()
        return network.run(masks.masked(network.match(inputs, self.name), mask))

    def get_config(self) -> dict[str, Any]:
        """Configuration in Keras' format."""
        base = Layer.get_config(self)
        layers = [layer_entry(layer) for layer in [*([self._start] if self._start else []), *self._layers]]
        shape = list(self._start.batch_shape) if self._start else None
        own = {key: base[key] for key in ("name", "trainable", "dtype")}
        return {**own, "layers": layers, **({"build_input_shape": shape} if shape else {})}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model that a configuration describes."""
        model = cls(name=config.get("name"))
        with custom_object_scope(custom_objects):
            for entry in config["layers"]:
                model.add(make_layer(entry))
        shape = config.get("build_input_shape")
        if shape and model._layers and not model.built and all(n is None or isinstance(n, int) for n in shape):
            model.build(tuple(shape))
        if config.get("trainable") is False:
            model.trainable = False
        return model


def known_input_shape(layer: Layer) -> tuple[int | None, ...] | None:
    """The input shape of a model used as a first layer, if it has one input."""
    network = layer.network if isinstance(layer, Model) else None
    return network.inputs[0].shape if network is not None and len(network.inputs) == 1 else None


def clone_model(model: Model) -> Model:
    """A model of the same architecture with new weights.

    Args:
        model: A Sequential or functional model.

    Example:
        >>> from fastnn import layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> clone_model(model).count_params()
        3
    """
    return type(model).from_config(model.get_config())
