"""Model: a layer made of layers that can be trained, evaluated and saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastnn.compat.spellings import old_method
from fastnn.engine import functional, graph
from fastnn.engine.graph import SymbolicTensor
from fastnn.engine.nested import map_structure
from fastnn.engine.tensor import Tensor, as_array
from fastnn.layers import Layer, masks
from fastnn.models.data import fit_shape
from fastnn.models.describing import Describing
from fastnn.models.network import Network, Reader, alone, configuring
from fastnn.models.rows import is_list_of_one_array
from fastnn.models.summary import Summary
from fastnn.utils.naming import auto_name, did_you_mean, refuse_further
from fastnn.utils.registry import serializable

FUNCTIONAL = ("keras.src.models.functional", "Functional")


@serializable("keras", FUNCTIONAL, ("keras", "Functional"))
class Model(Describing, Layer):
    """A graph between inputs and outputs, or a subclass with layers as attributes and a `call` of its own.

    Args:
        inputs: Tensors made by `Input`: one, a list, or a dict.
        outputs: Tensors that layers made of them: one, a list, or a dict.
        name: Name of the model.
        **kwargs: trainable, dtype: see `Layer`.

    Raises:
        GraphError: if outputs do not follow from inputs.

    Example:
        >>> from fastnn import layers
        >>> x = layers.Input((3,))
        >>> model = Model(x, layers.Dense(2)(x))
        >>> model.output_shape, model.count_params()
        ((None, 2), 8)
    """

    supports_masking = True

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **kwargs: Any) -> None:
        if (inputs is None) != (outputs is None):
            raise ValueError("Expected both inputs and outputs, or neither. Received: one of them")
        if name is None and inputs is not None and type(self) is Model:
            name = auto_name("functional")
        super().__init__(name=name, **kwargs)
        self._network: Network | None = None
        if inputs is not None:
            self._network = Network(inputs, outputs)
            self._adopt(self._network)

    def _adopt(self, network: Network) -> None:
        """Take a graph as this model's own."""
        self.dtype = next((t.dtype for t in network.inputs if t.dtype.startswith("float")), self.dtype)
        self._book.build_shape = map_structure(lambda t: t.shape, network.input_structure)
        self.built = True

    @property
    def network(self) -> Network | None:
        """The graph, if the model is one."""
        return self._network

    def _graph(self) -> Network:
        if self.network is None:
            raise ValueError(
                f"Model '{self.name}' has no graph. Expected: Model(inputs, outputs), or a Sequential with an Input"
            )
        return self.network

    def __getattr__(self, name: str) -> Any:
        method = old_method(self, name)
        return super().__getattr__(name) if method is None else method

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles are made of: all but step lists and plans, which are written anew."""
        without = ("_plans", "_listings", "_aim_cache", "history", "ran", "_keep_values")
        return {k: v for k, v in vars(self).items() if k not in without}

    # ------------------------------------------------------------ parts

    def sublayers(self) -> list[Layer]:
        found = super().sublayers()
        return found if self._network is None else list({id(x): x for x in [*self._network.layers, *found]}.values())

    @property
    def layers(self) -> list[Layer]:
        """The layers of this model, without those inside of its layers."""
        return self.sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or position.

        Raises:
            ValueError: if there is none, with the nearest names.
        """
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"Expected name or index. Received: name={name!r}, index={index!r}")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"Expected an index below {len(layers)}. Received: index={index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}; {did_you_mean(str(name), [x.name for x in layers])}")

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs in order."""
        return self._graph().inputs

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs in order."""
        return self._graph().outputs

    @property
    def input(self) -> Any:
        """The symbolic inputs as they were given."""
        return self._graph().input_structure

    @property
    def output(self) -> Any:
        """The symbolic outputs as they were given."""
        return self._graph().output_structure

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return self._graph().input_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return self._graph().output_names

    @property
    def input_shape(self) -> Any:
        """Shapes of the inputs, None for open axes."""
        return map_structure(lambda t: t.shape, alone(self.input))

    @property
    def output_shape(self) -> Any:
        """Shapes of the outputs, None for open axes."""
        return map_structure(lambda t: t.shape, alone(self.output))

    # ------------------------------------------------------------ calling

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """What the model computes: its graph; subclasses write their own."""
        if self.network is None:
            raise NotImplementedError(f"Model {type(self).__name__} does not have a `call()` method implemented.")
        return self.network.run(masks.masked(self.network.match(inputs, self.name), mask))

    def _call_eagerly(self, args: Any, kwargs: Any) -> Any:
        if self.network is None or not args:
            return super()._call_eagerly(args, kwargs)
        values = args[0] if isinstance(args[0], dict) or len(self.network.inputs) > 1 else [args[0]]
        if isinstance(values, list) and len(self.network.inputs) == 1 and isinstance(args[0], (list, tuple)):
            values = [args[0][0]] if is_list_of_one_array(args[0]) else [as_array(args[0])]
        matched = self.network.match(values, self.name)
        given = [as_input(v, t, self.name) for v, t in zip(matched, self.network.inputs, strict=True)]
        return super()._call_eagerly((given, *args[1:]), kwargs)

    def _call_in_trace(self, args: Any, kwargs: Any) -> Any:
        trace = graph.current_trace()
        if trace is None or trace.owner is not self or trace.layer_path:
            return super()._call_in_trace(args, kwargs)
        with graph.outside_traces():
            self._ensure_built(args, kwargs)
        return self._run(args, kwargs)

    @property
    def saved_as(self) -> tuple[str, str]:
        """Module and class name in files."""
        cls = type(self)
        return FUNCTIONAL if cls is Model else (vars(cls).get("keras_module", cls.__module__), cls.__name__)

    def _ensure_built(self, args: Any, kwargs: Any) -> None:
        if self.network is None and type(self).build is Model.build:
            self.built = True  # the layers inside make their weights when `call` reaches them
        else:
            super()._ensure_built(args, kwargs)

    def _convert(self, value: Any) -> Any:
        return super()._convert(value) if self.network is None else value

    def build(self, input_shape: Any) -> None:
        """Make the weights for a shape of the input with its batch axis."""
        if self.network is None and input_shape is not None and type(self).call is not Model.call:
            spec = shapes_as_tensors(input_shape, self.dtype)
            if graph.current_trace() is None:
                functional.infer(self._run_symbolic, (spec,), {})
        self.built = True

    def _run_symbolic(self, *args: Any) -> Any:
        return self._run(args, {})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: the outputs carry the masks that the layers inside gave them."""
        return None

    # ------------------------------------------------------------ telling and saving

    def _repr_html_(self) -> str:
        from fastnn.rich.page import note, page, table

        found = Summary(self)
        return page(found.title, table(found.head, found.rows, right=(2,)), *map(note, found.totals))

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print layers, output shapes and parameter counts.

        Args:
            line_length: Width in characters.
            positions: Ignored.
            print_fn: Where lines go; `print` by default.
            expand_nested: Whether to list the layers of models inside.
            show_trainable: Whether to add a column.
            layer_range: Ignored.
        """
        for line in Summary(self, expand_nested, show_trainable).lines(line_length):
            (print_fn or print)(line)

    def get_config(self) -> dict[str, Any]:
        """Configuration of a functional model in Keras' format."""
        if self._network is None or type(self) is not Model:
            return super().get_config()
        return {"name": self.name, "trainable": self.trainable, **self._network.get_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model that a configuration describes."""
        if "layers" not in config:
            return super().from_config(config)
        with configuring(custom_objects):
            reader = Reader(config)
        model = cls(reader.ends("input_layers"), reader.ends("output_layers"), name=config.get("name"))
        if config.get("trainable") is False:
            model.trainable = False
        return model

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON, without weights.

        Args:
            **kwargs: Passed to `json.dumps`.
        """
        from fastnn.models.saving import to_json

        return to_json(self, **kwargs)

    def export(
        self, filepath: Any, format: str | None = None, verbose: Any = None, input_signature: Any = None, **kwargs: Any
    ) -> None:
        """Write what the model predicts into a file that other programs run.

        Args:
            filepath: The file.
            format: 'onnx', run by onnxruntime and many others, or 'numpy', a script that needs NumPy alone; what the
                file's ending ('.onnx', '.py') says by default.
            verbose: Whether to print where the file is.
            input_signature: Shapes of the inputs with None for the batch, such as `[(None, 28, 28, 1)]`: for models
                with a `call` of their own, or to fix open lengths. Without it open lengths stay open, with strides and
                pooling too; only a layer that reads one as a number, such as half of it, needs them fixed.
            **kwargs: None are available.

        Raises:
            ValueError: for another format, a model without weights yet, or lengths that are not known.
            GraphError: for an operation that the format has no words for, naming it and its layer.
            ImportError: if the format needs a package that is not installed.
            OSError: if the file cannot be written.
        """
        from fastnn.exchange.exporting import export

        refuse_further(kwargs, Model.export)
        export(self, filepath, format, verbose, input_signature)

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any) -> None:
        """Write architecture, weights, compile settings and optimizer state into a file.

        Args:
            filepath: Path that ends in '.keras', or in '.h5' for the older format.
            overwrite: Whether to replace an existing file without asking.
            include_optimizer: Whether to write compile settings and the optimizer's state, too.
            **kwargs: save_format, as older scripts have it: the path's ending decides.

        Raises:
            ValueError: for another ending, or an existing file with overwrite=False.
            OSError: if the file cannot be written.
        """
        from fastnn.models.saving import save_model

        save_model(self, filepath, overwrite, include_optimizer, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights alone into a `.weights.h5` or `.safetensors` file.

        Args:
            filepath: Path that ends in '.weights.h5', or in '.safetensors', by the paths of the weights.
            overwrite: Whether to replace an existing file.
        """
        from fastnn.models.saving import save_weights

        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any, by_name: bool = False, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read weights from a `.weights.h5`, `.safetensors`, `.keras` or older `.h5` file.

        Args:
            filepath: The file.
            by_name: Whether layers are matched by their names, older files only; by their order otherwise.
            skip_mismatch: Whether to pass over weights of another shape, with a warning.
            **kwargs: None are available.

        Raises:
            ValueError: if the file is damaged or its weights do not fit.
        """
        from fastnn.models.saving import load_weights

        refuse_further(kwargs, Model.load_weights)
        load_weights(self, filepath, by_name, skip_mismatch)


def shapes_as_tensors(shape: Any, dtype: str) -> Any:
    """Symbolic tensors for a nest of shapes."""
    if isinstance(shape, dict):
        return {k: shapes_as_tensors(v, dtype) for k, v in shape.items()}
    if all(n is None or isinstance(n, int) for n in shape):
        return SymbolicTensor(tuple(shape), dtype, "x")
    return [shapes_as_tensors(s, dtype) for s in shape]


def as_input(value: Any, tensor: SymbolicTensor, model: str) -> Any:
    """An eager value in the type and of the shape of the input that it is for."""
    given: Any = value
    if not isinstance(value, Tensor) or value.dtype != tensor.dtype:
        given = masks.carried_over(Tensor(as_array(value, tensor.dtype)), value)
    return fit_shape(given, tensor.shape, f"input '{tensor.name}' of model '{model}'")
