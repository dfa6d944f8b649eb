"""Whole models and weights in the older HDF5 layout: one group per layer, the architecture as an attribute."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.tensor import Variable
from fastnn.models import old_configs
from fastnn.utils.fitting import fitted
from fastnn.utils.hdf5_files import Damaged, inner, names_of, text_of
from fastnn.utils.hdf5_numbers import arrays_of, numbers_of
from fastnn.utils.naming import Unique
from fastnn.utils.registry import deserialize, serialize

if TYPE_CHECKING:
    from fastnn.layers import Layer

VERSION = "3.8.0"  # the Keras version whose layout this is
LARGEST_ATTRIBUTE = 64512  # bytes of a list of names in one attribute; a single text may be longer
SLOT = re.compile(r"/(m|v|vhat|velocity|momentum|rms|mg|accumulator|accum_grad|accum_var)(?=/|:)")
TOP = "top_level_model_weights"
Pairs = list[tuple[Variable, Any]]


# ---------------------------------------------------------------- writing


def write(h5: Any, model: Any, optimizer: bool) -> None:
    """Write architecture, weights, and compile settings with the optimizer's memory if asked for."""
    config = serialize(model.get_config())
    kind = "Sequential" if type(model).__name__ == "Sequential" else model.saved_as[1]
    h5.attrs["keras_version"], h5.attrs["backend"] = VERSION, "tensorflow"
    h5.attrs["model_config"] = json.dumps({"class_name": kind, "config": config}).encode()
    settings = model.get_compile_config() if optimizer else None
    if settings:
        entry = settings.pop("optimizer")
        own = {key: settings[key] for key in ("loss", "loss_weights", "metrics", "weighted_metrics")}
        wrapped = {"class_name": entry["class_name"], "config": entry["config"]}
        h5.attrs["training_config"] = json.dumps({**own, "optimizer_config": wrapped}).encode()
    write_weights(h5.create_group("model_weights"), model)
    if settings:
        model.optimizer.build(model.trainable_weights)
        write_arrays(h5.create_group("optimizer_weights"), model.optimizer.variables)


def write_weights(group: Any, model: Any) -> None:
    """Write the weights of every layer under its name."""
    names = [layer.name for layer in model.layers]
    if unfit := [name for name in names if names.count(name) > 1 or name in (TOP, "")]:
        raise ValueError(
            f"Expected layers in an .h5 file to have different names, not '' or '{TOP}'. Received: {unfit}"
        )
    put_names(group, "layer_names", names)
    group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", VERSION.encode()
    for layer in sorted(model.layers, key=lambda x: str(x.name)):
        write_arrays(group.create_group(layer.name), in_order(layer))
    write_arrays(group.create_group(TOP), model.own_variables())


def write_arrays(group: Any, variables: Sequence[Variable]) -> None:
    """Write variables under their paths, made different where two are the same."""
    names: list[str] = []
    free = Unique()
    for variable in variables:
        name = free.name(variable.path)
        if {".", "..", ""} & set(name.split("/")):  # which paths in a file have another meaning for
            raise ValueError(f"Expected weights in an .h5 file to have names, not '.' or '..'. Received: '{name}'")
        names.append(name)
    put_names(group, "weight_names", names)
    for name, variable in zip(names, variables, strict=True):
        group.create_dataset(name, data=narrowed(variable.value))


