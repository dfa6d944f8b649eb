"""Old names and what they are called today: one table, and the decorators that apply it.

Each use of an old name warns once per place with a DeprecationWarning that says today's name.
"""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from types import ModuleType
from typing import Any

# ---------------------------------------------------------------- the table

LAYER_ARGUMENTS = {
    "output_dim": "units", "init": "kernel_initializer", "bias": "use_bias", "p": "rate", "alpha": "negative_slope",
    "W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
    "U_regularizer": "recurrent_regularizer", "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint",
    "U_constraint": "recurrent_constraint", "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation", "dropout_W": "dropout", "dropout_U": "recurrent_dropout",
    "nb_filter": "filters", "nb_row": "kernel_size", "filter_length": "kernel_size", "border_mode": "padding",
    "subsample": "strides", "subsample_length": "strides", "dim_ordering": "data_format",
    "atrous_rate": "dilation_rate",
    "pool_length": "pool_size", "stride": "strides", "concat_axis": "axis", "beta_init": "beta_initializer",
    "gamma_init": "gamma_initializer", "dims": "target_shape", "forget_bias_init": "bias_initializer",
}  # fmt: skip
ARGUMENTS: dict[str, Mapping[str, str]] = {
    "layer": LAYER_ARGUMENTS,
    "optimizer": {"lr": "learning_rate"},
    "fit": {"nb_epoch": "epochs"},
    "callback": {"epsilon": "min_delta", "filepath": "filepath", "period": "save_freq"},
}
LAYOUTS = {"tf": "channels_last", "th": "channels_first"}
WHOLE = ("units", "filters", "epochs", "batch_size", "input_dim", "output_dim", "kernel_size", "pool_size", "strides")
LOGS = {"acc": "accuracy", "val_acc": "val_accuracy"}
MODULES = {  # below fastnn: old module path → today's
    "layers.core": "layers", "layers.convolutional": "layers", "layers.recurrent": "layers",
    "layers.embeddings": "layers", "layers.merge": "layers", "layers.advanced_activations": "layers",
    "layers.noise": "layers", "layers.wrappers": "layers", "layers.local": "layers",
    "layers.convolutional_recurrent": "layers",
    "layers.experimental": "layers", "layers.experimental.preprocessing": "layers",
    "utils.np_utils": "utils", "utils.vis_utils": "utils", "utils.generic_utils": "utils",
    "utils.data_utils": "utils", "utils.layer_utils": "utils", "utils.io_utils": "utils",
    "engine.topology": "layers", "engine.training": "models", "engine.base_layer": "layers",
    "engine.input_layer": "layers", "engine.sequential": "models", "legacy.layers": "layers",
    "models.model_from_json": "models", "optimizers.legacy": "optimizers", "optimizers.experimental": "optimizers",
    "optimizer_v2": "optimizers", "callbacks.callbacks": "callbacks", "backend.tensorflow_backend": "backend",
    "objectives": "losses", "wrappers": "compat.wrappers", "wrappers.scikit_learn": "compat.wrappers",
    "preprocessing": "compat.preprocessing", "preprocessing.text": "compat.preprocessing.text",
    "preprocessing.sequence": "compat.preprocessing.sequence", "preprocessing.image": "compat.preprocessing.image",
}  # fmt: skip
NOT_OLD = ("preprocessing", "preprocessing.image", "preprocessing.sequence")  # today's Keras has these paths, too


# ---------------------------------------------------------------- saying it


