"""Configurations as Keras 1 and 2 wrote them, turned into today's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.compat.spellings import LAYER_ARGUMENTS
from fastnn.models.nodes import found

PARTS = {"initializer": "keras.initializers", "regularizer": "keras.regularizers", "constraint": "keras.constraints"}
LAYERS_WITHIN = ("layer", "cell", "forward_layer", "backward_layer")
GONE = {  # arguments that no longer mean anything
    "batch_input_shape", "ragged", "sparse", "implementation", "time_major", "input_dtype", "input_length", "renorm",
    "renorm_clipping", "renorm_momentum", "fused", "virtual_batch_size", "adjustment", "batch_size",
    "expects_training_arg", "module", "function_type", "output_shape_type", "output_shape_module", "unroll",
}  # fmt: skip
OF_DEPTHWISE = {"groups", "filters", "kernel_initializer", "kernel_regularizer", "kernel_constraint"}


def is_old(entry: Any) -> bool:
    """Whether an entry of a configuration lacks what today's have."""
    return isinstance(entry, Mapping) and "class_name" in entry and "module" not in entry


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a call of an operation, which Keras 3 writes like a layer into .h5 files.

    There are layers of some of these names; all layers say whether they are trainable.
    """
    todays = any(isinstance(node, Mapping) for node in entry.get("inbound_nodes", ()))
    return todays and "trainable" not in entry["config"] and found(str(entry["class_name"]))[1] is not None


def todays_model(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A model's old configuration as one of today.

    Raises:
        ValueError: if it is no configuration of a model.
    """
    name, config = str(entry["class_name"]), entry.get("config")
    if name == "Sequential":
        listed = config if isinstance(config, list) else config["layers"]  # type: ignore[index]
        own = {} if isinstance(config, list) else {k: v for k, v in config.items() if k != "layers"}  # type: ignore[union-attr]
        return {**made(name, "keras"), "config": {**own, "layers": sequence(listed)}}
    if name in ("Model", "Functional") and isinstance(config, Mapping):
        calls = {str(entry["name"]): len(entry["inbound_nodes"]) for entry in config["layers"]}
        entries = [functional_layer(entry, calls) for entry in config["layers"]]
        ends = {key: config[key] for key in ("input_layers", "output_layers")}
        kept = {k: config[k] for k in ("name", "trainable") if k in config}
        return {**made("Functional", "keras"), "config": {**kept, "layers": entries, **ends}}
    return {**entry, "module": None, "registered_name": name}


def made(name: str, module: str) -> dict[str, Any]:
    """The head of an entry."""
    return {"module": module, "class_name": name, "registered_name": None}


def sequence(entries: list[Any]) -> list[Any]:
    """The layers of a Sequential, an input layer first where the first layer says the shape."""
    found = []
    for k, entry in enumerate(entries):
        shape = entry.get("config", {}).get("batch_input_shape") if isinstance(entry.get("config"), Mapping) else None
        if k == 0 and shape and entry["class_name"] != "InputLayer":
            dtype = entry["config"].get("dtype") or "float32"
            dtype = "int32" if entry["class_name"] == "Embedding" else dtype
            config = {"batch_shape": shape, "dtype": dtype if isinstance(dtype, str) else "float32"}
            found.append({**made("InputLayer", "keras.layers"), "config": config})
        found.append(dict(layer(entry)))
    return found