def narrowed(value: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the four bytes that Keras' files have for them, where these hold them."""
    fits = value.dtype == np.int64 and np.array_equal(value.astype(np.int32), value)
    return value.astype(np.int32) if fits else value


def put_names(group: Any, name: str, names: Sequence[str]) -> None:
    """A list of names as one attribute, or as several where it is too long for one."""
    encoded = np.asarray([n.encode() for n in names])
    parts = max(1, -(-encoded.nbytes // (LARGEST_ATTRIBUTE // 2)))
    if parts == 1:
        group.attrs[name] = encoded
    for k, part in enumerate(np.array_split(encoded, parts)) if parts > 1 else ():
        group.attrs[f"{name}{k}"] = part


def in_order(layer: Layer) -> list[Variable]:
    """A layer's weights as these files have them: those that are trained first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


# ---------------------------------------------------------------- reading


def model_entry(h5: Any, file: Path) -> dict[str, Any]:
    """The architecture in today's form.

    Raises:
        ValueError: naming the file, if it holds none.
    """
    entry = text_of(h5, "model_config", file)
    if entry is None:
        raise Damaged(f"Expected a whole model in '{file}'. Received: weights alone; use load_weights on a model")
    if not isinstance(entry, dict) or "class_name" not in entry or "config" not in entry:
        raise Damaged(f"Expected a model's configuration in '{file}'. Received: JSON without a class name")
    return old_configs.todays_model(entry)


def settings_of(h5: Any, file: Path) -> dict[str, Any] | None:
    """The compile settings in today's form, or None."""
    config = text_of(h5, "training_config", file)
    if not isinstance(config, Mapping | None):
        raise Damaged(f"Expected compile settings in '{file}'. Received: JSON of a {type(config).__name__}")
    return None if config is None else old_configs.compile_settings(config)


def matched(variables: Sequence[Variable], arrays: Sequence[Any], what: str, file: Path, skip: bool = False) -> Pairs:
    """Pairs of variable and array.

    Raises:
        ValueError: naming layer and file, if their number or shapes differ; it is a warning where that is passed over.
    """
    if len(variables) != len(arrays):
        misfit(f"Expected {len(variables)} weights for {what} in '{file}'. Received: {len(arrays)}", skip)
        return []
    pairs = []
    for variable, data in zip(variables, arrays, strict=True):
        if variable.shape == data.shape:
            pairs.append((variable, data))
        else:
            misfit(f"Expected '{variable.path}' of shape {variable.shape}. Received: {data.shape} in '{file}'", skip)
    return pairs


def misfit(message: str, skip: bool) -> None:
    """Raise ValueError, or warn that something is passed over."""
    if not skip:
        raise ValueError(message)
    warnings.warn(f"Passed over: {message}", stacklevel=6)


def read_weights(group: Any, model: Any, file: Path, by_name: bool = False, skip: bool = False) -> Pairs:
    """Pairs of a model's variables and what the file has for them: by the order of layers, or by their names."""
    names = [n for n in names_of(group, "layer_names", file) if names_of(inner(group, n, file), "weight_names", file)]
    if by_name:
        layers = {layer.name: layer for layer in model.layers}
        pairs = [(layers[name], name) for name in names if name in layers]
    else:
        holding = [layer for layer in model.layers if layer.weights]
        if len(names) != len(holding):
            raise ValueError(
                f"Expected {len(holding)} layers with weights in '{file}'. Received: {len(names)}, {names}"
            )
        pairs = list(zip(holding, names, strict=True))
    found: Pairs = []
    for layer, name in pairs:
        found += matched(
            in_order(layer), arrays_of(inner(group, name, file), file), f"layer '{layer.name}'", file, skip
        )
    if TOP in group and not by_name:
        found += matched(
            model.own_variables(), arrays_of(inner(group, TOP, file), file), "the model itself", file, skip
        )
    return found


def read_optimizer(h5: Any, model: Any, file: Path) -> Pairs:
    """Pairs of the optimizer's variables and what the file has for them; nothing, with a warning, if they differ."""
    if "optimizer_weights" not in h5:
        return []
    arrays = arrays_of(inner(h5, "optimizer_weights", file), file)
    variables = model.optimizer.variables
    if len(arrays) == len(variables) and all(a.shape == v.shape for a, v in zip(arrays, variables, strict=True)):
        return list(zip(variables, arrays, strict=True))
    names = names_of(inner(h5, "optimizer_weights", file), "weight_names", file)
    rated = [v for v in variables if v is not model.optimizer._learning_rate]
    older = rated if alternating(names) else by_slot(rated)
    if len(arrays) == len(older) and all(a.shape == v.shape for a, v in zip(arrays, older, strict=True)):
        return list(zip(older, arrays, strict=True))
    warnings.warn(
        f"Expected the memory of {type(model.optimizer).__name__} in '{file}' ({len(variables)} arrays), found another "
        f"one ({len(arrays)}): the optimizer starts anew.",
        stacklevel=2,
    )
    return []


def alternating(names: Sequence[str]) -> bool:
    """Whether the variables of one weight stand together, by their names; else those of one kind do."""
    bare = [SLOT.sub("", name) for name in names[1:3]]
    return len(bare) < 2 or bare[0] == bare[1]


def by_slot(variables: Sequence[Variable]) -> list[Variable]:
    """Counter first, then the variables of one kind for all weights, then those of the next: Keras 2's order."""
    kinds = list(dict.fromkeys(v.name for v in variables[1:]))
    return [*variables[:1], *(v for kind in kinds for v in variables[1:] if v.name == kind)]


def compiled(model: Any, settings: Mapping[str, Any]) -> None:
    """Compile a model with the settings of a file."""
    keys = ("loss", "loss_weights", "metrics", "weighted_metrics")
    optimizer = settings["optimizer"]
    model.compile(
        optimizer=deserialize(optimizer) if isinstance(optimizer, Mapping) else optimizer,
        **{key: deserialize(settings.get(key)) for key in keys},
    )


def assigned(pairs: Pairs, file: Path) -> Iterator[tuple[Variable, Any]]:
    """The pairs with their arrays read, all before the first is assigned."""
    return iter([(variable, fitted(variable, numbers_of(data, file), f"'{file}'")) for variable, data in pairs])