def say(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that a name is an old one."""
    warnings.warn(f"{old} is an old spelling; today it is {new}.", DeprecationWarning, stacklevel=stacklevel)


def old_module(path: str) -> ModuleType | None:
    """The module that is at an old path below fastnn, or None; for scripts that reach it as an attribute.

    Example:
        >>> old_module("preprocessing").__name__
        'fastnn.compat.preprocessing'
    """
    return importlib.import_module(f"fastnn.{path}") if path in MODULES else None


# ---------------------------------------------------------------- arguments


def old_arguments(table: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator for functions that understand the old names of their keyword arguments.

    Args:
        table: Which of `ARGUMENTS` to use.

    Example:
        >>> import warnings
        >>> @old_arguments("fit")
        ... def fit(x, epochs=1):
        ...     return epochs
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     fit(None, nb_epoch=3), fit(None, epochs="4")
        (3, 4)
    """
    names = ARGUMENTS[table]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        known = frozenset(inspect.signature(function).parameters)

        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                kwargs = translated(function.__qualname__.removesuffix(".__init__"), names, known, kwargs)
            return function(*args, **kwargs)

        return wrapped

    return decorate


def translated(
    owner: str, names: Mapping[str, str], known: frozenset[str], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Keyword arguments under today's names, with whole numbers that were written as words turned into numbers."""
    found = {}
    for name, value in kwargs.items():
        new = names.get(name, name) if name not in known else name
        if new in known and new != name:
            say(f"{owner}({name}=...)", f"{new}=...", 4)
            if name == "nb_row":
                value = (value, kwargs.get("nb_col", value))
            value = LAYOUTS.get(value, value) if new == "data_format" and isinstance(value, str) else value
        elif name == "nb_col" and "kernel_size" in known:
            continue
        else:
            new = name
        found[new] = number(owner, new, value) if new in WHOLE else value
    return found


def number(owner: str, name: str, value: Any) -> Any:
    """A whole number that was written as a word; anything else as it is."""
    if isinstance(value, str) and value.isdecimal():
        say(f"{owner}({name}={value!r})", f"{name}={value}", 5)
        return int(value)
    return value


class Renamed:
    """An attribute under its old name: reading and writing go to today's."""

    def __init__(self, new: str) -> None:
        self.new = new

    def __set_name__(self, owner: type, name: str) -> None:
        self.old = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        say(f".{self.old}", f".{self.new}")
        return getattr(instance, self.new)

    def __set__(self, instance: Any, value: Any) -> None:
        say(f".{self.old}", f".{self.new}")
        setattr(instance, self.new, value)


class LogBook(dict[str, Any]):
    """A dict of logs that also answers for 'acc' and 'val_acc' where accuracy is called so today.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     LogBook(accuracy=0.5)["acc"]
        0.5
    """

    def __missing__(self, key: str) -> Any:
        new = LOGS.get(key)
        if new is None or new not in self:
            raise KeyError(key)
        say(f"logs[{key!r}]", f"logs[{new!r}]")
        return self[new]

    def get(self, key: str, default: Any = None) -> Any:
        """The log of that name, or the default."""
        try:
            return self[key]
        except KeyError:
            return default


# ---------------------------------------------------------------- methods of models


def fit_generator(
    model: Any,
    generator: Any,
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: Any = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    class_weight: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    shuffle: bool = True,
    initial_epoch: int = 0,
    *,
    samples_per_epoch: int | None = None,
    nb_epoch: int | None = None,
    nb_val_samples: int | None = None,
    validation_freq: int = 1,
    **_: Any,
) -> Any:
    """Train on a generator, as `fit` does today; samples per epoch are counted in batches of the generator's size."""
    if samples_per_epoch is not None:
        generator, steps_per_epoch = batches_for(generator, samples_per_epoch)
    if nb_val_samples is not None and validation_steps is None:
        validation_data, validation_steps = batches_for(validation_data, nb_val_samples)
    return model.fit(
        generator, steps_per_epoch=steps_per_epoch, epochs=epochs if nb_epoch is None else nb_epoch, verbose=verbose,
        callbacks=callbacks, validation_data=validation_data, validation_steps=validation_steps,
        validation_freq=validation_freq, class_weight=class_weight, shuffle=shuffle, initial_epoch=initial_epoch,
    )  # fmt: skip


def batches_for(generator: Any, samples: int) -> tuple[Any, int]:
    """The generator, and how many of its batches hold so many samples, by the size of the first one."""
    if not hasattr(generator, "__next__"):
        return generator, max(1, -(-samples // len(generator[0][0])))
    first = next(generator)

    def whole() -> Any:
        yield first
        yield from generator

    return whole(), max(1, -(-samples // len(first[0])))


def evaluate_generator(model: Any, generator: Any, steps: int | None = None, *, val_samples: int | None = None,
                       verbose: Any = 0, callbacks: Any = None, **_: Any) -> Any:  # fmt: skip
    """Loss and metrics on a generator, as `evaluate` gives them today."""
    if val_samples is not None:
        generator, steps = batches_for(generator, val_samples)
    return model.evaluate(generator, steps=steps, verbose=verbose, callbacks=callbacks)


def predict_generator(model: Any, generator: Any, steps: int | None = None, *, val_samples: int | None = None,
                      verbose: Any = 0, callbacks: Any = None, **_: Any) -> Any:  # fmt: skip
    """Outputs for a generator, as `predict` gives them today."""
    if val_samples is not None:
        generator, steps = batches_for(generator, val_samples)
    return model.predict(generator, steps=steps, verbose=verbose, callbacks=callbacks)


def predict_classes(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    """The likeliest class of every row; for one output whether it is above 0.5."""
    outputs = model.predict(x, batch_size=batch_size, verbose=verbose)
    return outputs.argmax(-1) if outputs.shape[-1] > 1 else (outputs > 0.5).astype("int32")


def predict_proba(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    """The outputs."""
    return model.predict(x, batch_size=batch_size, verbose=verbose)


METHODS: dict[str, tuple[Callable[..., Any], str]] = {
    "fit_generator": (fit_generator, "fit"),
    "evaluate_generator": (evaluate_generator, "evaluate"),
    "predict_generator": (predict_generator, "predict"),
    "predict_classes": (predict_classes, "predict(x).argmax(-1)"),
    "predict_proba": (predict_proba, "predict"),
}


def old_method(model: Any, name: str) -> Callable[..., Any] | None:
    """A method of models under its old name, or None."""
    if name not in METHODS:
        return None
    function, new = METHODS[name]

    def method(*args: Any, **kwargs: Any) -> Any:
        say(f"{name}()", f"{new}" if "(" in new else f"{new}()")
        return function(model, *args, **kwargs)

    return method


# ---------------------------------------------------------------- names in modules


def conv_sizes(cls: Callable[..., Any], axes: int) -> Callable[..., Any]:
    """A convolution whose kernel's rows and columns are arguments of their own: `Convolution2D(64, 3, 3)`."""

    def make(*args: Any, **kwargs: Any) -> Any:
        sizes = [a for a in args[1 : 1 + axes] if isinstance(a, int)]
        if len(sizes) == axes:
            args = (args[0], sizes[0] if axes == 1 else tuple(sizes), *args[1 + axes :])
        return cls(*args, **kwargs)

    return make


def merge(layers: Any, inputs: Any, mode: str = "sum", concat_axis: int = -1, **kwargs: Any) -> Any:
    """Several tensors as one, by a word."""
    by_mode = {"sum": "add", "mul": "multiply", "ave": "average", "max": "maximum", "dot": "dot"}
    if mode == "concat":
        return layers.concatenate(inputs, axis=concat_axis)
    if mode not in by_mode:
        raise ValueError(f"Expected mode to be one of {['concat', *by_mode]}. Received: mode={mode!r}")
    return getattr(layers, by_mode[mode])(inputs, **kwargs)


OLD_LAYERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "Convolution1D": ("Conv1D", lambda layers: conv_sizes(layers.Conv1D, 1)),
    "Convolution2D": ("Conv2D", lambda layers: conv_sizes(layers.Conv2D, 2)),
    "AtrousConvolution2D": ("Conv2D", lambda layers: conv_sizes(layers.Conv2D, 2)),
    "Deconvolution2D": ("Conv2DTranspose", lambda layers: conv_sizes(layers.Conv2DTranspose, 2)),
    "Convolution2DTranspose": ("Conv2DTranspose", lambda layers: conv_sizes(layers.Conv2DTranspose, 2)),
    "Convolution1DTranspose": ("Conv1DTranspose", lambda layers: conv_sizes(layers.Conv1DTranspose, 1)),
    "SeparableConvolution1D": ("SeparableConv1D", lambda layers: conv_sizes(layers.SeparableConv1D, 1)),
    "SeparableConvolution2D": ("SeparableConv2D", lambda layers: conv_sizes(layers.SeparableConv2D, 2)),
    "CuDNNLSTM": ("LSTM", lambda layers: layers.LSTM),
    "CuDNNGRU": ("GRU", lambda layers: layers.GRU),
    "merge": ("add, concatenate and the like", lambda layers: lambda *a, **k: merge(layers, *a, **k)),
}


def old_layer(layers: Any, name: str) -> Any:
    """What a layer's old name stands for in the module of layers."""
    new, make = OLD_LAYERS[name]
    say(f"layers.{name}", new)
    return make(layers)