def layer(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A layer's entry; a model within is one of its own."""
    if not is_old(entry):
        return entry
    if entry["class_name"] in ("Sequential", "Model", "Functional"):
        return todays_model(entry)
    config = dict(entry["config"])
    if entry["class_name"] == "InputLayer" and "batch_input_shape" in config:
        config["batch_shape"] = config["batch_input_shape"]
    if is_operation(entry):
        return {**entry, "module": "keras.src.ops", "registered_name": None}
    gone = GONE | (OF_DEPTHWISE if str(entry["class_name"]).startswith("Depthwise") else set())
    config = {argument(entry["class_name"], k): value(k, v) for k, v in config.items() if k not in gone}
    if entry["class_name"] in ("BatchNormalization", "LayerNormalization") and isinstance(config.get("axis"), list):
        config["axis"] = config["axis"][0] if len(config["axis"]) == 1 else config["axis"]
    return {**made(str(entry["class_name"]), "keras.layers"), "config": config}


def argument(class_name: str, name: str) -> str:
    """An argument's name today."""
    own = {
        ("LeakyReLU", "alpha"): "negative_slope",
        ("ELU", "alpha"): "alpha",
        ("Embedding", "output_dim"): "output_dim",
    }
    if (class_name, name) in own:
        return own[class_name, name]
    return LAYER_ARGUMENTS.get(name, name) if name not in ("alpha", "output_dim", "bias", "layer") else name


def value(key: str, given: Any) -> Any:
    """An argument's value with the modules that its objects are found in."""
    if key in LAYERS_WITHIN and is_old(given):
        return layer(given)
    kind = key.rsplit("_", 1)[-1]
    if kind in PARTS and is_old(given):
        config = {k: v for k, v in given["config"].items() if k != "dtype"}
        return {**made(given["class_name"], PARTS[kind]), "config": config}
    return given


# ---------------------------------------------------------------- functional models


def functional_layer(entry: Mapping[str, Any], calls: Mapping[str, int]) -> dict[str, Any]:
    """A layer of a functional model with its calls."""
    found = dict(layer(entry))
    found["name"] = entry.get("name") or found["config"]["name"]
    found["inbound_nodes"] = [call(node, calls) for node in entry["inbound_nodes"]]
    return found


def call(node: Any, calls: Mapping[str, int]) -> Any:
    """A call of a layer: once a list of places, today arguments in which tensors stand."""
    if isinstance(node, Mapping):
        return node
    if node and isinstance(node[0], str):  # a single place, as some versions wrote it
        node = [node]
    tensors = [tensor(place, calls) for place in node]
    kwargs: Any = next((place[3] for place in node if len(place) > 3 and place[3]), {})
    return {"args": [tensors[0] if len(tensors) == 1 else tensors], "kwargs": dict(kwargs)}


def tensor(place: Any, calls: Mapping[str, int]) -> dict[str, Any]:
    """A tensor by the layer, call and output that it comes from.

    A model within was called once when it was made, and old files count that call, which they do not list.
    """
    name, index, position = str(place[0]), int(place[1]), int(place[2])
    if 0 < calls.get(name, 0) <= index:
        index -= 1
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, index, position]}}


# ---------------------------------------------------------------- compile settings


def compile_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Compile settings of an old file as today's."""
    optimizer = config.get("optimizer_config") or config.get("optimizer") or "rmsprop"
    return {
        "optimizer": optimizer_entry(optimizer) if isinstance(optimizer, Mapping) else optimizer,
        "loss": objects(config.get("loss"), "keras.losses"),
        "metrics": objects(config.get("metrics"), "keras.metrics"),
        "weighted_metrics": objects(config.get("weighted_metrics"), "keras.metrics"),
        "loss_weights": config.get("loss_weights"),
    }


def optimizer_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An optimizer's entry: rates and decays had other names."""
    config = dict(entry["config"])
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    if not config.get("decay"):
        config.pop("decay", None)
    for gone in ("is_legacy_optimizer", "jit_compile"):
        config.pop(gone, None)
    if config.get("epsilon", 0) is None:
        config.pop("epsilon")
    return {**made(str(entry["class_name"]).split(">")[-1], "keras.optimizers"), "config": config}


def objects(given: Any, module: str) -> Any:
    """Losses or metrics, by name or with their settings, in any nest."""
    if is_old(given):
        config = {k: v for k, v in dict(given["config"]).items() if k != "fn"}
        if given["class_name"] in ("MeanMetricWrapper", "LossFunctionWrapper"):
            return config["name"]
        if config.get("reduction") == "auto":
            config["reduction"] = "sum_over_batch_size"
        return {**made(str(given["class_name"]), module), "config": config}
    if isinstance(given, Mapping) and "class_name" not in given:
        return {k: objects(v, module) for k, v in given.items()}
    return [objects(item, module) for item in given] if isinstance(given, list) else given
