"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastnn.engine import functional, graph
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.nested import flatten, map_structure
from fastnn.layers import Input, InputLayer, Layer, masks
from fastnn.models.model import Model
from fastnn.models.network import Network, configuring, layer_entry, make_layer
from fastnn.utils.registry import serializable


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
        with configuring(custom_objects):
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


def clone_model(model: Model, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None) -> Model:
    """A model of the same architecture with new weights.

    Args:
        model: A Sequential or functional model.
        input_tensors: Tensors made by `Input` that take the place of the model's inputs.
        clone_function: Makes the layer that takes a layer's place; by default one of the same configuration.

    Raises:
        ValueError: for a model that is written as a `call`, when further arguments are given.

    Example:
        >>> from fastnn import layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> clone_model(model).count_params()
        3
        >>> clone_model(model, clone_function=lambda layer: layers.Dense(5)).output_shape
        (None, 5)
    """
    if input_tensors is None and clone_function is None:
        return type(model).from_config(model.get_config())
    if clone_function is not None and not callable(clone_function):
        raise ValueError(f"Expected clone_function to be a function of a layer. Received: {clone_function!r}")
    if model.network is None or (not isinstance(model, Sequential) and type(model) is not Model):
        raise ValueError(
            "Expected a Sequential or functional model with input_tensors or clone_function. "
            f"Received: '{model.name}', a {type(model).__name__}"
        )
    clones = {id(layer): cloned(layer, clone_function) for layer in model.layers if not isinstance(layer, InputLayer)}
    if isinstance(model, Sequential) and input_tensors is None:
        copied = [clones[id(layer)] for layer in model.layers if id(layer) in clones]
        return Sequential([InputLayer(batch_shape=model.input_shape), *copied], name=model.name)
    given = [Input(batch_shape=t.shape, dtype=t.dtype, name=t.name) for t in model.inputs]
    if input_tensors is not None:
        given = model.network.match(input_tensors, model.name) if len(model.inputs) > 1 else flatten(input_tensors)
    nest = iter(given)
    inputs = map_structure(lambda _: next(nest), model.input) if input_tensors is None else input_tensors
    return Model(
        inputs, functional.replay(model.network.nodes, model.inputs, given, model.output, clones), name=model.name
    )


def cloned(layer: Layer, clone_function: Callable[[Any], Any] | None) -> Layer:
    """The layer that takes another's place in a clone."""
    found = type(layer).from_config(layer.get_config()) if clone_function is None else clone_function(layer)
    if not isinstance(found, Layer):
        raise ValueError(f"Expected clone_function to return a layer for '{layer.name}'. Received: {found!r}")
    return found
