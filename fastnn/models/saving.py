"""Saving and loading: `.keras` and `.weights.h5` files in Keras' own layout; nothing in a file is executed."""

from __future__ import annotations

import datetime
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastnn.compat.spellings import say
from fastnn.engine.tensor import Variable
from fastnn.exchange import safetensors
from fastnn.models import hdf5, old_configs
from fastnn.models.model import Model
from fastnn.models.network import configuring, make_layer
from fastnn.models.weight_groups import groups
from fastnn.utils import archives, limits
from fastnn.utils.fitting import fitted
from fastnn.utils.hdf5_files import MARK, Damaged, inner, inner_or_none, naming, opened
from fastnn.utils.hdf5_numbers import numbers_at, numbers_of
from fastnn.utils.json_text import json_of
from fastnn.utils.naming import refuse_further
from fastnn.utils.registry import custom_object_scope, room_for_weights, running_code, serialize_object, trusted
from fastnn.utils.writing import write_aside

FORMAT = "3.8.0"  # the Keras version whose layout this is
WEIGHTS = "model.weights.h5"
HDF5 = (".h5", ".hdf5")
FEW = 2**20  # weights that any file may ask for


# ---------------------------------------------------------------- paths


def checked_path(filepath: Any, ending: str | tuple[str, ...], overwrite: bool) -> Path:
    """A path to write to.

    Raises:
        ValueError: for another ending, or an existing file that must stay.
    """
    path = Path(filepath)
    if not path.name.endswith(ending):
        known = " or ".join(map(repr, [ending] if isinstance(ending, str) else ending))
        raise ValueError(f"Expected a file name that ends in {known}. Received: filepath={str(filepath)!r}")
    if path.exists() and not overwrite:
        raise ValueError(f"Expected overwrite=True to replace an existing file. Received: filepath={str(filepath)!r}")
    return path


# ---------------------------------------------------------------- writing


def write_weights(file: Any, model: Model, optimizer: bool) -> None:
    """Write all weights, and the optimizer's memory if asked for, into an HDF5 file."""
    import h5py  # here, for it is slow to import and seldom needed

    with h5py.File(file, "w") as h5:
        for path, name, variables in groups(model):
            write_group(h5, path, name, variables)
        if optimizer and model.optimizer is not None:
            write_group(h5, "optimizer/vars", model.optimizer.name, model.optimizer.variables)


def write_group(h5: Any, path: str, name: str, variables: Sequence[Variable]) -> None:
    """Write variables under their numbers."""
    group = h5.create_group(path)
    group.attrs["name"] = name
    for i, variable in enumerate(variables):
        group.create_dataset(str(i), data=hdf5.narrowed(variable.value))


def describe(model: Model) -> dict[str, Any]:
    """The content of config.json."""
    settings = model.get_compile_config()
    build = model.get_build_config()
    config = serialize_object(model)
    config.update({"build_config": build} if build else {})
    if type(model) is Model:
        config["registered_name"] = "Functional"
    return {**config, **({"compile_config": settings} if settings else {})}


def to_json(model: Model, **kwargs: Any) -> str:
    """The architecture, and the settings of `compile` if there are any, as JSON."""
    return json.dumps(describe(model), **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model, with new weights, that `to_json` wrote down.

    Args:
        json_string: What `to_json` gave.
        custom_objects: Your own classes and functions by name.

    Raises:
        ValueError: if it is no configuration of a model.

    Example:
        >>> from fastnn import Sequential, layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> model_from_json(model.to_json()).count_params()
        3
    """
    try:
        config = json_of(json_string)
    except (ValueError, TypeError) as error:
        raise ValueError(f"Expected a model's configuration as JSON. Received: {error}") from None
    return model_from_config(config, custom_objects)


def model_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model, with new weights, that a configuration describes.

    Args:
        config: A dict with the class name and its configuration.
        custom_objects: Your own classes and functions by name.

    Raises:
        ValueError: if it is no configuration of a model.
    """
    if not isinstance(config, dict) or "class_name" not in config or "config" not in config:
        raise ValueError("Expected a dict with class_name and config. Received: " + type(config).__name__)
    path = Path("configuration")
    if "module" not in config:
        with naming(path, "a model's configuration", "another one"):
            config = old_configs.todays_model(config)
    with configuring(custom_objects):
        return build_model(path, config)


def save_model(
    model: Model, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any
) -> None:
    """Write a model into a file: architecture, weights, compile settings, optimizer state.

    Args:
        model: The model.
        filepath: Path that ends in '.keras', or in '.h5' or '.hdf5' for the older format.
        overwrite: Whether to replace an existing file.
        include_optimizer: Whether to write compile settings and the optimizer's state, too.
        **kwargs: save_format, as older scripts have it: the path's ending decides.

    Raises:
        ValueError: for another ending, an existing file with overwrite=False, or a model without weights yet.
        OSError: if the file cannot be written.
    """
    refuse_further({k: v for k, v in kwargs.items() if k != "save_format"}, save_model)
    path = checked_path(filepath, (".keras", *HDF5), overwrite)
    check_built(model)
    if path.name.endswith(HDF5):
        write_aside(path, lambda file: file.write(as_hdf5(lambda h5: hdf5.write(h5, model, include_optimizer))))
        return
    write_aside(path, lambda file: file.write(as_bytes(model, include_optimizer)))


def check_built(model: Model) -> None:
    """Raise ValueError for a model without weights yet."""
    if not model.built:
        raise ValueError(f"Expected a model whose weights exist. Received: '{model.name}', which is not built yet")


def as_hdf5(write: Callable[[Any], None]) -> bytes:
    """The content of an HDF5 file."""
    import h5py  # here, for it is slow to import and seldom needed

    content = io.BytesIO()
    with h5py.File(content, "w") as h5:
        write(h5)
    return content.getvalue()


def as_bytes(model: Model, include_optimizer: bool = True) -> bytes:
    """The content of a `.keras` file."""
    if model.optimizer is not None:
        model.optimizer.build(model.trainable_weights)
    description = describe(model)
    if not include_optimizer:
        description.pop("compile_config", None)
    config = json.dumps(description)
    stamp = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    weights = io.BytesIO()
    write_weights(weights, model, optimizer=include_optimizer)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": FORMAT, "date_saved": stamp}))
        archive.writestr("config.json", config)
        archive.writestr(WEIGHTS, weights.getvalue())
    return content.getvalue()


def from_bytes(content: bytes, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that `as_bytes` wrote down."""
    with custom_object_scope(custom_objects), room_for_weights(room(content)):
        return read_model(Path("memory"), *parts_of(content, Path("memory")), True)


def save_weights(model: Model, filepath: Any, overwrite: bool = True) -> None:
    """Write the weights alone into a `.weights.h5` or `.safetensors` file; other endings are those of older scripts."""
    path = Path(filepath)
    check_built(model)
    if path.name.endswith(safetensors.ENDING):
        safetensors.save(model, checked_path(path, safetensors.ENDING, overwrite))
        return
    if not path.name.endswith(".weights.h5") and path.name.endswith((*HDF5, ".ckpt")):
        say(f"save_weights('{path.name}')", "save_weights('….weights.h5')", 4)
        path = checked_path(path, path.suffix, overwrite)
        write_aside(path, lambda file: file.write(as_hdf5(lambda h5: hdf5.write_weights(h5, model))))
        return
    path = checked_path(path, (".weights.h5", safetensors.ENDING), overwrite)
    content = io.BytesIO()
    write_weights(content, model, optimizer=True)
    write_aside(path, lambda file: file.write(content.getvalue()))


# ---------------------------------------------------------------- reading


def read_archive(path: Path) -> tuple[dict[str, Any], bytes]:
    """The configuration and the weights' bytes of a `.keras` file.

    Raises:
        ValueError: naming the file, if it is damaged or something else.
    """
    return parts_of(path.read_bytes(), path)


def parts_of(content: bytes, path: Path) -> tuple[dict[str, Any], bytes]:
    """The same of a file's content."""
    try:
        with archives.opened(io.BytesIO(content)) as archive:
            config = json_of(archives.part(archive, "config.json"), archives.held(archive, "config.json"))
            weights = archives.part(archive, WEIGHTS)
    except (ValueError, OSError) as error:
        raise Damaged(f"Expected a model saved as .keras or .h5. Received another file, '{path}': {error}") from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise Damaged(f"Expected a model's configuration in '{path}'. Received: JSON without a class name")
    return config, weights


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    **kwargs: Any,
) -> Any:
    """Read a model from a `.keras` or `.h5` file, so that training goes on where it stopped.

    Args:
        filepath: The file.
        custom_objects: Your own classes and functions by name.
        compile: Whether to restore compile settings and the optimizer's state.
        safe_mode: Whether to refuse files that hold code (Lambda layers); False runs what the file says.
        **kwargs: None are available.

    Raises:
        ValueError: naming the file, if it is damaged, of another kind, or needs a class that is not known.
        OSError: if it cannot be opened.
    """
    refuse_further(kwargs, load_model)
    path = Path(filepath)
    content = path.read_bytes()
    with custom_object_scope(custom_objects), running_code(not safe_mode), room_for_weights(room(content)):
        if content.startswith(MARK):
            return read_hdf5_model(path, content, compile)
        return read_model(path, *parts_of(content, path), compile)


def room(content: bytes) -> int:
    """How many weights a file may ask for: about as many as it can hold, packed well."""
    return FEW + archives.LARGEST_GROWTH * len(content)


def read_hdf5_model(path: Path, content: bytes, compile: bool) -> Any:
    """The model of an `.h5` file."""
    with opened(content, path) as h5:
        model = build_model(path, hdf5.model_entry(h5, path), compile=False)
        settings = hdf5.settings_of(h5, path) if compile else None
        if settings:
            hdf5.compiled(model, settings)
            model.optimizer.build(model.trainable_weights)
        pairs = hdf5.read_weights(inner(h5, "model_weights", path), model, path)
        pairs += hdf5.read_optimizer(h5, model, path) if settings else []
        found = list(hdf5.assigned(pairs, path))
    for variable, value in found:
        variable.assign(value)
    return model


def build_model(path: Path, config: Mapping[str, Any], compile: bool = True) -> Model:
    """The model of a configuration, compiled if that says so, without weights."""
    with limits.reading(trusted()), naming(path, "a model's configuration", "another one"):
        model = make_layer(config)
        if not isinstance(model, Model):
            raise Damaged(f"Expected a model. Received: {type(model).__name__}")
        if compile and config.get("compile_config"):
            model.compile_from_config(config["compile_config"])
    return model


def read_model(path: Path, config: dict[str, Any], weights: bytes, compile: bool) -> Any:
    """The model that a file's parts describe."""
    model = build_model(path, config, compile)
    compiled = compile and bool(config.get("compile_config"))
    if compiled:
        with naming(path, "a model's configuration", "another one"):
            model.optimizer.build(model.trainable_weights)
    read_weights(model, weights, path, optimizer=compiled)
    return model


def load_weights(model: Model, filepath: Any, by_name: bool = False, skip_mismatch: bool = False) -> None:
    """Read weights from a `.weights.h5`, `.safetensors`, `.keras` or older `.h5` file into a model."""
    path = Path(filepath)
    if path.name.endswith(safetensors.ENDING):
        check_built(model)
        if by_name or skip_mismatch:
            raise ValueError("Expected by_name and skip_mismatch with older .h5 files only. Received: a .safetensors")
        safetensors.load(model, path)
        return
    content = read_archive(path)[1] if path.name.endswith(".keras") else path.read_bytes()
    check_built(model)
    with opened(content, path) as h5:
        if "layer_names" not in h5.attrs and "layer_names0" not in h5.attrs and "model_weights" not in h5:
            if by_name:
                raise ValueError("Expected by_name with older .h5 files only. Received: a newer one")
        else:
            group = inner(h5, "model_weights", path) if "model_weights" in h5 else h5
            found = list(hdf5.assigned(hdf5.read_weights(group, model, path, by_name, skip_mismatch), path))
            for variable, value in found:
                variable.assign(value)
            return
    if model.optimizer is not None:
        model.optimizer.build(model.trainable_weights)
    optimizer = model.optimizer is not None
    read_weights(model, content, path, optimizer, other_optimizer=True, skip=skip_mismatch)


def read_weights(
    model: Model, content: bytes, path: Path, optimizer: bool, other_optimizer: bool = False, skip: bool = False
) -> None:
    """Check all weights of a file against the model's, then assign them; what does not fit may be passed over."""
    with opened(content, path) as h5:
        read = fitting_group if skip else read_group
        found = [pair for group in groups(model) for pair in read(h5, group[0], group[2], path)]
        state = inner_or_none(h5, "optimizer/vars", path) if optimizer else None
        if state is not None:
            variables = model.optimizer.variables
            fresh = len(state) <= 2  # Keras makes the rest when training begins
            variables = variables[: len(state)] if fresh else variables
            if other_optimizer and len(variables) != len(state):
                warnings.warn(
                    f"The state of the optimizer in '{path}' is another one's: {len(state)} variables, "
                    f"not the {len(variables)} of '{model.optimizer.name}'. It is left out.",
                    stacklevel=4,
                )
            else:
                found += read(h5, "optimizer/vars", variables, path)
    for variable, value in found:
        variable.assign(value)


def read_group(h5: Any, path: str, variables: Sequence[Variable], file: Path) -> list[tuple[Variable, Any]]:
    """Pairs of variable and value.

    Raises:
        ValueError: naming the file and the variable, if one is missing or has another shape.
    """
    group = inner_or_none(h5, path, file)
    count = 0 if group is None else len(group)
    if count != len(variables):
        raise ValueError(f"Expected {len(variables)} weights under '{path}' of '{file}'. Received: {count}")
    found = []
    for i, variable in enumerate(variables):
        dataset = numbers_at(group, str(i), file)
        if dataset.shape != variable.shape:
            raise ValueError(
                f"Expected '{variable.path}' of shape {variable.shape}. Received: {dataset.shape} in '{file}'"
            )
        found.append((variable, fitted(variable, numbers_of(dataset, file), f"'{file}'")))
    return found


def fitting_group(h5: Any, path: str, variables: Sequence[Variable], file: Path) -> list[tuple[Variable, Any]]:
    """The same; nothing, with a warning, where a group does not fit."""
    try:
        return read_group(h5, path, variables, file)
    except Damaged:
        raise
    except ValueError as error:
        warnings.warn(f"Passed over: {error}", stacklevel=6)
        return []
